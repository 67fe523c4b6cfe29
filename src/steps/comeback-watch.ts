// Watches USB for the board after the programmer has let go of it. Nothing is opened.
import {useEffect, useState} from 'react';
import {createCancel} from '../engine/cancel.ts';
import type {Clock} from '../engine/clock.ts';
import {
	type ComebackExpectation,
	type ComebackReading,
	patienceMs,
	snapshot,
	watchComeback,
} from '../engine/procedures/comeback.ts';
import type {World} from '../engine/transports.ts';
import {restoredBy} from './restored.ts';
import type {Known} from './step.ts';

/** Real time between two looks at least: a clock that runs ahead must not keep the program busy. Our choice. */
const breathMs = 20;

export type Watch = {
	readonly reading: ComebackReading;
	/** True when the person has had the time to plug in, and nothing came. */
	readonly late: boolean;
};

/** A clock for looking: also lets the rest of the program have its turn. */
function breathing(clock: Clock): Clock {
	return {
		nowMs: clock.nowMs,
		async sleep(ms) {
			await clock.sleep(ms);
			await new Promise(resolve => {
				setTimeout(resolve, breathMs);
			});
		},
	};
}

/** Bootloader the board has now, where known. */
export function loaderIdOf(known: Known): string | undefined {
	const restored = restoredBy(known);
	if (restored !== undefined) return restored.bootloader;
	return known.image?.bootloader ?? known.board?.board?.bootloader;
}

/** What must show itself; undefined while the chip is not known. */
export function expectationOf(known: Known): ComebackExpectation | undefined {
	const chip = known.identify?.chip;
	if (chip === undefined) return undefined;
	const bootloader = loaderIdOf(known);
	const {exact, application} = known.image?.usb ?? {};
	return {
		chip,
		...(bootloader === undefined ? {} : {bootloader}),
		...(exact === undefined ? {} : {exact}),
		...(application === undefined ? {} : {application}),
	};
}

/** Watches until the board is seen for certain, or the screen goes; starts before the person is told to plug in. */
export function useWatch(world: World, expectation: ComebackExpectation | undefined, wanted: boolean): Watch {
	const [reading, setReading] = useState<ComebackReading>({kind: 'nothing'});
	const [late, setLate] = useState(false);
	const text = JSON.stringify([expectation?.bootloader, expectation?.exact, expectation?.application]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: the expectation is made anew at each drawing; its text tells a new one
	useEffect(() => {
		if (!wanted || expectation === undefined) return;
		const stop = createCancel();
		const timer = setTimeout(() => setLate(true), patienceMs);
		const watch = async () => {
			const before = await snapshot(world);
			const readings = watchComeback(world, expectation, {
				before,
				clock: breathing(world.clock),
				cancel: stop.cancel,
				timeoutMs: Number.POSITIVE_INFINITY,
			});
			for await (const next of readings) {
				if (stop.cancel.requested) return;
				setReading(next);
			}
		};
		// Listing that fails says nothing about the board: the screen then simply stays as it is.
		watch().catch(() => {});
		return () => {
			clearTimeout(timer);
			stop.request();
		};
	}, [world, wanted, text]);
	return {reading, late};
}
