// Files that a person names: read with a limit, written whole or not at all.
import {randomBytes} from 'node:crypto';
import {constants, type FileHandle, open, realpath, rename, stat, unlink} from 'node:fs/promises';
import path from 'node:path';
import {TextDecoder} from 'node:util';
import {createEnds, type Ends} from '../engine/diagnose/ends.ts';
import {UnbrickError} from '../engine/errors.ts';
import {messageOf} from './system-errors.ts';

/**
 * No file that belongs here is larger: the HEX of a full 256 KB flash takes 0.7 MB, a backup of it 0.8 MB, both
 * twice that in UTF-16.
 */
export const largestInputBytes = 4 * 1024 * 1024;

/**
 * Reads a file whole. A person may name a pipe, too; `plain` is for files that were found or are named by other files:
 * nothing but an ordinary file is read, and nothing waits for a writer.
 * @throws UnbrickError BadHex when it is missing, no file, may not be read, or is larger than `maxBytes`
 */
export async function readFileBytes(
	file: string,
	maxBytes: number = largestInputBytes,
	kind: 'any' | 'plain' = 'any',
): Promise<Uint8Array> {
	const fail = (reason: string, cause?: unknown): never => {
		throw new UnbrickError({kind: 'BadHex', file, reason}, cause === undefined ? undefined : {cause});
	};
	let handle: FileHandle | undefined;
	try {
		handle = await open(file, kind === 'any' ? 'r' : constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
		const found = await handle.stat();
		if (found.isDirectory()) return fail('this is a folder, not a file');
		if (kind === 'plain' && !found.isFile()) return fail('this is no ordinary file');
		// Devices and pipes tell no size: read until it is too much.
		const pieces: Buffer[] = [];
		let bytes = 0;
		for (;;) {
			const {bytesRead, buffer} = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
			if (bytesRead === 0) break;
			bytes += bytesRead;
			if (bytes > maxBytes) return fail(`it is larger than ${formatLimit(maxBytes)}`);
			pieces.push(buffer.subarray(0, bytesRead));
		}
		return new Uint8Array(Buffer.concat(pieces));
	} catch (error) {
		if (error instanceof UnbrickError) throw error;
		return fail(reasonOf(error), error);
	} finally {
		await handle?.close();
	}
}

/** As `readFileBytes`, decoded as UTF-8. */
export async function readFileText(
	file: string,
	maxBytes: number = largestInputBytes,
	kind: 'any' | 'plain' = 'any',
): Promise<string> {
	return Buffer.from(await readFileBytes(file, maxBytes, kind)).toString('utf8');
}

/** Logs of any length are read to this many characters, first and last halves kept. Source: issue text of the diagnosis. */
export const logChars = 16 * 1024 * 1024;

/**
 * A log, whole or its first and last part. UTF-8, or UTF-16 (as Windows shells redirect) by its mark.
 * @throws UnbrickError BadHex when it is missing, no file or may not be read
 */
export async function readLogFile(file: string, maxChars: number = logChars): Promise<Ends> {
	const fail = (reason: string, cause?: unknown): never => {
		throw new UnbrickError({kind: 'BadHex', file, reason}, cause === undefined ? undefined : {cause});
	};
	let handle: FileHandle | undefined;
	try {
		handle = await open(file, 'r');
		if ((await handle.stat()).isDirectory()) return fail('this is a folder, not a file');
		const reader = createLogReader(maxChars);
		const buffer = Buffer.alloc(64 * 1024);
		for (;;) {
			const {bytesRead} = await handle.read(buffer, 0, buffer.length, null);
			if (bytesRead === 0) break;
			reader.push(buffer.subarray(0, bytesRead));
		}
		return reader.end();
	} catch (error) {
		if (error instanceof UnbrickError) throw error;
		return fail(reasonOf(error), error);
	} finally {
		await handle?.close();
	}
}

/** The same of standard input. */
export async function readLogStdin(maxChars: number = logChars): Promise<Ends> {
	const reader = createLogReader(maxChars);
	for await (const piece of process.stdin as AsyncIterable<Buffer>) reader.push(piece);
	return reader.end();
}

function createLogReader(maxChars: number) {
	const ends = createEnds(maxChars);
	let decoder: TextDecoder | undefined;
	let first: Uint8Array = new Uint8Array(0);
	const decode = (bytes: Uint8Array) => {
		decoder ??= new TextDecoder(encodingOf(bytes));
		ends.push(decoder.decode(bytes, {stream: true}));
	};
	return {
		push(bytes: Uint8Array): void {
			if (decoder !== undefined) {
				decode(bytes);
				return;
			}
			// Pipes may hand over the mark byte by byte.
			first = Buffer.concat([first, bytes]);
			if (first.length >= 2) decode(first);
		},
		end(): Ends {
			if (decoder === undefined) decode(first);
			ends.push(decoder?.decode() ?? '');
			return ends.end();
		},
	};
}

function encodingOf(bytes: Uint8Array): string {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
	return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/**
 * Writes a file whole or not at all: beside it, synced, then renamed into place. What stood there stays until
 * then. Devices and pipes (`/dev/stdout`) are written to directly.
 * @throws Error naming the file and the system's reason
 */
export async function writeFileText(file: string, content: string | Uint8Array): Promise<void> {
	let beside: string | undefined;
	try {
		const target = await realpath(file).catch(() => path.resolve(file));
		const there = await stat(target).catch(() => undefined);
		if (there?.isDirectory() === true) throw new Error('this is a folder');
		if (there !== undefined && !there.isFile()) {
			const handle = await open(target, 'w');
			try {
				await handle.writeFile(content);
			} finally {
				await handle.close();
			}
			return;
		}
		beside = `${target}.${randomBytes(6).toString('hex')}.tmp`;
		const handle = await open(beside, 'wx', there?.mode ?? 0o666);
		try {
			await handle.writeFile(content);
			await handle.sync();
		} finally {
			await handle.close();
		}
		await rename(beside, target);
	} catch (error) {
		if (beside !== undefined) await unlink(beside).catch(() => {});
		throw new Error(`Cannot write ${file}: ${reasonOf(error)}`, {cause: error});
	}
}

/** True when both names lead to the same file. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
	const [one, other] = await Promise.all([a, b].map(file => stat(file).catch(() => undefined)));
	return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

/** A file system error in words. */
export function reasonOf(error: unknown): string {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	switch (code) {
		case 'ENOENT':
			return 'it is not there';
		case 'ENOTDIR':
			return 'a part of its path is no folder';
		case 'EACCES':
		case 'EPERM':
			return 'this user may not';
		case 'EISDIR':
			return 'this is a folder, not a file';
		case 'ENOSPC':
			return 'the disk is full';
		case 'ELOOP':
			return 'a link stands in its place';
		case 'EROFS':
			return 'the disk cannot be written to';
		default:
			return messageOf(error);
	}
}

function formatLimit(bytes: number): string {
	return bytes >= 1024 * 1024 ? `${Math.round(bytes / (1024 * 1024))} MB` : `${Math.round(bytes / 1024)} KB`;
}
