// What wires and firmware outside the chip take, in milliseconds: one file, each figure with its source. The chip's
// own times (page commit, erase) are `typicalWaits` of its data file, from the datasheet.

/** A low-speed USB transaction (8 bytes at most): about three to a 1 ms frame on usual hosts, one on the oldest. */
export const lowSpeedTransactionMs = 1 / 3;
/** A full-speed bulk packet of 64 bytes, up to 19 to a frame (USB 2.0, table 5-9); a host that asks gets about 8. */
export const fullSpeedPacketMs = 1 / 8;
/** What a USB serial bridge and the system's serial stack add to an answer: 1 ms at best. */
export const serialBridgeMs = 1;
/** FTDI's latency timer as drivers leave it: a short answer waits so long in the bridge (1 ms at its shortest). */
export const ftdiLatencyMs = 16;

/** A low-speed control transfer: setup, data in packets of eight bytes, status. */
export function lowSpeedControlMs(bytes: number): number {
	return (2 + Math.ceil(bytes / 8)) * lowSpeedTransactionMs;
}
/** A full-speed bulk transfer in packets of 64 bytes; an empty one is a packet too. */
export function fullSpeedBulkMs(bytes: number): number {
	return (Math.floor(bytes / 64) + 1) * fullSpeedPacketMs;
}

/** The ArduinoISP sketch 1.18 on 16 MHz, as its source has it and as it was seen to behave. */
export const sketchPace = {
	/** `delay(PROG_FLICKER)` after each page commit. */
	pageCommitMs: 30,
	/** After each EEPROM byte. */
	eepromByteMs: 45,
	/** Entering: 20 ms of discharge, a 100 us pulse, 50 ms before AC 53. */
	dischargeMs: 20,
	resetPulseMs: 0.1,
	resetWaitMs: 50,
	/** Its SPI clock: 16 MHz / 128. */
	sckHz: 125_000,
	/** Function calls round four SPI transfers: 320 cycles, counted on the simulated sketch. */
	instructionOverheadMs: 0.02,
	/** Three LEDs, three flashes each, 30 ms on and 30 ms off, before its loop starts. */
	ledShowMs: 540,
	/** Optiboot waits 1 s for traffic; with its flashes and the LED show, opening was seen to cost about 1.9 s. */
	bootloaderMs: 1360,
	/** What it talks over a UART. */
	baud: 19_200,
} as const;

/** The Teensy core of QMK's images sends a packet that is not full about 3 ms after its last byte. */
export const cdcFlushMs = 3;
/** A full-speed bulk packet of 64 bytes, several to a millisecond. */
export const cdcByteMs = 0.005;

/** USBasp firmware: page commits are polled every 320 us, or waited for in full when the last byte is ff. */
export const usbaspPollMs = 0.32;
export const usbaspBlindWaitMs = 4.8;

/** USBtiny: its delay loop counts the period; the code round it takes about this long a bit, microseconds. */
export const usbtinyBitOverheadUs = 1.5;

/** Bus Pirate: rate of its line. */
export const busPirateBaud = 115_200;
