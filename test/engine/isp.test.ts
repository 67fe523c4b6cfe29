// The ISP layer: instructions, what received bytes say, SCK, and the Target over the practice programmer.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {createBench} from '../../src/bench/bench.ts';
import {boards, findBoard} from '../../src/engine/boards/index.ts';
import {hexDump} from '../../src/engine/bytes.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import {chips, findChip} from '../../src/engine/chips/index.ts';
import {isKind, UnbrickError} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import * as ask from '../../src/engine/isp/instructions.ts';
import {createIspTarget, pagesOf} from '../../src/engine/isp/isp-target.ts';
import type {Instruction, IspLink} from '../../src/engine/isp/link.ts';
import {observeWiring} from '../../src/engine/isp/observe.ts';
import {
	lowerStep,
	raiseSteps,
	runningClock,
	sckLimitHz,
	searchSteps,
	withMargin,
} from '../../src/engine/isp/sck.ts';
import {readWiring} from '../../src/engine/isp/wiring-reading.ts';
import {createStk500v1} from '../../src/engine/protocols/stk500v1/driver.ts';

const atmega32u4 = findChip('atmega32u4')!;
const atmega328p = findChip('atmega328p')!;
const atmega2560 = findChip('atmega2560')!;

test('instructions are those of the datasheets (7766J table 28-14)', () => {
	const table: readonly (readonly [Instruction, string])[] = [
		[ask.programmingEnable, 'AC 53 00 00'],
		[ask.chipErase, 'AC 80 00 00'],
		[ask.pollReady, 'F0 00 00 00'],
		[ask.loadExtendedAddress(0x3fffe), '4D 00 01 00'],
		[ask.loadPageByte(0, 0x12), '40 00 00 12'],
		[ask.loadPageByte(127, 0x34), '48 00 3F 34'],
		[ask.loadPageByte(255, 0x34), '48 00 7F 34'],
		[ask.writePage(0x7f80), '4C 3F C0 00'],
		[ask.writePage(0x3ff00), '4C FF 80 00'],
		[ask.readFlashByte(0x7001), '28 38 00 00'],
		[ask.readFlashByte(0x20000), '20 00 00 00'],
		[ask.readEepromByte(0x3ff), 'A0 03 FF 00'],
		[ask.writeEepromByte(0x3ff, 0xaa), 'C0 03 FF AA'],
		[ask.loadEepromByte(3, 0x55), 'C1 00 03 55'],
		[ask.writeEepromPage(0x3fc), 'C2 03 FC 00'],
		[ask.readSignatureByte(2), '30 00 02 00'],
		[ask.readFuse('low'), '50 00 00 00'],
		[ask.readFuse('high'), '58 08 00 00'],
		[ask.readFuse('extended'), '50 08 00 00'],
		[ask.readLock, '58 00 00 00'],
		[ask.writeFuse('low', 0x5e), 'AC A0 00 5E'],
		[ask.writeFuse('high', 0xd9), 'AC A8 00 D9'],
		[ask.writeFuse('extended', 0xf3), 'AC A4 00 F3'],
		[ask.writeLock(0xef), 'AC E0 00 EF'],
	];
	for (const [instruction, hex] of table) assert.equal(hexDump(instruction), hex);
	assert.equal(ask.inStep(ask.programmingEnable, [0x00, 0xac, 0x53, 0x00]), true);
	// A bridge gives the same bytes in the same places, and is not in step.
	assert.equal(ask.inStep(ask.programmingEnable, [0xac, 0x53, 0x00, 0x00]), false);
});

const bytes = (...values: readonly number[]) => Uint8Array.from(values);
const signature = bytes(0x1e, 0x95, 0x87);

