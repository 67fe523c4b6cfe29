// Bus Pirate v3: a text terminal that becomes a binary SPI master after twenty zeros.
// Follows the published binary mode pages (bit-bang and SPI): one command byte, 01 for yes, 00 for no; the UART of
// its processor holds four bytes while the SPI shifts.
import type {ByteDevice} from './byte-device.ts';
import {busPirateBaud as baud, ftdiLatencyMs} from './pace.ts';
import {createSerialLine, type Firmware} from './serial-firmware.ts';
import type {Hands, Wiring} from './wiring.ts';

export type BusPirateOptions = {
	readonly wiring: Wiring;
	readonly hands: Hands;
	/** False for builds that left the AVR commands out. */
	readonly avrCommands?: boolean;
	/** False before firmware 5.10: no 05 frames. */
	readonly framesWithoutCs?: boolean;
	/** Called when its supply pins are switched. */
	readonly onPower?: (on: boolean) => void;
	/** Called when AUX puts out a clock (or stops: undefined). */
	readonly onAuxClock?: (hz: number | undefined) => void;
	/** The bridge's latency timer. */
	readonly latencyMs?: number;
	/** What its voltage probe touches. */
	readonly probeVolts?: () => number;
};

const fifoBytes = 4;
const frameBytes = 4096;
const zerosFromTerminal = 20;
const speedsHz = [30e3, 125e3, 250e3, 1e6, 2e6, 2.6e6, 4e6, 8e6];
const processorHz = 16e6;
const prescalers = [1, 8, 64, 256];
// The probe sits behind a divider of two on a 3.3 V converter of ten bits.
const probeFullScaleVolts = 6.6;
const banner = 'Bus Pirate v3.5\r\nFirmware v5.10 (r559)  Bootloader v4.4\r\nHiZ>';

function text(words: string): readonly number[] {
	return Array.from(words, character => character.charCodeAt(0));
}

