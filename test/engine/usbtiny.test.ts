import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {
	chunkBytes,
	periodFor,
	periodSckHz,
	periodsUs,
	request,
	setup,
	spi,
} from '../../src/engine/protocols/usbtiny/codec.ts';
import {createUsbtiny} from '../../src/engine/protocols/usbtiny/driver.ts';
import {createManualClock, createScriptedUsb, type Fault, type UsbScript} from '../helpers/scripted-pipes.ts';

test('the first instruction byte is the low byte of wValue', () => {
	assert.deepEqual(spi([0xac, 0x53, 0x01, 0x02]), {
		type: 'vendor',
		recipient: 'device',
		request: 7,
		value: 0x53ac,
		index: 0x0201,
	});
	assert.equal(setup(request.flashRead, 0, 0x7fc0).index, 0x7fc0);
});

test('SCK periods: never above what is asked for, and chunks halve as they lengthen', () => {
	const steps = periodsUs.map(periodSckHz);
	assert.deepEqual(
		steps,
		[...steps].sort((a, b) => a - b),
	);
	assert.equal(new Set(steps).size, steps.length);
	for (const asked of [4000, 9999, 93_750, 125_000, 250_000, 1_000_000]) {
		assert.ok(periodSckHz(periodFor(asked)) <= asked, String(asked));
	}
	assert.equal(periodFor(500), 250);
	assert.equal(periodFor(125_000), 8);
	// avrdude's table: 1-16: 128, 17-32: 64, 33-64: 32, 65-128: 16, above: 8
	assert.deepEqual(
		[1, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 250].map(chunkBytes),
		[248, 248, 128, 128, 64, 64, 32, 32, 16, 16, 8, 8],
	);
});

/** A USBtiny with a chip in step; zero bytes until POWERUP, as the original firmware. */
function usbtiny(options: {silent?: boolean; notTiny?: boolean} = {}): UsbScript {
	let powered = false;
	return transfer => {
		if (transfer.kind === 'out') return undefined;
		if (transfer.kind !== 'in') return 'stall';
		const {setup: packet, length} = transfer;
		const {value, index} = packet;
		switch (packet.request) {
			case request.echo:
				if (options.notTiny) return [1, 2, 3, 4];
				return [0xc0, 0, value & 0xff, value >> 8, index & 0xff, index >> 8, length, 0];
			case request.powerUp:
				powered = true;
				return [];
			case request.spi: {
				if (!powered) return [];
				if (options.silent) return [0, 0, 0, 0];
				const [b1, b2, b3] = [value & 0xff, value >> 8, index & 0xff];
				return [0, b1, b2, b1 === 0x20 || b1 === 0x28 ? b3 : 0x42];
			}
			case request.flashRead:
			case request.eepromRead:
				return powered ? Array.from({length}, (_, at) => (index + at) & 0xff) : [];
			default:
				return [];
		}
	};
}

async function opened(sckHz = 87_000, script = usbtiny()) {
	const clock = createManualClock();
	const scripted = createScriptedUsb(script);
	const link = createUsbtiny(scripted.pipe, clock);
	await link.open();
	await link.setSck!(sckHz);
	await link.enter();
	scripted.log.length = 0;
	return {...scripted, link, clock};
}

test('ECHO proves who is there', async () => {
	await assert.rejects(
		createUsbtiny(createScriptedUsb(usbtiny({notTiny: true})).pipe, createManualClock()).open(),
		(error: UnbrickError) => error.kind === 'NotAProgrammer',
	);
	await assert.rejects(
		createUsbtiny(createScriptedUsb(() => 'stall').pipe, createManualClock()).open(),
		(error: UnbrickError) => error.kind === 'NotAProgrammer',
	);
});

test('entering pulses RESET high, waits 20 ms low, and tells the echo', async () => {
	const clock = createManualClock();
	const {pipe, log} = createScriptedUsb(usbtiny());
	const link = createUsbtiny(pipe, clock);
	await link.open();
	log.length = 0;
	const reply = await link.enter();
	assert.deepEqual(reply, {answered: 'yes', received: Uint8Array.of(0, 0xac, 0x53, 0x42)});
	assert.deepEqual(
		log.map(t => 'setup' in t && [t.setup.request, t.setup.value, t.setup.index]),
		[
			[request.powerUp, 10, 1],
			[request.powerUp, 10, 0],
			[request.spi, 0x53ac, 0],
		],
	);
	assert.ok(clock.slept.includes(20));
	const silent = createUsbtiny(createScriptedUsb(usbtiny({silent: true})).pipe, clock);
	await silent.open();
	assert.equal((await silent.enter()).answered, 'no');
	await silent.enter();
	assert.equal(clock.slept.at(-1), 50, 'longer after a no');
});

