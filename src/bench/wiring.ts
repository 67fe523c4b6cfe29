// The wires between a programmer and a chip, right or wrong. The programmer drives its lines, the chip sees what
// arrives at its pins; a line that nobody drives floats as the seed decides, so that no fault has a mark of its own.
import type {ChipModel, Level} from './chip-model.ts';
import {createRandom} from './random.ts';

export type Line = 'RESET' | 'SCK' | 'MOSI' | 'MISO';

/** What a line reads that nobody drives. */
export type FloatKind = 'low' | 'high' | 'noise' | 'crosstalk';

export type WiringFaults = {
	/** Wires that are not there. */
	readonly open?: readonly Line[];
	/** Pairs of wires that are exchanged. */
	readonly swapped?: readonly (readonly [Line, Line])[];
	/** Programmer lines held by something else. */
	readonly stuck?: Partial<Record<Line, Level>>;
	/** MOSI touches MISO: the programmer reads back what it sends. */
	readonly bridged?: boolean;
	/** Chance of one flipped bit per byte, in either direction. */
	readonly bitErrors?: {readonly mosi?: number; readonly miso?: number};
	readonly floats?: FloatKind;
};

/** A time that its owner moves. */
export type Hands = {readonly nowMs: () => number; readonly advanceTo: (ms: number) => void};

export function createHands(startMs = 0): Hands {
	let now = startMs;
	return {
		nowMs: () => now,
		advanceTo(ms) {
			if (ms > now) now = ms;
		},
	};
}

export type Wiring = {
	/** Programmer side. Undefined lets the line go; RESET then rises by the target's pull-up. */
	readonly setReset: (level: Level | undefined) => void;
	readonly setSck: (level: Level | undefined) => void;
	readonly setMosi: (level: Level | undefined) => void;
	readonly readMiso: () => Level;
	/** SPI mode 0, most significant bit first; moves the hands by eight bits. */
	readonly transfer: (value: number, sckHz: number) => number;
	/** Bytes moved since the start. */
	readonly spiBytes: () => number;
	readonly faults: () => WiringFaults;
	readonly rewire: (faults: WiringFaults) => void;
	/** Called before each SPI byte with its index: where a test cuts something. */
	readonly onByte: (listener: ((index: number) => void) | undefined) => void;
};

const lines = ['RESET', 'SCK', 'MOSI', 'MISO'] as const;

export function createWiring(
	chip: ChipModel,
	hands: Hands,
	options: {readonly faults?: WiringFaults; readonly seed?: number} = {},
): Wiring {
	const random = createRandom((options.seed ?? 1) * 31 + 7);
	const seedFloats = random.pick<FloatKind>(['low', 'high', 'noise', 'crosstalk']);
	let faults: WiringFaults = options.faults ?? {};
	let floats = faults.floats ?? seedFloats;
	/** Which programmer line ends at this chip pin. */
	let lineAt: Record<Line, Line | undefined> = plan(faults);
	/** No wire is out of place: whole bytes may pass at once. */
	let straight = isStraight(faults);
	const driven: Record<Line, Level | undefined> = {
		RESET: undefined,
		SCK: undefined,
		MOSI: undefined,
		MISO: undefined,
	};
	let spiBytes = 0;
	let flipMosiBit = -1;
	let flipMisoBit = -1;
	let bit = 0;
	let listener: ((index: number) => void) | undefined;

	function plan(next: WiringFaults): Record<Line, Line | undefined> {
		const map: Record<Line, Line | undefined> = {RESET: 'RESET', SCK: 'SCK', MOSI: 'MOSI', MISO: 'MISO'};
		for (const [a, b] of next.swapped ?? []) {
			const kept = map[a];
			map[a] = map[b];
			map[b] = kept;
		}
		for (const pin of lines) {
			const line = map[pin];
			if (line !== undefined && next.open?.includes(line)) map[pin] = undefined;
		}
		return map;
	}
	function isStraight(next: WiringFaults): boolean {
		return (
			next.bridged !== true &&
			Object.keys(next.stuck ?? {}).length === 0 &&
			lines.every(line => lineAt[line] === line)
		);
	}
	function floating(): Level {
		switch (floats) {
			case 'low':
				return 0;
			case 'high':
				return 1;
			case 'noise':
				return random.next() < 0.5 ? 0 : 1;
			case 'crosstalk':
				// A neighbour's edge comes through more often than not; else the line leans low.
				return random.next() < 0.6 ? (driven.MOSI ?? 0) : 0;
		}
	}
	/** What a chip pin that only listens sees; undefined when no wire or nobody drives it. */
	function arriving(pin: Line): Level | undefined {
		const line = lineAt[pin];
		if (line === undefined) return undefined;
		return faults.stuck?.[line] ?? driven[line];
	}
	function apply(): void {
		chip.setMosi(arriving('MOSI') ?? floating());
		chip.setReset(arriving('RESET') ?? 1);
		// An open clock input picks up something now and then, but too seldom to count bits by.
		chip.setSck(arriving('SCK') ?? 0);
	}
	function readMiso(): Level {
		const stuck = faults.stuck?.MISO;
		if (stuck !== undefined) return stuck;
		if (faults.bridged === true && driven.MOSI !== undefined) return driven.MOSI;
		if (lineAt.RESET === 'MISO') return 1;
		if (lineAt.MISO !== 'MISO') return floating();
		return chip.miso() ?? floating();
	}
	function drive(line: Line, level: Level | undefined): void {
		driven[line] = level;
		apply();
	}

	return {
		setReset: level => drive('RESET', level),
		setSck: level => drive('SCK', level),
		setMosi: level => drive('MOSI', level),
		readMiso,
		transfer(value, sckHz) {
			listener?.(spiBytes);
			spiBytes++;
			const {mosi = 0, miso = 0} = faults.bitErrors ?? {};
			flipMosiBit = mosi > 0 && random.next() < mosi ? Math.floor(random.next() * 8) : -1;
			flipMisoBit = miso > 0 && random.next() < miso ? Math.floor(random.next() * 8) : -1;
			const start = hands.nowMs();
			const halfMs = 500 / sckHz;
			if (straight) {
				const whole = chip.shiftByte(flipMosiBit < 0 ? value : value ^ (0x80 >> flipMosiBit), halfMs, () =>
					hands.advanceTo(start + 16 * halfMs),
				);
				if (whole !== undefined) {
					driven.MOSI = value & 1 ? 1 : 0;
					driven.SCK = 0;
					return flipMisoBit < 0 ? whole : whole ^ (0x80 >> flipMisoBit);
				}
			}
			let received = 0;
			for (bit = 0; bit < 8; bit++) {
				const out = ((value >> (7 - bit)) & 1) ^ (bit === flipMosiBit ? 1 : 0);
				driven.MOSI = out === 1 ? 1 : 0;
				apply();
				hands.advanceTo(start + (2 * bit + 1) * halfMs);
				driven.SCK = 1;
				apply();
				received = (received << 1) | (readMiso() ^ (bit === flipMisoBit ? 1 : 0));
				hands.advanceTo(start + (2 * bit + 2) * halfMs);
				driven.SCK = 0;
				apply();
			}
			return received;
		},
		spiBytes: () => spiBytes,
		faults: () => faults,
		rewire(next) {
			faults = next;
			floats = next.floats ?? seedFloats;
			lineAt = plan(next);
			straight = isStraight(next);
			apply();
		},
		onByte(next) {
			listener = next;
		},
	};
}
