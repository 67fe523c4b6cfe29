// What a screen holds and how it answers to keys and texts. Pure; screen.tsx draws it.
import {glossary, type Term} from './glossary.ts';
import type {GateEvent} from './input-gate.ts';
import {type Binding, handleKey, keyLine, ranks} from './keys.ts';
import {gap, item, type Line, layOut, type Row, say} from './lines.ts';
import {filterFrom, filterMenu, type MenuItem, menuWindow, moveMenu, visibleItems} from './menu-state.ts';
import {fit, padTo, printable, textWidth} from './text.ts';
import {type Glyphs, glyphsFor} from './theme.ts';
import {textColumns, type View} from './view.ts';

export type Control =
	/** One of a list. `initial` only where evidence speaks for it. */
	| {
			readonly kind: 'menu';
			readonly items: readonly MenuItem[];
			readonly initial?: string | undefined;
			/** What Enter does; `take` unless said. */
			readonly does?: string;
	  }
	/** Only Enter. */
	| {readonly kind: 'go'; readonly does: string}
	/** A word to be typed by hand, letter by letter. */
	| {readonly kind: 'word'; readonly word: string; readonly ask: string}
	/** A line of text: a path, a port. Pasting into it is welcome. */
	| {readonly kind: 'field'; readonly ask: string; readonly value?: string; readonly problem?: string}
	/** Nothing to answer: something is going on. */
	| {readonly kind: 'wait'};

/** Everything a step says about its screen. */
export type ScreenSpec = {
	/** How many follow depends on the answers, so no total is promised. */
	readonly place: {readonly number: number; readonly title: string};
	/** What is settled so far, for the right end of the header. */
	readonly facts?: string;
	readonly lines: readonly Line[];
	/** The same in fewer rows, the longest first: taken in place of `lines` where those do not fit. */
	readonly shorter?: readonly (readonly Line[])[];
	readonly control: Control;
	/** Further keys of this screen: one character each. */
	readonly keys?: readonly {readonly key: string; readonly does: string; readonly id: string}[];
	/** Words that `?` explains here. */
	readonly terms?: readonly Term[];
	readonly canGoBack: boolean;
	/** True: the screen takes pasted text. */
	readonly takesText?: boolean;
	/** What Ctrl+C does here, for the last line; null where it does nothing more and is not named. */
	readonly interruptDoes?: string | null;
};

export type ScreenState = {
	readonly at: string | null;
	readonly filter: string;
	readonly typed: string;
	readonly scroll: number;
	readonly help: boolean;
	readonly note: string | null;
};

export type Action =
	| {readonly type: 'choose'; readonly id: string}
	| {readonly type: 'go'}
	| {readonly type: 'word'}
	| {readonly type: 'field'; readonly text: string}
	| {readonly type: 'key'; readonly id: string}
	| {readonly type: 'back'}
	| {readonly type: 'interrupt'}
	| {readonly type: 'text'; readonly text: string};

export type Outcome = {readonly state: ScreenState; readonly action?: Action};

export function startState(spec: ScreenSpec): ScreenState {
	const {control} = spec;
	const initial = control.kind === 'menu' ? (control.initial ?? null) : null;
	const known = control.kind === 'menu' && control.items.some(candidate => candidate.id === initial);
	return {
		at: known ? initial : null,
		filter: '',
		typed: control.kind === 'field' ? (control.value ?? '') : '',
		scroll: 0,
		help: false,
		note: null,
	};
}

const chooseFirst = 'Choose with the arrow keys first: nothing is preselected here.';
const typeByHand =
	'Pasted or machine-typed letters do not count. Type the word by hand, one key after the other.';
const noText = 'Pasted text is not used on this screen; nothing was changed by it.';

function longMenu(spec: ScreenSpec): boolean {
	return spec.control.kind === 'menu' && spec.control.items.length > filterFrom;
}

