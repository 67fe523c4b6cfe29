// "Turn a spare board into a programmer": what it loses and how it gets that back, the ISP program onto it through its
// own bootloader, and back to the wiring with its new port.
import {useCallback, useEffect, useRef, useState} from 'react';
import {findIspFirmware} from '../engine/bootloaders/index.ts';
import {waysInto} from '../engine/bootloaders/ways-in.ts';
import {findChip} from '../engine/chips/index.ts';
import type {SpareBoard} from '../engine/procedures/prepare.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {barLines, type PhaseRow, phaseLines} from '../ui/progress.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {causeLines} from './error-text.ts';
import {messageOf} from './message-of.ts';
import {plainMessage} from './plain-message.ts';
import {
	type IspProgram,
	type PreparePhase,
	type PrepareState,
	portToTouch,
	protocolOf,
	readIspProgram,
	usePrepare,
} from './prepare-run.ts';
import type {StepProps} from './step.ts';

const boardNames: Readonly<Record<SpareBoard, string>> = {
	promicro_isp: 'Pro Micro',
	teensy2_isp: 'Teensy 2.0',
};

/** The spare board's old firmware: HalfKay cannot be read, Caterina can. Sources: PJRC HalfKay protocol; AVR109. */
function lossLines(board: SpareBoard, view: View): readonly Line[] {
	const {bullet, warn} = glyphsFor(view);
	return board === 'promicro_isp'
		? [
				item(`${bullet} `, 'It loses the firmware that it has. Its bootloader stays.'),
				item(
					`${bullet} `,
					'That firmware is read out and kept as a file first. You get it back with: avr-unbrick flash FILE',
				),
			]
		: [
				item(`${bullet} `, 'It loses the firmware that it has. Its bootloader stays.'),
				item(
					`${warn} `,
					'Nobody can read that firmware out: have its file at hand. You get it back with: avr-unbrick flash FILE',
					'warn',
				),
			];
}

/** Rows of the run; HalfKay can neither be read before nor after. */
function rowsOf(board: SpareBoard): readonly (readonly [PreparePhase, string])[] {
	const reads = board === 'promicro_isp';
	return [
		['find', 'Find the spare board'],
		...(reads ? [['keep', 'Read out and keep its firmware'] as const] : []),
		['erase', 'Make room'],
		['write', 'Write the ISP program'],
		...(reads ? [['verify', 'Read back and compare'] as const] : []),
		['leave', 'Come back as a programmer'],
	];
}

function workLines(board: SpareBoard, state: PrepareState, view: View): readonly Line[] {
	const rows = rowsOf(board);
	const phase = state.phase === 'connect' ? 'erase' : state.phase;
	const at = rows.findIndex(([id]) => id === phase);
	const label = rows[at]?.[1] ?? 'Working';
	return [
		...phaseLines(
			rows.map(
				([, label], index): PhaseRow => ({
					label,
					state: index < at ? 'done' : index === at ? 'now' : 'ahead',
				}),
			),
			view,
		),
		gap,
		...(state.total > 0
			? barLines(label, state.done, state.total, undefined, view)
			: [say(`${label} ...`, 'accent')]),
	];
}

/** What the spare board holds after a failure; its bootloader was never in reach. */
function spareState({written}: PrepareState): string {
	if (written === undefined) return 'Nothing was changed on it.';
	if (written.ok) {
		return written.verified
			? 'The ISP program is on it, read back and equal. Its bootloader is whole.'
			: 'The ISP program was sent to it; this bootloader cannot be read back. Its bootloader is whole.';
	}
	return written.chipState === 'untouched'
		? 'Nothing was changed on it.'
		: 'Its bootloader is whole. The program on it is not complete: once more through the same bootloader.';
}

function keptLines(kept: readonly string[], view: View): readonly Line[] {
	const {bullet} = glyphsFor(view);
	return kept.flatMap(path => [
		item(`${bullet} `, `Its old firmware is kept in ${printable(path)}`),
		say('   Put it back afterwards: avr-unbrick flash, with that file.', 'quiet'),
	]);
}

type Props = {
	readonly step: StepProps<'programmer'>;
	readonly board: SpareBoard;
	readonly onBack: () => void;
	/** Back to all programmers. */
	readonly onList: () => void;
	/** It is a programmer now, on this port. */
	readonly onReady: (port: string) => void;
};

