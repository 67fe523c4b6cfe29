// The board's bootloaders served to real programs: our own built `flash`, dfu-programmer, avrdude and teensy_loader_cli
// write the same image; what the chip then holds decides.
import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {ispImage, sketchImage} from '../../src/bench/boot/images.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {
	assertHoldsImage,
	type FlashOutcome,
	hexFile,
	isKeyboard,
	keyboard,
	keyboardFor,
	keyboardHex,
	old,
	resultOf,
	scratch,
	until,
	withBoard,
} from '../helpers/board-peers.ts';
import {asImage, boardKind, waitingBoard} from '../helpers/boards.ts';
import {peerTest} from '../helpers/peers.ts';

// Criterion: the same image, through our program and through everybody else's.
const own: readonly (readonly [string, readonly string[]])[] = [
	['Atmel DFU', []],
	['Atmel DFU that says errNOTDONE meanwhile', []],
	['Atmel DFU of 128 KB', []],
	['LUFA DFU', []],
	['QMK DFU', []],
	['Caterina', []],
	['HalfKay', []],
	['HalfKay that stalls while busy', ['--board', 'teensy_2']],
	['HalfKay of 128 KB', []],
	['bootloadHID', []],
	['USBaspLoader with a chip erase', ['--bootloader', 'usbasploader', '--chip', 'm328p']],
	['USBaspLoader that erases pages', ['--bootloader', 'usbasploader', '--chip', 'm328p']],
	['LUFA HID', ['--chip', 'm32u4']],
	['QMK HID', ['--chip', 'm32u4']],
];
for (const [name, options] of own) {
	peerTest(`flash through real USB packages: ${name}`, {virtualUsb: true}, () =>
		withBoard(boardKind(name), [old], async served => {
			const {rig} = served;
			const {image, file} = keyboardFor(boardKind(name));
			const command = [process.execPath, 'dist/cli.js', 'flash', file, '--json', ...options];
			const said = await rig.run(command, {frozen: true});
			assert.equal(said.code, 0, said.stdout + said.stderr);
			const result = resultOf(said.stdout);
			assert.equal(result.verified, boardKind(name).canRead);
			assert.equal(result.verifiedBytes, boardKind(name).canRead ? 12_345 : 0);
			assert.equal(result.application?.vidPid, 'feed:6060', 'the keyboard was seen');
			assertHoldsImage(served, image, said.stdout);
		}),
	);
}

