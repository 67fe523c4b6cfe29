// `prepare promicro_isp|teensy2_isp`: a spare board becomes a programmer.
import {ispFirmwares} from '../engine/bootloaders/index.ts';
import {findChip} from '../engine/chips/index.ts';
import {UnbrickError} from '../engine/errors.ts';
import {knownImageOf} from '../engine/image/inspect.ts';
import {isTouchable} from '../engine/procedures/bootloader-entry.ts';
import {checkImage} from '../engine/procedures/check-plan.ts';
import {type PrepareResult, prepare, type SpareBoard} from '../engine/procedures/prepare.ts';
import {createStore} from '../io/store.ts';
import {createWorld} from '../io/world.ts';
import {ask} from './ask.ts';
import {loadCatalogueImage} from './catalogue.ts';
import {createEventLog, createEventTeller, tellFailure, withCancel} from './events.ts';
import {type ExitCode, exitCodeOf, exitCodes, UsageError} from './exit-codes.ts';
import {readHexFile} from './files.ts';
import type {PrepareOptions} from './options.ts';
import type {Output} from './output.ts';

export async function prepareCommand(
	output: Output,
	boardName: string,
	options: PrepareOptions,
): Promise<ExitCode> {
	const board = parseSpare(boardName);
	const log = createEventLog(options.log, output);
	try {
		const firmware = ispFirmwares.find(known => known.id === board);
		const chip = firmware === undefined ? undefined : findChip(firmware.chip);
		if (firmware === undefined || chip === undefined) {
			throw new UnbrickError({kind: 'Bug', assumed: `the firmware for ${board} is in the catalogue`});
		}
		const image =
			options.firmware === undefined
				? await loadCatalogueImage(output, {id: firmware.id, image: firmware.image})
				: (await readHexFile(options.firmware)).image;
		checkImage(image, chip, options.firmware ?? firmware.image.file);
		if (options.firmware !== undefined && knownImageOf(image)?.id !== board) {
			output.say(`${options.firmware} is not the published firmware; it is written because you named it.`);
		}
		await ask(output, options.yes === true, [
			`The spare board's own firmware gives way to ${firmware.name}.`,
			'It is kept first where its bootloader can be read, and can be written back later with "flash".',
		]);
		const world = createWorld();
		const store = createStore();
		const touch =
			options.port ??
			(await world.listSerialPorts()).filter(port => isTouchable(port)).map(port => port.path);
		const ports = typeof touch === 'string' ? [touch] : touch;
		return await withCancel(output, async cancel => {
			const teller = createEventTeller(output, log);
			let last: PrepareResult | undefined;
			for await (const event of prepare(
				{
					board,
					image,
					// A name of its own for each run: the second must not write over the first.
					keepAs: `before-${board}-${store
						.nowIso()
						.replace(/[^0-9]/g, '')
						.slice(0, 14)}.hex`,
					// With several sketches plugged in, the person resets the right one by hand.
					...(ports.length === 1 && board === 'promicro_isp' ? {touch: ports[0]!} : {}),
				},
				{world, store, cancel},
			)) {
				// The flash within ends in a result of its own; the last line is to be the whole's.
				if (event.type === 'result') continue;
				if (event.type === 'prepared') last = event;
				else await teller.tell(event);
			}
			teller.clear();
			return finish(output, log, board, last);
		});
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error);
	}
}

async function finish(
	output: Output,
	log: ReturnType<typeof createEventLog>,
	board: SpareBoard,
	last: PrepareResult | undefined,
): Promise<ExitCode> {
	if (last === undefined) throw new UnbrickError({kind: 'Bug', assumed: 'prepare ends in a result'});
	const result = {...last, type: 'result' as const};
	output.event(result);
	await log.write(result);
	if (!last.ok) {
		output.complain(`It failed: ${last.error.message} (${last.error.kind})`);
		last.error.next.forEach((step, index) => {
			output.complain(`  ${index + 1}. ${step}`);
		});
		return exitCodeOf(last.error.kind);
	}
	output.say(`It is a programmer now: ${last.firmware} on ${last.port}.`);
	output.say(`Next: avr-unbrick wiring ${board} BOARD, then --programmer avrisp --port ${last.port}`);
	return exitCodes.done;
}

function parseSpare(name: string): SpareBoard {
	const wanted = name.toLowerCase().replaceAll('-', '_');
	if (wanted === 'promicro_isp' || wanted === 'teensy2_isp') return wanted;
	throw new UsageError(`Only promicro_isp and teensy2_isp can be prepared, not "${name}".`);
}
