// A board of the bench served to real programs through the virtual USB rig (test/vusb): what runs on the board decides
// what is on the bus, and it comes and goes as the board does. The board's own work takes no real time: what it would
// have waited is added to its clock.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import type {Board, OnBus} from '../../src/bench/boot/board.ts';
import {configurationDescriptor, deviceDescriptor} from '../../src/bench/boot/usb-function.ts';
import type {ControlSetup} from '../../src/engine/transports.ts';

const rigCommand = path.resolve(import.meta.dirname, '../vusb/vusb-run');
const root = path.resolve(import.meta.dirname, '../..');

export type RunResult = {readonly code: number | null; readonly stdout: string; readonly stderr: string};

export type BoardRig = {
	readonly board: Board;
	/** The board's time, milliseconds. */
	readonly nowMs: () => number;
	/** Lets the board's time pass without waiting. */
	readonly skip: (ms: number) => void;
	readonly folder: string;
	/** Runs a command beside the board. `onOutput` sees everything said so far, after each piece. */
	readonly run: (
		command: readonly string[],
		options?: {
			readonly timeoutMs?: number;
			readonly onOutput?: (text: string) => void;
			readonly onTransfer?: (index: number, what: string) => void;
			/** The board's time stands still until the program talks to it: a slow machine eats no 8 s window. */
			readonly frozen?: boolean;
		},
	) => Promise<RunResult>;
	/** `avr-unbrick ARGS`, the built program. */
	readonly cli: (...args: readonly string[]) => Promise<RunResult>;
	readonly close: () => void;
};

type Ask = {
	readonly op: string;
	readonly id: number;
	readonly type?: number;
	readonly request?: number;
	readonly value?: number;
	readonly index?: number;
	readonly length?: number;
	readonly ep?: number;
	readonly data?: string;
};

function setupOf(ask: Ask): ControlSetup {
	const bits = ask.type ?? 0;
	return {
		type: (['standard', 'class', 'vendor'] as const)[(bits >> 5) & 3] ?? 'vendor',
		recipient: (['device', 'interface', 'endpoint'] as const)[bits & 0x1f] ?? 'device',
		request: ask.request ?? 0,
		value: ask.value ?? 0,
		index: ask.index ?? 0,
	};
}
const bytesOf = (ask: Ask) => Uint8Array.from(Buffer.from(ask.data ?? '', 'hex'));
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex');

function helloOf(onBus: OnBus | undefined): object {
	const identity = onBus?.usb?.identity;
	if (identity === undefined) {
		// The rig wants an identity before it lets a program start; this one is never plugged in.
		return {op: 'hello', protocol: 1, plugged: false, device: `1201${'00'.repeat(16)}`, configs: []};
	}
	return {
		op: 'hello',
		protocol: 1,
		device: hexOf(deviceDescriptor(identity)),
		configs: [hexOf(configurationDescriptor(identity, onBus?.usb?.serial?.packetBytes))],
		strings: {1: identity.manufacturer, 2: identity.product},
		speed: identity.speed,
		packets: identity.shape === 'cdc',
		transaction_us: 0,
	};
}

