// The conversation with Caterina (and LUFA's CDC loader): one command per packet, page 0 last, never a byte at or
// above the boot section. Sources: AVR109; Caterina.c; what its builds were seen to do (docs in this folder's codec).
import type {BootloaderClient} from '../../bootloaders/client.ts';
import {isBlank} from '../../bytes.ts';
import type {Chip} from '../../chips/chip.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import type {MemoryImage} from '../../image/memory-image.ts';
import type {ByteStream} from '../../transports.ts';
import {checkApplication, checkSignature, pipeFault} from '../client-help.ts';
import {command, esc, ok, parseBlockSupport, unknown} from './codec.ts';

/** The loader answers small commands at once; a busy USB stack may take tens of ms. */
const replyTimeoutMs = 500;
/** The first answer may wait for the system to finish binding the port. */
const identifierTimeoutMs = 2000;
/** Later answers come at once. */
const identifierAgainMs = 1000;
/** ModemManager's leftovers may spoil the first answers. */
const identifierTries = 3;
/** A page is erased and written in about 9 ms; the AVR109 figure of 2 s covers a slow host. */
const pageTimeoutMs = 2000;
/** 224 pages of erase and write take about 2 s; the loader is silent meanwhile. */
const eraseTimeoutMs = 10_000;
/** Reading streams at USB speed; this much per request keeps progress and cancelling alive. */
const readBytes = 2048;
/** Silence after which a confused loader is taken to be done talking. */
const quietMs = 100;
/** A page that was cut is sent again this often. */
const pageTries = 2;

export type Avr109Options = {
	readonly chip: Chip;
	/** First byte of the boot section: Caterina erases itself when told to write there without lock bits. */
	readonly bootStart: number;
};

/**
 * A client for the loader behind `stream`.
 * Throws NotAProgrammer (the port answers, but not as AVR109), NotInSync, Timeout (the 8 s window has closed, or a
 * sketch's port), WrongSignature, BadReply, DeviceGone.
 */
