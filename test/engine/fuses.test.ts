import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type {Board} from '../../src/engine/boards/board.ts';
import {boards, findBoard} from '../../src/engine/boards/index.ts';
import {bootloaders} from '../../src/engine/bootloaders/index.ts';
import type {Chip, FuseName} from '../../src/engine/chips/chip.ts';
import {chips, findChip} from '../../src/engine/chips/index.ts';
import {riskNames} from '../../src/engine/errors.ts';
import {assessFuses, assessLock} from '../../src/engine/fuses/assess.ts';
import {decodeFuses} from '../../src/engine/fuses/decode.ts';
import {fuseToWrite, lockToWrite, sameFuse, sameLock} from '../../src/engine/fuses/mask.ts';
import {eepromAtErase, planFuseWrites, planLoaderSwitch} from '../../src/engine/fuses/plan.ts';
import {
	findRecommendation,
	recommendations,
	recommendedFuses,
} from '../../src/engine/fuses/recommendations.ts';
import type {FuseAssessment, FuseContext, Verdict} from '../../src/engine/fuses/types.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import type {FuseBytes} from '../../src/engine/target.ts';

const u4 = findChip('atmega32u4')!;
const caterina = {low: 0xff, high: 0xd8, extended: 0xcb};
const dfu = {low: 0x5e, high: 0xd9, extended: 0xc3};
const blankRc = {low: 0x52, high: 0x99, extended: 0xfb};

function fusesOf(chip: Chip): readonly FuseName[] {
	return (['low', 'high', 'extended'] as const).filter(fuse => chip.fuses[fuse] !== undefined);
}

function factory(chip: Chip): FuseBytes {
	return {
		low: chip.fuses.low.factory,
		...(chip.fuses.high === undefined ? {} : {high: chip.fuses.high.factory}),
		...(chip.fuses.extended === undefined ? {} : {extended: chip.fuses.extended.factory}),
	};
}

/** A field by its mask alone: this file has its own reading of bytes, so that it can catch the judge's. */
function rawField(chip: Chip, bytes: FuseBytes, name: string): number | undefined {
	for (const fuse of fusesOf(chip)) {
		const mask = chip.fuses[fuse]?.fields.find(field => field.name === name)?.mask;
		if (mask !== undefined) return ((bytes[fuse] ?? 0xff) & mask) / (mask & -mask);
	}
	return undefined;
}

/** Names of what ends ISP in the change, by the datasheet rules of the contract: SPIEN, RSTDISBL, DWEN, reserved clock. */
function endsIsp(chip: Chip, from: FuseBytes | undefined, to: FuseBytes): string[] {
	const moved = (name: string) =>
		from === undefined || rawField(chip, from, name) !== rawField(chip, to, name);
	const found: string[] = [];
	if (rawField(chip, to, 'SPIEN') === 1 && moved('SPIEN')) found.push('SPIEN');
	if (rawField(chip, to, 'RSTDISBL') === 0 && moved('RSTDISBL')) found.push('RSTDISBL');
	if (rawField(chip, to, 'DWEN') === 0 && moved('DWEN')) found.push('DWEN');
	const clock = rawField(chip, to, 'SUT_CKSEL');
	if (!chip.clocks.some(row => row.code === clock) && moved('SUT_CKSEL')) found.push('CKSEL');
	return found;
}

function unchanged(chip: Chip, from: FuseBytes, to: FuseBytes): boolean {
	return fusesOf(chip).every(
		fuse => (((from[fuse] ?? 0) ^ (to[fuse] ?? 0)) & (chip.fuses[fuse]?.mask ?? 0)) === 0,
	);
}

function risks(assessment: FuseAssessment): string[] {
	return assessment.reasons.filter(reason => reason.severity === 'consent').map(reason => reason.risk ?? '');
}

function rules(assessment: FuseAssessment): string[] {
	return assessment.reasons.map(reason => reason.rule);
}

/** Every reason names its bit in the text and says what ISP can do; consents name a risk that can be accepted. */
function checkReasons({reasons, verdict}: FuseAssessment, where: string): void {
	for (const reason of reasons) {
		assert.ok(reason.text.includes(reason.bit), `${where}: ${reason.rule} names ${reason.bit}`);
		assert.match(reason.text, /ISP/, `${where}: ${reason.rule} says what ISP can do`);
		assert.ok(reason.text.length > 40, `${where}: ${reason.rule} says the consequence`);
		if (reason.severity === 'consent')
			assert.ok(riskNames.includes(reason.risk!), `${where}: ${reason.rule} has a risk`);
		else assert.equal(reason.risk, undefined, `${where}: ${reason.rule}`);
	}
	const gravest = reasons.some(reason => reason.severity === 'refuse')
		? 'refuse'
		: reasons.some(reason => reason.severity === 'consent')
			? 'consent'
			: 'safe';
	assert.equal(verdict, gravest, where);
}

function boardOf(id: string): Board {
	const row = findRecommendation(id)!;
	return {
		id: `row_${id}`,
		name: row.board,
		chip: row.chip,
		supported: true,
		clock: row.clock,
		vcc: row.vcc,
		isp: {},
		bootloaders: [],
		warnings: [],
		notes: [],
		doubtful: [],
		source: row.source,
	};
}

// ——— Masks and names

