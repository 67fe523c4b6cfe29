// Every cause the diagnosis can name: what happened, what it means for the board, what to do in order.
// The names are a promise of the command line.

import type {FirstAidId} from './first-aid.ts';

export type CauseText = {
	/** What happened. One sentence. */
	readonly happened: string;
	/** What it means for the board. One sentence. */
	readonly board: string;
	/** The usual answer; a rule may know better. */
	readonly isp: 'yes' | 'no' | 'maybe';
	readonly next: readonly FirstAidId[];
};

export const causes = {
	'dfu-erase-ineffective': {
		happened: 'The bootloader says that it erased the flash, but the flash is still not blank.',
		board:
			'Its boot section is damaged; the chip itself is most likely sound and can be written again over ISP.',
		isp: 'yes',
		next: ['erase-force-flash', 'dfu-again', 'isp-bootloader'],
	},
	'dfu-write-refused': {
		happened: 'The bootloader refused to write, although it had been asked to erase first.',
		board:
			'It may have been a hiccup; if a second erase and flash in one go fails too, the bootloader is damaged.',
		isp: 'maybe',
		next: ['erase-force-flash', 'other-port-cable', 'other-dfu-tool', 'isp-last'],
	},
	'dfu-erase-first': {
		happened: 'The bootloader refuses to write before a real erase in the same session.',
		board: 'The board is fine; it wants erase and flash in one go.',
		isp: 'no',
		next: ['erase-force-flash', 'other-port-cable', 'isp-last'],
	},
	'dfu-transfer-timeout': {
		happened: 'The USB transfer timed out while the flash was being written.',
		board: 'Often cable, port or hub; the bootloader is still there as long as it shows up on USB.',
		isp: 'maybe',
		next: ['other-port-cable', 'erase-force-flash', 'other-computer', 'isp-last'],
	},
	'dfu-no-device': {
		happened: 'The tool saw no board in bootloader mode.',
		board: 'Nothing was written; the board is as it was before.',
		isp: 'no',
		next: ['single-tap', 'device-seen', 'other-port-cable', 'hwb-low'],
	},
	'dfu-tool-bug': {
		happened: "The tool tripped over itself; this message is known to be the tool's own fault.",
		board: 'The board is most likely fine; another tool or computer can write it.',
		isp: 'no',
		next: ['other-dfu-tool', 'update-tool', 'other-computer'],
	},
	'wrong-mcu-option': {
		happened: 'The chip named in the tool is not the chip on the board.',
		board: 'Nothing was harmed; with the right name it works.',
		isp: 'no',
		next: ['right-mcu', 'erase-force-flash'],
	},
	'wrong-tool-for-bootloader': {
		happened: 'The board has another kind of bootloader than this tool speaks to.',
		board: 'The board is fine and waits for the right tool.',
		isp: 'no',
		next: ['right-tool', 'device-seen'],
	},
	'mass-storage-bootloader': {
		happened: 'The board shows up as a drive; it takes its firmware as a file copied onto it.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['copy-to-drive', 'other-computer'],
	},
	'windows-wrong-driver': {
		happened: 'Windows has given the bootloader or programmer a driver that its tool cannot use.',
		board: 'The board is fine; only the driver on this computer must change.',
		isp: 'no',
		next: ['zadig-winusb', 'other-port-cable', 'other-computer'],
	},
	'usb-permission': {
		happened: 'The system does not let you open the USB device.',
		board: 'The board is fine and was seen; you only lack the right to talk to it.',
		isp: 'no',
		next: ['udev-rules', 'usbguard-allow', 'macos-input'],
	},
	'hex-too-large': {
		happened: 'The firmware does not fit: it reaches into the bootloader or beyond the flash.',
		board: 'The board is fine; its bootloader is still there.',
		isp: 'no',
		next: ['smaller-image', 'erase-force-flash', 'right-board'],
	},
	'bad-hex-file': {
		happened: 'The firmware file is malformed or of the wrong kind.',
		board: 'The board was not the problem; it needs a proper file.',
		isp: 'no',
		next: ['fresh-file', 'update-tool'],
	},
	'file-not-found': {
		happened: 'The tool could not open the firmware file.',
		board: 'Nothing was written; if an erase ran before, the board waits in its bootloader.',
		isp: 'no',
		next: ['find-file', 'plain-path', 'erase-force-flash'],
	},
	'path-with-spaces': {
		happened: 'The path of the file was cut at a space, so the tool looked for something else.',
		board: 'Nothing was written; the board is fine.',
		isp: 'no',
		next: ['plain-path', 'erase-force-flash'],
	},
	'caterina-verify-mismatch': {
		happened: 'The bootloader took the firmware, but what it read back differs.',
		board: 'Its bootloader is damaged or fails at writing; if a second try fails too, ISP brings it back.',
		isp: 'yes',
		next: ['double-tap', 'other-port-cable', 'touch-1200', 'isp-bootloader'],
	},
	'caterina-not-responding': {
		happened: 'The port that was opened does not answer as a bootloader.',
		board: 'The board may still run its firmware or hang; only if the bootloader never shows up is it gone.',
		isp: 'maybe',
		next: ['double-tap', 'window-8s', 'pick-port', 'stop-modemmanager', 'touch-1200', 'isp-last'],
	},
	'caterina-port-lost': {
		happened: "The bootloader's port did not appear, or vanished before it was used.",
		board: 'The board is fine; it is a matter of resetting at the right moment.',
		isp: 'no',
		next: ['window-8s', 'double-tap', 'pick-port', 'other-port-cable'],
	},
	'macos-serial-driver': {
		happened: 'macOS took the port away in the middle of the work.',
		board: 'The board is fine; enter the bootloader again and flash from another system.',
		isp: 'no',
		next: ['macos-other', 'double-tap', 'other-port-cable'],
	},
	modemmanager: {
		happened: "ModemManager talks to the bootloader's port and disturbs the flash.",
		board: 'The board is fine.',
		isp: 'no',
		next: ['stop-modemmanager', 'double-tap', 'window-8s'],
	},
	'serial-port-permission': {
		happened: 'You have no right to open the serial port.',
		board: 'The board is fine and was not touched.',
		isp: 'no',
		next: ['group-dialout', 'udev-rules'],
	},
	'serial-port-busy': {
		happened: 'Another program holds the serial port.',
		board: 'The board is fine and was not touched.',
		isp: 'no',
		next: ['close-others', 'pick-port', 'stop-modemmanager'],
	},
	'serial-wrong-port': {
		happened: 'The serial port that was named does not exist, or none was named.',
		board: 'The board was not touched.',
		isp: 'no',
		next: ['pick-port', 'other-port-cable', 'serial-driver'],
	},
	'serial-driver': {
		happened: 'The driver of the USB serial chip does not do what the tool asks.',
		board: 'The board is most likely fine; the computer must be mended.',
		isp: 'no',
		next: ['serial-driver', 'remove-brltty', 'other-port-cable', 'other-computer'],
	},
	'serial-not-in-sync': {
		happened: 'The bootloader gave no usable answer on the serial port.',
		board: 'Most often port, board entry or wires on D0 and D1; seldom a lost bootloader.',
		isp: 'maybe',
		next: ['pick-port', 'right-board', 'unplug-d0-d1', 'hold-reset', 'loopback', 'isp-last'],
	},
	'serial-wrong-board': {
		happened:
			'The board entry does not fit the board: the bootloader talks at another speed or is another one.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['right-board', 'pick-port'],
	},
	'serial-link-noise': {
		happened: 'Bytes change or get lost on the serial link.',
		board: 'Cable, adapter or wiring is bad; the chip is probably fine.',
		isp: 'maybe',
		next: ['other-port-cable', 'slower-baud', 'unplug-d0-d1', 'isp-last'],
	},
	'serial-flash-not-written': {
		happened: 'The bootloader answers, but the flash stays blank where it should have been written.',
		board: 'The bootloader does not write; try again, then renew it over ISP.',
		isp: 'maybe',
		next: ['try-again', 'right-board', 'other-port-cable', 'isp-last'],
	},
	'mega-bootloader-bug': {
		happened: "The Mega's old bootloader trips over the data of this sketch.",
		board: 'The board is fine; other sketches upload.',
		isp: 'no',
		next: ['change-data', 'right-board'],
	},
	'bootloader-missing': {
		happened: 'The chip has no bootloader to answer.',
		board: 'The chip is fine; a bootloader can be written over ISP.',
		isp: 'yes',
		next: ['right-board', 'pick-port', 'isp-bootloader'],
	},
	'isp-wiring': {
		happened: 'The programmer works, but the chip does not answer through the wires.',
		board: 'The chip was not changed; mend the wiring and run the same again.',
		isp: 'no',
		next: ['check-wires', 'check-power', 'unload-spi', 'slow-sck'],
	},
	'isp-target-unpowered': {
		happened: 'The programmer sees no supply on the target.',
		board: 'The chip was not touched; give it power and run the same again.',
		isp: 'no',
		next: ['check-power', 'check-wires'],
	},
	'isp-sck-too-fast': {
		happened: "The ISP clock is too fast for the chip's own clock.",
		board: 'The chip is fine; go slower and run the same again.',
		isp: 'no',
		next: ['slow-sck', 'check-wires'],
	},
	'isp-no-clock': {
		happened: 'The fuses ask for a clock that is not there, so the chip stands still.',
		board: 'The chip can be woken with a clock from outside; then the fuses are corrected over ISP.',
		isp: 'yes',
		next: ['slow-sck', 'feed-clock', 'check-wires'],
	},
	'isp-spi-disabled': {
		happened: 'A fuse has shut ISP off or turned the reset pin into something else.',
		board: 'Only high voltage programming reaches this chip now.',
		isp: 'yes',
		next: ['check-wires', 'high-voltage'],
	},
	'isp-wrong-chip': {
		happened: 'The chip answers soundly, but it is another chip than the one named.',
		board: 'Nothing was written; name the chip that is there.',
		isp: 'no',
		next: ['right-mcu'],
	},
	'isp-fuse-unused-bits': {
		happened: 'Only fuse bits that do not exist differ; the fuse itself is right.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['unused-bits'],
	},
	'isp-lock-bits': {
		happened: 'Lock bits are in the way or were not taken.',
		board: 'The chip is sound; a chip erase over ISP clears the lock bits.',
		isp: 'yes',
		next: ['erase-unlock'],
	},
	'isp-wrong-command': {
		happened: 'The command asked for something that this way cannot do.',
		board: 'The chip is as it was; the job must be given differently, over ISP.',
		isp: 'yes',
		next: ['right-command'],
	},
	'isp-arduino-as-isp': {
		happened: 'The Arduino that should be the programmer does not behave as one.',
		board: 'The target was not touched.',
		isp: 'no',
		next: ['reset-capacitor', 'right-programmer', 'pick-port'],
	},
	'isp-programmer-limit': {
		happened: 'The programmer cannot reach the upper part of this large flash.',
		board: 'The lower part may be written, the boot section is not; another programmer finishes the job.',
		isp: 'yes',
		next: ['bigger-programmer'],
	},
	'isp-programmer-not-found': {
		happened: 'No programmer with that USB identity could be opened.',
		board: 'The target was not touched.',
		isp: 'no',
		next: ['programmer-plugged', 'right-programmer', 'zadig-winusb', 'udev-rules'],
	},
	'isp-programmer-link': {
		happened: 'The USB link to the programmer broke during the work.',
		board: 'The chip may be half written; do the same again over a sound link.',
		isp: 'no',
		next: ['other-port-cable', 'slow-sck', 'check-wires', 'power-draw'],
	},
	'wrong-programmer-option': {
		happened: 'The programmer named does not fit the way this board is reached.',
		board: 'The board was not changed.',
		isp: 'no',
		next: ['right-programmer', 'pick-port'],
	},
	'not-in-bootloader': {
		happened: 'The board runs its firmware; the bootloader was not entered.',
		board: 'The board is fine and alive.',
		isp: 'no',
		next: ['single-tap', 'hold-key-plug', 'halfkay-button', 'plug-when-asked'],
	},
	'usb-transient': {
		happened: 'A single USB failure.',
		board: 'The board is most likely fine; do it again.',
		isp: 'no',
		next: ['try-again', 'other-port-cable'],
	},
	'usb-enumeration-failure': {
		happened: 'The board does not get as far as being recognised on USB.',
		board: 'Cable and port come first; then crystal, fuses, solder joints or a bad write.',
		isp: 'maybe',
		next: ['other-port-cable', 'single-tap', 'check-fuses', 'isp-last'],
	},
	'arm-board': {
		happened: 'This is an Arm board (STM32, RP2040, nRF52, Teensy 3 or 4 and the like), not an AVR.',
		board: 'ISP cannot help it; it has ways of its own.',
		isp: 'no',
		next: ['arm-way', 'other-port-cable'],
	},
	'tool-version': {
		happened: 'The tool is too old, too new, or its installation is broken.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['update-tool', 'other-computer'],
	},
	'tool-not-installed': {
		happened: 'A program that this step needs is not installed.',
		board: 'The board was not touched.',
		isp: 'no',
		next: ['install-tool'],
	},
	'config-error': {
		happened: 'The configuration of the tool does not fit the tool, part or programmer.',
		board: 'The board was not changed.',
		isp: 'no',
		next: ['matching-conf', 'update-tool'],
	},
	'build-error': {
		happened: 'Building the firmware failed, so nothing was flashed.',
		board: 'The board was not touched.',
		isp: 'no',
		next: ['fix-build', 'smaller-image', 'paste-flash-log'],
	},
	'benign-warning': {
		happened: 'The flash worked; what looks like an error is harmless.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['harmless-note'],
	},
	'tool-success': {
		happened: 'It worked.',
		board: 'The board is fine.',
		isp: 'no',
		next: ['nothing-to-do'],
	},
	'no-error-shown': {
		happened: 'There is no error in this output, and it does not reach the end.',
		board: 'Nothing here speaks of damage.',
		isp: 'no',
		next: ['paste-more'],
	},
	'insufficient-evidence': {
		happened: 'The paste stops before anything is decided.',
		board: 'Nothing can be said about the board yet.',
		isp: 'maybe',
		next: ['paste-more', 'paste-flash-log'],
	},
	unrelated: {
		happened: 'This is not the output of a tool that flashes AVR boards.',
		board: 'It says nothing about the board.',
		isp: 'no',
		next: ['paste-flash-log'],
	},
} as const satisfies Readonly<Record<string, CauseText>>;

export type Cause = keyof typeof causes;
