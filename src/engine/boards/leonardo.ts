// Arduino Leonardo: figures, see `source`.
import type {Board} from './board.ts';

export const leonardo = {
	id: 'leonardo',
	name: 'Arduino Leonardo',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {
		RESET: 'ICSP-5 or RESET',
		SCK: 'ICSP-3',
		MOSI: 'ICSP-4',
		MISO: 'ICSP-1',
		VCC: 'ICSP-2 / 5V',
		GND: 'ICSP-6',
	},
	header: '6-pin',
	headerNote: 'ICSP 6-pin',
	bootloader: 'caterina',
	bootloaders: ['caterina'],
	fuses: 'leonardo_qmk',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'ArduinoCore-avr variants/leonardo, boards.txt',
} as const satisfies Board;
