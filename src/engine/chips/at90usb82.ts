// AT90USB82: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod1, clk1} from './tables.ts';

export const at90usb82 = {
	id: 'at90usb82',
	name: 'AT90USB82',
	avrdudeId: 'usb82',
	signature: [0x1e, 0x93, 0x82],
	signatureSharedWith: [],
	flash: {bytes: 8192, pageBytes: 128},
	eeprom: {bytes: 512, pageBytes: 4, paged: true},
	extendedAddress: false,
	pollsReady: true,
	fuses: {
		low: {
			mask: 0xff,
			factory: 0x5e,
			fields: [
				{name: 'CKDIV8', mask: 0x80},
				{name: 'CKOUT', mask: 0x40},
				{name: 'SUT_CKSEL', mask: 0x3f},
			],
		},
		high: {
			mask: 0xff,
			factory: 0xd9,
			fields: [
				{name: 'DWEN', mask: 0x80},
				{name: 'RSTDISBL', mask: 0x40},
				{name: 'SPIEN', mask: 0x20},
				{name: 'WDTON', mask: 0x10},
				{name: 'EESAVE', mask: 0x08},
				{name: 'BOOTSZ', mask: 0x06},
				{name: 'BOOTRST', mask: 0x01},
			],
		},
		extended: {
			mask: 0x0f,
			factory: 0xf4,
			fields: [
				{name: 'HWBE', mask: 0x08},
				{name: 'BODLEVEL', mask: 0x07},
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
	clocks: clk1,
	brownOut: bod1,
	bootSections: [
		{bootsz: 0b11, startByteAddress: 0x1e00, bytes: 512},
		{bootsz: 0b10, startByteAddress: 0x1c00, bytes: 1024},
		{bootsz: 0b01, startByteAddress: 0x1800, bytes: 2048},
		{bootsz: 0b00, startByteAddress: 0x1000, bytes: 4096},
	],
	bootFuse: 'high',
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 9, eraseMs: 9, fuseMs: 9},
	stk500Waits: {flashPageMs: 6, eepromMs: 20, eraseMs: 55},
	vccRange: [2.7, 5.5],
	fmaxHz: 16_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'PC1', SCK: 'PB1', MOSI: 'PB2', MISO: 'PB3'},
	packages: [
		{
			name: 'QFN32',
			pinCount: 32,
			exposedPad: 'GND',
			pins: {
				RESET: [24],
				SCK: [15],
				MOSI: [16],
				MISO: [17],
				XTAL1: [1],
				XTAL2: [2],
				HWB: [13],
				VCC: [4],
				GND: [3],
				AVCC: [32],
				UVCC: [31],
				UGND: [28],
			},
		},
	],
	dfuUsbPid: 0x2ff7,
	qmk: null,
	quirks: [
		'RSTDISBL can turn the RESET pin into an I/O: then ISP is over until high-voltage programming.',
		'DWEN hands the RESET pin to debugWIRE: then ISP does not answer.',
		'HWBE lets the HWB pin, low at an external reset, start the boot section.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up; boot sections by segment arithmetic',
} as const satisfies Chip;
