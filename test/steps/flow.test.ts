// Where the wizard goes: pure, over the real table of contents and over made-up ones.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {findBoard} from '../../src/engine/boards/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {Diagnosis, Family} from '../../src/engine/diagnose/types.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {applicable, type FlowEvent, type FlowState, flow, startFlow} from '../../src/steps/flow.ts';
import {steps} from '../../src/steps/index.ts';
import type {Answers, StepId} from '../../src/steps/step.ts';

const chip = findChip('atmega32u4')!;
const proMicro = findBoard('promicro_5v')!;
const eliteC = findBoard('elite_c')!;

function diagnosisOf(family: Family): Diagnosis {
	return {
		tool: 'avrdude',
		family,
		ispNeeded: 'maybe',
		causes: [
			{cause: 'x', confidence: 1, evidence: [], meaning: 'It failed.', next: ['Do.'], ispNeeded: 'maybe'},
		],
		questions: [],
		facts: {},
		truncated: false,
	};
}

const identity: Answers['identify'] = {
	chip,
	identity: {
		signature: Uint8Array.of(0x1e, 0x95, 0x87),
		chip,
		fuses: {low: 0xff, high: 0xd8, extended: 0xcb},
		lock: 0xff,
		sckHz: 125_000,
		targetVolts: null,
	},
};

const answers: {readonly [Id in StepId]?: Answers[Id]} = {
	start: {how: 'paste', log: 'x', diagnosis: diagnosisOf('caterina')},
	diagnosis: {go: 'isp'},
	firstAid: {outcome: 'no-help'},
	board: {board: proMicro, chip},
	programmer: {id: 'usbasp', name: 'USBasp', connection: {kind: 'usb', key: '1-4'}},
	wiring: {unplugged: true, wired: true},
	identify: identity,
	image: {
		name: 'boot.hex',
		sha256: 'aa',
		bootloader: 'caterina',
		image: createImage([{byteAddress: 0x7000, data: Uint8Array.of(1)}]),
	},
	fuses: {fuses: {low: 0x5e, high: 0xd9, extended: 0xf3}, name: 'DFU', accepted: ['bootrst']},
	review: {agreed: true, accepted: ['no-backup']},
};

function go(state: FlowState, ...events: readonly FlowEvent[]): FlowState {
	return events.reduce((before, event) => flow(steps, before, event), state);
}

/** Answers the question on the screen as in `answers`. */
function answerAll(until: StepId, change: {readonly [Id in StepId]?: Answers[Id]} = {}): FlowState {
	let state = startFlow(steps);
	for (let guard = 0; state.at !== until && guard < 20; guard++) {
		const answer = change[state.at] ?? answers[state.at];
		assert.ok(answer !== undefined, `no answer for ${state.at}`);
		state = go(state, {type: 'done', step: state.at, answer} as FlowEvent);
	}
	assert.equal(state.at, until);
	return state;
}

const ids = (state: FlowState) => applicable(steps, state.known).map(step => step.id);

test('the questions in order, with a log that wants ISP', () => {
	const state = answerAll('flash');
	assert.deepEqual(ids(state), [
		'start',
		'diagnosis',
		'board',
		'programmer',
		'wiring',
		'identify',
		'image',
		'fuses',
		'review',
		'flash',
		'comeback',
		'keymap',
		'result',
	]);
	for (const {title} of steps) assert.ok(title.length <= 30, title);
});

test('without a log there is no diagnosis and no first aid', () => {
	const state = go(startFlow(steps), {type: 'done', step: 'start', answer: {how: 'nothing'}});
	assert.equal(state.at, 'board');
	assert.ok(!ids(state).includes('diagnosis'));
});

test('first aid that helped ends the wizard', () => {
	const state = answerAll('firstAid', {diagnosis: {go: 'first-aid'}});
	const helped = go(state, {type: 'done', step: 'firstAid', answer: {outcome: 'helped'}});
	assert.equal(helped.finished, true);
	const other = go(state, {type: 'done', step: 'firstAid', answer: {outcome: 'no-help'}});
	assert.equal(other.at, 'board');
	assert.equal(other.finished, false);
});

test('an Arm log ends kindly and early, unless the person knows better', () => {
	const arm = {start: {how: 'paste', log: 'x', diagnosis: diagnosisOf('arm')}} as const;
	const state = answerAll('diagnosis', arm);
	assert.equal(go(state, {type: 'done', step: 'diagnosis', answer: {go: 'isp'}}).at, 'arm');
	assert.equal(go(state, {type: 'done', step: 'diagnosis', answer: {go: 'avr-after-all'}}).at, 'board');
});

