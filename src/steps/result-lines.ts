// What was proven, in which state the chip is, and where the files lie: the same on every screen after the work.
import type {FlashLook} from '../engine/image/inspect.ts';
import {item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {chipStateText} from './chip-state.ts';
import type {Known} from './step.ts';

/** Warnings of the work shown on a screen, the latest; all of them stand in the report. */
const mostWarnings = 2;

/** How the bootloader was, said when it is no longer so; the report has the whole sentence of that time. */
const beforeWords: Readonly<Record<FlashLook['verdict'], string | undefined>> = {
	none: 'Before this, the bootloader was missing.',
	damaged: 'Before this, the bootloader was damaged.',
	whole: 'Before this, the bootloader was whole, too.',
	'unknown-build': undefined,
	unknown: undefined,
};

/** `, of which the image has 4086`: what is written and read back are whole pages. Nothing where it is the same. */
export function wholePages({image}: Known, verifiedBytes: number): string {
	const own = image?.image?.byteCount;
	return own === undefined || own === verifiedBytes ? '' : ` (whole pages; the image itself has ${own})`;
}

/** What was read back after a success; what was there before only while nothing newer is to be said. */
export function provenLines(known: Known, view: View): readonly Line[] {
	const flash = known.flash;
	if (flash === undefined || !flash.result.ok) return [];
	const glyphs = glyphsFor(view);
	const {result, warnings, before} = flash;
	const was = before === undefined ? undefined : beforeWords[before];
	const {low, high, extended} = result.fuses;
	return [
		item(
			`${glyphs.done} `,
			result.writtenBytes > 0
				? `Written and verified: ${result.verifiedBytes} bytes were read back and are equal${wholePages(known, result.verifiedBytes)}.`
				: 'The fuses were set and read back.',
			'good',
		),
		item(
			'The chip: ',
			`${chipStateText(result.chipState)} Fuses read back: ${[low, high, extended].filter(Boolean).join(' ')}.`,
		),
		...(was === undefined || known.keymap?.how === 'flashed' || known.image?.restore !== undefined
			? []
			: [item(`${glyphs.bullet} `, was, 'quiet')]),
		...warnings.slice(-mostWarnings).map(text => item(`${glyphs.warn} `, text, 'warn')),
	];
}

/** Where the backup lies; nothing when there is none. */
export function backupLines(known: Known): readonly Line[] {
	const backup = known.flash?.result.backup ?? undefined;
	return backup === undefined ? [] : [item('Backup: ', printable(backup), 'quiet')];
}

/** Where the report lies. */
export function reportLines(known: Known, practice: boolean): readonly Line[] {
	const report = known.flash?.report;
	if (report === undefined) return [];
	return [
		item('Report: ', printable(report), 'quiet'),
		...(practice ? [say('(On the practice bench these files are kept in memory only.)', 'quiet')] : []),
	];
}
