// DM9Records Plaid: figures, see `source`.
import type {Board} from './board.ts';

export const plaid = {
	id: 'plaid',
	name: 'DM9Records Plaid',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {
		RESET: 'pin 1',
		SCK: 'pin 19',
		MOSI: 'pin 17',
		MISO: 'pin 18',
		VCC: 'pin 7 (20 AVCC)',
		GND: 'pins 8/22',
	},
	header: '6-pin',
	headerNote: 'ISP 2x3 (silkscreen ISP)',
	packageName: 'PDIP28',
	bootloader: 'usbasploader',
	bootloaders: ['usbasploader'],
	fuses: 'usbasploader_m328p',
	enter: 'hold RESET, hold BOOT, release RESET, release BOOT',
	warnings: [],
	notes: [],
	doubtful: [],
	source: 'hsgw/plaid pcb + doc/en/bootloader.md; QMK keyboards/dm9records/plaid',
} as const satisfies Board;
