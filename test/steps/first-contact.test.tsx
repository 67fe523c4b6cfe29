// The first contact while wires are being moved, a part that is nearly the expected one, and what stands in for a
// programmer.
import assert from 'node:assert/strict';
import {performance} from 'node:perf_hooks';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import {rankDrawer} from '../../src/engine/programmers/drawer.ts';
import {clockRescue} from '../../src/engine/programmers/rescue-clock.ts';
import {errorLines} from '../../src/steps/error-text.ts';
import {plainMessage} from '../../src/steps/plain-message.ts';
import {glossary} from '../../src/ui/glossary.ts';
import {findPinouts} from '../../wiring/index.ts';
import {type Driver, drive, practiceOn} from '../helpers/press.tsx';

async function withBench(
	change: NonNullable<Parameters<typeof createBench>[1]>['change'],
	boardName: string,
	body: (wizard: Driver, bench: ReturnType<typeof createBench>) => Promise<void>,
): Promise<void> {
	const bench = createBench('healthy', change === undefined ? {} : {change});
	const wizard = drive({columns: 100, rows: 50, deps: () => practiceOn(bench)});
	try {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', boardName);
		await body(wizard, bench);
	} finally {
		wizard.stop();
	}
}

test('the wires are looked at twice a second: each fault is told while it is there, and the chip when it answers', async () => {
	await withBench(
		{faults: {open: ['RESET', 'SCK', 'MOSI', 'MISO']}},
		'Pro Micro 5 V',
		async (wizard, bench) => {
			await wizard.enterAt('Which programmer do you have?');
			await wizard.enterAt('Connect these six');
			await wizard.choose('cable unplugged?', 'Yes');
			await wizard.see('The chip does not answer');
			for (const [faults, words] of [
				[{stuck: {MISO: 0}}, /Seen now: nothing comes back: the wire MISO stays still \(low\)/],
				[{stuck: {MISO: 1}}, /Seen now: nothing comes back: the wire MISO stays still \(high\)/],
				[
					{bridged: true},
					/Seen now: what is sent comes straight back[\s\S]*first:\s+→ The wires MISO and MOSI touch/,
				],
			] as const) {
				bench.wiring.rewire(faults);
				const beganMs = performance.now();
				await wizard.see(words);
				// Now and then a whole attempt at all speeds comes between two looks.
				assert.ok(performance.now() - beganMs < 6000, String(words));
				assert.match(wizard.screen(), /The same silence has many causes/);
			}
			bench.wiring.rewire({});
			await wizard.see('The chip answers');
			assert.equal(bench.touched(), false);
		},
	);
});

