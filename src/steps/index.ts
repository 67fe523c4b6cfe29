// The wizard's table of contents.
import {arm} from './arm.tsx';
import {board} from './board.tsx';
import {diagnosis} from './diagnosis.tsx';
import {firstAid} from './first-aid.tsx';
import {flash} from './flash.tsx';
import {fuses} from './fuses.tsx';
import {identify} from './identify.tsx';
import {image} from './image.tsx';
import {programmer} from './programmer.tsx';
import {result} from './result.tsx';
import {review} from './review.tsx';
import {start} from './start.tsx';
import type {Step, StepId} from './step.ts';
import {wiring} from './wiring.tsx';

/** In the order in which they are asked. */
export const steps: readonly Step<StepId>[] = [
	start,
	diagnosis,
	firstAid,
	board,
	arm,
	programmer,
	wiring,
	identify,
	image,
	fuses,
	review,
	flash,
	result,
] as unknown as readonly Step<StepId>[];
