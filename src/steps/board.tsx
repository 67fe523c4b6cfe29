// Which board, or at least which chip. The log may speak for one; two candidates are no default.
import {useEffect, useState} from 'react';
import type {Board} from '../engine/boards/board.ts';
import {boards, findBoard} from '../engine/boards/index.ts';
import type {QmkFinding} from '../engine/boards/qmk.ts';
import {chips, findChip} from '../engine/chips/index.ts';
import type {Diagnosis, Family} from '../engine/diagnose/types.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import {Ask} from './ask.tsx';
import {BoardQmk} from './board-qmk.tsx';
import type {StepProps} from './step.ts';

/** Bootloaders that speak the language a log shows. */
const loadersOf: Readonly<Partial<Record<Family, readonly string[]>>> = {
	dfu: ['atmel-dfu', 'qmk-dfu', 'lufa-dfu'],
	caterina: ['caterina'],
	usbasploader: ['usbasploader'],
	bootloadhid: ['bootloadhid'],
	halfkay: ['halfkay'],
	micronucleus: ['micronucleus'],
	'arduino-serial': ['optiboot', 'atmegaboot', 'stk500v2'],
};

/** Boards that everything in the log fits; empty when the log says nothing about the board. */
export function fittingBoards(diagnosis: Diagnosis | undefined): readonly Board[] {
	if (diagnosis === undefined) return [];
	const loaders = loadersOf[diagnosis.family];
	const chip = diagnosis.facts.chip === undefined ? undefined : findChip(diagnosis.facts.chip);
	if (loaders === undefined && chip === undefined) return [];
	return boards.filter(
		board =>
			board.supported &&
			(chip === undefined || board.chip === chip.id) &&
			(loaders === undefined || (board.bootloader !== undefined && loaders.includes(board.bootloader))),
	);
}

function aboutBoard(board: Board): string {
	if (!board.supported) return `${board.chip}: an Arm chip. This wizard then tells you what to do instead.`;
	const chip = findChip(board.chip)?.name ?? board.chip;
	const clock = board.clock.kind === 'internal' ? 'no crystal' : `${board.clock.mhz} MHz`;
	return `${chip}, ${clock}, ${board.vcc} V${board.bootloader === undefined ? '' : `, usually with the ${board.bootloader} bootloader`}.`;
}

/** What can be seen without any tool. */
const howToTell = [
	'The name printed on the board, often on its back: Pro Micro, Elite-C, Teensy, Arduino.',
	'The name on the largest chip, read under a lamp at an angle: MEGA32U4, ATMEGA32A, AT90USB1286.',
	'The pins of that chip: 44 around four sides is mostly an ATmega32U4 or ATmega32A, 32 an ATmega32U2 or 328P, 64 an AT90USB; two rows of 20 legs an ATmega32A.',
	'The name that your system showed on USB while it worked, in an old log for example: "Arduino Leonardo", "ATm32U4DFU", "USBasp".',
] as const;

