// Verdicts are values: what a fuse change means, and whether it may be done.
import type {Board} from '../boards/board.ts';
import type {FuseName} from '../chips/chip.ts';
import type {RiskName} from '../errors.ts';
import type {MemoryImage} from '../image/memory-image.ts';

export type Verdict = 'safe' | 'consent' | 'refuse';

export type FuseReason = {
	readonly severity: 'refuse' | 'consent' | 'note';
	/** For consent: the risk to accept by name. */
	readonly risk?: RiskName;
	/** Stable short name of the rule: `spien`, `reserved-clock`, `bod-above-supply`, `bootrst-unreachable` … */
	readonly rule: string;
	/** Datasheet name of the bit or field: `BOOTRST`. */
	readonly bit: string;
	/** One or two sentences: names the bit and the consequence, and whether ISP can undo it. */
	readonly text: string;
};

export type FuseAssessment = {readonly verdict: Verdict; readonly reasons: readonly FuseReason[]};

/** What the judge may know besides the bytes. Everything optional: less knowledge, more caution. */
export type FuseContext = {
	readonly board?: Board;
	/** Id of the bootloader that will be on the board, or `none`. Left out: the board's own is meant. */
	readonly bootloader?: string;
	/** The flash as it will be (image merged over what stays), to see whether the boot section holds anything. */
	readonly image?: MemoryImage;
	/** Supply during programming, volts. */
	readonly programmingVolts?: number;
	/** Slowest SCK of the programmer in use, Hz. Left out: the usual 125 kHz is expected, and asked about. */
	readonly programmerMinSckHz?: number;
	/** True when `to` is this very board's own backup (A3, last point). */
	readonly ownBackup?: boolean;
};

/** One bit, in words. */
export type DecodedBit = {
	/** `CKSEL0`, `BOOTSZ1`, `SPIEN` … */
	readonly name: string;
	readonly byte: FuseName;
	/** Bit number 0..7. */
	readonly bit: number;
	/** True when the bit reads 0. */
	readonly programmed: boolean;
	readonly meaning: string;
};

export type DecodedClock = {
	readonly source:
		| 'crystal'
		| 'resonator'
		| 'internal'
		| 'external-clock'
		| 'external-rc'
		| 'pll'
		| 'low-frequency-crystal'
		| 'reserved';
	/** For a fixed internal source both are the nominal frequency. */
	readonly minMHz: number | null;
	readonly maxMHz: number | null;
	readonly dividedBy: 1 | 8;
	readonly startup: string;
};

export type DecodedFuses = {
	readonly bits: readonly DecodedBit[];
	readonly clock: DecodedClock;
	/** Null: detector off. Undefined: reserved code. */
	readonly brownOutVolts: number | null | undefined;
	/** Null on chips without a boot section. */
	readonly bootSection: {readonly startByteAddress: number; readonly bytes: number} | null;
	/** Where the chip starts after reset: true = boot section. */
	readonly resetsToBoot: boolean;
	/** HWB low at reset enters the boot section; null where there is no HWB. */
	readonly hwbEntry: boolean | null;
};