test('absent bits are written as 1 and never compared', () => {
	assert.equal(fuseToWrite(u4, 'extended', 0xcb), 0xfb);
	assert.equal(fuseToWrite(u4, 'extended', 0x03), 0xf3);
	assert.ok(sameFuse(u4, 'extended', 0xcb, 0xfb));
	assert.ok(!sameFuse(u4, 'extended', 0xf3, 0xfb));
	const m328p = findChip('atmega328p')!;
	for (const read of [0x04, 0x0c, 0xfc]) assert.ok(sameFuse(m328p, 'extended', 0x04, read));
	assert.equal(fuseToWrite(m328p, 'extended', 0x04), 0xfc);
	assert.equal(fuseToWrite(findChip('attiny13')!, 'high', 0x1b), 0xfb);
	assert.throws(() => fuseToWrite(findChip('atmega32a')!, 'extended', 0xff), {name: 'UnbrickError'});
	assert.equal(lockToWrite(u4, 0x2f), 0xef);
	assert.ok(sameLock(u4, 0x2f, 0xef));
});

test('bits have the names of the datasheet and a meaning', () => {
	const {bits, clock, bootSection, brownOutVolts, hwbEntry, resetsToBoot} = decodeFuses(u4, {
		low: 0x5e,
		high: 0xd9,
		extended: 0xf3,
	});
	assert.deepEqual(
		bits.map(bit => bit.name),
		[
			...['CKDIV8', 'CKOUT', 'SUT1', 'SUT0', 'CKSEL3', 'CKSEL2', 'CKSEL1', 'CKSEL0'],
			...['OCDEN', 'JTAGEN', 'SPIEN', 'WDTON', 'EESAVE', 'BOOTSZ1', 'BOOTSZ0', 'BOOTRST'],
			...['HWBE', 'BODLEVEL2', 'BODLEVEL1', 'BODLEVEL0'],
		],
	);
	const programmed = bits.filter(bit => bit.programmed).map(bit => bit.name);
	assert.deepEqual(programmed, [
		...['CKDIV8', 'SUT1', 'CKSEL0', 'SPIEN', 'BOOTSZ1', 'BOOTSZ0', 'HWBE', 'BODLEVEL2'],
	]);
	assert.deepEqual(clock, {
		source: 'crystal',
		minMHz: 8,
		maxMHz: null,
		dividedBy: 8,
		startup: '258 CK + 65 ms',
	});
	assert.deepEqual(bootSection, {startByteAddress: 0x7000, bytes: 4096});
	assert.equal(brownOutVolts, 2.6);
	assert.equal(hwbEntry, true);
	assert.equal(resetsToBoot, false);
	assert.throws(() => decodeFuses(u4, {low: 0x5e, high: 0xd9}), {name: 'UnbrickError'});
});

test('every bit of every chip has a name and a meaning of its own', () => {
	for (const chip of chips) {
		const {bits} = decodeFuses(chip, factory(chip));
		const implemented = fusesOf(chip).reduce(
			(sum, fuse) => sum + (chip.fuses[fuse]?.mask ?? 0).toString(2).replaceAll('0', '').length,
			0,
		);
		assert.equal(bits.length, implemented, chip.id);
		assert.equal(new Set(bits.map(bit => bit.name)).size, implemented, chip.id);
		for (const bit of bits) assert.ok(bit.meaning.length > 8, `${chip.id} ${bit.name}: ${bit.meaning}`);
	}
});

test('ATtiny13 has SPIEN in the low byte and two CKSEL bits', () => {
	const {bits, clock} = decodeFuses(findChip('attiny13')!, {low: 0x6a, high: 0xff});
	assert.deepEqual(
		bits.filter(bit => bit.byte === 'low').map(bit => bit.name),
		['SPIEN', 'EESAVE', 'WDTON', 'CKDIV8', 'SUT1', 'SUT0', 'CKSEL1', 'CKSEL0'],
	);
	assert.equal(bits.find(bit => bit.name === 'SPIEN')?.programmed, true);
	assert.deepEqual([clock.source, clock.minMHz, clock.dividedBy], ['internal', 9.6, 8]);
});

test('CKOPT decides the range of a crystal, BODEN whether there is a brown-out level', () => {
	const m32a = findChip('atmega32a')!;
	const unprogrammed = decodeFuses(m32a, {low: 0x0f, high: 0xd0});
	assert.deepEqual([unprogrammed.clock.minMHz, unprogrammed.clock.maxMHz], [3, 8]);
	const programmed = decodeFuses(m32a, {low: 0x0f, high: 0xc0});
	assert.deepEqual([programmed.clock.minMHz, programmed.clock.maxMHz], [1, 16]);
	assert.equal(programmed.brownOutVolts, 4);
	assert.equal(decodeFuses(m32a, {low: 0x4f, high: 0xc0}).brownOutVolts, null);
	assert.equal(decodeFuses(findChip('attiny85')!, factory(findChip('attiny85')!)).bootSection, null);
	assert.equal(decodeFuses(findChip('attiny85')!, factory(findChip('attiny85')!)).hwbEntry, null);
});

test('published sets decode to the clock, start and level that their sources name', () => {
	// Facts on disagreements, section F.
	const expected: readonly [id: string, source: string, start: number | undefined, volts: number | null][] = [
		['dfu_32u4_jtag_off', 'crystal', 0x7000, 2.6],
		['dfu_usb128_jtag_on', 'crystal', 0x1e000, 2.6],
		['dfu_usb64_jtag_off', 'crystal', 0xf000, 2.6],
		['dfu_mega16u2_factory', 'crystal', 0x3000, 3],
		['promicro8_qmk', 'crystal', 0x7000, 2],
		['astar_qmk', 'crystal', 0x7000, 4.3],
		['ploopy_qmk_readme', 'internal', 0x7000, 2.6],
		['specskeys_qmk_readme', 'internal', 0x7000, null],
		['usbasploader_m328p', 'crystal', 0x7000, 4.3],
		['optiboot_uno', 'crystal', 0x7e00, 2.7],
		['nano_new', 'crystal', 0x7800, 2.7],
		['mega2560', 'crystal', 0x3e000, 2.7],
		['atmega8_ng', 'crystal', 0x1c00, null],
		['micronucleus_t85', 'pll', undefined, 2.7],
	];
	for (const [id, source, start, volts] of expected) {
		const row = findRecommendation(id)!;
		const decoded = decodeFuses(findChip(row.chip)!, row.fuses);
		assert.equal(decoded.clock.source, source, id);
		assert.equal(decoded.bootSection?.startByteAddress, start, id);
		assert.equal(decoded.brownOutVolts, volts, id);
	}
});

