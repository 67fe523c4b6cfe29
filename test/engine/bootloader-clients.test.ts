// Every bootloader client against the bench's board, on virtual time: a normal run, replies in pieces, and every
// mishap at every stage. Nothing may ever be written outside the application area, and a second try must work.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import type {TransferMishap} from '../../src/bench/boot/board-world.ts';
import {keyboardImage, sketchImage} from '../../src/bench/boot/images.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {isKind} from '../../src/engine/errors.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';
import {type FlashEvent, type FlashResult, flash} from '../../src/engine/procedures/flash.ts';
import {asImage, type BoardKind, boardKind, boardKinds, waitingBoard} from '../helpers/boards.ts';

type Waiting = Awaited<ReturnType<typeof waitingBoard>>;

async function run(board: Waiting, image: MemoryImage, start = true) {
	const client = await board.open();
	const events: FlashEvent[] = [];
	const plan = {chip: board.data, bootStart: board.bootStart, image, start};
	for await (const event of flash(plan, client, {clock: board.clock})) events.push(event);
	const result = events.at(-1) as FlashResult;
	assert.equal(events.filter(event => event.type === 'result').length, 1);
	return {events, result};
}
function assertUntouchedOutside(board: Waiting, name: string): void {
	assert.deepEqual(board.board.trespasses, [], `${name}: nothing outside the application area`);
	const {byteAddress, data} = board.loader;
	assert.ok(sameBytes(board.chip.self.flash(byteAddress, data.length), data), `${name}: the loader is whole`);
}
/** `image` and nothing else below the boot section. */
function assertFlashed(board: Waiting, image: MemoryImage, name: string): void {
	assert.ok(
		sameBytes(board.chip.self.flash(0, board.bootStart), image.slice(0, board.bootStart)),
		`${name}: the chip holds the image and nothing else`,
	);
	assertUntouchedOutside(board, name);
}

for (const kind of boardKinds) {
	test(`${kind.name}: writes over an old application, verifies where it can, starts the new one`, async () => {
		const board = await waitingBoard(kind, [keyboardImage(20_000, {vendorId: 0xbeef})]);
		assert.equal(board.board.state().what, 'loader');
		const image = asImage(keyboardImage(12_345));
		const {events, result} = await run(board, image);
		assert.ok(result.ok, JSON.stringify(result));
		assert.equal(result.verified, kind.canRead);
		assert.equal(result.verifiedBytes, kind.canRead ? image.byteCount : 0);
		assert.equal(
			events.some(event => event.type === 'warning' && event.code === 'cannot-read-back'),
			!kind.canRead,
		);
		assertFlashed(board, image, kind.name);
		await board.clock.sleep(2000);
		const [keyboard] = await board.world.listUsbDevices();
		assert.equal(keyboard?.vendorId, 0xfeed, 'the keyboard shows itself');
	});

	test(`${kind.name}: images around block borders`, async () => {
		for (const bytes of [512, 1023, 1024, 1025, 4095]) {
			const board = await waitingBoard(kind);
			const image = asImage(keyboardImage(bytes));
			const {result} = await run(board, image);
			assert.ok(result.ok, `${bytes}: ${JSON.stringify(result)}`);
			assertFlashed(board, image, `${bytes} bytes`);
		}
	});

	test(`${kind.name}: an image with holes, and one that fills the application area`, async () => {
		const board = await waitingBoard(kind, [keyboardImage(20_000)]);
		const holes = createImage([
			{byteAddress: 0, data: Uint8Array.from({length: 300}, (_, index) => index & 0xff)},
			{byteAddress: 5000, data: Uint8Array.from({length: 77}, () => 0x42)},
			{byteAddress: board.bootStart - 2, data: Uint8Array.of(1, 2)},
		]);
		const {result} = await run(board, holes, false);
		assert.ok(result.ok, JSON.stringify(result));
		assertFlashed(board, holes, 'holes');
		const full = createImage([
			{
				byteAddress: 0,
				data: Uint8Array.from({length: board.bootStart}, (_, index) => (index * 7 + (index >> 8)) & 0xff),
			},
		]);
		const again = await run(board, full, false);
		assert.ok(again.result.ok, JSON.stringify(again.result));
		assertFlashed(board, full, 'full');
	});

	test(`${kind.name}: wrong images are refused before anything is sent`, async () => {
		const board = await waitingBoard(kind, [keyboardImage(4000)]);
		const before = board.chip.dump();
		const loaderOnly = asImage(board.loader);
		const cases: readonly (readonly [string, MemoryImage, string])[] = [
			['bare bootloader', loaderOnly, 'OverlapsBootloader'],
			[
				'one byte into the boot section',
				createImage([{byteAddress: board.bootStart, data: Uint8Array.of(0)}]),
				'OverlapsBootloader',
			],
			[
				'too large for the chip',
				createImage([{byteAddress: board.data.flash.bytes - 1, data: Uint8Array.of(0, 0)}]),
				'ImageTooLarge',
			],
			['empty', createImage([]), 'BadHex'],
		];
		for (const [name, image, expected] of cases) {
			const transfers = board.usb.transfers();
			const {result} = await run(board, image);
			assert.ok(!result.ok && result.error.kind === expected, `${name}: ${JSON.stringify(result)}`);
			assert.equal(result.ok ? '' : result.chipState, 'untouched');
			assert.equal(board.usb.transfers(), transfers, `${name}: no transfer`);
			const client = await board.open();
			await assert.rejects(client.write(image), error => isKind(error, expected as 'BadHex'));
			await client.close();
		}
		assert.deepEqual(board.chip.dump(), before);
	});
}

