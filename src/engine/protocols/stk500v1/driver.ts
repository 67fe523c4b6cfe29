// The conversation with a programmer that speaks STK500v1: ArduinoISP on an Uno (UART bridge) or Leonardo, QMK's ISP
// images on a Pro Micro or Teensy (CDC), Atmel's old AVRISP. Made for the sketch as it is, with its traps.
// Source: AVR061; shared notes on stk500v1 (2 to 5) and observed firmware 1 to 15.
import {concatBytes, hexDump, sameBytes} from '../../bytes.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import type {EnterReply, Instruction, IspLink, LinkCapabilities} from '../../isp/link.ts';
import {type ByteStream, TransferFault} from '../../transports.ts';
import * as codec from './codec.ts';

export type Stk500v1Options = {
	/** `arduino-isp`: behind a UART bridge that resets the board on opening. `avrisp`: USB CDC, any rate. */
	readonly programmer: 'avrisp' | 'arduino-isp';
	/** Rate of the port as it was opened. */
	readonly baud: number;
	/** Opens the port anew at another rate, for a sketch built for that (the old stream is closed before). */
	readonly reopen?: (baud: number) => Promise<ByteStream>;
	/** Rates to try after the first one has failed. */
	readonly otherBauds?: readonly number[];
};

/** A bootloader on the programmer's own board must hear nothing for so long, or it answers in its place, ms. */
const uartSilenceMs = 2_000;
/** A CDC port is there at once; its first bytes may be lost, and two warm-up syncs go first. */
const cdcSilenceMs = 20;
/** The sketch needs up to 1.9 s after opening (observed 11); from opening, tries go on for so long, ms. */
const uartPatienceMs = 3_500;
const cdcPatienceMs = 1_500;
/** One try of GET_SYNC, ms. */
const syncTryMs = 250;
/** The first two syncs only clear noise; silence after them, ms. A packet of a CDC port comes within 3 ms. */
const warmUpMs = {'arduino-isp': 100, avrisp: 30} as const;
/** Reply to a small command, ms. */
const replyMs = 1_000;
/** ENTER_PROGMODE: the sketch takes about 75 ms; AVR061 gives a second and more. */
const enterMs = 2_000;
/** SCK of the sketch: 16 MHz / 128. */
const sketchSckHz = 125_000;
/** The sketch waits so long after every page commit (PROG_FLICKER), ms. */
const commitDelayMs = 30;
/** The sketch waits so long after every EEPROM byte, ms. */
const eepromByteMs = 45;
/** Datasheets: an EEPROM byte is programmed within 9 ms. */
const eepromCellMs = 9;
/** EEPROM bytes per PROG_PAGE: 128 overrun the 64-byte ring of a UART (observed 6). */
const eepromChunkBytes = {'arduino-isp': 64, avrisp: 128} as const;
/** Flash bytes per READ_PAGE: progress and cancel stay lively, the frame costs nothing beside it. */
const readBlock = {'arduino-isp': 1_024, avrisp: 4_096} as const;
/** UNIVERSAL commands outstanding: 60 bytes of a 64-byte ring over a UART; a page and its commit over CDC. */
const outstanding = {'arduino-isp': 10, avrisp: 260} as const;
/**
 * Bytes of the next page that a sketch behind a UART is sent while it works on this one: it does not read then, and
 * its ring holds 63. Source: Arduino core, SERIAL_RX_BUFFER_SIZE; room left for one command.
 */
const aheadBytes = 56;
/** Silence that ends the draining of a line that is out of step, ms. */
const drainMs = 100;
/** A port that talks on for so many such silences is not going to stop. */
const chatterAtMost = 10;
/** Bytes that a cut PROG_PAGE may still wait for (256 data, length, type, end), and some. */
const padBytesAtMost = 320;
/** Pads per write, and how long an answer to them may take, ms. */
const padBytes = 16;
const padAnswerMs = 40;
/** Not 20: the byte after the data of a cut PROG_PAGE would then write garbage (observed 9). */
const pad = 0xff;
/** Syncs tried after the pads. */
const recoverSyncs = 8;
/** Values sent after a guarded write that gets no answer: one for each byte that may have been lost. */
const guardRepeats = 3;

