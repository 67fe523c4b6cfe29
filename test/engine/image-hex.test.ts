// Intel HEX: reading what is right, naming what is wrong. Record format: Intel's specification, revision A.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {isKind} from '../../src/engine/errors.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';

const ascii = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0));
const parse = (text: string) => parseIntelHex(ascii(text), 'board.hex');

function record(offset: number, type: number, ...data: number[]): string {
	const bytes = [data.length, offset >> 8, offset & 0xff, type, ...data];
	bytes.push(-bytes.reduce((sum, byte) => sum + byte, 0) & 0xff);
	return `:${bytes.map(byte => byte.toString(16).toUpperCase().padStart(2, '0')).join('')}`;
}

const end = ':00000001FF';
const jump = record(0, 0, 0x0c, 0x94, 0x02, 0x00, 0xff, 0xcf);

function content(image: MemoryImage) {
	return image.ranges.map(range => [range.start, [...image.slice(range.start, range.end - range.start)]]);
}

function refusal(text: string | Uint8Array): {line: number | undefined; reason: string} {
	try {
		parseIntelHex(typeof text === 'string' ? ascii(text) : text, 'board.hex');
	} catch (error) {
		if (isKind(error, 'BadHex')) {
			assert.equal(error.facts.file, 'board.hex');
			return {line: error.facts.line, reason: error.facts.reason};
		}
		throw error;
	}
	assert.fail(`taken without complaint: ${text}`);
}

test('a plain file: bytes, ranges, one part, no notes', () => {
	const parsed = parse(`${jump}\n${record(0x100, 0, 1, 2, 3)}\n${end}\n`);
	assert.deepEqual(content(parsed.image), [
		[0, [0x0c, 0x94, 0x02, 0x00, 0xff, 0xcf]],
		[0x100, [1, 2, 3]],
	]);
	assert.equal(parsed.image.byteCount, 9);
	assert.equal(parsed.parts.length, 1);
	assert.equal(parsed.complete, true);
	assert.deepEqual(parsed.notes, []);
});

test('line ends, case, blanks and padding do not change what is read', () => {
	const lines = [jump, record(0x10, 0, 0xab, 0xcd), end];
	const expected = content(parse(`${lines.join('\n')}\n`).image);
	const same: readonly (readonly [string, string, readonly string[]])[] = [
		['CRLF', `${lines.join('\r\n')}\r\n`, []],
		['CR alone', `${lines.join('\r')}\r`, []],
		['mixed', `${lines[0]}\r\n${lines[1]}\n${lines[2]}\r`, []],
		['no final newline', lines.join('\n'), []],
		['lower case', `${lines.join('\n').toLowerCase()}\n`, []],
		['trailing blanks', `${lines.join(' \t\n')}  \n`, []],
		['Ctrl-Z and NUL at the end', `${lines.join('\n')}\n\x1a\0\0\0`, []],
		['UTF-8 BOM', `\xef\xbb\xbf${lines.join('\n')}\n`, []],
		['leading blanks', `  ${lines.join('\n\t')}\n`, ['leading-blanks']],
		['blank lines', `${lines.join('\n\n')}\n`, ['blank-lines']],
		['comments', `# one\n; two\n// three\n${lines.join('\n')}\n`, ['comments']],
		['a comment after a record', `${lines.join(' ; here\n')}\n`, ['comments']],
		['text before', `Compiling: board\n${lines.join('\n')}\n`, ['text-before']],
		['text after', `${lines.join('\n')}\nregards, me\n`, ['text-after']],
		['start addresses', `${record(0, 3, 0, 0, 0, 0)}\n${lines.join('\n')}`, []],
		[
			'start address of type 05',
			`${lines[0]}\n${record(0, 5, 0, 0, 0x70, 0)}\n${lines.slice(1).join('\n')}`,
			[],
		],
		['an empty data record', `${lines[0]}\n:00001000F0\n${lines.slice(1).join('\n')}`, []],
		['an address in the end record', `${lines[0]}\n${lines[1]}\n${record(0x7000, 1)}`, []],
	];
	for (const [name, text, notes] of same) {
		const parsed = parse(text);
		assert.deepEqual(content(parsed.image), expected, name);
		assert.deepEqual(
			parsed.notes.map(note => note.code),
			notes,
			name,
		);
	}
});

test('UTF-16 of an editor is read and noted', () => {
	const text = `${jump}\r\n${end}\r\n`;
	const units = (lowFirst: boolean, bom: boolean) =>
		Uint8Array.from(
			[...(bom ? [0xfeff] : []), ...ascii(text)].flatMap(unit =>
				lowFirst ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff],
			),
		);
	for (const bytes of [units(true, true), units(false, true), units(true, false), units(false, false)]) {
		const parsed = parseIntelHex(bytes, 'x.hex');
		assert.equal(parsed.image.byteCount, 6);
		assert.deepEqual(
			parsed.notes.map(note => note.code),
			['utf16'],
		);
	}
});

