// A spare board becomes a programmer inside the wizard, on boards of the bench that are plugged in beside nothing else.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type BoardBenchOptions, boardPort, createBoardBench} from '../../src/bench/boot/board-world.ts';
import {ispImage, keyboardImage, loaderImage, sketchImage} from '../../src/bench/boot/images.ts';
import {createMemoryStore} from '../../src/bench/memory-store.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {shortenedPace} from '../../src/steps/practice-deps.ts';
import type {WizardDeps} from '../../src/steps/step.ts';
import {asImage} from '../helpers/boards.ts';
import {type DriveOptions, type Driver, drive} from '../helpers/press.tsx';

const chip = findChip('atmega32u4')!;
const caterinaFuses = {low: 0xff, high: 0xd8, extended: 0xcb};
const teensyFuses = {low: 0x5f, high: 0xdf, extended: 0xf4};
const isp = asImage(ispImage());
const published = async () => new TextEncoder().encode(printIntelHex(isp));
const start = /Turn a spare [\s\S]* into a programmer/;

type Bench = ReturnType<typeof createBoardBench>;

/** One line of the screen, whatever its width wrapped. */
function flat(screen: string): string {
	return screen.replace(/\s+/g, ' ');
}

/** Time runs a hundred times faster than a person's, and still lets the screen be drawn. */
function surroundings(
	bench: Bench,
	more: Partial<WizardDeps> = {},
	beforeWrite?: (data: Uint8Array) => Promise<void>,
) {
	const pace = shortenedPace(100);
	const store = createMemoryStore(bench.clock);
	const clock = {
		nowMs: bench.clock.nowMs,
		async sleep(ms: number) {
			await pace(ms);
			await bench.clock.sleep(ms);
		},
	};
	const deps = ({practice: _, ...practice}: WizardDeps): WizardDeps => ({
		...practice,
		store,
		world: {
			...bench.world,
			clock,
			async openSerial(path, options) {
				const stream = await bench.world.openSerial(path, options);
				return {
					...stream,
					async write(data) {
						await beforeWrite?.(data);
						await stream.write(data);
					},
				};
			},
		},
		ispProgram: published,
		...more,
	});
	return {store, deps};
}

async function withSpare(
	board: Omit<BoardBenchOptions, 'chip'>,
	options: DriveOptions & {
		readonly more?: Partial<WizardDeps>;
		readonly beforeWrite?: (wizard: Driver, data: Uint8Array) => Promise<void>;
	},
	body: (
		wizard: Driver,
		bench: Bench,
		store: ReturnType<typeof surroundings>['store'],
		bootloader: Uint8Array,
	) => Promise<void>,
): Promise<void> {
	const bench = createBoardBench({chip, ...board});
	bench.board.plug(0);
	await bench.clock.sleep(10_000);
	const {store, deps} = surroundings(bench, options.more, async data => options.beforeWrite?.(wizard, data));
	const wizard: Driver = drive({...options, deps});
	const before = bench.chip.self.flash(0x7000, 0x1000).slice();
	try {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
		await body(wizard, bench, store, before);
		assert.deepEqual(bench.board.trespasses, [], 'the spare board keeps its bootloader');
	} finally {
		wizard.stop();
	}
}

