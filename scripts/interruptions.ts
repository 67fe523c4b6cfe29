// Cuts a recovery at every transfer, for every programmer, on the practice bench, and runs it again: the second run
// must end in a good board. `tsx scripts/interruptions.ts [STRIDE] [PROGRAMMER ...]`; exit 1 when anything is wrong.
import {createBench} from '../src/bench/bench.ts';
import {findChip} from '../src/engine/chips/index.ts';
import type {RiskName} from '../src/engine/errors.ts';
import {createImage} from '../src/engine/image/memory-image.ts';
import {createIspTarget} from '../src/engine/isp/isp-target.ts';
import type {ProgrammerId} from '../src/engine/isp/link.ts';
import type {RecoverResult} from '../src/engine/procedures/events.ts';
import {createJournal, findInterrupted} from '../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../src/engine/procedures/plan.ts';
import {recover} from '../src/engine/procedures/recover.ts';
import {openProgrammer} from '../src/engine/programmers/open.ts';

const [strideText, ...named] = process.argv.slice(2);
const stride = Number(strideText ?? 1);
const all: readonly ProgrammerId[] = [
	'usbasp',
	'usbtiny',
	'avrisp',
	'arduino-isp',
	'buspirate',
	'avrispmkii',
];
const programmers = all.filter(id => named.length === 0 || named.includes(id));

// The smallest chip with a boot section and an extended fuse: the same code, less time.
const chip = findChip('atmega8u2')!;
const bytes = (length: number, seed: number) =>
	Uint8Array.from({length}, (_, index) => (index * seed + (index >> 8)) & 0xff);
const image = createImage([
	{byteAddress: 0, data: bytes(300, 7)},
	{byteAddress: 0x1000, data: bytes(600, 11)},
]);
/** Every prefix of the fuse writes, extended, high, low. */
const prefixes = ['5e d9 f4', '5e d8 f4', 'ff d8 f4'];

type Bench = ReturnType<typeof createBench>;

function makeBench(programmer: ProgrammerId): Bench {
	return createBench('healthy', {
		change: {
			programmer,
			chip: chip.id,
			expectedChip: chip.id,
			content: 'used',
			fuses: {low: 0x5e, high: 0xd9, extended: 0xf4},
		},
	});
}

async function run(bench: Bench, programmer: ProgrammerId): Promise<RecoverResult> {
	const interrupted = await findInterrupted(bench.store);
	const plan: RecoveryPlan = interrupted?.plan ?? {
		programmer,
		chip,
		image,
		fuses: {low: 0xff, high: 0xd8, extended: 0xf4},
		backup: 'auto',
		erase: true,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set<RiskName>(['clock-source', 'clock-unverified', 'bootrst']),
		sck: 'auto',
	};
	let result: RecoverResult | undefined;
	for await (const event of recover(plan, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer}), {clock: bench.clock}),
		store: bench.store,
		clock: bench.clock,
		journal: createJournal(bench.store, interrupted?.path),
	})) {
		if (event.type === 'result') result = event;
	}
	return result!;
}

const fusesOf = (bench: Bench) => {
	const {low, high, extended} = bench.chip.dump().fuses;
	return [low, high, extended].map(byte => byte!.toString(16)).join(' ');
};
const isGood = (bench: Bench) =>
	fusesOf(bench) === prefixes.at(-1) &&
	bench.chip.dump().flash.every((byte, at) => byte === (image.at(at) ?? 0xff));

let wrong = 0;
for (const programmer of programmers) {
	for (const what of ['link', 'power', 'wires'] as const) {
		const whole = makeBench(programmer);
		const plain = await run(whole, programmer);
		const total = whole.transfers();
		const endings = new Map<string, number>();
		const say = (cut: number, text: string) => {
			wrong++;
			console.log(`  ${programmer}, ${what} cut at transfer ${cut}: ${text}`);
		};
		if (!plain.ok) say(-1, `fails without a cut: ${plain.error.message}`);
		let cuts = 0;
		for (let cut = 0; cut < total; cut += stride) {
			cuts++;
			const bench = makeBench(programmer);
			const {eeprom} = bench.chip.dump();
			bench.cutAfter({transfers: cut}, what);
			const first = await run(bench, programmer);
			const ending = first.ok ? 'done' : `${first.error.kind} (${first.chipState})`;
			endings.set(ending, (endings.get(ending) ?? 0) + 1);
			if (first.ok && !isGood(bench)) say(cut, 'called done, and is not');
			if (!first.ok && first.error.kind === 'Bug') say(cut, first.error.message);
			if (first.chipState === 'untouched' && bench.touched()) say(cut, 'called untouched, and is not');
			if (!prefixes.includes(fusesOf(bench))) say(cut, `fuses ${fusesOf(bench)} are no prefix`);
			bench.restore();
			const second = await run(bench, programmer);
			if (!second.ok) say(cut, `the second run ends in ${second.error.kind}: ${second.error.message}`);
			else if (!isGood(bench)) say(cut, 'the second run is called done, and is not');
			if (bench.chip.dump().eeprom.some((byte, at) => byte !== eeprom[at])) say(cut, 'the EEPROM is lost');
		}
		const list = [...endings].map(([ending, count]) => `${count} ${ending}`).join(', ');
		console.log(`${programmer}, ${what}: ${cuts} cuts in ${total} transfers: ${list}`);
	}
}
console.log(wrong === 0 ? 'Every second run ended in a good board.' : `${wrong} findings.`);
process.exitCode = wrong === 0 ? 0 : 1;
