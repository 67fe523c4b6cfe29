// `recover`: the whole recovery. Everything that can be known without hardware is said before a port is opened.
import path from 'node:path';
import {bootloaders, findBootloader} from '../engine/bootloaders/index.ts';
import type {Chip} from '../engine/chips/chip.ts';
import type {RiskName} from '../engine/errors.ts';
import {recommendedFuses} from '../engine/fuses/recommendations.ts';
import {checkWritable, inspectImage, knownImageOf} from '../engine/image/inspect.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {mergeImages} from '../engine/image/merge.ts';
import {checkPlan} from '../engine/procedures/check-plan.ts';
import {
	describeDamaged,
	describeInterrupted,
	describeWaiting,
	forgetInterrupted,
	type Interrupted,
	journalsNamed,
	surveyJournals,
} from '../engine/procedures/journal.ts';
import type {RecoveryPlan} from '../engine/procedures/plan.ts';
import {printRecipe, recipeOf} from '../engine/procedures/recipe.ts';
import type {FuseBytes} from '../engine/target.ts';
import {createStore} from '../io/store.ts';
import {loadBootloaderImage} from './catalogue.ts';
import {createEventLog, type EventLog, tellFailure} from './events.ts';
import {type ExitCode, exitCodes, UsageError} from './exit-codes.ts';
import {absolutePath, readHexFile, writeNamedFile} from './files.ts';
import {type Hardware, parseHardware} from './hardware.ts';
import type {RecoverOptions} from './options.ts';
import type {Output} from './output.ts';
import {didYouMean, parseBoard, parseByte, parseChip, parseFuses, parseRisk} from './parse.ts';
import {resumePlan, runPlan} from './run-plan.ts';
import {recipeCommand} from './series.ts';
import {chooseWaiting, heldByAnother, resumeCommandLine} from './waiting.ts';

export async function recoverCommand(output: Output, options: RecoverOptions): Promise<ExitCode> {
	const log = createEventLog(options.log, output);
	if (options.forget !== undefined) {
		if (options.resume !== undefined) throw new UsageError('Either --forget or --resume: not both at once.');
		return forgetCommand(output, options);
	}
	if (options.resume !== undefined) return resumeCommand(output, log, options);
	if (options.repeat === true && options.recipe === undefined) {
		throw new UsageError('--repeat needs --recipe: only what is written down is done again and again.');
	}
	if (options.recipe !== undefined) {
		return recipeCommand(output, log, options.recipe, parseHardware(options), options);
	}
	const wanted = parseRecover(options);
	let plan: RecoveryPlan;
	try {
		plan = await planOf(output, wanted);
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error, {programmer: wanted.hardware.name});
	}
	if (options.saveRecipe !== undefined) return saveRecipe(output, log, plan, options.saveRecipe);
	return runPlan(output, log, plan, wanted.hardware, options);
}

/** Beside the recipe stands its image, as one file, so that both can be carried to another machine. */
async function saveRecipe(
	output: Output,
	log: EventLog,
	plan: RecoveryPlan,
	file: string,
): Promise<ExitCode> {
	try {
		checkPlan(plan);
		const imageFile = `${path.basename(file).replace(/\.json$/, '')}.hex`;
		const recipe = recipeOf(plan.image === undefined ? plan : {...plan, imageName: imageFile});
		if (plan.image !== undefined) {
			await writeNamedFile(path.join(path.dirname(file), imageFile), printIntelHex(plan.image));
		}
		await writeNamedFile(file, printRecipe(recipe));
		output.value({type: 'result', ok: true, recipe: file, chip: plan.chip.id, chipState: 'untouched'});
		output.say(`The recipe is in ${file}; nothing was touched. Do it with: recover --recipe ${file}`);
		return exitCodes.done;
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error);
	}
}

/** The interrupted recoveries that the options mean, the latest first, and damaged journals where any may be meant. */
async function interruptedOnes(options: RecoverOptions): Promise<Awaited<ReturnType<typeof surveyJournals>>> {
	const board = options.board === undefined ? undefined : parseBoard(options.board);
	const chip = options.chip === undefined ? board?.chip : parseChip(options.chip).id;
	const {interrupted: all, damaged, held} = await surveyJournals(createStore());
	const interrupted = all.filter(
		({plan}) =>
			(chip === undefined || plan.chip.id === chip) &&
			(board === undefined || plan.board === undefined || plan.board.id === board.id),
	);
	return {interrupted, damaged, held};
}

