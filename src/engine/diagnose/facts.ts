// Which tool and family a log belongs to, and what later steps can use of it.

import {findChip} from '../chips/index.ts';
import type {Cause} from './causes.ts';
import {chipNamed, dfuProducts, type Known, portOf, programmerOf, usbIdOf, usbSeen} from './derive.ts';
import type {Hit} from './scan.ts';
import type {SignalId} from './signals.ts';
import type {DiagnosisFacts, Family} from './types.ts';

/** As many USB identities as are worth keeping. */
const MAX_USB_IDS = 8;
const MAX_FACT_CHARS = 200;

const frontEnds: readonly (readonly [tool: string, signs: readonly SignalId[]])[] = [
	['qmk-toolbox', ['tb.any', 'tb.version']],
	['octoprint', ['octo.any', 'octo.tempfile']],
	['platformio', ['pio.any', 'pio.failed']],
	['prusaslicer', ['slicer.any']],
	['arduino-ide', ['ide.any']],
	['qmk-cli', ['qmk.compile']],
	['qmk-flash', ['qmk.cli']],
	['qmk-make', ['qmk.make', 'qmk.waiting', 'qmk.waiting.serial']],
];
const innerTools: readonly (readonly [tool: string, signs: readonly SignalId[]])[] = [
	[
		'dfu-programmer',
		[
			'dfu.any',
			'dfu.debug',
			'dfu.cmd.erase',
			'dfu.notblank',
			'dfu.erasing',
			'dfu.programming',
			'dfu.nodevice',
			'dfu.protected',
			'dfu.writeerror',
			'dfu.validate.ok',
			'dfu.written',
		],
	],
	[
		'avrdude',
		[
			'avr.any',
			'avr.words',
			'avr.part',
			'avr.usingport',
			'avr.expected',
			'avr.forprogrammer',
			'sk.nosync.mute',
			'avr.initfailed',
			'avr.yikes',
			'avr.mismatch.at',
			'avr.mismatch.addr',
			'avr.outofrange',
			'bf.silent',
			'sk.nosync',
			'avr.version',
			'avr.verified',
			'asp.silent',
			'tiny.transfer',
		],
	],
	['dfu-util', ['du.any']],
	['micronucleus', ['mn.any', 'mn.found']],
	['wally', ['wally.any']],
	['hid_bootloader_cli', ['hid.any']],
	['teensy_loader_cli', ['tl.any', 'tl.read', 'tl.writeerror']],
	['kaleidoscope-builder', ['kb.nobootloader']],
	['bootloadHID', ['bh.any', 'bh.missing', 'bh.uploading', 'bh.comm']],
	['esptool', ['other.esp']],
	['openocd', ['other.openocd']],
	['pydfu', ['other.pydfu']],
	['hid-flash', ['other.hidflash']],
	['bossac', ['other.bossac']],
	['st-flash', ['other.stlink']],
	['particle-cli', ['other.particle']],
];
const systems: readonly (readonly [tool: string, signs: readonly SignalId[]])[] = [
	['dmesg', ['os.dmesg']],
	['device-manager', ['os.devmgr', 'os.nodriver.win']],
	['lsusb', ['os.lsusb']],
];

function firstOf(
	table: readonly (readonly [string, readonly SignalId[]])[],
	known: Known,
): string | undefined {
	return table.find(([, signs]) => signs.some(sign => known.has(sign)))?.[0];
}

/** The program a person would name, and the one it runs. */
export function recogniseTool(known: Known): {tool: string; innerTool?: string} {
	const inner = firstOf(innerTools, known);
	const front = firstOf(frontEnds, known);
	// A slicer's or qmk's name alone, without a flash, is no front end at work.
	if (front !== undefined) return inner === undefined ? {tool: front} : {tool: front, innerTool: inner};
	if (inner !== undefined) return {tool: inner};
	const system = firstOf(systems, known);
	if (system !== undefined) return {tool: system};
	if (
		known.has('build.error') ||
		known.has('build.overflow') ||
		known.has('make.any') ||
		known.has('build.size')
	)
		return {tool: known.has('make.any') ? 'make' : 'gcc'};
	return {tool: 'unknown'};
}

