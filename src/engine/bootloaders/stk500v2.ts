// stk500boot v2 (Arduino Mega 2560): figures, see `source`.
import type {Bootloader} from './bootloader.ts';

export const stk500v2 = {
	id: 'stk500v2',
	name: 'stk500boot v2 (Arduino Mega 2560)',
	protocol: null,
	usb: [],
	boot: [{chip: 'atmega2560', startByteAddress: 0x3e000, bytes: 8192}],
	entry: 'reset',
	enter: ['at every reset'],
	flashTool: 'avrdude -p m2560 -c wiring -P <port> -b 115200',
	imagePublished: false,
	howToGet: 'Debian package arduino-core-avr: bootloaders/stk500v2/stk500boot_v2_mega2560.hex',
	warnings: [],
	doubtful: [],
	images: [],
	defectiveImages: [],
	source:
		'ArduinoCore-avr boards.txt; arduino-core-avr 1.8.7+dfsg-1 stk500v2/stk500boot_v2_mega2560.hex (0x3E000-0x3F727)',
} as const satisfies Bootloader;
