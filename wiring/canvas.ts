// A grid of characters, each of which may belong to a signal. What is drawn on it goes to a terminal as lines of
// spans, to a screen reader not at all (linear.ts speaks), and to paper through svg.ts.
import type {IspSignal} from '../src/engine/chips/chip.ts';

/** Text that belongs to one signal (and takes its colour), or to none. */
export type Span = {readonly text: string; readonly signal?: IspSignal};
export type DrawnLine = readonly Span[];
export type Drawing = {
	/** Columns of the widest line. */
	readonly width: number;
	readonly lines: readonly DrawnLine[];
};

export type Canvas = {
	/** Puts text at a place; what was there goes. Only characters one column wide. */
	readonly put: (column: number, row: number, text: string, signal?: IspSignal) => void;
	readonly drawing: () => Drawing;
};

type Cell = {readonly text: string; readonly signal: IspSignal | undefined};

export function createCanvas(): Canvas {
	const rows: (Cell | undefined)[][] = [];
	return {
		put(column, row, text, signal) {
			if (column < 0 || row < 0) throw new RangeError(`off the canvas: ${column}, ${row}`);
			while (rows.length <= row) rows.push([]);
			[...text].forEach((character, index) => {
				rows[row]![column + index] = {text: character, signal};
			});
		},
		drawing: () => drawingOf(rows.map(row => spansOf(row))),
	};
}

function spansOf(row: readonly (Cell | undefined)[]): DrawnLine {
	const spans: {text: string; signal?: IspSignal}[] = [];
	for (let index = 0; index < row.length; index++) {
		const {text, signal} = row[index] ?? {text: ' ', signal: undefined};
		const last = spans.at(-1);
		if (last !== undefined && last.signal === signal) last.text += text;
		else spans.push(signal === undefined ? {text} : {text, signal});
	}
	return spans;
}

export function drawingOf(lines: readonly DrawnLine[]): Drawing {
	return {width: Math.max(0, ...lines.map(lineWidth)), lines};
}

export function lineWidth(line: DrawnLine): number {
	return line.reduce((sum, span) => sum + [...span.text].length, 0);
}

/** The characters alone. */
export function plainLine(line: DrawnLine): string {
	return line
		.map(span => span.text)
		.join('')
		.trimEnd();
}

/** Two drawings side by side, `gap` columns apart. */
export function beside(left: Drawing, right: Drawing, gap: number): Drawing {
	const height = Math.max(left.lines.length, right.lines.length);
	return drawingOf(
		Array.from({length: height}, (_, row) => {
			const first = left.lines[row] ?? [];
			const second = right.lines[row];
			if (second === undefined) return first;
			return [...first, {text: ' '.repeat(left.width + gap - lineWidth(first))}, ...second];
		}),
	);
}

/** One drawing above another, one empty line between. */
export function above(top: Drawing, bottom: Drawing): Drawing {
	return drawingOf([...top.lines, [], ...bottom.lines]);
}

const asciiOf: Readonly<Record<string, string>> = {
	'─': '-',
	'│': '|',
	'┊': ':',
	'┌': '+',
	'┐': '+',
	'└': '+',
	'┘': '+',
	'├': '+',
	'┤': '+',
	'┬': '+',
	'┴': '+',
	'●': '*',
	'○': 'o',
	'■': '#',
	'·': '.',
	'…': '.',
	'∪': 'u',
};

/** The same drawing for terminals without UTF-8. */
export function toAscii(drawing: Drawing): Drawing {
	return drawingOf(
		drawing.lines.map(line =>
			line.map(span => ({
				...span,
				text: [...span.text].map(character => asciiOf[character] ?? character).join(''),
			})),
		),
	);
}
