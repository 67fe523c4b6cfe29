// Where a named field sits on a chip, and what it holds.
import type {BitField, Chip, FuseName} from '../chips/chip.ts';
import type {FuseBytes} from '../target.ts';
import {fuseNames} from './mask.ts';

/** A field with the byte that holds it. */
export type PlacedField = BitField & {readonly fuse: FuseName};

const placedByChip = new WeakMap<Chip, readonly PlacedField[]>();

/** Every fuse field of a chip, low byte first, high bits first. */
export function fuseFields(chip: Chip): readonly PlacedField[] {
	let placed = placedByChip.get(chip);
	if (placed === undefined) {
		placed = fuseNames(chip).flatMap(fuse =>
			(chip.fuses[fuse]?.fields ?? []).map(field => ({...field, fuse})),
		);
		placedByChip.set(chip, placed);
	}
	return placed;
}

/** The field of a name, or undefined when the chip has none: the same bit is another fuse on another chip. */
export function findField(chip: Chip, name: string): PlacedField | undefined {
	return fuseFields(chip).find(field => field.name === name);
}

/** Lowest bit number of a mask. */
export function lowestBit(mask: number): number {
	return 31 - Math.clz32(mask & -mask);
}

/** What a field holds, shifted to bit 0; undefined when the chip has no such field or the byte is not given. */
export function fieldValue(chip: Chip, bytes: FuseBytes, name: string): number | undefined {
	const field = findField(chip, name);
	const byte = field === undefined ? undefined : bytes[field.fuse];
	if (field === undefined || byte === undefined) return undefined;
	return (byte & field.mask) >> lowestBit(field.mask);
}

/** A one-bit field: true programmed (0), false unprogrammed (1), undefined when absent. */
export function isProgrammed(chip: Chip, bytes: FuseBytes, name: string): boolean | undefined {
	const value = fieldValue(chip, bytes, name);
	return value === undefined ? undefined : value === 0;
}

/** SUT takes the two bits above CKSEL; CKSEL has the rest of the field (four bits; two on ATtiny13). */
const sutBits = 2;

/**
 * Datasheet name of one bit of a field, counted from the field's own bit 0: `CKSEL0`, `SUT1`, `BOOTSZ0`,
 * `BODLEVEL2`; a one-bit field keeps its name.
 */
export function bitName(field: BitField, index: number): string {
	const width = 32 - Math.clz32(field.mask >> lowestBit(field.mask));
	if (field.name === 'SUT_CKSEL') {
		const ckselBits = width - sutBits;
		return index < ckselBits ? `CKSEL${index}` : `SUT${index - ckselBits}`;
	}
	return width === 1 ? field.name : `${field.name}${index}`;
}
