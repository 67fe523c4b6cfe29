// The built program from outside: exit codes, stdout against stderr, the shapes of its JSON (README, "Commands").
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, describe, test} from 'node:test';
import {spawn as spawnInTerminal} from '@lydell/node-pty';
import * as v from 'valibot';
import {createBench, scenarioNames} from '../../src/bench/bench.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type CliOptions, jsonLines, runCli as runProgram} from '../helpers/cli.ts';
import {peerOptions} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-cli-'));
after(() => rmSync(folder, {recursive: true, force: true}));
const runCli = (args: readonly string[], options: CliOptions = {}) => runProgram(args, {folder, ...options});
const inFolder = (name: string) => path.join(folder, name);

/** A made-up program: a jump at the start, then a pattern. */
function sampleImage(byteAddress: number, bytes: number, seed = 7) {
	const data = Uint8Array.from({length: bytes}, (_, index) => (index * 31 + seed + (index >> 8)) & 0xff);
	// rjmp over a vector table (AVR instruction set manual), as programs and loaders begin.
	data.set([0x55, 0xc0]);
	return createImage([{byteAddress, data}]);
}

/** The serial device of a bench; scenarios of this file all have one. */
function deviceOf(bench: ReturnType<typeof createBench>) {
	assert.ok(bench.device !== undefined);
	return bench.device;
}

/** Runs the program in a pseudo terminal and answers once when it asks. */
function inTerminal(
	args: readonly string[],
	question: RegExp,
	answer: string,
): Promise<{readonly code: number; readonly output: string}> {
	return new Promise(resolve => {
		const child = spawnInTerminal(process.execPath, ['dist/cli.js', ...args], {
			cols: 80,
			rows: 24,
			env: {...process.env, AVR_UNBRICK_STATE: inFolder('state')},
		});
		let output = '';
		let answered = false;
		child.onData(data => {
			output += data;
			if (answered || !question.test(output)) return;
			answered = true;
			child.write(answer);
		});
		child.onExit(({exitCode}) => resolve({code: exitCode, output}));
	});
}

const hexText = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{2}$/));
const fuseSchema = v.object({low: hexText, high: v.optional(hexText), extended: v.optional(hexText)});
const failureSchema = v.object({
	type: v.literal('result'),
	ok: v.literal(false),
	error: v.object({
		kind: v.string(),
		message: v.string(),
		likely: v.array(v.string()),
		next: v.pipe(v.array(v.string()), v.minLength(1)),
	}),
	chipState: v.picklist(['untouched', 'erased', 'partly-written', 'written', 'written-and-fused']),
});
const successSchema = v.object({
	type: v.literal('result'),
	ok: v.literal(true),
	chip: v.string(),
	writtenBytes: v.number(),
	verifiedBytes: v.number(),
	fuses: fuseSchema,
	backup: v.nullable(v.string()),
	seconds: v.number(),
});
const identitySchema = v.object({
	type: v.literal('identity'),
	signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{6}$/)),
	fuses: fuseSchema,
	lock: hexText,
	sckHz: v.nullable(v.number()),
});

