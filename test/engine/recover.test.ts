// The recovery against the practice bench: how each scenario ends, what is refused and when, what is left after a cut.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {type BenchOptions, createBench, scenarios} from '../../src/bench/bench.ts';
import {findBoard} from '../../src/engine/boards/index.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind, type RiskName, UnbrickError} from '../../src/engine/errors.ts';
import {parseBackup} from '../../src/engine/image/backup-file.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {IspLink} from '../../src/engine/isp/link.ts';
import {backup} from '../../src/engine/procedures/backup.ts';
import {checkPlan} from '../../src/engine/procedures/check-plan.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import {
	createJournal,
	describeStage,
	findInterrupted,
	parseJournal,
	printEntry,
} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {probe} from '../../src/engine/procedures/probe.ts';
import {type RecoverDeps, recover} from '../../src/engine/procedures/recover.ts';
import {planRestore} from '../../src/engine/procedures/restore.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {createStk500v1} from '../../src/engine/protocols/stk500v1/driver.ts';
import type {ByteStream} from '../../src/engine/transports.ts';

const chip = findChip('atmega32u4')!;
const board = findBoard('promicro_5v')!;
const caterina = {low: 0xff, high: 0xd8, extended: 0xcb};
const bytesOf = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);
/** An application and something in the boot section at 0x7000. */
const production = createImage([
	{byteAddress: 0, data: bytesOf(1000, 7)},
	{byteAddress: 0x7000, data: bytesOf(1500, 11)},
]);
const application = createImage([{byteAddress: 0, data: bytesOf(2000, 13)}]);

type Bench = ReturnType<typeof createBench>;
type Programmer = 'arduino-isp' | 'avrisp';
const bench = (name: string, programmer: Programmer = 'avrisp', options: BenchOptions = {}) =>
	createBench(name, {...options, change: {programmer, ...options.change}});

function planOf(change: Partial<RecoveryPlan> & {accept?: readonly RiskName[]} = {}): RecoveryPlan {
	const {accept = [], ...rest} = change;
	return {
		programmer: 'avrisp',
		chip,
		board,
		image: production,
		imageName: 'production.hex',
		fuses: caterina,
		backup: 'auto',
		erase: true,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set(accept),
		sck: 'auto',
		...rest,
	};
}

function depsOf(
	on: Bench,
	change: Partial<RecoverDeps> & {wrap?: (stream: ByteStream) => ByteStream} = {},
): RecoverDeps {
	const {wrap = stream => stream, ...rest} = change;
	const programmer: Programmer = on.scenario.programmer === 'arduino-isp' ? 'arduino-isp' : 'avrisp';
	return {
		async connect() {
			const stream = wrap(await on.world.openSerial(on.port!, {baud: 19_200}));
			return createIspTarget(createStk500v1(stream, on.clock, {programmer, baud: 19_200}), {
				clock: on.clock,
				board,
			});
		},
		store: on.store,
		clock: on.clock,
		...rest,
	};
}

/** Runs to the end; exactly one result, and it is the last event. */
async function collect(events: AsyncGenerator<RecoverEvent, void>) {
	const seen: RecoverEvent[] = [];
	for await (const event of events) seen.push(event);
	const results = seen.filter((event): event is RecoverResult => event.type === 'result');
	assert.equal(results.length, 1);
	const result = results[0]!;
	assert.equal(seen.at(-1), result);
	return {
		seen,
		result,
		phases: seen.flatMap(event => (event.type === 'phase' ? [event.phase] : [])),
		warnings: seen.flatMap(event => (event.type === 'warning' ? [event.code] : [])),
	};
}
const run = (on: Bench, plan: RecoveryPlan, deps: Parameters<typeof depsOf>[1] = {}) =>
	collect(recover(plan, depsOf(on, deps)));

function assertFailed(result: RecoverResult): asserts result is Extract<RecoverResult, {ok: false}> {
	assert.equal(result.ok, false, JSON.stringify(result));
}
function assertDone(result: RecoverResult): asserts result is Extract<RecoverResult, {ok: true}> {
	assert.equal(result.ok, true, JSON.stringify(result));
}

