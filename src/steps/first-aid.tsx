// What helps without a programmer, in order. What this program can look after or do itself, it offers.
import {useCallback, useEffect, useRef, useState} from 'react';
import {waysInto} from '../engine/bootloaders/ways-in.ts';
import {callBootloader, placeOfPort, touchPort} from '../engine/procedures/bootloader-entry.ts';
import type {FlashResult} from '../engine/procedures/flash.ts';
import type {SerialPortInfo} from '../engine/transports.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import {type AidTarget, aidTexts, canHelp, type Look, lookAround, lookLines, targetOf} from './aid-look.ts';
import {Ask} from './ask.tsx';
import {causeLines, errorLines} from './error-text.ts';
import {KeymapWork, keymapStateText, useKeymapRun} from './keymap.tsx';
import {type Keymap, readKeymap} from './keymap-run.ts';
import {plainMessage} from './plain-message.ts';
import type {Answers, StepProps} from './step.ts';

type Page =
	| {readonly at: 'list'}
	| {readonly at: 'look'}
	| {readonly at: 'flash'; readonly target: AidTarget};

const outcomes: readonly MenuItem[] = [
	{
		id: 'no-help',
		label: 'It did not help: go on with a programmer (ISP)',
		about: 'ISP reaches the chip even when everything on it is broken.',
		term: 'ISP',
	},
	{
		id: 'not-tried',
		label: 'I cannot try this: go on with a programmer (ISP)',
		about: 'You can come back to this page at any time with Esc.',
		term: 'ISP',
	},
	{id: 'helped', label: 'It helped: the board works again', about: 'Good. Nothing else is needed.'},
];

export function FirstAidView(step: StepProps<'firstAid'>) {
	const {known, before, onDone} = step;
	const [page, setPage] = useState<Page>({at: 'list'});
	const diagnosis = known.start?.diagnosis;
	const done = (id: string) => onDone({outcome: id as Answers['firstAid']['outcome']});
	if (page.at === 'look') {
		return (
			<LookPage
				step={step}
				onBack={() => setPage({at: 'list'})}
				onFlash={target => setPage({at: 'flash', target})}
			/>
		);
	}
	if (page.at === 'flash') {
		return (
			<FlashPage step={step} target={page.target} onBack={() => setPage({at: 'look'})} onOutcome={done} />
		);
	}
	const able = canHelp(diagnosis);
	return (
		<Ask
			step={step}
			id="first-aid"
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'look') setPage({at: 'look'});
				else done(action.id);
			}}
			spec={{
				lines: [
					say('Try this, in this order. You can leave this window open meanwhile.', 'strong'),
					gap,
					...aidTexts(diagnosis).map((text, index) => item(`${index + 1}. `, text)),
				],
				control: {
					kind: 'menu',
					items: [
						...(able
							? [
									{
										id: 'look',
										label: 'Let this program look, and do what it can',
										about: 'Is the board there, may it be opened, is anything in the way? It can flash, too.',
										term: 'bootloader' as const,
									},
								]
							: []),
						...outcomes,
					],
					initial: before?.outcome ?? (able ? 'look' : undefined),
				},
				terms: ['bootloader', 'RESET', 'DFU'],
			}}
		/>
	);
}

function useLook(step: StepProps<'firstAid'>) {
	const {world} = step.deps;
	const [look, setLook] = useState<Look | undefined>(undefined);
	const [fault, setFault] = useState<unknown>(undefined);
	/** Looks now; gives what was seen, undefined where it could not look. */
	const again = useCallback(
		() =>
			lookAround(world).then(
				seen => {
					setFault(undefined);
					setLook(seen);
					return seen;
				},
				(error: unknown) => {
					setFault(error);
					return undefined;
				},
			),
		[world],
	);
	useEffect(() => {
		void again();
		return world.onDevicesChanged(() => void again());
	}, [world, again]);
	return {look, fault, again};
}

