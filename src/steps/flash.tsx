// The work itself: phases, bytes, rate, time left. Ctrl+C asks; a page that was begun is finished.
import {useEffect, useLayoutEffect, useReducer, useRef, useState} from 'react';
import {riskTexts} from '../engine/advice.ts';
import {createCancel} from '../engine/cancel.ts';
import {type RiskName, riskNames} from '../engine/errors.ts';
import type {Phase, RecoverEvent, RecoverResult} from '../engine/procedures/events.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {barLines, phaseLines} from '../ui/progress.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import {Ask} from './ask.tsx';
import {engineLines} from './engine-lines.ts';
import {type FlashState, flashStart, foldEvent, phaseLabel, phaseRows} from './flash-state.ts';
import {planOf} from './plan-of.ts';
import {runRecovery} from './recovery.ts';
import {writeReport} from './report.ts';
import {Consent} from './review.tsx';
import type {StepProps} from './step.ts';

/** Redraws at most this often; events come far more often. */
const drawEveryMs = 50;

/** Phases in which nothing on the chip changes. */
const readingPhases: readonly Phase[] = ['connect', 'identify', 'backup'];

/** @param asking the stop question stands: the first change waits for its answer */
function useRecovery(step: StepProps<'flash'>, accepted: readonly RiskName[], run: number, asking: boolean) {
	const [latestOf, setLatest] = useState<{readonly run: number; readonly state: FlashState}>({
		run: -1,
		state: flashStart,
	});
	const [stop] = useState(createCancel);
	const started = useRef(-1);
	const question = useRef<{asked: boolean; answered?: () => void}>({asked: false});
	const {deps, known, hangup} = step;
	useEffect(() => {
		question.current.asked = asking;
		if (!asking) question.current.answered?.();
	}, [asking]);
	useEffect(
		() =>
			hangup.onRequest(() => {
				stop.request();
				question.current.answered?.();
			}),
		[hangup, stop],
	);
	useEffect(() => {
		const plan = planOf(known, accepted);
		if (plan === undefined || started.current === run) return;
		started.current = run;
		let latest = flashStart;
		let drawn = 0;
		const show = () => setLatest({run, state: latest});
		show();
		const fold = (event: RecoverEvent) => {
			latest = foldEvent(latest, event, deps.world.clock.nowMs());
			const now = performance.now();
			if (event.type === 'progress' && event.doneBytes < event.totalBytes && now - drawn < drawEveryMs)
				return;
			drawn = now;
			show();
		};
		let changing = false;
		// Between two events the engine stands still.
		const take = async (event: RecoverEvent) => {
			if (event.type === 'phase' && !changing && !readingPhases.includes(event.phase)) {
				changing = true;
				if (question.current.asked && !stop.cancel.requested) {
					await new Promise<void>(resolve => {
						question.current.answered = resolve;
					});
				}
				if (stop.cancel.requested) return;
			}
			fold(event);
		};
		void runRecovery(plan, deps, known, stop.cancel, take);
	}, [deps, known, accepted, run, stop]);
	// What the run before ended in is not how this one ends.
	return {state: latestOf.run === run ? latestOf.state : flashStart, stop};
}

function missingConsent(result: RecoverResult | undefined): readonly RiskName[] {
	if (result === undefined || result.ok || result.error.kind !== 'ConsentMissing') return [];
	return riskNames.filter(name => result.error.risks?.includes(name));
}

/** What the run itself says about a risk; its advice names the reasons in the order of the risks. */
function whyOf(error: Extract<RecoverResult, {ok: false}>['error'], risk: RiskName): string {
	return error.likely[error.risks?.indexOf(risk) ?? -1] ?? riskTexts[risk];
}

