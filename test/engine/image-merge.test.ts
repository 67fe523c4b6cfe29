// Joining application and bootloader, and recognising what is in a file or a flash. All images here are made
// by the test; none is anybody's firmware.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import type {BootloaderImage} from '../../src/engine/bootloaders/bootloader.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {type ErrorKind, UnbrickError} from '../../src/engine/errors.ts';
import {countJumps, jumpTarget} from '../../src/engine/image/avr-code.ts';
import {imageSha256} from '../../src/engine/image/digest.ts';
import {
	bootStartOf,
	checkWritable,
	findDescriptors,
	inspectFlash,
	inspectImage,
	type KnownImage,
	knownImageOf,
} from '../../src/engine/image/inspect.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';
import {
	bootStartIn,
	checkFits,
	mergeImages,
	productionName,
	productionNameFor,
	productionRole,
	splitBelow,
} from '../../src/engine/image/merge.ts';

const m32u4 = findChip('atmega32u4')!;
const m328p = findChip('atmega328p')!;
const tiny85 = findChip('attiny85')!;

type Piece = readonly [byteAddress: number, data: ArrayLike<number>];
const image = (...pieces: readonly Piece[]) =>
	createImage(pieces.map(([byteAddress, data]) => ({byteAddress, data: Uint8Array.from(data)})));

/** Filling that never repeats by 16, 128 or 256 and is never 0xff. */
const filling = (length: number, seed = 1) =>
	Array.from({length}, (_, index) => (index * 37 + seed * 11 + (index >> 8)) % 251);

/** `count` JMPs to just behind the table, as avr-gcc lays them. */
const vectors = (count: number) => Array.from({length: count}, () => [0x0c, 0x94, (count * 4) / 2, 0]).flat();

const application = image([0, [...vectors(43), ...filling(1000)]]);
/** RJMP to itself first, then filling: what stands at a boot section's start. */
const loaderBytes = (length: number, seed = 2) => [0x10, 0xc0, ...filling(length - 2, seed)];
const loader = image([0x7000, loaderBytes(3000)]);

const descriptor = (vendorId: number, productId: number, bcdDevice = 1, deviceClass = 2) => [
	18,
	1,
	0x10,
	0x01,
	deviceClass,
	0,
	0,
	8,
	vendorId & 0xff,
	vendorId >> 8,
	productId & 0xff,
	productId >> 8,
	bcdDevice & 0xff,
	bcdDevice >> 8,
	2,
	1,
	0,
	1,
];

/** Fails with this kind; returns the message. */
function fails(kind: ErrorKind, body: () => unknown): string {
	try {
		body();
	} catch (error) {
		if (error instanceof UnbrickError) {
			assert.equal(error.kind, kind, error.message);
			return error.message;
		}
		throw error;
	}
	assert.fail(`nothing thrown; expected ${kind}`);
}

const merge = (
	app: MemoryImage,
	boot: MemoryImage,
	more: Partial<Parameters<typeof mergeImages>[0]> & {carriesSketch?: boolean} = {},
) =>
	mergeImages({
		chip: m32u4,
		application: {name: 'app.hex', image: app},
		bootloader: {
			name: 'boot.hex',
			image: boot,
			...(more.carriesSketch === undefined ? {} : {carriesSketch: more.carriesSketch}),
		},
		...more,
	});

test('a merge holds both, byte for byte, and nothing else', () => {
	const merged = merge(application, loader);
	assert.equal(merged.bootStart, 0x7000);
	assert.deepEqual(merged.image.ranges, [...application.ranges, ...loader.ranges]);
	assert.deepEqual(merged.image.slice(0, 0x1000), application.slice(0, 0x1000));
	assert.deepEqual(merged.image.slice(0x7000, 0x1000), loader.slice(0x7000, 0x1000));
	assert.deepEqual(
		[merged.applicationBytes, merged.bootloaderBytes, merged.sharedBytes, merged.notes],
		[1172, 3000, 0, []],
	);
});

test('property: whatever the lengths, a merge is what writing one after the other gives', () => {
	fc.assert(
		fc.property(
			fc.integer({min: 4, max: 0x7000}),
			fc.integer({min: 2, max: 0x1000}),
			(appLength, bootLength) => {
				const app = image([0, [0x0c, 0x94, 0x02, 0x00, ...filling(appLength - 4)]]);
				const boot = image([0x7000, loaderBytes(bootLength)]);
				const inTurn = new Uint8Array(0x8000).fill(0xff);
				for (const each of [app, boot])
					for (const range of each.ranges)
						inTurn.set(each.slice(range.start, range.end - range.start), range.start);
				assert.deepEqual(merge(app, boot).image.slice(0, 0x8000), inTurn);
			},
		),
		{numRuns: 60},
	);
});

