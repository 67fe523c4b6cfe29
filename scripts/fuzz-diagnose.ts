// Feeds the diagnosis with mutated logs and random bytes and watches for exceptions and slow inputs.
//   node --import tsx scripts/fuzz-diagnose.ts [INPUTS] [SEED]
// Time is processor time of this process, so that a busy machine does not fail it.

import {diagnose} from '../src/engine/diagnose/diagnose.ts';
import {createFuzzer} from '../test/corpus/fuzz.ts';
import {loadCorpus} from '../test/corpus/runner.ts';

const inputs = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 0x7fffffff);
const fuzzer = createFuzzer(
	loadCorpus().map(entry => entry.log),
	seed,
);

/** Source: the limit. */
const LIMIT_MS_PER_MB = 200;
/** Below this size the fixed cost of a call would be all that is measured. */
const SMALLEST_TIMED_CHARS = 200_000;
/** A slow one is timed again this often: a pause of the collector comes once, a bad pattern always. */
const RETIMES = 3;

function timed(text: string): number {
	const before = process.cpuUsage();
	diagnose(text);
	const used = process.cpuUsage(before);
	return (used.user + used.system) / 1000;
}

let slowest = 0;
let chars = 0;
let failed = 0;
diagnose(fuzzer.next());
const begun = process.cpuUsage();
for (let count = 0; count < inputs; count += 1) {
	const text = fuzzer.next();
	chars += text.length;
	let ms = 0;
	try {
		const before = process.cpuUsage();
		const got = diagnose(text);
		const used = process.cpuUsage(before);
		ms = (used.user + used.system) / 1000;
		const problem = fuzzer.check(text, got);
		if (problem !== undefined) throw new Error(problem);
	} catch (error) {
		failed += 1;
		console.error(
			`input ${count} of seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
		);
		console.error(JSON.stringify(text.slice(0, 500)));
	}
	const size = Math.max(text.length, SMALLEST_TIMED_CHARS) / 1_000_000;
	for (let again = 0; again < RETIMES && ms / size > LIMIT_MS_PER_MB; again += 1)
		ms = Math.min(ms, timed(text));
	const perMb = ms / size;
	if (perMb > slowest) {
		slowest = perMb;
		if (perMb > LIMIT_MS_PER_MB) {
			failed += 1;
			console.error(`input ${count} of seed ${seed}: ${ms.toFixed(1)} ms for ${text.length} characters`);
		}
	}
}
const total = process.cpuUsage(begun);
console.log(
	`${inputs} inputs, ${(chars / 1e6).toFixed(1)} MB, seed ${seed}: ${failed} failed; ` +
		`slowest ${slowest.toFixed(0)} ms per MB, mean ${((total.user + total.system) / 1000 / (chars / 1e6)).toFixed(0)} ms per MB`,
);
process.exit(failed === 0 ? 0 : 1);
