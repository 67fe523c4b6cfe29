// What is in a file, or in a board's flash: application, bootloader (which one), both, or something that does
// not belong in a flash at all. Exact by checksum; otherwise by USB descriptor and structure, and said so.

import type {Bootloader, BootloaderImage} from '../bootloaders/bootloader.ts';
import {bootloaders, knownImages} from '../bootloaders/index.ts';
import {hexAddress, isBlank} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {chips} from '../chips/index.ts';
import {UnbrickError} from '../errors.ts';
import type {FuseBytes} from '../target.ts';
import {countJumps, jumpTarget, looksLikeVector, vectorCounts} from './avr-code.ts';
import {imageSha256, sha256OfBytes} from './digest.ts';
import {type ByteRange, createImage, type MemoryImage} from './memory-image.ts';
import {chunksOf, splitBelow, stm32Flash} from './merge.ts';

export type ImageKind =
	| 'application'
	| 'bootloader'
	| 'combined'
	| 'isp-firmware'
	| 'eeprom'
	| 'blank'
	| 'foreign'
	| 'unknown';

/** A published image and the bootloader or ISP firmware that it is. */
export type KnownImage = {readonly id: string; readonly image: BootloaderImage};

/** A USB device descriptor found in an image (USB 2.0 specification, table 9-8). */
export type FoundDescriptor = {
	readonly vendorId: number;
	readonly productId: number;
	readonly bcdDevice: number;
	readonly deviceClass: number;
	readonly byteAddress: number;
};

export type FoundBootloader = {
	/** Bootloader id; `unknown` when only the structure says that there is one. */
	readonly id: string;
	readonly name: string;
	/** True when a published image is there byte for byte. */
	readonly exact: boolean;
	/** The published file. */
	readonly file?: string;
	/** Whose it is by its USB identity: `Arduino Leonardo`. */
	readonly who?: string;
	readonly startByteAddress: number;
	/** One sentence for a person: `Caterina, unknown build (SparkFun Pro Micro 5V/16MHz)`. */
	readonly text: string;
};

export type InspectNote = {
	/** `error`: do not write it so. */
	readonly severity: 'note' | 'warning' | 'error';
	readonly code:
		| 'leaves-flash'
		| 'stm32'
		| 'defective'
		| 'other-chip'
		| 'bootsz'
		| 'nothing-at-boot-start'
		| 'eeprom'
		| 'blank'
		| 'tiny'
		| 'no-vector'
		| 'carries-sketch'
		| 'name';
	readonly text: string;
};

export type Inspection = {
	readonly kind: ImageKind;
	readonly image: MemoryImage;
	readonly byteCount: number;
	/** Over first to last address, gaps 0xff; undefined when empty or spread too wide. */
	readonly imageSha256: string | undefined;
	readonly application:
		| {readonly range: ByteRange; readonly byteCount: number; readonly vectors: number | undefined}
		| undefined;
	readonly bootloader: FoundBootloader | undefined;
	readonly descriptors: readonly FoundDescriptor[];
	/** Chip ids that the image fits, by vector table, loader and size; empty: no hint. */
	readonly likelyChips: readonly string[];
	readonly notes: readonly InspectNote[];
};

export type InspectOptions = {
	readonly chip?: Chip | undefined;
	/** The fuses that the chip has or will have: does the loader start where BOOTSZ points? */
	readonly fuses?: FuseBytes | undefined;
	/** The file's name: `.eep` and the names of QMK's three files say something. */
	readonly file?: string | undefined;
	/** Published images to look for; the catalogue unless told. */
	readonly known?: readonly KnownImage[] | undefined;
};

/** EEPROM of the largest part that keyboards use; a flash image of this size would be a strange one. */
const largestEepromBytes = 4096;

