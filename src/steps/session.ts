// The wizard can be left and entered again at the same question: its answers lie in the state folder meanwhile.
// Loaded after the first frame: it knows all chips and boards.
import {findBoard} from '../engine/boards/index.ts';
import {hexString} from '../engine/bytes.ts';
import {findChip} from '../engine/chips/index.ts';
import {createImage, type MemoryImage} from '../engine/image/memory-image.ts';
import type {Store} from '../engine/store.ts';
import type {FlowState} from './flow.ts';
import type {Known, StepId} from './step.ts';

/** A wizard that was left. */
export type Session = {readonly known: Known; readonly at: StepId; readonly page?: string | undefined};

const file = 'session.json';
/** Another shape of answers gets another number: what an older program wrote is then not taken up. */
const format = 1;

function isImage(value: object): value is MemoryImage {
	return 'ranges' in value && 'touches' in value && 'slice' in value;
}

/** Chips and boards by name, images and bytes as hexadecimal digits. */
function pack(value: unknown): unknown {
	if (value instanceof Uint8Array) return {$bytes: hexString(value)};
	if (Array.isArray(value)) return value.map(pack);
	if (typeof value !== 'object' || value === null) return value;
	if (isImage(value)) {
		const chunks = value.ranges.map(({start, end}) => [start, hexString(value.slice(start, end - start))]);
		return {$image: chunks};
	}
	if ('id' in value && typeof value.id === 'string') {
		if (findChip(value.id) === value) return {$chip: value.id};
		if (findBoard(value.id) === value) return {$board: value.id};
	}
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, pack(part)]));
}

/** Throws for anything that `pack` did not write. */
function unpack(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(unpack);
	if (typeof value !== 'object' || value === null) return value;
	const part = value as Readonly<Record<string, unknown>>;
	if (typeof part.$bytes === 'string') return bytesOfHex(part.$bytes);
	if (Array.isArray(part.$image)) {
		return createImage(
			part.$image.map(([byteAddress, text]: [number, string]) => ({byteAddress, data: bytesOfHex(text)})),
		);
	}
	if (typeof part.$chip === 'string') return known(findChip(part.$chip), part.$chip);
	if (typeof part.$board === 'string') return known(findBoard(part.$board), part.$board);
	return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, unpack(inner)]));
}

function bytesOfHex(text: string): Uint8Array {
	if (!/^(?:[\da-f]{2})*$/.test(text)) throw new Error('not hexadecimal digits');
	return Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
}

function known<T>(found: T | undefined, name: string): T {
	if (found === undefined) throw new Error(`nothing here is called ${name}`);
	return found;
}

/** Questions at which there is nothing to keep, or something else keeps it (the journal, while the chip is written). */
const notKept: readonly StepId[] = ['start', 'flash', 'result', 'arm'];

/**
 * Keeps the answers, or takes them away where there is nothing more to come back to.
 * A store that fails is no reason to stop: then the wizard simply cannot be entered again.
 */
export async function keepSession(store: Store, state: FlowState): Promise<void> {
	try {
		if (state.at === 'start') return;
		if (state.finished || notKept.includes(state.at) || state.known.image?.restore !== undefined) {
			await store.remove(file);
			return;
		}
		await store.writeDurably(
			file,
			JSON.stringify({format, at: state.at, page: state.page, known: pack(state.known)}),
		);
	} catch {}
}

/** Undefined when nothing was kept, or nothing that this program understands. */
export async function findSession(store: Store): Promise<Session | undefined> {
	try {
		const text = await store.readText(file);
		if (text === undefined) return undefined;
		const told = JSON.parse(text) as {format?: unknown; at?: unknown; page?: unknown; known?: unknown};
		if (told.format !== format || typeof told.at !== 'string') return undefined;
		return {
			at: told.at as StepId,
			known: unpack(told.known) as Known,
			...(typeof told.page === 'string' ? {page: told.page} : {}),
		};
	} catch {
		return undefined;
	}
}
