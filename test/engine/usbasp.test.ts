import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {
	addressed,
	parseCapabilities,
	request,
	sckTable,
	setup,
	writeFlash,
} from '../../src/engine/protocols/usbasp/codec.ts';
import {createUsbasp} from '../../src/engine/protocols/usbasp/driver.ts';
import type {ControlSetup} from '../../src/engine/transports.ts';
import {createManualClock, createScriptedUsb, type Fault, type UsbScript} from '../helpers/scripted-pipes.ts';

const hex = (packet: ControlSetup) =>
	[packet.request, packet.value & 0xff, packet.value >> 8, packet.index & 0xff, packet.index >> 8]
		.map(byte => byte.toString(16).padStart(2, '0'))
		.join(' ');

test('requests carry their parameters as the firmware reads them', () => {
	// USBasp firmware main.c, usbFunctionSetup: data[2..5] are the four parameters.
	const table: readonly [ControlSetup, string][] = [
		[setup(request.transmit, [0xac, 0x53, 0x12, 0x34]), '03 ac 53 12 34'],
		[addressed(request.readFlash, 0x7fc0), '04 c0 7f 00 00'],
		[addressed(request.readFlash, 0x1_2340), '04 40 23 00 00'],
		[addressed(request.setLongAddress, 0x1_2340), '09 40 23 01 00'],
		[writeFlash(0x0080, 128, 1), '06 80 00 80 01'],
		[writeFlash(0x0100, 256, 1), '06 00 01 00 11'],
		[writeFlash(0x0100, 64, 0), '06 00 01 40 00'],
	];
	for (const [packet, expected] of table) assert.equal(hex(packet), expected);
});

test('capabilities: none on old firmware, crystal and 3 MHz on new', () => {
	assert.equal(parseCapabilities(new Uint8Array(0)), undefined);
	assert.deepEqual(parseCapabilities(Uint8Array.of(1, 1, 0, 1)), {tpi: true, crystalMHz: 16, threeMHz: true});
	assert.equal(sckTable(undefined).at(-1)?.hz, 1_500_000);
	const fast = sckTable({tpi: false, crystalMHz: 16, threeMHz: true});
	assert.deepEqual(fast.at(-1), {option: 13, hz: 4_000_000});
	assert.deepEqual(
		fast.find(row => row.option === 8),
		{option: 8, hz: 125_000},
	);
});

/** A USBasp with a chip that says 53, by the request list of the firmware. */
function usbasp(
	options: {old?: boolean; loader?: boolean; silent?: boolean; crystal?: number} = {},
): UsbScript {
	return transfer => {
		if (transfer.kind === 'out') return undefined;
		if (transfer.kind !== 'in') return 'stall';
		const {setup: packet, length} = transfer;
		const p = [packet.value & 0xff, packet.value >> 8, packet.index & 0xff, packet.index >> 8];
		switch (packet.request) {
			case request.getCapabilities:
				return options.old || options.loader ? [] : [0, options.crystal ?? 0, 0, 0];
			case request.setIspSck:
				return options.old ? [] : [0];
			case request.enableProg:
				return [options.silent ? 1 : 0];
			case request.transmit:
				if (options.loader) return [0, 0, 0, p[0] === 0x30 ? 0x1e : 0];
				return options.silent ? [0xff, 0xff, 0xff, 0xff] : [0, p[0]!, p[1]!, 0x42];
			case request.readFlash:
			case request.readEeprom:
				return Array.from({length}, (_, index) => index & 0xff);
			default:
				return [];
		}
	};
}

const numbers = (log: readonly {kind: string; setup?: ControlSetup}[]) =>
	log.map(transfer => transfer.setup?.request ?? -1);

test('SETISPSCK goes out before CONNECT, ENABLEPROG may take five seconds', async () => {
	const clock = createManualClock();
	const {pipe, log} = createScriptedUsb(usbasp(), {product: 'USBasp'});
	const link = createUsbasp(pipe, clock);
	const capabilities = await link.open();
	assert.equal(capabilities.echo, 'all');
	assert.equal(capabilities.fixedSckHz, null);
	assert.equal(await link.setSck!(400_000), 375_000);
	log.length = 0;
	const reply = await link.enter();
	assert.equal(reply.answered, 'yes');
	assert.deepEqual([...reply.received], [0, 0xac, 0x53, 0]);
	assert.deepEqual(numbers(log).slice(0, 3), [request.setIspSck, request.connect, request.enableProg]);
	assert.equal(log[0]?.kind === 'in' && log[0].setup.value, 10);
	assert.equal(log[2]?.timeoutMs, 5000);
	// The datasheets' 20 ms and some; what the classic tools wait comes after a no.
	assert.deepEqual(clock.slept, [20]);
});

test('firmware without SETISPSCK is a note, never an error', async () => {
	const {pipe, log} = createScriptedUsb(usbasp({old: true}));
	const link = createUsbasp(pipe, createManualClock());
	const capabilities = await link.open();
	assert.deepEqual(capabilities.sckStepsHz, []);
	assert.equal(capabilities.fixedSckHz, 375_000);
	assert.equal(capabilities.fastFlashBytes, 65_536);
	assert.match(capabilities.notes.join(), /fixed at 375 kHz/);
	assert.equal(await link.setSck!(8000), 375_000);
	log.length = 0;
	await link.enter();
	assert.ok(!numbers(log).includes(request.setIspSck));
});

test('a silent chip is asked again at once and the bytes are told', async () => {
	const {pipe, log} = createScriptedUsb(usbasp({silent: true}));
	const link = createUsbasp(pipe, createManualClock());
	await link.open();
	log.length = 0;
	const reply = await link.enter();
	assert.equal(reply.answered, 'no');
	assert.deepEqual([...reply.received], [0xff, 0xff, 0xff, 0xff]);
	assert.equal(numbers(log).filter(number => number === request.enableProg).length, 2);
});

