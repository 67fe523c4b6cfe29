// Events of long commands: as JSON lines for scripts, as plain lines for people, as a log file for both.
import {isatty} from 'node:tty';
import {type AdviceContext, adviseError} from '../engine/advice.ts';
import {type Cancel, createCancel} from '../engine/cancel.ts';
import {type ChipState, UnbrickError} from '../engine/errors.ts';
import {printableJson} from '../engine/printable.ts';
import type {FuseText, RecoverResult} from '../engine/procedures/events.ts';
import {createStore} from '../io/store.ts';
import {type ExitCode, exitCodeOf, exitCodes} from './exit-codes.ts';
import {absolutePath} from './files.ts';
import {type Output, sayFailure} from './output.ts';

type Event = {readonly type: string};

/** The failure result of whatever was thrown, with its advice. */
export function failureOf(
	error: unknown,
	context: AdviceContext & {readonly seconds?: number} = {},
): Extract<RecoverResult, {ok: false}> {
	const known =
		error instanceof UnbrickError
			? error
			: new UnbrickError(
					{kind: 'Bug', assumed: error instanceof Error ? error.message : String(error)},
					{cause: error},
				);
	const chipState: ChipState = context.chipState ?? 'untouched';
	const advice = adviseError(known, {...context, chipState});
	return {
		type: 'result',
		ok: false,
		error: {
			kind: known.kind,
			message: known.message,
			likely: advice.likely,
			next: advice.next,
			...(known.facts.kind === 'ConsentMissing' ? {risks: known.facts.risks} : {}),
		},
		chipState,
		seconds: context.seconds ?? 0,
	};
}

/** Exit code of a result. */
export function exitCodeOfResult(result: RecoverResult): ExitCode {
	return result.ok ? exitCodes.done : exitCodeOf(result.error.kind);
}

/** Where events go besides the screen. Progress is left out: it says nothing afterwards. */
export type EventLog = {readonly write: (event: Event) => Promise<void>};

/** A log that cannot be written any more is told once: it must not end what the chip is in the middle of. */
export function createEventLog(path: string | undefined, output: Output): EventLog {
	if (path === undefined) return {write: async () => {}};
	const store = createStore();
	const absolute = absolutePath(path);
	let failed = false;
	return {
		async write(event) {
			if (failed || event.type === 'progress') return;
			try {
				await store.appendLine(absolute, printableJson({at: store.nowIso(), ...event}));
			} catch (error) {
				failed = true;
				const reason = error instanceof Error ? error.message : String(error);
				const message = `The log ends here, the work goes on: ${reason}`;
				output.event({type: 'warning', ...{code: 'log-failed', message}});
				output.complain(`  note: ${message}`);
			}
		},
	};
}

/**
 * At its end Node sets a terminal back as it was and aborts where that has gone (lib/node ResetStdio). All is said and
 * logged by then: the end is that of any program whose terminal was closed.
 */
function endWithTerminal(): void {
	process.once('exit', () => {
		const gone = [process.stdin, process.stdout, process.stderr].some(
			stream => stream.isTTY === true && !isatty(stream.fd),
		);
		if (gone) process.kill(process.pid, 'SIGHUP');
	});
}

/** Ctrl+C, a polite kill, a terminal that was closed. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a Cancel that Ctrl+C (or a polite kill, or a closed terminal) triggers; a second Ctrl+C changes
 * nothing, because letting a page finish is what keeps the chip in a known state.
 */
export async function withCancel<T>(output: Output, work: (cancel: Cancel) => Promise<T>): Promise<T> {
	const {cancel, request} = createCancel();
	const stop = () => {
		if (!cancel.requested) output.complain('Stopping where it is safe …');
		request();
	};
	for (const signal of stopSignals) process.on(signal, stop);
	process.once('SIGHUP', endWithTerminal);
	try {
		return await work(cancel);
	} finally {
		for (const signal of stopSignals) process.off(signal, stop);
		process.off('SIGHUP', endWithTerminal);
	}
}

const phaseWords: Readonly<Record<string, string>> = {
	connect: 'Connecting',
	identify: 'Asking the chip who it is',
	backup: 'Backing up',
	erase: 'Erasing',
	write: 'Writing the flash',
	verify: 'Reading it back',
	eeprom: 'Writing the EEPROM back',
	fuses: 'Writing the fuses',
	lock: 'Writing the lock bits',
	leave: 'Letting the chip go',
};

