// Which engine works, where it is not our own: never silently another one.
import {item, type Line} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import type {Known} from './step.ts';

/** One line for the second engine; none for our own. */
export function engineLines(known: Known, view: View): readonly Line[] {
	const connection = known.programmer?.connection;
	if (connection?.kind !== 'avrdude') return [];
	return [
		item(
			`${glyphsFor(view).bullet} `,
			`Engine: the installed ${printable(connection.engine)}, with the checks and the order of this program.`,
			'strong',
		),
	];
}
