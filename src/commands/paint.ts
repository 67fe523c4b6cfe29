// Colour for people at a terminal, and none elsewhere. A colour never says anything that a word does not.

import {type DrawnLine, signalColours, type WireColour} from '../../wiring/index.ts';
import type {IspSignal} from '../engine/chips/chip.ts';
import type {Output} from './output.ts';

/** SGR codes of ECMA-48: the foreground colours that every terminal has. */
const sgr: Readonly<Record<WireColour, number>> = {
	gray: 90,
	red: 31,
	green: 32,
	yellow: 33,
	magenta: 35,
	cyan: 36,
};

/** NO_COLOR has been turned into FORCE_COLOR=0 by the entry. */
function mayColour(output: Output): boolean {
	const forced = process.env.FORCE_COLOR;
	if (forced === '0' || forced === 'false') return false;
	return output.toTerminal && process.env.TERM !== 'dumb';
}

/** A drawn line as text for this output. */
export function paintLine(output: Output, line: DrawnLine): string {
	const colour = mayColour(output);
	return line
		.map(span => (colour && span.signal !== undefined ? inColour(span.text, span.signal) : span.text))
		.join('')
		.trimEnd();
}

function inColour(text: string, signal: IspSignal): string {
	return `\u001b[${sgr[signalColours[signal]]}m${text}\u001b[39m`;
}

/** Words onto lines of the width of this output, at most 100 columns, with `indent` before each. */
export function wrapped(output: Output, text: string, indent = ''): readonly string[] {
	const width = Math.min(output.columns, 100) - indent.length;
	const lines: string[] = [];
	for (const word of text.split(' ')) {
		const last = lines.at(-1);
		if (last !== undefined && last.length + 1 + word.length <= width)
			lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}
	return lines.map(line => indent + line);
}
