// Colours and glyphs. Colour never carries a meaning alone.
import type {Tone} from './lines.ts';

export type Ink = {
	readonly color?: string;
	readonly bold?: boolean;
	readonly dimColor?: boolean;
};

export const inks: Readonly<Record<Tone, Ink>> = {
	plain: {},
	quiet: {dimColor: true},
	strong: {bold: true},
	good: {color: 'green'},
	warn: {color: 'yellow'},
	bad: {color: 'red', bold: true},
	accent: {color: 'cyan'},
};

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
	readonly arrow: string;
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
};

const asciiGlyphs: Glyphs = {
	pointer: '>',
	bullet: '*',
	done: 'x',
	now: '>',
	ahead: '.',
	failed: '!',
	warn: '!',
	up: '^',
	down: 'v',
	full: '#',
	empty: '-',
	dot: '|',
	arrow: '->',
};

export function glyphsFor(unicode: boolean): Glyphs {
	return unicode ? unicodeGlyphs : asciiGlyphs;
}
