// The chip's program memory as one bar: application, free, bootloader, and what will be written.
import {hexAddress} from '../engine/bytes.ts';
import type {Chip} from '../engine/chips/chip.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {type Line, row, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';

const barCells = 48;

export function memoryMapLines(
	chip: Chip,
	image: MemoryImage,
	bootStart: number | undefined,
	view: View,
): readonly Line[] {
	const {bytes} = chip.flash;
	const ranges = image.ranges.map(range => `${hexAddress(range.start)} to ${hexAddress(range.end - 1)}`);
	const listed = ranges.length > 3 ? [...ranges.slice(0, 3), `${ranges.length - 3} more`] : ranges;
	const words = say(
		`Written: ${listed.join(', ')}. The rest becomes blank.${bootStart === undefined ? '' : ` The bootloader starts at ${hexAddress(bootStart)}.`}`,
		'quiet',
	);
	if (view.screenReader) return [words];
	const glyphs = glyphsFor(view);
	let bar = '';
	for (let cell = 0; cell < barCells; cell++) {
		const start = Math.floor((cell * bytes) / barCells);
		const end = Math.floor(((cell + 1) * bytes) / barCells);
		bar += image.touches({start, end}) ? glyphs.full : glyphs.empty;
	}
	const boot = bootStart === undefined ? undefined : Math.floor((bootStart * barCells) / bytes);
	const mark =
		boot === undefined
			? []
			: [row(`         ${' '.repeat(boot)}${view.unicode ? '└' : '\\'} bootloader`, 'quiet')];
	return [row(`  0x0000 ${bar} ${hexAddress(bytes - 1)}`, 'accent'), ...mark, words];
}
