// What will happen, in plain words, and how long it takes. The last question before the chip is touched.
import {useState} from 'react';
import {riskTexts} from '../engine/advice.ts';
import {findBootloader} from '../engine/bootloaders/index.ts';
import {waysInto} from '../engine/bootloaders/ways-in.ts';
import {hexAddress} from '../engine/bytes.ts';
import {isKind, type RiskName, UnbrickError} from '../engine/errors.ts';
import {bootSection} from '../engine/fuses/decode.ts';
import {sameFuses} from '../engine/fuses/mask.ts';
import {eepromAtErase, type LoaderSwitch, planFuseWrites, planLoaderSwitch} from '../engine/fuses/plan.ts';
import {avrdudeCommands, avrdudeLacks} from '../engine/procedures/avrdude-command.ts';
import {
	bootsByLoader,
	checkPlan,
	fillsBootSection,
	fuseContext,
	refuseOrPass,
	risksOf,
} from '../engine/procedures/check-plan.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import type {FuseBytes} from '../engine/target.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {timeText} from '../ui/progress.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {driverOf} from './contact.ts';
import {engineLines} from './engine-lines.ts';
import {errorLines} from './error-text.ts';
import {estimateSeconds} from './estimate.ts';
import {fittingSet, fuseText} from './fuse-choices.ts';
import {type LeftBehind, stillWords} from './left-behind.ts';
import {memoryMapLines} from './memory-map.ts';
import {isLocked, planOf} from './plan-of.ts';
import type {Known, StepProps} from './step.ts';
import {shortBoard} from './summary.ts';

export type Objection = {readonly risk: RiskName; readonly why: string};

/** Risks of the plan that nobody has accepted yet, and what forbids it altogether. */
export function objections(
	plan: RecoveryPlan,
	known: Known,
): {readonly risks: readonly Objection[]; readonly refused: UnbrickError | undefined} {
	const risks: Objection[] = [];
	try {
		checkPlan(plan);
		risks.push(...againstChip(plan, known));
	} catch (error) {
		if (isKind(error, 'ConsentMissing')) {
			const {why} = error.facts;
			risks.push(...error.facts.risks.map((risk, index) => ({risk, why: why[index] ?? riskTexts[risk]})));
		} else if (error instanceof UnbrickError) return {risks: [], refused: error};
		else throw error;
	}
	if (plan.erase && isLocked(known) && !plan.accepted.has('no-backup')) {
		risks.push({
			risk: 'no-backup',
			why: 'The chip is locked, so what is on it now (firmware, bootloader, settings) cannot be saved first. The erase takes it for good.',
		});
	}
	return {risks, refused: undefined};
}

/**
 * What the chip, by what was read from it, adds to the plan's risks: a backup's fuses count only where they differ, and
 * the erase may take a bootloader for which the image brings none.
 * @throws UnbrickError FuseRefused
 */
function againstChip(plan: RecoveryPlan, known: Known): readonly Objection[] {
	const {chip, image, fuses, accepted} = plan;
	const now = known.identify?.identity.fuses;
	if (now === undefined) return [];
	const found: Objection[] = [];
	if (plan.ownBackup === true && fuses !== 'keep') {
		const {assessment} = planFuseWrites(chip, now, fuses, fuseContext(plan));
		refuseOrPass(assessment);
		found.push(...risksOf(assessment));
	}
	const after: FuseBytes = {...now, ...(fuses === 'keep' ? {} : fuses)};
	const start = bootSection(chip, after)?.startByteAddress;
	if (
		image !== undefined &&
		plan.erase &&
		known.again !== true &&
		start !== undefined &&
		bootsByLoader(chip, after) &&
		!fillsBootSection(chip, after, image)
	) {
		found.push({
			risk: 'loses-bootloader',
			why: `These fuses start the bootloader at ${hexAddress(start)}. The erase takes any that is there, and ${plan.imageName ?? 'the image'} has none.`,
		});
	}
	return found.filter(({risk}) => !accepted.has(risk));
}

/** What the erase does to the EEPROM by the fuses that the chip has. */
function eepromText(plan: RecoveryPlan, known: Known): string {
	const now = known.identify?.identity.fuses;
	if (plan.eeprom !== undefined) return 'Write the settings (EEPROM) of the backup.';
	if (now === undefined) return 'Put the settings (EEPROM) back, if the erase took them.';
	return eepromAtErase(plan.chip, now).survives
		? 'The settings (EEPROM) stay: EESAVE spares them from the erase.'
		: 'Put the settings (EEPROM) back: the erase takes them, since EESAVE does not spare them.';
}

/** The plan's change to another bootloader than the board's usual one; undefined when it is none. */
function switchOf(plan: RecoveryPlan, known: Known): LoaderSwitch | undefined {
	const {board, bootloader, image} = plan;
	const now = known.identify?.identity.fuses;
	if (board === undefined || bootloader === undefined || image === undefined || now === undefined)
		return undefined;
	if (board.bootloader === undefined || board.bootloader === bootloader) return undefined;
	return planLoaderSwitch(plan.chip, board, now, bootloader, {image});
}

