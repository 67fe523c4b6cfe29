// USB programmers of the bench served to real programs: avrdude is the second opinion, then the built program
// through the real usb package works on the very same devices.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, describe} from 'node:test';
import {promisify} from 'node:util';
import {createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer, Scenario} from '../../src/bench/scenarios.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {peerTest} from '../helpers/peers.ts';
import {serveOnPty} from '../helpers/pty.ts';
import {startUsbRig, type UsbRig} from '../helpers/vusb.ts';

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), 'usb-programmers-'));
after(() => rmSync(folder, {recursive: true, force: true}));
const cli = path.resolve(import.meta.dirname, '../../dist/cli.js');
let runs = 0;
/** Rigs side by side name their devices alike: each run has a state folder of its own. */
const env = () => {
	const own = path.join(folder, `run-${runs++}`);
	return {
		PATH: process.env.PATH ?? '',
		HOME: own,
		AVR_UNBRICK_OFFLINE: '1',
		AVR_UNBRICK_STATE: path.join(own, 'state'),
		AVR_UNBRICK_CACHE: path.join(own, 'cache'),
	};
};

const pattern = (bytes: number) =>
	Uint8Array.from({length: bytes}, (_, index) => (index * 197 + (index >> 7) * 13 + 1) & 0xff);
function file(name: string, content: string | Uint8Array): string {
	const where = path.join(folder, name);
	writeFileSync(where, content);
	return where;
}
const avrdudeNames: Partial<Record<BenchProgrammer, string>> = {
	usbasp: 'usbasp',
	usbtiny: 'usbtiny',
	avrispmkii: 'avrispmkII',
};

async function withRig(
	change: Partial<Scenario>,
	body: (rig: UsbRig, bench: ReturnType<typeof createBench>) => Promise<void>,
): Promise<void> {
	const bench = createBench('factory-rc', {change});
	assert.ok(bench.usb);
	const rig = await startUsbRig({dut: bench.usb});
	try {
		await body(rig, bench);
	} finally {
		rig.close();
	}
}

/** As delivered, blank; `high` is what avrdude writes to show that it can. */
const parts = {
	atmega32u4: {fuses: {low: 0x52, high: 0x99, extended: 0xfb}, high: 0xd9},
	atmega32a: {fuses: {low: 0xe1, high: 0x99}, high: 0xd9},
	atmega328p: {fuses: {low: 0x62, high: 0xd9, extended: 0xff}, high: 0xda},
	at90usb1286: {fuses: {low: 0x5e, high: 0x9b, extended: 0xf3}, high: 0xdb},
} as const;

/** Serves a serial programmer to real programs: a path, and how to run a command that sees it. */
async function serveSerial(bench: ReturnType<typeof createBench>, cdc: boolean) {
	assert.ok(bench.device);
	if (!cdc) {
		const pty = await serveOnPty(bench.device);
		return {
			path: pty.path,
			run: ([program = '', ...args]: readonly string[], options: {env?: NodeJS.ProcessEnv} = {}) =>
				run(program, args, {...options, timeout: 60_000}).then(
					({stdout, stderr}) => ({code: 0, stdout, stderr}),
					error => ({code: error.code, stdout: String(error.stdout), stderr: String(error.stderr)}),
				),
			close: () => pty.close(),
		};
	}
	const port = {
		serial: bench.device,
		vendorId: 0x16c0,
		productId: 0x0483,
		manufacturer: 'Teensyduino',
		product: 'USB Serial',
		serialNumber: '12345',
	};
	const rig = await startUsbRig({dut: port});
	return {path: '/dev/ttyACM0', run: rig.run, close: async () => rig.close()};
}

