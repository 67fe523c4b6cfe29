// Application and bootloader in one image: the production image that goes over ISP. Nothing is decided by
// order; two different bytes at one address are an error with both values.
import {hexAddress, hexByte, isBlank} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import {jumpTarget} from './avr-code.ts';
import {type ByteRange, createImage, type MemoryImage} from './memory-image.ts';

/** One file that goes into a merge. */
export type MergeInput = {
	/** Its name, for messages. */
	readonly name: string;
	readonly image: MemoryImage;
	/** False when the file's end record is missing (ParsedHex.complete). */
	readonly complete?: boolean;
};

export type MergeRequest = {
	readonly chip: Chip;
	readonly application: MergeInput;
	readonly bootloader: MergeInput & {
		/** True for a known image that carries a sketch below its boot section: the sketch gives way. */
		readonly carriesSketch?: boolean;
	};
	/** Where the bootloader starts, by the catalogue or by the fuses; found in the image when absent. */
	readonly bootStart?: number;
};

export type MergeResult = {
	readonly image: MemoryImage;
	readonly bootStart: number;
	/** Bytes of the application below the boot section. */
	readonly applicationBytes: number;
	readonly bootloaderBytes: number;
	/** Bytes that stand in both files with the same value. */
	readonly sharedBytes: number;
	readonly notes: readonly string[];
};

/** Where an STM32 has its flash: the commonest wrong file of all. */
export const stm32Flash: ByteRange = {start: 0x0800_0000, end: 0x0840_0000};

/**
 * Does the image stay inside the flash of the chip?
 * @throws UnbrickError ImageTooLarge with its last address
 */
export function checkFits(image: MemoryImage, chip: Chip, name: string): void {
	if (image.end <= chip.flash.bytes) return;
	const foreign = image.touches(stm32Flash) ? ' (made for an STM32, another kind of controller)' : '';
	throw new UnbrickError({
		kind: 'ImageTooLarge',
		byteAddress: image.end - 1,
		limitBytes: chip.flash.bytes,
		what: `${name}${foreign}`,
	});
}

/**
 * Where the boot section begins that this image fills: the lowest boot section of the chip at which a range of
 * the image starts. Undefined when no range does (an application, or one block that runs through).
 */
export function bootStartIn(image: MemoryImage, chip: Chip): number | undefined {
	return chip.bootSections
		.map(section => section.startByteAddress)
		.filter(start => image.at(start) !== undefined && image.at(start - 1) === undefined)
		.sort((a, b) => a - b)[0];
}

/**
 * Joins an application and a bootloader.
 * @throws UnbrickError ImageTooLarge (leaves the flash), OverlapsBootloader (application in the boot section),
 * BadHex (contradicting bytes, a bootloader that starts elsewhere or spreads below its section, a cut
 * bootloader file, nothing but 0xff)
 */
export function mergeImages(request: MergeRequest): MergeResult {
	const {chip, application, bootloader} = request;
	const bad = (file: string, reason: string): never => {
		throw new UnbrickError({kind: 'BadHex', file, reason});
	};
	checkFits(application.image, chip, application.name);
	checkFits(bootloader.image, chip, bootloader.name);
	if (allBlank(application.image))
		bad(application.name, 'every byte of it is 0xff: there is nothing to write');
	if (allBlank(bootloader.image)) bad(bootloader.name, 'every byte of it is 0xff: there is nothing to write');
	if (bootloader.complete === false)
		bad(bootloader.name, 'its end record is missing; a bootloader that may be cut off is not used');
	if (chip.bootSections.length === 0)
		bad(
			bootloader.name,
			`the ${chip.name} has no boot section: its loaders patch the application as they write it, so joining files makes no working image`,
		);

	const bootStart =
		request.bootStart ??
		bootStartIn(bootloader.image, chip) ??
		bad(
			bootloader.name,
			`it does not start at a boot section of the ${chip.name} (${sectionStarts(chip)}); the application and the bootloader may be the wrong way round`,
		);
	if (bootloader.image.at(bootStart) === undefined)
		bad(
			bootloader.name,
			`it has nothing at ${hexAddress(bootStart)}, where the chip would start it${wantedBootSize(bootloader.image, chip)}`,
		);
	const notes: string[] = [];
	const below = splitBelow(bootloader.image, bootStart);
	if (below.low.byteCount > 0) {
		if (bootloader.carriesSketch !== true)
			bad(
				bootloader.name,
				`it also writes at ${hexAddress(below.low.start)}, below its boot section at ${hexAddress(bootStart)}`,
			);
		notes.push(
			`The sketch that ${bootloader.name} carries below ${hexAddress(bootStart)} gives way to the application.`,
		);
	}
	const loader = below.high;

	let sharedBytes = 0;
	for (const range of application.image.ranges) {
		for (let address = Math.max(range.start, bootStart); address < range.end; address++) {
			const its = application.image.at(address)!;
			const loaders = loader.at(address);
			// A range that runs on from below is an application that is too long; a part of its own is a loader.
			if (loaders === undefined || (its !== loaders && range.start < bootStart))
				throw new UnbrickError({kind: 'OverlapsBootloader', byteAddress: address, bootStart});
			if (its !== loaders)
				bad(
					application.name,
					`at ${hexAddress(address)} it says ${hexByte(its)}, ${bootloader.name} says ${hexByte(loaders)}`,
				);
			sharedBytes++;
		}
	}
	if (sharedBytes > 0)
		notes.push(
			`${application.name} already holds ${sharedBytes} bytes of the bootloader, with the same values.`,
		);
	const applicationPart = splitBelow(application.image, bootStart).low;
	if (applicationPart.byteCount === 0)
		bad(application.name, `it has nothing below the boot section at ${hexAddress(bootStart)}`);
	if (application.complete === false)
		notes.push(`The end record of ${application.name} is missing. Was the download cut off?`);
	if (jumpTarget(applicationPart, 0, chip.flash.bytes) === undefined)
		notes.push(`${application.name} does not begin with a jump at 0x0000, as programs do.`);
	if (applicationPart.byteCount <= chip.flash.pageBytes)
		notes.push(`${application.name} has only ${applicationPart.byteCount} bytes. Is it whole?`);

	return {
		image: createImage([...chunksOf(applicationPart), ...chunksOf(loader)]),
		bootStart,
		applicationBytes: applicationPart.byteCount,
		bootloaderBytes: loader.byteCount,
		sharedBytes,
		notes,
	};
}

