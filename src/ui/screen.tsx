// Draws one screen and hands keys and texts to it. All thinking is in screen-state.ts.
import {Box, Text} from 'ink';
import SelectInput, {Indicator} from 'ink-select-input';
import {createContext, useContext, useEffectEvent, useLayoutEffect, useRef, useState} from 'react';
import type {Talk} from './plain.ts';
import {
	type Action,
	answer,
	arrange,
	type FrameRow,
	renewed,
	type ScreenSpec,
	startState,
} from './screen-state.ts';
import {inksFor} from './theme.ts';
import type {InputChannel} from './use-guarded-input.ts';
import type {View} from './view.ts';

export type ScreenProps = {
	readonly spec: ScreenSpec;
	readonly view: View;
	readonly input: InputChannel;
	readonly onAction: (action: Action) => void;
};

/** Set where the wizard is a dialogue, line by line: nothing is drawn then. */
export const TalkContext = createContext<Talk | undefined>(undefined);

/** The list's own parts get no properties of ours. */
const InkContext = createContext(inksFor({}));

/** Give it a new `key` when the question changes, so that pointer and typed text start afresh. */
export function Screen(props: ScreenProps) {
	const talk = useContext(TalkContext);
	return talk === undefined ? <DrawnScreen {...props} /> : <SpokenScreen {...props} talk={talk} />;
}

function SpokenScreen({spec, talk, onAction}: ScreenProps & {readonly talk: Talk}) {
	const act = useEffectEvent(onAction);
	useLayoutEffect(() => talk.show(spec, action => act(action)));
	return null;
}

function DrawnScreen({spec, view, input, onAction}: ScreenProps) {
	const [state, setState] = useState(() => startState(spec));
	// Several keys can come before React draws again: each must see what the one before it did.
	const latest = useRef(state);
	const listener = useEffectEvent((event: Parameters<Parameters<InputChannel['listen']>[0]>[0]) => {
		try {
			const outcome = answer(spec, renewed(spec, latest.current), view, event);
			latest.current = outcome.state;
			setState(outcome.state);
			if (outcome.action !== undefined) onAction(outcome.action);
		} catch (error) {
			// Thrown while drawing, a fault ends the wizard in order: the terminal is put back and the error is said.
			setState(() => {
				throw error;
			});
		}
	});
	// In the same commit as the frame: a key pressed as soon as the question is seen must not fall into a gap.
	useLayoutEffect(() => input.listen(event => listener(event)), [input]);
	const {rows} = arrange(spec, renewed(spec, state), view);
	const inks = inksFor(view);
	return (
		<Box flexDirection="column" paddingLeft={view.screenReader ? 0 : 1}>
			{partsOf(rows).map(part =>
				part.kind === 'list' ? (
					<List key={part.at} rows={part.rows} view={view} />
				) : (
					<Box key={part.at} height={1}>
						<Text {...inks[part.row.tone]} wrap="truncate">
							{part.row.spans === undefined
								? part.row.text || ' '
								: part.row.spans.map((span, place) => (
										<Text
											// biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place
											key={place}
											{...(span.color === undefined ? {} : {color: span.color})}
										>
											{span.text}
										</Text>
									))}
						</Text>
					</Box>
				),
			)}
		</Box>
	);
}

type Part =
	| {readonly kind: 'row'; readonly at: number; readonly row: FrameRow}
	| {readonly kind: 'list'; readonly at: number; readonly rows: readonly FrameRow[]};

/** Rows that can be chosen stand together as one list. */
function partsOf(rows: readonly FrameRow[]): readonly Part[] {
	const parts: Part[] = [];
	for (const [at, row] of rows.entries()) {
		const last = parts.at(-1);
		if (row.option === undefined) parts.push({kind: 'row', at, row});
		else if (last?.kind === 'list') parts[parts.length - 1] = {...last, rows: [...last.rows, row]};
		else parts.push({kind: 'list', at, rows: [row]});
	}
	return parts;
}

/**
 * The list as it stands. It has no focus: keys go through the input gate, which tells fingers from pasted text, and the
 * list is mounted anew when the pointer moves.
 */
function List({rows, view}: {readonly rows: readonly FrameRow[]; readonly view: View}) {
	const at = rows.findIndex(row => row.option?.selected === true);
	return (
		<InkContext value={inksFor(view)}>
			<SelectInput
				key={`${at} ${rows.map(row => row.text).join('|')}`}
				items={rows.map(({text}, index) => ({key: String(index), label: text, value: index}))}
				initialIndex={at}
				isFocused={false}
				indicatorComponent={view.screenReader ? Unseen : view.unicode ? Indicator : AsciiIndicator}
				itemComponent={ListItem}
			/>
		</InkContext>
	);
}

/** Read aloud, the item itself says whether it is chosen. */
function Unseen() {
	return null;
}

function AsciiIndicator({isSelected = false}: {readonly isSelected?: boolean}) {
	const inks = useContext(InkContext);
	return (
		<Box marginRight={1}>
			<Text {...inks.accent}>{isSelected ? '>' : ' '}</Text>
		</Box>
	);
}

function ListItem({isSelected = false, label}: {readonly isSelected?: boolean; readonly label: string}) {
	const inks = useContext(InkContext);
	return (
		<Box height={1} aria-role="option" aria-state={{selected: isSelected}}>
			<Text {...inks[isSelected ? 'accent' : 'plain']} wrap="truncate">
				{label}
			</Text>
		</Box>
	);
}
