// How the pads of some boards lie: USB plug at the top, component side towards you. A board without an outline
// here is drawn as a plain list of its pads.
import type {BoardOutline} from './pinout.ts';

export const proMicroOutline = {
	left: ['TX', 'RX', 'GND', 'GND', '2', '3', '4', '5', '6', '7', '8', '9'],
	right: ['RAW', 'GND', 'RST', 'VCC', 'A3', 'A2', 'A1', 'A0', '15', '14', '16', '10'],
	source: 'SparkFun Pro Micro pinout; order as in QMK platforms/chibios/converters',
} as const satisfies BoardOutline;

/** The Pro Micro's footprint with AVR port names; the corner that differs between versions stays unnamed. */
export const eliteCOutline = {
	left: ['D3', 'D2', 'GND', 'GND', 'D1', 'D0', 'D4', 'C6', 'D7', 'E6', 'B4', 'B5'],
	right: ['', 'GND', 'RST', 'VCC', 'F4', 'F5', 'F6', 'F7', 'B1', 'B3', 'B2', 'B6'],
	source: 'QMK platforms/chibios/converters (ports of the Pro Micro footprint)',
} as const satisfies BoardOutline;

export const teensy2Outline = {
	left: ['GND', 'B0', 'B1', 'B2', 'B3', 'B7', 'D0', 'D1', 'D2', 'D3', 'C6', 'C7'],
	right: ['VCC', 'F0', 'F1', 'F4', 'F5', 'F6', 'F7', 'B6', 'B5', 'B4', 'D7', 'D6'],
	bottom: ['RST'],
	source: 'PJRC pinout card; order as in the Teensy 2.0 core (digital pins 0 to 21 round the board)',
} as const satisfies BoardOutline;

/** Outline by board id (src/engine/boards). */
export const boardOutlines: Readonly<Record<string, BoardOutline>> = {
	promicro_5v: proMicroOutline,
	promicro_3v3: proMicroOutline,
	elite_c: eliteCOutline,
	teensy_2: teensy2Outline,
};