function assertHolds(on: Bench, image: MemoryImage, fuses: typeof caterina) {
	const dump = on.chip.dump();
	const wrong = dump.flash.findIndex((byte, at) => byte !== (image.at(at) ?? 0xff));
	assert.equal(wrong, -1, `flash differs at ${wrong}`);
	assert.deepEqual(dump.fuses, {...fuses, extended: fuses.extended | 0xf0});
	assert.deepEqual(on.violations, []);
	assert.equal(on.chip.enabled(), false);
}

for (const programmer of ['arduino-isp', 'avrisp'] as const) {
	test(`${programmer}: every scenario ends as it says`, async () => {
		for (const scenario of scenarios) {
			if (scenario.programmer !== undefined && !['arduino-isp', 'avrisp'].includes(scenario.programmer))
				continue;
			const on = bench(scenario.name, programmer);
			const expected = findChip(scenario.expectedChip)!;
			const isU4 = expected.id === 'atmega32u4';
			const {result} = await run(
				on,
				planOf({
					programmer,
					chip: expected,
					fuses: isU4 ? caterina : 'keep',
					image: isU4 ? production : createImage([{byteAddress: 0, data: bytesOf(expected.flash.bytes, 3)}]),
				}),
			);
			if (scenario.ends.ok) {
				assertDone(result);
				assertHolds(on, production, caterina);
				continue;
			}
			assertFailed(result);
			assert.ok(scenario.ends.errors.includes(result.error.kind), `${scenario.name}: ${result.error.kind}`);
			assert.equal(result.chipState, scenario.ends.chipState, scenario.name);
			if (result.chipState === 'untouched') assert.equal(on.touched(), false, scenario.name);
			assert.ok(result.error.next.length > 0);
			assert.ok(
				result.seconds < (result.chipState === 'untouched' ? 10 : 300),
				`${scenario.name}: ${result.seconds} s`,
			);
		}
	});
}

test('a blank RC part comes back: phases in order, nothing written before the backup, fuses after the verify', async () => {
	const on = bench('factory-rc', 'avrisp', {change: {content: 'used'}});
	const before = on.chip.dump();
	const {seen, result, phases, warnings} = await run(on, planOf());
	assertDone(result);
	assert.deepEqual(phases, [
		'connect',
		'identify',
		'backup',
		'erase',
		'write',
		'verify',
		'eeprom',
		'fuses',
		'leave',
	]);
	assertHolds(on, production, caterina);
	assert.deepEqual(on.chip.dump().eeprom, before.eeprom, 'the erase took the EEPROM, it was written back');
	assert.equal(result.imageBytes, 2500);
	assert.equal(result.writtenBytes, 1024 + 1536);
	// The pages sent and the whole boot section.
	assert.equal(result.verifiedBytes, 1024 + 4096);
	assert.deepEqual(result.fuses, {low: '0xff', high: '0xd8', extended: '0xfb'});
	assert.deepEqual(result.wanted, {low: '0xff', high: '0xd8', extended: '0xcb'});
	assert.ok(warnings.includes('do-not-unplug'));
	const taken = parseBackup(on.store.files.get(result.backup!)!, 'backup');
	assert.deepEqual(taken.flash, before.flash);
	assert.deepEqual(taken.eeprom, before.eeprom);
	assert.deepEqual(taken.fuses, {low: 0x52, high: 0x99, extended: 0xfb});
	// Extended is the same under its mask; then high, then low, back to back.
	const fuses = on.chip.events.filter(event => event.what === 'fuse');
	assert.deepEqual(
		fuses.map(event => event.fuse),
		['high', 'low'],
	);
	const lastPage = on.chip.events.findLastIndex(event => event.what === 'page' || event.what === 'eeprom');
	assert.ok(on.chip.events.indexOf(fuses[0]!) > lastPage);
	const identity = seen.find(event => event.type === 'identity');
	assert.deepEqual(identity, {
		type: 'identity',
		signature: '1e9587',
		chip: 'atmega32u4',
		fuses: {low: '0x52', high: '0x99', extended: '0xfb'},
		lock: '0xff',
		sckHz: 125_000,
	});
});

