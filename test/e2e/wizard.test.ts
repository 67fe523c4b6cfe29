// The built program in a real pseudo terminal, read from the terminal's own buffer: from a pasted log to "verified".
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {arduinoIspNeeds, startArduinoIspRig} from '../helpers/arduino-isp-rig.ts';
import {peerTest} from '../helpers/peers.ts';
import {play, type Scene, startProgram} from '../helpers/term.ts';
import {caterina} from '../steps/seed-logs.ts';

const program = path.join(import.meta.dirname, '../../dist/cli.js');

const defaults: readonly Scene[] = [
	{see: /What happened/, paste: caterina},
	{see: /line \d [^\n]*(programmer is not\s+responding|verification error)/, choose: 'Revive the board'},
	{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
	{see: /Which programmer do you have\?/, press: 'enter'},
	{see: /RESET +10 \(D10\) +RST/, press: 'enter'},
	{see: /cable unplugged\?/, choose: 'Yes'},
	{see: /The chip answers\. It is an ATmega32U4/, press: 'enter'},
	{see: /What shall be written/, press: 'enter'},
	{see: /settings of the chip apart/, press: 'enter'},
	{see: /This will be done/, press: 'enter'},
	{see: /Leave all cables as they are/},
	{see: /Written and verified: \d+ bytes were read back/},
];

/** The second half: plugged in, seen, a keymap, the keyboard itself. */
const comeback: readonly Scene[] = [
	{see: /Is it alive\?[\s\S]*❯ Practice: unplug and plug in/, press: 'enter'},
	{see: /The board is back: [\s\S]*Flash your keymap now\?/, press: 'enter'},
	{see: /How it ended[\s\S]*Your keyboard\s+is back/, press: 'enter'},
];

for (const columns of [80, 60]) {
	test(`from a pasted log to verified in a terminal of ${columns}x24`, {
		skip: existsSync(program) ? false : 'dist/cli.js is not built',
	}, async () => {
		const terminal = startProgram(program, ['--practice'], {columns, rows: 24});
		try {
			const keys = await play(terminal, defaults);
			await play(terminal, comeback);
			assert.equal(await terminal.exited, 0);
			assert.ok(keys <= 14, `${keys} keys`);
			assert.match(terminal.text(), /Done: \d+ bytes verified on the atmega32u4/);
			assert.match(terminal.text(), /The board: The program memory is written/);
		} finally {
			terminal.kill();
		}
	});
}

test('pasted without brackets, as terminals without that mode do, and left with Ctrl+C: 130 and one clear line', {
	skip: existsSync(program) ? false : 'dist/cli.js is not built',
}, async () => {
	const terminal = startProgram(program, ['--practice'], {columns: 80, rows: 24});
	try {
		await play(terminal, [
			{see: /What happened/, pasteUnbracketed: caterina.replaceAll('\n', '\r')},
			{see: /Step 2: What the text says/, press: 'interrupt'},
		]);
		assert.equal(await terminal.exited, 130);
		assert.match(terminal.text(), /Nothing on the board was changed/);
	} finally {
		terminal.kill();
	}
});

test('asked to end by the system while it works: 130, and the state of the chip is said', {
	skip: existsSync(program) ? false : 'dist/cli.js is not built',
}, async () => {
	const terminal = startProgram(program, ['--practice'], {columns: 80, rows: 24});
	try {
		await play(terminal, [...defaults.slice(0, -2), {see: /▶ Save what is on it/}]);
		process.kill(terminal.pid, 'SIGTERM');
		assert.equal(await terminal.exited, 130);
		assert.match(terminal.text(), /Stopped on request[\s\S]*The board: Nothing on the chip was changed/);
	} finally {
		terminal.kill();
	}
});

test('left with Ctrl+C and started again, the wizard goes on at the same question', {
	skip: existsSync(program) ? false : 'dist/cli.js is not built',
}, async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'wizard-'));
	const start = () =>
		startProgram(program, [], {
			columns: 80,
			rows: 24,
			env: {AVR_UNBRICK_STATE: folder, AVR_UNBRICK_OFFLINE: '1', HOME: folder},
		});
	let terminal = start();
	try {
		await play(terminal, [
			{see: /What happened/, paste: caterina},
			{see: /What the text says/, choose: 'Revive the board'},
			{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
			{see: /Which programmer do you have\?/, press: 'interrupt'},
		]);
		assert.equal(await terminal.exited, 130);
		terminal = start();
		await play(terminal, [
			{see: /Go on where you left: Your programmer/, choose: 'Go on where you left'},
			{see: /Step 4: Your programmer +Pro Micro 5 V/, press: 'interrupt'},
		]);
		assert.equal(await terminal.exited, 130);
	} finally {
		terminal.kill();
		rmSync(folder, {recursive: true, force: true});
	}
});

peerTest(
	'the wizard over a real serial port brings a board back behind the stock ArduinoISP',
	arduinoIspNeeds,
	async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'wizard-'));
		const hex = path.join(folder, 'my loader.hex');
		const data = Uint8Array.from({length: 4096}, (_, index) => (index * 13 + (index >> 8) * 7 + 3) & 0xff);
		for (let vector = 0; vector < 43; vector++) data.set([0x2a - vector, 0xc0], vector * 2);
		writeFileSync(hex, printIntelHex(createImage([{byteAddress: 0x7000, data}])));
		const rig = await startArduinoIspRig({fuses: {low: 0x52, high: 0x99, extended: 0xfb}});
		const terminal = startProgram(program, [], {
			columns: 80,
			rows: 24,
			env: {AVR_UNBRICK_STATE: folder, AVR_UNBRICK_OFFLINE: '1', HOME: folder},
		});
		try {
			await play(terminal, [
				{see: /What happened/, paste: caterina},
				{see: /What the text says/, choose: 'Revive the board'},
				{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
				{see: /Which programmer do you have\?/, choose: 'Arduino Uno'},
				{see: /Where is the|is to be seen/, choose: 'Another port'},
				{see: /On which port/, enter: rig.path},
				{see: /RESET +10 \(D10\) +RST/, press: 'enter'},
				{see: /cable unplugged\?/, choose: 'Yes'},
				{see: /The chip answers\. It is an ATmega32U4/, press: 'enter'},
				{see: /What shall be written/, choose: 'A .hex file of mine'},
				{see: /Which \.hex file/, enter: hex},
				{see: /4096 bytes\. This is where they go/, press: 'enter'},
				{see: /settings of the chip apart/, choose: 'The set for your board'},
				{see: /The change: The set for your board: ff d8 fb/, press: 'enter'},
				{see: /This will be done/, press: 'enter'},
				{see: /Written and verified: \d+ bytes were read back/, choose: 'Go on without seeing'},
				{see: /has not been seen on USB yet/, press: 'enter'},
			]);
			assert.equal(await terminal.exited, 0);
			const state = await rig.state();
			assert.deepEqual(state.flash.slice(0x7000), data);
			assert.ok(state.flash.slice(0, 0x7000).every(byte => byte === 0xff));
			assert.deepEqual(state.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
			const files = readdirSync(folder, {recursive: true}).map(String);
			assert.ok(
				files.some(name => name.includes('backup-atmega32u4')),
				files.join(' '),
			);
			assert.ok(
				files.some(name => name.includes('report-')),
				files.join(' '),
			);
		} finally {
			terminal.kill();
			await rig.close();
			rmSync(folder, {recursive: true, force: true});
		}
	},
);
