// Everything readable of a chip, into one file. Writes nothing on the chip.
import {hexAddress, hexByte, sameBytes} from '../bytes.ts';
import {type Cancel, neverCancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import {UnbrickError} from '../errors.ts';
import {backupFileName, printBackup} from '../image/backup-file.ts';
import {sha256OfText} from '../image/digest.ts';
import type {Reference} from '../image/inspect.ts';
import type {Store} from '../store.ts';
import type {Identity, Memory, Target, TransferOptions} from '../target.ts';
import {lockAllows} from './check-plan.ts';
import type {RecoverEvent, RecoverResult} from './events.ts';
import {failureResult, fuseText, identityEvent, lookEvent, referencesOf} from './results.ts';
import {streaming} from './streaming.ts';

/** What a backup says about its making. */
export type BackupLabel = {
	/** `avr-unbrick 0.1.0` */
	readonly program: string;
	readonly programmer: string;
	readonly board?: string;
};

/** Where a backup lies, and the SHA-256 of its text: the name may come to mean another file. */
export type SavedBackup = {readonly path: string; readonly sha256: string};

/** Readings of a block: two that agree, or as many again to decide. */
const readings = 2;

/**
 * Reads a stretch so that each byte was seen the same twice: block by block, each block twice in a row. Where the two
 * differ, a third and a fourth reading decide, byte by byte.
 * @param onProgress counts both readings: a byte read once is half done
 * @param onDoubt told of each block whose first two readings differ
 * @throws UnbrickError UnstableLink where no value, or more than one, was seen twice; Cancelled between blocks; and what
 * reading throws
 */
export async function readAgreed(
	target: Target,
	memory: Memory,
	byteAddress: number,
	bytes: number,
	{
		onProgress = () => {},
		onDoubt = () => {},
		cancel = neverCancel,
	}: TransferOptions & {readonly onDoubt?: (byteAddress: number) => void} = {},
): Promise<Uint8Array> {
	const data = new Uint8Array(bytes);
	const blockBytes = target.readBlockBytes?.(memory) ?? bytes;
	for (let done = 0; done < bytes; ) {
		if (done > 0 && cancel.requested)
			throw new UnbrickError({kind: 'Cancelled', during: `reading the ${memory}`});
		const size = Math.min(blockBytes, bytes - done);
		const at = byteAddress + done;
		const seen: Uint8Array[] = [];
		const readAgain = async () => {
			// The readings that decide between two add nothing to what is done.
			const counts = seen.length < readings;
			const before = readings * done + seen.length * size;
			seen.push(
				await target.readRange(memory, at, size, {
					...(counts ? {onProgress: now => onProgress(Math.floor((before + now) / readings), bytes)} : {}),
					cancel,
				}),
			);
		};
		while (seen.length < readings) await readAgain();
		if (sameBytes(seen[0]!, seen[1]!)) {
			data.set(seen[0]!, done);
		} else {
			onDoubt(at);
			while (seen.length < 2 * readings) await readAgain();
			data.set(decided(memory, at, seen), done);
		}
		done += size;
	}
	return data;
}

/** Byte by byte what most of the readings say. Throws UnstableLink where that is seen once only, or two are seen alike. */
function decided(memory: Memory, byteAddress: number, seen: readonly Uint8Array[]): Uint8Array {
	return seen[0]!.map((_, index) => {
		const values = seen.map(data => data[index]!);
		const votes = (value: number) => values.filter(other => other === value).length;
		const most = Math.max(...values.map(votes));
		const winners = new Set(values.filter(value => votes(value) === most));
		if (most >= readings && winners.size === 1) return [...winners][0]!;
		throw new UnbrickError({
			kind: 'UnstableLink',
			what: `${memory} at ${hexAddress(byteAddress + index)}`,
			got: values.map(value => Uint8Array.of(value)),
			candidates: [],
		});
	});
}

/**
 * Reads flash and EEPROM, each block until two readings agree, and writes the backup durably. Yields progress; returns
 * path and content.
 * @param path `auto` names a file in the state folder
 * @param abandon called when the consumer stops listening in the middle
 * @throws UnbrickError Cancelled, and what reading and the store throw
 */
export async function* takeBackup(
	target: Target,
	chip: Chip,
	identity: Identity,
	{store, label, path}: {readonly store: Store; readonly label: BackupLabel; readonly path: 'auto' | string},
	cancel: Cancel,
	abandon: () => void = () => {},
): AsyncGenerator<RecoverEvent, SavedBackup & {readonly flash: Uint8Array; readonly eeprom: Uint8Array}> {
	const totalBytes = chip.flash.bytes + chip.eeprom.bytes;
	const read = async function* (memory: Memory, before: number): AsyncGenerator<RecoverEvent, Uint8Array> {
		const doubts: number[] = [];
		const data = yield* streaming<RecoverEvent, Uint8Array>(
			emit =>
				readAgreed(target, memory, 0, chip[memory].bytes, {
					onProgress: done => emit({type: 'progress', phase: 'backup', doneBytes: before + done, totalBytes}),
					onDoubt: at => doubts.push(at),
					cancel,
				}),
			abandon,
		);
		if (doubts.length > 0) {
			yield {
				type: 'warning',
				code: 'misread',
				message: `Two readings of the ${memory} differ ${doubts.length === 1 ? 'in the block' : `in ${doubts.length} blocks, first in the one`} at ${hexAddress(doubts[0]!)}; a third and a fourth have decided.`,
			};
		}
		return data;
	};
	const flash = yield* read('flash', 0);
	const eeprom = yield* read('eeprom', chip.flash.bytes);
	return {
		...(await saveBackup(target, chip, identity, {store, label, path}, {flash, eeprom})),
		flash,
		eeprom,
	};
}

/**
 * Writes what was read of a chip durably.
 * @throws UnbrickError NotSaved, and UnstableLink or NoTarget when the chip has gone
 */
async function saveBackup(
	target: Target,
	chip: Chip,
	identity: Identity,
	{store, label, path}: {readonly store: Store; readonly label: BackupLabel; readonly path: 'auto' | string},
	{flash, eeprom}: {readonly flash: Uint8Array; readonly eeprom: Uint8Array},
): Promise<SavedBackup> {
	// Reading from a chip that has gone gives bytes, too: it must still be there, or nothing of this counts.
	await target.testLink?.();
	const takenAt = store.nowIso();
	const text = printBackup({
		takenAt,
		...label,
		engine: target.engine,
		chip: chip.id,
		signature: identity.signature,
		fuses: identity.fuses,
		lock: identity.lock,
		flash,
		eeprom,
	});
	// An older backup may hold the only copy of what a board once had.
	const receipt =
		path === 'auto'
			? await store.writeDurably(backupFileName(chip, takenAt), text, 'new-name')
			: await store.writeDurably(path, text, 'set-aside');
	return {path: receipt.path, sha256: sha256OfText(text)};
}

export type BackupPlan = {
	readonly programmer: string;
	readonly chip?: Chip;
	readonly board?: string;
	readonly path: 'auto' | string;
};

export type BackupDeps = {
	readonly connect: () => Promise<Target>;
	readonly store: Store;
	readonly clock: Clock;
	readonly cancel?: Cancel;
	readonly program?: string;
	/** Published bootloaders at hand for a chip, to compare with. Its failure only makes the look less exact. */
	readonly references?: (chip: Chip) => Promise<readonly Reference[]>;
};

/**
 * Backs up the wired chip. Ends in exactly one `result`, with the file's path; throws nothing; closes the target. A chip
 * whose lock bits forbid reading ends in `Locked`, an unknown one in `WrongSignature`.
 */
export async function* backup(plan: BackupPlan, deps: BackupDeps): AsyncGenerator<RecoverEvent, void> {
	const beganMs = deps.clock.nowMs();
	const seconds = () => Math.round((deps.clock.nowMs() - beganMs) / 100) / 10;
	let target: Target | undefined;
	let result: RecoverResult;
	try {
		yield {type: 'phase', phase: 'connect'};
		target = await deps.connect();
		yield {type: 'phase', phase: 'identify'};
		const identity = await target.identify(plan.chip);
		for (const {code, message} of target.takeNotes?.() ?? []) yield {type: 'warning', code, message};
		yield identityEvent(identity);
		const {chip} = identity;
		if (chip === undefined) {
			throw new UnbrickError({
				kind: 'WrongSignature',
				expected: new Uint8Array(0),
				expectedChip: 'a chip of the list',
				got: identity.signature,
			});
		}
		if (!lockAllows(chip, identity.lock).read) {
			throw new UnbrickError({kind: 'Locked', lock: identity.lock, what: 'reading flash and EEPROM'});
		}
		yield {type: 'phase', phase: 'backup'};
		const label: BackupLabel = {
			program: deps.program ?? 'avr-unbrick',
			programmer: plan.programmer,
			...(plan.board === undefined ? {} : {board: plan.board}),
		};
		const taken = yield* takeBackup(
			target,
			chip,
			identity,
			{store: deps.store, label, path: plan.path},
			deps.cancel ?? neverCancel,
		);
		for (const {code, message} of target.takeNotes?.() ?? []) yield {type: 'warning', code, message};
		yield lookEvent(taken.flash, chip, identity.fuses, await referencesOf(deps, chip));
		yield {type: 'phase', phase: 'leave'};
		await target.leave();
		result = {
			type: 'result',
			ok: true,
			chip: chip.id,
			imageBytes: 0,
			writtenBytes: 0,
			verifiedBytes: 0,
			fuses: fuseText(identity.fuses),
			lock: hexByte(identity.lock),
			backup: taken.path,
			seconds: seconds(),
			chipState: 'untouched',
		};
	} catch (thrown) {
		result = failureResult(thrown, {programmer: plan.programmer, seconds: seconds()});
	} finally {
		await target?.close();
	}
	yield result;
}
