// Going on with an interrupted recovery, and what must not come of it: another board overwritten, an EEPROM lost in
// silence, a fault of the wires called another board, a journal that nobody can read any more.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Bench, createBench} from '../../src/bench/bench.ts';
import {describeChipState} from '../../src/engine/advice.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {type RiskName, riskNames, UnbrickError} from '../../src/engine/errors.ts';
import {parseBackup, printBackup} from '../../src/engine/image/backup-file.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import {withFilesThere} from '../../src/engine/procedures/files-there.ts';
import {
	createJournal,
	describeDamaged,
	findInterrupted,
	forgetInterrupted,
	type JournalEntry,
	listInterrupted,
	parseJournal,
	printEntry,
	surveyJournals,
} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {type RecoverDeps, recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {flipBits} from '../helpers/flip.ts';

const chip = findChip('atmega32u4')!;
const fuses = {low: 0xff, high: 0xd8, extended: 0xcb};
const pattern = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);
const small = createImage([{byteAddress: 0, data: pattern(4_000, 7)}]);
const large = createImage([{byteAddress: 0, data: pattern(28_672, 7)}]);
const plan: RecoveryPlan = {
	programmer: 'usbasp',
	chip,
	image: small,
	imageName: 'mine.hex',
	fuses,
	backup: 'auto',
	erase: true,
	verify: 'written',
	restoreEeprom: true,
	accepted: new Set<RiskName>(['loses-bootloader', 'bootrst', 'clock-unverified']),
	sck: 'auto',
};

function board(options: {seed?: number; flash?: Uint8Array; eeprom?: Uint8Array} = {}): Bench {
	const {seed = 1, ...content} = options;
	return createBench('healthy', {
		seed,
		...content,
		change: {programmer: 'usbasp', chip: chip.id, expectedChip: chip.id, content: 'used', fuses},
	});
}

async function run(
	bench: Bench,
	what: RecoveryPlan,
	how: Partial<RecoverDeps> & {path?: string; hear?: (event: RecoverEvent) => void} = {},
) {
	const {path, hear, ...deps} = how;
	const store = deps.store ?? bench.store;
	const warnings = new Map<string, string>();
	let result: RecoverResult | undefined;
	for await (const event of recover(what, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer: 'usbasp'}), {clock: bench.clock}),
		store,
		clock: bench.clock,
		journal: createJournal(store, path),
		...deps,
	})) {
		hear?.(event);
		if (event.type === 'warning') warnings.set(event.code, event.message);
		if (event.type === 'result') result = event;
	}
	return {result: result!, warnings};
}

/** Board A, cut off at some moment, and its interrupted recovery. */
async function cut(
	where: Parameters<Bench['cutAfter']>[0],
	kind: 'link' | 'power' | 'wires' = 'link',
	what = plan,
	bench = board(),
) {
	bench.cutAfter(where, kind);
	const {result} = await run(bench, what);
	assert.equal(result.ok, false);
	bench.restore();
	const found = (await findInterrupted(bench.store))!;
	return {bench, found, first: result};
}

const loader = (bytes: number) => {
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(
		pattern(bytes, 13).map(byte => (byte === 0xff ? 1 : byte)),
		flash.length - bytes,
	);
	return flash;
};
const backupsOf = (bench: Bench) => [...bench.store.files.keys()].filter(name => name.startsWith('backup-'));
const filesOf = (bench: Bench) => bench.store.files as Map<string, string>;
function assertFailed(result: RecoverResult): asserts result is Extract<RecoverResult, {ok: false}> {
	assert.equal(result.ok, false, JSON.stringify(result));
}
function assertDone(result: RecoverResult): asserts result is Extract<RecoverResult, {ok: true}> {
	assert.equal(result.ok, true, JSON.stringify(result));
}

const strangers: readonly (readonly [string, Bench, RecoveryPlan, Parameters<Bench['cutAfter']>[0]])[] = [
	['erase cut, the other one full', board({seed: 7}), plan, {changes: 0}],
	['erase cut, the other one with a 2 KB loader', board({flash: loader(2_048)}), plan, {changes: 0}],
	['erase cut, the other one with a 4 KB loader', board({flash: loader(4_096)}), plan, {changes: 0}],
	[
		'erase cut without a backup, the other one full',
		board({seed: 7}),
		{...plan, backup: 'none', accepted: new Set<RiskName>([...plan.accepted, 'no-backup', 'eesave'])},
		{changes: 0},
	],
	['page 1 of 28 KB, a 4 KB loader', board({flash: loader(4_096)}), {...plan, image: large}, {pages: 1}],
	['page 1 of 28 KB, 7 KB of content', board({flash: loader(7_000)}), {...plan, image: large}, {pages: 1}],
	['page 3 of 28 KB, a 4 KB loader', board({flash: loader(4_096)}), {...plan, image: large}, {pages: 3}],
	['page 17 of 28 KB, a 4 KB loader', board({flash: loader(4_096)}), {...plan, image: large}, {pages: 17}],
	[
		'page 17 of 28 KB, blank with an EEPROM of its own',
		board({flash: new Uint8Array(chip.flash.bytes).fill(0xff)}),
		{...plan, image: large},
		{pages: 17},
	],
	['page 2, two pages of a loader', board({flash: loader(256)}), plan, {pages: 2}],
	[
		'erase cut, the other half of a split keyboard: same firmware, one byte of EEPROM differs',
		board({
			eeprom: board()
				.chip.dump()
				.eeprom.map((byte, at) => (at === 10 ? byte ^ 0x01 : byte)),
		}),
		plan,
		{changes: 0},
	],
];
for (const [what, other, plans, where] of strangers) {
	test(`going on erased another board without a word: ${what}`, async () => {
		const {bench, found} = await cut(where, 'link', plans);
		const before = other.chip.dump();
		const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
		assertFailed(result);
		assert.match(result.error.kind, /^(OtherBoard|ConsentMissing)$/);
		if (result.error.kind === 'ConsentMissing') assert.deepEqual(result.error.risks, ['same-board']);
		assert.equal(other.touched(), false);
		assert.deepEqual(other.chip.dump(), before);
		// The right one still goes on, without being asked anything, where anything tells it from others.
		const right = await run(bench, found.plan, {path: found.path});
		if (plans.backup !== 'none') assertDone(right.result);
	});
}