test('a plain part as delivered: its lock is told, and nothing happens without a word', async () => {
	const on = bench('locked');
	const refused = await run(on, planOf());
	assertFailed(refused.result);
	assert.deepEqual(
		[refused.result.error.kind, refused.result.error.risks, refused.result.chipState],
		['ConsentMissing', ['no-backup'], 'untouched'],
	);
	assert.ok(refused.warnings.includes('factory-lock'));
	assert.equal(on.touched(), false);
	const accepted = await run(on, planOf({accept: ['no-backup']}));
	assertDone(accepted.result);
	assert.equal(accepted.result.backup, null);
	assertHolds(on, production, caterina);
	// `--backup none` is the same word.
	const again = bench('locked');
	assertDone((await run(again, planOf({backup: 'none'}))).result);
});

test('what can be known without hardware is said before anything is opened', async () => {
	const never: RecoverDeps['connect'] = async () => assert.fail('opened');
	const on = bench('healthy');
	const tooLarge = createImage([{byteAddress: 0x7fff, data: bytesOf(2, 3)}]);
	for (const [kind, plan] of [
		['ImageTooLarge', planOf({image: tooLarge, fuses: {...caterina, low: 0xc1}})],
		['BadHex', planOf({image: createImage([])})],
		// RSTDISBL on a U2: the U4's 0x99 in the wrong place.
		[
			'FuseRefused',
			planOf({
				chip: findChip('at90usb162')!,
				image: application,
				fuses: {low: 0x5e, high: 0x99, extended: 0xf4},
			}),
		],
		['ConsentMissing', planOf({lock: 0xfc})],
		['ConsentMissing', planOf({fuses: {...caterina, high: 0xc8}})],
	] as const) {
		const {board: _board, ...bare} = plan;
		const {result} = await collect(
			recover(plan.chip === chip ? plan : bare, {...depsOf(on), connect: never}),
		);
		assertFailed(result);
		assert.equal(result.error.kind, kind);
		assert.equal(result.chipState, 'untouched');
	}
	assert.throws(
		() => checkPlan(planOf({lock: 0xfc})),
		error => isKind(error, 'ConsentMissing') && error.facts.risks.includes('lock-bits'),
	);
	// Refused is refused, whatever was accepted.
	assert.throws(
		() =>
			checkPlan(
				planOf({fuses: {...caterina, high: 0xf8}, accept: ['bootrst', 'hwbe', 'bootsz', 'clock-source']}),
			),
		error => isKind(error, 'FuseRefused'),
	);
});

test('a bare application over a board that boots by its loader needs a word', async () => {
	const on = bench('healthy', 'avrisp', {
		flash: (() => {
			const flash = new Uint8Array(32_768).fill(0xff);
			flash.set(bytesOf(1000, 17), 0x7000);
			return flash;
		})(),
	});
	const plan = planOf({image: application, fuses: 'keep'});
	const {result} = await run(on, plan);
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['loses-bootloader']);
	assert.equal(on.touched(), false);
	assertDone((await run(on, {...plan, accepted: new Set<RiskName>(['loses-bootloader'])})).result);
	// Where there is no loader nothing is lost.
	const blank = bench('healthy', 'avrisp', {change: {content: 'blank'}});
	assertDone((await run(blank, plan)).result);
});

test('an application that grew over the border of the boot section is no bootloader', async () => {
	// Code in the middle of a function where the loader's vectors were.
	const grown = createImage([{byteAddress: 0, data: bytesOf(0x7200, 13)}]);
	const on = bench('healthy', 'avrisp', {flash: bytesOf(32_768, 5)});
	const {result} = await run(on, planOf({image: grown, fuses: 'keep'}));
	assertFailed(result);
	assert.deepEqual([result.error.kind, result.error.risks], ['ConsentMissing', ['loses-bootloader']]);
	assert.equal(on.touched(), false);
});

