// What a recovery did, line by line, so that the next run knows where the last one stopped. Pure: entries to lines
// and back; the Store keeps them.
import * as v from 'valibot';

const byte = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const entrySchema = v.variant('did', [
	v.strictObject({
		did: v.literal('start'),
		chip: v.string(),
		signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{6}$/)),
		backup: v.nullable(v.string()),
	}),
	v.strictObject({did: v.literal('erase')}),
	v.strictObject({did: v.literal('erased')}),
	v.strictObject({did: v.literal('pages'), pages: v.pipe(v.number(), v.integer(), v.minValue(0))}),
	v.strictObject({did: v.literal('verified')}),
	v.strictObject({did: v.literal('eeprom')}),
	v.strictObject({did: v.literal('fuse'), fuse: v.picklist(['low', 'high', 'extended']), value: byte}),
	v.strictObject({did: v.literal('lock'), value: byte}),
	v.strictObject({did: v.literal('done')}),
]);

/** One thing that was begun (`erase`, `fuse`, `lock`) or done (the others). Written before, resp. after it. */
export type JournalEntry = v.InferOutput<typeof entrySchema>;

/** One line, without its end. */
export function printEntry(entry: JournalEntry): string {
	return JSON.stringify(entry);
}

/**
 * The entries of a journal. The last line may be cut off by a power failure and is then left out; a damaged line in
 * the middle ends the reading there: what follows it cannot be trusted.
 */
export function parseJournal(text: string): readonly JournalEntry[] {
	const entries: JournalEntry[] = [];
	for (const line of text.split('\n')) {
		if (line.trim() === '') continue;
		let json: unknown;
		try {
			json = JSON.parse(line);
		} catch {
			break;
		}
		const parsed = v.safeParse(entrySchema, json);
		if (!parsed.success) break;
		entries.push(parsed.output);
	}
	return entries;
}
