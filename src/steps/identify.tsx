// The first contact: who is there? Tries again by itself while the wires are being looked at. Only reads.
import {useEffect, useState} from 'react';
import {type AdviceContext, adviseError} from '../engine/advice.ts';
import {hexDump} from '../engine/bytes.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {chipsBySignature} from '../engine/chips/index.ts';
import {isKind} from '../engine/errors.ts';
import type {WiringReading} from '../engine/isp/wiring-reading.ts';
import {failureResult} from '../engine/procedures/results.ts';
import {clockRescue} from '../engine/programmers/rescue-clock.ts';
import type {Identity} from '../engine/target.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {contextOf, identifyTarget, programmerIdOf, watchWiring} from './contact.ts';
import {causeLines, errorLines} from './error-text.ts';
import {fuseText} from './fuse-choices.ts';
import {stillText} from './left-behind.ts';
import {writeReport} from './report.ts';
import {type Silence, silenceDetails, silencePages} from './silence.ts';
import type {StepProps} from './step.ts';

/** Between two whole attempts, which also go to slower speeds; the wires are looked at twice a second meanwhile. */
const lookAgainMs = 4000;

/** Parts that differ in name and signature only: what is on the board may well be the other one. Source: 8271, 40001906. */
const nearParts: readonly (readonly string[])[] = [['atmega328', 'atmega328p', 'atmega328pb']];

type Contact =
	| {readonly state: 'trying'; readonly attempt: number; readonly last?: unknown}
	| {readonly state: 'found'; readonly identity: Identity}
	| {readonly state: 'failed'; readonly attempt: number; readonly error: unknown; readonly again: boolean};

/** Wires can be mended while it looks; another program on the port, or no such port, not. */
function worthAnotherLook(error: unknown): boolean {
	return isKind(error, 'NoTarget') || isKind(error, 'UnstableLink') || isKind(error, 'DeviceMissing');
}

/** @param still an earlier write left the chip unfinished: what is said in place of "nothing was changed" */
export function identityLines(identity: Identity, view: View, still?: string): readonly Line[] {
	const glyphs = glyphsFor(view);
	const {chip} = identity;
	const facts = [
		`Signature ${hexDump(identity.signature)}`,
		`fuses ${fuseText(identity.fuses)}`,
		`lock bits ${identity.lock.toString(16).padStart(2, '0')}`,
		...(identity.sckHz === null ? [] : [`SCK ${Math.round(identity.sckHz / 1000)} kHz`]),
		...(identity.targetVolts === null ? [] : [`supply ${identity.targetVolts.toFixed(1)} V`]),
	];
	const locked = chip !== undefined && (identity.lock & 0b11) !== 0b11;
	return [
		item(`${glyphs.done} `, `The chip answers. It is an ${chip?.name ?? 'unknown chip'}.`, 'good'),
		say(
			`The wires are right: this was read twice, and both readings agree. ${still ?? 'Nothing was changed.'}`,
		),
		gap,
		say(`${facts.join(', ')}.`, 'quiet'),
		...(locked
			? [
					gap,
					item(
						`${glyphs.warn} `,
						chip.lock.factory === identity.lock ||
							chip.factoryVariants.some(({lock}) => lock === identity.lock)
							? 'The memory is locked, as the factory delivers this chip. That is no damage. It cannot be read, so there will be no backup of it; the erase takes the lock away.'
							: 'The memory is locked against reading. There will be no backup of it; the erase takes the lock away.',
						'warn',
					),
				]
			: []),
	];
}

