// Everything about a plan that can be known without hardware, in the order in which refusals are promised:
// image, refused fuses, missing consent. Pure.
import {isBlank} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {type RiskName, riskNames, UnbrickError} from '../errors.ts';
import {assessFuses, assessLock} from '../fuses/assess.ts';
import {bootSection, decodeFuses} from '../fuses/decode.ts';
import type {FuseAssessment, FuseContext, FuseReason} from '../fuses/types.ts';
import {looksLikeVector} from '../image/avr-code.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import {slowestSckHz} from '../isp/sck.ts';
import type {FuseBytes} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

/** One risk and why it is there. */
export type Risk = {readonly risk: RiskName; readonly why: string};

export type PlanCheck = {
	/** The wanted fuses, judged as if all were new; safe and empty for `keep`. */
	readonly assessment: FuseAssessment;
	/** Worth saying, no hindrance. */
	readonly notes: readonly FuseReason[];
	/** Risks of this plan, accepted or not. */
	readonly risks: readonly Risk[];
};

const nothing: FuseAssessment = {verdict: 'safe', reasons: []};

/** What the judge may know from the plan alone. */
export function fuseContext(plan: RecoveryPlan, more: Partial<FuseContext> = {}): FuseContext {
	const slowest = slowestSckHz(plan.programmer);
	return {
		...(plan.board === undefined ? {} : {board: plan.board}),
		...(plan.bootloader === undefined ? {} : {bootloader: plan.bootloader}),
		// Without an erase old content stays beside the image, and only the chip can tell what that is.
		...(plan.image === undefined || !plan.erase ? {} : {image: plan.image}),
		...(plan.programmingVolts === undefined ? {} : {programmingVolts: plan.programmingVolts}),
		...(plan.ownBackup === true ? {ownBackup: true} : {}),
		...(slowest === undefined ? {} : {programmerMinSckHz: slowest}),
		...more,
	};
}

/** The risks of an assessment with their reasons. */
export function risksOf(assessment: FuseAssessment): readonly Risk[] {
	return assessment.reasons.flatMap(reason =>
		reason.severity === 'consent' && reason.risk !== undefined ? [{risk: reason.risk, why: reason.text}] : [],
	);
}

/** The rules about bits that take ISP away for good. */
const ispEnding: ReadonlySet<string> = new Set(['spien', 'rstdisbl', 'dwen']);

/**
 * Throws FuseRefused for the first reason of the refuse class.
 * @param which `isp-ending`: only for what takes ISP away for good
 */
export function refuseOrPass(assessment: FuseAssessment, which: 'all' | 'isp-ending' = 'all'): void {
	const reason = assessment.reasons.find(
		each => each.severity === 'refuse' && (which === 'all' || ispEnding.has(each.rule)),
	);
	if (reason !== undefined) {
		throw new UnbrickError({kind: 'FuseRefused', rule: reason.rule, bit: reason.bit, why: reason.text});
	}
}

/** Throws ConsentMissing with every risk that was not accepted by name, in the order of `riskNames`. */
export function demandConsent(risks: readonly Risk[], accepted: ReadonlySet<RiskName>): void {
	const missing = risks.filter(({risk}) => !accepted.has(risk));
	if (missing.length === 0) return;
	const names = riskNames.filter(name => missing.some(({risk}) => risk === name));
	throw new UnbrickError({
		kind: 'ConsentMissing',
		risks: names,
		why: names.flatMap(name => [...new Set(missing.filter(({risk}) => risk === name).map(({why}) => why))]),
	});
}

/** Throws BadHex when the image is empty, ImageTooLarge when it leaves the flash. */
export function checkImage(image: MemoryImage, chip: Chip, name = 'The image'): void {
	if (image.byteCount === 0)
		throw new UnbrickError({kind: 'BadHex', file: name, reason: 'there is no data in it'});
	if (image.end > chip.flash.bytes) {
		throw new UnbrickError({
			kind: 'ImageTooLarge',
			byteAddress: image.end - 1,
			limitBytes: chip.flash.bytes,
			what: name,
		});
	}
}

/**
 * Checks a plan before anything is opened.
 * @throws UnbrickError BadHex, ImageTooLarge, FuseRefused, ConsentMissing, in this order
 */
export function checkPlan(plan: RecoveryPlan): PlanCheck {
	const {chip} = plan;
	if (plan.image !== undefined) checkImage(plan.image, chip, plan.imageName);
	const assessment =
		plan.fuses === 'keep'
			? nothing
			: // What an interrupted recovery found counts as there: whatever a cut left in a byte, it is set right.
				assessFuses(chip, plan.resume?.before, plan.fuses, fuseContext(plan));
	refuseOrPass(assessment);
	const lock = plan.lock === undefined ? nothing : assessLock(chip, undefined, plan.lock);
	refuseOrPass(lock);
	// The board's own backup most likely changes nothing; only the chip can tell, and is asked before anything is done.
	const risks: Risk[] = [...(plan.ownBackup === true ? [] : risksOf(assessment)), ...risksOf(lock)];
	if (plan.resume?.lost !== undefined) risks.push({risk: 'backup-lost', why: plan.resume.lost});
	demandConsent(risks, plan.accepted);
	return {
		assessment,
		notes: [...assessment.reasons, ...lock.reasons].filter(reason => reason.severity === 'note'),
		risks,
	};
}

/** What the lock bits allow over ISP. LB 11: all; 10: reading only; 00 (and 01, which is no mode): nothing. */
export function lockAllows(chip: Chip, lock: number): {readonly read: boolean; readonly write: boolean} {
	const field = chip.lock.fields.find(each => each.name === 'LB');
	if (field === undefined) return {read: true, write: true};
	let shift = 0;
	while (((field.mask >> shift) & 1) === 0) shift++;
	const value = (lock & field.mask) >> shift;
	return {read: value === 0b11 || value === 0b10, write: value === 0b11};
}

/** Does a reset, or the HWB pin, lead into the boot section with these fuses? */
export function bootsByLoader(chip: Chip, fuses: FuseBytes): boolean {
	if (chip.bootSections.length === 0) return false;
	const decoded = decodeFuses(chip, fuses);
	return decoded.resetsToBoot || decoded.hwbEntry === true;
}

/**
 * Does the image bring something to start into the boot section that the fuses name: more than ff, and not just the
 * tail of an application that grew over the border?
 */
export function fillsBootSection(chip: Chip, fuses: FuseBytes, image: MemoryImage): boolean {
	const start = bootSection(chip, fuses)?.startByteAddress;
	if (start === undefined || isBlank(image.slice(start, chip.flash.bytes - start))) return false;
	const runsAcross = (image.at(start - 1) ?? 0xff) !== 0xff;
	return !runsAcross || looksLikeVector(image, start);
}
