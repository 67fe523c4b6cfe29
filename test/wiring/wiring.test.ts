// The wiring tables and pictures over everything known: each programmer with each board and each bare package.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {boards} from '../../src/engine/boards/index.ts';
import type {ChipPackage, IspSignal} from '../../src/engine/chips/chip.ts';
import {chips, findChip} from '../../src/engine/chips/index.ts';
import {lineWidth} from '../../wiring/canvas.ts';
import {packageShape} from '../../wiring/draw.ts';
import {
	drawPackage,
	drawWiring,
	findPinouts,
	NoWiring,
	plainLine,
	programmerPinouts,
	toAscii,
	type WiringTable,
	warningBefore,
	wiringLinear,
	wiringOrder,
	wiringSvg,
	wiringTable,
	wiringTableLines,
} from '../../wiring/index.ts';

const supported = boards.filter(board => board.supported);

function assertComplete(table: WiringTable): void {
	const pair = `${table.programmer.id} to ${table.target.id} (${table.target.package.name})`;
	assert.deepEqual(
		table.rows.map(row => row.signal),
		wiringOrder.filter(signal => signal !== 'VCC' || table.levels !== 'level-shifter'),
		pair,
	);
	for (const row of table.rows) {
		assert.notEqual(row.programmer.label, '', `${pair}: ${row.signal} at the programmer`);
		assert.notEqual(row.target.label, '', `${pair}: ${row.signal} at the board`);
		assert.ok(row.target.packagePins.length > 0, `${pair}: ${row.signal} has no pin on the package`);
		for (const pin of row.target.packagePins) {
			assert.ok(pin >= 1 && pin <= table.target.package.pinCount, `${pair}: ${row.signal} pin ${pin}`);
		}
	}
	const codes = table.warnings.map(warning => warning.code);
	assert.ok(codes.includes('one-supply'), pair);
	assert.ok(codes.includes('loaded-lines'), pair);
	assert.equal(codes.includes('reset-trap'), table.programmer.resetTrap !== undefined, pair);
	assert.ok(table.power.length >= 3, pair);
	const reset = table.rows.find(row => row.signal === 'RESET');
	if (table.programmer.resetTrap !== undefined) {
		assert.ok(reset?.notes.includes(table.programmer.resetTrap), `${pair}: the trap stands on the RESET row`);
	}
}

test('every programmer with every board gives a complete table', () => {
	assert.equal(programmerPinouts.length, 13);
	let pairs = 0;
	for (const programmer of programmerPinouts) {
		for (const board of supported) {
			assertComplete(wiringTable(programmer.id, board.id));
			pairs++;
		}
	}
	assert.equal(pairs, programmerPinouts.length * supported.length);
});

test('every programmer with every bare package gives a complete table', () => {
	for (const programmer of programmerPinouts) {
		for (const chip of chips) {
			for (const found of chip.packages) {
				assertComplete(wiringTable(programmer.id, {chip: chip.id, package: found.name}));
			}
		}
	}
});

test('the tables of the guide (rows S9 and S10)', () => {
	const row = (programmer: string, signal: IspSignal) =>
		wiringTable(programmer, 'promicro_5v').rows.find(known => known.signal === signal)!;
	const labels = (programmer: string) =>
		(['RESET', 'SCK', 'MOSI', 'MISO', 'VCC', 'GND'] as const).map(
			signal => row(programmer, signal).programmer.label,
		);
	assert.deepEqual(labels('usbtiny'), ['RST', 'SCK (or SCLK)', 'MOSI', 'MISO', 'VCC', 'GND']);
	assert.deepEqual(labels('usbasp'), ['RST', 'SCK (or SCLK)', 'MOSI', 'MISO', 'VCC', 'GND']);
	assert.deepEqual(labels('teensy2_isp'), ['B0', 'B1', 'B2', 'B3', 'VCC', 'GND']);
	assert.deepEqual(labels('promicro_isp'), ['10 (B6)', '15 (B1)', '16 (B2)', '14 (B3)', 'VCC', 'GND']);
	assert.deepEqual(labels('arduino-isp'), ['10 (D10)', '13 (D13)', '11 (D11)', '12 (D12)', '5V', 'GND']);
	assert.match(row('teensy2_isp', 'RESET').notes.join(' '), /B0, never from the RST pad/);
	assert.match(row('promicro_isp', 'RESET').notes.join(' '), /10 \(B6\), never from the RST pin/);
	assert.deepEqual(row('usbasp', 'RESET').programmer.headerPins, [5]);
	assert.deepEqual(row('usbasp', 'GND').programmer.headerPins, [4, 6, 8, 10]);
	assert.deepEqual(row('avrisp_mkii', 'MISO').programmer.headerPins, [1]);
});

