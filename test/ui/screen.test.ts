// What a screen shows and how it answers, without a terminal: the line of keys, scrolling, short marks, the header.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Line, say} from '../../src/ui/lines.ts';
import {phaseLines} from '../../src/ui/progress.ts';
import {answer, arrange, renewed, type ScreenSpec, startState} from '../../src/ui/screen-state.ts';
import type {View} from '../../src/ui/view.ts';

const view = (columns: number, rows: number, more: Partial<View> = {}): View => ({
	columns,
	rows,
	unicode: true,
	screenReader: false,
	...more,
});
const place = {number: 6, title: 'The wires'};
const lines = (count: number): readonly Line[] =>
	Array.from({length: count}, (_, index) => say(`line number ${index + 1}`));
const wiring: ScreenSpec = {
	place,
	lines: lines(40),
	control: {kind: 'go', does: 'wired'},
	keys: [
		{key: 'p', does: 'picture', id: 'picture'},
		{key: 'h', does: 'hints', id: 'hints'},
	],
	canGoBack: true,
};
const key = (name: 'page-down' | 'page-up' | 'down' | 'up' | 'escape') =>
	({type: 'key', key: {name, fast: false}}) as const;
const letter = (character: string) =>
	({type: 'key', key: {name: 'character', character, fast: false}}) as const;
const texts = (spec: ScreenSpec, state: ReturnType<typeof startState>, at: View) =>
	arrange(spec, state, at).rows.map(row => row.text);

test('keys took two lines at 60 columns and three at 40: they take one, and ? names all of them', () => {
	for (const at of [view(60, 24), view(40, 10), view(80, 24), view(34, 8)]) {
		const rows = texts(wiring, startState(wiring), at);
		assert.match(rows.at(-1)!, /Enter wired.*Esc back.*\? /);
		assert.equal(rows.at(-2), '', 'an empty row stands above the one line of keys');
		const help = answer(wiring, startState(wiring), at, letter('?')).state;
		const whole = texts(wiring, help, view(at.columns, 40)).join(' ').replace(/\s+/g, ' ');
		if (at.columns <= 60) assert.match(whole, /Keys here: .*p picture.*h hints.*PgDn.*Ctrl\+C leave/);
	}
	// What leads on, back and out stays longest.
	assert.match(texts(wiring, startState(wiring), view(60, 24)).at(-1)!, /Ctrl\+C leave$/);
});

test('"PgDn more" stood at the end of the text: there PgUp is offered, and half way both', () => {
	const at = view(120, 24);
	let state = startState(wiring);
	assert.match(texts(wiring, state, at).at(-1)!, /PgDn more/);
	assert.doesNotMatch(texts(wiring, state, at).at(-1)!, /PgUp/);
	state = answer(wiring, state, at, key('page-down')).state;
	assert.match(texts(wiring, state, at).at(-1)!, /PgUp\/PgDn/);
	for (let press = 0; press < 10; press++) state = answer(wiring, state, at, key('page-down')).state;
	const end = texts(wiring, state, at);
	assert.match(end.at(-1)!, /PgUp back up/);
	assert.doesNotMatch(end.at(-1)!, /PgDn/);
	assert.ok(end.includes('line number 40'));
	for (let press = 0; press < 10; press++) state = answer(wiring, state, at, key('page-up')).state;
	assert.ok(texts(wiring, state, at).includes('line number 1'));
});

test('a laptop without PgDn: where no list is, the arrows move the text', () => {
	const at = view(80, 24);
	const state = answer(wiring, startState(wiring), at, key('down')).state;
	assert.ok(!texts(wiring, state, at).includes('line number 1'));
	assert.ok(texts(wiring, answer(wiring, state, at, key('up')).state, at).includes('line number 1'));
});

const boards: ScreenSpec = {
	place: {number: 4, title: 'Your board'},
	facts: 'Keyboard with ATmega32U2 on the PCB, Arduino Uno or Nano',
	lines: [say('Which board?')],
	control: {
		kind: 'menu',
		items: Array.from({length: 20}, (_, index) => ({
			id: String(index),
			label: `Planck-type keyboard, number ${index}, ATmega32U4 on the PCB`,
			mark: '✓ fits your text',
		})),
	},
	canGoBack: true,
};

test('with a filter the key line had two Escs: one, and it does what it says', () => {
	const at = view(80, 24);
	const filtered = answer(boards, startState(boards), at, letter('p')).state;
	const last = texts(boards, filtered, at).at(-1)!;
	assert.equal(last.match(/Esc/g)?.length, 1, last);
	assert.match(last, /Esc whole list/);
	assert.equal(answer(boards, filtered, at, key('escape')).state.filter, '');
});

test('at 60 columns the mark that the list is sorted by was cut: the name is shortened, never the mark', () => {
	for (const columns of [60, 40]) {
		const rows = texts(boards, startState(boards), view(columns, 24)).filter(row => /Planck/.test(row));
		assert.ok(rows.length > 3);
		for (const row of rows.slice(0, 3)) assert.match(row, /✓ fits your text/);
		for (const row of rows) assert.ok([...row].length <= columns - 4, row);
	}
});

