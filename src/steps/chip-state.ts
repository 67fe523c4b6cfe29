// In which state a chip is left, in words.
import type {ChipState} from '../engine/errors.ts';

const texts: Readonly<Record<ChipState, string>> = {
	untouched: 'Nothing on the chip was changed.',
	erased:
		'The chip is blank, or its erase was cut short; nothing is written yet. It is not damaged; run the wizard again to fill it.',
	'partly-written':
		'The chip may be only partly written. It is not damaged, but it may not work yet; run the wizard again.',
	written: 'The program memory is written. The fuses are as they were.',
	'written-and-fused': 'Program memory and fuses are written.',
};

/** @param note what is to be said of it besides */
export function chipStateText(state: ChipState, note?: string): string {
	return note === undefined ? texts[state] : `${texts[state]} ${note}`;
}
