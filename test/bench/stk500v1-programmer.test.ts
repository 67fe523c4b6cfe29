// The bench's STK500v1 programmer against what the stock sketch was seen to do, quirk by quirk.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type BenchOptions, createBench, scenarioNames} from '../../src/bench/bench.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import {TransferFault} from '../../src/engine/transports.ts';

const setDevice = [
	0x42, 0x86, 0, 0, 1, 1, 1, 1, 3, 0xff, 0xff, 0xff, 0xff, 0, 128, 4, 0, 0, 0, 0x80, 0, 0x20,
];

async function talk(scenario = 'healthy', options: BenchOptions & {baud?: number; silentMs?: number} = {}) {
	const bench = createBench(scenario, options);
	const stream = await bench.world.openSerial(bench.port, {baud: options.baud ?? 19_200});
	await bench.clock.sleep(options.silentMs ?? 2500);
	/** Sends, then reads until nothing has come for `quietMs`. */
	const ask = async (bytes: readonly number[], quietMs = 400): Promise<number[]> => {
		await stream.write(Uint8Array.from(bytes));
		const got: number[] = [];
		for (;;) {
			const chunk = await stream.read(1024, quietMs);
			if (chunk.length === 0) return got;
			got.push(...chunk);
		}
	};
	return {bench, stream, ask};
}
const cdc: BenchOptions = {change: {programmer: 'avrisp'}};

test('sync, sign-on, parameters', async () => {
	const {ask} = await talk();
	assert.deepEqual(await ask([0x30, 0x20]), [0x14, 0x10]);
	assert.deepEqual(await ask([0x31, 0x20]), [0x14, ...'AVR ISP'.split('').map(c => c.charCodeAt(0)), 0x10]);
	assert.deepEqual(await ask([0x41, 0x80, 0x20]), [0x14, 2, 0x10]);
	assert.deepEqual(await ask([0x41, 0x84, 0x20]), [0x14, 0, 0x10]);
});

test('1: enter says yes whatever is wired; the signature tells', async () => {
	for (const scenario of ['no-target', 'no-power', 'swapped', 'no-clock', 'reset-open']) {
		const {ask, bench} = await talk(scenario);
		assert.deepEqual(await ask([0x50, 0x20]), [0x14, 0x10]);
		assert.notDeepEqual(await ask([0x75, 0x20]), [0x14, 0x1e, 0x95, 0x87, 0x10], scenario);
		assert.ok(!bench.touched());
	}
	const {ask} = await talk();
	await ask([0x50, 0x20]);
	assert.deepEqual(await ask([0x75, 0x20]), [0x14, 0x1e, 0x95, 0x87, 0x10]);
});

test('2: enter does nothing when the last session did not leave; then the signature is the echo 00 01 02', async () => {
	const {ask, bench} = await talk('healthy', cdc);
	await ask([0x50, 0x20]);
	bench.cutNow('power');
	bench.restore();
	await ask([0x50, 0x20]);
	assert.deepEqual(await ask([0x75, 0x20]), [0x14, 0, 1, 2, 0x10]);
	await ask([0x51, 0x20]);
	await ask([0x50, 0x20]);
	assert.deepEqual(await ask([0x75, 0x20]), [0x14, 0x1e, 0x95, 0x87, 0x10]);
});

test('3: SPI outside programming mode hangs the sketch until it is reset', async () => {
	const {ask, stream, bench} = await talk();
	assert.deepEqual(await ask([0x75, 0x20]), [0x14]);
	assert.deepEqual(await ask([0x30, 0x20]), []);
	await stream.close();
	const again = await bench.world.openSerial(bench.port, {baud: 19_200});
	await bench.clock.sleep(2500);
	await again.write(Uint8Array.of(0x30, 0x20));
	assert.deepEqual([...(await again.read(10, 400))], [0x14, 0x10]);
});

test('4: without SET_DEVICE every word is committed; with it, every page', async () => {
	const page = [0x64, 0, 128, 0x46, ...new Array(128).fill(0x5a), 0x20];
	const without = await talk('factory-rc');
	await without.ask([0x50, 0x20]);
	const start = without.bench.clock.nowMs();
	assert.deepEqual(await without.ask(page, 3000), [0x14, 0x10]);
	assert.equal(without.bench.chip.events.length, 64);
	assert.ok(without.bench.clock.nowMs() - start > 1900);
	const withIt = await talk('factory-rc');
	await withIt.ask(setDevice);
	await withIt.ask([0x50, 0x20]);
	assert.deepEqual(await withIt.ask(page), [0x14, 0x10]);
	assert.equal(withIt.bench.chip.events.length, 1);
	assert.deepEqual([...withIt.bench.chip.dump().flash.slice(126, 130)], [0x5a, 0x5a, 0xff, 0xff]);
});

