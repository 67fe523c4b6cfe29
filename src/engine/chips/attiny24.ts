// ATtiny24: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk10} from './tables.ts';

export const attiny24 = {
	id: 'attiny24',
	name: 'ATtiny24',
	avrdudeId: 't24',
	signature: [0x1e, 0x91, 0x0b],
	signatureSharedWith: [],
	flash: {bytes: 2048, pageBytes: 32},
	eeprom: {bytes: 128, pageBytes: 4, paged: true},
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
	clocks: clk10,
	brownOut: bod4,
	bootSections: [],
	bootFuse: null,
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 4, eraseMs: 4.5, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 10, eraseMs: 45},
	vccRange: [1.8, 5.5],
	fmaxHz: 20_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PB3', SCK: 'PA4', MOSI: 'PA6', MISO: 'PA5'},
	packages: [
		{
			name: 'QFN20',
			pinCount: 20,
			exposedPad: 'GND',
			pins: {
				RESET: [13],
				SCK: [1],
				MOSI: [16],
				MISO: [20],
				XTAL1: [11],
				XTAL2: [12],
				VCC: [9],
				GND: [8],
			},
		},
		{
			name: 'PDIP14',
			pinCount: 14,
			pins: {
				RESET: [4],
				SCK: [9],
				MOSI: [7],
				MISO: [8],
				XTAL1: [2],
				XTAL2: [3],
				VCC: [1],
				GND: [14],
			},
		},
		{
			name: 'SOIC14',
			pinCount: 14,
			pins: {
				RESET: [4],
				SCK: [9],
				MOSI: [7],
				MISO: [8],
				XTAL1: [2],
				XTAL2: [3],
				VCC: [1],
				GND: [14],
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
