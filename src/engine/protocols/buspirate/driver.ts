// Bus Pirate v3 and v4 in binary SPI mode; v5 and v6 in their legacy mode, which nobody here has tried.
// CS is the target's RESET. Source: Dangerous Prototypes' protocol pages and firmware; Bus Pirate 5 firmware.
import {concatBytes, hexDump} from '../../bytes.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import {
	loadPageByte,
	readEepromByte,
	readFlashByte,
	writeEepromByte,
	writePage,
} from '../../isp/instructions.ts';
import type {Instruction, IspLink} from '../../isp/link.ts';
import type {ByteStream} from '../../transports.ts';
import {pipeFault} from '../client-help.ts';
import {closeQuietly, leaveQuietly, stepAtMost} from '../link-help.ts';
import {
	avr,
	bitbang,
	bitbangBanner,
	bulk,
	bulkRead,
	command,
	configuration,
	flat,
	frameBytes,
	ok,
	peripherals,
	speedsHz,
	spiBanner,
	writeFrame,
} from './codec.ts';

/** The line is 115200 8N1 on every model: ten bits a byte. */
const byteMs = 10_000 / 115_200;
/** Zeros that lead from the terminal to BBIO1, by the protocol page; all at once, as avrdude sends them. */
const zerosAtOnce = 20;
/** The answer to them comes within this: 2 ms of wire, the bridge's 16 ms, and room. */
const burstWaitMs = 60;
/** Zeros to send one by one when that brought nothing. */
const zeros = 25;
/** Pause for an answer between two zeros. */
const zeroWaitMs = 20;
/** Surplus BBIO1 texts arrive within this. */
const quietMs = 30;
/** The longest answer that a killed session can have asked for, one read block at the slowest SCK, ms; rounded up. */
const answeringAtMostMs = 20_000;
/** An answer waits so long in the bridge, where its latency timer is as drivers leave it. */
const bridgeMs = 16;
/** Grace for any reply beside the time on the wires. Source: performance notes 3. */
const graceMs = 300;
/** Slow enough for a chip on 1 MHz. */
const firstSckHz = 125_000;
/** Below this the v3 shifts slower than the UART delivers, and its input holds four bytes. */
const keepsUpSckHz = 125_000;
/** Open-drain edges rise through the pull-ups: no faster than this. */
const openDrainSckHz = 125_000;
/** The supply, once switched on, and RESET's level settle within this. */
const supplySettleMs = 50;
/** RESET high between two attempts: two cycles of a 32 kHz chip and room. */
const resetHighMs = 1;
/** RESET low to the first instruction: datasheets, "Serial Programming Algorithm". */
const resetSettleMs = 20;
/** Word address plus bytes of an extended read may not pass this on a v3. */
const extendedReach = 0xffff;
/** Bytes per extended read: a third of a second at 11.5 KB/s. */
const extendedBlockBytes = 4096;
const bulkBlockBytes = 128;
/** Instructions in one write where the SPI keeps up with the line. */
const rowInstructions = 32;
/** Datasheets: an EEPROM byte takes at most 9 ms. */
const eepromByteMs = 9;
/** 4D chooses the bank of 64 K words before the driver is called. */
const bankBytes = 0x2_0000;

/** A UART's two ends differ by a few per cent at most. */
const clockTolerance = 0.9;

/**
 * Loads and commit of one page. A word of ff ff need not be loaded: the buffer is all ff after entry and after every
 * page write.
 */
function pageInstructions(byteAddress: number, data: Uint8Array): readonly Instruction[] {
	const loads: Instruction[] = [];
	for (let offset = 0; offset < data.length; offset += 2) {
		if (data[offset] === 0xff && data[offset + 1] === 0xff) continue;
		loads.push(loadPageByte(offset, data[offset]!), loadPageByte(offset + 1, data[offset + 1]!));
	}
	if (loads.length === 0) loads.push(loadPageByte(0, 0xff), loadPageByte(1, 0xff));
	return [...loads, writePage(byteAddress)];
}

