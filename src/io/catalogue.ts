// Published bootloader images: found in the cache, in local places or on the network, and in each case taken
// only when their bytes are those of the catalogue. Nothing is fetched that was not asked for.
import {mkdir, readdir, unlink} from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import {homedir} from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import envPaths from 'env-paths';
import {
	checkKnownImage,
	howToGetByHand,
	mirrorAddress,
	publicAddresses,
} from '../engine/bootloaders/catalogue.ts';
import {findBootloader, knownImages} from '../engine/bootloaders/index.ts';
import type {Cancel} from '../engine/cancel.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {UnbrickError} from '../engine/errors.ts';
import type {KnownImage, Reference} from '../engine/image/inspect.ts';
import {type ParsedHex, parseIntelHex} from '../engine/image/intel-hex.ts';
import type {OnProgress} from '../engine/target.ts';
import {readFileBytes, writeFileText} from './files.ts';
import {findQmkFirmware} from './qmk.ts';
import {messageOf} from './system-errors.ts';

/** The largest published image has 78 KB of text (Caterina-Leonardo.hex); in JSON or CRLF a little more. */
const largestImageFileBytes = 256 * 1024;
/** As many hops as the public address needs (none to two), with room; a loop ends here. */
const mostRedirects = 5;
/** A server that says nothing for so long is not going to; a slow one keeps sending. */
const quietMs = 15_000;
/** One address, all in all: 256 KB at 5 KB/s. */
const wholeMs = 60_000;

export type CatalogueOptions = {
	/** The environment to go by; that of the process unless told. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** Home folder, for the usual places. */
	readonly home?: string;
	/** Folder of the cache; `AVR_UNBRICK_CACHE` or the system's cache folder unless told. */
	readonly cacheFolder?: string;
	/** False: look here only, fetch nothing. `AVR_UNBRICK_OFFLINE` says the same. */
	readonly mayFetch?: boolean;
	/** Called before a fetch begins and while it goes on. Total is 0 while unknown. */
	readonly onProgress?: OnProgress;
	/** What is being tried, for the person. */
	readonly onNote?: (text: string) => void;
	readonly cancel?: Cancel;
	/** Shorter waits for tests. */
	readonly quietMs?: number;
	readonly wholeMs?: number;
	/** Addresses instead of the public ones, in order. */
	readonly addresses?: readonly string[];
	/** Folders to look into besides the usual ones. */
	readonly folders?: readonly string[];
};

export type ObtainedImage =
	| {
			readonly found: true;
			readonly known: KnownImage;
			readonly hex: ParsedHex;
			/** `cache`, `local` or `fetched`, and the path or address. */
			readonly from: 'cache' | 'local' | 'fetched';
			readonly where: string;
	  }
	| {
			readonly found: false;
			readonly known: KnownImage;
			/** Every address tried with the reason why it gave nothing. */
			readonly tried: readonly {readonly where: string; readonly why: string}[];
			/** What to get, from where, and what to do with it. */
			readonly text: string;
	  };

/**
 * Finds a published image: cache, local places, then mirrors or the public address. What does not have the bytes
 * of the catalogue is passed over with a note, never used.
 *
 * Environment: `AVR_UNBRICK_MIRROR` (base addresses, comma-separated, asked instead of the public one),
 * `AVR_UNBRICK_OFFLINE`, `AVR_UNBRICK_CACHE`, `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `QMK_HOME`.
 * @throws UnbrickError Cancelled
 */
