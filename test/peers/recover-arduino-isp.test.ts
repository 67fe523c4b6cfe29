// The built program over the real serialport package against the stock ArduinoISP sketch: a board comes back, and
// every wiring fault ends in a true answer.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {after, describe} from 'node:test';
import {findChip} from '../../src/engine/chips/index.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {
	type ArduinoIspRig,
	arduinoIspNeeds,
	type RigOptions,
	startArduinoIspRig,
} from '../helpers/arduino-isp-rig.ts';
import {jsonLines, runCli} from '../helpers/cli.ts';
import {peerTest} from '../helpers/peers.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'recover-'));
after(() => rmSync(folder, {recursive: true, force: true}));

const full = Uint8Array.from({length: 32_768}, (_, index) => (index * 197 + (index >> 7) * 13 + 1) & 0xff);
const loader = full.slice(0x7000);
function hexFile(name: string, byteAddress: number, data: Uint8Array): string {
	const file = path.join(folder, name);
	writeFileSync(file, printIntelHex(createImage([{byteAddress, data}])));
	return file;
}
const fullHex = hexFile('full.hex', 0, full);
const loaderHex = hexFile('loader.hex', 0x7000, loader);

const blankRc = {low: 0x52, high: 0x99, extended: 0xfb};
const plain = {low: 0x5e, high: 0x99, extended: 0xf3};

async function withRig(options: RigOptions, body: (rig: ArduinoIspRig) => Promise<void>): Promise<void> {
	const rig = await startArduinoIspRig(options);
	try {
		await body(rig);
	} finally {
		await rig.close();
	}
}
type Result = {
	readonly ok: boolean;
	readonly fuses?: unknown;
	readonly backup?: string;
	readonly chipState?: string;
	readonly error?: {readonly kind: string; readonly message: string; readonly likely: readonly string[]};
};
/** Runs `recover` on the rig: exit code, result line, and how long the process took. */
async function recover(rig: ArduinoIspRig, hex: string, ...more: readonly string[]) {
	const start = performance.now();
	const run = await runCli(
		[
			...['recover', '--programmer', 'arduino-isp', '--port', rig.path, '--chip', 'atmega32u4'],
			...['--hex', hex, '--fuses', '0xff,0xd8,0xcb', '--yes', '--json', ...more],
		],
		{folder},
	);
	const result = jsonLines(run).at(-1) as Result | undefined;
	assert.ok(result, run.stderr);
	return {code: run.code, result, seconds: (performance.now() - start) / 1000, stderr: run.stderr};
}

