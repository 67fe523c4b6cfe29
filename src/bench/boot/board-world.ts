// The board's USB as a part of the practice World: listing, opening and transfers on virtual time.
//
// For a bench of one's own (tests):
//   const {world, board} = createBoardBench({chip: 'atmega32u4', fuses, images: [loaderImage('atmel-dfu', chip)]});
//   board.plug(world.clock.nowMs());
// For the wizard's practice see `plugBoard`, `unplugBoard`, `pressReset` of src/bench/bench.ts.
import type {Chip, FuseName} from '../../engine/chips/chip.ts';
import {UnbrickError} from '../../engine/errors.ts';
import {
	type ByteStream,
	type ControlSetup,
	type HidPipe,
	type SerialPortInfo,
	TransferFault,
	type UsbDeviceInfo,
	type UsbPipe,
	type World,
} from '../../engine/transports.ts';
import {type ChipModel, createChip, type Surroundings} from '../chip-model.ts';
import {createVirtualClock, type VirtualClock} from '../clock.ts';
import {serialBridgeMs} from '../pace.ts';
import type {UsbAnswer} from '../usb-model.ts';
import {type Board, type BoardOptions, createBoard, type OnBus} from './board.ts';
import type {BenchImage} from './images.ts';
import type {FunctionIdentity} from './usb-function.ts';

export const boardPort = 'practice:board';

/** `gone` pulls the board's cable; the others spoil one transfer. */
export type TransferMishap = 'gone' | 'stall' | 'timeout' | 'io' | 'short';

export type BoardWorld = Pick<
	World,
	'listSerialPorts' | 'listUsbDevices' | 'openSerial' | 'openUsb' | 'openHid'
> & {
	/** True when this port or device is the board's. */
	readonly owns: (pathOrKey: string) => boolean;
	/** Transfers so far: control requests, and writes to the port. */
	readonly transfers: () => number;
	/** Called before each transfer with its number; what it returns happens. */
	readonly onTransfer: (mishap: ((index: number) => TransferMishap | undefined) | undefined) => void;
	/** Serial replies come in pieces of at most this many bytes. */
	readonly chop: (bytes: number) => void;
	/** FLASH.BIN, while a mass-storage loader is on the bus. */
	readonly flashFile: () =>
		| {
				readonly path: string;
				readonly sizeBytes: number;
				readonly read: () => Promise<Uint8Array>;
				readonly overwrite: (data: Uint8Array) => Promise<void>;
				readonly eject: () => Promise<void>;
		  }
		| undefined;
};

const keyPrefix = `${boardPort}#`;

