// The real usb package against virtual devices: this file runs itself once more inside the rig (test/vusb).
import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import path from 'node:path';
import {test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {type BenchOptions, createBench} from '../../src/bench/bench.ts';
import type {UsbAnswer, UsbModel} from '../../src/bench/usb-model.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {UnbrickError} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import type {ControlSetup, TransferFault, UsbDeviceInfo} from '../../src/engine/transports.ts';
import {createWorld} from '../../src/io/world.ts';
import {peerTest} from '../helpers/peers.ts';
import {
	commandRig,
	configurationDescriptor,
	deviceDescriptor,
	type PluggedDevice,
	plugIntoRig,
	type RigDevice,
	Stall,
} from '../helpers/rig-device.ts';

const root = path.resolve(import.meta.dirname, '../..');
const insideRig = process.env.VUSB_MODELS !== undefined;

if (insideRig) await inside();
else {
	peerTest('usb over virtual devices', {virtualUsb: true}, async () => {
		// A test runner's child reports in another language; this one is to talk TAP.
		const {NODE_TEST_CONTEXT: _, ...env} = process.env;
		const child = spawn(
			path.join(root, 'test/vusb/vusb-run'),
			[
				'--netns',
				'--quiet',
				'-d',
				'port=cdc-echo:plugged=false',
				'--',
				process.execPath,
				'--import',
				'tsx',
				'--test-reporter=tap',
				import.meta.filename,
			],
			{cwd: root, env, stdio: ['ignore', 'pipe', 'pipe']},
		);
		let text = '';
		child.stdout.on('data', chunk => {
			text += chunk;
		});
		child.stderr.on('data', chunk => {
			text += chunk;
		});
		const code = await new Promise(resolve => child.once('close', resolve));
		assert.equal(code, 0, text);
		assert.match(text, /^# pass [1-9]/m, text);
	});
}

async function inside(): Promise<void> {
	const models = process.env.VUSB_MODELS!;
	const world = createWorld();

	const until = async <T>(look: () => Promise<T | undefined>, what: string, withinMs = 3000): Promise<T> => {
		const end = performance.now() + withinMs;
		while (performance.now() < end) {
			const found = await look();
			if (found !== undefined) return found;
			await world.clock.sleep(20);
		}
		throw new Error(`${what} was not seen within ${withinMs} ms`);
	};
	const listed = (productId: number) =>
		until(
			async () => (await world.listUsbDevices()).find(one => one.productId === productId),
			`the device ${productId.toString(16)}`,
		);
	const absent = (key: string) =>
		until(
			async () => ((await world.listUsbDevices()).some(one => one.key === key) ? undefined : true),
			`that ${key} left`,
		);
	const vendor = (request: number, value = 0): ControlSetup => ({
		type: 'vendor',
		recipient: 'device',
		request,
		value,
		index: 0x1234,
	});
	/** Answers what a pipe has to be tried with: echoes, stores, stalls, is late, loops bulk data back. */
	const loopback = (name: string): RigDevice => {
		let stored: Uint8Array = new Uint8Array(0);
		return {
			name,
			descriptor: deviceDescriptor(0x1209, 1),
			configuration: configurationDescriptor(
				[0xff, 0, 0],
				[
					{address: 0x01, kind: 'bulk', packetBytes: 64},
					{address: 0x81, kind: 'bulk', packetBytes: 64},
				],
			),
			speed: 'full',
			strings: {1: 'Example', 2: 'Loopback', 3: 'L1'},
			async control({type, request, value, index, length}, data) {
				if (request === 1) {
					stored = data;
					return undefined;
				}
				if (request === 2) return stored;
				if (request === 4) {
					await world.clock.sleep(value);
					return Buffer.from('late');
				}
				if (request !== 5) throw new Stall();
				return Uint8Array.of(type, request, value & 255, value >> 8, index & 255, index >> 8, length, 0);
			},
			out(_endpoint, data, write) {
				if (Buffer.from(data).toString() === 'stall') throw new Stall();
				write(0x81, data);
			},
		};
	};
	const reason = async (work: Promise<unknown>) => {
		try {
			await work;
			return 'nothing failed';
		} catch (error) {
			return (error as TransferFault).reason ?? (error as UnbrickError).kind ?? String(error);
		}
	};

	test('transfers, their failures, a second claim, and leaving the bus', async () => {
		const model = plugIntoRig(loopback('first'), models);
		const info = await listed(1);
		assert.deepEqual({...info, key: ''}, {
			key: '',
			vendorId: 0x1209,
			productId: 1,
			release: 0x0100,
			manufacturer: 'Example',
			product: 'Loopback',
			serial: 'L1',
			access: 'ok',
		} satisfies UsbDeviceInfo);
		const pipe = await world.openUsb(info.key);
		assert.equal(
			Buffer.from(await pipe.controlIn(vendor(5, 0xabcd), 64, 1000)).toString('hex'),
			'c005cdab34124000',
		);
		await pipe.controlOut(vendor(1), Uint8Array.of(1, 2, 3), 1000);
		assert.deepEqual([...(await pipe.controlIn(vendor(2), 64, 1000))], [1, 2, 3]);
		// No data at all, in both directions.
		await pipe.controlOut(vendor(1), new Uint8Array(0), 1000);
		assert.equal((await pipe.controlIn(vendor(2), 64, 1000)).length, 0);
		assert.equal(await reason(pipe.controlIn(vendor(3), 8, 1000)), 'stall');
		assert.equal(await reason(pipe.controlIn(vendor(4, 600), 8, 150)), 'timeout');
		assert.deepEqual([...(await pipe.controlIn(vendor(5), 2, 2000))], [0xc0, 5]);
		await pipe.bulkOut(1, Buffer.from('hello'), 1000);
		assert.equal(Buffer.from(await pipe.bulkIn(1, 64, 1000)).toString(), 'hello');
		assert.equal(await reason(pipe.bulkIn(1, 64, 100)), 'timeout');
		assert.equal(await reason(pipe.bulkOut(1, Buffer.from('stall'), 1000)), 'stall');
		await pipe.clearHalt(1, 'out');
		await pipe.bulkOut(1, Buffer.from('again'), 1000);
		assert.equal(Buffer.from(await pipe.bulkIn(1, 64, 1000)).toString(), 'again');
		assert.equal(await reason(world.openUsb(info.key)), 'DeviceBusy');
		// Closing waits for what is still on its way instead of throwing.
		const late = reason(pipe.controlIn(vendor(4, 5000), 8, 200));
		await pipe.close();
		assert.equal(await late, 'timeout');
		await pipe.close();
		assert.equal(await reason(pipe.controlIn(vendor(2), 8, 200)), 'gone');

		const again = await world.openUsb(info.key);
		model.unplug();
		await absent(info.key);
		assert.equal(await reason(again.controlIn(vendor(2), 8, 500)), 'gone');
		assert.equal(await reason(again.bulkIn(1, 64, 500)), 'gone');
		await again.close();
		assert.equal(await reason(world.openUsb(info.key)), 'DeviceMissing');
		model.close();
	});

	test('a HID bootloader is taken from the kernel and given back', async () => {
		const reports: string[] = [];
		const model = plugIntoRig(
			{
				name: 'hid',
				descriptor: deviceDescriptor(0x16c0, 0x05df),
				configuration: configurationDescriptor(
					[3, 0, 0],
					[{address: 0x81, kind: 'interrupt', packetBytes: 8}],
				),
				speed: 'low',
				strings: {1: 'obdev.at', 2: 'HIDBoot'},
				control(setup, data) {
					if (setup.type === 0x21 && setup.request === 9) {
						reports.push(`${setup.value.toString(16)}:${setup.index}:${Buffer.from(data).toString('hex')}`);
						return undefined;
					}
					if (setup.type === 0xa1 && setup.request === 1) {
						return Uint8Array.of(setup.value & 0xff, 0x80, 0);
					}
					throw new Stall();
				},
			},
			models,
		);
		const info = await listed(0x05df);
		const pipe = await world.openHid(info.key);
		assert.deepEqual([...(await pipe.getReport(1, 8, 1000))], [1, 0x80, 0]);
		await pipe.setReport('feature', 2, Uint8Array.of(2, 7, 8), 1000);
		await pipe.setReport('output', 0, Uint8Array.of(9), 1000);
		assert.deepEqual(reports, ['302:0:020708', '200:0:09']);
		await pipe.close();
		const second = await world.openHid(info.key);
		await second.close();
		model.close();
		await absent(info.key);
	});

	test('plugged, unplugged, back as something else, forbidden: all seen within a second', async () => {
		let changes = 0;
		const stop = world.onDevicesChanged(() => {
			changes++;
		});
		await world.clock.sleep(300);
		const before = changes;
		const seen = async (what: string) => {
			const count = changes;
			await until(async () => (changes > count ? true : undefined), what, 1000);
		};
		const model = plugIntoRig(loopback('second'), models);
		await seen('plugging in');
		const first = await listed(1);
		const gone = seen('unplugging');
		model.unplug();
		await gone;
		await absent(first.key);
		const back = seen('coming back');
		model.plug(2);
		await back;
		const other = await listed(2);
		assert.notEqual(other.key, first.key);

		await commandRig({do: 'set', dev: 'second', key: 'file_mode', value: 0o600}, process.env.VUSB_CTL!);
		const asNobody = spawnSync(
			process.execPath,
			[
				'--import',
				'tsx',
				'--input-type=module',
				'-e',
				`process.setgid(65534); process.setuid(65534);
				const {createWorld} = await import(${JSON.stringify(pathToFileURL(path.join(root, 'src/io/world.ts')).href)});
				const world = createWorld();
				const found = (await world.listUsbDevices()).find(one => one.productId === 2);
				const opened = await world.openUsb(found.key).then(() => 'opened', error => error.kind);
				console.log(found.access, opened);`,
			],
			{cwd: root, encoding: 'utf8'},
		);
		assert.equal(asNobody.stdout.trim(), 'denied DeviceDenied', asNobody.stderr);
		stop();
		model.close();
		assert.ok(changes > before);
	});

	test('a serial port of a USB device: identity, echo, busy while open, gone when it is pulled', async () => {
		const control = process.env.VUSB_CTL!;
		const node = () =>
			until(
				async () => (await world.listSerialPorts()).find(one => one.path.startsWith('/dev/ttyACM')),
				'the port',
			);
		await commandRig({do: 'plug', dev: 'port'}, control);
		const info = await node();
		assert.deepEqual([info.vendorId, info.productId, info.access], [0x2341, 0x0043, 'ok']);
		assert.ok(info.product !== undefined && info.serial !== undefined);
		const stream = await world.openSerial(info.path, {baud: 19_200});
		await stream.setLines({dtr: true, rts: false});
		const sent = Uint8Array.from({length: 256}, (_, at) => at);
		await stream.write(sent);
		const got: number[] = [];
		while (got.length < sent.length) {
			const part = await stream.read(sent.length - got.length, 2000);
			assert.ok(part.length > 0, `${got.length} bytes came back`);
			got.push(...part);
		}
		assert.deepEqual(Uint8Array.from(got), sent);
		assert.equal((await node()).access, 'busy');
		assert.equal(await reason(world.openSerial(info.path, {baud: 19_200})), 'DeviceBusy');
		const reading = reason(stream.read(1, 20_000));
		await commandRig({do: 'unplug', dev: 'port'}, control);
		assert.equal(await reading, 'gone');
		assert.equal(await reason(stream.write(Uint8Array.of(1))), 'gone');
		await stream.close();
		assert.equal(await reason(world.openSerial(info.path, {baud: 19_200})), 'DeviceMissing');
	});

	/** A model of the bench on the bus; what the device itself takes is skipped, what the program waits is real. */
	const serve = (usb: UsbModel): PluggedDevice => {
		const {identity} = usb;
		let skippedMs = 0;
		const nowMs = () => performance.now() + skippedMs;
		const settled = (asked: UsbAnswer): Uint8Array | undefined => {
			if (asked.status === 'never') return undefined;
			skippedMs += Math.max(0, asked.doneMs - nowMs());
			if (asked.status === 'stall') throw new Stall();
			return asked.data;
		};
		let message = Buffer.alloc(0);
		return plugIntoRig(
			{
				name: `programmer-${identity.productId}`,
				descriptor: deviceDescriptor(identity.vendorId, identity.productId, identity.release),
				configuration: configurationDescriptor(
					identity.interfaceClass,
					identity.endpoints.map(one => ({...one, kind: 'bulk'})),
				),
				speed: identity.speed,
				packets: true,
				strings: {1: identity.manufacturer, 2: identity.product, 3: identity.serial ?? '1'},
				control(setup, data) {
					if ((setup.type & 0x60) !== 0x40) throw new Stall();
					const {request, value, index} = setup;
					const wanted: ControlSetup = {type: 'vendor', recipient: 'device', request, value, index};
					const incoming = (setup.type & 0x80) !== 0;
					const reply = settled(usb.control(wanted, incoming ? setup.length : data, nowMs()));
					return reply ?? new Promise<never>(() => {});
				},
				out(endpoint, packet, write) {
					// A short packet ends the message; a forgotten empty one hangs the program, as it should.
					message = Buffer.concat([message, packet]);
					if (packet.length === 64) return;
					const whole = Uint8Array.from(message);
					message = Buffer.alloc(0);
					settled(usb.bulkOut(endpoint, whole, nowMs()));
					if (whole.length > 0 && whole.length % 64 === 0) {
						settled(usb.bulkOut(endpoint, new Uint8Array(0), nowMs()));
					}
					const reply = settled(usb.bulkIn(endpoint, 4096, nowMs()));
					if (reply === undefined) return;
					for (let at = 0; at <= reply.length; at += 64) write(0x80 | endpoint, reply.subarray(at, at + 64));
				},
			},
			models,
		);
	};

	for (const programmer of ['usbasp', 'usbtiny', 'avrispmkii'] as const) {
		test(`${programmer}: erase, write and read back through the real package`, async () => {
			const change: BenchOptions['change'] = {
				programmer,
				chip: 'atmega328p',
				content: 'blank',
				fuses: {low: 0xff, high: 0xd9, extended: 0xff},
			};
			const bench = createBench('healthy', {change});
			const model = serve(bench.usb!);
			await listed(bench.usb!.identity.productId);
			const chip = findChip('atmega328p')!;
			const link = await openProgrammer(world, {programmer});
			const target = createIspTarget(link, {clock: world.clock});
			await target.identify(chip);
			await target.erase();
			const data = Uint8Array.from({length: 1024}, (_, at) => (at * 7 + 1) & 0xff);
			await target.writeImage(createImage([{byteAddress: 0x1000, data}]));
			assert.deepEqual(await target.readRange('flash', 0x1000, data.length), data);
			await target.writeEeprom(4, Uint8Array.of(1, 2, 3, 4));
			assert.deepEqual([...(await target.readRange('eeprom', 4, 4))], [1, 2, 3, 4]);
			await target.close();
			assert.deepEqual(bench.chip.dump().flash.slice(0x1000, 0x1000 + data.length), data);
			assert.deepEqual(bench.violations, []);
			model.close();
		});
	}
}
