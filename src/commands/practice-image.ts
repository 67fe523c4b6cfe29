// A bootloader image for the practice bench, made up on the spot: no firmware of anybody's is shipped here. It has
// the shape of a real one (a jump at its start, code after it), so that everything treats it as such. Where the bench
// has a model of the board's bootloader it recognises the image, and the board comes back on USB with it.
import {practiceLoader} from '../bench/boot/images.ts';
import type {Board} from '../engine/boards/board.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {bootSection} from '../engine/fuses/decode.ts';
import {createImage, type MemoryImage} from '../engine/image/memory-image.ts';
import type {FuseBytes} from '../engine/target.ts';

/** How it is called on screen. */
export const practiceImageName = 'practice bootloader';

/** rjmp over the vector table: 0xc000 plus words to skip (AVR instruction set manual). */
const rjmpOpcode = 0xc000;
const vectorWords = 43;

/**
 * The made-up bootloader of `board`; without one, three quarters of the boot section that `fuses` name, or on chips
 * that have none the start of the flash.
 */
export function practiceImage(chip: Chip, fuses: FuseBytes, board?: Board): MemoryImage {
	const loader =
		board?.bootloader === undefined
			? undefined
			: practiceLoader(board.bootloader, chip, {board: board.id, clockHz: board.clock.mhz * 1e6});
	if (loader !== undefined) return createImage([loader]);
	const section = bootSection(chip, fuses);
	const byteAddress = section?.startByteAddress ?? 0;
	const bytes = Math.floor(((section?.bytes ?? chip.flash.bytes / 4) * 3) / 4);
	const data = new Uint8Array(bytes);
	for (let index = 0; index < bytes; index++) data[index] = (index * 167 + (index >> 8) * 31 + 13) & 0xff;
	const words = Math.min(vectorWords, bytes / 2 - 1);
	for (let vector = 0; vector < words; vector++) {
		const word = rjmpOpcode | ((words - vector) & 0x0fff);
		data[vector * 2] = word & 0xff;
		data[vector * 2 + 1] = word >> 8;
	}
	return createImage([{byteAddress, data}]);
}
