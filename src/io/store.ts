// Files that must outlive a power cut: written beside, fsynced, renamed into place, read back.
import {createHash} from 'node:crypto';
import {
	access,
	constants,
	copyFile,
	mkdir,
	open,
	readdir,
	readFile,
	rename,
	stat,
	unlink,
} from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import {UnbrickError} from '../engine/errors.ts';
import type {Receipt, Store} from '../engine/store.ts';
import {readFileText, reasonOf} from './files.ts';
import {isLocked, isRunning, takeLock} from './lock.ts';

/** Backups hold a person's own firmware: for their eyes only. */
const fileMode = 0o600;
const folderMode = 0o700;
/** The largest is the journal of a full 256 KB part: its image as HEX (0.7 MB) and a line a page. */
const largestStateFileBytes = 16 * 1024 * 1024;
/** What this program names its files; others in the folder are not ours, nor what is still being written. */
const ourName = /^[\w.+-]+(?<!\.tmp)$/;

/** What a program that was killed had not finished writing: its process number and a count (here), or a lock's token. */
const unfinishedFile = /\.(\d+)-\d+\.tmp$/;
const unfinishedLock = /^lock-.*\.(tmp|stale)$/;
/** A lock is written in a moment, ms: what is older was left behind. */
const unfinishedLockMs = 60 * 60 * 1000;

/** Takes away what killed runs have left half written. Never in the way of what is being written now. */
async function clearUnfinished(folder: string): Promise<void> {
	for (const name of await readdir(folder).catch((): string[] => [])) {
		const file = path.join(folder, name);
		const pid = Number(unfinishedFile.exec(name)?.[1] ?? 0);
		if (pid > 0 && pid !== process.pid && !isRunning(pid)) await unlink(file).catch(() => {});
		if (!unfinishedLock.test(name)) continue;
		const made = await stat(file).catch(() => undefined);
		if (made !== undefined && Date.now() - made.mtimeMs > unfinishedLockMs)
			await unlink(file).catch(() => {});
	}
}

/** Where backups, journals and reports lie unless told otherwise (`AVR_UNBRICK_STATE` moves it). */
export function stateFolder(): string {
	const told = process.env.AVR_UNBRICK_STATE;
	if (told !== undefined && told !== '') return path.resolve(told);
	const folders = envPaths('avr-unbrick', {suffix: ''});
	// On Linux `log` is $XDG_STATE_HOME, elsewhere application data is the place that people back up.
	return process.platform === 'linux' ? folders.log : folders.data;
}

function isMissing(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** A folder's entry is durable only when the folder itself is synced; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
	if (process.platform === 'win32') return;
	const handle = await open(folder, 'r');
	try {
		await handle.sync();
	} catch (error) {
		// Some network and container file systems refuse it for folders.
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EPERM') throw error;
	} finally {
		await handle.close();
	}
}

