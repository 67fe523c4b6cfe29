// What the computer sees of the board now: is it there, may it be opened, is anything in the way. Looks only.
import type {BootloaderProtocol} from '../engine/bootloaders/client.ts';
import {findWaitingBootloaders, type WaitingBootloader} from '../engine/bootloaders/open.ts';
import {type Place, placeOf} from '../engine/bootloaders/place.ts';
import {waysInto} from '../engine/bootloaders/ways-in.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {findChip} from '../engine/chips/index.ts';
import {interferingPrograms} from '../engine/devices/access-advice.ts';
import {surveyDevices} from '../engine/devices/index.ts';
import type {ListedDevice} from '../engine/devices/types.ts';
import {firstAid} from '../engine/diagnose/first-aid.ts';
import type {Diagnosis, Family} from '../engine/diagnose/types.ts';
import {isTouchable} from '../engine/procedures/bootloader-entry.ts';
import type {SerialPortInfo, World} from '../engine/transports.ts';
import {item, type Line, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';

export type Look = {
	readonly waiting: readonly WaitingBootloader[];
	readonly devices: readonly ListedDevice[];
	/** What kept the look from being complete. */
	readonly notes: readonly string[];
	/** Programs in the way that run; undefined where that cannot be known. */
	readonly running: readonly string[] | undefined;
	/** Ports of running sketches that can be asked to restart into their bootloader. */
	readonly touchable: readonly SerialPortInfo[];
};

/** Where a flash would go. */
export type AidTarget = {
	readonly chip: Chip;
	readonly protocol: BootloaderProtocol;
	/** Where it waits now. */
	readonly place?: Place;
};

const protocols: Readonly<Partial<Record<Family, readonly BootloaderProtocol[]>>> = {
	dfu: ['atmel-dfu'],
	caterina: ['caterina'],
	halfkay: ['halfkay', 'lufa-hid', 'qmk-hid'],
	bootloadhid: ['bootloadhid'],
	usbasploader: ['usbasploader'],
};

/** The first aid that the likeliest cause names. */
function aidsOf(diagnosis: Diagnosis) {
	const ids = diagnosis.causes[0]?.nextIds ?? [];
	return ids.flatMap(id => (id in firstAid ? [firstAid[id as keyof typeof firstAid]] : []));
}

function checksOf(diagnosis: Diagnosis): ReadonlySet<string> {
	return new Set(aidsOf(diagnosis).flatMap(aid => ('checks' in aid ? [aid.checks] : [])));
}

/** What wants a programmer and wires: that is the other way, not first aid. */
const needsWires: ReadonlySet<string> = new Set(['start-isp', 'show-wiring', 'read-signature']);
const needsMore: ReadonlySet<string> = new Set(['feed-clock', 'high-voltage']);

/** What to try without a programmer, in order. Who already writes over ISP has one, and is told all. */
export function aidTexts(diagnosis: Diagnosis | undefined): readonly string[] {
	const cause = diagnosis?.causes[0];
	if (cause === undefined) return [];
	return cause.next.filter((_, index) => {
		const id = cause.nextIds?.[index];
		if (id === undefined || !(id in firstAid) || diagnosis?.family === 'isp-programmer') return true;
		const aid = firstAid[id as keyof typeof firstAid];
		return !needsMore.has(id) && !('does' in aid && needsWires.has(aid.does));
	});
}

/** Whether this program can look after any of the first aid, or do it. */
export function canHelp(diagnosis: Diagnosis | undefined): boolean {
	if (diagnosis === undefined) return false;
	const does = aidsOf(diagnosis).some(
		aid => 'does' in aid && ['touch-1200', 'erase-and-flash', 'flash-bootloader'].includes(aid.does),
	);
	const checks = [...checksOf(diagnosis)].some(check => check !== 'file');
	return does || checks;
}

export async function lookAround(world: World): Promise<Look> {
	const {devices, notes} = await surveyDevices(world);
	const waiting = notes.length > 0 ? [] : await findWaitingBootloaders(world);
	const running = await world.runningPrograms?.(interferingPrograms);
	const touchable = (await world.listSerialPorts()).filter(isTouchable);
	return {devices, notes, waiting, running, touchable};
}

/** The bootloader that waits, if it is one and says which chip it runs on; else what the log says of both. */
export function targetOf(look: Look, diagnosis: Diagnosis): AidTarget | undefined {
	const sure = look.waiting.filter(found => !found.mustAsk);
	const [only] = sure;
	if (only !== undefined) {
		const [first] = only.chips;
		const same = only.chips.every(chip => String(chip.signature) === String(first?.signature));
		return sure.length === 1 && first !== undefined && same
			? {chip: first, protocol: only.protocol, place: placeOf(only)}
			: undefined;
	}
	const protocol = protocols[diagnosis.family]?.[0];
	const chip = diagnosis.facts.chip === undefined ? undefined : findChip(diagnosis.facts.chip);
	return protocol === undefined || chip === undefined ? undefined : {chip, protocol};
}

const accessWords: Readonly<Record<ListedDevice['access'], string>> = {
	ok: 'This program may open it.',
	denied: 'You may not open it yet.',
	busy: 'Another program has it open.',
	'no-driver': 'It has no driver that can open it.',
	unknown: 'Whether it may be opened shows only when it is opened.',
};
/** Advice lines of one device; the rest stands in `avr-unbrick devices`. */
const mostAdvice = 2;

export function lookLines(look: Look, diagnosis: Diagnosis, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const good = (text: string) => item(`${glyphs.done} `, text, 'good');
	const bad = (text: string) => item(`${glyphs.failed} `, text, 'warn');
	const lines: Line[] = look.notes.map(note => bad(printable(note)));
	const checks = checksOf(diagnosis);
	const wanted = protocols[diagnosis.family];
	const loaders = look.devices.filter(({kind}) => kind === 'bootloader');
	const tell = (device: ListedDevice) => {
		lines.push(
			device.access === 'ok'
				? good(accessWords.ok)
				: device.access === 'unknown'
					? item(`${glyphs.bullet} `, accessWords.unknown)
					: bad(accessWords[device.access]),
		);
		if (device.access !== 'ok') {
			for (const text of device.advice.slice(0, mostAdvice)) lines.push(item('  ', printable(text)));
		}
	};
	for (const device of loaders) {
		lines.push(good(`A bootloader is there: ${printable(device.name)} (${device.vidPid ?? device.port}).`));
		tell(device);
	}
	const [first] = look.waiting;
	if (
		first !== undefined &&
		wanted !== undefined &&
		!look.waiting.some(found => wanted.includes(found.protocol))
	)
		lines.push(bad('It is of another kind than the one your text speaks of: use the tool that fits it.'));
	if (loaders.length === 0 && look.notes.length === 0) {
		lines.push(bad('No bootloader of a keyboard is on USB now.'));
		const protocol = wanted?.[0];
		if (protocol !== undefined)
			for (const text of waysInto(protocol).slice(0, mostAdvice)) lines.push(item('  ', text));
	}
	for (const device of look.devices) {
		if (device.kind !== 'serial' || device.access === 'ok' || device.access === 'unknown') continue;
		lines.push(bad(`${printable(device.port ?? device.name)}: ${accessWords[device.access]}`));
		for (const text of device.advice.slice(0, mostAdvice)) lines.push(item('  ', printable(text)));
	}
	if (look.running?.includes('ModemManager')) {
		if (diagnosis.family === 'caterina' || checks.has('modemmanager'))
			lines.push(
				bad('ModemManager runs and may disturb a serial bootloader: sudo systemctl stop ModemManager'),
			);
	} else if (look.running !== undefined && checks.has('modemmanager')) {
		lines.push(good('ModemManager does not run.'));
	}
	lines.push(say('This page follows what you plug in.', 'quiet'));
	return lines;
}
