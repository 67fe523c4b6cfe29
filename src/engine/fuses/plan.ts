// From the fuses that a chip has to those that are wanted: only what differs, in an order whose every prefix is
// harmless, each changed bit in words.
import type {Board} from '../boards/board.ts';
import {findBootloader} from '../bootloaders/index.ts';
import type {Chip, FuseName} from '../chips/chip.ts';
import type {FuseBytes} from '../target.ts';
import {assessFuses, verdictOf} from './assess.ts';
import {describeField} from './decode.ts';
import {bitName, fuseFields, isProgrammed, lowestBit} from './fields.ts';
import {fuseToWrite, fuseWriteOrder, sameFuse} from './mask.ts';
import {recommendedFuses} from './recommendations.ts';
import type {FuseAssessment, FuseContext, FuseReason} from './types.ts';

/** Whether ISP takes a change back: always, only with a clock fed from outside, or not at all. */
export type FuseUndo = 'isp' | 'isp-if-clock-runs' | 'isp-if-supply-reaches' | 'no';

/** One bit that changes. */
export type FuseBitChange = {
	/** Datasheet name: `CKSEL0`. */
	readonly name: string;
	/** Field that it belongs to: `SUT_CKSEL`. */
	readonly field: string;
	readonly bit: number;
	/** True programmed (0). */
	readonly before: boolean;
	readonly after: boolean;
	/** What the field means before and after, in words. */
	readonly meaningBefore: string;
	readonly meaningAfter: string;
	readonly why: string;
	readonly ifWrong: string;
	readonly undo: FuseUndo;
};

export type FuseWrite = {
	readonly fuse: FuseName;
	readonly before: number;
	/** The byte to send: absent bits 1. */
	readonly value: number;
	readonly bits: readonly FuseBitChange[];
};

export type FusePlan = {
	/** In the order to write, back to back, no RESET pulse between. Empty when nothing differs. */
	readonly writes: readonly FuseWrite[];
	/** What the chip holds after each write, with its judgement: a pulled cable makes it real. */
	readonly prefixes: readonly {readonly fuses: FuseBytes; readonly assessment: FuseAssessment}[];
	/** The whole change, judged; `refuse` also when no order is free of refused prefixes. */
	readonly assessment: FuseAssessment;
};

/** Every order of up to three writes, the usual one (extended, high, low) first. */
function orders(fuses: readonly FuseName[]): readonly (readonly FuseName[])[] {
	if (fuses.length <= 1) return [fuses];
	return fuses.flatMap(first => orders(fuses.filter(fuse => fuse !== first)).map(rest => [first, ...rest]));
}

