// From `--programmer`, `--port`, `--usb` … to what is meant by them. Parsing touches nothing; opening is a step
// of its own, so that everything that can be known without hardware is said first.

import {findPinouts} from '../../wiring/index.ts';
import type {Board} from '../engine/boards/board.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {findChip} from '../engine/chips/index.ts';
import {plainText} from '../engine/devices/index.ts';
import {secondSupplies} from '../engine/devices/second-supply.ts';
import {UnbrickError} from '../engine/errors.ts';
import {createIspTarget} from '../engine/isp/isp-target.ts';
import {findProgrammer, type Programmer, programmers} from '../engine/programmers/index.ts';
import {fits, openProgrammer, vidPid} from '../engine/programmers/open.ts';
import type {Target, TargetNote} from '../engine/target.ts';
import type {UsbDeviceInfo, World} from '../engine/transports.ts';
import {UsageError} from './exit-codes.ts';
import type {HardwareOptions} from './options.ts';
import {didYouMean, parseBoard, parseChip, parseSck, parseWhole} from './parse.ts';

/** What the options say, checked; nothing has been opened. */
export type Hardware = {
	/** Our own record; undefined for `avrdude:NAME`. */
	readonly programmer: Programmer | undefined;
	/** As the person named it: `usbasp`, `avrdude:dragon_isp`. */
	readonly name: string;
	/** For `avrdude:NAME`: the name. */
	readonly avrdude: string | undefined;
	readonly port: string | undefined;
	readonly usb: string | undefined;
	readonly baud: number | undefined;
	readonly chip: Chip | undefined;
	readonly board: Board | undefined;
	readonly sck: 'auto' | number;
	/** The person's word that nothing else feeds the board. */
	readonly powerTarget: boolean;
	readonly openDrain: boolean;
};

const avrdudePrefix = 'avrdude:';

/** @throws UsageError */
export function parseHardware(options: HardwareOptions): Hardware {
	if (options.programmer === undefined) {
		throw new UsageError(
			`Name the programmer: --programmer ${programmers.map(known => known.id).join(', ')} (or avrdude:NAME).`,
		);
	}
	const name = options.programmer;
	const avrdude = name.startsWith(avrdudePrefix) ? name.slice(avrdudePrefix.length) : undefined;
	if (avrdude === '') throw new UsageError('After "avrdude:" comes the name of one of its programmers.');
	const programmer = avrdude === undefined ? programmerNamed(name) : undefined;
	if (programmer?.transport === 'usb' && options.port !== undefined) {
		throw new UsageError(`${programmer.name} has no serial port: name it by --usb, or leave --port out.`);
	}
	if (programmer?.transport === 'serial' && options.usb !== undefined) {
		throw new UsageError(`${programmer.name} sits behind a serial port: name it by --port.`);
	}
	if (programmer?.transport === 'usb' && options.baud !== undefined) {
		throw new UsageError(`${programmer.name} has no serial port, so --baud means nothing to it.`);
	}
	if (options.usb !== undefined && !/^[0-9a-f]{4}:[0-9a-f]{4}(@.+)?$/i.test(options.usb)) {
		throw new UsageError(
			`--usb takes VID:PID or VID:PID@BUS-PORT, such as 16c0:05dc@1-4, not "${options.usb}".`,
		);
	}
	const switches = programmer?.targetPower === 'switchable';
	if (programmer !== undefined && !switches && options.powerTarget === true) {
		throw new UsageError(
			`The supply of ${programmer.name} cannot be switched from here: ${programmer.powerNote}`,
		);
	}
	if (programmer?.id !== 'buspirate' && options.openDrain === true) {
		throw new UsageError('--open-drain is for the Bus Pirate: no other programmer has such outputs.');
	}
	const board = options.board === undefined ? undefined : parseBoard(options.board);
	if (board !== undefined && !board.supported) {
		throw new UsageError(`The ${board.name} is no AVR: it has no ISP, and this program cannot help it.`);
	}
	const chip = options.chip === undefined ? undefined : parseChip(options.chip);
	if (board !== undefined && chip !== undefined && board.chip !== chip.id) {
		throw new UsageError(`The ${board.name} has an ${board.chip}, but --chip says ${chip.id}.`);
	}
	return {
		programmer,
		name,
		avrdude,
		port: options.port,
		usb: options.usb,
		baud: options.baud === undefined ? undefined : parseWhole(options.baud, '--baud'),
		chip: chip ?? (board === undefined ? undefined : findChip(board.chip)),
		board,
		sck: parseSck(options.sck ?? 'auto'),
		powerTarget: options.powerTarget === true,
		openDrain: options.openDrain === true,
	};
}

