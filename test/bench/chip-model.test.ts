// The chip model against the datasheet: one fact per test. Instructions go in bit by bit, as a programmer sends them.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {type ChipOptions, createChip} from '../../src/bench/chip-model.ts';
import {createHands, createWiring, type WiringFaults} from '../../src/bench/wiring.ts';
import {chips, findChip} from '../../src/engine/chips/index.ts';

type RigOptions = Partial<Omit<ChipOptions, 'chip' | 'nowMs'>> & {
	readonly id?: string;
	readonly faults?: WiringFaults;
	readonly sckHz?: number;
	/** Drive single lines instead of whole bytes. */
	readonly edges?: boolean;
};

function rig({id = 'atmega32u4', faults = {}, sckHz = 125_000, edges = false, ...rest}: RigOptions = {}) {
	const data = findChip(id);
	assert.ok(data);
	const hands = createHands(1000);
	const chip = createChip({
		fuses: {low: 0xff, high: 0xd8, extended: 0xcb},
		...rest,
		chip: data,
		nowMs: hands.nowMs,
	});
	const wiring = createWiring(chip, hands, {faults, seed: rest.seed ?? 1});
	let speed = sckHz;
	const wait = (ms: number) => hands.advanceTo(hands.nowMs() + ms);
	const bang = (byte: number) => {
		let got = 0;
		for (let bit = 7; bit >= 0; bit--) {
			wiring.setMosi((byte >> bit) & 1 ? 1 : 0);
			wait(500 / speed);
			wiring.setSck(1);
			got = (got << 1) | wiring.readMiso();
			wait(500 / speed);
			wiring.setSck(0);
		}
		return got;
	};
	const send = (...bytes: readonly number[]) =>
		bytes.map(byte => (edges ? bang(byte) : wiring.transfer(byte, speed)));
	const enter = (waitMs = 20) => {
		wiring.setSck(0);
		wiring.setMosi(0);
		wiring.setReset(1);
		wait(1);
		wiring.setReset(0);
		wait(waitMs);
		return send(0xac, 0x53, 0x00, 0x00);
	};
	const read = (...bytes: readonly number[]) => send(...bytes)[3];
	const kinds = () => chip.violations.map(violation => violation.kind);
	return {
		chip,
		wiring,
		hands,
		wait,
		send,
		enter,
		read,
		kinds,
		setSck: (hz: number) => {
			speed = hz;
		},
	};
}
const signature = (r: ReturnType<typeof rig>) => [0, 1, 2].map(n => r.read(0x30, 0, n, 0));
function writePage(r: ReturnType<typeof rig>, word: number, bytes: ArrayLike<number>) {
	for (let index = 0; index < bytes.length; index += 2) {
		r.send(0x40, 0, index / 2, bytes[index] ?? 0xff);
		r.send(0x48, 0, index / 2, bytes[index + 1] ?? 0xff);
	}
	r.send(0x4c, word >> 8, word & 0xff, 0);
}

test('programming enable echoes 53 in the third byte, and every byte comes back one later', () => {
	const r = rig();
	assert.equal(r.enter()[2], 0x53);
	assert.ok(r.chip.enabled());
	assert.deepEqual(r.send(0xac, 0x53, 0xa5, 0x00).slice(1), [0xac, 0x53, 0xa5]);
	assert.deepEqual(signature(r), [0x1e, 0x95, 0x87]);
	assert.deepEqual(r.kinds(), []);
});

test('without AC 53 as first instruction only the echo comes, and a second try needs a RESET pulse', () => {
	const r = rig();
	r.wiring.setReset(0);
	r.wait(25);
	assert.deepEqual(signature(r), [0, 1, 2]);
	r.send(0xac, 0x53, 0, 0);
	assert.ok(!r.chip.enabled());
	r.enter();
	assert.deepEqual(signature(r), [0x1e, 0x95, 0x87]);
});

test('SCK sooner than 20 ms after RESET is not listened to', () => {
	const r = rig();
	r.enter(10);
	assert.ok(!r.chip.enabled());
	assert.deepEqual(r.kinds(), ['enable-too-early']);
});

