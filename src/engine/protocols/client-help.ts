// What the bootloader clients share: the bounds of an application, and what a transfer fault means.
import {sameBytes} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {chipsBySignature} from '../chips/index.ts';
import {UnbrickError} from '../errors.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import {TransferFault} from '../transports.ts';

/**
 * Throws unless the whole image lies in the application area: BadHex when it is empty, ImageTooLarge beyond the
 * flash, OverlapsBootloader at or above `bootStart`. Nothing has been sent when it throws.
 */
export function checkApplication(
	image: MemoryImage,
	{chip, bootStart}: {readonly chip: Chip; readonly bootStart: number},
): void {
	if (image.byteCount === 0)
		throw new UnbrickError({kind: 'BadHex', file: 'the image', reason: 'it holds no data'});
	if (image.end > chip.flash.bytes) {
		throw new UnbrickError({
			kind: 'ImageTooLarge',
			byteAddress: image.end - 1,
			limitBytes: chip.flash.bytes,
			what: `The image for ${chip.name}`,
		});
	}
	if (image.end > bootStart) {
		const overlap = image.ranges.find(range => range.end > bootStart)!;
		throw new UnbrickError({
			kind: 'OverlapsBootloader',
			byteAddress: Math.max(overlap.start, bootStart),
			bootStart,
		});
	}
}

/** Throws WrongSignature when a loader says that it runs on another chip than the one to be flashed. */
export function checkSignature(chip: Chip, signature: Uint8Array): void {
	if (sameBytes(chip.signature, signature)) return;
	const [other] = chipsBySignature(signature);
	throw new UnbrickError({
		kind: 'WrongSignature',
		expected: Uint8Array.from(chip.signature),
		expectedChip: chip.name,
		got: signature,
		...(other === undefined ? {} : {gotChip: other.name}),
	});
}

/**
 * Throws NotAProgrammer when a HID loader takes reports of another length than this chip's: two address bytes and one
 * page. Where the system does not tell the length, nothing is known.
 */
export function checkReportBytes(chip: Chip, loader: string, outputBytes: number | undefined): void {
	const addressBytes = 2;
	if (outputBytes === undefined || outputBytes === chip.flash.pageBytes + addressBytes) return;
	throw new UnbrickError({
		kind: 'NotAProgrammer',
		expected: `${loader} on ${chip.name}, with pages of ${chip.flash.pageBytes} bytes`,
		got: `pages of ${outputBytes - addressBytes} bytes`,
	});
}

/** Turns a TransferFault into the typed error it means here; everything else passes through. */
export function pipeFault(
	error: unknown,
	context: {readonly where: string; readonly command: string; readonly timeoutMs: number},
): unknown {
	if (!(error instanceof TransferFault)) return error;
	const cause = {cause: error};
	switch (error.reason) {
		case 'gone':
			return new UnbrickError({kind: 'DeviceGone', path: context.where, during: context.command}, cause);
		case 'timeout':
			return new UnbrickError(
				{kind: 'Timeout', command: context.command, waitedMs: context.timeoutMs},
				cause,
			);
		case 'stall':
			return new UnbrickError(
				{kind: 'Refused', command: context.command, why: 'the device stalls the request'},
				cause,
			);
		case 'io':
			return new UnbrickError(
				{kind: 'BadReply', command: context.command, expected: 'a clean transfer', got: new Uint8Array(0)},
				cause,
			);
	}
}
