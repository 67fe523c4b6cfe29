// Where the wizard is and what it knows. Pure: an event makes a new state, nothing else happens.
import type {Answers, Known, StepId, Undo} from './step.ts';

/** The part of a step that the order of questions depends on. */
export type FlowStep = {
	readonly id: StepId;
	readonly applies: (known: Known) => boolean;
	readonly dependsOn: readonly StepId[];
};

export type FlowState = {
	readonly known: Known;
	/** Answered once, but on facts that have changed since: to be asked again. */
	readonly stale: ReadonlySet<StepId>;
	readonly at: StepId;
	/** True when the last question was answered. */
	readonly finished: boolean;
	/** Where inside the question the person is, in the step's own words; absent at its beginning. */
	readonly page?: string | undefined;
};

export type FlowEvent =
	| {[Id in StepId]: {readonly type: 'done'; readonly step: Id; readonly answer: Answers[Id]}}[StepId]
	/** An earlier answer grows while its successor is on the screen: settled, but nothing moves. */
	| {[Id in StepId]: {readonly type: 'amend'; readonly step: Id; readonly answer: Answers[Id]}}[StepId]
	/** After a failure: what was read, agreed to and done is forgotten; everything else is kept. */
	| {readonly type: 'retry'}
	/** Back to what a backup holds: it takes the place of image and fuses, and the chip is asked anew. */
	| {readonly type: 'undo'; readonly undo: Undo}
	/** A wizard that was left is entered again. */
	| {readonly type: 'enter'; readonly known: Known; readonly at: StepId; readonly page?: string | undefined}
	/** The person goes to another page of the question on the screen. */
	| {readonly type: 'page'; readonly page: string | undefined}
	| {readonly type: 'back'};

export function startFlow(steps: readonly FlowStep[], known: Known = {}): FlowState {
	const first = steps.find(step => step.applies(known)) ?? steps[0]!;
	return {known, stale: new Set(), at: first.id, finished: false};
}

/** Steps asked with what is known now, in order. */
export function applicable<S extends FlowStep>(steps: readonly S[], known: Known): readonly S[] {
	return steps.filter(step => step.applies(known));
}

/** Everything that leans on `changed`, directly or through others. */
function dependents(steps: readonly FlowStep[], changed: StepId): ReadonlySet<StepId> {
	const found = new Set<StepId>();
	let grew = true;
	while (grew) {
		grew = false;
		for (const step of steps) {
			if (found.has(step.id) || step.id === changed) continue;
			if (step.dependsOn.some(id => id === changed || found.has(id))) {
				found.add(step.id);
				grew = true;
			}
		}
	}
	return found;
}

