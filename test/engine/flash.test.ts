// Finding the bootloader, flashing through it, and preparing a spare board, on boards of the bench.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type BoardBenchOptions, boardPort, createBoardBench} from '../../src/bench/boot/board-world.ts';
import {ispImage, keyboardImage, loaderImage, sketchImage} from '../../src/bench/boot/images.ts';
import {createMemoryStore} from '../../src/bench/memory-store.ts';
import {adviseBootloaderError} from '../../src/engine/bootloaders/advice.ts';
import {bootloaderProtocols} from '../../src/engine/bootloaders/open.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind, UnbrickError} from '../../src/engine/errors.ts';
import {parseIntelHex} from '../../src/engine/image/intel-hex.ts';
import {openFreshBootloader} from '../../src/engine/procedures/bootloader-entry.ts';
import {chipOf, locateBootloader} from '../../src/engine/procedures/find-bootloader.ts';
import {type FlashEvent, type FlashResult, flash} from '../../src/engine/procedures/flash.ts';
import {type PrepareEvent, type PrepareOptions, prepare} from '../../src/engine/procedures/prepare.ts';
import type {UsbDeviceInfo, World} from '../../src/engine/transports.ts';
import {asImage, boardKind, waitingBoard} from '../helpers/boards.ts';

const chip = findChip('atmega32u4')!;
const caterinaFuses = {low: 0xff, high: 0xd8, extended: 0xcb};
const teensyFuses = {low: 0x5f, high: 0xdf, extended: 0xf4};

function plugged(options: Omit<BoardBenchOptions, 'chip'>) {
	const bench = createBoardBench({chip, ...options});
	bench.board.plug(0);
	return bench;
}

test('finding: the waiting one; none; touched out of a sketch; not without leave', async () => {
	const waiting = await waitingBoard(boardKind('Atmel DFU'));
	const found = await locateBootloader(waiting.world, {touch: true});
	assert.deepEqual(
		[found.protocol, found.fresh, chipOf(found, undefined)?.id],
		['atmel-dfu', false, 'atmega32u4'],
	);

	const empty = createBoardBench({chip});
	await assert.rejects(locateBootloader(empty.world, {touch: true}), error => isKind(error, 'DeviceMissing'));

	const sketch = plugged({fuses: caterinaFuses, images: [loaderImage('caterina', chip), sketchImage()]});
	await sketch.clock.sleep(500);
	await assert.rejects(locateBootloader(sketch.world, {touch: false}), error =>
		isKind(error, 'DeviceMissing'),
	);
	assert.equal(sketch.board.state().what, 'application');
	const touched: string[] = [];
	const fresh = await locateBootloader(
		sketch.world,
		{touch: true},
		{onTouch: port => void touched.push(port)},
	);
	assert.deepEqual(touched, [boardPort]);
	assert.deepEqual([fresh.protocol, fresh.fresh, fresh.port], ['caterina', true, boardPort]);
	assert.ok(sketch.clock.nowMs() < 5000);
});

test('finding: several, another chip, the number that a programmer shares, another place', async () => {
	const waiting = await waitingBoard(boardKind('Atmel DFU'));
	const [device] = await waiting.world.listUsbDevices();
	const twin: UsbDeviceInfo = {...device!, key: '1-2:9', productId: 0x2ff3};
	const two: World = {...waiting.world, listUsbDevices: async () => [{...device!, key: '1-1.4:8'}, twin]};
	await assert.rejects(
		locateBootloader(two, {touch: true}),
		error => isKind(error, 'Ambiguous') && error.facts.choices.length === 2,
	);
	assert.equal((await locateBootloader(two, {touch: true, usb: '03eb:2ff3'})).usbKey, '1-2:9');
	assert.equal((await locateBootloader(two, {touch: true, usb: '03eb:2ff4@1-1.4'})).usbKey, '1-1.4:8');
	await assert.rejects(locateBootloader(two, {touch: true, usb: '03eb:2ff4@1-1'}), error =>
		isKind(error, 'DeviceMissing'),
	);
	await assert.rejects(
		locateBootloader(waiting.world, {touch: true, chip: findChip('atmega16u4')!}),
		error => isKind(error, 'WrongSignature') && error.facts.gotChip === 'ATmega32U4',
	);
	const asp = await waitingBoard(boardKind('USBaspLoader with a chip erase'));
	await assert.rejects(
		locateBootloader(asp.world, {touch: true}),
		error => isKind(error, 'Ambiguous') && /--bootloader usbasploader/.test(error.message),
	);
	assert.equal(
		(await locateBootloader(asp.world, {touch: true, protocol: 'usbasploader'})).protocol,
		'usbasploader',
	);
});

