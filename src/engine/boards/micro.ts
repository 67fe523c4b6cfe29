// Arduino Micro: figures, see `source`.
import type {Board} from './board.ts';

export const micro = {
	id: 'micro',
	name: 'Arduino Micro',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RESET', SCK: 'SCK', MOSI: 'MOSI', MISO: 'MISO', VCC: '5V', GND: 'GND'},
	header: '6-pin',
	headerNote: 'ICSP 6-pin',
	bootloader: 'caterina',
	bootloaders: ['caterina'],
	fuses: 'leonardo_qmk',
	warnings: [],
	notes: ['logical D15/D16/D14 are not printed as 15/16/14 on this board'],
	doubtful: ['exact silkscreen abbreviation (MO/MI on some revisions)'],
	source: 'ArduinoCore-avr variants/micro',
} as const satisfies Board;