export async function obtainImage(known: KnownImage, options: CatalogueOptions = {}): Promise<ObtainedImage> {
	const env = options.env ?? process.env;
	const cacheFolder = options.cacheFolder ?? cacheFolderOf(env);
	const cached = path.join(cacheFolder, `${known.image.imageSha256}.hex`);
	const tried: {where: string; why: string}[] = [];

	const fromCache = await tryFile(cached, known);
	if (typeof fromCache === 'object')
		return {found: true, known, hex: fromCache, from: 'cache', where: cached};
	// A cache entry that is not what its name says is damaged.
	if (fromCache !== 'missing') await unlink(cached).catch(() => {});

	for (const file of await localFiles(known, {...options, env})) {
		const hex = await tryFile(file, known);
		if (typeof hex === 'object') return {found: true, known, hex, from: 'local', where: file};
		if (hex !== 'missing') {
			tried.push({where: file, why: hex});
			options.onNote?.(`${file} is not used: ${hex}`);
		}
	}

	const mirrors = listOf(env.AVR_UNBRICK_MIRROR);
	const offline = options.mayFetch === false || isSet(env.AVR_UNBRICK_OFFLINE);
	const addresses =
		options.addresses ??
		(mirrors.length > 0 ? mirrors.map(base => mirrorAddress(base, known)) : publicAddresses(known));
	for (const address of offline ? [] : addresses) {
		options.onNote?.(`Fetching ${known.image.file} from ${address}`);
		let why: string;
		try {
			const bytes = await fetchBytes(address, {...options, env});
			const hex = parseIntelHex(bytes, address);
			checkKnownImage(hex.image, known, address);
			await keep(cached, bytes);
			return {found: true, known, hex, from: 'fetched', where: address};
		} catch (error) {
			if (error instanceof UnbrickError && error.kind === 'Cancelled') throw error;
			why =
				error instanceof UnbrickError && error.facts.kind === 'BadHex'
					? error.facts.reason
					: messageOf(error);
		}
		tried.push({where: address, why});
		options.onNote?.(`${address}: ${why}`);
	}
	const failures = tried.map(({where, why}) => `${where}: ${why}`).join('; ');
	return {
		found: false,
		known,
		tried,
		text: [
			offline
				? `${known.image.file} is not on this machine, and nothing is fetched (offline).`
				: `${known.image.file} is not on this machine and could not be fetched${failures === '' ? '' : ` (${failures})`}.`,
			howToGetByHand(known),
		].join(' '),
	};
}

/**
 * The published bootloaders of a chip that are on this machine already, for counting differences against
 * (inspectFlash). Fetches nothing.
 */
export async function findReferences(
	chip: Chip,
	options: Omit<CatalogueOptions, 'mayFetch'> & {readonly known?: readonly KnownImage[]} = {},
): Promise<readonly Reference[]> {
	const fits = (options.known ?? knownImages).filter(
		({id, image}) => image.chips.includes(chip.id) && findBootloader(id) !== undefined,
	);
	const references: Reference[] = [];
	for (const known of fits) {
		const got = await obtainImage(known, {...options, mayFetch: false});
		if (got.found) references.push({id: known.id, file: known.image.file, image: got.hex.image});
	}
	return references;
}

/** Where fetched images are kept: `AVR_UNBRICK_CACHE`, else the system's cache folder. */
export function cacheFolderOf(env: Readonly<Record<string, string | undefined>>): string {
	const told = env.AVR_UNBRICK_CACHE;
	return told !== undefined && told !== '' ? path.resolve(told) : envPaths('avr-unbrick', {suffix: ''}).cache;
}

/** The image of a file; `missing`; or why it is not the one. */
async function tryFile(file: string, known: KnownImage): Promise<ParsedHex | 'missing' | string> {
	let bytes: Uint8Array;
	try {
		bytes = await readFileBytes(file, largestImageFileBytes, 'plain');
	} catch (error) {
		const cause = error instanceof Error ? error.cause : undefined;
		const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
		return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : messageOf(error);
	}
	try {
		const hex = parseIntelHex(bytes, file);
		checkKnownImage(hex.image, known, file);
		return hex;
	} catch (error) {
		if (error instanceof UnbrickError && error.facts.kind === 'BadHex') return error.facts.reason;
		throw error;
	}
}

async function keep(file: string, bytes: Uint8Array): Promise<void> {
	try {
		await mkdir(path.dirname(file), {recursive: true});
		await writeFileText(file, bytes);
	} catch {
		// A cache that cannot be written costs the next run a fetch, nothing else.
	}
}

/**
 * Files on this machine that may be the image: a qmk_firmware checkout, the cores that the Arduino IDE installed
 * (its packages folder and sketchbook), Debian's and others' arduino-core-avr, QMK Toolbox.
 */
