// What can be practised: a chip, its surroundings, the wires, and how a recovery ends. Data only.
import type {FuseName} from '../engine/chips/chip.ts';
import type {ChipState, ErrorKind} from '../engine/errors.ts';
import type {Surroundings} from './chip-model.ts';
import type {UsbaspFirmware} from './usbasp-programmer.ts';
import type {WiringFaults} from './wiring.ts';

export type BenchProgrammer = 'arduino-isp' | 'avrisp' | 'usbasp' | 'usbtiny' | 'buspirate' | 'avrispmkii';

/** Where something is cut, counted from the start of the run. */
export type CutPoint =
	/**
	 * At this transfer of the host (a serial write, a USB transfer), the first being 0: before the device sees it, or
	 * with `taken` after, and the host never hears of it.
	 */
	| {readonly transfers: number; readonly taken?: boolean}
	/** In the middle of the time that the chip needs for this change of a cell, the first being 0. */
	| {readonly changes: number}
	/** Before this byte on the SPI lines. */
	| {readonly spiBytes: number}
	/** After so many page commits. */
	| {readonly pages: number};

/**
 * `link`: the programmer's USB cable, and with it the supply of programmer and target. `power`: the target's supply.
 * `wires`: the four signal wires. `process`: the program itself; the system closes what it had open, and nobody says
 * anything to the devices any more.
 */
export type CutWhat = 'link' | 'power' | 'wires' | 'process';

/** Chances, 0..1, of what goes wrong between host and programmer; seeded. */
export type Disturbance = {
	/** A serial byte, in either direction, that does not arrive. */
	readonly lostBytes?: number;
	/** A serial byte, in either direction, that arrives twice. */
	readonly doubledBytes?: number;
	/** A USB transfer that ends in a stall, whether the device took it or not. */
	readonly stalls?: number;
	/** A USB answer that ends early. */
	readonly shortReplies?: number;
};

export type Scenario = {
	readonly name: string;
	/** One line for the list of scenarios. */
	readonly description: string;
	readonly programmer?: BenchProgrammer;
	/** Which firmware a USBasp has. */
	readonly usbaspFirmware?: UsbaspFirmware;
	/** An AVRISP mkII that measures (Atmel's own), not a clone. */
	readonly genuine?: boolean;
	/** The chip that is really there. */
	readonly chip: string;
	readonly fuses?: Partial<Record<FuseName, number>>;
	readonly lock?: number;
	readonly surroundings: Surroundings;
	readonly faults?: WiringFaults;
	readonly disturb?: Disturbance;
	/** A Bus Pirate's supply pins feed the target: it is without power until they are switched on. */
	readonly fedByProgrammer?: boolean;
	/** A Bus Pirate's AUX pin is wired to XTAL1. */
	readonly auxAtXtal?: boolean;
	/** What the board was last used with: old application, settings in the EEPROM; or blank. */
	readonly content: 'blank' | 'used';
	readonly cut?: {readonly at: CutPoint; readonly what: CutWhat};
	/** The serial port: refuses to open, or answers as something else. */
	readonly port?: 'denied' | 'busy' | 'not-a-programmer';
	/** What the person believes to be repairing. */
	readonly board: string;
	readonly expectedChip: string;
	/** How a recovery that takes no risks ends. */
	readonly ends:
		| {readonly ok: true; readonly note: string}
		| {
				readonly ok: false;
				/** Any of these is a true answer. */
				readonly errors: readonly ErrorKind[];
				readonly chipState: ChipState;
				readonly note: string;
		  };
};

const crystal16 = {volts: 5, crystalHz: 16e6} as const;
// The Caterina set of the Pro Micro 5 V (QMK ISP guide; SparkFun boards.txt prints the extended byte as CB).
const caterinaFuses = {low: 0xff, high: 0xd8, extended: 0xcb} as const;
const proMicro = {
	chip: 'atmega32u4',
	fuses: caterinaFuses,
	surroundings: crystal16,
	content: 'used',
	board: 'promicro_5v',
	expectedChip: 'atmega32u4',
} as const;
const silent = (note: string) =>
	({ok: false, errors: ['NoTarget', 'UnstableLink'], chipState: 'untouched', note}) as const;

