// The way back: the backup of the recovery as answers, so that it goes through the same review and the same work.

import {parseBackup} from '../engine/image/backup-file.ts';
import {imageSha256} from '../engine/image/digest.ts';
import {createImage} from '../engine/image/memory-image.ts';
import type {Store} from '../engine/store.ts';
import {printable} from '../ui/text.ts';
import type {Undo} from './step.ts';

/**
 * Reads a backup and checks it.
 * @throws UnbrickError BadHex for a damaged file; Error for one that is gone
 */
export async function undoFrom(store: Store, path: string): Promise<Undo> {
	const text = await store.readText(path);
	if (text === undefined) throw new Error(`The backup ${printable(path)} is not there any more.`);
	const restore = parseBackup(text, path);
	const {flash, fuses} = restore;
	const image = flash === null ? undefined : createImage([{byteAddress: 0, data: flash}]);
	const sha256 = image === undefined ? undefined : imageSha256(image);
	return {
		image: {
			name: 'the backup',
			restore,
			...(image === undefined ? {} : {image}),
			...(sha256 === undefined ? {} : {sha256}),
		},
		fuses: {fuses, name: 'those of the backup', accepted: []},
	};
}