/** The screen's key table, first match wins. `hidden` rows of the body can be scrolled to. */
function tableOf(
	spec: ScreenSpec,
	state: ScreenState,
	view: View,
	hidden: number,
): readonly Binding<Outcome>[] {
	const {control} = spec;
	const stay = (change: Partial<ScreenState>): Outcome => ({state: {...state, note: null, ...change}});
	const act = (action: Action): Outcome => ({state: {...state, note: null}, action});
	const interrupt: Binding<Outcome> = {
		on: 'interrupt',
		...(spec.interruptDoes === null ? {} : {label: 'Ctrl+C', does: spec.interruptDoes ?? 'leave'}),
		rank: ranks.interrupt,
		run: () => act({type: 'interrupt'}),
	};
	const at = Math.max(0, Math.min(hidden, state.scroll));
	const scrollBy = (by: number) => () => stay({scroll: Math.max(0, Math.min(hidden, at + by))});
	const shown =
		at === 0
			? {label: 'PgDn', does: 'more'}
			: at === hidden
				? {label: 'PgUp', does: 'back up'}
				: {label: 'PgUp/PgDn', does: 'more'};
	const scrolling: readonly Binding<Outcome>[] =
		hidden > 0
			? [
					{on: 'page-down', ...shown, rank: ranks.scroll, run: scrollBy(5)},
					{on: 'page-up', run: scrollBy(-5)},
				]
			: [];
	// Laptops hide PgDn behind a second key: where the arrows choose nothing, they move the text.
	const arrows: readonly Binding<Outcome>[] =
		hidden > 0
			? [
					{on: 'down', run: scrollBy(1)},
					{on: 'up', run: scrollBy(-1)},
				]
			: [];
	if (state.help) {
		return [
			{
				on: 'escape',
				label: 'Esc',
				does: 'close the help',
				rank: ranks.lead,
				run: () => stay({help: false, scroll: 0}),
			},
			{on: 'return', run: () => stay({help: false, scroll: 0})},
			{on: {character: '?'}, run: () => stay({help: false, scroll: 0})},
			...scrolling,
			...arrows,
			interrupt,
		];
	}
	const bindings: Binding<Outcome>[] = [];
	const back: Binding<Outcome> = {
		on: 'escape',
		...(spec.canGoBack ? {label: 'Esc', does: 'back'} : {}),
		rank: ranks.back,
		run: () => (spec.canGoBack ? act({type: 'back'}) : stay({})),
	};
	const help: Binding<Outcome> = {
		on: {character: '?'},
		label: '?',
		does: 'explain',
		rank: ranks.lead,
		run: () => stay({help: true, scroll: 0}),
	};
	if (control.kind === 'menu') {
		const move = (by: number) => stay({...moveMenu(control.items, state, by), note: null});
		bindings.push(
			{
				on: 'up',
				label: view.unicode && !view.screenReader ? '↑↓' : 'Arrows',
				does: 'choose',
				rank: ranks.choose,
				run: () => move(-1),
			},
			{on: 'down', run: () => move(1)},
			{on: 'home', run: () => move(-control.items.length)},
			{on: 'end', run: () => move(control.items.length)},
			{
				on: 'return',
				label: 'Enter',
				does: control.does ?? 'take',
				rank: ranks.lead,
				run: () => (state.at === null ? stay({note: chooseFirst}) : act({type: 'choose', id: state.at})),
			},
		);
		if (state.filter !== '') {
			bindings.push(
				{
					on: 'backspace',
					run: () =>
						stay({...filterMenu(control.items, state, [...state.filter].slice(0, -1).join('')), note: null}),
				},
				{
					on: 'escape',
					label: 'Esc',
					does: 'whole list',
					rank: ranks.back,
					run: () => stay({...filterMenu(control.items, state, ''), note: null}),
				},
			);
		}
	}
	if (control.kind === 'go') {
		bindings.push({
			on: 'return',
			label: 'Enter',
			does: control.does,
			rank: ranks.lead,
			run: () => act({type: 'go'}),
		});
	}
	if (control.kind === 'word') {
		bindings.push(
			{
				on: 'return',
				label: 'Enter',
				does: 'confirm the word',
				rank: ranks.lead,
				run: () =>
					state.typed.trim().toLowerCase() === control.word.toLowerCase()
						? act({type: 'word'})
						: stay({note: `That is not the word. It is: ${control.word}`}),
			},
			{on: 'backspace', run: () => stay({typed: [...state.typed].slice(0, -1).join('')})},
		);
	}
	if (control.kind === 'field') {
		bindings.push(
			{
				on: 'return',
				label: 'Enter',
				does: 'take',
				rank: ranks.lead,
				run: () =>
					state.typed.trim() === ''
						? stay({note: 'Nothing typed yet.'})
						: act({type: 'field', text: state.typed.trim()}),
			},
			{on: 'backspace', run: () => stay({typed: [...state.typed].slice(0, -1).join('')})},
		);
	}
	bindings.push(back);
	const typing = control.kind === 'field' || control.kind === 'word';
	if (!typing) {
		for (const {key, does, id} of spec.keys ?? []) {
			bindings.push({on: {character: key}, label: key, does, run: () => act({type: 'key', id})});
		}
		bindings.push(help);
	}
	bindings.push(...scrolling);
	if (control.kind !== 'menu') bindings.push(...arrows);
	if (longMenu(spec) && control.kind === 'menu') {
		bindings.push({
			on: 'any-character',
			run: key =>
				stay({...filterMenu(control.items, state, state.filter + (key.character ?? '')), note: null}),
		});
	}
	if (typing) {
		bindings.push({
			on: 'any-character',
			run: key =>
				key.fast && control.kind === 'word'
					? stay({typed: '', note: typeByHand})
					: stay({typed: state.typed + (key.character ?? '')}),
		});
	}
	bindings.push(interrupt);
	return bindings;
}

