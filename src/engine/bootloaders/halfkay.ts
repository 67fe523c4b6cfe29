// HalfKay (Teensy): figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const halfkay = {
	id: 'halfkay',
	name: 'HalfKay (Teensy)',
	protocol: 'halfkay',
	usb: [{who: 'all Teensy', vendorId: 0x16c0, productId: 0x0478}],
	boot: [
		{chip: 'at90usb162', startByteAddress: 0x3e00, bytes: 512},
		{chip: 'atmega32u4', startByteAddress: 0x7e00, bytes: 512},
		{chip: 'at90usb646', startByteAddress: 0xfc00, bytes: 1024},
		{chip: 'at90usb1286', startByteAddress: 0x1fc00, bytes: 1024},
	],
	entry: 'hwb',
	enter: ['QK_BOOT', 'Teensy push button'],
	flashTool: 'teensy_loader_cli -v -mmcu=<mcu> <hex>',
	windowsDriver: 'HidUsb (none needed)',
	imagePublished: false,
	fusesNote:
		'not published by PJRC; nanoBoot README calls 5F / DF / F4 Teensy-like (BOOTSZ 11 = 0x7E00, BOOTRST 1, HWBE 0, BOD 2.4 V, consistent with the 512-byte loader); prefer what reads back',
	warnings: [
		'closed source; chip erase over ISP destroys it and it cannot be restored: replace by another loader (and say so before erasing a Teensy)',
	],
	doubtful: ['its fuses are not published'],
	images: [],
	defectiveImages: [],
	source:
		'QMK platforms/avr/bootloader.mk, lib/python/qmk/constants.py, util/udev/50-qmk.rules, docs/flashing.md; qmk_toolbox UsbListener.cs, drivers.txt; QMK platforms/avr/bootloaders/halfkay.c',
} as const satisfies Bootloader;
