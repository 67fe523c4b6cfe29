// What the flash screen shows, folded out of the recovery's events. Pure.

import type {FlashLook} from '../engine/image/inspect.ts';
import type {Phase, RecoverEvent, RecoverResult} from '../engine/procedures/events.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import type {PhaseRow} from '../ui/progress.ts';

export type FlashState = {
	readonly phase: Phase | undefined;
	readonly seen: readonly Phase[];
	readonly doneBytes: number;
	readonly totalBytes: number;
	/** On the world's clock: when the phase's first progress came, and the last. */
	readonly since: {readonly atMs: number; readonly doneBytes: number} | undefined;
	readonly rate: number | undefined;
	/** How the bootloader was that the backup found. */
	readonly look: string | undefined;
	readonly before: FlashLook['verdict'] | undefined;
	readonly warnings: readonly string[];
	readonly result: RecoverResult | undefined;
};

export const flashStart: FlashState = {
	phase: undefined,
	seen: [],
	doneBytes: 0,
	totalBytes: 0,
	since: undefined,
	rate: undefined,
	look: undefined,
	before: undefined,
	warnings: [],
	result: undefined,
};

/** A rate over less time than this jumps about. */
const rateAfterMs = 300;

export function foldEvent(state: FlashState, event: RecoverEvent, nowMs: number): FlashState {
	switch (event.type) {
		case 'phase':
			return {
				...state,
				phase: event.phase,
				seen: state.seen.includes(event.phase) ? state.seen : [...state.seen, event.phase],
				doneBytes: 0,
				totalBytes: 0,
				since: undefined,
				rate: undefined,
			};
		case 'progress': {
			const fresh = state.since === undefined || event.doneBytes < state.doneBytes;
			const since = fresh ? {atMs: nowMs, doneBytes: event.doneBytes} : state.since!;
			const passed = nowMs - since.atMs;
			return {
				...state,
				doneBytes: event.doneBytes,
				totalBytes: event.totalBytes,
				since,
				rate: passed < rateAfterMs ? state.rate : ((event.doneBytes - since.doneBytes) * 1000) / passed,
			};
		}
		case 'warning':
			return state.warnings.includes(event.message)
				? state
				: {...state, warnings: [...state.warnings, event.message]};
		case 'look':
			return {...state, look: event.text, before: event.verdict};
		case 'result':
			return {...state, result: event};
		default:
			return state;
	}
}

const labels: Readonly<Record<Phase, string>> = {
	connect: 'Connect to the programmer',
	identify: 'Ask the chip who it is',
	backup: 'Save what is on it',
	erase: 'Erase',
	write: 'Write',
	verify: 'Read back and compare',
	eeprom: 'Put the settings back (EEPROM)',
	fuses: 'Set the fuses',
	lock: 'Set the lock bits',
	leave: 'Last look, let the board start',
};

export function phaseLabel(phase: Phase): string {
	return labels[phase];
}

/** Phases that a plan goes through, as far as it can be known before. */
export function phasesOf(plan: RecoveryPlan): readonly Phase[] {
	const phases: Phase[] = ['connect', 'identify'];
	if (plan.backup !== 'none') phases.push('backup');
	if (plan.image !== undefined) {
		if (plan.erase) phases.push('erase');
		phases.push('write');
		if (plan.verify !== 'none') phases.push('verify');
		if (plan.erase && plan.restoreEeprom) phases.push('eeprom');
	}
	if (plan.fuses !== 'keep') phases.push('fuses');
	if (plan.lock !== undefined) phases.push('lock');
	phases.push('leave');
	return phases;
}

/** The plan's phases with what became of each; a phase that was passed over says so. */
export function phaseRows(plan: RecoveryPlan, state: FlashState): readonly PhaseRow[] {
	const planned = phasesOf(plan);
	const all = [...planned, ...state.seen.filter(phase => !planned.includes(phase))];
	const furthest = Math.max(-1, ...state.seen.map(phase => all.indexOf(phase)));
	return all.map((phase, index): PhaseRow => {
		const label = labels[phase];
		if (phase === state.phase && state.result === undefined) return {label, state: 'now'};
		if (phase === state.phase && state.result?.ok === false) return {label, state: 'failed'};
		if (state.seen.includes(phase)) return {label, state: 'done'};
		if (index < furthest || state.result?.ok === true) return {label, state: 'done', note: '(not needed)'};
		return {label, state: 'ahead'};
	});
}
