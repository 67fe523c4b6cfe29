// Which of the waiting bootloaders is that of the board that is meant: its chip and its place on the bus decide, and
// where they do not, nobody guesses.
import type {BootloaderClient, BootloaderProtocol} from '../bootloaders/client.ts';
import {type WaitingBootloader, waitingName} from '../bootloaders/open.ts';
import {type Place, placeOf, samePlace} from '../bootloaders/place.ts';
import {sameBytes} from '../bytes.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import {UnbrickError} from '../errors.ts';
import type {World} from '../transports.ts';
import {appearanceOf, openFreshBootloader, waitForBootloader} from './bootloader-entry.ts';

/** What is known of the board. */
export type BoardMeant = {
	readonly protocol: BootloaderProtocol;
	readonly chip: Chip;
	/** Where it was last seen. */
	readonly place?: Place;
	/** Appearances (`appearanceOf`) known to be other boards': they waited already when this one did not. */
	readonly others?: ReadonlySet<string>;
};

/** Whether a loader's identity allows this chip; relatives of one signature count as one. */
export function mayRunOn(waiting: WaitingBootloader, chip: Chip): boolean {
	// An identity shared with a programmer says nothing of the chip: every one this loader is known on may be it.
	if (waiting.mustAsk) return waiting.bootloaders.some(({boot}) => boot.some(row => row.chip === chip.id));
	return (
		waiting.chips.length === 0 || waiting.chips.some(known => sameBytes(known.signature, chip.signature))
	);
}

/**
 * The loader of the board that is meant: the one at its place; else the only one that fits and is not known to be
 * another board's. Undefined when there is none.
 * Throws Ambiguous when several fit, WrongSignature when a loader on another chip waits at the board's place.
 */
export function chooseBoard(
	waiting: readonly WaitingBootloader[],
	{protocol, chip, place, others}: BoardMeant,
): WaitingBootloader | undefined {
	const spoken = waiting.filter(found => found.protocol === protocol);
	const isHere = (found: WaitingBootloader) =>
		place !== undefined && samePlace(placeOf(found), place) === true;
	const fitting = spoken.filter(found => mayRunOn(found, chip));
	const here = fitting.filter(isHere);
	if (here.length === 1) return here[0];
	const wrong = spoken.find(isHere)?.chips[0];
	if (here.length === 0 && wrong !== undefined) {
		throw new UnbrickError({
			kind: 'WrongSignature',
			expected: Uint8Array.from(chip.signature),
			expectedChip: chip.name,
			got: Uint8Array.from(wrong.signature),
			gotChip: wrong.name,
		});
	}
	const left = fitting.filter(found => others?.has(appearanceOf(found)) !== true);
	if (left.length > 1) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: 'the board to flash',
			choices: left.map(waitingName),
		});
	}
	return left[0];
}

/**
 * Waits for a loader that fell off the bus and opens it again: only at the very place where it was, on the same kind
 * of chip. Throws DeviceGone when it does not come back there, and what opening throws.
 */
export async function reopenAtPlace(
	world: World,
	first: WaitingBootloader,
	chip: Chip,
	options: {readonly cancel?: Cancel} = {},
): Promise<BootloaderClient> {
	const back = await waitForBootloader(
		world,
		found =>
			found.protocol === first.protocol &&
			mayRunOn(found, chip) &&
			samePlace(placeOf(found), placeOf(first)) === true,
		options,
	);
	if (back === undefined)
		throw new UnbrickError({kind: 'DeviceGone', path: waitingName(first), during: 'erase'});
	return openFreshBootloader(world, {
		protocol: back.protocol,
		chip,
		...(back.port === undefined ? {} : {port: back.port}),
		...(back.usbKey === undefined ? {} : {usbKey: back.usbKey}),
	});
}
