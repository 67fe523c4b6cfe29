// Which USB identity may be what: programmers and bootloaders by their own data, and the boards that one of them may
// run on. Pure.
import {bootloaders} from '../bootloaders/index.ts';
import {programmers} from '../programmers/index.ts';
import {fits, vidPid} from '../programmers/open.ts';
import type {DeviceKind} from './types.ts';

export type Identified = {
	readonly kind: DeviceKind;
	/** Programmer or bootloader id; `unknown` otherwise. */
	readonly id: string;
	readonly name: string;
	readonly mustAsk: boolean;
	readonly mayBe: readonly string[];
	/** What is worth saying about this identity. */
	readonly notes: readonly string[];
};

type Seen = {
	readonly vendorId?: number;
	readonly productId?: number;
	readonly product?: string;
	readonly manufacturer?: string;
	/** bcdDevice, for USB devices. */
	readonly release?: number;
};

/** USBaspLoader calls itself release 1.02 and so did the first hardware; from 1.07 on it is hardware. */
const surelyHardwareRelease = 0x0107;

/** Identities that mean something here and belong to no record. */
const others: readonly {
	readonly vendorId: number;
	readonly productId: number;
	readonly name: string;
	readonly note: string;
}[] = [
	{
		vendorId: 0x03eb,
		productId: 0xc8b4,
		name: 'USBasp clone with PROGISP firmware',
		note: 'Its firmware speaks a protocol of its own: it needs USBasp firmware before any tool but its own can use it.',
	},
	{
		vendorId: 0x04d8,
		productId: 0xfaff,
		name: 'Bus Pirate v4 in its own bootloader',
		note: 'Unplug it and plug it in again without pressing its button.',
	},
];

/** Chips that the DFU bootloader tells by its product id are named, families are not. */
function bootloaderName(name: string, who: string): string {
	return who === 'any' || name.toLowerCase() === who.toLowerCase() ? name : `${name} (${who})`;
}

/**
 * What a USB identity may be; undefined for everything that has nothing to do with this program.
 * `mustAsk` says that only a question (sign-on) decides.
 */
export function identify(device: Seen): Identified | undefined {
	const {vendorId, productId} = device;
	if (vendorId === undefined || productId === undefined) return undefined;
	const same = (other: {readonly vendorId: number; readonly productId: number}) =>
		other.vendorId === vendorId && other.productId === productId;

	const asProgrammer = programmers.flatMap(programmer =>
		programmer.identities
			.filter(identity =>
				fits(identity, {
					vendorId,
					productId,
					...(device.product === undefined ? {} : {product: device.product}),
				}),
			)
			.map(identity => ({programmer, identity})),
	);
	const asBootloader = bootloaders.flatMap(bootloader =>
		bootloader.usb.filter(same).map(usb => ({bootloader, who: usb.who})),
	);

	// 16C0:05DC is every V-USB gadget's; its strings say which, and those of USBasp and USBaspLoader are the same.
	const first = asProgrammer[0];
	if (first !== undefined) {
		const shared = asProgrammer.some(({identity}) => 'shared' in identity && identity.shared === true);
		const hardware =
			first.programmer.id === 'usbasp' &&
			device.release !== undefined &&
			device.release >= surelyHardwareRelease;
		const mayBe = [
			...new Set([
				...asProgrammer.map(({programmer}) => programmer.id as string),
				...(hardware ? [] : asBootloader.map(({bootloader}) => bootloader.id)),
			]),
		];
		return {
			kind: 'programmer',
			id: first.programmer.id,
			name: first.identity.who,
			mustAsk: !hardware && (shared || mayBe.length > 1),
			mayBe,
			notes: [],
		};
	}
	const wrongStrings = programmers.some(programmer => programmer.identities.some(same));
	if (wrongStrings) {
		return {
			kind: 'unknown',
			id: 'unknown',
			name: device.product ?? 'V-USB device',
			mustAsk: false,
			mayBe: [],
			notes: ['It shares its USB identity with USBasp but calls itself something else.'],
		};
	}
	const loader = asBootloader[0];
	if (loader !== undefined) {
		const mayBe = asBootloader.map(({bootloader}) => bootloader.id);
		return {
			kind: 'bootloader',
			id: loader.bootloader.id,
			name: bootloaderName(loader.bootloader.name, loader.who),
			mustAsk: mayBe.length > 1,
			mayBe: [...new Set(mayBe)],
			notes: [],
		};
	}
	const known = others.find(same);
	if (known === undefined) return undefined;
	return {kind: 'unknown', id: 'unknown', name: known.name, mustAsk: false, mayBe: [], notes: [known.note]};
}

/** Bridges that brltty takes for braille displays. Source: its udev rules. */
export const brlttyBridges: readonly string[] = ['1a86:7523', '10c4:ea60', '0403:6001'];

/** Identities whose port is a serial one: without the port the system lacks (or lost) its driver. */
export function isSerialIdentity(device: {readonly vendorId: number; readonly productId: number}): boolean {
	const same = (other: {readonly vendorId: number; readonly productId: number}) =>
		other.vendorId === device.vendorId && other.productId === device.productId;
	return (
		programmers.some(({transport, identities}) => transport === 'serial' && identities.some(same)) ||
		bootloaders.some(({protocol, usb}) => protocol === 'caterina' && usb.some(same))
	);
}

/** Bootloaders that the system's HID or storage driver owns: no driver is to be put under them. */
export function systemOwnsBootloader(id: string): boolean {
	const protocol = bootloaders.find(bootloader => bootloader.id === id)?.protocol;
	return (
		protocol === 'halfkay' ||
		protocol === 'bootloadhid' ||
		protocol === 'lufa-hid' ||
		protocol === 'qmk-hid' ||
		protocol === 'lufa-ms'
	);
}

/** Every identity that this program opens, once each, sorted, with a name: for udev rules. */
export function openedIdentities(): readonly {
	readonly vidPid: string;
	readonly name: string;
	readonly serial: boolean;
	/** A bridge chip that is in all kinds of devices. */
	readonly bridge: boolean;
}[] {
	const rows = new Map<string, {vidPid: string; name: string; serial: boolean; bridge: boolean}>();
	const add = (usb: {readonly vendorId: number; readonly productId: number}, name: string) => {
		const key = vidPid(usb);
		const serial = isSerialIdentity(usb);
		if (!rows.has(key)) rows.set(key, {vidPid: key, name, serial, bridge: brlttyBridges.includes(key)});
	};
	for (const {identities} of programmers) for (const identity of identities) add(identity, identity.who);
	for (const {name, usb} of bootloaders) for (const row of usb) add(row, bootloaderName(name, row.who));
	return [...rows.values()].sort((a, b) => (a.vidPid < b.vidPid ? -1 : 1));
}
