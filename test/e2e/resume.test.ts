// The built program: what it says of journals and backups that are damaged, a log that cannot be written any more, a
// terminal that is closed.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import type {ByteDevice} from '../../src/bench/byte-device.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type CliRun, jsonLines, runCli} from '../helpers/cli.ts';
import {tiny} from '../helpers/interruptions.ts';
import {peerTest} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';
import {startProgram} from '../helpers/term.ts';

const root = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-resume-'));
after(() => rmSync(root, {recursive: true, force: true}));
let folders = 0;
const newFolder = () => mkdtempSync(path.join(root, `run${folders++}-`));

const data = Uint8Array.from({length: 600}, (_, index) => (index * 31 + 7 + (index >> 8)) & 0xff);
data.set([0x13, 0xc0]);
const hex = path.join(root, 'mine.hex');
writeFileSync(hex, printIntelHex(createImage([{byteAddress: 0, data}])));
const recover = ['recover', '--chip', 'attiny25', '--hex', hex, '--fuses', '0xe2,0xdd,0xfe', '--yes'];
const resume = ['recover', '--resume', '--yes'];

/** A board on a pseudo terminal; `act` is called with everything on stdout, and at transfer `at`. */
async function serve(seed = 1) {
	const bench = createBench('healthy', {
		seed,
		change: {
			programmer: 'avrisp',
			chip: 'attiny25',
			expectedChip: 'attiny25',
			content: 'used',
			fuses: tiny.before,
		},
	});
	const device = bench.device!;
	let transfers = 0;
	let at = Number.POSITIVE_INFINITY;
	let stop: (() => void) | undefined;
	const watched: ByteDevice = {
		...device,
		receive(bytes, atMs) {
			if (transfers++ === at) stop?.();
			device.receive(bytes, atMs);
		},
	};
	const pty = await serveOnPty(watched);
	return {
		bench,
		port: pty.path,
		transfers: () => transfers,
		close: () => pty.close(),
		run(
			folder: string,
			args: readonly string[],
			how: {at?: number; signal?: NodeJS.Signals; onStdout?: (text: string) => void} = {},
		): Promise<CliRun> {
			at = how.at === undefined ? Number.POSITIVE_INFINITY : transfers + how.at;
			return runCli([...args, '--programmer', 'avrisp', '--port', pty.path], {
				folder,
				onStdout: (text, kill) => {
					stop = () => kill(how.signal ?? 'SIGKILL');
					how.onStdout?.(text);
				},
			});
		},
	};
}
const stateFiles = (folder: string, prefix: string) =>
	readdirSync(path.join(folder, 'state'))
		.filter(name => name.startsWith(prefix))
		.map(name => path.join(folder, 'state', name));

peerTest(
	'a damaged journal or backup: "No recovery was interrupted" was said',
	{programs: ['python3']},
	async () => {
		const served = await serve();
		const folder = newFolder();
		try {
			await served.run(folder, recover, {at: 60});
			const [journal = ''] = stateFiles(folder, 'recovery-');
			const [backup = ''] = stateFiles(folder, 'backup-');
			const wholeJournal = readFileSync(journal, 'utf8');
			const wholeBackup = readFileSync(backup, 'utf8');

			writeFileSync(journal, wholeJournal.slice(9));
			const damaged = await served.run(folder, resume);
			assert.equal(damaged.code, 2, damaged.stderr);
			assert.match(
				damaged.stderr,
				/its journal recovery-.* cannot be gone on with: its first line cannot be read/,
			);
			assert.match(damaged.stderr, /recover --forget/);
			const dry = await served.run(folder, [...recover.slice(0, -1), '--dry-run']);
			assert.match(dry.stdout, /its first line cannot be read/);

			writeFileSync(journal, wholeJournal);
			for (const text of [undefined, '{}', wholeBackup.slice(0, 400)]) {
				if (text === undefined) rmSync(backup);
				else writeFileSync(backup, text);
				const run = await served.run(folder, [...resume, '--json']);
				assert.equal(run.code, 3, run.stdout + run.stderr);
				const result = JSON.parse(run.stdout.trim().split('\n').at(-1)!);
				assert.deepEqual(result.error.risks, ['backup-lost']);
				assert.equal(result.backup ?? null, null);
				assert.match(run.stderr, /The backup that was made before the first erase cannot be used/);
				const plain = await served.run(folder, [...recover.slice(0, -1), '--dry-run']);
				assert.match(plain.stdout, /A recovery of an ATtiny25 was interrupted .*cannot be used/);
			}

			writeFileSync(backup, wholeBackup);
			const {eeprom} = served.bench.chip.dump();
			const good = await served.run(folder, resume);
			assert.equal(good.code, 0, good.stdout + good.stderr);
			assert.doesNotMatch(good.stdout, /Accepted:|Make no backup/);
			assert.match(good.stdout, /The backup from before the first erase holds: .*backup-attiny25/);
			assert.notDeepEqual(served.bench.chip.dump().eeprom, eeprom, 'the EEPROM is back');
		} finally {
			await served.close();
		}
	},
);

