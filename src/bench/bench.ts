// The practice bench: a programmer, wires and a chip on one virtual clock, offered as the same World that real
// ports are. Everything is seeded; the same scenario and seed give the same run, byte for byte.
//
// The board's own USB (boot/board.ts) is in `world` too. Whoever plays the person's part says what the person does:
//   bench.plugBoard();     // cable in: nothing, a bootloader, a keyboard or an unknown device appears in world's lists
//   bench.pressReset();    // DFU behind HWB, Caterina; twice within 750 ms of bench.clock for a SparkFun Pro Micro
//   bench.unplugBoard();   // before ISP again
// It appears within a few virtual milliseconds (sleep on world.clock, or listen to onDevicesChanged). `practiceLoader`
// and `keyboardImage` of boot/images.ts make images that the board recognises; others are silent or dead on it.
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {Store} from '../engine/store.ts';
import {
	type ByteStream,
	type SerialPortInfo,
	TransferFault,
	type UsbDeviceInfo,
	type UsbPipe,
	type World,
} from '../engine/transports.ts';
import {createAvrispMkiiModel} from './avrispmkii-programmer.ts';
import {type Board, createBoard} from './boot/board.ts';
import {type BoardWorld, createBoardWorld} from './boot/board-world.ts';
import {createBusPirate} from './buspirate-programmer.ts';
import type {ByteDevice} from './byte-device.ts';
import {type ChipModel, createChip, type Surroundings, type Violation} from './chip-model.ts';
import {createVirtualClock, type VirtualClock} from './clock.ts';
import {createMemoryStore} from './memory-store.ts';
import {serialBridgeMs} from './pace.ts';
import {createRandom} from './random.ts';
import {type BenchProgrammer, type CutPoint, type CutWhat, type Scenario, scenarios} from './scenarios.ts';
import {createStk500v1} from './stk500v1-programmer.ts';
import type {UsbAnswer, UsbModel} from './usb-model.ts';
import {createUsbaspModel} from './usbasp-programmer.ts';
import {createUsbtinyModel} from './usbtiny-programmer.ts';
import {createHands, createWiring, type Hands, type Wiring} from './wiring.ts';

export {scenarioNames, scenarios} from './scenarios.ts';

/** What a USB port gives, and what every chip here still runs on. */
const usbVolts = 5;
const lowestSupplyVolts = 2.7;

export type BenchOptions = {
	readonly seed?: number;
	/** Waits in real time before virtual time passes; none: as fast as it goes. */
	readonly pace?: (ms: number) => Promise<void>;
	/** Parts of the scenario that are to be different. */
	readonly change?: Partial<Omit<Scenario, 'name' | 'description'>>;
	/** Content of the chip; a used board's own otherwise. */
	readonly flash?: Uint8Array;
	readonly eeprom?: Uint8Array;
};

export type Bench = {
	readonly scenario: Scenario;
	readonly world: World;
	readonly clock: VirtualClock;
	readonly store: Store & {readonly files: ReadonlyMap<string, string>};
	readonly chip: ChipModel;
	readonly wiring: Wiring;
	/** The time the programmer and the chip live in; ahead of the host's clock while the programmer works. */
	readonly hands: Hands;
	/** The serial device behind the port, for whoever serves it elsewhere (a pty); undefined for USB programmers. */
	readonly device: ByteDevice | undefined;
	/** The USB device, for whoever serves it elsewhere; undefined for serial programmers. */
	readonly usb: UsbModel | undefined;
	readonly programmer: BenchProgrammer;
	/** Path to give to `--port`; for a USB programmer its key. */
	readonly port: string;
	readonly violations: readonly Violation[];
	/** True once the chip was told to change a cell. */
	readonly touched: () => boolean;
	/** Host transfers so far. */
	readonly transfers: () => number;
	/** Cuts something when the run gets there, once; a function is called instead (a person presses Ctrl+C). */
	readonly cutAfter: (at: CutPoint, what: CutWhat | (() => void)) => void;
	readonly cutNow: (what: CutWhat) => void;
	/** Plugs everything in again and restores the supply. */
	readonly restore: () => void;
	/** The board round the chip: what it shows on its own USB, and why (`board.state()`). */
	readonly board: Board;
	/** The board's side of the world, for tests: mishaps, FLASH.BIN. */
	readonly boardUsb: BoardWorld;
	/**
	 * The person plugs the board's own USB cable in (the programmer may stay wired: it has let RESET go). From here on
	 * flash and fuses decide what `world` lists: nothing, the bootloader, the keyboard. Nothing happens by itself:
	 * whoever plays the person's part calls these three.
	 */
	readonly plugBoard: () => void;
	readonly unplugBoard: () => void;
	readonly pressReset: () => void;
};

