// Builds firmware and bootloader in one with the qmk program of this machine; its lines are shown as they come.
import {useState} from 'react';
import {createCancel} from '../engine/cancel.ts';
import {gap, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {Ask} from './ask.tsx';
import type {QmkBuild, StepProps} from './step.ts';

/** Lines of the build on the screen; QMK says hundreds. */
const shownLines = 10;

/** `planck/rev6:default` in its two parts; undefined when it is no such thing. */
export function parseTarget(text: string): {readonly keyboard: string; readonly keymap: string} | undefined {
	const match = /^([\w+./-]+)[:\s]+([\w.+-]+)$/.exec(text.trim());
	return match === null ? undefined : {keyboard: match[1]!, keymap: match[2]!};
}

type Props = {
	readonly step: StepProps<'image'>;
	readonly build: QmkBuild;
	readonly onBuilt: (file: string) => void;
	readonly onBack: () => void;
};

export function BuildView({step, build, onBuilt, onBack}: Props) {
	const {known} = step;
	const keyboard = known.board?.keyboard ?? known.start?.diagnosis?.facts.keyboard;
	const [said, setSaid] = useState<readonly string[]>([]);
	const [stop, setStop] = useState<ReturnType<typeof createCancel> | undefined>(undefined);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const lines: readonly Line[] = said.slice(-shownLines).map(line => say(printable(line), 'quiet'));
	if (stop !== undefined) {
		return (
			<Ask
				step={step}
				id="building"
				onBack={stop.request}
				onInterrupt={stop.request}
				onAction={() => {}}
				spec={{
					lines: [
						say(stop.cancel.requested ? 'Stopping the build ...' : 'QMK is building ...', 'strong'),
						say('The chip is not touched by that.', 'quiet'),
						gap,
						...lines,
					],
					control: {kind: 'wait'},
					interruptDoes: 'stop the build',
				}}
			/>
		);
	}
	return (
		<Ask
			step={step}
			id={`target ${problem ?? ''}`}
			onBack={onBack}
			onAction={action => {
				if (action.type !== 'field') return;
				const target = parseTarget(action.text);
				if (target === undefined) {
					setProblem('Keyboard and keymap, with a colon between: planck/rev6:default');
					return;
				}
				const running = createCancel();
				setSaid([]);
				setProblem(undefined);
				setStop(running);
				const onLine = (line: string) => setSaid(before => [...before.slice(1 - shownLines), line]);
				build.compile(target.keyboard, target.keymap, onLine, running.cancel).then(
					result => {
						setStop(undefined);
						if (result.ok) onBuilt(result.file);
						else setProblem(result.why);
					},
					(error: unknown) => {
						setStop(undefined);
						setProblem(error instanceof Error ? error.message : String(error));
					},
				);
			}}
			spec={{
				lines: [
					say('Which keyboard and which keymap?', 'strong'),
					say('As after "qmk compile": the keyboard, a colon, the keymap. planck/rev6:default'),
					...(lines.length === 0 ? [] : [gap, say('The last build said:', 'quiet'), ...lines]),
				],
				control: {
					kind: 'field',
					ask: 'Build:',
					value: keyboard === undefined ? '' : `${keyboard}:default`,
					...(problem === undefined ? {} : {problem}),
				},
			}}
		/>
	);
}
