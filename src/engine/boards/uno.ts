// Arduino Uno: figures, see `source`.
import type {Board} from './board.ts';

export const uno = {
	id: 'uno',
	name: 'Arduino Uno',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RESET', SCK: '13', MOSI: '11', MISO: '12', VCC: '5V', GND: 'GND'},
	header: '6-pin',
	headerNote: 'ICSP next to the ATmega328P (the one by the USB plug is the 16U2)',
	bootloader: 'optiboot',
	bootloaders: ['optiboot'],
	fuses: 'optiboot_uno',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'ArduinoCore-avr boards.txt',
} as const satisfies Board;
