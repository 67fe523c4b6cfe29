// A program in a pseudo terminal and what stands on its screen, as a terminal sees it. Scripts are lists of "when
// you see this, do that": no key is sent before the screen asks for it.
import {setTimeout as sleep} from 'node:timers/promises';
import {type IPty, spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';

const keys = {
	enter: '\r',
	escape: '\u001b',
	up: '\u001b[A',
	down: '\u001b[B',
	interrupt: '\u0003',
} as const;

export type Scene = {
	readonly see: RegExp;
	readonly press?: keyof typeof keys;
	/** Something moves on this screen: no picture is taken of it. */
	readonly moving?: boolean;
	/** Walks the pointer to the item that holds this text, then presses Enter. */
	readonly choose?: string;
	readonly paste?: string;
	readonly pasteUnbracketed?: string;
	/** Pastes into a field, waits until it stands there, presses Enter. */
	readonly enter?: string;
};

export type Terminal = {
	/** The screen (without scrollback), lines without trailing blanks. */
	readonly text: () => string;
	/** What is looked for may be broken over lines. */
	readonly see: (what: RegExp) => Promise<string>;
	/** Rows of the tallest frame drawn so far. */
	readonly tallest: () => number;
	readonly send: (data: string) => void;
	readonly pid: number;
	/** The exit code. */
	readonly exited: Promise<number>;
	readonly kill: () => void;
};

/** A practice run takes a few seconds; a loaded machine more. */
const patienceMs = 30_000;

export function startProgram(
	program: string,
	args: readonly string[],
	{
		columns,
		rows,
		env: more = {},
		wrap = command => command,
	}: {
		readonly columns: number;
		readonly rows: number;
		readonly env?: Readonly<Record<string, string>>;
		/** The command line that runs the program's command line, beside devices or as somebody else. */
		readonly wrap?: (command: readonly string[]) => readonly string[];
	},
): Terminal {
	const screen = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 1000});
	const {CI: _ci, NO_COLOR: _noColor, INK_SCREEN_READER: _spoken, ...env} = process.env;
	const [file = process.execPath, ...commandArgs] = wrap([process.execPath, program, ...args]);
	const pty: IPty = spawn(file, commandArgs, {
		cols: columns,
		rows,
		env: {...env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...more} as Record<
			string,
			string
		>,
	});
	const watchers = new Set<() => void>();
	const lookAll = () => {
		for (const look of [...watchers]) look();
	};
	let tallest = 0;
	pty.onData(data =>
		screen.write(data, () => {
			if (screen.buffer.active.type === 'alternate') tallest = Math.max(tallest, text().split('\n').length);
			lookAll();
		}),
	);
	// The terminal answers questions of the program (cursor place and the like).
	screen.onData(data => pty.write(data));
	let running = true;
	const exited = new Promise<number>(resolve => {
		pty.onExit(({exitCode}) => {
			running = false;
			// What was written last may still be on its way to the screen.
			screen.write('', () => {
				lookAll();
				resolve(exitCode);
			});
		});
	});
	const text = () => {
		const {active} = screen.buffer;
		const lines: string[] = [];
		for (let row = 0; row < rows; row++) {
			lines.push(active.getLine(active.viewportY + row)?.translateToString(true) ?? '');
		}
		return lines.join('\n').trimEnd();
	};
	// Sentences break where the terminal ends: what is looked for may stand on two lines.
	const shows = (what: RegExp) => what.test(text()) || what.test(text().replace(/\s+/g, ' '));
	return {
		text,
		exited,
		tallest: () => tallest,
		pid: pty.pid,
		send: data => pty.write(data),
		kill() {
			if (running) pty.kill('SIGKILL');
		},
		see: what =>
			new Promise((resolve, reject) => {
				const finish = () => {
					clearTimeout(timer);
					watchers.delete(look);
				};
				const look = () => {
					if (shows(what)) {
						finish();
						resolve(text());
					} else if (!running) {
						finish();
						reject(new Error(`ended without showing ${what}:\n${text()}`));
					}
				};
				const timer = setTimeout(() => {
					finish();
					reject(new Error(`did not see ${what}; the screen is:\n${text()}`));
				}, patienceMs);
				watchers.add(look);
				look();
			}),
	};
}

/** A screen stands when nothing was drawn for so long; frames come in pieces. */
const stillMs = 60;

/** The screen once nothing more is drawn on it. */
async function settled(terminal: Terminal): Promise<string> {
	for (let before = terminal.text(); ; before = terminal.text()) {
		await sleep(stillMs);
		if (terminal.text() === before) return before;
	}
}

/** Plays the scenes in order; `onScreen` gets each as it stands. Returns how many keys were pressed. */
export async function play(
	terminal: Terminal,
	scenes: readonly Scene[],
	onScreen?: (screen: string) => void,
): Promise<number> {
	let count = 0;
	const press = (key: keyof typeof keys) => {
		count++;
		terminal.send(keys[key]);
	};
	for (const {see, press: key, choose, paste, pasteUnbracketed, enter, moving} of scenes) {
		await terminal.see(see);
		if (onScreen !== undefined && moving !== true) onScreen(await settled(terminal));
		if (paste !== undefined) terminal.send(`\u001b[200~${paste.replaceAll('\n', '\r')}\u001b[201~`);
		if (pasteUnbracketed !== undefined) terminal.send(pasteUnbracketed);
		if (choose !== undefined) {
			const pointed = new RegExp(`❯ .*${choose.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
			for (let steps = 0; !pointed.test(terminal.text()); steps++) {
				if (steps > 60) throw new Error(`no item "${choose}":\n${terminal.text()}`);
				const before = /❯ .*/.exec(terminal.text())?.[0];
				press('down');
				await terminal.see(/❯ /);
				const moved = new Promise<void>((resolve, reject) => {
					const look = () => {
						if (/❯ .*/.exec(terminal.text())?.[0] !== before) resolve();
						else if (!terminal.text().includes('❯')) reject(new Error('the list is gone'));
						else setImmediate(look);
					};
					look();
				});
				await moved;
			}
			press('enter');
		}
		if (enter !== undefined) {
			terminal.send(`\u001b[200~${enter}\u001b[201~`);
			await terminal.see(new RegExp(`${enter.slice(-12).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}▏`));
			press('enter');
		}
		if (key !== undefined) press(key);
	}
	return count;
}
