// The chip's program memory as one bar: application, free, bootloader, and what will be written.
import {hexAddress} from '../engine/bytes.ts';
import type {Chip} from '../engine/chips/chip.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {type Line, row, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import {textColumns, type View} from '../ui/view.ts';

/** Cells of the bar on a usual terminal, and what stands beside it. */
const mostCells = 48;
const besideCells = 18;
/** `  0x0000 ` in front of it. */
const besideBar = 9;

function kilobytes(bytes: number): string {
	return bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} bytes`;
}

/**
 * The memory as it will be. What it says in words is the same without the picture.
 * @param bootStart byte address where the boot section begins, where there is one
 */
export function memoryMapLines(
	chip: Chip,
	image: MemoryImage,
	bootStart: number | undefined,
	view: View,
): readonly Line[] {
	const {bytes} = chip.flash;
	const parts =
		bootStart === undefined
			? [{name: 'Program memory', start: 0, end: bytes}]
			: [
					{name: 'Application', start: 0, end: bootStart},
					{name: 'Boot section', start: bootStart, end: bytes},
				];
	const words = parts.map(({name, start, end}) => {
		let written = 0;
		for (const range of image.ranges) {
			written += Math.max(0, Math.min(range.end, end) - Math.max(range.start, start));
		}
		const what =
			written === 0
				? 'nothing is written, it becomes blank'
				: `${written} bytes are written, ${end - start - written} stay blank`;
		return say(
			`${name}, ${hexAddress(start)} to ${hexAddress(end - 1)} (${kilobytes(end - start)}): ${what}.`,
			'quiet',
		);
	});
	if (view.screenReader) return words;
	const glyphs = glyphsFor(view);
	const cells = Math.max(16, Math.min(mostCells, view.columns - besideCells));
	let bar = '';
	for (let cell = 0; cell < cells; cell++) {
		const start = Math.floor((cell * bytes) / cells);
		const end = Math.floor(((cell + 1) * bytes) / cells);
		bar += image.touches({start, end}) ? glyphs.full : glyphs.empty;
	}
	const corner = view.unicode ? '└' : '\\';
	const boot = bootStart === undefined ? cells : Math.floor((bootStart * cells) / bytes);
	// Where there is no room for the whole name, a shorter one.
	const room = textColumns(view) - besideBar - boot;
	const name = [`${corner} boot section`, `${corner} boot`, corner].find(text => text.length <= room) ?? '';
	const first = `${corner} application`.padEnd(boot).slice(0, boot);
	const marks = bootStart === undefined ? [] : [row(`${' '.repeat(besideBar)}${first}${name}`, 'quiet')];
	return [
		row(`  0x0000 ${bar} ${hexAddress(bytes - 1)}`, 'accent'),
		...marks,
		row(`  ${glyphs.full} written   ${glyphs.empty} blank afterwards`, 'quiet'),
		...words,
	];
}
