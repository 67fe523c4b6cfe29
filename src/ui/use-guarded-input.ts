// The one place where the terminal's input enters: keys and texts come out, told apart by the gate.
import {useInput, usePaste} from 'ink';
import {useEffect, useMemo} from 'react';
import {createInputGate, type GateEvent} from './input-gate.ts';

/** Where screens listen. The newest listener alone hears. */
export type InputChannel = {
	/** Returns an unsubscribe. */
	readonly listen: (listener: (event: GateEvent) => void) => () => void;
	/** Call it when a question goes away by itself: a key that was meant for it must not answer the next one. */
	readonly hush: () => void;
};

/** Mount once, for as long as the program runs: it also keeps bracketed paste on. Inactive, it leaves the terminal alone. */
export function useGuardedInput(isActive = true): InputChannel {
	const {channel, gate} = useMemo(() => {
		const listeners: ((event: GateEvent) => void)[] = [];
		const gate = createInputGate(
			(ms, then) => {
				const timer = setTimeout(then, ms);
				return () => clearTimeout(timer);
			},
			event => listeners.at(-1)?.(event),
		);
		return {
			gate,
			channel: {
				hush: gate.hush,
				listen(listener: (event: GateEvent) => void) {
					listeners.push(listener);
					return () => {
						const index = listeners.lastIndexOf(listener);
						if (index !== -1) listeners.splice(index, 1);
					};
				},
			} satisfies InputChannel,
		};
	}, []);
	useEffect(() => () => gate.close(), [gate]);
	usePaste(text => gate.push({type: 'paste', text}), {isActive});
	useInput(
		(input, key) => {
			if (key.eventType === 'release') return;
			if (key.ctrl && input === 'c') gate.push({type: 'named', name: 'interrupt'});
			else if (key.upArrow) gate.push({type: 'named', name: 'up'});
			else if (key.downArrow) gate.push({type: 'named', name: 'down'});
			else if (key.leftArrow) gate.push({type: 'named', name: 'left'});
			else if (key.rightArrow) gate.push({type: 'named', name: 'right'});
			else if (key.pageUp) gate.push({type: 'named', name: 'page-up'});
			else if (key.pageDown) gate.push({type: 'named', name: 'page-down'});
			else if (key.home) gate.push({type: 'named', name: 'home'});
			else if (key.end) gate.push({type: 'named', name: 'end'});
			else if (key.escape) gate.push({type: 'named', name: 'escape'});
			else if (key.backspace || key.delete) gate.push({type: 'named', name: 'backspace'});
			else if (key.return) gate.push({type: 'characters', characters: '\r'});
			else if (key.tab) gate.push({type: 'characters', characters: '\t'});
			else if (!key.ctrl && !key.meta && input !== '') gate.push({type: 'characters', characters: input});
		},
		{isActive},
	);
	return channel;
}
