// Keyboard with ATmega32U2 on the PCB: figures, see `source`.
import type {Board} from './board.ts';

export const bare32u2 = {
	id: 'bare_32u2',
	name: 'Keyboard with ATmega32U2 on the PCB',
	chip: 'atmega32u2',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {
		RESET: 'PC1, pin 24',
		SCK: 'PB1, pin 15',
		MOSI: 'PB2, pin 16',
		MISO: 'PB3, pin 17',
		VCC: 'pin 4',
		GND: 'pin 3',
	},
	packageName: 'TQFP32',
	bootloader: 'atmel-dfu',
	bootloaders: ['atmel-dfu', 'qmk-dfu', 'lufa-dfu'],
	fuses: 'dfu_mega32u2_factory',
	warnings: ['never write the U4 high fuse 0x99 here: bit 6 is RSTDISBL'],
	notes: ['The pin numbers hold for TQFP32 and QFN32.'],
	doubtful: [],
	source: 'ATDF + KiCad pinout',
} as const satisfies Board;
