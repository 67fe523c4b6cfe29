// avrisp-mkii: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const avrispMkii = {
	id: 'avrisp_mkii',
	name: 'Atmel AVRISP mkII',
	aliases: ['avrispmkii', 'avrispmk2', 'avrisp2'],
	driver: 'avrispmkii',
	avrdudeId: 'avrispmkII',
	headers: ['6-pin'],
	labels: {
		RESET: 'pin 5',
		SCK: 'pin 3',
		MOSI: 'pin 4',
		MISO: 'pin 1',
		VCC: 'pin 2 (senses only)',
		GND: 'pin 6',
	},
	power: {
		supply: 'never',
		volts: [],
		signalVolts: 'target',
		note: 'It feeds nothing: the board must power itself (here, and only here, from its own USB plug). VCC must be connected all the same, it sets the level of the signals.',
	},
	traps: ['On Windows it needs WinUSB or libusb-win32, not the Jungo driver.'],
	doubtful: [],
	source: 'avrdude.conf.in; avrdude usbdevs.h; LUFA AVRISP-MKII.txt (header)',
} as const satisfies ProgrammerPinout;
