// The words of this trade in plain ones, for `?`.

export const glossary = {
	ISP: 'In-system programming. A second small device (the programmer) talks to the bare chip over six wires. It works even when the chip holds no working software at all, which is why it can revive a board that USB no longer sees.',
	bootloader:
		'A small program in the last part of the chip. It lets you load new firmware over USB without a programmer. When it is damaged the keyboard can no longer be flashed the usual way.',
	firmware: 'The program that makes the board a keyboard, with your keymap in it.',
	fuse: 'Settings inside the chip, stored apart from the program: which clock it runs on, where it starts. A wrong one can stop the chip, so this program changes only what is needed and refuses what could end ISP.',
	'lock bits':
		'Settings that stop others from reading or changing the memory. Only a full erase takes them away.',
	signature:
		'Three bytes that every chip of one type answers with. They prove that the wiring works and which chip it is.',
	programmer:
		'The small device between your computer and the board: a USBasp, a USBtinyISP, an Arduino with the ArduinoISP sketch, a spare Pro Micro ...',
	erase:
		'The whole program memory is set to blank. Needed before new bytes can be written. This program first saves what can be read.',
	verify: 'Every byte written is read back and compared. Only then this program says that it worked.',
	EEPROM:
		'A small memory for settings that outlives a reset: VIA keymaps, left or right half, backlight. It is saved before the erase and written back.',
	DFU: 'Device Firmware Update, the USB way in which Atmel chips take firmware from dfu-programmer or QMK Toolbox.',
	Caterina:
		'The bootloader of Pro Micro and Leonardo boards. It listens for about eight seconds after a double press of RESET.',
	RESET:
		'The button that starts the chip anew, and its pin (RST on many boards), which stops the chip while it is held low. Without a button, touch the pads RST and GND together with a piece of wire or tweezers. A programmer holds this pin low while it works. Which pin of the programmer does this is not always the one called RESET.',
	capacitor:
		'A small part with two legs, often a little can. One of 10 uF (microfarad) between RESET and GND of an Arduino keeps it from restarting; the leg with the stripe is minus and goes to GND.',
	'level shifter':
		'A small plug-in board between 5 V and 3.3 V: it passes each signal on at the voltage of the other side. Without it a 5 V programmer can destroy a 3.3 V board.',
	HV: "The 5 V side of a level shifter (high voltage): it gets the programmer's 5 V. HV1 to HV4 are the signals on this side.",
	LV: "The 3.3 V side of a level shifter (low voltage): it gets the board's own 3.3 V. LV1 to LV4 are the signals on this side, and LV1 belongs to HV1.",
	PCB: 'Printed circuit board: the plate that all parts are soldered to. Some keyboards have the chip on it, others carry a small plug-in board (Pro Micro, Elite-C) with the chip.',
	'which board':
		'Look at the name printed on the board or its back (Pro Micro, Elite-C, Teensy); at the largest chip, under a lamp at an angle (MEGA32U4, ATMEGA32A); count its pins (44 on four sides, 32 on four sides, 40 legs in two rows); or see which USB name your system showed while it worked.',
	hex: 'A text file with the bytes for the chip and the addresses they belong to. Firmware and bootloaders come as .hex files.',
	port: 'The name under which your system lists a serial device: COM3 on Windows, /dev/ttyACM0 on Linux, /dev/cu.usbmodem on macOS.',
	SCK: 'The clock wire of ISP. It must be slow enough for the chip; this program finds the right speed by itself.',
	MISO: 'The wire on which the chip answers: from the chip back to the programmer. The name is the same at both ends: MISO goes to MISO.',
	MOSI: 'The wire on which the programmer speaks to the chip. The name is the same at both ends: MOSI goes to MOSI.',
	VCC: 'The supply, plus: 5 V or 3.3 V. Only one thing may feed the board: the programmer over this wire, or its own USB cable.',
	GND: 'Ground, minus: the wire that everything is measured against. Without it no other wire works.',
	target: 'The chip that is to be revived, in contrast to the programmer that does it.',
	XTAL1: 'The pin at which the chip takes its clock from a crystal, or from outside.',
	CKSEL:
		'The fuse bits that say which clock the chip runs on: an outside one, a crystal, or the one built in.',
	package:
		'The shape of the chip, with the number of its pins: TQFP44 and QFN44 are flat and square with 44, DIP28 has two rows of 14 legs. Pin 1 is marked by a dot.',
	JTAG: 'A debug connection. With it switched on, pins F4 to F7 cannot be used by a key matrix until the firmware switches it off.',
	crystal:
		'The small metal can (often marked 16.000) beside the chip. It gives the chip its exact clock; USB needs it.',
	'brown-out':
		'A guard that holds the chip in reset while the supply voltage is too low, so that it cannot damage its own memory.',
	backup:
		'A file with everything that could be read from the chip before anything was changed. It can be written back.',
	BOOTRST: 'Decides whether the chip starts in the bootloader or in the firmware.',
	HWBE: 'Lets a pin called HWB bring the chip into its bootloader while it resets.',
	CKDIV8:
		'Divides the clock by eight at start. Factory setting of many chips; the firmware usually undoes it.',
	Arm: 'Another family of chips (Proton C, RP2040, Blackpill). They have their own built-in loader and need no ISP.',
} as const satisfies Readonly<Record<string, string>>;

export type Term = keyof typeof glossary;
