// Fuses, bit by bit: what the chip has, what is proposed, what the judge says. A risk needs a typed word.
import {useState} from 'react';
import {findPinouts} from '../../wiring/index.ts';
import type {RiskName} from '../engine/errors.ts';
import {sameFuses} from '../engine/fuses/mask.ts';
import {type FuseBitChange, type FusePlan, planFuseWrites} from '../engine/fuses/plan.ts';
import type {FuseAssessment} from '../engine/fuses/types.ts';
import {slowestSckHz} from '../engine/isp/sck.ts';
import type {FuseBytes} from '../engine/target.ts';
import {gap, item, type Line, row, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {FuseBits} from './fuse-bits.tsx';
import {type BitChange, bitChanges, fuseChoices, fuseText, parseFuses} from './fuse-choices.ts';
import type {Known, StepProps} from './step.ts';

/** The writes that a change takes, with the judge's word on every one of them. */
export function planChange(known: Known, wanted: FuseBytes): FusePlan | undefined {
	const {identify, board, image, programmer} = known;
	if (identify === undefined) return undefined;
	const bootloader = image?.bootloader ?? board?.board?.bootloader;
	const driver = findPinouts(programmer?.id ?? '')[0]?.driver;
	const slowest = driver === undefined ? undefined : slowestSckHz(driver);
	return planFuseWrites(identify.chip, identify.identity.fuses, wanted, {
		...(board?.board === undefined ? {} : {board: board.board}),
		...(bootloader === undefined ? {} : {bootloader}),
		...(image?.image === undefined ? {} : {image: image.image}),
		...(identify.identity.targetVolts === null ? {} : {programmingVolts: identify.identity.targetVolts}),
		...(slowest === undefined ? {} : {programmerMinSckHz: slowest}),
	});
}

const undoWords = {
	isp: 'ISP can undo it.',
	'isp-if-clock-runs': 'ISP can undo it only while the chip gets a clock from outside.',
	'isp-if-supply-reaches': 'ISP can undo it only with a higher supply.',
	no: 'Nothing can undo it over ISP.',
} as const;

/** Bits that change, those of one setting together: what it says then, what it says now, what may go wrong. */
function changeLines(bits: readonly FuseBitChange[], view: View, risks: boolean): readonly Line[] {
	const {arrow} = glyphsFor(view);
	const value = (programmed: boolean) => (programmed ? 0 : 1);
	const fields = [...new Set(bits.map(bit => bit.field))];
	return fields.flatMap(field => {
		const own = bits.filter(bit => bit.field === field);
		const [first] = own;
		if (first === undefined) return [];
		const names = own.map(bit => `${bit.name} ${value(bit.before)} ${arrow} ${value(bit.after)}`);
		const now = first.meaningBefore === first.meaningAfter ? '' : ` (now: ${first.meaningBefore})`;
		return [
			item('  ', `${names.join(', ')}: ${first.meaningAfter}${now}.`, 'accent'),
			...(risks ? [item('    ', `If wrong: ${first.ifWrong}. ${undoWords[first.undo]}`, 'quiet')] : []),
		];
	});
}

function bitLine({bit, before, after}: BitChange, view: View): Line {
	const glyphs = glyphsFor(view);
	const change = before === after ? `${after}    ` : `${before} ${glyphs.arrow} ${after}`;
	const name = `${bit.name} `.padEnd(11);
	return item(`  ${name}${change.padEnd(7)}`, bit.meaning, before === after ? 'quiet' : 'accent');
}

function byteLines(now: FuseBytes, wanted: FuseBytes, view: View): readonly Line[] {
	const {arrow} = glyphsFor(view);
	const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;
	return (['low', 'high', 'extended'] as const).flatMap(name => {
		const before = now[name];
		const after = wanted[name] ?? before;
		if (before === undefined || after === undefined) return [];
		const same = before === after;
		return [
			row(
				`  ${name.padEnd(9)} ${hex(before)} ${arrow} ${hex(after)}${same ? '   stays' : ''}`,
				same ? 'quiet' : 'strong',
			),
		];
	});
}

function reasonLines(assessment: FuseAssessment, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	return assessment.reasons.map(reason =>
		reason.severity === 'refuse'
			? item(`${glyphs.failed} Refused. `, reason.text, 'bad')
			: reason.severity === 'consent'
				? item(`${glyphs.warn} Your word is needed. `, reason.text, 'warn')
				: item(`${glyphs.bullet} `, reason.text, 'quiet'),
	);
}

export function risksOf(assessment: FuseAssessment): readonly RiskName[] {
	const risks = assessment.reasons.flatMap(reason =>
		reason.severity === 'consent' && reason.risk !== undefined ? [reason.risk] : [],
	);
	return [...new Set(risks)];
}

type Choice = {readonly name: string; readonly fuses: FuseBytes};

export function FusesView(step: StepProps<'fuses'>) {
	const {known, before, view, onDone} = step;
	const glyphs = glyphsFor(view);
	const [typing, setTyping] = useState(false);
	const [turning, setTurning] = useState<FuseBytes | undefined>(undefined);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [choice, setChoice] = useState<Choice | undefined>(undefined);
	const [consenting, setConsenting] = useState(false);
	const [all, setAll] = useState(false);
	if (known.identify === undefined) return null;
	const {chip, identity} = known.identify;
	const now = identity.fuses;
	const bootloader = known.image?.bootloader ?? known.board?.board?.bootloader;
	const {choices, initial} = fuseChoices(chip, now, known.board?.board, bootloader);
	const keep = () => onDone({fuses: 'keep', name: 'as they are', accepted: []});

	if (choice !== undefined) {
		const plan = planChange(known, choice.fuses);
		if (plan === undefined) return null;
		const {assessment} = plan;
		const changedBits = plan.writes.flatMap(write => write.bits);
		const changes = bitChanges(chip, now, choice.fuses);
		const grave = assessment.reasons.filter(({severity}) => severity !== 'note');
		const risks = risksOf(assessment);
		const done = (accepted: readonly RiskName[]) =>
			onDone({fuses: choice.fuses, name: choice.name, accepted});
		if (consenting) {
			return (
				<Ask
					step={step}
					id="consent"
					onBack={() => setConsenting(false)}
					onAction={action => {
						if (action.type === 'word') done(risks);
					}}
					spec={{
						lines: [
							say('This change needs your word. Think it over: Esc changes nothing.', 'strong'),
							...reasonLines({...assessment, reasons: grave}, view),
							...byteLines(now, choice.fuses, view),
							...changeLines(changedBits, view, true),
						],
						control: {kind: 'word', word: chip.name, ask: `Type ${chip.name} by hand to agree:`},
					}}
				/>
			);
		}
		const refused = assessment.verdict === 'refuse';
		const notes = assessment.reasons.filter(({severity}) => severity === 'note');
		const lines: readonly Line[] = [
			say(`The change: ${choice.name}`, 'strong'),
			...(assessment.verdict === 'safe'
				? [item(`${glyphs.done} `, 'Safe: the chip can still be reached and started afterwards.', 'good')]
				: []),
			...reasonLines({...assessment, reasons: grave}, view),
			...(refused
				? [say('This is not done, whatever is asked. Go back and choose another set.', 'bad')]
				: []),
			...byteLines(now, choice.fuses, view),
			gap,
			...(all
				? changes.map(change => bitLine(change, view))
				: changedBits.length === 0
					? [say('No bit changes: bits that the chip does not have are not counted.')]
					: [say('Bits that change (0 means switched on):'), ...changeLines(changedBits, view, false)]),
			...(notes.length === 0 ? [] : [gap]),
			...reasonLines({...assessment, reasons: notes}, view),
		];
		return (
			<Ask
				step={step}
				id={`change ${all}`}
				onBack={() => setChoice(undefined)}
				onAction={action => {
					if (action.type === 'key') setAll(!all);
					if (action.type !== 'go') return;
					if (risks.length > 0) setConsenting(true);
					else done([]);
				}}
				spec={{
					lines,
					control: refused
						? {kind: 'wait'}
						: {kind: 'go', does: risks.length > 0 ? 'go on to consent' : 'use these'},
					keys: [{key: 'b', does: all ? 'changes only' : 'all bits', id: 'all'}],
					terms: ['fuse', 'BOOTRST', 'HWBE', 'CKDIV8', 'brown-out', 'JTAG', 'crystal'],
				}}
			/>
		);
	}
	if (turning !== undefined) {
		return (
			<FuseBits
				step={step}
				chip={chip}
				now={now}
				start={turning}
				judge={fuses => planChange(known, fuses)?.assessment ?? {verdict: 'safe', reasons: []}}
				onUse={fuses => {
					// Back from the change leads here again, to these very bits.
					setTurning(fuses);
					setChoice({name: 'your own bits', fuses});
				}}
				onBack={() => setTurning(undefined)}
			/>
		);
	}
	if (typing) {
		return (
			<Ask
				step={step}
				id={`type ${problem ?? ''}`}
				onBack={() => setTyping(false)}
				onAction={action => {
					if (action.type !== 'field') return;
					const fuses = parseFuses(chip, action.text);
					if (fuses === undefined) {
						setProblem(
							`The ${chip.name} has ${now.extended === undefined ? 'two fuse bytes: low and high' : 'three fuse bytes: low, high and extended'}; each has two digits 0 to 9, a to f.`,
						);
					} else {
						setTyping(false);
						setProblem(undefined);
						setChoice({name: 'your own bytes', fuses});
					}
				}}
				spec={{
					lines: [
						say(`The fuse bytes you want, low byte first. The chip has now: ${fuseText(now)}.`, 'strong'),
						say('The next screen says bit by bit what they mean, and refuses what would end the chip.'),
					],
					control: {
						kind: 'field',
						ask: 'Bytes:',
						value: fuseText(now),
						...(problem === undefined ? {} : {problem}),
					},
					terms: ['fuse'],
				}}
			/>
		);
	}
	const given =
		before === undefined
			? undefined
			: before.fuses === 'keep'
				? 'keep'
				: choices.find(one => one.fuses !== 'keep' && sameText(one.fuses, before.fuses))?.id;
	return (
		<Ask
			step={step}
			id="menu"
			onAction={action => {
				if (action.type !== 'choose') return;
				const chosen = choices.find(one => one.id === action.id);
				if (action.id === 'bits') setTurning(now);
				else if (chosen === undefined) setTyping(true);
				else if (chosen.fuses === 'keep' || sameFuses(chip, now, chosen.fuses)) keep();
				else setChoice({name: chosen.label, fuses: chosen.fuses});
			}}
			spec={{
				lines: [
					say('The fuses: settings of the chip apart from its program', 'strong'),
					say(
						'They say which clock runs it and where it starts. A wrong value can end the chip, so nothing is changed here that is not needed.',
					),
				],
				control: {
					kind: 'menu',
					items: [
						...choices.map(({id, label, about}) => ({id, label, about, term: 'fuse'})),
						{
							id: 'own',
							label: 'Other bytes: I type them',
							about: 'Every bit is explained and judged before anything happens.',
							term: 'fuse',
						},
						{
							id: 'bits',
							label: 'Bit by bit: the fuse calculator',
							about: 'Move over the bits, turn them over, and see what it means and what the judge says.',
							term: 'fuse',
						},
					],
					initial: given ?? initial,
				},
				terms: ['fuse', 'JTAG', 'bootloader'],
			}}
		/>
	);
}

function sameText(a: FuseBytes, b: 'keep' | FuseBytes): boolean {
	return b !== 'keep' && fuseText(a) === fuseText(b);
}
