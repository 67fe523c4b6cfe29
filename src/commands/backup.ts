// `backup -o FILE`: everything readable of the target.
import {UnbrickError} from '../engine/errors.ts';
import {backup} from '../engine/procedures/backup.ts';
import {findReferences} from '../io/catalogue.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import {createEventLog, exitCodeOfResult, playEvents, withCancel} from './events.ts';
import type {ExitCode} from './exit-codes.ts';
import {absolutePath, checkPlaces} from './files.ts';
import {openTarget, parseHardware} from './hardware.ts';
import type {BackupOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';
import {programName} from './version.ts';

export async function backupCommand(output: Output, options: BackupOptions): Promise<ExitCode> {
	const hardware = parseHardware(options);
	const file = absolutePath(options.output);
	await checkPlaces(file);
	const world = createWorld();
	return withCancel(output, async cancel => {
		const result = await playEvents(
			output,
			createEventLog(options.log, output),
			backup(
				{
					programmer: hardware.name,
					...(hardware.chip === undefined ? {} : {chip: hardware.chip}),
					...(hardware.board === undefined ? {} : {board: hardware.board.id}),
					path: file,
				},
				{
					connect: () => openTarget(world, hardware),
					store: createStore(),
					clock: world.clock,
					cancel,
					program: programName,
					references: chip => findReferences(chip),
				},
			),
		);
		if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'a backup ends in a result'});
		if (result.ok) output.say(`Everything readable is in ${result.backup}, read back and equal.`);
		else sayFailure(output, result);
		return exitCodeOfResult(result);
	});
}
