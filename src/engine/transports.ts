// What a driver talks through, and the world that opens it. Implemented by src/io (real) and src/bench (practice).
import type {Clock} from './clock.ts';

/**
 * Why one transfer did not go through. Transports throw this; drivers turn it into an UnbrickError where
 * they know what it means.
 */
export class TransferFault extends Error {
	readonly reason: 'stall' | 'timeout' | 'gone' | 'io';
	constructor(reason: TransferFault['reason'], message: string, options?: {cause?: unknown}) {
		super(message, options);
		this.name = 'TransferFault';
		this.reason = reason;
	}
}

/** A serial port (or a pty, or the bench). */
export type ByteStream = {
	readonly path: string;
	/** Resolves when the bytes have been handed to the system and drained. Throws TransferFault. */
	readonly write: (data: Uint8Array) => Promise<void>;
	/**
	 * Waits until at least one byte is there and returns what is there, at most `maxBytes`; an empty array
	 * when `timeoutMs` passed without any. Throws TransferFault 'gone' when the port is no more.
	 */
	readonly read: (maxBytes: number, timeoutMs: number) => Promise<Uint8Array>;
	/** Throws away what has arrived and was not read. */
	readonly discardInput: () => Promise<void>;
	/** Sets DTR and RTS; a port that has no such lines (a pty) does nothing. Never throws for that. */
	readonly setLines: (lines: {dtr: boolean; rts: boolean}) => Promise<void>;
	/** Safe to call twice and after the port has gone. */
	readonly close: () => Promise<void>;
};

/** The eight bytes of a control request, named. */
export type ControlSetup = {
	readonly type: 'vendor' | 'class' | 'standard';
	readonly recipient: 'device' | 'interface' | 'endpoint';
	/** 0..255 */
	readonly request: number;
	/** wValue, 0..0xffff */
	readonly value: number;
	/** wIndex, 0..0xffff */
	readonly index: number;
};

/** An opened USB device with its interface claimed. */
export type UsbPipe = {
	readonly device: UsbDeviceInfo;
	/** Returns what the device sent, at most `length` bytes. Throws TransferFault. */
	readonly controlIn: (setup: ControlSetup, length: number, timeoutMs: number) => Promise<Uint8Array>;
	readonly controlOut: (setup: ControlSetup, data: Uint8Array, timeoutMs: number) => Promise<void>;
	/** `endpoint` is the number without the direction bit. A short packet ends the transfer. */
	readonly bulkIn: (endpoint: number, length: number, timeoutMs: number) => Promise<Uint8Array>;
	readonly bulkOut: (endpoint: number, data: Uint8Array, timeoutMs: number) => Promise<void>;
	readonly clearHalt: (endpoint: number, direction: 'in' | 'out') => Promise<void>;
	/** Releases and closes. Safe to call twice and after the device has gone. */
	readonly close: () => Promise<void>;
};

/**
 * An opened HID device (bootloaders). Feature and output reports only; `reportId` 0 is "none". With another id the
 * data begin with that id, in both directions, as on the wire.
 */
export type HidPipe = {
	readonly device: UsbDeviceInfo;
	readonly setReport: (
		kind: 'output' | 'feature',
		reportId: number,
		data: Uint8Array,
		timeoutMs: number,
	) => Promise<void>;
	readonly getReport: (reportId: number, length: number, timeoutMs: number) => Promise<Uint8Array>;
	/**
	 * Usage page and usage of the first top-level collection, and how long an output report is without its number;
	 * undefined where the system does not tell.
	 */
	readonly usage?: () => Promise<
		{readonly page: number; readonly usage: number; readonly outputBytes?: number} | undefined
	>;
	readonly close: () => Promise<void>;
};

/** May this user open it? `unknown` until asked. */
export type Access = 'ok' | 'denied' | 'busy' | 'no-driver' | 'unknown';

export type UsbDeviceInfo = {
	/** Stable for as long as it stays plugged in: `1-4.2:17` is bus, ports and address, so `1-4.2` names the socket. */
	readonly key: string;
	readonly vendorId: number;
	readonly productId: number;
	/** bcdDevice */
	readonly release: number;
	/** Missing strings are undefined, not empty. */
	readonly manufacturer?: string;
	readonly product?: string;
	readonly serial?: string;
	readonly access: Access;
	/** The system's own words when access is not ok. */
	readonly accessDetail?: string;
};

export type SerialPortInfo = {
	readonly path: string;
	/** Socket of the USB device behind it, `1-4.2`; absent where the system does not tell. */
	readonly usbPlace?: string;
	readonly vendorId?: number;
	readonly productId?: number;
	readonly manufacturer?: string;
	readonly product?: string;
	readonly serial?: string;
	readonly access: Access;
	readonly accessDetail?: string;
	/** Name of the group that owns the node (Linux), for the advice. */
	readonly ownerGroup?: string;
};

/** Everything outside that an engine procedure may reach. Listing never opens a device. */
export type World = {
	readonly clock: Clock;
	readonly system: 'linux' | 'macos' | 'windows' | 'bench';
	readonly listSerialPorts: () => Promise<readonly SerialPortInfo[]>;
	readonly listUsbDevices: () => Promise<readonly UsbDeviceInfo[]>;
	/** Throws UnbrickError DeviceMissing, DeviceDenied, DeviceBusy. */
	readonly openSerial: (path: string, options: {readonly baud: number}) => Promise<ByteStream>;
	/** Opens, selects configuration 1, claims interface 0. Throws as openSerial, and NoUsbSystem. */
	readonly openUsb: (key: string) => Promise<UsbPipe>;
	readonly openHid: (key: string) => Promise<HidPipe>;
	/** Calls `listener` when something was plugged in or out. Returns an unsubscribe. */
	readonly onDevicesChanged: (listener: () => void) => () => void;
	/** Which of these programs run now (ModemManager, brltty …); absent where that cannot be known. */
	readonly runningPrograms?: (names: readonly string[]) => Promise<readonly string[]>;
};
