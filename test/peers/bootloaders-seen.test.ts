// What third-party loaders were seen to do, 16 to 20 and 22, and the models of the bench do too: seen through avrdude and
// dfu-programmer.
import assert from 'node:assert/strict';
import {sameBytes} from '../../src/engine/bytes.ts';
import {hexFile, isKeyboard, keyboardHex, old, resultOf, until, withBoard} from '../helpers/board-peers.ts';
import {type BoardKind, boardKind} from '../helpers/boards.ts';
import {peerTest} from '../helpers/peers.ts';

// Caterina, 16 to 20.
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
		withBoard(boardKind('Caterina'), [old], async ({rig, board}) => {
			const enter = () => {
				const atMs = rig.nowMs();
				board.pressReset(atMs);
				board.runTo(atMs + 100);
				return atMs;
			};
			const first = enter();
			board.runTo(first + 8039);
			assert.equal(board.state().what, 'loader');
			board.runTo(first + 8041);
			assert.notEqual(board.state().what, 'loader');
			rig.skip(9000);
			assert.equal(board.state().what, 'application');
			const late = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`]);
			assert.notEqual(late.code, 0);
			assert.match(late.stderr, /can't open device|unable to open/i);

			// Signature and identification do not keep it, a block does.
			const second = enter();
			rig.skip(4000);
			const talked = await rig.run(talk('73', '53'), {frozen: true});
			assert.equal(talked.stdout, '87951e\n4341544552494e\n');
			rig.skip(Math.max(0, second + 8050 - rig.nowMs()));
			assert.notEqual(board.state().what, 'loader', 'identification does not keep it');
			rig.skip(1000);
			const third = enter();
			rig.skip(4000);
			const block = await rig.run(talk('410000', '67000246'), {frozen: true});
			assert.equal(block.stdout.split('\n')[0], '0d');
			rig.skip(Math.max(0, third + 8100 - rig.nowMs()));
			assert.equal(board.state().what, 'loader', 'a block starts the 8 s anew');

			enter();
			const said = await rig.run([...avr109, '-U', `flash:w:${keyboardHex}:i`], {frozen: true});
			assert.equal(said.code, 0, said.stderr);
			await until('it leaves', rig, () => board.state().what !== 'loader', 3000);
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
			const found = await rig.run([...avr109, '-U', 'signature:r:-:h'], {frozen: true});
			assert.equal(found.code, 0, 'two resets: the loader');
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
