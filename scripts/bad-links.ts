// Recoveries over bad links on the practice bench: bit errors on MOSI and MISO, lost and doubled serial bytes, stalls
// and short answers on USB, each at 1e-5, 1e-4 and 1e-3. `tsx scripts/bad-links.ts [RUNS] [FIRST SEED]`, 10,000 runs
// unless told otherwise. Exit 1 when a wrong byte was called verified or a fuse byte was written that nobody wanted.
import {badLinks, recoverOver} from '../test/helpers/bad-links.ts';
import {tiny} from '../test/helpers/interruptions.ts';

const runs = Number(process.argv[2] ?? 10_000);
const firstSeed = Number(process.argv[3] ?? 1);

type Row = {runs: number; retries: number; most: number; stray: number; ends: Map<string, number>};
const rows = new Map<string, Row>();
const all: Row = {runs: 0, retries: 0, most: 0, stray: 0, ends: new Map()};
let wrong = 0;
for (let index = 0; index < runs; index++) {
	const link = badLinks[index % badLinks.length]!;
	const seed = firstSeed + index;
	const outcome = await recoverOver(tiny, link, seed);
	const name = `${link.where} ${link.rate}`;
	const row = rows.get(name) ?? {runs: 0, retries: 0, most: 0, stray: 0, ends: new Map()};
	rows.set(name, row);
	for (const sum of [row, all]) {
		sum.runs++;
		sum.retries += outcome.retries;
		sum.most = Math.max(sum.most, outcome.retries);
		sum.stray += outcome.strayFuses;
		sum.ends.set(outcome.end, (sum.ends.get(outcome.end) ?? 0) + 1);
	}
	for (const finding of outcome.findings) {
		wrong++;
		console.log(`  WRONG: ${link.programmer}, ${name}, seed ${seed}: ${finding}`);
	}
}
const tell = (name: string, row: Row) => {
	const ends = [...row.ends].sort((a, b) => b[1] - a[1]).map(([end, times]) => `${times} ${end}`);
	console.log(
		`${name}: ${row.runs} runs: ${ends.join(', ')}; ${row.retries} repeats, at most ${row.most} in one; ${row.stray} stray fuse writes`,
	);
};
for (const name of [...rows.keys()].sort()) tell(name, rows.get(name)!);
tell('all', all);
console.log(`${wrong} findings.`);
process.exitCode = wrong === 0 ? 0 : 1;
