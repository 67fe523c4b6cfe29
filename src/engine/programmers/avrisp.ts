// STK500v1 over USB CDC: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const avrisp = {
	id: 'avrisp',
	name: 'Pro Micro or Teensy 2.0 as ISP programmer, Leonardo with ArduinoISP',
	avrdudeIds: ['avrisp', 'stk500v1'],
	transport: 'serial',
	identities: [
		{vendorId: 0x16c0, productId: 0x0483, who: "QMK's ISP firmware, or any Teensy sketch", shared: true},
		{vendorId: 0x1b4f, productId: 0x9206, who: 'SparkFun Pro Micro 5 V running a sketch', shared: true},
		{vendorId: 0x1b4f, productId: 0x9204, who: 'SparkFun Pro Micro 3.3 V running a sketch', shared: true},
		{vendorId: 0x2341, productId: 0x8036, who: 'Arduino Leonardo running a sketch', shared: true},
		{vendorId: 0x2341, productId: 0x8037, who: 'Arduino Micro running a sketch', shared: true},
		{
			vendorId: 0x2a03,
			productId: 0x8036,
			who: 'Arduino Leonardo (arduino.org) running a sketch',
			shared: true,
		},
		{vendorId: 0x2a03, productId: 0x8037, who: 'Arduino Micro (arduino.org) running a sketch', shared: true},
	],
	// USB CDC takes any rate but 134 (reboots a Teensy) and 1200 (enters the bootloader).
	bauds: [19_200, 115_200],
	opensWithReset: false,
	largestFlashBytes: null,
	sck: {
		slowestHz: 125_000,
		fastestHz: 125_000,
		settable: false,
		note: '16 MHz / 128, fixed. A target below 0.5 MHz cannot follow.',
	},
	targetPower: 'always',
	powerNote: 'VCC carries 5 V whenever the programmer board is plugged in.',
	measuresVolts: false,
	windowsDriver: 'usbser',
	notes: ["The target's RESET goes to pin 10 (Pro Micro) or B0 (Teensy 2.0), never to the board's own RST."],
	source:
		'QMK docs/isp_flashing_guide.md; USB descriptors in its ISP images; ArduinoISP.ino; ArduinoCore-avr and SparkFun boards.txt',
} as const satisfies Programmer;
