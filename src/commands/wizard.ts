// The wizard, on this machine's own ports or on the practice bench.

import {runWizard} from '../app.tsx';
import {createBench} from '../bench/bench.ts';
import {readFileBytes} from '../io/files.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import {createPracticeDeps, shortenedPace} from '../steps/practice-deps.ts';
import type {WizardDeps} from '../steps/step.ts';
import {publishedImages} from './catalogue.ts';
import type {ExitCode} from './exit-codes.ts';
import {practicePlan} from './practice.ts';
import {practiceImageName} from './practice-image.ts';
import {version} from './version.ts';

export async function wizard(): Promise<ExitCode> {
	return runWizard({
		world: createWorld(),
		store: createStore(),
		loadFile: readFileBytes,
		catalogue: publishedImages,
		practiceDeps: async () => practiceDeps('healthy'),
		version,
	});
}

export async function practiceWizard(scenario: string): Promise<ExitCode> {
	return runWizard(practiceDeps(scenario));
}

function practiceDeps(scenario: string): WizardDeps {
	const bench = createBench(scenario, {pace: shortenedPace()});
	const {image} = practicePlan(bench.scenario);
	return createPracticeDeps({bench, image, imageName: practiceImageName, loadFile: readFileBytes, version});
}