test('finding: a bare port where there is no USB system; without a port the missing system is said', async () => {
	const bench = createBoardBench({chip});
	const world: World = {
		...bench.world,
		listUsbDevices: async () => {
			throw new UnbrickError({kind: 'NoUsbSystem'});
		},
	};
	const found = await locateBootloader(world, {touch: true, protocol: 'caterina', port: '/dev/pts/9'});
	assert.deepEqual([found.port, chipOf(found, undefined)?.id], ['/dev/pts/9', 'atmega32u4']);
	await assert.rejects(locateBootloader(world, {touch: true, protocol: 'atmel-dfu'}), error =>
		isKind(error, 'NoUsbSystem'),
	);
});

test('finding: HalfKay says by its usage which Teensy it is', async () => {
	const small = await locateBootloader((await waitingBoard(boardKind('HalfKay'))).world, {touch: true});
	assert.equal(chipOf(small, undefined)?.id, 'atmega32u4');
	const large = await locateBootloader((await waitingBoard(boardKind('HalfKay of 128 KB'))).world, {
		touch: true,
	});
	assert.equal(chipOf(large, undefined)?.id, 'at90usb1286');
	const hid = await locateBootloader((await waitingBoard(boardKind('QMK HID'))).world, {touch: true});
	assert.equal(chipOf(hid, undefined), undefined, 'this one does not say');
});

type Waiting = Awaited<ReturnType<typeof waitingBoard>>;
async function run(board: Waiting, options: {cancelAfter?: number; look?: boolean; chop?: boolean} = {}) {
	const {cancel, request} = createCancel();
	const events: FlashEvent[] = [];
	const image = asImage(keyboardImage(4000));
	const plan = {chip: board.data, bootStart: board.bootStart, image, start: true};
	const deps = {clock: board.clock, cancel, ...(options.look === true ? {world: board.world} : {})};
	for await (const event of flash(plan, await board.open(), deps)) {
		events.push(event);
		if (event.type === 'progress' && event.doneBytes >= (options.cancelAfter ?? Infinity)) request();
	}
	return {events, result: events.at(-1) as FlashResult, image};
}

test('afterwards: the keyboard is seen, or its absence is said and not taken for a failure', async () => {
	const board = await waitingBoard(boardKind('Caterina'));
	const {result} = await run(board, {look: true});
	assert.ok(result.ok);
	assert.deepEqual(result.application, {vidPid: 'feed:6060', product: 'Practice keyboard'});

	// An application that shows nothing.
	const silent = await waitingBoard(boardKind('Caterina'));
	const events: FlashEvent[] = [];
	const image = asImage({byteAddress: 0, data: new Uint8Array(600).fill(0x12)});
	const plan = {chip: silent.data, bootStart: silent.bootStart, image, start: true};
	for await (const event of flash(plan, await silent.open(), {clock: silent.clock, world: silent.world}))
		events.push(event);
	const last = events.at(-1) as FlashResult;
	assert.ok(last.ok && last.verified && last.application === null);
	assert.ok(events.some(event => event.type === 'warning' && event.code === 'not-seen'));
});

test('stopped on request: typed, the state is said, the loader is as it was, a second try works', async () => {
	for (const name of ['Atmel DFU', 'Caterina', 'HalfKay', 'bootloadHID']) {
		const board = await waitingBoard(boardKind(name), [keyboardImage(9000, {vendorId: 0xbeef})]);
		const {result} = await run(board, {cancelAfter: 1024});
		assert.ok(!result.ok && result.error.kind === 'Cancelled', name);
		assert.equal(result.ok ? '' : result.chipState, 'partly-written');
		assert.deepEqual(board.board.trespasses, []);
		await board.enter();
		const again = await run(board);
		assert.ok(again.result.ok, `${name}: ${JSON.stringify(again.result)}`);
	}
});

