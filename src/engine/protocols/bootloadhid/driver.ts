// bootloadHID (obdev) on ATmega32A keyboards: feature reports, no reading, and no bounds of its own, so ours are
// strict. Source: obdev's bootloadHID documentation and its published HID reports.
import type {BootloaderClient} from '../../bootloaders/client.ts';
import type {Chip} from '../../chips/chip.ts';
import {UnbrickError} from '../../errors.ts';
import {type HidPipe, TransferFault} from '../../transports.ts';
import {checkApplication, pipeFault} from '../client-help.ts';

/** The host program's own figure. */
const reportTimeoutMs = 5000;
/** A block that was cut is erased again by its repetition (128-byte pages), so repeating is safe. */
const blockTries = 3;
const infoReport = 1;
const dataReport = 2;
/** A data report always carries this much. */
const blockBytes = 128;
const infoBytes = 7;

export type BootloadhidInfo = {readonly pageBytes: number; readonly flashBytes: number};

/** Report 1: id, page size (16 bit), flash size (32 bit), little endian; undefined when it is no such report. */
export function parseInfo(reply: Uint8Array): BootloadhidInfo | undefined {
	if (reply.length < infoBytes || reply[0] !== infoReport) return undefined;
	return {
		pageBytes: reply[1]! | (reply[2]! << 8),
		flashBytes: (reply[3]! | (reply[4]! << 8) | (reply[5]! << 16)) + reply[6]! * 0x100_0000,
	};
}

/** Report 2: id, 24-bit byte address, 128 bytes. */
export function dataBlock(byteAddress: number, data: Uint8Array): Uint8Array {
	if (data.length !== blockBytes || byteAddress % blockBytes !== 0)
		throw new RangeError(`a block at ${byteAddress}`);
	const report = new Uint8Array(4 + blockBytes);
	report.set([dataReport, byteAddress & 0xff, (byteAddress >> 8) & 0xff, byteAddress >> 16]);
	report.set(data, 4);
	return report;
}

export type BootloadhidOptions = {
	readonly chip: Chip;
	/** First byte of the boot section. A write there erases the running loader: never sent. */
	readonly bootStart: number;
};

export function createBootloadhid(pipe: HidPipe, {chip, bootStart}: BootloadhidOptions): BootloaderClient {
	const where = 'the keyboard bootloader (bootloadHID)';
	return {
		protocol: 'bootloadhid',
		canRead: false,
		async connect() {
			let reply: Uint8Array;
			try {
				reply = await pipe.getReport(infoReport, infoBytes + 1, reportTimeoutMs);
			} catch (error) {
				throw pipeFault(error, {where, command: 'read info', timeoutMs: reportTimeoutMs});
			}
			const info = parseInfo(reply);
			if (info === undefined) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: 'bootloadHID',
					got: `${reply.length} bytes of another report`,
				});
			}
			if (info.pageBytes !== chip.flash.pageBytes || info.flashBytes !== chip.flash.bytes) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: `bootloadHID on ${chip.name}`,
					got: `pages of ${info.pageBytes} bytes in ${info.flashBytes} bytes of flash`,
				});
			}
			// Sizes only: a chip of the same sizes would say the same, so which one it is, is not told.
			return {
				protocol: 'bootloadhid',
				name: 'bootloadHID',
				applicationBytes: bootStart,
				pageBytes: info.pageBytes,
			};
		},
		// Pages are erased one by one as they are written.
		erase: async () => {},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			let writtenBytes = 0;
			for (let block = 0; block < bootStart; block += blockBytes) {
				if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
				const report = dataBlock(block, image.slice(block, blockBytes));
				for (let attempt = 1; ; attempt++) {
					try {
						await pipe.setReport('feature', dataReport, report, reportTimeoutMs);
						break;
					} catch (error) {
						const again = error instanceof TransferFault && error.reason !== 'gone';
						if (!again || attempt >= blockTries) {
							throw pipeFault(error, {where, command: 'write block', timeoutMs: reportTimeoutMs});
						}
					}
				}
				writtenBytes += blockBytes;
				onProgress?.(writtenBytes, bootStart);
			}
			return {writtenBytes};
		},
		async start() {
			const report = new Uint8Array(infoBytes);
			report[0] = infoReport;
			try {
				await pipe.setReport('feature', infoReport, report, reportTimeoutMs);
			} catch (error) {
				// Errors on exit are normal: it disconnects.
				if (!(error instanceof TransferFault)) throw error;
			}
		},
		close: () => pipe.close(),
	};
}
