// Caterina on the board: AVR109 over a CDC port with packets of 16 bytes. Follows AVR109 and what the loader is known
// to do: at the end of each command it lets go of the whole packet, so that a second command in it is lost; B and g
// alone restart its 8 s; a page at or above its own start is erased like any other where no lock bit forbids it.
import {answered, stalled} from '../usb-model.ts';
import {type LoaderHost, requestMs, spmMs} from './loader.ts';
import type {SerialFunction, UsbFunction} from './usb-function.ts';

const packetBytes = 16;
/** Caterina.c: 8000 ticks of 1 ms; seen from outside 8.04 s. */
const windowTicks = 8000;
const windowExtraMs = 40;
/** `E` moves the counter here. */
const exitTicks = 7500;
/** One IN packet on a full-speed bus whose host polls all the time. */
const packetMs = 0.1;
const eepromByteMs = 3.4;
const cr = 0x0d;
const unknown = 0x3f;

export function createCaterinaModel(host: LoaderHost): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const pageBytes = chip.chip.flash.pageBytes;
	const identity = {
		vendorId: program.vendorId,
		productId: program.productId,
		release: program.release,
		manufacturer: 'Unknown',
		product: 'Unknown',
		speed: 'full',
		shape: 'cdc',
		deviceClass: [2, 0, 0],
	} as const;

	let timeMs = 0;
	let ticks = 0;
	let countedMs: number | undefined;
	let callOff = () => {};
	let address = 0;
	let commandOver = false;
	const replies: {readonly value: number; readonly atMs: number}[] = [];
	const codeBytes = (text: string) => Array.from(text, letter => letter.charCodeAt(0));

	/** Lets the counter run on to `ms`: it counts only while there is an application to go to. */
	function count(ms: number): void {
		if (countedMs !== undefined && host.hasApplication()) ticks += Math.max(0, ms - countedMs);
		countedMs = ms;
		callOff();
		if (!host.hasApplication()) return;
		const leftMs = windowTicks + windowExtraMs - ticks;
		callOff = host.at(ms + Math.max(0, leftMs), dueMs => host.leave(dueMs));
	}
	function reply(...bytes: readonly number[]): void {
		bytes.forEach((value, index) => {
			replies.push({value, atMs: timeMs + packetMs * (1 + Math.floor(index / packetBytes))});
		});
	}
	/** The counter is stopped during a block and starts again at 0 after it. */
	function blockDone(): void {
		ticks = 0;
		countedMs = timeMs;
		count(timeMs);
	}

	function* writeBlock(): Generator<undefined, void, number> {
		const size = ((yield) << 8) | (yield);
		const memory = yield;
		if (memory !== 0x46 && memory !== 0x45) {
			reply(unknown);
			return;
		}
		if (memory === 0x45) {
			for (let index = 0; index < size; index++) {
				const value = yield;
				chip.self.setEeprom(address >> 1, Uint8Array.of(value));
				address += 2;
				timeMs += eepromByteMs;
			}
			reply(cr);
			blockDone();
			return;
		}
		const page = address;
		host.erasePage(page, timeMs);
		timeMs += spmMs;
		const buffer = new Uint8Array(pageBytes).fill(0xff);
		let low = 0;
		for (let index = 0; index < size; index++) {
			const value = yield;
			if (index % 2 === 0) {
				low = value;
				continue;
			}
			// The page buffer wraps: a block that is too long spoils its own beginning.
			const at = address & (pageBytes - 1);
			buffer[at] = (buffer[at] ?? 0xff) & low;
			buffer[at + 1] = (buffer[at + 1] ?? 0xff) & value;
			address += 2;
		}
		host.writePage(page, buffer, timeMs);
		timeMs += spmMs;
		reply(cr);
		blockDone();
	}
	function* readBlock(): Generator<undefined, void, number> {
		const size = ((yield) << 8) | (yield);
		const memory = yield;
		if (memory !== 0x46 && memory !== 0x45) {
			reply(unknown);
			return;
		}
		if (memory === 0x46) {
			reply(...chip.self.flash(address, size));
			address += size;
		} else {
			reply(...chip.self.eeprom(address >> 1, size));
			address += 2 * size;
		}
		timeMs += packetMs * Math.ceil(size / packetBytes);
		blockDone();
	}
	function* command(letter: number): Generator<undefined, void, number> {
		switch (String.fromCharCode(letter)) {
			case '\x1b':
				return;
			case 'S':
				reply(...codeBytes('CATERIN'));
				return;
			case 'V':
				reply(...codeBytes('10'));
				return;
			case 'p':
				reply(...codeBytes('S'));
				return;
			case 'a':
				reply(...codeBytes('Y'));
				return;
			case 'b':
				reply(0x59, pageBytes >> 8, pageBytes & 0xff);
				return;
			case 't':
				reply(0x44, 0x00);
				return;
			case 'T':
				yield;
				reply(cr);
				return;
			case 'P':
			case 'L':
				reply(cr);
				return;
			case 's':
				reply(chip.chip.signature[2], chip.chip.signature[1], chip.chip.signature[0]);
				return;
			case 'A': {
				const word = ((yield) << 8) | (yield);
				// Doubled for the flash; EEPROM addresses are halved again where they are used.
				address = word << 1;
				reply(cr);
				return;
			}
			case 'B':
				yield* writeBlock();
				return;
			case 'g':
				yield* readBlock();
				return;
			case 'e':
				for (let page = 0; page < bootStart; page += pageBytes) {
					host.erasePage(page, timeMs);
					timeMs += spmMs;
				}
				reply(cr);
				return;
			case 'r':
				reply(chip.self.lock());
				return;
			case 'F':
				reply(chip.self.fuse('low') ?? 0xff);
				return;
			case 'N':
				reply(chip.self.fuse('high') ?? 0xff);
				return;
			case 'Q':
				reply(chip.self.fuse('extended') ?? 0xff);
				return;
			case 'E':
				reply(cr);
				count(timeMs);
				ticks = Math.max(ticks, exitTicks + windowExtraMs);
				if (host.hasApplication()) count(timeMs);
				else host.at(timeMs + windowTicks - exitTicks, dueMs => host.leave(dueMs));
				return;
			default:
				reply(unknown);
		}
	}
	function* firmware(): Generator<undefined, void, number> {
		for (;;) {
			const letter = yield;
			yield* command(letter);
			commandOver = true;
		}
	}
	const running = firmware();
	running.next();

	const serial: SerialFunction = {
		packetBytes,
		out(packet, atMs) {
			if (host.crashed()) return undefined;
			timeMs = Math.max(timeMs, atMs);
			count(timeMs);
			for (const byte of packet) {
				commandOver = false;
				running.next(byte);
				if (host.crashed()) return undefined;
				// The bank is let go with what is left in it.
				if (commandOver) break;
			}
			// An erase stops the counter, page 0 starts it.
			count(timeMs);
			return timeMs;
		},
		nextReplyMs(untilMs) {
			const first = replies[0];
			return first !== undefined && first.atMs <= untilMs ? first.atMs : undefined;
		},
		take(maxBytes, atMs) {
			let ready = 0;
			while (ready < maxBytes && (replies[ready]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) ready++;
			return Uint8Array.from(replies.splice(0, ready), one => one.value);
		},
	};
	// The counter starts with the loader, not with the first command.
	timeMs = host.startMs;
	count(timeMs);

	return {
		identity,
		serial,
		control: (setup, data, atMs) => {
			if (setup.type !== 'class') return stalled(atMs + requestMs);
			return answered(atMs + requestMs, typeof data === 'number' ? new Uint8Array(data) : new Uint8Array(0));
		},
	};
}
