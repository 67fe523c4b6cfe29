// What a programmer is to this program: identity, limits, who feeds the target, with a source. One file per driver;
// hardware variants and their headers are in wiring/.
import type {LinkCapabilities, ProgrammerId} from '../isp/link.ts';

/** One USB identity under which it is met. */
export type ProgrammerIdentity = {
	readonly vendorId: number;
	readonly productId: number;
	readonly who: string;
	/** True when other things carry the same identity, so that only a question (sign-on) decides. */
	readonly shared?: boolean;
	/** Product string that it must have where the identity is shared by many makers. */
	readonly product?: string;
	/** Model word for the driver, where the identity tells it. */
	readonly model?: 'v3' | 'v4' | 'v5';
};

export type Programmer = {
	readonly id: ProgrammerId;
	readonly name: string;
	/** avrdude's ids for it, the usual one first. */
	readonly avrdudeIds: readonly string[];
	readonly transport: 'usb' | 'serial';
	readonly identities: readonly ProgrammerIdentity[];
	/** Rates to open the port at, in this order; empty for USB. */
	readonly bauds: readonly number[];
	/** True where opening the port resets the programmer itself. */
	readonly opensWithReset: boolean;
	/** Largest flash it reaches by whatever means, bytes; null: no limit among AVRs. */
	readonly largestFlashBytes: number | null;
	readonly sck: {
		/** Slowest and fastest SCK, Hz. */
		readonly slowestHz: number;
		readonly fastestHz: number;
		readonly settable: boolean;
		readonly note: string;
	};
	readonly targetPower: LinkCapabilities['targetPower'];
	readonly powerNote: string;
	readonly measuresVolts: boolean;
	/** A clock it can put out for a target that has none. */
	readonly rescueClock?: string;
	/** Windows driver class that must be there. */
	readonly windowsDriver: 'winusb' | 'usbser' | 'bridge';
	readonly notes: readonly string[];
	readonly source: string;
};