type Vote = readonly [sign: string, votes: number];
const votes: readonly (readonly [Family, readonly Vote[]])[] = [
	[
		'arm',
		[
			['tl.arm', 6],
			['arm.words', 3],
			['du.any', 3],
			['arm.tools', 2],
			['other.particle', 4],
			['is.arm.seen', 2],
			['wally.any', 1],
		],
	],
	[
		'usbasploader',
		[
			['is.usbasploader', 6],
			['usbasploader.words', 2],
		],
	],
	[
		'bootloadhid',
		[
			['bh.any', 4],
			['bh.missing', 2],
			['bh.comm', 3],
			['bh.uploading', 3],
		],
	],
	[
		'micronucleus',
		[
			['mn.any', 3],
			['mn.found', 2],
			['loader.missing.micronucleus', 4],
			['is.prog.micronucleus', 4],
		],
	],
	[
		'halfkay',
		[
			['tl.any', 3],
			['tl.found', 2],
			['loader.missing.teensy', 4],
			['tl.read', 2],
			['tl.writeerror', 2],
			['is.prog.teensy', 4],
			['tl.waiting', 1],
			['tl.dummy', 1],
			['hid.any', 1],
		],
	],
	[
		'dfu',
		[
			['dfu.any', 3],
			['dfu.debug', 3],
			['flip.any', 4],
			['flip.class', 2],
			['is.dfu.seen', 2],
			['dfu.notblank', 2],
			['dfu.protected', 2],
			['dfu.nodevice', 2],
			['dfu.written', 2],
			['dfu.validate.ok', 2],
			['dfu.download.failed', 2],
			['qmk.waiting', 1],
			['qmk.target.dfu', 1],
		],
	],
	[
		'caterina',
		[
			['is.prog.avr109', 4],
			['bf.silent', 4],
			['bf.caterin', 4],
			['bf.foreign', 2],
			['bf.buffered', 3],
			['cat.touch', 3],
			['cat.noport', 3],
			['cat.portsempty', 3],
			['is.caterina.seen', 2],
			['bf.connecting', 2],
			['qmk.waiting.serial', 1],
			['is.port.native', 1],
		],
	],
	[
		'isp-programmer',
		[
			['is.prog.isp', 3],
			['is.isp.serial', 3],
			['usbdev.missing', 2],
			['usbdev.claim', 2],
			['is.burn', 3],
			['asp.silent', 4],
			['asp.missing', 4],
			['asp.sck', 3],
			['asp.query', 3],
			['tiny.missing', 4],
			['tiny.transfer', 4],
			['sk.enable', 4],
			['sk.getparm', 2],
			['v2.status', 4],
			['v2.reversed', 4],
			['v2.signon', 4],
			['power.none', 4],
			['power.seen', 3],
			['avr.yikes', 1],
			['avr.expected', 1],
			['avr.fuses.ok', 1],
			['is.mismatch.fuse', 1],
			['is.mismatch.lock', 2],
			['is.mismatch.unused', 2],
		],
	],
	[
		'arduino-serial',
		[
			['is.prog.serialboot', 4],
			['sk.nosync', 2],
			['sk.silent', 2],
			['v2.timeout', 2],
			['v2.getsync', 2],
			['ide.uploadfailed', 1],
			['os.ch341', 1],
			['octo.any', 2],
			['slicer.any', 1],
		],
	],
];

