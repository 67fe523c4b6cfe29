// Errors are typed facts: a kind, fields, one sentence in the present tense. Advice lives in advice.ts.
import {hexAddress, hexByte, hexDump} from './bytes.ts';

/** What state the target is in when something ended. */
export type ChipState = 'untouched' | 'erased' | 'partly-written' | 'written' | 'written-and-fused';

export type MemoryName = 'flash' | 'eeprom' | 'fuses' | 'lock' | 'signature';

/** Risks that a person can accept by name (`--accept`, or a typed word). */
export const riskNames = [
	'clock-source',
	'clock-unverified',
	'bootrst',
	'hwbe',
	'bootsz',
	'brown-out-high',
	'jtag',
	'ocden',
	'wdton',
	'ckout',
	'eesave',
	'lock-bits',
	'loses-bootloader',
	'no-backup',
	'same-board',
	'backup-lost',
] as const;
export type RiskName = (typeof riskNames)[number];

/** One possible cause, most likely first, in a person's words. */
export type Candidate = {
	/** Short machine name, for tests and scripts: `miso-open`, `target-unpowered` … */
	readonly id: string;
	readonly text: string;
	/** The line to look at first, where the evidence names one. */
	readonly line?: 'VCC' | 'GND' | 'RESET' | 'SCK' | 'MOSI' | 'MISO' | 'XTAL1';
};

/** A fuse or lock byte changed otherwise than was asked for, by an instruction that did not arrive as sent. */
export type StrayWrite = {
	/** What was sent: `the high fuse`, `the lock byte`, `the chip erase`. */
	readonly during: string;
	/**
	 * `set-back`: read twice as it should be, before any RESET pulse. `stands`: it cannot be set back. `unknown`: nothing
	 * can be read any more. RESET is not released in both. `needs-erase`: a lock bit, which only a chip erase sets to 1.
	 */
	readonly end: 'set-back' | 'stands' | 'unknown' | 'needs-erase';
	/** All of them as last read: `low 0x62, high 0xdf, extended 0xff, lock 0xff`. */
	readonly now: string;
	/** What stands ends ISP with the next RESET pulse: `RSTDISBL`, `DWEN` or `SPIEN`. */
	readonly endsIsp?: string;
	/** A chip erase was sent to lift a lock bit that was in the way: flash and EEPROM count as lost. */
	readonly erased?: true;
};

export type ErrorFacts =
	| {
			readonly kind: 'DeviceMissing';
			readonly what: string;
			/** What to do, where that is not to plug something in. */
			readonly next?: readonly string[];
	  }
	| {readonly kind: 'DeviceDenied'; readonly path: string; readonly group?: string; readonly detail?: string}
	| {
			readonly kind: 'DeviceBusy';
			readonly path: string;
			readonly detail?: string;
			/** Another copy of this program: its process number, where that is known. */
			readonly otherCopy?: number | true;
	  }
	| {readonly kind: 'DeviceGone'; readonly path: string; readonly during?: string}
	| {readonly kind: 'NoUsbSystem'; readonly detail?: string}
	| {readonly kind: 'Ambiguous'; readonly what: string; readonly choices: readonly string[]}
	| {readonly kind: 'NotAProgrammer'; readonly expected: string; readonly got: string}
	| {readonly kind: 'Timeout'; readonly command: string; readonly waitedMs: number}
	| {
			readonly kind: 'NotInSync';
			readonly command: string;
			readonly got: Uint8Array;
			readonly waitedMs?: number;
	  }
	| {readonly kind: 'BadReply'; readonly command: string; readonly expected: string; readonly got: Uint8Array}
	| {
			readonly kind: 'Refused';
			readonly command: string;
			readonly status?: number;
			readonly why?: string;
			readonly next?: readonly string[];
	  }
	| {
			readonly kind: 'FirmwareTooOld';
			readonly what: string;
			readonly needs: string;
			readonly next?: readonly string[];
	  }
	| {
			readonly kind: 'NoTarget';
			/** What came back, attempt by attempt: programming-enable replies and signatures. */
			readonly got: readonly Uint8Array[];
			readonly candidates: readonly Candidate[];
			readonly sckHz?: number;
	  }
	| {
			readonly kind: 'UnstableLink';
			readonly what: string;
			readonly got: readonly Uint8Array[];
			readonly candidates: readonly Candidate[];
	  }
	| {
			readonly kind: 'WrongSignature';
			readonly expected: Uint8Array;
			readonly expectedChip: string;
			readonly got: Uint8Array;
			readonly gotChip?: string;
	  }
	/** A file that must be safe before the work goes on cannot be written: no such folder, disk full, no permission. */
	| {readonly kind: 'NotSaved'; readonly file: string; readonly reason: string}
	/** Not the chip whose recovery was interrupted. */
	| {
			readonly kind: 'OtherBoard';
			readonly why: string;
			/** Ids of other interrupted recoveries that wait and that this board may be from. */
			readonly fits?: readonly string[];
	  }
	| {readonly kind: 'Locked'; readonly lock: number; readonly what: string}
	| {readonly kind: 'BadHex'; readonly file: string; readonly line?: number; readonly reason: string}
	| {
			readonly kind: 'ImageTooLarge';
			readonly byteAddress: number;
			readonly limitBytes: number;
			readonly what: string;
	  }
	| {readonly kind: 'OverlapsBootloader'; readonly byteAddress: number; readonly bootStart: number}
	| {readonly kind: 'LosesBootloader'; readonly bootStart: number; readonly what: string}
	| {
			readonly kind: 'VerifyMismatch';
			readonly memory: MemoryName;
			readonly byteAddress: number;
			readonly expected: number;
			readonly got: number;
			readonly differingBytes: number;
			/** Nothing was written there: it should read as the erase left it, or as before. */
			readonly unwritten?: 'erased' | 'before';
			/** What is there was written to this address: one for the other, or both are the same place. */
			readonly writtenTo?: number;
	  }
	| {
			readonly kind: 'FuseReadback';
			readonly fuse: string;
			readonly wanted: number;
			readonly got: number;
			readonly mask: number;
			/** Further bytes that were hit by the same instruction. */
			readonly also?: readonly {readonly fuse: string; readonly wanted: number; readonly got: number}[];
			/** A disturbed instruction has changed this byte: what came of it. */
			readonly stray?: StrayWrite;
	  }
	| {readonly kind: 'FuseRefused'; readonly rule: string; readonly bit: string; readonly why: string}
	| {readonly kind: 'ConsentMissing'; readonly risks: readonly RiskName[]; readonly why: readonly string[]}
	| {readonly kind: 'Cancelled'; readonly during: string}
	| {readonly kind: 'Bug'; readonly assumed: string};

