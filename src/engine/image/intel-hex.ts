// Intel HEX, read strictly and printed plainly. The record format is Intel's "Hexadecimal Object File Format
// Specification", revision A (1988); what real files look like beside it is judged in the tables below.
import {hexAddress, hexByte} from '../bytes.ts';
import {UnbrickError} from '../errors.ts';
import {looksLikeVector} from './avr-code.ts';
import {createImage, type MemoryImage} from './memory-image.ts';

/** Something worth a sentence that did not stop the reading. Lines count from 1. */
export type HexNote = {
	readonly code:
		| 'utf16'
		| 'leading-blanks'
		| 'blank-lines'
		| 'comments'
		| 'text-before'
		| 'text-after'
		| 'missing-end'
		| 'joined'
		| 'duplicates'
		| 'contradiction'
		| 'crosses-64k'
		| 'base-address'
		| 'section';
	/** `warning`: a person should know before writing it. `error`: only in a reading that is for looking. */
	readonly severity: 'note' | 'warning' | 'error';
	readonly text: string;
	readonly line?: number;
};

/** What stands between two end records: files that were joined with `cat` have several. */
export type HexPart = {readonly image: MemoryImage; readonly firstLine: number; readonly lastLine: number};

/** ELF address spaces that badly made files carry along; never flash. */
export type HexSectionName = 'ram' | 'eeprom' | 'fuses' | 'lock' | 'signature' | 'user-signature';

export type HexSection = {
	readonly name: HexSectionName;
	/** Addresses count from the start of the section. */
	readonly image: MemoryImage;
};

export type ParsedHex = {
	/** Everything for the flash, all parts together. Never empty. */
	readonly image: MemoryImage;
	readonly parts: readonly HexPart[];
	/** Data at the ELF addresses of other memories, kept out of `image`. */
	readonly sections: readonly HexSection[];
	/** False when the last end record is missing: a cut download, or a tool that leaves it out. */
	readonly complete: boolean;
	readonly notes: readonly HexNote[];
};

// avr-libc's linker scripts and avr/io.h: where ELF files keep what is not flash. User signature after AVR XMEGA.
const sectionBase = 0x80_0000;
const sectionBytes = 0x1_0000;
const sectionNames: readonly HexSectionName[] = [
	'ram',
	'eeprom',
	'fuses',
	'lock',
	'signature',
	'user-signature',
];
const bankBytes = 0x1_0000;
const addressSpaceBytes = 0x1_0000_0000;
/** Length of a printed data record: what objcopy writes and every reader takes. */
const printedRecordBytes = 16;

export type HexOptions = {
	/**
	 * Two different bytes at one address: `refuse` throws. `note` lets the later one stand, as most tools do, and
	 * says so as an error; for looking at a file, never for writing it.
	 */
	readonly contradictions?: 'refuse' | 'note';
};

/**
 * Reads an Intel HEX file whole, also past an end record.
 * @param bytes the file as it is on disk: ASCII, with or without BOM, or UTF-16
 * @param file its name, for messages
 * @throws UnbrickError BadHex with the line and the reason: broken records, contradicting bytes, a cut file,
 * foreign formats by their first bytes, files without data for the flash
 */