test('a page write clears bits, clears the buffer, and is busy for its time', () => {
	const r = rig();
	r.enter();
	writePage(r, 0x40, [0x12, 0x34]);
	assert.equal(r.read(0xf0, 0, 0, 0), 0xff);
	assert.equal(r.read(0x20, 0, 0x40, 0), 0xff, 'cells being written read FF');
	r.wait(5);
	assert.equal((r.read(0xf0, 0, 0, 0) ?? 1) & 1, 0);
	assert.equal(r.read(0x20, 0, 0x40, 0), 0x12);
	assert.equal(r.read(0x28, 0, 0x40, 0), 0x34);
	writePage(r, 0x80, []);
	r.wait(5);
	assert.equal(r.read(0x20, 0, 0x80, 0), 0xff, 'the buffer was cleared by the first commit');
	assert.deepEqual(r.kinds(), []);
	writePage(r, 0x40, [0xf0, 0xff]);
	r.wait(5);
	assert.equal(r.read(0x20, 0, 0x40, 0), 0x10);
	assert.deepEqual(r.kinds(), ['no-erase']);
});

test('an instruction while busy is lost and noted', () => {
	const r = rig();
	r.enter();
	writePage(r, 0, [1, 2]);
	r.send(0xac, 0xa0, 0, 0x5e);
	r.wait(10);
	assert.equal(r.read(0x50, 0, 0, 0), 0xff);
	assert.deepEqual(r.kinds(), ['busy']);
});

test('a loaded buffer is not forgotten by a lost instruction, only by RESET', () => {
	const r = rig();
	r.enter();
	r.send(0x40, 0, 0, 0x55);
	r.send(0x48, 0, 0, 0xaa);
	writePage(r, 0, []);
	r.wait(5);
	assert.equal(r.read(0x20, 0, 0, 0), 0x55);
	r.send(0x40, 0, 1, 0x55);
	r.send(0x48, 0, 1, 0xaa);
	r.enter();
	writePage(r, 0, []);
	r.wait(5);
	assert.equal(r.read(0x20, 0, 1, 0), 0xff);
});

test('chips without RDY/BSY answer F0 with the echo, which looks like ready', () => {
	const r = rig({id: 'atmega32a', fuses: {low: 0xe1, high: 0x99}});
	r.enter();
	writePage(r, 0, [1, 2]);
	assert.equal(r.read(0xf0, 0, 0, 0), 0);
	assert.ok(r.kinds().includes('busy'));
});

test('lock EC: signature and fuses read, flash reads its address, writes are ignored until a chip erase', () => {
	const r = rig({lock: 0xec, fuses: {low: 0x5e, high: 0x99, extended: 0xf3}, flash: new Uint8Array(128)});
	r.enter();
	assert.deepEqual(signature(r), [0x1e, 0x95, 0x87]);
	assert.deepEqual([r.read(0x20, 0, 5, 0), r.read(0x28, 0, 5, 0)], [5, 5]);
	r.send(0xac, 0xa0, 0, 0xff);
	r.wait(10);
	assert.equal(r.read(0x50, 0, 0, 0), 0x5e);
	r.send(0xac, 0x80, 0, 0);
	r.wait(20);
	r.enter();
	assert.equal(r.read(0x58, 0, 0, 0), 0xff);
	r.send(0xac, 0xa0, 0, 0xff);
	r.wait(10);
	assert.equal(r.read(0x50, 0, 0, 0), 0xff);
	assert.deepEqual(r.kinds(), ['locked']);
});

test('lock bits only go down; absent lock bits read 1', () => {
	const r = rig();
	r.enter();
	r.send(0xac, 0xe0, 0, 0x2f);
	r.wait(10);
	assert.equal(r.read(0x58, 0, 0, 0), 0xef);
	r.send(0xac, 0xe0, 0, 0xff);
	r.wait(10);
	assert.equal(r.read(0x58, 0, 0, 0), 0xef);
});

test('absent fuse bits read 1: extended CB reads FB', () => {
	const r = rig();
	r.enter();
	r.send(0xac, 0xa4, 0, 0xcb);
	r.wait(10);
	assert.equal(r.read(0x50, 0x08, 0, 0), 0xfb);
});

