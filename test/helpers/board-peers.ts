// What the peer suites of the bootloaders share: a board beside real programs, the images, and what the chip must hold.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {type BenchImage, keyboardImage} from '../../src/bench/boot/images.ts';
import {sameBytes} from '../../src/engine/bytes.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type BoardRig, serveBoard} from './board-rig.ts';
import {asImage, type BoardKind, waitingBoard} from './boards.ts';

export const scratch = mkdtempSync(path.join(tmpdir(), 'bootloaders-'));
after(() => rmSync(scratch, {recursive: true, force: true}));

export const keyboard = keyboardImage(12_345);
export const keyboardHex = hexFile('keyboard.hex', keyboard);
/** The same keyboard, built for the chip of this board. */
export function keyboardFor(kind: BoardKind): {readonly image: BenchImage; readonly file: string} {
	const chip = findChip(kind.chip);
	if (chip === undefined) throw new Error(kind.chip);
	const image = keyboardImage(12_345, {chip});
	return {image, file: hexFile(`keyboard-${kind.chip}.hex`, image)};
}
export const old = keyboardImage(20_000, {vendorId: 0xbeef, productId: 0x0001});

export function hexFile(name: string, ...images: readonly BenchImage[]): string {
	const file = path.join(scratch, name);
	writeFileSync(file, printIntelHex(createImage(images)));
	return file;
}

type Served = Awaited<ReturnType<typeof waitingBoard>> & {readonly rig: BoardRig};

/** A board with its loader waiting, beside real programs. */
export async function withBoard(
	kind: BoardKind,
	applications: readonly BenchImage[],
	work: (served: Served) => Promise<void>,
): Promise<void> {
	const board = await waitingBoard(kind, applications);
	const rig = await serveBoard(board.board);
	rig.skip(board.clock.nowMs());
	try {
		await work({...board, rig});
	} finally {
		rig.close();
	}
}

const settleMs = 20;
export async function until(what: string, rig: BoardRig, is: () => boolean, limitMs = 5000): Promise<void> {
	for (let waited = 0; !is(); waited += settleMs) {
		assert.ok(waited < limitMs, `${what}: ${JSON.stringify(rig.board.state())}`);
		await new Promise(resolve => setTimeout(resolve, settleMs));
	}
}
export const isKeyboard = (rig: BoardRig) => () => rig.board.state().what === 'application';

export function assertHoldsImage(served: Omit<Served, 'rig'>, image: BenchImage, said: string): void {
	const wanted = asImage(image).slice(0, served.bootStart);
	assert.ok(
		sameBytes(served.chip.self.flash(0, served.bootStart), wanted),
		`the chip holds the image\n${said}`,
	);
	assert.deepEqual(served.board.trespasses, []);
	const {byteAddress, data} = served.loader;
	assert.ok(sameBytes(served.chip.self.flash(byteAddress, data.length), data), 'the loader is whole');
}
export type FlashOutcome = {
	readonly ok: boolean;
	readonly verified?: boolean;
	readonly verifiedBytes?: number;
	readonly started?: boolean;
	readonly application?: {readonly vidPid: string} | null;
	readonly error?: {readonly kind: string; readonly message: string};
	readonly chipState?: string;
};
export function resultOf(stdout: string): FlashOutcome {
	const last = stdout.trim().split('\n').at(-1) ?? '';
	return JSON.parse(last) as FlashOutcome;
}
