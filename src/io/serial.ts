// ByteStream over the serialport package: bytes are queued as they arrive and handed out by count; nothing polls.
import {access, constants, stat} from 'node:fs/promises';
import type {SerialPort as SerialPortClass} from 'serialport';
import {isKind} from '../engine/errors.ts';
import {type ByteStream, TransferFault} from '../engine/transports.ts';
import {openError, transferFault} from './system-errors.ts';

/** How often a waiting read looks whether the node is still there: a hung-up tty reads as silence. */
const livenessMs = 500;
/** Longest wait for the system to take bytes, beside the time that they take on the wire. */
const writeGraceMs = 10_000;
/** A close that hangs (a device that went in mid-transfer) is given up after this. */
const closeGraceMs = 2000;
/** A new node belongs to root until udev has been there: tries and pause as observed in the field. */
const udevRaceTries = 10;
const udevRacePauseMs = 100;
/** A node older than this has been through udev: no more tries. */
const newNodeMs = 3000;

/** macOS: the call-out name. Opening the dial-in name (`tty.`) may wait for a carrier for ever. */
export function callOutPath(path: string): string {
	return path.replace(/^\/dev\/tty\./, '/dev/cu.');
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

async function isNew(path: string): Promise<boolean> {
	try {
		return Date.now() - (await stat(path)).ctimeMs < newNodeMs;
	} catch {
		return false;
	}
}

async function exists(path: string): Promise<boolean> {
	try {
		await access(path, constants.F_OK);
		return true;
	} catch {
		return false;
	}
}

/**
 * Opens a port 8N1. On Linux and macOS the system raises DTR while doing so.
 * @throws UnbrickError DeviceMissing, DeviceDenied, DeviceBusy
 */
export async function openSerial(
	path: string,
	{baud, group}: {readonly baud: number; readonly group?: string},
): Promise<ByteStream> {
	const node = process.platform === 'darwin' ? callOutPath(path) : path;
	// Without the package's parsers: a third of the time to load.
	const {SerialPort} = await import('serialport/dist/serialport.js');
	for (let attempt = 1; ; attempt++) {
		const port = new SerialPort({path: node, baudRate: baud, autoOpen: false});
		try {
			await new Promise<void>((resolve, reject) => {
				port.open(error => (error ? reject(error) : resolve()));
			});
			return await streamOver(port, node, baud);
		} catch (error) {
			const known = openError(error, {path: node, ...(group === undefined ? {} : {group})});
			const race = isKind(known, 'DeviceDenied') || isKind(known, 'DeviceBusy');
			if (!race || attempt > udevRaceTries || !(await isNew(node))) throw known;
			await pause(udevRacePauseMs);
		}
	}
}

async function streamOver(port: SerialPortClass, path: string, baud: number): Promise<ByteStream> {
	const chunks: Uint8Array[] = [];
	const onDisk = process.platform !== 'win32';
	let fault: TransferFault | undefined;
	let closed = false;
	let wake: (() => void) | undefined;
	const gone = (cause?: unknown) => {
		fault ??= new TransferFault('gone', `${path} is gone`, {cause});
		wake?.();
	};
	port.on('data', (chunk: Uint8Array) => {
		chunks.push(chunk);
		wake?.();
	});
	port.on('close', gone);
	port.on('end', () => gone());
	port.on('error', error => gone(error));

	const set = (lines: {dtr: boolean; rts: boolean}) =>
		new Promise<void>(resolve => {
			if (!port.isOpen) {
				resolve();
				return;
			}
			// A port without these lines (a pty: ENOTTY) is as good. Low latency is lost when not repeated.
			const all = {...lines, ...(process.platform === 'linux' ? {lowLatency: true} : {})};
			port.set(all, () => resolve());
		});
	// Linux: FTDI bridges otherwise hold short replies back for 16 ms. Both lines are up already after opening.
	if (process.platform === 'linux') await set({dtr: true, rts: true});

	const take = (maxBytes: number): Uint8Array => {
		const first = chunks[0];
		if (first === undefined) return new Uint8Array(0);
		if (first.length > maxBytes) {
			chunks[0] = first.subarray(maxBytes);
			return Uint8Array.from(first.subarray(0, maxBytes));
		}
		let count = 0;
		let bytes = 0;
		while (count < chunks.length && bytes + chunks[count]!.length <= maxBytes)
			bytes += chunks[count++]!.length;
		const taken = new Uint8Array(bytes);
		let offset = 0;
		for (const chunk of chunks.splice(0, count)) {
			taken.set(chunk, offset);
			offset += chunk.length;
		}
		return taken;
	};
	const arrival = (ms: number) =>
		new Promise<void>(resolve => {
			const timer = setTimeout(done, ms);
			function done() {
				clearTimeout(timer);
				wake = undefined;
				resolve();
			}
			wake = done;
		});

	return {
		path,
		async write(data) {
			if (fault) throw fault;
			const limitMs = writeGraceMs + Math.ceil((data.length * 10_000) / baud) * 2;
			let timer: NodeJS.Timeout | undefined;
			try {
				await Promise.race([
					new Promise<void>((resolve, reject) => {
						port.write(data, error => {
							if (error) reject(error);
							else if (port.isOpen) port.drain(failed => (failed ? reject(failed) : resolve()));
							else reject(new Error('Port is not open'));
						});
					}),
					new Promise<never>((_, reject) => {
						timer = setTimeout(() => reject(new TransferFault('timeout', `${path} takes no bytes`)), limitMs);
					}),
				]);
			} catch (error) {
				throw fault ?? transferFault(error);
			} finally {
				clearTimeout(timer);
			}
		},
		async read(maxBytes, timeoutMs) {
			const deadline = performance.now() + timeoutMs;
			for (;;) {
				if (chunks.length > 0) return take(maxBytes);
				if (fault) throw fault;
				const leftMs = Math.max(0, deadline - performance.now());
				await arrival(Math.min(leftMs, livenessMs));
				if (chunks.length > 0) continue;
				if (onDisk && !fault && !(await exists(path))) gone();
				if (chunks.length === 0 && !fault && performance.now() >= deadline) return new Uint8Array(0);
			}
		},
		async discardInput() {
			chunks.length = 0;
			if (!port.isOpen) return;
			await new Promise<void>(resolve => {
				port.flush(() => resolve());
			});
			// What the system had already handed over arrives in this turn of the loop.
			await new Promise<void>(resolve => {
				setImmediate(resolve);
			});
			chunks.length = 0;
		},
		setLines: set,
		async close() {
			if (closed) return;
			closed = true;
			if (port.isOpen) {
				let timer: NodeJS.Timeout | undefined;
				await Promise.race([
					new Promise<void>(resolve => {
						port.close(() => resolve());
					}),
					new Promise<void>(resolve => {
						timer = setTimeout(resolve, closeGraceMs);
					}),
				]);
				clearTimeout(timer);
			}
			gone();
		},
	};
}
