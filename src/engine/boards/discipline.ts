// CFTKB Discipline / Mysterium: figures, see `source`.
import type {Board} from './board.ts';

export const discipline = {
	id: 'discipline',
	name: 'CFTKB Discipline / Mysterium',
	chip: 'atmega32a',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {RESET: 'pin 9', SCK: 'pin 8', MOSI: 'pin 6', MISO: 'pin 7', VCC: 'pin 10', GND: 'pins 11/31'},
	header: '6-pin',
	headerNote: 'ICSP 3x2 footprint (Discipline)',
	packageName: 'PDIP40',
	bootloader: 'usbasploader',
	bootloaders: ['usbasploader'],
	fuses: 'usbasploader_m32a',
	enter: 'hold BOOT, tap RESET',
	warnings: [],
	notes: ['ATmega32A, not ATmega328P'],
	doubtful: [],
	source:
		'coseyfannitutti/discipline (PCB, doc/bootloader/README.md); QMK keyboards/coseyfannitutti/discipline',
} as const satisfies Board;
