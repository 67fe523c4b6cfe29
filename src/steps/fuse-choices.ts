// Which fuse sets are offered, and what a choice changes bit by bit. Pure.
import type {Board} from '../engine/boards/board.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {decodeFuses} from '../engine/fuses/decode.ts';
import {fuseNames, sameFuses} from '../engine/fuses/mask.ts';
import {type Recommendation, recommendations, recommendedFuses} from '../engine/fuses/recommendations.ts';
import type {DecodedBit} from '../engine/fuses/types.ts';
import type {FuseBytes} from '../engine/target.ts';

export type FuseChoice = {
	readonly id: string;
	readonly label: string;
	readonly about: string;
	readonly fuses: 'keep' | FuseBytes;
};

/** `5e d9 f3`, low first. */
export function fuseText(bytes: FuseBytes): string {
	return [bytes.low, bytes.high, bytes.extended]
		.filter(byte => byte !== undefined)
		.map(byte => byte.toString(16).padStart(2, '0'))
		.join(' ');
}

const likeDfu: ReadonlySet<string> = new Set(['atmel-dfu', 'lufa-dfu', 'qmk-dfu', 'qmk-hid', 'lufa-hid']);

function fitsLoader(row: Recommendation, bootloader: string): boolean {
	return row.bootloader === bootloader || (likeDfu.has(row.bootloader) && likeDfu.has(bootloader));
}

/** Published sets for this chip, loader and board, the board's own first, the same settings once. */
export function setsFor(
	chip: Chip,
	board: Board | undefined,
	bootloader: string | undefined,
): readonly Recommendation[] {
	const own = board === undefined ? undefined : recommendedFuses(board, bootloader);
	const loader = bootloader ?? board?.bootloader;
	const found: Recommendation[] = own === undefined || own.chip !== chip.id ? [] : [own];
	if (loader === undefined) return found;
	for (const row of recommendations) {
		if (row.chip !== chip.id || row.verdict !== 'ok' || !fitsLoader(row, loader)) continue;
		if (board !== undefined && (row.clock.kind !== board.clock.kind || row.clock.mhz !== board.clock.mhz))
			continue;
		if (board !== undefined && row.vcc !== board.vcc) continue;
		// For a known board nothing else is offered than its own set and the same with JTAG the other way.
		if (own !== undefined && found.length > 0 && !differsOnlyInJtag(chip, own.fuses, row.fuses)) continue;
		if (!found.some(other => sameFuses(chip, other.fuses, row.fuses))) found.push(row);
	}
	return found;
}

/**
 * The set that the chip has already: then nothing has to be changed for this loader. Image, fuses and review all ask
 * here, so that none of them says that fuses are missing which another calls right.
 */
export function fittingSet(
	chip: Chip,
	now: FuseBytes,
	board: Board | undefined,
	bootloader: string | undefined,
): Recommendation | undefined {
	return setsFor(chip, board, bootloader).find(row => sameFuses(chip, row.fuses, now));
}

function differsOnlyInJtag(chip: Chip, a: FuseBytes, b: FuseBytes): boolean {
	const mask = chip.fuses.high?.fields.find(({name}) => name === 'JTAGEN')?.mask ?? 0;
	if (mask === 0 || a.high === undefined || b.high === undefined) return false;
	return sameFuses(chip, {...a, high: a.high | mask}, {...b, high: b.high | mask});
}

/** JTAGEN of a set: programmed, not programmed, or not there. */
function jtag(chip: Chip, fuses: FuseBytes): 'on' | 'off' | 'none' {
	const bit = decodeFuses(chip, fuses).bits.find(({name}) => name === 'JTAGEN');
	return bit === undefined ? 'none' : bit.programmed ? 'on' : 'off';
}

const jtagWords = {
	on: 'JTAG stays on: pins F4 to F7 are free for the keys only after the firmware has switched it off, which QMK does.',
	off: 'JTAG is off: pins F4 to F7 are free for the keys from the start. The usual choice.',
	none: '',
} as const;

/** The menu, and what evidence preselects: what the chip has when that fits, else the board's own set. */
export function fuseChoices(
	chip: Chip,
	now: FuseBytes,
	board: Board | undefined,
	bootloader: string | undefined,
): {readonly choices: readonly FuseChoice[]; readonly initial: string | undefined} {
	const sets = setsFor(chip, board, bootloader);
	const fitting = fittingSet(chip, now, board, bootloader);
	const explainJtag = new Set(sets.map(row => jtag(chip, row.fuses))).size > 1;
	const base = fitting ?? (board === undefined ? undefined : sets[0]);
	const setName = (row: Recommendation, index: number): string => {
		if (base !== undefined && base !== row && differsOnlyInJtag(chip, base.fuses, row.fuses)) {
			return `The same with JTAG ${jtag(chip, row.fuses)}`;
		}
		return index === 0 && fitting === undefined && board !== undefined ? 'The set for your board' : row.board;
	};
	const choices: FuseChoice[] = [
		{
			id: 'keep',
			label: `Leave them as they are: ${fuseText(now)}`,
			about:
				fitting === undefined
					? 'Nothing is changed. Right when the board worked with these before.'
					: 'They already are what this board and bootloader need. Nothing has to be changed.',
			fuses: 'keep',
		},
		...sets
			.filter(row => row !== fitting)
			.map((row, index) => ({
				id: row.id,
				label: `${setName(row, index)}: ${fuseText(row.fuses)}`,
				about: explainJtag
					? jtagWords[jtag(chip, row.fuses)]
					: `Published for ${row.board} with ${row.bootloader}.`,
				fuses: row.fuses,
			})),
	];
	const own = board === undefined ? undefined : sets[0];
	const initial =
		fitting !== undefined || sets.length === 0 ? 'keep' : own !== undefined ? own.id : undefined;
	return {choices, initial};
}

export type BitChange = {
	readonly bit: DecodedBit;
	/** As the byte holds it: 0 is programmed. */
	readonly before: 0 | 1;
	readonly after: 0 | 1;
};

/** Every implemented bit, with its value before and after. */
export function bitChanges(chip: Chip, now: FuseBytes, wanted: FuseBytes): readonly BitChange[] {
	const merged = {...now, ...wanted};
	const before = decodeFuses(chip, now).bits;
	return decodeFuses(chip, merged).bits.map(bit => {
		const old = before.find(other => other.byte === bit.byte && other.bit === bit.bit);
		return {bit, before: old?.programmed ? 0 : 1, after: bit.programmed ? 0 : 1};
	});
}

/** Two-digit bytes as typed: `ff d8 cb`, `0xff,0xd8,0xcb`; undefined when they are not what the chip has. */
export function parseFuses(chip: Chip, text: string): FuseBytes | undefined {
	const bytes = text
		.split(/[\s,;/]+/)
		.filter(Boolean)
		.map(part => /^(?:0x)?([0-9a-f]{2})$/i.exec(part)?.[1]);
	if (bytes.some(byte => byte === undefined) || bytes.length !== fuseNames(chip).length) return undefined;
	const [low, high, extended] = bytes.map(byte => Number.parseInt(byte!, 16));
	return {
		low: low!,
		...(high === undefined ? {} : {high}),
		...(extended === undefined ? {} : {extended}),
	};
}
