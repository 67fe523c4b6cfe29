// The backup of a chip: one JSON file with all that could be read, made to be kept for years. Flash and EEPROM
// stand in it as Intel HEX lines over their full range ("0xff" and "not read" must differ), each with its
// checksum, and the whole has one too. The reader takes nothing on trust.
import * as v from 'valibot';
import {hexAddress, hexByte, hexString, sameBytes} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {findChip} from '../chips/index.ts';
import {isKind, UnbrickError} from '../errors.ts';
import type {FuseBytes} from '../target.ts';
import {sha256OfBytes, sha256OfText} from './digest.ts';
import {parseIntelHex, printIntelHex} from './intel-hex.ts';
import {createImage} from './memory-image.ts';

/** Everything readable of one chip at one moment. */
export type Backup = {
	/** Wall time, ISO 8601, UTC. */
	readonly takenAt: string;
	/** Which program wrote it: `avr-unbrick 0.1.0`. */
	readonly program: string;
	/** Programmer id, and what carried the instructions. */
	readonly programmer: string;
	readonly engine?: string;
	readonly board?: string;
	/** Chip id. */
	readonly chip: string;
	/** Three bytes, as read. */
	readonly signature: Uint8Array;
	/** As read; absent bits as they came. */
	readonly fuses: FuseBytes;
	readonly lock: number;
	/** The whole flash; null when the lock bits forbade it. */
	readonly flash: Uint8Array | null;
	/** The whole EEPROM; null when the lock bits forbade it. */
	readonly eeprom: Uint8Array | null;
};

const format = 'avr-unbrick backup';
const version = 1;

const byteText = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{2}$/));
const sha256Text = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
// Shown on terminals: no control characters.
const shortText = v.pipe(v.string(), v.maxLength(200), v.regex(/^\P{Cc}+$/u));
const memorySchema = v.strictObject({
	bytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
	sha256: sha256Text,
	hex: v.array(v.string()),
});
const schema = v.strictObject({
	format: v.literal(format),
	version: v.literal(version),
	takenAt: v.pipe(v.string(), v.isoTimestamp()),
	program: shortText,
	programmer: shortText,
	engine: v.optional(shortText),
	board: v.optional(shortText),
	chip: shortText,
	signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{6}$/)),
	fuses: v.strictObject({low: byteText, high: v.optional(byteText), extended: v.optional(byteText)}),
	lock: byteText,
	flash: v.nullable(memorySchema),
	eeprom: v.nullable(memorySchema),
	sha256: sha256Text,
});

/**
 * The file's text, ending in a newline.
 * @throws UnbrickError Bug when the backup does not fit its own chip
 */
export function printBackup(backup: Backup): string {
	const body = {
		format,
		version,
		takenAt: backup.takenAt,
		program: backup.program,
		programmer: backup.programmer,
		...(backup.engine === undefined ? {} : {engine: backup.engine}),
		...(backup.board === undefined ? {} : {board: backup.board}),
		chip: backup.chip,
		signature: hexString(backup.signature),
		fuses: {
			low: hexByte(backup.fuses.low),
			...(backup.fuses.high === undefined ? {} : {high: hexByte(backup.fuses.high)}),
			...(backup.fuses.extended === undefined ? {} : {extended: hexByte(backup.fuses.extended)}),
		},
		lock: hexByte(backup.lock),
		flash: printMemory(backup.flash),
		eeprom: printMemory(backup.eeprom),
	};
	const text = `${JSON.stringify({...body, sha256: sha256OfText(JSON.stringify(body))}, null, '\t')}\n`;
	try {
		parseBackup(text, 'backup');
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new UnbrickError({kind: 'Bug', assumed: `a backup can be read again: ${why}`}, {cause: error});
	}
	return text;
}

/** True when the bytes look like a backup of ours rather than a HEX file. */
export function looksLikeBackup(bytes: Uint8Array): boolean {
	const head = String.fromCharCode(...bytes.subarray(0, 200));
	return head.trimStart().startsWith('{') && head.includes(`"${format}"`);
}

/**
 * Reads a backup and checks every checksum, size and address in it.
 * @throws UnbrickError BadHex with the reason: cut file, changed byte, newer version, sizes that are not the chip's
 */