export function parseIntelHex(bytes: Uint8Array, file: string, options: HexOptions = {}): ParsedHex {
	const fail = (reason: string, line?: number): never => {
		throw new UnbrickError({kind: 'BadHex', file, reason, ...(line === undefined ? {} : {line})});
	};
	if (bytes.length === 0) fail('the file is empty');
	const {text: whole, utf16} = decodeText(bytes);
	const foreign = foreignFormat(bytes, whole);
	if (foreign !== undefined) fail(foreign);

	const notes: HexNote[] = [];
	if (utf16)
		notes.push({code: 'utf16', severity: 'note', text: 'The file was saved as UTF-16; it is read as text.'});
	const seen = new Map<HexNote['code'], {count: number; line: number}>();
	const count = (code: HexNote['code'], line: number) => {
		const entry = seen.get(code);
		if (entry === undefined) seen.set(code, {count: 1, line});
		else entry.count++;
	};

	// Padding of old systems (NUL, Ctrl-Z) may follow the last line.
	let length = whole.length;
	while (length > 0 && ' \t\r\n\0\x1a'.includes(whole[length - 1]!)) length--;
	const lines = whole.slice(0, length).split(/\r\n|\n|\r/);

	const keepLast = options.contradictions === 'note';
	const memory = createPresence(keepLast);
	const parts: Part[] = [];
	const sectionMemory = new Map<HexSectionName, Presence>();
	let base = 0;
	let ended = false;
	let records = 0;
	let strayText: number | undefined;
	let part: Part | undefined;

	for (const [index, raw] of lines.entries()) {
		const line = index + 1;
		const text = raw.trim();
		if (text === '') {
			count('blank-lines', line);
			continue;
		}
		if (text.startsWith('#') || text.startsWith(';') || text.startsWith('//')) {
			count('comments', line);
			continue;
		}
		if (!text.startsWith(':')) {
			if (records === 0) count('text-before', line);
			else if (ended) strayText ??= line;
			else fail(`text that is no record (${quote(text)})`, line);
			continue;
		}
		if (strayText !== undefined) fail('text that is no record stands between records', strayText);
		const column = raw.indexOf(':') + 1;
		if (column > 1) count('leading-blanks', line);

		const record = decodeRecord(text, column, line === lines.length);
		if (typeof record === 'string') {
			fail(record, line);
			continue;
		}
		if (record.comment) count('comments', line);
		records++;
		if (ended) {
			// Another file was joined on: its addresses start afresh.
			ended = false;
			base = 0;
			part = undefined;
		}
		if (part === undefined) {
			part = {memory: createPresence(true), firstLine: line, lastLine: line};
			parts.push(part);
		}
		part.lastLine = line;
		const {type, offset, data} = record;
		const wants = (bytesWanted: number) => {
			if (data.length !== bytesWanted)
				fail(`a record of type ${hexByte(type)} carries ${bytesWanted} bytes, this one ${data.length}`, line);
		};
		switch (type) {
			case 0x00: {
				if (data.length === 0) break;
				const byteAddress = base + offset;
				if (offset + data.length > bankBytes) {
					count('crosses-64k', line);
					if (byteAddress + data.length > addressSpaceBytes)
						fail('the record runs past the last address', line);
				}
				const section = sectionOf(byteAddress);
				const its =
					section === undefined ? memory : (sectionMemory.get(section.name) ?? createPresence(keepLast));
				const clash = its.put(section?.offset ?? byteAddress, data, line);
				if (clash !== undefined) {
					const text = `at ${hexAddress(clash.byteAddress)} it says ${hexByte(clash.now)}, line ${clash.line} says ${hexByte(clash.before)}`;
					if (!keepLast) fail(text, line);
					notes.push({
						code: 'contradiction',
						severity: 'error',
						line,
						text: `Line ${line} contradicts an earlier one: ${text}. It is not written so.`,
					});
				}
				if (section === undefined) part.memory.put(byteAddress, data, line);
				else sectionMemory.set(section.name, its);
				break;
			}
			case 0x01:
				wants(0);
				ended = true;
				break;
			case 0x02:
				wants(2);
				if (offset !== 0) count('base-address', line);
				base = ((data[0]! << 8) | data[1]!) * 16;
				break;
			case 0x04:
				wants(2);
				if (offset !== 0) count('base-address', line);
				base = ((data[0]! << 8) | data[1]!) * bankBytes;
				break;
			// Where a PC program would start; nothing on an AVR.
			case 0x03:
			case 0x05:
				wants(4);
				break;
			default:
				fail(`record type ${hexByte(type)} is not known`, line);
		}
	}

	if (records === 0)
		fail(
			bytes.some(byte => byte === 0 || byte > 0x7e)
				? 'this is no HEX file: it looks like a raw binary (.bin), which does not say where it belongs'
				: 'this is no HEX file: no line is a record',
		);
	const sections = [...sectionMemory].map(([name, its]) => ({name, image: its.image()}));
	const image = memory.image();
	if (image.byteCount === 0) {
		fail(
			sections.length === 0
				? 'there is no data in it'
				: `it holds ${sections.map(section => sectionWords[section.name]).join(' and ')} only, nothing for the flash`,
		);
	}
	if (!ended) {
		const vectorThere = looksLikeVector(image, image.start);
		if (!vectorThere)
			fail('the end record is missing and no program starts in it: the file is cut off', lines.length);
		notes.push({
			code: 'missing-end',
			severity: 'warning',
			line: lines.length,
			text: 'The end record is missing. Was the download cut off?',
		});
	}
	if (memory.duplicates() > 0)
		notes.push({
			code: 'duplicates',
			severity: 'note',
			text: `${memory.duplicates()} bytes stand in it twice, with the same value.`,
		});
	if (strayText !== undefined) count('text-after', strayText);
	// A second end record alone makes no part.
	const made = parts
		.map(({memory: its, firstLine, lastLine}) => ({image: its.image(), firstLine, lastLine}))
		.filter(each => each.image.byteCount > 0);
	if (made.length > 1)
		notes.push({
			code: 'joined',
			severity: 'warning',
			line: made[1]!.firstLine,
			text: `The file holds ${made.length} images joined together (${made.map(each => `${hexAddress(each.image.start)} to ${hexAddress(each.image.end - 1)}`).join('; ')}). Tools that stop at the first end record write only the first.`,
		});
	for (const section of sections)
		notes.push({
			code: 'section',
			severity: 'warning',
			text: `It carries ${sectionWords[section.name]} (${section.image.byteCount} bytes) at an ELF address; that is left out.`,
		});
	for (const [code, {count: times, line}] of seen) notes.push(countedNote(code, times, line));
	return {image, parts: made, sections, complete: ended, notes};
}

