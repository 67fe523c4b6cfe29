// The ways that people take through the wizard, in a real pseudo terminal of three sizes: every screen is compared with
// its picture in screens/. After a change that is meant: UPDATE_SCREENS=1 npm test -- wizard-journeys, and read the diff.
import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {play, type Scene, startProgram} from '../helpers/term.ts';
import {caterina, dfuStalled} from '../steps/seed-logs.ts';

const program = path.join(import.meta.dirname, '../../dist/cli.js');
const skip = existsSync(program) ? false : 'dist/cli.js is not built';
const pictures = path.join(import.meta.dirname, 'screens');
const update = process.env.UPDATE_SCREENS === '1';

const sizes = [
	{columns: 80, rows: 24},
	{columns: 60, rows: 24},
	{columns: 120, rows: 40},
];

/** Most keys from the first screen to "verified", besides pasting and the typed word. */
const mostKeys = 14;
/** Most rows of sentences on one screen. */
const mostText = 18;

type Journey = {
	readonly name: string;
	readonly scenario: string;
	/** Until the chip is written and verified, or until the journey ends before that. */
	readonly scenes: readonly Scene[];
	readonly after?: readonly Scene[];
	readonly code: number;
	/** What stays in the terminal. */
	readonly farewell: RegExp;
};

const toContact: readonly Scene[] = [
	{see: /Which programmer do you have\?[\s\S]*❯ /, press: 'enter'},
	{see: /RESET +10 \(D10\) +RST/, press: 'enter'},
	{see: /USB cable unplugged\?/, choose: 'Yes'},
];
const toWork: readonly Scene[] = [
	{see: /The chip answers\. It is an ATmega32U4/, press: 'enter'},
	{see: /What shall be written/, press: 'enter'},
	{see: /settings of the chip apart/, press: 'enter'},
];
const work: readonly Scene[] = [
	{see: /This will be done/, press: 'enter'},
	{see: /Leave all cables as they are/, moving: true},
	{see: /Written and verified: \d+ bytes were read back and are equal/},
];
const comeback: readonly Scene[] = [
	{see: /Is it alive\?[\s\S]*❯ Practice: unplug and plug in/, press: 'enter'},
	{see: /The board is back: [\s\S]*Flash your keymap now\?[\s\S]*❯ Practice/, press: 'enter'},
	{see: /Your keyboard is back\. It is on USB as feed:6060/, press: 'enter'},
];
const firstAid: readonly Scene[] = [
	{see: /What happened/, paste: dfuStalled},
	{see: /refused to write/, press: 'enter'},
];

