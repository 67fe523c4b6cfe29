// A chip that does not answer, in words for somebody who has never heard of ISP: what to try first stands first, the
// bytes stand behind. Pure; the engine's own words and their order stay the source (isp/wiring-reading.ts).
import {hexDump} from '../engine/bytes.ts';
import type {Candidate, UnbrickError} from '../engine/errors.ts';
import type {CandidateId, WiringKind, WiringReading} from '../engine/isp/wiring-reading.ts';
import {gap, item, type Line, layOut, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import {textColumns, type View} from '../ui/view.ts';

/** What is seen on the wires, without a word of electronics where it goes without. Never more than the bytes say. */
const seenWords: Readonly<Record<WiringKind, string>> = {
	nothing: 'nothing comes back from the chip.',
	'stuck-low': 'nothing comes back: the wire MISO stays still (low).',
	'stuck-high': 'nothing comes back: the wire MISO stays still (high).',
	echo: 'what is sent comes straight back; no chip answers.',
	unstable: 'something comes back, but no clear answer.',
	'not-in-mode': 'the programmer answers, the chip does not.',
	chip: 'a chip answers.',
	'unknown-part': 'something answers that is no chip known here.',
};

/** What may be wrong, and what to do about it. */
const plainWords: Readonly<Record<CandidateId, string>> = {
	'target-unpowered':
		'The board has no power. Check the wires VCC (supply) and GND (ground), and that exactly one thing feeds the board.',
	'ground-open': 'GND (ground) is not joined. Check that wire at both ends.',
	'reset-open':
		'RESET is loose or on the wrong pin; the board then goes on running. Check that wire at both ends.',
	'sck-open': 'SCK (the clock wire) is loose or on the wrong pin.',
	'mosi-open': 'MOSI (towards the chip) is loose or on the wrong pin.',
	'miso-open': 'MISO (back from the chip) is loose or on the wrong pin.',
	'mosi-miso-swapped': 'MISO and MOSI are swapped. Swap the two wires; no harm is done.',
	'mosi-miso-bridged': 'The wires MISO and MOSI touch each other, or are joined by solder.',
	'miso-held-low': 'Something holds MISO down: it touches GND, or another part uses the same pin.',
	'miso-held-high': 'Something holds MISO up: it touches VCC, or another part uses the same pin.',
	'clock-missing': 'The chip has no clock: its fuses (settings) ask for one that is not there.',
	'below-brown-out': 'The supply is too low: a 5 V board on 3.3 V does not wake up.',
	'sck-too-fast': 'The programmer speaks too fast for this chip; slower speeds are tried by themselves.',
	'isp-disabled': 'A fuse (setting) has switched ISP off; only a high-voltage programmer helps then.',
	'feeble-supply': 'The supply is weak or missing. Check VCC and GND.',
	'long-wires': 'The wires are long or loose. Shorten them and press them home.',
	'programmer-not-in-mode': 'The programmer has not begun. Plug it out and in again.',
	'other-part': 'Another chip than the known ones, or an answer spoiled by a bad wire.',
};

/** A sketch of the Arduino family drives RESET from a pin of its own. Source: wiring/, the RESET trap. */
const resetPin =
	'RESET of the keyboard goes to pin 10 of an Arduino or Pro Micro (B0 of a Teensy), never to the pin called RESET there.';

function wordsOf({id, text}: Candidate, programmer: string | undefined): string {
	const words = plainWords[id as CandidateId] ?? text;
	return id === 'reset-open' && (programmer === 'arduino-isp' || programmer === 'avrisp')
		? `${words} ${resetPin}`
		: words;
}

export type Silence = {
	readonly error: UnbrickError;
	readonly candidates: readonly Candidate[];
	/** What is seen on the wires just now. */
	readonly live?: WiringReading | undefined;
	/** One sentence: which try, and that nothing was changed. */
	readonly state: readonly Line[];
	/** Our driver, for its own traps. */
	readonly programmer?: string | undefined;
};

function gotOf({error: {facts}}: Silence): readonly Uint8Array[] {
	return facts.kind === 'NoTarget' || facts.kind === 'UnstableLink' ? facts.got : [];
}

/** What the failed attempt saw: the same words as the look at the wires that follows it, so that nothing jumps. */
function kindOf(silence: Silence): WiringKind {
	if (silence.error.kind === 'UnstableLink') return 'unstable';
	const [first] = silence.candidates;
	if (first?.id === 'mosi-miso-bridged') return 'echo';
	if (first?.id === 'programmer-not-in-mode') return 'not-in-mode';
	const got = gotOf(silence).filter(bytes => bytes.length > 0);
	const all = (value: number) => (bytes: Uint8Array) => bytes.every(byte => byte === value);
	if (got.length === 0) return 'nothing';
	if (got.every(all(0x00))) return 'stuck-low';
	if (got.every(all(0xff))) return 'stuck-high';
	return got.every(bytes => all(0x00)(bytes) || all(0xff)(bytes)) ? 'nothing' : 'unstable';
}

/** Further things to try on the first page; all of them stand in the details. */
const mostFurther = 3;

/** A terminal of the usual height, and how much text a page has there at most: more is not read. Our choice. */
const smallRows = 24;
const mostRows = 13;

function textRows(lines: readonly Line[], view: View): number {
	return layOut(lines, textColumns(view)).filter(({text}) => text.trim() !== '').length;
}

/** The first page, and the same in fewer rows. Its first thing to try is in all of them. */
export function silencePages(
	silence: Silence,
	view: View,
): readonly [readonly Line[], ...(readonly Line[])[]] {
	const {live, state, programmer} = silence;
	const glyphs = glyphsFor(view);
	const candidates = live !== undefined && live.candidates.length > 0 ? live.candidates : silence.candidates;
	const [first, ...others] = candidates;
	const seen = live?.kind ?? kindOf(silence);
	// The clock comes last of all, and has a page of its own.
	const further = others.filter(({id}) => id !== 'clock-missing' && id !== 'isp-disabled');
	const page = (count: number, roomy: boolean): readonly Line[] => [
		item(
			`${glyphs.failed} `,
			seen === 'unstable' ? 'The chip gives no clear answer.' : 'The chip does not answer.',
			'bad',
		),
		...state,
		...(roomy ? [gap] : []),
		item(`${glyphs.now} `, `Seen now: ${seenWords[seen]}`, 'strong'),
		...(roomy ? [gap] : []),
		...(first === undefined
			? []
			: [say('Try this first:', 'strong'), item(glyphs.next, wordsOf(first, programmer), 'accent')]),
		...(count === 0 || further.length === 0
			? []
			: [
					say('If that is right, look further in this order:', 'strong'),
					...further
						.slice(0, count)
						.map((other, index) => item(`${index + 2}. `, wordsOf(other, programmer))),
				]),
		...(roomy ? [gap] : []),
		say('Esc shows the wires. The same silence has many causes.', 'quiet'),
	];
	const last = page(0, false);
	const fewest = [page(mostFurther, true), page(mostFurther, false), page(2, false), page(1, false)].filter(
		lines => view.rows > smallRows || textRows(lines, view) <= mostRows,
	);
	return fewest.length === 0 ? [last] : [fewest[0]!, ...fewest.slice(1), last];
}

/** For those who know the bytes: what came back, and everything that may be behind it. */
export function silenceDetails({error, candidates, live}: Silence): readonly Line[] {
	const {facts} = error;
	const got = 'got' in facts && Array.isArray(facts.got) ? (facts.got as readonly Uint8Array[]) : [];
	const sck =
		'sckHz' in facts && facts.sckHz !== undefined ? ` at ${Math.round(facts.sckHz / 1000)} kHz` : '';
	return [
		say('What came back, try by try:', 'strong'),
		say(
			`${got.map(bytes => (bytes.length === 0 ? 'nothing' : hexDump(bytes))).join(' / ') || 'nothing'}${sck}.`,
		),
		...(live === undefined ? [] : [say(`Seen now: ${live.text}`)]),
		gap,
		say('What may be behind it, the likeliest first:', 'strong'),
		...(live !== undefined && live.candidates.length > 0 ? live.candidates : candidates).map(
			({line, text}, index) => item(`${index + 1}. `, line === undefined ? text : `${line}: ${text}`),
		),
	];
}