const fieldWords: Readonly<Record<string, {why: string; ifWrong: string; undo: FuseUndo}>> = {
	SUT_CKSEL: {
		why: 'chooses the clock that the board has and how long it gets to start',
		ifWrong: 'no clock, and ISP is deaf; or the wrong clock, and USB fails',
		undo: 'isp-if-clock-runs',
	},
	CKDIV8: {
		why: 'decides whether the clock is divided by 8 after reset',
		ifWrong: 'the keyboard runs eight times too slow or ISP needs a slower SCK',
		undo: 'isp',
	},
	CKOPT: {
		why: 'gives crystals above 8 MHz the swing that they need',
		ifWrong: 'the crystal runs out of its specification',
		undo: 'isp-if-clock-runs',
	},
	CKOUT: {
		why: 'keeps the clock off the port pin',
		ifWrong: 'one pin carries the clock and no key',
		undo: 'isp',
	},
	BODLEVEL: {
		why: 'sets the voltage below which the chip rests in reset',
		ifWrong: 'above the supply the chip never starts; too low it may corrupt its memory',
		undo: 'isp-if-supply-reaches',
	},
	BODEN: {
		why: 'switches the brown-out detector',
		ifWrong: 'off, a fading supply may corrupt flash and EEPROM',
		undo: 'isp-if-supply-reaches',
	},
	BOOTSZ: {
		why: 'sets where the boot section starts, which must be where the bootloader starts',
		ifWrong: 'the reset lands beside the bootloader',
		undo: 'isp',
	},
	BOOTRST: {
		why: 'decides whether a reset starts the bootloader or the application',
		ifWrong: 'the bootloader, or the keyboard, never starts by itself',
		undo: 'isp',
	},
	HWBE: {
		why: 'lets the HWB pin start the bootloader, which DFU loaders rely on',
		ifWrong: 'the reset button no longer reaches the bootloader, or a floating pin does so by chance',
		undo: 'isp',
	},
	JTAGEN: {
		why: 'gives four port pins to the matrix or to JTAG',
		ifWrong: 'keys on these pins are dead',
		undo: 'isp',
	},
	OCDEN: {why: 'belongs to a debugger', ifWrong: 'more current in sleep', undo: 'isp'},
	WDTON: {
		why: 'leaves the watchdog to the firmware',
		ifWrong: 'the keyboard restarts for ever',
		undo: 'isp',
	},
	EESAVE: {
		why: 'decides whether the EEPROM survives a chip erase',
		ifWrong: 'keymaps and settings in the EEPROM go with the next erase',
		undo: 'isp',
	},
	SELFPRGEN: {
		why: 'lets a bootloader write the flash',
		ifWrong: 'the bootloader cannot store anything',
		undo: 'isp',
	},
	M103C: {why: 'chooses the native mode', ifWrong: 'the firmware finds the wrong registers', undo: 'isp'},
	CFD: {
		why: 'watches over the clock',
		ifWrong: 'a failing clock is not noticed, or noticed needlessly',
		undo: 'isp',
	},
	SPIEN: {why: 'keeps ISP on', ifWrong: 'ISP is off', undo: 'no'},
	RSTDISBL: {why: 'keeps RESET a reset', ifWrong: 'ISP never gets in again', undo: 'no'},
	DWEN: {why: 'keeps debugWIRE off RESET', ifWrong: 'ISP does not answer', undo: 'no'},
};

/** The bits of one byte that differ, from bit 7 down, in words. */
export function changedBits(
	chip: Chip,
	fuse: FuseName,
	from: FuseBytes,
	to: FuseBytes,
): readonly FuseBitChange[] {
	const before = from[fuse] ?? 0xff;
	const after = to[fuse] ?? before;
	return fuseFields(chip)
		.filter(field => field.fuse === fuse && ((before ^ after) & field.mask) !== 0)
		.flatMap(field => {
			const words = fieldWords[field.name] ?? {why: '', ifWrong: '', undo: 'isp' as const};
			const lsb = lowestBit(field.mask);
			const bits: FuseBitChange[] = [];
			for (let bit = 7; bit >= lsb; bit--) {
				if (((before ^ after) & field.mask & (1 << bit)) === 0) continue;
				bits.push({
					name: bitName(field, bit - lsb),
					field: field.name,
					bit,
					before: (before & (1 << bit)) === 0,
					after: (after & (1 << bit)) === 0,
					meaningBefore: describeField(chip, from, field.name),
					meaningAfter: describeField(chip, to, field.name),
					...words,
				});
			}
			return bits;
		});
}

/**
 * The writes that lead from `from` (all bytes that the chip has, as read) to `to` (bytes left out stay), judged as
 * a whole and after every write. The order is extended, high, low (clock last) unless a prefix of it would be
 * refused; then another order, and when there is none the assessment is `refuse` (rule `refused-prefix`).
 * Writes nothing; throws nothing.
 */