/** Answers one key or text. */
export function answer(spec: ScreenSpec, state: ScreenState, view: View, event: GateEvent): Outcome {
	if (event.type === 'text') {
		if (spec.control.kind === 'field' && !state.help) {
			return {state: {...state, typed: state.typed + event.text.split(/[\r\n]/)[0], note: null}};
		}
		if (spec.control.kind === 'word') return {state: {...state, typed: '', note: typeByHand}};
		if (spec.takesText)
			return {state: {...state, help: false, note: null}, action: {type: 'text', text: event.text}};
		return {state: {...state, note: noText}};
	}
	const {hidden} = arrange(spec, state, view);
	return handleKey(tableOf(spec, state, view, hidden), event.key) ?? {state: {...state, note: null}};
}

/** One row of the frame as drawn. */
export type FrameRow = Row & {
	/** A menu item, for screen readers. */
	readonly option?: {readonly selected: boolean};
	/** Drawn, but not read aloud: the pointer. */
	readonly pointer?: string;
};

export type Frame = {
	readonly rows: readonly FrameRow[];
	/** Body rows that do not fit. */
	readonly hidden: number;
};

/**
 * The state for a screen that has changed since: the pointer stays on its item; where it was on none, or its item is
 * gone, it comes to the one that evidence speaks for now, if there is one.
 */
export function renewed(spec: ScreenSpec, state: ScreenState): ScreenState {
	const {control} = spec;
	if (control.kind !== 'menu' || state.filter !== '') return state;
	const has = (id: string | null | undefined) => control.items.some(candidate => candidate.id === id);
	if (has(state.at)) return state;
	return {...state, at: has(control.initial) ? (control.initial ?? null) : null};
}

const ordinaryRows = 23;
/** Below this many rows a screen keeps to what it must show. */
const lowRows = 16;
/** Lists of so few items are never cut: a way out must not be hidden. The text above them scrolls instead. */
const alwaysWhole = 5;

/** @param keys every key of the screen, where the last line has no room for all */
function explain(spec: ScreenSpec, state: ScreenState, keys: readonly string[]): readonly Line[] {
	const terms = new Set<string>();
	if (spec.control.kind === 'menu') {
		const under = spec.control.items.find(candidate => candidate.id === state.at);
		if (under?.term !== undefined) terms.add(under.term);
	}
	for (const term of spec.terms ?? []) terms.add(term);
	if (terms.size === 0) terms.add('ISP');
	const lines: Line[] = [];
	if (keys.length > 0) {
		const names = keys.filter(key => !key.startsWith('? '));
		const laptop = names.some(key => key.startsWith('PgDn'))
			? ' On many laptops PgDn is Fn with the down arrow.'
			: '';
		lines.push(item('Keys here: ', `${names.join(', ')}.${laptop}`), gap);
	}
	lines.push(say('What these words mean', 'strong'));
	for (const term of terms) {
		lines.push(gap, item(`${term}: `, glossary[term as Term] ?? ''));
	}
	return lines;
}

/** A mark is cut only where it would leave its label fewer cells than this. */
const leastLabel = 12;

