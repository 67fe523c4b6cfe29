// What a chip is to this program: figures with a source. One data file per chip beside this file.

/** Fuse bytes by the datasheet's name. */
export type FuseName = 'low' | 'high' | 'extended';

/** ISP signals in the order in which a person wires them. */
export type IspSignal = 'RESET' | 'SCK' | 'MOSI' | 'MISO' | 'VCC' | 'GND';

/** One named field inside a fuse or lock byte. */
export type BitField = {
	/** Datasheet name: `SPIEN`, `CKSEL` with SUT as `SUT_CKSEL`, `BODLEVEL`, `BOOTSZ` … */
	readonly name: string;
	/** Bits of the byte that the field takes, contiguous. */
	readonly mask: number;
};

export type FuseByte = {
	/** Implemented bits. Write `(value & mask) | (~mask & 0xff)`, compare under the mask. */
	readonly mask: number;
	/** Value as delivered (unimplemented bits 1). */
	readonly factory: number;
	readonly fields: readonly BitField[];
};

export type ClockKind =
	| 'ext_clock'
	| 'int_rc'
	| 'int_128k'
	| 'lf_xtal_32k'
	| 'lf_xtal_32k_intcap'
	| 'xtal'
	| 'xtal_full_swing'
	| 'resonator'
	| 'ext_rc'
	| 'pll'
	| 'tiny15_compat';

/** One code of the SUT_CKSEL field. A code that has no row is reserved. */
export type ClockRow = {
	readonly code: number;
	readonly kind: ClockKind;
	/** Nominal frequency for internal sources, MHz; null where the outside decides. */
	readonly mhz: number | null;
	/** Range of an outside source, MHz; a null maximum is open-ended; null: not applicable. */
	readonly rangeMHz: readonly [number, number | null] | null;
	/** Start-up time as the datasheet words it. */
	readonly startup: string;
};

/** One code of the BODLEVEL field; `volts: null` is the detector off. A code that has no row is reserved. */
export type BrownOutRow = {readonly code: number; readonly volts: number | null};

export type BootSection = {
	/** Value of the BOOTSZ field. */
	readonly bootsz: number;
	/** Byte address at which the section starts. */
	readonly startByteAddress: number;
	readonly bytes: number;
};

/** One physical package: pin numbers count from pin 1. */
export type ChipPackage = {
	/** `TQFP44`, `PDIP28` … */
	readonly name: string;
	/** How many pins stand round the body (without an exposed pad). */
	readonly pinCount: number;
	/** What the pad under the body is connected to, where there is one. */
	readonly exposedPad?: string;
	/** Signal or supply name to pin numbers: RESET, SCK, MOSI, MISO, VCC, GND, XTAL1, XTAL2, HWB, AVCC … */
	readonly pins: Readonly<Record<string, readonly number[]>>;
};

export type Chip = {
	/** Lower-case full name: `atmega32u4`. */
	readonly id: string;
	/** As printed on the part: `ATmega32U4`. */
	readonly name: string;
	/** avrdude's short name: `m32u4`. */
	readonly avrdudeId: string;
	readonly signature: readonly [number, number, number];
	/** Ids of other chips that answer with the same signature (letter variants, 1286/1287 …). */
	readonly signatureSharedWith: readonly string[];
	readonly flash: {readonly bytes: number; readonly pageBytes: number};
	readonly eeprom: {
		readonly bytes: number;
		readonly pageBytes: number;
		/** True where C1/C2 (page buffer) exist; otherwise bytes are written one by one with C0. */
		readonly paged: boolean;
	};
	/** Above 64 K words the instruction 4D loads the extended address. */
	readonly extendedAddress: boolean;
	/** F0 00 polls RDY/BSY; absent on ATmega8/16/32/64/128. */
	readonly pollsReady: boolean;
	readonly fuses: Readonly<Partial<Record<FuseName, FuseByte>>> & {readonly low: FuseByte};
	readonly lock: {
		readonly mask: number;
		readonly fields: readonly BitField[];
		/** Value as delivered when that is not simply unlocked (0xec on plain U4 and U2 parts). */
		readonly factory: number;
	};
	/** Triples as delivered where one chip ships in several settings (plain and RC parts). */
	readonly factoryVariants: readonly {
		readonly name: string;
		readonly low: number;
		readonly high?: number;
		readonly extended?: number;
		readonly lock?: number;
		readonly source: string;
	}[];
	readonly clocks: readonly ClockRow[];
	readonly brownOut: readonly BrownOutRow[];
	readonly bootSections: readonly BootSection[];
	/** Which fuse byte holds BOOTSZ and BOOTRST; null on chips without a boot section. */
	readonly bootFuse: FuseName | null;
	/** Waits that are always long enough when RDY/BSY is not polled. */
	readonly waits: {
		readonly flashPageMs: number;
		readonly eepromMs: number;
		readonly eraseMs: number;
		readonly fuseMs: number;
		readonly lockMs: number;
	};
	/** Datasheet figures as avrdude's tables carry them; a busy chip is ready after about this long. */
	readonly typicalWaits: {
		readonly flashPageMs: number;
		readonly eepromMs: number;
		readonly eraseMs: number;
		readonly fuseMs: number;
	};
	/** What the STK500 tables of the ATDF give: generous. */
	readonly stk500Waits: {readonly flashPageMs: number; readonly eepromMs: number; readonly eraseMs: number};
	/** Supply range, volts. */
	readonly vccRange: readonly [number, number];
	readonly fmaxHz: number;
	/** The clock that runs with factory fuses, Hz, or null where the outside decides. */
	readonly factoryFcpuHz: number | null;
	/** Port names of the ISP signals: `{SCK: 'PB1', …}`. */
	readonly ispPorts: Readonly<Record<'SCK' | 'MOSI' | 'MISO' | 'RESET', string>>;
	readonly packages: readonly ChipPackage[];
	/** USB product id of Atmel's DFU loader for this chip (vendor 0x03eb); null without one. */
	readonly dfuUsbPid: number | null;
	/** Which bootloader families QMK builds for it. */
	readonly qmk: 'lufa' | 'vusb' | null;
	/** Facts worth a sentence to a person. */
	readonly quirks: readonly string[];
	/** Documents, tables. Never from memory. */
	readonly source: string;
};
