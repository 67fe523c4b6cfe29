// The connection table: programmer header x target, computed, with the warnings of this very pair.
import type {Board} from '../src/engine/boards/board.ts';
import {findBoard} from '../src/engine/boards/index.ts';
import type {Chip, ChipPackage, IspSignal} from '../src/engine/chips/chip.ts';
import {findChip} from '../src/engine/chips/index.ts';
import {type HeaderName, headerPins, type ProgrammerPinout, wiringOrder} from './pinout.ts';
import {findPinouts} from './programmers/index.ts';

/** Colours by name, as terminals know them. They repeat in picture and table, always beside the signal's name. */
export const signalColours: Readonly<Record<IspSignal, WireColour>> = {
	GND: 'gray',
	RESET: 'yellow',
	SCK: 'cyan',
	MOSI: 'green',
	MISO: 'magenta',
	VCC: 'red',
};
export type WireColour = 'gray' | 'yellow' | 'cyan' | 'green' | 'magenta' | 'red';

export type WiringRow = {
	readonly signal: IspSignal;
	readonly colour: WireColour;
	readonly programmer: {
		/** As printed on the programmer. */
		readonly label: string;
		/** Pins of its first header; empty on boards without one. */
		readonly headerPins: readonly number[];
	};
	readonly target: {
		/** As printed on the board; on a bare package the port or the pin. */
		readonly label: string;
		/** Pins of the package, counted from pin 1. One of them is enough for VCC and GND on a populated board. */
		readonly packagePins: readonly number[];
		/** Pin of the board's ISP header, where it has one. */
		readonly headerPins: readonly number[];
	};
	/** What must be known on this very row (the RESET trap, the supply). */
	readonly notes: readonly string[];
};

export type WiringWarning = {
	/** Stable name: `reset-trap`, `five-volts-on-3v3`, `one-supply` … */
	readonly code: string;
	readonly severity: 'danger' | 'care';
	readonly signal?: IspSignal;
	readonly text: string;
};

export type WiringTable = {
	readonly programmer: ProgrammerPinout;
	/** Other hardware that the same word may mean. */
	readonly variants: readonly ProgrammerPinout[];
	readonly target: {
		/** Board id, or the chip's id on a bare package. */
		readonly id: string;
		readonly name: string;
		readonly board: Board | undefined;
		readonly chip: Chip;
		readonly package: ChipPackage;
	};
	/** Every wire there is, and no other: behind a level shifter VCC is none. */
	readonly rows: readonly WiringRow[];
	readonly levels: Levels;
	readonly shifter?: LevelShifter;
	readonly warnings: readonly WiringWarning[];
	/** How the pair is fed, in order. */
	readonly power: readonly string[];
};

/**
 * How the two ends meet: straight; straight with the programmer's supply set to 3.3 V; or only through a level shifter,
 * with no wire between the supplies.
 */
export type Levels = 'direct' | 'set-to-3v3' | 'level-shifter';

/** What stands between a 5 V programmer and a 3.3 V board. */
export type LevelShifter = {
	/** Lines that go through it; GND joins all three. */
	readonly signals: readonly IspSignal[];
	/** Feeds its 5 V side (HV), as printed on the programmer. */
	readonly highSupply: string;
	/** Feeds its 3.3 V side (LV), as printed on the board. */
	readonly lowSupply: string;
};

/** A target by board id, or by chip and package (the chip's first package unless told). */
export type WiringTarget = string | {readonly chip: string; readonly package?: string};

/** Why there is no table. */
export class NoWiring extends Error {
	readonly what: 'programmer' | 'target' | 'package' | 'other-architecture';
	constructor(what: NoWiring['what'], message: string) {
		super(message);
		this.name = 'NoWiring';
		this.what = what;
	}
}

/** Leads longer than this pick up noise at usual ISP speeds. Source: facts of the project, wiring rules. */
const longestLeadCm = 20;
/** A board below this supply is called a 3.3 V board. */
const lowVoltageBoard = 4;
/** The voltage that a 3.3 V programmer can give. */
const lowSupplyVolts = 3.3;

