// Shell completion and the manual page, out of the same table as the help (program.ts): nothing is typed twice.
import type {Command} from 'commander';
import {programmerPinouts} from '../../wiring/index.ts';
import {boards} from '../engine/boards/index.ts';
import {bootloaders} from '../engine/bootloaders/index.ts';
import {chips} from '../engine/chips/index.ts';
import {riskNames} from '../engine/errors.ts';
import {programmers} from '../engine/programmers/index.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import type {Output} from './output.ts';
import {version} from './version.ts';

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
type Shell = (typeof shells)[number];

/** `completion SHELL`: a script for the shell to read. */
export async function completionCommand(output: Output, program: Command, shell: string): Promise<ExitCode> {
	const known = shells.find(name => name === shell.toLowerCase());
	if (known === undefined)
		throw new UsageError(`Completion is made for ${shells.join(', ')}, not for "${shell}".`);
	output.print(completionScript(program, known).trimEnd());
	return exitCodes.done;
}

/** `manual`: the page in man's own language; `avr-unbrick manual | man -l -`. */
export async function manualCommand(output: Output, program: Command): Promise<ExitCode> {
	output.print(manualPage(program).trimEnd());
	return exitCodes.done;
}

/** One command with everything that may follow it. */
type Words = {
	readonly name: string;
	readonly about: string;
	readonly options: readonly {
		readonly name: string;
		readonly about: string;
		readonly values: readonly string[];
	}[];
	/** Values of the arguments, where they come from a list. */
	readonly values: readonly string[];
};

const chipNames = () => chips.map(chip => chip.id);
const boardNames = () => boards.map(board => board.id);

/** Values of an option by its long name; empty where anything goes (a file, a number). */
function optionValues(name: string): readonly string[] {
	switch (name) {
		case '--programmer':
			return programmers.map(programmer => programmer.id);
		case '--chip':
			return chipNames();
		case '--board':
			return boardNames();
		case '--accept':
			return riskNames;
		case '--bootloader':
			return bootloaders.map(bootloader => bootloader.id);
		case '--verify':
			return ['full', 'written', 'none'];
		case '--fuses':
			return ['board', 'keep'];
		case '--sck':
			return ['auto'];
		default:
			return [];
	}
}

function argumentValues(command: string): readonly string[] {
	switch (command) {
		case 'wiring':
			return [...programmerPinouts.map(pinout => pinout.id), ...boardNames()];
		case 'chips':
		case 'fuses':
			return chipNames();
		case 'boards':
			return boardNames();
		case 'prepare':
			return ['promicro_isp', 'teensy2_isp'];
		case 'completion':
			return shells;
		default:
			return [];
	}
}

function wordsOf(program: Command): readonly Words[] {
	return program.commands.map(command => ({
		name: command.name(),
		about: command.description(),
		options: command.options.flatMap(option =>
			option.long === undefined || option.long === null
				? []
				: [{name: option.long, about: option.description, values: optionValues(option.long)}],
		),
		values: argumentValues(command.name()),
	}));
}

function completionScript(program: Command, shell: Shell): string {
	const commands = wordsOf(program);
	switch (shell) {
		case 'bash':
			return bashScript(commands);
		case 'zsh':
			// zsh reads bash's completion functions through its own bridge.
			return `#compdef avr-unbrick\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
		case 'fish':
			return fishScript(commands);
		case 'powershell':
			return powershellScript(commands);
	}
}

function bashScript(commands: readonly Words[]): string {
	const valued = new Map(commands.flatMap(({options}) => options).map(({name, values}) => [name, values]));
	const cases = [...valued]
		.filter(([, values]) => values.length > 0)
		.map(
			([name, values]) =>
				`\t\t${name}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$word")); return ;;`,
		);
	const each = commands.map(
		({name, options, values}) =>
			`\t\t${name}) words='${[...options.map(option => option.name), ...values].join(' ')}' ;;`,
	);
	return [
		'_avr_unbrick() {',
		// biome-ignore lint/suspicious/noTemplateCurlyInString: bash's own braces
		'\tlocal word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words',
		'\tcase "$before" in',
		...cases,
		'\tesac',
		// biome-ignore lint/suspicious/noTemplateCurlyInString: bash's own braces
		'\tcase "${COMP_WORDS[1]}" in',
		...each,
		'\tesac',
		'\tif [ "$COMP_CWORD" = 1 ]; then',
		`\t\twords='${[...commands.map(({name}) => name), '--practice', '--version', '--help'].join(' ')}'`,
		'\tfi',
		'\tCOMPREPLY=($(compgen -W "$words" -- "$word"))',
		'}',
		'complete -o default -F _avr_unbrick avr-unbrick',
		'',
	].join('\n');
}