export type ErrorKind = ErrorFacts['kind'];

/** The one error class of this program. */
export class UnbrickError extends Error {
	readonly facts: ErrorFacts;
	constructor(facts: ErrorFacts, options?: {cause?: unknown}) {
		super(describe(facts), options);
		this.name = 'UnbrickError';
		this.facts = facts;
	}
	get kind(): ErrorKind {
		return this.facts.kind;
	}
}

/** Narrows an unknown thrown value to ours of one kind. */
export function isKind<K extends ErrorKind>(
	error: unknown,
	kind: K,
): error is UnbrickError & {readonly facts: Extract<ErrorFacts, {kind: K}>} {
	return error instanceof UnbrickError && error.facts.kind === kind;
}

/** For switches that must name every case. */
export function assertNever(value: never): never {
	throw new UnbrickError({kind: 'Bug', assumed: `no such case: ${JSON.stringify(value)}`});
}

/** More bytes than these say nothing more to a person. */
const excerptBytes = 16;

function bytes(got: Uint8Array): string {
	if (got.length === 0) return 'nothing';
	return got.length <= excerptBytes ? hexDump(got) : `${hexDump(got.slice(0, excerptBytes))} …`;
}

function describeStray(
	facts: Extract<ErrorFacts, {kind: 'FuseReadback'}>,
	{during, end, now, endsIsp, erased}: StrayWrite,
): string {
	const wanted = hexByte(facts.wanted);
	const hit = `A disturbed instruction, sent for ${during}, has set the ${facts.fuse} to ${hexByte(facts.got)}`;
	const what =
		erased === true
			? `${hit}, which would have ended ISP, and a lock bit stood in the way: a chip erase was sent to lift it, before any RESET pulse. The flash, and an EEPROM that EESAVE does not keep, have to be written again. The ${facts.fuse} had ${hexByte(facts.got)}`
			: hit;
	const effect =
		endsIsp === undefined
			? ''
			: ` ${endsIsp} is in it: after that pulse the chip answers no ISP programmer any more.`;
	switch (end) {
		case 'set-back':
			return `${what}. It was set to ${wanted} at once and reads so twice: the wrong value has not taken effect. The chip has ${now}.`;
		case 'stands':
			return `${what}, and it cannot be set to ${wanted}. The chip has ${now}. RESET is not released: this takes effect with the next RESET pulse.${effect}`;
		case 'unknown':
			return `${what}, and nothing can be read since. Last read: ${now}. RESET is not released: what is wrong takes effect with the next RESET pulse.${effect}`;
		case 'needs-erase':
			return `${what}. Only a chip erase lifts lock bits; all of them are 1 then. The chip has ${now}.`;
	}
}

