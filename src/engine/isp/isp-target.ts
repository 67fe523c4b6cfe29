// The Target of our own engine: an IspLink, a session over it, and the order in which things are asked, so that no
// memory is touched before a signature was read twice, SCK was proven and the link was tested.
import type {Board} from '../boards/board.ts';
import {hexByte, hexString, isBlank, sameBytes} from '../bytes.ts';
import {neverCancel} from '../cancel.ts';
import type {Chip, FuseName} from '../chips/chip.ts';
import {chipsBySignature} from '../chips/index.ts';
import type {Clock} from '../clock.ts';
import {type StrayWrite, UnbrickError} from '../errors.ts';
import {brownOutVolts} from '../fuses/decode.ts';
import {isProgrammed} from '../fuses/fields.ts';
import {fuseNames, fuseToWrite, lockToWrite, sameFuse, sameLock} from '../fuses/mask.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {FuseBytes, Identity, Memory, OnStray, Target, TargetNote} from '../target.ts';
import * as ask from './instructions.ts';
import type {IspLink, LinkCapabilities} from './link.ts';
import {
	lowerStep,
	raiseReadings,
	raiseSteps,
	runningClock,
	sckLimitHz,
	searchSteps,
	startSckHz,
	withMargin,
} from './sck.ts';
import {createIspSession, type IspSession, isTransient, type Snapshot, unitAttempts} from './session.ts';
import {minimumVolts} from './supply.ts';
import {readWiring} from './wiring-reading.ts';

/** RESET pulses with AC 53 at one speed before a slower one is tried (programmer firmware adds its own). */
const entriesPerStep = 3;

/** Identical readings of signature, fuses and a page before anything is changed. Source: issue B, link test. */
export const linkTestReadings = 4;

/** Readings of fuses and lock bits until the last two agree. */
const snapshotReadings = 4;

/** Readings of fuses and lock bits after one of them was written, without re-entry, until two in a row agree. */
const lookReadings = 8;

/** Fuse bytes sent to set back what a disturbed instruction has changed; the link may be bad for a while. */
const mendAttempts = 16;

/** Between two of these, ms: a plug that was touched comes to rest. */
const mendPauseMs = 250;

/** Times that a fuse or lock byte is sent when its own transfer failed and nothing at all has changed. */
const writeAttempts = 2;

/**
 * Places that must read blank after an erase: first and last page whole, between them the start of three pages. The
 * rest is read at verify. Source: performance notes 4.1.
 */
const blankSamples = 5;
const blankSampleBytes = 16;

/** A page that does not read blank is read again: a disturbed reading is not a failed erase. */
const blankReadings = 3;

/** Chip erases in all, when pages do not read blank. */
const eraseAttempts = 2;

/** EEPROM bytes per unit of progress: small, for a programmer that takes 45 ms a byte. */
const eepromUnitBytes = 32;

/** How many bytes around a difference go into an error. */
const excerptBytes = 8;

/** RESET stays released so long between leaving and entering again, ms: the chip starts on its new clock. */
const restMs = 50;

/** The lowest supply at which any part of the families known programs, V. */
const deadSupplyVolts = 1.8;

export type IspTargetOptions = {
	readonly clock: Clock;
	/** What the board is: its crystal tells the clock that runs. */
	readonly board?: Board;
	/** `auto` finds the highest safe SCK; a number is used as it is (the step at or below it). */
	readonly sck?: 'auto' | number;
	/** The chip expected: told to the programmer before the first contact. */
	readonly chip?: Chip;
	/**
	 * True once a person has said that nothing else feeds the target: a supply that the programmer can switch is then
	 * switched on. It stays off otherwise.
	 */
	readonly powerTarget?: boolean;
	/** Said with the first contact; looked up while the programmer is being opened. */
	readonly notes?: readonly TargetNote[] | Promise<readonly TargetNote[]>;
};

