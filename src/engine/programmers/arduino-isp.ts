// ArduinoISP behind a UART bridge: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const arduinoIsp = {
	id: 'arduino-isp',
	name: 'Arduino Uno, Nano or Mega with ArduinoISP',
	avrdudeIds: ['arduino_as_isp', 'stk500v1'],
	transport: 'serial',
	identities: [
		{vendorId: 0x2341, productId: 0x0043, who: 'Arduino Uno R3', shared: true},
		{vendorId: 0x2341, productId: 0x0001, who: 'Arduino Uno', shared: true},
		{vendorId: 0x2a03, productId: 0x0043, who: 'Arduino Uno (arduino.org)', shared: true},
		{vendorId: 0x2341, productId: 0x0243, who: 'Arduino Uno', shared: true},
		{vendorId: 0x2341, productId: 0x006a, who: 'Arduino Uno', shared: true},
		{vendorId: 0x2341, productId: 0x0010, who: 'Arduino Mega 2560', shared: true},
		{vendorId: 0x2341, productId: 0x0042, who: 'Arduino Mega 2560 R3', shared: true},
		{vendorId: 0x2a03, productId: 0x0010, who: 'Arduino Mega 2560 (arduino.org)', shared: true},
		{vendorId: 0x2a03, productId: 0x0042, who: 'Arduino Mega 2560 (arduino.org)', shared: true},
		{vendorId: 0x1a86, productId: 0x7523, who: 'CH340 bridge (most Nano clones)', shared: true},
		{vendorId: 0x0403, productId: 0x6001, who: 'FTDI bridge (old Nano)', shared: true},
		{vendorId: 0x10c4, productId: 0xea60, who: 'CP210x bridge', shared: true},
	],
	bauds: [19_200, 115_200],
	opensWithReset: true,
	largestFlashBytes: null,
	sck: {
		slowestHz: 125_000,
		fastestHz: 125_000,
		settable: false,
		note: '16 MHz / 128, fixed. A target below 0.5 MHz cannot follow.',
	},
	targetPower: 'always',
	powerNote: '5V carries 5 V whenever the Arduino is plugged in; a 3.3 V board needs level shifting.',
	measuresVolts: false,
	windowsDriver: 'bridge',
	notes: [
		'Opening the port restarts the Arduino, whose own bootloader answers first: the program waits, and a 10 uF capacitor from its RESET to GND prevents it.',
	],
	source:
		'QMK docs/isp_flashing_guide.md; ArduinoISP.ino; ArduinoCore-avr boards.txt and programmers.txt; avrdude stk500.c',
} as const satisfies Programmer;