test('5: PROG_PAGE above 256 bytes is the end of it', async () => {
	const {ask, bench} = await talk('healthy', cdc);
	await ask(setDevice);
	await ask([0x50, 0x20]);
	await ask([0x64, 0x01, 0x2c, 0x46, ...new Array(300).fill(0xff), 0x20]);
	assert.deepEqual(await ask([0x30, 0x20]), []);
	assert.ok(!bench.touched());
});

test('6: 64 EEPROM bytes pass a UART, 128 overrun its buffer and hang; CDC takes 128', async () => {
	const bytes = (count: number) => [0x64, 0, count, 0x45, ...new Array(count).fill(0x11), 0x20];
	const small = await talk();
	await small.ask(setDevice);
	await small.ask([0x50, 0x20]);
	await small.ask([0x55, 0, 0, 0x20]);
	assert.deepEqual(await small.ask(bytes(64), 4000), [0x14, 0x10]);
	assert.equal(small.bench.chip.dump().eeprom[63], 0x11);
	const large = await talk();
	await large.ask(setDevice);
	await large.ask([0x50, 0x20]);
	assert.deepEqual(await large.ask(bytes(128), 9000), []);
	assert.deepEqual(await large.ask([0x30, 0x20]), []);
	const native = await talk('healthy', cdc);
	await native.ask(setDevice);
	await native.ask([0x50, 0x20]);
	assert.deepEqual(await native.ask(bytes(128), 9000), [0x14, 0x10]);
});

test('7, 8: errors are one byte; UNIVERSAL passes only the fourth; a bad memory type is 11', async () => {
	const {ask} = await talk();
	assert.deepEqual(await ask([0x30, 0x21]), [0x15]);
	assert.deepEqual(await ask([0x20]), [0x15]);
	assert.deepEqual(await ask([0x99, 0x20]), [0x12]);
	assert.deepEqual(await ask([0x40, 0x89, 0x05, 0x20]), [0x15, 0x12]);
	assert.deepEqual(await ask([0x52, 0x20]), [0x12]);
	await ask([0x50, 0x20]);
	assert.deepEqual(await ask([0x56, 0xac, 0x53, 0, 0, 0x20]), [0x14, 0x00, 0x10]);
	assert.deepEqual(await ask([0x74, 0, 2, 0x58, 0x20]), [0x14, 0x11]);
});

test('9: after a truncated page sync bytes become page data, and a 20 in the right place writes them', async () => {
	const {ask, bench} = await talk('factory-rc');
	await ask(setDevice);
	await ask([0x50, 0x20]);
	await ask([0x64, 0, 128, 0x46, ...new Array(120).fill(0x77)]);
	assert.ok(!bench.touched());
	const got = await ask([0x30, 0x20, 0x30, 0x20, 0x30, 0x20, 0x30, 0x20, 0x20]);
	assert.deepEqual(got, [0x14, 0x10]);
	assert.deepEqual([...bench.chip.dump().flash.slice(119, 124)], [0x77, 0x30, 0x20, 0x30, 0x20]);
});

test('10: the wrong rate gives E0 at 115200 and FB at 9600; CDC does not care', async () => {
	const fast = await talk('healthy', {baud: 115_200});
	let got: number[] = [];
	for (let attempt = 0; attempt < 4 && got.length === 0; attempt++) got = await fast.ask([0x30, 0x20]);
	assert.equal(got[0], 0xe0);
	const slow = await talk('healthy', {baud: 9600});
	assert.equal((await slow.ask([0x30, 0x20]))[0], 0xfb);
	for (const baud of [9600, 115_200]) {
		assert.deepEqual(await (await talk('healthy', {...cdc, baud})).ask([0x30, 0x20]), [0x14, 0x10]);
	}
});

test('11: an Uno answers about 1.9 s after opening; a CDC board at once', async () => {
	const {bench, ask} = await talk('healthy', {silentMs: 0});
	while ((await ask([0x30, 0x20], 100)).length === 0) assert.ok(bench.clock.nowMs() < 3000);
	assert.ok(bench.clock.nowMs() > 1850 && bench.clock.nowMs() < 2300, String(bench.clock.nowMs()));
	const native = await talk('healthy', {...cdc, silentMs: 0});
	assert.deepEqual(await native.ask([0x30, 0x20]), [0x14, 0x10]);
});

test('the Optiboot trap: at 115200 the board itself answers, for itself', async () => {
	const {ask, bench} = await talk('healthy', {baud: 115_200, silentMs: 200});
	assert.deepEqual(await ask([0x30, 0x20], 100), [0x14, 0x10]);
	assert.deepEqual(await ask([0x75, 0x20], 100), [0x14, 0x1e, 0x95, 0x0f, 0x10]);
	assert.deepEqual(await ask([0x31, 0x20], 100), [0x14, 0x10]);
	assert.deepEqual(await ask([0x41, 0x80, 0x20], 100), [0x14, 3, 0x10]);
	assert.ok(!bench.touched());
});

