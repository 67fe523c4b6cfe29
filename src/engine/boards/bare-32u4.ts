// Planck-type keyboard, ATmega32U4 on the PCB: figures, see `source`.
import type {Board} from './board.ts';

export const bare32u4 = {
	id: 'bare_32u4',
	name: 'Planck-type keyboard, ATmega32U4 on the PCB',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {
		RESET: 'reset button pad',
		SCK: 'PB1, pin 9',
		MOSI: 'PB2, pin 10',
		MISO: 'PB3, pin 11',
		VCC: 'pins 14/34',
		GND: 'pins 15/23/35/43',
	},
	packageName: 'TQFP44',
	bootloader: 'atmel-dfu',
	bootloaders: ['atmel-dfu', 'qmk-dfu', 'lufa-dfu', 'qmk-hid'],
	fuses: 'dfu_32u4_jtag_off',
	warnings: [],
	notes: [
		'Older boards carry Atmel DFU, newer ones QMK DFU.',
		'Board ISP header if any; else reset switch + the switch/diode pads that reach PB1/PB2/PB3 (see matrix pins in keyboard.json)',
		'The pin numbers hold for TQFP44 and QFN44.',
	],
	doubtful: [],
	source: 'ATDF + KiCad pinout; QMK flashing.md',
} as const satisfies Board;
