// The booting board: flash, fuses, pins and resets decide what runs; and what each bootloader is known to do.
// Datasheet 7766J, section 27 (boot loader support) for the starts; the loaders' own documents for the rest.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import type {BoardState} from '../../src/bench/boot/board.ts';
import {type BoardBenchOptions, boardPort, createBoardBench} from '../../src/bench/boot/board-world.ts';
import {
	type BenchImage,
	keyboardImage,
	type LoaderKind,
	loaderImage,
	loaderStart,
	practiceLoader,
	recognise,
	sketchImage,
} from '../../src/bench/boot/images.ts';
import {configurationDescriptor, deviceDescriptor} from '../../src/bench/boot/usb-function.ts';
import {findChip} from '../../src/engine/chips/index.ts';

const chip = findChip('atmega32u4')!;
/** High byte: D8 has BOOTRST programmed, D9 not. Extended: CB has HWBE unprogrammed, F3 programmed. */
const byReset = {low: 0xff, high: 0xd8, extended: 0xcb};
const byHwb = {low: 0x5e, high: 0x99, extended: 0xf3};

function bench(options: Partial<BoardBenchOptions>) {
	const made = createBoardBench({chip, fuses: byReset, ...options});
	const at = () => made.clock.nowMs();
	return {
		...made,
		plug: () => made.board.plug(at()),
		reset: () => made.board.pressReset(at()),
		/** Lets the time pass and says what is there then. */
		async after(ms: number): Promise<BoardState['what']> {
			await made.clock.sleep(ms);
			made.board.runTo(at());
			return made.board.state().what;
		},
	};
}
const caterina = loaderImage('caterina', chip);
const sparkfun = loaderImage('caterina', chip, {vendorId: 0x1b4f, productId: 0x9205, doubleReset: true});
const dfu = loaderImage('atmel-dfu', chip);

test('images are recognised only while every byte is intact', () => {
	const kinds: readonly LoaderKind[] = [
		'atmel-dfu',
		'lufa-dfu',
		'qmk-dfu',
		'caterina',
		'halfkay',
		'lufa-hid',
		'qmk-hid',
		'lufa-ms',
	];
	for (const kind of kinds) {
		const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
		const {byteAddress, data} = loaderImage(kind, chip);
		flash.set(data, byteAddress);
		const program = recognise(flash, byteAddress);
		assert.ok(program !== undefined && program !== 'damaged' && program.program === 'loader');
		assert.equal(program.kind, kind);
		for (const at of [0, 3, 250, data.length - 3, data.length - 1]) {
			const spoiled = flash.slice();
			spoiled[byteAddress + at]! ^= 0x10;
			assert.notEqual(
				JSON.stringify(recognise(spoiled, byteAddress)),
				JSON.stringify(program),
				`${kind} ${at}`,
			);
		}
	}
});

test('what runs after plugging in, after RESET and after two', async () => {
	const table: readonly [
		string,
		readonly BenchImage[],
		typeof byReset,
		Partial<BoardBenchOptions>,
		string,
		string,
	][] = [
		// name, flash, fuses, more, after plugging, after RESET
		['blank chip', [], byReset, {}, 'dead', 'dead'],
		['DFU alone, factory fuses: blank words lead to it', [dfu], byHwb, {}, 'loader', 'loader'],
		[
			'DFU with an application: only HWB leads to it',
			[dfu, keyboardImage()],
			byHwb,
			{},
			'application',
			'loader',
		],
		['HWB pin not tied low', [dfu, keyboardImage()], byHwb, {hwbLow: false}, 'application', 'application'],
		[
			'HWBE unprogrammed',
			[dfu, keyboardImage()],
			{...byHwb, extended: 0xfb},
			{},
			'application',
			'application',
		],
		['Caterina alone', [caterina], byReset, {}, 'loader', 'loader'],
		['Caterina with an application', [caterina, keyboardImage()], byReset, {}, 'application', 'loader'],
		[
			'Caterina without BOOTRST, blank: looks well',
			[caterina],
			{...byReset, high: 0xd9},
			{},
			'loader',
			'loader',
		],
		[
			'Caterina without BOOTRST, application written: lost',
			[caterina, keyboardImage()],
			{...byReset, high: 0xd9},
			{},
			'application',
			'application',
		],
		[
			'boot section smaller than the loader: reset leads into its middle',
			[caterina, keyboardImage()],
			{...byReset, high: 0xde},
			{},
			'dead',
			'dead',
		],
		['application only, BOOTRST programmed', [keyboardImage()], byReset, {}, 'dead', 'dead'],
		['application only', [keyboardImage()], {...byReset, high: 0xd9}, {}, 'application', 'application'],
		[
			'clock of 1 MHz: cannot say who it is',
			[caterina],
			{...byReset, low: 0x62},
			{},
			'unknown-device',
			'unknown-device',
		],
		[
			'8 MHz crystal under a 16 MHz loader',
			[caterina],
			byReset,
			{surroundings: {volts: 5, crystalHz: 8e6}},
			'unknown-device',
			'unknown-device',
		],
		['external clock that is not there', [caterina], {...byReset, low: 0xe0}, {}, 'dead', 'dead'],
	];
	for (const [name, images, fuses, more, plugged, reset] of table) {
		const one = bench({images, fuses, ...more});
		one.plug();
		assert.equal(await one.after(1000), plugged, `${name}: plugged in`);
		one.reset();
		assert.equal(await one.after(1000), reset, `${name}: after RESET`);
		one.board.unplug(one.clock.nowMs());
		assert.equal(await one.after(0), 'unplugged');
	}
});

