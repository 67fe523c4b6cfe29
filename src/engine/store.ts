// Where files go that must outlive a power cut. Implemented by src/io (disk) and by tests and the bench (memory).

/** Proof that a file is durably there: given only after fsync and reading it back. */
export type Receipt = {
	readonly path: string;
	readonly bytes: number;
	/** SHA-256 of the content as read back, lower-case hex. */
	readonly sha256: string;
};

/** What becomes of a file that already has the name of a new one. */
export type TakenName = 'replace' | 'new-name' | 'set-aside';

export type Store = {
	/**
	 * Writes `text` to `path` (relative names go into the state folder) atomically, fsyncs, reads it back and
	 * compares. Throws UnbrickError NotSaved when any of that fails: no receipt, no erase.
	 * @param taken what becomes of a file that is there: replaced; or kept, the new one getting another name; or kept
	 * beside under another name, the new one taking its place
	 */
	readonly writeDurably: (path: string, text: string, taken?: TakenName) => Promise<Receipt>;
	/** Undefined when there is no such file. */
	readonly readText: (path: string) => Promise<string | undefined>;
	readonly remove: (path: string) => Promise<void>;
	/** Names in the state folder that start with `prefix`, sorted. */
	readonly list: (prefix: string) => Promise<readonly string[]>;
	/**
	 * Appends one line and fsyncs (the journal).
	 * @param there `must-be`: the file is there with its first line, or it is an error (NotSaved); made otherwise
	 */
	readonly appendLine: (path: string, line: string, there?: 'must-be') => Promise<void>;
	/**
	 * Marks a file as in use by this running program until the returned function is called or the program ends.
	 * Throws UnbrickError DeviceBusy while another one holds it. Absent where only one program can be.
	 */
	readonly hold?: (path: string) => Promise<() => Promise<void>>;
	/** True while another running program holds it. */
	readonly isHeld?: (path: string) => Promise<boolean>;
	/** Wall time for file names and reports, ISO 8601, UTC. */
	readonly nowIso: () => string;
};
