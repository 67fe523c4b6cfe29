// Which way the answers so far lead. Light: the table of contents needs it before any step is loaded.
import type {Known} from './step.ts';

/** True when the facts say that the board's chip is no AVR. */
export function isArm(known: Known): boolean {
	if (known.board?.elsewhere !== undefined) return true;
	if (known.board?.board !== undefined) return !known.board.board.supported;
	return known.start?.diagnosis?.family === 'arm' && known.diagnosis?.go !== 'avr-after-all';
}

/** First aid was enough: every later question is pointless. */
export function isHelped(known: Known): boolean {
	return known.diagnosis?.go === 'first-aid' && known.firstAid?.outcome === 'helped';
}

/** The board is asked for unless the log has told already that it is no AVR; a board that was picked can be unpicked. */
export function asksForBoard(known: Known): boolean {
	if (isHelped(known)) return false;
	const picked = known.board?.elsewhere !== undefined || known.board?.board?.supported === false;
	return picked || !isArm(known);
}

/** Steps that make sense for an AVR board which first aid did not save. */
export function needsIsp(known: Known): boolean {
	return !isHelped(known) && !isArm(known);
}

/** The board was written, or may still be: then it is to be seen alive. */
export function isForComeback(known: Known): boolean {
	return needsIsp(known) && known.flash?.result.ok !== false;
}

/** A bootloader was seen (or may still be) through which a keymap can be written. A drive is for its owner to fill. */
export function isForKeymap(known: Known): boolean {
	if (!isForComeback(known)) return false;
	const {comeback} = known;
	if (comeback === undefined) return true;
	return comeback.seen === 'bootloader' && comeback.protocol !== undefined && comeback.protocol !== 'lufa-ms';
}