test('bases of types 02 and 04 replace each other; 128 KB parts by either', () => {
	const parsed = parse(
		[
			record(0, 4, 0x00, 0x01),
			record(0x10, 0, 1),
			record(0, 2, 0x10, 0x00),
			record(0x20, 0, 2),
			record(0, 2, 0x00, 0x00),
			record(0x30, 0, 3),
			end,
		].join('\n'),
	);
	assert.deepEqual(content(parsed.image), [
		[0x30, [3]],
		[0x1_0010, [1]],
		[0x1_0020, [2]],
	]);
});

test('a record over a 64 KB border runs on, with a warning', () => {
	const parsed = parse([record(0, 4, 0, 0), record(0xfffe, 0, 1, 2, 3, 4), end].join('\n'));
	assert.deepEqual(content(parsed.image), [[0xfffe, [1, 2, 3, 4]]]);
	assert.deepEqual(
		parsed.notes.map(note => [note.code, note.severity]),
		[['crosses-64k', 'warning']],
	);
});

test('joined files: the second part is read, from base 0, and both are shown', () => {
	const parsed = parse([record(0, 4, 0, 1), record(0, 0, 1), end, record(0x7000, 0, 2), end, end].join('\n'));
	assert.deepEqual(content(parsed.image), [
		[0x7000, [2]],
		[0x1_0000, [1]],
	]);
	assert.deepEqual(
		parsed.parts.map(part => [part.firstLine, part.lastLine, content(part.image)]),
		[
			[1, 3, [[0x1_0000, [1]]]],
			[4, 5, [[0x7000, [2]]]],
		],
	);
	assert.deepEqual(
		parsed.notes.map(note => [note.code, note.line]),
		[['joined', 4]],
	);
});

test('a base set in the first part stays valid where the end record was taken out', () => {
	const parsed = parse([record(0, 4, 0, 1), record(0, 0, 1), record(0xe000, 0, 2), end].join('\n'));
	assert.deepEqual(parsed.image.ranges, [
		{start: 0x1_0000, end: 0x1_0001},
		{start: 0x1_e000, end: 0x1_e001},
	]);
});

test('the same byte twice is counted, a different byte twice is refused with both lines', () => {
	const twice = parse([record(0, 0, 1, 2), record(1, 0, 2, 3), end].join('\n'));
	assert.deepEqual(content(twice.image), [[0, [1, 2, 3]]]);
	assert.deepEqual(
		twice.notes.map(note => note.code),
		['duplicates'],
	);
	assert.deepEqual(refusal([record(0x7000, 0, 1, 2), record(0x7001, 0, 3), end].join('\n')), {
		line: 2,
		reason: 'at 0x7001 it says 0x03, line 1 says 0x02',
	});
});

test('for looking only, a contradiction is an error in the notes and the later byte stands', () => {
	const text = [jump, record(2, 0, 0x02, 0x01, 0x05), end].join('\n');
	assert.equal(refusal(text).line, 2);
	const looked = parseIntelHex(ascii(text), 'x', {contradictions: 'note'});
	assert.deepEqual(content(looked.image), [[0, [0x0c, 0x94, 0x02, 0x01, 0x05, 0xcf]]]);
	assert.deepEqual(
		looked.notes.map(note => [note.code, note.severity, note.line]),
		[
			['contradiction', 'error', 2],
			['duplicates', 'note', undefined],
		],
	);
});

test('what ELF keeps at 0x800000 and up is left out and named', () => {
	const parsed = parse(
		[
			jump,
			record(0, 4, 0x00, 0x81),
			record(0, 0, 9, 9),
			record(0, 4, 0x00, 0x82),
			record(0, 0, 0x5e, 0xd9, 0xf3),
			end,
		].join('\n'),
	);
	assert.equal(parsed.image.end, 6);
	assert.deepEqual(
		parsed.sections.map(section => [section.name, content(section.image)]),
		[
			['eeprom', [[0, [9, 9]]]],
			['fuses', [[0, [0x5e, 0xd9, 0xf3]]]],
		],
	);
	assert.deepEqual(
		parsed.notes.map(note => note.code),
		['section', 'section'],
	);
	assert.match(refusal([record(0, 4, 0, 0x81), record(0, 0, 9), end].join('\n')).reason, /EEPROM data only/);
});

