// A sparse memory image: which byte stands where, and which addresses nobody spoke of.

/** A half-open range of byte addresses. */
export type ByteRange = {readonly start: number; readonly end: number};

/**
 * Bytes by byte address with a presence mask. 0xff in a file is a byte like any other; "not present" is
 * something else and is never told by comparing with 0xff.
 */
export type MemoryImage = {
	/** Ranges present, rising, not touching. */
	readonly ranges: readonly ByteRange[];
	/** Bytes present. */
	readonly byteCount: number;
	/** First and one-past-last address; 0 and 0 when empty. */
	readonly start: number;
	readonly end: number;
	/** The byte at an address, or undefined when not present. */
	readonly at: (byteAddress: number) => number | undefined;
	/** `length` bytes from `byteAddress`, gaps filled with `fill` (0xff unless told). */
	readonly slice: (byteAddress: number, length: number, fill?: number) => Uint8Array;
	/** True when any byte of the range is present. */
	readonly touches: (range: ByteRange) => boolean;
};

/**
 * An image out of chunks in any order; chunks may overlap when they agree. Time grows with the bytes given.
 * Throws RangeError when two chunks contradict each other (merge.ts and intel-hex.ts report that with a name
 * and a line).
 */
export function createImage(
	chunks: Iterable<{readonly byteAddress: number; readonly data: Uint8Array}>,
): MemoryImage {
	const sorted = [...chunks]
		.filter(chunk => chunk.data.length > 0)
		.sort((a, b) => a.byteAddress - b.byteAddress);
	const spans: {start: number; end: number}[] = [];
	for (const {byteAddress, data} of sorted) {
		const last = spans.at(-1);
		const end = byteAddress + data.length;
		if (last === undefined || byteAddress > last.end) spans.push({start: byteAddress, end});
		else last.end = Math.max(last.end, end);
	}
	const blocks = spans.map(span => ({start: span.start, data: new Uint8Array(span.end - span.start)}));
	let block = -1;
	let filledTo = 0;
	for (const {byteAddress, data} of sorted) {
		if (block < 0 || byteAddress >= spans[block]!.end) {
			block++;
			filledTo = byteAddress;
		}
		const {start, data: bytes} = blocks[block]!;
		const known = Math.min(data.length, filledTo - byteAddress);
		for (let index = 0; index < known; index++) {
			if (bytes[byteAddress - start + index] !== data[index]) {
				throw new RangeError(`two different bytes at ${byteAddress + index}`);
			}
		}
		bytes.set(data, byteAddress - start);
		filledTo = Math.max(filledTo, byteAddress + data.length);
	}
	const find = (byteAddress: number) => {
		let low = 0;
		let high = blocks.length - 1;
		while (low <= high) {
			const middle = (low + high) >> 1;
			const block = blocks[middle]!;
			if (byteAddress < block.start) high = middle - 1;
			else if (byteAddress >= block.start + block.data.length) low = middle + 1;
			else return block;
		}
		return undefined;
	};
	const lastBlock = blocks.at(-1);
	return {
		ranges: blocks.map(block => ({start: block.start, end: block.start + block.data.length})),
		byteCount: blocks.reduce((sum, block) => sum + block.data.length, 0),
		start: blocks[0]?.start ?? 0,
		end: lastBlock === undefined ? 0 : lastBlock.start + lastBlock.data.length,
		at(byteAddress) {
			const block = find(byteAddress);
			return block?.data[byteAddress - block.start];
		},
		slice(byteAddress, length, fill = 0xff) {
			const bytes = new Uint8Array(length).fill(fill);
			for (const block of blocks) {
				const from = Math.max(byteAddress, block.start);
				const to = Math.min(byteAddress + length, block.start + block.data.length);
				if (from < to)
					bytes.set(block.data.subarray(from - block.start, to - block.start), from - byteAddress);
			}
			return bytes;
		},
		touches: range =>
			blocks.some(block => block.start < range.end && block.start + block.data.length > range.start),
	};
}
