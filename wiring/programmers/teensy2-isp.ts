// teensy2-isp: the target end of this programmer, see `source`.
import {teensy2Outline} from '../outlines.ts';
import type {ProgrammerPinout} from '../pinout.ts';

export const teensy2Isp = {
	id: 'teensy2_isp',
	name: 'Teensy 2.0 with the ISP firmware',
	aliases: ['teensy', 'teensy2', 'teensy_2'],
	driver: 'avrisp',
	avrdudeId: 'avrisp',
	headers: [],
	labels: {RESET: 'B0', SCK: 'B1', MOSI: 'B2', MISO: 'B3', VCC: 'VCC', GND: 'GND'},
	outline: teensy2Outline,
	power: {
		supply: 'always',
		volts: [5],
		signalVolts: 5,
		note: "VCC carries 5 V from the Teensy's USB plug whenever it is plugged in.",
	},
	resetTrap: 'From B0, never from the RST pad of the Teensy: that one only resets the Teensy. Leave it free.',
	traps: ['The Teensy must first carry teensy_2.0_ISP_B0.hex ("avr-unbrick prepare teensy2_isp").'],
	doubtful: [],
	source: 'QMK isp_flashing_guide.md (Teensy table); USB descriptor of the firmware',
} as const satisfies ProgrammerPinout;
