// Kinds of faults that a reader of the diagnosis found, each by its symptom: what a log does not carry is not said.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {answerQuestion, diagnose} from '../../src/engine/diagnose/diagnose.ts';
import type {Diagnosis} from '../../src/engine/diagnose/types.ts';

const first = (got: Diagnosis): string => got.causes[0]?.cause ?? '';
const names = (got: Diagnosis, count = 3): string[] => got.causes.slice(0, count).map(cause => cause.cause);
const silence =
	'avrdude error: program enable: target does not answer (0x01)\navrdude error: initialization failed, rc=-1\n';
const run = (options: string, lines: string): string =>
	`$ avrdude -c usbasp ${options}\navrdude: device signature = 0x1e950f (probably m328p)\n${lines}avrdude done.  Thank you.\n`;
const fuse = (name: string): string =>
	`avrdude: 1 byte of ${name} written\navrdude: 1 byte of ${name} verified\n`;

test('a fuse that ends ISP was asked for and the chip never answered: nothing was written, wires first', () => {
	for (const options of [
		'-p m328p -U hfuse:w:0x59:m',
		'-p m328p -U hfuse:w:0x99:m',
		'-p m168 -U hfuse:w:0x5f:m',
	]) {
		const got = diagnose(`$ avrdude -c usbasp ${options}\n${silence}`);
		assert.equal(first(got), 'isp-wiring', options);
		assert.notEqual(got.ispNeeded, 'yes', options);
		assert.ok(names(got).includes('isp-spi-disabled'), options);
		assert.ok(got.causes.every(cause => cause.cause !== 'isp-spi-disabled' || cause.ispNeeded !== 'yes'));
	}
});

test('a fuse that ends ISP was written and verified, then silence: high voltage', () => {
	const got = diagnose(
		`${run('-p m328p -U hfuse:w:0x59:m', fuse('hfuse'))}$ avrdude -c usbasp -p m328p\n${silence}`,
	);
	assert.equal(first(got), 'isp-spi-disabled');
	assert.equal(got.ispNeeded, 'yes');
});

test('a fuse that ends ISP was written and reads back otherwise: it was not taken, and its bit exists', () => {
	const got = diagnose(
		'$ avrdude -c usbasp -p m328p -U hfuse:w:0x59:m\navrdude: device signature = 0x1e950f (probably m328p)\navrdude: 1 byte of hfuse written\navrdude: verification error, first mismatch at byte 0x0000\n         0xd9 != 0x59\navrdude: verification error; content mismatch\n',
	);
	assert.equal(first(got), 'isp-wiring');
	assert.ok(!names(got, 6).includes('isp-fuse-unused-bits'));
	assert.ok(!names(got, 6).includes('isp-spi-disabled'));
	const bare = diagnose(
		'$ avrdude -c usbasp -p m328p -U hfuse:w:0x59:m\navrdude: verification error, first mismatch at byte 0x0000\n         0xd9 != 0x59\n',
	);
	assert.ok(!names(bare, 6).includes('isp-fuse-unused-bits'));
});

test('a fuse ended ISP on the first board, the second does not answer: its own wires first', () => {
	const got = diagnose(
		`${run('-p m328p -U hfuse:w:0x59:m', fuse('hfuse'))}second board:\n$ avrdude -c usbasp -p m328p -U hfuse:w:0x59:m\n${silence}`,
	);
	assert.equal(first(got), 'isp-wiring');
	assert.equal(got.ispNeeded, 'maybe');
	assert.ok(names(got).includes('isp-spi-disabled'));
});

test('SPIEN as one cannot be written over ISP: it kills nothing, and a readback that differs says that it was kept', () => {
	const silent = diagnose(`$ avrdude -c usbasp -p m32u4 -U hfuse:w:0xf9:m\n${silence}`);
	assert.ok(!names(silent, 6).includes('isp-spi-disabled'));
	const kept = diagnose(
		'$ avrdude -c usbasp -p m328p -U hfuse:w:0xff:m\navrdude: Device signature = 0x1e950f (probably m328p)\navrdude: 1 bytes of hfuse written\navrdude: verifying hfuse memory against 0xff:\navrdude: verification error, first mismatch at byte 0x0000\n         0xdf != 0xff\navrdude: verification error; content mismatch\navrdude done.  Thank you.\n',
	);
	assert.ok(!names(kept, 6).includes('isp-spi-disabled'));
	assert.equal(first(kept), 'isp-wrong-command');
	assert.equal(kept.ispNeeded, 'no');
	assert.match(kept.causes[0]?.meaning ?? '', /SPIEN/);
});

