// What npm would ship, tried as a person would: packed, started with npx from an empty folder, on this Node and on
// Node 24. Prints the unpacked size and how many packages come along. `node scripts/packed.mjs [NODE_MAJOR…]`
import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const majors = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ['this', '24'];
const folder = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-packed-'));
const run = (program, args, cwd) =>
	execFileSync(program, args, {cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});

try {
	// The packer's own scripts print before its JSON does.
	const said = run('npm', ['pack', '--json', '--pack-destination', folder], root);
	const [packed] = Object.values(JSON.parse(said.slice(said.search(/^[[{]/m))));
	const tarball = path.join(
		folder,
		readdirSync(folder).find(name => name.endsWith('.tgz')),
	);
	console.log(
		`packed ${(packed.size / 1e6).toFixed(2)} MB, unpacked ${(packed.unpackedSize / 1e6).toFixed(2)} MB, ${packed.entryCount} files`,
	);

	for (const major of majors) {
		const empty = path.join(folder, `empty-${major}`);
		mkdirSync(empty);
		const node = major === 'this' ? [] : ['-p', `node@${major}`];
		const npx = (...command) => run('npx', ['-y', ...node, '-p', tarball, ...command], empty);
		const version = npx('node', '--version').trim();
		const practice = npx('avr-unbrick', '--practice').trim().split('\n').at(-1);
		console.log(`Node ${version}: ${practice}`);
		if (!practice.includes('as it should')) process.exitCode = 1;
	}

	const installed = path.join(folder, 'installed');
	mkdirSync(installed);
	run('npm', ['init', '-y'], installed);
	run('npm', ['install', '--no-audit', '--no-fund', tarball], installed);
	const lock = JSON.parse(run('npm', ['ls', '--all', '--json'], installed));
	const names = new Set();
	const walk = tree => {
		for (const [name, one] of Object.entries(tree.dependencies ?? {})) {
			names.add(name);
			walk(one);
		}
	};
	walk(lock);
	console.log(`packages that come along: ${names.size - 1}`);
} finally {
	rmSync(folder, {recursive: true, force: true});
}
