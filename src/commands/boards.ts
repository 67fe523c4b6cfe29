// `boards [BOARD]`: the boards known, their chip, clock, bootloaders and fuses.
import type {Board} from '../engine/boards/board.ts';
import {boards} from '../engine/boards/index.ts';
import {elsewhereFor, type QmkFinding} from '../engine/boards/qmk.ts';
import {hexByte} from '../engine/bytes.ts';
import {findChip} from '../engine/chips/index.ts';
import {type Recommendation, recommendedFuses} from '../engine/fuses/recommendations.ts';
import {printable} from '../engine/printable.ts';
import type {FuseText} from '../engine/procedures/events.ts';
import type {FuseBytes} from '../engine/target.ts';
import {lookUpQmk} from '../io/qmk.ts';
import {messageOf} from '../io/system-errors.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import type {BoardsOptions} from './options.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseBoard} from './parse.ts';

export async function boardsCommand(
	output: Output,
	id: string | undefined,
	options: BoardsOptions = {},
): Promise<ExitCode> {
	if (options.qmk !== undefined) {
		if (id !== undefined) throw new UsageError('Give a board or --qmk, not both.');
		return qmkCommand(output, options.qmk);
	}
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

async function qmkCommand(output: Output, typed: string): Promise<ExitCode> {
	let found: QmkFinding;
	try {
		found = await lookUpQmk(typed);
	} catch (error) {
		throw new UsageError(messageOf(error));
	}
	const chip = found.chip === undefined ? undefined : findChip(found.chip);
	output.value({
		qmk: {
			keyboard: found.keyboard ?? null,
			name: found.name ?? null,
			processor: found.processor ?? null,
			chip: chip?.id ?? null,
			bootloader: found.bootloaderId ?? found.bootloader ?? null,
			developmentBoard: found.developmentBoard ?? null,
			boards: found.boardIds,
			elsewhere: found.elsewhere ?? null,
			said: found.said,
			notes: found.notes,
		},
	});
	const name = [found.name, found.keyboard === undefined ? undefined : `(${found.keyboard})`].filter(Boolean);
	output.say(printable(name.length === 0 ? typed : name.join(' ')));
	if (found.processor !== undefined) output.say(`  chip        ${printable(chip?.name ?? found.processor)}`);
	if (found.bootloader !== undefined) output.say(`  bootloader  ${printable(found.bootloader)}`);
	if (found.boardIds.length > 0) output.say(`  board       ${found.boardIds.join(' or ')}`);
	if (found.processor === undefined && found.bootloader === undefined)
		output.say('  QMK says neither chip nor bootloader there.');
	for (const {file, key, value} of found.said)
		output.say(`  ${printable(file)} says ${key} ${printable(value)}`);
	for (const text of [...(found.elsewhere === undefined ? [] : [found.elsewhere]), ...found.notes]) {
		for (const line of wrapped(output, printable(text), '  ')) output.say(line);
	}
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
		const elsewhere = elsewhereFor(board.chip) ?? 'This is no AVR: it has no ISP and no fuses.';
		for (const line of wrapped(output, elsewhere, '  ')) output.say(line);
		return;
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
