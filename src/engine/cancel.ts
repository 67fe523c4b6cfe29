// The wish to stop. Asked for between units of work (a page, a fuse byte), never in the middle of one.

/** A request to stop that a procedure looks at where stopping is safe. */
export type Cancel = {
	readonly requested: boolean;
	/** Calls `listener` once when stopping is asked for (at once if it already was). Returns an unsubscribe. */
	readonly onRequest: (listener: () => void) => () => void;
};

/** A Cancel and the function that triggers it. */
export function createCancel(): {readonly cancel: Cancel; readonly request: () => void} {
	let requested = false;
	const listeners = new Set<() => void>();
	return {
		cancel: {
			get requested() {
				return requested;
			},
			onRequest(listener) {
				if (requested) {
					listener();
					return () => {};
				}
				listeners.add(listener);
				return () => {
					listeners.delete(listener);
				};
			},
		},
		request() {
			if (requested) return;
			requested = true;
			for (const listener of listeners) listener();
			listeners.clear();
		},
	};
}

/** A Cancel that never asks to stop. */
export const neverCancel: Cancel = {requested: false, onRequest: () => () => {}};
