// Fuse sets that circulate and must not be written, each with its story.
import type {FuseBytes} from '../target.ts';

export type KnownBadSet = {
	readonly id: string;
	/** Chip id. */
	readonly chip: string;
	readonly fuses: FuseBytes;
	/**
	 * True when the same setting is also a harmless state (as delivered): then only the bytes exactly as
	 * published, or the loader they were published for, make it the bad advice.
	 */
	readonly alsoFactory: boolean;
	/** Where it stands, what it does, what would be right. */
	readonly story: string;
	readonly source: string;
};

export const knownBadSets: readonly KnownBadSet[] = [
	{
		id: 'ploopy-readme',
		chip: 'atmega32u4',
		fuses: {low: 0x52, high: 0x99, extended: 0xcb},
		alsoFactory: true,
		story:
			'52/99/CB stands in the readme of the Ploopy trackball rev1 for QMK DFU on a 16 MHz board. CKSEL 0010 selects the internal oscillator, divided by 8, so USB cannot work, and with HWBE and BOOTRST unprogrammed only software reaches the bootloader. Right is 5E/D9/F3 for a DFU loader, FF/D8/FB for its own Caterina. ISP still answers at 1 MHz and can undo it.',
		source: 'qmk_firmware keyboards/ploopyco/trackball/rev1 readme against datasheet 7766J',
	},
	{
		id: 'specskeys-readme',
		chip: 'atmega32u4',
		fuses: {low: 0xd2, high: 0x98, extended: 0xff},
		alsoFactory: false,
		story:
			'D2/98/FF stands in the readme of specskeys. CKSEL 0010 selects the internal oscillator, so USB cannot work; JTAG stays on and the brown-out detector is off. Right is 5E/D9/F3. ISP still answers and can undo it.',
		source: 'qmk_firmware keyboards/specskeys readme against datasheet 7766J',
	},
];

/**
 * The high fuse of the DFU setting with JTAG on for 16U4, 32U4 and AT90USB128x. The same byte is RSTDISBL on the
 * U2 and AT90USB82/162, DWEN on the ATmega328P family and WDTON on the ATmega8 (QMK ISP guide against the ATDF).
 */
export const u4JtagHighFuse = 0x99;
