// One supply only: is something plugged in that may be the keyboard under repair, fed by its own USB cable? Pure.
import {bootloaders} from '../bootloaders/index.ts';
import {vidPid} from '../programmers/open.ts';
import type {UsbDeviceInfo} from '../transports.ts';

/**
 * Vendor ids that keyboard firmware gives itself without owning them, and QMK's own default.
 * Source: QMK docs, "USB vendor id"; the shared ids are too common among other things to tell anything.
 */
const keyboardVendors: readonly number[] = [0xfeed];
/** What keyboards call themselves. */
const keyboardWords = /keyboard|keypad|macropad|keeb|\bqmk\b|\bvial?\b/i;
/** Boards while they run a sketch, by vendor; products vary. Source: boards.txt of Arduino, SparkFun. */
const boardVendors: readonly number[] = [0x1b4f, 0x2341, 0x2a03, 0x239a, 0x1ffb];

export type SecondSupply = {
	/** As a person knows it: product, or vendor and product. */
	readonly name: string;
	readonly vidPid: string;
	/** `likely`: the bootloader of the chip in hand, or a board of its kind; `possible`: some keyboard. */
	readonly confidence: 'likely' | 'possible';
};

/**
 * Devices on the bus that may be the target, the programmer itself left out; likely ones first. A person's own
 * keyboard is among the possible ones: this asks, it never decides.
 * @param chipId the chip under repair, where known
 * @param programmerKey key of the programmer's own USB device
 */
export function secondSupplies(
	devices: readonly UsbDeviceInfo[],
	chipId?: string,
	programmerKey?: string,
): readonly SecondSupply[] {
	const found: SecondSupply[] = [];
	for (const device of devices) {
		if (device.key === programmerKey) continue;
		const rows = bootloaders.flatMap(({usb}) =>
			usb.filter(row => row.vendorId === device.vendorId && row.productId === device.productId),
		);
		const ofAnother =
			rows.length > 0 && rows.every(({who}) => isChip(who) && chipId !== undefined && who !== chipId);
		const isBoard = boardVendors.includes(device.vendorId);
		const isKeyboard = keyboardVendors.includes(device.vendorId) || keyboardWords.test(device.product ?? '');
		if ((rows.length === 0 && !isBoard && !isKeyboard) || ofAnother) continue;
		found.push({
			name: device.product ?? vidPid(device),
			vidPid: vidPid(device),
			confidence: rows.length > 0 || isBoard ? 'likely' : 'possible',
		});
	}
	return found.sort((a, b) => (a.confidence === b.confidence ? 0 : a.confidence === 'likely' ? -1 : 1));
}

function isChip(who: string): boolean {
	return /^(at(mega|tiny)|at90)/.test(who);
}
