// The Step contract, and the one growing record of what the wizard knows.
import type {FC} from 'react';
import type {Board} from '../engine/boards/board.ts';
import type {QmkFinding} from '../engine/boards/qmk.ts';
import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import type {Place} from '../engine/bootloaders/place.ts';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import type {Ends} from '../engine/diagnose/ends.ts';
import type {Diagnosis} from '../engine/diagnose/types.ts';
import type {RiskName} from '../engine/errors.ts';
import type {Backup} from '../engine/image/backup-file.ts';
import type {FlashLook, Reference} from '../engine/image/inspect.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import type {UsbIdentity} from '../engine/procedures/comeback.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';
import type {FlashResult} from '../engine/procedures/flash.ts';
import type {SpareBoard} from '../engine/procedures/prepare.ts';
import type {Store} from '../engine/store.ts';
import type {FuseBytes, Identity, OnProgress, Target} from '../engine/target.ts';
import type {World} from '../engine/transports.ts';
import type {InputChannel} from '../ui/use-guarded-input.ts';
import type {View} from '../ui/view.ts';
import type {LeftBehind} from './left-behind.ts';

export type StepId =
	| 'start'
	| 'diagnosis'
	| 'firstAid'
	| 'arm'
	| 'board'
	| 'programmer'
	| 'wiring'
	| 'identify'
	| 'image'
	| 'fuses'
	| 'review'
	| 'flash'
	| 'comeback'
	| 'keymap'
	| 'result';

export type Connection =
	| {readonly kind: 'serial'; readonly path: string; readonly baud?: number}
	| {readonly kind: 'usb'; readonly key: string}
	/** The second engine: an installed avrdude drives its programmer of this name. */
	| {
			readonly kind: 'avrdude';
			readonly programmer: string;
			/** As it is to be named to a person: `avrdude 7.1 (dragon_isp)`. */
			readonly engine: string;
			readonly port?: string;
	  };

/** What each step settles. */
export type Answers = {
	readonly start: {
		readonly how: 'paste' | 'file' | 'nothing';
		readonly log?: string;
		/** File name, or what the text is called to a person. */
		readonly logName?: string;
		readonly cut?: boolean;
		readonly diagnosis?: Diagnosis;
		/** Goes on with a recovery that was interrupted in an earlier session, on this board. */
		readonly resume?: {readonly chip: string; readonly board?: string; readonly journal?: string};
	};
	readonly diagnosis: {readonly go: 'isp' | 'first-aid' | 'avr-after-all'};
	readonly firstAid: {readonly outcome: 'no-help' | 'not-tried' | 'helped'};
	readonly arm: {readonly seen: true};
	/** Chip undefined: a board of another architecture. */
	readonly board: {
		readonly board?: Board;
		readonly chip?: Chip;
		/** What QMK calls it. */
		readonly keyboard?: string;
		/** No AVR, says QMK: what it is, and where to go. */
		readonly elsewhere?: string;
	};
	readonly programmer: {
		readonly id: string;
		readonly name: string;
		readonly connection: Connection;
	};
	readonly wiring: {
		readonly unplugged: true;
		readonly wired: true;
		/** The person's word that nothing else feeds the board: the programmer's supply may be switched on. */
		readonly powerTarget?: boolean;
	};
	readonly identify: {readonly identity: Identity; readonly chip: Chip};
	readonly image: {
		/** Undefined image: fuse repair only, nothing is erased or written. */
		readonly image?: MemoryImage;
		readonly name: string;
		readonly sha256?: string;
		/** A file of the person's that is no published image: nobody has checked it. */
		readonly own?: true;
		/** Bootloader the board will have, where known. */
		readonly bootloader?: string;
		/** USB identities that the image itself carries: of its bootloader, of its firmware. */
		readonly usb?: {readonly exact?: UsbIdentity; readonly application?: UsbIdentity};
		/** The image is this backup: all of it is brought back. */
		readonly restore?: Backup;
	};
	readonly fuses: {
		readonly fuses: 'keep' | FuseBytes;
		readonly name: string;
		/** Risks accepted by typed word. Consent: dropped whenever anything before it changes. */
		readonly accepted: readonly RiskName[];
	};
	readonly review: {readonly agreed: true; readonly accepted: readonly RiskName[]};
	readonly flash: {
		readonly result: RecoverResult;
		readonly warnings: readonly string[];
		/** How the bootloader was before the erase. */
		readonly look?: string;
		/** The same as a verdict. */
		readonly before?: FlashLook['verdict'];
		readonly report?: string;
	};
	/** What USB showed after the programmer was unplugged. */
	readonly comeback: {
		/** `nothing`: the person went on without it; `nobody-looked`: this bootloader is not on USB. */
		readonly seen: 'bootloader' | 'application' | 'nothing' | 'nobody-looked';
		readonly vidPid?: string;
		readonly name?: string;
		/** How to write a keymap through it. */
		readonly protocol?: BootloaderProtocol;
		/** Where it was seen; absent where several boards came at once. */
		readonly place?: Place;
	};
	readonly keymap: {
		readonly how: 'flashed' | 'later' | 'failed';
		readonly name?: string;
		readonly result?: FlashResult;
	};
	readonly result: {
		readonly next: 'done' | 'again' | 'retry' | 'undo';
		/** For `undo`: what takes the place of these answers. */
		readonly undo?: Undo;
	};
};

