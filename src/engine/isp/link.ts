// What a programmer driver offers to the ISP session: the raw four-byte instruction, and fast blocks beside it.
// The session alone knows instructions; a driver knows only how to carry them.

export type ProgrammerId = 'usbasp' | 'usbtiny' | 'avrisp' | 'arduino-isp' | 'buspirate' | 'avrispmkii';

/** Four bytes as the chip's serial programming table gives them. */
export type Instruction = readonly [number, number, number, number];

/** A whole page, aligned. */
export type FlashPage = {readonly byteAddress: number; readonly data: Uint8Array};

/** What a driver declares about itself, once opened. */
export type LinkCapabilities = {
	/** `all`: the four received bytes are real. `last`: only the fourth is, the others are 0. */
	readonly echo: 'all' | 'last';
	/** SCK steps it can be set to, Hz, rising; empty when SCK is fixed or unknown to us. */
	readonly sckStepsHz: readonly number[];
	/** SCK while it cannot be (or has not been) set, Hz. */
	readonly fixedSckHz: number | null;
	/** Largest flash that its own fast commands reach; above that the session uses raw instructions. */
	readonly fastFlashBytes: number;
	/** Who feeds the target. */
	readonly targetPower: 'switchable' | 'jumper' | 'always' | 'never';
	/** True when `measureTargetVolts` gives a real figure. */
	readonly measuresVolts: boolean;
	/** Firmware as it names itself, for the log and the report. */
	readonly firmware?: string;
	/** Things worth saying that are no errors (old firmware without SCK command …). */
	readonly notes: readonly string[];
};

export type EnterReply = {
	/** `unknown` where the programmer does not pass the echo on (STK500v1). */
	readonly answered: 'yes' | 'no' | 'unknown';
	/** The bytes received for AC 53 00 00, as far as they are known. */
	readonly received: Uint8Array;
	/** What the programmer itself found wrong with the wires (AVRISP mkII): `MOSI`, `no target detected` … */
	readonly programmerSays?: readonly string[];
};

/**
 * A programmer with its transport opened by somebody else. Methods throw UnbrickError (DeviceGone, Timeout,
 * NotInSync, BadReply, Refused, NotAProgrammer, FirmwareTooOld), never TransferFault.
 */
export type IspLink = {
	readonly programmer: ProgrammerId;
	/** Sign-on and capability questions. Once, before anything else. */
	readonly open: () => Promise<LinkCapabilities>;
	/** Takes effect at the next `enter`. Returns the Hz chosen (<= asked where a step allows it). */
	readonly setSck?: (sckHz: number) => Promise<number>;
	/** SCK in use now, Hz; null when unknown. */
	readonly sckHz: () => number | null;
	/** What the session must tell programmers that want sizes before entering (STK500v1 SET_DEVICE). */
	readonly setChip?: (chip: {
		readonly flashBytes: number;
		readonly pageBytes: number;
		readonly eepromBytes: number;
		readonly eepromPageBytes: number;
		readonly pollsReady: boolean;
		readonly eepromPaged: boolean;
		readonly extendedAddress: boolean;
	}) => void;
	/** Takes the target through RESET and one AC 53 attempt. May be called again at any time (re-entry). */
	readonly enter: () => Promise<EnterReply>;
	/** One instruction; always four bytes back, see `echo`. Does not wait for busy times. */
	readonly exchange: (instruction: Instruction) => Promise<Uint8Array>;
	/** Several instructions in order, in as few transfers as the programmer allows. Same replies as `exchange`. */
	readonly exchangeMany?: (instructions: readonly Instruction[]) => Promise<readonly Uint8Array[]>;
	/** `exchange` instead of `exchangeMany` costs a few milliseconds in all while the chip is being identified. */
	readonly cheapExchange?: true;
	/** Largest useful block for readFlash/readEeprom, bytes. */
	readonly readBlockBytes?: number;
	/** Bytes that one more `readFlash` costs in time, beside its own. */
	readonly readOverheadBytes?: number;
	/**
	 * Time from the call of `writeFlashPage` with this data until the chip can see the first of it, ms: the line before
	 * the chip is that slow. A wait that still runs is shorter by it.
	 */
	readonly pageLeadMs?: (data: Uint8Array) => number;
	/** Reads flash by byte address (even), inside one 128 KB bank (64 K words). */
	readonly readFlash?: (byteAddress: number, bytes: number) => Promise<Uint8Array>;
	/**
	 * Loads and commits one whole page (`data.length` = page size, address on a page border), and returns when
	 * the commit was *sent*: `committed` tells whether the firmware also waited for it to finish.
	 * @param next the page that comes right after, where it is known: a programmer that can take in its beginning
	 * while it still works on this one may be sent that. Nothing of it reaches the chip before its own call.
	 */
	readonly writeFlashPage?: (
		byteAddress: number,
		data: Uint8Array,
		next?: FlashPage,
	) => Promise<{readonly committed: boolean}>;
	readonly readEeprom?: (byteAddress: number, bytes: number) => Promise<Uint8Array>;
	/** Writes EEPROM bytes (any length) and returns when they are programmed. */
	readonly writeEeprom?: (byteAddress: number, data: Uint8Array) => Promise<void>;
	/** Only where `targetPower` is `switchable`. */
	readonly setTargetPower?: (on: boolean) => Promise<void>;
	readonly measureTargetVolts?: () => Promise<number | null>;
	/** Releases RESET and lets the lines go. Safe to call twice and after any failure (then it may throw DeviceGone only). */
	readonly leave: () => Promise<void>;
	/**
	 * leave() where still possible, then closes the transport. Never throws.
	 * @param how `hold`: RESET is not released; it stays low as long as the programmer keeps it so
	 */
	readonly close: (how?: {readonly hold: boolean}) => Promise<void>;
};
