import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {
	connectionFaults,
	enterProgmode,
	loadAddress,
	payload,
	program,
	readMemory,
	sckTable,
	spiMulti,
} from '../../src/engine/protocols/avrispmkii/codec.ts';
import {createAvrispMkii} from '../../src/engine/protocols/avrispmkii/driver.ts';
import {createManualClock, createScriptedUsb, type Fault, type UsbScript} from '../helpers/scripted-pipes.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('bodies as AVR068 lays them out', () => {
	const flash = {mode: 0xc1, delayMs: 6, load: 0x40, write: 0x4c, read: 0x20};
	const table: readonly [Uint8Array, string][] = [
		[loadAddress(0x3f80, false), '0600003f80'],
		[loadAddress(0x1_0000, true), '0680010000'],
		[enterProgmode(true), '10c832190200' + '5303' + 'ac530000'],
		[enterProgmode(false), '10c832190100' + '5300' + 'ac530000'],
		[program('flash', Uint8Array.of(1, 2), flash), '130002c106404c20ffff0102'],
		[readMemory('flash', 256), '14010020'],
		[readMemory('eeprom', 4), '160004a0'],
		[spiMulti([0x30, 0, 1, 0]), '1d040400' + '30000100'],
	];
	for (const [body, expected] of table) assert.equal(hex(body), expected);
	assert.throws(() => program('flash', new Uint8Array(257), flash), RangeError);
	assert.throws(() => spiMulti(new Uint8Array(60)), RangeError);
	const steps = sckTable.map(row => row.hz);
	assert.deepEqual(
		steps,
		[...steps].sort((a, b) => a - b),
	);
});

test('answers: status first, then length, then the trailing status', () => {
	assert.deepEqual([...payload(Uint8Array.of(0x14, 0, 7, 8, 0), 'x', 2, true)], [7, 8]);
	const kinds = (reply: number[], bytes: number, trailing: boolean) => {
		try {
			payload(Uint8Array.from(reply), 'x', bytes, trailing);
			return 'none';
		} catch (error) {
			return (error as UnbrickError).kind;
		}
	};
	assert.equal(kinds([0x13, 0x81], 0, false), 'Refused');
	assert.equal(kinds([0x14, 0, 7, 0], 2, true), 'BadReply');
	assert.equal(kinds([0x14, 0, 7, 8, 0xc0], 2, true), 'Refused');
	assert.equal(kinds([0x14], 0, false), 'BadReply');
	assert.deepEqual(connectionFaults(0x15), ['MOSI', 'SCK', 'no target detected']);
});

/** An AVRISP mkII with a chip in step; `queue` holds answers not yet read. */
function mkii(
	options: {name?: string; silent?: boolean; wired?: boolean; vtarget?: number; stale?: number} = {},
) {
	const bodies: Uint8Array[] = [];
	const queue: Uint8Array[] = Array.from({length: options.stale ?? 0}, () => Uint8Array.of(0x14, 0));
	let message: number[] = [];
	const answer = (body: readonly number[]): readonly number[] => {
		const [code] = body;
		switch (code) {
			case 0x01: {
				const name = options.name ?? 'AVRISP_MK2';
				return [1, 0, name.length, ...[...name].map(character => character.charCodeAt(0))];
			}
			case 0x03:
				return [3, 0, body[1] === 0x94 ? (options.vtarget ?? 50) : options.silent ? 0x12 : 0];
			case 0x10:
				// Index 0: no comparing, it enters whatever comes back.
				return [0x10, options.silent && (body[7] !== 0 || options.wired === false) ? 0xc0 : 0];
			case 0x14:
			case 0x16:
				return [code, 0, ...Array.from({length: body[1]! * 256 + body[2]!}, (_, at) => at & 0xff), 0];
			case 0x1d:
				return [
					0x1d,
					0,
					...body
						.slice(4)
						.map((_, at) => (options.silent ? 0xff : at % 4 === 3 ? 0x42 : at === 0 ? 0 : body[3 + at]!)),
					0,
				];
			default:
				return [code!, 0];
		}
	};
	const script: UsbScript = transfer => {
		if (transfer.kind === 'bulk-in') return queue.shift() ?? 'timeout';
		if (transfer.kind !== 'bulk-out') return 'stall';
		message.push(...transfer.data);
		// A message ends with a short packet, which may be empty.
		if (transfer.data.length % 64 === 0 && transfer.data.length > 0) return undefined;
		bodies.push(Uint8Array.from(message));
		queue.push(Uint8Array.from(answer(message)));
		message = [];
		return undefined;
	};
	return {script, bodies};
}

async function opened(
	options: Parameters<typeof mkii>[0] = {},
	chip: {pollsReady?: boolean; extendedAddress?: boolean} = {},
	serial?: string,
) {
	const device = mkii(options);
	const scripted = createScriptedUsb(device.script, serial === undefined ? {} : {serial});
	const link = createAvrispMkii(scripted.pipe, createManualClock());
	const capabilities = await link.open();
	link.setChip!({
		flashBytes: 32_768,
		pageBytes: 128,
		eepromBytes: 1024,
		eepromPageBytes: 4,
		eepromPaged: true,
		pollsReady: chip.pollsReady ?? true,
		extendedAddress: chip.extendedAddress ?? false,
	});
	return {device, ...scripted, link, capabilities};
}

