// `--plain`: the wizard as a dialogue on lines of text. Same steps, same flow; nothing is drawn, no key is caught.

import {createInterface} from 'node:readline';
import {PassThrough, Writable} from 'node:stream';
import {render} from 'ink';
import {App, interruptedIn, type WizardEnd} from './app.tsx';
import {createCancel} from './engine/cancel.ts';
import {farewell} from './steps/farewell.ts';
import type {WizardDeps} from './steps/step.ts';
import {createTalk} from './ui/plain.ts';
import {foldLine} from './ui/text.ts';

/** Lines that come closer together than this were pasted: a serial console needs a few milliseconds a line. Our choice. */
const pasteGapMs = 120;
/** Of a terminal that does not say how wide it is. */
const usualColumns = 80;
/** Frames are never drawn; the view only needs a height. */
const anyRows = 1000;

export type PlainOptions = {
	readonly stdin?: NodeJS.ReadableStream & {readonly isTTY?: boolean};
	readonly stdout?: NodeJS.WritableStream & {readonly columns?: number};
};

/** Runs the wizard on lines; returns the exit code as runWizard does. The end of the input is a wish to leave. */
export async function runPlainWizard(
	deps: WizardDeps,
	{stdin = process.stdin, stdout = process.stdout}: PlainOptions = {},
): Promise<0 | 1 | 3 | 130> {
	const talk = createTalk({
		view: {columns: stdout.columns ?? usualColumns, rows: anyRows, unicode: false, screenReader: true},
		write: text => void stdout.write(text),
		byHand: stdin.isTTY === true,
	});
	const hangup = createCancel();
	const lines = createInterface({input: stdin, terminal: false});
	let held: string[] = [];
	let timer: ReturnType<typeof setTimeout> | undefined;
	const flush = () => {
		const heard = held;
		held = [];
		timer = undefined;
		talk.hear(heard);
	};
	lines.on('line', line => {
		held.push(line);
		clearTimeout(timer);
		timer = setTimeout(flush, pasteGapMs);
	});
	lines.on('close', () => {
		clearTimeout(timer);
		if (held.length > 0) flush();
		hangup.request();
	});
	process.on('SIGINT', talk.interrupt);
	for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, hangup.request);

	let end: WizardEnd = {known: {}, how: 'left', left: [], practice: deps.practice !== undefined};
	// Ink draws into nowhere: React is what runs the steps, the talk is what people see.
	const nowhere = Object.assign(new Writable({write: (_chunk, _encoding, done) => done()}), {
		columns: usualColumns,
		rows: anyRows,
	});
	const app = render(
		<App
			deps={deps}
			unicode={false}
			talk={talk}
			hangup={hangup.cancel}
			onEnd={ended => {
				end = ended;
				app.unmount();
			}}
		/>,
		{
			stdout: nowhere as unknown as NodeJS.WriteStream,
			stdin: new PassThrough() as unknown as NodeJS.ReadStream,
			exitOnCtrlC: false,
			patchConsole: false,
		},
	);
	try {
		await app.waitUntilExit();
	} finally {
		clearTimeout(timer);
		talk.close();
		lines.removeAllListeners();
		lines.close();
		process.off('SIGINT', talk.interrupt);
		for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, hangup.request);
	}
	const {lines: last, code} = farewell(end.known, end.how, {
		...end,
		waiting: await interruptedIn(deps),
	});
	stdout.write('\n');
	for (const line of last)
		for (const row of stdout.columns === undefined ? [line] : foldLine(line, stdout.columns - 1))
			stdout.write(`${row}\n`);
	return code;
}
