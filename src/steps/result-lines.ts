// What was proven, in which state the chip is, and where the files lie: the same on every screen after the work.
import {item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {chipStateText} from './chip-state.ts';
import type {Known} from './step.ts';

/** Warnings of the work shown on a screen, the latest; all of them stand in the report. */
const mostWarnings = 2;

/** What was read back after a success; what was there before only while nothing newer is to be said. */
export function provenLines(known: Known, view: View): readonly Line[] {
	const flash = known.flash;
	if (flash === undefined || !flash.result.ok) return [];
	const glyphs = glyphsFor(view);
	const {result, warnings, look} = flash;
	const {low, high, extended} = result.fuses;
	return [
		item(
			`${glyphs.done} `,
			result.writtenBytes > 0
				? `Written and verified: ${result.verifiedBytes} bytes were read back and are equal.`
				: 'The fuses were set and read back.',
			'good',
		),
		item(
			'The chip: ',
			`${chipStateText(result.chipState)} Fuses read back: ${[low, high, extended].filter(Boolean).join(' ')}.`,
		),
		...(look === undefined || known.keymap?.how === 'flashed'
			? []
			: [item(`${glyphs.bullet} `, `Before: ${printable(look)}`, 'quiet')]),
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
