// The conversation with an Atmel, LUFA or QMK DFU bootloader (doc7618; BootloaderDFU.c's known deviations).
import {atmelDfu} from '../../bootloaders/atmel-dfu.ts';
import type {BootloaderClient, BootloaderIdentity} from '../../bootloaders/client.ts';
import {isBlank} from '../../bytes.ts';
import type {Chip} from '../../chips/chip.ts';
import {findChip} from '../../chips/index.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import {TransferFault, type UsbPipe} from '../../transports.ts';
import {checkApplication, checkSignature, pipeFault} from '../client-help.ts';
import {
	bankBytes,
	blockBytes,
	command,
	type DfuMemory,
	type DfuStatus,
	dfuRequest,
	dfuSetup,
	dfuState,
	dfuStatus,
	parseStatus,
	startAlignBytes,
	statusName,
} from './codec.ts';

/** Small requests; the system's default of 1 s is right for them. */
const requestTimeoutMs = 1000;
/** A block of 8 pages takes 40 to 80 ms (8 ms a page); generous, since some loaders wait inside the request. */
const writeTimeoutMs = 10_000;
/** A full erase takes 0.5 to 1.5 s on a 32U4 and up to 4 s on an AT90USB128; dfu-programmer waits 20 s. */
const eraseTimeoutMs = 20_000;
/** How often a running erase is asked after (some loaders answer errNOTDONE with dfuDNBUSY meanwhile). */
const erasePollMs = 100;
/** CLRSTATUS and ABORT until the loader is idle: LUFA needs one round, a cut DNLOAD two. */
const idleRounds = 4;
/** QMK DFU tells itself apart by bcdDevice (QMK's own constant). */
const qmkRelease = 0x0936;

function isBusy(status: DfuStatus): boolean {
	return status.status === dfuStatus.errNotDone || status.state === dfuState.downloadBusy;
}

export type AtmelDfuOptions = {
	/** The chip, by the USB product id. */
	readonly chip: Chip;
	/** First byte of the boot section: nothing at or above it is written. */
	readonly bootStart: number;
};

/**
 * A client for the DFU bootloader behind `pipe`.
 * Throws WrongSignature (another chip's loader), Refused (the loader's own status), Timeout, DeviceGone, BadReply; and before anything is sent
 * ImageTooLarge and OverlapsBootloader.
 */
