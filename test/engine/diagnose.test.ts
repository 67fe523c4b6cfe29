// The diagnosis: what tools print, order and combination, facts, shapes of text, limits.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {causes} from '../../src/engine/diagnose/causes.ts';
import {answerQuestion, causeSentences, diagnose} from '../../src/engine/diagnose/diagnose.ts';
import {aidText, firstAid} from '../../src/engine/diagnose/first-aid.ts';
import {cleanLine, normalise, withoutPrefix} from '../../src/engine/diagnose/normalise.ts';
import {questionRows} from '../../src/engine/diagnose/questions.ts';
import {rules} from '../../src/engine/diagnose/rules.ts';
import {signals} from '../../src/engine/diagnose/signals.ts';
import type {Diagnosis} from '../../src/engine/diagnose/types.ts';
import {rows} from './diagnose-messages.ts';

const first = (got: Diagnosis): string => got.causes[0]?.cause ?? '';

test('each message the tools print reaches its cause', () => {
	for (const row of rows) {
		const got = diagnose(row.log);
		const about = JSON.stringify(row.log.slice(-120));
		assert.equal(first(got), row.cause, about);
		if (row.family !== undefined) assert.equal(got.family, row.family, about);
		if (row.isp !== undefined) assert.equal(got.ispNeeded, row.isp, about);
		if (row.tool !== undefined)
			assert.ok(got.tool === row.tool || got.innerTool === row.tool, `${about} ${got.tool}`);
	}
});

// The three logs of the QMK ISP flashing guide, as a person copies them.
const seedTimeout = `libusb: warning [darwin_transfer_status] transfer error: timed out
dfu.c:844: -ETIMEDOUT: Transfer timed out, NAK 0xffffffc4 (-60)
atmel.c:1627: atmel_flash: flash data dfu_download failed.
atmel.c:1629: Expected message length of 1072, got -60.
atmel.c:1434: Error flashing the block: err -2.
ERROR
Memory write error, use debug for more info.
commands.c:360: Error writing memory data. (err -4)`;
const seedProtected = `dfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)
Device is write protected.
dfu.c:252: dfu_clear_status( 0x7fff4fc2ea80 )
atmel.c:1434: Error flashing the block: err -2.
ERROR
Memory write error, use debug for more info.
commands.c:360: Error writing memory data. (err -4)`;
const seedCaterina = `avrdude: butterfly_recv(): programmer is not responding
avrdude: butterfly_recv(): programmer is not responding
avrdude: verification error, first mismatch at byte 0x002a
         0x2b != 0x75
avrdude: verification error; content mismatch
avrdude: verification error; content mismatch`;

test('S2: the timed out DFU log, evidence with its line numbers', () => {
	const got = diagnose(seedTimeout);
	assert.equal(first(got), 'dfu-transfer-timeout');
	assert.equal(got.family, 'dfu');
	assert.equal(got.tool, 'dfu-programmer');
	assert.equal(got.facts.os, 'macos');
	const evidence = got.causes[0]?.evidence ?? [];
	const lines = seedTimeout.split('\n');
	assert.ok(evidence.length > 0);
	for (const {line, text} of evidence) assert.equal(text, lines[line - 1]);
	assert.match(got.causes[0]?.next.join(' ') ?? '', /cable[\s\S]*erase --force[\s\S]*ISP/);
});

test('S3: the write protected DFU log: erase --force then flash at once, then ISP', () => {
	const got = diagnose(seedProtected);
	assert.equal(first(got), 'dfu-write-refused');
	assert.equal(got.ispNeeded, 'maybe');
	assert.equal(got.causes[0]?.nextIds?.[0], 'erase-force-flash');
	assert.equal(got.causes[0]?.nextIds?.at(-1), 'isp-last');
	assert.ok(got.causes.slice(0, 3).some(each => each.cause === 'dfu-erase-first'));
	assert.equal(got.questions[0]?.id, 'dfu-erased-in-one-go');
});

test('S4: the Pro Micro log: double reset and port traps first, then ISP', () => {
	const got = diagnose(seedCaterina);
	assert.equal(first(got), 'caterina-verify-mismatch');
	assert.equal(got.family, 'caterina');
	assert.equal(got.ispNeeded, 'maybe');
	assert.equal(got.causes[0]?.nextIds?.[0], 'double-tap');
	assert.equal(got.causes[0]?.nextIds?.at(-1), 'isp-bootloader');
	assert.ok(got.causes[0]?.evidence.some(({line}) => line === 3));
});