test('a damaged loader does not enumerate, a damaged keyboard neither', async () => {
	for (const at of [0x7000, 0x7200, 0x7f00]) {
		const data = caterina.data.slice();
		data[at - caterina.byteAddress]! ^= 1;
		const one = bench({images: [{byteAddress: caterina.byteAddress, data}]});
		one.plug();
		assert.equal(await one.after(2000), 'dead');
		assert.deepEqual(await one.world.listUsbDevices(), []);
	}
	const keyboard = keyboardImage();
	const data = keyboard.data.slice();
	data[9000]! ^= 1;
	const one = bench({images: [caterina, {byteAddress: 0, data}]});
	one.plug();
	assert.equal(await one.after(2000), 'dead');
	one.reset();
	assert.equal(await one.after(100), 'loader');
});

test('identities as the host lists them', async () => {
	const one = bench({images: [caterina, keyboardImage()]});
	one.plug();
	await one.after(100);
	const [keyboard] = await one.world.listUsbDevices();
	assert.equal(keyboard?.vendorId, 0xfeed);
	assert.deepEqual(await one.world.listSerialPorts(), []);
	one.reset();
	await one.after(100);
	const [port] = await one.world.listSerialPorts();
	assert.deepEqual([port?.path, port?.vendorId, port?.productId], [boardPort, 0x2341, 0x0036]);
	const [device] = await one.world.listUsbDevices();
	assert.notEqual(device?.key, keyboard?.key, 'a device that comes back has another key');
	await assert.rejects(one.world.openUsb(keyboard!.key), {name: 'UnbrickError', message: /is not there/});
});

// What the third-party loaders were seen to do, 18 to 20.
test('Caterina leaves for the application after 8.04 s', async () => {
	const one = bench({images: [caterina, keyboardImage()]});
	one.plug();
	await one.after(100);
	one.reset();
	assert.equal(await one.after(8039), 'loader');
	await one.after(2);
	assert.equal(await one.after(400), 'application');
});

test('SparkFun: one RESET starts the application after 750 ms, two lead to the loader', async () => {
	const one = bench({images: [sparkfun, keyboardImage()]});
	one.plug();
	assert.equal(await one.after(10), 'application');
	one.reset();
	assert.equal(await one.after(740), 'waiting');
	assert.deepEqual(await one.world.listUsbDevices(), []);
	assert.equal(await one.after(20), 'application');
	one.reset();
	await one.after(740);
	one.reset();
	assert.equal(await one.after(10), 'loader');
	const [port] = await one.world.listSerialPorts();
	assert.equal(port?.vendorId, 0x1b4f);
	one.reset();
	await one.after(760);
	assert.equal(await one.after(10), 'application', 'a reset later than 750 ms counts as the first');
});

test('SparkFun with blank flash appears after 755 ms', async () => {
	const one = bench({images: [sparkfun]});
	one.plug();
	await one.after(754);
	assert.deepEqual(await one.world.listSerialPorts(), []);
	await one.after(2);
	assert.equal((await one.world.listSerialPorts()).length, 1);
	assert.equal(await one.after(60_000), 'loader', 'blank flash: it stays');
});

