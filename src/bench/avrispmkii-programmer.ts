// AVRISP mkII and its clones: STK500v2 messages over two bulk endpoints, a short packet ending each.
// Follows AVR068 (command and parameter tables) and what the LUFA clone does: SCK and reset polarity survive in its
// EEPROM, every command has about a second, at most 256 data bytes.
import {fullSpeedBulkMs} from './pace.ts';
import {answered, stalled, type UsbAnswer, type UsbModel} from './usb-model.ts';
import type {Hands, Wiring} from './wiring.ts';

export type AvrispMkiiOptions = {
	readonly wiring: Wiring;
	readonly hands: Hands;
	/** Atmel's own tool measures the target's supply and connections; a LUFA clone says 3.3 V and nothing else. */
	readonly genuine?: boolean;
	/** Supply at the target, for a tool that measures it. */
	readonly targetVolts?: () => number;
	/** What an earlier session left in the clone's EEPROM. */
	readonly sckIndex?: number;
	readonly resetPolarity?: number;
};

const status = {ok: 0x00, timeout: 0x80, readyTimeout: 0x81, failed: 0xc0, unknown: 0xc9, illegal: 0xca};
// Index of parameter 98 to Hz (AVR068; the clone's own table): between these the steps are geometric.
const sckAnchors: readonly (readonly [number, number])[] = [
	[0, 8e6],
	[1, 4e6],
	[2, 2e6],
	[3, 1e6],
	[4, 500e3],
	[5, 250e3],
	[6, 125e3],
	[7, 96_386],
	[8, 89_888],
	[9, 84_211],
	[10, 79_208],
	[14, 64_000],
	[30, 29_740],
	[43, 16_097],
	[53, 9963],
	[72, 4019],
	[101, 1000],
	[163, 51],
];
const maxSckIndex = 163;
const packetBytes = 64;
const maxDataBytes = 256;
// 100 ticks of 10 ms for a command, counted again after each cell that became ready.
const commandBudgetMs = 1000;
const lufaVoltsTimesTen = 33;

function hertz(index: number): number {
	let below = sckAnchors[0] as readonly [number, number];
	for (const anchor of sckAnchors) {
		if (anchor[0] === index) return anchor[1];
		if (anchor[0] > index) {
			const share = (index - below[0]) / (anchor[0] - below[0]);
			return below[1] * (anchor[1] / below[1]) ** share;
		}
		below = anchor;
	}
	return below[1];
}