test('a word that it is the same board: what is on it is kept in a fresh backup first, and it keeps its own EEPROM', async () => {
	const {bench, found, first} = await cut({changes: 0});
	const other = board({seed: 7, flash: loader(2_048)});
	const before = other.chip.dump();
	assert.notDeepEqual(before.eeprom, bench.chip.dump().eeprom);
	const {result, warnings} = await run(
		other,
		{...found.plan, accepted: new Set<RiskName>([...found.plan.accepted, 'same-board'])},
		{store: bench.store, path: found.path},
	);
	assertDone(result);
	assert.equal(result.backup, first.backup);
	const fresh = backupsOf(bench).filter(name => name !== first.backup);
	assert.equal(fresh.length, 1);
	const kept = parseBackup(bench.store.files.get(fresh[0]!)!, 'fresh');
	assert.deepEqual(kept.flash, before.flash);
	assert.deepEqual(kept.eeprom, before.eeprom);
	assert.match(warnings.get('kept-first') ?? '', new RegExp(fresh[0]!));
	assert.deepEqual(other.chip.dump().eeprom, before.eeprom);
	assert.match(warnings.get('own-eeprom') ?? '', new RegExp(first.backup!));
});

test('the word is not written down: the next run asks again', async () => {
	const {bench, found} = await cut({changes: 0});
	const other = board({seed: 7});
	other.cutAfter({pages: 3}, 'link');
	await run(
		other,
		{...found.plan, accepted: new Set<RiskName>([...found.plan.accepted, 'same-board'])},
		{store: bench.store, path: found.path},
	);
	const [again] = await listInterrupted(bench.store);
	assert.equal(again!.plan.accepted.has('same-board'), false);
	// What is on it now is what that run wrote: it is known again, and its own EEPROM comes back.
	other.restore();
	const {result} = await run(other, again!.plan, {store: bench.store, path: found.path});
	assertDone(result);
	assert.deepEqual(other.chip.dump().eeprom, board({seed: 7}).chip.dump().eeprom);
});

test('an erase cut by the supply on the right board: known by its backup, asked nothing, EEPROM and all', async () => {
	for (let seed = 1; seed <= 6; seed++) {
		const own = board({seed});
		const {eeprom} = own.chip.dump();
		const {bench, found} = await cut({changes: 0}, 'power', plan, own);
		const {result} = await run(bench, found.plan, {path: found.path});
		assertDone(result);
		assert.deepEqual(bench.chip.dump().eeprom, eeprom);
	}
});

test('the EEPROM cut again and again while it is written back is known again', async () => {
	const bench = board();
	const {eeprom} = bench.chip.dump();
	const {found} = await cut({pages: 31}, 'link', plan, bench);
	let path = found.path;
	for (let turn = 1; turn <= 5; turn++) {
		const now = (await findInterrupted(bench.store))!;
		path = now.path;
		const begun = bench.chip.events.length;
		bench.cutAfter({changes: begun + 3 + turn * 7}, 'power');
		const {result} = await run(bench, now.plan, {path});
		bench.restore();
		if (result.ok) break;
		assert.doesNotMatch(result.error.kind, /OtherBoard|ConsentMissing/, result.error.message);
	}
	bench.cutAfter({changes: Number.POSITIVE_INFINITY}, 'link');
	const last = await findInterrupted(bench.store);
	if (last !== undefined) assertDone((await run(bench, last.plan, {path: last.path})).result);
	assert.deepEqual(bench.chip.dump().eeprom, eeprom);
});

test('the backup is gone: the EEPROM was lost in silence, and the result named a missing file', async () => {
	const {bench, found: before} = await cut({pages: 17});
	const name = before.plan.resume!.backup!;
	filesOf(bench).delete(name);
	const found = (await findInterrupted(bench.store))!;
	assert.match(found.problem ?? '', /is not there/);
	const opened = {count: 0};
	const {result} = await run(bench, found.plan, {
		path: found.path,
		connect: async () => {
			opened.count++;
			throw new Error('not before the word');
		},
	});
	assertFailed(result);
	assert.equal(result.error.kind, 'ConsentMissing');
	assert.deepEqual(result.error.risks, ['backup-lost']);
	assert.match(result.error.likely.join(' '), new RegExp(`${name}.*is not there`));
	assert.equal(opened.count, 0);
	assert.equal(result.backup, null);
	assert.notEqual(result.chipState, 'untouched');
	const accepted = new Set<RiskName>([...found.plan.accepted, 'backup-lost']);
	const done = await run(bench, {...found.plan, accepted}, {path: found.path});
	assertDone(done.result);
	assert.equal(done.result.backup, null);
});

