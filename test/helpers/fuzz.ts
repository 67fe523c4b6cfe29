// Hostile input, seeded so that a failure can be run again: chance, mutations of text and bytes, and what a target is.
import {isKind, UnbrickError} from '../../src/engine/errors.ts';

/** One input, ready to be fed. */
export type Sample = {
	/** The input, for the report of a failure. */
	readonly shown: () => unknown;
	/**
	 * Throws or rejects when something is wrong with what came of it. Conversations return how many hostile replies
	 * they took: each is an input.
	 */
	readonly feed: () => undefined | Promise<number>;
};

export type FuzzTarget = {
	readonly name: string;
	/** Endless inputs. */
	readonly start: (seed: number) => () => Sample;
};

export type Chance = {
	/** 0 <= x < 1 */
	readonly next: () => number;
	/** 0 <= x < limit, whole. */
	readonly below: (limit: number) => number;
	readonly pick: <Value>(values: readonly Value[]) => Value;
	readonly bytes: (length: number) => Uint8Array;
};

/** mulberry32: 32 bits of state, enough to shuffle bytes. */
export function createChance(seed: number): Chance {
	let state = seed >>> 0;
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
	};
	const below = (limit: number) => Math.floor(next() * limit);
	return {
		next,
		below,
		pick: values => values[below(values.length)]!,
		bytes: length => Uint8Array.from({length}, () => below(256)),
	};
}

/** Pieces that terminals obey, parsers trip over or paths are made of. */
export const nastyPieces: readonly string[] = [
	'\u001b[2J\u001b[1;1H',
	'\u001b]0;owned\u0007',
	'\u001b]52;c;cm0gLXJm\u0007',
	'\u001bP1$r0m\u001b\\',
	'\u001b',
	'\u009b31m',
	'\u009d0;x\u009c',
	'\u202e',
	'\ufeff',
	'\ud800',
	'\udc00',
	'\u0000',
	'\b\b\b',
	'\r',
	'\n',
	'\r\n',
	'\t',
	'../',
	'..\\',
	'/etc/passwd',
	'C:\\',
	'~',
	'%s%n',
	'__proto__',
	'constructor',
	'toString',
	'null',
	'{',
	'[',
	'"',
	'\\',
	'\\u0000',
	':',
	'1e999',
	'-1',
	'0x',
	'9'.repeat(40),
	'='.repeat(200),
	'/'.repeat(200),
	' '.repeat(200),
];

/** Some rounds of cutting, doubling, splicing and spoiling. */
export function mutateText(chance: Chance, text: string, others: readonly string[]): string {
	let result = text;
	for (let round = chance.below(5); round >= 0; round--) {
		const at = chance.below(result.length + 1);
		const length = chance.below(30);
		const head = result.slice(0, at);
		switch (chance.below(8)) {
			case 0:
				result = head + result.slice(at + length);
				break;
			case 1:
				result = head + chance.pick(nastyPieces) + result.slice(at);
				break;
			case 2:
				result = head + noise(chance, length) + result.slice(at + length);
				break;
			case 3:
				result = head + chance.pick(others).slice(chance.below(200)) + result.slice(at);
				break;
			case 4:
				result = head;
				break;
			case 5:
				result = result.replaceAll('\n', chance.pick(['\r', '\r\n', '', '\n\n']));
				break;
			case 6:
				result = head + result.slice(at, at + length).repeat(1 + chance.below(20)) + result.slice(at);
				break;
			default:
				result = head + String.fromCharCode(chance.below(128)) + result.slice(at + 1);
		}
	}
	return result;
}

/** Random characters, sometimes beyond Latin-1. */
export function noise(chance: Chance, length: number): string {
	const limit = chance.pick([0x80, 0x100, 0x1_0000]);
	let text = '';
	for (let at = 0; at < length; at++) text += String.fromCharCode(chance.below(limit));
	return text;
}

export function mutateBytes(chance: Chance, data: Uint8Array): Uint8Array {
	const bytes = Array.from(data);
	for (let round = chance.below(4); round >= 0; round--) {
		const at = chance.below(bytes.length + 1);
		switch (chance.below(6)) {
			case 0:
				bytes.splice(at, chance.below(8));
				break;
			case 1:
				bytes.splice(at, 0, ...chance.bytes(chance.below(8)));
				break;
			case 2:
				bytes.length = at;
				break;
			case 3:
				if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
				break;
			case 4:
				bytes.push(...bytes.slice(at, at + chance.below(64)));
				break;
			default:
				if (at < bytes.length) bytes[at] = chance.pick([0, 1, 0x10, 0x14, 0x7f, 0x80, 0xfe, 0xff]);
		}
	}
	return Uint8Array.from(bytes);
}

/** Replaces, drops, doubles or renames something anywhere in a JSON value. */
export function mutateJson(chance: Chance, value: unknown): unknown {
	if (chance.next() < 0.15) return anyJson(chance);
	if (Array.isArray(value)) {
		const copy = [...value];
		const at = chance.below(copy.length + 1);
		const how = chance.below(4);
		if (how === 0) copy.splice(at, 1);
		else if (how === 1) copy.splice(at, 0, anyJson(chance));
		else if (at < copy.length) copy[at] = mutateJson(chance, copy[at]);
		return copy;
	}
	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value);
		const at = chance.below(entries.length);
		const entry = entries[at];
		if (entry === undefined) return anyJson(chance);
		const how = chance.below(6);
		if (how === 0) entries.splice(at, 1);
		else if (how === 1) entries.push([chance.pick(nastyPieces), anyJson(chance)]);
		else entries[at] = [entry[0], mutateJson(chance, entry[1])];
		return Object.fromEntries(entries);
	}
	if (typeof value === 'string') return mutateText(chance, value, nastyPieces);
	return anyJson(chance);
}

function anyJson(chance: Chance): unknown {
	return chance.pick<unknown>([
		null,
		true,
		0,
		-1,
		1.5,
		255,
		256,
		4_294_967_296,
		Number.MAX_VALUE,
		'',
		chance.pick(nastyPieces),
		noise(chance, 12),
		'x'.repeat(5000),
		[],
		{},
		[[[[]]]],
		{__proto__: {polluted: true}, length: 3},
	]);
}

/** True for the one kind of error that hostile input may cause: ours, and no fault of the program. */
export function isTyped(error: unknown): boolean {
	return error instanceof UnbrickError && !isKind(error, 'Bug');
}

/** What `work` returns, undefined when it threw an error of ours; anything else goes on. */
export function typed<Value>(work: () => Value): Value | undefined {
	try {
		return work();
	} catch (error) {
		if (isTyped(error)) return undefined;
		throw error;
	}
}

/** A terminal would obey one of these. */
export const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
