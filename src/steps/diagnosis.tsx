// What the log proves, quoted with its line numbers; what it means; what to do next.
import {useState} from 'react';
import type {DiagnosedCause, Diagnosis, Evidence} from '../engine/diagnose/types.ts';
import {gap, item, type Line, row, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {fit, printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import {textColumns, type View} from '../ui/view.ts';
import {aidTexts} from './aid-look.ts';
import {Ask} from './ask.tsx';
import {readLog} from './read-log.ts';
import type {Answers, StepProps} from './step.ts';

/** Quoted lines; more do not prove more. */
const mostEvidence = 3;
/** Longest quotation of one line, characters. */
const mostQuoted = 140;
/** On narrower terminals the list of candidates stands behind the question. */
const narrowBelow = 72;
/** Below this the first cause is only a guess, and is called one. */
const sureFrom = 0.5;

/** The first sentence and the rest. */
function sentences(text: string): readonly [string, string] {
	const match = /^(.*?[.!?])\s+(?=[A-Z])(.*)$/s.exec(text);
	return match === null ? [text, ''] : [match[1]!, match[2]!];
}

/** How much of the diagnosis is said at once. */
type Amount = {
	/** Quoted lines. */
	readonly evidence: number;
	/** Each quoted line is cut to one row. */
	readonly oneRow: boolean;
	/** Empty rows between the parts. */
	readonly roomy: boolean;
	/** How many more lines there are, and what else is possible. */
	readonly others: boolean;
	/** What it means for the board comes behind the next step. */
	readonly meansLast: boolean;
};

/** From everything to the least: the next step must be read without turning the page. */
const amounts: readonly Amount[] = [
	{evidence: mostEvidence, oneRow: false, roomy: true, others: true, meansLast: false},
	{evidence: 2, oneRow: true, roomy: true, others: true, meansLast: false},
	{evidence: 1, oneRow: true, roomy: true, others: true, meansLast: false},
	{evidence: 1, oneRow: true, roomy: true, others: false, meansLast: false},
	{evidence: 1, oneRow: true, roomy: false, others: false, meansLast: false},
	{evidence: 1, oneRow: true, roomy: false, others: false, meansLast: true},
];

/** The quoted lines: the one that says the most, and those that stand before it in the text. */
function quoted(cause: DiagnosedCause, count: number): readonly Evidence[] {
	const verdict = cause.evidence.find(({line}) => line === cause.verdictLine);
	const others = cause.evidence.filter(each => each !== verdict);
	const most = verdict === undefined ? others.slice(0, count) : [verdict, ...others.slice(0, count - 1)];
	return cause.evidence.filter(each => most.includes(each));
}

/** The same in less and less room; the first is whole. */
export function diagnosisLines(
	diagnosis: Diagnosis,
	cut: boolean,
	view: View,
): readonly [readonly Line[], ...(readonly Line[])[]] {
	const [whole, ...less] = amounts.map(amount => linesOf(diagnosis, cut, view, amount));
	return [whole!, ...less];
}

function linesOf(diagnosis: Diagnosis, cut: boolean, view: View, amount: Amount): readonly Line[] {
	const glyphs = glyphsFor(view);
	const bar = view.screenReader ? ':' : view.unicode ? '│' : '|';
	const [cause, ...others] = diagnosis.causes;
	if (cause === undefined) return [say('The text holds no error that this program knows.', 'warn')];
	const evidence = quoted(cause, amount.evidence);
	const digits = Math.max(1, ...evidence.map(({line}) => String(line).length));
	const [happened, means] = sentences(cause.meaning);
	const part = amount.roomy ? [gap] : [];
	const lines: Line[] = [];
	if (evidence.length > 0) {
		lines.push(say('Your text says:', 'strong'));
		for (const {line, text} of evidence) {
			const lead = `  line ${String(line).padStart(digits)} ${bar} `;
			const most = amount.oneRow ? textColumns(view) - lead.length : mostQuoted;
			lines.push(item(lead, fit(printable(text), most), 'quiet'));
		}
		const more = cause.evidence.length - evidence.length;
		if (more > 0 && amount.others)
			lines.push(
				row(
					`  and ${more} more ${more === 1 ? 'line' : 'lines'} like ${evidence.length === 1 ? 'this' : 'these'}`,
					'quiet',
				),
			);
		lines.push(...part);
	}
	const sure = cause.confidence >= sureFrom;
	const meaning = means === '' ? [] : [item('What it means: ', means)];
	lines.push(item('What happened: ', happened, sure ? 'strong' : 'plain'));
	if (!amount.meansLast) lines.push(...meaning);
	if (!sure) lines.push(say('This is the best guess, not a certainty.', 'warn'));
	const next = cause.next[0];
	if (next !== undefined) lines.push(...part, item(`${glyphs.next}Next: `, next, 'accent'));
	if (amount.meansLast) lines.push(...meaning);
	const asks = diagnosis.questions.length > 0 && !saysNothing(diagnosis);
	const other = diagnosis.questions.length > 0 ? undefined : others[0];
	if (asks && amount.others) {
		lines.push(say('More than one cause prints these words; a question tells them apart.', 'quiet'));
	}
	if (other !== undefined && amount.others)
		lines.push(item('Also possible: ', sentences(other.meaning)[0], 'quiet'));
	if (cut || diagnosis.truncated) {
		lines.push(
			say('The text was very long: its beginning and end were read, the middle was left out.', 'quiet'),
		);
	}
	return lines;
}

/** Causes that are no cause: the text is the wrong one, or too short. */
function saysNothing(diagnosis: Diagnosis): boolean {
	const cause = diagnosis.causes[0]?.cause;
	return cause === undefined || cause === 'unrelated' || cause === 'insufficient-evidence';
}

/** Ways to look closer; behind what leads on, so that Enter goes on. */
function closer(diagnosis: Diagnosis, narrow: boolean): readonly MenuItem[] {
	const asks = diagnosis.questions.length > 0 && !saysNothing(diagnosis);
	return [
		...(asks
			? [
					{
						id: 'question',
						label: 'Answer a question that narrows it down',
						about: diagnosis.questions[0]!.ask,
					},
				]
			: []),
		// On a narrow screen the list stands behind the question.
		...(diagnosis.causes.length > 1 && !(asks && narrow)
			? [
					{
						id: 'all',
						label: `Show all ${diagnosis.causes.length} candidates`,
						about: 'What else would print these words, and how sure each is.',
					},
				]
			: []),
	];
}

export function diagnosisChoices(
	diagnosis: Diagnosis,
	view: View,
): {readonly items: readonly MenuItem[]; readonly initial: string} {
	const narrow = view.columns < narrowBelow;
	const isp: MenuItem = {
		id: 'isp',
		label: 'Revive the board with a programmer (ISP)',
		about: 'You need a second small device, such as an Arduino, and six wires.',
		term: 'ISP',
	};
	const firstAid: MenuItem = {
		id: 'first-aid',
		label: 'Try first aid first: no soldering, no extra hardware',
		about: 'Often this is all it takes. If it does not help, you go on from there.',
	};
	if (diagnosis.family === 'arm') {
		return {
			items: [
				{id: 'isp', label: 'What can I do with an Arm board?', term: 'Arm'},
				{id: 'avr-after-all', label: 'My board has an AVR chip after all: go on'},
			],
			initial: 'isp',
		};
	}
	if (saysNothing(diagnosis)) {
		return {
			items: [
				{
					id: 'isp',
					label: 'Go on without it: I say myself which board it is',
					about: 'Or paste the right text now, right here.',
					term: 'ISP',
				},
			],
			initial: 'isp',
		};
	}
	const hasAid = aidTexts(diagnosis).length > 0;
	if (diagnosis.ispNeeded === 'yes' || !hasAid) {
		return {items: [...(hasAid ? [isp, firstAid] : [isp]), ...closer(diagnosis, narrow)], initial: 'isp'};
	}
	return {items: [firstAid, isp, ...closer(diagnosis, narrow)], initial: 'first-aid'};
}

/** How sure a candidate is, in words. */
function sureness({confidence}: DiagnosedCause): string {
	return confidence >= 0.8
		? 'very likely'
		: confidence >= sureFrom
			? 'likely'
			: confidence >= 0.3
				? 'possible'
				: 'unlikely';
}

/** The same diagnosis read as that candidate. */
function asCandidate(diagnosis: Diagnosis, chosen: string): Diagnosis {
	const first = diagnosis.causes.find(({cause}) => cause === chosen);
	if (first === undefined) return diagnosis;
	return {
		...diagnosis,
		ispNeeded: first.ispNeeded,
		causes: [first, ...diagnosis.causes.filter(cause => cause !== first)],
	};
}

type Inner = {
	readonly step: StepProps<'diagnosis'>;
	readonly diagnosis: Diagnosis;
	/** Back to the diagnosis, changed or not. */
	readonly onClose: (changed?: Diagnosis) => void;
};

function QuestionPage({step, diagnosis, onClose, onAll}: Inner & {readonly onAll: () => void}) {
	const question = diagnosis.questions[0];
	if (question === undefined) return null;
	return (
		<Ask
			step={step}
			id={`question ${question.id}`}
			onBack={() => onClose()}
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'all') return onAll();
				const answer = Number(action.id);
				void import('../engine/diagnose/diagnose.ts').then(({answerQuestion}) =>
					onClose(answerQuestion(diagnosis, question.id, answer)),
				);
			}}
			spec={{
				lines: [
					say(question.ask, 'strong'),
					say(
						'More than one cause prints the words of your text; your answer decides which one it is.',
						'quiet',
					),
				],
				control: {
					kind: 'menu',
					items: [
						...question.answers.map((label, index) => ({id: String(index), label})),
						{id: 'all', label: `Show all ${diagnosis.causes.length} candidates`},
					],
				},
				terms: ['bootloader', 'RESET', 'DFU'],
			}}
		/>
	);
}

