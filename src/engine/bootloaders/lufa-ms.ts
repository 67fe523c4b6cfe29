// LUFA mass storage: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const lufaMs = {
	id: 'lufa-ms',
	name: 'LUFA mass storage',
	protocol: 'lufa-ms',
	usb: [{who: 'atmega32u4', vendorId: 0x03eb, productId: 0x2045}],
	boot: [
		{chip: 'atmega32u4', startByteAddress: 0x6800, bytes: 6144, note: 'BOOTLOADER_SIZE 6144'},
		{chip: 'atmega32u4', startByteAddress: 0x6000, bytes: 8192, note: 'the default'},
	],
	entry: 'hwb-or-reset',
	enter: ['board dependent (QK_BOOT or key at plug-in)'],
	flashTool: 'copy a .bin over FLASH.BIN on the mass-storage drive',
	windowsDriver: 'USBSTOR',
	imagePublished: false,
	boards: 'tada68, several dztech/kbdfans RGB boards, hhkb/yang, ydkb/just60',
	warnings: [
		'bigger than the 4096-byte hardware boot section of the 32U4; vendor images not published; recovery means replacing it by DFU',
	],
	doubtful: [],
	images: [],
	defectiveImages: [],
	source:
		'QMK platforms/avr/bootloader.mk, lib/python/qmk/constants.py, util/udev/50-qmk.rules, docs/flashing.md; qmk_toolbox UsbListener.cs, drivers.txt; QMK keyboards/*/keyboard.json + rules.mk',
} as const satisfies Bootloader;
