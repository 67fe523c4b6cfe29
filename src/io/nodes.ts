// What Linux says about device nodes without opening any: names, USB identity, owner, permission, holders.
// Everything hangs below an injectable root, so that tests can build a system out of plain files.
import type {Stats} from 'node:fs';
import {access, constants, readdir, readFile, readlink, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import type {Access, SerialPortInfo} from '../engine/transports.ts';

/** Serial nodes that a programmer or bootloader may stand behind. */
const ttyPattern = /^tty(ACM|USB|AMA|S|THS|XR|O)\d+$/;
/** How far above the tty its USB device may lie in the device tree. */
const ancestorLimit = 8;

async function textOf(file: string): Promise<string | undefined> {
	try {
		const text = (await readFile(file, 'utf8')).trim();
		return text === '' ? undefined : text;
	} catch {
		return undefined;
	}
}

async function namesIn(folder: string): Promise<readonly string[]> {
	try {
		return await readdir(folder);
	} catch {
		return [];
	}
}

/** The group's name for a numeric id, from /etc/group; the number itself where it has none there. */
export async function groupName(gid: number, root = '/'): Promise<string> {
	const table = (await textOf(path.join(root, 'etc/group'))) ?? '';
	const line = table.split('\n').find(entry => entry.split(':')[2] === String(gid));
	return line?.split(':')[0] ?? String(gid);
}

/** `00:05:123`: file system and inode, as /proc/locks names a file. Source: Linux fs/locks.c and its dev_t layout. */
export function lockName({dev, ino}: {readonly dev: number; readonly ino: number}): string {
	const hex = (value: number) => value.toString(16).padStart(2, '0');
	const major = (dev >> 8) & 0xfff;
	const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
	return `${hex(major)}:${hex(minor)}:${ino}`;
}

/** True when somebody holds an flock on the node (as serialport takes one). */
async function isLocked(node: {readonly dev: number; readonly ino: number}, root: string): Promise<boolean> {
	const table = (await textOf(path.join(root, 'proc/locks'))) ?? '';
	const name = lockName(node);
	return table.split('\n').some(line => /\bFLOCK\b/.test(line) && line.includes(` ${name} `));
}

/** May this user open the node? Asks the system, opens nothing. */
export async function nodeAccess(
	node: string,
	root = '/',
): Promise<{readonly access: Access; readonly accessDetail?: string; readonly ownerGroup?: string}> {
	let group: string | undefined;
	let found: Stats;
	try {
		found = await stat(node);
		group = await groupName(found.gid, root);
	} catch {
		return {access: 'unknown', accessDetail: `${node} is not there`};
	}
	try {
		await access(node, constants.R_OK | constants.W_OK);
	} catch {
		return {access: 'denied', accessDetail: `no permission for ${node}`, ownerGroup: group};
	}
	if (await isLocked(found, root)) {
		return {access: 'busy', accessDetail: `another program has locked ${node}`, ownerGroup: group};
	}
	return {access: 'ok', ownerGroup: group};
}

async function usbIdentity(device: string, root: string): Promise<Partial<SerialPortInfo>> {
	let folder: string;
	try {
		folder = await realpath(device);
	} catch {
		return {};
	}
	const end = path.resolve(root);
	for (let step = 0; step < ancestorLimit && folder.length > end.length; step++) {
		const vendor = await textOf(path.join(folder, 'idVendor'));
		if (vendor !== undefined) {
			const product = await textOf(path.join(folder, 'idProduct'));
			const strings = {
				manufacturer: await textOf(path.join(folder, 'manufacturer')),
				product: await textOf(path.join(folder, 'product')),
				serial: await textOf(path.join(folder, 'serial')),
			};
			return {
				usbPlace: path.basename(folder),
				vendorId: Number.parseInt(vendor, 16),
				...(product === undefined ? {} : {productId: Number.parseInt(product, 16)}),
				...(strings.manufacturer === undefined ? {} : {manufacturer: strings.manufacturer}),
				...(strings.product === undefined ? {} : {product: strings.product}),
				...(strings.serial === undefined ? {} : {serial: strings.serial}),
			};
		}
		folder = path.dirname(folder);
	}
	return {};
}

/** On-board UARTs exist by the dozen without hardware: type 0 is "nothing there". */
async function isRealUart(name: string, root: string): Promise<boolean> {
	if (!/^ttyS\d/.test(name)) return true;
	const type = await textOf(path.join(root, 'sys/class/tty', name, 'type'));
	return type !== undefined && type !== '0';
}

/** Serial ports of a Linux system, sorted by name, without udev: /dev for what is there, sysfs for what it is. */
export async function listLinuxSerialPorts(root = '/'): Promise<readonly SerialPortInfo[]> {
	const inDev = (await namesIn(path.join(root, 'dev'))).filter(name => ttyPattern.test(name));
	const names = inDev.sort((a, b) => a.localeCompare(b, 'en', {numeric: true}));
	const ports: SerialPortInfo[] = [];
	for (const name of names) {
		if (!(await isRealUart(name, root))) continue;
		const node = path.join(root, 'dev', name);
		const identity = await usbIdentity(path.join(root, 'sys/class/tty', name, 'device'), root);
		ports.push({path: root === '/' ? node : `/dev/${name}`, ...identity, ...(await nodeAccess(node, root))});
	}
	return ports;
}

/** Driver that holds interface 0 of a device (`1-4`, configuration 1), by sysfs; undefined when none. */
export async function interfaceDriver(sysName: string, root = '/'): Promise<string | undefined> {
	try {
		return path.basename(await readlink(path.join(root, 'sys/bus/usb/devices', `${sysName}:1.0`, 'driver')));
	} catch {
		return undefined;
	}
}

/** The usbfs node of a device. */
export function usbNode(bus: number, address: number, root = '/'): string {
	return path.join(root, 'dev/bus/usb', String(bus).padStart(3, '0'), String(address).padStart(3, '0'));
}

/**
 * A text that changes whenever a serial or USB node comes, goes, or changes its owner or permission (ctime).
 * A dozen stat calls; what hotplug on Linux looks at.
 */
export async function nodeFingerprint(root = '/'): Promise<string> {
	const files = (await namesIn(path.join(root, 'dev')))
		.filter(name => /^tty(ACM|USB)\d+$/.test(name))
		.map(name => path.join(root, 'dev', name));
	const buses = path.join(root, 'dev/bus/usb');
	for (const bus of await namesIn(buses)) {
		for (const device of await namesIn(path.join(buses, bus))) files.push(path.join(buses, bus, device));
	}
	const marks = await Promise.all(
		files.map(async file => {
			try {
				const found = await stat(file);
				return `${file}:${found.ino}:${found.mode}:${found.uid}:${found.gid}`;
			} catch {
				return '';
			}
		}),
	);
	const devices = await namesIn(path.join(root, 'sys/bus/usb/devices'));
	return [...marks, ...devices].sort().join('\n');
}

/** Which of the named programs run now, by /proc. */
export async function runningPrograms(wanted: readonly string[], root = '/'): Promise<readonly string[]> {
	const found = new Set<string>();
	for (const entry of await namesIn(path.join(root, 'proc'))) {
		if (!/^\d+$/.test(entry)) continue;
		const name = await textOf(path.join(root, 'proc', entry, 'comm'));
		// The kernel cuts names at 15 characters.
		const match = wanted.find(candidate => candidate.slice(0, 15) === name);
		if (match !== undefined) found.add(match);
	}
	return [...found].sort();
}
