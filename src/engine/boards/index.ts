// All boards. Data only; one file each.

import {bare16u2} from './bare-16u2.ts';
import {bare32u2} from './bare-32u2.ts';
import {bare32u4} from './bare-32u4.ts';
import {bareUsb162} from './bare-usb162.ts';
import {bareUsb646} from './bare-usb646.ts';
import {bareUsb1286} from './bare-usb1286.ts';
import type {Board} from './board.ts';
import {digispark} from './digispark.ts';
import {discipadRomeo} from './discipad-romeo.ts';
import {discipline} from './discipline.ts';
import {eliteC} from './elite-c.ts';
import {leonardo} from './leonardo.ts';
import {micro} from './micro.ts';
import {nanoNew} from './nano-new.ts';
import {nanoOld} from './nano-old.ts';
import {plaid} from './plaid.ts';
import {proMini3v3} from './pro-mini-3v3.ts';
import {proMini5v} from './pro-mini-5v.ts';
import {promicro3v3} from './promicro-3v3.ts';
import {promicro5v} from './promicro-5v.ts';
import {protonC} from './proton-c.ts';
import {ps2avrgb} from './ps2avrgb.ts';
import {teensy2} from './teensy-2.ts';
import {teensypp2} from './teensypp-2.ts';
import {uno} from './uno.ts';

/** Every board known, keyboards' usual ones first. */
export const boards: readonly Board[] = [
	promicro5v,
	promicro3v3,
	eliteC,
	teensy2,
	teensypp2,
	leonardo,
	micro,
	protonC,
	bare32u4,
	bare32u2,
	bare16u2,
	bareUsb162,
	bareUsb1286,
	bareUsb646,
	ps2avrgb,
	discipline,
	plaid,
	discipadRomeo,
	uno,
	nanoOld,
	nanoNew,
	proMini5v,
	proMini3v3,
	digispark,
];

/** The board of an id (`promicro_5v`), in any case, `-` as good as `_`; undefined when there is none. */
export function findBoard(id: string): Board | undefined {
	const wanted = id.trim().toLowerCase().replaceAll('-', '_');
	return boards.find(board => board.id === wanted);
}
