// Text layout in terminal cells, and pasted text made fit for the screen.
import {type Ends, endsOf} from '../engine/diagnose/ends.ts';
import {printable, printableLines} from '../engine/printable.ts';

/** Most text taken from one paste or log; more is cut in the middle and said so. */
export const pasteLimit = 1_048_576;

export {printable};

export type CleanText = {
	readonly text: string;
	readonly cut: boolean;
	/** Where lines are missing; see `withTrueLines`. */
	readonly gap: Ends['gap'];
};

/**
 * A pasted or read log: CRLF and CR become LF, escapes go. Of more than `pasteLimit` characters the first and the last
 * half stay: a log begins with what was run and ends with what went wrong.
 */
export function cleanPaste(raw: string | Ends): CleanText {
	const {text, gap} = typeof raw === 'string' ? endsOf(raw, pasteLimit) : raw;
	return {text: printableLines(text), cut: gap !== undefined, gap};
}

/** Cells one character takes: 0 for combining marks, 2 for East Asian wide and emoji, else 1. */
function cellsOf(character: string): number {
	const code = character.codePointAt(0) ?? 0;
	if (code < 0x300) return 1;
	if (
		(code >= 0x300 && code <= 0x36f) ||
		(code >= 0xfe00 && code <= 0xfe0f) ||
		(code >= 0x20d0 && code <= 0x20ff)
	)
		return 0;
	if (
		(code >= 0x1100 && code <= 0x115f) ||
		(code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) ||
		(code >= 0xf900 && code <= 0xfaff) ||
		(code >= 0xfe30 && code <= 0xfe6f) ||
		(code >= 0xff00 && code <= 0xff60) ||
		(code >= 0xffe0 && code <= 0xffe6) ||
		(code >= 0x1f300 && code <= 0x1faff) ||
		(code >= 0x20000 && code <= 0x3fffd)
	)
		return 2;
	return 1;
}

/** Cells a text takes on the screen. */
export function textWidth(text: string): number {
	let width = 0;
	for (const character of text) width += cellsOf(character);
	return width;
}

/** The longest beginning of `text` that fits in `cells`. */
function head(text: string, cells: number): string {
	let width = 0;
	let result = '';
	for (const character of text) {
		width += cellsOf(character);
		if (width > cells) break;
		result += character;
	}
	return result;
}

/** `text` cut to `cells`, its end marked when something is missing. */
export function fit(text: string, cells: number, mark = '...'): string {
	if (textWidth(text) <= cells) return text;
	if (cells <= mark.length) return head(text, cells);
	return head(text, cells - mark.length) + mark;
}

/** `text` filled with spaces to `cells` (never cut). */
export function padTo(text: string, cells: number): string {
	return text + ' '.repeat(Math.max(0, cells - textWidth(text)));
}

/** Words into lines of at most `cells`; a word longer than that is cut where it must be. */
export function wrap(text: string, cells: number): readonly string[] {
	const lines: string[] = [];
	let line = '';
	for (let word of text.split(' ')) {
		if (line !== '' && textWidth(line) + 1 + textWidth(word) <= cells) {
			line += ` ${word}`;
			continue;
		}
		if (line !== '') lines.push(line);
		while (textWidth(word) > cells) {
			const part = head(word, cells) || word.slice(0, 1);
			lines.push(part);
			word = word.slice(part.length);
		}
		line = word;
	}
	lines.push(line);
	return lines;
}

/**
 * A plain line for a terminal of `cells`, broken between words and indented as it began. A longer word (a path, an
 * address) stays whole, so that it can be copied.
 */
export function foldLine(text: string, cells: number): readonly string[] {
	const indent = /^ */.exec(text)?.[0] ?? '';
	const lines: string[] = [];
	let line = '';
	for (const word of text.slice(indent.length).split(' ')) {
		if (line !== '' && textWidth(indent) + textWidth(line) + 1 + textWidth(word) > cells) {
			lines.push(indent + line);
			line = word;
		} else line = line === '' ? word : `${line} ${word}`;
	}
	return [...lines, indent + line];
}
