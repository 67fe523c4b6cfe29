// Advice: every error has something to try next, in words that fit the programmer and the chip's state.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {adviseError, describeChipState, riskTexts} from '../../src/engine/advice.ts';
import {type ErrorFacts, type ErrorKind, riskNames, UnbrickError} from '../../src/engine/errors.ts';
import {candidate} from '../../src/engine/isp/wiring-reading.ts';

const got = Uint8Array.of(0x1e, 0x94, 0x88);
/** One error of each kind; the compiler sees that none is missing. */
const examples: {readonly [K in ErrorKind]: Extract<ErrorFacts, {kind: K}>} = {
	DeviceMissing: {kind: 'DeviceMissing', what: 'A USBasp'},
	DeviceDenied: {kind: 'DeviceDenied', path: '/dev/ttyUSB0', group: 'dialout'},
	DeviceBusy: {kind: 'DeviceBusy', path: '/dev/ttyUSB0'},
	DeviceGone: {kind: 'DeviceGone', path: '/dev/ttyUSB0', during: 'PROG_PAGE'},
	NoUsbSystem: {kind: 'NoUsbSystem'},
	Ambiguous: {kind: 'Ambiguous', what: 'a USBasp', choices: ['1-4', '1-5']},
	NotAProgrammer: {kind: 'NotAProgrammer', expected: 'AVR ISP', got: 'nothing'},
	Timeout: {kind: 'Timeout', command: 'GET_SYNC', waitedMs: 3500},
	NotInSync: {kind: 'NotInSync', command: 'GET_SYNC', got: Uint8Array.of(0xe0)},
	BadReply: {kind: 'BadReply', command: 'READ', expected: '128 bytes', got: new Uint8Array(500)},
	Refused: {kind: 'Refused', command: 'ENTER', status: 0xc0},
	NotSaved: {kind: 'NotSaved', file: '/mnt/stick/backup.json', reason: 'the disk is full'},
	FirmwareTooOld: {kind: 'FirmwareTooOld', what: 'the USBasp', needs: 'firmware from 2009 on'},
	NoTarget: {
		kind: 'NoTarget',
		got: [new Uint8Array(3)],
		candidates: [candidate('target-unpowered'), candidate('miso-open')],
	},
	UnstableLink: {
		kind: 'UnstableLink',
		what: 'signature',
		got: [got],
		candidates: [candidate('sck-too-fast')],
	},
	WrongSignature: {
		kind: 'WrongSignature',
		expected: Uint8Array.of(0x1e, 0x95, 0x0f),
		expectedChip: 'ATmega328P',
		got: Uint8Array.of(0x1e, 0x95, 0x14),
		gotChip: 'ATmega328',
	},
	OtherBoard: {kind: 'OtherBoard', why: 'its low fuse is 0xff'},
	Locked: {kind: 'Locked', lock: 0xec, what: 'writing fuses'},
	BadHex: {kind: 'BadHex', file: 'a.hex', line: 3, reason: 'the checksum is wrong'},
	ImageTooLarge: {kind: 'ImageTooLarge', byteAddress: 0x8000, limitBytes: 0x8000, what: 'a.hex'},
	OverlapsBootloader: {kind: 'OverlapsBootloader', byteAddress: 0x7000, bootStart: 0x7000},
	LosesBootloader: {kind: 'LosesBootloader', bootStart: 0x7000, what: 'a.hex'},
	VerifyMismatch: {
		kind: 'VerifyMismatch',
		memory: 'flash',
		byteAddress: 0x80,
		expected: 0x12,
		got: 0xff,
		differingBytes: 128,
	},
	FuseReadback: {
		kind: 'FuseReadback',
		fuse: 'low fuse',
		wanted: 0xff,
		got: 0x62,
		mask: 0xff,
		also: [{fuse: 'lock byte', wanted: 0xff, got: 0xfe}],
	},
	FuseRefused: {kind: 'FuseRefused', rule: 'spien', bit: 'SPIEN', why: 'ends ISP'},
	ConsentMissing: {kind: 'ConsentMissing', risks: ['no-backup', 'bootrst'], why: ['a', 'b']},
	Cancelled: {kind: 'Cancelled', during: 'write'},
	Bug: {kind: 'Bug', assumed: 'this cannot be'},
};