export function createBoardWorld(board: Board, clock: VirtualClock): BoardWorld {
	let transfers = 0;
	let mishap: ((index: number) => TransferMishap | undefined) | undefined;
	let chop = Number.POSITIVE_INFINITY;
	let opened: number | undefined;

	function now(): OnBus | undefined {
		board.runTo(clock.nowMs());
		return board.onBus();
	}
	const key = (device: OnBus) => `${keyPrefix}${device.address}`;

	function info(device: OnBus): UsbDeviceInfo {
		const identity: FunctionIdentity | undefined = device.usb?.identity;
		return {
			key: key(device),
			vendorId: identity?.vendorId ?? 0,
			productId: identity?.productId ?? 2,
			release: identity?.release ?? 0,
			access: 'ok',
			...(identity === undefined || identity.manufacturer === ''
				? {}
				: {manufacturer: identity.manufacturer}),
			...(identity === undefined || identity.product === '' ? {} : {product: identity.product}),
		};
	}
	function portInfo(device: OnBus): SerialPortInfo {
		const {key: _key, release: _release, ...rest} = info(device);
		return {...rest, path: boardPort};
	}
	/** The device behind an opened pipe, or the fault of its absence. */
	function here(device: OnBus): NonNullable<OnBus['usb']> {
		if (now() !== device || device.usb === undefined) {
			throw new TransferFault('gone', `${key(device)} has gone`);
		}
		return device.usb;
	}
	/** Counts a transfer and lets its mishap happen. */
	async function begin(device: OnBus, timeoutMs: number): Promise<TransferMishap | undefined> {
		here(device);
		const index = transfers++;
		const what = mishap?.(index);
		switch (what) {
			case 'gone':
				board.unplug(clock.nowMs());
				here(device);
				break;
			case 'timeout':
				await clock.sleep(timeoutMs);
				here(device);
				throw new TransferFault('timeout', 'the transfer timed out');
			case 'stall':
				throw new TransferFault('stall', 'the endpoint stalled');
			case 'io':
				throw new TransferFault('io', 'the transfer failed');
			default:
				break;
		}
		return what;
	}
	async function control(
		device: OnBus,
		setup: ControlSetup,
		data: number | Uint8Array,
		timeoutMs: number,
	): Promise<Uint8Array> {
		const what = await begin(device, timeoutMs);
		const startMs = clock.nowMs();
		const answer: UsbAnswer = here(device).control(setup, data, startMs);
		const doneMs = answer.status === 'never' ? Number.POSITIVE_INFINITY : answer.doneMs;
		await clock.sleep(Math.min(timeoutMs, doneMs - startMs));
		here(device);
		if (doneMs - startMs > timeoutMs) throw new TransferFault('timeout', 'the transfer timed out');
		if (answer.status !== 'ok') throw new TransferFault('stall', 'the endpoint stalled');
		return what === 'short' ? answer.data.subarray(0, Math.floor(answer.data.length / 2)) : answer.data;
	}
	/** What is on the bus, taken for one opener. The object itself tells this plugging in from the next. */
	function claim(wanted: string): {readonly device: OnBus; readonly usb: NonNullable<OnBus['usb']>} {
		const device = now();
		if (device === undefined || (wanted !== key(device) && wanted !== boardPort)) {
			throw new UnbrickError({kind: 'DeviceMissing', what: wanted});
		}
		if (device.usb === undefined) {
			throw new UnbrickError({kind: 'DeviceDenied', path: wanted, detail: 'it cannot say who it is'});
		}
		if (opened === device.address) throw new UnbrickError({kind: 'DeviceBusy', path: wanted});
		opened = device.address;
		return {device, usb: device.usb};
	}
	function close(device: OnBus): void {
		if (opened === device.address) opened = undefined;
	}

	return {
		owns: wanted => wanted === boardPort || wanted.startsWith(keyPrefix),
		transfers: () => transfers,
		onTransfer(next) {
			mishap = next;
		},
		chop(bytes) {
			chop = bytes;
		},
		async listSerialPorts() {
			const device = now();
			return device?.usb?.serial === undefined ? [] : [portInfo(device)];
		},
		async listUsbDevices() {
			const device = now();
			return device === undefined ? [] : [info(device)];
		},
		async openUsb(wanted): Promise<UsbPipe> {
			const {device} = claim(wanted);
			return {
				device: info(device),
				controlIn: (setup, length, timeoutMs) => control(device, setup, length, timeoutMs),
				async controlOut(setup, data, timeoutMs) {
					await control(device, setup, data, timeoutMs);
				},
				async bulkIn() {
					throw new TransferFault('stall', 'no such endpoint');
				},
				async bulkOut() {
					throw new TransferFault('stall', 'no such endpoint');
				},
				async clearHalt() {
					here(device);
				},
				async close() {
					close(device);
				},
			};
		},
		async openHid(wanted): Promise<HidPipe> {
			const {device} = claim(wanted);
			const setup = (request: number, type: number, reportId: number): ControlSetup => ({
				type: 'class',
				recipient: 'interface',
				request,
				value: (type << 8) | reportId,
				index: 0,
			});
			return {
				device: info(device),
				async setReport(kind, reportId, data, timeoutMs) {
					await control(device, setup(0x09, kind === 'output' ? 2 : 3, reportId), data, timeoutMs);
				},
				getReport: (reportId, length, timeoutMs) =>
					control(device, setup(0x01, 3, reportId), length, timeoutMs),
				async usage() {
					const hid = here(device).identity.hid;
					return hid === undefined
						? undefined
						: {page: hid.usagePage, usage: hid.usage, outputBytes: hid.reportBytes};
				},
				async close() {
					close(device);
				},
			};
		},
		async openSerial(wanted, {baud}): Promise<ByteStream> {
			const {device, usb} = claim(wanted);
			const {serial} = usb;
			if (serial === undefined) {
				close(device);
				throw new UnbrickError({kind: 'DeviceMissing', what: wanted});
			}
			let closed = false;
			const tell = (request: number, value: number, data: Uint8Array) => {
				usb.control({type: 'class', recipient: 'interface', request, value, index: 0}, data, clock.nowMs());
			};
			const alive = () => {
				if (closed) throw new TransferFault('gone', `${wanted} is closed`);
				here(device);
			};
			// As the system's driver does it on opening.
			tell(0x20, 0, Uint8Array.of(baud & 0xff, (baud >> 8) & 0xff, (baud >> 16) & 0xff, 0, 0, 0, 8));
			tell(0x22, 3, new Uint8Array(0));
			return {
				path: wanted,
				async write(data) {
					alive();
					// A short write: what the system had is lost half way.
					const cut = (await begin(device, 0)) === 'short';
					const end = cut ? Math.ceil(data.length / 2) : data.length;
					for (let at = 0; at < end; at += serial.packetBytes) {
						const sentMs = clock.nowMs();
						const doneMs = serial.out(data.slice(at, Math.min(at + serial.packetBytes, end)), sentMs);
						if (doneMs === undefined) {
							await clock.sleep(writeStuckMs);
							throw new TransferFault('timeout', 'the port takes no bytes');
						}
						await clock.sleep(Math.max(0, doneMs - sentMs));
						alive();
					}
				},
				async read(maxBytes, timeoutMs) {
					alive();
					const endMs = clock.nowMs() + timeoutMs;
					const readyMs = serial.nextReplyMs(endMs);
					// Something else may be due first: the window closes, the device leaves.
					const dueMs = board.nextDueMs();
					const untilMs = Math.min(readyMs ?? endMs, dueMs ?? Number.POSITIVE_INFINITY, endMs);
					await clock.sleep(Math.max(0, untilMs - clock.nowMs()));
					alive();
					if (readyMs === undefined || readyMs > untilMs) {
						if (clock.nowMs() < endMs) await clock.sleep(endMs - clock.nowMs());
						alive();
						if (readyMs === undefined) return new Uint8Array(0);
					}
					await clock.sleep(serialBridgeMs);
					alive();
					return serial.take(Math.min(maxBytes, chop), clock.nowMs());
				},
				async discardInput() {
					alive();
					serial.take(Number.POSITIVE_INFINITY, clock.nowMs());
				},
				async setLines({dtr, rts}) {
					if (closed || now() !== device) return;
					tell(0x22, (dtr ? 1 : 0) | (rts ? 2 : 0), new Uint8Array(0));
				},
				async close() {
					if (closed) return;
					closed = true;
					close(device);
					if (now() === device) tell(0x22, 0, new Uint8Array(0));
				},
			};
		},
		flashFile() {
			const device = now();
			const file = device?.usb?.file;
			if (device === undefined || file === undefined) return undefined;
			return {
				path: '/media/practice/FLASH.BIN',
				sizeBytes: file.bytes,
				async read() {
					here(device);
					return file.read();
				},
				async overwrite(data) {
					await begin(device, 0);
					const startMs = clock.nowMs();
					await clock.sleep(file.overwrite(data, startMs) - startMs);
					here(device);
				},
				async eject() {
					here(device);
					file.eject(clock.nowMs());
				},
			};
		},
	};
}

