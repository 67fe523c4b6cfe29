// One question on a terminal. Answers come only from a person: without a terminal, only `--yes` goes on.
import {createInterface} from 'node:readline/promises';
import {UnbrickError} from '../engine/errors.ts';
import {UsageError} from './exit-codes.ts';
import type {Output} from './output.ts';

/**
 * Says what will happen and asks whether to go on.
 * @throws UsageError without a terminal and without `--yes`; UnbrickError Cancelled when the answer is not yes
 */
export async function ask(output: Output, yes: boolean, lines: readonly string[]): Promise<void> {
	for (const line of lines) output.say(line);
	if (yes) return;
	if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
		throw new UsageError('Nobody can be asked without a terminal: add --yes to go on.');
	}
	const line = createInterface({input: process.stdin, output: process.stderr});
	const stopped = new AbortController();
	line.once('SIGINT', () => stopped.abort());
	line.once('close', () => stopped.abort());
	try {
		const answer = await line.question('Go on? (yes/no) ', {signal: stopped.signal});
		if (/^y(es)?$/i.test(answer.trim())) return;
	} catch {
		// Ctrl+C, or the end of the input: as good as a no.
		output.complain('');
	} finally {
		line.close();
	}
	throw new UnbrickError({kind: 'Cancelled', during: 'the question before the start'});
}
