// Reads a pasted log and says what happened. Messages (signals.ts) are found, what follows from their values is
// derived (derive.ts), rules (rules.ts) weigh both. Later attempts outweigh earlier ones; a real success at the
// end outweighs everything.

import {type Cause, causes} from './causes.ts';
import {addVerdicts, brokenErases, chipNamed, derive, group, type Known, soundErase} from './derive.ts';
import {collectFacts, recogniseFamily, recogniseTool} from './facts.ts';
import {aidText, firstAid} from './first-aid.ts';
import {type CleanLine, listsOnly, normalise, withoutPrefix} from './normalise.ts';
import {questionRows} from './questions.ts';
import {type Ref, type Rule, rules} from './rules.ts';
import {createScanner, type Hit, type Scanner, type Signal} from './scan.ts';
import {signals} from './signals.ts';
import type {DiagnosedCause, Diagnosis, DiagnosisQuestion, Evidence, Family} from './types.ts';

/** What an attempt is worth beside the one after it. */
const EARLIER_ATTEMPT_WEIGHT = 0.55;
/** What a further rule that points the same way adds, of what is left to certainty. */
const AGREEING_RULE_SHARE = 0.2;
/** Nothing read out of a text is surer than this. */
const HIGHEST_CONFIDENCE = 0.97;
/** Candidates below this are noise. */
const LOWEST_CONFIDENCE = 0.12;
/** Earlier ones weigh next to nothing. */
const MAX_ATTEMPTS = 12;
/** So many are read to find those that show an outcome. */
const MAX_ATTEMPTS_READ = 60;
const MAX_CAUSES = 6;
const MAX_EVIDENCE = 6;
const MAX_QUESTIONS = 2;
/** Nobody tells a story with more messages of tools in it and no tool's name. */
const MAX_SPOKEN = 200;
/** Two candidates closer than this deserve a question. */
const QUESTION_DISTANCE = 0.4;
/** Shorter words of a cause's name (`isp`, `dfu`, `not`) stand in any line. */
const SHORTEST_TELLING_WORD = 4;
/** A quoted line is shortened to this, round the message. */
const MAX_QUOTE_CHARS = 200;

const signalById: ReadonlyMap<string, Signal> = new Map(signals.map(signal => [signal.id, signal]));

// Built at the first diagnosis: starting the program should not pay for it.
let scanner: Scanner | undefined;

/** Errors of a conversation over a serial port. */
const needsPort: ReadonlySet<string> = new Set(['sk.nosync', 'sk.silent', 'v2.timeout', 'bf.silent']);

/** What is left of a cause on a system that has no such thing. */
const FOREIGN_SYSTEM_WEIGHT = 0.35;
const windowsOnly: ReadonlySet<Cause> = new Set<Cause>(['windows-wrong-driver']);
const unixOnly: ReadonlySet<Cause> = new Set<Cause>(['modemmanager', 'serial-port-permission']);

type Attempt = {readonly hits: Hit[]; readonly errors: Hit[]; readonly successes: Hit[]};

/** Cuts the paste where a tool starts anew after a verdict; a flash that an erase left full is one. */
function splitAttempts(hits: readonly Hit[], messages: Known): Attempt[] {
	const attempts: Attempt[] = [{hits: [], errors: [], successes: []}];
	const broken = new Set(brokenErases(messages).map(({hit}) => hit));
	let decided = false;
	for (const hit of hits) {
		const role = signalById.get(hit.id)?.role;
		let current = attempts[attempts.length - 1]!;
		// Who talks through a port has opened it: a failure to open belongs to an attempt before.
		const opened = needsPort.has(hit.id) && current.errors.some(error => error.id === 'ser.open');
		if ((role === 'start' && (decided || current.errors.length + current.successes.length > 0)) || opened) {
			current = {hits: [], errors: [], successes: []};
			attempts.push(current);
			decided = false;
		}
		current.hits.push(hit);
		if (broken.has(hit)) decided = true;
		if (role === 'error') current.errors.push(hit);
		else if (role === 'success') current.successes.push(hit);
	}
	return attempts;
}

const ofTheAttempt = /^is\.(?:prog\.|burn$)/;

