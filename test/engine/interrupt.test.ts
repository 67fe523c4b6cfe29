// A recovery interrupted at any moment, and what the next run makes of it. A seeded sample of every kind for every
// programmer; scripts/interruptions.ts takes every moment.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Bench, createBench} from '../../src/bench/bench.ts';
import {createRandom} from '../../src/bench/random.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import {
	createJournal,
	describeInterrupted,
	findInterrupted,
	forgetInterrupted,
	listInterrupted,
	parseJournal,
	printEntry,
} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {type RecoverDeps, recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {
	interrupt,
	kinds,
	momentsOf,
	programmers,
	smallMega,
	tiny,
	variants,
} from '../helpers/interruptions.ts';

/** Moments of each kind for each programmer; the script takes all. */
const samples = 3;

for (const programmer of programmers) {
	test(`${programmer}: interrupted at sampled moments in every way, the next run ends in a good board`, async () => {
		const {transfers, changes} = await momentsOf(tiny, programmer);
		assert.ok(transfers > 100 && changes >= 14, `${transfers} transfers, ${changes} changes`);
		const random = createRandom(programmers.indexOf(programmer) + 1);
		for (const kind of kinds) {
			const moments = kind.startsWith('busy-') ? changes : transfers;
			for (let sample = 0; sample < samples; sample++) {
				// One in each third, so that beginning, writing and fuses are all there.
				const at = Math.floor(((sample + random.next()) * moments) / samples);
				const again = random.next() < 0.7 ? 'resume' : 'plain';
				const {findings} = await interrupt(tiny, programmer, kind, at, again);
				assert.deepEqual(findings, [], `${kind} at ${at}, ${again}`);
			}
		}
	});
}

for (const [index, patient] of variants.entries()) {
	const programmer = programmers[index % programmers.length]!;
	test(`${patient.name}, over ${programmer}: interrupted at sampled moments, the next run ends in a good board`, async () => {
		const {transfers, changes} = await momentsOf(patient, programmer);
		const random = createRandom(index + 100);
		for (const kind of kinds) {
			const busy = kind.startsWith('busy-');
			// The last changes are fuse and lock bytes, where most can go wrong.
			const at = Math.floor((busy ? Math.sqrt(random.next()) : random.next()) * (busy ? changes : transfers));
			const again = random.next() < 0.7 ? 'resume' : 'plain';
			const {findings} = await interrupt(patient, programmer, kind, at, again);
			assert.deepEqual(findings, [], `${kind} at ${at}, ${again}`);
		}
		// The very last change: the lock byte where one is written.
		const last = await interrupt(patient, programmer, 'busy-power', changes - 1, 'resume', index + 1);
		assert.deepEqual(last.findings, []);
	});
}

test('a supply cut inside each fuse write may leave any value; the next run says so and mends it or says what is left', async () => {
	const {changes} = await momentsOf(tiny, 'usbasp');
	const ends = new Map<string, number>();
	for (const at of [changes - 3, changes - 2, changes - 1]) {
		for (let seed = 1; seed <= 8; seed++) {
			const {findings, second} = await interrupt(tiny, 'usbasp', 'busy-power', at, 'resume', seed);
			assert.deepEqual(findings, [], `change ${at}, seed ${seed}`);
			ends.set(second, (ends.get(second) ?? 0) + 1);
		}
	}
	assert.ok((ends.get('good') ?? 0) >= 12, JSON.stringify([...ends]));
	assert.ok((ends.get('ISP is gone, and said so') ?? 0) >= 1, 'the sample holds a lost one');
});

test('a chip with a boot section: an erase cut in the middle is done again, whatever the pages read', async () => {
	for (const kind of ['busy-power', 'busy-link'] as const) {
		const {findings, first, second} = await interrupt(smallMega, 'usbasp', kind, 0, 'resume');
		assert.deepEqual(findings, []);
		assert.match(first, /\(erased\)/);
		assert.equal(second, 'good');
	}
});

const chip = findChip('atmega32u4')!;
const wanted = {low: 0xff, high: 0xd8, extended: 0xcb};
const data = Uint8Array.from({length: 4000}, (_, index) => (index * 7 + (index >> 8)) & 0xff);
const image = createImage([{byteAddress: 0, data}]);
const plan: RecoveryPlan = {
	programmer: 'usbasp',
	chip,
	image,
	imageName: 'mine.hex',
	fuses: wanted,
	backup: 'auto',
	erase: true,
	verify: 'written',
	restoreEeprom: true,
	accepted: new Set(['loses-bootloader', 'bootrst', 'clock-unverified']),
	sck: 'auto',
};

async function run(
	bench: Bench,
	what: RecoveryPlan,
	journal: RecoverDeps['journal'],
	hear: (event: RecoverEvent) => void = () => {},
): Promise<RecoverResult> {
	let result: RecoverResult | undefined;
	for await (const event of recover(what, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer: 'usbasp'}), {clock: bench.clock}),
		store: bench.store,
		clock: bench.clock,
		...(journal === undefined ? {} : {journal}),
	})) {
		hear(event);
		if (event.type === 'result') result = event;
	}
	return result!;
}
const healthy = (seed = 1) => createBench('usbasp', {seed});
/** Interrupted in the middle of the writing: journal and board. */
async function interrupted(): Promise<Bench> {
	const bench = healthy();
	bench.cutAfter({pages: 17}, 'link');
	const first = await run(bench, plan, createJournal(bench.store));
	assert.equal(first.ok, false);
	bench.restore();
	return bench;
}

