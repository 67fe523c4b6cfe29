// The keymap through the board's own bootloader: is the file one, where does the bootloader wait, write and look.
import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import {bootStartOf, findWaitingBootloaders, type WaitingBootloader} from '../engine/bootloaders/open.ts';
import {type Place, placeOf, samePlace} from '../engine/bootloaders/place.ts';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import {inspectImage} from '../engine/image/inspect.ts';
import {parseIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {appearanceOf, openFreshBootloader} from '../engine/procedures/bootloader-entry.ts';
import {askWhich} from '../engine/procedures/find-bootloader.ts';
import {type FlashEvent, flash} from '../engine/procedures/flash.ts';
import {chooseBoard, reopenAtPlace} from '../engine/procedures/which-board.ts';
import {checkApplication} from '../engine/protocols/client-help.ts';
import type {World} from '../engine/transports.ts';

export type Keymap = {
	readonly image: MemoryImage;
	readonly name: string;
	/** Something to know before it is written. */
	readonly warnings: readonly string[];
};

/**
 * A keymap file, looked at without hardware. Throws UnbrickError BadHex, ImageTooLarge, OverlapsBootloader, Refused:
 * it is no application, is built for another chip, or would reach into the bootloader.
 */
export function readKeymap(
	bytes: Uint8Array,
	name: string,
	chip: Chip,
	protocol: BootloaderProtocol,
): Keymap {
	const {image, notes} = parseIntelHex(bytes, name);
	const found = inspectImage(image, {chip, file: name});
	const {bootloader, kind} = found;
	if (bootloader !== undefined && found.application === undefined) {
		throw new UnbrickError({
			kind: 'OverlapsBootloader',
			byteAddress: image.start,
			bootStart: bootloader.startByteAddress,
		});
	}
	const unfit = kind === 'eeprom' || kind === 'blank' || kind === 'foreign';
	const other = found.notes.find(note => note.code === 'other-chip' || (unfit && note.severity === 'error'));
	if (unfit || other !== undefined) {
		const reason = (other?.text ?? `it holds no keyboard firmware (${kind})`).replace(/\.$/, '');
		throw new UnbrickError({kind: 'BadHex', file: name, reason});
	}
	checkApplication(image, {chip, bootStart: bootStartOf(protocol, chip)});
	return {
		image,
		name,
		warnings: [...notes, ...found.notes].filter(note => note.severity === 'warning').map(note => note.text),
	};
}

/** Real time between two looks for the bootloader. Our choice. */
const breathMs = 50;

/**
 * Waits for the board's bootloader as long as it takes (`onMissing` is called once when it is not there), then writes
 * and looks for the keyboard's own identity. Ends in exactly one result event, or without one when cancelled while
 * waiting. `place` is where the board was seen: a loader that waits elsewhere from the beginning is another board's.
 * Throws Ambiguous when several may be the board, WrongSignature when another chip waits at its place, and what opening
 * a device throws.
 */
export async function runKeymap(
	world: World,
	{
		chip,
		protocol,
		keymap,
		place,
	}: {
		readonly chip: Chip;
		readonly protocol: BootloaderProtocol;
		readonly keymap: Keymap;
		readonly place?: Place;
	},
	cancel: Cancel,
	take: (event: FlashEvent) => void,
	onMissing: () => void,
): Promise<void> {
	const atStart = await findWaitingBootloaders(world);
	const others = new Set(
		place === undefined
			? []
			: atStart.filter(found => samePlace(placeOf(found), place) !== true).map(appearanceOf),
	);
	const meant = {protocol, chip, others, ...(place === undefined ? {} : {place})};
	const find = async (): Promise<WaitingBootloader | undefined> => {
		const waiting = await findWaitingBootloaders(world);
		// All Teensys look alike until they are asked: only where that decides.
		const alike = waiting.filter(found => found.protocol === protocol).length > 1;
		return chooseBoard(
			alike && protocol === 'halfkay'
				? await Promise.all(waiting.map(found => askWhich(world, found).catch(() => found)))
				: waiting,
			meant,
		);
	};
	let waiting = await find();
	if (waiting === undefined) onMissing();
	while (waiting === undefined) {
		if (cancel.requested) return;
		await new Promise(resolve => {
			setTimeout(resolve, breathMs);
		});
		await world.clock.sleep(breathMs);
		waiting = await find();
	}
	const board = waiting;
	const client = await openFreshBootloader(world, {
		protocol,
		chip,
		...(board.port === undefined ? {} : {port: board.port}),
		...(board.usbKey === undefined ? {} : {usbKey: board.usbKey}),
	});
	const events = flash(
		{chip, bootStart: bootStartOf(protocol, chip), image: keymap.image, start: true},
		client,
		{
			clock: world.clock,
			cancel,
			world,
			place: placeOf(board),
			reopen: () => reopenAtPlace(world, board, chip, {cancel}),
		},
	);
	for await (const event of events) take(event);
}