/**
 * What to connect to what.
 * @param programmer id, alias or driver name (findPinouts)
 * @param target board id, chip name, or chip and package
 * @throws NoWiring with one sentence for a person
 */
export function wiringTable(programmer: string, target: WiringTarget): WiringTable {
	const [pinout, ...variants] = findPinouts(programmer);
	if (pinout === undefined) throw new NoWiring('programmer', `There is no programmer "${programmer}" here.`);
	const end = findTarget(target);
	const levels = levelsOf(pinout, end);
	const all = wiringOrder.map(signal => row(signal, pinout, end, levels));
	const rows = levels === 'level-shifter' ? all.filter(({signal}) => signal !== 'VCC') : all;
	const shifter: LevelShifter | undefined =
		levels === 'level-shifter'
			? {
					signals: rows.flatMap(({signal}) => (signal === 'GND' ? [] : [signal])),
					highSupply: supplyWords(all, 'programmer'),
					lowSupply: supplyWords(all, 'target'),
				}
			: undefined;
	return {
		programmer: pinout,
		variants,
		target: end,
		rows,
		levels,
		...(shifter === undefined ? {} : {shifter}),
		warnings: warningsOf(pinout, end, levels),
		power: powerOf(pinout, end, levels),
	};
}

/** Where VCC is at one end, in few words: `VCC, pin 2`. */
function supplyWords(rows: readonly WiringRow[], end: 'programmer' | 'target'): string {
	const {label, headerPins} = rows.find(({signal}) => signal === 'VCC')![end];
	const pins = headerPins.length === 0 ? '' : `, pin ${headerPins.join(' or ')}`;
	return `${label.replace(/ \(.*\)$/, '')}${pins}`;
}

/** The warning that is said before the table, so that nobody wires first and reads afterwards. */
export function warningBefore(table: WiringTable): WiringWarning | undefined {
	return table.warnings.find(({code}) => code === 'five-volts-on-3v3');
}

/** The highest voltage that this end can put on any wire; 0 where everything follows the target. */
function highestVolts({power}: ProgrammerPinout): number {
	return Math.max(0, ...power.volts, power.signalVolts === 'target' ? 0 : power.signalVolts);
}

function levelsOf(pinout: ProgrammerPinout, target: WiringTable['target']): Levels {
	const volts = targetVolts(target);
	if (volts === undefined || volts >= lowVoltageBoard || highestVolts(pinout) <= volts) return 'direct';
	const {volts: supplies, signalVolts} = pinout.power;
	const lowSignals = signalVolts === 'target' || signalVolts <= volts;
	return lowSignals && supplies.some(supply => supply <= volts) ? 'set-to-3v3' : 'level-shifter';
}

function findTarget(target: WiringTarget): WiringTable['target'] {
	const board = typeof target === 'string' ? findBoard(target) : undefined;
	if (board !== undefined && !board.supported) {
		throw new NoWiring(
			'other-architecture',
			`The ${board.name} carries an ${board.chip}: no AVR, so there is no ISP to wire.`,
		);
	}
	const name = board?.chip ?? (typeof target === 'string' ? target : target.chip);
	const chip = findChip(name);
	if (chip === undefined) throw new NoWiring('target', `There is no board and no chip "${name}" here.`);
	const wanted = board?.packageName ?? (typeof target === 'string' ? undefined : target.package);
	const found =
		wanted === undefined
			? chip.packages[0]
			: chip.packages.find(known => wanted.toLowerCase().split('/').includes(known.name.toLowerCase()));
	if (found === undefined) {
		throw new NoWiring(
			'package',
			`The ${chip.name} comes as ${chip.packages.map(known => known.name).join(', ')}, not as "${wanted}".`,
		);
	}
	return {
		id: board?.id ?? chip.id,
		name: board?.name ?? `${chip.name} (${found.name})`,
		board,
		chip,
		package: found,
	};
}