// ——— The judge over everything

test('every change of one byte, all chips x all values: what ends ISP is refused, what stays never is', t => {
	const counts = new Map<FuseName, Record<Verdict, number>>();
	for (const chip of chips) {
		const from = factory(chip);
		for (const fuse of fusesOf(chip)) {
			const count = counts.get(fuse) ?? {safe: 0, consent: 0, refuse: 0};
			counts.set(fuse, count);
			for (let value = 0; value < 256; value++) {
				const to = {...from, [fuse]: value};
				const assessment = assessFuses(chip, from, to);
				count[assessment.verdict]++;
				const where = `${chip.id} ${fuse} 0x${value.toString(16)}`;
				const fatal = endsIsp(chip, from, to);
				if (unchanged(chip, from, to)) assert.deepEqual(assessment, {verdict: 'safe', reasons: []}, where);
				for (const bit of fatal)
					assert.ok(
						assessment.reasons.some(reason => reason.severity === 'refuse' && reason.bit === bit),
						`${where}: ${bit} is refused`,
					);
				if (assessment.verdict === 'refuse' && fatal.length === 0) {
					// The only other refusals without a board: a reserved brown-out code, a known bad set.
					const level = rawField(chip, to, 'BODLEVEL');
					assert.ok(
						!chip.brownOut.some(row => row.code === level) ||
							rules(assessment).some(rule => rule.startsWith('known-bad')),
						where,
					);
				}
				checkReasons(assessment, where);
			}
		}
	}
	const total = {safe: 0, consent: 0, refuse: 0};
	for (const [fuse, count] of counts) {
		t.diagnostic(`${fuse}: ${count.safe} safe, ${count.consent} consent, ${count.refuse} refuse`);
		total.safe += count.safe;
		total.consent += count.consent;
		total.refuse += count.refuse;
	}
	t.diagnostic(`all: ${total.safe} safe, ${total.consent} consent, ${total.refuse} refuse`);
	// Pinned: a change here must be wanted.
	assert.deepEqual(Object.fromEntries(counts), {
		low: {safe: 955, consent: 9913, refuse: 2700},
		high: {safe: 1150, consent: 2498, refuse: 9920},
		extended: {safe: 7328, consent: 2528, refuse: 1664},
	});
	assert.equal(total.safe + total.consent + total.refuse, 256 * 151);
});

const byte = fc.integer({min: 0, max: 0xff});
const someChip = fc.constantFrom(...chips);
const triple = (chip: Chip) =>
	fc.tuple(byte, byte, byte).map(
		([low, high, extended]): FuseBytes => ({
			low,
			...(chip.fuses.high === undefined ? {} : {high}),
			...(chip.fuses.extended === undefined ? {} : {extended}),
		}),
	);
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, {nil: undefined});
const context = fc
	.record({
		board: maybe(fc.constantFrom(...boards)),
		bootloader: maybe(fc.constantFrom('none', ...bootloaders.map(({id}) => id))),
		programmingVolts: maybe(fc.constantFrom(3.3, 4.5, 5)),
		programmerMinSckHz: maybe(fc.constantFrom(500, 4000, 30_000, 125_000)),
	})
	.map(
		(values): FuseContext =>
			Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
	);

test('property: whatever else is known, a change that ends ISP is refused and a kept bit never is', () => {
	fc.assert(
		fc.property(
			someChip.chain(chip => fc.tuple(fc.constant(chip), maybe(triple(chip)), triple(chip))),
			context,
			([chip, from, to], known) => {
				const assessment = assessFuses(chip, from, to, known);
				checkReasons(assessment, chip.id);
				const refused = assessment.reasons.filter(reason => reason.severity === 'refuse');
				for (const bit of endsIsp(chip, from, to))
					assert.ok(
						refused.some(reason => reason.bit === bit),
						`${chip.id} ${bit}`,
					);
				if (from !== undefined && unchanged(chip, from, to)) assert.deepEqual(assessment.reasons, []);
				// A reason is about a field that moves.
				for (const reason of assessment.reasons) {
					if (from === undefined) continue;
					const fields = reason.bit === 'CKSEL' ? ['SUT_CKSEL', 'CKOPT'] : [reason.bit];
					const related =
						reason.bit === 'BOOTRST' || reason.bit === 'HWBE' || reason.bit === 'BOOTSZ'
							? ['BOOTRST', 'HWBE', 'BOOTSZ']
							: reason.bit === 'CKDIV8' || reason.bit === 'CKOPT'
								? ['CKDIV8', 'CKOPT', 'SUT_CKSEL']
								: fields;
					if (reason.rule.startsWith('known-bad') || reason.rule.startsWith('clock-too')) continue;
					if (reason.rule === 'clock-slow') continue;
					assert.ok(
						related.some(name => rawField(chip, from, name) !== rawField(chip, to, name)),
						`${chip.id}: ${reason.rule} judges a change`,
					);
				}
			},
		),
		{numRuns: 3000},
	);
});