test('an Arm board goes to the kind end, and back from there to the boards', () => {
	const state = answerAll('board');
	const arm = go(state, {type: 'done', step: 'board', answer: {board: findBoard('proton_c')!}});
	assert.equal(arm.at, 'arm');
	assert.equal(go(arm, {type: 'back'}).at, 'board');
	assert.equal(go(arm, {type: 'done', step: 'arm', answer: {seen: true}}).finished, true);
});

test('going back loses no answer, and going forth again asks nothing twice', () => {
	const state = answerAll('review');
	let back = state;
	while (back.at !== 'start') back = go(back, {type: 'back'});
	assert.deepEqual(back.known, state.known);
	const forth = go(back, {type: 'done', step: 'start', answer: answers.start!});
	assert.equal(forth.at, 'review');
	assert.deepEqual(forth.known, state.known);
});

test('another board: wires, image and fuses are asked again, identity and consent are gone, the programmer stays', () => {
	let state = answerAll('flash');
	while (state.at !== 'board') state = go(state, {type: 'back'});
	const changed = go(state, {type: 'done', step: 'board', answer: {board: eliteC, chip}});
	assert.equal(changed.at, 'wiring');
	assert.equal(changed.known.identify, undefined);
	assert.equal(changed.known.review, undefined);
	assert.deepEqual(changed.known.fuses?.accepted, []);
	assert.deepEqual([...changed.stale].sort(), ['fuses', 'image', 'wiring']);
	assert.deepEqual(changed.known.programmer, answers.programmer);
	const next = go(changed, {type: 'done', step: 'wiring', answer: answers.wiring!});
	assert.equal(next.at, 'identify');
});

test('any changed answer before it drops what was read from the chip, the consent and the agreement', () => {
	for (const step of ['start', 'board', 'programmer'] as const) {
		let state = answerAll('flash');
		while (state.at !== step) state = go(state, {type: 'back'});
		const other: {readonly [Id in StepId]?: Answers[Id]} = {
			start: {how: 'nothing'},
			board: {board: eliteC, chip},
			programmer: {id: 'usbtiny', name: 'USBtiny', connection: {kind: 'usb', key: '1-5'}},
		};
		const changed = go(state, {type: 'done', step, answer: other[step]} as FlowEvent);
		assert.equal(changed.known.identify, undefined, step);
		assert.equal(changed.known.review, undefined, step);
		assert.deepEqual(changed.known.fuses?.accepted, [], step);
	}
});

test('another image drops the agreement and the consent, not the identity', () => {
	let state = answerAll('flash');
	while (state.at !== 'image') state = go(state, {type: 'back'});
	const changed = go(state, {type: 'done', step: 'image', answer: {name: 'other.hex', sha256: 'bb'}});
	assert.notEqual(changed.known.identify, undefined);
	assert.equal(changed.known.review, undefined);
	assert.deepEqual(changed.known.fuses?.accepted, []);
	assert.equal(changed.at, 'fuses');
});

test('images are told apart by their checksum', () => {
	let state = answerAll('flash');
	while (state.at !== 'image') state = go(state, {type: 'back'});
	const same = go(state, {type: 'done', step: 'image', answer: {...answers.image!}});
	assert.notEqual(same.known.review, undefined);
	const other = go(state, {type: 'done', step: 'image', answer: {...answers.image!, sha256: 'cc'}});
	assert.equal(other.known.review, undefined);
});

test('a late answer of a step that is gone changes nothing', () => {
	const state = answerAll('board');
	assert.equal(go(state, {type: 'done', step: 'diagnosis', answer: {go: 'first-aid'}}), state);
});

test('more of the log changes the diagnosis, not the question', () => {
	const state = answerAll('diagnosis');
	const more = go(state, {
		type: 'amend',
		step: 'start',
		answer: {how: 'paste', log: 'xy', diagnosis: diagnosisOf('dfu')},
	});
	assert.equal(more.at, 'diagnosis');
	assert.equal(more.known.start?.log, 'xy');
});

test('after a failure the chip is asked again, and consent with it', () => {
	const state = go(answerAll('flash'), {type: 'retry'});
	assert.equal(state.at, 'identify');
	assert.equal(state.known.identify, undefined);
	assert.equal(state.known.review, undefined);
	assert.deepEqual(state.known.fuses?.accepted, []);
	assert.notEqual(state.known.image, undefined);
});

