// Every driver against the bench's device of the same name: written from other documents by other hands, with the
// chip model behind it that records what a real chip would not have forgiven.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {type Bench, type BenchOptions, createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer} from '../../src/bench/scenarios.ts';
import {findBoard} from '../../src/engine/boards/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {type ByteStream, TransferFault, type UsbPipe, type World} from '../../src/engine/transports.ts';

const names = ['usbasp', 'usbtiny', 'avrisp', 'arduino-isp', 'buspirate', 'avrispmkii'] as const;
const usbNames = ['usbasp', 'usbtiny', 'avrispmkii'] as const;
/** As delivered they run at 1 MHz: every programmer must find them without being told a speed. */
const chipIds = ['atmega32u4', 'atmega32a', 'atmega328p', 'at90usb1286', 'atmega2560'] as const;

function bench(programmer: BenchProgrammer, chipId: string, more: BenchOptions['change'] = {}): Bench {
	const chip = findChip(chipId)!;
	const {low, high, extended} = chip.fuses;
	return createBench('healthy', {
		change: {
			programmer,
			chip: chipId,
			content: 'blank',
			fuses: {
				low: low.factory,
				...(high === undefined ? {} : {high: high.factory}),
				...(extended === undefined ? {} : {extended: extended.factory}),
			},
			...more,
		},
	});
}

/** Pages at both ends, at 64 KB and at 128 KB: what addressing gets wrong first. */
function borders(flashBytes: number, pageBytes: number): readonly number[] {
	return [
		0,
		pageBytes,
		0x1_0000 - pageBytes,
		0x1_0000,
		0x2_0000 - pageBytes,
		0x2_0000,
		flashBytes - pageBytes,
	]
		.filter((start, index, all) => start < flashBytes && all.indexOf(start) === index)
		.sort((a, b) => a - b);
}

/** Identify, erase, write pages and EEPROM, read them back. Throws what the engine throws. */
async function work(one: Bench, programmer: BenchProgrammer, world: World = one.world) {
	const chip = findChip(one.scenario.chip)!;
	const link = await openProgrammer(world, {programmer});
	const target = createIspTarget(link, {clock: world.clock});
	try {
		const identity = await target.identify(chip);
		await target.erase();
		const starts = borders(chip.flash.bytes, chip.flash.pageBytes);
		const image = createImage(
			starts.map(byteAddress => ({
				byteAddress,
				data: Uint8Array.from({length: chip.flash.pageBytes}, (_, at) => (at * 13 + byteAddress / 64) & 0xff),
			})),
		);
		await target.writeImage(image);
		const flash: [number, Uint8Array][] = [];
		for (const {start, end} of image.ranges)
			flash.push([start, await target.readRange('flash', start, end - start)]);
		const eeprom = Uint8Array.of(1, 2, 0xff, 0, 5, 6, 7, 0x80, 9, 10);
		await target.writeEeprom(7, eeprom);
		const eepromBack = await target.readRange('eeprom', 7, eeprom.length);
		await target.leave();
		return {identity, image, flash, eeprom, eepromBack};
	} finally {
		await target.close();
	}
}

function holds(one: Bench, done: Awaited<ReturnType<typeof work>>): void {
	const dump = one.chip.dump();
	for (const [start, bytes] of done.flash) {
		assert.deepEqual(bytes, done.image.slice(start, bytes.length));
		assert.deepEqual(dump.flash.slice(start, start + bytes.length), bytes);
	}
	assert.deepEqual(done.eepromBack, done.eeprom);
	assert.deepEqual(dump.eeprom.slice(7, 7 + done.eeprom.length), done.eeprom);
}

for (const programmer of names) {
	test(`${programmer}: writes what it was told on every kind of chip, and the chip forgives nothing`, async () => {
		for (const chipId of chipIds) {
			const one = bench(programmer, chipId);
			const done = await work(one, programmer);
			holds(one, done);
			assert.deepEqual(one.violations, [], chipId);
			assert.equal(one.chip.running(), true, `${chipId} runs again`);
		}
	});
}

