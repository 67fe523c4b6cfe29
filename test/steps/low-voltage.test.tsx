// A 3.3 V board: the wires and the question before the first contact must not lead 5 V onto it.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {drive, practiceOn} from '../helpers/press.tsx';

for (const screenReader of [false, true]) {
	test(`a 3.3 V board behind a 5 V programmer: warned above the table, no VCC, asked about its own supply${screenReader ? ', read aloud' : ''}`, async () => {
		const bench = createBench('healthy', {change: {board: 'promicro_3v3'}});
		const wizard = drive({rows: 50, screenReader, deps: () => practiceOn(bench)});
		try {
			await wizard.choose('What happened', 'I have no error text');
			await wizard.choose('Which board is broken?', 'Pro Micro 3.3 V');
			await wizard.enterAt('Which programmer do you have?');
			const table = await wizard.see('Connect these five through a level shifter');
			assert.ok(table.indexOf('This is a 3.3 V board') < table.indexOf('RESET'), table);
			assert.doesNotMatch(table, /VCC +5V|programmer 5V to board/);
			assert.match(table.replace(/\s+/g, ' '), /VCC:? no wire from the programmer to the board/);
			assert.equal(table.replace(/\s+/g, ' ').match(/put a 10 uF capacitor/g)?.length, 1, 'said once');
			wizard.send('?');
			const words = (await wizard.see('What these words mean')).replace(/\s+/g, ' ');
			for (const word of ['level shifter: A small', 'HV: The 5 V side', 'LV: The 3.3 V side', 'capacitor: A'])
				assert.ok(words.includes(word), words);
			wizard.key('escape');
			await wizard.see('Connect these five');
			if (!screenReader) {
				wizard.send('p');
				const picture = await wizard.see('Between them: a level shifter');
				assert.match(picture, /its 5 V │ HV +LV │ its own 3\.3 V/);
				assert.doesNotMatch(picture, /│ VCC$/m);
				wizard.key('escape');
			}
			await wizard.enterAt('Connect these five');
			const question = (await wizard.see(/fed by its own 3\.3 V,\s+and is a level\s+shifter/)).replace(
				/\s+/g,
				' ',
			);
			assert.doesNotMatch(question, /only the programmer feeds it|gets its power from the programmer/);
			assert.match(question, /then feed the board by its own plug, and plug the programmer in last/);
			await wizard.choose('level shifter', 'Yes: its own 3.3 V');
			await wizard.see('The chip answers');
		} finally {
			wizard.stop();
		}
	});
}
