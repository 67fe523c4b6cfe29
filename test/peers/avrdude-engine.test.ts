// The second engine: an installed avrdude behind the same plan, on the same devices of the bench; and an avrdude that
// is missing, too old or failing.
import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, describe, test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import type {Scenario} from '../../src/bench/scenarios.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {parseBackup} from '../../src/engine/image/backup-file.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createAvrdudeTarget} from '../../src/io/avrdude.ts';
import {jsonLines, runCli} from '../helpers/cli.ts';
import {peerTest} from '../helpers/peers.ts';
import {startUsbRig, type UsbRig} from '../helpers/vusb.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'avrdude-engine-'));
after(() => rmSync(folder, {recursive: true, force: true}));
const cli = path.resolve(import.meta.dirname, '../../dist/cli.js');
let runs = 0;
/** Rigs side by side name their devices alike: each run has a state folder of its own. */
const env = () => {
	const own = path.join(folder, `run-${runs++}`);
	return {
		PATH: process.env.PATH ?? '',
		HOME: own,
		AVR_UNBRICK_OFFLINE: '1',
		AVR_UNBRICK_STATE: path.join(own, 'state'),
		AVR_UNBRICK_CACHE: path.join(own, 'cache'),
	};
};
type Line = {
	readonly type: string;
	readonly phase?: string;
	readonly code?: string;
	readonly message?: string;
	readonly ok?: boolean;
	readonly fuses?: unknown;
	readonly backup?: string;
	readonly chipState?: string;
	readonly sckHz?: number;
	readonly error?: {readonly kind: string; readonly message: string; readonly next: readonly string[]};
};
const linesOf = (stdout: string) =>
	stdout
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as Line);

async function withRig(
	change: Partial<Scenario>,
	body: (rig: UsbRig, bench: ReturnType<typeof createBench>) => Promise<void>,
): Promise<void> {
	const bench = createBench('factory-rc', {change: {programmer: 'usbasp', ...change}});
	assert.ok(bench.usb);
	const rig = await startUsbRig({dut: bench.usb});
	try {
		await body(rig, bench);
	} finally {
		rig.close();
	}
}

const loader = Uint8Array.from({length: 4096}, (_, index) => (index * 197 + (index >> 7) * 13 + 1) & 0xff);
function hexFile(name: string, byteAddress: number, data: Uint8Array): string {
	const file = path.join(folder, name);
	writeFileSync(file, printIntelHex(createImage([{byteAddress, data}])));
	return file;
}

/** As delivered; the fuses that the recovery writes are judged by the same rules as for our own engine. */
const boards = {
	atmega32u4: {fuses: {low: 0x52, high: 0x99, extended: 0xfb}, board: 'promicro_5v', to: '0xff,0xd8,0xcb'},
	atmega32a: {fuses: {low: 0xe1, high: 0x99}, board: undefined, to: 'keep'},
	atmega328p: {fuses: {low: 0x62, high: 0xd9, extended: 0xff}, board: 'uno', to: 'board'},
	at90usb1286: {fuses: {low: 0x5e, high: 0x9b, extended: 0xf3}, board: undefined, to: 'keep'},
} as const;