test('property: keeping any byte, however bad, is safe with every board and programmer', () => {
	fc.assert(
		fc.property(
			someChip.chain(chip => fc.tuple(fc.constant(chip), triple(chip), byte)),
			context,
			([chip, from, noise], known) => {
				// Absent bits may read as anything.
				const to = Object.fromEntries(
					fusesOf(chip).map(fuse => {
						const mask = chip.fuses[fuse]?.mask ?? 0;
						return [fuse, ((from[fuse] ?? 0) & mask) | (noise & ~mask & 0xff)];
					}),
				) as FuseBytes;
				assert.deepEqual(assessFuses(chip, from, to, known), {verdict: 'safe', reasons: []});
				assert.deepEqual(planFuseWrites(chip, from, to, known).writes, []);
			},
		),
		{numRuns: 1000},
	);
});

test('property: the own backup asks at most consent, unless it programs RSTDISBL or DWEN', () => {
	fc.assert(
		fc.property(
			someChip.chain(chip => fc.tuple(fc.constant(chip), triple(chip), triple(chip))),
			context,
			([chip, from, any], known) => {
				// A backup was read over ISP, so SPIEN is 0 in it.
				const place = fusesOf(chip).find(fuse =>
					chip.fuses[fuse]?.fields.some(field => field.name === 'SPIEN'),
				)!;
				const spien = chip.fuses[place]!.fields.find(field => field.name === 'SPIEN')!.mask;
				const to = {...any, [place]: (any[place] ?? 0xff) & ~spien & 0xff};
				const {verdict, reasons} = assessFuses(chip, from, to, {...known, ownBackup: true});
				const fatal = endsIsp(chip, from, to).filter(bit => bit !== 'CKSEL');
				assert.equal(verdict === 'refuse', fatal.length > 0, `${chip.id} ${fatal.join()}`);
				checkReasons({verdict, reasons}, chip.id);
			},
		),
		{numRuns: 1000},
	);
});

// ——— The published sets, row by row

/** Verdict for each published set on its own board with its own loader, everything judged as new. */
const rows: readonly (readonly [id: string, verdict: Verdict, rule?: string])[] = [
	['dfu_16u4_jtag_on', 'safe'],
	['dfu_32u4_jtag_on', 'safe'],
	['dfu_usb128_jtag_on', 'safe'],
	['dfu_16u4_jtag_off', 'safe'],
	['dfu_32u4_jtag_off', 'safe'],
	['dfu_usb128_jtag_off', 'safe'],
	['dfu_usb64_jtag_on', 'safe'],
	['dfu_usb64_jtag_off', 'safe'],
	['dfu_mega16u2_factory', 'safe'],
	['dfu_mega32u2_factory', 'safe'],
	['dfu_90usb162_factory', 'safe'],
	['dfu_32u2_WITH_QMK_U4_JTAG_VALUE', 'refuse', 'rstdisbl'],
	['uno_16u2', 'safe'],
	['promicro16_qmk', 'safe'],
	['promicro16_sparkfun', 'safe'],
	['promicro8_qmk', 'safe', 'bod-low'],
	['promicro8_sparkfun', 'safe', 'bod-low'],
	['lilypadusb_qmk', 'safe', 'bod-low'],
	['lilypadusb_arduino', 'safe', 'bod-low'],
	['leonardo_qmk', 'safe'],
	['leonardo_arduino', 'safe'],
	['astar_qmk', 'safe'],
	['astar_pololu', 'safe'],
	['astar_on_3v3', 'refuse', 'bod-above-supply'],
	['feather_qmk', 'safe'],
	['feather_adafruit', 'safe'],
	['itsy3v_qmk', 'safe'],
	['itsy5v_qmk', 'safe'],
	['promicro16_clone_4V3', 'safe'],
	['fiov3_sparkfun', 'safe', 'bod-low'],
	['ploopy_qmk_readme', 'refuse', 'known-bad-ploopy-readme'],
	['specskeys_qmk_readme', 'refuse', 'known-bad-specskeys-readme'],
	['dfu_on_promicro', 'safe'],
	['dfu_wrong_efuse_FB', 'consent', 'hwbe-unreachable'],
	['dfu_wrong_hfuse_D8', 'consent', 'bootrst-always-loader'],
	['caterina_wrong_hfuse_D9', 'consent', 'bootrst-unreachable'],
	['factory_32u4', 'safe'],
	['factory_32u4rc', 'safe'],
	['lufa_dfu_32u4', 'safe'],
	['qmk_dfu_32u4', 'safe'],
	['qmk_hid_32u4', 'safe'],
	['bootloadhid_m32a_qmk', 'safe', 'crystal-out-of-range'],
	['bootloadhid_m32a_16mhz', 'safe', 'crystal-out-of-range'],
	['bootloadhid_m32a_ckopt', 'safe'],
	['usbasploader_m32a', 'safe'],
	['usbasploader_m328p', 'safe'],
	['factory_m32a', 'safe', 'brown-out-off'],
	['factory_m328p', 'safe', 'brown-out-off'],
	['factory_t85', 'safe', 'brown-out-off'],
	['optiboot_uno', 'safe'],
	['nano_new', 'safe', 'bootsz-slide'],
	['nano_old', 'safe'],
	['promini_3v3', 'safe'],
	['mega2560', 'safe'],
	['mega1280', 'safe'],
	['diecimila168', 'safe'],
	['atmega8_ng', 'safe', 'brown-out-off'],
	['micronucleus_t85', 'safe'],
	['micronucleus_t85_rstdisbl', 'refuse', 'rstdisbl'],
	['trinket', 'safe'],
];

