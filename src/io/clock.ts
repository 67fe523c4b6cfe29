// Real time.
import {performance} from 'node:perf_hooks';
import type {Clock} from '../engine/clock.ts';

/** The machine's monotonic clock. */
export const systemClock: Clock = {
	nowMs: () => performance.now(),
	sleep: ms => new Promise(resolve => setTimeout(resolve, Math.max(0, Math.ceil(ms)))),
};
