// Wiring: what to connect to what, computed from headers (here), boards and packages (src/engine).
export {type Drawing, type DrawnLine, plainLine, type Span, toAscii} from './canvas.ts';
export {drawPackage, drawWiring, pinPlace, pinPlaceWords} from './draw.ts';
export {type HeaderName, headerPins, type ProgrammerPinout, wiringOrder} from './pinout.ts';
export {findPinouts, programmerPinouts} from './programmers/index.ts';
export {wiringSvg} from './svg.ts';
export {
	type LevelShifter,
	type Levels,
	NoWiring,
	signalColours,
	type WireColour,
	type WiringRow,
	type WiringTable,
	type WiringTarget,
	type WiringWarning,
	warningBefore,
	wiringTable,
} from './table.ts';
export {wiringLinear, wiringTableLines} from './words.ts';
