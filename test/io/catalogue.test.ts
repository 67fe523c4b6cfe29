// Published images: found in the cache, in local places and on a server made here, checked by their bytes, or
// asked for in words. No traffic leaves this machine; no image here is anybody's firmware.
import assert from 'node:assert/strict';
import {mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import http from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {findBoard} from '../../src/engine/boards/index.ts';
import {
	checkKnownImage,
	chooseImage,
	howToGetByHand,
	mirrorAddress,
	publicAddresses,
} from '../../src/engine/bootloaders/catalogue.ts';
import {findBootloader, knownImages} from '../../src/engine/bootloaders/index.ts';
import {createCancel} from '../../src/engine/cancel.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {isKind} from '../../src/engine/errors.ts';
import {imageSha256} from '../../src/engine/image/digest.ts';
import type {KnownImage} from '../../src/engine/image/inspect.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {type CatalogueOptions, findReferences, obtainImage, proxyFor} from '../../src/io/catalogue.ts';
import {isSameFile, readFileBytes, readFileText, writeFileText} from '../../src/io/files.ts';

const image = createImage([
	{byteAddress: 0x7000, data: Uint8Array.from({length: 3000}, (_, at) => (at * 7) & 0xff)},
]);
const other = createImage([
	{byteAddress: 0x7000, data: Uint8Array.from({length: 3000}, (_, at) => (at * 9) & 0xff)},
]);
const text = printIntelHex(image);
const known: KnownImage = {
	id: 'caterina',
	image: {
		file: 'Loader-test.hex',
		chips: ['atmega32u4'],
		repository: 'maker/Boards',
		path: 'maker/avr/bootloaders/its loader/Loader-test.hex',
		commit: '0123456789abcdef0123456789abcdef01234567',
		gitBlobSha1: 'f'.repeat(40),
		fileBytes: text.length,
		lineEnding: 'lf',
		fileSha256: '',
		fileSha256OtherLineEnding: '',
		imageSha256: imageSha256(image)!,
		dataBytes: image.byteCount,
		ranges: [[0x7000, 0x7bb7]],
		usbDescriptors: [],
		source: 'this test',
	},
};
const ofQmk: KnownImage = {
	id: 'atmel-dfu',
	image: {...known.image, repository: 'qmk/qmk_firmware', path: 'util/Loader-test.hex'},
};

let folder: string;
let server: http.Server;
let base: string;
const requests: string[] = [];

before(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'catalogue-'));
	server = http.createServer((request, response) => {
		requests.push(request.url!);
		const route = new URL(request.url!, 'http://x').pathname;
		if (route === '/ok' || route.startsWith('/mirror/')) response.end(text);
		else if (route === '/crlf') response.end(text.replaceAll('\n', '\r\n'));
		else if (route === '/slow') {
			response.writeHead(200, {'content-length': text.length});
			const half = text.length >> 1;
			response.write(text.slice(0, half), () => setImmediate(() => response.end(text.slice(half))));
		} else if (route === '/silent') response.writeHead(200, {'content-length': text.length}).flushHeaders();
		else if (route === '/never') return;
		else if (route === '/cut') {
			response.writeHead(200, {'content-length': text.length});
			response.write(text.slice(0, 500), () => response.destroy());
		} else if (route === '/short') response.end(text.slice(0, 1003));
		else if (route === '/wrong') response.end(printIntelHex(other));
		else if (route === '/page') response.end('<!DOCTYPE html><html>…');
		else if (route === '/loop') response.writeHead(302, {location: '/loop'}).end();
		else if (route === '/sent-on') response.writeHead(307, {location: '/ok'}).end();
		else if (route === '/elsewhere') response.writeHead(302, {location: 'file:///etc/passwd'}).end();
		else if (route === '/huge') response.writeHead(200, {'content-length': 9_000_000}).flushHeaders();
		else if (route === '/endless') {
			const more = () => {
				if (!response.destroyed) response.write('0'.repeat(60_000), more);
			};
			more();
		} else response.writeHead(404).end('no');
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
	server.closeAllConnections();
	server.close();
	await rm(folder, {recursive: true, force: true});
});

let counter = 0;
/** A machine with nothing on it. */
async function machine(
	options: CatalogueOptions = {},
): Promise<CatalogueOptions & {home: string; cacheFolder: string}> {
	const home = path.join(folder, `home-${counter++}`);
	await mkdir(home);
	return {home, cacheFolder: path.join(home, 'cache'), env: {}, ...options};
}