export function BoardView(step: StepProps<'board'>) {
	const {known, before, onDone, view} = step;
	const [byChip, setByChip] = useState(false);
	const [unsure, setUnsure] = useState(false);
	const glyphs = glyphsFor(view);
	const [asking, setAsking] = useState(false);
	const [found, setFound] = useState<QmkFinding | undefined>(undefined);
	const keyboard = known.start?.diagnosis?.facts.keyboard;
	const {qmk} = step.deps;
	// A log of QMK's names the keyboard: a checkout at hand then says which board it is.
	useEffect(() => {
		if (keyboard === undefined || qmk === undefined) return;
		let here = true;
		qmk(keyboard).then(
			finding => {
				if (here && finding.boardIds.length > 0) setFound(finding);
			},
			// No checkout, or not in it: then the person is asked, as without a name.
			() => {},
		);
		return () => {
			here = false;
		};
	}, [keyboard, qmk]);
	const byQmk = (found?.boardIds ?? []).flatMap(id => findBoard(id) ?? []);
	const fitting = byQmk.length > 0 ? byQmk : fittingBoards(known.start?.diagnosis);
	const fits = new Set(fitting.map(board => board.id));
	if (asking && qmk !== undefined)
		return (
			<BoardQmk
				step={step}
				look={qmk}
				typed={keyboard ?? ''}
				onPick={onDone}
				onBack={() => setAsking(false)}
				onChip={() => {
					setAsking(false);
					setByChip(true);
				}}
			/>
		);
	if (byChip) {
		return (
			<Ask
				step={step}
				id="chip"
				onBack={() => setByChip(false)}
				onAction={action => {
					const chip = action.type === 'choose' ? findChip(action.id) : undefined;
					if (chip !== undefined) onDone({chip});
				}}
				spec={{
					lines: [
						say('Which chip is on your board?', 'strong'),
						say(
							'It is printed on the largest chip, often only to be read under a lamp at an angle: for example MEGA32U4 or ATMEGA32A. Letters after it (-AU, -MU, -PU) name the package and do not matter.',
						),
					],
					control: {
						kind: 'menu',
						items: chips.map(chip => ({
							id: chip.id,
							label: chip.name,
							about: `${chip.flash.bytes / 1024} KB of memory. The chip itself is asked later; a wrong choice is then found out.`,
							also: chip.avrdudeId,
						})),
						initial: before?.board === undefined ? before?.chip?.id : undefined,
					},
					terms: ['signature'],
				}}
			/>
		);
	}
	if (unsure) {
		return (
			<Ask
				step={step}
				id="unsure"
				onBack={() => setUnsure(false)}
				onAction={action => {
					if (action.type !== 'choose') return;
					setUnsure(false);
					if (action.id === 'chip') setByChip(true);
				}}
				spec={{
					lines: [
						say('How to tell which board it is', 'strong'),
						...howToTell.map((text, index) => item(`${index + 1}. `, text)),
						say(
							'A wrong choice does no harm: the chip is asked for its type before anything is written.',
							'quiet',
						),
					],
					control: {
						kind: 'menu',
						items: [
							{id: 'boards', label: 'Back to the list: I know it now'},
							{id: 'chip', label: 'I have found only the name of the chip'},
						],
					},
					terms: ['which board', 'PCB', 'package', 'bootloader'],
				}}
			/>
		);
	}
	const items: readonly MenuItem[] = [
		...[...boards]
			.sort((a, b) => Number(fits.has(b.id)) - Number(fits.has(a.id)))
			.map(board => ({
				id: board.id,
				label: board.name,
				...(fits.has(board.id) ? {mark: `${glyphs.done} fits your text`} : {}),
				about: aboutBoard(board),
				also: board.chip,
				...(board.supported ? {} : {term: 'Arm'}),
			})),
		...(qmk === undefined
			? []
			: [
					{
						id: 'by-qmk',
						label: 'I know its name in QMK, or have its rules.mk or info.json',
						about: 'QMK says which chip and bootloader it has: planck/rev4, or the path of the file.',
						also: 'keyboard.json qmk_firmware',
					},
				]),
		{
			id: 'by-chip',
			label: 'Another board: I know its chip',
			about: 'Then the wires go to the pins of the chip itself.',
			also: 'other unknown keyboard pcb',
		},
		{
			id: 'unsure',
			label: 'I do not know which',
			about: 'How to tell: the name printed on the chip, the number of its pins, its name on USB.',
			also: 'unsure help',
		},
	];
	const only = known.start?.resume?.board ?? (fitting.length === 1 ? fitting[0]!.id : undefined);
	const lines: readonly Line[] = [
		say('Which board is broken?', 'strong'),
		say(
			'A keyboard with a small plug-in board has the name of that board; one with the chip on its own circuit board is a "keyboard with the chip on the PCB".',
			'quiet',
		),
		say('You do not know which? Type "unsure": the last entry says how to tell.', 'quiet'),
		...(fitting.length === 0
			? []
			: [
					gap,
					item(
						`${glyphs.done} `,
						byQmk.length > 0
							? `Your text speaks of ${printable(keyboard ?? '')}; QMK says that it has ${byQmk.length === 1 ? 'this one' : `one of ${byQmk.length}; they stand first`}.`
							: fitting.length === 1
								? 'Your text fits one of them.'
								: `Your text fits ${fitting.length} of them; they stand first.`,
						'good',
					),
				]),
	];
	return (
		<Ask
			step={step}
			id={`board ${byQmk.length}`}
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'by-qmk') {
					setAsking(true);
					return;
				}
				if (action.id === 'by-chip') {
					setByChip(true);
					return;
				}
				if (action.id === 'unsure') {
					setUnsure(true);
					return;
				}
				const board = findBoard(action.id);
				if (board === undefined) return;
				const chip = findChip(board.chip);
				onDone(chip === undefined ? {board} : {board, chip});
			}}
			spec={{
				lines,
				control: {
					kind: 'menu',
					items,
					initial:
						before === undefined
							? only
							: (before.board?.id ?? (before.elsewhere === undefined ? 'by-chip' : 'by-qmk')),
				},
				terms: ['which board', 'PCB', 'bootloader', 'crystal'],
			}}
		/>
	);
}
