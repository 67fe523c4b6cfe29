// Firmware behind a serial line: bytes arrive when the wire has carried them, wait in a ring, are taken one by one
// when the firmware asks for one, and answers leave at the line's own rate. The firmware is a generator: `yield` is
// "wait for the next byte".
import type {Hands} from './wiring.ts';

export type Firmware = Generator<undefined, void, number>;

export type SerialLineOptions = {
	readonly hands: Hands;
	/** How many bytes wait before the next is lost; infinite where the host is held back (CDC). */
	readonly ringBytes: number;
	/** One byte on the wire towards the host; 0 where packets go (CDC). */
	readonly byteMs: () => number;
	/** Between the end of the wire and the host's bus; for packets: how long one that is not full waits. */
	readonly answerMs?: number;
	/** How a byte of the firmware looks to the host (a wrong rate). */
	readonly seen?: (value: number) => number;
	/** False: this byte is lost on the firmware. */
	readonly accepts?: () => boolean;
	/** Called before the line runs on to `untilMs`; `firstMs` is when its first waiting byte arrived. */
	readonly before?: (untilMs: number, firstMs: number | undefined) => void;
};

export type SerialLine = {
	/** The firmware's side: sends an answer. A full transmit ring holds the firmware back. */
	readonly reply: (...bytes: readonly number[]) => void;
	/** Exchanges the firmware; bytes that wait stay. */
	readonly start: (firmware: Firmware) => void;
	/** Forgets what waits in both directions. */
	readonly clear: (atMs: number) => void;
	readonly dropReplies: () => void;
	readonly run: (untilMs: number) => void;
	readonly arrive: (value: number, atMs: number) => void;
	readonly nextReplyMs: (untilMs: number) => number | undefined;
	readonly take: (maxBytes: number, atMs: number) => Uint8Array;
};

/** When something reaches the host. A packet that is still open may be put off by the next byte. */
type Due = {atMs: number; bytes: number; open: boolean};

// Bulk endpoints of full speed.
const packetBytes = 64;
// Arduino core and others: transmit rings of 64 bytes, one place kept free.
const transmitRingBytes = 63;

/** Waits for ever. */
export function* hang(): Firmware {
	for (;;) yield;
}

export function createSerialLine(options: SerialLineOptions): SerialLine {
	const {hands} = options;
	const waiting: {readonly value: number; readonly atMs: number}[] = [];
	let replies: {readonly value: number; readonly due: Due}[] = [];
	let packet: Due = {atMs: 0, bytes: 0, open: false};
	let lineFreeMs = 0;
	let firmware: Firmware = hang();

	/** Lets the firmware take the bytes that are there, as long as it is free by `untilMs`. */
	function run(untilMs: number): void {
		for (;;) {
			options.before?.(untilMs, waiting[0]?.atMs);
			const next = waiting[0];
			if (next === undefined || Math.max(hands.nowMs(), next.atMs) > untilMs) return;
			waiting.shift();
			hands.advanceTo(next.atMs);
			if (options.accepts?.() === false) continue;
			firmware.next(next.value);
		}
	}
	return {
		reply(...bytes) {
			const byteMs = options.byteMs();
			for (const value of bytes) {
				const seen = options.seen?.(value) ?? value;
				if (byteMs === 0) {
					const now = hands.nowMs();
					if (!packet.open || now > packet.atMs) packet = {atMs: now, bytes: 0, open: true};
					packet.bytes++;
					const full = packet.bytes === packetBytes;
					packet.atMs = full ? now : now + (options.answerMs ?? 0);
					packet.open = !full;
					replies.push({value: seen, due: packet});
					continue;
				}
				const free = lineFreeMs - transmitRingBytes * byteMs;
				if (free > hands.nowMs()) hands.advanceTo(free);
				lineFreeMs = Math.max(lineFreeMs, hands.nowMs()) + byteMs;
				const atMs = lineFreeMs + (options.answerMs ?? 0);
				replies.push({value: seen, due: {atMs, bytes: 1, open: false}});
			}
		},
		start(next) {
			firmware = next;
			firmware.next();
		},
		clear(atMs) {
			waiting.length = 0;
			replies = [];
			lineFreeMs = atMs;
		},
		dropReplies() {
			replies = [];
		},
		run,
		arrive(value, atMs) {
			run(atMs);
			if (waiting.length < options.ringBytes) waiting.push({value, atMs});
		},
		nextReplyMs(untilMs) {
			for (;;) {
				const first = replies[0];
				if (first !== undefined && first.due.atMs <= untilMs) {
					// The host was told: nothing joins this packet any more.
					first.due.open = false;
					return first.due.atMs;
				}
				const next = waiting[0];
				if (next === undefined) {
					run(untilMs);
					return undefined;
				}
				const when = Math.max(hands.nowMs(), next.atMs);
				if (when > untilMs) return undefined;
				run(when);
			}
		},
		take(maxBytes, atMs) {
			run(atMs);
			let count = 0;
			while (count < maxBytes && (replies[count]?.due.atMs ?? Number.POSITIVE_INFINITY) <= atMs) count++;
			return Uint8Array.from(replies.splice(0, count), one => one.value);
		},
	};
}
