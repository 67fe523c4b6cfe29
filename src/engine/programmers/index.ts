// The programmers that this program drives itself. Data only; one file each.
import type {ProgrammerId} from '../isp/link.ts';
import {arduinoIsp} from './arduino-isp.ts';
import {avrisp} from './avrisp.ts';
import {avrispmkii} from './avrispmkii.ts';
import {buspirate} from './buspirate.ts';
import type {Programmer} from './programmer.ts';
import {usbasp} from './usbasp.ts';
import {usbtiny} from './usbtiny.ts';

export type {Programmer} from './programmer.ts';

/** Every programmer, in the order in which a person is asked. */
export const programmers: readonly Programmer[] = [
	usbasp,
	usbtiny,
	avrisp,
	arduinoIsp,
	buspirate,
	avrispmkii,
];

/** By our id or one of avrdude's (where that names one programmer only), in any case; undefined when unknown. */
export function findProgrammer(id: string): Programmer | undefined {
	const wanted = id.trim().toLowerCase();
	const own = programmers.find(programmer => programmer.id === wanted);
	if (own !== undefined) return own;
	const byAvrdude = programmers.filter(({avrdudeIds}) =>
		avrdudeIds.some(avrdudeId => avrdudeId.toLowerCase() === wanted),
	);
	return byAvrdude.length === 1 ? byAvrdude[0] : undefined;
}

/** The record of a driver. */
export function programmerById(id: ProgrammerId): Programmer {
	return programmers.find(programmer => programmer.id === id)!;
}
