// USBasp: a low-speed device that shifts four bytes per request, in the firmware families people own.
// Follows the request table of usbasp (fischl.de) and what its firmware versions are known to do: old ones know no
// SETISPSCK; enabling tries 32 times without the 20 ms wait; page commits poll the last byte and ignore the result.
import {lowSpeedControlMs, lowSpeedTransactionMs, usbaspBlindWaitMs, usbaspPollMs} from './pace.ts';
import {answered, stalled, type UsbAnswer, type UsbModel} from './usb-model.ts';
import type {Hands, Wiring} from './wiring.ts';

export type UsbaspFirmware =
	/** 2006 and 2007, and many boards sold today: fixed 375 kHz, no long addresses. */
	| 'fischl-2007'
	/** 2009 and 2011: SETISPSCK, long addresses. */
	| 'fischl-2011'
	/** The lines that choose SCK by themselves (1.06 and later). */
	| 'auto';

export type UsbaspOptions = {
	readonly wiring: Wiring;
	readonly hands: Hands;
	readonly firmware?: UsbaspFirmware;
	/** The jumper that forces 8 kHz. */
	readonly slowJumper?: boolean;
};

const stepsHz = [
	0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 93_750, 187_500, 375_000, 750_000, 1.5e6, 3e6,
];
const defaultStep = 10;
const autoFirstStep = 12;
const jumperStep = 5;
const resetPulseMs = 0.32;
const enableTries = 32;
const autoTries = 3;
const autoWaitMs = 20;
// Polls of 320 us: at most 30 of them for a page, 15 where the last byte is FF and cannot be polled.
const pollLimit = 30;
const eepromByteMs = 9.6;

const request = {
	connect: 1,
	disconnect: 2,
	transmit: 3,
	readFlash: 4,
	enableProg: 5,
	writeFlash: 6,
	readEeprom: 7,
	writeEeprom: 8,
	setLongAddress: 9,
	setIspSck: 10,
	getCapabilities: 127,
};