function LookPage({
	step,
	onBack,
	onFlash,
}: {
	readonly step: StepProps<'firstAid'>;
	readonly onBack: () => void;
	readonly onFlash: (target: AidTarget) => void;
}) {
	const {known, deps, view, hangup} = step;
	const diagnosis = known.start?.diagnosis;
	const [told, setTold] = useState('');
	const times = useRef(0);
	const {look, fault, again} = useLook(step);
	if (diagnosis === undefined) return null;
	const target = look === undefined ? undefined : targetOf(look, diagnosis);
	const [port] = look?.touchable ?? [];
	const touchable = look?.touchable.length === 1 ? port : undefined;
	// Every choice says what came of it, also where nothing did.
	const bringIn = (began: string, nothing: string, call: () => Promise<unknown>, sketch?: SerialPortInfo) => {
		setTold(`${began} Waiting for its bootloader ...`);
		// Only a loader that comes because of it counts, at the sketch's own place: others may wait all the time.
		(sketch === undefined ? Promise.resolve({}) : placeOfPort(deps.world, sketch))
			.then(place => callBootloader(deps.world, call, {place, cancel: hangup}))
			.then(found => setTold(found === undefined ? nothing : `${began} Its bootloader is there.`))
			.catch((error: unknown) => setTold(error instanceof Error ? error.message : String(error)))
			.finally(() => void again());
	};
	const lookAgain = () => {
		const before = look === undefined ? undefined : lookLines(look, diagnosis, view);
		times.current++;
		const count = times.current === 1 ? 'once more' : `${times.current} times`;
		void again().then(seen => {
			if (seen === undefined) return;
			const same = JSON.stringify(lookLines(seen, diagnosis, view)) === JSON.stringify(before);
			setTold(`Looked ${count}: ${same ? 'nothing has changed.' : 'something has changed.'}`);
		});
	};
	const items: readonly MenuItem[] = [
		...(target === undefined
			? []
			: [
					{
						id: 'flash',
						label: 'Erase and flash a file in one go',
						about: 'Through the bootloader, which is waited for. It is read back where it can be.',
						term: 'bootloader' as const,
					},
				]),
		...(touchable === undefined
			? []
			: [
					{
						id: 'touch',
						label: `Ask the board on ${printable(touchable.path)} into its bootloader`,
						about: 'Opens its port at 1200 baud and closes it: that is the sign to restart.',
					},
				]),
		...(deps.practice?.hands === undefined
			? []
			: [{id: 'reset', label: 'Practice: press RESET for me', about: 'Twice, as some bootloaders want it.'}]),
		{id: 'again', label: 'Look again'},
		{id: 'back', label: 'Back to the list'},
	];
	return (
		<Ask
			step={step}
			id="look"
			onBack={onBack}
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'flash' && target !== undefined) onFlash(target);
				if (action.id === 'touch' && touchable !== undefined) {
					bringIn(
						`Asked the board on ${touchable.path} to restart into its bootloader.`,
						'The board was asked, but no bootloader has come: use its RESET, as below.',
						() => touchPort(deps.world, touchable.path),
						touchable,
					);
				}
				const hands = deps.practice?.hands;
				if (action.id === 'reset' && hands !== undefined) {
					bringIn(
						'RESET was pressed twice.',
						'RESET was pressed twice, but no bootloader has come.',
						hands.reset,
					);
				}
				if (action.id === 'again') lookAgain();
				if (action.id === 'back') onBack();
			}}
			spec={{
				lines: [
					say('What this computer sees:', 'strong'),
					...(told === '' ? [] : [say(printable(told), 'accent')]),
					...(fault !== undefined
						? errorLines(fault, view)
						: look === undefined
							? [say('Looking ...', 'quiet')]
							: lookLines(look, diagnosis, view)),
				],
				control: {
					kind: 'menu',
					items,
					initial:
						look !== undefined && look.waiting.length > 0 && target !== undefined ? 'flash' : undefined,
				},
				terms: ['bootloader', 'RESET', 'DFU'],
			}}
		/>
	);
}