export function createAtmelDfu(pipe: UsbPipe, clock: Clock, options: AtmelDfuOptions): BootloaderClient {
	const {chip, bootStart} = options;
	const where = `the DFU bootloader (${chip.name})`;
	let selectedPage = -1;
	let blockNumber = 0;
	let erasedHere = false;

	const getStatus = async (what: string, timeoutMs = requestTimeoutMs): Promise<DfuStatus> => {
		try {
			const reply = await pipe.controlIn(dfuSetup(dfuRequest.getStatus), 6, timeoutMs);
			const status = parseStatus(reply);
			if (status === undefined) {
				throw new UnbrickError({
					kind: 'BadReply',
					command: `${what} (GETSTATUS)`,
					expected: '6 bytes',
					got: reply,
				});
			}
			return status;
		} catch (error) {
			throw pipeFault(error, {where, command: `${what} (GETSTATUS)`, timeoutMs});
		}
	};

	/** Brings the loader back to dfuIDLE; throws Refused when it will not go there. */
	const becomeIdle = async (what: string) => {
		let last: DfuStatus | undefined;
		const startMs = clock.nowMs();
		for (let round = 0; round < idleRounds; ) {
			try {
				await pipe.controlOut(dfuSetup(dfuRequest.clearStatus), new Uint8Array(0), requestTimeoutMs);
				await pipe.controlOut(dfuSetup(dfuRequest.abort), new Uint8Array(0), requestTimeoutMs);
			} catch (error) {
				// A stall here only says that this state has no such request.
				if (!(error instanceof TransferFault && error.reason === 'stall')) {
					throw pipeFault(error, {where, command: what, timeoutMs: requestTimeoutMs});
				}
			}
			last = await getStatus(what, eraseTimeoutMs);
			if (last.status === dfuStatus.ok && last.state === dfuState.idle) return;
			// An erase that an earlier try began may still be running: that is no refusal.
			if (isBusy(last) && clock.nowMs() - startMs < eraseTimeoutMs) await clock.sleep(erasePollMs);
			else round++;
		}
		throw new UnbrickError({
			kind: 'Refused',
			command: what,
			...(last === undefined ? {} : {status: last.status}),
			why: 'the bootloader does not become idle',
		});
	};

	/** Why a stalled request was refused, in the loader's own words; leaves it idle. */
	const refusal = async (what: string, cause: unknown): Promise<UnbrickError> => {
		const status = await getStatus(what);
		await becomeIdle(what);
		return new UnbrickError(
			{
				kind: 'Refused',
				command: what,
				status: status.status,
				why: erasedHere
					? `${statusName(status.status)} although the chip was erased in this session`
					: `${statusName(status.status)}: this bootloader reads and writes only after an erase in the same session`,
			},
			{cause},
		);
	};

	const download = async (what: string, data: Uint8Array, timeoutMs = requestTimeoutMs) => {
		try {
			await pipe.controlOut(dfuSetup(dfuRequest.download, blockNumber++ & 0xffff), data, timeoutMs);
		} catch (error) {
			if (error instanceof TransferFault && error.reason === 'stall') throw await refusal(what, error);
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};

	const upload = async (what: string, bytes: number, timeoutMs = requestTimeoutMs): Promise<Uint8Array> => {
		try {
			const got = await pipe.controlIn(dfuSetup(dfuRequest.upload), bytes, timeoutMs);
			if (got.length !== bytes) {
				throw new UnbrickError({
					kind: 'BadReply',
					command: what,
					expected: `${bytes} bytes`,
					got: got.slice(0, 16),
				});
			}
			return got;
		} catch (error) {
			if (error instanceof TransferFault && error.reason === 'stall') throw await refusal(what, error);
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};

	const expectOk = async (what: string, status: DfuStatus) => {
		if (status.status === dfuStatus.ok) return;
		await becomeIdle(what);
		throw new UnbrickError({
			kind: 'Refused',
			command: what,
			status: status.status,
			why: statusName(status.status),
		});
	};

	const readId = async (group: 0 | 1, index: number): Promise<number> => {
		await download('identification', command.readId(group, index));
		await expectOk('identification', await getStatus('identification'));
		return (await upload('identification', 1))[0]!;
	};

	/** Atmel's own 128 KB loaders and LUFA's need the 64 KB named; smaller chips never hear of it. */
	const select = async (byteAddress: number) => {
		if (chip.flash.bytes <= bankBytes) return;
		const page = Math.floor(byteAddress / bankBytes);
		if (page === selectedPage) return;
		await download('select page', command.selectPage(page));
		await expectOk('select page', await getStatus('select page'));
		selectedPage = page;
	};

	/** Every chip has its own USB product id (LUFA and QMK took them over): another chip's is refused unasked. */
	const checkProduct = () => {
		const {vendorId, productId} = pipe.device;
		const owners = atmelDfu.usb.filter(known => known.vendorId === vendorId && known.productId === productId);
		const other = owners[0] === undefined ? undefined : findChip(owners[0].who);
		if (other === undefined || owners.some(({who}) => who === chip.id)) return;
		checkSignature(chip, Uint8Array.from(other.signature));
	};

	const identity = async (): Promise<BootloaderIdentity> => {
		const base = {
			protocol: 'atmel-dfu' as const,
			chip: chip.id,
			applicationBytes: bootStart,
			pageBytes: chip.flash.pageBytes,
			name: pipe.device.release === qmkRelease ? 'QMK DFU' : 'Atmel or LUFA DFU',
		};
		try {
			const signature = [];
			for (const index of [0x31, 0x60, 0x61]) signature.push(await readId(1, index));
			// Only what begins like a signature is one: 1E is Atmel's mark.
			if (signature[0] !== 0x1e) return base;
			checkSignature(chip, Uint8Array.from(signature));
			return {...base, signature: Uint8Array.from(signature)};
		} catch (error) {
			// Atmel's loader answers no identification after an erase; that is no reason to stop.
			if (error instanceof UnbrickError && error.kind === 'Refused') return base;
			throw error;
		}
	};

	const readMemory = async (
		memory: DfuMemory,
		byteAddress: number,
		bytes: number,
		onProgress?: (done: number, total: number) => void,
	) => {
		const out = new Uint8Array(bytes);
		for (let done = 0; done < bytes; ) {
			const at = byteAddress + done;
			const count = Math.min(blockBytes, bytes - done, bankBytes - (at % bankBytes));
			if (memory === 'flash') await select(at);
			await download(`read ${memory}`, command.read(memory, at, count));
			out.set(await upload(`read ${memory}`, count, writeTimeoutMs), done);
			done += count;
			onProgress?.(done, bytes);
		}
		return out;
	};

	return {
		protocol: 'atmel-dfu',
		canRead: true,
		async connect() {
			checkProduct();
			await becomeIdle('connect');
			return identity();
		},
		async erase() {
			// Always a real erase, never skipped on a blank chip: it is what lifts Atmel's software security.
			await download('erase', command.eraseChip(), eraseTimeoutMs);
			const startMs = clock.nowMs();
			for (;;) {
				const status = await getStatus('erase', eraseTimeoutMs);
				if (status.status === dfuStatus.ok) break;
				if (!isBusy(status)) await expectOk('erase', status);
				if (clock.nowMs() - startMs > eraseTimeoutMs) {
					throw new UnbrickError({kind: 'Timeout', command: 'erase', waitedMs: eraseTimeoutMs});
				}
				// The device may name up to 4.6 hours; our own limit holds whatever it says.
				const leftMs = eraseTimeoutMs - (clock.nowMs() - startMs);
				await clock.sleep(Math.min(Math.max(erasePollMs, status.pollTimeoutMs), leftMs + 1));
			}
			erasedHere = true;
			selectedPage = -1;
		},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			const total = image.end;
			let writtenBytes = 0;
			for (let block = 0; block < image.end; block += blockBytes) {
				const end = Math.min(block + blockBytes, bootStart);
				if (!image.touches({start: block, end})) continue;
				const data = image.slice(block, end - block);
				let first = 0;
				let last = data.length;
				while (first < last && isBlank(data.subarray(first, first + startAlignBytes)))
					first += startAlignBytes;
				while (last > first && isBlank(data.subarray(last - startAlignBytes, last))) last -= startAlignBytes;
				// The erase of this session has made blank stretches blank already.
				const from = erasedHere ? first : 0;
				const to = erasedHere ? last : data.length;
				if (from < to) {
					if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
					await select(block);
					await download(
						'write flash',
						command.write('flash', block + from, data.subarray(from, to)),
						writeTimeoutMs,
					);
					await expectOk('write flash', await getStatus('write flash', writeTimeoutMs));
					writtenBytes += to - from;
				}
				onProgress?.(Math.min(end, total), total);
			}
			return {writtenBytes};
		},
		read: (byteAddress, bytes, {onProgress} = {}) => readMemory('flash', byteAddress, bytes, onProgress),
		async start() {
			try {
				await download('start', command.startWithReset());
				await pipe.controlOut(dfuSetup(dfuRequest.download, 0), new Uint8Array(0), requestTimeoutMs);
			} catch (error) {
				// The device leaves the bus in the middle of this: that is success (doc7618, start application).
				if (
					error instanceof TransferFault ||
					(error instanceof UnbrickError && (error.kind === 'DeviceGone' || error.kind === 'Timeout'))
				)
					return;
				throw error;
			}
		},
		close: () => pipe.close(),
	};
}
