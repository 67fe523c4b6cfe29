// SparkFun Pro Micro 3.3 V/8 MHz: figures, see `source`.
import type {Board} from './board.ts';

export const promicro3v3 = {
	id: 'promicro_3v3',
	name: 'SparkFun Pro Micro 3.3 V/8 MHz',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 8},
	vcc: 3.3,
	isp: {
		RESET: 'RST',
		SCK: '15',
		MOSI: '16',
		MISO: '14',
		VCC: 'VCC (3.3 V; RAW is the regulator input)',
		GND: 'GND',
	},
	bootloader: 'caterina',
	bootloaders: ['caterina'],
	fuses: 'promicro8_qmk',
	warnings: [
		'looks identical to the 5 V board; crystal marking 8.000 vs 16.000 decides; wrong hex leaves USB dead',
	],
	notes: [],
	doubtful: [],
	source: 'SparkFun boards.txt',
} as const satisfies Board;
