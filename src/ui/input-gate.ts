// Tells keys from text. Some terminals have no bracketed paste: there a pasted log arrives as if it were
// typed, and its line ends as Return. Nobody types that fast: what comes within 30 ms of a printable key is text.
import type {Key, KeyName} from './keys.ts';

/** Measured on terminals without bracketed paste: their pasted characters are well below this apart. */
export const fastKeyMs = 30;
/** A paste over a slow line comes in pieces; it has ended when this long nothing came. Our choice. */
export const pasteQuietMs = 120;
/**
 * A question that goes away by itself takes a key with it that was meant for it: so long after that nothing is heard.
 * Longer than a finger that is already on its way (choice reactions take 0.3 to 0.6 s), shorter than reading a screen.
 */
export const hushMs = 700;
/** Up to this many characters without a line break are quick typing (two fingers at once), not a paste. */
const quickTyping = 8;

export type GateEvent =
	| {readonly type: 'key'; readonly key: Key}
	| {readonly type: 'text'; readonly text: string};

export type GateInput =
	/** Characters as the terminal sent them; Return is `\r`, Tab `\t`. */
	| {readonly type: 'characters'; readonly characters: string}
	| {readonly type: 'named'; readonly name: Exclude<KeyName, 'character' | 'return' | 'tab'>}
	/** A bracketed paste: text without any doubt. */
	| {readonly type: 'paste'; readonly text: string};

export type Gate = {
	readonly push: (input: GateInput) => void;
	/** The screen has changed without a key: what is held and what comes within `hushMs` was meant for the one before. */
	readonly hush: () => void;
	/** Forgets what is held and stops waiting. */
	readonly close: () => void;
};

/** The text without the line ends behind it. By hand: a pattern would try every run of line ends to the end. */
function withoutEnds(text: string): string {
	let length = text.length;
	while (length > 0 && (text[length - 1] === '\r' || text[length - 1] === '\n')) length--;
	return text.slice(0, length);
}

function keyOf(character: string, fast: boolean): Key {
	if (character === '\r' || character === '\n') return {name: 'return', fast};
	if (character === '\t') return {name: 'tab', fast};
	return {name: 'character', character, fast};
}

/**
 * @param wait calls back after so many milliseconds; returns a function that stops it
 * @param emit gets keys and texts in order
 */
export function createInputGate(
	wait: (ms: number, then: () => void) => () => void,
	emit: (event: GateEvent) => void,
): Gate {
	let held = '';
	let pasting = false;
	let stop: (() => void) | undefined;
	let hushed = false;

	const forget = () => {
		stop?.();
		stop = undefined;
		held = '';
		pasting = false;
	};

	const flush = () => {
		stop?.();
		stop = undefined;
		const text = held;
		const several = [...text].length > 1;
		held = '';
		pasting = false;
		if (text === '') return;
		if (!several) {
			emit({type: 'key', key: keyOf(text, false)});
			return;
		}
		const body = withoutEnds(text);
		if (body === '') emit({type: 'key', key: {name: 'return', fast: true}});
		else if ([...body].length <= quickTyping && !/[\r\n\t]/.test(body)) {
			for (const character of body) emit({type: 'key', key: keyOf(character, true)});
		} else emit({type: 'text', text});
	};

	return {
		push(input) {
			if (hushed) return;
			if (input.type === 'paste') {
				flush();
				emit({type: 'text', text: input.text});
				return;
			}
			if (input.type === 'named') {
				// Inside a paste a named key is a piece of an escape sequence, not a finger.
				if (pasting) return;
				flush();
				emit({type: 'key', key: {name: input.name, fast: false}});
				return;
			}
			if (held !== '' || [...input.characters].length > 1) pasting = true;
			held += input.characters;
			stop?.();
			stop = wait(pasting ? pasteQuietMs : fastKeyMs, flush);
		},
		hush() {
			forget();
			hushed = true;
			stop = wait(hushMs, () => {
				stop = undefined;
				hushed = false;
			});
		},
		close() {
			forget();
			hushed = false;
		},
	};
}
