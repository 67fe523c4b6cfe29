// What is settled so far, in a few words for the header.
import {printable} from '../ui/text.ts';
import type {Known} from './step.ts';

export function summary(known: Known): string {
	const parts: string[] = [];
	const {board, programmer, identify} = known;
	if (board !== undefined) parts.push(shortBoard(board.board?.name ?? board.chip?.name ?? ''));
	if (identify !== undefined) parts.push(`${identify.chip.name} found`);
	else if (programmer !== undefined) parts.push(printable(programmer.name).replace(/ with the .*$/, ''));
	return parts.filter(Boolean).join(', ');
}

/** A board's name without what stands in brackets or after "and". */
export function shortBoard(name: string): string {
	return name
		.replace(/\s+and clones$/, '')
		.replace(/^SparkFun /, '')
		.replace(/\s*\(.*\)$/, '');
}
