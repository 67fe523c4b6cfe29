// What a programmer's end of the cable is: data with a source, one file per programmer in programmers/.
// The table a person sees is computed from it and from the chip's pins (table.ts), never typed twice.
import type {IspSignal} from '../src/engine/chips/chip.ts';
import type {ProgrammerId} from '../src/engine/isp/link.ts';

/** Signals in the order in which a person wires them: ground first, supply last. */
export const wiringOrder: readonly IspSignal[] = ['GND', 'RESET', 'SCK', 'MOSI', 'MISO', 'VCC'];

export type HeaderName = '6-pin' | '10-pin';

/**
 * The standard ISP headers, seen from above: pin 1 is the square pad or the arrow, odd pins on one row.
 * Source: LUFA AVRISP-MKII.txt (6-pin); AVR042 and the STK500 user guide (10-pin; pin 3 is unused or an LED).
 */
export const headerPins: Readonly<Record<HeaderName, Readonly<Record<number, IspSignal | null>>>> = {
	'6-pin': {1: 'MISO', 2: 'VCC', 3: 'SCK', 4: 'MOSI', 5: 'RESET', 6: 'GND'},
	'10-pin': {
		1: 'MOSI',
		2: 'VCC',
		3: null,
		4: 'GND',
		5: 'RESET',
		6: 'GND',
		7: 'SCK',
		8: 'GND',
		9: 'MISO',
		10: 'GND',
	},
};

/** The pads of a board's two long sides, USB plug at the top, seen from the component side. */
export type BoardOutline = {
	readonly left: readonly string[];
	readonly right: readonly string[];
	/** Pads along the bottom edge that matter here, from the left; not in scale. */
	readonly bottom?: readonly string[];
	readonly source: string;
};

export type ProgrammerPinout = {
	/** `promicro_isp`: one hardware variant. */
	readonly id: string;
	readonly name: string;
	/** Other words for it on the command line, in lower case. */
	readonly aliases: readonly string[];
	/** Which driver of ours talks to it. */
	readonly driver: ProgrammerId;
	/** What avrdude calls it. */
	readonly avrdudeId: string;
	/** Which ISP headers it has, the usual one first; none on a board that is wired pad by pad. */
	readonly headers: readonly HeaderName[];
	/** What is printed where each signal comes out. */
	readonly labels: Readonly<Record<IspSignal, string>>;
	/** The pad's name in `outline`, where it differs from the label. */
	readonly pads?: Readonly<Partial<Record<IspSignal, string>>>;
	readonly outline?: BoardOutline;
	readonly power: {
		/** Who feeds the target when nothing is changed. */
		readonly supply: 'always' | 'switch' | 'jumper' | 'never' | 'software';
		/** Voltages it can put on VCC. */
		readonly volts: readonly number[];
		/** Where its VCC comes out when 3.3 V is chosen, if that is not simply the label. */
		readonly lowLabel?: string;
		/** Level of its signals; `target` follows the target's supply. */
		readonly signalVolts: number | 'target';
		readonly note: string;
	};
	/** Said on the RESET row: the programmer board's own RESET must stay free. */
	readonly resetTrap?: string;
	/** Said on the RESET row of boards that reset when their port is opened. */
	readonly capacitor?: string;
	/** Largest flash its fast commands reach, bytes. */
	readonly fastFlashBytes?: number;
	/** A clock it can put out for a target that has none. */
	readonly rescueClock?: string;
	/** What else goes wrong with this one. */
	readonly traps: readonly string[];
	readonly doubtful: readonly string[];
	readonly source: string;
};