peerTest(
	'a log that could not be written any more ended the recovery after the erase',
	{programs: ['python3']},
	async () => {
		const served = await serve();
		const folder = newFolder();
		const logs = path.join(folder, 'logs');
		mkdirSync(logs);
		try {
			const run = await served.run(folder, [...recover, '--json', '--log', path.join(logs, 'x.log')], {
				onStdout(text) {
					if (text.includes('"phase":"erase"')) rmSync(logs, {recursive: true, force: true});
				},
			});
			assert.equal(run.code, 0, run.stdout + run.stderr);
			const events = run.stdout
				.trim()
				.split('\n')
				.map(line => JSON.parse(line));
			assert.equal(events.at(-1).type, 'result');
			assert.equal(events.filter(event => event.code === 'log-failed').length, 1);
			assert.equal(run.stderr.match(/The log ends here/g)?.length, 1);
		} finally {
			await served.close();
		}
	},
);

peerTest(
	'a closed terminal (SIGHUP) killed the program in the middle of a page',
	{programs: ['python3']},
	async () => {
		const whole = await serve();
		await whole.run(newFolder(), recover);
		const total = whole.transfers();
		await whole.close();
		for (const share of [0.6, 0.9]) {
			const served = await serve();
			const folder = newFolder();
			try {
				const run = await served.run(folder, [...recover, '--json'], {
					at: Math.floor(total * share),
					signal: 'SIGHUP',
				});
				assert.ok(run.code === 130 || run.code === 0, `${share}: ${run.code} ${run.stderr}`);
				const result = JSON.parse(run.stdout.trim().split('\n').at(-1)!);
				assert.equal(result.type, 'result');
				if (run.code === 130) assert.equal(result.error.kind, 'Cancelled');
				assert.equal(served.bench.chip.running(), true);
				assert.deepEqual(served.bench.violations, []);
			} finally {
				await served.close();
			}
		}
	},
);

