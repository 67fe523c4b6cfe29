// What the tools can print, one row per message, written from their sources (named in rules.ts): the first cause
// expected, and where it matters the family and whether ISP is needed.

export type Row = {
	readonly log: string;
	readonly cause: string;
	readonly family?: string;
	readonly isp?: 'yes' | 'no' | 'maybe';
	readonly tool?: string;
};

export const rows: readonly Row[] = [
	// dfu-programmer
	{
		log: 'dfu-programmer atmega32u4 erase --force\nErasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.',
		cause: 'dfu-erase-ineffective',
		family: 'dfu',
		isp: 'yes',
		tool: 'dfu-programmer',
	},
	{
		log: '$ dfu-programmer atmega32u2 erase --force\nErasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Empty.\n$ dfu-programmer atmega32u2 flash --force fw.hex\n0%                            100%  Programming 0x4F80 bytes...\n[ X  ERROR\nMemory write error, use debug for more info.',
		cause: 'dfu-write-refused',
		isp: 'maybe',
	},
	{
		log: 'Bootloader Version: 0x00 (0)\nChecking memory from 0x0 to 0x6FFF...  Empty.\nChip already blank, to force erase use --force.\nChecking memory from 0x0 to 0x5F7F...  Empty.\n0%                            100%  Programming 0x5F80 bytes...\n[ X  ERROR\nMemory write error, use debug for more info.',
		cause: 'dfu-erase-first',
		isp: 'no',
	},
	{
		log: 'dfu-programmer at90usb1286 flash fw.hex\nChecking memory from 0x0 to 0x6AFF...  Not blank at 0x1.\nThe target memory for the program is not blank.\nUse --force flag to override this error check.',
		cause: 'dfu-erase-first',
		isp: 'no',
	},
	{
		log: 'dfu-programmer atmega16u2 erase\nChecking memory from 0x0 to 0x2FFF...  Not blank at 0x1.\nErasing flash...  Success\nChecking memory from 0x0 to 0x2FFF...  Empty.\ndfu-programmer atmega16u2 flash usbserial.hex\nChecking memory from 0x0 to 0xF7F...  Empty.\n0%                            100%  Programming 0xF80 bytes...\n[>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>]  Success\n0%                            100%  Reading 0x3000 bytes...\n[>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>]  Success\nValidating...  Success\n0xF80 bytes written into 0x3000 bytes memory (32.29%).',
		cause: 'tool-success',
		family: 'dfu',
		isp: 'no',
	},
	{
		log: 'dfu.c:844: -ETIMEDOUT: Transfer timed out, NAK 0xffffff92 (-110)\natmel.c:1627: atmel_flash: flash data dfu_download failed.',
		cause: 'dfu-transfer-timeout',
		family: 'dfu',
	},
	{log: 'dfu-programmer: no device present.', cause: 'dfu-no-device', family: 'dfu', isp: 'no'},
	{log: "Unsupported target 'atmega32u5'.", cause: 'wrong-mcu-option', isp: 'no'},
	{
		log: 'Error opening C:\\Users\\Jane\nSee --debug=51 or greater for more information.\n>>> dfu-programmer.exe atmega32u4 reset',
		cause: 'path-with-spaces',
		isp: 'no',
	},
	{
		log: 'dfu-programmer atmega32u4 erase --force\ndfu-programmer 0.6.1\nUsage: dfu-programmer target[:usb-bus,usb-addr] command [options] [global-options] [file|data]',
		cause: 'tool-version',
	},
	{log: 'WARNING: 0x240 bytes are outside target memory,\n and will not be written.', cause: 'hex-too-large'},
	{
		log: 'dfu-programmer atmega32u4 flash a.hex\nHex file error, use debug for more info.',
		cause: 'bad-hex-file',
	},
	{
		log: 'avrdude -c flip1 -p m32u4 -U flash:w:x.hex:i\navrdude error: no matching USB device found\navrdude error: unable to open programmer flip1 on port usb',
		cause: 'dfu-no-device',
		family: 'dfu',
	},
	// Toolbox
	{
		log: 'Atmel DFU device connected (NO DRIVER): Atmel Corp. ATmega32U4 (03EB:2FF4:0000)',
		cause: 'windows-wrong-driver',
		family: 'dfu',
		tool: 'qmk-toolbox',
	},
	{
		log: 'Caterina device connected (usbser): USB Serial Device (COM5) (2341:0036:0001) [COM5]\nAttempting to flash, please don\'t remove device\n> avrdude.exe -p atmega32u4 -c avr109 -U flash:w:"C:\\fw\\a.hex":i -P COM5\n> Connecting to programmer: .\n> Found programmer: Id = "CATERIN"; type = S\n> avrdude.exe: AVR device initialized and ready to accept instructions\n> avrdude.exe: Device signature = 0x1e9587 (probably m32u4)\n> avrdude.exe: 21840 bytes of flash written\n> avrdude.exe: verifying ...\n> avrdude.exe: 21840 bytes of flash verified\n> avrdude.exe done.  Thank you.\nFlash complete',
		cause: 'tool-success',
		family: 'caterina',
		tool: 'qmk-toolbox',
	},
	// Caterina
	{
		log: 'Connecting to programmer: .avrdude: butterfly_recv(): programmer is not responding',
		cause: 'caterina-not-responding',
		family: 'caterina',
		isp: 'maybe',
	},
	{
		log: 'avrdude: verifying flash memory against a.hex:\navrdude: verification error, first mismatch at byte 0x0000\n         0xff != 0x0c\navrdude: verification error; content mismatch\navrdude -p atmega32u4 -c avr109 -P /dev/ttyACM0',
		cause: 'caterina-verify-mismatch',
		family: 'caterina',
		isp: 'yes',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission denied',
		cause: 'serial-port-permission',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM4": Access is denied.',
		cause: 'serial-port-busy',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM4": Zugriff verweigert',
		cause: 'serial-port-busy',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM7": Das System kann die angegebene Datei nicht finden.',
		cause: 'serial-wrong-port',
	},
	{
		log: 'avrdude error: cannot open port /dev/ttyUSB3: No such file or directory\navrdude error: unable to open port /dev/ttyUSB3 for programmer arduino',
		cause: 'serial-wrong-port',
	},
	{log: 'avrdude: ser_open(): can\'t set com-state for "\\\\.\\COM3"', cause: 'serial-driver'},
	{
		log: 'Detecting USB port, reset your controller now...\nDevice /dev/ttyACM0 has appeared; assuming it is the controller.\nWaiting for /dev/ttyACM0 to become writable......',
		cause: 'serial-port-permission',
		family: 'caterina',
	},
	{
		log: 'Performing 1200-bps touch reset on serial port COM6\nWaiting for upload port...\nNo upload port found, using COM6 as fallback\navrdude: ser_open(): can\'t open device "\\\\.\\COM6": The system cannot find the file specified.\nFailed uploading: uploading error: exit status 1',
		cause: 'caterina-port-lost',
		family: 'caterina',
		tool: 'arduino-ide',
	},
	// serial bootloaders
	{
		log: 'avrdude warning: attempt 1 of 10: not in sync: resp=0x00\navrdude warning: attempt 2 of 10: not in sync: resp=0x00\navrdude error: unable to open port COM3 for programmer arduino',
		cause: 'serial-not-in-sync',
		family: 'arduino-serial',
	},
	{
		log: 'avrdude: stk500v2_ReceiveMessage(): timeout\navrdude: stk500v2_getsync(): timeout communicating with programmer',
		cause: 'serial-not-in-sync',
	},
	{
		log: 'avrdude -patmega2560 -cwiring -PCOM4 -b115200\navrdude: stk500v2_ReceiveMessage(): wrong checksum',
		cause: 'serial-link-noise',
	},
	{
		log: 'avrdude -c arduino -p m328p -P COM3 -b 115200 -U lfuse:w:0xff:m\navrdude: verifying lfuse memory against 0xff:\navrdude: verification error, first mismatch at byte 0x0000\n         0x00 != 0xff\navrdude: verification error; content mismatch',
		cause: 'isp-wrong-command',
		isp: 'yes',
	},
	{
		log: 'Serial.println("stop!!!");\navrdude: stk500v2_ReceiveMessage(): timeout\navrdude: stk500v2_getsync(): timeout communicating with programmer',
		cause: 'mega-bootloader-bug',
	},
	{
		log: '[octoprint.plugins.firmwareupdater] avrdude: stk500v2_getsync(): timeout communicating with programmer',
		cause: 'serial-not-in-sync',
		tool: 'octoprint',
	},
	{
		log: 'Configuring upload protocol...\nAVAILABLE: arduino\nCURRENT: upload_protocol = arduino\nLooking for upload port...\nError: Please specify `upload_port` for environment or use global `--upload-port` option.\n*** [upload] Explicit exit, status 1',
		cause: 'serial-wrong-port',
		tool: 'platformio',
	},
	// ISP
	{
		log: "avrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1\n         Double check connections and try again, or use -F to override\n         this check.",
		cause: 'isp-wiring',
		family: 'isp-programmer',
		isp: 'no',
	},
	{log: 'avrdude -c usbtiny -p m32u4\navrdude: initialization failed, rc=-1', cause: 'isp-wiring', isp: 'no'},
	{
		log: 'avrdude: Error: Could not find USBtiny device (0x1781/0xc9f)',
		cause: 'isp-programmer-not-found',
		isp: 'no',
	},
	{
		log: "avrdude: Warning: cannot open USB device: Permission denied\navrdude: error: could not find USB device with vid=0x16c0 pid=0x5dc vendor='www.fischl.de' product='USBasp'",
		cause: 'usb-permission',
	},
	{
		log: 'avrdude: error: usbtiny_receive: Connection timed out (expected 128, got -110)',
		cause: 'isp-programmer-link',
	},
	{
		log: 'avrdude: Device signature = 0x1e9516 (probably m328pb)\navrdude: Expected signature for ATmega328P is 1E 95 0F\n         Double check chip, or use -F to override this check.',
		cause: 'isp-wrong-chip',
		isp: 'no',
	},
	{
		log: 'avrdude: Device signature = 0x1e9400\navrdude: Device signature = 0x1e1587 (retrying)\navrdude: Device signature = 0x003f00\navrdude: Yikes!  Invalid device signature.',
		cause: 'isp-sck-too-fast',
	},
	{
		log: "avrdude: writing lfuse (1 bytes):\navrdude: 1 bytes of lfuse written\navrdude: 1 bytes of lfuse verified\navrdude done.  Thank you.\n$ avrdude -c usbasp -p m328p\navrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1",
		cause: 'isp-no-clock',
		isp: 'maybe',
	},
	{
		log: "avrdude -c usbasp -p t85 -U hfuse:w:0x5f:m\navrdude: 1 bytes of hfuse written\navrdude: error: program enable: target doesn't answer. 1",
		cause: 'isp-spi-disabled',
		isp: 'yes',
	},
	{
		log: 'avrdude -c usbtiny -p m2560 -U flash:w:stk500boot.hex:i\navrdude: verification error, first mismatch at byte 0x3e000\n         0xff != 0x0d\navrdude: verification error; content mismatch',
		cause: 'isp-programmer-limit',
		isp: 'yes',
	},
	{
		log: 'avrdude -c usbtiny -p usb1286 -U flash:w:loader.hex:i\navrdude: verification error, first mismatch at byte 0x1f000\n         0xff != 0x0c\navrdude: verification error; content mismatch',
		cause: 'isp-programmer-limit',
		isp: 'yes',
	},
	{
		// The same programmer below 64 KB, and another one below 128 KB, have no such limit.
		log: 'avrdude -c usbtiny -p usb1286 -U flash:w:keymap.hex:i\navrdude: verification error, first mismatch at byte 0x0f000\n         0xff != 0x0c\navrdude: verification error; content mismatch',
		cause: 'isp-wiring',
		isp: 'no',
	},
	{
		log: 'avrdude -c usbasp -p usb1286 -U flash:w:loader.hex:i\navrdude: verification error, first mismatch at byte 0x1f000\n         0xff != 0x0c\navrdude: verification error; content mismatch',
		cause: 'isp-wiring',
		isp: 'no',
	},
	{
		// Above 128 KB, and nothing says over which way: ISP is not advised.
		log: 'avrdude: verifying ...\navrdude: verification error, first mismatch at byte 0x3d000\n         0x04 != 0x87\navrdude: verification error; content mismatch',
		cause: 'hex-too-large',
		isp: 'maybe',
	},
	{
		// A serial loader reaches all of its flash, whatever goes wrong there.
		log: 'avrdude -p m2560 -c wiring -P /dev/ttyACM0 -b 115200 -D -U flash:w:fw.hex:i\navrdude: verification error, first mismatch at byte 0x3c001\n         0x00 != 0x06\navrdude: verification error; content mismatch',
		cause: 'serial-link-noise',
		family: 'arduino-serial',
		isp: 'maybe',
	},
	{
		log: "avrdude -c usbasp -p m32 -U lfuse:w:0xe4:m\navrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1",
		cause: 'isp-wiring',
		isp: 'maybe',
	},
	{
		// What an IDE sends to any fresh chip says nothing of earlier fuses.
		log: "avrdude -c usbasp -p m328p -e -Ulock:w:0x3F:m -Uefuse:w:0xFD:m -Uhfuse:w:0xDE:m -Ulfuse:w:0xFF:m\navrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1",
		cause: 'isp-wiring',
		isp: 'no',
	},
	{
		log: 'avrdude error: target clock speed error\navrdude error: initialization failed, rc=-2\n        The programmer ISP clock is too fast for the target\n        - use -B to set lower ISP clock frequency, e.g. -B 125kHz',
		cause: 'isp-sck-too-fast',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -p m32u4 -c stk500v1 -P /dev/ttyUSB0 -b 19200 -U efuse:w:0xf3:m\navrdude: verification error, first mismatch at byte 0x0000\n         0xc3 != 0xf3\navrdude: verification error; content mismatch\navrdude: safemode: efuse changed! Was f3, and is now c3\nWould you like this fuse to be changed back? [y/n]',
		cause: 'isp-fuse-unused-bits',
		isp: 'no',
	},
	{
		// A high fuse has no bit without a function.
		log: 'avrdude -p m32u4 -c stk500v1 -P /dev/ttyUSB0 -b 19200 -U hfuse:w:0xd8:m\navrdude: verification error, first mismatch at byte 0x0000\n         0x99 != 0xd8\navrdude: verification error; content mismatch\navrdude: safemode: hfuse changed! Was d8, and is now 99\nWould you like this fuse to be changed back? [y/n]',
		cause: 'isp-sck-too-fast',
	},
	{
		log: 'avrdude: Device signature = 0x3f0d3f\navrdude: Expected signature for ATmega32U4 is 1E 95 87',
		cause: 'modemmanager',
		family: 'caterina',
		isp: 'no',
	},
	{
		log: 'stty: /dev/ttyACM0: No such file or directory\nmake: *** [flash] Error 1',
		cause: 'serial-wrong-port',
		family: 'caterina',
		isp: 'no',
	},
	{
		log: "cp: cannot create regular file 'sweep_default.hex': Permission denied",
		cause: 'build-error',
		isp: 'no',
	},
	{
		// No ISP programmer reaches an XMEGA.
		log: 'dfu-programmer atxmega128a3u flash fw.hex\nDevice is write protected.\nMemory write error, use debug for more info.',
		cause: 'dfu-write-refused',
		family: 'dfu',
		isp: 'no',
	},
	{
		log: 'avrdude -c stk500v1 -P /dev/ttyACM0 -b 19200 -p m32u4\navrdude: stk500_getsync() attempt 1 of 10: not in sync: resp=0x00\navrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00',
		cause: 'isp-arduino-as-isp',
		family: 'isp-programmer',
	},
	{
		log: 'avrdude: Vtarget         : 0.0 V\navrdude: stk500v2_program_enable(): cannot get connection status',
		cause: 'isp-target-unpowered',
	},
	{
		log: 'avrdude -c usbasp -p m328p -U efuse:w:0x05:m\navrdude: verifying efuse memory against 0x05\navrdude warning: device 0xfd != input 0x05 at addr 0x0000 (error)\navrdude error: verification mismatch',
		cause: 'isp-fuse-unused-bits',
	},
	{
		log: 'avrdude -c usbasp -p m8 -U flash:v:a.hex:i\navrdude: verification error, first mismatch at byte 0x0010\n 0xff != 0x12\navrdude: verification error; content mismatch',
		cause: 'isp-wrong-command',
	},
	{
		log: 'avrdude: usbdev_open(): did not find any USB device "usb" (0x03eb:0x2104)',
		cause: 'isp-programmer-not-found',
	},
	// files, configuration, installation
	{
		log: "avrdude: can't open input file main.hex: No such file or directory\navrdude: read from file 'main.hex' failed",
		cause: 'file-not-found',
	},
	{
		log: 'avrdude error: cannot open input file C:\\Users\\Jane: No such file or directory',
		cause: 'path-with-spaces',
	},
	{log: 'avrdude: ERROR: address 0x8010 out of range at line 2049 of a.hex', cause: 'hex-too-large'},
	{log: 'avrdude: invalid record at line 1 of "a.bin"', cause: 'bad-hex-file'},
	{log: 'avrdude: error at /etc/avrdude.conf:402: syntax error', cause: 'config-error'},
	{
		log: 'avrdude: AVR Part "m328pb" not found.\n\nValid parts are:\n  uc3a0512 = AT32UC3A0512',
		cause: 'config-error',
	},
	{log: 'avrdude was compiled without usb support.', cause: 'tool-version'},
	{
		log: 'avrdude: error while loading shared libraries: libusb-0.1.so.4: cannot open shared object file',
		cause: 'tool-version',
	},
	{log: '/bin/sh: dfu-programmer: command not found\nmake: *** [dfu] Error 127', cause: 'tool-not-installed'},
	{
		log: 'Cannot run program "C:\\arduino\\hardware\\tools\\avr\\bin\\avrdude": CreateProcess error=2, The system cannot find the file specified',
		cause: 'tool-not-installed',
	},
	{
		log: 'Compiling: keyboards/planck/planck.c\nkeymap.c:12:3: error: expected expression before } token\nmake: *** [.build/x.o] Error 1',
		cause: 'build-error',
		family: 'none',
	},
	{
		log: 'Checking file size of planck.hex  [ERRORS]\n * The firmware is too large! 29000/28672 (328 bytes over)',
		cause: 'build-error',
	},
	// small loaders
	{
		log: 'Teensy Loader, Command Line, Version 2.2\nRead "k.hex": 19832 bytes, 61.5% usage\nWaiting for Teensy device...\n (hint: press the reset button)',
		cause: 'not-in-bootloader',
		family: 'halfkay',
		tool: 'teensy_loader_cli',
	},
	{
		log: 'Teensy Loader, Command Line, Version 2.2\nRead "k.hex": 19832 bytes, 61.5% usage\nFound HalfKay Bootloader\nProgramming...................\nBooting',
		cause: 'tool-success',
		family: 'halfkay',
	},
	{log: 'Found device but unable to open\nTeensy Loader, Command Line', cause: 'usb-permission'},
	{
		log: '> Please plug in the device ...\n> Press CTRL+C to terminate the program.\n> Device search timed out',
		cause: 'not-in-bootloader',
		family: 'micronucleus',
		tool: 'micronucleus',
	},
	{
		log: '> Erasing the memory ...\n>> Flash erase error -1 has occured ...\n>> Please unplug the device and restart the program.\nmicronucleus',
		cause: 'usb-transient',
	},
	{log: '> Program file is 120 bytes too big for the bootloader!', cause: 'hex-too-large'},
	{
		log: 'bootloadHID -r main.hex\nError opening HIDBoot device: The specified device was not found',
		cause: 'not-in-bootloader',
		family: 'bootloadhid',
		tool: 'bootloadHID',
	},
	{
		log: 'bootloadHID -r main.hex\nError uploading data block: Communication error with device',
		cause: 'usb-transient',
		family: 'bootloadhid',
	},
	// Arm and others
	{
		log: 'dfu-util 0.11\nOpening DFU capable USB device...\nDevice ID 0483:df11\nFile downloaded successfully\nSubmitting leave request...\nTransitioning to dfuMANIFEST state',
		cause: 'tool-success',
		family: 'arm',
		tool: 'dfu-util',
	},
	{
		log: 'dfu-util: Invalid DFU suffix signature\ndfu-util: A valid DFU suffix will be required in a future dfu-util release\nDevice ID 0483:df11\nFile downloaded successfully\ndfu-util: Error during download get_status',
		cause: 'benign-warning',
		family: 'arm',
	},
	{
		log: 'dfu-util: Cannot open DFU device 0483:df11 found on devnum 12 (LIBUSB_ERROR_NOT_SUPPORTED)\ndfu-util: No DFU capable USB device available\nC:\\>',
		cause: 'windows-wrong-driver',
		family: 'arm',
	},
	{log: 'I flashed my Proton C and now it is dead', cause: 'arm-board', family: 'arm', isp: 'no'},
	{
		log: 'usb 1-2: device descriptor read/64, error -110\nusb usb1-port2: unable to enumerate USB device',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
		tool: 'dmesg',
	},
	{
		log: 'systemd[1]: ModemManager.service running\navrdude: butterfly_recv(): programmer is not responding',
		cause: 'modemmanager',
	},
	{log: "usb 1-1: interface 0 claimed by ch341 while 'brltty' sets config #1", cause: 'serial-driver'},
	{
		log: 'Flashing for bootloader: lufa-ms\nCopying keyboard.bin to drive LUFA Mass Storage',
		cause: 'mass-storage-bootloader',
	},
	{
		log: 'Flashing for bootloader: atmel-dfu\nBootloader not found. Make sure the board is in bootloader mode.\n Trying again every 0.5s (Ctrl+C to cancel)...\nBus 001 Device 010: ID 2341:0036 Arduino SA Leonardo (bootloader)',
		cause: 'wrong-tool-for-bootloader',
	},
	// nothing wrong, nothing said
	{
		log: 'avrdude: AVR device initialized and ready to accept instructions\nReading | ################################################## | 100% 0.02s\navrdude: Device signature = 0x1e9587\navrdude: safemode: Fuses OK (E:F3, H:D9, L:5E)\navrdude done.  Thank you.',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: 'avrdude: warning: cannot set sck period. please check for usbasp firmware update.\navrdude: 4096 bytes of flash verified\navrdude done.  Thank you.',
		cause: 'benign-warning',
	},
	{log: 'dfu-programmer atmega32u4 erase --force\nErasing flash...', cause: 'insufficient-evidence'},
	{log: '', cause: 'insufficient-evidence', isp: 'maybe'},
	{log: '   \r\n\t\n', cause: 'insufficient-evidence'},
	{
		log: 'Dear all, the meeting moves to Thursday. Bring cake.',
		cause: 'unrelated',
		family: 'none',
		isp: 'no',
		tool: 'unknown',
	},
	{log: 'npm ERR! code ENOENT\nnpm ERR! syscall open', cause: 'unrelated'},
	// Other languages round the tools' words, prose round two lines, success after failures and the other way round
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM4": Zugriff verweigert\n',
		cause: 'serial-port-busy',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM3": Le fichier spécifié est introuvable.\n\nProblème de téléversement sur la carte.',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM3": 系统找不到指定的文件。\n\n上传项目出错',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM3": 拒绝访问。',
		cause: 'serial-port-busy',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM5": アクセスが拒否されました。',
		cause: 'serial-port-busy',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM5": Nie można odnaleźć określonego pliku.',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM5": Отказано в доступе.',
		cause: 'serial-port-busy',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "/dev/ttyUSB0": Keine Berechtigung',
		cause: 'serial-port-permission',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "/dev/ttyACM0": Permission non accordée',
		cause: 'serial-port-permission',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "/dev/ttyUSB0": 权限不够',
		cause: 'serial-port-permission',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "/dev/ttyUSB0": Datei oder Verzeichnis nicht gefunden',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'avrdude: ser_open(): can\'t open device "\\\\.\\COM4": Acc�s refus�.',
		cause: 'serial-port-busy',
		isp: 'no',
	},
	{
		log: 'Error: cannot open port /dev/ttyUSB0: No such file or directory\nError: unable to open port /dev/ttyUSB0 for programmer arduino\n\nAvrdude done.  Thank you.',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'avrdude ser_open() error: cannot open port COM7: The system cannot find the file specified.\n\navrdude main() error: unable to open programmer arduino on port COM7',
		cause: 'serial-wrong-port',
		isp: 'no',
	},
	{
		log: 'Hi, I have a corne with pro micros. When I run make crkbd:default:avrdude it says "avrdude: butterfly_recv(): programmer is not responding" and then nothing. What now?',
		cause: 'caterina-not-responding',
		isp: 'maybe',
	},
	{
		log: '[ 1234.567890] usb 1-2: new full-speed USB device number 7 using xhci_hcd\n[ 1234.700000] usb 1-2: device descriptor read/64, error -71\n[ 1235.100000] usb 1-2: device not accepting address 7, error -71\n[ 1235.200000] usb usb1-port2: unable to enumerate USB device',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
	},
	{
		log: '[ 1234.567890] usb 1-2: new full-speed USB device number 7 using xhci_hcd\n[ 1234.700000] usb 1-2: New USB device found, idVendor=03eb, idProduct=2ff4, bcdDevice= 0.00\n[ 1234.700003] usb 1-2: Product: ATm32U4DFU\n[ 1234.700004] usb 1-2: Manufacturer: ATMEL',
		cause: 'no-error-shown',
		isp: 'no',
	},
	{
		log: 'Attempting to flash, please don\'t remove device\n> dfu-programmer.exe atmega32u4 erase --force\n> dfu-programmer: no device present.\n> dfu-programmer.exe atmega32u4 flash --force "C:\\x.hex"\n> dfu-programmer: no device present.\n> dfu-programmer.exe atmega32u4 reset\n> dfu-programmer: no device present.\nFlash complete',
		cause: 'dfu-no-device',
		isp: 'no',
	},
	{
		log: "Validating...  Success\n0x5880 bytes written into 0x7000 bytes memory (79.02%).\nAttempting to flash, please don't remove device\n> dfu-programmer.exe atmega32u4 erase --force\n> dfu-programmer: no device present.\nFlash complete",
		cause: 'dfu-no-device',
		isp: 'no',
	},
	{
		log: 'Processing -U flash:w:x.hex:i\nReading 924 bytes for flash from input file x.hex\nWriting 924 bytes to flash\nWriting | ################################################## | 100% 0.20s\nReading | ################################################## | 100% 0.10s\n924 bytes of flash verified\n\nAvrdude done.  Thank you.',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: 'Using Port : COM3\nUsing Programmer : stk500v1\nOverriding Baud Rate : 19200\nHardware Version: 2\nFirmware Version: 1.18\nVtarget : 0.0 V\nVaref : 0.0 V\navrdude: AVR device initialized and ready to accept instructions\navrdude: Device signature = 0x1e9587 (probably m32u4)\navrdude: writing flash (1000 bytes):\navrdude: 1000 bytes of flash written\navrdude: verifying ...\navrdude: 1000 bytes of flash verified\navrdude done.  Thank you.',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: 'Teensy Loader, Command Line, Version 2.2\nRead "x.hex": 21460 bytes, 66.5% usage\nFound HalfKay Bootloader\nProgramming................................................\nBooting',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: 'Teensy Loader, Command Line, Version 2.2\nhid_bootloader_cli -mmcu=atmega32u4 -w -v x.hex\nFound HID Bootloader\nProgramming.......\nBooting',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: '> Device is found!\nwriting: 80% complete\n> Starting the user app ...\nrunning: 100% complete\n>> Micronucleus done. Thank you!',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: 'bootloadHID -r x.hex\nPage size   = 128 (0x80)\nDevice size = 32768 (0x8000); 30720 bytes remaining\nUploading 19456 (0x4c00) bytes starting at 0 (0x0)\n0x04b80 ... 0x04c00',
		cause: 'tool-success',
		isp: 'no',
	},
	{
		log: "keyboards/x/keymaps/default/keymap.c:12:5: error: 'KC_FOO' undeclared here (not in a function)\n   12 |     KC_FOO\nmake[1]: *** [builddefs/common_rules.mk:361: .build/obj/keymap.o] Error 1",
		cause: 'build-error',
		isp: 'no',
	},
	{
		log: "sketch_nov24a:3:1: error: 'foo' was not declared in this scope\nexit status 1\n'foo' was not declared in this scope",
		cause: 'build-error',
		isp: 'no',
	},
	{
		log: 'Flashing for bootloader: rp2040\nWaiting for drive to deploy...\n/media/user/RPI-RP2\nCopied 1 file',
		cause: 'arm-board',
		isp: 'no',
	},
	{
		log: 'No accessible RP-series devices in BOOTSEL mode were found.\npicotool load x.uf2',
		cause: 'arm-board',
		isp: 'no',
	},
	{
		log: 'Traceback (most recent call last):\n  File "x.py", line 3, in <module>\n    import foo\nModuleNotFoundError: No module named \'foo\'',
		cause: 'unrelated',
		isp: 'no',
	},
	{
		log: 'Erasing flash...  Success\nChecking memory from 0x0 to 0x6FFF...  Not blank at 0x1.\n0%                            100%  Programming 0x5880 bytes...\n[ X  ERROR\nMemory write err',
		cause: 'dfu-erase-ineffective',
		isp: 'yes',
	},
	{
		log: 'What does zadig do? I never used it.',
		cause: 'unrelated',
		isp: 'no',
	},
	{
		log: 'My printer says permission denied when I print over USB.',
		cause: 'unrelated',
		isp: 'no',
	},
	{
		log: 'esptool.py v3.0\nConnecting........_____....\nA fatal error occurred: Failed to connect to ESP32: Timed out waiting for packet header',
		cause: 'unrelated',
		isp: 'no',
	},
	{
		log: 'adafruit-nrfutil dfu serial --package x.zip -p /dev/ttyACM0\nFailed to upgrade target. Error is: No data received on serial port. Not able to proceed.',
		cause: 'arm-board',
		isp: 'no',
	},
	{
		log: 'Found programmer: Id = "CATERIN"; type = S\navrdude: writing flash (20000 bytes):\navrdude: 20000 bytes of flash written\navrdude: verifying ...\navrdude: verification error, first mismatch at byte 0x0080\n         0x00 != 0x0c\navrdude: verification error; content mismatch\n\navrdude done.  Thank you.\nFlash complete',
		cause: 'caterina-verify-mismatch',
		isp: 'yes',
	},
	{
		log: "avrdude -c usbasp -p m328p -U lfuse:w:0xff:m\navrdude: 1 bytes of lfuse written\navrdude: 1 bytes of lfuse verified\navrdude done.  Thank you.\n$ avrdude -c usbasp -p m328p\navrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1",
		cause: 'isp-no-clock',
		isp: 'yes',
	},
	{
		log: "avrdude -c usbasp -p m328p -U hfuse:w:0x59:m\navrdude: 1 bytes of hfuse written\navrdude: 1 bytes of hfuse verified\navrdude done.  Thank you.\n$ avrdude -c usbasp -p m328p\navrdude: error: program enable: target doesn't answer. 1\navrdude: initialization failed, rc=-1",
		cause: 'isp-spi-disabled',
		isp: 'yes',
	},
	{
		log: 'STM32 DFU device connected (NO DRIVER): STMicroelectronics STM32 BOOTLOADER (0483:DF11:2200)',
		cause: 'windows-wrong-driver',
		isp: 'no',
	},
	{
		log: "Atmel DFU device connected (WinUSB): Atmel Corp. AT90USB1286 (03EB:2FFB:0000)\nAttempting to flash, please don't remove device\n> dfu-programmer.exe atmega32u4 erase --force\n> dfu-programmer: no device present.\nFlash complete",
		cause: 'wrong-mcu-option',
		isp: 'no',
	},
	{
		log: '[  10.0] usb usb1-port3: over-current condition',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
	},
	{
		log: 'Unbekanntes USB-Gerät (Fehler beim Anfordern einer Gerätebeschreibung.)',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
	},
	{
		log: '未知 USB 设备(设备描述符请求失败)',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
	},
	{
		log: 'Périphérique USB inconnu (échec de demande de descripteur de périphérique)',
		cause: 'usb-enumeration-failure',
		isp: 'maybe',
	},
	{
		log: "'dfu-programmer' n'est pas reconnu en tant que commande interne\nou externe, un programme exécutable ou un fichier de commandes.",
		cause: 'tool-not-installed',
		isp: 'no',
	},
	{
		log: "'avrdude' 不是内部或外部命令,也不是可运行的程序\n或批处理文件。",
		cause: 'tool-not-installed',
		isp: 'no',
	},
	{
		log: 'bash: avrdude: Kommando nicht gefunden.',
		cause: 'tool-not-installed',
		isp: 'no',
	},
	{
		log: 'bash: avrdude : commande introuvable',
		cause: 'tool-not-installed',
		isp: 'no',
	},
	{
		log: 'zsh: command not found: qmk',
		cause: 'tool-not-installed',
		isp: 'no',
	},
	{
		log: '编译错误\nsketch.ino:3:1: error: expected unqualified-id before numeric constant',
		cause: 'build-error',
		isp: 'no',
	},
	// avrdude 7.1, which leaves the name of the function out
	{
		log: 'avrdude -c stk500v1 -P /dev/ttyACM0 -b 19200 -p m32u4\navrdude error: programmer is not responding',
		cause: 'isp-arduino-as-isp',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c stk500v1 -P /dev/ttyACM0 -b 19200 -p m32u4\navrdude error: cannot get into sync',
		cause: 'isp-arduino-as-isp',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c avrispmkII -P usb -p m32u4\navrdude error: timeout communicating with programmer',
		cause: 'isp-programmer-link',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c avrispmkII -P usb -p m32u4\navrdude error: command failed',
		cause: 'isp-wiring',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c buspirate -P /dev/ttyUSB0 -p m32u4\navrdude error: BusPirate is not responding; serial port error code 0',
		cause: 'isp-programmer-link',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c flip1 -p m328p -U flash:w:kb.hex\navrdude error: flip1 (FLIP protocol version 1) is for AT90USB* and ATmega*U* devices',
		cause: 'wrong-programmer-option',
		family: 'dfu',
		isp: 'no',
	},
	{
		log: 'avrdude -c flip1 -p m32u4 -U flash:w:kb.hex\navrdude error: unable to set memory page: errSTALLEDPKT',
		cause: 'dfu-write-refused',
		family: 'dfu',
		isp: 'maybe',
	},
	{
		log: 'avrdude -c micronucleus -p t85 -U flash:w:kb.hex\navrdude error: unable to transfer page: I/O Error',
		cause: 'usb-transient',
		family: 'micronucleus',
		isp: 'no',
	},
	{
		log: 'avrdude -c micronucleus -p t85 -U flash:w:kb.hex\navrdude error: no device found, waiting for device to be plugged in ...',
		cause: 'not-in-bootloader',
		family: 'micronucleus',
		isp: 'no',
	},
	{
		log: 'avrdude -c micronucleus -p t85 -U flash:w:kb.hex\navrdude error: the reset vector of the user program does not contain a branch instruction',
		cause: 'bad-hex-file',
		family: 'micronucleus',
		isp: 'no',
	},
	{
		log: 'avrdude -c teensy -p m32u4 -U flash:w:kb.hex\navrdude error: found HID device, but hid_open_path() failed',
		cause: 'usb-permission',
		family: 'halfkay',
		isp: 'no',
	},
	{
		log: 'avrdude -c usbasp -p m32u4 -U flash:w:kb.hex\navrdude error: unable to open kb.hex: No such file or directory',
		cause: 'file-not-found',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c usbasp -p m32u4 -U flash:w:kb.elf\navrdude error: section .text [0x0000, 0x9000] does not fit into flash [0, 0x7fff]',
		cause: 'hex-too-large',
		family: 'isp-programmer',
		isp: 'no',
	},
	{
		log: 'avrdude -c usbasp -p m32u4 -U lfuse:w:0x5e:m\navrdude: device signature = 0x1e9587 (probably m32u4)\navrdude error: unable to write lfuse memory, rc=-1',
		cause: 'isp-wiring',
		family: 'isp-programmer',
		isp: 'no',
	},
];
