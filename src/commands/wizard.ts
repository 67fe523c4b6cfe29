// The wizard, on this machine's own ports or on the practice bench.

import {runWizard} from '../app.tsx';
import {createBench} from '../bench/bench.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import {readFileBytes} from '../io/files.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import type {CatalogueImage, WizardDeps} from '../steps/step.ts';
import type {ExitCode} from './exit-codes.ts';
import {practicePlan} from './practice.ts';
import {practiceImageName} from './practice-image.ts';
import {version} from './version.ts';

export async function wizard(how: {readonly plain: boolean}): Promise<ExitCode> {
	void how;
	return runWizard({
		world: createWorld(),
		store: createStore(),
		loadFile: readFileBytes,
		practiceDeps: async () => practiceDeps('healthy'),
		version,
	});
}

export async function practiceWizard(scenario: string): Promise<ExitCode> {
	return runWizard(practiceDeps(scenario));
}

/**
 * Virtual time runs this much faster than a person's, so that a recovery can be watched but not waited for.
 */
const paceDivisor = 8;
/** Sleeps shorter than this are not worth a real one. */
const shortestPaceMs = 2;

function practiceDeps(scenario: string): WizardDeps {
	let owedMs = 0;
	const bench = createBench(scenario, {
		pace: async ms => {
			owedMs += ms / paceDivisor;
			if (owedMs < shortestPaceMs) return;
			const sleepMs = owedMs;
			owedMs = 0;
			await new Promise(resolve => setTimeout(resolve, sleepMs));
		},
	});
	const {chip, board, image} = practicePlan(bench.scenario);
	const bootloader: CatalogueImage = {
		id: 'practice',
		name: practiceImageName,
		bootloader: board?.bootloader ?? 'caterina',
		origin: 'made up for the practice bench',
		load: async () => new TextEncoder().encode(printIntelHex(image)),
	};
	return {
		world: bench.world,
		store: bench.store,
		loadFile: readFileBytes,
		catalogue: async wanted => (wanted.chip.id === chip.id ? [bootloader] : []),
		practice: {
			scenario: bench.scenario.name,
			about: bench.scenario.description,
			sampleLog,
		},
		version,
	};
}

/** What somebody with a Pro Micro in this state sees in a terminal. Own words around avrdude's messages. */
const sampleLog = [
	'Waiting for /dev/ttyACM* to become writable......',
	'Device /dev/ttyACM0 has appeared; assuming it is the controller.',
	'Connecting to programmer: .avrdude: butterfly_recv(): programmer is not responding',
	'avrdude: butterfly_recv(): programmer is not responding',
	'avrdude: verification error, first mismatch at byte 0x002a',
	'         0x2b != 0x75',
	'avrdude: verification error; content mismatch',
].join('\n');