const others: readonly (readonly [string, string, string, readonly (readonly string[])[], RegExp])[] = [
	// board, program, name, commands, what it must have said
	[
		'Atmel DFU',
		'dfu-programmer',
		'dfu-programmer',
		[
			['dfu-programmer', 'atmega32u4', 'erase'],
			['dfu-programmer', 'atmega32u4', 'flash', keyboardHex],
			['dfu-programmer', 'atmega32u4', 'start'],
		],
		/Validating\.\.\./,
	],
	[
		'LUFA DFU',
		'dfu-programmer',
		'dfu-programmer',
		[
			['dfu-programmer', 'atmega32u4', 'erase'],
			['dfu-programmer', 'atmega32u4', 'flash', keyboardHex],
			['dfu-programmer', 'atmega32u4', 'reset'],
		],
		/Validating\.\.\./,
	],
	[
		'Atmel DFU of 128 KB',
		'dfu-programmer',
		'dfu-programmer',
		[
			['dfu-programmer', 'at90usb1287', 'erase'],
			['dfu-programmer', 'at90usb1287', 'flash', keyboardHex],
			['dfu-programmer', 'at90usb1287', 'start'],
		],
		/Validating\.\.\./,
	],
	[
		'Atmel DFU',
		'avrdude',
		'avrdude -c flip1',
		[['avrdude', '-c', 'flip1', '-p', 'm32u4', '-e', '-U', `flash:w:${keyboardHex}:i`]],
		/12345 bytes of flash verified/,
	],
	[
		'Caterina',
		'avrdude',
		'avrdude -c avr109',
		[['avrdude', '-c', 'avr109', '-p', 'm32u4', '-P', '/dev/ttyACM0', '-U', `flash:w:${keyboardHex}:i`]],
		/12345 bytes of flash verified/,
	],
	[
		'HalfKay',
		'teensy_loader_cli',
		'teensy_loader_cli',
		[['teensy_loader_cli', '--mcu=atmega32u4', '-v', keyboardHex]],
		/Booting/,
	],
	...(['USBaspLoader with a chip erase', 'USBaspLoader that erases pages'] as const).map(
		board =>
			[
				board,
				'avrdude',
				'avrdude -c usbasp',
				[['avrdude', '-c', 'usbasp', '-p', 'm328p', '-U', `flash:w:${keyboardHex}:i`]],
				/12345 bytes of flash verified/,
			] as const,
	),
];
for (const [board, program, name, commands, expected] of others) {
	peerTest(`${name} writes the same image: ${board}`, {programs: [program], virtualUsb: true}, () =>
		// Only loaders that erase everything are given an old application to get rid of by other programs.
		withBoard(boardKind(board), [old], async served => {
			let said = '';
			for (const command of commands) {
				const run = await served.rig.run(command, {frozen: true});
				said += run.stdout + run.stderr;
				assert.equal(run.code, 0, `${command.join(' ')}\n${said}`);
			}
			assert.match(said, expected);
			const wanted = asImage(keyboard);
			assert.ok(
				sameBytes(served.chip.self.flash(0, wanted.end), wanted.slice(0, wanted.end)),
				`the chip holds the image\n${said}`,
			);
			assert.deepEqual(served.board.trespasses, []);
			if (name !== 'avrdude -c flip1') await until('the keyboard starts', served.rig, isKeyboard(served.rig));
		}),
	);
}

// What `flash` promises (cli.md).
peerTest('flash: touches a sketch at 1200 baud, unless told not to', {virtualUsb: true}, () =>
	withBoard(boardKind('Caterina'), [sketchImage()], async served => {
		const {rig, board} = served;
		board.unplug(rig.nowMs());
		board.plug(rig.nowMs());
		rig.skip(300);
		assert.equal(board.state().what, 'application');
		const not = await rig.cli('flash', keyboardHex, '--json', '--no-touch');
		assert.equal(not.code, 1);
		assert.equal(resultOf(not.stdout).error?.kind, 'DeviceMissing');
		assert.equal(board.state().what, 'application');
		const said = await rig.cli('flash', keyboardHex, '--json');
		assert.equal(said.code, 0, said.stderr);
		assert.equal(resultOf(said.stdout).application?.vidPid, 'feed:6060');
		assertHoldsImage(served, keyboard, said.stderr);
	}),
);

peerTest(
	'flash --no-start leaves the loader; files that do not fit are refused with a sentence',
	{virtualUsb: true},
	() =>
		withBoard(boardKind('QMK DFU'), [old], async served => {
			const {rig, board, chip} = served;
			const before = chip.dump().flash;
			const loader = hexFile('loader.hex', served.loader);
			const combined = hexFile('combined.hex', keyboard, served.loader);
			const large = hexFile('large.hex', {byteAddress: 0, data: new Uint8Array(40_000).fill(0x11)});
			for (const [file, kind] of [
				[loader, 'OverlapsBootloader'],
				[combined, 'OverlapsBootloader'],
				[large, 'ImageTooLarge'],
				[keyboardFor(boardKind('Atmel DFU of 128 KB')).file, 'BadHex'],
			] as const) {
				const said = await rig.cli('flash', file, '--json');
				assert.equal(said.code, 2, `${file}: ${said.stderr}`);
				assert.equal(resultOf(said.stdout).error?.kind, kind);
				assert.match(said.stderr, /boot section|only 32768 bytes are there|for another chip/);
			}
			const foreign = keyboardFor(boardKind('Atmel DFU of 128 KB')).file;
			const wrongChip = await rig.cli('flash', foreign, '--json', '--chip', 'at90usb1286');
			assert.equal(resultOf(wrongChip.stdout).error?.kind, 'WrongSignature');
			assert.deepEqual(chip.dump().flash, before);
			const said = await rig.cli('flash', keyboardHex, '--json', '--no-start');
			assert.equal(said.code, 0, said.stderr);
			assert.equal(resultOf(said.stdout).started, false);
			assert.equal(board.state().what, 'loader');
			assertHoldsImage(served, keyboard, said.stderr);
		}),
);

