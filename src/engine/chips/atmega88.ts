// ATmega88: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk4} from './tables.ts';

export const atmega88 = {
	id: 'atmega88',
	name: 'ATmega88',
	avrdudeId: 'm88',
	signature: [0x1e, 0x93, 0x0a],
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
			mask: 0x07,
			factory: 0xf9,
			fields: [
				{name: 'BOOTSZ', mask: 0x06},
				{name: 'BOOTRST', mask: 0x01},
			],
		},
	},
	lock: {
		mask: 0x3f,
		fields: [
			{name: 'LB', mask: 0x03},
			{name: 'BLB0', mask: 0x0c},
			{name: 'BLB1', mask: 0x30},
		],
		factory: 0xff,
	},
	factoryVariants: [],
	clocks: clk4,
	brownOut: bod4,
	bootSections: [
		{bootsz: 0b11, startByteAddress: 0x1f00, bytes: 256},
		{bootsz: 0b10, startByteAddress: 0x1e00, bytes: 512},
		{bootsz: 0b01, startByteAddress: 0x1c00, bytes: 1024},
		{bootsz: 0b00, startByteAddress: 0x1800, bytes: 2048},
	],
	bootFuse: 'extended',
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 3.6, eraseMs: 9, fuseMs: 4.5},
	stk500Waits: {flashPageMs: 10, eepromMs: 20, eraseMs: 45},
	vccRange: [1.8, 5.5],
	fmaxHz: 20_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PC6', SCK: 'PB5', MOSI: 'PB3', MISO: 'PB4'},
	packages: [
		{
			name: 'TQFP32',
			pinCount: 32,
			pins: {
				RESET: [29],
				SCK: [17],
				MOSI: [15],
				MISO: [16],
				XTAL1: [7],
				XTAL2: [8],
				VCC: [4, 6],
				GND: [3, 5, 21],
				AVCC: [18],
			},
		},
		{
			name: 'QFN32',
			pinCount: 32,
			exposedPad: 'GND',
			pins: {
				RESET: [29],
				SCK: [17],
				MOSI: [15],
				MISO: [16],
				XTAL1: [7],
				XTAL2: [8],
				VCC: [4, 6],
				GND: [3, 5, 21],
				AVCC: [18],
			},
		},
		{
			name: 'PDIP28',
			pinCount: 28,
			pins: {
				RESET: [1],
				SCK: [19],
				MOSI: [17],
				MISO: [18],
				XTAL1: [9],
				XTAL2: [10],
				VCC: [7],
				GND: [8, 22],
				AVCC: [20],
			},
		},
	],
	dfuUsbPid: null,
	qmk: null,
	quirks: [
		'RSTDISBL can turn the RESET pin into an I/O: then ISP is over until high-voltage programming.',
		'DWEN hands the RESET pin to debugWIRE: then ISP does not answer.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up; boot sections by segment arithmetic',
} as const satisfies Chip;
