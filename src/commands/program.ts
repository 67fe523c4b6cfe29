// The command line as one table: names, words and options. Help, completion and the manual page come from it.
// Every action loads its own file, so that `chips` never pays for USB and the wizard never for the chips' prose.
import {Command, CommanderError, Option} from 'commander';
import {printable, printableLines} from '../engine/printable.ts';
import {type ExitCode, exitCodeOf, exitCodes, UsageError} from './exit-codes.ts';
import type {
	BackupOptions,
	BoardsOptions,
	DevicesOptions,
	FlashOptions,
	FusesOptions,
	HardwareOptions,
	InspectOptions,
	MergeOptions,
	PrepareOptions,
	RecoverOptions,
	RestoreOptions,
	WiringOptions,
} from './options.ts';
import {createOutput, keepGoingUnheard, type Output, tellLostWords} from './output.ts';
import {version} from './version.ts';

type Finish = (code: ExitCode) => void;

/**
 * Runs one command line.
 * @param args what follows the program's name
 * @returns the exit code; never throws for what a person can do about it
 */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
	keepGoingUnheard();
	const code = await codeOf(args);
	const told = !(await tellLostWords());
	// Of what was done the code says it all; words that are all there is were not given.
	return told || code !== exitCodes.done || doers.has(args[0] ?? '') ? code : exitCodes.failed;
}

/** Commands that do more than say something. */
const doers: ReadonlySet<string> = new Set(['recover', 'restore', 'backup', 'prepare', 'flash', 'merge']);

async function codeOf(args: readonly string[]): Promise<ExitCode> {
	let code: ExitCode = exitCodes.done;
	const program = createProgram(ended => {
		code = ended;
	});
	try {
		await program.parseAsync([...args], {from: 'user'});
		return code;
	} catch (error) {
		if (error instanceof CommanderError) {
			return error.exitCode === 0 ? exitCodes.done : exitCodes.cannotRun;
		}
		return complainOf(error);
	}
}

/** A script that reads events waits for a result, whatever went wrong. */
async function endInResult(output: Output, error: unknown): Promise<void> {
	if (!output.json || error instanceof UsageError || error instanceof CommanderError) return;
	const {exitCodeOfResult, failureOf} = await import('./events.ts');
	const result = failureOf(error);
	if (exitCodeOfResult(result) !== exitCodes.cannotRun) output.event(result);
}

/** The sentence and the exit code of something thrown out of a command. */
async function complainOf(error: unknown): Promise<ExitCode> {
	if (error instanceof UsageError) {
		process.stderr.write(`${printable(error.message)}\n`);
		return exitCodes.cannotRun;
	}
	const {UnbrickError} = await import('../engine/errors.ts');
	if (error instanceof UnbrickError) {
		process.stderr.write(`${printable(error.message)} (${error.kind})\n`);
		return exitCodeOf(error.kind);
	}
	const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
	process.stderr.write(`A fault of this program, please report it:\n${printableLines(stack)}\n`);
	return exitCodes.failed;
}

