// Bytes of the bootloader protocols, both directions. Sources: doc7618 (FLIP), AVR109, PJRC's HalfKay page, LUFA
// BootloaderHID, obdev bootloadHID, USBaspLoader.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {bootloaderOfIdentity, bootloaderProtocols, bootStartOf} from '../../src/engine/bootloaders/open.ts';
import {hexString} from '../../src/engine/bytes.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {
	command as dfu,
	dfuSetup,
	parseStatus,
	statusName,
} from '../../src/engine/protocols/atmel-dfu/codec.ts';
import {command as avr109, parseBlockSupport} from '../../src/engine/protocols/avr109/codec.ts';
import {dataBlock, parseInfo} from '../../src/engine/protocols/bootloadhid/driver.ts';
import {blockReport, halfkayChip, startReport} from '../../src/engine/protocols/halfkay/driver.ts';
import {createLufaHid} from '../../src/engine/protocols/lufa-hid/driver.ts';
import {createUsbasploader} from '../../src/engine/protocols/usbasploader/driver.ts';
import type {HidPipe} from '../../src/engine/transports.ts';
import {firstUsage} from '../../src/io/hid.ts';
import {createScriptedUsb} from '../helpers/scripted-pipes.ts';

const u4 = findChip('atmega32u4')!;
const usb128 = findChip('at90usb1286')!;

test('DFU: commands', () => {
	const table: readonly (readonly [Uint8Array, string, string])[] = [
		[dfu.readId(0, 0), '050000', 'loader version'],
		[dfu.readId(1, 0x30), '050130', 'manufacturer'],
		[dfu.readId(1, 0x61), '050161', 'revision'],
		[dfu.eraseChip(), '0400ff', 'full erase'],
		[dfu.selectPage(1), '06030001', '64 KB page, four bytes'],
		[dfu.blankCheck(0, 0x7000), '030100006fff', 'inclusive end'],
		[dfu.read('flash', 0x100, 0x400), '0300010004ff', 'flash'],
		[dfu.read('eeprom', 0, 512), '0302000001ff', 'EEPROM'],
		[dfu.read('flash', 0x1_2000, 0x400), '0300200023ff', 'address inside its 64 KB'],
		[dfu.startWithReset(), '040300', 'start'],
	];
	for (const [bytes, hex, what] of table) assert.equal(hexString(bytes), hex, what);
	assert.deepEqual(dfuSetup(1, 7), {type: 'class', recipient: 'interface', request: 1, value: 7, index: 0});
});

test('DFU: a write is 32 bytes of command, the data, 16 bytes of suffix', () => {
	const full = dfu.write('flash', 0x400, new Uint8Array(1024).fill(0xa5));
	assert.equal(full.length, 1072, 'the number that logs show');
	assert.equal(hexString(full.subarray(0, 32)), `0100040007ff${'00'.repeat(26)}`);
	assert.equal(hexString(full.subarray(-16)), '00000000104446550110ffffffffffff');
	assert.equal(hexString(dfu.write('eeprom', 0, Uint8Array.of(1)).subarray(0, 6)), '010100000000');
	fc.assert(
		fc.property(
			fc.uint8Array({minLength: 1, maxLength: 1024}),
			fc.integer({min: 0, max: 0xfc00 / 32}),
			(data, block) => {
				const message = dfu.write('flash', block * 32, data);
				const start = (message[2]! << 8) | message[3]!;
				const end = (message[4]! << 8) | message[5]!;
				assert.equal(start, block * 32);
				assert.equal(end - start + 1, data.length);
				assert.deepEqual(message.slice(32, 32 + data.length), data);
			},
		),
	);
	assert.throws(() => dfu.write('flash', 0, new Uint8Array(1025)), RangeError);
	assert.throws(() => dfu.write('flash', 0, new Uint8Array(0)), RangeError);
	assert.throws(() => dfu.write('flash', 16, new Uint8Array(16)), RangeError, 'starts lie on 32 bytes');
	assert.throws(() => dfu.read('flash', 0xff00, 0x200), RangeError, 'over a 64 KB border');
});

test('DFU: status replies, whole and cut', () => {
	assert.deepEqual(parseStatus(Uint8Array.of(0, 0, 0, 0, 2, 0)), {status: 0, pollTimeoutMs: 0, state: 2});
	assert.deepEqual(parseStatus(Uint8Array.of(9, 0x34, 0x12, 1, 4, 0)), {
		status: 9,
		pollTimeoutMs: 0x1_1234,
		state: 4,
	});
	for (let length = 0; length < 6; length++) assert.equal(parseStatus(new Uint8Array(length)), undefined);
	assert.equal(statusName(3), 'errWRITE');
	assert.equal(statusName(200), 'status 200');
});

