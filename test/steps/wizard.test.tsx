// The wizard as a person meets it: drawn on a terminal of a given size, driven by keys and pastes, on the bench.
// No frame may reach the terminal's height or width; test/helpers/render.tsx asserts that for every one.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as after, setImmediate as turn} from 'node:timers/promises';
import {createBench} from '../../src/bench/bench.ts';
import {readQmkFiles} from '../../src/engine/boards/qmk.ts';
import {createCancel, neverCancel} from '../../src/engine/cancel.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {type RiskName, riskNames} from '../../src/engine/errors.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import type {RecoverEvent, RecoverResult} from '../../src/engine/procedures/events.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {farewell} from '../../src/steps/farewell.ts';
import {withoutPeople} from '../../src/steps/privacy.ts';
import {runRecovery} from '../../src/steps/recovery.ts';
import type {Known, WizardDeps} from '../../src/steps/step.ts';
import {hushMs} from '../../src/ui/input-gate.ts';
import {type DriveOptions, type Driver, drive, practiceOn} from '../helpers/press.tsx';
import {caterina, dfuStalled, seedLogs} from './seed-logs.ts';

/** Runs with a wizard and always takes it off the screen. */
async function withWizard(options: DriveOptions, body: (wizard: Driver) => Promise<void>): Promise<void> {
	const wizard = drive(options);
	try {
		await body(wizard);
	} finally {
		wizard.stop();
	}
}

const board = 'Which board is broken?';

/** Pastes a log and takes what is preselected until the boards are there; first aid does not help here. */
async function toBoard(wizard: Driver, log: string = caterina): Promise<void> {
	await wizard.see('What happened');
	wizard.paste(log);
	await wizard.enterAt('What happened: ');
	const screen = await wizard.see(/Which board is broken\?|Try this, in this order/);
	if (!screen.includes(board)) await wizard.choose('Try this, in this order', 'It did not help');
	await wizard.see(board);
}

/** From the first screen to the question before the chip is touched, taking what is preselected. */
async function toReview(wizard: Driver, boardName = 'Pro Micro 5 V'): Promise<void> {
	await toBoard(wizard);
	await wizard.choose(board, boardName);
	await wizard.enterAt('Which programmer do you have?');
	await wizard.enterAt('Connect these six');
	await wizard.choose('cable unplugged?', 'Yes');
	await wizard.enterAt('The chip answers');
	await wizard.enterAt('What shall be written');
	await wizard.enterAt('settings of the chip');
	await wizard.see('This will be done');
}

/** The same for a recovery that goes on: its board is known. */
async function goOnToReview(wizard: Driver): Promise<void> {
	await wizard.enterAt(/❯ SparkFun Pro Micro 5 V/);
	await wizard.enterAt('Which programmer do you have?');
	await wizard.enterAt('Connect these six');
	await wizard.choose('cable unplugged?', 'Yes');
	await wizard.enterAt('The chip answers');
	await wizard.enterAt('What shall be written');
	await wizard.enterAt('settings of the chip');
}

for (const columns of [80, 60, 120]) {
	test(`from the pasted Caterina log to a verified board, taking defaults, at ${columns} columns`, async () => {
		await withWizard({columns, rows: columns === 120 ? 40 : 24}, async wizard => {
			await toReview(wizard);
			assert.equal(wizard.bench.touched(), false, 'nothing is changed before the last question');
			wizard.key('enter');
			const end = await wizard.see('Written and verified');
			assert.ok(wizard.pressed() <= 14, `${wizard.pressed()} keys`);
			assert.match(end, /\d{4} bytes were read\s+back and\s+are\s+equal/);
			assert.match(end.replace(/\s+/g, ' '), /4096 bytes .* \(whole pages; the image itself has 4086\)/);
			assert.match(end, /Before this, the bootloader was missing\./);
			const image = wizard.bench.chip.dump().flash;
			assert.notEqual(image[0x7000], 0xff);
			assert.ok(image.subarray(0, 0x7000).every(byte => byte === 0xff));
			await wizard.enterAt('Practice: unplug and plug in');
			await wizard.see('1b4f:9205');
			await wizard.enterAt('Practice: take the practice keymap');
			let back = await wizard.see('Your keyboard is back');
			if (back.includes('PgDn')) {
				wizard.key('pageDown');
				back += await wizard.see('Report: report-');
			}
			assert.match(back, /on USB as feed:6060/);
			assert.match(back, /12345 bytes were read back\s+and\s+are equal/);
			assert.match(back, /Backup: backup-atmega32u4/);
			assert.match(back, /Report: report-/);
			assert.deepEqual(wizard.bench.chip.dump().flash.subarray(0x7000), image.subarray(0x7000));
			wizard.key('enter');
			const {known, how} = await wizard.ended;
			const {lines, code} = farewell(known, how);
			assert.equal(code, 0);
			assert.match(lines.join('\n'), /Done: \d{4} bytes verified/);
			assert.match(lines.join('\n'), /Keymap: 12345 bytes written, read back and equal/);
			assert.match(lines.join('\n'), /the keyboard shows itself as feed:6060/);
			const report = wizard.bench.store.files.get(known.flash?.report ?? '');
			assert.match(report ?? '', /caterina-verify-mismatch/);
			assert.match(report ?? '', /Seen on USB afterwards: .*1b4f:9205\n- Keymap: .*feed:6060/);
			assert.deepEqual(wizard.bench.board.trespasses, []);
			assert.deepEqual(wizard.bench.violations, []);
		});
	});
}

test('from the stalled DFU log over first aid that does not help, at most 14 keys', async () => {
	const bench = createBench('healthy', {change: {board: 'elite_c'}});
	await withWizard({deps: () => practiceOn(bench)}, async wizard => {
		await toBoard(wizard, dfuStalled);
		await wizard.choose(board, 'Elite-C');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		await wizard.enterAt('The chip answers');
		await wizard.enterAt('What shall be written');
		await wizard.enterAt('settings of the chip');
		const change = await wizard.enterAt('The change:');
		assert.match(change, /Safe: the chip can still be reached/);
		await wizard.enterAt('This will be done');
		await wizard.see('Written and verified');
		assert.ok(wizard.pressed() <= 15, `${wizard.pressed()} keys`);
	});
});

