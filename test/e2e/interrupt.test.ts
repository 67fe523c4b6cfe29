// The built program as a real process, killed or asked to stop in the middle of a recovery, over a pseudo terminal and
// over virtual USB; then `recover --resume`. And two copies on one board.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {type Bench, createBench} from '../../src/bench/bench.ts';
import type {ByteDevice} from '../../src/bench/byte-device.ts';
import type {UsbModel} from '../../src/bench/usb-model.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type CliRun, runCli} from '../helpers/cli.ts';
import {tiny} from '../helpers/interruptions.ts';
import {peerTest} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';
import {startUsbRig} from '../helpers/vusb.ts';

const root = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-interrupt-'));
after(() => rmSync(root, {recursive: true, force: true}));
let folders = 0;
const newFolder = () => mkdtempSync(path.join(root, `run${folders++}-`));

/** A jump at the start, as programs begin, then a pattern. */
const data = Uint8Array.from({length: 600}, (_, index) => (index * 31 + 7 + (index >> 8)) & 0xff);
data.set([0x13, 0xc0]);
const image = createImage([{byteAddress: 0, data}]);
const hex = path.join(root, 'mine.hex');
writeFileSync(hex, printIntelHex(image));
const recoverArgs = (...hardware: string[]) => [
	...['recover', '--chip', 'attiny25', '--hex', hex, '--fuses', '0xe2,0xdd,0xfe', '--yes'],
	...hardware,
];

function makeBench(programmer: 'avrisp' | 'usbasp', seed: number): Bench {
	return createBench('healthy', {
		seed,
		change: {
			programmer,
			chip: 'attiny25',
			expectedChip: 'attiny25',
			content: 'used',
			fuses: tiny.before,
		},
	});
}
function assertGood(bench: Bench, eeprom: Uint8Array, where: string): void {
	const dump = bench.chip.dump();
	assert.equal(
		dump.flash.findIndex((byte, at) => byte !== (image.at(at) ?? 0xff)),
		-1,
		where,
	);
	assert.deepEqual(dump.fuses, tiny.wanted, where);
	assert.deepEqual(dump.eeprom, eeprom, where);
	assert.equal(bench.chip.running(), true, where);
}

/** How one run is served: `onTransfer` is called with its number, from 0. */
type Served = {
	readonly bench: Bench;
	readonly run: (
		folder: string,
		args: (...hardware: string[]) => readonly string[],
		stop?: {readonly at: number; readonly signal: NodeJS.Signals},
	) => Promise<CliRun>;
	readonly transfers: () => number;
	readonly close: () => Promise<void>;
};

async function overPty(seed: number): Promise<Served> {
	const bench = makeBench('avrisp', seed);
	const device = bench.device!;
	let transfers = 0;
	let stop: (() => void) | undefined;
	let stopAt = Number.POSITIVE_INFINITY;
	const watched: ByteDevice = {
		...device,
		receive(bytes, atMs) {
			if (transfers++ === stopAt) stop?.();
			device.receive(bytes, atMs);
		},
	};
	const pty = await serveOnPty(watched);
	return {
		bench,
		transfers: () => transfers,
		run(folder, args, how) {
			stopAt = how === undefined ? Number.POSITIVE_INFINITY : transfers + how.at;
			return runCli(args('--programmer', 'avrisp', '--port', pty.path), {
				folder,
				onStdout: (_, kill) => {
					stop = () => kill(how!.signal);
				},
			});
		},
		close: () => pty.close(),
	};
}