test('each malformed pair is refused with its reason', () => {
	const table: readonly (readonly [string, ErrorKind, RegExp, () => unknown])[] = [
		[
			'application into the boot section',
			'OverlapsBootloader',
			/writes at 0x7000, inside the boot section that starts at 0x7000/,
			() => merge(image([0, [0x0c, 0x94, 2, 0, ...filling(0x7000)]]), loader),
		],
		[
			'application byte where the loader has a gap',
			'OverlapsBootloader',
			/writes at 0x7fff/,
			() => merge(image([0, vectors(43)], [0x7fff, [1]]), loader),
		],
		[
			'different bytes in the boot section: the first address and both values',
			'BadHex',
			/app\.hex: at 0x7004 it says 0x00, boot\.hex says 0x60/,
			() => merge(image([0, vectors(43)], [0x7000, [...loader.slice(0x7000, 4), 0, 0]]), loader),
		],
		[
			'application too long for the flash',
			'ImageTooLarge',
			/app\.hex reaches 0x8000; only 32768 bytes/,
			() => merge(image([0, vectors(43)], [0x8000, [1]]), loader),
		],
		[
			'bootloader past the flash, as one rebuilt Optiboot is',
			'ImageTooLarge',
			/boot\.hex reaches 0x8013/,
			() => merge(application, image([0x7e00, loaderBytes(532)]), {chip: m328p}),
		],
		[
			'for an STM32',
			'ImageTooLarge',
			/made for an STM32/,
			() => merge(image([0x0800_0000, filling(64)]), loader),
		],
		[
			'two applications',
			'BadHex',
			/boot\.hex: it does not start at a boot section of the ATmega32U4 \(0x7000, 0x7800, 0x7c00, 0x7e00\)/,
			() => merge(application, image([0, filling(64, 9)])),
		],
		[
			'a bootloader that also writes below',
			'BadHex',
			/also writes at 0x0000, below its boot section at 0x7000/,
			() => merge(application, image([0, filling(64)], [0x7000, loaderBytes(64)])),
		],
		[
			'a bootloader that is not where the fuses point',
			'BadHex',
			/nothing at 0x7000, where the chip would start it; it starts at 0x7e00 and wants BOOTSZ 11/,
			() => merge(application, image([0x7e00, loaderBytes(512)]), {bootStart: 0x7000}),
		],
		['application and bootloader swapped', 'BadHex', /wrong way round/, () => merge(loader, application)],
		[
			'an application that is only a bootloader',
			'BadHex',
			/app\.hex: it has nothing below the boot section/,
			() => merge(loader, loader),
		],
		[
			'an erased application',
			'BadHex',
			/app\.hex: every byte of it is 0xff/,
			() => merge(image([0, new Uint8Array(64).fill(0xff)]), loader),
		],
		[
			'an erased bootloader',
			'BadHex',
			/boot\.hex: every byte of it is 0xff/,
			() => merge(application, image([0x7000, new Uint8Array(64).fill(0xff)])),
		],
		[
			'a bootloader file without its end',
			'BadHex',
			/boot\.hex: its end record is missing/,
			() => merge(application, loader, {bootloader: {name: 'boot.hex', image: loader, complete: false}}),
		],
		[
			'a chip without a boot section',
			'BadHex',
			/ATtiny85 has no boot section/,
			() => merge(image([0, filling(64)]), image([0x1a00, filling(64)]), {chip: tiny85}),
		],
	];
	for (const [name, kind, message, body] of table) assert.match(fails(kind, body), message, name);
});

test('what agrees is taken with a word: shared bytes, a sketch that gives way, odd applications', () => {
	const combined = image([0, [...vectors(43), ...filling(1000)]], [0x7000, loaderBytes(3000)]);
	const shared = merge(combined, loader);
	assert.equal(shared.sharedBytes, 3000);
	assert.match(shared.notes.join(), /already holds 3000 bytes of the bootloader/);

	const withSketch = merge(application, image([0, filling(0x8000)]), {
		bootStart: 0x7000,
		carriesSketch: true,
	});
	assert.match(withSketch.notes.join(), /sketch .* gives way/);
	assert.deepEqual(withSketch.image.slice(0, 0x1000), application.slice(0, 0x1000));
	assert.equal(withSketch.image.end, 0x8000);

	assert.match(
		merge(image([0, filling(20)]), loader).notes.join(' '),
		/does not begin with a jump.*only 20 bytes/,
	);
	assert.match(
		merge(application, loader, {
			application: {name: 'app.hex', image: application, complete: false},
		}).notes.join(),
		/end record of app\.hex is missing/,
	);
});

