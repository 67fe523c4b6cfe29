// Which SCK a chip can follow, and in which order speeds are tried. Pure.
// Source: datasheets, "Serial Programming Algorithm" (SCK low and high > 2 CPU cycles below 12 MHz, >= 3 from
// 12 MHz, that is f/4 and f/6), facts A8.
import type {Board} from '../boards/board.ts';
import type {Chip, ClockRow} from '../chips/chip.ts';
import type {FuseBytes} from '../target.ts';
import type {ProgrammerId} from './link.ts';

/** Slow enough for a chip on 1 MHz, which is what most are delivered with. */
export const startSckHz = 125_000;

/** Readings that must agree before a faster SCK is believed. Source: issue B, facts A8. */
export const raiseReadings = 8;

/**
 * Speeds worth a try when the chip does not answer, Hz, falling. Each is well below f/4 of one slow clock and far above
 * f/4 of the next (1 MHz; 128 kHz; 32.768 and 16 kHz; 4 kHz): a chip that just cannot follow loses a bit now and then,
 * and "30 00" (read signature) that lost two is "C0 00" (write EEPROM). Source: facts A8, clock tables.
 */
const ladderHz = [125_000, 24_000, 3_000, 500] as const;

/**
 * Slowest SCK of each programmer, Hz: a chip that needs less cannot be reached again.
 * Source: facts A8; STK500v2 SCK duration index 163 for the mkII.
 */
const slowestSckHzOf: Readonly<Record<ProgrammerId, number>> = {
	'arduino-isp': 125_000,
	avrisp: 125_000,
	buspirate: 30_000,
	usbtiny: 4_000,
	usbasp: 500,
	avrispmkii: 51,
};

/** Slowest SCK of a programmer, Hz; undefined for one of another engine. */
export function slowestSckHz(programmer: string): number | undefined {
	return slowestSckHzOf[programmer as ProgrammerId];
}

/** The clock that runs now, from fuses and board. */
export type RunningClock = {
	/** Lowest frequency that is consistent with what is known, Hz. */
	readonly hz: number;
	/** False when it is only the low end of a range that the fuses name. */
	readonly exact: boolean;
	/** Where the figure comes from, for a person. */
	readonly why: string;
};

/** Divided by 8 by CKDIV8 where the chip has that fuse and it is programmed (0). */
function divider(chip: Chip, fuses: FuseBytes): 1 | 8 {
	for (const name of ['low', 'high', 'extended'] as const) {
		const field = chip.fuses[name]?.fields.find(each => each.name === 'CKDIV8');
		const value = fuses[name];
		if (field !== undefined && value !== undefined) return (value & field.mask) === 0 ? 8 : 1;
	}
	return 1;
}

/** The clock row that the low fuse selects; undefined for a reserved code. */
function clockRow(chip: Chip, fuses: FuseBytes): ClockRow | undefined {
	const field = chip.fuses.low.fields.find(each => each.name === 'SUT_CKSEL');
	if (field === undefined) return undefined;
	let shift = 0;
	while (((field.mask >> shift) & 1) === 0) shift++;
	const code = (fuses.low & field.mask) >> shift;
	return chip.clocks.find(row => row.code === code);
}

/** 32.768 kHz, the only crystal of the low-frequency settings. */
const watchCrystalHz = 32_768;

/**
 * The clock running now. A crystal is the board's where the board is known, else the low end of the range that the
 * fuses name. Undefined when nothing can be said (reserved code, clock signal from outside on an unknown board).
 */
