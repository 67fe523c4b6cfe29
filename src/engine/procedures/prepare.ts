// A spare Pro Micro or Teensy 2.0 becomes an ISP programmer: into its bootloader, the ISP firmware onto it, back under
// its new identity, and asked whether it is one. The board's own firmware is lost; where it can be read it is kept.
import {adviseBootloaderError} from '../bootloaders/advice.ts';
import {
	bootStartOf,
	findWaitingBootloaders,
	type WaitingBootloader,
	waitingName,
} from '../bootloaders/open.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import {findChip} from '../chips/index.ts';
import {UnbrickError} from '../errors.ts';
import {printIntelHex} from '../image/intel-hex.ts';
import {createImage, type MemoryImage} from '../image/memory-image.ts';
import {createStk500v1} from '../protocols/stk500v1/driver.ts';
import type {Store} from '../store.ts';
import type {World} from '../transports.ts';
import {
	appearanceOf,
	appearTimeoutMs,
	callBootloader,
	openFreshBootloader,
	placeOfPort,
	touchPort,
} from './bootloader-entry.ts';
import {askWhich} from './find-bootloader.ts';
import {type FlashEvent, type FlashResult, flash} from './flash.ts';

export type SpareBoard = 'promicro_isp' | 'teensy2_isp';

/** Both firmwares come back as a Teensy-core serial port; every Teensy sketch does, so only sign-on decides. */
const programmerIdentity = {vendorId: 0x16c0, productId: 0x0483} as const;
/** Both boards carry this chip. */
const spareChip = 'atmega32u4';

export type PrepareEvent =
	| FlashEvent
	/** The person must do something: double reset (Pro Micro) or the button (Teensy). */
	| {readonly type: 'ask'; readonly what: 'double-reset' | 'press-button'}
	/** The spare board waits in its bootloader; `keeping`: its firmware is read out now. */
	| {readonly type: 'found'; readonly name: string; readonly keeping: boolean}
	| {readonly type: 'kept'; readonly path: string}
	| PrepareResult;

export type PrepareResult =
	| {readonly type: 'prepared'; readonly ok: true; readonly port: string; readonly firmware: string}
	| {
			readonly type: 'prepared';
			readonly ok: false;
			readonly error: Extract<FlashResult, {ok: false}>['error'];
	  };

export type PrepareOptions = {
	readonly board: SpareBoard;
	readonly image: MemoryImage;
	/** A sketch's port to touch at 1200 baud first. */
	readonly touch?: string;
	/** Keep the old firmware under this name in the store, where the bootloader can be read. */
	readonly keepAs?: string;
	/** How long to wait for the person's double reset or button. */
	readonly patienceMs?: number;
};

/** How long a person gets to find the button. */
const buttonPatienceMs = 120_000;

/**
 * Turns a spare board into a programmer. Yields events, ends in one `prepared` event; never throws for anything a
 * device or a person can cause.
 */
