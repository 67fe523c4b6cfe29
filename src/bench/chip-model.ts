// An AVR on the bench: power, clock, RESET and the four-byte instructions of serial programming, bit by bit.
// Follows the datasheets' "Serial Programming Algorithm", "Serial Programming Instruction Set" and the fuse and
// lock bit chapters (ATmega16U4/32U4 7766J section 28, ATmega32A 8155 section 27, ATmega328P 7810 section 27).
// It knows chip figures only; clocks and lock bits are worked out here, independently of the engine.
import type {BitField, Chip, FuseName} from '../engine/chips/chip.ts';
import {createRandom} from './random.ts';

export type Level = 0 | 1;

export type ViolationKind =
	/** An instruction other than a poll while the chip programs a cell. It is lost. */
	| 'busy'
	/** RESET or power went while a cell was being programmed. */
	| 'interrupted'
	/** A page commit or EEPROM page that wants to set bits which only an erase sets. */
	| 'no-erase'
	/** SCK phases shorter than the clock now running can follow. */
	| 'sck-too-fast'
	/** SCK sooner than 20 ms after RESET fell. */
	| 'enable-too-early'
	/** An address or memory this chip has not. */
	| 'outside'
	/** A high byte into the page buffer without its low byte, or a commit with one left over. */
	| 'half-word'
	/** A write that the lock bits forbid. */
	| 'locked'
	/** Four bytes that are no instruction of this chip. */
	| 'unknown-instruction';

export type Violation = {readonly kind: ViolationKind; readonly atMs: number; readonly detail: string};

/** Something that changed (or was meant to change) a cell, in order. */
export type ChipEvent =
	| {readonly what: 'erase'; readonly atMs: number}
	| {readonly what: 'page'; readonly atMs: number; readonly byteAddress: number}
	| {readonly what: 'eeprom'; readonly atMs: number; readonly byteAddress: number; readonly bytes: number}
	| {readonly what: 'fuse'; readonly atMs: number; readonly fuse: FuseName; readonly value: number}
	| {readonly what: 'lock'; readonly atMs: number; readonly value: number}
	/** The chip's own code (a bootloader) erases or writes a page of its flash. */
	| {readonly what: 'spm'; readonly atMs: number; readonly byteAddress: number; readonly erases: boolean};

/** What is soldered round the chip and what feeds it. */
export type Surroundings = {
	/** At the VCC pin; 0 is none. */
	readonly volts: number;
	/** True when only the clamp diodes of the signal lines feed it: any write makes the supply collapse. */
	readonly parasitic?: boolean;
	/** Crystal or resonator between XTAL1 and XTAL2. */
	readonly crystalHz?: number;
	/** A signal fed into XTAL1. */
	readonly externalClockHz?: number;
	/** Frequency of an RC network at XTAL1. */
	readonly externalRcHz?: number;
};

export type BusyTimes = {
	readonly flashPageMs: number;
	readonly eepromMs: number;
	readonly eraseMs: number;
	readonly fuseMs: number;
};

export type ChipOptions = {
	readonly chip: Chip;
	readonly seed?: number;
	readonly fuses?: Partial<Record<FuseName, number>>;
	readonly lock?: number;
	/** Copied to the start of the flash; the rest is blank. */
	readonly flash?: Uint8Array;
	readonly eeprom?: Uint8Array;
	readonly surroundings?: Surroundings;
	readonly busy?: Partial<BusyTimes>;
	/** The time that this chip lives in, milliseconds. */
	readonly nowMs: () => number;
};

export type ChipDump = {
	readonly flash: Uint8Array;
	readonly eeprom: Uint8Array;
	readonly fuses: Partial<Record<FuseName, number>>;
	readonly lock: number;
};

