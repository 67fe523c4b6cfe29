import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {
	bulk,
	bulkRead,
	configuration,
	peripherals,
	speedsHz,
	writeFrame,
} from '../../src/engine/protocols/buspirate/codec.ts';
import {type BusPirateOptions, createBusPirate} from '../../src/engine/protocols/buspirate/driver.ts';
import {createManualClock, createScriptedStream} from '../helpers/scripted-pipes.ts';

const hex = (bytes: ArrayLike<number>) => Buffer.from(Uint8Array.from(Array.from(bytes))).toString('hex');

test('commands as the protocol page gives them', () => {
	assert.equal(peripherals({power: false, pullUps: false, chipSelect: true}), 0x41);
	assert.equal(peripherals({power: true, pullUps: false, chipSelect: false}), 0x48);
	assert.equal(peripherals({power: true, pullUps: true, chipSelect: true}), 0x4d);
	assert.equal(configuration(true), 0x8a);
	assert.equal(configuration(false), 0x82);
	assert.equal(hex(bulk([0xac, 0x53, 0, 0])), '13ac530000');
	assert.equal(hex(writeFrame(Uint8Array.of(1, 2), 3)), '05000200030102');
	assert.equal(hex(bulkRead(0x3f80, 0x100)), '0200003f8000000100');
	assert.throws(() => bulk(new Uint8Array(17)), RangeError);
	assert.throws(() => writeFrame(new Uint8Array(4097)), RangeError);
	assert.equal(speedsHz[1], 125_000);
});

type Options = {zeros?: number; frames?: boolean; extended?: boolean; garbage?: boolean; stuckBytes?: number};

/** A Bus Pirate with a chip that echoes, after the protocol pages: terminal, bit-bang, SPI. */
function busPirate(options: Options = {}) {
	let level: 'terminal' | 'bitbang' | 'spi' = 'terminal';
	let zeros = 0;
	let swallow = options.stuckBytes ?? 0;
	const commands: string[] = [];
	const frames: Uint8Array[] = [];
	let want: {bytes: number; finish: (data: number[]) => readonly number[]} | undefined;
	let got: number[] = [];
	const text = (words: string) => [...words].map(character => character.charCodeAt(0));
	/** Bytes of a bulk transfer still to come, and those that came: each is answered at once. */
	let bulkLeft = 0;
	let bulkSent: number[] = [];
	const one = (byte: number): readonly number[] => {
		if (options.garbage) return [0x55];
		if (swallow > 0) {
			swallow--;
			return swallow === 0 ? [1] : [];
		}
		if (want !== undefined) {
			got.push(byte);
			if (got.length < want.bytes) return [];
			const {finish} = want;
			const data = got;
			want = undefined;
			got = [];
			return finish(data);
		}
		if (bulkLeft > 0) {
			bulkLeft--;
			bulkSent.push(byte);
			const at = bulkSent.length - 1;
			return [at % 4 === 3 ? 0x42 : at === 0 ? 0 : bulkSent[at - 1]!];
		}
		if (level === 'terminal') {
			zeros = byte === 0 ? zeros + 1 : 0;
			if (zeros < (options.zeros ?? 20)) return [];
			level = 'bitbang';
			return text('BBIO1');
		}
		if (level === 'bitbang') {
			if (byte === 0) return text('BBIO1');
			if (byte === 1) {
				level = 'spi';
				return text('SPI1');
			}
			if (byte === 0x0f) level = 'terminal';
			return [1];
		}
		if (byte === 0) {
			level = 'bitbang';
			return text('BBIO1');
		}
		if (byte >= 0x10 && byte < 0x20) {
			bulkLeft = (byte & 0x0f) + 1;
			bulkSent = [];
			return [1];
		}
		if (byte === 0x05) {
			if (options.frames === false) return [0];
			want = {
				bytes: 4,
				finish: ([high, low]) => {
					const bytes = high! * 256 + low!;
					if (bytes === 0) return [1];
					want = {
						bytes,
						finish: data => {
							frames.push(Uint8Array.from(data));
							return [1];
						},
					};
					return [];
				},
			};
			return [];
		}
		if (byte === 0x06) {
			if (options.extended === false) return [0];
			want = {
				bytes: 1,
				finish: ([which]) => {
					if (which !== 2) return [1];
					want = {
						bytes: 8,
						finish: data => {
							const bytes = data[6]! * 256 + data[7]!;
							return [1, ...Array.from({length: bytes}, (_, at) => at & 0xff)];
						},
					};
					return [];
				},
			};
			return [1];
		}
		commands.push(byte.toString(16).padStart(2, '0'));
		return [1];
	};
	return {
		commands,
		frames,
		level: () => level,
		script: (data: Uint8Array) => Array.from(data).flatMap(byte => [...one(byte)]),
	};
}

