// One question on a terminal. Answers come only from a person: without a terminal, only `--yes` goes on.
import {createInterface} from 'node:readline/promises';
import {UnbrickError} from '../engine/errors.ts';
import {UsageError} from './exit-codes.ts';
import type {Output} from './output.ts';

/** True where a person can be asked. */
export function canAsk(): boolean {
	return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Says what will happen and asks whether to go on.
 * @param otherwise what else can be done without a terminal, in a sentence
 * @throws UsageError without a terminal and without `--yes`; UnbrickError Cancelled when the answer is not yes
 */
export async function ask(
	output: Output,
	yes: boolean,
	lines: readonly string[],
	otherwise?: string,
): Promise<void> {
	for (const line of lines) output.say(line);
	if (yes) return;
	if (!canAsk()) {
		const more = otherwise === undefined ? '' : ` ${otherwise}`;
		throw new UsageError(`Nobody can be asked without a terminal: add --yes to go on.${more}`);
	}
	if (/^y(es)?$/i.test(await answerTo(output, 'Go on? (yes/no) '))) return;
	throw new UnbrickError({kind: 'Cancelled', during: 'the question before the start'});
}

/** One line from the terminal, without blanks around it; empty for Ctrl+C and the end of the input. */
export async function answerTo(output: Output, question: string): Promise<string> {
	const line = createInterface({input: process.stdin, output: process.stderr});
	const stopped = new AbortController();
	line.once('SIGINT', () => stopped.abort());
	line.once('close', () => stopped.abort());
	try {
		return (await line.question(question, {signal: stopped.signal})).trim();
	} catch {
		// As good as a no.
		output.complain('');
		return '';
	} finally {
		line.close();
	}
}
