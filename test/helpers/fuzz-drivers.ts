// Conversations with devices that answer badly. A device of the bench answers, and what it says is spoiled now and then;
// or there is no device and every answer is chance. Each spoiled or random answer is one input. All on virtual time:
// whatever comes back, an operation must end, and within the time that its own limits add up to.
import {createBench} from '../../src/bench/bench.ts';
import {keyboardImage} from '../../src/bench/boot/images.ts';
import type {BootloaderClient} from '../../src/engine/bootloaders/client.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {Clock} from '../../src/engine/clock.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import type {IspLink, ProgrammerId} from '../../src/engine/isp/link.ts';
import {createLink, openProgrammer} from '../../src/engine/programmers/open.ts';
import {createAtmelDfu} from '../../src/engine/protocols/atmel-dfu/driver.ts';
import {createAvr109} from '../../src/engine/protocols/avr109/driver.ts';
import {createBootloadhid} from '../../src/engine/protocols/bootloadhid/driver.ts';
import {createHalfkay} from '../../src/engine/protocols/halfkay/driver.ts';
import {createLufaHid} from '../../src/engine/protocols/lufa-hid/driver.ts';
import {createLufaMs} from '../../src/engine/protocols/lufa-ms/driver.ts';
import {createUsbasploader} from '../../src/engine/protocols/usbasploader/driver.ts';
import {
	type ByteStream,
	type HidPipe,
	TransferFault,
	type UsbPipe,
	type World,
} from '../../src/engine/transports.ts';
import {asImage, boardKind, waitingBoard} from './boards.ts';
import {type Chance, createChance, type FuzzTarget, isTyped, mutateBytes} from './fuzz.ts';

/**
 * Longest time of one operation on the virtual clock. HalfKay waits 45 s for each of its first five blocks (PJRC's own
 * figure), and a chip that is found only at the slowest SCK after every resync takes minutes.
 */
const mostMs = 10 * 60_000;
/** More answers in one conversation are a loop without end. */
const mostAnswers = 200_000;

type Meddler = {
	readonly clock: Clock;
	/** The answer to be given for a true one; throws TransferFault. */
	readonly answer: (truth: Uint8Array, asked: number) => Uint8Array;
	/** Throws now and then what a write may throw. */
	readonly sent: () => void;
	readonly answers: () => number;
	readonly hostile: () => number;
};

function createMeddler(chance: Chance, clock: Clock, share: number): Meddler {
	let answers = 0;
	let hostile = 0;
	const fault = () => {
		throw new TransferFault(chance.pick(['stall', 'timeout', 'io', 'gone'] as const), 'fuzzed');
	};
	const count = () => {
		answers += 1;
		if (answers > mostAnswers) throw new Error('a conversation without end');
	};
	return {
		clock,
		answer(truth, asked) {
			count();
			if (chance.next() >= share) return truth;
			hostile += 1;
			const most = Math.max(0, Math.min(asked, 4096));
			switch (chance.below(8)) {
				case 0:
					return new Uint8Array(0);
				case 1:
					return chance.bytes(chance.below(most + 1));
				case 2:
					return new Uint8Array(most).fill(chance.pick([0x00, 0xff, 0x14, 0x10, 0x0d, 0x59]));
				case 3:
					return chance.next() < 0.3 ? fault() : chance.bytes(most);
				default:
					return mutateBytes(chance, truth).slice(0, asked);
			}
		},
		sent() {
			count();
			if (chance.next() < share / 20) {
				hostile += 1;
				fault();
			}
		},
		answers: () => answers,
		hostile: () => hostile,
	};
}

function meddledStream(stream: ByteStream, meddler: Meddler): ByteStream {
	return {
		...stream,
		async write(data) {
			await stream.write(data);
			meddler.sent();
		},
		read: async (maxBytes, timeoutMs) => meddler.answer(await stream.read(maxBytes, timeoutMs), maxBytes),
	};
}