async function put(file: string, content = text): Promise<string> {
	await mkdir(path.dirname(file), {recursive: true});
	await writeFile(file, content);
	return file;
}

const fetchFrom = async (route: string, options: CatalogueOptions = {}) =>
	obtainImage(known, await machine({addresses: [base + route], ...options}));

test('fetched, checked, kept; the second time from the cache', async () => {
	const progress: [number, number][] = [];
	const notes: string[] = [];
	const its = await machine({
		addresses: [`${base}/slow`],
		onProgress: (done, total) => progress.push([done, total]),
		onNote: note => notes.push(note),
	});
	const first = await obtainImage(known, its);
	assert.ok(first.found);
	assert.deepEqual([first.from, first.where], ['fetched', `${base}/slow`]);
	assert.equal(imageSha256(first.hex.image), known.image.imageSha256);
	assert.deepEqual(progress[0], [0, text.length]);
	assert.deepEqual(progress.at(-1), [text.length, text.length]);
	assert.match(notes[0]!, /^Fetching Loader-test\.hex from http/);

	const asked = requests.length;
	const again = await obtainImage(known, its);
	assert.equal(again.found && again.from, 'cache');
	assert.equal(requests.length, asked);
	assert.deepEqual(await readdir(its.cacheFolder), [`${known.image.imageSha256}.hex`]);
});

test('a damaged cache entry is thrown away and fetched again', async () => {
	const its = await machine({addresses: [`${base}/ok`]});
	await put(path.join(its.cacheFolder, `${known.image.imageSha256}.hex`), text.slice(0, 2000));
	const got = await obtainImage(known, its);
	assert.equal(got.found && got.from, 'fetched');
	assert.equal(await readFile(path.join(its.cacheFolder, `${known.image.imageSha256}.hex`), 'utf8'), text);
});

test('line ends and redirects do not matter', async () => {
	for (const route of ['/crlf', '/sent-on']) {
		const got = await fetchFrom(route);
		assert.ok(got.found, route);
	}
});

test('what a server can do wrong: each has its reason, nothing is used, nothing is kept', async () => {
	const table: readonly (readonly [string, RegExp])[] = [
		['/404', /the server answers 404 \(not there\)/],
		['/cut', /cut off after 500 bytes/],
		['/short', /cut off here/],
		[
			'/wrong',
			/its bytes are not those of Loader-test\.hex \(SHA-256 [0-9a-f]{16}…, should be [0-9a-f]{16}…\)/,
		],
		['/page', /a web page/],
		['/loop', /sent on more than 5 times/],
		['/elsewhere', /file: is not spoken here/],
		['/huge', /9000000 bytes are too many/],
		['/endless', /more than 262144 bytes are too many/],
		['/silent', /nothing came for 0\.1 s/],
		['/never', /nothing came for 0\.1 s/],
	];
	for (const [route, why] of table) {
		const quiet = ['/silent', '/never'].includes(route) ? {quietMs: 100} : {};
		const its = await machine({addresses: [base + route], ...quiet});
		const got = await obtainImage(known, its);
		assert.ok(!got.found, route);
		assert.equal(got.tried.length, 1);
		assert.match(got.tried[0]!.why, why, route);
		assert.match(
			got.text,
			/could not be fetched.*Get Loader-test\.hex from github\.com\/maker\/Boards, maker\/avr\/.* at commit 0123456789ab, .*give the file by its path/s,
		);
		assert.deepEqual(await readdir(its.cacheFolder).catch(() => []), [], route);
	}
	const slow = await fetchFrom('/never', {wholeMs: 60});
	assert.match(!slow.found ? slow.tried[0]!.why : '', /takes too long/);
	const nobody = await obtainImage(
		known,
		await machine({addresses: ['http://127.0.0.1:1/x', 'nonsense', `${base}/ok`]}),
	);
	assert.ok(nobody.found, 'the next address is tried');
});

test('stopping ends a fetch with Cancelled', async () => {
	const {cancel, request} = createCancel();
	const running = fetchFrom('/never', {cancel});
	const asked = requests.length;
	while (requests.length === asked) await new Promise(resolve => setImmediate(resolve));
	request();
	await assert.rejects(running, error => isKind(error, 'Cancelled'));
	await assert.rejects(fetchFrom('/ok', {cancel}), error => isKind(error, 'Cancelled'));
});

