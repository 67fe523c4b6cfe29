// A device of the bench behind a real pseudo terminal, so that other people's programs can open it by path.
// python3 holds the terminal (test/helpers/pty-relay.py): Node alone cannot see when the far end opens and closes.
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import type {ByteDevice} from '../../src/bench/byte-device.ts';

export type PtyEvents = {
	readonly onOpen?: () => void;
	readonly onBaud?: (baud: number) => void;
	readonly onData: (data: Uint8Array) => void;
	readonly onClose?: () => void;
};

export type Pty = {
	readonly path: string;
	readonly write: (data: Uint8Array) => void;
	readonly close: () => Promise<void>;
};

/** Opens a pseudo terminal in raw mode. `path` is what programs open. */
export async function openPty(events: PtyEvents): Promise<Pty> {
	const relay: ChildProcess = spawn('python3', [path.join(import.meta.dirname, 'pty-relay.py')], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const {stdin, stdout} = relay;
	if (stdin === null || stdout === null) throw new Error('the relay has no pipes');
	let tail = Buffer.alloc(0);
	let tellPath: (path: string) => void = () => {};
	const where = new Promise<string>((resolve, reject) => {
		tellPath = resolve;
		relay.once('error', reject);
		relay.once('exit', code => reject(new Error(`the relay ended with ${code}`)));
	});
	where.catch(() => {});
	stdin.on('error', () => {});
	stdout.on('data', (chunk: Buffer) => {
		tail = Buffer.concat([tail, chunk]);
		while (tail.length >= 5) {
			const length = tail.readUInt32BE(1);
			if (tail.length < 5 + length) return;
			const letter = String.fromCharCode(tail[0] ?? 0);
			const payload = tail.subarray(5, 5 + length);
			tail = tail.subarray(5 + length);
			if (letter === 'P') tellPath(payload.toString());
			else if (letter === 'O') events.onOpen?.();
			else if (letter === 'B') events.onBaud?.(Number(payload.toString()));
			else if (letter === 'D') events.onData(Uint8Array.from(payload));
			else if (letter === 'C') events.onClose?.();
		}
	});
	return {
		path: await where,
		write(data) {
			const head = Buffer.alloc(5);
			head.write('D');
			head.writeUInt32BE(data.length, 1);
			stdin.write(Buffer.concat([head, data]));
		},
		async close() {
			if (relay.exitCode !== null) return;
			stdin.end();
			await once(relay, 'exit');
		},
	};
}

export type ServeOptions = {
	/**
	 * `fast`: the device's own time is skipped, only what the program itself waits is real.
	 * `real`: answers come when they would come on a real wire.
	 */
	readonly pace?: 'fast' | 'real';
};

/** Serves a byte device on a pseudo terminal. Opening it is opening the port: an Uno resets. */
export async function serveOnPty(device: ByteDevice, options: ServeOptions = {}): Promise<Pty> {
	const fast = options.pace !== 'real';
	const startMs = performance.now();
	let skippedMs = 0;
	const nowMs = () => performance.now() - startMs + skippedMs;
	let ticker: NodeJS.Timeout | undefined;
	let baud = 0;
	let pendingOpenMs: number | undefined;

	function reallyOpen(): void {
		if (pendingOpenMs === undefined) return;
		device.open(pendingOpenMs, baud === 0 ? 19_200 : baud);
		pendingOpenMs = undefined;
		if (fast) skipAhead();
		else ticker ??= setInterval(deliver, 1);
	}
	/** Sends what is due by now. */
	function deliver(): void {
		const now = nowMs();
		while (device.nextReplyMs(now) !== undefined) pty.write(device.take(Number.MAX_SAFE_INTEGER, now));
	}
	/** Runs the device as far as it goes and sends all that it answers. */
	function skipAhead(): void {
		let due = nowMs();
		const answers: Uint8Array[] = [];
		for (;;) {
			const when = device.nextReplyMs(Number.MAX_SAFE_INTEGER);
			if (when === undefined) break;
			answers.push(device.take(Number.MAX_SAFE_INTEGER, when));
			due = Math.max(due, when);
		}
		// What the firmware still waits for after its last answer has passed as well.
		due = Math.max(due, device.busyUntilMs());
		skippedMs += Math.max(0, due - nowMs());
		if (answers.length > 0) pty.write(Buffer.concat(answers));
	}
	function stop(): void {
		clearInterval(ticker);
		ticker = undefined;
	}
	const pty = await openPty({
		onOpen() {
			// The rate is set after opening; the first byte or the close tells it.
			pendingOpenMs = nowMs();
		},
		onBaud(next) {
			baud = next;
		},
		onData(data) {
			reallyOpen();
			device.receive(data, nowMs());
			if (fast) skipAhead();
			else deliver();
		},
		onClose() {
			reallyOpen();
			stop();
			device.close(nowMs());
		},
	});
	return {
		...pty,
		async close() {
			stop();
			await pty.close();
		},
	};
}
