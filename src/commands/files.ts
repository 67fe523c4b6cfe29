// Files named on the command line. What cannot be read is one sentence and exit 2.
import {join, resolve} from 'node:path';
import {type ParsedHex, parseIntelHex} from '../engine/image/intel-hex.ts';
import {readFileBytes, writeFileText} from '../io/files.ts';
import {checkPlace, stateFolder} from '../io/store.ts';
import {UsageError} from './exit-codes.ts';

/** Throws UnbrickError BadHex when it cannot be read. */
export async function readNamedFile(path: string): Promise<Uint8Array> {
	return readFileBytes(path);
}

export async function writeNamedFile(path: string, content: string | Uint8Array): Promise<void> {
	try {
		await writeFileText(path, content);
	} catch (error) {
		throw new UsageError(`${error instanceof Error ? error.message : String(error)}.`);
	}
}

/** An Intel HEX file. Throws UnbrickError BadHex. */
export async function readHexFile(path: string): Promise<ParsedHex> {
	return parseIntelHex(await readNamedFile(path), path);
}

/** A path of the person's, as the store wants it: absolute, so that it does not land in the state folder. */
export function absolutePath(path: string): string {
	return resolve(path);
}

/**
 * Throws UsageError when the state folder, where every recovery keeps its journal, or the place of the backup cannot
 * be written: that is known before a port is opened.
 */
export async function checkPlaces(backupPath?: string): Promise<void> {
	try {
		await checkPlace(join(stateFolder(), 'journal'));
		if (backupPath !== undefined) await checkPlace(backupPath);
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}