function fires(rule: Rule, here: Known, everywhere: Known): boolean {
	if (rule.all?.some(ref => !here.has(ref))) return false;
	if (rule.any !== undefined && !rule.any.some(ref => here.has(ref))) return false;
	if (rule.not?.some(ref => here.has(ref))) return false;
	// What an attempt itself says of its way of flashing goes before what others say (derive.ts falls back to those).
	const around = (ref: Ref): boolean => (ofTheAttempt.test(ref) ? here : everywhere).has(ref);
	if (rule.context !== undefined && !rule.context.some(around)) return false;
	if (rule.notContext?.some(around)) return false;
	if (rule.order !== undefined) {
		const [before, after] = rule.order;
		const first = here.get(before)?.[0];
		const last = here.get(after)?.at(-1);
		if (first === undefined || last === undefined || first.at >= last.at) return false;
	}
	return true;
}

function linesOf(rule: Rule, here: Known, everywhere: Known): Hit[] {
	const needed: Ref[] = [...(rule.all ?? []), ...(rule.order ?? [])];
	const hits: Hit[] = [];
	// Of several messages that would do, all speak where nothing else does, otherwise the first one found. They stand
	// first: where a rule has both, they are the verdict and the needed ones what went before.
	const present = (rule.any ?? []).filter(ref => here.has(ref));
	for (const ref of needed.length > 0 ? present.slice(0, 1) : present) {
		const found = here.get(ref) ?? [];
		hits.push(...(needed.length > 0 ? found.slice(-1) : [...found.slice(0, 1), ...found.slice(-1)]));
	}
	for (const ref of needed) {
		const found = here.get(ref) ?? [];
		// Derived facts bring all the lines they stand on; of a repeated message the first and the last speak.
		hits.push(...(ref.startsWith('is.') ? found.slice(-3) : [...found.slice(0, 1), ...found.slice(-1)]));
	}
	for (const ref of rule.context ?? []) {
		const hit = everywhere.get(ref)?.at(-1);
		if (hit !== undefined && !ref.startsWith('is.')) {
			hits.push(hit);
			break;
		}
	}
	return hits;
}

type Candidate = {
	cause: Cause;
	confidence: number;
	evidence: Hit[];
	isp: 'yes' | 'no' | 'maybe';
	family?: Family;
	/** Weight of the rule that set `isp`, `family` and `telling`. */
	best: number;
	/** What the best rule stands on. */
	telling?: readonly Hit[];
	says?: Rule['says'];
	/** The attempt of the best rule. */
	here?: Known;
};

function weigh(
	candidates: Map<Cause, Candidate>,
	rule: Rule,
	factor: number,
	hits: readonly Hit[],
	here: Known,
): void {
	rule.proves.forEach(([cause, weight], index) => {
		const share = weight * factor;
		const known = candidates.get(cause);
		const isp = index === 0 && rule.isp !== undefined ? rule.isp : causes[cause].isp;
		if (known === undefined) {
			candidates.set(cause, {
				cause,
				confidence: share,
				evidence: [...hits],
				isp,
				best: share,
				telling: hits,
				here,
				says: index === 0 ? rule.says : undefined,
				...(rule.family === undefined ? {} : {family: rule.family}),
			});
			return;
		}
		const higher = Math.max(known.confidence, share);
		known.confidence = higher + (1 - higher) * Math.min(known.confidence, share) * AGREEING_RULE_SHARE;
		known.evidence.push(...hits);
		if (share > known.best) {
			known.best = share;
			known.isp = isp;
			known.telling = hits;
			known.says = index === 0 ? rule.says : undefined;
			known.here = here;
			if (rule.family !== undefined) known.family = rule.family;
		}
	});
}

function quote(line: CleanLine, hit: Hit): Evidence {
	const text = line.text.trim();
	if (text.length <= MAX_QUOTE_CHARS) return {line: line.number, text};
	// A line of a paste that lost its line ends: the part round the message.
	const at = Math.max(0, line.text.indexOf(hit.text.slice(0, 40)));
	const from = Math.max(0, Math.min(at - 40, line.text.length - MAX_QUOTE_CHARS));
	return {line: line.number, text: line.text.slice(from, from + MAX_QUOTE_CHARS).trim()};
}

