// USBtiny requests: vendor control transfers, instruction bytes in wValue and wIndex.
// Source: USBtiny firmware (Dick Streefland) and SparkFun's Pocket AVR Programmer sources.
import type {ControlSetup} from '../../transports.ts';

/** Numbers of the firmware's request list. */
export const request = {
	echo: 0,
	powerUp: 5,
	powerDown: 6,
	spi: 7,
	pollBytes: 8,
	flashRead: 9,
	flashWrite: 10,
	eepromRead: 11,
	eepromWrite: 12,
} as const;

/** SCK periods that are offered, microseconds, slowest first. The counter has 8 bits: slower is impossible. */
export const periodsUs: readonly number[] = [250, 160, 120, 80, 60, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3, 2, 1];

/** Longest and shortest period that the firmware takes, microseconds. */
export const slowestPeriodUs = 250;

/** Code around each bit, microseconds: what a period of 1 shows (300 to 400 kHz). */
const overheadUs = 1.5;

/** SCK of a period, Hz, as it comes out on the wire; whole hundreds, since it is no exact figure. */
export function periodSckHz(periodUs: number): number {
	return Math.round(10_000 / (periodUs + overheadUs)) * 100;
}

/** Shortest period whose SCK is not above `sckHz`, or the longest. */
export function periodFor(sckHz: number): number {
	return periodsUs.findLast(period => periodSckHz(period) <= sckHz) ?? slowestPeriodUs;
}

/** Where a packet of eight is shifted in well under a frame, the firmware's own limit (254) in whole packets. */
const fastPeriodUs = 8;
const largestChunkBytes = 248;

/**
 * Bytes to read at once: 248 at the fast periods, else 128, halved for every doubling of the period above 16, never
 * below 8, so that a packet of eight does not keep the host waiting too long. Source: USBtiny firmware (an answer's
 * length has eight bits, 255 is its own mark); avrdude's choice for the slower ones.
 */
export function chunkBytes(periodUs: number): number {
	if (periodUs <= fastPeriodUs) return largestChunkBytes;
	let chunk = 128;
	for (let period = 16; period < periodUs && chunk > 8; period *= 2) chunk /= 2;
	return chunk;
}

export function setup(number: number, value: number, index: number): ControlSetup {
	return {type: 'vendor', recipient: 'device', request: number, value, index};
}

/** One instruction: the first byte is the low byte of wValue. */
export function spi([b1, b2, b3, b4]: readonly [number, number, number, number]): ControlSetup {
	return setup(request.spi, b1 | (b2 << 8), b3 | (b4 << 8));
}
