// A recipe: one recovery, written down to be done to many boards alike. The image is named with the checksum of its
// bytes, consents stand in it by name, and nothing else is taken from the moment. Pure: text to recipe and back.
import * as v from 'valibot';
import {findBoard} from '../boards/index.ts';
import {hexByte} from '../bytes.ts';
import {findChip} from '../chips/index.ts';
import {riskNames, UnbrickError} from '../errors.ts';
import {imageSha256} from '../image/digest.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import type {FuseBytes} from '../target.ts';
import type {RecoveryPlan} from './plan.ts';

const format = 'avr-unbrick recipe';
const byteText = v.pipe(v.string(), v.regex(/^0x[0-9a-f]{2}$/));
const schema = v.strictObject({
	format: v.literal(format),
	version: v.literal(1),
	chip: v.string(),
	board: v.optional(v.string()),
	bootloader: v.optional(v.string()),
	image: v.optional(
		v.strictObject({
			/** As it was called; looked for beside the recipe. */
			file: v.pipe(
				v.string(),
				v.minLength(1),
				v.maxLength(255),
				v.regex(/^(?![A-Za-z]:)[^/\\\p{Cc}]+$/u, 'a file beside the recipe, without a folder'),
				v.notValue('..'),
				v.notValue('.'),
			),
			/** SHA-256 over the first to the last address, gaps 0xff. */
			sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
		}),
	),
	fuses: v.union([
		v.literal('keep'),
		v.strictObject({low: byteText, high: v.optional(byteText), extended: v.optional(byteText)}),
	]),
	lock: v.optional(byteText),
	backup: v.picklist(['auto', 'none']),
	erase: v.boolean(),
	verify: v.picklist(['full', 'written', 'none']),
	restoreEeprom: v.boolean(),
	accept: v.array(v.picklist(riskNames)),
});

export type Recipe = v.InferOutput<typeof schema>;

/** The recipe of a plan. A backup to one named file makes no sense for many boards and becomes `auto`. */
export function recipeOf(plan: RecoveryPlan): Recipe {
	const sha256 = plan.image === undefined ? undefined : imageSha256(plan.image);
	if (plan.image !== undefined && sha256 === undefined) {
		throw new UnbrickError({
			kind: 'BadHex',
			file: plan.imageName ?? 'the image',
			reason: 'it is spread too wide',
		});
	}
	return {
		format,
		version: 1,
		chip: plan.chip.id,
		...(plan.board === undefined ? {} : {board: plan.board.id}),
		...(plan.bootloader === undefined ? {} : {bootloader: plan.bootloader}),
		...(sha256 === undefined ? {} : {image: {file: plan.imageName ?? 'image.hex', sha256}}),
		fuses: plan.fuses === 'keep' ? 'keep' : fuseTexts(plan.fuses),
		...(plan.lock === undefined ? {} : {lock: hexByte(plan.lock)}),
		backup: plan.backup === 'none' ? 'none' : 'auto',
		erase: plan.erase,
		verify: plan.verify,
		restoreEeprom: plan.restoreEeprom,
		accept: [...plan.accepted],
	};
}

function fuseTexts(fuses: FuseBytes) {
	return {
		low: hexByte(fuses.low),
		...(fuses.high === undefined ? {} : {high: hexByte(fuses.high)}),
		...(fuses.extended === undefined ? {} : {extended: hexByte(fuses.extended)}),
	};
}

export function printRecipe(recipe: Recipe): string {
	return `${JSON.stringify(recipe, null, '\t')}\n`;
}

/** @throws UnbrickError BadHex with the place that is wrong */
export function parseRecipe(text: string, file: string): Recipe {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch (error) {
		throw new UnbrickError({kind: 'BadHex', file, reason: 'it is no JSON, so no recipe'}, {cause: error});
	}
	const parsed = v.safeParse(schema, json);
	if (parsed.success) return parsed.output;
	const [issue] = parsed.issues;
	throw new UnbrickError({
		kind: 'BadHex',
		file,
		reason: `it is no recipe of avr-unbrick: ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`,
	});
}

/**
 * The plan of a recipe.
 * @param image what the named file holds; its checksum is compared
 * @throws UnbrickError BadHex: unknown chip or board, another image than the recipe's
 */
export function planRecipe(
	recipe: Recipe,
	file: string,
	image: MemoryImage | undefined,
	programmer: string,
	sck: RecoveryPlan['sck'],
): RecoveryPlan {
	const bad = (reason: string) => new UnbrickError({kind: 'BadHex', file, reason});
	const chip = findChip(recipe.chip);
	if (chip === undefined) throw bad(`its chip "${recipe.chip}" is not known here`);
	const board = recipe.board === undefined ? undefined : findBoard(recipe.board);
	if (recipe.board !== undefined && board === undefined)
		throw bad(`its board "${recipe.board}" is not known here`);
	if (recipe.image !== undefined && (image === undefined || imageSha256(image) !== recipe.image.sha256))
		throw bad(`${recipe.image.file} is not the image that the recipe was made with: its bytes differ`);
	return {
		programmer,
		chip,
		...(board === undefined ? {} : {board}),
		...(recipe.bootloader === undefined ? {} : {bootloader: recipe.bootloader}),
		...(recipe.image === undefined || image === undefined ? {} : {image, imageName: recipe.image.file}),
		fuses: recipe.fuses === 'keep' ? 'keep' : bytesOf(recipe.fuses),
		...(recipe.lock === undefined ? {} : {lock: Number(recipe.lock)}),
		backup: recipe.backup,
		erase: recipe.erase,
		verify: recipe.verify,
		restoreEeprom: recipe.restoreEeprom,
		accepted: new Set(recipe.accept),
		sck,
	};
}

function bytesOf(fuses: Exclude<Recipe['fuses'], 'keep'>): FuseBytes {
	return {
		low: Number(fuses.low),
		...(fuses.high === undefined ? {} : {high: Number(fuses.high)}),
		...(fuses.extended === undefined ? {} : {extended: Number(fuses.extended)}),
	};
}