/** Pins of a signal on a header, rising. */
export function pinsOnHeader(header: HeaderName | undefined, signal: IspSignal): readonly number[] {
	if (header === undefined) return [];
	return Object.entries(headerPins[header])
		.filter(([, name]) => name === signal)
		.map(([pin]) => Number(pin));
}

/** Pins of a signal on a package, rising. */
export function pinsOnPackage(found: ChipPackage, signal: string): readonly number[] {
	return found.pins[signal] ?? [];
}

function row(
	signal: IspSignal,
	pinout: ProgrammerPinout,
	target: WiringTable['target'],
	levels: Levels,
): WiringRow {
	const packagePins = pinsOnPackage(target.package, signal);
	const port = signal === 'VCC' || signal === 'GND' ? undefined : target.chip.ispPorts[signal];
	const pins = packagePins.join(' or ');
	const onPackage = port === undefined ? `pin ${pins}` : `${port}, pin ${pins}`;
	const notes = [
		...(signal === 'RESET' && pinout.resetTrap !== undefined ? [pinout.resetTrap] : []),
		...(signal === 'RESET' && pinout.capacitor !== undefined ? [pinout.capacitor] : []),
		...(signal === 'VCC' ? [pinout.power.note] : []),
		...(signal === 'GND' ? ['Always, and first: without a common ground nothing else means anything.'] : []),
	];
	return {
		signal,
		colour: signalColours[signal],
		programmer: {
			label:
				signal === 'VCC' && levels === 'set-to-3v3'
					? (pinout.power.lowLabel ?? pinout.labels.VCC)
					: pinout.labels[signal],
			headerPins: pinsOnHeader(pinout.headers[0], signal),
		},
		target: {
			label: target.board?.isp[signal] ?? onPackage,
			packagePins,
			headerPins: pinsOnHeader(target.board?.header, signal),
		},
		notes,
	};
}

/** Supply of the target while it works, volts; undefined on a bare package. */
function targetVolts(target: WiringTable['target']): number | undefined {
	return target.board?.vcc;
}