test('a damaged backup, or one of another board, made the journal invisible', async () => {
	const {bench, found: before} = await cut({pages: 17});
	const name = before.plan.resume!.backup!;
	const whole = bench.store.files.get(name)!;
	const ofAnother = board({seed: 3});
	ofAnother.chip.setSurroundings({...ofAnother.chip.surroundings()});
	const cases = [
		whole.replace('"lock": "0xff"', '"lock": "0xfe"'),
		whole.slice(0, whole.length >> 1),
		'{}',
		'',
	];
	for (const text of cases) {
		filesOf(bench).set(name, text);
		const found = await findInterrupted(bench.store);
		assert.ok(found !== undefined, 'it is still offered');
		assert.match(found.problem ?? '', new RegExp(name));
		const {result} = await run(bench, found.plan, {path: found.path});
		assertFailed(result);
		assert.deepEqual(result.error.risks, ['backup-lost']);
	}
	filesOf(bench).set(name, whole);
	assertDone((await run(bench, (await findInterrupted(bench.store))!.plan, {path: before.path})).result);
});

test('a journal whose first line is damaged is told of and can be forgotten', async () => {
	const {bench, found} = await cut({pages: 17});
	const text = bench.store.files.get(found.path)!;
	for (const damaged of [
		text.slice(5),
		text.replace('"atmega32u4"', '"atmega99"'),
		`\0\0\0\n${text.slice(text.indexOf('\n') + 1)}`,
	]) {
		filesOf(bench).set(found.path, damaged);
		const survey = await surveyJournals(bench.store);
		assert.deepEqual(survey.interrupted, []);
		assert.equal(survey.damaged.length, 1);
		assert.match(
			describeDamaged(survey.damaged[0]!),
			new RegExp(`${found.path}.*(first line|atmega99)`, 's'),
		);
	}
	// Nothing was changed when only the first line, or a part of it, is there.
	for (const begun of ['', text.slice(0, 40), text.slice(0, text.indexOf('\n') + 1)]) {
		filesOf(bench).set(found.path, begun);
		const survey = await surveyJournals(bench.store);
		assert.deepEqual(survey, {interrupted: [], damaged: [], held: []});
	}
	filesOf(bench).set(found.path, text.slice(5));
	await forgetInterrupted(bench.store, (await surveyJournals(bench.store)).damaged[0]!);
	assert.equal(bench.store.files.has(found.path), false);
});

test('an image name of 5,000 characters wrote a journal that could not be read back', async () => {
	const {found} = await cut({pages: 17}, 'link', {...plan, imageName: `${'x'.repeat(4_999)}\u{1f600}.hex`});
	assert.equal(found.stage, 'while writing page 17');
	// What cannot be read back is refused before anything is changed.
	const bench = board();
	const {result} = await run(bench, {...plan, programmingVolts: Number.NaN});
	assertFailed(result);
	assert.equal(bench.touched(), false);
});

test('wires or supply gone while a resume reads the flash: not another board, and not untouched', async () => {
	for (const kind of ['wires', 'power'] as const) {
		const {bench, found} = await cut({pages: 17});
		let seen = 0;
		const {result} = await run(bench, found.plan, {
			path: found.path,
			hear(event) {
				if (event.type === 'progress' && event.phase === 'verify' && seen++ === 3) bench.cutNow(kind);
			},
		});
		assertFailed(result);
		assert.match(result.error.kind, /^(NoTarget|UnstableLink)$/, kind);
		assert.equal(result.chipState, 'partly-written');
		assert.doesNotMatch(result.error.next.join(' '), /forget/);
		bench.restore();
		assertDone((await run(bench, found.plan, {path: found.path})).result);
	}
});

/** A store whose disk is full for the lines that `full` names, by their number. */
const fullDisk = (bench: Bench, full: (line: string, number: number) => boolean) => {
	let number = 0;
	return {
		...bench.store,
		appendLine: async (name: string, line: string) => {
			if (full(line, number++)) throw new Error('no space left on device');
			await bench.store.appendLine(name, line);
		},
	};
};

test('the state folder was taken away while it wrote: nothing was said, and --resume was promised', async () => {
	for (const [at, stop] of [
		['erase', 'nothing'],
		['write', 'nothing'],
		['write', 'link'],
	] as const) {
		const bench = board();
		const where = `${at}, ${stop}`;
		const journal = createJournal(bench.store);
		const warnings: string[] = [];
		let result: RecoverResult | undefined;
		const connect = async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer: 'usbasp'}), {clock: bench.clock});
		const what = {...plan, fuses: {...fuses, low: 0xef}};
		const events = recover(what, {connect, store: bench.store, clock: bench.clock, journal});
		for await (const event of withFilesThere(events, bench.store, journal)) {
			if (event.type === 'progress' && event.phase === at && event.doneBytes > 0) filesOf(bench).clear();
			if (at === 'erase' && event.type === 'phase' && event.phase === 'write') filesOf(bench).clear();
			if (event.type === 'progress' && event.phase === 'verify' && stop === 'link') bench.cutNow('link');
			if (event.type === 'warning') warnings.push(event.code);
			if (event.type === 'result') result = event;
		}
		assertFailed(result!);
		assert.deepEqual([...bench.store.files.keys()], [], 'no journal without its first line');
		if (stop === 'nothing') {
			assert.equal(result.error.kind, 'NotSaved', where);
			assert.equal(result.chipState, 'written', where);
			assert.ok(warnings.includes('journal-failed'), where);
		}
		assert.equal(result.backup, null, where);
		assert.ok(warnings.includes('backup-gone'), where);
		assert.match(result.resume ?? '', /The journal of this recovery is gone/, where);
		const said = [result.resume, ...result.error.next].join(' ');
		assert.doesNotMatch(said, /--resume|what was already done is found/, where);
		assert.equal(bench.chip.dump().fuses.low, fuses.low, where);
	}
});

