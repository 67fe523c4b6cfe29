// Steps are loaded after the first frame, so that the first question does not wait for chips and fuses.
import {type FC, useEffect, useState} from 'react';
import {Ask} from './ask.tsx';
import type {Step, StepId, StepProps, StepView} from './step.ts';

/** A view that is there from the start. */
export function atOnce<Id extends StepId>(View: FC<StepProps<Id>>): StepView<Id> {
	return {load: async () => View, loaded: () => View};
}

/** A view that is fetched when it is needed, or before by `loadSteps`. */
export function later<Id extends StepId>(fetch: () => Promise<FC<StepProps<Id>>>): StepView<Id> {
	let view: FC<StepProps<Id>> | undefined;
	return {
		async load() {
			view ??= await fetch();
			return view;
		},
		loaded: () => view,
	};
}

/** Begins to load every step; call it when the first frame is drawn. */
export function loadSteps(steps: readonly Step[]): void {
	for (const step of steps) step.view.load().catch(() => {});
}

/** Shows a step's view, or an empty screen for the moment until it is there. */
export function StepHost({step, props}: {readonly step: Step; readonly props: StepProps}) {
	const [, again] = useState(0);
	const View = step.view.loaded();
	const missing = View === undefined;
	useEffect(() => {
		if (!missing) return;
		let here = true;
		void step.view.load().then(() => {
			if (here) again(count => count + 1);
		});
		return () => {
			here = false;
		};
	}, [missing, step]);
	if (View !== undefined) return <View {...props} />;
	return <Ask step={props} id="loading" onAction={() => {}} spec={{lines: [], control: {kind: 'wait'}}} />;
}
