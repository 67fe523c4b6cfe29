// The judge: may these fuse bytes be written? Rules after the facts on datasheets and vendor cores, section A.
// Only bits that change are judged; a bit that stays is never a reason.

import type {Board} from '../boards/board.ts';
import type {BootloaderEntry} from '../bootloaders/bootloader.ts';
import {findBootloader} from '../bootloaders/index.ts';
import {hexAddress, hexByte} from '../bytes.ts';
import type {Chip, ClockKind, ClockRow} from '../chips/chip.ts';
import type {RiskName} from '../errors.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {FuseBytes} from '../target.ts';
import {bootSection, brownOutVolts, clockDivider, clockInWords, clockRow, watchCrystalMHz} from './decode.ts';
import {fieldValue, findField, isProgrammed} from './fields.ts';
import {knownBadSets, u4JtagHighFuse} from './known-sets.ts';
import {fuseNames, sameFuses} from './mask.ts';
import {recommendations} from './recommendations.ts';
import type {FuseAssessment, FuseContext, FuseReason, Verdict} from './types.ts';

/** A brown-out level must stay this far below the supply (facts, A3). */
const supplyMarginVolts = 0.2;
/** The lower of the two supplies that boards have; what an unknown board must be expected to run at. */
const lowBoardVolts = 3.3;
/** A level this far below the part's lowest supply protects nothing (2.6 V on a 2.7 V part is the vendors' own). */
const lowLevelMarginVolts = 0.15;
/** SCK stays below a quarter of the running clock (datasheets, serial programming; f/6 from 12 MHz). */
const sckDivider = 4;
/** Slowest SCK of ArduinoISP and the QMK images, Hz: what to expect of a programmer that is not named (A8). */
const usualSlowestSckHz = 125_000;
/** Crystals of USB chips: 8 or 16 MHz, the two that their PLL takes. */
const usbCrystalMHz = [8, 16] as const;
/** A crystal above this multiple of its range's end may not start; up to it, vendors ship it so (0F/D0: 16 of 8). */
const farOutOfRange = 2;
/** Internal clocks this near are the same clock (Digispark tunes 16 to 16.5 MHz). */
const sameClockMHz = 0.6;

const undoable = 'ISP can undo it.';
const highVoltageOnly =
	'ISP cannot undo it; only high-voltage programming, which few boards and programmers allow, can.';

/** A reason before the rule about one's own backup is applied. */
type Finding = FuseReason & {
	/** For refusals that ISP has disproved when the bytes are this board's own backup: what to ask instead. */
	readonly ifOwnBackup?: RiskName;
};

type Change = {
	readonly chip: Chip;
	readonly from: FuseBytes | undefined;
	/** What will be there: bytes not named stay. */
	readonly to: FuseBytes;
	readonly context: FuseContext;
	readonly board: Board | undefined;
	/** True when the chip has the field, its new value is known and its bits change (or nothing was there). */
	readonly changed: (field: string) => boolean;
};

function refuse(rule: string, bit: string, text: string, ifOwnBackup?: RiskName): Finding {
	return {severity: 'refuse', rule, bit, text, ...(ifOwnBackup === undefined ? {} : {ifOwnBackup})};
}

function consent(risk: RiskName, rule: string, bit: string, text: string): Finding {
	return {severity: 'consent', risk, rule, bit, text};
}

function note(rule: string, bit: string, text: string): Finding {
	return {severity: 'note', rule, bit, text};
}

function describeChange(
	chip: Chip,
	from: FuseBytes | undefined,
	to: FuseBytes,
	context: FuseContext,
): Change {
	const merged: FuseBytes = {...from, ...withoutUndefined(to)};
	return {
		chip,
		from,
		to: merged,
		context,
		board: context.board?.supported === true ? context.board : undefined,
		changed(name) {
			const field = findField(chip, name);
			const after = field === undefined ? undefined : merged[field.fuse];
			if (field === undefined || after === undefined) return false;
			const before = from?.[field.fuse];
			return before === undefined || ((before ^ after) & field.mask) !== 0;
		},
	};
}

function withoutUndefined(bytes: FuseBytes): FuseBytes {
	return {
		low: bytes.low,
		...(bytes.high === undefined ? {} : {high: bytes.high}),
		...(bytes.extended === undefined ? {} : {extended: bytes.extended}),
	};
}

/** U2, U4 and AT90USB: the chips with a USB controller, whose boards carry a crystal for it. */
function hasUsb(chip: Chip): boolean {
	return chip.dfuUsbPid !== null;
}

