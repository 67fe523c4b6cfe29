// What procedures talk to: a chip in programming mode, whoever carries the instructions. Our own engine
// implements it over an IspLink (isp/isp-target.ts), an installed avrdude can implement it too.
import type {Cancel} from './cancel.ts';
import type {Chip, FuseName} from './chips/chip.ts';
import type {MemoryImage} from './image/memory-image.ts';

export type FuseBytes = {readonly low: number; readonly high?: number; readonly extended?: number};

/** What the chip said about itself, as read (absent bits as they came). */
export type Identity = {
	readonly signature: Uint8Array;
	/** The chip the signature belongs to (the named one when several share it); undefined when unknown. */
	readonly chip: Chip | undefined;
	readonly fuses: FuseBytes;
	readonly lock: number;
	/** SCK in use, Hz; null when the programmer does not tell. */
	readonly sckHz: number | null;
	readonly targetVolts: number | null;
};

export type Memory = 'flash' | 'eeprom';

/** Called after every unit of work. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

export type TransferOptions = {readonly onProgress?: OnProgress; readonly cancel?: Cancel};

/**
 * Told before a byte that a disturbed instruction has hit is set to `value`, what it should hold (for the lock byte:
 * what it holds now, it cannot be set back).
 */
export type OnStray = (hit: {
	/** `erase`: the chip is about to be erased, the last way to keep ISP (`value` says nothing). */
	readonly byte: FuseName | 'lock' | 'erase';
	readonly value: number;
	/** All fuse bytes as last read. */
	readonly seen: FuseBytes;
}) => Promise<void>;

/** Something worth saying that stops nothing. */
export type TargetNote = {readonly code: string; readonly message: string};

export type Target = {
	/** Which engine works, for the person: `own engine over USBasp`, `avrdude 7.1 (usbasp)`. */
	readonly engine: string;
	/**
	 * Connects: opens the programmer, enters programming mode (with resync and slower SCK), reads the signature
	 * until two readings agree, fuses and lock bits, finds a good SCK and proves the link.
	 * Throws NoTarget, UnstableLink, WrongSignature (when `chip` is named and another known or unknown part answers).
	 */
	readonly identify: (chip?: Chip) => Promise<Identity>;
	/** Reads a range. Throws UnstableLink, Timeout, DeviceGone. */
	readonly readRange: (
		memory: Memory,
		byteAddress: number,
		bytes: number,
		options?: TransferOptions,
	) => Promise<Uint8Array>;
	/** Chip erase, wait, re-enter; proves blankness at a sample of pages. */
	readonly erase: (onStray?: OnStray) => Promise<void>;
	/**
	 * Writes every page that the image touches; after an erase of this session wholly blank pages are skipped.
	 * Cancel is honoured after the current page (then throws Cancelled).
	 * Returns the page-aligned bytes that were sent.
	 */
	readonly writeImage: (
		image: MemoryImage,
		options?: TransferOptions,
	) => Promise<{readonly writtenBytes: number}>;
	readonly writeEeprom: (byteAddress: number, data: Uint8Array, options?: TransferOptions) => Promise<void>;
	/** Largest stretch that one question reads, bytes; a longer one is read in such blocks. */
	readonly readBlockBytes?: (memory: Memory) => number;
	/**
	 * Single flash bytes, in as few transfers as the programmer allows, to be compared with what must be there: echoes are
	 * not checked. Same order. Throws as `readRange`.
	 */
	readonly readFlashBytes?: (byteAddresses: readonly number[]) => Promise<Uint8Array>;
	/** A gap between two stretches up to this long is read in less time than it takes to leave it out, bytes. */
	readonly gapBytes?: number;
	readonly readFuses: () => Promise<FuseBytes>;
	readonly readLock: () => Promise<number>;
	/** Both of them from the same two readings. */
	readonly readFusesAndLock?: () => Promise<{readonly fuses: FuseBytes; readonly lock: number}>;
	/**
	 * Writes one fuse byte (absent bits as 1), waits, reads all of them back twice. Another byte that was hit is set back
	 * before any RESET pulse. Throws FuseReadback. Never judges.
	 */
	readonly writeFuse: (fuse: FuseName, value: number, onStray?: OnStray) => Promise<void>;
	/** Writes the lock byte (absent bits as 1) and reads it and the fuses back under the mask. Throws FuseReadback. */
	readonly writeLock: (value: number, onStray?: OnStray) => Promise<void>;
	/** Leaves programming mode and enters it again, slowly (a changed clock fuse takes effect here). */
	readonly reenter: () => Promise<void>;
	/** Reads signature, fuses and a page `readings` times (a few unless told) and throws UnstableLink when two differ. */
	readonly testLink?: (readings?: number) => Promise<void>;
	/** What was worth saying since the last call (SCK fixed, a unit repeated …), oldest first. */
	readonly takeNotes?: () => readonly TargetNote[];
	/** Leaves programming mode; the application starts. Safe to call twice and after any failure. */
	readonly leave: () => Promise<void>;
	/** leave(), then closes; RESET stays low where a stray fuse byte could not be set back. Never throws. */
	readonly close: () => Promise<void>;
};
