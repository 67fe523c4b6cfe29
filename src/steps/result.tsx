// How it ended: what was proven, in which state the chip is, what to do next, where the files are.
import {useEffect, useState} from 'react';
import {findBootloader} from '../engine/bootloaders/index.ts';
import {createCancel} from '../engine/cancel.ts';
import {explainComeback, snapshot, watchComeback} from '../engine/procedures/comeback.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {chipStateText} from './chip-state.ts';
import {causeLines} from './error-text.ts';
import type {Answers, Known, StepProps} from './step.ts';

/** As long as a person may take to plug the keyboard in and try. Our choice. */
const watchMs = 30 * 60_000;

function fileLines(known: Known, practice: boolean): readonly Line[] {
	const flash = known.flash;
	if (flash === undefined) return [];
	const backup = flash.result.backup ?? undefined;
	return [
		...(backup === undefined ? [] : [item('Backup: ', printable(backup), 'quiet')]),
		...(flash.report === undefined ? [] : [item('Report: ', printable(flash.report), 'quiet')]),
		...(practice && (backup !== undefined || flash.report !== undefined)
			? [say('(On the practice bench these files are kept in memory only.)', 'quiet')]
			: []),
	];
}

/** What to do with a board that was written and verified. */
function afterwards(known: Known): readonly string[] {
	const bootloader = known.image?.bootloader ?? known.board?.board?.bootloader;
	const loader = bootloader === undefined ? undefined : findBootloader(bootloader);
	return [
		'Unplug the programmer. Leave the wires on until you have seen the keyboard work.',
		loader === undefined || known.image?.image === undefined
			? 'Plug the keyboard into USB and try it.'
			: `Plug the keyboard into USB with its own cable. The ${loader.name} bootloader is on it again: flash your keymap as always, with QMK Toolbox or the tool you used before.`,
		'When it works, take the wires off.',
	];
}

export function resultLines(known: Known, practice: boolean, view: View): readonly Line[] {
	const flash = known.flash;
	if (flash === undefined) return [];
	const glyphs = glyphsFor(view);
	const {result, warnings} = flash;
	const notes = warnings.slice(0, 3).map(text => item(`${glyphs.warn} `, text, 'warn'));
	if (!result.ok) {
		const {error} = result;
		return [
			item(`${glyphs.failed} `, error.message, 'bad'),
			item('The chip: ', chipStateText(result.chipState), 'strong'),
			...fileLines(known, practice),
			...causeLines(error.likely.slice(0, 2), error.next.slice(0, 3), view),
		];
	}
	const wrote = result.writtenBytes > 0;
	const {fuses} = result;
	const fuseWords = [fuses.low, fuses.high, fuses.extended].filter(Boolean).join(' ');
	return [
		item(
			`${glyphs.done} `,
			wrote
				? `Your board is back. ${result.verifiedBytes} bytes were read back and verified.`
				: 'Done. The fuses were set and read back.',
			'good',
		),
		item('The chip: ', `${chipStateText(result.chipState)} Fuses read back: ${fuseWords}.`),
		...notes,
		gap,
		say('What to do now:', 'strong'),
		...afterwards(known).map((text, index) => item(`${index + 1}. `, text)),
		gap,
		...fileLines(known, practice),
	];
}

/** Watches USB for the board after a success; undefined until something is seen. Nothing is opened. */
function useComeback(step: StepProps<'result'>): string | undefined {
	const {known, deps} = step;
	const [seen, setSeen] = useState<string | undefined>(undefined);
	const chip = known.identify?.chip;
	const bootloader = known.image?.image === undefined ? undefined : known.image.bootloader;
	const wanted = known.flash?.result.ok === true && deps.practice === undefined;
	const {world} = deps;
	useEffect(() => {
		if (!wanted || chip === undefined) return;
		const stop = createCancel();
		const expectation = {chip, ...(bootloader === undefined ? {} : {bootloader})};
		const watch = async () => {
			const before = await snapshot(world);
			const readings = watchComeback(world, expectation, {
				before,
				clock: world.clock,
				cancel: stop.cancel,
				timeoutMs: watchMs,
			});
			for await (const reading of readings) {
				if (stop.cancel.requested) return;
				const {headline, next} = explainComeback(reading, expectation);
				setSeen([headline, next[0] ?? ''].join(' '));
			}
		};
		// Listing that fails says nothing about the board: the screen then simply stays as it is.
		watch().catch(() => {});
		return () => stop.request();
	}, [wanted, chip, bootloader, world]);
	return seen;
}

export function ResultView(step: StepProps<'result'>) {
	const {known, deps, view, onDone} = step;
	const comeback = useComeback(step);
	const glyphs = glyphsFor(view);
	const failed = known.flash?.result.ok === false;
	return (
		<Ask
			step={step}
			id="result"
			noWayBack
			onAction={action => {
				if (action.type === 'choose') onDone({next: action.id as Answers['result']['next']});
				if (action.type === 'go') onDone({next: 'done'});
			}}
			spec={{
				lines: [
					...resultLines(known, deps.practice !== undefined, view),
					...(comeback === undefined ? [] : [gap, item(glyphs.next, comeback, 'accent')]),
				],
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
				terms: ['bootloader', 'verify', 'backup', 'firmware'],
			}}
		/>
	);
}
