// The stock ArduinoISP sketch, compiled from Debian's packages for an Uno. Its text is not touched: what the
// Arduino IDE would add (the core's header and the prototypes) stands in a file that includes it.
import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const hardware = '/usr/share/arduino/hardware/arduino/avr';
/** Unpacked out of Debian's `arduino` package by .ci/run. */
export const sketchPath = path.join(
	root,
	'.cache/peers/usr/share/doc/arduino/examples/11.ArduinoISP/ArduinoISP/ArduinoISP.ino',
);
/** What a suite with the real sketch needs. */
export const arduinoIspNeeds = {
	programs: ['avr-g++', 'avr-objcopy', 'python3'],
	files: [sketchPath, `${hardware}/cores/arduino/main.cpp`, '/usr/lib/avr/include/avr/io.h'],
};

const flags = [
	'-mmcu=atmega328p',
	'-DF_CPU=16000000L',
	'-DARDUINO=10819',
	'-DARDUINO_AVR_UNO',
	'-DARDUINO_ARCH_AVR',
	// gcc 5.4 lacks the macro that its own float.h promises.
	'-DDECIMAL_DIG=__DECIMAL_DIG__',
	'-Os',
	'-w',
	'-ffunction-sections',
	'-fdata-sections',
	`-I${hardware}/cores/arduino`,
	`-I${hardware}/variants/standard`,
	`-I${hardware}/libraries/SPI/src`,
];
const cppFlags = ['-std=gnu++11', '-fpermissive', '-fno-exceptions', '-fno-threadsafe-statics'];

/** Declarations of the functions that begin at the left margin, as the Arduino IDE makes them. */
export function prototypes(sketch: string): string {
	const found = sketch.matchAll(/^((?:unsigned |signed )?[a-z]\w*[ *]+\w+\([^;{}()]*\)) \{/gm);
	return [...found].map(match => `${match[1]};`).join('\n');
}

/** Path of the program memory image (raw bytes from address 0); compiled once, then kept in .cache. */
export async function compileArduinoIsp(): Promise<string> {
	const sketch = readFileSync(sketchPath, 'utf8');
	const wrapper = `#include <Arduino.h>\n${prototypes(sketch)}\n#include "${sketchPath}"\n`;
	const key = createHash('sha256').update(sketch).update(wrapper).update(flags.join(' ')).digest('hex');
	const cache = path.join(root, '.cache/arduino-isp');
	const binary = path.join(cache, `${key.slice(0, 16)}.bin`);
	if (existsSync(binary)) return binary;
	mkdirSync(cache, {recursive: true});
	const build = mkdtempSync(path.join(cache, 'build-'));
	try {
		writeFileSync(path.join(build, 'sketch.cpp'), wrapper);
		const core = path.join(hardware, 'cores/arduino');
		const sources = [
			...readdirSync(core)
				.filter(name => /\.(c|cpp|S)$/.test(name))
				.map(name => path.join(core, name)),
			path.join(hardware, 'libraries/SPI/src/SPI.cpp'),
			path.join(build, 'sketch.cpp'),
		];
		const objects = await Promise.all(
			[...sources.entries()].map(async ([index, source]) => {
				const object = path.join(build, `${index}.o`);
				const more = source.endsWith('.cpp') ? cppFlags : [];
				const assembler = source.endsWith('.S') ? ['-x', 'assembler-with-cpp'] : [];
				const compiler = source.endsWith('.cpp') ? 'avr-g++' : 'avr-gcc';
				await run(compiler, [...flags, ...more, ...assembler, '-c', source, '-o', object]);
				return object;
			}),
		);
		const elf = path.join(build, 'sketch.elf');
		await run('avr-g++', [
			'-mmcu=atmega328p',
			'-Os',
			'-w',
			'-Wl,--gc-sections',
			...objects,
			'-lm',
			'-o',
			elf,
		]);
		const raw = path.join(build, 'sketch.bin');
		await run('avr-objcopy', ['-O', 'binary', '-R', '.eeprom', elf, raw]);
		// Several test files may compile at the same time; the last to finish wins, with the same bytes.
		renameSync(raw, binary);
	} finally {
		rmSync(build, {recursive: true, force: true});
	}
	return binary;
}
