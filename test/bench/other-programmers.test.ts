// USBasp, USBtiny, AVRISP mkII and Bus Pirate of the bench against their published tables and known limits.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {createMemoryStore} from '../../src/bench/memory-store.ts';
import type {Scenario} from '../../src/bench/scenarios.ts';
import {TransferFault} from '../../src/engine/transports.ts';

async function usb(change: Partial<Scenario>, scenario = 'factory-rc') {
	const bench = createBench(scenario, {seed: 3, change});
	const [info] = await bench.world.listUsbDevices();
	assert.ok(info);
	const pipe = await bench.world.openUsb(info.key);
	const setup = (request: number, p: readonly number[]) => ({
		type: 'vendor' as const,
		recipient: 'device' as const,
		request,
		value: (p[0] ?? 0) | ((p[1] ?? 0) << 8),
		index: (p[2] ?? 0) | ((p[3] ?? 0) << 8),
	});
	return {
		bench,
		info,
		pipe,
		ask: async (request: number, p: readonly number[] = [], length = 4, timeoutMs = 5000) => [
			...(await pipe.controlIn(setup(request, p), length, timeoutMs)),
		],
		tell: (request: number, p: readonly number[], data: readonly number[]) =>
			pipe.controlOut(setup(request, p), Uint8Array.from(data), 5000),
	};
}
const page = Array.from({length: 128}, (_, index) => index ^ 0x5a);
const fast = {fuses: {low: 0xff, high: 0xd8, extended: 0xcb}} as const;
const big = {chip: 'at90usb1286', fuses: {low: 0xde, high: 0x9b, extended: 0xf3}} as const;

test('USBasp: connect, enable, four echoes, a page that commits itself, read back', async () => {
	const {ask, tell, bench} = await usb({programmer: 'usbasp', ...fast});
	assert.deepEqual(await ask(1, []), []);
	await bench.clock.sleep(100);
	assert.deepEqual(await ask(5), [0]);
	assert.deepEqual((await ask(3, [0x30, 0, 1, 0])).slice(1), [0x30, 0, 0x95]);
	await tell(6, [0, 1, 128, 1], page);
	assert.deepEqual(await ask(4, [0, 1], 128), page);
	assert.deepEqual(bench.violations, []);
});

test('USBasp: half a page stays in the buffer unless the block says it is the last', async () => {
	for (const [flags, first] of [
		[1, 0xff],
		[3, page[0]],
	] as const) {
		const {ask, tell, bench} = await usb({programmer: 'usbasp', ...fast});
		await ask(1);
		await bench.clock.sleep(100);
		await ask(5);
		await tell(6, [0, 0, 128, flags], page.slice(0, 64));
		await bench.clock.sleep(10);
		assert.deepEqual(await ask(4, [0, 0], 1), [first]);
	}
});

test('USBasp of 2007: no bytes for SETISPSCK, 375 kHz for ever, long addresses ignored', async () => {
	const old = await usb({programmer: 'usbasp', usbaspFirmware: 'fischl-2007', ...big});
	assert.deepEqual(await old.ask(10, [5]), []);
	assert.deepEqual(await old.ask(127), []);
	await old.ask(1);
	await old.bench.clock.sleep(100);
	assert.deepEqual(await old.ask(5), [0]);
	await old.ask(9, [0, 0, 1, 0]);
	await old.tell(6, [0, 2, 0, 0x11], new Array(256).fill(0x42));
	assert.deepEqual(await old.ask(4, [0, 2], 1), [0x42], 'the 16-bit address was taken');
	const slow = await usb({programmer: 'usbasp', usbaspFirmware: 'fischl-2007'});
	await slow.ask(1);
	await slow.bench.clock.sleep(100);
	assert.deepEqual(await slow.ask(5), [1], '375 kHz is too fast for 1 MHz');
	const newer = await usb({programmer: 'usbasp'});
	assert.deepEqual(await newer.ask(10, [8]), [0]);
	await newer.ask(1);
	await newer.bench.clock.sleep(100);
	assert.deepEqual(await newer.ask(5), [0]);
});

test('USBasp: long addresses reach above 64 KB', async () => {
	const {ask, tell, bench} = await usb({programmer: 'usbasp', ...big});
	await ask(1);
	await bench.clock.sleep(100);
	assert.deepEqual(await ask(5), [0]);
	await ask(9, [0, 0, 1, 0]);
	await tell(6, [0, 0, 0, 0x11], new Array(256).fill(0x42));
	assert.equal(bench.chip.dump().flash[0x10000], 0x42);
	assert.equal(bench.chip.dump().flash[0x100ff], 0x42);
	assert.equal(bench.chip.dump().flash[0], 0xff);
});

