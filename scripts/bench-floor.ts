// The floor of a whole job: what chip, SPI lines, bus and firmware take, whatever program drives them, as long as it
// keeps the rules of this one. In seconds, from the figures of src/bench/pace.ts and the chip's datasheet waits.
//
// Of the image: each page that is not blank is loaded, committed once and read back once, in one read for each run of
// such pages or all in one with the gaps, whichever takes less.
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
// Of the rules, which no faster program may leave out: RESET low for 20 ms before each of four entries; a harmless
// question 16 times before a speed is trusted (4 where SCK is fixed or raised: longer readings follow); signature twice at each entry; fuses and lock
// twice; one reading of the first page to compare with, then eight of signature and page at a raised SCK, or three of
// signature, fuses and page at the one speed there is; erase; first and last page and the start of three others looked
// at for blank, fuses and lock; the boot section read back when the image leaves it blank and the fuses start there, two
// bytes of every blank page of the image; one byte more, by single instructions in a row, for each address bit from the
// page size up that all this says nothing of (3 of the 8 of a 4 KB loader, none of a full image); after leaving and
// entering again fuses, lock, first and last page. The chip's waits are those of its data file (the larger of two known
// figures) where the programmer does not poll.
// Last, a Node that does nothing: the caller adds it.
import * as pace from '../src/bench/pace.ts';
import type {Chip} from '../src/engine/chips/chip.ts';
import type {MemoryImage} from '../src/engine/image/memory-image.ts';
import {addressProbes} from '../src/engine/procedures/address-bits.ts';

export type FloorSubject = 'usbtiny' | 'usbasp' | 'avrisp' | 'arduino-isp' | 'buspirate';

/** Milliseconds of the three things that a job consists of. */
type Costs = {
	readonly openMs: number;
	/** What each entry takes beside RESET's 20 ms and the instructions. */
	readonly enterMs: number;
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
const stepReadings = 16;
const lookReadings = 4;
const raiseReadings = 8;
/** The first of the four is what was read before. */
const linkTestReadings = 3;
const wholeSamples = 2;
const shortSamples = 3;
const shortSampleBytes = 16;
const blankSampleBytes = 2;
/** Bus Pirate: two silences of 30 ms, and zeros, SPI mode, frames, AVR commands (2): five questions and answers. */
const busPirateQuietMs = 30;
const busPirateOpenQuestions = 5;
/** Settings and RESET high in one write; RESET low. */
const busPirateEntryQuestions = 2;
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
	const commitMs = chip.waits.flashPageMs;
	const shiftMs = (instructions: number) => (instructions * 32_000) / sckHz;
	switch (subject) {
		case 'usbtiny':
			return {
				openMs: 0,
				enterMs: 0,
				writePageMs:
					pace.lowSpeedControlMs(pageBytes) + shiftMs(pageBytes + 1) + pace.lowSpeedControlMs(4) + commitMs,
				readMs: bytes =>
					(bytes / usbtinyBlockBytes) * pace.lowSpeedControlMs(usbtinyBlockBytes) + shiftMs(bytes),
				instructionsMs: count => count * pace.lowSpeedControlMs(4) + shiftMs(count),
			};
		case 'usbasp':
			return {
				openMs: 0,
				enterMs: 0,
				writePageMs:
					pace.lowSpeedControlMs(pageBytes) +
					shiftMs(pageBytes + 1) +
					Math.ceil(chip.typicalWaits.flashPageMs / pace.usbaspPollMs) * pace.usbaspPollMs,
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
				enterMs: 0,
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
				enterMs: 0,
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
				openMs: 2 * busPirateQuietMs + busPirateOpenQuestions * pace.ftdiLatencyMs,
				enterMs: busPirateEntryQuestions * pace.ftdiLatencyMs,
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
	/** What is compared of the image, for what it tells of the address bits. */
	const compared: {start: number; end: number}[] = [];
	/** Bytes of each stretch of pages that are not blank, and of all of them with the gaps. */
	const runs: number[] = [];
	let firstByte: number | undefined;
	let endByte = 0;
	const bootStart = chip.bootSections.find(section => section.bytes === bootBytes)?.startByteAddress ?? bytes;
	for (let page = 0; page < bytes; page += pageBytes) {
		if (image.slice(page, pageBytes).some(byte => byte !== 0xff)) {
			pages++;
			if (endByte === page && runs.length > 0) runs.push(runs.pop()! + pageBytes);
			else runs.push(pageBytes);
			firstByte ??= page;
			endByte = page + pageBytes;
			compared.push({start: page, end: endByte});
		} else if (page >= bootStart) {
			blankBytes += pageBytes;
			compared.push({start: page, end: page + pageBytes});
		} else if (image.touches({start: page, end: page + pageBytes})) {
			blankBytes += blankSampleBytes;
			compared.push({start: page, end: page + blankSampleBytes});
		}
	}
	const slow = costsOf(subject, chip, foundHz);
	const fast = costsOf(subject, chip, sckHz);
	const readBackMs = Math.min(
		runs.reduce((sum, bytes) => sum + fast.readMs(bytes), 0),
		fast.readMs(endByte - (firstByte ?? 0)),
	);
	const imageMs = pages * fast.writePageMs + readBackMs;
	const snapshotMs = (costs: Costs) => costs.instructionsMs(snapshotInstructions);
	const raised = sckHz > foundHz;
	const fixed = subject === 'avrisp' || subject === 'arduino-isp';
	const probesMs = (costs: Costs) => costs.instructionsMs(fixed ? lookReadings : stepReadings);
	const atFoundMs = probesMs(slow) + 2 * snapshotMs(slow) + slow.readMs(pageBytes);
	const readings = raised ? raiseReadings : linkTestReadings;
	const provingMs = raised
		? fast.instructionsMs(lookReadings) +
			(readings - 1) * fast.instructionsMs(signatureInstructions) +
			snapshotMs(fast)
		: readings * snapshotMs(fast);
	const addressBits = addressProbes(image, chip, compared).length;
	const atUsedMs =
		provingMs +
		readings * fast.readMs(pageBytes) +
		wholeSamples * fast.readMs(pageBytes) +
		shortSamples * fast.readMs(shortSampleBytes) +
		2 * snapshotMs(fast) +
		2 * snapshotMs(fast) +
		2 * fast.readMs(pageBytes) +
		fast.readMs(blankBytes) +
		(addressBits === 0 ? 0 : fast.instructionsMs(addressBits));
	const entryMs = resetMs + fast.enterMs + signatureReadings * fast.instructionsMs(signatureInstructions);
	const jobMs = fast.openMs + entries * entryMs + atFoundMs + atUsedMs + chip.waits.eraseMs + imageMs;
	return {imageSeconds: imageMs / 1000, jobSeconds: jobMs / 1000};
}
