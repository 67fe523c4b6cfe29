import assert from 'node:assert/strict';
import test from 'node:test';
import type {Chip, FuseName} from '../../src/engine/chips/chip.ts';
import {chips, chipsBySignature, findChip} from '../../src/engine/chips/index.ts';

const fuseNames: readonly FuseName[] = ['low', 'high', 'extended'];

function bitsOf(chip: Chip, name: string): {fuse: FuseName; mask: number} | undefined {
	for (const fuse of fuseNames) {
		const field = chip.fuses[fuse]?.fields.find(entry => entry.name === name);
		if (field !== undefined) return {fuse, mask: field.mask};
	}
	return undefined;
}

function popCount(mask: number): number {
	return mask.toString(2).replaceAll('0', '').length;
}

test('there are 53 chips, each with a source and names of its own', () => {
	assert.equal(chips.length, 53);
	for (const key of ['id', 'name', 'avrdudeId'] as const)
		assert.equal(new Set(chips.map(chip => chip[key])).size, 53, key);
	for (const chip of chips) {
		assert.ok(chip.source.length > 20, `${chip.id} has a source`);
		assert.equal(chip.name.toLowerCase(), chip.id);
	}
});

test('a signature is unique unless both chips declare to share it', () => {
	for (const chip of chips) {
		const others = chips.filter(
			other => other !== chip && other.signature.every((byte, index) => byte === chip.signature[index]),
		);
		assert.deepEqual(others.map(other => other.id).sort(), [...chip.signatureSharedWith].sort(), chip.id);
		assert.equal(chip.signature[0], 0x1e, `${chip.id}: Atmel's manufacturer byte`);
	}
});

test('pages divide their memory and sizes are powers of two', () => {
	for (const {id, flash, eeprom} of chips) {
		for (const memory of [flash, eeprom]) {
			assert.equal(memory.bytes % memory.pageBytes, 0, id);
			assert.equal(popCount(memory.bytes), 1, id);
			assert.equal(popCount(memory.pageBytes), 1, id);
		}
	}
});

test('fields cover the mask of their byte exactly, and absent bits read 1 in factory values', () => {
	for (const chip of chips) {
		for (const fuse of fuseNames) {
			const byte = chip.fuses[fuse];
			if (byte === undefined) continue;
			let covered = 0;
			for (const field of byte.fields) {
				assert.equal(covered & field.mask, 0, `${chip.id} ${fuse} ${field.name} overlaps`);
				const shifted = field.mask / (field.mask & -field.mask);
				assert.equal(shifted & (shifted + 1), 0, `${chip.id} ${field.name} is contiguous`);
				covered |= field.mask;
			}
			assert.equal(covered, byte.mask, `${chip.id} ${fuse}`);
			assert.equal(byte.factory | byte.mask, 0xff, `${chip.id} ${fuse}: absent bits are 1`);
		}
	}
});

test('factory fuses leave ISP on: SPIEN 0, RSTDISBL and DWEN 1, a known clock and brown-out code', () => {
	for (const chip of chips) {
		const settings = [
			{low: chip.fuses.low.factory, high: chip.fuses.high?.factory, extended: chip.fuses.extended?.factory},
			...chip.factoryVariants,
		];
		for (const setting of settings) {
			const value = (name: string) => {
				const place = bitsOf(chip, name);
				return place === undefined
					? undefined
					: ((setting[place.fuse] ?? 0xff) & place.mask) / (place.mask & -place.mask);
			};
			assert.equal(value('SPIEN'), 0, chip.id);
			assert.notEqual(value('RSTDISBL'), 0, chip.id);
			assert.notEqual(value('DWEN'), 0, chip.id);
			assert.ok(
				chip.clocks.some(row => row.code === value('SUT_CKSEL')),
				`${chip.id} clock`,
			);
			assert.ok(
				chip.brownOut.some(row => row.code === value('BODLEVEL')),
				`${chip.id} brown-out`,
			);
		}
	}
});

test('masks that matter are the datasheets (extended and lock)', () => {
	// Facts on disagreements, A2.
	const extended: Record<string, number | undefined> = {
		atmega32u4: 0x0f,
		atmega16u4: 0x0f,
		atmega32u2: 0x0f,
		at90usb162: 0x0f,
		at90usb646: 0x0f,
		at90usb1286: 0x0f,
		atmega328pb: 0x0f,
		atmega328p: 0x07,
		atmega168: 0x07,
		atmega644p: 0x07,
		atmega2560: 0x07,
		atmega48p: 0x01,
		attiny85: 0x01,
		attiny167: 0x01,
		atmega64: 0x03,
		atmega128: 0x03,
		atmega8: undefined,
		atmega32a: undefined,
		attiny13: undefined,
	};
	for (const [id, mask] of Object.entries(extended))
		assert.equal(findChip(id)?.fuses.extended?.mask, mask, id);
	for (const chip of chips) assert.equal(chip.lock.mask, chip.bootSections.length > 0 ? 0x3f : 0x03, chip.id);
});

test('boot sections end with the flash, and their fuse byte holds BOOTSZ and BOOTRST', () => {
	for (const chip of chips) {
		for (const {startByteAddress, bytes, bootsz} of chip.bootSections) {
			assert.equal(startByteAddress + bytes, chip.flash.bytes, `${chip.id} ${bootsz}`);
			assert.equal(startByteAddress % chip.flash.pageBytes, 0, chip.id);
		}
		if (chip.bootSections.length === 0) {
			assert.equal(chip.bootFuse, null, chip.id);
			continue;
		}
		assert.deepEqual(chip.bootSections.map(section => section.bootsz).sort(), [0, 1, 2, 3], chip.id);
		const sizes = [...chip.bootSections].sort((a, b) => a.bootsz - b.bootsz).map(section => section.bytes);
		assert.deepEqual(
			sizes,
			[...sizes].sort((a, b) => b - a),
			`${chip.id}: 00 is the largest`,
		);
		assert.equal(bitsOf(chip, 'BOOTRST')?.fuse, chip.bootFuse, chip.id);
		assert.equal(bitsOf(chip, 'BOOTSZ')?.fuse, chip.bootFuse, chip.id);
	}
});

