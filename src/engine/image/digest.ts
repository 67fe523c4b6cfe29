// Checksums that know a memory image, not the text it came in: line ends and record lengths do not matter.
import {sha256} from '@noble/hashes/sha2.js';
import {utf8ToBytes} from '@noble/hashes/utils.js';
import {hexString} from '../bytes.ts';
import type {MemoryImage} from './memory-image.ts';

/** No AVR that is programmed over ISP has more than 256 KB; what spans more is no image of one. */
const longestSpanBytes = 0x40_0000;

/** SHA-256 of bytes, lower-case hex. */
export function sha256OfBytes(bytes: Uint8Array): string {
	return hexString(sha256(bytes));
}

/** SHA-256 of text as UTF-8, lower-case hex. */
export function sha256OfText(text: string): string {
	return hexString(sha256(utf8ToBytes(text)));
}

/**
 * SHA-256 of the bytes from the first to the last address, gaps as 0xff: the `imageSha256` of the catalogue.
 * Undefined for an empty image and for one that spans more than any of our chips.
 */
export function imageSha256(image: MemoryImage): string | undefined {
	const span = image.end - image.start;
	if (span === 0 || span > longestSpanBytes) return undefined;
	return sha256OfBytes(image.slice(image.start, span));
}
