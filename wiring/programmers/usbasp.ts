// usbasp: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const usbasp = {
	id: 'usbasp',
	name: 'USBasp',
	aliases: ['usbasp-clone'],
	driver: 'usbasp',
	avrdudeId: 'usbasp',
	headers: ['10-pin', '6-pin'],
	labels: {RESET: 'RST', SCK: 'SCK (or SCLK)', MOSI: 'MOSI', MISO: 'MISO', VCC: 'VCC', GND: 'GND'},
	power: {
		supply: 'jumper',
		volts: [5, 3.3],
		signalVolts: 5,
		note: 'Its supply jumper (J1; JP1 on clones) puts 5 V on VCC; a clone may offer 3.3 V there, yet its signals may stay at 5 V.',
	},
	traps: [
		'Some clones refuse the SCK command and stay at 375 kHz: then close the slow-SCK jumper (J3; JP3 on clones), which gives about 8 kHz.',
		'The jumper for programming the USBasp itself (J2) stays open.',
	],
	doubtful: ['The numbering of jumpers varies between clones.'],
	source:
		'QMK isp_flashing_guide.md (USBasp table); dioannidis/usbasp Readme.txt and README.md; avrdude usbasp.c',
} as const satisfies ProgrammerPinout;