async function overUsb(seed: number): Promise<Served> {
	const bench = makeBench('usbasp', seed);
	const model = bench.usb!;
	let transfers = 0;
	let stop: (() => void) | undefined;
	let stopAt = Number.POSITIVE_INFINITY;
	const watched: UsbModel = {
		...model,
		control(setup, payload, atMs) {
			if (transfers++ === stopAt) stop?.();
			return model.control(setup, payload, atMs);
		},
	};
	const rig = await startUsbRig({dut: watched});
	const cli = path.resolve(import.meta.dirname, '../../dist/cli.js');
	return {
		bench,
		transfers: () => transfers,
		async run(folder, args, how) {
			stopAt = how === undefined ? Number.POSITIVE_INFINITY : transfers + how.at;
			// The shell tells its process number and becomes the program.
			const command = ['sh', '-c', 'echo "pid $$"; exec "$@"', 'sh', process.execPath, cli];
			const [program, ...rest] = rig.commandLine([...command, ...args('--programmer', 'usbasp')]);
			const child = spawn(program, rest, {
				env: {
					PATH: process.env.PATH ?? '',
					HOME: folder,
					AVR_UNBRICK_OFFLINE: '1',
					AVR_UNBRICK_STATE: path.join(folder, 'state'),
					AVR_UNBRICK_CACHE: path.join(folder, 'cache'),
				},
				stdio: ['ignore', 'pipe', 'pipe'],
			});
			let stdout = '';
			let stderr = '';
			child.stdout.setEncoding('utf8').on('data', (text: string) => {
				stdout += text;
				const pid = /^pid (\d+)$/m.exec(stdout)?.[1];
				if (pid !== undefined) stop = () => process.kill(Number(pid), how!.signal);
			});
			child.stderr.setEncoding('utf8').on('data', (text: string) => {
				stderr += text;
			});
			const code = await new Promise<number | null>((resolve, reject) => {
				child.once('error', reject);
				child.once('close', resolve);
			});
			return {code, stdout, stderr};
		},
		close: async () => rig.close(),
	};
}

const resumeArgs = (...hardware: string[]) => ['recover', '--resume', '--yes', ...hardware];
const journals = (folder: string) =>
	readdirSync(path.join(folder, 'state')).filter(name => name.startsWith('recovery-'));

/** Shares of a whole run's transfers: before the erase, while writing, near the fuses, among them. */
const shares = [0.2, 0.55, 0.75, 0.93] as const;

async function killedAndAsked(serve: (seed: number) => Promise<Served>, signals: readonly NodeJS.Signals[]) {
	const whole = await serve(1);
	const {eeprom} = whole.bench.chip.dump();
	let total = 0;
	try {
		const run = await whole.run(newFolder(), recoverArgs);
		assert.equal(run.code, 0, run.stdout + run.stderr);
		assertGood(whole.bench, eeprom, 'not interrupted');
		total = whole.transfers();
	} finally {
		await whole.close();
	}
	let begunInAll = 0;
	for (const signal of signals) {
		await Promise.all(
			shares.map(async (share, index) => {
				const at = Math.floor(total * share);
				const where = `${signal} at transfer ${at} of ${total}`;
				const served = await serve(index + 1);
				const {bench} = served;
				const before = bench.chip.dump();
				const folder = newFolder();
				try {
					const first = await served.run(folder, recoverArgs, {at, signal});
					if (signal === 'SIGINT') {
						// Among the fuses it finishes what was begun.
						assert.ok(first.code === 130 || first.code === 0, `${where}: ${first.code} ${first.stderr}`);
						if (first.code === 130) {
							assert.match(first.stderr, /Stopping where it is safe/, where);
							assert.match(first.stderr, /chip|flash/i, where);
						}
						assert.equal(bench.chip.running(), true, where);
						assert.deepEqual(bench.violations, [], where);
					} else {
						// How many transfers a run takes over a pty depends on how bytes fall together: the latest kill may
						// come after the end. `begunInAll` sees to it that most do not.
						assert.ok(
							first.code === null || first.code === 137 || first.code === 0,
							`${where}: ${first.code}`,
						);
					}
					const {low, high, extended} = bench.chip.dump().fuses;
					const fuses = [low, high, extended].map(byte => byte!.toString(16)).join(' ');
					assert.ok(tiny.prefixes.includes(fuses), `${where}: ${fuses}`);
					// A changed chip without a journal can only be one whose recovery had ended when the kill came.
					const left = journals(folder).length;
					const begun = bench.touched() && first.code !== 0 && left > 0;
					if (begun) begunInAll++;
					assert.equal(left, begun ? 1 : 0, where);
					if (bench.touched() && !begun) assertGood(bench, before.eeprom, `${where}: no journal`);
					const second = await served.run(folder, begun ? resumeArgs : recoverArgs);
					assert.equal(second.code, 0, `${where}: ${second.stdout}${second.stderr}`);
					if (begun) assert.match(second.stdout, /A recovery of an ATtiny25 was interrupted/, where);
					assertGood(bench, before.eeprom, where);
					assert.deepEqual(journals(folder), [], where);
				} finally {
					await served.close();
				}
			}),
		);
	}
	assert.ok(begunInAll >= signals.length * 2, `${begunInAll} runs were interrupted after the erase`);
}