async function localFiles(
	known: KnownImage,
	options: CatalogueOptions & {readonly env: Readonly<Record<string, string | undefined>>},
): Promise<readonly string[]> {
	const {env} = options;
	const home = options.home ?? homedir();
	const {file, path: inRepository, repository} = known.image;
	const inCore = inRepository.replace(/^.*?(?=(?:bootloaders|firmwares|Built Firmwares)\/)/, '');
	const files: string[] = [];
	for (const folder of options.folders ?? [])
		files.push(path.join(folder, inRepository), path.join(folder, file));

	const firmware = await findQmkFirmware({env, home, askProgram: false});
	if (firmware !== undefined) {
		if (repository === 'qmk/qmk_firmware') files.push(path.join(firmware.folder, inRepository));
		else files.push(path.join(firmware.folder, 'util', file));
	}

	const localAppData = env.LOCALAPPDATA;
	const packages = [
		path.join(home, '.arduino15', 'packages'),
		path.join(home, 'Library', 'Arduino15', 'packages'),
		...(localAppData === undefined ? [] : [path.join(localAppData, 'Arduino15', 'packages')]),
	];
	for (const folder of packages) {
		for (const vendor of await folders(folder)) {
			const hardware = path.join(folder, vendor, 'hardware', 'avr');
			for (const version of await folders(hardware))
				files.push(path.join(hardware, version, inCore), path.join(hardware, version, inRepository));
		}
	}
	for (const sketchbook of [path.join(home, 'Arduino'), path.join(home, 'Documents', 'Arduino')]) {
		const hardware = path.join(sketchbook, 'hardware');
		for (const vendor of await folders(hardware)) files.push(path.join(hardware, vendor, 'avr', inCore));
	}
	for (const core of [
		'/usr/share/arduino/hardware/arduino/avr',
		'/usr/share/arduino/hardware/arduino',
		'/usr/local/share/arduino/hardware/arduino/avr',
		'/Applications/Arduino.app/Contents/Java/hardware/arduino/avr',
	])
		files.push(path.join(core, inCore));

	for (const toolbox of [
		'/Applications/QMK Toolbox.app/Contents/Resources',
		path.join(home, 'Library', 'Application Support', 'QMK', 'qmk_toolbox'),
		...(localAppData === undefined
			? []
			: [path.join(localAppData, 'QMK', 'qmk_toolbox'), path.join(localAppData, 'QMK', 'QMK Toolbox')]),
	])
		files.push(path.join(toolbox, file));
	return [...new Set(files)];
}

async function folders(folder: string): Promise<readonly string[]> {
	try {
		const entries = await readdir(folder, {withFileTypes: true});
		return entries
			.filter(entry => entry.isDirectory() || entry.isSymbolicLink())
			.map(entry => entry.name)
			.sort()
			.reverse();
	} catch {
		return [];
	}
}

type FetchOptions = CatalogueOptions & {readonly env: Readonly<Record<string, string | undefined>>};

/** The body of an address. Throws Error with a sentence, UnbrickError Cancelled. */
async function fetchBytes(address: string, options: FetchOptions): Promise<Uint8Array> {
	const stopAt = Date.now() + (options.wholeMs ?? wholeMs);
	let url = parseAddress(address);
	for (let redirects = 0; ; redirects++) {
		const answer = await request(url, options, stopAt);
		if (answer.location === undefined) return answer.body;
		if (redirects === mostRedirects) throw new Error(`it was sent on more than ${mostRedirects} times`);
		url = parseAddress(new URL(answer.location, url).href);
	}
}

function parseAddress(address: string): URL {
	let url: URL;
	try {
		url = new URL(address);
	} catch {
		throw new Error(`"${address}" is no address`);
	}
	if (url.protocol !== 'http:' && url.protocol !== 'https:')
		throw new Error(`${url.protocol} is not spoken here`);
	return url;
}

type Answer = {readonly location?: string; readonly body: Uint8Array};

async function request(url: URL, options: FetchOptions, stopAt: number): Promise<Answer> {
	if (options.cancel?.requested) throw cancelled();
	const proxy = proxyFor(url, options.env);
	const headers: Record<string, string> = {
		'user-agent': 'avr-unbrick',
		// Makes the interface for git objects answer with the content itself; others ignore it.
		accept: 'application/vnd.github.raw, text/plain, */*',
	};
	let sent: http.ClientRequest;
	if (proxy === undefined) {
		sent = (url.protocol === 'https:' ? https : http).request(url, {headers, agent: false});
	} else if (url.protocol === 'http:') {
		sent = http.request({
			host: proxy.hostname,
			port: proxy.port || 80,
			path: url.href,
			headers: {...headers, host: url.host, ...proxyHeaders(proxy)},
			agent: false,
		});
	} else {
		const socket = await tunnel(proxy, url, options, stopAt);
		sent = https.request(url, {headers, agent: false, createConnection: () => socket});
	}
	return new Promise<Answer>((resolve, reject) => {
		const stop = (error: Error) => {
			clearTimeout(whole);
			unsubscribe?.();
			reject(error);
			sent.destroy();
		};
		const whole = setTimeout(() => stop(new Error('it takes too long')), Math.max(0, stopAt - Date.now()));
		const unsubscribe = options.cancel?.onRequest(() => stop(cancelled()));
		const quiet = options.quietMs ?? quietMs;
		sent.setTimeout(quiet, () => stop(new Error(`nothing came for ${Math.round(quiet / 100) / 10} s`)));
		sent.on('error', error => stop(new Error(networkReason(error), {cause: error})));
		sent.on('response', response => {
			const status = response.statusCode ?? 0;
			const {location} = response.headers;
			if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
				clearTimeout(whole);
				unsubscribe?.();
				response.destroy();
				resolve({location, body: new Uint8Array()});
				return;
			}
			if (status !== 200) {
				stop(new Error(`the server answers ${status}${status === 404 ? ' (not there)' : ''}`));
				return;
			}
			const announced = Number(response.headers['content-length'] ?? 0);
			if (announced > largestImageFileBytes) {
				stop(new Error(`${announced} bytes are too many for a bootloader`));
				return;
			}
			const pieces: Buffer[] = [];
			let bytes = 0;
			options.onProgress?.(0, announced);
			response.on('data', (piece: Buffer) => {
				bytes += piece.length;
				if (bytes > largestImageFileBytes) {
					stop(new Error(`more than ${largestImageFileBytes} bytes are too many for a bootloader`));
					return;
				}
				pieces.push(piece);
				options.onProgress?.(bytes, announced);
			});
			response.on('error', error => stop(new Error(`it was cut off after ${bytes} bytes`, {cause: error})));
			response.on('end', () => {
				clearTimeout(whole);
				unsubscribe?.();
				if (response.complete) resolve({body: new Uint8Array(Buffer.concat(pieces))});
				else stop(new Error(`it was cut off after ${bytes} bytes`));
			});
		});
		sent.end();
	});
}

