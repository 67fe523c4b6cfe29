// Serves devices of the bench to real programs through the virtual USB rig (test/vusb): the model's side of its
// protocol, and running a command beside them.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ByteDevice} from '../../src/bench/byte-device.ts';
import type {UsbIdentity, UsbModel} from '../../src/bench/usb-model.ts';
import type {ControlSetup} from '../../src/engine/transports.ts';

const rigCommand = path.resolve(import.meta.dirname, '../vusb/vusb-run');

/** A serial device as a CDC port: opening it raises DTR, which is `open` for the device. */
export type CdcDevice = {
	readonly serial: ByteDevice;
	readonly vendorId: number;
	readonly productId: number;
	readonly release?: number;
	readonly manufacturer: string;
	readonly product: string;
	readonly serialNumber?: string;
	/** The port was closed at this rate (1200: a sketch is asked to leave). */
	readonly onClosed?: (baud: number) => void;
};
export type Served = UsbModel | CdcDevice;

export type RunResult = {readonly code: number | null; readonly stdout: string; readonly stderr: string};

export type UsbRig = {
	/** The command line that runs `command` beside the devices. */
	readonly commandLine: (command: readonly string[]) => readonly [string, ...string[]];
	readonly run: (
		command: readonly string[],
		options?: {readonly timeoutMs?: number; readonly env?: NodeJS.ProcessEnv},
	) => Promise<RunResult>;
	/** Off the bus, while a command runs. */
	readonly unplug: (name: string) => void;
	readonly plug: (name: string) => void;
	/** Back on the bus as another device; `fileMode` is that of its node. */
	readonly become: (name: string, next: Served, fileMode?: number) => void;
	readonly close: () => void;
};

type Ask = {
	readonly op: string;
	readonly id: number;
	readonly t?: number;
	readonly type?: number;
	readonly request?: number;
	readonly value?: number;
	readonly index?: number;
	readonly length?: number;
	readonly ep?: number;
	readonly data?: string;
};
type Answer = {readonly data?: string; readonly stall?: true; readonly spend?: number};
/** One plugged device: what it says for hello, and how it answers. Undefined: not yet (NAK). */
type Face = {
	readonly hello: Record<string, unknown>;
	readonly control: (ask: Ask, atMs: number) => Answer;
	readonly out: (ask: Ask, atMs: number) => Answer;
	readonly in: (ask: Ask, atMs: number) => Answer | undefined;
};

const le16 = (value: number) => [value & 0xff, value >> 8];
function deviceDescriptor(of: {
	vendorId: number;
	productId: number;
	release: number;
	deviceClass: number;
	packet: number;
	strings: readonly [number, number, number];
}) {
	return Buffer.from([
		...[18, 1, ...le16(0x0110), of.deviceClass, 0, 0, of.packet],
		...[...le16(of.vendorId), ...le16(of.productId), ...le16(of.release), ...of.strings, 1],
	]).toString('hex');
}
function configuration(interfaces: number, body: readonly number[]): string {
	return Buffer.from([9, 2, ...le16(9 + body.length), interfaces, 1, 0, 0x80, 50, ...body]).toString('hex');
}
/** String descriptors and the indexes that name them; an empty string has none. */
function stringsOf(manufacturer: string, product: string, serial: string) {
	const entries = [manufacturer, product, serial].map((text, index) => [index + 1, text] as const);
	const there = entries.filter(([, text]) => text !== '');
	const index = (at: number) => (entries[at]?.[1] === '' ? 0 : at + 1);
	return {
		strings: Object.fromEntries(there.map(([number, text]) => [String(number), text])),
		indexes: [index(0), index(1), index(2)] as const,
	};
}
function setupOf(ask: Ask): ControlSetup {
	const bits = ask.type ?? 0;
	const recipients = ['device', 'interface', 'endpoint'] as const;
	const types = ['standard', 'class', 'vendor'] as const;
	return {
		type: types[(bits >> 5) & 3] ?? 'vendor',
		recipient: recipients[bits & 0x1f] ?? 'device',
		request: ask.request ?? 0,
		value: ask.value ?? 0,
		index: ask.index ?? 0,
	};
}
const bytesOf = (ask: Ask) => Uint8Array.from(Buffer.from(ask.data ?? '', 'hex'));
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex');