function FlashPage({
	step,
	target,
	onBack,
	onOutcome,
}: {
	readonly step: StepProps<'firstAid'>;
	readonly target: AidTarget;
	readonly onBack: () => void;
	readonly onOutcome: (outcome: string) => void;
}) {
	const {deps, view} = step;
	const glyphs = glyphsFor(view);
	const [keymap, setKeymap] = useState<Keymap | undefined>(undefined);
	const [problem, setProblem] = useState('');
	const [run, setRun] = useState(0);
	const {progress, missing, result, fault, stop} = useKeymapRun(step, target, keymap, run);
	const load = (path: string) => {
		setProblem('');
		deps
			.loadFile(path)
			.then(bytes => setKeymap(readKeymap(bytes, path, target.chip, target.protocol)))
			.catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
	};
	if (keymap === undefined) {
		return (
			<Ask
				step={step}
				id={`file ${problem}`}
				onBack={onBack}
				onAction={action => {
					if (action.type === 'field') load(action.text.replace(/^(['"])(.*)\1$/, '$2'));
				}}
				spec={{
					lines: [
						say('Which .hex file shall be flashed?', 'strong'),
						say(
							'The firmware or keymap for this board, as QMK, VIA or its maker gave it to you. Type its name with the folder, or drag the file into this window.',
						),
						...(problem === '' ? [] : [item(`${glyphs.failed} `, printable(problem), 'bad')]),
					],
					control: {kind: 'field', ask: 'File:'},
					terms: ['hex', 'firmware'],
				}}
			/>
		);
	}
	if (result !== undefined || fault !== undefined) {
		const good = result?.ok === true;
		const items: readonly MenuItem[] = good
			? [
					{id: 'helped', label: 'The board works again', about: 'Good. Nothing else is needed.'},
					{id: 'no-help', label: 'It still does not work: go on with a programmer (ISP)', term: 'ISP'},
				]
			: [
					{id: 'retry', label: 'Try once more with the same file', about: 'A second try often works.'},
					{id: 'back', label: 'Back to what this computer sees'},
					{id: 'no-help', label: 'Go on with a programmer (ISP)', term: 'ISP'},
				];
		return (
			<Ask
				step={step}
				id={`ended ${run}`}
				onBack={onBack}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'retry') setRun(number => number + 1);
					else if (action.id === 'back') onBack();
					else onOutcome(action.id);
				}}
				spec={{
					lines:
						result === undefined
							? errorLines(fault, view)
							: result.ok
								? doneLines(result, glyphs)
								: [
										item(`${glyphs.failed} `, printable(plainMessage(result.error.message)), 'bad'),
										item('The board: ', keymapStateText(result), 'strong'),
										...causeLines(result.error.likely.slice(0, 2), result.error.next.slice(0, 3), view),
									],
					control: {
						kind: 'menu',
						items,
						initial: good ? undefined : 'retry',
					},
					terms: ['bootloader', 'firmware', 'verify'],
				}}
			/>
		);
	}
	if (missing) {
		return (
			<Ask
				step={step}
				id="enter"
				onBack={() => {
					stop.request();
					onBack();
				}}
				onAction={action => {
					if (action.type === 'key') void deps.practice?.hands?.reset();
				}}
				spec={{
					lines: [
						say('Now bring the board into its bootloader:', 'strong'),
						...waysInto(target.protocol).map((text, index) => item(`${index + 1}. `, text)),
						gap,
						say('As soon as it is there, the file is written. Leave this window open.', 'quiet'),
					],
					control: {kind: 'wait'},
					...(deps.practice?.hands === undefined
						? {}
						: {keys: [{key: 'r', does: 'press RESET (practice)', id: 'reset'}]}),
					terms: ['bootloader', 'RESET'],
				}}
			/>
		);
	}
	return <KeymapWork step={step} keymap={keymap} progress={progress} stop={stop} />;
}

/** What was written, what was read back, and whether the keyboard has shown itself: each only if it is so. */
function doneLines(
	result: Extract<FlashResult, {ok: true}>,
	glyphs: ReturnType<typeof glyphsFor>,
): readonly Line[] {
	return [
		item(
			`${glyphs.done} `,
			`${result.imageBytes} bytes were written through the ${printable(result.bootloader)} bootloader.`,
			'good',
		),
		result.verified
			? item(`${glyphs.done} `, `${result.verifiedBytes} bytes were read back and are equal.`, 'good')
			: item(
					`${glyphs.warn} `,
					'This bootloader cannot be read back: only trying the board shows it.',
					'warn',
				),
		result.application === null || result.application === undefined
			? item(
					`${glyphs.warn} `,
					'No keyboard has shown itself on USB yet: unplug it and plug it in again.',
					'warn',
				)
			: result.application.uncertain
				? item(
						`${glyphs.warn} `,
						`A new device appeared (${result.application.vidPid}), it may be the board.`,
						'warn',
					)
				: item(
						`${glyphs.done} `,
						`The keyboard is on USB as ${result.application.vidPid}${result.application.product === undefined ? '' : ` (${printable(result.application.product)})`}.`,
						'good',
					),
		gap,
		say('Does the board work now?', 'strong'),
	];
}
