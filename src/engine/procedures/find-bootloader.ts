// Which bootloader to flash through: the one that waits, or the one that a sketch can be asked to start. Ambiguity is
// never resolved by guessing.
import type {BootloaderProtocol} from '../bootloaders/client.ts';
import {bootloaders} from '../bootloaders/index.ts';
import {
	bootloaderOfIdentity,
	findWaitingBootloaders,
	vidPidText,
	type WaitingBootloader,
	waitingName,
} from '../bootloaders/open.ts';
import {type Place, placeOf} from '../bootloaders/place.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import {findChip} from '../chips/index.ts';
import {isKind, UnbrickError} from '../errors.ts';
import {chipOfHalfkay} from '../protocols/halfkay/driver.ts';
import type {SerialPortInfo, World} from '../transports.ts';
import {callBootloader, isTouchable, placeOfPort, touchPort} from './bootloader-entry.ts';
import {mayRunOn} from './which-board.ts';

export type WantedBootloader = {
	readonly protocol?: BootloaderProtocol;
	readonly port?: string;
	/** `VID:PID` or `VID:PID@BUS-PORT`, lower case. */
	readonly usb?: string;
	/** A chip the person named: a loader that runs on another one is refused. */
	readonly chip?: Chip;
	/** May a sketch be asked to restart into its loader (1200 baud)? */
	readonly touch: boolean;
};

export type FoundBootloader = {
	readonly protocol: BootloaderProtocol;
	/** Chips it may run on; empty on a bare port. */
	readonly chips: readonly Chip[];
	readonly name: string;
	readonly usbKey?: string;
	readonly port?: string;
	/** The loader as it was seen; absent on a bare port. */
	readonly seen?: WaitingBootloader;
	/** True when it has just appeared: then its port may be refused for a moment. */
	readonly fresh: boolean;
};

function matchesUsb(waiting: WaitingBootloader, usb: string): boolean {
	const [identity, place] = usb.split('@');
	if (waiting.vidPid !== identity) return false;
	return place === undefined || placeOf(waiting).usb?.toLowerCase() === place;
}

/**
 * Whether `--usb` may mean the sketch on this port: its own identity, or a Caterina of the same maker, which is what
 * it restarts into; at the place named.
 */
function isMeantByUsb(port: SerialPortInfo, {usb: at}: Place, usb: string): boolean {
	const [identity = '', place] = usb.split('@');
	const [vendorId = 0, productId = 0] = identity.split(':').map(text => Number.parseInt(text, 16));
	const itself = vidPidText(port.vendorId ?? 0, port.productId ?? 0) === identity;
	const itsLoader =
		port.vendorId === vendorId && bootloaderOfIdentity(vendorId, productId)?.protocol === 'caterina';
	return (itself || itsLoader) && (place === undefined || at?.toLowerCase() === place);
}

/**
 * The sketch that may be asked to restart into the loader that is wanted: undefined when none is. A sketch that the
 * touch restarts comes back as Caterina, so one is left alone when another loader or chip is wanted.
 * Throws Ambiguous when several may be meant.
 */
async function sketchToTouch(
	world: World,
	wanted: WantedBootloader,
): Promise<{readonly port: SerialPortInfo; readonly place: Place} | undefined> {
	if (wanted.protocol !== undefined && wanted.protocol !== 'caterina') return undefined;
	const {chip} = wanted;
	if (chip !== undefined && !chipsOfProtocol('caterina').some(known => known.id === chip.id))
		return undefined;
	const sketches: {port: SerialPortInfo; place: Place}[] = [];
	for (const port of await world.listSerialPorts()) {
		if (!isTouchable(port) || (wanted.port !== undefined && port.path !== wanted.port)) continue;
		const place = await placeOfPort(world, port);
		if (wanted.usb === undefined || isMeantByUsb(port, place, wanted.usb)) sketches.push({port, place});
	}
	if (sketches.length > 1) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: 'the board to restart into its bootloader',
			choices: sketches.map(
				({port, place}) =>
					`${vidPidText(port.vendorId ?? 0, port.productId ?? 0)}${place.usb === undefined ? '' : `@${place.usb}`} (${port.path})`,
			),
		});
	}
	return sketches[0];
}

/**
 * Finds it, after a touch if need be (`onTouch` is told the port).
 * Throws Ambiguous (also where a programmer shows the same identity: then the protocol must be named),
 * DeviceMissing, NoUsbSystem, WrongSignature (it runs on another chip than the one named), Cancelled, and what
 * opening a port throws.
 */
