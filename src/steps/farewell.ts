// The plain lines that stay in the terminal when the wizard has ended.
import {printable} from '../ui/text.ts';
import {isArm, isHelped} from './applies.ts';
import {chipStateText} from './chip-state.ts';
import type {Known} from './step.ts';

export type Farewell = {readonly lines: readonly string[]; readonly code: 0 | 1 | 3 | 130};

/** What was seen after the work; nothing where nobody looked. */
function seenTexts({comeback, keymap}: Known): readonly string[] {
	const result = keymap?.result;
	return [
		...(comeback?.vidPid === undefined
			? []
			: [`On USB: ${printable(comeback.name ?? 'the keyboard')}, ${comeback.vidPid}.`]),
		...(result?.ok === true
			? [
					`Keymap: ${result.writtenBytes} bytes written${result.verified ? ', read back and equal' : ''}; the keyboard ${result.application == null ? 'has not shown itself yet' : `shows itself as ${result.application.vidPid}`}.`,
				]
			: []),
	];
}

/** What was done, where the files lie, and the exit code for it. */
export function farewell(known: Known, how: 'finished' | 'left'): Farewell {
	const flash = known.flash;
	if (flash === undefined) {
		if (isHelped(known))
			return {lines: ['First aid was enough. Nothing on the chip was changed by this program.'], code: 0};
		if (isArm(known) && how === 'finished')
			return {lines: ['An Arm board needs no ISP. Nothing was changed.'], code: 0};
		return {lines: ['Left before the end. Nothing on the board was changed.'], code: 130};
	}
	const {result, report} = flash;
	const backup = result.backup ?? undefined;
	const lines = [
		result.ok
			? `Done: ${result.verifiedBytes} bytes verified on the ${result.chip}.`
			: `Not done: ${printable(result.error.message)}`,
		`The board: ${chipStateText(result.chipState)}`,
		...seenTexts(known),
		...(backup === undefined ? [] : [`Backup: ${printable(backup)}`]),
		...(report === undefined ? [] : [`Report: ${printable(report)}`]),
	];
	if (result.ok) return {lines, code: 0};
	if (result.error.kind === 'Cancelled') return {lines, code: 130};
	const refused = result.error.kind === 'FuseRefused' || result.error.kind === 'ConsentMissing';
	return {lines, code: refused ? 3 : 1};
}
