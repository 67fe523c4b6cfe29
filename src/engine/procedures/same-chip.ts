// Is this the chip whose recovery was interrupted? An AVR has no number of its own: its signature, fuses, lock bits and
// what the journal says was done to its flash have to fit.
import {hexByte, isBlank, sameBytes} from '../bytes.ts';
import type {FuseName} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import {fuseNames, sameFuse} from '../fuses/mask.ts';
import {pagesOf} from '../isp/isp-target.ts';
import type {Identity} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

/** Share of pages (or bytes) that may differ from what the journal says: a cut page, a bad link before the verify. */
const strangeShare = 1 / 4;

/** So many pages may be strange on the smallest chip, too: one cut in the middle, one disturbed. */
const strangeAtLeast = 2;

type Resume = NonNullable<RecoveryPlan['resume']>;

function other(why: string): UnbrickError {
	return new UnbrickError({kind: 'OtherBoard', why});
}

/** A fuse byte that a cut has left neither as it was nor as it should be. */
export type SpoiledFuse = {
	readonly fuse: FuseName;
	readonly value: number;
	readonly before: number | undefined;
	readonly got: number;
};

/**
 * Compares fuses and lock bits with the journal.
 * @returns the fuse byte that the interruption spoiled, if it did
 * @throws UnbrickError OtherBoard
 */
export function proveIdentity(
	plan: RecoveryPlan,
	resume: Resume,
	identity: Identity,
): SpoiledFuse | undefined {
	const {chip} = plan;
	const begun = resume.fuseWrites ?? [];
	const last = begun.at(-1);
	let spoiled: SpoiledFuse | undefined;
	for (const fuse of fuseNames(chip)) {
		const got = identity.fuses[fuse];
		const before = begun.slice(0, -1).findLast(write => write.fuse === fuse)?.value ?? resume.before?.[fuse];
		if (got === undefined || before === undefined || sameFuse(chip, fuse, got, before)) continue;
		if (last !== undefined && last.fuse !== fuse && sameFuse(chip, fuse, got, last.value)) {
			// A bit that flipped in the instruction: the byte went into the wrong place. It is judged and written anew.
			spoiled = {fuse, value: before, before, got};
			continue;
		}
		if (last?.fuse !== fuse) {
			throw other(`its ${fuse} fuse is ${hexByte(got)}, and it was left with ${hexByte(before)}`);
		}
		if (!sameFuse(chip, fuse, got, last.value)) spoiled = {fuse, value: last.value, before, got};
	}
	const {lockBefore} = resume;
	if (
		lockBefore !== undefined &&
		resume.lockBegun !== true &&
		begun.length === 0 &&
		// An erase only sets lock bits; cut short, it may have set some of them.
		(lockBefore & chip.lock.mask & ~identity.lock) !== 0
	) {
		throw other(`its lock byte is ${hexByte(identity.lock)}, and it was left with ${hexByte(lockBefore)}`);
	}
	return spoiled;
}

/**
 * Compares the flash with what the interruption must have left.
 * @param flash all of it, as read
 * @throws UnbrickError OtherBoard
 */
export function proveFlash(plan: RecoveryPlan, resume: Resume, flash: Uint8Array): void {
	const {chip, image} = plan;
	const {pageBytes} = chip.flash;
	const pageOf = (data: Uint8Array, at: number) => data.subarray(at, at + pageBytes);
	// On a blank chip nothing can be lost, whichever it is.
	if (image === undefined || !plan.erase || isBlank(flash)) return;
	if (!resume.erased) {
		const before = resume.flashBefore;
		if (before === undefined) return;
		// An erase only sets bits: what was 1 before, or 1 in the image that a second erase found, is 1 now.
		const cleared = (expected: (at: number) => number) =>
			flash.reduce((sum, byte, at) => sum + ((byte & expected(at)) === expected(at) ? 0 : 1), 0);
		const written = (at: number) => image.at(at) ?? 0xff;
		const fewest = Math.min(
			cleared(at => before[at] ?? 0xff),
			cleared(written),
		);
		if (fewest > flash.length * strangeShare * strangeShare) {
			throw other('its flash holds something else than the backup that was made then');
		}
		return;
	}
	const pages = pagesOf(image, pageBytes);
	const journalled = new Set(
		(resume.pages === 'all' ? pages : pages.slice(0, Math.max(0, (resume.pages ?? 0) - 1))).filter(
			page => !isBlank(image.slice(page, pageBytes)),
		),
	);
	let strange = 0;
	let missing = 0;
	for (let page = 0; page < flash.length; page += pageBytes) {
		const present = pageOf(flash, page);
		if (sameBytes(present, image.slice(page, pageBytes))) continue;
		if (journalled.has(page)) missing++;
		else if (!isBlank(present)) strange++;
	}
	const allowed = (of: number) => Math.max(strangeAtLeast, Math.floor(of * strangeShare));
	if (missing > 0 && (missing === journalled.size ? missing > 1 : missing > allowed(journalled.size))) {
		throw other(`${missing} of the ${journalled.size} pages that were written are not on it`);
	}
	if (strange > allowed(pages.length)) {
		throw other(`${strange} pages of its flash hold something that nobody wrote`);
	}
}