for (const {name, log, says} of seedLogs) {
	test(`pasted as terminals paste it, the log "${name}" is understood and presses no key`, async () => {
		for (const bracketed of [true, false]) {
			for (const end of ['\n', '\r', '\r\n'] as const) {
				await withWizard({}, async wizard => {
					await wizard.see('What happened');
					wizard.paste(log, {bracketed, end});
					const screen = await wizard.see('What happened: ');
					assert.ok(screen.replace(/\s+/g, ' ').includes(says), screen);
					assert.match(screen, /line \d │ /);
					// Had a Return or a digit got through, the next question would be there by now.
					await turn();
					await wizard.see(/Step 2: What the text says/);
					assert.ok(!wizard.frames().some(frame => frame.includes('Step 3')));
				});
			}
		}
	});
}

test('a log pasted where no text is wanted changes nothing and presses nothing', async () => {
	for (const bracketed of [true, false]) {
		await withWizard({}, async wizard => {
			await toBoard(wizard);
			await wizard.see(board);
			wizard.paste(caterina, {bracketed, end: '\r'});
			const screen = await wizard.see('Pasted text is not used on this screen');
			assert.match(screen, /Step \d: Your board/);
		});
	}
});

test('text that says nothing is called so, and more can be pasted at once', async () => {
	await withWizard({}, async wizard => {
		await wizard.see('What happened');
		wizard.paste('hello world, my keyboard is dead\n');
		await wizard.see('Go on without it');
		wizard.paste(caterina);
		await wizard.see(/read\s+back\s+differs/);
	});
});

test('an empty paste is said to be empty', async () => {
	await withWizard({}, async wizard => {
		await wizard.see('What happened');
		wizard.paste(' \n\n');
		await wizard.see('That text is empty');
	});
});

test('the log from a file, its name dragged in with quotes and blanks', async () => {
	await withWizard({files: {'/home/me/my log.txt': caterina}}, async wizard => {
		await wizard.choose('What happened', 'is in a file');
		await wizard.see('Which file');
		wizard.paste("'/home/me/my log.txt'");
		await wizard.enterAt('my log.txt');
		await wizard.see(/read\s+back\s+differs/);
	});
});

test('a file that is not there is said so in place', async () => {
	await withWizard({}, async wizard => {
		await wizard.choose('What happened', 'is in a file');
		await wizard.see('Which file');
		wizard.paste('nowhere.txt');
		await wizard.enterAt('nowhere.txt');
		await wizard.see('There is no file nowhere.txt');
	});
});

test('nothing is preselected where nothing speaks for one of them', async () => {
	await withWizard({}, async wizard => {
		const start = await wizard.see('What happened');
		assert.ok(!start.includes('❯'));
		wizard.key('enter');
		await wizard.see('Choose with the arrow keys first');
		await toBoard(wizard);
		const boards = await wizard.see(board);
		assert.match(boards, /Your text fits \d of them/);
		assert.ok(!boards.includes('❯'));
	});
});

test('a long list is shortened by typing, and Esc brings it back', async () => {
	await withWizard({}, async wizard => {
		await wizard.choose('What happened', 'no error text');
		await wizard.see(board);
		wizard.send('tee');
		const short = await wizard.see(/Filter: tee \(2 of \d+\)/);
		assert.match(short, /❯ PJRC Teensy 2\.0/);
		wizard.key('escape');
		await wizard.see('type letters to shorten it');
	});
});

test('an Arm board ends kindly and early, with what to do instead', async () => {
	await withWizard({}, async wizard => {
		await wizard.choose('What happened', 'no error text');
		await wizard.choose(board, 'Proton C');
		const screen = await wizard.see('Not an AVR board');
		assert.match(screen, /BOOT/);
		wizard.key('enter');
		const {known, how} = await wizard.ended;
		assert.equal(farewell(known, how).code, 0);
	});
});

test('first aid that helped is an end, too', async () => {
	await withWizard({}, async wizard => {
		await wizard.see('What happened');
		wizard.paste(dfuStalled);
		await wizard.enterAt('What happened: ');
		await wizard.choose('Try this, in this order', 'It helped');
		const {known, how} = await wizard.ended;
		assert.deepEqual(farewell(known, how), {
			lines: ['First aid was enough. Nothing on the chip was changed by this program.'],
			code: 0,
		});
	});
});

test('the RESET trap stands on its row, for every programmer that has one, at 60 columns too', async () => {
	for (const columns of [80, 60]) {
		await withWizard({columns}, async wizard => {
			await wizard.choose('What happened', 'no error text');
			await wizard.choose(board, 'Pro Micro 5 V');
			await wizard.choose('Which programmer do you have?', 'Pro Micro with the ISP firmware');
			await wizard.choose('Where is the', 'Another port');
			await wizard.see('On which port');
			wizard.paste('/dev/ttyACM7');
			await wizard.enterAt('/dev/ttyACM7');
			const screen = await wizard.see('Connect these six');
			assert.match(screen, /RESET +10 \(B6\) +RST.*\n +! From 10 \(B6\), never from the RST pin/);
			assert.match(screen, /One supply only/);
		});
	}
});

test('swapped data wires: the causes in order, nothing changed, and it looks again by itself', async () => {
	await withWizard({scenario: 'swapped'}, async wizard => {
		await toBoard(wizard);
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		const screen = await wizard.see('The chip does not answer');
		assert.match(screen, /MISO and MOSI are swapped/);
		assert.match(screen, /Nothing on the chip was changed/);
		wizard.bench.wiring.rewire({});
		await wizard.see('The chip answers');
	});
});

test('another chip than the board should have: said, and back to the boards', async () => {
	await withWizard({scenario: 'wrong-chip'}, async wizard => {
		await toBoard(wizard);
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		const screen = await wizard.see('ATmega16U4');
		assert.match(screen, /choose a board with an ATmega16U4/);
		assert.equal(wizard.bench.touched(), false);
	});
});