test('every error has a headline and something to try next, for every programmer', () => {
	for (const facts of Object.values(examples)) {
		const error = new UnbrickError(facts);
		for (const programmer of [
			undefined,
			'usbasp',
			'usbtiny',
			'avrisp',
			'arduino-isp',
			'buspirate',
			'avrispmkii',
		]) {
			const advice = adviseError(error, {
				chipState: 'untouched',
				...(programmer === undefined ? {} : {programmer}),
			});
			assert.equal(advice.headline, error.message);
			assert.ok(advice.headline.length < 250, `${facts.kind}: a reply of any length stays readable`);
			assert.ok(advice.next.length > 0, facts.kind);
			for (const line of [...advice.likely, ...advice.next]) {
				assert.ok(
					line.length > 0 && !/unknown error|undefined|\bNaN\b/i.test(line),
					`${facts.kind}: ${line}`,
				);
			}
		}
	}
});

test('advice keeps the order of likelihood and fits what is in hand', () => {
	const advise = (kind: ErrorKind, context = {}) => adviseError(new UnbrickError(examples[kind]), context);
	assert.deepEqual(advise('NoTarget').likely, [
		candidate('target-unpowered').text,
		candidate('miso-open').text,
	]);
	assert.match(advise('UnstableLink').likely[0]!, /wires, not the chip/);
	assert.ok(advise('NoTarget', {programmer: 'arduino-isp'}).next.some(text => text.includes('pin 10')));
	assert.ok(advise('NotInSync', {programmer: 'arduino-isp'}).next.some(text => text.includes('115200')));
	// The part that answers is offered by name; forcing is not, and why is said.
	const other = advise('WrongSignature').next;
	assert.ok(other.some(text => text.includes('--chip atmega328')));
	assert.ok(other.some(text => text.includes('-F')));
	assert.match(advise('Locked').likely[0]!, /leave the factory/);
	assert.deepEqual(
		advise('ConsentMissing').next.map(text => text.split('--accept ')[1]),
		['no-backup.', 'bootrst.'],
	);
	const alone = new UnbrickError({kind: 'ConsentMissing', risks: ['loses-bootloader'], why: ['a']});
	assert.match(
		adviseError(alone).next[0]!,
		/--bootloader ID --app FILE/,
		'the merge is offered before the risk',
	);
	assert.equal(
		adviseError(new UnbrickError(examples.DeviceGone), {resume: 'Go on so.'}).next.at(-1),
		'Go on so.',
	);
	assert.ok(advise('DeviceDenied', {system: 'windows'}).next.some(text => text.includes('Zadig')));
	const port = new UnbrickError({kind: 'DeviceDenied', path: 'COM3'});
	assert.doesNotMatch(adviseError(port, {system: 'windows'}).next.join(' '), /Zadig/);
	assert.match(advise('DeviceDenied', {system: 'linux'}).next.join(' '), /usermod -aG dialout .*log out/);
});

test('risks and states have words of their own', () => {
	assert.equal(new Set(riskNames.map(name => riskTexts[name])).size, riskNames.length);
	const states = (['untouched', 'erased', 'partly-written', 'written', 'written-and-fused'] as const).map(
		describeChipState,
	);
	assert.equal(new Set(states).size, 5);
	assert.match(states[0]!, /Nothing/);
});

test('another copy of the program at a recovery was called a serial monitor, and the device to be unplugged', () => {
	const error = new UnbrickError({kind: 'DeviceBusy', path: 'the recovery recovery-1', otherCopy: true});
	assert.equal(error.message, 'Another copy of this program is at work with the recovery recovery-1.');
	const {likely, next} = adviseError(error, {});
	assert.doesNotMatch([...likely, ...next].join(' '), /serial monitor|Plug the device out/);
});
