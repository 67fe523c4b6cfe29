// In which state a chip is left, in words.
import type {ChipState} from '../engine/errors.ts';

const texts: Readonly<Record<ChipState, string>> = {
	untouched: 'Nothing on the chip was changed.',
	erased:
		'The chip is blank: erased, nothing written yet. It is not damaged; run the wizard again to fill it.',
	'partly-written':
		'The chip is partly written. It is not damaged, but it does not work yet; run the wizard again.',
	written: 'The program memory is written. The fuses are as they were.',
	'written-and-fused': 'Program memory and fuses are written.',
};

export function chipStateText(state: ChipState): string {
	return texts[state];
}
