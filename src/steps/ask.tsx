// One question of a step: fills in what is the same on every screen.
import type {ReactNode} from 'react';
import {Screen} from '../ui/screen.tsx';
import type {Action, ScreenSpec} from '../ui/screen-state.ts';
import type {StepId, StepProps} from './step.ts';

export type AskProps = {
	readonly step: Omit<StepProps<StepId>, 'before' | 'onDone'>;
	/** Changes with the question, so that pointer and typed text start afresh. */
	readonly id: string;
	readonly spec: Omit<ScreenSpec, 'place' | 'facts' | 'canGoBack'>;
	readonly onAction: (action: Action) => void;
	/** A way back inside the step; the step before it otherwise. */
	readonly onBack?: () => void;
	/** Instead of leaving: while something must be finished first. */
	readonly onInterrupt?: () => void;
	/** True while there is no way back (the chip is being written). */
	readonly noWayBack?: boolean;
};

export function Ask({step, id, spec, onAction, onBack, onInterrupt, noWayBack}: AskProps): ReactNode {
	const {place, facts, canGoBack, view, input} = step;
	return (
		<Screen
			key={id}
			spec={{...spec, place, facts, canGoBack: noWayBack !== true && (onBack !== undefined || canGoBack)}}
			view={view}
			input={input}
			onAction={action => {
				if (action.type === 'back') (onBack ?? step.onBack)();
				else if (action.type === 'interrupt') (onInterrupt ?? step.onAbort)();
				else onAction(action);
			}}
		/>
	);
}