test('at 40x10 the list was not seen at all: two items and the pointer are', () => {
	const at = view(40, 10);
	const told = {
		...boards,
		lines: [say('Which board?'), say('It has a name.'), say('Or only a chip.'), say('Look.')],
	};
	const state = answer(told, answer(told, startState(told), at, key('down')).state, at, key('down')).state;
	const rows = arrange(told, state, at).rows;
	assert.ok(rows.length < 10);
	assert.ok(rows.filter(row => row.option !== undefined).length >= 2);
	assert.ok(rows.some(row => row.option?.selected));
});

test('what is settled was cut from the header: it goes to the empty line under it', () => {
	const [first, second] = texts(boards, startState(boards), view(60, 24));
	assert.equal(first, 'Step 4: Your board');
	assert.equal(second?.trim(), boards.facts);
	const [wide, empty] = texts(boards, startState(boards), view(120, 24));
	assert.match(wide!, /Your board .*Arduino Uno or Nano$/);
	assert.equal(empty, '');
});

test('shorter lines are taken where the whole text does not fit, and the first that fits', () => {
	const spec: ScreenSpec = {
		...wiring,
		keys: [],
		lines: lines(30),
		shorter: [lines(22).slice(2), lines(10), lines(2)],
	};
	assert.ok(texts(spec, startState(spec), view(80, 40)).includes('line number 30'));
	const small = texts(spec, startState(spec), view(80, 24));
	assert.ok(small.includes('line number 10') && !small.includes('line number 11'), small.join('\n'));
	assert.equal(arrange(spec, startState(spec), view(80, 24)).hidden, 0);
});

test('a list that grew under the pointer: it stays on its item, and comes to what evidence speaks for', () => {
	const menu = (ids: readonly string[], initial?: string): ScreenSpec => ({
		place,
		lines: [],
		control: {kind: 'menu', items: ids.map(id => ({id, label: id})), initial},
		canGoBack: true,
	});
	const before = menu(['reset', 'again']);
	const onReset = answer(before, startState(before), view(80, 24), key('down')).state;
	assert.equal(renewed(menu(['flash', 'reset', 'again'], 'flash'), onReset).at, 'reset');
	assert.equal(renewed(menu(['flash', 'again'], 'flash'), onReset).at, 'flash');
	assert.equal(renewed(menu(['again']), onReset).at, null);
	assert.equal(renewed(menu(['flash', 'reset'], 'flash'), startState(before)).at, 'flash');
});

test('Ctrl+C is not named where it does nothing more', () => {
	const spec: ScreenSpec = {
		place,
		lines: [say('Stopping')],
		control: {kind: 'wait'},
		interruptDoes: null,
		canGoBack: false,
	};
	assert.doesNotMatch(texts(spec, startState(spec), view(80, 24)).join('\n'), /Ctrl\+C/);
});

test('in ASCII a finished phase looked failed (x): done says ok, failed says so in a word', () => {
	for (const unicode of [true, false]) {
		const [done, failed] = phaseLines(
			[
				{label: 'Erase', state: 'done'},
				{label: 'Write', state: 'failed'},
			],
			view(80, 24, {unicode}),
		).map(line => line.text);
		if (!unicode) assert.match(done!, /^ +ok +Erase$/);
		assert.match(failed!, /Write +failed$/);
		assert.doesNotMatch(done!, /[xX!]/);
	}
});

test('read aloud, a long option wrapped by the words said before it, and the frame was as high as the terminal', () => {
	const spec: ScreenSpec = {
		place,
		lines: [say('Which one?')],
		control: {
			kind: 'menu',
			items: ['one', 'two', 'three'].map(id => ({
				id,
				label: `Number ${id}, with a name that goes on and on until the row is full and then still on`,
				mark: 'Good: perhaps plugged in',
			})),
		},
		canGoBack: true,
	};
	for (const columns of [60, 80, 120]) {
		const at = view(columns, 24, {screenReader: true});
		const rows = arrange(spec, startState(spec), at).rows.filter(row => row.option !== undefined);
		assert.equal(rows.length, 3);
		for (const {text} of rows) {
			assert.ok('option: (selected) '.length + [...text].length < columns, text);
			assert.match(text, columns === 60 ? /perhaps plugge/ : /perhaps plugged in$/);
		}
	}
});

test('"Choose with the arrow keys first" goes with the next key, whichever it is', () => {
	const spec: ScreenSpec = {
		place,
		lines: [say('Which one?')],
		control: {
			kind: 'menu',
			items: [
				{id: 'one', label: 'One'},
				{id: 'two', label: 'Two'},
			],
		},
		canGoBack: false,
	};
	const at = view(80, 24);
	const enter = {type: 'key', key: {name: 'return', fast: false}} as const;
	const told = answer(spec, startState(spec), at, enter).state;
	assert.match(texts(spec, told, at).join('\n'), /Choose with the arrow keys first/);
	for (const next of [letter('q'), key('page-down'), key('escape'), key('down')])
		assert.doesNotMatch(texts(spec, answer(spec, told, at, next).state, at).join('\n'), /arrow keys first/);
});