/** True when the bytes are one of the settings in which the chip leaves the factory. */
function isFactorySetting(chip: Chip, bytes: FuseBytes): boolean {
	const factory: FuseBytes = {
		low: chip.fuses.low.factory,
		...(chip.fuses.high === undefined ? {} : {high: chip.fuses.high.factory}),
		...(chip.fuses.extended === undefined ? {} : {extended: chip.fuses.extended.factory}),
	};
	return [factory, ...chip.factoryVariants].some(setting => sameFuses(chip, setting, bytes));
}

// ——— What ends ISP

function judgeIspEnding({chip, to, changed}: Change): Finding[] {
	const found: Finding[] = [];
	const isU4Value = to.high === u4JtagHighFuse;
	const asDelivered = hexByte(chip.fuses.high?.factory ?? 0xff);
	if (changed('SPIEN') && isProgrammed(chip, to, 'SPIEN') === false) {
		found.push(
			refuse(
				'spien',
				'SPIEN',
				`SPIEN unprogrammed would switch ISP off for good. The chip does not let ISP write this bit, so the value is a typing error. ${highVoltageOnly}`,
			),
		);
	}
	if (changed('RSTDISBL') && isProgrammed(chip, to, 'RSTDISBL') === true) {
		const story = isU4Value
			? ` 0x99 is the high fuse that guides give for the 16U4 and 32U4, where bit 6 is JTAGEN; on the ${chip.name} the same bit is RSTDISBL. As delivered the byte is ${asDelivered}.`
			: '';
		found.push(
			refuse(
				'rstdisbl',
				'RSTDISBL',
				`RSTDISBL programmed makes the RESET pin an ordinary pin: no programmer gets in any more.${story} ${highVoltageOnly}`,
			),
		);
	}
	if (changed('DWEN') && isProgrammed(chip, to, 'DWEN') === true) {
		const story = isU4Value
			? ` 0x99 is the high fuse that guides give for the 16U4 and 32U4, where bit 6 is JTAGEN; on the ${chip.name} the same bit is DWEN. As delivered the byte is ${asDelivered}.`
			: '';
		found.push(
			refuse(
				'dwen',
				'DWEN',
				`DWEN programmed gives the RESET pin to debugWIRE: ISP does not answer any more.${story} ISP cannot undo it; a debugWIRE tool or high-voltage programming can.`,
			),
		);
	}
	return found;
}

function judgeReserved({chip, to, changed}: Change): Finding[] {
	const found: Finding[] = [];
	if (changed('SUT_CKSEL') && clockRow(chip, to) === undefined) {
		found.push(
			refuse(
				'reserved-clock',
				'CKSEL',
				`SUT and CKSEL hold a code that the ${chip.name} reserves: it may have no clock, and without a clock ISP does not answer. ISP could not undo it.`,
				'clock-source',
			),
		);
	}
	if (changed('BODLEVEL') && brownOutVolts(chip, to) === undefined) {
		found.push(
			refuse(
				'reserved-brown-out',
				'BODLEVEL',
				`BODLEVEL holds a code that the ${chip.name} reserves: the level is unknown, and a level above the supply holds the chip in reset, ISP included.`,
				'brown-out-high',
			),
		);
	}
	return found;
}

function judgeKnownSets({chip, from, to, context}: Change): Finding[] {
	if (from !== undefined && sameFuses(chip, from, to)) return [];
	const loader = findBootloader(context.bootloader ?? '');
	const wantsDfu = loader !== undefined && isHwbEntry(loader.entry);
	const found: Finding[] = [];
	for (const bad of knownBadSets) {
		if (bad.chip !== chip.id || !sameFuses(chip, bad.fuses, to)) continue;
		const asPublished = fuseNames(chip).every(fuse => bad.fuses[fuse] === to[fuse]);
		if (bad.alsoFactory && !asPublished && !wantsDfu) continue;
		found.push(refuse(`known-bad-${bad.id}`, 'CKSEL', bad.story, 'clock-source'));
	}
	return found;
}

// ——— Clock

/** What a clock choice needs outside the chip. */
type ClockNeed = 'nothing' | 'crystal' | 'signal' | 'watch-crystal' | 'rc';

const clockNeeds: Record<ClockKind, ClockNeed> = {
	int_rc: 'nothing',
	int_128k: 'nothing',
	pll: 'nothing',
	tiny15_compat: 'nothing',
	xtal: 'crystal',
	xtal_full_swing: 'crystal',
	resonator: 'crystal',
	ext_clock: 'signal',
	lf_xtal_32k: 'watch-crystal',
	lf_xtal_32k_intcap: 'watch-crystal',
	ext_rc: 'rc',
};

