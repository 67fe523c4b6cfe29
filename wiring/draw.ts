// The picture of both ends: headers, boards and packages, every wired pin with its signal's name.
import type {ChipPackage, IspSignal} from '../src/engine/chips/chip.ts';
import {above, beside, createCanvas, type Drawing, drawingOf} from './canvas.ts';
import {boardOutlines} from './outlines.ts';
import {type BoardOutline, type HeaderName, headerPins, wiringOrder} from './pinout.ts';
import type {LevelShifter, WiringTable} from './table.ts';

/** Where a pin is on its package, so that it can be counted from pin 1 (the dot, the notch). */
export type PinPlace = {
	readonly side: 'left' | 'right' | 'top' | 'bottom';
	/** Counts from 1, downwards on the left and right, from the left on top and bottom. */
	readonly place: number;
	/** Pins on this side. */
	readonly of: number;
};

/** Two rows of pins (DIP, SOIC, and the ten-pin QFN), or four sides. Source: package drawings of the datasheets. */
export function packageShape(found: ChipPackage): 'dual' | 'quad' {
	return /^(PDIP|SOIC)/.test(found.name) || found.pinCount % 4 !== 0 ? 'dual' : 'quad';
}

/**
 * The place of a pin: pin 1 is at the top left, the count goes down the left side and on anticlockwise.
 * @param pin 1..pinCount
 */
export function pinPlace(found: ChipPackage, pin: number): PinPlace {
	if (pin < 1 || pin > found.pinCount) throw new RangeError(`${found.name} has no pin ${pin}`);
	if (packageShape(found) === 'dual') {
		const of = found.pinCount / 2;
		return pin <= of ? {side: 'left', place: pin, of} : {side: 'right', place: found.pinCount - pin + 1, of};
	}
	const of = found.pinCount / 4;
	if (pin <= of) return {side: 'left', place: pin, of};
	if (pin <= 2 * of) return {side: 'bottom', place: pin - of, of};
	if (pin <= 3 * of) return {side: 'right', place: 3 * of - pin + 1, of};
	return {side: 'top', place: 4 * of - pin + 1, of};
}

/** The same in words: `left side, 9th from the top`. */
export function pinPlaceWords(found: ChipPackage, pin: number): string {
	const {side, place} = pinPlace(found, pin);
	const from = side === 'left' || side === 'right' ? 'from the top' : 'from the left';
	return `${side} side, ${ordinal(place)} ${from}`;
}

function ordinal(value: number): string {
	const tens = value % 100;
	if (tens >= 11 && tens <= 13) return `${value}th`;
	return `${value}${['th', 'st', 'nd', 'rd'][value % 10] ?? 'th'}`;
}

export type DrawOptions = {
	/** Columns there are; both ends stand side by side when they fit. */
	readonly columns: number;
	/** Leaves out runs of pins that carry no wire, for low terminals. */
	readonly compact?: boolean;
};

/** Runs of unwired rows shorter than this are drawn in full. */
const shortestRun = 3;
const gapBetweenEnds = 4;
/** Words under the level shifter fit the narrowest terminal. */
const shifterWords = 56;

/** Both ends of the cable. */
export function drawWiring(table: WiringTable, options: DrawOptions): Drawing {
	const programmer = titled(drawProgrammer(table), `Programmer: ${table.programmer.name}`, options.columns);
	const target = titled(drawTarget(table, options), `Board: ${table.target.name}`, options.columns);
	const side = beside(programmer, target, gapBetweenEnds);
	const ends = side.width <= options.columns ? side : above(programmer, target);
	if (table.shifter === undefined) return ends;
	return above(ends, titled(drawShifter(table.shifter), 'Between them: a level shifter', options.columns));
}

/** The level shifter: the programmer's side on the left, the board's on the right. */
export function drawShifter({signals, highSupply, lowSupply}: LevelShifter): Drawing {
	const canvas = createCanvas();
	const left = 11;
	const inner = 13;
	const right = left + inner + 1;
	canvas.put(0, 0, 'programmer');
	canvas.put(right + 2, 0, 'board');
	canvas.put(left, 1, `┌${'─'.repeat(inner)}┐`);
	let y = 2;
	const line = (outer: string, high: string, low: string, far: string, signal?: IspSignal) => {
		canvas.put(left, y, '│');
		canvas.put(right, y, '│');
		canvas.put(left - 1 - outer.length, y, outer, signal);
		canvas.put(left + 2, y, high, signal);
		canvas.put(right - 1 - low.length, y, low, signal);
		canvas.put(right + 2, y, far, signal);
		y++;
	};
	for (const [index, signal] of signals.entries())
		line(signal, `HV${index + 1}`, `LV${index + 1}`, signal, signal);
	line('its 5 V', 'HV', 'LV', 'its own 3.3 V');
	line('GND', 'GND', 'GND', 'GND', 'GND');
	canvas.put(left, y, `└${'─'.repeat(inner)}┘`);
	const words = `HV is fed by ${highSupply} of the programmer, LV by ${lowSupply} of the board; no wire joins the two.`;
	wrapWords(words, shifterWords).forEach((text, index) => {
		canvas.put(0, y + 1 + index, text);
	});
	return canvas.drawing();
}