for (const columns of [80, 60]) {
	const size = {columns, rows: 24};

	test(`a spare Pro Micro with a sketch: its firmware is kept, it comes back, the wires follow; at ${columns} columns`, async () => {
		await withSpare(
			{fuses: caterinaFuses, images: [loaderImage('caterina', chip), sketchImage()]},
			size,
			async (wizard, bench, store, loader) => {
				await wizard.choose('Which programmer do you have?', 'Pro Micro with the ISP firmware');
				await wizard.choose('must carry the ISP program', 'A spare board');
				await wizard.see(start);
				const first = flat(await wizard.see('A sketch runs on'));
				assert.match(first, /It loses the firmware that it has\. Its bootloader stays/);
				assert.match(first, /kept as a file first\. You get it back with: avr-unbrick flash/);
				assert.match(first, new RegExp(`A sketch runs on ${boardPort}: that board is asked to restart`));
				await wizard.choose(start, 'Put the published ISP program on it');
				const done = flat(await wizard.see('is a programmer now'));
				assert.match(done, new RegExp(`answers on ${boardPort}`));
				assert.match(done, /\d+ bytes were read back and are equal/);
				assert.match(done, /Its old firmware is kept in \S*before-promicro_isp-\d{14}\.hex/);
				const name = [...store.files.keys()].find(path => path.includes('before-promicro_isp'));
				const kept = parseIntelHex(new TextEncoder().encode(store.files.get(name ?? '')), 'old.hex').image;
				assert.ok(sameBytes(kept.slice(0, 4096), sketchImage().data), 'the old firmware can be written back');
				assert.ok(sameBytes(bench.chip.self.flash(0, isp.end), isp.slice(0, isp.end)));
				assert.ok(sameBytes(bench.chip.self.flash(0x7000, 0x1000), loader));
				await wizard.choose('is a programmer now', 'Use it');
				assert.match(flat(await wizard.see('Connect these six')), /RESET 10/);
				wizard.key('interrupt');
				const {known} = await wizard.ended;
				assert.deepEqual(known.programmer?.connection, {kind: 'serial', path: boardPort});
				assert.equal(known.programmer?.id, 'promicro_isp');
			},
		);
	});

	test(`a Teensy 2.0 from the drawer: asked for its button, and what cannot be had back is said; at ${columns} columns`, async () => {
		await withSpare(
			{fuses: teensyFuses, images: [loaderImage('halfkay', chip), keyboardImage()]},
			size,
			async (wizard, bench, store) => {
				await wizard.choose('Which programmer do you have?', 'None of these');
				await wizard.choose('What is in your drawer', 'Teensy 2.0');
				assert.match(flat(await wizard.see(start)), /Nobody can read that firmware out/);
				await wizard.choose(start, 'Put the published ISP program on it');
				const asked = flat(await wizard.see('press its button'));
				assert.match(asked, /The spare board, not the broken one/);
				bench.board.pressReset(bench.clock.nowMs());
				const done = flat(await wizard.see('is a programmer now'));
				assert.match(done, /cannot be read back; that it answers is the proof/);
				assert.doesNotMatch(done, /kept in|are equal/);
				assert.equal([...store.files.keys()].filter(path => path.includes('before-')).length, 0);
				// Esc leads to the ports, where the new one stands.
				wizard.key('escape');
				await wizard.see(new RegExp(`${boardPort} `));
				assert.equal(bench.board.state().what, 'application');
			},
		);
	});

	test(`Esc leads back at every point, and nothing was written; at ${columns} columns`, async () => {
		const quiet = {
			fuses: caterinaFuses,
			images: [loaderImage('caterina', chip, {doubleReset: true}), keyboardImage()],
		};
		await withSpare(quiet, size, async (wizard, bench) => {
			await wizard.choose('Which programmer do you have?', 'None of these');
			await wizard.choose('What is in your drawer', 'A second Pro Micro');
			await wizard.choose(start, 'from a file of mine');
			await wizard.see('Which .hex file is the ISP program');
			wizard.key('escape');
			await wizard.choose(start, 'Put the published ISP program on it');
			await wizard.see('press its RESET twice');
			wizard.key('escape');
			await wizard.see(start);
			// The run that was left lets the port go: the next one is asked the same again, and works.
			await wizard.choose(start, 'Put the published ISP program on it');
			await wizard.see('press its RESET twice');
			wizard.key('escape');
			await wizard.see(start);
			wizard.key('escape');
			await wizard.see('must carry the ISP program');
			wizard.key('escape');
			await wizard.see('Which programmer do you have?');
			assert.ok(sameBytes(bench.chip.self.flash(0, 4096), keyboardImage().data.subarray(0, 4096)));
			assert.equal(bench.usb.transfers(), 0);
		});
	});
}