test('no backup and an EEPROM with content: the erase needs a word for it', async () => {
	const on = bench('healthy');
	const {result} = await run(on, planOf({backup: 'none'}));
	assertFailed(result);
	assert.deepEqual(result.error.risks, ['eesave']);
	assert.equal(on.touched(), false);
	assertDone((await run(on, planOf({backup: 'none', accept: ['eesave']}))).result);
	const blank = bench('factory-rc');
	assertDone((await run(blank, planOf({backup: 'none'}))).result);
});

test('no receipt, no erase', async () => {
	const on = bench('healthy');
	const {result} = await run(on, planOf(), {
		store: {
			...on.store,
			async writeDurably() {
				throw new Error('the disk is full');
			},
		},
	});
	assertFailed(result);
	assert.equal(result.chipState, 'untouched');
	assert.match(result.error.message, /disk is full/);
	assert.equal(on.touched(), false);
	assert.equal(on.chip.enabled(), false);
});

test('the fuse-repair plan writes fuses alone, and a locked chip ends it', async () => {
	const on = bench('healthy', 'avrisp', {
		change: {fuses: {low: 0x5e, high: 0xd9, extended: 0xf3}, content: 'blank'},
	});
	const {image: _image, imageName: _name, ...plan} = planOf({accept: ['bootrst', 'hwbe']});
	const {result, phases} = await run(on, {...plan, erase: false});
	assertDone(result);
	assert.deepEqual(phases, ['connect', 'identify', 'backup', 'fuses', 'leave']);
	assert.deepEqual(on.chip.dump().fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
	assert.ok(on.chip.events.every(event => event.what === 'fuse'));
	assert.equal(result.chipState, 'written-and-fused');
	const locked = bench('locked');
	const refused = await run(locked, {...plan, erase: false});
	assertFailed(refused.result);
	assert.equal(refused.result.error.kind, 'Locked');
	assert.equal(locked.touched(), false);
});

test('keep leaves the fuses as they were, and fuses that agree under the mask are not written', async () => {
	for (const fuses of ['keep', {...caterina, extended: 0x0b}] as const) {
		const on = bench('healthy');
		const {result, phases} = await run(on, planOf({fuses}));
		assertDone(result);
		assert.ok(!phases.includes('fuses'));
		assert.equal(result.chipState, 'written');
		assertHolds(on, production, caterina);
	}
});

test('full verification reads everything, none says that nothing is known, but never before fuses', async () => {
	const full = await run(bench('healthy'), planOf({verify: 'full', fuses: 'keep'}));
	assertDone(full.result);
	assert.equal(full.result.verifiedBytes, 32_768);
	const none = await run(bench('healthy'), planOf({verify: 'none', fuses: 'keep'}));
	assertDone(none.result);
	assert.equal(none.result.verifiedBytes, 0);
	assert.ok(none.warnings.includes('not-verified'));
	const fused = await run(bench('factory-rc'), planOf({verify: 'none'}));
	assertDone(fused.result);
	assert.ok(fused.result.verifiedBytes > 0);
	assert.ok(fused.warnings.includes('verify-needed'));
});

test('lock bits come last and are read back', async () => {
	const on = bench('healthy');
	const {result, phases} = await run(on, planOf({lock: 0x2f}));
	assertDone(result);
	assert.equal(result.lock, '0xef');
	assert.deepEqual(phases.slice(-2), ['lock', 'leave']);
	assert.equal(on.chip.events.at(-1)?.what, 'lock');
	assert.equal(result.chipState, 'written-and-fused');
});

test('without an erase, over old content that is in the way: refused before a byte is written', async () => {
	for (const backup of ['auto', 'none'] as const) {
		const on = bench('healthy');
		const {result} = await run(on, planOf({erase: false, fuses: 'keep', backup, image: application}));
		assertFailed(result);
		assert.deepEqual([result.error.kind, result.chipState], ['Refused', 'untouched']);
		assert.match(result.error.message, /0x000\d holds .*only an erase/);
		assert.equal(on.touched(), false);
	}
	const fits = await run(bench('factory-rc'), planOf({erase: false, fuses: 'keep'}));
	assertDone(fits.result);
});

test('a lock byte alone is no untouched chip, and one that cannot come back is refused before it is written', async () => {
	const on = bench('healthy');
	const {image: _image, imageName: _name, ...rest} = planOf({accept: ['lock-bits']});
	const fuseRepair: RecoveryPlan = {...rest, fuses: 'keep', erase: false};
	const set = await run(on, {...fuseRepair, lock: 0xef});
	assertDone(set.result);
	assert.deepEqual([set.result.lock, set.result.chipState], ['0xef', 'written-and-fused']);
	const before = on.chip.events.length;
	const {result} = await run(on, {...fuseRepair, lock: 0xff});
	assertFailed(result);
	assert.deepEqual([result.error.kind, result.chipState], ['Locked', 'untouched']);
	assert.equal(on.chip.events.length, before, 'nothing was written');
});

test('stopping: after the page, with the state said; in the fuses only when they are done', async () => {
	for (const phase of ['backup', 'write', 'verify', 'eeprom'] as const) {
		const on = bench('factory-rc', 'avrisp', {change: {content: 'used'}});
		const {cancel, request} = createCancel();
		const seen: RecoverEvent[] = [];
		for await (const event of recover(planOf(), depsOf(on, {cancel}))) {
			seen.push(event);
			if (event.type === 'progress' && event.phase === phase) request();
		}
		const result = seen.at(-1) as RecoverResult;
		assertFailed(result);
		assert.equal(result.error.kind, 'Cancelled');
		assert.equal(
			result.chipState,
			{backup: 'untouched', write: 'partly-written', verify: 'partly-written', eeprom: 'written'}[phase],
		);
		assert.equal(on.chip.enabled(), false);
		assert.deepEqual(on.violations, []);
	}
	const on = bench('factory-rc');
	const {cancel, request} = createCancel();
	let last: RecoverEvent | undefined;
	for await (const event of recover(planOf(), depsOf(on, {cancel}))) {
		last = event;
		if (event.type === 'progress' && event.phase === 'fuses') request();
	}
	assert.ok(last?.type === 'result' && last.ok);
	assertHolds(on, production, caterina);
});

test('a listener that goes away leaves the chip out of reset', async () => {
	const on = bench('healthy');
	for await (const event of recover(planOf(), depsOf(on))) {
		if (event.type === 'progress' && event.phase === 'write' && event.doneBytes > 300) break;
	}
	assert.equal(on.chip.enabled(), false);
	assert.deepEqual(on.violations, []);
});

/** A small chip, for what is run many times: 8 KB, boot section at 0x1000, the same clock and fuse logic. */
const small = findChip('atmega8u2')!;
const smallFuses = {low: 0xff, high: 0xd8, extended: 0xf4};
const smallImage = createImage([
	{byteAddress: 0, data: bytesOf(300, 7)},
	{byteAddress: 0x1000, data: bytesOf(600, 11)},
]);
const smallChange = {
	chip: 'atmega8u2',
	expectedChip: 'atmega8u2',
	content: 'used',
	fuses: {low: 0x5e, high: 0xd9, extended: 0xf4},
} as const;
function smallPlan(change: Partial<RecoveryPlan> = {}): RecoveryPlan {
	const {board: _board, ...plan} = planOf({chip: small, image: smallImage, fuses: smallFuses});
	return {...plan, accepted: new Set<RiskName>(['clock-source', 'clock-unverified', 'bootrst']), ...change};
}
/** What the fuses may be after a cut: a prefix of the judged sequence. */
const prefixes = ['5e,d9,f4', '5e,d8,f4', 'ff,d8,f4'];
const fusesOf = (on: Bench) => {
	const {low, high, extended} = on.chip.dump().fuses;
	return [low, high, extended].map(byte => byte!.toString(16)).join();
};

test('cut anywhere, run again with the journal: the second run ends in a good board, EEPROM and all', async () => {
	for (const programmer of ['arduino-isp', 'avrisp'] as const) {
		const make = () => bench('healthy', programmer, {change: smallChange});
		const plan = smallPlan({programmer});
		const whole = make();
		assertDone((await run(whole, plan)).result);
		const total = whole.transfers();
		assert.ok(total > 100);
		// A sample of the indexes.
		for (const [turn, what] of (['link', 'power', 'wires'] as const).entries()) {
			for (let cut = 5 + turn * 7; cut < total; cut += 31) {
				const on = make();
				const {eeprom} = on.chip.dump();
				on.cutAfter({transfers: cut}, what);
				const where = `${programmer}, ${what} cut at ${cut}`;
				const first = await run(on, plan, {journal: createJournal(on.store)});
				if (first.result.ok) assertHolds(on, smallImage, smallFuses);
				assert.ok(prefixes.includes(fusesOf(on)), `${where}: ${fusesOf(on)}`);
				if (first.result.chipState === 'untouched') assert.equal(on.touched(), false, where);
				on.restore();
				const interrupted = await findInterrupted(on.store);
				const second = await run(on, interrupted?.plan ?? plan, {
					journal: createJournal(on.store, interrupted?.path),
				});
				assertDone(second.result);
				const dump = on.chip.dump();
				assert.deepEqual(dump.eeprom, eeprom, where);
				assert.equal(
					dump.flash.findIndex((byte, at) => byte !== (smallImage.at(at) ?? 0xff)),
					-1,
					where,
				);
				assert.equal(fusesOf(on), 'ff,d8,f4', where);
				assert.equal(await findInterrupted(on.store), undefined, 'the journal is gone');
			}
		}
	}
});

test('going on writes only what is missing, and an erase cut short is done again', async () => {
	const on = bench('factory-rc', 'avrisp', {change: {content: 'used'}});
	on.cutAfter({pages: 10}, 'link');
	const first = await run(on, planOf(), {journal: createJournal(on.store)});
	assertFailed(first.result);
	assert.equal(first.result.chipState, 'partly-written');
	on.restore();
	const interrupted = (await findInterrupted(on.store))!;
	assert.equal(interrupted.chip, 'ATmega32U4');
	assert.equal(interrupted.stage, 'while writing page 11');
	assert.deepEqual(
		[interrupted.plan.resume?.erased, interrupted.plan.resume?.backup],
		[true, first.result.backup],
	);
	const eventsBefore = on.chip.events.length;
	const second = await run(on, interrupted.plan, {journal: createJournal(on.store, interrupted.path)});
	assertDone(second.result);
	assert.equal(second.result.backup, first.result.backup);
	assert.equal(second.result.writtenBytes, 10 * 128);
	assert.ok(!on.chip.events.slice(eventsBefore).some(event => event.what === 'erase'));
	assert.equal(on.store.files.has(interrupted.path), false);
	// A journal that ends in "erase": nothing on the chip counts.
	const lines = parseJournal(`${printEntry({did: 'erase'})}\n`);
	assert.equal(describeStage(lines), 'during the chip erase');
	const other = bench('factory-rc');
	const cutErase = await run(other, {...interrupted.plan, resume: {erased: false, backup: null}});
	assertDone(cutErase.result);
	assert.ok(other.chip.events.some(event => event.what === 'erase'));
});

test('the journal survives cut and damaged lines, and reads nothing that it did not write', () => {
	const whole = [
		{did: 'erase'},
		{did: 'erased'},
		{did: 'pages', pages: 16},
		{did: 'fuse', fuse: 'low', value: 255},
	] as const;
	const text = whole.map(printEntry).join('\n');
	for (let length = 0; length <= text.length; length++) {
		const entries = parseJournal(text.slice(0, length));
		assert.deepEqual(entries, whole.slice(0, entries.length));
	}
	assert.deepEqual(
		parseJournal(text.replace('erased', 'erasee')),
		whole.filter(({did}) => did !== 'erased'),
	);
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.json()), noise => {
			assert.ok(Array.isArray(parseJournal(noise)));
			assert.equal(parseJournal(`${printEntry({did: 'erase'})}\n${noise}`)[0]?.did, 'erase');
		}),
	);
});