function modelFace(model: UsbModel): Face {
	const identity: UsbIdentity = model.identity;
	const {strings, indexes} = stringsOf(identity.manufacturer, identity.product, identity.serial ?? '');
	const endpoints = identity.endpoints.flatMap(one => [7, 5, one.address, 2, ...le16(one.packetBytes), 0]);
	const [cls, sub, protocol] = identity.interfaceClass;
	const body = [9, 4, 0, 0, identity.endpoints.length, cls, sub, protocol, 0, ...endpoints];
	const ended = (answer: ReturnType<UsbModel['control']>, atMs: number): Answer | undefined => {
		if (answer.status === 'never') return undefined;
		// The model reckons bus time and its own work together.
		const spend = Math.max(0, answer.doneMs - atMs) / 1000;
		return answer.status === 'ok' ? {data: hexOf(answer.data), spend} : {stall: true, spend};
	};
	return {
		hello: {
			device: deviceDescriptor({
				vendorId: identity.vendorId,
				productId: identity.productId,
				release: identity.release,
				deviceClass: 0xff,
				packet: identity.speed === 'low' ? 8 : 64,
				strings: indexes,
			}),
			configs: [configuration(1, body)],
			strings,
			speed: identity.speed,
			transaction_us: 0,
		},
		control(ask, atMs) {
			const isIn = ((ask.type ?? 0) & 0x80) !== 0;
			const answer = model.control(setupOf(ask), isIn ? (ask.length ?? 0) : bytesOf(ask), atMs);
			return ended(answer, atMs) ?? {stall: true};
		},
		out(ask, atMs) {
			const done = ended(model.bulkOut((ask.ep ?? 0) & 0x0f, bytesOf(ask), atMs), atMs);
			return done === undefined ? {stall: true} : {...done, ...(done.data === undefined ? {} : {data: ''})};
		},
		in: (ask, atMs) => ended(model.bulkIn((ask.ep ?? 0) & 0x0f, ask.length ?? 0, atMs), atMs),
	};
}

const dataIn = 0x83;
const dataOut = 0x04;
function cdcFace(cdc: CdcDevice): Face {
	const {strings, indexes} = stringsOf(cdc.manufacturer, cdc.product, cdc.serialNumber ?? '');
	const communication = [
		...[9, 4, 0, 0, 1, 2, 2, 1, 0],
		...[5, 0x24, 0, 0x10, 1, 4, 0x24, 2, 6, 5, 0x24, 6, 0, 1, 5, 0x24, 1, 0, 1],
		...[7, 5, 0x82, 3, ...le16(8), 255],
	];
	const bulk = (address: number) => [7, 5, address, 2, ...le16(64), 0];
	const data = [9, 4, 1, 0, 2, 10, 0, 0, 0, ...bulk(dataOut), ...bulk(dataIn)];
	let coding = Buffer.from([0x80, 0x25, 0, 0, 0, 0, 8]);
	let dtr = false;
	let opened = false;
	let openedAtMs = 0;
	const baud = () => coding.readUInt32LE();
	const openLate = () => {
		if (opened || !dtr) return;
		opened = true;
		cdc.serial.open(openedAtMs, baud());
	};
	return {
		hello: {
			device: deviceDescriptor({
				...cdc,
				release: cdc.release ?? 0x0100,
				deviceClass: 2,
				packet: 64,
				strings: indexes,
			}),
			configs: [configuration(2, [...communication, ...data])],
			strings,
			speed: 'full',
		},
		control(ask, atMs) {
			if (ask.request === 0x21) return {data: coding.toString('hex')};
			if (ask.request === 0x20) {
				coding = Buffer.from(ask.data ?? '', 'hex');
				return {};
			}
			if (ask.request === 0x22) {
				const next = ((ask.value ?? 0) & 1) !== 0;
				if (next && !dtr) openedAtMs = atMs;
				if (!next && dtr) {
					if (opened) cdc.serial.close(atMs);
					opened = false;
					cdc.onClosed?.(baud());
				}
				dtr = next;
				return {};
			}
			return ask.request === 0x23 ? {} : {stall: true};
		},
		out(ask, atMs) {
			dtr = true;
			openLate();
			cdc.serial.receive(bytesOf(ask), atMs);
			return {};
		},
		in(ask, atMs) {
			if ((ask.ep ?? 0) !== dataIn || !opened) return undefined;
			const when = cdc.serial.nextReplyMs(Number.MAX_SAFE_INTEGER);
			if (when === undefined) return undefined;
			const until = Math.max(when, cdc.serial.busyUntilMs());
			const spend = Math.max(0, until - atMs) / 1000;
			return {data: hexOf(cdc.serial.take(ask.length ?? 64, until)), spend};
		},
	};
}
const faceOf = (served: Served) => ('serial' in served ? cdcFace(served) : modelFace(served));

