// What a recovery did, line by line, so that the next run can go on where the last one stopped. A journal lives in the
// state folder from the first erase to the end of the recovery; one that is still there was interrupted.
import * as v from 'valibot';
import {findBoard} from '../boards/index.ts';
import {hexString} from '../bytes.ts';
import {findChip} from '../chips/index.ts';
import {riskNames} from '../errors.ts';
import {parseBackup} from '../image/backup-file.ts';
import {parseIntelHex, printIntelHex} from '../image/intel-hex.ts';
import type {Store} from '../store.ts';
import type {Identity} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

/** Names of journals in the state folder begin so. */
const prefix = 'recovery-';

const byte = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const text = v.pipe(v.string(), v.maxLength(4_096));
const fuses = v.strictObject({low: byte, high: v.optional(byte), extended: v.optional(byte)});
const startSchema = v.strictObject({
	did: v.literal('start'),
	chip: text,
	signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{6}$/)),
	backup: v.nullable(text),
	programmer: text,
	board: v.optional(text),
	bootloader: v.optional(text),
	imageName: v.optional(text),
	/** Intel HEX; at most a few hundred kilobytes for the largest chip. */
	image: v.pipe(v.string(), v.maxLength(2_000_000)),
	/** `null`: as they were, see `before`. */
	fuses: v.nullable(fuses),
	before: fuses,
	lock: v.optional(byte),
	verify: v.picklist(['full', 'written', 'none']),
	restoreEeprom: v.boolean(),
	accepted: v.array(v.picklist(riskNames)),
	sck: v.union([v.literal('auto'), v.pipe(v.number(), v.minValue(1))]),
});
const entrySchema = v.variant('did', [
	startSchema,
	v.strictObject({did: v.literal('erase')}),
	v.strictObject({did: v.literal('erased')}),
	v.strictObject({did: v.literal('pages'), pages: v.pipe(v.number(), v.integer(), v.minValue(0))}),
	v.strictObject({did: v.literal('verified')}),
	v.strictObject({did: v.literal('eeprom')}),
	v.strictObject({did: v.literal('fuse'), fuse: v.picklist(['low', 'high', 'extended']), value: byte}),
	v.strictObject({did: v.literal('lock'), value: byte}),
	v.strictObject({did: v.literal('done')}),
]);

/** One thing that is about to begin (`erase`, `fuse`, `lock`) or that is done (the others). */
export type JournalEntry = v.InferOutput<typeof entrySchema>;
type StartEntry = v.InferOutput<typeof startSchema>;

/** The first entry: everything that another run needs to do the same. The plan has an image. */
export function startEntry(plan: RecoveryPlan, identity: Identity, backup: string | null): StartEntry {
	return {
		did: 'start',
		chip: plan.chip.id,
		signature: hexString(identity.signature),
		backup,
		programmer: plan.programmer,
		...(plan.board === undefined ? {} : {board: plan.board.id}),
		...(plan.bootloader === undefined ? {} : {bootloader: plan.bootloader}),
		...(plan.imageName === undefined ? {} : {imageName: plan.imageName}),
		image: plan.image === undefined ? '' : printIntelHex(plan.image),
		fuses: plan.fuses === 'keep' ? null : plan.fuses,
		before: identity.fuses,
		...(plan.lock === undefined ? {} : {lock: plan.lock}),
		verify: plan.verify,
		restoreEeprom: plan.restoreEeprom,
		accepted: [...plan.accepted],
		sck: plan.sck,
	};
}

/** One line, without its end. */
export function printEntry(entry: JournalEntry): string {
	return JSON.stringify(entry);
}

/**
 * The entries of a journal. The last line may be cut off by a power failure and is then left out; a damaged line in
 * the middle ends the reading there: what follows it cannot be trusted.
 */
export function parseJournal(content: string): readonly JournalEntry[] {
	const entries: JournalEntry[] = [];
	for (const line of content.split('\n')) {
		if (line.trim() === '') continue;
		let json: unknown;
		try {
			json = JSON.parse(line);
		} catch {
			break;
		}
		const parsed = v.safeParse(entrySchema, json);
		if (!parsed.success) break;
		entries.push(parsed.output);
	}
	return entries;
}

