// Builds dist/cli.js (the program) and dist/index.js (the engine as a library) over shared chunks.
// Everything pure JavaScript is bundled, so that what ships starts fast on Node 20; native packages stay outside.
import {execFileSync} from 'node:child_process';
import {chmodSync, readdirSync, readFileSync, renameSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {rollup} from 'rollup';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const dist = path.join(root, 'dist');
// Built beside and then put into place: a build that fails, or is under way, leaves the last one alone.
const outdir = path.join(root, '.cache', `build-${process.pid}`);
process.on('exit', () => rmSync(outdir, {recursive: true, force: true}));

await build({
	absWorkingDir: root,
	entryPoints: {cli: 'src/cli.tsx', index: 'src/index.ts'},
	outdir,
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node20',
	jsx: 'automatic',
	minifySyntax: true,
	minifyWhitespace: true,
	legalComments: 'none',
	chunkNames: 'chunks/[name]-[hash]',
	external: ['serialport', 'usb', 'node-hid'],
	define: {'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"'},
	banner: {
		js: "import {createRequire as __createRequire} from 'node:module'; const require = __createRequire(import.meta.url);",
	},
	plugins: [
		{
			// Ink loads its devtools bridge only with DEV=true; the bundle carries an empty module instead.
			name: 'no-devtools',
			setup(b) {
				b.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'empty', namespace: 'empty'}));
				b.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default {};', loader: 'js'}));
			},
		},
		{
			// Yoga would fetch its own wasm out of a data: address, for which Node first loads its whole HTTP client
			// (25 ms of the wizard's start). Without fetch it decodes the same text itself.
			name: 'yoga-without-fetch',
			setup(b) {
				b.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path: file}) => {
					const text = await readFile(file, 'utf8');
					if (!text.includes('typeof fetch')) throw new Error('yoga-layout no longer asks for fetch');
					return {contents: text.replaceAll('typeof fetch', 'typeof undefined'), loader: 'js'};
				});
			},
		},
	],
	logLevel: 'warning',
});
await mergeChunks();
chmodSync(path.join(outdir, 'cli.js'), 0o755);

if (!process.argv.includes('--no-types')) {
	execFileSync(
		process.execPath,
		[
			path.join(root, 'node_modules/typescript/bin/tsc'),
			'-p',
			'tsconfig.types.json',
			'--outDir',
			path.join(outdir, 'types'),
		],
		{cwd: root, stdio: 'inherit'},
	);
	keepReachable(path.join(outdir, 'types'), 'src/index.d.ts');
}
rmSync(dist, {recursive: true, force: true});
renameSync(outdir, dist);

/**
 * What every command with work to do loads lies in dozens of small files after esbuild, and each costs about a
 * millisecond of every start on Node 20. They become one; what `--version` needs, and the wizard's screens, stay apart.
 */
async function mergeChunks() {
	const folder = path.join(outdir, 'chunks');
	const names = readdirSync(folder);
	const imports = new Map(
		names.map(name => [
			name,
			[...readFileSync(path.join(folder, name), 'utf8').matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)].map(
				match => match[1],
			),
		]),
	);
	const reached = pattern => {
		const seen = new Set(names.filter(name => pattern.test(name)));
		for (const name of seen) for (const next of imports.get(name)) seen.add(next);
		return seen;
	};
	const always = reached(/^program-/);
	const working = reached(/^(?:hardware|data)-commands-/);
	const bundle = await rollup({
		input: {cli: path.join(outdir, 'cli.js'), index: path.join(outdir, 'index.js')},
		external: id => !id.startsWith('.') && !path.isAbsolute(id),
		treeshake: false,
	});
	const merged = path.join(outdir, 'merged');
	await bundle.write({
		dir: merged,
		format: 'es',
		compact: true,
		chunkFileNames: 'chunks/[name]-[hash].js',
		manualChunks(id) {
			const name = path.basename(id);
			if (always.has(name)) return 'program';
			return working.has(name) ? 'commands' : undefined;
		},
	});
	await bundle.close();
	rmSync(folder, {recursive: true});
	for (const name of readdirSync(merged)) renameSync(path.join(merged, name), path.join(outdir, name));
	rmSync(merged, {recursive: true});
}

/** Deletes the declarations that the library's entry does not lead to: data files are values there, not types. */
function keepReachable(folder, entry) {
	const reached = new Set();
	const visit = file => {
		if (reached.has(file)) return;
		reached.add(file);
		const text = readFileSync(file, 'utf8');
		for (const [, , specifier] of text.matchAll(/(from |import\()['"](\.[^'"]+)['"]/g)) {
			visit(path.resolve(path.dirname(file), specifier.replace(/\.(ts|tsx|js)$/, '.d.ts')));
		}
	};
	visit(path.join(folder, entry));
	for (const name of readdirSync(folder, {recursive: true})) {
		const file = path.join(folder, name);
		if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
	}
}
