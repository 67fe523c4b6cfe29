// FLASH.BIN of a mass-storage bootloader: found on a mounted drive or named, overwritten in place in one pass.
// The loader maps by cluster number: the file is never truncated, deleted or made anew.
import {open, readdir, stat} from 'node:fs/promises';
import path from 'node:path';
import type {FlashFile} from '../engine/protocols/lufa-ms/driver.ts';
import {TransferFault} from '../engine/transports.ts';
import {readFileBytes} from './files.ts';
import {messageOf} from './system-errors.ts';

const fileName = 'FLASH.BIN';
/** No part that has such a loader has more than 128 KB; any drive may hold a file of this name. */
const largestFlashFileBytes = 1024 * 1024;

/** Where desktop systems mount drives. */
function mountRoots(): readonly string[] {
	if (process.platform === 'darwin') return ['/Volumes'];
	if (process.platform === 'win32')
		return Array.from({length: 23}, (_, index) => `${String.fromCharCode(68 + index)}:\\`);
	const user = process.env.USER ?? '';
	return ['/media', `/media/${user}`, `/run/media/${user}`, '/mnt'];
}

async function isFile(candidate: string): Promise<boolean> {
	return stat(candidate).then(
		found => found.isFile(),
		() => false,
	);
}

/** Drives that hold a FLASH.BIN, by the file's path. */
export async function findFlashFiles(roots: readonly string[] = mountRoots()): Promise<readonly string[]> {
	const found = new Set<string>();
	for (const root of roots) {
		const folders = await readdir(root).catch(() => []);
		for (const folder of ['', ...folders]) {
			const candidate = path.join(root, folder, fileName);
			if (await isFile(candidate)) found.add(candidate);
		}
	}
	return [...found];
}

function fault(error: unknown): TransferFault {
	const code = (error as NodeJS.ErrnoException).code ?? '';
	const gone = ['ENOENT', 'ENODEV', 'ENXIO', 'EIO', 'ESTALE'].includes(code);
	return new TransferFault(gone ? 'gone' : 'io', messageOf(error), {cause: error});
}

/**
 * The file at `where`, or in that folder; undefined when there is none. It leaves the drive to the person to eject.
 * Reading and writing throw TransferFault.
 */
export async function openFlashFile(where: string): Promise<FlashFile | undefined> {
	const file = (await isFile(where)) ? where : path.join(where, fileName);
	if (!(await isFile(file))) return undefined;
	return {
		path: file,
		sizeBytes: (await stat(file)).size,
		readsCache: true,
		async read() {
			try {
				return await readFileBytes(file, largestFlashFileBytes, 'plain');
			} catch (error) {
				throw fault(error);
			}
		},
		async overwrite(data) {
			try {
				const handle = await open(file, 'r+');
				try {
					let done = 0;
					while (done < data.length) {
						done += (await handle.write(data, done, data.length - done, done)).bytesWritten;
					}
					await handle.sync();
				} finally {
					await handle.close();
				}
			} catch (error) {
				throw fault(error);
			}
		},
		eject: async () => {},
	};
}
