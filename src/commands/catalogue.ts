// A published image from the catalogue: found on this machine or fetched, always checked by its bytes.
import type {Board} from '../engine/boards/board.ts';
import {chooseImage} from '../engine/bootloaders/catalogue.ts';
import {bootloaders, findBootloader, findIspFirmware} from '../engine/bootloaders/index.ts';
import type {Chip} from '../engine/chips/chip.ts';
import type {KnownImage} from '../engine/image/inspect.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import type {OnProgress} from '../engine/target.ts';
import {obtainImage} from '../io/catalogue.ts';
import type {CatalogueImage} from '../steps/step.ts';
import {UsageError} from './exit-codes.ts';
import type {Output} from './output.ts';

/**
 * The image itself. People are told what is tried; a script's stdout is not touched.
 * @throws UsageError with what to get and from where, when it cannot be had
 */
export async function loadCatalogueImage(output: Output, known: KnownImage): Promise<MemoryImage> {
	const got = await obtainImage(known, {onNote: text => output.say(text)});
	if (!got.found) throw new UsageError(got.text);
	output.say(`${known.image.file}: ${got.where}`);
	return got.hex.image;
}

/** The image of a bootloader for a chip; the board decides where builds differ. @throws UsageError */
export async function loadBootloaderImage(
	output: Output,
	id: string,
	chip: Chip,
	board: Board | undefined,
): Promise<{readonly image: MemoryImage; readonly name: string; readonly carriesSketch: boolean}> {
	const bootloader = findBootloader(id);
	if (bootloader === undefined) throw new UsageError(`There is no bootloader "${id}" here.`);
	const choice = chooseImage(bootloader, chip, board === undefined ? {} : {board});
	if (choice.kind === 'none') throw new UsageError(choice.text);
	if (choice.kind === 'several') {
		const files = choice.known.map(known => known.image.file).join(', ');
		throw new UsageError(
			`Several builds of ${bootloader.name} fit the ${chip.name} (${files}): name the board by --board, or give one as --hex.`,
		);
	}
	return {
		image: await loadCatalogueImage(output, choice.known),
		name: choice.known.image.file,
		carriesSketch: true,
	};
}

/** What can be written without a file of one's own: the board's usual bootloader first. Fetched when chosen. */
export async function publishedImages(wanted: {
	readonly chip: Chip;
	readonly board?: Board;
}): Promise<readonly CatalogueImage[]> {
	const {chip, board} = wanted;
	const usual = board?.bootloaders ?? [];
	const place = (id: string) => (usual.includes(id) ? usual.indexOf(id) : usual.length);
	return bootloaders
		.filter(loader => usual.length === 0 || usual.includes(loader.id))
		.sort((a, b) => place(a.id) - place(b.id))
		.flatMap(loader => {
			const choice = chooseImage(loader, chip, board === undefined ? {} : {board});
			const found = choice.kind === 'one' ? [choice.known] : choice.kind === 'several' ? choice.known : [];
			return found.map(known => ({
				id: `${loader.id}/${known.image.file}`,
				name: `${loader.name} (${known.image.file})`,
				bootloader: loader.id,
				origin: `github.com/${known.image.repository}, checked by its SHA-256`,
				async load(onProgress) {
					const got = await obtainImage(known, onProgress === undefined ? {} : {onProgress});
					if (!got.found) throw new Error(got.text);
					return new TextEncoder().encode(printIntelHex(got.hex.image));
				},
			}));
		});
}

/** The program that makes a spare board a programmer, as hex. @throws Error with what to get and from where */
export async function ispProgram(id: string, onProgress?: OnProgress): Promise<Uint8Array> {
	const firmware = findIspFirmware(id);
	if (firmware === undefined) throw new Error(`There is no program for ${id} here.`);
	const known = {id: firmware.id, image: firmware.image};
	const got = await obtainImage(known, onProgress === undefined ? {} : {onProgress});
	if (!got.found) throw new Error(got.text);
	return new TextEncoder().encode(printIntelHex(got.hex.image));
}
