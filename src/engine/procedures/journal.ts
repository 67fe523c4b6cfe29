// What a recovery did, line by line, so that the next run can go on where the last one stopped. A journal lives in the
// state folder from the first erase to the end of the recovery; one that is still there was interrupted.
import * as v from 'valibot';
import {findBoard} from '../boards/index.ts';
import {hexString} from '../bytes.ts';
import {findChip} from '../chips/index.ts';
import {riskNames, UnbrickError} from '../errors.ts';
import {eepromAtErase} from '../fuses/plan.ts';
import {type Backup, parseBackup} from '../image/backup-file.ts';
import {sha256OfText} from '../image/digest.ts';
import {parseIntelHex, printIntelHex} from '../image/intel-hex.ts';
import type {Store} from '../store.ts';
import type {Identity} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

/** Names of journals in the state folder begin so. */
const prefix = 'recovery-';

const byte = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Names are cut to this many characters when they are written. */
const longestText = 4_096;
const text = v.pipe(v.string(), v.maxLength(longestText));
/** No system has longer paths (Windows: 32,767). */
const longestPath = 32_768;
const pathText = v.pipe(v.string(), v.maxLength(longestPath));
const fuses = v.strictObject({low: byte, high: v.optional(byte), extended: v.optional(byte)});
const startSchema = v.strictObject({
	did: v.literal('start'),
	chip: text,
	signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{6}$/)),
	backup: v.nullable(pathText),
	/** SHA-256 of its text: the same name may come to mean a later backup. Absent in older journals. */
	backupSha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
	/** What was on the chip when this run went on, kept before it went. */
	kept: v.optional(pathText),
	programmer: text,
	board: v.optional(text),
	bootloader: v.optional(text),
	imageName: v.optional(text),
	/** Intel HEX, empty for a plan that writes fuses alone; at most a few hundred kilobytes for the largest chip. */
	image: v.pipe(v.string(), v.maxLength(2_000_000)),
	/** `null`: as they were, see `before`. */
	fuses: v.nullable(fuses),
	before: fuses,
	lockBefore: v.optional(byte),
	lock: v.optional(byte),
	verify: v.picklist(['full', 'written', 'none']),
	restoreEeprom: v.boolean(),
	/** Content that the plan itself brings, hex. */
	eeprom: v.optional(v.pipe(v.string(), v.maxLength(16_384), v.regex(/^([0-9a-f]{2})*$/))),
	erase: v.optional(v.boolean()),
	ownBackup: v.optional(v.boolean()),
	programmingVolts: v.optional(v.number()),
	accepted: v.array(v.picklist(riskNames)),
	sck: v.union([v.literal('auto'), v.pipe(v.number(), v.minValue(1))]),
});
const entrySchema = v.variant('did', [
	startSchema,
	v.strictObject({did: v.literal('erase')}),
	v.strictObject({did: v.literal('erased')}),
	/** Goes on after an interruption: so many pages of the image are there already. */
	v.strictObject({did: v.literal('resumed'), pages: count}),
	/** Pages written since the last erase or `resumed`. */
	v.strictObject({did: v.literal('pages'), pages: count}),
	v.strictObject({did: v.literal('verified')}),
	v.strictObject({did: v.literal('eeprom')}),
	v.strictObject({did: v.literal('fuse'), fuse: v.picklist(['low', 'high', 'extended']), value: byte}),
	v.strictObject({did: v.literal('lock'), value: byte}),
	v.strictObject({did: v.literal('done')}),
]);

/** One thing that is about to begin (`erase`, `fuse`, `lock`) or that is done (the others). */
export type JournalEntry = v.InferOutput<typeof entrySchema>;
type StartEntry = v.InferOutput<typeof startSchema>;

/**
 * The first entry: everything that another run needs to do the same. That the board is the same one is said of this
 * run alone, and is not taken down.
 * @param kept file with what was on the chip when an interrupted recovery went on
 * @param backupSha256 of the backup's text
 */
