// `--practice [SCENARIO]`: the wizard on the bench, or, without a terminal, the whole recovery played by itself.
import {type Bench, createBench, scenarios} from '../bench/bench.ts';
import {keyboardImage} from '../bench/boot/images.ts';
import type {Scenario} from '../bench/scenarios.ts';
import {findBoard} from '../engine/boards/index.ts';
import {bootStartOf, openBootloader} from '../engine/bootloaders/open.ts';
import {placeOf} from '../engine/bootloaders/place.ts';
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import {recommendedFuses} from '../engine/fuses/recommendations.ts';
import {createImage} from '../engine/image/memory-image.ts';
import {createIspTarget} from '../engine/isp/isp-target.ts';
import {
	type ComebackReading,
	explainComeback,
	snapshot,
	watchComeback,
} from '../engine/procedures/comeback.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';
import {locateBootloader} from '../engine/procedures/find-bootloader.ts';
import {flash} from '../engine/procedures/flash.ts';
import {recover} from '../engine/procedures/recover.ts';
import {openProgrammer} from '../engine/programmers/open.ts';
import {createEventLog, playEvents, sayResult} from './events.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import {type Output, outputTo} from './output.ts';
import {didYouMean} from './parse.ts';
import {practiceImage, practiceImageName} from './practice-image.ts';

/** Throws UsageError for a name that does not exist. */
export function findScenario(name: string): Scenario {
	const scenario = scenarios.find(known => known.name === name);
	if (scenario !== undefined) return scenario;
	const names = scenarios.map(known => known.name);
	throw new UsageError(
		`There is no practice scenario "${name}".${didYouMean(name, names)} They are: ${names.join(', ')}.`,
	);
}

export async function practice(output: Output, name: string, interactive: boolean): Promise<ExitCode> {
	const scenario = findScenario(name);
	if (!interactive) return play(output, scenario);
	const {practiceWizard} = await import('./wizard.ts');
	return practiceWizard(scenario.name);
}

/** The chip, board, image and fuses that a person in this scenario would choose. */
export function practicePlan(scenario: Scenario) {
	const chip = findChip(scenario.expectedChip);
	if (chip === undefined) {
		throw new UnbrickError({kind: 'Bug', assumed: `scenario ${scenario.name} names a chip that is known`});
	}
	const board = findBoard(scenario.board);
	const wanted = board === undefined ? undefined : recommendedFuses(board);
	const factory = {
		low: chip.fuses.low.factory,
		...(chip.fuses.high === undefined ? {} : {high: chip.fuses.high.factory}),
		...(chip.fuses.extended === undefined ? {} : {extended: chip.fuses.extended.factory}),
	};
	return {chip, board, fuses: wanted?.fuses, image: practiceImage(chip, wanted?.fuses ?? factory, board)};
}

async function play(output: Output, scenario: Scenario): Promise<ExitCode> {
	const bench = createBench(scenario);
	const {chip, board, fuses, image} = practicePlan(scenario);
	output.say(`Practice "${scenario.name}": ${scenario.description}`);
	const told = await playEvents(
		output,
		createEventLog(undefined, output),
		recover(
			{
				programmer: bench.programmer,
				chip,
				...(board === undefined ? {} : {board}),
				image,
				imageName: practiceImageName,
				...(board?.bootloader === undefined ? {} : {bootloader: board.bootloader}),
				fuses: fuses ?? 'keep',
				backup: 'auto',
				erase: true,
				verify: 'written',
				restoreEeprom: true,
				accepted: new Set(),
				sck: 'auto',
			},
			{
				connect: async () =>
					createIspTarget(
						await openProgrammer(bench.world, {programmer: bench.programmer, port: bench.port}),
						{clock: bench.world.clock, chip, ...(board === undefined ? {} : {board})},
					),
				store: bench.store,
				clock: bench.world.clock,
			},
		),
	);
	if (told === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a recovery ends in a result'});
	// Here a failure may be what the scenario is about: it belongs to the story on stdout.
	sayResult(outputTo({json: false, stdout: process.stdout, stderr: process.stdout}), told);
	output.say(
		'This was practice: no real board was touched, and the files named above were kept in memory only.',
	);
	const asPromised = endsAs(scenario, told) && (!told.ok || (await playComeback(output, bench, scenario)));
	const how = told.ok ? 'recovered' : told.error.kind;
	output.say(
		asPromised
			? `The scenario "${scenario.name}" ended as it should (${how}): ${scenario.ends.note}`
			: `The scenario "${scenario.name}" did not end as it should: ${how}, but ${scenario.ends.note}`,
	);
	return asPromised ? exitCodes.done : exitCodes.failed;
}

/** The second half of the story: plug in, see the bootloader, flash a keymap, see the keyboard. */
async function playComeback(output: Output, bench: Bench, scenario: Scenario): Promise<boolean> {
	const {chip, board} = practicePlan(scenario);
	const {world, clock} = bench;
	const expectation = {
		chip,
		...(board?.bootloader === undefined ? {} : {bootloader: board.bootloader}),
	};
	const before = await snapshot(world);
	output.say("The programmer's wires come off; the board's own cable goes in.");
	bench.plugBoard();
	let reading: ComebackReading = {kind: 'nothing'};
	for await (const seen of watchComeback(world, expectation, {before, clock})) reading = seen;
	output.say(explainComeback(reading, expectation).headline);
	if (reading.kind !== 'bootloader') return false;
	const found = await locateBootloader(world, {touch: false, chip});
	const client = await openBootloader(world, {
		protocol: found.protocol,
		chip,
		...(found.port === undefined ? {} : {port: found.port}),
		...(found.usbKey === undefined ? {} : {usbKey: found.usbKey}),
	});
	const image = createImage([keyboardImage()]);
	let done = false;
	for await (const event of flash(
		{chip, bootStart: bootStartOf(found.protocol, chip), image, start: true},
		client,
		{clock, world, place: placeOf(reading.device)},
	)) {
		if (event.type !== 'result') continue;
		done = event.ok && event.application != null && event.application.uncertain !== true;
		output.say(
			event.ok
				? `The keymap is flashed (${event.imageBytes} bytes${event.verified ? ', read back and equal' : ''}); the keyboard shows itself as ${event.application?.vidPid ?? 'nothing'}.`
				: `The keymap could not be flashed: ${event.error.message}`,
		);
	}
	return done;
}

function endsAs(scenario: Scenario, result: RecoverResult): boolean {
	const {ends} = scenario;
	if (ends.ok || result.ok) return ends.ok === result.ok;
	return ends.errors.includes(result.error.kind) && ends.chipState === result.chipState;
}
