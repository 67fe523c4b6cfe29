// Made-up images for the practice board: a bootloader, a keyboard, a sketch, a programmer. They have the outside of
// real ones (a vector table, a USB device descriptor, bytes that look like code) and a marker by which the board
// recognises them; nothing of them is anybody's program, and none would run on a chip. The board takes an image for
// healthy only while every byte of it is intact.
import type {Chip} from '../../engine/chips/chip.ts';

export type LoaderKind =
	| 'atmel-dfu'
	| 'lufa-dfu'
	| 'qmk-dfu'
	| 'caterina'
	| 'halfkay'
	| 'bootloadhid'
	| 'usbasploader'
	| 'lufa-hid'
	| 'qmk-hid'
	| 'lufa-ms';

export type LoaderProgram = {
	readonly program: 'loader';
	readonly kind: LoaderKind;
	readonly vendorId: number;
	readonly productId: number;
	readonly release: number;
	/** The clock it was built for: with another one USB cannot enumerate. */
	readonly clockHz: number;
	/** Caterina as SparkFun builds it: two resets within 750 ms. */
	readonly doubleReset?: boolean;
	/** USBaspLoader: true where the chip erase is compiled in and pages are not erased one by one. */
	readonly chipErase?: boolean;
};

export type ApplicationProgram = {
	/** `keyboard`: HID. `sketch`: an Arduino-core serial port that knows the 1200 baud touch. `isp`: ArduinoISP over CDC. */
	readonly program: 'keyboard' | 'sketch' | 'isp';
	readonly vendorId: number;
	readonly productId: number;
	readonly clockHz: number;
};

export type Program = LoaderProgram | ApplicationProgram;

export type BenchImage = {readonly byteAddress: number; readonly data: Uint8Array};

const vectorBytes = 43 * 4;
/** Entries of the vector table where they are JMPs (avr-libc, `_VECTORS_SIZE` / 4); 43 on the 16U4 and 32U4. */
const vectorCounts: Readonly<Record<string, number>> = {
	atmega32a: 21,
	atmega328p: 26,
	at90usb162: 29,
	atmega16u2: 29,
	atmega32u2: 29,
	at90usb646: 38,
	at90usb1286: 38,
};
const usualVectors = 43;
const magic = 'BENCH-PROGRAM';
const descriptorBytes = 18;

/** Where each loader lies, bytes below the end of the flash. Sources: the bootloaders' own build files. */
function sectionBytes(kind: LoaderKind, chip: Chip): number {
	switch (kind) {
		case 'atmel-dfu':
			return chip.flash.bytes >= 0x1_0000 ? 0x2000 : 0x1000;
		case 'lufa-dfu':
		case 'qmk-dfu':
			return chip.flash.bytes > 0x1_0000 ? 0x2000 : 0x1000;
		case 'halfkay':
			return chip.flash.bytes >= 0x1_0000 ? 0x400 : 0x200;
		case 'lufa-ms':
			return 0x2000;
		default:
			return 0x1000;
	}
}

/** First byte of a loader's place on a chip. */
export function loaderStart(kind: LoaderKind, chip: Chip): number {
	return chip.flash.bytes - sectionBytes(kind, chip);
}

function identityOf(kind: LoaderKind, chip: Chip): readonly [number, number, number] {
	const dfu = chip.dfuUsbPid ?? 0x2ff4;
	switch (kind) {
		case 'atmel-dfu':
			return [0x03eb, dfu, 0x0000];
		case 'lufa-dfu':
			return [0x03eb, dfu, 0x0100];
		case 'qmk-dfu':
			return [0x03eb, dfu, 0x0936];
		case 'caterina':
			return [0x2341, 0x0036, 0x0001];
		case 'halfkay':
			return [0x16c0, 0x0478, 0x0100];
		case 'bootloadhid':
			return [0x16c0, 0x05df, 0x0101];
		case 'usbasploader':
			return [0x16c0, 0x05dc, 0x0102];
		case 'lufa-hid':
			return [0x03eb, 0x2067, 0x0001];
		case 'qmk-hid':
			return [0x03eb, 0x2067, 0x0936];
		case 'lufa-ms':
			return [0x03eb, 0x2045, 0x0001];
	}
}

