// What runs on the board besides a bootloader: a keyboard, a sketch with a serial port, an ISP programmer.

import type {ChipModel} from '../chip-model.ts';
import {createChip} from '../chip-model.ts';
import {createStk500v1} from '../stk500v1-programmer.ts';
import {answered, stalled} from '../usb-model.ts';
import {createHands, createWiring} from '../wiring.ts';
import type {ApplicationProgram} from './images.ts';
import type {UsbFunction} from './usb-function.ts';

const requestMs = 1;
/** CDC PSTN 1.2, 6.3.10 and 6.3.12. */
const setLineCoding = 0x20;
const setControlLineState = 0x22;
/** Opened at this rate and closed, an Arduino core restarts into its loader (CDC.cpp). */
const touchBaud = 1200;
const cdcPacketBytes = 64;

function keyboard({vendorId, productId}: {vendorId: number; productId: number}): UsbFunction {
	return {
		identity: {
			vendorId,
			productId,
			release: 0x0001,
			manufacturer: 'Practice',
			product: 'Practice keyboard',
			speed: 'full',
			shape: 'hid',
			deviceClass: [0, 0, 0],
			hid: {usagePage: 0x0001, usage: 0x06, reportBytes: 8},
		},
		control: (_setup, _data, atMs) => stalled(atMs + requestMs),
	};
}

function lines(
	onChange: (state: {dtr: boolean; baud: number}, atMs: number) => void,
): UsbFunction['control'] {
	let baud = 9600;
	let dtr = false;
	return (setup, data, atMs) => {
		if (setup.type !== 'class') return stalled(atMs + requestMs);
		if (typeof data === 'number') return answered(atMs + requestMs, new Uint8Array(data));
		if (setup.request === setLineCoding) {
			baud = (data[0] ?? 0) | ((data[1] ?? 0) << 8) | ((data[2] ?? 0) << 16);
		} else if (setup.request === setControlLineState) {
			dtr = (setup.value & 1) === 1;
		}
		onChange({dtr, baud}, atMs);
		return answered(atMs + requestMs);
	};
}

/** `onTouch` is called when somebody asks for the bootloader. */
function sketch(program: ApplicationProgram, onTouch: (atMs: number) => void): UsbFunction {
	return {
		identity: {
			vendorId: program.vendorId,
			productId: program.productId,
			release: 0x0100,
			manufacturer: 'Practice',
			product: 'Practice sketch',
			speed: 'full',
			shape: 'cdc',
			deviceClass: [2, 0, 0],
		},
		control: lines(({dtr, baud}, atMs) => {
			if (!dtr && baud === touchBaud) onTouch(atMs);
		}),
		serial: {
			packetBytes: cdcPacketBytes,
			out: (_packet, atMs) => atMs,
			nextReplyMs: () => undefined,
			take: () => new Uint8Array(0),
		},
	};
}

/** ArduinoISP over CDC whose wires end nowhere yet. */
function programmer(program: ApplicationProgram, chip: ChipModel): UsbFunction {
	const hands = createHands();
	const nobody = createChip({chip: chip.chip, nowMs: hands.nowMs, surroundings: {volts: 0}});
	const device = createStk500v1({
		hands,
		wiring: createWiring(nobody, hands, {faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}}),
		port: 'cdc',
		isProgrammer: true,
	});
	let open = false;
	return {
		identity: {
			vendorId: program.vendorId,
			productId: program.productId,
			release: 0x0100,
			manufacturer: 'Teensyduino',
			product: 'USB Serial',
			speed: 'full',
			shape: 'cdc',
			deviceClass: [2, 0, 0],
		},
		control: lines(({dtr, baud}, atMs) => {
			if (dtr === open) return;
			open = dtr;
			if (dtr) device.open(atMs, baud);
			else device.close(atMs);
		}),
		serial: {
			packetBytes: cdcPacketBytes,
			out(packet, atMs) {
				device.receive(packet, atMs);
				return atMs + device.wireMs(packet.length);
			},
			nextReplyMs: untilMs => device.nextReplyMs(untilMs),
			take: (maxBytes, atMs) => device.take(maxBytes, atMs),
		},
	};
}

export function createApplication(
	program: ApplicationProgram,
	parts: {readonly chip: ChipModel; readonly onTouch: (atMs: number) => void},
): UsbFunction {
	switch (program.program) {
		case 'keyboard':
			return keyboard(program);
		case 'sketch':
			return sketch(program, parts.onTouch);
		case 'isp':
			return programmer(program, parts.chip);
	}
}

/** A program of somebody else's: it shows the identity that its own descriptor says, and types nothing. */
export function createForeignApplication(identity: {vendorId: number; productId: number}): UsbFunction {
	return keyboard(identity);
}