for (const [id, verdict, rule] of rows) {
	test(`published set ${id} is ${verdict}`, () => {
		const row = findRecommendation(id)!;
		const assessment = assessFuses(findChip(row.chip)!, undefined, row.fuses, {
			board: boardOf(id),
			bootloader: row.bootloader,
		});
		assert.equal(assessment.verdict, verdict);
		if (rule !== undefined) assert.ok(rules(assessment).includes(rule), rules(assessment).join());
		checkReasons(assessment, id);
		switch (row.verdict) {
			case 'ok':
				assert.equal(assessment.verdict, 'safe');
				break;
			case 'caution':
				assert.ok(
					assessment.verdict === 'consent' ||
						(assessment.verdict === 'safe' && assessment.reasons.length > 0),
				);
				break;
			case 'reject': {
				const undoable = ['dfu_wrong_efuse_FB', 'caterina_wrong_hfuse_D9'].includes(id);
				assert.equal(assessment.verdict, undoable ? 'consent' : 'refuse');
				break;
			}
		}
	});
}

test('the table holds all 60 published sets once', () => {
	assert.equal(recommendations.length, 60);
	assert.deepEqual(rows.map(([id]) => id).sort(), recommendations.map(({id}) => id).sort());
	assert.equal(recommendations.filter(row => row.verdict === 'ok').length, 40);
	for (const {id, source, chip, fuses, bootloader} of recommendations) {
		assert.ok(source.length > 3, id);
		const known = findChip(chip)!;
		assert.deepEqual(Object.keys(fuses), fusesOf(known), `${id} gives every byte of ${chip}`);
		assert.ok(
			['none', 'trinket'].includes(bootloader) || bootloaders.some(entry => entry.id === bootloader),
			id,
		);
	}
});

// ——— What the issue promises, and each rule once

test('0x99 on chips where it is RSTDISBL or DWEN is refused with the story', () => {
	for (const [id, bit] of [
		['at90usb162', 'RSTDISBL'],
		['at90usb82', 'RSTDISBL'],
		['atmega32u2', 'RSTDISBL'],
		['atmega328p', 'DWEN'],
		['atmega168', 'DWEN'],
	] as const) {
		const chip = findChip(id)!;
		const assessment = assessFuses(chip, undefined, {low: 0x5e, high: 0x99, extended: 0xf4});
		assert.equal(assessment.verdict, 'refuse', id);
		const reason = assessment.reasons.find(entry => entry.bit === bit);
		assert.match(reason?.text ?? '', /0x99 is the high fuse that guides give for the 16U4 and 32U4/, id);
	}
	const m8 = assessFuses(findChip('atmega8')!, undefined, {low: 0xe1, high: 0x99});
	assert.deepEqual(risks(m8), ['wdton']);
	assert.match(m8.reasons.find(reason => reason.bit === 'WDTON')?.text ?? '', /0x99/);
});

test('5E/D9/C3 on a 32U4 is safe, and so is a blank RC part on its way to Caterina', () => {
	assert.equal(assessFuses(u4, undefined, dfu).verdict, 'safe');
	for (const programmerMinSckHz of [undefined, 125_000]) {
		const known = programmerMinSckHz === undefined ? {} : {programmerMinSckHz};
		assert.deepEqual(assessFuses(u4, blankRc, {low: 0xff, high: 0xd8, extended: 0xcb}, known), {
			verdict: 'safe',
			reasons: [],
		});
	}
	const plain = {low: 0x5e, high: 0x99, extended: 0xf3};
	assert.equal(assessFuses(u4, plain, {low: 0xff, high: 0xd8, extended: 0xcb}).verdict, 'safe');
});

test('on a Pro Micro the change from Caterina to DFU asks for consent to hwbe, and says why', () => {
	const board = findBoard('promicro_5v')!;
	for (const known of [{board}, {board, bootloader: 'atmel-dfu'}]) {
		const assessment = assessFuses(u4, caterina, dfu, known);
		assert.equal(assessment.verdict, 'consent');
		assert.deepEqual(risks(assessment), ['hwbe']);
		const [reason] = assessment.reasons.filter(entry => entry.severity === 'consent');
		assert.match(reason?.text ?? '', /HWBE.*HWB low.*floating HWB/s);
	}
	assert.equal(assessFuses(u4, undefined, dfu, {board}).verdict, 'safe', 'as a state it is well');
	assert.deepEqual(risks(assessFuses(u4, caterina, dfu)), ['hwbe'], 'without a board too');
	const tied = {board: {...board, hwbPulledLow: true}, bootloader: 'atmel-dfu'};
	assert.equal(assessFuses(u4, caterina, dfu, tied).verdict, 'safe', 'with HWB tied low there is no doubt');
	const floating = {board: {...findBoard('bare_32u4')!, hwbPulledLow: false}};
	assert.deepEqual(risks(assessFuses(u4, blankRc, dfu, floating)), ['hwbe']);
	assert.equal(assessFuses(u4, blankRc, dfu, {board: findBoard('bare_32u4')!}).verdict, 'safe');
});

