// The plain lines that stay in the terminal when the wizard has ended.
import type {Interrupted} from '../engine/procedures/journal.ts';
import {printable} from '../ui/text.ts';
import {isArm, isHelped} from './applies.ts';
import {chipStateText} from './chip-state.ts';
import {type LeftBehind, stillWords} from './left-behind.ts';
import {plainMessage} from './plain-message.ts';
import {wholePages} from './result-lines.ts';
import type {Answers, Known} from './step.ts';

export type Farewell = {readonly lines: readonly string[]; readonly code: 0 | 1 | 3 | 130};

/** What the answers alone do not tell. */
export type Circumstances = {
	/** How writes of this run have left boards, oldest first. */
	readonly left?: readonly LeftBehind[];
	/** The one of them that the answers go on with, where it is unfinished. */
	readonly still?: LeftBehind | undefined;
	/** Recoveries whose journals wait in the state folder. */
	readonly waiting?: readonly Interrupted[];
	/** It ended on the practice bench. */
	readonly practice?: boolean;
	/** Why the person gave up at the first contact. */
	readonly gaveUp?: Answers['flash'] | undefined;
};

/** What was seen after the work; nothing where nobody looked. */
function seenTexts({comeback, keymap}: Known): readonly string[] {
	const result = keymap?.result;
	return [
		...(comeback?.vidPid === undefined
			? []
			: [`On USB: ${printable(comeback.name ?? 'the keyboard')}, ${comeback.vidPid}.`]),
		...(result?.ok === true
			? [
					`Keymap: ${result.imageBytes} bytes written${result.verified ? ', read back and equal' : ''}; the keyboard ${result.application == null ? 'has not shown itself yet' : result.application.uncertain ? `may be the new device ${result.application.vidPid}` : `shows itself as ${result.application.vidPid}`}.`,
				]
			: []),
	];
}

const ofPractice =
	'This was practice: no real board was touched, and the files named on its screens are not kept.';
const ofPracticeReport = '(In practice the report is kept in memory only.)';
const toGoOnHere = 'Run it again to go on here.';
const toGoOn = (count: number) =>
	`To go on: start avr-unbrick again and choose "Go on with ${count === 1 ? 'the' : 'a'} recovery that was interrupted".`;

/** Backup and report, where they are real. */
function fileLines(practice: boolean, named: readonly (readonly [string, string | null | undefined])[]) {
	if (practice) return [];
	return named.flatMap(([name, path]) => (path == null ? [] : [`${name}: ${printable(path)}`]));
}

/** Boards that stay unfinished beside the one that was spoken of last, and what waits from earlier runs. */
function othersLines(
	others: readonly LeftBehind[],
	waiting: readonly Interrupted[],
	told: readonly (string | null | undefined)[],
): readonly string[] {
	const known = new Set([...told, ...others.map(({backup}) => backup)]);
	return [
		...others.flatMap(({chip, board, text, backup}) => [
			`Earlier in this run the work on an ${chip}${board === undefined ? '' : ` (${printable(board)})`} broke off. If that was another board, it is still so: ${text}`,
			...fileLines(false, [['Its backup', backup]]),
		]),
		...waiting.flatMap(one => {
			const backup = one.plan.resume?.backup;
			if (backup != null && known.has(backup)) return [];
			return [
				`From an earlier run: A recovery of an ${one.chip} was interrupted ${one.stage}.`,
				...fileLines(false, [['Its backup', backup]]),
			];
		}),
		...(waiting.length === 0 ? [] : [toGoOn(waiting.length)]),
	];
}

/** True when the wizard keeps the answers, so that it can be entered again where it was left (session.ts). */
function hasAnswers(known: Known): boolean {
	return known.start !== undefined && known.image?.restore === undefined && !isArm(known);
}

/** What was done, where the files lie, and the exit code for it. */
export function farewell(
	known: Known,
	how: 'finished' | 'left' | 'gave-up',
	{left = [], still, waiting = [], practice = false, gaveUp}: Circumstances = {},
): Farewell {
	const mine = left.filter(one => one.practice === practice);
	const last = mine.at(-1);
	const others = left.filter(one => one !== last && !one.ok && !one.practice);
	const end = known.flash ?? gaveUp;
	const head = practice ? [ofPractice] : [];
	if (end === undefined) {
		const rest = othersLines(others, waiting, [last?.backup]);
		const files = fileLines(practice, [
			['Backup', last?.backup],
			['Report', last?.report],
		]);
		const state = last === undefined ? [] : [`The board: ${last.text}`, ...files];
		if (isHelped(known)) {
			const untouched = last === undefined ? ' Nothing on the chip was changed by this program.' : '';
			return {lines: [...head, `First aid was enough.${untouched}`, ...state, ...rest], code: 0};
		}
		if (last === undefined && isArm(known) && how === 'finished')
			return {lines: [...head, 'An Arm board needs no ISP. Nothing was changed.', ...rest], code: 0};
		const first =
			waiting.length > 0
				? 'Nothing on the board was changed this time.'
				: 'Nothing on the board was changed.';
		return {
			lines: [
				...head,
				last === undefined ? `Left before the end. ${first}` : 'Left before the end.',
				...(how === 'left' && last === undefined && !practice && hasAnswers(known) ? [toGoOnHere] : []),
				...state,
				...rest,
			],
			code: 130,
		};
	}
	const {result, report} = end;
	const untouched = result.chipState === 'untouched';
	const state =
		untouched && still !== undefined
			? `This try changed nothing; the chip is still ${stillWords(still)}.`
			: chipStateText(result.chipState, result.ok ? undefined : result.stateNote);
	const firstBackup = untouched ? still?.backup : last?.backup;
	const backup = result.backup ?? undefined;
	const more = backup !== firstBackup && firstBackup !== undefined ? backup : undefined;
	const unspoken = untouched && still === undefined && last?.ok === false ? [last] : [];
	const lines = [
		...head,
		result.ok
			? `Done: ${result.verifiedBytes} bytes verified on the ${result.chip}${wholePages(known, result.verifiedBytes)}.`
			: `Not done: ${printable(plainMessage(result.error.message))}`,
		...(how === 'gave-up' && !result.ok
			? result.error.likely.slice(0, 1).map(text => `Most likely: ${printable(text)}`)
			: []),
		`The board: ${state}`,
		...seenTexts(known),
		...(known.flash !== undefined && last?.over === 'usb' && !last.ok ? [`Keymap: ${last.text}`] : []),
		...fileLines(practice, [
			['Backup', firstBackup ?? backup],
			['Backup of the last try', more],
			['Report', report],
		]),
		...(practice && how === 'gave-up' ? [ofPracticeReport] : []),
		...othersLines([...others, ...unspoken.filter(one => !one.practice)], waiting, [firstBackup, backup]),
	];
	if (result.ok) return {lines, code: 0};
	if (result.error.kind === 'Cancelled') return {lines, code: 130};
	const refused = result.error.kind === 'FuseRefused' || result.error.kind === 'ConsentMissing';
	return {lines, code: refused ? 3 : 1};
}
