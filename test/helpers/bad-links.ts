// One recovery over a bad link on the practice bench, seeded: what is disturbed and how much follows from the seed.
// Says how it ended and what must not have happened.
import type {BenchProgrammer, Disturbance} from '../../src/bench/scenarios.ts';
import type {WiringFaults} from '../../src/bench/wiring.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {RecoverResult} from '../../src/engine/procedures/events.ts';
import {recover} from '../../src/engine/procedures/recover.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {benchFor, type Patient, planFor, programmers, wantedDump} from './interruptions.ts';

export const rates = [1e-5, 1e-4, 1e-3] as const;
const wires = ['mosi', 'miso', 'both'] as const;
const serial = ['lost', 'doubled'] as const;
const usb = ['stalls', 'short'] as const;
const serialProgrammers: readonly BenchProgrammer[] = ['avrisp', 'arduino-isp', 'buspirate'];

export type BadLink = {
	readonly programmer: BenchProgrammer;
	readonly where: (typeof wires)[number] | (typeof serial)[number] | (typeof usb)[number];
	readonly rate: number;
};

/** Every combination of programmer, kind of disturbance and rate, in turn. */
export const badLinks: readonly BadLink[] = programmers.flatMap(programmer =>
	[...wires, ...(serialProgrammers.includes(programmer) ? serial : usb)].flatMap(where =>
		rates.map(rate => ({programmer, where, rate})),
	),
);

function disturbance({where, rate}: BadLink): {faults?: WiringFaults; disturb?: Disturbance} {
	switch (where) {
		case 'mosi':
			return {faults: {bitErrors: {mosi: rate}}};
		case 'miso':
			return {faults: {bitErrors: {miso: rate}}};
		case 'both':
			return {faults: {bitErrors: {mosi: rate, miso: rate}}};
		case 'lost':
			return {disturb: {lostBytes: rate}};
		case 'doubled':
			return {disturb: {doubledBytes: rate}};
		case 'stalls':
			return {disturb: {stalls: rate}};
		case 'short':
			return {disturb: {shortReplies: rate}};
	}
}

export type BadLinkOutcome = {
	/** `done`, `done after retries`, or the kind of the error. */
	readonly end: string;
	/** Units that were repeated, as told. */
	readonly retries: number;
	/** Times that the engine wrote, or may have written, a fuse value that nobody wanted, and said so. */
	readonly strayFuses: number;
	readonly findings: readonly string[];
};

/** More repeats than these in one recovery of so small a chip are not bounded. */
const retriesAtMost = 200;

export async function recoverOver(patient: Patient, link: BadLink, seed: number): Promise<BadLinkOutcome> {
	const bench = benchFor(patient, link.programmer, seed, disturbance(link));
	const before = bench.chip.dump();
	const should = wantedDump(patient, before);
	const plan = planFor(patient, link.programmer);
	let result: RecoverResult | undefined;
	let retries = 0;
	for await (const event of recover(plan, {
		connect: async () =>
			createIspTarget(await openProgrammer(bench.world, {programmer: link.programmer}), {
				clock: bench.clock,
			}),
		store: bench.store,
		clock: bench.clock,
	})) {
		if (event.type === 'warning' && ['retry', 'misread', 'page-repaired', 'rewrite'].includes(event.code))
			retries++;
		if (event.type === 'result') result = event;
	}
	const findings: string[] = [];
	const end = result!;
	const dump = bench.chip.dump();
	// Every write that reached the cells, in order; only wanted values, except where something was disturbed inside the
	// very instruction: a bit on MOSI, a byte of a protocol that has no checksum (STK500v1, the Bus Pirate).
	const wanted = patient.wanted;
	const inside = !['miso', 'stalls', 'short'].includes(link.where);
	const stray = bench.chip.events.flatMap(event =>
		event.what === 'fuse' &&
		event.value !== wanted[event.fuse] &&
		// What a stray byte is set back to.
		event.value !== before.fuses[event.fuse]
			? [event]
			: [],
	);
	if (stray.length > 0 && !inside) findings.push(`a fuse value that nobody wanted: ${stray[0]!.fuse}`);
	if (bench.chip.events.some(event => event.what === 'lock' && event.value !== patient.lock) && !inside)
		findings.push('lock bits were written');
	const wrongBytes = dump.flash.filter((byte, at) => byte !== should.flash[at]).length;
	const fusesRight = (['low', 'high', 'extended'] as const).every(fuse => dump.fuses[fuse] === wanted[fuse]);
	if (end.ok) {
		if (wrongBytes > 0) findings.push(`called verified with ${wrongBytes} wrong bytes`);
		if (!fusesRight) findings.push('called done with another fuse value');
		if (dump.lock !== should.lock) findings.push(`called done with lock ${dump.lock.toString(16)}`);
		if (dump.eeprom.some((byte, at) => byte !== should.eeprom[at]))
			findings.push('called done with another EEPROM');
	} else {
		if (end.error.kind === 'Bug') findings.push(end.error.message);
		if (end.chipState === 'untouched' && bench.touched()) findings.push('called untouched, and is not');
		const told = ['FuseReadback', 'UnstableLink', 'NoTarget', 'NotInSync'].includes(end.error.kind);
		if (stray.length > 0 && !told) findings.push(`a stray fuse write ends in ${end.error.kind}`);
		if (end.error.next.length === 0) findings.push('nothing to try next is said');
	}
	if (retries > retriesAtMost) findings.push(`${retries} repeats`);
	return {
		end: end.ok ? (retries > 0 ? 'done after repeats' : 'done') : end.error.kind,
		retries,
		strayFuses: stray.length,
		findings,
	};
}