describe('the command line', {concurrency: 3}, () => {
	test('--version and --help answer on stdout with 0', async () => {
		const version = await runCli(['--version']);
		assert.deepEqual([version.code, version.stderr], [0, '']);
		assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
		const help = await runCli(['--help']);
		assert.deepEqual([help.code, help.stderr], [0, '']);
		for (const word of [
			'diagnose',
			'devices',
			'wiring',
			'chips',
			'boards',
			'fuses',
			'inspect',
			'merge',
			'probe',
			'backup',
			'restore',
			'recover',
			'prepare',
			'flash',
			'--practice',
			'130 interrupted',
		]) {
			assert.ok(help.stdout.includes(word), word);
		}
		const one = await runCli(['recover', '--help']);
		assert.equal(one.code, 0);
		for (const option of [
			'--programmer',
			'--port',
			'--usb',
			'--baud',
			'--chip',
			'--board',
			'--sck',
			'--log',
			'--json',
			'--hex',
			'--bootloader',
			'--app',
			'--fuses',
			'--lock',
			'--backup',
			'--no-erase',
			'--verify',
			'--yes',
			'--accept',
			'--dry-run',
		]) {
			assert.ok(one.stdout.includes(option), option);
		}
	});

	test('an old Node is told so, in one sentence', async () => {
		const pretend = inFolder('old-node.mjs');
		writeFileSync(
			pretend,
			"Object.defineProperty(process, 'versions', {value: {...process.versions, node: '18.19.0'}});",
		);
		const run = await runCli(['chips'], {env: {NODE_OPTIONS: `--import=${pretend}`}});
		assert.deepEqual([run.code, run.stdout], [2, '']);
		assert.match(run.stderr, /^avr-unbrick needs Node 20\.19 or newer; this is 18\.19\.0\.\n$/);
	});

	test('what cannot be run is one sentence on stderr and exit 2', async () => {
		const cases: readonly (readonly [readonly string[], RegExp])[] = [
			[[], /^The wizard needs a terminal .*--practice\.\n$/],
			[['frobnicate'], /^There is no command "frobnicate"\..*\n$/],
			[['--frobnicate'], /^There is no option "--frobnicate"\..*\n$/],
			[['recover', '--frobnicate'], /^Unknown option '--frobnicate'\n?.*\n$/],
			[['wiring', 'usbasp'], /^Missing required argument 'board'\.\n$/],
			[['wiring', 'toaster', 'promicro_5v'], /^There is no programmer "toaster".*\n$/],
			[['wiring', 'usbasp', 'promicro'], /^There is no board and no chip "promicro".*promicro_5v.*\n$/],
			[['wiring', 'usbasp', 'proton_c'], /^.*no AVR.*\n$/],
			[['chips', 'atmega32u5'], /^There is no chip "atmega32u5".*atmega32u4.*\n$/],
			[['boards', 'promicro5v'], /^There is no board "promicro5v".*promicro_5v.*\n$/],
			[['fuses', 'atmega32u4', '0x5e', '0xd9'], /^The ATmega32U4 has 3 fuse bytes .*2 were given\.\n$/],
			[['fuses', 'atmega32u4', '0x5e', '0xd9', 'xyz'], /^The extended fuse must be one byte.*\n$/],
			[
				['fuses', 'atmega32u4', '5e', 'd9', 'c3', '--board', 'plaid'],
				/^The DM9Records Plaid has an atmega328p.*\n$/,
			],
			[['inspect', inFolder('missing.hex')], /^[^\n]*missing\.hex: [^\n]*\n$/],
			[['inspect', folder], /^[^\n]*folder[^\n]*\n$/],
			[['diagnose', inFolder('missing.log')], /^Cannot read [^\n]*missing\.log: it is not there\.\n$/],
			[['--practice', 'unheard-of'], /^There is no practice scenario "unheard-of"\..*healthy.*\n$/],
			[['probe'], /^Name the programmer: .*usbasp.*\n$/],
			[['probe', '--programmer', 'usbasb'], /^There is no programmer "usbasb".*"usbasp".*\n$/],
			[['probe', '--programmer', 'usbasp', '--port', '/dev/ttyACM0'], /^USBasp has no serial port.*\n$/],
			[['probe', '--programmer', 'avrisp', '--usb', '16c0:0483'], /behind a serial port.*\n$/],
			[['probe', '--programmer', 'usbasp', '--sck', 'fast'], /^--sck takes a frequency.*\n$/],
			[['recover', '--programmer', 'usbasp'], /^Name the chip or the board.*\n$/],
			[
				['recover', '--programmer', 'usbasp', '--chip', 'm32u4', '--accept', 'everything'],
				/^There is no risk "everything".*\n$/,
			],
			[['recover', '--programmer', 'usbasp', '--chip', 'm32u4', '--verify', 'maybe'], /^--verify takes.*\n$/],
			[
				['recover', '--programmer', 'usbasp', '--chip', 'm32u4', '--fuses', 'board'],
				/^--fuses board needs --board.*\n$/,
			],
			[
				['recover', '--programmer', 'usbasp', '--board', 'plaid', '--chip', 'm32u4'],
				/but --chip says atmega32u4\.\n$/,
			],
			[['prepare', 'uno'], /^Only promicro_isp and teensy2_isp.*\n$/],
			[['flash', 'x.hex', '--bootloader', 'dfu'], /^--bootloader takes atmel-dfu.*\n$/],
		];
		await Promise.all(
			cases.map(async ([args, sentence]) => {
				const run = await runCli(args);
				const what = args.join(' ');
				assert.equal(run.code, 2, `${what}: ${run.stdout}${run.stderr}`);
				assert.equal(run.stdout, '', what);
				assert.match(run.stderr, sentence, what);
				assert.equal(run.stderr.trimEnd().includes('\n'), false, `${what}: one line, not ${run.stderr}`);
			}),
		);
	});

	test('completion and manual page come from the same table as the help', async () => {
		const bash = await runCli(['completion', 'bash']);
		assert.equal(bash.code, 0);
		const script = inFolder('completion.bash');
		writeFileSync(script, bash.stdout);
		const complete = (...words: string[]) =>
			execFileSync(
				'bash',
				[
					'-c',
					`source ${script}; COMP_WORDS=(avr-unbrick "$@"); COMP_CWORD=$#; _avr_unbrick; echo "\${COMPREPLY[@]}"`,
					'complete',
					...words,
				],
				{encoding: 'utf8'},
			).trim();
		assert.equal(complete('rec'), 'recover');
		assert.equal(complete('recover', '--accept', 'no-'), 'no-backup');
		assert.equal(complete('wiring', 'promicro_i'), 'promicro_isp');
		for (const shell of ['zsh', 'fish', 'powershell']) {
			const other = await runCli(['completion', shell]);
			assert.deepEqual([other.code, other.stderr], [0, ''], shell);
			for (const word of ['recover', 'no-backup', 'promicro_5v'])
				assert.ok(other.stdout.includes(word), shell);
		}
		assert.equal((await runCli(['completion', 'tcsh'])).code, 2);
		const page = (await runCli(['manual'])).stdout;
		for (const word of ['.TH AVR', '\\-\\-dry\\-run', 'EXIT STATUS', '\\fB130\\fR'])
			assert.ok(page.includes(word), word);
	});

	test('fuses: the promised JSON, and 3 on refuse', async () => {
		const schema = v.object({
			chip: v.literal('atmega32u4'),
			bytes: fuseSchema,
			bits: v.array(
				v.object({
					name: v.string(),
					byte: v.picklist(['low', 'high', 'extended']),
					programmed: v.boolean(),
					meaning: v.string(),
				}),
			),
			clock: v.object({source: v.string(), minMHz: v.nullable(v.number()), dividedBy: v.number()}),
			bootStart: v.nullable(v.string()),
			verdict: v.picklist(['safe', 'consent', 'refuse']),
			reasons: v.array(v.object({risk: v.nullable(v.string()), rule: v.string(), bit: v.string()})),
		});
		const safe = await runCli(['fuses', 'atmega32u4', '0x5e', '0xd9', '0xc3', '--json']);
		assert.equal(safe.code, 0);
		const value = v.parse(schema, JSON.parse(safe.stdout));
		assert.equal(value.verdict, 'safe');
		assert.deepEqual(value.bytes, {low: '0x5e', high: '0xd9', extended: '0xc3'});
		assert.deepEqual([value.clock.source, value.clock.minMHz, value.clock.dividedBy], ['crystal', 8, 8]);
		assert.equal(value.bootStart, '0x7000');
		assert.equal(value.bits.find(bit => bit.name === 'CKDIV8')?.programmed, true);
		assert.match(safe.stderr, /Verdict: safe/, 'people read stderr with --json');

		const bad = await runCli(['fuses', 'at90usb162', '0x5e', '0x99', '0xf4', '--json']);
		assert.equal(bad.code, 3);
		assert.equal(JSON.parse(bad.stdout).verdict, 'refuse');

		const change = await runCli([
			'fuses',
			'M32U4',
			'5e',
			'd9',
			'c3',
			'--board',
			'promicro_5v',
			'--from',
			'ff,d8,cb',
			'--json',
		]);
		assert.equal(change.code, 0);
		const judged = v.parse(schema, JSON.parse(change.stdout));
		assert.equal(judged.verdict, 'consent');
		assert.ok(judged.reasons.some(reason => reason.risk === 'hwbe' && reason.bit === 'HWBE'));
	});

	test('chips and boards: lists and one each', async () => {
		const chips = JSON.parse((await runCli(['chips', '--json'])).stdout);
		assert.equal(chips.chips.length, 53);
		const one = await runCli(['chips', 'm32u4', '--json']);
		assert.equal(one.code, 0);
		assert.equal(JSON.parse(one.stdout).signature, '1e9587');
		const boards = JSON.parse((await runCli(['boards', '--json'])).stdout);
		const ids = boards.boards.map((board: {id: string}) => board.id);
		for (const id of ['promicro_5v', 'nano_old', 'nano_new', 'pro_mini_5v', 'pro_mini_3v3']) {
			assert.ok(ids.includes(id), id);
		}
		const board = JSON.parse((await runCli(['boards', 'promicro_5v', '--json'])).stdout);
		assert.equal(board.chip, 'atmega32u4');
		assert.ok(board.fuses.some((set: {bootloader: string}) => set.bootloader === 'caterina'));
		const words = await runCli(['boards', 'promicro_5v']);
		assert.deepEqual([words.code, words.stderr], [0, '']);
		assert.match(words.stdout, /crystal 16 MHz, 5 V/);
	});

	test('wiring: table, trap, JSON, linear form and SVG', async () => {
		const words = await runCli(['wiring', 'promicro_isp', 'promicro_5v']);
		assert.deepEqual([words.code, words.stderr], [0, '']);
		assert.match(words.stdout, /RESET +10 \(B6\) +RST/);
		assert.match(words.stdout, /! From 10 \(B6\), never from the RST pin/);
		assert.doesNotMatch(words.stdout, /\u001b/, 'no colour without a terminal');
		for (const line of words.stdout.split('\n')) assert.ok(line.length <= 80, line);

		const svg = inFolder('wiring.svg');
		const json = await runCli([
			'wiring',
			'usbasp',
			'atmega32a',
			'--package',
			'PDIP40',
			'--svg',
			svg,
			'--json',
		]);
		assert.equal(json.code, 0, json.stderr);
		const value = JSON.parse(json.stdout);
		assert.equal(value.rows.length, 6);
		assert.equal(value.target.package, 'PDIP40');
		assert.deepEqual(
			value.rows.find((row: {signal: string}) => row.signal === 'RESET').target.packagePins,
			[9],
		);
		assert.match(readFileSync(svg, 'utf8'), /^<svg/);

		const linear = await runCli(['wiring', 'usbtiny', 'plaid', '--linear']);
		assert.match(linear.stdout, /RESET: programmer RST, pin 5 to board/);
		assert.match(linear.stdout, /also means usbtiny_adafruit/);
	});

	test('diagnose: a log from stdin or a file, UTF-16 as well', async () => {
		const log = [
			'avrdude: butterfly_recv(): programmer is not responding',
			'avrdude: butterfly_recv(): programmer is not responding',
		].join('\r\n');
		const fromStdin = await runCli(['diagnose', '--json'], {stdin: log});
		assert.equal(fromStdin.code, 0, fromStdin.stderr);
		const value = v.parse(
			v.object({
				tool: v.string(),
				family: v.string(),
				ispNeeded: v.picklist(['yes', 'no', 'maybe']),
				causes: v.pipe(
					v.array(
						v.object({
							cause: v.string(),
							confidence: v.number(),
							evidence: v.array(v.object({line: v.number(), text: v.string()})),
							meaning: v.string(),
							next: v.array(v.string()),
						}),
					),
					v.minLength(1),
				),
				questions: v.array(v.object({id: v.string(), ask: v.string(), answers: v.array(v.string())})),
				facts: v.record(v.string(), v.unknown()),
			}),
			JSON.parse(fromStdin.stdout),
		);
		assert.equal(value.tool, 'avrdude');
		assert.equal(value.family, 'caterina');
		const file = inFolder('utf16.log');
		writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(log, 'utf16le')]));
		const fromFile = await runCli(['diagnose', file, '--json']);
		assert.equal(JSON.parse(fromFile.stdout).causes[0].cause, value.causes[0]?.cause);
		const unrelated = await runCli(['diagnose', '--json'], {stdin: 'the cat sat on the mat\n'});
		assert.equal(unrelated.code, 0);
	});

	test('inspect and merge: what a file is, and two files in one', async () => {
		const app = inFolder('kb_km.hex');
		const loader = inFolder('loader.hex');
		const out = inFolder('kb_km_production.hex');
		writeFileSync(app, printIntelHex(sampleImage(0, 3000)));
		writeFileSync(loader, printIntelHex(sampleImage(0x7000, 4000)));
		const inspected = await runCli(['inspect', app, '--chip', 'atmega32u4', '--json']);
		assert.equal(inspected.code, 0, inspected.stderr);
		assert.equal(JSON.parse(inspected.stdout).imageBytes, 3000);
		const merged = await runCli(['merge', app, loader, '--chip', 'atmega32u4', '-o', out, '--json']);
		assert.equal(merged.code, 0, merged.stderr);
		assert.equal(JSON.parse(merged.stdout).imageBytes, 7000);
		const both = JSON.parse((await runCli(['inspect', out, '--chip', 'atmega32u4', '--json'])).stdout);
		assert.equal(both.imageBytes, 7000);
		const wrong = await runCli(['merge', loader, app, '--chip', 'atmega32u4', '-o', inFolder('no.hex')]);
		assert.equal(wrong.code, 2);
		writeFileSync(inFolder('bad.hex'), ':10000000zz\n');
		const bad = await runCli(['inspect', inFolder('bad.hex')]);
		assert.equal(bad.code, 2);
		assert.match(bad.stderr, /bad\.hex, line 1: /);
	});

	test('devices: a list, and the udev rules alone on stdout', async () => {
		const listed = await runCli(['devices', '--json']);
		assert.equal(listed.code, 0, listed.stderr);
		assert.ok(Array.isArray(JSON.parse(listed.stdout).devices));
		const rules = await runCli(['devices', '--udev']);
		assert.equal(rules.code, 0);
		for (const line of rules.stdout.trimEnd().split('\n'))
			assert.match(line, /^(#|SUBSYSTEM|KERNEL|ACTION|LABEL|$)/);
		assert.match(rules.stdout, /16c0.*05dc/s);
	});

	test('order of refusals: all that needs no hardware is said before a port is opened', async () => {
		const image = inFolder('app32.hex');
		writeFileSync(image, printIntelHex(sampleImage(0, 1000)));
		const far = inFolder('far.hex');
		writeFileSync(far, printIntelHex(sampleImage(0x8000, 16)));
		writeFileSync(inFolder('torn.hex'), ':1000000000');
		// The port does not exist: whoever opens it first answers DeviceMissing.
		const base = ['recover', '--programmer', 'arduino-isp', '--port', inFolder('no-port'), '--yes', '--json'];
		const cases: readonly (readonly [readonly string[], number, string])[] = [
			[['--chip', 'atmega32u4', '--hex', inFolder('nothing.hex')], 2, 'BadHex'],
			[['--chip', 'atmega32u4', '--hex', inFolder('torn.hex')], 2, 'BadHex'],
			[['--chip', 'atmega32u4', '--hex', far, '--fuses', '0x5e,0xf9,0xf3'], 2, 'ImageTooLarge'],
			[['--chip', 'at90usb162', '--fuses', '0x5e,0x99,0xf4'], 3, 'FuseRefused'],
			[['--chip', 'atmega32u4', '--hex', image, '--lock', '0xfc'], 3, 'ConsentMissing'],
			[['--chip', 'atmega32u4', '--hex', image], 1, 'DeviceMissing'],
		];
		await Promise.all(
			cases.map(async ([args, code, kind]) => {
				const run = await runCli([...base, ...args]);
				const last = v.parse(failureSchema, jsonLines(run).at(-1));
				assert.deepEqual(
					[run.code, last.error.kind, last.chipState],
					[code, kind, 'untouched'],
					args.join(' '),
				);
			}),
		);
	});

	test('a backup or a state folder that cannot be written is said before a port is opened', async () => {
		const image = inFolder('unsaved.hex');
		writeFileSync(image, printIntelHex(sampleImage(0, 1000)));
		const port = ['--programmer', 'arduino-isp', '--port', inFolder('no-port'), '--json'];
		const recovery = ['recover', ...port, '--chip', 'm32u4', '--hex', image, '--yes'];
		const nowhere = inFolder('no/such/folder/backup.json');
		const runs = await Promise.all([
			runCli([...recovery, '--backup', nowhere]),
			runCli([...recovery, '--backup', folder]),
			runCli([...recovery, '--backup', 'none'], {env: {AVR_UNBRICK_STATE: image}}),
			runCli(['backup', ...port, '-o', nowhere]),
		]);
		for (const run of runs) {
			assert.deepEqual([run.code, run.stdout], [2, ''], run.stderr);
			assert.match(run.stderr, /^Cannot write .*: (it is not there|what is there is no|a part of its path)/m);
		}
	});

	test('--dry-run prints the plan and opens nothing; without a terminal only --yes goes on', async () => {
		const image = inFolder('dry.hex');
		writeFileSync(image, printIntelHex(sampleImage(0x7000, 4000)));
		const base = [
			'recover',
			'--programmer',
			'arduino-isp',
			'--port',
			inFolder('no-port'),
			'--board',
			'promicro_5v',
			'--hex',
			image,
			'--fuses',
			'board',
		];
		const dry = await runCli([...base, '--dry-run', '--json']);
		assert.equal(dry.code, 0, dry.stderr);
		const [plan, result] = jsonLines(dry);
		assert.equal(plan?.type, 'plan');
		const fuses = v.parse(fuseSchema, plan?.fuses);
		assert.deepEqual([fuses.low, fuses.high], ['0xff', '0xd8']);
		assert.match(fuses.extended ?? '', /^0x.b$/, 'the upper four bits do not exist');
		assert.deepEqual([result?.type, result?.ok, result?.dryRun], ['result', true, true]);
		const port = inFolder('no-port');
		const same = `avrdude -c arduino_as_isp -P ${port} -b 19200 -p m32u4`;
		assert.deepEqual(plan?.avrdude, [
			`${same} -U flash:r:backup-flash.hex:i -U eeprom:r:backup-eeprom.hex:i`,
			`${same} -e -U flash:w:${image}:i -U eeprom:w:backup-eeprom.hex:i -U efuse:w:0xfb:m -U hfuse:w:0xd8:m -U lfuse:w:0xff:m`,
		]);
		const nobody = await runCli(base);
		assert.equal(nobody.code, 2);
		assert.match(nobody.stderr, /^Nobody can be asked without a terminal: add --yes to go on\.\n$/);
	});

	test('--practice without a terminal plays every scenario to its promised end', async () => {
		for (const name of scenarioNames) {
			const run = await runCli(['--practice', name]);
			assert.equal(run.code, 0, `${name}: ${run.stdout}${run.stderr}`);
			const last = run.stdout.trimEnd().split('\n').at(-1) ?? '';
			assert.match(last, new RegExp(`^The scenario "${name}" ended as it should \\(\\w+\\): `), name);
		}
		const plain = await runCli(['--practice'], {env: {NO_COLOR: '1'}});
		assert.match(plain.stdout, /^Practice "healthy"/);
		assert.doesNotMatch(plain.stdout, /\u001b/);
	});
});