test('what reads back differently is never called verified', async () => {
	const board = await waitingBoard(boardKind('Atmel DFU'));
	let spoiled = false;
	board.usb.onTransfer(() => {
		// A cell gives way between writing and reading.
		if (!spoiled && board.chip.self.flash(3968, 1)[0] !== 0xff) {
			board.chip.self.writePage(0, new Uint8Array(128).fill(0), 0x7000);
			spoiled = true;
		}
		return undefined;
	});
	const {result} = await run(board);
	assert.ok(spoiled);
	assert.ok(!result.ok && result.error.kind === 'VerifyMismatch', JSON.stringify(result));
	assert.equal(result.ok ? '' : result.chipState, 'written');
	assert.match(result.ok ? '' : result.error.next.join(' '), /run the same command once more/);
});

test('write protected: Atmel’s loader refuses before an erase, and says so in words', async () => {
	const board = await waitingBoard(boardKind('Atmel DFU'), [keyboardImage(4000, {vendorId: 0xbeef})]);
	const before = board.chip.dump();
	const client = await board.open();
	await client.connect();
	const image = asImage(keyboardImage(4000));
	const protectedAnswer = (error: unknown) =>
		isKind(error, 'Refused') && error.facts.status === 3 && /only after an erase/.test(error.message);
	await assert.rejects(client.write(image), protectedAnswer);
	await assert.rejects(client.read!(0, 100), protectedAnswer);
	assert.deepEqual(board.chip.dump(), before);
	await client.erase();
	await client.write(image);
	assert.ok(sameBytes(await client.read!(0, image.end), image.slice(0, image.end)));
	await client.close();
	// LUFA's reads without.
	const lufa = await waitingBoard(boardKind('LUFA DFU'), [keyboardImage(4000)]);
	const reader = await lufa.open();
	await reader.connect();
	assert.ok(sameBytes(await reader.read!(0, 4000), keyboardImage(4000).data));
	await reader.close();
});

test('blank check: Atmel answers the address high byte first, LUFA low byte first', async () => {
	for (const [name, expected] of [
		['Atmel DFU', [0x12, 0x34]],
		['LUFA DFU', [0x34, 0x12]],
	] as const) {
		const board = await waitingBoard(boardKind(name), [{byteAddress: 0x1234, data: Uint8Array.of(0)}]);
		const [device] = await board.world.listUsbDevices();
		const pipe = await board.world.openUsb(device!.key);
		const setup = (request: number) =>
			({type: 'class', recipient: 'interface', request, value: 0, index: 0}) as const;
		const ask = Uint8Array.of(3, 1, 0, 0, 0x6f, 0xff);
		if (name === 'Atmel DFU') {
			await assert.rejects(pipe.controlOut(setup(1), ask, 1000), 'not before an erase');
			await pipe.controlOut(setup(6), new Uint8Array(0), 1000);
			await pipe.controlOut(setup(1), Uint8Array.of(4, 0, 0xff), 20_000);
			await pipe.controlIn(setup(3), 6, 20_000);
			const block = new Uint8Array(32 + 1 + 16);
			block.set([1, 0, 0x12, 0x34, 0x12, 0x34]);
			await pipe.controlOut(setup(1), block, 1000);
		}
		await pipe.controlOut(setup(1), ask, 1000);
		const status = await pipe.controlIn(setup(3), 6, 1000);
		assert.deepEqual([status[0], status[4]], [5, 10], 'errCHECK_ERASED, dfuERROR');
		assert.deepEqual(Array.from(await pipe.controlIn(setup(2), 2, 1000)), expected, name);
	}
});

test('bootloadHID checks no bounds of its own: a block at its place is the end of it', async () => {
	const board = await waitingBoard(boardKind('bootloadHID'));
	const [device] = await board.world.listUsbDevices();
	const pipe = await board.world.openHid(device!.key);
	const report = new Uint8Array(132);
	report.set([2, 0x00, 0x70, 0x00]);
	await assert.rejects(pipe.setReport('feature', 2, report, 5000));
	assert.notEqual(board.board.trespasses.length, 0);
	board.board.unplug(board.clock.nowMs());
	board.board.plug(board.clock.nowMs());
	await board.clock.sleep(1000);
	assert.equal(board.board.state().what, 'dead');
});

