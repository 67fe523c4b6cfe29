// A store that forgets: for the practice bench and for tests. Its receipts are true of what it holds.
import {sha256} from '@noble/hashes/sha2.js';
import {hexString} from '../engine/bytes.ts';
import type {Clock} from '../engine/clock.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {Store} from '../engine/store.ts';

/** UTF-8, by RFC 3629; lone surrogates become U+FFFD. */
function utf8(text: string): Uint8Array {
	const bytes: number[] = [];
	for (const character of text) {
		let point = character.codePointAt(0) ?? 0xfffd;
		if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
		if (point < 0x80) bytes.push(point);
		else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
		else if (point < 0x10000) {
			bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
		} else {
			bytes.push(
				0xf0 | (point >> 18),
				0x80 | ((point >> 12) & 0x3f),
				0x80 | ((point >> 6) & 0x3f),
				0x80 | (point & 0x3f),
			);
		}
	}
	return Uint8Array.from(bytes);
}

// Practice begins at a fixed moment, so that a run can be compared with itself.
const startMs = 1_735_689_600_000; // 2025-01-01T00:00:00Z

/** `backup.json`, 2 -> `backup-2.json` */
function numbered(name: string, number: number): string {
	return name.replace(/(\.[^.]*)?$/, `-${number}$1`);
}

/** @returns a store and the files in it, by path */
export function createMemoryStore(clock: Clock): Store & {readonly files: ReadonlyMap<string, string>} {
	const files = new Map<string, string>();
	return {
		files,
		async writeDurably(name, text, taken = 'replace') {
			let path = name;
			const old = files.get(name);
			let other = name;
			for (let number = 2; files.has(other); number++) other = numbered(name, number);
			if (taken === 'new-name') path = other;
			else if (taken === 'set-aside' && old !== undefined) files.set(other, old);
			files.set(path, text);
			const bytes = utf8(files.get(path) ?? '');
			return {path, bytes: bytes.length, sha256: hexString(sha256(bytes))};
		},
		readText: async path => files.get(path),
		async remove(path) {
			files.delete(path);
		},
		list: async prefix => [...files.keys()].filter(name => name.startsWith(prefix)).sort(),
		async appendLine(path, line, there) {
			// A line that was cut off must not swallow the next one.
			const before = files.get(path) ?? '';
			if (there === 'must-be' && before === '')
				throw new UnbrickError({kind: 'NotSaved', file: path, reason: 'it is gone'});
			files.set(path, `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`);
		},
		nowIso: () => new Date(startMs + clock.nowMs()).toISOString(),
	};
}
