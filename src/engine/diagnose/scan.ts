// Finds the known messages in a log. A literal is looked for first, so that a megabyte costs milliseconds;
// the expression then reads only a small window round it, so that no pattern can run away.

import {createLiteralFinder, type LiteralFinder} from './literals.ts';
import {type CleanLine, type FlatText, flatten, joinWrapped, lineAt} from './normalise.ts';

export type Signal = {
	readonly id: string;
	/** Lower-case literals; one must stand inside the message. */
	readonly find: string | readonly string[];
	/** Reads the message round the literal (case is ignored); without it the literal alone is the message. */
	readonly read?: RegExp;
	/** A verdict of the tool: `error`, `success`; or what a new attempt starts with. */
	readonly role?: 'error' | 'success' | 'start';
	/** Tool's source file or public document that prints it. */
	readonly source: string;
};

export type Hit = {
	readonly id: string;
	/** Index into the log's lines. */
	readonly line: number;
	/** Order in the whole log: larger is later. */
	readonly at: number;
	readonly groups: readonly (string | undefined)[];
	/** The message as found, for a quote out of a very long line. */
	readonly text: string;
};

/** Characters before and after the literal that an expression may see. */
const WINDOW_BEFORE = 160;
const WINDOW_AFTER = 320;

function readAt(signal: Signal, source: FlatText, found: number, literal: number): Hit | undefined {
	const row = lineAt(source, found);
	const lineStart = source.starts[row] ?? 0;
	const next = source.starts[row + 1];
	const lineEnd = next === undefined ? source.text.length : next - 1;
	const seam = source.seams?.[row];
	let begin = found;
	let end = found + literal;
	let groups: (string | undefined)[] = [];
	if (signal.read !== undefined) {
		const from = Math.max(lineStart, found - WINDOW_BEFORE);
		const window = source.text.slice(from, Math.min(lineEnd, found + WINDOW_AFTER));
		const match = signal.read.exec(window);
		if (match === null) return undefined;
		begin = from + match.index;
		end = begin + match[0].length;
		if (end <= found || begin >= found + literal) {
			// An earlier message of the same kind stands in the window: read again from the literal on.
			const nearer = signal.read.exec(source.text.slice(found, Math.min(lineEnd, found + WINDOW_AFTER)));
			if (nearer === null || nearer.index > 0) return undefined;
			begin = found;
			end = found + nearer[0].length;
			groups = nearer.slice(1);
		} else groups = match.slice(1);
	}
	if (seam !== undefined && (begin >= lineStart + seam || end <= lineStart + seam)) return undefined;
	const line = source.lineIndex[row] ?? 0;
	// Place within the line counts too: logs that lost their line ends are one line.
	const place = Math.min(begin - lineStart, 0xfffff);
	return {id: signal.id, line, at: line * 0x100000 + place, groups, text: source.text.slice(begin, end)};
}

function literalsOf(signal: Signal): readonly string[] {
	return typeof signal.find === 'string' ? [signal.find] : signal.find;
}

function scanText(source: FlatText, signals: readonly Signal[], finder: LiteralFinder, hits: Hit[]): void {
	const found = finder.find(source.lower);
	for (const signal of signals) {
		for (const literal of literalsOf(signal)) {
			for (const offset of found.get(literal) ?? []) {
				const hit = readAt(signal, source, offset, literal.length);
				if (hit !== undefined) hits.push(hit);
			}
		}
	}
}

/** So much of a message must stand before (or after) the cut: enough characters, and the better half of it. */
const MIN_CUT_CHARS = 8;
const MIN_CUT_SHARE = 0.55;
/** Longest matches tried at each end. */
const MAX_COMPLETIONS = 3;

/**
 * A paste cut in the middle of a message: the rest of the message is put back, for reading only.
 * @returns the last line carried on, or the first one led in, once per message it may have been
 */
