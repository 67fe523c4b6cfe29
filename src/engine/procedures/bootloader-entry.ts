// Getting a board into its bootloader without a button: the 1200-baud touch, then waiting for the new identity and
// winning the race for its port. Sources: Arduino core CDC.cpp (touch), AVR109/Caterina (8 s window), field reports.

import type {BootloaderClient} from '../bootloaders/client.ts';
import {
	type BootloaderChoice,
	bootloaderOfIdentity,
	findWaitingBootloaders,
	openBootloader,
	type WaitingBootloader,
	waitingName,
} from '../bootloaders/open.ts';
import {deviceOfPort, type Place, placeOf, samePlace} from '../bootloaders/place.ts';
import type {Cancel} from '../cancel.ts';
import {isKind, UnbrickError} from '../errors.ts';
import type {SerialPortInfo, World} from '../transports.ts';

/** Opening at this rate and dropping DTR asks an Arduino-core sketch to restart into its loader. */
const touchBaud = 1200;
/** How long DTR stays down before the port is closed: the core arms its watchdog on the line change. */
const touchHoldMs = 100;
/** The loader enumerates within 2 s; slow hosts need more (the field waits 8 to 10 s). */
export const appearTimeoutMs = 10_000;
/** Caterina's window is 8 s: look often. */
const appearPollMs = 100;
/** A new port is refused for a moment while the system sets its rights; the same limits as the Arduino IDE's. */
const openRetryMs = 3000;
const openPauseMs = 100;

/** Sketch identities that understand the touch: the loader's vendor, and not a bootloader's own product. */
const touchableVendors: ReadonlySet<number> = new Set([0x2341, 0x2a03, 0x1b4f, 0x239a, 0x1ffb, 0x1209]);
/** UART bridges carry the same vendor on Uno and Mega; a touch does nothing there but reset them. */
const bridgeProducts: ReadonlySet<number> = new Set([0x0043, 0x0001, 0x0243, 0x006a, 0x0010, 0x0042]);

/** True for a port that runs an Arduino-core sketch with native USB, which a touch can restart. */
export function isTouchable(port: SerialPortInfo): boolean {
	if (port.vendorId === undefined || port.productId === undefined) return false;
	if (!touchableVendors.has(port.vendorId) || bridgeProducts.has(port.productId)) return false;
	return bootloaderOfIdentity(port.vendorId, port.productId) === undefined;
}

/** Opens `path` at 1200 baud, drops DTR, closes. Errors after the open are the point: the device leaves. */
export async function touchPort(world: World, path: string): Promise<void> {
	const stream = await world.openSerial(path, {baud: touchBaud});
	try {
		await stream.setLines({dtr: false, rts: false});
		await world.clock.sleep(touchHoldMs);
	} catch {
		// It has already gone, which is what was asked for.
	}
	await stream.close();
}

/**
 * Waits until a bootloader that `fits` is on the bus. Undefined after `timeoutMs` or when cancelled.
 */
export async function waitForBootloader(
	world: World,
	fits: (waiting: WaitingBootloader) => boolean,
	options: {readonly timeoutMs?: number; readonly cancel?: Cancel} = {},
): Promise<WaitingBootloader | undefined> {
	const endMs = world.clock.nowMs() + (options.timeoutMs ?? appearTimeoutMs);
	for (;;) {
		const found = (await findWaitingBootloaders(world)).find(fits);
		if (found !== undefined) return found;
		if (options.cancel?.requested || world.clock.nowMs() >= endMs) return undefined;
		await world.clock.sleep(appearPollMs);
	}
}

/** One stay on the bus: a loader that leaves and comes back is another appearance where the system tells. */
export function appearanceOf(waiting: WaitingBootloader): string {
	return `${waiting.vidPid} ${waiting.usbKey ?? ''} ${waiting.port ?? ''}`;
}

/**
 * Makes a board go into its loader by `call` and waits for that loader: one that was not there before, and at
 * `place` as far as both places are known. One that has waited all the time is another board's and never taken.
 * Undefined after `timeoutMs` or when cancelled. Throws Ambiguous when several come at once, and what `call` throws.
 */
export async function callBootloader(
	world: World,
	call: () => Promise<unknown>,
	options: {
		readonly place?: Place;
		readonly fits?: (waiting: WaitingBootloader) => boolean;
		/** Appearances that waited before; seen by itself when not given. */
		readonly before?: ReadonlySet<string>;
		readonly timeoutMs?: number;
		readonly cancel?: Cancel;
	} = {},
): Promise<WaitingBootloader | undefined> {
	const {place = {}, fits = () => true, timeoutMs = appearTimeoutMs, cancel} = options;
	// Without a USB system serial ports may still be there.
	const look = () =>
		findWaitingBootloaders(world).catch(error => {
			if (isKind(error, 'NoUsbSystem')) return [];
			throw error;
		});
	const before = options.before ?? new Set((await look()).map(appearanceOf));
	await call();
	const endMs = world.clock.nowMs() + timeoutMs;
	for (;;) {
		const came = (await look()).filter(
			found => fits(found) && !before.has(appearanceOf(found)) && samePlace(placeOf(found), place) !== false,
		);
		const sure = came.filter(found => samePlace(placeOf(found), place) === true);
		const left = sure.length > 0 ? sure : came;
		if (left.length > 1) {
			throw new UnbrickError({
				kind: 'Ambiguous',
				what: 'the board that was called',
				choices: left.map(waitingName),
			});
		}
		if (left[0] !== undefined) return left[0];
		if (cancel?.requested || world.clock.nowMs() >= endMs) return undefined;
		await world.clock.sleep(appearPollMs);
	}
}

/** Where the board behind a serial port is plugged in, as far as the system tells. */
export async function placeOfPort(world: World, port: SerialPortInfo): Promise<Place> {
	const [usb, ports] = await Promise.all([world.listUsbDevices().catch(() => []), world.listSerialPorts()]);
	const device = deviceOfPort(port, usb, ports);
	return placeOf({
		port: port.path,
		...(device === undefined ? {} : {usbKey: device.key}),
		...(port.usbPlace === undefined ? {} : {usbPlace: port.usbPlace}),
	});
}

/** Opens a loader that has just appeared: denied, busy and missing are normal in the first moments. */
export async function openFreshBootloader(world: World, choice: BootloaderChoice): Promise<BootloaderClient> {
	const endMs = world.clock.nowMs() + openRetryMs;
	for (;;) {
		try {
			return await openBootloader(world, choice);
		} catch (error) {
			const passing =
				error instanceof UnbrickError &&
				(error.kind === 'DeviceDenied' || error.kind === 'DeviceBusy' || error.kind === 'DeviceMissing');
			if (!passing || world.clock.nowMs() >= endMs) throw error;
			await world.clock.sleep(openPauseMs);
		}
	}
}