test('bad links: never a success with a wrong byte, never another fuse value; the reason is typed', async () => {
	const plan = smallPlan({backup: 'none'});
	let good = 0;
	for (const programmer of ['arduino-isp', 'avrisp'] as const) {
		for (const rate of [1e-5, 1e-4, 1e-3, 1e-2]) {
			for (const where of ['wires', 'serial'] as const) {
				for (let seed = 1; seed <= 3; seed++) {
					const on = bench('healthy', programmer, {
						seed,
						change: {
							...smallChange,
							content: 'blank',
							...(where === 'wires' ? {faults: {bitErrors: {mosi: rate, miso: rate}}} : {}),
						},
					});
					let state = seed * 7919;
					const chance = () => {
						state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
						return state / 0x7fffffff;
					};
					const mess = (data: Uint8Array) =>
						Uint8Array.from(
							[...data].flatMap(byte => {
								const dice = chance();
								return dice < rate / 2 ? [] : dice > 1 - rate / 2 ? [byte, byte] : [byte];
							}),
						);
					const wrap = (stream: ByteStream): ByteStream =>
						where === 'wires'
							? stream
							: {
									...stream,
									async write(data) {
										const sent = mess(data);
										if (sent.length > 0) await stream.write(sent);
									},
								};
					const {result} = await run(on, {...plan, programmer}, {wrap});
					const context = `${programmer} ${where} ${rate} ${seed}`;
					const {flash, lock} = on.chip.dump();
					assert.equal(lock, 0xff, context);
					assert.ok(prefixes.includes(fusesOf(on)), `${context}: ${fusesOf(on)}`);
					if (result.ok) {
						good++;
						assert.equal(
							flash.findIndex((byte, at) => byte !== (smallImage.at(at) ?? 0xff)),
							-1,
							context,
						);
						assert.equal(fusesOf(on), 'ff,d8,f4', context);
					} else {
						assert.notEqual(result.error.kind, 'Bug', context);
						if (result.chipState === 'untouched') assert.equal(on.touched(), false, context);
					}
				}
			}
		}
	}
	assert.ok(good >= 20, `${good} of 48 came through`);
});