/** What the switch means for the person; keys in RAM and command lines are for those who ask (the avrdude page). */
function switchLines(plan: RecoveryPlan, known: Known, view: View): readonly Line[] {
	const change = switchOf(plan, known);
	if (change === undefined) return [];
	const loader = findBootloader(change.to);
	const way = loader?.protocol == null ? undefined : waysInto(loader.protocol)[0];
	const {bullet, warn} = glyphsFor(view);
	const [from, to] = [change.from, change.to].map(id => findBootloader(id)?.name ?? id);
	const now = known.identify?.identity.fuses;
	const fits = now !== undefined && fittingSet(plan.chip, now, plan.board, plan.bootloader) !== undefined;
	const short = plan.fuses === 'keep' && change.plan.writes.length > 0 && !fits;
	return [
		gap,
		say(`This switches the board from ${from} to ${to}:`, 'strong'),
		...(way === undefined ? [] : [item(`${bullet} `, `To start ${to} from then on: ${way}`)]),
		item(
			`${bullet} `,
			`A keymap must then be made for ${to}: one made for ${from} may not start. Say so where you get it, or set it in QMK.`,
		),
		...(short
			? [
					item(
						`${warn} `,
						`The fuses stay as they are, though ${to} needs ${fuseText(change.fuses)}: go back to choose them.`,
						'warn',
					),
				]
			: []),
	];
}

/** What becomes of the fuses: a plan that sets what the chip has changes nothing, and says so. */
function fuseStep(plan: RecoveryPlan, known: Known, arrow: string): string {
	const now = known.identify?.identity.fuses;
	if (plan.fuses === 'keep' || (now !== undefined && sameFuses(plan.chip, now, plan.fuses)))
		return 'Leave the fuses as they are.';
	return `Set the fuses: ${now === undefined ? '' : `${fuseText(now)} ${arrow} `}${fuseText(plan.fuses)}.`;
}

/** What is saved before the first change, and which backup counts. */
function backupStep(known: Known, left: LeftBehind | undefined): string {
	if (isLocked(known)) return 'No backup: the chip is locked and cannot be read.';
	// Fuses alone go on only with a run that was about fuses alone, too.
	if (known.again === true && known.image?.image === undefined)
		return 'Backup: that of the first try is kept and used where it fits; else a new one is made first.';
	if (known.again === true) return 'The backup of the first try is kept and used; no new one is made.';
	if (known.image?.restore !== undefined && left !== undefined)
		return `The good backup of the first try is kept, and it is what is written back. What is on the chip now (${stillWords(left)}) is saved first, too, to a file of its own.`;
	return 'Backup: everything on the chip is read and saved to a file first.';
}

export function reviewLines(
	plan: RecoveryPlan,
	known: Known,
	view: View,
	left?: LeftBehind,
): readonly Line[] {
	const {arrow} = glyphsFor(view);
	const board = plan.board === undefined ? plan.chip.name : shortBoard(plan.board.name);
	const steps: string[] = [backupStep(known, left)];
	if (plan.image !== undefined) {
		const own = known.image?.own === true ? '; your own file, checked by nobody else' : '';
		steps.push(
			`Erase the chip, then write ${plan.imageName ?? 'the image'} (${plan.image.byteCount} bytes${own}).`,
		);
		steps.push('Verify: read every written byte back and compare.');
		if (!isLocked(known)) steps.push(eepromText(plan, known));
	}
	steps.push(fuseStep(plan, known, arrow));
	steps.push('Read everything once more, and let the board start.');
	const {programmer} = known;
	// How fast avrdude's programmers are, nobody here has measured.
	const driver =
		programmer === undefined || programmer.connection.kind === 'avrdude' ? undefined : driverOf(programmer);
	return [
		say(`This will be done to the ${board} (${plan.chip.name}):`, 'strong'),
		...steps.map((text, index) => item(` ${index + 1}. `, text)),
		...switchLines(plan, known, view),
		...engineLines(known, view),
		gap,
		...(driver === undefined ? [] : [say(`It takes ${timeText(estimateSeconds(plan, driver))}.`)]),
		say(
			'Until step 2 nothing is changed. If something fails, this program says in which state the chip is, and you can begin again.',
			'quiet',
		),
	];
}