test('silence after a verified fuse is a missing clock only where the value selects another clock', () => {
	const after = (options: string, name: string): Diagnosis =>
		diagnose(
			run(`-p m328p -U ${options}`, fuse(name)) +
				`$ avrdude -c usbasp -p m328p -U flash:w:kb.hex\n${silence}`,
		);
	for (const lfuse of ['0xff', '0xe0', '0xf7']) {
		const got = after(`lfuse:w:${lfuse}:m`, 'lfuse');
		assert.equal(first(got), 'isp-no-clock', lfuse);
		assert.equal(got.ispNeeded, 'yes', lfuse);
	}
	const slow = after('lfuse:w:0x62:m', 'lfuse');
	assert.equal(first(slow), 'isp-sck-too-fast');
	assert.notEqual(slow.ispNeeded, 'yes');
	const brownOut = after('efuse:w:0xfd:m', 'efuse');
	assert.equal(first(brownOut), 'isp-wiring');
	assert.notEqual(brownOut.ispNeeded, 'yes');
	const plain = after('hfuse:w:0xd9:m', 'hfuse');
	assert.equal(first(plain), 'isp-wiring');
	assert.notEqual(plain.ispNeeded, 'yes');
	// A chip with USB has its crystal: that code is what it should be.
	const usual = diagnose(
		`${run('-p m32u4 -U lfuse:w:0x5e:m -U hfuse:w:0xd9:m', fuse('lfuse') + fuse('hfuse'))}$ avrdude -c usbasp -p m32u4 -B 4\n${silence}`,
	);
	assert.equal(first(usual), 'isp-wiring');
	assert.equal(usual.ispNeeded, 'maybe');
	// It answered in between, so the fuse was none that matters.
	const lived = diagnose(
		run('-p m328p -U lfuse:w:0xff:m', fuse('lfuse')) +
			run('-p m328p', '') +
			`$ avrdude -c usbasp -p m328p\n${silence}`,
	);
	assert.equal(first(lived), 'isp-wiring');
	assert.notEqual(lived.ispNeeded, 'yes');
});

test('the first board was written and the second does not answer: its wires, not its fuses', () => {
	const job = '-p m32u4 -U flash:w:boot.hex -U lfuse:w:0x5e:m -U hfuse:w:0xd9:m -U efuse:w:0xc3:m';
	const done = `avrdude: 4096 bytes of flash verified\n${['lfuse', 'hfuse', 'efuse'].map(fuse).join('')}`;
	for (const log of [
		`Board 1:\n${run(job, done)}Board 2:\n$ avrdude -c usbasp ${job}\n${silence}`,
		`${run(job, done)}$ avrdude -c usbasp ${job}\n${silence}`,
		`${run(job, done)}now the second keyboard\n$ avrdude -c usbasp -p m32u4\n${silence}`,
		`${run(job, done)}$ avrdude -c usbasp -p m328p\n${silence}`,
	]) {
		const got = diagnose(log);
		assert.equal(first(got), 'isp-wiring', log);
		assert.notEqual(got.ispNeeded, 'yes', log);
	}
});

const notBlank = 'Erasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\n';
const blank = 'Erasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Empty.\n';
const erase = '$ dfu-programmer atmega32u4 erase --force\n';

test('a later erase that leaves the flash empty outweighs an earlier "not blank"', () => {
	for (const log of [
		erase + notBlank + erase + blank,
		`${notBlank}second keyboard:\n${erase}Checking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\n${blank}`,
		`${erase}${notBlank}${erase}${blank}$ dfu-programmer atmega32u4 flash kb.hex\ndfu-programmer: no device present.\n`,
	]) {
		const got = diagnose(log);
		assert.ok(!names(got, 6).includes('dfu-erase-ineffective'), log);
		assert.notEqual(got.ispNeeded, 'yes', log);
	}
	assert.equal(first(diagnose(erase + blank + erase + notBlank)), 'dfu-erase-ineffective');
	assert.equal(first(diagnose(erase + notBlank + erase + notBlank)), 'dfu-erase-ineffective');
});

