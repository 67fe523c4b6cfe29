// buspirate3: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const buspirate3 = {
	id: 'buspirate3',
	name: 'Bus Pirate v3',
	aliases: ['buspirate', 'bus_pirate'],
	driver: 'buspirate',
	avrdudeId: 'buspirate',
	headers: [],
	labels: {RESET: 'CS', SCK: 'CLK', MOSI: 'MOSI', MISO: 'MISO', VCC: '+5V (or +3V3)', GND: 'GND'},
	power: {
		supply: 'software',
		volts: [5, 3.3],
		lowLabel: '+3V3 (never +5V)',
		signalVolts: 3.3,
		note: 'Its supplies (+5V and +3V3, 150 mA) are off until they are switched on. Its outputs are 3.3 V; 5 V levels need open-drain outputs with pull-ups on VPU.',
	},
	resetTrap: 'From CS: the Bus Pirate has no pin called RESET for this.',
	traps: ["The 5-pin ICSP header is for the Bus Pirate's own PIC: use the 2x5 header opposite the USB plug."],
	doubtful: [],
	source:
		'avrdude buspirate.c (CS is RESET); SparkFun Bus Pirate v3.6a hookup guide; QMK isp_flashing_guide.md',
} as const satisfies ProgrammerPinout;