test('before POWERUP there are no bytes: that is said, not guessed', async () => {
	const {pipe} = createScriptedUsb(usbtiny());
	const link = createUsbtiny(pipe, createManualClock());
	await link.open();
	await assert.rejects(link.exchange([0x30, 0, 0, 0]), (error: UnbrickError) => error.kind === 'BadReply');
});

test('flash is read in chunks by SCK, above 64 KB by single instructions', async () => {
	const {link, log} = await opened();
	await link.readFlash!(0x1000, 200);
	assert.deepEqual(
		log.map(t => t.kind === 'in' && [t.setup.request, t.setup.index, t.length]),
		[
			[request.flashRead, 0x1000, 128],
			[request.flashRead, 0x1080, 72],
		],
	);
	log.length = 0;
	// Across the border: two bytes below 64 KB, two above, whose word address has bit 15 set.
	const bytes = await link.readFlash!(0xfffe, 4);
	assert.deepEqual(
		log.map(t => 'setup' in t && [t.setup.request, t.setup.value, t.setup.index]),
		[
			[request.flashRead, 0, 0xfffe],
			[request.spi, 0x8020, 0],
			[request.spi, 0x8028, 0],
		],
	);
	assert.equal(bytes.length, 4);
	const slow = await opened(4000);
	await slow.link.readEeprom!(0, 20);
	assert.deepEqual(
		slow.log.map(t => t.kind === 'in' && t.length),
		[8, 8, 4],
	);
});

test('a page above 64 KB is loaded by its offset and committed by its true address', async () => {
	const {link, log} = await opened();
	assert.deepEqual(await link.writeFlashPage!(0x1_2300, new Uint8Array(256)), {committed: false});
	assert.deepEqual(
		log.map(t => 'setup' in t && [t.setup.request, t.setup.value, t.setup.index]),
		[
			[request.flashWrite, 0, 0x2300],
			[request.flashWrite, 0, 0x2380],
			[request.spi, 0x914c, 0x0080],
		],
	);
});

test('an EEPROM write makes ff wait its time out', async () => {
	const {link, log} = await opened();
	await link.writeEeprom!(4, Uint8Array.of(1, 2));
	assert.deepEqual(
		log.map(t => 'setup' in t && [t.setup.request, t.setup.value]),
		[
			[request.pollBytes, 0xffff],
			[request.eepromWrite, 10_000],
		],
	);
});

test('an echo out of step is an error at once', async () => {
	const good = usbtiny();
	const {link} = await opened(87_000, transfer => {
		const answer = good(transfer);
		const commits =
			transfer.kind === 'in' &&
			transfer.setup.request === request.spi &&
			(transfer.setup.value & 0xff) === 0x4c;
		return commits ? [0, 0, 0, 0] : answer;
	});
	await assert.rejects(
		link.writeFlashPage!(0x100, new Uint8Array(128)),
		(error: UnbrickError) => error.kind === 'BadReply',
	);
});

test('any transfer that fails ends in an error of ours, and closing never throws', async () => {
	const faults: readonly Fault[] = ['stall', 'timeout', 'gone', 'io', 'short'];
	for (const fault of faults) {
		for (let index = 0; index < 12; index++) {
			const {pipe, failAt, closed} = createScriptedUsb(usbtiny());
			failAt(index, fault);
			const link = createUsbtiny(pipe, createManualClock());
			let thrown: unknown;
			try {
				await link.open();
				await link.enter();
				await link.exchange([0x30, 0, 0, 0]);
				await link.readFlash!(0, 128);
				await link.writeFlashPage!(0, new Uint8Array(128));
				await link.readEeprom!(0, 64);
				await link.writeEeprom!(0, new Uint8Array(64));
				await link.leave();
			} catch (error) {
				thrown = error;
			}
			assert.ok(thrown === undefined || thrown instanceof UnbrickError, `${fault} at ${index}: ${thrown}`);
			if (fault === 'gone' && index < 11)
				assert.equal((thrown as UnbrickError).kind, 'DeviceGone', String(index));
			await link.close();
			assert.ok(closed());
		}
	}
});
