// Nothing from outside reaches the terminal raw: names, logs, ports, other programs' words, journals, servers. Through
// the built program; and what it writes is for its owner's eyes.
import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {devicesCommand} from '../../src/commands/devices.ts';
import {outputTo} from '../../src/commands/output.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createStore} from '../../src/io/store.ts';
import {type CliRun, runCli} from '../helpers/cli.ts';
import {nastyPieces, obeyed} from '../helpers/fuzz.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'hostile-'));
after(() => rmSync(folder, {recursive: true, force: true}));

const escapes = nastyPieces.filter(piece => obeyed.test(piece) && !piece.includes('\0')).join('');
/** As a file name and an argument: no slash, no NUL, no lone surrogate. */
const name = `x${escapes.replace(/[/\ud800-\udfff]/g, '').slice(0, 100)}y.hex`;
const image = createImage([
	{
		byteAddress: 0,
		data: Uint8Array.from({length: 200}, (_, at) => (at === 0 ? 0x0c : at === 1 ? 0x94 : at & 0x3f)),
	},
]);
writeFileSync(path.join(folder, name), printIntelHex(image));
writeFileSync(
	path.join(folder, `${name}.json`),
	`{"format": "avr-unbrick backup", "program": ${JSON.stringify(escapes)}`,
);

function assertQuiet(run: CliRun, what: string): void {
	for (const [stream, text] of [
		['stdout', run.stdout],
		['stderr', run.stderr],
	] as const) {
		const at = obeyed.exec(text)?.index;
		assert.equal(
			at,
			undefined,
			`${what}: ${stream} has ${JSON.stringify(text.slice(Math.max(0, (at ?? 0) - 40), (at ?? 0) + 20))}`,
		);
	}
	assert.ok(run.stdout + run.stderr !== '', `${what} says something`);
}

const log = `${escapes}\navrdude: ser_open(): can't open device "/dev/tty${escapes}": No such file or directory\n> ${escapes} reading "${escapes}"\n`;
const hex = ['--programmer', 'usbasp', '--chip', 'm32u4', '--hex', name];
const runs: readonly (readonly [string, readonly string[], string?])[] = [
	['a log on stdin', ['diagnose'], log],
	['a log as JSON', ['diagnose', '--json'], log],
	['a log that is not there', ['diagnose', `no${name}`]],
	['a hex name', ['inspect', name]],
	['a hex name as JSON', ['inspect', name, '--json']],
	['a damaged backup', ['inspect', `${name}.json`]],
	['a backup to restore', ['restore', `${name}.json`, '--programmer', 'usbasp', '--yes']],
	['a dry run', ['recover', ...hex, '--dry-run']],
	['a dry run as JSON', ['recover', ...hex, '--dry-run', '--json']],
	['a backup path', ['recover', ...hex, '--dry-run', '--backup', name]],
	['a merge', ['merge', name, name, '--chip', 'm32u4', '-o', `${name}.out`]],
	['a port', ['probe', '--programmer', 'arduino-isp', '--port', `/dev/${name}`]],
	['a port as JSON', ['probe', '--programmer', 'arduino-isp', '--port', `/dev/${name}`, '--json']],
	[
		'a port to flash',
		['flash', name, '--bootloader', 'caterina', '--chip', 'm32u4', '--port', `/dev/${name}`],
	],
	['a programmer', ['probe', '--programmer', escapes]],
	['a chip', ['chips', escapes]],
	['a board', ['boards', escapes]],
	['a command', [`c${escapes}`]],
	['an option', ['probe', `--${escapes}`]],
	['a risk', ['recover', ...hex, '--accept', escapes]],
	['a scenario', ['--practice', escapes]],
];

test('names and logs with terminal escapes leave every command harmless', async () => {
	for (const [what, args, stdin] of runs)
		assertQuiet(await runCli(args, {cwd: folder, folder, ...(stdin === undefined ? {} : {stdin})}), what);
});