function programmerNamed(name: string): Programmer {
	const own = findProgrammer(name);
	if (own !== undefined) return own;
	// A hardware variant of the wiring tables stands for its driver.
	const variant = findPinouts(name)[0];
	const driven = variant === undefined ? undefined : findProgrammer(variant.driver);
	if (driven !== undefined) return driven;
	const ids = programmers.map(known => known.id);
	throw new UsageError(
		`There is no programmer "${name}" here.${didYouMean(name, ids, ` There are: ${ids.join(', ')}, and avrdude:NAME for what an installed avrdude knows.`)}`,
	);
}

/**
 * Opens what was meant and puts a Target on it. Nothing has been said to the chip yet.
 * @throws UnbrickError DeviceMissing, Ambiguous, DeviceDenied, DeviceBusy, NoUsbSystem, FirmwareTooOld
 */
export async function openTarget(world: World, hardware: Hardware): Promise<Target> {
	if (hardware.avrdude !== undefined) {
		const {createAvrdudeTarget, findAvrdude} = await import('../io/avrdude.ts');
		const avrdude = await findAvrdude();
		if (!avrdude.programmers.has(hardware.avrdude)) {
			const names = [...avrdude.programmers.keys()];
			throw new UnbrickError({
				kind: 'DeviceMissing',
				what: `A programmer "${hardware.avrdude}" in the installed avrdude ${avrdude.version}`,
				next: [
					`\`avr-unbrick devices --avrdude\` lists its ${names.length} programmers.${didYouMean(hardware.avrdude, names, '')}`,
				],
			});
		}
		const {alone} = await import('../io/world.ts');
		const programmer = hardware.avrdude;
		return alone(hardware.port ?? `avrdude ${programmer}`, async () =>
			createAvrdudeTarget(avrdude, {
				programmer,
				...(hardware.port === undefined ? {} : {port: hardware.port}),
				...(hardware.baud === undefined ? {} : {baud: hardware.baud}),
				...(hardware.sck === 'auto' ? {} : {sckHz: hardware.sck}),
				...(hardware.board === undefined ? {} : {board: hardware.board}),
			}),
		);
	}
	if (hardware.programmer === undefined) {
		throw new UnbrickError({kind: 'Bug', assumed: 'a programmer without avrdude is one of ours'});
	}
	// Looked up while the programmer is being opened; it never fails.
	const notes = supplyNotes(world, hardware);
	const link = await openProgrammer(world, {
		programmer: hardware.programmer.id,
		...(hardware.port === undefined ? {} : {port: hardware.port}),
		...(hardware.usb === undefined ? {} : {usb: hardware.usb}),
		...(hardware.baud === undefined ? {} : {baud: hardware.baud}),
		...(hardware.openDrain ? {openDrain: true} : {}),
	});
	return createIspTarget(link, {
		notes,
		powerTarget: hardware.powerTarget,
		clock: world.clock,
		sck: hardware.sck,
		...(hardware.board === undefined ? {} : {board: hardware.board}),
		...(hardware.chip === undefined ? {} : {chip: hardware.chip}),
	});
}

/** What may feed the board a second time, as notes. A look that fails says nothing: it must not keep anyone. */
async function supplyNotes(world: World, {programmer, usb, chip}: Hardware): Promise<readonly TargetNote[]> {
	const devices = await world.listUsbDevices().catch(() => []);
	const isProgrammer = (device: UsbDeviceInfo) =>
		(usb !== undefined && vidPid(device) === usb.toLowerCase().split('@')[0]) ||
		programmer?.identities.some(identity => fits(identity, device)) === true;
	const others = devices.filter(device => !isProgrammer(device));
	return secondSupplies(others, chip?.id)
		.filter(({confidence}) => confidence === 'likely')
		.map(({name, vidPid: ids}) => ({
			code: 'second-supply',
			message: `${plainText(name)} (${ids}) is plugged in. If that is the board under repair, unplug it from USB: two supplies at once can destroy both devices.`,
		}));
}