export const scenarios: readonly Scenario[] = [
	{
		...proMicro,
		name: 'healthy',
		description: 'A Pro Micro that lost its bootloader; wires and supply are right.',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'swapped',
		description: 'MOSI and MISO are exchanged.',
		faults: {swapped: [['MOSI', 'MISO']]},
		ends: silent('The chip stays silent: data wires exchanged.'),
	},
	{
		...proMicro,
		name: 'no-power',
		description: 'The target has no supply.',
		surroundings: {volts: 0, crystalHz: 16e6},
		ends: silent('The chip stays silent: no supply.'),
	},
	{
		...proMicro,
		name: 'locked',
		description: 'The chip as delivered: lock byte EC, nothing can be backed up.',
		fuses: {low: 0x5e, high: 0x99, extended: 0xf3},
		lock: 0xec,
		board: 'elite_c',
		ends: {
			ok: false,
			errors: ['ConsentMissing'],
			chipState: 'untouched',
			note: 'A locked chip cannot be backed up: that needs your word.',
		},
	},
	{
		...proMicro,
		name: 'wrong-chip',
		description: 'The chip on the board is not the one that was chosen.',
		chip: 'atmega16u4',
		ends: {
			ok: false,
			errors: ['WrongSignature'],
			chipState: 'untouched',
			note: 'An ATmega16U4 answers where an ATmega32U4 was expected.',
		},
	},
	{
		...proMicro,
		name: 'cable-pulled',
		description: "The programmer's cable is pulled out while the flash is being written.",
		cut: {at: {pages: 12}, what: 'link'},
		ends: {
			ok: false,
			errors: ['DeviceGone'],
			chipState: 'partly-written',
			note: 'The programmer went away; plug it in again and start once more.',
		},
	},
	{
		...proMicro,
		name: 'no-clock',
		description: 'The fuses ask for an external clock that the board does not have.',
		fuses: {...caterinaFuses, low: 0xc0},
		ends: silent('The chip stays silent: its fuses ask for a clock that is not there.'),
	},
	{
		...proMicro,
		name: 'clock-fed',
		description: 'The same board with 8 MHz from a second board fed into XTAL1.',
		fuses: {...caterinaFuses, low: 0xc0},
		surroundings: {...crystal16, externalClockHz: 8e6},
		ends: {ok: true, note: 'With a clock the chip answers, and its fuses are right again.'},
	},
	{
		...proMicro,
		name: 'factory-rc',
		description: 'A new ATmega32U4RC: 1 MHz, blank, unlocked.',
		fuses: {low: 0x52, high: 0x99, extended: 0xfb},
		content: 'blank',
		ends: {ok: true, note: 'The bootloader is there and the crystal is chosen.'},
	},
	{
		...proMicro,
		name: 'usbasp',
		description: 'The healthy Pro Micro behind a USBasp.',
		programmer: 'usbasp',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'usbasp-old',
		description: 'The healthy Pro Micro behind a USBasp with firmware of 2007: its SCK cannot be set.',
		programmer: 'usbasp',
		usbaspFirmware: 'fischl-2007',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'usbasp-old-slow-chip',
		description: 'A new 1 MHz chip behind a USBasp of 2007: 375 kHz is too fast for it.',
		programmer: 'usbasp',
		usbaspFirmware: 'fischl-2007',
		fuses: {low: 0x52, high: 0x99, extended: 0xfb},
		content: 'blank',
		ends: silent('The chip cannot follow this SCK.'),
	},
	{
		...proMicro,
		name: 'usbtiny',
		description: 'The healthy Pro Micro behind a USBtinyISP.',
		programmer: 'usbtiny',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'avrisp',
		description: 'The healthy Pro Micro behind a second Pro Micro with the ISP firmware.',
		programmer: 'avrisp',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'avrispmkii',
		description: 'The healthy Pro Micro behind an AVRISP mkII clone.',
		programmer: 'avrispmkii',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'buspirate',
		description: 'The healthy Pro Micro behind a Bus Pirate.',
		programmer: 'buspirate',
		ends: {ok: true, note: 'The bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'dfu',
		description: 'An Elite-C whose DFU bootloader was overwritten.',
		fuses: {low: 0x5e, high: 0x99, extended: 0xf3},
		board: 'elite_c',
		ends: {ok: true, note: 'The DFU bootloader is back and was read back.'},
	},
	{
		...proMicro,
		name: 'no-target',
		description: 'No chip is wired to the programmer.',
		faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']},
		ends: silent('Nothing answers: no wires.'),
	},
	{
		...proMicro,
		name: 'miso-open',
		description: 'The MISO wire is loose.',
		faults: {open: ['MISO']},
		ends: silent('The chip stays silent: MISO is loose.'),
	},
	{
		...proMicro,
		name: 'mosi-open',
		description: 'The MOSI wire is loose.',
		faults: {open: ['MOSI']},
		ends: silent('The chip stays silent: MOSI is loose.'),
	},
	{
		...proMicro,
		name: 'sck-open',
		description: 'The SCK wire is loose.',
		faults: {open: ['SCK']},
		ends: silent('The chip stays silent: SCK is loose.'),
	},
	{
		...proMicro,
		name: 'reset-open',
		description: 'The RESET wire is loose, or on the wrong pin.',
		faults: {open: ['RESET']},
		ends: silent('The chip stays silent: it was never in reset.'),
	},
	{
		...proMicro,
		name: 'miso-low',
		description: 'MISO is held low by something on the board.',
		faults: {stuck: {MISO: 0}},
		ends: silent('Only zeros come back.'),
	},
	{
		...proMicro,
		name: 'miso-high',
		description: 'MISO is held high by something on the board.',
		faults: {stuck: {MISO: 1}},
		ends: silent('Only ones come back.'),
	},
	{
		...proMicro,
		name: 'bridge',
		description: 'A solder bridge joins MOSI and MISO.',
		faults: {bridged: true},
		ends: silent('The programmer reads back its own bytes.'),
	},
	{
		...proMicro,
		name: 'noisy',
		description: 'Long or loose wires: one byte in fifty arrives wrong.',
		faults: {bitErrors: {mosi: 0.02, miso: 0.02}},
		ends: {
			ok: false,
			errors: ['UnstableLink', 'NoTarget', 'WrongSignature'],
			chipState: 'untouched',
			note: 'Two readings differ: the wires, not the chip.',
		},
	},
	{
		...proMicro,
		name: 'parasitic',
		description: 'No supply, but the chip lives feebly off the signal wires.',
		surroundings: {volts: 3, parasitic: true, crystalHz: 16e6},
		ends: {
			ok: false,
			errors: ['UnstableLink', 'NoTarget', 'WrongSignature', 'VerifyMismatch'],
			chipState: 'untouched',
			note: 'It answers, and stops answering: no real supply.',
		},
	},
	{
		...proMicro,
		name: 'brown-out',
		description: 'A board with a 4.3 V brown-out level on a 3.3 V programmer.',
		fuses: {low: 0xff, high: 0xd8, extended: 0xf8},
		surroundings: {volts: 3.3, crystalHz: 16e6},
		board: 'astar',
		ends: silent('The chip stays silent: its supply is below its brown-out level.'),
	},
	{
		...proMicro,
		name: 'debugwire',
		description: 'An ATmega32U2 with debugWIRE on: RESET no longer resets.',
		chip: 'atmega32u2',
		fuses: {low: 0x5e, high: 0x59, extended: 0xf4},
		board: 'atmega32u2',
		expectedChip: 'atmega32u2',
		ends: silent('The chip stays silent: it keeps RESET for itself.'),
	},
	{
		...proMicro,
		name: 'slow-oscillator',
		description: 'An ATmega328P on its 128 kHz oscillator, too slow for this programmer.',
		chip: 'atmega328p',
		fuses: {low: 0xe3, high: 0xd9, extended: 0xff},
		board: 'uno',
		expectedChip: 'atmega328p',
		ends: silent('The chip cannot follow this SCK.'),
	},
	{
		...proMicro,
		name: 'not-a-programmer',
		description: 'The board at the port has a bootloader and some sketch, but not ArduinoISP.',
		port: 'not-a-programmer',
		ends: {
			ok: false,
			errors: ['NotAProgrammer', 'NotInSync', 'Timeout'],
			chipState: 'untouched',
			note: 'The board at the port is not a programmer yet.',
		},
	},
	{
		...proMicro,
		name: 'port-denied',
		description: 'This user may not open the port.',
		port: 'denied',
		ends: {
			ok: false,
			errors: ['DeviceDenied'],
			chipState: 'untouched',
			note: 'The port is there, but closed to this user.',
		},
	},
	{
		...proMicro,
		name: 'port-busy',
		description: 'Another program holds the port.',
		port: 'busy',
		ends: {
			ok: false,
			errors: ['DeviceBusy'],
			chipState: 'untouched',
			note: 'Another program holds the port.',
		},
	},
];

export const scenarioNames: readonly string[] = scenarios.map(scenario => scenario.name);