export function createAvr109(stream: ByteStream, clock: Clock, options: Avr109Options): BootloaderClient {
	const {chip, bootStart} = options;
	const pageBytes = chip.flash.pageBytes;
	let erasedHere = false;

	const fault = (error: unknown, what: string, timeoutMs: number) =>
		pipeFault(error, {where: stream.path, command: what, timeoutMs});

	/** Reads exactly `count` bytes or what came until the time was up. */
	const readUpTo = async (count: number, timeoutMs: number): Promise<Uint8Array> => {
		const got = new Uint8Array(count);
		let filled = 0;
		const endMs = clock.nowMs() + timeoutMs;
		while (filled < count) {
			const leftMs = endMs - clock.nowMs();
			if (leftMs <= 0) break;
			const chunk = await stream.read(count - filled, leftMs);
			got.set(chunk, filled);
			filled += chunk.length;
		}
		return got.subarray(0, filled);
	};

	/** One command, then its whole answer: two commands never share a USB packet, or the second is lost. */
	const ask = async (what: string, request: Uint8Array, replyBytes: number, timeoutMs = replyTimeoutMs) => {
		try {
			await stream.write(request);
			return await readUpTo(replyBytes, timeoutMs);
		} catch (error) {
			throw fault(error, what, timeoutMs);
		}
	};

	const askFor = async (
		what: string,
		request: Uint8Array,
		replyBytes: number,
		timeoutMs = replyTimeoutMs,
	) => {
		const got = await ask(what, request, replyBytes, timeoutMs);
		if (got.length === 0) throw new UnbrickError({kind: 'Timeout', command: what, waitedMs: timeoutMs});
		if (got.length < replyBytes) throw new UnbrickError({kind: 'NotInSync', command: what, got});
		return got;
	};

	const askOk = async (what: string, request: Uint8Array, timeoutMs = replyTimeoutMs) => {
		const got = await askFor(what, request, 1, timeoutMs);
		if (got[0] === ok) return;
		if (got[0] === unknown)
			throw new UnbrickError({kind: 'Refused', command: what, why: 'the bootloader does not know it'});
		throw new UnbrickError({kind: 'BadReply', command: what, expected: '0D', got});
	};

	const identify = async (firstWaitMs: number, tries: number): Promise<string> => {
		let got: Uint8Array = new Uint8Array(0);
		for (let attempt = 0; attempt < tries; attempt++) {
			const waitMs = attempt === 0 ? firstWaitMs : identifierAgainMs;
			try {
				await stream.write(Uint8Array.of(esc));
				await stream.discardInput();
			} catch (error) {
				throw fault(error, 'software identifier', waitMs);
			}
			got = await ask('software identifier', command.identifier(), 7, waitMs);
			const text = String.fromCharCode(...got);
			if (/^[A-Z0-9]{7}$/.test(text)) return text;
			// Silence will not end by asking again.
			if (got.length === 0) break;
		}
		if (got.length === 0) {
			throw new UnbrickError({kind: 'Timeout', command: 'software identifier', waitedMs: firstWaitMs});
		}
		throw new UnbrickError({
			kind: 'NotAProgrammer',
			expected: 'a Caterina or CDC bootloader',
			got: `${got.length} odd bytes`,
		});
	};

	/** A block that was cut leaves the loader waiting for its rest: fill it up, wait for quiet, then ask who is there. */
	const resync = async (): Promise<string> => {
		try {
			await stream.write(new Uint8Array(pageBytes + 4).fill(esc));
			while ((await stream.read(256, quietMs)).length > 0);
		} catch (error) {
			throw fault(error, 'resync', quietMs);
		}
		return identify(identifierAgainMs, identifierTries);
	};

	/** Who is there; a loader that an earlier program left in the middle of a block is brought out of it first. */
	const sync = async (): Promise<string> => {
		try {
			return await identify(identifierTimeoutMs, identifierTries);
		} catch (error) {
			const silent = error instanceof UnbrickError && error.kind === 'Timeout';
			if (!silent) throw error;
			return resync();
		}
	};

	const writePage = async (image: MemoryImage, page: number) => {
		for (let attempt = 1; ; attempt++) {
			try {
				await askOk('set address', command.setAddress(page >> 1));
				await askOk('write page', command.writeBlock('flash', image.slice(page, pageBytes)), pageTimeoutMs);
				return;
			} catch (error) {
				const confused =
					error instanceof UnbrickError && ['Timeout', 'NotInSync', 'BadReply'].includes(error.kind);
				if (!confused || attempt >= pageTries) throw error;
				await resync();
			}
		}
	};

	return {
		protocol: 'caterina',
		canRead: true,
		async connect() {
			const name = await sync();
			const signature = (await askFor('signature', command.signature(), 3)).slice().reverse();
			checkSignature(chip, signature);
			// A block is erased and written as a whole page: one that is shorter would take the rest of the page with it.
			const reply = await askFor('block support', command.blockSupport(), 3);
			const blocks = parseBlockSupport(reply);
			if (blocks === undefined) {
				throw new UnbrickError({
					kind: 'FirmwareTooOld',
					what: `the bootloader ${name}`,
					needs: 'it writes no blocks',
				});
			}
			if (blocks < pageBytes) {
				throw new UnbrickError({
					kind: 'BadReply',
					command: 'block support',
					expected: `blocks of at least ${pageBytes} bytes`,
					got: reply,
				});
			}
			await askOk('select part', command.selectPart());
			await askOk('enter programming', command.enterProgramming());
			return {protocol: 'caterina', chip: chip.id, signature, name, applicationBytes: bootStart, pageBytes};
		},
		async erase() {
			await askOk('erase', command.erase(), eraseTimeoutMs);
			erasedHere = true;
		},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			// Page 0 comes last, so that an interrupted update stays in the bootloader (its first word is still blank).
			// After the erase of this session blank pages are blank already; without it they must be sent.
			const pages: number[] = [];
			for (let page = pageBytes; page < image.end; page += pageBytes) {
				const present = image.touches({start: page, end: page + pageBytes});
				if (present && !(erasedHere && isBlank(image.slice(page, pageBytes)))) pages.push(page);
			}
			pages.push(0);
			const total = pages.length * pageBytes;
			let writtenBytes = 0;
			for (const page of pages) {
				if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
				await writePage(image, page);
				writtenBytes += pageBytes;
				onProgress?.(writtenBytes, total);
			}
			return {writtenBytes};
		},
		async read(byteAddress, bytes, {onProgress} = {}) {
			const out = new Uint8Array(bytes);
			await askOk('set address', command.setAddress(byteAddress >> 1));
			for (let done = 0; done < bytes; ) {
				const count = Math.min(readBytes, bytes - done);
				out.set(await askFor('read block', command.readBlock('flash', count), count, pageTimeoutMs), done);
				done += count;
				onProgress?.(done, bytes);
			}
			return out;
		},
		async start() {
			try {
				await ask('leave programming', command.leaveProgramming(), 1);
				await ask('exit', command.exit(), 1);
			} catch (error) {
				// The port goes away while it answers: that is what exit does.
				if (!(error instanceof UnbrickError && error.kind === 'DeviceGone')) throw error;
			}
		},
		close: () => stream.close(),
	};
}
