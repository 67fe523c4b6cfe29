// What the messages prove, alone and together. Data only; `diagnose.ts` weighs it.
// Weight: how sure a helper would be who has read the tool's source, 0..1. Where several causes print the same
// words, a rule names them all with their share, and the question is asked in `questions.ts`.

import type {Cause} from './causes.ts';
import type {DerivedId} from './derive.ts';
import type {FirstAidId} from './first-aid.ts';
import type {SignalId} from './signals.ts';
import type {Family} from './types.ts';

export type Ref = SignalId | DerivedId;

export type Rule = {
	readonly id: string;
	readonly proves: readonly (readonly [cause: Cause, weight: number])[];
	/** All of these in the same attempt. */
	readonly all?: readonly Ref[];
	/** One of these in the same attempt. */
	readonly any?: readonly Ref[];
	/** The second after the first, in the same attempt. */
	readonly order?: readonly [Ref, Ref];
	/** One of these anywhere in the paste. */
	readonly context?: readonly Ref[];
	/** Speaks against it: none of these in the same attempt. */
	readonly not?: readonly Ref[];
	/** Speaks against it: none of these anywhere. */
	readonly notContext?: readonly Ref[];
	/** Where this case is better known than the cause's usual answer. */
	readonly isp?: 'yes' | 'no' | 'maybe';
	readonly family?: Family;
	/** Where the cause's own sentences would say more, or something else, than these lines carry. */
	readonly says?: {readonly happened: string; readonly board: string; readonly next?: readonly FirstAidId[]};
	readonly source: string;
};