test('a locked chip: no backup, so the word is asked; pasted it does not count, typed it does', async () => {
	await withWizard({scenario: 'locked'}, async wizard => {
		await toReview(wizard, 'Elite-C');
		assert.match(wizard.screen(), /takes it for good\.[\s\S]*No backup/, 'the loss comes first');
		wizard.key('enter');
		await wizard.see('This needs your word');
		for (const bracketed of [true, false]) {
			wizard.paste('ATmega32U4\n', {bracketed});
			await wizard.see('do not count');
			wizard.key('enter');
			await wizard.see('That is not the word');
		}
		assert.equal(wizard.bench.touched(), false);
		await wizard.typeWord('atmega32u4');
		wizard.key('enter');
		const done = (await wizard.see('Written and verified')).replace(/\s+/g, ' ');
		assert.doesNotMatch(done, /lock byte reads|Nothing can be read/i);
		assert.match(done, /Lock byte as first read: 0xec, .*no damage\. Nothing on the chip could be read then/);
	});
});

test('the cable pulled in mid-write: the state is said, and a second run saves the board', async () => {
	await withWizard({scenario: 'cable-pulled'}, async wizard => {
		const settings = wizard.bench.chip.dump().eeprom.slice();
		assert.ok(settings.some(byte => byte !== 0xff));
		await toReview(wizard);
		wizard.key('enter');
		const screen = await wizard.see('How it ended');
		assert.match(screen, /The chip: .*(partly written|blank)/);
		assert.match(screen, /Backup: backup-/);
		await wizard.choose('How it ended', 'Try again');
		await wizard.enterAt('The chip answers');
		await wizard.enterAt('As before: practice bootloader');
		await wizard.enterAt('settings of the chip');
		const review = await wizard.enterAt('This will be done');
		assert.match(review, /The backup of the first try is kept and used/);
		await wizard.see('Written and verified');
		assert.deepEqual(
			wizard.bench.chip.dump().eeprom,
			settings,
			'the settings of the board outlive both runs',
		);
	});
});

test('Enter for the stop question, pressed as the work ended: the screen that came answered to it; nothing does now', async () => {
	const bench = createBench('healthy', {pace: () => turn()});
	await withWizard({deps: () => practiceOn(bench)}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.see(/▶ (Write|Read back)/);
		wizard.key('interrupt');
		await wizard.see('Stop after this page');
		await wizard.see('Practice: unplug and plug in');
		wizard.key('enter');
		await after(hushMs);
		assert.match(wizard.screen(), /❯ Practice: unplug and plug in/);
		await wizard.enterAt('Practice: unplug and plug in');
		await wizard.see('1b4f:9205');
	});
});

test('Ctrl+C while the chip is written asks; stopping finishes the page, lets go of RESET and says the state', async () => {
	// The bench takes real turns of the event loop here, so that keys get through.
	const bench = createBench('healthy', {pace: () => turn()});
	await withWizard({deps: () => practiceOn(bench)}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.see(/▶ Write/);
		wizard.key('interrupt');
		await wizard.see('Stop after this page');
		await wizard.choose('Stop?', 'Stop after this page');
		const screen = await wizard.see('How it ended');
		assert.match(screen, /Stopped on request/);
		assert.match(screen, /The chip: /);
		wizard.key('interrupt');
		const {known, how} = await wizard.ended;
		assert.equal(farewell(known, how).code, 130);
		assert.ok(!known.flash?.result.ok && known.flash?.result.chipState !== 'untouched');
	});
});

for (const size of [
	{columns: 80, rows: 24},
	{columns: 60, rows: 24},
	{columns: 60, rows: 18},
]) {
	test(`the warning of the stop question was below the fold at ${size.columns}x${size.rows}, and its Ctrl+C did nothing: question first, a second Ctrl+C stops`, async () => {
		const bench = createBench('healthy', {pace: () => turn()});
		await withWizard({...size, deps: () => practiceOn(bench)}, async wizard => {
			await toReview(wizard);
			wizard.key('enter');
			await wizard.see(/▶ Write/);
			wizard.key('interrupt');
			const asked = await wizard.see('Stop after this page');
			const flat = asked.replace(/\s+/g, ' ');
			assert.match(flat, /^ *Step \d+: [^?]*? Stop\? The work goes on while you think\./);
			assert.match(flat, /the page that was begun is finished/);
			assert.match(flat, /not damaged/);
			assert.doesNotMatch(asked, /PgDn|↓ \d/);
			assert.match(asked, /Ctrl\+C stop/);
			wizard.key('interrupt');
			const screen = await wizard.see('How it ended');
			assert.match(screen, /Stopped on request/);
			assert.ok(wizard.frames().every(frame => !/Stopping: [\s\S]*Ctrl\+C/.test(frame)));
			assert.deepEqual(bench.violations, []);
		});
	});
}

test('Ctrl+C during the backup: the erase began while the stop question stood; now it waits for the answer', async () => {
	for (const answer of ['Stop after this page', 'Go on']) {
		const bench = createBench('healthy', {pace: () => turn()});
		await withWizard({deps: () => practiceOn(bench)}, async wizard => {
			await toReview(wizard);
			wizard.key('enter');
			await wizard.see(/▶ Save/);
			wizard.key('interrupt');
			assert.match(await wizard.see('Stop?'), /Nothing is changed while you think\./);
			// Far more turns than the rest of the backup takes.
			let calm = bench.transfers();
			for (let turns = 0, still = 0; still < 100; turns++) {
				await turn();
				still = bench.transfers() === calm ? still + 1 : 0;
				calm = bench.transfers();
				assert.ok(turns < 100_000, 'the work waits');
			}
			assert.equal(bench.touched(), false);
			assert.match(wizard.screen(), /Nothing is changed while you think\./);
			await wizard.choose('Stop?', answer);
			if (answer === 'Go on') {
				await wizard.see('Written and verified');
			} else {
				await wizard.see('How it ended');
				assert.equal(bench.touched(), false);
				wizard.key('interrupt');
				const {known} = await wizard.ended;
				assert.equal(known.flash?.result.chipState, 'untouched');
			}
		});
	}
});

