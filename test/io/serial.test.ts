import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {TransferFault} from '../../src/engine/transports.ts';
import {callOutPath, openSerial} from '../../src/io/serial.ts';
import {classifyOpen, classifyTransfer, openError} from '../../src/io/system-errors.ts';
import {peerTest} from '../helpers/peers.ts';
import {openPty} from '../helpers/pty.ts';

test('what serialport and usb say when opening fails, sorted once', () => {
	const table: readonly [string, ReturnType<typeof classifyOpen>][] = [
		['Error: No such file or directory, cannot open /dev/ttyACM0', 'missing'],
		['Error: Permission denied, cannot open /dev/ttyUSB0', 'denied'],
		['Error: Device or resource busy, cannot open /dev/ttyACM0', 'busy'],
		['Error: Resource temporarily unavailable Cannot lock port', 'busy'],
		['Error: Inappropriate ioctl for device, cannot open /dev/null', 'not-serial'],
		['Opening COM3: File not found', 'missing'],
		['Opening COM3: Access denied', 'busy'],
		['Opening COM3: Unknown error code 31', 'no-driver'],
		['Opening COM3: Unknown error code 1167', 'missing'],
		['open error: permission denied (errno 13)', 'denied'],
		['open error: device not found (errno 2)', 'missing'],
		['claimInterface error: interface is busy (errno 16)', 'busy'],
		['open error: incompatible driver is installed for this device', 'no-driver'],
		['open error: could not open interface for exclusive access (error 0xe00002c5)', 'busy'],
		['open error: failed to open device (error 5)', 'busy'],
		['something new', undefined],
	];
	for (const [message, expected] of table) assert.equal(classifyOpen(message), expected, message);
	const denied = openError(new Error('Error: Permission denied, cannot open /dev/ttyUSB0'), {
		path: '/dev/ttyUSB0',
		group: 'dialout',
	});
	assert.deepEqual(denied.facts, {
		kind: 'DeviceDenied',
		path: '/dev/ttyUSB0',
		detail: 'Error: Permission denied, cannot open /dev/ttyUSB0',
		group: 'dialout',
	});
	assert.ok(denied.cause instanceof Error);
});

test('what a failed transfer means, in the long words and the short ones', () => {
	const table: readonly [string, TransferFault['reason']][] = [
		['controlTransferIn error: endpoint stalled', 'stall'],
		['transferIn error: Stall', 'stall'],
		['controlTransferIn error: transfer was cancelled', 'timeout'],
		['transferIn error: Cancelled', 'timeout'],
		['controlTransferIn error: device disconnected', 'gone'],
		['transferOut error: Disconnected', 'gone'],
		['Port is not open', 'gone'],
		['controlTransferIn error: hardware fault or protocol violation', 'io'],
		['transferIn error: Fault', 'io'],
	];
	for (const [message, expected] of table) assert.equal(classifyTransfer(message), expected, message);
});

test('macOS ports are opened by their call-out name', () => {
	assert.equal(callOutPath('/dev/tty.usbmodem14201'), '/dev/cu.usbmodem14201');
	assert.equal(callOutPath('/dev/ttyACM0'), '/dev/ttyACM0');
});

test('what is not there or is no port says which', async () => {
	const kindOf = async (path: string) => {
		try {
			await openSerial(path, {baud: 19_200});
			return 'opened';
		} catch (error) {
			return error instanceof UnbrickError ? error.kind : String(error);
		}
	};
	assert.equal(await kindOf('/dev/no-such-port'), 'DeviceMissing');
	assert.equal(await kindOf('/dev/null'), 'DeviceMissing');
});

peerTest(
	'a pty: bytes by count, lines that are not there, silence, close twice, a second opener, the far end going',
	{programs: ['python3']},
	async () => {
		let far: ((data: Uint8Array) => void) | undefined;
		const heard: number[] = [];
		const pty = await openPty({
			onData(data) {
				heard.push(...data);
				far?.(data);
			},
		});
		far = data => {
			// The answer comes in pieces.
			for (const byte of data) pty.write(Uint8Array.of(byte, 0xff - byte));
		};
		const stream = await openSerial(pty.path, {baud: 19_200});
		// ENOTTY on a pty: not an error.
		await stream.setLines({dtr: false, rts: false});
		await stream.write(Uint8Array.of(0x00, 0x80, 0xff));
		const got: number[] = [];
		while (got.length < 6) {
			const part = await stream.read(6 - got.length, 2000);
			assert.ok(part.length > 0);
			got.push(...part);
		}
		assert.deepEqual(got, [0x00, 0xff, 0x80, 0x7f, 0xff, 0x00]);
		assert.equal((await stream.read(10, 20)).length, 0);
		assert.equal((await stream.read(10, 0)).length, 0);

		await assert.rejects(
			openSerial(pty.path, {baud: 19_200}),
			(error: UnbrickError) => error.kind === 'DeviceBusy',
		);

		await stream.write(Uint8Array.of(1));
		while ((await stream.read(1, 2000)).length === 0) assert.fail('no answer');
		await stream.discardInput();
		assert.equal((await stream.read(10, 20)).length, 0);

		await pty.close();
		await assert.rejects(stream.read(1, 5000), (error: TransferFault) => error.reason === 'gone');
		await assert.rejects(stream.write(Uint8Array.of(1)), TransferFault);
		await stream.close();
		await stream.close();
		assert.deepEqual(heard, [0x00, 0x80, 0xff, 1]);
	},
);

peerTest('a reader that waits is woken by the close', {programs: ['python3']}, async () => {
	const pty = await openPty({onData() {}});
	const stream = await openSerial(pty.path, {baud: 115_200});
	const reading = assert.rejects(stream.read(1, 30_000), (error: TransferFault) => error.reason === 'gone');
	await stream.close();
	await reading;
	await pty.close();
});