function linked(options: Options = {}, chop?: number, driver: BusPirateOptions = {}) {
	const clock = createManualClock();
	const device = busPirate(options);
	const scripted = createScriptedStream(device.script, clock, chop === undefined ? {} : {chop});
	return {device, clock, ...scripted, link: createBusPirate(scripted.stream, clock, driver)};
}

test('from the terminal 20 zeros, from bit-bang one; then SPI with its pins and its pulse', async () => {
	const {link, device, clock, written} = linked();
	const capabilities = await link.open();
	assert.equal(capabilities.targetPower, 'switchable');
	assert.match(capabilities.firmware ?? '', /AVR commands/);
	// All at once: one that takes them so has answered before any goes by itself.
	assert.deepEqual(
		written
			.map(data => (data.length > 1 && data.every(byte => byte === 0) ? data.length : 0))
			.filter(Boolean),
		[20],
	);
	const reply = await link.enter();
	assert.deepEqual(reply, {answered: 'yes', received: Uint8Array.of(0, 0xac, 0x53, 0x42)});
	assert.deepEqual(device.commands, ['41', '61', '8a', '03', '02']);
	assert.ok(clock.slept.includes(20));
	const again = linked({zeros: 1});
	await again.link.open();
});

test('a frame that a dead session left half sent is flushed', async () => {
	const {link} = linked({stuckBytes: 900, zeros: 1});
	await link.open();
	assert.equal((await link.enter()).answered, 'yes');
});

test('replies cut into single bytes are replies', async () => {
	const {link} = linked({}, 1);
	await link.open();
	await link.enter();
	assert.equal((await link.readFlash!(0, 64)).length, 64);
	assert.deepEqual([...(await link.exchange([0x30, 0, 0, 0]))], [0, 0x30, 0, 0x42]);
});

test('whatever else sits on the port is no Bus Pirate', async () => {
	for (const [options, pattern] of [
		[{garbage: true}, /sends 55/],
		[{zeros: 10_000}, /no answer/],
	] as const) {
		await assert.rejects(linked(options).link.open(), (error: UnbrickError) => {
			assert.equal(error.kind, 'NotAProgrammer');
			assert.match(error.message, pattern);
			return true;
		});
	}
});

test('a page costs one frame with its commit in it, and leaves words of ff out', async () => {
	const {link, device} = linked();
	await link.open();
	await link.enter();
	const page = new Uint8Array(128).fill(0xff);
	page.set([1, 2], 10);
	assert.deepEqual(await link.writeFlashPage!(0x7f80, page), {committed: false});
	assert.deepEqual(device.frames.map(hex), ['4000050148000502' + '4c3fc000']);
	await link.writeFlashPage!(0, new Uint8Array(128).fill(9));
	assert.equal(device.frames[1]?.length, 128 * 4 + 4);
	await link.writeFlashPage!(0, new Uint8Array(256).fill(9));
	assert.equal(device.frames[2]?.length, 256 * 4 + 4);
});

