// The answer to a pasted log, over the whole corpus: what happened and the next step stand whole on the first page.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {diagnose} from '../../src/engine/diagnose/diagnose.ts';
import type {Diagnosis} from '../../src/engine/diagnose/types.ts';
import {aidTexts} from '../../src/steps/aid-look.ts';
import {diagnosisChoices, diagnosisLines} from '../../src/steps/diagnosis.tsx';
import {arrange, type ScreenSpec, startState} from '../../src/ui/screen-state.ts';
import type {View} from '../../src/ui/view.ts';
import {seedLogs} from './seed-logs.ts';

const folder = path.join(import.meta.dirname, '../corpus/logs');
const logs = [
	...seedLogs.map(({name, log}) => ({name, log})),
	...readdirSync(folder).map(name => ({name, log: readFileSync(path.join(folder, name), 'utf8')})),
].map(({name, log}) => ({name, diagnosis: diagnose(log)}));

const view = (columns: number): View => ({columns, rows: 24, unicode: true, screenReader: false});

function firstPage(diagnosis: Diagnosis, columns: number): string {
	const [lines, ...shorter] = diagnosisLines(diagnosis, false, view(columns));
	const spec: ScreenSpec = {
		place: {number: 2, title: 'What the text says'},
		lines,
		shorter,
		control: {kind: 'menu', ...diagnosisChoices(diagnosis, view(columns))},
		canGoBack: true,
	};
	return arrange(spec, startState(spec), view(columns))
		.rows.map(row => row.text)
		.join('\n');
}

const flat = (text: string) => text.replace(/\s+/g, ' ');

for (const columns of [80, 60]) {
	test(`the next step was cut in the middle of a sentence at ${columns}x24, and the quoted line did not show the cause`, () => {
		for (const {name, diagnosis} of logs) {
			const page = firstPage(diagnosis, columns);
			const cause = diagnosis.causes[0]!;
			const happened = /^.*?[.!?](?= [A-Z]|$)/.exec(cause.meaning)?.[0] ?? cause.meaning;
			assert.ok(flat(page).includes(flat(`What happened: ${happened}`)), `${name}\n${page}`);
			const next = cause.next[0];
			if (next !== undefined) assert.ok(flat(page).includes(flat(`Next: ${next}`)), `${name}\n${page}`);
			if (cause.evidence.length === 0) continue;
			assert.match(page, /Your text says:/, name);
			assert.match(page, new RegExp(`line +${cause.verdictLine} │`), `${name}\n${page}`);
		}
	});
}

test('the line quoted for a mismatch is the mismatch, for a refusal the refusal', () => {
	for (const [name, words] of [
		['Caterina', /verification error/],
		['DFU, stalled', /write protected/],
		['DFU, timed out', /timed out/i],
		['toolbox-189-hotdox-not-blank.txt', /not blank/i],
	] as const) {
		const cause = logs.find(each => each.name === name)?.diagnosis.causes[0];
		assert.match(cause?.evidence.find(({line}) => line === cause.verdictLine)?.text ?? '', words);
	}
});

test('first aid promises no extra hardware and listed ISP as its last step: it is left out there', () => {
	let left = 0;
	for (const {name, diagnosis} of logs) {
		if (diagnosis.family === 'isp-programmer') continue;
		const steps = aidTexts(diagnosis);
		left += (diagnosis.causes[0]?.next.length ?? 0) - steps.length;
		for (const step of steps)
			assert.doesNotMatch(step, /anew over ISP|erase over ISP|XTAL1|high voltage/, name);
		const {items} = diagnosisChoices(diagnosis, view(80));
		if (steps.length === 0) assert.ok(!items.some(({id}) => id === 'first-aid'), name);
	}
	assert.ok(left > 10);
});
