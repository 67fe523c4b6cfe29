// The equal avrdude command does what the plan does, or says what is missing.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {findChip} from '../../src/engine/chips/index.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {avrdudeCommands, avrdudeLacks} from '../../src/engine/procedures/avrdude-command.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';

const plan: RecoveryPlan = {
	programmer: 'usbasp',
	chip: findChip('atmega32u4')!,
	image: createImage([{byteAddress: 0x7000, data: new Uint8Array(16)}]),
	fuses: {low: 0x5e, high: 0xd9, extended: 0xf3},
	backup: 'auto',
	erase: true,
	verify: 'written',
	restoreEeprom: true,
	accepted: new Set(),
	sck: 'auto',
};

test('"the same with avrdude" lost the settings: the EEPROM of the backup is written after the erase, before the fuses', () => {
	const [backup, recovery] = avrdudeCommands(plan, 'loader.hex');
	assert.match(backup!, /-U eeprom:r:backup-eeprom\.hex:i/);
	assert.match(recovery!, / -e .*-U flash:w:loader\.hex:i -U eeprom:w:backup-eeprom\.hex:i .*-U efuse:w/);
	assert.deepEqual(avrdudeLacks(plan), []);
});

test('no erase, no putting back', () => {
	const repair: RecoveryPlan = {...plan, erase: false};
	assert.doesNotMatch(avrdudeCommands(repair, 'loader.hex').join('\n'), /eeprom:w/);
});

test('without a backup avrdude has nothing to put back, and that is said', () => {
	const bare: RecoveryPlan = {...plan, backup: 'none'};
	assert.doesNotMatch(avrdudeCommands(bare, 'loader.hex').join('\n'), /eeprom/);
	assert.match(avrdudeLacks(bare).join(' '), /EEPROM.*not put back/);
});

test('a restore: the EEPROM of the backup is written, and that avrdude cannot read our backup file is said', () => {
	const restore: RecoveryPlan = {...plan, restoreEeprom: false, eeprom: new Uint8Array(1024)};
	const [, recovery] = avrdudeCommands(restore, 'flash.hex');
	assert.match(recovery!, /-U flash:w:flash\.hex:i -U eeprom:w:eeprom\.hex:i/);
	assert.match(avrdudeLacks(restore).join(' '), /cannot read .*backup file/);
});