function titled(drawing: Drawing, title: string, columns: number): Drawing {
	const half = Math.max(drawing.width, Math.floor((columns - gapBetweenEnds) / 2));
	const words = title.length <= half ? [title] : wrapWords(title, Math.max(half, 20));
	return drawingOf([...words.map(text => [{text}]), ...drawing.lines]);
}

/** Words onto lines of at most `width` columns; a longer word stands alone. */
export function wrapWords(text: string, width: number): readonly string[] {
	const lines: string[] = [];
	for (const word of text.split(' ')) {
		const last = lines.at(-1);
		if (last !== undefined && last.length + 1 + word.length <= width)
			lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}
	return lines;
}

function drawProgrammer({programmer, rows}: WiringTable): Drawing {
	const header = programmer.headers[0];
	const wires = new Set(rows.map(({signal}) => signal));
	if (header !== undefined) return drawHeader(header, wires);
	if (programmer.outline !== undefined) {
		return drawOutline(programmer.outline, signal =>
			wires.has(signal) ? (programmer.pads?.[signal] ?? programmer.labels[signal]) : undefined,
		);
	}
	return drawPads(rows.map(({signal, programmer: {label}}) => ({signal, label})));
}

function drawTarget(table: WiringTable, options: DrawOptions): Drawing {
	const {board, chip, package: found} = table.target;
	const wires = new Set(table.rows.map(({signal}) => signal));
	if (board?.header !== undefined) return drawHeader(board.header, wires);
	const outline = board === undefined ? undefined : boardOutlines[board.id];
	if (board !== undefined && outline !== undefined) {
		return drawOutline(outline, signal => (wires.has(signal) ? board.isp[signal]?.split(' ')[0] : undefined));
	}
	if (board !== undefined && board.packageName === undefined) {
		return drawPads(table.rows.map(row => ({signal: row.signal, label: row.target.label})));
	}
	return drawPackage(found, chip.name, {...options, signals: [...wires]});
}

/** A pin header from above; pin 1 is the square. Pins that get no wire are drawn without a name. */
export function drawHeader(
	header: HeaderName,
	wires: ReadonlySet<IspSignal> = new Set(wiringOrder),
): Drawing {
	const canvas = createCanvas();
	const pins = Object.fromEntries(
		Object.entries(headerPins[header]).map(([pin, name]) => [
			pin,
			name !== null && wires.has(name) ? name : null,
		]),
	);
	const count = Object.keys(pins).length;
	const left = 9;
	canvas.put(left, 0, '┌─────┐');
	for (let row = 0; row < count / 2; row++) {
		const odd = row * 2 + 1;
		const even = odd + 1;
		const oddSignal = pins[odd] ?? undefined;
		const evenSignal = pins[even] ?? undefined;
		const oddText = `${oddSignal ?? ''} ${odd}`;
		canvas.put(left - 1 - oddText.length, row + 1, oddText, oddSignal);
		canvas.put(left, row + 1, '│     │');
		canvas.put(left + 2, row + 1, odd === 1 ? '■' : '○', oddSignal);
		canvas.put(left + 4, row + 1, '○', evenSignal);
		canvas.put(left + 8, row + 1, `${even} ${evenSignal ?? ''}`.trimEnd(), evenSignal);
	}
	canvas.put(left, count / 2 + 1, '└─────┘');
	canvas.put(0, count / 2 + 2, 'from above; pin 1 is the square pad');
	return canvas.drawing();
}