test('a missing end record: taken with a warning when a program starts there, refused otherwise', () => {
	const parsed = parse(`${jump}\n`);
	assert.equal(parsed.complete, false);
	assert.deepEqual(
		parsed.notes.map(note => [note.code, note.severity]),
		[['missing-end', 'warning']],
	);
	assert.match(refusal(record(0, 0, 0x11, 0x22)).reason, /end record is missing/);
});

test('broken records: the line and the reason', () => {
	const table: readonly (readonly [string, string, number, RegExp])[] = [
		['checksum', ':0100000001FF', 2, /checksum is 0xff and should be 0xfe/],
		['a letter O for a zero', ':O100000001FE', 2, /column 2: "O" is no hex digit/],
		['a letter in the middle', ':01000000G1FE', 2, /column 10: "G"/],
		['two records in one line', `${record(0x20, 0, 1)}${record(0x21, 0, 2)}`, 2, /column 14: ":"/],
		['odd digits', ':0100000001F', 2, /odd number of hex digits \(11\)/],
		['too short', ':04000000010203', 2, /too short \(14 hex digits of 18\)/],
		['too long', `${record(0x20, 0, 1)}00`, 2, /longer than it says \(14 hex digits, not 12\)/],
		['only a colon', ':', 2, /too short/],
		['type 06', record(0, 6, 1), 2, /type 0x06/],
		['type ff', record(0, 0xff), 2, /type 0xff/],
		['an end record with data', record(0, 1, 1), 2, /carries 0 bytes/],
		['type 02 of one byte', record(0, 2, 1), 2, /carries 2 bytes/],
		['type 04 of three bytes', record(0, 4, 1, 2, 3), 2, /carries 2 bytes/],
		['type 03 of two bytes', record(0, 3, 1, 2), 2, /carries 4 bytes/],
		['type 05 of five bytes', record(0, 5, 1, 2, 3, 4, 5), 2, /carries 4 bytes/],
		['chat between records', 'see you', 2, /text that is no record \("see you"\)/],
		['minus for colon', '-0100000001FE', 2, /text that is no record/],
	];
	for (const [name, line, at, reason] of table) {
		const found = refusal(`${jump}\n${line}\n${end}\n`);
		assert.equal(found.line, at, name);
		assert.match(found.reason, reason, name);
	}
	assert.match(
		refusal([record(0, 4, 0xff, 0xff), record(0xffff, 0, 1, 2), end].join('\n')).reason,
		/last address/,
	);
	assert.deepEqual(refusal(`${jump}\n${end}\nhello\n${record(0x7000, 0, 1)}\n${end}`), {
		line: 3,
		reason: 'text that is no record stands between records',
	});
});

test('cut at any place: a file that ends inside a record says so', () => {
	const text = [jump, record(0x10, 0, 1, 2, 3, 4), end].join('\n');
	const starts = [0, jump.length + 1, text.length - end.length];
	for (let length = 1; length < text.length; length++) {
		const cut = text.slice(0, length);
		const within = starts.findLast(start => start < length)!;
		const lineLength = cut.slice(within).replace(/\n$/, '').length;
		const whole = text.slice(within).split('\n')[0]!.length;
		if (lineLength === whole) {
			assert.equal(parse(cut).complete, false);
			continue;
		}
		const found = refusal(cut);
		assert.match(found.reason, /^the file is cut off here/, `${length}: ${found.reason}`);
		assert.equal(found.line, starts.indexOf(within) + 1);
	}
});

