// ATmega1281: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk7} from './tables.ts';

export const atmega1281 = {
	id: 'atmega1281',
	name: 'ATmega1281',
	avrdudeId: 'm1281',
	signature: [0x1e, 0x97, 0x04],
	signatureSharedWith: [],
	flash: {bytes: 131_072, pageBytes: 256},
	eeprom: {bytes: 4096, pageBytes: 8, paged: true},
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
			factory: 0x99,
			fields: [
				{name: 'OCDEN', mask: 0x80},
				{name: 'JTAGEN', mask: 0x40},
				{name: 'SPIEN', mask: 0x20},
				{name: 'WDTON', mask: 0x10},
				{name: 'EESAVE', mask: 0x08},
				{name: 'BOOTSZ', mask: 0x06},
				{name: 'BOOTRST', mask: 0x01},
			],
		},
		extended: {
			mask: 0x07,
			factory: 0xff,
			fields: [{name: 'BODLEVEL', mask: 0x07}],
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
	clocks: clk7,
	brownOut: bod4,
	bootSections: [
		{bootsz: 0b11, startByteAddress: 0x1fc00, bytes: 1024},
		{bootsz: 0b10, startByteAddress: 0x1f800, bytes: 2048},
		{bootsz: 0b01, startByteAddress: 0x1f000, bytes: 4096},
		{bootsz: 0b00, startByteAddress: 0x1e000, bytes: 8192},
	],
	bootFuse: 'high',
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 9, eraseMs: 9, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 10, eraseMs: 55},
	vccRange: [1.8, 5.5],
	fmaxHz: 16_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'RESET', SCK: 'PB1', MOSI: 'PE0', MISO: 'PE1'},
	packages: [
		{
			name: 'TQFP64',
			pinCount: 64,
			pins: {
				RESET: [20],
				SCK: [11],
				MOSI: [2],
				MISO: [3],
				XTAL1: [24],
				XTAL2: [23],
				VCC: [21, 52],
				GND: [22, 53, 63],
				AVCC: [64],
			},
		},
		{
			name: 'QFN64',
			pinCount: 64,
			exposedPad: 'GND',
			pins: {
				RESET: [20],
				SCK: [11],
				MOSI: [2],
				MISO: [3],
				XTAL1: [24],
				XTAL2: [23],
				VCC: [21, 52],
				GND: [22, 53, 63],
				AVCC: [64],
			},
		},
	],
	dfuUsbPid: null,
	qmk: null,
	quirks: [
		'ISP data is on PE0 (PDI) and PE1 (PDO), not on the SPI pins PB2 and PB3.',
		'JTAGEN programmed takes four port pins for JTAG; ISP does not mind.',
		'Flash above 64 KiB: some programmers read it with raw instructions only.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up; boot sections by segment arithmetic',
} as const satisfies Chip;