test('a backup that is gone at the end is not named, whatever the end', async () => {
	const bench = board();
	const journal = createJournal(bench.store);
	const seen: RecoverEvent[] = [];
	const connect = async () =>
		createIspTarget(await openProgrammer(bench.world, {programmer: 'usbasp'}), {clock: bench.clock});
	const events = recover(plan, {connect, store: bench.store, clock: bench.clock, journal});
	for await (const event of withFilesThere(events, bench.store, journal)) {
		seen.push(event);
		if (event.type === 'phase' && event.phase === 'leave')
			for (const name of backupsOf(bench)) filesOf(bench).delete(name);
	}
	const [gone, last] = seen.slice(-2);
	assert.equal(gone?.type === 'warning' && gone.code, 'backup-gone');
	assert.ok(last?.type === 'result' && last.ok && last.backup === null);
});

test('a second erase that cannot be written down is not begun', async () => {
	const bench = board();
	let erases = 0;
	const store = fullDisk(bench, line => line.includes('"did":"erase"') && erases++ === 1);
	// A byte that reads wrong and cannot be set right: its bits are lost while it is loaded.
	const {transfer} = bench.wiring;
	let sent = 0;
	let frame: number[] = [];
	Object.assign(bench.wiring, {
		transfer(value: number, hz: number) {
			frame = frame.length === 4 ? [value] : [...frame, value];
			const load = frame.length === 4 && frame[0] === 0x40 && value !== 0 && sent++ < 1;
			return transfer(load ? 0 : value, hz);
		},
	});
	const {result} = await run(bench, plan, {store});
	Object.assign(bench.wiring, {transfer});
	assertFailed(result);
	assert.equal(erases, 2, 'it wanted to erase a second time');
	assert.equal(bench.chip.events.filter(event => event.what === 'erase').length, 1);
	assert.notEqual(result.chipState, 'untouched');
	const found = (await findInterrupted(bench.store))!;
	assertDone((await run(bench, found.plan, {path: found.path})).result);
});

test('fuses that cannot be written down are not written: the state is true, and the next run goes on', async () => {
	const wanted = {...fuses, high: 0xd9};
	const what: RecoveryPlan = {...plan, fuses: wanted, accepted: new Set(riskNames)};
	for (const after of [1, 3]) {
		const bench = board();
		const store = fullDisk(bench, (_line, number) => number > after);
		const {result, warnings} = await run(bench, what, {store});
		assertFailed(result);
		assert.equal(result.error.kind, 'NotSaved');
		assert.equal(result.chipState, 'written');
		assert.ok(warnings.has('journal-failed'));
		assert.equal(bench.chip.events.filter(event => event.what === 'fuse').length, 0);
		const found = (await findInterrupted(bench.store))!;
		assertDone((await run(bench, found.plan, {path: found.path})).result);
		assert.equal(bench.chip.dump().fuses.high, wanted.high);
	}
});

const tinyChip = findChip('attiny85')!;
const tinyFuses = {low: 0xe2, high: 0xdf, extended: 0xff};
async function fromJournal(start: Record<string, unknown>, ...rest: JournalEntry[]) {
	const bench = createBench('healthy', {
		change: {
			programmer: 'usbasp',
			chip: tinyChip.id,
			expectedChip: tinyChip.id,
			content: 'blank',
			fuses: tinyFuses,
		},
	});
	const first = {
		did: 'start',
		chip: tinyChip.id,
		signature: '1e930b',
		backup: null,
		programmer: 'usbasp',
		image: printIntelHex(createImage([{byteAddress: 0, data: pattern(150, 7)}])),
		fuses: tinyFuses,
		before: tinyFuses,
		lockBefore: 0xff,
		verify: 'written',
		restoreEeprom: true,
		erase: true,
		accepted: [],
		sck: 'auto',
		...start,
	};
	const lines = [JSON.stringify(first), ...rest.map(printEntry)];
	filesOf(bench).set('recovery-20260101.jsonl', `${lines.join('\n')}\n`);
	const found = (await findInterrupted(bench.store))!;
	const {result} = await run(bench, found.plan, {path: found.path});
	return {bench, result};
}