const journeys: readonly Journey[] = [
	{
		name: 'dfu-log',
		scenario: 'dfu',
		scenes: [
			...firstAid,
			{see: /Try this, in this order/, choose: 'It did not help'},
			{see: /Which board is broken\?/, choose: 'Elite-C'},
			...toContact,
			...toWork,
			...work,
		],
		after: comeback,
		code: 0,
		farewell: /On USB: .*, 03eb:2ff4\..*shows itself as feed:6060/,
	},
	{
		name: 'caterina-log',
		scenario: 'healthy',
		scenes: [
			{see: /What happened/, paste: caterina},
			{see: /programmer is not responding|verification error/, choose: 'Revive the board'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			...toContact,
			...toWork,
			...work,
		],
		after: comeback,
		code: 0,
		farewell: /On USB: .*, 1b4f:9205\..*shows itself as feed:6060/,
	},
	{
		name: 'no-log',
		scenario: 'healthy',
		scenes: [
			{see: /What happened/, choose: 'no error text'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			...toContact,
			...toWork,
			...work,
		],
		after: [
			{see: /Is it alive\?/, choose: 'Go on without seeing'},
			{see: /has not been seen on USB yet/, press: 'enter'},
		],
		code: 0,
		farewell: /Done: \d+ bytes verified on the atmega32u4/,
	},
	{
		name: 'first-aid-suffices',
		scenario: 'dfu',
		scenes: [...firstAid, {see: /Try this, in this order/, choose: 'It helped'}],
		code: 0,
		farewell: /First aid was enough\. Nothing on the chip was changed/,
	},
	{
		name: 'arm-board',
		scenario: 'healthy',
		scenes: [
			{see: /What happened/, choose: 'no error text'},
			{see: /Which board is broken\?/, choose: 'Proton C'},
			{see: /has an Arm chip\. It is almost certainly not broken/, press: 'enter'},
		],
		code: 0,
		farewell: /An Arm board needs no ISP\. Nothing was changed/,
	},
	{
		name: 'swapped-wires',
		scenario: 'swapped',
		scenes: [
			{see: /What happened/, choose: 'no error text'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			...toContact,
			{see: /First contact[\s\S]*Try this first[\s\S]*MOSI/, press: 'interrupt'},
		],
		code: 130,
		farewell: /Nothing on the board was changed/,
	},
	{
		name: 'no-permission',
		scenario: 'port-denied',
		scenes: [
			{see: /What happened/, choose: 'no error text'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			{see: /no permission yet/, press: 'enter'},
			{see: /\(no permission\)/, press: 'interrupt'},
		],
		code: 130,
		farewell: /Nothing on the board was changed/,
	},
	{
		name: 'cable-pulled',
		scenario: 'cable-pulled',
		scenes: [
			{see: /What happened/, choose: 'no error text'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			...toContact,
			...toWork,
			{see: /This will be done/, press: 'enter'},
			{see: /How it ended[\s\S]*The chip may be only partly written/, choose: 'Leave'},
		],
		code: 1,
		farewell:
			/This was practice: no real board.*The board: The chip may be only partly written\. It is not damaged/,
	},
];

/** Clock times in file names follow the practice clock, which waits for people. */
function steady(screen: string): string {
	return screen
		.replace(/report-[\dTZ-]+\.md/g, 'report-TIME.md')
		.replace(/backup-(\w+)-[\d-]+\.json/g, 'backup-$1-TIME.json');
}

/** Rows of sentences: without the header, the keys, and what stands in columns or in a list. */
function textRows(screen: string): number {
	const isTable = (row: string) => /\S {2,}\S/.test(row) || /^ {3}\S|❯|[│┌└█░✓·▶]/.test(row);
	return screen
		.split('\n')
		.slice(1, -1)
		.filter(row => row.trim() !== '' && !isTable(row)).length;
}

for (const {name, scenario, scenes, after = [], code, farewell} of journeys) {
	test(`${name}, in three sizes of terminal`, {skip}, async () => {
		await Promise.all(
			sizes.map(async ({columns, rows}) => {
				const size = `${columns}x${rows}`;
				const terminal = startProgram(program, ['--practice', scenario], {columns, rows});
				const seen: string[] = [];
				try {
					const keep = (screen: string) => {
						assert.ok(
							textRows(screen) <= mostText,
							`${textRows(screen)} rows of text in ${size}:\n${screen}`,
						);
						const picture = steady(screen);
						if (picture !== seen.at(-1)) seen.push(picture);
					};
					const keys = await play(terminal, scenes, keep);
					if (code === 0) assert.ok(keys <= mostKeys, `${keys} keys in ${size}`);
					if (update) console.log(name, size, keys);
					await play(terminal, after, keep);
					assert.equal(await terminal.exited, code);
					// A line that is longer than the terminal goes on in the next row.
					assert.match(terminal.text().replaceAll('\n', ' '), farewell);
					assert.ok(terminal.tallest() < rows, `a frame of ${terminal.tallest()} rows in ${size}`);
				} finally {
					terminal.kill();
				}
				const file = path.join(pictures, `${name}.${size}.txt`);
				const rule = `${'-'.repeat(columns)}\n`;
				const text = `${rule}${seen.map(screen => `${screen}\n${rule}`).join('')}`;
				if (update) {
					mkdirSync(pictures, {recursive: true});
					writeFileSync(file, text);
				} else assert.equal(text, existsSync(file) ? readFileSync(file, 'utf8') : '', `${name} in ${size}`);
			}),
		);
	});
}
