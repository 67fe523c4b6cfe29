// Runs the ArduinoISP program on a simulated Uno with a chip model at its SPI pins, behind a pseudo terminal.
// A process of its own: the client's event loop never waits for it. Orders come in and answers go out as JSON lines.
//
// Time: the processor runs `slowness` times slower than its peripherals. UART bytes, SPI bytes and timer 0 keep
// their true lengths against each other and against the chip; only the instructions between them take longer.
// That makes a minute of wire and waiting cheap to simulate without touching a single figure of the sketch.
import {readFileSync} from 'node:fs';
import {performance} from 'node:perf_hooks';
import {createInterface} from 'node:readline';
import {
	AVRIOPort,
	AVRSPI,
	AVRTimer,
	AVRUSART,
	avrInstruction,
	CPU,
	PinState,
	portBConfig,
	portCConfig,
	portDConfig,
	spiConfig,
	timer0Config,
	usart0Config,
} from 'avr8js';
import {createChip, type Level} from '../../src/bench/chip-model.ts';
import {createHands, createWiring} from '../../src/bench/wiring.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {RigOrder, RigSetup} from './arduino-isp-rig.ts';
import {openPty} from './pty.ts';

const setup: RigSetup = JSON.parse(process.argv[2] ?? '{}');
const program = readFileSync(setup.program);

const cpuHz = 16e6;
const slowness = 16;
const cyclesPerMs = cpuHz / 1000 / slowness;
// An Uno's bootloader keeps the port for itself for so long after the reset that opening it brings.
const bootloaderMs = setup.bootloaderMs;
// Nothing on the wires for so long of the board's own time: it waits for the host.
const quietMs = 1500;
// After the last byte of an answer, much sooner.
const quietAfterAnswerMs = 2;
const sliceCycles = 20_000;
const lastBytes = new Set([0x10, 0x11, 0x12, 0x13, 0x15]);

const chipData = findChip(setup.chip);
if (chipData === undefined) throw new Error(`no chip ${setup.chip}`);
const hands = createHands();
const chip = createChip({
	chip: chipData,
	nowMs: hands.nowMs,
	seed: setup.seed,
	surroundings: setup.surroundings,
	...(setup.fuses === undefined ? {} : {fuses: setup.fuses}),
	...(setup.lock === undefined ? {} : {lock: setup.lock}),
	...(setup.flash === undefined ? {} : {flash: Buffer.from(setup.flash, 'base64')}),
	...(setup.eeprom === undefined ? {} : {eeprom: Buffer.from(setup.eeprom, 'base64')}),
});
const wiring = createWiring(chip, hands, {seed: setup.seed, faults: setup.faults});

let waitedMs = 0;
let board = reset();
let heldUntilMs = 0;
let baud = 0;
let open = false;
const incoming: number[] = [];
let outgoing: number[] = [];
let wake: () => void = () => {};
let lastActivityMs = 0;
let lastSent = -1;

