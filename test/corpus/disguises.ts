// The same log in other clothes: what pasting, mailing and terminals do to text. The first cause must survive.

const commandPrompts = [
	'user@machine:~/qmk_firmware$ ls',
	'keyboards  lib  readme.md',
	'user@machine:~/qmk_firmware$',
];

/** Hard wrap, as a terminal of that width does. */
function wrapAt(text: string, columns: number): string {
	return text
		.split('\n')
		.flatMap(line => {
			const parts: string[] = [];
			for (let at = 0; at < line.length || at === 0; at += columns) parts.push(line.slice(at, at + columns));
			return parts;
		})
		.join('\n');
}

export type Disguise = {readonly name: string; readonly apply: (log: string) => string};

export const disguises: readonly Disguise[] = [
	{name: 'CRLF', apply: log => log.replace(/\r?\n/g, '\r\n')},
	{
		name: 'ANSI colours',
		apply: log =>
			log
				.split('\n')
				.map((line, index) => `\u001b[${31 + (index % 6)};1m${line}\u001b[0m\u001b[K`)
				.join('\n'),
	},
	{
		name: 'Toolbox and time prefixes',
		apply: log =>
			log
				.split('\n')
				.map((line, index) => `12:34:${String(index % 60).padStart(2, '0')}.123 >>> ${line}`)
				.join('\n'),
	},
	{
		name: 'quoted in a mail',
		apply: log =>
			log
				.split('\n')
				.map(line => `> > ${line}`)
				.join('\n'),
	},
	{name: 'wrapped at 72', apply: log => wrapAt(log, 72)},
	{
		name: 'upper-cased paths',
		apply: log => log.replace(/(?:[A-Za-z]:)?[\\/](?:[\w.-]+[\\/])+[\w.-]+/g, path => path.toUpperCase()),
	},
	{name: 'attempts doubled', apply: log => `${log}\n${log}`},
	{name: 'prompt lines in front', apply: log => `${commandPrompts.join('\n')}\n${log}`},
	{
		name: 'head cut',
		apply: log => `udeZZ${log.split('\n').length > 30 ? log.split('\n').slice(2).join('\n') : log}`,
	},
	{
		name: 'tail cut',
		apply: log =>
			log.split('\n').length > 30 ? `${log.split('\n').slice(0, -1).join('\n')}\navrd` : `${log}\navrd`,
	},
];