/**
 * Of what a rule stands on, the line that shows a single reader the cause: an error, and one that speaks of what the
 * cause is called by where several are errors.
 */
function verdictOf(cause: Cause, lines: readonly CleanLine[], hits: readonly Hit[]): Hit | undefined {
	const errors = hits.filter(hit => signalById.get(hit.id)?.role === 'error');
	const words = cause.split('-').filter(word => word.length >= SHORTEST_TELLING_WORD);
	const speaks = ({line}: Hit) => {
		const text = lines[line]?.text.toLowerCase() ?? '';
		return words.filter(word => text.includes(word)).length;
	};
	const most = Math.max(0, ...errors.map(speaks));
	return errors.find(hit => speaks(hit) === most) ?? hits.at(-1);
}

function quotes(
	lines: readonly CleanLine[],
	hits: readonly Hit[],
	verdictLine: number | undefined,
): Evidence[] {
	const seen = new Set<string>();
	const evidence: Evidence[] = [];
	for (const hit of [...hits].sort((a, b) => a.at - b.at)) {
		const line = lines[hit.line];
		if (line === undefined) continue;
		const quoted = quote(line, hit);
		const key = `${quoted.line} ${quoted.text}`;
		if (quoted.text === '' || seen.has(key)) continue;
		seen.add(key);
		evidence.push(quoted);
	}
	if (evidence.length <= MAX_EVIDENCE) return evidence;
	const [first, second] = evidence;
	const last = evidence.slice(evidence.length - (MAX_EVIDENCE - 2));
	const told = evidence.find(each => each.line === verdictLine);
	return [first!, told === undefined || told === first || last.includes(told) ? second! : told, ...last];
}

const benignSignals = [
	'asp.sck',
	'du.suffix',
	'du.statuserror',
	'bf.nocommand',
	'avr.unusedbits',
	'flip.class',
	'make.failed',
];
// Errors that belong to waiting for the board; a success after them is plain.
const waitingSignals = new Set(['dfu.nodevice', 'tl.waiting', 'tl.nodevice', 'qmk.waiting', 'du.nodevice']);

const flashDiffers = ['is.mismatch.other', 'is.mismatch.blank', 'is.mismatch.bootstart', 'is.mismatch.high'];

/** Where a flash differed or was not written, and none was verified after it, fuses written since prove nothing. */
function flashOpen(here: Known): Hit | undefined {
	const failed = [...flashDiffers, 'avr.write.failed']
		.flatMap(id => here.get(id)?.slice(-1) ?? [])
		.sort((a, b) => a.at - b.at)
		.at(-1);
	const verified = here.get('avr.verified')?.at(-1);
	return failed !== undefined && (verified === undefined || verified.at < failed.at) ? failed : undefined;
}

/** "Bytes written" is also printed where validating failed or was switched off. */
function unvalidated(here: Known, written: Hit): boolean {
	const failed = here.get('dfu.validate.failed')?.at(-1);
	const sound = here.get('dfu.validate.ok')?.at(-1);
	if (sound !== undefined && (failed === undefined || failed.at < sound.at)) return false;
	return (failed !== undefined && failed.at < written.at) || here.has('dfu.suppress');
}

// A device that has gone to its firmware answers no more: not the last request, not the reset.
const leavingDfu = new Set([
	'dfu.stall',
	'dfu.usbgone',
	'dfu.timeout',
	'dfu.download.failed',
	'os.libusb.retry',
]);
const leavingSerial = new Set(['bf.silent', 'bf.silent.new', 'sk.silent', 'ser.lost', 'ser.lost.mac']);

/** Whether an error after a success only says that the device has left. */
function leaves(hit: Hit, success: Hit, here: Known): boolean {
	if (success.id === 'avr.verified' && leavingSerial.has(hit.id))
		return (here.get('bf.leave') ?? []).some(leave => leave.at > success.at);
	if ((success.id === 'dfu.written' || success.id === 'dfu.validate.ok') && leavingDfu.has(hit.id))
		return ['dfu.programming', 'dfu.erasing', 'dfu.cmd.erase', 'dfu.cmd.flash'].every(
			id => (here.get(id)?.at(-1)?.at ?? -1) < success.at,
		);
	return false;
}

