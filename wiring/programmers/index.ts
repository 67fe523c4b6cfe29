// All programmers that can be wired, in the order of the guide.
import type {ProgrammerPinout} from '../pinout.ts';
import {arduinoIspMega} from './arduino-isp-mega.ts';
import {arduinoIspUno} from './arduino-isp-uno.ts';
import {avrispMkii} from './avrisp-mkii.ts';
import {avrispMkiiLufa} from './avrisp-mkii-lufa.ts';
import {buspirate3} from './buspirate3.ts';
import {buspirate4} from './buspirate4.ts';
import {buspirate5} from './buspirate5.ts';
import {promicroArduinoisp} from './promicro-arduinoisp.ts';
import {promicroIsp} from './promicro-isp.ts';
import {teensy2Isp} from './teensy2-isp.ts';
import {usbasp} from './usbasp.ts';
import {usbtinyAdafruit} from './usbtiny-adafruit.ts';
import {usbtinySparkfun} from './usbtiny-sparkfun.ts';

export const programmerPinouts: readonly ProgrammerPinout[] = [
	usbasp,
	usbtinySparkfun,
	usbtinyAdafruit,
	teensy2Isp,
	promicroIsp,
	promicroArduinoisp,
	arduinoIspUno,
	arduinoIspMega,
	avrispMkii,
	avrispMkiiLufa,
	buspirate3,
	buspirate4,
	buspirate5,
];

/**
 * Every hardware variant that a word stands for: an id (`usbtiny_sparkfun`), an alias (`avrisp`) or a driver
 * (`usbtiny`). The likeliest first; empty when there is none. Case and `-` against `_` do not matter.
 */
export function findPinouts(word: string): readonly ProgrammerPinout[] {
	const wanted = normal(word);
	const named = programmerPinouts.filter(
		pinout => normal(pinout.id) === wanted || pinout.aliases.some(alias => normal(alias) === wanted),
	);
	const driven = programmerPinouts.filter(pinout => normal(pinout.driver) === wanted);
	return [...new Set([...named, ...driven])];
}

function normal(word: string): string {
	return word.trim().toLowerCase().replaceAll('-', '_');
}
