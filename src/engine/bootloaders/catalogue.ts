// Which published image a board needs, where it may be found, and whether a file is it. Pure: finding and
// fetching is src/io/catalogue.ts. An image counts by the checksum of its bytes, never by its name.
import type {Board} from '../boards/board.ts';
import type {Chip} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import {imageSha256} from '../image/digest.ts';
import type {KnownImage} from '../image/inspect.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {Bootloader} from './bootloader.ts';
import {knownImages} from './index.ts';

export type ImageChoice =
	| {readonly kind: 'one'; readonly known: KnownImage}
	/** Several builds fit and nothing says which: a person picks. */
	| {readonly kind: 'several'; readonly known: readonly KnownImage[]}
	/** None is published, or none for this chip; `text` says so and where to get one. */
	| {readonly kind: 'none'; readonly text: string};

/** Boards whose makers' builds differ by crystal or USB identity. Source: boards.txt of the makers' cores. */
const imageOfBoard: Readonly<Record<string, string>> = {
	promicro_5v: 'Caterina-promicro16.hex',
	promicro_3v3: 'Caterina-promicro8.hex',
	leonardo: 'Caterina-Leonardo.hex',
	micro: 'Caterina-Micro.hex',
};

/** Images that are right for one board only, whatever others share its chip. */
const boardOfImage: Readonly<Record<string, readonly string[]>> = {
	// Its pins are those of the Plaid.
	'main.hex': ['plaid'],
	// It carries the serial converter of the Uno along.
	'Arduino-COMBINED-dfu-usbserial-atmega16u2-Uno-Rev3.hex': ['bare_16u2'],
};

/**
 * The published image of a bootloader for a chip, by the board where builds differ.
 * @param file a published file's name, when a person picked one
 */
export function chooseImage(
	bootloader: Bootloader,
	chip: Chip,
	options: {readonly board?: Board; readonly file?: string; readonly known?: readonly KnownImage[]} = {},
): ImageChoice {
	const {board, file, known = knownImages} = options;
	const fits = known.filter(
		({id, image}) =>
			id === bootloader.id &&
			image.chips.includes(chip.id) &&
			(file === undefined || image.file === file) &&
			(board === undefined || (boardOfImage[image.file]?.includes(board.id) ?? true)),
	);
	const wanted = board === undefined ? undefined : imageOfBoard[board.id];
	const named = fits.filter(({image}) => image.file === wanted);
	const left = named.length > 0 ? named : fits;
	if (left.length === 1) return {kind: 'one', known: left[0]!};
	if (left.length > 1) return {kind: 'several', known: left};
	return {kind: 'none', text: notPublished(bootloader, chip, file)};
}

function notPublished(bootloader: Bootloader, chip: Chip, file: string | undefined): string {
	const where = bootloader.howToGet === undefined ? '' : ` ${sentence(bootloader.howToGet)}`;
	if (file !== undefined)
		return `There is no published image "${file}" of ${bootloader.name} for the ${chip.name}.`;
	if (bootloader.id === 'halfkay')
		return `HalfKay cannot be had: its maker gives no image to anybody, and an erase over ISP destroys it for good. Another bootloader takes its place (atmel-dfu, qmk-dfu).`;
	if (!bootloader.boot.some(row => row.chip === chip.id))
		return `${bootloader.name} is not known for the ${chip.name}.${where}`;
	return `No image of ${bootloader.name} for the ${chip.name} is published that is known here.${where} Give yours as a file.`;
}

function sentence(text: string): string {
	const start = text.charAt(0).toUpperCase() + text.slice(1);
	return /[.!?]$/.test(start) ? start : `${start}.`;
}

/**
 * Is this image the one of the catalogue, byte for byte?
 * @throws UnbrickError BadHex with both checksums
 */
export function checkKnownImage(image: MemoryImage, known: KnownImage, file: string): void {
	const sha256 = imageSha256(image);
	if (sha256 === known.image.imageSha256) return;
	throw new UnbrickError({
		kind: 'BadHex',
		file,
		reason: `its bytes are not those of ${known.image.file} (SHA-256 ${sha256?.slice(0, 16) ?? 'none'}…, should be ${known.image.imageSha256.slice(0, 16)}…)`,
	});
}

/**
 * Public addresses of an image, best first: the file at a commit where one is recorded, then git's object by the
 * name of its content, which no later change of the repository can alter.
 */
export function publicAddresses(known: KnownImage): readonly string[] {
	const {repository, path, commit, gitBlobSha1} = known.image;
	return [
		...(commit === undefined
			? []
			: [`https://raw.githubusercontent.com/${repository}/${commit}/${encodePath(path)}`]),
		`https://api.github.com/repos/${repository}/git/blobs/${gitBlobSha1}`,
	];
}

/**
 * The address on a mirror: `<base>/<owner>/<name>/<path>`, the layout of the repositories themselves.
 * @param base what a person gave, with or without a trailing slash
 */
export function mirrorAddress(base: string, known: KnownImage): string {
	return `${base.replace(/\/+$/, '')}/${known.image.repository}/${encodePath(known.image.path)}`;
}

function encodePath(path: string): string {
	return path.split('/').map(encodeURIComponent).join('/');
}

/** Where to get it, in words, when this machine could not. */
export function howToGetByHand(known: KnownImage): string {
	const {file, repository, path, commit} = known.image;
	const revision = commit === undefined ? '' : ` at commit ${commit.slice(0, 12)}`;
	return `Get ${file} from github.com/${repository}, ${path}${revision}, on a machine that has a network, and give the file by its path. It is checked by its bytes, so any copy will do.`;
}