test('a fuse or lock line in the journal stood for every consent', async () => {
	const crystal = {...tinyFuses, low: 0xff};
	const asked: readonly (readonly [Record<string, unknown>, JournalEntry, RiskName])[] = [
		[{fuses: crystal}, {did: 'fuse', fuse: 'low', value: 0xff}, 'clock-unverified'],
		[{fuses: crystal, ownBackup: true}, {did: 'erase'}, 'clock-unverified'],
		[{lock: 0xfc}, {did: 'lock', value: 0xfc}, 'lock-bits'],
	];
	for (const [start, line, risk] of asked) {
		const {bench, result} = await fromJournal(start, {did: 'erase'}, {did: 'erased'}, line);
		assertFailed(result);
		assert.equal(result.error.kind, 'ConsentMissing', result.error.message);
		assert.deepEqual(result.error.risks, [risk]);
		assert.deepEqual(bench.chip.events, []);
		// Given in its own list, it holds.
		const given = await fromJournal({...start, accepted: [risk]}, {did: 'erase'}, {did: 'erased'}, line);
		assertDone(given.result);
	}
});

test('what the plan to go on takes as accepted is what was accepted then', async () => {
	const {found} = await cut({pages: 17});
	assert.deepEqual([...found.plan.accepted].sort(), [...plan.accepted].sort());
});

test('a fresh chip in place of the one that was half written got the EEPROM of another board', async () => {
	const {bench, found} = await cut({pages: 17});
	const other = board({
		flash: new Uint8Array(chip.flash.bytes).fill(0xff),
		eeprom: new Uint8Array(chip.eeprom.bytes).fill(0xff),
	});
	const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['same-board']);
	assert.equal(other.touched(), false);
	assert.equal(parseJournal(bench.store.files.get(found.path)!).length > 2, true);
});

test('a fuse repair that goes on wrote fuses and EEPROM of another board', async () => {
	const {image: _image, ...rest} = plan;
	const repair: RecoveryPlan = {
		...rest,
		erase: false,
		fuses: {...fuses, low: 0xdf, high: 0xd9},
		accepted: new Set(riskNames.filter(risk => risk !== 'same-board')),
	};
	const {bench, found} = await cut({changes: 1}, 'link', repair);
	const spoiled = bench.chip.dump().fuses;
	const other = createBench('healthy', {
		seed: 7,
		change: {programmer: 'usbasp', chip: chip.id, expectedChip: chip.id, content: 'used', fuses: spoiled},
	});
	const before = other.chip.dump();
	const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['same-board'], result.error.message);
	assert.deepEqual(other.chip.dump(), before);
	const right = await run(bench, found.plan, {path: found.path});
	assertDone(right.result);
	assert.equal(right.result.writtenBytes, 0);
});

test('another chip as delivered, locked, was erased in place of the one that was unlocked already', async () => {
	const factory = () =>
		createBench('healthy', {
			change: {
				programmer: 'usbasp',
				chip: chip.id,
				expectedChip: chip.id,
				content: 'used',
				fuses,
				lock: 0xec,
			},
		});
	const {bench, found} = await cut(
		{pages: 5},
		'link',
		{...plan, accepted: new Set<RiskName>([...plan.accepted, 'no-backup'])},
		factory(),
	);
	const other = factory();
	const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
	assertFailed(result);
	assert.equal(result.error.kind, 'OtherBoard');
	assert.equal(other.touched(), false);
	assertDone((await run(bench, found.plan, {path: found.path})).result);
});

test('a line torn by a full disk threw away all that came after it', async () => {
	for (const torn of ['"did":"erased"', '"did":"pages","pages":3}', '"did":"verified"', '"did":"eeprom"']) {
		const bench = board();
		const before = bench.chip.dump();
		let once = false;
		const store = {
			...bench.store,
			appendLine: async (name: string, line: string) => {
				const files = filesOf(bench);
				if (!once && line.includes(torn)) {
					once = true;
					files.set(name, `${files.get(name)}${line.slice(0, 9)}\n`);
					throw new Error('ENOSPC');
				}
				await bench.store.appendLine(name, line);
			},
		};
		const wiring = bench.wiring as {transfer: Bench['wiring']['transfer']};
		const {transfer} = wiring;
		let done = false;
		wiring.transfer = (value, sckHz) => {
			const got = transfer(value, sckHz);
			if (!done && bench.chip.events.some(event => event.what === 'fuse')) {
				done = true;
				bench.cutNow('power');
			}
			return got;
		};
		const wanted = {...plan, fuses: {...fuses, low: 0xef}};
		assertFailed((await run(bench, wanted, {store})).result);
		assert.ok(once && done, torn);
		bench.restore();
		const found = (await findInterrupted(bench.store))!;
		assert.equal(found.stage, 'while writing the low fuse', torn);
		assert.equal(found.plan.resume?.erased, true, torn);
		const before2 = bench.chip.events.length;
		assertDone((await run(bench, found.plan, {path: found.path})).result);
		assert.ok(!bench.chip.events.slice(before2).some(event => event.what === 'erase'), torn);
		assert.deepEqual(bench.chip.dump().eeprom, before.eeprom);
		assert.equal(bench.chip.dump().fuses.low, 0xef);
	}
});

