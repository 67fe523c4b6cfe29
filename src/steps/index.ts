// The wizard's table of contents. The steps themselves are loaded after the first one is on the screen.
import {asksForBoard, isArm, isForComeback, isForKeymap, needsIsp} from './applies.ts';
import {atOnce, later} from './later.tsx';
import {StartView} from './start.tsx';
import type {Step, StepId} from './step.ts';

function step<Id extends StepId>(entry: Step<Id>): Step<StepId> {
	// A list holds steps of different answers; each view is only ever given its own.
	return entry as unknown as Step<StepId>;
}

/** In the order in which they are asked. */
export const steps: readonly Step<StepId>[] = [
	step<'start'>({
		id: 'start',
		title: 'What happened',
		applies: () => true,
		dependsOn: [],
		view: atOnce(StartView),
	}),
	step<'diagnosis'>({
		id: 'diagnosis',
		title: 'What the text says',
		applies: known => known.start?.diagnosis !== undefined,
		dependsOn: ['start'],
		view: later<'diagnosis'>(async () => (await import('./diagnosis.tsx')).DiagnosisView),
	}),
	step<'firstAid'>({
		id: 'firstAid',
		title: 'First aid',
		applies: known => known.start?.diagnosis !== undefined && known.diagnosis?.go === 'first-aid',
		dependsOn: ['start', 'diagnosis'],
		view: later<'firstAid'>(async () => (await import('./first-aid.tsx')).FirstAidView),
	}),
	step<'board'>({
		id: 'board',
		title: 'Your board',
		applies: asksForBoard,
		dependsOn: ['start'],
		view: later<'board'>(async () => (await import('./board.tsx')).BoardView),
	}),
	step<'arm'>({
		id: 'arm',
		title: 'Not an AVR board',
		applies: isArm,
		dependsOn: ['board', 'diagnosis'],
		view: later<'arm'>(async () => (await import('./arm.tsx')).ArmView),
	}),
	step<'programmer'>({
		id: 'programmer',
		title: 'Your programmer',
		applies: needsIsp,
		dependsOn: [],
		view: later<'programmer'>(async () => (await import('./programmer.tsx')).ProgrammerView),
	}),
	step<'wiring'>({
		id: 'wiring',
		title: 'The wires',
		applies: needsIsp,
		dependsOn: ['board', 'programmer'],
		view: later<'wiring'>(async () => (await import('./wiring.tsx')).WiringView),
	}),
	step<'identify'>({
		id: 'identify',
		title: 'First contact',
		applies: needsIsp,
		dependsOn: ['board', 'programmer', 'wiring'],
		view: later<'identify'>(async () => (await import('./identify.tsx')).IdentifyView),
	}),
	step<'image'>({
		id: 'image',
		title: 'What to write',
		applies: needsIsp,
		dependsOn: ['board', 'identify'],
		view: later<'image'>(async () => (await import('./image.tsx')).ImageView),
	}),
	step<'fuses'>({
		id: 'fuses',
		title: 'The fuses',
		applies: needsIsp,
		dependsOn: ['board', 'identify', 'image', 'programmer'],
		view: later<'fuses'>(async () => (await import('./fuses.tsx')).FusesView),
	}),
	step<'review'>({
		id: 'review',
		title: 'Before it starts',
		applies: needsIsp,
		dependsOn: ['board', 'programmer', 'wiring', 'identify', 'image', 'fuses'],
		view: later<'review'>(async () => (await import('./review.tsx')).ReviewView),
	}),
	step<'flash'>({
		id: 'flash',
		title: 'Working',
		applies: needsIsp,
		dependsOn: ['review'],
		view: later<'flash'>(async () => (await import('./flash.tsx')).FlashView),
	}),
	step<'comeback'>({
		id: 'comeback',
		title: 'Is it alive?',
		applies: isForComeback,
		dependsOn: ['flash'],
		view: later<'comeback'>(async () => (await import('./comeback.tsx')).ComebackView),
	}),
	step<'keymap'>({
		id: 'keymap',
		title: 'Your keymap',
		applies: isForKeymap,
		dependsOn: ['flash', 'comeback'],
		view: later<'keymap'>(async () => (await import('./keymap.tsx')).KeymapView),
	}),
	step<'result'>({
		id: 'result',
		title: 'How it ended',
		applies: needsIsp,
		dependsOn: ['flash', 'comeback', 'keymap'],
		view: later<'result'>(async () => (await import('./result.tsx')).ResultView),
	}),
];
