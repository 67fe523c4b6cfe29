// What a bootloader is to this program: identity, place, entry and known images, with a source. Data only; the
// images themselves are never part of this project, they are fetched or given and checked by `imageSha256`.
import type {BootloaderProtocol} from './client.ts';

/** One published image, recognised by the checksum of its bytes and not of the file's text. */
export type BootloaderImage = {
	/** File name as published. */
	readonly file: string;
	/** Chip ids that it runs on. */
	readonly chips: readonly string[];
	/** GitHub repository `owner/name` and the path in it. */
	readonly repository: string;
	readonly path: string;
	/** A commit that holds the path, where one is recorded; the blob's name below is fixed in any case. */
	readonly commit?: string;
	/** Name of the content in git: `https://api.github.com/repos/<repository>/git/blobs/<gitBlobSha1>`. */
	readonly gitBlobSha1: string;
	/** Size of the file as stored in git, and its line ends there. */
	readonly fileBytes: number;
	readonly lineEnding: 'lf' | 'crlf';
	/** SHA-256 of the file as stored in git, and with the other line ends. */
	readonly fileSha256: string;
	readonly fileSha256OtherLineEnding: string;
	/** SHA-256 of the bytes from the lowest to the highest address, gaps as 0xff. The one to compare. */
	readonly imageSha256: string;
	/** Bytes given by the file. */
	readonly dataBytes: number;
	/** Ranges present, byte addresses, both ends inclusive. */
	readonly ranges: readonly (readonly [number, number])[];
	/** USB device descriptors found inside. */
	readonly usbDescriptors: readonly {
		readonly vendorId: number;
		readonly productId: number;
		readonly bcdDevice: number;
		readonly deviceClass: number;
		readonly bcdUsb: number;
		readonly byteAddress: number;
	}[];
	readonly note?: string;
	/** Where the figures come from. */
	readonly source: string;
};

/**
 * How the loader gets control, which is what the fuses must allow.
 * `reset`: BOOTRST programmed, it runs at every reset. `hwb`: BOOTRST unprogrammed, HWBE programmed and the HWB
 * pin low. `hwb-or-reset`: either way works. `vector`: no boot section, it patches the reset vector.
 */
export type BootloaderEntry = 'reset' | 'hwb' | 'hwb-or-reset' | 'vector';

export type Bootloader = {
	readonly id: string;
	readonly name: string;
	/** How `flash` talks to it; null where no client of ours does. */
	readonly protocol: BootloaderProtocol | null;
	/** USB identity while it runs: whose it is (a chip id or a board's name), vendor, product. */
	readonly usb: readonly {readonly who: string; readonly vendorId: number; readonly productId: number}[];
	/** Device release that tells it from relatives with the same identity. */
	readonly bcdDevice?: number;
	/** Where it lies, per chip; byte addresses. */
	readonly boot: readonly {
		readonly chip: string;
		readonly startByteAddress: number;
		readonly bytes: number;
		readonly note?: string;
	}[];
	readonly entry: BootloaderEntry;
	/** How a person enters it. */
	readonly enter: readonly string[];
	/** The usual other tool that writes through it. */
	readonly flashTool: string;
	readonly windowsDriver?: string;
	/** False where nobody may or can hand out an image (HalfKay) or none is published. */
	readonly imagePublished: boolean;
	/** Where to get it when no published image is known. */
	readonly howToGet?: string;
	/** How to tell it from its relatives. */
	readonly distinguish?: string;
	/** What is known about its fuses beyond fuses/recommendations. */
	readonly fusesNote?: string;
	readonly boards?: string;
	readonly warnings: readonly string[];
	readonly doubtful: readonly string[];
	readonly images: readonly BootloaderImage[];
	/** Images in circulation that must not be written. */
	readonly defectiveImages: readonly {
		readonly file: string;
		readonly range: readonly [number, number];
		readonly dataBytes: number;
		readonly problem: string;
		readonly source: string;
	}[];
	readonly source: string;
};

/** Programmer firmware for a spare board: an application, not a bootloader. */
export type IspFirmware = {
	readonly id: string;
	readonly name: string;
	readonly chip: string;
	/** Board id that it is made for. */
	readonly board: string;
	readonly image: BootloaderImage;
	readonly source: string;
};
