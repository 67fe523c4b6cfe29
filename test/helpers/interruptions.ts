// A recovery on the practice bench that something happens to at one chosen moment, and the run after it. Says what
// is wrong, if anything: for the suite that takes samples and for the script that takes every moment.
import {type Bench, createBench} from '../../src/bench/bench.ts';
import type {ChipDump} from '../../src/bench/chip-model.ts';
import type {BenchProgrammer, CutWhat, Scenario} from '../../src/bench/scenarios.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import type {Chip} from '../../src/engine/chips/chip.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {RiskName} from '../../src/engine/errors.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import {slowestSckHz} from '../../src/engine/isp/sck.ts';
import {lockAllows} from '../../src/engine/procedures/check-plan.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import {createJournal, findInterrupted, parseJournal} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import type {FuseBytes} from '../../src/engine/target.ts';

/** What is recovered, and how. */
export type Patient = {
	readonly name: string;
	readonly chip: Chip;
	/** Absent: fuses alone, nothing is erased. */
	readonly image?: MemoryImage;
	readonly before: FuseBytes;
	readonly wanted: FuseBytes;
	/** Every prefix of the judged sequence of fuse writes, low high extended. */
	readonly prefixes: readonly string[];
	readonly accepted: readonly RiskName[];
	/** The lock byte to write at the end, and the one to begin with. */
	readonly lock?: number;
	readonly lockBefore?: number;
	readonly blankEeprom?: boolean;
	readonly backup?: 'none';
	readonly verify?: 'full';
	/** The EEPROM goes with the erase, and nothing knows what it held. */
	readonly losesEeprom?: boolean;
};

const bytes = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);