test('programmers are found by id, alias and driver, whatever the case', () => {
	const ids = (word: string) => findPinouts(word).map(pinout => pinout.id);
	assert.deepEqual(ids('usbtiny'), ['usbtiny_sparkfun', 'usbtiny_adafruit']);
	assert.deepEqual(ids('avrisp'), ['promicro_isp', 'teensy2_isp', 'promicro_arduinoisp']);
	assert.deepEqual(ids('arduino-isp'), ['arduino_isp_uno', 'arduino_isp_mega']);
	assert.deepEqual(ids('buspirate'), ['buspirate3', 'buspirate4', 'buspirate5']);
	assert.deepEqual(ids('AVRISPmkII'), ['avrisp_mkii', 'avrisp_mkii_lufa']);
	assert.deepEqual(ids('usbasp'), ['usbasp']);
	assert.deepEqual(ids('jtagice'), []);
	const names = programmerPinouts.flatMap(pinout => [pinout.id, ...pinout.aliases]);
	assert.equal(new Set(names).size, names.length, 'no word means two programmers');
});

test('warnings follow the pair', () => {
	const codes = (programmer: string, target: Parameters<typeof wiringTable>[1]) =>
		wiringTable(programmer, target).warnings.map(warning => warning.code);
	assert.ok(codes('promicro_isp', 'promicro_3v3').includes('five-volts-on-3v3'));
	assert.ok(!codes('promicro_isp', 'promicro_5v').includes('five-volts-on-3v3'));
	assert.ok(!codes('avrisp_mkii', 'promicro_3v3').includes('five-volts-on-3v3'), 'it feeds nothing');
	assert.ok(codes('arduino-isp', 'uno').includes('capacitor'));
	assert.ok(!codes('avrisp', 'uno').includes('capacitor'));
	assert.ok(codes('usbtiny', 'teensypp_2').includes('large-flash'));
	assert.ok(!codes('usbasp', 'teensypp_2').includes('large-flash'));
	assert.ok(codes('buspirate', 'promicro_5v').includes('brown-out-above-supply'));
	assert.ok(codes('buspirate', 'promicro_5v').includes('low-signals'));
	assert.match(
		wiringTable('usbtiny', {chip: 'atmega2560'}).warnings.find(({code}) => code === 'large-flash')!.text,
		/256 KB/,
	);
});

/** The highest voltage that a programmer can put on a wire. */
const highest = ({power}: WiringTable['programmer']) =>
	Math.max(0, ...power.volts, power.signalVolts === 'target' ? 0 : power.signalVolts);