/** True when both rows name the same source (start-up times may differ). */
function sameSource(a: ClockRow | undefined, b: ClockRow): boolean {
	return (
		a !== undefined &&
		a.kind === b.kind &&
		a.mhz === b.mhz &&
		a.rangeMHz?.[0] === b.rangeMHz?.[0] &&
		a.rangeMHz?.[1] === b.rangeMHz?.[1]
	);
}

/** The row as the table has it, without the CKOPT rule: CKOPT is a bit of its own. */
function rawClockRow(chip: Chip, bytes: FuseBytes | undefined): ClockRow | undefined {
	const code = bytes === undefined ? undefined : fieldValue(chip, bytes, 'SUT_CKSEL');
	return code === undefined ? undefined : chip.clocks.find(row => row.code === code);
}

const deafness =
	'Without a running clock ISP does not answer; only a clock fed to XTAL1 from outside could bring it back.';

function judgeClock(change: Change): Finding[] {
	const {chip, from, to, board, changed} = change;
	const row = clockRow(chip, to);
	const tableRow = rawClockRow(chip, to);
	if (row === undefined || tableRow === undefined) return [];
	const sourceChanges = changed('SUT_CKSEL') && !sameSource(rawClockRow(chip, from), tableRow);
	const found: Finding[] = [];
	if (sourceChanges || (changed('CKOPT') && clockNeeds[row.kind] === 'crystal')) {
		found.push(...judgeSource(change, row, sourceChanges));
	}
	if (sourceChanges || changed('CKDIV8')) found.push(...judgeSpeed(change, row, board));
	if (changed('CKDIV8') && clockDivider(chip, to) === 8) {
		found.push(
			note(
				'ckdiv8',
				'CKDIV8',
				'CKDIV8 programmed divides the clock by 8 after reset: SCK must stay below an eighth of the usual; keyboard firmware undoes the division itself. ISP can undo it.',
			),
		);
	}
	return found;
}

function judgeSource(change: Change, row: ClockRow, sourceChanges: boolean): Finding[] {
	const {chip, from, to, board} = change;
	const need = clockNeeds[row.kind];
	const words = clockInWords(row);
	if (board !== undefined) {
		const hasCrystal = board.clock.kind === 'xtal' || board.clock.kind === 'resonator';
		if (need === 'crystal')
			return hasCrystal
				? judgeRange(row, board.clock.mhz, `the ${board.name}`)
				: [
						refuse(
							'clock-not-on-board',
							'CKSEL',
							`CKSEL selects ${words}, but the ${board.name} has none. ${deafness}`,
							'clock-source',
						),
					];
		if (need !== 'nothing')
			return [
				refuse(
					'clock-not-on-board',
					'CKSEL',
					`CKSEL selects ${words}, but the ${board.name} has none. ${deafness}`,
					'clock-source',
				),
			];
		if (hasCrystal)
			return [
				consent(
					'clock-source',
					'clock-not-the-boards',
					'CKSEL',
					`CKSEL selects ${words} instead of the board's ${board.clock.mhz} MHz ${board.clock.kind === 'xtal' ? 'crystal' : 'resonator'}: USB stops working. It is the right setting only while the crystal is dead. ${undoable}`,
				),
			];
		const wantsPll = board.clock.kind === 'pll';
		const same =
			(row.kind === 'pll') === wantsPll && Math.abs((row.mhz ?? 0) - board.clock.mhz) <= sameClockMHz;
		return same
			? []
			: [
					consent(
						'clock-source',
						'clock-not-the-boards',
						'CKSEL',
						`CKSEL selects ${words}, not the ${board.clock.mhz} MHz that the ${board.name} is built for: USB and serial speeds are wrong. ${undoable}`,
					),
				];
	}
	if (!sourceChanges) return [];
	if (hasUsb(chip)) {
		if (need === 'crystal') return judgeUsbCrystal(row);
		if (need === 'nothing' && from === undefined && isFactorySetting(chip, to))
			return [
				note(
					'factory-clock',
					'CKSEL',
					`CKSEL selects ${words}, as RC parts are delivered: ISP works, USB does not. ${undoable}`,
				),
			];
		return [
			consent(
				'clock-source',
				'clock-not-expected',
				'CKSEL',
				need === 'nothing'
					? `CKSEL selects ${words}; boards with the ${chip.name} have a crystal, and without it USB stops working. ${undoable}`
					: `CKSEL selects ${words}; boards with the ${chip.name} have a crystal instead. ${deafness}`,
			),
		];
	}
	if (need === 'nothing') {
		const before = rawClockRow(chip, from);
		return before !== undefined && clockNeeds[before.kind] === 'crystal'
			? [
					consent(
						'clock-source',
						'clock-not-expected',
						'CKSEL',
						`CKSEL selects ${words} in place of the crystal that runs now: software USB and serial speeds go wrong. ${undoable}`,
					),
				]
			: [];
	}
	return [
		consent(
			'clock-unverified',
			'clock-unverified',
			'CKSEL',
			`CKSEL selects ${words}, and no board is named, so nobody has checked that the board has it. ${deafness}`,
		),
	];
}

