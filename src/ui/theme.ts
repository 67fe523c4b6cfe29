// Colours and glyphs. Colour never carries a meaning alone.
import type {Tone} from './lines.ts';
import type {View} from './view.ts';

export type Ink = {
	readonly color?: string;
	readonly bold?: boolean;
	readonly dimColor?: boolean;
};

const inks: Readonly<Record<Tone, Ink>> = {
	plain: {},
	quiet: {dimColor: true},
	strong: {bold: true},
	good: {color: 'green'},
	warn: {color: 'yellow'},
	bad: {color: 'red', bold: true},
	accent: {color: 'cyan'},
};

/** For eyes that need it: nothing is dimmed, colours are bright and bold. */
const strongInks: Readonly<Record<Tone, Ink>> = {
	plain: {},
	quiet: {},
	strong: {bold: true},
	good: {color: 'greenBright', bold: true},
	warn: {color: 'yellowBright', bold: true},
	bad: {color: 'redBright', bold: true},
	accent: {color: 'whiteBright', bold: true},
};

export function inksFor(view: Pick<View, 'highContrast'>): Readonly<Record<Tone, Ink>> {
	return view.highContrast === true ? strongInks : inks;
}

export type Glyphs = {
	readonly pointer: string;
	readonly bullet: string;
	readonly done: string;
	readonly now: string;
	readonly ahead: string;
	readonly failed: string;
	readonly warn: string;
	readonly up: string;
	readonly down: string;
	readonly full: string;
	readonly empty: string;
	readonly dot: string;
	/** Between a value before and after. */
	readonly arrow: string;
	/** In front of what to do next. */
	readonly next: string;
};

const unicodeGlyphs: Glyphs = {
	pointer: '❯',
	bullet: '•',
	done: '✓',
	now: '▶',
	ahead: '·',
	failed: '✗',
	warn: '⚠',
	up: '↑',
	down: '↓',
	full: '█',
	empty: '░',
	dot: '·',
	arrow: '→',
	next: '→ ',
};

const asciiGlyphs: Glyphs = {
	pointer: '>',
	bullet: '*',
	done: 'ok',
	now: '>',
	ahead: '.',
	failed: 'X',
	warn: '!',
	up: '^',
	down: 'v',
	full: '#',
	empty: '-',
	dot: '|',
	arrow: '->',
	next: '-> ',
};

/** Words for people who listen: no sign that is spelled out, no drawing. */
const spokenGlyphs: Glyphs = {
	...asciiGlyphs,
	bullet: '',
	done: 'Good:',
	failed: 'Problem:',
	warn: 'Careful:',
	up: '(more above)',
	down: '(more below)',
	dot: ',',
	arrow: 'to',
	next: '',
};

export function glyphsFor(view: Pick<View, 'unicode' | 'screenReader'>): Glyphs {
	if (view.screenReader) return spokenGlyphs;
	return view.unicode ? unicodeGlyphs : asciiGlyphs;
}