/** Same facts? Functions (image accessors) are left out: images carry their checksum. */
export function sameAnswer(a: unknown, b: unknown): boolean {
	return a === b || JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

function plain(_key: string, value: unknown): unknown {
	if (value instanceof Uint8Array) return [...value];
	if (value instanceof Set) return [...value].sort();
	return value;
}

type Draft = {[Id in StepId]?: Answers[Id]} & {again?: true};

/** What was read from the chip, agreed to or done: never carried over a change before it. */
const perishable: readonly StepId[] = ['identify', 'review', 'flash', 'comeback', 'keymap', 'result'];

function settle(
	steps: readonly FlowStep[],
	state: FlowState,
	step: StepId,
	given: Answers[StepId],
): FlowState {
	const stale = new Set(state.stale);
	stale.delete(step);
	const known: Draft = {...state.known, [step]: given};
	if (sameAnswer(state.known[step], given)) return {...state, known, stale};
	const order = steps.map(candidate => candidate.id);
	const place = order.indexOf(step);
	for (const id of perishable) if (order.indexOf(id) > place) delete known[id];
	// Another answer where there was one: it may be another board that is spoken of.
	if (place < order.indexOf('identify') && state.known[step] !== undefined) delete known.again;
	if (step === 'start' && (given as Answers['start']).resume !== undefined) known.again = true;
	if (known.fuses !== undefined && order.indexOf('fuses') > place && known.fuses.accepted.length > 0) {
		known.fuses = {...known.fuses, accepted: []};
		stale.add('fuses');
	}
	for (const id of dependents(steps, step)) if (known[id] !== undefined) stale.add(id);
	if (known.identify === undefined) {
		for (const id of dependents(steps, 'identify')) if (known[id] !== undefined) stale.add(id);
	}
	// What a backup holds does not depend on what the chip holds now; the review judges it.
	if (step === 'identify' && known.image?.restore !== undefined) {
		stale.delete('image');
		stale.delete('fuses');
	}
	return {...state, known, stale};
}

/**
 * Where a wizard that was left goes on: at its question. Cables may have been moved meanwhile, so between the wires and
 * the work they are asked about and the chip is read once more; consents are never kept.
 */
function enter(
	steps: readonly FlowStep[],
	state: FlowState,
	{known: kept, at, page}: {readonly known: Known; readonly at: StepId; readonly page?: string | undefined},
): FlowState {
	if (!applicable(steps, kept).some(step => step.id === at)) return state;
	if (kept.flash !== undefined) return {known: kept, stale: new Set(), at, finished: false};
	const known: Draft = {...kept};
	const stale = new Set<StepId>();
	delete known.review;
	if (known.fuses !== undefined && known.fuses.accepted.length > 0) {
		known.fuses = {...known.fuses, accepted: []};
		stale.add('fuses');
	}
	const order = steps.map(step => step.id);
	if (known.wiring === undefined || order.indexOf(at) <= order.indexOf('wiring'))
		return {known, stale, at, finished: false, ...(page === undefined ? {} : {page})};
	stale.add('wiring');
	if (known.identify !== undefined) stale.add('identify');
	return {known, stale, at: 'wiring', finished: false};
}

/**
 * `done` keeps the answer and goes to the first question that is open or was answered on other facts;
 * `back` goes one question back and loses nothing.
 */
export function flow(steps: readonly FlowStep[], state: FlowState, event: FlowEvent): FlowState {
	if (event.type === 'page') {
		const {page: _, ...rest} = state;
		return event.page === undefined ? rest : {...rest, page: event.page};
	}
	const next = move(steps, state, event);
	if (next.at === state.at || next.page === undefined || event.type === 'enter') return next;
	// A page belongs to its question.
	const {page: _, ...rest} = next;
	return rest;
}

function move(
	steps: readonly FlowStep[],
	state: FlowState,
	event: Exclude<FlowEvent, {readonly type: 'page'}>,
): FlowState {
	if (event.type === 'back') {
		const asked = applicable(steps, state.known);
		const index = asked.findIndex(step => step.id === state.at);
		return index > 0 ? {...state, at: asked[index - 1]!.id} : state;
	}
	if (event.type === 'retry') {
		// A try that changed nothing left no journal: one that waits is of another board.
		const untouched = state.known.flash?.result.chipState === 'untouched';
		const known: Draft = {...state.known, ...(untouched ? {} : {again: true})};
		for (const id of perishable) delete known[id];
		if (known.fuses !== undefined) known.fuses = {...known.fuses, accepted: []};
		const stale = new Set(state.stale);
		if (known.fuses !== undefined) stale.add('fuses');
		return {known, stale, at: 'identify', finished: false};
	}
	if (event.type === 'undo') {
		const known: Draft = {...state.known, ...event.undo};
		for (const id of perishable) delete known[id];
		delete known.again;
		return {known, stale: new Set(), at: 'identify', finished: false};
	}
	if (event.type === 'enter') return enter(steps, state, event);
	if (event.type === 'amend') return settle(steps, state, event.step, event.answer);
	// Only the question on the screen can be answered: a late or second call changes nothing.
	if (event.step !== state.at) return state;
	const next = settle(steps, state, event.step, event.answer);
	const order = steps.map(step => step.id);
	const later = applicable(steps, next.known).filter(
		step => order.indexOf(step.id) > order.indexOf(event.step),
	);
	const open =
		later.find(step => next.known[step.id] === undefined || next.stale.has(step.id)) ?? later.at(-1);
	return open === undefined ? {...next, finished: true} : {...next, at: open.id};
}
