// The board round the chip: cable, RESET button, HWB pin, boot key, and what the flash and the fuses make of them.
// Follows the datasheets' boot loader chapters (BOOTRST, BOOTSZ, HWBE; ATmega16U4/32U4 7766J section 27) and what the
// bootloaders do with the reason of a reset.
//
// How a start is decided: RESET leads to 0, or to the boot section (BOOTRST programmed; or HWBE programmed, HWB low and
// RESET by its pin). Blank words do nothing, so the processor walks up to the first word that is not FFFF. If a healthy
// bootloader begins there, it runs and decides for itself whether it stays; at 0 an application runs; anything else is
// a dead board. A program built for another clock enumerates as a device that cannot say who it is.
import type {ChipModel} from '../chip-model.ts';
import {createApplication, createForeignApplication} from './applications.ts';
import {createCaterinaModel} from './caterina.ts';
import {createDfuModel, type DfuOptions} from './dfu.ts';
import {
	createBootloadhidModel,
	createHalfkayModel,
	createLufaHidModel,
	type HalfkayModelOptions,
} from './hid.ts';
import {
	foreignIdentity,
	type LoaderKind,
	type LoaderProgram,
	loaderKinds,
	loaderStart,
	recognise,
} from './images.ts';
import type {LoaderHost} from './loader.ts';
import {createLufaMsModel} from './lufa-ms.ts';
import type {UsbFunction} from './usb-function.ts';
import {createUsbasploaderModel} from './usbasploader.ts';

export type BoardOptions = {
	readonly chip: ChipModel;
	/** The HWB pin is tied low, as boards made for DFU have it. True unless told. */
	readonly hwbLow?: boolean;
	readonly dfu?: DfuOptions;
	readonly halfkay?: HalfkayModelOptions;
};

export type BoardState =
	| {readonly what: 'unplugged'}
	/** Nothing on USB, and why: for tests and for the log, a person must find out. */
	| {readonly what: 'dead'; readonly why: string}
	/** SparkFun's Caterina waits for the second reset. */
	| {readonly what: 'waiting'}
	| {readonly what: 'loader'; readonly kind: LoaderKind}
	| {readonly what: 'application'; readonly program: 'keyboard' | 'sketch' | 'isp' | 'foreign'}
	/** On the bus, but its clock is wrong. */
	| {readonly what: 'unknown-device'};

/** Something on the bus; a new address each time. */
export type OnBus = {
	readonly address: number;
	/** Undefined: the device cannot say who it is. */
	readonly usb: UsbFunction | undefined;
};

/** A write that a bootloader should never have been asked for. */
export type Trespass = {
	readonly atMs: number;
	readonly byteAddress: number;
	readonly what: 'erase' | 'write';
};

export type Board = {
	readonly chip: ChipModel;
	readonly plug: (atMs: number) => void;
	readonly unplug: (atMs: number) => void;
	/** RESET to ground and off again; nothing without a supply. */
	readonly pressReset: (atMs: number) => void;
	/** The key (or button) that some loaders look at when they start. */
	readonly holdKey: (held: boolean) => void;
	/** The keyboard's own boot key: its firmware goes to the bootloader. Nothing unless a keyboard runs. */
	readonly pressBootKey: (atMs: number) => void;
	readonly plugged: () => boolean;
	readonly state: () => BoardState;
	readonly onBus: () => OnBus | undefined;
	/** Lets the time of the board run to `ms`; everything that is due by then happens, in order. */
	readonly runTo: (ms: number) => void;
	/** When something is due next. */
	readonly nextDueMs: () => number | undefined;
	/** Called whenever something appears on the bus or leaves it. */
	readonly onChange: (listener: (() => void) | undefined) => void;
	/** Erases and writes at or above the loader's own place. */
	readonly trespasses: readonly Trespass[];
};

/** From the start of a program until the host has its identity. */
const enumerateMs = 5;
/** Off the bus between two programs, so that the host notices (bootloaders wait 250 ms and more). */
const gapMs = 300;
/** SparkFun's wait for the second reset. */
const doubleResetMs = 750;
/** Arduino core: the watchdog after the touch. */
const touchMs = 120;

type Cause = 'power' | 'reset' | 'firmware';

