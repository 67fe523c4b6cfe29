// `wiring PROGRAMMER BOARD`: picture, table, warnings.

import {
	drawWiring,
	NoWiring,
	programmerPinouts,
	toAscii,
	type WiringTable,
	type WiringWarning,
	warningBefore,
	wiringLinear,
	wiringSvg,
	wiringTable,
	wiringTableLines,
} from '../../wiring/index.ts';
import {boards} from '../engine/boards/index.ts';
import {chips} from '../engine/chips/index.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import {writeNamedFile} from './files.ts';
import type {WiringOptions} from './options.ts';
import type {Output} from './output.ts';
import {paintLine, wrapped} from './paint.ts';
import {didYouMean} from './parse.ts';

/** The narrowest terminal that pictures and tables are made for. */
const narrowest = 60;

export async function wiringCommand(
	output: Output,
	programmer: string,
	board: string,
	options: WiringOptions,
): Promise<ExitCode> {
	const table = find(programmer, board, options.package);
	if (options.svg !== undefined) await writeNamedFile(options.svg, wiringSvg(table));
	output.value(jsonOf(table));
	if (options.linear === true || process.env.INK_SCREEN_READER === 'true') sayLinear(output, table);
	else sayPicture(output, table);
	if (options.svg !== undefined) {
		output.say();
		output.say(`The picture for print is in ${options.svg}`);
	}
	return exitCodes.done;
}

function find(programmer: string, board: string, packageName: string | undefined): WiringTable {
	try {
		return wiringTable(programmer, packageName === undefined ? board : {chip: board, package: packageName});
	} catch (error) {
		if (!(error instanceof NoWiring)) throw error;
		throw new UsageError(`${error.message}${hint(error, programmer, board)}`);
	}
}

function hint(error: NoWiring, programmer: string, board: string): string {
	switch (error.what) {
		case 'programmer': {
			const ids = programmerPinouts.map(pinout => pinout.id);
			const words = programmerPinouts.flatMap(pinout => [pinout.id, ...pinout.aliases]);
			return didYouMean(programmer, words, ` There are: ${ids.join(', ')}.`);
		}
		case 'target': {
			const ids = [...boards.filter(known => known.supported), ...chips].map(known => known.id);
			return didYouMean(board, ids, ' "avr-unbrick boards" and "avr-unbrick chips" list them.');
		}
		default:
			return '';
	}
}

function sayPicture(output: Output, table: WiringTable): void {
	const columns = Math.max(narrowest, Math.min(output.columns, 100));
	sayFirst(output, table);
	const picture = drawWiring(table, {columns});
	for (const line of (mayDrawBoxes() ? picture : toAscii(picture)).lines)
		output.print(paintLine(output, line));
	output.say();
	for (const line of wiringTableLines(table, columns)) output.print(paintLine(output, line));
	sayRest(output, table);
}

function sayLinear(output: Output, table: WiringTable): void {
	output.say(`${table.programmer.name} to ${table.target.name}.`);
	sayFirst(output, table);
	for (const line of wiringLinear(table)) output.say(line);
	sayRest(output, table);
}

function sayWarning(output: Output, {severity, text}: WiringWarning): void {
	const [first = '', ...more] = wrapped(output, text, '  ');
	output.say(`${severity === 'danger' ? '!' : '-'} ${first.trimStart()}`);
	for (const line of more) output.say(line);
}

/** What must be known before the first wire is connected. */
function sayFirst(output: Output, table: WiringTable): void {
	const warning = warningBefore(table);
	if (warning === undefined) return;
	sayWarning(output, warning);
	output.say();
}

function sayRest(output: Output, table: WiringTable): void {
	output.say();
	// The RESET trap and the capacitor stand on their row already.
	const before = warningBefore(table);
	for (const warning of table.warnings) {
		if (warning.code === 'reset-trap' || warning.code === 'capacitor' || warning === before) continue;
		sayWarning(output, warning);
	}
	if (table.power.length > 0) {
		output.say();
		output.say('Power:');
		table.power.forEach((text, index) => {
			const [first = '', ...more] = wrapped(output, text, '   ');
			output.say(`${index + 1}. ${first.trimStart()}`);
			for (const line of more) output.say(line);
		});
	}
	if (table.variants.length > 0) {
		output.say();
		output.say(
			`This is for the ${table.programmer.id}; the same word also means ${table.variants.map(variant => variant.id).join(', ')}.`,
		);
	}
}

function mayDrawBoxes(): boolean {
	if (process.platform === 'win32') return true;
	const locale = process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '';
	return locale === '' || /utf-?8/i.test(locale);
}

function jsonOf(table: WiringTable) {
	return {
		programmer: {
			id: table.programmer.id,
			name: table.programmer.name,
			driver: table.programmer.driver,
			headers: table.programmer.headers,
			supply: table.programmer.power.supply,
			volts: table.programmer.power.volts,
			signalVolts: table.programmer.power.signalVolts,
		},
		alsoFits: table.variants.map(variant => variant.id),
		target: {
			id: table.target.id,
			name: table.target.name,
			chip: table.target.chip.id,
			package: table.target.package.name,
			volts: table.target.board?.vcc ?? null,
		},
		levels: table.levels,
		levelShifter: table.shifter ?? null,
		rows: table.rows,
		warnings: table.warnings,
		power: table.power,
	};
}
