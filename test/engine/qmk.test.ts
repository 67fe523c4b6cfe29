// Which board is it? By QMK's own files, over folder trees made up here.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {
	parseRulesMk,
	qmkDefaultFolder,
	qmkFilesOf,
	qmkKeyboardName,
	readQmkFiles,
	readQmkKeyboard,
} from '../../src/engine/boards/qmk.ts';

const read = (keyboard: string, files: Record<string, string>) =>
	readQmkKeyboard(
		keyboard,
		new Map(Object.entries(files).map(([path, text]) => [`keyboards/${path}`, text])),
	);
const facts = (found: ReturnType<typeof read>) => [found.chip, found.bootloaderId, found.boardIds];

test('keyboard.json alone', () => {
	const found = read('acme/one', {
		'acme/one/keyboard.json':
			'{"keyboard_name": "One", "processor": "atmega32u4", "bootloader": "atmel-dfu"}',
	});
	assert.deepEqual(facts(found), [
		'atmega32u4',
		'atmel-dfu',
		['bare_32u4', 'elite_c', 'promicro_5v', 'teensy_2'],
	]);
	assert.equal(found.name, 'One');
	assert.deepEqual(
		found.said.map(({file, key}) => `${file} ${key}`),
		['keyboard_name', 'processor', 'bootloader'].map(key => `keyboards/acme/one/keyboard.json ${key}`),
	);
	assert.deepEqual(found.notes, []);
});

test('a development board fills what is not said, and yields to what is', () => {
	const promicro = read('a', {'a/keyboard.json': '{"development_board": "promicro"}'});
	assert.deepEqual(facts(promicro), ['atmega32u4', 'caterina', ['promicro_5v', 'promicro_3v3']]);
	const elite = read('a', {'a/keyboard.json': '{"development_board": "elite_c"}'});
	assert.deepEqual(facts(elite), ['atmega32u4', 'atmel-dfu', ['elite_c']]);
	const mixed = read('a', {'a/keyboard.json': '{"development_board": "promicro", "bootloader": "qmk-dfu"}'});
	assert.deepEqual(
		[mixed.chip, mixed.bootloaderId, mixed.boardIds],
		['atmega32u4', 'qmk-dfu', ['promicro_5v']],
	);
	assert.match(
		read('a', {'a/info.json': '{"development_board": "newboard"}'}).notes.join(),
		/"newboard" is not known/,
	);
});

test('folders above are inherited, inner ones win, and a contradiction is told', () => {
	const found = read('maker/board/rev2', {
		'maker/info.json': '{"processor": "atmega32u2"}',
		'maker/board/info.json': '{"processor": "atmega32u4", "bootloader": "atmel-dfu"}',
		'maker/board/rev2/keyboard.json': '{"bootloader": "qmk-dfu"}',
	});
	assert.deepEqual([found.chip, found.bootloaderId], ['atmega32u4', 'qmk-dfu']);
	assert.equal(found.notes.length, 2);
	assert.match(found.notes[0]!, /processor atmega32u4, a folder above it atmega32u2/);
	// A sibling's and a deeper folder's files are none of its.
	const outer = read('maker/board', {
		'maker/board/keyboard.json': '{"processor": "atmega32a", "bootloader": "bootloadhid"}',
		'maker/board/rev2/keyboard.json': '{"processor": "atmega32u4"}',
		'maker/other/keyboard.json': '{"processor": "atmega32u4"}',
	});
	assert.deepEqual(facts(outer), ['atmega32a', 'bootloadhid', ['ps2avrgb']]);
});

test('rules.mk: inner over outer, and over the JSON', () => {
	const found = read('old/rev1', {
		'old/rules.mk': 'MCU = atmega32u2\nBOOTLOADER = lufa-dfu\n',
		'old/rev1/rules.mk': '# the new one\nMCU = atmega32u4   # was 32u2\nBOOTLOADER ?= caterina\n',
		'old/rev1/info.json': '{"processor": "at90usb1286"}',
	});
	assert.deepEqual([found.processor, found.bootloader], ['atmega32u4', 'lufa-dfu']);
	assert.match(found.notes.join(), /rules\.mk says processor atmega32u4, the JSON at90usb1286/);
	assert.deepEqual(
		found.said.filter(({key}) => key === 'MCU').map(({value}) => value),
		['atmega32u2', 'atmega32u4'],
	);
});

