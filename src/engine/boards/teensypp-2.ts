// PJRC Teensy++ 2.0: figures, see `source`.
import type {Board} from './board.ts';

export const teensypp2 = {
	id: 'teensypp_2',
	name: 'PJRC Teensy++ 2.0',
	chip: 'at90usb1286',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: 'B1', MOSI: 'B2', MISO: 'B3', VCC: 'VCC', GND: 'GND'},
	bootloader: 'halfkay',
	bootloaders: ['halfkay', 'atmel-dfu', 'qmk-dfu'],
	warnings: ['as Teensy 2.0; 128 KiB flash: see usbtiny limit'],
	notes: [],
	doubtful: [],
	source: 'QMK flashing.md, halfkay.c',
} as const satisfies Board;
