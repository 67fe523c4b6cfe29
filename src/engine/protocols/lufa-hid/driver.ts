// LUFA's and QMK's HID loader (03eb:2067): HalfKay's report, but every page is erased and written on its own, so
// that pages which are not sent keep their old content. Source: LUFA Bootloaders/HID documentation.
import type {BootloaderClient} from '../../bootloaders/client.ts';
import type {Chip} from '../../chips/chip.ts';
import {UnbrickError} from '../../errors.ts';
import {type HidPipe, TransferFault} from '../../transports.ts';
import {checkApplication, checkReportBytes, pipeFault} from '../client-help.ts';
import {blockReport} from '../halfkay/driver.ts';

/** A page takes about 9 ms inside the request; LUFA's own loader allows 5 s at first. */
const pageTimeoutMs = 5000;
/** Address 0xffff starts the application (LUFA BootloaderHID). */
const startAddress = [0xff, 0xff] as const;

export type LufaHidOptions = {
	readonly chip: Chip;
	readonly bootStart: number;
	readonly protocol: 'lufa-hid' | 'qmk-hid';
};

/** A client for the HID loader. Throws NotAProgrammer when its pages are of another size. It cannot read. Every page below the boot section is sent, blank ones too. */
export function createLufaHid(pipe: HidPipe, {chip, bootStart, protocol}: LufaHidOptions): BootloaderClient {
	const pageBytes = chip.flash.pageBytes;
	const where = 'the HID bootloader';
	return {
		protocol,
		canRead: false,
		async connect() {
			// Its report has the length of a page; which of the chips with such pages it is, it never says.
			checkReportBytes(chip, where, (await pipe.usage?.())?.outputBytes);
			return {
				protocol,
				name: protocol === 'qmk-hid' ? 'QMK HID' : 'LUFA HID',
				applicationBytes: bootStart,
				pageBytes,
			};
		},
		erase: async () => {},
		async write(image, {onProgress, cancel} = {}) {
			checkApplication(image, {chip, bootStart});
			let writtenBytes = 0;
			for (let page = 0; page < bootStart; page += pageBytes) {
				if (cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during: 'write'});
				try {
					await pipe.setReport(
						'output',
						0,
						blockReport(chip, page, image.slice(page, pageBytes)),
						pageTimeoutMs,
					);
				} catch (error) {
					throw pipeFault(error, {where, command: 'write page', timeoutMs: pageTimeoutMs});
				}
				writtenBytes += pageBytes;
				onProgress?.(writtenBytes, bootStart);
			}
			return {writtenBytes};
		},
		async start() {
			const report = new Uint8Array(2 + pageBytes);
			report.set(startAddress);
			try {
				await pipe.setReport('output', 0, report, pageTimeoutMs);
			} catch (error) {
				// It detaches while it answers.
				if (!(error instanceof TransferFault)) throw error;
			}
		},
		close: () => pipe.close(),
	};
}
