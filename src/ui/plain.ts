// The same screens as a dialogue, line by line: for serial consoles, old terminals, pipes into a speech program. Reads
// what a screen says (ScreenSpec) and answers with its actions; knows nothing of the steps.
import {glossary, type Term} from './glossary.ts';
import {gap, item, type Line, layOut, say} from './lines.ts';
import {filterFrom, type MenuItem, visibleItems} from './menu-state.ts';
import type {Action, ScreenSpec} from './screen-state.ts';
import {textColumns, type View} from './view.ts';

export type Talk = {
	readonly view: View;
	/** A screen says this now; said again whenever something on it changes. */
	readonly show: (spec: ScreenSpec, act: (action: Action) => void) => void;
	/** Lines that came in one go: a person's one line, or several that were pasted. */
	readonly hear: (lines: readonly string[]) => void;
	/** Ctrl+C, or the end of the input. */
	readonly interrupt: () => void;
	/** Nothing more is asked. */
	readonly close: () => void;
};

export type TalkOptions = {
	readonly view: View;
	readonly write: (text: string) => void;
	/** Whether a person types: words of consent count only then. */
	readonly byHand: boolean;
};

/** A single line of at least so many characters is a pasted error text, not an answer. */
const shortestLog = 24;
/** A screen that comes by itself may be gone at once: it is asked about when it has stood so long. Our choice. */
const settledMs = 150;
/** Something is going on, and takes so long that a person wants to know how to get out. Our choice. */
const longWaitMs = 1500;
const commands = {back: 'back', leave: 'leave', explain: '?'} as const;