test('the sentence names chip and page; going on writes only what is missing and ends as if nothing had been', async () => {
	const bench = await interrupted();
	const found = (await findInterrupted(bench.store))!;
	assert.equal(
		describeInterrupted(found),
		'A recovery of an ATmega32U4 was interrupted while writing page 17.',
	);
	const before = bench.chip.events.length;
	const second = await run(bench, found.plan, createJournal(bench.store, found.path));
	assert.ok(second.ok, JSON.stringify(second));
	const pages = bench.chip.events.slice(before).filter(event => event.what === 'page').length;
	// Page 17 was being programmed when the power went.
	assert.equal(pages, Math.ceil(data.length / 128) - 16);
	assert.equal(
		bench.chip.events.slice(before).some(event => event.what === 'erase'),
		false,
	);
	const whole = healthy();
	assert.ok((await run(whole, plan, createJournal(whole.store))).ok);
	assert.deepEqual(bench.chip.dump(), whole.chip.dump());
	assert.deepEqual(await listInterrupted(bench.store), []);
});

test('another board of the same kind is refused untouched, with a way out; the right one still goes on', async () => {
	const bench = await interrupted();
	const found = (await findInterrupted(bench.store))!;
	const others: readonly Bench[] = [
		// The same chip and fuses, other content.
		healthy(7),
		// Other fuses.
		createBench('usbasp', {change: {fuses: {...wanted, extended: 0xc8}}}),
		// Locked.
		createBench('usbasp', {change: {lock: 0xec}}),
	];
	for (const other of others) {
		const result = await run(other, found.plan, createJournal(bench.store, found.path));
		assert.ok(!result.ok);
		assert.equal(result.error.kind, 'OtherBoard');
		assert.match(result.error.next.join(' '), /recover --forget/);
		assert.equal(result.chipState, 'untouched');
		assert.equal(other.touched(), false);
	}
	const right = await run(bench, found.plan, createJournal(bench.store, found.path));
	assert.ok(right.ok, JSON.stringify(right));
});

test('an erase that was cut short: the board is known again by its backup, another one needs a word', async () => {
	const bench = healthy();
	bench.cutAfter({changes: 0}, 'power');
	assert.equal((await run(bench, plan, createJournal(bench.store))).ok, false);
	bench.restore();
	const found = (await findInterrupted(bench.store))!;
	assert.match(found.stage, /erase/);
	const other = healthy(7);
	const refused = await run(other, found.plan, createJournal(bench.store, found.path));
	// What an erase leaves when it is cut short may be anything: a word, not a refusal.
	assert.deepEqual(refused.ok ? 'done' : refused.error.risks, ['same-board']);
	assert.equal(other.touched(), false);
	assert.ok((await run(bench, found.plan, createJournal(bench.store, found.path))).ok);
});

