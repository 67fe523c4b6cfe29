// `flash FILE`: an application through the board's own bootloader.

import {adviseBootloaderError} from '../engine/bootloaders/advice.ts';
import type {BootloaderClient, BootloaderProtocol} from '../engine/bootloaders/client.ts';
import {findBootloader as findRecord} from '../engine/bootloaders/index.ts';
import {bootloaderProtocols, bootStartOf, openBootloader} from '../engine/bootloaders/open.ts';
import {type Place, placeOf} from '../engine/bootloaders/place.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import {type Inspection, inspectImage} from '../engine/image/inspect.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {openFreshBootloader} from '../engine/procedures/bootloader-entry.ts';
import {chipOf, locateBootloader} from '../engine/procedures/find-bootloader.ts';
import {type FlashResult, flash} from '../engine/procedures/flash.ts';
import {reopenAtPlace} from '../engine/procedures/which-board.ts';
import {checkApplication} from '../engine/protocols/client-help.ts';
import type {World} from '../engine/transports.ts';
import {findFlashFiles, openFlashFile} from '../io/flash-file.ts';
import {createWorld} from '../io/world.ts';
import {createEventLog, createEventTeller, withCancel} from './events.ts';
import {type ExitCode, exitCodeOf, exitCodes, UsageError} from './exit-codes.ts';
import {readHexFile} from './files.ts';
import type {FlashOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';
import {didYouMean, parseBoard, parseChip} from './parse.ts';

/** What the options say, before anything is looked for. */
type Wanted = {
	readonly protocol: BootloaderProtocol | undefined;
	readonly chip: Chip | undefined;
	readonly port: string | undefined;
	readonly usb: string | undefined;
};
type Opened = {
	readonly client: BootloaderClient;
	readonly chip: Chip;
	readonly bootStart: number;
	readonly place?: Place;
	readonly reopen?: () => Promise<BootloaderClient>;
};

export async function flashCommand(output: Output, file: string, options: FlashOptions): Promise<ExitCode> {
	const log = createEventLog(options.log, output);
	const wanted = parseWanted(options);
	try {
		const {image} = await readHexFile(file);
		checkBeforehand(image, file, wanted);
		const world = createWorld();
		return await withCancel(output, async cancel => {
			const opened =
				wanted.protocol === 'lufa-ms'
					? await openDrive(world, image, wanted)
					: await openLoader(world, {image, file}, wanted, {
							touch: options.touch,
							cancel,
							onTouch: port => output.say(`Asking the sketch on ${port} to start its bootloader …`),
						});
			const teller = createEventTeller(output, log);
			let result: FlashResult | undefined;
			for await (const event of flash(
				// A drive is ejected by the person: only then its loader starts the keyboard.
				{
					chip: opened.chip,
					bootStart: opened.bootStart,
					image,
					start: options.start && wanted.protocol !== 'lufa-ms',
				},
				opened.client,
				{
					clock: world.clock,
					cancel,
					world,
					...(opened.place === undefined ? {} : {place: opened.place}),
					...(opened.reopen === undefined ? {} : {reopen: opened.reopen}),
				},
			)) {
				await teller.tell(event);
				if (event.type === 'result') result = event;
			}
			teller.clear();
			if (result === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'flash ends in a result'});
			if (!result.ok) {
				sayFailure(output, result);
				return exitCodeOf(result.error.kind);
			}
			sayDone(output, result);
			return exitCodes.done;
		});
	} catch (error) {
		if (error instanceof UsageError) throw error;
		const known =
			error instanceof UnbrickError
				? error
				: new UnbrickError(
						{kind: 'Bug', assumed: error instanceof Error ? error.message : String(error)},
						{cause: error},
					);
		const {likely, next} = adviseBootloaderError(
			known,
			wanted.protocol === undefined ? {} : {protocol: wanted.protocol},
		);
		const result: Extract<FlashResult, {ok: false}> = {
			type: 'result',
			ok: false,
			error: {kind: known.kind, message: known.message, likely, next},
			chipState: 'untouched',
			seconds: 0,
		};
		output.event(result);
		await log.write(result);
		const code = exitCodeOf(known.kind);
		if (code !== exitCodes.cannotRun) sayFailure(output, result);
		else {
			output.complain(`${known.message} (${known.kind})`);
			for (const line of next) output.complain(`  ${line}`);
		}
		return code;
	}
}

