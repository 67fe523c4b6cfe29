// Runs the recovery over the chosen programmer and hands its events on.
import type {Cancel} from '../engine/cancel.ts';
import type {RecoverEvent} from '../engine/procedures/events.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {recover} from '../engine/procedures/recover.ts';
import {openTarget} from './contact.ts';
import type {Known, WizardDeps} from './step.ts';

/** Resolves when the last event, the result, was handed on. Never throws. */
export async function runRecovery(
	plan: RecoveryPlan,
	deps: WizardDeps,
	known: Known,
	cancel: Cancel,
	take: (event: RecoverEvent) => void,
): Promise<void> {
	const {programmer} = known;
	if (programmer === undefined) return;
	const events = recover(plan, {
		connect: () => openTarget({world: deps.world, programmer, board: plan.board, chip: plan.chip}),
		store: deps.store,
		clock: deps.world.clock,
		cancel,
		program: `avr-unbrick ${deps.version}`,
	});
	for await (const event of events) take(event);
}