function warningsOf(
	pinout: ProgrammerPinout,
	target: WiringTable['target'],
	levels: Levels,
): readonly WiringWarning[] {
	const warnings: WiringWarning[] = [];
	const add = (code: string, severity: WiringWarning['severity'], text: string, signal?: IspSignal) => {
		warnings.push({code, severity, text, ...(signal === undefined ? {} : {signal})});
	};
	const volts = targetVolts(target);
	const apart = levels === 'level-shifter';
	if (apart) {
		add(
			'five-volts-on-3v3',
			'danger',
			`This is a ${volts} V board, and this programmer puts ${highestVolts(pinout)} V on its lines: straight to the board, that can destroy it. No wire goes to VCC, the board is fed by its own ${volts} V, and a level shifter goes into every signal line. A programmer with ${volts} V signals needs none.`,
			'VCC',
		);
	}
	if (levels === 'set-to-3v3') {
		add(
			'five-volts-on-3v3',
			'danger',
			`This is a ${volts} V board: set the programmer's supply to 3.3 V before anything is connected. Its 5 V can destroy the board.`,
			'VCC',
		);
	}
	if (volts === undefined && highestVolts(pinout) > lowVoltageBoard) {
		add(
			'maybe-3v3',
			'danger',
			'This is for a board that runs at 5 V. If yours runs at 3.3 V, connect neither VCC nor a signal straight: its own supply feeds it, and a level shifter goes between.',
			'VCC',
		);
	}
	if (pinout.resetTrap !== undefined) add('reset-trap', 'danger', `RESET: ${pinout.resetTrap}`, 'RESET');
	add(
		'one-supply',
		'danger',
		apart
			? 'One supply for the board: its own. The programmer feeds the 5 V side of the level shifter and nothing else.'
			: pinout.power.supply === 'never'
				? 'One supply only: this programmer feeds nothing, so the board is fed by its own plug and by nothing else.'
				: 'One supply only: unplug the keyboard from USB before the programmer is plugged in, also when both are 5 V.',
		'VCC',
	);
	const brownOuts = target.chip.brownOut.flatMap(code => (code.volts === null ? [] : [code.volts]));
	const highestBrownOut = Math.max(0, ...brownOuts);
	if (
		highestBrownOut > lowSupplyVolts &&
		(pinout.power.volts.includes(lowSupplyVolts) || pinout.power.signalVolts === 'target')
	) {
		add(
			'brown-out-above-supply',
			'care',
			`The ${target.chip.name}'s brown-out detector can be set as high as ${highestBrownOut} V: a chip set so does not answer at 3.3 V. ${volts !== undefined && volts < lowVoltageBoard ? 'That takes a higher supply, which this board may not bear.' : 'Feed it 5 V.'}`,
			'VCC',
		);
	}
	if (pinout.power.signalVolts === 3.3 && (volts === undefined || volts > lowVoltageBoard)) {
		add(
			'low-signals',
			'care',
			'Its signals are 3.3 V: feed the target 3.3 V, or 5 V with the outputs in open-drain mode and pull-ups; a chip at 5 V may not take 3.3 V for a 1.',
		);
	}
	if (pinout.capacitor !== undefined) add('capacitor', 'care', pinout.capacitor, 'RESET');
	const limit = pinout.fastFlashBytes;
	if (limit !== undefined && target.chip.flash.bytes > limit) {
		const bank = 131_072;
		add(
			'large-flash',
			'care',
			target.chip.flash.bytes > bank
				? `The ${target.chip.name} has ${target.chip.flash.bytes / 1024} KB: the fast commands of this programmer end at ${limit / 1024} KB. This program goes on by single instructions, which is slow; another programmer is better.`
				: `The ${target.chip.name} has ${target.chip.flash.bytes / 1024} KB: above ${limit / 1024} KB this program goes on by single instructions, which is slower. Older avrdude versions report false verify errors there.`,
		);
	}
	add(
		'loaded-lines',
		'care',
		'On a keyboard SCK, MOSI and MISO are often shared with the key matrix or LEDs: press no key while it works, and take off what pulls a line (LED strips, OLEDs, the other half).',
	);
	add('short-leads', 'care', `Keep the leads shorter than ${longestLeadCm} cm.`);
	if (target.board?.headerNote !== undefined) add('header', 'care', `Header: ${target.board.headerNote}`);
	if (pinout.rescueClock !== undefined)
		add('rescue-clock', 'care', `It can lend a clock: ${pinout.rescueClock}`);
	for (const trap of pinout.traps) add('programmer', 'care', trap);
	for (const text of target.board?.warnings ?? []) add('board', 'danger', text);
	for (const text of [...pinout.doubtful, ...(target.board?.doubtful ?? [])]) {
		add('unsure', 'care', `Not certain: ${text}`);
	}
	return warnings;
}

function powerOf(pinout: ProgrammerPinout, target: WiringTable['target'], levels: Levels): readonly string[] {
	const volts = targetVolts(target);
	const [lowest, highest] = target.chip.vccRange;
	const need =
		volts === undefined
			? `The ${target.chip.name} works from ${lowest} to ${highest} V.`
			: `The ${target.name} runs at ${volts} V.`;
	if (levels === 'level-shifter') {
		return [
			need,
			`The programmer's ${pinout.labels.VCC} goes to the 5 V side (HV) of the level shifter and nowhere else; the board's own ${volts} V goes to the other side (LV).`,
			...(pinout.headers.length === 0
				? []
				: ['Do not plug its ribbon cable onto the board: VCC runs in it. Take single wires.']),
			'Wire everything first, with nothing plugged in; then feed the board by its own plug, and plug the programmer in last. Afterwards unplug the programmer first.',
		];
	}
	return [
		need,
		pinout.power.note,
		pinout.power.supply === 'never'
			? 'Wire everything first, plug the programmer in, then feed the board.'
			: levels === 'set-to-3v3'
				? 'Set its supply to 3.3 V first. Then wire everything, with nothing plugged in; plug the programmer in last.'
				: 'Wire everything first, with nothing plugged in; plug the programmer in last.',
	];
}
