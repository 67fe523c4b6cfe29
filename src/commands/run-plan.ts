// One recovery plan from its check to its result: what `recover` and `restore` share.
import {riskTexts} from '../engine/advice.ts';
import {hexByte} from '../engine/bytes.ts';
import {UnbrickError} from '../engine/errors.ts';
import {avrdudeCommands, avrdudeLacks} from '../engine/procedures/avrdude-command.ts';
import {checkPlan} from '../engine/procedures/check-plan.ts';
import {withFilesThere} from '../engine/procedures/files-there.ts';
import {createJournal, describeDamaged, type Interrupted} from '../engine/procedures/journal.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {recover} from '../engine/procedures/recover.ts';
import {findReferences} from '../io/catalogue.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import {ask, canAsk} from './ask.ts';
import {fuseText} from './boards.ts';
import {type EventLog, exitCodeOfResult, playEvents, sayResult, tellFailure, withCancel} from './events.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import {checkPlaces} from './files.ts';
import {type Hardware, openTarget} from './hardware.ts';
import type {Output} from './output.ts';
import {programName} from './version.ts';
import {offerToResume, planToResume, resumeCommandLine, waitingFor, waitingLines} from './waiting.ts';

/** Checks the plan, says it, asks, runs it. Nothing is opened before the check has passed. */
export async function runPlan(
	output: Output,
	log: EventLog,
	plan: RecoveryPlan,
	hardware: Hardware,
	options: {readonly yes?: boolean; readonly dryRun?: boolean; readonly accept?: readonly string[]},
	about: {
		/** The journal of the interrupted recovery that this one goes on with. */
		readonly journal?: string;
		/** A restore is no recovery: one that waits is told of, and not asked about. */
		readonly restores?: boolean;
	} = {},
): Promise<ExitCode> {
	const {journal} = about;
	const waiting = journal === undefined ? await waitingFor(plan) : {fitting: [], damaged: []};
	const unasked = options.yes === true || !canAsk();
	const first = waitingLines(waiting, hardware, unasked);
	const lines = [...first, ...planLines(plan)];
	try {
		checkPlan(plan);
		for (const message of first) await tellWaiting(output, log, message);
		if (options.dryRun !== true) {
			await checkPlaces(typeof plan.backup === 'object' ? plan.backup.path : undefined);
			const [latest] = about.restores === true ? [] : waiting.fitting;
			if (latest !== undefined && !unasked) {
				for (const journal of waiting.damaged) output.say(describeDamaged(journal));
				const chosen = await offerToResume(output, waiting.fitting);
				if (chosen !== 'new') return resumePlan(output, log, chosen, hardware, options);
				await ask(output, false, planLines(plan));
			} else {
				const otherwise =
					latest && `To go on with what was interrupted: ${resumeCommandLine(latest, hardware, true)}`;
				await ask(output, options.yes === true, lines, otherwise);
			}
		}
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error, {programmer: hardware.name});
	}
	if (options.dryRun === true) {
		for (const line of lines) output.say(line);
		const equal = avrdudeCommands(plan, plan.imageName ?? 'image.hex', {
			...(hardware.port === undefined ? {} : {port: hardware.port}),
			...(hardware.baud === undefined ? {} : {baud: hardware.baud}),
		});
		output.say('The same with avrdude, which judges nothing and asks nothing:');
		for (const line of equal) output.say(`  ${line}`);
		for (const line of avrdudeLacks(plan)) output.say(`  ${line}`);
		output.say('This was a dry run: nothing was opened, nothing was touched.');
		output.event({type: 'plan', ...planJson(plan), ...{avrdude: equal}});
		output.event({type: 'result', ...{ok: true, dryRun: true, chip: plan.chip.id, chipState: 'untouched'}});
		return exitCodes.done;
	}
	const world = createWorld();
	const store = createStore();
	const notes = createJournal(store, journal);
	return withCancel(output, async cancel => {
		const events = recover(plan, {
			connect: () => openTarget(world, hardware),
			store,
			clock: world.clock,
			journal: notes,
			cancel,
			program: programName,
			references: chip => findReferences(chip),
		});
		const result = await playEvents(output, log, withFilesThere(events, store, notes));
		if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a recovery ends in a result'});
		sayResult(output, result);
		return exitCodeOfResult(result);
	});
}

