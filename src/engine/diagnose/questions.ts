// What to ask when two causes print the same words. Each answer names the cause it speaks for.

import type {Cause} from './causes.ts';

export type QuestionRow = {
	readonly id: string;
	readonly ask: string;
	readonly answers: readonly {
		readonly text: string;
		readonly favours: Cause;
		/** False where the answer tells nothing apart: the order stays. */
		readonly decides?: boolean;
		/** Where the answer leaves more open than the cause does. */
		readonly isp?: 'maybe';
		/** What looks the same and stays in sight. */
		readonly beside?: readonly Cause[];
		readonly meaning?: string;
	}[];
	/** Asked when at least two of these are close together at the top. */
	readonly between: readonly Cause[];
};

/** In order of use; at most a few are asked. */
export const questionRows: readonly QuestionRow[] = [
	{
		id: 'dfu-erased-in-one-go',
		ask: 'Was the flash erased with --force and written at once, without a reset or unplugging between?',
		between: ['dfu-write-refused', 'dfu-erase-first'],
		answers: [
			{text: 'No, not in one go', favours: 'dfu-erase-first'},
			{text: 'Yes, and it failed the same way', favours: 'dfu-write-refused'},
			{text: 'I do not know', favours: 'dfu-erase-first', decides: false, isp: 'maybe'},
		],
	},
	{
		id: 'dfu-seen',
		ask: 'After pressing reset, does the computer show a DFU device (03eb:2f…)?',
		between: ['dfu-no-device', 'not-in-bootloader', 'windows-wrong-driver', 'usb-permission'],
		answers: [
			{
				text: 'No, nothing changes',
				favours: 'dfu-no-device',
				isp: 'maybe',
				beside: ['not-in-bootloader', 'bootloader-missing'],
				meaning:
					'The reset brings no bootloader to USB: it was not entered, the cable or port carries nothing, or the bootloader is gone, and these look the same. Nothing was written.',
			},
			{text: 'Yes, on Windows', favours: 'windows-wrong-driver'},
			{text: 'Yes, on Linux', favours: 'usb-permission'},
		],
	},
	{
		id: 'caterina-double-tap',
		ask: 'What happens when you tap RESET to GND twice, quickly?',
		between: ['caterina-not-responding', 'caterina-port-lost', 'not-in-bootloader'],
		answers: [
			{text: 'A second port appears for about 8 seconds', favours: 'caterina-port-lost'},
			{
				text: 'Nothing new appears',
				favours: 'caterina-not-responding',
				isp: 'maybe',
				beside: ['bootloader-missing'],
			},
			{text: 'I have not tried', favours: 'caterina-not-responding', decides: false, isp: 'maybe'},
		],
	},
	{
		id: 'modemmanager-running',
		ask: 'Are you on Linux with ModemManager running (`systemctl status ModemManager`)?',
		between: ['caterina-not-responding', 'modemmanager'],
		answers: [
			{text: 'Yes', favours: 'modemmanager'},
			{text: 'No', favours: 'caterina-not-responding'},
		],
	},
	{
		id: 'serial-ever-worked',
		ask: 'Has this board ever taken a sketch over this cable with this board entry?',
		between: ['serial-not-in-sync', 'serial-wrong-board', 'bootloader-missing'],
		answers: [
			{text: 'Yes, it worked before', favours: 'serial-not-in-sync'},
			{text: 'No, it is new or a clone', favours: 'serial-wrong-board'},
			{text: 'No, it is a bare or otherwise programmed chip', favours: 'bootloader-missing'},
		],
	},
	{
		id: 'mega-small-sketch',
		ask: 'Does a small sketch such as Blink upload to this board?',
		between: ['serial-not-in-sync', 'mega-bootloader-bug'],
		answers: [
			{text: 'Yes, only this one fails', favours: 'mega-bootloader-bug'},
			{text: 'No, nothing uploads', favours: 'serial-not-in-sync'},
		],
	},
	{
		id: 'port-programmer',
		ask: 'How is the board connected?',
		between: ['serial-wrong-port', 'wrong-programmer-option', 'caterina-port-lost'],
		answers: [
			{text: 'By its own USB socket, and the port vanished during the upload', favours: 'caterina-port-lost'},
			{text: 'By its own USB socket or a serial adapter', favours: 'serial-wrong-port'},
			{text: 'Through a programmer (USBasp, USBtiny and the like)', favours: 'wrong-programmer-option'},
		],
	},
	{
		id: 'isp-power',
		ask: 'Do 3.3 or 5 volts stand between VCC and GND of the target?',
		between: ['isp-wiring', 'isp-target-unpowered'],
		answers: [
			{text: 'Yes', favours: 'isp-wiring'},
			{text: 'No', favours: 'isp-target-unpowered'},
			{text: 'I cannot measure it', favours: 'isp-wiring', decides: false},
		],
	},
	{
		id: 'isp-fuses-before',
		ask: 'Were fuses changed on this chip before it fell silent?',
		between: ['isp-wiring', 'isp-no-clock', 'isp-spi-disabled', 'isp-sck-too-fast'],
		answers: [
			{text: 'No', favours: 'isp-wiring'},
			{text: 'Yes, the clock (low fuse)', favours: 'isp-no-clock'},
			{text: 'Yes, the reset pin or debugWIRE (RSTDISBL, DWEN)', favours: 'isp-spi-disabled'},
			{text: 'No, but it runs slower than 2 MHz', favours: 'isp-sck-too-fast'},
		],
	},
	{
		id: 'programmer-listed',
		ask: 'Does the computer list the programmer when you plug it in?',
		between: ['isp-programmer-not-found', 'windows-wrong-driver', 'usb-permission'],
		answers: [
			{text: 'No', favours: 'isp-programmer-not-found'},
			{text: 'Yes, on Windows', favours: 'windows-wrong-driver'},
			{text: 'Yes, on Linux', favours: 'usb-permission'},
		],
	},
	{
		id: 'mismatch-again',
		ask: 'When you try again, does it fail at the same address?',
		between: ['serial-flash-not-written', 'serial-link-noise', 'hex-too-large'],
		answers: [
			{text: 'Yes, and the sketch is nearly as large as the flash', favours: 'hex-too-large'},
			{text: 'Yes, always the same', favours: 'serial-flash-not-written'},
			{text: 'No, somewhere else each time', favours: 'serial-link-noise'},
		],
	},
	{
		id: 'what-happened',
		ask: 'What did you do, with which board and which tool?',
		between: ['insufficient-evidence', 'unrelated', 'no-error-shown'],
		answers: [
			{text: 'I flashed a keyboard and have more of the output', favours: 'insufficient-evidence'},
			{text: 'I have no output to show', favours: 'unrelated'},
		],
	},
];
