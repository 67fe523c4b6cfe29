// What a recovery says while it works. The same events feed the screen, the log, `--json` and the tests.
import type {ChipState, ErrorKind} from '../errors.ts';
import type {FlashLook} from '../image/inspect.ts';

export type Phase =
	| 'connect'
	| 'identify'
	| 'backup'
	| 'erase'
	| 'write'
	| 'verify'
	| 'eeprom'
	| 'fuses'
	| 'lock'
	| 'leave';

/** Fuse bytes as text: `{low: '0x5e', …}`. */
export type FuseText = {readonly low: string; readonly high?: string; readonly extended?: string};

/** What was on the chip before anything was changed, from the flash that the backup read. */
export type FlashLookEvent = {
	readonly type: 'look';
	/** Of the bootloader. */
	readonly verdict: FlashLook['verdict'];
	readonly text: string;
	/** Id, where it is one that is known. */
	readonly bootloader?: string;
	/** Published file that it was compared with. */
	readonly comparedWith?: string;
	readonly differingBytes?: number;
	/** `0x7e40` */
	readonly firstAddress?: string;
};

export type RecoverEvent =
	| {readonly type: 'phase'; readonly phase: Phase}
	| {
			readonly type: 'progress';
			readonly phase: Phase;
			readonly doneBytes: number;
			readonly totalBytes: number;
	  }
	| {
			readonly type: 'identity';
			readonly signature: string;
			readonly chip?: string;
			readonly fuses: FuseText;
			readonly lock: string;
			readonly sckHz: number | null;
			readonly targetVolts?: number;
	  }
	| FlashLookEvent
	| {readonly type: 'warning'; readonly code: string; readonly message: string}
	| RecoverResult;

export type RecoverResult =
	| {
			readonly type: 'result';
			readonly ok: true;
			readonly chip: string;
			/** Bytes present in the image. */
			readonly imageBytes: number;
			/** Bytes of the pages sent. */
			readonly writtenBytes: number;
			readonly verifiedBytes: number;
			/** As read back. */
			readonly fuses: FuseText;
			readonly wanted?: FuseText;
			readonly lock: string;
			readonly backup: string | null;
			readonly seconds: number;
			readonly chipState: ChipState;
	  }
	| {
			readonly type: 'result';
			readonly ok: false;
			readonly error: {
				readonly kind: ErrorKind;
				readonly message: string;
				readonly likely: readonly string[];
				readonly next: readonly string[];
				/** For ConsentMissing. */
				readonly risks?: readonly string[];
			};
			readonly chipState: ChipState;
			/** What is to be said of the state besides, in a sentence. */
			readonly stateNote?: string;
			/** What to run to go on, in words. */
			readonly resume?: string;
			readonly backup?: string | null;
			readonly seconds: number;
	  };