function judgeRange(row: ClockRow, crystalMHz: number, whose: string): Finding[] {
	if (row.rangeMHz === null) return [];
	const [low, high] = row.rangeMHz;
	if (crystalMHz >= low && (high === null || crystalMHz <= high)) return [];
	if (high !== null && crystalMHz > high * farOutOfRange)
		return [
			consent(
				'clock-source',
				'crystal-far-out-of-range',
				'CKSEL',
				`CKSEL drives a crystal of at most ${high} MHz, ${whose} has ${crystalMHz} MHz: it may not start. ${deafness}`,
			),
		];
	return [
		note(
			'crystal-out-of-range',
			row.kind === 'xtal' && high === 8 ? 'CKOPT' : 'CKSEL',
			high !== null && crystalMHz > high
				? `CKOPT and CKSEL specify the oscillator to ${high} MHz only, ${whose} has ${crystalMHz} MHz; boards are shipped so and work. ${undoable}`
				: `CKSEL drives a crystal from ${low} MHz, ${whose} has ${crystalMHz} MHz; it usually runs. ${undoable}`,
		),
	];
}

function judgeUsbCrystal(row: ClockRow): Finding[] {
	if (row.rangeMHz === null) return [];
	const [slowest, fastest] = usbCrystalMHz;
	const [low, high] = row.rangeMHz;
	if (low <= fastest && (high === null || high >= fastest)) return [];
	if (high !== null && high >= slowest)
		return [
			note(
				'crystal-out-of-range',
				'CKSEL',
				`CKSEL drives a crystal of at most ${high} MHz: right for an 8 MHz board, out of range for 16 MHz. ${undoable}`,
			),
		];
	return [
		consent(
			'clock-source',
			'crystal-far-out-of-range',
			'CKSEL',
			`CKSEL drives ${clockInWords(row)}; USB boards have 8 or 16 MHz, which may not start so. ${deafness}`,
		),
	];
}

/** The fastest that the clock can be, Hz, before CKDIV8; undefined when nobody can say. */
function fastestHz(row: ClockRow, board: Board | undefined): number | undefined {
	switch (clockNeeds[row.kind]) {
		case 'nothing':
			return row.mhz === null ? undefined : row.mhz * 1e6;
		case 'watch-crystal':
			return watchCrystalMHz * 1e6;
		case 'crystal':
			if (board !== undefined) return board.clock.mhz * 1e6;
			return row.rangeMHz?.[1] === null || row.rangeMHz === null ? undefined : row.rangeMHz[1] * 1e6;
		case 'rc':
			return row.rangeMHz === null || row.rangeMHz[1] === null ? undefined : row.rangeMHz[1] * 1e6;
		case 'signal':
			return undefined;
	}
}

function judgeSpeed({chip, to, context}: Change, row: ClockRow, board: Board | undefined): Finding[] {
	const undivided = fastestHz(row, board);
	if (undivided === undefined) return [];
	const divider = clockDivider(chip, to);
	const limitHz = undivided / divider / sckDivider;
	const bit = divider === 8 ? 'CKDIV8' : 'CKSEL';
	const what = `${bit === 'CKDIV8' ? 'CKDIV8 and CKSEL' : 'CKSEL'} leave a clock of ${Math.round(undivided / divider)} Hz, which takes SCK below ${Math.round(limitHz)} Hz only`;
	if (context.programmerMinSckHz !== undefined)
		return limitHz <= context.programmerMinSckHz
			? [
					refuse(
						'clock-too-slow',
						bit,
						`${what}; this programmer's slowest is ${context.programmerMinSckHz} Hz, so ISP could not come back to undo it.`,
						'clock-source',
					),
				]
			: [];
	return limitHz <= usualSlowestSckHz
		? [
				consent(
					'clock-source',
					'clock-slow',
					bit,
					`${what}: many programmers cannot go that slow and could not come back. ISP can undo it with a slow enough SCK.`,
				),
			]
		: [];
}

// ——— Brown-out

