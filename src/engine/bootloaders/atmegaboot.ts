// ATmegaBOOT: figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const atmegaboot = {
	id: 'atmegaboot',
	name: 'ATmegaBOOT',
	protocol: null,
	usb: [],
	boot: [
		{chip: 'atmega328p', startByteAddress: 0x7800, bytes: 2048},
		{chip: 'atmega168', startByteAddress: 0x3800, bytes: 2048},
		{chip: 'atmega8', startByteAddress: 0x1c00, bytes: 1024},
		{chip: 'atmega1280', startByteAddress: 0x1f000, bytes: 4096},
	],
	entry: 'reset',
	enter: ['at every reset'],
	flashTool: 'avrdude -p <mcu> -c arduino -P <port> -b 57600 (ATmega8: 19200)',
	imagePublished: false,
	howToGet:
		'Debian package arduino-core-avr: bootloaders/atmega/ATmegaBOOT_168_*.hex (0x3800 or 0x7800), bootloaders/atmega8/ATmegaBOOT.hex (0x1C00)',
	warnings: [],
	doubtful: ['baud rates are the usual ones, not re-read here'],
	images: [],
	defectiveImages: [],
	source:
		'ArduinoCore-avr boards.txt; arduino-core-avr 1.8.7+dfsg-1 atmega/ATmegaBOOT_168_*.hex, atmega8/ATmegaBOOT.hex',
} as const satisfies Bootloader;