function parseWanted(options: FlashOptions): Wanted {
	const board = options.board === undefined ? undefined : parseBoard(options.board);
	const boardChip = board === undefined ? undefined : findChip(board.chip);
	const chip = options.chip === undefined ? boardChip : parseChip(options.chip);
	if (board !== undefined && chip !== undefined && board.chip !== chip.id)
		throw new UsageError(`The ${board.name} has an ${board.chip}, but --chip says ${chip.id}.`);
	const protocol = options.bootloader === undefined ? undefined : parseProtocol(options.bootloader);
	if (options.usb !== undefined && !/^[0-9a-f]{4}:[0-9a-f]{4}(@.+)?$/i.test(options.usb)) {
		throw new UsageError(
			`--usb takes VID:PID or VID:PID@BUS-PORT, such as 03eb:2ff4@1-4, not "${options.usb}".`,
		);
	}
	if (options.port !== undefined && protocol !== undefined && !takesPort.has(protocol)) {
		throw new UsageError(
			`The ${protocol} bootloader has no serial port: name it by --usb, or leave --port out.`,
		);
	}
	return {protocol, chip, port: options.port, usb: options.usb?.toLowerCase()};
}

const takesPort: ReadonlySet<BootloaderProtocol> = new Set(['caterina', 'lufa-ms']);

/** What can be known without hardware: is it an application, and does it fit? */
function checkBeforehand(image: MemoryImage, file: string, {protocol, chip}: Wanted): void {
	const inspection = inspectImage(image, {file, ...(chip === undefined ? {} : {chip})});
	const {bootloader} = inspection;
	if (bootloader !== undefined && inspection.application === undefined) {
		throw new UnbrickError({
			kind: 'OverlapsBootloader',
			byteAddress: image.start,
			bootStart: bootloader.startByteAddress,
		});
	}
	if (inspection.kind === 'eeprom' || inspection.kind === 'blank' || inspection.kind === 'foreign') {
		const why = inspection.notes.find(note => note.severity === 'error')?.text;
		throw new UnbrickError({
			kind: 'BadHex',
			file,
			reason: (why ?? `it holds no application (${inspection.kind})`).replace(/\.$/, ''),
		});
	}
	if (chip === undefined) return;
	checkBuiltFor(inspection, file);
	checkApplication(image, {
		chip,
		bootStart: protocol === undefined ? chip.flash.bytes : bootStartOf(protocol, chip),
	});
}

/** A file for another chip would not run: its vector table gives it away. */
function checkBuiltFor({notes}: Inspection, file: string): void {
	const other = notes.find(note => note.code === 'other-chip');
	if (other !== undefined)
		throw new UnbrickError({kind: 'BadHex', file, reason: other.text.replace(/\.$/, '')});
}

