// What to tell a person about an error: what happened, most likely why, what to try next. Errors carry facts
// (errors.ts), this table carries the words. Exhaustive: a new kind does not compile without its advice.
import {hexByte} from './bytes.ts';
import {accessAdvice} from './devices/access-advice.ts';
import {
	assertNever,
	type ChipState,
	type ErrorFacts,
	type RiskName,
	type StrayWrite,
	type UnbrickError,
} from './errors.ts';

export type Advice = {
	/** One line: what happened. */
	readonly headline: string;
	/** Most likely first. May be empty where the headline says it all. */
	readonly likely: readonly string[];
	/** In the order in which to try. Never empty. */
	readonly next: readonly string[];
};

/** What is known besides the error; everything optional. */
export type AdviceContext = {
	readonly chipState?: ChipState;
	/** Programmer id. */
	readonly programmer?: string;
	readonly system?: 'linux' | 'macos' | 'windows' | 'bench';
	/** Path of the backup of this run, if one was made. */
	readonly backup?: string | null;
	/** What to run to go on, in words. */
	readonly resume?: string;
};

/** What state the chip is in, in words. Said with every failure. */
export function describeChipState(state: ChipState): string {
	switch (state) {
		case 'untouched':
			return 'Nothing on the chip has been changed.';
		case 'erased':
			return 'The chip is erased, or its erase was cut short; nothing has been written since. It can be written again at any time.';
		case 'partly-written':
			return 'The flash may be written only in part; run the recovery again.';
		case 'written':
			return 'The flash is written; the fuses are as they were.';
		case 'written-and-fused':
			return 'Fuse or lock bytes have been written, after all that was to go into the flash.';
		default:
			return assertNever(state);
	}
}

/** What each risk means, in words. */
export const riskTexts: Readonly<Record<RiskName, string>> = {
	'clock-source': 'The chip would run on another clock than the board is made for.',
	'clock-unverified': 'The fuses ask for a clock from outside, and nothing says that this board has it.',
	bootrst: 'A reset would no longer reach the bootloader, or would run into an empty boot section.',
	hwbe: 'The bootloader would be reachable only by a jump from the firmware, or only with a wire to HWB.',
	bootsz: 'The boot section would start where the bootloader does not.',
	'brown-out-high': 'The brown-out level would be close to the supply.',
	jtag: 'JTAG would be switched on and take four pins of the key matrix.',
	ocden: 'On-chip debugging would be switched on; it costs current in sleep.',
	wdton: 'The watchdog would always run.',
	ckout: 'The clock would be put out on a pin.',
	eesave: 'The erase takes the EEPROM (VIA keymaps, handedness), and there is no backup of it.',
	'lock-bits': 'Lock bits would keep the chip from being read, written or updated until the next erase.',
	'loses-bootloader':
		'The erase takes the bootloader that the fuses start, and the image does not bring one.',
	'no-backup': 'There would be no backup of what is on the chip now.',
	'same-board':
		'Nothing on the chip would prove that it is the one whose recovery was interrupted. What is on it would be kept in a fresh backup and overwritten.',
	'backup-lost':
		'The backup from before the first erase is gone or damaged: what the EEPROM held (keymaps, handedness) would not come back.',
};

/** A serial port by its name: `COM3` on Windows, `/dev/ttyACM0` or `/dev/cu.usbmodem1` elsewhere; the bench has its own. */
const isSerialPath = (path: string, system: AdviceContext['system']) =>
	(system === 'windows' ? /^(?:\\\\\.\\)?COM\d+$/i : /^(?:\/dev\/(?:tty|cu)|practice:)/).test(path);

const isSketch = (programmer: string | undefined) => programmer === 'arduino-isp' || programmer === 'avrisp';
/** RSTDISBL and DWEN end ISP: no wire and no speed helps. Source: datasheets, "debugWIRE", "Parallel Programming". */
const ispDisabledAdvice =
	'Last of all, a fuse (RSTDISBL, DWEN) may have ended ISP: an Atmel-ICE or AVR Dragon speaks debugWIRE and gives ISP back, a high-voltage programmer (STK500, Dragon HVPP/HVSP) rewrites the fuses. An installed avrdude drives them: `avr-unbrick devices --avrdude` lists the names.';
