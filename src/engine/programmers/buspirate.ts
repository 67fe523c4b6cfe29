// Bus Pirate: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const buspirate = {
	id: 'buspirate',
	name: 'Bus Pirate',
	avrdudeIds: ['buspirate'],
	transport: 'serial',
	identities: [
		{
			vendorId: 0x0403,
			productId: 0x6001,
			who: 'Bus Pirate v3, or any FTDI bridge',
			shared: true,
			model: 'v3',
		},
		{vendorId: 0x04d8, productId: 0xfb00, who: 'Bus Pirate v4', model: 'v4'},
		{
			vendorId: 0x1209,
			productId: 0x7331,
			who: 'Bus Pirate 5 or 6 (two ports: the second one, in legacy binary mode)',
			shared: true,
			model: 'v5',
		},
	],
	bauds: [115_200],
	opensWithReset: false,
	largestFlashBytes: null,
	sck: {
		slowestHz: 30_000,
		fastestHz: 8_000_000,
		settable: true,
		note: '30 kHz is the floor: a target below 120 kHz cannot be reached.',
	},
	targetPower: 'switchable',
	powerNote: '+5V and +3V3 together, 150 mA, off until you say that nothing else feeds the board.',
	measuresVolts: false,
	rescueClock: 'PWM on AUX, up to about 4 MHz',
	windowsDriver: 'bridge',
	notes: ['Outputs are 3.3 V; a 5 V target may need open-drain outputs with pull-ups to VPU.'],
	source:
		'Dangerous Prototypes, binary SPI mode; Bus_Pirate inf/mchpcdc.inf; BusPirate5-firmware src/pirate.h; avrdude buspirate.c',
} as const satisfies Programmer;
