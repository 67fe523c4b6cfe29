// The device's side of the virtual USB rig (test/vusb/README.md, "Protocol"), for tests whose devices live in the
// test's own process: one JSON object a line in each direction.
import net from 'node:net';

/** Thrown by a device: the transfer stalls. */
export class Stall extends Error {}

export type RigSetup = {
	/** bmRequestType */
	readonly type: number;
	readonly request: number;
	readonly value: number;
	readonly index: number;
	readonly length: number;
};

type Reply = Uint8Array | undefined;

export type RigDevice = {
	readonly name: string;
	readonly descriptor: Buffer;
	readonly configuration: Buffer;
	readonly speed: 'low' | 'full';
	readonly strings: Readonly<Record<number, string>>;
	/** OUT transfers arrive packet by packet. */
	readonly packets?: boolean;
	/** A promise is a NAK until it resolves. */
	readonly control: (setup: RigSetup, data: Uint8Array) => Reply | Promise<Reply>;
	readonly out?: (
		endpoint: number,
		data: Uint8Array,
		write: (endpoint: number, data: Uint8Array) => void,
	) => void;
};

export type PluggedDevice = {
	readonly unplug: () => void;
	/** Back on the bus, perhaps with another product id. */
	readonly plug: (productId?: number) => void;
	/** Off the bus for good. */
	readonly close: () => void;
};

const le16 = (value: number) => [value & 0xff, value >> 8];

/** A device descriptor with string indices 1, 2, 3 and one configuration. USB 2.0, table 9-8. */
export function deviceDescriptor(vendorId: number, productId: number, release = 0x0100): Buffer {
	return Buffer.from([
		18,
		1,
		0,
		2,
		0,
		0,
		0,
		8,
		...le16(vendorId),
		...le16(productId),
		...le16(release),
		1,
		2,
		3,
		1,
	]);
}

/** One configuration with one interface. USB 2.0, tables 9-10, 9-12, 9-13. */
export function configurationDescriptor(
	interfaceClass: readonly [number, number, number],
	endpoints: readonly {
		readonly address: number;
		readonly kind: 'bulk' | 'interrupt';
		readonly packetBytes: number;
	}[],
): Buffer {
	const body = [
		[9, 4, 0, 0, endpoints.length, ...interfaceClass, 0],
		...endpoints.map(({address, kind, packetBytes}) => [
			7,
			5,
			address,
			kind === 'bulk' ? 2 : 3,
			...le16(packetBytes),
			kind === 'bulk' ? 0 : 10,
		]),
	].flat();
	return Buffer.from([9, 2, ...le16(9 + body.length), 1, 1, 0, 0x80, 50, ...body]);
}

/** Plugs a device into the rig that listens at `models` ($VUSB_MODELS). */
export function plugIntoRig(device: RigDevice, models: string): PluggedDevice {
	const asked = new Map<number, {readonly id: number; readonly length: number}>();
	const queues = new Map<number, Buffer[]>();
	const socket = net.connect(models);
	const say = (message: object) => {
		socket.write(`${JSON.stringify(message)}\n`);
	};
	const hello = (productId?: number) => {
		const descriptor = Buffer.from(device.descriptor);
		if (productId !== undefined) descriptor.writeUInt16LE(productId, 10);
		say({
			op: 'hello',
			protocol: 1,
			name: device.name,
			device: descriptor.toString('hex'),
			configs: [device.configuration.toString('hex')],
			speed: device.speed,
			strings: device.strings,
			packets: device.packets === true,
		});
	};
	const feed = (endpoint: number) => {
		const question = asked.get(endpoint);
		const queue = queues.get(endpoint);
		const data = question === undefined ? undefined : queue?.shift();
		if (question === undefined || data === undefined) return;
		asked.delete(endpoint);
		if (data.length > question.length) queue?.unshift(data.subarray(question.length));
		say({id: question.id, data: data.subarray(0, question.length).toString('hex')});
	};
	const write = (endpoint: number, data: Uint8Array) => {
		queues.set(endpoint, [...(queues.get(endpoint) ?? []), Buffer.from(data)]);
		feed(endpoint);
	};
	const answer = async (id: number, work: () => Reply | Promise<Reply>) => {
		try {
			const reply = await work();
			say(reply === undefined ? {id} : {id, data: Buffer.from(reply).toString('hex')});
		} catch (error) {
			say({id, stall: true});
			if (!(error instanceof Stall)) throw error;
		}
	};
	const hear = (line: string) => {
		const message = JSON.parse(line) as {op: string; id: number; ep: number; data?: string} & RigSetup;
		const data = Uint8Array.from(Buffer.from(message.data ?? '', 'hex'));
		if (message.op === 'control') void answer(message.id, () => device.control(message, data));
		else if (message.op === 'out') {
			void answer(message.id, () => {
				device.out?.(message.ep, data, write);
				return undefined;
			});
		} else if (message.op === 'in') {
			asked.set(message.ep, message);
			feed(message.ep);
		} else if (['plugged', 'configuration', 'interface', 'reset', 'unplugged'].includes(message.op)) {
			// What was asked before any of these is void.
			asked.clear();
			queues.clear();
		} else if (message.op === 'error') {
			throw new Error(`the rig: ${line}`);
		}
	};
	let tail = '';
	socket.setEncoding('latin1');
	socket.on('data', (chunk: string) => {
		const lines = (tail + chunk).split('\n');
		tail = lines.pop() ?? '';
		for (const line of lines) hear(line);
	});
	socket.on('error', () => {});
	hello();
	return {
		unplug: () => say({op: 'unplug'}),
		plug: productId => hello(productId),
		close: () => socket.destroy(),
	};
}

/** One command to the rig's control socket ($VUSB_CTL). */
export function commandRig(command: object, control: string): Promise<unknown> {
	return new Promise((resolve, reject) => {
		const socket = net.connect(control, () => socket.write(`${JSON.stringify(command)}\n`));
		socket.setEncoding('utf8');
		socket.on('error', reject);
		socket.on('data', (line: string) => {
			socket.end();
			const {ok, error} = JSON.parse(line) as {ok?: unknown; error?: string};
			if (error === undefined) resolve(ok);
			else reject(new Error(error));
		});
	});
}
