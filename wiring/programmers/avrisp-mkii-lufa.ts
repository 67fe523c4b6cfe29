// avrisp-mkii-lufa: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const avrispMkiiLufa = {
	id: 'avrisp_mkii_lufa',
	name: 'AVRISP mkII clone (LUFA firmware on a USB AVR board)',
	aliases: ['lufa_avrisp', 'avrispmkii_lufa'],
	driver: 'avrispmkii',
	avrdudeId: 'avrispmkII',
	headers: ['6-pin'],
	labels: {
		RESET: "the board's AUX line (named in its makefile)",
		SCK: 'SCK',
		MOSI: 'MOSI',
		MISO: 'MISO',
		VCC: 'VTARGET (VCC)',
		GND: 'GND',
	},
	power: {
		supply: 'jumper',
		volts: [5, 3.3],
		signalVolts: 5,
		note: 'Whether VTARGET is fed depends on the board that carries the firmware; without an analogue input it always reports 3.3 V.',
	},
	resetTrap:
		"From the AUX line, never from the programmer board's own RESET pad: that one only resets the programmer. Leave it free.",
	rescueClock:
		'4 MHz on OCR1A (or XCK, as built), for the XTAL1 pin of a chip whose clock fuses ask for a clock; ISP then at 125 kHz.',
	traps: ['The voltage it reports is measured only where the board has an analogue input for it.'],
	doubtful: ['Levels are those of the board that carries the firmware, usually 5 V.'],
	source: 'LUFA Projects/AVRISP-MKII/AVRISP-MKII.txt and AVRISPDescriptors.c',
} as const satisfies ProgrammerPinout;