test('what the bytes say about the wires', () => {
	const kind = (
		enables: readonly Uint8Array[],
		signatures: readonly Uint8Array[],
		echo: 'all' | 'last' = 'all',
	) => readWiring({echo, enables, signatures}).kind;
	const step = bytes(0x00, 0xac, 0x53, 0x00);
	assert.equal(kind([step], [signature, signature]), 'chip');
	assert.equal(kind([step], [signature]), 'unstable');
	assert.equal(kind([step], [signature, bytes(0x1e, 0x95, 0x07)]), 'unstable');
	assert.equal(kind([step], [bytes(0x1e, 0x12, 0x34), bytes(0x1e, 0x12, 0x34)]), 'unknown-part');
	assert.equal(kind([bytes(0, 0, 0, 0)], [bytes(0, 0, 0), bytes(0, 0, 0)]), 'stuck-low');
	assert.equal(kind([bytes(255, 255, 255, 255)], [bytes(255, 255, 255)]), 'stuck-high');
	assert.equal(kind([bytes(0xac, 0x53, 0, 0)], [bytes(0, 0, 0)]), 'echo');
	assert.equal(kind([], [bytes(0, 0, 0), bytes(255, 255, 255)], 'last'), 'nothing');
	assert.equal(kind([], []), 'nothing');
	assert.equal(kind([bytes(3, 9, 4, 1)], [bytes(7, 1, 3), bytes(8, 2, 2)]), 'unstable');
	// Observed 2: an ArduinoISP that was not in programming mode.
	assert.equal(kind([], [bytes(0, 1, 2), bytes(0, 1, 2)], 'last'), 'not-in-mode');
	const bridged = readWiring({
		echo: 'last',
		enables: [],
		signatures: [bytes(0, 0, 0)],
		markers: [
			{sent: 0xa5, got: 0xa5},
			{sent: 0x5a, got: 0x5a},
		],
	});
	assert.equal(bridged.candidates[0]?.id, 'mosi-miso-bridged');
	assert.equal(
		readWiring({echo: 'all', enables: [step], signatures: [signature, signature]}).chips[0]?.id,
		'atmega32u4',
	);
	const dead = readWiring({echo: 'all', enables: [bytes(0, 0, 0, 0)], signatures: [], targetVolts: 0.3});
	assert.deepEqual(
		[dead.kind, dead.candidates[0]?.id, dead.candidates[0]?.line],
		['nothing', 'target-unpowered', 'VCC'],
	);
});

test('equal bytes give an equal answer, and a silent chip always has every true cause named', () => {
	fc.assert(
		fc.property(fc.constantFrom(0x00, 0xff), fc.integer({min: 1, max: 5}), (level, count) => {
			const silent = readWiring({
				echo: 'last',
				enables: [],
				signatures: Array.from({length: count}, () => bytes(level, level, level)),
				chip: atmega32u4,
			});
			const ids = silent.candidates.map(candidate => candidate.id);
			for (const cause of [
				'target-unpowered',
				'mosi-miso-swapped',
				'reset-open',
				'miso-open',
				'sck-open',
				'mosi-open',
				'clock-missing',
				'below-brown-out',
			]) {
				assert.ok(ids.includes(cause), `${cause} for ${level}`);
			}
			// The 32U4 has no RSTDISBL and no DWEN: nobody is told to look for them.
			assert.equal(ids.includes('isp-disabled'), false);
			assert.equal(new Set(ids).size, ids.length);
		}),
	);
	assert.ok(
		readWiring({echo: 'last', enables: [], signatures: [bytes(0, 0, 0)], chip: atmega328p}).candidates.some(
			candidate => candidate.id === 'isp-disabled',
		),
	);
});

test('any bytes are read as something, and only a signature read twice as a chip', () => {
	const threes = fc.uint8Array({minLength: 3, maxLength: 3});
	fc.assert(
		fc.property(
			fc.array(fc.uint8Array({minLength: 0, maxLength: 4}), {maxLength: 4}),
			fc.array(threes, {maxLength: 4}),
			(enables, signatures) => {
				const reading = readWiring({echo: 'all', enables, signatures});
				assert.ok(reading.text.length > 0);
				if (reading.kind !== 'chip') assert.ok(reading.candidates.length > 0);
				else assert.deepEqual(signatures.at(-1), signatures.at(-2));
			},
		),
	);
});

