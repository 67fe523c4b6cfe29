// USBaspLoader on the board: USBasp's requests about its own chip, without an SPI echo, in both build styles (a chip
// erase and no page erase; or page erase on demand and a chip erase that does nothing).
import {lowSpeedControlMs} from '../pace.ts';
import {answered, stalled, type UsbAnswer} from '../usb-model.ts';
import {type LoaderHost, spmMs} from './loader.ts';
import type {FunctionIdentity, UsbFunction} from './usb-function.ts';

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
const lastFlag = 2;
/** Its main loop notices the released button, then the device leaves. */
const leaveMs = 300;
const eepromByteMs = 8.5;

export function createUsbasploaderModel(host: LoaderHost): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const data = chip.chip;
	const pageBytes = data.flash.pageBytes;
	const hasChipErase = program.chipErase !== false;
	const identity: FunctionIdentity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: 'www.fischl.de',
		product: 'USBasp',
		speed: 'low',
		shape: 'control',
		deviceClass: [0xff, 0, 0],
	};
	let buffer = new Uint8Array(pageBytes).fill(0xff);
	let address = 0;
	let high = 0;

	function commit(at: number, ms: number): number {
		const page = at - (at % pageBytes);
		let doneMs = ms;
		if (!hasChipErase) {
			host.erasePage(page, doneMs);
			doneMs += spmMs;
		}
		host.writePage(page, buffer, doneMs);
		buffer = new Uint8Array(pageBytes).fill(0xff);
		return doneMs + spmMs;
	}
	/** The instruction's fourth byte; nothing is shifted anywhere, so the first three are 0. */
	function instruction(
		p: readonly number[],
		atMs: number,
	): {readonly value: number; readonly doneMs: number} {
		const [b0 = 0, b1 = 0, b2 = 0] = p;
		const word = (b1 << 8) | b2;
		const answer = (value: number, ms = atMs) => ({value, doneMs: ms});
		switch (b0) {
			case 0x30:
				return answer(data.signature[b2 & 3] ?? 0xff);
			case 0x58:
				return answer((b1 === 0x08 ? chip.self.fuse('high') : chip.self.lock()) ?? 0);
			case 0x50:
				return answer((b1 === 0x08 ? chip.self.fuse('extended') : chip.self.fuse('low')) ?? 0);
			case 0x20:
			case 0x28:
				return answer(chip.self.flash(word * 2 + (b0 === 0x28 ? 1 : 0), 1)[0] ?? 0xff);
			case 0xa0:
				return answer(chip.self.eeprom(word, 1)[0] ?? 0xff);
			case 0xac: {
				if (b1 !== 0x80 || !hasChipErase) return answer(0);
				let ms = atMs;
				for (let page = 0; page < bootStart; page += pageBytes) {
					host.erasePage(page, ms);
					ms += spmMs;
				}
				return answer(0, ms);
			}
			default:
				return answer(0);
		}
	}
	return {
		identity,
		control(setup, wanted, atMs): UsbAnswer {
			if (setup.type !== 'vendor') return stalled(atMs);
			const bytes = typeof wanted === 'number' ? wanted : wanted.length;
			let ms = atMs + lowSpeedControlMs(Math.min(bytes, 254));
			const p = [setup.value & 0xff, setup.value >> 8, setup.index & 0xff, setup.index >> 8];
			const base = high * 0x1_0000;
			if (typeof wanted !== 'number') {
				address = base + setup.value;
				if (setup.request === request.writeEeprom) {
					chip.self.setEeprom(address, wanted);
					return answered(ms + wanted.length * eepromByteMs);
				}
				if (setup.request !== request.writeFlash) return stalled(ms);
				const last = ((p[3] ?? 0) & lastFlag) !== 0;
				for (let index = 0; index < wanted.length; index++) {
					// The loader's own lock on its place: the rest of the block is dropped.
					if (address >= bootStart) return answered(ms);
					buffer[address % pageBytes] = wanted[index]!;
					address++;
					if (address % pageBytes === 0 || (last && index === wanted.length - 1))
						ms = commit(address - 1, ms);
				}
				return answered(ms);
			}
			const reply = (...values: readonly number[]) => answered(ms, Uint8Array.from(values.slice(0, wanted)));
			switch (setup.request) {
				case request.connect:
					return reply();
				case request.disconnect:
					host.leave(ms + leaveMs);
					return reply();
				case request.transmit: {
					const {value, doneMs} = instruction(p, ms);
					ms = doneMs;
					return reply(0, 0, 0, value);
				}
				case request.enableProg:
				case request.setIspSck:
					return reply(0);
				case request.setLongAddress:
					if (data.flash.bytes > 0x1_0000) high = p[2] ?? 0;
					return reply();
				case request.readFlash:
					// The count has eight bits.
					return answered(ms, chip.self.flash(base + setup.value, wanted & 0xff));
				case request.readEeprom:
					return answered(ms, chip.self.eeprom(setup.value, wanted & 0xff));
				case request.getCapabilities:
					return reply();
				default:
					return reply();
			}
		},
	};
}
