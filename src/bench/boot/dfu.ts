// A DFU bootloader on the board: Atmel's own (software security until it has erased; blank check answers big endian),
// LUFA's and QMK's (no security, pages erased as they are written, little endian).
// Follows doc7618 and USB DFU 1.0; deviations as LUFA's BootloaderDFU documents them.
import type {ControlSetup} from '../../engine/transports.ts';
import {answered, stalled, type UsbAnswer} from '../usb-model.ts';
import {type LoaderHost, requestMs, spmMs} from './loader.ts';
import type {FunctionIdentity, UsbFunction} from './usb-function.ts';

const request = {detach: 0, download: 1, upload: 2, getStatus: 3, clearStatus: 4, getState: 5, abort: 6};
const state = {idle: 2, busy: 4, downloadIdle: 5, uploadIdle: 9, error: 10};
const status = {ok: 0, write: 3, erase: 4, checkErased: 5, address: 8, notDone: 9, vendor: 11, stalled: 15};
const commandBytes = 32;
const suffixBytes = 16;
const bankBytes = 0x1_0000;
/** Atmel's identification answers until the erase; afterwards blank. */
const atmelIds: Readonly<Record<string, number>> = {
	'0.0': 0x00,
	'0.1': 0x00,
	'0.2': 0x00,
	'1.48': 0x58,
	'1.49': 0x1e,
};
const lufaIds: Readonly<Record<string, number>> = {...atmelIds, '0.0': 0x20, '0.1': 0xdc, '0.2': 0xfb};
/** A bus as busy as the loader: one EEPROM byte (datasheets, table "EEPROM programming time"). */
const eepromByteMs = 3.4;

export type DfuOptions = {
	/** Atmel's versions differ: most hold GETSTATUS back while they erase (all that avrdude knows), some answer errNOTDONE. */
	readonly eraseStyle?: 'busy' | 'blocking';
};

