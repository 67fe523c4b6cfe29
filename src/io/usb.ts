// UsbPipe over the usb package (3.x: WebUSB shaped, over nusb). Its quirks live here and nowhere else: a stall
// rejects, time-outs are an extra last argument, an empty OUT needs an empty array, interface 0 is claimed before
// anything is sent (Windows needs it for every control transfer).
import type {usb as usbOfPackage} from 'usb';
import {UnbrickError} from '../engine/errors.ts';
import type {ControlSetup, UsbDeviceInfo, UsbPipe} from '../engine/transports.ts';
import {interfaceDriver, nodeAccess, usbNode} from './nodes.ts';
import {messageOf, openError, transferFault} from './system-errors.ts';

export type NativeUsbDevice = Awaited<ReturnType<(typeof usbOfPackage)['getDevices']>>[number];

/** Kernel drivers that may be put aside: they hold the keyboard bootloaders, and nobody misses them meanwhile. */
const detachable = new Set(['usbhid', 'usb-storage']);

async function nativeUsb(): Promise<typeof usbOfPackage> {
	return (await import('usb')).usb;
}

/** `1-4.2` as Linux names it; other systems' bus names stay as they are. */
export function busPort(device: Pick<NativeUsbDevice, 'bus' | 'ports' | 'address'>): string {
	const bus = /^\d+$/.test(device.bus) ? String(Number.parseInt(device.bus, 10)) : device.bus;
	return device.ports.length > 0 ? `${bus}-${device.ports.join('.')}` : `${bus}-@${device.address}`;
}

/** Bus and port, then the address: a device that comes back as something else has a new key. */
export function usbKey(device: Pick<NativeUsbDevice, 'bus' | 'ports' | 'address'>): string {
	return `${busPort(device)}:${device.address}`;
}

function text(read: () => string | null | undefined): string | undefined {
	try {
		const value = read();
		return value === null || value === '' ? undefined : value;
	} catch {
		return undefined;
	}
}

async function accessOf(device: NativeUsbDevice): Promise<Pick<UsbDeviceInfo, 'access' | 'accessDetail'>> {
	if (process.platform === 'darwin') return {access: 'ok'};
	if (process.platform !== 'linux') return {access: 'unknown'};
	const found = await nodeAccess(usbNode(Number.parseInt(device.bus, 10), device.address));
	if (found.access !== 'ok') {
		return {
			access: found.access,
			...(found.accessDetail === undefined ? {} : {accessDetail: found.accessDetail}),
		};
	}
	if ((await interfaceDriver(busPort(device))) === 'usbfs') {
		return {access: 'busy', accessDetail: 'another program has claimed it'};
	}
	return {access: 'ok'};
}

async function infoOf(device: NativeUsbDevice): Promise<UsbDeviceInfo> {
	const manufacturer = text(() => device.manufacturerName);
	const product = text(() => device.productName);
	const serial = text(() => device.serialNumber);
	return {
		key: usbKey(device),
		vendorId: device.vendorId,
		productId: device.productId,
		release:
			(device.deviceVersionMajor << 8) | (device.deviceVersionMinor << 4) | device.deviceVersionSubminor,
		...(manufacturer === undefined ? {} : {manufacturer}),
		...(product === undefined ? {} : {product}),
		...(serial === undefined ? {} : {serial}),
		...(await accessOf(device)),
	};
}

/** The bus as the system knows it. @throws UnbrickError NoUsbSystem */
export async function nativeDevices(): Promise<readonly NativeUsbDevice[]> {
	try {
		return await (await nativeUsb()).getDevices();
	} catch (error) {
		throw new UnbrickError({kind: 'NoUsbSystem', detail: messageOf(error)}, {cause: error});
	}
}

/** Hubs (class 9) are left out. Opens nothing. @throws UnbrickError NoUsbSystem */
export async function listUsbDevices(): Promise<readonly UsbDeviceInfo[]> {
	const devices = (await nativeDevices()).filter(device => device.deviceClass !== 9);
	return Promise.all(devices.map(infoOf));
}

export type ClaimedDevice = {
	readonly native: NativeUsbDevice;
	readonly info: UsbDeviceInfo;
	/** Runs one transfer; errors become TransferFault. */
	readonly transfer: <T>(work: (device: NativeUsbDevice) => Promise<T>) => Promise<T>;
	readonly close: () => Promise<void>;
};

/**
 * Opens, selects configuration 1, claims interface 0, putting a HID or storage driver aside on Linux.
 * @throws UnbrickError DeviceMissing, DeviceDenied, DeviceBusy, NoUsbSystem
 */