export type ChipModel = {
	readonly chip: Chip;
	readonly violations: readonly Violation[];
	readonly events: readonly ChipEvent[];
	/** Copies of all cells. */
	readonly dump: () => ChipDump;
	/** The clock that runs now, Hz; null when there is none or the supply is too low. */
	readonly clockHz: () => number | null;
	/** Powered, in reset, and synchronised by AC 53. */
	readonly enabled: () => boolean;
	/** True while the application would run (powered, clocked, RESET high). */
	readonly running: () => boolean;
	readonly surroundings: () => Surroundings;
	readonly setSurroundings: (next: Surroundings) => void;
	readonly setReset: (level: Level) => void;
	readonly setMosi: (level: Level) => void;
	readonly setSck: (level: Level) => void;
	/**
	 * A whole byte at once, the same as sixteen edges with phases of `phaseMs`; undefined (and nothing done) when
	 * it would not be: out of step, not listening, too fast. `passTime` moves the time by the byte.
	 */
	readonly shiftByte: (value: number, phaseMs: number, passTime: () => void) => number | undefined;
	/** Undefined while the chip does not drive the line. */
	readonly miso: () => Level | undefined;
	readonly self: SelfProgramming;
};

/**
 * What the chip's own code may do to its memories (datasheets, "Memory Programming Overview" of the boot loader
 * chapter). SPM works only for code that lies in the boot section of the fuses, and where the BLB lock bits let it:
 * otherwise it does nothing, silently.
 */
export type SelfProgramming = {
	readonly flash: (byteAddress: number, bytes: number) => Uint8Array;
	readonly eeprom: (byteAddress: number, bytes: number) => Uint8Array;
	readonly fuse: (name: FuseName) => number | undefined;
	/** Value of a field of the fuses that reset has latched: `BOOTRST`, `HWBE`, `BOOTSZ` …; undefined without one. */
	readonly field: (name: string) => number | undefined;
	readonly lock: () => number;
	/** First byte of the boot section by the fuses; undefined on chips without one. */
	readonly bootStart: () => number | undefined;
	/** Sets the page to FF. `codeAt` is where the code that does it lies. False when nothing happened. */
	readonly erasePage: (byteAddress: number, codeAt: number) => boolean;
	/** Clears bits of the page; `data` is a whole page, FF where nothing was filled in. */
	readonly writePage: (byteAddress: number, data: Uint8Array, codeAt: number) => boolean;
	readonly setEeprom: (byteAddress: number, data: Uint8Array) => void;
};

// Datasheets, serial programming algorithm, step 2: wait at least 20 ms after RESET has fallen. A programmer
// that waits "20 ms" on a coarse timer is not blamed for the last half millisecond.
const enableWaitMs = 19.5;
// Below this no part of this family leaves power-on reset (V_POT of the datasheets, 1.4 V and up).
const powerOnResetVolts = 1.4;
// Datasheets, "Serial Programming Characteristics": SCK low and high > 2 CPU cycles below 12 MHz, >= 3 from there.
const fastClockHz = 12e6;
// SCK phases of less than one CPU cycle are not seen at all by the synchroniser of the SCK pin.
const unseenCycles = 1;
// How often a chip that lives off its signal lines resets, per instruction.
const parasiticResetChance = 1 / 24;

type Busy = {
	readonly what: 'flash' | 'eeprom' | 'erase' | 'fuse' | 'lock';
	readonly untilMs: number;
	/** Leaves the cells as a supply cut in the middle would. */
	readonly spoil: () => void;
};

function fieldOf(chip: Chip, name: string): {fuse: FuseName; field: BitField} | undefined {
	for (const fuse of ['low', 'high', 'extended'] as const) {
		const field = chip.fuses[fuse]?.fields.find(candidate => candidate.name === name);
		if (field !== undefined) return {fuse, field};
	}
	return undefined;
}

function shiftOf(mask: number): number {
	return 31 - Math.clz32(mask & -mask);
}

