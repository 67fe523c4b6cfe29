// Keyboard with AT90USB646 on the PCB: figures, see `source`.
import type {Board} from './board.ts';

export const bareUsb646 = {
	id: 'bare_usb646',
	name: 'Keyboard with AT90USB646 on the PCB',
	chip: 'at90usb646',
	supported: true,
	clock: {kind: 'xtal', mhz: 16},
	vcc: 5,
	isp: {
		RESET: 'pin 20',
		SCK: 'PB1, pin 11',
		MOSI: 'PB2, pin 12',
		MISO: 'PB3, pin 13',
		VCC: 'pins 21/52',
		GND: 'pins 22/53/63',
	},
	packageName: 'TQFP64',
	bootloader: 'atmel-dfu',
	bootloaders: ['atmel-dfu', 'qmk-dfu', 'lufa-dfu'],
	fuses: 'dfu_usb64_jtag_off',
	warnings: [],
	notes: ['The pin numbers hold for TQFP64 and QFN64.'],
	doubtful: [],
	source: 'KiCad pinout',
} as const satisfies Board;
