import assert from 'node:assert/strict';
import test from 'node:test';
import {
	bootloaders,
	findBootloader,
	findIspFirmware,
	ispFirmwares,
	knownImages,
} from '../../src/engine/bootloaders/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';

test('every bootloader has an id of its own, an entry, a tool and a source', () => {
	assert.equal(new Set(bootloaders.map(({id}) => id)).size, bootloaders.length);
	for (const loader of bootloaders) {
		assert.equal(findBootloader(loader.id.toUpperCase()), loader);
		assert.ok(loader.enter.length > 0 && loader.enter.every(words => words.length > 4), loader.id);
		assert.ok(loader.flashTool.length > 5, loader.id);
		assert.ok(loader.source.length > 20, loader.id);
		assert.ok(loader.boot.length > 0, loader.id);
		assert.equal(loader.imagePublished, loader.images.length > 0, loader.id);
	}
	assert.equal(findBootloader('none'), undefined);
});

test('the loaders that the flash command takes are there with their protocol', () => {
	for (const [id, protocol] of [
		['atmel-dfu', 'atmel-dfu'],
		['lufa-dfu', 'atmel-dfu'],
		['qmk-dfu', 'atmel-dfu'],
		['caterina', 'caterina'],
		['halfkay', 'halfkay'],
		['bootloadhid', 'bootloadhid'],
		['usbasploader', 'usbasploader'],
		['lufa-hid', 'lufa-hid'],
		['qmk-hid', 'qmk-hid'],
		['lufa-ms', 'lufa-ms'],
	] as const)
		assert.equal(findBootloader(id)?.protocol, protocol, id);
});

test('a loader ends inside the flash; where a boot section exists it starts at one of its starts', () => {
	// Micronucleus has no boot section; LUFA mass storage is known to be bigger than the hardware's.
	for (const {id, boot} of bootloaders) {
		for (const {chip, startByteAddress, bytes} of boot) {
			const known = findChip(chip);
			assert.ok(known, `${id} ${chip}`);
			assert.ok(startByteAddress + bytes <= known.flash.bytes, `${id} ${chip}`);
			if (id === 'micronucleus' || id === 'lufa-ms') continue;
			assert.ok(
				known.bootSections.some(section => section.startByteAddress === startByteAddress),
				`${id} ${chip} 0x${startByteAddress.toString(16)}`,
			);
		}
	}
});

test('Atmel DFU has the product id that the chip data names', () => {
	const {usb} = findBootloader('atmel-dfu')!;
	assert.equal(usb.length, 11);
	for (const {who, vendorId, productId} of usb) {
		assert.equal(vendorId, 0x03eb);
		assert.equal(productId, findChip(who)?.dfuUsbPid, who);
	}
});

test('twenty images are known, each by checksums and ranges that agree with its size', () => {
	assert.equal(knownImages.length, 20);
	assert.equal(new Set(knownImages.map(({image}) => image.imageSha256)).size, 20);
	for (const {id, image} of knownImages) {
		const where = `${id} ${image.file}`;
		for (const sum of [image.imageSha256, image.fileSha256, image.fileSha256OtherLineEnding])
			assert.match(sum, /^[0-9a-f]{64}$/, where);
		assert.match(image.gitBlobSha1, /^[0-9a-f]{40}$/, where);
		assert.match(image.repository, /^[\w-]+\/[\w-]+$/, where);
		assert.ok(image.path.endsWith(image.file), where);
		assert.ok(image.source.length > 20, where);
		let last = -1;
		let bytes = 0;
		for (const [first, end] of image.ranges) {
			assert.ok(first > last && end >= first, where);
			bytes += end - first + 1;
			last = end;
		}
		assert.equal(bytes, image.dataBytes, where);
		for (const chip of image.chips)
			assert.ok(last < (findChip(chip)?.flash.bytes ?? 0), `${where} fits ${chip}`);
		for (const descriptor of image.usbDescriptors)
			assert.ok(
				image.ranges.some(([first, end]) => descriptor.byteAddress >= first && descriptor.byteAddress <= end),
				`${where}: its descriptor lies inside`,
			);
	}
});

test('an image of a loader holds a byte where the loader starts, and the loader its own identity', () => {
	for (const loader of bootloaders) {
		for (const image of loader.images) {
			for (const chip of image.chips) {
				const start = loader.boot.find(place => place.chip === chip)?.startByteAddress;
				assert.ok(
					image.ranges.some(([first, end]) => start !== undefined && first <= start && start <= end),
					`${image.file} ${chip}`,
				);
			}
			if (loader.usb.length === 0) continue;
			assert.ok(
				image.usbDescriptors.some(found =>
					loader.usb.some(
						({vendorId, productId}) => vendorId === found.vendorId && productId === found.productId,
					),
				),
				image.file,
			);
		}
	}
});

test('HalfKay cannot be had and says so; no image of it is listed', () => {
	const halfkay = findBootloader('halfkay')!;
	assert.equal(halfkay.imagePublished, false);
	assert.match(halfkay.warnings.join(), /destroys it/);
	assert.ok(halfkay.doubtful.length > 0);
});

test('USBaspLoader warns that it looks like a USBasp programmer', () => {
	assert.match(findBootloader('usbasploader')!.warnings.join(), /USBasp/);
});

test("Debian's two Optiboot images that leave the flash are named", () => {
	const {defectiveImages} = findBootloader('optiboot')!;
	assert.deepEqual(
		defectiveImages.map(image => [image.file, image.range]),
		[
			['optiboot/optiboot_atmega328.hex', [0x7e00, 0x8013]],
			['optiboot/optiboot_atmega168.hex', [0x3e00, 0x4013]],
		],
	);
	for (const [chip, image] of [
		['atmega328p', defectiveImages[0]],
		['atmega168', defectiveImages[1]],
	] as const) {
		assert.ok(image!.range[1] >= findChip(chip)!.flash.bytes, chip);
		assert.equal(image!.range[1] - image!.range[0] + 1, image!.dataBytes);
	}
});

test('the two ISP firmwares are applications at 0x0000 without a bootloader', () => {
	assert.deepEqual(
		ispFirmwares.map(({id}) => id),
		['promicro_isp', 'teensy2_isp'],
	);
	for (const {id, image, chip, source} of ispFirmwares) {
		assert.equal(findIspFirmware(id)?.id, id);
		assert.equal(image.ranges[0]?.[0], 0);
		assert.ok(
			image.ranges.every(([, end]) => end < 0x7000),
			id,
		);
		assert.ok(findChip(chip), id);
		assert.ok(source.length > 10, id);
	}
});