test('the clock that runs now, from fuses and board', () => {
	const hz = (chip: typeof atmega32u4, low: number, board?: string) =>
		runningClock(chip, {low, high: 0xd9, extended: 0xff}, board === undefined ? undefined : findBoard(board))
			?.hz;
	// Facts A8: 16 MHz board with 5E runs 2 MHz; factory 52 and 62 run 1 MHz.
	assert.equal(hz(atmega32u4, 0x5e, 'promicro_5v'), 2_000_000);
	assert.equal(hz(atmega32u4, 0xff, 'promicro_5v'), 16_000_000);
	assert.equal(hz(atmega32u4, 0xff, 'promicro_3v3'), 8_000_000);
	assert.equal(hz(atmega32u4, 0xff), 8_000_000, 'the low end of the range without a board');
	assert.equal(hz(atmega32u4, 0x5e), 1_000_000);
	assert.equal(hz(atmega32u4, 0x52, 'promicro_5v'), 1_000_000);
	assert.equal(hz(atmega328p, 0x62), 1_000_000);
	assert.equal(hz(atmega328p, 0xe3), 128_000);
	assert.equal(hz(atmega328p, 0xe0), undefined, 'a clock signal from outside');
	// A board of another chip says nothing about this one.
	assert.equal(hz(atmega328p, 0xff, 'promicro_5v'), 8_000_000);
	for (const chip of chips) {
		for (let low = 0; low < 256; low++) {
			for (const board of [undefined, boards.find(each => each.chip === chip.id)]) {
				const running = runningClock(chip, {low, high: 0xff, extended: 0xff}, board);
				if (running !== undefined)
					assert.ok(running.hz >= 1000 && running.hz <= 20_000_000, `${chip.id} ${low} ${running.hz}`);
			}
		}
	}
});

const usbaspSteps = [
	500, 1000, 2000, 4000, 8000, 16_000, 32_000, 93_750, 187_500, 375_000, 750_000, 1_500_000,
];

test('SCK: where to look, how far to raise, one step of margin', () => {
	assert.deepEqual(searchSteps(usbaspSteps, 'auto'), [93_750, 16_000, 2000, 500]);
	assert.deepEqual(searchSteps([30_000, 125_000, 250_000], 'auto'), [125_000, 30_000]);
	assert.deepEqual(searchSteps(usbaspSteps, 400_000), [375_000]);
	assert.deepEqual(searchSteps(usbaspSteps, 100), [500]);
	assert.deepEqual(searchSteps([], 'auto'), []);
	// It answered at 4 kHz, but not twice the same.
	assert.deepEqual(searchSteps(usbaspSteps, 'auto', 4000), [2000, 500]);
	assert.equal(sckLimitHz(1_000_000), 250_000);
	assert.equal(sckLimitHz(16_000_000), 16_000_000 / 6);
	const raised = (hz: number) => raiseSteps(usbaspSteps, 93_750, {hz, exact: true, why: ''});
	// Issue B3: 16 MHz undivided ends at 750 kHz or more, with CKDIV8 at 375 kHz or less.
	assert.equal(withMargin(usbaspSteps, raised(16_000_000)[0]!, 93_750), 750_000);
	assert.ok(withMargin(usbaspSteps, raised(2_000_000)[0]!, 93_750) <= 375_000);
	assert.deepEqual(raised(1_000_000), [187_500]);
	assert.equal(withMargin(usbaspSteps, 187_500, 93_750), 93_750);
	// The fastest that a programmer has, well within what the chip allows, needs no slower step for a margin.
	assert.equal(withMargin([87_000, 285_700, 400_000], 400_000, 87_000, sckLimitHz(16_000_000)), 400_000);
	assert.equal(withMargin([87_000, 285_700, 400_000], 400_000, 87_000, sckLimitHz(2_000_000)), 285_700);
	assert.equal(withMargin([87_000, 285_700, 400_000], 285_700, 87_000, sckLimitHz(16_000_000)), 87_000);
	assert.equal(withMargin(usbaspSteps, 1_500_000, 93_750, sckLimitHz(16_000_000)), 1_500_000);
	assert.equal(withMargin(usbaspSteps, 1_500_000, 93_750, sckLimitHz(8_000_000)), 750_000);
	assert.deepEqual(raiseSteps(usbaspSteps, 93_750, undefined), []);
	// 128 kHz answers at 32 kHz, which its oscillator hardly allows; a clock known only as "at least" lowers nothing.
	assert.equal(lowerStep(usbaspSteps, 32_000, {hz: 128_000, exact: true, why: ''}), 16_000);
	assert.equal(lowerStep(usbaspSteps, 93_750, {hz: 1_000_000, exact: true, why: ''}), undefined);
	assert.equal(lowerStep(usbaspSteps, 93_750, {hz: 400_000, exact: false, why: ''}), undefined);
	for (const hz of [32_768, 128_000, 1e6, 2e6, 8e6, 12e6, 16e6, 20e6]) {
		for (const step of raised(hz)) assert.ok(hz < 12e6 ? step < hz / 4 : step <= hz / 6);
	}
});