function meddledUsb(pipe: UsbPipe, meddler: Meddler): UsbPipe {
	return {
		...pipe,
		controlIn: async (setup, length, timeoutMs) =>
			meddler.answer(await pipe.controlIn(setup, length, timeoutMs), length),
		async controlOut(setup, data, timeoutMs) {
			await pipe.controlOut(setup, data, timeoutMs);
			meddler.sent();
		},
		bulkIn: async (endpoint, length, timeoutMs) =>
			meddler.answer(await pipe.bulkIn(endpoint, length, timeoutMs), length),
		async bulkOut(endpoint, data, timeoutMs) {
			await pipe.bulkOut(endpoint, data, timeoutMs);
			meddler.sent();
		},
	};
}

function meddledHid(pipe: HidPipe, meddler: Meddler): HidPipe {
	return {
		...pipe,
		async setReport(kind, reportId, data, timeoutMs) {
			await pipe.setReport(kind, reportId, data, timeoutMs);
			meddler.sent();
		},
		getReport: async (reportId, length, timeoutMs) =>
			meddler.answer(await pipe.getReport(reportId, length, timeoutMs), length),
	};
}

function meddledWorld(world: World, meddler: Meddler): World {
	return {
		...world,
		openSerial: async (path, options) => meddledStream(await world.openSerial(path, options), meddler),
		openUsb: async key => meddledUsb(await world.openUsb(key), meddler),
		openHid: async key => meddledHid(await world.openHid(key), meddler),
	};
}

/** Nobody is there: every answer is made up by the meddler, and silence costs its time. */
function emptyWorld(chance: Chance, meddler: Meddler) {
	const device = {
		key: '1-1:2',
		vendorId: 0x16c0,
		productId: 0x05dc,
		release: chance.below(0x1_0000),
		access: 'ok' as const,
	};
	const nothing = new Uint8Array(0);
	const ask = async (length: number, timeoutMs: number) => {
		await meddler.clock.sleep(chance.pick([0, 0.1, 1, timeoutMs]));
		return meddler.answer(nothing, length);
	};
	const stream: ByteStream = {
		path: '/dev/ttyX0',
		write: async () => meddler.sent(),
		async read(maxBytes, timeoutMs) {
			const got = meddler.answer(nothing, maxBytes);
			await meddler.clock.sleep(got.length === 0 ? timeoutMs : 0.1);
			return got;
		},
		discardInput: async () => {},
		setLines: async () => {},
		close: async () => {},
	};
	const usb: UsbPipe = {
		device,
		controlIn: (_setup, length, timeoutMs) => ask(length, timeoutMs),
		controlOut: async () => meddler.sent(),
		bulkIn: (_endpoint, length, timeoutMs) => ask(length, timeoutMs),
		bulkOut: async () => meddler.sent(),
		clearHalt: async () => meddler.sent(),
		close: async () => {},
	};
	const hid: HidPipe = {
		device,
		setReport: async () => meddler.sent(),
		getReport: (_id, length, timeoutMs) => ask(length, timeoutMs),
		usage: async () => ({page: chance.below(0x1_0000), usage: chance.below(40)}),
		close: async () => {},
	};
	return {stream, usb, hid};
}

/** The longest operation seen so far, for the report. */
export const longest = {ms: 0, what: ''};

/** Does one thing; only errors of ours may come, and only in time. Returns false after one. */
async function attempt(clock: Clock, what: string, work: () => Promise<unknown>): Promise<boolean> {
	const began = clock.nowMs();
	let ok = true;
	try {
		await work();
	} catch (error) {
		if (!isTyped(error)) throw new Error(`${what}: ${String(error)}`, {cause: error});
		ok = false;
	}
	const ms = clock.nowMs() - began;
	if (ms > longest.ms) {
		longest.ms = ms;
		longest.what = what;
	}
	if (ms > mostMs) throw new Error(`${what} took ${Math.round(ms / 1000)} s`);
	return ok;
}

const ispChip = findChip('atmega8u2')!;
const small = createImage([
	{byteAddress: 0, data: Uint8Array.from({length: 200}, (_, index) => (index * 7) & 0xff)},
]);

