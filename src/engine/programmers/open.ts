// From "this programmer" to an IspLink over an opened device: which device is meant, and which driver talks to it.
import type {Clock} from '../clock.ts';
import {UnbrickError} from '../errors.ts';
import type {IspLink, ProgrammerId} from '../isp/link.ts';
import {createAvrispMkii} from '../protocols/avrispmkii/driver.ts';
import {createBusPirate} from '../protocols/buspirate/driver.ts';
import {createStk500v1} from '../protocols/stk500v1/driver.ts';
import {createUsbasp} from '../protocols/usbasp/driver.ts';
import {createUsbtiny} from '../protocols/usbtiny/driver.ts';
import type {ByteStream, SerialPortInfo, UsbDeviceInfo, UsbPipe, World} from '../transports.ts';
import {programmerById} from './index.ts';
import type {ProgrammerIdentity} from './programmer.ts';

export type ProgrammerChoice = {
	readonly programmer: ProgrammerId;
	/** Serial port; found by USB identity when absent. */
	readonly port?: string;
	/** `16c0:05dc`, `16c0:05dc@1-4` (bus and port), or a device's key; found by identity when absent. */
	readonly usb?: string;
	/** Rate of the port; the programmer's usual ones otherwise. */
	readonly baud?: number;
	/** Bus Pirate: open-drain outputs with pull-ups, for a target at 5 V. */
	readonly openDrain?: boolean;
};

export type LinkTransport =
	| {
			readonly kind: 'serial';
			readonly stream: ByteStream;
			readonly baud: number;
			readonly otherBauds?: readonly number[];
			readonly reopen?: (baud: number) => Promise<ByteStream>;
			readonly model?: 'v3' | 'v4' | 'v5';
			readonly openDrain?: boolean;
	  }
	| {readonly kind: 'usb'; readonly pipe: UsbPipe};

/** The driver of a programmer over a transport that fits it. @throws UnbrickError Bug when it does not */
export function createLink(programmer: ProgrammerId, transport: LinkTransport, clock: Clock): IspLink {
	if (transport.kind === 'usb') {
		if (programmer === 'usbasp') return createUsbasp(transport.pipe, clock);
		if (programmer === 'usbtiny') return createUsbtiny(transport.pipe, clock);
		if (programmer === 'avrispmkii') return createAvrispMkii(transport.pipe, clock);
	} else {
		const {stream, baud, otherBauds, reopen, model, openDrain = false} = transport;
		if (programmer === 'buspirate') {
			return createBusPirate(stream, clock, {openDrain, ...(model === undefined ? {} : {model})});
		}
		if (programmer === 'avrisp' || programmer === 'arduino-isp') {
			return createStk500v1(stream, clock, {
				programmer,
				baud,
				...(otherBauds === undefined ? {} : {otherBauds}),
				...(reopen === undefined ? {} : {reopen}),
			});
		}
	}
	throw new UnbrickError({kind: 'Bug', assumed: `${programmer} speaks over ${transport.kind}`});
}

/**
 * Finds the device that is meant, opens it and puts the driver on it. Nothing has been said to it yet: `open()` of
 * the link does that.
 * @throws UnbrickError DeviceMissing, Ambiguous, DeviceDenied, DeviceBusy, NoUsbSystem
 */
export async function openProgrammer(world: World, choice: ProgrammerChoice): Promise<IspLink> {
	const programmer = programmerById(choice.programmer);
	if (programmer.transport === 'usb') {
		const device = chooseUsb(
			await world.listUsbDevices(),
			programmer.identities,
			programmer.name,
			choice.usb,
		);
		const pipe = await world.openUsb(device.key);
		return createLink(choice.programmer, {kind: 'usb', pipe}, world.clock);
	}
	const ports = await world.listSerialPorts();
	const path = choice.port ?? choosePort(ports, programmer.identities, programmer.name).path;
	const info = ports.find(port => port.path === path);
	const model = info && programmer.identities.find(identity => fits(identity, info))?.model;
	const [usual, ...others] = programmer.bauds;
	const baud = choice.baud ?? usual!;
	return createLink(
		choice.programmer,
		{
			kind: 'serial',
			stream: await world.openSerial(path, {baud}),
			baud,
			otherBauds: choice.baud === undefined ? others : [],
			reopen: other => world.openSerial(path, {baud: other}),
			...(model === undefined ? {} : {model}),
			...(choice.openDrain === undefined ? {} : {openDrain: choice.openDrain}),
		},
		world.clock,
	);
}

/** `16c0:05dc` */
export function vidPid(device: {readonly vendorId: number; readonly productId: number}): string {
	const hex = (value: number) => value.toString(16).padStart(4, '0');
	return `${hex(device.vendorId)}:${hex(device.productId)}`;
}

/** Vendor and product agree, and so does the product string where the identity is shared and the device has one. */
export function fits(
	identity: ProgrammerIdentity,
	device: {readonly vendorId?: number; readonly productId?: number; readonly product?: string},
): boolean {
	return (
		identity.vendorId === device.vendorId &&
		identity.productId === device.productId &&
		(identity.product === undefined ||
			device.product === undefined ||
			device.product.toLowerCase().includes(identity.product.toLowerCase()))
	);
}

function one<T>(found: readonly T[], what: string, name: (item: T) => string): T {
	const [first] = found;
	if (first === undefined) throw new UnbrickError({kind: 'DeviceMissing', what});
	if (found.length > 1) throw new UnbrickError({kind: 'Ambiguous', what, choices: found.map(name)});
	return first;
}

/** The name by which `--usb` finds this very device: `16c0:05dc@1-4`. */
export function usbName(device: UsbDeviceInfo): string {
	return `${vidPid(device)}@${device.key.split(':')[0]}`;
}

/** @throws UnbrickError DeviceMissing, Ambiguous */
export function chooseUsb(
	devices: readonly UsbDeviceInfo[],
	identities: readonly ProgrammerIdentity[],
	name: string,
	asked?: string,
): UsbDeviceInfo {
	if (asked === undefined) {
		return one(
			devices.filter(device => identities.some(identity => fits(identity, device))),
			name,
			usbName,
		);
	}
	const [ids, place] = asked.toLowerCase().split('@');
	const found = devices.filter(
		device =>
			device.key === asked ||
			(vidPid(device) === ids &&
				(place === undefined || device.key === place || device.key.split(':')[0] === place)),
	);
	return one(found, `${name} at ${asked}`, usbName);
}

function choosePort(
	ports: readonly SerialPortInfo[],
	identities: readonly ProgrammerIdentity[],
	name: string,
): SerialPortInfo {
	const fitting = ports.filter(port => identities.some(identity => fits(identity, port)));
	return one(fitting, `A serial port of ${name}`, port => port.path);
}
