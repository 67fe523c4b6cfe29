// A kind end for boards that are no AVR.
import {gap, item, say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {Ask} from './ask.tsx';
import type {StepProps} from './step.ts';

export function ArmView(step: StepProps<'arm'>) {
	const elsewhere = step.known.board?.elsewhere;
	const name = step.known.board?.board?.name ?? 'This board';
	return (
		<Ask
			step={step}
			id="arm"
			onAction={action => {
				if (action.type === 'go') step.onDone({seen: true});
			}}
			spec={{
				lines: [
					say(
						elsewhere === undefined
							? `${name} has an Arm chip. It is almost certainly not broken for good.`
							: printable(elsewhere),
						'strong',
					),
					gap,
					say(
						'This wizard is for AVR chips (ATmega, AT90USB, ATtiny). Arm chips need no programmer and no soldering: their way back is built into the chip and cannot be erased.',
					),
					gap,
					item('1. ', 'Unplug the board. Find the BOOT button or the two BOOT0 pads.', 'accent'),
					item('2. ', 'Hold it (or bridge the pads) while you plug the board in again.', 'accent'),
					item(
						'3. ',
						'Proton C, Blackpill and other STM32 boards now show up as "STM32 BOOTLOADER": flash your .bin with QMK Toolbox or dfu-util. RP2040 boards show up as a drive: copy the .uf2 onto it.',
						'accent',
					),
					gap,
					say('If the chip on your board says ATmega or AT90USB, go back and choose another board.', 'quiet'),
				],
				control: {kind: 'go', does: 'leave the wizard'},
				terms: ['Arm', 'bootloader'],
			}}
		/>
	);
}
