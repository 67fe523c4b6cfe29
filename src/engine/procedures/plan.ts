// The recovery plan: pure data, printable, judged before anything is touched.
import type {Board} from '../boards/board.ts';
import type {Chip, FuseName} from '../chips/chip.ts';
import type {RiskName} from '../errors.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {ProgrammerId} from '../isp/link.ts';
import type {FuseBytes} from '../target.ts';

export type RecoveryPlan = {
	readonly programmer: ProgrammerId | string;
	readonly chip: Chip;
	readonly board?: Board;
	/** Absent: the fuse-repair plan (no erase, no flash write). */
	readonly image?: MemoryImage;
	/** How the image is called to a person: file name or bootloader name. */
	readonly imageName?: string;
	/** Bootloader that the board will have afterwards, when known. */
	readonly bootloader?: string;
	/** `keep`: leave (or restore after the erase) what is there. */
	readonly fuses: 'keep' | FuseBytes;
	/** Undefined: lock bits untouched. */
	readonly lock?: number;
	/** `none` is a word of its own for going without. A path is used as is; `auto` names a file in the state folder. */
	readonly backup: 'auto' | 'none' | {readonly path: string};
	readonly erase: boolean;
	readonly verify: 'full' | 'written' | 'none';
	/** Write the EEPROM back when the erase took it. */
	readonly restoreEeprom: boolean;
	/** EEPROM content to write in place of what the erase took (restore). */
	readonly eeprom?: Uint8Array;
	/** True when `fuses` is this very board's own backup (facts A3, last point). */
	readonly ownBackup?: boolean;
	/** Goes on with an interrupted recovery (see journal.ts). */
	readonly resume?: {
		/** The chip erase had ended: pages may be kept. */
		readonly erased: boolean;
		/** The backup made then. */
		readonly backup: string | null;
		/** SHA-256 of its text. */
		readonly backupSha256?: string;
		/** The journal that this plan is from; others may wait, of boards like this one. */
		readonly journal?: string;
		/** By the rest the chip is known again: it was so before the first change. */
		readonly before?: FuseBytes;
		/** Fuse writes that were begun, in order; all but the last were read back. */
		readonly fuseWrites?: readonly {readonly fuse: FuseName; readonly value: number}[];
		/** Pages of the image written, by the journal, in the order of their addresses. */
		readonly pages?: number | 'all';
		/** The flash before an erase, from the backup made before the first one and from those made since. */
		readonly flashesBefore?: readonly Uint8Array[];
		/** The EEPROM before the first erase, from the backup: it is written back. */
		readonly eepromBefore?: Uint8Array;
		/** What the interrupted run was writing, where this plan writes something else. */
		readonly written?: MemoryImage;
		/** More was written since than `pages` says, and not in the order of addresses: an earlier resume. */
		readonly scattered?: boolean;
		/** Why the backup cannot be used, where the EEPROM hangs on it. */
		readonly lost?: string;
		readonly lockBefore?: number;
		/** A disturbed instruction has erased the chip, or begun to, in a recovery whose plan erases nothing. */
		readonly strayErase?: true;
		/** Writing the lock byte had begun. */
		readonly lockBegun?: boolean;
	};
	/** Risks accepted by name. */
	readonly accepted: ReadonlySet<RiskName>;
	/** Asked-for SCK, Hz; `auto` finds it. */
	readonly sck: 'auto' | number;
	/** Supply during programming, volts, where known. */
	readonly programmingVolts?: number;
};