/** Needs root and /dev/fuse: `peerTest(name, {virtualUsb: true}, ...)`. */
export async function serveBoard(board: Board): Promise<BoardRig> {
	const folder = mkdtempSync(path.join(tmpdir(), 'board-rig-'));
	const socketPath = path.join(folder, 'board');
	const startMs = performance.now();
	let skippedMs = 0;
	let frozenMs: number | undefined;
	const nowMs = () => frozenMs ?? performance.now() - startMs + skippedMs;
	function thaw(): void {
		if (frozenMs === undefined) return;
		skippedMs = frozenMs - (performance.now() - startMs);
		frozenMs = undefined;
	}
	let timer: NodeJS.Timeout | undefined;
	let socket: Socket | undefined;
	let asked: Ask | undefined;
	let transfers = 0;
	let onTransfer: ((index: number, what: string) => void) | undefined;

	const say = (message: object) => socket?.write(`${JSON.stringify(message)}\n`);
	/** Runs the board up to now and sets an alarm for what is due next. */
	function tick(): void {
		board.runTo(nowMs());
		clearTimeout(timer);
		const due = board.nextDueMs();
		if (due !== undefined && frozenMs === undefined) timer = setTimeout(tick, Math.max(0, due - nowMs()));
	}
	function skipTo(ms: number): void {
		skippedMs += Math.max(0, ms - nowMs());
	}
	/** Hands the next packet to the program, if it asked and there is one. */
	function feed(): void {
		const serial = board.onBus()?.usb?.serial;
		if (asked === undefined || serial === undefined) return;
		const readyMs = serial.nextReplyMs(Number.MAX_SAFE_INTEGER);
		if (readyMs === undefined) return;
		skipTo(readyMs);
		const data = serial.take(Math.min(asked.length ?? 64, serial.packetBytes), nowMs());
		if (data.length === 0) return;
		say({id: asked.id, data: hexOf(data)});
		asked = undefined;
	}
	function control(ask: Ask): void {
		const isIn = ((ask.type ?? 0) & 0x80) !== 0;
		const usb = board.onBus()?.usb;
		if (usb === undefined) return;
		onTransfer?.(transfers++, `control ${ask.request}`);
		if (board.onBus()?.usb !== usb) return;
		const answer = usb.control(setupOf(ask), isIn ? (ask.length ?? 0) : bytesOf(ask), nowMs());
		if (answer.status === 'never') return;
		skipTo(answer.doneMs);
		say(answer.status === 'stall' ? {id: ask.id, stall: true} : {id: ask.id, data: hexOf(answer.data)});
	}
	function out(ask: Ask): void {
		const serial = board.onBus()?.usb?.serial;
		if (serial === undefined) return;
		onTransfer?.(transfers++, 'out');
		if (board.onBus()?.usb?.serial !== serial) return;
		const doneMs = serial.out(bytesOf(ask), nowMs());
		if (doneMs === undefined) return;
		skipTo(doneMs);
		say({id: ask.id});
	}
	function hear(ask: Ask): void {
		if (ask.op === 'control' || ask.op === 'out') thaw();
		tick();
		if (ask.op === 'control') control(ask);
		else if (ask.op === 'out') out(ask);
		else if (ask.op === 'in') asked = ask.ep === 0x83 ? ask : asked;
		else if (['plugged', 'reset', 'unplugged', 'configuration'].includes(ask.op)) asked = undefined;
		else if (ask.op === 'error') console.error('virtual USB:', JSON.stringify(ask));
		feed();
		tick();
	}
	board.onChange(() => {
		asked = undefined;
		say({op: 'unplug'});
		const onBus = board.onBus();
		if (onBus?.usb !== undefined) say(helloOf(onBus));
	});
	const server = createServer(next => {
		socket = next;
		let rest = '';
		next.setEncoding('latin1').on('data', chunk => {
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) hear(JSON.parse(line) as Ask);
		});
		next.on('error', () => {});
		next.on('close', () => {
			if (socket === next) socket = undefined;
		});
		tick();
		say(helloOf(board.onBus()));
	});
	server.listen(socketPath);
	await once(server, 'listening');

	const run: BoardRig['run'] = async (command, options = {}) => {
		transfers = 0;
		onTransfer = options.onTransfer;
		if (options.frozen === true) frozenMs = nowMs();
		const args = ['--netns', '--quiet', '-d', `board=remote:socket=${socketPath}`, '--', ...command];
		const child = spawn(rigCommand, args, {
			cwd: root,
			env: {
				...process.env,
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
			options.onOutput?.(stdout + stderr);
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			stderr += text;
			options.onOutput?.(stdout + stderr);
		});
		const limit = setTimeout(() => child.kill('SIGTERM'), options.timeoutMs ?? 60_000);
		const code = await new Promise<number | null>((resolve, reject) => {
			child.once('error', reject);
			child.once('close', resolve);
		});
		clearTimeout(limit);
		onTransfer = undefined;
		thaw();
		tick();
		return {code, stdout, stderr};
	};
	return {
		board,
		nowMs,
		skip(ms) {
			thaw();
			skippedMs += ms;
			tick();
		},
		folder,
		run,
		cli: (...args) => run([process.execPath, path.join(root, 'dist/cli.js'), ...args]),
		close() {
			clearTimeout(timer);
			socket?.destroy();
			server.close();
			rmSync(folder, {recursive: true, force: true});
		},
	};
}