test('an ATmega328 on a board for the 328P: offered, never forced, and taken only by choice', async () => {
	const fuses = {low: 0xff, high: 0xd9, extended: 0xff};
	const change = {chip: 'atmega328', expectedChip: 'atmega328p', board: 'uno', fuses};
	await withBench(change, 'Arduino Uno', async (wizard, bench) => {
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		const screen = await wizard.see(/It is an ATmega328: I have read it on the chip/);
		assert.match(screen, /no way here to go on against the signature, as avrdude's -F does/);
		await wizard.choose('I have read it on the chip', 'It is an ATmega328');
		await wizard.see(/The chip answers\. It is an ATmega328\./);
		assert.equal(bench.touched(), false);
	});
});

test('no programmer: the drawer is ranked, and each line says what is lost and how it comes back', async () => {
	const ranked = rankDrawer();
	assert.deepEqual(
		ranked.map(({id}) => id),
		['uno-nano', 'pro-micro', 'teensy-2', 'split-half', 'raspberry-pi', 'buy'],
	);
	for (const {id, wiring, loses} of ranked) {
		if (wiring !== undefined) assert.equal(findPinouts(wiring)[0]?.id, wiring);
		if (id !== 'raspberry-pi' && id !== 'buy') assert.match(loses, /^It loses [\s\S]*(back|again)/);
	}
	assert.deepEqual(
		rankDrawer(new Set(['teensy-2'])).map(({id}) => id),
		['teensy-2', 'buy'],
	);
	assert.deepEqual(
		rankDrawer(new Set()).map(({id}) => id),
		['buy'],
	);
	await withBench(undefined, 'Pro Micro 5 V', async wizard => {
		await wizard.choose('Which programmer do you have?', 'None of these');
		await wizard.choose('What is in your drawer', 'Teensy 2.0');
		await wizard.see(/prepare teensy2_isp/);
	});
});

test('feeding a clock: the pin of this package, who can put one out, and which fuse comes first', () => {
	const lines = clockRescue(findChip('atmega32u4')!, 'TQFP44').join('\n');
	assert.match(lines, /XTAL1 \(pin 17 of the TQFP44\)/);
	assert.match(lines, /Bus Pirate: PWM on AUX[\s\S]*AVRISP mkII or a LUFA clone/);
	assert.match(lines, /low fuse comes first/);
	assert.match(clockRescue(findChip('attiny85')!).join('\n'), /XTAL1 \(pin 2 of the/);
});

for (const columns of [60, 80]) {
	test(`no power at ${columns}x24: "Try this" was below the fold and each try made it longer; first thing first, no bytes, the clock behind a key`, async () => {
		const wizard = drive({columns, rows: 24, scenario: 'no-power'});
		try {
			await wizard.choose('What happened', 'I have no error text');
			await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
			await wizard.enterAt('Which programmer do you have?');
			await wizard.enterAt('Connect these six');
			await wizard.choose('cable unplugged?', 'Yes');
			const heights = new Set<number>();
			for (const attempt of [1, 2, 3]) {
				const screen = await wizard.see(new RegExp(`Try ${attempt}; it looks again`));
				assert.match(screen, /Try this first:\s+→ The board has no power\. Check the wires VCC/);
				assert.doesNotMatch(screen, /PgDn|XTAL1|CKSEL|TQFP|\b00 00|target/);
				const text = screen.split('\n').filter(row => row.trim() !== '');
				assert.ok(text.length <= 18, `${text.length} rows of text:\n${screen}`);
				heights.add(screen.split('\n').findIndex(row => /Try this first/.test(row)));
				wizard.key('enter');
				await wizard.see(`try ${attempt + 1}`);
			}
			assert.ok(heights.size <= 2, 'it does not grow with each try');
			await wizard.see(columns === 60 ? '? more' : 'c no clock?');
			wizard.send('c');
			const clock = await wizard.see('If all wires are right and the chip stays silent');
			assert.match(clock.replace(/\s+/g, ' '), /wait for a clock from outside/);
			wizard.key('escape');
			await wizard.see('Try this first');
			wizard.send('d');
			const details = await wizard.see('What came back, try by try');
			assert.match(details, /00 00 00|ff ff ff|FF FF FF/i);
			wizard.key('escape');
			await wizard.see('Try this first');
			wizard.send('?');
			assert.match(await wizard.see('What these words mean'), /VCC: The supply/);
			assert.equal(wizard.bench.touched(), false);
		} finally {
			wizard.stop();
		}
	});
}

test('words of the trade on the first contact have their meaning behind ?', () => {
	for (const word of [
		'VCC',
		'GND',
		'MISO',
		'MOSI',
		'SCK',
		'RESET',
		'target',
		'XTAL1',
		'CKSEL',
		'package',
	] as const) {
		assert.ok(glossary[word].length > 40, word);
	}
	assert.match(glossary.package, /TQFP44/);
});

test('"broke off during PROG_PAGE": on screens commands are said in words, and nothing else is touched', () => {
	const gone = new UnbrickError({kind: 'DeviceGone', path: '/dev/ttyUSB0', during: 'PROG_PAGE'});
	assert.equal(
		plainMessage(gone.message),
		'The connection to /dev/ttyUSB0 broke off while a page was being written.',
	);
	const silent = new UnbrickError({kind: 'Timeout', command: 'GET_SYNC', waitedMs: 3500});
	assert.equal(plainMessage(silent.message), 'No answer to the first call within 3500 ms.');
	assert.match(plainMessage('during PROGRAM_FLASH_ISP.'), /^while a page was being written\.$/);
	for (const text of [
		'ATmega32U4, MISO, RESET and MY_SPI_FILE.hex',
		'The connection to COM3 broke off during write.',
	])
		assert.equal(plainMessage(text), text);
	const view = {columns: 80, rows: 24, unicode: true, screenReader: false};
	assert.doesNotMatch(JSON.stringify(errorLines(gone, view)), /PROG_PAGE/);
});

for (const {scenario, cause, remedy} of [
	{
		scenario: 'not-a-programmer',
		cause: /Most likely, in this order:\s+1\. The board at this port does not run ArduinoISP/,
		remedy: /Try this:[\s\S]*Put the ArduinoISP sketch on the board first/,
	},
	{
		scenario: 'port-denied',
		cause: /Only the group dialout may use this port, and you are not in it/,
		remedy: /Try this:[\s\S]*Join it: sudo\s+usermod -aG dialout \$USER[\s\S]*Then log out/,
	},
] as const) {
	test(`${scenario}: the page gave another cause than the report, or no remedy`, async () => {
		const wizard = drive({columns: 100, rows: 40, scenario});
		try {
			await wizard.choose('What happened', 'I have no error text');
			await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
			await wizard.choose('Which programmer do you have?', 'Arduino');
			await wizard.see(/Connect these six|Where is the/);
			if (wizard.screen().includes('Where is the')) await wizard.choose('Where is the', 'practice:');
			await wizard.enterAt('Connect these six');
			await wizard.choose('cable unplugged?', 'Yes');
			const screen = await wizard.see('Most likely');
			assert.match(screen, cause);
			assert.match(screen, remedy);
			assert.doesNotMatch(screen, /The programmer hangs/);
			assert.equal(wizard.bench.touched(), false);
		} finally {
			wizard.stop();
		}
	});
}

test('who does not know the board finds a way out in sight, learns how to tell, and names the chip', async () => {
	const wizard = drive({columns: 80, rows: 24});
	try {
		await wizard.choose('What happened', 'I have no error text');
		assert.match(await wizard.see('Which board is broken?'), /You do not know which\? Type "unsure"/);
		wizard.send('?');
		assert.match(await wizard.see('What these words mean'), /which board: Look at the name printed/);
		wizard.key('escape');
		await wizard.see('Which board is broken?');
		for (const typed of ['u', 'un', 'uns', 'unsu']) {
			wizard.send(typed.at(-1)!);
			await wizard.see(`Filter: ${typed} `);
		}
		await wizard.see('❯ I do not know which');
		wizard.key('enter');
		const how = await wizard.see('How to tell which board it is');
		assert.match(how, /largest chip[\s\S]*pins of that chip[\s\S]*on USB/);
		assert.doesNotMatch(how, /PgDn/);
		await wizard.choose('How to tell', 'only the name of the chip');
		await wizard.see('Which chip is on your board?');
		assert.equal(wizard.bench.touched(), false);
	} finally {
		wizard.stop();
	}
});
