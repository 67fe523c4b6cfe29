// The second engine: an installed avrdude behind the same Target, for programmers that we do not drive ourselves.
// Every run is one job; what it wrote is always read back by a run of its own. Never chosen silently.
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Board} from '../engine/boards/board.ts';
import {isBlank, sameBytes} from '../engine/bytes.ts';
import type {Chip, FuseName} from '../engine/chips/chip.ts';
import {chipsBySignature, findChip} from '../engine/chips/index.ts';
import {diagnose} from '../engine/diagnose/diagnose.ts';
import {createEnds} from '../engine/diagnose/ends.ts';
import {isKind, UnbrickError} from '../engine/errors.ts';
import {fuseToWrite, lockToWrite, sameFuse, sameLock} from '../engine/fuses/mask.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import {createImage, type MemoryImage} from '../engine/image/memory-image.ts';
import {runningClock, sckLimitHz} from '../engine/isp/sck.ts';
import type {FuseBytes, Identity, Memory, OnProgress, OnStray, Target, TargetNote} from '../engine/target.ts';

/** 6.3 is the oldest that Debian, Arduino and Homebrew still had lately; older ones lack chips that we know. */
const oldestMajor = 6;
const oldestMinor = 3;
/** A whole 128 KB part at a slow SCK takes minutes, not more. */
const runTimeoutMs = 15 * 60_000;
/** Asking for the version or a list needs no hardware. */
const askTimeoutMs = 10_000;
/** What is kept of the output of one run, its first and last half. */
const outputChars = 1024 * 1024;
/** avrdude draws a bar of 50 marks for each memory. */
const barMarks = 50;
/** Speeds to look for a chip with, Hz, falling: a 1 MHz part as delivered follows the first. Source: facts A8. */
const searchHz = [125_000, 32_000, 8_000] as const;
/** What avrdude's programmers use when they are told nothing, Hz; fast enough. Source: USBasp, avrdude usbasp.c. */
const usualSckHz = 375_000;
/** Internal oscillators are off by up to a tenth and more. */
const clockMargin = 0.6;

export type Avrdude = {
	readonly program: string;
	readonly version: string;
	/** Programmer ids with their descriptions, as the installed avrdude lists them. */
	readonly programmers: ReadonlyMap<string, string>;
};

async function run(
	program: string,
	args: readonly string[],
	timeoutMs: number,
	onOutput?: (text: string) => void,
) {
	const {execa} = await import('execa');
	const child = execa(program, [...args], {
		reject: false,
		timeout: timeoutMs,
		stdin: 'ignore',
		all: true,
		// Kept within bounds below: a limit of execa would end avrdude in the middle of its work.
		buffer: false,
		forceKillAfterDelay: 2000,
		// A group of its own: Ctrl+C in the terminal must not end it in the middle of a page.
		detached: process.platform !== 'win32',
	});
	const output = createEnds(outputChars);
	child.all?.setEncoding('utf8').on('data', (text: string) => {
		output.push(text);
		onOutput?.(text);
	});
	const {exitCode, timedOut, code, cause} = await child;
	return {exitCode, timedOut, code, cause, all: output.end().text};
}

/** What to do when there is no avrdude that can be used. */
const installAdvice = [
	'Install avrdude (Debian, Ubuntu: sudo apt install avrdude; macOS: brew install avrdude; Windows: winget install AVRDudes.AVRDUDE).',
	'Or take one of the programmers that need no avrdude: usbasp, usbtiny, avrisp, arduino-isp, buspirate, avrispmkii.',
];

/**
 * Asks the installed avrdude who it is and which programmers it knows.
 * Throws DeviceMissing when there is none, FirmwareTooOld when it is older than 6.3, Refused when it fails.
 */
