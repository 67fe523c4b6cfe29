// How long a whole recovery takes, avrdude's and ours, on the same device models with paced time: start to end of the
// process, erase, write, verify. `npm run bench` (builds first); `npm run bench -- --only usbtiny --images full,loader`.
// Prints wall seconds, ratio, transfers, bytes and the physical floor (scripts/bench-floor.ts) beside them. The pace
// of wires and firmware is fixed in src/bench/pace.ts.
import {spawn} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {loadavg, setPriority, tmpdir} from 'node:os';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {parseArgs} from 'node:util';
import {createBench} from '../src/bench/bench.ts';
import type {ByteDevice} from '../src/bench/byte-device.ts';
import {sketchPace} from '../src/bench/pace.ts';
import type {BenchProgrammer} from '../src/bench/scenarios.ts';
import type {UsbModel} from '../src/bench/usb-model.ts';
import {findChip} from '../src/engine/chips/index.ts';
import {printIntelHex} from '../src/engine/image/intel-hex.ts';
import {createImage, type MemoryImage} from '../src/engine/image/memory-image.ts';
import {missingPeer} from '../test/helpers/peers.ts';
import {serveOnPty} from '../test/helpers/pty.ts';
import {startUsbRig} from '../test/helpers/vusb.ts';
import {floorOf} from './bench-floor.ts';

const chip = findChip('atmega32u4')!;
const root = path.dirname(import.meta.dirname);

/** What avrdude calls each, and how it is reached. */
const subjects = {
	usbtiny: {avrdude: ['-c', 'usbtiny'], port: 'usb'},
	usbasp: {avrdude: ['-c', 'usbasp'], port: 'usb'},
	avrisp: {avrdude: ['-c', 'stk500v1'], port: 'cdc'},
	'arduino-isp': {avrdude: ['-c', 'stk500v1', '-b', '19200'], port: 'pty'},
	buspirate: {avrdude: ['-c', 'buspirate'], port: 'pty'},
} as const satisfies Partial<Record<BenchProgrammer, unknown>>;
type Subject = keyof typeof subjects;

/** Bytes that look like code: no run of ff in them. */
const pattern = (bytes: number) =>
	Uint8Array.from({length: bytes}, (_, index) => (index * 197 + (index >> 7) * 13 + 1) % 251);
const flashBytes = chip.flash.bytes;
const {pageBytes} = chip.flash;
/** Every other page blank, spelt out as ff: an application and a loader with tables and gaps. */
const halfBlank = pattern(flashBytes).map((byte, index) =>
	Math.floor(index / pageBytes) % 2 === 0 ? byte : 0xff,
);
const images: Readonly<Record<string, MemoryImage>> = {
	loader: createImage([{byteAddress: flashBytes - 4096, data: pattern(4096)}]),
	application: createImage([{byteAddress: 0, data: pattern(20 * 1024)}]),
	full: createImage([{byteAddress: 0, data: pattern(flashBytes)}]),
	half: createImage([{byteAddress: 0, data: halfBlank}]),
};

/** Largest share of avrdude's time that ours may take, by image. */
const targets: Readonly<Record<Subject, {readonly full: number; readonly loader: number}>> = {
	usbtiny: {full: 0.4, loader: 0.5},
	usbasp: {full: 0.7, loader: 0.5},
	avrisp: {full: 0.8, loader: 0.5},
	'arduino-isp': {full: 0.95, loader: 0.7},
	buspirate: {full: 0.5, loader: 0.5},
};
/** SCK that a chip is looked for at, Hz: the highest step of each that is at most 125 kHz. */
const foundHz: Readonly<Record<Subject, number>> = {
	usbtiny: 87_000,
	usbasp: 93_750,
	avrisp: sketchPace.sckHz,
	'arduino-isp': sketchPace.sckHz,
	buspirate: 125_000,
};
/** After opening, a board that its port resets must hear nothing for so long (src/engine/protocols/stk500v1). */
const portResetMs: Partial<Record<Subject, number>> = {'arduino-isp': 2000};
/** A half-blank image may take this much of what the full one may; everything against the floor. */
const halfShare = 0.6;
const floorShare = 1.2;

/**
 * avrdude's seconds for 32 KB, written and verified, as real firmware was seen to take them (58 s over a UART, 28 to
 * 30 s over CDC), and how far the models may be from that before the comparison means nothing.
 */
