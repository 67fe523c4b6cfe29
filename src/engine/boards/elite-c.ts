// Elite-C (v3/v4): figures, see `source`.
import type {Board} from './board.ts';

export const eliteC = {
	id: 'elite_c',
	name: 'Elite-C (v3/v4)',
	chip: 'atmega32u4',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'RST', SCK: 'B1', MOSI: 'B2', MISO: 'B3', VCC: 'VCC', GND: 'GND'},
	bootloader: 'atmel-dfu',
	bootloaders: ['atmel-dfu', 'qmk-dfu', 'lufa-dfu'],
	fuses: 'dfu_32u4_jtag_off',
	warnings: [],
	notes: [],
	doubtful: ['silkscreen uses AVR port names on the units known; not re-read here'],
	source: 'QMK docs/features/split_keyboard.md, feature_converters.md (DFU); pin position as Pro Micro',
} as const satisfies Board;
