// A programmer that speaks STK500v1 as the ArduinoISP sketch 1.18 does, byte in, byte out, quirks included.
// Follows AVR061 and what the stock sketch was seen to do: enter never fails and does nothing when the mode is on
// already; SPI without the mode hangs it; errors are one byte; 30 ms a page commit, 45 ms an EEPROM byte.
import type {ByteDevice} from './byte-device.ts';
import {cdcByteMs, cdcFlushMs, sketchPace} from './pace.ts';
import {createSerialLine, type Firmware, hang} from './serial-firmware.ts';
import type {Hands, Wiring} from './wiring.ts';

export type Stk500v1Options = {
	readonly wiring: Wiring;
	readonly hands: Hands;
	/** `uart`: an Uno behind its USB bridge (resets when opened). `cdc`: a Leonardo, QMK's images (does not). */
	readonly port: 'uart' | 'cdc';
	/** What the sketch was built for. A CDC port ignores it. */
	readonly baud?: number;
	/** False when the bootloader is not Optiboot, or a capacitor sits on the reset line. */
	readonly resetsOnOpen?: boolean;
	/** False: another sketch is on the board; after its bootloader nothing answers. */
	readonly isProgrammer?: boolean;
	readonly sckHz?: number;
};

const {pageCommitMs, eepromByteMs, dischargeMs, resetPulseMs, resetWaitMs, ledShowMs, bootloaderMs} =
	sketchPace;
const {instructionOverheadMs} = sketchPace;
const bootloaderBaud = 115_200;
const bootloaderIdleMs = 1000;
// Arduino core: serial ring buffers of 64 bytes, one place kept free.
const ringBytes = 63;
const sync = {ok: 0x10, failed: 0x11, unknown: 0x12, inSync: 0x14, noSync: 0x15, eop: 0x20};