export function createUsbaspModel(options: UsbaspOptions): UsbModel {
	const {wiring, hands} = options;
	const firmware = options.firmware ?? 'fischl-2011';
	let chosen = firmware === 'auto' ? 0 : defaultStep;
	let sckHz = stepsHz[defaultStep] ?? 375_000;
	let connected = false;
	let longAddress = false;
	let address = 0;
	let extended = 0;
	let pageBytes = 0;
	let pageLeft = 0;

	function pause(ms: number): void {
		hands.advanceTo(hands.nowMs() + ms);
	}
	function spi(...bytes: readonly [number, number, number, number]): Uint8Array {
		return Uint8Array.from(bytes, byte => (connected ? wiring.transfer(byte, sckHz) : 0xff));
	}
	function pulse(): void {
		wiring.setSck(0);
		wiring.setReset(1);
		pause(resetPulseMs);
		wiring.setReset(0);
		pause(resetPulseMs);
	}
	function connect(): void {
		connected = true;
		longAddress = false;
		extended = -1;
		const step = options.slowJumper === true ? jumperStep : chosen === 0 ? defaultStep : chosen;
		sckHz = stepsHz[step] ?? 375_000;
		wiring.setMosi(0);
		wiring.setSck(0);
		wiring.setReset(0);
		pause(resetPulseMs);
		pulse();
	}
	function disconnect(): void {
		connected = false;
		wiring.setMosi(undefined);
		wiring.setSck(undefined);
		wiring.setReset(undefined);
	}
	function enable(): number {
		if (!connected) return 1;
		if (firmware !== 'auto') {
			for (let attempt = 0; attempt < enableTries; attempt++) {
				if (spi(0xac, 0x53, 0, 0)[2] === 0x53) return 0;
				pulse();
			}
			return 1;
		}
		const forced = options.slowJumper === true ? jumperStep : chosen;
		const first = forced === 0 ? autoFirstStep : forced;
		const last = forced === 0 ? 1 : forced;
		for (let step = first; step >= last; step--) {
			sckHz = stepsHz[step] ?? 375_000;
			for (let attempt = 0; attempt < autoTries; attempt++) {
				pulse();
				pause(autoWaitMs);
				if (spi(0xac, 0x53, 0, 0)[2] === 0x53) return 0;
			}
		}
		return 1;
	}
	/** High byte of the word address, telling the chip the bits above when they change. */
	function reach(): readonly [number, number] {
		const word = address >> 1;
		const above = word >> 16;
		if (longAddress && firmware !== 'fischl-2007' && above !== extended) {
			if (above > 0 || extended > 0 || firmware === 'auto') spi(0x4d, 0, above, 0);
			extended = above;
		}
		return [(word >> 8) & 0xff, word & 0xff];
	}
	function commitPage(last: number): void {
		const [high, low] = reach();
		spi(0x4c, high, low, 0);
		if (last === 0xff) {
			pause(usbaspBlindWaitMs);
			return;
		}
		for (let poll = 0; poll < pollLimit; poll++) {
			pause(usbaspPollMs);
			if (spi(address & 1 ? 0x28 : 0x20, high, low, 0)[3] !== 0xff) return;
		}
	}
	function startAddress(value: number): void {
		if (!longAddress) address = value;
	}
	function advance(): void {
		address = longAddress ? address + 1 : (address + 1) & 0xffff;
	}

	function readIn(code: number, length: number): Uint8Array {
		const count = length & 0xff;
		const data = new Uint8Array(count);
		for (let index = 0; index < count; index++) {
			if (index % 8 === 0) pause(lowSpeedTransactionMs);
			if (code === request.readFlash) {
				const [high, low] = reach();
				data[index] = spi(address & 1 ? 0x28 : 0x20, high, low, 0)[3] ?? 0xff;
			} else {
				data[index] = spi(0xa0, (address >> 8) & 0xff, address & 0xff, 0)[3] ?? 0xff;
			}
			advance();
		}
		return data;
	}
	function writeOut(code: number, data: Uint8Array, lastBlock: boolean): void {
		data.forEach((byte, index) => {
			if (index % 8 === 0) pause(lowSpeedTransactionMs);
			if (code === request.writeEeprom) {
				spi(0xc0, (address >> 8) & 0xff, address & 0xff, byte);
				pause(eepromByteMs);
			} else {
				const [high, low] = reach();
				spi(address & 1 ? 0x48 : 0x40, high, low, byte);
				// The counter has eight bits, so that a page of 256 begins at 0 and wraps.
				pageLeft = (pageLeft - 1) & 0xff;
				if (pageLeft === 0) {
					commitPage(byte);
					pageLeft = pageBytes & 0xff;
				} else if (lastBlock && index === data.length - 1) {
					commitPage(byte);
				}
			}
			advance();
		});
	}

	return {
		identity: {
			vendorId: 0x16c0,
			productId: 0x05dc,
			release: firmware === 'auto' ? 0x0111 : firmware === 'fischl-2011' ? 0x0104 : 0x0100,
			speed: 'low',
			manufacturer: 'www.fischl.de',
			product: 'USBasp',
			interfaceClass: [0xff, 0, 0],
			endpoints: [],
		},
		control(setup, data, atMs): UsbAnswer {
			hands.advanceTo(atMs);
			if (setup.type !== 'vendor') return stalled(hands.nowMs());
			pause(lowSpeedControlMs(0));
			const p = [setup.value & 0xff, setup.value >> 8, setup.index & 0xff, setup.index >> 8] as const;
			if (typeof data !== 'number') {
				if (setup.request !== request.writeFlash && setup.request !== request.writeEeprom) {
					return stalled(hands.nowMs());
				}
				startAddress(setup.value);
				let last = false;
				if (setup.request === request.writeFlash) {
					pageBytes = p[2] + ((p[3] & 0xf0) << 4);
					if ((p[3] & 1) !== 0) pageLeft = pageBytes & 0xff;
					last = (p[3] & 2) !== 0;
				}
				writeOut(setup.request, data, last);
				return answered(hands.nowMs());
			}
			const reply = (...bytes: readonly number[]) =>
				answered(hands.nowMs(), Uint8Array.from(bytes.slice(0, data)));
			switch (setup.request) {
				case request.connect:
					connect();
					return reply();
				case request.disconnect:
					disconnect();
					return reply();
				case request.transmit:
					pause(lowSpeedTransactionMs);
					return reply(...spi(...p));
				case request.enableProg:
					pause(lowSpeedTransactionMs);
					return reply(enable());
				case request.readFlash:
				case request.readEeprom: {
					startAddress(setup.value);
					const got = readIn(setup.request, data);
					return answered(hands.nowMs(), got);
				}
				case request.setLongAddress:
					if (firmware === 'fischl-2007') return reply();
					longAddress = true;
					address = p[0] + (p[1] << 8) + (p[2] << 16) + p[3] * 0x1000000;
					return reply();
				case request.setIspSck:
					if (firmware === 'fischl-2007') return reply();
					pause(lowSpeedTransactionMs);
					chosen = p[0] < (firmware === 'auto' ? stepsHz.length : stepsHz.length - 1) ? p[0] : defaultStep;
					return reply(0);
				case request.getCapabilities:
					if (firmware !== 'auto') return firmware === 'fischl-2007' ? reply() : reply(1, 0, 0, 0);
					pause(lowSpeedTransactionMs);
					return reply(1, 0, 0, 1);
				default:
					return reply();
			}
		},
		bulkOut: (_endpoint, _data, atMs) => stalled(atMs),
		bulkIn: (_endpoint, _length, atMs) => stalled(atMs),
		powerCycle(atMs) {
			hands.advanceTo(atMs);
			chosen = firmware === 'auto' ? 0 : defaultStep;
			longAddress = false;
			pageBytes = 0;
			pageLeft = 0;
			disconnect();
		},
	};
}