type Bench = ReturnType<typeof createBench>;

async function open(bench: Bench, options: {board?: string; sck?: number} = {}) {
	const programmer = bench.scenario.programmer === 'avrisp' ? 'avrisp' : 'arduino-isp';
	const stream = await bench.world.openSerial(bench.port!, {baud: 19_200});
	const link = createStk500v1(stream, bench.clock, {programmer, baud: 19_200});
	const board = options.board === undefined ? undefined : findBoard(options.board);
	return {
		link,
		target: createIspTarget(link, {
			clock: bench.clock,
			...(board === undefined ? {} : {board}),
			...(options.sck === undefined ? {} : {sck: options.sck}),
		}),
	};
}

test('identify, erase, write, read, EEPROM, fuses and lock bits; what is said is what the chip holds', async () => {
	for (const chip of ['atmega32u4', 'atmega32a', 'atmega328p', 'attiny85', 'at90usb1286', 'atmega2560']) {
		const data = findChip(chip)!;
		const bench = createBench('healthy', {
			change: {
				programmer: 'avrisp',
				chip,
				content: 'used',
				fuses: {low: data.clocks.some(row => row.kind === 'xtal') ? 0xff : 0xe2},
			},
		});
		const {target} = await open(bench);
		const identity = await target.identify();
		assert.deepEqual([...identity.signature], [...data.signature], chip);
		assert.deepEqual(identity.fuses, bench.chip.dump().fuses);
		await target.erase();
		const {pageBytes, bytes: flashBytes} = data.flash;
		const random = Uint8Array.from({length: pageBytes * 2 + 5}, (_, index) => (index * 41 + 7) & 0xff);
		const start = flashBytes > 0x20000 ? 0x20000 - pageBytes : pageBytes;
		const image = createImage([
			{byteAddress: start + 3, data: random},
			{byteAddress: flashBytes - pageBytes, data: new Uint8Array(pageBytes).fill(0xff)},
			{byteAddress: flashBytes - 3 * pageBytes, data: bytes(0x12)},
		]);
		const {writtenBytes} = await target.writeImage(image);
		assert.equal(writtenBytes, 4 * pageBytes, 'the blank page is skipped after the erase');
		assert.deepEqual(await target.readRange('flash', start + 3, random.length), random, chip);
		await target.writeEeprom(5, bytes(1, 2, 3, 4, 5, 6, 7));
		assert.deepEqual(await target.readRange('eeprom', 4, 9), bytes(0xff, 1, 2, 3, 4, 5, 6, 7, 0xff), chip);
		await target.writeFuse('low', identity.fuses.low & ~0x10);
		assert.equal((await target.readFuses()).low, identity.fuses.low & ~0x10);
		await target.writeLock(0xff & ~(data.lock.mask & 0x30));
		await target.reenter();
		assert.equal((await target.readLock()) & data.lock.mask, data.lock.mask & ~0x30);
		await target.leave();
		await target.leave();
		await target.close();
		const dump = bench.chip.dump();
		for (let at = 0; at < flashBytes; at++) {
			if (dump.flash[at] !== (image.at(at) ?? 0xff)) assert.fail(`${chip} at ${at}`);
		}
		assert.deepEqual(bench.violations, [], chip);
		assert.equal(bench.chip.enabled(), false);
	}
	assert.equal(atmega2560.extendedAddress, true);
});