/** What waits, for a script. */
async function tellWaiting(output: Output, log: EventLog, message: string): Promise<void> {
	const event = {type: 'warning', code: 'recovery-waits', message} as const;
	await log.write(event);
	output.event(event);
}

/** Goes on with a recovery that was interrupted. */
export async function resumePlan(
	output: Output,
	log: EventLog,
	interrupted: Interrupted,
	hardware: Hardware,
	options: {readonly yes?: boolean; readonly dryRun?: boolean; readonly accept?: readonly string[]},
): Promise<ExitCode> {
	const plan = planToResume(interrupted, hardware, options.accept ?? []);
	const {chip, board} = plan;
	return runPlan(output, log, plan, {...hardware, chip, board}, options, {journal: interrupted.path});
}

const verifyWords = {
	full: 'Read the whole flash back and compare.',
	written: 'Read every page written and the boot section back and compare.',
	none: 'Read nothing back (except before fuses are written).',
} as const;

function whatHolds({backup, lost}: NonNullable<RecoveryPlan['resume']>): string {
	if (backup !== null) return `The backup from before the first erase holds: ${backup}.`;
	return lost ?? 'There is no backup from before the first erase.';
}

/** The plan in words, in the order in which it is carried out. */
function planLines(plan: RecoveryPlan): readonly string[] {
	const steps: string[] = [
		`Connect to the ${plan.chip.name} through ${plan.programmer}${plan.sck === 'auto' ? '' : ` at ${plan.sck} Hz`}; stop if another chip answers.`,
		plan.resume !== undefined
			? `${whatHolds(plan.resume)} Anything else that would go is kept in a fresh backup first.`
			: plan.backup === 'none'
				? 'Make no backup.'
				: `Back up flash, EEPROM, fuses and lock bits to ${plan.backup === 'auto' ? 'a new file in the state folder' : plan.backup.path}.`,
	];
	if (plan.image !== undefined) {
		const resumed = plan.resume !== undefined;
		if (resumed)
			steps.push(
				'Read flash and EEPROM and prove that it is the chip that was interrupted; stop if it is not.',
			);
		if (plan.erase)
			steps.push(
				resumed
					? 'Erase the chip again, unless what is written already can stay. The EEPROM goes with it, unless the EESAVE fuse spares it.'
					: 'Erase the chip. The EEPROM goes with it, unless the EESAVE fuse spares it.',
			);
		steps.push(
			resumed
				? `Write what is missing of ${plan.image.byteCount} bytes (${plan.imageName ?? 'the image'}).`
				: `Write ${plan.image.byteCount} bytes (${plan.imageName ?? 'the image'}).`,
			verifyWords[plan.verify],
		);
		if (plan.erase && plan.restoreEeprom) steps.push('Write the EEPROM back if the erase took it.');
	}
	steps.push(
		plan.fuses === 'keep'
			? 'Leave the fuses as they are.'
			: `Write the fuses that differ from ${Object.entries(fuseText(plan.fuses))
					.map(([name, value]) => `${name} ${value}`)
					.join(', ')}; read each back.`,
	);
	if (plan.lock !== undefined) steps.push(`Write the lock byte ${hexByte(plan.lock)}.`);
	steps.push('Leave, enter again, and read everything back once more.');
	// Accepted now, or then for the run that goes on.
	const risks = [...plan.accepted].map(risk => `Accepted: ${risk}. ${riskTexts[risk]}`);
	return ['This is what will be done:', ...steps.map((step, index) => `  ${index + 1}. ${step}`), ...risks];
}

function planJson(plan: RecoveryPlan) {
	return {
		programmer: plan.programmer,
		chip: plan.chip.id,
		board: plan.board?.id ?? null,
		imageBytes: plan.image?.byteCount ?? 0,
		image: plan.imageName ?? null,
		bootloader: plan.bootloader ?? null,
		fuses: plan.fuses === 'keep' ? 'keep' : fuseText(plan.fuses),
		lock: plan.lock === undefined ? null : hexByte(plan.lock),
		backup: plan.resume?.backup ?? (typeof plan.backup === 'string' ? plan.backup : plan.backup.path),
		erase: plan.erase,
		verify: plan.verify,
		accepted: [...plan.accepted],
		steps: planLines(plan).slice(1),
	};
}
