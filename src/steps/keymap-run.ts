// The keymap through the board's own bootloader: is the file one, where does the bootloader wait, write and look.
import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import {bootStartOf} from '../engine/bootloaders/open.ts';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import {inspectImage} from '../engine/image/inspect.ts';
import {parseIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {openFreshBootloader, waitForBootloader} from '../engine/procedures/bootloader-entry.ts';
import {type FlashEvent, flash} from '../engine/procedures/flash.ts';
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
 * Waits for the bootloader as long as it takes (`onMissing` is called once when it is not there), then writes and
 * looks for the keyboard's own identity. Ends in exactly one result event, or without one when cancelled while waiting.
 * Throws what opening a device throws.
 */
export async function runKeymap(
	world: World,
	{
		chip,
		protocol,
		keymap,
	}: {readonly chip: Chip; readonly protocol: BootloaderProtocol; readonly keymap: Keymap},
	cancel: Cancel,
	take: (event: FlashEvent) => void,
	onMissing: () => void,
): Promise<void> {
	const find = (timeoutMs?: number) =>
		waitForBootloader(world, waiting => waiting.protocol === protocol, {
			cancel,
			...(timeoutMs === undefined ? {} : {timeoutMs}),
		});
	const open = async (waiting: Awaited<ReturnType<typeof find>>) => {
		if (waiting === undefined) throw new UnbrickError({kind: 'DeviceGone', path: protocol, during: 'erase'});
		return openFreshBootloader(world, {
			protocol,
			chip,
			...(waiting.port === undefined ? {} : {port: waiting.port}),
			...(waiting.usbKey === undefined ? {} : {usbKey: waiting.usbKey}),
		});
	};
	let waiting = await find(0);
	if (waiting === undefined) onMissing();
	while (waiting === undefined) {
		if (cancel.requested) return;
		await new Promise(resolve => {
			setTimeout(resolve, breathMs);
		});
		waiting = await find(breathMs);
	}
	const events = flash(
		{chip, bootStart: bootStartOf(protocol, chip), image: keymap.image, start: true},
		await open(waiting),
		{clock: world.clock, cancel, world, reopen: async () => open(await find())},
	);
	for await (const event of events) take(event);
}