test('not blank before the erase is normal, after it the boot section is damaged', () => {
	const normal =
		'Checking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\nErasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Empty.';
	const damaged = 'Erasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.';
	assert.equal(first(diagnose(normal)), 'benign-warning');
	assert.equal(first(diagnose(`${normal}\n${normal}`)), 'benign-warning');
	assert.equal(first(diagnose(damaged)), 'dfu-erase-ineffective');
	assert.equal(diagnose(damaged).ispNeeded, 'yes');
});

test('a message cut at either end of the paste is still read', () => {
	for (const [log, cause] of [
		['avrdude: butterfly_recv(): programmer is not resp', 'caterina-not-responding'],
		['fly_recv(): programmer is not responding', 'caterina-not-responding'],
		['dfu-programmer atmega32u4 erase\ndfu-programmer: no device pres', 'dfu-no-device'],
		['avrdude: Expected signature for ATmega644P is 1E 96', 'isp-wrong-chip'],
	] as const)
		assert.equal(first(diagnose(log)), cause, log);
	// Whole lines are not led on into messages that nobody printed.
	assert.equal(
		first(diagnose('dfu-programmer atmega32u4 erase --force\nErasing flash...')),
		'insufficient-evidence',
	);
});

test('later attempts outweigh earlier ones, and a real success outweighs everything', () => {
	const denied =
		'$ avrdude -c avr109 -p m32u4 -P /dev/ttyACM0 -U flash:w:a.hex:i\navrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission denied\n';
	const silent =
		'$ avrdude -c avr109 -p m32u4 -P /dev/ttyACM0 -U flash:w:a.hex:i\nConnecting to programmer: .\navrdude: butterfly_recv(): programmer is not responding\n';
	const done =
		'$ avrdude -c avr109 -p m32u4 -P /dev/ttyACM0 -U flash:w:a.hex:i\navrdude: 20480 bytes of flash written\navrdude: 20480 bytes of flash verified\navrdude done.  Thank you.\n';
	assert.equal(first(diagnose(denied + silent)), 'caterina-not-responding');
	assert.equal(first(diagnose(silent + denied)), 'serial-port-permission');
	assert.equal(first(diagnose(silent + denied + done)), 'tool-success');
	assert.equal(diagnose(silent + done).ispNeeded, 'no');
	assert.notEqual(first(diagnose(done + silent)), 'tool-success');
});

test('Toolbox\'s "Flash complete" is no success', () => {
	const got = diagnose(
		"Atmel DFU device connected (libusb0): Atmel Corp. ATmega32U4 (03EB:2FF4:0000)\nAttempting to flash, please don't remove device\n> dfu-programmer.exe atmega32u4 erase --force\n> Erasing flash...  Success\n> Checking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\nFlash complete",
	);
	assert.equal(first(got), 'dfu-erase-ineffective');
	assert.equal(got.tool, 'qmk-toolbox');
	assert.equal(got.innerTool, 'dfu-programmer');
});

test("Toolbox's list of what it supports names every family and decides none", () => {
	const banner =
		'*** QMK Toolbox 0.0.18 (https://qmk.fm/toolbox)\n    Supported bootloaders:\n     - Atmel/LUFA/QMK DFU via dfu-programmer (http://dfu-programmer.github.io/)\n     - Halfkay (Teensy, Ergodox EZ) via Teensy Loader (https://pjrc.com/teensy/loader_cli.html)\n     - ARM DFU (STM32, Kiibohd) via dfu-util (http://dfu-util.sourceforge.net/)\n     - BootloadHID (Atmel, PS2AVRGB) via bootloadHID (https://www.obdev.at/products/vusb/bootloadhid.html)\n    Supported ISP flashers:\n     - USBasp (AVR ISP)\n';
	const got = diagnose(
		`${banner}*** Caterina device connected (usbser): Arduino Micro (2341:0037:0001) [COM4]\n>>> avrdude.exe -p atmega32u4 -c avr109 -P COM4\n    avrdude.exe: butterfly_recv(): programmer is not responding`,
	);
	assert.equal(first(got), 'caterina-not-responding');
	assert.equal(got.family, 'caterina');
	assert.equal(got.tool, 'qmk-toolbox');
	assert.equal(got.innerTool, 'avrdude');
	assert.equal(got.facts.toolVersion, '0.0.18');
	assert.deepEqual(
		got.causes[0]?.evidence.map(({line}) => line),
		[11],
	);
	assert.equal(diagnose(banner).family, 'none');
});