test('AVR109: commands and replies', () => {
	const table: readonly (readonly [Uint8Array, string])[] = [
		[avr109.identifier(), '53'],
		[avr109.softwareVersion(), '56'],
		[avr109.blockSupport(), '62'],
		[avr109.signature(), '73'],
		[avr109.selectPart(), '5444'],
		[avr109.enterProgramming(), '50'],
		[avr109.leaveProgramming(), '4c'],
		[avr109.erase(), '65'],
		[avr109.exit(), '45'],
		[avr109.readFuse('F'), '46'],
		[avr109.readFuse('N'), '4e'],
		[avr109.readFuse('Q'), '51'],
		[avr109.readFuse('r'), '72'],
		[avr109.setAddress(0x1234), '411234'],
		[avr109.writeBlock('flash', Uint8Array.of(0xaa, 0xbb)), '42000246aabb'],
		[avr109.writeBlock('eeprom', Uint8Array.of(0xaa)), '42000145aa'],
		[avr109.readBlock('flash', 0x800), '67080046'],
		[avr109.readBlock('eeprom', 3), '67000345'],
	];
	for (const [bytes, hex] of table) assert.equal(hexString(bytes), hex);
	assert.throws(
		() => avr109.writeBlock('flash', new Uint8Array(3)),
		RangeError,
		'an odd byte would be dropped',
	);
	assert.throws(() => avr109.writeBlock('flash', new Uint8Array(0)), RangeError);
	assert.throws(() => avr109.setAddress(0x1_0000), RangeError);
	assert.throws(() => avr109.readBlock('flash', 0), RangeError);
	assert.equal(parseBlockSupport(Uint8Array.of(0x59, 0x00, 0x80)), 128);
	assert.equal(parseBlockSupport(Uint8Array.of(0x59, 0x01, 0x00)), 256);
	for (const bad of [[], [0x59], [0x59, 0], [0x3f, 0, 0x80], [0x59, 0, 0x80, 0]])
		assert.equal(parseBlockSupport(Uint8Array.from(bad)), undefined);
});

test('HalfKay: address in bytes below 64 KB, in units of 256 bytes above', () => {
	const block = new Uint8Array(128).fill(0x11);
	assert.equal(hexString(blockReport(u4, 0x1280, block).subarray(0, 3)), '801211');
	assert.equal(blockReport(u4, 0, block).length, 130);
	const wide = new Uint8Array(256).fill(0x22);
	assert.equal(hexString(blockReport(usb128, 0x1_2300, wide).subarray(0, 3)), '230122');
	assert.equal(hexString(startReport(128).subarray(0, 4)), 'ffffff00');
	assert.equal(startReport(256).length, 258);
	assert.equal(halfkayChip({page: 0xff9c, usage: 0x1b}), 'atmega32u4');
	assert.equal(halfkayChip({page: 0xff9c, usage: 0x1c}), 'at90usb1286');
	assert.equal(halfkayChip({page: 0xff9c, usage: 0x1d}), 'foreign');
	assert.equal(halfkayChip({page: 0x0001, usage: 0x1b}), undefined);
});

test('HID: usage of the first collection of a report descriptor', () => {
	const descriptor = Uint8Array.of(0x06, 0x9c, 0xff, 0x09, 0x1b, 0xa1, 0x01, 0x0a, 0x19, 0x00, 0xc0);
	assert.deepEqual(firstUsage(descriptor), {page: 0xff9c, usage: 0x1b});
	for (let length = 0; length < 4; length++)
		assert.equal(firstUsage(descriptor.subarray(0, length)), undefined);
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 64}), bytes => {
			const seen = firstUsage(bytes);
			assert.ok(seen === undefined || (seen.page >= 0 && seen.usage >= 0));
		}),
	);
});

test('LUFA HID: every page to the boot section, then address FFFF', async () => {
	for (const [chip, step] of [
		[u4, 128],
		[usb128, 256],
	] as const) {
		const sent: Uint8Array[] = [];
		const pipe: HidPipe = {
			device: {key: 'x', vendorId: 0x03eb, productId: 0x2067, release: 1, access: 'ok'},
			async setReport(kind, reportId, data) {
				assert.deepEqual([kind, reportId], ['output', 0]);
				sent.push(data);
			},
			getReport: async () => new Uint8Array(0),
			close: async () => {},
		};
		const bootStart = bootStartOf('lufa-hid', chip);
		const client = createLufaHid(pipe, {chip, bootStart, protocol: 'lufa-hid'});
		await client.write(createImage([{byteAddress: 0, data: Uint8Array.of(1, 2, 3)}]));
		await client.start();
		assert.equal(sent.length, bootStart / step + 1);
		assert.equal(hexString(sent[0]!.subarray(0, 6)), '0000010203ff');
		const second = chip === u4 ? '8000ff' : '0100ff';
		assert.equal(hexString(sent[1]!.subarray(0, 3)), second);
		assert.ok(sent.every(report => report.length === step + 2));
		assert.equal(hexString(sent.at(-1)!.subarray(0, 2)), 'ffff');
	}
});