/** A board with its pads; the signal's name stands outside, what is printed on the board inside. */
export function drawOutline(
	outline: BoardOutline,
	padOf: (signal: IspSignal) => string | undefined,
): Drawing {
	const canvas = createCanvas();
	const left = 7;
	const inner = 11;
	const right = left + inner + 1;
	const wired = new Map<string, IspSignal>();
	for (const signal of wiringOrder) {
		const pad = padOf(signal);
		if (pad === undefined) continue;
		const sides: readonly (readonly ['left' | 'right' | 'bottom', readonly string[]])[] = [
			['right', outline.right],
			['left', outline.left],
			['bottom', outline.bottom ?? []],
		];
		for (const [side, labels] of sides) {
			const index = labels.indexOf(pad);
			if (index < 0) continue;
			wired.set(`${side} ${index}`, signal);
			break;
		}
	}
	canvas.put(left, 0, `┌${'─'.repeat(3)}[USB]${'─'.repeat(3)}┐`);
	const rows = Math.max(outline.left.length, outline.right.length);
	for (let row = 0; row < rows; row++) {
		const y = row + 1;
		canvas.put(left, y, '│');
		canvas.put(right, y, '│');
		const l = outline.left[row];
		const leftSignal = wired.get(`left ${row}`);
		if (l !== undefined) canvas.put(left + 1, y, l, leftSignal);
		if (leftSignal !== undefined) canvas.put(left - 1 - leftSignal.length, y, leftSignal, leftSignal);
		const r = outline.right[row];
		const rightSignal = wired.get(`right ${row}`);
		if (r !== undefined && r !== '') canvas.put(right - r.length, y, r, rightSignal);
		if (rightSignal !== undefined) canvas.put(right + 2, y, rightSignal, rightSignal);
	}
	canvas.put(left, rows + 1, `└${'─'.repeat(inner)}┘`);
	(outline.bottom ?? []).forEach((label, index) => {
		const signal = wired.get(`bottom ${index}`);
		const x = left + 4 + index * 6;
		canvas.put(x, rows + 1, label, signal);
		if (signal !== undefined) canvas.put(x, rows + 2, signal, signal);
	});
	return canvas.drawing();
}

/** A plain list of pads, in wiring order. */
export function drawPads(pads: readonly {readonly signal: IspSignal; readonly label: string}[]): Drawing {
	const canvas = createCanvas();
	const longest = 26;
	const texts = pads.map(({signal, label}) => ({signal, lines: wrapWords(label, longest)}));
	const inner = Math.max(...texts.flatMap(({lines}) => lines.map(line => line.length))) + 2;
	canvas.put(0, 0, `┌${'─'.repeat(inner)}┐`);
	let y = 1;
	for (const {signal, lines} of texts) {
		lines.forEach((line, index) => {
			canvas.put(0, y, '│');
			canvas.put(inner - line.length, y, line, signal);
			canvas.put(inner + 1, y, '│');
			if (index === 0) canvas.put(inner + 3, y, signal, signal);
			y++;
		});
	}
	canvas.put(0, y, `└${'─'.repeat(inner)}┘`);
	return canvas.drawing();
}

/** A package from above with its wired pins; pin 1 at the top left, counted down and on anticlockwise. */
export function drawPackage(
	found: ChipPackage,
	chipName: string,
	options: {readonly compact?: boolean; readonly signals?: readonly IspSignal[]} = {},
): Drawing {
	const signals = options.signals ?? wiringOrder;
	const wired = new Map<number, IspSignal>();
	for (const signal of signals) for (const pin of found.pins[signal] ?? []) wired.set(pin, signal);
	return packageShape(found) === 'dual'
		? drawDual(found, chipName, wired, options.compact === true)
		: drawQuad(found, chipName, wired, options.compact === true);
}

/** Rows to draw: a place, or a gap standing for a run of places without a wire. */
function visibleRows(
	count: number,
	isWired: (place: number) => boolean,
	compact: boolean,
): (number | 'gap')[] {
	const rows: (number | 'gap')[] = [];
	let run: number[] = [];
	const flush = () => {
		if (compact && run.length >= shortestRun) rows.push('gap');
		else rows.push(...run);
		run = [];
	};
	for (let place = 1; place <= count; place++) {
		if (place === 1 || place === count || isWired(place)) {
			flush();
			rows.push(place);
		} else run.push(place);
	}
	flush();
	return rows;
}

function labelOf(pin: number, wired: ReadonlyMap<number, IspSignal>): string {
	const signal = wired.get(pin);
	return signal === undefined ? '' : `${signal} ${pin}`;
}

/** Room for the longest label, `RESET 100`. */
const labelColumns = 9;

