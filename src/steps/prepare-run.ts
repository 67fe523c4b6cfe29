// A spare board becomes a programmer: which hex is right for it, and the run itself with its events folded for a screen.
import {useCallback, useEffect, useRef, useState} from 'react';
import {bootStartOf} from '../engine/bootloaders/open.ts';
import {createCancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import {checkWritable, inspectImage, knownImageOf} from '../engine/image/inspect.ts';
import {parseIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {isTouchable} from '../engine/procedures/bootloader-entry.ts';
import {checkImage} from '../engine/procedures/check-plan.ts';
import type {FlashPhase, FlashResult} from '../engine/procedures/flash.ts';
import {
	type PrepareEvent,
	type PrepareResult,
	prepare,
	type SpareBoard,
} from '../engine/procedures/prepare.ts';
import {checkApplication} from '../engine/protocols/client-help.ts';
import type {World} from '../engine/transports.ts';
import type {StepProps} from './step.ts';

export type IspProgram = {
	readonly image: MemoryImage;
	readonly name: string;
	/** None of the published ISP programs: nobody has checked that it makes the board a programmer. */
	readonly unknown: boolean;
};

/**
 * An ISP program's file, looked at without hardware.
 * @throws UnbrickError BadHex, ImageTooLarge, OverlapsBootloader: it is something else that is known, is built for
 * another chip, or would reach into the spare board's bootloader
 */
export function readIspProgram(bytes: Uint8Array, name: string, board: SpareBoard, chip: Chip): IspProgram {
	const {image, complete} = parseIntelHex(bytes, name);
	checkImage(image, chip, name);
	const found = inspectImage(image, {chip, file: name});
	checkWritable(found, {name, complete});
	const known = knownImageOf(image);
	if (known !== undefined && known.id !== board) {
		throw new UnbrickError({
			kind: 'BadHex',
			file: name,
			reason: `it is ${known.image.file}, which does not make this board a programmer`,
		});
	}
	checkApplication(image, {chip, bootStart: bootStartOf(protocolOf(board), chip)});
	return {image, name, unknown: known === undefined};
}

export function protocolOf(board: SpareBoard): 'halfkay' | 'caterina' {
	return board === 'teensy2_isp' ? 'halfkay' : 'caterina';
}

/** The one port whose sketch can be asked to restart; with several, the person resets the right board by hand. */
export async function portToTouch(world: World, board: SpareBoard): Promise<string | undefined> {
	if (board !== 'promicro_isp') return undefined;
	const ports = (await world.listSerialPorts().catch(() => [])).filter(port => isTouchable(port));
	return ports.length === 1 ? ports[0]!.path : undefined;
}

export type PreparePhase = 'find' | 'keep' | FlashPhase;

export type PrepareState = {
	readonly phase: PreparePhase;
	readonly done: number;
	readonly total: number;
	/** The person must do this now. */
	readonly asked?: 'double-reset' | 'press-button';
	/** What the write itself ended in. */
	readonly written?: FlashResult;
	readonly end?: PrepareResult;
};

const atFirst: PrepareState = {phase: 'find', done: 0, total: 0};

/** What an event makes of what is shown. */
export function foldPrepare(state: PrepareState, event: PrepareEvent): PrepareState {
	const {asked: _asked, ...rest} = state;
	switch (event.type) {
		case 'ask':
			return {...state, asked: event.what};
		case 'found':
			return {...rest, phase: event.keeping ? 'keep' : 'connect'};
		case 'phase':
			return {...rest, phase: event.phase, done: 0, total: 0};
		case 'progress':
			return {...rest, phase: event.phase, done: event.doneBytes, total: event.totalBytes};
		case 'result':
			return {...rest, written: event};
		case 'prepared':
			return {...rest, end: event};
		default:
			return state;
	}
}

/** Runs `prepare` once per `run` while there is a program to write. `kept`: where old firmware was put, oldest first. */
export function usePrepare(
	{deps, hangup}: Pick<StepProps, 'deps' | 'hangup'>,
	board: SpareBoard,
	program: IspProgram | undefined,
	run: number,
) {
	const [state, setState] = useState(atFirst);
	const [kept, setKept] = useState<readonly string[]>([]);
	/** The run's own wish to stop: a reference, since a key may come before the next drawing. */
	const current = useRef(createCancel());
	const stop = useCallback(() => current.current.request(), []);
	/** The board's port is opened by one at a time: a run that was left closes it first. */
	const busy = useRef<Promise<void>>(Promise.resolve());
	useEffect(() => hangup.onRequest(stop), [hangup, stop]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: a new run begins with its number alone
	useEffect(() => {
		if (program === undefined) return;
		let here = true;
		const cancel = createCancel();
		current.current = cancel;
		setState(atFirst);
		const {store, world} = deps;
		const work = async () => {
			const touch = await portToTouch(world, board);
			if (cancel.cancel.requested) return;
			const stamp = store.nowIso().replace(/[^0-9]/g, '');
			const options = {
				board,
				image: program.image,
				// A name of its own for each run: the second must not write over the first.
				keepAs: `before-${board}-${stamp.slice(0, 14)}.hex`,
				...(touch === undefined ? {} : {touch}),
				// As long as it takes: Esc ends it.
				patienceMs: Number.POSITIVE_INFINITY,
			};
			for await (const event of prepare(options, {world, store, cancel: cancel.cancel})) {
				if (event.type === 'kept') setKept(before => [...before, event.path]);
				if (here) setState(before => foldPrepare(before, event));
			}
		};
		busy.current = busy.current.then(work);
		return () => {
			here = false;
			cancel.request();
		};
	}, [program, run]);
	return {state, kept, stop};
}
