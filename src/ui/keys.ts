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

/** The last line: `Enter continue   Esc back`. Narrow terminals get narrower gaps, then a second line. */
export function keyLines(bindings: readonly Binding<unknown>[], cells: number): readonly string[] {
	const parts = bindings.flatMap(({label, does}) =>
		label === undefined || does === undefined ? [] : [`${label} ${does}`],
	);
	const wide = parts.join('   ');
	if (textWidth(wide) <= cells) return [wide];
	const lines: string[] = [];
	let line = '';
	for (const part of parts) {
		const longer = line === '' ? part : `${line}  ${part}`;
		if (textWidth(longer) <= cells) line = longer;
		else {
			lines.push(line);
			line = part;
		}
	}
	lines.push(line);
	return lines;
}