test('where a no takes seconds, the next entry makes one attempt of its own', async () => {
	const clock = createManualClock();
	const silent = usbasp({silent: true});
	const {pipe, log} = createScriptedUsb(transfer => {
		if (transfer.kind === 'in' && transfer.setup.request === request.enableProg) clock.advance(2100);
		return silent(transfer);
	});
	const link = createUsbasp(pipe, clock);
	await link.open();
	await link.setSck!(500);
	await link.enter();
	log.length = 0;
	assert.deepEqual(await link.enter(), {answered: 'no', received: new Uint8Array(4).fill(0xff)});
	assert.ok(!numbers(log).includes(request.enableProg));
	await link.setSck!(2000);
	await link.enter();
	assert.ok(numbers(log).includes(request.enableProg));
});

test('a keyboard in USBaspLoader is not taken for a programmer', async () => {
	const {pipe} = createScriptedUsb(usbasp({loader: true}));
	const link = createUsbasp(pipe, createManualClock());
	await link.open();
	await assert.rejects(link.enter(), {name: 'UnbrickError', message: /USBaspLoader/});
});

test('another device with this identity stalls everything', async () => {
	const {pipe} = createScriptedUsb(() => 'stall');
	await assert.rejects(createUsbasp(pipe, createManualClock()).open(), (error: UnbrickError) => {
		assert.equal(error.kind, 'NotAProgrammer');
		return true;
	});
});

async function opened(script: UsbScript, flashBytes: number, sckHz = 375_000) {
	const scripted = createScriptedUsb(script);
	const link = createUsbasp(scripted.pipe, createManualClock());
	await link.open();
	await link.setSck!(sckHz);
	link.setChip!({
		flashBytes,
		pageBytes: 128,
		eepromBytes: 1024,
		eepromPageBytes: 4,
		pollsReady: true,
		eepromPaged: true,
		extendedAddress: false,
	});
	await link.enter();
	scripted.log.length = 0;
	return {...scripted, link};
}

test('reads come in blocks of 200 bytes, of 20 when SCK is slow', async () => {
	const {link, log} = await opened(usbasp(), 32_768);
	const bytes = await link.readFlash!(0x1000, 300);
	assert.equal(bytes.length, 300);
	assert.deepEqual(
		log.map(t => t.kind === 'in' && [t.setup.request, t.setup.value, t.length]),
		[
			[request.readFlash, 0x1000, 200],
			[request.readFlash, 0x10c8, 100],
		],
	);
	const slow = await opened(usbasp(), 32_768, 8000);
	await slow.link.readEeprom!(0, 50);
	assert.deepEqual(
		slow.log.map(t => t.kind === 'in' && t.length),
		[20, 20, 10],
	);
});

test('parts above 64 KB are addressed long before every block, smaller ones never', async () => {
	const big = await opened(usbasp(), 131_072);
	await big.link.readFlash!(0x1_2000, 256);
	await big.link.writeFlashPage!(0x1_ff00, new Uint8Array(256).fill(7));
	assert.deepEqual(
		big.log.map(t => 'setup' in t && [t.setup.request, t.setup.value, t.setup.index]),
		[
			[request.setLongAddress, 0x2000, 1],
			[request.readFlash, 0x2000, 0],
			[request.setLongAddress, 0x20c8, 1],
			[request.readFlash, 0x20c8, 0],
			[request.setLongAddress, 0xff00, 1],
			[request.writeFlash, 0xff00, 0x1100],
			[request.setLongAddress, 0xff80, 1],
			[request.writeFlash, 0xff80, 0x1000],
		],
	);
	const small = await opened(usbasp(), 65_536);
	await small.link.readFlash!(0xff00, 256);
	assert.ok(!numbers(small.log).includes(request.setLongAddress));
});

test('a page goes out in one block that begins it; EEPROM in blocks of 64 with five seconds each', async () => {
	const {link, log} = await opened(usbasp(), 32_768);
	assert.deepEqual(await link.writeFlashPage!(0x80, new Uint8Array(128).fill(1)), {committed: true});
	await link.writeEeprom!(3, new Uint8Array(100));
	assert.deepEqual(
		log.map(t => t.kind === 'out' && [t.setup.value, t.data.length]),
		[
			[0x80, 128],
			[3, 64],
			[67, 36],
		],
	);
	assert.equal(log[1]?.timeoutMs, 5000);
});

test('any transfer that fails ends in an error of ours, and closing never throws', async () => {
	const faults: readonly Fault[] = ['stall', 'timeout', 'gone', 'io', 'short'];
	let runs = 0;
	for (const fault of faults) {
		for (let index = 0; index < 13; index++) {
			const {pipe, failAt, closed} = createScriptedUsb(usbasp());
			failAt(index, fault);
			const link = createUsbasp(pipe, createManualClock());
			let thrown: unknown;
			try {
				await link.open();
				await link.enter();
				await link.exchange([0x30, 0, 0, 0]);
				await link.readFlash!(0, 400);
				await link.writeFlashPage!(0, new Uint8Array(128));
				await link.readEeprom!(0, 64);
				await link.writeEeprom!(0, new Uint8Array(64));
				await link.leave();
			} catch (error) {
				thrown = error;
			}
			assert.ok(thrown === undefined || thrown instanceof UnbrickError, `${fault} at ${index}: ${thrown}`);
			if (fault === 'gone') assert.equal((thrown as UnbrickError | undefined)?.kind, 'DeviceGone');
			await link.close();
			await link.close();
			assert.ok(closed());
			runs++;
		}
	}
	assert.equal(runs, 65);
});
