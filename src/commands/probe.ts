// `probe`: who answers on the wires, and if nobody does, which wire to look at.
import {UnbrickError} from '../engine/errors.ts';
import {probe} from '../engine/procedures/probe.ts';
import {createWorld} from '../io/world.ts';
import {createEventLog, exitCodeOfResult, playEvents} from './events.ts';
import type {ExitCode} from './exit-codes.ts';
import {openTarget, parseHardware} from './hardware.ts';
import type {HardwareOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';

export async function probeCommand(output: Output, options: HardwareOptions): Promise<ExitCode> {
	const hardware = parseHardware(options);
	const world = createWorld();
	const result = await playEvents(
		output,
		createEventLog(options.log),
		probe(hardware.chip, {
			connect: () => openTarget(world, hardware),
			clock: world.clock,
			programmer: hardware.name,
		}),
	);
	if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a probe ends in a result'});
	if (result.ok) output.say('The chip answers and the wires are right.');
	else sayFailure(output, result);
	return exitCodeOfResult(result);
}
