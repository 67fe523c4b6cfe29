// `devices`: what is plugged in, and whether this user may open it. Nothing is opened.
import {listDevices} from '../engine/devices/index.ts';
import {createWorld} from '../io/world.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';
import type {DevicesOptions} from './options.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';

export async function devicesCommand(output: Output, options: DevicesOptions): Promise<ExitCode> {
	if (options.udev === true) {
		const {udevRules} = await import('../engine/devices/udev.ts');
		const rules = udevRules();
		output.value({file: '70-avr-unbrick.rules', rules});
		output.say(rules.trimEnd());
		return exitCodes.done;
	}
	const devices = await listDevices(createWorld());
	output.value({devices});
	if (devices.length === 0) {
		output.say('No programmer, bootloader or serial port is plugged in.');
		return exitCodes.done;
	}
	for (const device of devices) {
		const where = device.port ?? device.vidPid ?? '';
		output.say(`${device.kind.padEnd(10)} ${where.padEnd(14)} ${accessWords[device.access]}  ${device.name}`);
		for (const text of device.advice) for (const line of wrapped(output, text, '    ')) output.say(line);
	}
	return exitCodes.done;
}

const accessWords = {
	ok: 'ok           ',
	denied: 'no permission',
	busy: 'busy         ',
	'no-driver': 'wrong driver ',
	unknown: 'not asked    ',
} as const;
