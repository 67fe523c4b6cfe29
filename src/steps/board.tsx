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

export function BoardView(step: StepProps<'board'>) {
	const {known, before, onDone, view} = step;
	const [byChip, setByChip] = useState(false);
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
	];
	const only = known.start?.resume?.board ?? (fitting.length === 1 ? fitting[0]!.id : undefined);
	const lines: readonly Line[] = [
		say('Which board is broken?', 'strong'),
		say(
			'A keyboard with a small plug-in board has the name of that board; one with the chip on its own circuit board is a "keyboard with the chip on the PCB".',
			'quiet',
		),
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
				terms: ['bootloader', 'crystal'],
			}}
		/>
	);
}