async function forgetCommand(output: Output, options: RecoverOptions): Promise<ExitCode> {
	const store = createStore();
	const found = await interruptedOnes(options);
	const told = typeof options.forget === 'string' ? options.forget : undefined;
	// Of which chip a damaged one is nobody knows: named chips leave it alone.
	const meant = options.chip === undefined && options.board === undefined ? found.damaged : [];
	const damaged = told === undefined ? meant : journalsNamed(found.damaged, told);
	const all =
		told === undefined
			? found.interrupted
			: damaged.length === 0
				? [chooseWaiting(told, found)]
				: journalsNamed(found.interrupted, told);
	if (told !== undefined && all.length + damaged.length > 1)
		throw new UsageError(`"${told}" may mean several interrupted recoveries; type more of it.`);
	const dryRun = options.dryRun === true;
	const forgotten = dryRun ? 'would be forgotten' : 'is forgotten';
	for (const journal of damaged) {
		if (!dryRun) await forgetInterrupted(store, journal);
		output.say(`The damaged journal ${journal.path} ${forgotten} (${journal.why}); backups stay.`);
	}
	for (const interrupted of all) {
		if (!dryRun) await forgetInterrupted(store, interrupted);
		const {backup} = interrupted.plan.resume ?? {};
		output.say(
			`${describeInterrupted(interrupted)} It ${forgotten}${backup == null ? '' : `; the backup stays in ${backup}`}.`,
		);
	}
	const count = all.length + damaged.length;
	if (count === 0) output.say('No recovery was interrupted: there is nothing to forget.');
	output.value({
		type: 'result',
		ok: true,
		...(dryRun ? {dryRun, forgotten: 0} : {forgotten: count}),
		chipState: 'untouched',
	});
	return exitCodes.done;
}

/** Options that say what to write: going on does what the interrupted run was told. */
function refuseChanges(options: RecoverOptions): void {
	const told = {
		'--hex': options.hex,
		'--app': options.app,
		'--bootloader': options.bootloader,
		'--fuses': options.fuses,
		'--lock': options.lock,
		'--backup': options.backup,
		'--verify': options.verify,
		'--no-erase': options.erase ? undefined : true,
		'--recipe': options.recipe,
		'--save-recipe': options.saveRecipe,
		'--repeat': options.repeat,
	};
	const [option] = Object.entries(told).find(([, value]) => value !== undefined) ?? [];
	if (option === undefined) return;
	throw new UsageError(
		`--resume does what the interrupted run was told; ${option} cannot change that. Leave ${option} out, or start anew without --resume.`,
	);
}

/** The one that is named, else the latest; that others wait is told. Throws UsageError, UnbrickError DeviceBusy. */
async function meantToGoOn(
	output: Output,
	log: EventLog,
	options: RecoverOptions,
	hardware: Hardware,
): Promise<Interrupted> {
	const found = await interruptedOnes(options);
	if (typeof options.resume === 'string') return chooseWaiting(options.resume, found);
	const {interrupted, damaged, held} = found;
	const [latest] = interrupted;
	if (latest === undefined && damaged.length > 0)
		throw new UsageError(damaged.map(describeDamaged).join(' '));
	if (latest === undefined && held[0] !== undefined) throw heldByAnother(held[0]);
	if (latest === undefined)
		throw new UsageError('No recovery was interrupted: there is nothing to go on with.');
	for (const journal of damaged) output.say(`  note: ${describeDamaged(journal)}`);
	if (interrupted.length > 1) {
		const list = interrupted.map(one => `  ${describeWaiting(one)}${one === latest ? ' (goes on now)' : ''}`);
		const head = `${interrupted.length} recoveries wait; the latest goes on. For another one, type: ${resumeCommandLine(interrupted[1]!, hardware, false)}`;
		for (const line of [head, ...list]) output.say(line);
		const event = {type: 'warning', code: 'recovery-waits', message: [head, ...list].join('\n')} as const;
		await log.write(event);
		output.event(event);
	}
	return latest;
}

/** What the interrupted run was told holds; the programmer may be another one. */
async function resumeCommand(output: Output, log: EventLog, options: RecoverOptions): Promise<ExitCode> {
	refuseChanges(options);
	const hardware = parseHardware(options);
	let interrupted: Interrupted;
	try {
		interrupted = await meantToGoOn(output, log, options, hardware);
	} catch (error) {
		if (error instanceof UsageError) throw error;
		return tellFailure(output, log, error, {programmer: hardware.name});
	}
	output.say(`${describeInterrupted(interrupted)} It goes on from there.`);
	if (interrupted.problem !== undefined) output.say(`  note: ${interrupted.problem}`);
	return resumePlan(output, log, interrupted, hardware, options);
}

/** The options, checked against each other; no file has been read. */
type Wanted = {
	readonly hardware: Hardware;
	readonly chip: Chip;
	readonly options: RecoverOptions;
	readonly fuses: 'keep' | 'board' | FuseBytes;
	readonly lock: number | undefined;
	readonly verify: RecoveryPlan['verify'];
	readonly accepted: ReadonlySet<RiskName>;
};

