// Keys and texts told apart, text made fit for the screen, menus.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {createInputGate, fastKeyMs, type GateEvent, hushMs, pasteQuietMs} from '../../src/ui/input-gate.ts';
import {layOut, say} from '../../src/ui/lines.ts';
import {filterMenu, menuWindow, moveMenu, visibleItems} from '../../src/ui/menu-state.ts';
import {cleanPaste, fit, foldLine, pasteLimit, printable, textWidth, wrap} from '../../src/ui/text.ts';
import {guessUnicode} from '../../src/ui/view.ts';

/** A gate on a clock that the test moves. */
function gateAt() {
	let now = 0;
	let waiting: {readonly at: number; readonly then: () => void} | undefined;
	const events: GateEvent[] = [];
	const gate = createInputGate(
		(ms, then) => {
			const entry = {at: now + ms, then};
			waiting = entry;
			return () => {
				if (waiting === entry) waiting = undefined;
			};
		},
		event => events.push(event),
	);
	return {
		events,
		gate,
		type: (characters: string) => gate.push({type: 'characters', characters}),
		pass(ms: number) {
			now += ms;
			if (waiting !== undefined && waiting.at <= now) {
				const {then} = waiting;
				waiting = undefined;
				then();
			}
		},
	};
}

const names = (events: readonly GateEvent[]) =>
	events.map(event =>
		event.type === 'text' ? `text:${event.text}` : (event.key.character ?? event.key.name),
	);

test('a Return by itself is a key, once 30 ms have shown that nothing comes with it', () => {
	const {type, pass, events} = gateAt();
	type('\r');
	assert.deepEqual(events, []);
	pass(fastKeyMs);
	assert.deepEqual(events, [{type: 'key', key: {name: 'return', fast: false}}]);
});

test('a Return within 30 ms of a printable key is text and presses nothing', () => {
	for (const order of [
		['x', '\r'],
		['\r', 'x'],
	]) {
		const {type, pass, events} = gateAt();
		type(order[0]!);
		pass(fastKeyMs - 1);
		type(order[1]!);
		pass(pasteQuietMs);
		assert.ok(
			events.every(event => event.type === 'text' || event.key.name !== 'return'),
			JSON.stringify(events),
		);
	}
});

test('a Return 30 ms after a printable key is a key', () => {
	const {type, pass, events} = gateAt();
	type('x');
	pass(fastKeyMs);
	type('\r');
	pass(fastKeyMs);
	assert.deepEqual(names(events), ['x', 'return']);
});

test('an unbracketed paste in any pieces comes out as text, whole and without a key', () => {
	fc.assert(
		fc.property(
			fc.array(fc.string({minLength: 1, maxLength: 30}), {minLength: 2, maxLength: 20}),
			fc.constantFrom('\r', '\n', '\r\n'),
			fc.array(fc.nat({max: 40}), {maxLength: 30}),
			(lines, end, cuts) => {
				const whole = `${'a log line, '.repeat(2)}${lines.join(end)}${end}`;
				const {type, pass, events} = gateAt();
				let rest = whole;
				for (const cut of cuts) {
					const piece = rest.slice(0, cut);
					rest = rest.slice(cut);
					if (piece === '') continue;
					type(piece);
					pass(fastKeyMs - 1);
				}
				if (rest !== '') type(rest);
				pass(pasteQuietMs);
				assert.deepEqual(events, [{type: 'text', text: whole}]);
			},
		),
		{numRuns: 200},
	);
});

test('two quick fingers are typing: the letters come, marked as fast', () => {
	const {type, pass, events} = gateAt();
	type('p');
	pass(10);
	type('r');
	pass(pasteQuietMs);
	assert.deepEqual(events, [
		{type: 'key', key: {name: 'character', character: 'p', fast: true}},
		{type: 'key', key: {name: 'character', character: 'r', fast: true}},
	]);
});

test('arrows come at once, and after a letter that waits; inside a paste they are dropped', () => {
	const {type, pass, gate, events} = gateAt();
	gate.push({type: 'named', name: 'down'});
	assert.deepEqual(names(events), ['down']);
	type('x');
	gate.push({type: 'named', name: 'up'});
	assert.deepEqual(names(events), ['down', 'x', 'up']);
	type('some pasted text');
	gate.push({type: 'named', name: 'escape'});
	pass(pasteQuietMs);
	assert.deepEqual(names(events), ['down', 'x', 'up', 'text:some pasted text']);
});

test('a bracketed paste is text, whatever is in it', () => {
	const {gate, events} = gateAt();
	gate.push({type: 'paste', text: '\r'});
	assert.deepEqual(events, [{type: 'text', text: '\r'}]);
});

test('pasted text: CRLF and CR become LF, escapes go, a megabyte stays', () => {
	assert.deepEqual(cleanPaste('a\r\nb\rc\nd'), {
		text: 'a\nb\nc\nd',
		cut: false,
		gap: undefined,
	});
	assert.equal(cleanPaste('\u001b[31mred\u001b[0m \u001b]0;title\u0007x\u0000y').text, 'red xy');
	const long = cleanPaste('x'.repeat(pasteLimit + 5));
	assert.equal(long.text.length, pasteLimit);
	assert.equal(long.cut, true);
});

