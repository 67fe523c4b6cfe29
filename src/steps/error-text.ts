// Errors as lines for a person: what happened, most likely why, what to try next.
import {type AdviceContext, adviseError} from '../engine/advice.ts';
import {UnbrickError} from '../engine/errors.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {messageOf} from './message-of.ts';
import {plainMessage} from './plain-message.ts';

/** At most so many causes and hints are shown; the rest is in the report. */
const mostCauses = 4;

/** Hints that only make sense on a command line name an option; what is typed for the system as it stands is none. */
const namesOption = (text: string) => /(^|\s)--?[a-z]/i.test(text) && !/\bsudo /.test(text);

/**
 * What happened, in the words of the error table; then why and what next.
 * @param after what must be seen without scrolling: stands right under the headline
 * @param context what is known besides: the same error has other causes with another programmer or system
 */
export function errorLines(
	error: unknown,
	view: View,
	after: readonly Line[] = [],
	context: AdviceContext = {},
): readonly Line[] {
	const glyphs = glyphsFor(view);
	if (!(error instanceof UnbrickError)) {
		return [
			item(`${glyphs.failed} `, `A fault of this program, please report it: ${messageOf(error)}`, 'bad'),
			...after,
		];
	}
	const {headline, likely, next} = adviseError(error, context);
	return [
		item(`${glyphs.failed} `, plainMessage(headline), 'bad'),
		...after,
		...causeLines(likely, next, view),
	];
}

/** Causes in the order of likelihood, and what to try. */
export function causeLines(likely: readonly string[], next: readonly string[], view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	const hints = next.filter(text => !namesOption(text)).slice(0, mostCauses);
	return [
		...(likely.length === 0
			? []
			: [
					gap,
					...(likely.length === 1
						? [say('Most likely:', 'strong'), say(likely[0]!)]
						: [
								say('Most likely, in this order:', 'strong'),
								...likely.slice(0, mostCauses).map((text, index) => item(`${index + 1}. `, text)),
							]),
				]),
		...(hints.length === 0
			? []
			: [gap, say('Try this:', 'strong'), ...hints.map(text => item(glyphs.next, text, 'accent'))]),
	];
}