/** A Target over a link that nobody else uses. Nothing is sent before `identify`. */
export function createIspTarget(link: IspLink, options: IspTargetOptions): Target {
	const {clock, board} = options;
	const sck = options.sck ?? 'auto';
	let notes: TargetNote[] = [];
	let capabilities: LinkCapabilities | undefined;
	let session: IspSession | undefined;
	let chip: Chip | undefined;
	/** As identified; every later reading must show it. */
	let identified: Uint8Array | undefined;
	/** SCK at which the chip was found: the slow, certain one. */
	let foundHz: number | undefined;
	let eraseProven = false;
	let erasedOnce = false;
	/** A fuse write was sent since the chip was identified: another clock may run after the next entry. */
	let fusesTouched = false;
	let left = true;
	/** What fuses and lock bits must read: as identified, with every write and erase since. */
	let standing: Standing | undefined;
	/** A fuse byte stands otherwise than it should, or nobody knows: RESET is not released by us. */
	let held = false;

	const note = (code: string, message: string) => {
		notes.push({code, message});
	};
	const bug = (assumed: string) => new UnbrickError({kind: 'Bug', assumed});
	const open = (): IspSession => {
		if (session === undefined) throw bug('the target is identified before it is used');
		return session;
	};
	const known = (): Chip => {
		if (chip === undefined) throw bug('the chip is known before it is used');
		return chip;
	};

	/** The programmer's own supply, where it is switched by us: on only by a person's word. */
	const feed = async ({targetPower}: LinkCapabilities): Promise<void> => {
		const switchable = targetPower === 'switchable' && link.setTargetPower !== undefined;
		if (switchable && options.powerTarget === true) {
			await link.setTargetPower!(true);
			note('target-power', 'The programmer feeds the target now, as you said that nothing else does.');
		} else if (switchable) {
			note(
				'target-power',
				"The programmer's own supply stays off: the board must be fed by something else, or say that nothing feeds it (--power-target).",
			);
		} else if (options.powerTarget === true) {
			note('target-power', 'The supply of this programmer cannot be switched from here.');
		}
	};

	const start = async (): Promise<IspSession> => {
		if (session !== undefined) return session;
		const declared = await link.open();
		notes.push(...((await options.notes) ?? []));
		capabilities = {...declared, sckStepsHz: [...declared.sckStepsHz].sort((a, b) => a - b)};
		for (const text of capabilities.notes) note('programmer', text);
		if (sck !== 'auto' && (capabilities.sckStepsHz.length === 0 || link.setSck === undefined)) {
			note('sck-fixed', 'SCK of this programmer cannot be set; the asked-for speed has no effect.');
		}
		await feed(capabilities);
		session = createIspSession(link, clock, capabilities, ({what, error}) => {
			note('retry', `Repeated ${what}: ${error.message}`);
		});
		return session;
	};

	/** Sets SCK for the next entry; a transfer that fails is repeated. */
	const chooseSck = async (hz: number): Promise<void> => {
		for (let attempt = 1; ; attempt++) {
			try {
				await link.setSck!(hz);
				return;
			} catch (error) {
				if (!isTransient(error) || attempt === unitAttempts) throw error;
				note('retry', `Repeated setting SCK: ${error.message}`);
			}
		}
	};

	const volts = async (): Promise<number | null> =>
		capabilities?.measuresVolts === true && link.measureTargetVolts !== undefined
			? await link.measureTargetVolts()
			: null;

	/**
	 * Looks for the chip from the fastest safe start downwards; returns a signature that was read twice the same.
	 * Throws NoTarget or UnstableLink with everything that came back.
	 */
	const search = async (
		expected: Chip | undefined,
		asked: 'auto' | number,
		supply: number | null,
		belowHz?: number,
	): Promise<Uint8Array> => {
		const current = open();
		const steps = searchSteps(link.setSck === undefined ? [] : capabilities!.sckStepsHz, asked, belowHz);
		const enables: Uint8Array[] = [];
		const signatures: Uint8Array[] = [];
		let lostStep = false;
		let fault: UnbrickError | undefined;
		/** False while the last entry ended in a fault: then there is nobody to ask. */
		let entered = false;
		for (const step of steps.length === 0 ? [undefined] : steps) {
			if (step !== undefined) await chooseSck(step);
			for (let entry = 1; entry <= entriesPerStep; entry++) {
				try {
					left = false;
					const reply = await current.enter();
					entered = true;
					enables.push(reply.received);
					if (reply.answered === 'no' && entry < entriesPerStep) continue;
					// Asked only of a chip that keeps step; else only for what the wires tell, when nothing else is left.
					const outOfStep = reply.answered === 'no' ? undefined : await current.stepFault();
					if (outOfStep !== undefined) {
						signatures.push(outOfStep);
						lostStep ||= reply.answered === 'yes';
						continue;
					}
					const seen = await current.readSignatures(reply.answered);
					signatures.push(...seen.readings);
					lostStep ||= seen.slipped;
					const signature = seen.readings.at(-1)!;
					// 1e is Atmel; anything else read twice is a line that floats or shifts, not a part.
					if (seen.agreed && reply.answered !== 'no' && signature[0] === 0x1e && !isEcho(signature)) {
						// A part that nobody knows may be a known one at a speed that it cannot follow.
						const strange = chipsBySignature(signature).length === 0;
						if (strange && step !== undefined && step !== steps.at(-1)) break;
						foundHz = link.sckHz() ?? step;
						return signature;
					}
				} catch (error) {
					if (!isTransient(error)) throw error;
					fault = error;
					entered = false;
				}
			}
		}
		if (signatures.length === 0 && fault !== undefined) throw fault;
		const markers: {sent: number; got: number}[] = [];
		for (const sent of entered ? ask.bridgeMarkers : []) {
			const received = await link.exchange(ask.markedProbe(sent));
			markers.push({sent, got: received[3]!});
		}
		const reading = readWiring({
			echo: capabilities!.echo,
			enables,
			signatures: signatures.slice(-6),
			markers,
			targetVolts: supply,
			sckHz: link.sckHz(),
			slowerPossible: false,
			...(expected === undefined ? {} : {chip: expected}),
		});
		const got = [...(capabilities!.echo === 'all' ? enables.slice(-2) : []), ...signatures.slice(-3)];
		const answered = lostStep || signatures.some(bytes => chipsBySignature(bytes).length > 0);
		throw new UnbrickError(
			answered
				? {kind: 'UnstableLink', what: 'signature', got: signatures.slice(-4), candidates: reading.candidates}
				: {
						kind: 'NoTarget',
						got,
						candidates: reading.candidates,
						...(link.sckHz() === null ? {} : {sckHz: link.sckHz()!}),
					},
			{cause: fault},
		);
	};

	/** A chip that shares the signature with others is the named one; a named chip with another signature is an error. */
	const judgeSignature = (signature: Uint8Array, expected: Chip | undefined): Chip | undefined => {
		const fitting = chipsBySignature(signature);
		if (expected === undefined) return fitting[0];
		if (sameBytes(expected.signature, signature)) return expected;
		throw new UnbrickError({
			kind: 'WrongSignature',
			expected: Uint8Array.from(expected.signature),
			expectedChip: expected.name,
			got: signature,
			...(fitting[0] === undefined ? {} : {gotChip: fitting[0].name}),
		});
	};

	const sameSnapshot = (a: Snapshot, b: Snapshot) =>
		sameBytes(a.signature, b.signature) &&
		a.lock === b.lock &&
		a.fuses.low === b.fuses.low &&
		a.fuses.high === b.fuses.high &&
		a.fuses.extended === b.fuses.extended;

	const snapshotBytes = (snapshot: Snapshot) =>
		Uint8Array.from([
			...snapshot.signature,
			snapshot.lock,
			snapshot.fuses.low,
			snapshot.fuses.high ?? 0xff,
			snapshot.fuses.extended ?? 0xff,
		]);

	const unstable = (what: string, got: readonly Uint8Array[]) =>
		new UnbrickError({
			kind: 'UnstableLink',
			what,
			got,
			candidates: readWiring({
				echo: 'last',
				enables: [],
				signatures: [Uint8Array.of(0x1e, 0, 0), Uint8Array.of(0x1e, 0, 1)],
				answeredBefore: identified !== undefined,
				...(chip === undefined ? {} : {chip}),
			}).candidates,
		});

	/** An echo that stays wrong is the wires' doing, whatever the programmer calls it. */
	const asUnstable = (error: UnbrickError): UnbrickError =>
		error.facts.kind === 'BadReply' ? unstable('echo of an instruction', [error.facts.got]) : error;

	/** The chip that answered before shows another signature: gone (a level, an echo) or disturbed. */
	const lost = (got: Uint8Array): UnbrickError => {
		const reading = readWiring({
			echo: 'last',
			enables: [],
			signatures: [got, got],
			answeredBefore: true,
			...(chip === undefined ? {} : {chip}),
		});
		return reading.kind === 'stuck-high' || reading.kind === 'stuck-low' || reading.kind === 'not-in-mode'
			? new UnbrickError({kind: 'NoTarget', got: [got], candidates: reading.candidates})
			: unstable('signature', identified === undefined ? [got] : [identified, got]);
	};

	/** Fuses and lock bits twice the same; an exchange that fails counts as a reading that agrees with none. */
	const readSnapshotTwice = async (): Promise<Snapshot> => {
		const current = open();
		const readings: Snapshot[] = [];
		let fault: UnbrickError | undefined;
		let stranger: Uint8Array | undefined;
		for (let reading = 1; reading <= snapshotReadings; reading++) {
			try {
				const seen = await current.readSnapshot();
				// Two readings of a line that nobody drives may agree, too: the chip must be there.
				stranger =
					identified === undefined || sameBytes(seen.signature, identified) ? undefined : seen.signature;
				readings.push(seen);
				if (stranger !== undefined) {
					// It may hear what is asked shifted.
					note(
						'retry',
						`Repeated reading signature, fuses and lock bits: the signature was ${hexString(stranger)}.`,
					);
					await current.resync();
					continue;
				}
			} catch (error) {
				if (!isTransient(error)) throw error;
				fault = error;
				note('retry', `Repeated reading signature, fuses and lock bits: ${error.message}`);
				await current.resync();
				continue;
			}
			const [before, now] = readings.slice(-2);
			const agreed = before !== undefined && now !== undefined && sameSnapshot(before, now);
			if (agreed && stranger === undefined) return now;
		}
		if (stranger !== undefined) throw lost(stranger);
		if (readings.length < 2 && fault !== undefined) throw asUnstable(fault);
		throw unstable('signature, fuses and lock bits', readings.slice(-3).map(snapshotBytes));
	};

	/**
	 * Looks for the chip and reads what it says about itself. A chip found at a speed that its clock hardly allows
	 * answers once and not again: then a slower one is tried, as long as there is one.
	 */
	const findChip = async (
		expected: Chip | undefined,
		supply: number | null,
	): Promise<{signature: Uint8Array; snapshot: Snapshot}> => {
		const current = open();
		let belowHz: number | undefined;
		for (;;) {
			const signature = await search(expected, sck, supply, belowHz);
			chip = judgeSignature(signature, expected);
			current.setSignature(signature);
			identified = signature;
			if (chip !== undefined) current.setChip(chip);
			try {
				const snapshot = await readSnapshotTwice();
				if (sameBytes(snapshot.signature, signature)) return {signature, snapshot};
				throw unstable('signature', [signature, snapshot.signature]);
			} catch (error) {
				const doubtful =
					error instanceof UnbrickError && (error.kind === 'UnstableLink' || error.kind === 'NoTarget');
				const slower =
					foundHz !== undefined &&
					link.setSck !== undefined &&
					searchSteps(capabilities!.sckStepsHz, sck, foundHz).some(step => step < foundHz!);
				if (!doubtful || !slower || sck !== 'auto') throw error;
				note('sck-fell-back', `At SCK ${foundHz} Hz the readings differ; a slower one is used.`);
				belowHz = foundHz;
			}
		}
	};

	const readFirstPage = () => open().read('flash', 0, known().flash.pageBytes);

	/**
	 * One reading of what the link test compares; a transfer that fails outright is repeated from a fresh entry.
	 * @param told fuses and lock bits that need not be read: then only the signature is, beside the page
	 */
	const readProbe = async (told?: Snapshot): Promise<{snapshot: Snapshot; page: Uint8Array}> => {
		const current = open();
		for (let attempt = 1; ; attempt++) {
			try {
				const snapshot =
					told === undefined
						? await current.readSnapshot()
						: {...told, signature: await current.readSignature()};
				// A chip that hears what is asked shifted is asked no more.
				if (identified !== undefined && !sameBytes(snapshot.signature, identified))
					throw lost(snapshot.signature);
				return {snapshot, page: await readFirstPage()};
			} catch (error) {
				if (!isTransient(error)) throw error;
				if (attempt === unitAttempts) throw asUnstable(error);
				note('retry', `Repeated the link test: ${error.message}`);
				await current.resync();
			}
		}
	};

	/**
	 * Reads signature, fuses, lock bits and the first page `readings` times; the first difference ends it.
	 * @param only `signature`: fuses and lock bits are read the last time only
	 */
	const compareReadings = async (
		readings: number,
		reference?: {snapshot: Snapshot; page: Uint8Array},
		only?: 'signature',
	) => {
		let first = reference;
		for (let reading = 1; reading <= readings; reading++) {
			const short = only === 'signature' && reading < readings;
			const {snapshot, page} = await readProbe(short ? first?.snapshot : undefined);
			if (first === undefined) {
				first = {snapshot, page};
				continue;
			}
			if (!sameSnapshot(first.snapshot, snapshot)) {
				throw unstable('signature, fuses and lock bits', [
					snapshotBytes(first.snapshot),
					snapshotBytes(snapshot),
				]);
			}
			if (!sameBytes(first.page, page)) {
				const at = first.page.findIndex((byte, index) => byte !== page[index]);
				const from = Math.max(0, at - (at % excerptBytes));
				throw unstable(`page at 0x0000 (from byte ${from})`, [
					first.page.slice(from, from + excerptBytes),
					page.slice(from, from + excerptBytes),
				]);
			}
		}
		return first!;
	};

	/** The first reading of a link test: what was read already, and the first page to it. */
	const steadyPage = async (snapshot: Snapshot) => ({snapshot, page: (await readProbe(snapshot)).page});

	/** True when a speed stands: entry, then eight readings equal to the slow one. */
	const proves = async (hz: number, reference: {snapshot: Snapshot; page: Uint8Array}): Promise<boolean> => {
		const current = open();
		try {
			await chooseSck(hz);
			const reply = await current.enter();
			if (reply.answered === 'no' || (await current.stepFault('look')) !== undefined) return false;
			await compareReadings(raiseReadings, reference, 'signature');
			return true;
		} catch (error) {
			if (
				isTransient(error) ||
				(error instanceof UnbrickError && (error.kind === 'UnstableLink' || error.kind === 'NoTarget'))
			) {
				note('retry', `Repeated the link test at a slower SCK: ${error.message}`);
				return false;
			}
			throw error;
		}
	};

	/** Away from a speed that the chip answered at but that its clock hardly allows. */
	const lower = async (fuses: FuseBytes): Promise<boolean> => {
		if (chip === undefined || sck !== 'auto' || link.setSck === undefined || foundHz === undefined)
			return false;
		const running = runningClock(chip, fuses, board);
		const step = lowerStep(capabilities!.sckStepsHz, foundHz, running);
		if (running === undefined || step === undefined) return false;
		await chooseSck(step);
		await open().resync();
		note(
			'sck',
			`SCK ${link.sckHz() ?? step} Hz: the chip runs at ${running.hz / 1_000} kHz (${running.why}).`,
		);
		return true;
	};

	/**
	 * Raises SCK as far as clock and wires carry it, one step of margin below. True when the readings agreed at the speed
	 * in use or at a faster one: that was a link test.
	 */
	const raise = async (seen: Snapshot): Promise<boolean> => {
		const {fuses} = seen;
		const steps = capabilities!.sckStepsHz;
		const began = foundHz ?? startSckHz;
		const running = runningClock(known(), fuses, board);
		if (running === undefined) {
			note('sck', 'The fuses do not tell the clock; SCK stays slow.');
			return false;
		}
		if (await lower(fuses)) return false;
		const allowed = `the chip runs at ${running.hz / 1_000_000} MHz (${running.why}), which allows up to ${Math.floor(sckLimitHz(running.hz))} Hz`;
		const candidates = raiseSteps(steps, began, running);
		if (candidates.length === 0) {
			note('sck', `SCK ${began} Hz: ${allowed}.`);
			return false;
		}
		// One reading is enough to compare with: the eight at the new speed must equal it.
		const reference = await steadyPage(seen);
		let proven: number | undefined;
		for (const step of candidates) {
			if (await proves(step, reference)) {
				proven = step;
				break;
			}
			note('sck-fell-back', `SCK ${step} Hz does not read the same each time; a slower one is used.`);
		}
		const chosen = proven === undefined ? began : withMargin(steps, proven, began, sckLimitHz(running.hz));
		if (chosen !== proven) {
			await chooseSck(chosen);
			await open().resync();
			// Slower than what eight readings have just shown to hold: one more of everything, and it is tested.
			if (proven !== undefined) await compareReadings(1, reference);
		}
		note('sck', `SCK ${link.sckHz() ?? chosen} Hz: ${allowed}.`);
		return proven !== undefined;
	};

	const progress = (
		done: number,
		total: number,
		onProgress: ((done: number, total: number) => void) | undefined,
	) => onProgress?.(done, total);

	const readRange: Target['readRange'] = async (memory: Memory, byteAddress, bytes, transfer = {}) => {
		const cancel = transfer.cancel ?? neverCancel;
		return await open().read(memory, byteAddress, bytes, done => {
			progress(done, bytes, transfer.onProgress);
			if (cancel.requested && done < bytes) {
				throw new UnbrickError({kind: 'Cancelled', during: `reading the ${memory}`});
			}
		});
	};

	/**
	 * Signature, fuses and lock bits until two readings in a row agree. Without re-entry: a RESET pulse would bring what
	 * was just written into effect.
	 */
	const look = async (): Promise<Snapshot> => {
		let before: Snapshot | undefined;
		let problem: UnbrickError | undefined;
		for (let reading = 1; reading <= lookReadings; reading++) {
			let seen: Snapshot | undefined;
			try {
				seen = await open().readSnapshot();
				// One bit of a fuse byte may fit by chance on a line that nobody drives: the chip must be there.
				if (identified !== undefined && !sameBytes(seen.signature, identified)) {
					problem = lost(seen.signature);
					seen = undefined;
					note('retry', "Repeated reading the fuses: the signature was not the chip's.");
				}
			} catch (error) {
				if (!isTransient(error)) throw error;
				problem = asUnstable(error);
				note('retry', `Repeated reading the fuses: ${error.message}`);
			}
			if (before !== undefined && seen !== undefined) {
				if (sameSnapshot(before, seen)) return seen;
				problem = unstable('signature, fuses and lock bits', [snapshotBytes(before), snapshotBytes(seen)]);
				note('retry', `Repeated reading the fuses: ${problem.message}`);
			}
			before = seen;
		}
		throw problem!;
	};

	const stands = (): Standing => {
		if (standing === undefined) throw bug('fuses and lock bits are read before one of them is written');
		return standing;
	};
	const isFuse = (fuse: FuseName, fuses: FuseBytes, seen: FuseBytes) =>
		sameFuse(known(), fuse, fuses[fuse] ?? 0xff, seen[fuse] ?? 0xff);
	const areFuses = (fuses: FuseBytes, seen: FuseBytes) =>
		fuseNames(known()).every(fuse => isFuse(fuse, fuses, seen));
	const isStanding = (wanted: Standing, seen: Snapshot) =>
		areFuses(wanted.fuses, seen.fuses) && sameLock(known(), wanted.lock, seen.lock);

	/**
	 * Something else than what was sent has come to pass: every fuse byte is set to what it should hold, before any
	 * RESET pulse. Returns the error that everything stops with.
	 * @param wanted what fuses and lock bits should hold now
	 */
	const setBack = async (
		during: string,
		wanted: Standing,
		seen: Snapshot,
		onStray: OnStray | undefined,
	): Promise<UnbrickError> => {
		const part = known();
		const current = open();
		const hitFuse = fuseNames(part).find(fuse => !isFuse(fuse, wanted.fuses, seen.fuses));
		const locked = !sameLock(part, wanted.lock, seen.lock);
		if (locked) await onStray?.({byte: 'lock', value: seen.lock, seen: seen.fuses});
		held = hitFuse !== undefined;
		let now = seen;
		let end: StrayWrite['end'] = hitFuse === undefined ? 'needs-erase' : 'stands';
		let cause: UnbrickError | undefined;
		let erased = false;
		for (let attempt = 1; held && attempt <= mendAttempts; attempt++) {
			const fuse = fuseNames(part).find(name => !isFuse(name, wanted.fuses, now.fuses))!;
			const value = fuseToWrite(part, fuse, wanted.fuses[fuse] ?? 0xff);
			await onStray?.({byte: fuse, value, seen: now.fuses});
			fusesTouched = true;
			try {
				await current.sendFuse(fuse, value).catch(error => {
					if (!isTransient(error)) throw error;
				});
				now = await look();
				end = 'stands';
				if (areFuses(wanted.fuses, now.fuses)) {
					held = false;
					end = 'set-back';
					break;
				}
			} catch (error) {
				if (!(error instanceof UnbrickError)) throw error;
				cause = error;
				end = 'unknown';
				if (error.kind === 'DeviceGone') break;
			}
			await clock.sleep(mendPauseMs);
			// A lock bit that is in the way goes with an erase alone; before the RESET pulse, or ISP is over.
			const deadly = end === 'stands' && endOfIsp(part, wanted.fuses, now.fuses) !== undefined;
			const bars = part.lock.fields.find(({name}) => name === 'LB')?.mask ?? 0;
			if (attempt < mendAttempts || erased || !deadly || (bars & ~now.lock) === 0) continue;
			await onStray?.({byte: 'erase', value: 0xff, seen: now.fuses});
			erased = true;
			eraseProven = false;
			await current.sendErase().catch(error => {
				if (!isTransient(error)) throw error;
			});
			attempt = 0;
		}
		standing = {fuses: now.fuses, lock: now.lock};
		if (!sameLock(part, now.lock, seen.lock)) {
			await onStray?.({byte: 'lock', value: now.lock, seen: now.fuses});
		}
		// The byte that is to be spoken of: the one that still stands wrong, else the one that was hit.
		const left = fuseNames(part).find(name => !isFuse(name, wanted.fuses, now.fuses));
		const named = left ?? hitFuse;
		const shown = left === undefined ? seen : now;
		const endsIsp = held ? endOfIsp(part, wanted.fuses, now.fuses) : undefined;
		return new UnbrickError(
			{
				kind: 'FuseReadback',
				...(named === undefined
					? {fuse: 'lock byte', wanted: wanted.lock, got: seen.lock, mask: part.lock.mask}
					: {
							fuse: `${named} fuse`,
							wanted: wanted.fuses[named] ?? 0xff,
							got: shown.fuses[named] ?? 0xff,
							mask: part.fuses[named]!.mask,
						}),
				stray: {
					during,
					end,
					now: snapshotText(now),
					...(endsIsp === undefined ? {} : {endsIsp}),
					...(erased ? {erased: true as const} : {}),
				},
			},
			{cause},
		);
	};

	/** Before a fuse or lock byte is sent: everything must read as it should, or it is put right and all stops. */
	const lookFirst = async (during: string, onStray: OnStray | undefined): Promise<Standing> => {
		const shown = stands();
		const seen = await look();
		if (!isStanding(shown, seen)) throw await setBack(during, shown, seen, onStray);
		return shown;
	};

	/**
	 * After the chip erase and before the RESET pulse that follows it: AC 80 with one wrong bit writes the low fuse. A
	 * chip that cannot be read here is left to the re-entry.
	 */
	const lookAfterErase = async (onStray: OnStray | undefined): Promise<void> => {
		const shown = standing;
		if (shown === undefined) return;
		const fits = ({signature, fuses}: Snapshot) =>
			(identified === undefined || sameBytes(signature, identified)) && areFuses(shown.fuses, fuses);
		let seen: Snapshot | undefined;
		try {
			seen = await open().readSnapshot();
		} catch (error) {
			if (!isTransient(error)) throw error;
		}
		if (seen !== undefined && fits(seen)) return;
		try {
			seen = await look();
		} catch (error) {
			if (error instanceof UnbrickError && error.kind !== 'DeviceGone') return;
			throw error;
		}
		if (fits(seen)) return;
		throw await setBack('the chip erase', {fuses: shown.fuses, lock: seen.lock}, seen, onStray);
	};

	const lookOrHold = async (): Promise<Snapshot> => {
		try {
			return await look();
		} catch (error) {
			note(
				'reset-held',
				'A byte that was just written cannot be read back. RESET is not released, so that nothing has taken effect yet: leave the board connected and powered, and press the wires home.',
			);
			throw error;
		}
	};

	/**
	 * Sends one fuse or lock byte and looks at all of them before anything else happens. Sent again only where its own
	 * transfer failed and nothing has changed. No RESET pulse in here: it would bring what is there into effect.
	 * Source: facts A6.
	 * @param reached what should be there afterwards
	 * @param missed the error where the byte reads as before
	 */
	const writeAndLook = async (
		what: string,
		send: () => Promise<void>,
		reached: (shown: Standing) => Standing,
		missed: (seen: Snapshot, cause: UnbrickError | undefined) => UnbrickError,
		onStray: OnStray | undefined,
	): Promise<void> => {
		const shown = await lookFirst(what, onStray);
		const wanted = reached(shown);
		for (let attempt = 1; ; attempt++) {
			let fault: UnbrickError | undefined;
			held = true;
			try {
				await send();
			} catch (error) {
				if (!isTransient(error)) throw error;
				fault = error;
			}
			const seen = await lookOrHold();
			if (isStanding(wanted, seen)) {
				standing = wanted;
				held = false;
				return;
			}
			// Lock bits that are still 1 may be written another time.
			const unlocked =
				areFuses(shown.fuses, seen.fuses) && (wanted.lock & known().lock.mask & ~seen.lock) === 0;
			if (!isStanding(shown, seen) && !(unlocked && areFuses(shown.fuses, wanted.fuses))) {
				// The byte itself as it was: what was sent went elsewhere, and nothing more is asked of it here.
				const own = fuseNames(known()).find(fuse => !isFuse(fuse, shown.fuses, wanted.fuses));
				const moved = own !== undefined && !isFuse(own, shown.fuses, seen.fuses);
				throw await setBack(
					what,
					moved || own === undefined ? reachedBy(wanted, shown, seen) : shown,
					seen,
					onStray,
				);
			}
			held = false;
			standing = {fuses: seen.fuses, lock: seen.lock};
			if (fault === undefined || attempt === writeAttempts || !isStanding(shown, seen)) {
				throw missed(seen, fault);
			}
			note('retry', `Repeated writing ${what}: ${fault.message}`);
		}
	};

	/** What a write that went astray should have left: a lock byte that did not move stays as it was. */
	const reachedBy = (wanted: Standing, shown: Standing, seen: Snapshot): Standing => ({
		fuses: wanted.fuses,
		lock: sameLock(known(), shown.lock, seen.lock) ? shown.lock : wanted.lock,
	});

	/** The first sampled page that reads other than blank three times, as an error. */
	const findNotBlank = async (pageBytes: number, pages: number): Promise<UnbrickError | undefined> => {
		for (let sample = 0; sample < blankSamples; sample++) {
			const byteAddress = Math.floor((sample * (pages - 1)) / (blankSamples - 1)) * pageBytes;
			const whole = sample === 0 || sample === blankSamples - 1;
			const size = whole ? pageBytes : Math.min(blankSampleBytes, pageBytes);
			let page = new Uint8Array(0);
			for (let reading = 0; reading < blankReadings; reading++) {
				page = new Uint8Array(await open().read('flash', byteAddress, size));
				if (isBlank(page)) break;
			}
			const at = page.findIndex(byte => byte !== 0xff);
			if (at === -1) continue;
			return new UnbrickError({
				kind: 'VerifyMismatch',
				memory: 'flash',
				byteAddress: byteAddress + at,
				expected: 0xff,
				got: page[at]!,
				differingBytes: page.filter(byte => byte !== 0xff).length,
				unwritten: 'erased',
			});
		}
		return undefined;
	};

	/** With the fuses as they were, the clock is the same: the proven speed holds, or the search starts over. */
	const comesBack = async (): Promise<boolean> => {
		left = false;
		try {
			await open().resync();
			return true;
		} catch (error) {
			if (error instanceof UnbrickError && error.kind === 'DeviceGone') throw error;
			return false;
		}
	};

	const leave = async () => {
		if (left || held || session === undefined) return;
		left = true;
		eraseProven = false;
		// A page that is being committed gets its time, else the rising RESET spoils it.
		await session.settle().catch(() => {});
		await link.leave();
	};

	return {
		engine: `own engine over ${link.programmer}`,
		async identify(expected = options.chip): Promise<Identity> {
			const current = await start();
			const supply = await volts();
			if (supply !== null && supply < deadSupplyVolts) {
				const reading = readWiring({echo: 'last', enables: [], signatures: [], targetVolts: supply});
				throw new UnbrickError({kind: 'NoTarget', got: [], candidates: reading.candidates});
			}
			if (expected !== undefined) current.setChip(expected);
			const {signature, snapshot} = await findChip(expected, supply);
			if (chip !== undefined) {
				const brownOut = brownOutVolts(chip, snapshot.fuses);
				const running = runningClock(chip, snapshot.fuses, board);
				const forClock = running === undefined ? 0 : minimumVolts(chip, running.hz);
				const least = Math.max(chip.vccRange[0], brownOut ?? 0, forClock);
				if (supply !== null && supply < least) {
					const why =
						least === brownOut
							? ', its brown-out level'
							: least > chip.vccRange[0]
								? ` at ${running!.hz / 1_000_000} MHz`
								: '';
					throw new UnbrickError({
						kind: 'Refused',
						command: 'programming',
						why: `the target has ${supply.toFixed(1)} V; the ${chip.name} needs ${least.toFixed(1)} V${why}`,
						next: [
							'Feed the board with the voltage that it is made for, from one source only.',
							'Set the jumper or switch of the programmer to that voltage.',
						],
					});
				}
				const raises = sck === 'auto' && link.setSck !== undefined && capabilities!.sckStepsHz.length > 1;
				const tested = raises && (await raise(snapshot));
				// The snapshot was read twice already: with a page it is the first of the readings.
				if (!tested) await compareReadings(linkTestReadings - 1, await steadyPage(snapshot));
			}
			standing = {fuses: snapshot.fuses, lock: snapshot.lock};
			return {
				signature,
				chip,
				fuses: snapshot.fuses,
				lock: snapshot.lock,
				sckHz: link.sckHz(),
				targetVolts: supply,
			};
		},
		readRange,
		async erase(onStray) {
			const current = open();
			const {bytes, pageBytes} = known().flash;
			eraseProven = false;
			// What did not verify is erased and written once more at the speed that the chip was found at.
			const hz = link.sckHz();
			if (erasedOnce && foundHz !== undefined && hz !== null && hz > foundHz && link.setSck !== undefined) {
				await chooseSck(foundHz);
				await current.resync();
				note('sck-fell-back', `SCK ${link.sckHz() ?? foundHz} Hz for the second try.`);
			}
			erasedOnce = true;
			for (let attempt = 1; ; attempt++) {
				await current.erase(() => lookAfterErase(onStray));
				const left = await findNotBlank(pageBytes, bytes / pageBytes);
				if (left === undefined) break;
				if (attempt === eraseAttempts) throw left;
				note('retry', `Repeated the chip erase: ${left.message}`);
			}
			eraseProven = true;
			if (standing !== undefined) standing = {...standing, lock: lockToWrite(known(), 0xff)};
		},
		async writeImage(image: MemoryImage, transfer = {}) {
			const {pageBytes, bytes} = known().flash;
			if (image.end > bytes) {
				throw new UnbrickError({
					kind: 'ImageTooLarge',
					byteAddress: image.end - 1,
					limitBytes: bytes,
					what: 'the image',
				});
			}
			const cancel = transfer.cancel ?? neverCancel;
			const pages = pagesOf(image, pageBytes).map(byteAddress => {
				const data = image.slice(byteAddress, pageBytes);
				return {byteAddress, data, skipped: eraseProven && isBlank(data)};
			});
			let writtenBytes = 0;
			for (const [index, {byteAddress, data, skipped}] of pages.entries()) {
				if (cancel.requested) throw new UnbrickError({kind: 'Cancelled', during: 'writing the flash'});
				if (!skipped) {
					const next = pages.find((page, other) => other > index && !page.skipped);
					await open().writePage(byteAddress, data, next);
					writtenBytes += pageBytes;
				}
				progress((index + 1) * pageBytes, pages.length * pageBytes, transfer.onProgress);
			}
			await open().settle();
			return {writtenBytes};
		},
		async writeEeprom(byteAddress, data, transfer = {}) {
			const cancel = transfer.cancel ?? neverCancel;
			for (let done = 0; done < data.length; ) {
				if (cancel.requested) throw new UnbrickError({kind: 'Cancelled', during: 'writing the EEPROM'});
				const at = byteAddress + done;
				const size = Math.min(eepromUnitBytes - (at % eepromUnitBytes), data.length - done);
				await open().writeEeprom(at, data.subarray(done, done + size));
				done += size;
				progress(done, data.length, transfer.onProgress);
			}
		},
		readBlockBytes: memory => open().blockBytes(memory),
		readFlashBytes: byteAddresses => open().readFlashBytes(byteAddresses),
		get gapBytes() {
			return link.readOverheadBytes ?? 0;
		},
		async readFuses() {
			return (await readSnapshotTwice()).fuses;
		},
		async readLock() {
			return (await readSnapshotTwice()).lock;
		},
		readFusesAndLock: readSnapshotTwice,
		async writeFuse(fuse, value, onStray) {
			const byte = known().fuses[fuse];
			if (byte === undefined) throw bug(`the ${known().name} has a ${fuse} fuse`);
			fusesTouched = true;
			await writeAndLook(
				`the ${fuse} fuse`,
				() => open().sendFuse(fuse, fuseToWrite(known(), fuse, value)),
				shown => ({...shown, fuses: {...shown.fuses, [fuse]: fuseToWrite(known(), fuse, value)}}),
				(seen, cause) =>
					new UnbrickError(
						{
							kind: 'FuseReadback',
							fuse: `${fuse} fuse`,
							wanted: value,
							got: seen.fuses[fuse] ?? 0xff,
							mask: byte.mask,
						},
						{cause},
					),
				onStray,
			);
		},
		async writeLock(value, onStray) {
			const {mask} = known().lock;
			await writeAndLook(
				'the lock byte',
				() => open().sendLock(lockToWrite(known(), value)),
				shown => ({...shown, lock: lockToWrite(known(), value)}),
				(seen, cause) =>
					new UnbrickError(
						{kind: 'FuseReadback', fuse: 'lock byte', wanted: value, got: seen.lock, mask},
						{cause},
					),
				onStray,
			);
		},
		async reenter() {
			const proven = eraseProven;
			await leave();
			// With the same fuses the same clock goes on; entering pulses RESET as it is.
			if (fusesTouched) await clock.sleep(restMs);
			if (fusesTouched || !(await comesBack())) {
				// The clock may be another one now: start over from slow. Source: issue B.
				const {snapshot} = await findChip(chip, null);
				await lower(snapshot.fuses);
			}
			eraseProven = proven;
		},
		async testLink(readings = linkTestReadings) {
			await compareReadings(readings);
		},
		takeNotes() {
			const taken = notes;
			notes = [];
			return taken;
		},
		leave,
		async close() {
			try {
				await leave();
			} catch {
				// Closing goes on: link.close() tries its own best, too.
			}
			await link.close({hold: held});
		},
	};
}

