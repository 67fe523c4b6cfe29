// One line of `avr-unbrick devices`.
import type {Access} from '../transports.ts';

export type DeviceKind = 'programmer' | 'bootloader' | 'serial' | 'unknown';

export type ListedDevice = {
	readonly kind: DeviceKind;
	/** Programmer id, bootloader id, or `serial`. */
	readonly id: string;
	readonly name: string;
	/** `16c0:05dc`; null for a port without USB identity. */
	readonly vidPid: string | null;
	readonly port: string | null;
	/** Key of the USB device for World.openUsb. */
	readonly usbKey: string | null;
	readonly access: Access;
	/** True when the identity fits several things and only a question (sign-on) decides. */
	readonly mustAsk: boolean;
	/** Everything it may be: programmer or bootloader ids. */
	readonly mayBe: readonly string[];
	readonly advice: readonly string[];
};