test('the readme sets are refused with their story, and the delivered RC setting is not', () => {
	const ploopy = assessFuses(u4, caterina, {low: 0x52, high: 0x99, extended: 0xcb});
	assert.equal(ploopy.verdict, 'refuse');
	assert.match(
		ploopy.reasons.find(reason => reason.severity === 'refuse')?.text ?? '',
		/Ploopy.*5E\/D9\/F3/s,
	);
	const specskeys = assessFuses(u4, dfu, {low: 0xd2, high: 0x98, extended: 0xff});
	assert.equal(specskeys.verdict, 'refuse');
	assert.ok(rules(specskeys).includes('known-bad-specskeys-readme'));
	assert.equal(assessFuses(u4, undefined, blankRc).verdict, 'safe');
	assert.equal(
		assessFuses(u4, undefined, blankRc, {bootloader: 'qmk-dfu'}).verdict,
		'refuse',
		'the same bits for a DFU loader are the readme again',
	);
});

test('a brown-out level is measured against the lower of board and programming supply', () => {
	const high = {low: 0xff, high: 0xd8, extended: 0xf8};
	const at = (known: FuseContext) => assessFuses(u4, caterina, high, known);
	const five = findBoard('promicro_5v')!;
	assert.equal(at({board: five}).verdict, 'safe');
	assert.equal(at({board: five, programmingVolts: 5}).verdict, 'safe');
	assert.equal(at({board: five, programmingVolts: 3.3}).verdict, 'refuse');
	assert.equal(at({board: five, programmingVolts: 4.5}).verdict, 'refuse', '4.3 is not below 4.5 - 0.2');
	assert.equal(at({board: findBoard('promicro_3v3')!}).verdict, 'refuse');
	assert.deepEqual(risks(at({})), ['brown-out-high']);
	assert.deepEqual(risks(at({board: five, programmingVolts: 3.3, ownBackup: true})), ['brown-out-high']);
	const off = assessFuses(u4, caterina, {...caterina, extended: 0xff});
	assert.equal(off.verdict, 'safe');
	assert.deepEqual(rules(off), ['brown-out-off']);
});

test('a clock that the named board does not have is refused, the internal one asks', () => {
	const board = findBoard('promicro_5v')!;
	const to = (low: number, known: FuseContext) => assessFuses(u4, caterina, {...caterina, low}, known);
	assert.deepEqual(rules(to(0xe0, {board})), ['clock-not-on-board'], 'external clock');
	assert.equal(to(0xe0, {board}).verdict, 'refuse');
	assert.equal(to(0xe4, {board}).verdict, 'refuse', 'watch crystal');
	assert.deepEqual(risks(to(0xe2, {board})), ['clock-source'], 'internal oscillator');
	assert.deepEqual(
		risks(to(0xe2, {board: findBoard('promicro_3v3')!})),
		['clock-source'],
		'8 MHz inside is not the 8 MHz crystal',
	);
	assert.deepEqual(risks(to(0xe0, {})), ['clock-source'], 'external clock, board unknown');
	assert.equal(to(0x5e, {board}).verdict, 'safe', 'another start-up time, divided');
	assert.deepEqual(risks(to(0xc9, {board})), ['clock-source'], '0.9 MHz range for a 16 MHz crystal');
	const digispark = findBoard('digispark')!;
	const t85 = findChip('attiny85')!;
	const pll = {low: 0xe1, high: 0xdd, extended: 0xfe};
	assert.equal(assessFuses(t85, pll, {...pll, low: 0xff}, {board: digispark}).verdict, 'refuse');
	assert.deepEqual(risks(assessFuses(t85, pll, {...pll, low: 0xe2}, {board: digispark})), ['clock-source']);
});

test('without a board a crystal is expected on USB chips and unverified on the others', () => {
	const m328p = findChip('atmega328p')!;
	const factoryM328p = {low: 0x62, high: 0xd9, extended: 0xff};
	const uno = {low: 0xff, high: 0xde, extended: 0xfd};
	assert.deepEqual(risks(assessFuses(m328p, factoryM328p, uno)), ['clock-unverified']);
	assert.equal(assessFuses(m328p, factoryM328p, uno, {board: findBoard('uno')!}).verdict, 'safe');
	assert.equal(assessFuses(u4, blankRc, {...blankRc, low: 0xff}).verdict, 'safe');
	assert.deepEqual(risks(assessFuses(u4, caterina, {...caterina, low: 0xe2})), ['clock-source']);
	assert.deepEqual(
		risks(assessFuses(m328p, uno, {...uno, low: 0xe2})),
		['clock-source'],
		'away from the crystal',
	);
	// Another start-up time of the crystal that runs already is no new clock.
	assert.equal(assessFuses(m328p, {...uno, low: 0xfe}, uno).verdict, 'safe');
});

test('a clock too slow for the programmer to come back is refused', () => {
	const t85 = findChip('attiny85')!;
	const from = {low: 0x62, high: 0xdf, extended: 0xff};
	// CKSEL 0100 is the 128 kHz oscillator; 32 kHz is the SCK limit, 4 kHz with CKDIV8.
	const slow = {...from, low: 0xe4};
	const slower = {...from, low: 0x64};
	const at = (to: FuseBytes, programmerMinSckHz?: number) =>
		assessFuses(t85, from, to, programmerMinSckHz === undefined ? {} : {programmerMinSckHz}).verdict;
	assert.equal(at(slow, 125_000), 'refuse', 'ArduinoISP');
	assert.equal(at(slow, 30_000), 'safe', 'Bus Pirate');
	assert.equal(at(slower, 30_000), 'refuse');
	assert.equal(at(slower, 4000), 'refuse', '4 kHz is not above 4 kHz');
	assert.equal(at(slower, 500), 'safe', 'USBasp');
	assert.equal(at(slow), 'consent', 'a programmer that nobody named');
	assert.deepEqual(rules(assessFuses(t85, from, slower, {programmerMinSckHz: 125_000}))[0], 'clock-too-slow');
	const board = findBoard('promicro_5v')!;
	assert.equal(
		assessFuses(u4, caterina, {...caterina, low: 0x7f}, {board, programmerMinSckHz: 125_000}).verdict,
		'safe',
		'16 MHz divided by 8 takes 500 kHz',
	);
});

