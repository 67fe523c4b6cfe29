// The bench's STK500v1 programmer and the stock sketch are asked the same, and must answer the same, byte for byte.
import assert from 'node:assert/strict';
import {SerialPort} from 'serialport';
import {createBench} from '../../src/bench/bench.ts';
import type {WiringFaults} from '../../src/bench/wiring.ts';
import {arduinoIspNeeds, startArduinoIspRig} from '../helpers/arduino-isp-rig.ts';
import {peerTest} from '../helpers/peers.ts';

const setDevice = [
	0x42, 0x86, 0, 0, 1, 1, 1, 1, 3, 0xff, 0xff, 0xff, 0xff, 0, 128, 4, 0, 0, 0, 0x80, 0, 0x20,
];
const page = Array.from({length: 128}, (_, index) => (index * 7) & 0xff);

/** Requests in order; what hangs the sketch comes last. */
const conversation: readonly (readonly number[])[] = [
	[0x30, 0x20],
	[0x31, 0x20],
	[0x30, 0x21],
	[0x20],
	[0x99, 0x20],
	[0x40, 0x89, 0x05, 0x20],
	[0x52, 0x20],
	[0x41, 0x80, 0x20],
	[0x41, 0x81, 0x20],
	[0x41, 0x82, 0x20],
	[0x41, 0x84, 0x20],
	[0x41, 0x93, 0x20],
	[0x45, 1, 2, 3, 4, 5, 0x20],
	setDevice,
	[0x50, 0x20],
	[0x75, 0x20],
	[0x56, 0xac, 0x53, 0, 0, 0x20],
	[0x56, 0x50, 0, 0, 0, 0x20],
	[0x56, 0x58, 0x08, 0, 0, 0x20],
	[0x56, 0x50, 0x08, 0, 0, 0x20],
	[0x56, 0x58, 0, 0, 0, 0x20],
	[0x55, 0x40, 0, 0x20],
	[0x64, 0, 128, 0x46, ...page, 0x20],
	[0x55, 0x40, 0, 0x20],
	[0x74, 0, 128, 0x46, 0x20],
	[0x55, 0x90, 0, 0x20],
	[0x64, 0, 128, 0x46, ...page, 0x20],
	[0x55, 0x80, 0, 0x20],
	[0x74, 1, 0, 0x46, 0x20],
	[0x55, 2, 0, 0x20],
	[0x64, 0, 8, 0x45, 1, 2, 3, 4, 5, 6, 7, 8, 0x20],
	[0x55, 0, 0, 0x20],
	[0x74, 0, 16, 0x45, 0x20],
	[0x74, 0, 2, 0x58, 0x20],
	[0x64, 0, 128, 0x46, ...page, 0x21],
	[0x61, 0, 0x20],
	[0x60, 0, 0, 0x20],
	[0x56, 0xac, 0xa4, 0, 0xcb, 0x20],
	[0x56, 0x50, 0x08, 0, 0, 0x20],
	[0x51, 0x20],
	[0x50, 0x20],
	[0x56, 0x50, 0x08, 0, 0, 0x20],
	[0x51, 0x20],
	[0x30, 0x20],
	[0x75, 0x20],
	[0x30, 0x20],
];

async function askBench(faults: WiringFaults): Promise<readonly string[]> {
	const bench = createBench('factory-rc', {change: {faults}});
	const stream = await bench.world.openSerial(bench.port, {baud: 19_200});
	await bench.clock.sleep(2500);
	const answers: string[] = [];
	for (const request of conversation) {
		await stream.write(Uint8Array.from(request));
		const got: number[] = [];
		for (;;) {
			const chunk = await stream.read(1024, 1500);
			if (chunk.length === 0) break;
			got.push(...chunk);
		}
		answers.push(Buffer.from(got).toString('hex'));
	}
	return answers;
}

async function askSketch(faults: WiringFaults, expected: readonly string[]): Promise<readonly string[]> {
	const rig = await startArduinoIspRig({
		fuses: {low: 0x52, high: 0x99, extended: 0xfb},
		faults,
		bootloaderMs: 100,
	});
	const port = new SerialPort({path: rig.path, baudRate: 19_200});
	let got: Buffer = Buffer.alloc(0);
	let came: () => void = () => {};
	port.on('data', (chunk: Buffer) => {
		got = Buffer.concat([got, chunk]);
		came();
	});
	/** What has come when as much is there as the bench said, or nothing more comes for a while. */
	async function answer(bytes: number, patience = bytes === 0 ? 150 : 5000): Promise<string> {
		while (got.length < Math.max(bytes, 1)) {
			const more = await new Promise<boolean>(resolve => {
				const timer = setTimeout(() => resolve(false), patience);
				came = () => {
					clearTimeout(timer);
					resolve(true);
				};
			});
			if (!more) break;
		}
		return got.toString('hex');
	}
	try {
		await new Promise(resolve => port.once('open', resolve));
		const answers: string[] = [];
		// The board takes no bytes while its bootloader holds the port: ask until it answers, then begin.
		for (let attempt = 0; attempt < 20 && got.length === 0; attempt++) {
			port.write(Buffer.from([0x30, 0x20]));
			await answer(0);
		}
		// Answers to earlier attempts may still come: only silence is a beginning.
		for (let before = -1; before !== got.length; ) {
			before = got.length;
			await answer(before + 1, 400);
		}
		for (const [index, request] of conversation.entries()) {
			got = Buffer.alloc(0);
			port.write(Buffer.from(request));
			answers.push(await answer((expected[index] ?? '').length / 2));
		}
		return answers;
	} finally {
		await new Promise(resolve => port.close(resolve));
		await rig.close();
	}
}

for (const [name, faults] of [
	['right wires', {}],
	['no wires', {open: ['RESET', 'SCK', 'MOSI', 'MISO'], floats: 'high'}],
	['a bridge', {bridged: true}],
] as const) {
	peerTest(`the bench answers as the stock sketch does: ${name}`, arduinoIspNeeds, async () => {
		const bench = await askBench(faults);
		const sketch = await askSketch(faults, bench);
		assert.deepEqual(
			sketch.map((answer, index) => `${Buffer.from(conversation[index] ?? []).toString('hex')} ${answer}`),
			bench.map((answer, index) => `${Buffer.from(conversation[index] ?? []).toString('hex')} ${answer}`),
		);
	});
}