const teensySigns = [
	'tl.any',
	'tl.read',
	'tl.found',
	'hid.any',
	'tb.any',
	'qmk.make',
	'qmk.cli',
	'wally.any',
];

/** What the end of the paste says when it is a real success. */
function successOf(attempt: Attempt, here: Known): {cause: Cause; hits: Hit[]} | undefined {
	// Written as asked, and yet no "all is well": a rule says what it means.
	if (here.has('is.fuse.kills') || here.has('is.fuse.outside')) return undefined;
	const last = attempt.successes.at(-1);
	if (last?.id === 'dfu.written' && unvalidated(here, last)) return undefined;
	if (last?.id === 'avr.fuse.ok' && flashOpen(here) !== undefined) return undefined;
	// The word alone is also said of other machines.
	if (last?.id === 'tl.booting' && !teensySigns.some(id => here.has(id))) return undefined;
	const later = (hit: Hit): boolean => last === undefined || hit.at > last.at;
	const ignored = (hit: Hit): boolean =>
		waitingSignals.has(hit.id) ||
		(last !== undefined && leaves(hit, last, here)) ||
		(hit.id === 'sk.protocol' && hit.line >= (last?.line ?? 0) && last !== undefined);
	if (last !== undefined && !attempt.errors.some(hit => later(hit) && !ignored(hit))) {
		const warnings = [
			...attempt.errors.filter(hit => !waitingSignals.has(hit.id)),
			...benignSignals.flatMap(id => here.get(id) ?? []),
		];
		return warnings.length > 0
			? {cause: 'benign-warning', hits: [...warnings.slice(-3), last]}
			: {cause: 'tool-success', hits: [last]};
	}
	if (attempt.errors.length > 0) return undefined;
	// Nothing failed: written and ended, or the chip was only asked for its signature.
	const done = here.get('avr.done')?.at(-1);
	const written = here.get('avr.written')?.at(-1);
	const signature = here.get('is.sig.fine')?.at(-1);
	const unread = written !== undefined && here.has('avr.opt.noverify') && !here.has('avr.verified');
	if (done !== undefined && !unread && (written !== undefined || signature !== undefined)) {
		const hits = [
			...(signature === undefined ? [] : [signature]),
			...(written === undefined ? [] : [written]),
			done,
		];
		return {cause: here.has('asp.sck') ? 'benign-warning' : 'tool-success', hits};
	}
	// bootloadHID says nothing at its end: it is done when its last block reaches the end of the image.
	const uploads = here.get('bh.uploading') ?? [];
	const [bytes, from] = uploads.findLast(hit => hit.groups[0] !== undefined)?.groups ?? [];
	const block = uploads.at(-1);
	if (
		bytes !== undefined &&
		block?.groups[2] !== undefined &&
		Number.parseInt(block.groups[2], 16) >= Number(bytes) + Number(from)
	)
		return {cause: 'tool-success', hits: [block]};
	const fusesOk = here.get('avr.fuses.ok')?.at(-1);
	if (fusesOk !== undefined && signature !== undefined)
		return {cause: 'tool-success', hits: [signature, fusesOk]};
	const duDone = here.get('du.done')?.at(-1);
	if (duDone !== undefined && here.has('du.any'))
		return {cause: here.has('du.suffix') ? 'benign-warning' : 'tool-success', hits: [duDone]};
	return undefined;
}

