// ATmega16U4: figures, see `source`.
import type {Chip} from './chip.ts';
import {bod2, clk1} from './tables.ts';

export const atmega16u4 = {
	id: 'atmega16u4',
	name: 'ATmega16U4',
	avrdudeId: 'm16u4',
	signature: [0x1e, 0x94, 0x88],
	signatureSharedWith: [],
	flash: {bytes: 16_384, pageBytes: 128},
	eeprom: {bytes: 512, pageBytes: 4, paged: true},
	extendedAddress: false,
	pollsReady: true,
	fuses: {
		low: {
			mask: 0xff,
			factory: 0x52,
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
			mask: 0x0f,
			factory: 0xfb,
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
	factoryVariants: [
		{
			name: 'crystal (no RC suffix); Atmel DFU preloaded',
			low: 0x5e,
			high: 0x99,
			extended: 0xf3,
			lock: 0xec,
			source:
				'datasheet 7766 tables 28-1 and 28-3 (HWBE programmed, BODLEVEL 011); QMK isp_flashing_guide (low 0x5E)',
		},
		{
			name: 'RC suffix; no bootloader',
			low: 0x52,
			high: 0x99,
			extended: 0xfb,
			lock: 0xff,
			source: 'datasheet 7766 table 28-3 RC column; ATDF initval; avrdude initval',
		},
	],
	clocks: clk1,
	brownOut: bod2,
	bootSections: [
		{bootsz: 0b11, startByteAddress: 0x3e00, bytes: 512},
		{bootsz: 0b10, startByteAddress: 0x3c00, bytes: 1024},
		{bootsz: 0b01, startByteAddress: 0x3800, bytes: 2048},
		{bootsz: 0b00, startByteAddress: 0x3000, bytes: 4096},
	],
	bootFuse: 'high',
	waits: {flashPageMs: 5, eepromMs: 10, eraseMs: 20, fuseMs: 10, lockMs: 10},
	typicalWaits: {flashPageMs: 4.5, eepromMs: 9, eraseMs: 9, fuseMs: 9},
	stk500Waits: {flashPageMs: 6, eepromMs: 20, eraseMs: 55},
	vccRange: [2.7, 5.5],
	fmaxHz: 16_000_000,
	factoryFcpuHz: 1_000_000,
	ispPorts: {RESET: 'RESET', SCK: 'PB1', MOSI: 'PB2', MISO: 'PB3'},
	packages: [
		{
			name: 'TQFP44',
			pinCount: 44,
			pins: {
				RESET: [13],
				SCK: [9],
				MOSI: [10],
				MISO: [11],
				XTAL1: [17],
				XTAL2: [16],
				HWB: [33],
				VCC: [14, 34],
				GND: [15, 23, 35, 43],
				AVCC: [24, 44],
				UVCC: [2],
				UGND: [5],
			},
		},
		{
			name: 'QFN44',
			pinCount: 44,
			exposedPad: 'GND',
			pins: {
				RESET: [13],
				SCK: [9],
				MOSI: [10],
				MISO: [11],
				XTAL1: [17],
				XTAL2: [16],
				HWB: [33],
				VCC: [14, 34],
				GND: [15, 23, 35, 43],
				AVCC: [24, 44],
				UVCC: [2],
				UGND: [5],
			},
		},
	],
	dfuUsbPid: 0x2ff3,
	qmk: 'lufa',
	quirks: [
		'JTAGEN programmed takes four port pins for JTAG; ISP does not mind.',
		'HWBE lets the HWB pin, low at an external reset, start the boot section.',
	],
	source:
		'ATDF (Atmel/Microchip device packs, mirrored in avr-rust/avr-mcu packs/); avrdude.conf.in (git a2b0a7ce) and avrdude.conf 7.1; avr-libc 2.0.0 avr/io headers; KiCad kicad-symbols MCU_Microchip (pin numbers); lock as delivered: datasheet 7766J table 28-1, RC parts; plain parts with the DFU loader: 0xEC, see factoryVariants; waits: the larger of the two avrdude figures, rounded up; boot sections by segment arithmetic',
} as const satisfies Chip;