export function createTalk({view, write, byHand}: TalkOptions): Talk {
	const cells = textColumns(view);
	let current: {readonly spec: ScreenSpec; readonly act: (action: Action) => void} | undefined;
	let header = '';
	/** What was said on this page: once only. */
	let said = new Set<string>();
	let answered = false;
	let prompt = '';
	let open = false;
	/** The prompt that was really written last, on this page. */
	let written = '';
	let later: ReturnType<typeof setTimeout> | undefined;

	const line = (text: string) => {
		if (open) write('\n');
		open = false;
		write(`${text}\n`);
	};
	const tell = (lines: readonly Line[]) => {
		for (const {text} of layOut(lines, cells)) line(text);
	};
	const ask = (text: string, marked = true) => {
		clearTimeout(later);
		written = text;
		if (text === '') return;
		line(text);
		// Where lines follow by themselves, a mark would be left behind alone.
		if (marked) write('> ');
		open = marked;
	};
	const askLater = (text: string, marked: boolean, afterMs: number) => {
		clearTimeout(later);
		later = setTimeout(() => ask(text, marked), afterMs);
		later.unref();
	};
	/** Counting lines say the same with another number: once is enough, but a percentage is news. */
	const keyOf = ({lead = '', text}: Line) => {
		const whole = `${lead}${text}`;
		return /percent/.test(whole) ? whole : whole.replace(/\d+/g, '#');
	};

	function menuLines(items: readonly MenuItem[], shown: readonly MenuItem[] = items): readonly Line[] {
		const long = items.length > filterFrom;
		return shown.flatMap(entry => {
			const number = items.indexOf(entry) + 1;
			const lines = [
				item(`${number}. `, entry.mark === undefined ? entry.label : `${entry.label}  ${entry.mark}`),
			];
			if (entry.about !== undefined && !(long && shown.length > 3)) lines.push(item('   ', entry.about));
			return lines;
		});
	}
	function promptFor(spec: ScreenSpec): string {
		const {control} = spec;
		const more: string[] = [];
		if (control.kind === 'menu') {
			const {items, initial} = control;
			const at = items.findIndex(({id}) => id === initial);
			more.push(
				at === -1 ? 'the number of your choice' : `the number of your choice (Enter alone takes ${at + 1})`,
			);
			if (items.length > filterFrom) more.push('letters to search the list');
		}
		if (control.kind === 'go') more.push(`Enter alone (${control.does})`);
		if (control.kind === 'word') more.push(`the word ${control.word}`);
		if (control.kind === 'field')
			more.push(control.value ? `text (Enter alone takes ${control.value})` : 'text');
		if (spec.takesText === true) more.push('or paste the error text');
		const typing = control.kind === 'field' || control.kind === 'word';
		if (!typing) for (const {key, does} of spec.keys ?? []) more.push(`${key} (${does})`);
		if (spec.canGoBack) more.push(commands.back);
		if (!typing) more.push('? to explain');
		if (spec.interruptDoes !== null) {
			more.push(`${commands.leave}${spec.interruptDoes === undefined ? '' : ` (${spec.interruptDoes})`}`);
		}
		const first = control.kind === 'word' || control.kind === 'field' ? `${control.ask} ` : '';
		return `${first}Type ${more.join(', ')}.`;
	}
	function explain(spec: ScreenSpec, under?: MenuItem): void {
		const terms = new Set<string>([
			...(under?.term === undefined ? [] : [under.term]),
			...(spec.terms ?? []),
		]);
		if (terms.size === 0) terms.add('ISP');
		for (const term of terms) tell([item(`${term}: `, glossary[term as Term] ?? '')]);
		prompt = '';
		renew();
	}
	/** Asks again, without saying everything once more. */
	function renew(): void {
		if (current === undefined) return;
		prompt = promptFor(current.spec);
		ask(prompt);
	}
	function refuse(text: string): void {
		line(text);
		renew();
	}
	function act(action: Action): void {
		answered = true;
		prompt = '';
		written = '';
		current?.act(action);
	}

	return {
		view,
		show(spec, onAction) {
			// An answer may lead to another page of the same question, which is then said from its beginning.
			if (answered && spec.lines[0]?.text !== current?.spec.lines[0]?.text) said = new Set();
			let expected = answered;
			answered = false;
			current = {spec, act: onAction};
			const place = `[Step ${spec.place.number}: ${spec.place.title}]`;
			const fresh: Line[] = [];
			if (place !== header) {
				header = place;
				said = new Set();
				prompt = '';
				written = '';
				expected = true;
				line('');
				line(place);
				if (spec.facts) line(spec.facts);
			}
			for (const entry of spec.lines) {
				const key = keyOf(entry);
				if (entry.text !== '' && said.has(key)) continue;
				said.add(key);
				fresh.push(entry);
			}
			const {control} = spec;
			if (control.kind === 'field' && control.problem !== undefined && !said.has(control.problem)) {
				said.add(control.problem);
				fresh.push(say(`Problem: ${control.problem}`));
			}
			if (control.kind === 'menu') {
				const key = `menu ${control.items.map(({label}) => label).join('|')}`;
				if (!said.has(key)) {
					said.add(key);
					fresh.push(gap, ...menuLines(control.items));
				}
			}
			while (fresh[0]?.text === '') fresh.shift();
			const next = promptFor(spec);
			const silent = control.kind === 'wait' && spec.takesText !== true;
			if (fresh.length === 0 && next === prompt) return;
			if (fresh.length > 0) clearTimeout(later);
			tell(fresh);
			if (silent) {
				if (next !== written) askLater(next, false, longWaitMs);
			} else if (expected && fresh.length > 0) ask(next);
			else askLater(next, true, settledMs);
			prompt = next;
		},
		hear(lines) {
			open = false;
			clearTimeout(later);
			if (current === undefined) return;
			const {spec} = current;
			const {control} = spec;
			const text = lines.join('\n');
			const word = text.trim();
			const lower = word.toLowerCase();
			const pasted = lines.filter(one => one.trim() !== '').length > 1;
			if (
				pasted ||
				(spec.takesText === true &&
					(word.length >= shortestLog || (control.kind === 'wait' && word.length > 5)))
			) {
				if (spec.takesText === true) act({type: 'text', text});
				else refuse('Pasted text is not used here; nothing was changed by it.');
				return;
			}
			if (lower === commands.leave) {
				act({type: 'interrupt'});
				return;
			}
			if (lower === commands.back && spec.canGoBack) {
				act({type: 'back'});
				return;
			}
			if (control.kind === 'word') {
				if (!byHand) refuse('This word counts only from a person at a terminal. Nothing was changed.');
				else if (lower === control.word.toLowerCase()) act({type: 'word'});
				else refuse(`That is not the word. It is: ${control.word}`);
				return;
			}
			if (control.kind === 'field') {
				const given = word === '' ? (control.value ?? '') : word;
				if (given === '') refuse('Nothing typed yet.');
				else act({type: 'field', text: given});
				return;
			}
			const asked = /^\?\s*(\d*)$/.exec(word);
			if (asked !== null) {
				explain(spec, control.kind === 'menu' ? control.items[Number(asked[1]) - 1] : undefined);
				return;
			}
			const key = spec.keys?.find(one => one.key === lower);
			if (key !== undefined) {
				act({type: 'key', id: key.id});
				return;
			}
			if (control.kind === 'go') {
				if (word === '') act({type: 'go'});
				else refuse('That is none of the answers.');
				return;
			}
			if (control.kind !== 'menu') {
				refuse('There is nothing to answer here just now.');
				return;
			}
			const {items, initial} = control;
			const chosen = word === '' ? items.find(({id}) => id === initial) : items[Number(word) - 1];
			if (chosen !== undefined && (word === '' || /^\d+$/.test(word))) {
				line(`Taken: ${chosen.label}`);
				act({type: 'choose', id: chosen.id});
				return;
			}
			const found = word === '' || /^\d+$/.test(word) ? [] : visibleItems(items, word);
			if (found.length > 0) {
				tell(menuLines(items, found));
				renew();
			} else {
				refuse(
					word === ''
						? 'Nothing is chosen yet: nothing here speaks for one of them. Type its number.'
						: 'That is none of the answers.',
				);
			}
		},
		interrupt() {
			open = false;
			clearTimeout(later);
			act({type: 'interrupt'});
		},
		close() {
			clearTimeout(later);
		},
	};
}
