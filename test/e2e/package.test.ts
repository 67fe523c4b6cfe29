// What a person downloads: the README's promises, the package's content, the program without its native packages.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {transformSync} from 'esbuild';
import {scenarioNames} from '../../src/bench/bench.ts';
import {createProgram} from '../../src/commands/program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'avr-unbrick-package-'));
after(() => rmSync(folder, {recursive: true, force: true}));

test('the example of the README runs against the built library', () => {
	const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
	assert.ok(example !== undefined);
	const library = pathToFileURL(path.join(root, 'dist/index.js')).href;
	const {code} = transformSync(example, {loader: 'ts', format: 'esm', target: 'es2022'});
	const file = path.join(folder, 'example.mjs');
	writeFileSync(file, code.replaceAll(/(['"])avr-unbrick\1/g, JSON.stringify(library)));
	const printed = execFileSync(process.execPath, [file], {encoding: 'utf8'});
	assert.equal(printed, 'true written\n');
});

test('every picture and file that the README points at is there', () => {
	const targets = [...readme.matchAll(/\]\(([^)#][^)]*)\)/g)].map(match => match[1]!);
	assert.ok(targets.length >= 3);
	for (const target of targets) assert.ok(existsSync(path.join(root, target)), target);
	const anchors = [...readme.matchAll(/\]\(#([^)]*)\)/g)].map(match => match[1]!);
	const headings = [...readme.matchAll(/^##+ (.*)$/gm)].map(match =>
		match[1]!
			.toLowerCase()
			.replace(/[^a-z0-9 -]/g, '')
			.replaceAll(' ', '-'),
	);
	for (const anchor of anchors) assert.ok(headings.includes(anchor), anchor);
});

test('the README names every command, and every dependency with a reason', () => {
	for (const command of createProgram(() => {}).commands) {
		assert.ok(readme.includes(`\`${command.name()}`) || command.name() === 'help', command.name());
	}
	const {dependencies, optionalDependencies, devDependencies} = JSON.parse(
		readFileSync(path.join(root, 'package.json'), 'utf8'),
	) as Record<string, Record<string, string>>;
	const table = readme.slice(readme.indexOf('## Dependencies'));
	for (const name of Object.keys({...dependencies, ...optionalDependencies, ...devDependencies})) {
		assert.match(table, new RegExp(`^\\|[^|]*${name.replaceAll('/', '\\/')}[^|]*\\| .{8,} \\|$`, 'm'), name);
	}
	assert.ok(scenarioNames.length > 6);
});

test('what npm ships is small and complete', t => {
	const [pack] = JSON.parse(
		execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
			cwd: root,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		}),
	) as {size: number; unpackedSize: number; files: {path: string}[]}[];
	assert.ok(pack !== undefined);
	const names = pack.files.map(file => file.path);
	t.diagnostic(
		`${pack.size} bytes packed, ${pack.unpackedSize} unpacked, ${names.length} files, 3 dependencies`,
	);
	for (const name of [
		'dist/cli.js',
		'dist/index.js',
		'README.md',
		'CHANGELOG.md',
		'LICENSE',
		'package.json',
	]) {
		assert.ok(names.includes(name), name);
	}
	const stray = names.filter(
		name => !/^(dist\/|README\.md$|CHANGELOG\.md$|LICENSE$|package\.json$)/.test(name),
	);
	assert.deepEqual(stray, []);
	assert.ok(pack.unpackedSize < 4_000_000, `${pack.unpackedSize} bytes`);
});

test('the bundle alone, in an empty folder without any package, plays the practice and answers questions', () => {
	const alone = path.join(folder, 'alone');
	cpSync(path.join(root, 'dist'), path.join(alone, 'dist'), {recursive: true});
	writeFileSync(path.join(alone, 'package.json'), '{"type":"module"}');
	const run = (...args: string[]) =>
		execFileSync(process.execPath, [path.join(alone, 'dist/cli.js'), ...args], {
			cwd: alone,
			encoding: 'utf8',
			env: {PATH: process.env.PATH ?? '', AVR_UNBRICK_OFFLINE: '1', HOME: alone},
			stdio: ['ignore', 'pipe', 'pipe'],
		});
	assert.match(run('--practice'), /The scenario "healthy" ended as it should/);
	assert.match(run('chips', 'm32u4'), /^ATmega32U4/);
});
