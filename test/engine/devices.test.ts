import assert from 'node:assert/strict';
import {test} from 'node:test';
import {accessAdvice} from '../../src/engine/devices/access-advice.ts';
import {identify, openedIdentities} from '../../src/engine/devices/identities.ts';
import {
	describeDevices,
	listDevices,
	surveyDevices,
	udevRules,
	udevRulesName,
} from '../../src/engine/devices/index.ts';
import {secondSupplies} from '../../src/engine/devices/second-supply.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import type {SerialPortInfo, UsbDeviceInfo, World} from '../../src/engine/transports.ts';
import {createManualClock} from '../helpers/scripted-pipes.ts';

const usb = (vendorId: number, productId: number, more: Partial<UsbDeviceInfo> = {}): UsbDeviceInfo => ({
	key: '1-4:7',
	vendorId,
	productId,
	release: 0x0102,
	access: 'ok',
	...more,
});
const port = (path: string, vendorId?: number, productId?: number, more: Partial<SerialPortInfo> = {}) => ({
	path,
	...(vendorId === undefined ? {} : {vendorId}),
	...(productId === undefined ? {} : {productId}),
	access: 'ok' as const,
	...more,
});

test('16C0:05DC is a programmer, a keyboard bootloader, or neither: strings and release say how sure', () => {
	const old = identify(usb(0x16c0, 0x05dc, {product: 'USBasp'}))!;
	assert.deepEqual([old.kind, old.id, old.mustAsk], ['programmer', 'usbasp', true]);
	assert.deepEqual(old.mayBe, ['usbasp', 'usbasploader']);
	const fresh = identify(usb(0x16c0, 0x05dc, {product: 'USBasp', release: 0x0110}))!;
	assert.deepEqual([fresh.mustAsk, fresh.mayBe], [false, ['usbasp']]);
	const nameless = identify(usb(0x16c0, 0x05dc))!;
	assert.equal(nameless.mustAsk, true);
	const gadget = identify(usb(0x16c0, 0x05dc, {product: 'LED lamp'}))!;
	assert.deepEqual([gadget.kind, gadget.name], ['unknown', 'LED lamp']);
});

test('ports that any board may stand behind must be asked', () => {
	for (const [vendorId, productId, mayBe] of [
		[0x16c0, 0x0483, ['avrisp']],
		[0x2341, 0x0043, ['arduino-isp']],
		[0x1a86, 0x7523, ['arduino-isp']],
		[0x2341, 0x8036, ['avrisp']],
		[0x0403, 0x6001, ['arduino-isp', 'buspirate']],
	] as const) {
		const found = identify({vendorId, productId})!;
		assert.equal(found.mustAsk, true, vendorId.toString(16));
		assert.deepEqual(found.mayBe, mayBe);
	}
	for (const [vendorId, productId, id] of [
		[0x04d8, 0xfb00, 'buspirate'],
		[0x1781, 0x0c9f, 'usbtiny'],
		[0x03eb, 0x2104, 'avrispmkii'],
	] as const) {
		const found = identify({vendorId, productId})!;
		assert.deepEqual([found.id, found.mustAsk, found.kind], [id, false, 'programmer']);
	}
});

test('bootloaders are known by identity; a mouse is not our business', () => {
	assert.deepEqual(identify({vendorId: 0x1b4f, productId: 0x9205})?.id, 'caterina');
	const dfu = identify({vendorId: 0x03eb, productId: 0x2ff4})!;
	assert.equal(dfu.kind, 'bootloader');
	assert.match(dfu.name, /atmega32u4/);
	assert.ok(dfu.mayBe.includes('qmk-dfu'));
	assert.equal(identify({vendorId: 0x16c0, productId: 0x0478})?.id, 'halfkay');
	assert.equal(identify({vendorId: 0x046d, productId: 0xc077}), undefined);
	assert.equal(identify({}), undefined);
});

test('a CDC device is listed once, as its port; without a port its driver is missing', () => {
	const both = describeDevices(
		'linux',
		[port('/dev/ttyACM0', 0x16c0, 0x0483, {serial: '12345'}), port('/dev/ttyS0')],
		[usb(0x16c0, 0x0483, {serial: '12345'}), usb(0x046d, 0xc077, {key: '1-2:3'})],
		[],
	);
	assert.deepEqual(
		both.map(device => [device.kind, device.id, device.port, device.usbKey]),
		[
			['programmer', 'avrisp', '/dev/ttyACM0', '1-4:7'],
			['serial', 'serial', '/dev/ttyS0', null],
		],
	);
	const [lost] = describeDevices('linux', [], [usb(0x1a86, 0x7523)], ['brltty']);
	assert.deepEqual([lost?.access, lost?.port], ['no-driver', null]);
	assert.match(lost!.advice.join(' '), /brltty/);
});

test('names from the bus reach no terminal raw', () => {
	const [device] = describeDevices(
		'linux',
		[port('/dev/ttyACM0', 0x1234, 0x5678, {product: `\u001b[2Jevil\u202e${'x'.repeat(500)}`})],
		[],
		[],
	);
	assert.doesNotMatch(device!.name, /[\u0000-\u001f\u202e]/);
	assert.ok(device!.name.length <= 60);
});

