// Arduino Nano, new bootloader (Optiboot, 115200 baud): figures, see `source`.
import type {Board} from './board.ts';

export const nanoNew = {
	id: 'nano_new',
	name: 'Arduino Nano, new bootloader (Optiboot, 115200 baud)',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: 'D13', MOSI: 'D11', MISO: 'D12', VCC: '5V', GND: 'GND'},
	header: '6-pin',
	headerNote: 'ICSP 6-pin',
	bootloader: 'optiboot',
	bootloaders: ['optiboot'],
	fuses: 'nano_new',
	warnings: [],
	notes: [
		'The Arduino core points the reset at 0x7800 though Optiboot starts at 0x7e00; blank flash lets it slide up. 0xde would point straight at it.',
	],
	doubtful: [],
	source: 'ArduinoCore-avr boards.txt',
} as const satisfies Board;
