// How long a recovery takes, roughly: to say it before it starts.
import type {ProgrammerId} from '../engine/isp/link.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';

/**
 * Bytes a second, writing and reading, out of the usual time for 32 KB. Computed from the protocols' round trips
 * and wire speeds (STK500v1 at 19200 baud: 35 s and 27 s; over CDC 18 s and 10.5 s; USBasp 6 and 5 s; USBtiny 10
 * and 6 s; Bus Pirate in binary SPI mode 13 s and 13 s; AVRISP mkII 3 and 2 s).
 */
const rates: Readonly<Record<ProgrammerId, {readonly write: number; readonly read: number}>> = {
	'arduino-isp': {write: 936, read: 1214},
	avrisp: {write: 1820, read: 3120},
	usbasp: {write: 5461, read: 6554},
	usbtiny: {write: 3277, read: 5461},
	buspirate: {write: 2521, read: 2521},
	avrispmkii: {write: 10_923, read: 16_384},
};

/** Finding the chip, its speed, testing the link, fuses, the second look at the end. */
const aroundSeconds = 4;

/** Each block of a backup is read until two readings agree. */
const backupReadings = 2;

/** Seconds, rough. */
export function estimateSeconds(plan: RecoveryPlan, driver: ProgrammerId): number {
	const {write, read} = rates[driver];
	const imageBytes = plan.image?.byteCount ?? 0;
	const flash = plan.chip.flash.bytes;
	const backup = plan.backup === 'none' ? 0 : (backupReadings * (flash + plan.chip.eeprom.bytes)) / read;
	const written = imageBytes / write;
	const verified = plan.verify === 'none' ? 0 : (plan.verify === 'full' ? flash : imageBytes) / read;
	return aroundSeconds + backup + written + verified;
}
