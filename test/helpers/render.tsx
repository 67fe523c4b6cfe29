// Renders the wizard (or one component) on a terminal of a given size and reads what stands there.
import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import {stripVTControlCharacters} from 'node:util';
import {render as inkRender} from 'ink';
import type {ReactNode} from 'react';

class FakeOutput extends EventEmitter {
	readonly isTTY = true;
	columns: number;
	rows: number;
	frames: string[] = [];
	raw: string[] = [];
	resizing = false;
	/** Spoken frames have no width: every item begins with its role. */
	spoken = false;
	constructor(columns: number, rows: number) {
		super();
		this.columns = columns;
		this.rows = rows;
	}
	write = (data: string): boolean => {
		this.raw.push(data);
		const frame = stripVTControlCharacters(data);
		if (frame.trim() !== '') {
			this.frames.push(frame);
			// Ink draws the old frame once more before React hears of a new size.
			if (this.resizing) {
				this.resizing = false;
				this.emit('frame');
				return true;
			}
			const height = frame.replace(/\n$/, '').split('\n').length;
			assert.ok(height < this.rows, `a frame of ${height} rows on a terminal of ${this.rows}:\n${frame}`);
			for (const line of this.spoken ? [] : frame.split('\n')) {
				assert.ok([...line].length <= this.columns, `a line wider than ${this.columns}: ${line}`);
			}
		}
		this.emit('frame');
		return true;
	};
}

class FakeInput extends EventEmitter {
	readonly isTTY = true;
	private readonly chunks: string[] = [];
	setEncoding() {}
	setRawMode() {}
	ref() {}
	unref() {}
	resume() {}
	pause() {}
	read = (): string | null => this.chunks.shift() ?? null;
	send(data: string) {
		this.chunks.push(data);
		this.emit('readable');
	}
}

/** Names of keys and what a terminal sends for them. */
export const keys = {
	enter: '\r',
	escape: '\u001b',
	up: '\u001b[A',
	down: '\u001b[B',
	right: '\u001b[C',
	left: '\u001b[D',
	pageDown: '\u001b[6~',
	pageUp: '\u001b[5~',
	backspace: '\u007f',
	interrupt: '\u0003',
} as const;
export type KeyName = keyof typeof keys;

export type Rendered = {
	/** The screen: lines without trailing blanks. */
	readonly screen: () => string;
	/** Every frame drawn so far. */
	readonly frames: () => readonly string[];
	/** Resolves with the screen once it shows what is waited for. */
	readonly see: (what: RegExp | string) => Promise<string>;
	/** Raw bytes to the program, as a terminal would send them in one go. */
	readonly send: (data: string) => void;
	readonly press: (key: KeyName) => void;
	readonly resize: (columns: number, rows: number) => void;
	/** Keys pressed so far with `press` or counted by the caller. */
	readonly raw: () => string;
	readonly stop: () => void;
};

/** Nothing on a screen may take longer than this in a test, where no real time passes on the bench. */
const patienceMs = 20_000;

export function tidy(frame: string): string {
	return frame
		.split('\n')
		.map(line => line.trimEnd())
		.join('\n')
		.trimEnd();
}

export function renderOn(
	node: ReactNode,
	{
		columns = 80,
		rows = 24,
		screenReader = false,
	}: {columns?: number; rows?: number; screenReader?: boolean} = {},
): Rendered {
	const stdout = new FakeOutput(columns, rows);
	stdout.spoken = screenReader;
	const stdin = new FakeInput();
	const app = inkRender(node, {
		stdout: stdout as unknown as NodeJS.WriteStream,
		stdin: stdin as unknown as NodeJS.ReadStream,
		debug: true,
		exitOnCtrlC: false,
		patchConsole: false,
		interactive: true,
		isScreenReaderEnabled: screenReader,
	});
	const screen = () => tidy(stdout.frames.at(-1) ?? '');
	const shows = (what: RegExp | string) =>
		typeof what === 'string' ? screen().includes(what) : what.test(screen());
	return {
		screen,
		frames: () => stdout.frames,
		see: what =>
			new Promise((resolve, reject) => {
				const finish = () => {
					clearTimeout(timer);
					stdout.off('frame', look);
				};
				const look = () => {
					if (!shows(what)) return;
					finish();
					// After this turn of the event loop effects have run and keys are listened to.
					setImmediate(() => resolve(screen()));
				};
				const timer = setTimeout(() => {
					finish();
					reject(new Error(`did not see ${what}; the screen is:\n${screen()}`));
				}, patienceMs);
				stdout.on('frame', look);
				look();
			}),
		send: data => stdin.send(data),
		press: key => stdin.send(keys[key]),
		resize(width, height) {
			stdout.columns = width;
			stdout.rows = height;
			stdout.resizing = true;
			stdout.emit('resize');
		},
		raw: () => stdout.raw.join(''),
		stop: () => app.unmount(),
	};
}
