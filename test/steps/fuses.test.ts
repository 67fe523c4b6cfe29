// Which fuse sets are offered and what evidence preselects; what the judge makes of a choice on this board.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {findBoard} from '../../src/engine/boards/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import type {FuseBytes} from '../../src/engine/target.ts';
import {bitChanges, fuseChoices, fuseText, parseFuses, setsFor} from '../../src/steps/fuse-choices.ts';
import {planChange, risksOf} from '../../src/steps/fuses.tsx';
import {fusesFollow, whyMissing} from '../../src/steps/image.tsx';
import {planOf} from '../../src/steps/plan-of.ts';
import {reviewLines} from '../../src/steps/review.tsx';
import type {Known} from '../../src/steps/step.ts';
import type {View} from '../../src/ui/view.ts';

const u4 = findChip('atmega32u4')!;
const u2 = findChip('atmega32u2')!;
const proMicro = findBoard('promicro_5v')!;
const planck = findBoard('bare_32u4')!;

const plainView: View = {columns: 80, rows: 24, unicode: true, screenReader: false};

function knownWith(boardId: string, now: FuseBytes, bootloader?: string): Known {
	const board = findBoard(boardId)!;
	const chip = findChip(board.chip)!;
	return {
		board: {board, chip},
		programmer: {id: 'usbasp', name: 'USBasp', connection: {kind: 'usb', key: '1-1'}},
		identify: {
			chip,
			identity: {
				signature: Uint8Array.from(chip.signature),
				chip,
				fuses: now,
				lock: 0xff,
				sckHz: null,
				targetVolts: null,
			},
		},
		image: {name: 'x.hex', ...(bootloader === undefined ? {} : {bootloader})},
	};
}

test('both high-fuse values of the DFU set are offered and told apart', () => {
	const {choices, initial} = fuseChoices(u4, {low: 0xff, high: 0xd8, extended: 0xfb}, planck, 'atmel-dfu');
	assert.deepEqual(
		choices.map(({label}) => label),
		[
			'Leave them as they are: ff d8 fb',
			'The set for your board: 5e d9 f3',
			'The same with JTAG on: 5e 99 f3',
		],
	);
	assert.match(choices[1]!.about, /JTAG is off: pins F4 to F7 are free/);
	assert.match(choices[2]!.about, /JTAG stays on/);
	assert.equal(initial, choices[1]!.id);
});

test('"the fuses have to follow", "they already are what is needed" and "DFU needs 5e d9 f3" of the same chip: the three pages agree', () => {
	const loader = createImage([{byteAddress: 0x7000, data: new Uint8Array(0x1000).fill(0x0c)}]);
	for (const [now, fit] of [
		[{low: 0x5e, high: 0x99, extended: 0xf3}, true],
		[{low: 0x5e, high: 0xd9, extended: 0xf3}, true],
		[{low: 0xff, high: 0xd8, extended: 0xfb}, false],
	] as const) {
		const known = knownWith('promicro_5v', now);
		const board = known.board?.board;
		const {choices} = fuseChoices(u4, now, board, 'atmel-dfu');
		assert.equal(/already are what/.test(choices[0]!.about), fit);
		assert.match(
			fusesFollow(known, 'atmel-dfu'),
			fit ? /fit it already/ : /have to follow, and the next step offers them/,
		);
		const kept = {
			...known,
			image: {name: 'x', image: loader, bootloader: 'atmel-dfu'},
			fuses: {fuses: 'keep', name: 'as they are', accepted: []},
		} as const;
		const plan = planOf(kept)!;
		const review = JSON.stringify(reviewLines(plan, kept, plainView));
		assert.equal(/The fuses stay as they are, though/.test(review), !fit, review);
	}
});

test('what fits under the mask is left alone: CB is FB on a 32U4', () => {
	const {choices, initial} = fuseChoices(u4, {low: 0xff, high: 0xd8, extended: 0xcb}, proMicro, 'caterina');
	assert.equal(initial, 'keep');
	assert.match(choices[0]!.about, /Nothing has to be changed/);
	assert.equal(choices.length, 1);
});

test('without a board several sets fit, so none is preselected', () => {
	const {choices, initial} = fuseChoices(u4, {low: 0x52, high: 0x99, extended: 0xfb}, undefined, 'caterina');
	assert.ok(choices.length > 2);
	assert.equal(initial, undefined);
});