function judgeBrownOut({chip, to, context, board, changed}: Change): Finding[] {
	if (!changed('BODLEVEL') && !changed('BODEN')) return [];
	const volts = brownOutVolts(chip, to);
	const bit = changed('BODEN') && !changed('BODLEVEL') ? 'BODEN' : 'BODLEVEL';
	if (volts === undefined) return [];
	if (volts === null)
		return [
			note(
				'brown-out-off',
				bit,
				`${bit} leaves the brown-out detector off: flash and EEPROM can be damaged when the supply fades. ${undoable}`,
			),
		];
	const supplies = [board?.vcc, context.programmingVolts].filter(supply => supply !== undefined);
	const supply = Math.min(...supplies);
	// A millivolt of slack keeps sums like 4.5 - 0.2 from deciding.
	if (volts + 0.001 >= supply - supplyMarginVolts)
		return [
			refuse(
				'bod-above-supply',
				bit,
				`${bit} holds the chip in reset below ${volts} V, and the supply is ${supply} V: it would never start, and ISP could undo it only at a higher supply.`,
				'brown-out-high',
			),
		];
	if (board === undefined && volts >= lowBoardVolts - supplyMarginVolts)
		return [
			consent(
				'brown-out-high',
				'bod-high-unknown-board',
				bit,
				`${bit} holds the chip in reset below ${volts} V. On a ${lowBoardVolts} V board it would never start and be deaf to ISP too, until a 5 V supply lets ISP undo it. No board is named.`,
			),
		];
	if (volts + lowLevelMarginVolts < chip.vccRange[0])
		return [
			note(
				'bod-low',
				bit,
				`${bit} sets the brown-out level to ${volts} V, below the ${chip.vccRange[0]} V that the ${chip.name} needs. ${undoable}`,
			),
		];
	return volts >= lowBoardVolts - supplyMarginVolts
		? [
				note(
					'bod-needs-supply',
					bit,
					`${bit} holds the chip in reset below ${volts} V: a ${lowBoardVolts} V programmer gets no answer from it. ${undoable}`,
				),
			]
		: [];
}

// ——— Reaching the bootloader

function isHwbEntry(entry: BootloaderEntry | undefined): boolean {
	return entry === 'hwb' || entry === 'hwb-or-reset';
}

function canReach(entry: BootloaderEntry, bootrst: boolean, hwbe: boolean): boolean {
	switch (entry) {
		case 'reset':
			return bootrst;
		case 'hwb':
			return !bootrst && hwbe;
		case 'hwb-or-reset':
			return bootrst || hwbe;
		case 'vector':
			return true;
	}
}

/**
 * The loader that the change is for: as told; else the board's own; else, when the board's own could not start any
 * more and the bytes are exactly a published set for another loader, that one (a switch).
 */
function intendedLoader(
	{chip, to, context, board}: Change,
	bootrst: boolean,
	hwbe: boolean,
): string | undefined {
	if (context.bootloader !== undefined) return context.bootloader;
	const own = board?.bootloader;
	if (own === undefined) return undefined;
	const ownEntry = findBootloader(own)?.entry;
	if (ownEntry === undefined || canReach(ownEntry, bootrst, hwbe)) return own;
	return (
		recommendations.find(
			row => row.chip === chip.id && row.verdict === 'ok' && sameFuses(chip, row.fuses, to),
		)?.bootloader ?? own
	);
}

function judgeEntry(change: Change): Finding[] {
	const {chip, from, to, changed} = change;
	if (!changed('BOOTRST') && !changed('HWBE') && !changed('BOOTSZ')) return [];
	const bootrst = isProgrammed(chip, to, 'BOOTRST');
	if (bootrst === undefined) return [];
	const hwbe = isProgrammed(chip, to, 'HWBE') ?? false;
	const loader = intendedLoader(change, bootrst, hwbe);
	const found: Finding[] = [];
	if (changed('BOOTRST') || changed('HWBE')) {
		found.push(...judgeReach(change, loader, bootrst, hwbe), ...judgeHwbPin(change, bootrst, hwbe));
	}
	const usedBefore =
		from !== undefined &&
		(isProgrammed(chip, from, 'BOOTRST') === true || isProgrammed(chip, from, 'HWBE') === true);
	if ((bootrst || hwbe) && (changed('BOOTSZ') || !usedBefore)) {
		found.push(...judgeBootStart(change, loader, bootrst, usedBefore));
	}
	return found;
}

