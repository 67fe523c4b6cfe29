// SparkFun Pro Micro 5 V/16 MHz and clones: figures, see `source`.
import type {Board} from './board.ts';

export const promicro5v = {
	id: 'promicro_5v',
	name: 'SparkFun Pro Micro 5 V/16 MHz and clones',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: '15', MOSI: '16', MISO: '14', VCC: 'VCC', GND: 'GND'},
	bootloader: 'caterina',
	bootloaders: ['caterina', 'atmel-dfu', 'qmk-dfu'],
	fuses: 'promicro16_qmk',
	warnings: [],
	notes: ['Whether HWB (PE2) is tied low on the board is not known; a DFU loader needs it low.'],
	doubtful: [],
	source: 'SparkFun boards.txt + pins_arduino.h; QMK guide',
} as const satisfies Board;
