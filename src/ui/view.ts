// What a screen may know about the terminal it is drawn on.

export type View = {
	/** Terminal size in cells. */
	readonly columns: number;
	readonly rows: number;
	/** False: only ASCII is drawn (`TERM=linux`, no UTF-8 locale, or asked for). */
	readonly unicode: boolean;
	/** True: no drawings, no moving parts; everything is said in sentences. */
	readonly screenReader: boolean;
	/** True: nothing is dimmed (`AVR_UNBRICK_CONTRAST=high`). */
	readonly highContrast?: boolean;
};

/** Widest text column; longer lines are hard to follow. */
const widestText = 92;

/** Cells that text may take: one cell of margin on the left, one free on the right. */
export function textColumns(view: View): number {
	return Math.max(20, Math.min(view.columns - 2, widestText));
}

/**
 * Whether the terminal shows more than ASCII, from its environment: the locale names UTF-8 (or the system is
 * Windows or macOS, whose terminals do), and it is not the Linux text console.
 */
export function guessUnicode(env: Readonly<Record<string, string | undefined>>, platform: string): boolean {
	if (env.AVR_UNBRICK_ASCII !== undefined && env.AVR_UNBRICK_ASCII !== '') return false;
	if (env.TERM === 'linux' || env.TERM === 'dumb') return false;
	if (platform === 'win32' || platform === 'darwin') return true;
	const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
	return /utf-?8/i.test(locale);
}
