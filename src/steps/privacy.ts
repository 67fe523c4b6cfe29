// What a pasted log tells about a person (user, machine, folders, files), taken out before a report is pasted elsewhere.

/** Part of a path up to a prompt's end: a word, with "\ " for a space in it. No colon: avrdude puts `:i` behind a file, PATH a whole path. */
const word = String.raw`(?:\\ |(?![$%#](?:\s|$))[^\\/\s'"<>|:*?])+`;
/** Further words of a name with spaces; what begins with `-` is an option. Few, so that long lines stay cheap. */
const further = `(?: +(?!-)${word}){0,4}`;
/** Extensions that help to read a report and tell nothing about a person. */
const extension =
	'(?:hex|bin|elf|eep|uf2|dfu|conf|rc|avrduderc|txt|log|md|json|ya?ml|ini|mk|cpp|c|h|ino|py|sh|exe|zip)';
const home = String.raw`(?:(?:(?<![A-Za-z0-9])(?![rwv]:)[A-Za-z]:)?[\\/]+(?:home|Users)[\\/]+|/(?:run/)?media/)`;
/** A user's name in a path: with spaces only where the path goes on behind it. */
const owner = String.raw`(?:[^\\/\s'"<>|:*?]+${further}(?=[\\/])|[^\\/\s'"<>|:*?]+)`;
const path = String.raw`(?:[\\/]+(?:${word}${further}(?=[\\/])|${word}${further}\.${extension}(?![A-Za-z0-9])|${word})?)*`;
const homePath = new RegExp(
	String.raw`(?:${home}(${owner})|(?<![\w~])~(?=[\\/])|\$HOME(?=[\\/])|%USERPROFILE%(?=[\\/]))(${path})`,
	'gi',
);

/** `anna@annas-macbook ~ % `, `anna@host:~/x$ `, `[anna@host x]$ `, `anna@HOST MINGW64 ~`, after `(venv) ` and the like. */
const prompt =
	/^([ \t]*(?:\([^)\n]{1,40}\) ?)?\[?)([\w.+-]{1,64})@([A-Za-z][\w.-]{0,80})(?:([: ] ?)([^\n%$#>]{1,200}?)(\]? ?[%$#>])(?=[ \t]|$)|(?![\w@]))/gm;
/** `Annas-MacBook:~ anna$ ` of bash on macOS. */
const oldPrompt = /^([\w.-]{1,80}):([^\n:$#]{1,200}) ([\w.-]{1,64})([$#])(?=[ \t]|$)/gm;
/** The machine's name in a line of the system log. */
const logHost =
	/^((?:[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?) )([A-Za-z][\w.-]{0,80})(?= [^\n]*:)/gm;
const variable = /\b((?:USER|USERNAME|LOGNAME|HOSTNAME|COMPUTERNAME)=)([^\s;'"]{1,80})/g;
const mail = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[a-z]{2,}/gi;

/** Names that are no person's: kept elsewhere in the text, where they are words of the trade. */
const anybody = new Set(
	'root user users admin administrator pi home shared public default guest runner test usb avr qmk arduino avrdude isp keyboard linux ubuntu debian fedora arch raspberrypi localhost desktop laptop the and name host mail file'.split(
		' ',
	),
);

/** Names of people and machines in `text`: from home folders, prompts, system logs and variables. */
export function peopleIn(text: string): ReadonlySet<string> {
	const names = new Set<string>();
	const add = (name: string | undefined) => {
		const bare = (name ?? '').replace(/\.(?:local|lan|home|fritz\.box)$/i, '');
		for (const one of [bare, ...bare.split(/[\s.]+/).filter(part => /^[\p{Lu}]/u.test(part))]) {
			if (one.length >= 2 && !/^\d+$/.test(one) && !anybody.has(one.toLowerCase())) names.add(one);
		}
		const [first = ''] = bare.split(/\s/);
		if (first !== bare && first.length >= 2 && !anybody.has(first.toLowerCase())) names.add(first);
	};
	for (const [, name] of text.matchAll(homePath)) add(name);
	for (const [, , user, host] of text.matchAll(prompt)) for (const name of [user, host]) add(name);
	for (const [, host, , user] of text.matchAll(oldPrompt)) for (const name of [user, host]) add(name);
	for (const [, , host] of text.matchAll(logHost)) add(host);
	for (const [, , name] of text.matchAll(variable)) add(name);
	return names;
}

function shortPath(parts: string): string {
	const [slash = ''] = /[\\/]/.exec(parts) ?? [];
	const inside = parts.split(/[\\/]+/).filter(part => part !== '');
	const last = inside.at(-1);
	if (last === undefined) return parts === '' ? '~' : `~${slash}`;
	const [, dotted, behind = ''] = new RegExp(String.raw`(\.${extension})([).,;\]]*)$`, 'i').exec(last) ?? [];
	const folders = inside.length > 1 ? `${slash}…` : '';
	if (dotted === undefined) return `~${slash}…${/[).,;\]]*$/.exec(last)?.[0] ?? ''}`;
	return `~${folders}${slash}${last.startsWith('.avrduderc') ? '' : 'FILE'}${dotted}${behind}`;
}

/** Where a prompt stands: a bare folder name is somebody's own, a path outside the home folder is not. */
function place(where: string): string {
	return /^(?:~|\/)/.test(where) ? where : /^MINGW\d+ /.test(where) ? 'MINGW ~' : '~';
}

/**
 * `text` without user and machine names, without folder and file names under a home folder; a file's extension stays
 * (`~/…/FILE.hex`). Names found in one place are taken out everywhere.
 */
export function withoutPeople(text: string, people: ReadonlySet<string> = peopleIn(text)): string {
	const bare = text
		.replace(
			prompt,
			(_whole, before: string, _user, _host, gap = '', where: string | undefined, end = '') =>
				`${before}USER@HOST${where === undefined ? '' : `${gap}${place(where)}${end}`}`,
		)
		.replace(
			oldPrompt,
			(_whole, _host, where: string, _user, end: string) => `HOST:${place(where)} USER${end}`,
		)
		.replace(logHost, '$1HOST')
		.replace(variable, '$1NAME')
		.replace(mail, 'NAME@MAIL')
		.replace(homePath, (_whole, _owner, parts: string) => shortPath(parts));
	if (people.size === 0) return bare;
	const names = [...people]
		.sort((a, b) => b.length - a.length)
		.map(name => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
	return bare.replace(
		new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${names.join('|')})(?=s?(?![\p{L}\p{N}]))`, 'giu'),
		'NAME',
	);
}
