// The options as commander hands them over: text, checked later by parse.ts.

/** Options of every command that touches hardware. */
export type HardwareOptions = {
	readonly programmer?: string;
	readonly port?: string;
	readonly usb?: string;
	readonly baud?: string;
	readonly chip?: string;
	readonly board?: string;
	readonly sck?: string;
	readonly powerTarget?: boolean;
	readonly openDrain?: boolean;
	readonly log?: string;
	readonly json?: boolean;
};

export type RecoverOptions = HardwareOptions & {
	readonly hex?: string;
	readonly bootloader?: string;
	readonly app?: string;
	readonly fuses?: string;
	readonly lock?: string;
	readonly backup?: string;
	/** False with `--no-erase`. */
	readonly erase: boolean;
	readonly verify?: string;
	/** True without a journal named: the latest. */
	readonly resume?: true | string;
	/** True without a journal named: all of them. */
	readonly forget?: true | string;
	readonly recipe?: string;
	readonly saveRecipe?: string;
	readonly repeat?: boolean;
	readonly yes?: boolean;
	readonly accept: readonly string[];
	readonly dryRun?: boolean;
};

export type BoardsOptions = {readonly qmk?: string; readonly json?: boolean};

export type BackupOptions = HardwareOptions & {readonly output: string};

export type RestoreOptions = HardwareOptions & {
	readonly yes?: boolean;
	readonly accept: readonly string[];
	readonly dryRun?: boolean;
};

export type PrepareOptions = HardwareOptions & {readonly firmware?: string; readonly yes?: boolean};

export type FlashOptions = HardwareOptions & {
	readonly bootloader?: string;
	/** False with `--no-touch`. */
	readonly touch: boolean;
	/** False with `--no-start`. */
	readonly start: boolean;
};

export type WiringOptions = {
	readonly json?: boolean;
	readonly svg?: string;
	readonly linear?: boolean;
	readonly package?: string;
};

export type FusesOptions = {readonly json?: boolean; readonly board?: string; readonly from?: string};
export type InspectOptions = {readonly json?: boolean; readonly chip?: string};
export type MergeOptions = {readonly json?: boolean; readonly chip: string; readonly output: string};
export type DevicesOptions = {
	readonly json?: boolean;
	readonly udev?: boolean;
	readonly avrdude?: boolean;
	readonly borrow?: boolean;
};
