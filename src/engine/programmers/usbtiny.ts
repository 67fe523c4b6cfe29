// USBtiny: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const usbtiny = {
	id: 'usbtiny',
	name: 'USBtiny (Pocket AVR Programmer, USBtinyISP)',
	avrdudeIds: ['usbtiny', 'arduinoisp', 'arduinoisporg'],
	transport: 'usb',
	identities: [
		{vendorId: 0x1781, productId: 0x0c9f, who: 'USBtinyISP, Pocket AVR Programmer or a clone'},
		{vendorId: 0x2341, productId: 0x0049, who: 'Arduino ISP'},
		{vendorId: 0x2a03, productId: 0x0049, who: 'Arduino ISP (arduino.org)'},
		{
			vendorId: 0x2341,
			productId: 0x0c9f,
			who: 'USBtiny, or the bootloader of a Trinket or Gemma',
			shared: true,
		},
	],
	bauds: [],
	opensWithReset: false,
	largestFlashBytes: null,
	sck: {
		slowestHz: 4000,
		fastestHz: 400_000,
		settable: true,
		note: 'A period of 1 to 250 microseconds; slower is impossible.',
	},
	targetPower: 'jumper',
	powerNote: '5 V on VCC with the switch at "Power Target" or the jumper fitted; never for a 3.3 V board.',
	measuresVolts: false,
	windowsDriver: 'winusb',
	notes: ['Addresses have 16 bits: above 64 KB the program reads byte by byte, which takes longer.'],
	source:
		'QMK docs/isp_flashing_guide.md; sparkfun/Pocket_AVR_Programmer spi/usbtiny.h and main.c; avrdude usbtiny.c and NEWS 7.1',
} as const satisfies Programmer;
