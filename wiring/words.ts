// The table as lines for a terminal, and as sentences for people who listen.
import type {IspSignal} from '../src/engine/chips/chip.ts';
import type {DrawnLine} from './canvas.ts';
import {pinPlaceWords, wrapWords} from './draw.ts';
import type {WiringRow, WiringTable} from './table.ts';

/** Columns of the signal's name, `RESET`, and its separator. */
const signalColumns = 7;

function programmerCell(row: WiringRow, hasHeader: boolean): string {
	const {label, headerPins} = row.programmer;
	if (!hasHeader || label.startsWith('pin ')) return label;
	return `${label}, pin ${headerPins.join(' or ')}`;
}

function targetCell(row: WiringRow): string {
	const {label, headerPins} = row.target;
	return headerPins.length > 0 && !/ICSP|pin/i.test(label)
		? `${label}, header pin ${headerPins.join(' or ')}`
		: label;
}

/**
 * The table: signal, programmer, board, pin of the chip; notes stand under their own row.
 * @param columns what there is, 60 or more
 */
export function wiringTableLines(table: WiringTable, columns: number): readonly DrawnLine[] {
	const hasHeader = table.programmer.headers.length > 0;
	const onPackage = table.target.board === undefined || table.target.board.packageName !== undefined;
	const cells = table.rows.map(row => ({
		row,
		texts: [
			programmerCell(row, hasHeader),
			targetCell(row),
			...(onPackage ? [] : [`pin ${row.target.packagePins.join(', ')}`]),
		],
	}));
	const {shifter} = table;
	if (shifter !== undefined) {
		for (const {row, texts} of cells)
			texts.splice(1, 0, shifter.signals.includes(row.signal) ? 'shifter' : 'straight');
	}
	const headings = [
		'programmer',
		...(shifter === undefined ? [] : ['between']),
		onPackage ? `board (${table.target.package.name})` : 'board',
		...(onPackage ? [] : [`chip (${table.target.package.name})`]),
	];
	const room = columns - signalColumns;
	const share = Math.floor(room / headings.length);
	const wanted = headings.map(
		(heading, index) => Math.max(heading.length, ...cells.map(cell => cell.texts[index]!.length)) + 2,
	);
	const widths = wanted.reduce((sum, width) => sum + width, 0) <= room ? wanted : headings.map(() => share);
	const lines: DrawnLine[] = [
		[
			{
				text:
					pad('', signalColumns) +
					headings
						.map((text, index) => pad(text, widths[index]!))
						.join('')
						.trimEnd(),
			},
		],
	];
	for (const {row, texts} of cells) {
		const wrapped = texts.map((text, index) => wrapWords(text, widths[index]! - 2));
		const height = Math.max(...wrapped.map(part => part.length));
		for (let line = 0; line < height; line++) {
			lines.push([
				{text: pad(line === 0 ? row.signal : '', signalColumns), signal: row.signal},
				{
					text: wrapped
						.map((part, index) => pad(part[line] ?? '', widths[index]!))
						.join('')
						.trimEnd(),
					signal: row.signal,
				},
			]);
		}
		for (const note of row.signal === 'RESET' ? row.notes : []) {
			for (const text of wrapWords(note, columns - signalColumns - 2)) {
				lines.push([{text: `${' '.repeat(signalColumns)}! ${text}`, signal: row.signal}]);
			}
		}
	}
	for (const text of shifterWords(table)) {
		const lead = pad(/^[A-Z]+(?=:)/.exec(text)?.[0] ?? '', signalColumns);
		wrapWords(text.replace(/^[A-Z]+: /, ''), columns - signalColumns).forEach((part, index) => {
			lines.push([{text: `${index === 0 ? lead : pad('', signalColumns)}${part}`}]);
		});
	}
	return lines;
}

/** What there is to say about a level shifter: no wire to VCC, and what feeds its two sides. */
function shifterWords({shifter}: WiringTable): readonly string[] {
	if (shifter === undefined) return [];
	return [
		"VCC: no wire from the programmer to the board. The board's own supply feeds it.",
		`HV: the 5 V side of the level shifter; ${shifter.highSupply} of the programmer feeds it.`,
		`LV: its 3.3 V side; ${shifter.lowSupply} of the board feeds it. GND goes to all three.`,
	];
}

function pad(text: string, width: number): string {
	return text.padEnd(width);
}

/** One sentence a wire (and one for what is no wire), in wiring order, with where the pin is when it must be counted. */
export function wiringLinear(table: WiringTable): readonly string[] {
	const hasHeader = table.programmer.headers.length > 0;
	const bare = table.target.board === undefined || table.target.board.packageName !== undefined;
	const through = (row: WiringRow) =>
		table.shifter?.signals.includes(row.signal) === true ? ', through the level shifter,' : '';
	const wires = table.rows.map(row => {
		const pins = row.target.packagePins;
		const place =
			pins.length === 0
				? ''
				: bare
					? ` (on the chip: ${pinPlaceWords(table.target.package, pins[0]!)}, pin 1 being at the top left)`
					: ` (pin ${pins.join(' or ')} of the chip)`;
		const notes = row.notes.length === 0 ? '' : ` ${row.notes.join(' ')}`;
		return `${spoken(row.signal)}: programmer ${programmerCell(row, hasHeader)}${through(row)} to board ${targetCell(row)}${place}.${notes}`;
	});
	return [...wires, ...shifterWords(table)];
}

function spoken(signal: IspSignal): string {
	return signal === 'GND' ? 'GND, ground' : signal === 'VCC' ? 'VCC, supply' : signal;
}
