// The comeback: after ISP the board is plugged in again, and USB says whether its bootloader lives. A reading of what
// appeared, never more than it proves: enumerating does not prove the fuses (those were read back before).

import {bootloaders} from '../bootloaders/index.ts';
import {bootloaderOfIdentity, vidPidText} from '../bootloaders/open.ts';
import {deviceOfPort, placeOf} from '../bootloaders/place.ts';
import {waysInto} from '../bootloaders/ways-in.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import type {SerialPortInfo, UsbDeviceInfo, World} from '../transports.ts';

/** After this long without anything new the person is asked to try the entry again. */
export const patienceMs = 30_000;
/** Listing is cheap, and Caterina stays for 8 s only: look this often besides hotplug news. */
const lookMs = 250;

export type UsbIdentity = {readonly vendorId: number; readonly productId: number};

export type ComebackExpectation = {
	/** Bootloader id that was written, if one was. */
	readonly bootloader?: string;
	readonly chip: Chip;
	/** Exact identity, where the image itself carries it (USB descriptor found in the boot section). */
	readonly exact?: UsbIdentity;
	/** The keyboard's own identity, where known (a combined image, or seen before). */
	readonly application?: UsbIdentity;
};

/** Something on the bus, whichever list it came from. */
export type SeenDevice = {
	readonly vendorId: number;
	readonly productId: number;
	readonly release?: number;
	readonly product?: string;
	readonly usbKey?: string;
	readonly port?: string;
	/** Socket of the device behind a serial port, where the system names it. */
	readonly usbPlace?: string;
};

export type ComebackReading =
	/** The identity this bootloader must show. */
	| {
			readonly kind: 'bootloader';
			readonly device: SeenDevice;
			readonly name: string;
			/** Several devices appeared that all fit: which is the board is open. */
			readonly several?: true;
	  }
	/** Another bootloader than the one written. */
	| {readonly kind: 'other-bootloader'; readonly device: SeenDevice; readonly name: string}
	/** The keyboard's own firmware runs. */
	| {readonly kind: 'application'; readonly device: SeenDevice}
	/** A serial port that a sketch opens: combined Caterina images carry one. */
	| {readonly kind: 'sketch'; readonly device: SeenDevice}
	/** Plugged in, but it cannot say who it is. */
	| {readonly kind: 'unknown-device'; readonly device: SeenDevice}
	| {readonly kind: 'other-device'; readonly device: SeenDevice}
	| {readonly kind: 'nothing'};

/** Arduino, Arduino.org, SparkFun, Adafruit, Pololu: their sketches show a serial port with the loader's vendor id. */
const sketchVendors: ReadonlySet<number> = new Set([0x2341, 0x2a03, 0x1b4f, 0x239a, 0x1ffb, 0x1209]);

/** The identities that count as "it is back". */
export function expectedIdentities(expectation: ComebackExpectation): readonly UsbIdentity[] {
	if (expectation.exact !== undefined) return [expectation.exact];
	const loader = bootloaders.find(candidate => candidate.id === expectation.bootloader);
	if (loader === undefined) return [];
	const ofChip = loader.usb.filter(identity => identity.who === expectation.chip.id);
	return (ofChip.length > 0 ? ofChip : loader.usb).map(({vendorId, productId}) => ({vendorId, productId}));
}

const same = (a: UsbIdentity, b: UsbIdentity) => a.vendorId === b.vendorId && a.productId === b.productId;

/** Reads what has appeared; `appeared` holds only what was not there before the board was plugged in. */
export function readComeback(
	appeared: readonly SeenDevice[],
	expectation: ComebackExpectation,
): ComebackReading {
	const expected = expectedIdentities(expectation);
	const fitting = appeared.filter(device => expected.some(identity => same(identity, device)));
	if (fitting[0] !== undefined) {
		const [device] = fitting;
		const loader = bootloaderOfIdentity(device.vendorId, device.productId, device.release);
		const places = new Set(fitting.map(seen => JSON.stringify(placeOf(seen))));
		return {
			kind: 'bootloader',
			device,
			name: loader?.name ?? 'the bootloader',
			...(places.size > 1 ? {several: true as const} : {}),
		};
	}
	for (const device of appeared) {
		if (expectation.application !== undefined && same(expectation.application, device))
			return {kind: 'application', device};
	}
	for (const device of appeared) {
		const loader = bootloaderOfIdentity(device.vendorId, device.productId, device.release);
		if (loader !== undefined) return {kind: 'other-bootloader', device, name: loader.name};
	}
	for (const device of appeared) {
		if (device.vendorId === 0) return {kind: 'unknown-device', device};
		if (device.port !== undefined && sketchVendors.has(device.vendorId)) return {kind: 'sketch', device};
	}
	const other = appeared[0];
	return other === undefined ? {kind: 'nothing'} : {kind: 'other-device', device: other};
}