const shortImage = (kind: BoardKind) => asImage(keyboardImage(kind.chip === 'at90usb1286' ? 1200 : 1500));

/** Runs with one mishap at transfer `index`; then again, as a person would. Returns how the first one ended. */
async function withMishap(kind: BoardKind, index: number, mishap: TransferMishap): Promise<FlashResult> {
	const name = `${kind.name}, ${mishap} at transfer ${index}`;
	const board = await waitingBoard(kind, [keyboardImage(2500, {vendorId: 0xbeef})]);
	const image = shortImage(kind);
	board.usb.onTransfer(at => (at === index ? mishap : undefined));
	const {result} = await run(board, image);
	assertUntouchedOutside(board, name);
	if (result.ok) assertFlashed(board, image, name);
	else assert.notEqual(result.error.kind, 'Bug', `${name}: ${result.error.message}`);
	board.usb.onTransfer(undefined);
	// The loader may be there still, or have to be entered again.
	await board.clock.sleep(2000);
	board.board.runTo(board.clock.nowMs());
	if (mishap === 'gone' || board.board.state().what !== 'loader') await board.enter();
	assert.equal(board.board.state().what, 'loader', `${name}: the loader can be entered again`);
	const again = await run(board, image);
	assert.ok(again.result.ok, `${name}: second try: ${JSON.stringify(again.result)}`);
	assertFlashed(board, image, name);
	return result;
}

/** All stages of a run; of the long monotonous ones every nth and both ends. */
function stages(total: number, step: number): readonly number[] {
	return Array.from({length: total}, (_, index) => index).filter(
		index => index < 10 || index >= total - 4 || index % step === 0,
	);
}

