// The README's pictures, out of the real program: the wizard runs in a pty on the practice bench, a terminal
// emulator reads its screen, and each step's screen becomes an SVG in docs/pictures.
// `node scripts/pictures.mjs` after `npm run build`; add `--print` to see the screens as text.
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const program = path.join(root, 'dist/cli.js');
const folder = path.join(root, 'docs/pictures');
const columns = 80;
const rows = 24;
/** A screen that stays the same this long is finished. */
const quietMs = 300;
const patienceMs = 60_000;
/** How long the animated picture shows a step, and a frame of the work. */
const stepFrameMs = 2500;
const workFrameMs = 150;
const mostFrames = 60;

const cellWidth = 8.4;
const cellHeight = 18;
const margin = 12;
const barHeight = 28;
const paper = '#0d1117';
const ink = '#e6edf3';

/** When this is seen: keep it as a picture, then choose a row, or press keys. */
const journey = [
	{
		see: /What happened/,
		picture: 'start',
		paste:
			'avrdude: butterfly_recv(): programmer is not responding\navrdude: butterfly_recv(): programmer is not responding\n',
	},
	{see: /What the text says/, picture: 'diagnosis', choose: /Revive the board/},
	{see: /: Your board/, picture: 'board', choose: /Pro Micro 5 V/},
	{see: /: Your programmer/, picture: 'programmer', choose: /Arduino Uno/},
	{see: /: The wires/, picture: 'wiring', keys: '\r'},
	{see: /own USB cable unplugged/, choose: /^ *❯ Yes/},
	{see: /: First contact[\s\S]*ATmega32U4/, picture: 'first-contact', keys: '\r'},
	{see: /: What to write/, picture: 'image', keys: '\r'},
	{see: /: The fuses/, picture: 'fuses', keys: '\r'},
	{see: /: Before it starts/, picture: 'review', keys: '\r'},
	{see: /: Working[\s\S]*\d+ (%|of \d+)/, picture: 'working', moving: true},
	{see: /: Is it alive[\s\S]*❯ Practice/, picture: 'comeback', keys: '\r'},
	{see: /: Your keymap[\s\S]*❯/, picture: 'keymap', keys: '\r'},
	{see: /: How it ended/, picture: 'result'},
];

const print = process.argv.includes('--print');
if (!existsSync(program)) {
	console.error('dist/cli.js is not there: run "npm run build" first');
	process.exit(2);
}

const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true});
const {CI, NO_COLOR, FORCE_COLOR, ...env} = process.env;
const child = spawn(process.execPath, [program, '--practice'], {
	cols: columns,
	rows,
	cwd: root,
	env: {...env, TERM: 'xterm-256color', COLORTERM: 'truecolor', LANG: 'C.UTF-8'},
});
let ended = false;
child.onExit(() => {
	ended = true;
});
/** What the animated picture shows: each step's screen, and some of the work in between. */
const frames = [];
let filming = false;
child.onData(data => {
	terminal.write(data, () => {
		if (filming && frames.length < mostFrames) frames.push({lines: cells(), forMs: workFrameMs});
	});
});

mkdirSync(folder, {recursive: true});
try {
	for (const step of journey) {
		await seen(step.see, step.moving === true);
		filming = step.moving === true;
		frames.push({lines: cells(), forMs: step.moving === true ? workFrameMs : stepFrameMs});
		if (print) console.log(`${'─'.repeat(columns)}\n${text()}`);
		if (step.picture !== undefined) {
			writeFileSync(path.join(folder, `${step.picture}.svg`), svgOf(cells(), step.picture));
		}
		await act(step);
	}
	writeFileSync(path.join(folder, 'recovery.svg'), filmOf(frames));
} catch (error) {
	console.error(`${error.message}\nThe screen:\n${text()}`);
	process.exitCode = 1;
} finally {
	child.kill('SIGKILL');
}

/** Waits until the screen shows it and has come to rest. */
async function seen(pattern, moving) {
	const endMs = Date.now() + patienceMs;
	let last = '';
	let since = Date.now();
	while (Date.now() < endMs) {
		await sleep(moving ? 5 : 50);
		const now = text();
		if (moving && pattern.test(now)) return;
		if (now !== last) {
			last = now;
			since = Date.now();
		} else if (pattern.test(now) && Date.now() - since >= quietMs) return;
		if (ended) break;
	}
	throw new Error(`${pattern} did not appear.`);
}

async function act({paste, choose, keys}) {
	if (paste !== undefined) child.write(`\u001b[200~${paste}\u001b[201~`);
	if (keys !== undefined) {
		for (const key of [keys].flat()) {
			child.write(key);
			await sleep(quietMs);
		}
	}
	if (choose === undefined) return;
	for (let press = 0; press < 60; press++) {
		const row = text()
			.split('\n')
			.find(line => line.includes('❯'));
		if (row !== undefined && choose.test(row)) {
			child.write('\r');
			return;
		}
		child.write('\u001b[B');
		await sleep(quietMs / 2);
	}
	throw new Error(`No row ${choose} can be chosen.`);
}

function text() {
	const buffer = terminal.buffer.active;
	return Array.from(
		{length: rows},
		(_, y) => buffer.getLine(buffer.viewportY + y)?.translateToString(true) ?? '',
	)
		.join('\n')
		.trimEnd();
}