function describeMismatch(facts: Extract<ErrorFacts, {kind: 'VerifyMismatch'}>): string {
	const {memory, byteAddress, expected, got, unwritten, writtenTo} = facts;
	const [place, is] = [hexAddress(byteAddress), hexByte(got)];
	if (writtenTo !== undefined) {
		return `The programmer, or a line to the chip, mixes up addresses: ${memory} reads ${is} at ${place}, which was written to ${hexAddress(writtenTo)}; ${hexByte(expected)} should be there.`;
	}
	const should =
		unwritten === undefined
			? `${hexByte(expected)} was written`
			: unwritten === 'erased'
				? `${hexByte(expected)} should be there after the erase`
				: `${hexByte(expected)} was there before, and nothing was to be written there`;
	const bytes = facts.differingBytes === 1 ? '1 byte differs' : `${facts.differingBytes} bytes differ`;
	return `${memory} differs at ${place}: ${is} is there, ${should} (${bytes}).`;
}

function describe(facts: ErrorFacts): string {
	switch (facts.kind) {
		case 'DeviceMissing':
			return `${facts.what} is not there.`;
		case 'DeviceDenied':
			return `This user may not open ${facts.path}.`;
		case 'DeviceBusy':
			return facts.otherCopy === undefined
				? `Another program holds ${facts.path}.`
				: `Another copy of this program${facts.otherCopy === true ? '' : ` (process ${facts.otherCopy})`} is at work with ${facts.path}.`;
		case 'DeviceGone':
			return `The connection to ${facts.path} broke off${facts.during === undefined ? '' : ` during ${facts.during}`}.`;
		case 'NoUsbSystem':
			return 'This machine shows no USB system.';
		case 'Ambiguous':
			return `Several devices fit ${facts.what}: ${facts.choices.join(', ')}.`;
		case 'NotAProgrammer':
			return `The device answers, but not as ${facts.expected} (${facts.got}).`;
		case 'Timeout':
			return `No answer to ${facts.command} within ${facts.waitedMs} ms.`;
		case 'NotInSync':
			return `The programmer is out of step at ${facts.command}: it sends ${bytes(facts.got)}.`;
		case 'BadReply':
			return `${facts.command} should be answered with ${facts.expected}; ${bytes(facts.got)} came.`;
		case 'Refused':
			return `The device refuses ${facts.command}${facts.status === undefined ? '' : ` (status ${hexByte(facts.status)})`}${facts.why === undefined ? '' : `: ${facts.why}`}.`;
		case 'FirmwareTooOld':
			return `The firmware of ${facts.what} is too old: ${facts.needs}.`;
		case 'NoTarget':
			return `The chip does not answer (${facts.got.map(bytes).join(' / ') || 'nothing'} came back).`;
		case 'UnstableLink':
			return `Two readings of the ${facts.what} differ: ${facts.got.map(bytes).join(' / ')}.`;
		case 'WrongSignature':
			return `The chip says ${hexDump(facts.got)}${facts.gotChip === undefined ? '' : ` (${facts.gotChip})`}, not ${hexDump(facts.expected)} (${facts.expectedChip}).`;
		case 'NotSaved':
			return `Cannot write ${facts.file}: ${facts.reason}.`;
		case 'OtherBoard':
			return `This is not the board whose recovery was interrupted: ${facts.why}.`;
		case 'Locked':
			return `The lock bits (${hexByte(facts.lock)}) forbid ${facts.what}.`;
		case 'BadHex':
			return `${facts.file}${facts.line === undefined ? '' : `, line ${facts.line}`}: ${facts.reason}.`;
		case 'ImageTooLarge':
			return `${facts.what} reaches ${hexAddress(facts.byteAddress)}; only ${facts.limitBytes} bytes are there.`;
		case 'OverlapsBootloader':
			return `The image writes at ${hexAddress(facts.byteAddress)}, inside the boot section that starts at ${hexAddress(facts.bootStart)}.`;
		case 'LosesBootloader':
			return `${facts.what}: the board would be without a bootloader (its place starts at ${hexAddress(facts.bootStart)}).`;
		case 'VerifyMismatch':
			return describeMismatch(facts);
		case 'FuseReadback':
			if (facts.stray !== undefined) return describeStray(facts, facts.stray);
			return `The ${facts.fuse} reads back ${hexByte(facts.got)}, not ${hexByte(facts.wanted)} (compared under ${hexByte(facts.mask)}).${(facts.also ?? []).map(({fuse, wanted, got}) => ` The ${fuse} was hit, too: it reads ${hexByte(got)}, not ${hexByte(wanted)}.`).join('')}`;
		case 'FuseRefused':
			return `${facts.bit}: ${facts.why}`;
		case 'ConsentMissing':
			return `This needs your word first: ${facts.risks.join(', ')}.`;
		case 'Cancelled':
			return `Stopped on request during ${facts.during}.`;
		case 'Bug':
			return `A fault of this program: ${facts.assumed}.`;
		default:
			return assertNever(facts);
	}
}
