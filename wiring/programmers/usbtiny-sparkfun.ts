// usbtiny-sparkfun: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const usbtinySparkfun = {
	id: 'usbtiny_sparkfun',
	name: 'SparkFun Pocket AVR Programmer',
	aliases: ['usbtiny', 'pocketavr', 'pocket_avr'],
	driver: 'usbtiny',
	avrdudeId: 'usbtiny',
	headers: ['6-pin', '10-pin'],
	labels: {RESET: 'RST', SCK: 'SCK (or SCLK)', MOSI: 'MOSI', MISO: 'MISO', VCC: 'VCC', GND: 'GND'},
	power: {
		supply: 'switch',
		volts: [5],
		signalVolts: 5,
		note: 'Its switch puts 5 V from USB on VCC, or nothing. "Power target" stays off while anything else feeds the board.',
	},
	fastFlashBytes: 65_536,
	traps: ['It has no serial port: nothing appears in a list of ports, and that is right.'],
	doubtful: [],
	source:
		'QMK isp_flashing_guide.md (PocketAVR table); sparkfun/Pocket_AVR_Programmer spi/usbtiny.h and spi/main.c; avrdude usbtiny.c, NEWS 7.1',
} as const satisfies ProgrammerPinout;
