// One look at the chip: open the programmer, identify, close. Only reads.
import {findPinouts} from '../../wiring/index.ts';
import type {AdviceContext} from '../engine/advice.ts';
import type {Board} from '../engine/boards/board.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import {createIspTarget} from '../engine/isp/isp-target.ts';
import type {ProgrammerId} from '../engine/isp/link.ts';
import {observeWiring} from '../engine/isp/observe.ts';
import type {WiringReading} from '../engine/isp/wiring-reading.ts';
import {openProgrammer, type ProgrammerChoice} from '../engine/programmers/open.ts';
import type {Identity, Target} from '../engine/target.ts';
import type {World} from '../engine/transports.ts';
import type {Answers, AvrdudeEngine, Known} from './step.ts';

/** What a plan calls the programmer: our driver, or `avrdude:NAME`. */
export function programmerIdOf(programmer: Answers['programmer']): string {
	const {connection} = programmer;
	return connection.kind === 'avrdude' ? `avrdude:${connection.programmer}` : driverOf(programmer);
}

/** What the table of errors needs to know besides the error: another programmer or system has other causes. */
export function contextOf({programmer}: Known, {system}: Pick<World, 'system'>): AdviceContext {
	return {system, ...(programmer === undefined ? {} : {programmer: programmerIdOf(programmer)})};
}

/** Which driver a wiring entry is driven by. */
export function driverOf(programmer: Answers['programmer']): ProgrammerId {
	const driver = findPinouts(programmer.id)[0]?.driver;
	if (driver === undefined)
		throw new UnbrickError({kind: 'Bug', assumed: `a programmer named ${programmer.id}`});
	return driver;
}

export function choiceOf(programmer: Answers['programmer']): ProgrammerChoice {
	const {connection} = programmer;
	const driver = driverOf(programmer);
	if (connection.kind === 'avrdude') {
		throw new UnbrickError({kind: 'Bug', assumed: "avrdude's programmers are not opened by our drivers"});
	}
	if (connection.kind === 'usb') return {programmer: driver, usb: connection.key};
	return {
		programmer: driver,
		port: connection.path,
		...(connection.baud === undefined ? {} : {baud: connection.baud}),
	};
}

export type Contact = {
	readonly world: World;
	/** For programmers of the installed avrdude. */
	readonly avrdude?: AvrdudeEngine | undefined;
	readonly programmer: Answers['programmer'];
	readonly board?: Board | undefined;
	readonly chip?: Chip | undefined;
	/** Nothing else feeds the board, said the person: a supply that can be switched is switched on. */
	readonly powerTarget?: boolean | undefined;
};

/** A port is opened by one at a time: the next contact waits until the one before has closed. */
let busy: Promise<unknown> = Promise.resolve();

/** The target over the chosen programmer; nothing was said to it yet. The caller closes it. */
export async function openTarget(contact: Contact): Promise<Target> {
	await busy;
	const {connection} = contact.programmer;
	if (connection.kind === 'avrdude') {
		const {programmer, port} = connection;
		if (contact.avrdude === undefined) {
			throw new UnbrickError({kind: 'DeviceMissing', what: 'An installed avrdude'});
		}
		return contact.avrdude.open({
			programmer,
			...(port === undefined ? {} : {port}),
			...(contact.board === undefined ? {} : {board: contact.board}),
			...(contact.chip === undefined ? {} : {chip: contact.chip}),
		});
	}
	const link = await openProgrammer(contact.world, choiceOf(contact.programmer));
	return createIspTarget(link, {
		clock: contact.world.clock,
		powerTarget: contact.powerTarget === true,
		...(contact.board === undefined ? {} : {board: contact.board}),
		...(contact.chip === undefined ? {} : {chip: contact.chip}),
	});
}

/**
 * Signature, fuses and lock bits of the wired chip; the programmer is closed again in any case.
 * @throws UnbrickError as Target.identify and openProgrammer
 */
export async function identifyTarget(contact: Contact): Promise<Identity> {
	const run = openTarget(contact).then(async target => {
		try {
			return await target.identify(contact.chip);
		} finally {
			await target.close();
		}
	});
	busy = run.catch(() => {});
	return run;
}

/** Twice a second: a wire that is moved shows at once. Source: issue B, live wiring check. */
const lookEveryMs = 400;

/**
 * Looks at the wires again and again over one opened programmer and tells what is seen, until it is stopped or cannot
 * go on. Only reads.
 */
export function watchWiring(contact: Contact, take: (reading: WiringReading) => void): () => void {
	let stopped = false;
	// avrdude tells no bytes of the wires: whole attempts alone show there whether they are right.
	if (contact.programmer.connection.kind === 'avrdude') return () => {};
	const run = (async () => {
		await busy;
		if (stopped) return;
		const link = await openProgrammer(contact.world, choiceOf(contact.programmer));
		try {
			const capabilities = await link.open();
			if (contact.powerTarget === true && capabilities.targetPower === 'switchable') {
				await link.setTargetPower?.(true);
			}
			while (!stopped) {
				const reading = await observeWiring(link, capabilities, contact.chip);
				if (!stopped) take(reading);
				await new Promise(resolve => {
					setTimeout(resolve, lookEveryMs);
				});
			}
		} finally {
			await link.close();
		}
	})();
	// What ends it early is said by the next whole attempt.
	busy = run.catch(() => {});
	return () => {
		stopped = true;
	};
}
