// The first and the last part of a log that is too long, with the line numbers that the whole would have.
import type {Diagnosis} from './types.ts';

export type Ends = {
	/** What is kept: whole, or the first and the last part joined at line borders. */
	readonly text: string;
	/** Lines after this one of `text` stood so many further down; undefined when nothing is missing. */
	readonly gap: {readonly afterLine: number; readonly lines: number} | undefined;
};

/** A pipe may hand over byte by byte: pieces smaller than this are put together. */
const smallPiece = 0x1_0000;

/**
 * Takes a text piece by piece and keeps at most `maxChars` of it (and one piece more, meanwhile).
 * LF, CRLF and lone CR end lines.
 */
export function createEnds(maxChars: number): {
	readonly push: (piece: string) => void;
	readonly end: () => Ends;
} {
	const half = Math.floor(maxChars / 2);
	let head = '';
	let tail: string[] = [];
	let tailChars = 0;
	let cut = false;
	let missingLines = 0;
	/** A CRLF may be torn by the border of two pieces. */
	let afterCr = false;
	const drop = (piece: string) => {
		missingLines += countLineEnds(piece, afterCr);
		if (piece !== '') afterCr = piece.endsWith('\r');
	};
	/** Drops from the oldest pieces on what is more than `half`. */
	const trim = () => {
		let from = 0;
		while (tailChars - (tail[from]?.length ?? 0) >= half && from < tail.length) {
			const piece = tail[from]!;
			drop(piece);
			tailChars -= piece.length;
			from += 1;
		}
		if (from > 0) tail = tail.slice(from);
	};
	return {
		push(piece) {
			const room = cut ? 0 : half - head.length;
			if (room > 0) head += piece.slice(0, room);
			const rest = room > 0 ? piece.slice(room) : piece;
			if (rest === '') return;
			const last = tail.length - 1;
			if (last >= 0 && tail[last]!.length < smallPiece) tail[last] += rest;
			else tail.push(rest);
			tailChars += rest.length;
			if (tailChars > half) {
				if (!cut) {
					// From here on there is a gap: the head ends with a whole line.
					cut = true;
					const border = lastBorder(head);
					const torn = head.slice(border);
					head = head.slice(0, border);
					afterCr = head.endsWith('\r');
					drop(torn);
				}
				trim();
			}
		},
		end() {
			const last = tail.join('');
			if (!cut) return {text: head + last, gap: undefined};
			const from = Math.max(0, last.length - half);
			const border = firstBorder(last, from);
			drop(last.slice(0, border));
			return {
				text: head + last.slice(border),
				gap: {afterLine: countLineEnds(head, false), lines: missingLines},
			};
		},
	};
}

/** The first and the last half of `maxChars` of a text. */
export function endsOf(text: string, maxChars: number): Ends {
	if (text.length <= maxChars) return {text, gap: undefined};
	const ends = createEnds(maxChars);
	ends.push(text);
	return ends.end();
}

/** The diagnosis of an `Ends.text`, its line numbers those of the whole log. */
export function withTrueLines(diagnosis: Diagnosis, gap: Ends['gap']): Diagnosis {
	if (gap === undefined) return diagnosis;
	const trueLine = (line: number) => (line > gap.afterLine ? line + gap.lines : line);
	return {
		...diagnosis,
		truncated: true,
		causes: diagnosis.causes.map(cause => ({
			...cause,
			evidence: cause.evidence.map(found => ({...found, line: trueLine(found.line)})),
			...(cause.verdictLine === undefined ? {} : {verdictLine: trueLine(cause.verdictLine)}),
		})),
	};
}

function countLineEnds(text: string, afterCr: boolean): number {
	let count = 0;
	let cr = afterCr;
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code === 13 || (code === 10 && !cr)) count += 1;
		cr = code === 13;
	}
	return count;
}

/** Just behind the last line end; the whole length where there is none. */
function lastBorder(text: string): number {
	const at = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'));
	return at === -1 ? text.length : at + 1;
}

/** Just behind the first line end from `from` on; `from` where there is none. */
function firstBorder(text: string, from: number): number {
	for (let at = from; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code === 10) return at + 1;
		if (code === 13) return text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1;
	}
	return from;
}
