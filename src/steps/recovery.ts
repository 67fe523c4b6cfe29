// Runs the recovery over the chosen programmer and hands its events on.
import type {Cancel} from '../engine/cancel.ts';
import {imageSha256} from '../engine/image/digest.ts';
import type {RecoverEvent} from '../engine/procedures/events.ts';
import {withFilesThere} from '../engine/procedures/files-there.ts';
import {createJournal, listInterrupted} from '../engine/procedures/journal.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {recover} from '../engine/procedures/recover.ts';
import type {Store} from '../engine/store.ts';
import {openTarget} from './contact.ts';
import type {Known, WizardDeps} from './step.ts';

/**
 * After a failure in this session the journal knows what the chip held before: a second run goes on with that
 * backup. A new one would only save what the first run left, and the settings (EEPROM) would be lost.
 */
async function withJournal(
	plan: RecoveryPlan,
	known: Known,
	store: Store,
): Promise<{readonly plan: RecoveryPlan; readonly journal?: string}> {
	if (known.again !== true) return {plan};
	const waiting = await listInterrupted(store).catch(() => []);
	const chosen = known.start?.resume?.journal;
	const before = chosen === undefined ? waiting[0] : waiting.find(({path}) => path === chosen);
	if (before === undefined || before.plan.chip.id !== plan.chip.id) return {plan};
	const {eeprom, image, resume} = before.plan;
	// Fuses alone erase nothing: such a run and one with an image say nothing of each other's flash.
	if ((image === undefined) !== (plan.image === undefined)) return {plan};
	const same = image === undefined || imageSha256(image) === imageSha256(plan.image ?? image);
	const sameFuses = plan.fuses === 'keep' || JSON.stringify(plan.fuses) === JSON.stringify(before.plan.fuses);
	return {
		journal: before.path,
		plan: {
			...plan,
			// The backup from then holds; what is on the chip now is kept, too, where it goes.
			backup: 'none',
			...(eeprom === undefined ? {} : {eeprom}),
			...(resume === undefined ? {} : {resume: same ? resume : {...resume, erased: false, written: image}}),
			...(sameFuses ? {fuses: before.plan.fuses, ownBackup: before.plan.ownBackup === true} : {}),
			// What was agreed to holds for the fuses that it was said of.
			accepted: new Set([...plan.accepted, ...(sameFuses ? before.plan.accepted : [])]),
		},
	};
}

/**
 * Resolves when the last event, the result, was handed on. Never throws.
 * @param take while it waits, so does the work
 */
export async function runRecovery(
	plan: RecoveryPlan,
	deps: WizardDeps,
	known: Known,
	cancel: Cancel,
	take: (event: RecoverEvent) => void | Promise<void>,
): Promise<void> {
	const {programmer} = known;
	if (programmer === undefined) return;
	const {plan: whole, journal} = await withJournal(plan, known, deps.store);
	const notes = createJournal(deps.store, journal);
	const events = recover(whole, {
		connect: () =>
			openTarget({
				world: deps.world,
				avrdude: deps.avrdude,
				programmer,
				board: plan.board,
				chip: plan.chip,
				powerTarget: known.wiring?.powerTarget,
			}),
		store: deps.store,
		clock: deps.world.clock,
		cancel,
		program: `avr-unbrick ${deps.version}`,
		...(deps.references === undefined ? {} : {references: deps.references}),
		journal: notes,
	});
	for await (const event of withFilesThere(events, deps.store, notes)) await take(event);
}
