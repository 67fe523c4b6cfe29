// A pasted log of any shape, made searchable: one clean line per line of the paste, numbers kept.
// Terminal sequences after ECMA-48, sections 5.3 (C1) and 5.4 (control sequences).

/** Files and stdin are read to this size, first and last halves kept. Source: issue text of the diagnosis. */
export const MAX_LOG_CHARS = 16 * 1024 * 1024;

/** A log of real lines (40 characters and more) has no more of them; others would take a gigabyte of memory. */
export const MAX_LOG_LINES = 400_000;

/** A line longer than this cannot be one of a terminal that wraps (80 to 132 columns, and mail at 72). */
const MAX_WRAP_COLUMNS = 160;
/** Nobody wraps narrower than this; short lines end because they end. */
const MIN_WRAP_COLUMNS = 40;
/** Up to this size every longish pair of lines is tried as one wrapped line; beyond, only lines of full width. */
const LENIENT_WRAP_CHARS = 200_000;

export type CleanLine = {
	/** Counts from 1 in the text given. */
	readonly number: number;
	/** No control character, no terminal sequence, quote marks and time stamps still there. */
	readonly text: string;
};

export type CleanLog = {
	readonly lines: readonly CleanLine[];
	readonly truncated: boolean;
};

// Sequences with ESC: CSI, OSC up to BEL or ST (bounded: a cut OSC must not eat the log), two-byte escapes.
const escapeSequence =
	/(?:\u001b\[|\u009b)[0-?]{0,32}[ -/]{0,4}[@-~]?|\u001b[\]PX^_][^\u0007\u001b\n\r]{0,256}(?:\u0007|\u001b\\)?|\u001b[ -/]{0,4}[0-~]?/g;
