// PS2AVRGB boards (jj40, jj50, B.mini, ...): figures, see `source`.
import type {Board} from './board.ts';

export const ps2avrgb = {
	id: 'ps2avrgb',
	name: 'PS2AVRGB boards (jj40, jj50, B.mini, ...)',
	chip: 'atmega32a',
	supported: true,
	clock: {kind: 'xtal', mhz: 12},
	vcc: 5,
	isp: {
		RESET: 'pin 4',
		SCK: 'PB7, pin 3',
		MOSI: 'PB5, pin 1',
		MISO: 'PB6, pin 2',
		VCC: 'pins 5/17/38',
		GND: 'pins 6/18/28/39',
	},
	packageName: 'TQFP44',
	bootloader: 'bootloadhid',
	bootloaders: ['bootloadhid'],
	fuses: 'bootloadhid_m32a_qmk',
	enter: 'hold the salt key (jj40: top right key) while plugging in',
	warnings: [],
	notes: [
		'0F/D0 is what these boards ship with and works; 0F/C0 (CKOPT programmed) keeps the crystal within its specification.',
	],
	doubtful: ['crystal may be 12 or 16 MHz: read its marking', 'ISP header presence varies'],
	source:
		'ATDF + KiCad; QMK keyboards/kprepublic/jj40/rev1/readme.md, mcu_selection.mk (F_CPU 12 MHz default)',
} as const satisfies Board;
