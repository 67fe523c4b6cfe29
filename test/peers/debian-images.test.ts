// The bootloaders that Debian packs (arduino-core-avr), looked at: real files, some of them broken.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
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
