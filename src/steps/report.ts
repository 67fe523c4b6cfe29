// The report: Markdown that can be pasted into an issue. User names and folders are taken out.
import {release} from 'node:os';
import {hexDump} from '../engine/bytes.ts';
import type {RecoverResult} from '../engine/procedures/events.ts';
import {printable} from '../ui/text.ts';
import {chipStateText} from './chip-state.ts';
import {fuseText} from './fuse-choices.ts';
import {peopleIn, withoutPeople} from './privacy.ts';
import type {Answers, Known, WizardDeps} from './step.ts';

/** Longest part of the log that goes into a report, characters. */
const mostLog = 6000;

function comebackText(comeback: Known['comeback']): string | undefined {
	if (comeback === undefined || comeback.seen === 'nobody-looked') return undefined;
	if (comeback.seen === 'nothing') return 'nothing';
	return `${comeback.name ?? comeback.seen}, ${comeback.vidPid ?? '?'}`;
}

function keymapText(keymap: Known['keymap']): string | undefined {
	if (keymap === undefined) return undefined;
	const {how, name = '', result} = keymap;
	if (result === undefined) return how === 'later' ? 'left for later' : how;
	if (!result.ok) return `${name}: ${result.error.kind}: ${result.error.message}`;
	const proof = result.verified ? `${result.verifiedBytes} bytes read back and equal` : 'not readable here';
	return `${name}: ${result.imageBytes} bytes written, ${proof}, ${result.application?.uncertain ? 'may be' : 'shows itself as'} ${result.application?.vidPid ?? 'nothing yet'}`;
}

/** Rows in this program's own words: a person called Leonardo takes nothing out of them. */
const ourWords: ReadonlySet<string> = new Set([
	'When',
	'avr-unbrick',
	'System',
	'Diagnosis',
	'Programmer',
	'Chip read',
	'Chip now',
]);

/** Somebody's own file by its kind only; its sum tells which one it is. */
function fileKind(name: string): string {
	return `FILE${/\.(?:hex|bin|elf|eep)$/i.exec(name)?.[0] ?? ''}`;
}

/** `darwin arm64 24.1.0, Node v22.12.0`. */
function systemText(): string {
	return `${process.platform} ${process.arch} ${release()}, Node ${process.version}`;
}

export function reportText(
	known: Known,
	result: RecoverResult,
	{warnings, look}: Pick<Answers['flash'], 'warnings' | 'look'>,
	version: string,
	whenIso: string,
	system: string = systemText(),
): string {
	const {start, board, programmer, identify, image, fuses, comeback, keymap} = known;
	const cause = start?.diagnosis?.causes[0];
	const rows: (readonly [string, string | undefined])[] = [
		['When', whenIso],
		['avr-unbrick', version],
		['System', system],
		[
			'Diagnosis',
			cause === undefined ? undefined : `${cause.cause} (${Math.round(cause.confidence * 100)} %)`,
		],
		['Board', board?.board?.name ?? board?.chip?.name],
		['Programmer', programmer?.name],
		['Engine', programmer?.connection.kind === 'avrdude' ? programmer.connection.engine : undefined],
		[
			'Chip read',
			identify === undefined
				? undefined
				: `${identify.chip.name}, ${hexDump(identify.identity.signature)}, fuses ${fuseText(identify.identity.fuses)}, lock ${identify.identity.lock.toString(16)}`,
		],
		[
			'Image',
			image === undefined
				? undefined
				: image.image === undefined
					? 'none'
					: `${image.own === true ? fileKind(image.name) : image.name}, ${image.image.byteCount} bytes, sha256 ${image.sha256 ?? '?'}`,
		],
		[
			'Fuses asked',
			fuses === undefined ? undefined : fuses.fuses === 'keep' ? 'as they are' : fuseText(fuses.fuses),
		],
		['Bootloader before', look],
		[
			'Ended',
			result.ok
				? `well: ${result.verifiedBytes} bytes verified`
				: `${result.error.kind}: ${result.error.message}`,
		],
		['Chip now', chipStateText(result.chipState, result.ok ? undefined : result.stateNote)],
		['Seen on USB afterwards', comebackText(comeback)],
		['Keymap', keymapText(keymap)],
		['Seconds', result.seconds === 0 ? undefined : result.seconds.toFixed(1)],
	];
	const log = start?.log;
	const free = [
		...(result.ok ? [] : [result.error.message, ...result.error.likely]),
		...warnings,
		keymap?.name ?? '',
		log ?? '',
	].join('\n');
	const people = new Set([
		...peopleIn(free),
		...(image?.own === true && image.name.length > 1 ? [image.name] : []),
	]);
	const clean = (text: string) => withoutPeople(text, people);
	// The whole log is cleaned before it is cut: a path that is cut may no longer look like one.
	return [
		'# avr-unbrick report',
		'',
		...rows.flatMap(([name, value]) =>
			value === undefined
				? []
				: [`- ${name}: ${ourWords.has(name) ? printable(value) : clean(printable(value))}`],
		),
		...warnings.map(text => `- Note: ${clean(printable(text))}`),
		...(result.ok ? [] : ['', ...result.error.likely.map(text => `- Likely: ${clean(printable(text))}`)]),
		...(log === undefined
			? []
			: ['', '## The log', '', '```text', clean(log).slice(0, mostLog).replaceAll('```', "'''"), '```']),
		'',
	].join('\n');
}

/** Writes the report beside the backups (over `before`, when more is known); undefined when that fails (the result matters more). */
export async function writeReport(
	known: Known,
	result: RecoverResult,
	seen: Pick<Answers['flash'], 'warnings' | 'look'>,
	deps: WizardDeps,
	before?: string,
): Promise<string | undefined> {
	const when = deps.store.nowIso();
	const text = reportText(known, result, seen, deps.version, when);
	try {
		const {path} = await deps.store.writeDurably(before ?? `report-${when.replace(/[:.]/g, '-')}.md`, text);
		return path;
	} catch {
		return undefined;
	}
}
