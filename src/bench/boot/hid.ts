// The HID bootloaders on the board: HalfKay (PJRC's published protocol page), LUFA's and QMK's HID loader
// (BootloaderHID) and obdev's bootloadHID. None can be read.
import type {ControlSetup} from '../../engine/transports.ts';
import {lowSpeedControlMs} from '../pace.ts';
import {answered, stalled, type UsbAnswer} from '../usb-model.ts';
import {type LoaderHost, requestMs, spmMs} from './loader.ts';
import {type FunctionIdentity, hidReportDescriptor, type UsbFunction} from './usb-function.ts';

const getReport = 0x01;
const setReport = 0x09;
const getDescriptor = 0x06;
const reportDescriptorType = 0x22;
/** HID 1.11, 7.2.1: type in the high byte. */
const outputReport = 0x0200;

function isReport(setup: ControlSetup, request: number): boolean {
	return setup.type === 'class' && setup.recipient === 'interface' && setup.request === request;
}
/** The report descriptor, which a system or a program may ask for. */
function descriptorAnswer(
	identity: FunctionIdentity,
	setup: ControlSetup,
	data: number | Uint8Array,
	atMs: number,
): UsbAnswer {
	const asks =
		setup.type === 'standard' &&
		setup.request === getDescriptor &&
		setup.value >> 8 === reportDescriptorType &&
		typeof data === 'number' &&
		identity.hid !== undefined;
	if (!asks) return stalled(atMs + requestMs);
	return answered(atMs + requestMs, hidReportDescriptor(identity.hid).slice(0, data));
}

/** HalfKay's usage by chip (page FF9C). */
const halfkayUsage: Readonly<Record<string, number>> = {
	at90usb162: 0x19,
	at90usb646: 0x1a,
	atmega32u4: 0x1b,
	at90usb1286: 0x1c,
};
/** HalfKay leaves at once; the status stage still gets through as a rule. */
const halfkayLeaveMs = 3;

export type HalfkayModelOptions = {
	/** What a host meets while it erases or programs: NAK until it is done, or a stall. */
	readonly whileBusy?: 'nak' | 'stall';
};

/** The first block that arrives erases the whole application area, whatever its address. */
export function createHalfkayModel(host: LoaderHost, options: HalfkayModelOptions = {}): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const {pageBytes: blockBytes, bytes: flashBytes} = chip.chip.flash;
	const identity: FunctionIdentity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: '',
		product: '',
		speed: 'full',
		shape: 'hid',
		deviceClass: [0, 0, 0],
		hid: {usagePage: 0xff9c, usage: halfkayUsage[chip.chip.id] ?? 0x1b, reportBytes: blockBytes + 2},
	};
	let firstBlock = true;
	let busyUntilMs = Number.NEGATIVE_INFINITY;
	return {
		identity,
		control(setup, data, atMs) {
			if (!isReport(setup, setReport) || setup.value !== outputReport || typeof data === 'number') {
				return descriptorAnswer(identity, setup, data, atMs);
			}
			if (data.length !== blockBytes + 2) return stalled(atMs + requestMs);
			if (atMs < busyUntilMs && options.whileBusy === 'stall') return stalled(atMs + requestMs);
			const doneMs = Math.max(atMs, busyUntilMs) + requestMs;
			const [low = 0, high = 0, third = 0] = data;
			if (low === 0xff && high === 0xff && third === 0xff) {
				host.leave(doneMs + halfkayLeaveMs);
				return answered(doneMs);
			}
			const byteAddress = flashBytes > 0x1_0000 ? (low << 8) | (high << 16) : low | (high << 8);
			busyUntilMs = doneMs;
			// Block 0 again starts everything again.
			if (firstBlock || byteAddress === 0) {
				firstBlock = false;
				for (let page = 0; page < bootStart; page += blockBytes) {
					host.erasePage(page, busyUntilMs);
					busyUntilMs += spmMs;
				}
			}
			if (byteAddress % blockBytes === 0 && byteAddress < bootStart) {
				host.writePage(byteAddress, data.slice(2), busyUntilMs);
				busyUntilMs += spmMs;
			}
			return answered(doneMs);
		},
	};
}