/** The program with all its commands; `finish` is told the exit code of the command that ran. */
export function createProgram(finish: Finish): Command {
	const act =
		<Rest extends readonly unknown[]>(
			run: (output: Output, ...rest: Rest) => Promise<ExitCode>,
		): ((...rest: [...Rest, ...unknown[]]) => Promise<void>) =>
		async (...rest) => {
			// commander hands over the arguments, then the options, then the command itself.
			const command = rest.at(-1) as Command;
			const output = createOutput({json: command.opts<{json?: boolean}>().json});
			try {
				finish(await run(output, ...(rest.slice(0, -1) as unknown as Rest)));
			} catch (error) {
				await endInResult(output, error);
				throw error;
			}
		};

	const program = new Command('avr-unbrick')
		.description(
			'Brings a bricked AVR keyboard controller back to life over ISP. Without a command: the wizard, step by step.',
		)
		.version(version, '-V, --version', 'print the version')
		.helpOption('-h, --help', 'print this help')
		.helpCommand('help [command]', 'print the help of a command')
		.option('--practice [scenario]', 'the wizard on the practice bench, without any hardware')
		.option('--plain', 'the wizard as a dialogue, line by line: for serial consoles and old terminals')
		.exitOverride()
		.configureOutput({
			outputError: (text, write) => write(printableLines(sentence(text))),
		})
		.showSuggestionAfterError(true)
		.allowExcessArguments(true)
		.allowUnknownOption(true)
		.addHelpText(
			'after',
			"\nExit codes: 0 done, 1 it failed (the chip's state is said), 2 it cannot run so, 3 refused for the\nboard's safety or a risk not accepted, 130 interrupted.",
		);

	program.action(async (options: {practice?: string | true; plain?: boolean}, command: Command) => {
		const stray = command.args[0];
		if (stray !== undefined) {
			const {didYouMean} = await import('./parse.ts');
			const names = stray.startsWith('-')
				? command.options.flatMap(option => (option.long ? [option.long] : []))
				: command.commands.map(known => known.name());
			const kind = stray.startsWith('-') ? 'option' : 'command';
			const hint = didYouMean(stray, names, ' "avr-unbrick --help" lists what there is.');
			throw new UsageError(`There is no ${kind} "${stray}".${hint}`);
		}
		const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;
		const scenario = options.practice === true ? 'healthy' : options.practice;
		if (options.plain === true) {
			const {plainWizard} = await import('./wizard.ts');
			finish(await plainWizard(scenario));
			return;
		}
		if (scenario !== undefined) {
			const {practice} = await import('./hardware-commands.ts');
			finish(await practice(createOutput({}), scenario, interactive));
			return;
		}
		if (!interactive) {
			throw new UsageError(
				'The wizard needs a terminal to draw on; without one use a command ("avr-unbrick --help" lists them) or --practice.',
			);
		}
		const {wizard} = await import('./wizard.ts');
		finish(await wizard());
	});

	/** A subcommand that inherits how errors are said. */
	const command = (usage: string, description: string): Command =>
		program.command(usage).description(description).allowExcessArguments(false).allowUnknownOption(false);

	command('diagnose', 'read a log and name what went wrong')
		.argument('[file]', 'the log; stdin without it')
		.addOption(json())
		.action(
			act<[string | undefined, {json?: boolean}]>(async (output, file) =>
				(await import('./data-commands.ts')).diagnoseCommand(output, file),
			),
		);

	command('devices', 'programmers, bootloaders and serial ports that are plugged in, and may they be opened')
		.option('--udev', "print the udev rules file for this program's devices (Linux)")
		.option('--borrow', 'no programmer at hand: what else can be one, and what that costs')
		.option('--avrdude', 'list what an installed avrdude drives (--programmer avrdude:NAME)')
		.addOption(json())
		.action(
			act<[DevicesOptions]>(async (output, options) =>
				(await import('./hardware-commands.ts')).devicesCommand(output, options),
			),
		);

	command('wiring', 'what to connect to what, with the traps')
		.argument('<programmer>', 'programmer id: usbasp, promicro_isp, teensy2_isp, arduino-isp …')
		.argument('<board>', 'board id, or a chip for a bare package')
		.option('--package <name>', 'which package of a bare chip')
		.option('--svg <file>', 'write the same picture for print')
		.option('--linear', 'one sentence a wire, for screen readers')
		.addOption(json())
		.action(
			act<[string, string, WiringOptions]>(async (output, programmer, board, options) =>
				(await import('./data-commands.ts')).wiringCommand(output, programmer, board, options),
			),
		);

	command('chips', "the chips known, or one chip's memory, fuses and pins")
		.argument('[chip]')
		.addOption(json())
		.action(
			act<[string | undefined]>(async (output, chip) =>
				(await import('./data-commands.ts')).chipsCommand(output, chip),
			),
		);

	command('boards', 'the boards known, their chip, clock, bootloaders and fuses')
		.argument('[board]')
		.option(
			'--qmk <keyboard>',
			"which board it is by QMK: a keyboard's name, its rules.mk, info.json or keyboard.json, or their folder",
		)
		.addOption(json())
		.action(
			act<[string | undefined, BoardsOptions]>(async (output, board, options) =>
				(await import('./data-commands.ts')).boardsCommand(output, board, options),
			),
		);

	command('fuses', 'decode and judge fuse bytes')
		.argument('<chip>')
		.argument('<low>')
		.argument('[high]')
		.argument('[extended]')
		.option('--board <board>', "add what this board's clock and bootloader demand")
		.option('--from <L,H,E>', 'judge the change from these bytes instead of all bits as new')
		.addOption(json())
		.action(
			act<[string, string, string | undefined, string | undefined, FusesOptions]>(
				async (output, chip, low, high, extended, options) =>
					(await import('./data-commands.ts')).fusesCommand(
						output,
						chip,
						[low, high, extended].filter(byte => byte !== undefined),
						options,
					),
			),
		);

	command('inspect', 'what a hex file is')
		.argument('<file>')
		.option('--chip <chip>', 'the chip it is meant for')
		.addOption(json())
		.action(
			act<[string, InspectOptions]>(async (output, file, options) =>
				(await import('./data-commands.ts')).inspectCommand(output, file, options),
			),
		);

	command('merge', 'one production image out of an application and a bootloader')
		.argument('<app>')
		.argument('<bootloader>')
		.requiredOption('--chip <chip>', 'the chip it is meant for')
		.requiredOption('-o, --output <file>', 'where the merged image goes')
		.addOption(json())
		.action(
			act<[string, string, MergeOptions]>(async (output, app, bootloader, options) =>
				(await import('./data-commands.ts')).mergeCommand(output, app, bootloader, options),
			),
		);

	hardware(
		command(
			'probe',
			'signature, fuses and lock bits of the wired target; the likely fault when there is none',
		),
	).action(
		act<[HardwareOptions]>(async (output, options) =>
			(await import('./hardware-commands.ts')).probeCommand(output, options),
		),
	);

	hardware(command('backup', 'everything readable of the target, into a file'))
		.requiredOption('-o, --output <file>', 'where the backup goes')
		.action(
			act<[BackupOptions]>(async (output, options) =>
				(await import('./hardware-commands.ts')).backupCommand(output, options),
			),
		);

	consent(hardware(command('restore', 'a backup back onto the chip it came from').argument('<file>'))).action(
		act<[string, RestoreOptions]>(async (output, file, options) =>
			(await import('./hardware-commands.ts')).restoreCommand(output, file, options),
		),
	);

	consent(
		hardware(command('recover', 'backup, erase, write, verify, fuses, lock bits, in that order'))
			.option('--hex <file>', 'the image to write')
			.option('--bootloader <id>', 'a bootloader of the catalogue instead of a file')
			.option('--app <file>', 'an application to merge with it')
			.option(
				'--fuses <L,H,E|board|keep>',
				'fuse bytes, those of the board, or as they are (keep without it)',
			)
			.option('--lock <byte>', 'lock byte to write at the end')
			.option('--backup <file|none>', 'where the backup goes (a new file in the state folder without it)')
			.option('--no-erase', 'write without a chip erase')
			.option('--verify <full|written|none>', 'what to read back (written without it)')
			.option(
				'--resume [journal]',
				'go on with a recovery that was interrupted, the latest or the one with this id (or its beginning), once the chip has proven to be the same; where nothing proves it, --accept same-board is your word, and what is on the chip is kept in a fresh backup first; --accept backup-lost goes on without the EEPROM of a backup that is gone',
			)
			.option(
				'--forget [journal]',
				'forget interrupted recoveries (the one with this id, those of --chip or --board, or all); their backups stay',
			)
			.option('--save-recipe <file>', 'write this recovery down as a recipe, touch nothing')
			.option('--recipe <file>', 'do what a recipe says')
			.option('--repeat', 'with --recipe: board after board, until one is unlike the others'),
	).action(
		act<[RecoverOptions]>(async (output, options) =>
			(await import('./hardware-commands.ts')).recoverCommand(output, options),
		),
	);

	hardware(
		command('prepare', 'turn a spare board into a programmer').argument(
			'<board>',
			'promicro_isp or teensy2_isp',
		),
	)
		.option('--firmware <file>', "the ISP firmware, instead of the catalogue's")
		.option('--yes', 'ask nothing')
		.action(
			act<[string, PrepareOptions]>(async (output, board, options) =>
				(await import('./hardware-commands.ts')).prepareCommand(output, board, options),
			),
		);

	hardware(command('flash', "write an application through the board's bootloader").argument('<file>'))
		.option(
			'--bootloader <name>',
			'atmel-dfu, caterina, halfkay, bootloadhid, usbasploader, lufa-hid, qmk-hid or lufa-ms; must be named on a bare port',
		)
		.option('--no-touch', 'do not touch a sketch port at 1200 baud first')
		.option('--no-start', 'do not start the application at the end')
		.action(
			act<[string, FlashOptions]>(async (output, file, options) =>
				(await import('./hardware-commands.ts')).flashCommand(output, file, options),
			),
		);

	command('completion', 'a completion script for bash, zsh, fish or powershell')
		.argument('<shell>')
		.action(
			act<[string]>(async (output, shell) =>
				(await import('./completion.ts')).completionCommand(output, program, shell),
			),
		);

	command('manual', 'the manual page, for man: avr-unbrick manual | man -l -').action(
		act<[]>(async output => (await import('./completion.ts')).manualCommand(output, program)),
	);

	return program;
}

