// Feeds hostile inputs to everything that reads something from outside, and watches for errors that are not ours, slow
// inputs, hangs and memory.
//   node --import tsx scripts/fuzz.ts TARGET|all [COUNT] [SEED]
// `all` gives each target a process of its own, so that its memory is its own. Time is processor time, so that a busy
// machine does not fail it.
import {spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import type {Sample} from '../test/helpers/fuzz.ts';
import {driverTargets, longest} from '../test/helpers/fuzz-drivers.ts';
import {readerTargets} from '../test/helpers/fuzz-targets.ts';

const targets = [...readerTargets, ...driverTargets];

/** Source: the limit. */
const mostMemoryMb = 300;
/** One input, ms of processor time. Logs: 200 ms per MB, and none is longer than that. */
const slowMs = 200;
/** A slow one is fed again this often: a pause of the collector comes once, a bad pattern always. */
const refeeds = 3;
/** No input takes so long, not even on a busy machine: it hangs. */
const hangMs = 120_000;
/** Failures are told one by one up to here. */
const mostTold = 5;

const [name = 'all', countText = '100000', seedText] = process.argv.slice(2);
const count = Number(countText);
const seed = Number(seedText ?? Date.now() % 0x7fffffff);

if (name === 'all') {
	let failed = 0;
	for (const target of targets) {
		const run = spawnSync(
			process.execPath,
			['--import', 'tsx', fileURLToPath(import.meta.url), target.name, String(count), String(seed)],
			{stdio: 'inherit'},
		);
		if (run.status !== 0) failed += 1;
	}
	console.log(failed === 0 ? 'all well' : `${failed} targets failed`);
	process.exit(failed === 0 ? 0 : 1);
}

const target = targets.find(known => known.name === name);
if (target === undefined) {
	console.error(
		`There is no target "${name}". There are: ${targets.map(known => known.name).join(', ')}, all.`,
	);
	process.exit(2);
}

const cpuMs = () => {
	const {user, system} = process.cpuUsage();
	return (user + system) / 1000;
};
let failures = 0;
let inputs = 0;
let slowest = 0;
const next = target.start(seed);

function tell(what: string, sample: Sample): void {
	failures += 1;
	if (failures > mostTold) return;
	console.error(`${name}, input ${inputs} of seed ${seed}: ${what}`);
	console.error(JSON.stringify(sample.shown())?.slice(0, 2000));
}

// The first one pays for what is loaded and built once.
await Promise.resolve(next().feed()).catch(() => {});
const began = cpuMs();
while (inputs < count) {
	const sample = next();
	let ms = 0;
	let took = 1;
	try {
		const before = cpuMs();
		const fed = sample.feed();
		if (fed !== undefined) took = Math.max(1, await withoutHang(fed));
		ms = (cpuMs() - before) / took;
	} catch (error) {
		tell(error instanceof Error ? (error.stack ?? error.message) : String(error), sample);
	}
	for (let again = 0; again < refeeds && ms > slowMs; again += 1) {
		const before = cpuMs();
		await sample.feed();
		ms = Math.min(ms, (cpuMs() - before) / took);
	}
	if (ms > slowMs) tell(`${ms.toFixed(0)} ms`, sample);
	slowest = Math.max(slowest, ms);
	inputs += took;
}
const total = cpuMs() - began;
const memoryMb = process.resourceUsage().maxRSS / 1024;
if (memoryMb > mostMemoryMb) failures += 1;
console.log(
	`${name}: ${inputs} inputs, seed ${seed}, ${failures} failures; ` +
		`slowest ${slowest.toFixed(1)} ms, mean ${((total / inputs) * 1000).toFixed(0)} us, ${memoryMb.toFixed(0)} MB at most` +
		(longest.ms === 0 ? '' : `; longest operation ${(longest.ms / 1000).toFixed(1)} s (${longest.what})`),
);
process.exit(failures === 0 ? 0 : 1);

async function withoutHang(fed: Promise<number>): Promise<number> {
	let timer: NodeJS.Timeout | undefined;
	try {
		return await Promise.race([
			fed,
			new Promise<never>((_, reject) => {
				timer = setTimeout(() => reject(new Error('it hangs')), hangMs);
			}),
		]);
	} finally {
		clearTimeout(timer);
	}
}