test('any range of flash or EEPROM is read as it is, by every driver', async () => {
	for (const programmer of names) {
		const one = bench(programmer, 'at90usb1286', {
			content: 'used',
			fuses: {low: 0xff, high: 0xd8, extended: 0xfb},
		});
		const {flash, eeprom} = one.chip.dump();
		const link = await openProgrammer(one.world, {programmer});
		const target = createIspTarget(link, {clock: one.world.clock});
		await target.identify(findChip('at90usb1286')!);
		const range = (memory: 'flash' | 'eeprom', cells: Uint8Array) =>
			fc.asyncProperty(
				// Around the borders where addresses wrap, and anywhere.
				fc.oneof(
					fc.constantFrom(0, 0xff, 0x7fff, 0xfffd, 0x1_0001, cells.length - 9),
					fc.nat(cells.length - 1),
				),
				fc.integer({min: 1, max: 600}),
				async (from, length) => {
					const start = Math.min(from, cells.length - 1);
					const bytes = Math.min(length, cells.length - start);
					assert.deepEqual(await target.readRange(memory, start, bytes), cells.slice(start, start + bytes));
				},
			);
		await fc.assert(range('flash', flash), {numRuns: 25, seed: 7});
		await fc.assert(range('eeprom', eeprom), {numRuns: 12, seed: 7});
		await target.close();
		assert.deepEqual(one.violations, []);
	}
});

test('SCK follows the clock that runs: fast at 16 MHz, slow with CKDIV8, slower still at 128 kHz', async () => {
	const at = async (programmer: BenchProgrammer, low: number, more: BenchOptions['change'] = {}) => {
		const one = bench(programmer, 'atmega328p', {
			fuses: {low, high: 0xd9, extended: 0xff},
			board: 'uno',
			expectedChip: 'atmega328p',
			...more,
		});
		const done = await work(one, programmer);
		holds(one, done);
		// While a slow chip is looked for, the first speeds are too fast for it: that is how it is found. Not later.
		const found = one.chip.events[0]!.atMs;
		assert.equal(one.chip.events[0]!.what, 'erase');
		assert.deepEqual(
			one.violations.filter(({atMs}) => atMs >= found),
			[],
		);
		return done.identity.sckHz!;
	};
	for (const programmer of ['usbasp', 'avrispmkii'] as const) {
		const fast = await at(programmer, 0xff);
		const divided = await at(programmer, 0x7f);
		assert.ok(fast >= 500_000, `${programmer} ${fast}`);
		assert.ok(divided <= 375_000, `${programmer} ${divided}`);
		assert.ok((await at(programmer, 0xe3)) < 32_000, programmer);
		// 128 kHz divided by 8: the first speed that answers is too near to 4 kHz to hold.
		assert.ok((await at(programmer, 0x63)) < 4_000, programmer);
	}
	assert.ok((await at('usbasp', 0xff)) >= 750_000);
});

test('each wiring fault with each programmer: its own error, the cause named, in time, nothing touched', async () => {
	const faults: readonly [string, BenchOptions['change'], string | undefined][] = [
		['no wires', {faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}}, 'miso-open'],
		['no power', {surroundings: {volts: 0}}, 'target-unpowered'],
		['data wires exchanged', {faults: {swapped: [['MOSI', 'MISO']]}}, 'mosi-miso-swapped'],
		['MISO low', {faults: {stuck: {MISO: 0}}}, undefined],
		['MISO high', {faults: {stuck: {MISO: 1}}}, undefined],
		['MOSI on MISO', {faults: {bridged: true}}, 'mosi-miso-bridged'],
		['no RESET', {faults: {open: ['RESET']}}, 'reset-open'],
		['bit errors', {faults: {bitErrors: {miso: 0.01}}}, 'long-wires'],
		['another chip', {chip: 'atmega328p'}, undefined],
	];
	let cells = 0;
	for (const programmer of names) {
		for (const [name, change, cause] of faults) {
			const one = createBench('healthy', {change: {programmer, ...change}});
			const label = `${programmer}, ${name}`;
			const link = await openProgrammer(one.world, {programmer});
			const target = createIspTarget(link, {clock: one.world.clock});
			const beganMs = one.clock.nowMs();
			await assert.rejects(target.identify(findChip('atmega32u4')!), (error: UnbrickError) => {
				const expected = name === 'another chip' ? ['WrongSignature'] : ['NoTarget', 'UnstableLink'];
				assert.ok(expected.includes(error.kind), `${label}: ${error.kind}`);
				const candidates = 'candidates' in error.facts ? error.facts.candidates.map(({id}) => id) : [];
				if (cause !== undefined) assert.ok(candidates.includes(cause), `${label}: ${candidates}`);
				return true;
			});
			assert.ok(one.clock.nowMs() - beganMs < 10_000, `${label}: ${one.clock.nowMs() - beganMs} ms`);
			await target.close();
			assert.equal(one.touched(), false, label);
			cells++;
		}
	}
	assert.equal(cells, 54);
});

