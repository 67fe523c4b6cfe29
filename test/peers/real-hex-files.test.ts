// Files that other people's tools made: the bootloaders that Debian packs (arduino-core-avr), some of them
// broken, and what avr-gcc and avr-objcopy write.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {vectorCounts} from '../../src/engine/image/avr-code.ts';
import {inspectImage} from '../../src/engine/image/inspect.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {peerTest} from '../helpers/peers.ts';

const folder = '/usr/share/arduino/hardware/arduino/avr/bootloaders';
const broken = path.join(folder, 'optiboot/optiboot_atmega328.hex');

peerTest("Debian's Optiboot for the 328P is seen to be broken, and refused", {files: [broken]}, async () => {
	const bytes = readFileSync(broken);
	assert.throws(
		() => parseIntelHex(bytes, broken),
		error => isKind(error, 'BadHex') && /at 0x7ffe it says 0x04, line 32 says 0x90/.test(error.message),
	);
	const looked = parseIntelHex(bytes, broken, {contradictions: 'note'});
	const {notes} = inspectImage(looked.image, {chip: findChip('atmega328p')!, file: broken});
	assert.deepEqual(
		notes.map(note => `${note.severity} ${note.code}`),
		['error leaves-flash', 'error defective'],
	);
	assert.match(notes[0]!.text, /reaches 0x8013, past the 32768 bytes of flash of the ATmega328P/);
});

peerTest('every other bootloader of the package is read and seen to be one', {files: [folder]}, async () => {
	const files = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(
		name => name.endsWith('.hex') && !/optiboot_atmega(168|328)\.hex$/.test(name),
	);
	assert.ok(files.length >= 14, files.join());
	for (const file of files) {
		const parsed = parseIntelHex(readFileSync(path.join(folder, file)), file);
		assert.deepEqual(parsed.notes, [], file);
		const found = inspectImage(parsed.image, {file});
		assert.equal(found.kind, 'bootloader', file);
		assert.deepEqual(found.notes, [], file);
		const again = parseIntelHex(Buffer.from(printIntelHex(parsed.image)), file);
		assert.deepEqual(again.image.ranges, parsed.image.ranges, file);
	}
});

const scratch = mkdtempSync(path.join(tmpdir(), 'gcc-'));
after(() => rmSync(scratch, {recursive: true, force: true}));
const compiler = {programs: ['avr-gcc', 'avr-objcopy']};

/** A C program as a HEX file, all sections. */
function compile(chip: string, source: string): Uint8Array {
	const at = (name: string) => path.join(scratch, name);
	writeFileSync(at('a.c'), source);
	const [elf, hex] = [at('a.elf'), at('a.hex')];
	execFileSync('avr-gcc', [`-mmcu=${chip}`, '-Os', at('a.c'), '-o', elf], {stdio: 'pipe'});
	execFileSync('avr-objcopy', ['-O', 'ihex', elf, hex], {stdio: 'pipe'});
	return readFileSync(hex);
}

peerTest('the vector table that avr-gcc lays tells the chip', compiler, async () => {
	for (const {count, chips} of vectorCounts) {
		const chip = chips[0]!;
		const {image, notes} = parseIntelHex(compile(chip, 'int main(void) { for (;;); }'), chip);
		const found = inspectImage(image);
		assert.deepEqual([found.kind, found.application?.vectors, notes], ['application', count, []], chip);
		assert.ok(found.likelyChips.includes(chip), chip);
	}
});

peerTest('EEPROM and fuse sections of an ELF file are kept out of the flash', compiler, async () => {
	const source = `#include <avr/eeprom.h>
#include <avr/io.h>
FUSES = {.low = 0x5e, .high = 0xd9, .extended = 0xf3};
uint8_t EEMEM kept[4] = {1, 2, 3, 4};
int main(void) { return eeprom_read_byte(kept); }
`;
	const parsed = parseIntelHex(compile('atmega32u4', source), 'a.hex');
	assert.deepEqual(
		parsed.sections.map(({name, image}) => [name, [...image.slice(0, image.byteCount)]]),
		[
			['eeprom', [1, 2, 3, 4]],
			['fuses', [0x5e, 0xd9, 0xf3]],
		],
	);
	assert.ok(parsed.image.end < 0x1000);
});
