// Arduino Pro Mini 3.3 V/8 MHz: figures, see `source`.
import type {Board} from './board.ts';

export const proMini3v3 = {
	id: 'pro_mini_3v3',
	name: 'Arduino Pro Mini 3.3 V/8 MHz',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 8},
	vcc: 3.3,
	isp: {RESET: 'RST', SCK: '13', MOSI: '11', MISO: '12', VCC: 'VCC', GND: 'GND'},
	bootloader: 'atmegaboot',
	bootloaders: ['atmegaboot'],
	fuses: 'promini_3v3',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'ArduinoCore-avr boards.txt',
} as const satisfies Board;