test('12: a 1 MHz target works, the 128 kHz one reads all the same', async () => {
	const {ask} = await talk('factory-rc');
	await ask([0x50, 0x20]);
	assert.deepEqual(await ask([0x75, 0x20]), [0x14, 0x1e, 0x95, 0x87, 0x10]);
	const slow = await talk('slow-oscillator');
	await slow.ask([0x50, 0x20]);
	const [, a, b, c] = await slow.ask([0x75, 0x20]);
	assert.ok(a === b && b === c);
});

test('13, 14: fuse writes to a locked chip wait for a chip erase; absent bits read 1', async () => {
	const {ask, bench} = await talk('locked');
	const write = () => ask([0x56, 0xac, 0xa4, 0, 0xcb, 0x20]);
	const read = async () => (await ask([0x56, 0x50, 0x08, 0, 0, 0x20]))[1];
	await ask([0x50, 0x20]);
	await write();
	assert.equal(await read(), 0xf3);
	await ask([0x56, 0xac, 0x80, 0, 0, 0x20]);
	await ask([0x51, 0x20]);
	await ask([0x50, 0x20]);
	await write();
	assert.equal(await read(), 0xfb);
	assert.deepEqual(
		bench.violations.map(violation => violation.kind),
		['locked'],
	);
});

test('15: 32 KB written and read back as avrdude does takes about 58 s over the UART, 28 to 30 s over CDC', async () => {
	const image = Uint8Array.from({length: 32_768}, (_, index) => (index * 31 + (index >> 8)) & 0xff);
	for (const [options, low, high] of [
		[{}, 52, 64],
		[cdc, 26, 32],
	] as const) {
		const {stream, bench} = await talk('factory-rc', options);
		const ask = async (bytes: readonly number[], expected: number) => {
			await stream.write(Uint8Array.from(bytes));
			const got: number[] = [];
			while (got.length < expected) {
				const chunk = await stream.read(expected - got.length, 5000);
				assert.ok(chunk.length > 0);
				got.push(...chunk);
			}
			return got;
		};
		await ask(setDevice, 2);
		await ask([0x50, 0x20], 2);
		const start = bench.clock.nowMs();
		for (let at = 0; at < image.length; at += 128) {
			await ask([0x55, (at >> 1) & 0xff, at >> 9, 0x20], 2);
			await ask([0x64, 0, 128, 0x46, ...image.slice(at, at + 128), 0x20], 2);
		}
		const back: number[] = [];
		for (let at = 0; at < image.length; at += 128) {
			await ask([0x55, (at >> 1) & 0xff, at >> 9, 0x20], 2);
			back.push(...(await ask([0x74, 0, 128, 0x46, 0x20], 130)).slice(1, 129));
		}
		const seconds = (bench.clock.nowMs() - start) / 1000;
		assert.deepEqual(Uint8Array.from(back), image);
		assert.deepEqual(bench.chip.dump().flash, image);
		assert.deepEqual(bench.violations, []);
		assert.ok(seconds > low && seconds < high, `${seconds} s`);
	}
});

test('a sketch that is no programmer says nothing after its bootloader', async () => {
	const {ask} = await talk('not-a-programmer');
	assert.deepEqual(await ask([0x30, 0x20]), []);
});

test('a pulled cable ends the stream, takes the supply along, and the port comes back', async () => {
	const {ask, bench} = await talk('factory-rc');
	bench.cutAfter({transfers: bench.transfers() + 2}, 'link');
	await ask(setDevice);
	await ask([0x50, 0x20]);
	await assert.rejects(ask([0x75, 0x20]), (error: unknown) => {
		assert.ok(error instanceof TransferFault);
		return error.reason === 'gone';
	});
	assert.equal(bench.chip.clockHz(), null);
	assert.deepEqual(await bench.world.listSerialPorts(), []);
	await assert.rejects(bench.world.openSerial(bench.port, {baud: 19_200}), UnbrickError);
	bench.restore();
	assert.equal((await bench.world.listSerialPorts()).length, 1);
	await bench.world.openSerial(bench.port, {baud: 19_200});
});

test('every scenario can be set up, and the same seed gives the same reading', async () => {
	assert.ok(scenarioNames.length >= 7);
	for (const name of ['healthy', 'swapped', 'no-power', 'locked', 'wrong-chip', 'cable-pulled', 'no-clock']) {
		assert.ok(scenarioNames.includes(name), name);
	}
	for (const name of scenarioNames) {
		if (name.startsWith('port-')) {
			await assert.rejects(talk(name), UnbrickError);
			continue;
		}
		const read = async () => {
			const {ask} = await talk(name, {seed: 5, change: {programmer: 'arduino-isp'}});
			await ask([0x50, 0x20]);
			return ask([0x75, 0x20]);
		};
		assert.deepEqual(await read(), await read(), name);
	}
});