/** Label and mark in so many cells: the label gives way. */
function labelled({label, mark}: MenuItem, cells: number): string {
	if (mark === undefined) return fit(printable(label), cells);
	const short = fit(printable(mark), Math.max(0, cells - leastLabel - 2));
	return `${fit(printable(label), cells - textWidth(short) - 2)}  ${short}`;
}

type ControlRows = {
	/** Rows drawn for a given room (the menu shrinks to it). */
	readonly draw: (room: number) => readonly FrameRow[];
	readonly wanted: number;
	readonly least: number;
};

function controlRows(spec: ScreenSpec, state: ScreenState, view: View, glyphs: Glyphs): ControlRows {
	const cells = textColumns(view);
	const {control} = spec;
	if (control.kind === 'wait' || control.kind === 'go') return {draw: () => [], wanted: 0, least: 0};
	if (control.kind === 'word' || control.kind === 'field') {
		const cursor = view.unicode ? '▏' : '_';
		const room = cells - textWidth(control.ask) - 3;
		const typed = [...state.typed];
		const shown = typed.slice(Math.max(0, typed.length - Math.max(10, room))).join('');
		const rows: FrameRow[] = [...layOut([{text: `${control.ask} ${shown}${cursor}`, tone: 'accent'}], cells)];
		if (control.kind === 'field' && control.problem !== undefined) {
			rows.push(...layOut([item(`${glyphs.failed} `, control.problem, 'bad')], cells));
		}
		return {draw: () => rows, wanted: rows.length, least: rows.length};
	}
	const shown = visibleItems(control.items, state.filter);
	const abouts = control.items.map(candidate => layOut([say(candidate.about ?? '', 'quiet')], cells - 2));
	const aboutRows = Math.max(
		0,
		...abouts.map((rows, index) => (control.items[index]!.about === undefined ? 0 : rows.length)),
	);
	// On very low terminals the items alone: a list that is not seen cannot be answered.
	const low = view.rows < lowRows;
	const filterRows = longMenu(spec) && (!low || state.filter !== '') ? 1 : 0;
	const aboutRoom = aboutRows === 0 || low ? 0 : aboutRows + 1;
	const extra = filterRows + aboutRoom;
	const at = shown.findIndex(candidate => candidate.id === state.at);
	return {
		wanted: control.items.length + extra,
		least: (control.items.length <= alwaysWhole ? control.items.length : 3) + extra,
		draw(room) {
			const rows: FrameRow[] = [];
			if (filterRows > 0) {
				rows.push({
					text:
						state.filter === ''
							? `${control.items.length} in the list; type letters to shorten it`
							: `Filter: ${state.filter} (${shown.length} of ${control.items.length})`,
					tone: 'quiet',
				});
			}
			const listRoom = Math.max(1, room - extra);
			const {from, to} = menuWindow(shown.length, at, listRoom);
			const labelCells = cells - 2 - (view.screenReader ? textWidth(spokenOption) : 0);
			for (let index = from; index < to; index++) {
				const candidate = shown[index]!;
				const selected = index === at;
				const more =
					index === from && from > 0
						? ` ${glyphs.up}`
						: index === to - 1 && to < shown.length
							? ` ${glyphs.down}`
							: '';
				rows.push({
					text: labelled(candidate, labelCells - textWidth(more)) + more,
					tone: selected ? 'accent' : 'plain',
					option: {selected},
					pointer: selected ? `${glyphs.pointer} ` : '  ',
				});
			}
			if (shown.length === 0) rows.push({text: '  Nothing in the list holds these letters.', tone: 'warn'});
			for (let count = rows.length; count < filterRows + Math.min(listRoom, control.items.length); count++) {
				rows.push({text: '', tone: 'plain'});
			}
			if (aboutRoom > 0) {
				rows.push({text: '', tone: 'plain'});
				const under = control.items.findIndex(candidate => candidate.id === state.at);
				const about = under === -1 || control.items[under]!.about === undefined ? [] : abouts[under]!;
				for (let index = 0; index < aboutRows; index++) {
					const text = about[index]?.text ?? '';
					rows.push({text: text === '' ? '' : `  ${text}`, tone: 'quiet'});
				}
			}
			return rows;
		},
	};
}

