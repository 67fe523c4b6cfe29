// Progress callbacks as events of an async generator.

/**
 * Runs `work` and yields what it emits, in order, as it comes; returns its result. When the consumer stops early,
 * `onAbandoned` is called and the work is still waited for: nothing goes on behind anybody's back.
 */
export async function* streaming<E, T>(
	work: (emit: (event: E) => void) => Promise<T>,
	onAbandoned: () => void = () => {},
): AsyncGenerator<E, T> {
	const queue: E[] = [];
	let wake = () => {};
	let done = false;
	const result = work(event => {
		queue.push(event);
		wake();
	});
	const settled = result.then(
		() => {},
		() => {},
	);
	void settled.then(() => {
		done = true;
		wake();
	});
	try {
		for (;;) {
			for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event;
			if (done) return await result;
			await new Promise<void>(resolve => {
				wake = resolve;
			});
		}
	} finally {
		if (!done) onAbandoned();
		await settled;
	}
}