test('pages before a line that cannot be read are not proven; an erase after it counts', async () => {
	const {bench, found} = await cut({pages: 17});
	const text = filesOf(bench).get(found.path)!;
	const given = async (more: string) => {
		filesOf(bench).set(found.path, text + more);
		const {stage, plan: next} = (await findInterrupted(bench.store))!;
		return {stage, erased: next.resume?.erased, pages: next.resume?.pages, scattered: next.resume?.scattered};
	};
	assert.deepEqual(await given('{"did":"polished"}\n'), {
		stage: 'at a moment that its journal does not tell',
		erased: true,
		pages: 0,
		scattered: true,
	});
	assert.equal((await given('{"did":"polished"}\n{"did":"pages","pages":20}\n')).pages, 20);
	assert.equal((await given('{"did":"pa\n{"did":"verified"}\n')).pages, 'all');
	assert.equal(
		(await given('{"did":"verified"}\n{"did":"ee\n{"did":"fuse","fuse":"low","value":255}\n')).pages,
		0,
	);
	const erase = await given('{"did":"pa\n{"did":"erase"}\n');
	assert.deepEqual([erase.stage, erase.erased], ['during the chip erase', false]);
	// What a power cut tore was never acted upon.
	assert.equal((await given('{"did":"pa')).scattered, undefined);
});

const without = (what: RecoveryPlan): RecoveryPlan => ({
	...what,
	backup: 'none',
	accepted: new Set<RiskName>([...what.accepted, 'no-backup', 'eesave']),
});
const half = (bytes: number, seed: number) => {
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(pattern(bytes, seed));
	return flash;
};
const added: RecoveryPlan = {
	...plan,
	erase: false,
	image: createImage([{byteAddress: 0x4000, data: pattern(4_000, 7)}]),
};

for (const where of [{pages: 2}, {pages: 12}, {pages: 20}]) {
	for (const backed of [true, false]) {
		test(`going on without an erase wrote another board: page ${where.pages}, ${backed ? 'with' : 'without'} a backup`, async () => {
			const what = backed ? added : without(added);
			const {bench, found} = await cut(where, 'link', what, board({flash: half(9_000, 3)}));
			const other = board({seed: 9, flash: half(12_000, 9)});
			const before = other.chip.dump();
			const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
			assertFailed(result);
			assert.match(result.error.kind, /^(OtherBoard|ConsentMissing)$/);
			if (result.error.kind === 'ConsentMissing') assert.deepEqual(result.error.risks, ['same-board']);
			assert.deepEqual(other.chip.dump(), before);
			// The same flash, another EEPROM: asked.
			if (backed) {
				const twin = board({seed: 9, flash: half(9_000, 3)});
				const asked = await run(twin, found.plan, {store: bench.store, path: found.path});
				assertFailed(asked.result);
				assert.deepEqual(asked.result.error.risks, ['same-board']);
				assertDone((await run(bench, found.plan, {path: found.path})).result);
			}
		});
	}
}

test('fuses alone without a backup: nothing proves the board, so it is asked', async () => {
	const {image: _image, ...rest} = without(plan);
	const repair: RecoveryPlan = {
		...rest,
		erase: false,
		fuses: {...fuses, high: 0xd9},
		accepted: new Set(riskNames.filter(risk => risk !== 'same-board')),
	};
	const {bench, found} = await cut({changes: 0}, 'wires', repair);
	const other = board({seed: 9});
	const before = other.chip.dump();
	const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['same-board']);
	assert.deepEqual(other.chip.dump(), before);
});

/** Both halves of a keyboard cut off, the left one first; journals of both in one store. */
async function halves(left: number, right: number, rightIso = '2026-01-02T00:20:00.000Z') {
	const [a, b] = [board({seed: 1}), board({seed: 2})];
	let iso = '2026-01-02T00:10:00.000Z';
	const store = {...a.store, nowIso: () => iso};
	a.cutAfter({pages: left}, 'link');
	await run(a, plan, {store});
	a.restore();
	iso = rightIso;
	b.cutAfter({pages: right}, 'link');
	await run(b, plan, {store});
	b.restore();
	const all = await listInterrupted(store);
	assert.equal(all.length, 2);
	return {a, b, store, all};
}

for (const [left, right, rightIso] of [
	[17, 17],
	[1, 3],
	[17, 25],
	[32, 17],
	[5, 30],
	[17, 17, '2026-01-02T00:10:00.000Z'],
	[3, 17, '2026-01-01T00:00:00.000Z'],
] as const) {
	test(`one half of a keyboard got the EEPROM of the other: ${left}, ${right}, ${rightIso ?? 'in order'}`, async () => {
		const {a, b, store, all} = await halves(left, right, rightIso);
		for (const bench of [a, b]) {
			const before = bench.chip.dump();
			const own = board({seed: bench === a ? 1 : 2}).chip.dump().eeprom;
			const {result} = await run(bench, all[0]!.plan, {store, path: all[0]!.path});
			if (result.ok) {
				assert.deepEqual(bench.chip.dump().eeprom, own);
				continue;
			}
			if (result.error.kind === 'OtherBoard') continue;
			assert.deepEqual(result.error.risks, ['same-board'], result.error.message);
			assert.deepEqual(bench.chip.dump(), before);
			// What its own journal does not explain is asked about anyhow.
			if (/Nothing proves/.test(result.error.likely.join(' '))) {
				assert.match(result.error.likely.join(' '), new RegExp(`fits ${all[1]!.path}`));
				continue;
			}
			for (const {path, plan: waiting} of all) {
				assert.match(result.error.likely.join(' '), new RegExp(path));
				assert.match(result.error.likely.join(' '), new RegExp(waiting.resume!.backup!));
			}
		}
	});
}