/** USB devices and serial ports as one list; a port of a listed device is named once, with both. */
export function seenDevices(
	usb: readonly UsbDeviceInfo[],
	ports: readonly SerialPortInfo[],
): readonly SeenDevice[] {
	const seen: SeenDevice[] = ports
		.filter(port => port.vendorId !== undefined && port.productId !== undefined)
		.map(port => {
			const twin = deviceOfPort(port, usb, ports);
			return {
				vendorId: port.vendorId!,
				productId: port.productId!,
				port: port.path,
				...(twin === undefined ? {} : {usbKey: twin.key, release: twin.release}),
				...(port.usbPlace === undefined ? {} : {usbPlace: port.usbPlace}),
				...(port.product === undefined ? {} : {product: port.product}),
			};
		});
	for (const device of usb) {
		if (seen.some(known => known.usbKey === device.key)) continue;
		seen.push({
			vendorId: device.vendorId,
			productId: device.productId,
			release: device.release,
			usbKey: device.key,
			...(device.product === undefined ? {} : {product: device.product}),
		});
	}
	return seen;
}

async function look(world: World): Promise<readonly SeenDevice[]> {
	const [usb, ports] = await Promise.all([
		world.listUsbDevices().catch(() => []),
		world.listSerialPorts().catch(() => []),
	]);
	return seenDevices(usb, ports);
}

const keyOf = (device: SeenDevice) =>
	`${vidPidText(device.vendorId, device.productId)} ${device.usbKey ?? ''} ${device.port ?? ''}`;

/** What is plugged in before the board is. */
export async function snapshot(world: World): Promise<ReadonlySet<string>> {
	return new Set((await look(world)).map(keyOf));
}

/** What is plugged in now and was not in `before`. */
export async function appearedDevices(
	world: World,
	before: ReadonlySet<string>,
): Promise<readonly SeenDevice[]> {
	return (await look(world)).filter(device => !before.has(keyOf(device)));
}

/**
 * Watches until the expected identity appears, `cancel` asks to stop, or `timeoutMs` passed. Yields a reading
 * whenever it changes; the last one is the outcome.
 */
export async function* watchComeback(
	world: World,
	expectation: ComebackExpectation,
	options: {
		readonly before: ReadonlySet<string>;
		readonly clock: Clock;
		readonly cancel?: Cancel;
		readonly timeoutMs?: number;
	},
): AsyncGenerator<ComebackReading, ComebackReading> {
	const endMs = options.clock.nowMs() + (options.timeoutMs ?? patienceMs);
	let last: ComebackReading = {kind: 'nothing'};
	let lastText = JSON.stringify(last);
	// A device seen again after having been away counts as new.
	let known = options.before;
	for (;;) {
		const now = await look(world);
		const present = new Set(now.map(keyOf));
		known = new Set([...known].filter(key => present.has(key)));
		const reading = readComeback(
			now.filter(device => !known.has(keyOf(device))),
			expectation,
		);
		const text = JSON.stringify(reading);
		if (text !== lastText) {
			last = reading;
			lastText = text;
			yield reading;
		}
		if (reading.kind === 'bootloader' || options.cancel?.requested || options.clock.nowMs() >= endMs)
			return last;
		await options.clock.sleep(lookMs);
	}
}

/** What a reading means and what to do next, in a person's words. One table. */
export function explainComeback(
	reading: ComebackReading,
	expectation: ComebackExpectation,
): {readonly headline: string; readonly next: readonly string[]} {
	const loader = bootloaders.find(candidate => candidate.id === expectation.bootloader);
	const enter = loader?.protocol == null ? [] : waysInto(loader.protocol);
	switch (reading.kind) {
		case 'bootloader':
			return {
				headline: `${reading.name} is on USB. The board is back.`,
				next: ['Flash your keymap now, or later with any tool you like.'],
			};
		case 'other-bootloader':
			return {
				headline: `A bootloader answers, but another one than expected: ${reading.name}.`,
				next: [
					'If a second board is plugged in, unplug that one and look again.',
					'If this is the right board, it can be flashed through this bootloader.',
				],
			};
		case 'application':
			return {
				headline: 'The keyboard itself is on USB: its firmware runs.',
				next: ['Try its keys. Nothing more is needed.'],
			};
		case 'sketch':
			return {
				headline:
					'A serial port appeared, but it belongs to a small program on the board, not to the bootloader.',
				next: [
					'Some images of this bootloader carry such a program. The bootloader lies behind it.',
					'Touch the pads RST and GND together twice within half a second, with a piece of wire or tweezers: the bootloader then shows for 8 seconds.',
				],
			};
		case 'unknown-device':
			return {
				headline: 'Something was plugged in that cannot say who it is.',
				next: [
					'Try another cable and another USB port, without a hub.',
					'If it stays so, the clock does not fit: an 8 MHz image on a 16 MHz board does this, and the other way round.',
				],
			};
		case 'other-device':
			return {
				headline: `Another device appeared (${vidPidText(reading.device.vendorId, reading.device.productId)}).`,
				next: [
					'If that is the keyboard itself, its firmware runs.',
					...(enter.length === 0 ? [] : [`To reach the bootloader: ${enter[0]}`, ...enter.slice(1)]),
				],
			};
		case 'nothing':
			return {
				headline: 'Nothing new has appeared on USB yet.',
				next: [
					...(loader?.entry === 'hwb'
						? [
								'Plugging in starts the keyboard firmware, not this bootloader. Press the RESET button once (or touch RST to GND).',
								...enter.slice(1),
							]
						: enter),
					'Take the programmer’s wires off and use a cable that carries data, not only power.',
				],
			};
	}
}