test('"not blank" ends an attempt: a later one on another board decides, and the family goes with it', () => {
	const got = diagnose(
		`board one\n${erase}${notBlank}board two\navrdude -p m32u4 -c avr109 -P /dev/ttyACM0 -U flash:w:x.hex\navrdude OS error: cannot open port /dev/ttyACM0: No such file or directory\n`,
	);
	assert.equal(
		got.causes.slice(0, 2).some(cause => cause.cause === 'dfu-erase-ineffective'),
		false,
	);
	assert.equal(got.ispNeeded, 'no');
	assert.equal(got.family, 'caterina');
	const other = diagnose(
		`avrdude -p m32u4 -c avr109 -P /dev/ttyACM0 -U flash:w:x.hex\navrdude: butterfly_recv(): programmer is not responding\navrdude: butterfly_recv(): programmer is not responding\n$ dfu-programmer atmega32u4 erase --force\ndfu-programmer: no device present.\n`,
	);
	assert.equal(first(other), 'dfu-no-device');
	assert.equal(other.family, 'dfu');
});

test('a verified fuse that turns ISP off or names an outside clock is not "the board is fine"', () => {
	for (const [options, name, cause, words] of [
		['-p m328p -U hfuse:w:0x59:m', 'hfuse', 'isp-spi-disabled', /RSTDISBL/],
		['-p m328p -U hfuse:w:0x99:m', 'hfuse', 'isp-spi-disabled', /DWEN/],
		['-p m32u4 -U lfuse:w:0x60:m', 'lfuse', 'isp-no-clock', /external clock/],
	] as const) {
		const got = diagnose(run(options, fuse(name)));
		assert.equal(first(got), cause, options);
		assert.notEqual(got.ispNeeded, 'no', options);
		const said = `${got.causes[0]?.meaning} ${got.causes[0]?.next.join(' ')}`;
		assert.match(said, words, options);
		assert.doesNotMatch(said, /It worked|board is fine/, options);
		assert.doesNotMatch(got.causes[0]?.meaning ?? '', /does not answer|stands still\.$/, options);
	}
	for (const options of ['-p m32u4 -U lfuse:w:0x5e:m', '-p m328p -U lfuse:w:0xe2:m'])
		assert.equal(first(diagnose(run(options, fuse('lfuse')))), 'tool-success', options);
	assert.equal(first(diagnose(run('-p m328p -U hfuse:w:0xd9:m', fuse('hfuse')))), 'tool-success');
});

test('an application alone went over ISP, and then no bootloader answers: ISP took it away', () => {
	const isp = (file: string, bytes: number, command = '-c usbasp'): string =>
		`avrdude ${command} -p m32u4 -U flash:w:${file}\navrdude: erasing chip\navrdude: ${bytes} bytes of flash written\navrdude: ${bytes} bytes of flash verified\navrdude done.  Thank you.\n`;
	const calls = {
		dfu: '$ dfu-programmer atmega32u4 erase\ndfu-programmer: no device present.\n',
		qmk: '$ qmk flash\nFlashing for bootloader: caterina\nWaiting for USB serial port - reset your controller now (Ctrl+C to cancel).................\n',
		caterina:
			'avrdude -p m32u4 -c avr109 -P /dev/ttyACM0 -U flash:w:kb.hex\navrdude: butterfly_recv(): programmer is not responding\n',
	};
	for (const call of Object.values(calls)) {
		const got = diagnose(isp('kb.hex', 22048) + call);
		assert.equal(first(got), 'bootloader-missing', call);
		assert.equal(got.ispNeeded, 'yes', call);
		const whole = diagnose(isp('kb.hex', 32768) + call);
		assert.notEqual(whole.ispNeeded, 'no', call);
		assert.notEqual(whole.ispNeeded, 'yes', call);
		const loader = diagnose(isp('kb_production.hex', 22048) + call);
		assert.notEqual(loader.ispNeeded, 'yes', call);
	}
	assert.notEqual(
		first(diagnose(isp('kb.hex', 22048, '-c avr109 -P /dev/ttyACM0') + calls.caterina)),
		'bootloader-missing',
	);
});

