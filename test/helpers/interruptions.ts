// A recovery on the practice bench that something happens to at one chosen moment, and the run after it. Says what
// is wrong, if anything: for the suite that takes samples and for the script that takes every moment.
import {type Bench, createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer, Scenario} from '../../src/bench/scenarios.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import type {Chip} from '../../src/engine/chips/chip.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {RiskName} from '../../src/engine/errors.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import {createJournal, findInterrupted, parseJournal} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import type {FuseBytes} from '../../src/engine/target.ts';

/** What is recovered. */
export type Patient = {
	readonly chip: Chip;
	readonly image: MemoryImage;
	readonly before: FuseBytes;
	readonly wanted: FuseBytes;
	/** Every prefix of the judged sequence of fuse writes, low high extended. */
	readonly prefixes: readonly string[];
	readonly accepted: readonly RiskName[];
};

const bytes = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);

/** A boot section, pages of 128 bytes, 512 bytes of EEPROM. */
export const smallMega: Patient = {
	chip: findChip('atmega8u2')!,
	image: createImage([
		{byteAddress: 0, data: bytes(300, 7)},
		{byteAddress: 0x1000, data: bytes(600, 11)},
	]),
	before: {low: 0x5e, high: 0xd9, extended: 0xf4},
	wanted: {low: 0xff, high: 0xd8, extended: 0xf4},
	prefixes: ['5e d9 f4', '5e d8 f4', 'ff d8 f4'],
	accepted: ['clock-source', 'clock-unverified', 'bootrst'],
};

/**
 * The smallest chip with three fuse bytes, so that every moment of a recovery is few moments: 64 pages of 32 bytes, 128
 * bytes of EEPROM. All three fuse bytes change, and a spoiled high byte can end ISP (RSTDISBL, DWEN).
 */
export const tiny: Patient = {
	chip: findChip('attiny25')!,
	image: createImage([
		{byteAddress: 0, data: bytes(150, 7)},
		{byteAddress: 0x400, data: bytes(70, 11)},
	]),
	before: {low: 0x62, high: 0xdf, extended: 0xff},
	wanted: {low: 0xe2, high: 0xdd, extended: 0xfe},
	prefixes: ['62 df ff', '62 df fe', '62 dd fe', 'e2 dd fe'],
	accepted: [],
};

/**
 * `process`: killed before a transfer reaches the device, `process-late` after it did. `ctrl-c`: asked to stop. The
 * `busy-` ones happen while the chip changes a cell; their moments are changes, those of all others are transfers.
 */
export const kinds = [
	'link',
	'power',
	'wires',
	'process',
	'process-late',
	'ctrl-c',
	'busy-link',
	'busy-power',
] as const;
export type Kind = (typeof kinds)[number];
export const programmers: readonly BenchProgrammer[] = [
	'usbasp',
	'usbtiny',
	'avrisp',
	'arduino-isp',
	'buspirate',
	'avrispmkii',
];

function makeBench(patient: Patient, programmer: BenchProgrammer, seed = 1): Bench {
	const change: Partial<Scenario> = {
		programmer,
		chip: patient.chip.id,
		expectedChip: patient.chip.id,
		content: 'used',
		fuses: patient.before,
	};
	return createBench('healthy', {seed, change});
}

type Run = {
	readonly result: RecoverResult;
	readonly codes: ReadonlySet<string>;
	/** Fuse bytes were written before anybody was told not to unplug. */
	readonly unannounced: boolean;
};