test('a mirror is asked instead of the public address', async () => {
	const its = await machine({env: {AVR_UNBRICK_MIRROR: `${base}/gone, ${base}/mirror/`}});
	const got = await obtainImage(known, its);
	assert.ok(got.found);
	assert.equal(got.where, `${base}/mirror/maker/Boards/maker/avr/bootloaders/its%20loader/Loader-test.hex`);
	assert.deepEqual(requests.slice(-2), [
		'/gone/maker/Boards/maker/avr/bootloaders/its%20loader/Loader-test.hex',
		'/mirror/maker/Boards/maker/avr/bootloaders/its%20loader/Loader-test.hex',
	]);
});

test('with nothing at all: offline it says what to get and from where', async () => {
	for (const options of [
		await machine({mayFetch: false}),
		await machine({env: {AVR_UNBRICK_OFFLINE: '1'}}),
	]) {
		const asked = requests.length;
		const got = await obtainImage(known, options);
		assert.ok(!got.found);
		assert.match(
			got.text,
			/^Loader-test\.hex is not on this machine, and nothing is fetched \(offline\)\. Get Loader-test\.hex from github/,
		);
		assert.equal(requests.length, asked);
	}
});

test('local places: a qmk_firmware checkout by QMK_HOME, by its settings, in the usual place', async () => {
	const checkout = async (at: string) => {
		await mkdir(path.join(at, 'keyboards'), {recursive: true});
		await mkdir(path.join(at, 'quantum'), {recursive: true});
		return put(path.join(at, 'util', 'Loader-test.hex'));
	};
	const one = await machine({mayFetch: false});
	const file = await checkout(path.join(one.home, 'elsewhere'));
	const byHome = await obtainImage(ofQmk, {...one, env: {QMK_HOME: path.join(one.home, 'elsewhere')}});
	assert.deepEqual(byHome.found && [byHome.from, byHome.where], ['local', file]);
	assert.ok(!(await obtainImage(ofQmk, one)).found);
	await put(
		path.join(one.home, '.config', 'qmk', 'qmk.ini'),
		'[general]\nqmk_home = /no\n[user]\nqmk_home = ~/elsewhere\n',
	);
	assert.ok((await obtainImage(ofQmk, one)).found);
	const two = await machine({mayFetch: false});
	await checkout(path.join(two.home, 'qmk_firmware'));
	assert.ok((await obtainImage(ofQmk, two)).found);
});

test('local places: the cores of the Arduino IDE, a sketchbook, a folder given', async () => {
	const inCore = ['bootloaders', 'its loader', 'Loader-test.hex'];
	for (const place of [
		['.arduino15', 'packages', 'Maker', 'hardware', 'avr', '1.1.13', ...inCore],
		['Library', 'Arduino15', 'packages', 'maker', 'hardware', 'avr', '1.8.6', ...inCore],
		['Arduino', 'hardware', 'maker', 'avr', ...inCore],
		['Documents', 'Arduino', 'hardware', 'maker', 'avr', ...inCore],
	]) {
		const its = await machine({mayFetch: false});
		const file = await put(path.join(its.home, ...place));
		const got = await obtainImage(known, its);
		assert.deepEqual(got.found && [got.from, got.where], ['local', file]);
	}
	const its = await machine({mayFetch: false});
	const given = path.join(its.home, 'given');
	await put(path.join(given, 'Loader-test.hex'));
	assert.ok((await obtainImage(known, {...its, folders: [given]})).found);
	const windows = await machine({mayFetch: false, env: {LOCALAPPDATA: path.join(given, '..', 'local')}});
	await put(path.join(given, '..', 'local', 'QMK', 'qmk_toolbox', 'Loader-test.hex'));
	assert.ok((await obtainImage(known, windows)).found);
});

test('a local file of that name with other bytes is passed over and told', async () => {
	const notes: string[] = [];
	const its = await machine({addresses: [`${base}/ok`], onNote: note => notes.push(note)});
	const given = path.join(its.home, 'given');
	const file = await put(path.join(given, 'Loader-test.hex'), printIntelHex(other));
	const got = await obtainImage(known, {...its, folders: [given]});
	assert.equal(got.found && got.from, 'fetched');
	assert.ok(notes.some(note => note.startsWith(`${file} is not used: its bytes are not those of`)));
});

