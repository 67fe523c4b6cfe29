// ATtiny85: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk9} from './tables.ts';

export const attiny85 = {
	id: 'attiny85',
	name: 'ATtiny85',
	avrdudeId: 't85',
	signature: [0x1e, 0x93, 0x0b],
	signatureSharedWith: [],
	flash: {bytes: 8192, pageBytes: 64},
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
	clocks: clk9,
	brownOut: bod4,
	bootSections: [],
	bootFuse: null,
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 4, eraseMs: 4.5, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 5, eraseMs: 45},
	vccRange: [1.8, 5.5],
	fmaxHz: 20_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PB5', SCK: 'PB2', MOSI: 'PB0', MISO: 'PB1'},
	packages: [
		{
			name: 'QFN20',
			pinCount: 20,
			exposedPad: 'GND',
			pins: {
				RESET: [1],
				SCK: [14],
				MOSI: [11],
				MISO: [12],
				XTAL1: [2],
				XTAL2: [5],
				VCC: [15],
				GND: [8],
			},
		},
		{
			name: 'PDIP8',
			pinCount: 8,
			pins: {
				RESET: [1],
				SCK: [7],
				MOSI: [5],
				MISO: [6],
				XTAL1: [2],
				XTAL2: [3],
				VCC: [8],
				GND: [4],
			},
		},
		{
			name: 'SOIC8',
			pinCount: 8,
			pins: {
				RESET: [1],
				SCK: [7],
				MOSI: [5],
				MISO: [6],
				XTAL1: [2],
				XTAL2: [3],
				VCC: [8],
				GND: [4],
			},
		},
	],
	dfuUsbPid: null,
	qmk: 'vusb',
	quirks: [
		'RSTDISBL can turn the RESET pin into an I/O: then ISP is over until high-voltage programming.',
		'DWEN hands the RESET pin to debugWIRE: then ISP does not answer.',
		'SELFPRGEN programmed lets a program write the flash; flash-writing loaders need it.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up',
} as const satisfies Chip;
