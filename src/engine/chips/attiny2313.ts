// ATtiny2313: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk11} from './tables.ts';

export const attiny2313 = {
	id: 'attiny2313',
	name: 'ATtiny2313',
	avrdudeId: 't2313',
	signature: [0x1e, 0x91, 0x0a],
	signatureSharedWith: ['attiny2313a'],
	flash: {bytes: 2048, pageBytes: 32},
	eeprom: {bytes: 128, pageBytes: 4, paged: true},
	extendedAddress: false,
	pollsReady: true,
	fuses: {
		low: {
			mask: 0xff,
			factory: 0x64,
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
				{name: 'DWEN', mask: 0x80},
				{name: 'EESAVE', mask: 0x40},
				{name: 'SPIEN', mask: 0x20},
				{name: 'WDTON', mask: 0x10},
				{name: 'BODLEVEL', mask: 0x0e},
				{name: 'RSTDISBL', mask: 0x01},
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
	clocks: clk11,
	brownOut: bod4,
	bootSections: [],
	bootFuse: null,
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 4, eraseMs: 9, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 6, eraseMs: 45},
	vccRange: [1.8, 5.5],
	fmaxHz: 20_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PA2', SCK: 'PB7', MOSI: 'PB5', MISO: 'PB6'},
	packages: [
		{
			name: 'QFN20',
			pinCount: 20,
			exposedPad: 'GND',
			pins: {
				RESET: [19],
				SCK: [17],
				MOSI: [15],
				MISO: [16],
				XTAL1: [3],
				XTAL2: [2],
				VCC: [18],
				GND: [8],
			},
		},
		{
			name: 'PDIP20',
			pinCount: 20,
			pins: {
				RESET: [1],
				SCK: [19],
				MOSI: [17],
				MISO: [18],
				XTAL1: [5],
				XTAL2: [4],
				VCC: [20],
				GND: [10],
			},
		},
		{
			name: 'SOIC20',
			pinCount: 20,
			pins: {
				RESET: [1],
				SCK: [19],
				MOSI: [17],
				MISO: [18],
				XTAL1: [5],
				XTAL2: [4],
				VCC: [20],
				GND: [10],
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
