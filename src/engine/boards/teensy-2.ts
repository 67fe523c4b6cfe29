// PJRC Teensy 2.0: figures, see `source`.
import type {Board} from './board.ts';

export const teensy2 = {
	id: 'teensy_2',
	name: 'PJRC Teensy 2.0',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: 'B1', MOSI: 'B2', MISO: 'B3', VCC: 'VCC', GND: 'GND'},
	bootloader: 'halfkay',
	bootloaders: ['halfkay', 'atmel-dfu', 'qmk-dfu'],
	warnings: ['erase destroys HalfKay for good; replacement: atmel-dfu or qmk-dfu'],
	notes: [],
	doubtful: [],
	source: 'QMK guide, flashing.md, halfkay.c',
} as const satisfies Board;
