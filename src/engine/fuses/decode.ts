// Fuse bytes in the datasheet's names and in plain words.
import {hexAddress} from '../bytes.ts';
import type {BootSection, Chip, ClockKind, ClockRow} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import type {FuseBytes} from '../target.ts';
import {bitName, fieldValue, fuseFields, isProgrammed, lowestBit} from './fields.ts';
import {fuseNames} from './mask.ts';
import type {DecodedBit, DecodedClock, DecodedFuses} from './types.ts';

/** A 32.768 kHz watch crystal, MHz. */
export const watchCrystalMHz = 0.032768;

/**
 * With CKOPT programmed the crystal codes all mean 1 to 16 MHz (ATmega32A datasheet, crystal oscillator
 * operating modes); the tables give the ranges for CKOPT unprogrammed.
 */
const ckoptRangeMHz = [1, 16] as const;

/** The row of the clock code, with the CKOPT rule applied; undefined when reserved or its byte is not given. */
export function clockRow(chip: Chip, bytes: FuseBytes): ClockRow | undefined {
	const code = fieldValue(chip, bytes, 'SUT_CKSEL');
	const row = code === undefined ? undefined : chip.clocks.find(entry => entry.code === code);
	if (row?.kind === 'xtal' && isProgrammed(chip, bytes, 'CKOPT') === true)
		return {...row, rangeMHz: ckoptRangeMHz};
	return row;
}

/**
 * Brown-out level in volts: null when the detector is off (by BODEN or by its code), undefined when the code is
 * reserved or its byte is not given.
 */
export function brownOutVolts(chip: Chip, bytes: FuseBytes): number | null | undefined {
	const code = fieldValue(chip, bytes, 'BODLEVEL');
	const row = code === undefined ? undefined : chip.brownOut.find(entry => entry.code === code);
	if (row === undefined) return undefined;
	return isProgrammed(chip, bytes, 'BODEN') === false ? null : row.volts;
}

/** The boot section that BOOTSZ selects; null on chips without one. */
export function bootSection(chip: Chip, bytes: FuseBytes): BootSection | null {
	const bootsz = fieldValue(chip, bytes, 'BOOTSZ');
	return chip.bootSections.find(section => section.bootsz === bootsz) ?? null;
}

const sources: Record<ClockKind, DecodedClock['source']> = {
	ext_clock: 'external-clock',
	int_rc: 'internal',
	int_128k: 'internal',
	tiny15_compat: 'internal',
	lf_xtal_32k: 'low-frequency-crystal',
	lf_xtal_32k_intcap: 'low-frequency-crystal',
	xtal: 'crystal',
	xtal_full_swing: 'crystal',
	resonator: 'resonator',
	ext_rc: 'external-rc',
	pll: 'pll',
};

/** 1 or 8: what CKDIV8 does to the clock after reset. */
export function clockDivider(chip: Chip, bytes: FuseBytes): 1 | 8 {
	return isProgrammed(chip, bytes, 'CKDIV8') === true ? 8 : 1;
}

function decodeClock(chip: Chip, bytes: FuseBytes): DecodedClock {
	const row = clockRow(chip, bytes);
	const dividedBy = clockDivider(chip, bytes);
	if (row === undefined) return {source: 'reserved', minMHz: null, maxMHz: null, dividedBy, startup: ''};
	const source = sources[row.kind];
	const nominal = source === 'low-frequency-crystal' ? watchCrystalMHz : row.mhz;
	return {
		source,
		minMHz: row.rangeMHz?.[0] ?? nominal,
		maxMHz: row.rangeMHz === null ? nominal : row.rangeMHz[1],
		dividedBy,
		startup: row.startup,
	};
}

function mhz(value: number): string {
	return value < 1 ? `${Number((value * 1000).toFixed(3))} kHz` : `${value} MHz`;
}

/** A clock choice in words: `a crystal from 8 MHz`, `the internal 8 MHz oscillator`. */
export function clockInWords(row: ClockRow | undefined): string {
	if (row === undefined) return 'a reserved code: no known clock';
	const [low, high] = row.rangeMHz ?? [null, null];
	const span = low === null ? '' : high === null ? ` from ${mhz(low)}` : ` of ${mhz(low)} to ${mhz(high)}`;
	switch (row.kind) {
		case 'ext_clock':
			return 'an external clock signal on XTAL1';
		case 'int_rc':
			return `the internal ${row.mhz === null ? '' : `${mhz(row.mhz)} `}oscillator`;
		case 'int_128k':
			return 'the internal 128 kHz oscillator';
		case 'tiny15_compat':
			return `the internal oscillator in ATtiny15 mode${row.mhz === null ? '' : ` (${mhz(row.mhz)})`}`;
		case 'lf_xtal_32k':
			return 'a 32.768 kHz watch crystal';
		case 'lf_xtal_32k_intcap':
			return 'a 32.768 kHz watch crystal with the internal capacitors';
		case 'xtal':
			return `a crystal${span}`;
		case 'xtal_full_swing':
			return `a crystal${span}, driven with full swing`;
		case 'resonator':
			return `a ceramic resonator${span}`;
		case 'ext_rc':
			return `an external resistor and capacitor${span}`;
		case 'pll':
			return `the internal PLL${row.mhz === null ? '' : ` (${mhz(row.mhz)})`}`;
	}
}