const recognised = [
	'avr.words',
	'avr.any',
	'dfu.any',
	'du.any',
	'mn.any',
	'bh.any',
	'tl.any',
	'hid.any',
	'tb.any',
	'ide.any',
	'pio.any',
	'octo.any',
	'qmk.make',
	'qmk.cli',
	'dfu.debug',
	'os.dmesg',
	'os.lsusb',
	'usb.id',
	'avr.usingport',
	'avr.forprogrammer',
	'avr.initfailed',
	'avr.part',
	'dfu.notblank',
	'dfu.erasing',
	'dfu.programming',
	'avr.verified',
	'cat.touch',
	'slicer.any',
];
// Something had been set going and its outcome is missing, or it is said to have failed without a reason.
const underway = [
	'dfu.erasing',
	'dfu.programming',
	'dfu.debug',
	'dfu.cmd.erase',
	'dfu.cmd.flash',
	'ide.uploadfailed',
	'ide.burnfailed',
	'avr.usage',
	'mn.found',
	'tl.found',
	'qmk.flashing',
	'avr.opt.file',
	'du.any',
	'dfu.blank',
	'dfu.notblank',
	'avr.mismatch.values',
	'avr.initfailed',
];

function withoutVerdict(everywhere: Known, lines: readonly CleanLine[]): Candidate[] {
	const hitsOf = (ids: readonly string[]): Hit[] => ids.flatMap(id => everywhere.get(id)?.slice(-1) ?? []);
	if (lines.every(line => withoutPrefix(line.text).trim() === '')) {
		return [{cause: 'insufficient-evidence', confidence: 0.9, evidence: [], isp: 'maybe', best: 0.9}];
	}
	const building = hitsOf(['build.size', 'make.any', 'build.context']);
	if (building.length > 0 && !recognised.some(id => everywhere.has(id))) {
		return [
			{cause: 'no-error-shown', confidence: 0.55, evidence: building, isp: 'no', best: 0.55},
			{cause: 'build-error', confidence: 0.5, evidence: building, isp: 'no', best: 0.5},
		];
	}
	if (!recognised.some(id => everywhere.has(id))) {
		const last = lines.findLastIndex(line => line.text.trim() !== '');
		const hit: Hit = {id: 'line', line: last, at: 0, groups: [], text: ''};
		return [
			{cause: 'unrelated', confidence: 0.75, evidence: [hit], isp: 'no', best: 0.75},
			{cause: 'insufficient-evidence', confidence: 0.3, evidence: [hit], isp: 'maybe', best: 0.3},
		];
	}
	if (everywhere.has('mn.reconnected')) {
		const evidence = hitsOf(['mn.reconnected']);
		return [
			{cause: 'no-error-shown', confidence: 0.7, evidence, isp: 'no', best: 0.7},
			{cause: 'insufficient-evidence', confidence: 0.5, evidence, isp: 'maybe', best: 0.5},
		];
	}
	// dfu-util's words about the file, and none about the device.
	if (everywhere.has('du.suffix') && !everywhere.has('du.version')) {
		const suffix = hitsOf(['du.suffix']);
		return [
			{cause: 'benign-warning', confidence: 0.6, evidence: suffix, isp: 'no', best: 0.6},
			{cause: 'insufficient-evidence', confidence: 0.5, evidence: suffix, isp: 'maybe', best: 0.5},
		];
	}
	const open = hitsOf(underway);
	const evidence = open.length > 0 ? open : hitsOf(recognised).slice(-2);
	if (open.length > 0) {
		// Flashing without an erase in this session has a simple way on, whatever the missing lines say.
		const flashOnly =
			(everywhere.has('dfu.debug.command.flash') || everywhere.has('dfu.cmd.flash')) &&
			!everywhere.has('dfu.erasing') &&
			!everywhere.has('dfu.cmd.erase');
		const isp = flashOnly ? 'no' : 'maybe';
		return [
			{cause: 'insufficient-evidence', confidence: 0.7, evidence, isp, best: 0.7},
			{cause: 'no-error-shown', confidence: 0.45, evidence, isp: 'no', best: 0.45},
			...(everywhere.has('dfu.any') || everywhere.has('dfu.debug')
				? [{cause: 'dfu-erase-first' as const, confidence: 0.3, evidence, isp: 'no' as const, best: 0.3}]
				: []),
		];
	}
	if (everywhere.has('asp.sck'))
		return [{cause: 'benign-warning', confidence: 0.6, evidence: hitsOf(['asp.sck']), isp: 'no', best: 0.6}];
	return [
		{cause: 'no-error-shown', confidence: 0.7, evidence, isp: 'no', best: 0.7},
		{cause: 'insufficient-evidence', confidence: 0.5, evidence, isp: 'maybe', best: 0.5},
	];
}