peerTest(
	'the process killed or asked to stop, over a pseudo terminal: `recover --resume` ends in a good board',
	{programs: ['python3']},
	() => killedAndAsked(overPty, ['SIGKILL', 'SIGINT']),
);

peerTest(
	'the process killed or asked to stop, over USB: `recover --resume` ends in a good board',
	{virtualUsb: true},
	() => killedAndAsked(overUsb, ['SIGKILL', 'SIGINT']),
);

peerTest(
	'a second copy on the same port is refused in a clear sentence, and the first goes on',
	{programs: ['python3']},
	async () => {
		const bench = makeBench('avrisp', 1);
		const {eeprom} = bench.chip.dump();
		const pty = await serveOnPty(bench.device!, {pace: 'real'});
		const folder = newFolder();
		try {
			let second: Promise<CliRun> | undefined;
			const args = recoverArgs('--programmer', 'avrisp', '--port', pty.path);
			const first = await runCli(args, {
				folder,
				onStdout(text) {
					if (second === undefined && text.includes('Backing up')) {
						second = runCli(['probe', '--programmer', 'avrisp', '--port', pty.path], {folder});
					}
				},
			});
			assert.ok(second !== undefined, first.stdout);
			const refused = await second;
			assert.equal(refused.code, 1, refused.stdout + refused.stderr);
			assert.match(
				refused.stderr,
				/Another copy of this program \(process \d+\) is at work with \/dev\/pts\/\d+\./,
			);
			assert.equal(first.code, 0, first.stdout + first.stderr);
			assertGood(bench, eeprom, 'the first copy');
			// It has gone: the port is free again.
			const third = await runCli(['probe', '--programmer', 'avrisp', '--port', pty.path], {folder});
			assert.equal(third.code, 0, third.stdout + third.stderr);
		} finally {
			await pty.close();
		}
	},
);

peerTest('`recover --forget` forgets, and says where the backup stays', {programs: ['python3']}, async () => {
	const served = await overPty(3);
	const folder = newFolder();
	try {
		await served.run(folder, recoverArgs, {at: 60, signal: 'SIGKILL'});
		assert.equal(journals(folder).length, 1);
		const other = await runCli(['recover', '--forget', '--chip', 'atmega32u4'], {folder});
		assert.match(other.stdout, /nothing to forget/);
		assert.equal(journals(folder).length, 1);
		// It only says so with --dry-run, and does not choose between two orders.
		const dry = await runCli(['recover', '--forget', '--dry-run'], {folder});
		assert.equal(dry.code, 0, dry.stderr);
		assert.match(dry.stdout, /It would be forgotten/);
		assert.equal((await runCli(['recover', '--forget', '--resume'], {folder})).code, 2);
		assert.equal(journals(folder).length, 1);
		const forgotten = await runCli(['recover', '--forget'], {folder});
		assert.equal(forgotten.code, 0, forgotten.stderr);
		assert.match(
			forgotten.stdout,
			/A recovery of an ATtiny25 was interrupted .* the backup stays in .*backup-attiny25/,
		);
		assert.deepEqual(journals(folder), []);
		const resumed = await served.run(folder, resumeArgs);
		assert.equal(resumed.code, 2);
		assert.match(resumed.stderr, /No recovery was interrupted/);
	} finally {
		await served.close();
	}
});