const observedSeconds: Partial<Record<Subject, readonly [number, number]>> = {
	'arduino-isp': [58, 58],
	avrisp: [28, 30],
};
const observedTolerance = 0.15;

const {values} = parseArgs({
	options: {
		only: {type: 'string'},
		images: {type: 'string'},
		runs: {type: 'string', default: '1'},
		ours: {type: 'boolean', default: false},
		backup: {type: 'boolean', default: false},
		markdown: {type: 'boolean', default: false},
		verbose: {type: 'boolean', default: false},
	},
});
const chosen = (Object.keys(subjects) as Subject[]).filter(
	name => values.only === undefined || values.only.split(',').includes(name),
);
const chosenImages = Object.keys(images).filter(
	name => values.images === undefined || values.images.split(',').includes(name),
);

const missing = missingPeer({virtualUsb: true, programs: ['avrdude', 'python3']});
if (missing !== undefined) {
	console.error(`The benchmark cannot run: ${missing}.`);
	process.exit(2);
}

// What is measured is the pace of the models, not how busy this machine is with other things: where the system lets us,
// everything here comes before other programs. Not by a real-time class: that starves the threads on which a starting
// Node compiles, and both programs with them.
const favouredPriority = -15;
try {
	setPriority(favouredPriority);
} catch {
	console.error('Without the right to a higher priority, other work on this machine shows in the figures.');
}
const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
// A copy, so that a build under way elsewhere does not change the program in the middle.
const program = path.join(root, '.cache', `bench-${process.pid}`);
process.on('exit', () => rmSync(program, {recursive: true, force: true}));
mkdirSync(path.dirname(program), {recursive: true});
cpSync(path.join(root, 'dist'), program, {recursive: true});
for (const [name, image] of Object.entries(images)) {
	writeFileSync(path.join(folder, `${name}.hex`), printIntelHex(image));
}
const environment = {
	PATH: process.env.PATH ?? '',
	HOME: folder,
	AVR_UNBRICK_OFFLINE: '1',
	AVR_UNBRICK_STATE: path.join(folder, 'state'),
	AVR_UNBRICK_CACHE: path.join(folder, 'cache'),
};

type Count = {transfers: number; bytes: number; firstMs: number | undefined};
type Run = {
	readonly seconds: number;
	/** From the start of the process to its first byte on the wire, milliseconds. */
	readonly firstByteMs: number;
	readonly transfers: number;
	readonly bytes: number;
	readonly sckHz: number | undefined;
};

const nowMs = () => performance.timeOrigin + performance.now();
function countUsb(model: UsbModel, count: Count): UsbModel {
	const seen = (bytes: number) => {
		count.firstMs ??= nowMs();
		count.transfers++;
		count.bytes += bytes;
	};
	return {
		...model,
		control(setup, data, atMs) {
			const answer = model.control(setup, data, atMs);
			if (setup.type === 'vendor') {
				seen(typeof data === 'number' ? (answer.status === 'ok' ? answer.data.length : 0) : data.length);
			}
			return answer;
		},
	};
}
/** Transfers of a serial line are writes: what goes out in one piece, whatever comes back for it. */
function countSerial(device: ByteDevice, count: Count): ByteDevice {
	return {
		...device,
		receive(data, atMs) {
			count.firstMs ??= nowMs();
			count.transfers++;
			count.bytes += data.length;
			device.receive(data, atMs);
		},
		take(maxBytes, atMs) {
			const taken = device.take(maxBytes, atMs);
			count.bytes += taken.length;
			return taken;
		},
	};
}

type Serving = {
	readonly path: string | undefined;
	readonly run: (
		command: readonly string[],
	) => Promise<{readonly code: number | null; readonly stdout: string; readonly stderr: string}>;
	readonly close: () => Promise<void>;
};
async function serve(
	subject: Subject,
	bench: ReturnType<typeof createBench>,
	count: Count,
): Promise<Serving> {
	const {port} = subjects[subject];
	const longMs = 20 * 60_000;
	if (port === 'pty') {
		const pty = await serveOnPty(countSerial(bench.device!, count), {pace: 'real'});
		return {
			path: pty.path,
			run: ([command = '', ...args]) =>
				new Promise((resolve, reject) => {
					const child = spawn(command, args, {env: environment, stdio: ['ignore', 'pipe', 'pipe']});
					let stdout = '';
					let stderr = '';
					child.stdout.on('data', chunk => {
						stdout += String(chunk);
					});
					child.stderr.on('data', chunk => {
						stderr += String(chunk);
					});
					child.once('error', reject);
					child.once('close', code => resolve({code, stdout, stderr}));
				}),
			close: () => pty.close(),
		};
	}
	const served =
		port === 'usb'
			? countUsb(bench.usb!, count)
			: {
					serial: countSerial(bench.device!, count),
					vendorId: 0x16c0,
					productId: 0x0483,
					manufacturer: 'Teensyduino',
					product: 'USB Serial',
					serialNumber: '12345',
				};
	const rig = await startUsbRig({dut: served}, {pace: true});
	return {
		path: port === 'cdc' ? '/dev/ttyACM0' : undefined,
		run: command => rig.run(command, {env: environment, timeoutMs: longMs}),
		close: async () => rig.close(),
	};
}

