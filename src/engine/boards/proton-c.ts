// QMK Proton C: figures, see `source`.
import type {Board} from './board.ts';

export const protonC = {
	id: 'proton_c',
	name: 'QMK Proton C',
	chip: 'STM32F303',
	supported: false,
	unsupportedReason:
		'This is an Arm board (STM32F303, Cortex-M4). It has no ISP and no fuses, and its bootloader is in ROM and cannot be lost. Start that bootloader (USB 0483:DF11) and write the keyboard firmware with QMK Toolbox or dfu-util; the QMK documentation of the Proton C says how.',
	// No AVR clock: nothing here is measured against it.
	clock: {kind: 'internal', mhz: 0},
	vcc: 3.3,
	isp: {},
	bootloaders: [],
	warnings: [],
	notes: ['Arm Cortex-M4, ROM DFU bootloader 0483:DF11: no ISP, no fuses'],
	doubtful: [],
	source: 'QMK docs/compatible_microcontrollers.md',
} as const satisfies Board;
