// What people type as option values, turned into values or into one clear sentence (UsageError).

import type {Board} from '../engine/boards/board.ts';
import {boards, findBoard} from '../engine/boards/index.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {chips, findChip} from '../engine/chips/index.ts';
import {type RiskName, riskNames} from '../engine/errors.ts';
import type {FuseBytes} from '../engine/target.ts';
import {UsageError} from './exit-codes.ts';

/** Names nearest to what was typed, at most three, for "did you mean". */
export function nearest(typed: string, names: readonly string[]): readonly string[] {
	const wanted = typed.toLowerCase();
	return names
		.map(name => ({name, distance: editDistance(wanted, name.toLowerCase())}))
		.filter(({name, distance}) => distance <= 2 || name.toLowerCase().includes(wanted))
		.sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
		.slice(0, 3)
		.map(({name}) => name);
}

function editDistance(a: string, b: string): number {
	let previous = Array.from({length: b.length + 1}, (_, index) => index);
	for (let row = 1; row <= a.length; row++) {
		const current = [row];
		for (let column = 1; column <= b.length; column++) {
			const cost = a[row - 1] === b[column - 1] ? 0 : 1;
			current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost));
		}
		previous = current;
	}
	return previous[b.length]!;
}

/** ` Did you mean "x" or "y"?`, or `fallback` when nothing is near. */
export function didYouMean(typed: string, names: readonly string[], fallback = ''): string {
	const near = nearest(typed, names);
	return near.length === 0 ? fallback : ` Did you mean ${near.map(name => `"${name}"`).join(' or ')}?`;
}

export function parseChip(name: string): Chip {
	const chip = findChip(name);
	if (chip !== undefined) return chip;
	const names = chips.flatMap(known => [known.id, known.avrdudeId]);
	throw new UsageError(
		`There is no chip "${name}" here.${didYouMean(name, names, ' "avr-unbrick chips" lists them all.')}`,
	);
}

export function parseBoard(id: string): Board {
	const board = findBoard(id);
	if (board !== undefined) return board;
	const ids = boards.map(known => known.id);
	throw new UsageError(
		`There is no board "${id}" here.${didYouMean(id, ids, ' "avr-unbrick boards" lists them all.')}`,
	);
}

/** One byte as two hex digits, with or without `0x`. */
export function parseByte(text: string, what: string): number {
	const digits = /^(?:0x)?([0-9a-f]{1,2})$/i.exec(text.trim())?.[1];
	if (digits === undefined) {
		throw new UsageError(`The ${what} must be one byte in hex, such as 0xd9; "${text}" is not.`);
	}
	return Number.parseInt(digits, 16);
}

/**
 * `L,H[,E]` for a chip: exactly the bytes that the chip has.
 * @throws UsageError when a byte is missing, one too many, or no byte
 */
export function parseFuses(parts: readonly string[], chip: Chip): FuseBytes {
	const wanted = ['low', 'high', 'extended'].filter(
		name => chip.fuses[name as keyof typeof chip.fuses] !== undefined,
	);
	if (parts.length !== wanted.length) {
		throw new UsageError(
			`The ${chip.name} has ${wanted.length} fuse bytes (${wanted.join(', ')}); ${parts.length} ${parts.length === 1 ? 'was' : 'were'} given.`,
		);
	}
	const bytes = parts.map((part, index) => parseByte(part, `${wanted[index]} fuse`));
	return {
		low: bytes[0]!,
		...(chip.fuses.high === undefined ? {} : {high: bytes[1]!}),
		...(chip.fuses.extended === undefined ? {} : {extended: bytes[2]!}),
	};
}

/** `auto`, or a frequency: `125000`, `125k`, `125kHz`, `1.5MHz`. */
export function parseSck(text: string): 'auto' | number {
	if (text === 'auto') return 'auto';
	const match = /^(\d+(?:\.\d+)?)\s*(k|m)?(?:hz)?$/i.exec(text.trim());
	const scale = match?.[2] === undefined ? 1 : match[2].toLowerCase() === 'k' ? 1000 : 1_000_000;
	const hz = match === null ? 0 : Math.round(Number(match[1]) * scale);
	if (hz < 1) throw new UsageError(`--sck takes a frequency in Hz or "auto"; "${text}" is neither.`);
	return hz;
}

export function parseWhole(text: string, option: string): number {
	if (!/^\d+$/.test(text) || Number(text) < 1) {
		throw new UsageError(`${option} takes a whole number; "${text}" is not one.`);
	}
	return Number(text);
}

export function parseRisk(name: string): RiskName {
	const risk = riskNames.find(known => known === name);
	if (risk !== undefined) return risk;
	throw new UsageError(
		`There is no risk "${name}".${didYouMean(name, riskNames)} They are: ${riskNames.join(', ')}.`,
	);
}
