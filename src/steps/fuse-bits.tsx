// The fuse calculator: every bit of the chip in a list. Moving shows what a bit means and what the judge would say
// of it the other way; Enter turns it over. It writes nothing: the triple goes to the judged change like any other.
import {useState} from 'react';
import type {Chip, FuseName} from '../engine/chips/chip.ts';
import {decodeFuses} from '../engine/fuses/decode.ts';
import {fuseNames} from '../engine/fuses/mask.ts';
import type {FuseAssessment} from '../engine/fuses/types.ts';
import type {FuseBytes} from '../engine/target.ts';
import {item, type Line, row, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {fuseText} from './fuse-choices.ts';
import type {StepProps} from './step.ts';

/** A bit of the list: `high 3`. */
export function bitId(fuse: FuseName, bit: number): string {
	return `${fuse} ${bit}`;
}

/** The bytes with one bit turned over; as they were for an id that names none. */
export function flipBit(chip: Chip, bytes: FuseBytes, id: string): FuseBytes {
	const bit = decodeFuses(chip, bytes).bits.find(one => bitId(one.byte, one.bit) === id);
	const byte = bit === undefined ? undefined : bytes[bit.byte];
	if (bit === undefined || byte === undefined) return bytes;
	return {...bytes, [bit.byte]: byte ^ (1 << bit.bit)};
}

const verdicts = {safe: 'safe', consent: 'needs your word', refuse: 'refused'} as const;

/** Every bit, high byte positions first, with its value, its meaning, and what the other value would bring. */
export function bitItems(
	chip: Chip,
	now: FuseBytes,
	bytes: FuseBytes,
	judge: (fuses: FuseBytes) => FuseAssessment,
): readonly MenuItem[] {
	const before = decodeFuses(chip, now).bits;
	return decodeFuses(chip, bytes).bits.map(bit => {
		const id = bitId(bit.byte, bit.bit);
		const turned = flipBit(chip, bytes, id);
		const other = decodeFuses(chip, turned).bits.find(one => bitId(one.byte, one.bit) === id);
		const value = bit.programmed ? 0 : 1;
		const had = before.find(one => bitId(one.byte, one.bit) === id);
		const changed = had !== undefined && had.programmed !== bit.programmed;
		const {verdict, reasons} = judge(turned);
		const why = reasons.find(({severity}) => severity === verdict);
		return {
			id,
			label: `${bit.name.padEnd(10)} ${value}  ${bit.byte} bit ${bit.bit}${changed ? `  (the chip has ${1 - value})` : ''}`,
			about: `Now: ${bit.meaning}. As ${1 - value}: ${other?.meaning ?? ''}; ${verdicts[verdict]}${why === undefined ? '' : ` (${why.bit})`}.`,
			also: bit.meaning,
			term: 'fuse',
		};
	});
}

/** The bytes of the calculator and what the judge says of them. */
export function standing(
	chip: Chip,
	now: FuseBytes,
	bytes: FuseBytes,
	assessment: FuseAssessment,
	view: View,
): readonly Line[] {
	const glyphs = glyphsFor(view);
	const words = fuseNames(chip).map(
		fuse => `${fuse} 0x${(bytes[fuse] ?? 0xff).toString(16).padStart(2, '0')}`,
	);
	const grave = assessment.reasons.find(({severity}) => severity === assessment.verdict);
	return [
		say(`Every fuse bit of the ${chip.name}. Enter turns one over; nothing is written here.`, 'strong'),
		row(`${words.join('  ')}   (the chip has ${fuseText(now)})`, 'accent'),
		assessment.verdict === 'safe'
			? item(`${glyphs.done} `, 'Safe: the chip can be reached and started.', 'good')
			: assessment.verdict === 'consent'
				? item(`${glyphs.warn} `, `Your word would be needed. ${grave?.text ?? ''}`, 'warn')
				: item(`${glyphs.failed} `, `Refused. ${grave?.text ?? ''}`, 'bad'),
	];
}

type Props = {
	readonly step: StepProps<'fuses'>;
	readonly chip: Chip;
	/** What the chip has. */
	readonly now: FuseBytes;
	/** Where the calculator begins. */
	readonly start: FuseBytes;
	readonly judge: (fuses: FuseBytes) => FuseAssessment;
	/** Takes the triple to the judged change. */
	readonly onUse: (fuses: FuseBytes) => void;
	readonly onBack: () => void;
};

export function FuseBits({step, chip, now, start, judge, onUse, onBack}: Props) {
	const [bytes, setBytes] = useState(start);
	return (
		<Ask
			step={step}
			id="bits"
			onBack={onBack}
			onAction={action => {
				if (action.type === 'choose') setBytes(flipBit(chip, bytes, action.id));
				else if (action.type === 'key') onUse(bytes);
			}}
			spec={{
				lines: standing(chip, now, bytes, judge(bytes), step.view),
				control: {kind: 'menu', items: bitItems(chip, now, bytes, judge), does: 'turn over'},
				keys: [{key: '=', does: 'use these', id: 'use'}],
				terms: ['fuse', 'BOOTRST', 'HWBE', 'CKDIV8', 'brown-out', 'JTAG', 'crystal'],
			}}
		/>
	);
}
