// Which way the answers so far lead. Light: the table of contents needs it before any step is loaded.
import type {Known} from './step.ts';

/** True when the facts say that the board's chip is no AVR. */
export function isArm(known: Known): boolean {
	if (known.board?.board !== undefined) return !known.board.board.supported;
	return known.start?.diagnosis?.family === 'arm' && known.diagnosis?.go !== 'avr-after-all';
}

/** First aid was enough: every later question is pointless. */
export function isHelped(known: Known): boolean {
	return known.diagnosis?.go === 'first-aid' && known.firstAid?.outcome === 'helped';
}

/** Steps that make sense for an AVR board which first aid did not save. */
export function needsIsp(known: Known): boolean {
	return !isHelped(known) && !isArm(known);
}