export function createAvrispMkiiModel(options: AvrispMkiiOptions): UsbModel {
	const {wiring, hands} = options;
	let sckIndex = options.sckIndex ?? 6;
	let resetPolarity = options.resetPolarity ?? 1;
	let address = 0;
	let wantsExtended = false;
	let programming = false;
	let message: number[] = [];
	let pending: Uint8Array | undefined;

	function pause(ms: number): void {
		hands.advanceTo(hands.nowMs() + ms);
	}
	function spi(...bytes: readonly number[]): readonly number[] {
		if (programming) return bytes.map(byte => wiring.transfer(byte & 0xff, hertz(sckIndex)));
		// Nothing is driven, but the time passes: a command that polls must come to its end.
		pause((bytes.length * 8000) / hertz(sckIndex));
		return bytes.map(() => 0xff);
	}
	function resetTarget(on: boolean): void {
		wiring.setReset(on === (resetPolarity === 1) ? 0 : 1);
	}
	function letGo(): void {
		programming = false;
		wiring.setMosi(undefined);
		wiring.setSck(undefined);
		wiring.setReset(undefined);
	}
	function connected(): number {
		if (options.genuine !== true) return 0;
		return (options.targetVolts?.() ?? 5) < 1 ? 0x10 : 0x00;
	}
	function extend(): void {
		if (!wantsExtended) return;
		spi(0x4d, 0, (address >> 16) & 0xff, 0);
	}
	function enter(body: readonly number[]): number {
		const [, , stabilityMs = 100, , loops = 32, , pollValue = 0x53, pollIndex = 3] = body;
		const instruction = body.slice(8, 12);
		programming = true;
		wiring.setSck(0);
		wiring.setMosi(0);
		const until = hands.nowMs() + commandBudgetMs;
		for (let loop = 0; loop < loops && hands.nowMs() < until; loop++) {
			if (loop > 0) {
				resetTarget(false);
				pause(stabilityMs);
			}
			resetTarget(true);
			pause(stabilityMs);
			const got = spi(...instruction);
			if (pollIndex === 0 || got[pollIndex - 1] === pollValue) return status.ok;
		}
		letGo();
		return status.failed;
	}
	function untilReady(): number {
		const until = hands.nowMs() + commandBudgetMs;
		while (hands.nowMs() < until) {
			if (((spi(0xf0, 0, 0, 0)[3] ?? 1) & 1) === 0) return status.ok;
		}
		return status.readyTimeout;
	}
	function untilValue(read: () => number, busyValue: number, delayMs: number): number {
		const until = hands.nowMs() + Math.max(delayMs, 1);
		while (hands.nowMs() < until) if (read() !== busyValue) return status.ok;
		// A cell that holds the busy value itself cannot be polled: its time has passed now.
		return status.ok;
	}
	function program(flash: boolean, body: readonly number[]): number {
		const count = (body[1] ?? 0) * 256 + (body[2] ?? 0);
		const [mode = 0, delayMs = 0, load = 0, write = 0, read = 0, pollOne = 0xff] = body.slice(3);
		const data = body.slice(10);
		if (count > maxDataBytes) return status.failed;
		if (data.length < count) return status.failed;
		extend();
		const start = address;
		let pollAt: {readonly word: number; readonly odd: number} | undefined;
		let result = status.ok;
		for (let index = 0; index < count; index++) {
			const odd = flash ? index & 1 : 0;
			const byte = data[index] ?? 0xff;
			spi(load | (odd === 1 ? 0x08 : 0), (address >> 8) & 0xff, address & 0xff, byte);
			if ((mode & 1) === 0) {
				const at = address;
				if (mode & 0x02) pause(delayMs);
				else if (mode & 0x04) {
					if (byte === pollOne) pause(delayMs);
					else {
						result = untilValue(
							() => spi(read | (odd === 1 ? 0x08 : 0), (at >> 8) & 0xff, at & 0xff, 0)[3] ?? 0xff,
							pollOne,
							commandBudgetMs,
						);
					}
				} else if (mode & 0x08) result = untilReady();
			} else if (byte !== pollOne && pollAt === undefined) {
				pollAt = {word: address, odd};
			}
			if (!flash || odd === 1) {
				address++;
				if (flash && (address & 0xffff) === 0 && index < count - 1) extend();
			}
		}
		if ((mode & 0x81) === 0x81) {
			spi(write, (start >> 8) & 0xff, start & 0xff, 0);
			if (mode & 0x10) pause(delayMs);
			else if (mode & 0x20) {
				const cell = pollAt;
				if (cell === undefined) pause(delayMs);
				else {
					result = untilValue(
						() =>
							spi(read | (cell.odd === 1 ? 0x08 : 0), (cell.word >> 8) & 0xff, cell.word & 0xff, 0)[3] ??
							0xff,
						pollOne,
						commandBudgetMs,
					);
				}
			} else if (mode & 0x40) result = untilReady();
		}
		return result;
	}
	function readMemory(flash: boolean, body: readonly number[]): readonly number[] {
		const count = (body[1] ?? 0) * 256 + (body[2] ?? 0);
		const code = body[3] ?? 0;
		extend();
		const data: number[] = [];
		for (let index = 0; index < count; index++) {
			const odd = flash ? index & 1 : 0;
			data.push(spi(code | (odd === 1 ? 0x08 : 0), (address >> 8) & 0xff, address & 0xff, 0)[3] ?? 0xff);
			if (!flash || odd === 1) {
				address++;
				if (flash && (address & 0xffff) === 0 && index < count - 1) extend();
			}
		}
		return data;
	}
	function getParameter(id: number): readonly number[] {
		switch (id) {
			case 0x80:
				return [0];
			case 0x81:
				return [0];
			case 0x90:
				return [1];
			case 0x91:
				return [1];
			case 0x92:
				return [options.genuine === true ? 0x18 : 0x0d];
			case 0x94:
				return [
					options.genuine === true ? Math.round((options.targetVolts?.() ?? 5) * 10) : lufaVoltsTimesTen,
				];
			case 0x98:
				return [sckIndex];
			case 0x9e:
				return [resetPolarity];
			case 0xa1:
				return [connected()];
			default:
				return [];
		}
	}
	function obey(body: readonly number[]): readonly number[] {
		const [command = 0, first = 0, second = 0] = body;
		switch (command) {
			case 0x01: {
				const name = [0x41, 0x56, 0x52, 0x49, 0x53, 0x50, 0x5f, 0x4d, 0x4b, 0x32];
				return [command, status.ok, name.length, ...name];
			}
			case 0x02:
				if (first === 0x98 && second <= maxSckIndex) sckIndex = second;
				else if (first === 0x9e) resetPolarity = second;
				else if (first !== 0xa4) return [command, status.failed];
				return [command, status.ok];
			case 0x03: {
				const value = getParameter(first);
				return value.length === 0 ? [command, status.failed] : [command, status.ok, ...value];
			}
			case 0x06: {
				const [, a3 = 0, a2 = 0, a1 = 0, a0 = 0] = body;
				wantsExtended = (a3 & 0x80) !== 0;
				address = ((a3 & 0x7f) << 24) | (a2 << 16) | (a1 << 8) | a0;
				return [command, status.ok];
			}
			case 0x0a:
				return [command, status.ok];
			case 0x10:
				return [command, enter(body)];
			case 0x11:
				pause(first);
				letGo();
				pause(second);
				return [command, status.ok];
			case 0x12: {
				const [, delayMs = 0, poll = 0, ...instruction] = body;
				spi(...instruction.slice(0, 4));
				if (poll === 1) return [command, untilReady()];
				pause(delayMs);
				return [command, status.ok];
			}
			case 0x13:
			case 0x15:
				return [command, program(command === 0x13, body)];
			case 0x14:
			case 0x16:
				return [command, status.ok, ...readMemory(command === 0x14, body), status.ok];
			case 0x17:
			case 0x19:
				spi(...body.slice(1, 5));
				return [command, status.ok, status.ok];
			case 0x18:
			case 0x1a:
			case 0x1b:
			case 0x1c: {
				const got = spi(...body.slice(2, 6));
				return [command, status.ok, got[first - 1] ?? 0, status.ok];
			}
			case 0x1d: {
				const [, transmit = 0, receive = 0, start = 0] = body;
				const got: number[] = [];
				for (let index = 0; index < Math.max(transmit, start + receive); index++) {
					const value = spi(index < transmit ? (body[4 + index] ?? 0) : 0)[0] ?? 0xff;
					if (index >= start && got.length < receive) got.push(value);
				}
				return [command, status.ok, ...got, status.ok];
			}
			default:
				return [command, status.unknown];
		}
	}

	return {
		identity: {
			vendorId: 0x03eb,
			productId: 0x2104,
			release: 0x0200,
			speed: 'full',
			manufacturer: options.genuine === true ? 'ATMEL' : 'Dean Camera',
			product: options.genuine === true ? 'AVRISP mkII' : 'AVRISP-MKII Clone',
			serial: '000200012345',
			interfaceClass: [0xff, 0, 0],
			endpoints: [
				{address: 0x82, packetBytes},
				{address: 0x02, packetBytes},
			],
		},
		control: (_setup, _data, atMs) => stalled(atMs),
		bulkOut(endpoint, data, atMs): UsbAnswer {
			hands.advanceTo(atMs);
			if (endpoint !== 2) return stalled(hands.nowMs());
			pause(fullSpeedBulkMs(data.length));
			message.push(...data);
			// A transfer of whole packets is not the end of a message: the empty packet after it is.
			if (data.length % packetBytes !== 0 || data.length === 0) {
				const body = message;
				message = [];
				pending = body.length === 0 ? undefined : Uint8Array.from(obey(body));
			}
			return answered(atMs + fullSpeedBulkMs(data.length));
		},
		bulkIn(endpoint, length, atMs): UsbAnswer {
			if (endpoint !== 2) return stalled(atMs);
			if (pending === undefined) return {status: 'never'};
			hands.advanceTo(atMs);
			const data = pending.slice(0, length);
			pending = data.length < pending.length ? pending.slice(length) : undefined;
			return answered(Math.max(atMs, hands.nowMs()) + fullSpeedBulkMs(data.length), data);
		},
		powerCycle(atMs) {
			hands.advanceTo(atMs);
			message = [];
			pending = undefined;
			letGo();
		},
	};
}
