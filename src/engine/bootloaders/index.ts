// All bootloaders and ISP firmwares. Data only; one file each.

import {atmegaboot} from './atmegaboot.ts';
import {atmelDfu} from './atmel-dfu.ts';
import type {Bootloader, BootloaderImage, IspFirmware} from './bootloader.ts';
import {bootloadhid} from './bootloadhid.ts';
import {caterina} from './caterina.ts';
import {halfkay} from './halfkay.ts';
import {lufaDfu} from './lufa-dfu.ts';
import {lufaHid} from './lufa-hid.ts';
import {lufaMs} from './lufa-ms.ts';
import {micronucleus} from './micronucleus.ts';
import {nanoboot} from './nanoboot.ts';
import {optiboot} from './optiboot.ts';
import {promicroIsp} from './promicro-isp.ts';
import {qmkDfu} from './qmk-dfu.ts';
import {qmkHid} from './qmk-hid.ts';
import {stk500v2} from './stk500v2.ts';
import {teensy2Isp} from './teensy2-isp.ts';
import {usbasploader} from './usbasploader.ts';

/** Every bootloader known. */
export const bootloaders: readonly Bootloader[] = [
	atmelDfu,
	lufaDfu,
	qmkDfu,
	caterina,
	halfkay,
	bootloadhid,
	usbasploader,
	lufaMs,
	qmkHid,
	nanoboot,
	micronucleus,
	lufaHid,
	optiboot,
	atmegaboot,
	stk500v2,
];

/** Firmware that turns a spare board into an ISP programmer. */
export const ispFirmwares: readonly IspFirmware[] = [promicroIsp, teensy2Isp];

/** The bootloader of an id, in any case; undefined when there is none. */
export function findBootloader(id: string): Bootloader | undefined {
	const wanted = id.trim().toLowerCase();
	return bootloaders.find(bootloader => bootloader.id === wanted);
}

/** The ISP firmware of an id (`promicro_isp`, `teensy2_isp`); undefined when there is none. */
export function findIspFirmware(id: string): IspFirmware | undefined {
	const wanted = id.trim().toLowerCase();
	return ispFirmwares.find(firmware => firmware.id === wanted);
}

/** Every known image with what it belongs to: a bootloader's id or an ISP firmware's. */
export const knownImages: readonly {readonly id: string; readonly image: BootloaderImage}[] = [
	...bootloaders.flatMap(({id, images}) => images.map(image => ({id, image}))),
	...ispFirmwares.map(({id, image}) => ({id, image})),
];
