// `flash FILE`: an application through the board's own bootloader.

import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import {
	bootloaderProtocols,
	bootStartOf,
	findWaitingBootloaders,
	openBootloader,
	type WaitingBootloader,
} from '../engine/bootloaders/open.ts';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import {
	isTouchable,
	openFreshBootloader,
	touchPort,
	waitForBootloader,
} from '../engine/procedures/bootloader-entry.ts';
import {flash} from '../engine/procedures/flash.ts';
import {checkApplication} from '../engine/protocols/client-help.ts';
import type {World} from '../engine/transports.ts';
import {createWorld} from '../io/world.ts';
import {createEventLog, exitCodeOfResult, playEvents, tellFailure, withCancel} from './events.ts';
import {type ExitCode, UsageError} from './exit-codes.ts';
import {readHexFile} from './files.ts';
import type {FlashOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';
import {didYouMean, parseBoard, parseChip} from './parse.ts';

/** What the options say about the bootloader, before anything is looked for. */
type Wanted = {
	readonly protocol: BootloaderProtocol | undefined;
	readonly chip: Chip | undefined;
	readonly port: string | undefined;
	readonly usb: string | undefined;
};

export async function flashCommand(output: Output, file: string, options: FlashOptions): Promise<ExitCode> {
	const log = createEventLog(options.log);
	const board = options.board === undefined ? undefined : parseBoard(options.board);
	const wanted: Wanted = {
		protocol: options.bootloader === undefined ? undefined : parseProtocol(options.bootloader),
		chip:
			options.chip === undefined
				? board === undefined
					? undefined
					: findChip(board.chip)
				: parseChip(options.chip),
		port: options.port,
		usb: options.usb,
	};
	try {
		const {image} = await readHexFile(file);
		// What this chip and loader cannot take is said before anything is touched, where both are known.
		if (wanted.chip !== undefined) {
			const bootStart =
				wanted.protocol === undefined ? wanted.chip.flash.bytes : bootStartOf(wanted.protocol, wanted.chip);
			checkApplication(image, {chip: wanted.chip, bootStart});
		}
		const world = createWorld();
		return await withCancel(output, async cancel => {
			const found = await findLoader(world, wanted, options.touch, output, cancel);
			const chip = wanted.chip ?? (found.chips.length === 1 ? found.chips[0] : undefined);
			if (chip === undefined) {
				throw new UsageError(
					`The bootloader (${found.name}) does not say which chip it runs on: name it by --chip${found.chips.length > 0 ? ` (${found.chips.map(known => known.id).join(', ')})` : ''}.`,
				);
			}
			const bootStart = bootStartOf(found.protocol, chip);
			checkApplication(image, {chip, bootStart});
			const open = found.fresh ? openFreshBootloader : openBootloader;
			const client = await open(world, {
				protocol: found.protocol,
				chip,
				...(found.port === undefined ? {} : {port: found.port}),
				...(found.usbKey === undefined ? {} : {usbKey: found.usbKey}),
			});
			const result = await playEvents(
				output,
				log,
				flash({chip, bootStart, image, start: options.start}, client, {clock: world.clock, cancel}),
			);
			if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'flash ends in a result'});
			if (result.ok) sayDone(output, result as unknown as FlashDone);
			else sayFailure(output, result);
			return exitCodeOfResult(result);
		});
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error);
	}
}

type FlashDone = {
	readonly writtenBytes: number;
	readonly verified: boolean;
	readonly started: boolean;
	readonly seconds: number;
};

function sayDone(output: Output, done: FlashDone): void {
	const proof = done.verified ? 'read back and equal' : 'this bootloader cannot be read back';
	const start = done.started ? 'The application was started.' : 'The application was not started.';
	output.say(`Done in ${done.seconds.toFixed(1)} s: ${done.writtenBytes} bytes written, ${proof}. ${start}`);
}

type Found = Omit<WaitingBootloader, 'vidPid' | 'mustAsk' | 'bootloaders'> & {readonly fresh: boolean};

async function findLoader(
	world: World,
	wanted: Wanted,
	mayTouch: boolean,
	output: Output,
	cancel: Cancel,
): Promise<Found> {
	const fits = (waiting: WaitingBootloader) =>
		(wanted.protocol === undefined ? !waiting.mustAsk : waiting.protocol === wanted.protocol) &&
		(wanted.port === undefined || waiting.port === wanted.port) &&
		(wanted.usb === undefined || waiting.vidPid === wanted.usb.toLowerCase().split('@')[0]);
	const waiting = (await findWaitingBootloaders(world)).filter(fits);
	if (waiting.length > 1) {
		throw new UnbrickError({
			kind: 'Ambiguous',
			what: 'a bootloader',
			choices: waiting.map(found => `${found.name} (${found.port ?? found.vidPid})`),
		});
	}
	const [only] = waiting;
	if (only !== undefined) return {...only, fresh: false};

	if (mayTouch) {
		const ports = (await world.listSerialPorts()).filter(
			port => isTouchable(port) && (wanted.port === undefined || port.path === wanted.port),
		);
		const [port] = ports;
		if (port !== undefined && ports.length === 1) {
			output.say(`Asking the sketch on ${port.path} to start its bootloader …`);
			await touchPort(world, port.path);
			const appeared = await waitForBootloader(
				world,
				found => wanted.protocol === undefined || found.protocol === wanted.protocol,
				{cancel},
			);
			if (appeared !== undefined) return {...appeared, fresh: true};
		}
	}
	// A bare port tells nothing: then the person must have named the protocol and the chip.
	if (wanted.port !== undefined) {
		if (wanted.protocol === undefined) {
			throw new UsageError(`Nothing tells what waits on ${wanted.port}: name it by --bootloader.`);
		}
		return {
			protocol: wanted.protocol,
			chips: [],
			name: wanted.protocol,
			port: wanted.port,
			fresh: false,
		};
	}
	throw new UnbrickError({
		kind: 'DeviceMissing',
		what: wanted.protocol === undefined ? 'A bootloader' : `The ${wanted.protocol} bootloader`,
	});
}

function parseProtocol(name: string): BootloaderProtocol {
	const found = bootloaderProtocols.find(known => known === name);
	if (found !== undefined) return found;
	throw new UsageError(
		`--bootloader takes ${bootloaderProtocols.join(', ')}, not "${name}".${didYouMean(name, bootloaderProtocols)}`,
	);
}
