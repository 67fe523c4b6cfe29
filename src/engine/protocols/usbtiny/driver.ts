// USBtinyISP, Pocket AVR Programmer, Arduino ISP. Source: USBtiny firmware; limits as its sources show them.
import {concatBytes, hexDump} from '../../bytes.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import {inStep, readFlashByte, writePage} from '../../isp/instructions.ts';
import type {Instruction, IspLink} from '../../isp/link.ts';
import {type ControlSetup, TransferFault, type UsbPipe} from '../../transports.ts';
import {pipeFault} from '../client-help.ts';
import {blockTimeoutMs, closeQuietly, exactly, leaveQuietly} from '../link-help.ts';
import {chunkBytes, periodFor, periodSckHz, periodsUs, request, setup, spi} from './codec.ts';

/** A constant that covers every request at the usual speeds. */
const smallTimeoutMs = 2000;
/** About 90 kHz: the firmware's customary setting, good for a chip on 1 MHz. */
const firstPeriodUs = 10;
/**
 * RESET low to the first instruction: 20 ms by the datasheets. Every contact after a no (or after a fault) gets 50, as
 * the classic tools give.
 */
const resetSettleMs = {first: 20, afterNo: 50} as const;
/** RESET high between two attempts: two cycles of the slowest chip, 32 kHz, with room. */
const resetHighMs = 1;
/** Byte addresses have 16 bits; above, they wrap. */
const addressedBytes = 0x1_0000;
/** 4D chooses the bank of 64 K words before the driver is called. */
const bankBytes = 0x2_0000;
/** An EEPROM write keeps the bus waiting for each byte: not more of them in one transfer than the classic tools send. */
const eepromChunkBytes = 128;
/** The firmware's own poll gives a cell this long, microseconds (datasheets: 9 ms). */
const eepromCellUs = 10_000;