// These differ from a relative in their identity or size alone.
const likeAnother = ['QMK DFU', 'QMK HID', 'HalfKay of 128 KB'];
for (const kind of boardKinds.filter(({name}) => !likeAnother.includes(name))) {
	test(`${kind.name}: cable pulled, stall, time-out, noise, short reply at every stage`, async () => {
		const counting = await waitingBoard(kind, [keyboardImage(2500)]);
		const {result} = await run(counting, shortImage(kind));
		assert.ok(result.ok);
		const total = counting.usb.transfers();
		assert.ok(total >= 1);
		for (const index of stages(total, total > 200 ? 61 : 11)) {
			const gone = await withMishap(kind, index, 'gone');
			// The last transfers ask for the start (repeated while it is busy): then all is written already.
			if (index < total - 12 || !gone.ok) {
				assert.ok(!gone.ok && gone.error.kind === 'DeviceGone', `gone at ${index}: ${JSON.stringify(gone)}`);
			}
		}
		for (const mishap of ['stall', 'timeout', 'io', 'short'] as const) {
			for (const index of stages(total, total > 200 ? 199 : 29)) await withMishap(kind, index, mishap);
		}
	});
}

test('serial replies in pieces of every size', async () => {
	for (const chop of [1, 2, 3, 5, 16]) {
		const board = await waitingBoard(boardKind('Caterina'));
		board.usb.chop(chop);
		const image = asImage(keyboardImage(2000));
		const {result} = await run(board, image);
		assert.ok(result.ok, `${chop}: ${JSON.stringify(result)}`);
		assertFlashed(board, image, `pieces of ${chop}`);
	}
});

test('Caterina: an update that was interrupted stays in the loader, because page 0 comes last', async () => {
	const board = await waitingBoard(boardKind('Caterina'), [keyboardImage(4000)]);
	let writes = 0;
	board.usb.onTransfer(() => (++writes > 20 ? 'gone' : undefined));
	const {result} = await run(board, asImage(keyboardImage(6000)));
	assert.ok(!result.ok && result.chipState === 'partly-written');
	board.usb.onTransfer(undefined);
	board.board.plug(board.clock.nowMs());
	await board.clock.sleep(60_000);
	board.board.runTo(board.clock.nowMs());
	assert.equal(board.board.state().what, 'loader', 'plugged in again, with no time limit');
});

test('Caterina: the window closes while the person thinks: a typed error, and nothing was touched', async () => {
	const board = await waitingBoard(boardKind('Caterina'), [keyboardImage(4000)]);
	const before = board.chip.dump();
	const client = await board.open();
	await client.connect();
	await board.clock.sleep(8200);
	await assert.rejects(client.erase(), error => isKind(error, 'DeviceGone'));
	await client.close();
	assert.deepEqual(board.chip.dump(), before);
	await board.enter();
	const image = asImage(keyboardImage(3000));
	const {result} = await run(board, image);
	assert.ok(result.ok);
	assertFlashed(board, image, 'second try');
});

test('a stale port: the loader has left, or a sketch sits at its path', async () => {
	const board = await waitingBoard(boardKind('Caterina'));
	board.board.unplug(board.clock.nowMs());
	await assert.rejects(board.open(), error => isKind(error, 'DeviceMissing'));
});

test('DFU: a second try that meets the erase of the first still running waits for it', async () => {
	const board = await waitingBoard({
		...boardKind('Atmel DFU of 128 KB'),
		more: {dfu: {eraseStyle: 'busy'}},
	});
	const first = await board.open();
	await first.connect();
	let statuses = 0;
	board.usb.onTransfer(() => (++statuses > 2 ? 'stall' : undefined));
	await assert.rejects(first.erase(), error => isKind(error, 'Refused'));
	board.usb.onTransfer(undefined);
	await first.close();
	const image = asImage(keyboardImage(3000));
	const {result} = await run(board, image);
	assert.ok(result.ok, JSON.stringify(result));
	assertFlashed(board, image, 'second try');
});

