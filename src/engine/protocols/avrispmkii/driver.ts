// AVRISP mkII and LUFA's clones: STK500v2 over USB bulk. One command at a time, a message ends with a short packet.
// Source: Atmel AVR068; LUFA AVRISP-MKII sources.
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import type {EnterReply, Instruction, IspLink} from '../../isp/link.ts';
import {TransferFault, type UsbPipe} from '../../transports.ts';
import {pipeFault} from '../client-help.ts';
import {closeQuietly, leaveQuietly, stepAtMost} from '../link-help.ts';
import {
	command,
	connectionFaults,
	enterProgmode,
	loadAddress,
	mode,
	multiInstructions,
	parameter,
	payload,
	program,
	readMemory,
	sckTable,
	spiMulti,
	status,
} from './codec.ts';

/** Endpoint number of both directions, and its packet size. */
const endpoint = 2;
const packetBytes = 64;
/** The longest answer is 256 bytes of flash and three around them. */
const replyBytes = 512;
/** Clones give a command one second, and restart that with every completed wait; ten is the protocol's ceiling. */
const commandTimeoutMs = 10_000;
/** Leaving is two short delays; a programmer that hangs is not waited for on the way out. */
const leaveTimeoutMs = 2000;
/** Answers of an aborted session that may still lie in the programmer. */
const staleReplies = 3;
/** Writes and reads of 256 bytes are what firmware buffers hold. */
const blockBytes = 256;
/** Slow enough for a chip on 1 MHz. */
const firstSckHz = 125_000;
/** 4D changes at every 64 K words: do not lean on the address counting on across it. */
const bankBytes = 0x2_0000;
/** Waits of the programmer's own where the chip has no RDY/BSY, ms (datasheets: 4.5 and 9 ms). */
const flashDelayMs = 6;
const eepromDelayMs = 10;
/** Bytes of EEPROM in one command: a clone's budget of a second holds this many waits. */
const eepromWriteBytes = 32;
/** LUFA's descriptors carry this serial number unless their builder changed it. */
const cloneSerial = /^0{0,3}200012345/;
/** What a clone without voltage measurement reports, tenths of a volt. */
const cloneFixedVtarget = 33;

