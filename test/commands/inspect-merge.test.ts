// `inspect` and `merge` as commands: JSON on stdout, words for people, exit codes.
import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {UsageError} from '../../src/commands/exit-codes.ts';
import {inspectCommand} from '../../src/commands/inspect.ts';
import {mergeCommand} from '../../src/commands/merge.ts';
import {outputTo} from '../../src/commands/output.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {type ErrorKind, isKind} from '../../src/engine/errors.ts';
import {printBackup} from '../../src/engine/image/backup-file.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';

let folder: string;
before(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'commands-'));
});
after(() => rm(folder, {recursive: true, force: true}));

/** What a command wrote, apart. */
function capture(json: boolean) {
	const out: string[] = [];
	const err: string[] = [];
	const output = outputTo({
		json,
		stdout: {write: text => out.push(text)},
		stderr: {write: text => err.push(text)},
	});
	return {output, stdout: () => out.join(''), stderr: () => err.join('')};
}

type Piece = readonly [byteAddress: number, data: readonly number[]];
const filling = (length: number) => Array.from({length}, (_, index) => (index * 37) % 251);
const vectors = Array.from({length: 43}, () => [0x0c, 0x94, 0x56, 0x00]).flat();
const application: Piece = [0, [...vectors, ...filling(700)]];
const loader: Piece = [0x7000, [0x10, 0xc0, ...filling(2000)]];

async function hexFile(name: string, ...pieces: readonly Piece[]): Promise<string> {
	const image = createImage(
		pieces.map(([byteAddress, data]) => ({byteAddress, data: Uint8Array.from(data)})),
	);
	const file = path.join(folder, name);
	await writeFile(file, printIntelHex(image));
	return file;
}

const kind = (wanted: ErrorKind) => (error: unknown) => isKind(error, wanted);

test('inspect: one JSON value, words on stderr with it and on stdout without', async () => {
	const file = await hexFile('acme_one_default.hex', application, loader);
	const {output, stdout, stderr} = capture(true);
	assert.equal(await inspectCommand(output, file, {json: true, chip: 'm32u4'}), 0);
	const value = JSON.parse(stdout());
	assert.equal(value.kind, 'combined');
	assert.equal(value.imageBytes, 872 + 2002);
	assert.deepEqual(value.ranges, [
		{start: '0x0000', end: '0x0367', bytes: 872},
		{start: '0x7000', end: '0x77d1', bytes: 2002},
	]);
	assert.equal(value.bootloader.start, '0x7000');
	assert.equal(value.role, 'production');
	assert.equal(value.complete, true);
	assert.match(stderr(), /an application and a bootloader in one image/);

	const people = capture(false);
	assert.equal(await inspectCommand(people.output, file, {}), 0);
	assert.match(people.stdout(), /bootloader at 0x7000/);
	assert.equal(people.stderr(), '');
});

test('inspect: a backup is told as one, with the state of its bootloader', async () => {
	const chip = findChip('atmega32u4')!;
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(application[1]);
	const file = path.join(folder, 'backup.json');
	await writeFile(
		file,
		printBackup({
			takenAt: '2026-01-31T17:45:00.000Z',
			program: 'avr-unbrick 0.1.0',
			programmer: 'usbasp',
			chip: chip.id,
			signature: Uint8Array.from(chip.signature),
			fuses: {low: 0xff, high: 0xd8, extended: 0xfb},
			lock: 0xff,
			flash,
			eeprom: null,
		}),
	);
	const {output, stdout} = capture(true);
	assert.equal(await inspectCommand(output, file, {json: true}), 0);
	const value = JSON.parse(stdout());
	assert.deepEqual(
		[value.kind, value.chip, value.bootloaderState, value.eepromBytes],
		['backup', 'atmega32u4', 'none', null],
	);
	assert.match(value.text, /There is no bootloader: the flash is empty from 0x7000/);
});

test('inspect: what cannot be read is refused, what contradicts itself is still looked at', async () => {
	const silent = capture(true);
	await assert.rejects(inspectCommand(silent.output, path.join(folder, 'none.hex'), {}), kind('BadHex'));
	await assert.rejects(inspectCommand(silent.output, folder, {}), kind('BadHex'));
	await assert.rejects(
		inspectCommand(silent.output, await hexFile('a.hex', application), {chip: 'z80'}),
		UsageError,
	);
	assert.equal(silent.stdout(), '');
	const twice = path.join(folder, 'twice.hex');
	await writeFile(twice, ':040000000C94340028\n:01000000AA55\n:00000001FF\n');
	const looked = capture(true);
	assert.equal(await inspectCommand(looked.output, twice, {json: true}), 0);
	assert.ok(
		JSON.parse(looked.stdout()).notes.some(
			(note: {code: string; severity: string}) => note.code === 'contradiction' && note.severity === 'error',
		),
	);
});

test('merge: the production image on disk, figures in the JSON', async () => {
	const app = await hexFile('acme_two_default.hex', application);
	const boot = await hexFile('acme_two_default_bootloader.hex', loader);
	const file = path.join(folder, 'acme_two_default_production.hex');
	const {output, stdout} = capture(true);
	assert.equal(await mergeCommand(output, app, boot, {json: true, chip: 'atmega32u4', output: file}), 0);
	const value = JSON.parse(stdout());
	assert.deepEqual(
		[value.bootStart, value.applicationBytes, value.bootloaderBytes, value.output],
		['0x7000', 872, 2002, file],
	);
	const {image} = parseIntelHex(await readFile(file), file);
	assert.deepEqual(image.ranges, [
		{start: 0, end: 872},
		{start: 0x7000, end: 0x77d2},
	]);
});

test('merge: a malformed pair leaves no file and what stood there stays', async () => {
	const app = await hexFile('app.hex', application);
	const boot = await hexFile('boot.hex', loader);
	const high = await hexFile('high.hex', application, [0x7fff, [1]]);
	const file = path.join(folder, 'out.hex');
	await writeFile(file, 'mine');
	const {output} = capture(true);
	const merge = (one: string, other: string, chip = 'atmega32u4') =>
		mergeCommand(output, one, other, {chip, output: file});
	await assert.rejects(merge(high, boot), kind('OverlapsBootloader'));
	await assert.rejects(merge(boot, app), kind('BadHex'));
	await assert.rejects(merge(app, boot, 'atmega16u4'), kind('ImageTooLarge'));
	await assert.rejects(merge(app, path.join(folder, 'none')), kind('BadHex'));
	await assert.rejects(merge(app, boot, 'nothing'), UsageError);
	assert.equal(await readFile(file, 'utf8'), 'mine');
	await assert.rejects(
		mergeCommand(output, app, boot, {chip: 'm32u4', output: path.join(folder, 'no', 'where.hex')}),
		/Cannot write .*where\.hex: it is not there/,
	);
});
