// The board's bootloaders served to real programs: our own built `flash`, dfu-programmer, avrdude and teensy_loader_cli
// write the same image; what the chip then holds decides. And what the third-party loaders were seen to do (Caterina,
// Atmel DFU), seen through these programs.
import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {type BenchImage, ispImage, keyboardImage, sketchImage} from '../../src/bench/boot/images.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type BoardRig, serveBoard} from '../helpers/board-rig.ts';
import {asImage, type BoardKind, boardKind, waitingBoard} from '../helpers/boards.ts';
import {peerTest} from '../helpers/peers.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'bootloaders-'));
after(() => rmSync(scratch, {recursive: true, force: true}));

const keyboard = keyboardImage(12_345);
const keyboardHex = hexFile('keyboard.hex', keyboard);
const old = keyboardImage(20_000, {vendorId: 0xbeef, productId: 0x0001});

function hexFile(name: string, ...images: readonly BenchImage[]): string {
	const file = path.join(scratch, name);
	writeFileSync(file, printIntelHex(createImage(images)));
	return file;
}

type Served = Awaited<ReturnType<typeof waitingBoard>> & {readonly rig: BoardRig};

/** A board with its loader waiting, beside real programs. */
async function withBoard(
	kind: BoardKind,
	applications: readonly BenchImage[],
	work: (served: Served) => Promise<void>,
): Promise<void> {
	const board = await waitingBoard(kind, applications);
	const rig = await serveBoard(board.board);
	rig.skip(board.clock.nowMs());
	try {
		await work({...board, rig});
	} finally {
		rig.close();
	}
}

const settleMs = 20;
async function until(what: string, rig: BoardRig, is: () => boolean, limitMs = 5000): Promise<void> {
	for (let waited = 0; !is(); waited += settleMs) {
		assert.ok(waited < limitMs, `${what}: ${JSON.stringify(rig.board.state())}`);
		await new Promise(resolve => setTimeout(resolve, settleMs));
	}
}
const isKeyboard = (rig: BoardRig) => () => rig.board.state().what === 'application';

function assertHoldsImage(served: Omit<Served, 'rig'>, image: BenchImage, said: string): void {
	const wanted = asImage(image).slice(0, served.bootStart);
	assert.ok(
		sameBytes(served.chip.self.flash(0, served.bootStart), wanted),
		`the chip holds the image\n${said}`,
	);
	assert.deepEqual(served.board.trespasses, []);
	const {byteAddress, data} = served.loader;
	assert.ok(sameBytes(served.chip.self.flash(byteAddress, data.length), data), 'the loader is whole');
}
type Result = {
	readonly ok: boolean;
	readonly verified?: boolean;
	readonly verifiedBytes?: number;
	readonly started?: boolean;
	readonly application?: {readonly vidPid: string} | null;
	readonly error?: {readonly kind: string; readonly message: string};
	readonly chipState?: string;
};
function resultOf(stdout: string): Result {
	const last = stdout.trim().split('\n').at(-1) ?? '';
	return JSON.parse(last) as Result;
}

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
			const said = await rig.cli('flash', keyboardHex, '--json', ...options);
			assert.equal(said.code, 0, said.stdout + said.stderr);
			const result = resultOf(said.stdout);
			assert.equal(result.verified, boardKind(name).canRead);
			assert.equal(result.verifiedBytes, boardKind(name).canRead ? 12_345 : 0);
			assert.equal(result.application?.vidPid, 'feed:6060', 'the keyboard was seen');
			assertHoldsImage(served, keyboard, said.stdout);
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
				const run = await served.rig.run(command);
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

// What third-party loaders were seen to do: Caterina, 16 to 20.
const avr109 = ['avrdude', '-c', 'avr109', '-p', 'm32u4', '-P', '/dev/ttyACM0'] as const;
const avrdudeNeeds = {programs: ['avrdude'], virtualUsb: true};
/** Sends bytes to the port in single writes (one USB packet each) and prints what comes back within 0.3 s. */
const talk = (...writes: readonly string[]) => [
	'python3',
	'-c',
	`
import os, select, sys, termios, tty
fd = os.open('/dev/ttyACM0', os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)
for text in sys.argv[1:]:
    os.write(fd, bytes.fromhex(text))
    got = b''
    while select.select([fd], [], [], 0.3)[0]: got += os.read(fd, 64)
    print(got.hex())
`,
	...writes,
];

