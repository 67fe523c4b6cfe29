// Pipes whose far end is a function in the test: every transfer is logged, and any one of them can be made to fail.
import type {Clock} from '../../src/engine/clock.ts';
import {
	type ByteStream,
	type ControlSetup,
	TransferFault,
	type UsbDeviceInfo,
	type UsbPipe,
} from '../../src/engine/transports.ts';

export type Fault = TransferFault['reason'] | 'short';

/** A clock that only sleeping moves; `slept` lists the sleeps. */
export function createManualClock(): Clock & {readonly slept: number[]; advance(ms: number): void} {
	let now = 0;
	const slept: number[] = [];
	return {
		slept,
		nowMs: () => now,
		async sleep(ms) {
			slept.push(ms);
			now += ms;
		},
		advance(ms) {
			now += ms;
		},
	};
}

export type UsbTransfer =
	| {readonly kind: 'in'; readonly setup: ControlSetup; readonly length: number; readonly timeoutMs: number}
	| {
			readonly kind: 'out';
			readonly setup: ControlSetup;
			readonly data: Uint8Array;
			readonly timeoutMs: number;
	  }
	| {readonly kind: 'bulk-in'; readonly length: number; readonly timeoutMs: number}
	| {readonly kind: 'bulk-out'; readonly data: Uint8Array; readonly timeoutMs: number};

/** The device: returns the bytes of an IN transfer, or a reason why it fails. */
export type UsbScript = (
	transfer: UsbTransfer,
) => Uint8Array | readonly number[] | TransferFault['reason'] | undefined;

export function createScriptedUsb(
	script: UsbScript,
	info: Partial<UsbDeviceInfo> = {},
): {
	readonly pipe: UsbPipe;
	readonly log: UsbTransfer[];
	failAt(index: number, fault: Fault): void;
	readonly closed: () => boolean;
} {
	const log: UsbTransfer[] = [];
	let closed = false;
	let dead = false;
	let failure: {index: number; fault: Fault} | undefined;
	const run = async (transfer: UsbTransfer): Promise<Uint8Array> => {
		if (closed || dead) throw new TransferFault('gone', 'device disconnected');
		const index = log.push(transfer) - 1;
		if (failure?.index === index && failure.fault !== 'short') {
			if (failure.fault === 'gone') dead = true;
			throw new TransferFault(failure.fault, `scripted ${failure.fault}`);
		}
		const answer = script(transfer);
		if (typeof answer === 'string') throw new TransferFault(answer, `scripted ${answer}`);
		const bytes = Uint8Array.from(answer ?? []);
		return failure?.index === index ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
	};
	const pipe: UsbPipe = {
		device: {key: '1-1:2', vendorId: 0, productId: 0, release: 0x0104, access: 'ok', ...info},
		controlIn: (setup, length, timeoutMs) => run({kind: 'in', setup, length, timeoutMs}),
		async controlOut(setup, data, timeoutMs) {
			await run({kind: 'out', setup, data: data.slice(), timeoutMs});
		},
		bulkIn: (_endpoint, length, timeoutMs) => run({kind: 'bulk-in', length, timeoutMs}),
		async bulkOut(_endpoint, data, timeoutMs) {
			await run({kind: 'bulk-out', data: data.slice(), timeoutMs});
		},
		async clearHalt() {
			if (dead) throw new TransferFault('gone', 'device disconnected');
		},
		async close() {
			closed = true;
		},
	};
	return {
		pipe,
		log,
		failAt(index, fault) {
			failure = {index, fault};
		},
		closed: () => closed,
	};
}

/** The device: is handed what arrives and returns what it sends back. */
export type SerialScript = (data: Uint8Array) => ArrayLike<number>;

export function createScriptedStream(
	script: SerialScript,
	clock: Clock & {advance(ms: number): void},
	options: {readonly path?: string /** Hand out at most this much at once. */; readonly chop?: number} = {},
): {
	readonly stream: ByteStream;
	readonly written: Uint8Array[];
	failAt(index: number, fault: Exclude<Fault, 'short' | 'stall'> | 'silence'): void;
	readonly closed: () => boolean;
} {
	const {path = '/dev/ttyX0', chop = Number.POSITIVE_INFINITY} = options;
	const written: Uint8Array[] = [];
	let pending: number[] = [];
	let closed = false;
	let dead = false;
	let failure: {index: number; fault: string} | undefined;
	const here = () => {
		if (dead || closed) throw new TransferFault('gone', `${path} is gone`);
	};
	const stream: ByteStream = {
		path,
		async write(data) {
			here();
			const index = written.push(data.slice()) - 1;
			if (failure?.index === index) {
				if (failure.fault === 'silence') return;
				if (failure.fault === 'gone') dead = true;
				throw new TransferFault(failure.fault as TransferFault['reason'], `scripted ${failure.fault}`);
			}
			pending.push(...Array.from(script(data)));
		},
		async read(maxBytes, timeoutMs) {
			here();
			if (pending.length === 0) {
				clock.advance(timeoutMs);
				return new Uint8Array(0);
			}
			return Uint8Array.from(pending.splice(0, Math.min(maxBytes, chop)));
		},
		async discardInput() {
			here();
			pending = [];
		},
		async setLines() {},
		async close() {
			closed = true;
		},
	};
	return {
		stream,
		written,
		failAt(index, fault) {
			failure = {index, fault};
		},
		closed: () => closed,
	};
}