test('the bits that ISP can undo ask for their own consent', () => {
	const to = (bytes: Partial<FuseBytes>) => risks(assessFuses(u4, caterina, {...caterina, ...bytes}));
	assert.deepEqual(to({high: 0xc8}), ['wdton']);
	assert.deepEqual(to({high: 0x58}), ['ocden']);
	assert.deepEqual(to({low: 0xbf}), ['ckout']);
	assert.deepEqual(to({high: 0x98}), ['jtag']);
	assert.deepEqual(to({high: 0xd0}), [], 'EESAVE is a note');
	assert.deepEqual(
		risks(assessFuses(u4, undefined, {low: 0x5e, high: 0x99, extended: 0xf3})),
		[],
		'JTAGEN as a state',
	);
	// Taking them back asks nothing.
	assert.deepEqual(risks(assessFuses(u4, {...caterina, high: 0x08}, caterina)), []);
});

test('a loader that could not start any more asks for consent', () => {
	const board = findBoard('promicro_5v')!;
	const leonardo = {board, bootloader: 'caterina'};
	assert.deepEqual(risks(assessFuses(u4, caterina, {...caterina, high: 0xd9}, leonardo)), ['bootrst']);
	assert.deepEqual(
		risks(assessFuses(u4, caterina, {...caterina, high: 0xd9})),
		['bootrst'],
		'loader unknown',
	);
	assert.deepEqual(risks(assessFuses(u4, dfu, {...dfu, extended: 0xfb}, {bootloader: 'atmel-dfu'})), [
		'hwbe',
	]);
	assert.deepEqual(risks(assessFuses(u4, dfu, {...dfu, high: 0xd8}, {bootloader: 'atmel-dfu'})), ['bootrst']);
	assert.deepEqual(
		risks(assessFuses(u4, dfu, {...dfu, high: 0xd8}, {bootloader: 'qmk-dfu'})),
		[],
		'it jumps on',
	);
	assert.deepEqual(risks(assessFuses(u4, caterina, {...caterina, high: 0xdc}, leonardo)), ['bootsz']);
	assert.deepEqual(risks(assessFuses(u4, caterina, {...caterina, high: 0xdc})), ['bootsz'], 'loader unknown');
	assert.deepEqual(risks(assessFuses(u4, caterina, {...caterina, high: 0xd9}, {bootloader: 'none'})), []);
});

test('the boot section must hold something when the reset is sent there', () => {
	const block = (byteAddress: number, bytes: number, value = 0x0c) =>
		({byteAddress, data: new Uint8Array(bytes).fill(value)}) as const;
	const at = (image: FuseContext['image'], known: FuseContext = {}) =>
		assessFuses(
			u4,
			blankRc,
			{low: 0xff, high: 0xd8, extended: 0xcb},
			{...known, ...(image === undefined ? {} : {image})},
		);
	assert.equal(at(createImage([block(0x7000, 4000)])).verdict, 'safe');
	assert.equal(at(createImage([block(0, 0x8000)])).verdict, 'safe', 'a full image');
	assert.deepEqual(risks(at(createImage([block(0, 4000)]))), ['bootrst'], 'an application alone');
	assert.deepEqual(
		risks(at(createImage([block(0, 4000), block(0x7000, 4096, 0xff)]))),
		['bootrst'],
		'0xff is nothing',
	);
	assert.deepEqual(risks(at(createImage([block(0x7e00, 512)]))), ['bootsz'], 'it slides up');
	const inside = assessFuses(
		u4,
		blankRc,
		{low: 0xff, high: 0xdc, extended: 0xcb},
		{bootloader: 'caterina', image: createImage([block(0x7000, 4096)])},
	);
	assert.deepEqual(rules(inside), ['bootsz-inside-loader']);
	// The Nano: Optiboot at 0x7e00 with BOOTSZ at 0x7800, as the vendor ships it.
	const m328p = findChip('atmega328p')!;
	const nano = {board: findBoard('nano_new')!, bootloader: 'optiboot'};
	const set = {low: 0xff, high: 0xda, extended: 0xfd};
	const optiboot = block(0x7e00, 512);
	const blank = {low: 0x62, high: 0xd9, extended: 0xff};
	const shipped = assessFuses(m328p, blank, set, {...nano, image: createImage([block(0, 4000), optiboot])});
	assert.deepEqual([shipped.verdict, rules(shipped)], ['safe', ['bootsz-slide']]);
	const overrun = assessFuses(m328p, blank, set, {...nano, image: createImage([block(0, 0x7a00), optiboot])});
	assert.deepEqual([risks(overrun), rules(overrun)], [['bootsz'], ['bootsz-in-application']]);
});

