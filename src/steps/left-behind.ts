// In which state writes of this run have left boards. Kept apart from the answers: trying again, undoing and beginning
// anew forget answers, but the chip forgets nothing.
import type {ChipState} from '../engine/errors.ts';
import {chipStateText} from './chip-state.ts';
import type {Answers, Known} from './step.ts';

export type LeftBehind = {
	/** Printed name of the chip. */
	readonly chip: string;
	/** Name of the board, where it is known. */
	readonly board?: string;
	/** True when the work came to its end and was read back. */
	readonly ok: boolean;
	readonly state: Exclude<ChipState, 'untouched'>;
	/** In a sentence. */
	readonly text: string;
	/** The first backup of this board: what was on it before anything was written. */
	readonly backup?: string;
	readonly report?: string;
	/** Over ISP, or through the board's own bootloader. */
	readonly over: 'isp' | 'usb';
	/** On the practice bench: no real board. */
	readonly practice: boolean;
	/** Counts how often the questions were begun anew: then it may be another board. */
	readonly round: number;
};

/** Where a write happens. */
export type Occasion = Pick<LeftBehind, 'practice' | 'round'>;

/** True when the answers go on with the board that was written last, as far as the program can know. */
function isSameBoard(last: LeftBehind, known: Known, {round}: Occasion): boolean {
	if (known.again === true || known.image?.restore !== undefined) return true;
	// First aid comes before the recovery, the keymap after it: nothing asks for another board in between.
	return last.round === round && (last.over === 'usb' || known.flash !== undefined);
}

function latest(left: readonly LeftBehind[], practice: boolean): LeftBehind | undefined {
	return left.findLast(one => one.practice === practice);
}

/** The board that these answers are about, when a write of this run has left it unfinished. */
export function unfinished(
	left: readonly LeftBehind[],
	known: Known,
	occasion: Occasion,
): LeftBehind | undefined {
	const last = latest(left, occasion.practice);
	return last === undefined || last.ok || !isSameBoard(last, known, occasion) ? undefined : last;
}

/** Takes down how a board was left. The same board takes the place of its entry before; its first backup stays. */
export function leaveBehind(
	left: readonly LeftBehind[],
	known: Known,
	next: LeftBehind,
): readonly LeftBehind[] {
	const before = latest(left, next.practice);
	if (before === undefined || !isSameBoard(before, known, next)) return [...left, next];
	const backup = before.backup ?? next.backup;
	return [...left.filter(one => one !== before), {...next, ...(backup === undefined ? {} : {backup})}];
}

/** The same after a recovery over ISP; one that changed nothing leaves everything as it was. */
export function afterRecovery(
	left: readonly LeftBehind[],
	known: Known,
	{result, report}: Answers['flash'],
	occasion: Occasion,
): readonly LeftBehind[] {
	const {chipState, backup} = result;
	if (chipState === 'untouched') return left;
	const board = known.board?.board?.name;
	return leaveBehind(left, known, {
		chip: known.identify?.chip.name ?? 'chip',
		...(board === undefined ? {} : {board}),
		ok: result.ok,
		state: chipState,
		text: chipStateText(chipState, result.ok ? undefined : result.stateNote),
		...(backup == null ? {} : {backup}),
		...(report === undefined ? {} : {report}),
		over: 'isp',
		...occasion,
	});
}

/** How the chip is, put after "the chip is still": `partly written from before`. */
export function stillWords({state}: LeftBehind): string {
	const words: Readonly<Record<LeftBehind['state'], string>> = {
		erased: 'blank from before',
		'partly-written': 'partly written from before',
		written: 'written from before, but the work on it is not finished',
		'written-and-fused': 'written from before, but the work on it is not finished',
	};
	return words[state];
}

/** The sentence for "nothing was changed" that stays true after an earlier write: undefined when there was none. */
export function stillText(left: LeftBehind | undefined, known: Known): string | undefined {
	if (left !== undefined) return `This look changed nothing; the chip is still ${stillWords(left)}.`;
	if (known.again === true)
		return 'This look changed nothing; the chip is still as the interrupted recovery left it.';
	return undefined;
}
