// STK500 version 1, bytes only: requests out, replies in. Source: Atmel AVR061 (STK500 Communication Protocol),
// and what the ArduinoISP sketch makes of it (shared notes on stk500v1, observed firmware).
import type {Instruction} from '../../isp/link.ts';

/** Reply bytes (AVR061, table of constants). */
export const reply = {
	/** Resp_STK_OK */
	ok: 0x10,
	/** Resp_STK_FAILED */
	failed: 0x11,
	/** Resp_STK_UNKNOWN */
	unknown: 0x12,
	/** Resp_STK_NODEVICE */
	noDevice: 0x13,
	/** Resp_STK_INSYNC */
	inSync: 0x14,
	/** Resp_STK_NOSYNC */
	noSync: 0x15,
} as const;

/** Sync_CRC_EOP: ends every request. */
export const endOfPacket = 0x20;

const command = {
	/** Cmnd_STK_GET_SYNC */
	getSync: 0x30,
	/** Cmnd_STK_GET_SIGN_ON */
	getSignOn: 0x31,
	/** Cmnd_STK_GET_PARAMETER */
	getParameter: 0x41,
	/** Cmnd_STK_SET_DEVICE */
	setDevice: 0x42,
	/** Cmnd_STK_ENTER_PROGMODE */
	enterProgmode: 0x50,
	/** Cmnd_STK_LEAVE_PROGMODE */
	leaveProgmode: 0x51,
	/** Cmnd_STK_LOAD_ADDRESS */
	loadAddress: 0x55,
	/** Cmnd_STK_UNIVERSAL */
	universal: 0x56,
	/** Cmnd_STK_PROG_PAGE */
	progPage: 0x64,
	/** Cmnd_STK_READ_PAGE */
	readPage: 0x74,
} as const;

/** First byte of UNIVERSAL: whatever follows goes to the chip. */
export const universalByte: number = command.universal;

/** First byte of LEAVE_PROGMODE, after which an instruction would hang the sketch. */
export const leaveByte: number = command.leaveProgmode;

/** Parm_STK_HW_VER, Parm_STK_SW_MAJOR, Parm_STK_SW_MINOR, Parm_STK_VTARGET */
export const parameter = {
	hardware: 0x80,
	softwareMajor: 0x81,
	softwareMinor: 0x82,
	targetVolts: 0x84,
} as const;

/** A sketch programs at most its 256-byte buffer; one byte more overwrites its stack. */
export const programBytesAtMost = 256;

/** The length of READ_PAGE is a signed 16-bit number in the sketch, and must be even for words. */
export const readBytesAtMost = 32_766;

/** Text of a sign-on, without the frame. */
export const signOnBytes = 7;

const memoryType = {flash: 0x46, eeprom: 0x45} as const;

/** One request and what must come back for it: 14, `dataBytes` bytes, 10. */
export type Request = {
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly dataBytes: number;
};

const request = (name: string, dataBytes: number, ...bytes: readonly number[]): Request => ({
	name,
	bytes: Uint8Array.of(...bytes, endOfPacket),
	dataBytes,
});

const check = (holds: boolean, what: string) => {
	if (!holds) throw new RangeError(what);
};

export const getSync = (): Request => request('GET_SYNC', 0, command.getSync);
export const getSignOn = (): Request => request('GET_SIGN_ON', signOnBytes, command.getSignOn);
export const getParameter = (id: number): Request =>
	request('GET_PARAMETER', 1, command.getParameter, id & 0xff);
export const enterProgmode = (): Request => request('ENTER_PROGMODE', 0, command.enterProgmode);
export const leaveProgmode = (): Request => request('LEAVE_PROGMODE', 0, command.leaveProgmode);

/** @param wordAddress 0..0xffff, sent low byte first. Throws RangeError outside. */
export function loadAddress(wordAddress: number): Request {
	check(Number.isInteger(wordAddress) && wordAddress >= 0 && wordAddress <= 0xffff, 'word address 0..0xffff');
	return request('LOAD_ADDRESS', 0, command.loadAddress, wordAddress & 0xff, wordAddress >> 8);
}

/** One instruction to the chip; the fourth byte received comes back. */
export const universal = (instruction: Instruction): Request =>
	request('UNIVERSAL', 1, command.universal, ...instruction);

/** @param length 2..32766, even. Throws RangeError outside. */
export function readPage(memory: 'flash' | 'eeprom', length: number): Request {
	check(Number.isInteger(length) && length > 0 && length <= readBytesAtMost, `length 1..${readBytesAtMost}`);
	return request('READ_PAGE', length, command.readPage, length >> 8, length & 0xff, memoryType[memory]);
}

