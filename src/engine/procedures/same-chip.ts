// Is this the chip whose recovery was interrupted? An AVR has no number of its own: its signature, fuses, lock bits and
// what the journal says was done to its flash have to fit.
import {hexByte, isBlank, sameBytes} from '../bytes.ts';
import type {FuseName} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import {fuseNames, sameFuse} from '../fuses/mask.ts';
import {eepromAtErase} from '../fuses/plan.ts';
import {createImage, type MemoryImage} from '../image/memory-image.ts';
import {pagesOf} from '../isp/isp-target.ts';
import type {FuseBytes, Identity} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

/** Share of the pages, or of the bytes of one, that may differ: a bad link before the verify. More is another board. */
const strangeShare = 1 / 4;

/** So many pages on the smallest chip, too; and so many may all have gone to a chip without supply. */
const strangeAtLeast = 2;

/** Pages that may be written before the journal's line about the page before is on the disk. */
const journalLag = 8;

/** EEPROM bytes that may be half written: two pages of the largest EEPROM page (8 bytes), and where writing begins (32). */
const eepromWindow = 64;

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
	// After the erase it was unlocked.
	const locked = (chip.lock.mask & ~identity.lock) !== 0;
	if (locked && resume.erased && resume.lockBegun !== true && begun.length === 0) {
		throw other(`its lock byte is ${hexByte(identity.lock)}, and the erase had lifted that`);
	}
	return spoiled;
}

/** What a chip holds, as read. */
export type Content = {readonly flash: Uint8Array; readonly eeprom: Uint8Array};

/** What of it cannot come from the interrupted board, in words; undefined where everything fits. */
export type Recognition = {readonly flash: string | undefined; readonly eeprom: string | undefined};

/** Bits only go from 0 to 1, as an erase cut short or a page cut short leaves them. */
const onlySets = (from: Uint8Array, to: Uint8Array): boolean =>
	from.every((byte, at) => ((to[at] ?? 0) & byte) === byte);

/** The same page, disturbed: of the bytes that hold anything in either, few differ. */
function alike(wanted: Uint8Array, present: Uint8Array): boolean {
	let held = 0;
	let differing = 0;
	for (const [at, byte] of wanted.entries()) {
		if (byte === 0xff && present[at] === 0xff) continue;
		held++;
		if (byte !== present[at]) differing++;
	}
	return !isBlank(wanted) && differing <= held * strangeShare;
}

/**
 * Compares flash and EEPROM with what the interruption must have left: the backup's content where an erase was cut
 * short, the pages of the image after it. Bytes that neither explains are nobody's but another board's.
 * @throws UnbrickError OtherBoard where the flash contradicts the journal
 */
export function recognise(
	plan: RecoveryPlan,
	resume: Resume,
	identity: Identity,
	content: Content,
): Recognition {
	const {image} = plan;
	if (resume.strayErase === true) {
		const {chip} = plan;
		return {
			flash: afterCutErase(plan, resume, image ?? createImage([]), content.flash),
			eeprom: eepromAtErase(chip, resume.before ?? identity.fuses).survives
				? strangeSpared(plan, resume, content.eeprom)
				: strangeErased(plan, resume, content.eeprom),
		};
	}
	if (image === undefined || !plan.erase) {
		return {
			flash: notErased(plan, resume, image, content.flash),
			eeprom: strangeSpared(plan, resume, content.eeprom),
		};
	}
	return {
		flash: resume.erased
			? afterErase(plan, resume, resume.written ?? image, content.flash)
			: afterCutErase(plan, resume, resume.written ?? image, content.flash),
		eeprom: strangeEeprom(plan, resume, identity, content),
	};
}

/**
 * Whether the interruption of `plan` may have left this chip, too: nothing of it contradicts its journal. More pages of
 * the image than that run can have written are another run's. Without the content only its fuses and lock bits tell.
 */
export function mayBeFrom(plan: RecoveryPlan, identity: Identity, content?: Content): boolean {
	const {resume} = plan;
	if (resume === undefined) return false;
	try {
		proveIdentity(plan, resume, identity);
		if (content === undefined) return true;
		const {flash, eeprom} = recognise(plan, resume, identity, content);
		if (flash !== undefined || eeprom !== undefined) return false;
	} catch (error) {
		if (error instanceof UnbrickError && error.kind === 'OtherBoard') return false;
		throw error;
	}
	const written = resume.written ?? plan.image;
	const counted = plan.erase && resume.erased && resume.scattered !== true && resume.pages !== 'all';
	if (written === undefined || !counted) return true;
	const {pageBytes} = plan.chip.flash;
	const beyond = pagesOf(written, pageBytes).slice((resume.pages ?? 0) + journalLag);
	return !beyond.some(page => {
		const wanted = written.slice(page, pageBytes);
		return !isBlank(wanted) && sameBytes(wanted, pageOf(content.flash, page, pageBytes));
	});
}