const arduinoFirst =
	'Put the ArduinoISP sketch on the board first (Arduino IDE: Examples, 11.ArduinoISP), or take the port of the board that has it.';

/**
 * Advice for an error.
 * @param context what else is known; adds the chip's state and the programmer's own habits
 */
export function adviseError(error: UnbrickError, context: AdviceContext = {}): Advice {
	const advice = adviseFacts(error.facts, context);
	const after: string[] = [];
	const {facts} = error;
	const noWayOn = facts.kind === 'FuseReadback' && facts.stray?.endsIsp !== undefined;
	if (context.resume !== undefined && !noWayOn) after.push(context.resume);
	return {
		headline: error.message,
		likely: advice.likely,
		next: [...advice.next, ...after],
	};
}

const joinAdvice =
	'Write the bootloader together with the application: --bootloader ID --app FILE, or `merge` makes one file of both.';

/** The board would have no bootloader afterwards, and one could be written along. */
/** After a stray fuse or lock write: what to do depends on what stands now. */
function adviseStray({end, endsIsp, erased}: StrayWrite): Omit<Advice, 'headline'> {
	const likely = ['The wires or the supply are weak: a bit changed inside an instruction.'];
	switch (end) {
		case 'set-back':
			return {
				likely,
				next: [
					'Leave everything connected and powered.',
					'Shorten the wires, keep GND beside SCK, press the plugs home.',
					'Then go on: `avr-unbrick recover --resume`.',
					...(erased === true
						? [
								'A plan without firmware does not bring back what was erased: `avr-unbrick restore` with the backup does.',
							]
						: []),
				],
			};
		case 'needs-erase':
			return {
				likely,
				next: [
					'Shorten the wires, keep GND beside SCK, press the plugs home.',
					'Then `avr-unbrick recover --resume`: where its plan erases, it erases and writes everything once more.',
					'A plan without an erase cannot set lock bits back: run a recovery with the firmware instead.',
				],
			};
		case 'stands':
		case 'unknown':
			if (endsIsp !== undefined) {
				return {
					likely,
					next: [
						'Leave it connected and powered; do not pull RESET, GND or the supply.',
						`Do not run \`avr-unbrick recover --resume\`, nor any other program: each begins with a RESET pulse, and with ${endsIsp} in force ISP is over.`,
						'Only what is sent before any RESET pulse can still help: where a lock bit is in the way, a chip erase (AC 80 00 00), then the fuse byte, from a tool that sends bare instructions and leaves RESET low. The flash goes with it.',
						'After the pulse only high-voltage programming (with DWEN a debugWIRE tool, too) gets in again.',
					],
				};
			}
			return {
				likely,
				next: [
					'Leave it connected and powered; do not pull RESET, GND or the supply. Press the other wires home.',
					'Then go on: `avr-unbrick recover --resume`. It has to pulse RESET, and sets the byte right where the chip still answers.',
					'If the chip is silent then: a clock fed to XTAL1 wakes one that asks for a clock that is not there.',
				],
			};
	}
}

function leavesNoLoader({risks, why}: Extract<ErrorFacts, {kind: 'ConsentMissing'}>): boolean {
	return risks.some(
		(risk, index) =>
			risk === 'loses-bootloader' || (risk === 'bootrst' && /the image has nothing/.test(why[index] ?? '')),
	);
}

