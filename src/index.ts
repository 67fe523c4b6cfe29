// The engine as a library: `import {…} from 'avr-unbrick'`. Pure: bring your own World and Store.
export {type Cancel, createCancel, neverCancel} from './engine/cancel.ts';
export type {Clock} from './engine/clock.ts';
export {
	type ErrorFacts,
	type ErrorKind,
	isKind,
	type RiskName,
	riskNames,
	UnbrickError,
} from './engine/errors.ts';
