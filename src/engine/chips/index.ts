// All chips. Data only; one file each.

import {at90usb82} from './at90usb82.ts';
import {at90usb162} from './at90usb162.ts';
import {at90usb646} from './at90usb646.ts';
import {at90usb647} from './at90usb647.ts';
import {at90usb1286} from './at90usb1286.ts';
import {at90usb1287} from './at90usb1287.ts';
import {atmega8} from './atmega8.ts';
import {atmega8a} from './atmega8a.ts';
import {atmega8u2} from './atmega8u2.ts';
import {atmega16} from './atmega16.ts';
import {atmega16a} from './atmega16a.ts';
import {atmega16u2} from './atmega16u2.ts';
import {atmega16u4} from './atmega16u4.ts';
import {atmega32} from './atmega32.ts';
import {atmega32a} from './atmega32a.ts';
import {atmega32u2} from './atmega32u2.ts';
import {atmega32u4} from './atmega32u4.ts';
import {atmega48p} from './atmega48p.ts';
import {atmega48pa} from './atmega48pa.ts';
import {atmega64} from './atmega64.ts';
import {atmega88} from './atmega88.ts';
import {atmega88p} from './atmega88p.ts';
import {atmega88pa} from './atmega88pa.ts';
import {atmega128} from './atmega128.ts';
import {atmega168} from './atmega168.ts';
import {atmega168p} from './atmega168p.ts';
import {atmega168pa} from './atmega168pa.ts';
import {atmega328} from './atmega328.ts';
import {atmega328p} from './atmega328p.ts';
import {atmega328pb} from './atmega328pb.ts';
import {atmega640} from './atmega640.ts';
import {atmega644} from './atmega644.ts';
import {atmega644p} from './atmega644p.ts';
import {atmega644pa} from './atmega644pa.ts';
import {atmega1280} from './atmega1280.ts';
import {atmega1281} from './atmega1281.ts';
import {atmega1284} from './atmega1284.ts';
import {atmega1284p} from './atmega1284p.ts';
import {atmega2560} from './atmega2560.ts';
import {atmega2561} from './atmega2561.ts';
import {attiny13} from './attiny13.ts';
import {attiny13a} from './attiny13a.ts';
import {attiny24} from './attiny24.ts';
import {attiny25} from './attiny25.ts';
import {attiny44} from './attiny44.ts';
import {attiny45} from './attiny45.ts';
import {attiny84} from './attiny84.ts';
import {attiny84a} from './attiny84a.ts';
import {attiny85} from './attiny85.ts';
import {attiny167} from './attiny167.ts';
import {attiny2313} from './attiny2313.ts';
import {attiny2313a} from './attiny2313a.ts';
import {attiny4313} from './attiny4313.ts';
import type {Chip} from './chip.ts';

/** Every chip known, as the facts order them: USB chips first. */
export const chips: readonly Chip[] = [
	at90usb82,
	at90usb162,
	atmega8u2,
	atmega16u2,
	atmega32u2,
	atmega16u4,
	atmega32u4,
	at90usb646,
	at90usb647,
	at90usb1286,
	at90usb1287,
	atmega32,
	atmega32a,
	atmega16,
	atmega16a,
	atmega328,
	atmega328p,
	atmega328pb,
	atmega168,
	atmega168p,
	atmega168pa,
	atmega88,
	atmega88p,
	atmega88pa,
	atmega48p,
	atmega48pa,
	atmega8,
	atmega8a,
	atmega644,
	atmega644p,
	atmega644pa,
	atmega1284,
	atmega1284p,
	atmega640,
	atmega1280,
	atmega1281,
	atmega2560,
	atmega2561,
	atmega64,
	atmega128,
	attiny13,
	attiny13a,
	attiny25,
	attiny45,
	attiny85,
	attiny24,
	attiny44,
	attiny84,
	attiny84a,
	attiny2313,
	attiny2313a,
	attiny4313,
	attiny167,
];

/**
 * The chip of a name: id (`atmega32u4`), printed name (`ATmega32U4`) or avrdude's short name (`m32u4`),
 * in any case. Undefined when there is none.
 */
export function findChip(name: string): Chip | undefined {
	const wanted = name.trim().toLowerCase();
	return chips.find(
		chip => chip.id === wanted || chip.name.toLowerCase() === wanted || chip.avrdudeId === wanted,
	);
}

/** The chips that answer with these three signature bytes: none, one, or several that share them. */
export function chipsBySignature(bytes: ArrayLike<number>): readonly Chip[] {
	if (bytes.length !== 3) {
		return [];
	}
	return chips.filter(chip => chip.signature.every((byte, index) => byte === bytes[index]));
}