export type BusPirateOptions = {
	/** By USB identity; without one nothing is assumed. */
	readonly model?: 'v3' | 'v4' | 'v5';
	/** Open-drain outputs with pull-ups to VPU, for a target at 5 V. */
	readonly openDrain?: boolean;
};

/** @param stream an opened port at 115200 baud */
export function createBusPirate(stream: ByteStream, clock: Clock, options: BusPirateOptions = {}): IspLink {
	const where = stream.path;
	const {model, openDrain = false} = options;
	let level: 'unknown' | 'bitbang' | 'spi' = 'unknown';
	let speed = speedsHz.indexOf(firstSckHz);
	let power = false;
	let resetLow = false;
	let hasFrames = false;
	let hasExtended = false;

	const sckHz = () => speedsHz[speed]!;
	/** Time that `bytes` need on UART and SPI together, twice, and grace. */
	const waitFor = (uartBytes: number, spiBytes: number) =>
		Math.ceil(2 * (uartBytes * byteMs + (spiBytes * 8000) / sckHz()) + graceMs);

	const write = async (what: string, data: ArrayLike<number>) => {
		try {
			await stream.write(Uint8Array.from(data));
		} catch (error) {
			throw pipeFault(error, {where, command: what, timeoutMs: graceMs});
		}
	};
	const readSome = async (what: string, maxBytes: number, timeoutMs: number) => {
		try {
			return await stream.read(maxBytes, timeoutMs);
		} catch (error) {
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};
	const discard = async () => {
		try {
			await stream.discardInput();
		} catch (error) {
			throw pipeFault(error, {where, command: 'discard input', timeoutMs: graceMs});
		}
	};
	const readExactly = async (what: string, bytes: number, timeoutMs: number) => {
		const deadline = clock.nowMs() + timeoutMs;
		const parts: Uint8Array[] = [];
		let got = 0;
		while (got < bytes) {
			const left = deadline - clock.nowMs();
			const part = left > 0 ? await readSome(what, bytes - got, left) : new Uint8Array(0);
			if (part.length === 0) {
				level = 'unknown';
				throw new UnbrickError(
					got === 0
						? {kind: 'Timeout', command: what, waitedMs: timeoutMs}
						: {
								kind: 'NotInSync',
								command: what,
								got: concatBytes(...parts).subarray(0, 16),
								waitedMs: timeoutMs,
							},
				);
			}
			parts.push(part);
			got += part.length;
		}
		return concatBytes(...parts);
	};
	const expectOk = async (what: string, timeoutMs: number) => {
		const reply = await readExactly(what, 1, timeoutMs);
		if (reply[0] === ok) return;
		level = 'unknown';
		throw new UnbrickError(
			reply[0] === 0
				? {kind: 'Refused', command: what, status: 0}
				: {kind: 'NotInSync', command: what, got: reply},
		);
	};
	/** A one-byte command answered with 01. */
	const say = async (what: string, byte: number) => {
		await write(what, [byte]);
		await expectOk(what, graceMs);
	};
	/**
	 * One-byte commands in one write, each answered with 01: one trip through the bridge instead of many. At most four:
	 * so many bytes fit the v3's input.
	 */
	const sayAll = async (commands: readonly (readonly [what: string, byte: number])[]) => {
		await write(
			commands.map(([what]) => what).join(', '),
			commands.map(([, byte]) => byte),
		);
		for (const [what] of commands) await expectOk(what, graceMs);
	};
	const hush = async () => {
		await clock.sleep(quietMs);
		await discard();
	};
	const untilQuiet = async () => {
		const deadlineMs = clock.nowMs() + answeringAtMostMs;
		while (clock.nowMs() < deadlineMs) {
			const part = await readSome('wait for silence', frameBytes, quietMs);
			if (part.length === 0) return;
		}
	};
	const textOf = (bytes: ArrayLike<number>) => String.fromCharCode(...Array.from(bytes));

	/** From wherever it is (menu, bit-bang, another protocol, half a frame) to bit-bang. */
	const toBitbang = async () => {
		level = 'unknown';
		await discard();
		await write('leave menus', [0x0a, 0x0a]);
		await hush();
		let heard = '';
		const tryBurst = async () => {
			await write('enter binary mode', new Uint8Array(zerosAtOnce));
			const deadlineMs = clock.nowMs() + burstWaitMs;
			while (clock.nowMs() < deadlineMs) {
				const part = await readSome('enter binary mode', 64, deadlineMs - clock.nowMs());
				heard = (heard + textOf(part)).slice(-64);
				if (heard.includes(bitbangBanner)) return true;
			}
			return false;
		};
		const tryZeros = async () => {
			for (let sent = 0; sent < zeros; sent++) {
				await write('enter binary mode', [bitbang.reset]);
				const part = await readSome('enter binary mode', 64, zeroWaitMs);
				heard = (heard + textOf(part)).slice(-64);
				if (heard.includes(bitbangBanner)) return true;
			}
			return false;
		};
		if (!(await tryBurst()) && !(await tryZeros())) {
			// A long read that a dead session asked for is still being answered.
			await untilQuiet();
			// A frame that a dead session left half sent swallows up to its whole length first.
			await write('flush a broken frame', new Uint8Array(frameBytes));
			await hush();
			if (!(await tryZeros())) {
				const got = Uint8Array.from(heard, character => character.charCodeAt(0));
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'Bus Pirate',
					got: got.length === 0 ? 'no answer' : `it sends ${hexDump(got.subarray(0, 16))}`,
				});
			}
		}
		await hush();
		level = 'bitbang';
	};
	const banner = async (what: string, text: string) => {
		const reply = textOf(await readExactly(what, text.length, graceMs));
		if (reply === text) return;
		level = 'unknown';
		throw new UnbrickError({
			kind: 'NotInSync',
			command: what,
			got: Uint8Array.from(reply, character => character.charCodeAt(0)),
		});
	};
	const toSpi = async () => {
		if (level === 'spi') return;
		if (level === 'unknown') await toBitbang();
		await write('enter SPI mode', [bitbang.spi]);
		await banner('enter SPI mode', spiBanner);
		level = 'spi';
	};

	/** Old firmware takes the zeros of the question for "leave". */
	const probeFrames = async () => {
		await write('probe frames', writeFrame(new Uint8Array(0)));
		const reply = await readExactly('probe frames', 1, graceMs);
		if (reply[0] === ok) return true;
		await hush();
		level = 'bitbang';
		await toSpi();
		return false;
	};
	const probeExtended = async () => {
		await write('probe AVR commands', [command.avrExtended]);
		const reply = await readExactly('probe AVR commands', 1, graceMs);
		if (reply[0] !== ok) return false;
		await say('probe AVR commands', avr.nop);
		return true;
	};

	const peripheralsNow = () =>
		['set supplies and RESET', peripherals({power, pullUps: openDrain, chipSelect: !resetLow})] as const;
	const setPeripherals = () => sayAll([peripheralsNow()]);

	/** Up to four instructions in one bulk transfer. */
	const exchangeBulk = async (instructions: readonly Instruction[]): Promise<Uint8Array> => {
		const frame = bulk(flat(instructions));
		const what = 'bulk transfer';
		const limit = waitFor(frame.length * 2, frame.length);
		if (sckHz() >= keepsUpSckHz) {
			await write(what, frame);
			await expectOk(what, limit);
			return await readExactly(what, frame.length - 1, limit);
		}
		await write(what, frame.subarray(0, 1));
		await expectOk(what, limit);
		const parts: Uint8Array[] = [];
		for (let at = 1; at < frame.length; at += 4) {
			const part = frame.subarray(at, at + 4);
			await write(what, part);
			parts.push(await readExactly(what, part.length, limit));
		}
		return concatBytes(...parts);
	};
	/** Instructions in one write, as bulk transfers of four; the line carries them no faster than the SPI. */
	const exchangeRow = async (instructions: readonly Instruction[]): Promise<readonly Uint8Array[]> => {
		const what = 'bulk transfer';
		const groups: (readonly Instruction[])[] = [];
		for (let at = 0; at < instructions.length; at += 4) groups.push(instructions.slice(at, at + 4));
		const bytes = instructions.length * 4 + groups.length;
		const limit = waitFor(bytes * 2, bytes);
		await write(what, concatBytes(...groups.map(group => Uint8Array.from(bulk(flat(group))))));
		const replies: Uint8Array[] = [];
		for (const group of groups) {
			await expectOk(what, limit);
			const part = await readExactly(what, group.length * 4, limit);
			for (let index = 0; index < group.length; index++) replies.push(part.slice(index * 4, index * 4 + 4));
		}
		return replies;
	};
	const inSpi = () => {
		if (level !== 'spi')
			throw new UnbrickError({kind: 'NotInSync', command: 'an instruction', got: new Uint8Array(0)});
	};
	const exchangeMany = async (instructions: readonly Instruction[]) => {
		inSpi();
		const replies: Uint8Array[] = [];
		if (sckHz() >= keepsUpSckHz) {
			for (let at = 0; at < instructions.length; at += rowInstructions) {
				replies.push(...(await exchangeRow(instructions.slice(at, at + rowInstructions))));
			}
			return replies;
		}
		for (let at = 0; at < instructions.length; at += 4) {
			const some = instructions.slice(at, at + 4);
			const bytes = await exchangeBulk(some);
			for (let index = 0; index < some.length; index++) {
				replies.push(bytes.slice(index * 4, index * 4 + 4));
			}
		}
		return replies;
	};
	/** Data bytes of read instructions, each checked for being in step. */
	const readBytes = async (instructions: readonly Instruction[]) => {
		const replies = await exchangeMany(instructions);
		return Uint8Array.from(replies, (reply, index) => {
			const sent = instructions[index]!;
			if (reply[1] !== sent[0] || reply[2] !== sent[1]) {
				throw new UnbrickError({
					kind: 'BadReply',
					command: 'bulk read',
					expected: `the echo of ${hexDump(sent)}`,
					got: reply,
				});
			}
			return reply[3]!;
		});
	};
	const range = (bytes: number, from: number, make: (byteAddress: number) => Instruction) =>
		Array.from({length: bytes}, (_, index) => make(from + index));

	const leave = () =>
		leaveQuietly(async () => {
			// Out of step with RESET low: the way back to bit-bang level lets every line go.
			if (level === 'unknown' && resetLow) await toBitbang();
			if (level === 'spi') {
				await say('release RESET', command.chipSelectHigh);
				await write('leave SPI mode', [command.exit]);
				await banner('leave SPI mode', bitbangBanner);
				level = 'bitbang';
			}
			resetLow = false;
		});

	return {
		programmer: 'buspirate',
		async open() {
			await toBitbang();
			await toSpi();
			hasFrames = await probeFrames();
			hasExtended = await probeExtended();
			const notes: string[] = [];
			if (!hasFrames) notes.push('This Bus Pirate has firmware older than 5.10: pages are written slowly.');
			if (model === 'v5') {
				notes.push(
					'A Bus Pirate 5 in its legacy mode: written after its sources, but never tried on a real one.',
				);
			}
			return {
				echo: 'all',
				sckStepsHz: openDrain ? speedsHz.filter(step => step <= openDrainSckHz) : speedsHz,
				fixedSckHz: null,
				fastFlashBytes: Number.POSITIVE_INFINITY,
				targetPower: 'switchable',
				measuresVolts: false,
				firmware: `Bus Pirate${model === undefined ? '' : ` ${model}`}${hasExtended ? ' with AVR commands' : ''}`,
				notes,
			};
		},
		async setSck(asked) {
			const steps = openDrain ? speedsHz.filter(step => step <= openDrainSckHz) : speedsHz;
			speed = speedsHz.indexOf(stepAtMost(steps, asked));
			return sckHz();
		},
		sckHz,
		async enter() {
			await toSpi();
			resetLow = false;
			// RESET high and the supply as told; then speed and pins; then the pulse, by the commands that every model
			// obeys at once (a v5 only remembers the CS bit of the first one).
			await sayAll([
				peripheralsNow(),
				['set the speed', command.speed | speed],
				['set the pins', configuration(!openDrain)],
				['RESET high', command.chipSelectHigh],
			]);
			await clock.sleep(power ? supplySettleMs : resetHighMs);
			resetLow = true;
			await say('RESET low', command.chipSelectLow);
			await clock.sleep(resetSettleMs);
			const received = await exchangeBulk([[0xac, 0x53, 0x00, 0x00]]);
			return {answered: received[2] === 0x53 ? 'yes' : 'no', received};
		},
		async exchange(instruction) {
			inSpi();
			return await exchangeBulk([instruction]);
		},
		exchangeMany,
		get readBlockBytes() {
			return hasExtended ? extendedBlockBytes : bulkBlockBytes;
		},
		get readOverheadBytes() {
			return hasExtended ? Math.floor(bridgeMs / byteMs) : 0;
		},
		async readFlash(byteAddress, bytes) {
			inSpi();
			// v3 and v4 send 16 bits and leave 4D to the session; a v5 sends 4D itself. Which one an unknown model is
			// matters only from the second bank on: single instructions are right for both.
			const bank = Math.floor(byteAddress / bankBytes);
			const inBank = Math.floor((byteAddress % bankBytes) / 2);
			const wordAddress = model === 'v5' ? Math.floor(byteAddress / 2) : inBank;
			const reaches =
				model === 'v5' || (inBank + bytes <= extendedReach && (bank === 0 || model !== undefined));
			if (!hasExtended || !reaches) return await readBytes(range(bytes, byteAddress, readFlashByte));
			const what = 'AVR bulk read';
			// Both commands in one write: the firmware reads its input faster than the line brings it.
			await write(
				what,
				concatBytes(Uint8Array.of(command.avrExtended), Uint8Array.from(bulkRead(wordAddress, bytes))),
			);
			await expectOk(what, graceMs);
			await expectOk(what, graceMs);
			return await readExactly(what, bytes, waitFor(bytes, bytes * 4));
		},
		// A frame is shifted out only when all of it is there.
		pageLeadMs: data => (hasFrames ? flat(pageInstructions(0, data)).length * byteMs * clockTolerance : 0),
		async writeFlashPage(byteAddress, data) {
			inSpi();
			const instructions = pageInstructions(byteAddress, data);
			if (hasFrames) {
				const frame = writeFrame(flat(instructions));
				await write('write a page', frame);
				await expectOk('write a page', waitFor(frame.length, frame.length));
			} else {
				await readBytes(instructions);
			}
			return {committed: false};
		},
		readEeprom: (byteAddress, bytes) => readBytes(range(bytes, byteAddress, readEepromByte)),
		async writeEeprom(byteAddress, data) {
			for (let at = 0; at < data.length; at++) {
				await readBytes([writeEepromByte(byteAddress + at, data[at]!)]);
				await clock.sleep(eepromByteMs);
			}
		},
		async setTargetPower(on) {
			power = on;
			if (level !== 'spi') return;
			await setPeripherals();
			if (on) await clock.sleep(supplySettleMs);
		},
		leave,
		close: how =>
			closeQuietly(
				async () => {
					if (power) {
						power = false;
						resetLow = false;
						if (level === 'spi') await setPeripherals().catch(() => {});
					}
					await leave();
					// Back to the terminal, where that does not take it off the bus (as it does a v4).
					if (model === 'v3' && level === 'bitbang') {
						await write('leave binary mode', [bitbang.userTerminal]);
						await readSome('leave binary mode', 64, graceMs);
					}
				},
				stream.close,
				how,
			),
	};
}