function isTaken(error: unknown): boolean {
	return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Calls `take` with `FILE-2.json`, `FILE-3.json` … (or from `FILE` itself) until the name was free. */
async function firstFree(
	file: string,
	first: 1 | 2,
	take: (name: string) => Promise<unknown>,
): Promise<string> {
	const {dir, name, ext} = path.parse(file);
	for (let number: number = first; ; number++) {
		const free = number === 1 ? file : path.join(dir, `${name}-${number}${ext}`);
		try {
			await take(free);
			return free;
		} catch (error) {
			if (!isTaken(error)) throw error;
		}
	}
}

/** Like mkdir -p. Node's own (`recursive`) never ends where the system says ENOENT below a folder that is there. */
async function makeFolders(folder: string): Promise<void> {
	try {
		await mkdir(folder, {mode: folderMode});
	} catch (error) {
		if (isTaken(error)) {
			if ((await stat(folder)).isDirectory()) return;
			throw new Error('a part of its path is no folder', {cause: error});
		}
		const parent = path.dirname(folder);
		if (!isMissing(error) || parent === folder) throw error;
		await makeFolders(parent);
		await mkdir(folder, {mode: folderMode}).catch(again => {
			if (!isTaken(again)) throw again;
		});
	}
}

/**
 * Makes sure that `file` can be written later, as far as that can be known: its folder is there (the state folder is
 * made), may be written, and nothing but an ordinary file has the name. Throws UnbrickError NotSaved.
 */
export async function checkPlace(file: string): Promise<void> {
	const folder = path.dirname(file);
	try {
		if (folder === path.resolve(stateFolder())) await makeFolders(folder);
		await access(folder, constants.W_OK);
		const there = await stat(file).catch((error: unknown) => {
			if (!isMissing(error)) throw error;
		});
		if (there?.isFile() === false) throw new Error('what is there is no ordinary file');
	} catch (error) {
		throw new UnbrickError({kind: 'NotSaved', file, reason: reasonOf(error)}, {cause: error});
	}
}

/**
 * The store on disk. Relative names lie in `where`; one that would leave it is a RangeError.
 * Failures are plain errors that name the file and the system's reason.
 */
export function createStore(where: string = stateFolder()): Store {
	const folder = path.resolve(where);
	let counter = 0;
	const resolve = (name: string): string => {
		if (path.isAbsolute(name)) return path.normalize(name);
		const full = path.resolve(folder, name);
		if (!full.startsWith(folder + path.sep)) throw new RangeError(`${name} lies outside the state folder`);
		return full;
	};
	const makeFolder = async (file: string) => {
		if (file.startsWith(folder + path.sep)) await makeFolders(path.dirname(file));
	};
	const notSaved = (file: string, error: unknown) =>
		new UnbrickError({kind: 'NotSaved', file, reason: reasonOf(error)}, {cause: error});
	const failed = (what: string, file: string, error: unknown) =>
		new Error(`${what} ${file}: ${reasonOf(error)}`, {cause: error});

	return {
		async writeDurably(name, text, taken = 'replace'): Promise<Receipt> {
			let file = resolve(name);
			let reserved = false;
			const bytes = Buffer.from(text, 'utf8');
			const beside = `${file}.${process.pid}-${counter++}.tmp`;
			try {
				const there = await stat(file).catch(() => undefined);
				// Renaming onto /dev/null would replace the device.
				if (there !== undefined && !there.isFile()) throw new Error('what is there is no ordinary file');
				await makeFolder(file);
				if (path.dirname(file) === folder) await clearUnfinished(folder);
				if (taken === 'new-name') {
					file = await firstFree(file, 1, async free => (await open(free, 'wx', fileMode)).close());
					reserved = true;
				} else if (taken === 'set-aside' && there !== undefined && there.size > 0) {
					const old = file;
					await firstFree(old, 2, free => copyFile(old, free, constants.COPYFILE_EXCL));
				}
				const handle = await open(beside, 'wx', fileMode);
				try {
					await handle.writeFile(bytes);
					await handle.sync();
				} finally {
					await handle.close();
				}
				await rename(beside, file);
				reserved = false;
				await syncFolder(path.dirname(file));
				const readBack = await readFile(file);
				if (!readBack.equals(bytes)) throw new Error('reads back other bytes than were written');
				return {
					path: file,
					bytes: readBack.length,
					sha256: createHash('sha256').update(readBack).digest('hex'),
				};
			} catch (error) {
				await unlink(beside).catch(() => {});
				if (reserved) await unlink(file).catch(() => {});
				throw notSaved(file, error);
			}
		},
		async readText(name) {
			const file = resolve(name);
			try {
				return await readFileText(file, largestStateFileBytes, 'plain');
			} catch (error) {
				if (error instanceof Error && isMissing(error.cause)) return undefined;
				throw failed('Cannot read', file, error);
			}
		},
		async remove(name) {
			const file = resolve(name);
			try {
				await unlink(file);
			} catch (error) {
				if (!isMissing(error)) throw failed('Cannot remove', file, error);
			}
		},
		async list(prefix) {
			let names: string[];
			try {
				names = await readdir(folder);
			} catch (error) {
				if (isMissing(error)) return [];
				throw failed('Cannot list', folder, error);
			}
			return names.filter(name => name.startsWith(prefix) && ourName.test(name)).sort();
		},
		async appendLine(name, line, there) {
			if (/[\r\n]/.test(line)) throw new RangeError('one line at a time');
			const file = resolve(name);
			// A name of ours never leads elsewhere; a person may well name a link, or a device.
			const ours = path.isAbsolute(name) ? 0 : (constants.O_NOFOLLOW ?? 0);
			const make = there === 'must-be' ? 0 : constants.O_CREAT;
			const flags = constants.O_RDWR | constants.O_APPEND | make | ours;
			try {
				// The folder is there but for the first time: a line is written for every page.
				const handle = await open(file, flags, fileMode).catch(async (error: unknown) => {
					if (!isMissing(error) || there === 'must-be') throw error;
					await makeFolder(file);
					return open(file, flags, fileMode);
				});
				try {
					const {size} = await handle.stat();
					if (size === 0 && there === 'must-be') throw new Error('what was in it is gone');
					// A line that a power cut tore must not swallow the next one.
					let mend = '';
					if (size > 0) {
						const {bytesRead, buffer} = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
						if (bytesRead === 1 && buffer[0] !== 0x0a) mend = '\n';
					}
					try {
						await handle.appendFile(`${mend}${line}\n`, 'utf8');
						await handle.sync();
					} catch (error) {
						// A full disk takes half a line. Nobody else writes into a file of ours.
						if (!path.isAbsolute(name)) await handle.truncate(size).catch(() => {});
						throw error;
					}
					if (size === 0) await syncFolder(path.dirname(file));
				} finally {
					await handle.close();
				}
			} catch (error) {
				throw notSaved(file, error);
			}
		},
		hold: name => takeLock(folder, name),
		isHeld: name => isLocked(folder, name),
		nowIso: () => new Date().toISOString(),
	};
}