test("a Bus Pirate's supply is on only by a person's word, and off again at the end", async () => {
	const fed = () => bench('buspirate', 'atmega32u4', {fedByProgrammer: true});
	const identify = async (one: Bench, powerTarget: boolean) => {
		const link = await openProgrammer(one.world, {programmer: 'buspirate'});
		const target = createIspTarget(link, {clock: one.clock, powerTarget});
		try {
			const {chip} = await target.identify(findChip('atmega32u4')!);
			assert.ok(one.chip.surroundings().volts > 4);
			return {chip, notes: target.takeNotes!()};
		} finally {
			await target.close();
			assert.equal(one.chip.surroundings().volts, 0);
		}
	};
	await assert.rejects(identify(fed(), false), (error: UnbrickError) => {
		assert.ok(error.facts.kind === 'NoTarget' || error.facts.kind === 'UnstableLink', error.kind);
		assert.equal(error.facts.candidates[0]?.id, 'target-unpowered');
		return true;
	});
	const {chip, notes} = await identify(fed(), true);
	assert.equal(chip?.id, 'atmega32u4');
	assert.ok(notes.some(({code}) => code === 'target-power'));
});

test('a measured supply that is too low for the clock stops everything before a byte is changed', async () => {
	const promicro = findBoard('promicro_5v')!;
	const at = async (volts: number, low: number) => {
		const one = bench('avrispmkii', 'atmega32u4', {
			genuine: true,
			fuses: {low, high: 0xd8, extended: 0xcf},
			surroundings: {volts, crystalHz: 16e6},
		});
		const link = await openProgrammer(one.world, {programmer: 'avrispmkii'});
		const target = createIspTarget(link, {clock: one.clock, board: promicro});
		try {
			return (await target.identify(findChip('atmega32u4')!)).targetVolts;
		} finally {
			await target.close();
			assert.equal(one.touched(), false);
		}
	};
	assert.equal(await at(4.5, 0xff), 4.5);
	// Divided by 8 it runs at 2 MHz, for which 3.2 V are plenty.
	assert.equal(await at(3.2, 0x7f), 3.2);
	await assert.rejects(at(3.2, 0xff), (error: UnbrickError) => {
		assert.equal(error.kind, 'Refused');
		assert.match(error.message, /3\.2 V.*4\.2 V at 16 MHz/);
		return true;
	});
});

test('old USBasp firmware at its fixed 375 kHz works on 16 MHz and is told apart from silence at 1 MHz', async () => {
	const fast = bench('usbasp', 'atmega32u4', {
		usbaspFirmware: 'fischl-2007',
		fuses: {low: 0xff, high: 0xd8, extended: 0xcb},
	});
	const done = await work(fast, 'usbasp');
	holds(fast, done);
	assert.equal(done.identity.sckHz, 375_000);
	const slow = bench('usbasp', 'atmega32u4', {
		usbaspFirmware: 'fischl-2007',
		surroundings: {volts: 5, crystalHz: 8e6},
	});
	await assert.rejects(work(slow, 'usbasp'), (error: UnbrickError) =>
		['NoTarget', 'UnstableLink', 'WrongSignature'].includes(error.kind),
	);
	assert.equal(slow.touched(), false);
});

test('a fault in any transfer ends recovered or in its own error, and never in a wrong byte', async () => {
	const outcomes = new Map<string, number>();
	for (const programmer of usbNames) {
		const clean = bench(programmer, 'atmega328p');
		await work(clean, programmer);
		const transfers = clean.transfers();
		for (const fault of ['stall', 'timeout', 'io', 'short'] as const) {
			const runs = 16;
			for (let run = 0; run < runs; run++) {
				const index = Math.floor((run * transfers) / runs) + (run % 3);
				const one = bench(programmer, 'atmega328p');
				const label = `${programmer} ${fault} at ${index}`;
				try {
					holds(one, await work(one, programmer, faulty(one.world, index, fault)));
					outcomes.set('recovered', (outcomes.get('recovered') ?? 0) + 1);
				} catch (error) {
					assert.ok(error instanceof UnbrickError, `${label}: ${error}`);
					assert.notEqual(error.kind, 'Bug', label);
					outcomes.set(error.kind, (outcomes.get(error.kind) ?? 0) + 1);
				}
			}
		}
	}
	assert.ok((outcomes.get('recovered') ?? 0) > 100, JSON.stringify([...outcomes]));
});