test('a 3.3 V board is never wired straight to 5 V: no VCC, a level shifter, and the warning comes first', () => {
	let apart = 0;
	let low = 0;
	for (const programmer of programmerPinouts) {
		for (const board of supported) {
			const table = wiringTable(programmer.id, board.id);
			const pair = `${programmer.id} to ${board.id}`;
			if (board.vcc >= 4 || highest(programmer) <= board.vcc) {
				assert.equal(table.levels, 'direct', pair);
				assert.equal(warningBefore(table), undefined, pair);
				continue;
			}
			const warning = warningBefore(table);
			assert.equal(warning?.severity, 'danger', pair);
			const picture = drawWiring(table, {columns: 80}).lines;
			const rows = wiringTableLines(table, 80);
			const wires = [...picture, ...rows].flat().filter(span => span.signal === 'VCC');
			const words = [...picture.map(plainLine), ...rows.map(plainLine)].join('\n');
			const {volts, signalVolts} = programmer.power;
			if (table.levels === 'set-to-3v3') {
				low++;
				assert.ok(
					volts.some((supply: number) => supply <= board.vcc),
					pair,
				);
				assert.ok(signalVolts === 'target' || signalVolts <= board.vcc, `${pair}: its signals fit`);
				assert.doesNotMatch(words, /^VCC +(\+?5V|VCC +5)/m, pair);
				assert.match(table.power.join(' '), /Set its supply to 3\.3 V first/, pair);
				continue;
			}
			apart++;
			assert.equal(table.levels, 'level-shifter', pair);
			assert.deepEqual(wires, [], `${pair}: VCC is drawn as a wire`);
			assert.ok(!table.rows.some(({signal}) => signal === 'VCC'), pair);
			assert.deepEqual(table.shifter?.signals, ['RESET', 'SCK', 'MOSI', 'MISO'], pair);
			for (const signal of table.shifter?.signals ?? [])
				assert.match(words, new RegExp(`${signal} │ HV\\d +LV\\d │ ${signal}`), pair);
			assert.match(words, /^VCC +no wire from the programmer to the board/m, pair);
			assert.match(
				table.power.join(' '),
				/then feed the board by its own plug, and plug the programmer in last/,
				pair,
			);
			assert.doesNotMatch(
				table.warnings.map(({text}) => text).join(' '),
				/unplug the keyboard from USB/,
				pair,
			);
			const spoken = wiringLinear(table);
			assert.equal(spoken.filter(line => /through the level shifter, to board/.test(line)).length, 4, pair);
			assert.ok(
				spoken.some(line => /^VCC: no wire/.test(line)),
				pair,
			);
			const svg = wiringSvg(table);
			assert.ok(
				svg.indexOf('This is a 3.3 V board') < svg.indexOf('>RESET'),
				`${pair}: the warning first, on paper too`,
			);
		}
	}
	assert.ok(apart >= 18 && low === 6, `${apart} apart, ${low} set to 3.3 V`);
});

test('a package alone may sit on a 3.3 V board: a 5 V programmer says what then', () => {
	for (const programmer of programmerPinouts) {
		const codes = wiringTable(programmer.id, {chip: 'atmega32u4'}).warnings.map(({code}) => code);
		assert.equal(codes.includes('maybe-3v3'), highest(programmer) > 4, programmer.id);
	}
});

test('what cannot be wired is said in one sentence', () => {
	const why = (programmer: string, target: Parameters<typeof wiringTable>[1]) => {
		try {
			wiringTable(programmer, target);
		} catch (error) {
			assert.ok(error instanceof NoWiring);
			return `${error.what}: ${error.message}`;
		}
		return 'wired';
	};
	assert.match(why('usbasp', 'proton_c'), /^other-architecture: .*no AVR/);
	assert.match(why('toaster', 'promicro_5v'), /^programmer: .*toaster/);
	assert.match(why('usbasp', 'toaster'), /^target: .*toaster/);
	assert.match(why('usbasp', {chip: 'attiny85', package: 'TQFP44'}), /^package: .*PDIP8/);
});

/** Pins by label as somebody counts them on the picture: anticlockwise from the mark of pin 1. */
function countedPins(found: ChipPackage, compact: boolean): ReadonlyMap<number, string> {
	const lines = drawPackage(found, 'CHIP', {compact}).lines.map(plainLine);
	const counted = new Map<number, string>();
	const body = lines.filter(line => /[┤├]/.test(line));
	assert.match(body[0] ?? '', /┤●1/, `${found.name}: pin 1 is marked`);
	const edge = body[0]!.indexOf('┤');
	const far = body[0]!.lastIndexOf('├');
	const sidePins = packageShape(found) === 'dual' ? found.pinCount / 2 : found.pinCount / 4;
	if (!compact) assert.equal(body.length, sidePins, `${found.name}: one row a pin`);
	body.forEach((line, index) => {
		const left = line.slice(0, edge).trim();
		const right = line.slice(far + 1).trim();
		if (left !== '') counted.set(index + 1, left);
		if (right !== '') {
			const fromBottom = sidePins - index;
			counted.set(packageShape(found) === 'dual' ? sidePins + fromBottom : 2 * sidePins + fromBottom, right);
		}
	});
	if (packageShape(found) === 'quad') {
		const topBorder = lines.find(line => line.includes('┴'))!;
		const bottomBorder = lines.find(line => line.includes('┬'))!;
		const columns = (border: string, tick: string) =>
			[...border].flatMap((character, column) => (character === tick ? [column] : []));
		const top = columns(topBorder, '┴');
		const bottom = columns(bottomBorder, '┬');
		assert.equal(top.length, sidePins);
		assert.equal(bottom.length, sidePins);
		for (const line of lines) {
			const down = line.lastIndexOf('┌ ');
			if (down >= 0 && /┌ [A-Z]/.test(line)) {
				counted.set(3 * sidePins + (sidePins - top.indexOf(down)), line.slice(down + 2).trim());
			}
			const up = line.lastIndexOf('└ ');
			if (up >= 0 && /└ [A-Z]/.test(line)) {
				counted.set(sidePins + 1 + bottom.indexOf(up), line.slice(up + 2).trim());
			}
		}
	}
	return counted;
}