/** Says on stderr when the command began and ended, seen from inside the rig. */
const stopwatch = ['sh', '-c', 'a=$(date +%s%N); "$@"; c=$?; echo "@ $a $(date +%s%N)" >&2; exit $c', 'sh'];
/** The same with a time before each line of output, seconds: where the time goes. */
const timedLines = [
	...['bash', '-c'],
	`set -o pipefail; a=$(date +%s%N); "$@" | A=$a ${process.execPath} -e '
		const began = Number(process.env.A) / 1e6;
		require("node:readline").createInterface({input: process.stdin}).on("line", line => {
			const now = performance.timeOrigin + performance.now();
			console.log(((now - began) / 1000).toFixed(3), line);
		});'; c=$?; echo "@ $a $(date +%s%N)" >&2; exit $c`,
	'bash',
];

async function measure(
	subject: Subject,
	imageName: string,
	command: (port: string | undefined) => readonly string[],
): Promise<Run> {
	const bench = createBench('healthy', {change: {programmer: subject, content: 'blank'}});
	const count: Count = {transfers: 0, bytes: 0, firstMs: undefined};
	const serving = await serve(subject, bench, count);
	try {
		const {code, stdout, stderr} = await serving.run([
			...(values.verbose ? timedLines : stopwatch),
			...command(serving.path),
		]);
		const times = /^@ (\d+) (\d+)$/m.exec(stderr);
		if (code !== 0 || times === null) throw new Error(`${command('PORT').join(' ')}\n${stdout}${stderr}`);
		if (values.verbose) console.log(`${stdout}${stderr}`);
		const image = images[imageName]!;
		const {flash} = bench.chip.dump();
		const wrong = flash.findIndex((byte, at) => byte !== (image.at(at) ?? 0xff));
		if (wrong !== -1) throw new Error(`${subject}, ${imageName}: the flash is wrong at ${wrong}`);
		const beganMs = Number(BigInt(times[1]!) / 1000n) / 1000;
		const endedMs = Number(BigInt(times[2]!) / 1000n) / 1000;
		const sck = /"sckHz":(\d+)/.exec(stdout);
		return {
			seconds: (endedMs - beganMs) / 1000,
			firstByteMs: (count.firstMs ?? Number.NaN) - beganMs,
			transfers: count.transfers,
			bytes: count.bytes,
			sckHz: sck === null ? undefined : Number(sck[1]),
		};
	} finally {
		await serving.close();
	}
}

const hexOf = (imageName: string) => path.join(folder, `${imageName}.hex`);
const byAvrdude = (subject: Subject, imageName: string) => (port: string | undefined) => [
	...['avrdude', ...subjects[subject].avrdude, '-p', 'm32u4', ...(port === undefined ? [] : ['-P', port])],
	...['-e', '-U', `flash:w:${hexOf(imageName)}:i`],
];
const byUs = (subject: Subject, imageName: string, backup: boolean) => (port: string | undefined) => [
	...[process.execPath, path.join(program, 'cli.js'), 'recover', '--programmer', subject],
	...(port === undefined ? [] : ['--port', port]),
	...['--board', 'promicro_5v', '--hex', hexOf(imageName), '--yes', '--json'],
	...(backup ? [] : ['--backup', 'none', '--accept', 'no-backup']),
	...['--accept', 'loses-bootloader', '--accept', 'eesave'],
];