/** A connection through the proxy (CONNECT), with TLS to the server on top. */
async function tunnel(proxy: URL, url: URL, options: FetchOptions, stopAt: number): Promise<tls.TLSSocket> {
	const port = url.port || '443';
	return new Promise((resolve, reject) => {
		const connect = (proxy.protocol === 'https:' ? https : http).request({
			host: proxy.hostname,
			port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
			method: 'CONNECT',
			path: `${url.hostname}:${port}`,
			headers: {host: `${url.hostname}:${port}`, ...proxyHeaders(proxy)},
			agent: false,
		});
		const wait = Math.min(options.quietMs ?? quietMs, Math.max(1, stopAt - Date.now()));
		connect.setTimeout(wait, () => {
			reject(new Error('the proxy does not answer'));
			connect.destroy();
		});
		connect.on('error', error => reject(new Error(`the proxy: ${networkReason(error)}`, {cause: error})));
		connect.on('connect', (response, socket) => {
			if (response.statusCode !== 200) {
				socket.destroy();
				reject(new Error(`the proxy answers ${response.statusCode}`));
				return;
			}
			socket.setTimeout(0);
			const secure = tls.connect({socket, servername: url.hostname});
			secure.once('secureConnect', () => resolve(secure));
			secure.once('error', error => reject(new Error(networkReason(error), {cause: error})));
		});
		connect.end();
	});
}

function proxyHeaders(proxy: URL): Record<string, string> {
	if (proxy.username === '') return {};
	const words = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
	return {'proxy-authorization': `Basic ${Buffer.from(words).toString('base64')}`};
}

/**
 * The proxy for an address by the usual variables (lower case first, as curl reads them); undefined for none.
 * @throws Error for a proxy that is no http(s) address
 */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): URL | undefined {
	const either = (name: string) => env[name.toLowerCase()] || env[name.toUpperCase()];
	const host = url.hostname.toLowerCase();
	for (const entry of listOf(either('no_proxy'))) {
		const [name = '', port] = entry.toLowerCase().split(':');
		const bare = name.replace(/^\*?\./, '');
		if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) continue;
		if (entry === '*' || host === bare || host.endsWith(`.${bare}`)) return undefined;
	}
	const told = either(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') || either('all_proxy');
	if (told === undefined || told === '') return undefined;
	const proxy = parseAddress(told.includes('://') ? told : `http://${told}`);
	return proxy;
}

function networkReason(error: NodeJS.ErrnoException): string {
	switch (error.code) {
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'its name is not known (no network?)';
		case 'ECONNREFUSED':
			return 'nothing answers there';
		case 'ECONNRESET':
		case 'EPIPE':
			return 'the connection was cut';
		case 'ETIMEDOUT':
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return 'it cannot be reached (no network?)';
		default:
			return messageOf(error);
	}
}

function cancelled(): UnbrickError {
	return new UnbrickError({kind: 'Cancelled', during: 'fetching the bootloader'});
}

function listOf(text: string | undefined): readonly string[] {
	return (text ?? '')
		.split(/[,\s]+/)
		.map(entry => entry.trim())
		.filter(entry => entry !== '');
}

function isSet(text: string | undefined): boolean {
	return text !== undefined && text !== '' && text !== '0';
}
