// USBasp requests: vendor control transfers whose four parameter bytes lie in wValue and wIndex.
// Source: USBasp firmware 2011-05-28 (request list, SCK options), its successors 1.06 to 1.11 (capabilities).
import type {ControlSetup} from '../../transports.ts';

/** Numbers of the firmware's `usbasp.h`. */
export const request = {
	connect: 1,
	disconnect: 2,
	transmit: 3,
	readFlash: 4,
	enableProg: 5,
	writeFlash: 6,
	readEeprom: 7,
	writeEeprom: 8,
	setLongAddress: 9,
	setIspSck: 10,
	getCapabilities: 127,
} as const;

/** Flags of WRITEFLASH: FIRST loads the page counter, LAST flushes a page that is not full. */
export const blockFlag = {first: 1, last: 2} as const;

/** SCK by option of SETISPSCK with the usual 12 MHz crystal, Hz. 13 (3 MHz) only where the capabilities say so. */
const sckOptions: readonly (readonly [option: number, hz: number])[] = [
	[1, 500],
	[2, 1000],
	[3, 2000],
	[4, 4000],
	[5, 8000],
	[6, 16_000],
	[7, 32_000],
	[8, 93_750],
	[9, 187_500],
	[10, 375_000],
	[11, 750_000],
	[12, 1_500_000],
	[13, 3_000_000],
];

/** Crystal by code of the second capability byte, MHz; 12 MHz is what the option table is written for. */
const crystalMHz: Readonly<Record<number, number>> = {0: 12, 1: 16, 2: 18, 3: 20};
const tableCrystalMHz = 12;

export type UsbaspCapabilities = {
	readonly tpi: boolean;
	readonly crystalMHz: number;
	readonly threeMHz: boolean;
};

/** The four bytes of GETCAPABILITIES; undefined for firmware that knows no such request (no bytes). */
export function parseCapabilities(reply: Uint8Array): UsbaspCapabilities | undefined {
	if (reply.length !== 4) return undefined;
	return {
		tpi: (reply[0]! & 0x01) !== 0,
		crystalMHz: crystalMHz[reply[1]!] ?? tableCrystalMHz,
		threeMHz: (reply[3]! & 0x01) !== 0,
	};
}

/** Options and the SCK they give with this crystal, rising. */
export function sckTable(capabilities: UsbaspCapabilities | undefined): readonly {
	readonly option: number;
	readonly hz: number;
}[] {
	const scale = (capabilities?.crystalMHz ?? tableCrystalMHz) / tableCrystalMHz;
	return sckOptions
		.filter(([option]) => option < 13 || capabilities?.threeMHz === true)
		.map(([option, hz]) => ({option, hz: Math.round(hz * scale)}));
}

/** A request with its four parameter bytes. */
export function setup(
	number: number,
	[p0, p1, p2, p3]: readonly [number, number, number, number] = [0, 0, 0, 0],
): ControlSetup {
	return {
		type: 'vendor',
		recipient: 'device',
		request: number,
		value: p0 | (p1 << 8),
		index: p2 | (p3 << 8),
	};
}

/** A request with an address (low 16 bits; SETLONGADDRESS takes all 32). */
export function addressed(number: number, byteAddress: number): ControlSetup {
	const high = number === request.setLongAddress ? Math.floor(byteAddress / 0x1_0000) & 0xffff : 0;
	return setup(number, [byteAddress & 0xff, (byteAddress >> 8) & 0xff, high & 0xff, high >> 8]);
}

/**
 * WRITEFLASH: low 16 bits of the address, page size split over two bytes, flags in the low half of the last.
 * @param pageBytes 0..0xfff
 */
export function writeFlash(byteAddress: number, pageBytes: number, flags: number): ControlSetup {
	return setup(request.writeFlash, [
		byteAddress & 0xff,
		(byteAddress >> 8) & 0xff,
		pageBytes & 0xff,
		flags | ((pageBytes >> 4) & 0xf0),
	]);
}
