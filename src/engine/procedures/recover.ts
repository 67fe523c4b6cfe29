// The recovery: connect, identify, backup, erase, write, verify, EEPROM, fuses, read everything back, lock, leave.
// Events all the way, exactly one result at the end, the chip's state in it. Nothing is changed before everything is
// judged and the backup's receipt is there; no fuse is written before the flash has verified.
// Source of the order: facts A6.
import {hexAddress, hexByte, isBlank, sameBytes} from '../bytes.ts';
import {type Cancel, createCancel, neverCancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import {type ChipState, type RiskName, UnbrickError} from '../errors.ts';
import {bootSection} from '../fuses/decode.ts';
import {fuseNames, lockToWrite, sameFuse, sameLock} from '../fuses/mask.ts';
import {eepromAtErase, type FusePlan, type FuseWrite, planFuseWrites} from '../fuses/plan.ts';
import type {Reference} from '../image/inspect.ts';
import {createImage, type MemoryImage} from '../image/memory-image.ts';
import {pagesOf} from '../isp/isp-target.ts';
import type {Store} from '../store.ts';
import type {FuseBytes, Identity, OnStray, Target} from '../target.ts';
import {type BackupLabel, readAgreed, takeBackup} from './backup.ts';
import {
	bootsByLoader,
	checkPlan,
	demandConsent,
	fillsBootSection,
	fuseContext,
	lockAllows,
	type Risk,
	refuseOrPass,
	risksOf,
} from './check-plan.ts';
import {proveEeprom, restoreEepromBytes} from './eeprom.ts';
import type {Phase, RecoverEvent, RecoverResult} from './events.ts';
import {
	type Interrupted,
	isThere,
	type Journal,
	type JournalEntry,
	journalId,
	othersWaiting,
	rivalsOf,
	startEntry,
} from './journal.ts';
import type {RecoveryPlan} from './plan.ts';
import {failureResult, fuseText, identityEvent, lookEvent, referencesOf} from './results.ts';
import {
	type Content,
	mayBeFrom,
	proveIdentity,
	type Recognition,
	recognise,
	type SpoiledFuse,
} from './same-chip.ts';
import {streaming} from './streaming.ts';
import {confirmReadings, mismatch, sampleAgain, verifyFlash} from './verify.ts';

/** Times the flash is written in all: a second erase and write when the first does not verify. */
const writeRounds = 2;

/** The lock byte of plain U4 and U2 parts as delivered (datasheets 7766J table 28-1, 7799 table 25-1). */
const factoryLock = 0xec;

/** Link test before a fuse or lock byte: nothing guards its four bytes but the link, so this one is long. */
const fuseLinkReadings = 16;

export type RecoverDeps = {
	/** Opens programmer and target. Its errors end in the result like all others. */
	readonly connect: () => Promise<Target>;
	readonly store: Store;
	readonly clock: Clock;
	readonly cancel?: Cancel;
	/** `avr-unbrick 0.1.0`, for the backup. */
	readonly program?: string;
	/** Published bootloaders at hand for a chip: what the board has is compared with them. */
	readonly references?: (chip: Chip) => Promise<readonly Reference[]>;
	/** Takes down what was done, durably, from the first erase on. */
	readonly journal?: Journal;
};

/** What has happened so far, for the result: what this run did, and the interrupted one that it goes on with. */
type Progress = {
	flash: 'untouched' | 'erased' | 'partly-written' | 'written';
	/** A fuse or lock byte was sent. */
	fused: boolean;
	/** The chip has answered as the one that it should be. */
	identified?: boolean;
	/** Something had to be repeated. */
	disturbed?: boolean;
	backup: string | null;
	backupSha256?: string;
};

/** Errors of a line that changes what is sent, and with it perhaps what is on the chip. */
const disturbances: ReadonlySet<string> = new Set(['UnstableLink', 'NoTarget', 'BadReply', 'NotInSync']);

function noteOf(
	{flash, fused, identified, disturbed}: Progress,
	kind: string | undefined,
): string | undefined {
	const notes: string[] = [];
	if (fused && (flash === 'erased' || flash === 'partly-written'))
		notes.push('Fuse or lock bytes have been written.');
	if (identified === true && (disturbed === true || disturbances.has(kind ?? '')))
		notes.push('The line was disturbed meanwhile, so that is not certain.');
	return notes.length === 0 ? undefined : notes.join(' ');
}

/** Flash that is not whole is said before fuses that are. */
function stateOf({flash, fused}: Progress): ChipState {
	return fused && (flash === 'untouched' || flash === 'written') ? 'written-and-fused' : flash;
}

/**
 * Runs a plan. Yields events and ends in exactly one `result`; throws nothing. The target is closed in every case,
 * also when the consumer stops listening.
 */
export async function* recover(plan: RecoveryPlan, deps: RecoverDeps): AsyncGenerator<RecoverEvent, void> {
	const beganMs = deps.clock.nowMs();
	const progress: Progress = {...leftBefore(plan), backup: plan.resume?.backup ?? null};
	const seconds = () => Math.round((deps.clock.nowMs() - beganMs) / 100) / 10;
	let target: Target | undefined;
	let result: RecoverResult;
	try {
		for (const note of checkPlan(plan).notes) {
			yield {type: 'warning', code: note.rule, message: note.text};
		}
		yield {type: 'phase', phase: 'connect'};
		target = await deps.connect();
		const done = yield* run(plan, deps, target, progress);
		result = {...done, seconds: seconds()};
	} catch (thrown) {
		const cause = await firstCause(thrown, target);
		for (const {code, message} of target?.takeNotes?.() ?? []) {
			if (code === 'retry') progress.disturbed = true;
			yield {type: 'warning', code, message};
		}
		const kind = cause instanceof UnbrickError ? cause.kind : undefined;
		// Another chip than the interrupted one, as far as anybody knows: nothing was done to this one.
		const strange =
			kind === 'OtherBoard' ||
			(cause instanceof UnbrickError &&
				cause.facts.kind === 'ConsentMissing' &&
				cause.facts.risks.includes('same-board')) ||
			// A signature that no chip has may be a line that has come off.
			(cause instanceof UnbrickError &&
				cause.facts.kind === 'WrongSignature' &&
				cause.facts.gotChip !== undefined);
		const stranger = plan.resume !== undefined && strange;
		const cutFuse = plan.resume?.fuseWrites?.at(-1);
		if (cutFuse !== undefined && (kind === 'NoTarget' || kind === 'UnstableLink')) {
			yield {
				type: 'warning',
				code: 'fuse-cut',
				message: `The ${cutFuse.fuse} fuse was being written when the recovery was interrupted, and may hold any value now. If the wires are right: a clock fed to XTAL1 wakes a chip that asks for one that is not there. A clock of a few kHz is too slow for some programmers: try one with a slower SCK. If RSTDISBL or DWEN came out programmed, or a clock that the chip reserves, ISP is gone: only a high-voltage programmer (or debugWIRE, for DWEN) brings it back.`,
			};
		}
		result = failureResult(cause, {
			programmer: plan.programmer,
			chipState: stranger ? 'untouched' : stateOf(progress),
			stateNote: stranger ? undefined : noteOf(progress, kind),
			backup: stranger ? null : progress.backup,
			seconds: seconds(),
		});
	} finally {
		await target?.close();
	}
	yield result;
}

/** What an interrupted run has left, as far as its journal tells. */
function leftBefore({resume, image, erase}: RecoveryPlan): Pick<Progress, 'flash' | 'fused'> {
	if (resume === undefined) return {flash: 'untouched', fused: false};
	const fused = (resume.fuseWrites?.length ?? 0) > 0 || resume.lockBegun === true;
	if (resume.strayErase === true) return {flash: 'erased', fused};
	if (image === undefined) return {flash: 'untouched', fused};
	if (resume.pages === 'all') return {flash: 'written', fused};
	return {flash: erase && !resume.erased ? 'erased' : 'partly-written', fused};
}

/** Errors that a link gone bad brings forth, too: wrong bytes where right ones are. */
const doubtful: ReadonlySet<string> = new Set(['VerifyMismatch', 'FuseReadback', 'Locked', 'BadReply']);

/** What is really wrong: a mismatch over wires that have come off is the wires' fault, not the chip's. */
async function firstCause(thrown: unknown, target: Target | undefined): Promise<unknown> {
	if (!(thrown instanceof UnbrickError) || !doubtful.has(thrown.kind)) return thrown;
	// It says what happened already; a link test would end in a RESET pulse.
	if (thrown.facts.kind === 'FuseReadback' && thrown.facts.stray !== undefined) return thrown;
	try {
		await target?.testLink?.();
	} catch (error) {
		if (error instanceof UnbrickError && error.kind !== 'Bug') return error;
	}
	return thrown;
}

type Done = Omit<Extract<RecoverResult, {ok: true}>, 'seconds'>;

async function* run(
	plan: RecoveryPlan,
	deps: RecoverDeps,
	target: Target,
	progress: Progress,
): AsyncGenerator<RecoverEvent, Done> {
	const {chip, image} = plan;
	const {store} = deps;
	const cancel = deps.cancel ?? neverCancel;
	const abandoned = createCancel();
	const stop: Cancel = {
		get requested() {
			return cancel.requested || abandoned.cancel.requested;
		},
		onRequest: cancel.onRequest,
	};
	const halt = (during: string) => {
		if (stop.requested) throw new UnbrickError({kind: 'Cancelled', during});
	};
	const unsaid: RecoverEvent[] = [];
	let journalBegun = false;
	let journalFailed = false;
	/**
	 * Without its first line nothing is changed, and without its own no erase, fuse or lock byte (`owed`): the next run
	 * would take the board for another one. For the rest a full disk is no reason to leave the chip half done: that is
	 * told, and the work goes on.
	 */
	const journal = async (entry: JournalEntry, owed?: 'owed'): Promise<void> => {
		try {
			await deps.journal?.(entry);
			if (entry.did !== 'start') journalBegun = true;
		} catch (error) {
			if (!journalBegun || owed !== undefined) throw asNotSaved(error);
			if (!journalFailed) {
				journalFailed = true;
				unsaid.push({
					type: 'warning',
					code: 'journal-failed',
					message: `What was done cannot be written down any more (${error instanceof Error ? error.message : String(error)}); the work goes on.`,
				});
			}
		}
	};
	/** Takes down how far the writing is, as often as the disk takes it; the writing does not wait for it. */
	const pageNotes = () => {
		let wanted = 0;
		let noted = 0;
		let running: Promise<void> | undefined;
		const run = async () => {
			while (noted < wanted) {
				noted = wanted;
				await journal({did: 'pages', pages: noted});
			}
			running = undefined;
		};
		return {
			note(pages: number) {
				wanted = pages;
				running ??= run();
			},
			settled: async () => running,
		};
	};
	const accepts = (risk: RiskName) => plan.accepted.has(risk);
	const erasing = plan.erase && image !== undefined;

	/** A unit had to be repeated: what was sent may have landed elsewhere, too. */
	let repeated = false;
	/** The same for the EEPROM, which a page load (40) with one wrong bit (C0) writes; never forgotten. */
	let doubted = false;
	function* notes(): Generator<RecoverEvent> {
		for (const {code, message} of target.takeNotes?.() ?? []) {
			if (code === 'retry') progress.disturbed = repeated = doubted = true;
			yield {type: 'warning', code, message};
		}
		yield* unsaid.splice(0);
	}
	const phase = (name: Phase): RecoverEvent => ({type: 'phase', phase: name});
	// — identify
	yield phase('identify');
	const identity = await target.identify(chip);
	progress.identified = true;
	yield* notes();
	yield identityEvent(identity);
	let found: Found | undefined;
	/** Another board than the interrupted one: what else waits may be of it. */
	const strangerTo = async function* (
		error: unknown,
		content?: Content,
	): AsyncGenerator<RecoverEvent, unknown> {
		if (!(error instanceof UnbrickError) || error.facts.kind !== 'OtherBoard') return error;
		try {
			if (!lockAllows(chip, identity.lock).read) return error;
			const waiting = await othersWaiting(store, plan, other => mayBeFrom(other, identity));
			if (waiting.length === 0) return error;
			const held = content ?? (yield* readContent(target, chip, stop, abandoned.request));
			const fits = waiting.filter(other => mayBeFrom(other.plan, identity, held));
			if (fits.length === 0) return error;
			return new UnbrickError({...error.facts, fits: fits.map(({path}) => journalId(path))});
		} catch {
			// It is another board all the same.
			return error;
		}
	};
	if (plan.resume !== undefined) {
		let spoiled: SpoiledFuse | undefined;
		try {
			spoiled = await askAgain(target, identity, () => proveIdentity(plan, plan.resume!, identity));
		} catch (error) {
			throw yield* strangerTo(error);
		}
		if (spoiled !== undefined) {
			yield {
				type: 'warning',
				code: 'fuse-spoiled',
				message: `The interruption has spoiled the ${spoiled.fuse} fuse: it is ${hexByte(spoiled.got)}, neither ${hexByte(spoiled.before ?? 0xff)} as before nor ${hexByte(spoiled.value)} as wanted. It is written again.`,
			};
		}
	}
	halt('identify');
	const allows = lockAllows(chip, identity.lock);
	if (plan.resume !== undefined && allows.read) {
		let content: Content | undefined;
		const take = (read: Content) => {
			content = read;
		};
		try {
			found = yield* look(plan, plan.resume, target, identity, stop, abandoned.request, take);
		} catch (error) {
			throw yield* strangerTo(error, content);
		}
		yield* notes();
	}

	/** Nothing that this plan writes brings back what a disturbed instruction has erased. */
	const emptied =
		image === undefined &&
		plan.resume?.strayErase === true &&
		found !== undefined &&
		found.strange.flash === undefined &&
		isBlank(found.flash);
	if (emptied) {
		progress.flash = 'erased';
		const {backup} = plan.resume ?? {};
		yield {
			type: 'warning',
			code: 'stray-erase',
			message: `The flash is empty: a disturbed instruction has erased the chip before. The fuses are set now; ${backup == null ? 'then write it anew, there is no backup' : `then write it back: \`avr-unbrick restore ${backup}\``}.`,
		};
	}

	// — judge again, now against what the chip has
	if (!erasing && !allows.write) {
		throw new UnbrickError({
			kind: 'Locked',
			lock: identity.lock,
			what: image === undefined ? 'writing fuses' : 'writing without an erase',
		});
	}
	// Writing only clears lock bits; one that is programmed already would not come back.
	if (!erasing && plan.lock !== undefined && (plan.lock & chip.lock.mask & ~identity.lock) !== 0) {
		throw new UnbrickError({
			kind: 'Locked',
			lock: identity.lock,
			what: `the lock byte ${hexByte(plan.lock)} without a chip erase: only that sets lock bits back to 1`,
		});
	}
	const keepBackup = plan.backup !== 'none' && allows.read;
	const risks: Risk[] = [];
	if (!allows.read) {
		const factory = (identity.lock & chip.lock.mask) === (factoryLock & chip.lock.mask);
		const story = factory
			? `The lock byte reads ${hexByte(identity.lock)}, as plain U4 and U2 parts leave the factory: no damage. Nothing can be read, and the loader goes with the erase.`
			: `The lock bits (${hexByte(identity.lock)}) forbid reading: flash and EEPROM cannot be backed up.`;
		// Also stands under a success, when it is no longer so.
		yield {
			type: 'warning',
			code: factory ? 'factory-lock' : 'locked',
			message: `${
				factory
					? `Lock byte as first read: ${hexByte(identity.lock)}, as plain U4 and U2 parts leave the factory: no damage.`
					: `Lock byte as first read: ${hexByte(identity.lock)}, which forbids reading.`
			} Nothing on the chip could be read then, so nothing could be saved.`,
		};
		if (plan.backup !== 'none' || plan.resume !== undefined) risks.push({risk: 'no-backup', why: story});
	}
	const wanted = plan.fuses === 'keep' ? identity.fuses : plan.fuses;
	const after: FuseBytes = {...identity.fuses, ...wanted};
	const volts = identity.targetVolts ?? plan.programmingVolts;
	let fusePlan: FusePlan | undefined;
	if (plan.fuses !== 'keep') {
		const differs = fuseNames(chip).some(
			fuse =>
				plan.fuses !== 'keep' &&
				plan.fuses[fuse] !== undefined &&
				!sameFuse(chip, fuse, identity.fuses[fuse] ?? 0xff, plan.fuses[fuse]),
		);
		const flash = erasing
			? image
			: differs && allows.read
				? await bootSectionAfter(target, chip, after, image)
				: undefined;
		fusePlan = planFuseWrites(
			chip,
			identity.fuses,
			plan.fuses,
			fuseContext(plan, {
				...(flash === undefined ? {} : {image: flash}),
				...(volts === undefined ? {} : {programmingVolts: volts}),
			}),
		);
		// Whatever a cut left in a byte: what the interrupted run found is what changes.
		const {assessment} =
			plan.resume?.before === undefined
				? fusePlan
				: planFuseWrites(
						chip,
						plan.resume.before,
						plan.fuses,
						fuseContext(plan, {
							...(flash === undefined ? {} : {image: flash}),
							...(volts === undefined ? {} : {programmingVolts: volts}),
						}),
					);
		// Whatever a journal tells: what would end ISP on this chip is never written.
		refuseOrPass(fusePlan.assessment, 'isp-ending');
		refuseOrPass(assessment);
		risks.push(...risksOf(assessment));
	}
	const {strange} = found ?? {};
	const words = [
		strange?.flash,
		strange?.eeprom,
		plan.resume !== undefined && found === undefined
			? 'its lock bits forbid reading, so nothing on it can be compared'
			: undefined,
	].filter(each => each !== undefined);
	// By what is on it, it may as well be another one that waits.
	const seen = found;
	const rivals =
		seen === undefined || plan.resume?.journal === undefined
			? []
			: await rivalsOf(store, plan, other => mayBeFrom(other, identity, seen));
	if (words.length > 0) {
		const better =
			rivals.length === 0
				? ''
				: ` What is on it fits ${rivals.map(named).join(' and ')}; to go on with that one: ${rivals.map(goOnWith).join(' or ')}.`;
		risks.push({
			risk: 'same-board',
			why: `Nothing proves that this is the board whose recovery was interrupted: ${words.join('; ')}.${better} ${
				image === undefined
					? 'Its fuses would be written.'
					: found === undefined
						? 'What is on it cannot be kept, and would be erased.'
						: 'What is on it would be kept in a fresh backup and overwritten.'
			}`,
		});
	} else if (rivals.length > 0) {
		risks.push({risk: 'same-board', why: manyFit(plan, rivals)});
	}
	// The interrupted run has asked, of the board that it was about.
	const settled = plan.resume !== undefined && words.length === 0;
	if (
		erasing &&
		!settled &&
		!accepts('loses-bootloader') &&
		bootsByLoader(chip, after) &&
		!fillsBootSection(chip, after, image) &&
		(!allows.read || (await holdsLoader(target, chip, after)))
	) {
		risks.push({
			risk: 'loses-bootloader',
			why: `These fuses start the bootloader at ${hexAddress(bootSection(chip, after)!.startByteAddress)}; the erase takes it, and ${plan.imageName ?? 'the image'} has none.`,
		});
	}
	const eepromGoes = erasing && !eepromAtErase(chip, identity.fuses).survives;
	// What an interrupted recovery would take is kept first.
	const guardEeprom =
		plan.resume === undefined &&
		eepromGoes &&
		!keepBackup &&
		allows.read &&
		!accepts('eesave') &&
		!accepts('no-backup');
	if (guardEeprom && !isBlank(await target.readRange('eeprom', 0, chip.eeprom.bytes))) {
		risks.push({
			risk: 'eesave',
			why: 'The erase takes the EEPROM (keymaps, handedness), and no backup of it is made.',
		});
	}
	demandConsent(risks, plan.accepted);
	halt('identify');

	/** Before a byte that a disturbed instruction has hit is set back: the next run must look at the right one. */
	const strayNotes =
		(sent?: FuseWrite): OnStray =>
		async ({byte, value, seen}) => {
			if (byte === 'erase') {
				await journal({did: 'erase'});
				progress.flash = 'erased';
				return;
			}
			progress.fused = true;
			if (byte === 'lock') return await journal({did: 'lock', value});
			// What was sent may have gone elsewhere: its own byte is what it reads as, not what was to come.
			if (sent !== undefined && sent.fuse !== byte) {
				await journal({did: 'fuse', fuse: sent.fuse, value: seen[sent.fuse] ?? sent.before});
			}
			await journal({did: 'fuse', fuse: byte, value});
		};

	// — backup
	let eeprom: Uint8Array | undefined;
	let flashBefore: Uint8Array | undefined;
	const label: BackupLabel = {
		program: deps.program ?? 'avr-unbrick',
		programmer: plan.programmer,
		...(plan.board === undefined ? {} : {board: plan.board.id}),
	};
	if (keepBackup) {
		yield phase('backup');
		const taken = yield* takeBackup(
			target,
			chip,
			identity,
			{
				store,
				label,
				path: typeof plan.backup === 'object' ? plan.backup.path : 'auto',
			},
			stop,
			abandoned.request,
		);
		yield* notes();
		// No receipt, no erase: taking the backup throws unless the file was read back.
		eeprom = taken.eeprom;
		flashBefore = taken.flash;
		yield lookEvent(taken.flash, chip, identity.fuses, await referencesOf(deps, chip));
		progress.backup = taken.path;
		progress.backupSha256 = taken.sha256;
		halt('backup');
	}

	// — what an interrupted recovery still has to do
	let rest: MemoryImage | undefined;
	let kept: string | undefined;
	/** What the EEPROM gets back: what it held before the first erase, or what is on a chip of which that is not known. */
	let keptEeprom = eeprom;
	if (plan.resume !== undefined) {
		const {resume} = plan;
		const own = found !== undefined && (strange?.eeprom !== undefined || resume.eepromBefore === undefined);
		keptEeprom = own ? found?.eeprom : (resume.eepromBefore ?? eeprom);
		if (found !== undefined && image !== undefined) {
			if (plan.erase && resume.erased) rest = remaining(chip, image, found.flash);
			// Lock bits that forbid writing only go with an erase; when all is written already they may stay.
			const allDone = rest?.byteCount === 0 && (fusePlan?.writes.length ?? 0) === 0;
			if (!allows.write && !allDone) rest = undefined;
			// So do lock bits that nobody asked for.
			if (((plan.lock ?? 0xff) & chip.lock.mask & ~identity.lock) !== 0) rest = undefined;
			const goes = plan.erase && rest === undefined && !(isBlank(found.flash) && isBlank(found.eeprom));
			const content = plan.eeprom ?? (plan.erase && plan.restoreEeprom ? keptEeprom : undefined);
			const changes = content !== undefined && !isBlank(found.eeprom) && !sameBytes(content, found.eeprom);
			if (!keepBackup && (goes || changes || words.length > 0 || rivals.length > 0)) {
				yield phase('backup');
				const how = {store, label, path: 'auto'} as const;
				kept = (yield* takeBackup(target, chip, identity, how, stop, abandoned.request)).path;
				yield* notes();
				yield {type: 'warning', code: 'kept-first', message: `What is on the chip now is kept in ${kept}.`};
			}
			if (
				plan.erase &&
				own &&
				resume.eepromBefore !== undefined &&
				plan.eeprom === undefined &&
				plan.restoreEeprom
			) {
				yield {
					type: 'warning',
					code: 'own-eeprom',
					message: `The chip keeps the EEPROM that is on it; what the interrupted board held is in ${resume.backup ?? 'its backup'}.`,
				};
			}
		}
	}

	if (image !== undefined && !plan.erase) await proveWritable(target, chip, image, flashBefore);
	// What the EEPROM keeps has to be known, so that it can be compared afterwards.
	if (image !== undefined && !eepromGoes && !keepBackup && allows.read && plan.resume === undefined) {
		eeprom = await readAgreed(target, 'eeprom', 0, chip.eeprom.bytes);
		yield* notes();
	}

	// — erase, write, verify
	let writtenBytes = 0;
	let verifiedBytes = 0;
	// What is written back must be known to the next run, too.
	const unknownBefore = erasing && plan.resume !== undefined && keptEeprom !== plan.resume.eepromBefore;
	const owedEeprom = plan.eeprom ?? (unknownBefore && plan.restoreEeprom ? keptEeprom : undefined);
	await journal(
		startEntry(
			owedEeprom === undefined ? plan : {...plan, eeprom: owedEeprom},
			identity,
			progress.backup,
			kept,
			progress.backupSha256 ?? plan.resume?.backupSha256,
		),
	);
	// Without a backup from before it is the one to name.
	progress.backup ??= kept ?? null;
	if (image !== undefined) {
		const {pageBytes} = chip.flash;
		let toWrite = image;
		let mustVerify = true;
		if (rest !== undefined) {
			const left = pagesOf(rest, pageBytes).length;
			const there = pagesOf(image, pageBytes).length - left;
			await journal({did: 'resumed', pages: there});
			yield {
				type: 'warning',
				code: 'resumed',
				message: `${there} pages are there already, ${left} are still to be written.`,
			};
		} else if (!plan.erase) {
			await journal({did: 'resumed', pages: 0});
		}
		for (let round = 1; ; round++) {
			if (round === 1 && rest !== undefined) {
				toWrite = rest;
			} else if (plan.erase) {
				toWrite = image;
				halt('erase');
				yield phase('erase');
				// Whoever listens may have been asked meanwhile.
				halt('erase');
				// A receipt is no use when the file has gone since, and whoever listens may have taken long.
				const saved = kept ?? (keepBackup ? progress.backup : null);
				if (round === 1 && saved !== null && !(await isThere(store, saved))) {
					throw new UnbrickError({kind: 'NotSaved', file: saved, reason: 'it is not there any more'});
				}
				await journal({did: 'erase'}, 'owed');
				// A second erase that fails may find the chip as the first writing left it.
				if (round === 1) progress.flash = 'erased';
				await target.erase(strayNotes());
				progress.flash = 'erased';
				yield* notes();
				const lock = await target.readLock();
				if (!lockAllows(chip, lock).write) {
					throw new UnbrickError({kind: 'Locked', lock, what: 'writing, even after the chip erase'});
				}
				await journal({did: 'erased'});
			}
			halt('erase');
			repeated = false;
			yield phase('write');
			halt('write');
			progress.flash = 'partly-written';
			const written = pageNotes();
			const writing = streaming<RecoverEvent, {writtenBytes: number}>(
				emit =>
					target.writeImage(toWrite, {
						onProgress: (doneBytes, totalBytes) =>
							emit({type: 'progress', phase: 'write', doneBytes, totalBytes}),
						cancel: stop,
					}),
				abandoned.request,
			);
			try {
				let step = await writing.next();
				for (; step.done !== true; step = await writing.next()) {
					const event = step.value;
					if (event.type === 'progress') written.note(event.doneBytes / pageBytes);
					yield event;
				}
				writtenBytes = step.value.writtenBytes;
			} finally {
				// A listener that goes away ends the writing, too.
				await writing.return({writtenBytes: 0});
				await written.settled();
			}
			yield* notes();
			halt('write');
			yield phase('verify');
			const locks = plan.lock !== undefined && !sameLock(chip, plan.lock, erasing ? 0xff : identity.lock);
			mustVerify = plan.verify !== 'none' || (fusePlan?.writes.length ?? 0) > 0 || locks;
			if (!mustVerify) {
				yield {
					type: 'warning',
					code: 'not-verified',
					message: 'The flash was not read back, as asked: nothing is known about what is in it.',
				};
				break;
			}
			if (plan.verify === 'none') {
				yield {
					type: 'warning',
					code: 'verify-needed',
					message:
						'Fuse and lock bytes are written only over a flash that was read back, so it is read back after all.',
				};
			}
			try {
				verifiedBytes = yield* verifyFlash(
					plan,
					target,
					{image, fuses: after, everything: repeated},
					stop,
					abandoned.request,
					() => {
						doubted = true;
					},
				);
				yield* notes();
				break;
			} catch (error) {
				const mismatch = error instanceof UnbrickError && error.kind === 'VerifyMismatch';
				if (!mismatch || !plan.erase || round === writeRounds) throw error;
				doubted = true;
				yield {
					type: 'warning',
					code: 'rewrite',
					message: `${error.message} The chip is erased and written once more.`,
				};
			}
		}
		if (mustVerify) {
			progress.flash = 'written';
			await journal({did: 'verified'});
		}
	}

	// — EEPROM
	const goesBack =
		(eepromGoes || (erasing && plan.resume !== undefined)) &&
		plan.restoreEeprom &&
		keptEeprom !== undefined &&
		!isBlank(keptEeprom);
	const content = plan.eeprom ?? (goesBack ? keptEeprom : undefined);
	if (content !== undefined) {
		halt('eeprom');
		yield phase('eeprom');
		// What an interrupted run has written back already is known by standing before all that is not.
		const there = plan.resume === undefined ? undefined : await target.readRange('eeprom', 0, content.length);
		yield* restoreEepromBytes(target, content, stop, abandoned.request, there);
		yield* notes();
		await journal({did: 'eeprom'});
	}
	/** What the EEPROM must hold now; undefined where nobody knows. */
	const eepromShould =
		content ??
		(plan.resume === undefined
			? eepromGoes
				? new Uint8Array(chip.eeprom.bytes).fill(0xff)
				: eeprom
			: erasing && !eepromAtErase(chip, plan.resume.before ?? identity.fuses).survives
				? new Uint8Array(chip.eeprom.bytes).fill(0xff)
				: undefined);
	if (content === undefined && image !== undefined) {
		// A blank one that was hit shows in the flash, too (the byte is missing there); one that keeps its content may not.
		const precious = eepromShould !== undefined && !isBlank(eepromShould);
		if (doubted || plan.verify === 'full' || (plan.verify === 'written' && precious)) {
			yield* proveEeprom(target, eepromShould, doubted, stop, abandoned.request);
			yield* notes();
		}
	}

	// Compared with all of that; where nothing was written, with none of it yet.
	if (image !== undefined) doubted = false;

	// — fuses: back to back, each read back twice, no way out in between
	const writes = fusePlan?.writes ?? [];
	const {pageBytes} = chip.flash;
	/** Flash that fuse writes must not touch, where nothing else tells what is there. */
	let there: MemoryImage | undefined;
	if (writes.length > 0 && image === undefined && allows.read) {
		there =
			flashBefore === undefined
				? await readMarks(target, chip, identity.fuses)
				: createImage([{byteAddress: 0, data: flashBefore}]);
	}
	/**
	 * AC A8 with one wrong bit is AC 88, a chip erase: seen by the first page that is not blank. The next run must know.
	 * @param error what a fuse write ended in; a RESET pulse, which reading may need, is not due after each
	 */
	async function* lookForErase(error?: unknown): AsyncGenerator<RecoverEvent> {
		const facts = error instanceof UnbrickError ? error.facts : undefined;
		const stands =
			facts?.kind === 'FuseReadback' && facts.stray?.end !== 'stands' && facts.stray?.end !== 'unknown';
		const before = image ?? there;
		const page = before && pagesOf(before, pageBytes).find(at => !isBlank(before.slice(at, pageBytes)));
		if (facts?.kind === 'FuseReadback' && facts.stray?.erased === true) return;
		if ((error !== undefined && !stands) || page === undefined) return;
		try {
			for (let reading = 0; reading < confirmReadings; reading++) {
				if (!isBlank(await target.readRange('flash', page, pageBytes))) return;
			}
		} catch (fault) {
			if (error === undefined) throw fault;
			return;
		}
		await journal({did: 'erase'});
		progress.flash = 'erased';
		yield {
			type: 'warning',
			code: 'stray-erase',
			message:
				image === undefined
					? 'A disturbed instruction has erased the chip: flash and EEPROM are empty. Write them back: `avr-unbrick restore` with the backup.'
					: 'A disturbed instruction has erased the chip: flash and EEPROM are empty, and have to be written again.',
		};
	}
	if (writes.length > 0) {
		halt('fuses');
		yield phase('fuses');
		await target.testLink?.(fuseLinkReadings);
		yield* notes();
		halt('fuses');
		yield {
			type: 'warning',
			code: 'do-not-unplug',
			message: 'Fuse bytes are being written: do not unplug anything.',
		};
		for (const [index, write] of writes.entries()) {
			await journal({did: 'fuse', fuse: write.fuse, value: write.value}, 'owed');
			progress.fused = true;
			try {
				await target.writeFuse(write.fuse, write.value, strayNotes(write));
			} catch (error) {
				yield* lookForErase(error);
				throw error;
			}
			yield {type: 'progress', phase: 'fuses', doneBytes: index + 1, totalBytes: writes.length};
		}
		yield* notes();
	}

	// — leave, enter again, read everything back
	await target.reenter();
	yield* notes();
	const readBack = async () =>
		target.readFusesAndLock === undefined
			? {fuses: await target.readFuses(), lock: await target.readLock()}
			: await target.readFusesAndLock();
	let {fuses, lock} = await readBack();
	demandFuses(chip, after, fuses);
	// What the erase left, or what was there before; bits that are still to be cleared are no matter.
	const lifted = plan.resume?.strayErase === true && sameLock(chip, identity.lock, 0xff);
	const lockBefore = erasing || lifted ? 0xff : (plan.resume?.lockBefore ?? identity.lock);
	const begun = plan.resume?.lockBegun === true && plan.lock !== undefined;
	const lockFits = begun ? (plan.lock & chip.lock.mask & ~lock) === 0 : sameLock(chip, lock, lockBefore);
	if (!lockFits) throw lockMismatch(chip, begun ? plan.lock : lockBefore, lock);
	/** After any doubt all is read once more. */
	async function* proveAgain(): AsyncGenerator<RecoverEvent> {
		doubted = false;
		yield* lookForErase();
		if (image !== undefined && verifiedBytes > 0) {
			const what = {image, fuses: after, everything: true};
			verifiedBytes = yield* verifyFlash(plan, target, what, stop, abandoned.request);
			progress.flash = 'written';
		} else if (image === undefined && there !== undefined) {
			for (const {start, end} of there.ranges) {
				const before = there.slice(start, end - start);
				let data = await target.readRange('flash', start, end - start);
				if (!sameBytes(data, before)) data = await readAgreed(target, 'flash', start, end - start);
				if (!sameBytes(data, before)) throw mismatch('flash', start, before, data, 'before');
			}
		}
		yield* proveEeprom(target, eepromShould, true, stop, abandoned.request);
	}
	if (doubted) {
		yield* proveAgain();
	} else if (image !== undefined && verifiedBytes > 0) {
		await sampleAgain(target, chip, image, plan.erase, after);
	} else if (image === undefined && writes.length > 0 && there !== undefined) {
		await sampleAgain(target, chip, there, false, after, 'before');
	}
	yield* notes();

	// — lock bits, last of all
	if (plan.lock !== undefined && !sameLock(chip, plan.lock, lock)) {
		halt('lock');
		yield phase('lock');
		await target.testLink?.(fuseLinkReadings);
		yield* notes();
		// Afterwards nothing may be readable any more.
		if (doubted) yield* proveAgain();
		halt('lock');
		yield {
			type: 'warning',
			code: 'do-not-unplug',
			message: 'The lock byte is being written: do not unplug anything.',
		};
		await journal({did: 'lock', value: plan.lock}, 'owed');
		progress.fused = true;
		await target.writeLock(plan.lock, strayNotes());
		// In force from here on; a chip that is gone does not pass for one that is locked.
		await target.reenter();
		yield* notes();
		({fuses, lock} = await readBack());
		demandFuses(chip, after, fuses);
		if (!sameLock(chip, plan.lock, lock)) throw lockMismatch(chip, plan.lock, lock);
		yield* notes();
	}
	yield phase('leave');
	await target.leave();
	// Sent, and said not to be read back.
	if (image !== undefined && progress.flash === 'partly-written') progress.flash = 'written';
	await journal({did: 'done'});
	yield* unsaid.splice(0);
	return {
		type: 'result',
		ok: true,
		chip: chip.id,
		imageBytes: image?.byteCount ?? 0,
		writtenBytes,
		verifiedBytes,
		fuses: fuseText(fuses),
		...(plan.fuses === 'keep' ? {} : {wanted: fuseText(plan.fuses)}),
		lock: hexByte(lock),
		backup: progress.backup,
		chipState: stateOf(progress),
	};
}

/** Fault of a file that a change must not go without. */
function asNotSaved(error: unknown): UnbrickError {
	if (error instanceof UnbrickError) return error;
	const reason = error instanceof Error ? error.message : String(error);
	return new UnbrickError({kind: 'NotSaved', file: 'the journal of this recovery', reason}, {cause: error});
}

/** What an interrupted recovery has left on the chip, and what of it does not fit. */
type Found = Content & {readonly strange: Recognition};

/** `recovery-20260102.jsonl (backup backup-atmega32u4.json)` */
function named({path, plan}: Pick<Interrupted, 'path' | 'plan'>): string {
	const {backup} = plan.resume ?? {};
	return `${path} (${backup == null ? 'no backup' : `backup ${backup}`})`;
}

function goOnWith({path}: Interrupted): string {
	return `\`avr-unbrick recover --resume ${journalId(path)}\``;
}

/** Which recoveries the chip may be from, and what taking the wrong one would do. */
function manyFit(plan: RecoveryPlan, rivals: readonly Interrupted[]): string {
	const own = named({path: plan.resume?.journal ?? 'this one', plan});
	const others = rivals.map(named).join(' and ');
	return `Several interrupted recoveries wait, and what is on the chip fits more than one: ${own}, which would go on now, and ${others}. Of the wrong one it would get the image, the fuses and the EEPROM of another board. To go on with another one: ${rivals.map(goOnWith).join(' or ')}, or the first question of the wizard.`;
}

/** A chip is called another one only over a link that is sound, and when it says the same again. */
async function askAgain(
	target: Target,
	identity: Identity,
	prove: () => SpoiledFuse | undefined,
): Promise<SpoiledFuse | undefined> {
	try {
		return prove();
	} catch (error) {
		await target.testLink?.();
		const fuses = await target.readFuses();
		const lock = await target.readLock();
		const same = (['low', 'high', 'extended'] as const).every(fuse => fuses[fuse] === identity.fuses[fuse]);
		if (same && lock === identity.lock) throw error;
		throw new UnbrickError({kind: 'UnstableLink', what: 'fuses and lock bits', got: [], candidates: []});
	}
}

/** Flash and EEPROM; the EEPROM twice. Throws UnstableLink. */
async function* readContent(
	target: Target,
	chip: Chip,
	stop: Cancel,
	abandon: () => void,
): AsyncGenerator<RecoverEvent, Content> {
	const flash = yield* readFlash(target, chip, 'identify', stop, abandon);
	const eeprom = await target.readRange('eeprom', 0, chip.eeprom.bytes);
	// It may be written back.
	if (!isBlank(eeprom)) {
		const second = await target.readRange('eeprom', 0, chip.eeprom.bytes);
		if (!sameBytes(eeprom, second))
			throw new UnbrickError({kind: 'UnstableLink', what: 'eeprom', got: [], candidates: []});
	}
	return {flash, eeprom};
}

/** Reads flash and EEPROM and compares them with what the interruption must have left. Throws OtherBoard, UnstableLink. */
async function* look(
	plan: RecoveryPlan,
	resume: NonNullable<RecoveryPlan['resume']>,
	target: Target,
	identity: Identity,
	stop: Cancel,
	abandon: () => void,
	take: (content: Content) => void,
): AsyncGenerator<RecoverEvent, Found> {
	const {chip} = plan;
	const content = yield* readContent(target, chip, stop, abandon);
	try {
		const strange = recognise(plan, resume, identity, content);
		if (strange.flash === undefined && strange.eeprom === undefined) return {...content, strange};
	} catch (error) {
		if (!(error instanceof UnbrickError) || error.kind !== 'OtherBoard') throw error;
	}
	// Wires that come off give bytes, too.
	await target.testLink?.();
	const again = yield* readContent(target, chip, stop, abandon);
	await target.testLink?.();
	for (const memory of ['flash', 'eeprom'] as const) {
		if (sameBytes(content[memory], again[memory])) continue;
		throw new UnbrickError({kind: 'UnstableLink', what: memory, got: [], candidates: []});
	}
	take(content);
	return {...content, strange: recognise(plan, resume, identity, content)};
}

/** Throws FuseReadback unless each fuse byte reads as it should. */
function demandFuses(chip: Chip, wanted: FuseBytes, fuses: FuseBytes): void {
	for (const fuse of fuseNames(chip)) {
		const expected = wanted[fuse];
		const got = fuses[fuse];
		if (expected !== undefined && got !== undefined && !sameFuse(chip, fuse, expected, got)) {
			throw new UnbrickError({
				kind: 'FuseReadback',
				fuse: `${fuse} fuse`,
				wanted: expected,
				got,
				mask: chip.fuses[fuse]!.mask,
			});
		}
	}
}

function lockMismatch(chip: Chip, wanted: number, got: number): UnbrickError {
	return new UnbrickError({
		kind: 'FuseReadback',
		fuse: 'lock byte',
		wanted: lockToWrite(chip, wanted),
		got,
		mask: chip.lock.mask,
	});
}

/** Writing only clears bits: throws Refused, before anything is written, where the image needs a 1 that is a 0. */
async function proveWritable(
	target: Target,
	chip: Chip,
	image: MemoryImage,
	flash: Uint8Array | undefined,
): Promise<void> {
	const {pageBytes} = chip.flash;
	for (const page of pagesOf(image, pageBytes)) {
		const data = image.slice(page, pageBytes);
		const present =
			flash?.subarray(page, page + pageBytes) ?? (await target.readRange('flash', page, pageBytes));
		const at = data.findIndex((_, index) => ((image.at(page + index) ?? 0) & ~present[index]!) !== 0);
		if (at < 0) continue;
		throw new UnbrickError({
			kind: 'Refused',
			command: 'writing without an erase',
			why: `${hexAddress(page + at)} holds ${hexByte(present[at]!)}, and only an erase makes ${hexByte(data[at]!)} of it`,
			next: ['Let the chip be erased: run it again without --no-erase.'],
		});
	}
}

/** What stands in the boot section of `fuses` after the plan, when nothing is erased: old content under the image. */
async function bootSectionAfter(
	target: Target,
	chip: Chip,
	fuses: FuseBytes,
	image: MemoryImage | undefined,
): Promise<MemoryImage | undefined> {
	const section = bootSection(chip, fuses);
	if (section === null) return undefined;
	const start = section.startByteAddress;
	const data = await target.readRange('flash', start, chip.flash.bytes - start);
	for (let index = 0; index < data.length; index++) data[index]! &= image?.at(start + index) ?? 0xff;
	return createImage([{byteAddress: start, data}]);
}

/** First and last page and the start of the boot section: by them an erase is seen. */
async function readMarks(target: Target, chip: Chip, fuses: FuseBytes): Promise<MemoryImage> {
	const {bytes, pageBytes} = chip.flash;
	const pages = new Set([0, bootSection(chip, fuses)?.startByteAddress ?? 0, bytes - pageBytes]);
	const parts: {byteAddress: number; data: Uint8Array}[] = [];
	for (const page of pages) {
		parts.push({byteAddress: page, data: await readAgreed(target, 'flash', page, pageBytes)});
	}
	return createImage(parts);
}

/** The whole flash, with progress. */
async function* readFlash(
	target: Target,
	chip: Chip,
	phase: Phase,
	stop: Cancel,
	abandon: () => void,
): AsyncGenerator<RecoverEvent, Uint8Array> {
	return yield* streaming<RecoverEvent, Uint8Array>(
		emit =>
			target.readRange('flash', 0, chip.flash.bytes, {
				onProgress: (doneBytes, totalBytes) => emit({type: 'progress', phase, doneBytes, totalBytes}),
				cancel: stop,
			}),
		abandon,
	);
}

/**
 * What an interrupted recovery still has to write: the pages that do not read as wanted yet. Undefined when the chip
 * has to be erased again: bits that must be 1 are 0, or something stands where nothing should.
 */
function remaining(chip: Chip, image: MemoryImage, flash: Uint8Array): MemoryImage | undefined {
	const {bytes, pageBytes} = chip.flash;
	const missing: {byteAddress: number; data: Uint8Array}[] = [];
	for (let page = 0; page < bytes; page += pageBytes) {
		const wanted = image.slice(page, pageBytes);
		const present = flash.subarray(page, page + pageBytes);
		if (sameBytes(wanted, present)) continue;
		if (wanted.some((byte, index) => (present[index]! & byte) !== byte)) return undefined;
		missing.push({byteAddress: page, data: wanted});
	}
	return createImage(missing);
}

/** True as soon as something is found in the boot section. */
async function holdsLoader(target: Target, chip: Chip, fuses: FuseBytes): Promise<boolean> {
	const section = bootSection(chip, fuses);
	if (section === null) return false;
	for (let at = section.startByteAddress; at < chip.flash.bytes; ) {
		const size = Math.min(chip.flash.pageBytes * 4, chip.flash.bytes - at);
		if (!isBlank(await target.readRange('flash', at, size))) return true;
		at += size;
	}
	return false;
}