export function createDfuModel(host: LoaderHost, options: DfuOptions = {}): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const atmel = program.kind === 'atmel-dfu';
	const data = chip.chip;
	const pageBytes = data.flash.pageBytes;
	const eraseStyle = options.eraseStyle ?? 'blocking';
	let secure = atmel;
	let erased = false;
	let now = {state: state.idle, status: status.ok};
	let upload: Uint8Array | undefined;
	let bank = 0;
	let starting = false;
	let eraseUntilMs = Number.NEGATIVE_INFINITY;

	const identity: FunctionIdentity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: atmel ? 'ATMEL' : program.kind === 'qmk-dfu' ? 'QMK' : 'Dean Camera',
		product: atmel ? `${data.name} DFU` : `${data.name} Bootloader`,
		speed: 'full',
		shape: 'control',
		deviceClass: atmel ? [0xfe, 0x01, 0x00] : [0, 0, 0],
		// Atmel's interface descriptor is all zero.
		interfaceClass: atmel ? [0, 0, 0] : [0xfe, 0x01, 0x02],
	};

	function refuse(code: number, atMs: number): UsbAnswer {
		now = {state: state.error, status: code};
		return stalled(atMs + requestMs);
	}
	function range(message: Uint8Array): readonly [number, number] {
		const at = (index: number) => ((message[index] ?? 0) << 8) | (message[index + 1] ?? 0);
		return [bank * bankBytes + at(2), bank * bankBytes + at(4)];
	}
	function writeFlash(from: number, bytes: Uint8Array, atMs: number): number {
		let ms = atMs;
		for (let page = from - (from % pageBytes); page < from + bytes.length; page += pageBytes) {
			const buffer = new Uint8Array(pageBytes).fill(0xff);
			for (let index = 0; index < pageBytes; index++) {
				const offset = page + index - from;
				if (offset >= 0 && offset < bytes.length) buffer[index] = bytes[offset]!;
			}
			// Atmel's writes only: the chip erase has cleared the page. LUFA's erases each page it writes.
			if (!atmel) {
				host.erasePage(page, ms);
				ms += spmMs;
			}
			host.writePage(page, buffer, ms);
			ms += spmMs;
		}
		return ms;
	}
	function download(message: Uint8Array, atMs: number): UsbAnswer {
		if (now.state === state.error) return refuse(status.stalled, atMs);
		upload = undefined;
		if (message.length === 0) {
			if (starting) host.leave(atMs + 5);
			now = {state: state.idle, status: status.ok};
			return answered(atMs + requestMs);
		}
		const [group = 0, kind = 0, index = 0] = message;
		now = {state: state.idle, status: status.ok};
		if (group === 0x05) {
			const signature = [data.signature[1], data.signature[2]];
			const ids = {...(atmel ? atmelIds : lufaIds), '1.96': signature[0], '1.97': signature[1]};
			const value = ids[`${kind}.${index}` as keyof typeof ids];
			if (value === undefined) return refuse(status.address, atMs);
			upload = Uint8Array.of(atmel && erased ? 0xff : value);
			return answered(atMs + requestMs);
		}
		if (group === 0x04 && kind === 0x00) {
			let ms = atMs;
			for (let page = 0; page < bootStart; page += pageBytes) {
				host.erasePage(page, ms);
				ms += spmMs;
			}
			secure = false;
			erased = true;
			eraseUntilMs = ms;
			return answered(atMs + requestMs);
		}
		if (group === 0x04 && kind === 0x03) {
			// LUFA jumps (index 1) only where there is nothing to jump to; a reset always starts.
			starting = index === 0 || atmel || !host.hasApplication();
			return answered(atMs + requestMs);
		}
		if (secure) return refuse(status.write, atMs);
		if (group === 0x06) {
			if (kind === 0x03 && message.length >= 4) bank = message[3] ?? 0;
			return answered(atMs + requestMs);
		}
		const [from, to] = range(message);
		if (group === 0x03 && kind === 0x01) {
			// LUFA looks at everything, whatever the range.
			const first = atmel ? from : 0;
			const bytes = chip.self.flash(first, (atmel ? to + 1 : bootStart) - first);
			const odd = bytes.findIndex(byte => byte !== 0xff);
			if (odd < 0) return answered(atMs + requestMs);
			const address = (first + odd) & 0xffff;
			now = {state: state.error, status: status.checkErased};
			upload = atmel
				? Uint8Array.of(address >> 8, address & 0xff)
				: Uint8Array.of(address & 0xff, address >> 8);
			return answered(atMs + requestMs);
		}
		if (group === 0x03 && (kind === 0x00 || kind === 0x02)) {
			if (to < from) return refuse(status.address, atMs);
			upload = kind === 0x00 ? chip.self.flash(from, to - from + 1) : chip.self.eeprom(from, to - from + 1);
			now = {state: state.uploadIdle, status: status.ok};
			return answered(atMs + requestMs);
		}
		if (group === 0x01 && (kind === 0x00 || kind === 0x01)) {
			const count = to - from + 1;
			// Atmel's takes the data that end before the suffix; LUFA's skips to the same place inside its endpoint.
			const offset = atmel ? message.length - suffixBytes - count : commandBytes + (from % commandBytes);
			if (count < 1 || offset < 0 || offset + count > message.length) return refuse(status.address, atMs);
			const bytes = message.slice(offset, offset + count);
			if (kind === 0x01) {
				if (to >= data.eeprom.bytes) return refuse(status.address, atMs);
				chip.self.setEeprom(from, bytes);
				return answered(atMs + requestMs + count * eepromByteMs);
			}
			if (to >= bootStart) return refuse(status.address, atMs);
			return answered(writeFlash(from, bytes, atMs) + requestMs);
		}
		return refuse(status.vendor, atMs);
	}

	return {
		identity,
		control(setup: ControlSetup, wanted, atMs) {
			if (setup.type !== 'class' || setup.recipient !== 'interface') return stalled(atMs + requestMs);
			const out = typeof wanted === 'number' ? undefined : wanted;
			const length = typeof wanted === 'number' ? wanted : 0;
			switch (setup.request) {
				case request.download:
					return download(out ?? new Uint8Array(0), atMs);
				case request.upload: {
					if (upload === undefined) return refuse(status.stalled, atMs);
					const sent = upload.slice(0, length);
					upload = undefined;
					if (now.state === state.uploadIdle) now = {state: state.idle, status: status.ok};
					return answered(atMs + requestMs + sent.length / 256, sent);
				}
				case request.getStatus: {
					if (atMs < eraseUntilMs && eraseStyle === 'busy') {
						return answered(
							atMs + requestMs,
							Uint8Array.of(status.notDone, 0, 0, 0, state.busy, 0).slice(0, length),
						);
					}
					const doneMs = Math.max(atMs, eraseUntilMs) + requestMs;
					return answered(doneMs, Uint8Array.of(now.status, 0, 0, 0, now.state, 0).slice(0, length));
				}
				case request.clearStatus:
					// LUFA clears the status and leaves the state.
					now = {state: atmel ? state.idle : now.state, status: status.ok};
					return answered(atMs + requestMs);
				case request.getState:
					return answered(atMs + requestMs, Uint8Array.of(now.state));
				case request.abort:
					now = {state: state.idle, status: status.ok};
					return answered(atMs + requestMs);
				case request.detach:
					return answered(atMs + requestMs);
				default:
					return stalled(atMs + requestMs);
			}
		},
	};
}
