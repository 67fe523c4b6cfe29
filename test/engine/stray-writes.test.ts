// One wrong bit inside an instruction that changes a cell makes another instruction of it. Each such case: what it hit is
// set right before it takes effect where that is possible, and nothing is called done that is not.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Bench, createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer, Scenario} from '../../src/bench/scenarios.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {RiskName} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {RecoverResult} from '../../src/engine/procedures/events.ts';
import {createJournal, describeInterrupted, findInterrupted} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {flipBits} from '../helpers/flip.ts';
import {programmers} from '../helpers/interruptions.ts';

const bytes = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);
const fuses = {low: 0x62, high: 0xdf, extended: 0xff};

const plan: RecoveryPlan = {
	programmer: 'usbasp',
	chip: findChip('attiny25')!,
	image: createImage([{byteAddress: 0, data: bytes(150, 7)}]),
	fuses: {...fuses, high: 0xdd},
	backup: 'auto',
	erase: true,
	verify: 'written',
	restoreEeprom: true,
	accepted: new Set(['lock-bits', 'no-backup']),
	sck: 'auto',
};
const {image: _, ...imageless} = plan;
const fusesAlone: RecoveryPlan = {...imageless, erase: false};

function board(programmer: BenchProgrammer, change: Partial<Scenario> = {}, seed = 1): Bench {
	return createBench('healthy', {
		seed,
		change: {programmer, chip: 'attiny25', expectedChip: 'attiny25', content: 'used', fuses, ...change},
	});
}

async function run(bench: Bench, what: RecoveryPlan, journal?: string) {
	let result: RecoverResult | undefined;
	const codes: string[] = [];
	for await (const event of recover(what, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer: bench.programmer}), {
				clock: bench.clock,
			}),
		store: bench.store,
		clock: bench.clock,
		journal: createJournal(bench.store, journal),
	})) {
		if (event.type === 'warning') codes.push(event.code);
		if (event.type === 'result') result = event;
	}
	return {result: result!, codes};
}

const message = (result: RecoverResult) =>
	result.ok ? 'done' : `${result.error.kind}: ${result.error.message}`;
const changes = (bench: Bench) =>
	bench.chip.events.flatMap(event =>
		event.what === 'fuse'
			? [`${event.fuse} ${event.value.toString(16)}`]
			: event.what === 'lock'
				? [`lock ${event.value.toString(16)}`]
				: [],
	);

const knownToBe = (going: RecoveryPlan): RecoveryPlan => ({
	...going,
	accepted: new Set<RiskName>([...going.accepted, 'same-board', 'no-backup']),
});

