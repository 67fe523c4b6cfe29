// How much supply a chip needs at the clock that it runs on. Pure.
import type {Chip} from '../chips/chip.ts';

/** Below this a board is not merely at the low end of what USB delivers behind a diode, V. */
const toleranceVolts = 0.3;

/** [up to this clock in Hz, from this supply in V], rising. */
type SpeedGrade = readonly (readonly [number, number])[];

/** Parts that start at 1.8 V. Source: datasheets ATmega328P 8271 (28.3), ATtiny25/45/85 2586 (21.3), ATmega644P 8011. */
const from1v8: SpeedGrade = [
	[4e6, 1.8],
	[10e6, 2.7],
	[Number.POSITIVE_INFINITY, 4.5],
];

/** Parts that start at 2.7 V. Source: datasheets ATmega16U4/32U4 7766J (29.1), ATmega32U2 7799, AT90USB1286 7593. */
const from2v7: SpeedGrade = [
	[8e6, 2.7],
	[Number.POSITIVE_INFINITY, 4.5],
];

/** The A parts reach 16 MHz from 2.7 V. Source: datasheets ATmega32A 8155, ATmega8A 8159, ATmega16A 8154. */
const aPart = /^atmega(8|16|32|64|128)a$/;

/**
 * The lowest supply at which a chip keeps to its clock, V, with a little less than the datasheet asks: what is below
 * it is no bad cable but the wrong supply.
 */
export function minimumVolts(chip: Chip, clockHz: number): number {
	const [lowest] = chip.vccRange;
	if (aPart.test(chip.id)) return lowest;
	const grades = lowest < 2.5 ? from1v8 : from2v7;
	const needed = grades.find(([upToHz]) => clockHz <= upToHz)?.[1] ?? lowest;
	return Math.max(lowest, needed > lowest ? needed - toleranceVolts : lowest);
}
