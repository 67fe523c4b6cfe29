// The last lines in the terminal: however the wizard is left, they say in which state the board is.
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {interruptedIn} from '../../src/app.tsx';
import {createBench} from '../../src/bench/bench.ts';
import {UnbrickError} from '../../src/engine/errors.ts';
import {failureResult} from '../../src/engine/procedures/results.ts';
import {createStore} from '../../src/io/store.ts';
import {farewell} from '../../src/steps/farewell.ts';
import type {WizardDeps} from '../../src/steps/step.ts';
import {type Driver, drive, practiceOn} from '../helpers/press.tsx';

/** A bench that counts as the real thing: its files are kept and named. */
function realOn(bench: ReturnType<typeof createBench>, folder?: string): WizardDeps {
	const {practice: _, ...deps} = practiceOn(bench);
	return folder === undefined ? deps : {...deps, store: createStore(folder)};
}

async function goodbye(wizard: Driver): Promise<{readonly text: string; readonly code: number}> {
	const end = await wizard.ended;
	const {lines, code} = farewell(end.known, end.how, {...end, waiting: await interruptedIn(wizard.deps)});
	return {text: lines.join('\n'), code};
}

async function toContact(wizard: Driver, boardName = 'Pro Micro 5 V'): Promise<void> {
	await wizard.choose('What happened', 'I have no error text');
	await wizard.choose('Which board is broken?', boardName);
	await wizard.enterAt('Which programmer do you have?');
	await wizard.enterAt('Connect these');
	await wizard.choose('cable unplugged?', 'Yes');
}

async function toReview(wizard: Driver): Promise<void> {
	await toContact(wizard);
	await wizard.enterAt('The chip answers');
	await wizard.enterAt('What shall be written');
	await wizard.enterAt('settings of the chip');
}

async function toHalfWritten(wizard: Driver): Promise<void> {
	await toReview(wizard);
	await wizard.enterAt('This will be done');
	await wizard.see('The chip: The chip may be only partly written');
}

async function withWizard(deps: WizardDeps, body: (wizard: Driver) => Promise<void>): Promise<void> {
	const wizard = drive({rows: 40, deps: () => deps});
	try {
		await body(wizard);
	} finally {
		wizard.stop();
	}
}

