// A look at what is on the chip before anything is chosen: the flash is read over ISP and its bootloader judged.
import {useEffect, useState} from 'react';
import {createCancel} from '../engine/cancel.ts';
import {type FlashLook, inspectFlash} from '../engine/image/inspect.ts';
import {referencesOf} from '../engine/procedures/results.ts';
import {item, type Line, say} from '../ui/lines.ts';
import {barLines} from '../ui/progress.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {contextOf, openTarget} from './contact.ts';
import {errorLines} from './error-text.ts';
import type {StepProps} from './step.ts';

/** What was found, and what it means for the choice. */
export function lookLines(look: FlashLook, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const {application} = look.inspection;
	const tone = look.verdict === 'whole' ? 'good' : look.verdict === 'unknown-build' ? 'plain' : 'warn';
	const advice = {
		whole:
			'It need not be written anew: when the board still does not start, look at the fuses, or at its USB socket and crystal.',
		damaged: 'Write the bootloader anew: that mends it.',
		'unknown-build': 'If it came with the board and never failed, leave it; otherwise write a published one.',
		unknown: 'Write the bootloader that your board needs.',
		none: 'Write the bootloader: that is most likely all that is missing.',
	} as const;
	return [
		say('What is on the chip now:', 'strong'),
		item(`${look.verdict === 'whole' ? glyphs.done : glyphs.bullet} `, printable(look.text), tone),
		item(
			`${glyphs.bullet} `,
			application === undefined
				? 'There is no keyboard firmware on it.'
				: `There is keyboard firmware on it, ${application.byteCount} bytes.`,
		),
		say(advice[look.verdict]),
		say('This was only read. Nothing was changed.', 'quiet'),
	];
}

export function LookView({step, onBack}: {readonly step: StepProps<'image'>; readonly onBack: () => void}) {
	const {known, deps, view, hangup} = step;
	const {identify, programmer, board, wiring} = known;
	const [look, setLook] = useState<FlashLook | undefined>(undefined);
	const [failed, setFailed] = useState<unknown>(undefined);
	const [done, setDone] = useState(0);
	const [stop] = useState(createCancel);
	const chip = identify?.chip;
	useEffect(() => hangup.onRequest(stop.request), [hangup, stop]);
	useEffect(() => {
		if (chip === undefined || programmer === undefined) return;
		const read = async () => {
			const target = await openTarget({
				world: deps.world,
				avrdude: deps.avrdude,
				programmer,
				board: board?.board,
				chip,
				powerTarget: wiring?.powerTarget,
			});
			try {
				const {fuses} = await target.identify(chip);
				const flash = await target.readRange('flash', 0, chip.flash.bytes, {
					onProgress: setDone,
					cancel: stop.cancel,
				});
				// Bytes come from a chip that has gone, too.
				await target.testLink?.();
				setLook(inspectFlash(flash, chip, {fuses, references: await referencesOf(deps, chip)}));
			} finally {
				await target.close();
			}
		};
		read().catch((error: unknown) => {
			if (stop.cancel.requested) onBack();
			else setFailed(error);
		});
		return stop.request;
	}, [chip, programmer, board, wiring, deps, stop, onBack]);
	if (chip === undefined) return null;
	const reading = look === undefined && failed === undefined;
	return (
		<Ask
			step={step}
			id={reading ? 'reading' : 'look'}
			onBack={reading ? stop.request : onBack}
			onAction={action => {
				if (action.type === 'go') onBack();
			}}
			spec={{
				lines:
					look !== undefined
						? lookLines(look, view)
						: failed !== undefined
							? errorLines(failed, view, [], contextOf(known, deps.world))
							: [
									say('Reading what is on the chip ...', 'strong'),
									...barLines('Read', done, chip.flash.bytes, undefined, view),
									say('Nothing is changed by that.', 'quiet'),
								],
				control: reading ? {kind: 'wait'} : {kind: 'go', does: 'choose what to write'},
				terms: ['bootloader', 'firmware'],
			}}
		/>
	);
}