test('SCK and RESET polarity are always set before entering', async () => {
	const {link, device} = await opened();
	assert.equal(await link.setSck!(300_000), 250_000);
	device.bodies.length = 0;
	const reply = await link.enter();
	assert.equal(reply.answered, 'yes');
	assert.deepEqual([...reply.received], [0, 0xac, 0x53, 0]);
	assert.deepEqual(device.bodies.map(hex).slice(0, 3), ['029805', '029e01', hex(enterProgmode(true))]);
	// Entering again leaves first, or there would be no new RESET pulse.
	device.bodies.length = 0;
	await link.enter();
	assert.equal(hex(device.bodies[0]!), '110101');
});

test('a silent chip: what the programmer itself saw is passed on', async () => {
	const {link} = await opened({silent: true});
	assert.deepEqual(await link.enter(), {
		answered: 'no',
		received: new Uint8Array(4).fill(0xff),
		programmerSays: ['RESET', 'no target detected'],
	});
});

test('a programmer that refuses to enter at all leaves no bytes', async () => {
	const {link} = await opened({silent: true, wired: false});
	const reply = await link.enter();
	assert.deepEqual([reply.answered, reply.received.length], ['no', 0]);
});

test('a message of whole packets is followed by an empty one', async () => {
	const {link, device, log} = await opened();
	await link.enter();
	log.length = 0;
	// 10 + 54 = 64 bytes: without the empty packet the programmer would wait for more.
	await link.writeFlashPage!(0, new Uint8Array(54).fill(3));
	const outs = log.flatMap(t => (t.kind === 'bulk-out' ? [t.data.length] : []));
	assert.deepEqual(outs, [5, 64, 0]);
	assert.equal(device.bodies.at(-1)?.length, 64);
});

test('the address is sent once and counts on, and anew at every 64 K words', async () => {
	const {link, device} = await opened({}, {extendedAddress: true});
	await link.enter();
	device.bodies.length = 0;
	await link.readFlash!(0x1_fe00, 256);
	await link.readFlash!(0x1_ff00, 256);
	await link.readFlash!(0x2_0000, 256);
	assert.deepEqual(
		device.bodies.map(body => hex(body).slice(0, 10)),
		['068000ff00', '14010020', '14010020', '0680010000', '14010020'],
	);
});

test('pages wait by RDY/BSY where the chip has it, else by time', async () => {
	for (const [pollsReady, mode] of [
		[true, 0xc1],
		[false, 0x91],
	] as const) {
		const {link, device} = await opened({}, {pollsReady});
		await link.enter();
		assert.deepEqual(await link.writeFlashPage!(0x100, new Uint8Array(128)), {committed: true});
		assert.equal(device.bodies.at(-1)?.[3], mode);
	}
});

test('many instructions share a packet; an answer to an earlier command is passed over', async () => {
	const {link, log} = await opened({stale: 2});
	await link.enter();
	log.length = 0;
	const replies = await link.exchangeMany!(Array.from({length: 20}, () => [0x30, 0, 1, 0] as const));
	assert.equal(replies.length, 20);
	assert.deepEqual([...replies[19]!], [0, 0x30, 0, 0x42].with(0, replies[19]![0]!));
	assert.equal(log.filter(t => t.kind === 'bulk-out').length, 2);
	assert.ok(log.every(t => t.kind !== 'bulk-out' || t.data.length < 64));
});

test('the supply is measured; a LUFA clone that always says 3.3 V is not believed', async () => {
	assert.equal(await (await opened({vtarget: 50})).link.measureTargetVolts!(), 5);
	const clone = await opened({vtarget: 33}, {}, '000200012345\u0000');
	assert.match(clone.capabilities.notes.join(), /LUFA clone/);
	assert.equal(await clone.link.measureTargetVolts!(), null);
	assert.equal(await (await opened({vtarget: 33}, {}, '000200080000')).link.measureTargetVolts!(), 3.3);
});

test('another STK500v2 device is not taken for one', async () => {
	await assert.rejects(opened({name: 'STK500_2'}), (error: UnbrickError) => error.kind === 'NotAProgrammer');
});

test('any transfer that fails ends in an error of ours, and closing never throws', async () => {
	const faults: readonly Fault[] = ['stall', 'timeout', 'gone', 'io', 'short'];
	for (const fault of faults) {
		for (let index = 0; index < 28; index++) {
			const device = mkii();
			const {pipe, failAt, closed} = createScriptedUsb(device.script);
			failAt(index, fault);
			const link = createAvrispMkii(pipe, createManualClock());
			let thrown: unknown;
			try {
				await link.open();
				await link.enter();
				await link.exchange([0x30, 0, 0, 0]);
				await link.readFlash!(0, 256);
				await link.writeFlashPage!(0, new Uint8Array(128));
				await link.readEeprom!(0, 64);
				await link.writeEeprom!(0, new Uint8Array(32));
				await link.leave();
			} catch (error) {
				thrown = error;
			}
			assert.ok(thrown === undefined || thrown instanceof UnbrickError, `${fault} at ${index}: ${thrown}`);
			if (fault === 'gone' && index < 26)
				assert.equal((thrown as UnbrickError).kind, 'DeviceGone', String(index));
			await link.close();
			assert.ok(closed());
		}
	}
});