/** Which way of flashing the log is about. */
export function recogniseFamily(
	known: Known,
	cause: Cause,
	ruled: Family | undefined,
	/** The attempt that decided, where one did. */
	attempt: Known = known,
): Family {
	if (cause === 'unrelated' || cause === 'build-error')
		return known.has('usbasploader.words') ? 'usbasploader' : 'none';
	if (cause === 'arm-board') return 'arm';
	if (ruled !== undefined) return ruled;
	// CH340 and its like sit on boards with a serial bootloader.
	if (cause === 'serial-driver' && known.has('os.ch341')) return 'arduino-serial';
	for (const heard of attempt === known ? [known] : [attempt, known]) {
		let best: Family = 'none';
		let most = 0;
		for (const [family, signs] of votes) {
			const sum = signs.reduce((total, [sign, count]) => total + (heard.has(sign) ? count : 0), 0);
			if (sum > most) {
				most = sum;
				best = family;
			}
		}
		if (best !== 'none') return best;
	}
	if (cause.startsWith('isp-')) return 'isp-programmer';
	if (cause.startsWith('dfu-')) return 'dfu';
	if (cause.startsWith('caterina-') || cause === 'modemmanager') return 'caterina';
	if (cause.startsWith('serial-') || cause === 'mega-bootloader-bug') return 'arduino-serial';
	if (known.has('ide.any') || known.has('avr.words')) return 'arduino-serial';
	return 'none';
}

function lastHit(known: Known, ids: readonly SignalId[]): Hit | undefined {
	let best: Hit | undefined;
	for (const id of ids) {
		const hit = known.get(id)?.at(-1);
		if (hit !== undefined && (best === undefined || hit.at > best.at)) best = hit;
	}
	return best;
}

function firstGroup(hit: Hit | undefined): string | undefined {
	const value = hit?.groups.find(group => group !== undefined && group.trim() !== '')?.trim();
	return value === undefined ? undefined : value.slice(0, MAX_FACT_CHARS);
}

function hexByte(text: string): string {
	return Number.parseInt(text, 16).toString(16).padStart(2, '0');
}

/** Values that `-U lfuse:r:-:h` put on the terminal: under "reading lfuse", or as many bytes as were asked for, in order. */
function fusesPrinted(known: Known): [string, string][] {
	const asked = known.get('avr.opt.fuseread') ?? [];
	const from = asked[0];
	if (from === undefined) return [];
	const bytes = (known.get('avr.byte') ?? []).filter(hit => hit.at > from.at);
	const reading = (known.get('avr.fuse.reading') ?? []).filter(hit => hit.at > from.at);
	if (reading.length > 0)
		return reading.flatMap((hit, index): [string, string][] => {
			const next = reading[index + 1]?.at ?? Number.POSITIVE_INFINITY;
			const byte = bytes.find(each => each.at > hit.at && each.at < next);
			return byte === undefined ? [] : [[hit.groups[0]?.toLowerCase() ?? '', byte.groups[0] ?? '']];
		});
	if (bytes.length !== asked.length) return [];
	return asked.map((hit, index) => [hit.groups[0]?.toLowerCase() ?? '', bytes[index]?.groups[0] ?? '']);
}

function fusesOf(known: Known): DiagnosisFacts['fuses'] {
	const fuses: {low?: string; high?: string; extended?: string} = {};
	const names = {lfuse: 'low', hfuse: 'high', efuse: 'extended'} as const;
	for (const hit of known.get('avr.fuse.read') ?? []) {
		const name = names[(hit.groups[0]?.toLowerCase() ?? '') as keyof typeof names];
		if (name !== undefined && hit.groups[1] !== undefined) fuses[name] = hexByte(hit.groups[1]);
	}
	for (const [fuse, value] of fusesPrinted(known)) {
		const name = names[fuse as keyof typeof names];
		if (name !== undefined) fuses[name] = hexByte(value);
	}
	const ok = known.get('avr.fuses.ok')?.at(-1);
	if (ok?.groups[0] !== undefined) {
		fuses.extended = hexByte(ok.groups[0]);
		fuses.high = hexByte(ok.groups[1] ?? 'ff');
		fuses.low = hexByte(ok.groups[2] ?? 'ff');
	}
	return Object.keys(fuses).length > 0 ? fuses : undefined;
}

function imageBytes(known: Known): number | undefined {
	const hit = lastHit(known, [
		'avr.verified',
		'avr.written',
		'avr.writing.size',
		'dfu.programming',
		'dfu.written',
		'ide.size',
		'tl.read',
	]);
	if (hit === undefined) return undefined;
	const groups = hit.id === 'tl.read' ? hit.groups.slice(1) : hit.groups;
	const value = groups.find(group => group !== undefined && group !== '');
	if (value === undefined) return undefined;
	const hex = hit.id === 'dfu.programming' || (hit.id === 'dfu.written' && hit.groups[0] !== undefined);
	const bytes = hex ? Number.parseInt(value, 16) : Number.parseInt(value.replace(/[.,]/g, ''), 10);
	// Above any AVR's flash the number was something else.
	return Number.isFinite(bytes) && bytes > 0 && bytes <= 0x100000 ? bytes : undefined;
}

