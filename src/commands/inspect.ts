// `inspect FILE`: what a hex file (or a backup of ours) is.
import {hexAddress} from '../engine/bytes.ts';
import {findChip} from '../engine/chips/index.ts';
import {looksLikeBackup, parseBackup} from '../engine/image/backup-file.ts';
import {type ImageKind, type Inspection, inspectFlash, inspectImage} from '../engine/image/inspect.ts';
import {parseIntelHex} from '../engine/image/intel-hex.ts';
import type {ProductionRole} from '../engine/image/merge.ts';
import {findReferences} from '../io/catalogue.ts';
import {fuseText} from './boards.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import {readNamedFile} from './files.ts';
import type {InspectOptions} from './options.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseChip} from './parse.ts';

export async function inspectCommand(
	output: Output,
	file: string,
	options: InspectOptions,
): Promise<ExitCode> {
	const chip = options.chip === undefined ? undefined : parseChip(options.chip);
	const bytes = await readNamedFile(file);
	if (looksLikeBackup(bytes)) return inspectBackup(output, file, bytes);

	// A contradicting file is still looked at: what it is says more than the first line that does not fit.
	const parsed = parseIntelHex(bytes, file, {contradictions: 'note'});
	const inspection = inspectImage(parsed.image, {chip, file});
	output.value({
		file,
		...jsonOf(inspection),
		role: roles[inspection.kind] ?? null,
		parts: parsed.parts.length,
		complete: parsed.complete,
		notes: [...parsed.notes, ...inspection.notes],
	});
	output.say(`${file}: ${kindWords[inspection.kind]}`);
	sayInspection(output, inspection);
	for (const note of [...parsed.notes, ...inspection.notes]) sayNote(output, note.severity, note.text);
	return exitCodes.done;
}

async function inspectBackup(output: Output, file: string, bytes: Uint8Array): Promise<ExitCode> {
	const backup = parseBackup(new TextDecoder().decode(bytes), file);
	const chip = findChip(backup.chip);
	if (chip === undefined) throw new UsageError(`${file} is of a chip that is not known here.`);
	const look =
		backup.flash === null
			? undefined
			: inspectFlash(backup.flash, chip, {
					fuses: backup.fuses,
					references: await findReferences(chip),
				});
	output.value({
		file,
		kind: 'backup',
		chip: backup.chip,
		takenAt: backup.takenAt,
		program: backup.program,
		programmer: backup.programmer,
		board: backup.board ?? null,
		fuses: fuseText(backup.fuses),
		lock: `0x${backup.lock.toString(16).padStart(2, '0')}`,
		flashBytes: backup.flash?.length ?? null,
		eepromBytes: backup.eeprom?.length ?? null,
		...(look === undefined
			? {}
			: {
					bootloaderState: look.verdict,
					...(look.comparedWith === undefined ? {} : {comparedWith: look.comparedWith}),
					...(look.differingBytes === undefined ? {} : {differingBytes: look.differingBytes}),
					...(look.firstAddress === undefined ? {} : {firstAddress: hexAddress(look.firstAddress)}),
					text: look.text,
					flash: jsonOf(look.inspection),
				}),
	});
	output.say(`${file}: a backup of an ${chip.name}, taken ${backup.takenAt} with ${backup.programmer}`);
	output.say(
		`  flash ${backup.flash === null ? 'not readable then' : 'whole'}, EEPROM ${backup.eeprom === null ? 'not readable then' : 'whole'}; every checksum is right`,
	);
	if (look !== undefined) {
		for (const line of wrapped(output, look.text, '  ')) output.say(line);
		sayInspection(output, look.inspection);
	}
	return exitCodes.done;
}

/** Which of the three files of QMK's `:production` it is, by what is in it. */
const roles: Readonly<Partial<Record<ImageKind, ProductionRole>>> = {
	application: 'application',
	bootloader: 'bootloader',
	combined: 'production',
};

const kindWords = {
	application: 'an application (keyboard firmware), without a bootloader',
	bootloader: 'a bootloader alone',
	combined: 'an application and a bootloader in one image',
	'isp-firmware': 'the firmware that turns a spare board into an ISP programmer',
	eeprom: 'an EEPROM image, nothing for the flash',
	blank: 'an erased memory: nothing but 0xff',
	foreign: 'for another kind of controller',
	unknown: 'something that is not recognised',
} as const;

function jsonOf(inspection: Inspection) {
	const {application, bootloader} = inspection;
	return {
		kind: inspection.kind,
		imageBytes: inspection.byteCount,
		ranges: inspection.image.ranges.map(range => ({
			start: hexAddress(range.start),
			end: hexAddress(range.end - 1),
			bytes: range.end - range.start,
		})),
		imageSha256: inspection.imageSha256 ?? null,
		application:
			application === undefined
				? null
				: {
						start: hexAddress(application.range.start),
						end: hexAddress(application.range.end - 1),
						bytes: application.byteCount,
					},
		bootloader:
			bootloader === undefined
				? null
				: {
						id: bootloader.id,
						name: bootloader.name,
						exact: bootloader.exact,
						...(bootloader.file === undefined ? {} : {file: bootloader.file}),
						...(bootloader.who === undefined ? {} : {who: bootloader.who}),
						start: hexAddress(bootloader.startByteAddress),
						text: bootloader.text,
					},
		usb: inspection.descriptors.map(found => ({
			vidPid: `${found.vendorId.toString(16).padStart(4, '0')}:${found.productId.toString(16).padStart(4, '0')}`,
			release: found.bcdDevice,
			address: hexAddress(found.byteAddress),
		})),
		likelyChips: inspection.likelyChips,
	};
}

/** Ranges beyond this many are counted, not listed. */
const listedRanges = 8;

function sayInspection(output: Output, inspection: Inspection): void {
	const {ranges} = inspection.image;
	for (const range of ranges.slice(0, listedRanges)) {
		output.say(
			`  ${hexAddress(range.start)} to ${hexAddress(range.end - 1)}  ${range.end - range.start} bytes`,
		);
	}
	if (ranges.length > listedRanges) output.say(`  and ${ranges.length - listedRanges} more ranges`);
	if (inspection.bootloader !== undefined) {
		const {text, startByteAddress} = inspection.bootloader;
		output.say(`  bootloader at ${hexAddress(startByteAddress)}: ${text}`);
	}
	if (inspection.likelyChips.length > 0) {
		for (const line of wrapped(output, `fits ${inspection.likelyChips.join(', ')}`, '  ')) output.say(line);
	}
}

function sayNote(output: Output, severity: string, text: string): void {
	for (const line of wrapped(output, severity === 'note' ? text : `${severity}: ${text}`, '  ')) {
		output.say(line);
	}
}