/** The parts of an image below and from an address. */
export function splitBelow(
	image: MemoryImage,
	byteAddress: number,
): {readonly low: MemoryImage; readonly high: MemoryImage} {
	const chunks = chunksOf(image);
	return {
		low: createImage(
			chunks
				.filter(chunk => chunk.byteAddress < byteAddress)
				.map(chunk => ({...chunk, data: chunk.data.subarray(0, byteAddress - chunk.byteAddress)})),
		),
		high: createImage(
			chunks
				.filter(chunk => chunk.byteAddress + chunk.data.length > byteAddress)
				.map(chunk => {
					const skip = Math.max(0, byteAddress - chunk.byteAddress);
					return {byteAddress: chunk.byteAddress + skip, data: chunk.data.subarray(skip)};
				}),
		),
	};
}

/** The image as chunks, one for each range. */
export function chunksOf(
	image: MemoryImage,
): readonly {readonly byteAddress: number; readonly data: Uint8Array}[] {
	return image.ranges.map(range => ({
		byteAddress: range.start,
		data: image.slice(range.start, range.end - range.start),
	}));
}

/** What one of the three files of `qmk compile` with target `production` is, by its name. */
export type ProductionRole = 'application' | 'bootloader' | 'production';

/**
 * Tells `kb_km.hex`, `kb_km_bootloader.hex` and `kb_km_production.hex` apart by name; `base` is `kb_km`.
 * Undefined for names that end in neither `.hex` nor those. What is inside is another question (inspect.ts).
 */
export function productionRole(
	fileName: string,
): {readonly role: ProductionRole; readonly base: string} | undefined {
	const name = /[^/\\]*$/.exec(fileName)?.[0] ?? '';
	const match = /^(.+?)(?:_(bootloader|production))?\.hex$/i.exec(name);
	if (match === null) return undefined;
	const role = match[2]?.toLowerCase();
	return {role: role === 'bootloader' || role === 'production' ? role : 'application', base: match[1]!};
}

/** `<keyboard>_<keymap>_production.hex`, slashes as QMK flattens them. */
export function productionName(keyboard: string, keymap: string): string {
	return `${keyboard.replaceAll('/', '_')}_${keymap}_production.hex`;
}

/** The production name beside an application file: `kb_km.hex` gives `kb_km_production.hex`. */
export function productionNameFor(applicationFile: string): string {
	return `${productionRole(applicationFile)?.base ?? 'firmware'}_production.hex`;
}

function allBlank(image: MemoryImage): boolean {
	return chunksOf(image).every(chunk => isBlank(chunk.data));
}

function wantedBootSize(image: MemoryImage, chip: Chip): string {
	const start = bootStartIn(image, chip);
	const section = chip.bootSections.find(({startByteAddress}) => startByteAddress === start);
	if (start === undefined || section === undefined) return '';
	return `; it starts at ${hexAddress(start)} and wants BOOTSZ ${section.bootsz.toString(2).padStart(2, '0')}`;
}

function sectionStarts(chip: Chip): string {
	return chip.bootSections
		.map(section => section.startByteAddress)
		.sort((a, b) => a - b)
		.map(hexAddress)
		.join(', ');
}