function completed(
	line: string,
	literals: readonly string[],
	end: 'head' | 'tail',
): {text: string; added: number}[] {
	const lower = line.toLowerCase();
	// A line that begins (or ends) with a whole message or a tool's name was not cut there.
	if (literals.some(literal => (end === 'tail' ? lower.endsWith(literal) : lower.startsWith(literal))))
		return [];
	const found: {text: string; added: number; kept: number}[] = [];
	for (const literal of literals) {
		for (
			let kept = literal.length - 1;
			kept >= MIN_CUT_CHARS && kept >= literal.length * MIN_CUT_SHARE;
			kept -= 1
		) {
			if (end === 'tail' && lower.endsWith(literal.slice(0, kept))) {
				found.push({text: line + literal.slice(kept), added: 0, kept});
				break;
			}
			if (end === 'head' && lower.startsWith(literal.slice(literal.length - kept))) {
				const lead = literal.slice(0, literal.length - kept);
				found.push({text: lead + line, added: lead.length, kept});
				break;
			}
		}
	}
	return found.sort((a, b) => b.kept - a.kept).slice(0, MAX_COMPLETIONS);
}

function scanEnds(
	lines: readonly CleanLine[],
	signals: readonly Signal[],
	finder: LiteralFinder,
	literals: readonly string[],
): Hit[] {
	const hits: Hit[] = [];
	const last = lines.findLastIndex(line => line.text.trim() !== '');
	const first = lines.findIndex(line => line.text.trim() !== '');
	for (const [index, end] of [
		[first, 'head'],
		[last, 'tail'],
	] as const) {
		const line = lines[index];
		if (line === undefined || line.text.length > MAX_CUT_LINE) continue;
		const text = end === 'tail' ? line.text.trimEnd() : line.text.trimStart();
		for (const {text: whole} of completed(text, literals, end)) {
			const source: FlatText = {text: whole, lower: whole.toLowerCase(), starts: [0], lineIndex: [index]};
			const again: Hit[] = [];
			scanText(source, signals, finder, again);
			// The quote is the line as it stands.
			for (const hit of again) hits.push({...hit, text: line.text});
		}
	}
	return hits;
}

/** A longer line is not the cut line of a terminal. */
const MAX_CUT_LINE = 2000;

export type Scanner = {
	/** Every known message, in order. */
	readonly scan: (lines: readonly CleanLine[]) => Hit[];
	/**
	 * What the cut first and last lines would say if they were whole, with `hits` of `scan`: for a log that says nothing
	 * otherwise. Undefined when they say nothing either.
	 */
	readonly scanCut: (lines: readonly CleanLine[], hits: readonly Hit[]) => Hit[] | undefined;
};

/** Prepares the search once for a table of messages. */
export function createScanner(signals: readonly Signal[]): Scanner {
	const literals = [...new Set(signals.flatMap(literalsOf))];
	const finder = createLiteralFinder(literals);
	return {
		scan: lines => scan(lines, signals, finder),
		scanCut(lines, hits) {
			const ends = scanEnds(lines, signals, finder, literals);
			return ends.length === 0 ? undefined : [...hits, ...ends].sort((a, b) => a.at - b.at);
		},
	};
}

/** Messages that end in a path: the next line may hold the rest of it, so both readings stand. */
const runsOn: ReadonlySet<string> = new Set(['dfu.cmd.flash']);

/** Every known message in the log, in order; wrapped lines are read as one. */
function scan(lines: readonly CleanLine[], signals: readonly Signal[], finder: LiteralFinder): Hit[] {
	const hits: Hit[] = [];
	scanText(flatten(lines), signals, finder, hits);
	const joined = joinWrapped(lines);
	if (joined.text.length > 0) {
		// A message that is whole on its line stays as it is, however the next line might go on.
		const whole = new Set(hits.map(hit => `${hit.id} ${hit.at}`));
		const seamed: Hit[] = [];
		scanText(joined, signals, finder, seamed);
		for (const hit of seamed) {
			const key = `${hit.id} ${hit.at}`;
			if (whole.has(key) && !runsOn.has(hit.id)) continue;
			whole.add(key);
			hits.push(hit);
		}
	}
	hits.sort((a, b) => a.at - b.at);
	return hits;
}
