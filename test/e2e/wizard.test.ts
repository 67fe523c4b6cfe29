// The built program in a real pseudo terminal, read from the terminal's own buffer: from a pasted log to "verified".
import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {play, type Scene, startProgram} from '../helpers/term.ts';
import {caterina} from '../steps/seed-logs.ts';

const program = path.join(import.meta.dirname, '../../dist/cli.js');

const defaults: readonly Scene[] = [
	{see: /What happened/, paste: caterina},
	{see: /line 2 [^\n]*programmer is not\s+responding/, choose: 'Revive the board'},
	{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
	{see: /Which programmer do you have\?/, press: 'enter'},
	{see: /RESET +10 \(D10\) +RST/, press: 'enter'},
	{see: /cable unplugged\?/, choose: 'Yes'},
	{see: /The chip answers\. It is an ATmega32U4/, press: 'enter'},
	{see: /What shall be written/, press: 'enter'},
	{see: /settings of the chip apart/, press: 'enter'},
	{see: /This will be done/, press: 'enter'},
	{see: /Leave all cables as they are/},
	{see: /Your board is back\. \d+ bytes were read\s+back and\s+verified/, press: 'enter'},
];

for (const columns of [80, 60]) {
	test(`from a pasted log to verified in a terminal of ${columns}x24`, {
		skip: existsSync(program) ? false : 'dist/cli.js is not built',
	}, async () => {
		const terminal = startProgram(program, ['--practice'], {columns, rows: 24});
		try {
			const keys = await play(terminal, defaults);
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
			{see: /2 of 1\d: What the text says/, press: 'interrupt'},
		]);
		assert.equal(await terminal.exited, 130);
		assert.match(terminal.text(), /Nothing on the board was changed/);
	} finally {
		terminal.kill();
	}
});
