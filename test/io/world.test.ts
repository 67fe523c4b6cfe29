import assert from 'node:assert/strict';
import {chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {systemClock} from '../../src/io/clock.ts';
import {
	groupName,
	interfaceDriver,
	listLinuxSerialPorts,
	lockName,
	nodeAccess,
	nodeFingerprint,
	runningPrograms,
	usbNode,
} from '../../src/io/nodes.ts';
import {busPort, usbKey} from '../../src/io/usb.ts';
import {createWorld, watchText} from '../../src/io/world.ts';

const base = await mkdtemp(path.join(os.tmpdir(), 'avr-unbrick-world-'));
after(() => rm(base, {recursive: true, force: true}));
let roots = 0;

/** A Linux system out of plain files: a Pro Micro on ttyACM0, a nameless bridge on ttyUSB10, UARTs with and without hardware. */
async function fakeSystem(): Promise<string> {
	const root = path.join(base, `root-${roots++}`);
	const put = async (file: string, text = '') => {
		await mkdir(path.join(root, path.dirname(file)), {recursive: true});
		await writeFile(path.join(root, file), text);
	};
	for (const node of ['ttyACM0', 'ttyUSB10', 'ttyUSB2', 'ttyS0', 'ttyS1', 'null', 'tty1'])
		await put(`dev/${node}`);
	await put('dev/bus/usb/001/007');
	const usbDevice = 'sys/devices/pci0/usb1/1-4';
	await put(`${usbDevice}/idVendor`, '16c0\n');
	await put(`${usbDevice}/idProduct`, '0483\n');
	await put(`${usbDevice}/product`, 'USB Serial\n');
	await put(`${usbDevice}/manufacturer`, 'Teensyduino\n');
	await put(`${usbDevice}/serial`, '12345\n');
	await mkdir(path.join(root, `${usbDevice}/1-4:1.0/tty/ttyACM0`), {recursive: true});
	await mkdir(path.join(root, 'sys/class/tty/ttyACM0'), {recursive: true});
	await symlink(path.join(root, `${usbDevice}/1-4:1.0`), path.join(root, 'sys/class/tty/ttyACM0/device'));
	await put('sys/class/tty/ttyS0/type', '4\n');
	await put('sys/class/tty/ttyS1/type', '0\n');
	await mkdir(path.join(root, 'sys/bus/usb/drivers/usbhid'), {recursive: true});
	await mkdir(path.join(root, 'sys/bus/usb/devices/1-4:1.0'), {recursive: true});
	await symlink(
		path.join(root, 'sys/bus/usb/drivers/usbhid'),
		path.join(root, 'sys/bus/usb/devices/1-4:1.0/driver'),
	);
	await put('etc/group', 'root:x:0:\ndialout:x:20:me\n');
	await put('proc/1/comm', 'systemd\n');
	await put('proc/77/comm', 'ModemManager\n');
	await put('proc/locks', '');
	return root;
}

test('ports without udev: /dev for what is there, sysfs for what it is, by number', async () => {
	const root = await fakeSystem();
	const ports = await listLinuxSerialPorts(root);
	assert.deepEqual(
		ports.map(port => port.path),
		['/dev/ttyACM0', '/dev/ttyS0', '/dev/ttyUSB2', '/dev/ttyUSB10'],
	);
	const {access, ownerGroup, ...identity} = ports[0]!;
	assert.deepEqual(identity, {
		path: '/dev/ttyACM0',
		usbPlace: '1-4',
		vendorId: 0x16c0,
		productId: 0x0483,
		manufacturer: 'Teensyduino',
		product: 'USB Serial',
		serial: '12345',
	});
	assert.equal(access, 'ok');
	assert.equal(typeof ownerGroup, 'string');
	assert.equal(ports[2]!.vendorId, undefined);
});

test('an empty system has no ports and no fingerprint trouble', async () => {
	assert.deepEqual(await listLinuxSerialPorts(path.join(base, 'nothing')), []);
	assert.equal(await nodeFingerprint(path.join(base, 'nothing')), '');
	assert.deepEqual(await runningPrograms(['x'], path.join(base, 'nothing')), []);
});

test('who may open a node, and who has it, without opening it', async t => {
	const root = await fakeSystem();
	const node = path.join(root, 'dev/ttyACM0');
	assert.equal((await nodeAccess(path.join(root, 'dev/none'), root)).access, 'unknown');
	const lockedAs = async (name: string) => {
		await writeFile(path.join(root, 'proc/locks'), `1: FLOCK  ADVISORY  WRITE 4242 ${name} 0 EOF\n`);
		return (await nodeAccess(node, root)).access;
	};
	const {dev, ino} = await stat(node);
	assert.equal(await lockedAs(lockName({dev, ino})), 'busy');
	assert.equal(await lockedAs(lockName({dev, ino: ino + 1})), 'ok');
	// The same inode number on another file system is another file.
	assert.equal(await lockedAs(lockName({dev: dev + 1, ino})), 'ok');
	assert.equal(lockName({dev: 5, ino: 123}), '00:05:123');
	assert.equal(lockName({dev: 0xfd02, ino: 9}), 'fd:02:9');
	assert.equal(await groupName(20, root), 'dialout');
	assert.equal(await groupName(4711, root), '4711');
	if (process.getuid?.() === 0) {
		await chown(node, 0, 20);
		assert.equal((await nodeAccess(node, root)).ownerGroup, 'dialout');
		t.diagnostic('root may open anything: the denied half is not tried');
		return;
	}
	await chmod(node, 0);
	const denied = await nodeAccess(node, root);
	assert.equal(denied.access, 'denied');
});

test('drivers by sysfs, programs by /proc, nodes by bus and address', async () => {
	const root = await fakeSystem();
	assert.equal(await interfaceDriver('1-4', root), 'usbhid');
	assert.equal(await interfaceDriver('1-5', root), undefined);
	assert.deepEqual(await runningPrograms(['ModemManager', 'brltty'], root), ['ModemManager']);
	assert.equal(usbNode(1, 7), '/dev/bus/usb/001/007');
});

test('a USB key names the socket and the device in it', () => {
	const device = {bus: '001', ports: [4, 2], address: 17};
	assert.equal(busPort(device), '1-4.2');
	assert.equal(usbKey(device), '1-4.2:17');
	assert.equal(usbKey({bus: 'abc', ports: [], address: 3}), 'abc-@3:3');
});

test('the fingerprint changes with a node, its permission, and a device', async () => {
	const root = await fakeSystem();
	const seen = new Set([await nodeFingerprint(root)]);
	await writeFile(path.join(root, 'dev/ttyACM1'), '');
	seen.add(await nodeFingerprint(root));
	await chmod(path.join(root, 'dev/ttyACM1'), 0o600);
	seen.add(await nodeFingerprint(root));
	await writeFile(path.join(root, 'dev/bus/usb/001/008'), '');
	seen.add(await nodeFingerprint(root));
	await rm(path.join(root, 'dev/bus/usb/001/007'));
	seen.add(await nodeFingerprint(root));
	assert.equal(seen.size, 5);
	assert.equal(await nodeFingerprint(root), await nodeFingerprint(root));
});

test('watching calls back once per change, survives a failing look, and ends', async () => {
	const texts: (string | Error)[] = ['a', 'a', 'b', new Error('away'), 'b', 'c'];
	let looks = 0;
	let changes = 0;
	await new Promise<void>(resolve => {
		const stop = watchText(
			async () => {
				const text = texts[looks++];
				if (text === undefined) {
					stop();
					resolve();
					return 'd';
				}
				if (text instanceof Error) throw text;
				return text;
			},
			1,
			() => {
				changes++;
			},
		);
		// The watch itself does not keep a process alive: this does.
		const alive = setInterval(() => {
			if (looks > texts.length) clearInterval(alive);
		}, 5);
	});
	assert.equal(changes, 2);
	assert.equal(looks, 7);
});

test('this machine is a world: a clock that moves, ports that can be listed', async () => {
	const world = createWorld();
	const before = systemClock.nowMs();
	await world.clock.sleep(1);
	assert.ok(systemClock.nowMs() > before);
	assert.ok(Array.isArray(await world.listSerialPorts()));
	assert.ok(['linux', 'macos', 'windows'].includes(world.system));
});
