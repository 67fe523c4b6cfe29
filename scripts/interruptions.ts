// Interrupts a recovery at every moment, for every programmer, on the practice bench, and runs it again: the second run
// must end in a good board.
//   tsx scripts/interruptions.ts [STRIDE] [PROGRAMMER ...] [KIND ...] [resume|plain] [PATIENT ...]
// Every transfer (link, power, wires, process, process-late, ctrl-c) and the middle of every cell change (busy-link,
// busy-power, busy-wires). PATIENT: tiny (unless told otherwise), mega, locking, locked, eesave, blank-eeprom, no-backup,
// one-fuse, fuses-only, mega-locking, or `variants` for all of these. Exit 1 when anything is wrong.
import {
	interrupt,
	kinds,
	momentsOf,
	programmers,
	smallMega,
	tiny,
	variants,
} from '../test/helpers/interruptions.ts';

const [strideText, ...named] = process.argv.slice(2);
const stride = Number(strideText ?? 1);
const chosen = <T extends string>(all: readonly T[]): readonly T[] =>
	all.some(one => named.includes(one)) ? all.filter(one => named.includes(one)) : all;
const all = [tiny, smallMega, ...variants];
const patients = named.includes('variants') ? variants : all.filter(({name}) => named.includes(name));

/** What is left of a cell that was cut is chance: so many chances for each. */
const seedsInBusyTime = 8;

let wrong = 0;
let total = 0;
for (const patient of patients.length === 0 ? [tiny] : patients) {
	for (const programmer of chosen(programmers)) {
		const {transfers, changes} = await momentsOf(patient, programmer);
		console.log(`${programmer}, ${patient.name}: ${transfers} transfers, ${changes} changes of a cell`);
		for (const kind of chosen(kinds)) {
			const moments = kind.startsWith('busy-') ? changes : transfers;
			for (const again of chosen(['resume', 'plain'] as const)) {
				const firsts = new Map<string, number>();
				const seconds = new Map<string, number>();
				const count = (map: Map<string, number>, what: string) => map.set(what, (map.get(what) ?? 0) + 1);
				let cuts = 0;
				for (let at = 0; at < moments; at += stride) {
					const seeds = kind.startsWith('busy-') ? seedsInBusyTime : 1;
					for (let seed = at + 1; seed < at + 1 + seeds; seed++) {
						cuts++;
						const outcome = await interrupt(patient, programmer, kind, at, again, seed);
						count(firsts, outcome.first);
						count(seconds, outcome.second);
						for (const finding of outcome.findings) {
							wrong++;
							console.log(
								`  WRONG: ${programmer}, ${patient.name}, ${kind} at ${at} (${seed}), ${again}: ${finding}`,
							);
						}
					}
				}
				total += cuts;
				const list = (map: Map<string, number>) =>
					[...map].map(([what, times]) => `${times} ${what}`).join(', ');
				console.log(
					`  ${kind}, ${again}: ${cuts} at ${moments} moments: ${list(firsts)}; then ${list(seconds)}`,
				);
			}
		}
	}
}
console.log(`${total} interruptions, ${wrong} findings.`);
process.exitCode = wrong === 0 ? 0 : 1;