test('an installed avrdude and a journal say nothing to the terminal', async () => {
	const bin = path.join(folder, 'bin');
	mkdirSync(bin);
	writeFileSync(
		path.join(bin, 'avrdude'),
		'#!/bin/sh\nprintf "avrdude: Version 7.1\\navrdude: error: \\033]0;owned\\007 not found \\033[2J\\302\\233\\n  usbasp = USBasp \\033[31m\\n" >&2\nexit 1\n',
	);
	chmodSync(path.join(bin, 'avrdude'), 0o755);
	const env = {PATH: `${bin}:${process.env.PATH ?? ''}`};
	assertQuiet(await runCli(['devices', '--avrdude'], {folder, env}), 'the list of avrdude');
	const probe = await runCli(['probe', '--programmer', 'avrdude:usbasp', '--chip', 'm32u4'], {folder, env});
	assertQuiet(probe, 'a failed avrdude');
	assert.equal(probe.code, 1);

	const chip = findChip('atmega32u4')!;
	const start = {
		did: 'start',
		chip: chip.id,
		signature: '1e9587',
		backup: '/dev/zero',
		programmer: escapes,
		imageName: escapes,
		image: printIntelHex(image),
		fuses: null,
		before: {low: 0x5e, high: 0xd9, extended: 0xf3},
		verify: 'written',
		restoreEeprom: true,
		accepted: [],
		sck: 'auto',
	};
	mkdirSync(path.join(folder, 'state'), {recursive: true});
	writeFileSync(
		path.join(folder, 'state', 'recovery-20260101.jsonl'),
		`${JSON.stringify(start)}\n{"did":"erase"}\n`,
	);
	const resume = ['recover', '--resume', '--programmer', 'usbasp', '--yes'];
	assertQuiet(await runCli(resume, {folder}), 'a journal with a device as its backup');
});

test('a mirror that sends escapes', async () => {
	const server = createServer((_request, response) => {
		response.writeHead(200, {'content-type': 'text/plain'});
		response.end(`${escapes}\n:zz${escapes}\n`);
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	const {port} = server.address() as AddressInfo;
	try {
		const env = {AVR_UNBRICK_OFFLINE: '', AVR_UNBRICK_MIRROR: `http://127.0.0.1:${port}/%1b[2J`};
		const args = [
			'recover',
			'--programmer',
			'usbasp',
			'--board',
			'promicro_5v',
			'--bootloader',
			'caterina',
			'--dry-run',
		];
		const run = await runCli(args, {folder, env});
		assertQuiet(run, 'a mirror');
		assert.equal(run.code, 2);
	} finally {
		server.close();
	}
});

test('USB strings and port names with escapes', async () => {
	const {world} = createBench('healthy');
	const strings = {manufacturer: escapes, product: escapes, serial: escapes, access: 'denied' as const};
	for (const json of [false, true]) {
		let text = '';
		const sink = {
			write(piece: string) {
				text += piece;
			},
		};
		await devicesCommand(
			outputTo({json, stdout: sink, stderr: sink}),
			{},
			{
				...world,
				listSerialPorts: async () => [
					{path: `/dev/${escapes}`, vendorId: 0x2341, productId: 0x0043, ...strings, accessDetail: escapes},
				],
				listUsbDevices: async () => [
					{key: '1-1:2', vendorId: 0x16c0, productId: 0x05dc, release: 1, ...strings, accessDetail: escapes},
				],
			},
		);
		assert.ok(text.includes('16c0:05dc'));
		assert.ok(!obeyed.test(text), JSON.stringify(text));
	}
});

test('what is written is for its owner alone, and never through a device or out of the folder', async () => {
	const state = path.join(folder, 'fresh', 'state');
	const store = createStore(state);
	const {path: file} = await store.writeDurably('backup-1.json', '{}');
	await store.appendLine('recovery-1.jsonl', '{}');
	assert.equal(statSync(state).mode & 0o777, 0o700);
	assert.equal(statSync(file).mode & 0o777, 0o600);
	assert.equal(statSync(path.join(state, 'recovery-1.jsonl')).mode & 0o777, 0o600);
	// A socket, not /dev/null: a renaming store would take that from the whole machine.
	const socket = path.join(state, 'socket');
	const server = createServer();
	await new Promise<void>(resolve => server.listen(socket, resolve));
	await assert.rejects(store.writeDurably(socket, '{}'), /no ordinary file/);
	assert.ok(statSync(socket).isSocket());
	server.close();
	for (const outside of ['../x', '../../etc/passwd', '..'])
		await assert.rejects(store.writeDurably(outside, 'x'), RangeError);
	await assert.rejects(store.readText('/dev/zero'), /no ordinary file/);
	writeFileSync(path.join(state, `recovery-\u001b[2J.jsonl`), '{}');
	assert.deepEqual(await store.list('recovery-'), ['recovery-1.jsonl']);
});

test('a log of 18 MB: its first and last part are read, with the line numbers of the whole', async () => {
	const first = 'avrdude: Version 6.3\n';
	const last = 'avrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00\n';
	const filler = 'something else that nobody needs to know about\n';
	const count = Math.ceil(18_000_000 / filler.length);
	const run = await runCli(['diagnose', '--json'], {folder, stdin: first + filler.repeat(count) + last});
	assert.equal(run.code, 0);
	const got = JSON.parse(run.stdout) as {truncated: boolean; causes: {evidence: {line: number}[]}[]};
	assert.equal(got.truncated, true);
	assert.equal(got.causes[0]?.evidence.at(-1)?.line, count + 2);
});
