// What a program on the board shows on USB: descriptors and answers. Times are handed in and out, so that the same
// model serves virtual time (the practice bench) and real programs (a virtual USB rig).
import type {ControlSetup} from '../../engine/transports.ts';
import type {UsbAnswer} from '../usb-model.ts';

export type FunctionShape = 'control' | 'hid' | 'cdc' | 'storage';

export type FunctionIdentity = {
	readonly vendorId: number;
	readonly productId: number;
	readonly release: number;
	readonly manufacturer: string;
	readonly product: string;
	readonly speed: 'low' | 'full';
	readonly shape: FunctionShape;
	readonly deviceClass: readonly [number, number, number];
	/** Class of interface 0 where it is not what the shape says. */
	readonly interfaceClass?: readonly [number, number, number];
	/** HID: usage page and usage of the report descriptor, and bytes of its output report. */
	readonly hid?: {readonly usagePage: number; readonly usage: number; readonly reportBytes: number};
};

/** The serial port of a CDC function; rate, DTR and RTS come as control requests (CDC PSTN 1.2, 6.3). */
export type SerialFunction = {
	/** Size of a bulk packet, in both directions. */
	readonly packetBytes: number;
	/** One OUT packet; returns when it is accepted, undefined when the firmware never takes it. */
	readonly out: (packet: Uint8Array, atMs: number) => number | undefined;
	/** When the first byte for the host is ready, if by `untilMs`. */
	readonly nextReplyMs: (untilMs: number) => number | undefined;
	readonly take: (maxBytes: number, atMs: number) => Uint8Array;
};

export type UsbFunction = {
	readonly identity: FunctionIdentity;
	/** IN when `data` is a length, OUT when it is bytes. */
	readonly control: (setup: ControlSetup, data: number | Uint8Array, atMs: number) => UsbAnswer;
	readonly serial?: SerialFunction;
	/** The drive's FLASH.BIN (mass storage). */
	readonly file?: {
		readonly bytes: number;
		readonly read: () => Uint8Array;
		/** Returns when the last block is done. */
		readonly overwrite: (data: Uint8Array, atMs: number) => number;
		readonly eject: (atMs: number) => void;
	};
};

const le16 = (value: number) => [value & 0xff, value >> 8] as const;

/** USB 2.0, table 9-8. */
export function deviceDescriptor(identity: FunctionIdentity): Uint8Array {
	const {deviceClass, vendorId, productId, release} = identity;
	const packet = identity.speed === 'low' ? 8 : 32;
	return Uint8Array.of(
		18,
		1,
		0x10,
		0x01,
		...deviceClass,
		packet,
		...le16(vendorId),
		...le16(productId),
		...le16(release),
		1,
		2,
		0,
		1,
	);
}

/** HID 1.11, 6.2.2: one vendor-defined output report. */
export function hidReportDescriptor(hid: NonNullable<FunctionIdentity['hid']>): Uint8Array {
	return Uint8Array.of(
		0x06,
		...le16(hid.usagePage),
		0x0a,
		...le16(hid.usage),
		0xa1,
		0x01,
		0x0a,
		0x19,
		0x00,
		0x75,
		0x08,
		0x96,
		...le16(hid.reportBytes),
		0x15,
		0x00,
		0x26,
		0xff,
		0x00,
		0x91,
		0x02,
		0xc0,
	);
}

/** USB 2.0, tables 9-10, 9-12 and 9-13; CDC 1.1, 5.2.3; HID 1.11, 6.2.1. */
export function configurationDescriptor(identity: FunctionIdentity, packetBytes = 16): Uint8Array {
	const body: number[] = [];
	let interfaces = 1;
	const face = (number: number, endpoints: number, kind: readonly [number, number, number]) =>
		body.push(9, 4, number, 0, endpoints, ...kind, 0);
	switch (identity.shape) {
		case 'control':
			face(0, 0, identity.interfaceClass ?? [0xff, 0, 0]);
			break;
		case 'hid':
			face(0, 1, [3, 0, 0]);
			body.push(9, 0x21, 0x11, 0x01, 0, 1, 0x22);
			body.push(...le16(identity.hid === undefined ? 0 : hidReportDescriptor(identity.hid).length));
			body.push(7, 5, 0x81, 3, ...le16(8), 5);
			break;
		case 'storage':
			face(0, 2, [8, 6, 0x50]);
			body.push(7, 5, 0x83, 2, ...le16(64), 5, 7, 5, 0x04, 2, ...le16(64), 5);
			break;
		case 'cdc':
			interfaces = 2;
			face(0, 1, [2, 2, 1]);
			body.push(5, 0x24, 0x00, 0x10, 0x01, 4, 0x24, 0x02, 0x04, 5, 0x24, 0x06, 0, 1);
			body.push(7, 5, 0x82, 3, ...le16(8), 0xff);
			face(1, 2, [10, 0, 0]);
			body.push(7, 5, 0x04, 2, ...le16(packetBytes), 1, 7, 5, 0x83, 2, ...le16(packetBytes), 1);
			break;
	}
	return Uint8Array.of(9, 2, ...le16(9 + body.length), interfaces, 1, 0, 0x80, 50, ...body);
}
