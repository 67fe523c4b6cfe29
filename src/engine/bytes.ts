// Bytes and numbers as the field writes them: bytes as two lower-case digits, addresses as four or more.

/** `0x1e`: a byte, two lower-case digits. */
export function hexByte(value: number): string {
	return `0x${value.toString(16).padStart(2, '0')}`;
}

/** `0x7000`: an address, at least four lower-case digits. */
export function hexAddress(value: number): string {
	return `0x${value.toString(16).padStart(4, '0')}`;
}

/** `1e9587`: bytes without separators, as signatures are printed. */
export function hexString(bytes: ArrayLike<number>): string {
	return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** `1E 95 87`: bytes for a person to read. */
export function hexDump(bytes: ArrayLike<number>): string {
	return Array.from(bytes, byte => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
}

/** True when both hold the same bytes. */
export function sameBytes(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}

/** True when every byte is 0xff, the erased state. Also true for no bytes. */
export function isBlank(bytes: ArrayLike<number>): boolean {
	for (let index = 0; index < bytes.length; index++) if (bytes[index] !== 0xff) return false;
	return true;
}

/** One array out of several. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
	const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		joined.set(part, offset);
		offset += part.length;
	}
	return joined;
}
