// The wizard's surroundings on the practice bench: a made-up board, a made-up programmer, files in memory.
import {createBench, scenarios} from '../bench/bench.ts';
import {findBootloader} from '../engine/bootloaders/index.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import {createImage} from '../engine/image/memory-image.ts';
import type {WizardDeps} from './step.ts';

/** Practice runs this much faster than the real thing: long enough to be seen, short enough to be borne. */
const practiceSpeed = 25;
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

/**
 * A made-up bootloader for practice: jumps where the vectors are, then a pattern. Nothing of it is anybody's
 * program, and it would not run.
 */
export function practiceImage(startByteAddress: number, bytes: number): Uint8Array {
	const data = new Uint8Array(bytes);
	const entryWord = (startByteAddress >> 1) + 0x60;
	for (let index = 0; index < bytes; index++) data[index] = (index * 7 + (index >> 8) * 29) & 0xff;
	for (let vector = 0; vector < 43; vector++) {
		data.set([0x0c, 0x94, entryWord & 0xff, entryWord >> 8], vector * 4);
	}
	return new TextEncoder().encode(printIntelHex(createImage([{byteAddress: startByteAddress, data}])));
}

/**
 * @param scenario a name out of `scenarioNames`
 * @param pace see BenchOptions; none in tests, where nothing waits
 * @throws UnbrickError Bug for a name that does not exist: the caller checks names first
 */
export function createPracticeDeps(
	scenario: string,
	version: string,
	pace?: (ms: number) => Promise<void>,
): WizardDeps & {readonly bench: ReturnType<typeof createBench>} {
	const bench = createBench(scenario, pace === undefined ? {} : {pace});
	const found = scenarios.find(one => one.name === scenario);
	return {
		bench,
		world: bench.world,
		store: bench.store,
		version,
		loadFile: async path => {
			const text = bench.store.files.get(path);
			if (text === undefined) {
				throw new Error(`${path} is not there: the practice bench has no files of yours. Choose the ready image.`);
			}
			return new TextEncoder().encode(text);
		},
		catalogue: async ({chip, board}) => {
			const id = board?.bootloader ?? 'caterina';
			const place = findBootloader(id)?.boot.find(boot => boot.chip === chip.id) ?? fallbackPlace(chip);
			if (place === undefined) return [];
			return [
				{
					id: `practice-${id}`,
					name: `practice-${id}.hex`,
					bootloader: id,
					origin: 'A made-up image for practice, in the place where the real one goes.',
					load: async () => practiceImage(place.startByteAddress, place.bytes),
				},
			];
		},
		practice: {
			scenario,
			about: found?.description ?? '',
			sampleLog: found?.board === 'elite_c' ? dfuLog : caterinaLog,
		},
	};
}

function fallbackPlace(chip: Chip) {
	return chip.bootSections[0];
}