export function createBoard(options: BoardOptions): Board {
	const {chip} = options;
	const hwbLow = options.hwbLow ?? true;
	const flashBytes = chip.chip.flash.bytes;
	const trespasses: Trespass[] = [];
	let plugged = false;
	let keyHeld = false;
	let state: BoardState = {what: 'unplugged'};
	let onBus: OnBus | undefined;
	let address = 0;
	let nowMs = 0;
	/** Each program that starts is a new life; what an old one had in mind is off. */
	let life = 0;
	let timers: {readonly atMs: number; readonly life: number; readonly work: (ms: number) => void}[] = [];
	let listener: (() => void) | undefined;
	let waitingSinceReset: number | undefined;

	function at(ms: number, work: (ms: number) => void): () => void {
		const timer = {atMs: Math.max(ms, nowMs), life, work};
		timers.push(timer);
		return () => {
			timers = timers.filter(one => one !== timer);
		};
	}
	function show(next: OnBus | undefined): void {
		if (onBus === next) return;
		onBus = next;
		listener?.();
	}
	function end(next: BoardState): void {
		life++;
		timers = [];
		state = next;
		show(undefined);
	}
	function appear(usb: UsbFunction | undefined, next: BoardState, ms: number): void {
		state = next;
		at(ms + enumerateMs, () => {
			address++;
			show({address, usb});
		});
	}
	function hasApplication(): boolean {
		const first = chip.self.flash(0, 2);
		return first[0] !== 0xff || first[1] !== 0xff;
	}
	/** First address from `from` on that holds something, word by word. */
	function skipBlank(flash: Uint8Array, from: number): number | undefined {
		for (let word = from; word < flashBytes; word += 2) {
			if (flash[word] !== 0xff || flash[word + 1] !== 0xff) return word;
		}
		return undefined;
	}
	/** Programs for USB undo CKDIV8 first thing (CLKPR), so only what feeds the divider counts. */
	function clockFits(clockHz: number): boolean {
		return (chip.clockHz() ?? 0) * (chip.self.field('CKDIV8') === 0 ? 8 : 1) === clockHz;
	}
	function loaderAnywhere(flash: Uint8Array): {start: number; program: LoaderProgram} | undefined {
		for (const start of new Set(loaderKinds.map(kind => loaderStart(kind, chip.chip)))) {
			const program = recognise(flash, start);
			if (program !== undefined && program !== 'damaged' && program.program === 'loader')
				return {start, program};
		}
		return undefined;
	}

	function begin(cause: Cause, ms: number): void {
		if (!plugged) {
			end({what: 'unplugged'});
			return;
		}
		end({what: 'dead', why: 'starting'});
		if (!chip.running()) {
			state = {what: 'dead', why: 'no supply, no clock, or held in reset'};
			return;
		}
		const flash = chip.self.flash(0, flashBytes);
		if (cause === 'firmware') {
			const found = loaderAnywhere(flash);
			if (found === undefined) state = {what: 'dead', why: 'the firmware jumped to no bootloader'};
			else runLoader(found.program, found.start, cause, ms);
			return;
		}
		const section = chip.self.bootStart();
		const byFuse = chip.self.field('BOOTRST') === 0;
		const byPin = cause === 'reset' && hwbLow && chip.self.field('HWBE') === 0;
		const from = section !== undefined && (byFuse || byPin) ? section : 0;
		const code = skipBlank(flash, from);
		if (code === undefined) {
			state = {what: 'dead', why: 'the flash is blank'};
			return;
		}
		// LUFA's drive is larger than the boot section: its entry lies in its middle.
		const drive = loaderStart('lufa-ms', chip.chip);
		const start = code === section && code > drive && recognise(flash, drive) !== undefined ? drive : code;
		const program = recognise(flash, start);
		if (program === 'damaged') state = {what: 'dead', why: 'the program is damaged'};
		else if (program?.program === 'loader') runLoader(program, start, cause, ms);
		else if (code === 0) runApplication(ms);
		else state = {what: 'dead', why: 'the reset leads into code that is no bootloader'};
	}

	function runLoader(program: LoaderProgram, start: number, cause: Cause, ms: number): void {
		const {kind} = program;
		const double = kind === 'caterina' && program.doubleReset === true;
		if (hasApplication() && cause !== 'firmware') {
			if (double && cause === 'reset') {
				const wasWaiting = waitingSinceReset;
				waitingSinceReset = undefined;
				if (wasWaiting === undefined || ms - wasWaiting > doubleResetMs) {
					waitingSinceReset = ms;
					state = {what: 'waiting'};
					at(ms + doubleResetMs, dueMs => {
						waitingSinceReset = undefined;
						runApplication(dueMs);
					});
					return;
				}
			} else if (!stays(kind, cause)) {
				runApplication(ms);
				return;
			}
		}
		waitingSinceReset = undefined;
		if (!clockFits(program.clockHz)) {
			appear(undefined, {what: 'unknown-device'}, ms);
			return;
		}
		// SparkFun's waits for its second reset before it looks whether there is anything else to run.
		const readyMs = double && !hasApplication() && cause !== 'firmware' ? ms + doubleResetMs : ms;
		appear(createLoader(program, start, readyMs), {what: 'loader', kind}, readyMs);
	}

	function stays(kind: LoaderKind, cause: Cause): boolean {
		if (kind === 'bootloadhid' || kind === 'usbasploader') return keyHeld;
		return cause === 'reset';
	}

	function createLoader(program: LoaderProgram, start: number, startMs: number): UsbFunction {
		const mine = life;
		let crashed = false;
		// LUFA's drive reaches below the boot section by a routine at the very end of the flash.
		const codeAt = program.kind === 'lufa-ms' ? flashBytes - 2 : start;
		const guarded = (byteAddress: number, what: Trespass['what'], ms: number, done: boolean) => {
			if (byteAddress < start) return;
			trespasses.push({atMs: ms, byteAddress, what});
			if (done) crashed = true;
		};
		const host: LoaderHost = {
			chip,
			program,
			start,
			startMs,
			hasApplication,
			crashed: () => crashed,
			erasePage(byteAddress, ms) {
				const done = chip.self.erasePage(byteAddress, codeAt);
				guarded(byteAddress, 'erase', ms, done);
				return done;
			},
			writePage(byteAddress, data, ms) {
				const done = chip.self.writePage(byteAddress, data, codeAt);
				guarded(byteAddress, 'write', ms, done);
				return done;
			},
			at: (ms, work) =>
				at(ms, dueMs => {
					if (life === mine && !crashed) work(dueMs);
				}),
			leave(ms) {
				at(ms, dueMs => {
					if (life !== mine || crashed) return;
					end({what: 'dead', why: 'between two programs'});
					at(dueMs + gapMs, readyMs => {
						if (hasApplication()) runApplication(readyMs);
						else runLoader(program, start, 'firmware', readyMs);
					});
				});
			},
		};
		switch (program.kind) {
			case 'atmel-dfu':
			case 'lufa-dfu':
			case 'qmk-dfu':
				return createDfuModel(host, options.dfu);
			case 'caterina':
				return createCaterinaModel(host);
			case 'halfkay':
				return createHalfkayModel(host, options.halfkay);
			case 'bootloadhid':
				return createBootloadhidModel(host);
			case 'usbasploader':
				return createUsbasploaderModel(host);
			case 'lufa-hid':
			case 'qmk-hid':
				return createLufaHidModel(host);
			case 'lufa-ms':
				return createLufaMsModel(host);
		}
	}

	function runApplication(ms: number): void {
		end({what: 'dead', why: 'starting'});
		const flash = chip.self.flash(0, flashBytes);
		const program = recognise(flash, 0);
		if (program === 'damaged' || program?.program === 'loader') {
			state = {what: 'dead', why: 'the application is damaged'};
			return;
		}
		if (program === undefined) {
			const identity = foreignIdentity(flash, chip.self.bootStart() ?? flashBytes);
			if (identity === undefined) state = {what: 'dead', why: 'an application that shows nothing on USB'};
			else appear(createForeignApplication(identity), {what: 'application', program: 'foreign'}, ms);
			return;
		}
		if (!clockFits(program.clockHz)) {
			appear(undefined, {what: 'unknown-device'}, ms);
			return;
		}
		const usb = createApplication(program, {
			chip,
			onTouch: touchedMs => {
				at(touchedMs + touchMs, dueMs => begin('firmware', dueMs));
			},
		});
		appear(usb, {what: 'application', program: program.program}, ms);
	}

	function runTo(ms: number): void {
		for (;;) {
			const due = timers.reduce<(typeof timers)[number] | undefined>(
				(first, one) => (one.atMs <= ms && (first === undefined || one.atMs < first.atMs) ? one : first),
				undefined,
			);
			if (due === undefined) break;
			timers = timers.filter(one => one !== due);
			nowMs = Math.max(nowMs, due.atMs);
			due.work(due.atMs);
		}
		nowMs = Math.max(nowMs, ms);
	}

	return {
		chip,
		trespasses,
		plug(ms) {
			runTo(ms);
			if (plugged) return;
			plugged = true;
			waitingSinceReset = undefined;
			begin('power', ms);
		},
		unplug(ms) {
			runTo(ms);
			plugged = false;
			waitingSinceReset = undefined;
			end({what: 'unplugged'});
		},
		pressReset(ms) {
			runTo(ms);
			if (plugged) begin('reset', ms);
		},
		holdKey(held) {
			keyHeld = held;
		},
		pressBootKey(ms) {
			runTo(ms);
			if (state.what === 'application' && state.program !== 'sketch') begin('firmware', ms + touchMs);
		},
		plugged: () => plugged,
		state: () => state,
		onBus: () => onBus,
		runTo,
		nextDueMs: () =>
			timers.length === 0 ? undefined : timers.reduce((first, one) => Math.min(first, one.atMs), Infinity),
		onChange(next) {
			listener = next;
		},
	};
}