async function run(
	bench: Bench,
	patient: Patient,
	programmer: BenchProgrammer,
	how: {
		readonly resume: boolean;
		readonly cancel?: ReturnType<typeof createCancel>;
		readonly alive?: () => boolean;
	},
): Promise<Run> {
	const interrupted = how.resume ? await findInterrupted(bench.store) : undefined;
	const plan: RecoveryPlan = interrupted?.plan ?? {
		programmer,
		chip: patient.chip,
		image: patient.image,
		fuses: patient.wanted,
		backup: 'auto',
		erase: true,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set(patient.accepted),
		sck: 'auto',
	};
	const journal = createJournal(bench.store, interrupted?.path);
	const fusesBegan = bench.chip.events.filter(event => event.what === 'fuse').length;
	let result: RecoverResult | undefined;
	let unannounced = false;
	const codes = new Set<string>();
	const hear = (event: RecoverEvent) => {
		if (event.type === 'warning') codes.add(event.code);
		if (event.type === 'result') result = event;
		const fuses = bench.chip.events.filter(one => one.what === 'fuse').length;
		if (fuses > fusesBegan && !codes.has('do-not-unplug')) unannounced = true;
	};
	const events = recover(plan, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer}), {clock: bench.clock}),
		store: bench.store,
		clock: bench.clock,
		// A killed program writes nothing any more.
		journal: async entry => {
			if (how.alive?.() !== false) await journal(entry);
		},
		...(how.cancel === undefined ? {} : {cancel: how.cancel.cancel}),
	});
	for await (const event of events) hear(event);
	return {result: result!, codes, unannounced};
}

const fusesOf = (bench: Bench) => {
	const {low, high, extended} = bench.chip.dump().fuses;
	return [low, high, extended].map(byte => byte!.toString(16)).join(' ');
};
const isGood = (bench: Bench, patient: Patient) =>
	fusesOf(bench) === patient.prefixes.at(-1) &&
	bench.chip.dump().lock === 0xff &&
	bench.chip.dump().flash.every((byte, at) => byte === (patient.image.at(at) ?? 0xff));

/** How many moments of a kind one whole recovery has; throws when it fails by itself. */
export async function momentsOf(
	patient: Patient,
	programmer: BenchProgrammer,
): Promise<{readonly transfers: number; readonly changes: number}> {
	const bench = makeBench(patient, programmer);
	const {result} = await run(bench, patient, programmer, {resume: false});
	if (!result.ok) throw new Error(`${programmer} fails by itself: ${result.error.message}`);
	if (!isGood(bench, patient)) throw new Error(`${programmer} is called done, and is not`);
	return {transfers: bench.transfers(), changes: bench.chip.events.length};
}

export type Outcome = {
	/** How the first run ended: `DeviceGone (written)`. */
	readonly first: string;
	/** How the chip came to be good in the end. */
	readonly second: string;
	/** What must not be. */
	readonly findings: readonly string[];
};

/**
 * One recovery that is interrupted at one moment, everything put right again, and the run after it.
 * @param again `resume` goes on by the journal; `plain` begins anew, as somebody does who never heard of it
 * @param seed decides what is left in what is cut in the middle
 */
