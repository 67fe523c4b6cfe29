// What the screens say, where it once was wrong, said twice, or said in a developer's words.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import {createBench} from '../../src/bench/bench.ts';
import {findSession} from '../../src/steps/session.ts';
import type {WizardDeps} from '../../src/steps/step.ts';
import {startDialogue} from '../helpers/plain.ts';
import {type DriveOptions, type Driver, drive, practiceOn} from '../helpers/press.tsx';

async function withWizard(options: DriveOptions, body: (wizard: Driver) => Promise<void>): Promise<void> {
	const wizard = drive({rows: 40, ...options});
	try {
		await body(wizard);
	} finally {
		wizard.stop();
	}
}

const flat = (screen: string) => screen.replace(/\s+/g, ' ');

async function toImage(wizard: Driver): Promise<void> {
	await wizard.choose('What happened', 'I have no error text');
	await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
	await wizard.enterAt('Which programmer do you have?');
	await wizard.enterAt('Connect these six');
	await wizard.choose('cable unplugged?', 'Yes');
	await wizard.enterAt('The chip answers');
	await wizard.see('What shall be written');
}

test('fuses set to what the chip has already: the review leaves them, it does not "set" them', async () => {
	await withWizard({}, async wizard => {
		await toImage(wizard);
		await wizard.enterAt('What shall be written');
		await wizard.choose('settings of the chip', 'Other bytes');
		await wizard.enterAt('The fuse bytes you want');
		await wizard.enterAt('The change: your own bytes');
		const review = await wizard.see('This will be done');
		assert.match(review, /Leave the fuses as they are/);
		assert.doesNotMatch(review, /Set the fuses/);
	});
});

test('what was chosen before stands in the list once after a retry', async () => {
	await withWizard({scenario: 'cable-pulled'}, async wizard => {
		await toImage(wizard);
		await wizard.enterAt('What shall be written');
		await wizard.enterAt('settings of the chip');
		await wizard.enterAt('This will be done');
		await wizard.choose('How it ended', 'Try again');
		await wizard.enterAt('The chip answers');
		const list = await wizard.see('As before: practice bootloader');
		assert.equal(list.match(/^.{0,4}(As before: )?practice bootloader$/gm)?.length, 1, list);
	});
});

for (const fits of [true, false]) {
	test(`another loader than the usual one: list and fuse step agree that the fuses ${fits ? 'fit' : 'have to follow'}`, async () => {
		const fuses = fits ? {low: 0x5e, high: 0xd9, extended: 0xf3} : {low: 0xff, high: 0xd8, extended: 0xfb};
		const bench = createBench('healthy', {change: {fuses}});
		const deps = (): WizardDeps => {
			const practice = practiceOn(bench);
			return {
				...practice,
				catalogue: async wanted =>
					((await practice.catalogue?.(wanted)) ?? []).map(offer => ({...offer, bootloader: 'atmel-dfu'})),
			};
		};
		await withWizard({deps}, async wizard => {
			await toImage(wizard);
			await wizard.choose('What shall be written', 'practice bootloader');
			const offered =
				wizard
					.frames()
					.map(flat)
					.filter(frame => /Not the usual bootloader/.test(frame))
					.at(-1) ?? '';
			const step = flat(await wizard.see('settings of the chip'));
			assert.match(offered, /Not the usual bootloader of your board \(Caterina\)/);
			assert.match(
				offered,
				fits ? /fuses that the chip has fit it already/ : /have to follow, and the next step offers them/,
			);
			if (fits) assert.match(step, /They already are what this board and bootloader need/);
			else assert.doesNotMatch(step, /They already are/);
		});
	});
}

test('a backup chosen where a hex file is wanted: what it is, and the command that brings it back', async () => {
	const backup = createBench('healthy');
	let text = '';
	await withWizard({deps: () => practiceOn(backup)}, async wizard => {
		await toImage(wizard);
		await wizard.enterAt('What shall be written');
		await wizard.enterAt('settings of the chip');
		await wizard.enterAt('This will be done');
		await wizard.see('Written and verified');
		text = [...backup.store.files].find(([name]) => name.startsWith('backup-'))?.[1] ?? '';
	});
	await withWizard({files: {'my backup.json': text}}, async wizard => {
		await toImage(wizard);
		await wizard.choose('What shall be written', 'A .hex file of mine');
		await wizard.see('Which .hex file');
		wizard.paste('my backup.json');
		await wizard.enterAt('my backup.json');
		const said = flat(await wizard.see('is a backup that this program has made'));
		assert.match(
			said,
			/type: avr-unbrick restore "my backup\.json" --programmer arduino-isp --port practice:arduino-isp/,
		);
	});
});

test('left at a page inside the question and entered again: the same page, and the pointer on what was looked at', async () => {
	const bench = createBench('healthy');
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
		await wizard.choose('Which programmer do you have?', 'USBasp');
		await wizard.see('No USBasp is to be seen');
		for (let look = 0; (await findSession(bench.store))?.page !== 'port usbasp'; look++) {
			assert.ok(look < 5000);
			await turn();
		}
		wizard.key('interrupt');
		await wizard.ended;
	});
	await withWizard({deps}, async wizard => {
		await wizard.choose('Go on where you left', 'Go on where you left');
		await wizard.see('No USBasp is to be seen');
		wizard.key('escape');
		assert.match(await wizard.see('Which programmer do you have?'), /❯ USBasp/);
		wizard.key('up');
		await wizard.see(/❯ Arduino Uno/);
		wizard.key('enter');
		await wizard.see('Connect these six');
	});
});

test('at 60 columns the list says which programmer may be the one that is plugged in', async () => {
	await withWizard({columns: 60, rows: 24}, async wizard => {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
		assert.match(await wizard.see('Which programmer do you have?'), /❯ Arduino Uno.*plugged in$/m);
	});
});

test('plain: no prompt is asked twice, none is left behind by a screen that goes by itself', async () => {
	/** Lines typed below. */
	const answers = 11;
	const talk = startDialogue(practiceOn(createBench('healthy')));
	try {
		await talk.see(/What happened/);
		talk.choose('no error text');
		await talk.see(/Which board is broken\?/);
		talk.choose('Pro Micro 5 V');
		await talk.see(/Which programmer do you have\?/);
		talk.type('');
		const wires = await talk.see(/Connect these six/);
		assert.equal(wires.match(/10 uF/g)?.length, 1, 'the capacitor is named once');
		talk.type('');
		await talk.see(/cable unplugged\?/);
		talk.choose('Yes');
		await talk.see(/The chip answers/);
		talk.type('');
		await talk.see(/What shall be written/);
		talk.type('');
		await talk.see(/settings of the chip/);
		talk.type('');
		await talk.see(/This will be done/);
		talk.type('');
		await talk.see(/Is it alive\?/);
		talk.choose('Go on without');
		await talk.see(/What to do now/);
		talk.type('');
		await talk.code;
		assert.equal(talk.text().match(/^> /gm)?.length, answers, `one mark for each answer:\n${talk.text()}`);
		assert.doesNotMatch(talk.text(), /^(> )?(Type .*\.)\n(> )?\2$/m, talk.text());
	} finally {
		talk.close();
	}
});