/** Where a recovery stopped, in words: `while writing page 17`. */
export function describeStage(entries: readonly JournalEntry[]): string {
	const last = entries.findLast(entry => entry.did !== 'start');
	switch (last?.did) {
		case 'erase':
			return 'during the chip erase';
		case 'erased':
			return 'while writing the first pages';
		case 'pages':
			return `while writing, after page ${last.pages}`;
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

/**
 * Takes down a recovery in a journal of the store; give it to `recover`. Nothing is written before the first entry,
 * and the file is removed after `done`.
 * @param path the journal of the interrupted recovery that this one goes on with; a new one otherwise
 */
export function createJournal(store: Store, path?: string): (entry: JournalEntry) => Promise<void> {
	const name = path ?? `${prefix}${store.nowIso().replace(/[^0-9]/g, '')}.jsonl`;
	return async entry => {
		if (entry.did === 'done') {
			// A fuse-repair plan has no journal: nothing to remove.
			if ((await store.readText(name)) !== undefined) await store.remove(name);
			return;
		}
		await store.appendLine(name, printEntry(entry));
	};
}

/** An interrupted recovery and how to go on with it. */
export type Interrupted = {
	readonly path: string;
	/** `while writing, after page 16` */
	readonly stage: string;
	readonly chip: string;
	/** Give it to `recover`, with another programmer if need be. */
	readonly plan: RecoveryPlan;
};

/**
 * The latest recovery that was not finished; undefined when there is none. Journals that cannot be read are left
 * alone and passed over.
 */
export async function findInterrupted(store: Store): Promise<Interrupted | undefined> {
	const names = await store.list(prefix);
	for (const path of [...names].reverse()) {
		const entries = parseJournal((await store.readText(path)) ?? '');
		const start = entries[0];
		if (start?.did !== 'start' || !entries.some(entry => entry.did !== 'start')) continue;
		const plan = await planResume(store, start, entries);
		if (plan !== undefined) return {path, stage: describeStage(entries), chip: plan.chip.name, plan};
	}
	return undefined;
}

async function planResume(
	store: Store,
	start: StartEntry,
	entries: readonly JournalEntry[],
): Promise<RecoveryPlan | undefined> {
	const chip = findChip(start.chip);
	if (chip === undefined) return undefined;
	const board = start.board === undefined ? undefined : findBoard(start.board);
	try {
		const bytes = Uint8Array.from(start.image, character => character.charCodeAt(0) & 0xff);
		const {image} = parseIntelHex(bytes, 'the journal');
		const backupText = start.backup === null ? undefined : await store.readText(start.backup);
		const backup =
			backupText === undefined ? undefined : parseBackup(backupText, start.backup ?? 'the backup');
		const lastErase = entries.findLastIndex(entry => entry.did === 'erase');
		const eeprom = start.restoreEeprom ? backup?.eeprom : undefined;
		return {
			programmer: start.programmer,
			chip,
			...(board === undefined ? {} : {board}),
			image,
			...(start.imageName === undefined ? {} : {imageName: start.imageName}),
			...(start.bootloader === undefined ? {} : {bootloader: start.bootloader}),
			fuses: start.fuses === null ? plain(start.before) : plain(start.fuses),
			...(start.fuses === null ? {ownBackup: true} : {}),
			...(start.lock === undefined ? {} : {lock: start.lock}),
			// It was made before the first erase, or the person went without.
			backup: 'none',
			erase: true,
			verify: start.verify,
			restoreEeprom: start.restoreEeprom,
			...(eeprom === null || eeprom === undefined ? {} : {eeprom}),
			resume: {
				erased: lastErase >= 0 && entries.slice(lastErase).some(entry => entry.did === 'erased'),
				backup: start.backup,
			},
			accepted: new Set([...start.accepted, 'no-backup', 'eesave', 'loses-bootloader']),
			sck: start.sck,
		};
	} catch {
		return undefined;
	}
}

/** Optional bytes that are undefined are left out. */
function plain(bytes: v.InferOutput<typeof fuses>): {low: number; high?: number; extended?: number} {
	return {
		low: bytes.low,
		...(bytes.high === undefined ? {} : {high: bytes.high}),
		...(bytes.extended === undefined ? {} : {extended: bytes.extended}),
	};
}