export function ReviewView(step: StepProps<'review'>) {
	const {known, view, onDone} = step;
	const [consenting, setConsenting] = useState(false);
	const [equal, setEqual] = useState(false);
	const [mapped, setMapped] = useState(false);
	const plan = planOf(known);
	if (plan === undefined) return null;
	const {risks, refused} = objections(plan, known);
	if (refused !== undefined) {
		return (
			<Ask
				step={step}
				id="refused"
				onAction={() => {}}
				spec={{
					lines: [
						...errorLines(refused, view),
						gap,
						say('Nothing was changed. Go back and choose differently.', 'strong'),
					],
					control: {kind: 'wait'},
					terms: ['fuse'],
				}}
			/>
		);
	}
	if (plan.image === undefined && plan.fuses === 'keep') {
		return (
			<Ask
				step={step}
				id="nothing"
				onAction={() => {}}
				spec={{
					lines: [
						say(
							'Nothing is to be written and no fuse is to be changed. Go back if you want something done.',
							'strong',
						),
					],
					control: {kind: 'wait'},
				}}
			/>
		);
	}
	if (consenting) {
		return (
			<Consent
				step={step}
				risks={risks}
				chip={plan.chip.name}
				onBack={() => setConsenting(false)}
				onYes={() => onDone({agreed: true, accepted: risks.map(({risk}) => risk)})}
			/>
		);
	}
	const glyphs = glyphsFor(view);
	const mapKey = plan.image === undefined ? [] : [{key: 'm', does: 'memory map', id: 'map'}];
	const equalKey = {key: 'a', does: 'avrdude', id: 'avrdude'};
	const turn = (id: string) => {
		setMapped(id === 'map');
		setEqual(id === 'avrdude');
	};
	if (mapped && plan.image !== undefined) {
		const now = known.identify?.identity.fuses;
		const fuses = plan.fuses === 'keep' ? now : {...now, ...plan.fuses};
		const section = fuses === undefined ? null : bootSection(plan.chip, fuses);
		return (
			<Ask
				step={step}
				id="map"
				onBack={() => setMapped(false)}
				onAction={action => turn(action.type === 'key' ? action.id : '')}
				spec={{
					lines: [
						say(`The program memory of the ${plan.chip.name} afterwards:`, 'strong'),
						gap,
						...memoryMapLines(plan.chip, plan.image, section?.startByteAddress, view),
					],
					control: {kind: 'go', does: 'back to the review'},
					keys: [equalKey],
					terms: ['bootloader', 'firmware', 'erase'],
				}}
			/>
		);
	}
	if (equal) {
		const connection = known.programmer?.connection;
		// What a locked chip answers is no backup.
		const readable: RecoveryPlan = isLocked(known) ? {...plan, backup: 'none'} : plan;
		const switched = switchOf(plan, known);
		const commands = avrdudeCommands(
			readable,
			plan.imageName ?? 'image.hex',
			connection?.kind === 'serial'
				? {port: connection.path}
				: connection?.kind === 'avrdude' && connection.port !== undefined
					? {port: connection.port}
					: {},
		);
		return (
			<Ask
				step={step}
				id="equal"
				onBack={() => setEqual(false)}
				onAction={action => turn(action.type === 'key' ? action.id : '')}
				spec={{
					lines: [
						say('The same with avrdude, for those who know it:', 'strong'),
						say('avrdude judges no fuse and asks nothing. You do not need it here.', 'quiet'),
						...avrdudeLacks(readable).map(text => say(text, 'warn')),
						gap,
						...commands.map(command => say(command, 'accent')),
						...(switched === undefined ? [] : [gap, ...switched.afterwards.map(text => say(text, 'quiet'))]),
					],
					control: {kind: 'go', does: 'back to the review'},
					keys: mapKey,
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id="review"
			onAction={action => {
				if (action.type === 'key') turn(action.id);
				if (action.type !== 'go') return;
				if (risks.length > 0) setConsenting(true);
				else onDone({agreed: true, accepted: []});
			}}
			spec={{
				lines: [
					// What is lost comes before what is done: it must stand above the fold.
					...risks.map(({why}) => item(`${glyphs.warn} `, why, 'warn')),
					...reviewLines(plan, known, view, step.left),
				],
				control: {kind: 'go', does: risks.length > 0 ? 'go on to consent' : 'start'},
				keys: [...mapKey, equalKey],
				terms: ['backup', 'erase', 'verify', 'fuse', 'EEPROM'],
			}}
		/>
	);
}

export type ConsentProps = {
	readonly step: StepProps<'review'> | StepProps<'flash'>;
	readonly risks: readonly Objection[];
	readonly chip: string;
	readonly onYes: () => void;
	readonly onBack: () => void;
};

/** The typed word. Nothing pasted counts. */
export function Consent({step, risks, chip, onYes, onBack}: ConsentProps) {
	const glyphs = glyphsFor(step.view);
	return (
		<Ask
			step={step}
			id="consent"
			onBack={onBack}
			onAction={action => {
				if (action.type === 'word') onYes();
			}}
			spec={{
				lines: [
					say('This needs your word. Think it over: Esc changes nothing.', 'strong'),
					...risks.map(({why}) => item(`${glyphs.warn} `, why, 'warn')),
				],
				control: {kind: 'word', word: chip, ask: `Type ${chip} by hand to agree:`},
			}}
		/>
	);
}