/** @param pipe an opened 1781:0C9F (or kin) with interface 0 claimed */
export function createUsbtiny(pipe: UsbPipe, clock: Clock): IspLink {
	const where = 'the USBtiny';
	let periodUs = firstPeriodUs;
	let powered = false;
	/** The last contact was answered with no, or failed. */
	let saidNo = false;

	const sckHz = () => periodSckHz(periodUs);
	const ask = async (what: string, packet: ControlSetup, length: number, timeoutMs = smallTimeoutMs) => {
		try {
			return await pipe.controlIn(packet, length, timeoutMs);
		} catch (error) {
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};
	const tell = async (what: string, packet: ControlSetup, data: Uint8Array, timeoutMs: number) => {
		try {
			await pipe.controlOut(packet, data, timeoutMs);
		} catch (error) {
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};
	const exchange = async (instruction: Instruction) =>
		// No bytes at all: the programmer has been reset and forgot that it was powered up.
		exactly(await ask('SPI', spi(instruction), 4), 4, 'SPI');
	const echoed = (sent: Instruction, received: Uint8Array) => {
		if (inStep(sent, received)) return received;
		throw new UnbrickError({
			kind: 'BadReply',
			command: 'SPI',
			expected: `the echo of ${hexDump(sent)}`,
			got: received,
		});
	};
	const reset = (high: boolean) => ask('POWERUP', setup(request.powerUp, periodUs, high ? 1 : 0), 0);

	const read = async (what: string, number: number, byteAddress: number, bytes: number) => {
		const parts: Uint8Array[] = [];
		const chunk = chunkBytes(periodUs);
		for (let done = 0; done < bytes; done += chunk) {
			const size = Math.min(chunk, bytes - done);
			const packet = setup(number, 0, (byteAddress + done) & 0xffff);
			parts.push(exactly(await ask(what, packet, size, blockTimeoutMs(size, sckHz())), size, what));
		}
		return concatBytes(...parts);
	};

	const leave = () =>
		leaveQuietly(async () => {
			if (!powered) return;
			await ask('POWERDOWN', setup(request.powerDown, 0, 0), 0);
			powered = false;
		});

	return {
		programmer: 'usbtiny',
		async open() {
			// ECHO sends the request's own eight bytes back: a proof of the link and of who is there.
			const value = 0x5aa5;
			const index = 0x3cc3;
			let reply: Uint8Array;
			try {
				reply = await pipe.controlIn(setup(request.echo, value, index), 8, smallTimeoutMs);
			} catch (error) {
				if (!(error instanceof TransferFault) || error.reason !== 'stall') {
					throw pipeFault(error, {where, command: 'ECHO', timeoutMs: smallTimeoutMs});
				}
				reply = new Uint8Array(0);
			}
			const expected = [0xc0, request.echo, 0xa5, 0x5a, 0xc3, 0x3c, 8, 0];
			if (!expected.every((byte, at) => reply[at] === byte)) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBtiny',
					got: reply.length === 0 ? 'no answer to ECHO' : `ECHO gets ${hexDump(reply)}`,
				});
			}
			return {
				echo: 'all',
				sckStepsHz: periodsUs.map(periodSckHz),
				fixedSckHz: null,
				// Above 64 KB the driver itself uses single instructions, and its own page commits.
				fastFlashBytes: Number.POSITIVE_INFINITY,
				targetPower: 'jumper',
				measuresVolts: false,
				firmware: `USBtiny ${(pipe.device.release >> 8).toString()}.${(pipe.device.release & 0xff).toString(16).padStart(2, '0')}`,
				notes: [],
			};
		},
		async setSck(asked) {
			periodUs = periodFor(asked);
			return sckHz();
		},
		sckHz,
		async enter() {
			powered = true;
			await reset(true);
			await clock.sleep(resetHighMs);
			await reset(false);
			await clock.sleep(saidNo ? resetSettleMs.afterNo : resetSettleMs.first);
			saidNo = true;
			const received = await exchange([0xac, 0x53, 0x00, 0x00]);
			saidNo = received[2] !== 0x53;
			return {answered: saidNo ? 'no' : 'yes', received};
		},
		exchange,
		get readBlockBytes() {
			return chunkBytes(periodUs);
		},
		async readFlash(byteAddress, bytes) {
			const inBank = byteAddress % bankBytes;
			const fast = Math.max(0, Math.min(bytes, addressedBytes - inBank));
			const parts = fast > 0 ? [await read('FLASH_READ', request.flashRead, inBank, fast)] : [];
			const slow = new Uint8Array(bytes - fast);
			for (let at = 0; at < slow.length; at++) {
				const instruction = readFlashByte(byteAddress + fast + at);
				const reply = await exchange(instruction);
				slow[at] = echoed(instruction, reply)[3]!;
			}
			return concatBytes(...parts, slow);
		},
		async writeFlashPage(byteAddress, data) {
			// Loading needs only the place inside the page; the commit carries the true address.
			const chunk = Math.min(data.length, 128);
			for (let done = 0; done < data.length; done += chunk) {
				const block = data.subarray(done, done + chunk);
				await tell(
					'FLASH_WRITE',
					setup(request.flashWrite, 0, (byteAddress + done) & 0xffff),
					block,
					blockTimeoutMs(block.length, sckHz()),
				);
			}
			const commit = writePage(byteAddress);
			echoed(commit, await exchange(commit));
			return {committed: false};
		},
		readEeprom: (byteAddress, bytes) => read('EEPROM_READ', request.eepromRead, byteAddress, bytes),
		async writeEeprom(byteAddress, data) {
			// The firmware takes a cell that reads as written for done, unless the value is one of these: a busy cell
			// reads ff, so ff must wait its time out.
			await ask('POLL_BYTES', setup(request.pollBytes, 0xffff, 0), 0);
			const chunk = Math.min(eepromChunkBytes, chunkBytes(periodUs));
			for (let done = 0; done < data.length; done += chunk) {
				const block = data.subarray(done, done + chunk);
				await tell(
					'EEPROM_WRITE',
					setup(request.eepromWrite, eepromCellUs, byteAddress + done),
					block,
					blockTimeoutMs(block.length, sckHz()) + block.length * (eepromCellUs / 1000),
				);
			}
		},
		leave,
		close: how => closeQuietly(leave, pipe.close, how),
	};
}
