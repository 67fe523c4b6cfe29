// `diagnose [FILE]`: reads a log and names what went wrong.
import {causeSentences, diagnose} from '../engine/diagnose/diagnose.ts';
import {withTrueLines} from '../engine/diagnose/ends.ts';
import {isKind} from '../engine/errors.ts';
import {readLogFile, readLogStdin} from '../io/files.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';

export async function diagnoseCommand(output: Output, file: string | undefined): Promise<ExitCode> {
	if (file === undefined && process.stdin.isTTY === true) {
		throw new UsageError('Give a log file, or send the log in: avr-unbrick diagnose < log.txt');
	}
	const {text: log, gap} = file === undefined ? await readLogStdin() : await readNamedLog(file);
	const diagnosis = withTrueLines(diagnose(log), gap);
	output.value(diagnosis);

	const [answer, ...others] = diagnosis.causes;
	if (answer === undefined) return exitCodes.done;
	output.say(`${answer.cause} (${percent(answer.confidence)}), from ${diagnosis.tool}`);
	for (const {line, text} of answer.evidence) output.say(`  line ${line}: ${text}`);
	const {happened, board} = causeSentences(answer.cause);
	for (const sentence of [happened, board]) {
		for (const line of wrapped(output, sentence, '  ')) output.say(line);
	}
	if (diagnosis.truncated) {
		output.say('  (The log is longer than 16 MB: its first and last parts were read.)');
	}
	output.say(`Is an ISP programmer needed? ${ispWords[diagnosis.ispNeeded]}`);
	if (answer.next.length > 0) output.say('Next:');
	answer.next.forEach((step, index) => {
		const [first = '', ...more] = wrapped(output, step, '     ');
		output.say(`  ${index + 1}. ${first.trimStart()}`);
		for (const line of more) output.say(line);
	});
	if (others.length > 0) {
		output.say(
			`Less likely: ${others.map(other => `${other.cause} (${percent(other.confidence)})`).join(', ')}`,
		);
	}
	for (const question of diagnosis.questions) {
		for (const line of wrapped(output, `Would help to know: ${question.ask}`)) output.say(line);
	}
	return exitCodes.done;
}

/** A log that cannot be read is no bad HEX file: what was typed cannot be run so. */
async function readNamedLog(file: string) {
	try {
		return await readLogFile(file);
	} catch (error) {
		if (isKind(error, 'BadHex')) throw new UsageError(`Cannot read ${file}: ${error.facts.reason}.`);
		throw error;
	}
}

const ispWords = {yes: 'Yes.', no: 'No.', maybe: 'Perhaps: try the steps first.'} as const;

function percent(share: number): string {
	return `${Math.round(share * 100)} %`;
}
