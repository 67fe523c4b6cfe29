// One copy of the program at a time on a port, a USB device or a journal: a small file with the process number in the
// state folder. A file whose process is gone (killed, power cut) counts for nothing.
import {randomUUID} from 'node:crypto';
import {link, mkdir, readFile, realpath, rename, stat, unlink, writeFile} from 'node:fs/promises';
import {hostname, uptime} from 'node:os';
import path from 'node:path';
import {UnbrickError} from '../engine/errors.ts';

const fileMode = 0o600;
const folderMode = 0o700;

/**
 * Where the system does not tell when a process started, a number that was given anew cannot be told from the one
 * that took the lock: then a lock counts until the machine starts again, and no longer than this, ms. The longest
 * recovery takes minutes; a day of series work is begun anew before.
 */
const unknownStartMs = 24 * 60 * 60 * 1000;

/** Tries until a lock that others give up meanwhile is taken; each round ends in somebody's success. */
const tries = 5;

const codeOf = (error: unknown): unknown =>
	error instanceof Error && 'code' in error ? error.code : undefined;

type Owner = {
	readonly pid: number;
	/** When the process started, as the system counts; tells a process number that was given anew. */
	readonly started: string;
	readonly host: string;
	readonly token: string;
};

/** Start of a process in clock ticks since boot (proc(5), field 22 of stat); empty where that is not to be had. */
async function startOf(pid: number): Promise<string> {
	try {
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
		// The name in parentheses may hold blanks and parentheses itself.
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
	} catch {
		return '';
	}
}

/** Is there a process of this number, anybody's? */
export function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// EPERM: it is there, and belongs to somebody else.
		return codeOf(error) === 'EPERM';
	}
}

function parseOwner(text: string): Owner | undefined {
	try {
		const {pid, started, host, token} = JSON.parse(text) as Record<string, unknown>;
		return typeof pid === 'number' &&
			Number.isInteger(pid) &&
			pid > 0 &&
			typeof started === 'string' &&
			typeof host === 'string' &&
			typeof token === 'string'
			? {pid, started, host, token}
			: undefined;
	} catch {
		return undefined;
	}
}

async function ownerOf(file: string): Promise<Owner | undefined> {
	try {
		return parseOwner(await readFile(file, 'utf8'));
	} catch {
		return undefined;
	}
}

/** Another living process of this machine. */
async function isOther(owner: Owner | undefined, file: string): Promise<boolean> {
	if (owner === undefined || owner.pid === process.pid || owner.host !== hostname()) return false;
	if (!isRunning(owner.pid)) return false;
	if (owner.started !== '') return owner.started === (await startOf(owner.pid));
	const made = await stat(file).catch(() => undefined);
	return made !== undefined && Date.now() - made.mtimeMs < Math.min(unknownStartMs, uptime() * 1000);
}

const fileOf = (folder: string, what: string) =>
	path.join(folder, `lock-${what.replace(/[^A-Za-z0-9._-]+/g, '-')}`);

/** True while another running copy holds `what`. */
export async function isLocked(folder: string, what: string): Promise<boolean> {
	const file = fileOf(folder, what);
	return isOther(await ownerOf(file), file);
}

/**
 * Takes `what` until the returned function is called or this process ends. Where the folder cannot be written there
 * is no lock: the system's own way of keeping a port to one program is left.
 * @throws UnbrickError DeviceBusy with the other copy's process number
 */
export async function takeLock(folder: string, what: string): Promise<() => Promise<void>> {
	const file = fileOf(folder, what);
	const token = randomUUID();
	const beside = `${file}.${token}.tmp`;
	const mine: Owner = {pid: process.pid, started: await startOf(process.pid), host: hostname(), token};
	try {
		await mkdir(folder, {recursive: true, mode: folderMode});
		await writeFile(beside, JSON.stringify(mine), {mode: fileMode, flag: 'wx'});
	} catch {
		return async () => {};
	}
	try {
		for (let attempt = 1; attempt <= tries; attempt++) {
			try {
				// A link is made whole or not at all, and never over another.
				await link(beside, file);
				return async () => {
					if ((await ownerOf(file))?.token === token) await unlink(file).catch(() => {});
				};
			} catch (error) {
				if (codeOf(error) !== 'EEXIST') return async () => {};
			}
			const owner = await ownerOf(file);
			if (await isOther(owner, file)) {
				throw new UnbrickError({kind: 'DeviceBusy', path: what, otherCopy: owner!.pid});
			}
			await clearStale(file, owner, `${file}.${token}.stale`);
		}
		return async () => {};
	} finally {
		await unlink(beside).catch(() => {});
	}
}

/** Takes a dead lock away; one that somebody has made in its place meanwhile is put back. */
async function clearStale(file: string, seen: Owner | undefined, aside: string): Promise<void> {
	try {
		await rename(file, aside);
	} catch {
		return;
	}
	const got = await ownerOf(aside);
	if (got?.token !== seen?.token) await link(aside, file).catch(() => {});
	await unlink(aside).catch(() => {});
}

/** A port under its own name, also when it was named by a link (/dev/serial/by-id). */
export async function realName(device: string): Promise<string> {
	return realpath(device).catch(() => device);
}
