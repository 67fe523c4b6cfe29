// CFTKB Discipad / Romeo: figures, see `source`.
import type {Board} from './board.ts';

export const discipadRomeo = {
	id: 'discipad_romeo',
	name: 'CFTKB Discipad / Romeo',
	chip: 'atmega328p',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'pin 1', SCK: 'pin 19', MOSI: 'pin 17', MISO: 'pin 18', VCC: 'pin 7', GND: 'pins 8/22'},
	packageName: 'PDIP28',
	bootloader: 'usbasploader',
	bootloaders: ['usbasploader'],
	fuses: 'usbasploader_m328p',
	warnings: [],
	notes: [],
	doubtful: ['package assumed DIP'],
	source: 'QMK keyboards/coseyfannitutti/{discipad,romeo}',
} as const satisfies Board;
