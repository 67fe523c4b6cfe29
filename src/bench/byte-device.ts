// What stands at the far end of a serial line. Times are handed in, so that the same device serves virtual time
// (the practice bench) and real time (a pty).

export type ByteDevice = {
	/** The host opened the port. On a UART bridge that pulses the board's reset. */
	readonly open: (atMs: number, baud: number) => void;
	readonly close: (atMs: number) => void;
	/** Its own supply went and came back: everything it remembered is gone. */
	readonly powerCycle: (atMs: number) => void;
	/** The host starts sending these bytes at `atMs`. */
	readonly receive: (data: Uint8Array, atMs: number) => void;
	/** How long the line is busy with so many bytes. */
	readonly wireMs: (bytes: number) => number;
	/** Runs the device up to `untilMs`, or until an answer is there: when its first unread byte arrives. */
	readonly nextReplyMs: (untilMs: number) => number | undefined;
	/** How far its own time has run: later than the host's while it works. */
	readonly busyUntilMs: () => number;
	/** Takes what has arrived by `atMs`, at most `maxBytes`. */
	readonly take: (maxBytes: number, atMs: number) => Uint8Array;
};