test('the board whose bootloader is called is another one: an ISP write elsewhere says nothing about it', () => {
	const isp =
		'avrdude -c usbasp -p m32u4 -U flash:w:kb.hex\navrdude: 22048 bytes of flash verified\navrdude done.  Thank you.\n';
	for (const rest of [
		'now the other keyboard:\n$ dfu-programmer atmega32u4 erase\ndfu-programmer: no device present.\n',
		'$ dfu-programmer at90usb1286 erase\ndfu-programmer: no device present.\n',
	])
		assert.equal(first(diagnose(isp + rest)), 'dfu-no-device', rest);
	assert.equal(
		first(
			diagnose(
				`${isp}$ avrdude -c avr109 -p m32u4 -P COM9 -U flash:w:kb.hex\navrdude: ser_open(): can't open device "\\\\.\\COM9": The system cannot find the file specified.\n`,
			),
		),
		'bootloader-missing',
	);
});

test('an answer invents no living board: nothing on USB may be a dead bootloader, and what was not tried proves nothing', () => {
	const ask = (log: string, id: string, answer: RegExp): Diagnosis => {
		const got = diagnose(log);
		const question = got.questions.find(each => each.id === id);
		assert.ok(question, id);
		const index = question.answers.findIndex(text => answer.test(text));
		assert.ok(index >= 0, `${id} ${answer}`);
		return answerQuestion(got, id, index);
	};
	const dfu = 'dfu-programmer atmega32u4 erase\ndfu-programmer: no device present.\n';
	const nothing = ask(dfu, 'dfu-seen', /nothing changes/);
	assert.equal(nothing.ispNeeded, 'maybe');
	assert.ok(names(nothing).includes('bootloader-missing'));
	assert.doesNotMatch(nothing.causes[0]?.meaning ?? '', /alive/);
	assert.equal(nothing.causes[0]?.nextIds?.at(-1), 'isp-last');
	const caterina =
		'avrdude -p m32u4 -c avr109 -P COM5\nConnecting to programmer: .avrdude: butterfly_recv(): programmer is not responding\n';
	const untried = ask(caterina, 'caterina-double-tap', /not tried/);
	assert.equal(untried.ispNeeded, 'maybe');
	assert.equal(first(untried), 'caterina-not-responding');
	const gone = ask(caterina, 'caterina-double-tap', /Nothing new/);
	assert.equal(gone.ispNeeded, 'maybe');
	assert.ok(names(gone).includes('bootloader-missing'));
	const usbasp = `avrdude -c usbasp -p m328p\n${silence}`;
	assert.equal(first(ask(usbasp, 'isp-power', /cannot measure/)), 'isp-wiring');
	assert.equal(first(ask(usbasp, 'isp-power', /^No/)), 'isp-target-unpowered');
	for (const id of ['dfu-seen'])
		assert.ok(!nothing.questions.some(question => question.id === id), 'asked once');
});

test('success that is none: a flash that differed, a validation that failed or was switched off', () => {
	const mismatch = diagnose(
		run(
			'-p m32u4 -U flash:w:boot.hex',
			'avrdude: 4096 bytes of flash written\navrdude warning: verification mismatch\n         device 0x3f != input 0x0c at addr 0x7044 (error)\navrdude error: verification mismatch\n',
		) + run('-p m32u4 -U lfuse:w:0x5e:m', fuse('lfuse')),
	);
	assert.notEqual(first(mismatch), 'tool-success');
	assert.ok(names(mismatch).includes('isp-wiring'));
	const eeprom = diagnose(
		'Found programmer: Id = "CATERIN"; type = S\navrdude: verifying flash memory against kb.hex:\navrdude: verification error, first mismatch at byte 0x0000\n         0xff != 0x0c\navrdude: verification error; content mismatch\navrdude: 16 bytes of eeprom verified\navrdude done.  Thank you.\n',
	);
	assert.equal(first(eeprom), 'caterina-verify-mismatch');
	const invalid = diagnose(
		`${erase}${blank}$ dfu-programmer atmega32u4 flash kb.hex\nProgramming 0x5600 bytes...\n[>>>>>>>>>>>>>>>>]  Success\nValidating...  ERROR\n22012 invalid bytes in program region, 0 outside region.\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\n`,
	);
	assert.notEqual(first(invalid), 'tool-success');
	assert.notEqual(first(invalid), 'benign-warning');
	const unread = diagnose(
		`${erase}${blank}$ dfu-programmer atmega32u4 flash --force --suppress-validation kb.hex\nProgramming 0x5600 bytes...\n[>>>>>>>>>>>>>>>>]  Success\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\n`,
	);
	assert.equal(first(unread), 'no-error-shown');
	assert.match(unread.causes[0]?.meaning ?? '', /read back/);
	assert.equal(
		first(
			diagnose(
				`${erase}${notBlank}$ dfu-programmer atmega32u4 flash --force --suppress-validation kb.hex\nProgramming 0x5600 bytes...\n[>>>>>>>>>>>>>>>>]  Success\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\n`,
			),
		),
		'dfu-erase-ineffective',
	);
	const unverified = diagnose(
		run('-V -p m32u4 -U flash:w:kb.hex', 'avrdude: 22048 bytes of flash written\n'),
	);
	assert.match(unverified.causes[0]?.meaning ?? '', /read back/);
});