/** A port that takes nothing is given up by the system's driver after this. */
const writeStuckMs = 10_000;

export type BoardBenchOptions = Omit<BoardOptions, 'chip'> & {
	readonly chip: Chip;
	readonly fuses?: Partial<Record<FuseName, number>>;
	readonly lock?: number;
	readonly images?: readonly BenchImage[];
	readonly surroundings?: Surroundings;
};

/** A board alone with a host: no programmer. The cable is not in yet. */
export function createBoardBench(options: BoardBenchOptions): {
	readonly chip: ChipModel;
	readonly board: Board;
	readonly clock: VirtualClock;
	readonly world: World;
	readonly usb: BoardWorld;
} {
	const {chip: chipData, fuses, lock, images = [], surroundings, ...rest} = options;
	const clock = createVirtualClock();
	const flash = new Uint8Array(chipData.flash.bytes).fill(0xff);
	for (const image of images) flash.set(image.data, image.byteAddress);
	const chip = createChip({
		chip: chipData,
		nowMs: clock.nowMs,
		flash,
		surroundings: surroundings ?? {volts: 5, crystalHz: 16e6},
		...(fuses === undefined ? {} : {fuses}),
		...(lock === undefined ? {} : {lock}),
	});
	const board = createBoard({chip, ...rest});
	const usb = createBoardWorld(board, clock);
	const listeners = new Set<() => void>();
	board.onChange(() => {
		for (const listener of listeners) listener();
	});
	const world: World = {
		clock,
		system: 'bench',
		listSerialPorts: usb.listSerialPorts,
		listUsbDevices: usb.listUsbDevices,
		openSerial: usb.openSerial,
		openUsb: usb.openUsb,
		openHid: usb.openHid,
		onDevicesChanged(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
	};
	return {chip, board, clock, world, usb};
}
