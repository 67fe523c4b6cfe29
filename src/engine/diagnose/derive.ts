// What follows from the values inside the messages: which bits differ, which chip was meant, who is on the bus.
// Pure; every entry says what it stands on.

import type {Chip} from '../chips/chip.ts';
import {chips, findChip} from '../chips/index.ts';
import {chipOf, type FuseWritten, fuseEffect, fusesWritten, fuseValue} from './fuse-writes.ts';
import type {Hit} from './scan.ts';
import type {SignalId} from './signals.ts';
import type {Family} from './types.ts';

export type DerivedId =
	| 'is.result'
	| 'is.specific'
	| 'is.silent'
	| 'is.notblank.aftererase'
	| 'is.mcu.differs'
	| 'is.application.seen'
	| 'is.dfu.seen'
	| 'is.caterina.seen'
	| 'is.ms.seen'
	| 'is.arm.seen'
	| 'is.loader.seen'
	| 'is.bootloader.other'
	| 'is.usbasploader'
	| 'is.prog.avr109'
	| 'is.prog.serialboot'
	| 'is.prog.isp'
	| 'is.prog.teensy'
	| 'is.prog.micronucleus'
	| 'is.isp.serial'
	| 'is.stk.bootport'
	| 'is.burn'
	| 'is.board.odd'
	| 'is.baud.missing'
	| 'is.port.com1'
	| 'is.port.native'
	| 'is.fuses.zero'
	| 'is.os.windows'
	| 'is.os.macos'
	| 'is.os.linux'
	| 'is.os.notwindows'
	| 'is.windows.maybe'
	| 'is.resp.varied'
	| 'is.power.zero'
	| 'is.sig.none'
	| 'is.sig.fine'
	| 'is.sig.varied'
	| 'is.sig.talk'
	| 'is.tool.mute'
	| 'is.expected.blank'
	| 'is.mismatch.unused'
	| 'is.mismatch.lock'
	| 'is.mismatch.fuse'
	| 'is.mismatch.spien'
	| 'is.mismatch.bootstart'
	| 'is.mismatch.high'
	| 'is.mismatch.high.unnamed'
	| 'is.mismatch.blank'
	| 'is.mismatch.other'
	| 'is.fuse.wanted'
	| 'is.fuse.byhand'
	| 'is.fuse.kills'
	| 'is.fuse.kills.asked'
	| 'is.fuse.outside'
	| 'is.fuse.silent'
	| 'is.fuse.silent.clock'
	| 'is.fuse.silent.slow'
	| 'is.fuse.silent.other'
	| 'is.fuse.silent.unknown'
	| 'is.fuse.silent.board2'
	| 'is.loader.wiped'
	| 'is.loader.wiped.maybe'
	| 'is.enumerate.last'
	| 'is.sig.garbled'
	| 'is.path.cut'
	| 'is.addr.ram';

/** Everything known in one attempt: messages and what follows from them, each with the lines that say so. */
export type Known = ReadonlyMap<string, readonly Hit[]>;

/** A command with a long path, wrapped. */
const WRAPPED_COMMAND_LINES = 4;
/** Signs that stand in a command itself. */
const ofCommandLine = /^(?:avr\.(?:opt|cmd|any|words)|os|tb|build)\b/;

/** Of a message repeated without end only the latest are looked at. */
const RECENT = 50;

type Memory = 'lfuse' | 'hfuse' | 'efuse' | 'fuse' | 'lock' | 'flash' | undefined;

// avrdude.conf.in: which programmers are bootloaders on a serial line, which AVR109, which drive ISP.
const avr109Programmers = /^(?:avr109|butterfly|butterfly_mk|avr911|mib510)$/i;
const serialBootloaders = /^(?:arduino|wiring|urclock|xbee)$/i;
const ispOverSerial = /^(?:stk500v1|avrisp|stk500|arduinoisp|arduinoisporg|arduino_as_isp|avrispv2)$/i;
const ispProgrammers =
	/^(?:usbasp|usbasp-clone|usbasp_tpi|usbtiny|usbtinyisp|usbisp|avrisp|avrisp2|avrispmkii|avrisp_mkii|avrispv2|stk500v1|stk500|stk600|arduinoisp|arduinoisporg|arduino_as_isp|buspirate\w*|dragon_\w+|jtag\w*|atmelice\w*|powerdebugger\w*|pickit\w*|snap\w*|xplainedpro\w*|ft232\w*|ft2232\w*|diecimila|linuxspi|linuxgpio|ponyser|dasa\d?|avr910|pavr|siprog|dt006|nibobee|xplainedmini\w*|pkobn\w*|serialupdi|jtag2updi|scratchmonkey\w*|pony-stk200|stk200|dapa|sp12|bsd|tumpa\w*|ttl232r|c232hm|um232h|uncompatino|flyswatter2|openmoko|avrftdi|iseavrprog|ch341a|teensy_isp|raspberry_pi_gpio|pi_1|pi_2)$/i;
const usbPort = /^(?:usb|ft\d|hid|avrdoper|gpio|pi)/i;

// USB product numbers of Atmel's vendor id, after qmk_toolbox BootloaderFactory.cs and dfu-programmer arguments.c.
export const dfuProducts: Readonly<Record<string, string>> = {
	'2fee': 'atmega8u2',
	'2fef': 'atmega16u2',
	'2ff0': 'atmega32u2',
	'2ff3': 'atmega16u4',
	'2ff4': 'atmega32u4',
	'2ff7': 'at90usb82',
	'2ff9': 'at90usb646',
	'2ffa': 'at90usb162',
	'2ffb': 'at90usb1286',
};
const caterinaIds =
	/^(?:2341:003[67]|2a03:003[67]|2a03:0040|1b4f:920[357]|1b4f:0f69|239a:000[cde]|1ffb:0101|1209:2302|1209:2303)$/;