peerTest(
	'flash: the cable is pulled in the middle; the same command again finishes it',
	{virtualUsb: true},
	async () => {
		for (const name of ['Atmel DFU', 'Caterina', 'HalfKay'] as const) {
			await withBoard(boardKind(name), [old], async served => {
				const {rig, board} = served;
				const command = [process.execPath, 'dist/cli.js', 'flash', keyboardHex, '--json', '--chip', 'm32u4'];
				const cut = await rig.run(command, {
					frozen: true,
					onTransfer: index => {
						if (index === 40) board.unplug(rig.nowMs());
					},
				});
				assert.equal(cut.code, 1, `${name}: ${cut.stderr}`);
				const result = resultOf(cut.stdout);
				assert.equal(result.error?.kind, 'DeviceGone', `${name}: ${cut.stdout}`);
				assert.deepEqual(board.trespasses, []);
				board.plug(rig.nowMs());
				rig.skip(500);
				if (board.state().what !== 'loader') board.pressReset(rig.nowMs());
				rig.skip(100);
				const again = await rig.run(command, {frozen: true});
				assert.equal(again.code, 0, `${name}: ${again.stderr}`);
				assertHoldsImage(served, keyboard, again.stderr);
			});
		}
	},
);

peerTest('flash: a drive with FLASH.BIN is overwritten in place', {}, async () => {
	const {runCli} = await import('../helpers/cli.ts');
	const drive = mkdtempSync(path.join(scratch, 'drive-'));
	const file = path.join(drive, 'FLASH.BIN');
	writeFileSync(file, new Uint8Array(0x6800).fill(0x77));
	const said = await runCli(['flash', keyboardHex, '--bootloader', 'lufa-ms', '--port', drive, '--json']);
	assert.equal(said.code, 0, said.stderr);
	assert.equal(resultOf(said.stdout).verified, false, 'the system would answer from its cache');
	assert.match(said.stderr, /Eject the drive/);
	assert.deepEqual(Uint8Array.from(readFileSync(file)), asImage(keyboard).slice(0, 0x6800));
	const none = await runCli(['flash', keyboardHex, '--bootloader', 'lufa-ms', '--port', scratch, '--json']);
	assert.equal(resultOf(none.stdout).error?.kind, 'DeviceMissing');
});

peerTest('practice without a terminal tells the whole story, for DFU and for Caterina', {}, async () => {
	const {runCli} = await import('../helpers/cli.ts');
	for (const [scenario, loader] of [
		['dfu', 'Atmel DFU'],
		['healthy', 'Caterina'],
	] as const) {
		const said = await runCli(['--practice', scenario]);
		assert.equal(said.code, 0, said.stdout + said.stderr);
		assert.match(said.stdout, new RegExp(`${loader}.* is on USB\\. The board is back\\.`));
		assert.match(said.stdout, /keymap is flashed .*read back and equal.*shows itself as feed:6060/);
	}
});