export const rules: readonly Rule[] = [
	// ---------------------------------------------------------------- Atmel DFU
	{
		id: 'dfu-erased-not-blank',
		proves: [
			['dfu-erase-ineffective', 0.93],
			['dfu-write-refused', 0.2],
		],
		all: ['is.notblank.aftererase'],
		isp: 'yes',
		source:
			'dfu-programmer src/commands.c execute_erase: the blank check after the erase; https://docs.qmk.fm/isp_flashing_guide',
	},
	{
		// The flash went without --force, so the last simple thing has not been tried.
		id: 'dfu-erased-not-blank-unforced',
		proves: [['dfu-erase-ineffective', 0.94]],
		all: ['is.notblank.aftererase', 'dfu.targetnotblank'],
		not: ['dfu.cmd.flash.force', 'dfu.validate.failed', 'dfu.xerror', 'dfu.writeerror'],
		isp: 'maybe',
		source: 'dfu-programmer src/atmel.c: the blank check is skipped with --force',
	},
	{
		id: 'dfu-validate-failed-after-erase',
		proves: [
			['dfu-erase-ineffective', 0.85],
			['dfu-write-refused', 0.3],
		],
		all: ['dfu.erase.ok', 'dfu.validate.failed'],
		isp: 'yes',
		source: 'dfu-programmer src/commands.c execute_validate',
	},
	{
		id: 'dfu-validate-failed',
		proves: [
			['dfu-erase-first', 0.7],
			['dfu-erase-ineffective', 0.5],
		],
		all: ['dfu.validate.failed'],
		not: ['dfu.erase.ok'],
		source: 'dfu-programmer src/commands.c: "Did you erase?"',
	},
	{
		id: 'dfu-not-blank-without-erase',
		proves: [
			['dfu-erase-first', 0.85],
			['dfu-erase-ineffective', 0.3],
		],
		any: ['dfu.targetnotblank'],
		not: ['dfu.erase.ok'],
		source: 'dfu-programmer src/atmel.c: flash refuses a flash that is not blank',
	},
	{
		id: 'dfu-blank-so-not-erased',
		proves: [
			['dfu-erase-first', 0.9],
			['dfu-write-refused', 0.4],
		],
		all: ['dfu.alreadyblank'],
		any: ['dfu.xerror', 'dfu.writeerror', 'dfu.protected', 'dfu.stall'],
		not: ['dfu.erase.ok'],
		isp: 'no',
		source:
			'dfu-programmer src/commands.c: a blank chip is not erased without --force, and a fresh bootloader writes only after an erase; Atmel doc7618, section 7',
	},
	{
		id: 'dfu-refused-after-erase',
		proves: [
			['dfu-write-refused', 0.88],
			['dfu-erase-first', 0.3],
			['dfu-erase-ineffective', 0.3],
		],
		order: ['dfu.erase.ok', 'dfu.writeerror'],
		not: ['dfu.timeout', 'is.notblank.aftererase', 'dfu.alreadyblank'],
		source: 'dfu-programmer src/atmel.c atmel_flash',
	},
	{
		id: 'dfu-xerror-after-erase',
		proves: [
			['dfu-write-refused', 0.85],
			['dfu-erase-first', 0.3],
		],
		order: ['dfu.erase.ok', 'dfu.xerror'],
		not: ['dfu.timeout', 'is.notblank.aftererase', 'dfu.alreadyblank'],
		source: 'dfu-programmer src/atmel.c atmel_flash',
	},
	{
		id: 'dfu-protected',
		proves: [
			['dfu-write-refused', 0.8],
			['dfu-erase-first', 0.62],
			['dfu-erase-ineffective', 0.3],
		],
		any: ['dfu.protected', 'dfu.stall'],
		not: ['is.notblank.aftererase', 'dfu.alreadyblank', 'dfu.nodevice'],
		context: ['dfu.any', 'dfu.protected', 'dfu.writeerror', 'flip.any'],
		source: 'dfu-programmer src/atmel.c: status errWRITE or a stall is reported as write protected',
	},
	{
		id: 'dfu-write-error-alone',
		proves: [
			['dfu-write-refused', 0.7],
			['dfu-erase-first', 0.6],
			['dfu-erase-ineffective', 0.3],
		],
		any: ['dfu.writeerror', 'dfu.xerror'],
		not: ['dfu.erase.ok', 'dfu.timeout', 'dfu.alreadyblank', 'dfu.protected'],
		source: 'dfu-programmer src/atmel.c atmel_flash',
	},
	{
		id: 'dfu-timeout',
		proves: [
			['dfu-transfer-timeout', 0.9],
			['dfu-write-refused', 0.35],
			['dfu-erase-first', 0.25],
		],
		all: ['dfu.timeout'],
		any: ['dfu.writeerror', 'dfu.xerror', 'dfu.download.failed', 'dfu.timeout', 'dfu.any'],
		not: ['du.any', 'dfu.alreadyblank'],
		source: 'dfu-programmer src/dfu.c: -ETIMEDOUT; libusb darwin_usb.c',
	},
	{
		id: 'dfu-link-broke',
		proves: [
			['usb-transient', 0.6],
			['dfu-transfer-timeout', 0.5],
			['dfu-write-refused', 0.4],
		],
		all: ['dfu.usbgone'],
		context: ['dfu.any', 'dfu.download.failed'],
		notContext: ['du.any'],
		source: 'dfu-programmer src/dfu.c: -EPROTO, -EIO, -ENODEV',
	},
	{
		id: 'dfu-erase-failed',
		proves: [
			['dfu-write-refused', 0.6],
			['dfu-erase-ineffective', 0.5],
			['dfu-transfer-timeout', 0.4],
		],
		all: ['dfu.erase.failed'],
		source: 'dfu-programmer src/atmel.c atmel_erase_flash',
	},
	{
		id: 'dfu-xmega',
		proves: [['dfu-tool-bug', 0.55]],
		any: ['dfu.xmega'],
		context: ['dfu.writeerror', 'dfu.download.failed', 'dfu.validate.failed', 'dfu.accesserror', 'dfu.stall'],
		source: 'dfu-programmer ChangeLog: XMEGA and EEPROM paging mended again and again',
	},
	{
		id: 'dfu-access-error',
		proves: [
			['dfu-tool-bug', 0.55],
			['dfu-erase-first', 0.45],
			['usb-transient', 0.4],
		],
		all: ['dfu.accesserror'],
		not: ['dfu.timeout', 'dfu.writeerror', 'dfu.xerror'],
		source: 'dfu-programmer src/atmel.c: page or memory unit could not be selected, or reading back failed',
	},
	{
		id: 'dfu-no-device',
		proves: [
			['dfu-no-device', 0.82],
			['not-in-bootloader', 0.45],
			['windows-wrong-driver', 0.35],
		],
		all: ['dfu.nodevice'],
		source: 'dfu-programmer src/main.c',
	},
	{
		id: 'dfu-no-device-other-chip',
		proves: [['wrong-mcu-option', 0.95]],
		any: ['dfu.nodevice', 'dfu.unsupported', 'tb.any'],
		all: ['is.mcu.differs'],
		source: 'dfu-programmer src/main.c: it looks only for the USB identity of the part named',
	},
	{
		id: 'dfu-no-device-application',
		proves: [['not-in-bootloader', 0.9]],
		all: ['dfu.nodevice', 'is.application.seen'],
		source: 'LUFA and V-USB application identities as listed by lsusb: the firmware runs, not the bootloader',
	},
	{
		id: 'dfu-no-device-driver',
		proves: [['windows-wrong-driver', 0.86]],
		all: ['dfu.nodevice', 'is.os.windows', 'is.dfu.seen'],
		not: ['is.mcu.differs'],
		notContext: ['tb.gooddriver'],
		source: 'libusb os/windows_winusb.c: without a libusb driver the device is not in the list',
	},
	{
		id: 'dfu-no-device-rights',
		proves: [['usb-permission', 0.86]],
		all: ['dfu.nodevice', 'is.os.linux', 'is.dfu.seen'],
		not: ['is.mcu.differs', 'is.application.seen'],
		source:
			'dfu-programmer src/dfu.c: a device that cannot be opened counts as absent; https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		// The kernel or lsusb lists it, the tool does not: it may not be opened.
		id: 'loader-seen-linux',
		proves: [['usb-permission', 0.88]],
		any: [
			'mn.timeout',
			'mn.waiting',
			'tl.waiting',
			'tl.nodevice',
			'bh.missing',
			'du.nodevice',
			'qmk.waiting',
		],
		all: ['is.loader.seen', 'is.os.linux'],
		not: ['os.enumerate', 'os.libusb.retry'],
		source:
			'libusb os/linux_usbfs.c: a device without write permission cannot be opened; https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'loader-seen-windows',
		proves: [['windows-wrong-driver', 0.86]],
		any: ['mn.timeout', 'mn.waiting', 'du.nodevice', 'qmk.waiting'],
		all: ['is.loader.seen', 'is.os.windows'],
		source: 'libusb os/windows_winusb.c: without a driver that libusb can use the device is not in the list',
	},
	{
		id: 'dfu-claim',
		proves: [
			['usb-permission', 0.6],
			['windows-wrong-driver', 0.5],
			['usb-transient', 0.45],
		],
		all: ['dfu.claim'],
		source: 'dfu-programmer src/dfu.c dfu_device_init',
	},
	{
		id: 'dfu-claim-windows',
		proves: [['windows-wrong-driver', 0.7]],
		all: ['dfu.claim', 'is.os.windows'],
		source: 'libusb os/windows_winusb.c',
	},
	{
		id: 'dfu-overlap',
		proves: [['hex-too-large', 0.95]],
		any: ['dfu.overlap', 'dfu.outside'],
		source: 'dfu-programmer src/commands.c',
	},
	{
		id: 'dfu-bad-line',
		proves: [['bad-hex-file', 0.88]],
		any: ['dfu.badline'],
		not: ['dfu.open'],
		family: 'dfu',
		source: 'dfu-programmer src/intel_hex.c',
	},
	{
		id: 'dfu-hex',
		proves: [
			['bad-hex-file', 0.8],
			['hex-too-large', 0.5],
		],
		all: ['dfu.hexerror'],
		source: 'dfu-programmer src/atmel.c: no data, or data outside the flash',
	},
	{
		id: 'dfu-open',
		proves: [
			['file-not-found', 0.88],
			['path-with-spaces', 0.3],
		],
		all: ['dfu.open'],
		source: 'dfu-programmer src/intel_hex.c',
	},
	{
		id: 'path-cut',
		proves: [
			['path-with-spaces', 0.95],
			['file-not-found', 0.4],
		],
		all: ['is.path.cut'],
		any: [
			'dfu.open',
			'avr.openfile',
			'avr.readfile.failed',
			'dfu.usage',
			'dfu.unrecognised',
			'avr.update.invalid',
			'avr.usage',
			'du.any',
			'tl.badhex',
		],
		source:
			'https://docs.qmk.fm/isp_flashing_guide: no spaces in the path; dfu-programmer src/arguments.c, avrdude src/update.c',
	},
	{
		id: 'dfu-usage-path',
		proves: [
			['path-with-spaces', 0.6],
			['tool-version', 0.55],
		],
		any: ['dfu.usage', 'dfu.unrecognised'],
		not: ['is.path.cut'],
		source: 'dfu-programmer src/arguments.c: usage text follows any argument it cannot read',
	},
	{
		id: 'dfu-usage-force',
		proves: [['tool-version', 0.85]],
		all: ['dfu.usage'],
		any: ['dfu.cmd.erase.force', 'dfu.cmd.flash.force'],
		not: ['is.path.cut'],
		source: 'dfu-programmer ChangeLog: --force came with 0.7.0',
	},
	{
		id: 'dfu-unsupported',
		proves: [
			['wrong-mcu-option', 0.8],
			['tool-version', 0.5],
		],
		all: ['dfu.unsupported'],
		source: 'dfu-programmer src/arguments.c',
	},
	{
		id: 'dfu-read-protected',
		proves: [
			['dfu-erase-first', 0.7],
			['isp-lock-bits', 0.5],
		],
		any: ['dfu.readprotected', 'flip.secure'],
		source: 'Atmel doc7618, section 7: software security is lifted by a full erase',
	},
	{
		id: 'flip-signature',
		proves: [
			['dfu-tool-bug', 0.9],
			['wrong-mcu-option', 0.35],
		],
		any: ['avr.expected', 'avr.yikes', 'avr.sigread.failed'],
		context: ['flip.any', 'flip.class'],
		family: 'dfu',
		source:
			'avrdude src/flip1.c flip1_read_sig_bytes: LUFA DFU images answer the signature request with other bytes',
	},
	{
		id: 'flip-refused',
		proves: [
			['dfu-write-refused', 0.78],
			['dfu-erase-first', 0.6],
			['dfu-erase-ineffective', 0.3],
		],
		any: ['flip.errwrite'],
		family: 'dfu',
		source: 'avrdude 7.1 src/dfu.c: the status of the bootloader after a block',
	},
	{
		id: 'usb-access-denied',
		proves: [
			['usb-permission', 0.9],
			['windows-wrong-driver', 0.4],
		],
		any: ['usbdev.denied'],
		not: ['is.os.windows'],
		source: 'avrdude 7.1 src/dfu.c: libusb could not open what it had found',
	},
	{
		id: 'usb-access-denied-windows',
		proves: [
			['windows-wrong-driver', 0.88],
			['usb-permission', 0.4],
		],
		any: ['usbdev.denied'],
		all: ['is.os.windows'],
		source: 'avrdude 7.1 src/dfu.c; libusb os/windows_winusb.c',
	},
	{
		id: 'flip-wrong-part',
		proves: [
			['wrong-programmer-option', 0.85],
			['wrong-mcu-option', 0.6],
		],
		any: ['flip.notfor'],
		family: 'dfu',
		source: 'avrdude 7.1 src/flip1.c, src/dfu.c',
	},
	{
		id: 'loader-waiting',
		proves: [
			['not-in-bootloader', 0.8],
			['usb-permission', 0.4],
		],
		any: ['loader.wait'],
		source: 'avrdude 7.1 src/micronucleus.c, src/teensy.c',
	},
	{
		id: 'micronucleus-page',
		proves: [['usb-transient', 0.75]],
		any: ['mn.transfer'],
		family: 'micronucleus',
		source: 'avrdude 7.1 src/micronucleus.c',
	},
	{
		id: 'teensy-hid-open',
		proves: [
			['usb-permission', 0.8],
			['not-in-bootloader', 0.4],
		],
		any: ['teensy.hidopen'],
		family: 'halfkay',
		source: 'avrdude 7.1 src/teensy.c: seen, and not to be opened',
	},
	{
		// The programmer itself is silent; whether a chip is behind it was never asked.
		id: 'isp-programmer-silent',
		proves: [
			['isp-programmer-link', 0.7],
			['wrong-programmer-option', 0.5],
			['serial-wrong-port', 0.35],
		],
		any: ['bp.silent', 'v2.comm', 'v2.getsync', 'bf.silent.new'],
		all: ['is.prog.isp'],
		not: [
			'is.isp.serial',
			'v2.status',
			'v2.enable',
			'is.burn',
			'tiny.transfer',
			'usbdev.transfer',
			'usbdev.missing',
		],
		notContext: ['is.prog.avr109', 'is.prog.serialboot'],
		family: 'isp-programmer',
		source: 'avrdude 7.1 src/stk500v2.c, src/buspirate.c',
	},
	{
		id: 'isp-arduino-mute',
		proves: [
			['isp-arduino-as-isp', 0.72],
			['serial-wrong-port', 0.4],
			['wrong-programmer-option', 0.4],
		],
		any: ['bf.silent.new', 'sk.mute.new', 'sk.outofsync'],
		all: ['is.isp.serial'],
		not: ['sk.enable', 'sk.enable.nodevice', 'sk.nosync', 'sk.silent', 'is.board.odd', 'is.sig.fine'],
		family: 'isp-programmer',
		source: 'avrdude 7.1 src/stk500.c; ArduinoISP.ino',
	},
	{
		id: 'isp-command-failed',
		proves: [
			['isp-wiring', 0.8],
			['isp-target-unpowered', 0.5],
		],
		any: ['v2.failed'],
		all: ['is.prog.isp'],
		family: 'isp-programmer',
		source: 'avrdude 7.1 src/stk500v2.c: the programmer answers, its command to the chip fails',
	},
	{
		id: 'loader-missing-micronucleus',
		proves: [
			['not-in-bootloader', 0.85],
			['usb-permission', 0.4],
			['windows-wrong-driver', 0.38],
		],
		all: ['loader.missing.micronucleus', 'loader.missing'],
		family: 'micronucleus',
		source: 'avrdude 7.1 src/micronucleus.c: it waits for the bootloader, not for a programmer',
	},
	{
		id: 'loader-missing-teensy',
		proves: [
			['not-in-bootloader', 0.85],
			['usb-permission', 0.4],
		],
		all: ['loader.missing.teensy', 'loader.missing'],
		family: 'halfkay',
		source: 'avrdude 7.1 src/teensy.c: it waits for the bootloader, not for a programmer',
	},
	{
		id: 'teensy-page',
		proves: [
			['usb-transient', 0.75],
			['wrong-mcu-option', 0.4],
		],
		any: ['teensy.page'],
		not: ['avr.hidleft'],
		family: 'halfkay',
		source: 'avrdude 7.1 src/teensy.c',
	},
	{
		id: 'teensy-board',
		proves: [
			['wrong-mcu-option', 0.8],
			['tool-version', 0.5],
		],
		any: ['teensy.board'],
		family: 'halfkay',
		source: 'avrdude 7.1 src/teensy.c: the usage number of the HID device names another Teensy',
	},
	{
		id: 'isp-none',
		proves: [
			['wrong-programmer-option', 0.92],
			['wrong-mcu-option', 0.5],
		],
		any: ['avr.noisp'],
		isp: 'no',
		family: 'isp-programmer',
		source: 'avrdude 7.1 src/stk500v2.c: the part is programmed over UPDI, PDI or TPI',
	},
	{
		id: 'isp-wires-checked',
		proves: [
			['isp-wiring', 0.9],
			['isp-target-unpowered', 0.4],
		],
		any: ['tiny.spi'],
		family: 'isp-programmer',
		source: 'avrdude 7.1 src/usbtiny.c: what goes out on one line does not come back on the other',
	},
	{
		id: 'isp-signature-garbled',
		proves: [
			['isp-sck-too-fast', 0.88],
			['isp-wiring', 0.82],
		],
		all: ['is.sig.garbled'],
		notContext: ['flip.any', 'is.prog.avr109', 'is.prog.serialboot'],
		family: 'isp-programmer',
		source: 'avrdude.conf.in, signatures; datasheets, serial downloading: SCK below a quarter of the clock',
	},
	{
		id: 'flip-failed',
		proves: [
			['dfu-write-refused', 0.6],
			['dfu-erase-first', 0.5],
			['usb-transient', 0.4],
		],
		all: ['flip.failed'],
		not: ['flip.errwrite'],
		context: ['flip.any', 'dfu.any'],
		family: 'dfu',
		source: 'avrdude src/dfu.c',
	},
	{
		id: 'flip-missing',
		proves: [
			['dfu-no-device', 0.8],
			['not-in-bootloader', 0.5],
		],
		all: ['usbdev.missing'],
		context: ['flip.any'],
		family: 'dfu',
		source: 'avrdude src/dfu.c',
	},
	{
		id: 'dfu-waiting-forever',
		proves: [
			['dfu-no-device', 0.6],
			['not-in-bootloader', 0.55],
		],
		any: ['dfu.waiting'],
		not: ['is.result', 'dfu.erasing'],
		source: 'tmk_keyboard tmk_core/rules.mk',
	},

	// ---------------------------------------------------------------- front ends
	{
		id: 'dfu-not-blank-old',
		proves: [
			['dfu-erase-ineffective', 0.8],
			['dfu-erase-first', 0.4],
		],
		any: ['dfu.notblank.lone'],
		isp: 'yes',
		source: 'dfu-programmer 0.6.2 src/atmel.c atmel_blank_check, src/commands.c execute_erase',
	},
	{
		id: 'dfu-not-blank-before-erase',
		proves: [
			['benign-warning', 0.75],
			['no-error-shown', 0.5],
			['insufficient-evidence', 0.4],
		],
		all: ['dfu.notblank', 'dfu.blank'],
		order: ['dfu.notblank', 'dfu.erase.ok'],
		not: ['is.notblank.aftererase', 'is.result', 'dfu.programming'],
		source: 'dfu-programmer src/commands.c execute_erase: the check before an erase finds the old firmware',
	},

	{
		id: 'toolbox-driver',
		proves: [['windows-wrong-driver', 0.9]],
		any: ['tb.nodriver', 'tb.wrongdriver'],
		source: 'qmk_toolbox windows/QMK Toolbox/Usb/UsbListener.cs, MainWindow.cs',
	},
	{
		id: 'toolbox-serial-libusb',
		proves: [['windows-wrong-driver', 0.92]],
		context: ['tb.serial.libusb'],
		notContext: ['avr.verified'],
		family: 'caterina',
		source:
			'qmk_toolbox CaterinaDevice.cs; https://docs.qmk.fm/driver_installation_zadig: serial bootloaders keep the driver of Windows',
	},
	{
		id: 'keyboard-not-in-bootloader',
		proves: [
			['not-in-bootloader', 0.85],
			['usb-permission', 0.35],
		],
		any: ['kb.nobootloader'],
		not: ['kb.sawloader'],
		family: 'caterina',
		source: 'Kaleidoscope bin/kaleidoscope-builder: it looks for the port by its USB identity',
	},
	{
		// It looks for the running keyboard while the bootloader is what the bus shows.
		id: 'keyboard-script-blind',
		proves: [['tool-version', 0.85]],
		all: ['kb.nobootloader', 'kb.sawloader'],
		family: 'caterina',
		source: 'https://github.com/keyboardio/Kaleidoscope/issues/813',
	},
	{
		// The front end shows the command and its own last line, and between them not a word of the tool.
		id: 'toolbox-mute',
		proves: [
			['tool-version', 0.62],
			['insufficient-evidence', 0.55],
		],
		all: ['is.tool.mute'],
		not: ['is.specific'],
		source: 'avrdude src/main.c prints on every way; qmk_toolbox MainWindow.cs',
	},
	{
		id: 'program-stumbled',
		proves: [['tool-version', 0.6]],
		any: ['sys.assert'],
		source: 'assert(3)',
	},
	{
		id: 'micronucleus-stumbled',
		proves: [['usb-transient', 0.65]],
		all: ['sys.assert'],
		context: ['mn.any'],
		family: 'micronucleus',
		source:
			'micronucleus commandline/library/micronucleus_lib.c: asserts that a USB transfer came back whole',
	},
	{
		id: 'toolbox-nothing',
		proves: [
			['not-in-bootloader', 0.75],
			['dfu-no-device', 0.6],
		],
		any: ['tb.nodevices'],
		source: 'qmk_toolbox windows/QMK Toolbox/MainWindow.cs',
	},
	{
		// Only the running keyboard is seen, and nobody has tried to flash.
		id: 'toolbox-console-only',
		proves: [['not-in-bootloader', 0.75]],
		any: ['tb.console'],
		notContext: ['tb.connected', 'tb.start', 'dfu.any', 'avr.any', 'du.any', 'bh.any', 'tl.any'],
		source: 'qmk_toolbox windows/QMK Toolbox/Hid/HidConsoleDevice.cs',
	},
	{
		id: 'halfkay-left',
		proves: [['benign-warning', 0.9]],
		all: ['avr.hidleft', 'avr.written', 'avr.done'],
		family: 'halfkay',
		source: 'avrdude src/teensy.c: the reboot is asked for after the last page is written',
	},
	{
		id: 'toolbox-comport',
		proves: [
			['caterina-port-lost', 0.8],
			['windows-wrong-driver', 0.4],
		],
		any: ['tb.comport'],
		family: 'caterina',
		source: 'qmk_toolbox windows/QMK Toolbox/Usb/Bootloader/CaterinaDevice.cs',
	},
	{
		id: 'toolbox-file',
		proves: [['file-not-found', 0.85]],
		any: ['tb.nofile'],
		source: 'qmk_toolbox windows/QMK Toolbox/MainWindow.cs',
	},
	{
		id: 'toolbox-format',
		proves: [['bad-hex-file', 0.85]],
		any: ['tb.fileformat'],
		source: 'qmk_toolbox windows/QMK Toolbox/Usb/Bootloader',
	},
	{
		id: 'toolbox-mcu',
		proves: [['wrong-mcu-option', 0.8]],
		any: ['tb.mcu'],
		source: 'qmk_toolbox windows/QMK Toolbox/MainWindow.cs',
	},
	{
		id: 'qmk-waiting',
		proves: [
			['dfu-no-device', 0.7],
			['not-in-bootloader', 0.62],
			['usb-permission', 0.35],
		],
		any: ['qmk.waiting'],
		not: ['dfu.erasing', 'avr.initialised', 'bf.silent', 'du.ok', 'avr.verified', 'dfu.nodevice'],
		source: 'qmk_firmware platforms/avr/flash.mk',
	},
	{
		id: 'qmk-waiting-blocked',
		proves: [['usb-permission', 0.94]],
		any: ['qmk.waiting', 'dfu.nodevice', 'du.nodevice'],
		context: ['words.usbguard'],
		source: 'usbguard(1): a blocked device is on the bus but has no driver',
	},
	{
		id: 'qmk-waiting-seen-linux',
		proves: [['usb-permission', 0.8]],
		any: ['qmk.waiting'],
		all: ['is.dfu.seen', 'is.os.linux'],
		source: 'https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'qmk-waiting-serial',
		proves: [
			['not-in-bootloader', 0.66],
			['caterina-port-lost', 0.6],
			['serial-port-permission', 0.3],
		],
		any: ['qmk.waiting.serial'],
		not: ['bf.silent', 'bf.connecting', 'avr.initialised', 'avr.verified', 'ser.open', 'qmk.notwritable'],
		family: 'caterina',
		source: 'qmk_firmware platforms/avr/flash.mk: no new port came after the reset',
	},
	{
		id: 'qmk-waiting-serial-other',
		proves: [['wrong-tool-for-bootloader', 0.45]],
		any: ['qmk.waiting.serial'],
		not: ['bf.silent', 'bf.connecting', 'avr.initialised', 'avr.verified', 'ser.open', 'qmk.notwritable'],
		source:
			'https://github.com/qmk/qmk_firmware/issues/21020: a board with another loader never brings a port',
	},
	{
		// The Toolbox looks the serial port up at Windows; older ones fail at it, and without a driver there is none.
		id: 'toolbox-no-port',
		proves: [
			['tool-version', 0.74],
			['windows-wrong-driver', 0.66],
			['caterina-port-lost', 0.58],
		],
		all: ['avr.option.port'],
		context: ['tb.any', 'is.caterina.seen'],
		family: 'caterina',
		source:
			'https://github.com/qmk/qmk_toolbox/issues/60: a fault of those releases, mended since; installing the drivers helped too',
	},
	{
		id: 'dfu-big-flash-paging',
		proves: [['dfu-tool-bug', 0.74]],
		all: ['dfu.bigflash', 'dfu.validate.failed', 'dfu.progress.ok'],
		not: ['is.notblank.aftererase'],
		source:
			'https://github.com/dfu-programmer/dfu-programmer/issues/32: sections land in the wrong 64 KB page, Flip writes them well',
	},
	{
		id: 'toolbox-timeout',
		proves: [
			['insufficient-evidence', 0.5],
			['dfu-transfer-timeout', 0.4],
			['not-in-bootloader', 0.35],
		],
		any: ['tb.timeout'],
		source: 'qmk_toolbox src/QmkToolbox.Core/Services/FlashService.cs',
	},
	{
		id: 'qmk-udev',
		proves: [['usb-permission', 0.6]],
		any: ['qmk.udev'],
		source: 'qmk_firmware lib/python/qmk/cli/doctor/linux.py',
	},
	{
		id: 'qmk-option-as-file',
		proves: [
			['tool-not-installed', 0.85],
			['tool-version', 0.5],
		],
		any: ['sys.optionasfile'],
		source: 'https://github.com/qmk/qmk_firmware/issues/18134',
	},
	{
		id: 'qmk-waiting-other',
		proves: [['wrong-tool-for-bootloader', 0.85]],
		all: ['is.bootloader.other'],
		source: 'https://docs.qmk.fm/flashing: each bootloader has its own tool and identity',
	},
	{
		// It waits for the right to write, and nothing follows.
		id: 'qmk-waits-to-write',
		proves: [
			['serial-port-permission', 0.8],
			['modemmanager', 0.5],
		],
		all: ['qmk.writable.wait'],
		not: ['bf.connecting', 'bf.silent', 'bf.nocommand.mid', 'avr.initialised', 'ser.open', 'avr.verified'],
		family: 'caterina',
		source: 'qmk_firmware platforms/avr/flash.mk',
	},
	{
		id: 'qmk-not-writable',
		proves: [
			['serial-port-permission', 0.8],
			['modemmanager', 0.5],
		],
		any: ['qmk.notwritable'],
		family: 'caterina',
		source: 'qmk_firmware lib/python/qmk/flashers.py',
	},
	{
		id: 'qmk-too-large',
		proves: [['hex-too-large', 0.95]],
		any: ['qmk.toolarge', 'build.sketchbig', 'mn.toobig', 'elf.toobig'],
		source:
			'qmk_firmware builddefs/build_keyboard.mk; Arduino IDE Sizer.java; micronucleus commandline/micronucleus.c',
	},
	{
		// QMK's size check stops make: nothing was flashed.
		id: 'qmk-too-large-build',
		proves: [['build-error', 0.96]],
		all: ['qmk.toolarge'],
		any: ['make.failed', 'build.error'],
		source: 'qmk_firmware builddefs/build_keyboard.mk, check-size',
	},
	{
		id: 'qmk-not-flashable',
		proves: [
			['tool-version', 0.75],
			['wrong-tool-for-bootloader', 0.5],
		],
		any: ['qmk.noflash'],
		source: 'qmk_firmware lib/python/qmk/flashers.py; https://github.com/qmk/qmk_firmware/pull/26053',
	},
	{
		// dfu-programmer's own errors have small numbers; this one is the reset at the very end.
		id: 'qmk-reset-status',
		proves: [
			['insufficient-evidence', 0.62],
			['benign-warning', 0.55],
		],
		all: ['make.flash254'],
		not: ['is.result', 'dfu.programming', 'dfu.nodevice'],
		family: 'dfu',
		source: 'https://github.com/qmk/qmk_firmware/issues/21020; dfu-programmer src/util.h',
	},
	{
		id: 'build-not-writable',
		proves: [['build-error', 0.88]],
		any: ['build.nowrite'],
		source: 'https://github.com/qmk/qmk_firmware/issues/13852: files of an earlier build with sudo',
	},
	{
		id: 'qmk-no-mcu',
		proves: [
			['wrong-mcu-option', 0.6],
			['config-error', 0.5],
		],
		any: ['qmk.nomcu'],
		source: 'qmk_firmware lib/python/qmk/flashers.py',
	},
	{
		id: 'drive',
		proves: [
			['mass-storage-bootloader', 0.9],
			['wrong-tool-for-bootloader', 0.4],
		],
		any: ['words.massstorage', 'is.ms.seen'],
		not: ['avr.verified', 'dfu.written'],
		source: 'LUFA Bootloaders/MassStorage; https://docs.qmk.fm/flashing#lufa-mass-storage',
	},
	{
		id: 'not-installed',
		proves: [['tool-not-installed', 0.93]],
		any: ['sys.notinstalled', 'sys.noprogram', 'qmk.noflasher'],
		source: 'POSIX shell exit status 127; Java ProcessBuilder; Go os/exec',
	},
	{
		id: 'broken-installation',
		proves: [['tool-version', 0.85]],
		any: ['sys.broken', 'avr.notcompiled'],
		source: 'ld.so(8), dyld(1); avrdude src/dfu.c',
	},
	{
		id: 'build-failed',
		proves: [['build-error', 0.9]],
		any: ['build.error', 'build.overflow'],
		not: ['avr.verified', 'dfu.written', 'build.sketchbig'],
		source: 'gcc, GNU ld, GNU make',
	},
	{
		id: 'build-overflow',
		proves: [['hex-too-large', 0.45]],
		any: ['build.overflow'],
		source: 'GNU ld ldlang.c',
	},

	// ---------------------------------------------------------------- Caterina and other AVR109 loaders
	{
		id: 'caterina-mismatch',
		proves: [
			['caterina-verify-mismatch', 0.9],
			['caterina-not-responding', 0.35],
		],
		any: ['avr.mismatch', 'avr.mismatch.at', 'avr.mismatch.addr'],
		context: ['bf.silent', 'bf.caterin', 'is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		not: ['is.mismatch.bootstart', 'is.mismatch.fuse'],
		family: 'caterina',
		source: 'avrdude src/update.c, src/butterfly.c; https://docs.qmk.fm/isp_flashing_guide',
	},
	{
		// It was silent before, so the port may have been the wrong one: first aid comes first.
		id: 'caterina-mismatch-after-silence',
		proves: [['caterina-verify-mismatch', 0.91]],
		any: ['avr.mismatch', 'avr.mismatch.at', 'avr.mismatch.addr'],
		all: ['bf.silent'],
		not: ['is.mismatch.bootstart', 'is.mismatch.fuse'],
		isp: 'maybe',
		family: 'caterina',
		source: 'https://docs.qmk.fm/isp_flashing_guide',
	},
	{
		id: 'caterina-silent',
		proves: [
			['caterina-not-responding', 0.66],
			['modemmanager', 0.4],
			['caterina-port-lost', 0.42],
			['not-in-bootloader', 0.3],
		],
		any: ['bf.silent'],
		family: 'caterina',
		source: 'avrdude src/butterfly.c',
	},
	{
		id: 'caterina-silent-mac',
		proves: [['macos-serial-driver', 0.41]],
		any: ['bf.silent'],
		all: ['is.os.macos'],
		family: 'caterina',
		source: 'https://github.com/qmk/qmk_firmware/issues/6133: macOS 10.15',
	},
	{
		id: 'caterina-silent-new',
		proves: [
			['caterina-not-responding', 0.64],
			['modemmanager', 0.4],
			['caterina-port-lost', 0.42],
		],
		all: ['bf.silent.new'],
		context: ['is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		not: ['sk.nosync', 'sk.silent', 'v2.timeout', 'bf.silent'],
		family: 'caterina',
		source: 'avrdude 8 src/butterfly.c',
	},
	{
		// Newer releases leave the protocol's name out; without any other word both are as likely.
		id: 'silent-unnamed',
		proves: [
			['serial-not-in-sync', 0.5],
			['caterina-not-responding', 0.48],
			['isp-arduino-as-isp', 0.3],
		],
		any: ['bf.silent.new'],
		not: [
			'sk.nosync',
			'sk.silent',
			'v2.timeout',
			'bf.silent',
			'sk.nosync.mute',
			'is.prog.avr109',
			'is.prog.isp',
		],
		notContext: ['bf.connecting', 'is.caterina.seen'],
		source: 'avrdude 8 src/ser_posix.c',
	},
	{
		id: 'caterina-write-failed',
		proves: [
			['caterina-not-responding', 0.6],
			['caterina-verify-mismatch', 0.52],
			['modemmanager', 0.35],
		],
		any: ['avr.write.failed', 'avr.sigread.failed'],
		context: ['is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		not: ['avr.mismatch', 'avr.mismatch.at'],
		family: 'caterina',
		source: 'avrdude src/update.c, src/butterfly.c',
	},
	{
		id: 'isp-write-failed',
		proves: [
			['isp-wiring', 0.62],
			['isp-programmer-link', 0.5],
			['isp-sck-too-fast', 0.45],
		],
		any: ['avr.write.failed', 'avr.sigread.failed'],
		context: ['is.prog.isp', 'is.burn'],
		not: ['avr.mismatch', 'avr.mismatch.at', 'asp.transfer', 'usbdev.transfer', 'tiny.transfer'],
		family: 'isp-programmer',
		source: 'avrdude src/update.c, src/main.c',
	},
	{
		id: 'serial-write-failed',
		proves: [
			['serial-link-noise', 0.55],
			['serial-not-in-sync', 0.5],
			['serial-flash-not-written', 0.4],
		],
		any: ['avr.write.failed', 'avr.sigread.failed'],
		all: ['is.prog.serialboot'],
		not: ['avr.mismatch', 'avr.mismatch.at'],
		family: 'arduino-serial',
		source: 'avrdude src/update.c, src/stk500.c',
	},
	{
		id: 'caterina-foreign',
		proves: [
			['caterina-not-responding', 0.8],
			['not-in-bootloader', 0.55],
			['modemmanager', 0.3],
		],
		any: ['bf.foreign', 'bf.buffered'],
		not: ['ser.lost', 'ser.lost.mac'],
		family: 'caterina',
		source: 'avrdude src/butterfly.c: the answer to the identity request was not "CATERIN"',
	},
	{
		id: 'caterina-died-midway',
		proves: [
			['caterina-not-responding', 0.6],
			['caterina-verify-mismatch', 0.5],
			['caterina-port-lost', 0.45],
		],
		all: ['bf.caterin', 'bf.nocommand.mid'],
		family: 'caterina',
		source: 'avrdude src/butterfly.c',
	},
	{
		id: 'modemmanager-named',
		proves: [['modemmanager', 0.92]],
		any: ['words.modemmanager'],
		source: 'https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'modemmanager-linux',
		proves: [['modemmanager', 0.5]],
		any: ['bf.silent'],
		all: ['is.os.linux'],
		source: 'https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'caterina-port-vanished',
		proves: [
			['caterina-port-lost', 0.82],
			['caterina-not-responding', 0.5],
		],
		all: ['cat.portsempty'],
		not: ['cat.newport'],
		family: 'caterina',
		source: 'Arduino IDE SerialUploader.java: no new port came after the 1200-baud touch',
	},
	{
		id: 'caterina-no-port',
		proves: [
			['caterina-port-lost', 0.85],
			['serial-wrong-port', 0.4],
			['not-in-bootloader', 0.3],
		],
		any: ['cat.noport'],
		family: 'caterina',
		source: 'Arduino IDE SerialUploader.java; arduino-cli serialutils; PlatformIO pioupload.py',
	},
	{
		id: 'caterina-open-missing',
		proves: [
			['caterina-port-lost', 0.75],
			['serial-wrong-port', 0.5],
		],
		all: ['ser.missing'],
		context: ['is.prog.avr109', 'cat.touch', 'is.caterina.seen', 'cat.portsempty'],
		family: 'caterina',
		source: 'avrdude src/ser_posix.c; Arduino IDE SerialUploader.java',
	},
	{
		id: 'caterina-torn-mac',
		proves: [
			['macos-serial-driver', 0.85],
			['caterina-port-lost', 0.5],
		],
		all: ['ser.lost.mac'],
		context: ['bf.silent', 'is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		family: 'caterina',
		source: 'avrdude src/ser_posix.c: ENXIO of Darwin when the CDC driver drops the port',
	},
	{
		id: 'caterina-torn',
		proves: [
			['caterina-port-lost', 0.7],
			['caterina-not-responding', 0.45],
			['tool-version', 0.4],
		],
		all: ['ser.lost'],
		context: ['bf.silent', 'is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		not: ['ser.lost.mac', 'ser.busy', 'ser.denied'],
		family: 'caterina',
		source: 'avrdude src/ser_win32.c, src/ser_posix.c',
	},

	// ---------------------------------------------------------------- the serial port itself
	{
		id: 'port-missing',
		proves: [
			['serial-wrong-port', 0.74],
			['caterina-port-lost', 0.36],
			['wrong-programmer-option', 0.35],
		],
		any: ['ser.missing', 'ser.portgone'],
		not: ['ser.open.unknown', 'ser.busy', 'ser.denied'],
		source: 'avrdude src/ser_posix.c, src/ser_win32.c',
	},
	{
		id: 'port-com-posix',
		proves: [['serial-wrong-port', 0.5]],
		all: ['ser.com.posix'],
		source: 'avrdude src/ser_posix.c: Linux and macOS have no port of that name',
	},
	{
		id: 'port-touch-missing',
		proves: [
			['serial-wrong-port', 0.8],
			['caterina-port-lost', 0.5],
		],
		any: ['sys.stty'],
		family: 'caterina',
		source:
			'https://github.com/keyboardio/Model01-Firmware/issues/11: stty for the 1200-baud touch, without a port or with one that is gone',
	},
	{
		id: 'port-com1',
		proves: [['wrong-programmer-option', 0.5]],
		all: ['ser.missing', 'is.port.com1'],
		source: 'Arduino IDE preferences: COM1 is the port nobody chose; USB programmers need none',
	},
	{
		id: 'port-unnamed',
		proves: [['serial-wrong-port', 0.92]],
		any: ['ser.open.unknown', 'ser.noport'],
		source: 'avrdude src/main.c (DEFAULT port "unknown"); PlatformIO pioupload.py',
	},
	{
		// A command without a port is how USB programmers are called; a serial one then looks for "unknown".
		id: 'port-unnamed-avrdude',
		proves: [['serial-wrong-port', 0.93]],
		any: ['ser.open.unknown'],
		notContext: ['is.prog.serialboot', 'is.prog.avr109', 'cat.touch', 'pio.any', 'pio.failed'],
		family: 'isp-programmer',
		source: 'avrdude manual, option -P; avrdude.conf.in default_serial',
	},
	{
		// The front end passed its programmer's name but no port: a programmer was chosen for a plain upload.
		id: 'port-unnamed-programmer',
		proves: [['wrong-programmer-option', 0.96]],
		all: ['ser.open.unknown', 'is.prog.isp'],
		family: 'arduino-serial',
		source:
			'avrdude.conf.in default_serial; arduino-cli: a plain upload takes protocol and port from the board',
	},
	{
		id: 'caterina-touch-then-open',
		proves: [['caterina-port-lost', 0.85]],
		all: ['cat.touch', 'ser.open'],
		not: ['ser.denied', 'ser.busy'],
		family: 'caterina',
		source: 'PlatformIO pioupload.py; Arduino IDE SerialUploader.java: 8 seconds, then the port is gone',
	},
	{
		id: 'caterina-command-unanswered',
		proves: [
			['caterina-not-responding', 0.6],
			['modemmanager', 0.45],
			['caterina-verify-mismatch', 0.42],
		],
		any: ['bf.nocommand.mid'],
		not: ['bf.silent', 'bf.foreign', 'bf.buffered', 'ser.lost'],
		family: 'caterina',
		source: 'avrdude src/butterfly.c',
	},
	{
		id: 'toolbox-avrdude',
		proves: [['tool-version', 0.5]],
		all: ['ser.lost', 'is.os.windows'],
		context: ['tb.any'],
		family: 'caterina',
		source:
			'https://github.com/qmk/qmk_toolbox/issues/516: the avrdude that the Toolbox brings fails where a newer one works',
	},
	{
		// RAM addresses in the hex: an avr-gcc fault seen with QMK, which calls avrdude for Caterina only.
		id: 'file-ram-addresses',
		proves: [['bad-hex-file', 0.92]],
		all: ['is.addr.ram'],
		family: 'caterina',
		notContext: ['is.prog.isp', 'is.prog.serialboot'],
		source: 'https://github.com/qmk/qmk_firmware/issues/3898',
	},
	{
		id: 'port-open-failed',
		proves: [
			['serial-wrong-port', 0.5],
			['serial-port-busy', 0.45],
			['serial-driver', 0.3],
		],
		any: ['ser.open', 'avr.openfailed'],
		not: [
			'avr.notcompiled',
			'sk.nosync.mute',
			'ser.missing',
			'ser.denied',
			'ser.busy',
			'ser.ioctl',
			'ser.hardware',
			'usbdev.missing',
			'asp.missing',
			'tiny.missing',
			'usb.opendenied',
			'sk.nosync',
			'v2.getsync',
			'bf.silent',
			'ser.open.unknown',
			'usb.opendriver',
			'usbdev.denied',
			'loader.missing',
			'teensy.board',
		],
		source: 'avrdude src/ser_posix.c, src/ser_win32.c',
	},
	{
		id: 'port-denied-com',
		proves: [
			['serial-port-busy', 0.85],
			['serial-driver', 0.35],
		],
		all: ['ser.denied.com'],
		source: 'Windows CreateFile: ERROR_ACCESS_DENIED on a COM port means that another program holds it',
	},
	{
		id: 'port-denied',
		proves: [
			['serial-port-permission', 0.9],
			['serial-port-busy', 0.3],
		],
		all: ['ser.denied'],
		not: ['ser.denied.com'],
		source: 'open(2): EACCES; Arduino Help Center, "Fix port access on Linux"',
	},
	{
		id: 'port-busy',
		proves: [
			['serial-port-busy', 0.9],
			['modemmanager', 0.35],
		],
		any: ['ser.busy'],
		source: 'open(2): EBUSY; Arduino IDE Serial.java',
	},
	{
		id: 'port-driver',
		proves: [
			['serial-driver', 0.86],
			['serial-wrong-port', 0.3],
		],
		any: ['ser.ioctl', 'ser.hardware'],
		not: ['avr.hidleft'],
		source: 'avrdude src/ser_posix.c, src/ser_win32.c: the driver refuses to set the port up',
	},
	{
		id: 'brltty',
		proves: [['serial-driver', 0.9]],
		any: ['words.brltty'],
		source: 'Debian and Ubuntu bug reports against brltty: it claims CH340 adapters',
	},
	{
		id: 'port-torn',
		proves: [
			['serial-driver', 0.5],
			['serial-link-noise', 0.45],
			['usb-transient', 0.42],
		],
		all: ['ser.lost'],
		notContext: ['bf.silent', 'is.prog.avr109', 'bf.connecting', 'is.caterina.seen'],
		not: ['ser.busy', 'ser.denied', 'ser.missing'],
		source: 'avrdude src/ser_win32.c, src/ser_posix.c',
	},

	// ---------------------------------------------------------------- serial bootloaders (Optiboot, STK500v2)
	{
		id: 'serial-no-sync',
		proves: [
			['serial-not-in-sync', 0.7],
			['serial-wrong-board', 0.5],
			['bootloader-missing', 0.42],
			['serial-wrong-port', 0.3],
		],
		any: ['sk.nosync', 'sk.silent', 'sk.nosync.other'],
		not: ['is.prog.isp', 'sk.enable', 'is.burn', 'sk.getparm'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500.c stk500_getsync, src/arduino.c',
	},
	{
		id: 'serial-no-sync-talking',
		// Changing bytes: the running sketch's own output. The chip lives; of its bootloader that says nothing.
		proves: [['serial-not-in-sync', 0.76]],
		all: ['is.resp.varied'],
		not: ['is.prog.isp', 'sk.enable', 'is.burn'],
		family: 'arduino-serial',
		source:
			'avrdude src/stk500.c: resp is the byte read, whoever sent it; Arduino Help Center, "If your sketch doesn\'t upload"',
	},
	{
		id: 'serial-out-of-sync',
		proves: [
			['serial-not-in-sync', 0.6],
			['serial-link-noise', 0.5],
			['serial-wrong-board', 0.35],
		],
		any: ['sk.outofsync', 'sk.protocol.mid'],
		not: ['is.prog.isp', 'sk.enable', 'is.burn', 'sk.nosync', 'sk.getparm'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500.c, src/arduino.c',
	},
	{
		id: 'serial-midway',
		proves: [['serial-link-noise', 0.55]],
		all: ['sk.protocol.mid'],
		any: ['avr.initialised', 'avr.signature'],
		not: ['is.prog.isp', 'sk.enable', 'is.burn'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500.c: sync was there and was lost while pages went over',
	},
	{
		id: 'serial-v2-silent',
		proves: [
			['serial-not-in-sync', 0.62],
			['serial-wrong-board', 0.4],
			['mega-bootloader-bug', 0.38],
			['serial-wrong-port', 0.3],
			['tool-version', 0.2],
		],
		any: ['v2.timeout', 'v2.getsync'],
		not: ['is.prog.isp', 'v2.status', 'v2.enable', 'is.burn', 'v2.mid'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500v2.c stk500v2_getsync, src/wiring.c',
	},
	{
		id: 'serial-v2-midway',
		proves: [
			['serial-not-in-sync', 0.68],
			['mega-bootloader-bug', 0.5],
			['serial-link-noise', 0.5],
		],
		all: ['v2.mid'],
		any: ['v2.timeout', 'v2.getsync'],
		not: ['is.prog.isp', 'v2.status', 'v2.enable', 'is.burn'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500v2.c: command 0x13 is the page write',
	},
	{
		id: 'serial-v2-exclaim',
		proves: [['mega-bootloader-bug', 0.9]],
		any: ['v2.timeout', 'v2.getsync', 'v2.mid'],
		context: ['words.exclaim'],
		not: ['is.prog.isp'],
		family: 'arduino-serial',
		source: 'Arduino-stk500v2-bootloader stk500boot.c: three exclamation marks open its monitor',
	},
	{
		id: 'serial-v2-noise',
		proves: [['serial-link-noise', 0.7]],
		any: ['v2.checksum'],
		not: ['is.prog.isp'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500v2.c',
	},
	{
		id: 'serial-failed-mute',
		// The IDE says only that the upload failed; with its own serial loader that is mostly a lost sync.
		proves: [
			['serial-not-in-sync', 0.4],
			['serial-wrong-port', 0.3],
			['insufficient-evidence', 0.35],
		],
		all: ['ide.uploadfailed', 'is.prog.serialboot'],
		not: ['is.specific'],
		family: 'arduino-serial',
		source: 'Arduino IDE message catalogue: printed whatever avrdude said',
	},
	{
		id: 'serial-wrong-entry',
		proves: [['serial-wrong-board', 0.55]],
		all: ['is.board.odd'],
		not: ['is.prog.isp'],
		family: 'arduino-serial',
		source: 'ArduinoCore-avr boards.txt: protocol, part and speed of each entry',
	},
	{
		id: 'serial-no-baud',
		proves: [['serial-wrong-board', 0.62]],
		all: ['is.baud.missing'],
		any: ['sk.nosync', 'sk.silent'],
		family: 'arduino-serial',
		source:
			'avrdude.conf.in: programmer arduino without -b uses 115200; ArduinoCore-avr boards.txt: old Nano 57600',
	},
	{
		id: 'serial-mismatch-blank',
		proves: [
			['serial-flash-not-written', 0.75],
			['serial-link-noise', 0.45],
			['hex-too-large', 0.35],
		],
		all: ['is.mismatch.blank'],
		not: ['is.mismatch.bootstart', 'is.mismatch.fuse', 'is.mismatch.high'],
		notContext: [
			'is.prog.isp',
			'bf.silent',
			'is.prog.avr109',
			'bf.connecting',
			'is.burn',
			'is.caterina.seen',
		],
		family: 'arduino-serial',
		source: 'avrdude src/avr.c: 0xff read back is an erased cell',
	},
	{
		id: 'serial-mismatch',
		proves: [
			['serial-link-noise', 0.7],
			['serial-flash-not-written', 0.5],
			['serial-wrong-board', 0.3],
		],
		all: ['is.mismatch.other'],
		not: ['is.mismatch.bootstart', 'is.mismatch.fuse', 'is.mismatch.high'],
		notContext: [
			'is.prog.isp',
			'bf.silent',
			'is.prog.avr109',
			'bf.connecting',
			'is.burn',
			'is.caterina.seen',
		],
		family: 'arduino-serial',
		source: 'avrdude src/avr.c',
	},
	{
		// First a wrong byte, then random answers to the sync request: the line itself is full of bytes.
		id: 'serial-garbage',
		proves: [['serial-link-noise', 0.9]],
		all: ['is.resp.varied', 'is.mismatch.other'],
		family: 'arduino-serial',
		source: 'avrdude src/stk500.c, src/avr.c',
	},
	{
		id: 'serial-no-sync-mute',
		proves: [
			['serial-not-in-sync', 0.7],
			['serial-wrong-board', 0.5],
			['bootloader-missing', 0.45],
		],
		any: ['sk.nosync.mute'],
		not: ['is.prog.isp', 'sk.nosync', 'is.burn'],
		family: 'arduino-serial',
		source: 'avrdude src/urclock.c urclock_getsync',
	},
	{
		// STK_NOSYNC is an answer: something that speaks the protocol, as ArduinoISP does.
		id: 'isp-arduino-nosync',
		proves: [['isp-arduino-as-isp', 0.72]],
		all: ['sk.nosync.nosync'],
		not: ['sk.enable'],
		source: 'AVR061 Resp_STK_NOSYNC; ArduinoISP.ino',
	},
	{
		id: 'mismatch-boot-start',
		proves: [
			['hex-too-large', 0.85],
			['serial-flash-not-written', 0.45],
			['bad-hex-file', 0.4],
		],
		all: ['is.mismatch.bootstart'],
		notContext: ['is.prog.isp', 'is.burn'],
		source:
			'ArduinoCore-avr boards.txt upload.maximum_size; datasheets, boot size tables: a loader cannot write itself',
	},
	{
		id: 'serial-wrong-part',
		proves: [
			['wrong-mcu-option', 0.75],
			['serial-wrong-board', 0.65],
		],
		any: ['avr.expected'],
		all: ['is.prog.serialboot'],
		not: ['is.sig.none', 'is.burn'],
		family: 'arduino-serial',
		source: 'avrdude src/main.c; the bootloader answers with the signature it was built for',
	},

	// ---------------------------------------------------------------- ISP
	{
		id: 'isp-enable-failed',
		proves: [
			['isp-wiring', 0.85],
			['isp-target-unpowered', 0.6],
			['isp-arduino-as-isp', 0.35],
		],
		any: ['sk.enable', 'sk.enable.nodevice'],
		family: 'isp-programmer',
		source:
			'avrdude src/stk500.c stk500_program_enable; ArduinoISP.ino: the programmer answers, entering programming mode fails',
	},
	{
		id: 'isp-arduino-confused',
		proves: [
			['isp-arduino-as-isp', 0.82],
			['isp-wiring', 0.35],
		],
		any: ['sk.getparm'],
		not: ['sk.enable', 'sk.enable.nodevice'],
		family: 'isp-programmer',
		source: 'avrdude src/stk500.c; ArduinoISP.ino: answers shifted by bytes of the restarting bootloader',
	},
	{
		id: 'isp-arduino-no-sync',
		proves: [
			['isp-arduino-as-isp', 0.75],
			['serial-wrong-port', 0.4],
			['wrong-programmer-option', 0.4],
		],
		any: ['sk.nosync', 'sk.silent', 'v2.getsync'],
		all: ['is.isp.serial'],
		not: ['sk.enable', 'sk.enable.nodevice', 'is.board.odd'],
		family: 'isp-programmer',
		source:
			'https://docs.arduino.cc/built-in-examples/arduino-isp/ArduinoISP: reset on opening, sketch not loaded',
	},
	{
		// The board's own loader was silent, then its rewriting over ISP failed: what ISP was taken for is still to do.
		id: 'isp-after-silent-loader',
		proves: [['isp-arduino-as-isp', 0.76]],
		any: ['sk.nosync', 'sk.silent'],
		all: ['is.isp.serial'],
		context: ['v2.timeout', 'v2.getsync'],
		not: ['sk.enable', 'sk.enable.nodevice', 'is.board.odd'],
		isp: 'maybe',
		family: 'isp-programmer',
		source:
			'avrdude src/wiring.c, src/stk500.c: the programmer sketch speaks version 1, the loader of a Mega version 2',
	},
	{
		// The programmer chosen stands in the paste, which way the upload went does not.
		id: 'isp-programmer-chosen',
		proves: [['isp-arduino-as-isp', 0.6]],
		any: ['sk.nosync', 'sk.silent'],
		context: ['ide.programmer.isp'],
		not: ['sk.enable', 'sk.enable.nodevice', 'is.prog.serialboot'],
		source: 'Arduino IDE, Tools menu; https://docs.arduino.cc/built-in-examples/arduino-isp/ArduinoISP',
	},
	{
		id: 'isp-burn-no-sync',
		proves: [
			['isp-arduino-as-isp', 0.7],
			['wrong-programmer-option', 0.5],
			['serial-not-in-sync', 0.3],
		],
		any: ['sk.nosync', 'sk.silent', 'v2.getsync'],
		all: ['is.burn'],
		not: ['sk.enable', 'sk.enable.nodevice', 'sk.getparm', 'is.isp.serial'],
		family: 'isp-programmer',
		source: 'Arduino IDE: burning goes through the programmer chosen; avrdude src/stk500.c',
	},
	{
		id: 'isp-usbasp-silent',
		proves: [
			['isp-wiring', 0.82],
			['isp-target-unpowered', 0.55],
			['isp-sck-too-fast', 0.45],
			['isp-no-clock', 0.4],
		],
		all: ['asp.silent'],
		not: ['asp.silent.zero'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c usbasp_spi_program_enable; USBasp isp.c',
	},
	{
		id: 'isp-usbasp-no-reply',
		// 0 is not an answer of USBasp: the reply byte never came over USB.
		proves: [
			['isp-wiring', 0.5],
			['isp-programmer-link', 0.5],
			['windows-wrong-driver', 0.45],
		],
		all: ['asp.silent.zero'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c: nbytes != 1 prints the untouched buffer',
	},
	{
		id: 'isp-usbasp-no-reply-windows',
		proves: [['windows-wrong-driver', 0.8]],
		all: ['asp.silent.zero', 'asp.sck', 'is.windows.maybe'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c: every transfer failed, the SCK request too',
	},
	{
		id: 'isp-init-failed',
		proves: [
			['isp-wiring', 0.7],
			['isp-target-unpowered', 0.5],
			['isp-sck-too-fast', 0.4],
			['isp-no-clock', 0.35],
		],
		all: ['avr.initfailed'],
		not: [
			'sk.enable',
			'sk.enable.nodevice',
			'asp.silent',
			'sk.nosync',
			'sk.getparm',
			'bf.silent',
			'bf.buffered',
			'ser.lost',
			'v2.getsync',
			'v2.status',
			'power.none',
			'is.power.zero',
			'tiny.transfer',
			'sk.silent',
			'usbdev.transfer',
			'bf.silent.new',
			'v2.timeout',
			'v2.enable',
			'sk.outofsync',
			'avr.noisp',
		],
		notContext: ['is.prog.avr109', 'is.prog.serialboot', 'flip.any'],
		family: 'isp-programmer',
		source: 'avrdude src/main.c: the programmer was opened, the target did not answer',
	},
	{
		id: 'isp-mk2-status',
		proves: [
			['isp-wiring', 0.88],
			['isp-target-unpowered', 0.55],
		],
		any: ['v2.status', 'v2.reversed', 'v2.enable'],
		family: 'isp-programmer',
		source:
			'avrdude src/stk500v2.c stk500v2_program_enable: status of the connection as the AVRISP mkII sees it',
	},
	{
		id: 'isp-no-power',
		proves: [
			['isp-target-unpowered', 0.95],
			['isp-wiring', 0.4],
		],
		any: ['power.none', 'is.power.zero'],
		family: 'isp-programmer',
		source: 'avrdude src/jtagmkII.c RSP_NO_TARGET_POWER; src/stk500v2.c Vtarget',
	},
	{
		id: 'isp-no-signature',
		proves: [
			['isp-wiring', 0.76],
			['isp-target-unpowered', 0.56],
			['isp-sck-too-fast', 0.45],
			['isp-no-clock', 0.3],
		],
		any: ['is.sig.none', 'avr.yikes'],
		not: ['is.sig.fine', 'is.sig.talk', 'power.none', 'is.power.zero'],
		notContext: ['flip.any', 'is.prog.avr109', 'is.prog.serialboot'],
		family: 'isp-programmer',
		source:
			'avrdude src/main.c: a signature of all zeros, all ones or without 0x1e in front was not read from a chip',
	},
	{
		// Question marks and line ends are what AVR109 loaders say to a command they do not know: others talk to it too.
		id: 'caterina-signature-talk',
		proves: [
			['modemmanager', 0.7],
			['caterina-not-responding', 0.6],
			['caterina-port-lost', 0.3],
		],
		all: ['is.sig.talk'],
		family: 'caterina',
		source: 'ArduinoCore-avr bootloaders/caterina/Caterina.c; https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'isp-signature-wanders',
		proves: [
			['isp-sck-too-fast', 0.8],
			['isp-wiring', 0.7],
		],
		all: ['is.sig.varied'],
		family: 'isp-programmer',
		source: 'datasheets, serial downloading: SCK below a quarter of the clock; avrdude src/main.c retries',
	},
	{
		id: 'isp-sck-hint',
		proves: [['isp-sck-too-fast', 0.55]],
		any: ['avr.sckhint'],
		all: ['is.silent'],
		source: 'avrdude src/main.c: rc -2 of the programmer',
	},
	{
		id: 'isp-clock-error',
		proves: [['isp-sck-too-fast', 0.92]],
		any: ['v2.clock', 'avr.clockfast'],
		family: 'isp-programmer',
		source:
			'avrdude src/stk500v2.c STATUS_CLOCK_ERROR, src/main.c; https://github.com/avrdudes/avrdude/pull/1216: the programmer measures that the target is too slow',
	},
	{
		id: 'isp-fuses-unreliable',
		proves: [
			['isp-sck-too-fast', 0.7],
			['isp-wiring', 0.65],
		],
		any: ['avr.fuse.unreliable', 'avr.fuse.changed'],
		not: ['is.mismatch.unused'],
		family: 'isp-programmer',
		source: 'avrdude src/safemode.c: two readings of the same fuse differed',
	},
	{
		id: 'isp-other-chip',
		proves: [
			['isp-wrong-chip', 0.88],
			['wrong-mcu-option', 0.5],
		],
		all: ['avr.expected'],
		not: ['is.sig.none', 'is.sig.garbled', 'is.expected.blank', 'avr.yikes'],
		notContext: ['flip.any', 'flip.class', 'is.prog.serialboot', 'is.prog.avr109'],
		family: 'isp-programmer',
		source: 'avrdude src/main.c',
	},
	{
		id: 'isp-conf-without-signature',
		proves: [['config-error', 0.9]],
		all: ['is.expected.blank'],
		family: 'isp-programmer',
		source: 'avrdude src/config.c: a part without a signature line expects FF FF FF',
	},
	{
		id: 'caterina-other-chip',
		proves: [['wrong-mcu-option', 0.8]],
		all: ['avr.expected'],
		context: ['is.prog.avr109'],
		not: ['is.sig.none'],
		family: 'caterina',
		source: 'avrdude src/main.c',
	},
	{
		id: 'isp-bootloader-port',
		// An ISP protocol aimed at a bootloader: sync works (both are STK500v1), the signature does not.
		proves: [
			['wrong-programmer-option', 0.86],
			['isp-wiring', 0.5],
		],
		all: ['is.stk.bootport', 'is.sig.none'],
		family: 'arduino-serial',
		source:
			'Optiboot optiboot.c: universal commands are answered with zeros; avrdude.conf.in: ArduinoISP runs at 19200',
	},
	{
		id: 'isp-unused-bits',
		proves: [['isp-fuse-unused-bits', 0.93]],
		all: ['is.mismatch.unused'],
		family: 'isp-programmer',
		source:
			'avrdude src/avr.c compare_memory_masked; datasheets, fuse byte tables: bits without a function read as one',
	},
	{
		id: 'isp-unused-bits-warning',
		proves: [['isp-fuse-unused-bits', 0.8]],
		any: ['avr.unusedbits'],
		not: ['avr.verified'],
		family: 'isp-programmer',
		source: 'avrdude src/avr.c',
	},
	{
		id: 'isp-lock-not-taken',
		proves: [
			['isp-lock-bits', 0.85],
			['isp-wiring', 0.35],
		],
		all: ['is.mismatch.lock'],
		isp: 'no',
		family: 'isp-programmer',
		source: 'ArduinoCore-avr boards.txt bootloader.lock_bits; datasheet, boot lock bits',
	},
	{
		id: 'isp-fuse-not-taken',
		proves: [
			['isp-wiring', 0.55],
			['isp-sck-too-fast', 0.5],
			['isp-wrong-command', 0.45],
		],
		all: ['is.mismatch.fuse'],
		not: ['is.mismatch.unused', 'is.mismatch.lock', 'is.mismatch.spien'],
		family: 'isp-programmer',
		source: 'avrdude src/avr.c',
	},
	{
		id: 'fuses-through-bootloader',
		proves: [['isp-wrong-command', 0.88]],
		any: ['avr.opt.fuse', 'is.mismatch.fuse', 'avr.notsupported'],
		context: ['is.prog.serialboot', 'is.prog.avr109'],
		all: ['is.fuse.wanted'],
		isp: 'yes',
		source: 'datasheets, self-programming: SPM cannot write fuses; AVR109, Optiboot optiboot.c',
	},
	{
		id: 'isp-verify-without-write',
		proves: [['isp-wrong-command', 0.85]],
		all: ['avr.opt.verify'],
		any: ['avr.mismatch', 'avr.mismatch.at', 'avr.mismatch.addr'],
		notContext: ['avr.opt.file', 'flip.any'],
		family: 'isp-programmer',
		source: 'avrdude manual, option -U: v verifies, w writes',
	},
	{
		id: 'isp-no-erase',
		proves: [
			['isp-wrong-command', 0.6],
			['isp-lock-bits', 0.4],
		],
		all: ['avr.opt.noerase'],
		any: ['is.mismatch.other'],
		context: ['is.prog.isp'],
		family: 'isp-programmer',
		source: 'avrdude manual, option -D: without an erase cells can only lose ones',
	},
	{
		id: 'isp-mismatch-high',
		proves: [['isp-programmer-limit', 0.88]],
		all: ['is.mismatch.high'],
		family: 'isp-programmer',
		source:
			'avrdude src/usbtiny.c and old STK500v1 firmware: no load extended address, so 128 KB is the limit',
	},
	{
		// Above 128 KB, and nothing says over which way: a serial bootloader, an image too long, a programmer's limit.
		id: 'mismatch-high-unnamed',
		proves: [
			['hex-too-large', 0.55],
			['serial-link-noise', 0.5],
			['isp-programmer-limit', 0.5],
		],
		all: ['is.mismatch.high.unnamed'],
		isp: 'maybe',
		source:
			'https://github.com/prusa3d/Prusa-Firmware/issues/1220: the image reached into the bootloader; avrdude src/usbtiny.c',
	},
	{
		id: 'isp-mismatch',
		proves: [
			['isp-wiring', 0.6],
			['isp-sck-too-fast', 0.55],
			['isp-lock-bits', 0.45],
			['isp-programmer-link', 0.3],
		],
		any: ['is.mismatch.other', 'is.mismatch.blank', 'avr.mismatch'],
		context: ['is.prog.isp', 'is.burn'],
		not: [
			'is.mismatch.unused',
			'is.mismatch.lock',
			'is.mismatch.fuse',
			'is.mismatch.spien',
			'is.mismatch.high',
			'avr.opt.verify',
		],
		family: 'isp-programmer',
		source: 'avrdude src/avr.c; datasheet, lock bits',
	},
	{
		id: 'isp-fuse-then-silence',
		proves: [
			['isp-no-clock', 0.93],
			['isp-wiring', 0.4],
		],
		all: ['is.fuse.silent.clock'],
		isp: 'yes',
		family: 'isp-programmer',
		source:
			'datasheets, clock sources: without the clock that CKSEL names the chip does not run, and ISP needs it running',
	},
	{
		// Which value was written is not in the paste.
		id: 'isp-fuse-then-silence-unknown',
		proves: [
			['isp-no-clock', 0.93],
			['isp-wiring', 0.6],
			['isp-spi-disabled', 0.5],
		],
		all: ['is.fuse.silent.unknown'],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'datasheets, clock sources and fuse tables',
	},
	{
		id: 'isp-fuse-then-silence-slow',
		proves: [
			['isp-sck-too-fast', 0.93],
			['isp-wiring', 0.6],
		],
		all: ['is.fuse.silent.slow'],
		family: 'isp-programmer',
		source: 'datasheets, serial downloading: SCK below a quarter of the clock; CKDIV8 divides it by eight',
	},
	{
		// Neither clock nor reset: brown-out detector, boot size and the like. A higher brown-out level needs more supply.
		id: 'isp-fuse-then-silence-other',
		proves: [
			['isp-wiring', 0.9],
			['isp-target-unpowered', 0.62],
			['isp-sck-too-fast', 0.4],
			['isp-no-clock', 0.35],
		],
		all: ['is.fuse.silent.other'],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'datasheets, fuse tables; system and reset characteristics, brown-out detection',
	},
	{
		id: 'isp-fuse-then-other-board',
		proves: [
			['isp-wiring', 0.93],
			['isp-target-unpowered', 0.62],
			['isp-no-clock', 0.3],
		],
		all: ['is.fuse.silent.board2'],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c, src/stk500v2.c: the first board took its fuses, the next does not answer',
	},
	{
		// Every byte reads zero, fuses too: not a bit slips through, so it stands still or is dead rather than hurried.
		id: 'isp-all-zero',
		proves: [['isp-no-clock', 0.5]],
		all: ['avr.yikes', 'is.fuses.zero'],
		family: 'isp-programmer',
		source: 'avrdude src/safemode.c; datasheets, clock sources',
	},
	{
		// Then a missing clock is as near as a wire, and only ISP with a clock lent would help.
		id: 'isp-all-zero-wiring',
		proves: [['isp-wiring', 0.77]],
		all: ['avr.yikes', 'is.fuses.zero'],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'avrdude src/safemode.c; datasheets, clock sources',
	},
	{
		id: 'isp-old-part',
		proves: [['wrong-mcu-option', 0.6]],
		all: ['avr.opt.p.old', 'is.silent'],
		source: 'avrdude.conf.in: id 2313 is the AT90S2313, t2313 the ATtiny2313',
	},
	{
		// In this plug-in programmer and part are typed in by hand.
		id: 'octoprint-setting',
		proves: [['wrong-programmer-option', 0.45]],
		any: ['v2.timeout', 'v2.getsync', 'sk.nosync', 'sk.silent'],
		context: ['octo.any', 'octo.tempfile'],
		source: 'OctoPrint-FirmwareUpdater README.md, AVRDUDE configuration',
	},
	{
		// Fuses written by hand on a chip that does not answer: they may have been wrong once before.
		id: 'isp-fuse-by-hand',
		proves: [['isp-no-clock', 0.68]],
		all: ['is.fuse.byhand'],
		not: ['is.fuse.silent', 'is.sig.fine', 'is.fuse.kills.asked', 'is.fuse.kills'],
		family: 'isp-programmer',
		source: 'datasheets, clock sources; https://electronics.stackexchange.com/questions/141065',
	},
	{
		id: 'isp-fuse-by-hand-wiring',
		proves: [['isp-wiring', 0.87]],
		all: ['is.fuse.byhand'],
		not: [
			'is.fuse.silent',
			'is.sig.fine',
			'v2.status',
			'v2.reversed',
			'power.none',
			'is.power.zero',
			'asp.silent.zero',
		],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'datasheets, clock sources; avrdude src/usbasp.c',
	},
	{
		id: 'isp-fuse-kills',
		proves: [['isp-spi-disabled', 0.96]],
		all: ['is.fuse.kills', 'is.silent'],
		isp: 'yes',
		family: 'isp-programmer',
		source:
			'datasheets, fuse tables: RSTDISBL and DWEN end serial programming; the log shows that the byte was written',
	},
	{
		// Asked for, and never seen written: this run changed nothing, an earlier one may have.
		id: 'isp-fuse-kills-asked',
		proves: [['isp-spi-disabled', 0.7]],
		all: ['is.fuse.kills.asked'],
		not: ['is.sig.fine'],
		isp: 'maybe',
		family: 'isp-programmer',
		source: 'datasheets, fuse tables; https://electronics.stackexchange.com/questions/141065',
	},
	{
		id: 'isp-fuse-kills-written',
		proves: [['isp-spi-disabled', 0.94]],
		all: ['is.fuse.kills'],
		not: ['is.silent'],
		isp: 'maybe',
		family: 'isp-programmer',
		says: {
			happened:
				'The fuse was written as asked, and it ends ISP: RSTDISBL makes the reset pin an ordinary pin, DWEN gives it to debugWIRE.',
			board:
				'The firmware goes on running, but once programming mode was left no ISP programmer reaches the chip: only high voltage programming sets the fuse back (after DWEN a debugWIRE tool as well).',
			next: ['high-voltage'],
		},
		source:
			'datasheets, fuse tables, and serial programming: fuses are latched until programming mode is left',
	},
	{
		id: 'isp-clock-outside-written',
		proves: [['isp-no-clock', 0.92]],
		all: ['is.fuse.outside'],
		not: ['is.silent', 'is.fuse.kills'],
		isp: 'maybe',
		family: 'isp-programmer',
		says: {
			happened:
				'The fuse was written as asked, and it names a clock from outside: an external clock signal, a watch crystal or an RC network (a plain crystal is another code).',
			board:
				'If the board does not give that very clock the chip stands still and answers no ISP any more; a clock fed into XTAL1 wakes it, and then the fuse can be corrected.',
			next: ['feed-clock', 'slow-sck'],
		},
		source: 'datasheets, clock sources',
	},
	{
		id: 'isp-fuse-spien',
		proves: [['isp-wrong-command', 0.93]],
		all: ['is.mismatch.spien'],
		not: ['is.mismatch.fuse', 'is.mismatch.lock'],
		isp: 'no',
		family: 'isp-programmer',
		says: {
			happened: 'The value asked for SPIEN off, but ISP cannot write that bit: the chip kept it.',
			board: 'The chip is fine and goes on answering ISP; the other bits of the byte are as asked.',
			next: ['keep-spien'],
		},
		source: 'datasheets, fuse tables: SPIEN is not accessible in serial programming mode',
	},
	{
		id: 'isp-wiped-loader',
		proves: [['bootloader-missing', 0.95]],
		all: ['is.loader.wiped'],
		isp: 'yes',
		says: {
			happened:
				'The firmware alone was written over ISP, which erases the whole chip first: the bootloader that is called now is gone.',
			board:
				'The chip is fine; write bootloader and firmware together over ISP, or go on flashing over ISP alone.',
			next: ['isp-bootloader'],
		},
		source: 'avrdude manual, options -D and -U: a flash write over ISP begins with a chip erase',
	},
	{
		id: 'isp-wiped-loader-maybe',
		proves: [['bootloader-missing', 0.95]],
		all: ['is.loader.wiped.maybe'],
		isp: 'maybe',
		says: {
			happened:
				'The flash was written over ISP, which erases the whole chip first, and then no bootloader answered.',
			board:
				'If the file held no bootloader, it is gone and comes back over ISP; if it did, the board only has to enter it.',
			next: ['device-seen', 'double-tap', 'single-tap', 'isp-last'],
		},
		source: 'avrdude manual, options -D and -U: a flash write over ISP begins with a chip erase',
	},
	{
		id: 'dfu-not-read-back',
		proves: [
			['no-error-shown', 0.7],
			['insufficient-evidence', 0.4],
		],
		all: ['dfu.suppress', 'dfu.written'],
		not: ['dfu.validate.ok', 'is.notblank.aftererase', 'dfu.validate.failed', 'is.specific'],
		family: 'dfu',
		says: {
			happened: 'The firmware was sent, and nothing was read back: validation was switched off.',
			board: 'Whether it is in the flash this output does not show; the board itself does when it starts.',
			next: ['erase-force-flash', 'try-again'],
		},
		source: 'dfu-programmer src/commands.c: --suppress-validation skips the reading back',
	},
	{
		id: 'avr-not-read-back',
		proves: [
			['no-error-shown', 0.7],
			['insufficient-evidence', 0.4],
		],
		all: ['avr.opt.noverify', 'avr.written', 'avr.done'],
		not: ['avr.verified', 'is.specific'],
		says: {
			happened: 'The firmware was sent, and nothing was read back: verifying was switched off (-V).',
			board: 'Whether it is in the flash this output does not show; the board itself does when it starts.',
			next: ['try-again'],
		},
		source: 'avrdude manual, option -V',
	},
	{
		id: 'isp-words-disabled',
		proves: [['isp-spi-disabled', 0.7]],
		any: ['words.rstdisbl'],
		context: ['avr.initfailed', 'asp.silent', 'sk.enable', 'avr.yikes', 'v2.status'],
		family: 'isp-programmer',
		source: 'ATmega328P datasheet DS40002061B, tables 27-5 to 27-7',
	},
	{
		id: 'jtag-disabled',
		proves: [
			['wrong-programmer-option', 0.6],
			['isp-wiring', 0.5],
		],
		any: ['jtag.disabled'],
		family: 'isp-programmer',
		source: 'avrdude src/jtagmkII.c',
	},
	{
		id: 'isp-programmer-missing',
		proves: [
			['isp-programmer-not-found', 0.85],
			['windows-wrong-driver', 0.45],
			['usb-permission', 0.42],
		],
		any: ['asp.missing', 'tiny.missing', 'usbdev.missing', 'v2.signon'],
		// What may not be opened is reported as not found afterwards.
		not: ['usb.opendenied', 'usb.opendriver', 'usbdev.claim'],
		notContext: ['flip.any', 'is.usbasploader'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c, src/usbtiny.c, src/usb_libusb.c',
	},
	{
		// Nobody has that device: the menu names another programmer than the one on the table.
		id: 'isp-programmer-other',
		proves: [['wrong-programmer-option', 0.48]],
		any: ['usbdev.missing'],
		notContext: ['flip.any', 'mn.any', 'tl.any'],
		source: 'avrdude src/usb_libusb.c usbdev_open: looks for the identities of the programmer named',
	},
	{
		// A programmer that was hardly sold; its name in the menu is one word away from the sketch of the same name.
		id: 'isp-programmer-namesake',
		proves: [['wrong-programmer-option', 0.88]],
		any: ['tiny.missing.arduinoisp'],
		family: 'isp-programmer',
		source: 'avrdude.conf.in arduinoisp; https://github.com/arduino/Arduino/issues/5124',
	},
	{
		id: 'isp-programmer-no-driver',
		proves: [['windows-wrong-driver', 0.9]],
		all: ['asp.query.absent', 'is.windows.maybe'],
		family: 'isp-programmer',
		source:
			'avrdude src/usbasp.c; libusb os/windows_winusb.c: found on the bus, no driver that libusb can use',
	},
	{
		id: 'isp-programmer-unreadable-windows',
		// It is on the bus, but its names cannot be read: the driver is not one that libusb can use.
		proves: [['windows-wrong-driver', 0.9]],
		all: ['asp.query', 'is.os.windows'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c usbOpenDevice; libusb os/windows_winusb.c',
	},
	{
		id: 'isp-programmer-unreadable',
		proves: [
			['usb-permission', 0.88],
			['windows-wrong-driver', 0.4],
		],
		all: ['asp.query'],
		not: ['is.os.windows', 'asp.query.absent'],
		family: 'isp-programmer',
		source: 'avrdude src/usbasp.c usbOpenDevice: found, but its names cannot be read',
	},
	{
		id: 'usbasploader-missing',
		proves: [
			['not-in-bootloader', 0.8],
			['windows-wrong-driver', 0.45],
			['usb-permission', 0.4],
		],
		any: ['asp.missing'],
		context: ['is.usbasploader'],
		family: 'usbasploader',
		source: 'https://docs.qmk.fm/flashing#usbasploader',
	},
	{
		id: 'isp-programmer-link',
		proves: [
			['isp-programmer-link', 0.75],
			['isp-wiring', 0.45],
		],
		any: ['tiny.transfer', 'asp.transfer', 'usbdev.transfer'],
		not: ['usb.opendenied', 'usb.opendriver'],
		family: 'isp-programmer',
		source: 'avrdude src/usbtiny.c, src/usbasp.c, src/usb_libusb.c',
	},
	{
		id: 'usb-denied',
		proves: [['usb-permission', 0.92]],
		any: ['usb.opendenied', 'sys.denied.usb', 'tl.denied', 'bh.denied', 'sys.notpermitted.mac', 'du.access'],
		not: ['is.os.windows'],
		source:
			'libusb os/linux_usbfs.c; teensy_loader_cli.c; bootloadHID commandline/main.c; https://docs.qmk.fm/faq_build#linux-udev-rules',
	},
	{
		id: 'usb-denied-windows',
		proves: [
			['windows-wrong-driver', 0.8],
			['usb-permission', 0.5],
		],
		any: ['usb.opendenied', 'sys.denied.usb', 'du.access', 'tl.denied', 'bh.denied'],
		all: ['is.os.windows'],
		source: 'libusb os/windows_winusb.c: another driver owns the device',
	},
	{
		id: 'usb-driver',
		proves: [['windows-wrong-driver', 0.86]],
		any: ['usb.opendriver', 'os.nodriver.win', 'du.driver'],
		source:
			'libusb strerror.c: LIBUSB_ERROR_NOT_SUPPORTED, no usable driver; Windows Device Manager problem codes',
	},
	{
		id: 'usb-claim',
		proves: [
			['usb-permission', 0.55],
			['windows-wrong-driver', 0.5],
			['isp-programmer-link', 0.4],
		],
		any: ['usbdev.claim'],
		source: 'avrdude src/usb_libusb.c; libusb',
	},
	{
		id: 'usbguard',
		proves: [['usb-permission', 0.85]],
		any: ['words.usbguard'],
		source: 'usbguard(1)',
	},

	// ---------------------------------------------------------------- files
	{
		id: 'file-open',
		proves: [['file-not-found', 0.88]],
		any: ['avr.openfile'],
		not: ['is.path.cut', 'avr.outofrange'],
		source: 'avrdude src/fileio.c',
	},
	{
		// Only that reading failed: the line that says why is missing.
		id: 'file-unread',
		proves: [
			['file-not-found', 0.6],
			['bad-hex-file', 0.56],
		],
		any: ['avr.readfile.failed'],
		not: ['is.path.cut', 'avr.outofrange', 'avr.badhex', 'avr.openfile'],
		source: 'avrdude src/update.c: printed after any failure in src/fileio.c',
	},
	{
		id: 'file-argument',
		proves: [
			['path-with-spaces', 0.6],
			['isp-wrong-command', 0.4],
		],
		any: ['avr.update.invalid'],
		not: ['is.path.cut'],
		source: 'avrdude src/update.c: a colon or space in the path ends the file name',
	},
	{
		id: 'file-bad',
		proves: [['bad-hex-file', 0.9]],
		any: ['avr.badhex', 'tl.badhex', 'mn.badfile', 'mn.noreset', 'is.addr.ram'],
		not: ['avr.openfile'],
		source: 'avrdude src/fileio.c; teensy_loader_cli.c; micronucleus commandline/micronucleus.c',
	},
	{
		id: 'file-beyond',
		proves: [
			['hex-too-large', 0.88],
			['wrong-mcu-option', 0.4],
		],
		all: ['avr.outofrange'],
		not: ['is.addr.ram'],
		source: 'avrdude src/fileio.c',
	},

	// ---------------------------------------------------------------- tool and configuration
	{
		id: 'conf',
		proves: [
			['config-error', 0.88],
			['tool-version', 0.5],
		],
		any: ['avr.conf', 'avr.conf.syntax'],
		source: 'avrdude src/config.c, src/main.c',
	},
	{
		id: 'conf-programmer',
		proves: [
			['config-error', 0.62],
			['wrong-programmer-option', 0.6],
			['tool-version', 0.45],
		],
		any: ['avr.noprogrammer'],
		source: 'avrdude src/main.c',
	},
	{
		id: 'conf-part',
		proves: [
			['config-error', 0.6],
			['wrong-mcu-option', 0.58],
			['tool-version', 0.5],
		],
		any: ['avr.nopart'],
		source: 'avrdude src/main.c',
	},
	{
		id: 'tool-option',
		proves: [
			['tool-version', 0.7],
			['path-with-spaces', 0.3],
		],
		any: ['avr.option'],
		source: 'getopt(3) in avrdude src/main.c',
	},

	// ---------------------------------------------------------------- micronucleus, bootloadHID, HalfKay, HID
	{
		id: 'micronucleus-timeout',
		proves: [
			['not-in-bootloader', 0.85],
			['usb-permission', 0.4],
			['windows-wrong-driver', 0.38],
		],
		any: ['mn.timeout'],
		family: 'micronucleus',
		source: 'micronucleus commandline/micronucleus.c',
	},
	{
		id: 'micronucleus-waiting',
		proves: [
			['not-in-bootloader', 0.6],
			['windows-wrong-driver', 0.4],
			['usb-permission', 0.38],
		],
		any: ['mn.waiting'],
		not: ['mn.found', 'mn.timeout', 'mn.done', 'mn.failed'],
		family: 'micronucleus',
		source: 'micronucleus commandline/micronucleus.c',
	},
	{
		id: 'micronucleus-version',
		proves: [['tool-version', 0.93]],
		any: ['mn.unknown'],
		family: 'micronucleus',
		source: 'micronucleus commandline/library/micronucleus_lib.c',
	},
	{
		id: 'micronucleus-failed',
		proves: [
			['usb-transient', 0.75],
			['usb-enumeration-failure', 0.3],
		],
		any: ['mn.failed'],
		family: 'micronucleus',
		source: 'micronucleus commandline/micronucleus.c',
	},
	{
		id: 'bootloadhid-missing',
		proves: [
			['not-in-bootloader', 0.85],
			['usb-permission', 0.35],
		],
		any: ['bh.missing'],
		family: 'bootloadhid',
		source: 'bootloadHID commandline/main.c',
	},
	{
		id: 'bootloadhid-comm',
		proves: [
			['usb-transient', 0.75],
			['usb-permission', 0.35],
		],
		any: ['bh.comm'],
		family: 'bootloadhid',
		source: 'bootloadHID commandline/main.c',
	},
	{
		id: 'halfkay-waiting',
		proves: [
			['not-in-bootloader', 0.8],
			['usb-permission', 0.4],
		],
		any: ['tl.waiting', 'tl.nodevice'],
		not: ['tl.found', 'tl.booting', 'tl.denied', 'tl.writeerror'],
		context: ['tl.any', 'tl.read', 'hid.any'],
		source: 'teensy_loader_cli.c; hid_bootloader_cli.c',
	},
	{
		id: 'halfkay-write',
		proves: [
			['usb-transient', 0.75],
			['wrong-mcu-option', 0.45],
			['tool-version', 0.35],
		],
		any: ['tl.writeerror'],
		source: 'teensy_loader_cli.c',
	},
	{
		id: 'halfkay-arm',
		proves: [['arm-board', 0.82]],
		all: ['tl.writeerror'],
		context: ['tl.arm'],
		family: 'arm',
		source: 'teensy_loader_cli.c: of the Teensys, 3 and 4 are Arm boards',
	},
	{
		id: 'halfkay-mcu',
		proves: [
			['wrong-mcu-option', 0.85],
			['tool-version', 0.3],
		],
		any: ['tl.mcu'],
		family: 'halfkay',
		source: 'teensy_loader_cli.c',
	},

	// ---------------------------------------------------------------- Arm and others
	{
		id: 'arm-failed',
		proves: [
			['arm-board', 0.85],
			['usb-transient', 0.4],
		],
		any: ['du.failed'],
		context: ['du.any', 'arm.words'],
		family: 'arm',
		source: 'dfu-util src/dfuse.c; https://docs.qmk.fm/flashing#stm32',
	},
	{
		id: 'arm-no-device',
		proves: [
			['dfu-no-device', 0.8],
			['arm-board', 0.5],
			['windows-wrong-driver', 0.42],
			['not-in-bootloader', 0.4],
		],
		any: ['du.nodevice'],
		not: ['du.cannotopen'],
		source: 'dfu-util src/main.c',
	},
	{
		id: 'arm-cannot-open',
		proves: [
			['windows-wrong-driver', 0.6],
			['usb-permission', 0.6],
		],
		any: ['du.cannotopen'],
		source: 'dfu-util src/dfu_util.c',
	},
	{
		id: 'arm-cannot-open-windows',
		proves: [['windows-wrong-driver', 0.88]],
		all: ['du.cannotopen', 'is.os.windows'],
		source: 'dfu-util src/dfu_util.c; https://docs.qmk.fm/driver_installation_zadig',
	},
	{
		id: 'arm-bin-only',
		proves: [['arm-board', 0.9]],
		any: ['arm.binonly'],
		family: 'arm',
		source: 'qmk_toolbox Stm32DfuDevice.cs: dfu-util bootloaders are Arm ones',
	},
	{
		id: 'openocd-path',
		proves: [
			['path-with-spaces', 0.9],
			['arm-board', 0.5],
		],
		any: ['oo.badargument'],
		family: 'arm',
		source: 'OpenOCD src/flash/nor/tcl.c',
	},
	{
		id: 'teensy-dummy-driver',
		proves: [['tool-version', 0.95]],
		any: ['tl.dummy'],
		source: 'teensy_loader_cli.c',
	},
	{
		// A UF2 or mass storage bootloader restarts into the new firmware while the system still writes.
		id: 'drive-left',
		proves: [
			['benign-warning', 0.75],
			['mass-storage-bootloader', 0.4],
		],
		all: ['os.blockio', 'os.usb.disconnect'],
		family: 'arm',
		source: 'https://github.com/microsoft/uf2: the drive goes when the last block has arrived',
	},
	{
		id: 'arm-named',
		proves: [['arm-board', 0.6]],
		any: ['arm.words', 'arm.tools', 'tl.arm'],
		notContext: ['dfu.any', 'avr.words', 'mn.any', 'build.error', 'build.overflow'],
		source: 'https://docs.qmk.fm/flashing#arm-bootloaders',
	},
	{
		id: 'esp',
		proves: [['unrelated', 0.9]],
		any: ['other.esp'],
		notContext: ['dfu.any', 'avr.any'],
		family: 'none',
		source: 'esptool docs',
	},
	{
		id: 'enumeration',
		proves: [['usb-enumeration-failure', 0.88]],
		any: ['os.enumerate'],
		all: ['is.enumerate.last'],
		isp: 'maybe',
		source: 'Linux drivers/usb/core/hub.c; Windows Device Manager',
	},
	{
		id: 'usb-hiccup',
		proves: [
			['usb-transient', 0.55],
			['isp-programmer-link', 0.35],
		],
		any: ['os.libusb.retry'],
		notContext: ['du.any'],
		source: 'libusb strerror.c',
	},
];