test('USBasp: the automatic kind finds an SCK by itself, and takes its time when there is none', async () => {
	const found = await usb({programmer: 'usbasp', usbaspFirmware: 'auto'});
	await found.ask(1);
	await found.bench.clock.sleep(100);
	assert.deepEqual(await found.ask(5), [0]);
	assert.deepEqual((await found.ask(3, [0x30, 0, 0, 0]))[3], 0x1e);
	const silent = await usb({programmer: 'usbasp', usbaspFirmware: 'auto'}, 'no-power');
	await silent.ask(1);
	const start = silent.bench.clock.nowMs();
	assert.deepEqual(await silent.ask(5), [1]);
	assert.ok(silent.bench.clock.nowMs() - start > 700);
	const impatient = await usb({programmer: 'usbasp', usbaspFirmware: 'auto'}, 'no-power');
	await impatient.ask(1);
	await assert.rejects(
		impatient.ask(5, [], 1, 500),
		(error: unknown) => error instanceof TransferFault && error.reason === 'timeout',
	);
});

test('USBtiny: echoes its setup; nothing before POWERUP; SPI; a page by hand', async () => {
	const {ask, tell, bench} = await usb({programmer: 'usbtiny', ...fast});
	assert.deepEqual(await ask(0, [1, 2, 3, 4], 8), [0xc0, 0, 1, 2, 3, 4, 8, 0]);
	assert.deepEqual(await ask(7, [0xac, 0x53, 0, 0]), []);
	await ask(5, [10, 0, 0, 0], 0);
	await bench.clock.sleep(50);
	assert.equal((await ask(7, [0xac, 0x53, 0, 0]))[2], 0x53);
	await tell(10, [0, 0, 0, 1], page);
	assert.deepEqual((await ask(7, [0x4c, 0, 0x80, 0])).length, 4);
	await bench.clock.sleep(5);
	assert.deepEqual(await ask(9, [0, 0, 0, 1], 128), page);
	assert.deepEqual(await ask(9, [0, 0, 0, 1], 255), []);
	assert.deepEqual(bench.violations, []);
});

test('USBtiny: reads above 64 KB wrap, single instructions do not', async () => {
	const flash = new Uint8Array(131_072).fill(0xff);
	flash[0] = 0x11;
	flash[0x10000] = 0x22;
	const bench = createBench('factory-rc', {change: {programmer: 'usbtiny', ...big}, flash});
	const pipe = await bench.world.openUsb(bench.port);
	const ask = async (request: number, value: number, index: number, length: number) => [
		...(await pipe.controlIn({type: 'vendor', recipient: 'device', request, value, index}, length, 1000)),
	];
	await ask(5, 10, 0, 0);
	await bench.clock.sleep(50);
	await ask(7, 0x53ac, 0, 4);
	assert.deepEqual(await ask(9, 0, 0x10000 & 0xffff, 1), [0x11]);
	assert.equal((await ask(7, 0x8020, 0x0000, 4))[3], 0x22);
});

test('AVRISP mkII: messages end with a short packet; sign-on, parameters, enter, signature, page', async () => {
	const {pipe, bench} = await usb({programmer: 'avrispmkii', ...fast});
	const say = async (...bytes: readonly number[]) => {
		await pipe.bulkOut(2, Uint8Array.from(bytes), 1000);
		if (bytes.length % 64 === 0) await pipe.bulkOut(2, new Uint8Array(0), 1000);
		return [...(await pipe.bulkIn(2, 512, 2000))];
	};
	assert.deepEqual(await say(0x01), [1, 0, 10, ...'AVRISP_MK2'.split('').map(c => c.charCodeAt(0))]);
	assert.deepEqual(await say(0x02, 0x98, 6), [2, 0]);
	assert.deepEqual(await say(0x03, 0x98), [3, 0, 6]);
	assert.deepEqual(await say(0x02, 0x9e, 1), [2, 0]);
	assert.deepEqual(await say(0x10, 200, 100, 25, 32, 0, 0x53, 3, 0xac, 0x53, 0, 0), [0x10, 0]);
	assert.deepEqual(await say(0x1b, 4, 0x30, 0, 2, 0), [0x1b, 0, 0x87, 0]);
	assert.deepEqual(await say(0x06, 0, 0, 0, 0x40), [6, 0]);
	const write = [0x13, 0, 128, 0xc1, 6, 0x40, 0x4c, 0x20, 0xff, 0xff, ...page];
	assert.deepEqual(await say(...write), [0x13, 0]);
	await say(0x06, 0, 0, 0, 0x40);
	assert.deepEqual(await say(0x14, 0, 128, 0x20), [0x14, 0, ...page, 0]);
	assert.deepEqual(await say(0x1d, 4, 4, 0, 0x30, 0, 0, 0), [0x1d, 0, 0, 0x30, 0, 0x1e, 0]);
	assert.deepEqual(await say(0x99), [0x99, 0xc9]);
	assert.deepEqual(bench.violations, []);
	await pipe.bulkOut(2, new Uint8Array(64).fill(0x99), 1000);
	await assert.rejects(pipe.bulkIn(2, 512, 1000), TransferFault);
});