function adviseFacts(facts: ErrorFacts, context: AdviceContext): Omit<Advice, 'headline'> {
	const {programmer, system} = context;
	switch (facts.kind) {
		case 'DeviceMissing':
			if (facts.next !== undefined) return {likely: [], next: facts.next};
			return {
				likely: [
					'It is not plugged in, or the cable only carries power.',
					'It has come back under another name.',
				],
				next: [
					'Plug it in with a cable that carries data.',
					'Run `avr-unbrick devices` to see what is there.',
				],
			};
		case 'DeviceDenied':
			if (isSerialPath(facts.path, system) && (system === 'windows' || facts.group !== undefined)) {
				return {
					likely:
						system === 'windows' || system === 'macos'
							? []
							: [`Only the group ${facts.group} may use this port, and you are not in it.`],
					next: accessAdvice({
						system: system ?? 'linux',
						transport: 'serial',
						access: 'denied',
						...(facts.group === undefined ? {} : {ownerGroup: facts.group}),
						running: [],
					}),
				};
			}
			return {
				likely: [
					system === 'windows'
						? 'The driver of this device is not one that programs may use.'
						: `The device belongs to ${facts.group === undefined ? 'another user or group' : `the group ${facts.group}`}, and you are not in it.`,
				],
				next:
					system === 'windows'
						? ['Install WinUSB for it with Zadig, then plug it in again.']
						: [
								'Run `avr-unbrick devices --udev`, install the rules file it prints, and plug the device in again.',
								...(facts.group === undefined
									? []
									: [`Or join the group: sudo usermod -aG ${facts.group} $USER, then log in again.`]),
							],
			};
		case 'DeviceBusy':
			if (facts.otherCopy !== undefined) {
				return {
					likely: ['It was started twice, or an earlier run is still finishing.'],
					next: [
						'Go on in the window where it runs, or end it there with Ctrl+C.',
						'Two boards at once need two programmers: name the other one by --port or --usb.',
					],
				};
			}
			return {
				likely: ['Another program has it open: a serial monitor, an IDE, QMK Toolbox, ModemManager.'],
				next: ['Close that program and try again.', 'Plug the device out and in again.'],
			};
		case 'DeviceGone':
			return {
				likely: [
					'The cable was pulled or has a loose contact.',
					'The programmer lost its supply: the target draws too much, or was fed from two sources.',
				],
				next: [
					'Plug the programmer in again, straight into the computer.',
					'See that the keyboard is fed by one source only.',
					...(context.chipState === undefined || context.chipState === 'untouched'
						? ['Start again.']
						: ['Start the recovery again: it begins with what is on the chip now.']),
				],
			};
		case 'NoUsbSystem':
			return {
				likely: ['This is a container or a virtual machine without USB.'],
				next: [
					'Pass USB through to it, or run on the machine itself.',
					'A serial programmer works without it.',
				],
			};
		case 'Ambiguous':
			return {
				likely: [],
				next: [`Name one of them: ${facts.choices.join(', ')} (--port or --usb), or unplug the others.`],
			};
		case 'NotAProgrammer':
			return {
				likely: [
					...(isSketch(programmer)
						? ['The board at this port runs its own bootloader or another sketch, not ArduinoISP.']
						: ['This is another device under the same USB number.']),
					'This is the port of the keyboard, not of the programmer.',
				],
				next: [
					...(isSketch(programmer) ? [arduinoFirst] : ['Choose the programmer that it is.']),
					...(programmer === 'arduino-isp'
						? [
								'If it does run ArduinoISP: put a 10 uF capacitor between RESET and GND of that board, so that opening the port does not reset it.',
							]
						: []),
				],
			};
		case 'Timeout':
			return {
				likely: [
					...(facts.command === 'GET_SYNC' && isSketch(programmer)
						? [
								'The board at this port does not run ArduinoISP, or runs it at another rate.',
								'This is the port of another device.',
							]
						: ['The programmer hangs, or its cable has a loose contact.']),
				],
				next: [
					...(facts.command === 'GET_SYNC' && isSketch(programmer)
						? [arduinoFirst, 'Try --baud 115200 if the sketch was built for it.']
						: ['Plug the programmer out and in again and start over.']),
				],
			};
		case 'NotInSync':
			return {
				likely: [
					...(facts.command === 'GET_SYNC' && programmer === 'arduino-isp'
						? ['The rate is not that of the sketch (19200, or 115200 for some).']
						: []),
					'Bytes were lost or added on the way.',
					...(isSketch(programmer) ? ['Another sketch is talking on this port.'] : []),
				],
				next: [
					...(facts.command === 'GET_SYNC' && programmer === 'arduino-isp'
						? ['Try --baud 115200, or 19200.']
						: []),
					'Plug the programmer out and in again and start over.',
				],
			};
		case 'BadReply':
			return {
				likely: [
					'The wires between programmer and target disturb each other.',
					'The programmer is out of step.',
				],
				next: [
					'Shorten the wires and press them home.',
					'Try a slower --sck.',
					'Plug the programmer out and in again.',
				],
			};
		case 'Refused':
			return {
				likely: facts.why === undefined ? ['The firmware of the device does not know this request.'] : [],
				next: facts.next ?? [
					'Plug the programmer out and in again and try once more.',
					'See whether its firmware is old.',
				],
			};
		case 'FirmwareTooOld':
			return {
				likely: [],
				next: facts.next ?? [
					`Update the firmware of the programmer: ${facts.needs}.`,
					'Or take another programmer.',
				],
			};
		case 'NoTarget':
			return {
				likely: facts.candidates.map(candidate => candidate.text),
				next: [
					'Check the wires one by one against the table: VCC, GND, RESET, SCK, MOSI, MISO.',
					'See that the target has power, from one source only: unplug the keyboard from USB while the programmer feeds it.',
					...(programmer === 'usbasp' || programmer === 'usbtiny' || programmer === 'buspirate'
						? ['Set the jumper or switch of the programmer so that its voltage is that of the board.']
						: []),
					...(programmer === 'buspirate'
						? [
								'If nothing else feeds the board, say so: --power-target switches the supply of the Bus Pirate on.',
							]
						: []),
					...(isSketch(programmer)
						? [
								'RESET of the keyboard goes to pin 10 (Uno, Nano, Pro Micro) or B0 (Teensy), not to RESET of the programmer.',
							]
						: []),
					'If nothing helps, the fuses may ask for a clock that is missing: feed one to XTAL1 and try again.',
					...(facts.candidates.some(({id}) => id === 'isp-disabled') ? [ispDisabledAdvice] : []),
				],
			};
		case 'UnstableLink':
			return {
				likely: [
					'The wires, not the chip, are the problem.',
					...facts.candidates.map(candidate => candidate.text),
				],
				next: [
					'Shorten the wires and press them home; put GND beside SCK.',
					'Try a slower --sck.',
					'Check the supply of the target.',
				],
			};
		case 'WrongSignature':
			return {
				likely: [
					...(facts.gotChip === undefined
						? ['The link is not sound, or this is a part that is not in the list.']
						: [
								`The board has the ${facts.gotChip}: parts of one family look alike and differ in their fuses.`,
							]),
				],
				next: [
					...(facts.gotChip === undefined
						? ['Shorten the wires, try a slower --sck, read again.']
						: [
								`Read what is printed on the chip. If it is the ${facts.gotChip}, run again with --chip ${facts.gotChip.toLowerCase()}.`,
							]),
					'Nothing here overrides a signature (avrdude calls that -F): the fuse bits of another part can end the chip.',
				],
			};
		case 'NotSaved':
			return {
				likely: [
					'The disk is full or write-protected, or the folder is not yours.',
					'The card, stick or network drive with this folder has gone.',
				],
				next: [
					'Make room, or name another place: --backup FILE, or AVR_UNBRICK_STATE for all files of this program.',
					'Run it again: what was already done is found and holds.',
				],
			};
		case 'OtherBoard':
			return {
				likely: ['Another board of the same kind is connected.', 'Another program has written it since.'],
				next: [
					...(facts.fits ?? []).map(
						id =>
							`What is on this board fits another recovery that was interrupted. Go on with that one: \`avr-unbrick recover --resume ${id}\`, or choose it at the first question of the wizard.`,
					),
					'Connect the board that was interrupted and go on with it.',
					'To recover this board instead, start anew (`avr-unbrick recover` without --resume): the interrupted recovery waits, and its board can still be saved.',
					'Only when that other board is gone for good: `avr-unbrick recover --forget` (its backup stays).',
				],
			};
		case 'Locked':
			return {
				likely: [
					facts.lock === 0xec
						? 'Lock byte 0xec is how plain U4 and U2 parts leave the factory: no damage. Their bootloader goes with the erase.'
						: 'Somebody has protected this chip against copying.',
				],
				next: ['A chip erase lifts the lock: recover with an image to write (flash and EEPROM are lost).'],
			};
		case 'BadHex':
			return {
				likely: ['The file is cut off, was changed on the way, or is no Intel HEX file.'],
				next: ['Download or build the file again.', 'Look at it with `avr-unbrick inspect FILE`.'],
			};
		case 'ImageTooLarge':
			return {
				likely: ['The file was built for another chip.'],
				next: ['Choose the file for this chip, or the chip for this file.'],
			};
		case 'OverlapsBootloader':
			return {
				likely: ['The file holds a bootloader too, or was built for a board with a smaller one.'],
				next: [
					'Take the application alone for this way in.',
					'Write combined images over ISP: `avr-unbrick recover`.',
				],
			};
		case 'LosesBootloader':
			return {
				likely: ['The file is the application alone.'],
				next: ['Add the bootloader: --bootloader ID, or merge them into one file.'],
			};
		case 'VerifyMismatch':
			if (facts.writtenTo !== undefined) {
				return {
					likely: [
						'The firmware of the programmer leaves out an address bit, or is not made for a chip with that much flash.',
						'The line from the programmer to the chip (MOSI, SCK) loses the same bit each time.',
					],
					next: [
						'Run the recovery again with a slower --sck and short wires.',
						'If it says the same again: use another programmer, or bring the firmware of this one up to date.',
					],
				};
			}
			if (facts.unwritten === 'before') {
				return {
					likely: ['A disturbed instruction has written or erased there.', 'The flash is read wrong there.'],
					next: [
						'Read it once more: `avr-unbrick backup`, and compare with the first backup.',
						'Write the first backup back: `avr-unbrick restore` with its file.',
					],
				};
			}
			return {
				likely: [
					'The wires or the supply are weak while the chip writes.',
					...(facts.got === 0xff
						? ['The page was never programmed: the supply fell, or SCK is too fast.']
						: []),
					...((facts.got & facts.expected) === facts.got && facts.got !== facts.expected
						? ['Old content was not erased there.']
						: []),
				],
				next: [
					'Check the supply of the target and shorten the wires.',
					'Run the recovery again with a slower --sck.',
				],
			};
		case 'FuseReadback':
			if (facts.stray !== undefined) return adviseStray(facts.stray);
			return {
				likely: ['The lock bits forbid it.', 'The link was disturbed while the fuse was read or written.'],
				next: [
					'Leave everything connected and powered.',
					'Run `avr-unbrick probe`: it reads the fuses again.',
					`Then run the recovery again; the ${facts.fuse} should be ${hexByte(facts.wanted)}.`,
					...(facts.also ?? []).map(({fuse, wanted}) =>
						fuse === 'lock byte'
							? `The lock byte should be ${hexByte(wanted)}; only a chip erase sets its bits back to 1.`
							: `The ${fuse} should be ${hexByte(wanted)} again.`,
					),
				],
			};
		case 'FuseRefused':
			return {
				likely: ['The value is for another chip or another board, or has a typing error.'],
				next: [
					'See what the value means: `avr-unbrick fuses CHIP LOW HIGH EXT`.',
					'Take the fuses of your board: --fuses board.',
				],
			};
		case 'ConsentMissing':
			return {
				likely: facts.why,
				next: [
					...(leavesNoLoader(facts) ? [joinAdvice] : []),
					...facts.risks.map(risk => `If you accept it, say so: --accept ${risk}.`),
				],
			};
		case 'Cancelled':
			return {likely: [], next: ['Run it again when you are ready.']};
		case 'Bug':
			return {
				likely: [],
				next: ['Please report it with the log (--log FILE).'],
			};
		default:
			return assertNever(facts);
	}
}
