// Programmers times faults, through the whole recovery: each ends recovered or in its own typed error with the chip's
// state, in time, and nobody writes to a chip whose signature was not read twice.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Bench, type BenchOptions, createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer} from '../../src/bench/scenarios.ts';
import {findBoard} from '../../src/engine/boards/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {ErrorKind} from '../../src/engine/errors.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {Instruction, IspLink} from '../../src/engine/isp/link.ts';
import type {Phase, RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {recover} from '../../src/engine/procedures/recover.ts';
import {programmerById} from '../../src/engine/programmers/index.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {type ByteStream, TransferFault, type UsbPipe, type World} from '../../src/engine/transports.ts';

const names = ['usbasp', 'usbtiny', 'avrisp', 'arduino-isp', 'buspirate', 'avrispmkii'] as const;
const chip = findChip('atmega32u4')!;
const board = findBoard('promicro_5v')!;
const loader = createImage([
	{byteAddress: 0x7000, data: Uint8Array.from({length: 700}, (_, at) => (at * 29 + 3) & 0xff)},
]);
const caterina = {low: 0xff, high: 0xd8, extended: 0xcb};
const blankRc = {low: 0x52, high: 0x99, extended: 0xfb};

/** The smallest chip: what takes long is then short. */
const small = {
	chip: findChip('atmega8u2')!,
	from: {low: 0x5e, high: 0xd9, extended: 0xf4},
	to: {low: 0xff, high: 0xd9, extended: 0xf4},
	image: createImage([
		{byteAddress: 0, data: Uint8Array.from({length: 700}, (_, at) => (at * 29 + 3) & 0xff)},
	]),
};
const smallPlan: Partial<RecoveryPlan> = {
	chip: small.chip,
	image: small.image,
	fuses: small.to,
	accepted: new Set(['loses-bootloader', 'hwbe']),
};

/** An untouched chip is told about within this, ms: four speeds with three entries each. */
const silenceMs = 10_000;
/** The longest time-out of one command (AVRISP mkII), twice, and the tries of one unit. */
const stuckMs = 40_000;

function planFor(programmer: BenchProgrammer, change: Partial<RecoveryPlan> = {}): RecoveryPlan {
	return {
		programmer,
		chip,
		...(change.chip === undefined ? {board} : {}),
		image: loader,
		imageName: 'loader.hex',
		fuses: caterina,
		backup: 'auto',
		erase: true,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set(),
		sck: 'auto',
		...change,
	};
}

/** Counts whole readings of the signature, and holds the first write against them. */
function watched(link: IspLink): IspLink {
	let readings = 0;
	const see = (instruction: Instruction) => {
		const [first, second, third] = instruction;
		if (first === 0x30 && third === 2) readings++;
		const writes = (first === 0xac && second !== 0x53) || [0x4c, 0xc0, 0xc2].includes(first);
		if (writes) written();
	};
	const written = () => assert.ok(readings >= 2, `a write after ${readings} readings of the signature`);
	const {exchangeMany, writeFlashPage, writeEeprom} = link;
	return {
		...link,
		exchange(instruction) {
			see(instruction);
			return link.exchange(instruction);
		},
		...(exchangeMany === undefined
			? {}
			: {
					exchangeMany(instructions) {
						for (const instruction of instructions) see(instruction);
						return exchangeMany(instructions);
					},
				}),
		...(writeFlashPage === undefined
			? {}
			: {
					writeFlashPage(byteAddress, data) {
						written();
						return writeFlashPage(byteAddress, data);
					},
				}),
		...(writeEeprom === undefined
			? {}
			: {
					writeEeprom(byteAddress, data) {
						written();
						return writeEeprom(byteAddress, data);
					},
				}),
	};
}

type Outcome = {readonly result: RecoverResult; readonly ms: number; readonly seen: readonly RecoverEvent[]};

async function run(
	one: Bench,
	plan: RecoveryPlan,
	options: {readonly world?: World; readonly onEvent?: (event: RecoverEvent) => void} = {},
): Promise<Outcome> {
	const world = options.world ?? one.world;
	const beganMs = one.clock.nowMs();
	const seen: RecoverEvent[] = [];
	const events = recover(plan, {
		async connect() {
			const link = await openProgrammer(world, {programmer: one.scenario.programmer!});
			return createIspTarget(watched(link), {
				clock: world.clock,
				sck: plan.sck,
				chip: plan.chip,
				...(plan.board === undefined ? {} : {board: plan.board}),
			});
		},
		store: one.store,
		clock: one.clock,
	});
	for await (const event of events) {
		seen.push(event);
		options.onEvent?.(event);
	}
	const result = seen.at(-1);
	assert.equal(result?.type, 'result');
	return {result: result as RecoverResult, ms: one.clock.nowMs() - beganMs, seen};
}

const make = (programmer: BenchProgrammer) =>
	createBench('healthy', {
		change: {
			programmer,
			chip: small.chip.id,
			expectedChip: small.chip.id,
			fuses: small.from,
			content: 'used',
		},
	});

function holds(one: Bench, label: string): void {
	const {flash, fuses} = one.chip.dump();
	assert.deepEqual(flash.slice(0, 700), small.image.slice(0, 700), label);
	assert.deepEqual(fuses, small.to, label);
}

const deaf: readonly ErrorKind[] = ['NoTarget', 'UnstableLink'];
const faults: readonly {
	readonly name: string;
	readonly change: BenchOptions['change'];
	readonly plan?: (programmer: BenchProgrammer) => Partial<RecoveryPlan>;
	readonly kinds: readonly ErrorKind[];
}[] = [
	{name: 'no target', change: {faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}}, kinds: deaf},
	{name: 'no power', change: {surroundings: {volts: 0, crystalHz: 16e6}}, kinds: deaf},
	{name: 'swapped', change: {faults: {swapped: [['MOSI', 'MISO']]}}, kinds: deaf},
	{name: 'MISO low', change: {faults: {stuck: {MISO: 0}}}, kinds: deaf},
	{name: 'MISO high', change: {faults: {stuck: {MISO: 1}}}, kinds: deaf},
	{name: 'bridge', change: {faults: {bridged: true}}, kinds: deaf},
	{name: 'wrong chip', change: {chip: 'atmega16u4'}, kinds: ['WrongSignature']},
	{name: 'locked', change: {lock: 0xec}, kinds: ['ConsentMissing']},
	{
		// At its fixed SCK a sketch meets a 128 kHz chip; the others are told a speed that 1 MHz cannot follow.
		name: 'SCK too fast',
		change: {},
		plan: programmer => (programmerById(programmer).sck.settable ? {sck: 1_000_000} : {}),
		kinds: [...deaf, 'WrongSignature'],
	},
];

