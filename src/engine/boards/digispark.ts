// Digispark (ATtiny85): figures, see `source`.
import type {Board} from './board.ts';

export const digispark = {
	id: 'digispark',
	name: 'Digispark (ATtiny85)',
	chip: 'attiny85',
	supported: true,
	clock: {kind: 'pll', mhz: 16.5},
	vcc: 5,
	isp: {RESET: 'P5', SCK: 'P2', MOSI: 'P0', MISO: 'P1', VCC: '5V', GND: 'GND'},
	bootloader: 'micronucleus',
	bootloaders: ['micronucleus'],
	fuses: 'micronucleus_t85',
	warnings: [
		'many are sold with RSTDISBL programmed (high fuse 0x5x): ISP cannot reach them, only 12 V programming',
	],
	notes: [],
	doubtful: [],
	source: 'ATDF pinout; micronucleus t85_default',
} as const satisfies Board;
