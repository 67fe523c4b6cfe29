// The wizard: holds its state, listens to the keyboard, shows the current step.
import {render, useIsScreenReaderEnabled, useWindowSize} from 'ink';
import {useCallback, useEffect, useMemo, useReducer, useRef, useState} from 'react';
import {type Cancel, createCancel, neverCancel} from './engine/cancel.ts';
import type {Interrupted} from './engine/procedures/journal.ts';
import {farewell} from './steps/farewell.ts';
import {applicable, type FlowEvent, flow, startFlow} from './steps/flow.ts';
import {steps} from './steps/index.ts';
import {loadSteps, StepHost} from './steps/later.tsx';
import {afterRecovery, type LeftBehind, leaveBehind, unfinished} from './steps/left-behind.ts';
import type {Answers, Known, WizardDeps} from './steps/step.ts';
import {summary} from './steps/summary.ts';
import type {Talk} from './ui/plain.ts';
import {TalkContext} from './ui/screen.tsx';
import {foldLine} from './ui/text.ts';
import {useGuardedInput} from './ui/use-guarded-input.ts';
import {guessUnicode, type View} from './ui/view.ts';

/** How the wizard ended. */
export type WizardEnd = {
	readonly known: Known;
	/** `left`: by Ctrl+C or by choice, before the last question; `gave-up`: the chip did not answer. */
	readonly how: 'finished' | 'left' | 'gave-up';
	/** In which state writes of this run have left boards, whatever became of the answers. */
	readonly left: readonly LeftBehind[];
	/** The one of them that the answers go on with, where it is unfinished. */
	readonly still?: LeftBehind | undefined;
	/** It ended on the practice bench. */
	readonly practice: boolean;
	/** For `gave-up`: the failure and its report. */
	readonly gaveUp?: Answers['flash'];
};

export type AppProps = {
	readonly deps: WizardDeps;
	readonly unicode: boolean;
	readonly onEnd: (end: WizardEnd) => void;
	/** Asked for by the system (SIGTERM, a closed terminal): what was begun is finished, then the wizard ends. */
	readonly hangup?: Cancel;
	/** Nothing dimmed. */
	readonly highContrast?: boolean;
	/** A dialogue, line by line, instead of screens. */
	readonly talk?: Talk | undefined;
};

/** Asks one question after the other until the last is answered or the person leaves. */
export function App({
	deps: firstDeps,
	unicode,
	onEnd,
	hangup = neverCancel,
	talk,
	highContrast = false,
}: AppProps) {
	const [deps, setDeps] = useState(firstDeps);
	const [round, setRound] = useState(0);
	const [left, setLeft] = useState<readonly LeftBehind[]>([]);
	const practise = useCallback((next: WizardDeps) => {
		setDeps(next);
		setRound(number => number + 1);
	}, []);
	return (
		<TalkContext value={talk}>
			<Wizard
				key={round}
				deps={deps}
				unicode={unicode}
				onEnd={onEnd}
				hangup={hangup}
				talk={talk}
				highContrast={highContrast}
				round={round}
				left={left}
				onLeft={setLeft}
				onAgain={() => setRound(number => number + 1)}
				onPractice={practise}
			/>
		</TalkContext>
	);
}

type WizardProps = Required<AppProps> & {
	readonly round: number;
	readonly left: readonly LeftBehind[];
	readonly onLeft: (change: (before: readonly LeftBehind[]) => readonly LeftBehind[]) => void;
	readonly onAgain: () => void;
	readonly onPractice: (deps: WizardDeps) => void;
};

