// Short runs of the fuzzers; `node --import tsx scripts/fuzz.ts all 1000000` is the long one.
import {test} from 'node:test';
import {driverTargets} from '../helpers/fuzz-drivers.ts';
import {readerTargets} from '../helpers/fuzz-targets.ts';

const seed = 20_261_124;
const readerInputs = 800;
const driverInputs = 120;

for (const [targets, count] of [
	[readerTargets, readerInputs],
	[driverTargets, driverInputs],
] as const) {
	for (const target of targets) {
		test(`${target.name}: ${count} hostile inputs, and nothing but errors of ours`, async () => {
			const next = target.start(seed);
			for (let inputs = 0; inputs < count; ) {
				const sample = next();
				try {
					inputs += (await sample.feed()) ?? 1;
				} catch (error) {
					const shown = JSON.stringify(sample.shown())?.slice(0, 1000);
					throw new Error(`input ${inputs} of seed ${seed}: ${String(error)}\n${shown}`, {cause: error});
				}
			}
		});
	}
}