test('EESAVE keeps the EEPROM through a chip erase, and works at once', () => {
	const eeprom = Uint8Array.from([1, 2, 3]);
	const r = rig({eeprom});
	r.enter();
	r.send(0xac, 0xa8, 0, 0xd0);
	r.wait(10);
	r.send(0xac, 0x80, 0, 0);
	r.wait(20);
	assert.equal(r.chip.dump().eeprom[1], 2);
	const wiped = rig({eeprom});
	wiped.enter();
	wiped.send(0xac, 0x80, 0, 0);
	wiped.wait(20);
	assert.equal(wiped.chip.dump().eeprom[1], 0xff);
});

test('SPIEN cannot be unprogrammed over ISP', () => {
	const r = rig();
	r.enter();
	r.send(0xac, 0xa8, 0, 0xf8);
	r.wait(10);
	assert.equal(r.read(0x58, 0x08, 0, 0), 0xd8);
});

test('fuses work after the next RESET: a new clock fuse is not felt before', () => {
	const r = rig({fuses: {low: 0x52, high: 0x99, extended: 0xfb}, surroundings: {volts: 5}});
	r.enter();
	assert.equal(r.chip.clockHz(), 1e6);
	r.send(0xac, 0xa0, 0, 0xff);
	r.wait(10);
	assert.equal(r.read(0x50, 0, 0, 0), 0xff);
	r.enter();
	assert.equal(r.chip.clockHz(), null, 'no crystal on this board');
	assert.ok(!r.chip.enabled());
	r.chip.setSurroundings({volts: 5, externalClockHz: 4e6});
	r.enter();
	assert.deepEqual(signature(r), [0x1e, 0x95, 0x87]);
});

test('CKDIV8 divides what runs now', () => {
	const divided = rig({fuses: {low: 0x5e, high: 0x99, extended: 0xf3}});
	assert.equal(divided.chip.clockHz(), 2e6);
	assert.equal(rig().chip.clockHz(), 16e6);
	assert.equal(rig({id: 'atmega328p', fuses: {low: 0x62, high: 0xd9, extended: 0xff}}).chip.clockHz(), 1e6);
});

test('SCK too fast for the clock: 1 MHz takes 166 kHz but not 500 kHz', () => {
	const slow = rig({fuses: {low: 0x52, high: 0x99, extended: 0xfb}, sckHz: 166_000});
	slow.enter();
	assert.deepEqual(signature(slow), [0x1e, 0x95, 0x87]);
	assert.deepEqual(slow.kinds(), []);
	const fast = rig({fuses: {low: 0x52, high: 0x99, extended: 0xfb}, sckHz: 400_000});
	fast.enter();
	assert.notDeepEqual(signature(fast), [0x1e, 0x95, 0x87]);
	assert.equal(fast.kinds()[0], 'sck-too-fast');
});

test('a 128 kHz clock does not even see 125 kHz, and answers at 10 kHz', () => {
	const r = rig({id: 'atmega328p', fuses: {low: 0xe3, high: 0xd9, extended: 0xff}});
	r.enter();
	const seen = signature(r);
	assert.ok(
		seen.every(byte => byte === seen[0]),
		String(seen),
	);
	r.setSck(10_000);
	r.enter();
	assert.deepEqual(signature(r), [0x1e, 0x95, 0x0f]);
});

test('below the brown-out level nothing answers', () => {
	const fuses = {low: 0xff, high: 0xd8, extended: 0xf8};
	const low = rig({fuses, surroundings: {volts: 3.3, crystalHz: 16e6}});
	low.enter();
	assert.ok(!low.chip.enabled());
	const high = rig({fuses, surroundings: {volts: 5, crystalHz: 16e6}});
	high.enter();
	assert.ok(high.chip.enabled());
});

