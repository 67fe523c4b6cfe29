// How long a person waits for the wizard's first frame: median of 15 starts in a terminal, minus the median of
// 15 starts of a Node that does nothing. Both are printed; the difference should be at most 300 ms.
// `node scripts/bench-start.mjs` after `npm run build`.
import {existsSync} from 'node:fs';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {fileURLToPath} from 'node:url';
import {spawn} from '@lydell/node-pty';

const runs = 15;
const wantedMs = 300;
/** A start that takes longer than this is no start. */
const patienceMs = 20_000;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, 'dist/cli.js');
if (!existsSync(program)) {
	console.error('dist/cli.js is not there: run "npm run build" first');
	process.exit(2);
}

/** Milliseconds from the start of a process in a pty until `seen` says so (or until its end). */
function timed(args, seen) {
	return new Promise((resolve, reject) => {
		const startMs = performance.now();
		const child = spawn(process.execPath, args, {cols: 80, rows: 24, cwd: root, env: cleanEnv()});
		let output = '';
		const timer = setTimeout(() => {
			child.kill('SIGKILL');
			reject(new Error(`no first frame within ${patienceMs} ms; so far: ${JSON.stringify(output)}`));
		}, patienceMs);
		let settled = false;
		const settle = () => {
			if (settled) return;
			settled = true;
			clearTimeout(timer);
			resolve(performance.now() - startMs);
		};
		child.onData(data => {
			output += data;
			if (settled || seen === undefined || !seen.test(output)) return;
			settle();
			child.kill('SIGKILL');
		});
		child.onExit(() => {
			if (seen === undefined) settle();
			else if (!settled) reject(new Error(`it ended without a frame: ${JSON.stringify(output)}`));
		});
	});
}

function cleanEnv() {
	const {CI, ...env} = process.env;
	return {...env, TERM: 'xterm-256color', AVR_UNBRICK_OFFLINE: '1'};
}

function median(values) {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const bare = [];
const wizard = [];
for (let run = 0; run < runs; run++) {
	// Alternating, so that both meet the same machine.
	bare.push(await timed(['-e', '0']));
	wizard.push(await timed([program], /what happened/i));
}
const difference = median(wizard) - median(bare);
console.log(
	`node -e 0:    median ${median(bare).toFixed(0)} ms of ${runs} (${Math.min(...bare).toFixed(0)} to ${Math.max(...bare).toFixed(0)})`,
);
console.log(
	`first frame:  median ${median(wizard).toFixed(0)} ms of ${runs} (${Math.min(...wizard).toFixed(0)} to ${Math.max(...wizard).toFixed(0)})`,
);
console.log(`difference:   ${difference.toFixed(0)} ms (wanted: at most ${wantedMs} ms)`);