test('firmware without frames or AVR commands works by bulk transfers', async () => {
	const {link, device} = linked({frames: false, extended: false});
	const capabilities = await link.open();
	assert.match(capabilities.notes.join(), /older than 5\.10/);
	await link.enter();
	await link.writeFlashPage!(0, new Uint8Array(128).fill(9));
	assert.equal(device.frames.length, 0);
	assert.deepEqual([...(await link.readFlash!(0, 6))], [0x42, 0x42, 0x42, 0x42, 0x42, 0x42]);
	assert.equal(link.readBlockBytes, 128);
});

test('beyond the reach of the extended read, flash is read by instructions', async () => {
	const {link, written} = linked();
	await link.open();
	await link.enter();
	written.length = 0;
	await link.readFlash!(0x1_ff00, 256);
	assert.ok(written.every(data => (data[0]! & 0xf0) === 0x10));
	written.length = 0;
	await link.readFlash!(0x8000, 256);
	assert.deepEqual(written.map(hex), ['06' + '02' + '00004000' + '00000100']);
});

test('at 30 kHz the four-byte input of a v3 is never overrun', async () => {
	const {link, written, device} = linked();
	await link.open();
	assert.equal(await link.setSck!(32_000), 30_000);
	await link.enter();
	assert.ok(device.commands.includes('60'));
	written.length = 0;
	await link.exchangeMany!([
		[0x30, 0, 0, 0],
		[0x30, 0, 1, 0],
	]);
	assert.deepEqual(
		written.map(data => data.length),
		[1, 4, 4],
	);
});

test('the supply stays off until it is told to be on, and goes off at the end', async () => {
	const {link, device} = linked({}, undefined, {model: 'v3'});
	await link.open();
	await link.enter();
	assert.equal(device.commands[0], '41');
	await link.setTargetPower!(true);
	assert.equal(device.commands.at(-1), '48');
	await link.enter();
	assert.ok(device.commands.includes('49'));
	await link.leave();
	await link.leave();
	assert.equal(device.level(), 'bitbang');
	await link.enter();
	await link.close();
	assert.ok(device.commands.lastIndexOf('41') > device.commands.lastIndexOf('48'));
	assert.equal(device.level(), 'terminal');
});

test('a v5 is marked as untried; open drain keeps SCK low', async () => {
	const v5 = linked({}, undefined, {model: 'v5', openDrain: true});
	const capabilities = await v5.link.open();
	assert.match(capabilities.notes.join(), /never tried/);
	assert.deepEqual(capabilities.sckStepsHz, [30_000, 125_000]);
	assert.equal(await v5.link.setSck!(4_000_000), 125_000);
	await v5.link.enter();
	assert.ok(v5.device.commands.includes('82') && v5.device.commands.includes('45'));
});

test('silence or a pulled cable at any write ends in an error of ours, and closing never throws', async () => {
	const measure = linked({zeros: 1});
	const run = async ({link}: ReturnType<typeof linked>) => {
		await link.open();
		await link.enter();
		await link.exchange([0x30, 0, 0, 0]);
		await link.readFlash!(0, 128);
		await link.writeFlashPage!(0, new Uint8Array(128));
		await link.readEeprom!(0, 16);
		await link.leave();
	};
	await run(measure);
	const writes = measure.written.length;
	assert.ok(writes > 10, String(writes));
	for (const fault of ['gone', 'timeout', 'silence'] as const) {
		for (let index = 0; index < writes; index++) {
			const one = linked({zeros: 1});
			one.failAt(index, fault);
			let thrown: unknown;
			await run(one).catch(error => {
				thrown = error;
			});
			assert.ok(thrown === undefined || thrown instanceof UnbrickError, `${fault} at ${index}: ${thrown}`);
			if (fault === 'gone')
				assert.equal((thrown as UnbrickError | undefined)?.kind, 'DeviceGone', String(index));
			await one.link.close();
			assert.ok(one.closed());
		}
	}
});
