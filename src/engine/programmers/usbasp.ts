// USBasp: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const usbasp = {
	id: 'usbasp',
	name: 'USBasp',
	avrdudeIds: ['usbasp', 'usbasp-clone'],
	transport: 'usb',
	identities: [
		{
			vendorId: 0x16c0,
			productId: 0x05dc,
			who: 'USBasp (fischl.de) or a clone',
			shared: true,
			product: 'USBasp',
		},
		{vendorId: 0x03eb, productId: 0xc7b4, who: 'USBasp with an old identity'},
		{vendorId: 0x16c0, productId: 0x092f, who: 'NIBObee'},
	],
	bauds: [],
	opensWithReset: false,
	largestFlashBytes: null,
	sck: {
		slowestHz: 500,
		fastestHz: 3_000_000,
		settable: true,
		note: 'Firmware before 2009 stays at 375 kHz; its slow-SCK jumper makes that 8 kHz.',
	},
	targetPower: 'jumper',
	powerNote: '5 V on VCC, or 3.3 V by the jumper of some clones (which leaves the signals at 5 V).',
	measuresVolts: false,
	windowsDriver: 'winusb',
	notes: [
		'A V-USB keyboard in its USBaspLoader bootloader has the same identity and strings: the program asks it before it believes it.',
	],
	source:
		'QMK docs/isp_flashing_guide.md; USBasp firmware 2011-05-28 and its readme; dioannidis/usbasp; avrdude usbasp.c',
} as const satisfies Programmer;
