// The wizard's table of contents. The steps themselves are loaded after the first one is on the screen.
import {asksForBoard, isArm, isForComeback, isForKeymap, needsIsp} from './applies.ts';
import {atOnce, later} from './later.tsx';
import {StartView} from './start.tsx';
import type {Step, StepId} from './step.ts';
import {titles} from './titles.ts';

function step<Id extends StepId>(entry: Step<Id>): Step<StepId> {
	// A list holds steps of different answers; each view is only ever given its own.
	return entry as unknown as Step<StepId>;
}

/** In the order in which they are asked. */
export const steps: readonly Step<StepId>[] = [
	step<'start'>({
		id: 'start',
		title: titles.start,
		applies: () => true,
		dependsOn: [],
		view: atOnce(StartView),
	}),
	step<'diagnosis'>({
		id: 'diagnosis',
		title: titles.diagnosis,
		applies: known => known.start?.diagnosis !== undefined,
		dependsOn: ['start'],
		view: later<'diagnosis'>(async () => (await import('./views.ts')).DiagnosisView),
	}),
	step<'firstAid'>({
		id: 'firstAid',
		title: titles.firstAid,
		applies: known => known.start?.diagnosis !== undefined && known.diagnosis?.go === 'first-aid',
		dependsOn: ['start', 'diagnosis'],
		view: later<'firstAid'>(async () => (await import('./views.ts')).FirstAidView),
	}),
	step<'board'>({
		id: 'board',
		title: titles.board,
		applies: asksForBoard,
		dependsOn: ['start'],
		view: later<'board'>(async () => (await import('./views.ts')).BoardView),
	}),
	step<'arm'>({
		id: 'arm',
		title: titles.arm,
		applies: isArm,
		dependsOn: ['board', 'diagnosis'],
		view: later<'arm'>(async () => (await import('./views.ts')).ArmView),
	}),
	step<'programmer'>({
		id: 'programmer',
		title: titles.programmer,
		applies: needsIsp,
		dependsOn: [],
		view: later<'programmer'>(async () => (await import('./views.ts')).ProgrammerView),
	}),
	step<'wiring'>({
		id: 'wiring',
		title: titles.wiring,
		applies: needsIsp,
		dependsOn: ['board', 'programmer'],
		view: later<'wiring'>(async () => (await import('./views.ts')).WiringView),
	}),
	step<'identify'>({
		id: 'identify',
		title: titles.identify,
		applies: needsIsp,
		dependsOn: ['board', 'programmer', 'wiring'],
		view: later<'identify'>(async () => (await import('./views.ts')).IdentifyView),
	}),
	step<'image'>({
		id: 'image',
		title: titles.image,
		applies: needsIsp,
		dependsOn: ['board', 'identify'],
		view: later<'image'>(async () => (await import('./views.ts')).ImageView),
	}),
	step<'fuses'>({
		id: 'fuses',
		title: titles.fuses,
		applies: needsIsp,
		dependsOn: ['board', 'identify', 'image', 'programmer'],
		view: later<'fuses'>(async () => (await import('./views.ts')).FusesView),
	}),
	step<'review'>({
		id: 'review',
		title: titles.review,
		applies: needsIsp,
		dependsOn: ['board', 'programmer', 'wiring', 'identify', 'image', 'fuses'],
		view: later<'review'>(async () => (await import('./views.ts')).ReviewView),
	}),
	step<'flash'>({
		id: 'flash',
		title: titles.flash,
		applies: needsIsp,
		dependsOn: ['review'],
		view: later<'flash'>(async () => (await import('./views.ts')).FlashView),
	}),
	step<'comeback'>({
		id: 'comeback',
		title: titles.comeback,
		applies: isForComeback,
		dependsOn: ['flash'],
		view: later<'comeback'>(async () => (await import('./views.ts')).ComebackView),
	}),
	step<'keymap'>({
		id: 'keymap',
		title: titles.keymap,
		applies: isForKeymap,
		dependsOn: ['flash', 'comeback'],
		view: later<'keymap'>(async () => (await import('./views.ts')).KeymapView),
	}),
	step<'result'>({
		id: 'result',
		title: titles.result,
		applies: needsIsp,
		dependsOn: ['flash', 'comeback', 'keymap'],
		view: later<'result'>(async () => (await import('./views.ts')).ResultView),
	}),
];