/** The board's time as the chip lives in it: what was simulated and what was really waited. */
function boardMs(): number {
	return board.cpu.cycles / cyclesPerMs + waitedMs;
}
function reset() {
	const memory = new Uint16Array(0x4000).fill(0xffff);
	new Uint8Array(memory.buffer).set(program);
	const cpu = new CPU(memory);
	const dividers = Object.fromEntries(
		Object.entries(timer0Config.dividers).map(([select, divider]) => [
			select,
			divider === 0 ? 0 : Math.max(1, divider / slowness),
		]),
	);
	const timer = new AVRTimer(cpu, {
		...timer0Config,
		dividers: dividers as unknown as typeof timer0Config.dividers,
	});
	const portB = new AVRIOPort(cpu, portBConfig);
	const ports = [new AVRIOPort(cpu, portCConfig), new AVRIOPort(cpu, portDConfig)];
	const usart = new AVRUSART(cpu, usart0Config, cpuHz);
	const fullChar = Object.getOwnPropertyDescriptor(AVRUSART.prototype, 'cyclesPerChar')?.get;
	Object.defineProperty(usart, 'cyclesPerChar', {get: () => (fullChar?.call(usart) ?? 0) / slowness});
	const spi = new AVRSPI(cpu, spiConfig, cpuHz);
	const driven = (pin: number): Level | undefined => {
		const state = portB.pinState(pin);
		return state === PinState.High ? 1 : state === PinState.Low ? 0 : undefined;
	};
	// Uno: PB2 is pin 10 (RESET of the target), PB3 MOSI, PB5 SCK.
	const follow = () => {
		hands.advanceTo(boardMs());
		const spiOn = ((cpu.data[spiConfig.SPCR] ?? 0) & 0x40) !== 0;
		wiring.setSck(spiOn ? 0 : driven(5));
		wiring.setMosi(driven(3));
		wiring.setReset(driven(2));
	};
	spi.onByte = value => {
		hands.advanceTo(boardMs());
		lastActivityMs = boardMs();
		const received = wiring.transfer(value, spi.spiFrequency);
		cpu.addClockEvent(() => spi.completeTransfer(received), spi.transferCycles / slowness);
	};
	// Silicon clears SPIF when SPSR and then SPDR are accessed; this simulator leaves it set, and SPI that is
	// switched off would seem to finish.
	cpu.readHooks[spiConfig.SPDR] = address => {
		cpu.data[spiConfig.SPSR] = (cpu.data[spiConfig.SPSR] ?? 0) & 0x7f;
		return cpu.data[address] ?? 0;
	};
	usart.onByteTransmit = value => {
		outgoing.push(value);
		lastSent = value;
		lastActivityMs = boardMs();
	};
	// In this simulator a write to UCSRB forgets a received byte that waits for its interrupt; silicon does not.
	const writeControl = cpu.writeHooks[usart0Config.UCSRB];
	const rxc = (usart as unknown as {readonly RXC: Parameters<CPU['setInterruptFlag']>[0]}).RXC;
	cpu.writeHooks[usart0Config.UCSRB] = (...write) => {
		const waits = ((cpu.data[usart0Config.UCSRA] ?? 0) & rxc.flagMask) !== 0;
		const handled = writeControl?.(...write) ?? false;
		if (waits) cpu.setInterruptFlag(rxc);
		return handled;
	};
	usart.onRxComplete = feed;
	function feed(): void {
		const next = incoming[0];
		if (next === undefined || usart.rxBusy) return;
		if (usart.writeByte(next) === false) return;
		incoming.shift();
		lastSent = -1;
		lastActivityMs = boardMs();
	}
	return {cpu, timer, portB, ports, usart, spi, follow, feed};
}
/** RESET of the Uno: everything it knew is gone, its pins let go. */
function restart(): void {
	// Time goes on across the reset.
	waitedMs += board.cpu.cycles / cyclesPerMs;
	incoming.length = 0;
	outgoing = [];
	board = reset();
	board.portB.addListener(() => board.follow());
	board.follow();
	lastActivityMs = boardMs();
	lastSent = -1;
}
function waiting(): boolean {
	if (incoming.length > 0) return false;
	return boardMs() - lastActivityMs > (lastBytes.has(lastSent) ? quietAfterAnswerMs : quietMs);
}

const pty = await openPty({
	onOpen() {
		open = true;
		restart();
		heldUntilMs = performance.now() + bootloaderMs;
		wake();
	},
	onBaud(next) {
		baud = next;
	},
	onData(data) {
		if (performance.now() < heldUntilMs) return;
		for (const byte of data) incoming.push(baud === 19_200 ? byte : byte ^ 0xff);
		wake();
	},
	onClose() {
		open = false;
	},
});

createInterface({input: process.stdin})
	.on('line', line => {
		const order: RigOrder = JSON.parse(line);
		let answer: unknown = {};
		if (order.do === 'state') {
			const dump = chip.dump();
			answer = {
				flash: Buffer.from(dump.flash).toString('base64'),
				eeprom: Buffer.from(dump.eeprom).toString('base64'),
				fuses: dump.fuses,
				lock: dump.lock,
				violations: chip.violations,
				events: chip.events,
				boardMs: boardMs(),
			};
		} else if (order.do === 'rewire') {
			wiring.rewire(order.faults);
		} else if (order.do === 'surround') {
			chip.setSurroundings(order.surroundings);
		}
		process.stdout.write(`${JSON.stringify(answer)}\n`);
	})
	.on('close', () => process.exit(0));
process.stdout.write(`${JSON.stringify({path: pty.path})}\n`);

restart();
for (;;) {
	if (!open || performance.now() < heldUntilMs || waiting()) {
		// The board spins in its loop: its time is the real one, and need not be simulated.
		const since = performance.now();
		const held = heldUntilMs - since;
		await new Promise<void>(resolve => {
			const timer = held > 0 ? setTimeout(resolve, held) : undefined;
			wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
		wake = () => {};
		const passed = performance.now() - since;
		waitedMs += passed;
		lastActivityMs += held > 0 ? passed : 0;
		hands.advanceTo(boardMs());
		continue;
	}
	const {cpu, feed} = board;
	feed();
	const end = cpu.cycles + sliceCycles;
	while (cpu.cycles < end) {
		avrInstruction(cpu);
		cpu.tick();
	}
	if (outgoing.length > 0) {
		pty.write(Uint8Array.from(outgoing));
		outgoing = [];
	}
	await new Promise(resolve => setImmediate(resolve));
}
