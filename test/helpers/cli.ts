// The built program as a child process: what scripts and people get from it.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const program = path.join(root, 'dist/cli.js');

export type CliRun = {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
};

export type CliOptions = {
	readonly stdin?: string | Uint8Array;
	readonly env?: Readonly<Record<string, string>>;
	/** State and cache of the run; the caller's temporary folder. */
	readonly folder?: string;
	readonly cwd?: string;
	/** Called with everything that came on stdout so far; may send a signal. */
	readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
};

/** Runs `avr-unbrick ARGS` without a terminal and without this machine's settings. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
	if (!existsSync(program)) throw new Error('dist/cli.js is not there: run "npm run build" first');
	const child = spawn(process.execPath, [program, ...args], {
		cwd: options.cwd ?? root,
		env: {
			PATH: process.env.PATH ?? '',
			HOME: options.folder ?? '/nonexistent',
			AVR_UNBRICK_OFFLINE: '1',
			...(options.folder === undefined
				? {}
				: {
						AVR_UNBRICK_STATE: path.join(options.folder, 'state'),
						AVR_UNBRICK_CACHE: path.join(options.folder, 'cache'),
					}),
			...options.env,
		},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		options.onStdout?.(stdout, signal => child.kill(signal));
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
	});
	child.stdin.on('error', () => {});
	child.stdin.end(options.stdin ?? '');
	const code = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	return {code, stdout, stderr};
}

/** The JSON objects of a run with `--json`, one a line; throws where a line is none. */
export function jsonLines(run: CliRun): readonly Record<string, unknown>[] {
	return run.stdout
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as Record<string, unknown>);
}