test('no network: what to get is said, and a file is taken, with doubt where nobody has published it', async () => {
	const files = {'isp.hex': printIntelHex(isp), 'bad.hex': ':00000001FF\n'};
	const more = {
		ispProgram: async () => {
			throw new Error('Get pro_micro_ISP_B6_10.hex from somewhere.');
		},
		loadFile: async (path: string) => {
			const text = files[path as keyof typeof files];
			if (text === undefined) throw new Error(`There is no file ${path}.`);
			return new TextEncoder().encode(text);
		},
	};
	const board = {fuses: caterinaFuses, images: [loaderImage('caterina', chip), sketchImage()]};
	await withSpare(board, {columns: 80, rows: 24, more}, async wizard => {
		await wizard.choose('Which programmer do you have?', 'Pro Micro with the ISP firmware');
		await wizard.choose('must carry the ISP program', 'A spare board');
		await wizard.choose(start, 'Put the published ISP program on it');
		await wizard.see('Get pro_micro_ISP_B6_10.hex');
		await wizard.choose(start, 'from a file of mine');
		await wizard.see('Which .hex file is the ISP program');
		for (const [path, words] of [
			['none.hex', /There is no file none\.hex/],
			['bad.hex', /no data/],
		] as const) {
			wizard.paste(path);
			await wizard.see(new RegExp(`${path}[▏_]`));
			wizard.key('enter');
			await wizard.see(words);
		}
		wizard.paste('isp.hex');
		await wizard.see(/isp\.hex[▏_]/);
		wizard.key('enter');
		await wizard.choose('nobody but you vouches for it', 'Write it all the same');
		await wizard.see('is a programmer now');
	});
});

test('the cable comes out in the middle: the state is said, and a second run through the same bootloader works', async () => {
	const board = {fuses: caterinaFuses, images: [loaderImage('caterina', chip)]};
	await withSpare(board, {columns: 80, rows: 24}, async (wizard, bench) => {
		let pull = true;
		bench.usb.onTransfer(() => {
			// Once something of the new program is in the flash.
			const begun = bench.chip.self.flash(0, 1)[0] !== 0xff;
			if (!pull || !begun) return undefined;
			pull = false;
			return 'gone';
		});
		await wizard.choose('Which programmer do you have?', 'Pro Micro with the ISP firmware');
		await wizard.choose('must carry the ISP program', 'A spare board');
		await wizard.choose(start, 'Put the published ISP program on it');
		const failed = flat(await wizard.see('The spare board: '));
		assert.match(failed, /Its bootloader is whole\. The program on it is not complete/);
		bench.board.plug(bench.clock.nowMs());
		await wizard.choose('The spare board: ', 'Try once more');
		const next = await wizard.see(/press its RESET twice|is a programmer now/);
		if (/RESET twice/.test(next)) bench.board.pressReset(bench.clock.nowMs());
		await wizard.see('is a programmer now');
	});
});

test('Ctrl+C in the first moments of the write was announced and not carried out', async () => {
	let pressed = false;
	let blocks = 0;
	const beforeWrite = async (wizard: Driver, data: Uint8Array) => {
		// AVR109: B, the length in two bytes, F for the flash, the block.
		if (data[0] === 0x42 && data[3] === 0x46) blocks++;
		if (pressed || blocks < 3) return;
		pressed = true;
		wizard.key('interrupt');
		await wizard.see('Stopping after what was begun');
	};
	const board = {fuses: caterinaFuses, images: [loaderImage('caterina', chip)]};
	await withSpare(board, {columns: 60, rows: 24, beforeWrite}, async (wizard, bench, _store, loader) => {
		await wizard.choose('Which programmer do you have?', 'Pro Micro with the ISP firmware');
		await wizard.choose('must carry the ISP program', 'A spare board');
		await wizard.choose(start, 'Put the published ISP program on it');
		const ended = flat(await wizard.see(/The spare board: |is a programmer now/));
		assert.match(ended, /Its bootloader is whole\. The program on it is not complete/);
		assert.equal(blocks, 3);
		assert.ok(sameBytes(bench.chip.self.flash(0x7000, 0x1000), loader));
	});
});
