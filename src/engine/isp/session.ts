// The conversation with a chip in serial programming mode over any IspLink: busy times, the extended address, echo
// checks, bounded retries with re-entry. It alone knows instructions; it judges nothing.
// Source: datasheets, "Serial Downloading"; shared notes on serial programming 3 to 8 and 11.
import {concatBytes, sameBytes} from '../bytes.ts';
import type {Chip, FuseName} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import {UnbrickError} from '../errors.ts';
import type {FuseBytes, Memory} from '../target.ts';
import * as ask from './instructions.ts';
import type {EnterReply, FlashPage, Instruction, IspLink, LinkCapabilities} from './link.ts';
import {readWiring} from './wiring-reading.ts';

/** How often one unit of work is tried in all before its error is passed on. */
export const unitAttempts = 3;

/** How often the way back into programming mode is tried after a fault (RESET pulse and AC 53 each time). */
const resyncAttempts = 4;

/** Harmless readings before a speed is trusted: a chip that loses one bit in 200 fails 9 times in 10. */
const stepReadings = 16;

/** As many where there is no other speed to go to, or where longer readings follow: a look, no more. */
const lookReadings = 4;

/** The manufacturer, first byte of each signature. */
const atmel = 0x1e;

/** The second byte of each signature tells the flash: 90 (1 KB) to 98 (256 KB). */
const isFlashSize = (byte: number) => byte >> 4 === 9;

const signatureBytes = [0, 1, 2].map(ask.readSignatureByte);

/** Readings of the signature until the last two agree. */
const signatureReadings = 4;

/** Flash bytes per batch where the link has no block read: progress and cancel stay lively at slow SCK. */
const rawReadBytes = 128;

/** Blocks are not cut below this. */
const smallestBlock = 64;

/** A poll of RDY/BSY pays only when its round trip is shorter than this share of the wait. Source: performance notes 4.6. */
const pollWorthShare = 0.2;

/** After so many polls without a ready the rest of the wait is slept: a dead line must not be polled for ever. */
const pollsAtMost = 32;

/** A device that polled itself ready or a wait that is over still gets this much, against rounding of clocks, ms. */
const settleMarginMs = 0.1;

/** 4D reaches one bank: 64 K words. */
const bankBytes = 0x20000;

/** Everything small that a chip says about itself, in one batch. */
export type Snapshot = {readonly signature: Uint8Array; readonly fuses: FuseBytes; readonly lock: number};

export type RetryReport = {readonly what: string; readonly error: UnbrickError};

/** Why a reading of the signature ended early: the echo, what was read, or what may be an echo. */
type End = 'slipped' | 'other' | 'again';

export type IspSession = {
	readonly link: IspLink;
	/** Tells geometry to session and link. Before anything that touches memories. */
	readonly setChip: (chip: Chip) => void;
	/** One RESET pulse and AC 53. Forgets the extended address. */
	readonly enter: () => Promise<EnterReply>;
	/**
	 * Asks the same harmless question several times, before a new speed is trusted. Undefined when the chip keeps step,
	 * else three of the bytes that should have been equal.
	 * @param look a few times only: more is read before the speed is trusted
	 */
	readonly stepFault: (look?: 'look') => Promise<Uint8Array | undefined>;
	/** One reading of three bytes. One that is not as it should be may end early: the rest is what came last. */
	readonly readSignature: () => Promise<Uint8Array>;
	/**
	 * Reads until two readings in a row agree, at most four; returns all readings, the last two equal when it worked.
	 * @param answered what `enter` said: of a chip that did not answer all is read, for what it tells of the wires
	 */
	readonly readSignatures: (answered: EnterReply['answered']) => Promise<{
		readonly agreed: boolean;
		/** The echo was out of step: nothing more may be asked before the next `enter`. */
		readonly slipped: boolean;
		readonly readings: readonly Uint8Array[];
	}>;
	/**
	 * Signature, fuses and lock bits. Without a chip only the low fuse is asked for. Where the signature is not that of
	 * `setSignature`, the rest need not have been asked for: it is ff then, and nothing more may be asked before `enter`.
	 */
	readonly readSnapshot: () => Promise<Snapshot>;
	/** Back into programming mode after a fault; the signature must be that of `setSignature` twice. */
	readonly resync: () => Promise<void>;
	/** The signature that every later re-entry must show. */
	readonly setSignature: (signature: Uint8Array) => void;
	/** Reads, in blocks as the link likes them. Retries a block after re-entry. */
	readonly read: (
		memory: Memory,
		byteAddress: number,
		bytes: number,
		onBlock?: (doneBytes: number) => void,
	) => Promise<Uint8Array>;
	/** Largest block that one question reads. */
	readonly blockBytes: (memory: Memory) => number;
	/**
	 * Single flash bytes by their instructions, in one batch where the link has it. Retries it after re-entry. The echo is
	 * not looked at: who asks knows what must come, and an address bit that is always lost is to show in the bytes.
	 */
	readonly readFlashBytes: (byteAddresses: readonly number[]) => Promise<Uint8Array>;
	/** One whole page, aligned. Waits for the page before, not for this one. `next`: what will be written after it. */
	readonly writePage: (byteAddress: number, data: Uint8Array, next?: FlashPage) => Promise<void>;
	/**
	 * Chip erase, wait, re-entry.
	 * @param look called after the wait and before RESET is pulsed, also when the instruction did not arrive as sent:
	 * AC 80 with one bit wrong is AC A0, which writes the low fuse, and the pulse would bring that into effect
	 */
	readonly erase: (look: () => Promise<void>) => Promise<void>;
	/** Chip erase and its wait, no RESET pulse: what is in the fuses must not come into force. Never retried. */
	readonly sendErase: () => Promise<void>;
	/** EEPROM bytes of one unit (page or byte), only where they differ from what is there. */
	readonly writeEeprom: (byteAddress: number, data: Uint8Array) => Promise<void>;
	/** Sends one fuse write and waits, also after a fault: it may have arrived. Never retried: see the target. */
	readonly sendFuse: (fuse: FuseName, value: number) => Promise<void>;
	readonly sendLock: (value: number) => Promise<void>;
	/** Waits until the chip is ready. */
	readonly settle: () => Promise<void>;
};