peerTest('16: signature 87 95 1E, packets of 16 bytes, ESC without reply, v answered 3F', avrdudeNeeds, () =>
	withBoard(boardKind('Caterina'), [], async ({rig}) => {
		const raw = await rig.run(talk('73', '1b', '76', '53'));
		assert.equal(raw.stdout, '87951e\n\n3f\n4341544552494e\n', raw.stderr);
		const said = await rig.run([...avr109, '-vv', '-U', 'signature:r:-:h']);
		assert.equal(said.code, 0, said.stderr);
		assert.match(said.stderr, /device signature = 0x1e9587/);
		assert.match(said.stderr, /no hardware version given/i);
		const descriptors = await rig.run(['od', '-An', '-v', '-tx1', '/sys/bus/usb/devices/1-1/descriptors']);
		const bytes = descriptors.stdout.replace(/\s+/g, ' ');
		assert.match(bytes, /07 05 04 02 10 00/, 'data OUT: 16 bytes');
		assert.match(bytes, /07 05 83 02 10 00/, 'data IN: 16 bytes');
	}),
);

peerTest('16: of two commands in one packet the second is lost', {virtualUsb: true}, () =>
	withBoard(boardKind('Caterina'), [], async ({rig}) => {
		// S and s together; then S alone.
		const raw = await rig.run(talk('5373', '1b53', '53'));
		assert.equal(raw.stdout, '4341544552494e\n\n4341544552494e\n', raw.stderr);
	}),
);

peerTest(
	'17: told to write at 0x7000 it erases itself; with the lock bits of a factory it does not',
	avrdudeNeeds,
	async () => {
		const evil = hexFile('evil.hex', {byteAddress: 0x7000, data: new Uint8Array(128).fill(0x55)});
		await withBoard(boardKind('Caterina'), [], async ({rig, chip, loader}) => {
			const said = await rig.run([...avr109, '-D', '-V', '-U', `flash:w:${evil}:i`], {timeoutMs: 4000});
			assert.notEqual(said.code, 0, 'it stops answering');
			assert.ok(!sameBytes(chip.self.flash(0x7000, 128), loader.data.subarray(0, 128)));
			rig.board.unplug(rig.nowMs());
			rig.board.plug(rig.nowMs());
			rig.skip(3000);
			assert.equal(rig.board.state().what, 'dead');
		});
		const kind = boardKind('Caterina');
		await withBoard({...kind, more: {lock: 0x2f}}, [], async ({rig, chip, loader}) => {
			const said = await rig.run([...avr109, '-D', '-V', '-U', `flash:w:${evil}:i`]);
			assert.equal(said.code, 0, said.stderr);
			assert.ok(
				sameBytes(chip.self.flash(0x7000, loader.data.length), loader.data),
				'nothing happened, silently',
			);
		});
		// Ours never sends it.
		await withBoard(kind, [old], async ({rig, board}) => {
			const said = await rig.cli('flash', evil, '--json', '--bootloader', 'caterina', '--chip', 'm32u4');
			assert.equal(said.code, 2);
			assert.equal(resultOf(said.stdout).error?.kind, 'OverlapsBootloader');
			assert.deepEqual(board.trespasses, []);
		});
	},
);

peerTest(
	'18: idle, it leaves after 8.04 s; only blocks keep it; after E it goes 0.5 s later',
	avrdudeNeeds,
	() =>
		withBoard(boardKind('Caterina'), [old], async served => {
			const {rig, board} = served;
			rig.skip(7900 - 50);
			assert.equal(board.state().what, 'loader');
			rig.skip(300);
			await until('the application runs', rig, isKeyboard(rig));
			const late = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`]);
			assert.notEqual(late.code, 0);
			assert.match(late.stderr, /can't open device|unable to open/i);

			// Signature and identification do not keep it, a block does.
			await served.enter();
			const entered = rig.nowMs();
			board.pressReset(entered);
			rig.skip(100);
			rig.skip(6000);
			assert.equal((await rig.run(talk('73', '53'))).stdout, '87951e\n4341544552494e\n');
			rig.skip(Math.max(0, entered + 8100 - rig.nowMs()));
			assert.notEqual(board.state().what, 'loader', 'identification does not keep it');
			await until('the application runs', rig, isKeyboard(rig));
			board.pressReset(rig.nowMs());
			rig.skip(6000);
			assert.equal((await rig.run(talk('410000', '67000246'))).stdout.split('\n')[0], '0d');
			rig.skip(6000);
			assert.equal(board.state().what, 'loader', 'a block starts the 8 s anew');

			const said = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`]);
			assert.equal(said.code, 0, said.stderr);
			await until('it leaves', rig, () => board.state().what !== 'loader', 1500);
			await until('the application runs', rig, isKeyboard(rig));
		}),
);

