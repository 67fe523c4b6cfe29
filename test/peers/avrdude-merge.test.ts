// A merge of application and bootloader against what avrdude writes when given both in turn.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {promisify} from 'node:util';
import {createBench} from '../../src/bench/bench.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {mergeImages} from '../../src/engine/image/merge.ts';
import {peerTest} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';

const run = promisify(execFile);
const scratch = mkdtempSync(path.join(tmpdir(), 'avrdude-merge-'));
after(() => rmSync(scratch, {recursive: true, force: true}));

const chip = findChip('atmega32u4')!;
const filling = (length: number, seed: number) =>
	Array.from({length}, (_, index) => (index * 37 + seed * 11 + (index >> 8)) & 0xff);

/** Pairs at the borders: odd lengths, a page cut short, an application up to the boot section, gaps. */
const pairs = [
	{name: 'odd', application: [[0, 1003]], bootloader: [[0x7000, 2999]]},
	{
		name: 'full',
		application: [[0, 0x7000]],
		bootloader: [[0x7000, 0x1000]],
	},
	{
		name: 'gaps',
		application: [
			[0, 130],
			[0x123, 5],
			[0x6f80, 127],
		],
		bootloader: [
			[0x7e00, 4],
			[0x7e81, 200],
			[0x7ffe, 2],
		],
	},
] as const;

function hexFile(name: string, pieces: readonly (readonly [number, number])[], seed: number) {
	const image = createImage(
		pieces.map(([byteAddress, length], index) => {
			const data = filling(length, seed + index);
			if (index === 0) data.splice(0, 4, 0x0c, 0x94, 0x02, 0x00);
			return {byteAddress, data: Uint8Array.from(data)};
		}),
	);
	const file = path.join(scratch, name);
	writeFileSync(file, printIntelHex(image));
	return {file, image: parseIntelHex(Buffer.from(printIntelHex(image)), name).image};
}

/** The chip's flash after avrdude erased it and wrote the files one after the other. */
async function writtenInTurn(files: readonly string[]): Promise<Uint8Array> {
	const bench = createBench('factory-rc');
	const pty = await serveOnPty(bench.device!);
	try {
		const writes = files.flatMap(file => ['-U', `flash:w:${file}:i`]);
		const all = ['-c', 'stk500v1', '-b', '19200', '-P', pty.path, '-p', 'm32u4', '-e', '-D', ...writes];
		await run('avrdude', all, {timeout: 60_000}).catch(error => {
			throw new Error(`avrdude ${all.join(' ')}\n${error.stderr}`);
		});
		return bench.chip.dump().flash;
	} finally {
		await pty.close();
	}
}

for (const pair of pairs) {
	peerTest(
		`merge of application and bootloader is what avrdude writes from both in turn (${pair.name})`,
		{programs: ['avrdude', 'python3']},
		async () => {
			const application = hexFile(`${pair.name}.hex`, pair.application, 1);
			const bootloader = hexFile(`${pair.name}_bootloader.hex`, pair.bootloader, 5);
			const merged = mergeImages({
				chip,
				application: {name: 'app', image: application.image},
				bootloader: {name: 'boot', image: bootloader.image},
			});
			const production = path.join(scratch, `${pair.name}_production.hex`);
			writeFileSync(production, printIntelHex(merged.image));
			const inTurn = await writtenInTurn([application.file, bootloader.file]);
			assert.deepEqual(merged.image.slice(0, chip.flash.bytes), inTurn);
			// And avrdude reads our file as we mean it.
			assert.deepEqual(await writtenInTurn([production]), inTurn);
		},
	);
}