test('what is here already of a chip serves for comparing, and nothing is fetched', async () => {
	const asked = requests.length;
	const its = await machine({env: {AVR_UNBRICK_MIRROR: base}});
	const chip = findChip('atmega32u4')!;
	const references = () => findReferences(chip, {...its, known: [known, {...ofQmk, id: 'promicro_isp'}]});
	assert.deepEqual(await references(), []);
	await put(path.join(its.cacheFolder, `${known.image.imageSha256}.hex`));
	const found = await references();
	assert.deepEqual(
		found.map(({id, file, image: its}) => [id, file, imageSha256(its)]),
		[['caterina', 'Loader-test.hex', known.image.imageSha256]],
	);
	assert.deepEqual(await findReferences(findChip('atmega328p')!, {...its, known: [known]}), []);
	assert.equal(requests.length, asked);
});

test('a cache that cannot be written costs nothing but the next fetch', async () => {
	const its = await machine({addresses: [`${base}/ok`]});
	await writeFile(path.join(its.home, 'file'), '');
	const got = await obtainImage(known, {...its, cacheFolder: path.join(its.home, 'file', 'cache')});
	assert.ok(got.found);
});

test('proxies: which one, and through it', async () => {
	const proxy = (address: string, env: Record<string, string>) => proxyFor(new URL(address), env)?.href;
	assert.equal(proxy('https://a.b/', {}), undefined);
	assert.equal(proxy('https://a.b/', {HTTPS_PROXY: 'http://p:1'}), 'http://p:1/');
	assert.equal(proxy('https://a.b/', {https_proxy: 'p:8080'}), 'http://p:8080/');
	assert.equal(proxy('http://a.b/', {HTTPS_PROXY: 'http://p:1', ALL_PROXY: 'http://q:2'}), 'http://q:2/');
	for (const none of ['*', 'a.b', '.b', '*.b', 'x,a.b', 'a.b:443'])
		assert.equal(proxy('https://a.b/', {HTTPS_PROXY: 'http://p:1', NO_PROXY: none}), undefined, none);
	for (const none of ['c', 'xa.b', 'a.b:80'])
		assert.equal(proxy('https://a.b/', {HTTPS_PROXY: 'http://p:1', no_proxy: none}), 'http://p:1/', none);
	assert.throws(() => proxy('https://a.b/', {HTTPS_PROXY: 'socks5://p:1'}), /socks5: is not spoken here/);

	const through: string[] = [];
	const relay = http.createServer((request, response) => {
		through.push(`${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
		response.end(text);
	});
	relay.on('connect', (request, socket) => {
		through.push(`CONNECT ${request.url}`);
		if (request.url === 'refused.invalid:443') socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
		else {
			// To a port that speaks no TLS: the tunnel itself is what is looked at.
			const onward = connect((server.address() as AddressInfo).port, '127.0.0.1', () => {
				socket.write('HTTP/1.1 200 OK\r\n\r\n');
				socket.pipe(onward).pipe(socket);
			});
			onward.on('error', () => socket.destroy());
			socket.on('error', () => onward.destroy());
		}
	});
	await new Promise<void>(resolve => relay.listen(0, '127.0.0.1', resolve));
	const port = (relay.address() as AddressInfo).port;
	try {
		const plain = await obtainImage(
			known,
			await machine({
				addresses: ['http://far.invalid/x.hex'],
				env: {HTTP_PROXY: `http://me:pass%20word@127.0.0.1:${port}`},
			}),
		);
		assert.ok(plain.found);
		assert.deepEqual(through, [
			`http://far.invalid/x.hex Basic ${Buffer.from('me:pass word').toString('base64')}`,
		]);
		const secure = await obtainImage(
			known,
			await machine({
				addresses: ['https://refused.invalid/x', 'https://far.invalid/x'],
				env: {HTTPS_PROXY: `127.0.0.1:${port}`},
				quietMs: 2000,
			}),
		);
		assert.ok(!secure.found);
		assert.match(secure.tried[0]!.why, /the proxy answers 403/);
		assert.deepEqual(through.slice(1), ['CONNECT refused.invalid:443', 'CONNECT far.invalid:443']);
	} finally {
		relay.closeAllConnections();
		relay.close();
	}
});