/** A backup as answers: its memory and its fuses. */
export type Undo = {readonly image: Answers['image']; readonly fuses: Answers['fuses']};

/** The wizard's record. Only flow.ts changes it. */
export type Known = {readonly [Id in StepId]?: Answers[Id]} & {
	/** A recovery of this very board failed after it had begun: the next one goes on with its backup. */
	readonly again?: true;
};

/** A ready image that can be chosen without a file. */
export type CatalogueImage = {
	readonly id: string;
	readonly name: string;
	/** Bootloader id. */
	readonly bootloader: string;
	/** Where it comes from, for a person. */
	readonly origin: string;
	/** Total is 0 while unknown. Throws an Error that says what to get and from where. */
	readonly load: (onProgress?: OnProgress) => Promise<Uint8Array>;
};

/** The qmk program on this machine. */
export type QmkBuild = {
	/** Is it there, with a checkout to build in? */
	readonly available: () => Promise<boolean>;
	/** Builds firmware and bootloader in one. Rejects never. */
	readonly compile: (
		keyboard: string,
		keymap: string,
		onLine: (line: string) => void,
		cancel: Cancel,
	) => Promise<{readonly ok: true; readonly file: string} | {readonly ok: false; readonly why: string}>;
};

/** The avrdude that is installed on this machine. */
export type AvrdudeEngine = {
	/** Asked when the person opens the list. Throws UnbrickError DeviceMissing, FirmwareTooOld, Refused. */
	readonly find: () => Promise<{
		readonly version: string;
		/** Programmer ids with their descriptions, as it lists them. */
		readonly programmers: ReadonlyMap<string, string>;
	}>;
	/** The target through it; nothing was said to the chip yet. Throws as Target, and as `find`. */
	readonly open: (wanted: {
		readonly programmer: string;
		readonly port?: string;
		readonly board?: Board;
		readonly chip?: Chip;
	}) => Promise<Target>;
};

