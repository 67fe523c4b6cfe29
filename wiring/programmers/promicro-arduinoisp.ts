// promicro-arduinoisp: the target end of this programmer, see `source`.
import {proMicroOutline} from '../outlines.ts';
import type {ProgrammerPinout} from '../pinout.ts';

export const promicroArduinoisp = {
	id: 'promicro_arduinoisp',
	name: 'Pro Micro, Leonardo or Micro with the ArduinoISP sketch',
	aliases: ['leonardo_arduinoisp', 'micro_arduinoisp'],
	driver: 'avrisp',
	avrdudeId: 'stk500v1',
	headers: [],
	labels: {
		RESET: '10 (B6)',
		SCK: '15 (Micro: SCK; Leonardo: ICSP-3)',
		MOSI: '16 (Micro: MOSI; Leonardo: ICSP-4)',
		MISO: '14 (Micro: MISO; Leonardo: ICSP-1)',
		VCC: 'VCC (5V)',
		GND: 'GND',
	},
	pads: {RESET: '10', SCK: '15', MOSI: '16', MISO: '14', VCC: 'VCC'},
	outline: proMicroOutline,
	power: {
		supply: 'always',
		volts: [5],
		signalVolts: 5,
		note: "VCC carries the programmer's own supply whenever it is plugged in (3.3 V on the 3.3 V Pro Micro).",
	},
	resetTrap:
		'From pin 10, never from the RST (RESET) pin of the programmer: that one only resets the programmer. Leave it free.',
	traps: [
		'A Leonardo brings SCK, MOSI and MISO out on its ICSP header only.',
		'Never open its port at 1200 baud: that starts its bootloader.',
	],
	doubtful: [],
	source:
		'ArduinoISP.ino; ArduinoCore-avr boards.txt and variants; SparkFun boards.txt; QMK isp_flashing_guide.md',
} as const satisfies ProgrammerPinout;