export async function findAvrdude(program = 'avrdude'): Promise<Avrdude> {
	const said = await run(program, ['-v'], askTimeoutMs);
	if (said.code === 'ENOENT' || said.code === 'EACCES') {
		throw new UnbrickError(
			{kind: 'DeviceMissing', what: 'An installed avrdude', next: installAdvice},
			{cause: said.cause},
		);
	}
	const version = /avrdude:? version (\d+)\.(\d+)/i.exec(said.all);
	if (version === null) {
		throw new UnbrickError(
			{
				kind: 'Refused',
				command: 'the installed avrdude, asked for its version',
				why: said.timedOut ? `no answer within ${askTimeoutMs / 1000} s` : lastWords(said.all),
				next: installAdvice,
			},
			{cause: new Error(said.all)},
		);
	}
	const [major, minor] = version.slice(1).map(Number) as [number, number];
	if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
		throw new UnbrickError({
			kind: 'FirmwareTooOld',
			what: `the installed avrdude (${major}.${minor})`,
			needs: `version ${oldestMajor}.${oldestMinor} or newer is needed`,
			next: installAdvice,
		});
	}
	const listed = await run(program, ['-c', '?'], askTimeoutMs);
	const programmers = new Map<string, string>();
	for (const line of listed.all.split('\n')) {
		const row = /^\s+(\S+)\s+=\s+(.*)$/.exec(line);
		if (row !== null) programmers.set(row[1]!, row[2]!.trim());
	}
	return {program, version: `${major}.${minor}`, programmers};
}

export type AvrdudeOptions = {
	/** avrdude's own programmer id, one of `Avrdude.programmers`. */
	readonly programmer: string;
	readonly port?: string;
	readonly baud?: number;
	/** SCK, Hz; found from slow to what the chip's clock allows without it. */
	readonly sckHz?: number;
	/** What the board is: its crystal tells the clock that runs. */
	readonly board?: Board;
};

/**
 * A Target that an installed avrdude carries out.
 * Throws what its output means, read by our own diagnosis: DeviceMissing, DeviceDenied, DeviceBusy, NoTarget,
 * WrongSignature, NotInSync, Timeout; Refused where the output says no more.
 */