function judgeReach(
	{chip, from, to, changed}: Change,
	loaderId: string | undefined,
	bootrst: boolean,
	hwbe: boolean,
): Finding[] {
	const loader = findBootloader(loaderId ?? '');
	const entry = loader?.entry;
	const name = loader?.name ?? 'the bootloader';
	if (entry === 'reset' && !bootrst && changed('BOOTRST'))
		return [
			consent(
				'bootrst',
				'bootrst-unreachable',
				'BOOTRST',
				`BOOTRST unprogrammed starts the application at every reset: ${name} never gets control. ${undoable}`,
			),
		];
	if (isHwbEntry(entry)) {
		if (!bootrst && !hwbe) {
			const isHwbe = changed('HWBE');
			return [
				consent(
					isHwbe ? 'hwbe' : 'bootrst',
					'hwbe-unreachable',
					isHwbe ? 'HWBE' : 'BOOTRST',
					`HWBE and BOOTRST both unprogrammed leave ${name} to a jump from software or a blank application; the reset button does not start it. ${undoable}`,
				),
			];
		}
		if (bootrst && changed('BOOTRST'))
			return entry === 'hwb'
				? [
						consent(
							'bootrst',
							'bootrst-always-loader',
							'BOOTRST',
							`BOOTRST programmed starts ${name} at every reset and power-up: the keyboard stays in the loader. ${undoable}`,
						),
					]
				: [
						note(
							'bootrst-loader-first',
							'BOOTRST',
							`BOOTRST programmed starts ${name} at every reset; builds that jump on start the application after it. ${undoable}`,
						),
					];
		return [];
	}
	if (entry !== undefined || loaderId === 'none') return [];
	// No loader is known. What worked before must go on working, or be asked about.
	const noEntry = !bootrst && !hwbe;
	if (from !== undefined) {
		if (noEntry && changed('BOOTRST'))
			return [
				consent(
					'bootrst',
					'bootrst-unreachable',
					'BOOTRST',
					`BOOTRST unprogrammed starts the application at every reset: a bootloader that is started by the reset never gets control again. ${undoable}`,
				),
			];
		if (noEntry && changed('HWBE'))
			return [
				consent(
					'hwbe',
					'hwbe-unreachable',
					'HWBE',
					`HWBE unprogrammed leaves a bootloader that is entered with the HWB pin (DFU) to a jump from software. ${undoable}`,
				),
			];
		return [];
	}
	if (noEntry && findField(chip, 'HWBE') !== undefined && !isFactorySetting(chip, to))
		return [
			consent(
				'hwbe',
				'hwbe-unreachable',
				'HWBE',
				`HWBE and BOOTRST both unprogrammed leave any bootloader to a jump from software; right only for a board that is always flashed over ISP. ${undoable}`,
			),
		];
	return [];
}

function judgeHwbPin({chip, from, board, changed}: Change, bootrst: boolean, hwbe: boolean): Finding[] {
	if (!hwbe || !changed('HWBE')) return [];
	const whose = board === undefined ? 'the board' : `the ${board.name}`;
	const text = `HWBE programmed starts the bootloader when the HWB pin is low at a reset; ${whose} ${board?.hwbPulledLow === false ? 'does not tie HWB low' : 'must tie HWB low for it'}. A floating HWB, or one in the key matrix, makes it chance whether the reset ends in the loader or the keyboard. ${undoable}`;
	if (board?.hwbPulledLow === true) return [];
	const cameByReset = from !== undefined && isProgrammed(chip, from, 'BOOTRST') === true;
	const madeForHwb = isHwbEntry(findBootloader(board?.bootloader ?? '')?.entry);
	const unsure = board?.hwbPulledLow === false || (board === undefined ? cameByReset : !madeForHwb);
	const before = cameByReset
		? ' Until now BOOTRST starts the bootloader at every reset (as Caterina needs it); then only HWB does.'
		: '';
	return from !== undefined && !bootrst && unsure
		? [consent('hwbe', 'hwb-pin', 'HWBE', `${text}${before}`)]
		: [note('hwb-pin', 'HWBE', text)];
}

/** Address of the first byte at or after `start` that is there and not 0xff; undefined when all is blank. */
function firstCode(image: MemoryImage, start: number, end: number): number | undefined {
	for (const range of image.ranges) {
		for (let address = Math.max(range.start, start); address < Math.min(range.end, end); address++) {
			if (image.at(address) !== 0xff) return address;
		}
	}
	return undefined;
}

