// What to tell a person when flashing through a bootloader fails: there is no programmer here, the board itself is the
// device. Kinds that mean the same everywhere keep the words of advice.ts.
import {type Advice, type AdviceContext, adviseError, describeChipState} from '../advice.ts';
import type {UnbrickError} from '../errors.ts';
import type {BootloaderProtocol} from './client.ts';
import {waysInto} from './ways-in.ts';

const oneMoreTry =
	'Enter the bootloader again and run the same command once more: it starts from the beginning.';
const thenIsp = 'If it fails twice in the same way, ISP helps: a programmer and `avr-unbrick recover`.';
const cable = 'Use another cable and a port of the computer itself, without a hub.';

/** Advice for an error met while flashing through a bootloader; `protocol` undefined: none was found yet. */
export function adviseBootloaderError(
	error: UnbrickError,
	context: AdviceContext & {readonly protocol?: BootloaderProtocol},
): Advice {
	const {facts} = error;
	const {protocol} = context;
	const state = context.chipState === undefined ? '' : ` ${describeBoardState(context.chipState)}`;
	const say = (likely: readonly string[], next: readonly string[]): Advice => ({
		headline: `${error.message}${state}`,
		likely,
		next,
	});
	switch (facts.kind) {
		case 'DeviceMissing':
			return say(
				[
					'The board is not in its bootloader now.',
					...(protocol === 'caterina' ? ['Its 8 seconds were over already.'] : []),
				],
				[
					...(protocol === undefined
						? [
								'Put the board into its bootloader (its RESET button, or RST to GND; twice quickly on a Pro Micro).',
							]
						: waysInto(protocol)),
					'A board that shows nothing at all needs ISP: `avr-unbrick recover`.',
				],
			);
		case 'Ambiguous':
			return say([], ['Say which: --bootloader, --port or --usb; or unplug the others.']);
		case 'NoUsbSystem':
			return say(
				['This is a container or a virtual machine without USB.'],
				[
					'Pass USB through to it, or run on the machine itself.',
					'A Caterina bootloader is a serial port: --bootloader caterina --port PATH works without USB.',
				],
			);
		case 'DeviceGone':
			return say(
				[
					...(protocol === 'caterina' ? ['Its 8 seconds were over: they start with the reset.'] : []),
					'The cable has a loose contact, or the supply gave way.',
				],
				[oneMoreTry, cable, thenIsp],
			);
		case 'Timeout':
		case 'NotInSync':
		case 'BadReply':
			return say(
				[
					...(protocol === 'caterina'
						? ['Another program spoke to the port at the same time (ModemManager does).']
						: []),
					'The connection is disturbed.',
				],
				[oneMoreTry, cable, thenIsp],
			);
		case 'Refused':
			return say([], [oneMoreTry, thenIsp]);
		case 'NotAProgrammer':
			return say(
				['This is another device than the one that was named.'],
				[
					'See what is plugged in: `avr-unbrick devices`.',
					'Name the right one: --bootloader, --port or --usb.',
				],
			);
		case 'WrongSignature':
			return say(
				['The board has another chip than was named.'],
				['Take a file made for this board, and leave --chip and --board out or name the right one.'],
			);
		case 'VerifyMismatch':
			return say(
				['The board was written with old content left in it, or the flash is worn.'],
				[oneMoreTry, thenIsp],
			);
		default:
			return adviseError(error, context);
	}
}

function describeBoardState(state: NonNullable<AdviceContext['chipState']>): string {
	if (state === 'erased' || state === 'partly-written') {
		return 'The old firmware is gone and the new one is not whole; the bootloader is as it was.';
	}
	return describeChipState(state);
}
