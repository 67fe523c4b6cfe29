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
import type {Identity, Memory, Target} from '../target.ts';
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

/**
 * Reads flash and EEPROM and writes the backup durably. Yields progress; returns path and content.
 * @param path `auto` names a file in the state folder
 * @param abandon called when the consumer stops listening in the middle
 * @throws UnbrickError Cancelled, and what reading and the store throw
 */
export async function* takeBackup(
	target: Target,
	chip: Chip,
	identity: Identity,
	{
		store,
		label,
		path,
		flashTwice = false,
	}: {
		readonly store: Store;
		readonly label: BackupLabel;
		readonly path: 'auto' | string;
		/** Reads the flash a second time, too; else only the EEPROM, which is written back. */
		readonly flashTwice?: boolean;
	},
	cancel: Cancel,
	abandon: () => void = () => {},
): AsyncGenerator<RecoverEvent, SavedBackup & {readonly flash: Uint8Array; readonly eeprom: Uint8Array}> {
	const parts = [
		{memory: 'flash', bytes: chip.flash.bytes, readings: flashTwice ? 2 : 1},
		{memory: 'eeprom', bytes: chip.eeprom.bytes, readings: 2},
	] as const;
	const totalBytes = parts.reduce((sum, {bytes, readings}) => sum + bytes * readings, 0);
	let before = 0;
	const read = async function* (memory: Memory, bytes: number): AsyncGenerator<RecoverEvent, Uint8Array> {
		const data = yield* streaming<RecoverEvent, Uint8Array>(
			emit =>
				target.readRange(memory, 0, bytes, {
					onProgress: done =>
						emit({
							type: 'progress',
							phase: 'backup',
							doneBytes: Math.min(before + done, totalBytes),
							totalBytes,
						}),
					cancel,
				}),
			abandon,
		);
		before += bytes;
		return data;
	};
	const taken: Uint8Array[] = [];
	for (const {memory, bytes, readings} of parts) {
		const first = yield* read(memory, bytes);
		const second = readings === 1 ? first : yield* read(memory, bytes);
		if (sameBytes(first, second)) {
			taken.push(first);
			continue;
		}
		yield {
			type: 'warning',
			code: 'misread',
			message: `Two readings of the ${memory} differ; it is read once more, and what two readings agree on counts.`,
		};
		taken.push(agreed(memory, first, second, yield* read(memory, bytes)));
	}
	const [flash, eeprom] = [taken[0]!, taken[1]!];
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
export async function saveBackup(
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

/** Byte by byte what two of three readings say. Throws UnstableLink where all three differ. */
function agreed(memory: Memory, first: Uint8Array, second: Uint8Array, third: Uint8Array): Uint8Array {
	return first.map((byte, at) => {
		if (byte === second[at] || byte === third[at]) return byte;
		if (second[at] === third[at]) return second[at]!;
		const excerpt = (data: Uint8Array) => data.slice(at, at + 1);
		throw new UnbrickError({
			kind: 'UnstableLink',
			what: `${memory} at ${hexAddress(at)}`,
			got: [excerpt(first), excerpt(second), excerpt(third)],
			candidates: [],
		});
	});
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
			{store: deps.store, label, path: plan.path, flashTwice: true},
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
