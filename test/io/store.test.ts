import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {
	appendFile,
	chmod,
	mkdir,
	mkdtemp,
	open,
	readdir,
	readFile,
	rename,
	rm,
	stat,
	symlink,
	utimes,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {createVirtualClock} from '../../src/bench/clock.ts';
import {createMemoryStore} from '../../src/bench/memory-store.ts';
import {checkPlace, createStore, stateFolder} from '../../src/io/store.ts';

const root = await mkdtemp(path.join(os.tmpdir(), 'avr-unbrick-store-'));
after(() => rm(root, {recursive: true, force: true}));
let folders = 0;
const fresh = () => path.join(root, `state-${folders++}`);

test('a receipt tells path, size and checksum of what was read back; only the owner may read it', async () => {
	const folder = fresh();
	const store = createStore(folder);
	const text = 'backup ä\n'.repeat(1000);
	const receipt = await store.writeDurably('backups/one.txt', text);
	assert.deepEqual(receipt, {
		path: path.join(folder, 'backups/one.txt'),
		bytes: Buffer.byteLength(text),
		sha256: createHash('sha256').update(text).digest('hex'),
	});
	assert.equal((await stat(receipt.path)).mode & 0o777, 0o600);
	assert.equal((await stat(folder)).mode & 0o777, 0o700);
	assert.equal(await store.readText('backups/one.txt'), text);
	assert.deepEqual(await readdir(path.join(folder, 'backups')), ['one.txt']);
});

test('a write replaces the file whole, and a link by a file', async () => {
	const folder = fresh();
	const store = createStore(folder);
	await store.writeDurably('a', 'long text that was there before');
	await store.writeDurably('a', 'new');
	assert.equal(await store.readText('a'), 'new');
	await writeFile(path.join(root, 'victim'), 'mine');
	await symlink(path.join(root, 'victim'), path.join(folder, 'link'));
	await store.writeDurably('link', 'x');
	assert.equal(await readFile(path.join(root, 'victim'), 'utf8'), 'mine');
});

test('a name cannot leave the state folder; an absolute path is taken as it is', async () => {
	const store = createStore(fresh());
	for (const name of ['../up', 'a/../../up', '..']) {
		await assert.rejects(store.writeDurably(name, 'x'), RangeError, name);
	}
	const receipt = await store.writeDurably(path.join(root, 'own.txt'), 'x');
	assert.equal(receipt.path, path.join(root, 'own.txt'));
	await assert.rejects(store.writeDurably(path.join(root, 'no/such/folder/x'), 'x'), /Cannot write/);
});

test('a disk that refuses gives no receipt, leaves no scrap, and the old file stays', async t => {
	const folder = fresh();
	const store = createStore(folder);
	await store.writeDurably('kept', 'old');
	await mkdir(path.join(folder, 'taken'));
	// A folder stands where the file should go: the rename fails after the write.
	await assert.rejects(store.writeDurably('taken', 'x'), /Cannot write .*taken/);
	assert.deepEqual((await readdir(folder)).sort(), ['kept', 'taken']);
	if (process.getuid?.() === 0) {
		t.diagnostic('root may write anywhere: the permission half is not tried');
		return;
	}
	await chmod(folder, 0o500);
	await assert.rejects(store.writeDurably('kept', 'new'), /Cannot write/);
	await chmod(folder, 0o700);
	assert.equal(await store.readText('kept'), 'old');
});

test('a backup never takes the place of another one: two of the same second, or a name that is in use', async () => {
	const folder = fresh();
	const memory = createMemoryStore(createVirtualClock());
	for (const store of [createStore(folder), memory]) {
		const first = await store.writeDurably('b.json', 'one', 'new-name');
		const second = await store.writeDurably('b.json', 'two', 'new-name');
		assert.deepEqual(
			[first.path, second.path].map(file => path.basename(file)),
			['b.json', 'b-2.json'],
		);
		const third = await store.writeDurably('b.json', 'three', 'set-aside');
		assert.equal(path.basename(third.path), 'b.json');
		const texts = ['b.json', 'b-2.json', 'b-3.json'].map(name => store.readText(name));
		assert.deepEqual(await Promise.all(texts), ['three', 'two', 'one']);
		assert.deepEqual(await store.list('b'), ['b-2.json', 'b-3.json', 'b.json']);
	}
	const both = createStore(folder);
	const receipts = await Promise.all(
		Array.from({length: 8}, (_, index) => both.writeDurably('race.json', String(index), 'new-name')),
	);
	assert.equal(new Set(receipts.map(receipt => receipt.path)).size, 8);
	for (const [index, receipt] of receipts.entries()) {
		assert.equal(await both.readText(receipt.path), String(index));
	}
});

test('a place that cannot be written is told as NotSaved, before and while writing', async () => {
	const root = fresh();
	await mkdir(root);
	await writeFile(path.join(root, 'file'), 'x');
	for (const [file, reason] of [
		[path.join(root, 'no/such/folder/x'), 'it is not there'],
		[path.join(root, 'file/x'), 'a part of its path is no folder'],
		[root, 'what is there is no ordinary file'],
	] as const) {
		const expected = {kind: 'NotSaved', message: `Cannot write ${file}: ${reason}.`};
		await assert.rejects(checkPlace(file), expected);
		await assert.rejects(createStore(path.join(root, 'state')).writeDurably(file, 'x'), expected);
	}
	await checkPlace(path.join(root, 'file'));
	// Node's own mkdir -p never comes back from here.
	if (process.platform === 'linux') {
		await assert.rejects(createStore('/proc/no-such-folder').writeDurably('x', 'x'), {kind: 'NotSaved'});
	}
});

test('what is not there is undefined, and removing it is fine', async () => {
	const store = createStore(fresh());
	assert.equal(await store.readText('none'), undefined);
	await store.remove('none');
	assert.deepEqual(await store.list(''), []);
});

test('list knows the prefix, sorts, and hides files half written', async () => {
	const folder = fresh();
	const store = createStore(folder);
	for (const name of ['journal-2', 'journal-1', 'other']) await store.writeDurably(name, name);
	await writeFile(path.join(folder, 'journal-3.1-0.tmp'), 'x');
	assert.deepEqual(await store.list('journal-'), ['journal-1', 'journal-2']);
	await store.remove('journal-1');
	assert.deepEqual(await store.list('journal-'), ['journal-2']);
});

test('lines are appended whole, also behind one that a power cut tore', async () => {
	const folder = fresh();
	const store = createStore(folder);
	await store.appendLine('journal', '{"a":1}');
	await store.appendLine('journal', '{"a":2}');
	await appendFile(path.join(folder, 'journal'), '{"a":');
	await store.appendLine('journal', '{"a":3}');
	assert.equal(await store.readText('journal'), '{"a":1}\n{"a":2}\n{"a":\n{"a":3}\n');
	assert.equal((await stat(path.join(folder, 'journal'))).mode & 0o777, 0o600);
	await assert.rejects(store.appendLine('journal', 'a\nb'), RangeError);
});

test('a journal that was taken away while it was written came back without its first line', async () => {
	const folder = fresh();
	const store = createStore(folder);
	await store.appendLine('journal', '{"a":1}');
	await store.appendLine('journal', '{"a":2}', 'must-be');
	await rename(folder, `${folder}-away`);
	await assert.rejects(store.appendLine('journal', '{"a":3}', 'must-be'), {kind: 'NotSaved'});
	await assert.rejects(stat(folder), {code: 'ENOENT'});
	await rename(`${folder}-away`, folder);
	await store.appendLine('journal', '{"a":4}', 'must-be');
	assert.equal(await store.readText('journal'), '{"a":1}\n{"a":2}\n{"a":4}\n');
	await writeFile(path.join(folder, 'journal'), '');
	await assert.rejects(store.appendLine('journal', '{"a":5}', 'must-be'), {kind: 'NotSaved'});
	assert.equal(await store.readText('journal'), '');
});

test('half a line that a full disk took stayed, and tore the journal', async t => {
	const folder = fresh();
	const store = createStore(folder);
	await store.appendLine('journal', '{"a":1}');
	const handle = await open(path.join(folder, 'journal'));
	const handles = Object.getPrototypeOf(handle) as typeof handle;
	await handle.close();
	const full = t.mock.method(handles, 'appendFile', async function (this: typeof handle) {
		await this.write('{"a":');
		throw Object.assign(new Error('no space left'), {code: 'ENOSPC'});
	});
	await assert.rejects(store.appendLine('journal', '{"a":2}'), {kind: 'NotSaved'});
	full.mock.restore();
	assert.equal(await store.readText('journal'), '{"a":1}\n');
	await store.appendLine('journal', '{"a":3}');
	assert.equal(await store.readText('journal'), '{"a":1}\n{"a":3}\n');
});

test('a line went through a link that stood in place of a journal', {
	skip: process.platform === 'win32',
}, async () => {
	const folder = fresh();
	await mkdir(folder);
	await writeFile(path.join(folder, 'victim'), 'precious\n');
	await symlink(path.join(folder, 'victim'), path.join(folder, 'recovery-1.jsonl'));
	await assert.rejects(createStore(folder).appendLine('recovery-1.jsonl', '{}'), {
		kind: 'NotSaved',
		message: /a link stands in its place/,
	});
	assert.equal(await readFile(path.join(folder, 'victim'), 'utf8'), 'precious\n');
	// A log that a person names may be a link.
	await createStore(folder).appendLine(path.join(folder, 'recovery-1.jsonl'), 'said');
	assert.match(await readFile(path.join(folder, 'victim'), 'utf8'), /said/);
});

test('files that a kill left half written stayed for ever', async () => {
	const folder = fresh();
	await mkdir(folder);
	// No system gives numbers as high as the first; this process writes the second one just now.
	const dead = 'backup-x.json.2147483646-0.tmp';
	const alive = `backup-y.json.${process.pid}-77.tmp`;
	for (const name of [dead, alive, 'lock-P.0.tmp', 'of-somebody.tmp']) {
		await writeFile(path.join(folder, name), 'half');
	}
	const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
	await utimes(path.join(folder, 'lock-P.0.tmp'), old, old);
	await createStore(folder).writeDurably('whole.json', 'whole');
	assert.deepEqual((await readdir(folder)).sort(), [alive, 'of-somebody.tmp', 'whole.json']);
});

test('AVR_UNBRICK_STATE moves the folder; the time is ISO 8601 in UTC', () => {
	const before = process.env.AVR_UNBRICK_STATE;
	try {
		process.env.AVR_UNBRICK_STATE = path.join(root, 'elsewhere');
		assert.equal(stateFolder(), path.join(root, 'elsewhere'));
		delete process.env.AVR_UNBRICK_STATE;
		assert.match(stateFolder(), /avr-unbrick/);
	} finally {
		if (before === undefined) delete process.env.AVR_UNBRICK_STATE;
		else process.env.AVR_UNBRICK_STATE = before;
	}
	assert.match(createStore(fresh()).nowIso(), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});
