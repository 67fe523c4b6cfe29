// Where words go. With `--json` stdout carries JSON and nothing else, and people read stderr; without it
// people read stdout, and stderr has what went wrong.
import {describeChipState} from '../engine/advice.ts';
import {printable, printableJson} from '../engine/printable.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';

type Sink = {readonly write: (text: string) => unknown};

export type Output = {
	readonly json: boolean;
	/** True when a person at a terminal reads `say`. */
	readonly toTerminal: boolean;
	/** Columns of the terminal that people read; 80 elsewhere. */
	readonly columns: number;
	/** A line for a person. What a terminal would obey is taken out: names and texts from outside may be in it. */
	readonly say: (line?: string) => void;
	/** Text of our own as it is, with colours or over several lines. Never anything from outside. */
	readonly print: (text: string) => void;
	/** A line on stderr, whatever the mode; made printable as `say` does. */
	readonly complain: (line: string) => void;
	/** The one JSON value of a short command; silent without `--json`. */
	readonly value: (value: unknown) => void;
	/** One JSON object on a line of its own; silent without `--json`. */
	readonly event: (event: {readonly type: string}) => void;
};

/** The output of this process. A reader that has gone (`| head`, a closed terminal) is no error of ours. */
export function createOutput(options: {readonly json?: boolean | undefined}): Output {
	const json = options.json === true;
	for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedReader);
	const people = json ? process.stderr : process.stdout;
	const columns = people.isTTY ? (people.columns ?? 80) : 80;
	return outputTo({json, stdout: process.stdout, stderr: process.stderr, toTerminal: people.isTTY, columns});
}

const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ENXIO', 'EBADF']);

function ignoreClosedReader(error: NodeJS.ErrnoException): void {
	// A pipe without a reader; a terminal that was closed (EIO; ENXIO, EBADF on some systems).
	if (!closedCodes.has(error.code)) throw error;
}

/** The same over any two sinks. */
export function outputTo(to: {
	readonly json: boolean;
	readonly stdout: Sink;
	readonly stderr: Sink;
	readonly toTerminal?: boolean;
	readonly columns?: number;
}): Output {
	const people = to.json ? to.stderr : to.stdout;
	return {
		json: to.json,
		toTerminal: to.toTerminal === true,
		columns: to.columns ?? 80,
		say: (line = '') => void people.write(`${printable(line)}\n`),
		print: text => void people.write(`${text}\n`),
		complain: line => void to.stderr.write(`${printable(line)}\n`),
		value(value) {
			if (to.json) to.stdout.write(`${printableJson(value)}\n`);
		},
		event(event) {
			if (to.json) to.stdout.write(`${printableJson(event)}\n`);
		},
	};
}

/** The failure as people read it: what happened, why most likely, what to try, and the chip's state. */
export function sayFailure(output: Output, result: Extract<RecoverResult, {ok: false}>): void {
	output.complain(`It failed: ${result.error.message} (${result.error.kind})`);
	for (const [heading, lines] of [
		['Most likely:', result.error.likely],
		['Next:', result.error.next],
	] as const) {
		if (lines.length === 0) continue;
		output.complain(heading);
		lines.forEach((line, index) => {
			output.complain(`  ${index + 1}. ${line}`);
		});
	}
	output.complain(describeChipState(result.chipState));
	if (result.resume !== undefined) output.complain(result.resume);
	if (result.backup) output.complain(`The backup is in ${result.backup}`);
}