export async function claimDevice(key: string): Promise<ClaimedDevice> {
	const native = (await nativeDevices()).find(device => usbKey(device) === key);
	if (native === undefined) throw new UnbrickError({kind: 'DeviceMissing', what: `The USB device ${key}`});
	const info = await infoOf(native);
	const identity = `${hex16(native.vendorId)}:${hex16(native.productId)}`;
	const path =
		process.platform === 'linux'
			? `${identity} (${usbNode(Number.parseInt(native.bus, 10), native.address)})`
			: identity;
	let detached = false;
	try {
		await native.open();
	} catch (error) {
		throw openError(error, {path});
	}
	try {
		if (needsConfiguration(native)) await native.selectConfiguration(1);
		try {
			await native.claimInterface(0);
		} catch (error) {
			if (process.platform !== 'linux' || !/busy|errno 16/i.test(messageOf(error))) throw error;
			const driver = await interfaceDriver(busPort(native));
			if (driver !== undefined && !detachable.has(driver)) {
				const holder = driver === 'usbfs' ? 'another program' : `the kernel driver ${driver}`;
				throw new UnbrickError({kind: 'DeviceBusy', path, detail: `${holder} holds it`}, {cause: error});
			}
			await native.detachKernelDriver(0).catch(failed => {
				if (!/errno 61/.test(messageOf(failed))) throw failed;
			});
			detached = true;
			await native.claimInterface(0);
		}
	} catch (error) {
		if (detached) await native.attachKernelDriver(0).catch(() => {});
		await native.close().catch(() => {});
		throw openError(error, {path});
	}
	const pending = new Set<Promise<unknown>>();
	let closed = false;
	return {
		native,
		info,
		async transfer(work) {
			if (closed) throw transferFault(new Error('device is not open'));
			const running = work(native);
			pending.add(running);
			try {
				return await running;
			} catch (error) {
				throw transferFault(error);
			} finally {
				pending.delete(running);
			}
		},
		async close() {
			if (closed) return;
			closed = true;
			// The package throws when a device is changed while a transfer runs; each ends by its own time-out.
			await Promise.allSettled(pending);
			await native.releaseInterface(0).catch(() => {});
			if (detached) await native.attachKernelDriver(0).catch(() => {});
			await native.close().catch(() => {});
		},
	};
}

function hex16(value: number): string {
	return value.toString(16).padStart(4, '0');
}

/** Selecting the configuration that is on already would reset the device's state for nothing. */
function needsConfiguration(device: NativeUsbDevice): boolean {
	try {
		return device.configuration?.configurationValue !== 1;
	} catch {
		return true;
	}
}

function bytesOf(result: NativeResult): Uint8Array {
	const {data} = result;
	return data === undefined
		? new Uint8Array(0)
		: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** The part of the package that its own declarations leave to WebUSB's, which know no time-out argument. */
type NativeTransfers = {
	controlTransferIn(setup: NativeSetup, length: number, timeoutMs: number): Promise<NativeResult>;
	controlTransferOut(setup: NativeSetup, data: Uint8Array, timeoutMs: number): Promise<unknown>;
	transferIn(endpoint: number, length: number, timeoutMs: number): Promise<NativeResult>;
	transferOut(endpoint: number, data: Uint8Array, timeoutMs: number): Promise<unknown>;
};

type NativeResult = {readonly data?: DataView | undefined};

type NativeSetup = {
	readonly requestType: ControlSetup['type'];
	readonly recipient: ControlSetup['recipient'];
	readonly request: number;
	readonly value: number;
	readonly index: number;
};

export function controlIn(
	claimed: ClaimedDevice,
	setup: ControlSetup,
	length: number,
	timeoutMs: number,
): Promise<Uint8Array> {
	return claimed.transfer(async device =>
		bytesOf(
			await (device as unknown as NativeTransfers).controlTransferIn(
				nativeSetup(setup),
				length,
				Math.ceil(timeoutMs),
			),
		),
	);
}

export function controlOut(
	claimed: ClaimedDevice,
	setup: ControlSetup,
	data: Uint8Array,
	timeoutMs: number,
): Promise<void> {
	return claimed.transfer(async device => {
		await (device as unknown as NativeTransfers).controlTransferOut(
			nativeSetup(setup),
			data,
			Math.ceil(timeoutMs),
		);
	});
}

function nativeSetup(setup: ControlSetup): NativeSetup {
	return {
		requestType: setup.type,
		recipient: setup.recipient,
		request: setup.request,
		value: setup.value,
		index: setup.index,
	};
}

/** @throws UnbrickError DeviceMissing, DeviceDenied, DeviceBusy, NoUsbSystem */
export async function openUsb(key: string): Promise<UsbPipe> {
	const claimed = await claimDevice(key);
	return {
		device: claimed.info,
		controlIn: (setup, length, timeoutMs) => controlIn(claimed, setup, length, timeoutMs),
		controlOut: (setup, data, timeoutMs) => controlOut(claimed, setup, data, timeoutMs),
		bulkIn: (endpoint, length, timeoutMs) =>
			claimed.transfer(async device =>
				bytesOf(
					await (device as unknown as NativeTransfers).transferIn(endpoint, length, Math.ceil(timeoutMs)),
				),
			),
		bulkOut: (endpoint, data, timeoutMs) =>
			claimed.transfer(async device => {
				await (device as unknown as NativeTransfers).transferOut(endpoint, data, Math.ceil(timeoutMs));
			}),
		clearHalt: (endpoint, direction) =>
			claimed.transfer(async device => {
				await device.clearHalt(direction, endpoint);
			}),
		close: claimed.close,
	};
}