/**
 * Prints an image: data records of at most 16 bytes that end at multiples of 16, upper case, LF, a type 04
 * record before each 64 KB bank but the first, the end record, a final newline. No start address record
 * (an old dfu-programmer takes it for a base) and no comments (two loaders refuse them).
 * @throws RangeError when the image reaches beyond 32-bit addresses
 */
export function printIntelHex(image: MemoryImage): string {
	if (image.end > addressSpaceBytes) throw new RangeError('addresses have 32 bits');
	const lines: string[] = [];
	let bank = 0;
	for (const range of image.ranges) {
		let address = range.start;
		while (address < range.end) {
			const its = Math.floor(address / bankBytes);
			if (its !== bank) {
				lines.push(printRecord(0, 0x04, [its >> 8, its & 0xff]));
				bank = its;
			}
			const length = Math.min(printedRecordBytes - (address % printedRecordBytes), range.end - address);
			lines.push(printRecord(address % bankBytes, 0x00, image.slice(address, length)));
			address += length;
		}
	}
	lines.push(printRecord(0, 0x01, []));
	return `${lines.join('\n')}\n`;
}

type Chunk = {readonly byteAddress: number; readonly data: Uint8Array};
type Clash = {
	readonly byteAddress: number;
	readonly before: number;
	readonly now: number;
	readonly line: number;
};

const sectionWords: Readonly<Record<HexSectionName, string>> = {
	ram: 'RAM data',
	eeprom: 'EEPROM data',
	fuses: 'fuse bytes',
	lock: 'lock bits',
	signature: 'a signature',
	'user-signature': 'user signature data',
};

function sectionOf(byteAddress: number): {name: HexSectionName; offset: number} | undefined {
	const name = sectionNames[Math.floor((byteAddress - sectionBase) / sectionBytes)];
	return byteAddress < sectionBase || name === undefined
		? undefined
		: {name, offset: (byteAddress - sectionBase) % sectionBytes};
}

function countedNote(code: HexNote['code'], times: number, line: number): HexNote {
	const lines = times === 1 ? 'One line' : `${times} lines`;
	const text: Partial<Record<HexNote['code'], string>> = {
		'leading-blanks': `${lines} had blanks before the record.`,
		'blank-lines': `${lines} ${times === 1 ? 'is' : 'are'} blank.`,
		comments: `${lines} held a comment.`,
		'text-before': `${lines} of other text before the first record ${times === 1 ? 'was' : 'were'} left out.`,
		'text-after': 'Text after the end record was left out.',
		'crosses-64k': `${lines} ran over a 64 KB border; the addresses were taken to run on.`,
		'base-address': `${lines} set a base with an address field that is not 0; some tools refuse that.`,
	};
	const severity = code === 'crosses-64k' ? 'warning' : 'note';
	return {code, severity, text: text[code] ?? code, line};
}