/** Nothing was erased: the flash is what it was, with so many bits of the image written as were. */
function notErased(
	plan: RecoveryPlan,
	resume: Resume,
	image: MemoryImage | undefined,
	flash: Uint8Array,
): string | undefined {
	const before = resume.flashesBefore ?? [];
	if (before.length === 0) {
		return (
			(image && missingPages(plan, resume, image, flash)) ??
			'there is no backup to compare with, and nothing was erased that would tell it from others'
		);
	}
	const {pageBytes} = plan.chip.flash;
	const fits = (old: Uint8Array, at: number) => {
		const [was, is] = [old[at] ?? 0xff, flash[at] ?? 0xff];
		const wanted = was & (image?.at(at) ?? 0xff);
		return (is & wanted) === wanted && (was & is) === is;
	};
	const strange = Math.min(
		...before.map(old => {
			const odd = new Set<number>();
			for (let at = 0; at < flash.length; at++) if (!fits(old, at)) odd.add(at - (at % pageBytes));
			return odd.size;
		}),
	);
	if (strange === 0) return image && missingPages(plan, resume, image, flash);
	const words = `${pages(strange)} of its flash hold something else than the backup and what was written since`;
	const allowed = Math.max(strangeAtLeast, (flash.length / pageBytes) * strangeShare);
	if (image !== undefined && strange > allowed) throw other(words);
	return words;
}

/** An EEPROM that nothing took is as it was, or holds so much of what the plan brings. */
function strangeSpared(
	{eeprom: brought}: RecoveryPlan,
	resume: Resume,
	eeprom: Uint8Array,
): string | undefined {
	const {eepromBefore: before} = resume;
	const known = before === undefined || sameBytes(eeprom, before) || isPartOf(eeprom, brought, before);
	return known ? undefined : 'its EEPROM holds something else than the backup';
}

/** The same, where an erase that nobody asked for may have taken it, or begun to. */
function strangeErased(plan: RecoveryPlan, resume: Resume, eeprom: Uint8Array): string | undefined {
	const {eepromBefore: before} = resume;
	const known = isBlank(eeprom) || (before !== undefined && onlySets(before, eeprom));
	return known || isPartOf(eeprom, plan.eeprom) ? undefined : strangeSpared(plan, resume, eeprom);
}

const pageOf = (data: Uint8Array, at: number, pageBytes: number) => data.subarray(at, at + pageBytes);

/** An erase only sets bits: what was 1 before, or 1 in the image that a second erase found, is 1 now. */
function afterCutErase(
	{chip}: RecoveryPlan,
	resume: Resume,
	written: MemoryImage,
	flash: Uint8Array,
): string | undefined {
	const {pageBytes} = chip.flash;
	const before = resume.flashesBefore ?? [];
	let strange = 0;
	for (let page = 0; page < flash.length; page += pageBytes) {
		const present = pageOf(flash, page, pageBytes);
		const explained =
			isBlank(present) ||
			before.some(old => onlySets(pageOf(old, page, pageBytes), present)) ||
			onlySets(written.slice(page, pageBytes), present);
		if (!explained) strange++;
	}
	if (strange === 0) return undefined;
	return before.length === 0
		? `its erase was cut short, there is no backup to compare with, and ${pages(strange)} of its flash hold something`
		: `its erase was cut short, and ${pages(strange)} of its flash hold something that was not in the backup`;
}

const pages = (count: number) => (count === 1 ? '1 page' : `${count} pages`);