/** Says what an image is. Pure and total: never throws for any image. */
export function inspectImage(image: MemoryImage, options: InspectOptions = {}): Inspection {
	const {chip, file, known = knownImages} = options;
	const notes: InspectNote[] = [];
	const note = (severity: InspectNote['severity'], code: InspectNote['code'], text: string) =>
		void notes.push({severity, code, text});
	const base = {
		image,
		byteCount: image.byteCount,
		imageSha256: imageSha256(image),
	};
	const nothing = {application: undefined, bootloader: undefined, descriptors: [], likelyChips: []};

	if (image.touches(stm32Flash)) {
		note(
			'error',
			'stm32',
			'Its addresses start at 0x08000000: it is for an STM32, which has no ISP and no fuses.',
		);
		return {...base, ...nothing, kind: 'foreign', notes};
	}
	if (chunksOf(image).every(chunk => isBlank(chunk.data))) {
		note('warning', 'blank', 'Every byte is 0xff: this is an erased memory.');
		return {...base, ...nothing, kind: 'blank', notes};
	}
	const eeprom = eepromLikeness(image, chip, file);
	if (eeprom === 'named') {
		note('error', 'eeprom', 'This is an EEPROM image. It does not belong in the flash.');
		return {...base, ...nothing, kind: 'eeprom', notes};
	}
	if (eeprom === 'sized')
		note(
			'warning',
			'eeprom',
			'It has the size of an EEPROM and no program starts in it: is it an EEPROM image?',
		);

	const descriptors = findDescriptors(image);
	const loader =
		exactLoader(image, known) ??
		loaderByDescriptor(image, chip, descriptors) ??
		loaderByStructure(image, chip);
	const bootloader = loader?.found;
	const firmware = known.find(
		each => each.image.imageSha256 === base.imageSha256 && !bootloaders.some(({id}) => id === each.id),
	);
	const start = bootloader?.startByteAddress ?? Number.POSITIVE_INFINITY;
	const below = Number.isFinite(start) ? splitBelow(image, start).low : image;
	const application = applicationIn(below);
	const likelyChips = guessChips(image, application?.vectors, loader);

	if (chip !== undefined && image.end > chip.flash.bytes) {
		note(
			'error',
			'leaves-flash',
			`It reaches ${hexAddress(image.end - 1)}, past the ${chip.flash.bytes} bytes of flash of the ${chip.name}.`,
		);
	}
	const defective = defectiveImage(image);
	if (defective !== undefined) note('error', 'defective', `${defective} It must not be written.`);
	const entries = application?.vectors;
	if (chip !== undefined && entries !== undefined) {
		const expected = vectorCounts.find(row => row.chips.includes(chip.id))?.count;
		const meant = vectorCounts.find(row => row.count === entries);
		if (expected !== undefined && expected !== entries && meant !== undefined)
			note(
				'warning',
				'other-chip',
				`It appears to be for another chip: its table has ${entries} interrupt vectors as on ${meant.chips.map(nameOf).join(', ')}; the ${chip.name} has ${expected}.`,
			);
	}
	if (
		chip !== undefined &&
		loader !== undefined &&
		loader.chips.length > 0 &&
		!loader.chips.includes(chip.id)
	)
		note(
			'error',
			'other-chip',
			`The bootloader in it is for ${loader.chips.map(nameOf).join(', ')}, not for the ${chip.name}.`,
		);
	if (chip !== undefined && options.fuses !== undefined && bootloader !== undefined)
		noteBootSize(bootloader, chip, options.fuses, image, note);
	if (application !== undefined && firmware === undefined && bootloader === undefined) {
		if (application.byteCount <= 128)
			note('warning', 'tiny', `It has only ${application.byteCount} bytes. Is it whole?`);
		if (below.at(0) !== undefined && jumpTarget(below, 0, chip?.flash.bytes) === undefined)
			note('warning', 'no-vector', 'It does not begin with a jump at 0x0000, as programs do.');
	}
	const kind: ImageKind =
		firmware !== undefined
			? 'isp-firmware'
			: bootloader !== undefined
				? application === undefined
					? 'bootloader'
					: 'combined'
				: application !== undefined && below.at(0) !== undefined
					? 'application'
					: 'unknown';
	if (kind === 'combined' && loader?.carriesSketch === true)
		note(
			'note',
			'carries-sketch',
			'The application in it is the sketch that its maker ships with the bootloader.',
		);
	noteName(kind, file, note);
	return {...base, kind, application, bootloader, descriptors, likelyChips, notes};
}

