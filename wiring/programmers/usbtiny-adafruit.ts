// usbtiny-adafruit: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const usbtinyAdafruit = {
	id: 'usbtiny_adafruit',
	name: 'Adafruit USBtinyISP and compatibles',
	aliases: ['usbtinyisp'],
	driver: 'usbtiny',
	avrdudeId: 'usbtiny',
	headers: ['6-pin', '10-pin'],
	labels: {RESET: 'RST', SCK: 'SCK (or SCLK)', MOSI: 'MOSI', MISO: 'MISO', VCC: 'VCC', GND: 'GND'},
	power: {
		supply: 'jumper',
		volts: [5],
		signalVolts: 'target',
		note: "With the jumper (JP3) fitted 5 V from USB goes to VCC; without it the buffer runs from the board's own supply.",
	},
	fastFlashBytes: 65_536,
	traps: ['It has no serial port: nothing appears in a list of ports, and that is right.'],
	doubtful: ['The jumper number is from the product documentation and was not read again.'],
	source: 'QMK isp_flashing_guide.md; avrdude.conf.in; qmk_toolbox UsbTinyIspDevice.cs',
} as const satisfies ProgrammerPinout;