export function IdentifyView(step: StepProps<'identify'>) {
	const {known, deps, view, onDone} = step;
	const [contact, setContact] = useState<Contact>({state: 'trying', attempt: 1});
	const [live, setLive] = useState<WiringReading | undefined>(undefined);
	/** The part that answers, taken with consent in place of the one that was expected. */
	const [instead, setInstead] = useState<Chip | undefined>(undefined);
	const [leaving, setLeaving] = useState(false);
	const [page, setPage] = useState<'first' | 'details' | 'clock'>('first');
	const {programmer, board, wiring} = known;
	const still = stillText(step.left, known);
	const attempt = contact.state === 'found' ? 0 : contact.attempt;
	const trying = contact.state === 'trying';
	const waiting = contact.state === 'failed' && contact.again;

	useEffect(() => {
		if (!trying || programmer === undefined) return;
		let here = true;
		identifyTarget({
			world: deps.world,
			avrdude: deps.avrdude,
			programmer,
			board: board?.board,
			chip: instead ?? board?.chip,
			powerTarget: wiring?.powerTarget,
		}).then(
			identity => {
				if (here) setContact({state: 'found', identity});
			},
			(error: unknown) => {
				if (here) setContact({state: 'failed', attempt, error, again: worthAnotherLook(error)});
			},
		);
		return () => {
			here = false;
		};
	}, [trying, attempt, programmer, board, instead, wiring, deps.world, deps.avrdude]);

	useEffect(() => {
		if (!waiting || programmer === undefined) return;
		const again = () =>
			setContact(now =>
				now.state === 'failed' ? {state: 'trying', attempt: now.attempt + 1, last: now.error} : now,
			);
		const timer = setTimeout(again, lookAgainMs);
		const chip = instead ?? board?.chip;
		const stop = watchWiring(
			{world: deps.world, programmer, chip, powerTarget: wiring?.powerTarget},
			reading => {
				setLive(reading);
				if (reading.kind === 'chip') again();
			},
		);
		return () => {
			clearTimeout(timer);
			stop();
		};
	}, [waiting, programmer, board, instead, wiring, deps.world]);

	if (contact.state === 'found') {
		const {identity} = contact;
		const chip = identity.chip;
		if (chip === undefined) {
			return (
				<Ask
					step={step}
					id="unknown"
					onAction={() => setContact({state: 'trying', attempt: 1})}
					spec={{
						lines: [
							say(
								`A chip answers with ${hexDump(identity.signature)}, which this program does not know. Nothing is done to it.`,
								'bad',
							),
						],
						control: {kind: 'go', does: 'look again'},
						terms: ['signature'],
					}}
				/>
			);
		}
		return (
			<Ask
				step={step}
				id="found"
				onAction={action => {
					if (action.type === 'go') onDone({identity, chip});
				}}
				spec={{
					lines: identityLines(identity, view, still),
					control: {kind: 'go', does: 'go on'},
					terms: ['signature', 'fuse', 'lock bits', 'SCK'],
				}}
			/>
		);
	}

	const error = contact.state === 'failed' ? contact.error : contact.last;
	const giveUp = () => {
		setLeaving(true);
		const result = failureResult(error, {
			...(programmer === undefined ? {} : {programmer: programmerIdOf(programmer)}),
			chipState: step.left?.state ?? 'untouched',
			backup: step.left?.backup ?? null,
			seconds: 0,
		});
		const failure = {result, warnings: []};
		void writeReport(known, result, failure, deps).then(report =>
			step.onGiveUp({...failure, ...(report === undefined ? {} : {report})}),
		);
	};
	if (error === undefined) {
		return (
			<Ask
				step={step}
				id="trying"
				onAction={() => {}}
				spec={{
					lines: [
						say('Asking the chip who it is ...', 'strong'),
						say(
							'This only reads. The programmer is opened, tested, and the chip is asked for its three signature bytes.',
						),
					],
					control: {kind: 'wait'},
					terms: ['signature', 'programmer'],
				}}
			/>
		);
	}
	const other = isKind(error, 'WrongSignature') ? chipsBySignature(error.facts.got)[0] : undefined;
	const expected = board?.chip?.id ?? '';
	const near =
		other !== undefined && nearParts.some(group => group.includes(other.id) && group.includes(expected))
			? other
			: undefined;
	const stateLines = [
		say(
			`${still ?? 'Nothing on the chip was changed.'} ${
				contact.state === 'trying'
					? `Looking again now (try ${contact.attempt}) ...`
					: contact.again
						? `Try ${contact.attempt}; it looks again by itself while you check the wires.`
						: 'Enter looks again.'
			}`,
			'strong',
		),
	];
	const silent = isKind(error, 'NoTarget') || isKind(error, 'UnstableLink');
	const clock =
		isKind(error, 'NoTarget') &&
		board?.chip !== undefined &&
		error.facts.candidates.some(({id}) => id === 'clock-missing');
	const silence: Silence | undefined = silent
		? {
				error,
				candidates: error.facts.candidates,
				live: live?.kind === 'chip' ? undefined : live,
				state: stateLines,
				programmer: programmer === undefined ? undefined : programmerIdOf(programmer),
			}
		: undefined;
	const [lines, ...shorter] =
		silence === undefined
			? [errorPage(error, stateLines, other, view, contextOf(known, deps.world))]
			: silencePages(silence, view);
	if (page !== 'first' && silence !== undefined) {
		const isClock = page === 'clock' && board?.chip !== undefined;
		return (
			<Ask
				step={step}
				id={page}
				onBack={() => setPage('first')}
				onAction={() => setPage('first')}
				spec={{
					lines: isClock ? clockLines(board.chip, view) : silenceDetails(silence),
					control: {kind: 'go', does: 'back to what to try'},
					terms: isClock
						? ['XTAL1', 'fuse', 'crystal', 'CKSEL', 'package']
						: ['MISO', 'MOSI', 'SCK', 'RESET', 'VCC', 'GND', 'target', 'signature'],
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id="failed"
			onAction={action => {
				if (leaving) return;
				if (action.type === 'key') {
					setPage(action.id === 'clock' ? 'clock' : 'details');
					return;
				}
				if (action.type === 'choose' && action.id === 'give-up') {
					giveUp();
					return;
				}
				if (action.type === 'choose' && action.id === 'instead' && near !== undefined) setInstead(near);
				if (action.type === 'go' || action.type === 'choose') {
					setContact(now =>
						now.state === 'failed' ? {state: 'trying', attempt: now.attempt + 1, last: now.error} : now,
					);
				}
			}}
			spec={{
				lines,
				shorter,
				control: {
					kind: 'menu',
					items: [
						near === undefined
							? {id: 'again', label: 'Look again now'}
							: {
									id: 'again',
									label: 'Look again',
									about: 'Nothing is forced: another part has other fuse bits.',
								},
						...(near === undefined
							? []
							: [
									{
										id: 'instead',
										label: `It is an ${near.name}: I have read it on the chip`,
										about: `Everything is then done and judged as for the ${near.name}.`,
									},
								]),
						{id: 'give-up', label: 'Give up for now: write a report'},
					],
					...(near === undefined ? {initial: 'again'} : {}),
				},
				keys: [
					...(silence === undefined ? [] : [{key: 'd', does: 'details', id: 'details'}]),
					...(clock ? [{key: 'c', does: 'no clock?', id: 'clock'}] : []),
				],
				terms:
					silence === undefined
						? ['signature', 'programmer']
						: ['VCC', 'GND', 'RESET', 'MISO', 'MOSI', 'SCK', 'fuse'],
			}}
		/>
	);
}

/** Every other failure of the first contact, in the words of the error table; what to do here stands first. */
function errorPage(
	error: unknown,
	state: readonly Line[],
	other: Chip | undefined,
	view: View,
	context: AdviceContext,
): readonly Line[] {
	if (!isKind(error, 'WrongSignature')) return errorLines(error, view, state, context);
	const glyphs = glyphsFor(view);
	const {likely, next} = adviseError(error, context);
	return [
		item(
			`${glyphs.failed} `,
			other === undefined
				? `The chip that answers is not the ${error.facts.expectedChip} of your board, nor any that is known here.`
				: `The chip that answers is an ${other.name}; your board should have an ${error.facts.expectedChip}.`,
			'bad',
		),
		...state,
		...(other === undefined
			? []
			: [
					say(
						`Go back with Esc and choose a board with an ${other.name}, or look whether the wires go to the right board.`,
						'accent',
					),
				]),
		...causeLines(likely, next, view),
		gap,
		say(
			"There is no way here to go on against the signature, as avrdude's -F does: the fuse bits of another part can end the chip.",
			'quiet',
		),
		say(`Signature ${hexDump(error.facts.got)}, expected ${hexDump(error.facts.expected)}.`, 'quiet'),
	];
}

/** A chip whose fuses ask for a clock that is not there: rare, and never the first thing to try. */
function clockLines(chip: Chip, view: View): readonly Line[] {
	return [
		say('If all wires are right and the chip stays silent:', 'strong'),
		say(
			'Its fuses (settings) may tell it to wait for a clock from outside. Without one the chip is deaf. It is not damaged: it answers as soon as it is given a clock.',
		),
		...clockRescue(chip).map(text => item(`${glyphsFor(view).bullet} `, text)),
	];
}