async function playLink(link: IspLink, clock: Clock, chance: Chance): Promise<void> {
	const page = Uint8Array.from({length: ispChip.flash.pageBytes}, (_, index) => index & 0xff);
	const operations: readonly (readonly [string, () => Promise<unknown>])[] = [
		['open', () => link.open()],
		['setSck', async () => link.setSck?.(chance.pick([1_000, 125_000, 500_000]))],
		['enter', () => link.enter()],
		['exchange', () => link.exchange([0x30, 0, 1, 0])],
		[
			'exchangeMany',
			async () => link.exchangeMany?.(Array.from({length: chance.below(40)}, () => [0x30, 0, 0, 0] as const)),
		],
		['readFlash', async () => link.readFlash?.(0, Math.min(256, link.readBlockBytes ?? 256))],
		['writeFlashPage', async () => link.writeFlashPage?.(0, page)],
		['readEeprom', async () => link.readEeprom?.(0, 64)],
		['writeEeprom', async () => link.writeEeprom?.(0, page.slice(0, 5))],
		['measureTargetVolts', async () => link.measureTargetVolts?.()],
	];
	link.setChip?.({
		flashBytes: ispChip.flash.bytes,
		pageBytes: ispChip.flash.pageBytes,
		eepromBytes: ispChip.eeprom.bytes,
		eepromPageBytes: ispChip.eeprom.pageBytes ?? 0,
		pollsReady: true,
		eepromPaged: true,
		extendedAddress: false,
	});
	let alive = true;
	let entered = true;
	for (const [what, work] of operations) {
		// Without programming mode nothing else may be asked: that would be a fault of whoever asks.
		if (!alive && (chance.next() < 0.3 || !entered)) break;
		alive = await attempt(clock, what, work);
		if (what === 'enter') entered = alive;
	}
	await attempt(clock, 'leave', () => link.leave());
}

async function playTarget(link: IspLink, clock: Clock): Promise<void> {
	const target = createIspTarget(link, {clock, chip: ispChip});
	const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
		['identify', () => target.identify(ispChip)],
		['readRange', () => target.readRange('flash', 0, 512)],
		['readRange of the EEPROM', () => target.readRange('eeprom', 0, 32)],
		['erase', () => target.erase()],
		['writeImage', () => target.writeImage(small)],
		['writeFuse', () => target.writeFuse('high', 0xd9)],
		['readLock', () => target.readLock()],
		['leave', () => target.leave()],
	];
	for (const [what, work] of steps) if (!(await attempt(clock, what, work))) break;
	await target.close();
}

const ispProgrammers: readonly ProgrammerId[] = [
	'usbasp',
	'usbtiny',
	'avrisp',
	'arduino-isp',
	'buspirate',
	'avrispmkii',
];
/** How much of what the device says is spoiled: hardly anything gets far, some, most. */
const shares = [0.5, 0.1, 0.02] as const;

const links: readonly FuzzTarget[] = ispProgrammers.map(programmer => ({
	name: `link-${programmer}`,
	start(seed) {
		const chance = createChance(seed);
		let number = 0;
		return () => {
			const its = createChance(seed * 31 + number);
			number += 1;
			const alone = chance.next() < 0.4;
			const share = alone ? 0.95 : chance.pick(shares);
			const whole = chance.next() < 0.5;
			return {
				shown: () => ({programmer, conversation: number - 1, alone, share, whole}),
				async feed() {
					const bench = createBench('healthy', {
						seed: number,
						change: {
							programmer,
							chip: ispChip.id,
							expectedChip: ispChip.id,
							content: 'blank',
							fuses: {low: 0x5e, high: 0xd9, extended: 0xf4},
						},
					});
					const {clock} = bench.world;
					const meddler = createMeddler(its, clock, share);
					let link: IspLink | undefined;
					if (alone) {
						const {stream, usb} = emptyWorld(its, meddler);
						const serial = {kind: 'serial' as const, stream, baud: 19_200, otherBauds: []};
						const pipe = {kind: 'usb' as const, pipe: usb};
						link = createLink(
							programmer,
							['usbasp', 'usbtiny', 'avrispmkii'].includes(programmer) ? pipe : serial,
							clock,
						);
					} else {
						const world = meddledWorld(bench.world, meddler);
						const isUsb = (await world.listUsbDevices()).some(device => device.key === bench.port);
						await attempt(clock, 'opening', async () => {
							link = await openProgrammer(world, {
								programmer,
								...(isUsb ? {usb: bench.port} : {port: bench.port}),
							});
						});
					}
					if (link !== undefined) {
						if (whole) await playTarget(link, clock);
						else {
							await playLink(link, clock, its);
							const began = clock.nowMs();
							await link.close();
							if (clock.nowMs() - began > mostMs) throw new Error('close without end');
						}
					}
					return Math.max(1, meddler.hostile());
				},
			};
		};
	},
}));