test('real success is not a failure: the loader left before it answered', () => {
	for (const log of [
		'Found programmer: Id = "CATERIN"; type = S\navrdude: 22048 bytes of flash verified\navrdude: butterfly_recv(): programmer is not responding\navrdude: error: programmer did not respond to command: leave prog mode\navrdude done.  Thank you.\n',
		'avrdude -c avr109 -p m32u4 -P /dev/ttyACM0 -U flash:w:kb.hex\navrdude: 22048 bytes of flash verified\navrdude error: programmer is not responding\navrdude error: programmer did not respond to command: leave prog mode\navrdude done.  Thank you.\n',
		'Validating...  Success\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\ndfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)\n',
		'dfu-programmer atmega32u4 flash kb.hex --debug 20\nValidating...  Success\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\ndfu-programmer atmega32u4 reset --debug 20\ndfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)\n',
	]) {
		const got = diagnose(log);
		assert.ok(['benign-warning', 'tool-success'].includes(first(got)), `${first(got)} ${log}`);
		assert.equal(got.ispNeeded, 'no', log);
		assert.notEqual(got.family, 'none', log);
	}
	const later = diagnose(
		'Validating...  Success\n0x5600 bytes written into 0x7000 bytes memory (76.79%).\n$ dfu-programmer atmega32u4 flash b.hex\nProgramming 0x5600 bytes...\ndfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)\nDevice is write protected.\n',
	);
	assert.equal(first(later), 'dfu-write-refused');
});

test('written over ISP, then the computer cannot enumerate it: clock, fuses or the USB path', () => {
	const got = diagnose(
		'avrdude -c usbasp -p m32u4 -U flash:w:kb.hex -U lfuse:w:0xff:m\navrdude: 28672 bytes of flash verified\navrdude: 1 byte of lfuse verified\navrdude done.  Thank you.\n[ 1201.123456] usb 1-2: new full-speed USB device number 12 using xhci_hcd\n[ 1201.323456] usb 1-2: device descriptor read/64, error -71\n[ 1202.223456] usb usb1-port2: unable to enumerate USB device\n',
	);
	assert.equal(first(got), 'usb-enumeration-failure');
	assert.equal(got.ispNeeded, 'maybe');
	assert.ok(got.causes[0]?.nextIds?.includes('check-fuses'));
});

test('a USB identity in a command or in "not found" was asked for, not seen', () => {
	const asked = diagnose(
		'user@debian:~$ sudo dfu-util -a 0 -d 0483:df11 -s 0x08000000:leave -D kb.bin\ndfu-util 0.11\ndfu-util: No DFU capable USB device available\n',
	);
	assert.equal(first(asked), 'dfu-no-device');
	assert.equal(asked.facts.usbIds, undefined);
	const missing = diagnose(
		'user@box:~$ avrdude -c micronucleus -p t85 -U flash:w:x.hex\navrdude error: cannot find device with Micronucleus bootloader (16D0:0753)\n',
	);
	assert.equal(missing.facts.usbIds, undefined);
	const seen = diagnose(
		'$ lsusb\nBus 001 Device 009: ID 03eb:2ff4 Atmel Corp. atmega32u4 DFU bootloader\n$ dfu-util -a 0 -d 0483:df11 -s 0x8000000:leave -D kb.bin\ndfu-util: No DFU capable USB device available\n',
	);
	assert.deepEqual(seen.facts.usbIds, ['03eb:2ff4']);
	assert.equal(first(seen), 'wrong-tool-for-bootloader');
});

