// Optiboot: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const optiboot = {
	id: 'optiboot',
	name: 'Optiboot',
	protocol: null,
	usb: [],
	boot: [
		{chip: 'atmega328p', startByteAddress: 0x7e00, bytes: 512},
		{chip: 'atmega8', startByteAddress: 0x1e00, bytes: 512},
	],
	entry: 'reset',
	enter: ['at every reset; Arduino boards are reset by DTR when the port opens'],
	flashTool: 'avrdude -p <mcu> -c arduino -P <port> -b 115200',
	imagePublished: true,
	warnings: [],
	doubtful: [],
	images: [
		{
			file: 'optiboot_atmega328.hex',
			chips: ['atmega328p'],
			repository: 'arduino/ArduinoCore-avr',
			path: 'bootloaders/optiboot/optiboot_atmega328.hex',
			gitBlobSha1: 'a219f08336dd101f2702f75ff8650c5fc2acd4b2',
			fileBytes: 1467,
			lineEnding: 'crlf',
			fileSha256: '3fe5f1e25110ba20ca8ec7b520c1146417bcf864c80ebd960edeb16efa5b9a61',
			fileSha256OtherLineEnding: 'b26a7a71fbb65c6002154238e3d14198b42bd77408b509161f1d478210da7abd',
			imageSha256: 'e36d971b54b3336178813bf16cddf2658866367874587f7fc6c560fb629fbc74',
			dataBytes: 502,
			ranges: [
				[0x7e00, 0x7ff3],
				[0x7ffe, 0x7fff],
			],
			usbDescriptors: [],
			note: 'upstream image; NOT the Debian rebuild',
			source: 'arduino/ArduinoCore-avr bootloaders/optiboot/; checksums computed from the file',
		},
	],
	defectiveImages: [
		{
			file: 'optiboot/optiboot_atmega328.hex',
			range: [0x7e00, 0x8013],
			dataBytes: 532,
			problem: '20 bytes past the end of a 32 KiB flash and past the 512-byte boot section',
			source: 'arduino-core-avr 1.8.7+dfsg-1, computed from the installed package',
		},
		{
			file: 'optiboot/optiboot_atmega168.hex',
			range: [0x3e00, 0x4013],
			dataBytes: 532,
			problem: '20 bytes past the end of a 16 KiB flash and past the 512-byte boot section',
			source: 'arduino-core-avr 1.8.7+dfsg-1, computed from the installed package',
		},
	],
	source:
		'ArduinoCore-avr boards.txt; image arduino/ArduinoCore-avr bootloaders/optiboot/; arduino-core-avr 1.8.7+dfsg-1',
} as const satisfies Bootloader;