/** Bytes of a board that was in use: an application over two thirds of the flash, a keymap in the EEPROM. */
function usedContent(flashBytes: number, eepromBytes: number, seed: number) {
	const random = createRandom(seed * 7 + 3);
	const flash = new Uint8Array(flashBytes).fill(0xff);
	const end = Math.floor(flashBytes * 0.6);
	for (let index = 0; index < end; index++) flash[index] = random.byte();
	const eeprom = new Uint8Array(eepromBytes).fill(0xff);
	for (let index = 0; index < eepromBytes / 4; index++) eeprom[index] = random.byte();
	return {flash, eeprom};
}

/**
 * @param scenario a name of `scenarioNames`, or a scenario of one's own
 * @throws UnbrickError Bug for a name that does not exist: the caller checks names first
 */
export function createBench(scenario: string | Scenario, options: BenchOptions = {}): Bench {
	const found = typeof scenario === 'string' ? scenarios.find(one => one.name === scenario) : scenario;
	if (found === undefined) throw new UnbrickError({kind: 'Bug', assumed: `a scenario named ${scenario}`});
	const setup: Scenario = {...found, ...options.change};
	const chipData = findChip(setup.chip);
	if (chipData === undefined) throw new UnbrickError({kind: 'Bug', assumed: `a chip named ${setup.chip}`});

	const seed = options.seed ?? 1;
	let cut: {readonly at: CutPoint; readonly what: CutWhat | (() => void)} | undefined;
	const clock = createVirtualClock(options.pace);
	const plainHands = createHands();
	/** Time passes through the moment of a cut; nothing jumps over it. */
	const hands: Hands = {
		nowMs: plainHands.nowMs,
		advanceTo(ms) {
			const cutMs = cutInBusyTime();
			if (cutMs !== undefined && ms >= cutMs) {
				plainHands.advanceTo(cutMs);
				cutNow(cut!.what);
			}
			plainHands.advanceTo(ms);
		},
	};
	const used =
		setup.content === 'used' ? usedContent(chipData.flash.bytes, chipData.eeprom.bytes, seed) : undefined;
	const flash = options.flash ?? used?.flash;
	const eeprom = options.eeprom ?? used?.eeprom;
	const chip = createChip({
		chip: chipData,
		seed,
		nowMs: hands.nowMs,
		surroundings: setup.fedByProgrammer === true ? {...setup.surroundings, volts: 0} : setup.surroundings,
		...(setup.fuses === undefined ? {} : {fuses: setup.fuses}),
		...(setup.lock === undefined ? {} : {lock: setup.lock}),
		...(flash === undefined ? {} : {flash}),
		...(eeprom === undefined ? {} : {eeprom}),
	});
	const wiring = createWiring(chip, hands, {
		seed,
		...(setup.faults === undefined ? {} : {faults: setup.faults}),
	});
	const board = createBoard({chip});
	const boardUsb = createBoardWorld(board, clock);
	const programmer = setup.programmer ?? 'arduino-isp';
	const path = `practice:${programmer}`;
	const {device, usb} = createProgrammer();

	function createProgrammer(): {device?: ByteDevice; usb?: UsbModel} {
		const parts = {wiring, hands};
		switch (programmer) {
			case 'arduino-isp':
			case 'avrisp':
				return {
					device: createStk500v1({
						...parts,
						port: programmer === 'arduino-isp' ? 'uart' : 'cdc',
						isProgrammer: setup.port !== 'not-a-programmer',
					}),
				};
			case 'buspirate':
				return {
					device: createBusPirate({
						...parts,
						probeVolts: () => chip.surroundings().volts,
						onPower(on) {
							if (setup.fedByProgrammer !== true) return;
							chip.setSurroundings({...chip.surroundings(), volts: on ? setup.surroundings.volts : 0});
						},
						onAuxClock(hz) {
							if (setup.auxAtXtal !== true) return;
							const {externalClockHz: _, ...rest} = chip.surroundings();
							chip.setSurroundings(hz === undefined ? rest : {...rest, externalClockHz: hz});
						},
					}),
				};
			case 'usbasp':
				return {
					usb: createUsbaspModel({
						...parts,
						...(setup.usbaspFirmware === undefined ? {} : {firmware: setup.usbaspFirmware}),
					}),
				};
			case 'usbtiny':
				return {usb: createUsbtinyModel(parts)};
			case 'avrispmkii':
				return {
					usb: createAvrispMkiiModel({
						...parts,
						genuine: setup.genuine === true,
						targetVolts: () => chip.surroundings().volts,
					}),
				};
		}
	}

	/** When the chip is half through the change at which something is to be cut. */
	function cutInBusyTime(): number | undefined {
		if (cut === undefined || !('changes' in cut.at)) return undefined;
		const event = chip.events[cut.at.changes];
		if (event === undefined) return undefined;
		const {eraseMs, flashPageMs, eepromMs, fuseMs} = chipData!.typicalWaits;
		const busyMs = {
			erase: eraseMs,
			page: flashPageMs,
			spm: flashPageMs,
			eeprom: eepromMs,
			fuse: fuseMs,
			lock: fuseMs,
		}[event.what];
		return event.atMs + busyMs / 2;
	}
	let transfers = 0;
	let plugged = true;
	let opened = false;
	/** Which run of the program the open connections belong to. */
	let generation = 0;
	let unpluggedSurroundings: Surroundings | undefined;
	let unpluggedFaults = wiring.faults();
	const listeners = new Set<() => void>();

	function cutNow(what: CutWhat | (() => void)): void {
		// In the middle of a change the time of the chip is the moment of the cut, whatever the host's clock says.
		const inBusyTime = cut !== undefined && 'changes' in cut.at;
		cut = undefined;
		if (typeof what === 'function') {
			what();
			return;
		}
		if (!inBusyTime) hands.advanceTo(clock.nowMs());
		if (what === 'process') {
			generation++;
			if (opened) device?.close(clock.nowMs());
			opened = false;
			return;
		}
		unpluggedFaults = wiring.faults();
		if (what === 'wires') {
			wiring.rewire({...unpluggedFaults, open: ['RESET', 'SCK', 'MOSI', 'MISO']});
			return;
		}
		unpluggedSurroundings ??= chip.surroundings();
		chip.setSurroundings({...chip.surroundings(), volts: 0});
		if (what === 'link') {
			plugged = false;
			opened = false;
			for (const listener of listeners) listener();
		}
	}
	function restore(): void {
		wiring.rewire(unpluggedFaults);
		if (unpluggedSurroundings !== undefined) chip.setSurroundings(unpluggedSurroundings);
		unpluggedSurroundings = undefined;
		if (plugged) return;
		plugged = true;
		(device ?? usb)?.powerCycle(Math.max(clock.nowMs(), hands.nowMs()));
		for (const listener of listeners) listener();
	}
	let supplyBefore: Surroundings | undefined;
	function plugBoard(): void {
		if (board.plugged()) return;
		hands.advanceTo(clock.nowMs());
		const supply = chip.surroundings();
		supplyBefore = supply;
		const fed = supply.volts >= lowestSupplyVolts && supply.parasitic !== true;
		// Everything is unplugged for a moment: the chip begins anew with the fuses that it has now.
		chip.setSurroundings({...supply, volts: 0});
		// A clock that a second board lends goes with the programmer's wires.
		const {externalClockHz: _, ...own} = supply;
		chip.setSurroundings({...own, volts: fed ? supply.volts : usbVolts, parasitic: false});
		board.plug(clock.nowMs());
	}
	function unplugBoard(): void {
		if (!board.plugged()) return;
		board.unplug(clock.nowMs());
		if (supplyBefore !== undefined) chip.setSurroundings(supplyBefore);
		supplyBefore = undefined;
	}
	board.onChange(() => {
		for (const listener of listeners) listener();
	});
	function cutAfter(at: CutPoint, what: CutWhat | (() => void)): void {
		cut = {at, what};
	}
	function cutAtTransfer(index: number, taken: boolean): void {
		if (cut === undefined || !('transfers' in cut.at)) return;
		if (index >= cut.at.transfers && taken === (cut.at.taken === true)) cutNow(cut.what);
	}
	wiring.onByte(index => {
		if (cut === undefined) return;
		if ('spiBytes' in cut.at && index >= cut.at.spiBytes) cutNow(cut.what);
		else if ('pages' in cut.at) {
			const pages = chip.events.reduce((sum, event) => sum + (event.what === 'page' ? 1 : 0), 0);
			if (pages >= cut.at.pages) cutNow(cut.what);
		}
	});
	if (setup.cut !== undefined) cutAfter(setup.cut.at, setup.cut.what);

	const chance = createRandom(seed * 13 + 5);
	function disturbed(data: Uint8Array): Uint8Array {
		const {lostBytes = 0, doubledBytes = 0} = setup.disturb ?? {};
		if (lostBytes === 0 && doubledBytes === 0) return data;
		return Uint8Array.from(
			[...data].flatMap(byte => {
				const draw = chance.next();
				if (draw < lostBytes) return [];
				return draw < lostBytes + doubledBytes ? [byte, byte] : [byte];
			}),
		);
	}
	const access = setup.port === 'denied' ? 'denied' : setup.port === 'busy' ? 'busy' : 'ok';
	function portInfo(): SerialPortInfo {
		const identities: Partial<Record<BenchProgrammer, readonly [number, number, string, string]>> = {
			'arduino-isp': [0x2341, 0x0043, 'Arduino (www.arduino.cc)', 'Arduino Uno (practice)'],
			avrisp: [0x16c0, 0x0483, 'Teensyduino', 'USB Serial (practice)'],
			buspirate: [0x0403, 0x6001, 'FTDI', 'FT232R USB UART (practice)'],
		};
		const [vendorId = 0, productId = 0, manufacturer = '', product = ''] = identities[programmer] ?? [];
		return {path, vendorId, productId, manufacturer, product, access};
	}
	function usbInfo(model: UsbModel): UsbDeviceInfo {
		const {vendorId, productId, release, manufacturer, product, serial} = model.identity;
		return {
			key: path,
			vendorId,
			productId,
			release,
			access,
			...(manufacturer === '' ? {} : {manufacturer}),
			...(product === '' ? {} : {product}),
			...(serial === undefined ? {} : {serial}),
		};
	}
	function openPipe(model: UsbModel): UsbPipe {
		let closed = false;
		const born = generation;
		function here(): void {
			if (closed || !plugged || born !== generation) throw new TransferFault('gone', `${path} has gone`);
		}
		async function settle(ask: () => UsbAnswer, timeoutMs: number): Promise<Uint8Array> {
			here();
			const index = transfers++;
			cutAtTransfer(index, false);
			here();
			const start = clock.nowMs();
			const {stalls = 0, shortReplies = 0} = setup.disturb ?? {};
			const stallsNow = stalls > 0 && chance.next() < stalls;
			if (stallsNow && chance.next() < 0.5) throw new TransferFault('stall', 'the endpoint stalled');
			const answer = ask();
			cutAtTransfer(index, true);
			here();
			const doneMs = answer.status === 'never' ? Number.POSITIVE_INFINITY : answer.doneMs;
			await clock.sleep(Math.min(timeoutMs, doneMs - start));
			here();
			if (doneMs - start > timeoutMs) throw new TransferFault('timeout', 'the transfer timed out');
			if (answer.status !== 'ok' || stallsNow) throw new TransferFault('stall', 'the endpoint stalled');
			if (shortReplies > 0 && chance.next() < shortReplies) {
				return answer.data.slice(0, Math.floor(answer.data.length * chance.next()));
			}
			return answer.data;
		}
		opened = true;
		return {
			device: usbInfo(model),
			controlIn: (wanted, length, timeoutMs) =>
				settle(() => model.control(wanted, length, clock.nowMs()), timeoutMs),
			async controlOut(wanted, data, timeoutMs) {
				await settle(() => model.control(wanted, data, clock.nowMs()), timeoutMs);
			},
			bulkIn: (endpoint, length, timeoutMs) =>
				settle(() => model.bulkIn(endpoint, length, clock.nowMs()), timeoutMs),
			async bulkOut(endpoint, data, timeoutMs) {
				await settle(() => model.bulkOut(endpoint, data, clock.nowMs()), timeoutMs);
			},
			async clearHalt() {
				here();
			},
			async close() {
				closed = true;
				if (born === generation) opened = false;
			},
		};
	}
	function openStream(device: ByteDevice, baud: number): ByteStream {
		let closed = false;
		let kept: Uint8Array = new Uint8Array(0);
		const born = generation;
		const gone = () => new TransferFault('gone', `${path} has gone`);
		function here(): void {
			if (closed || !plugged || born !== generation) throw gone();
		}
		device.open(clock.nowMs(), baud);
		opened = true;
		return {
			path,
			async write(data) {
				here();
				const index = transfers++;
				cutAtTransfer(index, false);
				here();
				device.receive(disturbed(data), clock.nowMs());
				cutAtTransfer(index, true);
				here();
				await clock.sleep(device.wireMs(data.length));
				here();
			},
			async read(maxBytes, timeoutMs) {
				here();
				const deadline = clock.nowMs() + timeoutMs;
				for (;;) {
					if (kept.length > 0) {
						const given = kept.slice(0, maxBytes);
						kept = kept.slice(maxBytes);
						return given;
					}
					const when = device.nextReplyMs(deadline);
					here();
					if (when === undefined) {
						await clock.sleep(Math.max(0, deadline - clock.nowMs()));
						here();
						return new Uint8Array(0);
					}
					await clock.sleep(Math.max(0, when - clock.nowMs()) + serialBridgeMs);
					here();
					kept = disturbed(device.take(Number.POSITIVE_INFINITY, clock.nowMs()));
				}
			},
			async discardInput() {
				here();
				device.take(Number.POSITIVE_INFINITY, clock.nowMs());
				kept = new Uint8Array(0);
			},
			async setLines() {},
			async close() {
				if (closed) return;
				closed = true;
				if (!plugged || born !== generation) return;
				opened = false;
				device.close(clock.nowMs());
			},
		};
	}

	/** Whoever looks for the device after the cable was pulled has put it back. */
	function replug(): void {
		if (!plugged && setup.name === 'cable-pulled') restore();
	}
	function mayOpen(asked: string, wanted: string): void {
		if (asked !== wanted || !plugged) throw new UnbrickError({kind: 'DeviceMissing', what: asked});
		if (setup.port === 'denied') throw new UnbrickError({kind: 'DeviceDenied', path, group: 'dialout'});
		if (setup.port === 'busy' || opened) throw new UnbrickError({kind: 'DeviceBusy', path});
	}
	const world: World = {
		clock,
		system: 'bench',
		async listSerialPorts() {
			replug();
			const own = plugged && device !== undefined ? [portInfo()] : [];
			return [...own, ...(await boardUsb.listSerialPorts())];
		},
		async listUsbDevices() {
			replug();
			const own = plugged && usb !== undefined ? [usbInfo(usb)] : [];
			return [...own, ...(await boardUsb.listUsbDevices())];
		},
		async openSerial(asked, {baud}) {
			if (boardUsb.owns(asked)) return boardUsb.openSerial(asked, {baud});
			replug();
			if (device === undefined) throw new UnbrickError({kind: 'DeviceMissing', what: asked});
			mayOpen(asked, path);
			return openStream(device, baud);
		},
		async openUsb(key) {
			if (boardUsb.owns(key)) return boardUsb.openUsb(key);
			replug();
			if (usb === undefined) throw new UnbrickError({kind: 'DeviceMissing', what: key});
			mayOpen(key, path);
			return openPipe(usb);
		},
		async openHid(key) {
			if (boardUsb.owns(key)) return boardUsb.openHid(key);
			throw new UnbrickError({kind: 'DeviceMissing', what: key});
		},
		onDevicesChanged(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
	};

	return {
		scenario: setup,
		world,
		clock,
		store: createMemoryStore(clock),
		chip,
		wiring,
		hands,
		device,
		usb,
		programmer,
		port: path,
		violations: chip.violations,
		touched: () => chip.events.length > 0,
		transfers: () => transfers,
		cutAfter,
		cutNow,
		restore,
		board,
		boardUsb,
		plugBoard,
		unplugBoard,
		pressReset: () => board.pressReset(clock.nowMs()),
	};
}