// Mostly waiting for ports and boards: side by side they take a third of the time.
describe('recover behind the stock ArduinoISP', {concurrency: 3}, () => {
	peerTest(
		'recover brings a blank ATmega32U4RC back behind the stock ArduinoISP',
		arduinoIspNeeds,
		async () => {
			await withRig({fuses: blankRc}, async rig => {
				const {code, result, stderr} = await recover(rig, fullHex);
				assert.equal(code, 0, JSON.stringify(result) + stderr);
				assert.equal(result.ok, true);
				assert.deepEqual(result.fuses, {low: '0xff', high: '0xd8', extended: '0xfb'});
				const state = await rig.state();
				assert.deepEqual(state.flash, full);
				assert.deepEqual(state.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
				assert.equal(state.lock, 0xff);
				assert.deepEqual(state.violations, []);
				assert.ok(result.backup);
				assert.ok(readFileSync(result.backup, 'utf8').length > 0);
			});
		},
	);

	peerTest(
		'a plain part as delivered is locked: no backup without a word, then it works',
		arduinoIspNeeds,
		async () => {
			await withRig({fuses: plain, lock: 0xec, flash: full}, async rig => {
				const refused = await recover(rig, loaderHex);
				assert.equal(refused.code, 3, refused.stderr);
				assert.equal(refused.result.error?.kind, 'ConsentMissing');
				assert.match(refused.result.error?.message ?? '', /no-backup/);
				assert.equal(refused.result.chipState, 'untouched');
				assert.deepEqual((await rig.state()).events, []);

				const done = await recover(rig, loaderHex, '--accept', 'no-backup');
				assert.equal(done.code, 0, JSON.stringify(done.result) + done.stderr);
				const state = await rig.state();
				assert.deepEqual(state.flash.slice(0x7000), loader);
				assert.ok(state.flash.slice(0, 0x7000).every(byte => byte === 0xff));
				assert.deepEqual(state.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
				assert.equal(state.lock, 0xff);
				assert.deepEqual(state.violations, []);
			});
		},
	);

	peerTest(
		'backup, recover and restore give the same memories; a cut file, a changed byte, another chip are refused',
		arduinoIspNeeds,
		async () => {
			const flash = full.slice(0, 8192);
			const eeprom = full.slice(777, 777 + 512);
			const fuses = {low: 0xe2, high: 0xdf, extended: 0xf9};
			const saved = path.join(folder, 'mine.json');
			const base = (rig: ArduinoIspRig) => ['--programmer', 'arduino-isp', '--port', rig.path, '--json'];
			const hashes = ({flash, eeprom}: {flash: Uint8Array; eeprom: Uint8Array}) =>
				[flash, eeprom].map(memory => createHash('sha256').update(memory).digest('hex'));
			await withRig({chip: 'atmega88p', fuses, flash, eeprom}, async rig => {
				const before = await rig.state();
				assert.deepEqual(before.flash, flash);
				const taken = await runCli(['backup', ...base(rig), '-o', saved], {folder});
				assert.equal(taken.code, 0, taken.stderr);
				const hex = hexFile('small.hex', 0, loader.slice(0, 1000));
				const other = await runCli(['recover', ...base(rig), '--chip', 'atmega88p', '--hex', hex, '--yes'], {
					folder,
				});
				assert.equal(other.code, 0, other.stderr);
				assert.notDeepEqual(hashes(await rig.state()), hashes(before));

				const text = readFileSync(saved, 'utf8');
				const spoiled: readonly (readonly [string, string])[] = [
					['cut.json', text.slice(0, Math.floor(text.length / 2))],
					[
						'changed.json',
						text.replace(
							/(":10[0-9A-F]{4}00)([0-9A-F]{2})/,
							(_all, head, byte) => `${head}${byte === '00' ? '01' : '00'}`,
						),
					],
				];
				for (const [name, content] of spoiled) {
					assert.notEqual(content, text, name);
					const file = path.join(folder, name);
					writeFileSync(file, content);
					const refused = await runCli(['restore', file, ...base(rig), '--yes'], {folder});
					assert.equal(refused.code, 2, `${name}: ${refused.stderr}`);
				}
				const back = await runCli(['restore', saved, ...base(rig), '--yes'], {folder});
				assert.equal(back.code, 0, back.stderr);
				const after = await rig.state();
				assert.deepEqual(hashes(after), hashes(before));
				assert.deepEqual(after.fuses, before.fuses);
				assert.deepEqual(after.violations, []);
			});
			await withRig({fuses: blankRc}, async rig => {
				const run = await runCli(['restore', saved, ...base(rig), '--yes'], {folder});
				assert.equal(run.code, 1, run.stderr);
				const result = jsonLines(run).at(-1) as Result;
				assert.equal(result.error?.kind, 'WrongSignature');
				assert.deepEqual((await rig.state()).events, []);
			});
		},
	);

	for (const [chip, fuses] of [
		['atmega32a', {low: 0xe1, high: 0x99}],
		['atmega328p', {low: 0x62, high: 0xd9, extended: 0xff}],
		['at90usb1286', {low: 0x5e, high: 0x9b, extended: 0xf3}],
	] as const) {
		peerTest(`a blank ${chip} behind the stock ArduinoISP`, arduinoIspNeeds, async () => {
			await withRig({chip, fuses}, async rig => {
				const bytes = findChip(chip)?.flash.bytes ?? 0;
				const hex = hexFile(`${chip}.hex`, bytes - loader.length, loader);
				const run = await runCli(
					[
						...['recover', '--programmer', 'arduino-isp', '--port', rig.path, '--chip', chip],
						...['--hex', hex, '--yes', '--json', '--backup', 'none'],
					],
					{folder},
				);
				assert.equal(run.code, 0, run.stderr);
				const state = await rig.state();
				assert.deepEqual(state.flash.slice(bytes - loader.length), loader);
				assert.deepEqual(state.violations, []);
			});
		});
	}

	const faults: readonly {readonly name: string; readonly cause: RegExp; readonly options: RigOptions}[] = [
		{
			name: 'no target',
			cause: /wire|connect|MISO|open|loose/i,
			options: {faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}},
		},
		{name: 'no power', cause: /power|supply|VCC/i, options: {surroundings: {volts: 0, crystalHz: 16e6}}},
		{
			name: 'swapped data lines',
			cause: /MISO.*MOSI|MOSI.*MISO/i,
			options: {faults: {swapped: [['MOSI', 'MISO']]}},
		},
	];
	for (const {name, cause, options} of faults) {
		peerTest(`${name}: exit 1 within 10 s, chip untouched, the cause is named`, arduinoIspNeeds, async () => {
			await withRig({fuses: blankRc, seed: 3, ...options}, async rig => {
				const {code, result, seconds, stderr} = await recover(rig, loaderHex);
				assert.equal(code, 1, JSON.stringify(result) + stderr);
				assert.match(result.error?.kind ?? '', /^(NoTarget|UnstableLink)$/);
				assert.equal(result.chipState, 'untouched');
				assert.ok(
					result.error?.likely.some(line => cause.test(line)),
					JSON.stringify(result.error),
				);
				assert.ok(seconds < 10, `${seconds} s`);
				assert.deepEqual((await rig.state()).events, []);
			});
		});
	}

	peerTest('the same bytes get the same answer, whatever the fault', arduinoIspNeeds, async () => {
		const low = {floats: 'low'} as const;
		const answers: unknown[] = [];
		await withRig({fuses: blankRc, faults: {...low, open: ['MISO']}}, async rig => {
			for (const change of [
				() => Promise.resolve(),
				() => rig.rewire({...low, swapped: [['MOSI', 'MISO']]}),
				() => rig.rewire(low).then(() => rig.surround({volts: 0, crystalHz: 16e6})),
			]) {
				await change();
				const {result} = await recover(rig, loaderHex);
				answers.push(result.error);
			}
		});
		assert.equal(answers.length, 3);
		assert.deepEqual(answers[1], answers[0]);
		assert.deepEqual(answers[2], answers[0]);
	});
});