test('interrupted again and again, with torn lines between, it still ends well, EEPROM and all', async () => {
	const bench = healthy();
	const {eeprom} = bench.chip.dump();
	const files = bench.store.files as Map<string, string>;
	const total = (await momentsOfPlan()) ?? 0;
	for (let turn = 1; turn <= 6; turn++) {
		const found = await findInterrupted(bench.store);
		bench.cutAfter(
			{transfers: bench.transfers() + Math.floor((total * turn) / 8)},
			turn % 2 === 0 ? 'link' : 'power',
		);
		await run(bench, found?.plan ?? plan, createJournal(bench.store, found?.path));
		bench.restore();
		for (const [name, text] of files) if (name.startsWith('recovery-')) files.set(name, `${text}{"did":"er`);
	}
	const found = await findInterrupted(bench.store);
	bench.cutAfter({transfers: Number.POSITIVE_INFINITY}, 'link');
	const last = await run(bench, found?.plan ?? plan, createJournal(bench.store, found?.path));
	assert.ok(last.ok, JSON.stringify(last));
	assert.deepEqual(bench.chip.dump().eeprom, eeprom);
	assert.ok(bench.chip.dump().flash.every((byte, at) => byte === (image.at(at) ?? 0xff)));
});

async function momentsOfPlan(): Promise<number> {
	const bench = healthy();
	assert.ok((await run(bench, plan, undefined)).ok);
	return bench.transfers();
}

test('a stale journal traps nobody: a plain run goes on beside it, and it is forgotten on request', async () => {
	const bench = await interrupted();
	const found = (await findInterrupted(bench.store))!;
	const other = healthy(7);
	assert.ok((await run(other, plan, createJournal(bench.store))).ok);
	assert.deepEqual(
		(await listInterrupted(bench.store)).map(({path}) => path),
		[found.path],
	);
	await forgetInterrupted(bench.store, found);
	assert.equal(await findInterrupted(bench.store), undefined);
	assert.ok(
		[...bench.store.files.keys()].some(name => name.startsWith('backup-')),
		'backups stay',
	);
});

test('a journal that cannot be begun stops everything; one that cannot be continued is told, and the work goes on', async () => {
	const bench = healthy();
	const first = await run(bench, plan, async () => {
		throw new Error('no space left on device');
	});
	assert.ok(!first.ok);
	assert.equal(bench.touched(), false);
	const journal = createJournal(bench.store);
	let lines = 0;
	const codes: string[] = [];
	const second = await run(
		bench,
		plan,
		async entry => {
			if (lines++ > 3) throw new Error('no space left on device');
			await journal(entry);
		},
		event => {
			if (event.type === 'warning') codes.push(event.code);
		},
	);
	assert.ok(second.ok, JSON.stringify(second));
	assert.deepEqual(codes.filter(code => code === 'journal-failed').length, 1);
});

test('a journal that another copy of the program is writing is neither offered nor taken', async () => {
	const bench = await interrupted();
	const found = (await findInterrupted(bench.store))!;
	const held = {...bench.store, isHeld: async () => true};
	assert.deepEqual(await listInterrupted(held), []);
	const busy = new UnbrickError({kind: 'DeviceBusy', path: found.path, otherCopy: 42});
	const taken = {
		...bench.store,
		hold: async () => {
			throw busy;
		},
	};
	const before = bench.chip.events.length;
	const result = await run(bench, found.plan, createJournal(taken, found.path));
	assert.ok(!result.ok);
	assert.match(result.error.message, /Another copy of this program \(process 42\)/);
	assert.equal(bench.chip.events.length, before);
});

test('of a torn line in a journal only that line is lost', () => {
	const start = JSON.parse(
		'{"did":"start","chip":"atmega32u4","signature":"1e9587","backup":null,"programmer":"usbasp","image":"","fuses":null,"before":{"low":1},"verify":"full","restoreEeprom":true,"accepted":[],"sck":"auto"}',
	);
	const text = `${printEntry(start)}\n${printEntry({did: 'erase'})}\n{"did":"era\n${printEntry({did: 'erased'})}\n${printEntry(start)}\n${printEntry({did: 'resumed', pages: 3})}\n`;
	assert.deepEqual(
		parseJournal(text).map(entry => entry.did),
		['start', 'erase', 'erased', 'start', 'resumed'],
	);
});