export function createAvrdudeTarget(avrdude: Avrdude, options: AvrdudeOptions): Target {
	let chip: Chip | undefined;
	let erased = false;
	/** SCK asked for now, Hz; undefined: avrdude's own choice. */
	let sckHz: number | undefined = options.sckHz;
	/** SCK at which the chip was found: the slow, certain one. */
	let foundHz: number | undefined;
	let notes: TargetNote[] = [
		{
			code: 'engine',
			message: `The installed avrdude ${avrdude.version} does the work, not this program's own engine (${avrdude.programmers.get(options.programmer) ?? options.programmer}).`,
		},
	];
	/** Memory as last read; each byte is handed out once, and nothing outlives a change. */
	const held = new Map<Memory, {readonly whole: Uint8Array; readonly taken: Uint8Array}>();
	const common = () => [
		'-c',
		options.programmer,
		...(options.port === undefined ? [] : ['-P', options.port]),
		...(options.baud === undefined ? [] : ['-b', String(options.baud)]),
		...(sckHz === undefined ? [] : ['-B', String(Math.max(0.1, Math.ceil(1e8 / sckHz) / 100))]),
	];

	const job = async (
		part: Chip,
		args: readonly string[],
		progress?: {total: number; onProgress: OnProgress},
	) => {
		let marks = 0;
		const output = await run(
			avrdude.program,
			[...common(), '-p', part.avrdudeId, ...args],
			runTimeoutMs,
			text => {
				if (progress === undefined) return;
				marks += text.split('#').length - 1;
				const share = Math.min(
					1,
					(marks % barMarks === 0 && marks > 0 ? barMarks : marks % barMarks) / barMarks,
				);
				progress.onProgress(Math.floor(share * progress.total), progress.total);
			},
		);
		return {ok: output.exitCode === 0, text: output.all, timedOut: output.timedOut};
	};

	const must = async (
		part: Chip,
		what: string,
		args: readonly string[],
		progress?: {total: number; onProgress: OnProgress},
	) => {
		const done = await job(part, args, progress);
		if (done.ok) return done.text;
		throw avrdudeError(done.text, {
			what,
			part,
			port: options.port ?? options.programmer,
			timedOut: done.timedOut,
		});
	};

	const inScratch = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
		const folder = await mkdtemp(path.join(tmpdir(), 'avr-unbrick-'));
		try {
			return await work(folder);
		} finally {
			await rm(folder, {recursive: true, force: true});
		}
	};

	/** Reads several memories in one run; each comes back as raw bytes. */
	const readMemories = (
		part: Chip,
		names: readonly string[],
		progress?: {total: number; onProgress: OnProgress},
	) =>
		inScratch(async folder => {
			const file = (name: string) => path.join(folder, `${name}.bin`);
			await must(
				part,
				`read ${names.join(', ')}`,
				names.flatMap(name => ['-U', `${name}:r:${file(name)}:r`]),
				progress,
			);
			const read = new Map<string, Uint8Array>();
			for (const name of names) read.set(name, new Uint8Array(await readFile(file(name))));
			return read;
		});

	const fuseNames: Readonly<Record<FuseName, string>> = {low: 'lfuse', high: 'hfuse', extended: 'efuse'};
	/** ATtinys and megas without a high or extended byte have no such memory in avrdude either. */
	const fusesOf = (part: Chip) =>
		(['low', 'high', 'extended'] as const).filter(fuse => part.fuses[fuse] !== undefined);

	const readState = async (part: Chip) => {
		const names = ['signature', ...fusesOf(part).map(fuse => fuseNames[fuse]), 'lock'];
		const first = await readMemories(part, names);
		const second = await readMemories(part, names);
		for (const name of names) {
			if (!sameBytes(first.get(name)!, second.get(name)!)) {
				throw new UnbrickError({
					kind: 'UnstableLink',
					what: name,
					got: [first.get(name)!, second.get(name)!],
					candidates: [],
				});
			}
		}
		const fuse = (name: FuseName) => first.get(fuseNames[name])?.[0];
		const high = fuse('high');
		const extended = fuse('extended');
		const fuses: FuseBytes = {
			low: fuse('low')!,
			...(high === undefined ? {} : {high}),
			...(extended === undefined ? {} : {extended}),
		};
		return {signature: first.get('signature')!.slice(0, 3), fuses, lock: first.get('lock')![0]!};
	};

	const known = (): Chip => {
		if (chip === undefined)
			throw new UnbrickError({kind: 'Bug', assumed: 'the chip is known before it is used'});
		return chip;
	};

	const readRange = async (memory: Memory, byteAddress: number, bytes: number, onProgress?: OnProgress) => {
		const part = known();
		const all = part[memory].bytes;
		let have = held.get(memory);
		if (have?.taken.subarray(byteAddress, byteAddress + bytes).every(taken => taken === 0) !== true) {
			const read = await readMemories(
				part,
				[memory],
				onProgress === undefined ? undefined : {total: bytes, onProgress},
			);
			// avrdude leaves trailing 0xff out of what it reads.
			const whole = new Uint8Array(all).fill(0xff);
			whole.set(read.get(memory)!.subarray(0, all));
			have = {whole, taken: new Uint8Array(all)};
			held.set(memory, have);
		}
		have.taken.fill(1, byteAddress, byteAddress + bytes);
		onProgress?.(bytes, bytes);
		return have.whole.slice(byteAddress, byteAddress + bytes);
	};

	const writeMemory = (
		memory: Memory,
		image: MemoryImage,
		progress?: {total: number; onProgress: OnProgress},
	) =>
		inScratch(async folder => {
			held.clear();
			const file = path.join(folder, 'image.hex');
			await writeFile(file, printIntelHex(image), {mode: 0o600});
			// -D: the erase was done and proven before; -V: we read back ourselves.
			await must(known(), `write ${memory}`, ['-D', '-V', '-U', `${memory}:w:${file}:i`], progress);
		});

	/** The part whose signature avrdude prints; it wants one named before it asks. */
	const recognise = async (): Promise<Chip> => {
		const guess = findChip('atmega328p')!;
		const said = await job(guess, []);
		const signature = signatureIn(said.text);
		if (signature === undefined || every(signature, signature[0]!)) {
			throw avrdudeError(said.text, {
				what: 'identify',
				part: guess,
				port: options.port ?? options.programmer,
				timedOut: said.timedOut,
			});
		}
		const part = chipsBySignature(signature)[0];
		if (part !== undefined) return part;
		throw new UnbrickError({
			kind: 'WrongSignature',
			expected: new Uint8Array(0),
			expectedChip: 'a chip that this program knows',
			got: signature,
		});
	};

	type State = Awaited<ReturnType<typeof readState>>;
	/** What fuses and lock bits should read as, by what was read last and written since. */
	let standing: Pick<State, 'fuses' | 'lock'> | undefined;

	/**
	 * All fuse bytes and the lock byte against what they should be: an instruction that did not arrive as sent hits
	 * another byte. The journal learns of it, so that the next run knows the board again and sets it right. Nothing is
	 * set back here: each run of avrdude begins with a RESET pulse, and it has taken effect by now.
	 * @param own the byte that was sent, named first
	 * @throws UnbrickError FuseReadback
	 */
	const demandStanding = async (
		part: Chip,
		own: FuseName | 'lock' | undefined,
		wanted: Pick<State, 'fuses' | 'lock'>,
		onStray: OnStray | undefined,
	): Promise<void> => {
		const seen = await readState(part);
		const hit = [
			...fusesOf(part)
				.filter(fuse => !sameFuse(part, fuse, seen.fuses[fuse] ?? 0xff, wanted.fuses[fuse] ?? 0xff))
				.map(fuse => ({
					byte: fuse,
					fuse: `${fuse} fuse`,
					wanted: wanted.fuses[fuse] ?? 0xff,
					got: seen.fuses[fuse] ?? 0xff,
					mask: part.fuses[fuse]?.mask ?? 0xff,
				})),
			...(sameLock(part, seen.lock, wanted.lock)
				? []
				: [
						{
							byte: 'lock' as const,
							fuse: 'lock byte',
							wanted: wanted.lock,
							got: seen.lock,
							mask: part.lock.mask,
						},
					]),
		].sort((a, b) => Number(b.byte === own) - Number(a.byte === own));
		standing = {fuses: seen.fuses, lock: seen.lock};
		const [first, ...also] = hit;
		if (first === undefined) return;
		const strays = hit.filter(({byte}) => byte !== own);
		const lastFuse = strays.findLast(({byte}) => byte !== 'lock');
		for (const stray of strays) {
			const {byte, got} = stray;
			await onStray?.({byte, value: stray === lastFuse ? stray.wanted : got, seen: seen.fuses});
		}
		throw new UnbrickError({
			kind: 'FuseReadback',
			fuse: first.fuse,
			wanted: first.wanted,
			got: first.got,
			mask: first.mask,
			...(also.length === 0
				? {}
				: {also: also.map(({fuse, wanted: due, got}) => ({fuse, wanted: due, got}))}),
		});
	};
	/** Before a fuse or lock byte is sent: nothing may have changed that nobody asked for. */
	const lookFirst = async (part: Chip, onStray: OnStray | undefined) => {
		if (standing === undefined) {
			const {fuses, lock} = await readState(part);
			standing = {fuses, lock};
		} else await demandStanding(part, undefined, standing, onStray);
		return standing;
	};

	/** From slow to slower until a chip answers twice the same; an asked-for speed alone. */
	const search = async (expected: Chip | undefined): Promise<{part: Chip; state: State}> => {
		let silence: unknown;
		for (const hz of options.sckHz === undefined ? searchHz : [options.sckHz]) {
			sckHz = hz;
			try {
				const part = expected ?? (await recognise());
				const state = await readState(part);
				foundHz = hz;
				return {part, state};
			} catch (error) {
				const silent = isKind(error, 'NoTarget') || isKind(error, 'UnstableLink');
				if (!silent) throw error;
				silence = error;
			}
		}
		throw silence;
	};

	/** As fast as the clock that runs allows; back to the slow speed when the readings do not agree. */
	const settleSpeed = async (part: Chip, state: State): Promise<State> => {
		const running = runningClock(part, state.fuses, options.board);
		if (options.sckHz !== undefined || running === undefined) return state;
		const fast = Math.min(usualSckHz, sckLimitHz(running.hz) * clockMargin);
		if (foundHz === undefined || fast <= foundHz) return state;
		sckHz = fast;
		try {
			const again = await readState(part);
			if (sameState(state, again)) return again;
		} catch (error) {
			if (!(isKind(error, 'NoTarget') || isKind(error, 'UnstableLink'))) throw error;
		}
		sckHz = foundHz;
		notes.push({code: 'sck-fell-back', message: `SCK stays at ${foundHz} Hz: faster, the readings differ.`});
		return state;
	};

	return {
		engine: `avrdude ${avrdude.version} (${options.programmer})`,
		async identify(expected): Promise<Identity> {
			const {part, state} = await search(expected);
			chip = part;
			standing = {fuses: state.fuses, lock: state.lock};
			return {...(await settleSpeed(part, state)), chip: part, sckHz: sckHz ?? null, targetVolts: null};
		},
		readRange: (memory, byteAddress, bytes, {onProgress} = {}) =>
			readRange(memory, byteAddress, bytes, onProgress),
		async erase() {
			held.clear();
			await must(known(), 'erase', ['-e']);
			const flash = await readRange('flash', 0, known().flash.bytes);
			if (!isBlank(flash)) {
				const byteAddress = flash.findIndex(byte => byte !== 0xff);
				throw new UnbrickError({
					kind: 'VerifyMismatch',
					memory: 'flash',
					byteAddress,
					expected: 0xff,
					got: flash[byteAddress]!,
					differingBytes: flash.filter(byte => byte !== 0xff).length,
					unwritten: 'erased',
				});
			}
			erased = true;
			if (standing !== undefined) standing = {...standing, lock: 0xff};
		},
		async writeImage(image, {onProgress, cancel} = {}) {
			const {pageBytes} = known().flash;
			if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
			// Whole pages, as our own engine sends them, so that both write the same bytes.
			const chunks: {byteAddress: number; data: Uint8Array}[] = [];
			for (const range of image.ranges) {
				const first = range.start - (range.start % pageBytes);
				for (let page = first; page < range.end; page += pageBytes) {
					if (chunks.at(-1)?.byteAddress === page) continue;
					const data = image.slice(page, pageBytes);
					if (!(erased && isBlank(data))) chunks.push({byteAddress: page, data});
				}
			}
			const writtenBytes = chunks.length * pageBytes;
			if (writtenBytes > 0) {
				await writeMemory(
					'flash',
					createImage(chunks),
					onProgress === undefined ? undefined : {total: writtenBytes, onProgress},
				);
			}
			onProgress?.(writtenBytes, writtenBytes);
			return {writtenBytes};
		},
		async writeEeprom(byteAddress, data, {onProgress} = {}) {
			await writeMemory(
				'eeprom',
				createImage([{byteAddress, data}]),
				onProgress === undefined ? undefined : {total: data.length, onProgress},
			);
			onProgress?.(data.length, data.length);
		},
		readFuses: async () => (await readState(known())).fuses,
		readLock: async () => (await readState(known())).lock,
		async writeFuse(fuse, value, onStray) {
			const part = known();
			const wanted = fuseToWrite(part, fuse, value);
			const before = await lookFirst(part, onStray);
			await must(part, `write ${fuse} fuse`, ['-V', '-U', `${fuseNames[fuse]}:w:0x${wanted.toString(16)}:m`]);
			await demandStanding(part, fuse, {...before, fuses: {...before.fuses, [fuse]: wanted}}, onStray);
		},
		async writeLock(value, onStray) {
			const part = known();
			const wanted = lockToWrite(part, value);
			const before = await lookFirst(part, onStray);
			await must(part, 'write lock bits', ['-V', '-U', `lock:w:0x${wanted.toString(16)}:m`]);
			await demandStanding(part, 'lock', {...before, lock: wanted}, onStray);
		},
		// Each run enters programming mode afresh, so a changed clock fuse is in force by the next one.
		async reenter() {
			held.clear();
			if (options.sckHz !== undefined) return;
			// The clock may be another one now: start over from slow.
			const {part, state} = await search(known());
			await settleSpeed(part, state);
		},
		takeNotes() {
			const taken = notes;
			notes = [];
			return taken;
		},
		async testLink() {
			await readState(known());
		},
		leave: async () => {},
		close: async () => {},
	};
}