test('lengths around page borders come back as they were written', async () => {
	const bench = createBench('factory-rc', {change: {programmer: 'avrisp'}});
	const {target} = await open(bench);
	await target.identify(atmega32u4);
	for (const length of [1, 2, 127, 128, 129, 255, 256, 257]) {
		for (const start of [0, 1, 126, 127, 128]) {
			await target.erase();
			const data = Uint8Array.from({length}, (_, index) => (index * 5 + length) & 0xff);
			await target.writeImage(createImage([{byteAddress: start, data}]));
			assert.deepEqual(await target.readRange('flash', start, length), data, `${length} at ${start}`);
		}
	}
	await target.close();
	assert.deepEqual(bench.violations, []);
	assert.deepEqual(pagesOf(createImage([{byteAddress: 127, data: bytes(1, 2)}]), 128), [0, 128]);
});

test('without an erase blank pages are sent, too: only a proven erase lets them be skipped', async () => {
	const bench = createBench('healthy', {change: {programmer: 'avrisp'}});
	const {target} = await open(bench);
	await target.identify(atmega32u4);
	const blank = createImage([{byteAddress: 0, data: new Uint8Array(256).fill(0xff)}]);
	assert.equal((await target.writeImage(blank)).writtenBytes, 256);
	await target.erase();
	assert.equal((await target.writeImage(blank)).writtenBytes, 0);
	await target.close();
});

test('a fuse that does not take is an error, and absent bits are no difference', async () => {
	const bench = createBench('locked', {change: {programmer: 'avrisp'}});
	const {target} = await open(bench);
	await target.identify(atmega32u4);
	await assert.rejects(target.writeFuse('low', 0xff), error => isKind(error, 'FuseReadback'));
	await target.erase();
	await target.writeFuse('extended', 0xcb);
	assert.equal((await target.readFuses()).extended, 0xfb);
	await target.close();
});

test('another chip is told by name, untouched', async () => {
	const bench = createBench('wrong-chip');
	const {target} = await open(bench);
	await assert.rejects(target.identify(atmega32u4), error => {
		assert.ok(isKind(error, 'WrongSignature'));
		assert.equal(error.facts.gotChip, 'ATmega16U4');
		return true;
	});
	await target.close();
	assert.equal(bench.touched(), false);
});

test('the link test names the wires before anything is erased', async () => {
	for (let seed = 1; seed <= 10; seed++) {
		const bench = createBench('noisy', {seed});
		const {target} = await open(bench);
		await assert.rejects(target.identify(atmega32u4), error => {
			assert.ok(isKind(error, 'UnstableLink') || isKind(error, 'NoTarget'), String(error));
			assert.ok(error.facts.candidates.length > 0);
			return true;
		});
		await target.close();
		assert.equal(bench.touched(), false);
	}
});

test('cancel stops between pages and leaves the chip out of reset', async () => {
	const bench = createBench('factory-rc', {change: {programmer: 'avrisp'}});
	const {target} = await open(bench);
	await target.identify(atmega32u4);
	await target.erase();
	const {cancel, request} = createCancel();
	const image = createImage([{byteAddress: 0, data: new Uint8Array(4096).fill(0x33)}]);
	await assert.rejects(
		target.writeImage(image, {cancel, onProgress: done => done === 512 && request()}),
		error => isKind(error, 'Cancelled'),
	);
	await target.close();
	const {flash} = bench.chip.dump();
	assert.deepEqual([flash[511], flash[512]], [0x33, 0xff]);
	assert.equal(bench.chip.enabled(), false);
	assert.deepEqual(bench.violations, []);
});

test('an asked-for SCK on a programmer whose SCK is fixed is said, not obeyed', async () => {
	const bench = createBench('healthy');
	const {target} = await open(bench, {sck: 8000});
	await target.identify(atmega32u4);
	assert.ok(target.takeNotes!().some(note => note.code === 'sck-fixed'));
	assert.deepEqual(target.takeNotes!(), []);
	await target.close();
});

