// Draws one screen and hands keys and texts to it. All thinking is in screen-state.ts.
import {Box, Text} from 'ink';
import {createContext, useContext, useEffectEvent, useLayoutEffect, useRef, useState} from 'react';
import type {Talk} from './plain.ts';
import {type Action, answer, arrange, type ScreenSpec, startState} from './screen-state.ts';
import {inks} from './theme.ts';
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
			const outcome = answer(spec, latest.current, view, event);
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
	const {rows} = arrange(spec, state, view);
	return (
		<Box flexDirection="column" paddingLeft={view.screenReader ? 0 : 1}>
			{rows.map((row, index) => (
				<Box
					// biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
					key={index}
					height={1}
					{...(row.option === undefined
						? {}
						: {'aria-role': 'option' as const, 'aria-state': {selected: row.option.selected}})}
				>
					{row.pointer === undefined ? null : (
						<Text {...inks[row.tone]} aria-hidden>
							{row.pointer}
						</Text>
					)}
					<Text {...inks[row.tone]} wrap="truncate">
						{row.spans === undefined
							? row.text || ' '
							: row.spans.map((span, place) => (
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
			))}
		</Box>
	);
}