/** One device at its socket: the rig connects, hears hello, asks. */
function serve(name: string, socketPath: string, served: Served) {
	let face = faceOf(served);
	let plugged = true;
	const connections = new Set<Socket>();
	const server: Server = createServer(socket => {
		connections.add(socket);
		const say = (message: object) => socket.write(`${JSON.stringify(message)}\n`);
		/** Questions of IN endpoints that nothing answers yet. */
		const open = new Map<number, Ask>();
		const feed = () => {
			for (const [endpoint, ask] of open) {
				const answer = face.in(ask, (ask.t ?? 0) * 1000);
				if (answer === undefined) continue;
				open.delete(endpoint);
				say({id: ask.id, ...answer});
			}
		};
		const hear = (ask: Ask) => {
			const atMs = (ask.t ?? 0) * 1000;
			if (ask.op === 'control') say({id: ask.id, ...face.control(ask, atMs)});
			else if (ask.op === 'out') say({id: ask.id, ...face.out(ask, atMs)});
			else if (ask.op === 'in') open.set(ask.ep ?? 0, ask);
			else if (['plugged', 'reset', 'unplugged', 'configuration', 'interface'].includes(ask.op)) open.clear();
			else if (ask.op === 'error') console.error('virtual USB:', ask);
			feed();
		};
		let rest = '';
		socket.setEncoding('latin1').on('data', chunk => {
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) hear(JSON.parse(line) as Ask);
		});
		socket.on('error', () => {});
		socket.on('close', () => connections.delete(socket));
		say({op: 'hello', protocol: 1, name, plugged, ...face.hello});
	});
	server.listen(socketPath);
	const tell = (message: object) => {
		for (const socket of connections) socket.write(`${JSON.stringify(message)}\n`);
	};
	return {
		server,
		ready: once(server, 'listening'),
		unplug() {
			plugged = false;
			tell({op: 'unplug'});
		},
		plug() {
			plugged = true;
			tell({op: 'plug'});
		},
		become(next: Served, fileMode?: number) {
			tell({op: 'unplug'});
			face = faceOf(next);
			plugged = true;
			const mode = fileMode === undefined ? {} : {file_mode: fileMode};
			tell({op: 'hello', protocol: 1, name, ...face.hello, ...mode});
		},
		close() {
			for (const socket of connections) socket.destroy();
			server.close();
		},
	};
}

/**
 * Needs root and /dev/fuse: `peerTest(name, {virtualUsb: true}, ...)`.
 * @param options.pace transfers take the time that they take on hardware; otherwise it is only booked
 */
export async function startUsbRig(
	devices: Readonly<Record<string, Served>>,
	options: {readonly pace?: boolean} = {},
): Promise<UsbRig> {
	const folder = mkdtempSync(path.join(tmpdir(), 'usb-rig-'));
	const served = new Map(
		Object.entries(devices).map(([name, device]) => [name, serve(name, path.join(folder, name), device)]),
	);
	await Promise.all([...served.values()].map(one => one.ready));
	const at = (name: string) => {
		const one = served.get(name);
		if (one === undefined) throw new Error(`no device ${name}`);
		return one;
	};
	const commandLine = (command: readonly string[]): readonly [string, ...string[]] => [
		rigCommand,
		'--netns',
		'--quiet',
		...(options.pace === true ? ['--one-cpu'] : []),
		...[...served.keys()].flatMap(name => [
			'-d',
			`${name}=remote:socket=${path.join(folder, name)}${options.pace === true ? ',pace=true' : ''}`,
		]),
		'--',
		...command,
	];
	return {
		commandLine,
		async run(command, options = {}) {
			const [program, ...args] = commandLine(command);
			const child = spawn(program, args, {
				env: options.env ?? process.env,
				stdio: ['ignore', 'pipe', 'pipe'],
			});
			let stdout = '';
			let stderr = '';
			child.stdout.setEncoding('utf8').on('data', (text: string) => {
				stdout += text;
			});
			child.stderr.setEncoding('utf8').on('data', (text: string) => {
				stderr += text;
			});
			const timer = setTimeout(() => child.kill('SIGTERM'), options.timeoutMs ?? 60_000);
			const code = await new Promise<number | null>((resolve, reject) => {
				child.once('error', reject);
				child.once('close', resolve);
			});
			clearTimeout(timer);
			return {code, stdout, stderr};
		},
		unplug: name => at(name).unplug(),
		plug: name => at(name).plug(),
		become: (name, next, fileMode) => at(name).become(next, fileMode),
		close() {
			for (const one of served.values()) one.close();
			rmSync(folder, {recursive: true, force: true});
		},
	};
}