test('no set that the sources call bad is ever offered', () => {
	for (const board of ['promicro_5v', 'elite_c', 'bare_32u2', 'bare_32u4', 'ps2avrgb', 'digispark']) {
		const found = findBoard(board)!;
		for (const row of setsFor(findChip(found.chip)!, found, found.bootloader)) {
			assert.notEqual(row.verdict, 'reject', `${board}: ${row.id}`);
		}
	}
});

test('bytes as people type them', () => {
	assert.deepEqual(parseFuses(u4, '5E d9 f3'), {low: 0x5e, high: 0xd9, extended: 0xf3});
	assert.deepEqual(parseFuses(u4, '0x5e, 0xd9, 0xf3'), {low: 0x5e, high: 0xd9, extended: 0xf3});
	for (const wrong of ['5e d9', '5e d9 f3 00', '5e d9 g3', '5e d9 1', ''])
		assert.equal(parseFuses(u4, wrong), undefined);
	assert.equal(fuseText({low: 0x0f, high: 0xd0}), '0f d0');
});

test('from Caterina to DFU on a Pro Micro: consent, and it says why', () => {
	const now = {low: 0xff, high: 0xd8, extended: 0xcb};
	const plan = planChange(knownWith('promicro_5v', now, 'atmel-dfu'), {
		low: 0x5e,
		high: 0xd9,
		extended: 0xf3,
	});
	assert.equal(plan?.assessment.verdict, 'consent');
	assert.ok(risksOf(plan!.assessment).length > 0);
	assert.ok(plan!.assessment.reasons.some(({severity, text}) => severity === 'consent' && text.length > 20));
});

test('0x99 carried over to a 32U2 ends RESET: refused, no word helps', () => {
	const now = {low: 0x5e, high: 0xd9, extended: 0xf4};
	const plan = planChange(knownWith('bare_32u2', now, 'atmel-dfu'), {low: 0x5e, high: 0x99, extended: 0xf4});
	assert.equal(plan?.assessment.verdict, 'refuse');
	assert.deepEqual(
		bitChanges(u2, now, {low: 0x5e, high: 0x99})
			.filter(({before, after}) => before !== after)
			.map(({bit, before, after}) => `${bit.name} ${before} ${after}`),
		['RSTDISBL 1 0'],
	);
});

test('the review says what a switch of loaders means, what the erase does to the settings, and whose file it is', () => {
	const view: View = {columns: 80, rows: 24, unicode: true, screenReader: false};
	const image = createImage([{byteAddress: 0x7000, data: Uint8Array.of(1, 2, 3)}]);
	const review = (fuses: 'keep' | FuseBytes, now: FuseBytes, own?: true) => {
		const known: Known = {
			...knownWith('promicro_5v', now),
			image: {image, name: 'x.hex', bootloader: 'atmel-dfu', ...(own === undefined ? {} : {own})},
			fuses: {fuses, name: 'set', accepted: []},
		};
		return reviewLines(planOf(known)!, known, view)
			.map(line => ('text' in line ? line.text : ''))
			.join('\n');
	};
	const caterina = {low: 0xff, high: 0xd8, extended: 0xcb};
	const dfu = {low: 0x5e, high: 0xd9, extended: 0xf3};
	const whole = review(dfu, caterina);
	assert.match(whole, /switches the board from Caterina to Atmel DFU/);
	assert.match(whole, /To start Atmel DFU from then on: Press the RESET button once/);
	assert.match(whole, /A keymap must then be made for Atmel DFU/);
	assert.doesNotMatch(whole, /BOOTLOADER =|avrdude -p|0x7777|<mcu>/, 'nothing that only developers read');
	assert.match(whole, /the erase takes them/);
	assert.doesNotMatch(whole, /your own file|though Atmel DFU needs/);
	assert.match(review('keep', caterina), /though Atmel DFU needs 5e d9 f3/);
	const spared = review(dfu, {...caterina, high: 0xd0}, true);
	assert.match(spared, /EESAVE spares them/);
	assert.match(spared, /your own file/);
});

test('a usual bootloader that cannot be had is said so, with what to do', () => {
	const why = (id: string) => {
		const board = findBoard(id)!;
		return whyMissing(findChip(board.chip)!, board) ?? 'published';
	};
	assert.match(why('teensy_2'), /HalfKay cannot be had/);
	assert.match(why('bare_32u2'), /No image of Atmel DFU for the ATmega32U2 .*Give yours as a file/);
	assert.equal(why('promicro_5v'), 'published');
});