function judgeBootStart(
	{chip, to, context, changed}: Change,
	loaderId: string | undefined,
	bootrst: boolean,
	usedBefore: boolean,
): Finding[] {
	const section = bootSection(chip, to);
	if (section === null) return [];
	const start = section.startByteAddress;
	const places = findBootloader(loaderId ?? '')?.boot.filter(place => place.chip === chip.id) ?? [];
	// Several builds at several places: nobody knows which, so nothing is measured.
	const loaderStart = places.length === 1 ? places[0]?.startByteAddress : undefined;
	// A vendor that ships this very set with a loader at that very place knows what it does (the Nano).
	const vendorShips = (loaderAt: number) =>
		recommendations.some(
			row =>
				row.chip === chip.id &&
				row.verdict !== 'reject' &&
				(loaderId === undefined || row.bootloader === loaderId) &&
				sameFuses(chip, row.fuses, to) &&
				findBootloader(row.bootloader)?.boot.some(
					place => place.chip === chip.id && place.startByteAddress === loaderAt,
				),
		);
	const entryBit = bootrst ? 'BOOTRST' : 'HWBE';
	const entryRisk: RiskName = bootrst ? 'bootrst' : 'hwbe';
	const slide = (loaderAt: number) => {
		const text = `BOOTSZ starts the boot section at ${hexAddress(start)}, the bootloader lies at ${hexAddress(loaderAt)}: a reset reaches it only by running up through blank flash, so nothing may be written between. ${undoable}`;
		return vendorShips(loaderAt)
			? note('bootsz-slide', 'BOOTSZ', `${text} The vendor ships it so.`)
			: consent('bootsz', 'bootsz-slide', 'BOOTSZ', text);
	};
	const inside = (loaderAt: number) =>
		consent(
			'bootsz',
			'bootsz-inside-loader',
			'BOOTSZ',
			`BOOTSZ starts the boot section at ${hexAddress(start)}, in the middle of the bootloader that begins at ${hexAddress(loaderAt)}: a reset would land inside it. ${undoable}`,
		);
	const {image} = context;
	if (image !== undefined) {
		const first = firstCode(image, start, chip.flash.bytes);
		if (first === undefined)
			return [
				consent(
					entryRisk,
					'boot-section-empty',
					entryBit,
					`${entryBit} programmed sends the reset to ${hexAddress(start)}, where the image has nothing: no bootloader would be there to start. ${undoable}`,
				),
			];
		if (loaderStart !== undefined && loaderStart > start && first < loaderStart)
			return [
				consent(
					'bootsz',
					'bootsz-in-application',
					'BOOTSZ',
					`BOOTSZ starts the boot section at ${hexAddress(start)}, where the application lies (the bootloader begins at ${hexAddress(loaderStart)}): a reset would land in the middle of it. ${undoable}`,
				),
			];
		if (
			loaderStart !== undefined &&
			loaderStart < start &&
			firstCode(image, loaderStart, start) !== undefined
		)
			return [inside(loaderStart)];
		// The low byte of a jump may be 0xff (FF CF), so code may first show one byte later.
		return first > start + 1 ? [slide(first)] : [];
	}
	if (loaderStart !== undefined) {
		if (loaderStart > start) return [slide(loaderStart)];
		return loaderStart < start ? [inside(loaderStart)] : [];
	}
	return usedBefore && changed('BOOTSZ')
		? [
				consent(
					'bootsz',
					'bootsz-moved',
					'BOOTSZ',
					`BOOTSZ moves the start of the boot section to ${hexAddress(start)}; the bootloader that is there may begin elsewhere. ${undoable}`,
				),
			]
		: [];
}

// ——— Single bits

