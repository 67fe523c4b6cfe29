// Which item of a list is under the pointer, what the filter leaves, and which part of it is shown. Pure.

export type MenuItem = {
	readonly id: string;
	readonly label: string;
	/** A few words behind the label that are never cut, nor searched: why it stands where it stands. */
	readonly mark?: string;
	/** What choosing it means; shown under the list while the pointer is on it. */
	readonly about?: string;
	/** Glossary word explained by `?` while the pointer is on it. */
	readonly term?: string;
	/** Further words the filter finds it by. */
	readonly also?: string;
};

export type MenuState = {
	/** Null: nothing is preselected, because nothing speaks for one of them. */
	readonly at: string | null;
	readonly filter: string;
};

/** Lists longer than this are filtered by typing. */
export const filterFrom = 8;

/** Items that hold every word of the filter, in order. */
export function visibleItems(items: readonly MenuItem[], filter: string): readonly MenuItem[] {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	if (words.length === 0) return items;
	return items.filter(candidate => {
		const text = `${candidate.label} ${candidate.also ?? ''} ${candidate.id}`.toLowerCase();
		return words.every(word => text.includes(word));
	});
}

/** Moves the pointer; from nowhere Down enters at the top and Up at the bottom. The ends do not wrap. */
export function moveMenu(items: readonly MenuItem[], state: MenuState, by: number): MenuState {
	const shown = visibleItems(items, state.filter);
	if (shown.length === 0) return state;
	const index = shown.findIndex(candidate => candidate.id === state.at);
	const next =
		index === -1 ? (by > 0 ? 0 : shown.length - 1) : Math.max(0, Math.min(shown.length - 1, index + by));
	return {...state, at: shown[next]!.id};
}

/** Changes the filter; the pointer stays on its item while that is shown, else goes to the only one left. */
export function filterMenu(items: readonly MenuItem[], state: MenuState, filter: string): MenuState {
	const shown = visibleItems(items, filter);
	if (shown.some(candidate => candidate.id === state.at)) return {...state, filter};
	return {filter, at: filter !== '' && shown.length > 0 ? shown[0]!.id : null};
}

/** First and one-past-last index of at most `room` items, with the pointer inside. */
export function menuWindow(
	count: number,
	at: number,
	room: number,
): {readonly from: number; readonly to: number} {
	if (count <= room) return {from: 0, to: count};
	const from = Math.max(0, Math.min(count - room, Math.max(0, at) - Math.floor(room / 2)));
	return {from, to: from + room};
}
