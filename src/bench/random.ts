// Seeded chance: the same seed gives the same bench, bit for bit.

export type Random = {
	/** 0 <= x < 1 */
	readonly next: () => number;
	/** 0..255 */
	readonly byte: () => number;
	/** One of the given values. */
	readonly pick: <T>(values: readonly [T, ...T[]]) => T;
};

/** Mulberry32 (public domain, Tommy Ettinger): 32 bits of state, good enough to play floating wires. */
export function createRandom(seed: number): Random {
	let state = (seed ^ 0x9e3779b9) >>> 0;
	const next = (): number => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
	return {
		next,
		byte: () => Math.floor(next() * 256),
		pick: values => values[Math.floor(next() * values.length)] as (typeof values)[number],
	};
}
