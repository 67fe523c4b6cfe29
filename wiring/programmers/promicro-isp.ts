// promicro-isp: the target end of this programmer, see `source`.
import {proMicroOutline} from '../outlines.ts';
import type {ProgrammerPinout} from '../pinout.ts';

export const promicroIsp = {
	id: 'promicro_isp',
	name: 'Pro Micro with the ISP firmware',
	aliases: ['avrisp', 'promicro', 'pro_micro'],
	driver: 'avrisp',
	avrdudeId: 'avrisp',
	headers: [],
	labels: {
		RESET: '10 (B6)',
		SCK: '15 (B1)',
		MOSI: '16 (B2)',
		MISO: '14 (B3)',
		VCC: 'VCC',
		GND: 'GND',
	},
	pads: {RESET: '10', SCK: '15', MOSI: '16', MISO: '14'},
	outline: proMicroOutline,
	power: {
		supply: 'always',
		volts: [5],
		signalVolts: 5,
		note: "VCC carries 5 V from the programmer's USB plug whenever it is plugged in.",
	},
	resetTrap:
		'From 10 (B6), never from the RST pin of the programming Pro Micro: that one only resets the programmer. Leave it free.',
	traps: [
		'The programmer must be a 5 V, 16 MHz Pro Micro: the firmware is built for that clock.',
		'To get its own bootloader back later, touch its RST and GND together twice within half a second.',
		'Mark which of the two Pro Micros is the programmer before anything is soldered.',
	],
	doubtful: [],
	source: 'QMK isp_flashing_guide.md (Pro Micro table); USB descriptor of pro_micro_ISP_B6_10.hex',
} as const satisfies ProgrammerPinout;