test('advice names the group, the rules file, the program in the way, the driver', () => {
	const base = {system: 'linux', transport: 'serial', access: 'denied', running: []} as const;
	assert.match(accessAdvice({...base, ownerGroup: 'uucp'}).join(' '), /usermod -aG uucp .*log out/s);
	assert.match(accessAdvice({...base, ownerGroup: 'root'}).join(' '), /container/);
	assert.match(accessAdvice({...base, transport: 'usb'}).join(' '), new RegExp(udevRulesName));
	assert.match(
		accessAdvice({...base, access: 'busy', running: ['ModemManager'], vidPid: '16c0:0483'}).join(' '),
		/ModemManager/,
	);
	assert.deepEqual(accessAdvice({...base, access: 'ok'}), []);
	const windows = {
		system: 'windows',
		transport: 'usb',
		access: 'unknown',
		running: [],
		vidPid: '16c0:05dc',
	} as const;
	assert.match(accessAdvice({...windows, id: 'usbasp'}).join(' '), /WinUSB/);
	assert.match(accessAdvice({...windows, id: 'halfkay'}).join(' '), /do not replace/);
	assert.doesNotMatch(accessAdvice({...windows, transport: 'serial', access: 'unknown'}).join(' '), /WinUSB/);
	assert.match(accessAdvice({...base, system: 'macos', transport: 'usb'}).join(' '), /Allow accessory/);
});

test('the rules file holds every identity that is opened, once, and sorts before the seat rules', () => {
	const rules = udevRules();
	const lines = rules.split('\n').filter(line => line.startsWith('SUBSYSTEMS'));
	assert.equal(lines.length, openedIdentities().length);
	assert.equal(new Set(lines).size, lines.length);
	assert.ok(udevRulesName < '73-seat-late.rules');
	for (const [vendor, product] of [
		['16c0', '05dc'],
		['1781', '0c9f'],
		['03eb', '2104'],
		['16c0', '0478'],
		['16c0', '05df'],
		['03eb', '2067'],
		['03eb', '2ff4'],
		['1b4f', '9205'],
		['2341', '0036'],
	]) {
		assert.ok(
			lines.some(line => line.includes(`"${vendor}"`) && line.includes(`"${product}"`)),
			`${vendor}:${product}`,
		);
	}
	// A modem behind a bridge chip stays ModemManager's; a Pro Micro does not become it.
	assert.doesNotMatch(lines.find(line => line.includes('"7523"'))!, /ID_MM_DEVICE_IGNORE/);
	assert.match(lines.find(line => line.includes('"9205"'))!, /ID_MM_DEVICE_IGNORE/);
});

test('what may be the keyboard itself, fed by its own cable, is named; the programmer is not', () => {
	const bus = [
		usb(0x16c0, 0x05dc, {key: 'programmer', product: 'USBasp'}),
		usb(0x046d, 0xc31c, {key: 'a', product: 'USB Keyboard'}),
		usb(0x046d, 0xc077, {key: 'b', product: 'USB Optical Mouse'}),
		usb(0x03eb, 0x2ff4, {key: 'c', product: 'ATm32U4DFU'}),
		usb(0x1b4f, 0x9206, {key: 'd', product: 'Pro Micro'}),
		usb(0xfeed, 0x6060, {key: 'e'}),
	];
	assert.deepEqual(
		secondSupplies(bus, 'atmega32u4', 'programmer').map(({name, confidence}) => [name, confidence]),
		[
			['ATm32U4DFU', 'likely'],
			['Pro Micro', 'likely'],
			['USB Keyboard', 'possible'],
			['feed:6060', 'possible'],
		],
	);
	// A DFU loader of another chip is another board.
	assert.ok(!secondSupplies(bus, 'at90usb1286', 'programmer').some(({vidPid}) => vidPid === '03eb:2ff4'));
	assert.deepEqual(secondSupplies([bus[2]!]), []);
});

const world = (over: Partial<World>): World => ({
	clock: createManualClock(),
	system: 'linux',
	listSerialPorts: async () => [
		port('/dev/ttyUSB0', 0x1a86, 0x7523, {access: 'denied', ownerGroup: 'dialout'}),
	],
	listUsbDevices: async () => [],
	openSerial: () => assert.fail('listing opens nothing'),
	openUsb: () => assert.fail('listing opens nothing'),
	openHid: () => assert.fail('listing opens nothing'),
	onDevicesChanged: () => () => {},
	...over,
});

test('a system without USB still lists its ports, and says so', async () => {
	const survey = await surveyDevices(
		world({
			listUsbDevices: async () => {
				throw new UnbrickError({kind: 'NoUsbSystem'});
			},
		}),
	);
	assert.equal(survey.devices.length, 1);
	assert.match(survey.notes.join(), /no USB system/);
	assert.match(survey.devices[0]!.advice.join(' '), /dialout/);
});

test('interfering programs are asked for by name, and only where the system can tell', async () => {
	let asked: readonly string[] = [];
	const [device] = await listDevices(
		world({
			listSerialPorts: async () => [port('/dev/ttyACM0', 0x16c0, 0x0483, {access: 'busy'})],
			runningPrograms: async names => {
				asked = names;
				return ['ModemManager'];
			},
		}),
	);
	assert.deepEqual(asked, ['ModemManager', 'brltty']);
	assert.match(device!.advice.join(' '), /ModemManager runs/);
});
