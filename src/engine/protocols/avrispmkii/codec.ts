// STK500v2 bodies as the AVRISP mkII takes them over USB bulk: no frame, no checksum, big endian.
// Source: Atmel AVR068 (STK500 communication protocol); LUFA's AVRISP-MKII for what clones do differently.
import {UnbrickError} from '../../errors.ts';

/** Names as in AVR068 without their CMD_ prefix. */
export const command = {
	signOn: 0x01,
	setParameter: 0x02,
	getParameter: 0x03,
	loadAddress: 0x06,
	enterProgmodeIsp: 0x10,
	leaveProgmodeIsp: 0x11,
	programFlashIsp: 0x13,
	readFlashIsp: 0x14,
	programEepromIsp: 0x15,
	readEepromIsp: 0x16,
	spiMulti: 0x1d,
} as const;

export const status = {
	ok: 0x00,
	timeout: 0x80,
	readyTimeout: 0x81,
	failed: 0xc0,
	unknown: 0xc9,
	illegalParameter: 0xca,
} as const;

export const parameter = {
	vtarget: 0x94,
	sckDuration: 0x98,
	resetPolarity: 0x9e,
	targetConnection: 0xa1,
} as const;

/** Mode byte of PROGRAM_FLASH_ISP and PROGRAM_EEPROM_ISP. */
export const mode = {
	paged: 0x01,
	wordDelay: 0x02,
	wordValue: 0x04,
	wordReady: 0x08,
	pageDelay: 0x10,
	pageValue: 0x20,
	pageReady: 0x40,
	commit: 0x80,
} as const;

/**
 * Some rows of the SCK duration table: index and Hz, slowest first. It goes on to 51 Hz (index 163), which no AVR
 * needs: 32.768 kHz divided by 8 follows anything below 1024 Hz, and a silent chip would cost seconds a try.
 */
export const sckTable: readonly {readonly index: number; readonly hz: number}[] = [
	{index: 101, hz: 1000},
	{index: 72, hz: 4019},
	{index: 53, hz: 9963},
	{index: 43, hz: 16_097},
	{index: 30, hz: 29_740},
	{index: 14, hz: 64_000},
	{index: 10, hz: 79_208},
	{index: 7, hz: 96_386},
	{index: 6, hz: 125_000},
	{index: 5, hz: 250_000},
	{index: 4, hz: 500_000},
	{index: 3, hz: 1_000_000},
	{index: 2, hz: 2_000_000},
	{index: 1, hz: 4_000_000},
	{index: 0, hz: 8_000_000},
];

const big16 = (value: number): readonly [number, number] => [(value >> 8) & 0xff, value & 0xff];

/**
 * LOAD_ADDRESS.
 * @param address word address for flash, byte address for EEPROM
 * @param extended true on chips above 64 K words: the programmer then sends 4D itself (bit 31)
 */
export function loadAddress(address: number, extended: boolean): Uint8Array {
	return Uint8Array.from([
		command.loadAddress,
		((address >>> 24) & 0x7f) | (extended ? 0x80 : 0),
		(address >>> 16) & 0xff,
		...big16(address & 0xffff),
	]);
}

/**
 * ENTER_PROGMODE_ISP. `polled`: the programmer compares the echo itself and says no when it differs; otherwise it
 * enters whatever comes back, and the echo can be looked at with SPI_MULTI. Two rounds instead of the usual 32: who
 * asks here tries again, and a silent chip is not to cost a second each time. 50 ms from RESET to the first
 * instruction (datasheets: 20).
 */
export function enterProgmode(polled: boolean): Uint8Array {
	return Uint8Array.from([
		command.enterProgmodeIsp,
		200, // timeout, ms
		50, // stabDelay, ms
		25, // cmdexeDelay, ms
		polled ? 2 : 1, // synchLoops
		0, // byteDelay
		0x53, // pollValue
		polled ? 3 : 0, // pollIndex
		0xac,
		0x53,
		0x00,
		0x00,
	]);
}

/** PROGRAM_FLASH_ISP or PROGRAM_EEPROM_ISP. `data` at most 256 bytes. */
export function program(
	which: 'flash' | 'eeprom',
	data: Uint8Array,
	how: {
		readonly mode: number;
		readonly delayMs: number;
		readonly load: number;
		readonly write: number;
		readonly read: number;
	},
): Uint8Array {
	if (data.length > 256) throw new RangeError('more than 256 bytes at once');
	return Uint8Array.from([
		which === 'flash' ? command.programFlashIsp : command.programEepromIsp,
		...big16(data.length),
		how.mode,
		how.delayMs,
		how.load,
		how.write,
		how.read,
		// Values that a busy cell reads as.
		0xff,
		0xff,
		...data,
	]);
}

export function readMemory(which: 'flash' | 'eeprom', bytes: number): Uint8Array {
	return Uint8Array.from([
		which === 'flash' ? command.readFlashIsp : command.readEepromIsp,
		...big16(bytes),
		which === 'flash' ? 0x20 : 0xa0,
	]);
}

/** Full-duplex instructions: as many bytes back as sent. At most 14 instructions, so that a packet holds them. */
export const multiInstructions = 14;
export function spiMulti(bytes: ArrayLike<number>): Uint8Array {
	if (bytes.length > multiInstructions * 4) throw new RangeError('more than 14 instructions at once');
	return Uint8Array.from([command.spiMulti, bytes.length, bytes.length, 0, ...Array.from(bytes)]);
}

/**
 * The answer's body behind command and status, without the trailing status of reads.
 * @throws UnbrickError Refused when a status is not 00, BadReply when the length does not fit
 */
export function payload(reply: Uint8Array, what: string, bytes: number, trailingStatus: boolean): Uint8Array {
	const code = reply[1];
	if (code !== undefined && code !== status.ok) {
		const why =
			code === status.readyTimeout
				? 'the chip did not become ready'
				: code === status.timeout
					? 'the chip did not answer in time'
					: undefined;
		throw new UnbrickError({
			kind: 'Refused',
			command: what,
			status: code,
			...(why === undefined ? {} : {why}),
		});
	}
	const expected = 2 + bytes + (trailingStatus ? 1 : 0);
	if (reply.length !== expected) {
		throw new UnbrickError({
			kind: 'BadReply',
			command: what,
			expected: `${expected} bytes`,
			got: reply.subarray(0, 16),
		});
	}
	if (trailingStatus && reply[expected - 1] !== status.ok) {
		throw new UnbrickError({kind: 'Refused', command: what, status: reply[expected - 1]!});
	}
	return reply.slice(2, 2 + bytes);
}

/** What the bits of the target connection parameter say about the wires (genuine programmers only). */
export function connectionFaults(value: number): readonly string[] {
	const faults: readonly (readonly [number, string])[] = [
		[0x01, 'MOSI'],
		[0x02, 'RESET'],
		[0x04, 'SCK'],
		[0x10, 'no target detected'],
		[0x20, 'the plug is the wrong way round'],
	];
	return faults.filter(([bit]) => (value & bit) !== 0).map(([, text]) => text);
}
