// What the wires outside the chip take, in milliseconds: one file, each figure with its source.

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