/** @param data 1..256 bytes. Throws RangeError outside. */
export function progPage(memory: 'flash' | 'eeprom', data: Uint8Array): Request {
	check(data.length > 0 && data.length <= programBytesAtMost, `1..${programBytesAtMost} bytes`);
	return {
		name: 'PROG_PAGE',
		bytes: Uint8Array.of(
			command.progPage,
			data.length >> 8,
			data.length & 0xff,
			memoryType[memory],
			...data,
			endOfPacket,
		),
		dataBytes: 0,
	};
}

export type DeviceSizes = {
	readonly pageBytes: number;
	readonly eepromBytes: number;
	readonly flashBytes: number;
};

/**
 * SET_DEVICE: 20 bytes. The device code stays below e0, from where on the sketch takes RESET for active high; of the
 * rest only the sizes (big endian) mean something to it.
 */
export function setDevice({pageBytes, eepromBytes, flashBytes}: DeviceSizes): Request {
	return request(
		'SET_DEVICE',
		0,
		command.setDevice,
		...[0x86, 0x00, 0x00, 0x01, 0x01, 0x01, 0x01, 0x03],
		...[0xff, 0xff, 0xff, 0xff],
		...[pageBytes >> 8, pageBytes & 0xff],
		...[eepromBytes >> 8, eepromBytes & 0xff],
		...[(flashBytes >>> 24) & 0xff, (flashBytes >> 16) & 0xff, (flashBytes >> 8) & 0xff, flashBytes & 0xff],
	);
}

/**
 * The second bytes of AC that change the chip: 80..9f erase, a0..bf fuses, e0..ff lock bits; 53 enters. Wider than any
 * one datasheet, for safety.
 */
const meansSomething = (second: number) =>
	second === 0x53 || (second >= 0x80 && second <= 0xbf) || (second >= 0xe0 && second <= 0xfe);

/** A value that kills no chip when it should land in a fuse byte: RESET, debugWIRE and SPI bits 1, crystal clock. */
const harmless = 0xdf;

/**
 * A fuse or lock write that a lost or doubled byte on the line cannot turn into another value. The sketch shifts the
 * instruction out as soon as it holds four bytes and looks at the end of packet only then; with one byte lost, the end
 * of packet (20) would become the value. So the value itself stands in the don't-care third byte and in the place of
 * the end of packet, too, and the answer to expect is NOSYNC. Undefined for instructions that write neither.
 * Source: arithmetic over the stock sketch's `universal()` and `breply()`; the third byte is don't-care by the
 * datasheets' instruction table.
 */
export function guardedWrite(instruction: Instruction): Uint8Array | undefined {
	const [first, second, , value] = instruction;
	if (first !== 0xac || (second & 0xe0) !== 0xa0) {
		if (first !== 0xac || (second & 0xe0) !== 0xe0) return undefined;
	}
	// If the second byte is lost, the third takes its place: it must not mean anything there.
	const third = meansSomething(value) ? harmless : value;
	return Uint8Array.of(command.universal, first, second, third, value, value);
}

export type ParsedReply =
	| {readonly state: 'more'}
	| {readonly state: 'ok'; readonly data: Uint8Array; readonly consumed: number}
	/** `byte` is what stood where a reply byte should: 11, 12, 13, 15, or anything. */
	| {readonly state: 'bad'; readonly byte: number; readonly at: number};

/**
 * Reads one reply from the head of `received`. Incremental: `more` until it is whole or wrong. Errors are a single
 * byte in the place of 14 (sketch: 12, 15, 11), or stand after 14 in the place of 10 (11, 13).
 */
export function parseReply(received: Uint8Array, dataBytes: number): ParsedReply {
	if (received.length === 0) return {state: 'more'};
	if (received[0] !== reply.inSync) return {state: 'bad', byte: received[0]!, at: 0};
	const end = received[1 + dataBytes];
	if (end === undefined) return {state: 'more'};
	if (end !== reply.ok) return {state: 'bad', byte: end, at: 1 + dataBytes};
	return {state: 'ok', data: received.slice(1, 1 + dataBytes), consumed: 2 + dataBytes};
}

/** What a sign-on is for us: text of a programmer, or a device that is in sync but says no text (a bootloader). */
export function parseSignOn(received: Uint8Array): ParsedReply | {readonly state: 'no-text'} {
	if (received.length >= 2 && received[0] === reply.inSync && received[1] === reply.ok)
		return {state: 'no-text'};
	return parseReply(received, signOnBytes);
}
