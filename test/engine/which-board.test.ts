// Several boards on one computer: what is meant for one never reaches another, and nobody guesses.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {keyboardImage, sketchImage} from '../../src/bench/boot/images.ts';
import {createVirtualClock} from '../../src/bench/clock.ts';
import {bootStartOf, findWaitingBootloaders, openBootloader} from '../../src/engine/bootloaders/open.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {callBootloader} from '../../src/engine/procedures/bootloader-entry.ts';
import {readComeback, seenDevices} from '../../src/engine/procedures/comeback.ts';
import {locateBootloader} from '../../src/engine/procedures/find-bootloader.ts';
import {type FlashEvent, type FlashResult, flash} from '../../src/engine/procedures/flash.ts';
import {reopenAtPlace} from '../../src/engine/procedures/which-board.ts';
import type {World} from '../../src/engine/transports.ts';
import {outputBytes} from '../../src/io/hid.ts';
import {runKeymap} from '../../src/steps/keymap-run.ts';
import {asImage, boardKind, waitingBoard} from '../helpers/boards.ts';
import {boardOn, oneWorld} from '../helpers/two-boards.ts';

const hwb = {low: 0x5e, high: 0x99, extended: 0xf3};
const byReset = {low: 0xff, high: 0xd8, extended: 0xcb};
const chip = findChip('atmega32u4')!;
const image = asImage(keyboardImage(6000));
const foreign = keyboardImage(9000, {vendorId: 0xbeef});
const keymap = {image, name: 'keymap.hex', warnings: []};

async function flashed(
	world: World,
	place?: {usb: string},
	onMissing: () => void = () => {},
	protocol: 'atmel-dfu' | 'caterina' = 'atmel-dfu',
): Promise<FlashResult> {
	const events: FlashEvent[] = [];
	await runKeymap(
		world,
		{chip, protocol, keymap, ...(place === undefined ? {} : {place})},
		createCancel().cancel,
		event => void events.push(event),
		onMissing,
	);
	return events.at(-1) as FlashResult;
}

test('the keymap went onto another board that waited, and was reported as verified', async () => {
	// Another chip: its USB product id tells it apart.
	for (const otherChip of ['at90usb1286', 'atmega16u4']) {
		const clock = createVirtualClock();
		const other = boardOn(clock, otherChip, 'atmel-dfu', hwb, foreign);
		const mine = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb);
		await other.enter();
		await mine.enter();
		const before = other.flash();
		const result = await flashed(oneWorld(clock, {'1-1': other, '1-2': mine}));
		assert.ok(result.ok && result.verified, JSON.stringify(result));
		assert.ok(sameBytes(other.flash(), before), otherChip);
		assert.ok(sameBytes(mine.flash().subarray(0, image.end), image.slice(0, image.end)));
	}
});

test('two boards of one kind: the keymap was sent to the first in the list, not to the one that was repaired', async () => {
	const clock = createVirtualClock();
	const other = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb, foreign);
	const mine = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb);
	await other.enter();
	await mine.enter();
	const world = oneWorld(clock, {'1-1': other, '1-2': mine});
	const before = other.flash();
	await assert.rejects(
		flashed(world),
		error =>
			isKind(error, 'Ambiguous') &&
			/03eb:2ff4@1-1\b/.test(error.message) &&
			/03eb:2ff4@1-2\b/.test(error.message),
	);
	assert.ok(
		mine
			.flash()
			.subarray(0, 0x7000)
			.every(byte => byte === 0xff),
	);
	const result = await flashed(world, {usb: '1-2'});
	assert.ok(result.ok && result.verified);
	assert.ok(sameBytes(other.flash(), before));
	assert.ok(sameBytes(mine.flash().subarray(0, image.end), image.slice(0, image.end)));
});

test('the repaired board has left USB: another that waits all the time is not taken for it', async () => {
	const clock = createVirtualClock();
	const other = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb, foreign);
	const mine = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb);
	await other.enter();
	const before = other.flash();
	let missing = 0;
	// It comes back, in a third socket: it was not there before.
	const result = await flashed(oneWorld(clock, {'1-1': other, '1-3': mine}), {usb: '1-2'}, () => {
		missing++;
		void mine.enter();
	});
	assert.equal(missing, 1);
	assert.ok(result.ok && result.verified);
	assert.ok(sameBytes(other.flash(), before));
	// A board with another chip in the very socket: said, not waited for.
	const alien = boardOn(createVirtualClock(), 'atmega16u4', 'atmel-dfu', hwb);
	const alone = createVirtualClock();
	const swapped = boardOn(alone, 'atmega16u4', 'atmel-dfu', hwb);
	await swapped.enter();
	await assert.rejects(flashed(oneWorld(alone, {'1-2': swapped, '1-9': alien}), {usb: '1-2'}), error =>
		isKind(error, 'WrongSignature'),
	);
});