export function parseBackup(text: string, file: string): Backup {
	const fail = (reason: string, cause?: unknown): never => {
		throw new UnbrickError({kind: 'BadHex', file, reason}, cause === undefined ? undefined : {cause});
	};
	const json = parseJson(text, fail);
	if (typeof json !== 'object' || json === null || !('format' in json) || json.format !== format)
		return fail('this is no backup of avr-unbrick');
	if ('version' in json && typeof json.version === 'number' && json.version > version)
		return fail(`a newer avr-unbrick wrote it (format ${json.version}, this one knows ${version})`);
	const result = v.safeParse(schema, json);
	if (!result.success) {
		const issue = result.issues[0];
		return fail(`the backup is damaged at "${v.getDotPath(issue) ?? 'the top'}": ${issue.message}`);
	}
	const {sha256, ...body} = result.output;
	// Over the values in the order of the file, so that line ends and indentation may change on the way.
	const {sha256: _, ...asWritten} = json as Record<string, unknown>;
	const found = sha256OfText(JSON.stringify(asWritten));
	const flash = readMemory(body.flash, 'flash', file, fail);
	const eeprom = readMemory(body.eeprom, 'eeprom', file, fail);
	if (found !== sha256) return fail('the backup was changed after it was written: its checksum is another');

	const chip = findChip(body.chip);
	if (chip === undefined) return fail(`its chip "${body.chip}" is not known here`);
	const signature = Uint8Array.from(body.signature.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
	if (!sameBytes(signature, chip.signature))
		return fail(`its signature ${body.signature} is not that of the ${chip.name}`);
	for (const [name, bytes, wanted] of [
		['flash', flash, chip.flash.bytes],
		['EEPROM', eeprom, chip.eeprom.bytes],
	] as const) {
		if (bytes !== null && bytes.length !== wanted)
			return fail(`its ${name} has ${bytes.length} bytes, that of the ${chip.name} has ${wanted}`);
	}
	for (const name of ['high', 'extended'] as const) {
		if ((body.fuses[name] === undefined) !== (chip.fuses[name] === undefined))
			return fail(
				`the ${chip.name} has ${chip.fuses[name] === undefined ? 'no' : 'a'} ${name} fuse byte, the backup does not agree`,
			);
	}
	return {
		takenAt: body.takenAt,
		program: body.program,
		programmer: body.programmer,
		...(body.engine === undefined ? {} : {engine: body.engine}),
		...(body.board === undefined ? {} : {board: body.board}),
		chip: chip.id,
		signature,
		fuses: {
			low: Number(body.fuses.low),
			...(body.fuses.high === undefined ? {} : {high: Number(body.fuses.high)}),
			...(body.fuses.extended === undefined ? {} : {extended: Number(body.fuses.extended)}),
		},
		lock: Number(body.lock),
		flash,
		eeprom,
	};
}

/** `backup-atmega32u4-20260131-174500.json`: sorts by chip, then by time. */
export function backupFileName(chip: Chip, takenAt: string): string {
	const stamp = takenAt.replace(/\.\d+/, '').replace(/[-:Z]/g, '').replace('T', '-');
	return `backup-${chip.id}-${stamp}.json`;
}

type MemoryText = v.InferOutput<typeof memorySchema>;

function printMemory(data: Uint8Array | null): MemoryText | null {
	if (data === null) return null;
	const hex = printIntelHex(createImage([{byteAddress: 0, data}]))
		.trimEnd()
		.split('\n');
	return {bytes: data.length, sha256: sha256OfBytes(data), hex};
}

function readMemory(
	memory: MemoryText | null,
	name: string,
	file: string,
	fail: (reason: string, cause?: unknown) => never,
): Uint8Array | null {
	if (memory === null) return null;
	const text = Uint8Array.from(memory.hex.join('\n'), character => character.charCodeAt(0));
	let image: ReturnType<typeof parseIntelHex>['image'];
	try {
		image = parseIntelHex(text, file).image;
	} catch (error) {
		if (!isKind(error, 'BadHex')) throw error;
		const line = error.facts.line === undefined ? '' : ` (line ${error.facts.line} of it)`;
		return fail(`its ${name} is damaged: ${error.facts.reason}${line}`, error);
	}
	if (image.start !== 0 || image.end !== memory.bytes || image.byteCount !== memory.bytes)
		return fail(
			`its ${name} is not whole: ${image.byteCount} of ${memory.bytes} bytes, up to ${hexAddress(image.end)}`,
		);
	const data = image.slice(0, memory.bytes);
	if (sha256OfBytes(data) !== memory.sha256) return fail(`a byte of its ${name} was changed`);
	return data;
}

function parseJson(text: string, fail: (reason: string, cause?: unknown) => never): unknown {
	try {
		return JSON.parse(text.replace(/^\uFEFF/, ''));
	} catch (error) {
		return fail(
			text.trim() === '' ? 'the backup is empty' : 'the backup is cut off or damaged: it is no whole JSON',
			error,
		);
	}
}
