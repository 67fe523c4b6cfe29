// The backup file: what goes in comes out, and nothing damaged is taken.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {chips, findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {
	type Backup,
	backupFileName,
	looksLikeBackup,
	parseBackup,
	printBackup,
} from '../../src/engine/image/backup-file.ts';
import {sha256OfText} from '../../src/engine/image/digest.ts';

const tiny = findChip('attiny13a')!;
const backup: Backup = {
	takenAt: '2026-01-31T17:45:00.000Z',
	program: 'avr-unbrick 0.1.0',
	programmer: 'usbasp',
	engine: 'own engine over USBasp',
	chip: tiny.id,
	signature: Uint8Array.from(tiny.signature),
	fuses: {low: 0x6a, high: 0xff},
	lock: 0xff,
	flash: Uint8Array.from({length: tiny.flash.bytes}, (_, index) => (index * 31) & 0xff),
	eeprom: new Uint8Array(tiny.eeprom.bytes).fill(0xff),
};

function reason(text: string): string {
	try {
		parseBackup(text, 'b.json');
	} catch (error) {
		assert.ok(isKind(error, 'BadHex'), String(error));
		return error.facts.reason;
	}
	assert.fail('taken without complaint');
}

test('a backup comes back as it was, for every chip', () => {
	for (const chip of chips) {
		const its: Backup = {
			...backup,
			board: 'some_board',
			chip: chip.id,
			signature: Uint8Array.from(chip.signature),
			fuses: {
				low: 0x12,
				...(chip.fuses.high === undefined ? {} : {high: 0xd9}),
				...(chip.fuses.extended === undefined ? {} : {extended: 0xf3}),
			},
			flash: Uint8Array.from(
				{length: chip.flash.bytes > 40_000 ? 0 : chip.flash.bytes},
				(_, at) => at & 0xff,
			),
			eeprom: new Uint8Array(chip.eeprom.bytes).fill(0xa5),
		};
		const whole = its.flash?.length === 0 ? {...its, flash: null} : its;
		assert.deepEqual(parseBackup(printBackup(whole), 'x'), whole);
	}
});

test('a flash over 64 KB comes back whole', () => {
	const chip = findChip('at90usb1286')!;
	const its: Backup = {
		...backup,
		chip: chip.id,
		signature: Uint8Array.from(chip.signature),
		fuses: {low: 0x5e, high: 0xd9, extended: 0xf3},
		flash: Uint8Array.from({length: chip.flash.bytes}, (_, at) => (at >> 8) & 0xff),
		eeprom: null,
	};
	assert.deepEqual(parseBackup(printBackup(its), 'x').flash, its.flash);
});

test('a locked chip leaves flash and EEPROM out, and says so', () => {
	const parsed = parseBackup(printBackup({...backup, flash: null, eeprom: null, lock: 0xec}), 'x');
	assert.equal(parsed.flash, null);
	assert.equal(parsed.eeprom, null);
	assert.equal(parsed.lock, 0xec);
});

test('line ends, indentation and a BOM may change on the way', () => {
	const text = printBackup(backup);
	assert.deepEqual(parseBackup(text.replaceAll('\n', '\r\n'), 'x'), backup);
	assert.deepEqual(parseBackup(`\uFEFF${JSON.stringify(JSON.parse(text))}`, 'x'), backup);
});

test('a cut file is refused wherever it is cut', () => {
	const text = printBackup(backup).trimEnd();
	for (let length = 0; length < text.length; length += 61)
		assert.match(reason(text.slice(0, length)), /cut off or damaged|empty/);
	assert.match(reason(text.slice(0, -1)), /cut off/);
});

test('property: one changed character is never taken as another backup', () => {
	const text = printBackup(backup);
	fc.assert(
		fc.property(fc.nat(text.length - 1), fc.integer({min: 0x20, max: 0x7e}), (at, code) => {
			const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
			let parsed: Backup;
			try {
				parsed = parseBackup(changed, 'x');
			} catch (error) {
				assert.ok(isKind(error, 'BadHex'), String(error));
				return;
			}
			assert.deepEqual(parsed, backup);
		}),
		{numRuns: 200},
	);
});

type EditableBackup = {
	version: number;
	extra?: number;
	takenAt: string;
	chip: string;
	signature: string;
	fuses: Record<string, string>;
	lock?: string;
	flash: {hex: string[]; sha256: string; bytes: number};
	eeprom: {hex: string[]; sha256: string; bytes: number};
};

/** The backup with its JSON edited and the outer checksum made right again, as a forger would. */
function edited(change: (json: EditableBackup) => void): string {
	const {sha256: _, ...body} = JSON.parse(printBackup(backup));
	change(body);
	return JSON.stringify({...body, sha256: sha256OfText(JSON.stringify(body))});
}

test('what is wrong is named', () => {
	const table: readonly (readonly [string, string, RegExp])[] = [
		['a keymap', '{"keyboard": "x"}', /no backup of avr-unbrick/],
		['a list', '[1]', /no backup/],
		['null', 'null', /no backup/],
		['a newer one', edited(json => (json.version = 2)), /newer avr-unbrick/],
		['an unknown field', edited(json => (json.extra = 1)), /damaged at "extra"/],
		['a fuse out of range', edited(json => (json.fuses.low = '0x1ff')), /damaged at "fuses.low"/],
		['a missing lock', edited(json => delete json.lock), /damaged at "lock"/],
		['no time', edited(json => (json.takenAt = 'yesterday')), /damaged at "takenAt"/],
		['control characters', edited(json => (json.chip = 'a\u001b[2J')), /damaged at "chip"/],
		['an unknown chip', edited(json => (json.chip = 'z80')), /"z80" is not known/],
		[
			'the signature of another',
			edited(json => (json.signature = '1e9587')),
			/1e9587 is not that of the ATtiny13A/,
		],
		['a fuse byte too many', edited(json => (json.fuses.extended = '0xff')), /has no extended fuse byte/],
		['a fuse byte too few', edited(json => delete json.fuses.high), /has a high fuse byte/],
		['a lost line', edited(json => json.flash.hex.splice(3, 1)), /flash is not whole/],
		['a lost first line', edited(json => json.eeprom.hex.splice(0, 1)), /eeprom is not whole/],
		[
			'a wrong record',
			edited(json => (json.flash.hex[2] = ':00')),
			/flash is damaged: .*too short.*line 3 of it/,
		],
		[
			'a changed memory checksum',
			edited(json => (json.flash.sha256 = '0'.repeat(64))),
			/byte of its flash was changed/,
		],
		['another size', edited(json => (json.eeprom = json.flash)), /EEPROM has 1024 bytes/],
		[
			'a changed fuse',
			printBackup(backup).replace('"low": "0x6a"', '"low": "0x7a"'),
			/changed after it was written/,
		],
	];
	for (const [name, text, expected] of table) assert.match(reason(text), expected, name);
});

test('a backup is told from a HEX file, and named by chip and time', () => {
	const ascii = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0));
	assert.equal(looksLikeBackup(ascii(printBackup(backup))), true);
	assert.equal(looksLikeBackup(ascii(':00000001FF')), false);
	assert.equal(looksLikeBackup(ascii('{"version": 1}')), false);
	assert.equal(backupFileName(tiny, backup.takenAt), 'backup-attiny13a-20260131-174500.json');
});
