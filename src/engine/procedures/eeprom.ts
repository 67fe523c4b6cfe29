// Setting the EEPROM right and reading it back.
import {sameBytes} from '../bytes.ts';
import type {Cancel} from '../cancel.ts';
import type {Target} from '../target.ts';
import {readAgreed} from './backup.ts';
import type {RecoverEvent} from './events.ts';
import {streaming} from './streaming.ts';
import {mismatch} from './verify.ts';

/** Writing the EEPROM goes on at a multiple of this: no page of any chip is longer (8 bytes). */
const eepromBlockBytes = 32;

/**
 * Compares the EEPROM with what it should hold and sets it right. Says so where nobody knows what that is.
 * @throws UnbrickError VerifyMismatch
 */
export async function* proveEeprom(
	target: Target,
	should: Uint8Array | undefined,
	doubted: boolean,
	stop: Cancel,
	abandon: () => void,
): AsyncGenerator<RecoverEvent> {
	if (should === undefined) {
		if (!doubted) return;
		yield {
			type: 'warning',
			code: 'eeprom-unknown',
			message:
				'Instructions were disturbed, and nobody has read what the EEPROM held before: whether it is still the same is not known.',
		};
		return;
	}
	let got = await target.readRange('eeprom', 0, should.length);
	if (!sameBytes(got, should)) got = await readAgreed(target, 'eeprom', 0, should.length);
	const wrong = should.filter((byte, at) => byte !== got[at]).length;
	if (wrong === 0) return;
	yield* restoreEepromBytes(target, should, stop, abandon);
	yield {
		type: 'warning',
		code: 'eeprom-repaired',
		message: `${wrong} bytes of the EEPROM read otherwise than they should, as a disturbed instruction leaves them; it holds again what it should.`,
	};
}

/** Writes EEPROM content and reads it back; one difference is written once more. Throws VerifyMismatch. */
export async function* restoreEepromBytes(
	target: Target,
	content: Uint8Array,
	stop: Cancel,
	abandon: () => void,
	/** What is there, where that was read: what is right up to the first difference is left alone. */
	there?: Uint8Array,
): AsyncGenerator<RecoverEvent> {
	const differing = there === undefined ? 0 : content.findIndex((byte, at) => byte !== there[at]);
	const first = differing === -1 ? content.length : differing - (differing % eepromBlockBytes);
	for (let attempt = 1; ; attempt++) {
		const from = attempt === 1 ? first : 0;
		yield* streaming<RecoverEvent, void>(
			emit =>
				target.writeEeprom(from, content.subarray(from), {
					onProgress: (doneBytes, totalBytes) =>
						emit({type: 'progress', phase: 'eeprom', doneBytes, totalBytes}),
					cancel: stop,
				}),
			abandon,
		);
		const got = await target.readRange('eeprom', 0, content.length);
		if (sameBytes(got, content)) return;
		if (attempt === 2) throw mismatch('eeprom', 0, content, got);
	}
}