test('one transfer that fails, before or after it took effect, anywhere: repeated, and the board is good', async () => {
	const methods = [
		'enter',
		'exchange',
		'exchangeMany',
		'readFlash',
		'writeFlashPage',
		'readEeprom',
		'setSck',
	] as const;
	for (const programmer of ['usbasp', 'avrisp'] as const) {
		for (const after of [false, true]) {
			let calls = 1;
			for (let at = 0; at < calls; at += 43) {
				const on = createBench('healthy', {change: {...smallChange, programmer}});
				const {eeprom} = on.chip.dump();
				let count = 0;
				const deps: RecoverDeps = {
					...depsOf(on),
					async connect() {
						const link = await openProgrammer(on.world, {programmer});
						const shaky: Record<string, unknown> = {...link};
						for (const method of methods) {
							const real = link[method] as ((...values: readonly unknown[]) => Promise<unknown>) | undefined;
							if (real === undefined) continue;
							shaky[method] = async (...values: readonly unknown[]) => {
								const mine = count++ === at;
								const stall = new UnbrickError({kind: 'Refused', command: method, why: 'a stall'});
								if (mine && !after) throw stall;
								const reply = await real(...values);
								if (mine) throw stall;
								return reply;
							};
						}
						return createIspTarget(shaky as IspLink, {clock: on.clock});
					},
				};
				const {result} = await collect(recover(smallPlan({programmer}), deps));
				assertDone(result);
				assertHolds(on, smallImage, smallFuses);
				assert.deepEqual(on.chip.dump().eeprom, eeprom);
				calls = Math.max(calls, count);
			}
			assert.ok(calls > 100, `${calls}`);
		}
	}
});

