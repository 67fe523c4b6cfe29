// What the programmer drivers share.
import {UnbrickError} from '../errors.ts';

/** Bits on the SPI wires for each flash or EEPROM byte: one instruction of four bytes. */
const bitsPerByte = 32;

/**
 * Longest reasonable time of a block over a programmer that shifts it at `sckHz`: three times the shifting and half
 * a second, ms. Source: performance notes 3.
 */
export function blockTimeoutMs(bytes: number, sckHz: number): number {
	return Math.ceil((bytes * bitsPerByte * 3000) / sckHz) + 500;
}

/** The fastest step not above `askedHz`, or the slowest there is. `stepsHz` rises. */
export function stepAtMost(stepsHz: readonly number[], askedHz: number): number {
	return stepsHz.findLast(step => step <= askedHz) ?? stepsHz[0]!;
}

/** Throws BadReply unless the reply is `length` bytes long. */
export function exactly(reply: Uint8Array, length: number, command: string): Uint8Array {
	if (reply.length === length) return reply;
	throw new UnbrickError({
		kind: 'BadReply',
		command,
		expected: `${length} bytes`,
		got: reply.subarray(0, 16),
	});
}

/** A target left in RESET is a dead board to a person: one fault on the way out is not the last word. */
const leaveTries = 2;

/** Leaves, again after a fault, and swallows everything but DeviceGone: for whatever happened before. */
export async function leaveQuietly(work: () => Promise<unknown>): Promise<void> {
	for (let attempt = 1; attempt <= leaveTries; attempt++) {
		try {
			await work();
			return;
		} catch (error) {
			if (error instanceof UnbrickError && error.kind === 'DeviceGone') throw error;
		}
	}
}

/** For close(): leaves (unless RESET is to be held), then closes, whatever either says. */
export async function closeQuietly(
	leave: () => Promise<unknown>,
	close: () => Promise<unknown>,
	how?: {readonly hold: boolean},
): Promise<void> {
	if (how?.hold !== true) await leave().catch(() => {});
	await close().catch(() => {});
}
