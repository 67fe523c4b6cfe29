// Time as the engine sees it. The real clock lives in src/io, the virtual one in src/bench.

/** A monotonic clock. Drivers and procedures know no other time. */
export type Clock = {
	/** Milliseconds since an arbitrary start, fractional, never going back. */
	readonly nowMs: () => number;
	/** Resolves when at least `ms` milliseconds have passed on this clock. */
	readonly sleep: (ms: number) => Promise<void>;
};
