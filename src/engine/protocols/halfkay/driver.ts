// HalfKay (Teensy 1.0 to ++2.0): one HID output report a block, no answer but acceptance, no reading.
// Source: PJRC's published HalfKay protocol page and teensy_loader_cli's behaviour.
import type {BootloaderClient} from '../../bootloaders/client.ts';
import {isBlank} from '../../bytes.ts';
import type {Chip} from '../../chips/chip.ts';
import {findChip} from '../../chips/index.ts';
import type {Clock} from '../../clock.ts';
import {UnbrickError} from '../../errors.ts';
import {type HidPipe, TransferFault} from '../../transports.ts';
import {checkApplication, checkReportBytes, checkSignature, pipeFault} from '../client-help.ts';

/** The first blocks wait for the chip erase that block 0 starts; PJRC's loader allows 45 s for the first 5. */
const firstBlocks = 5;
const firstBlocksTimeoutMs = 45_000;
/** Later blocks take about 5 ms; PJRC's loader allows 0.5 s, slow hosts more. */
const blockTimeoutMs = 5000;
/** One attempt; a stalled or refused one is repeated after a pause until the time above is up. */
const attemptTimeoutMs = 2000;
/** PJRC's loader repeats every 10 ms. */
const retryPauseMs = 10;

/** Chips above 64 KB send the address in units of 256 bytes (PJRC: bits 15..8 and 23..16). */
const wideFlashBytes = 0x1_0000;

/** The report that carries one block: two address bytes, then the block. */
export function blockReport(chip: Chip, byteAddress: number, data: Uint8Array): Uint8Array {
	const report = new Uint8Array(2 + data.length);
	const address = chip.flash.bytes > wideFlashBytes ? byteAddress >> 8 : byteAddress;
	report.set([address & 0xff, address >> 8]);
	report.set(data, 2);
	return report;
}

/** The report that starts the application. */
export function startReport(blockBytes: number): Uint8Array {
	const report = new Uint8Array(2 + blockBytes);
	report.fill(0xff, 0, 3);
	return report;
}

/** Bytes of one block: the chip's own page (128, or 256 on the 64 KB and 128 KB chips). */
export function halfkayBlockBytes(chip: Chip): number {
	return chip.flash.pageBytes;
}

/** Which board a HalfKay is on: usages of page 0xff9c (PJRC's loader: 19 to 1c are the AVR boards). */
const halfkayPage = 0xff9c;
const halfkayChips: Readonly<Record<number, string>> = {
	25: 'at90usb162',
	26: 'at90usb646',
	27: 'atmega32u4',
	28: 'at90usb1286',
};

/**
 * Chip id by the usage of the report descriptor; undefined when it does not tell. `foreign` for the boards with
 * another processor, which show the same identity and take another kind of block.
 */
export function halfkayChip(seen: {
	readonly page: number;
	readonly usage: number;
}): string | 'foreign' | undefined {
	if (seen.page !== halfkayPage) return undefined;
	return halfkayChips[seen.usage] ?? (seen.usage > 0x1c ? 'foreign' : undefined);
}

/** The chip of a loader that tells it. Throws NotAProgrammer for a Teensy with another processor. */
export function chipOfHalfkay(seen: Parameters<typeof halfkayChip>[0] | undefined): Chip | undefined {
	const id = seen === undefined ? undefined : halfkayChip(seen);
	if (id === 'foreign') {
		throw new UnbrickError({
			kind: 'NotAProgrammer',
			expected: 'a Teensy with an AVR',
			got: 'a Teensy with another processor',
		});
	}
	return id === undefined ? undefined : findChip(id);
}

export type HalfkayOptions = {
	readonly chip: Chip;
	/** First byte of HalfKay's own section. */
	readonly bootStart: number;
};

/** A client for HalfKay. Throws WrongSignature and NotAProgrammer on another Teensy, where it tells. It cannot read: success is acceptance of every block and the application's own identity. */
export function createHalfkay(
	pipe: HidPipe,
	clock: Clock,
	{chip, bootStart}: HalfkayOptions,
): BootloaderClient {
	const blockBytes = halfkayBlockBytes(chip);
	const where = 'the Teensy bootloader (HalfKay)';

	const send = async (what: string, report: Uint8Array, limitMs: number) => {
		const endMs = clock.nowMs() + limitMs;
		for (;;) {
			try {
				await pipe.setReport('output', 0, report, attemptTimeoutMs);
				return;
			} catch (error) {
				const again =
					error instanceof TransferFault && (error.reason === 'stall' || error.reason === 'timeout');
				if (!again || clock.nowMs() >= endMs) {
					throw pipeFault(error, {where, command: what, timeoutMs: limitMs});
				}
				await clock.sleep(retryPauseMs);
			}
		}
	};

	return {
		protocol: 'halfkay',
		canRead: false,
		async connect() {
			const seen = await pipe.usage?.();
			const own = chipOfHalfkay(seen);
			if (own !== undefined) checkSignature(chip, Uint8Array.from(own.signature));
			checkReportBytes(chip, where, seen?.outputBytes);
			return {
				protocol: 'halfkay',
				...(own === undefined ? {} : {chip: chip.id}),
				name: 'HalfKay',
				applicationBytes: bootStart,
				pageBytes: blockBytes,
			};
		},
		// The first block that arrives erases the whole application area.
		erase: async () => {},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			const blocks = [0];
			for (let block = blockBytes; block < image.end; block += blockBytes) {
				if (!isBlank(image.slice(block, blockBytes))) blocks.push(block);
			}
			let done = 0;
			for (const block of blocks) {
				if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
				const limitMs = done < firstBlocks ? firstBlocksTimeoutMs : blockTimeoutMs;
				await send('write block', blockReport(chip, block, image.slice(block, blockBytes)), limitMs);
				done++;
				onProgress?.(done * blockBytes, blocks.length * blockBytes);
			}
			return {writtenBytes: done * blockBytes};
		},
		async start() {
			try {
				// The last block may still be on its way into the flash: a stall means "later" here too.
				await send('start', startReport(blockBytes), blockTimeoutMs);
			} catch (error) {
				// It leaves at once, often in the middle of the request.
				if (error instanceof UnbrickError && ['DeviceGone', 'BadReply'].includes(error.kind)) return;
				throw error;
			}
		},
		close: () => pipe.close(),
	};
}