function CandidatesPage({step, diagnosis, onClose}: Inner) {
	return (
		<Ask
			step={step}
			id="candidates"
			onBack={() => onClose()}
			onAction={action => {
				if (action.type === 'choose') onClose(asCandidate(diagnosis, action.id));
			}}
			spec={{
				lines: [
					say('Everything that may be behind your text, the likeliest first.', 'strong'),
					say('Choose one to read what speaks for it and what to do then.', 'quiet'),
				],
				control: {
					kind: 'menu',
					items: diagnosis.causes.map(cause => {
						const [happened, means] = sentences(cause.meaning);
						const lines = cause.evidence.slice(0, mostEvidence).map(({line}) => line);
						const where = lines.length === 0 ? '' : ` (line ${lines.join(', ')})`;
						return {
							id: cause.cause,
							label: `${sureness(cause)}: ${happened}`,
							about: `${means}${where}`,
						};
					}),
					initial: diagnosis.causes[0]?.cause,
				},
				terms: ['bootloader', 'ISP'],
			}}
		/>
	);
}

export function DiagnosisView(step: StepProps<'diagnosis'>) {
	const {known, before, onDone, view} = step;
	const diagnosis = known.start?.diagnosis;
	const [page, setPage] = useState<'diagnosis' | 'question' | 'all'>('diagnosis');
	if (diagnosis === undefined) return null;
	const close = (changed?: Diagnosis) => {
		setPage('diagnosis');
		if (changed !== undefined && known.start !== undefined)
			step.onMoreLog({...known.start, diagnosis: changed});
	};
	if (page === 'question') {
		return <QuestionPage step={step} diagnosis={diagnosis} onClose={close} onAll={() => setPage('all')} />;
	}
	if (page === 'all') return <CandidatesPage step={step} diagnosis={diagnosis} onClose={close} />;
	const {items, initial} = diagnosisChoices(diagnosis, view);
	const [lines, ...shorter] = diagnosisLines(diagnosis, known.start?.cut === true, view);
	return (
		<Ask
			step={step}
			id={`${known.start?.log ?? ''} ${diagnosis.causes[0]?.cause} ${diagnosis.questions.length}`}
			onAction={action => {
				if (action.type === 'choose') {
					if (action.id === 'question' || action.id === 'all') setPage(action.id);
					else onDone({go: action.id as Answers['diagnosis']['go']});
				}
				if (action.type === 'text') {
					// The rest of a paste that came in pieces, or a second try: it belongs to the same text.
					void readLog(
						`${known.start?.log ?? ''}${action.text}`,
						'paste',
						known.start?.logName ?? 'the pasted text',
					)
						.then(more => {
							if (more !== undefined) step.onMoreLog(more);
						})
						// What was understood before stays on the screen.
						.catch(() => {});
				}
			}}
			spec={{
				lines,
				shorter,
				control: {kind: 'menu', items, initial: before?.go ?? initial},
				terms: diagnosis.family === 'dfu' ? ['DFU', 'bootloader'] : ['bootloader', 'Caterina'],
				takesText: true,
			}}
		/>
	);
}
