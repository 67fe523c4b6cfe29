// Backup and journal lie in a folder that may go while the work lasts: what a result says of them is looked at first.
import type {Store} from '../store.ts';
import type {RecoverEvent, RecoverResult} from './events.ts';
import {isThere, type Journal} from './journal.ts';

/** What to do where the journal is gone. */
const startAnew =
	'The journal of this recovery is gone, and without it nobody can go on from here. Put the folder back where it was, if you can; otherwise run the same recovery again from the start.';

/** Advice that hangs on the journal. */
const hangsOnJournal = /^Then .*recover --resume|^Run it again: what was already done/;

/**
 * The events of a recovery, with a result that promises nothing of files which have gone in the meantime: a backup that
 * is not there any more is no backup, and without the journal nobody goes on.
 */
export async function* withFilesThere(
	events: AsyncIterable<RecoverEvent>,
	store: Store,
	journal: Journal,
): AsyncGenerator<RecoverEvent, void> {
	for await (const event of events) {
		if (event.type !== 'result') {
			yield event;
			continue;
		}
		let result: RecoverResult = event;
		if (result.backup != null && !(await isThere(store, result.backup))) {
			const message = `The backup that was written to ${result.backup} is not there any more.`;
			yield {type: 'warning', code: 'backup-gone', message};
			result = {...result, backup: null};
		}
		if (!result.ok && result.resume !== undefined && (await journal.stands?.()) === false) {
			const {error} = result;
			const next = error.next.filter(line => !hangsOnJournal.test(line));
			result = {...result, error: {...error, next}, resume: startAnew};
		}
		yield result;
	}
}