// The same colours after a forum or a mail program has eaten the ESC.
const orphanColour = /\[(?:\d{1,3};){0,4}\d{1,3}m/g;
// C0 except tab, DEL, C1, soft hyphen, zero width and bidirectional controls, line separators, specials.
const unprintable =
	/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const needsCleaning = /[^\u0020-\u007e]|\[\d|&(?:gt|lt|quot|amp|#x27|#39);/;
const beyondTab = /[^\t\u0020-\u007e]/;
const entities: Readonly<Record<string, string>> = {
	'&gt;': '>',
	'&lt;': '<',
	'&quot;': '"',
	'&amp;': '&',
	'&#x27;': "'",
	'&#39;': "'",
};

/**
 * One line without anything a terminal would obey.
 * @returns the text with escapes and controls removed, tabs and odd spaces as spaces, typographic quotes as ASCII
 */
export function cleanLine(line: string): string {
	if (!needsCleaning.test(line)) return line;
	let text = line;
	// Most lines need one of these only; a megabyte of short ones would pay for all.
	if (beyondTab.test(text)) text = text.replace(escapeSequence, '');
	if (text.includes('[')) text = text.replace(orphanColour, '');
	if (text.includes('\b')) {
		// A backspace takes back the character before it (progress spinners).
		const kept: string[] = [];
		for (const character of text) {
			if (character === '\b') kept.pop();
			else kept.push(character);
		}
		text = kept.join('');
	}
	if (text.includes('\t')) text = text.replaceAll('\t', ' ');
	if (beyondTab.test(text))
		text = text
			.replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, ' ')
			.replace(unprintable, '')
			.replace(/[\u2018\u2019\u201b\u2032]/g, "'")
			.replace(/[\u201c-\u201f\u2033]/g, '"')
			.replace(/\u2026/g, '...')
			.replace(/\u0130/g, 'I') // the only letter that grows when lower-cased; offsets must hold
			.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
	if (text.includes('&'))
		text = text.replace(/&(?:gt|lt|quot|amp|#x27|#39);/g, entity => entities[entity] ?? entity);
	return text;
}

/** A line of spaces alone says nothing, and a paste may hold very many. */
function keepLine(raw: string, number: number, lines: CleanLine[]): void {
	if (raw === '') return;
	const text = cleanLine(raw);
	if (text.trim() !== '') lines.push({number, text});
}

function splitInto(text: string, firstNumber: number, lines: CleanLine[]): number {
	let number = firstNumber;
	let start = 0;
	for (;;) {
		const lf = text.indexOf('\n', start);
		const end = lf === -1 ? text.length : lf;
		let chunk = text.slice(start, end);
		if (lf !== -1 && chunk.endsWith('\r')) chunk = chunk.slice(0, -1);
		if (chunk.includes('\r')) {
			for (const part of chunk.split('\r')) {
				keepLine(part, number, lines);
				number += 1;
			}
		} else {
			keepLine(chunk, number, lines);
			number += 1;
		}
		if (lf === -1) return number;
		start = lf + 1;
	}
}

function countLineEnds(text: string, from: number, to: number): number {
	let count = 0;
	for (let at = from; at < to; at += 1) {
		const code = text.charCodeAt(at);
		if (code === 10) count += 1;
		else if (code === 13 && text.charCodeAt(at + 1) !== 10) count += 1;
	}
	return count;
}

/** Offset just behind the `count`th line end; the length of the text when there are fewer. */
function behindLines(text: string, count: number): number {
	let left = count;
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code !== 10 && code !== 13) continue;
		if (code === 13 && text.charCodeAt(at + 1) === 10) at += 1;
		left -= 1;
		if (left === 0) return at + 1;
	}
	return text.length;
}

/**
 * Splits at LF, CRLF and lone CR and cleans every line.
 * @param text any string; beyond `maxChars` or `maxLines` only the first and last halves are kept, at line borders
 * @returns the lines that hold anything, with the numbers they have in the whole text
 */
export function normalise(
	text: string,
	maxChars: number = MAX_LOG_CHARS,
	maxLines: number = MAX_LOG_LINES,
): CleanLog {
	const lines: CleanLine[] = [];
	// Each line end is a character: counting is only worth it beyond.
	const count = text.length > maxLines ? countLineEnds(text, 0, text.length) : 0;
	if (text.length <= maxChars && count <= maxLines) {
		splitInto(text, 1, lines);
		return {lines, truncated: false};
	}
	const half = Math.floor(maxChars / 2);
	const halfLines = Math.floor(maxLines / 2);
	let headEnd = text.length > maxChars ? half : text.length;
	let tailStart = text.length > maxChars ? text.length - half : 0;
	if (count > maxLines) {
		headEnd = Math.min(headEnd, behindLines(text, halfLines));
		tailStart = Math.max(tailStart, behindLines(text, count - halfLines));
	}
	splitInto(text.slice(0, headEnd), 1, lines);
	// Not into the middle of a CRLF, or the numbers run off by one.
	if (text.charCodeAt(tailStart) === 10 && text.charCodeAt(tailStart - 1) === 13) tailStart += 1;
	splitInto(text.slice(tailStart), 1 + countLineEnds(text, 0, tailStart), lines);
	return {lines, truncated: true};
}

// What sits before a program's own words: reply marks, time stamps, log levels, Toolbox and OctoPrint marks.
const prefix =
	/^(?:\s+|[>|]\s?|\*{3}\s|\[?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,6})?\]?\s?|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,6})?Z?\s?|\[\s{0,8}\d{1,8}\.\d{6}\]\s?|(?:->|-)\s|(?:DEBUG|INFO|WARNING|ERROR)(?::\s?|\s-\s)|octoprint[\w.]{0,60} - (?:DEBUG|INFO|WARNING|ERROR) - )/;
/** As many prefixes as one line may carry; more is not a prefix. */
const MAX_PREFIXES = 6;

/** The line without reply marks, time stamps and the like in front. */
export function withoutPrefix(text: string): string {
	let rest = text;
	for (let round = 0; round < MAX_PREFIXES; round += 1) {
		const match = prefix.exec(rest.length > 200 ? rest.slice(0, 200) : rest);
		if (match === null || match[0].length === 0) break;
		rest = rest.slice(match[0].length);
	}
	return rest;
}

