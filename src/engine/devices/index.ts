// `devices`: what is plugged in, what it may be, whether this user may open it, and what to do when not.
// Looks only; nothing is opened.
import {isKind} from '../errors.ts';
import {vidPid} from '../programmers/open.ts';
import type {SerialPortInfo, UsbDeviceInfo, World} from '../transports.ts';
import {accessAdvice, interferingPrograms} from './access-advice.ts';
import {identify, isSerialIdentity} from './identities.ts';
import type {ListedDevice} from './types.ts';

export {udevRules, udevRulesName} from './udev.ts';

export type DeviceSurvey = {
	readonly devices: readonly ListedDevice[];
	/** What kept the look from being complete, as sentences. */
	readonly notes: readonly string[];
};

/** Strings of a device reach a screen: no control bytes, no novels. */
const nameLimit = 60;
export function plainText(text: string): string {
	return text
		.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?')
		.slice(0, nameLimit);
}

const kindOrder = {programmer: 0, bootloader: 1, serial: 2, unknown: 3} as const;

/** Programmers, bootloaders, serial ports, in this order. Never throws for a system without USB. */
export async function surveyDevices(world: World): Promise<DeviceSurvey> {
	const notes: string[] = [];
	let usb: readonly UsbDeviceInfo[] = [];
	try {
		usb = await world.listUsbDevices();
	} catch (error) {
		if (!isKind(error, 'NoUsbSystem')) throw error;
		notes.push(
			'This machine shows no USB system (a container or WSL without USB passed through): only serial ports are listed.',
		);
	}
	const ports = await world.listSerialPorts();
	const running = (await world.runningPrograms?.(interferingPrograms)) ?? [];
	return {devices: describeDevices(world.system, ports, usb, running), notes};
}

/** The devices of `surveyDevices`. */
export async function listDevices(world: World): Promise<readonly ListedDevice[]> {
	return (await surveyDevices(world)).devices;
}

/** The list out of what the system told. Pure. */
export function describeDevices(
	system: World['system'],
	ports: readonly SerialPortInfo[],
	usb: readonly UsbDeviceInfo[],
	running: readonly string[],
): readonly ListedDevice[] {
	const devices: ListedDevice[] = [];
	const portIds = new Set<string>();
	for (const port of ports) {
		const {vendorId, productId} = port;
		const ids = vendorId === undefined || productId === undefined ? null : vidPid({vendorId, productId});
		if (ids !== null) portIds.add(ids);
		const found = identify(port);
		const twin = usb.find(device => ids === vidPid(device) && device.serial === port.serial);
		const id = found?.id === 'unknown' ? 'serial' : (found?.id ?? 'serial');
		devices.push({
			kind: found === undefined || found.kind === 'unknown' ? 'serial' : found.kind,
			id,
			name: plainText(found?.name ?? port.product ?? 'serial port'),
			vidPid: ids,
			port: port.path,
			usbKey: twin?.key ?? null,
			access: port.access,
			mustAsk: found?.mustAsk ?? false,
			mayBe: found?.mayBe ?? [],
			advice: [
				...(found?.notes ?? []),
				...accessAdvice({
					system,
					transport: 'serial',
					access: port.access,
					running: found === undefined && port.access !== 'busy' ? [] : running,
					...(ids === null ? {} : {vidPid: ids}),
					...(port.ownerGroup === undefined ? {} : {ownerGroup: port.ownerGroup}),
				}),
			],
		});
	}
	for (const device of usb) {
		const ids = vidPid(device);
		const found = identify(device);
		if (found === undefined || (isSerialIdentity(device) && portIds.has(ids))) continue;
		const lacksPort = isSerialIdentity(device);
		const access = lacksPort ? 'no-driver' : device.access;
		devices.push({
			kind: found.kind,
			id: found.id,
			name: plainText(found.name),
			vidPid: ids,
			port: null,
			usbKey: device.key,
			access,
			mustAsk: found.mustAsk,
			mayBe: found.mayBe,
			advice: [
				...found.notes,
				...accessAdvice({
					system,
					transport: lacksPort ? 'serial' : 'usb',
					access,
					vidPid: ids,
					id: found.id,
					running,
				}),
			],
		});
	}
	return devices.sort((a, b) => kindOrder[a.kind] - kindOrder[b.kind]);
}