describe('recover --programmer avrdude:usbasp', {concurrency: 2}, () => {
	for (const [id, {fuses, board, to}] of Object.entries(boards)) {
		const chip = findChip(id);
		assert.ok(chip);
		peerTest(
			`a blank ${chip.name} comes back, and the person is told that avrdude works`,
			{virtualUsb: true, programs: ['avrdude']},
			async () => {
				await withRig({chip: id, fuses}, async (rig, bench) => {
					const start = chip.flash.bytes - loader.length;
					const hex = hexFile(`${id}.hex`, start, loader);
					const {code, stdout, stderr} = await rig.run(
						[
							...[process.execPath, cli, 'recover', '--programmer', 'avrdude:usbasp', '--hex', hex],
							...(board === undefined ? ['--chip', id] : ['--board', board]),
							...['--fuses', to, '--yes', '--json', '--accept', 'clock-unverified'],
						],
						{env: env(), timeoutMs: 120_000},
					);
					const lines = linesOf(stdout);
					const result = lines.at(-1);
					assert.equal(code, 0, JSON.stringify(result) + stderr);
					const dump = bench.chip.dump();
					assert.deepEqual(dump.flash.slice(start), loader);
					const {events} = bench.chip;
					const order = events.map(({what}) => what).filter((what, at, all) => what !== all[at - 1]);
					assert.deepEqual(order, to === 'keep' ? ['erase', 'page'] : ['erase', 'page', 'fuse']);
					if (id === 'atmega32u4') assert.deepEqual(dump.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
					const phases = lines.flatMap(({type, phase}) => (type === 'phase' ? [phase] : []));
					assert.ok(phases.indexOf('backup') < phases.indexOf('erase'));
					assert.ok(result?.backup);
					assert.equal(parseBackup(readFileSync(result.backup, 'utf8'), 'backup').chip, id);
					const engine = lines.find(({code: name}) => name === 'engine');
					assert.match(engine?.message ?? '', /installed avrdude \d+\.\d+ does the work/);
				});
			},
		);
	}

	peerTest(
		'probe needs no chip named, and names the chip',
		{virtualUsb: true, programs: ['avrdude']},
		async () => {
			await withRig({}, async (rig, bench) => {
				const {code, stdout, stderr} = await rig.run(
					[process.execPath, cli, 'probe', '--programmer', 'avrdude:usbasp', '--json'],
					{env: env()},
				);
				assert.equal(code, 0, stdout + stderr);
				const identity = linesOf(stdout).find(({type}) => type === 'identity');
				assert.equal((identity as {chip?: string} | undefined)?.chip, 'atmega32u4');
				assert.equal(bench.touched(), false);
			});
		},
	);

	for (const [name, change, kinds] of [
		['a silent chip', {surroundings: {volts: 0, crystalHz: 16e6}}, ['NoTarget']],
		[
			'another chip',
			{chip: 'atmega328p', fuses: {low: 0x62, high: 0xd9, extended: 0xff}},
			['WrongSignature'],
		],
		['a locked chip', {lock: 0xec}, ['ConsentMissing']],
	] as const) {
		peerTest(`${name} is left alone`, {virtualUsb: true, programs: ['avrdude']}, async () => {
			await withRig(change, async (rig, bench) => {
				const {code, stdout, stderr} = await rig.run(
					[
						...[process.execPath, cli, 'recover', '--programmer', 'avrdude:usbasp', '--chip', 'atmega32u4'],
						...['--hex', hexFile('loader.hex', 0x7000, loader), '--yes', '--json'],
					],
					{env: env()},
				);
				const result = linesOf(stdout).at(-1);
				assert.equal(code, name === 'a locked chip' ? 3 : 1, stdout + stderr);
				assert.ok((kinds as readonly string[]).includes(result?.error?.kind ?? ''), JSON.stringify(result));
				assert.equal(result?.chipState, 'untouched');
				assert.equal(bench.touched(), false);
			});
		});
	}

	peerTest(
		'a programmer that is not plugged in is said',
		{virtualUsb: true, programs: ['avrdude']},
		async () => {
			await withRig({}, async rig => {
				const {code, stdout, stderr} = await rig.run(
					[process.execPath, cli, 'probe', '--programmer', 'avrdude:usbtiny', '--json'],
					{env: env()},
				);
				assert.equal(code, 1, stdout + stderr);
				assert.equal(linesOf(stdout).at(-1)?.error?.kind, 'DeviceMissing', stdout);
			});
		},
	);
});

/** A program called avrdude that is not one, or not a good one. */
function pretend(name: string, script: string): Record<string, string> {
	const bin = path.join(folder, name);
	mkdirSync(bin, {recursive: true});
	const file = path.join(bin, 'avrdude');
	writeFileSync(file, `#!/bin/sh\n${script}\n`);
	chmodSync(file, 0o755);
	return {PATH: `${bin}:/usr/bin:/bin`};
}

const list = `case "$*" in
-v) echo 'avrdude: Version 7.1' >&2; exit 0;;
'-c ?') printf '  dragon_isp = AVR Dragon in ISP mode\\n' >&2; exit 0;;`;
for (const [name, bin, kind, words] of [
	[
		'missing',
		() => ({PATH: path.join(folder, 'nowhere')}),
		'DeviceMissing',
		/installed avrdude is not there/,
	],
	['too old', () => pretend('old', "echo 'avrdude: Version 5.11.1' >&2"), 'FirmwareTooOld', /5\.11.*6\.3/],
	[
		'broken',
		() => pretend('broken', "echo 'avrdude: error while loading libusb' >&2; exit 127"),
		'Refused',
		/loading libusb/,
	],
	['without this programmer', () => pretend('few', `${list}\nesac`), 'DeviceMissing', /"dragon_pp".*7\.1/],
] as const) {
	test(`an avrdude that is ${name} is said plainly`, async () => {
		const run = await runCli(['probe', '--programmer', 'avrdude:dragon_pp', '--chip', 'm32u4', '--json'], {
			folder,
			env: bin(),
		});
		assert.equal(run.code, 1, run.stderr);
		const result = jsonLines(run).at(-1) as Line;
		assert.equal(result.error?.kind, kind);
		assert.match(result.error?.message ?? '', words);
		assert.ok((result.error?.next.length ?? 0) > 0);
		assert.doesNotMatch(result.error?.next.join(' ') ?? '', /Plug/);
	});
}

test('what avrdude says when it fails is read, and its last words are kept', async () => {
	const bin = pretend(
		'fails',
		`${list}\n*) echo 'avrdude: jtagmkII_getsync(): the firmware is on strike' >&2; echo 'avrdude: jtagmkII_open error: no luck today' >&2; exit 1;;\nesac`,
	);
	const run = await runCli(['probe', '--programmer', 'avrdude:dragon_isp', '--chip', 'm32u4', '--json'], {
		folder,
		env: bin,
	});
	assert.equal(run.code, 1, run.stderr);
	const result = jsonLines(run).at(-1) as Line;
	assert.equal(result.chipState, 'untouched');
	assert.match(JSON.stringify(result.error), /no luck today|programmer/);
});

/** An avrdude over a chip in a file, whose writes land on `lands` as well as, or instead of, what was asked. */
async function disturbed(name: string, lands: readonly string[]) {
	const chipFile = path.join(folder, `${name}.json`);
	const cells = {signature: [0x1e, 0x95, 0x87], lfuse: 0xff, hfuse: 0xd8, efuse: 0xcb, lock: 0xff};
	writeFileSync(chipFile, JSON.stringify(cells));
	const program = path.join(folder, `${name}.mjs`);
	writeFileSync(
		program,
		`#!${process.execPath}
import {readFileSync, writeFileSync} from 'node:fs';
const cells = JSON.parse(readFileSync('${chipFile}', 'utf8'));
for (const [index, word] of process.argv.entries()) {
	if (word !== '-U') continue;
	const [memory, operation, value] = process.argv[index + 1].split(':');
	if (operation === 'r') writeFileSync(value, Uint8Array.from([cells[memory]].flat()));
	else for (const hit of ${JSON.stringify(lands)}) cells[hit === 'own' ? memory : hit] = Number(value);
}
writeFileSync('${chipFile}', JSON.stringify(cells));
`,
	);
	chmodSync(program, 0o755);
	const target = createAvrdudeTarget(
		{program, version: '7.1', programmers: new Map()},
		{programmer: 'dragon_isp', sckHz: 125_000},
	);
	await target.identify(findChip('atmega32u4'));
	return target;
}

for (const [lands, says, strays] of [
	[['own'], undefined, []],
	[
		['lfuse'],
		/The high fuse reads back 0xd8, not 0xd0 .*The low fuse was hit, too: it reads 0xd0, not 0xff/,
		[['low', 0xff]],
	],
	[['own', 'lfuse'], /^The low fuse reads back 0xd0, not 0xff/, [['low', 0xff]]],
	[['own', 'lock'], /^The lock byte reads back 0xd0, not 0xff/, [['lock', 0xd0]]],
	[
		['lfuse', 'efuse'],
		/The high fuse reads back 0xd8, not 0xd0 .*The low fuse was hit, too.*The extended fuse was hit, too/,
		[
			['low', 0xd0],
			['extended', 0xcb],
		],
	],
] as const) {
	test(`a fuse write over avrdude that landed on ${lands.join(' and ')}: only the byte sent was looked at`, async () => {
		const target = await disturbed(lands.join('-'), lands);
		const told: (readonly [string, number])[] = [];
		const writing = target.writeFuse('high', 0xd0, async ({byte, value}) => {
			told.push([byte, value]);
		});
		if (says === undefined) await writing;
		else
			await assert.rejects(writing, (error: unknown) => {
				assert.ok(isKind(error, 'FuseReadback'));
				assert.match((error as Error).message, says);
				return true;
			});
		assert.deepEqual(told, strays);
	});
}

test('a lock write over avrdude that landed on a fuse byte: only the lock byte was looked at', async () => {
	const target = await disturbed('lock-write', ['own', 'efuse']);
	await assert.rejects(target.writeLock(0xfc), /The extended fuse reads back 0xfc, not 0xcb/);
});

test('a fuse byte that changed before a fuse write over avrdude stops it', async () => {
	const target = await disturbed('before', ['own']);
	const chipFile = path.join(folder, 'before.json');
	const cells = JSON.parse(readFileSync(chipFile, 'utf8'));
	writeFileSync(chipFile, JSON.stringify({...cells, lfuse: 0x7f}));
	await assert.rejects(target.writeFuse('high', 0xd0), /The low fuse reads back 0x7f, not 0xff/);
	assert.equal(JSON.parse(readFileSync(chipFile, 'utf8')).hfuse, cells.hfuse, 'nothing was sent');
});
