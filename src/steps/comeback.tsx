// The board is plugged in again: what to unplug and plug, and what USB shows then. Passing verify is not yet living.
import {useEffect, useState} from 'react';
import {findBootloader} from '../engine/bootloaders/index.ts';
import {bootloaderOfIdentity, vidPidText} from '../engine/bootloaders/open.ts';
import {placeOf} from '../engine/bootloaders/place.ts';
import {type ComebackReading, explainComeback, type SeenDevice} from '../engine/procedures/comeback.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {expectationOf, loaderIdOf, useWatch, type Watch} from './comeback-watch.ts';
import {provenLines} from './result-lines.ts';
import type {Answers, Known, StepProps} from './step.ts';

function answerOf(
	device: SeenDevice,
	seen: 'bootloader' | 'application',
	several?: boolean,
): Answers['comeback'] {
	const loader = bootloaderOfIdentity(device.vendorId, device.productId, device.release);
	return {
		seen,
		vidPid: vidPidText(device.vendorId, device.productId),
		...(loader === undefined || seen === 'application' ? {} : {name: loader.name, protocol: loader.protocol}),
		...(several === true ? {} : {place: placeOf(device)}),
	};
}

/** What to do with the cables. */
function cableLines(): readonly Line[] {
	return [
		say('Now see whether the board lives:', 'strong'),
		item('1. ', "Unplug the programmer from this computer; the keyboard's own cable too, if it is in."),
		item(
			'2. ',
			'Plug the keyboard in with its own USB cable. Leave the wires on until you have seen it work.',
		),
	];
}

export function readingLines({reading, late}: Watch, known: Known, view: View): readonly Line[] {
	const expectation = expectationOf(known);
	if (expectation === undefined) return [];
	const glyphs = glyphsFor(view);
	if (reading.kind === 'nothing' && !late) {
		return [item(glyphs.next, 'This program watches USB. Nothing new has appeared yet.', 'accent')];
	}
	const {headline, next} = explainComeback(reading, expectation);
	const alive = reading.kind === 'bootloader' || reading.kind === 'application';
	return [
		alive
			? item(`${glyphs.done} `, printable(headline), 'good')
			: item(`${glyphs.warn} `, printable(headline), 'warn'),
		...next.map(text => item(view.screenReader ? '' : `${glyphs.bullet} `, text)),
	];
}

/** A device that may be the board, though it is not what was expected. */
function mineOf(reading: ComebackReading): MenuItem | undefined {
	if (reading.kind === 'other-bootloader') {
		return {
			id: 'mine',
			label: 'That is my board: go on with it',
			about: 'Only if no other board waits in its bootloader.',
			term: 'bootloader',
		};
	}
	if (reading.kind === 'other-device' || reading.kind === 'sketch') {
		return {
			id: 'mine',
			label: 'That is my board, and it works',
			about: 'Then nothing more is needed.',
			term: 'firmware',
		};
	}
	return undefined;
}

export function ComebackView(step: StepProps<'comeback'>) {
	const {known, deps, view, input, onDone} = step;
	const hands = deps.practice?.hands;
	const id = loaderIdOf(known);
	const loader = id === undefined ? undefined : findBootloader(id);
	const overUsb = loader === undefined || loader.usb.length > 0;
	const watch = useWatch(deps.world, expectationOf(known), overUsb);
	const [plugged, setPlugged] = useState(false);
	const {reading} = watch;

	const device = reading.kind === 'nothing' ? undefined : reading.device;
	const certain = reading.kind === 'bootloader' || reading.kind === 'application' ? reading.kind : undefined;
	const several = reading.kind === 'bootloader' && reading.several === true;
	useEffect(() => {
		if (certain === undefined || device === undefined) return;
		// On the practice bench a key has brought the board; a real one comes while another key may be on its way.
		if (hands === undefined) input.hush();
		onDone(answerOf(device, certain, several));
	}, [certain, device, several, hands, input, onDone]);

	if (!overUsb) {
		return (
			<Ask
				step={step}
				id="no-usb"
				noWayBack
				onAction={action => {
					if (action.type === 'go') onDone({seen: 'nobody-looked'});
				}}
				spec={{
					lines: [
						...provenLines(known, view),
						gap,
						...cableLines(),
						item(
							'3. ',
							'Load your program with the tool you used before. When it works, take the wires off.',
						),
						gap,
						say(
							`The ${loader.name} bootloader shows nothing of its own on USB, so this program cannot see it.`,
							'quiet',
						),
					],
					control: {kind: 'go', does: 'go on'},
					terms: ['bootloader', 'verify'],
				}}
			/>
		);
	}
	const mine = mineOf(reading);
	const items: readonly MenuItem[] = [
		...(hands === undefined
			? []
			: plugged
				? [{id: 'reset', label: 'Practice: press RESET for me', about: 'Twice, as some bootloaders want it.'}]
				: [
						{
							id: 'plug',
							label: 'Practice: unplug and plug in for me',
							about: 'On the practice bench there is no cable to take in your hand.',
						},
					]),
		...(mine === undefined ? [] : [mine]),
		{
			id: 'skip',
			label: 'Go on without seeing it on USB',
			about: 'Nobody then knows yet whether the board works. What was read back stays true.',
		},
	];
	return (
		<Ask
			step={step}
			id={`watch ${plugged} ${mine?.label ?? ''}`}
			noWayBack
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'plug') {
					setPlugged(true);
					hands?.plug();
				}
				if (action.id === 'reset') void hands?.reset();
				if (action.id === 'skip') onDone({seen: 'nothing'});
				if (action.id === 'mine' && device !== undefined) {
					onDone(answerOf(device, reading.kind === 'other-bootloader' ? 'bootloader' : 'application'));
				}
			}}
			spec={{
				lines: [...provenLines(known, view), gap, ...cableLines(), ...readingLines(watch, known, view)],
				control: {kind: 'menu', items, initial: hands !== undefined && !plugged ? 'plug' : undefined},
				terms: ['bootloader', 'verify', 'RESET'],
			}}
		/>
	);
}