async function playClient(client: BootloaderClient, clock: Clock, bytes: number): Promise<void> {
	const image = asImage(keyboardImage(bytes));
	const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
		['connect', () => client.connect()],
		['erase', () => client.erase()],
		['write', () => client.write(image)],
		['read', async () => client.read?.(0, 1024)],
		['start', () => client.start()],
	];
	for (const [what, work] of steps) if (!(await attempt(clock, what, work))) break;
	await client.close();
}

const clientKinds = [
	['atmel-dfu', 'Atmel DFU'],
	['caterina', 'Caterina'],
	['halfkay', 'HalfKay'],
	['bootloadhid', 'bootloadHID'],
	['usbasploader', 'USBaspLoader with a chip erase'],
	['lufa-hid', 'LUFA HID'],
	['qmk-hid', 'QMK HID'],
	['lufa-ms', 'LUFA mass storage'],
] as const;

const clients: readonly FuzzTarget[] = clientKinds.map(([protocol, kindName]) => ({
	name: `loader-${protocol}`,
	start(seed) {
		const chance = createChance(seed);
		const kind = boardKind(kindName);
		let number = 0;
		return () => {
			const its = createChance(seed * 37 + number);
			number += 1;
			const alone = chance.next() < 0.7 && protocol !== 'lufa-ms';
			const share = alone ? 0.95 : chance.pick(shares);
			return {
				shown: () => ({protocol, conversation: number - 1, alone, share}),
				async feed() {
					const board = await waitingBoard(kind);
					const {clock, world, data: chip, bootStart} = board;
					const meddler = createMeddler(its, clock, share);
					const options = {chip, bootStart};
					const nobody = emptyWorld(its, meddler);
					const [device] = await world.listUsbDevices();
					const [port] = await world.listSerialPorts();
					const usb = async () =>
						alone ? nobody.usb : meddledUsb(await world.openUsb(device!.key), meddler);
					const hid = async () =>
						alone ? nobody.hid : meddledHid(await world.openHid(device!.key), meddler);
					const stream = async () =>
						alone
							? nobody.stream
							: meddledStream(await world.openSerial(port!.path, {baud: 57_600}), meddler);
					let client: BootloaderClient;
					switch (protocol) {
						case 'atmel-dfu':
							client = createAtmelDfu(await usb(), clock, options);
							break;
						case 'caterina':
							client = createAvr109(await stream(), clock, options);
							break;
						case 'halfkay':
							client = createHalfkay(await hid(), clock, options);
							break;
						case 'bootloadhid':
							client = createBootloadhid(await hid(), options);
							break;
						case 'usbasploader':
							client = createUsbasploader(await usb(), clock.sleep, options);
							break;
						case 'lufa-hid':
						case 'qmk-hid':
							client = createLufaHid(await hid(), {...options, protocol});
							break;
						case 'lufa-ms': {
							const file = board.usb.flashFile()!;
							client = createLufaMs(
								{
									...file,
									sizeBytes: its.next() < 0.3 ? its.below(200_000) : file.sizeBytes,
									async read() {
										return meddler.answer(await file.read(), 262_144);
									},
									async overwrite(bytes) {
										await file.overwrite(bytes);
										meddler.sent();
									},
								},
								options,
							);
						}
					}
					await playClient(client, clock, its.pick([200, 1500]));
					if (board.board.trespasses.length > 0 && !alone) throw new Error('outside the application area');
					return Math.max(1, meddler.hostile());
				},
			};
		};
	},
}));

export const driverTargets: readonly FuzzTarget[] = [...links, ...clients];