function drawDual(
	found: ChipPackage,
	chipName: string,
	wired: ReadonlyMap<number, IspSignal>,
	compact: boolean,
): Drawing {
	const canvas = createCanvas();
	const half = found.pinCount / 2;
	const left = labelColumns + 1;
	const inner = Math.max(chipName.length, found.name.length, 7) + 2;
	const right = left + inner + 1;
	const middle = left + 1 + Math.floor(inner / 2);
	canvas.put(left, 0, `┌${'─'.repeat(inner)}┐`);
	canvas.put(middle, 0, '∪');
	const rows = visibleRows(half, place => wired.has(place) || wired.has(found.pinCount - place + 1), compact);
	rows.forEach((place, index) => {
		const y = index + 1;
		if (place === 'gap') {
			canvas.put(left, y, '┊');
			canvas.put(right, y, '┊');
			return;
		}
		const leftPin = place;
		const rightPin = found.pinCount - place + 1;
		const leftLabel = labelOf(leftPin, wired);
		canvas.put(left - 1 - leftLabel.length, y, leftLabel, wired.get(leftPin));
		canvas.put(left, y, '┤', wired.get(leftPin));
		canvas.put(right, y, '├', wired.get(rightPin));
		canvas.put(right + 2, y, labelOf(rightPin, wired), wired.get(rightPin));
		if (place === 1) canvas.put(left + 1, y, '●1');
	});
	nameInside(canvas, [chipName, found.name], left + 1, inner, 1, rows.length);
	canvas.put(left, rows.length + 1, `└${'─'.repeat(inner)}┘`);
	return canvas.drawing();
}

function drawQuad(
	found: ChipPackage,
	chipName: string,
	wired: ReadonlyMap<number, IspSignal>,
	compact: boolean,
): Drawing {
	const canvas = createCanvas();
	const of = found.pinCount / 4;
	const left = labelColumns + 1;
	const inner = Math.max(of * 2 + 1, chipName.length + 2);
	const right = left + inner + 1;
	const columnOf = (place: number) => left + place * 2;
	const topPin = (place: number) => 4 * of - place + 1;
	const rightPin = (place: number) => 3 * of - place + 1;
	const bottomPin = (place: number) => of + place;
	const places = Array.from({length: of}, (_, index) => index + 1);

	const topPlaces = places.filter(place => wired.has(topPin(place)));
	topPlaces.forEach((place, index) => {
		const signal = wired.get(topPin(place));
		canvas.put(columnOf(place), index, `┌ ${labelOf(topPin(place), wired)}`, signal);
		for (let y = index + 1; y < topPlaces.length; y++) canvas.put(columnOf(place), y, '│', signal);
	});
	const top = topPlaces.length;
	canvas.put(left, top, `┌${'─'.repeat(inner)}┐`);
	for (const place of places) canvas.put(columnOf(place), top, '┴', wired.get(topPin(place)));

	const rows = visibleRows(of, place => wired.has(place) || wired.has(rightPin(place)), compact);
	rows.forEach((place, index) => {
		const y = top + 1 + index;
		if (place === 'gap') {
			canvas.put(left, y, '┊');
			canvas.put(right, y, '┊');
			return;
		}
		const label = labelOf(place, wired);
		canvas.put(left - 1 - label.length, y, label, wired.get(place));
		canvas.put(left, y, '┤', wired.get(place));
		canvas.put(right, y, '├', wired.get(rightPin(place)));
		canvas.put(right + 2, y, labelOf(rightPin(place), wired), wired.get(rightPin(place)));
		if (place === 1) canvas.put(left + 1, y, '●1');
	});
	nameInside(canvas, [chipName, found.name], left + 1, inner, top + 1, rows.length);
	const bottom = top + rows.length + 1;
	canvas.put(left, bottom, `└${'─'.repeat(inner)}┘`);
	for (const place of places) canvas.put(columnOf(place), bottom, '┬', wired.get(bottomPin(place)));
	const bottomPlaces = places.filter(place => wired.has(bottomPin(place))).reverse();
	bottomPlaces.forEach((place, index) => {
		const signal = wired.get(bottomPin(place));
		for (let y = bottom + 1; y < bottom + 1 + index; y++) canvas.put(columnOf(place), y, '│', signal);
		canvas.put(columnOf(place), bottom + 1 + index, `└ ${labelOf(bottomPin(place), wired)}`, signal);
	});
	return canvas.drawing();
}

function nameInside(
	canvas: ReturnType<typeof createCanvas>,
	names: readonly string[],
	column: number,
	columns: number,
	row: number,
	rows: number,
): void {
	const start = row + Math.max(0, Math.floor((rows - names.length) / 2));
	names.slice(0, rows).forEach((name, index) => {
		// Beside the mark of pin 1, never over it.
		const indent = Math.max(start + index === row ? 3 : 0, Math.floor((columns - name.length) / 2));
		if (indent + name.length <= columns) canvas.put(column + indent, start + index, name);
	});
}