describe('programmers at a serial port', {concurrency: 2}, () => {
	for (const [programmer, name, needs] of [
		['avrisp', 'stk500v1', {virtualUsb: true, programs: ['avrdude']}],
		['buspirate', 'buspirate', {programs: ['avrdude', 'python3']}],
		// `arduino`: avrdude's name for the sketch, which counts EEPROM addresses in words.
		['arduino-isp', 'arduino', {programs: ['avrdude', 'python3']}],
	] as const) {
		for (const [chip, part] of Object.entries(parts)) {
			const data = findChip(chip);
			assert.ok(data);
			peerTest(`avrdude and recover over ${programmer}: ${data.name}`, needs, async () => {
				const bench = createBench('factory-rc', {change: {programmer, chip, fuses: part.fuses}});
				const served = await serveSerial(bench, programmer === 'avrisp');
				// The whole of one part, 4 KB at the end of the others; at 19200 baud the whole takes a minute each way.
				const bytes = chip === 'atmega32u4' && programmer !== 'arduino-isp' ? data.flash.bytes : 4096;
				const start = data.flash.bytes - bytes;
				const image = pattern(bytes);
				const hex = file(
					`${programmer}-${chip}.hex`,
					printIntelHex(createImage([{byteAddress: start, data: image}])),
				);
				try {
					const peer = await served.run([
						...['avrdude', '-c', name, '-P', served.path, '-p', data.avrdudeId],
						...(programmer === 'arduino-isp' ? ['-b', '19200'] : []),
						...['-e', '-U', `flash:w:${hex}:i`, '-U', `hfuse:w:${part.high}:m`],
					]);
					assert.equal(peer.code, 0, peer.stderr);
					assert.deepEqual(bench.chip.dump().flash.slice(start), image);
					assert.equal(bench.chip.dump().fuses.high, part.high);
					const blamed = bench.violations.length;
					const ours = await served.run(
						[
							...[process.execPath, cli, 'recover', '--programmer', programmer, '--port', served.path],
							...['--chip', chip, '--hex', hex, '--yes', '--json'],
						],
						{env: env()},
					);
					assert.equal(ours.code, 0, ours.stdout.split('\n').at(-2) + ours.stderr);
					assert.deepEqual(bench.chip.dump().flash.slice(start), image);
					assert.equal(bench.chip.events.filter(event => event.what === 'erase').length, 2);
					assert.deepEqual(bench.violations.slice(blamed), []);
				} finally {
					await served.close();
				}
			});
		}
	}
});

describe('SCK of a USBasp that is told nothing', {concurrency: 2}, () => {
	type Line = {
		readonly type: string;
		readonly sckHz?: number;
		readonly message?: string;
		readonly ok?: boolean;
	};
	const crystal = {low: 0xff, high: 0xd8, extended: 0xcb};
	for (const [name, command, fuses, fits] of [
		['probe finds a 1 MHz part as delivered', 'probe', parts.atmega32u4.fuses, (hz: number) => hz <= 125_000],
		['recover at 16 MHz works at 750 kHz or more', 'recover', crystal, (hz: number) => hz >= 750_000],
		[
			'recover with CKDIV8 on works at 375 kHz or less',
			'recover',
			{...crystal, low: 0x7f},
			(hz: number) => hz <= 375_000,
		],
	] as const) {
		peerTest(name, {virtualUsb: true}, async () => {
			await withRig({programmer: 'usbasp', fuses}, async (rig, bench) => {
				const hex = file('sck.hex', printIntelHex(createImage([{byteAddress: 0x7000, data: pattern(4096)}])));
				const {code, stdout, stderr} = await rig.run(
					[
						...[process.execPath, cli, command, '--programmer', 'usbasp', '--board', 'promicro_5v', '--json'],
						...(command === 'recover' ? ['--hex', hex, '--yes'] : []),
					],
					{env: env()},
				);
				const lines = stdout
					.trim()
					.split('\n')
					.map(line => JSON.parse(line) as Line);
				assert.equal(code, 0, stdout + stderr);
				const sckHz = lines.find(({type}) => type === 'identity')?.sckHz ?? Number.NaN;
				assert.ok(fits(sckHz), `${sckHz} Hz`);
				const said = lines.find(({message}) => message?.startsWith(`SCK ${sckHz} Hz: the chip runs at `));
				assert.ok(said, stdout);
				assert.deepEqual(bench.violations, []);
			});
		});
	}
});