for (const programmer of programmers) {
	test(`${programmer}: a fuse write that lands in another fuse byte is set back before RESET rises`, async () => {
		const bench = board(programmer);
		const {hits} = flipBits(bench, {at: [0xac, 0xa8], byte: 1, bit: 3});
		const {result} = await run(bench, plan);
		assert.equal(hits(), 1);
		assert.match(
			message(result),
			/^FuseReadback: .*the high fuse, has set the low fuse to 0xdd\. It was set to 0x62 at once .*low 0x62, high 0xdf, extended 0xff, lock 0xff/,
		);
		assert.equal(result.chipState, 'written-and-fused');
		assert.deepEqual(changes(bench), ['low dd', 'low 62']);
		assert.equal(bench.chip.clockHz(), 1e6);
		const found = (await findInterrupted(bench.store))!;
		assert.match(describeInterrupted(found), /while writing the low fuse/);
		const second = await run(bench, found.plan, found.path);
		assert.ok(second.result.ok, message(second.result));
		assert.deepEqual(bench.chip.dump().fuses, plan.fuses);
	});

	test(`${programmer}: a fuse write that lands in the lock byte is told; going on erases, and the lock bits are gone`, async () => {
		const bench = board(programmer);
		const {eeprom} = bench.chip.dump();
		flipBits(bench, {at: [0xac, 0xa8], byte: 1, bit: 6});
		const {result} = await run(bench, plan);
		assert.match(
			message(result),
			/^FuseReadback: .*the high fuse, has set the lock byte to 0xfd\. Only a chip erase .*high 0xdf/,
		);
		const found = (await findInterrupted(bench.store))!;
		const asked = await run(bench, found.plan, found.path);
		assert.match(message(asked.result), /^ConsentMissing: .*same-board/, 'nothing on it can be compared');
		const second = await run(bench, knownToBe(found.plan), found.path);
		assert.ok(second.result.ok, message(second.result));
		assert.equal(bench.chip.dump().lock, 0xff);
		assert.deepEqual(bench.chip.dump().fuses, plan.fuses);
		assert.deepEqual(bench.chip.dump().eeprom, eeprom);
	});

	test(`${programmer}: a page load that becomes an EEPROM write does not end in a corrupted EEPROM`, async () => {
		const kept = {...fuses, high: 0xd7};
		for (const change of [{fuses: kept}, {}, {fuses: kept, content: 'blank'}] as const) {
			const eeprom = 'fuses' in change ? {} : {eeprom: new Uint8Array(128).fill(0xff)};
			const bench = createBench('healthy', {
				seed: 1,
				...eeprom,
				change: {programmer, chip: 'attiny25', expectedChip: 'attiny25', content: 'used', fuses, ...change},
			});
			const before = bench.chip.dump().eeprom;
			const {hits} = flipBits(bench, {at: [0x40], byte: 0, bit: 7, skip: 5});
			const backup = 'content' in change ? 'none' : 'auto';
			const {result, codes} = await run(bench, {...plan, fuses: 'keep', backup});
			assert.equal(hits(), 1);
			assert.ok(result.ok, message(result));
			assert.ok(codes.includes('eeprom-repaired'), codes.join());
			assert.deepEqual(bench.chip.dump().eeprom, before);
		}
	});

	test(`${programmer}: a lock byte is not called written when the supply goes while it is written`, async () => {
		const locking: RecoveryPlan = {...plan, fuses: 'keep', lock: 0xfc};
		const whole = board(programmer);
		assert.ok((await run(whole, locking)).result.ok);
		assert.equal(whole.chip.dump().lock, 0xfc);
		const at = whole.chip.events.findIndex(event => event.what === 'lock');
		for (let seed = 8; seed <= 13; seed++) {
			const bench = board(programmer, {}, seed);
			bench.cutAfter({changes: at}, seed % 2 === 0 ? 'power' : 'wires');
			const {result} = await run(bench, locking);
			assert.equal(result.ok, false, `seed ${seed}`);
			assert.equal(result.chipState, 'written-and-fused');
			bench.restore();
			const found = (await findInterrupted(bench.store))!;
			// What is locked cannot be compared: the person is asked whether it is that board.
			const locked = (bench.chip.dump().lock & 0x03) < 2;
			if (locked) assert.match(message((await run(bench, found.plan, found.path)).result), /same-board/);
			const second = await run(bench, locked ? knownToBe(found.plan) : found.plan, found.path);
			assert.ok(second.result.ok, `seed ${seed}: ${message(second.result)}`);
			assert.equal(bench.chip.dump().lock, 0xfc);
		}
	});
}

test('a data bit that flips in a fuse write and would end ISP is set right before RESET rises', async () => {
	for (const bit of [6, 7]) {
		const bench = board('usbasp');
		flipBits(bench, {at: [0xac, 0xa8], byte: 3, bit});
		const {result} = await run(bench, plan);
		assert.match(message(result), /has set the high fuse to 0x[59]d\. It was set to 0xdd at once/);
		assert.equal(bench.chip.dump().fuses.high, 0xdd);
		const found = (await findInterrupted(bench.store))!;
		assert.ok((await run(bench, found.plan, found.path)).result.ok);
	}
});

test('a chip erase that lands in the low fuse is set back before the RESET pulse after it', async () => {
	for (const programmer of ['usbasp', 'arduino-isp'] as const) {
		const bench = board(programmer);
		flipBits(bench, {at: [0xac, 0x80], byte: 1, bit: 5});
		const {result} = await run(bench, plan);
		assert.match(
			message(result),
			/sent for the chip erase, has set the low fuse to 0x00\. It was set to 0x62/,
		);
		assert.equal(bench.chip.clockHz(), 1e6);
		const found = (await findInterrupted(bench.store))!;
		const second = await run(bench, found.plan, found.path);
		assert.ok(second.result.ok, message(second.result));
	}
});

