// `recover --recipe FILE --repeat`: the same recovery to board after board, until one is unlike the others.
import path from 'node:path';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {isKind, UnbrickError} from '../engine/errors.ts';
import {checkPlan} from '../engine/procedures/check-plan.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';
import {withFilesThere} from '../engine/procedures/files-there.ts';
import {
	createJournal,
	describeInterrupted,
	type Interrupted,
	journalId,
	listInterrupted,
} from '../engine/procedures/journal.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {parseRecipe, planRecipe} from '../engine/procedures/recipe.ts';
import {recover} from '../engine/procedures/recover.ts';
import type {World} from '../engine/transports.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import {type EventLog, exitCodeOfResult, playEvents, sayResult, tellFailure, withCancel} from './events.ts';
import {type ExitCode, UsageError} from './exit-codes.ts';
import {checkPlaces, readHexFile, readNamedFile} from './files.ts';
import {type Hardware, openTarget} from './hardware.ts';
import type {RecoverOptions} from './options.ts';
import type {Output} from './output.ts';
import {runPlan} from './run-plan.ts';
import {programName} from './version.ts';

/** How often a new board is looked for: opening an Arduino costs it a reset of 2.5 s anyway. */
const lookMs = 1000;

export async function recipeCommand(
	output: Output,
	log: EventLog,
	file: string,
	hardware: Hardware,
	options: Pick<RecoverOptions, 'yes' | 'dryRun' | 'repeat' | 'accept'>,
): Promise<ExitCode> {
	const none = options.repeat === true && options.dryRun !== true ? {boards: 0} : {};
	let plan: RecoveryPlan;
	try {
		const recipe = parseRecipe(new TextDecoder().decode(await readNamedFile(file)), file);
		const image =
			recipe.image === undefined
				? undefined
				: (await readHexFile(path.resolve(path.dirname(file), recipe.image.file))).image;
		plan = planRecipe(recipe, file, image, hardware.programmer?.id ?? hardware.name, hardware.sck);
	} catch (error) {
		return tellFailure(output, log, error, {}, none);
	}
	const exact = {...hardware, chip: plan.chip, board: plan.board};
	if (options.repeat !== true || options.dryRun === true) {
		return runPlan(output, log, plan, exact, options);
	}
	if (options.yes !== true) {
		throw new UsageError('--repeat asks nothing between boards: add --yes when the recipe is what you want.');
	}
	try {
		checkPlan(plan);
		await checkPlaces();
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error, {programmer: hardware.name}, none);
	}
	// A series asks nothing between boards, and one that waits to be gone on with may be the next to be connected.
	const [unfinished] = await interruptedOf(plan.chip);
	if (unfinished !== undefined) {
		throw new UsageError(
			`${describeInterrupted(unfinished)} First go on with that board (\`recover --resume ${journalId(unfinished.path)}\`, which brings its EEPROM back) or drop it (\`recover --forget ${journalId(unfinished.path)}\`), then begin the series again.`,
		);
	}
	return withCancel(output, cancel => series(output, log, plan, exact, cancel));
}

async function interruptedOf(chip: Chip): Promise<readonly Interrupted[]> {
	const all = await listInterrupted(createStore()).catch(() => []);
	return all.filter(({plan}) => plan.chip.id === chip.id);
}

async function series(
	output: Output,
	log: EventLog,
	plan: RecoveryPlan,
	hardware: Hardware,
	cancel: Cancel,
): Promise<ExitCode> {
	const world = createWorld();
	const store = createStore();
	for (let number = 1; ; number++) {
		output.say(`Board ${number}:`);
		let last: RecoverResult | undefined;
		const journal = createJournal(store);
		const events = recover(plan, {
			connect: () => openTarget(world, hardware),
			store,
			clock: world.clock,
			cancel,
			program: programName,
			journal,
		});
		// Each board's result is a line of its own kind, so that only the series' end is a `result`.
		await playEvents(
			output,
			log,
			(async function* () {
				for await (const event of withFilesThere(events, store, journal)) {
					if (event.type === 'result') last = event;
					else yield event;
				}
			})(),
		);
		if (last === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a recovery ends in a result'});
		const line = {...last, type: 'board' as const, number};
		await log.write(line);
		output.event(line);
		sayResult(output, last);
		if (!last.ok) return end(output, log, last, number - 1);
		output.say('Take this board off and connect the next one. Ctrl+C ends the series.');
		try {
			await nextBoard(world, plan, hardware, cancel);
		} catch (error) {
			if (isKind(error, 'Cancelled')) return end(output, log, last, number);
			const code = await tellFailure(output, log, error, {programmer: hardware.name}, {boards: number});
			sayDone(output, number);
			return code;
		}
	}
}

function sayDone(output: Output, done: number): void {
	output.say(`${done} ${done === 1 ? 'board' : 'boards'} done.`);
}

async function end(output: Output, log: EventLog, last: RecoverResult, done: number): Promise<ExitCode> {
	const result = {...last, boards: done};
	await log.write(result);
	output.event(result);
	sayDone(output, done);
	return exitCodeOfResult(last);
}

/** Waits until the board has gone and another one answers. Throws WrongSignature for an unlike chip, Cancelled. */
async function nextBoard(
	world: World,
	plan: RecoveryPlan,
	hardware: Hardware,
	cancel: Cancel,
): Promise<void> {
	let gone = false;
	for (;;) {
		if (cancel.requested) throw new UnbrickError({kind: 'Cancelled', during: 'waiting for the next board'});
		await world.clock.sleep(lookMs);
		const target = await openTarget(world, hardware);
		try {
			await target.identify(plan.chip);
			if (gone) return;
		} catch (error) {
			if (!isKind(error, 'NoTarget') && !isKind(error, 'UnstableLink')) throw error;
			gone = true;
		} finally {
			await target.close();
		}
	}
}
