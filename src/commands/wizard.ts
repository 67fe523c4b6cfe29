// The wizard, on this machine's own ports or on the practice bench.

import {runWizard} from '../app.tsx';
import {readFileBytes, readLogFile} from '../io/files.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import type {AvrdudeEngine, QmkBuild, WizardDeps} from '../steps/step.ts';
import {pasteLimit} from '../ui/text.ts';
import type {ExitCode} from './exit-codes.ts';
import {version} from './version.ts';

const loadLog = (path: string) => readLogFile(path, pasteLimit);

export async function wizard(): Promise<ExitCode> {
	return runWizard(realDeps());
}

/** The dialogue on lines; on the practice bench where a scenario is named. */
export async function plainWizard(scenario: string | undefined): Promise<ExitCode> {
	const {runPlainWizard} = await import('../plain-wizard.tsx');
	if (scenario === undefined) return runPlainWizard(realDeps());
	const {findScenario} = await import('./practice.ts');
	return runPlainWizard(await practiceDeps(findScenario(scenario).name));
}

/** The qmk program and the checkout it builds in, where both are there. */
const qmkBuild: QmkBuild = {
	async available() {
		const {findQmkFirmware, qmkProgram} = await import('../io/qmk.ts');
		return (await findQmkFirmware()) !== undefined && (await qmkProgram()) !== undefined;
	},
	async compile(keyboard, keymap, onLine, cancel) {
		const {compileProduction, findQmkFirmware} = await import('../io/qmk.ts');
		const firmware = await findQmkFirmware();
		if (firmware === undefined) return {ok: false, why: 'The qmk_firmware folder is gone.'};
		return compileProduction({firmware, keyboard, keymap, onLine, cancel});
	},
};

/** Behind the same target as on the command line with `--programmer avrdude:NAME`. */
function avrdudeEngine(world: WizardDeps['world']): AvrdudeEngine {
	return {
		find: async () => (await import('../io/avrdude.ts')).findAvrdude(),
		async open({programmer, port, board, chip}) {
			const {openTarget, parseHardware} = await import('./hardware.ts');
			const options = {programmer: `avrdude:${programmer}`, ...(port === undefined ? {} : {port})};
			return openTarget(world, {...parseHardware(options), board, chip});
		},
	};
}

function realDeps(): WizardDeps {
	const world = createWorld();
	return {
		world,
		avrdude: avrdudeEngine(world),
		store: createStore(),
		loadFile: readFileBytes,
		loadLog,
		build: qmkBuild,
		references: async chip => (await import('../io/catalogue.ts')).findReferences(chip),
		qmk: async typed => (await import('../io/qmk.ts')).lookUpQmk(typed),
		catalogue: async wanted => (await import('./catalogue.ts')).publishedImages(wanted),
		ispProgram: async (board, onProgress) => (await import('./catalogue.ts')).ispProgram(board, onProgress),
		practiceDeps: () => practiceDeps('healthy'),
		version,
	};
}

export async function practiceWizard(scenario: string): Promise<ExitCode> {
	return runWizard(await practiceDeps(scenario));
}

/** Loaded only when somebody practises: the wizard's first frame does not wait for the bench. */
async function practiceDeps(scenario: string): Promise<WizardDeps> {
	const [{createBench}, {createPracticeDeps, shortenedPace}, {practicePlan}, {practiceImageName}] =
		await Promise.all([
			import('../bench/bench.ts'),
			import('../steps/practice-deps.ts'),
			import('./practice.ts'),
			import('./practice-image.ts'),
		]);
	const bench = createBench(scenario, {pace: shortenedPace()});
	const {image} = practicePlan(bench.scenario);
	return createPracticeDeps({
		bench,
		image,
		imageName: practiceImageName,
		loadFile: readFileBytes,
		loadLog,
		version,
	});
}