export function startEntry(
	plan: RecoveryPlan,
	identity: Identity,
	backup: string | null,
	kept?: string,
	backupSha256?: string,
): StartEntry {
	const short = (name: string) => name.slice(0, longestText);
	return {
		did: 'start',
		chip: plan.chip.id,
		signature: hexString(identity.signature),
		backup,
		...(backup === null || backupSha256 === undefined ? {} : {backupSha256}),
		...(kept === undefined ? {} : {kept}),
		programmer: short(plan.programmer),
		...(plan.board === undefined ? {} : {board: plan.board.id}),
		...(plan.bootloader === undefined ? {} : {bootloader: short(plan.bootloader)}),
		...(plan.imageName === undefined ? {} : {imageName: short(plan.imageName)}),
		image: plan.image === undefined ? '' : printIntelHex(plan.image),
		fuses: plan.fuses === 'keep' ? null : plan.fuses,
		before: identity.fuses,
		lockBefore: identity.lock,
		...(plan.lock === undefined ? {} : {lock: plan.lock}),
		verify: plan.verify,
		restoreEeprom: plan.restoreEeprom,
		erase: plan.erase,
		...(plan.eeprom === undefined ? {} : {eeprom: hexString(plan.eeprom)}),
		...(plan.ownBackup === true ? {ownBackup: true} : {}),
		...(plan.programmingVolts === undefined ? {} : {programmingVolts: plan.programmingVolts}),
		accepted: [...plan.accepted].filter(risk => risk !== 'same-board'),
		sck: plan.sck,
	};
}

/** One line, without its end. */
export function printEntry(entry: JournalEntry): string {
	return JSON.stringify(entry);
}

/** A line in the midst of a journal that says nothing to this version: torn by a full disk, or of a newer one. */
type Unread = {readonly did: 'unread'};

/** The entries of a journal. A line that cannot be read is left out; what follows it counts. */
export function parseJournal(content: string): readonly JournalEntry[] {
	return readJournal(content).filter(entry => entry.did !== 'unread');
}

/**
 * The same, and where a line cannot be read. Without its first line nothing counts before the next `start`, with
 * which every run begins; a fragment at the end of a run is what a power failure cut off, before it was acted upon.
 */
function readJournal(content: string): readonly (JournalEntry | Unread)[] {
	const lines = content.split('\n').filter(line => line.trim() !== '');
	const read = lines.map(line => parseEntry(line) ?? {did: 'unread' as const});
	const first = read[0]?.did === 'unread' ? read.findIndex(entry => entry.did === 'start') : 0;
	if (first === -1) return [];
	return read.filter((entry, index) => {
		if (entry.did !== 'unread') return index >= first;
		const next = read[index + 1];
		const ends = next === undefined || next.did === 'start';
		return index > first && !(ends && !isJson(lines[index]!));
	});
}

function isJson(line: string): boolean {
	try {
		JSON.parse(line);
		return true;
	} catch {
		return false;
	}
}

function parseEntry(line: string): JournalEntry | undefined {
	try {
		const parsed = v.safeParse(entrySchema, JSON.parse(line));
		return parsed.success ? parsed.output : undefined;
	} catch {
		return undefined;
	}
}

/** Where a recovery stopped, in words: `while writing page 17`. */
export function describeStage(entries: readonly JournalEntry[]): string {
	const last = entries.findLast(entry => entry.did !== 'start');
	switch (last?.did) {
		case 'erase':
			return 'during the chip erase';
		case 'erased':
			return 'while writing page 1';
		case 'resumed':
		case 'pages':
			return `while writing page ${pagesDone(entries) + 1}`;
		case 'verified':
			return 'after the flash was written and verified';
		case 'eeprom':
			return 'after the EEPROM was written back';
		case 'fuse':
			return `while writing the ${last.fuse} fuse`;
		case 'lock':
			return 'while writing the lock bits';
		default:
			return 'before anything was changed';
	}
}

/** Pages of the image that are written, by the journal, since the last erase, or since a line that cannot be read. */
function pagesDone(entries: readonly (JournalEntry | Unread)[]): number {
	let before = 0;
	let since = 0;
	for (const entry of entries) {
		if (entry.did === 'erase' || entry.did === 'resumed' || entry.did === 'unread') {
			before = entry.did === 'resumed' ? entry.pages : 0;
			since = 0;
		}
		if (entry.did === 'pages') since = entry.pages;
	}
	return before + since;
}

export type Journal = ((entry: JournalEntry) => Promise<void>) & {
	/** False when it was begun and is gone: nobody can go on with it. Absent where nobody knows. */
	readonly stands?: () => Promise<boolean>;
};

