// ATtiny167: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod6, clk12} from './tables.ts';

export const attiny167 = {
	id: 'attiny167',
	name: 'ATtiny167',
	avrdudeId: 't167',
	signature: [0x1e, 0x94, 0x87],
	signatureSharedWith: [],
	flash: {bytes: 16_384, pageBytes: 128},
	eeprom: {bytes: 512, pageBytes: 4, paged: true},
	extendedAddress: false,
	pollsReady: true,
	fuses: {
		low: {
			mask: 0xff,
			factory: 0x62,
			fields: [
				{name: 'CKDIV8', mask: 0x80},
				{name: 'CKOUT', mask: 0x40},
				{name: 'SUT_CKSEL', mask: 0x3f},
			],
		},
		high: {
			mask: 0xff,
			factory: 0xdf,
			fields: [
				{name: 'RSTDISBL', mask: 0x80},
				{name: 'DWEN', mask: 0x40},
				{name: 'SPIEN', mask: 0x20},
				{name: 'WDTON', mask: 0x10},
				{name: 'EESAVE', mask: 0x08},
				{name: 'BODLEVEL', mask: 0x07},
			],
		},
		extended: {
			mask: 0x01,
			factory: 0xff,
			fields: [{name: 'SELFPRGEN', mask: 0x01}],
		},
	},
	lock: {
		mask: 0x03,
		fields: [{name: 'LB', mask: 0x03}],
		factory: 0xff,
	},
	factoryVariants: [],
	clocks: clk12,
	brownOut: bod6,
	bootSections: [],
	bootFuse: null,
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 4, eraseMs: 15, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 10, eraseMs: 10},
	vccRange: [1.8, 5.5],
	fmaxHz: 16_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PB7', SCK: 'PA5', MOSI: 'PA4', MISO: 'PA2'},
	packages: [
		{
			name: 'QFN32',
			pinCount: 32,
			exposedPad: 'GND',
			pins: {
				RESET: [14],
				SCK: [10],
				MOSI: [9],
				MISO: [31],
				XTAL1: [19],
				XTAL2: [18],
				VCC: [20],
				GND: [21],
				AVCC: [4],
			},
		},
		{
			name: 'SOIC20',
			pinCount: 20,
			pins: {
				RESET: [11],
				SCK: [8],
				MOSI: [7],
				MISO: [3],
				XTAL1: [14],
				XTAL2: [13],
				VCC: [15],
				GND: [16],
				AVCC: [5],
			},
		},
	],
	dfuUsbPid: null,
	qmk: null,
	quirks: [
		'RSTDISBL can turn the RESET pin into an I/O: then ISP is over until high-voltage programming.',
		'DWEN hands the RESET pin to debugWIRE: then ISP does not answer.',
		'SELFPRGEN programmed lets a program write the flash; flash-writing loaders need it.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up',
} as const satisfies Chip;