test('two bytes hit, the sent one mended first: the journal said that it is as before', async () => {
	const bench = board('usbasp');
	// The low fuse gets a wrong value; what should mend it goes to the high one.
	flipBits(bench, {at: [0xac, 0xa0], byte: 3, bit: 3}, {at: [0xac, 0xa0], byte: 1, bit: 3, skip: 1});
	const wanted = {...plan, fuses: {...fuses, low: 0xe2}};
	const {result} = await run(bench, wanted);
	assert.match(message(result), /^FuseReadback: /);
	assert.deepEqual(changes(bench), ['low ea', 'high c2', 'low e2', 'high df']);
	const found = (await findInterrupted(bench.store))!;
	const begun = found.plan.resume!.fuseWrites!;
	assert.equal(begun.findLast(({fuse}) => fuse === 'low')?.value, 0xe2);
	const second = await run(bench, found.plan, found.path);
	assert.ok(second.result.ok, message(second.result));
	assert.deepEqual(bench.chip.dump().fuses, wanted.fuses);
});

test('a lock write that lands in the low fuse is set back before RESET rises', async () => {
	for (const programmer of ['usbtiny', 'avrisp'] as const) {
		const bench = board(programmer);
		flipBits(bench, {at: [0xac, 0xe0], byte: 1, bit: 6});
		const {result} = await run(bench, {...plan, lock: 0xfc});
		assert.match(
			message(result),
			/sent for the lock byte, has set the low fuse to 0xfc\. It was set to 0x62/,
		);
		assert.equal(bench.chip.clockHz(), 1e6);
		const found = (await findInterrupted(bench.store))!;
		const second = await run(bench, found.plan, found.path);
		assert.ok(second.result.ok, message(second.result));
		assert.equal(bench.chip.dump().lock, 0xfc);
	}
});

test('a fuse write that becomes a chip erase does not end in an empty flash that is called done', async () => {
	const refused = new Set<string>();
	for (const programmer of ['usbasp', 'avrisp'] as const) {
		for (const what of [plan, fusesAlone, {...fusesAlone, backup: 'none'}] as const) {
			const bench = board(programmer);
			const before = bench.chip.dump();
			flipBits(bench, {at: [0xac, 0xa8], byte: 1, bit: 5});
			const {result, codes} = await run(bench, what);
			const {flash, eeprom} = bench.chip.dump();
			if (!result.ok) {
				refused.add(result.error.kind);
				assert.ok(codes.includes('stray-erase'), codes.join());
				assert.equal(result.chipState, 'erased');
				const found = (await findInterrupted(bench.store))!;
				const second = await run(bench, found.plan, found.path);
				assert.ok(second.result.ok, message(second.result));
				if (what !== plan) {
					// The journal knows of the erase: the board is not asked about, and what is lost is said again.
					assert.ok(second.codes.includes('stray-erase'), second.codes.join());
					assert.equal(second.result.chipState, 'erased');
					assert.deepEqual(bench.chip.dump().fuses, {...fuses, high: 0xdd});
					continue;
				}
				assert.deepEqual(bench.chip.dump().eeprom, before.eeprom);
				continue;
			}
			assert.ok(what === plan, 'nobody can write back what is not there');
			assert.ok(flash.every((byte, at) => byte === (plan.image!.at(at) ?? 0xff)));
			assert.deepEqual(eeprom, before.eeprom);
		}
	}
	assert.deepEqual([...refused].sort(), ['FuseReadback', 'VerifyMismatch']);
});

