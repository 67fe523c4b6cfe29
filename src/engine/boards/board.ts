// What a target board is: data with a source. One file per board beside this one.

export type Board = {
	/** `promicro_5v` */
	readonly id: string;
	readonly name: string;
	/** Chip id; for boards of another architecture the chip's printed name and `supported: false`. */
	readonly chip: string;
	readonly supported: boolean;
	/** Why it is not, and where to go instead. Given when `supported` is false. */
	readonly unsupportedReason?: string;
	/** What the clock on the board is: crystal MHz, or internal. */
	readonly clock: {readonly kind: 'xtal' | 'resonator' | 'internal' | 'pll'; readonly mhz: number};
	readonly vcc: number;
	/** Where each signal is, in the words printed on the board. Package pins are in the chip's data. */
	readonly isp: Readonly<Partial<Record<'RESET' | 'SCK' | 'MOSI' | 'MISO' | 'VCC' | 'GND', string>>>;
	/** Which ISP header the board has, if any: `6-pin`, `10-pin`. */
	readonly header?: '6-pin' | '10-pin';
	readonly headerNote?: string;
	readonly packageName?: string;
	/** Default bootloader id. */
	readonly bootloader?: string;
	/** Bootloaders that may be on it, most common first. */
	readonly bootloaders: readonly string[];
	/** Recommendation id (fuses/recommendations) for the default bootloader. */
	readonly fuses?: string;
	/** How its bootloader is entered. */
	readonly enter?: string;
	/** Is HWB pulled low on the board (needed by DFU entry)? undefined: not known. */
	readonly hwbPulledLow?: boolean;
	readonly warnings: readonly string[];
	readonly notes: readonly string[];
	readonly doubtful: readonly string[];
	readonly source: string;
};