export function planFuseWrites(
	chip: Chip,
	from: FuseBytes,
	to: FuseBytes,
	context: FuseContext = {},
): FusePlan {
	const target: FuseBytes = {...from, ...to};
	const differing = fuseWriteOrder.filter(fuse => {
		const before = from[fuse];
		const after = to[fuse];
		return (
			chip.fuses[fuse] !== undefined &&
			after !== undefined &&
			(before === undefined || !sameFuse(chip, fuse, before, after))
		);
	});
	const assessment = assessFuses(chip, from, to, context);
	const walk = (order: readonly FuseName[]) => {
		let fuses = from;
		return order.map(fuse => {
			fuses = {...fuses, [fuse]: target[fuse]};
			return {fuses, assessment: assessFuses(chip, from, fuses, context)};
		});
	};
	const candidates = orders(differing).map(order => ({order, prefixes: walk(order)}));
	const harmless = candidates.find(({prefixes}) =>
		prefixes.slice(0, -1).every(prefix => prefix.assessment.verdict !== 'refuse'),
	);
	const chosen = harmless ?? candidates[0] ?? {order: [], prefixes: []};
	const refusedPrefix: FuseReason[] =
		harmless === undefined
			? chosen.prefixes
					.slice(0, -1)
					.flatMap(prefix => prefix.assessment.reasons)
					.filter(reason => reason.severity === 'refuse')
					.slice(0, 1)
					.map(reason => ({
						...reason,
						rule: 'refused-prefix',
						text: `In every order of writing, a cable pulled halfway would leave the chip so: ${reason.text}`,
					}))
			: [];
	const reasons = [...assessment.reasons, ...refusedPrefix];
	return {
		writes: chosen.order.map(fuse => ({
			fuse,
			before: from[fuse] ?? 0xff,
			value: fuseToWrite(chip, fuse, target[fuse] ?? 0xff),
			bits: changedBits(chip, fuse, from, target),
		})),
		prefixes: chosen.prefixes,
		assessment: {verdict: verdictOf(reasons), reasons},
	};
}

/** What a chip erase does to the EEPROM with these fuses (EESAVE works at once, datasheets: chip erase). */
export function eepromAtErase(
	chip: Chip,
	fuses: FuseBytes,
): {readonly survives: boolean; readonly text: string} {
	const survives = isProgrammed(chip, fuses, 'EESAVE') === true;
	return {
		survives,
		text: survives
			? 'EESAVE is programmed: the EEPROM (keymaps, handedness, settings) survives the erase.'
			: 'EESAVE is not programmed: the erase clears the EEPROM too (VIA and Vial keymaps, handedness, settings). It is backed up before and written back after.',
	};
}

export type LoaderSwitch = {
	readonly from: string;
	readonly to: string;
	/** Id of the published set. */
	readonly recommendation: string;
	readonly fuses: FuseBytes;
	readonly lock?: number;
	readonly plan: FusePlan;
	/** What has to happen, in order, in words. */
	readonly steps: readonly string[];
	/** What is different afterwards for the person. */
	readonly afterwards: readonly string[];
};

/**
 * The plan for another bootloader on a board (Caterina to DFU, or back). Undefined when no set is published for
 * it or either loader is unknown.
 */
export function planLoaderSwitch(
	chip: Chip,
	board: Board,
	from: FuseBytes,
	toLoader: string,
	context: Omit<FuseContext, 'board' | 'bootloader'> = {},
	fromLoader: string | undefined = board.bootloader,
): LoaderSwitch | undefined {
	const before = findBootloader(fromLoader ?? '');
	const after = findBootloader(toLoader);
	const row = recommendedFuses(board, toLoader);
	if (before === undefined || after === undefined || row === undefined) return undefined;
	const plan = planFuseWrites(chip, from, row.fuses, {...context, board, bootloader: after.id});
	return {
		from: before.id,
		to: after.id,
		recommendation: row.id,
		fuses: row.fuses,
		plan,
		steps: [
			'Back up flash, EEPROM, fuses and lock bits.',
			`Erase the chip: ${before.name} and the keyboard firmware go.`,
			`Write ${after.name}, together with the keyboard firmware where there is one, and verify.`,
			plan.writes.length === 0
				? 'Leave the fuses as they are.'
				: `Write the fuses that differ: ${plan.writes.map(write => write.fuse).join(', ')}.`,
			'Read everything back.',
		],
		afterwards: [
			`Enter ${after.name}: ${after.enter.join('; ')}.`,
			`Keyboard firmware is then built with BOOTLOADER = ${after.id} and written with: ${after.flashTool}.`,
		],
	};
}
