// Text from outside (logs, file names, USB strings) made fit for the screen, and plain text layout.

/** Most text taken from one paste; more is cut and said so. */
export const pasteLimit = 1_048_576;

// CSI, OSC/DCS/SOS/PM/APC with their terminators, two-byte escapes, and their 8-bit forms (ECMA-48).
const escapeSequences =
	/(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]|\u001b/g;
// Other control characters; marks that turn the writing direction or are not seen.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Takes every terminal escape and control character out of one line; tabs become a space. */
export function printable(text: string): string {
	return text
		.replace(escapeSequences, '')
		.replace(/[\t\n\r]+/g, ' ')
		.replace(controls, '');
}

export type CleanText = {readonly text: string; readonly cut: boolean};

/** A pasted or read log: CRLF and CR become LF, escapes go, at most `pasteLimit` characters stay. */
export function cleanPaste(raw: string): CleanText {
	const cut = raw.length > pasteLimit;
	const text = (cut ? raw.slice(0, pasteLimit) : raw)
		.replace(escapeSequences, '')
		.replace(/\r\n?/g, '\n')
		.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
	return {text, cut};
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