test('rules.mk as make reads it: operators, comments, continued lines, CRLF', () => {
	const values = parseRulesMk(
		'\uFEFFMCU=atmega328p\r\n  BOOTLOADER := USBasp # loader\r\n#MCU = x\r\nSRC = a.c \\\r\n\tb.c\r\nSRC += c.c\r\nMCU ?= y\r\nifeq ($(X), yes)\r\nLTO_ENABLE = yes\r\nendif\r\nX ::= 1\r\n',
	);
	assert.deepEqual(Object.fromEntries(values), {
		MCU: 'atmega328p',
		BOOTLOADER: 'USBasp',
		SRC: 'a.c  \tb.c c.c',
		LTO_ENABLE: 'yes',
		X: '1',
	});
	const plaid = readQmkFiles([{path: 'rules.mk', text: 'MCU = atmega328p\nBOOTLOADER = USBasp\n'}]);
	assert.deepEqual(facts(plaid), ['atmega328p', 'usbasploader', ['plaid', 'discipad_romeo']]);
	assert.equal(
		readQmkFiles([{path: 'rules.mk', text: 'MCU = atmega32a\nBOOTLOADER = bootloadHID'}]).bootloaderId,
		'bootloadhid',
	);
});

test('DEFAULT_FOLDER leads on', () => {
	const files = new Map([['keyboards/planck/rules.mk', 'DEFAULT_FOLDER = planck/rev4\n']]);
	assert.equal(qmkDefaultFolder('planck', files), 'planck/rev4');
	assert.equal(qmkDefaultFolder('planck/rev4', files), undefined);
	assert.equal(
		qmkDefaultFolder('planck', new Map([['keyboards/planck/rules.mk', 'DEFAULT_FOLDER = ../../etc']])),
		undefined,
	);
});

test('Arm and other controllers end with a kind word and the place to go', () => {
	for (const [text, word] of [
		['{"development_board": "proton_c"}', /STM32F303 is an Arm chip.*no ISP and no fuses.*QMK Toolbox/],
		['{"processor": "RP2040", "bootloader": "rp2040"}', /Raspberry Pi.*\.uf2/],
		['{"processor": "MK20DX256"}', /Kinetis.*Teensy Loader/],
		['{"processor": "GD32VF103"}', /RISC-V/],
		['{"processor": "WB32FQ95"}', /Arm chip/],
	] as const) {
		const found = read('arm', {'arm/keyboard.json': text});
		assert.equal(found.chip, undefined);
		assert.match(found.elsewhere ?? '', word);
		assert.deepEqual(found.notes, []);
	}
	const odd = read('odd', {'odd/keyboard.json': '{"processor": "z80", "bootloader": "custom"}'});
	assert.equal(odd.elsewhere, undefined);
	assert.match(odd.notes.join(' '), /"z80" is not known here.*bootloader of its own/);
});

test('names are safe paths, or none', () => {
	for (const [typed, name] of [
		['planck/rev4', 'planck/rev4'],
		[' keyboards/planck/ ', 'planck'],
		['/home/me/qmk_firmware/keyboards/planck/rev4', 'planck/rev4'],
		['0_sixty/base', '0_sixty/base'],
		['../secret', undefined],
		['planck/../../x', undefined],
		['/etc', undefined],
		['', undefined],
		['a//b', undefined],
		['a b', undefined],
		['a/b/c/d/e/f', undefined],
	] as const)
		assert.equal(qmkKeyboardName(typed), name, typed);
	assert.deepEqual(qmkFilesOf('a/b'), [
		'keyboards/a/info.json',
		'keyboards/a/keyboard.json',
		'keyboards/a/rules.mk',
		'keyboards/a/b/info.json',
		'keyboards/a/b/keyboard.json',
		'keyboards/a/b/rules.mk',
	]);
});

test('property: no text makes it throw, and a name never leaves the folder', () => {
	fc.assert(
		fc.property(
			fc.string({maxLength: 60}),
			fc.constantFrom('rules.mk', 'info.json', 'keyboard.json'),
			(text, path) => {
				const found = readQmkFiles([{path, text}]);
				assert.ok(Array.isArray(found.notes));
				const name = qmkKeyboardName(text);
				if (name !== undefined) assert.ok(!name.split('/').some(part => part === '..' || part === ''));
			},
		),
		{numRuns: 400},
	);
	assert.match(readQmkFiles([{path: 'info.json', text: '{"processor": '}]).notes.join(), /no JSON/);
	assert.equal(
		readQmkFiles([{path: 'info.json', text: '{"processor": {"a": 1}, "bootloader": 5}'}]).processor,
		undefined,
	);
});
