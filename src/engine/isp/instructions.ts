// The serial programming instruction set: four bytes each, pure. Names as in the datasheets' table "Serial
// Programming Instruction Set" (ATmega16U4/32U4 7766J table 28-14, ATmega328P 8271 table 27-19).
import type {FuseName} from '../chips/chip.ts';
import type {Instruction} from './link.ts';

const high = (value: number) => (value >> 8) & 0xff;
const low = (value: number) => value & 0xff;

/** AC 53: the third byte received is 53 when the chip is in step. */
export const programmingEnable: Instruction = [0xac, 0x53, 0x00, 0x00];
/** AC 80: flash to ff, lock bits to unlocked, EEPROM to ff unless EESAVE is programmed. */
export const chipErase: Instruction = [0xac, 0x80, 0x00, 0x00];
/** F0 00: bit 0 of the fourth byte received is 1 while the chip is busy. */
export const pollReady: Instruction = [0xf0, 0x00, 0x00, 0x00];
/** 58 00 */
export const readLock: Instruction = [0x58, 0x00, 0x00, 0x00];

/** 4D: bits 23..16 of the word address, only on chips above 64 K words. */
export const loadExtendedAddress = (byteAddress: number): Instruction => [
	0x4d,
	0x00,
	Math.floor(byteAddress / 0x20000) & 0xff,
	0x00,
];

/**
 * 40 and 48: one byte into the page buffer. The low byte must come before the high byte of the same word, which
 * alone makes the chip take both.
 * @param byteOffset offset in the page, bytes
 */
export const loadPageByte = (byteOffset: number, data: number): Instruction => [
	(byteOffset & 1) === 0 ? 0x40 : 0x48,
	0x00,
	low(byteOffset >> 1),
	data & 0xff,
];

/** 4C: programs the page buffer into the page of `byteAddress` (inside the 128 KB bank set by 4D). */
export const writePage = (byteAddress: number): Instruction => {
	const wordAddress = Math.floor(byteAddress / 2) & 0xffff;
	return [0x4c, high(wordAddress), low(wordAddress), 0x00];
};

/** 20 and 28: one flash byte (inside the 128 KB bank set by 4D). */
export const readFlashByte = (byteAddress: number): Instruction => {
	const wordAddress = Math.floor(byteAddress / 2) & 0xffff;
	return [(byteAddress & 1) === 0 ? 0x20 : 0x28, high(wordAddress), low(wordAddress), 0x00];
};

/** A0 */
export const readEepromByte = (byteAddress: number): Instruction => [
	0xa0,
	high(byteAddress),
	low(byteAddress),
	0x00,
];

/** C0: one EEPROM byte at once. */
export const writeEepromByte = (byteAddress: number, data: number): Instruction => [
	0xc0,
	high(byteAddress),
	low(byteAddress),
	data & 0xff,
];

/** C1: one byte into the EEPROM page buffer; the offset is that inside the page. */
export const loadEepromByte = (offsetInPage: number, data: number): Instruction => [
	0xc1,
	0x00,
	low(offsetInPage),
	data & 0xff,
];

/** C2: programs the loaded bytes of the EEPROM page that starts at `byteAddress`. */
export const writeEepromPage = (byteAddress: number): Instruction => [
	0xc2,
	high(byteAddress),
	low(byteAddress),
	0x00,
];

/** 30: signature byte 0, 1 or 2. */
export const readSignatureByte = (index: number): Instruction => [0x30, 0x00, low(index), 0x00];

/** 50 00, 58 08, 50 08 */
export const readFuse = (fuse: FuseName): Instruction => {
	switch (fuse) {
		case 'low':
			return [0x50, 0x00, 0x00, 0x00];
		case 'high':
			return [0x58, 0x08, 0x00, 0x00];
		case 'extended':
			return [0x50, 0x08, 0x00, 0x00];
	}
};

/**
 * What shows whether a chip keeps step before anything else is asked: 50 00 00 00 (low fuse). Whatever bits are lost,
 * its remains are reads or no instruction at all, while those of 30 00 or 58 08 may be C0, an EEPROM write.
 */
export const stepProbe: Instruction = [0x50, 0x00, 0x00, 0x00];

/** AC A0, AC A8, AC A4 */
export const writeFuse = (fuse: FuseName, value: number): Instruction => {
	switch (fuse) {
		case 'low':
			return [0xac, 0xa0, 0x00, value & 0xff];
		case 'high':
			return [0xac, 0xa8, 0x00, value & 0xff];
		case 'extended':
			return [0xac, 0xa4, 0x00, value & 0xff];
	}
};

/** AC E0 */
export const writeLock = (value: number): Instruction => [0xac, 0xe0, 0x00, value & 0xff];

/**
 * True when the bytes received are in step with those sent: the chip passes on each byte one place later. Only the
 * second and third say so for every instruction; the first is stale and the fourth may be data.
 */
export function inStep(sent: Instruction, received: ArrayLike<number>): boolean {
	return received[1] === sent[0] && received[2] === sent[1];
}

/**
 * The same probe with a marker in the fourth byte, which a chip ignores: only a bridge from MOSI to MISO sends it back.
 * A chip that has lost step takes it for nothing that writes.
 */
export const markedProbe = (marker: number): Instruction => [0x50, 0x00, 0x00, marker & 0xff];

/** Two markers: one could be chance. */
export const bridgeMarkers: readonly number[] = [0xa5, 0x5a];