test('AVRISP mkII: no target is C0; a genuine one says that the supply is missing, a clone claims 3.3 V', async () => {
	const enter = [0x10, 200, 100, 25, 32, 0, 0x53, 3, 0xac, 0x53, 0, 0];
	for (const genuine of [true, false]) {
		const {pipe} = await usb({programmer: 'avrispmkii', genuine}, 'no-power');
		const say = async (...bytes: readonly number[]) => {
			await pipe.bulkOut(2, Uint8Array.from(bytes), 1000);
			return [...(await pipe.bulkIn(2, 512, 3000))];
		};
		assert.deepEqual(await say(...enter), [0x10, 0xc0]);
		assert.deepEqual(await say(0x03, 0x94), [3, 0, genuine ? 0 : 33]);
		assert.deepEqual(await say(0x03, 0xa1), [3, 0, genuine ? 0x10 : 0]);
	}
});

test('Bus Pirate: twenty zeros, SPI mode, bulk, a page in one frame, fast read, and back to the terminal', async () => {
	const bench = createBench('factory-rc', {change: {programmer: 'buspirate', ...fast}});
	const stream = await bench.world.openSerial(bench.port, {baud: 115_200});
	const ask = async (...bytes: readonly number[]) => {
		await stream.write(Uint8Array.from(bytes));
		const got: number[] = [];
		for (;;) {
			const chunk = await stream.read(4096, 200);
			if (chunk.length === 0) return got;
			got.push(...chunk);
		}
	};
	const text = (got: readonly number[]) => String.fromCharCode(...got);
	assert.equal(text(await ask(...new Array(19).fill(0))), '');
	assert.equal(text(await ask(0)), 'BBIO1');
	assert.equal(text(await ask(0)), 'BBIO1');
	assert.equal(text(await ask(1)), 'SPI1');
	assert.deepEqual(await ask(0x63), [1]);
	assert.deepEqual(await ask(0x8a), [1]);
	assert.deepEqual(await ask(0x40), [1]);
	assert.deepEqual((await ask(0x13, 0xac, 0x53, 0, 0)).slice(0, 1), [1]);
	assert.deepEqual((await ask(0x13, 0x30, 0, 0, 0)).at(-1), 0x1e);
	const loads = page.flatMap((byte, index) => [index & 1 ? 0x48 : 0x40, 0, index >> 1, byte]);
	const frame = [...loads, 0x4c, 0, 0x40, 0];
	assert.deepEqual(await ask(0x05, frame.length >> 8, frame.length & 0xff, 0, 0, ...frame), [1]);
	assert.deepEqual(await ask(0x06, 0x02, 0, 0, 0, 0x40, 0, 0, 0, 128), [1, 1, ...page]);
	assert.equal(text(await ask(0)), 'BBIO1');
	assert.match(text(await ask(0x0f)), /HiZ>$/);
	assert.deepEqual(bench.violations, []);
});

test('Bus Pirate: at 30 kHz bytes that come faster than they are shifted overrun its four-byte buffer', async () => {
	const bench = createBench('factory-rc', {change: {programmer: 'buspirate', ...fast}});
	const stream = await bench.world.openSerial(bench.port, {baud: 115_200});
	const ask = async (...bytes: readonly number[]) => {
		await stream.write(Uint8Array.from(bytes));
		const got: number[] = [];
		for (;;) {
			const chunk = await stream.read(4096, 200);
			if (chunk.length === 0) return got;
			got.push(...chunk);
		}
	};
	await ask(...new Array(20).fill(0));
	for (const command of [1, 0x60, 0x8a, 0x40]) await ask(command);
	assert.equal((await ask(0x1f, ...new Array(16).fill(0x55))).length < 17, true);
});