test('a try that changed nothing went on with the journal of another board that waits', () => {
	const state = answerAll('flash');
	const tried = (chipState: 'untouched' | 'partly-written', before: {again?: true} = {}) => {
		const known = {...state.known, ...before, flash: {result: {ok: false, chipState}}};
		return go({...state, known: known as FlowState['known']}, {type: 'retry'}).known.again;
	};
	assert.equal(tried('untouched'), undefined);
	assert.equal(tried('partly-written'), true);
	assert.equal(tried('untouched', {again: true}), true, 'the run before it did');
});

test('whatever is answered and however often one goes back: consent never outlives a change before it', () => {
	const variants: {readonly [Id in StepId]?: readonly Answers[Id][]} = {
		start: [answers.start!, {how: 'nothing'}],
		diagnosis: [{go: 'isp'}, {go: 'first-aid'}],
		firstAid: [{outcome: 'no-help'}, {outcome: 'not-tried'}],
		board: [answers.board!, {board: eliteC, chip}, {chip}],
		programmer: [
			answers.programmer!,
			{id: 'usbtiny', name: 'USBtiny', connection: {kind: 'usb', key: '1-5'}},
		],
		wiring: [answers.wiring!],
		identify: [identity, {...identity, identity: {...identity.identity, lock: 0xec}}],
		image: [answers.image!, {name: 'nothing'}],
		fuses: [answers.fuses!, {fuses: 'keep', name: 'keep', accepted: []}],
		review: [answers.review!],
	};
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat({max: 5}), fc.nat({max: 2})), {maxLength: 60}), moves => {
			let state = startFlow(steps);
			for (const [move, which] of moves) {
				const before = state;
				const given = variants[state.at];
				const answer = given?.[which % given.length];
				if (move === 0 || answer === undefined) state = go(state, {type: 'back'});
				else state = go(state, {type: 'done', step: state.at, answer} as FlowEvent);
				assert.ok(
					applicable(steps, state.known).some(step => step.id === state.at) || state.finished,
					state.at,
				);
				const changed = JSON.stringify(before.known[before.at]) !== JSON.stringify(state.known[before.at]);
				if (move !== 0 && changed && before.at !== 'review' && before.at !== 'flash') {
					assert.equal(state.known.review, undefined);
					if (before.at !== 'fuses') assert.deepEqual(state.known.fuses?.accepted ?? [], []);
				}
			}
		}),
		{numRuns: 300},
	);
});

test('after a failure nobody is sent to look at USB; without a bootloader there is no keymap', () => {
	const state = answerAll('flash');
	const failed = {...state.known, flash: {result: {ok: false}}} as FlowState['known'];
	assert.deepEqual(
		applicable(steps, failed)
			.map(step => step.id)
			.slice(-2),
		['flash', 'result'],
	);
	const seen = (comeback: Answers['comeback']) =>
		applicable(steps, {...state.known, comeback})
			.map(step => step.id)
			.slice(-2);
	assert.deepEqual(seen({seen: 'nothing'}), ['comeback', 'result']);
	assert.deepEqual(seen({seen: 'application', vidPid: 'feed:6060'}), ['comeback', 'result']);
	assert.deepEqual(seen({seen: 'bootloader', protocol: 'lufa-ms'}), ['comeback', 'result']);
	assert.deepEqual(seen({seen: 'bootloader', protocol: 'atmel-dfu'}), ['keymap', 'result']);
});

test('a wizard that was left is entered at its question; wires and chip are looked at first, consents are not kept', () => {
	const left = answerAll('review', {fuses: {fuses: 'keep', name: 'as they are', accepted: ['no-backup']}});
	const entered = go(startFlow(steps), {type: 'enter', known: left.known, at: 'review'});
	assert.equal(entered.at, 'wiring');
	assert.deepEqual(entered.known.fuses?.accepted, []);
	const seen = go(
		entered,
		{type: 'done', step: 'wiring', answer: answers.wiring} as FlowEvent,
		{type: 'done', step: 'identify', answer: answers.identify} as FlowEvent,
	);
	assert.equal(seen.at, 'fuses', 'a consent that was given is asked for again');

	const early = answerAll('programmer');
	assert.equal(go(startFlow(steps), {type: 'enter', known: early.known, at: 'programmer'}).at, 'programmer');
	assert.equal(
		go(startFlow(steps), {type: 'enter', known: {}, at: 'firstAid'}).at,
		'start',
		'no such question',
	);
	const written = {...left.known, flash: {result: {ok: true}}} as FlowState['known'];
	assert.equal(go(startFlow(steps), {type: 'enter', known: written, at: 'comeback'}).at, 'comeback');
});
