// Left and entered again: at the same question, with the same answers, nothing done twice.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import {createBench} from '../../src/bench/bench.ts';
import {findSession} from '../../src/steps/session.ts';
import {type Driver, drive, practiceOn} from '../helpers/press.tsx';
import {caterina} from './seed-logs.ts';

async function kept(wizard: Driver, at: string): Promise<void> {
	for (let look = 0; look < 2000; look++) {
		if ((await findSession(wizard.deps.store))?.at === at) return;
		await turn();
	}
	assert.fail(`nothing kept at ${at}`);
}

async function leave(wizard: Driver): Promise<void> {
	wizard.key('interrupt');
	assert.equal((await wizard.ended).how, 'left');
	wizard.stop();
}

test('left at each question and entered again', async context => {
	const bench = createBench('healthy');
	const again = () => drive({deps: () => practiceOn(bench)});
	let wizard = again();
	context.after(() => wizard.stop());
	await wizard.see('What happened');
	wizard.paste(caterina);
	await wizard.choose('What the text says', 'Revive the board');
	await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
	await wizard.see('Which programmer do you have?');
	await kept(wizard, 'programmer');
	await leave(wizard);

	wizard = again();
	await wizard.choose('Go on where you left: Your programmer', 'Go on where you left');
	await wizard.enterAt('Which programmer do you have?');
	await wizard.enterAt('Connect these six');
	await wizard.choose('cable unplugged?', 'Yes');
	await wizard.enterAt('The chip answers');
	await wizard.enterAt('What shall be written');
	await wizard.enterAt('settings of the chip');
	await wizard.see('This will be done');
	await kept(wizard, 'review');
	await leave(wizard);

	wizard = again();
	await wizard.choose('Go on where you left: Before it starts', 'Go on where you left');
	await wizard.enterAt('Connect these six');
	await wizard.choose('cable unplugged?', 'Yes');
	await wizard.enterAt('The chip answers');
	assert.match(await wizard.enterAt('This will be done'), /write practice bootloader \(4086 bytes\)/);
	await wizard.see('Now see whether');
	await kept(wizard, 'comeback');
	const changes = bench.chip.events.length;
	await leave(wizard);

	wizard = again();
	await wizard.choose('Go on where you left: Is it alive?', 'Go on where you left');
	assert.match(await wizard.see('Now see whether'), /Written and verified: 4096 bytes/);
	assert.equal(bench.chip.events.length, changes, 'nothing is written twice');
	await wizard.enterAt('Practice: unplug and plug in');
	await wizard.enterAt('Practice: take the practice keymap');
	await wizard.enterAt('Your keyboard is back');
	assert.equal((await wizard.ended).how, 'finished');
	wizard.stop();

	wizard = again();
	await wizard.see('What happened');
	await turn();
	assert.doesNotMatch(wizard.screen(), /Go on where you left/);
	wizard.stop();
});

test('what is kept is not understood, or not for this program: the wizard begins as always', async context => {
	for (const text of [
		'',
		'{',
		'[]',
		'{"format":1,"at":"wiring","known":{"board":{"board":{"$board":"x"}}}}',
		'{"format":99}',
	]) {
		const bench = createBench('healthy');
		await bench.store.writeDurably('session.json', text);
		assert.equal(await findSession(bench.store), undefined, text);
	}
	// Answers without the question that they lead to are not entered.
	const bench = createBench('healthy');
	await bench.store.writeDurably('session.json', '{"format":1,"at":"firstAid","known":{}}');
	const wizard = drive({deps: () => practiceOn(bench)});
	context.after(() => wizard.stop());
	await wizard.choose('Go on where you left: First aid', 'Go on where you left');
	await wizard.see('Step 1: What happened');
});
