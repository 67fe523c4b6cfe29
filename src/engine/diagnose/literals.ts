// Finds many literals in one pass over a text (Aho and Corasick, Communications of the ACM 18, 1975), so that the
// number of known messages does not count in the time a megabyte takes.

export type LiteralFinder = {
	/**
	 * @param lower text in lower case
	 * @returns per literal the offsets at which it begins, ascending: the first and the last ones where there are many
	 */
	readonly find: (lower: string) => ReadonlyMap<string, readonly number[]>;
};

/** Offsets kept per literal from the front and from the back; a log that repeats one more often proves no more. */
const FIRST_OFFSETS = 120;
const LAST_OFFSETS = 120;

/** Builds the automaton once; literals must be non-empty and in lower case. */
export function createLiteralFinder(literals: readonly string[]): LiteralFinder {
	const unique = [...new Set(literals)];
	// Characters that no literal holds share class 0, which leads back to the root.
	const classes = new Uint8Array(0x10000);
	let classCount = 1;
	for (const literal of unique) {
		for (let at = 0; at < literal.length; at += 1) {
			const code = literal.charCodeAt(at);
			if (classes[code] === 0) {
				classes[code] = classCount;
				classCount += 1;
			}
		}
	}
	const nodes = unique.reduce((sum, literal) => sum + literal.length, 1);
	const go = new Int32Array(nodes * classCount);
	const ends: number[][] = [[]];
	let nodeCount = 1;
	unique.forEach((literal, index) => {
		let node = 0;
		for (let at = 0; at < literal.length; at += 1) {
			const edge = node * classCount + classes[literal.charCodeAt(at)]!;
			if (go[edge] === 0) {
				go[edge] = nodeCount;
				ends.push([]);
				nodeCount += 1;
			}
			node = go[edge]!;
		}
		ends[node]!.push(index);
	});
	// Breadth first: where a node has no edge it goes on as the longest suffix it shares with another literal.
	const fail = new Int32Array(nodeCount);
	const queue: number[] = [];
	for (let edge = 1; edge < classCount; edge += 1) {
		const child = go[edge]!;
		if (child !== 0) queue.push(child);
	}
	for (let head = 0; head < queue.length; head += 1) {
		const node = queue[head]!;
		const back = fail[node]!;
		ends[node]!.push(...ends[back]!);
		for (let edge = 1; edge < classCount; edge += 1) {
			const child = go[node * classCount + edge]!;
			const viaBack = go[back * classCount + edge]!;
			if (child === 0) go[node * classCount + edge] = viaBack;
			else {
				fail[child] = viaBack;
				queue.push(child);
			}
		}
	}
	const hasEnd = Uint8Array.from(ends, list => (list.length > 0 ? 1 : 0));

	return {
		find(lower) {
			const first: number[][] = unique.map(() => []);
			const last: number[][] = unique.map(() => []);
			let node = 0;
			for (let at = 0; at < lower.length; at += 1) {
				node = go[node * classCount + classes[lower.charCodeAt(at)]!]!;
				if (hasEnd[node] === 0) continue;
				for (const index of ends[node]!) {
					const offset = at + 1 - unique[index]!.length;
					const front = first[index]!;
					if (front.length < FIRST_OFFSETS) {
						front.push(offset);
						continue;
					}
					const back = last[index]!;
					back.push(offset);
					if (back.length >= 4 * LAST_OFFSETS) back.splice(0, back.length - LAST_OFFSETS);
				}
			}
			const found = new Map<string, readonly number[]>();
			unique.forEach((literal, index) => {
				const front = first[index]!;
				if (front.length > 0) found.set(literal, [...front, ...last[index]!.slice(-LAST_OFFSETS)]);
			});
			return found;
		},
	};
}
