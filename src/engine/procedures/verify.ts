// Reading the flash back and comparing it.
import {hexAddress, isBlank, sameBytes} from '../bytes.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import {type MemoryName, UnbrickError} from '../errors.ts';
import {bootSection} from '../fuses/decode.ts';
import {type ByteRange, createImage, type MemoryImage} from '../image/memory-image.ts';
import {pagesOf} from '../isp/isp-target.ts';
import type {FuseBytes, Memory, Target} from '../target.ts';
import {type AddressProbe, addressProbes} from './address-bits.ts';
import {readAgreed} from './backup.ts';
import type {RecoverEvent} from './events.ts';
import type {RecoveryPlan} from './plan.ts';
import {streaming} from './streaming.ts';

/** Readings that must agree with the image before a page that read wrong once counts as right. */
export const confirmReadings = 2;

/** Pages rewritten one by one in a round; more are not a stray fault but a bad link. */
const repairedPagesAtMost = 8;

/** Bytes looked at in a page that was skipped as blank after a proven erase (all of it with `full`). */
const blankSampleBytes = 2;

/** Largest piece that verification reads at once; progress and cancel live between pieces. */
const verifyBlockBytes = 4_096;

/** Passes of verification until one is without any doubt. */
const doubtPassesAtMost = 4;

/**
 * What verification reads by default: each page sent, the boot section, a sample of each page skipped as blank.
 * @param gapBytes a gap up to this long is read along rather than left out
 */
function stretches(
	plan: RecoveryPlan,
	image: MemoryImage,
	fuses: FuseBytes,
	gapBytes: number,
): readonly ByteRange[] {
	const {chip} = plan;
	const {bytes, pageBytes} = chip.flash;
	const boot = bootSection(chip, fuses)?.startByteAddress ?? bytes;
	const list: ByteRange[] = [];
	for (let page = 0; page < bytes; page += pageBytes) {
		const touched = image.touches({start: page, end: page + pageBytes});
		const inBoot = plan.erase && page >= boot;
		if (!touched && !inBoot) continue;
		const skipped = plan.erase && touched && !inBoot && isBlank(image.slice(page, pageBytes));
		const before = list.at(-1);
		// Beside a page that is read anyhow its border; else another place in each page, so that all data lines and
		// offsets come up.
		const beside = before?.end === page;
		const offset = skipped && !beside ? ((page / pageBytes) * 6) % (pageBytes - blankSampleBytes) : 0;
		const range = skipped
			? {start: page + offset, end: page + offset + blankSampleBytes}
			: {start: page, end: page + pageBytes};
		if (before !== undefined && range.start - before.end <= gapBytes)
			list[list.length - 1] = {start: before.start, end: range.end};
		else list.push(range);
	}
	return list;
}

/** The same in pieces that progress and cancel can live with. */
function split(list: readonly ByteRange[]): readonly ByteRange[] {
	return list.flatMap(range => {
		const pieces: ByteRange[] = [];
		for (let start = range.start; start < range.end; ) {
			const end = Math.min(range.end, start - (start % verifyBlockBytes) + verifyBlockBytes);
			pieces.push({start, end});
			start = end;
		}
		return pieces;
	});
}

/**
 * Reads back and compares. A byte that differs once is read again: a disturbed reading is told from a bad write, and
 * after any doubt everything is read a second time. Bits that only still have to be cleared are written again, page
 * by page. Returns the bytes compared. Throws VerifyMismatch.
 */
