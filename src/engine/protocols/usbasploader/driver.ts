// USBaspLoader: a bootloader on V-USB keyboards that speaks USBasp's requests about its own chip.
// Source: USBaspLoader documentation; USBasp request table (fischl.de).
import type {BootloaderClient} from '../../bootloaders/client.ts';
import type {Chip} from '../../chips/chip.ts';
import {UnbrickError} from '../../errors.ts';
import type {ControlSetup, UsbPipe} from '../../transports.ts';
import {checkApplication, checkSignature, pipeFault} from '../client-help.ts';

/** USBasp request numbers. */
const request = {connect: 1, disconnect: 2, transmit: 3, readFlash: 4, enableProg: 5, writeFlash: 6} as const;
const requestTimeoutMs = 5000;
/** A chip erase of 224 pages takes 1.0 to 1.2 s inside one request. */
const eraseTimeoutMs = 5000;
/** wLength is 8 bits wide in this loader; USBasp programs use 200. */
const readBytes = 128;
/** Commits a page that the block does not fill. */
const lastFlag = 2;
/** A CONNECT is answered before the loader is ready; avrdude waits as long. */
const connectSettleMs = 100;

export type UsbasploaderOptions = {readonly chip: Chip; readonly bootStart: number};

export function createUsbasploader(
	pipe: UsbPipe,
	sleep: (ms: number) => Promise<void>,
	{chip, bootStart}: UsbasploaderOptions,
): BootloaderClient {
	const where = 'the keyboard bootloader (USBaspLoader)';
	const setup = (number: number, value = 0, index = 0): ControlSetup => ({
		type: 'vendor',
		recipient: 'device',
		request: number,
		value,
		index,
	});
	const ask = async (
		what: string,
		number: number,
		bytes: number,
		value = 0,
		index = 0,
		timeoutMs = requestTimeoutMs,
	) => {
		try {
			return await pipe.controlIn(setup(number, value, index), bytes, timeoutMs);
		} catch (error) {
			throw pipeFault(error, {where, command: what, timeoutMs});
		}
	};
	const transmit = async (
		what: string,
		b1: number,
		b2: number,
		b3: number,
		b4: number,
		timeoutMs = requestTimeoutMs,
	) => {
		const reply = await ask(what, request.transmit, 4, b1 | (b2 << 8), b3 | (b4 << 8), timeoutMs);
		if (reply.length !== 4)
			throw new UnbrickError({kind: 'BadReply', command: what, expected: '4 bytes', got: reply});
		return reply;
	};

	return {
		protocol: 'usbasploader',
		canRead: true,
		async connect() {
			await ask('connect', request.connect, 4);
			await sleep(connectSettleMs);
			const enabled = await ask('enable programming', request.enableProg, 4);
			// A hardware USBasp echoes 53 here and needs a target; the loader sends zeros and says "ok" by itself.
			const echo = await transmit('programming enable', 0xac, 0x53, 0x00, 0x00);
			if (enabled[0] !== 0 || echo[2] === 0x53) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'USBaspLoader (a bootloader)',
					got: 'a USBasp programmer with the same USB identity',
				});
			}
			const signature = new Uint8Array(3);
			for (let index = 0; index < 3; index++) {
				signature[index] = (await transmit('signature', 0x30, 0x00, index, 0x00))[3]!;
			}
			checkSignature(chip, signature);
			return {
				protocol: 'usbasploader',
				chip: chip.id,
				signature,
				name: 'USBaspLoader',
				applicationBytes: bootStart,
				pageBytes: chip.flash.pageBytes,
			};
		},
		async erase() {
			// Builds differ: some need this, others erase page by page and ignore it. Both are right with it.
			await transmit('erase', 0xac, 0x80, 0x00, 0x00, eraseTimeoutMs);
		},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			const pageBytes = chip.flash.pageBytes;
			let writtenBytes = 0;
			// Blank pages go too: whether the erase above did anything cannot be seen from outside.
			for (let page = 0; page < bootStart; page += pageBytes) {
				if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
				try {
					await pipe.controlOut(
						setup(
							request.writeFlash,
							page & 0xffff,
							(pageBytes & 0xff) | ((lastFlag | ((pageBytes >> 4) & 0xf0)) << 8),
						),
						image.slice(page, pageBytes),
						requestTimeoutMs,
					);
				} catch (error) {
					throw pipeFault(error, {where, command: 'write page', timeoutMs: requestTimeoutMs});
				}
				writtenBytes += pageBytes;
				onProgress?.(writtenBytes, bootStart);
			}
			return {writtenBytes};
		},
		async read(byteAddress, bytes, {onProgress} = {}) {
			const out = new Uint8Array(bytes);
			for (let done = 0; done < bytes; ) {
				const count = Math.min(readBytes, bytes - done);
				const got = await ask('read flash', request.readFlash, count, (byteAddress + done) & 0xffff, 0);
				if (got.length !== count) {
					throw new UnbrickError({
						kind: 'BadReply',
						command: 'read flash',
						expected: `${count} bytes`,
						got: got.slice(0, 16),
					});
				}
				out.set(got, done);
				done += count;
				onProgress?.(done, bytes);
			}
			return out;
		},
		async start() {
			try {
				await ask('disconnect', request.disconnect, 4);
			} catch (error) {
				if (!(error instanceof UnbrickError && error.kind === 'DeviceGone')) throw error;
			}
		},
		close: () => pipe.close(),
	};
}