const armIds = /^(?:0483:df11|1eaf:|1c11:|28e9:|314b:|342d:|2e8a:|2e3c:)/;

/** The bootloader family a USB identity belongs to, if it is one of a bootloader. */
export function familyOfUsbId(id: string): Family | undefined {
	if (id.startsWith('03eb:') && dfuProducts[id.slice(5)] !== undefined) return 'dfu';
	if (caterinaIds.test(id)) return 'caterina';
	if (id === '16c0:0478') return 'halfkay';
	if (id === '16c0:05df') return 'bootloadhid';
	if (id === '16d0:0753') return 'micronucleus';
	if (armIds.test(id)) return 'arm';
	return undefined;
}

/** `03eb:2ff4` out of the three ways in which systems print it. */
export function usbIdOf(hit: Hit): string | undefined {
	const [plain, vendor, product, kernelVendor, kernelProduct] = hit.groups;
	const id = plain ?? (vendor === undefined ? `${kernelVendor}:${kernelProduct}` : `${vendor}:${product}`);
	return /^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(id) ? id.toLowerCase() : undefined;
}

// Toolbox prints the kind of device in front of "connected".
const connectedFamilies: readonly (readonly [RegExp, Family])[] = [
	[/^(?:atmel dfu|qmk dfu|dfu)/i, 'dfu'],
	[/^caterina/i, 'caterina'],
	[/^halfkay/i, 'halfkay'],
	[/^bootloadhid/i, 'bootloadhid'],
	[/^(?:stm32|apm32|gd32v|wb32|at32|kiibohd|atmel sam)/i, 'arm'],
];

/** Same product number to a bootloader: 646 and 647, 1286 and 1287 share theirs. */
function sameChip(a: string, b: string): boolean {
	const family = (id: string): string => id.replace(/^(at90usb(?:64|128))[67]$/, '$1');
	return family(a) === family(b);
}

function chipId(name: string): string {
	return findChip(name)?.id ?? name.toLowerCase();
}

// Byte addresses at which a boot section can start, of every chip known.
const bootStarts: ReadonlySet<number> = new Set(
	chips.flatMap(chip => chip.bootSections.map(section => section.startByteAddress)),
);
/** Below this a boot section is smaller than any bootloader asked about here (ATmega8 aside). */
const LOWEST_BOOT_START = 0x1800;
/** STK500v1 addresses words with 16 bits: 128 KB. */
const UPPER_FLASH = 0x20000;
/** USBtiny addresses bytes with 16 bits. Source: avrdude NEWS 7.1, #1029; https://docs.qmk.fm/isp_flashing_guide. */
const UPPER_FLASH_USBTINY = 0x10000;
/** SRAM sits from here on in avr-gcc's address space. Source: avr-libc memory sections. */
const RAM_OFFSET = 0x800000;

function lastGroup(hits: readonly Hit[] | undefined, group = 0): string | undefined {
	for (let index = (hits?.length ?? 0) - 1; index >= 0; index -= 1) {
		const value = hits?.[index]?.groups[group];
		if (value !== undefined) return value;
	}
	return undefined;
}

/** Programmer as named last, by option or by avrdude's own list. */
export function programmerOf(known: Known): string | undefined {
	const option = known.get('avr.opt.c')?.at(-1);
	const using = known.get('avr.usingprogrammer')?.at(-1);
	const last = option !== undefined && (using === undefined || option.at > using.at) ? option : using;
	// Verbose output names the kind as well, and an error the programmer that did not open.
	const other = known.get('avr.forprogrammer')?.at(-1) ?? known.get('avr.progtype')?.at(-1);
	return (last ?? other)?.groups[0]?.toLowerCase();
}

/** Chip as named last to a tool. */
export function chipNamed(known: Known): string | undefined {
	let best: Hit | undefined;
	for (const id of [
		'avr.opt.p',
		'avr.part',
		'avr.expected',
		'dfu.cmd.erase',
		'dfu.cmd.flash',
		'dfu.cmd.other',
		'dfu.debug.target',
	]) {
		const hit = known.get(id)?.at(-1);
		if (hit?.groups[0] !== undefined && (best === undefined || hit.at > best.at)) best = hit;
	}
	return best?.groups[0] === undefined ? undefined : chipId(best.groups[0]);
}