test('Bus Pirate: its rails feed the target and its AUX pin feeds a clock, where they are wired', async () => {
	const change = {
		programmer: 'buspirate',
		fuses: {low: 0xc0, high: 0xd8, extended: 0xcb},
		fedByProgrammer: true,
		auxAtXtal: true,
	} as const;
	const bench = createBench('factory-rc', {change});
	const stream = await bench.world.openSerial(bench.port, {baud: 115_200});
	const ask = async (...bytes: readonly number[]) => {
		await stream.write(Uint8Array.from(bytes));
		return [...(await stream.read(64, 200))];
	};
	await ask(...new Array(20).fill(0));
	assert.equal(bench.chip.clockHz(), null);
	// 4 MHz: a period of four processor cycles.
	assert.deepEqual(await ask(0x12, 0, 0, 2, 0, 3), [1]);
	assert.equal(bench.chip.clockHz(), null, 'no supply yet');
	for (const command of [0x01, 0x61, 0x8a, 0x49]) await ask(command);
	assert.equal(bench.chip.clockHz(), 4e6);
	await ask(0x48);
	await bench.clock.sleep(25);
	await ask(0x13, 0xac, 0x53, 0, 0);
	assert.ok(bench.chip.enabled());
	await ask(0x41);
	assert.equal(bench.chip.clockHz(), null);
});

test('an unplugged programmer is gone in the middle of a transfer, and comes back', async () => {
	const {bench, ask, pipe} = await usb({programmer: 'usbasp', ...fast});
	await ask(1);
	await bench.clock.sleep(100);
	bench.cutAfter({spiBytes: 2}, 'link');
	await assert.rejects(ask(5), (error: unknown) => error instanceof TransferFault && error.reason === 'gone');
	await pipe.close();
	assert.deepEqual(await bench.world.listUsbDevices(), []);
	bench.restore();
	const again = await bench.world.openUsb(bench.port);
	await again.controlIn({type: 'vendor', recipient: 'device', request: 1, value: 0, index: 0}, 4, 1000);
	await bench.clock.sleep(100);
	const enabled = await again.controlIn(
		{type: 'vendor', recipient: 'device', request: 5, value: 0, index: 0},
		1,
		5000,
	);
	assert.deepEqual([...enabled], [0]);
});

test('the memory store gives receipts of what it holds', async () => {
	const store = createMemoryStore(createBench('healthy').clock);
	const text = 'Grüße, 键盘 🎹\n';
	const receipt = await store.writeDurably('a.json', text);
	const bytes = Buffer.from(text);
	assert.deepEqual(receipt, {
		path: 'a.json',
		bytes: bytes.length,
		sha256: createHash('sha256').update(bytes).digest('hex'),
	});
	assert.equal(await store.readText('a.json'), text);
	await store.appendLine('a.json', 'x');
	assert.equal(await store.readText('a.json'), `${text}x\n`);
	assert.deepEqual(await store.list('a'), ['a.json']);
	await store.remove('a.json');
	assert.equal(await store.readText('a.json'), undefined);
});

test('a bad line loses and doubles bytes, a bad hub stalls and cuts answers; without either nothing changes', async () => {
	const serial = async (disturb: Scenario['disturb']) => {
		const bench = createBench('healthy', {change: {programmer: 'avrisp', ...(disturb ? {disturb} : {})}});
		const stream = await bench.world.openSerial(bench.port, {baud: 19_200});
		const lengths = new Set<number>();
		for (let turn = 0; turn < 40; turn++) {
			await stream.write(Uint8Array.of(0x31, 0x20));
			let bytes = 0;
			for (;;) {
				const chunk = await stream.read(64, 50);
				if (chunk.length === 0) break;
				bytes += chunk.length;
			}
			lengths.add(bytes);
		}
		return lengths;
	};
	assert.deepEqual(await serial(undefined), new Set([9]));
	assert.ok([...(await serial({lostBytes: 0.02}))].some(bytes => bytes < 9));
	assert.ok([...(await serial({doubledBytes: 0.05}))].some(bytes => bytes > 9));
	const hub = async (disturb: Scenario['disturb']) => {
		const {ask} = await usb({programmer: 'usbtiny', ...(disturb ? {disturb} : {})});
		const ends: (number | string)[] = [];
		for (let turn = 0; turn < 40; turn++) {
			ends.push(
				await ask(0, [1, 2, 3, 4], 8).then(
					got => got.length,
					error => error.reason,
				),
			);
		}
		return new Set(ends);
	};
	assert.deepEqual(await hub(undefined), new Set([8]));
	assert.deepEqual(await hub({stalls: 0.2}), new Set([8, 'stall']));
	assert.ok((await hub({shortReplies: 0.3})).size > 2);
});