function Wizard({
	deps,
	unicode,
	onEnd,
	hangup,
	talk,
	highContrast,
	round,
	left,
	onLeft,
	onAgain,
	onPractice,
}: WizardProps) {
	const [state, dispatch] = useReducer(
		(before: ReturnType<typeof startFlow>, event: FlowEvent) => flow(steps, before, event),
		undefined,
		() => startFlow(steps),
	);
	const input = useGuardedInput(talk === undefined);
	const {columns, rows} = useWindowSize();
	const screenReader = useIsScreenReaderEnabled();
	// The first frame is drawn: now there is time for the rest.
	useEffect(() => loadSteps(steps), []);
	const stepDeps = useMemo(
		() =>
			deps.practice !== undefined || deps.practiceDeps === undefined
				? deps
				: {...deps, openPractice: () => void deps.practiceDeps?.().then(onPractice)},
		[deps, onPractice],
	);
	const ended = useRef(false);
	const practice = deps.practice !== undefined;
	const occasion = {practice, round};
	const still = unfinished(left, state.known, occasion);
	const end = (how: WizardEnd['how'], gaveUp?: Answers['flash']) => {
		if (ended.current) return;
		ended.current = true;
		onEnd({known: state.known, how, left, still, practice, ...(gaveUp === undefined ? {} : {gaveUp})});
	};
	const endNow = useRef(end);
	endNow.current = end;
	useEffect(() => {
		if (state.finished) endNow.current('finished');
	}, [state]);

	// One after the other, so that the last answer is what is kept.
	const keeping = useRef(Promise.resolve());
	useEffect(() => {
		keeping.current = keeping.current
			.then(() => import('./steps/session.ts'))
			.then(({keepSession}) => keepSession(deps.store, state));
	}, [state, deps.store]);

	const [hungUp, setHungUp] = useState(false);
	useEffect(() => hangup.onRequest(() => setHungUp(true)), [hangup]);
	const working = state.at === 'flash' && state.known.flash === undefined;
	useEffect(() => {
		if (hungUp && !working) endNow.current('left');
	}, [hungUp, working]);

	const asked = applicable(steps, state.known);
	const index = asked.findIndex(step => step.id === state.at);
	const step = asked[index];
	if (step === undefined) return null;
	const view: View = talk?.view ?? {columns, rows, unicode, screenReader, highContrast};
	return (
		<StepHost
			key={step.id}
			step={step}
			props={{
				known: state.known,
				before: state.known[step.id],
				deps: stepDeps,
				view: view,
				input: input,
				hangup,
				place: {number: index + 1, title: step.title},
				facts: summary(state.known),
				canGoBack: index > 0,
				left: still,
				onDone: answer => {
					if (step.id === 'flash') {
						onLeft(before => afterRecovery(before, state.known, answer as Answers['flash'], occasion));
					}
					const {next, undo} = step.id === 'result' ? (answer as Answers['result']) : {next: 'done' as const};
					if (next === 'again') onAgain();
					else if (next === 'undo' && undo !== undefined) dispatch({type: 'undo', undo});
					else if (next === 'retry') dispatch({type: 'retry'});
					else dispatch({type: 'done', step: step.id, answer} as FlowEvent);
				},
				onMoreLog: answer => dispatch({type: 'amend', step: 'start', answer}),
				onEnter: session => {
					const {flash} = session.known;
					if (flash !== undefined) onLeft(before => afterRecovery(before, session.known, flash, occasion));
					dispatch({type: 'enter', ...session});
				},
				page: state.page,
				onPage: page => dispatch({type: 'page', page}),
				onTouched: next =>
					onLeft(before => leaveBehind(before, state.known, {...next, over: 'usb', ...occasion})),
				onGiveUp: gaveUp => end('gave-up', gaveUp),
				onBack: () => dispatch({type: 'back'}),
				onAbort: () => end('left'),
			}}
		/>
	);
}

/** Recoveries that wait in the state folder, of this run and of earlier ones; those of the practice bench end with it. */
export async function interruptedIn({store, practice}: WizardDeps): Promise<readonly Interrupted[]> {
	if (practice !== undefined) return [];
	const {listInterrupted} = await import('./engine/procedures/journal.ts');
	return listInterrupted(store).catch(() => []);
}

export type WizardOptions = {
	/** Only ASCII; guessed from the environment when absent. */
	readonly ascii?: boolean;
	readonly stdin?: NodeJS.ReadStream;
	readonly stdout?: NodeJS.WriteStream;
};

/** By these the system asks the program to end; a chip that is being written is let go of in order first. */
const endSignals = ['SIGTERM', 'SIGHUP'] as const;

/**
 * Runs the wizard on a terminal until it ends; the screen is then as it was, and a few plain lines say how it
 * ended and in which state the board is.
 * @returns the exit code: 0 done, 1 it failed, 3 refused, 130 left before the end
 */
export async function runWizard(deps: WizardDeps, options: WizardOptions = {}): Promise<0 | 1 | 3 | 130> {
	const stdout = options.stdout ?? process.stdout;
	const unicode = options.ascii !== true && guessUnicode(process.env, process.platform);
	let end: WizardEnd = {known: {}, how: 'left', left: [], practice: deps.practice !== undefined};
	const hangup = createCancel();
	for (const signal of endSignals) process.on(signal, hangup.request);
	const app = render(
		<App
			deps={deps}
			unicode={unicode}
			highContrast={process.env.AVR_UNBRICK_CONTRAST === 'high'}
			hangup={hangup.cancel}
			onEnd={ended => {
				end = ended;
				app.unmount();
			}}
		/>,
		{
			stdout,
			...(options.stdin === undefined ? {} : {stdin: options.stdin}),
			exitOnCtrlC: false,
			// Ink draws nothing until exit when CI is set; the caller has seen that both ends are terminals.
			interactive: true,
			alternateScreen: process.env.INK_SCREEN_READER !== 'true',
		},
	);
	try {
		await app.waitUntilExit();
	} finally {
		for (const signal of endSignals) process.off(signal, hangup.request);
	}
	const {lines, code} = farewell(end.known, end.how, {...end, waiting: await interruptedIn(deps)});
	// Whoever reads it through a pipe gets whole lines.
	for (const line of lines)
		for (const row of stdout.columns === undefined ? [line] : foldLine(line, stdout.columns - 1))
			stdout.write(`${row}\n`);
	return code;
}