test('bootloadHID: info and data reports', () => {
	const info = Uint8Array.of(1, 0x80, 0, 0, 0x80, 0, 0);
	assert.deepEqual(parseInfo(info), {pageBytes: 128, flashBytes: 32_768});
	assert.deepEqual(parseInfo(Uint8Array.of(...info, 0)), {pageBytes: 128, flashBytes: 32_768});
	for (let length = 0; length < 7; length++) assert.equal(parseInfo(info.subarray(0, length)), undefined);
	assert.equal(parseInfo(Uint8Array.of(2, ...info.subarray(1))), undefined);
	const block = dataBlock(0x6f80, new Uint8Array(128).fill(0x33));
	assert.equal(block.length, 132);
	assert.equal(hexString(block.subarray(0, 5)), '02806f0033');
	assert.throws(() => dataBlock(0x40, new Uint8Array(128)), RangeError);
	assert.throws(() => dataBlock(0, new Uint8Array(127)), RangeError);
});

test('USBaspLoader: the requests of a run', async () => {
	const chip = findChip('atmega328p')!;
	const signature = [0x1e, 0x95, 0x0f];
	const usb = createScriptedUsb(transfer => {
		if (transfer.kind !== 'in') return undefined;
		const {request, value, index} = transfer.setup;
		if (request === 5) return [0];
		if (request !== 3) return [];
		return value === 0x0030 ? [0, 0, 0, signature[index & 3]!] : [0, 0, 0, 0];
	});
	const client = createUsbasploader(usb.pipe, async () => {}, {chip, bootStart: 0x7000});
	await client.connect();
	await client.erase();
	await client.write(createImage([{byteAddress: 0, data: new Uint8Array(128)}]));
	await client.start();
	const requests = usb.log.map(transfer =>
		transfer.kind === 'in' || transfer.kind === 'out'
			? `${transfer.setup.request} ${transfer.setup.value.toString(16)} ${transfer.setup.index.toString(16)}`
			: transfer.kind,
	);
	assert.deepEqual(requests.slice(0, 9), [
		'1 0 0',
		'5 0 0',
		'3 53ac 0',
		'3 30 0',
		'3 30 1',
		'3 30 2',
		'3 80ac 0',
		// Address; page size 128 in the low byte, flag LAST.
		'6 0 280',
		'6 80 280',
	]);
	assert.equal(requests.at(-1), '2 0 0');
	assert.equal(requests.filter(text => text.startsWith('6 ')).length, 0x7000 / 128);
	assert.ok(usb.log.every(transfer => transfer.kind !== 'out' || transfer.data.length === 128));
});

test('identities: relatives share a number and differ in the release', () => {
	const table: readonly (readonly [
		number,
		number,
		number | undefined,
		string | undefined,
		readonly string[],
	])[] = [
		[0x03eb, 0x2ff4, 0x0000, 'atmel-dfu', ['atmel-dfu', 'lufa-dfu']],
		[0x03eb, 0x2ff4, 0x0936, 'atmel-dfu', ['qmk-dfu']],
		[0x2341, 0x0036, undefined, 'caterina', ['caterina']],
		[0x16c0, 0x0478, 0x0100, 'halfkay', ['halfkay']],
		[0x16c0, 0x05df, 0x0101, 'bootloadhid', ['bootloadhid']],
		[0x16c0, 0x05dc, 0x0102, 'usbasploader', ['usbasploader']],
		[0x03eb, 0x2045, 0x0001, 'lufa-ms', ['lufa-ms']],
		[0x03eb, 0x2067, 0x0936, 'qmk-hid', ['qmk-hid']],
		[0xfeed, 0x6060, 0x0001, undefined, []],
	];
	for (const [vendorId, productId, release, protocol, ids] of table) {
		const found = bootloaderOfIdentity(vendorId, productId, release);
		assert.equal(found?.protocol, protocol);
		for (const id of ids)
			assert.ok(
				found?.bootloaders.some(loader => loader.id === id),
				id,
			);
	}
	assert.equal(bootloaderOfIdentity(0x16c0, 0x05dc, 0x0102)?.mustAsk, true);
	assert.deepEqual(
		bootloaderOfIdentity(0x03eb, 0x2ff4, 0)?.chips.map(chip => chip.id),
		['atmega32u4'],
	);
});

test('no protocol writes where its place on a chip is not known', () => {
	for (const protocol of bootloaderProtocols) {
		assert.throws(
			() => bootStartOf(protocol, findChip('attiny85')!),
			error => isKind(error, 'Refused'),
		);
	}
	assert.equal(bootStartOf('caterina', u4), 0x7000);
	assert.equal(bootStartOf('halfkay', u4), 0x7e00);
	assert.equal(bootStartOf('lufa-ms', u4), 0x6000, 'the lower of two sizes');
});