test('another kind of file altogether is called by its name', () => {
	const table: readonly (readonly [string, string, RegExp])[] = [
		['empty', '', /file is empty/],
		['web page', '<!DOCTYPE html>\n<html>', /web page/],
		['web page, lower case, blanks', '\n\n  <html lang="en">', /web page/],
		['ELF', '\x7fELF\x01\x01', /ELF file/],
		['UF2', 'UF2\n\x57\x51\x5d\x9e', /UF2 file/],
		['zip', 'PK\x03\x04\x14', /zip archive/],
		['gzip', '\x1f\x8b\x08', /gzip archive/],
		['keymap JSON', '{"version": 1, "keyboard": "x"}', /JSON/],
		['S-record', 'S00600004844521B\nS1130000', /S-record/],
		['raw binary', '\x0c\x94\x34\x00\x0c\x94\x51\x00', /raw binary/],
		['Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS/],
		['a server saying no', '404: Not Found', /what a server said \("404: Not Found"\)/],
		['prose', 'hello there\n', /no line is a record/],
		['blank lines', '\n\n\n', /no line is a record/],
		['only an end record', `${end}\n`, /no data/],
		['only empty data', `:0000000000\n${end}\n`, /no data/],
	];
	for (const [name, text, reason] of table) assert.match(refusal(text).reason, reason, name);
});

const bytesOf = (length: number) => Uint8Array.from({length}, (_, index) => (index * 7 + 13) & 0xff);

test('print, then parse: the same image, for every length around records, pages and banks', () => {
	for (const border of [0, 16, 128, 256, 0x1_0000, 0x2_0000]) {
		for (let distance = -18; distance <= 18; distance++) {
			for (const length of [1, 2, 15, 16, 17, 32, 33]) {
				const byteAddress = border + distance;
				if (byteAddress < 0) continue;
				const image = createImage([{byteAddress, data: bytesOf(length)}]);
				const parsed = parseIntelHex(ascii(printIntelHex(image)), 'x');
				assert.deepEqual(parsed.image.ranges, image.ranges);
				assert.deepEqual(content(parsed.image), content(image));
				assert.deepEqual(parsed.notes, []);
			}
		}
	}
});

test('printing: 16 bytes at most, upper case, LF, 04 before each bank but the first, final newline', () => {
	const image = createImage([
		{byteAddress: 0x000a, data: bytesOf(10)},
		{byteAddress: 0xfff8, data: bytesOf(16)},
	]);
	assert.equal(
		printIntelHex(image),
		[
			':06000A000D141B22293039',
			':04001000373E454CE6',
			':08FFF8000D141B222930373ED5',
			':020000040001F9',
			':08000000454C535A61686F760C',
			':00000001FF',
			'',
		].join('\n'),
	);
});

test('property: parse of print is the identity, whatever the chunks', () => {
	const chunk = fc.record({
		byteAddress: fc.nat(0x2_0100),
		data: fc.uint8Array({minLength: 1, maxLength: 70}),
	});
	fc.assert(
		fc.property(fc.array(chunk, {minLength: 1, maxLength: 12}), chunks => {
			const apart = chunks.filter(
				(one, index) =>
					!chunks
						.slice(0, index)
						.some(
							other =>
								one.byteAddress < other.byteAddress + other.data.length &&
								other.byteAddress < one.byteAddress + one.data.length,
						),
			);
			const image = createImage(apart);
			const parsed = parseIntelHex(ascii(printIntelHex(image)), 'x');
			assert.deepEqual(content(parsed.image), content(image));
		}),
		{numRuns: 150},
	);
});

test('property: one changed character is never read as another image in silence', () => {
	const image = createImage([
		{byteAddress: 0, data: bytesOf(40)},
		{byteAddress: 0x7000, data: bytesOf(20)},
	]);
	const text = printIntelHex(image);
	fc.assert(
		fc.property(fc.nat(text.length - 1), fc.integer({min: 0x20, max: 0x7e}), (at, code) => {
			const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
			let parsed: ReturnType<typeof parse>;
			try {
				parsed = parse(changed);
			} catch (error) {
				assert.ok(isKind(error, 'BadHex'));
				return;
			}
			// Case, blanks and comment signs are harmless; then the bytes are the same or a note says what is gone.
			if (parsed.notes.length === 0) assert.deepEqual(content(parsed.image), content(image));
		}),
		{numRuns: 1500},
	);
});

test('fuzz: whatever comes in, an image or BadHex comes out', () => {
	const piece = fc.oneof(
		fc.constantFrom(jump, end, '\n', '\r', '\r\n', ' ', ':', '00', record(0, 4, 0, 0x81), '\0', '\x1a'),
		fc.string({maxLength: 8}),
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.array(piece, {maxLength: 20}).map(pieces => ascii(pieces.join(''))),
				fc.uint8Array({maxLength: 60}),
			),
			bytes => {
				try {
					assert.ok(parseIntelHex(bytes, 'f').image.byteCount > 0);
				} catch (error) {
					assert.ok(isKind(error, 'BadHex'), String(error));
				}
			},
		),
		{numRuns: 1500},
	);
});

test('an image out of overlapping chunks: agreeing ones join, contradicting ones throw', () => {
	const image = createImage([
		{byteAddress: 4, data: Uint8Array.of(5, 6, 7)},
		{byteAddress: 0, data: Uint8Array.of(1, 2, 3, 4, 5)},
		{byteAddress: 20, data: Uint8Array.of(9)},
		{byteAddress: 1, data: Uint8Array.of(2)},
	]);
	assert.deepEqual(content(image), [
		[0, [1, 2, 3, 4, 5, 6, 7]],
		[20, [9]],
	]);
	assert.equal(image.at(7), undefined);
	assert.equal(image.at(20), 9);
	assert.deepEqual([...image.slice(5, 4)], [6, 7, 0xff, 0xff]);
	assert.equal(image.touches({start: 7, end: 20}), false);
	assert.throws(
		() =>
			createImage([
				{byteAddress: 0, data: Uint8Array.of(1, 2)},
				{byteAddress: 1, data: Uint8Array.of(3)},
			]),
		RangeError,
	);
});
