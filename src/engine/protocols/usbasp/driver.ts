// USBasp and its descendants. Source: USBasp firmware 2011-05-28 and 1.06 to 1.11; quirks as observed on clones.
import {concatBytes, hexDump} from '../../bytes.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import type {IspLink} from '../../isp/link.ts';
import {type ControlSetup, TransferFault, type UsbPipe} from '../../transports.ts';
import {pipeFault} from '../client-help.ts';
import {blockTimeoutMs, closeQuietly, exactly, leaveQuietly, stepAtMost} from '../link-help.ts';
import {addressed, blockFlag, parseCapabilities, request, sckTable, setup, writeFlash} from './codec.ts';

/** Small requests answer in one or two frames; a USBasp that is shifting slowly NAKs meanwhile. */
const smallTimeoutMs = 1000;
/** Firmware tries up to 32 times at its own slow speeds: 2.1 s at 500 Hz, about 2 s on the automatic ladder. */
const enableTimeoutMs = 5000;
/** 64 bytes at a fixed 9.6 ms each are 0.6 s; the classic tools allow 5 s. */
const eepromWriteTimeoutMs = 5000;
/**
 * RESET low to the first instruction: 20 ms by the datasheets. The classic tools wait 100 ms after CONNECT, and so
 * does every contact after a no.
 */
const connectSettleMs = {first: 20, afterNo: 100} as const;
/** The 2009 and 2011 firmware waits too little between its tries: slow starters need several calls. */
const enableTries = 2;
/** A try that took longer than this has made its 32 attempts at a slow SCK: repeating it wins nothing. */
const quickEnableMs = 100;
/** And when it took this long, the next entry at the same SCK makes one attempt of its own instead. */
const slowEnableMs = 1000;
/** Firmware without SETISPSCK stays at this, Hz. Source: firmware 2006 to 2007. */
const oldFirmwareSckHz = 375_000;
/** Slow enough for a chip on 1 MHz; what SETISPSCK is tried with. */
const firstSckHz = 93_750;
/** V-USB cuts wLength to 8 bits for IN; the classic tools ask for this much. */
const blockBytes = 200;
/** Below this SCK a packet takes so long that hosts give up on the NAKs: ten times smaller blocks. */
const slowSckHz = 10_000;
const slowBlockBytes = 20;
/** 9.6 ms a byte, without polling. */
const eepromWriteBytes = 64;
/** Commands carry 16 address bits; SETLONGADDRESS carries the rest. */
const shortAddressBytes = 0x1_0000;

