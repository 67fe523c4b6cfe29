// What a bootloader client offers: writing an application over USB or serial, no ISP.
import type {Cancel} from '../cancel.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {OnProgress} from '../target.ts';

export type BootloaderProtocol =
	| 'atmel-dfu'
	| 'caterina'
	| 'halfkay'
	| 'bootloadhid'
	| 'usbasploader'
	| 'lufa-hid'
	| 'qmk-hid'
	| 'lufa-ms';

export type BootloaderIdentity = {
	readonly protocol: BootloaderProtocol;
	/** Chip id where the protocol or the USB identity tells it. */
	readonly chip?: string;
	readonly signature?: Uint8Array;
	readonly name?: string;
	/** Bytes from 0 that the application may use. */
	readonly applicationBytes?: number;
	readonly pageBytes?: number;
};

/** A bootloader cannot write fuses and never its own section; what it can is declared. */
export type BootloaderClient = {
	readonly protocol: BootloaderProtocol;
	readonly canRead: boolean;
	readonly connect: () => Promise<BootloaderIdentity>;
	/** Erases the application area where the protocol has a separate erase; a no-op elsewhere. */
	readonly erase: (options?: {onProgress?: OnProgress}) => Promise<void>;
	/** Writes the application. Throws OverlapsBootloader, ImageTooLarge before anything is sent. */
	readonly write: (
		image: MemoryImage,
		options?: {onProgress?: OnProgress; cancel?: Cancel},
	) => Promise<{readonly writtenBytes: number}>;
	readonly read?: (
		byteAddress: number,
		bytes: number,
		options?: {onProgress?: OnProgress},
	) => Promise<Uint8Array>;
	/** Starts the application; the device leaves the bus. */
	readonly start: () => Promise<void>;
	/** Never throws. */
	readonly close: () => Promise<void>;
};
