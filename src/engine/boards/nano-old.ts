// Arduino Nano, old bootloader (ATmegaBOOT, 57600 baud): figures, see `source`.
import type {Board} from './board.ts';

export const nanoOld = {
	id: 'nano_old',
	name: 'Arduino Nano, old bootloader (ATmegaBOOT, 57600 baud)',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: 'D13', MOSI: 'D11', MISO: 'D12', VCC: '5V', GND: 'GND'},
	header: '6-pin',
	headerNote: 'ICSP 6-pin',
	bootloader: 'atmegaboot',
	bootloaders: ['atmegaboot'],
	fuses: 'nano_old',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'ArduinoCore-avr boards.txt',
} as const satisfies Board;