// Most of the time an Arduino is given to come out of its reset: side by side.
const overSerial = 'the command line over a serial port';
describe(overSerial, {concurrency: 4, ...peerOptions(overSerial, {programs: ['python3']})}, () => {
	test('probe, backup, recover, restore and --log over the real serialport package', async () => {
		const bench = createBench('healthy');
		const pty = await serveOnPty(deviceOf(bench));
		try {
			const base = ['--programmer', 'arduino-isp', '--port', pty.path, '--json'];
			const probed = await runCli(['probe', ...base]);
			assert.equal(probed.code, 0, probed.stderr);
			const identity = v.parse(
				identitySchema,
				jsonLines(probed).find(event => event.type === 'identity'),
			);
			assert.equal(identity.signature, '1e9587');
			assert.equal(jsonLines(probed).at(-1)?.type, 'result');
			assert.equal(bench.touched(), false, 'a probe changes nothing');

			const before = bench.chip.dump();
			const saved = inFolder('saved.json');
			const backed = await runCli(['backup', '-o', saved, ...base]);
			assert.equal(backed.code, 0, backed.stderr);
			const inspected = JSON.parse((await runCli(['inspect', saved, '--json'])).stdout);
			assert.deepEqual([inspected.kind, inspected.chip], ['backup', 'atmega32u4']);

			const image = inFolder('recover.hex');
			const wanted = sampleImage(0x7000, 4000);
			writeFileSync(image, printIntelHex(wanted));
			const log = inFolder('run.jsonl');
			const recovered = await runCli([
				'recover',
				...base,
				'--board',
				'promicro_5v',
				'--hex',
				image,
				'--fuses',
				'board',
				'--yes',
				'--log',
				log,
			]);
			assert.equal(recovered.code, 0, recovered.stderr);
			const events = jsonLines(recovered);
			const last = v.parse(successSchema, events.at(-1));
			assert.equal(last.chip, 'atmega32u4');
			assert.ok(last.backup !== null && readFileSync(last.backup, 'utf8').includes('avr-unbrick backup'));
			const phases = events.filter(event => event.type === 'phase').map(event => event.phase);
			for (const phase of ['connect', 'identify', 'backup', 'erase', 'write', 'verify', 'leave']) {
				assert.ok(phases.includes(phase), phase);
			}
			assert.deepEqual(bench.chip.dump().flash.slice(0x7000, 0x7000 + 4000), wanted.slice(0x7000, 4000));
			const logged = readFileSync(log, 'utf8')
				.trimEnd()
				.split('\n')
				.map(line => JSON.parse(line));
			assert.equal(logged.at(-1).type, 'result');
			assert.ok(logged.every(event => typeof event.at === 'string' && event.type !== 'progress'));

			// The backup is of the broken board: its fuses start a boot section that is empty.
			const unasked = await runCli(['restore', saved, ...base, '--yes']);
			assert.equal(unasked.code, 3);
			assert.match(unasked.stdout, /"kind":"ConsentMissing".*"risks":\["/);
			const restored = await runCli([
				'restore',
				saved,
				...base,
				'--yes',
				'--accept',
				'bootrst',
				'--accept',
				'loses-bootloader',
			]);
			assert.equal(restored.code, 0, restored.stderr);
			assert.deepEqual(bench.chip.dump().flash, before.flash, 'the flash is what it was');
			assert.deepEqual(bench.chip.dump().eeprom, before.eeprom, 'the EEPROM is what it was');
			assert.deepEqual(bench.violations, []);
		} finally {
			await pty.close();
		}
	});

	test('Ctrl+C during a look at the chip: it ends orderly, Cancelled, 130', async () => {
		const bench = createBench('healthy');
		const pty = await serveOnPty(deviceOf(bench));
		try {
			let sent = false;
			const run = await runCli(['probe', '--programmer', 'arduino-isp', '--port', pty.path, '--json'], {
				onStdout(_text, kill) {
					if (!sent) kill('SIGINT');
					sent = true;
				},
			});
			const last = v.parse(failureSchema, jsonLines(run).at(-1));
			assert.deepEqual([run.code, last.error.kind, last.chipState], [130, 'Cancelled', 'untouched']);
		} finally {
			await pty.close();
		}
	});

	test('the question before a recovery: no, Ctrl+C and the end of the input all stop it', async () => {
		const image = inFolder('asked.hex');
		writeFileSync(image, printIntelHex(sampleImage(0x7000, 4000)));
		const args = [
			...['recover', '--programmer', 'arduino-isp', '--port', inFolder('no-port'), '--board', 'promicro_5v'],
			...['--hex', image, '--fuses', 'board'],
		];
		for (const answer of ['no\r', '\u0003', '\u0004']) {
			const ended = await inTerminal(args, /Go on\? \(yes\/no\)/, answer);
			assert.equal(ended.code, 130, `${JSON.stringify(answer)}: ${ended.output}`);
			assert.match(ended.output, /Stopped on request/, JSON.stringify(answer));
		}
		const agreed = await inTerminal(args, /Go on\? \(yes\/no\)/, 'yes\r');
		assert.equal(agreed.code, 1, agreed.output);
		assert.match(agreed.output, /DeviceMissing/, 'then the port is opened');
	});

	test('a blank ATmega32U4RC comes back; a plain one as delivered asks for its lock bits first', async () => {
		const image = inFolder('whole.hex');
		const loader = sampleImage(0x7000, 4096);
		const whole = createImage([
			{byteAddress: 0, data: sampleImage(0, 4000).slice(0, 4000)},
			{byteAddress: 0x7000, data: loader.slice(0x7000, 4096)},
		]);
		writeFileSync(image, printIntelHex(whole));
		const recoverOn = async (change: Parameters<typeof createBench>[1], ...more: string[]) => {
			const bench = createBench('factory-rc', change);
			const pty = await serveOnPty(deviceOf(bench));
			try {
				const run = await runCli([
					...[
						'recover',
						'--programmer',
						'arduino-isp',
						'--port',
						pty.path,
						'--chip',
						'atmega32u4',
						'--hex',
						image,
					],
					...['--fuses', '0xff,0xd8,0xcb', '--yes', '--json', ...more],
				]);
				return {bench, run, last: jsonLines(run).at(-1)};
			} finally {
				await pty.close();
			}
		};
		const rc = await recoverOn({});
		assert.equal(rc.run.code, 0, rc.run.stderr);
		assert.equal(v.parse(successSchema, rc.last).writtenBytes >= 8000, true);
		const dump = rc.bench.chip.dump();
		assert.deepEqual(dump.flash, whole.slice(0, 0x8000));
		assert.deepEqual(
			[dump.fuses.low, dump.fuses.high, (dump.fuses.extended ?? 0) & 0x0f],
			[0xff, 0xd8, 0x0b],
		);
		assert.deepEqual(rc.bench.violations, []);

		const delivered = {change: {fuses: {low: 0x5e, high: 0x99, extended: 0xf3}, lock: 0xec}};
		const locked = await recoverOn(delivered);
		const refusal = v.parse(failureSchema, locked.last);
		assert.deepEqual([locked.run.code, refusal.error.kind], [3, 'ConsentMissing']);
		assert.match(locked.run.stdout, /"risks":\["no-backup"\]/);
		assert.equal(locked.bench.touched(), false);
		const accepted = await recoverOn(delivered, '--accept', 'no-backup');
		assert.equal(accepted.run.code, 0, accepted.run.stderr);
		assert.equal(v.parse(successSchema, accepted.last).backup, null);
	});

	test('a recipe: written down, done, and done again to the next board', async () => {
		const image = inFolder('series.hex');
		writeFileSync(image, printIntelHex(sampleImage(0x7000, 4000)));
		const recipe = inFolder('series.json');
		const saved = await runCli([
			...['recover', '--programmer', 'avrisp', '--board', 'promicro_5v', '--hex', image, '--fuses', 'board'],
			...['--save-recipe', recipe],
		]);
		assert.equal(saved.code, 0, saved.stderr);
		const written = JSON.parse(readFileSync(recipe, 'utf8'));
		assert.deepEqual([written.chip, written.image.file, written.accept], ['atmega32u4', 'series.hex', []]);

		const bench = createBench('healthy');
		const device = deviceOf(bench);
		const powered = bench.chip.surroundings();
		let openedSinceGone = -1;
		const pty = await serveOnPty({
			...device,
			open(nowMs, baud) {
				if (openedSinceGone >= 0 && ++openedSinceGone === 2) {
					// The first look found nobody: now the next board is there.
					openedSinceGone = -1;
					bench.chip.setSurroundings(powered);
				}
				device.open(nowMs, baud);
			},
		});
		const base = ['recover', '--recipe', recipe, '--programmer', 'arduino-isp', '--port', pty.path, '--json'];
		try {
			const unasked = await runCli([...base, '--repeat']);
			assert.deepEqual([unasked.code, unasked.stdout], [2, '']);
			let seen = 0;
			const run = await runCli([...base, '--repeat', '--yes'], {
				onStdout(text, kill) {
					const boards = text.split('"type":"board"').length - 1;
					if (boards === seen) return;
					seen = boards;
					if (boards === 2) kill('SIGINT');
					else {
						openedSinceGone = 0;
						bench.chip.setSurroundings({...powered, volts: 0});
					}
				},
			});
			assert.equal(run.code, 0, run.stderr);
			const lines = jsonLines(run);
			assert.deepEqual(
				lines.filter(line => line.type === 'board').map(line => [line.number, line.ok]),
				[
					[1, true],
					[2, true],
				],
			);
			assert.deepEqual([lines.at(-1)?.type, lines.at(-1)?.boards], ['result', 2]);
		} finally {
			await pty.close();
		}

		writeFileSync(inFolder('series.hex'), printIntelHex(sampleImage(0x7000, 4000, 8)));
		const changed = await runCli([...base, '--yes']);
		assert.equal(changed.code, 2);
		assert.match(changed.stderr, /is not the image that the recipe was made with/);
		const series = await runCli([...base, '--repeat', '--yes']);
		assert.equal(jsonLines(series).at(-1)?.boards, 0);
	});

	test('a series that failed while it waited for the next board ended in a result without `boards`', async () => {
		const image = inFolder('waiting.hex');
		writeFileSync(image, printIntelHex(sampleImage(0x7000, 4000)));
		const recipe = inFolder('waiting.json');
		await runCli([
			...['recover', '--programmer', 'avrisp', '--board', 'promicro_5v', '--hex', image, '--fuses', 'board'],
			...['--save-recipe', recipe],
		]);
		const pty = await serveOnPty(deviceOf(createBench('healthy')));
		let gone: Promise<void> | undefined;
		const base = ['recover', '--recipe', recipe, '--programmer', 'arduino-isp', '--port', pty.path];
		const run = await runCli([...base, '--json', '--repeat', '--yes'], {
			onStdout(text) {
				// The programmer is pulled.
				if (text.includes('"type":"board"')) gone ??= pty.close();
			},
		});
		await gone;
		const last = jsonLines(run).at(-1);
		assert.deepEqual([run.code, last?.type, last?.ok, last?.boards], [1, 'result', false, 1], run.stderr);
		assert.match(run.stderr, /1 board done\./);
	});

	test('Ctrl+C in the middle of a write: page finished, Cancelled, 130, state said', async () => {
		const bench = createBench('healthy');
		const pty = await serveOnPty(deviceOf(bench));
		try {
			const image = inFolder('long.hex');
			writeFileSync(image, printIntelHex(sampleImage(0, 28_000)));
			let sent = false;
			const run = await runCli(
				[
					'recover',
					'--programmer',
					'arduino-isp',
					'--port',
					pty.path,
					'--chip',
					'atmega32u4',
					'--hex',
					image,
					'--accept',
					'loses-bootloader',
					'--yes',
					'--json',
				],
				{
					onStdout(text, kill) {
						if (sent || !/"phase":"write","doneBytes":[1-9]/.test(text)) return;
						sent = true;
						kill('SIGINT');
					},
				},
			);
			assert.equal(sent, true, `the write began: ${run.stdout.slice(-600)}${run.stderr}`);
			const last = v.parse(failureSchema, jsonLines(run).at(-1));
			assert.deepEqual([run.code, last.error.kind, last.chipState], [130, 'Cancelled', 'partly-written']);
			assert.deepEqual(bench.violations, []);
		} finally {
			await pty.close();
		}
	});
});