peerTest('flash: a bare port must be named, and then works', {programs: ['python3']}, async () => {
	const {runCli} = await import('../helpers/cli.ts');
	const {serveOnPty} = await import('../helpers/pty.ts');
	const board = await waitingBoard(boardKind('Caterina'));
	const serial = board.board.onBus()?.usb?.serial;
	assert.ok(serial);
	const pty = await serveOnPty({
		open() {},
		close() {},
		powerCycle() {},
		receive(data, atMs) {
			for (let at = 0; at < data.length; at += serial.packetBytes)
				serial.out(data.slice(at, at + serial.packetBytes), atMs);
		},
		wireMs: () => 0,
		nextReplyMs: untilMs => serial.nextReplyMs(untilMs),
		busyUntilMs: () => 0,
		take: (maxBytes, atMs) => serial.take(maxBytes, atMs),
	});
	try {
		const at = ['flash', keyboardHex, '--port', pty.path, '--json'];
		const unnamed = await runCli(at);
		assert.equal(unnamed.code, 2);
		assert.match(unnamed.stderr, /name it by --bootloader/);
		const wrongChip = await runCli([...at, '--bootloader', 'caterina', '--chip', 'm16u4']);
		assert.notEqual(wrongChip.code, 0);
		const said = await runCli([...at, '--bootloader', 'caterina', '--no-start']);
		assert.equal(said.code, 0, said.stderr);
		assert.equal(resultOf(said.stdout).verifiedBytes, 12_345);
		assertHoldsImage(board, keyboard, said.stderr);
	} finally {
		await pty.close();
	}
});

const avr109 = ['avrdude', '-c', 'avr109', '-p', 'm32u4', '-P', '/dev/ttyACM0'] as const;

// `prepare`: the spare board comes back as a programmer that answers.
const ispHex = hexFile('isp.hex', ispImage());
peerTest('prepare promicro_isp: touch, write, back as a programmer', {virtualUsb: true}, () =>
	withBoard(boardKind('Caterina'), [sketchImage()], async ({rig, board, chip}) => {
		board.unplug(rig.nowMs());
		board.plug(rig.nowMs());
		rig.skip(300);
		const said = await rig.cli('prepare', 'promicro_isp', '--firmware', ispHex, '--yes', '--json');
		assert.equal(said.code, 0, said.stdout.slice(-600) + said.stderr);
		const result = resultOf(said.stdout) as FlashOutcome & {
			readonly port?: string;
			readonly firmware?: string;
		};
		assert.equal(result.ok, true);
		assert.match(result.port ?? '', /ttyACM/);
		assert.ok(sameBytes(chip.self.flash(0, ispImage().data.length), ispImage().data));
		assert.equal(board.state().what, 'application');
	}),
);
peerTest('prepare teensy2_isp: the button, write, back as a programmer', {virtualUsb: true}, () =>
	withBoard(boardKind('HalfKay'), [old], async ({rig, board, chip}) => {
		board.unplug(rig.nowMs());
		board.plug(rig.nowMs());
		rig.skip(300);
		assert.equal(board.state().what, 'application');
		let pressed = false;
		const command = [process.execPath, 'dist/cli.js', 'prepare', 'teensy2_isp'];
		const said = await rig.run([...command, '--firmware', ispHex, '--yes', '--json'], {
			onOutput(text) {
				if (pressed || !text.includes('press-button')) return;
				pressed = true;
				board.pressReset(rig.nowMs());
				rig.skip(10);
			},
		});
		assert.equal(said.code, 0, said.stdout.slice(-600) + said.stderr);
		assert.ok(pressed, 'it asked for the button');
		assert.ok(sameBytes(chip.self.flash(0, ispImage().data.length), ispImage().data));
	}),
);
peerTest(
	'the spare boards take the same firmware from avrdude and teensy_loader_cli',
	{programs: ['avrdude', 'teensy_loader_cli'], virtualUsb: true},
	async () => {
		await withBoard(boardKind('Caterina'), [sketchImage()], async ({rig, chip}) => {
			const said = await rig.run([...avr109, '-U', `flash:w:${ispHex}:i`], {frozen: true});
			assert.equal(said.code, 0, said.stderr);
			assert.ok(sameBytes(chip.self.flash(0, ispImage().data.length), ispImage().data));
		});
		await withBoard(boardKind('HalfKay'), [old], async ({rig, chip}) => {
			const said = await rig.run(['teensy_loader_cli', '--mcu=atmega32u4', ispHex]);
			assert.equal(said.code, 0, said.stderr);
			assert.ok(sameBytes(chip.self.flash(0, ispImage().data.length), ispImage().data));
		});
	},
);
