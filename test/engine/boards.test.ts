import assert from 'node:assert/strict';
import test from 'node:test';
import {boards, findBoard} from '../../src/engine/boards/index.ts';
import {findBootloader} from '../../src/engine/bootloaders/index.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {decodeFuses} from '../../src/engine/fuses/decode.ts';
import {findRecommendation} from '../../src/engine/fuses/recommendations.ts';

const avrBoards = boards.filter(board => board.supported);

test('every board has an id of its own, a name and a source', () => {
	assert.equal(new Set(boards.map(board => board.id)).size, boards.length);
	for (const board of boards) {
		assert.match(board.id, /^[a-z0-9_]+$/);
		assert.ok(board.name.length > 2, board.id);
		assert.ok(board.source.length > 8, board.id);
		assert.equal(findBoard(board.id), board);
	}
});

test('the ids that the command line promises are there', () => {
	for (const id of [
		...['promicro_5v', 'promicro_3v3', 'elite_c', 'teensy_2', 'teensypp_2', 'leonardo', 'micro', 'proton_c'],
		...['bare_32u4', 'bare_32u2', 'bare_16u2', 'bare_usb162', 'bare_usb1286', 'bare_usb646'],
		...['ps2avrgb', 'discipline', 'plaid', 'discipad_romeo', 'uno', 'digispark'],
		...['nano_old', 'nano_new', 'pro_mini_5v', 'pro_mini_3v3'],
	])
		assert.ok(findBoard(id), id);
	assert.equal(findBoard('ProMicro-5V')?.id, 'promicro_5v');
	assert.equal(findBoard('nano'), undefined);
	assert.equal(boards.length, 24);
});

test('every AVR board names a known chip, all six signals, a supply in range and a clock that the chip takes', () => {
	for (const board of avrBoards) {
		const chip = findChip(board.chip);
		assert.ok(chip, board.id);
		for (const signal of ['RESET', 'SCK', 'MOSI', 'MISO', 'VCC', 'GND'] as const)
			assert.ok((board.isp[signal]?.length ?? 0) > 0, `${board.id} ${signal}`);
		assert.ok(board.vcc >= chip.vccRange[0] && board.vcc <= chip.vccRange[1], board.id);
		assert.ok(board.clock.mhz * 1e6 <= chip.fmaxHz, board.id);
		if (board.packageName !== undefined)
			assert.ok(
				chip.packages.some(entry => entry.name === board.packageName),
				board.id,
			);
	}
});

test('pin numbers in the words of a board are those of its package', () => {
	let checked = 0;
	for (const board of avrBoards) {
		const pins = findChip(board.chip)?.packages.find(entry => entry.name === board.packageName)?.pins;
		if (pins === undefined) continue;
		for (const [signal, words] of Object.entries(board.isp)) {
			const named = [...words.matchAll(/pins? ([\d/]+)/g)].flatMap(match => match[1]!.split('/').map(Number));
			for (const pin of named) {
				assert.ok(pins[signal]?.includes(pin), `${board.id} ${signal}: pin ${pin}`);
				checked++;
			}
		}
	}
	assert.ok(checked >= 40, `${checked} pins compared`);
});

test('the default bootloader and fuses are known and fit the chip and the clock', () => {
	for (const board of avrBoards) {
		assert.equal(board.bootloaders[0], board.bootloader, board.id);
		for (const id of board.bootloaders) {
			const loader = findBootloader(id);
			assert.ok(loader, `${board.id} ${id}`);
			assert.ok(
				loader.boot.some(place => place.chip === board.chip),
				`${board.id}: ${id} exists for ${board.chip}`,
			);
		}
		if (board.fuses === undefined) {
			assert.equal(board.bootloader, 'halfkay', `${board.id} has published fuses`);
			continue;
		}
		const row = findRecommendation(board.fuses);
		assert.equal(row?.chip, board.chip, board.id);
		assert.equal(row?.bootloader, board.bootloader, board.id);
		assert.equal(row?.clock.kind, board.clock.kind, board.id);
		assert.equal(row?.vcc, board.vcc, board.id);
		const {brownOutVolts} = decodeFuses(findChip(board.chip)!, row!.fuses);
		assert.ok((brownOutVolts ?? 0) < board.vcc - 0.2, board.id);
	}
});

test('an Arm board is not supported and says kindly why and where to go', () => {
	const protonC = findBoard('proton_c')!;
	assert.equal(protonC.supported, false);
	assert.match(protonC.unsupportedReason ?? '', /Arm.*no ISP.*0483:DF11/s);
	assert.equal(findChip(protonC.chip), undefined);
	for (const board of avrBoards) assert.equal(board.unsupportedReason, undefined, board.id);
});

test('boards on which advice is dangerous warn', () => {
	assert.match(findBoard('teensy_2')!.warnings.join(), /HalfKay/);
	assert.match(findBoard('bare_usb162')!.warnings.join(), /0x99.*RSTDISBL/);
	assert.match(findBoard('digispark')!.warnings.join(), /RSTDISBL/);
	assert.match(findBoard('promicro_3v3')!.warnings.join(), /crystal/);
});
