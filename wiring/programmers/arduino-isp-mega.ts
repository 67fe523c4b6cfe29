// arduino-isp-mega: the target end of this programmer, see `source`.
import type {ProgrammerPinout} from '../pinout.ts';

export const arduinoIspMega = {
	id: 'arduino_isp_mega',
	name: 'Arduino Mega with the ArduinoISP sketch',
	aliases: ['arduino-isp-mega', 'mega_arduinoisp'],
	driver: 'arduino-isp',
	avrdudeId: 'stk500v1',
	headers: [],
	labels: {RESET: '10', SCK: '52', MOSI: '51', MISO: '50', VCC: '5V', GND: 'GND'},
	power: {
		supply: 'always',
		volts: [5],
		signalVolts: 5,
		note: "5V carries 5 V from the Arduino's USB plug whenever it is plugged in.",
	},
	resetTrap:
		"From pin 10 (the sketch's choice, not 53), never from RESET and never from pin 5 of the ICSP header: those only reset the Arduino. Leave them free.",
	capacitor:
		"Opening the port resets the Arduino. After the sketch is on it, put a 10 uF capacitor between the Arduino's own RESET (+) and GND (-); take it off to load another sketch. It never goes on the keyboard's RESET.",
	traps: ['Its SCK runs at 1/6 MHz: slow enough for a chip that runs at 1 MHz.'],
	doubtful: [],
	source: 'ArduinoISP.ino; ArduinoCore-avr boards.txt and variants/mega',
} as const satisfies ProgrammerPinout;
