// USBtinyISP: a low-speed device without state but SCK period, port levels and poll bytes.
// Follows the request table of USBtiny (Dick Streefland's firmware) and its limits: 16-bit byte addresses, eight-bit
// lengths, zero bytes for an answer until POWERUP.
import {lowSpeedControlMs, lowSpeedTransactionMs, usbtinyBitOverheadUs} from './pace.ts';
import {answered, stalled, type UsbAnswer, type UsbModel} from './usb-model.ts';
import type {Hands, Wiring} from './wiring.ts';

export type UsbtinyOptions = {readonly wiring: Wiring; readonly hands: Hands};

const request = {
	echo: 0,
	read: 1,
	write: 2,
	clear: 3,
	set: 4,
	powerUp: 5,
	powerDown: 6,
	spi: 7,
	pollBytes: 8,
	flashRead: 9,
	flashWrite: 10,
	eepromRead: 11,
	eepromWrite: 12,
};

export function createUsbtinyModel(options: UsbtinyOptions): UsbModel {
	const {wiring, hands} = options;
	let powered = false;
	let sckHz = 1e6 / (10 + usbtinyBitOverheadUs);
	let pollOne = 0xff;
	let pollTwo = 0xff;

	function pause(ms: number): void {
		hands.advanceTo(hands.nowMs() + ms);
	}
	function spi(a: number, b: number, c: number, d: number): Uint8Array {
		return Uint8Array.from([a, b, c, d], byte => wiring.transfer(byte & 0xff, sckHz));
	}
	function powerDown(): void {
		powered = false;
		wiring.setMosi(undefined);
		wiring.setSck(undefined);
		wiring.setReset(undefined);
	}
	function flashInstruction(code: number, address: number, data: number): number {
		const word = (address & 0xffff) >> 1;
		return spi(code | (address & 1 ? 0x08 : 0), word >> 8, word & 0xff, data)[3] ?? 0xff;
	}
	function readMemory(flash: boolean, address: number, length: number): Uint8Array {
		const data = new Uint8Array(length);
		for (let index = 0; index < length; index++) {
			if (index % 8 === 0) pause(lowSpeedTransactionMs);
			const at = (address + index) & 0xffff;
			data[index] = flash ? flashInstruction(0x20, at, 0) : (spi(0xa0, at >> 8, at & 0xff, 0)[3] ?? 0xff);
		}
		return data;
	}
	function writeMemory(flash: boolean, address: number, timeoutUs: number, data: Uint8Array): void {
		data.forEach((byte, index) => {
			if (index % 8 === 0) pause(lowSpeedTransactionMs);
			const at = (address + index) & 0xffff;
			if (flash) flashInstruction(0x40, at, byte);
			else spi(0xc0, at >> 8, at & 0xff, byte);
			if (timeoutUs === 0) return;
			// Reads the cell until it holds the byte, or for as long as it was told to.
			const until = hands.nowMs() + timeoutUs / 1000;
			for (;;) {
				const got = flash ? flashInstruction(0x20, at, 0) : (spi(0xa0, at >> 8, at & 0xff, 0)[3] ?? 0xff);
				if (got === byte && got !== pollOne && got !== pollTwo) return;
				if (hands.nowMs() >= until) return;
			}
		});
	}

	return {
		identity: {
			vendorId: 0x1781,
			productId: 0x0c9f,
			release: 0x0104,
			speed: 'low',
			manufacturer: '',
			product: 'USBtiny',
			interfaceClass: [0xff, 0, 0],
			endpoints: [],
		},
		control(setup, data, atMs): UsbAnswer {
			hands.advanceTo(atMs);
			if (setup.type !== 'vendor') return stalled(hands.nowMs());
			pause(lowSpeedControlMs(0));
			const b = [setup.value & 0xff, setup.value >> 8, setup.index & 0xff, setup.index >> 8] as const;
			if (typeof data !== 'number') {
				const flash = setup.request === request.flashWrite;
				if (powered && (flash || setup.request === request.eepromWrite)) {
					writeMemory(flash, setup.index, setup.value, data);
				}
				return answered(hands.nowMs());
			}
			// Lengths have eight bits; 255 is the firmware's own mark and gives nothing.
			const length = Math.min(data, 0xff);
			const give = (bytes: ArrayLike<number>) => {
				pause(Math.ceil(Math.min(bytes.length, length) / 8) * lowSpeedTransactionMs);
				return answered(hands.nowMs(), Uint8Array.from(bytes).slice(0, length));
			};
			switch (setup.request) {
				case request.echo:
					return give([0xc0, 0, ...b, data & 0xff, data >> 8]);
				case request.read:
					return give([0]);
				case request.powerUp:
					powered = true;
					sckHz = 1e6 / (Math.max(1, b[0]) + usbtinyBitOverheadUs);
					wiring.setSck(0);
					wiring.setMosi(0);
					wiring.setReset(b[2] === 0 ? 0 : 1);
					return give([]);
				case request.powerDown:
					powerDown();
					return give([]);
				case request.spi:
					return give(powered ? spi(...b) : []);
				case request.pollBytes:
					[pollOne, pollTwo] = b;
					return give([]);
				case request.flashRead:
				case request.eepromRead: {
					if (!powered || length === 0xff) return give([]);
					const got = readMemory(setup.request === request.flashRead, setup.index, length);
					return answered(hands.nowMs(), got);
				}
				default:
					return give([]);
			}
		},
		bulkOut: (_endpoint, _data, atMs) => stalled(atMs),
		bulkIn: (_endpoint, _length, atMs) => stalled(atMs),
		powerCycle(atMs) {
			hands.advanceTo(atMs);
			powerDown();
		},
	};
}
