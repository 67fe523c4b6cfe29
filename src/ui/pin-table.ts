// The wiring on the screen: the table, the drawing, or sentences for people who listen.
import {
	type DrawnLine,
	drawWiring,
	plainLine,
	signalColours,
	toAscii,
	type WiringTable,
	wiringLinear,
	wiringTableLines,
} from '../../wiring/index.ts';
import {item, type Line, row} from './lines.ts';
import {textColumns, type View} from './view.ts';

function drawn(line: DrawnLine): Line {
	return {
		text: plainLine(line),
		table: true,
		tone: 'plain',
		spans: line.map(({text, signal}) =>
			signal === undefined ? {text} : {text, color: signalColours[signal]},
		),
	};
}

/** Signal, programmer and board side by side; the RESET trap stands on its own row, marked. */
export function pinTableLines(table: WiringTable, view: View): readonly Line[] {
	// At the RESET row stands the trap alone; what else there is to say about it comes below the table.
	const rows = table.rows.map(wire =>
		wire.signal === 'RESET'
			? {...wire, notes: wire.notes.filter(note => note === table.programmer.resetTrap)}
			: wire,
	);
	if (view.screenReader) return wiringLinear({...table, rows}).map(text => item('', text));
	return wiringTableLines({...table, rows}, textColumns(view)).map(line => {
		const text = plainLine(line);
		// The trap is the one row that ruins the day when it is overlooked: never only in a wire's colour.
		return /^\s+! /.test(text) ? row(text, 'bad') : drawn(line);
	});
}

/** Both connectors as a picture; nothing in screen reader mode. */
export function pinDrawingLines(table: WiringTable, view: View): readonly Line[] {
	if (view.screenReader) return pinTableLines(table, view);
	const drawing = drawWiring(table, {columns: textColumns(view), compact: view.rows < 30});
	return (view.unicode ? drawing : toAscii(drawing)).lines.map(drawn);
}