test('going on after a stray erase without a plan that erases: cut again it is known again, another board is not', async () => {
	const bench = board('usbasp');
	flipBits(bench, {at: [0xac, 0xa8], byte: 1, bit: 5});
	assert.ok(!(await run(bench, fusesAlone)).result.ok);
	const found = (await findInterrupted(bench.store))!;
	const other = board('usbasp', {}, 2);
	const full = other.chip.dump();
	const {result} = await run(other, found.plan, found.path);
	assert.ok(!result.ok);
	assert.deepEqual(result.error.risks, ['same-board']);
	assert.deepEqual(other.chip.dump(), full);
	bench.cutAfter({changes: 0}, 'power');
	const again = await run(bench, found.plan, found.path);
	assert.ok(!again.result.ok);
	bench.restore();
	const last = (await findInterrupted(bench.store))!;
	const third = await run(bench, last.plan, last.path);
	assert.ok(third.result.ok, message(third.result));
	assert.deepEqual(bench.chip.dump().fuses, {...fuses, high: 0xdd});
});

test('lock bits that nobody asked for are no success', async () => {
	const bench = board('usbasp', {lock: 0xff});
	// A reading of the chip's own lock byte that nobody wrote: as if it had changed behind our back.
	let armed = false;
	const wiring = bench.wiring as {transfer: Bench['wiring']['transfer']};
	const {transfer} = wiring;
	let sent: number[] = [];
	wiring.transfer = (value, sckHz) => {
		if (sent.length === 4) sent = [];
		sent.push(value);
		if (sent.at(-2) === 0xac && value === 0x53) sent = [0xac, 0x53];
		armed ||= bench.chip.events.some(event => event.what === 'fuse');
		const got = transfer(value, sckHz);
		return armed && sent.length === 4 && sent[0] === 0x58 && sent[1] === 0x00 ? 0xfe : got;
	};
	const {result} = await run(bench, plan);
	assert.match(message(result), /^FuseReadback: .*lock byte/);
});

test('fuse and lock bytes that cannot be read back: RESET is not released, and that is said', async () => {
	for (const programmer of programmers) {
		const bench = board(programmer);
		const wiring = bench.wiring as {transfer: Bench['wiring']['transfer']};
		const {transfer} = wiring;
		wiring.transfer = (value, sckHz) => {
			const got = transfer(value, sckHz);
			const cut = bench.chip.events.some(event => event.what === 'fuse');
			return cut ? 0xff : got;
		};
		const {result, codes} = await run(bench, plan);
		assert.ok(!result.ok);
		assert.ok(codes.includes('reset-held'), `${programmer}: ${codes.join()}`);
		assert.equal(bench.chip.running(), false, programmer);
	}
});

test('a stray fuse byte that cannot be set back: which one, what stands, and that RESET is not released', async () => {
	const bench = board('usbasp');
	// The first write goes to the low fuse, each one that should mend it is lost.
	flipBits(
		bench,
		{at: [0xac, 0xa8], byte: 1, bit: 3},
		{at: [0xac, 0xa0], byte: 1, bit: 1, times: Number.POSITIVE_INFINITY},
	);
	const {result} = await run(bench, plan);
	assert.ok(!result.ok);
	assert.match(
		message(result),
		/has set the low fuse to 0xdd, and it cannot be set to 0x62\. The chip has low 0xdd, high 0xdf, extended 0xff, lock 0xff\. RESET is not released/,
	);
	assert.match(result.error.next.join(' '), /Leave it connected and powered/);
	assert.equal(bench.chip.running(), false);
	// Not in force as long as RESET stays low.
	assert.equal(bench.chip.clockHz(), 1e6);
});

test('a stray value that ends ISP with the next RESET pulse: nobody is told to pulse it', async () => {
	for (const [name, bit] of [
		['RSTDISBL', 7],
		['DWEN', 6],
	] as const) {
		const bench = board('usbasp');
		// The mending write programs a lock bit: no fuse can be written any more.
		flipBits(
			bench,
			{at: [0xac, 0xa8], byte: 3, bit},
			{at: [0xac, 0xa8], byte: 1, bit: 6, skip: 1},
			// The erase that should lift it never arrives.
			{at: [0xac, 0x80], byte: 1, bit: 7, skip: 1, times: Number.POSITIVE_INFINITY},
		);
		const {result} = await run(bench, plan);
		assert.ok(!result.ok);
		assert.match(message(result), new RegExp(`RESET is not released.*${name} is in it`));
		assert.equal(bench.chip.running(), false);
		const next = result.error.next.join(' ');
		assert.match(next, /Do not run `avr-unbrick recover --resume`/);
		assert.doesNotMatch(next, /go on/i);
	}
});