for (const programmer of names) {
	test(`${programmer}: each fault from the start ends in its own error, in time, and the chip is as it was`, async () => {
		const kinds = new Map<string, string>();
		for (const {name, change, plan, kinds: expected} of faults) {
			for (const seed of [1, 2]) {
				const settable = programmerById(programmer).sck.settable;
				const slow = name === 'SCK too fast' && !settable;
				const label = `${programmer}, ${name}, seed ${seed}`;
				const one = createBench('healthy', {
					seed,
					change: {
						programmer,
						fuses: blankRc,
						content: 'used',
						...change,
						// 1 MHz by a crystal that is not what the board should have, divided by 8.
						...(slow ? {surroundings: {volts: 5, crystalHz: 1e6}, fuses: {...blankRc, low: 0x7f}} : {}),
					},
				});
				const before = one.chip.dump();
				const {result, ms} = await run(one, planFor(programmer, plan?.(programmer)));
				assert.ok(!result.ok, label);
				assert.ok(expected.includes(result.error.kind), `${label}: ${result.error.kind}`);
				assert.equal(result.chipState, 'untouched', label);
				assert.ok(result.error.next.length > 0, label);
				assert.ok(ms < silenceMs, `${label}: ${ms} ms`);
				assert.equal(one.touched(), false, label);
				const after = one.chip.dump();
				assert.deepEqual(after.flash, before.flash, label);
				assert.deepEqual(after.eeprom, before.eeprom, label);
				assert.deepEqual(after.fuses, before.fuses, label);
				kinds.set(name, result.error.kind);
			}
		}
		assert.equal(kinds.size, faults.length);
	});

	test(`${programmer}: unplugged at the start of every phase and in the middle: DeviceGone with the state, then recovered`, async () => {
		const clean = await run(make(programmer), planFor(programmer, smallPlan));
		assert.ok(clean.result.ok, JSON.stringify(clean.result));
		const phases = clean.seen.flatMap(event => (event.type === 'phase' ? [event.phase] : []));
		const states: Partial<Record<Phase, readonly string[]>> = {
			connect: ['untouched'],
			identify: ['untouched'],
			backup: ['untouched'],
			erase: ['untouched', 'erased'],
			write: ['erased', 'partly-written'],
			verify: ['partly-written', 'written'],
			eeprom: ['written'],
			fuses: ['written', 'written-and-fused'],
			leave: ['written-and-fused'],
		};
		assert.deepEqual(phases, Object.keys(states));
		for (const phase of phases) {
			// At the phase itself, and at its first sign of progress.
			for (const at of ['phase', 'progress'] as const) {
				const one = make(programmer);
				let cutMs: number | undefined;
				const {result} = await run(one, planFor(programmer, smallPlan), {
					onEvent(event) {
						if (cutMs !== undefined || event.type !== at || event.phase !== phase) return;
						cutMs = one.clock.nowMs();
						one.cutNow('link');
					},
				});
				const label = `${programmer} ${at} ${phase}`;
				if (cutMs === undefined) continue;
				// Nobody can be asked to let go of a chip that has no power any more: then it may be done already.
				if (result.ok) {
					assert.equal(phase, 'leave', label);
					continue;
				}
				assert.ok(
					['DeviceGone', 'DeviceMissing'].includes(result.error.kind),
					`${label}: ${result.error.kind}`,
				);
				assert.ok(states[phase]?.includes(result.chipState), `${label}: ${result.chipState}`);
				assert.ok(one.clock.nowMs() - cutMs < silenceMs, `${label}: ${one.clock.nowMs() - cutMs} ms`);
				one.restore();
				const again = await run(one, planFor(programmer, smallPlan));
				assert.ok(again.result.ok, `${label}, again: ${JSON.stringify(again.result)}`);
				holds(one, label);
			}
		}
	});

	test(`${programmer}: a stall, a time-out or a short reply in any phase: recovered, or its own error with the state`, async () => {
		const first = make(programmer);
		const clean = await run(first, planFor(programmer, smallPlan));
		assert.ok(clean.result.ok);
		const transfers = first.transfers();
		const outcomes = new Map<string, number>();
		const runs = 12;
		for (const fault of ['stall', 'timeout', 'short'] as const) {
			for (let at = 0; at < runs; at++) {
				const index = Math.floor((at * transfers) / runs) + (at % 5);
				const one = make(programmer);
				const {result, ms} = await run(one, planFor(programmer, smallPlan), {
					world: faulty(one.world, index, fault),
				});
				const label = `${programmer} ${fault} at ${index} of ${transfers}`;
				assert.ok(ms < clean.ms + stuckMs, `${label}: ${ms} ms, clean ${clean.ms} ms`);
				if (result.ok) {
					holds(one, label);
				} else {
					assert.ok(
						!['Bug', 'FuseReadback'].includes(result.error.kind),
						`${label}: ${result.error.message}`,
					);
					if (result.chipState === 'untouched') assert.equal(one.touched(), false, label);
				}
				const outcome = result.ok ? 'recovered' : result.error.kind;
				outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
			}
		}
		const recovered = outcomes.get('recovered') ?? 0;
		assert.ok(recovered >= runs * 2, JSON.stringify([...outcomes]));
	});
}