test('facts are taken out', () => {
	const isp = diagnose(
		'C:\\> avrdude -c usbasp -p m32u4 -P usb -U flash:w:"C:\\fw\\main.hex":i\navrdude: Version 6.3-20190619\navrdude: Device signature = 0x1e9587 (probably m32u4)\navrdude: safemode: lfuse reads as 5E\navrdude: safemode: Fuses OK (E:F3, H:D9, L:5E)\navrdude: writing flash (28672 bytes):\navrdude done.  Thank you.',
	);
	assert.deepEqual(isp.facts, {
		port: 'usb',
		chip: 'atmega32u4',
		programmer: 'usbasp',
		signature: '1e9587',
		fuses: {low: '5e', high: 'd9', extended: 'f3'},
		file: 'C:\\fw\\main.hex',
		imageBytes: 28672,
		os: 'windows',
		toolVersion: '6.3-20190619',
	});
	const qmk = diagnose(
		'$ make planck/rev3:default:flash\nFlashing for bootloader: atmel-dfu\nBus 001 Device 010: ID 03eb:2ff4 Atmel Corp. atmega32u4 DFU bootloader\n0%  Programming 0x5B00 bytes...\ndfu-programmer: no device present.\nlsusb',
	);
	assert.equal(qmk.facts.keyboard, 'planck/rev3');
	assert.equal(qmk.facts.chip, 'atmega32u4');
	assert.equal(qmk.facts.imageBytes, 0x5b00);
	assert.deepEqual(qmk.facts.usbIds, ['03eb:2ff4']);
	assert.equal(qmk.facts.os, 'linux');
	const serial = diagnose('avrdude error: cannot open port /dev/ttyUSB3: No such file or directory');
	assert.equal(serial.facts.port, '/dev/ttyUSB3');
});

test('a question is asked when two causes print the same, and its answer puts one first', () => {
	const got = diagnose(
		'avrdude: stk500_recv(): programmer is not responding\navrdude: stk500_getsync() attempt 1 of 10: not in sync: resp=0x00',
	);
	const question = got.questions.find(each => each.id === 'serial-ever-worked');
	assert.ok(question);
	assert.equal(question.answers.length, question.favours?.length);
	const after = answerQuestion(got, question.id, 1);
	assert.equal(first(after), 'serial-wrong-board');
	assert.equal(after.ispNeeded, 'no');
	assert.ok(!after.questions.some(each => each.id === question.id));
	assert.equal(answerQuestion(got, question.id, 99), got);
});

test('line numbers count LF, CRLF and lone CR in the text given', () => {
	for (const end of ['\n', '\r\n', '\r']) {
		const got = diagnose(['one', '', 'dfu-programmer: no device present.'].join(end));
		assert.deepEqual(
			got.causes[0]?.evidence,
			[{line: 3, text: 'dfu-programmer: no device present.'}],
			JSON.stringify(end),
		);
	}
});

test('terminal sequences never pass through', () => {
	const hostile =
		'\u001b]0;owned\u0007\u001b[31mavrdude: butterfly_recv(): \u001b[2Jprogrammer is not\u0007 responding\u001b[0m\u202e\u009b31m\navrdude -c avr109 -P /dev/tty\u001b[5mACM0';
	const got = diagnose(hostile);
	assert.equal(first(got), 'caterina-not-responding');
	assert.doesNotMatch(JSON.stringify(got), /\\u00[01]|\\u202e|\\u009b|[\u007f-\u009f\u202a-\u202e]/);
	assert.equal(got.facts.port, '/dev/ttyACM0');
	assert.equal(cleanLine('a\u0008b\u001b[1;31mc\u001b[K\td[0m'), 'bc d');
});

test('prefixes of mails, Toolbox, clocks and OctoPrint come off', () => {
	for (const line of [
		'> > avrdude: x',
		'*** avrdude: x',
		'12:01:02.123 -> avrdude: x',
		'[12:01:02] avrdude: x',
		'2024-06-25 11:47:42,080 > avrdude: x',
		'    avrdude: x',
		' | avrdude: x',
	])
		assert.equal(withoutPrefix(line), 'avrdude: x', line);
});

test('unrelated text, empty pastes and compile errors get a fitting answer', () => {
	assert.equal(first(diagnose('')), 'insufficient-evidence');
	assert.match(diagnose('').causes[0]?.next.join(' ') ?? '', /Paste/);
	const unrelated = diagnose('The quick brown fox jumps over the lazy dog');
	assert.equal(first(unrelated), 'unrelated');
	assert.equal(unrelated.family, 'none');
	assert.equal(unrelated.questions[0]?.id, 'what-happened');
	assert.equal(
		first(diagnose('keymap.c:3:1: error: unknown type name foo\nmake: *** [a.o] Error 1')),
		'build-error',
	);
});

