// What a bootloader model is given by the board that it runs on.
import type {ChipModel} from '../chip-model.ts';
import type {LoaderProgram} from './images.ts';

export type LoaderHost = {
	readonly chip: ChipModel;
	readonly program: LoaderProgram;
	/** When the loader began to run. */
	readonly startMs: number;
	/** First byte of the loader itself: the application ends below it. */
	readonly start: number;
	/** Erases a page by SPM; false when the chip does not let it. A page of the loader's own place is its end. */
	readonly erasePage: (byteAddress: number, atMs: number) => boolean;
	/** Clears bits of a page; `data` is a whole page. */
	readonly writePage: (byteAddress: number, data: Uint8Array, atMs: number) => boolean;
	/** True while word 0 is not FFFF. */
	readonly hasApplication: () => boolean;
	/** Runs `work` at `ms` unless the program has ended by then. Returns how to call it off. */
	readonly at: (ms: number, work: (ms: number) => void) => () => void;
	/** Off the bus at `atMs`; then the application starts (through a watchdog reset or a jump: the same outside). */
	readonly leave: (atMs: number) => void;
	/** The loader has erased itself: nothing of it answers any more. */
	readonly crashed: () => boolean;
};

/** Erase or write of one page by SPM (datasheets, "SPM programming time": 3.7 to 4.5 ms). */
export const spmMs = 4.5;
/** A small class request on a full-speed device: setup, data, status within a frame or two. */
export const requestMs = 1;