test('a loader on another chip was written to by its client; it is refused before an erase', async () => {
	const refused: readonly (readonly [string, string, string])[] = [
		['Atmel DFU of 128 KB', 'atmega32u4', 'WrongSignature'],
		['LUFA DFU', 'at90usb1286', 'WrongSignature'],
		['Caterina', 'atmega16u4', 'WrongSignature'],
		['HalfKay of 128 KB', 'atmega32u4', 'WrongSignature'],
		['HalfKay', 'at90usb1286', 'WrongSignature'],
		['bootloadHID', 'atmega16u4', 'NotAProgrammer'],
		['USBaspLoader with a chip erase', 'atmega32a', 'WrongSignature'],
		['LUFA HID', 'at90usb1286', 'NotAProgrammer'],
		['QMK HID', 'at90usb1286', 'NotAProgrammer'],
	];
	for (const [name, wrong, kind] of refused) {
		const board = await waitingBoard(boardKind(name), [foreign]);
		const {protocol} = boardKind(name);
		const before = board.chip.dump();
		const [port] = await board.world.listSerialPorts();
		const [device] = await board.world.listUsbDevices();
		const data = findChip(wrong)!;
		const client = await openBootloader(board.world, {
			protocol,
			chip: data,
			bootStart: 0x3000,
			...(port === undefined ? {} : {port: port.path}),
			...(device === undefined ? {} : {usbKey: device.key}),
		});
		let result: FlashEvent | undefined;
		for await (const event of flash({chip: data, bootStart: 0x3000, image, start: true}, client, board))
			result = event;
		assert.ok(result?.type === 'result' && !result.ok, name);
		assert.deepEqual([result.error.kind, result.chipState], [kind, 'untouched'], name);
		assert.deepEqual(board.chip.dump(), before, name);
	}
});

test('a loader that cannot tell its chip: that is said', async () => {
	for (const name of ['LUFA HID', 'QMK HID', 'bootloadHID', 'Atmel DFU', 'HalfKay']) {
		const board = await waitingBoard(boardKind(name));
		const warnings: string[] = [];
		for await (const event of flash(
			{chip: board.data, bootStart: board.bootStart, image, start: false},
			await board.open(),
			board,
		)) {
			if (event.type === 'warning') warnings.push(event.code);
		}
		assert.equal(warnings.includes('chip-not-told'), /HID$/.test(name), name);
	}
});

test('after a drop in the erase another board was erased and flashed', async () => {
	for (const otherChip of ['atmega32u4', 'at90usb1286']) {
		for (const comesBack of [false, true]) {
			const clock = createVirtualClock();
			const mine = boardOn(clock, 'atmega32u4', 'atmel-dfu', hwb, keyboardImage(3000));
			const other = boardOn(clock, otherChip, 'atmel-dfu', hwb, foreign);
			await mine.enter();
			await other.enter();
			const world = oneWorld(clock, {'1-1': other, '1-2': mine});
			const before = other.flash();
			const seen = (await findWaitingBootloaders(world)).find(found => found.usbKey?.startsWith('1-2:'))!;
			const client = await openBootloader(world, {protocol: 'atmel-dfu', chip, usbKey: seen.usbKey!});
			let erasing = false;
			mine.usb.onTransfer(() => (erasing ? 'gone' : undefined));
			const reopen = async () => {
				erasing = false;
				if (comesBack) await mine.enter();
				return reopenAtPlace(world, seen, chip);
			};
			const events: FlashEvent[] = [];
			for await (const event of flash(
				{chip, bootStart: bootStartOf('atmel-dfu', chip), image, start: true},
				client,
				{clock, world, reopen, place: {usb: '1-2'}},
			)) {
				events.push(event);
				if (event.type === 'phase' && event.phase === 'erase') erasing = true;
			}
			const result = events.at(-1) as FlashResult;
			assert.ok(sameBytes(other.flash(), before), `${otherChip} ${comesBack}`);
			if (comesBack) {
				assert.ok(result.ok && result.verified, JSON.stringify(result));
			} else {
				assert.ok(!result.ok && result.error.kind === 'DeviceGone', JSON.stringify(result));
				assert.equal(result.ok ? '' : result.chipState, 'erased');
			}
		}
	}
});

