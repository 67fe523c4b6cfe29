// The wizard in a terminal, beside devices that come and go on a bus that the real usb package sees: its list follows
// without a key press, within a second.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import {createBench} from '../../src/bench/bench.ts';
import type {BenchProgrammer} from '../../src/bench/scenarios.ts';
import {peerTest} from '../helpers/peers.ts';
import {play, startProgram} from '../helpers/term.ts';
import {startUsbRig} from '../helpers/vusb.ts';

const program = path.resolve(import.meta.dirname, '../../dist/cli.js');
/** Issue B: everything is seen within this. */
const limitMs = 1000;

function modelOf(programmer: BenchProgrammer) {
	const {usb} = createBench('healthy', {change: {programmer}});
	assert.ok(usb);
	return usb;
}

peerTest(
	'the wizard sees plugging in, unplugging, another identity and a missing permission, each within a second',
	{virtualUsb: true, programs: ['setpriv']},
	async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'hotplug-'));
		const rig = await startUsbRig({dut: modelOf('usbasp')});
		// Another user than root, whom a node of 0600 keeps out.
		const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
		const terminal = startProgram(program, [], {
			columns: 100,
			rows: 30,
			env: {
				HOME: folder,
				AVR_UNBRICK_OFFLINE: '1',
				AVR_UNBRICK_STATE: path.join(folder, 'state'),
				AVR_UNBRICK_CACHE: path.join(folder, 'cache'),
			},
			wrap: command => rig.commandLine([...asNobody, ...command]),
		});
		const within = async (what: RegExp, change: () => void) => {
			const beganMs = performance.now();
			change();
			await terminal.see(what);
			const tookMs = performance.now() - beganMs;
			assert.ok(tookMs < limitMs, `${what}: ${tookMs.toFixed(0)} ms`);
		};
		try {
			await play(terminal, [
				{see: /What happened/, choose: 'I have no error text'},
				{see: /Which board is broken\?/, choose: 'Pro Micro 5 V'},
				{see: /Which programmer do you have\?/},
			]);
			await terminal.see(/Plugged in: USBasp/);
			await within(/No programmer is plugged in yet|does not say that it is a programmer/, () =>
				rig.unplug('dut'),
			);
			await within(/Plugged in: USBasp/, () => rig.plug('dut'));
			await within(/Plugged in: USBtiny(?![^\n]*permission)/, () =>
				rig.become('dut', modelOf('usbtiny'), 0o666),
			);
			await within(/Plugged in: AVRISP[^\n]*no permission[\s\S]*rules/, () =>
				rig.become('dut', modelOf('avrispmkii'), 0o600),
			);
			await within(/Plugged in: AVRISP(?![^\n]*permission)/, () =>
				rig.become('dut', modelOf('avrispmkii'), 0o666),
			);
		} finally {
			terminal.kill();
			rig.close();
			rmSync(folder, {recursive: true, force: true});
		}
	},
);
