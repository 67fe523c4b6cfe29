// A log from outside, made ready: cleaned, cut to size, diagnosed.
import {type Ends, withTrueLines} from '../engine/diagnose/ends.ts';
import {cleanPaste} from '../ui/text.ts';
import type {Answers} from './step.ts';

/**
 * The diagnosis and its rules are loaded here, when the first log comes.
 * @returns undefined when the text holds no visible character
 */
export async function readLog(
	raw: string | Ends,
	how: 'paste' | 'file',
	logName: string,
): Promise<Answers['start'] | undefined> {
	const {text, cut, gap} = cleanPaste(raw);
	if (text.trim() === '') return undefined;
	const {diagnose} = await import('../engine/diagnose/diagnose.ts');
	return {how, log: text, logName, cut, diagnosis: withTrueLines(diagnose(text), gap)};
}