export function createBusPirate(options: BusPirateOptions): ByteDevice {
	const {wiring, hands} = options;
	const byteMs = 10_000 / baud;
	let hostBaud = baud;
	/** Until when the host's side of the line is busy. */
	let wireFreeMs = 0;
	const line = createSerialLine({
		hands,
		ringBytes: fifoBytes,
		byteMs: () => byteMs,
		answerMs: options.latencyMs ?? ftdiLatencyMs,
		accepts: () => hostBaud === baud,
	});
	const {reply, run} = line;
	let configured = false;
	let sckHz = speedsHz[0] ?? 30e3;
	let csHigh = true;

	function letGo(): void {
		configured = false;
		wiring.setMosi(undefined);
		wiring.setSck(undefined);
		wiring.setReset(undefined);
	}
	function driveCs(): void {
		wiring.setReset(csHigh ? 1 : 0);
	}
	function shift(value: number): number {
		return configured ? wiring.transfer(value, sckHz) : 0xff;
	}
	function* big(bytes: number): Generator<undefined, number, number> {
		let value = 0;
		for (let index = 0; index < bytes; index++) value = value * 256 + (yield);
		return value;
	}

	function* frame(toggleCs: boolean): Firmware {
		const writes: number = yield* big(2);
		const reads: number = yield* big(2);
		if (writes > frameBytes || reads > frameBytes) {
			reply(0x00);
			return;
		}
		const data: number[] = [];
		for (let index = 0; index < writes; index++) data.push(yield);
		if (toggleCs) wiring.setReset(0);
		for (const byte of data) shift(byte);
		const got: number[] = [];
		for (let index = 0; index < reads; index++) got.push(shift(0xff));
		if (toggleCs) wiring.setReset(1);
		reply(0x01, ...got);
	}
	function* avr(): Firmware {
		if (options.avrCommands === false) {
			reply(0x00);
			return;
		}
		reply(0x01);
		const command: number = yield;
		if (command === 0x00) reply(0x01);
		else if (command === 0x01) reply(0x01, 0x00, 0x01);
		else if (command === 0x02) {
			const word: number = yield* big(4);
			const count: number = yield* big(4);
			if (word > 0xffff || count > 0xffff || word + count > 0xffff) {
				reply(0x00);
				return;
			}
			reply(0x01);
			for (let index = 0; index < count; index++) {
				const at = word + (index >> 1);
				shift(index & 1 ? 0x28 : 0x20);
				shift((at >> 8) & 0xff);
				shift(at & 0xff);
				reply(shift(0));
			}
		} else reply(0x00);
	}
	function* spiMode(): Firmware {
		reply(...text('SPI1'));
		for (;;) {
			const command: number = yield;
			const low = command & 0x0f;
			switch (command >> 4) {
				case 0x0:
					if (low === 0) {
						letGo();
						return;
					}
					if (low === 1) reply(...text('SPI1'));
					else if (low === 2 || low === 3) {
						csHigh = low === 3;
						driveCs();
						reply(0x01);
					} else if (low === 4) yield* frame(true);
					else if (low === 5 && options.framesWithoutCs !== false) yield* frame(false);
					else if (low === 6) yield* avr();
					else reply(0x00);
					break;
				case 0x1:
					reply(0x01);
					for (let index = 0; index <= low; index++) reply(shift(yield));
					break;
				case 0x4:
					options.onPower?.((low & 8) !== 0);
					csHigh = (low & 1) !== 0;
					driveCs();
					reply(0x01);
					break;
				case 0x6:
					sckHz = speedsHz[low & 7] ?? 30e3;
					reply(low < speedsHz.length ? 0x01 : 0x00);
					break;
				case 0x8:
					configured = true;
					wiring.setSck(0);
					wiring.setMosi(0);
					driveCs();
					reply(0x01);
					break;
				default:
					reply(0x00);
			}
		}
	}
	function* firmware(): Firmware {
		for (;;) {
			let zeros = 0;
			while (zeros < zerosFromTerminal) {
				const typed: number = yield;
				zeros = typed === 0x00 ? zeros + 1 : 0;
				if (typed === 0x0a) reply(...text('\r\nHiZ>'));
			}
			let binary = true;
			reply(...text('BBIO1'));
			while (binary) {
				const command: number = yield;
				if (command === 0x00) reply(...text('BBIO1'));
				else if (command === 0x01) {
					yield* spiMode();
					reply(...text('BBIO1'));
				} else if (command === 0x0f) {
					letGo();
					options.onPower?.(false);
					options.onAuxClock?.(undefined);
					reply(0x01, ...text(banner));
					binary = false;
				} else if (command === 0x12) {
					const prescaler = prescalers[(yield) & 3] ?? 1;
					yield* big(2);
					const period: number = yield* big(2);
					options.onAuxClock?.(processorHz / prescaler / (period + 1));
					reply(0x01);
				} else if (command === 0x13) {
					options.onAuxClock?.(undefined);
					reply(0x01);
				} else if (command === 0x14) {
					const value = Math.round(((options.probeVolts?.() ?? 0) / probeFullScaleVolts) * 1024);
					reply(value >> 8, value & 0xff);
				} else if (command >= 0x40) reply(command & 0x1f);
				else reply(0x00);
			}
		}
	}
	line.start(firmware());

	return {
		open(atMs, rate) {
			hands.advanceTo(atMs);
			hostBaud = rate;
		},
		close(atMs) {
			run(atMs);
			hands.advanceTo(atMs);
			line.dropReplies();
		},
		powerCycle(atMs) {
			hands.advanceTo(atMs);
			line.clear(atMs);
			letGo();
			csHigh = true;
			line.start(firmware());
		},
		receive(data, atMs) {
			// What was sent before is still on the wire.
			const startMs = Math.max(atMs, wireFreeMs);
			data.forEach((byte, index) => {
				line.arrive(byte, startMs + (index + 1) * byteMs);
			});
			wireFreeMs = startMs + data.length * byteMs;
		},
		wireMs: bytes => bytes * byteMs,
		nextReplyMs: line.nextReplyMs,
		busyUntilMs: hands.nowMs,
		take: line.take,
	};
}