async function sketchAnd(loader: 'caterina' | 'atmel-dfu') {
	const clock = createVirtualClock();
	const sketch = boardOn(clock, 'atmega32u4', 'caterina', byReset, sketchImage());
	const other = boardOn(clock, 'atmega32u4', loader, loader === 'caterina' ? byReset : hwb, foreign);
	sketch.board.plug(clock.nowMs());
	await clock.sleep(12_000);
	await other.enter();
	return {clock, sketch, other, world: oneWorld(clock, {'1-1': other, '1-2': sketch})};
}

test('the 1200-baud touch restarted a sketch that was not meant', async () => {
	const clock = createVirtualClock();
	const sketch = boardOn(clock, 'atmega32u4', 'caterina', byReset, sketchImage());
	sketch.board.plug(clock.nowMs());
	await clock.sleep(12_000);
	const world = oneWorld(clock, {'1-2': sketch});
	for (const wanted of [
		{usb: '03eb:2ff4@1-4'},
		{usb: '03eb:2ff4@1-2'},
		{usb: '03eb:2ff4'},
		{usb: '2341:0036@1-4'},
		{port: '/dev/ttyS9'},
		{protocol: 'atmel-dfu'},
		{protocol: 'halfkay'},
		{chip: findChip('at90usb1286')!},
	] as const) {
		const touched: string[] = [];
		await assert.rejects(
			locateBootloader(world, {touch: true, ...wanted}, {onTouch: port => void touched.push(port)}),
			error => isKind(error, 'DeviceMissing'),
			JSON.stringify(wanted),
		);
		assert.deepEqual([touched, sketch.board.state().what], [[], 'application']);
	}
	for (const usb of ['2341:0036@1-2', '2341:8036@1-2', '2341:8036', '2341:0036']) {
		await clock.sleep(12_000);
		const found = await locateBootloader(world, {touch: true, usb});
		assert.deepEqual([found.protocol, found.port, found.fresh], ['caterina', '/dev/1-2', true], usb);
	}
});

test('two sketches that may be meant are listed, none is restarted', async () => {
	const clock = createVirtualClock();
	const one = boardOn(clock, 'atmega32u4', 'caterina', byReset, sketchImage());
	const two = boardOn(clock, 'atmega32u4', 'caterina', byReset, sketchImage());
	one.board.plug(clock.nowMs());
	two.board.plug(clock.nowMs());
	await clock.sleep(12_000);
	const world = oneWorld(clock, {'1-1': one, '1-2': two});
	await assert.rejects(
		locateBootloader(world, {touch: true}),
		error => isKind(error, 'Ambiguous') && /2341:8036@1-1 .*2341:8036@1-2 /.test(error.message),
	);
	assert.deepEqual([one.board.state().what, two.board.state().what], ['application', 'application']);
	const found = await locateBootloader(world, {touch: true, usb: '2341:0036@1-2'});
	assert.equal(found.port, '/dev/1-2');
	assert.equal(one.board.state().what, 'application');
});

test('after the touch a loader that had waited all the time was taken', async () => {
	for (const loader of ['atmel-dfu', 'caterina'] as const) {
		const {world, sketch} = await sketchAnd(loader);
		const found = await locateBootloader(world, {touch: true, port: '/dev/1-2'});
		assert.deepEqual([found.protocol, found.port], ['caterina', '/dev/1-2']);
		assert.equal(sketch.board.state().what, 'loader');
	}
	// A sketch that does not heed it: nothing comes at its place, and the other one is no answer.
	const {clock, other} = await sketchAnd('atmel-dfu');
	const deaf = boardOn(clock, 'atmega32u4', undefined, {...byReset, high: 0xd9}, sketchImage());
	deaf.board.plug(clock.nowMs());
	await clock.sleep(2000);
	await assert.rejects(
		locateBootloader(oneWorld(clock, {'1-1': other, '1-2': deaf}), {touch: true, port: '/dev/1-2'}),
		error => isKind(error, 'DeviceMissing'),
	);
});