peerTest(
	'19: SparkFun needs two resets within 750 ms; blank, it appears after 755 ms',
	avrdudeNeeds,
	async () => {
		const sparkfun: BoardKind = {
			...boardKind('Caterina'),
			change: {vendorId: 0x1b4f, productId: 0x9205, doubleReset: true},
		};
		await withBoard(sparkfun, [], async ({rig, board}) => {
			board.unplug(rig.nowMs());
			const plugged = rig.nowMs();
			board.plug(plugged);
			board.runTo(plugged + 754);
			assert.equal(board.onBus(), undefined);
			board.runTo(plugged + 756);
			assert.notEqual(board.onBus(), undefined);
			rig.skip(800);
			const said = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`]);
			assert.equal(said.code, 0, said.stderr);
			await until('the keyboard runs', rig, isKeyboard(rig));

			board.pressReset(rig.nowMs());
			rig.skip(400);
			assert.notEqual((await rig.run([...avr109, '-U', 'signature:r:-:h'])).code, 0, 'one reset: no port');
			rig.skip(800);
			await until('the keyboard runs', rig, isKeyboard(rig));
			board.pressReset(rig.nowMs());
			rig.skip(400);
			board.pressReset(rig.nowMs());
			rig.skip(50);
			assert.equal((await rig.run([...avr109, '-U', 'signature:r:-:h'])).code, 0, 'two resets: the loader');
		});
	},
);

peerTest('20: without BOOTRST all looks well until an application is written', avrdudeNeeds, () =>
	withBoard(
		{...boardKind('Caterina'), fuses: {low: 0xff, high: 0xd9, extended: 0xcb}},
		[],
		async ({rig, board}) => {
			const said = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`]);
			assert.equal(said.code, 0, said.stderr);
			await until('the keyboard runs', rig, isKeyboard(rig));
			for (let press = 0; press < 2; press++) {
				board.pressReset(rig.nowMs());
				rig.skip(200);
			}
			assert.notEqual((await rig.run([...avr109, '-U', 'signature:r:-:h'])).code, 0, 'no way back in');
			assert.equal(board.state().what, 'application');
		},
	),
);

peerTest(
	'20: the factory fuses 5E 99 F3 reach DFU only through HWB',
	{programs: ['dfu-programmer'], virtualUsb: true},
	() =>
		withBoard(boardKind('Atmel DFU'), [old], async ({rig, board}) => {
			const ask = ['dfu-programmer', 'atmega32u4', 'get', 'manufacturer'];
			assert.equal((await rig.run(ask)).code, 0, 'RESET with HWB low: it is there');
			board.unplug(rig.nowMs());
			board.plug(rig.nowMs());
			rig.skip(500);
			const none = await rig.run(ask);
			assert.notEqual(none.code, 0);
			assert.match(none.stderr + none.stdout, /no device present/);
			board.pressReset(rig.nowMs());
			rig.skip(100);
			assert.equal((await rig.run(ask)).code, 0);
		}),
);

// 22, and the software security that makes every flash begin with an erase (doc7618).
peerTest(
	'22: Atmel DFU says 58, 1E, 95, 87; refuses everything until it was erased',
	{programs: ['dfu-programmer'], virtualUsb: true},
	() =>
		withBoard(boardKind('Atmel DFU'), [old], async ({rig, chip}) => {
			const dfu = (...args: readonly string[]) => rig.run(['dfu-programmer', 'atmega32u4', ...args]);
			for (const [what, value] of [
				['manufacturer', '0x58'],
				['family', '0x1e'],
				['product-name', '0x95'],
				['product-revision', '0x87'],
			] as const) {
				const said = await dfu('get', what);
				assert.match(said.stdout + said.stderr, new RegExp(`${value} `), what);
			}
			const before = chip.dump().flash;
			assert.notEqual((await dfu('dump')).code, 0, 'read protected');
			assert.notEqual((await dfu('flash', keyboardHex)).code, 0, 'write protected');
			assert.deepEqual(chip.dump().flash, before);
			assert.equal((await dfu('erase')).code, 0);
			assert.equal((await dfu('flash', keyboardHex)).code, 0);
			const dump = await dfu('dump');
			assert.equal(dump.code, 0);
		}),
);

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
			] as const) {
				const said = await rig.cli('flash', file, '--json');
				assert.equal(said.code, 2, `${file}: ${said.stderr}`);
				assert.equal(resultOf(said.stdout).error?.kind, kind);
				assert.match(said.stderr, /^The image[^\n]*\.|^[^\n]*boot section[^\n]*\./);
			}
			const wrongChip = await rig.cli('flash', keyboardHex, '--json', '--chip', 'at90usb1286');
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
				const again = await rig.run(command);
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

// `prepare`: the spare board comes back as a programmer that answers.
const ispHex = hexFile('isp.hex', ispImage());
peerTest('prepare promicro_isp: touch, write, back as a programmer', {virtualUsb: true}, () =>
	withBoard(boardKind('Caterina'), [sketchImage()], async ({rig, board, chip}) => {
		board.unplug(rig.nowMs());
		board.plug(rig.nowMs());
		rig.skip(300);
		const said = await rig.cli('prepare', 'promicro_isp', '--firmware', ispHex, '--yes', '--json');
		assert.equal(said.code, 0, said.stdout.slice(-600) + said.stderr);
		const result = resultOf(said.stdout) as Result & {readonly port?: string; readonly firmware?: string};
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
			const said = await rig.run([...avr109, '-U', `flash:w:${ispHex}:i`]);
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