/** @param pipe an opened 03EB:2104 with interface 0 claimed */
export function createAvrispMkii(pipe: UsbPipe, clock: Clock): IspLink {
	const where = 'the AVRISP mkII';
	const clone = cloneSerial.test(pipe.device.serial ?? '');
	let sck = sckTable.find(row => row.hz === firstSckHz)!;
	let chip = {pollsReady: false, extendedAddress: false};
	let inProgmode = false;
	/** Where the programmer's own address stands, when it is known. */
	let at: {readonly memory: 'flash' | 'eeprom'; readonly byteAddress: number} | undefined;

	/** Sends one body and reads its answer; an answer to an earlier command is passed over. */
	const talk = async (what: string, body: Uint8Array, timeoutMs = commandTimeoutMs): Promise<Uint8Array> => {
		const deadline = clock.nowMs() + timeoutMs;
		try {
			await pipe.bulkOut(endpoint, body, timeoutMs);
			if (body.length % packetBytes === 0) await pipe.bulkOut(endpoint, new Uint8Array(0), timeoutMs);
			for (let passed = 0; ; passed++) {
				const left = Math.max(1, deadline - clock.nowMs());
				const reply = await pipe.bulkIn(endpoint, replyBytes, left);
				if (reply[0] === body[0] && reply.length >= 2) return reply;
				if (passed === staleReplies) {
					throw new UnbrickError({
						kind: 'BadReply',
						command: what,
						expected: `an answer to command ${body[0]}`,
						got: reply.subarray(0, 16),
					});
				}
			}
		} catch (error) {
			at = undefined;
			if (error instanceof TransferFault && error.reason === 'stall') {
				await pipe.clearHalt(endpoint, 'out').catch(() => {});
				await pipe.clearHalt(endpoint, 'in').catch(() => {});
			}
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};
	const setParameter = async (what: string, id: number, value: number) =>
		payload(await talk(what, Uint8Array.from([command.setParameter, id, value])), what, 0, false);
	/** Undefined where the programmer does not tell. */
	const getParameter = async (id: number) => {
		const reply = await talk('GET_PARAMETER', Uint8Array.from([command.getParameter, id]));
		return reply[1] === status.ok ? reply[2] : undefined;
	};

	const exchangeMany = async (instructions: readonly Instruction[]) => {
		const replies: Uint8Array[] = [];
		for (let from = 0; from < instructions.length; from += multiInstructions) {
			const bytes = instructions.slice(from, from + multiInstructions).flat();
			const reply = payload(await talk('SPI_MULTI', spiMulti(bytes)), 'SPI_MULTI', bytes.length, true);
			for (let index = 0; index < bytes.length; index += 4) replies.push(reply.slice(index, index + 4));
		}
		return replies;
	};

	/** AC 53 once more after a no: a chip in step answers then, and the bytes are evidence. */
	const echo = async (): Promise<EnterReply> => {
		const [received] = await exchangeMany([[0xac, 0x53, 0x00, 0x00]]);
		return {answered: received![2] === 0x53 ? 'yes' : 'no', received: received!};
	};

	const seek = async (memory: 'flash' | 'eeprom', byteAddress: number) => {
		const there = at?.memory === memory && at.byteAddress === byteAddress && byteAddress % bankBytes !== 0;
		if (there) return;
		const address = memory === 'flash' ? Math.floor(byteAddress / 2) : byteAddress;
		const extended = memory === 'flash' && chip.extendedAddress;
		payload(await talk('LOAD_ADDRESS', loadAddress(address, extended)), 'LOAD_ADDRESS', 0, false);
		at = {memory, byteAddress};
	};
	const read = async (memory: 'flash' | 'eeprom', byteAddress: number, bytes: number) => {
		const all = new Uint8Array(bytes);
		for (let done = 0; done < bytes; ) {
			const size = Math.min(blockBytes, bytes - done);
			await seek(memory, byteAddress + done);
			at = undefined;
			const what = memory === 'flash' ? 'READ_FLASH_ISP' : 'READ_EEPROM_ISP';
			all.set(payload(await talk(what, readMemory(memory, size)), what, size, true), done);
			done += size;
			at = {memory, byteAddress: byteAddress + done};
		}
		return all;
	};

	const leave = () =>
		leaveQuietly(async () => {
			if (!inProgmode) return;
			at = undefined;
			const body = Uint8Array.from([command.leaveProgmodeIsp, 1, 1]);
			await talk('LEAVE_PROGMODE_ISP', body, leaveTimeoutMs);
			inProgmode = false;
		});

	return {
		programmer: 'avrispmkii',
		async open() {
			const reply = await talk('SIGN_ON', Uint8Array.from([command.signOn]));
			const name = String.fromCharCode(...reply.subarray(3, 3 + (reply[2] ?? 0)));
			if (reply[1] !== status.ok || !name.startsWith('AVRISP')) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'AVRISP mkII',
					got: `it calls itself ${JSON.stringify(name)}`,
				});
			}
			return {
				echo: 'all',
				sckStepsHz: sckTable.map(row => row.hz),
				fixedSckHz: null,
				fastFlashBytes: Number.POSITIVE_INFINITY,
				targetPower: 'never',
				measuresVolts: true,
				firmware: clone ? `${name} (LUFA clone)` : name,
				notes: clone
					? [
							'This is a LUFA clone: it may report 3.3 V whatever the target has, and detects no wiring faults.',
						]
					: [],
			};
		},
		async setSck(asked) {
			const hz = stepAtMost(
				sckTable.map(row => row.hz),
				asked,
			);
			sck = sckTable.find(row => row.hz === hz)!;
			return hz;
		},
		sckHz: () => sck.hz,
		setChip({pollsReady, extendedAddress}) {
			chip = {pollsReady, extendedAddress};
		},
		async enter() {
			at = undefined;
			// A session that is still open would not pulse RESET; clones keep both settings over power cycles.
			await leave();
			await setParameter('SET_PARAMETER SCK', parameter.sckDuration, sck.index);
			await setParameter('SET_PARAMETER RESET', parameter.resetPolarity, 1);
			const what = 'ENTER_PROGMODE_ISP';
			// From here on RESET may be low, whatever becomes of the answer.
			inProgmode = true;
			const reply = await talk(what, enterProgmode(true));
			const silent = [status.failed, status.timeout, status.readyTimeout].some(code => code === reply[1]);
			if (!silent) {
				payload(reply, what, 0, false);
				// The firmware has seen the 53. Not sent to the chip again: three bits late AC 53 is AC 98, a chip erase.
				return {answered: 'yes', received: Uint8Array.of(0x00, 0xac, 0x53, 0x00)};
			}
			const faults = connectionFaults((await getParameter(parameter.targetConnection)) ?? 0);
			const says = faults.length === 0 ? {} : {programmerSays: faults};
			// Once more without its judgement: what the lines carry is the evidence for the wiring.
			const blind = await talk(what, enterProgmode(false));
			if (blind[1] !== status.ok) {
				inProgmode = false;
				return {answered: 'no', received: new Uint8Array(0), ...says};
			}
			return {...(await echo()), ...says};
		},
		async exchange(instruction) {
			const [reply] = await exchangeMany([instruction]);
			return reply!;
		},
		exchangeMany,
		cheapExchange: true,
		readBlockBytes: blockBytes,
		readFlash: (byteAddress, bytes) => read('flash', byteAddress, bytes),
		async writeFlashPage(byteAddress, data) {
			await seek('flash', byteAddress);
			at = undefined;
			const what = 'PROGRAM_FLASH_ISP';
			const body = program('flash', data, {
				mode: mode.paged | mode.commit | (chip.pollsReady ? mode.pageReady : mode.pageDelay),
				delayMs: flashDelayMs,
				load: 0x40,
				write: 0x4c,
				read: 0x20,
			});
			payload(await talk(what, body), what, 0, false);
			at = {memory: 'flash', byteAddress: byteAddress + data.length};
			return {committed: true};
		},
		readEeprom: (byteAddress, bytes) => read('eeprom', byteAddress, bytes),
		async writeEeprom(byteAddress, data) {
			const what = 'PROGRAM_EEPROM_ISP';
			for (let done = 0; done < data.length; done += eepromWriteBytes) {
				const block = data.subarray(done, done + eepromWriteBytes);
				await seek('eeprom', byteAddress + done);
				at = undefined;
				const body = program('eeprom', block, {
					mode: mode.wordDelay,
					delayMs: eepromDelayMs,
					load: 0xc0,
					write: 0x00,
					read: 0xa0,
				});
				payload(await talk(what, body), what, 0, false);
				at = {memory: 'eeprom', byteAddress: byteAddress + done + block.length};
			}
		},
		async measureTargetVolts() {
			const tenths = await getParameter(parameter.vtarget);
			if (tenths === undefined || (clone && tenths === cloneFixedVtarget)) return null;
			return tenths / 10;
		},
		leave,
		close: how => closeQuietly(leave, pipe.close, how),
	};
}
