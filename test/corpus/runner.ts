// Runs the diagnosis over the labelled logs and counts. Labels and logs are transcripts of public threads; the
// story of each stands at its url. Split: the held-out half are the ids whose SHA-256 starts with an odd digit.

import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {derive, group} from '../../src/engine/diagnose/derive.ts';
import {diagnose} from '../../src/engine/diagnose/diagnose.ts';
import {listsOnly, normalise} from '../../src/engine/diagnose/normalise.ts';
import {createScanner, type Signal} from '../../src/engine/diagnose/scan.ts';
import {signals} from '../../src/engine/diagnose/signals.ts';
import type {Diagnosis} from '../../src/engine/diagnose/types.ts';

const here = import.meta.dirname;

export type Label = {
	readonly id: string;
	readonly url: string;
	readonly tool: string;
	readonly os: string;
	readonly family: string;
	readonly cause: string;
	readonly ispNeeded: 'yes' | 'no' | 'maybe';
	readonly certainty: 'stated' | 'inferred';
	/** The cause can be told from the text alone. */
	readonly decidable: boolean;
	readonly derivedFrom?: string;
	readonly form?: string;
	readonly remedy: string;
	/** Fresh logs only: in which round they were found. */
	readonly round?: number;
};

export type Case = Label & {readonly log: string; readonly heldOut: boolean};

/** @param part the corpus, or `fresh`: the logs found after the rules were written, see README.md */
export function loadCorpus(part: '' | 'fresh' = ''): Case[] {
	const labels = JSON.parse(readFileSync(path.join(here, part, 'labels.json'), 'utf8')) as Label[];
	return labels.map(label => ({
		...label,
		log: readFileSync(path.join(here, part, 'logs', `${label.id}.txt`), 'utf8'),
		heldOut: Number.parseInt(createHash('sha256').update(label.id).digest('hex').charAt(0), 16) % 2 === 1,
	}));
}

// Front ends and the programs they wrap: where the text shows only the inner program, its name is right too.
const wraps: Readonly<Record<string, readonly string[]>> = {
	'arduino-ide': ['avrdude', 'micronucleus', 'dfu-programmer'],
	'qmk-toolbox': [
		'avrdude',
		'dfu-programmer',
		'dfu-util',
		'teensy_loader_cli',
		'bootloadHID',
		'hid_bootloader_cli',
	],
	'qmk-make': ['avrdude', 'dfu-programmer', 'dfu-util', 'teensy_loader_cli', 'bootloadHID', 'qmk-flash'],
	'qmk-flash': ['avrdude', 'dfu-programmer', 'dfu-util', 'teensy_loader_cli', 'qmk-make'],
	octoprint: ['avrdude', 'bossac'],
	platformio: ['avrdude', 'micronucleus', 'teensy_loader_cli'],
	prusaslicer: ['avrdude'],
	cura: ['avrdude'],
};

export type Outcome = {
	readonly entry: Case;
	readonly got: Diagnosis;
	readonly top1: boolean;
	readonly top3: boolean;
	readonly family: boolean;
	readonly tool: boolean;
	readonly isp: boolean;
};

export function judge(entry: Case): Outcome {
	const got = diagnose(entry.log);
	const names = got.causes.map(cause => cause.cause);
	return {
		entry,
		got,
		top1: names[0] === entry.cause,
		top3: names.slice(0, 3).includes(entry.cause),
		family: got.family === entry.family,
		tool:
			got.tool === entry.tool ||
			got.innerTool === entry.tool ||
			(wraps[entry.tool]?.includes(got.tool) ?? false),
		isp: got.ispNeeded === entry.ispNeeded,
	};
}

export type Share = {readonly right: number; readonly of: number};

export type Figures = {
	/** First cause, on logs that can be decided from their text. */
	readonly top1: Share;
	/** Among the first three, on the others. */
	readonly top3: Share;
	readonly family: Share;
	readonly tool: Share;
	/** Exactly the label, on logs that can be decided from their text. */
	readonly ispNeeded: Share;
	/** Exactly the label, on all logs. */
	readonly ispNeededAll: Share;
	/** As before, and "maybe" counts where the text leaves several causes open. */
	readonly ispNotMisled: Share;
	/** ISP advised where the label says no. */
	readonly advisedInVain: readonly string[];
	/** ISP denied where the label says yes. */
	readonly denied: readonly string[];
};

