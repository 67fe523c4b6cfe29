// A qmk_firmware checkout on this machine, what it says about a keyboard, and the qmk program where there is one.
import {stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import path from 'node:path';
import {
	type QmkFinding,
	qmkAliasesFile,
	qmkDefaultFolder,
	qmkFilesOf,
	qmkKeyboardName,
	qmkMovedTo,
	readQmkFiles,
	readQmkKeyboard,
} from '../engine/boards/qmk.ts';
import type {Cancel} from '../engine/cancel.ts';
import {isKind} from '../engine/errors.ts';
import {productionName} from '../engine/image/merge.ts';
import {readFileText} from './files.ts';

/** No file of a keyboard that is read here comes near this. */
const largestKeyboardFileBytes = 1024 * 1024;
/** `qmk config` starts a Python program; on a slow machine that takes seconds. */
const askMs = 10_000;
/** After the polite wish to stop, before the end by force. */
const stopMs = 5_000;
/** A DEFAULT_FOLDER or an alias that leads to another: keyboards have one or two hops, a loop has no end. */
const mostHops = 5;

export type QmkFirmware = {
	readonly folder: string;
	/** What said so. */
	readonly by: 'QMK_HOME' | 'qmk config' | 'the usual places';
};

export type FindQmkOptions = {
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly home?: string;
	/** False: do not run `qmk config`, read its file only. */
	readonly askProgram?: boolean;
};

/** The checkout: `QMK_HOME`, then what `qmk config` knows, then the usual places. Undefined when there is none. */
export async function findQmkFirmware(options: FindQmkOptions = {}): Promise<QmkFirmware | undefined> {
	const env = options.env ?? process.env;
	const home = options.home ?? homedir();
	const told = env.QMK_HOME;
	if (told !== undefined && told !== '') {
		const folder = expandHome(told, home);
		if (await isCheckout(folder)) return {folder, by: 'QMK_HOME'};
	}
	const configured =
		(await configuredHome(env, home)) ?? (options.askProgram === false ? undefined : await askQmk(env));
	if (configured !== undefined) {
		const folder = expandHome(configured, home);
		if (await isCheckout(folder)) return {folder, by: 'qmk config'};
	}
	// qmk_cli's default, then where people keep sources, then the forks that keep the layout.
	for (const name of [
		'qmk_firmware',
		'git/qmk_firmware',
		'src/qmk_firmware',
		'code/qmk_firmware',
		'projects/qmk_firmware',
		'Documents/qmk_firmware',
		'Documents/GitHub/qmk_firmware',
		'vial-qmk',
	]) {
		const folder = path.join(home, name);
		if (await isCheckout(folder)) return {folder, by: 'the usual places'};
	}
	return undefined;
}

/**
 * What the checkout says about a keyboard (`planck/rev4`), DEFAULT_FOLDER and QMK's list of moved keyboards followed.
 * Undefined when the name is none or no file of it is there.
 */
export async function readQmkKeyboardAt(folder: string, typed: string): Promise<QmkFinding | undefined> {
	let keyboard = qmkKeyboardName(typed);
	for (let hop = 0; hop < mostHops && keyboard !== undefined; hop++) {
		const files = new Map<string, string>();
		// Without a folder of its own it is no keyboard, whatever the folders above say.
		const own = await stat(path.join(folder, 'keyboards', keyboard)).catch(() => undefined);
		for (const file of own?.isDirectory() === true ? qmkFilesOf(keyboard) : []) {
			const text = await readText(path.join(folder, file));
			if (text !== '') files.set(file, text);
		}
		const next =
			files.size > 0
				? qmkDefaultFolder(keyboard, files)
				: qmkMovedTo(keyboard, await readText(path.join(folder, qmkAliasesFile)));
		if (files.size === 0 && next === undefined) return undefined;
		if (next === undefined) return readQmkKeyboard(keyboard, files);
		keyboard = next;
	}
	return undefined;
}

/** QMK's files that say which controller and bootloader a keyboard has, outermost first in one folder. */
const keyboardFiles = ['info.json', 'keyboard.json', 'rules.mk'] as const;

/**
 * What QMK says about a keyboard that a person names: by its name in a checkout (`planck/rev4`), by one of its
 * files (rules.mk, info.json, keyboard.json), or by their folder. A file or folder inside a checkout is read with
 * the folders above it, as QMK does; that of a keymap on top of its keyboard.
 * @throws Error with a sentence for the person
 */
export async function lookUpQmk(typed: string, options: FindQmkOptions = {}): Promise<QmkFinding> {
	const text = typed.trim().replace(/^(['"])(.*)\1$/, '$2');
	const full = expandHome(text, options.home ?? homedir());
	const there = await stat(full).catch(() => undefined);
	const folder = there?.isDirectory() === true ? full : path.dirname(full);
	const inCheckout = /^(.*?)[\\/]keyboards[\\/](.+?)(?:[\\/]keymaps(?:[\\/].*)?)?$/.exec(folder);
	const keyboard =
		inCheckout?.[2] === undefined ? undefined : qmkKeyboardName(inCheckout[2].replaceAll('\\', '/'));
	const isKeymap = /[\\/]keymaps[\\/]/.test(full);
	if (there?.isFile() === true) {
		if (!/(?:\.json|\.mk)$/i.test(full))
			throw new Error(
				`${text} is none of QMK's files: rules.mk, info.json and keyboard.json say what is needed.`,
			);
		const own = {path: path.basename(full), text: await readText(full)};
		const around = await filesAround(inCheckout?.[1], keyboard);
		// Inside a checkout it is one of those already, unless it is a keymap's.
		const files = around.length === 0 ? [own] : isKeymap ? [...around, own] : around;
		return readQmkFiles(files, around.length === 0 ? undefined : keyboard);
	}
	if (there?.isDirectory() === true) {
		const found = keyboard === undefined ? undefined : await readQmkKeyboardAt(inCheckout![1]!, keyboard);
		if (found !== undefined) return found;
		const files = [];
		for (const name of keyboardFiles) {
			const content = await readText(path.join(full, name));
			if (content !== '') files.push({path: name, text: content});
		}
		if (files.length > 0) return readQmkFiles(files);
	}
	if (qmkKeyboardName(text) === undefined)
		throw new Error(`${text} is neither a file or folder here nor a keyboard's name, such as planck/rev4.`);
	const firmware = await findQmkFirmware(options);
	if (firmware === undefined)
		throw new Error(
			'No qmk_firmware folder was found on this machine (QMK_HOME, "qmk config" and the usual places were looked at). Give the path of the keyboard\'s rules.mk, info.json or keyboard.json instead.',
		);
	const found = await readQmkKeyboardAt(firmware.folder, text);
	if (found === undefined)
		throw new Error(`There is no keyboard "${text}" in ${firmware.folder} (found by ${firmware.by}).`);
	return found;
}

/** The files of a keyboard in a checkout, outermost first; none without one. */
async function filesAround(
	root: string | undefined,
	keyboard: string | undefined,
): Promise<readonly {readonly path: string; readonly text: string}[]> {
	if (root === undefined || keyboard === undefined) return [];
	const files = [];
	for (const file of qmkFilesOf(keyboard)) {
		const text = await readText(path.join(root, file));
		if (text !== '') files.push({path: file, text});
	}
	return files;
}

export type CompileOptions = {
	readonly firmware: QmkFirmware;
	readonly keyboard: string;
	readonly keymap: string;
	/** Every line that the build says, as it comes. */
	readonly onLine?: (line: string) => void;
	readonly cancel?: Cancel;
	readonly env?: Readonly<Record<string, string | undefined>>;
};

export type CompileResult =
	| {readonly ok: true; readonly file: string}
	| {readonly ok: false; readonly why: string; readonly stopped: boolean};

/** The version of the qmk program on the PATH, or undefined when there is none. Runs it. */
export async function qmkProgram(
	env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
	const {execa} = await import('execa');
	const {exitCode, stdout} = await execa('qmk', ['--version'], {
		env,
		extendEnv: false,
		reject: false,
		timeout: askMs,
		stdin: 'ignore',
	});
	return exitCode === 0 ? stdout.trim().split('\n').at(-1) : undefined;
}

/**
 * Builds `:production` with `qmk compile`. Stopping ends the whole build, not only the program that started it;
 * what a stopped build leaves behind is never taken for a result.
 */
export async function compileProduction(options: CompileOptions): Promise<CompileResult> {
	const {firmware, keyboard, keymap, onLine, cancel} = options;
	const name = qmkKeyboardName(keyboard);
	if (name === undefined || !/^[\w][\w.+-]*$/.test(keymap))
		return {ok: false, stopped: false, why: `"${keyboard}" with "${keymap}" is no keyboard and keymap.`};
	if (cancel?.requested) return {ok: false, stopped: true, why: 'Stopped before it began.'};
	const {execa} = await import('execa');
	const began = Date.now();
	const ownGroup = process.platform !== 'win32';
	const child = execa('qmk', ['compile', '-kb', name, '-km', keymap, '-t', 'production'], {
		cwd: firmware.folder,
		env: {...(options.env ?? process.env), QMK_HOME: firmware.folder},
		extendEnv: false,
		reject: false,
		all: true,
		stdin: 'ignore',
		buffer: false,
		// A group of its own: Ctrl+C in the terminal reaches us, and we end the build.
		detached: ownGroup,
		cleanup: true,
	});
	let stopped = false;
	let force: NodeJS.Timeout | undefined;
	const end = (signal: 'SIGINT' | 'SIGKILL') => {
		try {
			if (ownGroup && child.pid !== undefined) process.kill(-child.pid, signal);
			else child.kill(signal);
		} catch {
			// It has ended by itself.
		}
	};
	const unsubscribe = cancel?.onRequest(() => {
		stopped = true;
		end('SIGINT');
		force = setTimeout(() => end('SIGKILL'), stopMs);
	});
	const lines = (async () => {
		for await (const line of child.iterable({from: 'all'})) onLine?.(String(line));
	})().catch(() => {});
	const result = await child;
	await lines;
	clearTimeout(force);
	unsubscribe?.();
	if (stopped) return {ok: false, stopped: true, why: 'The build was stopped; nothing of it is used.'};
	if (result.exitCode !== 0) {
		const missing = result.cause instanceof Error && 'code' in result.cause && result.cause.code === 'ENOENT';
		return {
			ok: false,
			stopped: false,
			why: missing
				? 'The qmk program is not installed.'
				: `The build failed (exit code ${result.exitCode ?? 'none'}); its last lines say why.`,
		};
	}
	for (const folder of [firmware.folder, path.join(firmware.folder, '.build')]) {
		const file = path.join(folder, productionName(name, keymap));
		const there = await stat(file).catch(() => undefined);
		// File systems round times down, some to two seconds (FAT).
		if (there?.isFile() === true && there.mtimeMs >= began - 2000) return {ok: true, file};
	}
	return {
		ok: false,
		stopped: false,
		why: `The build ended well but left no ${productionName(name, keymap)}; its bootloader may have no production target.`,
	};
}

/** The text of a file, empty when it cannot be read. */
async function readText(file: string): Promise<string> {
	try {
		return await readFileText(file, largestKeyboardFileBytes, 'plain');
	} catch (error) {
		if (isKind(error, 'BadHex')) return '';
		throw error;
	}
}

async function isCheckout(folder: string): Promise<boolean> {
	const isFolder = async (name: string) =>
		(await stat(path.join(folder, name)).catch(() => undefined))?.isDirectory() === true;
	return (await isFolder('keyboards')) && (await isFolder('quantum'));
}

function expandHome(told: string, home: string): string {
	const folder = told === '~' || told.startsWith('~/') ? path.join(home, told.slice(1)) : told;
	return path.resolve(folder);
}

/** `user.qmk_home` in the file that `qmk config` writes (qmk_cli keeps it in the system's config folder). */
async function configuredHome(
	env: Readonly<Record<string, string | undefined>>,
	home: string,
): Promise<string | undefined> {
	const files = [
		path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'qmk', 'qmk.ini'),
		path.join(home, 'Library', 'Application Support', 'qmk', 'qmk.ini'),
		...(env.LOCALAPPDATA === undefined ? [] : [path.join(env.LOCALAPPDATA, 'QMK', 'qmk', 'qmk.ini')]),
	];
	for (const file of files) {
		const text = await readText(file);
		let section = '';
		for (const line of text.split(/\r?\n/)) {
			section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
			const value = section === 'user' ? /^\s*qmk_home\s*[=:]\s*(.+?)\s*$/.exec(line)?.[1] : undefined;
			if (value !== undefined && value !== 'None') return value;
		}
	}
	return undefined;
}

/** What `qmk config user.qmk_home` prints: `user.qmk_home=/path`. */
async function askQmk(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
	const {execa} = await import('execa');
	const {exitCode, stdout} = await execa('qmk', ['config', 'user.qmk_home'], {
		env,
		extendEnv: false,
		reject: false,
		timeout: askMs,
		stdin: 'ignore',
	});
	if (exitCode !== 0) return undefined;
	const value = /^user\.qmk_home=(.+)$/m.exec(stdout)?.[1]?.trim();
	return value === undefined || value === '' || value === 'None' ? undefined : value;
}