test('nothing that a terminal would act on passes printable()', () => {
	fc.assert(
		fc.property(
			fc.array(
				fc.oneof(
					fc.string({unit: 'binary', maxLength: 8}),
					fc.constantFrom(
						'\u001b[2J',
						'\u001b]52;c;eA==\u0007',
						'\u009b31m',
						'\u001bc',
						'\u202e',
						'\u001b',
						'\r',
						'\u0007',
					),
				),
			),
			parts => {
				const shown = printable(parts.join(''));
				assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
			},
		),
	);
	assert.equal(printable('evil\u001b[2J\u001b[1;1Hname.hex'), 'evilname.hex');
});

test('no laid out row is wider than asked, and no word is lost', () => {
	fc.assert(
		fc.property(fc.array(fc.string({maxLength: 40})), fc.integer({min: 20, max: 100}), (words, cells) => {
			const text = printable(words.join(' '));
			const rows = layOut([{text, lead: '* '}], cells);
			for (const {text: shown} of rows) assert.ok(textWidth(shown) <= cells, shown);
			const squash = (value: string) => value.replace(/\s+/g, '');
			assert.equal(squash(rows.map(({text: shown}) => shown).join('')).slice(1), squash(text));
		}),
	);
	assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
	assert.equal(fit('abcdefghij', 8), 'abcde...');
	assert.equal(layOut([say('')], 40)[0]?.text, '');
});

const items = ['Pro Micro 5 V', 'Pro Micro 3.3 V', 'Elite-C', 'Teensy 2.0'].map((label, index) => ({
	id: `i${index}`,
	label,
}));

test('a menu without evidence points at nothing; Down and Up enter it', () => {
	const start = {at: null, filter: ''};
	assert.equal(moveMenu(items, start, 1).at, 'i0');
	assert.equal(moveMenu(items, start, -1).at, 'i3');
	assert.equal(moveMenu(items, {at: 'i3', filter: ''}, 1).at, 'i3');
});

test('the filter keeps what holds all words', () => {
	assert.deepEqual(
		visibleItems(items, 'micro 5').map(({id}) => id),
		['i0'],
	);
	assert.deepEqual(filterMenu(items, {at: null, filter: ''}, 'teen'), {filter: 'teen', at: 'i3'});
	assert.deepEqual(filterMenu(items, {at: 'i1', filter: 'pro'}, ''), {filter: '', at: 'i1'});
	assert.equal(filterMenu(items, {at: null, filter: 'x'}, '').at, null);
});

test('the window holds the pointer and never more rows than there are', () => {
	fc.assert(
		fc.property(
			fc.integer({min: 1, max: 80}),
			fc.nat({max: 79}),
			fc.integer({min: 1, max: 30}),
			(count, at, room) => {
				const {from, to} = menuWindow(count, at % count, room);
				assert.ok(from >= 0 && to <= count && to - from === Math.min(count, room));
				assert.ok(at % count >= from && at % count < to);
			},
		),
	);
});

test('ASCII where the terminal shows nothing else', () => {
	assert.equal(guessUnicode({LANG: 'en_US.UTF-8'}, 'linux'), true);
	assert.equal(guessUnicode({LANG: 'C'}, 'linux'), false);
	assert.equal(guessUnicode({LANG: 'en_US.UTF-8', TERM: 'linux'}, 'linux'), false);
	assert.equal(guessUnicode({LANG: 'de_DE.UTF-8', LC_ALL: 'C'}, 'linux'), false);
	assert.equal(guessUnicode({}, 'win32'), true);
});

test('the plain lines at the end were broken inside words at 60 columns; paths stay whole', () => {
	const path = '/a/very/long/path/without/any/space/that/no/terminal/of/this/width/can/hold.hex';
	const rows = foldLine(`  Backup: what was on the chip is in ${path} and can be written back`, 59);
	assert.deepEqual(rows, ['  Backup: what was on the chip is in', `  ${path}`, '  and can be written back']);
	fc.assert(
		fc.property(
			fc.array(fc.stringMatching(/^[a-z]{1,12}$/), {minLength: 1}),
			fc.integer({min: 20, max: 90}),
			(words, cells) => {
				const folded = foldLine(words.join(' '), cells);
				assert.equal(folded.join(' '), words.join(' '));
				for (const row of folded) assert.ok(row.length <= cells);
			},
		),
	);
});

test('a key for a question that went away by itself reaches no other: held, pressed, named or pasted', () => {
	const at = gateAt();
	at.type('\r');
	at.gate.hush();
	at.pass(hushMs - 1);
	at.type('\r');
	at.gate.push({type: 'named', name: 'interrupt'});
	at.gate.push({type: 'paste', text: 'x'});
	assert.deepEqual(at.events, []);
	at.pass(1);
	at.type('\r');
	at.pass(fastKeyMs);
	assert.deepEqual(at.events, [{type: 'key', key: {name: 'return', fast: false}}]);
});
