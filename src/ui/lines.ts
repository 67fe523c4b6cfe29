// Screens are lists of lines before they are drawn: so their height is known, and tests can read them.
import {fit, printable, textWidth, wrap} from './text.ts';

/** What a line is about. Colour is chosen by the theme; a word or glyph always says the same. */
export type Tone = 'plain' | 'quiet' | 'strong' | 'good' | 'warn' | 'bad' | 'accent';

export type Line = {
	readonly text: string;
	readonly tone?: Tone;
	/** Stands before the first row only; the following rows are indented by its width. */
	readonly lead?: string;
	/** Cut instead of wrapped: tables and drawings. */
	readonly table?: boolean;
	/** The same text in coloured pieces; `text` is what it says without colour. */
	readonly spans?: readonly ColouredSpan[];
};

/** A piece of a row, in the colour of the wire it speaks of. */
export type ColouredSpan = {readonly text: string; readonly color?: string};

/** One row of the screen. */
export type Row = {
	readonly text: string;
	readonly tone: Tone;
	readonly spans?: readonly ColouredSpan[];
};

/** A sentence. */
export function say(text: string, tone: Tone = 'plain'): Line {
	return {text, tone};
}

/** A bullet, a number or a word in front of a sentence. */
export function item(lead: string, text: string, tone: Tone = 'plain'): Line {
	return {text, tone, lead};
}

/** A row of a table or drawing: never wrapped. */
export function row(text: string, tone: Tone = 'plain'): Line {
	return {text, tone, table: true};
}

export const gap: Line = {text: ''};

/** Lines to rows of at most `cells`. Every text is made printable here, so nothing raw reaches the terminal. */
export function layOut(lines: readonly Line[], cells: number): readonly Row[] {
	const rows: Row[] = [];
	for (const line of lines) {
		const tone = line.tone ?? 'plain';
		const lead = printable(line.lead ?? '');
		const text = printable(line.text);
		if (line.table) {
			const whole = fit(lead + text, cells);
			const spans = whole === text ? line.spans : undefined;
			rows.push({text: whole, tone, ...(spans === undefined ? {} : {spans})});
			continue;
		}
		const indent = ' '.repeat(textWidth(lead));
		for (const [index, part] of wrap(text, Math.max(10, cells - indent.length)).entries()) {
			rows.push({text: `${index === 0 ? lead : indent}${part}`.trimEnd(), tone});
		}
	}
	return rows;
}