test('Caterina: a program that died in the middle of a block left it waiting: the next try brings it out', async () => {
	for (const sent of [1, 2, 4, 5, 60, 131]) {
		const board = await waitingBoard(boardKind('Caterina'), [keyboardImage(4000)]);
		const [port] = await board.world.listSerialPorts();
		const dead = await board.world.openSerial(port!.path, {baud: 57_600});
		const block = new Uint8Array(132).fill(0x77);
		block.set([0x42, 0x00, 0x80, 0x46]);
		await dead.write(block.subarray(0, sent));
		await dead.close();
		await board.clock.sleep(500);
		const image = asImage(keyboardImage(3000));
		const {result} = await run(board, image);
		assert.ok(result.ok, `${sent} bytes: ${JSON.stringify(result)}`);
		assertFlashed(board, image, `${sent} bytes`);
	}
});

test('Caterina: a modem probe before us does no harm', async () => {
	for (const noise of ['AT\r', 'AT+GCAP\rAT+CGMM\r', 'ATE0', '~\0x\xf0~']) {
		const board = await waitingBoard(boardKind('Caterina'));
		const [port] = await board.world.listSerialPorts();
		const probe = await board.world.openSerial(port!.path, {baud: 115_200});
		for (const letter of noise) await probe.write(Uint8Array.of(letter.charCodeAt(0)));
		await probe.close();
		const {result} = await run(board, asImage(keyboardImage(2000)));
		assert.ok(result.ok, `${JSON.stringify(noise)}: ${JSON.stringify(result)}`);
		assertUntouchedOutside(board, noise);
	}
});

test('a sketch at the path that was Caterina’s: silence, a typed error, nothing written', async () => {
	const board = await waitingBoard(boardKind('Caterina'), [sketchImage()]);
	board.board.unplug(board.clock.nowMs());
	board.board.plug(board.clock.nowMs());
	await board.clock.sleep(500);
	const before = board.chip.dump();
	const {result} = await run(board, asImage(keyboardImage(2000)));
	assert.ok(!result.ok && result.error.kind === 'Timeout', JSON.stringify(result));
	assert.equal(result.ok ? '' : result.chipState, 'untouched');
	assert.deepEqual(board.chip.dump(), before);
});

test('DFU: an erase that drops the board off USB is tried once more, and only once', async () => {
	for (const drops of [1, 2]) {
		const board = await waitingBoard(boardKind('Atmel DFU'), [keyboardImage(9000)]);
		let left = drops;
		let erasing = false;
		board.usb.onTransfer(() => (erasing && left-- > 0 ? 'gone' : undefined));
		const image = asImage(keyboardImage(3000));
		const events: FlashEvent[] = [];
		const plan = {chip: board.data, bootStart: board.bootStart, image, start: false};
		const reopen = async () => {
			await board.enter();
			return board.open();
		};
		for await (const event of flash(plan, await board.open(), {clock: board.clock, reopen})) {
			events.push(event);
			if (event.type === 'phase' && event.phase === 'erase') erasing = true;
		}
		const result = events.at(-1) as FlashResult;
		assert.ok(events.some(event => event.type === 'warning' && event.code === 'dropped'));
		if (drops === 1) {
			assert.ok(result.ok, JSON.stringify(result));
			assertFlashed(board, image, 'after one drop');
		} else assert.ok(!result.ok && result.error.kind === 'DeviceGone');
	}
});

test('any length and content, from one byte on: the chip holds it and nothing else', async () => {
	const page = 128;
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...boardKinds),
			fc.constantFrom(1, 2, page - 1, page, page + 1, 2 * page - 1, 2 * page + 1, 1023, 1025),
			fc.nat(0x2000),
			fc.integer({min: 0, max: 255}),
			async (kind, length, start, seed) => {
				const board = await waitingBoard(kind, [keyboardImage(2000)]);
				const image = createImage([
					{byteAddress: start, data: Uint8Array.from({length}, (_, index) => (index * 31 + seed) & 0xff)},
				]);
				const {result} = await run(board, image, false);
				assert.ok(result.ok, `${kind.name}, ${length} at ${start}: ${JSON.stringify(result)}`);
				assertFlashed(board, image, `${kind.name}, ${length} at ${start}`);
			},
		),
		{numRuns: 60, seed: 7},
	);
});
