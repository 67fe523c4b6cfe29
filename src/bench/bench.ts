// The practice bench: a programmer, wires and a chip on one virtual clock, offered as the same World that real
// ports are. Everything is seeded; the same scenario and seed give the same run, byte for byte.
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {Store} from '../engine/store.ts';
import {type ByteStream, type SerialPortInfo, TransferFault, type World} from '../engine/transports.ts';
import type {ByteDevice} from './byte-device.ts';
import {type ChipModel, createChip, type Surroundings, type Violation} from './chip-model.ts';
import {createVirtualClock, type VirtualClock} from './clock.ts';
import {createMemoryStore} from './memory-store.ts';
import {createRandom} from './random.ts';
import {type BenchProgrammer, type CutPoint, type CutWhat, type Scenario, scenarios} from './scenarios.ts';
import {createStk500v1} from './stk500v1-programmer.ts';
import {createHands, createWiring, type Hands, type Wiring} from './wiring.ts';

export {scenarioNames, scenarios} from './scenarios.ts';

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
	/** The serial device behind the port, for whoever serves it elsewhere (a pty). */
	readonly device: ByteDevice;
	readonly programmer: BenchProgrammer;
	/** Path to give to `--port`. */
	readonly port: string;
	readonly violations: readonly Violation[];
	/** True once the chip was told to change a cell. */
	readonly touched: () => boolean;
	/** Host transfers so far. */
	readonly transfers: () => number;
	/** Cuts something when the run gets there, once. */
	readonly cutAfter: (at: CutPoint, what: CutWhat) => void;
	readonly cutNow: (what: CutWhat) => void;
	/** Plugs everything in again and restores the supply. */
	readonly restore: () => void;
};

// What a USB bridge adds between the last byte on the wire and the host's program.
const hostLatencyMs = 1;

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
	const clock = createVirtualClock(options.pace);
	const hands = createHands();
	const used =
		setup.content === 'used' ? usedContent(chipData.flash.bytes, chipData.eeprom.bytes, seed) : undefined;
	const flash = options.flash ?? used?.flash;
	const eeprom = options.eeprom ?? used?.eeprom;
	const chip = createChip({
		chip: chipData,
		seed,
		nowMs: hands.nowMs,
		surroundings: setup.surroundings,
		...(setup.fuses === undefined ? {} : {fuses: setup.fuses}),
		...(setup.lock === undefined ? {} : {lock: setup.lock}),
		...(flash === undefined ? {} : {flash}),
		...(eeprom === undefined ? {} : {eeprom}),
	});
	const wiring = createWiring(chip, hands, {
		seed,
		...(setup.faults === undefined ? {} : {faults: setup.faults}),
	});
	const programmer = setup.programmer ?? 'arduino-isp';
	const port = `practice:${programmer}`;
	const isProgrammer = setup.port !== 'not-a-programmer';
	const device = createStk500v1({
		wiring,
		hands,
		port: programmer === 'arduino-isp' ? 'uart' : 'cdc',
		isProgrammer,
	});

	let transfers = 0;
	let plugged = true;
	let opened = false;
	let cut: {readonly at: CutPoint; readonly what: CutWhat} | undefined;
	let unpluggedSurroundings: Surroundings | undefined;
	let unpluggedFaults = wiring.faults();
	const listeners = new Set<() => void>();

	function cutNow(what: CutWhat): void {
		cut = undefined;
		hands.advanceTo(clock.nowMs());
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
		device.powerCycle(Math.max(clock.nowMs(), hands.nowMs()));
		for (const listener of listeners) listener();
	}
	function cutAfter(at: CutPoint, what: CutWhat): void {
		cut = {at, what};
	}
	function countTransfer(): void {
		const index = transfers++;
		if (cut !== undefined && 'transfers' in cut.at && index >= cut.at.transfers) cutNow(cut.what);
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

	function portInfo(): SerialPortInfo {
		const uno = programmer === 'arduino-isp';
		return {
			path: port,
			vendorId: uno ? 0x2341 : 0x16c0,
			productId: uno ? 0x0043 : 0x0483,
			manufacturer: uno ? 'Arduino (www.arduino.cc)' : 'Teensyduino',
			product: uno ? 'Arduino Uno (practice)' : 'USB Serial (practice)',
			access: setup.port === 'denied' ? 'denied' : setup.port === 'busy' ? 'busy' : 'ok',
		};
	}
	function openStream(baud: number): ByteStream {
		let closed = false;
		const gone = () => new TransferFault('gone', `${port} has gone`);
		function here(): void {
			if (closed || !plugged) throw gone();
		}
		device.open(clock.nowMs(), baud);
		opened = true;
		return {
			path: port,
			async write(data) {
				here();
				countTransfer();
				here();
				device.receive(data, clock.nowMs());
				await clock.sleep(device.wireMs(data.length));
				here();
			},
			async read(maxBytes, timeoutMs) {
				here();
				const deadline = clock.nowMs() + timeoutMs;
				const when = device.nextReplyMs(deadline);
				here();
				if (when === undefined) {
					await clock.sleep(timeoutMs);
					here();
					return new Uint8Array(0);
				}
				await clock.sleep(Math.max(0, when - clock.nowMs()) + hostLatencyMs);
				here();
				return device.take(maxBytes, clock.nowMs());
			},
			async discardInput() {
				here();
				device.take(Number.POSITIVE_INFINITY, clock.nowMs());
			},
			async setLines() {},
			async close() {
				if (closed) return;
				closed = true;
				if (!plugged) return;
				opened = false;
				device.close(clock.nowMs());
			},
		};
	}

	const world: World = {
		clock,
		system: 'bench',
		async listSerialPorts() {
			// Whoever looks for the port after the cable was pulled has put it back.
			if (!plugged && setup.name === 'cable-pulled') restore();
			return plugged ? [portInfo()] : [];
		},
		listUsbDevices: async () => [],
		async openSerial(path, {baud}) {
			if (!plugged && setup.name === 'cable-pulled') restore();
			if (path !== port || !plugged) throw new UnbrickError({kind: 'DeviceMissing', what: path});
			if (setup.port === 'denied') throw new UnbrickError({kind: 'DeviceDenied', path, group: 'dialout'});
			if (setup.port === 'busy' || opened) throw new UnbrickError({kind: 'DeviceBusy', path});
			return openStream(baud);
		},
		async openUsb(key) {
			throw new UnbrickError({kind: 'DeviceMissing', what: key});
		},
		async openHid(key) {
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
		programmer,
		port,
		violations: chip.violations,
		touched: () => chip.events.length > 0,
		transfers: () => transfers,
		cutAfter,
		cutNow,
		restore,
	};
}