export function portOf(known: Known): string | undefined {
	let best: Hit | undefined;
	for (const id of ['avr.opt.port', 'avr.usingport', 'ser.open']) {
		const hit = known.get(id)?.at(-1);
		if (hit?.groups[0] !== undefined && (best === undefined || hit.at > best.at)) best = hit;
	}
	// Windows' own spelling and the short one name the same port.
	const port = best?.groups[0]
		?.replace(/["']+$/, '')
		.replace(/^\\\\\.\\(?=com\d)/i, '')
		.trim();
	return port === undefined || port === '' || port === 'unknown' || port === 'null' ? undefined : port;
}

/** Messages by id, in order. */
export function group(hits: readonly Hit[]): Map<string, Hit[]> {
	const known = new Map<string, Hit[]>();
	for (const hit of hits) {
		const list = known.get(hit.id);
		if (list === undefined) known.set(hit.id, [hit]);
		else list.push(hit);
	}
	return known;
}

const silentSignals = [
	'sk.enable',
	'sk.enable.nodevice',
	'asp.silent',
	'avr.initfailed',
	'avr.yikes',
	'v2.status',
	'v2.enable',
] as const satisfies readonly SignalId[];

const otherTools = ['dfu.any', 'du.any', 'mn.any', 'bh.any', 'tl.any'] as const satisfies readonly SignalId[];

const mutedErrors: ReadonlySet<string> = new Set<SignalId>(['ide.uploadfailed', 'ide.burnfailed']);

function judgeMismatches(
	known: Map<string, Hit[]>,
	way: 'loader' | 'isp' | 'usbtiny' | 'unknown',
	add: (id: DerivedId, ...hits: Hit[]) => void,
): void {
	const places = [...(known.get('avr.mismatch.at') ?? []), ...(known.get('avr.mismatch.addr') ?? [])];
	const memories = [
		...(known.get('avr.verifying.fuse') ?? []),
		...(known.get('avr.fuse.written') ?? []),
		...(known.get('avr.verifying.flash') ?? []),
	].sort((a, b) => a.at - b.at);
	const named = chipNamed(known);
	const chip = named === undefined ? undefined : findChip(named);
	for (const place of places.slice(-20)) {
		const address = Number.parseInt(place.groups[0] ?? '0', 16);
		const values = (known.get('avr.mismatch.values') ?? []).find(hit => Math.abs(hit.line - place.line) <= 2);
		const read = values === undefined ? undefined : Number.parseInt(values.groups[0] ?? '', 16);
		const wanted = values === undefined ? undefined : Number.parseInt(values.groups[1] ?? '', 16);
		const hits = values === undefined ? [place] : [place, values];
		const before = memories.filter(hit => hit.at < place.at).at(-1);
		let memory: Memory =
			before === undefined
				? undefined
				: before.id === 'avr.verifying.flash'
					? 'flash'
					: ((before.groups[0]?.toLowerCase().replace('lockbits', 'lock') as Memory) ?? undefined);
		if (memory === undefined && address === 0 && read !== undefined && wanted !== undefined) {
			// Safemode names the fuse afterwards, with the same two values.
			const named = (known.get('avr.fuse.was') ?? []).find(
				hit =>
					Number.parseInt(hit.groups[1] ?? '', 16) === wanted &&
					Number.parseInt(hit.groups[2] ?? '', 16) === read,
			);
			if (named !== undefined) memory = named.groups[0]?.toLowerCase() as Memory;
			// The command asked one fuse, and no flash, to hold the value that is missed.
			const asked = (known.get('avr.opt.fuse') ?? []).filter(hit => fuseValue(hit.groups[1]) === wanted);
			if (
				named === undefined &&
				asked.length === 1 &&
				!known.has('avr.opt.file') &&
				!known.has('avr.opt.lock')
			)
				memory = asked[0]?.groups[0]?.toLowerCase() as Memory;
		}
		if (memory === undefined && address === 0 && read !== undefined && wanted !== undefined) {
			// No memory named. A byte whose missing top bits alone differ is an extended fuse or a lock byte.
			const differs = read ^ wanted;
			if (differs !== 0 && (differs & 0x3f) === 0 && (read | wanted) >= 0xc0) memory = 'lock';
			else if (differs !== 0 && (differs & 0x07) === 0 && (read & differs) === differs && read >= 0xc0)
				memory = 'efuse';
		}
		if (
			memory === 'lock' ||
			memory === 'efuse' ||
			memory === 'lfuse' ||
			memory === 'hfuse' ||
			memory === 'fuse'
		) {
			if (read === undefined || wanted === undefined) {
				add(memory === 'lock' ? 'is.mismatch.lock' : 'is.mismatch.fuse', ...hits);
				continue;
			}
			const differs = read ^ wanted;
			const mask =
				memory === 'lock'
					? (chip?.lock.mask ?? 0x3f)
					: memory === 'efuse'
						? (chip?.fuses.extended?.mask ?? 0x07)
						: memory === 'hfuse'
							? (chip?.fuses.high?.mask ?? 0xff)
							: 0xff;
			const spien = spienMask(chip, memory);
			if ((differs & mask) === 0) add('is.mismatch.unused', before ?? place, ...hits);
			else if ((differs & mask & ~spien) === 0 && (read & spien) === 0) add('is.mismatch.spien', ...hits);
			else if (memory === 'lock') add('is.mismatch.lock', before ?? place, ...hits);
			else add('is.mismatch.fuse', before ?? place, ...hits);
			continue;
		}
		// A serial loader has no such limit, whatever its programmer's name.
		if (way !== 'loader' && address >= (way === 'usbtiny' ? UPPER_FLASH_USBTINY : UPPER_FLASH)) {
			add(way === 'unknown' ? 'is.mismatch.high.unnamed' : 'is.mismatch.high', ...hits);
			continue;
		}
		const starts =
			chip === undefined ? bootStarts : new Set(chip.bootSections.map(section => section.startByteAddress));
		if (address >= LOWEST_BOOT_START && starts.has(address)) add('is.mismatch.bootstart', ...hits);
		add(read === 0xff ? 'is.mismatch.blank' : 'is.mismatch.other', ...hits);
	}
}

/** Bits of SPIEN in the byte of that fuse: readable over ISP, not writable. Source: datasheets, serial programming. */
function spienMask(chip: Chip | undefined, fuse: string): number {
	const byte =
		fuse === 'hfuse' ? chip?.fuses.high : fuse === 'lfuse' ? chip?.fuses.low : chip?.fuses.extended;
	return byte?.fields.find(field => field.name === 'SPIEN')?.mask ?? 0;
}

/** USB identities that something listed; those of a command or of "not found" were only asked for. */
export function usbSeen(known: Known): Hit[] {
	const absent = new Set<number>();
	for (const id of ['loader.missing', 'usbdev.missing', 'tiny.missing', 'asp.missing'] as const)
		for (const hit of known.get(id) ?? []) absent.add(hit.line);
	return (known.get('usb.id') ?? []).filter(hit => !absent.has(hit.line));
}

/** Messages "not blank" that come after an erase which said that it succeeded, each with that erase. */
export function brokenErases(known: Known): {readonly erased: Hit; readonly hit: Hit}[] {
	const broken: {erased: Hit; hit: Hit}[] = [];
	const erases = known.get('dfu.erase.ok') ?? [];
	const rounds = known.get('dfu.erasing') ?? [];
	for (const hit of (known.get('dfu.notblank') ?? []).slice(-RECENT)) {
		const erased = erases.filter(erase => erase.at < hit.at).at(-1);
		if (erased === undefined) continue;
		// Blank after all: the check that followed this erase found nothing.
		const blank = (known.get('dfu.blank') ?? []).find(each => each.at > erased.at && each.at < hit.at);
		// A check right before the next erase belongs to that erase: not blank is then as it should be.
		const nextErase = rounds.find(round => round.at > hit.at);
		const command = (known.get('dfu.cmd.erase') ?? []).find(each => each.at > erased.at && each.at < hit.at);
		if (nextErase !== undefined && nextErase.line - hit.line <= 2 && (command ?? blank) !== undefined)
			continue;
		const written = (known.get('dfu.programming') ?? []).find(
			each => each.at > erased.at && each.at < hit.at,
		);
		if (blank !== undefined && written !== undefined && !known.has('dfu.validate.failed')) continue;
		broken.push({erased, hit});
	}
	return broken;
}

/** Erases whose own check found the flash empty. */
export function soundErase(known: Known): Hit | undefined {
	const erased = known.get('dfu.erase.ok')?.at(-1);
	const blank = known.get('dfu.blank')?.at(-1);
	return erased !== undefined && blank !== undefined && blank.at > erased.at ? blank : undefined;
}

/** What the tool of this attempt expects on the bus, from its own words. */
function expectedFamily(known: Known): Family | undefined {
	const flashing = lastGroup(known.get('qmk.flashing'))?.toLowerCase();
	if (flashing !== undefined) {
		if (/dfu/.test(flashing) && !/stm32|apm32|gd32|wb32|kiibohd|at32/.test(flashing)) return 'dfu';
		if (flashing === 'caterina') return 'caterina';
		if (flashing === 'halfkay') return 'halfkay';
		if (/bootloadhid/.test(flashing)) return 'bootloadhid';
	}
	if (known.has('dfu.nodevice')) return 'dfu';
	if (known.has('bf.silent') || known.has('qmk.waiting.serial')) return 'caterina';
	if (known.has('du.nodevice')) return 'arm';
	if (known.has('tl.waiting') && known.has('tl.any')) return 'halfkay';
	if (known.has('bh.missing')) return 'bootloadhid';
	if (known.has('mn.timeout')) return 'micronucleus';
	return undefined;
}

/** The command that a message came from. */
function commandBefore(known: Known, at: number): Hit | undefined {
	return (known.get('avr.cmd') ?? []).findLast(hit => hit.at < at);
}

/** The part that a command names. */
function partOf(known: Known, command: Hit): string | undefined {
	const hit = (known.get('avr.opt.p') ?? []).find(each => each.line === command.line);
	return hit?.groups[0] === undefined ? undefined : chipId(hit.groups[0]);
}

/** Whether what was silent is another board than the one written: said so, another part named, or the same whole job again. */
function anotherBoard(known: Known, proof: Hit, silentAt: number): boolean {
	const between = (hit: Hit): boolean => hit.at > proof.at && hit.at < silentAt;
	if ((known.get('words.otherboard') ?? []).some(between)) return true;
	const before = commandBefore(known, proof.at);
	const after = commandBefore(known, silentAt);
	if (before === undefined || after === undefined || after.at < proof.at) return false;
	const [first, second] = [partOf(known, before), partOf(known, after)];
	if (first !== undefined && second !== undefined && !sameChip(first, second)) return true;
	const flashed = (known.get('avr.verified') ?? []).some(hit => hit.at > before.at && hit.at < after.at);
	return flashed && before.text.trim() === after.text.trim();
}

/** What the fuses of the paste, written or only asked for, say about a chip that does not answer now. */
function judgeFuses(
	known: Known,
	everywhere: Known,
	silentAt: number,
	derived: ReadonlyMap<DerivedId, readonly Hit[]>,
	add: (id: DerivedId, ...hits: Hit[]) => void,
): void {
	const name = chipNamed(known) ?? chipNamed(everywhere);
	const chip = chipOf(name, everywhere);
	const end = Math.max(-1, ...[...known.values()].map(hits => hits.at(-1)?.at ?? -1));
	// A chip that answers afterwards took no harm. The signature of the same run was read before its writes.
	const alive = (everywhere.get('avr.signature') ?? []).filter(hit => /^1e/i.test(hit.groups[0] ?? ''));
	const writes = fusesWritten(everywhere, chip).filter(
		({proof}) => proof.at < end && !alive.some(hit => hit.at > proof.at && hit.at < end),
	);
	// A value that reads back otherwise was not taken.
	const untaken = ['is.mismatch.fuse', 'is.mismatch.spien', 'is.mismatch.unused'] as const;
	const kept = ({proof}: FuseWritten): boolean =>
		untaken.some(id => (derived.get(id) ?? []).some(hit => hit.at > proof.at));
	const lines = ({asked, proof}: FuseWritten): Hit[] => (asked === undefined ? [proof] : [asked, proof]);
	const ended = writes.findLast(write => write.effect === 'ends-isp' && !kept(write));
	// That the first board is closed now says nothing about the wires of the next.
	const elsewhere = ended !== undefined && silentAt >= 0 && anotherBoard(everywhere, ended.proof, silentAt);
	const kills = elsewhere ? undefined : ended;
	if (kills !== undefined) add('is.fuse.kills', ...lines(kills));
	const outside = writes.findLast(write => write.effect === 'outside' && !kept(write));
	if (outside !== undefined) add('is.fuse.outside', ...lines(outside));

	if (silentAt < 0) return;
	const silence = (derived.get('is.silent') ?? []).slice(-1);
	const before = writes.filter(({proof}) => proof.at < silentAt);
	if (kills === undefined) {
		const asked = (everywhere.get('avr.opt.fuse') ?? []).findLast(
			hit =>
				hit.at < silentAt &&
				fuseEffect(chip, hit.groups[0]?.toLowerCase() ?? '', fuseValue(hit.groups[1])) === 'ends-isp',
		);
		if (asked !== undefined) add('is.fuse.kills.asked', asked, ...silence);
	}
	const last = before.at(-1);
	if (last === undefined || kills !== undefined) return;
	const second = anotherBoard(everywhere, last.proof, silentAt);
	const told = (effect: FuseWritten['effect'][]): FuseWritten | undefined =>
		before.findLast(write => effect.includes(write.effect));
	const clock = told(['crystal', 'outside']);
	const slow = told(['slow']);
	const unknown = told(['unknown']);
	const [id, speaks] = second
		? (['is.fuse.silent.board2', last] as const)
		: clock !== undefined
			? (['is.fuse.silent.clock', clock] as const)
			: slow !== undefined
				? (['is.fuse.silent.slow', slow] as const)
				: unknown !== undefined
					? (['is.fuse.silent.unknown', unknown] as const)
					: (['is.fuse.silent.other', last] as const);
	add(id, ...lines(speaks), ...silence);
	add('is.fuse.silent', ...lines(speaks), ...silence);
}

/** A file with such a name brings a bootloader along. */
const holdsLoader = /boot|caterina|optiboot|prod|dfu|lufa|halfkay|nucleus|loader|combined|merged|full/i;
/** A call for a bootloader that nobody answered. */
const unanswered = [
	'dfu.nodevice',
	'bf.silent',
	'bf.silent.new',
	'qmk.waiting',
	'qmk.waiting.serial',
	'sk.nosync',
	'sk.silent',
	'v2.timeout',
	'cat.noport',
	'cat.portsempty',
	'bh.missing',
	'tl.nodevice',
	'loader.missing',
	'ser.missing',
] as const satisfies readonly SignalId[];
/** What only a living bootloader says. */
const answered = ['bf.caterin', 'dfu.erase.ok', 'dfu.programming', 'tl.found', 'mn.found'] as const;

/**
 * An ISP write erases the whole chip first (avrdude manual, option -D): without a bootloader in the image none is left.
 * The bytes that avrdude 7 counts leave gaps out, so a name that speaks of a bootloader outweighs the size.
 */
function judgeWipedLoader(
	known: Known,
	everywhere: Known,
	chipName: string | undefined,
	add: (id: DerivedId, ...hits: Hit[]) => void,
): void {
	const call = unanswered.flatMap(id => known.get(id)?.slice(-1) ?? []).sort((a, b) => a.at - b.at)[0];
	if (call === undefined || everywhere.has('usbasploader.words')) return;
	const write = [...(everywhere.get('avr.verified') ?? []), ...(everywhere.get('avr.written') ?? [])]
		.sort((a, b) => a.at - b.at)
		.findLast(hit => hit.at < call.at);
	if (write === undefined) return;
	const programmers = [
		...(everywhere.get('avr.opt.c') ?? []),
		...(everywhere.get('avr.usingprogrammer') ?? []),
	].sort((a, b) => a.at - b.at);
	const programmer = programmers.findLast(hit => hit.at < write.at);
	const command = commandBefore(everywhere, write.at);
	const since = command?.at ?? programmer?.at ?? 0;
	const again = programmers.find(hit => hit.at > write.at && hit.at < call.at);
	if (programmer === undefined || !ispProgrammers.test(programmer.groups[0] ?? '')) return;
	// Silence through the programmer itself is another matter.
	if (again !== undefined && ispProgrammers.test(again.groups[0] ?? '')) return;
	// The board that is called may be another one.
	if (anotherBoard(everywhere, write, call.at)) return;
	const written = command === undefined ? undefined : partOf(everywhere, command);
	const called = (['dfu.cmd.erase', 'dfu.cmd.flash', 'dfu.cmd.other'] as const)
		.flatMap(id => everywhere.get(id) ?? [])
		.filter(hit => hit.at > write.at && hit.at < call.at)
		.at(-1)?.groups[0];
	if (written !== undefined && called !== undefined && !sameChip(written, chipId(called))) return;
	// A port that is not there may be the programmer's, unless something else is named.
	if (again === undefined && call.id === 'ser.missing') return;
	if ((everywhere.get('avr.opt.noerase') ?? []).some(hit => hit.at >= since && hit.at < write.at)) return;
	if (answered.some(id => (everywhere.get(id) ?? []).some(hit => hit.at > write.at && hit.at < call.at)))
		return;
	if (usbSeen(everywhere).some(hit => hit.at > write.at && familyOfUsbId(usbIdOf(hit) ?? '') !== undefined))
		return;
	const file = [...(everywhere.get('avr.opt.file') ?? []), ...(everywhere.get('avr.input') ?? [])]
		.filter(hit => hit.at < write.at)
		.at(-1);
	const name =
		file?.groups
			.find(value => value !== undefined)
			?.split(/[\\/]/)
			.at(-1) ?? '';
	const chip = chipName === undefined ? undefined : findChip(chipName);
	const starts = chip?.bootSections.map(section => section.startByteAddress) ?? [];
	const bytes = Number.parseInt(write.groups.find(value => value !== undefined) ?? '', 10);
	const apart = starts.length > 0 && Number.isFinite(bytes) && bytes <= Math.min(...starts);
	if (holdsLoader.test(name)) {
		// Small, or up to the end of the flash: it holds one. Between: its name may say more than it holds.
		if (apart && bytes > Math.max(...(chip?.bootSections.map(section => section.bytes) ?? [0])))
			add('is.loader.wiped.maybe', write, call);
		return;
	}
	add(apart && file !== undefined ? 'is.loader.wiped' : 'is.loader.wiped.maybe', write, call);
}

/**
 * Messages of one attempt plus what follows from them.
 * @param attempt messages of the attempt, in order
 * @param everywhere messages of the whole paste: who is on the bus and which system it is count everywhere
 */
export function derive(attempt: readonly Hit[], everywhere: Known): Map<string, Hit[]> {
	const known = group(attempt);
	const derived = new Map<DerivedId, Hit[]>();
	const add = (id: DerivedId, ...hits: Hit[]): void => {
		const list = derived.get(id);
		if (list === undefined) derived.set(id, [...hits]);
		else list.push(...hits);
	};
	const first = (id: SignalId): Hit[] => (everywhere.get(id) ?? []).slice(0, 1);

	// Systems.
	const windows = everywhere.get('os.windows');
	const macos = everywhere.get('os.macos');
	const linux = everywhere.get('os.linux') ?? everywhere.get('os.dmesg') ?? everywhere.get('os.lsusb');
	if (windows !== undefined && macos === undefined && linux === undefined)
		add('is.os.windows', ...first('os.windows'));
	if (macos !== undefined) add('is.os.macos', ...first('os.macos'));
	if (linux !== undefined && macos === undefined) add('is.os.linux', ...linux.slice(0, 1));
	if (macos === undefined && linux === undefined) add('is.windows.maybe');
	if (windows === undefined && (macos ?? linux ?? everywhere.get('os.unix')) !== undefined)
		add('is.os.notwindows', ...first('os.unix'));

	// Who is on the bus.
	const seen = new Set<Family>();
	let dfuChip: {chip: string; hit: Hit} | undefined;
	const identities = usbSeen(everywhere);
	for (const hit of identities.slice(-RECENT)) {
		const id = usbIdOf(hit);
		if (id === undefined) continue;
		const family = familyOfUsbId(id);
		if (family !== undefined) seen.add(family);
		if (family === 'dfu') {
			const chip = dfuProducts[id.slice(5)];
			if (chip !== undefined) dfuChip = {chip, hit};
			add('is.dfu.seen', hit);
		} else if (family === 'caterina') add('is.caterina.seen', hit);
		else if (family === 'arm') add('is.arm.seen', hit);
		else if (id === '03eb:2045') add('is.ms.seen', hit);
		else if (/^03eb:20[4-6][0-9a-f]$/.test(id) && !/^03eb:20(?:45|4a|67)$/.test(id))
			add('is.application.seen', hit);
		else if (id.startsWith('feed:')) add('is.application.seen', hit);
	}
	for (const hit of (everywhere.get('tb.connected') ?? []).slice(-RECENT)) {
		const family = connectedFamilies.find(([pattern]) => pattern.test(hit.groups[0] ?? ''))?.[1];
		if (family === undefined) continue;
		seen.add(family);
		if (family === 'dfu') add('is.dfu.seen', hit);
		if (family === 'caterina') add('is.caterina.seen', hit);
	}
	if (everywhere.has('cat.words')) add('is.caterina.seen', ...first('cat.words'));
	if (derived.has('is.dfu.seen')) derived.delete('is.application.seen');

	// Programmer, port, speed.
	// Another tool than avrdude has no programmer, whatever an earlier attempt used.
	const othersOwn = !known.has('avr.words') && otherTools.some(id => known.has(id));
	const programmer = programmerOf(known) ?? (othersOwn ? undefined : programmerOf(everywhere));
	const port = portOf(known) ?? portOf(everywhere);
	const baud =
		lastGroup(known.get('avr.opt.b')) ??
		lastGroup(known.get('avr.baud')) ??
		lastGroup(everywhere.get('avr.baud'));
	const chip = chipNamed(known) ?? chipNamed(everywhere);
	const serialPort = port !== undefined && !usbPort.test(port);
	if (programmer !== undefined) {
		const said = [...first('avr.opt.c'), ...first('avr.usingprogrammer')].slice(0, 1);
		if (programmer === 'teensy') add('is.prog.teensy', ...said);
		else if (programmer === 'micronucleus') add('is.prog.micronucleus', ...said);
		else if (avr109Programmers.test(programmer)) add('is.prog.avr109', ...said);
		// The programmer sketch speaks at 19200; so do the bootloaders of the oldest boards, which are called with -D.
		else if (
			programmer === 'arduino' &&
			baud === '19200' &&
			!(known.has('avr.opt.noerase') && /^atmega(?:8|168p?)$/.test(chip ?? ''))
		)
			add('is.isp.serial', ...said);
		else if (serialBootloaders.test(programmer)) add('is.prog.serialboot', ...said);
		// The Mega's loader speaks STK500v2, and older IDEs named it so.
		else if (programmer === 'stk500v2' && serialPort) {
			if (baud === '115200' || /^atmega(?:1280|2560)$/.test(chip ?? '')) add('is.prog.serialboot', ...said);
			else add('is.prog.isp', ...said);
		} else if (ispProgrammers.test(programmer) || programmer === 'stk500v2') {
			add('is.prog.isp', ...said);
			if (serialPort && ispOverSerial.test(programmer)) add('is.isp.serial', ...said);
			// ArduinoISP runs at 19200; without a speed avrdude takes 115200, which is a bootloader's.
			if (programmer === 'stk500v1' && serialPort && baud !== '19200' && known.has('avr.initialised'))
				add('is.stk.bootport', ...said);
		}
	}
	// A command of its own says what the attempt is about, whatever was burnt before.
	if (known.has('ide.burn') || known.has('ide.burnfailed'))
		add(
			'is.burn',
			...(known.get('ide.burnfailed') ?? []).slice(0, 1),
			...(known.get('ide.burn') ?? []).slice(0, 1),
		);
	else if (!known.has('avr.cmd') && (everywhere.has('ide.burn') || everywhere.has('ide.burnfailed')))
		add('is.burn', ...first('ide.burnfailed'), ...first('ide.burn'));
	if (
		everywhere.has('usbasploader.words') ||
		(programmer === 'usbasp' && (everywhere.has('qmk.make') || everywhere.has('qmk.cli')))
	)
		add('is.usbasploader', ...first('usbasploader.words'));
	if (derived.has('is.prog.serialboot') && chip !== undefined) {
		// Entries few boards fit: the first Mega, and a Mega 2560 with the small boards' protocol.
		if (chip === 'atmega1280' || (chip === 'atmega2560' && programmer === 'arduino'))
			add('is.board.odd', ...(everywhere.get('avr.cmd') ?? everywhere.get('avr.part') ?? []).slice(0, 1));
	}
	if (programmer === 'arduino' && baud === undefined && known.has('avr.cmd'))
		add('is.baud.missing', ...first('avr.cmd'));
	if (port !== undefined && /^com1$/i.test(port)) add('is.port.com1');
	if (port !== undefined ? /ttyACM|usbmodem/i.test(port) : everywhere.has('os.native.port'))
		add('is.port.native');
	const fusesRead = known.get('avr.fuses.ok')?.at(-1);
	if (fusesRead !== undefined && /H:00/i.test(fusesRead.text) && /L:00/i.test(fusesRead.text))
		add('is.fuses.zero', fusesRead);

	// The part asked for and the part on the bus.
	const dfuTarget =
		known.get('dfu.cmd.flash')?.at(-1) ??
		known.get('dfu.cmd.erase')?.at(-1) ??
		known.get('dfu.debug.target')?.at(-1);
	const target = dfuTarget?.groups[0];
	if (dfuChip !== undefined && dfuTarget !== undefined && target !== undefined) {
		if (!sameChip(chipId(target), dfuChip.chip)) add('is.mcu.differs', dfuChip.hit, dfuTarget);
	}
	const expected = expectedFamily(known);
	// The system lists the very bootloader that the tool does not see.
	const awaited = identities.filter(hit => {
		const family = familyOfUsbId(usbIdOf(hit) ?? '');
		if (family === undefined || family === 'caterina') return false;
		return (
			family === expected ||
			(expected === undefined && (known.has('qmk.waiting') || known.has('du.nodevice')))
		);
	});
	if (awaited.length > 0) add('is.loader.seen', awaited.at(-1)!);
	if (expected !== undefined && seen.size > 0 && !seen.has(expected)) {
		const hits = [...identities.slice(-1), ...(everywhere.get('tb.connected') ?? []).slice(-1)];
		add('is.bootloader.other', ...hits);
	}

	// DFU: what "not blank" means depends on what came before.
	// The check before the next erase may already belong to the next attempt.
	for (const {erased, hit} of brokenErases(
		new Map([...known, ['dfu.erasing', everywhere.get('dfu.erasing') ?? []]]),
	))
		add('is.notblank.aftererase', erased, hit);

	// Bytes that came instead of the sync answer.
	const answers = new Set((known.get('sk.nosync') ?? []).map(hit => hit.groups[0]?.toLowerCase()));
	if (answers.size >= 3) add('is.resp.varied', ...(known.get('sk.nosync') ?? []).slice(0, 3));

	if (known.has('power.zero') && !known.has('power.unmeasured'))
		add('is.power.zero', ...(known.get('power.zero') ?? []).slice(-1));

	// Signatures.
	const signatures = (known.get('avr.signature') ?? []).slice(-RECENT);
	const values = signatures.map(hit => (hit.groups[0] ?? '').replaceAll(' ', '').toLowerCase());
	signatures.forEach((hit, index) => {
		if (!(values[index] ?? '').startsWith('1e')) add('is.sig.none', hit);
	});
	// The middle byte of every AVR says how much flash it has, 0x90 to 0x98 (avrdude.conf.in): other values were not read
	// from a chip. Nor were values that change within a run, or beside such a one.
	const wrecked = (value: string): boolean => /^1e(?!9[0-8])/.test(value);
	const others = (everywhere.get('avr.signature') ?? [])
		.slice(-RECENT)
		.map(hit => (hit.groups[0] ?? '').replaceAll(' ', '').toLowerCase())
		.filter(value => value.startsWith('1e'));
	const own = values.filter(value => value.startsWith('1e'));
	if (
		own.length > 0 &&
		(own.some(wrecked) ||
			(new Set(own).size >= 2 && known.has('avr.retrying')) ||
			(new Set(others).size >= 2 && others.some(wrecked)))
	)
		add('is.sig.garbled', ...signatures.slice(-3));
	if ((values.at(-1) ?? '').startsWith('1e') && !derived.has('is.sig.garbled'))
		add('is.sig.fine', signatures.at(-1)!);
	const strange = new Set(values.filter(value => value !== '000000' && value !== 'ffffff'));
	if (strange.size >= 2 && new Set(values).size >= 2 && derived.has('is.sig.none'))
		add('is.sig.varied', ...signatures.slice(-3));
	// A carriage return and a question mark are text, not a chip's identity.
	if (/^(?:0d|3f)+$/.test(values.at(-1) ?? '') && (values.at(-1) ?? '').includes('3f'))
		add('is.sig.talk', signatures.at(-1)!);
	for (const hit of (known.get('avr.expected') ?? []).slice(-RECENT)) {
		if (/^ff ff ff$/i.test(hit.groups[1] ?? '')) add('is.expected.blank', hit);
	}

	const loader = derived.has('is.prog.serialboot') || derived.has('is.prog.avr109');
	const isp = derived.has('is.prog.isp') || derived.has('is.isp.serial') || derived.has('is.burn');
	const usbtiny = programmer !== undefined && /^usbtiny/.test(programmer);
	judgeMismatches(known, loader ? 'loader' : usbtiny ? 'usbtiny' : isp ? 'isp' : 'unknown', add);

	if (known.has('avr.opt.fuse') || known.has('avr.verifying.fuse'))
		add('is.fuse.wanted', ...(known.get('avr.opt.fuse') ?? known.get('avr.verifying.fuse') ?? []).slice(-1));

	// Errors of all kinds.
	for (const id of silentSignals) {
		const hit = known.get(id)?.at(-1);
		if (hit !== undefined) add('is.silent', hit);
	}
	if (derived.has('is.sig.none')) add('is.silent', ...(derived.get('is.sig.none') ?? []).slice(-1));
	const lastSilent = Math.max(-1, ...(derived.get('is.silent') ?? []).map(hit => hit.at));
	judgeFuses(known, everywhere, lastSilent, derived, add);

	// Fuses typed by hand; what an IDE sends to a fresh chip brings the lock byte along.
	const typed = (everywhere.get('avr.opt.fuse') ?? []).filter(
		hit => hit.at < lastSilent && /^[lh]fuse$/i.test(hit.groups[0] ?? ''),
	);
	if (
		typed.length > 0 &&
		!everywhere.has('avr.opt.lock') &&
		!derived.has('is.burn') &&
		!derived.has('is.sig.fine')
	)
		add('is.fuse.byhand', typed.at(-1)!, ...(derived.get('is.silent') ?? []).slice(-1));

	judgeWipedLoader(known, everywhere, chip, add);

	// The system cannot read the device, and no success came after.
	const unread = known.get('os.enumerate')?.at(-1);
	const done = ['avr.verified', 'dfu.written', 'dfu.validate.ok'].flatMap(
		id => known.get(id)?.slice(-1) ?? [],
	);
	if (unread !== undefined && done.every(hit => hit.at < unread.at)) add('is.enumerate.last', unread);

	// A front end's command and its end, and nothing between them.
	const ends = known.get('tb.complete') ?? [];
	for (const command of (known.get('avr.cmd') ?? []).slice(-RECENT)) {
		const end = ends.find(hit => hit.line > command.line && hit.line <= command.line + WRAPPED_COMMAND_LINES);
		if (end === undefined) continue;
		const words = attempt.filter(hit => hit.line > command.line && hit.line < end.line);
		if (words.every(hit => ofCommandLine.test(hit.id))) add('is.tool.mute', command, end);
	}

	// Paths.
	for (const id of ['dfu.open', 'avr.openfile', 'avr.readfile.failed'] as const) {
		for (const hit of (known.get(id) ?? []).slice(-RECENT)) {
			const path = hit.groups.find(value => value !== undefined && value !== '')?.trim();
			// A temporary name has no end of its own, and no space to be cut at.
			if (/^\/tmp\//i.test(path ?? '')) continue;
			if (path !== undefined && /[\\/]/.test(path) && !/\.\w{2,4}["']?$/.test(path) && path.length < 180)
				add('is.path.cut', hit);
		}
	}
	for (const hit of (known.get('dfu.cmd.flash') ?? []).slice(-RECENT)) {
		const path = (hit.groups[2] ?? '').trim();
		// Up to the first file's end: a paste that lost its line ends goes on behind it.
		const file = /^[^"'\s]+[\\/][^"']*?\.(?:hex|eep|bin)\b/i.exec(path)?.[0];
		if (file !== undefined && /\s/.test(file) && !known.has('dfu.open')) add('is.path.cut', hit);
	}
	for (const hit of (known.get('avr.outofrange') ?? []).slice(-RECENT)) {
		if (Number.parseInt(hit.groups[0] ?? '0', 16) >= RAM_OFFSET) add('is.addr.ram', hit);
	}

	for (const [id, hits] of derived) known.set(id, hits);
	return known;
}

/** Whether the attempt holds any verdict, and any that says more than "it failed". */
export function addVerdicts(
	known: Map<string, Hit[]>,
	errors: readonly Hit[],
	successes: readonly Hit[],
): void {
	if (errors.length + successes.length > 0)
		known.set('is.result', [...errors.slice(-1), ...successes.slice(-1)]);
	const specific = errors.filter(hit => !mutedErrors.has(hit.id));
	if (specific.length > 0) known.set('is.specific', specific.slice(-1));
}
