// Keys as the steps see them, and the table that both handles them and prints the last line.

import {textWidth} from './text.ts';

export type KeyName =
	| 'return'
	| 'escape'
	| 'up'
	| 'down'
	| 'left'
	| 'right'
	| 'page-up'
	| 'page-down'
	| 'home'
	| 'end'
	| 'tab'
	| 'backspace'
	| 'interrupt'
	| 'character';

export type Key = {
	readonly name: KeyName;
	/** For `character`: the one character. */
	readonly character?: string;
	/** True when it came within 30 ms of another: a program may have typed it. */
	readonly fast: boolean;
};

/** One row of a screen's key table. The first that takes a key handles it. */
export type Binding<Result> = {
	/** A key's name, one character, or `any-character`. */
	readonly on: Exclude<KeyName, 'character'> | 'any-character' | {readonly character: string};
	/** How the last line names the key and what it does; a binding without is not shown. */
	readonly label?: string;
	readonly does?: string;
	/** See `ranks`; `own` unless said. */
	readonly rank?: number;
	readonly run: (key: Key) => Result;
};

function takes(binding: Binding<unknown>, key: Key): boolean {
	if (typeof binding.on === 'object')
		return key.name === 'character' && key.character === binding.on.character;
	if (binding.on === 'any-character') return key.name === 'character';
	return key.name === binding.on;
}

/** Runs the first binding that takes the key; undefined when none does. */
export function handleKey<Result>(bindings: readonly Binding<Result>[], key: Key): Result | undefined {
	return bindings.find(candidate => takes(candidate, key))?.run(key);
}

/** What stays on the last line the longest when it gets narrow; the rest stands behind `?`. */
export const ranks = {lead: 0, back: 1, interrupt: 2, own: 3, choose: 4, scroll: 5} as const;

export type KeyLine = {
	readonly text: string;
	/** Every key of the screen, as on the line; empty where the line has room for all of them. */
	readonly all: readonly string[];
};

/** Names once what a key does: of several rows that take it, the first handles it. */
function partsOf(bindings: readonly Binding<unknown>[]): readonly {text: string; rank: number}[] {
	const taken = new Set<string>();
	return bindings.flatMap(({on, label, does, rank = ranks.own}) => {
		const key = typeof on === 'object' ? `character ${on.character}` : on;
		const first = !taken.has(key);
		taken.add(key);
		return first && label !== undefined && does !== undefined ? [{text: `${label} ${does}`, rank}] : [];
	});
}

/**
 * The last line: `Enter continue   Esc back`. One line on every terminal: narrow ones get narrower gaps, then fewer
 * keys, and `?` says `more`.
 */
export function keyLine(bindings: readonly Binding<unknown>[], cells: number): KeyLine {
	const parts = partsOf(bindings);
	const all = parts.map(({text}) => text);
	const wide = all.join('   ');
	if (textWidth(wide) <= cells) return {text: wide, all: []};
	const narrow = all.join('  ');
	if (textWidth(narrow) <= cells) return {text: narrow, all: []};
	const shown = parts.map(part => (part.text.startsWith('? ') ? {...part, text: '? more'} : part));
	const line = () => shown.map(({text}) => text).join('  ');
	while (shown.length > 1 && textWidth(line()) > cells) {
		const last = Math.max(...shown.map(({rank}) => rank));
		shown.splice(
			shown.findLastIndex(({rank}) => rank === last),
			1,
		);
	}
	return {text: line(), all};
}