type Told = {attempt: Attempt; here: Known; fired: Rule[]};

function readAttempts(hits: readonly Hit[]): {everywhere: Known; telling: Told[]} {
	const messages = group(hits);
	const attempts = splitAttempts(hits, messages);
	const everywhere = derive(hits, messages);
	addVerdicts(
		everywhere,
		attempts.flatMap(attempt => attempt.errors),
		attempts.flatMap(attempt => attempt.successes),
	);
	// From the end: an attempt that shows no outcome says nothing about the ones before it.
	const telling: Told[] = [];
	let healed = false;
	for (const attempt of attempts.slice(-MAX_ATTEMPTS_READ).reverse()) {
		const here = derive(attempt.hits, messages);
		addVerdicts(here, attempt.errors, attempt.successes);
		// A later erase that left the flash empty outweighs one that did not.
		if (healed) here.delete('is.notblank.aftererase');
		if (!here.has('is.notblank.aftererase') && soundErase(here) !== undefined) healed = true;
		const fired = rules.filter(rule => fires(rule, here, everywhere));
		if (fired.length === 0 && successOf(attempt, here) === undefined) continue;
		telling.unshift({attempt, here, fired});
		if (telling.length === MAX_ATTEMPTS) break;
	}
	// Fuses written after a flash that differed are no success of the job.
	const end = telling.at(-1);
	if (
		end !== undefined &&
		end.attempt.successes.length > 0 &&
		end.attempt.successes.every(hit => hit.id === 'avr.fuse.ok') &&
		!end.here.has('is.fuse.kills') &&
		!end.here.has('is.fuse.outside') &&
		end.fired.length === 0 &&
		telling.length > 1 &&
		flashOpen(everywhere) !== undefined
	)
		telling.pop();
	return {everywhere, telling};
}

function questionsFor(ordered: readonly Candidate[]): DiagnosisQuestion[] {
	const top = ordered[0];
	if (top === undefined) return [];
	const close = ordered
		.slice(0, 4)
		.filter(candidate => top.confidence - candidate.confidence <= QUESTION_DISTANCE);
	const questions: DiagnosisQuestion[] = [];
	for (const row of questionRows) {
		const named = close.filter(candidate => row.between.includes(candidate.cause));
		const unclear = row.id === 'what-happened' && row.between.includes(top.cause);
		if (!unclear && (named.length < 2 || !row.between.includes(top.cause))) continue;
		questions.push({
			id: row.id,
			ask: row.ask,
			answers: row.answers.map(answer => answer.text),
			favours: row.answers.map(answer => answer.favours),
		});
		if (questions.length === MAX_QUESTIONS) break;
	}
	return questions;
}

/** Parts without an ISP interface: an XMEGA is programmed over PDI. Source: XMEGA A manual (doc8077), section 29. */
function beyondIsp(attempt: Known): boolean {
	return attempt.has('dfu.xmega') && /^(?:atxmega|x\d|$)/.test(chipNamed(attempt) ?? '');
}