test('one line about an XMEGA denies ISP to no other board', () => {
	const got = diagnose(
		`$ dfu-programmer atxmega128a4u erase\ndfu-programmer: no device present.\n${erase}${notBlank}$ dfu-programmer atmega32u4 flash --force kb.hex\nProgramming 0x5600 bytes...\n[ X  ERROR\nMemory write error, use debug for more info.\n`,
	);
	assert.equal(first(got), 'dfu-erase-ineffective');
	assert.equal(got.ispNeeded, 'yes');
	assert.ok(got.causes[0]?.nextIds?.includes('isp-bootloader'));
});

test('the file name ends where it ends, however long its line', () => {
	for (const [log, file] of [
		[
			'$ dfu-programmer atmega32u4 flash planck.hex\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\n',
			'planck.hex',
		],
		[
			'joe@box:~$ dfu-programmer atmega32u4 flash /home/joe/qmk/kb.hex\nChecking memory from 0x0 to 0x5C7F...  Empty.\n',
			'/home/joe/qmk/kb.hex',
		],
		[
			'>>> dfu-programmer.exe atmega32u4 flash --force "C:\\Users\\joe\\kb.hex"\n    dfu-programmer: no device present.\n',
			'C:\\Users\\joe\\kb.hex',
		],
		['dfu-programmer atmega32u4 flash kb.hex --debug 20\nValidating...  Success\n', 'kb.hex'],
		[
			'dfu-programmer atmega32u4 flash --force /home/joe/a/rather/long/path/to/some/firmware/na\nme.hex\n',
			'/home/joe/a/rather/long/path/to/some/firmware/name.hex',
		],
	] as const)
		assert.equal(diagnose(log).facts.file, file, log);
});

test('a bootloader was burnt, then an upload through it fails: that is about the upload', () => {
	const got = diagnose(
		'avrdude -patmega328p -cusbasp -Pusb -Uflash:w:optiboot_atmega328.hex:i -Ulock:w:0x0F:m\navrdude: 32768 bytes of flash verified\navrdude: 1 bytes of lock verified\navrdude done.  Thank you.\navrdude -patmega328p -carduino -PCOM3 -b115200 -D -Uflash:w:x.hex:i\navrdude: stk500_recv(): programmer is not responding\navrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00\n',
	);
	assert.equal(first(got), 'serial-not-in-sync');
	assert.equal(got.family, 'arduino-serial');
	assert.equal(got.ispNeeded, 'maybe');
});

test('`-c arduino -b 19200 -D` on an ATmega168 is an upload, without -D on a 328 the programmer sketch', () => {
	const log = (options: string): string =>
		`avrdude ${options} -Uflash:w:x.hex:i\navrdude: stk500_recv(): programmer is not responding\navrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00\n`;
	const upload = diagnose(log('-patmega168 -carduino -P/dev/ttyUSB0 -b19200 -D'));
	assert.equal(first(upload), 'serial-not-in-sync');
	assert.equal(upload.family, 'arduino-serial');
	assert.equal(first(diagnose(log('-patmega328p -carduino -P/dev/ttyUSB0 -b19200'))), 'isp-arduino-as-isp');
});

test('signatures that wander or belong to no chip are the link, not another chip', () => {
	for (const log of [
		'avrdude -c usbtiny -p m32u4\navrdude: device signature = 0x1e9587 (retrying)\navrdude: device signature = 0x1e9487 (retrying)\navrdude: device signature = 0x1e1587\navrdude error: expected signature for ATmega32U4 is 1E 95 87\n',
		'$ avrdude -c usbtiny -p m32u4\navrdude: device signature = 0x1e1587\navrdude error: expected signature for ATmega32U4 is 1E 95 87\n$ avrdude -c usbtiny -p m32u4\navrdude: device signature = 0x1e9507\navrdude error: expected signature for ATmega32U4 is 1E 95 87\n',
	]) {
		const got = diagnose(log);
		assert.ok(['isp-sck-too-fast', 'isp-wiring'].includes(first(got)), first(got));
		assert.ok(!names(got, 6).includes('isp-wrong-chip'));
	}
	assert.equal(
		first(
			diagnose(
				'avrdude -c usbtiny -p m32u4\navrdude: device signature = 0x1e950f (probably m328p)\navrdude error: expected signature for ATmega32U4 is 1E 95 87\n',
			),
		),
		'isp-wrong-chip',
	);
});

