import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {UnbrickError} from '../../src/engine/errors.ts';
import {findProgrammer, programmers} from '../../src/engine/programmers/index.ts';
import {chooseUsb, createLink, openProgrammer, usbName} from '../../src/engine/programmers/open.ts';
import type {SerialPortInfo, UsbDeviceInfo, World} from '../../src/engine/transports.ts';
import {createManualClock, createScriptedStream, createScriptedUsb} from '../helpers/scripted-pipes.ts';

test('every record is whole: source, identities, rates, speeds', () => {
	assert.equal(programmers.length, 6);
	for (const programmer of programmers) {
		assert.ok(programmer.source.length > 10, programmer.id);
		assert.ok(programmer.identities.length > 0, programmer.id);
		assert.equal(programmer.bauds.length > 0, programmer.transport === 'serial', programmer.id);
		assert.ok(!programmer.bauds.some(baud => baud === 134 || baud === 1200), programmer.id);
		assert.ok(programmer.sck.slowestHz <= programmer.sck.fastestHz, programmer.id);
		assert.ok(programmer.powerNote.length > 10, programmer.id);
	}
});

test('programmers are found by our id, and by an id of avrdude that means one', () => {
	assert.equal(findProgrammer('USBasp')?.id, 'usbasp');
	assert.equal(findProgrammer('avrispmkII')?.id, 'avrispmkii');
	assert.equal(findProgrammer('usbasp-clone')?.id, 'usbasp');
	assert.equal(findProgrammer('stk500v1'), undefined);
	assert.equal(findProgrammer('nonsense'), undefined);
});

const asp = (key: string, product?: string): UsbDeviceInfo => ({
	key,
	vendorId: 0x16c0,
	productId: 0x05dc,
	release: 0x0104,
	access: 'ok',
	...(product === undefined ? {} : {product}),
});

test('one fitting device is taken, several are listed by the name that --usb takes', () => {
	const identities = findProgrammer('usbasp')!.identities;
	const devices = [asp('1-4:7', 'USBasp'), asp('1-3.2:8', 'USBasp'), asp('1-1:9', 'Lamp')];
	assert.throws(
		() => chooseUsb(devices, identities, 'USBasp'),
		(error: UnbrickError) => {
			assert.deepEqual(error.facts, {
				kind: 'Ambiguous',
				what: 'USBasp',
				choices: ['16c0:05dc@1-4', '16c0:05dc@1-3.2'],
			});
			return true;
		},
	);
	for (const device of devices) {
		assert.equal(chooseUsb(devices, identities, 'USBasp', usbName(device)).key, device.key);
		assert.equal(chooseUsb(devices, identities, 'USBasp', device.key).key, device.key);
	}
	assert.equal(chooseUsb([devices[0]!, devices[2]!], identities, 'USBasp').key, '1-4:7');
	assert.equal(chooseUsb([devices[0]!], identities, 'USBasp', '16C0:05DC').key, '1-4:7');
	assert.throws(
		() => chooseUsb(devices, identities, 'USBasp', '16c0:05dc@1-9'),
		(error: UnbrickError) => error.kind === 'DeviceMissing',
	);
});

function world(ports: readonly SerialPortInfo[], usb: readonly UsbDeviceInfo[]) {
	const clock = createManualClock();
	const opened: string[] = [];
	const value: World = {
		clock,
		system: 'linux',
		listSerialPorts: async () => ports,
		listUsbDevices: async () => usb,
		async openSerial(path, {baud}) {
			opened.push(`${path}@${baud}`);
			return createScriptedStream(() => [], clock, {path}).stream;
		},
		async openUsb(key) {
			opened.push(key);
			return createScriptedUsb(() => 'stall').pipe;
		},
		openHid: () => assert.fail('no programmer is a HID device'),
		onDevicesChanged: () => () => {},
	};
	return {value, opened};
}

test('each programmer is found by its identity, opened at its rate, and gets its driver', async () => {
	const ports: SerialPortInfo[] = [
		{path: '/dev/ttyACM0', vendorId: 0x2341, productId: 0x0043, access: 'ok'},
		{path: '/dev/ttyACM1', vendorId: 0x16c0, productId: 0x0483, access: 'ok'},
		{path: '/dev/ttyACM2', vendorId: 0x04d8, productId: 0xfb00, access: 'ok'},
	];
	const usb: UsbDeviceInfo[] = [
		asp('1-1:2', 'USBasp'),
		{...asp('1-2:3'), vendorId: 0x1781, productId: 0x0c9f},
		{...asp('1-3:4'), vendorId: 0x03eb, productId: 0x2104},
	];
	const expected = {
		usbasp: '1-1:2',
		usbtiny: '1-2:3',
		avrispmkii: '1-3:4',
		'arduino-isp': '/dev/ttyACM0@19200',
		avrisp: '/dev/ttyACM1@19200',
		buspirate: '/dev/ttyACM2@115200',
	} as const;
	for (const {id} of programmers) {
		const {value, opened} = world(ports, usb);
		const link = await openProgrammer(value, {programmer: id});
		assert.equal(link.programmer, id);
		assert.deepEqual(opened, [expected[id]]);
		await link.close();
	}
});

test('a named port is opened whether it is listed or not, at the named rate', async () => {
	const {value, opened} = world([], []);
	await openProgrammer(value, {programmer: 'arduino-isp', port: '/dev/pts/7', baud: 57_600});
	assert.deepEqual(opened, ['/dev/pts/7@57600']);
	await assert.rejects(
		openProgrammer(value, {programmer: 'avrisp'}),
		(error: UnbrickError) => error.kind === 'DeviceMissing',
	);
});

test('a driver over the wrong transport is a fault of ours, said as such', () => {
	const clock = createManualClock();
	assert.throws(
		() =>
			createLink(
				'usbasp',
				{kind: 'serial', stream: createScriptedStream(() => [], clock).stream, baud: 1},
				clock,
			),
		(error: UnbrickError) => error.kind === 'Bug',
	);
});