test('first aid took a loader that waits all the time for the board that RESET called', async () => {
	const {world, sketch} = await sketchAnd('atmel-dfu');
	const none = await callBootloader(world, async () => {}, {timeoutMs: 1000});
	assert.equal(none, undefined);
	const came = await callBootloader(world, async () => sketch.board.pressReset(world.clock.nowMs()));
	assert.equal(came?.port, '/dev/1-2');
});

test('two boards that fit had one name in the list: each has the name that --usb takes', async () => {
	const clock = createVirtualClock();
	const boards = {
		'1-1': boardOn(clock, 'atmega32u4', 'caterina', byReset, foreign),
		'1-2.4': boardOn(clock, 'atmega32u4', 'caterina', byReset, foreign),
	};
	await boards['1-1'].enter();
	await boards['1-2.4'].enter();
	const world = oneWorld(clock, boards);
	const choices: string[] = [];
	await assert.rejects(locateBootloader(world, {touch: true}), error => {
		if (isKind(error, 'Ambiguous')) choices.push(...error.facts.choices);
		return isKind(error, 'Ambiguous');
	});
	assert.deepEqual(choices, ['Caterina (2341:0036@1-1, /dev/1-1)', 'Caterina (2341:0036@1-2.4, /dev/1-2.4)']);
	const found = await locateBootloader(world, {touch: true, usb: '2341:0036@1-2.4'});
	assert.equal(found.port, '/dev/1-2.4');
});

test('any device plugged in after the flash was called the board', async () => {
	const stick = {key: '1-9:30', vendorId: 0x0781, productId: 0x5567, release: 0, access: 'ok'} as const;
	const mute = asImage({byteAddress: 0, data: new Uint8Array(600).fill(0x12)});
	for (const shown of [false, true]) {
		const board = await waitingBoard(boardKind('Atmel DFU'));
		let started = false;
		const world: World = {
			...board.world,
			listUsbDevices: async () => [...(started ? [stick] : []), ...(await board.world.listUsbDevices())],
		};
		const client = await board.open();
		const events: FlashEvent[] = [];
		for await (const event of flash(
			{chip, bootStart: board.bootStart, image: shown ? image : mute, start: true},
			{
				...client,
				async start() {
					started = true;
					await client.start();
				},
			},
			{clock: board.clock, world, place: {usb: 'practice:board'}},
		))
			events.push(event);
		const result = events.at(-1) as FlashResult;
		assert.ok(result.ok);
		if (shown) {
			assert.deepEqual(result.application, {vidPid: 'feed:6060', product: 'Practice keyboard'});
			continue;
		}
		assert.deepEqual(result.application, {vidPid: '0781:5567', uncertain: true});
		const said = events.find(event => event.type === 'warning' && event.code === 'maybe-seen');
		assert.match(
			said?.type === 'warning' ? said.message : '',
			/A new device appeared \(0781:5567\), it may be the board/,
		);
	}
});

test('two loaders that come at once: which is the board is left open', () => {
	const dfu = (key: string) =>
		({key, vendorId: 0x03eb, productId: 0x2ff4, release: 0, access: 'ok'}) as const;
	const expectation = {chip, bootloader: 'atmel-dfu'};
	const one = readComeback(seenDevices([dfu('1-1:5')], []), expectation);
	assert.ok(one.kind === 'bootloader' && one.several === undefined);
	const two = readComeback(seenDevices([dfu('1-1:5'), dfu('1-2:6')], []), expectation);
	assert.ok(two.kind === 'bootloader' && two.several === true);
	// Two ports of one identity are told apart by their sockets.
	const cdc = (key: string) => ({...dfu(key), vendorId: 0x2341, productId: 0x0036});
	const port = (path: string, usbPlace: string) =>
		({path, usbPlace, vendorId: 0x2341, productId: 0x0036, access: 'ok'}) as const;
	assert.deepEqual(
		seenDevices([cdc('1-1:5'), cdc('1-2:6')], [port('/dev/a', '1-2'), port('/dev/b', '1-1')]).map(
			seen => seen.usbKey,
		),
		['1-2:6', '1-1:5'],
	);
});

test('the length of an output report is read from its descriptor; none is no figure', () => {
	const report = Uint8Array.of(6, 0xdc, 0xff, 9, 0xfb, 0xa1, 1, 0x75, 8, 0x96, 0x82, 0, 0x91, 2, 0xc0);
	assert.equal(outputBytes(report), 130);
	assert.equal(outputBytes(report.subarray(0, 12)), undefined);
	assert.equal(outputBytes(new Uint8Array(0)), undefined);
});