test('a lock bit in the way of what ends ISP: the chip is erased before any RESET pulse, and that is said', async () => {
	for (const bit of [6, 7]) {
		const bench = board('usbasp');
		flipBits(bench, {at: [0xac, 0xa8], byte: 3, bit}, {at: [0xac, 0xa8], byte: 1, bit: 6, skip: 1});
		const {result} = await run(bench, plan);
		assert.match(
			message(result),
			/a chip erase was sent to lift it.*have to be written again.*set to 0xdd at once/,
		);
		assert.equal(result.chipState, 'erased');
		assert.equal(bench.chip.dump().fuses.high, 0xdd);
		assert.equal(bench.chip.dump().lock, 0xff);
		const found = (await findInterrupted(bench.store))!;
		const second = await run(bench, found.plan, found.path);
		assert.ok(second.result.ok, message(second.result));
		assert.deepEqual(bench.chip.dump().fuses, plan.fuses);
	}
});

/** Identifies a chip that loses the first SCK edges of the byte `at`; undefined once that is behind the end. */
async function identifyWithLostEdges(programmer: BenchProgrammer, edges: number, at: number) {
	const bench = board(programmer);
	const {hands, wiring} = bench;
	const {transfer} = wiring;
	let sent = 0;
	Object.assign(wiring, {
		transfer(value: number, hz: number) {
			if (++sent !== at) return transfer(value, hz);
			let received = 0;
			for (let bit = 0; bit < 8; bit++) {
				wiring.setMosi(((value >> (7 - bit)) & 1) as 0 | 1);
				hands.advanceTo(hands.nowMs() + 500 / hz);
				if (bit >= edges) wiring.setSck(1);
				received = (received << 1) | wiring.readMiso();
				hands.advanceTo(hands.nowMs() + 500 / hz);
				wiring.setSck(0);
			}
			return received;
		},
	});
	const target = createIspTarget(await openProgrammer(bench.world, {programmer}), {clock: bench.clock});
	let error = '';
	await target.identify(plan.chip).catch(thrown => {
		error = (thrown as {kind: string}).kind;
	});
	const codes = (target.takeNotes?.() ?? []).map(({code}) => code);
	const events = [...bench.chip.events];
	await target.close();
	return sent < at ? undefined : {events, codes, error};
}

test('two or three lost SCK edges while the chip was asked who it is wrote a byte of its EEPROM', async () => {
	for (const programmer of ['usbasp', 'usbtiny', 'avrispmkii'] as const) {
		for (const edges of [2, 3]) {
			// All moments around the first readings of the signature, then here and there until the backup.
			for (let at = 1; ; at += at < 150 ? 1 : 97) {
				const seen = await identifyWithLostEdges(programmer, edges, at);
				if (seen === undefined) break;
				assert.deepEqual(seen.events, [], `${programmer}, ${edges} edges, byte ${at}`);
			}
		}
	}
});

test('programmers that ask in batches may hit the EEPROM so, but not in silence', async () => {
	let hit = 0;
	for (const programmer of ['avrisp', 'buspirate'] as const) {
		for (const edges of [2, 3]) {
			for (let at = 1; ; at += at < 150 ? 1 : 41) {
				const seen = await identifyWithLostEdges(programmer, edges, at);
				if (seen === undefined) break;
				if (seen.events.length === 0) continue;
				hit++;
				const told = seen.codes.includes('retry') || /^(UnstableLink|NoTarget)$/.test(seen.error);
				assert.ok(told, `${programmer}, ${edges} edges, byte ${at}: ${seen.codes} ${seen.error}`);
			}
		}
	}
	assert.ok(hit > 0, 'the fault is one that can hit');
});