test('the touch: a sketch opened at 1200 baud and closed restarts into the loader; at another rate not', async () => {
	const one = bench({images: [caterina, sketchImage()]});
	one.plug();
	await one.after(100);
	const quiet = await one.world.openSerial(boardPort, {baud: 57_600});
	await quiet.close();
	assert.equal(await one.after(500), 'application');
	const stream = await one.world.openSerial(boardPort, {baud: 1200});
	await stream.setLines({dtr: false, rts: false});
	await stream.close();
	assert.equal(await one.after(500), 'loader');
});

test('the keyboard’s own boot key, and the entry key of the V-USB loaders', async () => {
	const one = bench({images: [dfu, keyboardImage()], fuses: byHwb, hwbLow: false});
	one.plug();
	await one.after(100);
	one.board.pressBootKey(one.clock.nowMs());
	assert.equal(await one.after(200), 'loader');

	const mega = findChip('atmega32a')!;
	const vusb = createBoardBench({
		chip: mega,
		fuses: {low: 0x1f, high: 0xc0},
		images: [loaderImage('usbasploader', mega), keyboardImage()],
	});
	vusb.board.plug(0);
	assert.equal(vusb.board.state().what, 'application');
	vusb.board.unplug(1);
	vusb.board.holdKey(true);
	vusb.board.plug(2);
	assert.equal(vusb.board.state().what, 'loader');
});

test('descriptors are whole: lengths agree with what they say of themselves', async () => {
	for (const kind of ['atmel-dfu', 'caterina', 'halfkay', 'lufa-ms'] as const) {
		const one = bench({images: [loaderImage(kind, chip)]});
		one.plug();
		await one.after(1000);
		const identity = one.board.onBus()!.usb!.identity;
		const device = deviceDescriptor(identity);
		assert.equal(device.length, device[0]);
		const configuration = configurationDescriptor(identity);
		assert.equal(configuration.length, configuration[2]! | (configuration[3]! << 8));
		let at = 0;
		let interfaces = 0;
		while (at < configuration.length) {
			if (configuration[at + 1] === 4) interfaces++;
			at += configuration[at]!;
		}
		assert.equal(at, configuration.length);
		assert.equal(interfaces, configuration[4]);
	}
	assert.equal(loaderStart('halfkay', chip), 0x7e00);
});

test('the practice bench: programmer and board in one world; dead, then alive, then the keyboard', async () => {
	const made = createBench('dfu');
	const {world, clock} = made;
	made.plugBoard();
	await clock.sleep(1000);
	assert.deepEqual(
		(await world.listUsbDevices()).map(device => device.key),
		made.usb === undefined ? [] : [made.port],
		'the board is dead',
	);
	made.unplugBoard();
	// As if ISP had written it.
	const loader = practiceLoader('atmel-dfu', chip)!;
	const keyboard = keyboardImage();
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(loader.data, loader.byteAddress);
	flash.set(keyboard.data, 0);
	const alive = createBench('dfu', {flash});
	let news = 0;
	alive.world.onDevicesChanged(() => news++);
	alive.plugBoard();
	await alive.clock.sleep(1000);
	const seen = async () => {
		const devices = await alive.world.listUsbDevices();
		return devices.map(({vendorId, productId}) => `${vendorId.toString(16)}:${productId.toString(16)}`);
	};
	assert.ok((await seen()).includes('feed:6060'));
	alive.pressReset();
	await alive.clock.sleep(100);
	assert.ok((await seen()).includes('3eb:2ff4'));
	const device = (await alive.world.listUsbDevices()).find(one => one.productId === 0x2ff4)!;
	const pipe = await alive.world.openUsb(device.key);
	await assert.rejects(alive.world.openUsb(device.key), {message: /holds/});
	alive.unplugBoard();
	await assert.rejects(
		pipe.controlIn({type: 'class', recipient: 'interface', request: 3, value: 0, index: 0}, 6, 1000),
		{reason: 'gone'},
	);
	assert.ok(news >= 3, 'listeners heard of it');
	assert.ok(!(await seen()).includes('3eb:2ff4'));
	assert.equal(alive.chip.surroundings().volts, 5);
});

test('a Pro Micro of the practice bench has SparkFun’s loader', () => {
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	const loader = practiceLoader('caterina', chip, {board: 'promicro_3v3', clockHz: 8e6})!;
	flash.set(loader.data, loader.byteAddress);
	const program = recognise(flash, loader.byteAddress);
	assert.ok(program !== undefined && program !== 'damaged' && program.program === 'loader');
	assert.deepEqual([program.productId, program.doubleReset, program.clockHz], [0x9203, true, 8e6]);
	assert.equal(practiceLoader('optiboot', chip), undefined);
});
