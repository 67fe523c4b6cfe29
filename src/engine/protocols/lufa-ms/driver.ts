// LUFA's and QMK's mass-storage loader (03eb:2045): the flash is a file on a drive, FLASH.BIN, overwritten in place.
// Source: LUFA Bootloaders/MassStorage documentation.
import type {BootloaderClient} from '../../bootloaders/client.ts';
import type {Chip} from '../../chips/chip.ts';
import {UnbrickError} from '../../errors.ts';
import {checkApplication, pipeFault} from '../client-help.ts';

/** FLASH.BIN on the mounted drive. Opened for writing in place, never truncated: the loader maps by cluster. */
export type FlashFile = {
	readonly path: string;
	readonly sizeBytes: number;
	readonly read: () => Promise<Uint8Array>;
	/** What is read after a write comes out of the system's cache and proves nothing. */
	readonly readsCache?: boolean;
	/** Writes the whole file from its start in one pass and flushes it to the drive. */
	readonly overwrite: (data: Uint8Array) => Promise<void>;
	/** Unmounts or ejects where the system lets us; otherwise the person does. */
	readonly eject: () => Promise<void>;
};

export type LufaMsOptions = {readonly chip: Chip; readonly bootStart: number};

/** A write that takes longer is the system's affair; only named in the error. */
const driveTimeoutMs = 30_000;

/** A client for the drive behind `file`. Throws NotAProgrammer, DeviceGone, BadReply, and before anything is sent ImageTooLarge, OverlapsBootloader. */
export function createLufaMs(file: FlashFile, {chip, bootStart}: LufaMsOptions): BootloaderClient {
	const guarded = async <T>(command: string, work: Promise<T>): Promise<T> => {
		try {
			return await work;
		} catch (error) {
			throw pipeFault(error, {where: file.path, command, timeoutMs: driveTimeoutMs});
		}
	};
	const read = async (byteAddress: number, bytes: number): Promise<Uint8Array> => {
		const all = await guarded('read FLASH.BIN', file.read());
		if (all.length < byteAddress + bytes) {
			throw new UnbrickError({
				kind: 'BadReply',
				command: 'read FLASH.BIN',
				expected: `${byteAddress + bytes} bytes`,
				got: all.slice(0, 16),
			});
		}
		return all.slice(byteAddress, byteAddress + bytes);
	};
	return {
		protocol: 'lufa-ms',
		canRead: file.readsCache !== true,
		async connect() {
			if (file.sizeBytes < 1 || file.sizeBytes > bootStart) {
				throw new UnbrickError({
					kind: 'NotAProgrammer',
					expected: `a FLASH.BIN of at most ${bootStart} bytes`,
					got: `${file.path} with ${file.sizeBytes} bytes`,
				});
			}
			return {
				protocol: 'lufa-ms',
				chip: chip.id,
				name: 'LUFA mass storage',
				applicationBytes: file.sizeBytes,
				pageBytes: chip.flash.pageBytes,
			};
		},
		// Blocks are erased as they are overwritten.
		erase: async () => {},
		async write(image, {onProgress} = {}) {
			checkApplication(image, {chip, bootStart: Math.min(bootStart, file.sizeBytes)});
			await guarded('write FLASH.BIN', file.overwrite(image.slice(0, file.sizeBytes)));
			onProgress?.(file.sizeBytes, file.sizeBytes);
			return {writtenBytes: file.sizeBytes};
		},
		...(file.readsCache === true ? {} : {read}),
		start: () => guarded('eject', file.eject()),
		close: async () => {},
	};
}
