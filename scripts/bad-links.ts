// Recoveries over bad links on the practice bench: bit errors on MOSI and MISO, lost and doubled serial bytes, stalls
// and short answers on USB, each at 1e-5, 1e-4 and 1e-3. `tsx scripts/bad-links.ts [RUNS] [FIRST SEED] [PATIENT]`, 10,000 runs
// unless told otherwise; all kinds of recovery in turn (test/helpers/interruptions.ts) unless one is named. Exit 1 when a wrong byte was called verified or a fuse byte was written that nobody wanted.
import {badLinks, recoverOver} from '../test/helpers/bad-links.ts';
import {tiny, variants} from '../test/helpers/interruptions.ts';

const runs = Number(process.argv[2] ?? 10_000);
const firstSeed = Number(process.argv[3] ?? 1);
const all = [tiny, ...variants];
const named = all.filter(({name}) => name === process.argv[4]);
const patients = named.length === 0 ? all : named;

type Row = {runs: number; retries: number; most: number; stray: number; ends: Map<string, number>};
const rows = new Map<string, Row>();
const sums: Row = {runs: 0, retries: 0, most: 0, stray: 0, ends: new Map()};
let wrong = 0;
for (let index = 0; index < runs; index++) {
	const link = badLinks[index % badLinks.length]!;
	const seed = firstSeed + index;
	// A round further, every link meets the next patient.
	const patient = patients[Math.floor(index / badLinks.length + index) % patients.length]!;
	const outcome = await recoverOver(patient, link, seed);
	const name = `${link.where} ${link.rate}`;
	const row = rows.get(name) ?? {runs: 0, retries: 0, most: 0, stray: 0, ends: new Map()};
	rows.set(name, row);
	for (const sum of [row, sums]) {
		sum.runs++;
		sum.retries += outcome.retries;
		sum.most = Math.max(sum.most, outcome.retries);
		sum.stray += outcome.strayFuses;
		sum.ends.set(outcome.end, (sum.ends.get(outcome.end) ?? 0) + 1);
	}
	for (const finding of outcome.findings) {
		wrong++;
		console.log(`  WRONG: ${link.programmer}, ${patient.name}, ${name}, seed ${seed}: ${finding}`);
	}
}
const tell = (name: string, row: Row) => {
	const ends = [...row.ends].sort((a, b) => b[1] - a[1]).map(([end, times]) => `${times} ${end}`);
	console.log(
		`${name}: ${row.runs} runs: ${ends.join(', ')}; ${row.retries} repeats, at most ${row.most} in one; ${row.stray} stray fuse writes`,
	);
};
for (const name of [...rows.keys()].sort()) tell(name, rows.get(name)!);
tell('all', sums);
console.log(`${wrong} findings.`);
process.exitCode = wrong === 0 ? 0 : 1;
