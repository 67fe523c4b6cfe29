// Where words go. With `--json` stdout carries JSON and nothing else, and people read stderr; without it
// people read stdout, and stderr has what went wrong.
import {describeChipState} from '../engine/advice.ts';
import {printable, printableJson} from '../engine/printable.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';
import {type Sink, sinkOf} from '../io/sink.ts';

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

/** The output of this process. */
export function createOutput(options: {readonly json?: boolean | undefined}): Output {
	const json = options.json === true;
	const [stdout, stderr] = [sinkOf(process.stdout, loseWords), sinkOf(process.stderr, () => {})];
	const people = json ? process.stderr : process.stdout;
	const columns = people.isTTY ? (people.columns ?? 80) : 80;
	return outputTo({json, stdout, stderr, toTerminal: people.isTTY, columns});
}

/** Why stdout did not take everything, as the system says it. A reader that has gone is no such reason. */
let lost: string | undefined;

/** A pipe without a reader; a terminal that was closed (EIO; ENXIO, EBADF on some systems). */
const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ENXIO', 'EBADF']);

function loseWords(error: NodeJS.ErrnoException): void {
	if (!closedCodes.has(error.code)) lost ??= error.message;
}

/** Words that cannot be written (a full disk, a reader that has gone) never end the work. Once, before the first one. */
export function keepGoingUnheard(): void {
	process.stdout.on('error', loseWords);
	process.stderr.on('error', () => {});
}

/** True when a part of what was said on stdout went nowhere; told on stderr. */
export async function tellLostWords(): Promise<boolean> {
	// Node tells of a write that failed after the turn in which it was made.
	await new Promise(resolve => setImmediate(resolve));
	if (lost === undefined) return false;
	process.stderr.write(`Not all of what was to go to stdout could be written: ${printable(lost)}\n`);
	return true;
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
	output.complain([describeChipState(result.chipState), result.stateNote].filter(Boolean).join(' '));
	if (result.resume !== undefined) output.complain(result.resume);
	if (result.backup) output.complain(`The backup is in ${result.backup}`);
}