export function createStk500v1(options: Stk500v1Options): ByteDevice {
	const {wiring, hands} = options;
	const uart = options.port === 'uart';
	const sketchBaud = options.baud ?? sketchPace.baud;
	const resetsOnOpen = options.resetsOnOpen ?? uart;
	const sckHz = options.sckHz ?? sketchPace.sckHz;
	let hostBaud = sketchBaud;
	/** Until when the host's side of the line is busy. */
	let wireFreeMs = 0;

	let bootUntilMs = Number.NEGATIVE_INFINITY;
	let readyMs = Number.NEGATIVE_INFINITY;
	let inBootloader = false;
	let sketchGone = false;
	let garbled = 0;
	const line = createSerialLine({
		hands,
		ringBytes: uart ? ringBytes : Number.POSITIVE_INFINITY,
		byteMs: () => (uart ? 10_000 / rate() : 0),
		answerMs: uart ? 0 : cdcFlushMs,
		seen: value => (!uart || hostBaud === rate() ? value : mangled(value)),
		accepts: () => !inBootloader || hostBaud === bootloaderBaud,
		before(untilMs, firstMs) {
			if (!inBootloader || Math.min(untilMs, firstMs ?? untilMs) < bootUntilMs) return;
			hands.advanceTo(readyMs);
			enterSketch();
		},
	});
	const {reply, run} = line;

	/** What the program that runs now has set its UART to. */
	function rate(): number {
		return inBootloader ? bootloaderBaud : sketchBaud;
	}
	function pause(ms: number): void {
		hands.advanceTo(hands.nowMs() + ms);
	}
	/** How a byte looks at the wrong rate: seen as E0 at 115200 and as FB at 9600 from a 19200 sketch. */
	function mangled(value: number): number {
		if (hostBaud > sketchBaud) return value & 1 ? 0xe0 : 0x00;
		return (value * 5 + 0x92) & 0xff;
	}

	function* sketch(): Firmware {
		let programming = false;
		let spiOn = false;
		let wordAddress = 0;
		let pageBytes = 0;
		let eepromBytes = 0;
		const data = new Uint8Array(256);

		function* spi(a: number, b: number, c: number, d: number): Generator<undefined, number, number> {
			// SPI that was never switched on does not finish.
			if (!spiOn) yield* hang();
			wiring.transfer(a, sckHz);
			wiring.transfer(b, sckHz);
			wiring.transfer(c, sckHz);
			const got = wiring.transfer(d, sckHz);
			pause(instructionOverheadMs);
			return got;
		}
		function* endOfPacket(...answer: readonly number[]): Firmware {
			if ((yield) === sync.eop) reply(sync.inSync, ...answer);
			else reply(sync.noSync);
		}
		function* enter(): Firmware {
			if (programming) return;
			wiring.setReset(0);
			spiOn = true;
			wiring.setMosi(0);
			wiring.setSck(0);
			pause(dischargeMs);
			wiring.setReset(1);
			pause(resetPulseMs);
			wiring.setReset(0);
			pause(resetWaitMs);
			yield* spi(0xac, 0x53, 0x00, 0x00);
			programming = true;
		}
		function leave(): void {
			spiOn = false;
			programming = false;
			wiring.setMosi(undefined);
			wiring.setSck(undefined);
			wiring.setReset(undefined);
		}
		function pageOf(address: number): number {
			const words = [32, 64, 128, 256].includes(pageBytes) ? pageBytes / 2 : 1;
			return address & ~(words - 1) & 0xffff;
		}
		function* commit(page: number): Firmware {
			yield* spi(0x4c, page >> 8, page & 0xff, 0);
			pause(pageCommitMs);
		}
		function* programFlash(length: number): Firmware {
			// What comes after the buffer is the stack.
			if (length > data.length) yield* hang();
			for (let index = 0; index < length; index++) data[index] = yield;
			if ((yield) !== sync.eop) {
				reply(sync.noSync);
				return;
			}
			reply(sync.inSync);
			let page = pageOf(wordAddress);
			for (let index = 0; index < length; index += 2) {
				if (pageOf(wordAddress) !== page) {
					yield* commit(page);
					page = pageOf(wordAddress);
				}
				const high = (wordAddress >> 8) & 0xff;
				yield* spi(0x40, high, wordAddress & 0xff, data[index] ?? 0xff);
				yield* spi(0x48, high, wordAddress & 0xff, data[index + 1] ?? 0xff);
				wordAddress = (wordAddress + 1) & 0xffff;
			}
			yield* commit(page);
			reply(sync.ok);
		}
		function* programEeprom(length: number): Firmware {
			let status = sync.failed;
			if (length <= eepromBytes) {
				for (let done = 0; done < length; ) {
					const chunk = Math.min(32, length - done);
					for (let index = 0; index < chunk; index++) data[index] = yield;
					for (let index = 0; index < chunk; index++) {
						const address = wordAddress * 2 + done + index;
						yield* spi(0xc0, (address >> 8) & 0xff, address & 0xff, data[index] ?? 0xff);
						pause(eepromByteMs);
					}
					done += chunk;
				}
				status = sync.ok;
			}
			yield* endOfPacket(status);
		}
		function* readPage(length: number, type: number): Firmware {
			if ((yield) !== sync.eop) {
				reply(sync.noSync);
				return;
			}
			reply(sync.inSync);
			if (type === 0x46) {
				for (let index = 0; index < length; index += 2) {
					const high = (wordAddress >> 8) & 0xff;
					reply(yield* spi(0x20, high, wordAddress & 0xff, 0));
					reply(yield* spi(0x28, high, wordAddress & 0xff, 0));
					wordAddress = (wordAddress + 1) & 0xffff;
				}
				reply(sync.ok);
			} else if (type === 0x45) {
				for (let index = 0; index < length; index++) {
					const address = wordAddress * 2 + index;
					reply(yield* spi(0xa0, (address >> 8) & 0xff, address & 0xff, 0xff));
				}
				reply(sync.ok);
			} else {
				reply(sync.failed);
			}
		}

		leave();
		for (;;) {
			const command = yield;
			switch (command) {
				case 0x30:
					yield* endOfPacket(sync.ok);
					break;
				case 0x31:
					yield* endOfPacket(0x41, 0x56, 0x52, 0x20, 0x49, 0x53, 0x50, sync.ok);
					break;
				case 0x41: {
					const values: Record<number, number> = {128: 2, 129: 1, 130: 18, 147: 0x53};
					yield* endOfPacket(values[yield] ?? 0, sync.ok);
					break;
				}
				case 0x42: {
					const device = new Uint8Array(20);
					for (let index = 0; index < device.length; index++) device[index] = yield;
					pageBytes = (device[12] ?? 0) * 256 + (device[13] ?? 0);
					eepromBytes = (device[14] ?? 0) * 256 + (device[15] ?? 0);
					yield* endOfPacket(sync.ok);
					break;
				}
				case 0x45:
					for (let index = 0; index < 5; index++) yield;
					yield* endOfPacket(sync.ok);
					break;
				case 0x50:
					yield* enter();
					yield* endOfPacket(sync.ok);
					break;
				case 0x51:
					leave();
					yield* endOfPacket(sync.ok);
					break;
				case 0x55: {
					const low: number = yield;
					wordAddress = low + 256 * (yield);
					yield* endOfPacket(sync.ok);
					break;
				}
				case 0x56: {
					const a: number = yield;
					const b: number = yield;
					const c: number = yield;
					const d: number = yield;
					yield* endOfPacket(yield* spi(a, b, c, d), sync.ok);
					break;
				}
				case 0x60:
					yield;
					yield;
					yield* endOfPacket(sync.ok);
					break;
				case 0x61:
					yield;
					yield* endOfPacket(sync.ok);
					break;
				case 0x64: {
					const length = 256 * (yield) + (yield);
					const type = yield;
					if (type === 0x46) yield* programFlash(length);
					else if (type === 0x45) yield* programEeprom(length);
					else reply(sync.failed);
					break;
				}
				case 0x74: {
					const length = 256 * (yield) + (yield);
					yield* readPage(length, yield);
					break;
				}
				case 0x75:
					if ((yield) === sync.eop) {
						reply(sync.inSync);
						for (let index = 0; index < 3; index++) reply(yield* spi(0x30, 0, index, 0));
						reply(sync.ok);
					} else {
						reply(sync.noSync);
					}
					break;
				case sync.eop:
					reply(sync.noSync);
					break;
				default:
					reply((yield) === sync.eop ? sync.unknown : sync.noSync);
			}
		}
	}

	/** Optiboot on the programmer's own board: answers STK500v1 for itself, until it has heard nothing for 1 s. */
	function* bootloader(): Firmware {
		const lengths: Record<number, number> = {65: 1, 66: 20, 69: 5, 85: 2, 86: 4};
		for (;;) {
			const command: number = yield;
			let first = 0;
			const extra = lengths[command] ?? 0;
			for (let index = 0; index < extra; index++) {
				const value: number = yield;
				if (index === 0) first = value;
			}
			let reads = 0;
			if (command === 0x64 || command === 0x74) {
				const length = 256 * (yield) + (yield);
				yield;
				if (command === 0x64) {
					for (let index = 0; index < length; index++) yield;
					sketchGone = true;
				} else {
					reads = length;
				}
			}
			if ((yield) !== sync.eop) {
				// Not for this bootloader: its watchdog starts the application.
				bootUntilMs = hands.nowMs();
				readyMs = bootUntilMs + ledShowMs;
				yield* hang();
			}
			bootUntilMs = hands.nowMs() + bootloaderIdleMs;
			readyMs = bootUntilMs + ledShowMs;
			reply(sync.inSync);
			if (command === 0x41) reply(first === 0x80 || first === 0x81 ? (first === 0x81 ? 8 : 3) : 3);
			else if (command === 0x56) reply(0x00);
			else if (command === 0x75) reply(0x1e, 0x95, 0x0f);
			for (let index = 0; index < reads; index++) reply(0xff);
			reply(sync.ok);
		}
	}

	function enterSketch(): void {
		inBootloader = false;
		line.start(sketchGone || options.isProgrammer === false ? hang() : sketch());
	}

	/** The board's own RESET: its bootloader runs first where it has one, all memory of the session is gone. */
	function restart(atMs: number): void {
		hands.advanceTo(atMs);
		line.clear(atMs);
		wiring.setMosi(undefined);
		wiring.setSck(undefined);
		wiring.setReset(undefined);
		if (!uart) {
			enterSketch();
			return;
		}
		bootUntilMs = atMs + bootloaderMs;
		readyMs = bootUntilMs + ledShowMs;
		inBootloader = true;
		line.start(bootloader());
	}
	enterSketch();

	return {
		open(atMs, baud) {
			hands.advanceTo(atMs);
			hostBaud = uart ? baud : sketchBaud;
			garbled = 0;
			if (resetsOnOpen) restart(atMs);
		},
		close(atMs) {
			run(atMs);
			hands.advanceTo(atMs);
			line.dropReplies();
		},
		powerCycle: restart,
		receive(data, atMs) {
			run(atMs);
			const byteMs = uart ? 10_000 / hostBaud : cdcByteMs;
			const wrongRate = uart && hostBaud !== rate();
			// What was sent before is still on the wire.
			const startMs = Math.max(atMs, wireFreeMs);
			wireFreeMs = startMs + data.length * byteMs;
			for (let index = 0; index < data.length; index++) {
				const when = startMs + (index + 1) * byteMs;
				if (!wrongRate) {
					line.arrive(data[index] ?? 0, when);
				} else if (hostBaud > sketchBaud) {
					// Several fast bytes make one slow one; none of them is a command.
					garbled += sketchBaud / hostBaud;
					if (garbled >= 1 || index === data.length - 1) {
						garbled = 0;
						line.arrive(0xf8, when);
					}
				} else {
					line.arrive(0x80, when);
					line.arrive(0x78, when);
				}
			}
		},
		wireMs: bytes => bytes * (uart ? 10_000 / hostBaud : cdcByteMs),
		nextReplyMs: line.nextReplyMs,
		busyUntilMs: hands.nowMs,
		take: line.take,
	};
}
