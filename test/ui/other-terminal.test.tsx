// The wizard on the fake terminal of ink-testing-library: 100 columns, no rows told, nothing of our own helper. What
// it shows there must not depend on what our helper knows about terminals.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep, setImmediate as turn} from 'node:timers/promises';
import {cleanup, render} from 'ink-testing-library';
import {App} from '../../src/app.tsx';
import {createBench} from '../../src/bench/bench.ts';
import {practicePlan} from '../../src/commands/practice.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {memoryMapLines} from '../../src/steps/memory-map.ts';
import {createPracticeDeps} from '../../src/steps/practice-deps.ts';
import {say} from '../../src/ui/lines.ts';
import {Screen} from '../../src/ui/screen.tsx';
import {inksFor} from '../../src/ui/theme.ts';

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

test('the list is drawn by ink-select-input, but hears no key: those go through the gate', async () => {
	const {frames, lastFrame, stdin, unmount} = render(
		<Screen
			spec={{
				place: {number: 1, title: 'A question'},
				lines: [say('quiet words', 'quiet')],
				control: {kind: 'menu', items: [1, 2, 3].map(id => ({id: String(id), label: `item ${id}`}))},
				canGoBack: false,
			}}
			view={{columns: 80, rows: 24, unicode: true, screenReader: false}}
			input={{listen: () => () => {}, hush: () => {}}}
			onAction={() => assert.fail('nobody pressed a key of ours')}
		/>,
	);
	try {
		await shows(lastFrame, /item 3/);
		for (const key of ['2', '\u001b[B', '\r']) stdin.write(key);
		await turn();
		assert.doesNotMatch(frames.join(''), /❯/);
	} finally {
		unmount();
		cleanup();
	}
});

test('with high contrast nothing is dimmed, and every tone but plain text differs from it', () => {
	const strong = Object.entries(inksFor({highContrast: true}));
	assert.ok(strong.every(([, ink]) => ink.dimColor !== true));
	for (const [tone, ink] of strong) {
		if (tone !== 'plain' && tone !== 'quiet') assert.ok(ink.bold === true, tone);
	}
	assert.ok(inksFor({}).quiet.dimColor);
});

test('the memory map says in words what it draws, and fits 60 columns', () => {
	const chip = findChip('atmega32u4')!;
	const image = createImage([{byteAddress: 0x7000, data: new Uint8Array(4086)}]);
	const spoken = {columns: 60, rows: 24, unicode: true, screenReader: true};
	const words = memoryMapLines(chip, image, 0x7000, spoken).map(line => line.text);
	assert.deepEqual(words, [
		'Application, 0x0000 to 0x6fff (28 KB): nothing is written, it becomes blank.',
		'Boot section, 0x7000 to 0x7fff (4 KB): 4086 bytes are written, 10 stay blank.',
	]);
	for (const unicode of [true, false]) {
		const drawn = memoryMapLines(chip, image, 0x7000, {...spoken, unicode, screenReader: false});
		assert.deepEqual(
			drawn.slice(-2).map(line => line.text),
			words,
		);
		for (const line of drawn) if (line.table) assert.ok([...line.text].length <= 58, line.text);
		if (!unicode) for (const line of drawn) assert.match(line.text, /^[ -~]*$/);
	}
});
