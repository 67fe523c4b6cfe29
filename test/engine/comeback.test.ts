// The comeback: what a board shows after the recovery, each kind with its reading and what to do next.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type BoardBenchOptions, createBoardBench} from '../../src/bench/boot/board-world.ts';
import {keyboardImage, loaderImage, sketchImage} from '../../src/bench/boot/images.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {
	type ComebackExpectation,
	type ComebackReading,
	expectedIdentities,
	explainComeback,
	readComeback,
	snapshot,
	watchComeback,
} from '../../src/engine/procedures/comeback.ts';

const chip = findChip('atmega32u4')!;
const caterinaFuses = {low: 0xff, high: 0xd8, extended: 0xcb};
const dfuFuses = {low: 0x5e, high: 0x99, extended: 0xf3};

async function watch(
	options: Omit<BoardBenchOptions, 'chip'>,
	expectation: Omit<ComebackExpectation, 'chip'>,
	act: (bench: ReturnType<typeof createBoardBench>) => void = bench => bench.board.plug(bench.clock.nowMs()),
) {
	const bench = createBoardBench({chip, ...options});
	const before = await snapshot(bench.world);
	act(bench);
	const readings: ComebackReading[] = [];
	const watching = watchComeback(bench.world, {chip, ...expectation}, {before, clock: bench.clock});
	for (;;) {
		const next = await watching.next();
		if (next.done === true) {
			const text = explainComeback(next.value, {chip, ...expectation});
			return {bench, readings, last: next.value, text};
		}
		readings.push(next.value);
	}
}

test('the expected bootloader: back', async () => {
	const {last, text, bench} = await watch(
		{images: [loaderImage('atmel-dfu', chip)], fuses: dfuFuses},
		{bootloader: 'atmel-dfu'},
	);
	assert.equal(last.kind, 'bootloader');
	assert.match(text.headline, /is on USB\. The board is back\./);
	assert.ok(bench.clock.nowMs() < 2000, 'seen at once');
});

test('another bootloader than the one written', async () => {
	const {last, text} = await watch(
		{images: [loaderImage('caterina', chip)], fuses: caterinaFuses},
		{bootloader: 'atmel-dfu'},
	);
	assert.equal(last.kind, 'other-bootloader');
	assert.match(text.headline, /another one than expected: Caterina/);
});

test('a sketch instead of the bootloader: combined Caterina images carry one', async () => {
	const {last, text} = await watch(
		{images: [loaderImage('caterina', chip), sketchImage()], fuses: caterinaFuses},
		{bootloader: 'caterina'},
	);
	assert.equal(last.kind, 'sketch');
	assert.match(text.next.join(' '), /twice within half a second/);
});

test('the keyboard itself', async () => {
	const {last, text} = await watch(
		{images: [loaderImage('caterina', chip), keyboardImage()], fuses: caterinaFuses},
		{bootloader: 'caterina', application: {vendorId: 0xfeed, productId: 0x6060}},
	);
	assert.equal(last.kind, 'application');
	assert.match(text.headline, /its firmware runs/);
	const unknown = await watch(
		{images: [loaderImage('caterina', chip), keyboardImage()], fuses: caterinaFuses},
		{bootloader: 'caterina'},
	);
	assert.equal(unknown.last.kind, 'other-device');
	assert.match(unknown.text.headline, /feed:6060/);
	assert.match(unknown.text.next.join(' '), /If that is the keyboard itself/);
});

test('a device that cannot say who it is: the clock does not fit', async () => {
	const {last, text} = await watch(
		{
			images: [loaderImage('caterina', chip)],
			fuses: caterinaFuses,
			surroundings: {volts: 5, crystalHz: 8e6},
		},
		{bootloader: 'caterina'},
	);
	assert.equal(last.kind, 'unknown-device');
	assert.match(text.next.join(' '), /8 MHz image on a 16 MHz board/);
});

test('nothing in 30 s, and for DFU behind HWB the RESET button first', async () => {
	const {last, text, bench} = await watch({fuses: dfuFuses}, {bootloader: 'atmel-dfu'});
	assert.equal(last.kind, 'nothing');
	assert.ok(bench.clock.nowMs() >= 30_000 && bench.clock.nowMs() < 31_000);
	assert.match(
		text.next[0]!,
		/Plugging in starts the keyboard firmware, not this bootloader\. Press the RESET/,
	);
	const caterina = explainComeback({kind: 'nothing'}, {chip, bootloader: 'caterina'});
	assert.match(
		caterina.next.join(' '),
		/twice within half a second \(without a button: touch the pads RST and GND/,
	);
});

test('DFU with an application: plugged in the keyboard shows, RESET brings the bootloader', async () => {
	const {readings, last} = await watch(
		{images: [loaderImage('atmel-dfu', chip), keyboardImage()], fuses: dfuFuses},
		{bootloader: 'atmel-dfu'},
		bench => {
			bench.board.plug(0);
			const sleep = bench.clock.sleep;
			let pressed = false;
			// The person presses the button five seconds later.
			Object.assign(bench.clock, {
				sleep: async (ms: number) => {
					await sleep(ms);
					if (pressed || bench.clock.nowMs() < 5000) return;
					pressed = true;
					bench.board.pressReset(bench.clock.nowMs());
				},
			});
		},
	);
	assert.deepEqual(
		readings.map(reading => reading.kind),
		['other-device', 'nothing', 'bootloader'].filter(kind => readings.some(one => one.kind === kind)),
	);
	assert.equal(readings[0]?.kind, 'other-device');
	assert.equal(last.kind, 'bootloader');
});

test('what was plugged in before does not count, unless it was away in between', async () => {
	const bench = createBoardBench({chip, fuses: caterinaFuses, images: [loaderImage('caterina', chip)]});
	bench.board.plug(0);
	await bench.clock.sleep(1000);
	const before = await snapshot(bench.world);
	const watching = watchComeback(
		bench.world,
		{chip, bootloader: 'caterina'},
		{before, clock: bench.clock, timeoutMs: 2000},
	);
	const next = await watching.next();
	assert.ok(next.done === true && next.value.kind === 'nothing');
	bench.board.unplug(bench.clock.nowMs());
	bench.board.plug(bench.clock.nowMs());
	const again = watchComeback(bench.world, {chip, bootloader: 'caterina'}, {before, clock: bench.clock});
	const seen = await again.next();
	assert.equal(seen.value.kind, 'bootloader');
});

test('an exact identity out of the image wins over the family', () => {
	const exact = {vendorId: 0x1b4f, productId: 0x9205};
	assert.deepEqual(expectedIdentities({chip, bootloader: 'caterina', exact}), [exact]);
	assert.deepEqual(expectedIdentities({chip, bootloader: 'atmel-dfu'}), [
		{vendorId: 0x03eb, productId: 0x2ff4},
	]);
	assert.deepEqual(expectedIdentities({chip}), []);
	const leonardo = {vendorId: 0x2341, productId: 0x0036, port: 'x'};
	assert.equal(readComeback([leonardo], {chip, bootloader: 'caterina', exact}).kind, 'other-bootloader');
});