describe('USB programmers', {concurrency: 2}, () => {
	for (const [programmer, name] of Object.entries(avrdudeNames)) {
		peerTest(
			`avrdude -c ${name} erases, writes and verifies 32 KB, EEPROM and fuses`,
			{virtualUsb: true, programs: ['avrdude']},
			async () => {
				await withRig({programmer: programmer as BenchProgrammer}, async (rig, bench) => {
					const image = pattern(32_768);
					const flashFile = file(`${programmer}.bin`, image);
					const {code, stderr} = await rig.run([
						...['avrdude', '-c', name, '-p', 'm32u4', '-B', '125kHz', '-e', '-U', `flash:w:${flashFile}:r`],
						...[
							'-U',
							'efuse:w:0xcb:m',
							'-U',
							'hfuse:w:0xd8:m',
							'-U',
							'lfuse:w:0xff:m',
							'-U',
							'lock:w:0xef:m',
						],
					]);
					assert.equal(code, 0, stderr);
					const dump = bench.chip.dump();
					assert.deepEqual(dump.flash, image);
					assert.deepEqual(dump.fuses, {low: 0xff, high: 0xd8, extended: 0xfb});
					assert.equal(dump.lock, 0xef);
				});
			},
		);
		for (const [chip, part] of Object.entries(parts)) {
			const data = findChip(chip);
			assert.ok(data);
			const change = {programmer: programmer as BenchProgrammer, chip, fuses: part.fuses};
			const start = data.flash.bytes - 4096;
			const loader = pattern(4096);
			const hex = () =>
				file(`${programmer}-${chip}.hex`, printIntelHex(createImage([{byteAddress: start, data: loader}])));
			peerTest(
				`avrdude and recover over ${programmer}: ${data.name}`,
				{virtualUsb: true, programs: ['avrdude']},
				async () => {
					await withRig(change, async (rig, bench) => {
						const eeprom = pattern(16);
						const {code, stderr} = await rig.run([
							...[
								'avrdude',
								'-c',
								name,
								'-p',
								data.avrdudeId,
								'-B',
								'125kHz',
								'-e',
								'-U',
								`flash:w:${hex()}:i`,
							],
							...['-U', `eeprom:w:${file(`${programmer}-${chip}.eep`, eeprom)}:r`],
							...['-U', `hfuse:w:${part.high}:m`],
						]);
						assert.equal(code, 0, stderr);
						const dump = bench.chip.dump();
						assert.deepEqual(dump.flash.slice(start), loader);
						assert.deepEqual(dump.eeprom.slice(0, 16), eeprom);
						assert.equal(dump.fuses.high, part.high);
					});
					await withRig(change, async (rig, bench) => {
						const {code, stdout, stderr} = await rig.run(
							[
								...[process.execPath, cli, 'recover', '--programmer', programmer, '--chip', chip],
								...['--hex', hex(), '--yes', '--json'],
								// Above 64 KB a USBtiny reads byte by byte: a backup of it all takes too long for a test.
								...(programmer === 'usbtiny' && chip === 'at90usb1286' ? ['--backup', 'none'] : []),
							],
							{env: env()},
						);
						assert.equal(code, 0, stdout.split('\n').at(-2) + stderr);
						assert.deepEqual(bench.chip.dump().flash.slice(start), loader);
						assert.deepEqual(bench.violations, []);
					});
				},
			);
		}
	}
});

peerTest('devices lists the programmers on a real bus, and what may be one', {virtualUsb: true}, async () => {
	const serial = createBench('avrisp').device;
	const [usbasp, usbtiny, avrispmkii] = ['usbasp', 'usbtiny', 'avrispmkii'].map(
		name => createBench(name).usb,
	);
	assert.ok(serial && usbasp && usbtiny && avrispmkii);
	const port = {
		serial,
		vendorId: 0x16c0,
		productId: 0x0483,
		manufacturer: 'Teensyduino',
		product: 'USB Serial',
		serialNumber: '12345',
	};
	const rig = await startUsbRig({usbasp, usbtiny, avrispmkii, port});
	try {
		const {code, stdout} = await rig.run([process.execPath, cli, 'devices', '--json'], {env: env()});
		assert.equal(code, 0);
		const {devices} = JSON.parse(stdout) as {
			devices: {id: string; vidPid: string | null; access: string; port: string | null}[];
		};
		const found = devices
			.filter(device => device.vidPid !== null)
			.map(device => `${device.id} ${device.vidPid} ${device.port} ${device.access}`);
		assert.deepEqual(found.sort(), [
			'avrisp 16c0:0483 /dev/ttyACM0 ok',
			'avrispmkii 03eb:2104 null ok',
			'usbasp 16c0:05dc null ok',
			'usbtiny 1781:0c9f null ok',
		]);
	} finally {
		rig.close();
	}
});