const median = (numbers: readonly number[]) =>
	[...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const runs = Number(values.runs);
async function repeated(work: () => Promise<Run>): Promise<Run> {
	const all: Run[] = [];
	for (let run = 0; run < runs; run++) all.push(await work());
	const middle = median(all.map(one => one.seconds));
	return all.find(one => one.seconds === middle)!;
}

/** A node that does nothing, milliseconds. */
async function bareNodeMs(): Promise<number> {
	const times: number[] = [];
	for (let run = 0; run < 5; run++) {
		const began = performance.now();
		await new Promise(resolve => spawn(process.execPath, ['-e', '0']).once('close', resolve));
		times.push(performance.now() - began);
	}
	return median(times);
}

const bareMs = await bareNodeMs();
const failures: string[] = [];
const row = (cells: readonly (string | number)[]) => {
	console.log(
		values.markdown
			? `| ${cells.join(' | ')} |`
			: cells
					.map((cell, index) => (index < 2 ? String(cell).padEnd(13) : String(cell).padStart(12)))
					.join(''),
	);
};
console.log(`node -e 0: ${bareMs.toFixed(0)} ms; load ${loadavg()[0]!.toFixed(1)}`);
const heads = ['programmer', 'image', 'avrdude s', 'ours s', 'ratio', 'image floor', 'job floor', 'of it'];
row([...heads, 'SCK kHz', 'transfers', 'their', 'bytes', 'their', '1st byte ms']);
if (values.markdown) row(Array.from({length: 14}, (_, index) => (index < 2 ? '---' : '--:')));

for (const subject of chosen) {
	let fullSeconds: number | undefined;
	for (const imageName of chosenImages) {
		const ours = await repeated(() => measure(subject, imageName, byUs(subject, imageName, false)));
		const theirs = values.ours
			? undefined
			: await repeated(() => measure(subject, imageName, byAvrdude(subject, imageName)));
		const sckHz = ours.sckHz ?? sketchPace.sckHz;
		const {imageSeconds, jobSeconds} = floorOf(subject, chip, images[imageName]!, sckHz, foundHz[subject]);
		const floor = jobSeconds + bareMs / 1000;
		const ratio = theirs === undefined ? undefined : ours.seconds / theirs.seconds;
		row([
			...[subject, imageName, theirs?.seconds.toFixed(1) ?? '-', ours.seconds.toFixed(1)],
			...[ratio?.toFixed(2) ?? '-', imageSeconds.toFixed(1), floor.toFixed(1)],
			...[(ours.seconds / floor).toFixed(2)],
			...[(sckHz / 1000).toFixed(0), ours.transfers, theirs?.transfers ?? '-'],
			...[ours.bytes, theirs?.bytes ?? '-', ours.firstByteMs.toFixed(0)],
		]);
		const fail = (what: string, is: number, most: number) => {
			if (is > most) failures.push(`${subject}, ${imageName}: ${what} ${is.toFixed(2)}, wanted ${most}`);
		};
		fail('of the floor', ours.seconds / floor, floorShare);
		if (imageName === 'full') {
			fullSeconds = ours.seconds;
			if (ratio !== undefined) fail('of avrdude', ratio, targets[subject].full);
			const seen = observedSeconds[subject];
			if (seen !== undefined && theirs !== undefined) {
				const [least, most] = [seen[0] * (1 - observedTolerance), seen[1] * (1 + observedTolerance)];
				if (theirs.seconds < least || theirs.seconds > most) {
					failures.push(
						`VOID: avrdude took ${theirs.seconds.toFixed(1)} s over ${subject}, real firmware ${seen.join(' to ')} s`,
					);
				}
			}
		}
		if (imageName === 'loader' && ratio !== undefined) fail('of avrdude', ratio, targets[subject].loader);
		if (imageName === 'half' && ratio !== undefined) {
			fail('of avrdude', ratio, halfShare * targets[subject].full);
			if (fullSeconds !== undefined)
				console.log(
					`${subject}: half blank takes ${(ours.seconds / fullSeconds).toFixed(2)} of our full image`,
				);
		}
		// The first byte: what comes before the port is opened, beside a bare start of node.
		fail(
			'milliseconds to the first byte beyond bare node',
			Math.round(ours.firstByteMs - bareMs - (portResetMs[subject] ?? 0)),
			250,
		);
	}
	if (values.backup) {
		const withBackup = await measure(subject, 'full', byUs(subject, 'full', true));
		console.log(
			`${subject}: a full image with the backup of flash and EEPROM that we make by default: ${withBackup.seconds.toFixed(1)} s`,
		);
	}
}
for (const failure of failures) console.log(failure);
if (failures.length === 0) console.log('Every target is met.');
process.exitCode = failures.length === 0 ? 0 : 1;