test('where a bootloader starts, and the parts of an image', () => {
	assert.equal(bootStartIn(loader, m32u4), 0x7000);
	assert.equal(bootStartIn(image([0x7e00, [1]]), m32u4), 0x7e00);
	assert.equal(bootStartIn(image([0, [1]], [0x7000, [1]]), m32u4), 0x7000);
	assert.equal(bootStartIn(application, m32u4), undefined);
	assert.equal(bootStartIn(image([0, filling(0x8000)]), m32u4), undefined);
	const {low, high} = splitBelow(image([0x6ffe, [1, 2, 3, 4]], [0x7ff0, [5]]), 0x7000);
	assert.deepEqual(
		[low.ranges, high.ranges],
		[
			[{start: 0x6ffe, end: 0x7000}],
			[
				{start: 0x7000, end: 0x7002},
				{start: 0x7ff0, end: 0x7ff1},
			],
		],
	);
	checkFits(image([0x7fff, [0]]), m32u4, 'x');
	fails('ImageTooLarge', () => checkFits(image([0x8000, [0]]), m32u4, 'x'));
});

test("QMK's three files are told apart by name, and ours is named like QMK's", () => {
	assert.deepEqual(productionRole('/b/planck_rev4_default.hex'), {
		role: 'application',
		base: 'planck_rev4_default',
	});
	assert.deepEqual(productionRole('C:\\b\\planck_rev4_default_bootloader.hex'), {
		role: 'bootloader',
		base: 'planck_rev4_default',
	});
	assert.deepEqual(productionRole('planck_rev4_default_production.HEX'), {
		role: 'production',
		base: 'planck_rev4_default',
	});
	assert.equal(productionRole('planck.bin'), undefined);
	assert.equal(productionName('planck/rev4', 'default'), 'planck_rev4_default_production.hex');
	assert.equal(productionNameFor('/x/planck_rev4_default.hex'), 'planck_rev4_default_production.hex');
	assert.equal(productionNameFor('firmware'), 'firmware_production.hex');
});

test('jumps: RJMP both ways, JMP, wrap round the flash, and what is none', () => {
	// AVR Instruction Set Manual: RJMP k = 1100 kkkk kkkk kkkk, PC <- PC + k + 1 (words).
	assert.equal(jumpTarget(image([0, [0x10, 0xc0]]), 0), 0x22);
	assert.equal(jumpTarget(image([0x7000, [0xff, 0xcf]]), 0x7000), 0x7000);
	assert.equal(jumpTarget(image([0, [0x00, 0xcc]]), 0, 0x2000), 0x1802);
	// JMP k = 1001 010k kkkk 110k, then 16 bits.
	assert.equal(jumpTarget(image([0, [0x0c, 0x94, 0x34, 0x12]]), 0), 0x2468);
	assert.equal(jumpTarget(image([0, [0x0d, 0x94, 0x00, 0xf0]]), 0), 0x3e000);
	assert.equal(jumpTarget(image([0, [0x0e, 0x94, 0x34, 0x12]]), 0), undefined, 'CALL');
	assert.equal(jumpTarget(image([0, [0x0c, 0x94, 0x34]]), 0), undefined, 'cut');
	assert.equal(countJumps(image([0, vectors(26)]), 0), 26);
});

/** A catalogue entry for an image of this test. */
function known(id: string, file: string, its: MemoryImage): KnownImage {
	const details: BootloaderImage = {
		file,
		chips: ['atmega32u4'],
		repository: 'nobody/nothing',
		path: file,
		gitBlobSha1: '0'.repeat(40),
		fileBytes: 1,
		lineEnding: 'lf',
		fileSha256: '',
		fileSha256OtherLineEnding: '',
		imageSha256: imageSha256(its)!,
		dataBytes: its.byteCount,
		ranges: its.ranges.map(range => [range.start, range.end - 1] as const),
		usbDescriptors: findDescriptors(its).map(found => ({...found, bcdUsb: 0x0110})),
		source: 'this test',
	};
	return {id, image: details};
}

