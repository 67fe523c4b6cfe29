// The three error logs that the project began with, as people find them on their screens.

export const dfuTimeout = `libusb: warning [darwin_transfer_status] transfer error: timed out
dfu.c:844: -ETIMEDOUT: Transfer timed out, NAK 0xffffffc4 (-60)
atmel.c:1627: atmel_flash: flash data dfu_download failed.
atmel.c:1629: Expected message length of 1072, got -60.
atmel.c:1434: Error flashing the block: err -2.
ERROR
Memory write error, use debug for more info.
commands.c:360: Error writing memory data. (err -4)
`;

export const dfuStalled = `dfu.c:844: -EPIPE: a) Babble detect or b) Endpoint stalled 0xffffffe0 (-32)
Device is write protected.
dfu.c:252: dfu_clear_status( 0x7fff4fc2ea80 )
atmel.c:1434: Error flashing the block: err -2.
ERROR
Memory write error, use debug for more info.
commands.c:360: Error writing memory data. (err -4)
`;

export const caterina = `avrdude: butterfly_recv(): programmer is not responding
avrdude: butterfly_recv(): programmer is not responding
avrdude: verification error, first mismatch at byte 0x002a
0x2b != 0x75
avrdude: verification error; content mismatch
avrdude: verification error; content mismatch
`;

/** Each with the family and the sentence that its diagnosis must show. */
export const seedLogs = [
	{name: 'DFU, timed out', log: dfuTimeout, cause: 'dfu-transfer-timeout', says: 'timed out'},
	{name: 'DFU, stalled', log: dfuStalled, cause: 'dfu-write-refused', says: 'refused to write'},
	{name: 'Caterina', log: caterina, cause: 'caterina-verify-mismatch', says: 'read back differs'},
] as const;
