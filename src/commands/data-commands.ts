// Commands that need no hardware, loaded together: fewer files to open than one chunk each.
export {boardsCommand} from './boards.ts';
export {chipsCommand} from './chips.ts';
export {diagnoseCommand} from './diagnose.ts';
export {fusesCommand} from './fuses.ts';
export {inspectCommand} from './inspect.ts';
export {mergeCommand} from './merge.ts';
export {wiringCommand} from './wiring.ts';
