// The wizard on the fake terminal of ink-testing-library: 100 columns, no rows told, nothing of our own helper. What
// it shows there must not depend on what our helper knows about terminals.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {cleanup, render} from 'ink-testing-library';
import {App} from '../../src/app.tsx';
import {createBench} from '../../src/bench/bench.ts';
import {practicePlan} from '../../src/commands/practice.ts';
import {createPracticeDeps} from '../../src/steps/practice-deps.ts';

/** Looks until the frame shows it; a frame that never does fails the test with what it shows. */
async function shows(lastFrame: () => string | undefined, pattern: RegExp): Promise<string> {
	const endMs = performance.now() + 10_000;
	for (;;) {
		const frame = lastFrame() ?? '';
		if (pattern.test(frame)) return frame;
		if (performance.now() > endMs) assert.fail(`${pattern} is not in:\n${frame}`);
		await sleep(10);
	}
}

test('the first screens on a terminal that tells no height', async () => {
	const bench = createBench('healthy');
	const deps = createPracticeDeps({
		bench,
		image: practicePlan(bench.scenario).image,
		imageName: 'practice bootloader',
		loadFile: async () => new Uint8Array(),
		version: '0.0.0',
	});
	const {lastFrame, stdin, unmount} = render(<App deps={deps} unicode={true} onEnd={() => {}} />);
	try {
		const first = await shows(lastFrame, /What happened/);
		assert.ok(first.split('\n').every(line => [...line].length <= 100));
		assert.match(first, /Ctrl\+C leave/, 'the keys stand on the last line');
		stdin.write('?');
		await shows(lastFrame, /ISP|bootloader/i);
	} finally {
		unmount();
		cleanup();
	}
});