/** Percent steps at which progress is worth drawing again. */
const percentStep = 2;

/** Shows events as they come: JSON lines, and words for people. */
export function createEventTeller(output: Output, log: EventLog) {
	let drawn = '';
	const clear = () => {
		if (drawn !== '') process.stderr.write(`\r${' '.repeat(drawn.length)}\r`);
		drawn = '';
	};
	return {
		async tell(event: Event): Promise<void> {
			// The log first: what it complains of comes before the result.
			await log.write(event);
			output.event(event);
			if (event.type === 'progress') {
				drawProgress(event as ProgressEvent);
				return;
			}
			clear();
			const words = wordsFor(event);
			if (words !== undefined) output.say(words);
		},
		clear,
	};

	function drawProgress({doneBytes, totalBytes}: ProgressEvent): void {
		if (process.stderr.isTTY !== true || totalBytes === 0) return;
		const percent = Math.floor((doneBytes / totalBytes) * 100);
		const text = `  ${percent - (percent % percentStep)} % of ${totalBytes} bytes`;
		if (text === drawn) return;
		process.stderr.write(`\r${text.padEnd(drawn.length)}`);
		drawn = text;
	}
}

type ProgressEvent = {readonly type: 'progress'; readonly doneBytes: number; readonly totalBytes: number};

function fuseWords(fuses: FuseText): string {
	return [fuses.low, fuses.high, fuses.extended].filter(byte => byte !== undefined).join(' ');
}

function wordsFor(event: Event): string | undefined {
	const known = event as Event & Record<string, unknown>;
	switch (event.type) {
		case 'phase':
			return `${phaseWords[String(known.phase)] ?? String(known.phase)} …`;
		case 'identity': {
			const identity = event as unknown as {
				signature: string;
				chip?: string;
				fuses: FuseText;
				lock: string;
				sckHz: number | null;
			};
			const sck = identity.sckHz === null ? '' : `, SCK ${identity.sckHz / 1000} kHz`;
			return `  signature ${identity.signature}${identity.chip === undefined ? '' : ` (${identity.chip})`}, fuses ${fuseWords(identity.fuses)}, lock ${identity.lock}${sck}`;
		}
		case 'look':
			return `  found: ${String(known.text)}`;
		case 'warning':
			return `  note: ${String(known.message)}`;
		case 'bootloader':
			return `  bootloader: ${String(known.name)}`;
		case 'ask':
			return known.what === 'press-button'
				? 'Press the button on the Teensy now.'
				: 'Touch the pads RST and GND of the spare board together twice within half a second, now.';
		case 'kept':
			return `  its old firmware is kept in ${String(known.path)}`;
		default:
			return undefined;
	}
}

/** Tells every event of a run and returns the exit code; the last event is a result. */
export async function playEvents(
	output: Output,
	log: EventLog,
	events: AsyncIterable<Event>,
): Promise<RecoverResult | undefined> {
	const teller = createEventTeller(output, log);
	let result: RecoverResult | undefined;
	for await (const event of events) {
		await teller.tell(event);
		if (event.type === 'result') result = event as RecoverResult;
	}
	teller.clear();
	return result;
}

/**
 * Tells a failure that came before or instead of a run.
 * @param more what else the result holds: of a series, how many boards are done
 */
export async function tellFailure(
	output: Output,
	log: EventLog,
	error: unknown,
	context: AdviceContext = {},
	more: {readonly boards?: number} = {},
): Promise<ExitCode> {
	const result = {...failureOf(error, context), ...more};
	await log.write(result);
	output.event(result);
	const code = exitCodeOfResult(result);
	// A file or an option that cannot be used needs one sentence, no advice about chips and wires.
	if (code === exitCodes.cannotRun) output.complain(`${result.error.message} (${result.error.kind})`);
	else sayFailure(output, result);
	return code;
}

/** How a recovery went, for people. */
export function sayResult(output: Output, result: RecoverResult): void {
	if (!result.ok) {
		sayFailure(output, result);
		return;
	}
	const written = result.writtenBytes === 0 ? 'nothing written' : `${result.writtenBytes} bytes written`;
	output.say(
		`Done in ${result.seconds.toFixed(1)} s: ${written}, ${result.verifiedBytes} read back and equal; fuses ${fuseWords(result.fuses)}, lock ${result.lock}.`,
	);
	if (result.backup !== null) output.say(`The backup is in ${result.backup}`);
}