/**
 * Is this something to write into a chip's flash at all? What a person should only know is in the notes.
 * Whether it leaves the flash is `checkFits`.
 * @param file its name and whether its end record was there (ParsedHex.complete)
 * @throws UnbrickError BadHex: EEPROM images, other controllers, loaders of another chip, known broken images, a
 * bootloader whose file may be cut off, nothing but 0xff
 */
export function checkWritable(
	inspection: Inspection,
	file: {readonly name: string; readonly complete?: boolean},
): void {
	const bad = (reason: string): never => {
		throw new UnbrickError({kind: 'BadHex', file: file.name, reason: reason.replace(/\.$/, '')});
	};
	const error = inspection.notes.find(({severity, code}) => severity === 'error' && code !== 'leaves-flash');
	if (error !== undefined) bad(error.text);
	if (inspection.kind === 'blank') bad('every byte of it is 0xff: there is nothing to write');
	if (inspection.bootloader !== undefined && file.complete === false)
		bad('its end record is missing; a bootloader that may be cut off is not used');
}

/** The board's own flash, read over ISP, looked at like a file and against published images. */
export type FlashLook = {
	readonly verdict: 'whole' | 'damaged' | 'unknown-build' | 'unknown' | 'none';
	readonly inspection: Inspection;
	readonly bootloader?: FoundBootloader;
	/** For `damaged`: what it was compared with, how many bytes differ, and the first one's address. */
	readonly comparedWith?: string;
	readonly differingBytes?: number;
	readonly firstAddress?: number;
	/** One sentence for a person. */
	readonly text: string;
};

/** A published image at hand (from the cache or a local place) to compare with. */
export type Reference = {readonly id: string; readonly file: string; readonly image: MemoryImage};

/**
 * A damaged loader is still mostly itself: one burnt page is 128 of 4096 bytes, three hundredths. In another
 * build the code is shifted and most bytes differ. A quarter lies between with room on both sides; our choice.
 */
const damagedShare = 0.25;

/**
 * Says how the bootloader on a board is.
 * @param flash the whole flash, from 0
 * @param references published images to count differences against; without them damage cannot be told from
 * an unknown build
 */