for (const [what, its, page] of [
	['by its flash', fuses, 200],
	['by its fuses', {...fuses, high: 0xd9}, 17],
] as const) {
	test(`another board, ${what}: that another waiting recovery fits it was not said`, async () => {
		const a = board();
		const b = createBench('healthy', {
			seed: 2,
			change: {programmer: 'usbasp', chip: chip.id, expectedChip: chip.id, content: 'used', fuses: its},
		});
		let iso = '2026-01-02T00:10:00.000Z';
		const store = {...a.store, nowIso: () => iso};
		a.cutAfter({pages: page}, 'link');
		await run(a, {...plan, image: large}, {store});
		a.restore();
		iso = '2026-01-02T00:20:00.000Z';
		b.cutAfter({pages: page}, 'link');
		const theirs = createImage([{byteAddress: 0, data: pattern(28_672, 11)}]);
		await run(b, {...plan, image: theirs, fuses: 'keep'}, {store});
		const [latest, first] = await listInterrupted(store);
		const before = a.chip.dump();
		const {result} = await run(a, latest!.plan, {store, path: latest!.path});
		assertFailed(result);
		assert.equal(result.error.kind, 'OtherBoard');
		assert.deepEqual(a.chip.dump(), before);
		assert.match(
			result.error.next.join(' '),
			new RegExp(
				`fits another recovery that was interrupted.*recover --resume ${first!.path.replace('.jsonl', '')}\\b`,
			),
		);
		// Where none fits, none is named.
		const none = board({seed: 7});
		const {result: strange} = await run(none, latest!.plan, {store, path: latest!.path});
		assertFailed(strange);
		assert.doesNotMatch(strange.error.next.join(' '), /fits another/);
		assertDone((await run(a, first!.plan, {store, path: first!.path})).result);
	});
}

test('pages that only one of two waiting recoveries can have written prove it: nothing is asked', async () => {
	const {b, store, all} = await halves(3, 17);
	const {eeprom} = board({seed: 2}).chip.dump();
	assertDone((await run(b, all[0]!.plan, {store, path: all[0]!.path})).result);
	assert.deepEqual(b.chip.dump().eeprom, eeprom);
});

test('the same command twice set the true backup aside: it is known by its digest', async () => {
	const bench = board();
	const {eeprom} = bench.chip.dump();
	const named: RecoveryPlan = {...plan, backup: {path: 'mine.json'}};
	const {found} = await cut({pages: 17}, 'link', named, bench);
	const whole = bench.store.files.get('mine.json')!;
	bench.cutAfter({transfers: Number.POSITIVE_INFINITY}, 'link');
	assertDone((await run(bench, named)).result);
	assert.notEqual(bench.store.files.get('mine.json'), whole);
	const now = (await findInterrupted(bench.store))!;
	assert.equal(now.path, found.path);
	assert.equal(now.problem, undefined);
	assert.equal(now.plan.resume!.backup, 'mine-2.json');
	assertDone((await run(bench, now.plan, {path: now.path})).result);
	assert.deepEqual(bench.chip.dump().eeprom, eeprom);
});

test('another backup under the name of the right one, and that nowhere: told, and asked', async () => {
	const {bench, found} = await cut({pages: 17}, 'link', {...plan, backup: {path: 'mine.json'}});
	const whole = bench.store.files.get('mine.json')!;
	const text = bench.store.files.get(found.path)!;
	assert.match(text, /"backupSha256":"[0-9a-f]{64}"/);
	const later = {...parseBackup(whole, 'mine.json'), eeprom: new Uint8Array(chip.eeprom.bytes).fill(0xff)};
	filesOf(bench).set('mine.json', printBackup(later));
	const lost = (await findInterrupted(bench.store))!;
	assert.match(lost.problem ?? '', /mine\.json is not the backup that this recovery made/);
	const {result} = await run(bench, lost.plan, {path: lost.path});
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['backup-lost']);
	// A journal of an older version has no digest.
	filesOf(bench).set(found.path, text.replace(/"backupSha256":"[0-9a-f]{64}",/, ''));
	const old = (await findInterrupted(bench.store))!;
	assert.equal(old.problem, undefined);
	assertDone((await run(bench, old.plan, {path: old.path})).result);
});

test('a locked board in place of one cut at its fuses was erased without a word and without a backup', async () => {
	const wanted = {...fuses, high: 0xd9};
	const what: RecoveryPlan = {...plan, fuses: wanted, accepted: new Set(riskNames)};
	const probe = board();
	await run(probe, what);
	const at = probe.chip.events.findIndex(event => event.what === 'fuse');
	const {bench, found} = await cut({changes: at}, 'link', {
		...what,
		accepted: new Set(riskNames.filter(risk => risk !== 'no-backup' && risk !== 'same-board')),
	});
	assert.match(found.stage, /while writing the high fuse/);
	for (const lock of [0xec, 0xfc]) {
		const other = createBench('healthy', {
			seed: 7,
			change: {programmer: 'usbasp', chip: chip.id, expectedChip: chip.id, content: 'used', fuses, lock},
		});
		const {result} = await run(other, found.plan, {store: bench.store, path: found.path});
		assertFailed(result);
		assert.equal(result.error.kind, 'ConsentMissing');
		assert.deepEqual(result.error.risks, ['no-backup', 'same-board']);
		assert.match(result.error.likely.join(), /its lock bits forbid reading/);
		assert.equal(result.chipState, 'untouched');
		assert.equal(result.backup, null, 'the backup of another board is not named');
		assert.deepEqual(other.chip.events, []);
	}
	assertDone((await run(bench, found.plan, {path: found.path})).result);
});

