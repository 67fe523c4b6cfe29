// Progress as lines: phases done and ahead, a bar, bytes, rate and time left.
import {item, type Line, row} from './lines.ts';
import {padTo, textWidth} from './text.ts';
import {glyphsFor} from './theme.ts';
import type {View} from './view.ts';

export type PhaseState = 'done' | 'now' | 'ahead' | 'failed';

export type PhaseRow = {readonly label: string; readonly state: PhaseState; readonly note?: string};

const stateWords: Readonly<Record<PhaseState, string>> = {
	done: 'done',
	now: 'now',
	ahead: 'to come',
	failed: 'failed',
};

export function phaseLines(phases: readonly PhaseRow[], view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const cells = Math.max(...[glyphs.done, glyphs.now, glyphs.ahead, glyphs.failed].map(textWidth));
	return phases.map(({label, state, note}) => {
		const more = note === undefined ? '' : `  ${note}`;
		if (view.screenReader) return item('', `${label}: ${stateWords[state]}${more}`);
		const glyph = {done: glyphs.done, now: glyphs.now, ahead: glyphs.ahead, failed: glyphs.failed}[state];
		const tone =
			state === 'now' ? 'accent' : state === 'failed' ? 'bad' : state === 'done' ? 'good' : 'quiet';
		// In a word as well: a sign alone is read in more than one way.
		const word = state === 'failed' ? `  ${stateWords.failed}` : '';
		return row(`  ${padTo(glyph, cells)} ${label}${word}${more}`, tone);
	});
}

/** `2.1 KB/s`, `640 B/s`. */
export function rateText(bytesPerSecond: number): string {
	return bytesPerSecond >= 1024
		? `${(bytesPerSecond / 1024).toFixed(1)} KB/s`
		: `${Math.round(bytesPerSecond)} B/s`;
}

/** `about 40 seconds`, `about 2 minutes`; never a false precision. */
export function timeText(seconds: number): string {
	if (seconds < 5) return 'a few seconds';
	if (seconds < 90) return `about ${Math.ceil(seconds / 5) * 5} seconds`;
	return `about ${Math.ceil(seconds / 60)} minutes`;
}

const barCells = 40;

/** The bar, and under it what it stands for. */
export function barLines(
	label: string,
	done: number,
	total: number,
	bytesPerSecond: number | undefined,
	view: View,
): readonly Line[] {
	const share = total === 0 ? 1 : Math.min(1, done / total);
	const percent = Math.floor(share * 100);
	const left =
		bytesPerSecond === undefined || bytesPerSecond <= 0 || done >= total
			? ''
			: `, ${rateText(bytesPerSecond)}, ${timeText((total - done) / bytesPerSecond)} left`;
	const words = `${done} of ${total} bytes${left}`;
	// Every tenth only, so that a screen reader is not flooded.
	if (view.screenReader) return [row(`${label}: ${Math.floor(percent / 10) * 10} percent`)];
	const glyphs = glyphsFor(view);
	const cells = Math.min(barCells, Math.max(10, view.columns - 12));
	const full = Math.round(share * cells);
	return [
		row(
			`  ${glyphs.full.repeat(full)}${glyphs.empty.repeat(cells - full)} ${String(percent).padStart(3)} %`,
			'accent',
		),
		row(`  ${words}`),
	];
}
