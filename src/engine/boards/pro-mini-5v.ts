// Arduino Pro Mini 5 V/16 MHz: figures, see `source`.
import type {Board} from './board.ts';

export const proMini5v = {
	id: 'pro_mini_5v',
	name: 'Arduino Pro Mini 5 V/16 MHz',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: '13', MOSI: '11', MISO: '12', VCC: 'VCC', GND: 'GND'},
	bootloader: 'atmegaboot',
	bootloaders: ['atmegaboot'],
	fuses: 'nano_old',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'ArduinoCore-avr boards.txt',
} as const satisfies Board;