/** Everything outside that the wizard may reach. Real from src/io, practice from src/bench. */
export type WizardDeps = {
	readonly world: World;
	readonly store: Store;
	/** Reads a file of the person's. Throws an Error whose message can be shown. */
	readonly loadFile: (path: string) => Promise<Uint8Array>;
	/** A log of any length: its first and last part. `loadFile` reads it where this is absent. */
	readonly loadLog?: (path: string) => Promise<Ends>;
	/** What QMK says about a keyboard: its name in a checkout, or one of its files. Throws an Error that can be shown. */
	readonly qmk?: (typed: string) => Promise<QmkFinding>;
	/** Builds firmware, where the qmk program is installed. */
	readonly build?: QmkBuild;
	/** Published bootloaders on this machine, to compare with what a board has. Fetches nothing. */
	readonly references?: (chip: Chip) => Promise<readonly Reference[]>;
	/** Bootloader images at hand for a chip. */
	readonly catalogue?: (wanted: {
		readonly chip: Chip;
		readonly board?: Board;
	}) => Promise<readonly CatalogueImage[]>;
	/** The published program that makes a spare board a programmer, as hex. Throws an Error that says what to get. */
	readonly ispProgram?: (board: SpareBoard, onProgress?: OnProgress) => Promise<Uint8Array>;
	readonly avrdude?: AvrdudeEngine;
	/** Set on the practice bench. */
	readonly practice?: {
		readonly scenario: string;
		/** What the scenario shows, in a sentence. */
		readonly about: string;
		/** A log as somebody with this board would have it. */
		readonly sampleLog: string;
		/** What a person does with cables and buttons, where there are none to take in hand. */
		readonly hands?: {
			/** Unplugs the programmer and plugs the board in by its own cable. */
			readonly plug: () => void;
			/** Presses RESET twice, as fast as a person does. */
			readonly reset: () => Promise<void>;
		};
		/** A made-up keymap for the board. */
		readonly keymap?: {readonly name: string; readonly load: () => Promise<Uint8Array>};
	};
	/** Makes the practice bench, where going over to it is offered. */
	readonly practiceDeps?: () => Promise<WizardDeps>;
	/** Goes over to the practice bench (set by the app); absent where that is not offered. */
	readonly openPractice?: () => void;
	readonly version: string;
};

export type StepProps<Id extends StepId = StepId> = {
	readonly known: Known;
	/** This step's own answer from before, as a suggestion. */
	readonly before: Answers[Id] | undefined;
	readonly deps: WizardDeps;
	readonly view: View;
	readonly input: InputChannel;
	/** The system wants the program to end: finish what must be finished. */
	readonly hangup: Cancel;
	readonly place: {readonly number: number; readonly title: string};
	/** What is settled, for the header. */
	readonly facts: string;
	readonly canGoBack: boolean;
	/** How an earlier write of this run has left this very board unfinished. */
	readonly left?: LeftBehind | undefined;
	readonly onDone: (answer: Answers[Id]) => void;
	/** More of the log came in: the start is answered anew, the screen stays. */
	readonly onMoreLog: (start: Answers['start']) => void;
	/** Goes on with a wizard that was left, at its question. */
	readonly onEnter: (session: {
		readonly known: Known;
		readonly at: StepId;
		readonly page?: string | undefined;
	}) => void;
	/** Where inside this question a wizard that was left is entered again, in the step's own words. */
	readonly page?: string | undefined;
	/** The person went to another page of this question; undefined: back to its beginning. */
	readonly onPage: (page: string | undefined) => void;
	readonly onBack: () => void;
	readonly onAbort: () => void;
	/** Something was written to the board outside of a recovery: how it is left. */
	readonly onTouched: (left: Omit<LeftBehind, 'over' | 'practice' | 'round'>) => void;
	/** Ends the wizard: the chip does not answer, and the person has had enough for now. */
	readonly onGiveUp: (failure: Answers['flash']) => void;
};

export type Step<Id extends StepId = StepId> = {
	readonly id: Id;
	/** Shown in the frame as "Step 3: title". At most 30 characters. */
	readonly title: string;
	/** False when the facts known so far make the step pointless. Pure. */
	readonly applies: (known: Known) => boolean;
	/** Answers this one was based on; when one of them changes it is asked again. */
	readonly dependsOn: readonly StepId[];
	readonly view: StepView<Id>;
};

/** Draws the step. Calls exactly one of onDone, onBack, onAbort, onGiveUp, once. Loaded when it is needed. */
export type StepView<Id extends StepId> = {
	readonly load: () => Promise<FC<StepProps<Id>>>;
	/** Undefined until it is loaded. */
	readonly loaded: () => FC<StepProps<Id>> | undefined;
};
