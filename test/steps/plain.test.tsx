// The dialogue on lines, and that all three faces of the wizard say the same: screens, screen reader, lines.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {startDialogue} from '../helpers/plain.ts';
import {drive, practiceOn} from '../helpers/press.tsx';
import {caterina, dfuStalled} from './seed-logs.ts';

/** What a person must learn on the way from the Caterina log to a keyboard that types, whichever face says it. */
const facts: readonly RegExp[] = [
	/programmer is not responding/,
	/took the firmware, but what it read back differs/,
	/Press RESET twice within half a second/,
	/fits 4 of them/,
	/SparkFun Pro Micro 5 V\/16 MHz/,
	/Plugged in: Arduino Uno/,
	/RESET.{0,24}10 \(D10\).{0,12}RST/,
	/SCK.{0,24}13 \(D13\).{0,12}15/,
	/MOSI.{0,24}11 \(D11\).{0,12}16/,
	/MISO.{0,24}12 \(D12\).{0,12}14/,
	/never from RESET/,
	/One supply only/,
	/Two supplies at once.* can destroy/,
	/It is an ATmega32U4/,
	/1E 95 87/,
	/ff d8 fb/,
	/lock bits ff/,
	/125 kHz/,
	/Leave them as they are/,
	/Backup: everything on the chip is read and saved to a file first/,
	/Erase the chip, then write .{0,30}\(4086 bytes\)/,
	/Put the settings \(EEPROM\) back/,
	/about 70 seconds/,
	/Until step 2 nothing is changed/,
	/Written and verified: 4096 bytes were read back and are equal/,
	/Fuses read back: 0xff 0xd8 0xfb/,
	/Unplug the programmer/,
	/answers on USB as 1b4f:9205/,
	/12345 bytes were read back and are equal/,
	/Your keyboard is back\. It is on USB as feed:6060/,
	/Backup: backup-atmega32u4/,
	/Report: report-/,
];

function assertFacts(face: string, transcript: string): void {
	const text = transcript.replace(/\s+/g, ' ');
	for (const fact of facts) assert.match(text, fact, `${face} does not say ${fact}:\n${transcript}`);
}

async function screens(screenReader: boolean): Promise<string> {
	const wizard = drive({screenReader, rows: 40});
	try {
		await wizard.see('What happened');
		wizard.paste(caterina);
		await wizard.choose('What the text says', 'Revive the board');
		await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
		await wizard.enterAt('Which programmer do you have?');
		await wizard.enterAt('Connect these six');
		await wizard.choose('cable unplugged?', 'Yes');
		await wizard.enterAt('The chip answers');
		await wizard.enterAt('What shall be written');
		await wizard.enterAt('settings of the chip');
		await wizard.enterAt('This will be done');
		await wizard.enterAt('Practice: unplug and plug in');
		await wizard.enterAt('Practice: take the practice keymap');
		await wizard.see('Your keyboard is back');
		return wizard.frames().join('\n');
	} finally {
		wizard.stop();
	}
}

async function dialogue(): Promise<string> {
	const talk = startDialogue(practiceOn(createBench('healthy')));
	try {
		await talk.see(/What happened/);
		talk.type(caterina);
		await talk.see(/What the text says/);
		talk.choose('Revive the board');
		await talk.see(/Which board is broken\?/);
		talk.choose('Pro Micro 5 V');
		await talk.see(/Which programmer do you have\?/);
		talk.type('');
		await talk.see(/Connect these six/);
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
		talk.type('');
		await talk.see(/Flash your keymap now\?/);
		talk.type('');
		await talk.see(/Your keyboard is back/);
		talk.type('');
		assert.equal(await talk.code, 0);
		assert.doesNotMatch(
			talk.text(),
			/Last look, let the board start: done[\s\S]*Last look, let the board start \.\.\./,
		);
		return talk.text();
	} finally {
		talk.close();
	}
}

test('screens, screen reader and plain lines hold the same facts on the same journey', async () => {
	const drawn = await screens(false);
	const read = await screens(true);
	const lines = await dialogue();
	assertFacts('the screens', drawn);
	assertFacts('the screen reader', read);
	assertFacts('--plain', lines);
	assert.doesNotMatch(read, /[│┌█░❯✓✗⚠→↑↓▶]/, 'nothing drawn is read aloud');
	assert.match(lines, /^[\u0020-\u007e\n]*$/, '--plain writes ASCII, no escape sequence');
	// The last lines are the same whichever way one came.
	assert.match(lines, /Done: 4096 bytes verified[\s\S]*shows itself as feed:6060/);
	// Nothing is said twice under one heading unless it was answered in between.
	assert.equal(lines.match(/Written and verified: /g)?.length, 2, 'once when verified, once at the end');
});

test('plain: nothing preselected is nothing taken, wrong answers are asked again, back and help work', async () => {
	const talk = startDialogue(practiceOn(createBench('healthy')));
	try {
		await talk.see(/What happened/);
		talk.type('');
		await talk.see(/Nothing is chosen yet/);
		talk.type('99');
		await talk.see(/none of the answers/);
		talk.type('? 1');
		await talk.see(/bootloader: A small program/);
		talk.type('3');
		await talk.see(/Which board is broken\?/);
		talk.type('teensy');
		const found = await talk.see(/PJRC Teensy 2\.0/);
		assert.doesNotMatch(found, /Leonardo/);
		talk.type('back');
		await talk.see(/What happened/);
		talk.type(dfuStalled);
		await talk.see(/refused to write/);
		talk.type(`${caterina}`);
		await talk.see(/What the text says|read back differs/);
		talk.type('leave');
		assert.equal(await talk.code, 130);
		assert.match(talk.text(), /Left before the end\. Nothing on the board was changed\./);
	} finally {
		talk.close();
	}
});

test('plain: the typed word counts from a person only', async () => {
	for (const isTTY of [true, false]) {
		const talk = startDialogue(practiceOn(createBench('locked')), {isTTY});
		try {
			await talk.see(/What happened/);
			talk.type('3');
			await talk.see(/Which board is broken\?/);
			talk.choose('Elite-C');
			await talk.see(/Which programmer do you have\?/);
			talk.type('');
			await talk.see(/Connect these six/);
			talk.type('');
			await talk.see(/cable unplugged\?/);
			talk.choose('Yes');
			await talk.see(/The memory is locked/);
			talk.type('');
			await talk.see(/What shall be written/);
			talk.type('');
			await talk.see(/settings of the chip/);
			talk.type('');
			const next = await talk.see(/This will be done|The change:/);
			if (next.includes('The change:')) {
				talk.type('');
				await talk.see(/This will be done/);
			}
			talk.type('');
			await talk.see(/needs your word/);
			talk.type('yes');
			await talk.see(isTTY ? /That is not the word/ : /counts only from a person/);
			talk.type('ATmega32U4');
			if (isTTY) await talk.see(/Written and verified/);
			else await talk.see(/counts only from a person/);
			talk.close();
			assert.equal(await talk.code, isTTY ? 0 : 130);
		} finally {
			talk.close();
		}
	}
});