test('the right image for board, chip and bootloader', () => {
	const chip = findChip('atmega32u4')!;
	const file = (bootloader: string, chipId: string, board?: string) => {
		const choice = chooseImage(
			findBootloader(bootloader)!,
			findChip(chipId)!,
			board === undefined ? {} : {board: findBoard(board)!},
		);
		return choice.kind === 'one'
			? choice.known.image.file
			: choice.kind === 'several'
				? choice.known.length
				: choice.text;
	};
	assert.equal(file('caterina', 'atmega32u4', 'promicro_5v'), 'Caterina-promicro16.hex');
	assert.equal(file('caterina', 'atmega32u4', 'promicro_3v3'), 'Caterina-promicro8.hex');
	assert.equal(file('caterina', 'atmega32u4', 'leonardo'), 'Caterina-Leonardo.hex');
	assert.equal(file('caterina', 'atmega32u4', 'micro'), 'Caterina-Micro.hex');
	assert.equal(file('caterina', 'atmega32u4'), knownImages.filter(({id}) => id === 'caterina').length);
	assert.equal(file('atmel-dfu', 'atmega32u4', 'elite_c'), 'bootloader_atmega32u4_1.0.0.hex');
	assert.equal(file('atmel-dfu', 'at90usb1287'), 'bootloader_at90usb128_1.0.1.hex');
	assert.equal(file('bootloadhid', 'atmega32a', 'ps2avrgb'), 'bootloader_ps2avrgb_bootloadhid_1.0.1.hex');
	assert.equal(file('optiboot', 'atmega328p', 'uno'), 'optiboot_atmega328.hex');
	assert.equal(file('usbasploader', 'atmega328p', 'plaid'), 'main.hex');
	assert.match(
		String(file('usbasploader', 'atmega328p', 'discipad_romeo')),
		/^No image of .* Give yours as a file\.$/,
	);
	assert.match(String(file('halfkay', 'atmega32u4', 'teensy_2')), /HalfKay cannot be had/);
	assert.match(String(file('qmk-dfu', 'atmega32u4')), /Give yours as a file/);
	assert.match(String(file('caterina', 'atmega328p')), /not known for the ATmega328P/);
	const picked = chooseImage(findBootloader('caterina')!, chip, {file: 'Caterina-A-Star.hex'});
	assert.equal(picked.kind === 'one' && picked.known.image.repository, 'pololu/a-star');
	assert.equal(chooseImage(findBootloader('caterina')!, chip, {file: 'x.hex'}).kind, 'none');
});

test('every published image has an address that later changes cannot alter, and a way by hand', () => {
	for (const each of knownImages) {
		const addresses = publicAddresses(each);
		assert.ok(addresses.length > 0);
		for (const address of addresses) {
			const url = new URL(address);
			assert.equal(url.protocol, 'https:');
			assert.match(url.pathname, /\/[0-9a-f]{40}(\/|$)/);
		}
		assert.match(howToGetByHand(each), new RegExp(each.image.repository));
		assert.doesNotThrow(() => new URL(mirrorAddress('https://m/', each)));
	}
	assert.throws(
		() => checkKnownImage(other, known, 'mine.hex'),
		error => isKind(error, 'BadHex') && /not those of/.test(error.facts.reason),
	);
	checkKnownImage(image, known, 'x');
});

test('files: limits, reasons, whole or not at all', async () => {
	const its = await mkdtemp(path.join(folder, 'files-'));
	const file = path.join(its, 'a');
	const reason = async (name: string, limit?: number) => {
		try {
			await readFileBytes(name, limit);
		} catch (error) {
			if (isKind(error, 'BadHex')) return error.facts.reason;
			throw error;
		}
		return 'read';
	};
	await writeFileText(file, 'hello');
	assert.equal(await readFileText(file), 'hello');
	assert.equal(await reason(file, 5), 'read');
	assert.equal(await reason(file, 4), 'it is larger than 0 KB');
	assert.equal(await reason('/dev/zero', 2048), 'it is larger than 2 KB');
	assert.equal(await reason(path.join(its, 'none')), 'it is not there');
	assert.equal(await reason(its), 'this is a folder, not a file');
	assert.equal(await reason(path.join(file, 'b')), 'a part of its path is no folder');

	await symlink(file, path.join(its, 'link'));
	await writeFileText(path.join(its, 'link'), 'through');
	assert.equal(await readFile(file, 'utf8'), 'through');
	await writeFileText('/dev/null', 'x');
	await assert.rejects(writeFileText(its, 'x'), /Cannot write .*: this is a folder/);
	await assert.rejects(writeFileText(path.join(its, 'no', 'where'), 'x'), /Cannot write .*: it is not there/);
	assert.deepEqual((await readdir(its)).sort(), ['a', 'link']);
	assert.equal(await isSameFile(file, path.join(its, 'link')), true);
	assert.equal(await isSameFile(file, its), false);
	assert.equal(await isSameFile(file, path.join(its, 'none')), false);
});