/** A bootloader in its place on `chip`; the parts of its program may be changed. */
export function loaderImage(
	kind: LoaderKind,
	chip: Chip,
	change: Partial<Omit<LoaderProgram, 'program' | 'kind'>> = {},
): BenchImage {
	const [vendorId, productId, release] = identityOf(kind, chip);
	const byteAddress = loaderStart(kind, chip);
	const program: LoaderProgram = {
		program: 'loader',
		kind,
		vendorId,
		productId,
		release,
		clockHz: 16e6,
		...change,
	};
	// A few bytes of the section stay blank, as they do in most real ones.
	return {byteAddress, data: assemble(program, byteAddress, sectionBytes(kind, chip) - 10)};
}

export const loaderKinds: readonly LoaderKind[] = [
	'atmel-dfu',
	'lufa-dfu',
	'qmk-dfu',
	'caterina',
	'halfkay',
	'bootloadhid',
	'usbasploader',
	'lufa-hid',
	'qmk-hid',
	'lufa-ms',
];

/**
 * The made-up image of a bootloader by its id, as the practice board recognises it; undefined where the bench has no
 * model of it. A Pro Micro's Caterina is SparkFun's: two resets within 750 ms, 1b4f:9205 (9203 at 8 MHz).
 */
export function practiceLoader(
	bootloader: string,
	chip: Chip,
	options: {readonly board?: string; readonly clockHz?: number} = {},
): BenchImage | undefined {
	const kind = loaderKinds.find(known => known === bootloader);
	if (kind === undefined) return undefined;
	const {board, clockHz = 16e6} = options;
	const sparkfun =
		kind === 'caterina' && board?.startsWith('promicro') === true
			? {vendorId: 0x1b4f, productId: clockHz === 8e6 ? 0x9203 : 0x9205, doubleReset: true}
			: {};
	return loaderImage(kind, chip, {clockHz, ...sparkfun});
}

/** A keyboard's firmware of `bytes` bytes (at least 512) from 0. */
export function keyboardImage(
	bytes = 12_345,
	options: {
		readonly vendorId?: number;
		readonly productId?: number;
		readonly clockHz?: number;
		/** Whose vector table it has; an ATmega32U4's unless told. */
		readonly chip?: Chip;
	} = {},
): BenchImage {
	const {vendorId = 0xfeed, productId = 0x6060, clockHz = 16e6, chip} = options;
	const vectors = chip === undefined ? usualVectors : vectorCounts[chip.id];
	return {
		byteAddress: 0,
		data: assemble({program: 'keyboard', vendorId, productId, clockHz}, 0, bytes, vectors),
	};
}

/** A sketch with a serial port of its own, as combined Caterina images carry one. */
export function sketchImage(vendorId = 0x2341, productId = 0x8036, bytes = 4096): BenchImage {
	return {byteAddress: 0, data: assemble({program: 'sketch', vendorId, productId, clockHz: 16e6}, 0, bytes)};
}

/** A programmer's firmware: comes back as 16c0:0483 and answers STK500v1. */
export function ispImage(bytes = 5720): BenchImage {
	return {
		byteAddress: 0,
		data: assemble({program: 'isp', vendorId: 0x16c0, productId: 0x0483, clockHz: 16e6}, 0, bytes),
	};
}

function deviceDescriptor(program: Program): readonly number[] {
	const release = program.program === 'loader' ? program.release : 0x0100;
	const low = (value: number) => value & 0xff;
	const high = (value: number) => value >> 8;
	return [
		descriptorBytes,
		1,
		0x10,
		0x01,
		program.program === 'sketch' || program.program === 'isp' ? 2 : 0,
		0,
		0,
		8,
		low(program.vendorId),
		high(program.vendorId),
		low(program.productId),
		high(program.productId),
		low(release),
		high(release),
		1,
		2,
		0,
		1,
	];
}