test('a journal edited by hand made the chip write RSTDISBL or DWEN', async () => {
	for (const high of [0x5f, 0x9f]) {
		const before = {...tinyFuses, high};
		const {bench, result} = await fromJournal(
			{before, fuses: before, accepted: riskNames.filter(risk => risk !== 'same-board')},
			{did: 'erase'},
			{did: 'erased'},
			{did: 'fuse', fuse: 'high', value: tinyFuses.high},
		);
		assertFailed(result);
		assert.equal(result.error.kind, 'FuseRefused');
		assert.deepEqual(bench.chip.events, []);
	}
});

test('--verify none: flash that was never read was called written and verified', async () => {
	const what: RecoveryPlan = {...plan, fuses: 'keep', verify: 'none'};
	const bench = board();
	bench.cutAfter({pages: 12}, 'power');
	const {result} = await run(bench, what);
	assertFailed(result);
	assert.equal(result.chipState, 'partly-written');
	bench.restore();
	const found = (await findInterrupted(bench.store))!;
	assert.match(found.stage, /while writing page/);
	assertDone((await run(bench, found.plan, {path: found.path})).result);
	const whole = board();
	const good = await run(whole, what);
	assertDone(good.result);
	assert.equal(good.result.chipState, 'written');
	assert.equal(good.result.verifiedBytes, 0);
	// Lock bits go over a flash that was read back only.
	const locked = await run(board(), {...what, lock: 0xfc, accepted: new Set(riskNames)});
	assertDone(locked.result);
	assert.ok(locked.warnings.has('verify-needed'));
	assert.ok(locked.result.verifiedBytes > 0);
});

test('after a resume past a fuse write the fuses were called as they were, and a flash erased since whole', async () => {
	const what: RecoveryPlan = {
		...plan,
		fuses: {...fuses, high: 0xd9},
		lock: 0xfc,
		accepted: new Set(riskNames),
	};
	const probe = board();
	await run(probe, what);
	const gone: RecoverDeps['connect'] = async () => {
		throw new UnbrickError({kind: 'DeviceMissing', what: 'The programmer'});
	};
	const lockAt = probe.chip.events.findIndex(event => event.what === 'lock');
	const {bench, found} = await cut({changes: lockAt}, 'link', what);
	assert.match(found.stage, /while writing the lock bits/);
	const early = await run(bench, found.plan, {path: found.path, connect: gone});
	assert.equal(early.result.chipState, 'written-and-fused');
	// Locked, so it is erased once more: and that run is cut while it writes.
	const going = {...found.plan, accepted: new Set(riskNames)};
	bench.cutAfter({changes: bench.chip.events.length + 4}, 'link');
	assertFailed((await run(bench, going, {path: found.path})).result);
	bench.restore();
	const waiting = (await findInterrupted(bench.store))!;
	assert.match(waiting.stage, /while writing page/);
	const third = await run(bench, waiting.plan, {path: waiting.path, connect: gone});
	assertFailed(third.result);
	assert.equal(third.result.chipState, 'partly-written');
	assert.match(third.result.stateNote ?? '', /Fuse or lock bytes have been written/);
	const last = await run(bench, waiting.plan, {path: waiting.path});
	assertDone(last.result);
	assert.equal(last.result.chipState, 'written-and-fused');
});

test('an erase cut short was called empty; early in a journal everything was called partly written', async () => {
	const {bench, found, first} = await cut({changes: 0}, 'power');
	assertFailed(first);
	assert.equal(first.chipState, 'erased');
	assert.match(describeChipState('erased'), /or its erase was cut short/);
	const gone: RecoverDeps['connect'] = async () => {
		throw new UnbrickError({kind: 'DeviceMissing', what: 'The programmer'});
	};
	assert.equal((await run(bench, found.plan, {path: found.path, connect: gone})).result.chipState, 'erased');
});

test('an EEPROM byte that a disturbed instruction wrote in the link test before the fuses stayed, under "done"', async () => {
	const bench = board();
	const {eeprom} = bench.chip.dump();
	assert.notEqual(eeprom[0], 0);
	let hits = () => 0;
	const {result, warnings} = await run(
		bench,
		{...plan, fuses: {...fuses, high: 0xd9}, accepted: new Set(riskNames)},
		{
			hear(event) {
				if (event.type !== 'phase' || event.phase !== 'fuses') return;
				// 50 00 00 00, a question, arrives as C0 00 00 00.
				const flip = {at: [0x50, 0x00, 0x00, 0x00], byte: 0} as const;
				({hits} = flipBits(bench, {...flip, bit: 7}, {...flip, bit: 4}));
			},
		},
	);
	assert.equal(hits(), 2);
	assertDone(result);
	assert.ok(warnings.has('eeprom-repaired'));
	assert.deepEqual(bench.chip.dump().eeprom, eeprom);
});

test('a backup that went after its receipt: the chip was erased all the same; now it is not', async () => {
	const bench = board();
	const {result} = await run(bench, plan, {
		hear(event) {
			if (event.type === 'phase' && event.phase === 'erase') filesOf(bench).clear();
		},
	});
	assertFailed(result);
	assert.equal(result.error.kind, 'NotSaved');
	assert.equal(result.chipState, 'untouched');
	assert.deepEqual(bench.chip.events, []);
});
