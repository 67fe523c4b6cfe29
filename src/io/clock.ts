// Real time.
import {performance} from 'node:perf_hooks';
import type {Clock} from '../engine/clock.ts';

/** Timers count whole milliseconds and come up to one and a half late: the last stretch of a short wait is watched. */
const watchedMs = 1.5;
/** A longer wait is no part of a loop over pages: nobody sees the odd millisecond. */
const shortMs = 50;

/** The machine's monotonic clock. A sleep is never shorter than asked. */
export const systemClock: Clock = {
	nowMs: () => performance.now(),
	async sleep(ms) {
		const untilMs = performance.now() + ms;
		const timerMs = ms > shortMs ? Math.ceil(ms) : Math.floor(ms - watchedMs);
		if (timerMs > 0) await new Promise(resolve => setTimeout(resolve, timerMs));
		while (performance.now() < untilMs) await new Promise(resolve => setImmediate(resolve));
	},
};