test('Ctrl+C while a recovery that goes on looks at the chip: the writing began while the stop question stood', async () => {
	let waits: Promise<void> | undefined;
	const bench = createBench('cable-pulled', {pace: () => waits ?? turn()});
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.choose('How it ended', 'Leave');
		await wizard.ended;
	});
	bench.restore();
	await withWizard({deps}, async wizard => {
		await wizard.choose('What happened', 'Go on with the recovery');
		await goOnToReview(wizard);
		await wizard.see('This will be done');
		const changes = bench.chip.events.length;
		wizard.key('enter');
		const looking = await wizard.see(/▶ Ask the chip who it is/);
		assert.doesNotMatch(looking, /not needed|✓ (Erase|Write)/);
		let goOn = () => {};
		waits = new Promise(resolve => {
			goOn = resolve;
		});
		wizard.key('interrupt');
		assert.match(await wizard.see('Stop?'), /Nothing is changed while you think\./);
		waits = undefined;
		goOn();
		let calm = bench.transfers();
		for (let turns = 0, still = 0; still < 100; turns++) {
			await turn();
			still = bench.transfers() === calm ? still + 1 : 0;
			calm = bench.transfers();
			assert.ok(turns < 100_000, 'the work waits');
		}
		assert.equal(bench.chip.events.length, changes);
		await wizard.choose('Stop?', 'Go on');
		await wizard.see('Written and verified');
	});
});

test('asked to end by the system while the chip is written: the page is finished, RESET let go, the state said', async () => {
	const bench = createBench('healthy', {pace: () => turn()});
	const hangup = createCancel();
	await withWizard({deps: () => practiceOn(bench), hangup: hangup.cancel}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.see(/▶ Write/);
		hangup.request();
		const {known, how} = await wizard.ended;
		const {lines, code} = farewell(known, how);
		assert.equal(code, 130);
		assert.match(lines.join('\n'), /The board: The chip (is blank|may be only partly written)/);
		assert.deepEqual(bench.violations, []);
	});
});

test("in the review's memory map `a` did nothing: map and avrdude command lead to each other and back", async () => {
	await withWizard({columns: 100, rows: 40}, async wizard => {
		await toReview(wizard);
		wizard.send('m');
		assert.match(await wizard.see('The program memory of'), /a avrdude/);
		wizard.send('a');
		const equal = await wizard.see('The same with avrdude');
		assert.match(equal.replace(/\s+/g, ' '), /-U eeprom:w:backup-eeprom\.hex:i/);
		wizard.send('m');
		await wizard.see('The program memory of');
		wizard.key('escape');
		await wizard.see('This will be done');
	});
});

test('Ctrl+C before that leaves at once, and says that nothing was changed', async () => {
	await withWizard({}, async wizard => {
		await wizard.see('What happened');
		wizard.key('interrupt');
		const {known, how} = await wizard.ended;
		const {lines, code} = farewell(known, how);
		assert.equal(code, 130);
		assert.match(lines[0] ?? '', /Nothing on the board was changed/);
	});
});

test('going back from the review to the start and forth again keeps every answer', async () => {
	await withWizard({}, async wizard => {
		await toReview(wizard);
		for (const title of ['The fuses', 'What to write', 'First contact']) {
			wizard.key('escape');
			await wizard.see(title);
		}
		await wizard.enterAt('The chip answers');
		await wizard.see('This will be done');
	});
});

test('a hex file of the person: looked at, drawn, and one for another chip refused', async () => {
	const good = printIntelHex(createImage([{byteAddress: 0x7000, data: new Uint8Array(512).fill(0x55)}]));
	const huge = printIntelHex(createImage([{byteAddress: 0x10000, data: new Uint8Array(16)}]));
	await withWizard(
		{files: {'good.hex': good, 'huge.hex': huge, 'bad.hex': ':10000000zz\n'}},
		async wizard => {
			await toReview(wizard);
			wizard.key('escape');
			await wizard.see('The fuses');
			wizard.key('escape');
			await wizard.choose('What shall be written', 'A .hex file of mine');
			for (const [file, says] of [
				['bad.hex', /bad\.hex, line 1/],
				['huge.hex', /only 32768 bytes/],
			] as const) {
				await wizard.see('Which .hex file');
				wizard.paste(file);
				await wizard.enterAt(file);
				await wizard.see(says);
			}
			wizard.paste('good.hex');
			await wizard.enterAt('good.hex');
			await wizard.see(/512 bytes\. This is where they go/);
		},
	);
});

test('names from outside cannot speak to the terminal', async () => {
	const evil = '\u001b]0;owned\u0007\u001b[2J\u202eevil';
	await withWizard(
		{
			deps: practice => ({
				...practice,
				world: {
					...practice.world,
					listSerialPorts: async () => [
						{path: `/dev/tty${evil}`, vendorId: 0x1234, productId: 1, product: evil, access: 'ok'},
					],
				},
			}),
		},
		async wizard => {
			await wizard.see('What happened');
			wizard.paste(`avrdude: butterfly_recv(): programmer is not responding ${evil}\n`);
			await wizard.choose('What the text says', 'Revive');
			await wizard.choose(board, 'Pro Micro 5 V');
			await wizard.choose('Which programmer do you have?', 'Arduino Uno');
			await wizard.see('/dev/ttyevil');
			assert.ok(!wizard.raw().includes('\u001b]0'));
			assert.ok(!wizard.raw().includes('\u202e'));
		},
	);
});

test('help explains the word under the pointer, and closes again', async () => {
	await withWizard({}, async wizard => {
		await wizard.see('What happened');
		wizard.paste(caterina);
		await wizard.see('What the text says');
		wizard.send('?');
		const help = await wizard.see('What these words mean');
		assert.match(help, /bootloader: A small program/);
		wizard.key('escape');
		await wizard.see('What happened: ');
	});
});