test('long input: first and last parts are kept, line numbers of the tail hold', () => {
	const filler = `${'x'.repeat(99)}\n`;
	const text = `${filler.repeat(60)}avrdude: butterfly_recv(): programmer is not responding`;
	const kept = normalise(text, 2000);
	assert.equal(kept.truncated, true);
	assert.equal(kept.lines.at(-1)?.number, 61);
	assert.equal(kept.lines[0]?.number, 1);
	const huge = diagnose(`${filler.repeat(175_000)}dfu-programmer: no device present.`);
	assert.equal(huge.truncated, true);
	assert.equal(first(huge), 'dfu-no-device');
	assert.equal(huge.causes[0]?.evidence[0]?.line, 175_001);
});

test('normalise keeps numbers and never throws, on any text', () => {
	fc.assert(
		fc.property(fc.string({unit: 'binary', maxLength: 300}), fc.integer({min: 2, max: 400}), (text, max) => {
			const {lines, truncated} = normalise(text, max);
			assert.equal(truncated, text.length > max);
			const last = text.split(/\r\n|\r|\n/).length;
			let before = 0;
			for (const {number, text: clean} of lines) {
				assert.ok(number >= before && number <= last); // a cut line shows twice
				before = number;
				assert.doesNotMatch(clean, /[\u0000-\u001f\u007f-\u009f]/);
			}
		}),
		{numRuns: 100},
	);
});

test('tables agree: names used in rules exist, every cause has rules or a place in the code, aids have sources', () => {
	const ids = signals.map(signal => signal.id);
	assert.equal(new Set(ids).size, ids.length);
	assert.equal(new Set(rules.map(rule => rule.id)).size, rules.length);
	const proved = new Set(rules.flatMap(rule => rule.proves.map(([cause]) => cause as string)));
	for (const cause of [
		'tool-success',
		'no-error-shown',
		'insufficient-evidence',
		'unrelated',
		'benign-warning',
	])
		proved.add(cause);
	assert.deepEqual(
		Object.keys(causes).filter(cause => !proved.has(cause)),
		[],
	);
	for (const signal of signals) {
		for (const literal of typeof signal.find === 'string' ? [signal.find] : signal.find)
			assert.equal(literal, literal.toLowerCase(), signal.id);
	}
	for (const [id, aid] of Object.entries(firstAid)) assert.equal(aid.id, id);
	for (const row of questionRows) {
		for (const answer of row.answers) assert.ok(row.between.includes(answer.favours), row.id);
	}
	assert.match(causeSentences('isp-wiring').happened, /wires/);
	assert.equal(causeSentences('nonsense').happened, '');
});

test('an XMEGA is never sent to ISP: no step of its advice starts one', () => {
	const log = 'Device is write protected.\nMemory write error, use debug for more info.';
	const xmega = diagnose(`dfu-programmer atxmega32a4u flash fw.hex\n${log}`);
	const mega = diagnose(`dfu-programmer atmega32u4 flash fw.hex\n${log}`);
	const startsIsp = (got: Diagnosis): boolean =>
		got.causes.some(cause =>
			(cause.nextIds ?? []).some(id => {
				const aid = firstAid[id as keyof typeof firstAid];
				return 'does' in aid && aid.does === 'start-isp';
			}),
		);
	assert.ok(startsIsp(mega));
	assert.ok(!startsIsp(xmega));
	assert.ok(xmega.causes.every(cause => cause.ispNeeded === 'no'));
});

test('a serial bootloader under a libusb driver is given its serial driver back, never Zadig', () => {
	const got = diagnose(
		'*** Caterina device connected (libusb0): Arduino SA Arduino Micro (2341:0037:0001)\n>>> avrdude.exe -p atmega32u4 -c avr109 -U flash:w:"x.hex":i -P \n    avrdude.exe: option requires an argument -- P',
	);
	assert.equal(first(got), 'windows-wrong-driver');
	assert.deepEqual(got.causes[0]?.nextIds?.slice(0, 1), ['restore-usbser']);
	assert.ok(!got.causes[0]?.nextIds?.includes('zadig-winusb'));
});

test('`dfu-programmer CHIP` names the chip that the log tells, else says in words what CHIP is; no other chip is put in', () => {
	const next = (log: string) => diagnose(log).causes[0]?.next[0] ?? '';
	const log = (chip: string) =>
		`dfu-programmer ${chip} erase --force\nErasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.`;
	assert.match(next(log('atmega32u2')), /`dfu-programmer atmega32u2 erase --force`[\s\S]*atmega32u2 flash/);
	assert.doesNotMatch(next(log('atmega32u2')), /CHIP/);
	assert.match(next(seedProtected), /dfu-programmer CHIP [\s\S]*CHIP: the name on the chip/);
	assert.match(aidText('erase-force-flash', 'atmega328p'), /CHIP: the name/);
});
