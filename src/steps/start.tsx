// What happened: a pasted log, a file, or nothing to show.
import {useEffect, useState} from 'react';
import type {Ends} from '../engine/diagnose/ends.ts';
import type {DamagedJournal, Interrupted} from '../engine/procedures/journal.ts';
import {gap, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import type {Action} from '../ui/screen-state.ts';
import {printable} from '../ui/text.ts';
import {Ask} from './ask.tsx';
import {messageOf} from './message-of.ts';
import {readLog} from './read-log.ts';
import type {Session} from './session.ts';
import type {StepProps} from './step.ts';
import {shortBoard, summary} from './summary.ts';
import {titles} from './titles.ts';

function menuItems(
	{deps, before}: StepProps<'start'>,
	waiting: readonly Interrupted[],
	damaged: Damaged | undefined,
	left: Session | undefined,
): readonly MenuItem[] {
	const [interrupted] = waiting;
	return [
		...(left === undefined || before !== undefined
			? []
			: [
					{
						id: 'enter',
						label: `Go on where you left: ${leftAt(left)}`,
						about: `Your answers are kept${shortFacts(left)}. Nothing is done twice${left.known.wiring !== undefined && left.known.flash === undefined ? '; wires and chip are looked at once more' : ''}.`,
					},
				]),
		...(waiting.length > 1
			? [
					{
						id: 'resume',
						label: 'Go on with a recovery that was interrupted',
						about: 'The next screen asks which one.',
					},
					{
						id: 'forget',
						label: 'Forget a recovery that was interrupted',
						about: 'For a board that is done with, or gone. Its backup file stays.',
						term: 'backup',
					},
				]
			: []),
		...(interrupted === undefined || waiting.length > 1
			? []
			: [
					{
						id: 'resume',
						label: 'Go on with the recovery that was interrupted',
						about: `${wroteOf(interrupted)} ${backupOf(interrupted)}`,
						term: 'backup',
					},
					{
						id: 'forget',
						label: 'Forget that recovery',
						about: 'That board is done with, or gone. Its backup file stays.',
						term: 'backup',
					},
				]),
		...(damaged === undefined
			? []
			: [
					{
						id: 'forget damaged',
						label: 'Remove the record that cannot be read',
						about: 'That board is then recovered from the start. Backup files stay.',
						term: 'backup',
					},
				]),
		...(before?.log === undefined
			? []
			: [{id: 'keep', label: `Go on with ${printable(before.logName ?? 'the text from before')}`}]),
		{
			id: 'paste',
			label: 'I have an error text and can copy it',
			about:
				'Just paste it, here and now: Ctrl+Shift+V, Cmd+V or the right mouse button. Nothing that you paste can press a key.',
		},
		{
			id: 'file',
			label: 'The error text is in a file',
			about: 'You type the file name, or drag the file into this window.',
		},
		{
			id: 'nothing',
			label: 'I have no error text; the board is simply dead',
			about: 'No harm: you then say yourself which board it is.',
		},
		...(deps.practice === undefined
			? []
			: [
					{
						id: 'sample',
						label: 'Take the example text of this practice board',
						about: `The practice bench: ${deps.practice.about} No hardware is touched.`,
					},
				]),
		...(deps.openPractice === undefined
			? []
			: [
					{
						id: 'practice',
						label: 'I only want to practise, without any hardware',
						about: 'A made-up board on a made-up programmer. Nothing can break.',
					},
				]),
	];
}

/** How the interrupted recovery has left its chip, where its stage tells. */
function stateOf({stage}: Interrupted): readonly string[] {
	if (stage.includes('writing page')) return ['Its chip is partly written, not damaged.'];
	return stage.includes('erase') ? ['Its chip may be blank; it is not damaged.'] : [];
}

function wroteOf({plan}: Interrupted): string {
	if (plan.image === undefined) return 'It set fuses alone.';
	return `It wrote ${printable(plan.imageName ?? 'an image')}.`;
}

/** What becomes of the backup that the interrupted recovery made. */
function backupOf({plan, problem}: Interrupted): string {
	if (problem !== undefined) return `Its backup cannot be used: ${printable(problem)}`;
	return plan.resume?.backup == null ? 'It made no backup.' : 'Its backup is kept and will be used.';
}

/** The question at which it was left, by its title. */
function leftAt({at}: Session): string {
	return titles[at];
}

function shortFacts({known}: Session): string {
	const facts = summary(known);
	return facts === '' ? '' : ` (${facts})`;
}

type Damaged = {readonly journal: DamagedJournal; readonly text: string};

/** `Pro Micro 5 V, 2026-11-25 03:53`: by the time a person knows which it was. */
function waitingItems(waiting: readonly Interrupted[]): readonly MenuItem[] {
	return waiting.map(one => {
		const {board} = one.plan;
		const begun = one.begun === undefined ? '' : `, ${one.begun}`;
		return {
			id: one.path,
			label: `${board === undefined ? one.chip : shortBoard(board.name)}${begun}`,
			about: `${one.chip}, interrupted ${one.stage}. ${wroteOf(one)} ${backupOf(one)}`,
			term: 'backup',
		};
	});
}

/** The recoveries that were not finished, the latest first, and one whose record cannot be read. */
async function lookForJournals(
	store: StepProps<'start'>['deps']['store'],
): Promise<{waiting: readonly Interrupted[]; damaged: Damaged | undefined}> {
	const {surveyJournals} = await import('../engine/procedures/journal.ts');
	const {interrupted, damaged} = await surveyJournals(store);
	const [journal] = damaged;
	return {
		waiting: interrupted,
		damaged: journal === undefined ? undefined : {journal, text: damagedText(journal)},
	};
}

/** The wizard's words for what `describeDamaged` says on the command line. */
function damagedText({path, why}: DamagedJournal): string {
	return `A recovery was interrupted before, but its record cannot be used (${printable(path)}: ${printable(why)}). If this is that board, its chip may be half written: recover it from the start. Nothing is lost by that but the settings, and a backup from before may lie beside the record.`;
}

export function StartView(step: StepProps<'start'>) {
	const {before, deps, onDone} = step;
	const [asking, setAsking] = useState<'menu' | 'paste' | 'file' | 'resume' | 'forget'>('menu');
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [busy, setBusy] = useState(false);
	const [waiting, setWaiting] = useState<readonly Interrupted[]>([]);
	const [damaged, setDamaged] = useState<Damaged | undefined>(undefined);
	const [left, setLeft] = useState<Session | undefined>(undefined);

	useEffect(() => {
		let here = true;
		lookForJournals(deps.store)
			.then(found => {
				if (!here) return;
				setWaiting(found.waiting);
				setDamaged(found.damaged);
			})
			// A state folder that cannot be read holds nothing to go on with.
			.catch(() => {});
		import('./session.ts')
			.then(({findSession}) => findSession(deps.store))
			.then(found => {
				if (here) setLeft(found);
			})
			.catch(() => {});
		return () => {
			here = false;
		};
	}, [deps.store]);

	const take = async (raw: string | Ends, how: 'paste' | 'file', logName: string) => {
		try {
			const answer = await readLog(raw, how, logName);
			if (answer === undefined) setProblem('That text is empty. Copy the error lines and paste them again.');
			else onDone(answer);
		} catch (error) {
			setProblem(`That text could not be read: ${messageOf(error)}`);
		}
	};
	const openFile = (path: string) => {
		setBusy(true);
		const file = path.replace(/^(['"])(.*)\1$/, '$2');
		(deps.loadLog?.(file) ?? deps.loadFile(file).then(bytes => new TextDecoder().decode(bytes)))
			.then(log => take(log, 'file', path))
			.catch((error: unknown) => setProblem(messageOf(error)))
			.finally(() => setBusy(false));
	};
	const [interrupted] = waiting.length === 1 ? waiting : [];
	const goOn = ({path, plan: {chip, board}}: Interrupted) =>
		onDone({
			how: 'nothing',
			resume: {chip: chip.id, ...(board === undefined ? {} : {board: board.id}), journal: path},
		});
	const forget = (journal: Interrupted | DamagedJournal) => {
		import('../engine/procedures/journal.ts')
			.then(async ({forgetInterrupted}) => {
				await forgetInterrupted(deps.store, journal);
				const found = await lookForJournals(deps.store);
				setWaiting(found.waiting);
				setDamaged(found.damaged);
			})
			.catch((error: unknown) => setProblem(messageOf(error)));
	};
	const act = (action: Action) => {
		if (action.type === 'text') void take(action.text, 'paste', 'the pasted text');
		if (action.type === 'field') openFile(action.text);
		if (action.type !== 'choose') return;
		setProblem(undefined);
		if (action.id === 'keep' && before !== undefined) onDone(before);
		if (action.id === 'paste') setAsking('paste');
		if (action.id === 'file') setAsking('file');
		if (action.id === 'enter' && left !== undefined) step.onEnter(left);
		if (action.id === 'nothing') onDone({how: 'nothing'});
		if (action.id === 'resume' && interrupted !== undefined) goOn(interrupted);
		if ((action.id === 'resume' || action.id === 'forget') && waiting.length > 1) setAsking(action.id);
		if (action.id === 'forget' && interrupted !== undefined) forget(interrupted);
		if (action.id === 'forget damaged' && damaged !== undefined) forget(damaged.journal);
		if (action.id === 'practice') deps.openPractice?.();
		if (action.id === 'sample' && deps.practice !== undefined) {
			void take(deps.practice.sampleLog, 'paste', 'the example text');
		}
	};

	if (asking === 'file') {
		return (
			<Ask
				step={step}
				id="file"
				onBack={() => setAsking('menu')}
				onAction={act}
				spec={{
					lines: [
						say('Which file holds the error text?', 'strong'),
						say(
							'Type its name with the folder, or drag the file into this window. Blanks in the name are fine.',
						),
					],
					control: {
						kind: 'field',
						ask: busy ? 'Reading' : 'File:',
						...(problem === undefined ? {} : {problem}),
					},
				}}
			/>
		);
	}
	if (asking === 'resume' || asking === 'forget') {
		return (
			<Ask
				step={step}
				id={`which to ${asking}`}
				onBack={() => setAsking('menu')}
				onAction={action => {
					const chosen = action.type === 'choose' ? waiting.find(({path}) => path === action.id) : undefined;
					if (chosen === undefined) return;
					setProblem(undefined);
					if (asking === 'resume') goOn(chosen);
					else forget(chosen);
					setAsking('menu');
				}}
				spec={{
					lines: [
						say(
							asking === 'resume'
								? 'Which recovery is this board from?'
								: 'Which recovery shall be forgotten?',
							'strong',
						),
						...(asking === 'resume'
							? [say('A record that does not fit the chip stops the work before anything is written.')]
							: []),
					],
					control: {kind: 'menu', items: waitingItems(waiting), initial: undefined},
					terms: ['backup'],
				}}
			/>
		);
	}
	const complaint: readonly Line[] = problem === undefined ? [] : [gap, say(problem, 'warn')];
	if (asking === 'paste') {
		return (
			<Ask
				step={step}
				id="paste"
				onBack={() => setAsking('menu')}
				onAction={act}
				spec={{
					lines: [
						say('Paste the error text now.', 'strong'),
						say(
							'Copy everything the other program printed, from its first line to its last. Then paste it into this window: Ctrl+Shift+V, Cmd+V or the right mouse button.',
						),
						gap,
						say('As soon as it arrives, the next screen says what it means.', 'quiet'),
						...complaint,
					],
					control: {kind: 'wait'},
					takesText: true,
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id={waiting.length === 0 && damaged === undefined ? 'menu' : 'menu again'}
			onAction={act}
			spec={{
				lines: [
					...(waiting.length > 1
						? [
								say(`${waiting.length} recoveries were interrupted.`, 'strong'),
								say('Go on with one of them on the same board, or begin with another one.'),
							]
						: []),
					...(waiting.length === 0
						? [
								say(
									'Your keyboard does not answer any more, or flashing it failed? Let us find out why.',
									'strong',
								),
								say(
									'Most such boards can be saved. Until the last question nothing on the board is changed.',
								),
							]
						: []),
					...(interrupted === undefined
						? []
						: [
								say(`A recovery of an ${interrupted.chip} was interrupted ${interrupted.stage}.`, 'strong'),
								...stateOf(interrupted).map(text => say(text)),
								say('Go on with it on the same board, or begin with another one.'),
								...(interrupted.problem === undefined ? [] : [say(backupOf(interrupted), 'warn')]),
							]),
					...(damaged === undefined ? [] : [gap, say(damaged.text, 'warn')]),
					gap,
					say(
						'If you have the error text of the program that failed, paste it into this window now. Else choose:',
					),
					...complaint,
				],
				control: {
					kind: 'menu',
					items: menuItems(step, waiting, damaged, left),
					initial: before?.log === undefined ? undefined : 'keep',
				},
				terms: ['firmware', 'bootloader', 'ISP'],
				takesText: true,
			}}
		/>
	);
}