/** What Ink says before a chosen option to a screen reader: part of the row. Source: ink, `aria-role` and `aria-state`. */
const spokenOption = 'option: (selected) ';

/** The whole frame, always lower than the terminal. */
export function arrange(spec: ScreenSpec, state: ScreenState, view: View): Frame {
	const glyphs = glyphsFor(view);
	const cells = textColumns(view);
	const control = state.help ? {draw: () => [], wanted: 0, least: 0} : controlRows(spec, state, view, glyphs);
	const note: readonly Row[] =
		state.note === null ? [] : layOut([item(`${glyphs.warn} `, state.note, 'warn')], cells);
	/** Header, the empty rows under it and above the keys, and the keys. */
	const frameRows = 4;
	const share = (lines: readonly Line[], noteRows: number) => {
		const body = layOut(lines, cells);
		const between = body.length > 0 && control.wanted > 0 ? 1 : 0;
		const around = frameRows + noteRows;
		const most = Math.max(6, view.rows - 1);
		const height = Math.min(most, Math.max(ordinaryRows, body.length + between + control.wanted + around));
		const room = height - around;
		const forControl = Math.min(control.wanted, Math.max(control.least, room - between - body.length));
		const leastBody = view.rows < lowRows ? 2 : 3;
		const bodyRoom = Math.max(
			Math.min(body.length, leastBody),
			Math.min(body.length, room - between - forControl),
		);
		const hidden = body.length > bodyRoom ? body.length - bodyRoom + 1 : 0;
		return {lines, body, between, height, room, bodyRoom, hidden};
	};
	const keysFor = (of: ScreenState, hiddenRows: number) =>
		keyLine(tableOf(spec, of, view, hiddenRows), cells);
	// A note comes and goes: the text must not change with it.
	const variants = [spec.lines, ...(spec.shorter ?? [])];
	const fittingLines = () => variants.find(lines => share(lines, 0).hidden === 0) ?? variants.at(-1)!;
	const help = () => {
		const page = arrange(spec, {...state, help: false}, view);
		return explain(spec, state, keysFor({...state, help: false}, page.hidden).all);
	};
	const plan = share(state.help ? help() : fittingLines(), note.length);
	const {body, between} = plan;
	const {height, room, bodyRoom, hidden} = plan;
	const footer = [keysFor(state, hidden).text];
	const rows: FrameRow[] = [...headerRows(spec, view, cells)];
	if (hidden === 0) rows.push(...body);
	else {
		const scroll = Math.max(0, Math.min(hidden, state.scroll));
		rows.push(...body.slice(scroll, scroll + bodyRoom - 1));
		const left = body.length - scroll - (bodyRoom - 1);
		rows.push({
			text:
				left > 0
					? `${glyphs.down} ${left} more ${left === 1 ? 'line' : 'lines'}: PgDn`
					: `${glyphs.up} back to the top: PgUp`,
			tone: 'quiet',
		});
	}
	if (between > 0) rows.push({text: '', tone: 'plain'});
	rows.push(...control.draw(Math.max(1, room - between - bodyRoom)));
	rows.push(...note.map(line => ({...line})));
	const above = height - footer.length - 1;
	const cut = rows.slice(0, above);
	while (!view.screenReader && cut.length < above) cut.push({text: '', tone: 'plain'});
	cut.push({text: '', tone: 'plain'}, ...footer.map((text): FrameRow => ({text, tone: 'quiet'})));
	// The last gate before the terminal: whatever a step put into a label or a title.
	return {rows: cut.map(line => ({...line, text: printable(line.text)})), hidden};
}

/** Two rows: where one is, and what is settled at its right end or, where that has no room, under it. */
function headerRows(spec: ScreenSpec, view: View, cells: number): readonly FrameRow[] {
	const left = `Step ${spec.place.number}: ${spec.place.title}`;
	const facts = printable(spec.facts ?? '');
	const under = (text: string): FrameRow => ({text, tone: text === '' ? 'plain' : 'quiet'});
	if (facts === '' || view.screenReader) return [{text: left, tone: 'strong'}, under('')];
	if (textWidth(left) + 3 + textWidth(facts) <= cells) {
		return [{text: padTo(left, cells - textWidth(facts)) + facts, tone: 'strong'}, under('')];
	}
	return [{text: left, tone: 'strong'}, under(fit(facts, cells))];
}
