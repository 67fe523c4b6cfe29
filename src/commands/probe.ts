// `probe`: who answers on the wires, and if nobody does, which wire to look at.
import type {Cancel} from '../engine/cancel.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {RecoverEvent} from '../engine/procedures/events.ts';
import {probe} from '../engine/procedures/probe.ts';
import {createWorld} from '../io/world.ts';
import {createEventLog, exitCodeOfResult, failureOf, playEvents, withCancel} from './events.ts';
import type {ExitCode} from './exit-codes.ts';
import {openTarget, parseHardware} from './hardware.ts';
import type {HardwareOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';

export async function probeCommand(output: Output, options: HardwareOptions): Promise<ExitCode> {
	const hardware = parseHardware(options);
	const world = createWorld();
	return withCancel(output, async cancel => {
		const events = probe(hardware.chip, {
			connect: () => openTarget(world, hardware),
			clock: world.clock,
			programmer: hardware.name,
		});
		const result = await playEvents(output, createEventLog(options.log, output), stoppable(events, cancel));
		if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a probe ends in a result'});
		if (result.ok) output.say('The chip answers and the wires are right.');
		else sayFailure(output, result);
		return exitCodeOfResult(result);
	});
}

/** A look at the chip takes seconds: it runs to its end, so that RESET is let go, and then says that it was stopped. */
async function* stoppable(events: AsyncIterable<RecoverEvent>, cancel: Cancel): AsyncGenerator<RecoverEvent> {
	for await (const event of events) {
		if (event.type === 'result' && cancel.requested) {
			yield failureOf(new UnbrickError({kind: 'Cancelled', during: 'identify'}), {seconds: event.seconds});
		} else yield event;
	}
}