test('resized to 60 columns and back, the screen follows and loses nothing', async () => {
	await withWizard({}, async wizard => {
		await wizard.choose('What happened', 'no error text');
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.see('Connect these six');
		wizard.resize(60, 20);
		await wizard.see(/Ctrl\+C leave/);
		wizard.resize(100, 50);
		const screen = await wizard.see('One supply only');
		assert.match(screen, /MISO +12/);
	});
});

test('read aloud, the screens say the same facts without drawings', async () => {
	await withWizard({screenReader: true}, async wizard => {
		await wizard.see('What happened');
		wizard.paste(caterina);
		// The screen's content comes after its heading.
		const diagnosis = await wizard.see(/What the text says[\s\S]*option: \(selected\) /);
		assert.match(diagnosis, /avrdude: verification error/);
		await wizard.choose('What the text says', 'Revive');
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		const wires = await wizard.see('Connect these six');
		assert.match(wires, /MOSI: programmer 11 \(D11\) to board 16/);
		assert.match(wires, /never from RESET/);
		assert.ok(!/[┌│❯█]/.test(wires));
	});
});

test('read aloud, a whole recovery holds the facts that the screens hold', async () => {
	await withWizard({screenReader: true}, async wizard => {
		await toReview(wizard);
		const review = wizard.screen();
		for (const fact of [
			'Backup: everything',
			'Erase the chip',
			'4086 bytes',
			'Leave the fuses',
			'about 70 seconds',
		]) {
			assert.ok(review.includes(fact), `${fact} in:\n${review}`);
		}
		wizard.key('enter');
		const end = await wizard.see('Written and verified');
		assert.match(end, /^Good: Written and verified: \d+ bytes/m);
		assert.match(end, /Fuses\s+read back: 0xff 0xd8/);
		await wizard.choose('Is it alive?', 'Go on without seeing');
		assert.match(await wizard.see('How it ended'), /Backup: backup-/);
		for (const frame of wizard.frames()) assert.doesNotMatch(frame, /[│┌█░❯✓✗⚠→↑↓▶]/);
	});
});

test('without UTF-8 only ASCII is drawn', async () => {
	await withWizard({unicode: false}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.see('Written and verified');
		for (const frame of wizard.frames()) assert.match(frame, /^[\u0020-\u007e\n]*$/);
	});
});

test('reports name no person', () => {
	assert.equal(withoutPeople('/home/ann/x.hex /Users/Bob/y C:\\Users\\Eve\\z'), '~/FILE.hex ~/… ~\\…');
});

test('the first screen, as drawn', async () => {
	await withWizard({}, async wizard => {
		assert.equal(
			await wizard.see('What happened'),
			` Step 1: What happened

 Your keyboard does not answer any more, or flashing it failed? Let us find out
 why.
 Most such boards can be saved. Until the last question nothing on the board is
 changed.

 If you have the error text of the program that failed, paste it into this
 window now. Else choose:

   I have an error text and can copy it
   The error text is in a file
   I have no error text; the board is simply dead
   Take the example text of this practice board








 ↑↓ choose   Enter take   ? explain   Ctrl+C leave`,
		);
	});
});

test('the wires at 60 columns, as drawn', async () => {
	await withWizard({columns: 60}, async wizard => {
		await wizard.choose('What happened', 'no error text');
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		assert.equal(
			await wizard.see('Connect these six'),
			` Step 4: The wires
 Pro Micro 5 V/16 MHz, Arduino Uno or Nano
 Connect these six, with everything unplugged. Then plug in
 the programmer.

        programmer  board  chip (TQFP44)
 GND    GND         GND    pin 15, 23, 35, 43
 RESET  10 (D10)    RST    pin 13
        ! From pin 10, never from RESET and never from pin
        ! 5 of the Arduino's ICSP header: those only reset
        ! the Arduino. Leave them free.
 SCK    13 (D13)    15     pin 9
 MOSI   11 (D11)    16     pin 10
 MISO   12 (D12)    14     pin 11
 VCC    5V          VCC    pin 14, 34

 ⚠ One supply only: unplug the keyboard from USB before the
   programmer is plugged in, also when both are 5 V.
 ⚠ Opening the port resets the Arduino. After the sketch is
   on it, put a 10 uF capacitor between the Arduino's own
 ↓ 2 more lines: PgDn

 Enter wired  Esc back  p picture  ? more  Ctrl+C leave`,
		);
	});
});

test('fuses typed by the person that end ISP are refused on the screen; a risky change asks for the word', async () => {
	await withWizard({}, async wizard => {
		await toReview(wizard);
		wizard.key('escape');
		await wizard.choose('settings of the chip', 'Other bytes');
		await wizard.see('The fuse bytes you want');
		for (let count = 0; count < 8; count++) wizard.key('backspace');
		wizard.paste('62 d8 fb');
		await wizard.enterAt('62 d8 fb');
		const risky = await wizard.see('Your word is needed');
		assert.match(risky, /CKSEL/);
		wizard.key('enter');
		await wizard.see('Type ATmega32U4 by hand to agree');
		wizard.paste('ATmega32U4');
		await wizard.see('do not count');
		await wizard.typeWord('ATmega32U4');
		wizard.key('enter');
		const review = await wizard.see('This will be done');
		assert.match(review, /Set the fuses: ff d8 fb → 62 d8 fb/);
		assert.equal(wizard.bench.touched(), false);
	});
});

