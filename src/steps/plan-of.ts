// The recovery plan out of what the wizard knows. Pure.
import type {RiskName} from '../engine/errors.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {planRestore} from '../engine/procedures/restore.ts';
import {programmerIdOf} from './contact.ts';
import type {Known} from './step.ts';

/** Lock bits that forbid reading: no backup can be made. */
export function isLocked(known: Known): boolean {
	const lock = known.identify?.identity.lock;
	return lock !== undefined && (lock & 0b11) !== 0b11;
}

/** Undefined while something is still to be asked. */
export function planOf(known: Known, moreAccepted: readonly RiskName[] = []): RecoveryPlan | undefined {
	const {identify, programmer, image, fuses, board} = known;
	if (identify === undefined || programmer === undefined || image === undefined || fuses === undefined) {
		return undefined;
	}
	const accepted = new Set([...fuses.accepted, ...(known.review?.accepted ?? []), ...moreAccepted]);
	const {targetVolts} = identify.identity;
	const {restore} = image;
	if (restore !== undefined && restore.chip === identify.chip.id) {
		const plan = planRestore(restore, {
			programmer: programmerIdOf(programmer),
			...(board?.board === undefined ? {} : {board: board.board}),
			accepted,
			name: image.name,
			...(targetVolts === null ? {} : {programmingVolts: targetVolts}),
		});
		// Somebody who has chosen other fuses since is not given those of the backup.
		return fuses.fuses === restore.fuses ? plan : {...plan, fuses: fuses.fuses, ownBackup: false};
	}
	return {
		programmer: programmerIdOf(programmer),
		chip: identify.chip,
		...(board?.board === undefined ? {} : {board: board.board}),
		...(image.image === undefined ? {} : {image: image.image, imageName: image.name}),
		...(image.bootloader === undefined ? {} : {bootloader: image.bootloader}),
		fuses: fuses.fuses,
		backup: 'auto',
		erase: image.image !== undefined,
		verify: 'written',
		restoreEeprom: true,
		accepted,
		sck: 'auto',
		...(targetVolts === null ? {} : {programmingVolts: targetVolts}),
	};
}
