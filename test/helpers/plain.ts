// The wizard as a dialogue: what was written so far, and lines typed when they are asked for.
import {PassThrough, Writable} from 'node:stream';
import {runPlainWizard} from '../../src/plain-wizard.tsx';
import type {WizardDeps} from '../../src/steps/step.ts';

export type Dialogue = {
	/** Everything said so far. */
	readonly text: () => string;
	/** Waits until it is said (after the last answer), then for the prompt. */
	readonly see: (what: RegExp) => Promise<string>;
	/** Types one line. */
	readonly type: (line: string) => void;
	/** Types the number of the item that holds this text. */
	readonly choose: (label: string) => void;
	readonly code: Promise<number>;
	readonly close: () => void;
};

const patienceMs = 30_000;

export function startDialogue(deps: WizardDeps, {isTTY = true} = {}): Dialogue {
	let all = '';
	let since = 0;
	const watchers = new Set<() => void>();
	const stdout = new Writable({
		write(chunk, _encoding, done) {
			all += String(chunk);
			for (const look of [...watchers]) look();
			done();
		},
	});
	const stdin = Object.assign(new PassThrough(), {isTTY});
	const recent = () => all.slice(since).replace(/\s+/g, ' ');
	const type = (line: string) => {
		since = all.length;
		stdin.write(`${line}\n`);
	};
	return {
		text: () => all,
		type,
		choose(label) {
			const numbers = [...all.slice(since).matchAll(/^(\d+)\. (.*)$/gm)].filter(([, , text]) =>
				text?.includes(label),
			);
			const number = numbers.at(-1)?.[1];
			if (number === undefined) throw new Error(`no item "${label}" in:\n${all.slice(since)}`);
			type(number);
		},
		see: what =>
			new Promise((resolve, reject) => {
				const finish = () => {
					clearTimeout(timer);
					watchers.delete(look);
				};
				const look = () => {
					if (!what.test(recent()) || !all.endsWith('> ')) return;
					finish();
					// After this turn of the event loop the screen listens.
					setImmediate(() => resolve(all.slice(since)));
				};
				const timer = setTimeout(() => {
					finish();
					reject(new Error(`did not hear ${what} in:\n${all.slice(since)}`));
				}, patienceMs);
				watchers.add(look);
				look();
			}),
		code: runPlainWizard(deps, {stdin, stdout}),
		close: () => stdin.end(),
	};
}
