// Micronucleus: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const micronucleus = {
	id: 'micronucleus',
	name: 'Micronucleus',
	protocol: null,
	usb: [{who: 'attiny85 and others', vendorId: 0x16d0, productId: 0x0753}],
	boot: [
		{chip: 'attiny85', startByteAddress: 0x1a00, bytes: 1536, note: 't85_default'},
		{chip: 'attiny85', startByteAddress: 0x1a80, bytes: 1408, note: 't85_aggressive'},
		{chip: 'atmega328p', startByteAddress: 0x7a00, bytes: 1536},
	],
	entry: 'vector',
	enter: ['plug in (waits some seconds) or reset, by build option'],
	flashTool: 'micronucleus --run <hex>',
	windowsDriver: 'libusb/WinUSB',
	imagePublished: false,
	boards: 'QMK: BOOTLOADER = custom with PROGRAM_CMD (keyboards 1k, xiudi/xd002)',
	warnings: [],
	doubtful: [],
	images: [],
	defectiveImages: [],
	source: 'micronucleus firmware/configuration/*/Makefile.inc; avrdude.conf; QMK keyboards/1k/rules.mk',
} as const satisfies Bootloader;
