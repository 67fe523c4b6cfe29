// How a person gets a board into its bootloader, in words; the figures are in each bootloader's own file.
import type {BootloaderProtocol} from './client.ts';

const bootKey =
	'Press the key that starts the bootloader (QMK calls it QK_BOOT; it is often on a second layer), if the firmware still runs.';

/** Sentences, in the order in which to try. Sources: the `enter` entries of the bootloaders' data. */
const ways: Readonly<Record<BootloaderProtocol, readonly string[]>> = {
	'atmel-dfu': [
		'Press the RESET button once (without a button: touch the pads RST and GND together with a piece of wire or tweezers). Plugging in alone starts the keyboard.',
		bootKey,
	],
	caterina: [
		'Press RESET twice within half a second (without a button: touch the pads RST and GND together with a piece of wire or tweezers); on an Arduino once is enough. It stays for 8 seconds.',
		bootKey,
	],
	halfkay: ['Press the button on the Teensy.', bootKey],
	bootloadhid: ["Hold the board's bootloader key (a corner of its matrix) while plugging it in.", bootKey],
	usbasploader: ['Hold BOOT, tap RESET, let BOOT go.', bootKey],
	'lufa-hid': [
		'Press the RESET button once (without a button: touch the pads RST and GND together with a piece of wire or tweezers).',
		bootKey,
	],
	'qmk-hid': [
		'Press the RESET button once (without a button: touch the pads RST and GND together with a piece of wire or tweezers).',
		bootKey,
	],
	'lufa-ms': [bootKey, "Hold the board's bootloader key while plugging it in."],
};

/** What to do to get into a bootloader of this protocol. */
export function waysInto(protocol: BootloaderProtocol): readonly string[] {
	return ways[protocol];
}