export async function locateBootloader(
	world: World,
	wanted: WantedBootloader,
	options: {readonly cancel?: Cancel; readonly onTouch?: (port: string) => void} = {},
): Promise<FoundBootloader> {
	const isWanted = (waiting: WaitingBootloader) =>
		(wanted.protocol === undefined || waiting.protocol === wanted.protocol) &&
		(wanted.port === undefined || waiting.port === wanted.port) &&
		(wanted.usb === undefined || matchesUsb(waiting, wanted.usb));
	let noUsb: unknown;
	const all = await findWaitingBootloaders(world).catch(error => {
		if (!isKind(error, 'NoUsbSystem')) throw error;
		noUsb = error;
		return [];
	});
	const fits = all.filter(isWanted);
	const waiting = wanted.protocol === undefined ? fits.filter(found => !found.mustAsk) : fits;
	if (waiting.length > 1) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: 'a bootloader',
			choices: waiting.map(waitingName),
		});
	}
	const [only] = waiting;
	if (only !== undefined) return checkChip(await askWhich(world, only), wanted.chip, false);
	const [unnamed] = fits;
	if (unnamed !== undefined) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: unnamed.vidPid,
			choices: [
				`a USBasp programmer`,
				`the keyboard bootloader ${unnamed.name} (--bootloader ${unnamed.protocol})`,
			],
		});
	}

	if (wanted.touch) {
		const sketch = await sketchToTouch(world, wanted);
		if (sketch !== undefined) {
			const {path} = sketch.port;
			options.onTouch?.(path);
			const appeared = await callBootloader(world, () => touchPort(world, path), {
				place: sketch.place,
				fits: found => found.protocol === 'caterina',
				...(options.cancel === undefined ? {} : {cancel: options.cancel}),
			});
			if (options.cancel?.requested)
				throw new UnbrickError({kind: 'Cancelled', during: 'waiting for the bootloader'});
			if (appeared !== undefined) return checkChip(appeared, wanted.chip, true);
		}
	}
	// A bare port (a pty, a bridge) tells nothing: there the person's word counts, and the signature later.
	if (wanted.port !== undefined && wanted.protocol === 'caterina') {
		return {
			protocol: wanted.protocol,
			chips: chipsOfProtocol(wanted.protocol),
			name: 'Caterina',
			port: wanted.port,
			fresh: false,
		};
	}
	if (noUsb !== undefined) throw noUsb;
	throw new UnbrickError({
		kind: 'DeviceMissing',
		what: wanted.protocol === undefined ? 'A bootloader' : `The ${wanted.protocol} bootloader`,
	});
}

function chipsOfProtocol(protocol: BootloaderProtocol): readonly Chip[] {
	const ids = bootloaders
		.filter(loader => loader.protocol === protocol)
		.flatMap(loader => loader.boot.map(row => row.chip));
	return [...new Set(ids)].map(id => findChip(id)).filter(chip => chip !== undefined);
}

/**
 * All Teensys show one identity; which chip it is stands in the report descriptor, where the system lets us read it.
 * Throws NotAProgrammer for a Teensy with another processor, and what opening it throws.
 */
export async function askWhich(world: World, waiting: WaitingBootloader): Promise<WaitingBootloader> {
	if (waiting.protocol !== 'halfkay' || waiting.usbKey === undefined) return waiting;
	const pipe = await world.openHid(waiting.usbKey);
	try {
		const chip = chipOfHalfkay(await pipe.usage?.());
		return chip === undefined ? waiting : {...waiting, chips: [chip]};
	} finally {
		await pipe.close();
	}
}

function checkChip(waiting: WaitingBootloader, chip: Chip | undefined, fresh: boolean): FoundBootloader {
	const [first] = waiting.chips;
	if (chip !== undefined && first !== undefined && !mayRunOn(waiting, chip)) {
		throw new UnbrickError({
			kind: 'WrongSignature',
			expected: Uint8Array.from(chip.signature),
			expectedChip: chip.name,
			got: Uint8Array.from(first.signature),
			gotChip: waiting.chips.map(known => known.name).join(' or '),
		});
	}
	return {
		protocol: waiting.protocol,
		chips: waiting.chips,
		name: waiting.name,
		seen: waiting,
		fresh,
		...(waiting.usbKey === undefined ? {} : {usbKey: waiting.usbKey}),
		...(waiting.port === undefined ? {} : {port: waiting.port}),
	};
}

/**
 * The chip to flash: the one named, or the only one that the loader can run on (variants that read the same signature
 * count as one). Undefined: it must be named.
 */
export function chipOf(found: FoundBootloader, named: Chip | undefined): Chip | undefined {
	if (named !== undefined) return named;
	const [first] = found.chips;
	const same = found.chips.every(chip =>
		chip.signature.every((byte, index) => byte === first?.signature[index]),
	);
	return same ? first : undefined;
}