export function inspectFlash(
	flash: Uint8Array,
	chip: Chip,
	options: {
		readonly fuses?: FuseBytes;
		readonly references?: readonly Reference[];
		readonly known?: readonly KnownImage[];
	} = {},
): FlashLook {
	const image = createImage([{byteAddress: 0, data: flash}]);
	const inspection = inspectImage(image, {chip, fuses: options.fuses, known: options.known});
	const {bootloader} = inspection;
	if (bootloader?.exact === true)
		return {
			verdict: 'whole',
			inspection,
			bootloader,
			text: `Your bootloader is whole: ${bootloader.text}.`,
		};

	let nearest: {reference: Reference; differing: number; first: number; share: number} | undefined;
	for (const reference of options.references ?? []) {
		const loader = loaderPart(reference.image, chip);
		if (loader.byteCount === 0 || loader.end > flash.length) continue;
		const {differing, first} = countDifferences(image, loader);
		const share = differing / loader.byteCount;
		if (nearest === undefined || share < nearest.share) nearest = {reference, differing, first, share};
	}
	if (nearest !== undefined && nearest.share <= damagedShare) {
		const name = bootloaders.find(({id}) => id === nearest.reference.id)?.name ?? nearest.reference.id;
		const common = {
			inspection,
			...(bootloader === undefined ? {} : {bootloader}),
			comparedWith: nearest.reference.file,
		};
		if (nearest.differing === 0)
			return {
				...common,
				verdict: 'whole',
				text: `Your bootloader is whole: ${name} (${nearest.reference.file}).`,
			};
		const bytes = nearest.differing === 1 ? '1 byte differs' : `${nearest.differing} bytes differ`;
		return {
			...common,
			verdict: 'damaged',
			differingBytes: nearest.differing,
			firstAddress: nearest.first,
			text: `Your ${name} is damaged: ${bytes} from ${hexAddress(nearest.first)} (compared with ${nearest.reference.file}).`,
		};
	}
	if (bootloader !== undefined) {
		const known = bootloader.id !== 'unknown';
		return {
			verdict: known ? 'unknown-build' : 'unknown',
			inspection,
			bootloader,
			text: known
				? `There is a bootloader: ${bootloader.text}. It is none of the published images, so damage cannot be told from another build.`
				: `Something starts at ${hexAddress(bootloader.startByteAddress)}, but it is no bootloader known here.`,
		};
	}
	const start = bootStartOf(chip, options.fuses) ?? lowestBootStart(chip);
	const empty = start !== undefined && isBlank(flash.subarray(start));
	return {
		verdict: 'none',
		inspection,
		text: empty
			? `There is no bootloader: the flash is empty from ${hexAddress(start)}.`
			: inspection.kind === 'blank'
				? 'There is no bootloader: the flash is empty.'
				: 'There is no bootloader: the application fills its place or nothing starts there.',
	};
}

/**
 * Where the boot section begins by the fuses, byte address; undefined on chips without one or when the byte
 * that holds BOOTSZ is not given.
 */
export function bootStartOf(chip: Chip, fuses: FuseBytes | undefined): number | undefined {
	if (chip.bootFuse === null || fuses === undefined) return undefined;
	const value = fuses[chip.bootFuse];
	const field = chip.fuses[chip.bootFuse]?.fields.find(({name}) => name === 'BOOTSZ');
	if (value === undefined || field === undefined) return undefined;
	const lowestBit = field.mask & -field.mask;
	const code = (value & field.mask) / lowestBit;
	return chip.bootSections.find(section => section.bootsz === code)?.startByteAddress;
}

/** All USB device descriptors in an image. */
export function findDescriptors(image: MemoryImage): readonly FoundDescriptor[] {
	const found: FoundDescriptor[] = [];
	for (const {byteAddress, data} of chunksOf(image)) {
		for (let at = 0; at + 18 <= data.length; at++) {
			// bLength 18, bDescriptorType 1, bcdUSB 1.0 to 2.1, bMaxPacketSize0, one configuration.
			if (data[at] !== 18 || data[at + 1] !== 1) continue;
			const usbMajor = data[at + 3]!;
			const packet = data[at + 7]!;
			if (usbMajor < 1 || usbMajor > 2 || data[at + 17] !== 1) continue;
			if (packet !== 8 && packet !== 16 && packet !== 32 && packet !== 64) continue;
			const word = (offset: number) => data[at + offset]! | (data[at + offset + 1]! << 8);
			found.push({
				vendorId: word(8),
				productId: word(10),
				bcdDevice: word(12),
				deviceClass: data[at + 4]!,
				byteAddress: byteAddress + at,
			});
		}
	}
	return found;
}

type FoundLoader = {found: FoundBootloader; chips: readonly string[]; carriesSketch: boolean};

