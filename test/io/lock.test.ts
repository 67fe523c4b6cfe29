// Locks in the state folder: one copy of the program at a time, and nothing left behind by a dead one holds anybody up.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {isKind} from '../../src/engine/errors.ts';
import {isLocked, takeLock} from '../../src/io/lock.ts';
import {createStore} from '../../src/io/store.ts';

const root = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-lock-'));
after(() => rmSync(root, {recursive: true, force: true}));
let folders = 0;
const newFolder = () => path.join(root, `state${folders++}`);
const what = '/dev/ttyACM0';

/** Another process that lives until it is told to end; it takes the lock when asked to. */
async function otherProcess(script: string) {
	const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	await once(child.stdout, 'data');
	return {
		pid: child.pid!,
		async end(signal: NodeJS.Signals) {
			child.kill(signal);
			await once(child, 'exit');
		},
	};
}
const taking = (folder: string) =>
	`import {takeLock} from ${JSON.stringify(path.resolve(import.meta.dirname, '../../src/io/lock.ts'))};
	await takeLock(${JSON.stringify(folder)}, ${JSON.stringify(what)});
	console.log('taken'); process.stdin.resume();`;

test('taken, refused to another process by number, free again after a kill', async () => {
	const folder = newFolder();
	const other = await otherProcess(taking(folder));
	assert.equal(await isLocked(folder, what), true);
	await assert.rejects(takeLock(folder, what), error => {
		assert.ok(isKind(error, 'DeviceBusy'));
		assert.equal(error.facts.otherCopy, other.pid);
		assert.equal(
			error.message,
			`Another copy of this program (process ${other.pid}) is at work with ${what}.`,
		);
		return true;
	});
	assert.equal(await isLocked(folder, '/dev/ttyACM1'), false, 'another port is free');
	await other.end('SIGKILL');
	assert.equal(await isLocked(folder, what), false);
	const release = await takeLock(folder, what);
	assert.equal(readdirSync(folder).length, 1);
	await release();
	assert.deepEqual(readdirSync(folder), [], 'nothing is left behind');
});

test('what is no lock of a living copy holds nobody up', async () => {
	for (const content of [
		'',
		'{"pid":',
		'"text"',
		JSON.stringify({pid: 0, started: '1', host: hostname(), token: 'a'}),
		// The number was given to another process since.
		JSON.stringify({pid: process.ppid, started: '1', host: hostname(), token: 'a'}),
		// A state folder that several machines share.
		JSON.stringify({pid: process.ppid, started: '', host: 'another-machine', token: 'a'}),
	]) {
		const folder = newFolder();
		const release = await takeLock(folder, what);
		await release();
		writeFileSync(path.join(folder, 'lock--dev-ttyACM0'), content);
		const again = await takeLock(folder, what);
		assert.equal(readdirSync(folder).length, 1, content);
		await again();
		assert.deepEqual(readdirSync(folder), [], content);
	}
});

test('a lock of a process whose start nobody knows held for ever, whoever got its number', async () => {
	const folder = newFolder();
	mkdirSync(folder);
	const file = path.join(folder, 'lock-P');
	writeFileSync(file, JSON.stringify({pid: process.ppid, started: '', host: hostname(), token: 'a'}));
	assert.equal(await isLocked(folder, 'P'), true);
	const yesterday = new Date(Date.now() - 25 * 60 * 60 * 1000);
	utimesSync(file, yesterday, yesterday);
	assert.equal(await isLocked(folder, 'P'), false);
});

test('a folder that cannot be written gives no lock and no error', async () => {
	const file = path.join(root, 'a-file');
	writeFileSync(file, '');
	const release = await takeLock(path.join(file, 'state'), what);
	await release();
	assert.equal(await isLocked(path.join(file, 'state'), what), false);
});

test('a store holds its journals the same way', async () => {
	const folder = newFolder();
	const store = createStore(folder);
	const release = await store.hold!('recovery-1.jsonl');
	assert.equal(await store.isHeld!('recovery-1.jsonl'), false, 'our own is no obstacle');
	assert.deepEqual(await store.list('recovery-'), []);
	await release();
});