test('drawn packages put each pin where the chip has it, counted from pin 1', () => {
	let drawn = 0;
	for (const chip of chips) {
		for (const found of chip.packages) {
			const expected = wiringOrder
				.flatMap(signal => (found.pins[signal] ?? []).map(pin => [pin, `${signal} ${pin}`] as const))
				.sort(([a], [b]) => a - b);
			const counted = [...countedPins(found, false)].sort(([a], [b]) => a - b);
			assert.deepEqual(counted, expected, `${chip.id} in ${found.name}`);
			const labels = drawPackage(found, chip.name, {compact: true})
				.lines.flat()
				.filter(span => span.signal !== undefined && /[A-Z]+ \d/.test(span.text));
			assert.equal(labels.length, expected.length, `${chip.id} in ${found.name}, compact`);
			drawn++;
		}
	}
	assert.ok(drawn > 100, `${drawn} packages`);
});

test('pictures and tables fit 80 and 60 columns and name every signal at both ends', () => {
	for (const programmer of programmerPinouts) {
		for (const board of supported) {
			const table = wiringTable(programmer.id, board.id);
			for (const columns of [80, 60]) {
				const picture = drawWiring(table, {columns, compact: true});
				const pair = `${programmer.id} to ${board.id} at ${columns}`;
				assert.ok(picture.width <= columns, `${pair}: ${picture.width} columns`);
				for (const line of wiringTableLines(table, columns)) assert.ok(lineWidth(line) <= columns, pair);
				const spans = picture.lines.flat();
				for (const {signal} of table.rows) {
					const named = spans.filter(span => span.signal === signal && span.text.includes(signal));
					assert.ok(named.length >= 2, `${pair}: ${signal} is named ${named.length} times`);
				}
			}
		}
	}
});

test('a drawing in ASCII has the same words', () => {
	const picture = drawWiring(wiringTable('usbasp', 'bare_32u4'), {columns: 80});
	const ascii = toAscii(picture);
	for (const line of ascii.lines.map(plainLine)) assert.match(line, /^[\x20-\x7e]*$/);
	assert.equal(ascii.width, picture.width);
});

test('the linear form says every wire in a sentence of its own', () => {
	const lines = wiringLinear(wiringTable('promicro_isp', 'bare_32u4'));
	assert.equal(lines.length, 6);
	assert.match(lines[1]!, /^RESET: programmer 10 \(B6\) to board .*never from the RST pin/);
	assert.match(
		lines[2]!,
		/^SCK: programmer 15 \(B1\) to board PB1, pin 9 \(on the chip: left side, 9th from the top/,
	);
	for (const line of lines) assert.match(line, /^[\x20-\x7e]*$/);
});

test('the SVG for print is one well-formed document that names both ends', () => {
	const svg = wiringSvg(wiringTable('usbasp', 'plaid'));
	assert.match(svg, /^<svg xmlns=/);
	assert.match(svg, /<title>USBasp to DM9Records Plaid<\/title>/);
	for (const signal of wiringOrder) assert.match(svg, new RegExp(`>[^<]*${signal}[^<]*<`));
	const opened = [...svg.matchAll(/<([a-z]+)\b(?:[^>]*[^/])?>/g)].map(match => match[1]);
	const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map(match => match[1]);
	assert.deepEqual(opened.sort(), closed.sort());
	assert.equal(
		findChip('atmega328p')?.packages.some(found => found.name === 'PDIP28'),
		true,
	);
});
