// What helps without a programmer, in order, where the diagnosis knows something.
import {gap, item, say} from '../ui/lines.ts';
import {Ask} from './ask.tsx';
import type {Answers, StepProps} from './step.ts';

export function FirstAidView(step: StepProps<'firstAid'>) {
	const {known, before, onDone} = step;
	const cause = known.start?.diagnosis?.causes[0];
	return (
		<Ask
			step={step}
			id="first-aid"
			onAction={action => {
				if (action.type === 'choose') onDone({outcome: action.id as Answers['firstAid']['outcome']});
			}}
			spec={{
				lines: [
					say('Try this, in this order. You can leave this window open meanwhile.', 'strong'),
					gap,
					...(cause?.next ?? []).map((text, index) => item(`${index + 1}. `, text)),
				],
				control: {
					kind: 'menu',
					items: [
						{
							id: 'no-help',
							label: 'It did not help: go on with a programmer (ISP)',
							about: 'ISP reaches the chip even when everything on it is broken.',
							term: 'ISP',
						},
						{
							id: 'not-tried',
							label: 'I cannot try this: go on with a programmer (ISP)',
							about: 'You can come back to this page at any time with Esc.',
							term: 'ISP',
						},
						{id: 'helped', label: 'It helped: the board works again', about: 'Good. Nothing else is needed.'},
					],
					initial: before?.outcome,
				},
				terms: ['bootloader', 'RESET', 'DFU'],
			}}
		/>
	);
}