/** @param pipe an opened 16C0:05DC (or kin) with interface 0 claimed */
export function createUsbasp(pipe: UsbPipe, clock: Clock): IspLink {
	const where = 'the USBasp';
	let steps: ReturnType<typeof sckTable> = [];
	let sckHz = oldFirmwareSckHz;
	let longAddresses = false;
	let flashBytes = 0;
	let connected = false;
	/** SCK at which ENABLEPROG last took very long for a no. */
	let slowAtHz: number | undefined;
	/** The last contact was answered with no. */
	let saidNo = false;

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
	/** For questions that other devices with this identity stall: then as good as no bytes. */
	const askOrNothing = async (what: string, packet: ControlSetup, length: number) => {
		try {
			return await pipe.controlIn(packet, length, smallTimeoutMs);
		} catch (error) {
			if (error instanceof TransferFault && error.reason === 'stall') return undefined;
			throw pipeFault(error, {where, command: what, timeoutMs: smallTimeoutMs});
		}
	};
	const transmit = async (bytes: readonly [number, number, number, number]) =>
		exactly(
			await ask('TRANSMIT', setup(request.transmit, bytes), 4, smallTimeoutMs + blockTimeoutMs(1, sckHz)),
			4,
			'TRANSMIT',
		);
	const option = (hz: number) => steps.find(step => step.hz === hz)!.option;
	const unit = () => (sckHz < slowSckHz ? slowBlockBytes : blockBytes);

	/**
	 * From the first SETLONGADDRESS to the next CONNECT the address in the commands is ignored, so it is sent either
	 * before every block or never.
	 */
	const address = async (byteAddress: number, bytes: number) => {
		if (byteAddress + bytes > shortAddressBytes || flashBytes > shortAddressBytes) longAddresses = true;
		if (longAddresses) await ask('SETLONGADDRESS', addressed(request.setLongAddress, byteAddress), 4);
	};

	const read = async (what: string, number: number, byteAddress: number, bytes: number) => {
		const parts: Uint8Array[] = [];
		for (let done = 0; done < bytes; ) {
			const size = Math.min(unit(), bytes - done);
			await address(byteAddress + done, size);
			const block = await ask(what, addressed(number, byteAddress + done), size, blockTimeoutMs(size, sckHz));
			parts.push(exactly(block, size, what));
			done += size;
		}
		return concatBytes(...parts);
	};

	/** A keyboard in USBaspLoader says yes to everything and echoes nothing; only what is read (the fourth byte) is real. */
	const isBootloader = async (echo: Uint8Array) => {
		if (echo.slice(0, 3).some(byte => byte !== 0)) return false;
		const signature = await transmit([0x30, 0x00, 0x00, 0x00]);
		return signature[3] === 0x1e && signature[0] === 0 && signature[1] === 0 && signature[2] === 0;
	};

	/** ENABLEPROG, again after a quick no. */
	const enable = async (): Promise<boolean> => {
		for (let attempt = 1; ; attempt++) {
			const beganMs = clock.nowMs();
			const reply = await ask('ENABLEPROG', setup(request.enableProg), 4, enableTimeoutMs);
			if (reply.length !== 1) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBasp',
					got: `ENABLEPROG gets ${reply.length === 0 ? 'nothing' : hexDump(reply)}`,
				});
			}
			if (reply[0] === 0) return true;
			const tookMs = clock.nowMs() - beganMs;
			if (tookMs >= slowEnableMs) slowAtHz = sckHz;
			if (attempt === enableTries || tookMs > quickEnableMs) return false;
		}
	};

	const leave = () =>
		leaveQuietly(async () => {
			if (!connected) return;
			await ask('DISCONNECT', setup(request.disconnect), 4);
			connected = false;
		});

	return {
		programmer: 'usbasp',
		async open() {
			const notes: string[] = [];
			const told = await askOrNothing('GETCAPABILITIES', setup(request.getCapabilities), 4);
			const capabilities = parseCapabilities(told ?? new Uint8Array(0));
			steps = sckTable(capabilities);
			const first = stepAtMost(
				steps.map(step => step.hz),
				firstSckHz,
			);
			const answer = await askOrNothing('SETISPSCK', setup(request.setIspSck, [option(first), 0, 0, 0]), 4);
			if (told === undefined && answer === undefined) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBasp',
					got: 'it stalls every request of a USBasp',
				});
			}
			if (answer !== undefined && answer.length > 1) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBasp',
					got: `SETISPSCK gets ${hexDump(answer)}`,
				});
			}
			const settable = answer?.length === 1 && answer[0] === 0;
			if (settable) sckHz = first;
			else {
				steps = [];
				sckHz = oldFirmwareSckHz;
				notes.push(
					'This USBasp has old firmware whose SCK is fixed at 375 kHz. A chip that runs below 1.5 MHz needs its slow-SCK jumper (JP3).',
				);
			}
			return {
				echo: 'all',
				sckStepsHz: steps.map(step => step.hz),
				fixedSckHz: settable ? null : oldFirmwareSckHz,
				fastFlashBytes: settable ? Number.POSITIVE_INFINITY : shortAddressBytes,
				targetPower: 'jumper',
				measuresVolts: false,
				firmware: `USBasp ${(pipe.device.release >> 8).toString()}.${(pipe.device.release & 0xff).toString(16).padStart(2, '0')}`,
				notes,
			};
		},
		async setSck(asked) {
			slowAtHz = undefined;
			if (steps.length > 0) {
				sckHz = stepAtMost(
					steps.map(step => step.hz),
					asked,
				);
			}
			return sckHz;
		},
		sckHz: () => sckHz,
		setChip(chip) {
			flashBytes = chip.flashBytes;
		},
		async enter() {
			// The option takes effect at CONNECT, so it goes first.
			if (steps.length > 0) await ask('SETISPSCK', setup(request.setIspSck, [option(sckHz), 0, 0, 0]), 4);
			connected = true;
			longAddresses = false;
			await ask('CONNECT', setup(request.connect), 4);
			await clock.sleep(saidNo ? connectSettleMs.afterNo : connectSettleMs.first);
			if (slowAtHz === sckHz) {
				const received = await transmit([0xac, 0x53, 0x00, 0x00]);
				saidNo = received[2] !== 0x53;
				return {answered: saidNo ? 'no' : 'yes', received};
			}
			const answered = await enable();
			saidNo = !answered;
			// The reply is one bit. After a no the bytes themselves are evidence.
			if (!answered) return {answered: 'no', received: await transmit([0xac, 0x53, 0x00, 0x00])};
			// After a yes AC 53 is not sent to the chip again: three bits late it is AC 98, a chip erase.
			const probe = await transmit([0x50, 0x00, 0x00, 0x00]);
			if (await isBootloader(probe)) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBasp',
					got: 'a keyboard in its USBaspLoader bootloader, which has the same identity',
				});
			}
			// By its yes the firmware has seen the 53.
			return {answered: 'yes', received: Uint8Array.of(0x00, 0xac, 0x53, 0x00)};
		},
		exchange: instruction => transmit(instruction),
		readBlockBytes: blockBytes,
		readFlash: (byteAddress, bytes) => read('READFLASH', request.readFlash, byteAddress, bytes),
		async writeFlashPage(byteAddress, data) {
			// Halves for pages above 200 bytes: every block of one page but the first continues the page counter.
			const size = Math.min(unit(), data.length > blockBytes ? data.length / 2 : data.length);
			for (let done = 0; done < data.length; done += size) {
				const block = data.subarray(done, done + size);
				await address(byteAddress + done, block.length);
				const flags = done === 0 ? blockFlag.first : 0;
				await tell(
					'WRITEFLASH',
					writeFlash(byteAddress + done, data.length, flags),
					block,
					blockTimeoutMs(block.length, sckHz),
				);
			}
			// Firmware polls the last byte for up to 9.6 ms, or waits 4.8 ms when it is ff.
			return {committed: true};
		},
		readEeprom: (byteAddress, bytes) => read('READEEPROM', request.readEeprom, byteAddress, bytes),
		async writeEeprom(byteAddress, data) {
			const size = Math.min(unit(), eepromWriteBytes);
			for (let done = 0; done < data.length; done += size) {
				const block = data.subarray(done, done + size);
				await address(byteAddress + done, block.length);
				await tell(
					'WRITEEEPROM',
					addressed(request.writeEeprom, byteAddress + done),
					block,
					eepromWriteTimeoutMs,
				);
			}
		},
		leave,
		close: how => closeQuietly(leave, pipe.close, how),
	};
}