test('backup and restore bring the same memories back; another chip is refused', async () => {
	const on = bench('healthy');
	const before = on.chip.dump();
	const taken = await collect(backup({programmer: 'avrisp', path: 'mine.json'}, depsOf(on)));
	assertDone(taken.result);
	assert.equal(on.touched(), false);
	const file = parseBackup(on.store.files.get('mine.json')!, 'mine.json');
	assertDone((await run(on, planOf())).result);
	// The board has a loader now and had none then.
	const restore = planRestore(file, {
		programmer: 'avrisp',
		accepted: new Set<RiskName>(['loses-bootloader']),
	});
	const {result} = await run(on, restore);
	assertDone(result);
	assert.deepEqual(on.chip.dump(), before);
	const other = bench('wrong-chip');
	const refused = await run(other, restore);
	assertFailed(refused.result);
	assert.equal(refused.result.error.kind, 'WrongSignature');
	assert.equal(other.touched(), false);
	const locked = await collect(backup({programmer: 'avrisp', path: 'auto'}, depsOf(bench('locked'))));
	assertFailed(locked.result);
	assert.equal(locked.result.error.kind, 'Locked');
});

test('probe tells who is there or what is wrong, and touches nothing', async () => {
	for (const [name, ok] of [
		['healthy', true],
		['locked', true],
		['wrong-chip', true],
		['no-power', false],
		['swapped', false],
	] as const) {
		const on = bench(name, 'arduino-isp');
		const {seen, result} = await collect(probe(undefined, depsOf(on)));
		assert.equal(result.ok, ok, name);
		assert.equal(
			seen.some(event => event.type === 'identity'),
			ok,
		);
		assert.ok(result.seconds < 10);
		assert.equal(on.touched(), false);
		assert.equal(on.chip.enabled(), false);
	}
	const named = await collect(probe(chip, depsOf(bench('wrong-chip'))));
	assertFailed(named.result);
	assert.equal(named.result.error.kind, 'WrongSignature');
	assert.ok(named.result.error.next.some(text => text.includes('--chip atmega16u4')));
});