test('the fuse calculator: moving over a bit tells what it means, turning it changes the verdict, a refused triple goes nowhere', async () => {
	await withWizard({}, async wizard => {
		await toReview(wizard);
		wizard.key('escape');
		await wizard.choose('settings of the chip', 'Bit by bit');
		const first = await wizard.see('Every fuse bit');
		assert.match(first, /Safe: the chip can be reached/);
		assert.match(first, /low 0xff {2}high 0xd8 {2}extended 0xfb/);
		await wizard.choose('Every fuse bit', 'SPIEN');
		const refused = await wizard.see('Refused.');
		assert.match(refused, /SPIEN/);
		assert.match(refused, /high 0xf8/);
		wizard.send('=');
		const change = await wizard.see('This is not done, whatever is asked');
		assert.doesNotMatch(change, /Enter/);
		wizard.key('escape');
		await wizard.choose('Every fuse bit', 'SPIEN');
		await wizard.see('Safe: the chip can be reached');
		await wizard.choose('Every fuse bit', 'BOOTRST');
		await wizard.see('Your word would be needed');
		wizard.send('=');
		await wizard.enterAt('The change: your own bits');
		await wizard.see('Type ATmega32U4 by hand to agree');
		await wizard.typeWord('ATmega32U4');
		wizard.key('enter');
		const review = await wizard.see('This will be done');
		assert.match(review, /Set the fuses: ff d8 fb → ff d9 fb/);
		assert.equal(wizard.bench.touched(), false);
	});
});

test('the result offers to undo: what was on the board before comes back, through the same review', async () => {
	await withWizard({}, async wizard => {
		const before = wizard.bench.chip.dump();
		const fuses = {...wizard.bench.chip.dump().fuses};
		await toReview(wizard);
		wizard.key('enter');
		await wizard.see('Written and verified');
		assert.notDeepEqual(wizard.bench.chip.dump().flash, before.flash);
		await wizard.choose('Written and verified', 'Go on without seeing');
		const end = await wizard.see('What to do now');
		assert.match(end, /u undo it all/);
		wizard.send('u');
		await wizard.enterAt('The chip answers');
		const review = await wizard.enterAt('This will be done');
		assert.match(review, /then write the backup \(32768 bytes\)/);
		// The board had no bootloader: bringing that back is a risk like any other, said before the work begins.
		assert.match(review, /The erase takes\s+any that is\s+there/);
		assert.match(review, /Enter go on to consent/);
		await wizard.see(/Before it starts[\s\S]*needs your word/);
		await wizard.typeWord('ATmega32U4');
		wizard.key('enter');
		await wizard.see('Written and verified');
		assert.ok(!wizard.frames().some(frame => /Working[\s\S]*needs your word/.test(frame)));
		const after = wizard.bench.chip.dump();
		assert.deepEqual(after.flash, before.flash);
		assert.deepEqual(after.eeprom, before.eeprom);
		assert.deepEqual(after.fuses, fuses);
	});
});

test('after a failure, too, what was on the board can be brought back', async () => {
	await withWizard({scenario: 'cable-pulled'}, async wizard => {
		const before = wizard.bench.chip.dump();
		await toReview(wizard);
		wizard.key('enter');
		const end = await wizard.see('How it ended');
		assert.match(end, /u undo it all/);
		wizard.send('u');
		await wizard.enterAt('The chip answers');
		const review = await wizard.enterAt('This will be done');
		assert.match(review, /Write the settings \(EEPROM\) of the backup/);
		await wizard.see(/needs your word|Written and verified/);
		if (!wizard.screen().includes('Written and verified')) {
			await wizard.typeWord('ATmega32U4');
			wizard.key('enter');
		}
		const done = await wizard.see('Written and verified');
		assert.doesNotMatch(done, /Before/, 'the half-written page that was undone is nothing to tell of');
		const after = wizard.bench.chip.dump();
		assert.deepEqual([after.flash, after.eeprom, after.fuses], [before.flash, before.eeprom, before.fuses]);
		await wizard.choose('Written and verified', 'Go on without seeing');
		const told = await wizard.see('What to do now');
		assert.match(told, /The board is as it was before, without a bootloader\./);
		assert.doesNotMatch(told, /Caterina/);
	});
});