/** A published image that stands in this one byte for byte, wherever else there is data. */
function exactLoader(image: MemoryImage, images: readonly KnownImage[]): FoundLoader | undefined {
	// Many known images lie in the same place: each stretch is summed once.
	const sums = new Map<string, string>();
	const sumOf = (from: number, bytes: number) => {
		const key = `${from} ${bytes}`;
		const sum = sums.get(key) ?? sha256OfBytes(image.slice(from, bytes));
		sums.set(key, sum);
		return sum;
	};
	for (const {id, image: known} of images) {
		const bootloader = bootloaders.find(each => each.id === id);
		const from = known.ranges[0]?.[0];
		const to = known.ranges.at(-1)?.[1];
		if (bootloader === undefined || from === undefined || to === undefined) continue;
		if (image.at(from) === undefined || image.at(to) === undefined) continue;
		if (sumOf(from, to + 1 - from) !== known.imageSha256) continue;
		const who = whoIs(bootloader, known.usbDescriptors);
		const start = loaderStart(bootloader, known.chips, from);
		return {
			found: {
				id,
				name: bootloader.name,
				exact: true,
				file: known.file,
				...(who === undefined ? {} : {who}),
				startByteAddress: start,
				text: `${bootloader.name}, ${known.file}${who === undefined ? '' : ` (${who})`}`,
			},
			chips: known.chips,
			carriesSketch: from < start,
		};
	}
	return undefined;
}

function loaderStart(bootloader: Bootloader, chipIds: readonly string[], from: number): number {
	const rows = bootloader.boot.filter(row => chipIds.includes(row.chip));
	const exact = rows.find(row => row.startByteAddress === from);
	// A file that carries a sketch starts below its loader.
	return (exact ?? rows.find(row => row.startByteAddress > from))?.startByteAddress ?? from;
}

function whoIs(
	bootloader: Bootloader,
	descriptors: readonly {readonly vendorId: number; readonly productId: number}[],
): string | undefined {
	const row = bootloader.usb.find(usb =>
		descriptors.some(({vendorId, productId}) => usb.vendorId === vendorId && usb.productId === productId),
	);
	return row === undefined || chips.some(({id}) => id === row.who) || row.who === 'any' ? undefined : row.who;
}

function loaderByDescriptor(
	image: MemoryImage,
	chip: Chip | undefined,
	descriptors: readonly FoundDescriptor[],
): FoundLoader | undefined {
	for (const descriptor of descriptors) {
		const fits = bootloaders.flatMap(bootloader =>
			bootloader.usb.some(
				usb => usb.vendorId === descriptor.vendorId && usb.productId === descriptor.productId,
			)
				? bootloader.boot
						.filter(
							row =>
								(chip === undefined || row.chip === chip.id) &&
								descriptor.byteAddress >= row.startByteAddress &&
								descriptor.byteAddress < row.startByteAddress + row.bytes &&
								image.at(row.startByteAddress) !== undefined &&
								looksLikeVector(image, row.startByteAddress),
						)
						.map(row => ({bootloader, row}))
				: [],
		);
		const best = fits.toSorted(
			(a, b) => relativeRank(b.bootloader, descriptor) - relativeRank(a.bootloader, descriptor),
		)[0];
		if (best === undefined) continue;
		const {bootloader, row} = best;
		const who = whoIs(bootloader, [descriptor]);
		return {
			found: {
				id: bootloader.id,
				name: bootloader.name,
				exact: false,
				...(who === undefined ? {} : {who}),
				startByteAddress: row.startByteAddress,
				text: `${bootloader.name}, unknown build${who === undefined ? '' : ` (${who})`}`,
			},
			chips: [...new Set(fits.filter(fit => fit.bootloader.id === bootloader.id).map(fit => fit.row.chip))],
			carriesSketch: false,
		};
	}
	return undefined;
}

/** Which of several relatives with one USB identity it is: by release, then by device class. */
function relativeRank(bootloader: Bootloader, descriptor: FoundDescriptor): number {
	if (bootloader.bcdDevice !== undefined) return bootloader.bcdDevice === descriptor.bcdDevice ? 3 : -1;
	// Atmel's own DFU loaders say class 0xff, LUFA's say 0x00 (descriptors of the published images).
	const classes = new Set(
		bootloader.images.flatMap(image => image.usbDescriptors.map(({deviceClass}) => deviceClass)),
	);
	return classes.has(descriptor.deviceClass) ? 2 : classes.size === 0 ? 1 : 0;
}