export function FlashView(step: StepProps<'flash'>) {
	const {known, deps, view, onDone} = step;
	const [accepted, accept] = useReducer(
		(before: readonly RiskName[], more: readonly RiskName[]) => [...new Set([...before, ...more])],
		[],
	);
	const [run, setRun] = useState(0);
	const [asking, setAsking] = useState(false);
	const {state, stop} = useRecovery(step, accepted, run, asking);
	const reported = useRef(false);
	const plan = planOf(known, accepted);
	const {result} = state;
	const missing = missingConsent(result);
	const needsWord = missing.length > 0 && missing.some(risk => !accepted.includes(risk));

	useEffect(() => {
		if (result === undefined || needsWord || reported.current) return;
		reported.current = true;
		const {warnings, look, before} = state;
		const answer = {
			result,
			warnings,
			...(look === undefined ? {} : {look}),
			...(before === undefined ? {} : {before}),
		};
		writeReport(known, result, answer, deps).then(
			report => onDone({...answer, ...(report === undefined ? {} : {report})}),
			() => onDone(answer),
		);
	}, [result, needsWord, known, deps, state, onDone]);

	// The stop question is gone, since the work has ended: its key must not answer what stands there now.
	const {input} = step;
	useLayoutEffect(() => {
		if (asking && result !== undefined) input.hush();
	}, [asking, result, input]);

	if (plan === undefined) return null;
	if (needsWord && result !== undefined && !result.ok) {
		return (
			<Consent
				step={step}
				chip={plan.chip.name}
				risks={missing.map(risk => ({risk, why: whyOf(result.error, risk)}))}
				onBack={step.onBack}
				onYes={() => {
					accept(missing);
					setRun(number => number + 1);
				}}
			/>
		);
	}
	const glyphs = glyphsFor(view);
	const {phase} = state;
	const danger = phase === 'fuses' || phase === 'lock';
	const stopping = stop.cancel.requested;
	const now: readonly Line[] =
		result !== undefined
			? [gap, gap]
			: phase === undefined
				? [say('Starting ...')]
				: state.totalBytes > 0
					? barLines(phaseLabel(phase), state.doneBytes, state.totalBytes, state.rate, view)
					: // As many rows as the bar: nothing jumps when it comes.
						[say(`${phaseLabel(phase)} ...`, 'accent'), gap];
	const power: Line = danger
		? item(
				`${glyphs.warn} `,
				'Do not unplug anything now: the chip must not lose power while its fuses are set.',
				'bad',
			)
		: say('Leave all cables as they are.', 'quiet');
	const lines: Line[] = [
		...phaseLines(phaseRows(plan, state), view),
		gap,
		...now,
		...engineLines(known, view),
		power,
		...(state.look === undefined
			? []
			: [item(`${glyphs.bullet} `, `Before the erase: ${printable(state.look)}`, 'quiet')]),
		...state.warnings.slice(-2).map(text => item(`${glyphs.warn} `, text, 'warn')),
	];
	if (asking && result === undefined && !stopping) {
		const halt = () => {
			stop.request();
			setAsking(false);
		};
		return (
			<Ask
				step={step}
				id="stop"
				noWayBack
				// Who presses it a second time wants out: that is stopping in order, never a page torn off.
				onInterrupt={halt}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'stop') halt();
					else setAsking(false);
				}}
				spec={{
					lines: [
						say(stopQuestion(state), 'strong'),
						...stopTexts(state).map(text => item(`${glyphs.bullet} `, text)),
						gap,
						...now,
						power,
					],
					shorter: [
						[
							say(stopQuestion(state), 'strong'),
							...stopTexts(state).map(text => item(`${glyphs.bullet} `, text)),
							...(danger ? [power] : []),
						],
					],
					control: {
						kind: 'menu',
						items: [
							{id: 'on', label: 'Go on'},
							{id: 'stop', label: 'Stop after this page'},
						],
						initial: 'on',
					},
					interruptDoes: 'stop',
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id="flash"
			noWayBack
			onInterrupt={() => {
				if (!stopping) setAsking(true);
			}}
			onAction={() => {}}
			spec={{
				lines: stopping
					? [...lines, say('Stopping: the page that was begun is finished first.', 'warn')]
					: lines,
				control: {kind: 'wait'},
				terms: ['backup', 'erase', 'verify', 'fuse', 'EEPROM'],
				interruptDoes: stopping ? null : 'stop',
			}}
		/>
	);
}

const changes = ({seen}: FlashState) => seen.some(phase => !readingPhases.includes(phase));

function stopQuestion(state: FlashState): string {
	return changes(state)
		? 'Stop? The work goes on while you think.'
		: 'Stop? Nothing is changed while you think.';
}

/** What stopping means, by how far the work has come. */
function stopTexts(state: FlashState): readonly string[] {
	const changed = changes(state);
	return [
		'Going on is the surest way to a board that works.',
		'If you stop, the page that was begun is finished and the chip is let go.',
		changed
			? 'It may be blank or half written then, so the board will not work yet. It is not damaged: you can begin again at any time.'
			: 'So far nothing on the chip has been changed. Once the erase has begun it may be blank or half written, but not damaged.',
	];
}