test('half written, then "Try again" and Ctrl+C at the first contact: the goodbye says so, with the backup and how to go on', async () => {
	await withWizard(realOn(createBench('cable-pulled')), async wizard => {
		await toHalfWritten(wizard);
		await wizard.choose('How it ended', 'Try again');
		const contact = (await wizard.see('The chip answers')).replace(/\s+/g, ' ');
		assert.match(contact, /This look changed nothing; the chip is still partly written from before\./);
		assert.doesNotMatch(contact, /Nothing was changed/);
		wizard.key('interrupt');
		const {text, code} = await goodbye(wizard);
		assert.equal(code, 130);
		assert.doesNotMatch(text, /Nothing on the (board|chip) was changed/);
		assert.match(text, /The chip may be only partly written/);
		assert.match(text, /Backup: .*backup-atmega32u4/);
		assert.match(text, /To go on: start avr-unbrick again and choose "Go on with the recovery/);
	});
});

test('half written, then undo, back and Ctrl+C: the goodbye names the state and the first backup', async () => {
	await withWizard(realOn(createBench('cable-pulled')), async wizard => {
		await toHalfWritten(wizard);
		const backup = /Backup: (\S+)/.exec(wizard.screen())?.[1] ?? '';
		wizard.send('u');
		await wizard.enterAt('still partly written from before');
		const review = (await wizard.see('This will be done')).replace(/\s+/g, ' ');
		assert.match(review, /good backup of the first try is kept, and it is what is written back/);
		wizard.key('escape');
		await wizard.see(/settings of the chip|The change/);
		wizard.key('interrupt');
		const {text} = await goodbye(wizard);
		assert.doesNotMatch(text, /Nothing on the (board|chip) was changed/);
		assert.match(text, /The board: The chip may be only partly written/);
		assert.ok(text.includes(`Backup: ${backup}`), text);
	});
});

test('half written, then "Begin from the start" and Ctrl+C: the goodbye still says so', async () => {
	await withWizard(realOn(createBench('cable-pulled')), async wizard => {
		await toHalfWritten(wizard);
		await wizard.choose('How it ended', 'Begin from the start');
		await wizard.see(/What happened[\s\S]*Go on with the recovery/);
		wizard.key('interrupt');
		const {text, code} = await goodbye(wizard);
		assert.equal(code, 130);
		assert.match(text, /The board: The chip may be only partly written/);
		assert.match(text, /Backup: .*backup-atmega32u4/);
	});
});

test('half written, and the undoing then fails before it changes anything: the state from before is said', async () => {
	const bench = createBench('cable-pulled');
	await withWizard(realOn(bench), async wizard => {
		await toHalfWritten(wizard);
		wizard.send('u');
		await wizard.enterAt('The chip answers');
		bench.wiring.rewire({open: ['MISO']});
		await wizard.enterAt('This will be done');
		await wizard.see('needs your word');
		await wizard.typeWord('ATmega32U4');
		wizard.key('enter');
		const end = await wizard.see(/How it ended[\s\S]*still partly written from before/);
		assert.doesNotMatch(end, /Nothing on the chip was changed/);
		await wizard.choose('How it ended', 'Leave');
		const {text, code} = await goodbye(wizard);
		assert.equal(code, 1);
		assert.match(text, /This try changed nothing; the chip is still partly written from before/);
	});
});

test('a recovery of an earlier run waits: leaving at once does not say that nothing was changed and no more', async () => {
	const bench = createBench('cable-pulled');
	await withWizard(realOn(bench), async wizard => {
		await toHalfWritten(wizard);
		await wizard.choose('How it ended', 'Leave');
		await wizard.ended;
	});
	await withWizard(realOn(bench), async wizard => {
		await wizard.see('Go on with the recovery');
		wizard.key('interrupt');
		const {text} = await goodbye(wizard);
		assert.match(text, /Nothing on the board was changed this time/);
		assert.match(text, /From an earlier run: A recovery of an ATmega32U4 was interrupted while writing page/);
		assert.match(text, /Its backup: .*backup-atmega32u4/);
		assert.match(text, /To go on: /);
	});
});

test('written and verified, then undo and Ctrl+C: the goodbye says that the board is written', async () => {
	await withWizard(realOn(createBench('healthy')), async wizard => {
		await toReview(wizard);
		await wizard.enterAt('This will be done');
		await wizard.choose('Written and verified', 'Go on without seeing');
		await wizard.see('What to do now');
		wizard.send('u');
		await wizard.see('The chip answers');
		wizard.key('interrupt');
		const {text} = await goodbye(wizard);
		assert.doesNotMatch(text, /Nothing on the (board|chip) was changed/);
		assert.match(text, /The board: The program memory is written/);
	});
});

test('practice ends in lines that call it practice and name no file that does not exist', async () => {
	await withWizard(practiceOn(createBench('cable-pulled')), async wizard => {
		await toHalfWritten(wizard);
		await wizard.choose('How it ended', 'Leave');
		const {text, code} = await goodbye(wizard);
		assert.equal(code, 1);
		assert.match(text, /This was practice: no real board was touched/);
		assert.doesNotMatch(text, /Backup: |Report: |2025/);
	});
});

test('a real run names its files with their whole paths', async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'leaving-'));
	try {
		await withWizard(realOn(createBench('cable-pulled'), folder), async wizard => {
			await toHalfWritten(wizard);
			await wizard.choose('How it ended', 'Leave');
			const {text} = await goodbye(wizard);
			for (const name of ['Backup', 'Report']) {
				const file = new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';
				assert.ok(path.isAbsolute(file) && existsSync(file), text);
			}
			assert.doesNotMatch(text, /This was practice/);
		});
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
});

test('no answer at the first contact: given up with a report, the cause and exit code 1', async () => {
	await withWizard(realOn(createBench('swapped')), async wizard => {
		await toContact(wizard);
		await wizard.choose(/does not answer[\s\S]*Give up for now/, 'Give up for now');
		const {text, code} = await goodbye(wizard);
		assert.equal(code, 1);
		assert.match(text, /Not done: The chip does not answer/);
		assert.match(text, /Most likely: /);
		assert.match(text, /The board: Nothing on the chip was changed/);
		const report = /Report: (\S+)/.exec(text)?.[1] ?? '';
		const written = await wizard.deps.store.readText(report);
		assert.match(written ?? '', /Ended: NoTarget: The chip does not answer/);
		assert.match(written ?? '', /Chip now: Nothing on the chip was changed/);
	});
});

test('left with answers: the goodbye says that it can be gone on with, in practice it does not; giving up there names where the report is', () => {
	const known = {start: {how: 'nothing'}} as const;
	const here = /Run it again to go on here\./;
	assert.match(farewell(known, 'left').lines.join('\n'), here);
	assert.doesNotMatch(farewell({}, 'left').lines.join('\n'), here);
	assert.doesNotMatch(farewell(known, 'left', {practice: true}).lines.join('\n'), here);
	const result = failureResult(new UnbrickError({kind: 'Timeout', command: 'GET_SYNC', waitedMs: 1}), {
		chipState: 'untouched',
		backup: null,
		seconds: 0,
	});
	const gaveUp = {result, warnings: [], report: 'report-1.md'};
	assert.match(
		farewell(known, 'gave-up', {practice: true, gaveUp}).lines.join('\n'),
		/\(In practice the report is kept in memory only\.\)/,
	);
});