type Presence = ReturnType<typeof createPresence>;
type Part = {readonly memory: Presence; readonly firstLine: number; lastLine: number};

/**
 * Bytes by address with the line that brought them. Cells keep sparse files small.
 * @param keepLast a contradicting record is taken whole; otherwise nothing of it from the contradiction on
 */
function createPresence(keepLast: boolean) {
	const cellBytes = 64;
	const cells = new Map<number, {readonly data: Uint8Array; readonly line: Uint32Array}>();
	let duplicates = 0;
	return {
		/** The first contradiction, or undefined when there is none. */
		put(byteAddress: number, data: Uint8Array, line: number): Clash | undefined {
			let clash: Clash | undefined;
			for (let index = 0; index < data.length; index++) {
				const address = byteAddress + index;
				const key = Math.floor(address / cellBytes);
				let cell = cells.get(key);
				if (cell === undefined) {
					cell = {data: new Uint8Array(cellBytes), line: new Uint32Array(cellBytes)};
					cells.set(key, cell);
				}
				const at = address % cellBytes;
				const earlier = cell.line[at]!;
				if (earlier !== 0) {
					const before = cell.data[at]!;
					const now = data[index]!;
					if (before === now) duplicates++;
					else {
						clash ??= {byteAddress: address, before, now, line: earlier};
						if (!keepLast) return clash;
					}
				}
				cell.data[at] = data[index]!;
				cell.line[at] = line;
			}
			return clash;
		},
		duplicates: () => duplicates,
		image(): MemoryImage {
			const chunks: Chunk[] = [];
			for (const [key, cell] of cells) {
				let from = 0;
				while (from < cellBytes) {
					while (from < cellBytes && cell.line[from] === 0) from++;
					let to = from;
					while (to < cellBytes && cell.line[to] !== 0) to++;
					if (to > from) chunks.push({byteAddress: key * cellBytes + from, data: cell.data.slice(from, to)});
					from = to;
				}
			}
			return createImage(chunks);
		},
	};
}

type HexRecord = {type: number; offset: number; data: Uint8Array; comment: boolean};

/** A record out of one trimmed line that starts with a colon, or the reason why it is none. */
function decodeRecord(text: string, column: number, lastLine: boolean): HexRecord | string {
	const bytes: number[] = [];
	let at = 1;
	let high = -1;
	for (; at < text.length; at++) {
		const digit = hexDigit(text.charCodeAt(at));
		if (digit < 0) break;
		if (high < 0) high = digit;
		else {
			bytes.push(high * 16 + digit);
			high = -1;
		}
	}
	const rest = text.slice(at);
	const comment = rest !== '' && (rest[0] === ' ' || rest[0] === '\t');
	if (rest !== '' && !comment) return `column ${column + at}: ${quote(rest[0]!)} is no hex digit`;
	const digits = at - 1;
	const wanted = bytes.length === 0 ? undefined : 10 + 2 * bytes[0]!;
	if (wanted === undefined || digits < wanted) {
		if (lastLine && !comment)
			return `the file is cut off here (${wanted === undefined ? 'a record has' : `${wanted + 1} characters announced,`} ${digits + 1} there)`;
		if (digits % 2 === 1) return `an odd number of hex digits (${digits})`;
		return `the record is too short (${digits} hex digits${wanted === undefined ? '' : ` of ${wanted}`})`;
	}
	if (digits > wanted) {
		if (digits % 2 === 1) return `an odd number of hex digits (${digits})`;
		return `the record is longer than it says (${digits} hex digits, not ${wanted})`;
	}
	const checksum = bytes.pop()!;
	const right = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
	if (checksum !== right) return `the checksum is ${hexByte(checksum)} and should be ${hexByte(right)}`;
	return {
		type: bytes[3]!,
		offset: (bytes[1]! << 8) | bytes[2]!,
		data: Uint8Array.from(bytes.slice(4)),
		comment,
	};
}