/** A boot section, pages of 128 bytes, 512 bytes of EEPROM. */
export const smallMega: Patient = {
	name: 'mega',
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
export const tiny: Patient & {readonly image: MemoryImage} = {
	name: 'tiny',
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

const {image: _image, ...imageless} = tiny;
/** The same chip in all the ways in which a recovery can be another one. */
export const variants: readonly Patient[] = [
	{...tiny, name: 'locking', lock: 0xfc, accepted: ['lock-bits']},
	{...tiny, name: 'locked', lockBefore: 0xfc, accepted: ['no-backup'], losesEeprom: true},
	{
		...tiny,
		name: 'eesave',
		before: {low: 0x62, high: 0xd7, extended: 0xff},
		wanted: {low: 0xe2, high: 0xd5, extended: 0xfe},
		prefixes: ['62 d7 ff', '62 d7 fe', '62 d5 fe', 'e2 d5 fe'],
	},
	{...tiny, name: 'blank-eeprom', blankEeprom: true},
	{...tiny, name: 'no-backup', backup: 'none', accepted: ['no-backup', 'eesave'], losesEeprom: true},
	{
		...tiny,
		name: 'one-fuse',
		verify: 'full',
		wanted: {low: 0x62, high: 0xdd, extended: 0xff},
		prefixes: ['62 df ff', '62 dd ff'],
	},
	{...imageless, name: 'fuses-only'},
	{
		...smallMega,
		name: 'mega-locking',
		lock: 0xcf,
		accepted: [...smallMega.accepted, 'lock-bits'],
	},
];

/** The plan of a recovery of this patient. */
export function planFor(patient: Patient, programmer: BenchProgrammer): RecoveryPlan {
	const {image} = patient;
	return {
		programmer,
		chip: patient.chip,
		...(image === undefined ? {} : {image}),
		fuses: patient.wanted,
		...(patient.lock === undefined ? {} : {lock: patient.lock}),
		backup: patient.backup ?? 'auto',
		erase: image !== undefined,
		verify: patient.verify ?? 'written',
		restoreEeprom: true,
		accepted: new Set(patient.accepted),
		sck: 'auto',
	};
}

/** @param change what else is different about the bench */
export function benchFor(
	patient: Patient,
	programmer: BenchProgrammer,
	seed: number,
	change: Partial<Scenario> = {},
): Bench {
	return createBench('healthy', {
		seed,
		...(patient.blankEeprom === true ? {eeprom: new Uint8Array(patient.chip.eeprom.bytes).fill(0xff)} : {}),
		change: {
			programmer,
			chip: patient.chip.id,
			expectedChip: patient.chip.id,
			content: 'used',
			fuses: patient.before,
			...(patient.lockBefore === undefined ? {} : {lock: patient.lockBefore}),
			...change,
		},
	});
}

/** What a good board holds in the end, by what it held at first. */
export function wantedDump({image, lock, lockBefore, losesEeprom}: Patient, before: ChipDump) {
	return {
		flash: image === undefined ? before.flash : before.flash.map((_, at) => image.at(at) ?? 0xff),
		eeprom: losesEeprom === true ? before.eeprom.map(() => 0xff) : before.eeprom,
		lock: lock ?? (image === undefined ? (lockBefore ?? 0xff) : 0xff),
	};
}

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
	'busy-wires',
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
		readonly accept?: readonly RiskName[];
	},
): Promise<Run> {
	const interrupted = how.resume ? await findInterrupted(bench.store) : undefined;
	const asked = interrupted?.plan ?? planFor(patient, programmer);
	const plan = {...asked, accepted: new Set([...asked.accepted, ...(how.accept ?? [])])};
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
/** No program starts sooner after the one before it was killed: what the chip was at is over by then. */
const startMs = 50;

/** A serial programmer carries out what it had taken before its program was killed; nobody hears the answers. */
async function drain({device, clock}: Bench): Promise<void> {
	if (device === undefined) return;
	for (;;) {
		const when = device.nextReplyMs(Number.MAX_SAFE_INTEGER);
		if (when === undefined) break;
		device.take(Number.MAX_SAFE_INTEGER, when);
	}
	await clock.sleep(Math.max(0, device.busyUntilMs() - clock.nowMs()));
}

/** What is not as it should be; undefined when the board is good. */
function wrongWith(bench: Bench, patient: Patient, before: ChipDump): string | undefined {
	const {flash, lock} = bench.chip.dump();
	const wanted = wantedDump(patient, before);
	if (fusesOf(bench) !== patient.prefixes.at(-1)) return `fuses ${fusesOf(bench)}`;
	if (lock !== wanted.lock) return `lock ${lock.toString(16)}`;
	const at = flash.findIndex((byte, index) => byte !== wanted.flash[index]);
	return at < 0 ? undefined : `flash at ${at}`;
}
const sameBytes = (a: Uint8Array, b: Uint8Array) => a.every((byte, at) => byte === b[at]);

/** How many moments of a kind one whole recovery has; throws when it fails by itself. */
export async function momentsOf(
	patient: Patient,
	programmer: BenchProgrammer,
): Promise<{readonly transfers: number; readonly changes: number}> {
	const bench = benchFor(patient, programmer, 1);
	const before = bench.chip.dump();
	const {result} = await run(bench, patient, programmer, {resume: false});
	if (!result.ok) throw new Error(`${programmer} fails by itself: ${result.error.message}`);
	const wrong = wrongWith(bench, patient, before);
	if (wrong !== undefined) throw new Error(`${programmer} is called done, and is not: ${wrong}`);
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
	const bench = benchFor(patient, programmer, seed);
	const before = bench.chip.dump();
	const wanted = wantedDump(patient, before);
	const cancel = createCancel();
	let alive = true;
	let fusesAtCancel = 0;
	const busy = kind.startsWith('busy-');
	const cut = kind.replace('busy-', '') as CutWhat;
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
		bench.cutAfter({changes: at}, cut);
	} else {
		bench.cutAfter({transfers: at}, cut);
	}
	const first = await run(bench, patient, programmer, {resume: false, cancel, alive: () => alive});
	const name = first.result.ok ? 'done' : `${first.result.error.kind} (${first.result.chipState})`;
	const cutChange = busy ? bench.chip.events[at]?.what : undefined;
	const spoilt = !patient.prefixes.includes(fusesOf(bench));
	if (first.unannounced) findings.push('a fuse byte was written before "do not unplug"');
	if (first.result.ok && cutChange === undefined) {
		const wrong = wrongWith(bench, patient, before);
		if (wrong !== undefined) findings.push(`called done, and is not: ${wrong}`);
		if (!sameBytes(bench.chip.dump().eeprom, wanted.eeprom)) findings.push('called done with another EEPROM');
	}
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
	await bench.clock.sleep(startMs);
	await drain(bench);
	const journal = await findInterrupted(bench.store);
	const lines = journal === undefined ? [] : parseJournal(bench.store.files.get(journal.path) ?? '');
	const eventsBefore = bench.chip.events.length;
	const between = bench.chip.dump();
	let second = await run(bench, patient, programmer, {resume: again === 'resume'});
	let how = second.result.ok ? 'good' : second.result.error.kind;
	const erasedAgain = bench.chip.events.slice(eventsBefore).some(event => event.what === 'erase');
	if (lines.at(-1)?.did === 'erase' && second.result.ok && !erasedAgain)
		findings.push('an erase that was cut short was not done again');
	if (spoilt && again === 'resume') {
		const said = second.codes.has('fuse-spoiled') || second.codes.has('fuse-cut');
		if (!said) findings.push(`a spoiled fuse (${fusesOf(bench)}) is not spoken of`);
	}
	const inLock = bench.violations.some(
		({kind: what, detail}) => what === 'interrupted' && detail.startsWith('lock'),
	);
	let byJournal = again === 'resume';
	// Locked in the end, as asked for: only the journal knows that nothing is lost by another erase.
	const locked = bench.chip.events.some(event => event.what === 'lock') && between.lock !== before.lock;
	if (!second.result.ok && locked && how === 'ConsentMissing' && journal === undefined) {
		return {first: name, second: 'done before, and asks first', findings};
	}
	// No backup and an erase cut short, or lock bits that forbid reading: nothing tells this board from another one, and
	// a person is asked.
	const unknown = (patient.lockBefore ?? 0xff) !== 0xff || patient.backup === 'none';
	const unreadable = !lockAllows(patient.chip, between.lock).read;
	if (
		!second.result.ok &&
		how === 'ConsentMissing' &&
		((unknown && lines.at(-1)?.did === 'erase') || (unreadable && again === 'resume'))
	) {
		if (second.result.chipState !== 'untouched') findings.push('asks first, and is not untouched');
		const accept = ['same-board', ...(unreadable ? (['no-backup'] as const) : [])] as const;
		second = await run(bench, patient, programmer, {resume: again === 'resume', accept});
		how = second.result.ok ? 'good after a question' : second.result.error.kind;
		// It keeps the EEPROM that it finds, where it can be read.
		byJournal = unreadable && !unknown;
	}
	if (!second.result.ok && (spoilt || inLock || locked) && how === 'ConsentMissing') {
		// A plain run asks about what a spoiled byte would change; the journal knows what was agreed to.
		byJournal = true;
		const accept: readonly RiskName[] = unreadable ? ['same-board', 'no-backup'] : [];
		second = await run(bench, patient, programmer, {resume: true, accept});
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
	else {
		const wrong = wrongWith(bench, patient, before);
		if (wrong !== undefined) findings.push(`the second run is called done, and is not: ${wrong}`);
		// A plain run knows what it finds; only the journal knows the first backup.
		const {eeprom} = bench.chip.dump();
		const kept = sameBytes(eeprom, wanted.eeprom);
		if (!kept && (byJournal || !sameBytes(eeprom, between.eeprom))) findings.push('the EEPROM is lost');
	}
	if (again === 'resume') {
		if (second.result.ok && (await findInterrupted(bench.store)) !== undefined)
			findings.push('the journal is still there');
	}
	return {first: name, second: how, findings};
}

/** RSTDISBL or DWEN came out programmed, or a clock code that means none or one too slow for the programmer. */
function ispGone(bench: Bench, {chip}: Patient): boolean {
	const clockHz = bench.chip.clockHz();
	if (clockHz === null || clockHz / 4 < (slowestSckHz(bench.programmer) ?? 0)) return true;
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
