// QMK HID: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const qmkHid = {
	id: 'qmk-hid',
	name: 'QMK HID',
	protocol: 'qmk-hid',
	usb: [{who: 'any', vendorId: 0x03eb, productId: 0x2067}],
	bcdDevice: 0x0936,
	boot: [
		{chip: 'at90usb82', startByteAddress: 0x1000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'at90usb162', startByteAddress: 0x3000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'atmega8u2', startByteAddress: 0x1000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'atmega16u2', startByteAddress: 0x3000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'atmega32u2', startByteAddress: 0x7000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'atmega16u4', startByteAddress: 0x3000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'atmega32u4', startByteAddress: 0x7000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'at90usb646', startByteAddress: 0xf000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'at90usb647', startByteAddress: 0xf000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'at90usb1286', startByteAddress: 0x1f000, bytes: 4096, note: 'flash end minus 4096'},
		{chip: 'at90usb1287', startByteAddress: 0x1f000, bytes: 4096, note: 'flash end minus 4096'},
	],
	entry: 'hwb-or-reset',
	enter: ['QK_BOOT', 'RESET'],
	flashTool: 'hid_bootloader_cli -mmcu=<mcu> -w -v <hex>',
	windowsDriver: 'HidUsb (none needed)',
	imagePublished: false,
	warnings: [],
	doubtful: [],
	images: [],
	defectiveImages: [],
	source:
		'QMK platforms/avr/bootloader.mk, lib/python/qmk/constants.py, util/udev/50-qmk.rules, docs/flashing.md; qmk_toolbox UsbListener.cs, drivers.txt; qmk/lufa Bootloaders/HID/Descriptors.c',
} as const satisfies Bootloader;