// prepare
async function prepared(
	bench: ReturnType<typeof createBoardBench>,
	options: PrepareOptions,
	onEvent: (event: PrepareEvent) => void = () => {},
) {
	const store = createMemoryStore(bench.clock);
	const events: PrepareEvent[] = [];
	for await (const event of prepare(options, {world: bench.world, store})) {
		events.push(event);
		onEvent(event);
	}
	const last = events.at(-1)!;
	assert.equal(last.type, 'prepared');
	return {events, last: last as Extract<PrepareEvent, {type: 'prepared'}>, store};
}
const isp = asImage(ispImage());

test('prepare: a Pro Micro with a sketch is touched, its firmware kept, and comes back as a programmer', async () => {
	const bench = plugged({fuses: caterinaFuses, images: [loaderImage('caterina', chip), sketchImage()]});
	await bench.clock.sleep(500);
	const {last, store, events} = await prepared(bench, {
		board: 'promicro_isp',
		image: isp,
		touch: boardPort,
		keepAs: 'old.hex',
	});
	assert.ok(last.ok, JSON.stringify(last));
	assert.match(last.firmware, /\S/);
	assert.ok(!events.some(event => event.type === 'ask'), 'nobody was asked for anything');
	const kept = parseIntelHex(new TextEncoder().encode(store.files.get('old.hex')!), 'old.hex').image;
	assert.ok(sameBytes(kept.slice(0, 4096), sketchImage().data), 'the old firmware can be written back');
	assert.ok(sameBytes(bench.chip.self.flash(0, isp.end), isp.slice(0, isp.end)));
});

test('prepare: asks for the double reset or the button, and works once it was done', async () => {
	const pro = plugged({
		fuses: caterinaFuses,
		images: [loaderImage('caterina', chip, {doubleReset: true}), keyboardImage()],
	});
	await pro.clock.sleep(500);
	const asked: string[] = [];
	const one = await prepared(pro, {board: 'promicro_isp', image: isp}, event => {
		if (event.type !== 'ask') return;
		asked.push(event.what);
		pro.board.pressReset(pro.clock.nowMs());
		pro.board.pressReset(pro.clock.nowMs() + 300);
	});
	assert.ok(one.last.ok, JSON.stringify(one.last));
	const teensy = plugged({fuses: teensyFuses, images: [loaderImage('halfkay', chip), keyboardImage()]});
	await teensy.clock.sleep(500);
	const two = await prepared(teensy, {board: 'teensy2_isp', image: isp}, event => {
		if (event.type !== 'ask') return;
		asked.push(event.what);
		teensy.board.pressReset(teensy.clock.nowMs());
	});
	assert.ok(two.last.ok, JSON.stringify(two.last));
	assert.deepEqual(asked, ['double-reset', 'press-button']);
});

test('prepare: nobody presses anything; the cable is pulled; what comes back is no programmer', async () => {
	const quiet = plugged({fuses: caterinaFuses, images: [loaderImage('caterina', chip), keyboardImage()]});
	const none = await prepared(quiet, {board: 'promicro_isp', image: isp, patienceMs: 5000});
	assert.ok(!none.last.ok && none.last.error.kind === 'DeviceMissing');

	const cut = plugged({fuses: caterinaFuses, images: [loaderImage('caterina', chip)]});
	await cut.clock.sleep(500);
	cut.usb.onTransfer(index => (index === 30 ? 'gone' : undefined));
	const pulled = await prepared(cut, {board: 'promicro_isp', image: isp});
	assert.ok(!pulled.last.ok && pulled.last.error.kind === 'DeviceGone');
	cut.usb.onTransfer(undefined);
	cut.board.plug(cut.clock.nowMs());
	await cut.clock.sleep(500);
	const again = await prepared(cut, {board: 'promicro_isp', image: isp});
	assert.ok(again.last.ok, 'the same command once more');

	const other = plugged({fuses: teensyFuses, images: [loaderImage('halfkay', chip)]});
	await other.clock.sleep(500);
	const wrong = await prepared(other, {board: 'teensy2_isp', image: asImage(sketchImage(0x16c0, 0x0483))});
	assert.ok(!wrong.last.ok, 'another Teensy sketch has the same number');
	assert.ok(['NotAProgrammer', 'Timeout', 'NotInSync'].includes(wrong.last.ok ? '' : wrong.last.error.kind));
});

