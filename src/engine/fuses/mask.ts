// Fuse bytes under their masks: absent bits are written as 1 and never compared.
import type {Chip, FuseByte, FuseName} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import type {FuseBytes} from '../target.ts';

/** Fuse bytes in the order in which they are written: clock last (facts, section A6). */
export const fuseWriteOrder: readonly FuseName[] = ['extended', 'high', 'low'];

/** The fuse bytes that a chip has, low first. */
export function fuseNames(chip: Chip): readonly FuseName[] {
	return (['low', 'high', 'extended'] as const).filter(fuse => chip.fuses[fuse] !== undefined);
}

function fuseByte(chip: Chip, fuse: FuseName): FuseByte {
	const byte = chip.fuses[fuse];
	if (byte === undefined)
		throw new UnbrickError({kind: 'Bug', assumed: `${chip.name} has no ${fuse} fuse byte`});
	return byte;
}

/** The byte to send for a wanted value 0..255: implemented bits as wanted, absent bits 1. */
export function fuseToWrite(chip: Chip, fuse: FuseName, value: number): number {
	const {mask} = fuseByte(chip, fuse);
	return (value & mask) | (~mask & 0xff);
}

/** True when two values are the same setting: equal under the mask of implemented bits. */
export function sameFuse(chip: Chip, fuse: FuseName, a: number, b: number): boolean {
	const {mask} = fuseByte(chip, fuse);
	return (a & mask) === (b & mask);
}

/** True when two triples are the same setting in every byte that the chip has and both give. */
export function sameFuses(chip: Chip, a: FuseBytes, b: FuseBytes): boolean {
	return fuseNames(chip).every(fuse => {
		const left = a[fuse];
		const right = b[fuse];
		return left === undefined || right === undefined ? left === right : sameFuse(chip, fuse, left, right);
	});
}

/** The lock byte to send: absent bits 1 (facts, section C). */
export function lockToWrite(chip: Chip, value: number): number {
	return (value & chip.lock.mask) | (~chip.lock.mask & 0xff);
}

/** True when two lock bytes are the same under the mask. */
export function sameLock(chip: Chip, a: number, b: number): boolean {
	return (a & chip.lock.mask) === (b & chip.lock.mask);
}