/** Fletcher's sum of 16 bits: any changed, lost or moved byte shows. */
function checksum(bytes: Uint8Array): number {
	let a = 0;
	let b = 0;
	for (const byte of bytes) {
		a = (a + byte) % 255;
		b = (b + a) % 255;
	}
	return (b << 8) | a;
}

function assemble(program: Program, byteAddress: number, bytes: number, vectors = usualVectors): Uint8Array {
	const length = Math.max(bytes, 400);
	const data = new Uint8Array(length);
	// Not periodic, never long runs of one value; it differs between programs.
	let mix = (program.vendorId * 31 + program.productId * 7 + length) >>> 0;
	for (let index = 0; index < length; index++) {
		mix = (Math.imul(mix, 1_103_515_245) + 12_345) >>> 0;
		data[index] = (mix >>> 16) & 0xff;
	}
	data.fill(0, 0, vectorBytes);
	const entryWord = (byteAddress + vectorBytes) >> 1;
	for (let vector = 0; vector < vectors * 4; vector += 4) {
		// JMP k (AVR instruction set manual): 1001 010k kkkk 110k, then the low 16 bits of k.
		data.set([0x0c | (entryWord >> 16), 0x94, entryWord & 0xff, (entryWord >> 8) & 0xff], vector);
	}
	const text = `${magic}${JSON.stringify({...program, bytes: length})}\n`;
	data.set(deviceDescriptor(program), vectorBytes);
	for (let index = 0; index < text.length; index++) {
		data[vectorBytes + descriptorBytes + index] = text.charCodeAt(index);
	}
	const sum = checksum(data.subarray(0, length - 2));
	data[length - 2] = sum & 0xff;
	data[length - 1] = sum >> 8;
	return data;
}

/**
 * What stands at `byteAddress` of a flash: one of the programs above, `damaged` where its marker is there but not
 * every byte, undefined where there is none.
 */
export function recognise(flash: Uint8Array, byteAddress: number): Program | 'damaged' | undefined {
	const at = byteAddress + vectorBytes + descriptorBytes;
	const head = String.fromCharCode(...flash.subarray(at, at + magic.length));
	if (head !== magic) return undefined;
	const text = String.fromCharCode(...flash.subarray(at + magic.length, at + magic.length + 200));
	let told: Program & {readonly bytes: number};
	try {
		told = JSON.parse(text.slice(0, text.indexOf('\n'))) as Program & {readonly bytes: number};
	} catch {
		return 'damaged';
	}
	const whole = flash.subarray(byteAddress, byteAddress + told.bytes);
	if (whole.length !== told.bytes) return 'damaged';
	const sum = checksum(whole.subarray(0, -2));
	if (whole.at(-2) !== (sum & 0xff) || whole.at(-1) !== sum >> 8) return 'damaged';
	const {bytes: _, ...program} = told;
	return program;
}

/** The USB identity that a foreign program shows: the first device descriptor in it (USB 2.0, table 9-8). */
export function foreignIdentity(
	flash: Uint8Array,
	end: number,
): {readonly vendorId: number; readonly productId: number} | undefined {
	for (let at = 0; at + descriptorBytes <= end; at++) {
		if (flash[at] !== descriptorBytes || flash[at + 1] !== 1 || flash[at + descriptorBytes - 1] !== 1)
			continue;
		const version = flash[at + 3] ?? 0;
		const packet = flash[at + 7] ?? 0;
		if ((version !== 1 && version !== 2) || ![8, 16, 32, 64].includes(packet)) continue;
		const vendorId = (flash[at + 8] ?? 0) | ((flash[at + 9] ?? 0) << 8);
		if (vendorId === 0 || vendorId === 0xffff) continue;
		return {vendorId, productId: (flash[at + 10] ?? 0) | ((flash[at + 11] ?? 0) << 8)};
	}
	return undefined;
}