function printed(
	candidate: Candidate,
	lines: readonly CleanLine[],
	everywhere: Known,
	chip: string | undefined,
): DiagnosedCause {
	const text = candidate.says ?? causes[candidate.cause];
	const windows = everywhere.has('is.os.windows');
	const macos = everywhere.has('is.os.macos');
	const linux = everywhere.has('is.os.linux');
	// A serial bootloader wants the driver of Windows itself: what mends DFU would break it.
	const usual: readonly (keyof typeof firstAid)[] =
		candidate.cause === 'windows-wrong-driver' && candidate.family === 'caterina'
			? ['restore-usbser', 'other-port-cable', 'other-computer']
			: (text.next ?? causes[candidate.cause].next);
	const next = usual.filter(id => {
		// Advice for another system than the one the log shows only distracts.
		if (
			(id === 'udev-rules' ||
				id === 'usbguard-allow' ||
				id === 'group-dialout' ||
				id === 'stop-modemmanager' ||
				id === 'remove-brltty') &&
			(windows || macos)
		)
			return false;
		if (id === 'macos-input' && (windows || linux)) return false;
		if (
			beyondIsp(candidate.here ?? everywhere) &&
			'does' in firstAid[id] &&
			firstAid[id].does === 'start-isp'
		)
			return false;
		if (id === 'zadig-winusb' && (linux || macos)) return false;
		return true;
	});
	const known: readonly (keyof typeof firstAid)[] = next.length > 0 ? next : usual;
	const verdict = verdictOf(candidate.cause, lines, candidate.telling ?? candidate.evidence);
	const verdictLine = verdict === undefined ? undefined : lines[verdict.line]?.number;
	return {
		cause: candidate.cause,
		confidence: Math.round(Math.min(candidate.confidence, HIGHEST_CONFIDENCE) * 100) / 100,
		evidence: quotes(lines, candidate.evidence, verdictLine),
		...(verdictLine === undefined ? {} : {verdictLine}),
		meaning: `${text.happened} ${text.board}`,
		next: known.map(id => aidText(id, chip)),
		nextIds: known,
		ispNeeded: candidate.isp,
	};
}

