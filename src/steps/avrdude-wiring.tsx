// The wires of a programmer that only avrdude knows: the board's side for certain, the programmer's by its own papers.
import {useState} from 'react';
import {NoWiring, type WiringTable, wiringTable} from '../../wiring/index.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import {Ask} from './ask.tsx';
import type {Known, StepProps} from './step.ts';
import {useSupplies} from './wiring.tsx';

/** Any programmer with the six-pin ISP plug stands for the board's side of the table. */
const likeAny = 'avrispmkii';

/** A board below this supply is called a 3.3 V board, volts. */
const lowVoltageBoard = 4;

function rowsFor({board}: Known): WiringTable['rows'] {
	if (board === undefined) return [];
	try {
		return wiringTable(likeAny, board.board?.id ?? {chip: board.chip?.id ?? ''}).rows;
	} catch (error) {
		if (error instanceof NoWiring) return [];
		throw error;
	}
}

function rowLine({signal, target}: WiringTable['rows'][number], low: boolean): Line {
	if (low && signal === 'VCC')
		return item('VCC   ', `board ${target.label}: never to 5 V; to a pin that only senses, or gives 3.3 V`);
	const pins = target.packagePins.length === 0 ? '' : ` (pin ${target.packagePins.join(' or ')} of the chip)`;
	return item(`${signal.padEnd(5)} `, `board ${target.label}${pins}`);
}

export function AvrdudeWiring({step}: {readonly step: StepProps<'wiring'>}) {
	const {known, deps, view, onDone} = step;
	const [asking, setAsking] = useState(false);
	const supplies = useSupplies(deps.world, known, asking);
	const {warn} = glyphsFor(view);
	const volts = known.board?.board?.vcc;
	const low = volts !== undefined && volts < lowVoltageBoard;
	const lowWarning = low
		? [
				item(
					`${warn} `,
					`This is a ${volts} V board. Whether this programmer's supply and signals are ${volts} V, only its own papers say: 5 V can destroy the board. If they are 5 V, connect no VCC, let the board's own supply feed it, and put a level shifter into every signal line.`,
					'bad',
				),
				gap,
			]
		: [];
	if (asking) {
		return (
			<Ask
				step={step}
				id="power"
				onBack={() => setAsking(false)}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'no') setAsking(false);
					else onDone({unplugged: true, wired: true});
				}}
				spec={{
					lines: [
						say(
							low
								? `Is the board fed by one source only, and are all its lines at ${volts} V?`
								: 'Is the board fed by one source only?',
							'strong',
						),
						say(
							'The programmer or its own USB cable, never both: two supplies can destroy the board, the programmer or the USB port. Many programmers of this kind (Atmel-ICE, Dragon) give no power and only measure it.',
						),
						...supplies.map(({name, vidPid}) =>
							item(`${warn} `, `${printable(name)} (${vidPid}) is plugged in and may be this board.`, 'warn'),
						),
					],
					control: {
						kind: 'menu',
						items: [
							{
								id: 'programmer',
								label: low
									? `Yes: only the programmer feeds it, with ${volts} V`
									: 'Yes: only the programmer feeds it',
								about: `${low ? `Its signals are ${volts} V, too. ` : ''}Next: the first contact. It only reads.`,
							},
							{
								id: 'own',
								label: low ? `Yes: its own ${volts} V feeds it` : 'Yes: only its own USB cable feeds it',
								about: `${low ? `The signals are ${volts} V or go through a level shifter. ` : ''}Next: the first contact. It only reads.`,
							},
							{id: 'no', label: 'Not yet: show me the wires again'},
						],
					},
					terms: ['programmer', 'brown-out'],
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id="table"
			onAction={action => {
				if (action.type === 'go') setAsking(true);
			}}
			spec={{
				lines: [
					...lowWarning,
					say('Connect these six, with everything unplugged. Then plug in the programmer.', 'strong'),
					say(
						`On ${printable(known.programmer?.name ?? 'the programmer')} they have the same names; where each of them is, its own manual says.`,
						'quiet',
					),
					gap,
					...rowsFor(known).map(wire => rowLine(wire, low)),
					gap,
					item(`${warn} `, "RESET goes to the board's RESET, never to the programmer's own.", 'warn'),
				],
				control: {kind: 'go', does: 'wired'},
				terms: ['RESET', 'SCK', 'ISP', 'programmer'],
			}}
		/>
	);
}
