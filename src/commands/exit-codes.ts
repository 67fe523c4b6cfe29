// How a command ends, as a number. The meanings are a promise to scripts (README, "Exit codes").
import type {ErrorKind} from '../engine/errors.ts';

export const exitCodes = {done: 0, failed: 1, cannotRun: 2, refused: 3, interrupted: 130} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every error kind with the code it ends in; a kind that is not here does not compile. */
const byKind: Readonly<Record<ErrorKind, ExitCode>> = {
	DeviceMissing: exitCodes.failed,
	DeviceDenied: exitCodes.failed,
	DeviceBusy: exitCodes.failed,
	DeviceGone: exitCodes.failed,
	NoUsbSystem: exitCodes.failed,
	Ambiguous: exitCodes.cannotRun,
	NotAProgrammer: exitCodes.failed,
	Timeout: exitCodes.failed,
	NotInSync: exitCodes.failed,
	BadReply: exitCodes.failed,
	Refused: exitCodes.failed,
	FirmwareTooOld: exitCodes.failed,
	NoTarget: exitCodes.failed,
	UnstableLink: exitCodes.failed,
	WrongSignature: exitCodes.failed,
	NotSaved: exitCodes.failed,
	OtherBoard: exitCodes.refused,
	Locked: exitCodes.refused,
	BadHex: exitCodes.cannotRun,
	ImageTooLarge: exitCodes.cannotRun,
	OverlapsBootloader: exitCodes.cannotRun,
	LosesBootloader: exitCodes.refused,
	VerifyMismatch: exitCodes.failed,
	FuseReadback: exitCodes.failed,
	FuseRefused: exitCodes.refused,
	ConsentMissing: exitCodes.refused,
	Cancelled: exitCodes.interrupted,
	Bug: exitCodes.failed,
};

/** The exit code of an error of ours. */
export function exitCodeOf(kind: ErrorKind): ExitCode {
	return byKind[kind];
}

/** What was typed cannot be run so: one clear sentence, exit 2. */
export class UsageError extends Error {
	constructor(message: string) {
		super(message);
		this.name = 'UsageError';
	}
}
