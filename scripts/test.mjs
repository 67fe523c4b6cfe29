// `npm test`: builds the program, runs every test file, then says which peer suites ran and which were skipped.
// Arguments are file name parts: `npm test -- fuses stk500` runs only the files whose path holds one of them.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const filters = process.argv.slice(2);

const build = spawnSync(process.execPath, ['scripts/build.mjs', '--no-types'], {cwd: root, stdio: 'inherit'});
if (build.status !== 0) process.exit(build.status ?? 1);

const files = readdirSync(path.join(root, 'test'), {recursive: true})
	.filter(name => /\.test\.tsx?$/.test(name))
	.map(name => path.join('test', name))
	.filter(name => filters.length === 0 || filters.some(part => name.includes(part)))
	.sort();
if (files.length === 0) {
	console.error('no test file matches');
	process.exit(2);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-test-'));
const peersLog = path.join(scratch, 'peers.jsonl');
// Suites that stand at the other end of a real terminal or a simulated chip keep real time: nothing beside them.
// The others share the machine.
const realTime = files.filter(name => /^test[\\/](peers|e2e)[\\/]/.test(name));
const shared = files.filter(name => !realTime.includes(name));
let status = 0;
for (const [group, concurrency] of [
	[shared, Math.max(2, availableParallelism())],
	[realTime, 1],
]) {
	if (group.length === 0) continue;
	const run = spawnSync(
		process.execPath,
		['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`, ...group],
		{cwd: root, stdio: 'inherit', env: {...process.env, AVR_UNBRICK_PEERS_LOG: peersLog}},
	);
	if (run.status !== 0) status = run.status ?? 1;
}

const peers = existsSync(peersLog)
	? readFileSync(peersLog, 'utf8')
			.trim()
			.split('\n')
			.filter(Boolean)
			.map(line => JSON.parse(line))
	: [];
rmSync(scratch, {recursive: true, force: true});
if (peers.length > 0) {
	const ran = peers.filter(peer => peer.missing === undefined);
	console.log(`\nPeer suites that ran (${ran.length}):`);
	for (const peer of ran) console.log(`  ${peer.name}`);
	const skipped = peers.filter(peer => peer.missing !== undefined);
	console.log(`Peer suites skipped (${skipped.length}):`);
	for (const peer of skipped) console.log(`  ${peer.name}: ${peer.missing}`);
}
process.exit(status);
