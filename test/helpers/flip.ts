// One bit on MOSI that arrives wrong, in an instruction that a test chooses.
import type {Bench} from '../../src/bench/bench.ts';

export type Flip = {
	/** First bytes of the instruction, as sent; `undefined` fits any. */
	readonly at: readonly (number | undefined)[];
	/** The byte and the bit in it that arrive wrong. */
	readonly byte: number;
	readonly bit: number;
	/** Instructions that fit and pass unhurt before. */
	readonly skip?: number;
	/** Instructions that are hurt; one unless told. */
	readonly times?: number;
};

/** Hurts what the programmer sends to the chip of this bench. Returns how often it has done so. */
export function flipBits(bench: Bench, ...flips: readonly Flip[]): {readonly hits: () => number} {
	const wiring = bench.wiring as {transfer: Bench['wiring']['transfer']};
	const {transfer} = wiring;
	const left = flips.map(({skip = 0, times = 1}) => ({skip, times}));
	let hits = 0;
	let sent: number[] = [];
	wiring.transfer = (value, sckHz) => {
		if (sent.length === 4) sent = [];
		sent.push(value);
		// Programming mode begins here, whatever noise came before.
		if (sent.at(-2) === 0xac && value === 0x53) sent = [0xac, 0x53];
		let arrives = value;
		for (const [index, {at, byte, bit}] of flips.entries()) {
			const rest = left[index]!;
			const fits = sent.length === byte + 1 && sent.every((one, place) => (at[place] ?? one) === one);
			if (!fits || rest.times === 0) continue;
			if (rest.skip > 0) {
				rest.skip--;
				continue;
			}
			rest.times--;
			hits++;
			arrives ^= 1 << bit;
		}
		return transfer(arrives, sckHz);
	};
	return {hits: () => hits};
}