export async function* prepare(
	options: PrepareOptions,
	deps: {readonly world: World; readonly store?: Store; readonly cancel?: Cancel},
): AsyncGenerator<PrepareEvent, void> {
	const {world} = deps;
	try {
		const chip = spare();
		const protocol = options.board === 'teensy2_isp' ? 'halfkay' : 'caterina';
		const fits = (waiting: WaitingBootloader) => waiting.protocol === protocol;
		const stop = deps.cancel === undefined ? {} : {cancel: deps.cancel};

		const all = await findWaitingBootloaders(world);
		const waitedBefore = new Set(all.map(appearanceOf));
		const there = all.filter(fits);
		if (there.length > 1) {
			throw new UnbrickError({
				kind: 'Ambiguous',
				what: 'a spare board in its bootloader',
				choices: there.map(waitingName),
			});
		}
		let waiting = there[0];
		if (waiting === undefined && options.touch !== undefined) {
			const path = options.touch;
			const port = (await world.listSerialPorts()).find(known => known.path === path);
			waiting = await callBootloader(world, () => touchPort(world, path), {
				place: port === undefined ? {port: path} : await placeOfPort(world, port),
				fits,
				...stop,
			});
		}
		if (waiting === undefined) {
			yield {type: 'ask', what: protocol === 'halfkay' ? 'press-button' : 'double-reset'};
			waiting = await callBootloader(world, async () => {}, {
				fits,
				before: waitedBefore,
				timeoutMs: options.patienceMs ?? buttonPatienceMs,
				...stop,
			});
		}
		if (deps.cancel?.requested)
			throw new UnbrickError({kind: 'Cancelled', during: 'waiting for the bootloader'});
		if (waiting === undefined) {
			throw new UnbrickError({
				kind: 'DeviceMissing',
				what:
					protocol === 'halfkay'
						? 'The Teensy bootloader (HalfKay, 16c0:0478)'
						: 'The Pro Micro bootloader (Caterina)',
			});
		}

		waiting = await askWhich(world, waiting);
		if (!waiting.chips.some(known => known.id === chip.id)) {
			throw new UnbrickError({
				kind: 'NotAProgrammer',
				expected: `a spare board with an ${chip.name}`,
				got: `a board with an ${waiting.chips.map(known => known.name).join(' or ')}`,
			});
		}
		const {port, usbKey} = waiting;
		const bootStart = bootStartOf(protocol, chip);
		const open = () =>
			openFreshBootloader(world, {
				protocol,
				chip,
				...(port === undefined ? {} : {port}),
				...(usbKey === undefined ? {} : {usbKey}),
			});
		const client = await open();
		const keepAs = deps.store === undefined || client.read === undefined ? undefined : options.keepAs;
		yield {type: 'found', name: waiting.name, keeping: keepAs !== undefined};
		if (keepAs !== undefined && deps.store !== undefined && client.read !== undefined) {
			await client.connect();
			const old = await client.read(0, bootStart);
			const receipt = await deps.store.writeDurably(
				keepAs,
				printIntelHex(createImage([{byteAddress: 0, data: old}])),
			);
			yield {type: 'kept', path: receipt.path};
		}

		const before = new Set((await world.listSerialPorts()).filter(isProgrammerPort).map(port => port.path));
		for await (const event of flash({chip, bootStart, image: options.image, start: true}, client, {
			clock: world.clock,
			...stop,
		})) {
			yield event;
			if (event.type === 'result' && !event.ok) {
				yield {type: 'prepared', ok: false, error: event.error};
				return;
			}
		}

		const endMs = world.clock.nowMs() + appearTimeoutMs;
		for (;;) {
			const port = (await world.listSerialPorts()).find(
				candidate => isProgrammerPort(candidate) && !before.has(candidate.path),
			);
			if (port !== undefined) {
				const firmware = await signOn(world, port.path);
				yield {type: 'prepared', ok: true, port: port.path, firmware};
				return;
			}
			if (world.clock.nowMs() >= endMs || deps.cancel?.requested) {
				throw new UnbrickError({kind: 'DeviceMissing', what: 'The new programmer (16c0:0483)'});
			}
			await world.clock.sleep(lookMs);
		}
	} catch (error) {
		const known =
			error instanceof UnbrickError
				? error
				: new UnbrickError(
						{kind: 'Bug', assumed: error instanceof Error ? error.message : String(error)},
						{cause: error},
					);
		const advice = adviseBootloaderError(known, {
			protocol: options.board === 'teensy2_isp' ? 'halfkay' : 'caterina',
		});
		yield {
			type: 'prepared',
			ok: false,
			error: {kind: known.kind, message: known.message, likely: advice.likely, next: advice.next},
		};
	}
}

/** Re-enumeration takes about a second; look this often. */
const lookMs = 100;

function isProgrammerPort(port: {readonly vendorId?: number; readonly productId?: number}): boolean {
	return port.vendorId === programmerIdentity.vendorId && port.productId === programmerIdentity.productId;
}

function spare(): Chip {
	const chip = findChip(spareChip);
	if (chip === undefined) throw new UnbrickError({kind: 'Bug', assumed: `${spareChip} is known`});
	return chip;
}

/** Opens the port and asks who is there; throws NotAProgrammer when it is another Teensy sketch. */
async function signOn(world: World, path: string): Promise<string> {
	const stream = await world.openSerial(path, {baud: 19_200});
	const link = createStk500v1(stream, world.clock, {programmer: 'avrisp', baud: 19_200});
	try {
		const capabilities = await link.open();
		return capabilities.firmware ?? 'AVR ISP';
	} finally {
		await link.close();
	}
}