async function openLoader(
	world: World,
	{image, file}: {readonly image: MemoryImage; readonly file: string},
	wanted: Wanted,
	how: {readonly touch: boolean; readonly onTouch: (port: string) => void} & NonNullable<
		Parameters<typeof locateBootloader>[2]
	>,
): Promise<Opened> {
	const found = await locateBootloader(
		world,
		{
			touch: how.touch,
			...(wanted.protocol === undefined ? {} : {protocol: wanted.protocol}),
			...(wanted.port === undefined ? {} : {port: wanted.port}),
			...(wanted.usb === undefined ? {} : {usb: wanted.usb}),
			...(wanted.chip === undefined ? {} : {chip: wanted.chip}),
		},
		how,
	).catch(error => {
		const bare = wanted.port !== undefined && wanted.protocol === undefined;
		if (bare && error instanceof UnbrickError && ['DeviceMissing', 'NoUsbSystem'].includes(error.kind))
			throw new UsageError(`Nothing tells what waits on ${wanted.port}: name it by --bootloader.`);
		throw error;
	});
	const chip = chipOf(found, wanted.chip);
	if (chip === undefined) {
		const names = found.chips.map(known => known.id).join(', ');
		throw new UsageError(
			`The bootloader (${found.name}) does not say which chip it runs on: name it by --chip${names === '' ? '' : ` (${names})`}.`,
		);
	}
	const bootStart = bootStartOf(found.protocol, chip);
	checkApplication(image, {chip, bootStart});
	checkBuiltFor(inspectImage(image, {chip, file}), file);
	const open = found.fresh ? openFreshBootloader : openBootloader;
	const client = await open(world, {
		protocol: found.protocol,
		chip,
		...(found.port === undefined ? {} : {port: found.port}),
		...(found.usbKey === undefined ? {} : {usbKey: found.usbKey}),
	});
	const {seen} = found;
	if (seen === undefined) return {client, chip, bootStart};
	const {cancel} = how;
	return {
		client,
		chip,
		bootStart,
		place: placeOf(seen),
		reopen: () => reopenAtPlace(world, seen, chip, cancel === undefined ? {} : {cancel}),
	};
}

/** The drive of a mass-storage loader: named by --port (the drive or the file), or the only one mounted. */
async function openDrive(world: World, image: MemoryImage, wanted: Wanted): Promise<Opened> {
	const chip = wanted.chip ?? findChip('atmega32u4');
	if (chip === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'atmega32u4 is known'});
	const places = wanted.port === undefined ? await findFlashFiles() : [wanted.port];
	if (places.length > 1)
		throw new UnbrickError({kind: 'Ambiguous', what: 'a drive with FLASH.BIN', choices: places});
	const flashFile = places[0] === undefined ? undefined : await openFlashFile(places[0]);
	if (flashFile === undefined) {
		throw new UnbrickError({
			kind: 'DeviceMissing',
			what: wanted.port === undefined ? 'A mounted drive with FLASH.BIN' : `FLASH.BIN in ${wanted.port}`,
		});
	}
	// The file's size is the application area: loaders of two sizes are about.
	const starts = findRecord('lufa-ms')?.boot.filter(row => row.chip === chip.id) ?? [];
	const bootStart = starts.some(row => row.startByteAddress === flashFile.sizeBytes)
		? flashFile.sizeBytes
		: bootStartOf('lufa-ms', chip);
	checkApplication(image, {chip, bootStart});
	const client = await openBootloader(world, {protocol: 'lufa-ms', chip, flashFile, bootStart});
	return {client, chip, bootStart};
}

function sayDone(output: Output, done: Extract<FlashResult, {ok: true}>): void {
	const proof = done.verified ? 'read back and equal' : 'which cannot be read back here';
	output.say(`Done in ${done.seconds.toFixed(1)} s: ${done.writtenBytes} bytes written, ${proof}.`);
	if (done.bootloader === 'lufa-ms') output.say('Eject the drive now: that starts the keyboard.');
	else if (!done.started) output.say('The application was not started.');
	else if (done.application != null) {
		const {vidPid, product} = done.application;
		const shown = `${vidPid}${product === undefined ? '' : `, ${product}`}`;
		output.say(
			done.application.uncertain
				? `A new device appeared (${shown}), it may be the board. Try its keys.`
				: `The board shows itself as ${vidPid}${product === undefined ? '' : ` (${product})`}.`,
		);
	}
}

function parseProtocol(name: string): BootloaderProtocol {
	const found = bootloaderProtocols.find(known => known === name);
	if (found !== undefined) return found;
	throw new UsageError(
		`--bootloader takes ${bootloaderProtocols.join(', ')}, not "${name}".${didYouMean(name, bootloaderProtocols)}`,
	);
}