test('prepare: a Teensy with another chip is not touched', async () => {
	const large = await waitingBoard(boardKind('HalfKay of 128 KB'), [keyboardImage(3000)]);
	const before = large.chip.dump();
	const {last} = await prepared(large, {board: 'teensy2_isp', image: isp});
	assert.ok(!last.ok && last.error.kind === 'NotAProgrammer', JSON.stringify(last));
	assert.match(last.ok ? '' : last.error.message, /AT90USB1286/);
	assert.deepEqual(large.chip.dump(), before);
});

test('a port that has just appeared is refused for a moment: tried again, not for ever', async () => {
	for (const [refusals, works] of [
		[5, true],
		[1000, false],
	] as const) {
		const board = await waitingBoard(boardKind('Caterina'));
		let left = refusals;
		const world: World = {
			...board.world,
			async openSerial(path, options) {
				if (left-- > 0) throw new UnbrickError({kind: 'DeviceDenied', path});
				return board.world.openSerial(path, options);
			},
		};
		const startMs = board.clock.nowMs();
		const opening = openFreshBootloader(world, {protocol: 'caterina', chip, port: boardPort});
		if (works) await (await opening).close();
		else await assert.rejects(opening, error => isKind(error, 'DeviceDenied'));
		const tookMs = board.clock.nowMs() - startMs;
		assert.ok(works ? tookMs < 1000 : tookMs >= 3000 && tookMs < 3500, `${tookMs} ms`);
	}
});

test('a sketch that does not heed the touch: the loader is missing, after ten seconds', async () => {
	const bench = plugged({fuses: {...caterinaFuses, high: 0xd9}, images: [sketchImage()]});
	await bench.clock.sleep(500);
	const startMs = bench.clock.nowMs();
	await assert.rejects(locateBootloader(bench.world, {touch: true}), error => isKind(error, 'DeviceMissing'));
	const tookMs = bench.clock.nowMs() - startMs;
	assert.ok(tookMs >= 10_000 && tookMs < 11_000, `${tookMs} ms`);
	const {cancel, request} = createCancel();
	request();
	const other = plugged({fuses: {...caterinaFuses, high: 0xd9}, images: [sketchImage()]});
	await other.clock.sleep(500);
	await assert.rejects(locateBootloader(other.world, {touch: true}, {cancel}), error =>
		isKind(error, 'Cancelled'),
	);
});

test('advice for the board itself never speaks of a programmer', () => {
	const facts = [
		{kind: 'DeviceGone', path: 'x', during: 'erase'},
		{kind: 'DeviceMissing', what: 'A bootloader'},
		{kind: 'Timeout', command: 'erase', waitedMs: 1},
		{kind: 'NotInSync', command: 'erase', got: Uint8Array.of(1)},
		{kind: 'BadReply', command: 'erase', expected: 'CR', got: Uint8Array.of(1)},
		{kind: 'Refused', command: 'erase', status: 3},
		{kind: 'NotAProgrammer', expected: 'a', got: 'b'},
		{kind: 'VerifyMismatch', memory: 'flash', byteAddress: 1, expected: 1, got: 2, differingBytes: 1},
		{kind: 'Ambiguous', what: 'a bootloader', choices: ['a', 'b']},
		{kind: 'NoUsbSystem'},
	] as const;
	for (const each of facts) {
		for (const protocol of bootloaderProtocols) {
			const {headline, likely, next} = adviseBootloaderError(new UnbrickError(each), {
				protocol,
				chipState: 'partly-written',
			});
			assert.match(headline, /the bootloader is as it was/);
			assert.ok(next.length > 0, each.kind);
			assert.doesNotMatch(
				[...likely, ...next].join(' '),
				/the programmer|of the programmer|wires/i,
				each.kind,
			);
		}
	}
});
