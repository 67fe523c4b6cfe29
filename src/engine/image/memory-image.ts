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
	/** Index of the first block that ends after the address; blocks.length when none does. */
	const firstFrom = (byteAddress: number) => {
		let low = 0;
		let high = blocks.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const {start, data} = blocks[middle]!;
			if (start + data.length <= byteAddress) low = middle + 1;
			else high = middle;
		}
		return low;
	};
	const lastBlock = blocks.at(-1);
	return {
		ranges: blocks.map(block => ({start: block.start, end: block.start + block.data.length})),
		byteCount: blocks.reduce((sum, block) => sum + block.data.length, 0),
		start: blocks[0]?.start ?? 0,
		end: lastBlock === undefined ? 0 : lastBlock.start + lastBlock.data.length,
		at(byteAddress) {
			const block = blocks[firstFrom(byteAddress)];
			// Before the block the offset is negative: not present either.
			return block?.data[byteAddress - block.start];
		},
		slice(byteAddress, length, fill = 0xff) {
			const bytes = new Uint8Array(length).fill(fill);
			const end = byteAddress + length;
			for (let index = firstFrom(byteAddress); index < blocks.length && blocks[index]!.start < end; index++) {
				const {start, data} = blocks[index]!;
				const from = Math.max(byteAddress, start);
				const to = Math.min(end, start + data.length);
				bytes.set(data.subarray(from - start, to - start), from - byteAddress);
			}
			return bytes;
		},
		touches(range) {
			const block = blocks[firstFrom(range.start)];
			return block !== undefined && block.start < range.end;
		},
	};
}