export async function* verifyFlash(
	plan: RecoveryPlan,
	target: Target,
	what: {readonly image: MemoryImage; readonly fuses: FuseBytes; readonly everything: boolean},
	stop: Cancel,
	abandon: () => void,
	onDoubt: () => void = () => {},
): AsyncGenerator<RecoverEvent, number> {
	const {chip} = plan;
	const {image} = what;
	const {pageBytes} = chip.flash;
	let everything = plan.verify === 'full' || (what.everything && plan.erase);
	let repaired = 0;
	/** After an erase every byte is known; else only those of the image. */
	const differences = (byteAddress: number, data: Uint8Array): readonly number[] => {
		const wrong: number[] = [];
		for (let index = 0; index < data.length; index++) {
			const expected = image.at(byteAddress + index) ?? (plan.erase ? 0xff : undefined);
			if (expected !== undefined && data[index] !== expected) wrong.push(byteAddress + index);
		}
		return wrong;
	};
	const settlePage = async (page: number): Promise<'misread' | 'repaired'> => {
		for (let attempt = 0; attempt < 2; attempt++) {
			let agreeing = 0;
			let wrong: readonly number[] = [];
			let data = new Uint8Array(0);
			for (let reading = 0; reading < confirmReadings; reading++) {
				data = new Uint8Array(await target.readRange('flash', page, pageBytes));
				const now = differences(page, data);
				if (now.length === 0) agreeing++;
				else wrong = now;
			}
			if (agreeing === confirmReadings) return attempt === 0 ? 'misread' : 'repaired';
			const expected = (at: number) => image.at(at) ?? 0xff;
			const clearable = wrong.every(at => (data[at - page]! & expected(at)) === expected(at));
			if (attempt === 1 || !clearable || repaired >= repairedPagesAtMost) {
				const at = wrong[0]!;
				throw new UnbrickError({
					kind: 'VerifyMismatch',
					memory: 'flash',
					byteAddress: at,
					expected: expected(at),
					got: data[at - page]!,
					differingBytes: wrong.length,
					...(image.at(at) === undefined ? {unwritten: 'erased'} : {}),
				});
			}
			repaired++;
			// What did not arrive here may have arrived elsewhere.
			everything ||= plan.erase;
			await target.writeImage(createImage([{byteAddress: page, data: image.slice(page, pageBytes)}]));
		}
		throw new UnbrickError({kind: 'Bug', assumed: 'a page is settled after two tries'});
	};
	for (let pass = 1; ; pass++) {
		const ranges = everything
			? [{start: 0, end: chip.flash.bytes}]
			: stretches(plan, image, what.fuses, target.gapBytes ?? 0);
		const pieces = split(ranges);
		const total = pieces.reduce((sum, range) => sum + range.end - range.start, 0);
		let doubts = 0;
		let done = 0;
		for (const range of pieces) {
			if (stop.requested) throw new UnbrickError({kind: 'Cancelled', during: 'verify'});
			const before = done;
			const data = yield* streaming<RecoverEvent, Uint8Array>(
				emit =>
					target.readRange('flash', range.start, range.end - range.start, {
						onProgress: bytes =>
							emit({type: 'progress', phase: 'verify', doneBytes: before + bytes, totalBytes: total}),
					}),
				abandon,
			);
			done += data.length;
			const pages = new Set(differences(range.start, data).map(at => at - (at % pageBytes)));
			for (const page of pages) {
				doubts++;
				onDoubt();
				const how = await settlePage(page);
				yield {
					type: 'warning',
					code: how === 'misread' ? 'misread' : 'page-repaired',
					message:
						how === 'misread'
							? `The page at ${hexAddress(page)} read wrong once and right twice.`
							: `The page at ${hexAddress(page)} had to be written again.`,
				};
			}
		}
		// Without an erase all that is known of the flash was compared just now.
		const probes = plan.erase ? addressProbes(image, chip, ranges) : [];
		for (const {byteAddress} of await misreadProbes(target, probes)) {
			doubts++;
			onDoubt();
			yield {
				type: 'warning',
				code: 'misread',
				message: `The byte at ${hexAddress(byteAddress)} read wrong once and right twice.`,
			};
		}
		if (doubts === 0) return total;
		if (pass === doubtPassesAtMost) {
			throw new UnbrickError({kind: 'UnstableLink', what: 'flash', got: [], candidates: []});
		}
	}
}

/**
 * Reads one byte for each address bit and compares; what differs is read again. Returns those that read wrong once.
 * @throws UnbrickError VerifyMismatch
 */
async function misreadProbes(
	target: Target,
	probes: readonly AddressProbe[],
): Promise<readonly AddressProbe[]> {
	const read = async (some: readonly AddressProbe[]): Promise<Uint8Array> => {
		if (some.length === 0) return new Uint8Array(0);
		const addresses = some.map(({byteAddress}) => byteAddress);
		if (target.readFlashBytes !== undefined) return await target.readFlashBytes(addresses);
		const bytes = [];
		for (const at of addresses) bytes.push((await target.readRange('flash', at, 1))[0]!);
		return Uint8Array.from(bytes);
	};
	const wrongOf = (some: readonly AddressProbe[], got: Uint8Array) =>
		some.filter(({expected}, index) => got[index] !== expected);
	const doubtful = wrongOf(probes, await read(probes));
	for (let reading = 0; reading < confirmReadings; reading++) {
		const got = await read(doubtful);
		const [wrong] = wrongOf(doubtful, got);
		if (wrong === undefined) continue;
		const {byteAddress, expected, written, writtenTo} = wrong;
		const is = got[doubtful.indexOf(wrong)]!;
		throw new UnbrickError({
			kind: 'VerifyMismatch',
			memory: 'flash',
			byteAddress,
			expected,
			got: is,
			differingBytes: 1,
			unwritten: 'erased',
			...(is === written ? {writtenTo} : {}),
		});
	}
	return doubtful;
}

/** The first difference of two equally long stretches, as an error. */
export function mismatch(
	memory: MemoryName & Memory,
	start: number,
	expected: Uint8Array,
	got: Uint8Array,
	unwritten?: 'before',
): UnbrickError {
	const at = expected.findIndex((byte, index) => byte !== got[index]);
	return new UnbrickError({
		kind: 'VerifyMismatch',
		memory,
		byteAddress: start + at,
		expected: expected[at] ?? 0xff,
		got: got[at] ?? 0xff,
		differingBytes: expected.filter((byte, index) => byte !== got[index]).length,
		...(unwritten === undefined ? {} : {unwritten}),
	});
}

/** After leaving and entering: the first and last page of the image that is not blank and the start of the boot section once more. */
export async function sampleAgain(
	target: Target,
	chip: Chip,
	image: MemoryImage,
	erased: boolean,
	fuses: FuseBytes,
	unwritten?: 'before',
): Promise<void> {
	const {pageBytes} = chip.flash;
	const section = bootSection(chip, fuses);
	const written = pagesOf(image, pageBytes).filter(page => !isBlank(image.slice(page, pageBytes)));
	const pages = new Set([written[0] ?? 0, written.at(-1) ?? 0]);
	if (erased && section !== null) {
		pages.add(section.startByteAddress - (section.startByteAddress % pageBytes));
	}
	for (const page of pages) {
		const compare = (data: Uint8Array) =>
			Uint8Array.from(data, (byte, index) => image.at(page + index) ?? (erased ? 0xff : byte));
		let data = await target.readRange('flash', page, pageBytes);
		if (!sameBytes(compare(data), data)) data = await readAgreed(target, 'flash', page, pageBytes);
		if (!sameBytes(compare(data), data)) throw mismatch('flash', page, compare(data), data, unwritten);
	}
}