/** The pages that the journal says were written are there; the one at work may be half done; all others are blank. */
function afterErase(
	plan: RecoveryPlan,
	resume: Resume,
	written: MemoryImage,
	flash: Uint8Array,
): string | undefined {
	const {pageBytes} = plan.chip.flash;
	const order = pagesOf(written, pageBytes);
	const done = resume.pages === 'all' ? order.length : (resume.pages ?? 0);
	const reach = resume.scattered === true ? order.length : done + journalLag;
	const near = new Set(order.slice(0, reach));
	let strange = 0;
	for (let page = 0; page < flash.length; page += pageBytes) {
		const present = pageOf(flash, page, pageBytes);
		const wanted = written.slice(page, pageBytes);
		if (isBlank(present) || sameBytes(present, wanted)) continue;
		if (near.has(page) && (onlySets(wanted, present) || alike(wanted, present))) continue;
		// A page that a disturbed address has led elsewhere.
		if (order.some(other => sameBytes(written.slice(other, pageBytes), present))) continue;
		strange++;
	}
	const missing = missingPages(plan, resume, written, flash);
	const allowed = Math.max(strangeAtLeast, (flash.length / pageBytes) * strangeShare);
	const words = `${pages(strange)} of its flash hold something that nobody wrote`;
	if (strange > allowed) throw other(words);
	return missing ?? (strange === 0 ? undefined : words);
}

/** Pages that were written by the journal and are not there, in words. */
function missingPages(
	plan: RecoveryPlan,
	resume: Resume,
	written: MemoryImage,
	flash: Uint8Array,
): string | undefined {
	const {pageBytes} = plan.chip.flash;
	const order = pagesOf(written, pageBytes);
	const sure = resume.pages === 'all' ? order : order.slice(0, Math.max(0, (resume.pages ?? 0) - 1));
	const due = sure.filter(page => !isBlank(written.slice(page, pageBytes)));
	const there = (page: number) => {
		const wanted = written.slice(page, pageBytes);
		const present = pageOf(flash, page, pageBytes);
		// Without an erase only the image's own bytes are known.
		if (!plan.erase) return present.every((byte, at) => (written.at(page + at) ?? byte) === byte);
		return sameBytes(wanted, present) || alike(wanted, present);
	};
	const missing = due.filter(page => !there(page));
	if (missing.length === 0) return undefined;
	// The supply may have gone for a moment: what was sent since then has not arrived.
	const last = due.slice(-missing.length);
	const isTail = resume.pages !== 'all' && missing.every(page => last.includes(page));
	if (isTail && (missing.length < due.length || missing.length <= strangeAtLeast)) return undefined;
	const words = `${missing.length} of the ${due.length} pages that were written are not on it`;
	const otherwise = missing.filter(
		page => !onlySets(written.slice(page, pageBytes), pageOf(flash, page, pageBytes)),
	);
	if (otherwise.length > due.length / 2) throw other(words);
	return words;
}

/** The EEPROM is as the erase left it, or holds so much of what is written back; where the erase spares it, all. */
function strangeEeprom(
	plan: RecoveryPlan,
	resume: Resume,
	identity: Identity,
	{flash, eeprom}: Content,
): string | undefined {
	const {chip} = plan;
	const {eepromBefore: before} = resume;
	const brought = plan.eeprom ?? (plan.restoreEeprom ? before : undefined);
	const spared = (fuses: FuseBytes) => eepromAtErase(chip, fuses).survives;
	const words = 'its EEPROM holds something else than the interruption left';
	if (brought !== undefined && isPartOf(eeprom, brought)) return undefined;
	if (spared(resume.before ?? identity.fuses) && spared(identity.fuses)) {
		const known = before === undefined || sameBytes(eeprom, before) || isPartOf(eeprom, brought, before);
		return known ? undefined : words;
	}
	if (isBlank(eeprom)) return undefined;
	if (resume.erased || before === undefined) return words;
	// Flash that no bit of was erased: nothing of the EEPROM was.
	const untouched = !isBlank(flash) && resume.flashesBefore?.some(old => sameBytes(old, flash)) === true;
	return (untouched ? sameBytes(eeprom, before) : onlySets(before, eeprom)) ? undefined : words;
}

/** So much of `content`, from the start on, that writing it was cut off: behind it blank, or as it was before. */
function isPartOf(eeprom: Uint8Array, content: Uint8Array | undefined, before?: Uint8Array): boolean {
	if (content === undefined || content.length !== eeprom.length) return false;
	const first = eeprom.findIndex((byte, at) => byte !== content[at]);
	if (first === -1) return true;
	return eeprom.every((byte, at) => {
		if (at < first || byte === (before?.[at] ?? 0xff)) return true;
		const wanted = content[at] ?? 0xff;
		// The byte or page at work may be half done.
		return at < first + eepromWindow && (byte & wanted) === wanted;
	});
}