/** No identity: does a program start at the border of a boot section, after empty flash? */
function loaderByStructure(image: MemoryImage, chip: Chip | undefined): FoundLoader | undefined {
	// So many empty bytes before a section make it the start of something and not the middle of an application.
	const emptyBefore = 16;
	const starts = new Map<number, string[]>();
	for (const each of chip === undefined ? chips : [chip]) {
		if (image.end > each.flash.bytes) continue;
		for (const section of each.bootSections) {
			const end = section.startByteAddress + section.bytes;
			if (image.end > end || image.at(section.startByteAddress) === undefined) continue;
			if (!looksLikeVector(image, section.startByteAddress)) continue;
			const before = image.slice(section.startByteAddress - emptyBefore, emptyBefore);
			if (!isBlank(before)) continue;
			const target = jumpTarget(image, section.startByteAddress, each.flash.bytes);
			if (target !== undefined && (target < section.startByteAddress || target >= end)) continue;
			// A part of a file must begin here; whole flashes have it after empty bytes, seen above.
			starts.set(section.startByteAddress, [...(starts.get(section.startByteAddress) ?? []), each.id]);
		}
	}
	const start = [...starts.keys()].sort((a, b) => a - b)[0];
	if (start === undefined) return undefined;
	const from = chip ?? chips.find(each => starts.get(start)!.includes(each.id))!;
	const nameless = bootloaders.filter(
		bootloader =>
			bootloader.usb.length === 0 &&
			bootloader.boot.some(row => starts.get(start)!.includes(row.chip) && row.startByteAddress === start),
	);
	const only = nameless.length === 1 ? nameless[0] : undefined;
	return {
		found: {
			id: only?.id ?? 'unknown',
			name: only?.name ?? 'unknown bootloader',
			exact: false,
			startByteAddress: start,
			text:
				only === undefined
					? `an unknown bootloader at ${hexAddress(start)}`
					: `${only.name}, unknown build, by its place at ${hexAddress(start)}`,
		},
		chips: chip === undefined ? (starts.get(start) ?? []) : [from.id],
		carriesSketch: false,
	};
}

function applicationIn(below: MemoryImage): Inspection['application'] {
	const filled = chunksOf(below).filter(chunk => !isBlank(chunk.data));
	const first = filled[0];
	const last = filled.at(-1);
	if (first === undefined || last === undefined) return undefined;
	let end = last.data.length;
	while (end > 0 && last.data[end - 1] === 0xff) end--;
	const vectors = countJumps(below, 0);
	return {
		range: {start: first.byteAddress, end: last.byteAddress + end},
		byteCount: filled.reduce((sum, chunk) => sum + chunk.data.length, 0) - (last.data.length - end),
		// Two or three jumps in a row are no table.
		vectors: vectors >= 16 ? vectors : undefined,
	};
}

function guessChips(
	image: MemoryImage,
	vectors: number | undefined,
	loader: FoundLoader | undefined,
): readonly string[] {
	const byVectors = vectorCounts.find(row => row.count === vectors)?.chips;
	const byLoader = loader?.chips;
	const both =
		byVectors !== undefined && byLoader !== undefined
			? byVectors.filter(id => byLoader.includes(id))
			: (byVectors ?? byLoader ?? []);
	return both.filter(id => chips.some(chip => chip.id === id && image.end <= chip.flash.bytes));
}

/** By name and content, or only by a size that fills an EEPROM exactly; undefined when neither. */
function eepromLikeness(
	image: MemoryImage,
	chip: Chip | undefined,
	file: string | undefined,
): 'named' | 'sized' | undefined {
	if (image.end > (chip?.eeprom.bytes ?? largestEepromBytes) || looksLikeVector(image, 0)) return undefined;
	if (file !== undefined && /\.eep$/i.test(file)) return 'named';
	const whole = image.start === 0 && image.byteCount === image.end;
	const sizes = chip === undefined ? [512, 1024, 2048, 4096] : [chip.eeprom.bytes];
	return whole && sizes.includes(image.end) ? 'sized' : undefined;
}

