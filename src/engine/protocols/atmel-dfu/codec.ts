// Atmel's FLIP protocol, version 1, over USB DFU 1.0 (doc7618; LUFA BootloaderDFU; USB DFU 1.0 sections 3 and 6).
import type {ControlSetup} from '../../transports.ts';

/** Class requests of USB DFU 1.0, table 3.2; wIndex is the interface number, 0. */
export const dfuRequest = {
	/** DFU_DNLOAD */
	download: 1,
	/** DFU_UPLOAD */
	upload: 2,
	/** DFU_GETSTATUS */
	getStatus: 3,
	/** DFU_CLRSTATUS */
	clearStatus: 4,
	/** DFU_ABORT */
	abort: 6,
} as const;

/** bState values that this protocol meets (USB DFU 1.0, section 6.1.2). */
export const dfuState = {
	/** dfuIDLE */
	idle: 2,
	/** dfuDNBUSY */
	downloadBusy: 4,
	/** dfuERROR */
	error: 10,
} as const;

/** bStatus values that this protocol meets (USB DFU 1.0, section 6.1.2). */
export const dfuStatus = {
	ok: 0,
	errWrite: 3,
	errErase: 4,
	errCheckErased: 5,
	errNotDone: 9,
	errVendor: 11,
} as const;

const statusNames: readonly string[] = [
	'OK',
	'errTARGET',
	'errFILE',
	'errWRITE',
	'errERASE',
	'errCHECK_ERASED',
	'errPROG',
	'errVERIFY',
	'errADDRESS',
	'errNOTDONE',
	'errFIRMWARE',
	'errVENDOR',
	'errUSBR',
	'errPOR',
	'errUNKNOWN',
	'errSTALLEDPKT',
];

/** The specification's name of a bStatus. */
export function statusName(status: number): string {
	return statusNames[status] ?? `status ${status}`;
}

/** Data bytes that one DNLOAD or UPLOAD carries at most (doc7618: 0x400). */
export const blockBytes = 1024;
/** Start addresses are kept on this border, so that no loader wants filler bytes (LUFA and dfu-programmer differ). */
export const startAlignBytes = 32;
/** A write command is filled with zeros up to this length before the data (doc7618, programming command). */
const commandBytes = 32;
/** Addresses inside a command are 16 bits wide; `select page` names the 64 KB they lie in. */
export const bankBytes = 0x1_0000;

/** The request of one DFU class command to interface 0. */
export function dfuSetup(request: number, value = 0): ControlSetup {
	return {type: 'class', recipient: 'interface', request, value, index: 0};
}

export type DfuStatus = {readonly status: number; readonly pollTimeoutMs: number; readonly state: number};

/** GETSTATUS: 6 bytes to status, poll timeout (ms) and state; undefined when it is shorter. */
export function parseStatus(reply: Uint8Array): DfuStatus | undefined {
	if (reply.length < 6) return undefined;
	return {
		status: reply[0]!,
		pollTimeoutMs: reply[1]! | (reply[2]! << 8) | (reply[3]! << 16),
		state: reply[4]!,
	};
}

function range(group: number, kind: number, byteAddress: number, bytes: number): readonly number[] {
	const start = byteAddress % bankBytes;
	const end = start + bytes - 1;
	if (bytes < 1 || bytes > bankBytes || end >= bankBytes) {
		throw new RangeError(`a range of ${bytes} bytes at ${byteAddress} leaves its 64 KB`);
	}
	return [group, kind, start >> 8, start & 0xff, end >> 8, end & 0xff];
}

export type DfuMemory = 'flash' | 'eeprom';

export const command = {
	/** Reads one identification byte: group 0 = loader version and boot ids, group 1 = manufacturer, family, product, revision. */
	readId: (group: 0 | 1, index: number) => Uint8Array.of(0x05, group, index),
	/** Full chip erase (application flash; EEPROM stays). */
	eraseChip: () => Uint8Array.of(0x04, 0x00, 0xff),
	/** Chooses the 64 KB that later addresses lie in. */
	selectPage: (page: number) => Uint8Array.of(0x06, 0x03, 0x00, page),
	/** Blank check; LUFA checks everything whatever the range, and answers the address little endian. */
	blankCheck: (byteAddress: number, bytes: number) => Uint8Array.from(range(0x03, 0x01, byteAddress, bytes)),
	/** Announces a read; the data come by UPLOAD. */
	read: (memory: DfuMemory, byteAddress: number, bytes: number) =>
		Uint8Array.from(range(0x03, memory === 'flash' ? 0x00 : 0x02, byteAddress, bytes)),
	/**
	 * One block with its data: command, zeros to 32 bytes, data, 16 bytes of DFU suffix.
	 * `data.length` 1..1024; `byteAddress` a multiple of 32. Throws RangeError otherwise.
	 */
	write(memory: DfuMemory, byteAddress: number, data: Uint8Array): Uint8Array {
		if (data.length < 1 || data.length > blockBytes) throw new RangeError(`a block of ${data.length} bytes`);
		if (byteAddress % startAlignBytes !== 0) throw new RangeError(`a start of ${byteAddress}`);
		const message = new Uint8Array(commandBytes + data.length + suffix.length);
		message.set(range(0x01, memory === 'flash' ? 0x00 : 0x01, byteAddress, data.length));
		message.set(data, commandBytes);
		message.set(suffix, commandBytes + data.length);
		return message;
	},
	/** Starts the application through a watchdog reset; a DNLOAD of length 0 must follow. */
	startWithReset: () => Uint8Array.of(0x04, 0x03, 0x00),
} as const;

/** CRC (not checked), length, "DFU" reversed as the specification stores it, version 1.10, any product, any vendor. */
const suffix = Uint8Array.of(
	0x00,
	0x00,
	0x00,
	0x00,
	0x10,
	0x44,
	0x46,
	0x55,
	0x01,
	0x10,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
);
