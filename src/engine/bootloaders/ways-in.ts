// How a person gets a board into its bootloader, in words; the figures are in each bootloader's own file.
import type {BootloaderProtocol} from './client.ts';

const bootKey = 'Press the boot key of the keyboard (QK_BOOT), if its firmware still runs.';

/** Sentences, in the order in which to try. Sources: the `enter` entries of the bootloaders' data. */
const ways: Readonly<Record<BootloaderProtocol, readonly string[]>> = {
	'atmel-dfu': [
		'Press the RESET button once (without a button: short RST to GND). Plugging in alone starts the keyboard.',
		bootKey,
	],
	caterina: [
		'Press RESET (or short RST to GND) twice within 0.75 seconds; on an Arduino once is enough. It stays for 8 seconds.',
		bootKey,
	],
	halfkay: ['Press the button on the Teensy.', bootKey],
	bootloadhid: ["Hold the board's bootloader key (a corner of its matrix) while plugging it in.", bootKey],
	usbasploader: ['Hold BOOT, tap RESET, let BOOT go.', bootKey],
	'lufa-hid': ['Press the RESET button once (without a button: short RST to GND).', bootKey],
	'qmk-hid': ['Press the RESET button once (without a button: short RST to GND).', bootKey],
	'lufa-ms': [bootKey, "Hold the board's bootloader key while plugging it in."],
};

/** What to do to get into a bootloader of this protocol. */
export function waysInto(protocol: BootloaderProtocol): readonly string[] {
	return ways[protocol];
}