/** Faults of one transfer, after which the same unit may be tried again from a known state. */
export function isTransient(error: unknown): error is UnbrickError {
	return (
		error instanceof UnbrickError &&
		(error.kind === 'Timeout' ||
			error.kind === 'NotInSync' ||
			error.kind === 'BadReply' ||
			error.kind === 'Refused')
	);
}

/**
 * A session over an opened link.
 * @param capabilities what `link.open()` gave
 * @param onRetry told of every unit that had to be repeated
 */
export function createIspSession(
	link: IspLink,
	clock: Clock,
	capabilities: LinkCapabilities,
	onRetry: (report: RetryReport) => void = () => {},
): IspSession {
	let chip: Chip | undefined;
	let signature: Uint8Array | undefined;
	let extended: number | undefined;
	let busySinceMs = 0;
	let busyUntilMs = 0;
	/** Cut down after a block that failed. */
	let largestBlock = Number.POSITIVE_INFINITY;
	/** Shortest round trip of a single instruction seen, ms. */
	let roundTripMs = Number.POSITIVE_INFINITY;

	const theChip = (): Chip => {
		if (chip === undefined)
			throw new UnbrickError({kind: 'Bug', assumed: 'the chip is known before its memory is touched'});
		return chip;
	};

	const busyFor = (ms: number) => {
		busySinceMs = clock.nowMs();
		busyUntilMs = busySinceMs + ms + settleMarginMs;
	};

	/** @param leadMs what the line itself takes before the chip sees the next instruction */
	const settle = async (leadMs = 0): Promise<void> => {
		if (leadMs >= busyUntilMs - clock.nowMs()) return;
		const total = busyUntilMs - busySinceMs;
		if (chip?.pollsReady === true && roundTripMs < total * pollWorthShare) {
			for (let poll = 0; poll < pollsAtMost && clock.nowMs() < busyUntilMs; poll++) {
				const reply = await link.exchange(ask.pollReady);
				if (capabilities.echo === 'all' && !ask.inStep(ask.pollReady, reply)) continue;
				if ((reply[3]! & 1) === 0) {
					busyUntilMs = 0;
					return;
				}
			}
		}
		const left = busyUntilMs - clock.nowMs() - leadMs;
		if (left > 0) await clock.sleep(left);
	};

	const checkStep = (sent: Instruction, received: Uint8Array): Uint8Array => {
		if (capabilities.echo === 'all' && !ask.inStep(sent, received)) {
			throw new UnbrickError({
				kind: 'BadReply',
				command: 'an instruction to the chip',
				expected: `the echo of ${sent[0].toString(16)} ${sent[1].toString(16)}`,
				got: received,
			});
		}
		return received;
	};

	/** Instructions in order, echo checked unless told. */
	const run = async (
		instructions: readonly Instruction[],
		check: (sent: Instruction, received: Uint8Array) => Uint8Array = checkStep,
	): Promise<readonly Uint8Array[]> => {
		await settle();
		if (link.exchangeMany !== undefined && instructions.length > 1) {
			const replies = await link.exchangeMany(instructions);
			if (replies.length !== instructions.length) {
				throw new UnbrickError({kind: 'Bug', assumed: 'as many replies as instructions'});
			}
			return replies.map((reply, index) => check(instructions[index]!, reply));
		}
		const replies: Uint8Array[] = [];
		for (const instruction of instructions) {
			const beganMs = clock.nowMs();
			const reply = await link.exchange(instruction);
			roundTripMs = Math.min(roundTripMs, clock.nowMs() - beganMs);
			replies.push(check(instruction, reply));
		}
		return replies;
	};

	const last = (reply: Uint8Array | undefined): number => reply?.[3] ?? 0xff;

	/** Instructions go one by one without costing more: then none needs to follow one that was out of step. */
	const stopsAtOnce = link.exchangeMany === undefined || link.cheapExchange === true;

	/**
	 * What a chip says about itself. A chip that lost SCK edges hears what follows shifted, and 30 00 two bits late (58
	 * three) is C0, an EEPROM write, that the next instruction completes. The echo comes back right all the same; what is
	 * asked for does not. So a signature byte that is wrong, here before each 58 and after each, ends it.
	 * Programmers that ask in batches (the sketch, Bus Pirate) would pay a turn of the line for each instruction: there it
	 * is seen when the batch is over, and noted.
	 * @returns the replies; fewer than asked for where it ended
	 */
	const inquire = async (instructions: readonly Instruction[]): Promise<readonly Uint8Array[]> => {
		if (!stopsAtOnce) return run(instructions);
		const replies: Uint8Array[] = [];
		for (const instruction of instructions) {
			replies.push(...(await run([instruction])));
			const index = signatureBytes.indexOf(instruction);
			if (index !== -1 && signature !== undefined && last(replies.at(-1)) !== signature[index]) break;
		}
		return replies;
	};

	const readSignature = async () => {
		const replies = await inquire(signatureBytes);
		return Uint8Array.from(signatureBytes, (_, index) => last(replies[index] ?? replies.at(-1)));
	};

	const enter = async () => {
		await settle();
		extended = undefined;
		return await link.enter();
	};

	const stepFault = async (look?: 'look'): Promise<Uint8Array | undefined> => {
		await settle();
		const count = look !== undefined || link.setSck === undefined ? lookReadings : stepReadings;
		const probes = Array.from({length: count}, () => ask.stepProbe);
		const replies: Uint8Array[] = [];
		const isWrong = (reply: Uint8Array) =>
			reply[3] !== replies[0]![3] || (capabilities.echo === 'all' && !ask.inStep(ask.stepProbe, reply));
		if (link.exchangeMany !== undefined) replies.push(...(await link.exchangeMany(probes)));
		else
			for (const probe of probes)
				if (replies.push(await link.exchange(probe)) > 1 && isWrong(replies.at(-1)!)) break;
		const wrong = replies.find(isWrong);
		return wrong === undefined
			? undefined
			: Uint8Array.of(last(replies[0]), last(wrong), last(replies.at(-1)));
	};

	/**
	 * A reading for comparing, filled up with what came last where it ended early (see `inquire`).
	 * @param like what it should be, as far as that is known
	 */
	const trySignature = async (
		like: ArrayLike<number> | undefined,
	): Promise<{readonly reading: Uint8Array; readonly end?: End}> => {
		await settle();
		if (link.exchangeMany !== undefined && (like === undefined || !stopsAtOnce)) {
			return {reading: Uint8Array.from(await link.exchangeMany(signatureBytes), last)};
		}
		const reading = new Uint8Array(signatureBytes.length);
		for (const [index, instruction] of signatureBytes.entries()) {
			const reply = await link.exchange(instruction);
			reading.fill(last(reply), index);
			if (like === undefined) continue;
			if (capabilities.echo === 'all' && !ask.inStep(instruction, reply)) return {reading, end: 'slipped'};
			const fits =
				index < like.length ? last(reply) === like[index] : index !== 1 || isFlashSize(last(reply));
			if (!fits) return {reading, end: 'other'};
			// Out of step, the byte sent before comes back. The few parts that end in 02 are asked again after `enter`.
			if (index >= like.length && last(reply) === instruction[2] && !echoSeen) {
				echoSeen = true;
				return {reading, end: 'again'};
			}
		}
		return {reading};
	};

	let echoSeen = false;
	const readSignatures: IspSession['readSignatures'] = async answered => {
		const readings: Uint8Array[] = [];
		let agreed = false;
		let end: End | undefined;
		while (readings.length < signatureReadings && !agreed && end === undefined) {
			const like = answered === 'no' ? undefined : (signature ?? readings.at(-1) ?? [atmel]);
			const next = await trySignature(like);
			end = next.end;
			agreed = end === undefined && readings.length > 0 && sameBytes(readings.at(-1)!, next.reading);
			readings.push(next.reading);
		}
		// Of a line that nobody drives there is nothing to repeat.
		const chipThere = answered !== 'no' && readings.some(reading => reading[0] === atmel);
		const differ = readings.find(reading => !sameBytes(reading, readings[0]!));
		// Out of step, the byte sent before comes back: 00, 01, 02.
		const outOfStep = readings.some(reading => reading.every((byte, index) => byte === index));
		if (end === 'slipped' || outOfStep || (chipThere && (end === 'other' || differ !== undefined))) {
			onRetry({
				what: 'reading the signature',
				error: new UnbrickError({
					kind: 'BadReply',
					command: 'reading the signature',
					expected: 'the same each time, in step',
					got: differ ?? readings.at(-1)!,
				}),
			});
		}
		return {agreed, slipped: end === 'slipped', readings};
	};

	const resync = async () => {
		const enables: Uint8Array[] = [];
		const readings: Uint8Array[] = [];
		let fault: UnbrickError | undefined;
		for (let attempt = 1; attempt <= resyncAttempts; attempt++) {
			try {
				const reply = await enter();
				enables.push(reply.received);
				// Asked of a chip that answers; else only for what the wires tell, when nothing else is left.
				if (reply.answered === 'no' && attempt < resyncAttempts) continue;
				const seen = await readSignatures(reply.answered);
				readings.push(...seen.readings);
				if (
					reply.answered !== 'no' &&
					seen.agreed &&
					(signature === undefined || sameBytes(seen.readings.at(-1)!, signature))
				)
					return;
			} catch (error) {
				if (!isTransient(error)) throw error;
				fault = error;
			}
		}
		if (readings.length === 0 && fault !== undefined) throw fault;
		const {kind, candidates} = readWiring({
			echo: capabilities.echo,
			enables,
			signatures: readings.slice(-2),
			sckHz: link.sckHz(),
			answeredBefore: signature !== undefined,
			...(chip === undefined ? {} : {chip}),
		});
		throw new UnbrickError(
			kind === 'unstable' || kind === 'chip' || kind === 'unknown-part'
				? {kind: 'UnstableLink', what: 'signature', got: readings.slice(-4), candidates}
				: {kind: 'NoTarget', got: readings.slice(-4), candidates},
			{cause: fault},
		);
	};

	/**
	 * Tries a unit again from a clean entry. Only for work that may be repeated. A write that was reported as failed may
	 * have been taken all the same: the chip gets `busyMs` before RESET is pulsed.
	 */
	const steady = async <T>(what: string, busyMs: number, work: () => Promise<T>): Promise<T> => {
		for (let attempt = 1; ; attempt++) {
			try {
				return await work();
			} catch (error) {
				if (!isTransient(error)) throw error;
				if (attempt === unitAttempts) {
					// Whoever asks next whether the chip is still there must not ask one that is busy.
					if (busyMs > 0) busyFor(busyMs);
					throw error;
				}
				onRetry({what, error});
				await clock.sleep(busyMs);
				await resync();
			}
		}
	};

	const selectBank = async (byteAddress: number) => {
		if (!theChip().extendedAddress) return;
		const bank = Math.floor(byteAddress / bankBytes);
		if (bank === extended) return;
		await run([ask.loadExtendedAddress(byteAddress)]);
		extended = bank;
	};

	/** Fast commands reach so far; beyond, every byte is an instruction. */
	const fast = (byteAddress: number, bytes: number) => byteAddress + bytes <= capabilities.fastFlashBytes;

	const readBlock = async (memory: Memory, byteAddress: number, bytes: number): Promise<Uint8Array> => {
		if (memory === 'flash') {
			await selectBank(byteAddress);
			if (link.readFlash !== undefined && fast(byteAddress, bytes)) {
				await settle();
				return await link.readFlash(byteAddress, bytes);
			}
			const replies = await run(
				Array.from({length: bytes}, (_, index) => ask.readFlashByte(byteAddress + index)),
			);
			return Uint8Array.from(replies, last);
		}
		if (link.readEeprom !== undefined) {
			await settle();
			return await link.readEeprom(byteAddress, bytes);
		}
		const replies = await run(
			Array.from({length: bytes}, (_, index) => ask.readEepromByte(byteAddress + index)),
		);
		return Uint8Array.from(replies, last);
	};

	const blockBytes = (memory: Memory) =>
		(memory === 'flash' ? link.readFlash : link.readEeprom) === undefined
			? rawReadBytes
			: (link.readBlockBytes ?? rawReadBytes);

	const read: IspSession['read'] = async (memory, byteAddress, bytes, onBlock = () => {}) => {
		// Word and EEPROM block commands of some programmers count in words: start and length are kept even.
		const start = byteAddress - (byteAddress % 2);
		const end = byteAddress + bytes + ((byteAddress + bytes) % 2);
		const parts: Uint8Array[] = [];
		for (let at = start, attempt = 1; at < end; ) {
			const inBank = memory === 'flash' ? bankBytes - (at % bankBytes) : Number.POSITIVE_INFINITY;
			const size = Math.min(blockBytes(memory), largestBlock, end - at, inBank);
			let block: Uint8Array;
			try {
				block = await readBlock(memory, at, size);
				if (block.length !== size) {
					throw new UnbrickError({
						kind: 'BadReply',
						command: `reading the ${memory}`,
						expected: `${size} bytes`,
						got: block.subarray(0, 16),
					});
				}
			} catch (error) {
				if (!isTransient(error) || attempt === unitAttempts) throw error;
				attempt++;
				onRetry({what: `reading the ${memory}`, error});
				// Long blocks are the first to suffer on a bad line, and stay short for the rest of the session.
				largestBlock = Math.max(smallestBlock, size >> 2);
				await resync();
				continue;
			}
			attempt = 1;
			parts.push(block);
			at += size;
			onBlock(Math.min(at, byteAddress + bytes) - byteAddress);
		}
		return concatBytes(...parts).slice(byteAddress - start, byteAddress - start + bytes);
	};

	const readFlashBytesOnce = async (byteAddresses: readonly number[]): Promise<Uint8Array> => {
		const asked: Instruction[] = [];
		const answers: number[] = [];
		let bank = extended;
		for (const byteAddress of byteAddresses) {
			const wanted = Math.floor(byteAddress / bankBytes);
			if (theChip().extendedAddress && wanted !== bank) {
				asked.push(ask.loadExtendedAddress(byteAddress));
				bank = wanted;
			}
			answers.push(asked.length);
			asked.push(ask.readFlashByte(byteAddress));
		}
		// Where it ends in the middle nobody knows which bank is set.
		extended = undefined;
		const replies = await run(asked, (_, received) => received);
		extended = bank;
		return Uint8Array.from(answers, index => last(replies[index]));
	};

	const writePageOnce = async (byteAddress: number, data: Uint8Array, next?: FlashPage) => {
		const {waits} = theChip();
		await selectBank(byteAddress);
		if (link.writeFlashPage !== undefined && fast(byteAddress, data.length)) {
			await settle(link.pageLeadMs?.(data));
			const {committed} = await link.writeFlashPage(byteAddress, data, next);
			if (!committed) busyFor(waits.flashPageMs);
			return;
		}
		// A word of ff ff need not be loaded: the buffer is all ff after entry and after each page write, and after
		// any fault the session enters anew. Source: serial programming notes 8.
		const loads: Instruction[] = [];
		for (let offset = 0; offset < data.length; offset += 2) {
			const low = data[offset]!;
			const high = data[offset + 1] ?? 0xff;
			if (low === 0xff && high === 0xff) continue;
			loads.push(ask.loadPageByte(offset, low), ask.loadPageByte(offset + 1, high));
		}
		if (loads.length === 0) loads.push(ask.loadPageByte(0, 0xff), ask.loadPageByte(1, 0xff));
		await run([...loads, ask.writePage(byteAddress)]);
		busyFor(waits.flashPageMs);
	};

	/** One instruction that changes cells, and its whole wait, whatever came back: it may have been taken. */
	const change = async (instruction: Instruction, waitMs: number) => {
		try {
			await run([instruction]);
		} finally {
			busyFor(waitMs);
			await clock.sleep(Math.max(0, busyUntilMs - clock.nowMs()));
		}
	};

	/** The EEPROM unit that is written at once: a page where the chip has the buffer, else a byte. */
	const writeEepromOnce = async (byteAddress: number, data: Uint8Array) => {
		const {eeprom, waits} = theChip();
		const present = await readBlock('eeprom', byteAddress, data.length);
		if (sameBytes(present, data)) return;
		if (!eeprom.paged && link.writeEeprom !== undefined) {
			await settle();
			await link.writeEeprom(byteAddress, data);
			return;
		}
		const unit = eeprom.paged ? eeprom.pageBytes : 1;
		for (let at = byteAddress; at < byteAddress + data.length; ) {
			const end = Math.min(at - (at % unit) + unit, byteAddress + data.length);
			const bytes = data.subarray(at - byteAddress, end - byteAddress);
			if (!sameBytes(bytes, present.subarray(at - byteAddress, end - byteAddress))) {
				await run(
					eeprom.paged
						? [
								...Array.from(bytes, (byte, index) => ask.loadEepromByte((at + index) % unit, byte)),
								ask.writeEepromPage(at - (at % unit)),
							]
						: [ask.writeEepromByte(at, bytes[0]!)],
				);
				busyFor(waits.eepromMs);
			}
			at = end;
		}
		await settle();
	};

	return {
		link,
		setChip(known) {
			chip = known;
			link.setChip?.({
				flashBytes: known.flash.bytes,
				pageBytes: known.flash.pageBytes,
				eepromBytes: known.eeprom.bytes,
				eepromPageBytes: known.eeprom.pageBytes,
				pollsReady: known.pollsReady,
				eepromPaged: known.eeprom.paged,
				extendedAddress: known.extendedAddress,
			});
		},
		enter,
		stepFault,
		readSignature,
		readSignatures,
		async readSnapshot() {
			const fuses = (['low', 'high', 'extended'] as const).filter(fuse =>
				chip === undefined ? fuse === 'low' : chip.fuses[fuse] !== undefined,
			);
			const [sign0, sign1, sign2] = signatureBytes;
			// 58 only between signature bytes: see `inquire`.
			const high = fuses.includes('high') ? [ask.readFuse('high')] : [];
			const others = fuses.filter(fuse => fuse !== 'high').map(ask.readFuse);
			const asked = [sign0!, ask.readLock, sign1!, ...high, sign2!, ...others];
			const replies = await inquire(asked);
			const got = (sent: Instruction) => last(replies[asked.findIndex(one => sameBytes(one, sent))]);
			return {
				signature: Uint8Array.from(signatureBytes, got),
				lock: got(ask.readLock),
				fuses: {
					low: got(ask.readFuse('low')),
					...(fuses.includes('high') ? {high: got(ask.readFuse('high'))} : {}),
					...(fuses.includes('extended') ? {extended: got(ask.readFuse('extended'))} : {}),
				},
			};
		},
		resync,
		setSignature(known) {
			signature = known;
		},
		read,
		blockBytes,
		readFlashBytes: byteAddresses => steady('reading flash', 0, () => readFlashBytesOnce(byteAddresses)),
		async writePage(byteAddress, data, next) {
			await steady(`writing the page at ${byteAddress}`, theChip().waits.flashPageMs, () =>
				writePageOnce(byteAddress, data, next),
			);
		},
		async erase(look) {
			await steady('the chip erase', theChip().waits.eraseMs, async () => {
				let fault: UnbrickError | undefined;
				try {
					// The whole wait, without polls: lock bits are cleared last. Source: serial programming notes 7.
					await change(ask.chipErase, theChip().waits.eraseMs);
				} catch (error) {
					if (!isTransient(error)) throw error;
					fault = error;
				}
				await look();
				if (fault !== undefined) throw fault;
				await resync();
			});
		},
		async writeEeprom(byteAddress, data) {
			await steady('writing the EEPROM', theChip().waits.eepromMs, () => writeEepromOnce(byteAddress, data));
		},
		sendErase: () => change(ask.chipErase, theChip().waits.eraseMs),
		sendFuse: (fuse, value) => change(ask.writeFuse(fuse, value), theChip().waits.fuseMs),
		sendLock: value => change(ask.writeLock(value), theChip().waits.fuseMs),
		settle,
	};
}