/** Fuses and lock bits. */
type Standing = {readonly fuses: FuseBytes; readonly lock: number};

/** The bit that takes ISP away when these fuses come into force; undefined where none has changed. */
function endOfIsp(chip: Chip, should: FuseBytes, are: FuseBytes): string | undefined {
	for (const [name, deadly] of [
		['RSTDISBL', true],
		['DWEN', true],
		['SPIEN', false],
	] as const) {
		if (isProgrammed(chip, are, name) === deadly && isProgrammed(chip, should, name) !== deadly) return name;
	}
	return undefined;
}

/** `low 0x62, high 0xdf, extended 0xff, lock 0xff` */
function snapshotText({fuses, lock}: Standing): string {
	const bytes = [
		['low', fuses.low],
		['high', fuses.high],
		['extended', fuses.extended],
		['lock', lock],
	] as const;
	return bytes.flatMap(([name, byte]) => (byte === undefined ? [] : [`${name} ${hexByte(byte)}`])).join(', ');
}

/** Addresses of the pages that an image touches, rising. */
export function pagesOf(image: MemoryImage, pageBytes: number): readonly number[] {
	const pages: number[] = [];
	for (const range of image.ranges) {
		for (let page = range.start - (range.start % pageBytes); page < range.end; page += pageBytes) {
			if (pages.at(-1) !== page) pages.push(page);
		}
	}
	return pages;
}

/** `1e 1e 1e` and the like: one byte thrice is a level or an echo, not a signature. */
function isEcho(signature: Uint8Array): boolean {
	return hexString(signature).slice(0, 2).repeat(signature.length) === hexString(signature);
}
