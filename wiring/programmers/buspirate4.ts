// buspirate4: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const buspirate4 = {
	id: 'buspirate4',
	name: 'Bus Pirate v4',
	aliases: [],
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
	traps: ['Its own bootloader answers as 04d8:faff: then it is not a programmer yet.'],
	doubtful: [],
	source: 'DangerousPrototypes/Bus_Pirate inf/mchpcdc.inf; avrdude buspirate.c',
} as const satisfies ProgrammerPinout;
