// What AVR machine code looks like from outside: vectors and jumps. AVR Instruction Set Manual: RJMP is
// 1100 kkkk kkkk kkkk, JMP is 1001 010k kkkk 110k and a second word; words are stored low byte first.
import type {MemoryImage} from './memory-image.ts';

/**
 * Where the jump at a byte address leads, as a byte address; undefined when no JMP or RJMP stands there.
 * RJMP wraps round `flashBytes` when that is given (the small parts rely on it).
 */
export function jumpTarget(image: MemoryImage, byteAddress: number, flashBytes?: number): number | undefined {
	const low = image.at(byteAddress);
	const high = image.at(byteAddress + 1);
	if (low === undefined || high === undefined) return undefined;
	if ((high & 0xf0) === 0xc0) {
		const words = ((high & 0x0f) << 8) | low;
		const target = byteAddress + 2 + 2 * (words >= 0x800 ? words - 0x1000 : words);
		return flashBytes === undefined ? target : (target + flashBytes) % flashBytes;
	}
	if ((high & 0xfe) === 0x94 && (low & 0x0e) === 0x0c) {
		const nextLow = image.at(byteAddress + 2);
		const nextHigh = image.at(byteAddress + 3);
		if (nextLow === undefined || nextHigh === undefined) return undefined;
		const top = ((high & 0x01) << 5) | ((low & 0xf0) >> 3) | (low & 0x01);
		return 2 * (top * 0x1_0000 + ((nextHigh << 8) | nextLow));
	}
	return undefined;
}

/** True when a program plausibly starts at the address: a jump, or the `clr r1`, `cli` and the like of start code. */
export function looksLikeVector(image: MemoryImage, byteAddress: number): boolean {
	if (jumpTarget(image, byteAddress) !== undefined) return true;
	const low = image.at(byteAddress);
	const high = image.at(byteAddress + 1);
	if (low === undefined || high === undefined) return false;
	const word = (high << 8) | low;
	// cli; eor r1,r1; in/out; ldi: what loaders without a vector table begin with (optiboot, Micronucleus).
	return word === 0x94f8 || word === 0x2411 || (high & 0xf0) === 0xb0 || (high & 0xf0) === 0xe0;
}

/** How many JMP (four bytes each) follow one another from `byteAddress`: the length of a vector table. */
export function countJumps(image: MemoryImage, byteAddress: number): number {
	let count = 0;
	while (
		image.at(byteAddress + 4 * count) === 0x0c &&
		image.at(byteAddress + 4 * count + 1) === 0x94 &&
		image.at(byteAddress + 4 * count + 3) !== undefined
	)
		count++;
	return count;
}

/**
 * Entries of the vector table of parts whose vectors are JMPs: a hint at the chip that an application was built
 * for. Source: `_VECTORS_SIZE` of avr-libc 2.0.0 (avr/io*.h) divided by four.
 */
export const vectorCounts: readonly {readonly count: number; readonly chips: readonly string[]}[] = [
	{count: 20, chips: ['attiny167']},
	{count: 21, chips: ['atmega16', 'atmega16a', 'atmega32', 'atmega32a']},
	{count: 26, chips: ['atmega328', 'atmega328p', 'atmega168', 'atmega168p', 'atmega168pa']},
	{count: 28, chips: ['atmega644']},
	{count: 29, chips: ['at90usb82', 'at90usb162', 'atmega8u2', 'atmega16u2', 'atmega32u2']},
	{count: 31, chips: ['atmega644p', 'atmega644pa']},
	{count: 35, chips: ['atmega64', 'atmega128', 'atmega1284', 'atmega1284p']},
	{count: 38, chips: ['at90usb646', 'at90usb647', 'at90usb1286', 'at90usb1287']},
	{count: 43, chips: ['atmega16u4', 'atmega32u4']},
	{count: 51, chips: ['atmega1281', 'atmega2561']},
	{count: 57, chips: ['atmega640', 'atmega1280', 'atmega2560']},
];
