// The wizard's surroundings on the practice bench: a made-up board, a made-up programmer, files in memory.
import type {Bench} from '../bench/bench.ts';
import {keyboardImage} from '../bench/boot/images.ts';
import {findBoard} from '../engine/boards/index.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import {createImage, type MemoryImage} from '../engine/image/memory-image.ts';
import type {WizardDeps} from './step.ts';

/** Practice runs this much faster than the real thing: long enough to be seen, short enough to be borne. */
const practiceSpeed = 25;
/** Two taps of a quick finger; SparkFun's Caterina wants them within 750 ms. */
const betweenTapsMs = 250;
/** Small enough for every chip here that has a bootloader on USB. */
const keymapBytes = 12_345;
/** Shorter waits are saved up: a timer cannot be trusted below this, milliseconds. */
const shortestWaitMs = 4;

/** Virtual milliseconds to real ones: waits a fraction of them. */
export function shortenedPace(speed: number = practiceSpeed): (ms: number) => Promise<void> {
	let owedMs = 0;
	return ms => {
		owedMs += ms / speed;
		if (owedMs < shortestWaitMs) return Promise.resolve();
		const waitMs = owedMs;
		owedMs = 0;
		return new Promise(resolve => {
			setTimeout(resolve, waitMs);
		});
	};
}

// As avrdude words it when a Caterina board stays silent or has lost its loader; the figures are made up.
const caterinaLog = [
	'avrdude: Version 7.1',
	'Connecting to programmer: .avrdude: butterfly_recv(): programmer is not responding',
	'avrdude: butterfly_recv(): programmer is not responding',
	'avrdude: verification error, first mismatch at byte 0x0040',
	'         0x51 != 0x0c',
	'avrdude: verification error; content mismatch',
	'avrdude done.  Thank you.',
].join('\n');

// As dfu-programmer words it when the loader refuses to write.
const dfuLog = [
	'dfu-programmer 0.7.2',
	'dfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)',
	'Device is write protected.',
	'atmel.c:1434: Error flashing the block: err -2.',
	'ERROR',
	'Memory write error, use debug for more info.',
	'commands.c:360: Error writing memory data. (err -4)',
].join('\n');

export type PracticeOptions = {
	readonly bench: Bench;
	/** A made-up image for the scenario's chip, and what it is called. */
	readonly image: MemoryImage;
	readonly imageName: string;
	readonly loadFile: WizardDeps['loadFile'];
	readonly loadLog?: WizardDeps['loadLog'];
	readonly version: string;
};

/** The wizard's surroundings around a bench. */
export function createPracticeDeps({
	bench,
	image,
	imageName,
	loadFile,
	loadLog,
	version,
}: PracticeOptions): WizardDeps {
	const {scenario} = bench;
	const bootloader = findBoard(scenario.board)?.bootloader ?? 'caterina';
	return {
		world: bench.world,
		store: bench.store,
		version,
		loadFile,
		...(loadLog === undefined ? {} : {loadLog}),
		catalogue: async ({chip}) =>
			image.end > chip.flash.bytes
				? []
				: [
						{
							id: 'practice',
							name: imageName,
							bootloader,
							origin: 'the practice bench: it stands in for the real one',
							load: async () => new TextEncoder().encode(printIntelHex(image)),
						},
					],
		practice: {
			scenario: scenario.name,
			about: scenario.description,
			sampleLog: bootloader === 'caterina' ? caterinaLog : dfuLog,
			hands: {
				plug: bench.plugBoard,
				async reset() {
					bench.pressReset();
					await bench.world.clock.sleep(betweenTapsMs);
					bench.pressReset();
				},
			},
			keymap: {
				name: 'the practice keymap',
				load: async () =>
					new TextEncoder().encode(
						printIntelHex(createImage([keyboardImage(keymapBytes, {chip: bench.chip.chip})])),
					),
			},
		},
	};
}