const every = (bytes: Uint8Array, value: number) => bytes.every(byte => byte === value);

function sameState(
	a: {readonly fuses: FuseBytes; readonly lock: number},
	b: {readonly fuses: FuseBytes; readonly lock: number},
): boolean {
	return (
		a.lock === b.lock &&
		a.fuses.low === b.fuses.low &&
		a.fuses.high === b.fuses.high &&
		a.fuses.extended === b.fuses.extended
	);
}

/** The signature that avrdude prints, or undefined. */
function signatureIn(text: string): Uint8Array | undefined {
	const hit = /signature = (?:0x)?([0-9a-f]{2})\s?([0-9a-f]{2})\s?([0-9a-f]{2})/i.exec(text);
	return hit === null ? undefined : Uint8Array.from(hit.slice(1, 4), byte => Number.parseInt(byte, 16));
}

/** A failed run of avrdude as one of our errors, by our own diagnosis of its output. */
export function avrdudeError(
	text: string,
	run: {readonly what: string; readonly part: Chip; readonly port: string; readonly timedOut?: boolean},
): UnbrickError {
	const cause = {cause: new Error(text.slice(-4000))};
	if (run.timedOut === true)
		return new UnbrickError(
			{kind: 'Timeout', command: `avrdude: ${run.what}`, waitedMs: runTimeoutMs},
			cause,
		);
	const reading = diagnose(text);
	const first = reading.causes[0]!;
	const candidates = reading.causes.map(one => ({id: one.cause, text: one.meaning}));
	const signature = signatureIn(text);
	if (signature !== undefined && !sameBytes(signature, run.part.signature) && signature[0] === 0x1e) {
		const got = chipsBySignature(signature)[0];
		return new UnbrickError(
			{
				kind: 'WrongSignature',
				expected: Uint8Array.from(run.part.signature),
				expectedChip: run.part.name,
				got: signature,
				...(got === undefined ? {} : {gotChip: got.name}),
			},
			cause,
		);
	}
	switch (first.cause) {
		case 'isp-programmer-not-found':
		case 'serial-wrong-port':
			return new UnbrickError({kind: 'DeviceMissing', what: `The programmer (${run.port})`}, cause);
		case 'usb-permission':
		case 'serial-port-permission':
			return new UnbrickError({kind: 'DeviceDenied', path: run.port}, cause);
		case 'serial-port-busy':
			return new UnbrickError({kind: 'DeviceBusy', path: run.port}, cause);
		case 'isp-programmer-link':
			return new UnbrickError({kind: 'DeviceGone', path: run.port, during: run.what}, cause);
		case 'serial-not-in-sync':
			return new UnbrickError(
				{kind: 'NotInSync', command: `avrdude: ${run.what}`, got: new Uint8Array(0)},
				cause,
			);
		case 'isp-wiring':
		case 'isp-target-unpowered':
		case 'isp-sck-too-fast':
		case 'isp-no-clock':
		case 'isp-spi-disabled':
			return new UnbrickError(
				{kind: 'NoTarget', got: signature === undefined ? [] : [signature], candidates},
				cause,
			);
		default:
			return new UnbrickError(
				{kind: 'Refused', command: `avrdude: ${run.what}`, why: lastWords(text)},
				cause,
			);
	}
}

/** The last line in which avrdude says what went wrong. */
function lastWords(text: string): string {
	const lines = text
		.split('\n')
		.map(line => line.trim())
		.filter(line => /error|fail|can't|cannot|not /i.test(line));
	return lines.at(-1)?.slice(0, 200) ?? 'it ended without saying why';
}
