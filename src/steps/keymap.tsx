// "Flash your keymap now?": the person's file through the bootloader that has just been seen, until the keyboard shows
// itself.
import {useEffect, useRef, useState} from 'react';
import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import type {Place} from '../engine/bootloaders/place.ts';
import {waysInto} from '../engine/bootloaders/ways-in.ts';
import {createCancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {FlashEvent, FlashPhase, FlashResult} from '../engine/procedures/flash.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {barLines, type PhaseRow, phaseLines} from '../ui/progress.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {causeLines, errorLines} from './error-text.ts';
import {type Keymap, readKeymap, runKeymap} from './keymap-run.ts';
import {plainMessage} from './plain-message.ts';
import type {StepProps} from './step.ts';

const phases: readonly (readonly [FlashPhase, string])[] = [
	['connect', 'Talk to the bootloader'],
	['erase', 'Make room'],
	['write', 'Write the keymap'],
	['verify', 'Read back and compare'],
	['leave', 'Start the keyboard'],
];

const unfinishedKeymap = 'Its bootloader is whole. The keymap on it is not complete: flash once more.';

type Progress = {
	readonly phase: FlashPhase | undefined;
	readonly done: number;
	readonly total: number;
};

function progressLines({phase, done, total}: Progress, view: View): readonly Line[] {
	const at = phases.findIndex(([id]) => id === phase);
	const rows = phases.map(
		([, label], index): PhaseRow => ({label, state: index < at ? 'done' : index === at ? 'now' : 'ahead'}),
	);
	const label = phases[at]?.[1] ?? 'Starting';
	return [
		...phaseLines(rows, view),
		gap,
		...(total > 0 ? barLines(label, done, total, undefined, view) : [say(`${label} ...`, 'accent')]),
	];
}

/** Runs the flash once per `run` while there are a file and a bootloader to send it to. */
export function useKeymapRun(
	{deps, hangup, onTouched}: Pick<StepProps, 'deps' | 'hangup' | 'onTouched'>,
	target: {readonly chip: Chip; readonly protocol: BootloaderProtocol; readonly place?: Place} | undefined,
	keymap: Keymap | undefined,
	run: number,
) {
	const [progress, setProgress] = useState<Progress>({phase: undefined, done: 0, total: 0});
	const [missing, setMissing] = useState(false);
	const [result, setResult] = useState<FlashResult | undefined>(undefined);
	const [fault, setFault] = useState<unknown>(undefined);
	/** The run's own wish to stop, behind one object for good: a key may come before the next drawing. */
	const current = useRef(createCancel());
	const [stop] = useState(() => ({
		get cancel() {
			return current.current.cancel;
		},
		request: () => current.current.request(),
	}));
	useEffect(() => hangup.onRequest(stop.request), [hangup, stop]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: a new run begins with its number alone
	useEffect(() => {
		if (keymap === undefined || target === undefined) return;
		let here = true;
		const cancel = createCancel();
		current.current = cancel;
		setProgress({phase: undefined, done: 0, total: 0});
		setMissing(false);
		setResult(undefined);
		setFault(undefined);
		const chip = target.chip.name;
		const take = (event: FlashEvent) => {
			// Said at the end in any case, also when nobody waits for the result.
			if (event.type === 'phase' && (event.phase === 'erase' || event.phase === 'write'))
				onTouched({chip, ok: false, state: 'partly-written', text: unfinishedKeymap});
			if (event.type === 'result' && event.ok)
				onTouched({chip, ok: true, state: 'written', text: doneText(event)});
			if (!here) return;
			setMissing(false);
			if (event.type === 'phase') setProgress({phase: event.phase, done: 0, total: 0});
			if (event.type === 'progress') {
				setProgress({phase: event.phase, done: event.doneBytes, total: event.totalBytes});
			}
			if (event.type === 'result') setResult(event);
		};
		runKeymap(deps.world, {...target, keymap}, cancel.cancel, take, () => {
			if (here) setMissing(true);
		}).catch(error => {
			if (here) setFault(error);
		});
		return () => {
			here = false;
			cancel.request();
		};
	}, [keymap, run]);
	return {progress, missing, result, fault, stop};
}

export function KeymapView(step: StepProps<'keymap'>) {
	const {known, deps, view, onDone} = step;
	const glyphs = glyphsFor(view);
	const [typing, setTyping] = useState(false);
	const [problem, setProblem] = useState<unknown>(undefined);
	const [keymap, setKeymap] = useState<Keymap | undefined>(undefined);
	const [run, setRun] = useState(0);
	const chip = known.identify?.chip;
	const protocol = known.comeback?.protocol ?? undefined;
	const place = known.comeback?.place;
	const target =
		chip === undefined || protocol === undefined
			? undefined
			: {chip, protocol, ...(place === undefined ? {} : {place})};
	const {progress, missing, result, fault, stop} = useKeymapRun(step, target, keymap, run);
	const told = useRef(false);

	useEffect(() => {
		if (result?.ok !== true || told.current || keymap === undefined) return;
		told.current = true;
		onDone({how: 'flashed', name: keymap.name, result});
	}, [result, keymap, onDone]);

	if (chip === undefined || protocol === undefined) return null;
	const load = (name: string, read: () => Promise<Uint8Array>) => {
		setProblem(undefined);
		read()
			.then(bytes => setKeymap(readKeymap(bytes, name, chip, protocol)))
			.catch((error: unknown) => setProblem(error));
	};
	const later = () => onDone({how: 'later', ...(keymap === undefined ? {} : {name: keymap.name})});
	const failed = result?.ok === false ? result : undefined;

	if (keymap !== undefined && (failed !== undefined || fault !== undefined)) {
		const lines: readonly Line[] =
			failed === undefined
				? errorLines(fault, view)
				: [
						item(`${glyphs.failed} `, printable(plainMessage(failed.error.message)), 'bad'),
						item('The board: ', keymapStateText(failed), 'strong'),
						...causeLines(failed.error.likely.slice(0, 2), failed.error.next.slice(0, 3), view),
					];
		return (
			<Ask
				step={step}
				id={`failed ${run}`}
				noWayBack
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'retry') setRun(number => number + 1);
					if (action.id === 'other') setKeymap(undefined);
					if (action.id === 'later') {
						onDone({how: 'failed', name: keymap.name, ...(failed === undefined ? {} : {result: failed})});
					}
				}}
				spec={{
					lines,
					control: {
						kind: 'menu',
						items: [
							{id: 'retry', label: 'Try again with the same file', about: 'A second try often works.'},
							{id: 'other', label: 'Take another file'},
							{id: 'later', label: 'Leave the keymap for later'},
						],
					},
					terms: ['bootloader', 'firmware'],
				}}
			/>
		);
	}
	if (keymap !== undefined && missing) {
		return (
			<Ask
				step={step}
				id="enter"
				onBack={() => {
					stop.request();
					setKeymap(undefined);
				}}
				onAction={action => {
					if (action.type === 'key') void deps.practice?.hands?.reset();
				}}
				spec={{
					lines: [
						say('The bootloader has left USB again. Call it back:', 'strong'),
						...waysInto(protocol).map((text, index) => item(`${index + 1}. `, text)),
						gap,
						say('As soon as it is there, the keymap is written. Leave this window open.', 'quiet'),
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
	if (keymap !== undefined) {
		return <KeymapWork step={step} keymap={keymap} progress={progress} stop={stop} />;
	}
	const complaint: readonly Line[] =
		problem === undefined
			? []
			: [
					item(
						`${glyphs.failed} `,
						printable(problem instanceof Error ? problem.message : String(problem)),
						'bad',
					),
					...(problem instanceof UnbrickError && problem.kind === 'OverlapsBootloader'
						? [say('Take the .hex without "production" or "bootloader" in its name: the keymap alone.')]
						: []),
				];
	if (typing) {
		return (
			<Ask
				step={step}
				id={`file ${complaint.length === 0 ? '' : complaint[0]!.text}`}
				onBack={() => {
					setProblem(undefined);
					setTyping(false);
				}}
				onAction={action => {
					if (action.type !== 'field') return;
					const path = action.text.replace(/^(['"])(.*)\1$/, '$2');
					load(path, () => deps.loadFile(path));
				}}
				spec={{
					lines: [
						say('Which .hex file holds your keymap?', 'strong'),
						say(
							'Type its name with the folder, or drag the file into this window. It is the file that QMK, VIA or the maker of the keyboard gave you.',
						),
						...complaint,
					],
					control: {kind: 'field', ask: 'File:'},
					terms: ['hex', 'firmware'],
				}}
			/>
		);
	}
	const sample = deps.practice?.keymap;
	return (
		<Ask
			step={step}
			id="menu"
			noWayBack
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'sample' && sample !== undefined) load(sample.name, sample.load);
				if (action.id === 'file') setTyping(true);
				if (action.id === 'later') later();
			}}
			spec={{
				lines: [
					item(
						`${glyphs.done} `,
						`The board is back: ${known.comeback?.name ?? 'its bootloader'} answers on USB as ${known.comeback?.vidPid ?? '?'}.`,
						'good',
					),
					gap,
					say('Flash your keymap now?', 'strong'),
					say('Until a keymap is on it, the board has a bootloader but is no keyboard yet.'),
					...complaint,
				],
				control: {
					kind: 'menu',
					items: [
						...(sample === undefined
							? []
							: [
									{
										id: 'sample',
										label: `Practice: take ${sample.name}`,
										about: 'A made-up keymap for the made-up board.',
									},
								]),
						{
							id: 'file',
							label: 'Yes: I have the .hex file',
							about: 'It is written through the bootloader, over the cable that is plugged in now.',
							term: 'hex',
						},
						{
							id: 'later',
							label: 'Later, with the tool I always use',
							about: 'QMK Toolbox, dfu-programmer, avrdude: all work again.',
							term: 'bootloader',
						},
					],
					initial: sample === undefined ? undefined : 'sample',
				},
				terms: ['firmware', 'bootloader', 'hex'],
			}}
		/>
	);
}

/** The application's state after a failure; the bootloader itself was never in reach. */
export function keymapStateText({chipState}: Extract<FlashResult, {ok: false}>): string {
	return chipState === 'untouched' ? 'Nothing was changed on it; its bootloader is whole.' : unfinishedKeymap;
}

function doneText({imageBytes, verified}: Extract<FlashResult, {ok: true}>): string {
	return `${imageBytes} bytes of firmware were written through its own bootloader${verified ? ', read back and equal' : ''}.`;
}

/** The screen while a keymap goes onto the board: in this step and in the first aid. */
export function KeymapWork({
	step,
	keymap,
	progress,
	stop,
}: {
	readonly step: Parameters<typeof Ask>[0]['step'] & Pick<StepProps, 'hangup' | 'view'>;
	readonly keymap: Keymap;
} & Pick<ReturnType<typeof useKeymapRun>, 'progress' | 'stop'>) {
	const {view} = step;
	const stopping = stop.cancel.requested || step.hangup.requested;
	return (
		<Ask
			step={step}
			id="work"
			noWayBack
			onInterrupt={() => stop.request()}
			onAction={() => {}}
			spec={{
				lines: [
					say(`${printable(keymap.name)}: ${keymap.image.byteCount} bytes.`, 'strong'),
					gap,
					...progressLines(progress, view),
					say('Leave the cable as it is.', 'quiet'),
					...(stopping
						? [say('Stopping after what was begun.', 'warn')]
						: keymap.warnings.slice(0, 2).map(text => item(`${glyphsFor(view).warn} `, text, 'warn'))),
				],
				control: {kind: 'wait'},
				terms: ['bootloader', 'firmware', 'verify'],
				interruptDoes: stopping ? null : 'stop',
			}}
		/>
	);
}