export function createChip(options: ChipOptions): ChipModel {
	const {chip, nowMs} = options;
	const random = createRandom(options.seed ?? 1);
	const busyTimes: BusyTimes = {
		...chip.typicalWaits,
		...options.busy,
	};
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set((options.flash ?? new Uint8Array(0)).subarray(0, flash.length));
	const eeprom = new Uint8Array(chip.eeprom.bytes).fill(0xff);
	eeprom.set((options.eeprom ?? new Uint8Array(0)).subarray(0, eeprom.length));
	const fuses: Partial<Record<FuseName, number>> = {};
	for (const name of ['low', 'high', 'extended'] as const) {
		const byte = chip.fuses[name];
		if (byte !== undefined) fuses[name] = withAbsentBits(options.fuses?.[name] ?? byte.factory, byte.mask);
	}
	let lock = withAbsentBits(options.lock ?? 0xff, chip.lock.mask);
	const calibration = random.byte();

	const violations: Violation[] = [];
	const events: ChipEvent[] = [];
	let surroundings: Surroundings = options.surroundings ?? {volts: 5, crystalHz: 16e6};

	// What RESET and power have latched: fuses and lock bits take effect on entering or leaving programming mode.
	let latchedFuses: Partial<Record<FuseName, number>> = {...fuses};
	let latchedLock = lock;
	let alive = false;
	/** RESET still means reset, and serial programming is not switched off. */
	let resetPinWorks = true;
	let clock: number | null = null;

	let reset: Level = 1;
	let resetFellMs = Number.NEGATIVE_INFINITY;
	let resetRoseMs = Number.NEGATIVE_INFINITY;
	let mosi: Level = 0;
	let sck: Level = 0;
	let sckChangedMs = Number.NEGATIVE_INFINITY;
	let sampled: Level = 0;
	let pulseSeen = false;
	let lowPhaseMs = Number.POSITIVE_INFINITY;

	// The shift register: what goes in comes out eight bits later unless an instruction puts data there.
	let shiftIn = 0;
	let shiftOut = random.pick([0x00, 0x00, 0xff]);
	let bits = 0;
	const frame = [0, 0, 0, 0];
	let frameIndex = 0;
	let frameStartMs = 0;
	let mode: 'waiting' | 'enabled' | 'refused' = 'waiting';

	const pageBytes = chip.flash.pageBytes;
	const buffer = new Uint8Array(pageBytes).fill(0xff);
	const loaded = new Uint8Array(pageBytes);
	let lowLatch: number | undefined;
	const eepromBuffer = new Uint8Array(Math.max(1, chip.eeprom.pageBytes)).fill(0xff);
	const eepromLoaded = new Uint8Array(eepromBuffer.length);
	let extendedAddress = 0;
	let busy: Busy | undefined;
	let reportedFastSck = false;

	function withAbsentBits(value: number, mask: number): number {
		return (value & mask) | (~mask & 0xff);
	}
	function violate(kind: ViolationKind, detail: string): void {
		violations.push({kind, atMs: nowMs(), detail});
	}
	/** Field value out of the latched fuses; undefined when the chip has no such field. */
	function fuseField(name: string): number | undefined {
		const found = fieldOf(chip, name);
		if (found === undefined) return undefined;
		const byte = latchedFuses[found.fuse];
		if (byte === undefined) return undefined;
		return (byte & found.field.mask) >>> shiftOf(found.field.mask);
	}
	function lockField(value: number, name: string): number | undefined {
		const field = chip.lock.fields.find(candidate => candidate.name === name);
		return field === undefined ? undefined : (value & field.mask) >>> shiftOf(field.mask);
	}
	/** 3 free, 2 no more writes, 0 no more reads either; the lower of what is stored and what was latched. */
	function lockMode(): number {
		return (lockField(lock, 'LB') ?? 3) & (lockField(latchedLock, 'LB') ?? 3);
	}

	function workOutClock(): number | null {
		const code = fuseField('SUT_CKSEL');
		const row = code === undefined ? undefined : chip.clocks.find(candidate => candidate.code === code);
		if (row === undefined) return null;
		const fed = surroundings.externalClockHz;
		let hz: number | undefined;
		switch (row.kind) {
			case 'int_rc':
			case 'int_128k':
			case 'pll':
			case 'tiny15_compat':
				hz = row.mhz === null ? undefined : row.mhz * 1e6;
				break;
			case 'ext_clock':
				hz = fed;
				break;
			case 'ext_rc':
				hz = surroundings.externalRcHz ?? fed;
				break;
			case 'lf_xtal_32k':
			case 'lf_xtal_32k_intcap':
				hz = fed ?? ((surroundings.crystalHz ?? 0) < 100e3 ? surroundings.crystalHz : undefined);
				break;
			case 'xtal':
			case 'xtal_full_swing':
			case 'resonator':
				hz = fed ?? ((surroundings.crystalHz ?? 0) >= 100e3 ? surroundings.crystalHz : undefined);
				break;
		}
		if (hz === undefined) return null;
		return fuseField('CKDIV8') === 0 ? hz / 8 : hz;
	}
	function brownOutVolts(): number | null {
		// The older megas have a separate enable bit, 1 meaning off.
		if (fuseField('BODEN') === 1) return null;
		const code = fuseField('BODLEVEL');
		return chip.brownOut.find(row => row.code === code)?.volts ?? null;
	}
	function latch(): void {
		latchedFuses = {...fuses};
		latchedLock = lock;
		resetPinWorks = fuseField('RSTDISBL') !== 0 && fuseField('DWEN') !== 0 && fuseField('SPIEN') !== 1;
		assessLife();
	}
	function assessLife(): void {
		clock = workOutClock();
		const volts = surroundings.volts;
		const brownOut = brownOutVolts();
		alive = volts >= powerOnResetVolts && (brownOut === null || volts >= brownOut) && clock !== null;
	}
	function programmable(): boolean {
		return alive && reset === 0 && resetPinWorks;
	}
	function settle(): void {
		if (busy !== undefined && nowMs() >= busy.untilMs) busy = undefined;
	}
	function forgetSession(): void {
		mode = 'waiting';
		bits = 0;
		frameIndex = 0;
		lowLatch = undefined;
		extendedAddress = 0;
		clearBuffers();
	}
	function clearBuffers(): void {
		buffer.fill(0xff);
		loaded.fill(0);
		eepromBuffer.fill(0xff);
		eepromLoaded.fill(0);
	}
	function spoilBusy(why: string): void {
		settle();
		if (busy === undefined) return;
		violate('interrupted', `${busy.what}: ${why}`);
		busy.spoil();
		busy = undefined;
	}
	function begin(what: Busy['what'], ms: number, spoil: () => void): void {
		busy = {what, untilMs: nowMs() + ms, spoil};
		if (surroundings.parasitic === true) collapse();
	}
	/** The feeble supply gives way: the cells keep what the cut leaves, the session is over. */
	function collapse(): void {
		busy?.spoil();
		busy = undefined;
		latch();
		forgetSession();
		mode = 'refused';
	}
	/** A byte half way between two contents. */
	function between(before: number, after: number): number {
		const mixed = random.byte();
		return (before & mixed) | (after & ~mixed & 0xff);
	}

	function erase(): void {
		events.push({what: 'erase', atMs: nowMs()});
		const oldFlash = flash.slice();
		const oldEeprom = eeprom.slice();
		const oldLock = lock;
		// EESAVE is the one fuse that works at once; bits the chip lacks read 1, so a chip without it erases.
		const saved = fieldOf(chip, 'EESAVE');
		const eepromStays = saved !== undefined && ((fuses[saved.fuse] ?? 0xff) & saved.field.mask) === 0;
		flash.fill(0xff);
		if (!eepromStays) eeprom.fill(0xff);
		lock = 0xff;
		clearBuffers();
		const feeble = surroundings.parasitic === true;
		begin('erase', busyTimes.eraseMs, () => {
			// Cut short, it leaves every cell anyhow: the lock bits too, though they go last.
			const left = (before: number) => (feeble ? before : between(before, 0xff));
			lock = withAbsentBits(left(oldLock), chip.lock.mask);
			for (let index = 0; index < flash.length; index++) flash[index] = left(oldFlash[index] ?? 0xff);
			if (eepromStays) return;
			for (let index = 0; index < eeprom.length; index++) eeprom[index] = left(oldEeprom[index] ?? 0xff);
		});
	}
	function commitPage(wordAddress: number): void {
		const start = (wordAddress * 2) & ~(pageBytes - 1);
		if (lowLatch !== undefined) violate('half-word', 'commit with a low byte that has no high byte');
		lowLatch = undefined;
		if (start >= flash.length) {
			violate('outside', `page at 0x${start.toString(16)}`);
			clearBuffers();
			return;
		}
		if (lockMode() !== 3) {
			violate('locked', `page at 0x${start.toString(16)}`);
			clearBuffers();
			return;
		}
		events.push({what: 'page', atMs: nowMs(), byteAddress: start});
		const before = flash.slice(start, start + pageBytes);
		let wanting = false;
		for (let index = 0; index < pageBytes; index++) {
			const old = before[index] ?? 0xff;
			const wanted = buffer[index] ?? 0xff;
			if (loaded[index] === 1 && (old & wanted) !== wanted) wanting = true;
			flash[start + index] = old & wanted;
		}
		if (wanting) violate('no-erase', `page at 0x${start.toString(16)}`);
		const after = flash.slice(start, start + pageBytes);
		clearBuffers();
		const feeble = surroundings.parasitic === true;
		begin('flash', busyTimes.flashPageMs, () => {
			for (let index = 0; index < pageBytes; index++) {
				flash[start + index] = feeble
					? (before[index] ?? 0xff)
					: ((before[index] ?? 0xff) & (after[index] ?? 0xff)) | (random.byte() & (before[index] ?? 0xff));
			}
		});
	}
	/** EEPROM bytes are erased and written in one go; only those named change. */
	function writeEeprom(changes: readonly (readonly [number, number])[]): void {
		const first = changes[0];
		if (first === undefined) return;
		if (lockMode() !== 3) {
			violate('locked', `EEPROM at 0x${first[0].toString(16)}`);
			return;
		}
		if (first[0] >= eeprom.length) {
			violate('outside', `EEPROM at 0x${first[0].toString(16)}`);
			return;
		}
		events.push({what: 'eeprom', atMs: nowMs(), byteAddress: first[0], bytes: changes.length});
		const before = changes.map(([address]) => eeprom[address] ?? 0xff);
		for (const [address, value] of changes) eeprom[address] = value;
		const feeble = surroundings.parasitic === true;
		begin('eeprom', busyTimes.eepromMs, () => {
			changes.forEach(([address, value], index) => {
				eeprom[address] = feeble ? (before[index] ?? 0xff) : between(0xff, value);
			});
		});
	}
	function writeFuse(name: FuseName, value: number): void {
		const byte = chip.fuses[name];
		if (byte === undefined) {
			violate('outside', `no ${name} fuse byte`);
			return;
		}
		if (lockMode() !== 3) {
			violate('locked', `${name} fuse byte`);
			return;
		}
		const before = fuses[name] ?? 0xff;
		let after = withAbsentBits(value, byte.mask);
		// Datasheets: SPIEN is not accessible in serial programming mode.
		const spien = fieldOf(chip, 'SPIEN');
		if (spien?.fuse === name) after = (after & ~spien.field.mask) | (before & spien.field.mask);
		events.push({what: 'fuse', atMs: nowMs(), fuse: name, value: after});
		fuses[name] = after;
		const feeble = surroundings.parasitic === true;
		begin('fuse', busyTimes.fuseMs, () => {
			let spoiled = feeble ? before : withAbsentBits(random.byte(), byte.mask);
			if (spien?.fuse === name) spoiled = (spoiled & ~spien.field.mask) | (before & spien.field.mask);
			fuses[name] = spoiled;
		});
	}
	function writeLock(value: number): void {
		const before = lock;
		// Lock bits only go from 1 to 0; a chip erase alone sets them again.
		lock = withAbsentBits(lock & value, chip.lock.mask);
		events.push({what: 'lock', atMs: nowMs(), value: lock});
		const feeble = surroundings.parasitic === true;
		begin('lock', busyTimes.fuseMs, () => {
			lock = feeble ? before : withAbsentBits(random.byte(), chip.lock.mask);
		});
	}
	function flashAddress(high: number, low: number): number {
		return (chip.extendedAddress ? extendedAddress << 16 : 0) | (high << 8) | low;
	}
	function readFlash(odd: 0 | 1): number {
		const wordAddress = flashAddress(frame[1] ?? 0, frame[2] ?? 0);
		// LB mode 3: what comes back follows the address, not the content.
		if (lockMode() < 2) return wordAddress & 0xff;
		return flash[(wordAddress * 2 + odd) % flash.length] ?? 0xff;
	}

	/** The data of a reading instruction once three bytes are in; undefined when it returns none. */
	function dataFor(): number | undefined {
		settle();
		const [first = 0, second = 0, third = 0] = frame;
		if (busy !== undefined) {
			if (first === 0xf0 && second === 0x00 && chip.pollsReady) return 0xff;
			// Value polling: cells that are being programmed read FF.
			if ((first === 0x20 || first === 0x28) && busy.what === 'flash') return 0xff;
			if (first === 0xa0 && busy.what === 'eeprom') return 0xff;
			return undefined;
		}
		switch (first) {
			case 0xf0:
				return second === 0x00 && chip.pollsReady ? 0xfe : undefined;
			case 0x20:
				return readFlash(0);
			case 0x28:
				return readFlash(1);
			case 0xa0:
				if (lockMode() < 2) return 0xff;
				return eeprom[((second << 8) | third) % eeprom.length] ?? 0xff;
			case 0x30:
				return chip.signature[third & 3] ?? 0xff;
			case 0x38:
				return calibration;
			case 0x50:
				if (second === 0x00) return fuses.low;
				return second === 0x08 ? fuses.extended : undefined;
			case 0x58:
				if (second === 0x00) return lock;
				return second === 0x08 ? fuses.high : undefined;
			default:
				return undefined;
		}
	}

	/** All four bytes are in. */
	function execute(): void {
		const [first = 0, second = 0, third = 0, fourth = 0] = frame;
		if (busy !== undefined && frameStartMs < busy.untilMs) {
			const poll = first === 0xf0 && second === 0x00 && chip.pollsReady;
			const valuePoll =
				((first === 0x20 || first === 0x28) && busy.what === 'flash') ||
				(first === 0xa0 && busy.what === 'eeprom');
			if (!poll && !valuePoll) {
				violate('busy', `${hex(frame)} while the ${busy.what} is being written`);
			}
			settle();
			return;
		}
		settle();
		if (surroundings.parasitic === true && random.next() < parasiticResetChance) {
			collapse();
			return;
		}
		switch (first) {
			case 0xac:
				if (second === 0x53) return;
				if ((second & 0xe0) === 0x80) {
					erase();
					return;
				}
				if ((second & 0xe0) === 0xe0) {
					writeLock(fourth);
					return;
				}
				if (second === 0xa0) {
					writeFuse('low', fourth);
					return;
				}
				if (second === 0xa8) {
					writeFuse('high', fourth);
					return;
				}
				if (second === 0xa4) {
					writeFuse('extended', fourth);
					return;
				}
				break;
			case 0x40:
				lowLatch = fourth;
				return;
			case 0x48: {
				const offset = (third * 2) & (pageBytes - 1);
				if (lowLatch === undefined) {
					violate('half-word', `high byte alone at word ${third}`);
					return;
				}
				buffer[offset] = (buffer[offset] ?? 0xff) & lowLatch;
				buffer[offset + 1] = (buffer[offset + 1] ?? 0xff) & fourth;
				loaded[offset] = 1;
				loaded[offset + 1] = 1;
				lowLatch = undefined;
				return;
			}
			case 0x4c:
				commitPage(flashAddress(second, third));
				return;
			case 0x4d:
				if (!chip.extendedAddress) break;
				extendedAddress = third;
				return;
			case 0xc0:
				writeEeprom([[(second << 8) | third, fourth]]);
				return;
			case 0xc1: {
				if (!chip.eeprom.paged) break;
				const offset = third & (eepromBuffer.length - 1);
				eepromBuffer[offset] = fourth;
				eepromLoaded[offset] = 1;
				return;
			}
			case 0xc2: {
				if (!chip.eeprom.paged) break;
				const start = ((second << 8) | third) & ~(eepromBuffer.length - 1);
				const changes: [number, number][] = [];
				eepromLoaded.forEach((flag, index) => {
					if (flag === 1) changes.push([start + index, eepromBuffer[index] ?? 0xff]);
				});
				eepromBuffer.fill(0xff);
				eepromLoaded.fill(0);
				writeEeprom(changes);
				return;
			}
			case 0x20:
			case 0x28:
				if (flashAddress(second, third) * 2 >= flash.length) violate('outside', `flash read ${hex(frame)}`);
				return;
			case 0xa0:
				if (((second << 8) | third) >= eeprom.length) violate('outside', `EEPROM read ${hex(frame)}`);
				return;
			case 0x30:
			case 0x38:
				return;
			case 0x50:
			case 0x58:
				if (second === 0x00 || (second === 0x08 && dataFor() !== undefined)) return;
				break;
			case 0xf0:
				if (chip.pollsReady) return;
				break;
		}
		violate('unknown-instruction', hex(frame));
	}
	function hex(bytes: readonly number[]): string {
		return bytes.map(byte => byte.toString(16).padStart(2, '0')).join(' ');
	}

	function byteDone(value: number): void {
		const index = frameIndex;
		frame[index] = value;
		frameIndex = (index + 1) & 3;
		shiftOut = value;
		if (mode === 'waiting') {
			if (index === 0 && frameStartMs - resetFellMs < enableWaitMs) {
				violate('enable-too-early', `SCK ${(frameStartMs - resetFellMs).toFixed(1)} ms after RESET fell`);
				mode = 'refused';
			}
			// The first instruction after RESET must be AC 53; otherwise only a RESET pulse helps.
			if (index === 1) mode = frame[0] === 0xac && value === 0x53 ? 'enabled' : 'refused';
			return;
		}
		if (mode === 'refused') return;
		if (index === 2) {
			const data = dataFor();
			if (data !== undefined) shiftOut = data;
		} else if (index === 3) {
			execute();
		}
	}

	/** SCK rises after `lowMs` of being low: the chip samples MOSI, if it can follow. */
	function rise(lowMs: number): void {
		lowPhaseMs = lowMs;
	}
	/** SCK falls after `highMs` of being high: the pulse is over, MISO changes. */
	function fall(bit: Level, highMs: number): void {
		if (!programmable() || clock === null) return;
		const cyclesPerMs = clock / 1000;
		const shortest = Math.min(lowPhaseMs, highMs) * cyclesPerMs;
		const needed = clock < fastClockHz ? 2 : 3;
		if (shortest < needed * 0.999) {
			if (!reportedFastSck) {
				reportedFastSck = true;
				violate('sck-too-fast', `SCK phase of ${shortest.toFixed(2)} CPU cycles at ${clock} Hz`);
			}
			const missed = (needed - shortest) / needed;
			if (shortest < unseenCycles || random.next() < missed) return;
		}
		if (bits === 0 && frameIndex === 0) frameStartMs = nowMs();
		shiftIn = ((shiftIn << 1) | bit) & 0xff;
		shiftOut = (shiftOut << 1) & 0xff;
		bits++;
		if (bits === 8) {
			bits = 0;
			byteDone(shiftIn);
		}
	}

	function bootSectionStart(): number | undefined {
		const bootsz = fuseField('BOOTSZ');
		return chip.bootSections.find(section => section.bootsz === bootsz)?.startByteAddress;
	}
	function spmReaches(byteAddress: number, codeAt: number): boolean {
		const boot = bootSectionStart();
		if (boot === undefined || codeAt < boot || byteAddress >= flash.length) return false;
		// BLB01 and BLB11 at 0: no SPM into that section.
		return ((lockField(lock, byteAddress >= boot ? 'BLB1' : 'BLB0') ?? 3) & 1) === 1;
	}

	latch();

	return {
		chip,
		violations,
		events,
		dump: () => ({flash: flash.slice(), eeprom: eeprom.slice(), fuses: {...fuses}, lock}),
		clockHz: () => (alive ? clock : null),
		enabled: () => programmable() && mode === 'enabled',
		running: () => alive && (reset === 1 || !resetPinWorks),
		surroundings: () => surroundings,
		setSurroundings(next) {
			const was = surroundings;
			if (next.volts < was.volts) {
				const brownOut = brownOutVolts();
				if (next.volts < powerOnResetVolts || (brownOut !== null && next.volts < brownOut)) {
					spoilBusy('the supply went');
					forgetSession();
				}
			}
			surroundings = next;
			if (was.volts < powerOnResetVolts && next.volts >= powerOnResetVolts) {
				latch();
				forgetSession();
				resetFellMs = nowMs();
			} else {
				assessLife();
			}
		},
		setReset(level) {
			if (level === reset) return;
			settle();
			const now = nowMs();
			reset = level;
			if (level === 1) {
				resetRoseMs = now;
				// A pulse needs two CPU cycles to be seen; the decision falls when RESET falls again.
				spoilBusy('RESET rose');
				latch();
				return;
			}
			const seen = clock === null || (now - resetRoseMs) * (clock / 1000) >= 2;
			if (!seen) return;
			resetFellMs = now;
			latch();
			forgetSession();
			reportedFastSck = false;
		},
		setMosi(level) {
			mosi = level;
		},
		setSck(level) {
			if (level === sck) return;
			const now = nowMs();
			const phaseMs = now - sckChangedMs;
			sck = level;
			sckChangedMs = now;
			if (level === 1) {
				rise(phaseMs);
				sampled = mosi;
				pulseSeen = true;
			} else if (pulseSeen) {
				pulseSeen = false;
				fall(sampled, phaseMs);
			}
		},
		shiftByte(value, phaseMs, passTime) {
			if (!programmable() || clock === null || bits !== 0 || sck !== 0) return undefined;
			if (phaseMs * (clock / 1000) < (clock < fastClockHz ? 2 : 3)) return undefined;
			if (frameIndex === 0) frameStartMs = nowMs();
			const out = shiftOut;
			passTime();
			sckChangedMs = nowMs();
			pulseSeen = false;
			shiftIn = value;
			byteDone(value);
			return out;
		},
		miso() {
			if (!programmable()) return undefined;
			return shiftOut & 0x80 ? 1 : 0;
		},
		self: {
			flash: (byteAddress, bytes) => flash.slice(byteAddress, byteAddress + bytes),
			eeprom: (byteAddress, bytes) => eeprom.slice(byteAddress, byteAddress + bytes),
			fuse: name => fuses[name],
			field: fuseField,
			lock: () => lock,
			bootStart: bootSectionStart,
			erasePage(byteAddress, codeAt) {
				const start = byteAddress & ~(pageBytes - 1);
				if (!spmReaches(start, codeAt)) return false;
				events.push({what: 'spm', atMs: nowMs(), byteAddress: start, erases: true});
				flash.fill(0xff, start, start + pageBytes);
				return true;
			},
			writePage(byteAddress, data, codeAt) {
				const start = byteAddress & ~(pageBytes - 1);
				if (!spmReaches(start, codeAt)) return false;
				events.push({what: 'spm', atMs: nowMs(), byteAddress: start, erases: false});
				for (let index = 0; index < pageBytes; index++) {
					flash[start + index] = (flash[start + index] ?? 0xff) & (data[index] ?? 0xff);
				}
				return true;
			},
			setEeprom(byteAddress, data) {
				events.push({what: 'eeprom', atMs: nowMs(), byteAddress, bytes: data.length});
				eeprom.set(data.subarray(0, Math.max(0, eeprom.length - byteAddress)), byteAddress);
			},
		},
	};
}
