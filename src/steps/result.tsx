// How it ended: what was proven, in which state the chip is, what to do next, where the files are.
import {useEffect, useRef, useState} from 'react';
import {findBootloader} from '../engine/bootloaders/index.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {chipStateText} from './chip-state.ts';
import {loaderIdOf} from './comeback-watch.ts';
import {engineLines} from './engine-lines.ts';
import {causeLines} from './error-text.ts';
import {type LeftBehind, stillWords} from './left-behind.ts';
import {messageOf} from './message-of.ts';
import {plainMessage} from './plain-message.ts';
import {writeReport} from './report.ts';
import {restoredBy} from './restored.ts';
import {backupLines, provenLines, reportLines} from './result-lines.ts';
import type {Answers, Known, StepProps} from './step.ts';
import {undoFrom} from './undo.ts';

/** What USB showed: no more than was seen. */
function seenLines(known: Known, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const {comeback, keymap} = known;
	const lines: Line[] = [];
	if (comeback?.seen === 'bootloader') {
		lines.push(
			item(
				`${glyphs.done} `,
				`The board is back: ${comeback.name ?? 'its bootloader'} answered on USB as ${comeback.vidPid ?? '?'}.`,
				'good',
			),
		);
	}
	if (comeback?.seen === 'application') {
		lines.push(
			item(`${glyphs.done} `, `The board is back: it is on USB as ${comeback.vidPid ?? '?'}.`, 'good'),
		);
	}
	if (comeback?.seen === 'nothing') {
		lines.push(
			item(`${glyphs.warn} `, 'The board has not been seen on USB yet: nobody knows that it works.', 'warn'),
		);
	}
	const result = keymap?.result;
	if (keymap?.how === 'flashed' && result?.ok === true) {
		const own = result.application;
		lines.unshift(
			own == null
				? item(`${glyphs.warn} `, 'The keyboard has not shown itself yet. Plug it in once more.', 'warn')
				: own.uncertain
					? item(
							`${glyphs.warn} `,
							`A new device appeared (${own.vidPid}), it may be the keyboard. Try its keys.`,
							'warn',
						)
					: item(
							`${glyphs.done} `,
							`Your keyboard is back. It is on USB as ${own.vidPid}${own.product === undefined ? '' : `, "${printable(own.product)}"`}.`,
							'good',
						),
		);
		const proof = result.verified
			? `${result.verifiedBytes} bytes were read back and are equal.`
			: 'this bootloader cannot be read back; that it types is the proof.';
		lines.push(item(`${glyphs.done} `, `Keymap, ${printable(keymap.name ?? '')}: ${proof}`, 'good'));
	}
	if (keymap?.how === 'failed') {
		lines.push(item(`${glyphs.warn} `, 'The keymap could not be flashed. The bootloader is whole.', 'warn'));
	}
	return lines;
}

/** What is left to do. */
function afterwards(known: Known): readonly string[] {
	const id = loaderIdOf(known);
	const loader = id === undefined ? undefined : findBootloader(id);
	const {comeback, keymap} = known;
	if (keymap?.how === 'flashed' || comeback?.seen === 'application') {
		return ['Try every key.', 'When all is well, unplug it and take the wires off.'];
	}
	const restored = restoredBy(known);
	if (restored !== undefined) {
		return restored.bare
			? [
					'The board is as it was before, without a bootloader.',
					'To revive it, start avr-unbrick again and write one. Leave the wires on for that.',
				]
			: ['The board is as it was before: plug it in with its own USB cable.', 'Then take the wires off.'];
	}
	const flashIt =
		loader === undefined
			? 'Flash your keymap with the tool you used before.'
			: `Flash your keymap through the ${loader.name} bootloader, with the tool you used before or with "avr-unbrick flash FILE.hex".`;
	return [
		...(comeback?.seen === 'bootloader' ? [] : ['Plug the keyboard in with its own USB cable.']),
		...(known.image?.image === undefined ? ['Try it.'] : [flashIt]),
		'When it works, take the wires off.',
	];
}

/** @param most causes and hints after a failure: the rest is in the report */
export function resultLines(
	known: Known,
	practice: boolean,
	view: View,
	left?: LeftBehind,
	most: {readonly causes: number; readonly hints: number} = {causes: 2, hints: 3},
): readonly Line[] {
	const flash = known.flash;
	if (flash === undefined) return [];
	const glyphs = glyphsFor(view);
	const {result} = flash;
	if (!result.ok) {
		const {error} = result;
		return [
			item(`${glyphs.failed} `, plainMessage(error.message), 'bad'),
			item(
				'The chip: ',
				result.chipState === 'untouched' && left !== undefined
					? `This try changed nothing; it is still ${stillWords(left)}.`
					: chipStateText(result.chipState, result.stateNote),
				'strong',
			),
			...engineLines(known, view),
			...causeLines(error.likely.slice(0, most.causes), error.next.slice(0, most.hints), view),
			gap,
			...backupLines(known),
			...reportLines(known, practice),
		];
	}
	return [
		...seenLines(known, view),
		...provenLines(known, view),
		...engineLines(known, view),
		gap,
		say('What to do now:', 'strong'),
		...afterwards(known).map((text, index) => item(`${index + 1}. `, text)),
		gap,
		...backupLines(known),
		...reportLines(known, practice),
	];
}

export function ResultView(step: StepProps<'result'>) {
	const {known, deps, view, onDone} = step;
	const failed = known.flash?.result.ok === false;
	const reported = useRef(false);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const backup = known.flash?.result.backup ?? undefined;
	const undo = (path: string) => {
		undoFrom(deps.store, path).then(
			found => onDone({next: 'undo', undo: found}),
			(error: unknown) => setProblem(messageOf(error)),
		);
	};
	// The report was written when the work ended; now more was seen.
	useEffect(() => {
		const {flash} = known;
		if (reported.current || flash?.report === undefined || known.comeback === undefined) return;
		reported.current = true;
		void writeReport(known, flash.result, flash, deps, flash.report);
	}, [known, deps]);
	const lines = (most?: {readonly causes: number; readonly hints: number}) => [
		...resultLines(known, deps.practice !== undefined, view, step.left, most),
		...(problem === undefined ? [] : [say(problem, 'bad')]),
	];
	return (
		<Ask
			step={step}
			id="result"
			noWayBack
			onAction={action => {
				if (action.type === 'key' && backup !== undefined) undo(backup);
				if (action.type === 'choose') onDone({next: action.id as Answers['result']['next']});
				if (action.type === 'go') onDone({next: 'done'});
			}}
			spec={{
				lines: lines(),
				// What to try next is seen without turning a page.
				...(failed ? {shorter: [lines({causes: 1, hints: 2}), lines({causes: 1, hints: 1})]} : {}),
				control: failed
					? {
							kind: 'menu',
							items: [
								{
									id: 'retry',
									label: 'Try again: ask the chip once more and repeat',
									about: 'All answers are kept.',
								},
								{id: 'again', label: 'Begin from the start'},
								{id: 'done', label: 'Leave'},
							],
						}
					: {kind: 'go', does: 'leave'},
				keys: backup === undefined ? [] : [{key: 'u', does: 'undo it all', id: 'undo'}],
				terms: ['bootloader', 'verify', 'backup', 'firmware'],
			}}
		/>
	);
}
