// nanoBoot: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const nanoboot = {
	id: 'nanoboot',
	name: 'nanoBoot',
	protocol: 'lufa-hid',
	usb: [{who: 'any', vendorId: 0x03eb, productId: 0x2067}],
	boot: [{chip: 'atmega32u4', startByteAddress: 0x7e00, bytes: 512}],
	entry: 'hwb-or-reset',
	enter: ['external reset (BOOTRST) or HWB'],
	flashTool: 'hid_bootloader_cli',
	imagePublished: false,
	fusesNote: 'FF (or 7F) / D6 / F7 (BOD off); or Teensy-like 5F / DF / F4 (BOD 2.4 V)',
	warnings: [],
	doubtful: [],
	images: [],
	defectiveImages: [],
	source:
		'QMK platforms/avr/flash.mk (target only, not an accepted BOOTLOADER value); volium/nanoBoot README.md, nanoBoot.S',
} as const satisfies Bootloader;
