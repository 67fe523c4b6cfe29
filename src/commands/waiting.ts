// Interrupted recoveries that wait: which of them is meant, how one goes on, and what is said of them.
import {UnbrickError} from '../engine/errors.ts';
import {
	type DamagedJournal,
	describeDamaged,
	describeInterrupted,
	describeWaiting,
	type Interrupted,
	journalId,
	journalsNamed,
	surveyJournals,
} from '../engine/procedures/journal.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {createStore} from '../io/store.ts';
import {answerTo} from './ask.ts';
import {UsageError} from './exit-codes.ts';
import type {Hardware} from './hardware.ts';
import type {Output} from './output.ts';
import {parseRisk} from './parse.ts';

/** What waits beside a recovery that is to begin. */
export type Waiting = {
	/** Of the same chip, and not of a board that is named otherwise; the latest first. */
	readonly fitting: readonly Interrupted[];
	readonly damaged: readonly DamagedJournal[];
};

/** What the plan may be about already. A state folder that cannot be read holds nothing. */
export async function waitingFor(plan: RecoveryPlan): Promise<Waiting> {
	const {interrupted, damaged} = await surveyJournals(createStore()).catch(() => ({
		interrupted: [],
		damaged: [],
	}));
	const fitting = interrupted.filter(
		one =>
			one.plan.chip.id === plan.chip.id &&
			(plan.board === undefined || one.plan.board === undefined || one.plan.board.id === plan.board.id),
	);
	return {fitting, damaged};
}

/** Somebody who begins anew may not know that there is something to go on with. */
export function waitingLines(
	{fitting, damaged}: Waiting,
	hardware: Hardware,
	yes: boolean,
): readonly string[] {
	return [
		...fitting.map(
			one =>
				`${describeInterrupted(one)} If it was this board, go on with it: ${whatStays(one)} Type: ${resumeCommandLine(one, hardware, yes)} (\`recover --forget ${journalId(one.path)}\` drops it.)`,
		),
		...damaged.map(describeDamaged),
	];
}

/** What going on is good for. */
function whatStays({plan, problem}: Interrupted): string {
	if (problem !== undefined) return problem;
	return plan.resume?.backup == null ? 'what is written stays.' : 'its backup holds the EEPROM.';
}

/** What to type to go on with it, over the same hardware; with `yes` nothing is asked then. */
export function resumeCommandLine({path}: Interrupted, hardware: Hardware, yes: boolean): string {
	const {name, port, usb, baud, sck, powerTarget, openDrain} = hardware;
	return [
		'avr-unbrick recover --resume',
		journalId(path),
		`--programmer ${shellWord(name)}`,
		...(port === undefined ? [] : [`--port ${shellWord(port)}`]),
		...(usb === undefined ? [] : [`--usb ${shellWord(usb)}`]),
		...(baud === undefined ? [] : [`--baud ${baud}`]),
		...(sck === 'auto' ? [] : [`--sck ${sck}`]),
		...(powerTarget ? ['--power-target'] : []),
		...(openDrain ? ['--open-drain'] : []),
		...(yes ? ['--yes'] : []),
	].join(' ');
}

/** Double quotes are understood by every shell. */
const shellWord = (text: string) => (/^[\w@%+=:,./\\-]+$/.test(text) ? text : `"${text}"`);

/**
 * The one that a person names by its id or the beginning of it.
 * @throws UsageError where it is none of them or may be several; UnbrickError DeviceBusy where another copy is at it
 */
export function chooseWaiting(
	told: string,
	{interrupted, damaged, held}: Awaited<ReturnType<typeof surveyJournals>>,
): Interrupted {
	const named = journalsNamed(interrupted, told);
	const [one] = named;
	if (one !== undefined && named.length === 1) return one;
	const [spoiled] = journalsNamed(damaged, told);
	const [busy] = journalsNamed(
		held.map(path => ({path})),
		told,
	);
	if (one === undefined && spoiled !== undefined) throw new UsageError(describeDamaged(spoiled));
	if (one === undefined && busy !== undefined) throw heldByAnother(busy.path);
	const there = (one === undefined ? interrupted : named).map(describeWaiting).join('; ');
	if (one === undefined && there === '')
		throw new UsageError(`There is no interrupted recovery "${told}", nor any other.`);
	throw new UsageError(
		one === undefined
			? `There is no interrupted recovery "${told}". There ${interrupted.length === 1 ? 'is' : 'are'}: ${there}.`
			: `"${told}" may mean ${named.length} interrupted recoveries; type more of it: ${there}.`,
	);
}

export function heldByAnother(path: string): UnbrickError {
	return new UnbrickError({kind: 'DeviceBusy', path: `the recovery ${journalId(path)}`, otherCopy: true});
}

/**
 * Asks whether one of them is to go on instead of what was asked for.
 * @returns the one to go on with; `new` to begin anew
 * @throws UnbrickError Cancelled
 */
export async function offerToResume(
	output: Output,
	fitting: readonly Interrupted[],
): Promise<Interrupted | 'new'> {
	const [only] = fitting;
	if (only !== undefined && fitting.length === 1) {
		output.say(describeInterrupted(only));
		output.say(`If it was this board, go on with it: ${whatStays(only)}`);
		const answer = await answerTo(output, 'Go on with it? (yes / new: begin anew / no) ');
		if (/^y(es)?$/i.test(answer)) return only;
		if (/^new$/i.test(answer)) return 'new';
	} else {
		output.say(`${fitting.length} recoveries of this chip were interrupted:`);
		for (const [index, one] of fitting.entries()) output.say(`  ${index + 1}. ${describeWaiting(one)}`);
		const answer = await answerTo(output, 'Go on with which? (its number / new: begin anew / no) ');
		const chosen = /^\d+$/.test(answer) ? fitting[Number(answer) - 1] : undefined;
		if (chosen !== undefined) return chosen;
		if (/^new$/i.test(answer)) return 'new';
	}
	throw new UnbrickError({kind: 'Cancelled', during: 'the question before the start'});
}

/** What the interrupted run was told holds; the programmer may be another one. */
export function planToResume(
	{plan}: Interrupted,
	hardware: Hardware,
	accept: readonly string[],
): RecoveryPlan {
	return {
		...plan,
		programmer: hardware.programmer?.id ?? hardware.name,
		sck: hardware.sck,
		accepted: new Set([...plan.accepted, ...accept.map(parseRisk)]),
	};
}
