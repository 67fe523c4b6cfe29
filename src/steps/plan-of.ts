// The recovery plan out of what the wizard knows. Pure.
import type {RiskName} from '../engine/errors.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {driverOf} from './contact.ts';
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
	return {
		programmer: driverOf(programmer),
		chip: identify.chip,
		...(board?.board === undefined ? {} : {board: board.board}),
		...(image.image === undefined ? {} : {image: image.image, imageName: image.name}),
		...(image.bootloader === undefined ? {} : {bootloader: image.bootloader}),
		fuses: fuses.fuses,
		backup: 'auto',
		erase: image.image !== undefined,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set([...fuses.accepted, ...(known.review?.accepted ?? []), ...moreAccepted]),
		sck: 'auto',
		...(identify.identity.targetVolts === null ? {} : {programmingVolts: identify.identity.targetVolts}),
	};
}