/** The screen as runs of equal style, row by row. */
function cells() {
	const buffer = terminal.buffer.active;
	return Array.from({length: rows}, (_, y) => {
		const line = buffer.getLine(buffer.viewportY + y);
		const runs = [];
		for (let x = 0; x < columns; x++) {
			const cell = line?.getCell(x);
			const characters = cell?.getChars() || ' ';
			const style = styleOf(cell);
			const last = runs.at(-1);
			if (last !== undefined && last.style === style) last.text += characters;
			else runs.push({x, style, text: characters});
		}
		return runs;
	});
}

function styleOf(cell) {
	if (cell === undefined) return '';
	const words = [];
	let foreground = cell.isFgPalette()
		? palette(cell.getFgColor())
		: cell.isFgRGB()
			? rgb(cell.getFgColor())
			: '';
	let background = cell.isBgPalette()
		? palette(cell.getBgColor())
		: cell.isBgRGB()
			? rgb(cell.getBgColor())
			: '';
	if (cell.isInverse()) [foreground, background] = [background || paper, foreground || ink];
	if (foreground !== '') words.push(`f${foreground}`);
	if (background !== '') words.push(`b${background}`);
	if (cell.isBold()) words.push('bold');
	if (cell.isDim()) words.push('dim');
	return words.join(' ');
}

function rgb(value) {
	return `#${value.toString(16).padStart(6, '0')}`;
}

/** The sixteen colours as a dark terminal has them; the cube and the greys as xterm computes them. */
function palette(index) {
	const sixteen = [
		'#484f58',
		'#ff7b72',
		'#3fb950',
		'#d29922',
		'#58a6ff',
		'#bc8cff',
		'#39c5cf',
		'#b1bac4',
		'#6e7681',
		'#ffa198',
		'#56d364',
		'#e3b341',
		'#79c0ff',
		'#d2a8ff',
		'#56d4dd',
		'#f0f6fc',
	];
	if (index < 16) return sixteen[index];
	if (index >= 232) return rgb((8 + (index - 232) * 10) * 0x010101);
	const level = value => (value === 0 ? 0 : 55 + value * 40);
	const cube = index - 16;
	return rgb((level(Math.floor(cube / 36)) << 16) | (level(Math.floor(cube / 6) % 6) << 8) | level(cube % 6));
}

/** One screen as a window. */
function svgOf(lines, title) {
	return windowOf(title, rowsOf(lines), '');
}

/** All frames over one another; an animation shows one at a time, without a script. */
function filmOf(all) {
	const totalMs = all.reduce((sum, frame) => sum + frame.forMs, 0);
	let atMs = 0;
	const styles = [];
	const groups = all.map(({lines, forMs}, index) => {
		const from = round((atMs / totalMs) * 100);
		const to = round(((atMs + forMs) / totalMs) * 100);
		atMs += forMs;
		styles.push(
			`@keyframes f${index}{0%,${from}%{visibility:hidden}${round(from + 0.01)}%,${to}%{visibility:visible}${round(Math.min(100, to + 0.01))}%,100%{visibility:hidden}}#f${index}{animation:f${index} ${totalMs}ms step-end infinite}`,
		);
		return `<g id="f${index}" visibility="${index === 0 ? 'visible' : 'hidden'}">${rowsOf(lines).join('')}</g>`;
	});
	return windowOf('a whole recovery on the practice bench', groups, `<style>${styles.join('')}</style>`);
}

function windowOf(title, parts, style) {
	const width = columns * cellWidth + 2 * margin;
	const height = rows * cellHeight + 2 * margin + barHeight;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${height}" viewBox="0 0 ${round(width)} ${height}" role="img" aria-label="avr-unbrick: ${title}">`,
		`<title>avr-unbrick: ${title}</title>`,
		style,
		`<rect width="100%" height="100%" rx="8" fill="${paper}"/>`,
		...['#ff5f57', '#febc2e', '#28c840'].map(
			(fill, index) => `<circle cx="${18 + index * 18}" cy="16" r="5" fill="${fill}"/>`,
		),
		`<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" fill="${ink}" xml:space="preserve">`,
		...parts,
		'</g>',
		'</svg>',
		'',
	].join('\n');
}

/** Text keeps its place by `textLength`, whatever font is there. */
function rowsOf(lines) {
	const parts = [];
	lines.forEach((runs, y) => {
		for (const run of runs) {
			const trimmed = run.text.trimEnd();
			const x = margin + run.x * cellWidth;
			const top = barHeight + margin + y * cellHeight;
			const words = run.style.split(' ');
			const background = words.find(word => word.startsWith('b#'))?.slice(1);
			if (background !== undefined) {
				parts.push(
					`<rect x="${round(x)}" y="${top}" width="${round([...run.text].length * cellWidth)}" height="${cellHeight}" fill="${background}"/>`,
				);
			}
			const lead = trimmed.length - trimmed.trimStart().length;
			if (trimmed.trim() === '') continue;
			const fill = words.find(word => word.startsWith('f#'))?.slice(1);
			const attributes = [
				`x="${round(x + lead * cellWidth)}"`,
				`y="${top + 13}"`,
				`textLength="${round([...trimmed.trimStart()].length * cellWidth)}"`,
				...(fill === undefined ? [] : [`fill="${fill}"`]),
				...(words.includes('bold') ? ['font-weight="bold"'] : []),
				...(words.includes('dim') ? ['opacity="0.65"'] : []),
			];
			parts.push(`<text ${attributes.join(' ')}>${escapeXml(trimmed.trimStart())}</text>`);
		}
	});
	return parts;
}

function round(value) {
	return Math.round(value * 100) / 100;
}

function escapeXml(value) {
	return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
