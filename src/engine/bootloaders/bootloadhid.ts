// BootloadHID: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const bootloadhid = {
	id: 'bootloadhid',
	name: 'BootloadHID',
	protocol: 'bootloadhid',
	usb: [{who: 'atmega32a', vendorId: 0x16c0, productId: 0x05df}],
	boot: [{chip: 'atmega32a', startByteAddress: 0x7000, bytes: 4096}],
	entry: 'reset',
	enter: ['QK_BOOT (writes EEPROM byte 1 = 0)', 'hold the salt key (A0/B0 matrix corner) while plugging in'],
	flashTool: 'bootloadHID -r <hex>',
	windowsDriver: 'HidUsb (none needed)',
	imagePublished: true,
	warnings: [],
	doubtful: [],
	images: [
		{
			file: 'bootloader_ps2avrgb_bootloadhid_1.0.1.hex',
			chips: ['atmega32a'],
			repository: 'qmk/qmk_firmware',
			path: 'util/bootloader_ps2avrgb_bootloadhid_1.0.1.hex',
			commit: '6232e7a2e74e8dfaea2cd78833d37e751757bd8e',
			gitBlobSha1: '0e4c872bbf5cbee3a9214845604f974842895769',
			fileBytes: 6776,
			lineEnding: 'lf',
			fileSha256: '2a0ff159186e35eba2671398e446e3c1cf4b2c554ca404c18039035bd4d36ec4',
			fileSha256OtherLineEnding: '7da646a548a4570aff50d34311875cf7b0115d2efd09159955cb37fb00486801',
			imageSha256: '052af829faf1864344c1329a50aa3f115bd872e30ead669569f7795b05e37b1d',
			dataBytes: 2448,
			ranges: [[0x7000, 0x798f]],
			usbDescriptors: [
				{
					vendorId: 0x16c0,
					productId: 0x05df,
					bcdDevice: 0x0101,
					deviceClass: 0x00,
					bcdUsb: 0x0110,
					byteAddress: 0x707a,
				},
			],
			source:
				'qmk/qmk_firmware util/ (blob identical in 3 forks: drashna 2024-10, vial-kb 2024-03, chipperdoodles 2024-05; length and closing records match qmk/qmk_firmware itself); checksums computed from the file',
		},
	],
	defectiveImages: [],
	source:
		'QMK platforms/avr/bootloader.mk, lib/python/qmk/constants.py, util/udev/50-qmk.rules, docs/flashing.md; qmk_toolbox UsbListener.cs, drivers.txt; image descriptors (bcdDevice 0x0101, obdev.at / HIDBoot)',
} as const satisfies Bootloader;
