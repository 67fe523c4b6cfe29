// The first contact: who is there? Tries again by itself while the wires are being looked at. Only reads.
import {useEffect, useState} from 'react';
import {hexDump} from '../engine/bytes.ts';
import {chipsBySignature} from '../engine/chips/index.ts';
import {isKind} from '../engine/errors.ts';
import type {Identity} from '../engine/target.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {identifyTarget} from './contact.ts';
import {errorLines} from './error-text.ts';
import {fuseText} from './fuse-choices.ts';
import type {StepProps} from './step.ts';

/** Between two looks at a silent chip: long enough to read the screen, short enough to see a wire take effect. */
const lookAgainMs = 3000;

type Contact =
	| {readonly state: 'trying'; readonly attempt: number; readonly last?: unknown}
	| {readonly state: 'found'; readonly identity: Identity}
	| {readonly state: 'failed'; readonly attempt: number; readonly error: unknown; readonly again: boolean};

/** Wires can be mended while it looks; another program on the port, or no such port, not. */
function worthAnotherLook(error: unknown): boolean {
	return isKind(error, 'NoTarget') || isKind(error, 'UnstableLink') || isKind(error, 'DeviceMissing');
}

export function identityLines(identity: Identity, view: View): readonly Line[] {
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
		say('The wires are right: this was read twice, and both readings agree. Nothing was changed.'),
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
	const {programmer, board, wiring} = known;
	const attempt = contact.state === 'found' ? 0 : contact.attempt;
	const trying = contact.state === 'trying';
	const waiting = contact.state === 'failed' && contact.again;

	useEffect(() => {
		if (!trying || programmer === undefined) return;
		let here = true;
		identifyTarget({
			world: deps.world,
			programmer,
			board: board?.board,
			chip: board?.chip,
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
	}, [trying, attempt, programmer, board, wiring, deps.world]);

	useEffect(() => {
		if (!waiting) return;
		const timer = setTimeout(() => {
			setContact(now =>
				now.state === 'failed' ? {state: 'trying', attempt: now.attempt + 1, last: now.error} : now,
			);
		}, lookAgainMs);
		return () => clearTimeout(timer);
	}, [waiting]);

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
					lines: identityLines(identity, view),
					control: {kind: 'go', does: 'go on'},
					terms: ['signature', 'fuse', 'lock bits', 'SCK'],
				}}
			/>
		);
	}

	const error = contact.state === 'failed' ? contact.error : contact.last;
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
	return (
		<Ask
			step={step}
			id="failed"
			onAction={action => {
				if (action.type === 'go') {
					setContact(now =>
						now.state === 'failed' ? {state: 'trying', attempt: now.attempt + 1, last: now.error} : now,
					);
				}
			}}
			spec={{
				lines: errorLines(error, view, [
					say(
						`Nothing on the chip was changed. ${
							contact.state === 'trying'
								? `Looking again now (try ${contact.attempt}) ...`
								: contact.again
									? `Try ${contact.attempt}; it looks again by itself while you check the wires.`
									: 'Enter looks again.'
						}`,
						'strong',
					),
					...(other === undefined
						? []
						: [
								say(
									`Go back with Esc and choose a board with an ${other.name}, or look whether the wires go to the right board.`,
									'accent',
								),
							]),
				]),
				control: {kind: 'go', does: 'look again now'},
				terms: ['RESET', 'SCK', 'signature'],
			}}
		/>
	);
}