function fileOf(known: Known): string | undefined {
	const hit = lastHit(known, [
		'avr.opt.file',
		'avr.input',
		'dfu.cmd.flash',
		'dfu.debug.file',
		'dfu.open',
		'tl.read',
		'avr.openfile',
		'avr.readfile.failed',
	]);
	if (hit === undefined) return undefined;
	const value =
		hit.id === 'dfu.cmd.flash'
			? dfuFile(known, hit)
			: firstGroup(hit)
					?.trim()
					.replace(/^["']|["']$/g, '');
	return value === undefined || value === '' ? undefined : value.slice(0, MAX_FACT_CHARS);
}

/** The file of a `dfu-programmer CHIP flash`: what follows on the line, or on the next one, is not part of it. */
function dfuFile(known: Known, command: Hit): string | undefined {
	// The command alone, and with the next line behind it where it may have been wrapped.
	const readings = (known.get('dfu.cmd.flash') ?? [])
		.filter(hit => hit.at === command.at)
		.map(hit => (hit.groups[2] ?? '').trim())
		.sort((a, b) => a.length - b.length);
	for (const text of readings) {
		const quoted = /^(["'])(.+?)\1/.exec(text)?.[2];
		const whole = quoted ?? /^["']?(.+?\.(?:hex|eep|bin|elf))(?=["'\s]|$)/i.exec(text)?.[1];
		if (whole !== undefined) return whole;
	}
	return readings[0]?.replace(/^["']|["']$/g, '');
}

/** What later steps can use; the last word in the log counts. */
export function collectFacts(known: Known): DiagnosisFacts {
	const ids = new Set<string>();
	for (const hit of usbSeen(known)) {
		const id = usbIdOf(hit);
		if (id !== undefined && ids.size < MAX_USB_IDS) ids.add(id);
	}
	const signature = (known.get('avr.signature') ?? [])
		.map(hit => (hit.groups[0] ?? '').replaceAll(' ', '').toLowerCase())
		.filter(value => value.startsWith('1e'))
		.at(-1);
	const dfuId = [...ids]
		.filter(id => id.startsWith('03eb:') && dfuProducts[id.slice(5)] !== undefined)
		.at(-1);
	// The bus does not lie; a name on a command line may.
	const named = dfuId === undefined ? chipNamed(known) : dfuProducts[dfuId.slice(5)];
	const chip = named === undefined ? undefined : (findChip(named)?.id ?? named);
	const port = portOf(known);
	const programmer = programmerOf(known);
	const fuses = fusesOf(known);
	const file = fileOf(known);
	const bytes = imageBytes(known);
	const keyboard = firstGroup(known.get('qmk.keyboard')?.at(-1));
	const version = firstGroup(
		lastHit(known, ['avr.version', 'dfu.version', 'tb.version', 'du.version', 'ide.version']),
	);
	const os = known.has('is.os.macos')
		? ('macos' as const)
		: known.has('is.os.linux')
			? ('linux' as const)
			: known.has('is.os.windows')
				? ('windows' as const)
				: undefined;
	return {
		...(port === undefined ? {} : {port: port.slice(0, MAX_FACT_CHARS)}),
		...(chip === undefined ? {} : {chip}),
		...(programmer === undefined ? {} : {programmer}),
		...(signature === undefined ? {} : {signature}),
		...(fuses === undefined ? {} : {fuses}),
		...(file === undefined ? {} : {file}),
		...(bytes === undefined ? {} : {imageBytes: bytes}),
		...(os === undefined ? {} : {os}),
		...(keyboard === undefined ? {} : {keyboard}),
		...(version === undefined ? {} : {toolVersion: version}),
		...(ids.size === 0 ? {} : {usbIds: [...ids]}),
	};
}
