// What the fuzzers and the look at hostile input found, each as the symptom that a person would have met.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {qmkKeyboardName, qmkMovedTo, readQmkKeyboard} from '../../src/engine/boards/qmk.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {diagnose} from '../../src/engine/diagnose/diagnose.ts';
import {createEnds, endsOf, withTrueLines} from '../../src/engine/diagnose/ends.ts';
import {normalise} from '../../src/engine/diagnose/normalise.ts';
import {isKind} from '../../src/engine/errors.ts';
import {printable, printableJson, printableLines} from '../../src/engine/printable.ts';
import {parseRecipe} from '../../src/engine/procedures/recipe.ts';
import {createAtmelDfu} from '../../src/engine/protocols/atmel-dfu/driver.ts';
import {createAvr109} from '../../src/engine/protocols/avr109/driver.ts';
import {createStk500v1} from '../../src/engine/protocols/stk500v1/driver.ts';
import {createInputGate} from '../../src/ui/input-gate.ts';
import {layOut} from '../../src/ui/lines.ts';
import {arrange, type ScreenSpec, startState} from '../../src/ui/screen-state.ts';
import {nastyPieces, obeyed} from '../helpers/fuzz.ts';
import {createManualClock, createScriptedStream, createScriptedUsb} from '../helpers/scripted-pipes.ts';

/** Processor time of this process, ms: a busy machine does not fail it. */
function cpuMs(work: () => unknown): number {
	const before = process.cpuUsage();
	work();
	const {user, system} = process.cpuUsage(before);
	return (user + system) / 1000;
}
/** What takes a second for a megabyte would take minutes for a few. */
const quickMs = 1000;

test('STK500v1: a programmer that refuses programming mode was called a fault of this program', async () => {
	const clock = createManualClock();
	const {stream} = createScriptedStream(data => {
		const name = [0x14, ...Buffer.from('AVR ISP'), 0x10];
		if (data[0] === 0x31) return name;
		if (data[0] === 0x41) return [0x14, 0x02, 0x10];
		return data[0] === 0x50 ? [0x14, 0x13] : [0x14, 0x10];
	}, clock);
	const link = createStk500v1(stream, clock, {programmer: 'avrisp', baud: 115_200});
	await link.open();
	assert.equal((await link.enter()).answered, 'no');
	await assert.rejects(link.exchange([0x30, 0, 0, 0]), error => isKind(error, 'Refused'));
});

test('DFU: a device that asks for hours of patience during the erase got them', async () => {
	const clock = createManualClock();
	// GETSTATUS: errNOTDONE, poll again in 0xffffff ms, dfuDNBUSY.
	const {pipe} = createScriptedUsb(transfer =>
		transfer.kind === 'in' ? [8, 0xff, 0xff, 0xff, 4, 0] : undefined,
	);
	const chip = findChip('atmega32u4')!;
	const client = createAtmelDfu(pipe, clock, {chip, bootStart: 0x7000});
	await assert.rejects(client.erase(), error => isKind(error, 'Timeout'));
	assert.ok(clock.nowMs() < 60_000, `${clock.nowMs()} ms`);
});

test('AVR109: a loader that names an odd or too small block ended as a fault of this program in mid-write', async () => {
	for (const blockBytes of [0, 1, 55, 64, 89]) {
		const clock = createManualClock();
		const {stream} = createScriptedStream(data => {
			switch (String.fromCharCode(data[0]!)) {
				case 'S':
					return [...Buffer.from('CATERIN')];
				case 's':
					return [0x87, 0x95, 0x1e];
				case 'b':
					return [0x59, 0x00, blockBytes];
				default:
					return [];
			}
		}, clock);
		const client = createAvr109(stream, clock, {chip: findChip('atmega32u4')!, bootStart: 0x7000});
		await assert.rejects(client.connect(), error => isKind(error, 'BadReply'), `${blockBytes}`);
	}
});

test('QMK: a keyboard whose bootloader or board is called "constructor" ended as a fault of this program', () => {
	for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
		const found = readQmkKeyboard(
			'planck',
			new Map([
				[
					'keyboards/planck/info.json',
					JSON.stringify({processor: 'atmega32u4', bootloader: word, development_board: word}),
				],
			]),
		);
		assert.ok(
			found.notes.some(note => note.includes(`"${word.toLowerCase()}"`) || note.includes(`"${word}"`)),
			word,
		);
	}
});

test('a recipe from elsewhere named a file outside its own folder', () => {
	const recipe = (file: string) =>
		JSON.stringify({
			format: 'avr-unbrick recipe',
			version: 1,
			chip: 'atmega32u4',
			image: {file, sha256: 'a'.repeat(64)},
			fuses: 'keep',
			backup: 'auto',
			erase: true,
			verify: 'written',
			restoreEeprom: true,
			accept: [],
		});
	for (const file of [
		'../secret.hex',
		'/etc/passwd',
		'a/b.hex',
		'..',
		'.',
		'C:x.hex',
		'a\\b.hex',
		'a\u001b[2J',
	])
		assert.throws(
			() => parseRecipe(recipe(file), 'r.json'),
			error => isKind(error, 'BadHex'),
			file,
		);
	assert.equal(parseRecipe(recipe('my board.hex'), 'r.json').image?.file, 'my board.hex');
});