// The list of everything the Toolbox could flash, printed at its start: names of tools and families, no event.
// Source: qmk_toolbox windows/QMK Toolbox/MainWindow.cs.
const toolboxBanner =
	/^(?:[*>\s]*)(?:- )?(?:[\w /-]+ \([^)]*\)(?: and [\w -]+ \([^)]*\))?|STM32Duino|[\w/ ]+) via [\w .-]+ \(https?:|^[*>\s]*- (?:USBTiny|AVRISP|USBasp|LUFA Mass Storage|LUFA\/QMK HID)\b/i;

/** Whether a line only lists what a front end supports. */
export function listsOnly(text: string): boolean {
	return text.length < 200 && text.includes('- ') ? toolboxBanner.test(text) : false;
}

/** A searchable text and where its lines begin. */
export type FlatText = {
	readonly text: string;
	/** ASCII-insensitive twin of the same length. */
	readonly lower: string;
	readonly starts: readonly number[];
	/** Index into the log's lines, per line of this text. */
	readonly lineIndex: readonly number[];
	/** In joined texts: offset of the seam from the line's start; a find must lie across it. */
	readonly seams?: readonly number[];
};

function flat(parts: readonly string[], lineIndex: readonly number[], seams?: readonly number[]): FlatText {
	const starts: number[] = [];
	let offset = 0;
	for (const part of parts) {
		starts.push(offset);
		offset += part.length + 1;
	}
	const text = parts.join('\n');
	return {
		text,
		lower: text.toLowerCase(),
		starts,
		lineIndex,
		...(seams === undefined ? {} : {seams}),
	};
}

/** The log as it stands, line by line. */
export function flatten(lines: readonly CleanLine[]): FlatText {
	return flat(
		lines.map(line => line.text),
		lines.map((_, index) => index),
	);
}

// How a line begins that continues no number or word of the line above.
const freshStart = /^(?:\s|0x|avrdude|dfu-|atmel\.c|commands\.c|\*\*\*)/i;

/**
 * Pairs of neighbouring lines that may be one line, broken by a window's or a mail's width: joined with nothing
 * between them (hard wrap) and with a space (wrap at words).
 */
export function joinWrapped(lines: readonly CleanLine[]): FlatText {
	const parts: string[] = [];
	const lineIndex: number[] = [];
	const seams: number[] = [];
	let chars = 0;
	let widest = 0;
	for (const line of lines) {
		chars += line.text.length;
		if (line.text.length <= MAX_WRAP_COLUMNS && line.text.length > widest) widest = line.text.length;
	}
	const lenient = chars <= LENIENT_WRAP_CHARS;
	for (let index = 0; index + 1 < lines.length; index += 1) {
		const first = lines[index]!.text;
		if (first.length < MIN_WRAP_COLUMNS || first.length > MAX_WRAP_COLUMNS) continue;
		const second = lines[index + 1]!.text;
		if (second.length === 0 || second.length > MAX_WRAP_COLUMNS) continue;
		if (lines[index + 1]!.number !== lines[index]!.number + 1) continue;
		if (!lenient && first.length < widest) continue;
		const rest = withoutPrefix(second);
		// Cut inside a word nothing was between; cut at a space either side may have lost it.
		if (!freshStart.test(second)) {
			parts.push(first + rest);
			lineIndex.push(index);
			seams.push(first.length);
		}
		if (!first.endsWith(' ')) {
			parts.push(`${first} ${rest}`);
			lineIndex.push(index);
			seams.push(first.length);
		}
	}
	return flat(parts, lineIndex, seams);
}

/** Index of the line of a flat text that holds the offset. */
export function lineAt(flatText: FlatText, offset: number): number {
	let low = 0;
	let high = flatText.starts.length - 1;
	while (low < high) {
		const middle = (low + high + 1) >> 1;
		if ((flatText.starts[middle] ?? 0) <= offset) low = middle;
		else high = middle - 1;
	}
	return low;
}