function judgeBits({chip, from, to, changed}: Change): Finding[] {
	const turnedOn = (name: string) => changed(name) && isProgrammed(chip, to, name) === true;
	const turnedOff = (name: string) => changed(name) && isProgrammed(chip, to, name) === false;
	const found: Finding[] = [];
	if (turnedOn('WDTON')) {
		const story =
			to.high === u4JtagHighFuse && findField(chip, 'WDTON')?.mask === 0x40
				? ` ${hexByte(u4JtagHighFuse)} is a high fuse for the 16U4 and 32U4; here its bit 6 is WDTON.`
				: '';
		found.push(
			consent(
				'wdton',
				'wdton',
				'WDTON',
				`WDTON programmed keeps the watchdog on: a bootloader or firmware that does not serve it restarts for ever.${story} ${undoable}`,
			),
		);
	}
	if (turnedOn('CKOUT'))
		found.push(
			consent(
				'ckout',
				'ckout',
				'CKOUT',
				`CKOUT programmed drives the clock out on a port pin, which no key or LED can use then. ${undoable}`,
			),
		);
	if (turnedOn('OCDEN'))
		found.push(
			consent(
				'ocden',
				'ocden',
				'OCDEN',
				`OCDEN programmed switches on-chip debugging on: clocks run on in sleep and the chip draws more. ${undoable}`,
			),
		);
	if (turnedOn('JTAGEN')) {
		const text = `JTAGEN programmed takes four port pins for JTAG (PF4 to PF7, or PC2 to PC5): keys on them are dead until the firmware switches JTAG off. ${undoable}`;
		found.push(
			from === undefined ? note('jtagen', 'JTAGEN', text) : consent('jtag', 'jtagen', 'JTAGEN', text),
		);
	}
	if (turnedOn('EESAVE'))
		found.push(
			note('eesave', 'EESAVE', `EESAVE programmed lets the EEPROM survive a chip erase. ${undoable}`),
		);
	if (turnedOff('SELFPRGEN') && from !== undefined)
		found.push(
			note(
				'selfprgen',
				'SELFPRGEN',
				`SELFPRGEN unprogrammed forbids programs to write the flash: a bootloader cannot store anything. ${undoable}`,
			),
		);
	if (changed('M103C') && from !== undefined)
		found.push(
			note(
				'm103c',
				'M103C',
				`M103C switches between ATmega103 compatibility and native mode; firmware is built for one of them. ${undoable}`,
			),
		);
	if (turnedOn('CFD'))
		found.push(note('cfd', 'CFD', `CFD programmed switches the clock failure detection off. ${undoable}`));
	return found;
}

const judges: readonly ((change: Change) => Finding[])[] = [
	judgeIspEnding,
	judgeReserved,
	judgeKnownSets,
	judgeClock,
	judgeBrownOut,
	judgeEntry,
	judgeBits,
];

/** The gravest of the reasons. */
export function verdictOf(reasons: readonly FuseReason[]): Verdict {
	if (reasons.some(reason => reason.severity === 'refuse')) return 'refuse';
	return reasons.some(reason => reason.severity === 'consent') ? 'consent' : 'safe';
}

/** One's own backup has proved that ISP works with it: such a refusal becomes a question (facts, A3). */
function settle({ifOwnBackup, ...reason}: Finding, ownBackup: boolean): FuseReason {
	if (reason.severity !== 'refuse' || !ownBackup || ifOwnBackup === undefined) return reason;
	return {
		...reason,
		severity: 'consent',
		risk: ifOwnBackup,
		text: `${reason.text} It was read from this very board over ISP, which worked with it then.`,
	};
}

/**
 * Judges a change of fuse bytes.
 *
 * `from` is what the chip has (undefined: everything is judged as new), `to` what is wanted; a byte missing in
 * `to` stays. Bytes are 0..255, absent bits count for nothing. The less the context tells, the more caution.
 * The verdict is the gravest reason; notes leave it alone. Pure; throws nothing.
 */
export function assessFuses(
	chip: Chip,
	from: FuseBytes | undefined,
	to: FuseBytes,
	context: FuseContext = {},
): FuseAssessment {
	const change = describeChange(chip, from, to, context);
	const reasons = judges.flatMap(judge =>
		judge(change).map(finding => settle(finding, context.ownBackup === true)),
	);
	return {verdict: verdictOf(reasons), reasons};
}

/** Lock bits as wanted, judged (facts, section C). `from` is what the chip has after the erase, where known. */
export function assessLock(chip: Chip, from: number | undefined, to: number): FuseAssessment {
	const reasons: FuseReason[] = [];
	for (const field of chip.lock.fields) {
		const value = to & field.mask;
		if (value !== field.mask && field.name !== 'BLB1') {
			reasons.push({
				severity: 'consent',
				risk: 'lock-bits',
				rule: field.name.toLowerCase(),
				bit: field.name,
				text:
					field.name === 'LB'
						? 'LB other than 11 forbids ISP to write flash, EEPROM and fuses (and with 00 to read them) until a chip erase. ISP can undo it, with the flash lost.'
						: 'BLB0 other than 11 keeps every bootloader from writing or reading back the application until a chip erase. ISP can undo it, with the flash lost.',
			});
		} else if (value !== field.mask) {
			reasons.push({
				severity: 'note',
				rule: 'blb1',
				bit: 'BLB1',
				text: 'BLB1 protects the boot section from the program; ISP does not mind. A chip erase undoes it.',
			});
		}
		if (from !== undefined && (~from & to & field.mask) !== 0) {
			reasons.push({
				severity: 'note',
				rule: 'lock-needs-erase',
				bit: field.name,
				text: `${field.name}: lock bits that are 0 become 1 only by a chip erase.`,
			});
		}
	}
	return {verdict: verdictOf(reasons), reasons};
}