test('messages of avrdude 7.1 and of its bootloader programmers reach a verdict', () => {
	for (const [log, cause, family, isp] of [
		[
			'avrdude -c flip1 -p m32u4 -U flash:w:kb.hex\navrdude error: unable to write 128 bytes of flash memory @0: errWRITE: Device is unable to write memory\navrdude error: unable to write flash memory, rc=-1\n',
			'dfu-write-refused',
			'dfu',
			'maybe',
		],
		[
			'avrdude -c teensy -p m32u4 -U flash:w:kb.hex\navrdude error: unable to write page: hid_error is not implemented yet\navrdude error: unable to write flash memory, rc=-1\n',
			'usb-transient',
			'halfkay',
			'no',
		],
		[
			'avrdude -c teensy -p m32u4 -U flash:w:kb.hex\navrdude error: Teensy board not supported (HID usage 0x21)\n',
			'wrong-mcu-option',
			'halfkay',
			'no',
		],
		[
			'avrdude -c avrispmkII -p m4809 -P usb\navrdude error: part ATmega4809 has no ISP interface\navrdude error: initialization failed, rc=-1\n',
			'wrong-programmer-option',
			'isp-programmer',
			'no',
		],
		[
			'avrdude -c micronucleus -p t85 -U flash:w:x.hex\navrdude error: cannot find device with Micronucleus bootloader (16D0:0753)\navrdude error: unable to open programmer micronucleus on port usb\n',
			'not-in-bootloader',
			'micronucleus',
			'no',
		],
		[
			'avrdude error: cannot find device with Micronucleus bootloader (16D0:0753)\n',
			'not-in-bootloader',
			'micronucleus',
			'no',
		],
		[
			'avrdude -c teensy -p m32u4 -U flash:w:kb.hex\navrdude error: cannot find device with Teensy bootloader (16C0:0478)\n',
			'not-in-bootloader',
			'halfkay',
			'no',
		],
		[
			'avrdude -c flip1 -p m32u4 -U flash:w:kb.hex\navrdude error: USB access denied for device 03eb:2ff4\navrdude error: unable to open programmer flip1 on port usb\n',
			'usb-permission',
			'dfu',
			'no',
		],
		[
			'avrdude error: SDO->SDI check failed (got 0x00 0x00 0x00 0x00)\n',
			'isp-wiring',
			'isp-programmer',
			'no',
		],
		[
			'avrdude -c usbasp -p m32u4 -U flash:w:x.hex\navrdude: device signature = 0x1e9587 (probably m32u4)\navrdude: writing 28672 bytes flash ...\navrdude error: error sending control message: No such device (it may have been disconnected)\navrdude error: unable to write flash memory, rc=-1\n',
			'isp-programmer-link',
			'isp-programmer',
			'no',
		],
		[
			'avrdude -c avrispmkII -p m32u4 -P usb\navrdude: stk500v2_command(): command failed\navrdude: Target voltage 0.0 V\navrdude: bad AVRISPmkII connection status: Target not detected\n',
			'isp-target-unpowered',
			'isp-programmer',
			'no',
		],
		[
			'dfu-programmer atmega32u4 flash fw.bin\nError parsing the line.\nSomething went wrong with creating the memory image.\n',
			'bad-hex-file',
			'dfu',
			'no',
		],
		[
			'> Device is found!\n> Erasing the memory ...\n>> Eep! Connection to device lost during erase! Not to worry\n>> Erase error -71 has occured ...\n>> Please unplug the device and restart the program.\n',
			'usb-transient',
			'micronucleus',
			'no',
		],
	] as const) {
		const got = diagnose(log);
		assert.equal(first(got), cause, log);
		assert.equal(got.family, family, log);
		assert.equal(got.ispNeeded, isp, log);
	}
	for (const log of [
		'> Device is found!\n> Error loading or parsing hex file.\n',
		'> Device is found!\n> No data in input file, exiting.\n',
	])
		assert.equal(diagnose(log).tool, 'micronucleus');
});