export async function interrupt(
	patient: Patient,
	programmer: BenchProgrammer,
	kind: Kind,
	at: number,
	again: 'resume' | 'plain',
	seed = at + 1,
): Promise<Outcome> {
	const findings: string[] = [];
	const bench = makeBench(patient, programmer, seed);
	const {eeprom} = bench.chip.dump();
	const cancel = createCancel();
	let alive = true;
	let fusesAtCancel = 0;
	const busy = kind === 'busy-link' || kind === 'busy-power';
	const fuseCount = () => bench.chip.events.filter(event => event.what === 'fuse').length;
	if (kind === 'ctrl-c') {
		bench.cutAfter({transfers: at}, () => {
			fusesAtCancel = fuseCount();
			cancel.request();
		});
	} else if (kind === 'process' || kind === 'process-late') {
		bench.cutAfter({transfers: at, taken: kind === 'process-late'}, () => {
			alive = false;
			bench.cutNow('process');
		});
	} else if (busy) {
		bench.cutAfter({changes: at}, kind === 'busy-link' ? 'link' : 'power');
	} else {
		bench.cutAfter({transfers: at}, kind);
	}
	const first = await run(bench, patient, programmer, {resume: false, cancel, alive: () => alive});
	const name = first.result.ok ? 'done' : `${first.result.error.kind} (${first.result.chipState})`;
	const cutChange = busy ? bench.chip.events[at]?.what : undefined;
	const spoilt = !patient.prefixes.includes(fusesOf(bench));
	if (first.unannounced) findings.push('a fuse byte was written before "do not unplug"');
	if (first.result.ok && !isGood(bench, patient) && cutChange === undefined)
		findings.push('called done, and is not');
	if (!first.result.ok && first.result.error.kind === 'Bug') findings.push(first.result.error.message);
	if (first.result.chipState === 'untouched' && bench.touched())
		findings.push('called untouched, and is not');
	const inFuse = bench.violations.some(
		({kind: what, detail}) => what === 'interrupted' && detail.startsWith('fuse'),
	);
	if (spoilt && !inFuse) findings.push(`fuses ${fusesOf(bench)} are no prefix`);
	if (kind === 'ctrl-c') {
		if (!first.result.ok && first.result.error.kind !== 'Cancelled') findings.push(`Ctrl+C ends in ${name}`);
		if (bench.violations.length > 0) findings.push(`Ctrl+C: ${bench.violations[0]!.kind}`);
		if (!bench.chip.running()) findings.push('Ctrl+C leaves the chip in reset');
		if (fusesAtCancel > 0 && fusesOf(bench) !== patient.prefixes.at(-1))
			findings.push('Ctrl+C left fuse bytes unwritten');
	}
	if (kind.startsWith('process') && at % 2 === 1) tearLine(bench);

	bench.restore();
	const journal = await findInterrupted(bench.store);
	const lines = journal === undefined ? [] : parseJournal(bench.store.files.get(journal.path) ?? '');
	const eventsBefore = bench.chip.events.length;
	let second = await run(bench, patient, programmer, {resume: again === 'resume'});
	let how = second.result.ok ? 'good' : second.result.error.kind;
	const erasedAgain = bench.chip.events.slice(eventsBefore).some(event => event.what === 'erase');
	if (lines.at(-1)?.did === 'erase' && second.result.ok && !erasedAgain)
		findings.push('an erase that was cut short was not done again');
	if (spoilt && again === 'resume') {
		const said = second.codes.has('fuse-spoiled') || second.codes.has('fuse-cut');
		if (!said) findings.push(`a spoiled fuse (${fusesOf(bench)}) is not spoken of`);
	}
	if (!second.result.ok && spoilt && how === 'ConsentMissing') {
		// A plain run asks about what a spoiled fuse would change; the journal knows what was agreed to.
		second = await run(bench, patient, programmer, {resume: true});
		how = second.result.ok ? 'good after --resume' : second.result.error.kind;
	}
	if (!second.result.ok && spoilt && (how === 'NoTarget' || how === 'UnstableLink')) {
		const surroundings = bench.chip.surroundings();
		bench.chip.setSurroundings({...surroundings, volts: 0});
		bench.chip.setSurroundings({...surroundings, externalClockHz: 8e6});
		const woken = await run(bench, patient, programmer, {resume: true});
		if (woken.result.ok) {
			second = woken;
			how = 'good after a clock was lent';
		} else if (ispGone(bench, patient)) {
			how = 'ISP is gone, and said so';
			if (again === 'resume' && !second.codes.has('fuse-cut'))
				findings.push('ISP is gone, and nobody says so');
			return {first: name, second: how, findings};
		}
	}
	if (!second.result.ok) findings.push(`the second run ends in ${how}: ${second.result.error.message}`);
	else if (!isGood(bench, patient)) findings.push('the second run is called done, and is not');
	if (again === 'resume') {
		if (bench.chip.dump().eeprom.some((byte, index) => byte !== eeprom[index]))
			findings.push('the EEPROM is lost');
		if (second.result.ok && (await findInterrupted(bench.store)) !== undefined)
			findings.push('the journal is still there');
	}
	return {first: name, second: how, findings};
}

/** RSTDISBL or DWEN came out programmed, or a clock code that means none. */
function ispGone(bench: Bench, {chip}: Patient): boolean {
	if (bench.chip.clockHz() === null) return true;
	const {fuses} = bench.chip.dump();
	return (['low', 'high', 'extended'] as const).some(fuse =>
		chip.fuses[fuse]?.fields.some(
			field =>
				(field.name === 'RSTDISBL' || field.name === 'DWEN') && ((fuses[fuse] ?? 0xff) & field.mask) === 0,
		),
	);
}

/** The power went while a line was being written: half of it is there. */
function tearLine(bench: Bench): void {
	const files = bench.store.files as Map<string, string>;
	for (const [path, text] of files) if (path.endsWith('.jsonl')) files.set(path, `${text}{"did":"pag`);
}