function fishScript(commands: readonly Words[]): string {
	const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
	const names = commands.map(({name}) => name).join(' ');
	const lines = commands.flatMap(({name, about, options, values}) => {
		const inside = `complete -c avr-unbrick -n '__fish_seen_subcommand_from ${name}'`;
		return [
			`complete -c avr-unbrick -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${quoted(about)}`,
			...options.map(
				option =>
					`${inside} -l ${option.name.slice(2)} -d ${quoted(option.about)}${option.values.length === 0 ? '' : ` -x -a ${quoted(option.values.join(' '))}`}`,
			),
			...(values.length === 0 ? [] : [`${inside} -a ${quoted(values.join(' '))}`]),
		];
	});
	return `${lines.join('\n')}\n`;
}

function powershellScript(commands: readonly Words[]): string {
	const list = (words: readonly string[]) => words.map(word => `'${word.replaceAll("'", "''")}'`).join(', ');
	const valued = new Map(commands.flatMap(({options}) => options).map(({name, values}) => [name, values]));
	return [
		'Register-ArgumentCompleter -Native -CommandName avr-unbrick -ScriptBlock {',
		'\tparam($word, $line, $position)',
		'\t$parts = @($line.CommandElements | ForEach-Object { $_.ToString() })',
		'\tif ($word -ne "") { $parts = $parts[0..($parts.Count - 2)] }',
		'\t$commands = @{',
		...commands.map(
			({name, options, values}) =>
				`\t\t'${name}' = @(${list([...options.map(option => option.name), ...values])})`,
		),
		'\t}',
		'\t$values = @{',
		...[...valued]
			.filter(([, values]) => values.length > 0)
			.map(([name, values]) => `\t\t'${name}' = @(${list(values)})`),
		'\t}',
		'\t$last = $parts[-1]',
		'\tif ($values.ContainsKey($last)) { $words = $values[$last] }',
		'\telseif ($parts.Count -gt 1 -and $commands.ContainsKey($parts[1])) { $words = $commands[$parts[1]] }',
		"\telse { $words = @($commands.Keys) + '--practice', '--version', '--help' }",
		'\t$words | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object {',
		"\t\t[System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)",
		'\t}',
		'}',
		'',
	].join('\n');
}

/** The page in the man macros (man-pages(7)). */
function manualPage(program: Command): string {
	const text = (words: string) =>
		words
			.replaceAll('\\', '\\e')
			.replaceAll('-', '\\-')
			.replace(/^([.'])/, '\\&$1');
	const lines = [
		`.TH AVR\\-UNBRICK 1 "" "avr\\-unbrick ${version}"`,
		'.SH NAME',
		'avr\\-unbrick \\- bring a bricked AVR keyboard controller back to life',
		'.SH SYNOPSIS',
		'.B avr\\-unbrick',
		'[\\fIcommand\\fR] [\\fIoptions\\fR]',
		'.SH DESCRIPTION',
		text(program.description()),
		'.SH OPTIONS',
		...program.options.flatMap(option => ['.TP', `\\fB${text(option.flags)}\\fR`, text(option.description)]),
		'.SH COMMANDS',
	];
	for (const command of program.commands) {
		lines.push('.SS', text(`${command.name()} ${command.usage()}`), text(`${command.description()}.`));
		for (const option of command.options) {
			lines.push('.TP', `\\fB${text(option.flags)}\\fR`, text(option.description));
		}
	}
	lines.push(
		'.SH EXIT STATUS',
		...Object.entries({
			0: 'Done.',
			1: "It failed; the chip's state is said.",
			2: 'It cannot run so: usage, a bad or oversized file, several devices that fit, no terminal, an old Node.',
			3: "Refused for the board's safety, or a risk that was not accepted.",
			130: 'Interrupted.',
		}).flatMap(([code, words]) => ['.TP', `\\fB${code}\\fR`, text(words)]),
		'.SH ENVIRONMENT',
		...Object.entries({
			NO_COLOR: 'No colour.',
			INK_SCREEN_READER: 'Screen-reader mode when true.',
			AVR_UNBRICK_STATE: 'Folder of backups, journals and reports.',
			AVR_UNBRICK_CACHE: 'Folder of fetched bootloaders.',
			AVR_UNBRICK_OFFLINE: 'Fetch nothing when set.',
			AVR_UNBRICK_MIRROR: 'Base addresses asked instead of the public ones.',
		}).flatMap(([name, words]) => ['.TP', `\\fB${name}\\fR`, text(words)]),
	);
	return `${lines.join('\n')}\n`;
}