/** LUFA waits this long before its watchdog bites. */
const lufaWatchdogMs = 250;

/** Every page is erased and written on its own: pages that are not sent keep what they hold. */
export function createLufaHidModel(host: LoaderHost): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const {pageBytes, bytes: flashBytes} = chip.chip.flash;
	const identity: FunctionIdentity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: program.kind === 'qmk-hid' ? 'QMK' : '',
		product: program.kind === 'qmk-hid' ? 'HID Bootloader' : '',
		speed: 'full',
		shape: 'hid',
		deviceClass: [0, 0, 0],
		hid: {usagePage: 0xffdc, usage: 0xfb, reportBytes: pageBytes + 2},
	};
	return {
		identity,
		control(setup, data, atMs) {
			if (!isReport(setup, setReport) || typeof data === 'number') {
				return descriptorAnswer(identity, setup, data, atMs);
			}
			const [low = 0, high = 0] = data;
			if (low === 0xff && high === 0xff) {
				host.leave(atMs + lufaWatchdogMs);
				return answered(atMs + requestMs);
			}
			const address = low | (high << 8);
			const byteAddress = flashBytes > 0x1_0000 ? address << 8 : address;
			// Ignored, and its data are left standing: the host sees a transfer that fails.
			if (byteAddress % pageBytes !== 0 || byteAddress >= bootStart || data.length !== pageBytes + 2) {
				return stalled(atMs + requestMs);
			}
			host.erasePage(byteAddress, atMs);
			host.writePage(byteAddress, data.slice(2), atMs + spmMs);
			return answered(atMs + 2 * spmMs + requestMs);
		},
	};
}

const infoReport = 1;
const dataReport = 2;
const dataBytes = 128;
/** 65536 polls of its main loop. */
const bootloadhidLeaveMs = 800;

/** obdev's loader checks no address at all: a block at its own place erases the code that runs. */
export function createBootloadhidModel(host: LoaderHost): UsbFunction {
	const {chip, program} = host;
	const {pageBytes, bytes: flashBytes} = chip.chip.flash;
	const identity: FunctionIdentity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: 'obdev.at',
		product: 'HIDBoot',
		speed: 'low',
		shape: 'hid',
		deviceClass: [0, 0, 0],
		hid: {usagePage: 0xff00, usage: 0x01, reportBytes: dataBytes + 4},
	};
	let buffer = new Uint8Array(pageBytes).fill(0xff);

	function write(report: Uint8Array, atMs: number): number {
		let ms = atMs;
		let at = (report[1] ?? 0) | ((report[2] ?? 0) << 8);
		for (const byte of report.subarray(4)) {
			if (at % pageBytes === 0) {
				host.erasePage(at, ms);
				ms += spmMs;
				buffer = new Uint8Array(pageBytes).fill(0xff);
			}
			buffer[at % pageBytes] = byte;
			at++;
			if (at % pageBytes === 0) {
				host.writePage(at - pageBytes, buffer, ms);
				ms += spmMs;
			}
		}
		return ms;
	}
	return {
		identity,
		control(setup, data, atMs) {
			if (host.crashed()) return {status: 'never'};
			// It looks at the request and the low byte of the value, at nothing else.
			if (setup.type !== 'class') return descriptorAnswer(identity, setup, data, atMs);
			const id = setup.value & 0xff;
			if (setup.request === getReport && typeof data === 'number') {
				const info = [infoReport, pageBytes & 0xff, pageBytes >> 8, flashBytes & 0xff];
				info.push((flashBytes >> 8) & 0xff, (flashBytes >> 16) & 0xff, 0);
				return answered(atMs + lowSpeedControlMs(8), Uint8Array.from(info).slice(0, data));
			}
			if (setup.request !== setReport || typeof data === 'number') return stalled(atMs + requestMs);
			const wireMs = lowSpeedControlMs(data.length);
			if (id !== dataReport) {
				host.leave(atMs + wireMs + bootloadhidLeaveMs);
				return answered(atMs + wireMs);
			}
			const doneMs = write(data, atMs + wireMs);
			return host.crashed() ? {status: 'never'} : answered(doneMs);
		},
	};
}