/** A link over an opened port. Opens nothing but through `reopen`. */
export function createStk500v1(firstStream: ByteStream, clock: Clock, options: Stk500v1Options): IspLink {
	const {programmer} = options;
	const uart = programmer === 'arduino-isp';
	let stream = firstStream;
	let baud = options.baud;
	let received: Uint8Array = new Uint8Array(0);
	let opened = false;
	let closed = false;
	let inMode = false;
	/** The last `enter` was answered with no. */
	let enterRefused = false;
	/** The sketch family executes an instruction before it has seen the end of packet. */
	let isSketch = false;
	let outOfStep = false;
	let device: codec.DeviceSizes = {pageBytes: 128, eepromBytes: 512, flashBytes: 32_768};
	let deviceTold = false;
	let hasVolts = false;
	/** The write of the next page whose beginning is already on its way, and how much of it. */
	let ahead: {readonly bytes: Uint8Array; readonly sent: number} | undefined;
	/** A line that lost something once is not sent ahead any more. */
	let mayGoAhead = true;

	const byteMs = () => (uart ? 10_000 / baud : 0);

	const faulty = (error: unknown, during: string): unknown => {
		if (!(error instanceof TransferFault)) return error;
		// An I/O error of a port is what an unplugged bridge looks like on some systems.
		if (error.reason === 'gone' || error.reason === 'io') {
			closed = true;
			return new UnbrickError({kind: 'DeviceGone', path: stream.path, during}, {cause: error});
		}
		return new UnbrickError({kind: 'Timeout', command: during, waitedMs: replyMs}, {cause: error});
	};

	const write = async (bytes: Uint8Array, during: string) => {
		if (closed) throw new UnbrickError({kind: 'DeviceGone', path: stream.path, during});
		try {
			await stream.write(bytes);
		} catch (error) {
			throw faulty(error, during);
		}
	};

	/** Adds what arrives within `timeoutMs`; false when nothing did. */
	const listen = async (timeoutMs: number, during: string): Promise<boolean> => {
		if (closed) throw new UnbrickError({kind: 'DeviceGone', path: stream.path, during});
		try {
			const chunk = await stream.read(65_536, Math.max(1, timeoutMs));
			if (chunk.length === 0) return false;
			received = received.length === 0 ? chunk : concatBytes(received, chunk);
			return true;
		} catch (error) {
			throw faulty(error, during);
		}
	};

	const discard = async () => {
		received = new Uint8Array(0);
		try {
			await stream.discardInput();
		} catch (error) {
			throw faulty(error, 'discarding');
		}
	};

	/** Reads on until `ms` pass without a byte; a port that never falls silent is given up on. */
	const silence = async (ms: number, during: string) => {
		const untilMs = clock.nowMs() + ms * chatterAtMost;
		while (clock.nowMs() < untilMs && (await listen(ms, during))) received = new Uint8Array(0);
	};

	/** Waits for one reply; throws on the first byte that cannot belong to it. */
	const receive = async (name: string, dataBytes: number, timeoutMs: number): Promise<Uint8Array> => {
		const deadlineMs = clock.nowMs() + timeoutMs;
		for (;;) {
			const parsed = codec.parseReply(received, dataBytes);
			if (parsed.state === 'ok') {
				received = received.slice(parsed.consumed);
				return parsed.data;
			}
			if (parsed.state === 'bad') {
				const got = received.slice(Math.max(0, parsed.at - 8), parsed.at + 8);
				received = received.slice(parsed.at + 1);
				if (
					parsed.at > 0 &&
					dataBytes === 0 &&
					(parsed.byte === codec.reply.failed || parsed.byte === codec.reply.noDevice)
				) {
					// A whole answer of "no": still in step.
					throw new UnbrickError({kind: 'Refused', command: name, status: parsed.byte});
				}
				outOfStep = true;
				throw new UnbrickError({kind: 'NotInSync', command: name, got});
			}
			const left = deadlineMs - clock.nowMs();
			if (left <= 0 || !(await listen(left, name))) {
				if (clock.nowMs() < deadlineMs && left > 0) continue;
				outOfStep = true;
				throw received.length === 0
					? new UnbrickError({kind: 'Timeout', command: name, waitedMs: timeoutMs})
					: new UnbrickError({
							kind: 'NotInSync',
							command: name,
							got: received.slice(0, 16),
							waitedMs: timeoutMs,
						});
			}
		}
	};

	/** Several requests in one write; replies come in order. The first fault ends the queue. */
	const converse = async (
		requests: readonly codec.Request[],
		workMs: number,
	): Promise<readonly Uint8Array[]> => {
		await backInStep();
		const bytes = concatBytes(...requests.map(request => request.bytes));
		received = new Uint8Array(0);
		await write(bytes, requests[0]!.name);
		const answers: Uint8Array[] = [];
		const wireMs = byteMs() * (bytes.length + requests.reduce((sum, each) => sum + each.dataBytes + 2, 0));
		for (const request of requests) {
			answers.push(
				await receive(request.name, request.dataBytes, Math.ceil(replyMs + (wireMs + workMs) * 1.5)),
			);
		}
		return answers;
	};

	const one = async (request: codec.Request, workMs = 0): Promise<Uint8Array> =>
		(await converse([request], workMs))[0]!;

	/** Sync from an unknown state of the line; true when the programmer is in step. */
	const sync = async (tries: number, until?: number): Promise<boolean> => {
		for (let attempt = 0; attempt < tries || (until !== undefined && clock.nowMs() < until); attempt++) {
			received = new Uint8Array(0);
			await write(codec.getSync().bytes, 'GET_SYNC');
			const deadlineMs = clock.nowMs() + syncTryMs;
			while (clock.nowMs() < deadlineMs && (await listen(deadlineMs - clock.nowMs(), 'GET_SYNC'))) {
				const parsed = codec.parseReply(received, 0);
				if (parsed.state === 'ok' && parsed.consumed === received.length) {
					// One more reading: a late answer to an older question must not pass for this one's.
					received = new Uint8Array(0);
					return true;
				}
				if (parsed.state === 'bad') {
					await silence(warmUpMs[programmer], 'GET_SYNC');
					break;
				}
			}
		}
		return false;
	};

	/**
	 * Back in step after a fault. The firmware may be waiting for the rest of a command: it is fed bytes that write
	 * nothing until it answers, then synchronised. Sizes are told again: pads may have been taken for them.
	 */
	const recover = async () => {
		deviceTold = false;
		await clock.sleep(drainMs);
		await discard();
		const pads = new Uint8Array(padBytes).fill(pad);
		for (let sent = 0; sent < padBytesAtMost; sent += padBytes) {
			await write(pads, 'recovery');
			if (await listen(padAnswerMs + byteMs() * padBytes, 'recovery')) break;
		}
		await silence(drainMs, 'recovery');
		received = new Uint8Array(0);
		if (!(await sync(recoverSyncs))) {
			throw new UnbrickError({kind: 'NotInSync', command: 'GET_SYNC', got: received.slice(0, 16)});
		}
		await silence(drainMs, 'recovery');
		outOfStep = false;
	};

	/**
	 * Before anything but the page whose beginning was sent ahead: the firmware waits for the rest of that page, which
	 * must not be written.
	 */
	const backInStep = async () => {
		if (ahead !== undefined) outOfStep = true;
		ahead = undefined;
		if (outOfStep) await recover();
	};

	const tellDevice = async () => {
		if (deviceTold) return;
		await one(codec.setDevice(device));
		deviceTold = true;
	};

	const needMode = (command: string) => {
		// SPI before enter or after leave hangs the sketch until it is reset (observed 3).
		if (inMode) return;
		if (enterRefused) {
			throw new UnbrickError({
				kind: 'Refused',
				command,
				why: 'the programmer did not enter programming mode',
			});
		}
		throw new UnbrickError({kind: 'Bug', assumed: `programming mode is on before ${command}`});
	};

	/** First contact at one rate: silence, sync, sign-on. */
	const greet = async (openedMs: number): Promise<void> => {
		await silence(uart ? warmUpMs[programmer] : cdcSilenceMs, 'opening');
		const quietMs = openedMs + (uart ? uartSilenceMs : cdcSilenceMs) - clock.nowMs();
		if (quietMs > 0) await clock.sleep(quietMs);
		await discard();
		let asked = 0;
		while (asked < 2) {
			asked++;
			await write(codec.getSync().bytes, 'GET_SYNC');
			await listen(warmUpMs[programmer], 'GET_SYNC');
			if (codec.parseReply(received, 0).state === 'ok') break;
		}
		const first = received;
		// Where the first question has its answer, and nothing more, no late one can follow.
		const parsed = codec.parseReply(first, 0);
		if (asked > 1 || parsed.state !== 'ok' || parsed.consumed !== first.length) {
			await silence(warmUpMs[programmer], 'GET_SYNC');
		}
		received = new Uint8Array(0);
		const patienceMs = openedMs + (uart ? uartPatienceMs : cdcPatienceMs);
		if (!(await sync(2, patienceMs))) {
			const got = first.length > 0 ? first : received;
			throw got.length > 0
				? new UnbrickError({kind: 'NotInSync', command: 'GET_SYNC', got: got.slice(0, 16)})
				: new UnbrickError({
						kind: 'Timeout',
						command: 'GET_SYNC',
						waitedMs: Math.round(clock.nowMs() - openedMs),
					});
		}
	};

	const signOn = async (): Promise<string> => {
		received = new Uint8Array(0);
		await write(codec.getSignOn().bytes, 'GET_SIGN_ON');
		const deadlineMs = clock.nowMs() + replyMs;
		for (;;) {
			const parsed = codec.parseSignOn(received);
			if (parsed.state === 'ok') {
				received = received.slice(parsed.consumed);
				return String.fromCharCode(...parsed.data);
			}
			if (parsed.state === 'no-text') {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'an STK500v1 programmer',
					got: 'it is in sync but has no name, as the bootloader of an Arduino',
				});
			}
			if (parsed.state === 'bad' || !(await listen(deadlineMs - clock.nowMs(), 'GET_SIGN_ON'))) {
				if (parsed.state === 'more' && clock.nowMs() < deadlineMs) continue;
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'an STK500v1 programmer',
					got:
						received.length === 0
							? 'it says nothing when asked for its name'
							: hexDump(received.slice(0, 16)),
				});
			}
		}
	};

	const parameter = async (id: number): Promise<number | undefined> => {
		try {
			return (await one(codec.getParameter(id)))[0];
		} catch (error) {
			if (error instanceof UnbrickError && (error.kind === 'NotInSync' || error.kind === 'Refused'))
				return undefined;
			throw error;
		}
	};

	const leave = async (): Promise<void> => {
		if (closed || !opened) return;
		try {
			await backInStep();
			await one(codec.leaveProgmode());
			inMode = false;
		} catch (error) {
			inMode = false;
			if (error instanceof UnbrickError && error.kind === 'DeviceGone') throw error;
			// The line is out of step beyond repair; RESET stays low until the programmer is reset. close() follows.
		}
	};

	/** Time that the chip's side of an instruction takes, ms. */
	const shiftMs = (instructions: number) => (instructions * 32_000) / sketchSckHz;

	const exchangeMany = async (instructions: readonly Instruction[]): Promise<readonly Uint8Array[]> => {
		needMode('UNIVERSAL');
		const replies: Uint8Array[] = [];
		const most = isSketch ? outstanding[programmer] : 1;
		for (let at = 0; at < instructions.length; at += most) {
			const batch = instructions.slice(at, at + most);
			const answers = await converse(batch.map(codec.universal), shiftMs(batch.length));
			for (const answer of answers) replies.push(Uint8Array.of(0, 0, 0, answer[0]!));
		}
		return replies;
	};

	/** Address and data of one page, as one piece. */
	const pageWrite = (byteAddress: number, data: Uint8Array): Uint8Array =>
		concatBytes(
			codec.loadAddress(Math.floor(byteAddress / 2) & 0xffff).bytes,
			codec.progPage('flash', data).bytes,
		);

	/**
	 * How much of a page's write may go ahead: up to the first data byte that would begin an instruction to the chip, or
	 * end programming mode, if the firmware should take data for commands after a lost byte.
	 */
	const headBytes = (bytes: Uint8Array): number => {
		const dangerous = bytes.findIndex(byte => byte === codec.universalByte || byte === codec.leaveByte);
		return Math.min(aheadBytes, dangerous === -1 ? bytes.length : dangerous);
	};

	/** Sends a fuse or lock write so that a lost or doubled byte cannot change its value; see the codec. */
	const writeGuarded = async (bytes: Uint8Array): Promise<Uint8Array> => {
		await backInStep();
		received = new Uint8Array(0);
		await write(bytes, 'UNIVERSAL');
		for (let repeat = 0; ; repeat++) {
			if (await listen(replyMs / 2, 'UNIVERSAL')) break;
			if (repeat === guardRepeats) {
				outOfStep = true;
				throw new UnbrickError({kind: 'Timeout', command: 'UNIVERSAL', waitedMs: replyMs});
			}
			// A byte went missing on the way: the firmware still waits for the value, or for any end of packet.
			await write(bytes.slice(-1), 'UNIVERSAL');
		}
		const got = received;
		await silence(warmUpMs[programmer], 'UNIVERSAL');
		received = new Uint8Array(0);
		const asExpected =
			(got.length === 1 && got[0] === codec.reply.noSync) || codec.parseReply(got, 1).state === 'ok';
		if (!asExpected) {
			// In step or not, the fuse is read back next, and that needs the line in step.
			await clock.sleep(drainMs);
			await discard();
			outOfStep = !(await sync(recoverSyncs));
			if (outOfStep) throw new UnbrickError({kind: 'NotInSync', command: 'UNIVERSAL', got});
		}
		return Uint8Array.of(0, 0, 0, 0);
	};

	return {
		programmer,
		async open(): Promise<LinkCapabilities> {
			const bauds = [baud, ...(options.reopen === undefined ? [] : (options.otherBauds ?? []))];
			for (const [index, rate] of bauds.entries()) {
				try {
					if (index > 0) {
						await stream.close();
						stream = await options.reopen!(rate);
						baud = rate;
					}
					await greet(clock.nowMs());
					break;
				} catch (error) {
					const another =
						error instanceof UnbrickError && (error.kind === 'NotInSync' || error.kind === 'Timeout');
					if (!another || index === bauds.length - 1) throw error;
				}
			}
			const name = await signOn();
			if (name !== 'AVR ISP' && name !== 'AVR STK') {
				throw new UnbrickError({kind: 'NotAProgrammer', expected: 'AVR ISP', got: name});
			}
			opened = true;
			const hardware = await parameter(codec.parameter.hardware);
			const major = await parameter(codec.parameter.softwareMajor);
			const minor = await parameter(codec.parameter.softwareMinor);
			// The sketch gives 0 for what it does not know: no figure, not 0 V.
			hasVolts = ((await parameter(codec.parameter.targetVolts)) ?? 0) > 0;
			isSketch = name === 'AVR ISP' && hardware === 2 && major === 1 && minor === 18;
			return {
				echo: 'last',
				sckStepsHz: [],
				fixedSckHz: isSketch ? sketchSckHz : null,
				// Its addresses are 16-bit words inside the bank that the session selects with 4D.
				fastFlashBytes: Number.POSITIVE_INFINITY,
				targetPower: 'always',
				measuresVolts: hasVolts,
				firmware: `${name}, hardware ${hardware ?? '?'}, software ${major ?? '?'}.${minor ?? '?'}`,
				notes: [],
			};
		},
		sckHz: () => (isSketch ? sketchSckHz : null),
		setChip(chip) {
			device = {pageBytes: chip.pageBytes, eepromBytes: chip.eepromBytes, flashBytes: chip.flashBytes};
			deviceTold = false;
		},
		async enter(): Promise<EnterReply> {
			await backInStep();
			await tellDevice();
			// Enter does nothing while the mode of an earlier session is on: leave first (observed 2).
			await one(codec.leaveProgmode());
			inMode = false;
			enterRefused = false;
			try {
				await one(codec.enterProgmode(), enterMs);
			} catch (error) {
				if (error instanceof UnbrickError && error.kind === 'Refused') {
					enterRefused = true;
					return {answered: 'no', received: new Uint8Array(0)};
				}
				throw error;
			}
			inMode = true;
			return {answered: 'unknown', received: new Uint8Array(0)};
		},
		async exchange(instruction) {
			needMode('UNIVERSAL');
			const guarded = isSketch ? codec.guardedWrite(instruction) : undefined;
			if (guarded !== undefined) return await writeGuarded(guarded);
			return (await exchangeMany([instruction]))[0]!;
		},
		exchangeMany,
		readBlockBytes: readBlock[programmer],
		async readFlash(byteAddress, bytes) {
			needMode('READ_PAGE');
			const [, data] = await converse(
				[codec.loadAddress(Math.floor(byteAddress / 2) & 0xffff), codec.readPage('flash', bytes)],
				shiftMs(bytes),
			);
			return data!;
		},
		async writeFlashPage(byteAddress, data, next) {
			needMode('PROG_PAGE');
			if (!uart && isSketch) {
				// Loads as single instructions in one long write: the sketch's own 30 ms are not spent. The commit goes only
				// when every load was answered in step: after a lost byte the buffer holds anything.
				const wordAddress = Math.floor(byteAddress / 2) & 0xffff;
				const instructions: Instruction[] = [];
				for (let offset = 0; offset < data.length; offset += 2) {
					const low = data[offset]!;
					const high = data[offset + 1] ?? 0xff;
					if (low === 0xff && high === 0xff) continue;
					const word = (offset >> 1) & 0xff;
					instructions.push([0x40, 0x00, word, low], [0x48, 0x00, word, high]);
				}
				if (instructions.length > 0) await exchangeMany(instructions);
				await exchangeMany([[0x4c, wordAddress >> 8, wordAddress & 0xff, 0x00]]);
				return {committed: false};
			}
			await tellDevice();
			const bytes = pageWrite(byteAddress, data);
			const sent = ahead !== undefined && sameBytes(ahead.bytes, bytes) ? ahead.sent : 0;
			if (sent === 0) {
				await backInStep();
				// What brought the line back may have been taken for sizes.
				await tellDevice();
				received = new Uint8Array(0);
			}
			const nextBytes = next === undefined ? undefined : pageWrite(next.byteAddress, next.data);
			const head = nextBytes === undefined || !uart || !isSketch || !mayGoAhead ? 0 : headBytes(nextBytes);
			const loadMs = shiftMs(data.length);
			const waitMs = Math.ceil(
				replyMs + (byteMs() * (bytes.length + head + 4) + loadMs + commitDelayMs) * 1.5,
			);
			let endMs = 0;
			try {
				// What went ahead must be in step before the rest follows.
				if (sent > 0) await receive('LOAD_ADDRESS', 0, waitMs);
				ahead = nextBytes === undefined || head === 0 ? undefined : {bytes: nextBytes, sent: head};
				endMs = clock.nowMs() + byteMs() * (bytes.length - sent);
				await write(
					concatBytes(bytes.subarray(sent), nextBytes?.subarray(0, head) ?? new Uint8Array(0)),
					'PROG_PAGE',
				);
				if (sent === 0) await receive('LOAD_ADDRESS', 0, waitMs);
				await receive('PROG_PAGE', 0, waitMs);
			} catch (error) {
				mayGoAhead = false;
				throw error;
			}
			// A sketch built without its pause answers while the chip is still busy; then the session waits.
			return {committed: clock.nowMs() >= endMs + loadMs + commitDelayMs};
		},
		async readEeprom(byteAddress, bytes) {
			needMode('READ_PAGE');
			const [, data] = await converse(
				[codec.loadAddress(byteAddress >> 1), codec.readPage('eeprom', bytes)],
				shiftMs(bytes),
			);
			return data!;
		},
		async writeEeprom(byteAddress, data) {
			needMode('PROG_PAGE');
			await tellDevice();
			const chunk = eepromChunkBytes[programmer];
			const alone = byteAddress % 2 === 1 && data.length > 0 ? 1 : 0;
			if (alone === 1) {
				// Blocks start at words: a byte in the middle of one goes by itself.
				await exchangeMany([[0xc0, byteAddress >> 8, byteAddress & 0xff, data[0]!]]);
				await clock.sleep(eepromCellMs);
			}
			for (let done = alone; done < data.length; done += chunk) {
				const part = data.subarray(done, done + chunk);
				await converse(
					// The sketch counts EEPROM addresses in words (observed; stk500v1 notes 3).
					[codec.loadAddress((byteAddress + done) >> 1), codec.progPage('eeprom', part)],
					part.length * eepromByteMs,
				);
			}
		},
		async measureTargetVolts() {
			if (!hasVolts) return null;
			const tenths = await parameter(codec.parameter.targetVolts);
			return tenths === undefined ? null : tenths / 10;
		},
		leave,
		async close(how) {
			try {
				if (how?.hold !== true) await leave();
			} catch {
				// The port is gone; there is nothing to leave.
			}
			closed = true;
			await stream.close().catch(() => {});
		},
	};
}
