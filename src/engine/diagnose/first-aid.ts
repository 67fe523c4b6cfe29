// What helps before anyone touches a wire, and the first steps when wires are needed. Plain words; the wizard
// turns the entries with `does` or `checks` into steps of its own.

/** What the program can do by itself. */
export type AidAction =
	| 'touch-1200'
	| 'erase-and-flash'
	| 'flash-bootloader'
	| 'start-isp'
	| 'read-signature'
	| 'show-wiring';
/** What the program can find out by itself. */
export type AidCheck =
	| 'device-seen'
	| 'usb-permission'
	| 'serial-permission'
	| 'modemmanager'
	| 'port-busy'
	| 'file'
	| 'driver';

export type FirstAid = {
	readonly id: string;
	/** One sentence or two, said to the person. */
	readonly text: string;
	readonly does?: AidAction;
	readonly checks?: AidCheck;
	/** Where the advice comes from. */
	readonly source: string;
};

export const firstAid = {
	// getting into a bootloader
	'double-tap': {
		id: 'double-tap',
		text: 'Press RESET twice within half a second. Without a button: touch the pads RST and GND together twice with a piece of wire or tweezers. The bootloader then stays for about 8 seconds; start the flash inside that window.',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/flashing#caterina',
	},
	'single-tap': {
		id: 'single-tap',
		text: 'Press the reset button once. Without a button: touch the pads RST and GND together with a piece of wire or tweezers, briefly. Then look whether the bootloader appears.',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/newbs_flashing#put-your-keyboard-into-dfu-bootloader-mode',
	},
	'touch-1200': {
		id: 'touch-1200',
		text: 'Ask the running board to start its bootloader: its port is opened at a special speed (1200 baud) and closed again, as the Arduino program does before an upload. The new port may have another number.',
		does: 'touch-1200',
		source: 'https://docs.arduino.cc/retired/getting-started-guides/ArduinoLeonardoMicro',
	},
	'window-8s': {
		id: 'window-8s',
		text: 'Start the flash first, or have it ready, and only then reset the board: the bootloader leaves again after 8 seconds.',
		source: 'https://docs.qmk.fm/flashing#caterina; Caterina.c, TIMEOUT_PERIOD',
	},
	'halfkay-button': {
		id: 'halfkay-button',
		text: 'Press the button on the Teensy once, then start the flash. The loader waits for it.',
		checks: 'device-seen',
		source: 'https://www.pjrc.com/teensy/loader_cli.html',
	},
	'hold-key-plug': {
		id: 'hold-key-plug',
		text: "Unplug the board, hold its bootloader key (often the top left one, or the marked button), plug it in, then let go. The board's page names the key.",
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/flashing#bootloadhid',
	},
	'plug-when-asked': {
		id: 'plug-when-asked',
		text: 'Start the upload with the board unplugged and plug it in when the tool asks. Use a USB 2 port or a hub if it is not seen.',
		checks: 'device-seen',
		source: 'micronucleus README.md, troubleshooting',
	},
	'device-seen': {
		id: 'device-seen',
		text: 'Look whether the computer sees the bootloader at all (this program does that with `avr-unbrick devices`).',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/faq_build',
	},
	'hwb-low': {
		id: 'hwb-low',
		text: 'If reset alone does not help, pull the HWB pin to GND while you tap reset: the chip then starts its factory bootloader.',
		checks: 'device-seen',
		source: 'ATmega16U4/32U4 datasheet 7766J, section 27.4 (HWBE)',
	},

	// Atmel DFU
	'erase-force-flash': {
		id: 'erase-force-flash',
		text: 'Erase and flash in one go, with no reset and no unplugging between: `dfu-programmer CHIP erase --force`, then at once `dfu-programmer CHIP flash --force FILE.hex` (FILE.hex: your firmware).',
		does: 'erase-and-flash',
		source: 'https://docs.qmk.fm/flashing#atmel-dfu; dfu-programmer src/commands.c',
	},
	'dfu-again': {
		id: 'dfu-again',
		text: 'Unplug the board, plug it straight into the computer, enter the bootloader again and flash once more.',
		does: 'flash-bootloader',
		source: 'https://docs.qmk.fm/flashing#atmel-dfu',
	},
	'other-dfu-tool': {
		id: 'other-dfu-tool',
		text: 'Write the same file with another tool or on another computer (dfu-programmer 0.7 or newer, avrdude with -c flip1, or this program).',
		does: 'flash-bootloader',
		source: 'https://github.com/dfu-programmer/dfu-programmer/blob/master/ChangeLog',
	},

	// cable, port, host
	'other-port-cable': {
		id: 'other-port-cable',
		text: 'Try another USB port directly on the computer, without a hub, and another cable that is known to carry data.',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/faq_misc',
	},
	'try-again': {
		id: 'try-again',
		text: 'Do the same once more: failures like this one often happen only once.',
		source: 'https://docs.qmk.fm/flashing',
	},
	'other-computer': {
		id: 'other-computer',
		text: 'Try it once on another computer or system.',
		source: 'https://docs.qmk.fm/faq_misc',
	},
	'power-draw': {
		id: 'power-draw',
		text: 'Take off everything that draws current (lighting, screens, the second half) and try again.',
		source: 'https://docs.qmk.fm/faq_misc',
	},

	// rights, drivers, other programs
	'udev-rules': {
		id: 'udev-rules',
		text: 'Install the udev rules for these devices (QMK ships them as util/udev/50-qmk.rules), then unplug and plug in again.',
		checks: 'usb-permission',
		source: 'https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	'usbguard-allow': {
		id: 'usbguard-allow',
		text: 'If usbguard runs here, allow the device with `usbguard allow-device`, also under its bootloader identity.',
		checks: 'usb-permission',
		source: 'usbguard(1)',
	},
	'group-dialout': {
		id: 'group-dialout',
		text: 'Add yourself to the group that owns the port (dialout on Debian and Ubuntu, uucp on Arch), then log out and in again.',
		checks: 'serial-permission',
		source: "Arduino Help Center, 'Fix port access on Linux'",
	},
	'zadig-winusb': {
		id: 'zadig-winusb',
		text: 'Put the board into its bootloader (or plug the programmer in), open Zadig, choose exactly that device and install the driver its tool wants: WinUSB or libusb-win32 for DFU, libusbK or libusb-win32 for USBasp and USBtiny. Never replace the driver of a serial port.',
		checks: 'driver',
		source: 'https://docs.qmk.fm/driver_installation_zadig',
	},
	'restore-usbser': {
		id: 'restore-usbser',
		text: 'In Device Manager uninstall that device and tick "Delete the driver software for this device", then enter the bootloader again: Windows gives it back its own serial driver. Never use Zadig on it.',
		checks: 'driver',
		source: 'https://docs.qmk.fm/driver_installation_zadig#recovering-from-installation-to-wrong-device',
	},
	'macos-input': {
		id: 'macos-input',
		text: 'Allow the program under System Settings, Privacy and Security, Input Monitoring, and start it again.',
		checks: 'usb-permission',
		source: 'https://support.apple.com/guide/mac-help/mchl4cedafb6/mac',
	},
	'stop-modemmanager': {
		id: 'stop-modemmanager',
		text: 'Stop ModemManager while you flash (`sudo systemctl stop ModemManager`) or install the QMK udev rules, which tell it to keep off.',
		checks: 'modemmanager',
		source: 'https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	'remove-brltty': {
		id: 'remove-brltty',
		text: 'On Linux look for brltty: it grabs CH340 adapters. Remove it if you do not use a braille display.',
		checks: 'driver',
		source: 'Debian and Ubuntu bug reports against brltty: it claims CH340 adapters',
	},
	'serial-driver': {
		id: 'serial-driver',
		text: 'Install the current driver of the USB serial chip (CH340, CP210x, FTDI), restart, and try another port.',
		checks: 'driver',
		source: "Arduino Help Center, 'If your sketch doesn't upload'",
	},
	'close-others': {
		id: 'close-others',
		text: 'Close everything that may hold the port: serial monitor, a second IDE, slicer, OctoPrint, a running screen. Then try again.',
		checks: 'port-busy',
		source: "Arduino Help Center, 'can't open device: Access is denied'",
	},
	'pick-port': {
		id: 'pick-port',
		text: 'Unplug the board, see which port disappears, plug it in and choose that one.',
		checks: 'device-seen',
		source: "Arduino Help Center, 'Select board and port in Arduino IDE'",
	},
	'macos-other': {
		id: 'macos-other',
		text: 'Update macOS, or flash from another computer: some 10.15 releases tear the bootloader port away in the middle.',
		source: 'Apple Darwin ENXIO on CDC ports; Keyboardio community, macOS 10.15 flashing failures',
	},

	// choosing right
	'right-mcu': {
		id: 'right-mcu',
		text: 'Choose the chip that is really on the board (read its print, or the name the bootloader shows) and run the same again.',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/faq_misc',
	},
	'right-tool': {
		id: 'right-tool',
		text: "Use the tool that speaks to the bootloader on the board, or build for that bootloader (BOOTLOADER in the keyboard's settings).",
		source: 'https://docs.qmk.fm/flashing',
	},
	'right-board': {
		id: 'right-board',
		text: 'Choose the right board entry. For a Nano try both "ATmega328P" and "ATmega328P (Old Bootloader)": they differ in speed, 115200 against 57600 baud.',
		source: "Arduino Help Center, 'Select the right processor for Arduino Nano'",
	},
	'right-programmer': {
		id: 'right-programmer',
		text: 'Choose the programmer that is really there, and the upload that goes with it: "Upload Using Programmer" over ISP, the plain upload through the bootloader.',
		source: 'https://docs.arduino.cc/built-in-examples/arduino-isp/ArduinoISP',
	},
	'copy-to-drive': {
		id: 'copy-to-drive',
		text: 'The board shows up as a drive: copy the firmware file (.bin) onto it, wait, and eject it.',
		source: 'https://docs.qmk.fm/flashing#lufa-mass-storage',
	},
	'unplug-d0-d1': {
		id: 'unplug-d0-d1',
		text: 'Take everything off the pins D0 (RX) and D1 (TX) and off RESET, then upload again.',
		source: "Arduino Help Center, 'If your sketch doesn't upload'",
	},
	'hold-reset': {
		id: 'hold-reset',
		text: 'Hold the reset button, start the upload, and let go the moment the upload begins.',
		source: "Arduino Help Center, 'Reset your board'",
	},
	loopback: {
		id: 'loopback',
		text: 'Loop-back test: hold the board in reset, bridge TX and RX, and type in a serial monitor. If nothing comes back, the USB serial chip or cable is at fault.',
		source: "Arduino Help Center, 'Perform a loopback test'",
	},
	'slower-baud': {
		id: 'slower-baud',
		text: 'Use a shorter cable, no hub, and leave the other wires off the board while uploading.',
		source: "Arduino Help Center, 'If your sketch doesn't upload'",
	},
	'change-data': {
		id: 'change-data',
		text: 'Change the sketch so that the data differ (for instance no "!!!" in texts), or put a newer bootloader on the Mega.',
		source: 'https://github.com/arduino/Arduino-stk500v2-bootloader',
	},

	// files and tools
	'smaller-image': {
		id: 'smaller-image',
		text: 'Make the firmware smaller (turn features off, link-time optimisation on) or choose the board entry with the right size.',
		source: 'https://docs.qmk.fm/squeezing_avr',
	},
	'fresh-file': {
		id: 'fresh-file',
		text: 'Download or build the firmware again and take the .hex file for this board (`avr-unbrick inspect FILE` says what a file is).',
		checks: 'file',
		source: 'https://docs.qmk.fm/newbs_flashing',
	},
	'find-file': {
		id: 'find-file',
		text: 'Check that the file is where the tool looks for it, and choose it again.',
		checks: 'file',
		source: 'https://docs.qmk.fm/newbs_flashing',
	},
	'plain-path': {
		id: 'plain-path',
		text: 'Put the file into a folder without spaces or special letters in its path, such as C:\\fw, or put the path in quotes.',
		checks: 'file',
		source: 'https://docs.qmk.fm/isp_flashing_guide',
	},
	'update-tool': {
		id: 'update-tool',
		text: 'Install the current version of the tool (or of the board package that brings it) and try again.',
		source: 'https://github.com/avrdudes/avrdude/releases',
	},
	'install-tool': {
		id: 'install-tool',
		text: 'Install the missing program (`qmk setup` brings the usual ones) and open a new terminal.',
		source: 'https://docs.qmk.fm/newbs_getting_started',
	},
	'matching-conf': {
		id: 'matching-conf',
		text: 'Use the avrdude.conf that came with this avrdude, or name it with -C; check the spelling of part and programmer.',
		source: 'avrdude manual, section 4 (configuration files)',
	},
	'fix-build': {
		id: 'fix-build',
		text: 'Mend the first error the compiler names, then build and flash again. The board was not touched.',
		source: 'https://docs.qmk.fm/faq_build',
	},

	// wires
	'check-wires': {
		id: 'check-wires',
		text: "Check the six wires one by one: MISO to MISO, MOSI to MOSI, SCK, GND, VCC, and RESET to the target's reset. Short wires, good joints.",
		does: 'show-wiring',
		source: 'https://docs.qmk.fm/isp_flashing_guide; Microchip AN2519 (AVR042), section 6',
	},
	'check-power': {
		id: 'check-power',
		text: 'Give the target power: its own USB, or VCC from the programmer (set the power jumper), and check that 3.3 or 5 V stand between VCC and GND.',
		does: 'show-wiring',
		source: 'Microchip AN2519 (AVR042), section 2',
	},
	'unload-spi': {
		id: 'unload-spi',
		text: 'Take off or release what hangs on MOSI, MISO and SCK (keys, LEDs, other SPI devices) while programming.',
		source: 'Microchip AN2519 (AVR042), section 6',
	},
	'slow-sck': {
		id: 'slow-sck',
		text: 'Slow the ISP clock down: `-B 32` for avrdude, the slow jumper on a USBasp. It must stay below a quarter of the chip clock.',
		does: 'read-signature',
		source: 'ATmega16U4/32U4 datasheet 7766J, section 28.8 (serial downloading)',
	},
	'feed-clock': {
		id: 'feed-clock',
		text: 'Feed a clock of 1 to 8 MHz into XTAL1 (an Arduino or a second board can make one), then read the signature and correct the fuses.',
		does: 'read-signature',
		source: 'ATmega328P datasheet DS40002061B, section 8.8 (external clock)',
	},
	'high-voltage': {
		id: 'high-voltage',
		text: 'ISP cannot reach this chip any more: use a high voltage programmer, or replace the chip.',
		source: 'ATmega328P datasheet DS40002061B, section 27.7 (parallel programming)',
	},
	'reset-capacitor': {
		id: 'reset-capacitor',
		text: 'Load the ArduinoISP sketch first, then put a 10 uF capacitor between RESET and GND of the programming Arduino so that it does not restart. Upload with "Arduino as ISP".',
		source: 'https://docs.arduino.cc/built-in-examples/arduino-isp/ArduinoISP',
	},
	'programmer-plugged': {
		id: 'programmer-plugged',
		text: 'Plug the programmer in directly, look whether it is listed, and check that this is the programmer you named.',
		checks: 'device-seen',
		source: 'https://docs.qmk.fm/isp_flashing_guide',
	},
	'bigger-programmer': {
		id: 'bigger-programmer',
		text: 'Use a programmer that can address more than 128 KB (USBasp with current firmware, AVRISP mkII, this program over ArduinoISP), then write again.',
		does: 'start-isp',
		source: 'avrdude src/usbtiny.c (no extended address command); AVR061',
	},
	'unused-bits': {
		id: 'unused-bits',
		text: 'Nothing is wrong with the fuse: bits that do not exist read as ones. Give them as ones (0xFD for 0x05, 0xFF for 0x3F) and the message goes away.',
		source: 'avrdude src/avr.c (unused bits); ATmega328P datasheet DS40002061B, table 27-5',
	},
	'keep-spien': {
		id: 'keep-spien',
		text: 'Give the byte as it reads back, with SPIEN programmed (0): ISP can neither set nor clear that bit, and the message goes away.',
		source:
			'ATmega328P datasheet DS40002061B, table 27-7, note: SPIEN is not accessible in serial programming mode',
	},
	'erase-unlock': {
		id: 'erase-unlock',
		text: 'A chip erase over ISP clears the lock bits. It wipes the flash, so have the image and the bootloader ready.',
		does: 'start-isp',
		source: 'ATmega16U4/32U4 datasheet 7766J, section 28.1',
	},
	'lock-alone': {
		id: 'lock-alone',
		text: 'Everything else was written. If you want the boot section protected, write the lock byte once more on its own.',
		source: 'ATmega328P datasheet DS40002061B, section 27.1',
	},
	'right-command': {
		id: 'right-command',
		text: 'Write with `-U flash:w:FILE` after an erase; set fuses and lock bits only through an ISP programmer, never through a bootloader.',
		does: 'start-isp',
		source: 'avrdude manual, option -U',
	},
	'isp-bootloader': {
		id: 'isp-bootloader',
		text: 'Write the bootloader anew over ISP: this program leads you through programmer, wiring, backup, writing and reading back.',
		does: 'start-isp',
		source: 'https://docs.qmk.fm/isp_flashing_guide',
	},
	'isp-last': {
		id: 'isp-last',
		text: 'If none of this helps, write the bootloader anew over ISP; this program leads you through it.',
		does: 'start-isp',
		source: 'https://docs.qmk.fm/isp_flashing_guide',
	},
	'check-fuses': {
		id: 'check-fuses',
		text: 'If ISP was used just before, read the fuses back: a wrong clock or boot fuse keeps the board off USB.',
		does: 'read-signature',
		source: 'https://docs.qmk.fm/isp_flashing_guide#changing-fuses',
	},

	// answers without a fault
	'arm-way': {
		id: 'arm-way',
		text: "This board is not an AVR, and ISP is not its way back. Use its own bootloader (DFU, UF2) and its vendor's page; the last resort is SWD.",
		source: 'https://docs.qmk.fm/flashing#arm-bootloaders',
	},
	'nothing-to-do': {
		id: 'nothing-to-do',
		text: 'Nothing to mend: the flash worked. Unplug the board, plug it in again and try it.',
		source: 'avrdude manual; dfu-programmer manual',
	},
	'harmless-note': {
		id: 'harmless-note',
		text: 'You may ignore the message. Unplug the board, plug it in again and try it.',
		source: 'avrdude manual; dfu-util manual',
	},
	'paste-more': {
		id: 'paste-more',
		text: 'Paste the whole output, from the command down to the last line. Add -v to avrdude, or --debug 20 to dfu-programmer, if it says little.',
		source: 'avrdude manual, option -v; dfu-programmer manual, --debug',
	},
	'paste-flash-log': {
		id: 'paste-flash-log',
		text: 'Paste what the flashing tool printed (avrdude, dfu-programmer, QMK Toolbox, Arduino IDE and the like), with the command above it.',
		source: 'https://docs.qmk.fm/flashing',
	},
} as const satisfies Readonly<Record<string, FirstAid>>;

export type FirstAidId = keyof typeof firstAid;

/** Chips with a DFU bootloader, as dfu-programmer calls them too. Source: its list of targets, `dfu-programmer --targets`. */
const dfuChip = /^(at90usb|atmega\d+u[24]$|atxmega)/;

/** The text of an entry, with the chip by its name where the log tells it, and in words where it does not. */
export function aidText(id: FirstAidId, chip: string | undefined): string {
	const {text} = firstAid[id];
	if (!text.includes('CHIP')) return text;
	return chip !== undefined && dfuChip.test(chip)
		? text.replaceAll('CHIP', chip)
		: text.replace('(FILE.hex:', '(CHIP: the name on the chip, such as atmega32u4; FILE.hex:');
}