function parseRecover(options: RecoverOptions): Wanted {
	const hardware = parseHardware(options);
	const {chip} = hardware;
	if (chip === undefined) throw new UsageError('Name the chip or the board: --chip CHIP or --board BOARD.');
	if (options.hex !== undefined && options.bootloader !== undefined) {
		throw new UsageError('--hex and --bootloader both name what is written: give one of them.');
	}
	if (options.bootloader !== undefined && findBootloader(options.bootloader) === undefined) {
		const ids = bootloaders.map(known => known.id);
		throw new UsageError(
			`There is no bootloader "${options.bootloader}" here.${didYouMean(options.bootloader, ids, ` There are: ${ids.join(', ')}.`)}`,
		);
	}
	const verify = options.verify ?? 'written';
	if (verify !== 'full' && verify !== 'written' && verify !== 'none') {
		throw new UsageError(`--verify takes full, written or none, not "${verify}".`);
	}
	if (options.backup === '') throw new UsageError('--backup takes a file name or "none".');
	const accepted = new Set(options.accept.map(parseRisk));
	// Somebody who asks for no backup by name has accepted that there is none.
	if (options.backup === 'none') accepted.add('no-backup');
	const fuses = options.fuses ?? 'keep';
	if (fuses === 'board' && hardware.board === undefined) {
		throw new UsageError('--fuses board needs --board, which says which fuses those are.');
	}
	return {
		hardware,
		chip,
		options,
		fuses: fuses === 'keep' || fuses === 'board' ? fuses : parseFuses(fuses.split(','), chip),
		lock: options.lock === undefined ? undefined : parseByte(options.lock, 'lock byte'),
		verify,
		accepted,
	};
}

/** Reads the files and makes the plan. Throws UsageError and UnbrickError. */
async function planOf(output: Output, wanted: Wanted): Promise<RecoveryPlan> {
	const {hardware, chip, options} = wanted;
	const {board} = hardware;
	const image = await imageOf(output, wanted);
	const bootloader = options.bootloader ?? image?.bootloader ?? undefined;
	const recommended =
		wanted.fuses === 'board' && board !== undefined ? recommendedFuses(board, bootloader) : undefined;
	if (wanted.fuses === 'board' && recommended === undefined) {
		throw new UsageError(
			`No fuses are published for the ${board?.name} with ${bootloader ?? 'its bootloader'}: name the bytes.`,
		);
	}
	return {
		programmer: hardware.programmer?.id ?? hardware.name,
		chip,
		...(board === undefined ? {} : {board}),
		...(image === undefined ? {} : {image: image.image, imageName: image.name}),
		...(bootloader === undefined ? {} : {bootloader}),
		fuses: wanted.fuses === 'board' ? (recommended?.fuses ?? 'keep') : wanted.fuses,
		...(wanted.lock === undefined ? {} : {lock: wanted.lock}),
		backup:
			options.backup === undefined
				? 'auto'
				: options.backup === 'none'
					? 'none'
					: {path: absolutePath(options.backup)},
		erase: image !== undefined && options.erase,
		verify: wanted.verify,
		restoreEeprom: true,
		accepted: wanted.accepted,
		sck: hardware.sck,
	};
}

type Named = {readonly image: MemoryImage; readonly name: string; readonly bootloader: string | undefined};

async function imageOf(output: Output, {hardware, chip, options}: Wanted): Promise<Named | undefined> {
	const app = options.app === undefined ? undefined : await readHexFile(options.app);
	const file = options.hex === undefined ? undefined : await readHexFile(options.hex);
	const base =
		file !== undefined && options.hex !== undefined
			? {name: options.hex, image: file.image, complete: file.complete}
			: options.bootloader === undefined
				? undefined
				: {...(await loadBootloaderImage(output, options.bootloader, chip, hardware.board)), complete: true};
	if (app !== undefined && options.app !== undefined)
		checkWritable(inspectImage(app.image, {chip, file: options.app}), {
			name: options.app,
			complete: app.complete,
		});
	for (const note of [...(app?.notes ?? []), ...(file?.notes ?? [])]) {
		if (note.severity === 'warning') output.say(`  note: ${note.text}`);
	}
	if (base === undefined) {
		return app === undefined || options.app === undefined
			? undefined
			: {image: app.image, name: options.app, bootloader: undefined};
	}
	const looked = inspectImage(base.image, {chip, file: base.name});
	checkWritable(looked, base);
	const loader = looked.bootloader?.id;
	const bootloader = loader === undefined || loader === 'unknown' ? undefined : loader;
	if (app === undefined || options.app === undefined) {
		return {image: base.image, name: base.name, bootloader};
	}
	const merged = mergeImages({
		chip,
		application: {name: options.app, image: app.image, complete: app.complete},
		bootloader: {...base, carriesSketch: knownImageOf(base.image) !== undefined},
		// By the catalogue or the image itself; a loader with its maker's sketch is one block from 0.
		...(looked.bootloader === undefined ? {} : {bootStart: looked.bootloader.startByteAddress}),
	});
	for (const note of merged.notes) output.say(`  note: ${note}`);
	return {image: merged.image, name: `${base.name} with ${options.app}`, bootloader};
}
