// Foreign words into our errors, once and here: what serialport 13 and usb 3.1 say when something fails.
// Both give text only; which text means what was read in their sources and seen on real systems.
import {UnbrickError} from '../engine/errors.ts';
import {TransferFault} from '../engine/transports.ts';

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

export type OpenContext = {
	/** Node or `vid:pid`, as the person knows it. */
	readonly path: string;
	/** Group that owns the node, where known. */
	readonly group?: string;
};

type OpenFailure = 'missing' | 'denied' | 'busy' | 'no-driver' | 'not-serial';

const openTable: readonly (readonly [RegExp, OpenFailure])[] = [
	// serialport, Linux and macOS: `Error: <strerror>, cannot open <path>`
	[/no such file or directory|no such device|device not configured|no such process/i, 'missing'],
	[/permission denied|operation not permitted|EACCES|EPERM/i, 'denied'],
	[/device or resource busy|resource busy|cannot lock port|temporarily unavailable/i, 'busy'],
	[/inappropriate ioctl|not a typewriter|is a directory/i, 'not-serial'],
	// serialport, Windows: `Opening COM3: File not found` …; "access denied" there means that another program has it
	[/file not found|error code (433|1167)\b|code 433|code 1167/i, 'missing'],
	[/opening com\d+: access denied/i, 'busy'],
	[/error code (31|121)\b/i, 'no-driver'],
	// usb
	[/device not found|not found \(errno 2\)|device disconnected|\(errno 19\)/i, 'missing'],
	[/incompatible driver|failed to initialize winusb/i, 'no-driver'],
	[/interface is busy|\(errno 16\)|exclusive access|already claimed|\(error 5\)|0xe00002c5/i, 'busy'],
	[/\(errno 13\)|\(errno 1\)/i, 'denied'],
];

/** What a failed opening means, or undefined when the words are new to us. */
export function classifyOpen(message: string): OpenFailure | undefined {
	// The one text that two lines fit: on Windows a port that is in use.
	if (/opening com\d+: access denied/i.test(message)) return 'busy';
	return openTable.find(([pattern]) => pattern.test(message))?.[1];
}

/** DeviceMissing, DeviceDenied or DeviceBusy, with the original as cause. Unknown words count as "busy". */
export function openError(error: unknown, {path, group}: OpenContext): UnbrickError {
	if (error instanceof UnbrickError) return error;
	const detail = messageOf(error);
	const options = {cause: error};
	switch (classifyOpen(detail)) {
		case 'missing':
			return new UnbrickError({kind: 'DeviceMissing', what: path}, options);
		case 'not-serial':
			return new UnbrickError({kind: 'DeviceMissing', what: `A serial port at ${path}`}, options);
		case 'denied':
		case 'no-driver':
			return new UnbrickError(
				{kind: 'DeviceDenied', path, detail, ...(group === undefined ? {} : {group})},
				options,
			);
		default:
			return new UnbrickError({kind: 'DeviceBusy', path, detail}, options);
	}
}

/** What a failed transfer means. Control transfers carry long texts, bulk transfers one word. */
export function classifyTransfer(message: string): TransferFault['reason'] {
	if (/stall|\(errno 32\)/i.test(message)) return 'stall';
	if (/cancel|timed? ?out|\(errno 110\)/i.test(message)) return 'timeout';
	if (
		/disconnect|no such device|not open|\(errno 19\)|\(errno 5\)|EIO|ENXIO|EBADF|device not found|gone/i.test(
			message,
		)
	)
		return 'gone';
	return 'io';
}

export function transferFault(error: unknown): TransferFault {
	if (error instanceof TransferFault) return error;
	const message = messageOf(error);
	return new TransferFault(classifyTransfer(message), message, {cause: error});
}
