// What procedures have in common at their edges: identities as events, anything thrown as the last event.
import {adviseError} from '../advice.ts';
import {hexAddress, hexByte, hexString} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {type ChipState, UnbrickError} from '../errors.ts';
import {inspectFlash, type Reference} from '../image/inspect.ts';
import type {FuseBytes, Identity} from '../target.ts';
import type {FlashLookEvent, FuseText, RecoverEvent, RecoverResult} from './events.ts';

/** Fuse bytes as events carry them. */
export function fuseText(fuses: FuseBytes): FuseText {
	return {
		low: hexByte(fuses.low),
		...(fuses.high === undefined ? {} : {high: hexByte(fuses.high)}),
		...(fuses.extended === undefined ? {} : {extended: hexByte(fuses.extended)}),
	};
}

/** What there is to compare with; a catalogue that fails is no reason to stop. */
export async function referencesOf(
	deps: {readonly references?: (chip: Chip) => Promise<readonly Reference[]>},
	chip: Chip,
): Promise<readonly Reference[]> {
	try {
		return (await deps.references?.(chip)) ?? [];
	} catch {
		return [];
	}
}

/** What a flash that was read holds, as an event. */
export function lookEvent(
	flash: Uint8Array,
	chip: Chip,
	fuses: FuseBytes,
	references: readonly Reference[],
): FlashLookEvent {
	const look = inspectFlash(flash, chip, {fuses, references});
	const id = look.bootloader?.id;
	return {
		type: 'look',
		verdict: look.verdict,
		text: look.text,
		...(id === undefined || id === 'unknown' ? {} : {bootloader: id}),
		...(look.comparedWith === undefined ? {} : {comparedWith: look.comparedWith}),
		...(look.differingBytes === undefined ? {} : {differingBytes: look.differingBytes}),
		...(look.firstAddress === undefined ? {} : {firstAddress: hexAddress(look.firstAddress)}),
	};
}

/** The identity event of what a target said. */
export function identityEvent(identity: Identity): RecoverEvent {
	return {
		type: 'identity',
		signature: hexString(identity.signature),
		...(identity.chip === undefined ? {} : {chip: identity.chip.id}),
		fuses: fuseText(identity.fuses),
		lock: hexByte(identity.lock),
		sckHz: identity.sckHz,
		...(identity.targetVolts === null ? {} : {targetVolts: identity.targetVolts}),
	};
}

/** Any thrown value as one of ours. */
export function asUnbrickError(error: unknown): UnbrickError {
	return error instanceof UnbrickError
		? error
		: new UnbrickError(
				{kind: 'Bug', assumed: error instanceof Error ? error.message : String(error)},
				{cause: error},
			);
}

/** Goes with every failure after which the chip is not as it was. */
const goOn =
	'Go on with `recover --resume`, or with the first question of the wizard: what was done holds, and the first backup counts.';

/** Anything thrown, as the last event of a procedure. The chip is untouched unless told otherwise. */
export function failureResult(
	thrown: unknown,
	context: {
		readonly programmer?: string | undefined;
		readonly chipState?: ChipState;
		readonly stateNote?: string | undefined;
		readonly backup?: string | null;
		readonly seconds: number;
	},
): RecoverResult {
	const error = asUnbrickError(thrown);
	const chipState = context.chipState ?? 'untouched';
	const advice = adviseError(error, {
		chipState,
		...(context.programmer === undefined ? {} : {programmer: context.programmer}),
	});
	return {
		type: 'result',
		ok: false,
		error: {
			kind: error.kind,
			message: error.message,
			likely: advice.likely,
			next: advice.next,
			...(error.facts.kind === 'ConsentMissing' ? {risks: error.facts.risks} : {}),
		},
		chipState,
		...(context.stateNote === undefined ? {} : {stateNote: context.stateNote}),
		...(chipState === 'untouched' ? {} : {resume: goOn}),
		backup: context.backup ?? null,
		seconds: context.seconds,
	};
}
