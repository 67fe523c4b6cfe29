// A look at the wired target: signature, fuses, lock bits; or what is wrong with the wires. Writes nothing.
import {hexByte} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import type {Target} from '../target.ts';
import type {RecoverEvent, RecoverResult} from './events.ts';
import {failureResult, fuseText, identityEvent} from './results.ts';

export type ProbeDeps = {
	readonly connect: () => Promise<Target>;
	readonly clock: Clock;
	/** For the advice. */
	readonly programmer?: string;
};

/**
 * Identifies the target. Yields `identity` and ends in exactly one `result`; throws nothing; closes the target.
 * @param chip what is expected; another signature is then an error
 */
export async function* probe(chip: Chip | undefined, deps: ProbeDeps): AsyncGenerator<RecoverEvent, void> {
	const beganMs = deps.clock.nowMs();
	const seconds = () => Math.round((deps.clock.nowMs() - beganMs) / 100) / 10;
	let target: Target | undefined;
	let result: RecoverResult;
	try {
		yield {type: 'phase', phase: 'connect'};
		target = await deps.connect();
		yield {type: 'phase', phase: 'identify'};
		const identity = await target.identify(chip);
		for (const {code, message} of target.takeNotes?.() ?? []) yield {type: 'warning', code, message};
		yield identityEvent(identity);
		yield {type: 'phase', phase: 'leave'};
		await target.leave();
		result = {
			type: 'result',
			ok: true,
			chip: identity.chip?.id ?? 'unknown',
			imageBytes: 0,
			writtenBytes: 0,
			verifiedBytes: 0,
			fuses: fuseText(identity.fuses),
			lock: hexByte(identity.lock),
			backup: null,
			seconds: seconds(),
			chipState: 'untouched',
		};
	} catch (thrown) {
		result = failureResult(thrown, {programmer: deps.programmer, seconds: seconds()});
	} finally {
		await target?.close();
	}
	yield result;
}