test('RSTDISBL and DWEN make the chip deaf from the next RESET on', () => {
	for (const high of [0x59, 0x99]) {
		const r = rig({id: 'atmega32u2', fuses: {low: 0x5e, high: 0xd9, extended: 0xf4}});
		r.enter();
		assert.ok(r.chip.enabled());
		r.send(0xac, 0xa8, 0, high);
		r.wait(10);
		assert.equal(r.read(0x58, 0x08, 0, 0), high);
		r.enter();
		assert.ok(!r.chip.enabled(), high.toString(16));
	}
});

test('the extended address reaches the second 128 KB of an ATmega2560 and is forgotten by RESET', () => {
	const flash = new Uint8Array(262_144).fill(0xff);
	flash[0] = 0x11;
	flash[0x20000] = 0x22;
	const r = rig({id: 'atmega2560', fuses: {low: 0xff, high: 0xd8, extended: 0xfd}, flash});
	r.enter();
	assert.equal(r.read(0x20, 0, 0, 0), 0x11);
	r.send(0x4d, 0, 1, 0);
	assert.equal(r.read(0x20, 0, 0, 0), 0x22);
	r.enter();
	assert.equal(r.read(0x20, 0, 0, 0), 0x11);
});

test('EEPROM by byte and by page', () => {
	const r = rig({eeprom: Uint8Array.from([0, 0, 0, 0, 0])});
	r.enter();
	r.send(0xc0, 0, 4, 0xa5);
	r.wait(10);
	r.send(0xc1, 0, 1, 0x77);
	r.send(0xc2, 0, 0, 0);
	r.wait(10);
	assert.deepEqual([...r.chip.dump().eeprom.slice(0, 6)], [0, 0x77, 0, 0, 0xa5, 0xff]);
	assert.equal(r.read(0xa0, 0, 4, 0), 0xa5);
	assert.deepEqual(r.kinds(), []);
});

test('a supply cut inside a fuse write may leave anything but an absent bit or SPIEN', () => {
	const left = new Set<number>();
	for (let seed = 1; seed <= 40; seed++) {
		const r = rig({seed});
		r.enter();
		r.send(0xac, 0xa8, 0, 0xd9);
		r.wait(1);
		r.chip.setSurroundings({volts: 0});
		const high = r.chip.dump().fuses.high ?? 0;
		assert.equal(high & 0x20, 0);
		left.add(high);
		assert.ok(r.kinds().includes('interrupted'));
	}
	assert.ok(left.size > 5);
});

test('an erase cut short leaves lock bits, flash and EEPROM half erased; a lock write cut short any value', () => {
	const locks = new Set<number>();
	const written = new Set<number>();
	for (let seed = 1; seed <= 24; seed++) {
		const r = rig({seed, lock: 0xec, flash: new Uint8Array(32_768), eeprom: new Uint8Array(1024)});
		r.enter();
		r.send(0xac, 0x80, 0, 0);
		r.wait(1);
		r.chip.setSurroundings({volts: 0});
		const {flash, eeprom, lock} = r.chip.dump();
		// It only sets bits.
		assert.equal(lock & 0xec, 0xec);
		locks.add(lock);
		for (const cells of [flash, eeprom]) assert.ok(cells.some(byte => byte !== 0 && byte !== 0xff));
		const other = rig({seed});
		other.enter();
		other.send(0xac, 0xe0, 0, 0xcf);
		other.wait(1);
		other.chip.setSurroundings({volts: 0});
		written.add(other.chip.dump().lock);
	}
	assert.ok(locks.size > 2 && locks.has(0xec), [...locks].join());
	assert.ok(
		[...written].some(lock => lock !== 0xff && lock !== 0xcf),
		[...written].join(),
	);
});

test('RESET that rises while a cell is programmed spoils it', () => {
	const r = rig();
	r.enter();
	r.send(0xac, 0xe0, 0, 0xc0);
	r.wait(1);
	r.chip.setReset(1);
	assert.ok(r.chip.violations.some(({kind}) => kind === 'interrupted'));
	const lock = r.chip.dump().lock;
	r.wait(20);
	assert.equal(r.chip.dump().lock, lock);
	assert.notEqual(lock, 0xc0);
});