test('on ATtiny13 SPIEN is in the low byte and RSTDISBL is bit 0 of the high byte', () => {
	for (const id of ['attiny13', 'attiny13a']) {
		const chip = findChip(id)!;
		assert.deepEqual(bitsOf(chip, 'SPIEN'), {fuse: 'low', mask: 0x80});
		assert.deepEqual(bitsOf(chip, 'RSTDISBL'), {fuse: 'high', mask: 0x01});
		assert.deepEqual(bitsOf(chip, 'DWEN'), {fuse: 'high', mask: 0x08});
		assert.equal(chip.fuses.high?.mask, 0x1f);
	}
});

test('bit 6 of the high fuse is JTAGEN, RSTDISBL, DWEN or WDTON, by chip', () => {
	const expected = {
		atmega32u4: 'JTAGEN',
		atmega32u2: 'RSTDISBL',
		at90usb162: 'RSTDISBL',
		atmega328p: 'DWEN',
		atmega8: 'WDTON',
	};
	for (const [id, name] of Object.entries(expected))
		assert.equal(findChip(id)?.fuses.high?.fields.find(field => field.mask === 0x40)?.name, name, id);
});

test('RDY/BSY is not polled, and EEPROM pages are not used, where the part may not have them', () => {
	// Serial programming specification, section 5: F0 is absent on ATmega8/16/32/64/128.
	const silent = chips.filter(chip => !chip.pollsReady).map(chip => chip.id);
	assert.deepEqual(silent.sort(), [
		'atmega128',
		'atmega16',
		'atmega16a',
		'atmega32',
		'atmega32a',
		'atmega64',
		'atmega8',
		'atmega8a',
	]);
	assert.deepEqual(
		chips
			.filter(chip => !chip.eeprom.paged)
			.map(chip => chip.id)
			.sort(),
		silent,
	);
	assert.deepEqual(
		chips.filter(chip => chip.extendedAddress).map(chip => chip.id),
		['atmega2560', 'atmega2561'],
	);
});

test('waits are at least the usual ones', () => {
	for (const {id, waits, typicalWaits} of chips) {
		assert.ok(waits.flashPageMs >= typicalWaits.flashPageMs, id);
		assert.ok(waits.eepromMs >= typicalWaits.eepromMs, id);
		assert.ok(waits.eraseMs >= typicalWaits.eraseMs, id);
		assert.ok(waits.fuseMs >= typicalWaits.fuseMs, id);
	}
});

test('every package has the six ISP signals and XTAL1 on pins that exist, one signal a pin', () => {
	for (const chip of chips) {
		assert.ok(chip.packages.length > 0, chip.id);
		for (const {name, pinCount, pins} of chip.packages) {
			const where = `${chip.id} ${name}`;
			for (const signal of ['RESET', 'SCK', 'MOSI', 'MISO', 'VCC', 'GND', 'XTAL1'])
				assert.ok((pins[signal]?.length ?? 0) > 0, `${where} ${signal}`);
			const all = Object.values(pins).flat();
			assert.equal(new Set(all).size, all.length, `${where}: two signals on one pin`);
			assert.ok(
				all.every(pin => Number.isInteger(pin) && pin >= 1 && pin <= pinCount),
				where,
			);
		}
	}
});

test('ATmega1281, 2561, 64 and 128 take ISP data on PE0 and PE1', () => {
	for (const id of ['atmega1281', 'atmega2561', 'atmega64', 'atmega128']) {
		assert.equal(findChip(id)?.ispPorts.MOSI, 'PE0', id);
		assert.equal(findChip(id)?.ispPorts.MISO, 'PE1', id);
	}
	assert.equal(findChip('atmega2560')?.ispPorts.MOSI, 'PB2');
});

test('plain U4 parts are delivered with DFU fuses and locked, RC parts without either', () => {
	for (const id of ['atmega16u4', 'atmega32u4']) {
		const [plain, rc] = findChip(id)!.factoryVariants;
		assert.deepEqual([plain?.low, plain?.high, plain?.extended, plain?.lock], [0x5e, 0x99, 0xf3, 0xec]);
		assert.deepEqual([rc?.low, rc?.high, rc?.extended, rc?.lock], [0x52, 0x99, 0xfb, 0xff]);
	}
	for (const id of ['atmega8u2', 'atmega16u2', 'atmega32u2'])
		assert.equal(findChip(id)?.lock.factory, 0xec, id);
});

test('a chip is found by id, printed name and short name, in any case, and by signature', () => {
	for (const name of ['atmega32u4', 'ATmega32U4', 'M32U4', ' m32u4 '])
		assert.equal(findChip(name)?.id, 'atmega32u4', name);
	assert.equal(findChip('atmega9'), undefined);
	assert.deepEqual(
		chipsBySignature([0x1e, 0x97, 0x82]).map(chip => chip.id),
		['at90usb1286', 'at90usb1287'],
	);
	assert.deepEqual(chipsBySignature([0x1e, 0x95]), []);
	assert.deepEqual(chipsBySignature([0, 0, 0]), []);
});