export function runningClock(chip: Chip, fuses: FuseBytes, board?: Board): RunningClock | undefined {
	const row = clockRow(chip, fuses);
	if (row === undefined) return undefined;
	const by = divider(chip, fuses);
	const divided = by === 8 ? ', divided by 8' : '';
	const of = (hz: number, why: string, exact = true): RunningClock => ({
		hz: hz / by,
		exact,
		why: `${why}${divided}`,
	});
	const boardHz =
		board !== undefined &&
		board.chip === chip.id &&
		(board.clock.kind === 'xtal' || board.clock.kind === 'resonator')
			? board.clock.mhz * 1_000_000
			: undefined;
	switch (row.kind) {
		case 'int_rc':
		case 'int_128k':
		case 'tiny15_compat':
		case 'pll':
			return row.mhz === null ? undefined : of(row.mhz * 1_000_000, `internal ${row.mhz} MHz`);
		case 'lf_xtal_32k':
		case 'lf_xtal_32k_intcap':
			return of(watchCrystalHz, '32 kHz crystal');
		case 'xtal':
		case 'xtal_full_swing':
		case 'resonator':
		case 'ext_rc': {
			if (boardHz !== undefined && row.kind !== 'ext_rc')
				return of(boardHz, `${board!.clock.mhz} MHz of the board`);
			const lowest = row.rangeMHz?.[0] ?? row.mhz;
			return lowest === null || lowest === undefined || lowest <= 0
				? undefined
				: of(lowest * 1_000_000, `at least ${lowest} MHz by the fuses`, false);
		}
		case 'ext_clock':
			return boardHz === undefined ? undefined : of(boardHz, `${board!.clock.mhz} MHz of the board`);
	}
}

/** Largest SCK that a clock allows, Hz: below f/4 under 12 MHz, f/6 from there. */
export function sckLimitHz(clockHz: number): number {
	return clockHz < 12_000_000 ? clockHz / 4 : clockHz / 6;
}

/**
 * SCK steps to look for the chip with, Hz, falling: an asked-for speed alone; else the highest step at or below
 * 125 kHz, then lower ones down to the floor. Empty when the programmer's SCK is fixed.
 * @param belowHz a chip answered at this speed, but not twice the same: half of it, and lower
 */
export function searchSteps(
	stepsHz: readonly number[],
	asked: 'auto' | number,
	belowHz = Number.POSITIVE_INFINITY,
): readonly number[] {
	if (stepsHz.length === 0) return [];
	const atMost = (hz: number) => stepsHz.filter(step => step <= hz).at(-1) ?? stepsHz[0]!;
	if (asked !== 'auto') return [atMost(asked)];
	const wanted = belowHz === Number.POSITIVE_INFINITY ? ladderHz : [belowHz / 2, ...ladderHz];
	const steps = wanted.map(atMost).filter(step => step < belowHz);
	return [...new Set(steps)].sort((a, b) => b - a);
}

/**
 * Steps worth proving for a clock, Hz, falling, all faster than `nowHz` and within the chip's limit. When the
 * clock is unknown there are none.
 */
export function raiseSteps(
	stepsHz: readonly number[],
	nowHz: number,
	clock: RunningClock | undefined,
): readonly number[] {
	if (clock === undefined) return [];
	const limit = sckLimitHz(clock.hz);
	// "Below f/4": the datasheets ask for more than two cycles each way, so a step that equals f/4 is out.
	const fits = (step: number) => (clock.hz < 12_000_000 ? step < limit : step <= limit);
	return stepsHz.filter(step => step > nowHz && fits(step)).reverse();
}

/** Internal oscillators are off by up to a tenth and more: a speed found this near the limit is lowered. */
const nearLimitShare = 0.6;

/** The step to use in place of one that the chip answered at but that its clock hardly allows; undefined: stay. */
export function lowerStep(
	stepsHz: readonly number[],
	nowHz: number,
	clock: RunningClock | undefined,
): number | undefined {
	if (clock === undefined || !clock.exact) return undefined;
	const most = sckLimitHz(clock.hz) * nearLimitShare;
	if (nowHz <= most) return undefined;
	const step = stepsHz.filter(each => each <= most).at(-1);
	return step === undefined || step >= nowHz ? undefined : step;
}

/**
 * One step of margin below a proven one, but never below the speed that the session began with. A programmer whose
 * fastest step is proven and lies well within the chip's limit has its margin already: the next step is not its to take.
 * @param limitHz largest SCK that the clock allows; 0 when that is not known
 */
export function withMargin(
	stepsHz: readonly number[],
	provenHz: number,
	beganHz: number,
	limitHz = 0,
): number {
	if (provenHz === stepsHz.at(-1) && provenHz <= limitHz * nearLimitShare) return provenHz;
	const below = stepsHz.filter(step => step < provenHz).at(-1) ?? provenHz;
	return Math.max(below, beganHz);
}
