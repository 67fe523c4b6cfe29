// The floor of a whole job: what chip, SPI lines, bus and firmware take, whatever program drives them, as long as it
// keeps the rules of this one. In seconds, from the figures of src/bench/pace.ts and the chip's datasheet waits.
//
// Of the image: each page that is not blank is loaded, committed once and read back once.
//   USBtiny      a page is one control transfer of 128 bytes (setup, 16 packets, status: the firmware shifts while it
//                holds the next packet back, so bus and SPI add up), the commit a transfer of its own; reading likewise
//   USBasp       the same with the commit polled by the firmware every 320 us; reading in blocks of 200 bytes
//   avrisp       UNIVERSAL in long writes: 128 loads and a commit at the sketch's 125 kHz and the chip's 4.5 ms instead
//                of the sketch's 30; its two answers (all loads in step, before the commit may go; the commit) each
//                wait for the packet's flush; READ_PAGE at 125 kHz
//   arduino-isp  PROG_PAGE: the wire at 19200 but for the 63 bytes that its ring takes while it works, then SPI and its
//                30 ms; reading is the wire alone (SPI is faster). Opening the port resets it
//   buspirate    one 05 frame: the wire, then SPI, then the answer through the bridge's 16 ms; the commit hides behind
//                the next frame; reading is the wire alone
// Of the rules (issue B and the order of a recovery), which no faster program may leave out: RESET low for 20 ms before
// each of four entries; signature twice at each; fuses and lock twice; one reading of fuses and first page to compare
// with, eight at a raised SCK, four at the speed that is used unless those were at it; erase (9 ms), five pages looked
// at for blank, fuses and lock; the boot section read back when the image leaves it blank and the fuses start there, two
// bytes of every blank page of the image; after leaving and entering again fuses, lock, first and last page.
// Last, a Node that does nothing: the caller adds it.
import * as pace from '../src/bench/pace.ts';
import type {Chip} from '../src/engine/chips/chip.ts';
import type {MemoryImage} from '../src/engine/image/memory-image.ts';

export type FloorSubject = 'usbtiny' | 'usbasp' | 'avrisp' | 'arduino-isp' | 'buspirate';

/** Milliseconds of the three things that a job consists of. */
type Costs = {
	readonly openMs: number;
	readonly writePageMs: number;
	readonly readMs: (bytes: number) => number;
	/** So many single instructions in a row, as far as the programmer takes them together. */
	readonly instructionsMs: (count: number) => number;
};

/** Before each first instruction. Source: datasheets, "Serial Programming Algorithm". */
const resetMs = 20;
const entries = 4;
const signatureReadings = 2;
const signatureInstructions = 3;
/** Signature, lock and three fuse bytes. */
const snapshotInstructions = 7;
const raiseReadings = 8;
const linkTestReadings = 4;
const blankSamples = 5;
const blankSampleBytes = 2;
/** The boot section of the fuses that the benchmark's chip has (BOOTSZ 00). */
const bootBytes = 4096;
const usbaspBlockBytes = 200;
const usbtinyBlockBytes = 128;
const busPirateReadBytes = 4096;
/** READ_PAGE and LOAD_ADDRESS, and their answers' frames. */
const stk500v1ReadFrameBytes = 13;
const stk500v1PageFrameBytes = 9;
const ringBytes = 63;

