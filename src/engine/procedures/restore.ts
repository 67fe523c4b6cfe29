// Bringing a backup back: a recovery whose image, EEPROM, fuses and lock bits are those of the file. The fuses are
// judged again, as this board's own; the chip is backed up first like in every recovery.
import type {Board} from '../boards/board.ts';
import {findChip} from '../chips/index.ts';
import {type RiskName, UnbrickError} from '../errors.ts';
import {sameLock} from '../fuses/mask.ts';
import type {Backup} from '../image/backup-file.ts';
import {createImage} from '../image/memory-image.ts';
import type {RecoveryPlan} from './plan.ts';

export type RestoreOptions = {
	readonly programmer: string;
	readonly board?: Board;
	readonly accepted: ReadonlySet<RiskName>;
	/** Where the backup of what is on the chip now goes. */
	readonly backup?: RecoveryPlan['backup'];
	readonly sck?: RecoveryPlan['sck'];
	readonly verify?: RecoveryPlan['verify'];
	readonly programmingVolts?: number;
	/** How the file is called to a person. */
	readonly name?: string;
};

/**
 * The recovery plan of a backup; run it with `recover`. A backup of a locked chip, without flash, restores the fuses
 * alone. Throws Bug when the chip is unknown (parseBackup has checked it).
 */
export function planRestore(backup: Backup, options: RestoreOptions): RecoveryPlan {
	const chip = findChip(backup.chip);
	if (chip === undefined)
		throw new UnbrickError({kind: 'Bug', assumed: 'a parsed backup names a known chip'});
	const {flash, eeprom} = backup;
	const unlocked = 0xff;
	return {
		programmer: options.programmer,
		chip,
		...(options.board === undefined ? {} : {board: options.board}),
		...(flash === null ? {} : {image: createImage([{byteAddress: 0, data: flash}])}),
		imageName: options.name ?? 'the backup',
		fuses: backup.fuses,
		...(flash === null || sameLock(chip, backup.lock, unlocked) ? {} : {lock: backup.lock}),
		backup: options.backup ?? 'auto',
		erase: flash !== null,
		verify: options.verify ?? 'full',
		restoreEeprom: false,
		...(eeprom === null ? {} : {eeprom}),
		ownBackup: true,
		accepted: options.accepted,
		sck: options.sck ?? 'auto',
		...(options.programmingVolts === undefined ? {} : {programmingVolts: options.programmingVolts}),
	};
}