test('a long line in the list of moved keyboards made the program stand still', () => {
	for (const text of [
		'a'.repeat(1_000_000),
		'a/'.repeat(500_000),
		' '.repeat(1_000_000),
		':{'.repeat(500_000),
	])
		assert.ok(cpuMs(() => qmkMovedTo('old/name', text)) < quickMs);
	assert.equal(qmkMovedTo('old/name', '"old/name": {\n\t"target": "new/name"\n}'), 'new/name');
	assert.equal(qmkMovedTo('old', 'old: {target: planck}'), 'planck');
});

test('a megabyte of slashes as the name of a keyboard made the program stand still', () => {
	assert.ok(cpuMs(() => assert.equal(qmkKeyboardName(`${'/'.repeat(1_000_000)}x`), undefined)) < quickMs);
});

test('a paste of a million empty lines made the program stand still', () => {
	const events: unknown[] = [];
	let flush = () => {};
	const gate = createInputGate(
		(_ms, then) => {
			flush = then;
			return () => {};
		},
		event => events.push(event),
	);
	gate.push({type: 'characters', characters: `${'\r'.repeat(1_000_000)}x`});
	assert.ok(cpuMs(() => flush()) < quickMs);
	assert.equal(events.length, 1);
});

test('a torn title sequence hid the rest of a line, and of a log', () => {
	assert.equal(
		printable('Port \u001b]0;x is busy: close the other program'),
		'Port 0;x is busy: close the other program',
	);
	assert.equal(printableLines('\u001b]0;torn\navrdude: error\n'), '0;torn\navrdude: error\n');
	assert.equal(printable('a\u001b]0;title\u0007b\u001bP1$r0m\u001b\\c'), 'abc');
});

test('marks that turn the writing direction passed into a pasted log', () => {
	for (const piece of nastyPieces) {
		assert.ok(!obeyed.test(printable(`a${piece}b`)), JSON.stringify(piece));
		assert.ok(!obeyed.test(printableLines(`a${piece}b`)), JSON.stringify(piece));
	}
	for (const text of ['\u001b['.repeat(400_000), '\u001b]'.repeat(400_000), `\u001b[${'0;'.repeat(400_000)}`])
		assert.ok(cpuMs(() => printable(text)) < quickMs);
});

test('JSON carried the 8-bit control characters, which terminals obey, as they are', () => {
	const value = {name: nastyPieces.join(''), c1: '\u009b2J\u0085\u007f', turn: '\u202e'};
	const text = printableJson(value);
	assert.ok(!/[\u0000-\u001f\u007f-\u009f\u202e]/.test(text));
	assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
});

test('labels and titles with escapes reached the frame', () => {
	const nasty = nastyPieces.join('');
	const spec: ScreenSpec = {
		place: {number: 1, title: `title ${nasty}`},
		facts: `facts ${nasty}`,
		lines: [{text: `line ${nasty}`}, {text: `row ${nasty}`, table: true, lead: nasty}],
		control: {
			kind: 'menu',
			items: [{id: 'a', label: `label ${nasty}`, about: `about ${nasty}`}],
			initial: 'a',
		},
		canGoBack: true,
	};
	for (const control of [
		spec.control,
		{kind: 'field', ask: `ask ${nasty}`, value: nasty, problem: nasty} as const,
	]) {
		const shown = {...spec, control};
		const view = {columns: 80, rows: 30, unicode: true, screenReader: false};
		const {rows} = arrange(shown, {...startState(shown), note: nasty}, view);
		for (const row of rows)
			assert.ok(!obeyed.test(row.text) && !/[\n\t]/.test(row.text), JSON.stringify(row.text));
	}
	for (const row of layOut(spec.lines, 80)) assert.ok(!obeyed.test(row.text));
});

test('a log of millions of tiny lines took more than a gigabyte of memory', () => {
	const text = `first\n${'x\r\n'.repeat(1000)}last`;
	const {lines, truncated} = normalise(text, 1_000_000, 100);
	assert.equal(truncated, true);
	assert.ok(lines.length <= 101);
	assert.deepEqual(lines[0], {number: 1, text: 'first'});
	assert.deepEqual(lines.at(-1), {number: 1002, text: 'last'});
	assert.deepEqual(
		lines.map(line => line.number),
		[...Array.from({length: 50}, (_, at) => at + 1), ...Array.from({length: 51}, (_, at) => at + 952)],
	);
	assert.equal(normalise(text, 1_000_000, 2000).truncated, false);
});

test('of a log that is too long the end was thrown away, or the line numbers were wrong', () => {
	const filler = Array.from({length: 400}, (_, index) => `line ${index + 2} of something else`).join('\r\n');
	const log = `avrdude: Version 6.3\r\n${filler}\r\navrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00\r\n`;
	const whole = diagnose(log);
	for (const size of [400, 1000, 5000]) {
		for (const step of [1, 7, 1000]) {
			const ends = createEnds(size);
			for (let at = 0; at < log.length; at += step) ends.push(log.slice(at, at + step));
			const {text, gap} = ends.end();
			assert.ok(text.length <= size);
			assert.ok(gap !== undefined);
			const lines = text.split(/\r\n|\r|\n/);
			const all = log.split(/\r\n|\r|\n/);
			for (const [index, line] of lines.entries()) {
				const number: number = index + 1 > gap.afterLine ? index + gap.lines : index;
				assert.equal(line, all[number], `size ${size}, step ${step}, line ${index + 1}`);
			}
			const got = withTrueLines(diagnose(text), gap);
			assert.equal(got.truncated, true);
			const last = (diagnosis: typeof whole) => diagnosis.causes[0]?.evidence.at(-1);
			assert.deepEqual(last(got), last(whole));
		}
	}
	assert.deepEqual(endsOf('short', 100), {text: 'short', gap: undefined});
});
