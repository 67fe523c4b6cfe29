// Bus Pirate, binary mode: one-byte commands. Source: Dangerous Prototypes, "Bitbang mode" and "SPI binary mode";
// firmware sources for the extended AVR commands and for what each model does differently.
import type {Instruction} from '../../isp/link.ts';

/** Bit-bang level. */
export const bitbang = {reset: 0x00, spi: 0x01, userTerminal: 0x0f} as const;

/** SPI level. */
export const command = {
	exit: 0x00,
	chipSelectLow: 0x02,
	chipSelectHigh: 0x03,
	writeThenRead: 0x05,
	avrExtended: 0x06,
	bulk: 0x10,
	peripherals: 0x40,
	speed: 0x60,
	configuration: 0x80,
} as const;

/** Second byte after `avrExtended`. */
export const avr = {nop: 0x00, version: 0x01, bulkRead: 0x02} as const;

export const ok = 0x01;
export const bitbangBanner = 'BBIO1';
export const spiBanner = 'SPI1';

/** SCK by index of the speed command, Hz. */
export const speedsHz: readonly number[] = [
	30_000, 125_000, 250_000, 1_000_000, 2_000_000, 2_600_000, 4_000_000, 8_000_000,
];

/** Supplies, pull-ups and CS in one command; AUX stays low. */
export function peripherals(state: {
	readonly power: boolean;
	readonly pullUps: boolean;
	readonly chipSelect: boolean;
}): number {
	return (
		command.peripherals |
		(state.power ? 0x08 : 0) |
		(state.pullUps ? 0x04 : 0) |
		(state.chipSelect ? 0x01 : 0)
	);
}

/** Mode 0 as the AVR wants it: idle low, data change on the falling edge, sample in the middle. */
export function configuration(pushPull: boolean): number {
	return command.configuration | (pushPull ? 0x08 : 0) | 0x02;
}

/** Up to 16 bytes out, as many in. */
export function bulk(bytes: ArrayLike<number>): Uint8Array {
	if (bytes.length < 1 || bytes.length > 16)
		throw new RangeError(`${bytes.length} bytes in one bulk transfer`);
	return Uint8Array.from([command.bulk | (bytes.length - 1), ...Array.from(bytes)]);
}

/** The firmware's buffers hold this much in each direction. */
export const frameBytes = 4096;

/** One write-then-read frame with CS left alone. */
export function writeFrame(data: Uint8Array, readBytes = 0): Uint8Array {
	if (data.length > frameBytes || readBytes > frameBytes)
		throw new RangeError('a frame of more than 4096 bytes');
	return Uint8Array.from([
		command.writeThenRead,
		data.length >> 8,
		data.length & 0xff,
		readBytes >> 8,
		readBytes & 0xff,
		...data,
	]);
}

/** What follows the acknowledged `avrExtended`: read flash, word address and byte count big endian. */
export function bulkRead(wordAddress: number, bytes: number): Uint8Array {
	const big = (value: number) => [
		Math.floor(value / 0x100_0000) & 0xff,
		(value >> 16) & 0xff,
		(value >> 8) & 0xff,
		value & 0xff,
	];
	return Uint8Array.from([avr.bulkRead, ...big(wordAddress), ...big(bytes)]);
}

/** The bytes of several instructions in a row. */
export function flat(instructions: readonly Instruction[]): Uint8Array {
	return Uint8Array.from(instructions.flat());
}