const caterina = image([0x7000, [...loaderBytes(3000), ...descriptor(0x1b4f, 0x9205), ...filling(200, 5)]]);
const sketchy = image(
	[0, [...vectors(43), ...filling(3000, 7)]],
	[0x7000, [...loaderBytes(3000, 6), ...descriptor(0x1ffb, 0x0101)]],
);
const programmer = image([0, [...vectors(43), ...filling(2000, 8)]]);
const catalogue = [
	known('caterina', 'Caterina-test.hex', caterina),
	known('caterina', 'Caterina-sketch.hex', sketchy),
	known('promicro_isp', 'isp.hex', programmer),
];
const inspect = (its: MemoryImage, options: Parameters<typeof inspectImage>[1] = {}) =>
	inspectImage(its, {known: catalogue, ...options});

test('an application: its range, its vectors, the chips it fits', () => {
	const found = inspect(application);
	assert.equal(found.kind, 'application');
	assert.deepEqual(found.application, {range: {start: 0, end: 1172}, byteCount: 1172, vectors: 43});
	assert.equal(found.bootloader, undefined);
	assert.deepEqual(found.likelyChips, ['atmega16u4', 'atmega32u4']);
	assert.deepEqual(found.notes, []);
	assert.deepEqual(inspect(image([0, vectors(43)], [0x4000, [1]])).likelyChips, ['atmega32u4']);
});

test('a bootloader: exactly by checksum, alone, merged, and in a whole flash', () => {
	const flash = new Uint8Array(0x8000).fill(0xff);
	flash.set(caterina.slice(0x7000, 0x1000), 0x7000);
	const cases: readonly (readonly [string, MemoryImage, string])[] = [
		['alone', caterina, 'bootloader'],
		['merged', merge(application, caterina).image, 'combined'],
		['a flash', image([0, flash]), 'bootloader'],
	];
	for (const [name, its, kind] of cases) {
		const found = inspect(its);
		assert.equal(found.kind, kind, name);
		assert.deepEqual(
			found.bootloader,
			{
				id: 'caterina',
				name: 'Caterina',
				exact: true,
				file: 'Caterina-test.hex',
				who: 'SparkFun Pro Micro 5V/16MHz',
				startByteAddress: 0x7000,
				text: 'Caterina, Caterina-test.hex (SparkFun Pro Micro 5V/16MHz)',
			},
			name,
		);
	}
	assert.equal(knownImageOf(caterina, catalogue)?.image.file, 'Caterina-test.hex');
	assert.equal(knownImageOf(application, catalogue), undefined);
});

test('a published image that carries a sketch is combined, starts at its boot section, and says so', () => {
	const found = inspect(sketchy);
	assert.equal(found.kind, 'combined');
	assert.equal(found.bootloader?.startByteAddress, 0x7000);
	assert.deepEqual(
		found.notes.map(note => note.code),
		['carries-sketch'],
	);
});

test('an unknown build: by USB identity, with relatives told apart by release and class', () => {
	const built = (...its: number[]) => image([0x7000, [...loaderBytes(500, 3), ...its, ...filling(50)]]);
	const cases: readonly (readonly [number[], string, string | undefined])[] = [
		[descriptor(0x2341, 0x0036), 'caterina', 'Arduino Leonardo'],
		[descriptor(0x03eb, 0x2ff4, 0, 0xff), 'atmel-dfu', undefined],
		[descriptor(0x03eb, 0x2ff4, 0, 0x00), 'lufa-dfu', undefined],
		[descriptor(0x03eb, 0x2ff4, 0x0936, 0x00), 'qmk-dfu', undefined],
		[descriptor(0x03eb, 0x2067, 0x0936, 0x00), 'qmk-hid', undefined],
		[descriptor(0x03eb, 0x2067, 0x0001, 0x00), 'lufa-hid', undefined],
	];
	for (const [its, id, who] of cases) {
		const found = inspect(built(...its), {chip: m32u4});
		assert.equal(found.bootloader?.id, id);
		assert.equal(found.bootloader?.exact, false);
		assert.equal(found.bootloader?.who, who);
		assert.match(found.bootloader?.text ?? '', /unknown build/);
		assert.equal(found.kind, 'bootloader');
	}
	// The keyboard's own descriptor, and a loader's identity outside its place, say nothing.
	assert.equal(inspect(built(...descriptor(0xfeed, 0x6060)), {chip: m32u4}).bootloader?.id, 'unknown');
	assert.equal(inspect(image([0, [...vectors(43), ...descriptor(0x2341, 0x0036)]])).bootloader, undefined);
});

