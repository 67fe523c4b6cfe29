// The stock ArduinoISP sketch on a simulated Uno, with the chip model at its pins.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after} from 'node:test';
import {promisify} from 'node:util';
import {arduinoIspNeeds, startArduinoIspRig} from '../helpers/arduino-isp-rig.ts';
import {peerTest} from '../helpers/peers.ts';

const run = promisify(execFile);
const scratch = mkdtempSync(path.join(tmpdir(), 'arduino-isp-'));
after(() => rmSync(scratch, {recursive: true, force: true}));
const image = Uint8Array.from({length: 32_768}, (_, index) => (index * 197 + (index >> 7) * 13 + 1) & 0xff);

peerTest(
	'avrdude writes and verifies 32 KB through the real sketch',
	{...arduinoIspNeeds, programs: [...arduinoIspNeeds.programs, 'avrdude']},
	async () => {
		const rig = await startArduinoIspRig({fuses: {low: 0x52, high: 0x99, extended: 0xfb}});
		try {
			const file = path.join(scratch, 'image.bin');
			writeFileSync(file, image);
			const {stderr} = await run(
				'avrdude',
				['-c', 'stk500v1', '-b', '19200', '-P', rig.path, '-p', 'm32u4', '-e', '-U', `flash:w:${file}:r`],
				{timeout: 120_000},
			);
			assert.match(stderr, /32768 bytes of flash verified/);
			const state = await rig.state();
			assert.deepEqual(state.flash, image);
			assert.deepEqual(state.violations, []);
		} finally {
			await rig.close();
		}
	},
);