test('a published image is fetched with progress; when it cannot be had, what to get and from where is said', async () => {
	let come: () => void = () => {};
	const catalogue: WizardDeps['catalogue'] = async () => [
		{
			id: 'one',
			name: 'Caterina (one.hex)',
			bootloader: 'caterina',
			origin: 'nowhere',
			async load(onProgress) {
				onProgress?.(3000, 12_000);
				await new Promise<void>(resolve => {
					come = resolve;
				});
				throw new Error(
					'one.hex is not on this machine, and nothing is fetched (offline). Get one.hex from github.com/acme/one.',
				);
			},
		},
	];
	await withWizard({deps: practice => ({...practice, catalogue})}, async wizard => {
		await toBoard(wizard);
		await wizard.choose(board, 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		await wizard.enterAt('The chip answers');
		await wizard.enterAt('What shall be written');
		const fetching = await wizard.see('3000 of 12000 bytes');
		assert.match(fetching, /25 %/);
		come();
		await wizard.see(/Get\s+one\.hex\s+from\s+github\.com\/acme\/one/);
		await wizard.see('A .hex file of mine');
	});
});

test('what is on the chip is looked at before anything is chosen, and nothing is changed by it', async () => {
	await withWizard({}, async wizard => {
		await toReview(wizard);
		wizard.key('escape');
		await wizard.see('The fuses');
		wizard.key('escape');
		await wizard.choose('What shall be written', 'Look first');
		const look = await wizard.enterAt('What is on the chip now');
		assert.match(look, /no bootloader/);
		assert.match(look, /Nothing was changed/);
		await wizard.see('What shall be written');
		assert.equal(wizard.bench.touched(), false);
		assert.deepEqual(wizard.bench.violations, []);
	});
});

test('firmware is built on the spot where qmk is installed: its lines are shown, Ctrl+C ends the build alone', async () => {
	const data = new Uint8Array(2048).fill(0x11);
	for (let vector = 0; vector < 43; vector++) data.set([0x0c, 0x94, 0xac, 0x00], vector * 4);
	const production = printIntelHex(
		createImage([
			{byteAddress: 0, data},
			{
				byteAddress: 0x7000,
				data: Uint8Array.from({length: 2002}, (_, at) => [0x10, 0xc0][at] ?? (at * 37) % 251),
			},
		]),
	);
	const asked: string[] = [];
	const build: WizardDeps['build'] = {
		available: async () => true,
		async compile(keyboard, keymap, onLine, cancel) {
			asked.push(`${keyboard}:${keymap}`);
			onLine('Compiling: quantum/matrix.c [OK]');
			if (asked.length > 1) return {ok: true, file: 'acme_one_default_production.hex'};
			await new Promise<void>(resolve => cancel.onRequest(resolve));
			return {ok: false, why: 'The build was stopped; nothing of it is used.'};
		},
	};
	const files = {'acme_one_default_production.hex': production};
	await withWizard({files, deps: practice => ({...practice, build})}, async wizard => {
		await toReview(wizard);
		wizard.key('escape');
		await wizard.see('The fuses');
		wizard.key('escape');
		await wizard.choose('What shall be written', 'Build it with QMK');
		await wizard.see('Which keyboard and which keymap');
		wizard.paste('acme/one:default');
		await wizard.enterAt('acme/one:default');
		await wizard.see('quantum/matrix.c');
		wizard.send('\u0003');
		await wizard.see('The build was stopped');
		await wizard.see('Which keyboard and which keymap');
		wizard.paste('acme/one:default');
		await wizard.enterAt('acme/one:default');
		const look = await wizard.enterAt('firmware and bootloader together');
		assert.match(look, /Your own file/);
		await wizard.enterAt('settings of the chip');
		const review = await wizard.enterAt('This will be done');
		assert.match(review, /your own file, checked by nobody else/);
		await wizard.see('Written and verified');
		assert.deepEqual(asked, ['acme/one:default', 'acme/one:default']);
	});
});

test('which board, by QMK: its name is looked up, an Arm chip ends kindly, a mistake is said in place', async () => {
	const files = (text: string) =>
		readQmkFiles([{path: 'keyboards/acme/one/keyboard.json', text}], 'acme/one');
	const qmk = async (typed: string) => {
		if (typed === 'acme/one') return files('{"processor": "atmega32u2", "bootloader": "atmel-dfu"}');
		if (typed === 'acme/arm') return files('{"processor": "RP2040", "bootloader": "rp2040"}');
		throw new Error(`There is no keyboard "${typed}" in /qmk.`);
	};
	await withWizard({deps: practice => ({...practice, qmk})}, async wizard => {
		await toBoard(wizard);
		await wizard.choose(board, 'I know its name in QMK');
		await wizard.see('What does QMK call');
		wizard.paste('acme/none');
		await wizard.enterAt('acme/none');
		await wizard.see('There is no keyboard');
		wizard.paste('acme/arm');
		await wizard.enterAt('acme/arm');
		await wizard.enterAt('That is no AVR chip');
		const arm = await wizard.see('leave the wizard');
		assert.match(arm, /BOOTSEL/);
		wizard.key('escape');
		await wizard.choose(board, 'I know its name in QMK');
		await wizard.see('What does QMK call');
		wizard.paste('acme/one');
		await wizard.enterAt('acme/one');
		const found = await wizard.enterAt('has the chip ATmega32U2 and the bootloader atmel-dfu');
		assert.match(found, /❯ Keyboard with ATmega32U2/);
		await wizard.see('Which programmer do you have');
	});
});

test('firmware alone is joined to the bootloader, as the production file would be', async () => {
	const data = new Uint8Array(2048).fill(0x11);
	for (let vector = 0; vector < 43; vector++) data.set([0x0c, 0x94, 0xac, 0x00], vector * 4);
	const app = printIntelHex(createImage([{byteAddress: 0, data}]));
	await withWizard({files: {'planck_default.hex': app}}, async wizard => {
		await toReview(wizard);
		wizard.key('escape');
		await wizard.see('The fuses');
		wizard.key('escape');
		await wizard.choose('What shall be written', 'A .hex file of mine');
		await wizard.see('Which .hex file');
		wizard.paste('planck_default.hex');
		await wizard.enterAt('planck_default.hex');
		const look = await wizard.enterAt('firmware without a bootloader');
		assert.match(look, /❯ Write it together with the bootloader practice bootloader/);
		await wizard.enterAt('settings of the chip');
		await wizard.enterAt('This will be done');
		await wizard.see('Written and verified');
		const {flash} = wizard.bench.chip.dump();
		assert.equal(flash[0], 0x0c);
		assert.notEqual(flash[0x7000], 0xff);
	});
});

test('left after a pulled cable and started again: the wizard offers to go on, with the first backup', async () => {
	const bench = createBench('cable-pulled');
	const settings = bench.chip.dump().eeprom.slice();
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.choose('How it ended', 'Leave');
		const {known, how} = await wizard.ended;
		assert.equal(farewell(known, how).code, 1);
	});
	await withWizard({deps}, async wizard => {
		await wizard.see(
			/was interrupted\s+while writing page 1\d\.\s+Its chip is partly written, not damaged\./,
		);
		await wizard.choose('What happened', 'Go on with the recovery');
		await goOnToReview(wizard);
		const review = await wizard.enterAt('This will be done');
		assert.match(review, /The backup of the first try is kept and used/);
		await wizard.see('Written and verified');
		assert.deepEqual(bench.chip.dump().eeprom, settings);
	});
	await withWizard({deps}, async wizard => {
		const screen = await wizard.see('What happened');
		await turn();
		assert.doesNotMatch(screen, /Go on with the recovery/);
	});
});

