// Which board it is, by what QMK says: a keyboard's name in a checkout on this machine, or one of its files.
import {useState} from 'react';
import {findBoard} from '../engine/boards/index.ts';
import type {QmkFinding} from '../engine/boards/qmk.ts';
import {findChip} from '../engine/chips/index.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {messageOf} from './message-of.ts';
import type {Answers, StepProps} from './step.ts';

/** Which file said what; more of them than fit are counted. */
const mostSaid = 4;

/** What was found, with where it stands. */
export function findingLines(found: QmkFinding, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const chip = found.chip === undefined ? undefined : findChip(found.chip);
	const name = found.name ?? found.keyboard ?? 'the keyboard';
	const parts = [
		...(found.processor === undefined ? [] : [`the chip ${chip?.name ?? found.processor}`]),
		...(found.bootloader === undefined ? [] : [`the bootloader ${found.bootloader}`]),
	];
	return [
		parts.length === 0
			? say(`QMK says neither chip nor bootloader of ${printable(name)} there.`, 'strong')
			: say(`QMK says that ${printable(name)} has ${printable(parts.join(' and '))}.`, 'strong'),
		...found.said
			.slice(-mostSaid)
			.map(({file, key, value}) => item(`${glyphs.bullet} `, printable(`${file}: ${key} ${value}`), 'quiet')),
		...found.notes.map(note => item(`${glyphs.warn} `, printable(note), 'warn')),
	];
}

type Props = {
	readonly step: StepProps<'board'>;
	readonly look: (typed: string) => Promise<QmkFinding>;
	/** What the log called it. */
	readonly typed: string;
	readonly onPick: (answer: Answers['board']) => void;
	/** To the list of chips. */
	readonly onChip: () => void;
	readonly onBack: () => void;
};

export function BoardQmk({step, look, typed, onPick, onChip, onBack}: Props) {
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	const [found, setFound] = useState<QmkFinding | undefined>(undefined);
	if (found?.elsewhere !== undefined) {
		const {elsewhere} = found;
		return (
			<Ask
				step={step}
				id="elsewhere"
				onBack={() => setFound(undefined)}
				onAction={action => {
					if (action.type === 'go') onPick({elsewhere});
				}}
				spec={{
					lines: [...findingLines(found, step.view), gap, say('That is no AVR chip.')],
					control: {kind: 'go', does: 'see what to do'},
					terms: ['Arm'],
				}}
			/>
		);
	}
	if (found !== undefined) {
		const fits = found.boardIds.flatMap(id => findBoard(id) ?? []);
		const chip = found.chip === undefined ? undefined : findChip(found.chip);
		return (
			<Ask
				step={step}
				id="found"
				onBack={() => setFound(undefined)}
				onAction={action => {
					if (action.type !== 'choose') return;
					const board = findBoard(action.id);
					const {keyboard} = found;
					const named = keyboard === undefined ? {} : {keyboard};
					if (board !== undefined && chip !== undefined) onPick({board, chip, ...named});
					else if (action.id === 'chip' && chip !== undefined) onPick({chip, ...named});
					else onChip();
				}}
				spec={{
					lines: [
						...findingLines(found, step.view),
						...(fits.length === 0 ? [] : [gap, say('Which of these does it look like?')]),
					],
					control: {
						kind: 'menu',
						items: [
							...fits.map(board => ({id: board.id, label: board.name, term: 'bootloader'})),
							...(chip === undefined
								? []
								: [
										{
											id: 'chip',
											label: `None of them: wire the ${chip.name} itself`,
											about: 'Then the wires go to the pins of the chip.',
										},
									]),
							...(chip === undefined
								? [{id: 'list', label: 'Show me the chips', about: 'The name is printed on the largest one.'}]
								: []),
						],
						initial: fits.length === 1 ? fits[0]!.id : undefined,
					},
					terms: ['bootloader'],
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id={`qmk ${busy} ${problem ?? ''}`}
			onBack={onBack}
			onAction={action => {
				if (action.type !== 'field') return;
				setBusy(true);
				setProblem(undefined);
				look(action.text)
					.then(setFound, (error: unknown) => setProblem(messageOf(error)))
					.finally(() => setBusy(false));
			}}
			spec={
				busy
					? {lines: [say('Looking what QMK says ...')], control: {kind: 'wait'}}
					: {
							lines: [
								say('What does QMK call your keyboard?', 'strong'),
								say(
									'Its name, as after "qmk compile -kb": planck/rev4. Or the path of its rules.mk, info.json or keyboard.json, or of their folder; they can be dragged into this window.',
								),
								say('A name is looked up in the qmk_firmware folder of this machine.', 'quiet'),
							],
							control: {
								kind: 'field',
								ask: 'Keyboard:',
								value: typed,
								...(problem === undefined ? {} : {problem}),
							},
						}
			}
		/>
	);
}