test('the flash that the backup reads is looked at: no loader, a whole one, a damaged one with the first address', async () => {
	const looks = (seen: readonly RecoverEvent[]) =>
		seen.flatMap(event => (event.type === 'look' ? [event] : []));
	const on = bench('healthy');
	const first = await run(on, planOf());
	assertDone(first.result);
	assert.deepEqual(
		looks(first.seen).map(({verdict}) => verdict),
		['none'],
	);
	const loader = createImage([{byteAddress: 0x7000, data: bytesOf(1500, 11)}]);
	const references = async () => [{id: 'caterina', file: 'made-up.hex', image: loader}];
	const whole = await run(on, planOf({fuses: 'keep', accept: ['loses-bootloader']}), {references});
	assert.equal(looks(whole.seen)[0]?.verdict, 'whole');

	const spoiled = createImage([
		{byteAddress: 0, data: bytesOf(1000, 7)},
		{
			byteAddress: 0x7000,
			data: bytesOf(1500, 11).map((byte, at) => (at >= 0x140 && at < 0x14c ? byte ^ 1 : byte)),
		},
	]);
	assertDone((await run(on, planOf({image: spoiled, fuses: 'keep'}))).result);
	const kept = await collect(backup({programmer: 'avrisp', chip, path: 'auto'}, {...depsOf(on), references}));
	const [look] = looks(kept.seen);
	assert.equal(look?.verdict, 'damaged');
	assert.deepEqual(
		[look.differingBytes, look.firstAddress, look.comparedWith],
		[12, '0x7140', 'made-up.hex'],
	);
	assert.match(look.text, /Your Caterina is damaged: 12 bytes differ from 0x7140/);

	const failing = await run(on, planOf({fuses: 'keep'}), {
		references: async () => {
			throw new Error('no disk');
		},
	});
	assertDone(failing.result);
});