function costsOf(subject: FloorSubject, chip: Chip, sckHz: number): Costs {
	const {pageBytes} = chip.flash;
	const commitMs = chip.typicalWaits.flashPageMs;
	const shiftMs = (instructions: number) => (instructions * 32_000) / sckHz;
	switch (subject) {
		case 'usbtiny':
			return {
				openMs: 0,
				writePageMs:
					pace.lowSpeedControlMs(pageBytes) + shiftMs(pageBytes + 1) + pace.lowSpeedControlMs(4) + commitMs,
				readMs: bytes =>
					(bytes / usbtinyBlockBytes) * pace.lowSpeedControlMs(usbtinyBlockBytes) + shiftMs(bytes),
				instructionsMs: count => count * pace.lowSpeedControlMs(4) + shiftMs(count),
			};
		case 'usbasp':
			return {
				openMs: 0,
				writePageMs:
					pace.lowSpeedControlMs(pageBytes) +
					shiftMs(pageBytes + 1) +
					Math.ceil(commitMs / pace.usbaspPollMs) * pace.usbaspPollMs,
				readMs: bytes =>
					Math.ceil(bytes / usbaspBlockBytes) * pace.lowSpeedControlMs(0) +
					(bytes / 8) * pace.lowSpeedTransactionMs +
					shiftMs(bytes),
				instructionsMs: count => count * pace.lowSpeedControlMs(4) + shiftMs(count),
			};
		case 'avrisp': {
			const instructionMs = shiftMs(1) + pace.sketchPace.instructionOverheadMs;
			return {
				openMs: 0,
				writePageMs: (pageBytes + 1) * instructionMs + 2 * pace.cdcFlushMs + commitMs,
				readMs: bytes => bytes * instructionMs + pace.cdcFlushMs,
				instructionsMs: count => count * instructionMs + pace.cdcFlushMs,
			};
		}
		case 'arduino-isp': {
			const byteMs = 10_000 / pace.sketchPace.baud;
			const instructionMs = shiftMs(1) + pace.sketchPace.instructionOverheadMs;
			return {
				openMs: pace.sketchPace.bootloaderMs + pace.sketchPace.ledShowMs,
				writePageMs:
					(stk500v1PageFrameBytes + pageBytes - ringBytes) * byteMs +
					(pageBytes + 1) * instructionMs +
					pace.sketchPace.pageCommitMs,
				readMs: bytes => (bytes + stk500v1ReadFrameBytes) * byteMs,
				// Six bytes out, three back, at the same time but for the last.
				instructionsMs: count => (6 * count + 3) * byteMs,
			};
		}
		case 'buspirate': {
			const byteMs = 10_000 / pace.busPirateBaud;
			return {
				openMs: 0,
				writePageMs: (5 + 4 * (pageBytes + 1)) * byteMs + shiftMs(pageBytes + 1) + pace.ftdiLatencyMs,
				readMs: bytes =>
					bytes * byteMs + Math.ceil(bytes / busPirateReadBytes) * (10 * byteMs + pace.ftdiLatencyMs),
				instructionsMs: count => 4.25 * count * byteMs + pace.ftdiLatencyMs,
			};
		}
	}
}

export type Floor = {
	/** Page commits, SPI bits and bus time of the image alone, seconds. */
	readonly imageSeconds: number;
	/** With opening, erasing and what the rules demand. */
	readonly jobSeconds: number;
};

/**
 * @param sckHz SCK that our run ended at
 * @param foundHz SCK that the chip was looked for at; the same where SCK is fixed
 */
export function floorOf(
	subject: FloorSubject,
	chip: Chip,
	image: MemoryImage,
	sckHz: number,
	foundHz: number,
): Floor {
	const {pageBytes, bytes} = chip.flash;
	let pages = 0;
	let blankBytes = 0;
	const bootStart = chip.bootSections.find(section => section.bytes === bootBytes)?.startByteAddress ?? bytes;
	for (let page = 0; page < bytes; page += pageBytes) {
		if (image.slice(page, pageBytes).some(byte => byte !== 0xff)) pages++;
		else if (page >= bootStart) blankBytes += pageBytes;
		else if (image.touches({start: page, end: page + pageBytes})) blankBytes += blankSampleBytes;
	}
	const slow = costsOf(subject, chip, foundHz);
	const fast = costsOf(subject, chip, sckHz);
	const imageMs = pages * fast.writePageMs + fast.readMs(pages * pageBytes);
	const snapshotMs = (costs: Costs) => costs.instructionsMs(snapshotInstructions);
	const readingMs = (costs: Costs) => snapshotMs(costs) + costs.readMs(pageBytes);
	const raised = sckHz > foundHz;
	const atFoundMs = 2 * snapshotMs(slow) + (raised ? readingMs(slow) : 0);
	const atUsedMs =
		(raised ? raiseReadings : linkTestReadings) * readingMs(fast) +
		blankSamples * fast.readMs(pageBytes) +
		2 * snapshotMs(fast) +
		2 * snapshotMs(fast) +
		2 * fast.readMs(pageBytes) +
		fast.readMs(blankBytes);
	const entryMs = resetMs + signatureReadings * fast.instructionsMs(signatureInstructions);
	const jobMs = fast.openMs + entries * entryMs + atFoundMs + atUsedMs + chip.typicalWaits.eraseMs + imageMs;
	return {imageSeconds: imageMs / 1000, jobSeconds: jobMs / 1000};
}