/**
 * Takes down a recovery in a journal of the store; give it to `recover`. The file begins with the first entry after
 * `start` and is removed after `done`; one that is gone in between is not begun anew. Nobody else takes it for an interrupted one while this program runs.
 * @param path the journal of the interrupted recovery that this one goes on with; a new one otherwise
 */
export function createJournal(store: Store, path?: string): Journal {
	let name = path ?? `${prefix}${store.nowIso().replace(/[^0-9]/g, '')}.jsonl`;
	let start: JournalEntry | undefined;
	let release: (() => Promise<void>) | undefined;
	let begun = path !== undefined;
	const note = async (entry: JournalEntry) => {
		// What could not be read back is worth nothing.
		if (parseEntry(printEntry(entry)) === undefined) {
			throw new UnbrickError({kind: 'Bug', assumed: 'what goes into the journal can be read back'});
		}
		if (entry.did === 'start') {
			start = entry;
			return;
		}
		if (entry.did === 'done') {
			if ((await store.readText(name)) !== undefined) await store.remove(name);
			await release?.();
			return;
		}
		// A clock that was set back, or two runs at once: the journal of another board is not written into.
		if (path === undefined && release === undefined) {
			const wanted = name;
			for (let number = 2; (await store.readText(name)) !== undefined; number++) {
				name = wanted.replace('.jsonl', `-${number}.jsonl`);
			}
		}
		release ??= (await store.hold?.(name)) ?? (async () => {});
		if (start !== undefined) {
			const first = start;
			start = undefined;
			await store.appendLine(name, printEntry(first));
			begun = true;
		}
		await store.appendLine(name, printEntry(entry), 'must-be');
	};
	return Object.assign(note, {stands: async () => !begun || (await isThere(store, name))});
}

/** True when a file of the store can be read. */
export async function isThere(store: Store, path: string): Promise<boolean> {
	try {
		return (await store.readText(path)) !== undefined;
	} catch {
		return false;
	}
}

/** An interrupted recovery and how to go on with it. */
export type Interrupted = {
	readonly path: string;
	/** `while writing page 17` */
	readonly stage: string;
	/** When it began, local time, by the journal's name: `2026-11-25 03:53`. */
	readonly begun?: string;
	/** Printed name: `ATmega32U4`. */
	readonly chip: string;
	/** Give it to `recover`, with another programmer if need be. */
	readonly plan: RecoveryPlan;
	/** What is wrong with its backup, in a sentence. */
	readonly problem?: string;
};

/** A journal that nobody can go on with. */
export type DamagedJournal = {
	readonly path: string;
	/** What is wrong with it: `its first line cannot be read`. */
	readonly why: string;
};

/** `A recovery of an ATmega32U4 was interrupted while writing page 17.` */
export function describeInterrupted({chip, stage}: Interrupted): string {
	return `A recovery of an ${chip} was interrupted ${stage}.`;
}

/** How a journal is named to a person, who names it back: `recovery-20261125035305123`. */
export function journalId(path: string): string {
	return path.replace(/\.jsonl$/, '');
}

