// For a chip whose fuses ask for a clock that it does not have: how to feed one, and what to put right first. Pure.
import type {Chip} from '../chips/chip.ts';
import {programmers} from './index.ts';

/** Frequency that any board can put out and every ISP speed in use here fits, MHz. Source: facts A8. */
const feedMHz = 8;

/**
 * What to do, in order.
 * @param packageName the package on the board, where known; every package of the chip is named otherwise
 */
export function clockRescue(chip: Chip, packageName?: string): readonly string[] {
	const packages = chip.packages.filter(({name}) => packageName === undefined || name === packageName);
	const places = packages
		.filter(({pins}) => pins.XTAL1 !== undefined)
		.map(({name, pins}) => `pin ${pins.XTAL1!.join(' or ')} of the ${name}`);
	const where = places.length === 0 ? 'XTAL1' : `XTAL1 (${places.join(', ')})`;
	const sources = programmers.flatMap(({name, rescueClock}) =>
		rescueClock === undefined ? [] : [`${name}: ${rescueClock}`],
	);
	return [
		`A clock is fed into ${where}, with GND joined: 1 to ${feedMHz} MHz at the supply voltage of the chip, while the wires for ISP stay as they are.`,
		`These can put one out: ${sources.join('; ')}; or a spare Arduino or Pro Micro with a sketch that toggles a pin by its timer at ${feedMHz} MHz (OC1A).`,
		'When the chip answers, the low fuse comes first (CKSEL: the crystal of the board, or the internal oscillator); then the fed clock can go, and the rest is done as always.',
	];
}
