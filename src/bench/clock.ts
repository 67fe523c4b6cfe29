// Virtual time: nothing waits, sleeping moves the hands. Deterministic, so that a run can be repeated exactly.
import type {Clock} from '../engine/clock.ts';

export type VirtualClock = Clock & {
	/** Moves the hands to `ms` (absolute) unless they are past it already. */
	readonly advanceTo: (ms: number) => void;
};

/**
 * @param pace called with the milliseconds that are about to pass, before they do: the wizard's practice mode
 * gives a real (shortened) wait here, tests give nothing
 */
export function createVirtualClock(pace?: (ms: number) => Promise<void>): VirtualClock {
	let now = 0;
	return {
		nowMs: () => now,
		advanceTo(ms) {
			if (ms > now) now = ms;
		},
		// The goal is fixed at the call, so that two sleepers that start together also end together.
		async sleep(ms) {
			const goal = now + Math.max(0, ms);
			await pace?.(goal - now);
			if (goal > now) now = goal;
		},
	};
}