test('no identity: a program that starts at a boot section after empty flash', () => {
	const optiboot = image([0x7e00, [0xf8, 0x94, ...filling(400)]]);
	assert.equal(inspect(optiboot, {chip: m328p}).bootloader?.id, 'optiboot');
	assert.equal(inspect(loader, {chip: m32u4}).bootloader?.id, 'unknown');
	assert.equal(inspect(image([0, filling(0x8000)]), {chip: m32u4}).bootloader, undefined);
});

test('the ISP firmware of the catalogue is called by its name', () => {
	assert.equal(inspect(programmer).kind, 'isp-firmware');
});

test('what should not be written so is said: another chip, past the flash, EEPROM, STM32, blank', () => {
	const codes = (its: MemoryImage, options: Parameters<typeof inspectImage>[1] = {}) =>
		inspect(its, options).notes.map(note => `${note.severity} ${note.code}`);
	assert.deepEqual(codes(application, {chip: m328p}), ['warning other-chip']);
	assert.match(
		inspect(application, {chip: m328p}).notes[0]!.text,
		/43 interrupt vectors as on ATmega16U4, ATmega32U4; the ATmega328P has 26/,
	);
	assert.deepEqual(codes(image([0, vectors(43)], [0x8000, [1]]), {chip: m32u4}), ['error leaves-flash']);
	assert.deepEqual(codes(caterina, {chip: m328p}), ['error other-chip']);
	assert.deepEqual(codes(image([0x7e00, filling(532)])), ['error defective']);
	assert.deepEqual(codes(image([0x0800_0000, filling(64)])), ['error stm32']);
	assert.equal(inspect(image([0x0800_0000, filling(64)])).kind, 'foreign');
	assert.deepEqual(codes(image([0, new Uint8Array(300).fill(0xff)])), ['warning blank']);
	assert.equal(inspect(image([0, filling(100)]), {file: 'board.eep'}).kind, 'eeprom');
	assert.deepEqual(codes(image([0, filling(1024)]), {chip: m32u4}), ['warning eeprom', 'warning no-vector']);
	assert.equal(inspect(image([0, [...vectors(43)]]), {file: 'board.eep'}).kind, 'application');
	assert.deepEqual(codes(image([0, filling(90)])), ['warning tiny', 'warning no-vector']);
	assert.deepEqual(codes(application, {file: 'x_production.hex'}), ['warning name']);
	assert.deepEqual(codes(application, {file: 'x_bootloader.hex'}), ['warning name']);
	assert.equal(inspect(image([0xffff_fff0, [1, 2]])).imageSha256 !== undefined, true);
	assert.equal(inspect(image([0, [1]], [0xf000_0000, [1]])).imageSha256, undefined);
});

test('what must not be written is refused with its reason; the rest is not', () => {
	const write =
		(its: MemoryImage, options: Parameters<typeof inspectImage>[1], complete = true) =>
		() =>
			checkWritable(inspect(its, options), {name: 'x.hex', complete});
	assert.match(fails('BadHex', write(image([0, filling(90)]), {file: 'x.eep'})), /EEPROM image/);
	assert.match(fails('BadHex', write(image([0x0800_0000, filling(64)]), {})), /STM32/);
	assert.match(fails('BadHex', write(caterina, {chip: m328p})), /for ATmega32U4, not for the ATmega328P/);
	assert.match(fails('BadHex', write(image([0x7e00, filling(532)]), {})), /must not be written/);
	assert.match(fails('BadHex', write(image([0, new Uint8Array(9).fill(0xff)]), {})), /nothing to write/);
	assert.match(fails('BadHex', write(caterina, {chip: m32u4}, false)), /end record is missing/);
	write(application, {chip: m328p})();
	write(application, {chip: m32u4}, false)();
	write(image([0, filling(1024)]), {chip: m32u4})();
	write(caterina, {chip: m32u4})();
});