/** The world with one transfer of its pipe or stream made to fail. `short`: it was done, half of the answer arrives. */
function faulty(world: World, index: number, fault: 'stall' | 'timeout' | 'short'): World {
	let transfers = 0;
	const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1);
	const same = <T>(value: T) => value;
	const hit = async <T>(work: () => Promise<T>, cut: (value: T) => T): Promise<T> => {
		if (transfers++ !== index) return await work();
		if (fault === 'short') return cut(await work());
		throw new TransferFault(fault, `injected ${fault}`);
	};
	return {
		...world,
		async openUsb(key) {
			const pipe = await world.openUsb(key);
			const wrapped: UsbPipe = {
				...pipe,
				controlIn: (setup, length, timeoutMs) => hit(() => pipe.controlIn(setup, length, timeoutMs), half),
				controlOut: (setup, data, timeoutMs) => hit(() => pipe.controlOut(setup, data, timeoutMs), same),
				bulkIn: (endpoint, length, timeoutMs) => hit(() => pipe.bulkIn(endpoint, length, timeoutMs), half),
				bulkOut: (endpoint, data, timeoutMs) => hit(() => pipe.bulkOut(endpoint, data, timeoutMs), same),
			};
			return wrapped;
		},
		async openSerial(path, options) {
			const stream = await world.openSerial(path, options);
			let lose = false;
			const wrapped: ByteStream = {
				...stream,
				/** A port knows no stalls: the command is lost, or its answer, or half of that. */
				async write(data) {
					if (transfers++ !== index) return await stream.write(data);
					if (fault === 'stall') return;
					lose = true;
					await stream.write(data);
				},
				async read(maxBytes, timeoutMs) {
					const got = await stream.read(maxBytes, timeoutMs);
					if (!lose || got.length === 0) return got;
					lose = false;
					return fault === 'short' ? half(got) : new Uint8Array(0);
				},
			};
			return wrapped;
		},
	};
}