test('avrdude 8 names the memory that differs: a fuse is no flash', () => {
	const unused = diagnose(
		'Warning: efuse verification mismatch\n  device 0xcb != input 0xfb at addr 0x0000 (error)\nError: efuse verification mismatch\n',
	);
	assert.equal(first(unused), 'isp-fuse-unused-bits');
	assert.equal(unused.tool, 'avrdude');
	const real = diagnose(
		'avrdude -c usbasp -p m32u4 -U hfuse:w:0xd9:m\nWarning: hfuse verification mismatch\n  device 0x99 != input 0xd9 at addr 0x0000 (error)\nError: hfuse verification mismatch\n',
	);
	assert.ok(!names(real, 6).includes('isp-lock-bits'));
	assert.equal(real.family, 'isp-programmer');
});

test('chat is not a log: a verdict needs the words of a tool', () => {
	for (const text of [
		'Yikes! I spilled coffee over my keyboard and it is not responding any more.',
		'My line to the port authority was busy, and the device was in use by somebody. I write from a Mac.',
		'I opened the box in a hurry, the support line was busy. Not blank at all, I say!',
		'The keyboard port is in use and my hands are busy.',
		'A segmentation fault in my head, said the man.',
		'It was booting.',
		'booting',
	]) {
		const got = diagnose(text);
		assert.ok(['unrelated', 'insufficient-evidence'].includes(first(got)), `${first(got)}: ${text}`);
		assert.notEqual(got.ispNeeded, 'yes');
	}
	assert.equal(
		first(diagnose('I get this: "Unknown USB device (device descriptor request failed)"')),
		'usb-enumeration-failure',
	);
	assert.equal(first(diagnose("For me avrdude says: target doesn't answer. 1")), 'isp-wiring');
	assert.equal(first(diagnose('avrdude: Yikes!  Invalid device signature.')), 'isp-wiring');
	assert.equal(first(diagnose("Error opening serial port 'COM3'. (Port busy)")), 'serial-port-busy');
});

test('the Toolbox shows a fitting driver and the tool no device: not the driver first', () => {
	const got = diagnose(
		"QMK Toolbox 0.2.2 (https://qmk.fm/toolbox)\nAtmel DFU device connected (WinUSB): Atmel Corp. ATmega32U4 (03EB:2FF4:0000)\nAttempting to flash, please don't remove device\n>>> dfu-programmer.exe atmega32u4 erase --force\n    dfu-programmer: no device present.\nFlash complete\nAtmel DFU device disconnected (WinUSB): Atmel Corp. ATmega32U4 (03EB:2FF4:0000)\n",
	);
	assert.equal(first(got), 'dfu-no-device');
});

test('fuses read to the terminal are facts, a port has one spelling, marks alone are an empty paste', () => {
	const read = '$ avrdude -c usbasp -p m32u4 -U lfuse:r:-:h -U hfuse:r:-:h -U efuse:r:-:h\n';
	const want = {low: '5e', high: '99', extended: 'f3'};
	assert.deepEqual(diagnose(`${read}0x5e\n0x99\n0xf3\n`).facts.fuses, want);
	assert.deepEqual(
		diagnose(
			`${read}avrdude: reading lfuse memory ...\navrdude: writing output file <stdout>\n0x5e\navrdude: reading hfuse memory ...\navrdude: writing output file <stdout>\n0x99\navrdude: reading efuse memory ...\navrdude: writing output file <stdout>\n0xf3\n`,
		).facts.fuses,
		want,
	);
	assert.equal(diagnose(`${read}0x5e\n`).facts.fuses, undefined);
	assert.equal(
		diagnose('avrdude: ser_open(): can\'t open device "\\\\.\\COM9": Access is denied.').facts.port,
		'COM9',
	);
	for (const text of ['> \n> \n>\n', '*** \n*** \n', '\t\t\t\n\t\t\t\n', '[12:01:02] \n'])
		assert.equal(first(diagnose(text)), first(diagnose('')), JSON.stringify(text));
});