export function PrepareView({step, board, onBack, onList, onReady}: Props) {
	const {deps, view, hangup} = step;
	const glyphs = glyphsFor(view);
	const name = boardNames[board];
	const firmware = findIspFirmware(board);
	const chip = findChip(firmware?.chip ?? '');
	const [page, setPage] = useState<'start' | 'file'>('start');
	const [touch, setTouch] = useState<string | undefined>(undefined);
	const [fetching, setFetching] = useState(false);
	const [fetched, setFetched] = useState<{readonly done: number; readonly total: number} | undefined>(
		undefined,
	);
	const onFetched = useCallback((done: number, total: number) => setFetched({done, total}), []);
	/** A fetch that was left is not heard any more. */
	const fetches = useRef(0);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [doubtful, setDoubtful] = useState<IspProgram | undefined>(undefined);
	const [program, setProgram] = useState<IspProgram | undefined>(undefined);
	const [run, setRun] = useState(0);
	const {state, kept, stop} = usePrepare(step, board, program, run);
	/** Esc while nothing is written: the run is stopped, and left once it has said that nothing was changed. */
	const [leaving, setLeaving] = useState(false);
	const [stopping, setStopping] = useState(false);
	const {end, written} = state;
	const untouched = written === undefined || (!written.ok && written.chipState === 'untouched');
	const leave = () => {
		setLeaving(true);
		stop();
	};
	useEffect(() => {
		if (end === undefined) return;
		setStopping(false);
		setLeaving(false);
		if (!leaving) return;
		if (!end.ok && end.error.kind === 'Cancelled' && untouched) setProgram(undefined);
	}, [leaving, end, untouched]);

	useEffect(() => {
		let here = true;
		const look = () =>
			void portToTouch(deps.world, board).then(port => {
				if (here) setTouch(port);
			});
		look();
		const off = deps.world.onDevicesChanged(look);
		return () => {
			here = false;
			off();
		};
	}, [deps.world, board]);

	if (firmware === undefined || chip === undefined) return null;
	const complaint: readonly Line[] =
		problem === undefined ? [] : [item(`${glyphs.failed} `, printable(problem), 'bad')];

	const fetchProgram = (load: NonNullable<typeof deps.ispProgram>) => {
		setProblem(undefined);
		setFetched(undefined);
		setFetching(true);
		const wanted = ++fetches.current;
		const take = (then: () => void) => {
			if (fetches.current !== wanted) return;
			setFetching(false);
			then();
		};
		load(board, onFetched)
			.then(bytes => readIspProgram(bytes, firmware.image.file, board, chip))
			.then(
				read => take(() => setProgram(read)),
				(error: unknown) => take(() => setProblem(messageOf(error))),
			);
	};
	const loadFile = (path: string) => {
		setProblem(undefined);
		deps
			.loadFile(path)
			.then(bytes => {
				const read = readIspProgram(bytes, path, board, chip);
				if (read.unknown) setDoubtful(read);
				else setProgram(read);
			})
			.catch((error: unknown) => setProblem(messageOf(error)));
	};
	const toStart = () => {
		setProgram(undefined);
		setDoubtful(undefined);
		setProblem(undefined);
		setPage('start');
	};

	if (program !== undefined && end?.ok === true) {
		const {port, firmware: answers} = end;
		return (
			<Ask
				step={step}
				id="ready"
				onBack={onBack}
				onAction={action => {
					if (action.type === 'choose' && action.id === 'use') onReady(port);
					if (action.type === 'choose' && action.id === 'list') onList();
				}}
				spec={{
					lines: [
						item(
							`${glyphs.done} `,
							`The ${name} is a programmer now: ${printable(answers)} answers on ${printable(port)}.`,
							'good',
						),
						...(written?.ok === true && written.verified
							? [
									item(
										`${glyphs.done} `,
										`${written.verifiedBytes} bytes were read back and are equal.`,
										'good',
									),
								]
							: [say('This bootloader cannot be read back; that it answers is the proof.', 'quiet')]),
						...keptLines(kept, view),
						gap,
						say('Leave it plugged in. Next come the wires from it to the broken board.'),
					],
					control: {
						kind: 'menu',
						items: [
							{id: 'use', label: 'Use it: show me the wires', term: 'RESET'},
							{id: 'list', label: 'Back to the programmers'},
						],
						initial: 'use',
					},
					terms: ['programmer', 'ISP', 'port', 'RESET'],
				}}
			/>
		);
	}
	if (program !== undefined && end?.ok === false) {
		const {error} = end;
		return (
			<Ask
				step={step}
				id={`failed ${run}`}
				onBack={toStart}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'retry') setRun(number => number + 1);
					if (action.id === 'start') toStart();
					if (action.id === 'list') onList();
				}}
				spec={{
					lines: [
						item(`${glyphs.failed} `, printable(plainMessage(error.message)), 'bad'),
						item('The spare board: ', spareState(state), 'strong'),
						...keptLines(kept, view),
						...causeLines(error.likely.slice(0, 2), error.next.slice(0, 2), view),
					],
					control: {
						kind: 'menu',
						items: [
							{id: 'retry', label: 'Try once more', about: 'A second try often works.'},
							{id: 'start', label: 'Take another file, or start over'},
							{id: 'list', label: 'Back to the programmers'},
						],
						initial: 'retry',
					},
					terms: ['bootloader', 'firmware', 'programmer'],
				}}
			/>
		);
	}
	if (program !== undefined && state.asked !== undefined) {
		return (
			<Ask
				step={step}
				id="enter"
				onBack={leave}
				onAction={() => {}}
				spec={{
					lines: [
						say(
							state.asked === 'press-button'
								? 'Plug the Teensy 2.0 in and press its button.'
								: 'Plug the spare Pro Micro in and press its RESET twice, quickly.',
							'strong',
						),
						...waysInto(protocolOf(board)).map((text, index) => item(`${index + 1}. `, text)),
						gap,
						item(`${glyphs.warn} `, 'The spare board, not the broken one: that one stays unplugged.', 'warn'),
						say('As soon as its bootloader is there, the work begins. Leave this window open.', 'quiet'),
					],
					control: {kind: 'wait'},
					terms: ['bootloader', 'RESET'],
				}}
			/>
		);
	}
	if (program !== undefined) {
		const reading = state.phase === 'find' || state.phase === 'keep';
		return (
			<Ask
				step={step}
				id={reading ? 'read' : 'work'}
				{...(reading ? {onBack: leave} : {noWayBack: true})}
				onInterrupt={() => {
					setStopping(true);
					stop();
				}}
				onAction={() => {}}
				spec={{
					lines: [
						say(`${printable(program.name)}: ${program.image.byteCount} bytes.`, 'strong'),
						gap,
						...workLines(board, state, view),
						...keptLines(kept.slice(-1), view).slice(0, 1),
						stopping || hangup.requested
							? say('Stopping after what was begun.', 'warn')
							: say('Leave the cable as it is.', 'quiet'),
					],
					control: {kind: 'wait'},
					terms: ['bootloader', 'firmware', 'verify'],
					interruptDoes: stopping || hangup.requested ? null : 'stop',
				}}
			/>
		);
	}
	if (doubtful !== undefined) {
		return (
			<Ask
				step={step}
				id="doubtful"
				onBack={() => setDoubtful(undefined)}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'yes') setProgram(doubtful);
					else setDoubtful(undefined);
				}}
				spec={{
					lines: [
						say(`${printable(doubtful.name)}: ${doubtful.image.byteCount} bytes.`, 'strong'),
						item(
							`${glyphs.warn} `,
							`It is not the published ISP program for a ${name}. It may be another build of it: nobody but you vouches for it.`,
							'warn',
						),
						say('It cannot reach the bootloader. If it is no programmer, that is said afterwards.'),
					],
					control: {
						kind: 'menu',
						items: [
							{id: 'yes', label: 'Write it all the same'},
							{id: 'no', label: 'Take another file'},
						],
					},
					terms: ['hex', 'ISP'],
				}}
			/>
		);
	}
	if (page === 'file') {
		return (
			<Ask
				step={step}
				id={`file ${problem ?? ''}`}
				onBack={toStart}
				onAction={action => {
					if (action.type === 'field') loadFile(action.text.replace(/^(['"])(.*)\1$/, '$2'));
				}}
				spec={{
					lines: [
						say(`Which .hex file is the ISP program for a ${name}?`, 'strong'),
						say(
							`The published one is ${firmware.image.file} of github.com/${firmware.image.repository}, folder util. Type its name with the folder, or drag the file into this window.`,
						),
						...complaint,
					],
					control: {kind: 'field', ask: 'File:'},
					terms: ['hex', 'ISP'],
				}}
			/>
		);
	}
	if (fetching) {
		return (
			<Ask
				step={step}
				id="fetch"
				onBack={() => {
					fetches.current++;
					setFetching(false);
				}}
				onAction={() => {}}
				spec={{
					lines: [
						say(`Getting ${firmware.image.file} ...`, 'strong'),
						...(fetched === undefined || fetched.total === 0
							? []
							: barLines('Fetched', fetched.done, fetched.total, undefined, view)),
					],
					control: {kind: 'wait'},
				}}
			/>
		);
	}
	const {ispProgram} = deps;
	const items: readonly MenuItem[] = [
		...(ispProgram === undefined
			? []
			: [
					{
						id: 'published',
						label: 'Put the published ISP program on it',
						about: `${firmware.image.file} of github.com/${firmware.image.repository}, checked by its SHA-256.`,
						term: 'ISP' as const,
					},
				]),
		{id: 'file', label: 'Take the ISP program from a file of mine', term: 'hex' as const},
		{id: 'list', label: 'Leave the spare board as it is'},
	];
	return (
		<Ask
			step={step}
			id={`start ${problem ?? ''}`}
			onBack={onBack}
			onAction={action => {
				if (action.type !== 'choose') return;
				setProblem(undefined);
				if (action.id === 'published' && ispProgram !== undefined) fetchProgram(ispProgram);
				if (action.id === 'file') setPage('file');
				if (action.id === 'list') onList();
			}}
			spec={{
				lines: [
					say(`Turn a spare ${name} into a programmer`, 'strong'),
					...lossLines(board, view),
					item(
						`${glyphs.warn} `,
						'Plug the spare board in, by its own USB cable. Unplug the broken one: what waits in this bootloader is written to.',
						'warn',
					),
					...(touch === undefined
						? []
						: [say(`A sketch runs on ${printable(touch)}: that board is asked to restart.`, 'quiet')]),
					...complaint,
				],
				control: {kind: 'menu', items},
				terms: ['programmer', 'ISP', 'firmware', 'bootloader'],
			}}
		/>
	);
}
