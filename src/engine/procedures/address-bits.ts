// Which bytes show that every address bit counts: a bit that is stuck for writing and reading alike puts an image at a
// wrong place and finds it there again.
import type {Chip} from '../chips/chip.ts';
import type {ByteRange, MemoryImage} from '../image/memory-image.ts';

export type AddressProbe = {
	/** The address bit, as a byte address. */
	readonly bit: number;
	/** A byte of the image that is not blank. */
	readonly writtenTo: number;
	readonly written: number;
	/** `writtenTo` with the bit turned over: what to read, and what it must be. */
	readonly byteAddress: number;
	readonly expected: number;
};

/**
 * One byte to read for each address bit from the page size up, on a chip that was proven blank before the image was
 * written. If the bit is stuck, `written` is read there. Bits inside the page need none: pages are compared whole. Left
 * out are bits of which `compared` tells already, and those of which nothing can: the image repeats itself, so that it
 * is the same either way.
 * @param compared what is read back anyhow; it holds every page of the image that is not blank
 */
export function addressProbes(
	image: MemoryImage,
	{flash}: Pick<Chip, 'flash'>,
	compared: readonly ByteRange[],
): readonly AddressProbe[] {
	const should = image.slice(0, flash.bytes);
	const known = new Uint8Array(flash.bytes);
	for (const {start, end} of compared) known.fill(1, start, end);
	const probes: AddressProbe[] = [];
	for (let bit = flash.pageBytes; bit < flash.bytes; bit *= 2) {
		let found: number | undefined;
		let told = false;
		for (const {start, end} of image.ranges) {
			for (let at = start; at < end && !told; at++) {
				const other = at ^ bit;
				if (other >= flash.bytes || should[at] === 0xff || should[at] === should[other]) continue;
				found ??= at;
				told = known[other] === 1;
			}
		}
		if (told || found === undefined) continue;
		const byteAddress = found ^ bit;
		probes.push({
			bit,
			writtenTo: found,
			written: should[found]!,
			byteAddress,
			expected: should[byteAddress]!,
		});
	}
	return probes;
}
