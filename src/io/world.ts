// The real world: everything that an engine procedure may reach outside, behind one value.
import {readdir} from 'node:fs/promises';
import {UnbrickError} from '../engine/errors.ts';
import type {SerialPortInfo, World} from '../engine/transports.ts';
import {systemClock} from './clock.ts';
import {openHid} from './hid.ts';
import {realName, takeLock} from './lock.ts';
import {listLinuxSerialPorts, nodeAccess, nodeFingerprint, runningPrograms} from './nodes.ts';
import {callOutPath, openSerial} from './serial.ts';
import {stateFolder} from './store.ts';
import {listUsbDevices, nativeDevices, openUsb, usbKey} from './usb.ts';

/** A person sees what was plugged in within a second; four looks a second leave room for the drawing. */
const hotplugLookMs = 250;
/** Listing ports on Windows takes 100 to 400 ms: look less often there. */
const windowsLookMs = 1000;

async function listOtherSerialPorts(): Promise<readonly SerialPortInfo[]> {
	const {SerialPort} = await import('serialport/dist/serialport.js');
	// Listing never fails: a system whose list cannot be read shows no ports, and a named one can still be opened.
	const ports = await SerialPort.list().catch(() => []);
	return ports.map(port => {
		const product = 'friendlyName' in port ? String(port.friendlyName) : undefined;
		return {
			path: process.platform === 'darwin' ? callOutPath(port.path) : port.path,
			// Hexadecimal without 0x, upper or lower case by system.
			...(port.vendorId === undefined ? {} : {vendorId: Number.parseInt(port.vendorId, 16)}),
			...(port.productId === undefined ? {} : {productId: Number.parseInt(port.productId, 16)}),
			...(port.manufacturer === undefined ? {} : {manufacturer: port.manufacturer}),
			...(product === undefined ? {} : {product}),
			...(port.serialNumber === undefined ? {} : {serial: port.serialNumber}),
			access: process.platform === 'darwin' ? ('ok' as const) : ('unknown' as const),
		};
	});
}

/** Text that changes when something was plugged in or out, without opening anything. */
async function fingerprint(): Promise<string> {
	if (process.platform === 'linux') return nodeFingerprint();
	const parts: string[] = [];
	if (process.platform === 'darwin') {
		parts.push(...(await readdir('/dev')).filter(name => name.startsWith('cu.')));
	} else {
		parts.push(...(await listOtherSerialPorts()).map(port => port.path));
	}
	parts.push(...(await nativeDevices().catch(() => [])).map(usbKey));
	return parts.sort().join('\n');
}

/**
 * Looks at `read` every `everyMs` and calls back when the text differs. Looks do not overlap and do not keep
 * the process alive.
 */
export function watchText(read: () => Promise<string>, everyMs: number, changed: () => void): () => void {
	let last: string | undefined;
	let stopped = false;
	let timer: NodeJS.Timeout | undefined;
	const look = async () => {
		try {
			const now = await read();
			if (stopped) return;
			if (last !== undefined && now !== last) changed();
			last = now;
		} catch {
			// A system that cannot be read now may be readable at the next look.
		}
		if (stopped) return;
		timer = setTimeout(look, everyMs);
		timer.unref();
	};
	void look();
	return () => {
		stopped = true;
		clearTimeout(timer);
	};
}

/** Opens what no other copy of this program has open, and keeps others out until it is closed. */
export async function alone<T extends {readonly close: () => Promise<void>}>(
	what: string,
	open: () => Promise<T>,
): Promise<T> {
	const release = await takeLock(stateFolder(), what);
	try {
		const opened = await open();
		return {
			...opened,
			async close() {
				try {
					await opened.close();
				} finally {
					await release();
				}
			},
		};
	} catch (error) {
		await release();
		throw error;
	}
}

/** The world of this machine. Native packages load at the first listing or opening, not here. */
export function createWorld(): World {
	const linux = process.platform === 'linux';
	return {
		clock: systemClock,
		system: linux ? 'linux' : process.platform === 'darwin' ? 'macos' : 'windows',
		listSerialPorts: () => (linux ? listLinuxSerialPorts() : listOtherSerialPorts()),
		listUsbDevices,
		async openSerial(path, {baud}) {
			if (!linux) return alone(path, () => openSerial(path, {baud}));
			const {access, ownerGroup} = await nodeAccess(path);
			if (access === 'unknown') throw new UnbrickError({kind: 'DeviceMissing', what: path});
			const name = await realName(path);
			return alone(name, () =>
				openSerial(path, {baud, ...(ownerGroup === undefined ? {} : {group: ownerGroup})}),
			);
		},
		openUsb: key => alone(`usb ${key}`, () => openUsb(key)),
		openHid: key => alone(`usb ${key}`, () => openHid(key)),
		onDevicesChanged: listener =>
			watchText(fingerprint, process.platform === 'win32' ? windowsLookMs : hotplugLookMs, listener),
		...(linux ? {runningPrograms: (names: readonly string[]) => runningPrograms(names)} : {}),
	};
}
