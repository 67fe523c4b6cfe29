// Which bootloader is waiting on USB, and the client that talks to it.
import type {Chip} from '../chips/chip.ts';
import {findChip} from '../chips/index.ts';
import {assertNever, UnbrickError} from '../errors.ts';
import {createAtmelDfu} from '../protocols/atmel-dfu/driver.ts';
import {createAvr109} from '../protocols/avr109/driver.ts';
import {createBootloadhid} from '../protocols/bootloadhid/driver.ts';
import {createHalfkay} from '../protocols/halfkay/driver.ts';
import {createLufaHid} from '../protocols/lufa-hid/driver.ts';
import {createLufaMs, type FlashFile} from '../protocols/lufa-ms/driver.ts';
import {createUsbasploader} from '../protocols/usbasploader/driver.ts';
import type {World} from '../transports.ts';
import type {Bootloader} from './bootloader.ts';
import type {BootloaderClient, BootloaderProtocol} from './client.ts';
import {bootloaders} from './index.ts';
import {deviceOfPort, placeOf} from './place.ts';

/** Every protocol that `flash` speaks, in the order in which help lists them. */
export const bootloaderProtocols: readonly BootloaderProtocol[] = [
	'atmel-dfu',
	'caterina',
	'halfkay',
	'bootloadhid',
	'usbasploader',
	'lufa-hid',
	'qmk-hid',
	'lufa-ms',
];

/** CDC loaders ignore the rate; avrdude's own default for them. */
const cdcBaud = 57_600;

/** A bootloader seen on the bus, not opened. */
export type WaitingBootloader = {
	readonly protocol: BootloaderProtocol;
	/** What it may be: relatives share an identity. */
	readonly bootloaders: readonly Bootloader[];
	/** Chips that show this identity; several where the identity does not tell. */
	readonly chips: readonly Chip[];
	readonly vidPid: string;
	readonly name: string;
	/** Of the USB device; behind a serial port only where it can be told. */
	readonly usbKey?: string;
	readonly port?: string;
	/** Socket of the device behind a serial port, where the system names it. */
	readonly usbPlace?: string;
	/** True where a programmer shows the same identity (16c0:05dc): only asking tells. */
	readonly mustAsk: boolean;
};

/** `16c0:05dc` */
export function vidPidText(vendorId: number, productId: number): string {
	return `${vendorId.toString(16).padStart(4, '0')}:${productId.toString(16).padStart(4, '0')}`;
}

/**
 * What an identity says: undefined when no bootloader with a client shows it.
 * QMK's builds of DFU and HID are told apart by bcdDevice.
 */
export function bootloaderOfIdentity(
	vendorId: number,
	productId: number,
	release?: number,
): Omit<WaitingBootloader, 'usbKey' | 'port' | 'usbPlace'> | undefined {
	const fits = bootloaders.filter(
		loader =>
			loader.protocol !== null &&
			loader.usb.some(identity => identity.vendorId === vendorId && identity.productId === productId),
	);
	const byRelease = fits.filter(loader => loader.bcdDevice !== undefined && loader.bcdDevice === release);
	const left =
		byRelease.length > 0
			? byRelease
			: fits.filter(loader => loader.bcdDevice === undefined || release === undefined);
	const first = left[0];
	if (first === undefined || first.protocol === null) return undefined;
	const owners = first.usb.filter(
		identity => identity.vendorId === vendorId && identity.productId === productId,
	);
	const named = owners.map(owner => findChip(owner.who)).filter(chip => chip !== undefined);
	const chips =
		named.length > 0 ? named : first.boot.map(row => findChip(row.chip)).filter(chip => chip !== undefined);
	return {
		protocol: first.protocol,
		bootloaders: left,
		chips,
		vidPid: vidPidText(vendorId, productId),
		name: left.map(loader => loader.name).join(' or '),
		mustAsk: first.protocol === 'usbasploader',
	};
}

/**
 * Bootloaders on the bus now. Listing opens nothing. Throws NoUsbSystem only when no serial port is one either.
 */
