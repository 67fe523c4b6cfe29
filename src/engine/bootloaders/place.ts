// Where on the bus something is plugged in: what tells two boards of one kind apart, and what stays when a board
// changes from its program into its bootloader.
import type {SerialPortInfo, UsbDeviceInfo} from '../transports.ts';

export type Place = {
	/** Bus and ports, `1-4.2`. */
	readonly usb?: string;
	/** Path of the serial port: the same one may be another board's later, so it tells only where `usb` cannot. */
	readonly port?: string;
};

/** The socket in a device's key: `1-4.2` of `1-4.2:17`. Undefined where the system did not name one (`1-@17:17`). */
export function usbPlaceOfKey(key: string): string | undefined {
	const place = key.replace(/[:#]\d+$/, '');
	return place === key || place.includes('@') ? undefined : place;
}

/** Where this is, as far as the system tells. */
export function placeOf(seen: {
	readonly usbKey?: string;
	readonly usbPlace?: string;
	readonly port?: string;
}): Place {
	const usb = seen.usbPlace ?? (seen.usbKey === undefined ? undefined : usbPlaceOfKey(seen.usbKey));
	return {...(usb === undefined ? {} : {usb}), ...(seen.port === undefined ? {} : {port: seen.port})};
}

/** Whether both are one place; undefined where that cannot be told. */
export function samePlace(a: Place, b: Place): boolean | undefined {
	if (a.usb !== undefined && b.usb !== undefined) return a.usb === b.usb;
	return a.port !== undefined && a.port === b.port ? true : undefined;
}

const sameIdentity = (
	a: {readonly vendorId?: number; readonly productId?: number},
	b: {readonly vendorId?: number; readonly productId?: number},
) => a.vendorId === b.vendorId && a.productId === b.productId;

/** The USB device behind a serial port: at its place, else the only one of its identity; undefined when in doubt. */
export function deviceOfPort(
	port: SerialPortInfo,
	usb: readonly UsbDeviceInfo[],
	ports: readonly SerialPortInfo[],
): UsbDeviceInfo | undefined {
	if (port.vendorId === undefined) return undefined;
	const alike = usb.filter(device => sameIdentity(device, port));
	if (port.usbPlace !== undefined) return alike.find(device => usbPlaceOfKey(device.key) === port.usbPlace);
	return alike.length === 1 && ports.filter(other => sameIdentity(other, port)).length === 1
		? alike[0]
		: undefined;
}
