// HidPipe for the HID bootloaders. Linux: class requests on the interface that usbhid has been put aside from.
// Windows and macOS: the system's HID driver owns the interface, so node-hid (an optional package) does it.
import {UnbrickError} from '../engine/errors.ts';
import type {HidPipe} from '../engine/transports.ts';
import {messageOf, openError, transferFault} from './system-errors.ts';
import {claimDevice, controlIn, controlOut, listUsbDevices} from './usb.ts';

/** HID 1.11, 7.2: class requests and report types. */
const getReport = 0x01;
const setReport = 0x09;
const reportTypes = {output: 2, feature: 3} as const;
/** HID 1.11, 7.1.1: the report descriptor; those of bootloaders are far shorter than this. */
const getDescriptor = 0x06;
const descriptorBytes = 256;
const descriptorTimeoutMs = 1000;

/** Usage page and usage of the first collection of a report descriptor (HID 1.11, 6.2.2); undefined without. */
export function firstUsage(
	descriptor: Uint8Array,
): {readonly page: number; readonly usage: number} | undefined {
	let page: number | undefined;
	let usage: number | undefined;
	for (let at = 0; at < descriptor.length; ) {
		const prefix = descriptor[at]!;
		const size = [0, 1, 2, 4][prefix & 3]!;
		let value = 0;
		for (let index = size; index > 0; index--) value = value * 256 + (descriptor[at + index] ?? 0);
		const tag = prefix & 0xfc;
		if (tag === 0x04) page = value;
		else if (tag === 0x08) usage = value;
		else if (tag === 0xa0) break;
		at += 1 + size;
	}
	return page === undefined || usage === undefined ? undefined : {page, usage};
}

/** Bytes of the output report of a descriptor (HID 1.11, 6.2.2.4 and 6.2.2.7); undefined where it has none. */
export function outputBytes(descriptor: Uint8Array): number | undefined {
	let size = 0;
	let count = 0;
	let bits = 0;
	for (let at = 0; at < descriptor.length; ) {
		const prefix = descriptor[at]!;
		const length = [0, 1, 2, 4][prefix & 3]!;
		let value = 0;
		for (let index = length; index > 0; index--) value = value * 256 + (descriptor[at + index] ?? 0);
		const tag = prefix & 0xfc;
		if (tag === 0x74) size = value;
		else if (tag === 0x94) count = value;
		else if (tag === 0x90) bits += size * count;
		at += 1 + length;
	}
	return bits === 0 ? undefined : bits / 8;
}

/**
 * With a report id other than 0 the data begin with that id, in both directions, as on the wire.
 * @throws UnbrickError DeviceMissing, DeviceDenied, DeviceBusy, NoUsbSystem
 */
export async function openHid(key: string): Promise<HidPipe> {
	return process.platform === 'linux' ? openByControl(key) : openBySystem(key);
}

async function openByControl(key: string): Promise<HidPipe> {
	const claimed = await claimDevice(key);
	const setup = (request: number, kind: 'output' | 'feature', reportId: number) => ({
		type: 'class' as const,
		recipient: 'interface' as const,
		request,
		value: (reportTypes[kind] << 8) | reportId,
		index: 0,
	});
	return {
		device: claimed.info,
		setReport: (kind, reportId, data, timeoutMs) =>
			controlOut(claimed, setup(setReport, kind, reportId), data, timeoutMs),
		getReport: (reportId, length, timeoutMs) =>
			controlIn(claimed, setup(getReport, 'feature', reportId), length, timeoutMs),
		async usage() {
			try {
				const descriptor = await controlIn(
					claimed,
					{type: 'standard', recipient: 'interface', request: getDescriptor, value: 0x2200, index: 0},
					descriptorBytes,
					descriptorTimeoutMs,
				);
				const first = firstUsage(descriptor);
				const output = outputBytes(descriptor);
				return first === undefined
					? undefined
					: {...first, ...(output === undefined ? {} : {outputBytes: output})};
			} catch {
				return undefined;
			}
		},
		close: claimed.close,
	};
}

async function openBySystem(key: string): Promise<HidPipe> {
	const info = (await listUsbDevices()).find(device => device.key === key);
	if (info === undefined) throw new UnbrickError({kind: 'DeviceMissing', what: `The HID device ${key}`});
	const name = `${info.vendorId.toString(16).padStart(4, '0')}:${info.productId.toString(16).padStart(4, '0')}`;
	let hid: typeof import('node-hid');
	try {
		hid = await import('node-hid');
	} catch (error) {
		throw new UnbrickError(
			{kind: 'DeviceDenied', path: name, detail: 'the optional package node-hid is not installed'},
			{cause: error},
		);
	}
	const fitting = (await hid.devicesAsync(info.vendorId, info.productId)).filter(
		device => device.path !== undefined && (info.serial === undefined || device.serialNumber === info.serial),
	);
	const first = fitting[0]?.path;
	if (first === undefined) throw new UnbrickError({kind: 'DeviceMissing', what: `The HID device ${name}`});
	if (fitting.length > 1) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: name,
			choices: fitting.map(device => device.path ?? ''),
		});
	}
	const device = await hid.HIDAsync.open(first).catch(error => {
		throw openError(error, {path: name});
	});
	let closed = false;
	const limited = async <T>(work: Promise<T>, timeoutMs: number): Promise<T> => {
		let timer: NodeJS.Timeout | undefined;
		try {
			return await Promise.race([
				work,
				new Promise<never>((_, reject) => {
					timer = setTimeout(() => reject(new Error('timed out')), timeoutMs);
				}),
			]);
		} catch (error) {
			// hidapi says no more than "could not send": ask the bus whether the device is still there.
			const here = await hid.devicesAsync(info.vendorId, info.productId).catch(() => []);
			if (!here.some(candidate => candidate.path === first))
				throw transferFault(new Error('device disconnected'));
			throw transferFault(new Error(messageOf(error), {cause: error}));
		} finally {
			clearTimeout(timer);
		}
	};
	const numbered = (reportId: number, data: Uint8Array) => Buffer.from(reportId === 0 ? [0, ...data] : data);
	return {
		device: info,
		setReport: (kind, reportId, data, timeoutMs) =>
			limited(
				(kind === 'feature'
					? device.sendFeatureReport(numbered(reportId, data))
					: device.write(numbered(reportId, data))
				).then(() => {}),
				timeoutMs,
			),
		getReport: (reportId, length, timeoutMs) =>
			limited(
				device
					.getFeatureReport(reportId, reportId === 0 ? length + 1 : length)
					.then(got => Uint8Array.from(reportId === 0 ? got.subarray(1) : got)),
				timeoutMs,
			),
		async usage() {
			const {usagePage: page, usage} = fitting[0] ?? {};
			return page === undefined || usage === undefined ? undefined : {page, usage};
		},
		async close() {
			if (closed) return;
			closed = true;
			await device.close().catch(() => {});
		},
	};
}
