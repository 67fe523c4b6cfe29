// LUFA's mass-storage bootloader as the file that a system makes of it: FLASH.BIN over the whole application area,
// live block by block.
import {stalled} from '../usb-model.ts';
import {type LoaderHost, requestMs, spmMs} from './loader.ts';
import type {UsbFunction} from './usb-function.ts';

export function createLufaMsModel(host: LoaderHost): UsbFunction {
	const {chip, program, start: bootStart} = host;
	const pageBytes = chip.chip.flash.pageBytes;
	return {
		identity: {
			vendorId: program.vendorId,
			productId: program.productId,
			release: program.release,
			manufacturer: 'LUFA',
			product: 'Mass Storage Bootloader',
			speed: 'full',
			shape: 'storage',
			deviceClass: [0, 0, 0],
		},
		control: (_setup, _data, atMs) => stalled(atMs + requestMs),
		file: {
			bytes: bootStart,
			read: () => chip.self.flash(0, bootStart),
			overwrite(data, atMs) {
				let ms = atMs;
				for (let page = 0; page < Math.min(data.length, bootStart); page += pageBytes) {
					const buffer = new Uint8Array(pageBytes).fill(0xff);
					buffer.set(data.subarray(page, page + pageBytes));
					host.erasePage(page, ms);
					host.writePage(page, buffer, ms + spmMs);
					ms += 2 * spmMs;
				}
				return ms;
			},
			eject: atMs => host.leave(atMs + 250),
		},
	};
}
