// `devices`: what is plugged in, and whether this user may open it. Nothing is opened.
import {surveyDevices, udevRules, udevRulesName} from '../engine/devices/index.ts';
import type {ListedDevice} from '../engine/devices/types.ts';
import {rankDrawer} from '../engine/programmers/drawer.ts';
import type {World} from '../engine/transports.ts';
import {failureOf} from './events.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';
import type {DevicesOptions} from './options.ts';
import {type Output, sayFailure} from './output.ts';
import {wrapped} from './paint.ts';

/** The command on this machine; `world` for tests. */
export async function devicesCommand(
	output: Output,
	options: DevicesOptions,
	world?: World,
): Promise<ExitCode> {
	if (options.udev === true) {
		const rules = udevRules();
		output.value({file: udevRulesName, rules});
		output.print(rules.trimEnd());
		return exitCodes.done;
	}
	if (options.borrow === true) {
		output.value({ranking: rankDrawer()});
		output.say('No programmer at hand? Best first:');
		rankDrawer().forEach(({name, how, loses}, index) => {
			output.say(`${index + 1}. ${name}`);
			for (const text of [how, loses]) {
				if (text !== '') for (const line of wrapped(output, text, '   ')) output.say(line);
			}
		});
		return exitCodes.done;
	}
	if (options.avrdude === true) return avrdudeProgrammers(output);
	const {devices, notes} = await surveyDevices(world ?? (await import('../io/world.ts')).createWorld());
	output.value({devices: devices.map(asJson)});
	for (const device of devices) {
		const where = device.port ?? device.vidPid ?? '';
		output.say(`${device.kind.padEnd(10)} ${where.padEnd(14)} ${accessWords[device.access]}  ${device.name}`);
		const asked = device.mustAsk ? [`May be ${mayBe(device)}: only asking it decides.`] : [];
		for (const text of [...asked, ...device.advice]) {
			for (const line of wrapped(output, text, '    ')) output.say(line);
		}
	}
	if (devices.length === 0) {
		output.say(
			'No programmer, bootloader or serial port is plugged in. A cable that only charges looks the same.',
		);
	}
	for (const note of notes) for (const line of wrapped(output, note)) output.say(line);
	return exitCodes.done;
}

/** What the installed avrdude can drive for `--programmer avrdude:NAME`, as it says itself. */
async function avrdudeProgrammers(output: Output): Promise<ExitCode> {
	const {findAvrdude} = await import('../io/avrdude.ts');
	try {
		const {version, programmers} = await findAvrdude();
		output.value({avrdude: version, programmers: Object.fromEntries(programmers)});
		output.say(`The installed avrdude ${version} drives these (--programmer avrdude:NAME):`);
		for (const [name, description] of programmers) output.say(`  ${name.padEnd(20)} ${description}`);
		return exitCodes.done;
	} catch (error) {
		const result = failureOf(error);
		output.value(result);
		sayFailure(output, result);
		return exitCodes.failed;
	}
}

function mayBe({mayBe}: ListedDevice): string {
	return mayBe.length === 0 ? 'several things' : `${mayBe.join(', ')} or something else`;
}

function asJson({usbKey, ...device}: ListedDevice) {
	const usb = usbKey === null || device.vidPid === null ? null : `${device.vidPid}@${usbKey.split(':')[0]}`;
	return {...device, usb};
}

const accessWords = {
	ok: 'ok           ',
	denied: 'no permission',
	busy: 'busy         ',
	'no-driver': 'wrong driver ',
	unknown: 'not asked    ',
} as const;