test('BOOTSZ is compared with where the loader starts', () => {
	const withFuses = (high: number) =>
		inspect(caterina, {chip: m32u4, fuses: {low: 0xff, high, extended: 0xcb}});
	assert.equal(bootStartOf(m32u4, {low: 0xff, high: 0xd8, extended: 0xcb}), 0x7000);
	assert.equal(bootStartOf(m32u4, {low: 0xff, high: 0xde, extended: 0xcb}), 0x7e00);
	assert.equal(bootStartOf(tiny85, {low: 0x62, high: 0xdf, extended: 0xff}), undefined);
	assert.deepEqual(withFuses(0xd8).notes, []);
	assert.match(
		withFuses(0xde).notes[0]!.text,
		/points to 0x7e00, but the bootloader starts at 0x7000.*BOOTSZ 00 would point there/,
	);
	// The Nano's deliberate setting: 0x7800 in the fuses, Optiboot at 0x7e00, nothing between.
	const nano = inspect(image([0x7e00, [0xf8, 0x94, ...filling(400)]]), {
		chip: m328p,
		fuses: {low: 0xff, high: 0xda, extended: 0xfd},
	});
	assert.deepEqual(
		nano.notes.map(note => note.severity),
		['note'],
	);
	assert.match(nano.notes[0]!.text, /slides up/);
});

test("the board's own flash: whole, damaged with count and first address, unknown build, none", () => {
	const flash = (...pieces: readonly Piece[]) => {
		const bytes = new Uint8Array(0x8000).fill(0xff);
		for (const [at, data] of pieces) bytes.set(Uint8Array.from(data), at);
		return bytes;
	};
	const whole = flash([0, application.slice(0, 1172)], [0x7000, caterina.slice(0x7000, caterina.byteCount)]);
	const reference = {id: 'caterina', file: 'Caterina-test.hex', image: caterina};
	const look = (bytes: Uint8Array, references = [reference]) =>
		inspectFlash(bytes, m32u4, {references, known: catalogue});
	assert.equal(look(whole).verdict, 'whole');
	assert.equal(
		look(whole, []).text,
		'Your bootloader is whole: Caterina, Caterina-test.hex (SparkFun Pro Micro 5V/16MHz).',
	);

	const damaged = whole.slice();
	for (let at = 0x7640; at < 0x764c; at++) damaged[at] = damaged[at]! ^ 0x55;
	const found = look(damaged);
	assert.deepEqual(
		[found.verdict, found.differingBytes, found.firstAddress, found.text],
		[
			'damaged',
			12,
			0x7640,
			'Your Caterina is damaged: 12 bytes differ from 0x7640 (compared with Caterina-test.hex).',
		],
	);
	const one = whole.slice();
	one[0x7001] = 0;
	assert.match(look(one).text, /1 byte differs from 0x7001/);
	assert.equal(look(damaged, []).verdict, 'unknown-build');
	assert.match(look(damaged, []).text, /Caterina, unknown build \(SparkFun Pro Micro 5V\/16MHz\)/);
	// Its start is gone, but the rest is there.
	const headless = whole.slice();
	headless.fill(0xff, 0x7000, 0x7080);
	assert.equal(look(headless).verdict, 'damaged');
	assert.equal(look(headless).firstAddress, 0x7000);

	const bare = flash([0, application.slice(0, 1172)]);
	assert.deepEqual(
		[look(bare).verdict, look(bare).text],
		['none', 'There is no bootloader: the flash is empty from 0x7000.'],
	);
	assert.match(look(flash()).text, /There is no bootloader: the flash is empty/);
	assert.equal(look(flash([0, [...vectors(43), ...filling(0x7f00)]])).verdict, 'none');
	assert.equal(look(flash([0x7000, loaderBytes(600, 9)])).verdict, 'unknown');
});

test('property: inspecting never throws and never invents bytes', () => {
	const chunk = fc.record({
		byteAddress: fc.oneof(
			fc.constantFrom(0, 0x7000, 0x7e00, 0x7fff, 0x1f000),
			fc.nat(0x2_0000),
			fc.nat(0xffff_ffff),
		),
		data: fc.uint8Array({minLength: 1, maxLength: 40}),
	});
	fc.assert(
		fc.property(chunk, fc.constantFrom(undefined, m32u4, m328p, tiny85), ({byteAddress, data}, chip) => {
			const its = createImage([{byteAddress: Math.min(byteAddress, 0xffff_ff00), data}]);
			const found = inspectImage(its, {chip, fuses: {low: 0xff, high: 0xd8, extended: 0xcb}});
			assert.equal(found.byteCount, data.length);
			assert.ok((found.application?.byteCount ?? 0) <= data.length);
		}),
		{numRuns: 400},
	);
});
