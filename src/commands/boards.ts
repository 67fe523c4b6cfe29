// `boards [BOARD]`: the boards known, their chip, clock, bootloaders and fuses.
import type {Board} from '../engine/boards/board.ts';
import {boards} from '../engine/boards/index.ts';
import {hexByte} from '../engine/bytes.ts';
import {findChip} from '../engine/chips/index.ts';
import {type Recommendation, recommendedFuses} from '../engine/fuses/recommendations.ts';
import type {FuseText} from '../engine/procedures/events.ts';
import type {FuseBytes} from '../engine/target.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseBoard} from './parse.ts';

export async function boardsCommand(output: Output, id: string | undefined): Promise<ExitCode> {
	if (id === undefined) {
		output.value({boards: boards.map(summary)});
		output.say('board          chip          clock     bootloader    name');
		for (const board of boards) {
			output.say(
				`${board.id.padEnd(14)} ${board.chip.padEnd(13)} ${`${board.clock.mhz} MHz`.padEnd(9)} ${(board.bootloader ?? '-').padEnd(13)} ${board.name}`,
			);
		}
		return exitCodes.done;
	}
	const board = parseBoard(id);
	output.value(details(board));
	sayBoard(output, board);
	return exitCodes.done;
}

function summary(board: Board) {
	return {
		id: board.id,
		name: board.name,
		chip: board.chip,
		supported: board.supported,
		clockMHz: board.clock.mhz,
		volts: board.vcc,
		bootloader: board.bootloader ?? null,
	};
}

function fuseSets(board: Board): readonly {readonly bootloader: string; readonly set: Recommendation}[] {
	return board.bootloaders.flatMap(bootloader => {
		const set = recommendedFuses(board, bootloader);
		return set === undefined ? [] : [{bootloader, set}];
	});
}

/** `{low: '0xff', …}`, only the bytes that there are. */
export function fuseText(fuses: FuseBytes): FuseText {
	return {
		low: hexByte(fuses.low),
		...(fuses.high === undefined ? {} : {high: hexByte(fuses.high)}),
		...(fuses.extended === undefined ? {} : {extended: hexByte(fuses.extended)}),
	};
}

function details(board: Board) {
	return {
		...summary(board),
		clock: board.clock,
		isp: board.isp,
		header: board.header ?? null,
		package: board.packageName ?? null,
		bootloaders: board.bootloaders,
		fuses: fuseSets(board).map(({bootloader, set}) => ({
			bootloader,
			...fuseText(set.fuses),
			recommendation: set.id,
			verdict: set.verdict,
			notes: set.notes,
			source: set.source,
		})),
		enter: board.enter ?? null,
		warnings: board.warnings,
		notes: board.notes,
		doubtful: board.doubtful,
		source: board.source,
	};
}

function sayBoard(output: Output, board: Board): void {
	const chip = findChip(board.chip);
	output.say(`${board.name} (${board.id})`);
	if (!board.supported) {
		output.say('  This is no AVR: it has no ISP and no fuses, and this program cannot help it.');
	}
	const clock =
		board.clock.kind === 'xtal'
			? 'crystal'
			: board.clock.kind === 'internal'
				? 'internal oscillator'
				: board.clock.kind;
	output.say(`  chip        ${chip?.name ?? board.chip}, ${clock} ${board.clock.mhz} MHz, ${board.vcc} V`);
	const pads = Object.entries(board.isp).map(([signal, label]) => `${signal} ${label}`);
	if (pads.length > 0) {
		const [first = '', ...more] = wrapped(output, pads.join(', '), '              ');
		output.say(`  ISP         ${first.trimStart()}`);
		for (const line of more) output.say(line);
	}
	if (board.header !== undefined)
		output.say(
			`  header      ${board.header}${board.headerNote === undefined ? '' : `: ${board.headerNote}`}`,
		);
	if (board.bootloaders.length > 0) output.say(`  bootloader  ${board.bootloaders.join(', ')}`);
	for (const {bootloader, set} of fuseSets(board)) {
		const bytes = [set.fuses.low, set.fuses.high, set.fuses.extended].filter(byte => byte !== undefined);
		output.say(`  fuses       ${bytes.map(hexByte).join(' ')} for ${bootloader} (${set.source})`);
	}
	if (board.enter !== undefined) output.say(`  enter       ${board.enter}`);
	for (const text of board.warnings) for (const line of wrapped(output, `! ${text}`, '  ')) output.say(line);
	for (const text of [...board.notes, ...board.doubtful.map(doubt => `Not certain: ${doubt}`)]) {
		for (const line of wrapped(output, text, '  ')) output.say(line);
	}
}