/** A link whose chip follows SCK only up to a limit, like a chip on a slow clock; counts what is asked of it. */
function slowChipLink(inner: IspLink, worksUpToHz: number): IspLink & {readonly chosen: number[]} {
	let sckHz = 0;
	const chosen: number[] = [];
	let reading = 0;
	const spoil = (data: Uint8Array) =>
		sckHz <= worksUpToHz ? data : data.map(byte => byte ^ (1 << (reading++ % 7)));
	return {
		...inner,
		chosen,
		async open() {
			return {...(await inner.open()), sckStepsHz: usbaspSteps, fixedSckHz: null};
		},
		async setSck(hz) {
			chosen.push(hz);
			sckHz = hz;
			return hz;
		},
		sckHz: () => sckHz,
		exchange: async instruction => spoil(await inner.exchange(instruction)),
		exchangeMany: async instructions => (await inner.exchangeMany!(instructions)).map(spoil),
		readFlash: async (at, length) => spoil(await inner.readFlash!(at, length)),
	};
}

test('SCK is raised to what the clock allows and the wires carry, less one step; slower when the chip is deaf', async () => {
	for (const [worksUpToHz, low, expected] of [
		[Number.POSITIVE_INFINITY, 0xff, 1_500_000],
		[Number.POSITIVE_INFINITY, 0x5e, 187_500],
		[400_000, 0xff, 187_500],
		[100_000, 0xff, 93_750],
		[20_000, 0xff, 16_000],
		[10_000, 0xff, 4000],
	] as const) {
		const bench = createBench('healthy', {
			change: {programmer: 'avrisp', fuses: {low, high: 0xd8, extended: 0xcb}},
		});
		const stream = await bench.world.openSerial(bench.port!, {baud: 19_200});
		const link = slowChipLink(
			createStk500v1(stream, bench.clock, {programmer: 'avrisp', baud: 19_200}),
			worksUpToHz,
		);
		const target = createIspTarget(link, {clock: bench.clock, board: findBoard('promicro_5v')!});
		const identity = await target.identify(atmega32u4);
		assert.equal(identity.sckHz, expected, `works up to ${worksUpToHz}`);
		const codes = target.takeNotes!().map(note => note.code);
		assert.ok(codes.includes('sck'));
		assert.equal(codes.includes('sck-fell-back'), worksUpToHz < 1_500_000);
		await target.close();
	}
});

test('the live check sees what is wired', async () => {
	for (const [scenario, kinds] of [
		['healthy', ['chip']],
		['miso-low', ['stuck-low']],
		['miso-high', ['stuck-high']],
		['bridge', ['echo']],
		['no-power', ['stuck-low', 'stuck-high', 'unstable', 'nothing', 'not-in-mode']],
		['swapped', ['stuck-low', 'stuck-high', 'unstable', 'nothing', 'not-in-mode']],
	] as const) {
		for (let seed = 1; seed <= 8; seed++) {
			const bench = createBench(scenario, {seed, change: {programmer: 'avrisp'}});
			const {link} = await open(bench);
			const capabilities = await link.open();
			const beganMs = bench.clock.nowMs();
			const reading = await observeWiring(link, capabilities, atmega32u4);
			assert.ok(bench.clock.nowMs() - beganMs < 500, 'twice a second');
			assert.ok((kinds as readonly string[]).includes(reading.kind), `${scenario} ${seed}: ${reading.kind}`);
			assert.equal(bench.chip.enabled(), false);
			await link.close();
			assert.equal(bench.touched(), false);
		}
	}
});

test('a search whose last entry fails asks nothing more of a programmer that is not in programming mode', async () => {
	const bench = createBench('swapped', {change: {programmer: 'avrisp'}});
	const {link: inner} = await open(bench);
	let entries = 0;
	const link: IspLink = {
		...inner,
		async enter() {
			entries++;
			if (entries < 3) return await inner.enter();
			await inner.leave();
			throw new UnbrickError({kind: 'Timeout', command: 'ENTER_PROGMODE', waitedMs: 2000});
		},
	};
	const target = createIspTarget(link, {clock: bench.clock});
	await assert.rejects(target.identify(), error => isKind(error, 'NoTarget') || isKind(error, 'Timeout'));
	assert.equal(entries, 3);
	await target.close();
});