function defectiveImage(image: MemoryImage): string | undefined {
	for (const bootloader of bootloaders) {
		for (const defective of bootloader.defectiveImages) {
			const [from, to] = defective.range;
			if (image.start === from && image.end === to + 1 && image.byteCount === defective.dataBytes)
				return `This is ${defective.file.split('/').at(-1)} as Debian's arduino-core-avr ships it: ${defective.problem}.`;
		}
	}
	return undefined;
}

function noteBootSize(
	bootloader: FoundBootloader,
	chip: Chip,
	fuses: FuseBytes,
	image: MemoryImage,
	note: (severity: InspectNote['severity'], code: InspectNote['code'], text: string) => void,
): void {
	const byFuses = bootStartOf(chip, fuses);
	const start = bootloader.startByteAddress;
	if (byFuses === undefined || byFuses === start) return;
	const wanted = chip.bootSections.find(section => section.startByteAddress === start);
	const remedy =
		wanted === undefined
			? 'no BOOTSZ of this chip points there'
			: `BOOTSZ ${wanted.bootsz.toString(2).padStart(2, '0')} would point there`;
	const between = byFuses < start ? image.slice(byFuses, start - byFuses) : undefined;
	if (between !== undefined && isBlank(between))
		note(
			'note',
			'bootsz',
			`BOOTSZ points to ${hexAddress(byFuses)}, the bootloader starts at ${hexAddress(start)}; the flash between is empty, so the chip slides up to it (${remedy}).`,
		);
	else
		note(
			'warning',
			image.at(byFuses) === undefined ? 'nothing-at-boot-start' : 'bootsz',
			`BOOTSZ points to ${hexAddress(byFuses)}, but the bootloader starts at ${hexAddress(start)}: a reset does not reach it (${remedy}).`,
		);
}

function noteName(
	kind: ImageKind,
	file: string | undefined,
	note: (severity: InspectNote['severity'], code: InspectNote['code'], text: string) => void,
): void {
	const role = file === undefined ? undefined : /_(bootloader|production)\.hex$/i.exec(file)?.[1];
	if (role === undefined) return;
	if (role === 'bootloader' && kind !== 'bootloader')
		note('warning', 'name', 'Its name says bootloader, but that is not (only) what is in it.');
	if (role === 'production' && kind !== 'combined')
		note(
			'warning',
			'name',
			'Its name says production image, but application and bootloader are not both in it.',
		);
}

function nameOf(chipId: string): string {
	return chips.find(chip => chip.id === chipId)?.name ?? chipId;
}

function lowestBootStart(chip: Chip): number | undefined {
	return chip.bootSections.map(section => section.startByteAddress).sort((a, b) => a - b)[0];
}

/** The part of a published image that lies in the boot section. */
function loaderPart(image: MemoryImage, chip: Chip): MemoryImage {
	const lowest = lowestBootStart(chip);
	return lowest === undefined ? image : splitBelow(image, lowest).high;
}

function countDifferences(flash: MemoryImage, wanted: MemoryImage): {differing: number; first: number} {
	let differing = 0;
	let first = -1;
	for (const range of wanted.ranges) {
		for (let address = range.start; address < range.end; address++) {
			if (flash.at(address) === wanted.at(address)) continue;
			if (differing === 0) first = address;
			differing++;
		}
	}
	return {differing, first};
}

/** The entry of the catalogue whose bytes these are; undefined when it is none of them. */
export function knownImageOf(
	image: MemoryImage,
	known: readonly KnownImage[] = knownImages,
): KnownImage | undefined {
	const sha256 = imageSha256(image);
	return sha256 === undefined ? undefined : known.find(each => each.image.imageSha256 === sha256);
}
