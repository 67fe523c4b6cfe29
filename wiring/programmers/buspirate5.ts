// buspirate5: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const buspirate5 = {
	id: 'buspirate5',
	name: 'Bus Pirate 5',
	aliases: [],
	driver: 'buspirate',
	avrdudeId: 'buspirate',
	headers: [],
	labels: {
		RESET: 'IO5 (CS)',
		SCK: 'IO6 (CLK)',
		MOSI: 'IO7',
		MISO: 'IO4',
		VCC: 'VREF/VOUT',
		GND: 'GND',
	},
	power: {
		supply: 'software',
		volts: [5, 3.3],
		lowLabel: 'VREF/VOUT, set to 3.3 V',
		signalVolts: 'target',
		note: 'Its supply (1 to 5 V on VOUT) is set on the device itself before anything else; the signals follow it.',
	},
	resetTrap: 'From IO5: the Bus Pirate has no pin called RESET for this.',
	traps: [
		'Choose its legacy binary mode for avrdude on the device first and use its second port. Nobody has tried it with this program.',
	],
	doubtful: ['Its legacy mode calls itself experimental.'],
	source: 'BusPirate5-firmware src/pirate.h and src/binmode/legacy4third.c',
} as const satisfies ProgrammerPinout;
