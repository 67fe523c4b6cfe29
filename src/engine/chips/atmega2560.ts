// ATmega2560: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod4, clk7} from './tables.ts';

export const atmega2560 = {
	id: 'atmega2560',
	name: 'ATmega2560',
	avrdudeId: 'm2560',
	signature: [0x1e, 0x98, 0x01],
	signatureSharedWith: [],
	flash: {bytes: 262_144, pageBytes: 256},
	eeprom: {bytes: 4096, pageBytes: 8, paged: true},
	extendedAddress: true,
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
		{bootsz: 0b11, startByteAddress: 0x3fc00, bytes: 1024},
		{bootsz: 0b10, startByteAddress: 0x3f800, bytes: 2048},
		{bootsz: 0b01, startByteAddress: 0x3f000, bytes: 4096},
		{bootsz: 0b00, startByteAddress: 0x3e000, bytes: 8192},
	],
	bootFuse: 'high',
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 9, eraseMs: 9, fuseMs: 9},
	stk500Waits: {flashPageMs: 10, eepromMs: 10, eraseMs: 55},
	vccRange: [1.8, 5.5],
	fmaxHz: 16_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'RESET', SCK: 'PB1', MOSI: 'PB2', MISO: 'PB3'},
	packages: [
		{
			name: 'TQFP100',
			pinCount: 100,
			pins: {
				RESET: [30],
				SCK: [20],
				MOSI: [21],
				MISO: [22],
				XTAL1: [34],
				XTAL2: [33],
				VCC: [10, 31, 61, 80],
				GND: [11, 32, 62, 81, 99],
				AVCC: [100],
			},
		},
	],
	dfuUsbPid: null,
	qmk: null,
	quirks: [
		'JTAGEN programmed takes four port pins for JTAG; ISP does not mind.',
		'Flash above 64 KiB: some programmers read it with raw instructions only.',
		'Flash above 128 KiB: the instruction 4D loads the extended address.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); waits: the larger of the two avrdude figures, rounded up; boot sections by segment arithmetic',
} as const satisfies Chip;