/** A shell that runs a command with its stdout as `where` says; `$out` is a file that is there. */
async function runInto(
	folder: string,
	where: string,
	args: readonly string[],
): Promise<CliRun & {file: string}> {
	const out = path.join(folder, 'out');
	const child = spawn('sh', ['-c', `out=$0; ${where}`, out, process.execPath, cli, ...args], {
		env: {
			PATH: process.env.PATH ?? '',
			HOME: folder,
			AVR_UNBRICK_OFFLINE: '1',
			AVR_UNBRICK_STATE: path.join(folder, 'state'),
			AVR_UNBRICK_CACHE: path.join(folder, 'cache'),
		},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	child.stdin.end('');
	const [code] = (await once(child, 'close')) as [number | null];
	return {code, stdout, stderr, file: existsSync(out) ? readFileSync(out, 'utf8') : ''};
}

peerTest(
	'a full disk under redirected stdout killed the program, between two fuse writes, too',
	{programs: ['python3', 'sh'], files: ['/dev/full']},
	async () => {
		const words = /^Not all of what was to go to stdout could be written: ./m;
		const whole = await serve();
		const {stdout} = await whole.run(newFolder(), [...recover, '--json']);
		await whole.close();
		// Of what a shell calls a block, so that journal and backup have room.
		const limit = 128 * 512;
		const asked = stdout.indexOf('\n', stdout.indexOf('do-not-unplug')) + 1;
		const result = stdout.lastIndexOf('{"type":"result"');
		for (const [where, left] of [
			['"$@" > /dev/full', undefined],
			['"$@" > /dev/full 2> /dev/full', undefined],
			['ulimit -f 128; "$@" >> "$out"', 0],
			['ulimit -f 128; "$@" >> "$out"', asked - 10],
			['ulimit -f 128; "$@" >> "$out"', asked + 10],
			['ulimit -f 128; "$@" >> "$out"', result + 40],
		] as const) {
			const served = await serve();
			const folder = newFolder();
			if (left !== undefined) writeFileSync(path.join(folder, 'out'), 'x'.repeat(limit - left));
			try {
				const args = [...recover, '--json', '--programmer', 'avrisp', '--port', served.port];
				const run = await runInto(folder, where, args);
				const what = `${where} ${left}: ${run.stderr}`;
				assert.equal(run.code, 0, what);
				if (!where.includes('2>')) assert.match(run.stderr, words, what);
				assert.doesNotMatch(run.stderr, /\n\s+at |fault of this program/, what);
				if (left !== undefined) assert.equal(run.file.length, limit, what);
				const {fuses, flash} = served.bench.chip.dump();
				assert.deepEqual(fuses, tiny.wanted, what);
				assert.ok(data.every((byte, at) => flash[at] === byte));
				assert.equal(served.bench.chip.running(), true, what);
				assert.deepEqual(stateFiles(folder, 'recovery-'), [], what);
			} finally {
				await served.close();
			}
		}
		// Words that are all there is: without them it has failed.
		for (const args of [['chips', '--json'], ['manual'], ['--help']]) {
			const run = await runInto(newFolder(), '"$@" > /dev/full', args);
			assert.equal(run.code, 1, `${args.join(' ')}: ${run.stderr}`);
			assert.match(run.stderr, words);
			const unheard = await runInto(newFolder(), '"$@" | true', args);
			assert.doesNotMatch(unheard.stderr, /\n\s+at /);
		}
		for (const args of [
			['--practice', 'healthy'],
			['--plain', '--practice', 'healthy'],
		]) {
			const run = await runInto(newFolder(), '"$@" > /dev/full', args);
			assert.match(run.stderr, words, args.join(' '));
			assert.doesNotMatch(run.stderr, /\n\s+at /);
		}
	},
);

/** Runs a command on a pseudo terminal and closes that as soon as a text has come; prints how the command ended. */
const hangUp = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while sys.argv[1].encode() not in seen:
    seen += os.read(master, 1000)
os.close(master)
_, status = os.waitpid(pid, 0)
print(os.WEXITSTATUS(status) if os.WIFEXITED(status) else "signal %d" % os.WTERMSIG(status))
`;

peerTest(
	'writing to a terminal that is gone ended the program in the middle',
	{programs: ['python3']},
	async () => {
		const served = await serve();
		const folder = newFolder();
		const log = path.join(folder, 'log');
		try {
			const args = [...recover, '--log', log, '--programmer', 'avrisp', '--port', served.port];
			const child = spawn('python3', ['-c', hangUp, 'Writing the flash', process.execPath, cli, ...args], {
				env: {
					PATH: process.env.PATH ?? '',
					HOME: folder,
					AVR_UNBRICK_OFFLINE: '1',
					AVR_UNBRICK_STATE: path.join(folder, 'state'),
					AVR_UNBRICK_CACHE: path.join(folder, 'cache'),
				},
				stdio: ['ignore', 'pipe', 'inherit'],
			});
			let ended = '';
			child.stdout.setEncoding('utf8').on('data', (text: string) => {
				ended += text;
			});
			await once(child, 'close');
			// As any program whose terminal was closed, or with its own number; not aborted.
			assert.match(ended, /^(130|0|signal 1)\n$/);
			const last = JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1)!);
			assert.equal(last.type, 'result');
			assert.equal(served.bench.chip.running(), true);
			assert.deepEqual(served.bench.violations, []);
		} finally {
			await served.close();
		}
	},
);

const cli = path.resolve(import.meta.dirname, '../../dist/cli.js');

peerTest(
	'the same command begun again on a board whose recovery was interrupted only hinted at --resume',
	{programs: ['python3']},
	async () => {
		const served = await serve();
		const folder = newFolder();
		const [asked, other] = [served.bench.chip.dump().eeprom, recover.slice(0, -1)];
		try {
			await served.run(folder, recover, {at: 60});
			const [journal = ''] = stateFiles(folder, 'recovery-');
			const id = path.basename(journal, '.jsonl');
			const told = 'A recovery of an ATtiny25 was interrupted';
			const typed = `avr-unbrick recover --resume ${id} --programmer avrisp --port ${served.port} --yes`;

			const before = served.transfers();
			const unasked = await served.run(folder, other);
			assert.equal(unasked.code, 2);
			assert.ok(unasked.stdout.startsWith(told), unasked.stdout);
			assert.ok(unasked.stderr.includes(`To go on with what was interrupted: ${typed}`), unasked.stderr);
			assert.equal(served.transfers(), before, 'nothing was opened');
			const dry = await served.run(folder, [...other, '--dry-run', '--json']);
			const [first] = jsonLines(dry);
			assert.equal(first?.code, 'recovery-waits');
			assert.ok(String(first?.message).includes(`recover --resume ${id} `));

			const inTerminal = async (answers: readonly (readonly [RegExp, string])[]) => {
				const args = [...other, '--programmer', 'avrisp', '--port', served.port];
				const env = {HOME: folder, AVR_UNBRICK_OFFLINE: '1', AVR_UNBRICK_STATE: path.join(folder, 'state')};
				const terminal = startProgram(cli, args, {columns: 80, rows: 40, env});
				for (const [question, answer] of answers) {
					await terminal.see(question);
					terminal.send(`${answer}\r`);
				}
				return terminal.exited;
			};
			assert.equal(await inTerminal([[/Go on with it\?/, 'no']]), 130);
			const anew = inTerminal([
				[/Go on with it\?/, 'new'],
				[/Erase the chip\. [\s\S]*Go on\? \(yes\/no\)/, 'no'],
			]);
			assert.equal(await anew, 130);
			assert.equal(served.transfers(), before, 'nothing was opened');
			const gone = inTerminal([
				[/was interrupted while writing page \d+\.[\s\S]*Go on with it\?/, 'yes'],
				[/Erase the chip again[\s\S]*Go on\? \(yes\/no\)/, 'yes'],
			]);
			assert.equal(await gone, 0);
			assert.deepEqual(served.bench.chip.dump().eeprom, asked, 'the EEPROM is back');
			assert.deepEqual(stateFiles(folder, 'recovery-'), []);
		} finally {
			await served.close();
		}
	},
);

peerTest(
	'of several waiting recoveries only the latest could be gone on with',
	{programs: ['python3']},
	async () => {
		const served = await serve();
		const folder = newFolder();
		const {eeprom} = served.bench.chip.dump();
		try {
			await served.run(folder, recover, {at: 60});
			await served.run(folder, recover, {at: 60});
			const ids = stateFiles(folder, 'recovery-')
				.map(file => path.basename(file, '.jsonl'))
				.sort();
			assert.equal(ids.length, 2);
			const [first = '', second = ''] = ids;
			const before = served.transfers();
			const listed = /: ATtiny25, begun \d{4}-\d\d-\d\d \d\d:\d\d, interrupted while writing page \d+/;

			const bare = await served.run(folder, ['recover', '--resume']);
			assert.equal(bare.code, 2, 'without a terminal and --yes');
			assert.match(bare.stdout, /2 recoveries wait; the latest goes on/);
			assert.match(bare.stdout, new RegExp(`type: avr-unbrick recover --resume ${first} `));
			assert.match(bare.stdout, new RegExp(`${first}${listed.source}\n`));
			assert.match(bare.stdout, new RegExp(`${second}${listed.source} \\(goes on now\\)`));

			for (const [told, says] of [
				['recovery-2', /"recovery-2" may mean 2 interrupted recoveries; type more of it:/],
				['1999', /There is no interrupted recovery "1999"\. There are:/],
			] as const) {
				for (const command of ['--resume', '--forget']) {
					const run = await served.run(folder, ['recover', command, told, '--yes']);
					assert.equal(run.code, 2, run.stderr);
					assert.match(run.stderr, says);
					for (const id of ids) assert.match(run.stderr, new RegExp(id));
				}
			}
			assert.equal(served.transfers(), before, 'nothing was opened');

			// Both fit, so the board is asked about; the command that goes on with the other one is named.
			const args = ['recover', '--resume', first.replace('recovery-', ''), '--yes'];
			const doubt = await served.run(folder, args);
			assert.equal(doubt.code, 3, doubt.stdout + doubt.stderr);
			assert.match(doubt.stderr, new RegExp(`recover --resume ${second}`));
			const good = await served.run(folder, [...args, '--accept', 'same-board']);
			assert.equal(good.code, 0, good.stdout + good.stderr);
			assert.deepEqual(served.bench.chip.dump().eeprom, eeprom, 'the EEPROM of before the first one');
			assert.deepEqual(
				stateFiles(folder, 'recovery-').map(file => path.basename(file)),
				[`${second}.jsonl`],
			);
			const forgotten = await runCli(['recover', '--forget', second], {folder});
			assert.equal(forgotten.code, 0, forgotten.stderr);
			assert.deepEqual(stateFiles(folder, 'recovery-'), []);
		} finally {
			await served.close();
		}
	},
);

test('--resume with options that would change the plan is refused, not ignored', async () => {
	const folder = newFolder();
	for (const extra of [
		['--fuses', 'keep'],
		['--hex', '/does/not/exist.hex'],
		['--lock', '0xfc'],
		['--verify', 'full'],
		['--no-erase'],
		['--backup', 'none'],
	]) {
		const run = await runCli(['recover', '--resume', '--programmer', 'avrisp', ...extra], {folder});
		assert.equal(run.code, 2, extra.join(' '));
		assert.match(run.stderr, new RegExp(`${extra[0]} cannot change that`));
	}
});