export async function findWaitingBootloaders(world: World): Promise<readonly WaitingBootloader[]> {
	let noUsb: unknown;
	const [usb, ports] = await Promise.all([
		world.listUsbDevices().catch(error => {
			noUsb = error;
			return [];
		}),
		world.listSerialPorts(),
	]);
	const found: WaitingBootloader[] = [];
	for (const device of usb) {
		const loader = bootloaderOfIdentity(device.vendorId, device.productId, device.release);
		if (loader !== undefined && loader.protocol !== 'caterina') found.push({...loader, usbKey: device.key});
	}
	for (const port of ports) {
		if (port.vendorId === undefined || port.productId === undefined) continue;
		const loader = bootloaderOfIdentity(port.vendorId, port.productId);
		if (loader?.protocol !== 'caterina') continue;
		const device = deviceOfPort(port, usb, ports);
		found.push({
			...loader,
			port: port.path,
			...(device === undefined ? {} : {usbKey: device.key}),
			...(port.usbPlace === undefined ? {} : {usbPlace: port.usbPlace}),
		});
	}
	if (noUsb !== undefined && found.length === 0) throw noUsb;
	return found;
}

/** A waiting loader as a person must name it: `Caterina (2341:0036@1-4, /dev/ttyACM0)`, `--usb` and `--port`. */
export function waitingName(waiting: WaitingBootloader): string {
	const {usb} = placeOf(waiting);
	const place = usb === undefined ? '' : `@${usb}`;
	const port = waiting.port === undefined ? '' : `, ${waiting.port}`;
	return `${waiting.name} (${waiting.vidPid}${place}${port})`;
}

/**
 * First byte of the bootloader's section on a chip.
 * Throws Refused when this bootloader is not known on this chip: without the figure nothing is written.
 */
export function bootStartOf(protocol: BootloaderProtocol, chip: Chip): number {
	const rows = bootloaders
		.filter(loader => loader.protocol === protocol)
		.flatMap(loader => loader.boot)
		.filter(row => row.chip === chip.id);
	// Relatives that lie at different addresses: the lower one is safe for all of them.
	const start = Math.min(...rows.map(row => row.startByteAddress));
	if (!Number.isFinite(start)) {
		throw new UnbrickError({
			kind: 'Refused',
			command: 'flash',
			why: `where ${protocol} lies on ${chip.name} is not known, so its place cannot be protected`,
		});
	}
	return start;
}

export type BootloaderChoice = {
	readonly protocol: BootloaderProtocol;
	readonly chip: Chip;
	readonly port?: string;
	readonly usbKey?: string;
	readonly flashFile?: FlashFile;
	/** Overrides bootStartOf, never above the flash. */
	readonly bootStart?: number;
};

/** Opens the transport and gives the client. Throws what World's open functions throw, and DeviceMissing. */
export async function openBootloader(world: World, choice: BootloaderChoice): Promise<BootloaderClient> {
	const {protocol, chip} = choice;
	const options = {chip, bootStart: choice.bootStart ?? bootStartOf(protocol, chip)};
	const usbKey = () => {
		if (choice.usbKey === undefined)
			throw new UnbrickError({kind: 'DeviceMissing', what: `The ${protocol} bootloader`});
		return choice.usbKey;
	};
	switch (protocol) {
		case 'atmel-dfu':
			return createAtmelDfu(await world.openUsb(usbKey()), world.clock, options);
		case 'caterina': {
			if (choice.port === undefined)
				throw new UnbrickError({kind: 'DeviceMissing', what: 'The serial port of the Caterina bootloader'});
			return createAvr109(await world.openSerial(choice.port, {baud: cdcBaud}), world.clock, options);
		}
		case 'halfkay':
			return createHalfkay(await world.openHid(usbKey()), world.clock, options);
		case 'lufa-hid':
		case 'qmk-hid':
			return createLufaHid(await world.openHid(usbKey()), {...options, protocol});
		case 'bootloadhid':
			return createBootloadhid(await world.openHid(usbKey()), options);
		case 'usbasploader':
			return createUsbasploader(await world.openUsb(usbKey()), world.clock.sleep, options);
		case 'lufa-ms':
			if (choice.flashFile === undefined)
				throw new UnbrickError({kind: 'DeviceMissing', what: 'The drive with FLASH.BIN'});
			return createLufaMs(choice.flashFile, options);
		default:
			return assertNever(protocol);
	}
}