function begunAt(path: string): string | undefined {
	const digits = /^recovery-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d{3}/.exec(path)?.slice(1).map(Number);
	if (digits === undefined) return undefined;
	const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits;
	const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
	const two = (number: number) => String(number).padStart(2, '0');
	return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `recovery-20261125035305123: ATmega32U4, begun 2026-11-25 03:53, interrupted while writing page 17` */
export function describeWaiting({path, chip, stage, begun, plan}: Interrupted): string {
	const board = plan.board === undefined ? '' : ` (${plan.board.name})`;
	return `${journalId(path)}: ${chip}${board}${begun === undefined ? '' : `, begun ${begun}`}, interrupted ${stage}`;
}

/** The journals that a person means by `told`: an id or its beginning, with or without `recovery-`. One that is told whole is meant alone. */
export function journalsNamed<T extends {readonly path: string}>(
	all: readonly T[],
	told: string,
): readonly T[] {
	const id = journalId(told.startsWith(prefix) ? told : `${prefix}${told}`);
	const exact = all.filter(({path}) => journalId(path) === id);
	return exact.length > 0 ? exact : all.filter(({path}) => path.startsWith(id));
}

/** What is wrong with a journal and what can still be done. */
export function describeDamaged({path, why}: DamagedJournal): string {
	return `A recovery was interrupted, but its journal ${path} cannot be gone on with: ${why}. Recover that board from the start; a backup from before lies beside the journal (\`restore\` brings it back, EEPROM and all). \`recover --forget ${journalId(path)}\` removes the journal and leaves the backups.`;
}

/**
 * Recoveries that were not finished, the latest first, and journals that are damaged. Those that another running
 * program is writing, and those that changed nothing, are passed over.
 */
export async function surveyJournals(store: Store): Promise<{
	readonly interrupted: readonly Interrupted[];
	readonly damaged: readonly DamagedJournal[];
	/** Journals that another running copy of this program is writing. */
	readonly held: readonly string[];
}> {
	const interrupted: Interrupted[] = [];
	const damaged: DamagedJournal[] = [];
	const held: string[] = [];
	for (const path of [...(await store.list(prefix))].reverse()) {
		if (!path.endsWith('.jsonl')) continue;
		if ((await store.isHeld?.(path)) === true) {
			held.push(path);
			continue;
		}
		let content: string;
		try {
			content = (await store.readText(path)) ?? '';
		} catch (error) {
			damaged.push({path, why: reasonOf(error)});
			continue;
		}
		if (changedNothing(content)) continue;
		const lines = readJournal(content);
		const entries = lines.filter(entry => entry.did !== 'unread');
		const plan = lines[0]?.did === 'start' ? await planResume(store, path, lines) : noStart;
		if (typeof plan === 'string') damaged.push({path, why: plan});
		else {
			const known = entries.some(entry => entry.did !== 'start') && lines.at(-1)?.did !== 'unread';
			const stage = known ? describeStage(entries) : 'at a moment that its journal does not tell';
			const begun = begunAt(path);
			interrupted.push({
				path,
				stage,
				...(begun === undefined ? {} : {begun}),
				chip: plan.plan.chip.name,
				...plan,
			});
		}
	}
	return {interrupted, damaged, held};
}

const noStart = 'its first line cannot be read';

/** The first two lines are written before the first change; without a whole second one there was none. */
function changedNothing(content: string): boolean {
	const [first = '', second = ''] = content.split('\n');
	const begin = '{"did":"start"';
	const whole = content.length > first.length + 1 + second.length || parseEntry(second) !== undefined;
	return !whole && (first.startsWith(begin) || begin.startsWith(first));
}

const reasonOf = (error: unknown): string =>
	(error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/** Recoveries that were not finished, the latest first. */
export async function listInterrupted(store: Store): Promise<readonly Interrupted[]> {
	return (await surveyJournals(store)).interrupted;
}

/** The latest recovery that was not finished; undefined when there is none. */
export async function findInterrupted(store: Store): Promise<Interrupted | undefined> {
	return (await listInterrupted(store))[0];
}

/** Other interrupted recoveries that may have been of the chip at hand. */
export async function othersWaiting(
	store: Store,
	plan: RecoveryPlan,
	mayBe: (other: RecoveryPlan) => boolean,
): Promise<readonly Interrupted[]> {
	return (await listInterrupted(store)).filter(
		other =>
			other.path !== plan.resume?.journal &&
			hexString(other.plan.chip.signature) === hexString(plan.chip.signature) &&
			mayBe(other.plan),
	);
}

/**
 * Those of them that would leave it otherwise than `plan`: two halves of a keyboard with one firmware differ in their
 * EEPROM alone.
 */
export async function rivalsOf(
	store: Store,
	plan: RecoveryPlan,
	mayBe: (other: RecoveryPlan) => boolean,
): Promise<readonly Interrupted[]> {
	const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
		a === undefined || b === undefined ? a === b : hexString(a) === hexString(b);
	const print = ({image}: RecoveryPlan) => (image === undefined ? '' : printIntelHex(image));
	const outcome = (one: RecoveryPlan) =>
		JSON.stringify([print(one), one.fuses, one.lock, one.erase, one.restoreEeprom]);
	return othersWaiting(
		store,
		plan,
		other =>
			!(
				outcome(other) === outcome(plan) &&
				same(other.eeprom, plan.eeprom) &&
				same(other.resume?.eepromBefore, plan.resume?.eepromBefore)
			) && mayBe(other),
	);
}

/** Goes no further with it: the journal is removed, its backup stays. Throws DeviceBusy while another copy goes on with it. */
export async function forgetInterrupted(
	store: Store,
	interrupted: Interrupted | DamagedJournal,
): Promise<void> {
	const release = await store.hold?.(interrupted.path);
	await store.remove(interrupted.path);
	await release?.();
}

/** Names under which a later backup may have set an older one aside. */
const asideNames = 99;

type NamedBackup = {readonly path: string; readonly backup: Backup};

/**
 * A backup that the journal names, or what is wrong with it. Where the name has come to mean another file, the right one
 * is looked for beside it.
 */
async function readBackup(store: Store, path: string, start: StartEntry): Promise<NamedBackup | string> {
	const digest = path === start.backup ? start.backupSha256 : undefined;
	const read = await readNamed(store, path, start, digest);
	if (typeof read !== 'string' || digest === undefined) return read;
	for (let number = 2; number <= asideNames; number++) {
		const aside = await readNamed(store, path.replace(/(\.[^./\\]*)?$/, `-${number}$1`), start, digest);
		if (typeof aside !== 'string') return aside;
	}
	return read;
}

async function readNamed(
	store: Store,
	path: string,
	start: StartEntry,
	digest: string | undefined,
): Promise<NamedBackup | string> {
	try {
		const content = await store.readText(path);
		if (content === undefined) return `${path} is not there`;
		const backup = parseBackup(content, path);
		if (digest !== undefined && sha256OfText(content) !== digest) {
			return `${path} is not the backup that this recovery made`;
		}
		const {low, high, extended} = start.before;
		const same =
			hexString(backup.signature) === start.signature &&
			backup.fuses.low === low &&
			backup.fuses.high === high &&
			backup.fuses.extended === extended;
		return same ? {path, backup} : `${path} is not of this board: its signature or fuses are others`;
	} catch (error) {
		const reason = reasonOf(error);
		return reason.includes(path) ? reason : `${path}: ${reason}`;
	}
}

/** The plan to go on by, or what is wrong with the journal. */
async function planResume(
	store: Store,
	path: string,
	entries: readonly (JournalEntry | Unread)[],
): Promise<{readonly plan: RecoveryPlan; readonly problem?: string} | string> {
	// Another plan for the same board may have followed in the same journal; what the board was like at first holds.
	const origin = entries[0];
	const starts = entries.filter(entry => entry.did === 'start');
	const start = starts.at(-1);
	if (origin?.did !== 'start' || start === undefined) return noStart;
	const chip = findChip(start.chip);
	if (chip === undefined) return `it is about a chip "${start.chip}", which this program does not know`;
	if (hexString(chip.signature) !== start.signature) return 'chip and signature in its first line differ';
	const board = start.board === undefined ? undefined : findBoard(start.board);
	let image: RecoveryPlan['image'];
	try {
		const bytes = Uint8Array.from(start.image, character => character.charCodeAt(0) & 0xff);
		image = start.image === '' ? undefined : parseIntelHex(bytes, 'the journal').image;
	} catch (error) {
		return `the image in it is damaged (${reasonOf(error)})`;
	}
	const first = starts.find(entry => entry.backup !== null);
	const backupPath = first?.backup ?? null;
	const read =
		first === undefined || backupPath === null ? undefined : await readBackup(store, backupPath, first);
	const backup = typeof read === 'string' ? undefined : read?.backup;
	const foundPath = typeof read === 'string' ? null : (read?.path ?? null);
	const problem =
		typeof read === 'string'
			? `The backup that was made before the first erase cannot be used: ${read}.`
			: undefined;
	const erase = start.erase ?? true;
	// A run that goes on says `resumed`, any other one erases: what counts stands behind the last erase.
	const lastErase = entries.findLastIndex(entry => entry.did === 'erase');
	// A plan without an erase that followed an erase found what that had left.
	const strayErase = lastErase >= 0 && starts.every(entry => entry.erase === false);
	const followed = !erase && lastErase >= 0 && !strayErase && entries.lastIndexOf(start) > lastErase;
	const flashes = followed ? [] : [backup?.flash];
	const later = starts
		.filter(entry => !followed || entries.indexOf(entry) > lastErase)
		.flatMap(entry =>
			[entry.backup, entry.kept].flatMap(file =>
				file == null || (file === backupPath && !differs(entry, first)) ? [] : [{file, entry}],
			),
		);
	for (const {file, entry} of later) {
		const more = await readBackup(store, file, entry);
		if (typeof more !== 'string') flashes.push(more.backup.flash);
	}
	const flashesBefore = flashes.filter(flash => flash !== undefined && flash !== null);
	const own = start.eeprom === undefined ? undefined : bytesOfHex(start.eeprom);
	const eepromBefore = backup?.eeprom ?? undefined;
	const hangsOnBackup =
		erase && start.restoreEeprom && own === undefined && !eepromAtErase(chip, plain(origin.before)).survives;
	const since = entries.slice(Math.max(0, lastErase));
	// What stands before a line that cannot be read is not proven any more; of what comes later it may have told.
	const lastUnread = since.findLastIndex(entry => entry.did === 'unread');
	const proven = since.slice(lastUnread + 1);
	const wasErased =
		since.some(entry => entry.did === 'erased') ||
		(lastUnread >= 0 &&
			since.some(entry => entry.did === 'pages' || entry.did === 'verified' || entry.did === 'eeprom'));
	const fuseWrites = entries.flatMap(entry =>
		entry.did === 'fuse' ? [{fuse: entry.fuse, value: entry.value}] : [],
	);
	// Without an erase the first run, too, begins with `resumed`.
	const begun = erase ? -1 : since.findIndex(entry => entry.did === 'resumed');
	const firstResume = since.findIndex((entry, at) => at > begun && entry.did === 'resumed');
	const alone = firstResume === -1 ? since : since.slice(0, firstResume);
	const plan: RecoveryPlan = {
		programmer: start.programmer,
		chip,
		...(board === undefined ? {} : {board}),
		...(image === undefined ? {} : {image}),
		...(start.imageName === undefined ? {} : {imageName: start.imageName}),
		...(start.bootloader === undefined ? {} : {bootloader: start.bootloader}),
		fuses: start.fuses === null ? plain(start.before) : plain(start.fuses),
		...(start.ownBackup === true ? {ownBackup: true} : {}),
		...(start.lock === undefined ? {} : {lock: start.lock}),
		...(start.programmingVolts === undefined ? {} : {programmingVolts: start.programmingVolts}),
		// It was made before the first erase, or the person went without.
		backup: 'none',
		erase,
		verify: start.verify,
		restoreEeprom: start.restoreEeprom,
		...(own === undefined ? {} : {eeprom: own}),
		resume: {
			erased: erase && lastErase >= 0 && wasErased,
			// A file that is not there, or not what it was, is no backup.
			backup: foundPath,
			...(foundPath === null || first?.backupSha256 === undefined ? {} : {backupSha256: first.backupSha256}),
			journal: path,
			before: plain(origin.before),
			fuseWrites,
			pages: proven.some(entry => entry.did === 'verified') ? 'all' : pagesDone(alone),
			...(firstResume === -1 && lastUnread === -1 ? {} : {scattered: true}),
			...(flashesBefore.length === 0 ? {} : {flashesBefore}),
			...(eepromBefore === undefined ? {} : {eepromBefore}),
			...(origin.lockBefore === undefined ? {} : {lockBefore: origin.lockBefore}),
			...(strayErase ? {strayErase} : {}),
			lockBegun: entries.some(entry => entry.did === 'lock'),
			...(problem !== undefined && hangsOnBackup
				? {lost: `${problem} What the EEPROM held does not come back.`}
				: {}),
		},
		// What a run finds by itself is asked then; what was agreed to holds for what it was said of.
		accepted: new Set(start.accepted),
		sck: start.sck,
	};
	return {plan, ...(problem === undefined ? {} : {problem})};
}

/** The same name, but another file by then. */
const differs = (one: StartEntry, other: StartEntry | undefined): boolean =>
	one.backupSha256 !== undefined && one.backupSha256 !== other?.backupSha256;

function bytesOfHex(digits: string): Uint8Array {
	return Uint8Array.from({length: digits.length / 2}, (_, index) =>
		Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
	);
}

/** Optional bytes that are undefined are left out. */
function plain(bytes: v.InferOutput<typeof fuses>): {low: number; high?: number; extended?: number} {
	return {
		low: bytes.low,
		...(bytes.high === undefined ? {} : {high: bytes.high}),
		...(bytes.extended === undefined ? {} : {extended: bytes.extended}),
	};
}
