// What the questions are called.
import type {StepId} from './step.ts';

export const titles: Readonly<Record<StepId, string>> = {
	start: 'What happened',
	diagnosis: 'What the text says',
	firstAid: 'First aid',
	board: 'Your board',
	arm: 'Not an AVR board',
	programmer: 'Your programmer',
	wiring: 'The wires',
	identify: 'First contact',
	image: 'What to write',
	fuses: 'The fuses',
	review: 'Before it starts',
	flash: 'Working',
	comeback: 'Is it alive?',
	keymap: 'Your keymap',
	result: 'How it ended',
};