test('of several interrupted recoveries the wizard knew only the latest: it asks which, and preselects none', async () => {
	const [first, second] = [createBench('cable-pulled'), createBench('cable-pulled', {seed: 2})];
	const settings = first.chip.dump().eeprom.slice();
	let iso = '2026-02-03T12:10:00.000Z';
	const store = {...first.store, nowIso: () => iso};
	for (const bench of [first, second]) {
		await withWizard({deps: () => ({...practiceOn(bench), store})}, async wizard => {
			await toReview(wizard);
			wizard.key('enter');
			await wizard.choose('How it ended', 'Leave');
			await wizard.ended;
		});
		iso = '2026-02-07T12:20:00.000Z';
	}
	const journals = () => [...first.store.files.keys()].filter(name => name.startsWith('recovery-')).sort();
	const [older = '', later = ''] = journals();
	for (const columns of [60, 80]) {
		await withWizard({columns, deps: () => ({...practiceOn(first), store})}, async wizard => {
			await wizard.see('2 recoveries were interrupted');
			await wizard.choose('What happened', 'Forget a recovery that was interrupted');
			await wizard.see('Which recovery shall be forgotten');
			wizard.key('escape');
			await wizard.see('2 recoveries were interrupted');
			await wizard.choose('What happened', 'Go on with a recovery that was interrupted');
			const screen = await wizard.see('Which recovery is this board from');
			assert.match(
				screen,
				/ Pro Micro 5 V\/16 MHz, 2026-02-0[678] .*\n +Pro Micro 5 V\/16 MHz, 2026-02-0[234] /,
			);
			assert.doesNotMatch(screen, /❯/);
			if (columns === 60) return;
			await wizard.choose('Which recovery is this board from', 'Pro Micro 5 V/16 MHz');
			await wizard.see(/❯ SparkFun Pro Micro 5 V/);
			wizard.key('escape');
			await wizard.choose('What happened', 'Go on with a recovery that was interrupted');
			await wizard.see('Which recovery is this board from');
			wizard.key('up');
			const about = await wizard.see(/❯ Pro Micro 5 V\/16 MHz, 2026-02-0[234]/);
			assert.match(about, /ATmega32U4, interrupted while writing page 1\d\.\s+It wrote/);
			wizard.key('enter');
			await goOnToReview(wizard);
			await wizard.enterAt('This will be done');
			// What is on the chip fits both: it is asked.
			await wizard.see(/fits more than\s+one/);
			await wizard.see('Type ATmega32U4');
			await wizard.typeWord('ATmega32U4');
			wizard.key('enter');
			await wizard.see('Written and verified');
			assert.deepEqual(first.chip.dump().eeprom, settings);
			assert.deepEqual(journals(), [later]);
			assert.notEqual(older, later);
		});
	}
});

test('a fuse repair that was interrupted began anew in the wizard, and its journal stayed for ever', async () => {
	const fuses = {low: 0xde, high: 0x99, extended: 0xcb};
	const bench = createBench('healthy', {
		change: {programmer: 'usbasp', content: 'used', fuses: {...fuses, high: 0xd9}},
	});
	const deps = practiceOn(bench);
	const plan: RecoveryPlan = {
		programmer: 'usbasp',
		chip: findChip('atmega32u4')!,
		fuses: {low: 0xff, high: 0xd8, extended: 0xcb},
		backup: 'auto',
		erase: false,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set<RiskName>(riskNames),
		sck: 'auto',
	};
	const [device] = await bench.world.listUsbDevices();
	const known: Known = {
		programmer: {id: 'usbasp', name: 'USBasp', connection: {kind: 'usb', key: device!.key}},
	};
	const results: RecoverEvent[] = [];
	const recover = (more: Known) =>
		runRecovery(plan, deps, {...known, ...more}, neverCancel, event => {
			if (event.type === 'result') results.push(event);
		});
	const files = (prefix: string) => [...bench.store.files.keys()].filter(name => name.startsWith(prefix));
	bench.cutAfter({changes: 1}, 'link');
	await recover({});
	assert.equal(files('recovery-').length, 1);
	const [backup] = files('backup-');
	bench.restore();
	await recover({again: true});
	const [first, second] = results as RecoverResult[];
	assert.equal(first?.ok, false);
	assert.equal(second?.ok, true, JSON.stringify(second));
	assert.deepEqual(files('recovery-'), [], 'nothing waits any more');
	assert.deepEqual(files('backup-'), [backup], 'the first backup holds');
	assert.equal(second?.backup, backup);
});

test('an interrupted recovery of a board that is gone is forgotten on request, and not offered again', async () => {
	const bench = createBench('cable-pulled');
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.choose('How it ended', 'Leave');
	});
	const journals = () => [...bench.store.files.keys()].filter(name => name.startsWith('recovery-'));
	assert.equal(journals().length, 1);
	await withWizard({deps}, async wizard => {
		await wizard.see('Go on with the recovery');
		await wizard.choose('What happened', 'Forget that recovery');
		await wizard.see(/What happened(?![\s\S]*Forget that recovery)/);
		assert.deepEqual(journals(), []);
		assert.ok(
			[...bench.store.files.keys()].some(name => name.startsWith('backup-')),
			'the backup stays',
		);
	});
});

test('a backup that is gone is not promised when the wizard offers to go on', async () => {
	const bench = createBench('cable-pulled');
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.choose('How it ended', 'Leave');
	});
	for (const name of bench.store.files.keys()) if (name.startsWith('backup-')) await bench.store.remove(name);
	await withWizard({deps}, async wizard => {
		const screen = await wizard.see('Go on with the recovery');
		assert.doesNotMatch(screen, /backup is kept and will be used/);
		assert.match(screen.replace(/\s+/g, ' '), /Its backup cannot be used: .*is not there/);
	});
});

test('a damaged record of an interrupted recovery is told, and removed on request', async () => {
	const bench = createBench('cable-pulled');
	const deps = () => practiceOn(bench);
	await withWizard({deps}, async wizard => {
		await toReview(wizard);
		wizard.key('enter');
		await wizard.choose('How it ended', 'Leave');
	});
	const journals = () => [...bench.store.files.keys()].filter(name => name.startsWith('recovery-'));
	const [journal = ''] = journals();
	const [, ...rest] = String(bench.store.files.get(journal)).split('\n');
	await bench.store.remove(journal);
	for (const line of ['{"did":"sta', ...rest.filter(text => text !== '')])
		await bench.store.appendLine(journal, line);
	await withWizard({deps}, async wizard => {
		const screen = await wizard.see('Remove the record that cannot be read');
		assert.match(
			screen.replace(/\s+/g, ' '),
			/A recovery was interrupted before, but its record cannot be used/,
		);
		await wizard.choose('What happened', 'Remove the record');
		await wizard.see(/What happened(?![\s\S]*Remove the record)/);
		assert.deepEqual(journals(), []);
	});
});
