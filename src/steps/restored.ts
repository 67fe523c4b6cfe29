// What a backup brings back: after it the board has the bootloader of the backup, or none.

import {findChip} from '../engine/chips/index.ts';
import type {Backup} from '../engine/image/backup-file.ts';
import {inspectFlash} from '../engine/image/inspect.ts';
import type {Known} from './step.ts';

export type Restored = {
	/** Id of the bootloader in the backup, where it is one that is known. */
	readonly bootloader?: string;
	/** True when the flash of the backup was read and holds no bootloader. */
	readonly bare: boolean;
};

/** A backup does not change, and screens are drawn often. */
const seen = new WeakMap<Backup, Restored>();

/** Undefined when what is or was written is no backup. */
export function restoredBy({image}: Known): Restored | undefined {
	const backup = image?.restore;
	if (backup === undefined) return undefined;
	const before = seen.get(backup);
	if (before !== undefined) return before;
	const chip = findChip(backup.chip);
	let restored: Restored = {bare: false};
	if (backup.flash !== null && chip !== undefined) {
		const {verdict, bootloader} = inspectFlash(backup.flash, chip, {fuses: backup.fuses});
		const id = bootloader?.id;
		restored = {
			bare: verdict === 'none',
			...(id === undefined || id === 'unknown' ? {} : {bootloader: id}),
		};
	}
	seen.set(backup, restored);
	return restored;
}