test('every board of the catalogue takes its own recommended fuses without being refused', () => {
	for (const board of boards) {
		for (const bootloader of board.bootloaders) {
			const row = recommendedFuses(board, bootloader);
			if (row === undefined) {
				assert.equal(bootloader, 'halfkay', `${board.id} ${bootloader} has a published set`);
				continue;
			}
			const chip = findChip(board.chip)!;
			const assessment = assessFuses(chip, factory(chip), row.fuses, {board, bootloader});
			assert.notEqual(assessment.verdict, 'refuse', `${board.id} ${bootloader}`);
			assert.equal(row.chip, board.chip);
		}
	}
	assert.equal(recommendedFuses(findBoard('teensy_2')!), undefined);
	assert.equal(recommendedFuses(findBoard('proton_c')!), undefined);
	assert.equal(recommendedFuses(findBoard('teensy_2')!, 'qmk-dfu')?.id, 'qmk_dfu_32u4');
	assert.equal(recommendedFuses(findBoard('promicro_5v')!, 'atmel-dfu')?.id, 'dfu_32u4_jtag_off');
	assert.equal(recommendedFuses(findBoard('bare_usb1286')!, 'qmk-dfu')?.id, 'dfu_usb128_jtag_off');
});

test('lock bits: LB and BLB0 always ask, BLB1 is a note', () => {
	assert.deepEqual(assessLock(u4, 0xff, 0xff), {verdict: 'safe', reasons: []});
	assert.equal(assessLock(u4, 0xff, 0xef).verdict, 'safe');
	for (const lock of [0xfe, 0xfc, 0xec, 0xfb, 0xf3, 0xf7])
		assert.deepEqual(new Set(risks(assessLock(u4, 0xff, lock))), new Set(['lock-bits']), String(lock));
	assert.ok(rules(assessLock(u4, 0xec, 0xff)).includes('lock-needs-erase'));
});

// ——— The plan

test('the plan writes extended, high, low, and only what differs under the mask', () => {
	const {writes, assessment} = planFuseWrites(u4, blankRc, caterina);
	assert.deepEqual(
		writes.map(({fuse, value}) => [fuse, value]),
		[
			['high', 0xd8],
			['low', 0xff],
		],
		'CB and FB are one setting',
	);
	assert.equal(assessment.verdict, 'safe');
	assert.deepEqual(
		writes.flatMap(write => write.bits.map(bit => [bit.name, bit.before, bit.after])),
		[
			['JTAGEN', true, false],
			['BOOTRST', false, true],
			['CKDIV8', true, false],
			['SUT1', true, false],
			['CKSEL3', true, false],
			['CKSEL2', true, false],
			['CKSEL0', true, false],
		],
	);
	for (const bit of writes.flatMap(write => write.bits)) {
		assert.ok(bit.why.length > 10 && bit.ifWrong.length > 5, bit.name);
		assert.notEqual(bit.meaningBefore, bit.meaningAfter, bit.name);
	}
	assert.deepEqual(
		planFuseWrites(u4, caterina, dfu).writes.map(write => write.fuse),
		['extended', 'high', 'low'],
	);
});

test('a pulled cable must not leave a known bad set: the plan takes another order', () => {
	// Extended first would make 52/99/CB, the Ploopy readme, of a part that came with HWBE on.
	const from = {low: 0x52, high: 0x99, extended: 0xf3};
	const {writes, prefixes, assessment} = planFuseWrites(u4, from, caterina);
	assert.notEqual(writes[0]?.fuse, 'extended');
	assert.notEqual(assessment.verdict, 'refuse');
	for (const prefix of prefixes) assert.notEqual(prefix.assessment.verdict, 'refuse');
});

test('property: a plan that is not refused has no refused prefix and ends at what was wanted', () => {
	fc.assert(
		fc.property(
			someChip.chain(chip => fc.tuple(fc.constant(chip), triple(chip), triple(chip))),
			context,
			([chip, from, to], known) => {
				const {writes, prefixes, assessment} = planFuseWrites(chip, from, to, known);
				let held = from;
				writes.forEach((write, index) => {
					held = {...held, [write.fuse]: write.value};
					assert.equal(write.value | (chip.fuses[write.fuse]?.mask ?? 0), 0xff);
					assert.ok(write.bits.length > 0);
					assert.ok(unchanged(chip, held, prefixes[index]!.fuses));
					if (assessment.verdict !== 'refuse')
						assert.deepEqual(endsIsp(chip, from, held), [], `${chip.id} after ${write.fuse}`);
				});
				assert.ok(unchanged(chip, held, to));
				if (endsIsp(chip, from, to).length > 0) assert.equal(assessment.verdict, 'refuse');
			},
		),
		{numRuns: 500},
	);
});

test('the switch between Caterina and DFU is a plan of its own, both ways', () => {
	const board = findBoard('promicro_5v')!;
	const there = planLoaderSwitch(u4, board, caterina, 'atmel-dfu')!;
	assert.equal(there.recommendation, 'dfu_32u4_jtag_off');
	assert.deepEqual(
		there.plan.writes.map(write => [write.fuse, write.value]),
		[
			['extended', 0xf3],
			['high', 0xd9],
			['low', 0x5e],
		],
	);
	assert.deepEqual(risks(there.plan.assessment), ['hwbe']);
	assert.ok(there.steps.length >= 4 && there.afterwards.length >= 2);
	const back = planLoaderSwitch(u4, board, dfu, 'caterina', {}, 'atmel-dfu')!;
	assert.equal(back.recommendation, 'promicro16_qmk');
	assert.equal(back.plan.assessment.verdict, 'safe');
	assert.equal(planLoaderSwitch(u4, board, caterina, 'halfkay'), undefined);
});

test('the erase says what happens to the EEPROM', () => {
	assert.equal(eepromAtErase(u4, caterina).survives, false);
	assert.match(eepromAtErase(u4, caterina).text, /EESAVE.*VIA/s);
	assert.equal(eepromAtErase(u4, {...caterina, high: 0xd0}).survives, true);
	assert.equal(eepromAtErase(findChip('attiny13')!, {low: 0x2a, high: 0xff}).survives, true);
});