function share(outcomes: readonly Outcome[], of: (outcome: Outcome) => boolean): Share {
	return {right: outcomes.filter(of).length, of: outcomes.length};
}

export function count(outcomes: readonly Outcome[]): Figures {
	const decidable = outcomes.filter(({entry}) => entry.decidable);
	const undecidable = outcomes.filter(({entry}) => !entry.decidable);
	return {
		top1: share(decidable, outcome => outcome.top1),
		top3: share(undecidable, outcome => outcome.top3),
		family: share(outcomes, outcome => outcome.family),
		tool: share(outcomes, outcome => outcome.tool),
		ispNeeded: share(decidable, outcome => outcome.isp),
		ispNeededAll: share(outcomes, outcome => outcome.isp),
		ispNotMisled: share(
			outcomes,
			({entry, got, isp}) => isp || (!entry.decidable && got.ispNeeded === 'maybe'),
		),
		advisedInVain: outcomes
			.filter(({entry, got}) => got.ispNeeded === 'yes' && entry.ispNeeded === 'no')
			.map(({entry}) => entry.id),
		denied: outcomes
			.filter(({entry, got}) => got.ispNeeded === 'no' && entry.ispNeeded === 'yes')
			.map(({entry}) => entry.id),
	};
}

const scanner = createScanner(signals);
const verdicts: ReadonlySet<string> = new Set(
	signals.filter((signal: Signal) => signal.role === 'error' || signal.role === 'success').map(({id}) => id),
);
const values =
	/^is\.(?:mismatch|sig|notblank|fuse|mcu|path|addr|stk|loader|dfu|arm|ms|bootloader|resp|power|application)\b/;

/** What a log says: its errors and successes, and with `derived` what follows from the values in them. */
function said(log: string, derived: boolean): string {
	const lines = normalise(log).lines.filter(line => !listsOnly(line.text));
	const hits = scanner.scan(lines);
	const known = derive(hits, group(hits));
	return [...known.keys()]
		.filter(id => verdicts.has(id) || (derived && values.test(id)))
		.sort()
		.join(' ');
}

export type Ceiling = {
	readonly groups: number;
	/** Logs that say what no other log says: remembering them is no reading. */
	readonly single: number;
	/** One answer per group, the commonest label. */
	readonly best: Share;
	/** The same on the logs that share their words with another. */
	readonly shared: Share;
};

/** The best that any answer from the text could do for "ISP needed": logs that say the same get the same answer. */
export function ispCeiling(entries: readonly Case[], derived: boolean): Ceiling {
	const groups = new Map<string, Case[]>();
	for (const entry of entries) {
		const key = said(entry.log, derived);
		const list = groups.get(key);
		if (list === undefined) groups.set(key, [entry]);
		else list.push(entry);
	}
	const most = (list: readonly Case[]): number =>
		Math.max(...['yes', 'no', 'maybe'].map(label => list.filter(each => each.ispNeeded === label).length));
	const all = [...groups.values()];
	const many = all.filter(list => list.length > 1);
	const sum = (lists: readonly Case[][], of: (list: Case[]) => number): number =>
		lists.reduce((total, list) => total + of(list), 0);
	return {
		groups: groups.size,
		single: all.length - many.length,
		best: {right: sum(all, most), of: entries.length},
		shared: {right: sum(many, most), of: sum(many, list => list.length)},
	};
}

export function percent({right, of}: Share): number {
	return of === 0 ? 100 : (100 * right) / of;
}

function show(name: string, value: Share): string {
	return `  ${name.padEnd(34)} ${String(value.right).padStart(3)} of ${String(value.of).padStart(3)}  ${percent(value).toFixed(1)} %`;
}

export function report(title: string, figures: Figures): string {
	return [
		title,
		show('first cause (decidable)', figures.top1),
		show('among the first three (the rest)', figures.top3),
		show('family', figures.family),
		show('tool', figures.tool),
		show('ISP needed (decidable)', figures.ispNeeded),
		show('ISP needed (all)', figures.ispNeededAll),
		show('the same, "maybe" where text is open', figures.ispNotMisled),
		`  ISP advised where none is needed: ${figures.advisedInVain.join(', ') || 'none'}`,
		`  ISP denied where it is needed:    ${figures.denied.join(', ') || 'none'}`,
	].join('\n');
}