/** What each one-bit fuse does, programmed (0) and unprogrammed (1). Source: datasheet fuse tables, ATDF captions. */
const oneBit: Readonly<Record<string, readonly [programmed: string, unprogrammed: string]>> = {
	SPIEN: ['programming over ISP is on', 'programming over ISP is off'],
	RSTDISBL: ['the RESET pin is an ordinary pin: ISP is over', 'the RESET pin resets'],
	DWEN: ['debugWIRE owns the RESET pin: ISP does not answer', 'debugWIRE is off'],
	JTAGEN: ['JTAG takes four port pins', 'JTAG is off, its pins are free'],
	OCDEN: ['on-chip debugging is on', 'on-chip debugging is off'],
	WDTON: ['the watchdog is always on', 'the program decides about the watchdog'],
	EESAVE: ['the EEPROM survives a chip erase', 'a chip erase clears the EEPROM too'],
	BOOTRST: ['a reset starts the boot section', 'a reset starts the application at 0x0000'],
	HWBE: ['HWB held low at a reset starts the boot section', 'the HWB pin is not looked at'],
	CKDIV8: ['the clock is divided by 8 after reset', 'the clock is not divided'],
	CKOUT: ['the clock is put out on a pin', 'the clock stays inside'],
	CKOPT: ['full oscillator swing, for crystals to 16 MHz', 'small oscillator swing, for crystals to 8 MHz'],
	BODEN: ['the brown-out detector is on', 'the brown-out detector is off'],
	SELFPRGEN: ['a program may write the flash', 'no program may write the flash'],
	M103C: ['ATmega103 compatibility mode', 'native mode'],
	CFD: ['clock failure detection is off', 'clock failure detection is on'],
};

function fieldInWords(chip: Chip, bytes: FuseBytes, name: string): string {
	switch (name) {
		case 'SUT_CKSEL': {
			const row = clockRow(chip, bytes);
			return `clock: ${clockInWords(row)}${row === undefined ? '' : `, start-up ${row.startup}`}`;
		}
		case 'BODLEVEL': {
			const volts = brownOutVolts(chip, bytes);
			if (volts === undefined) return 'brown-out level: a reserved code';
			return volts === null ? 'brown-out detector off' : `held in reset below ${volts} V`;
		}
		case 'BOOTSZ': {
			const section = bootSection(chip, bytes);
			return section === null
				? 'no boot section'
				: `boot section from ${hexAddress(section.startByteAddress)}, ${section.bytes} bytes`;
		}
		default: {
			const words = oneBit[name];
			if (words === undefined) return name;
			return isProgrammed(chip, bytes, name) === true ? words[0] : words[1];
		}
	}
}

/**
 * Decodes fuse bytes for one chip. Every byte that the chip has must be given (0..255, absent bits as they
 * come); throws `Bug` otherwise. Bits are listed low byte first, from bit 7 down; absent bits are left out.
 */
export function decodeFuses(chip: Chip, bytes: FuseBytes): DecodedFuses {
	for (const fuse of fuseNames(chip)) {
		if (bytes[fuse] === undefined)
			throw new UnbrickError({kind: 'Bug', assumed: `the ${fuse} fuse of ${chip.name} is given`});
	}
	const bits: DecodedBit[] = [];
	for (const field of fuseFields(chip)) {
		const byte = bytes[field.fuse] ?? 0xff;
		const meaning = fieldInWords(chip, bytes, field.name);
		const lsb = lowestBit(field.mask);
		for (let bit = 7; bit >= lsb; bit--) {
			if ((field.mask & (1 << bit)) === 0) continue;
			bits.push({
				name: bitName(field, bit - lsb),
				byte: field.fuse,
				bit,
				programmed: (byte & (1 << bit)) === 0,
				meaning,
			});
		}
	}
	const section = bootSection(chip, bytes);
	return {
		bits,
		clock: decodeClock(chip, bytes),
		brownOutVolts: brownOutVolts(chip, bytes),
		bootSection: section === null ? null : {startByteAddress: section.startByteAddress, bytes: section.bytes},
		resetsToBoot: isProgrammed(chip, bytes, 'BOOTRST') ?? false,
		hwbEntry: isProgrammed(chip, bytes, 'HWBE') ?? null,
	};
}

/** One sentence a field makes with the bytes given: `held in reset below 2.6 V`. */
export function describeField(chip: Chip, bytes: FuseBytes, name: string): string {
	return fieldInWords(chip, bytes, name);
}