test('a feeble supply answers sometimes and never keeps a write', () => {
	const flash = new Uint8Array(32_768).fill(0x5a);
	let answered = 0;
	for (let seed = 1; seed <= 20; seed++) {
		const r = rig({seed, flash, surroundings: {volts: 3, parasitic: true, crystalHz: 16e6}});
		r.enter();
		if (signature(r)[0] === 0x1e) answered++;
		r.send(0xac, 0x80, 0, 0);
		r.wait(20);
		assert.deepEqual(r.chip.dump().flash, flash);
	}
	assert.ok(answered > 5 && answered <= 20, String(answered));
});

test('no fault of the wires or the supply has a reading of its own: each gives at least three over the seeds', () => {
	const faults: Record<string, RigOptions> = {
		swapped: {faults: {swapped: [['MOSI', 'MISO']]}},
		'no power': {surroundings: {volts: 0}},
		'no wires': {faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}},
		'no clock': {fuses: {low: 0xc0, high: 0xd8, extended: 0xcb}},
	};
	const readings = Object.values(faults).map(options => {
		const seen = new Set<string>();
		for (let seed = 1; seed <= 30; seed++) {
			const r = rig({...options, seed});
			r.enter();
			const got = String(signature(r));
			seen.add(got === '0,0,0' ? 'zeros' : got === '255,255,255' ? 'ones' : 'else');
			assert.notEqual(got, '30,149,135');
		}
		return seen.size;
	});
	assert.deepEqual(readings, [3, 3, 3, 3]);
});

test('a bridge reads back the same byte in the same place', () => {
	const r = rig({faults: {bridged: true}});
	assert.deepEqual(r.enter(), [0xac, 0x53, 0, 0]);
});

test('every chip runs with its factory fuses on a board that gives it what they ask for, and shows its signature', () => {
	for (const data of chips) {
		for (const variant of [undefined, ...data.factoryVariants]) {
			const fuses = {
				low: variant?.low ?? data.fuses.low.factory,
				...(variant?.high === undefined ? {} : {high: variant.high}),
				...(variant?.extended === undefined ? {} : {extended: variant.extended}),
			};
			const r = rig({id: data.id, fuses, surroundings: {volts: 5, crystalHz: 8e6}});
			r.enter();
			assert.deepEqual(signature(r), [...data.signature], data.id);
		}
	}
});

test('writing, then reading, any words of any page gives them back', () => {
	const words = fc.uint8Array({minLength: 1, maxLength: 64}).map(bytes => [...bytes, ...bytes]);
	fc.assert(
		fc.property(fc.integer({min: 0, max: 255}), words, (page, bytes) => {
			const r = rig({sckHz: 1e6});
			r.enter();
			writePage(r, page * 64, bytes);
			r.wait(5);
			const back = bytes.map((_, index) => {
				const word = page * 64 + (index >> 1);
				return r.read(index & 1 ? 0x28 : 0x20, word >> 8, word & 0xff, 0);
			});
			assert.deepEqual(back, bytes);
			assert.deepEqual(r.kinds(), []);
		}),
		{numRuns: 40},
	);
});

test('whole bytes and single edges are the same chip', () => {
	const run = (edges: boolean) => {
		const r = rig({edges, fuses: {low: 0x5e, high: 0x99, extended: 0xf3}});
		r.enter();
		const got = [...signature(r)];
		writePage(r, 0x100, [1, 2, 3, 4]);
		r.wait(5);
		got.push(r.read(0x28, 1, 1, 0));
		r.setSck(2_000_000);
		got.push(...signature(r));
		r.setSck(125_000);
		r.enter();
		got.push(...signature(r), r.read(0xf0, 0, 0, 0));
		return {got, kinds: r.kinds(), flash: r.chip.dump().flash};
	};
	const byEdges = run(true);
	assert.deepEqual(run(false), byEdges);
	assert.deepEqual(byEdges.got.slice(0, 4), [0x1e, 0x95, 0x87, 4]);
	assert.notDeepEqual(byEdges.got.slice(4, 7), [0x1e, 0x95, 0x87]);
	assert.deepEqual(byEdges.got.slice(7), [0x1e, 0x95, 0x87, 0xfe]);
	assert.deepEqual(byEdges.kinds, ['sck-too-fast']);
});
