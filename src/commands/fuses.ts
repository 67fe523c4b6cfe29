// `fuses CHIP LOW HIGH [EXT]`: what the bytes mean, and whether they may be written.
import {hexAddress, hexByte} from '../engine/bytes.ts';
import {assessFuses} from '../engine/fuses/assess.ts';
import {decodeFuses} from '../engine/fuses/decode.ts';
import {fuseNames, sameFuse} from '../engine/fuses/mask.ts';
import type {DecodedFuses, FuseAssessment} from '../engine/fuses/types.ts';
import {fuseText} from './boards.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import type {FusesOptions} from './options.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseBoard, parseChip, parseFuses} from './parse.ts';

export async function fusesCommand(
	output: Output,
	chipName: string,
	given: readonly string[],
	options: FusesOptions,
): Promise<ExitCode> {
	const chip = parseChip(chipName);
	const bytes = parseFuses(given, chip);
	const board = options.board === undefined ? undefined : parseBoard(options.board);
	if (board !== undefined && board.chip !== chip.id) {
		throw new UsageError(`The ${board.name} has an ${board.chip}, not an ${chip.name}.`);
	}
	const from = options.from === undefined ? undefined : parseFuses(options.from.split(','), chip);
	const assessment = assessFuses(chip, from, bytes, board === undefined ? {} : {board});
	const decoded = decodeFuses(chip, bytes);

	output.value({
		chip: chip.id,
		bytes: fuseText(bytes),
		...(from === undefined ? {} : {from: fuseText(from)}),
		...(board === undefined ? {} : {board: board.id}),
		bits: decoded.bits.map(({name, byte, programmed, meaning, bit}) => ({
			name,
			byte,
			bit,
			programmed,
			meaning,
		})),
		clock: decoded.clock,
		bootStart: decoded.bootSection === null ? null : hexAddress(decoded.bootSection.startByteAddress),
		bootBytes: decoded.bootSection?.bytes ?? null,
		brownOutVolts: decoded.brownOutVolts ?? null,
		verdict: assessment.verdict,
		reasons: assessment.reasons.map(reason => ({...reason, risk: reason.risk ?? null})),
	});

	const changed = fuseNames(chip).map(name => {
		const value = bytes[name] ?? 0xff;
		const before = from?.[name];
		if (before === undefined) return `${name} ${hexByte(value)}`;
		return sameFuse(chip, name, before, value)
			? `${name} ${hexByte(value)} (as it is)`
			: `${name} ${hexByte(before)} -> ${hexByte(value)}`;
	});
	output.say(`${chip.name}: ${changed.join(', ')}`);
	sayBits(output, decoded);
	sayVerdict(output, assessment);
	return assessment.verdict === 'refuse' ? exitCodes.refused : exitCodes.done;
}

function sayBits(output: Output, decoded: DecodedFuses): void {
	let lastMeaning = '';
	for (const bit of decoded.bits) {
		const value = bit.programmed ? '0 programmed  ' : '1 unprogrammed';
		// The bits of one field share one meaning: it is said once.
		const meaning = bit.meaning === lastMeaning ? '' : bit.meaning;
		output.say(`  ${bit.byte.padEnd(8)} ${bit.bit}  ${bit.name.padEnd(10)} ${value}  ${meaning}`.trimEnd());
		lastMeaning = bit.meaning;
	}
}

const verdictWords = {
	safe: 'safe',
	consent: 'needs your consent',
	refuse: 'refused: this program will not write it',
} as const;

export function sayVerdict(output: Output, assessment: FuseAssessment): void {
	output.say(`Verdict: ${verdictWords[assessment.verdict]}`);
	for (const reason of assessment.reasons) {
		const head =
			reason.severity === 'consent' && reason.risk !== undefined
				? `consent (${reason.risk})`
				: reason.severity;
		for (const line of wrapped(output, `${head}: ${reason.text}`, '  ')) output.say(line);
	}
}
