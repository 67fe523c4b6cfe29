// A drawing for print: every character in its cell, lines as strokes, so that no font can pull the picture apart.
import type {IspSignal} from '../src/engine/chips/chip.ts';
import {type Drawing, drawingOf} from './canvas.ts';
import {drawWiring} from './draw.ts';
import {type WiringTable, type WiringWarning, warningBefore} from './table.ts';
import {wiringTableLines} from './words.ts';

/** Dark enough on white paper to be read; the names stand beside them, so grey print loses nothing. */
const inkOf: Readonly<Record<IspSignal, string>> = {
	GND: '#555555',
	RESET: '#8a6100',
	SCK: '#006a80',
	MOSI: '#1a7430',
	MISO: '#86268a',
	VCC: '#b3261e',
};

const cellWidth = 9;
const cellHeight = 18;
const margin = 18;

/** Arms of a line character: up, right, down, left. */
const armsOf: Readonly<Record<string, string>> = {
	'─': 'rl',
	'│': 'ud',
	'┌': 'rd',
	'┐': 'dl',
	'└': 'ur',
	'┘': 'ul',
	'├': 'urd',
	'┤': 'udl',
	'┬': 'rdl',
	'┴': 'url',
};

/** Picture and table of a wiring, as a standalone SVG document. */
export function wiringSvg(table: WiringTable): string {
	const columns = 80;
	const picture = drawWiring(table, {columns});
	const title = `${table.programmer.name} to ${table.target.name}`;
	const first = warningBefore(table);
	const inWords = (warnings: readonly WiringWarning[]) =>
		warnings.flatMap(warning => wrap(`! ${warning.text}`, columns).map(text => [{text}]));
	const rest = table.warnings.filter(warning => warning.severity === 'danger' && warning !== first);
	const page = drawingOf([
		[{text: title}],
		[],
		...(first === undefined ? [] : [...inWords([first]), []]),
		...picture.lines,
		[],
		...wiringTableLines(table, columns),
		[],
		...inWords(rest),
	]);
	return drawingSvg(page, title);
}

function wrap(text: string, columns: number): readonly string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		if (line !== '' && line.length + 1 + word.length > columns) {
			lines.push(line);
			line = '  ';
			line += word;
		} else line = line === '' ? word : `${line} ${word}`;
	}
	lines.push(line);
	return lines;
}

/** Any drawing as SVG. */
export function drawingSvg(drawing: Drawing, title: string): string {
	const width = drawing.width * cellWidth + 2 * margin;
	const height = drawing.lines.length * cellHeight + 2 * margin;
	const strokes = new Map<string, string[]>();
	const texts: string[] = [];
	drawing.lines.forEach((line, row) => {
		let column = 0;
		for (const span of line) {
			const ink = span.signal === undefined ? '#222222' : inkOf[span.signal];
			const characters = [...span.text];
			let run = '';
			let runStart = column;
			const flush = () => {
				if (run.trim() !== '') {
					const lead = run.length - run.trimStart().length;
					const word = run.trim();
					const x = margin + (runStart + lead) * cellWidth;
					const y = margin + row * cellHeight + cellHeight * 0.72;
					texts.push(
						`<text x="${x}" y="${y}" fill="${ink}" textLength="${[...word].length * cellWidth}">${escapeXml(word)}</text>`,
					);
				}
				run = '';
			};
			for (const character of characters) {
				const arms = armsOf[character];
				if (arms === undefined) {
					if (run === '') runStart = column;
					run += character;
				} else {
					flush();
					const x = margin + column * cellWidth + cellWidth / 2;
					const y = margin + row * cellHeight + cellHeight / 2;
					const ends: Record<string, string> = {
						u: `V${y - cellHeight / 2}`,
						d: `V${y + cellHeight / 2}`,
						l: `H${x - cellWidth / 2}`,
						r: `H${x + cellWidth / 2}`,
					};
					const path = [...arms].map(arm => `M${x} ${y}${ends[arm]}`).join('');
					strokes.set(ink, [...(strokes.get(ink) ?? []), path]);
				}
				column++;
			}
			flush();
		}
	});
	const paths = [...strokes].map(
		([ink, parts]) => `<path d="${parts.join('')}" stroke="${ink}" stroke-width="1.5" fill="none"/>`,
	);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">`,
		`<title>${escapeXml(title)}</title>`,
		`<rect width="${width}" height="${height}" fill="#ffffff"/>`,
		...paths,
		`<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
		...texts,
		'</g>',
		'</svg>',
		'',
	].join('\n');
}

function escapeXml(text: string): string {
	return text
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;');
}
