// The portable folder of this platform, started from an empty environment: no PATH, no HOME, no Node of the machine.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const out = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-portable-'));
after(() => rmSync(out, {recursive: true, force: true}));

const skip = process.platform === 'win32' ? 'the launcher of this test is a shell script' : false;

test('the portable folder runs by itself, also through a link', {skip}, () => {
	execFileSync(
		process.execPath,
		['scripts/portable.mjs', '--runtime', process.execPath, '--out', out, '--folder-only'],
		{cwd: root, stdio: ['ignore', 'ignore', 'inherit']},
	);
	const [name = ''] = readdirSync(out);
	assert.match(name, new RegExp(`^avr-unbrick-.*-${process.platform}-${process.arch}$`));
	const folder = path.join(out, name);
	const empty = mkdtempSync(path.join(out, 'empty-'));
	const link = path.join(empty, 'unbrick');
	symlinkSync(path.join(folder, 'avr-unbrick'), link);
	const run = (program: string, ...args: string[]) =>
		execFileSync('/usr/bin/env', ['-i', 'PATH=/usr/bin:/bin', program, ...args], {
			cwd: empty,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'pipe'],
		});
	assert.match(run(link, '--practice'), /The scenario "healthy" ended as it should/);
	assert.match(run(link, 'devices', '--json'), /^\{"devices":\[/);
	const loaded = run(
		path.join(folder, 'node'),
		'--input-type=module',
		'--eval',
		`const {createRequire} = await import('node:module');
		const require = createRequire('file://${folder}/dist/cli.js');
		console.log(typeof require('serialport').SerialPort, typeof require('usb').usb);`,
	);
	assert.match(loaded, /^function (object|function)/);
	const prebuilds = readdirSync(path.join(folder, 'node_modules/@serialport/bindings-cpp/prebuilds'));
	assert.equal(prebuilds.length, 1, prebuilds.join(', '));
});