function json(): Option {
	return new Option('--json', 'JSON on stdout, words for people on stderr');
}

function hardware(command: Command): Command {
	return command
		.option('--programmer <id>', 'usbasp, usbtiny, avrisp, arduino-isp, buspirate or avrispmkii')
		.option('--port <path>', 'serial port of the programmer')
		.option('--usb <vid:pid[@bus-port]>', 'USB device of the programmer')
		.option('--baud <n>', 'speed of the serial port')
		.option('--chip <chip>', 'the chip that must answer')
		.option('--board <board>', 'the board it sits on')
		.option('--sck <hz|auto>', 'ISP clock', 'auto')
		.option(
			'--power-target',
			"switch the programmer's supply on: your word that nothing else feeds the board",
		)
		.option('--open-drain', 'Bus Pirate: open-drain outputs with pull-ups, for a board at 5 V')
		.option('--log <file>', 'write what happens as JSON lines')
		.addOption(json());
}

function consent(command: Command): Command {
	return command
		.option('--yes', 'answer every question with yes (never a risk)')
		.addOption(
			new Option('--accept <risk>', 'accept one risk by its name; may be given several times')
				.argParser((value: string, before: string[]) => [...before, value])
				.default([], ''),
		)
		.option('--dry-run', 'print the plan, touch nothing');
}

/** commander's `error: …` lines as one sentence. */
function sentence(text: string): string {
	const [first = '', ...rest] = text
		.trim()
		.replace(/^error: /, '')
		.split('\n');
	const more = rest.map(line => line.trim()).filter(line => line !== '');
	const start = first.charAt(0).toUpperCase() + first.slice(1);
	return `${[/[.?!]$/.test(start) ? start : `${start}.`, ...more.map(line => line.replace(/^\((.*)\)$/, '$1'))].join(' ')}\n`;
}
