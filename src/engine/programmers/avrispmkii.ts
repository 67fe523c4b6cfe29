// AVRISP mkII: figures, see `source`.
import type {Programmer} from './programmer.ts';

export const avrispmkii = {
	id: 'avrispmkii',
	name: 'AVRISP mkII or a LUFA clone',
	avrdudeIds: ['avrispmkII', 'avrisp2'],
	transport: 'usb',
	identities: [{vendorId: 0x03eb, productId: 0x2104, who: 'AVRISP mkII or a LUFA clone'}],
	bauds: [],
	opensWithReset: false,
	largestFlashBytes: null,
	sck: {
		slowestHz: 1000,
		fastestHz: 8_000_000,
		settable: true,
		note: 'By index of a table, whose rows below 1 kHz no AVR needs; clones at 8 MHz end at 4 MHz.',
	},
	targetPower: 'never',
	powerNote: 'VCC only senses: the target must feed itself. Levels follow it, 1.8 to 5.5 V.',
	measuresVolts: true,
	rescueClock: 'LUFA clones: 4 MHz on OCR1A (or XCK by a build option)',
	windowsDriver: 'winusb',
	notes: ['A LUFA clone without voltage measurement always reports 3.3 V.'],
	source: 'Atmel AVR068; avrdude.conf.in and usbdevs.h; LUFA Projects/AVRISP-MKII',
} as const satisfies Programmer;
