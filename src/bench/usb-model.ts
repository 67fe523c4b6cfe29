// A USB device of the bench as its firmware sees the bus. Times are handed in and out, so that the same model serves
// virtual time (the practice bench) and real programs (a virtual USB rig).
import type {ControlSetup} from '../engine/transports.ts';

export type UsbIdentity = {
	readonly vendorId: number;
	readonly productId: number;
	/** bcdDevice */
	readonly release: number;
	readonly speed: 'low' | 'full';
	readonly manufacturer: string;
	readonly product: string;
	readonly serial?: string;
	/** Class, subclass and protocol of interface 0. */
	readonly interfaceClass: readonly [number, number, number];
	/** Endpoints of interface 0: address with the direction bit; all bulk. */
	readonly endpoints: readonly {readonly address: number; readonly packetBytes: number}[];
};

/** How one transfer ends. `doneMs` is when; never: the device keeps saying NAK. */
export type UsbAnswer =
	| {readonly status: 'ok'; readonly data: Uint8Array; readonly doneMs: number}
	| {readonly status: 'stall'; readonly doneMs: number}
	| {readonly status: 'never'};

export type UsbModel = {
	readonly identity: UsbIdentity;
	/** IN when `data` is a length, OUT when it is bytes. */
	readonly control: (setup: ControlSetup, data: number | Uint8Array, atMs: number) => UsbAnswer;
	/** Bytes of one OUT transfer; `endpoint` without the direction bit. */
	readonly bulkOut: (endpoint: number, data: Uint8Array, atMs: number) => UsbAnswer;
	readonly bulkIn: (endpoint: number, length: number, atMs: number) => UsbAnswer;
	/** Its supply went and came back. */
	readonly powerCycle: (atMs: number) => void;
};

const nothing = new Uint8Array(0);

export function answered(doneMs: number, data: Uint8Array = nothing): UsbAnswer {
	return {status: 'ok', data, doneMs};
}
export function stalled(doneMs: number): UsbAnswer {
	return {status: 'stall', doneMs};
}
