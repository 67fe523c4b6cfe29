// `restore FILE`: a backup back onto the kind of chip it came from.
import {parseBackup} from '../engine/image/backup-file.ts';
import {planRestore} from '../engine/procedures/restore.ts';
import {createEventLog, tellFailure} from './events.ts';
import type {ExitCode} from './exit-codes.ts';
import {UsageError} from './exit-codes.ts';
import {readNamedFile} from './files.ts';
import {parseHardware} from './hardware.ts';
import type {RestoreOptions} from './options.ts';
import type {Output} from './output.ts';
import {parseRisk} from './parse.ts';
import {runPlan} from './run-plan.ts';

export async function restoreCommand(
	output: Output,
	file: string,
	options: RestoreOptions,
): Promise<ExitCode> {
	const hardware = parseHardware(options);
	const accepted = new Set(options.accept.map(parseRisk));
	const log = createEventLog(options.log, output);
	let plan: ReturnType<typeof planRestore>;
	try {
		const backup = parseBackup(new TextDecoder().decode(await readNamedFile(file)), file);
		if (hardware.chip !== undefined && hardware.chip.id !== backup.chip) {
			throw new UsageError(`${file} is of an ${backup.chip}, but an ${hardware.chip.id} is asked for.`);
		}
		plan = planRestore(backup, {
			programmer: hardware.programmer?.id ?? hardware.name,
			...(hardware.board === undefined ? {} : {board: hardware.board}),
			accepted,
			sck: hardware.sck,
			name: file,
		});
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error, {programmer: hardware.name});
	}
	return runPlan(output, log, plan, hardware, options, {restores: true});
}