function hexDigit(code: number): number {
	if (code >= 0x30 && code <= 0x39) return code - 0x30;
	const lower = code | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function printRecord(offset: number, type: number, data: ArrayLike<number>): string {
	const bytes = [data.length, offset >> 8, offset & 0xff, type, ...Array.from(data)];
	bytes.push(-bytes.reduce((sum, byte) => sum + byte, 0) & 0xff);
	return `:${bytes.map(byte => byte.toString(16).toUpperCase().padStart(2, '0')).join('')}`;
}

/** Latin-1 or UTF-16 to text, BOM taken off. Records are ASCII; other characters only show up in messages. */
function decodeText(bytes: Uint8Array): {text: string; utf16: boolean} {
	const [a, b, c, d] = bytes;
	if (a === 0xff && b === 0xfe) return {text: fromUnits(bytes, 2, 2, 0), utf16: true};
	if (a === 0xfe && b === 0xff) return {text: fromUnits(bytes, 2, 2, 1), utf16: true};
	if (a === 0x3a && b === 0 && c !== 0 && d === 0) return {text: fromUnits(bytes, 0, 2, 0), utf16: true};
	if (a === 0 && b === 0x3a && c === 0) return {text: fromUnits(bytes, 0, 2, 1), utf16: true};
	const start = a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
	return {text: fromUnits(bytes, start, 1, 0), utf16: false};
}

/** `step` bytes a character; for two, `highFirst` 1 is big-endian. */
function fromUnits(bytes: Uint8Array, start: number, step: 1 | 2, highFirst: 0 | 1): string {
	// Calls of String.fromCharCode with too many arguments overflow the stack.
	const atOnce = 8192;
	const pieces: string[] = [];
	for (let from = start; from < bytes.length; from += atOnce * step) {
		const codes: number[] = [];
		for (let at = from; at < Math.min(bytes.length, from + atOnce * step); at += step) {
			const first = bytes[at]!;
			const second = bytes[at + 1] ?? 0;
			codes.push(step === 1 ? first : highFirst === 1 ? (first << 8) | second : (second << 8) | first);
		}
		pieces.push(String.fromCharCode(...codes));
	}
	return pieces.join('');
}

/** What the file is instead, by its first bytes; undefined when nothing is recognised. */
function foreignFormat(bytes: Uint8Array, text: string): string | undefined {
	const starts = (...magic: number[]) => magic.every((byte, index) => bytes[index] === byte);
	if (starts(0x7f, 0x45, 0x4c, 0x46))
		return 'this is an ELF file, not a HEX file; the build writes a .hex beside it';
	if (starts(0x55, 0x46, 0x32, 0x0a))
		return 'this is a UF2 file: it is for another kind of controller (RP2040 and the like), or must be built as .hex';
	if (starts(0x50, 0x4b, 0x03, 0x04) || starts(0x50, 0x4b, 0x05, 0x06))
		return 'this is a zip archive; unpack it and give the .hex inside';
	if (starts(0x1f, 0x8b)) return 'this is a gzip archive; unpack it and give the .hex inside';
	const head = text.slice(0, 200).trimStart();
	if (/^<(!doctype|html|\?xml|head|!--)/i.test(head))
		return 'this is a web page, not a HEX file: the page about the file was saved instead of the file (look for "raw" or "download")';
	if (/^[{[]/.test(head))
		return 'this is JSON (a keymap or settings), not a HEX file; a keymap must be compiled first';
	if (/^S[0-9][0-9A-F]{4}/i.test(head)) return 'this is a Motorola S-record file, not Intel HEX';
	if (/^version https:\/\/git-lfs/.test(head))
		return 'this is a pointer of Git LFS, not the file itself; fetch it with git lfs pull';
	if (/^(404|403|401)\b/.test(head))
		return `this is what a server said (${quote(head.split(/[\r\n]/)[0]!)}), not a HEX file`;
	return undefined;
}

function quote(text: string): string {
	const printable = text.replace(/[^\x20-\x7e]/g, '?');
	return `"${printable.length > 24 ? `${printable.slice(0, 24)}…` : printable}"`;
}