test('a pulled cable anywhere is DeviceGone, and the next run makes the board good', async () => {
	for (const programmer of names) {
		const clean = bench(programmer, 'atmega328p');
		await work(clean, programmer);
		const transfers = clean.transfers();
		const runs = 8;
		for (let run = 0; run < runs; run++) {
			const one = bench(programmer, 'atmega328p');
			one.cutAfter({transfers: Math.floor((run * transfers) / runs)}, 'link');
			await assert.rejects(work(one, programmer), (error: UnbrickError) => {
				assert.equal(error.kind, 'DeviceGone', `${programmer} run ${run}`);
				return true;
			});
			one.restore();
			holds(one, await work(one, programmer));
		}
	}
});

test('after a fault anywhere the chip is let go: its application runs when the link is closed', async () => {
	for (const programmer of usbNames) {
		const clean = bench(programmer, 'atmega328p');
		await work(clean, programmer);
		const transfers = clean.transfers();
		const runs = 10;
		for (let run = 0; run < runs; run++) {
			const index = Math.floor((run * transfers) / runs);
			const one = bench(programmer, 'atmega328p');
			await work(one, programmer, faulty(one.world, index, 'timeout')).catch(() => {});
			assert.equal(one.chip.running(), true, `${programmer} at ${index}`);
		}
		// And when it is the goodbye itself that fails.
		const last = bench(programmer, 'atmega328p');
		await work(last, programmer, faulty(last.world, transfers - 1, 'stall')).catch(() => {});
		assert.equal(last.chip.running(), true, programmer);
	}
});

test('a process killed anywhere leaves a programmer that the next one can use', async () => {
	for (const programmer of names) {
		const clean = bench(programmer, 'atmega328p');
		await work(clean, programmer);
		const transfers = clean.transfers();
		const runs = 8;
		for (let run = 0; run < runs; run++) {
			const one = bench(programmer, 'atmega328p');
			await work(one, programmer, killedAt(one.world, Math.floor((run * transfers) / runs))).catch(() => {});
			holds(one, await work(one, programmer));
		}
	}
});

/** The world with one transfer of its pipe made to fail. `short`: the device did it, half of the answer arrives. */
function faulty(world: World, index: number, fault: 'stall' | 'timeout' | 'io' | 'short'): World {
	let transfers = 0;
	const fail = async <T>(run: () => Promise<T>, cut: (value: T) => T): Promise<T> => {
		if (transfers++ !== index) return await run();
		if (fault === 'short') return cut(await run());
		throw new TransferFault(fault, `injected ${fault}`);
	};
	const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);
	const same = <T>(value: T) => value;
	return {
		...world,
		async openUsb(key) {
			const pipe = await world.openUsb(key);
			const wrapped: UsbPipe = {
				...pipe,
				controlIn: (setup, length, timeoutMs) => fail(() => pipe.controlIn(setup, length, timeoutMs), half),
				controlOut: (setup, data, timeoutMs) => fail(() => pipe.controlOut(setup, data, timeoutMs), same),
				bulkIn: (endpoint, length, timeoutMs) => fail(() => pipe.bulkIn(endpoint, length, timeoutMs), half),
				bulkOut: (endpoint, data, timeoutMs) => fail(() => pipe.bulkOut(endpoint, data, timeoutMs), same),
			};
			return wrapped;
		},
	};
}

/** From one transfer on nothing reaches the device any more, not even goodbye; closing the port still happens. */
function killedAt(world: World, index: number): World {
	let transfers = 0;
	const alive = () => {
		if (transfers++ >= index) throw new TransferFault('gone', 'the process is no more');
	};
	return {
		...world,
		async openUsb(key) {
			const pipe = await world.openUsb(key);
			const guarded: UsbPipe = {
				...pipe,
				async controlIn(setup, length, timeoutMs) {
					alive();
					return await pipe.controlIn(setup, length, timeoutMs);
				},
				async controlOut(setup, data, timeoutMs) {
					alive();
					await pipe.controlOut(setup, data, timeoutMs);
				},
				async bulkIn(endpoint, length, timeoutMs) {
					alive();
					return await pipe.bulkIn(endpoint, length, timeoutMs);
				},
				async bulkOut(endpoint, data, timeoutMs) {
					alive();
					await pipe.bulkOut(endpoint, data, timeoutMs);
				},
			};
			return guarded;
		},
		async openSerial(path, options) {
			const stream = await world.openSerial(path, options);
			const guarded: ByteStream = {
				...stream,
				async write(data) {
					alive();
					await stream.write(data);
				},
				async read(maxBytes, timeoutMs) {
					if (transfers > index) throw new TransferFault('gone', 'the process is no more');
					return await stream.read(maxBytes, timeoutMs);
				},
			};
			return guarded;
		},
	};
}
