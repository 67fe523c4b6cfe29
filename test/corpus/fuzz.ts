// Hostile input for the diagnosis: logs mutated, spliced and repeated, and plain random text. Seeded, so that a
// failure can be run again.

import {causes} from '../../src/engine/diagnose/causes.ts';
import {signals} from '../../src/engine/diagnose/signals.ts';
import type {Diagnosis} from '../../src/engine/diagnose/types.ts';

export type Fuzzer = {
	/** The next input. */
	readonly next: () => string;
	/** What is wrong with an answer, or nothing. */
	readonly check: (text: string, got: Diagnosis) => string | undefined;
};

const awkward = [
	'\u001b[31m',
	'\u001b]0;title',
	'\u001b',
	'\u009b2J',
	'\r',
	'\r\n',
	'\n',
	'\t',
	'\b',
	'\u0000',
	'\u202e',
	'\ufeff',
	'\ud800',
	'\udc00',
	'> ',
	'*** ',
	'0x',
	'"',
	"'",
	'\\',
	':',
	'&gt;',
	'\u0130',
	'\u2028',
	'!!!',
];

/** mulberry32: 32 bits of state, enough to shuffle text. */
function createRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
	};
}

export function createFuzzer(logs: readonly string[], seed: number): Fuzzer {
	const random = createRandom(seed);
	const below = (limit: number): number => Math.floor(random() * limit);
	const pick = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;
	const literals = signals.flatMap(signal =>
		typeof signal.find === 'string' ? [signal.find] : [...signal.find],
	);
	const noise = (length: number): string => {
		let text = '';
		const wide = random() < 0.3;
		for (let at = 0; at < length; at += 1) text += String.fromCharCode(below(wide ? 0x10000 : 0x100));
		return text;
	};

	const mutate = (log: string): string => {
		let text = log;
		for (let round = below(8); round >= 0; round -= 1) {
			const at = below(text.length + 1);
			const length = below(40);
			switch (below(9)) {
				case 0:
					text = text.slice(0, at) + text.slice(at + length);
					break;
				case 1:
					text = text.slice(0, at) + pick(awkward) + text.slice(at);
					break;
				case 2:
					text = text.slice(0, at) + noise(length) + text.slice(at + length);
					break;
				case 3:
					text = text.slice(at) + text.slice(0, at);
					break;
				case 4:
					text = text.slice(0, at) + pick(literals) + text.slice(at);
					break;
				case 5:
					text = text.slice(0, at) + pick(logs).slice(below(300)) + text.slice(at);
					break;
				case 6:
					text = text.replaceAll('\n', pick(awkward));
					break;
				case 7:
					text = random() < 0.5 ? text.toUpperCase() : text.replaceAll(' ', '');
					break;
				default:
					text = text.slice(0, at) + text.slice(at, at + length).repeat(1 + below(20)) + text.slice(at);
			}
		}
		return text;
	};

	return {
		next() {
			const kind = random();
			if (kind < 0.7) return mutate(pick(logs));
			if (kind < 0.8) return noise(below(400));
			if (kind < 0.9) {
				let text = '';
				for (let round = below(30); round >= 0; round -= 1)
					text += pick(literals) + (random() < 0.5 ? pick(awkward) : ' ');
				return text;
			}
			if (kind < 0.998) return pick(awkward).repeat(below(200)) + mutate(pick(logs));
			// Now and then a large one, made of a piece that may not be to a pattern's taste.
			const piece = random() < 0.5 ? pick(literals) + pick(awkward) : mutate(pick(logs)).slice(0, 2000);
			return piece.repeat(Math.ceil(200_000 / (piece.length + 1)));
		},
		check(text, got) {
			if (got.causes.length === 0) return 'no cause';
			const lines = text.split(/\r\n|\r|\n/).length;
			for (const cause of got.causes) {
				if (!(cause.cause in causes)) return `unknown cause ${cause.cause}`;
				if (!(cause.confidence > 0 && cause.confidence <= 1)) return `confidence ${cause.confidence}`;
				if (cause.next.length === 0 || cause.meaning === '') return `${cause.cause} says nothing`;
				for (const {line, text: quoted} of cause.evidence) {
					if (!Number.isInteger(line) || line < 1 || line > lines) return `line ${line} of ${lines}`;
					if (quoted === '') return 'empty quote';
				}
			}
			for (let at = 1; at < got.causes.length; at += 1) {
				if (got.causes[at]!.confidence > got.causes[at - 1]!.confidence) return 'causes out of order';
			}
			// Nothing a terminal would obey may come out again.
			if (/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(printed(got)))
				return 'a control character';
			return undefined;
		},
	};
}

function printed(value: unknown): string {
	if (typeof value === 'string') return value;
	if (typeof value !== 'object' || value === null) return '';
	return Object.values(value).map(printed).join('');
}
