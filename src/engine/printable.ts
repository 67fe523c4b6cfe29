// Text from outside (logs, file names, USB strings, other programs' output) made fit for a terminal. The one place
// that knows what a terminal would obey. Source: ECMA-48, 5.3 (C1) and 5.4 (control sequences); Unicode UAX #9.

/** A title or clipboard text longer than this is no control string but a torn one: its text stays to be read. */
const longestControlString = 1024;

// CSI; OSC, DCS, SOS, PM and APC up to their terminator, all also in their 8-bit forms; two-byte escapes.
const escapeSequences = new RegExp(
	[
		'(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]',
		`(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\r\\n]{0,${longestControlString}}(?:\\u0007|\\u001b\\\\|\\u009c)`,
		'\\u001b[ -/]*[0-~]?',
	].join('|'),
	'g',
);
// Other control characters; marks that turn the writing direction or are not seen.
const controls =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** One line: every terminal escape and control character goes, line ends and tabs become a space. */
export function printable(text: string): string {
	return text
		.replace(escapeSequences, '')
		.replace(/[\t\n\r]+/g, ' ')
		.replace(controls, '');
}

/** Several lines: CRLF and CR become LF, tabs stay, everything else as in `printable`. */
export function printableLines(text: string): string {
	return text.replace(escapeSequences, '').replace(/\r\n?/g, '\n').replace(controls, '');
}

// What JSON leaves as it is and a terminal or an editor would obey.
const unescaped = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** JSON on one line that holds no character a terminal would obey: the same value, with more of it escaped. */
export function printableJson(value: unknown): string {
	return JSON.stringify(value).replace(
		unescaped,
		character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}