/** A person speaks: `I`, `my`, `me`. What a system showed (os.*) and what stands in quotes may be told like that. */
const speech = /(?:^|\s)(?:I|I'(?:m|ve)|[Mm]y|me|[Ww]e|[Oo]ur|somebody)(?=\s)/;
const quoted = /["'`«„]\S/;

/** In a text without any tool's name, a sentence of a person holds no verdict of a tool. */
function withoutSpeech(hits: readonly Hit[], lines: readonly CleanLine[]): Hit[] {
	if (hits.length === 0 || hits.length > MAX_SPOKEN) return [...hits];
	const {tool} = recogniseTool(group(hits));
	if (tool !== 'unknown' && tool !== 'gcc') return [...hits];
	return hits.filter(hit => {
		const text = lines[hit.line]?.text ?? '';
		if (signalById.get(hit.id)?.role === undefined || hit.id.startsWith('os.')) return true;
		return !speech.test(text) || quoted.test(text);
	});
}

/**
 * Names what went wrong in a pasted log.
 * @param text any string: any line ends, colours, prefixes, several attempts, cut anywhere; 16 MB are read, of
 *   longer input the first and last parts (`truncated`)
 * @returns ordered causes, never empty; every text free of terminal sequences; line numbers count from 1 in `text`
 */
export function diagnose(text: string): Diagnosis {
	const {lines: all, truncated} = normalise(text);
	const lines = all.filter(line => !listsOnly(line.text));
	scanner ??= createScanner(signals);
	const hits = withoutSpeech(scanner.scan(lines), lines);
	let read = readAttempts(hits);
	// Nothing said: perhaps because the paste was cut in the middle of the very message.
	if (read.telling.length === 0) {
		const completed = scanner.scanCut(lines, hits);
		const again = completed === undefined ? read : readAttempts(completed);
		if (again.telling.length > 0) read = again;
	}
	const {everywhere, telling} = read;

	const candidates = new Map<Cause, Candidate>();
	const last = telling.at(-1);
	const success = last === undefined ? undefined : successOf(last.attempt, last.here);
	telling.forEach(({here, fired}, index) => {
		const distance = telling.length - 1 - index + (success === undefined ? 0 : 1);
		const factor = EARLIER_ATTEMPT_WEIGHT ** distance;
		for (const rule of fired) weigh(candidates, rule, factor, linesOf(rule, here, everywhere), here);
	});
	// A log that shows its system rules out what other systems do.
	const windows = everywhere.has('is.os.windows');
	const notWindows = everywhere.has('is.os.notwindows');
	const macos = everywhere.has('is.os.macos');
	for (const candidate of candidates.values()) {
		const foreign =
			(notWindows && windowsOnly.has(candidate.cause)) ||
			(windows && unixOnly.has(candidate.cause)) ||
			(macos && candidate.cause === 'modemmanager');
		if (foreign) candidate.confidence *= FOREIGN_SYSTEM_WEIGHT;
	}
	if (success !== undefined) {
		const confidence = success.cause === 'tool-success' ? 0.95 : 0.9;
		for (const candidate of candidates.values()) candidate.confidence *= EARLIER_ATTEMPT_WEIGHT;
		candidates.set(success.cause, {
			cause: success.cause,
			confidence,
			evidence: success.hits,
			isp: 'no',
			best: confidence,
			...(last === undefined ? {} : {here: last.here}),
		});
	}
	const ordered = (candidates.size > 0 ? [...candidates.values()] : withoutVerdict(everywhere, lines))
		.sort((a, b) => b.confidence - a.confidence)
		.filter((candidate, index) => index === 0 || candidate.confidence >= LOWEST_CONFIDENCE)
		.slice(0, MAX_CAUSES);

	for (const candidate of ordered) if (beyondIsp(candidate.here ?? everywhere)) candidate.isp = 'no';
	const top = ordered[0]!;
	const {tool, innerTool} = recogniseTool(everywhere);
	const facts = collectFacts(everywhere);
	return {
		tool,
		...(innerTool === undefined ? {} : {innerTool}),
		family: recogniseFamily(everywhere, top.cause, top.family, top.here),
		ispNeeded: top.isp,
		causes: ordered.map(candidate => printed(candidate, lines, everywhere, facts.chip)),
		questions: questionsFor(ordered),
		facts,
		truncated,
	};
}

/**
 * The same diagnosis after a question was answered: the cause the answer speaks for comes first. An answer that
 * decides nothing ("not tried", "cannot measure") only takes its question away and leaves ISP open.
 * @param answer index into the question's answers; anything else changes nothing
 */
export function answerQuestion(diagnosis: Diagnosis, questionId: string, answer: number): Diagnosis {
	const question = diagnosis.questions.find(each => each.id === questionId);
	const favoured = question?.favours?.[answer];
	const questions = diagnosis.questions.filter(each => each.id !== questionId);
	if (favoured === undefined || !(favoured in causes)) return diagnosis;
	const row = questionRows.find(each => each.id === questionId)?.answers[answer];
	const [top] = diagnosis.causes;
	if (row?.decides === false && top !== undefined) {
		const ispNeeded = top.ispNeeded === 'no' ? (row.isp ?? 'no') : top.ispNeeded;
		return {...diagnosis, ispNeeded, causes: [{...top, ispNeeded}, ...diagnosis.causes.slice(1)], questions};
	}
	const {chip} = diagnosis.facts;
	const entry = (cause: Cause, confidence: number): DiagnosedCause => {
		const text = causes[cause];
		return {
			...(diagnosis.causes.find(each => each.cause === cause) ?? {
				cause,
				evidence: top?.evidence ?? [],
				meaning: `${text.happened} ${text.board}`,
				next: text.next.map(id => aidText(id, chip)),
				nextIds: text.next,
				ispNeeded: text.isp,
			}),
			confidence,
		};
	};
	const highest = top?.confidence ?? 0;
	let first = entry(favoured as Cause, Math.max(highest, 0.85));
	if (row?.meaning !== undefined) first = {...first, meaning: row.meaning};
	if (row?.isp !== undefined) {
		const ids = first.nextIds ?? [];
		const last = row.isp === 'maybe' && !ids.includes('isp-last') ? (['isp-last'] as const) : [];
		first = {
			...first,
			ispNeeded: row.isp,
			nextIds: [...ids, ...last],
			next: [...first.next, ...last.map(id => aidText(id, chip))],
		};
	}
	// What looks just the same stays in sight.
	const beside = (row?.beside ?? []).map(cause => entry(cause, Math.max(highest, 0.85) - 0.1));
	const shown = new Set([first, ...beside].map(each => each.cause));
	return {
		...diagnosis,
		ispNeeded: first.ispNeeded,
		causes: [first, ...beside, ...diagnosis.causes.filter(each => !shown.has(each.cause))],
		questions,
	};
}

/** What happened and what it means for the board, one sentence each; empty for a name that is not known. */
export function causeSentences(cause: string): {readonly happened: string; readonly board: string} {
	return cause in causes ? causes[cause as Cause] : {happened: '', board: ''};
}
