// Drives the wizard the way a person does: looks, walks the pointer, presses Enter. Counts the keys.
import {App, type WizardEnd} from '../../src/app.tsx';
import {type Bench, createBench} from '../../src/bench/bench.ts';
import {practicePlan} from '../../src/commands/practice.ts';
import type {Cancel} from '../../src/engine/cancel.ts';
import {createPracticeDeps} from '../../src/steps/practice-deps.ts';
import type {WizardDeps} from '../../src/steps/step.ts';
import {type KeyName, type Rendered, renderOn} from './render.tsx';

export type Driver = Rendered & {
	readonly deps: WizardDeps;
	readonly bench: Bench;
	/** Keys pressed so far; pasted text is none. */
	readonly pressed: () => number;
	readonly key: (name: KeyName) => void;
	/** Waits for the text, then presses Enter. */
	readonly enterAt: (what: RegExp | string) => Promise<string>;
	/** Waits for the list, walks the pointer to the item that holds the text, presses Enter. */
	readonly choose: (at: RegExp | string, label: string) => Promise<void>;
	/** Types letter by letter, each seen before the next. Not counted as keys. */
	readonly typeWord: (word: string) => Promise<void>;
	readonly paste: (
		text: string,
		how?: {readonly bracketed?: boolean; readonly end?: '\n' | '\r' | '\r\n'},
	) => void;
	readonly ended: Promise<WizardEnd>;
};

export type DriveOptions = {
	readonly scenario?: string;
	readonly columns?: number;
	readonly rows?: number;
	readonly screenReader?: boolean;
	readonly unicode?: boolean;
	/** The system's wish that the program ends. */
	readonly hangup?: Cancel;
	/** What the person's disk holds. */
	readonly files?: Readonly<Record<string, string>>;
	readonly deps?: (practice: WizardDeps) => WizardDeps;
};

/** The wizard's surroundings on a bench, with files on the person's disk. */
export function practiceOn(bench: Bench, files: Readonly<Record<string, string>> = {}): WizardDeps {
	return createPracticeDeps({
		bench,
		image: practicePlan(bench.scenario).image,
		imageName: 'practice bootloader',
		version: '0.0.0-test',
		loadFile: async path => {
			const text = files[path];
			if (text === undefined) throw new Error(`There is no file ${path}.`);
			return new TextEncoder().encode(text);
		},
	});
}

export function drive(options: DriveOptions = {}): Driver {
	const bench = createBench(options.scenario ?? 'healthy');
	const practice = practiceOn(bench, options.files);
	const deps = options.deps?.(practice) ?? practice;

	let count = 0;
	let end: (ended: WizardEnd) => void = () => {};
	const ended = new Promise<WizardEnd>(resolve => {
		end = resolve;
	});
	const rendered = renderOn(
		<App
			deps={deps}
			unicode={options.unicode ?? true}
			onEnd={end}
			{...(options.hangup === undefined ? {} : {hangup: options.hangup})}
		/>,
		options,
	);
	const key = (name: KeyName) => {
		count++;
		rendered.press(name);
	};
	const marked = () => /^(?:\s*[❯>]|option: \(selected\)) (.*)$/m.exec(rendered.screen())?.[1] ?? '';
	return {
		...rendered,
		deps,
		bench,
		ended,
		pressed: () => count,
		key,
		async enterAt(what) {
			const seen = await rendered.see(what);
			key('enter');
			return seen;
		},
		async choose(at, label) {
			await rendered.see(at);
			// Its title may stand there a moment before the question does.
			await rendered.see(/\bEnter [a-z]/);
			for (let guard = 0; !marked().includes(label); guard++) {
				if (guard > 80) throw new Error(`no item "${label}" on the screen:\n${rendered.screen()}`);
				const before = marked();
				key('down');
				await rendered.see(/./);
				if (marked() === before && guard > 0)
					throw new Error(`"${label}" is not in the list:\n${rendered.screen()}`);
			}
			key('enter');
		},
		async typeWord(word) {
			let typed = '';
			for (const character of word) {
				rendered.send(character);
				typed += character;
				// The cursor follows it: then the letter stands in the field, and not somewhere on the screen.
				await rendered.see(new RegExp(`${typed}[▏_]`));
			}
		},
		paste(text, {bracketed = true, end: lineEnd = '\n'} = {}) {
			const body = text.replace(/\r\n|\r|\n/g, lineEnd);
			rendered.send(bracketed ? `\u001b[200~${body}\u001b[201~` : body);
		},
	};
}
