// USBaspLoader: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const usbasploader = {
	id: 'usbasploader',
	name: 'USBaspLoader',
	protocol: 'usbasploader',
	usb: [
		{who: 'atmega328p', vendorId: 0x16c0, productId: 0x05dc},
		{who: 'atmega32a', vendorId: 0x16c0, productId: 0x05dc},
	],
	boot: [
		{chip: 'atmega328p', startByteAddress: 0x7000, bytes: 4096},
		{chip: 'atmega328', startByteAddress: 0x7000, bytes: 4096},
		{chip: 'atmega32a', startByteAddress: 0x7000, bytes: 4096},
	],
	entry: 'reset',
	enter: ['QK_BOOT', 'hold BOOT, tap RESET'],
	flashTool: 'avrdude -p <mcu> -c usbasp',
	windowsDriver: 'libusbK',
	imagePublished: true,
	warnings: [
		'same VID:PID and strings (www.fischl.de / USBasp) as a real USBasp programmer: never treat one as the other; Plaid build has bcdDevice 0x0102',
	],
	doubtful: [],
	images: [
		{
			file: 'main.hex',
			chips: ['atmega328p'],
			repository: 'hsgw/USBaspLoader',
			path: 'firmware/main.hex',
			gitBlobSha1: '93a233d3c50e75519b0e516da7491ddceeccdf39',
			fileBytes: 6253,
			lineEnding: 'crlf',
			fileSha256: '40791005316841decc2fe58108c6e36619e7a468490a8ee66a3d98ca9bab9f7b',
			fileSha256OtherLineEnding: 'a189b58152b7bd5f43cebbfc12dc0b9498f0ff75bc00fbfe606022ab17f921c9',
			imageSha256: '50d185efa9d09afaeee32172216dd3fb34c8b51da43e5c45a18e5c263c5ac48d',
			dataBytes: 2206,
			ranges: [[0x7000, 0x789d]],
			usbDescriptors: [
				{
					vendorId: 0x16c0,
					productId: 0x05dc,
					bcdDevice: 0x0102,
					deviceClass: 0xff,
					bcdUsb: 0x0110,
					byteAddress: 0x7098,
				},
			],
			note: 'pre-built; pins fixed to Plaid wiring',
			source: 'hsgw/USBaspLoader branch plaid; checksums computed from the file',
		},
	],
	defectiveImages: [],
	source:
		'QMK platforms/avr/bootloader.mk, lib/python/qmk/constants.py, util/udev/50-qmk.rules, docs/flashing.md; qmk_toolbox UsbListener.cs, drivers.txt; USBaspLoader Makefile.inc',
} as const satisfies Bootloader;
