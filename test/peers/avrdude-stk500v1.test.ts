// avrdude against the bench's STK500v1 programmer, through a pseudo terminal: a second opinion on the model.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {promisify} from 'node:util';
import {createBench} from '../../src/bench/bench.ts';
import {peerTest} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';

const run = promisify(execFile);
const needs = {programs: ['avrdude', 'python3']};
const scratch = mkdtempSync(path.join(tmpdir(), 'avrdude-'));
after(() => rmSync(scratch, {recursive: true, force: true}));

async function avrdude(port: string, ...args: readonly string[]): Promise<string> {
	// Under the name stk500v1 avrdude counts EEPROM addresses in bytes, which the sketch takes for words.
	const programmer = args.some(arg => arg.startsWith('eeprom')) ? 'arduino' : 'stk500v1';
	const all = ['-c', programmer, '-b', '19200', '-P', port, '-p', 'm32u4', ...args];
	const {stderr} = await run('avrdude', all, {timeout: 60_000}).catch(error => {
		throw new Error(`avrdude ${all.join(' ')}\n${error.stderr}`);
	});
	return stderr;
}
function file(name: string, bytes: Uint8Array): string {
	const where = path.join(scratch, name);
	writeFileSync(where, bytes);
	return where;
}

peerTest('avrdude works with the bench programmer: erase, 32 KB, EEPROM, fuses, lock', needs, async () => {
	const bench = createBench('factory-rc');
	assert.ok(bench.device);
	const pty = await serveOnPty(bench.device);
	try {
		const image = Uint8Array.from(
			{length: 32_768},
			(_, index) => (index * 197 + (index >> 7) * 13 + 1) & 0xff,
		);
		const eeprom = Uint8Array.from({length: 64}, (_, index) => 255 - index);
		const said = await avrdude(pty.path, '-e', '-U', `flash:w:${file('image.bin', image)}:r`);
		assert.match(said, /device signature = 0x1e9587/i);
		assert.match(said, /32768 bytes of flash verified/);
		assert.deepEqual(bench.chip.dump().flash, image);

		await avrdude(
			pty.path,
			'-U',
			`eeprom:w:${file('eeprom.bin', eeprom)}:r`,
			'-U',
			'efuse:w:0xcb:m',
			'-U',
			'hfuse:w:0xd8:m',
			'-U',
			'lfuse:w:0xff:m',
			'-U',
			'lock:w:0xef:m',
		);
		const dump = bench.chip.dump();
		assert.deepEqual(dump.eeprom.slice(0, 64), eeprom);
		assert.deepEqual(dump.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
		assert.equal(dump.lock, 0xef);

		const back = path.join(scratch, 'back.bin');
		await avrdude(pty.path, '-U', `flash:r:${back}:r`);
		assert.deepEqual(Uint8Array.from(readFileSync(back)), image);
		// avrdude reads a fuse or lock byte back while it is still being written; nothing else is lost.
		const lost = bench.violations.filter(one => !/^5[08] 0[08] 00 00 while the (fuse|lock)/.test(one.detail));
		assert.deepEqual(lost, []);
	} finally {
		await pty.close();
	}
});

peerTest('avrdude finds no chip where none is powered', needs, async () => {
	const bench = createBench('no-power', {seed: 3});
	assert.ok(bench.device);
	const pty = await serveOnPty(bench.device);
	try {
		await assert.rejects(avrdude(pty.path), /signature|initialization failed/i);
		assert.ok(!bench.touched());
	} finally {
		await pty.close();
	}
});
