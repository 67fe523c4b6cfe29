// The stock ArduinoISP sketch on a simulated Uno, a chip model at its pins, a path to open: for tests.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {createInterface} from 'node:readline';
import type {ChipEvent, Surroundings, Violation} from '../../src/bench/chip-model.ts';
import type {WiringFaults} from '../../src/bench/wiring.ts';
import type {FuseName} from '../../src/engine/chips/chip.ts';
import {compileArduinoIsp} from './arduino-isp-sketch.ts';

export {arduinoIspNeeds} from './arduino-isp-sketch.ts';

/** What the rig's process is started with; bytes as base64. */
export type RigSetup = {
	readonly program: string;
	readonly chip: string;
	readonly seed: number;
	readonly surroundings: Surroundings;
	readonly fuses?: Partial<Record<FuseName, number>>;
	readonly lock?: number;
	readonly flash?: string;
	readonly eeprom?: string;
	readonly faults: WiringFaults;
	readonly bootloaderMs: number;
};
export type RigOrder =
	| {readonly do: 'state'}
	| {readonly do: 'rewire'; readonly faults: WiringFaults}
	| {readonly do: 'surround'; readonly surroundings: Surroundings};

export type RigOptions = {
	readonly chip?: string;
	readonly seed?: number;
	readonly surroundings?: Surroundings;
	readonly fuses?: Partial<Record<FuseName, number>>;
	readonly lock?: number;
	readonly flash?: Uint8Array;
	readonly eeprom?: Uint8Array;
	readonly faults?: WiringFaults;
	/** How long the Uno's bootloader holds the port after opening, real milliseconds (about 1300 on Optiboot). */
	readonly bootloaderMs?: number;
};
export type RigState = {
	readonly flash: Uint8Array;
	readonly eeprom: Uint8Array;
	readonly fuses: Partial<Record<FuseName, number>>;
	readonly lock: number;
	readonly violations: readonly Violation[];
	readonly events: readonly ChipEvent[];
	/** The board's own time, milliseconds. */
	readonly boardMs: number;
};
export type ArduinoIspRig = {
	/** What programs open. */
	readonly path: string;
	readonly state: () => Promise<RigState>;
	readonly rewire: (faults: WiringFaults) => Promise<void>;
	readonly surround: (surroundings: Surroundings) => Promise<void>;
	readonly close: () => Promise<void>;
};

export async function startArduinoIspRig(options: RigOptions = {}): Promise<ArduinoIspRig> {
	const setup: RigSetup = {
		program: await compileArduinoIsp(),
		chip: options.chip ?? 'atmega32u4',
		seed: options.seed ?? 1,
		surroundings: options.surroundings ?? {volts: 5, crystalHz: 16e6},
		faults: options.faults ?? {},
		bootloaderMs: options.bootloaderMs ?? 1300,
		...(options.fuses === undefined ? {} : {fuses: options.fuses}),
		...(options.lock === undefined ? {} : {lock: options.lock}),
		...(options.flash === undefined ? {} : {flash: Buffer.from(options.flash).toString('base64')}),
		...(options.eeprom === undefined ? {} : {eeprom: Buffer.from(options.eeprom).toString('base64')}),
	};
	const script = path.join(import.meta.dirname, 'arduino-isp-rig-process.ts');
	const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(setup)], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	child.stdin.on('error', () => {});
	const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
	async function answer(): Promise<Record<string, unknown>> {
		const line = await lines.next();
		if (line.done === true) throw new Error('the rig ended');
		return JSON.parse(line.value);
	}
	let queue: Promise<unknown> = Promise.resolve();
	function order(what: RigOrder): Promise<Record<string, unknown>> {
		const next = queue.then(() => {
			child.stdin.write(`${JSON.stringify(what)}\n`);
			return answer();
		});
		queue = next.catch(() => {});
		return next;
	}
	const first = await answer();
	return {
		path: String(first.path),
		async state() {
			const got = await order({do: 'state'});
			return {
				...(got as unknown as RigState),
				flash: Uint8Array.from(Buffer.from(String(got.flash), 'base64')),
				eeprom: Uint8Array.from(Buffer.from(String(got.eeprom), 'base64')),
			};
		},
		async rewire(faults) {
			await order({do: 'rewire', faults});
		},
		async surround(surroundings) {
			await order({do: 'surround', surroundings});
		},
		async close() {
			if (child.exitCode !== null) return;
			child.stdin.end();
			await once(child, 'exit');
		},
	};
}
