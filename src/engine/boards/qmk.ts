// What QMK's own files say about a keyboard: controller and bootloader, out of rules.mk, info.json and
// keyboard.json in the keyboard's folder and the folders above it. Pure: the caller reads the files.
// Rules followed: QMK lib/python/qmk (info.py, keyboard.py, makefile.py) and data/mappings/defaults.hjson.
// Where the JSON of nested folders contradicts itself, QMK's reference (docs/reference_info_json.md) lets the more
// specific folder count, which is done here; its builds have let the outer one count (merge_info_jsons of info.py,
// qmk_firmware issue 19256, open). Such a keyboard may carry either, so both are said.
import {findBootloader} from '../bootloaders/index.ts';
import {findChip} from '../chips/index.ts';
import {boards} from './index.ts';

export type QmkFinding = {
	/** `planck/rev4`; undefined when only one file was read. */
	readonly keyboard: string | undefined;
	/** As the files spell them. */
	readonly name: string | undefined;
	readonly processor: string | undefined;
	readonly bootloader: string | undefined;
	readonly developmentBoard: string | undefined;
	/** Chip id, when the processor is one of ours. */
	readonly chip: string | undefined;
	/** Bootloader id, when it is one of ours. */
	readonly bootloaderId: string | undefined;
	/** Board ids that it may be, likeliest first. */
	readonly boardIds: readonly string[];
	/** For controllers that have no ISP: what they are and where to go, in a kind word. */
	readonly elsewhere: string | undefined;
	/** Which file said what. */
	readonly said: readonly {readonly file: string; readonly key: string; readonly value: string}[];
	readonly notes: readonly string[];
};

/** Folders below `keyboards/` are searched as deep as QMK's build does (build_keyboard.mk: five levels). */
const deepestFolder = 5;

/** No keyboard's path comes near this; a pasted text does. */
const longestName = 1000;

/** data/mappings/defaults.hjson: what a development board brings along when the keyboard does not say. */
const developmentBoards: Readonly<
	Record<
		string,
		{readonly processor: string; readonly bootloader: string; readonly boardIds: readonly string[]}
	>
> = {
	promicro: {
		processor: 'atmega32u4',
		bootloader: 'caterina',
		boardIds: ['promicro_5v', 'promicro_3v3'],
	},
	elite_c: {processor: 'atmega32u4', bootloader: 'atmel-dfu', boardIds: ['elite_c']},
	proton_c: {processor: 'STM32F303', bootloader: 'stm32-dfu', boardIds: ['proton_c']},
	elite_pi: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	kb2040: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	promicro_rp2040: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	blok: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	michi: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	bit_c_pro: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	helios: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	liatris: {processor: 'RP2040', bootloader: 'rp2040', boardIds: []},
	bluepill: {processor: 'STM32F103', bootloader: 'stm32duino', boardIds: []},
	blackpill_f401: {processor: 'STM32F401', bootloader: 'stm32-dfu', boardIds: []},
	blackpill_f411: {processor: 'STM32F411', bootloader: 'stm32-dfu', boardIds: []},
	stemcell: {processor: 'STM32F411', bootloader: 'tinyuf2', boardIds: []},
	bonsai_c4: {processor: 'STM32F411', bootloader: 'stm32-dfu', boardIds: []},
};

/** QMK's older spellings (docs/flashing.md and ChangeLog of QMK). */
const bootloaderAliases: ReadonlyMap<string, string> = new Map([
	['bootloadhid', 'bootloadhid'],
	['usbasp', 'usbasploader'],
	['dfu', 'atmel-dfu'],
]);

/**
 * The keyboard's name as a safe relative path: `planck/rev4`. Accepts a leading `keyboards/` and a trailing slash.
 * Undefined for what is no name (it would leave the folder, or holds characters that QMK does not use).
 */
export function qmkKeyboardName(typed: string): string | undefined {
	if (typed.length > longestName) return undefined;
	const name = typed
		.trim()
		.replace(/^(?:.*\/)?keyboards\//, '')
		.replace(/\/+$/, '');
	const parts = name.split('/');
	const sound = parts.every(part => /^[\w+-][\w.+-]*$/.test(part));
	return sound && parts.length <= deepestFolder ? name : undefined;
}

/**
 * The files to read for a keyboard, relative to the checkout, outermost folder first. Not all of them exist.
 * @param keyboard a name as `qmkKeyboardName` returns it
 */
export function qmkFilesOf(keyboard: string): readonly string[] {
	const parts = keyboard.split('/');
	return parts.flatMap((_, index) => {
		const folder = `keyboards/${parts.slice(0, index + 1).join('/')}`;
		return ['info.json', 'keyboard.json', 'rules.mk'].map(file => `${folder}/${file}`);
	});
}

/**
 * Where `DEFAULT_FOLDER` of the keyboard's rules.mk sends the build, or undefined.
 * @param files the texts of `qmkFilesOf(keyboard)` that exist
 */
export function qmkDefaultFolder(keyboard: string, files: ReadonlyMap<string, string>): string | undefined {
	const rules = files.get(`keyboards/${keyboard}/rules.mk`);
	const folder = rules === undefined ? undefined : parseRulesMk(rules).get('DEFAULT_FOLDER');
	const name = folder === undefined ? undefined : qmkKeyboardName(folder);
	return name === keyboard ? undefined : name;
}

/** Where QMK keeps the old names of keyboards that moved (it took the place of DEFAULT_FOLDER). */
export const qmkAliasesFile = 'data/mappings/keyboard_aliases.hjson';

/**
 * The present name of a keyboard that was moved, or undefined.
 * @param text the aliases file: `"old/name": {"target": "new/name"}`, Hjson, so quotes and commas may be missing
 */
export function qmkMovedTo(keyboard: string, text: string): string | undefined {
	const entries = text.matchAll(
		/(?<![\w/.+-])([\w/.+-]{1,200})["']?\s{0,20}:\s{0,20}\{\s{0,20}["']?target["']?\s{0,20}:\s{0,20}["']?([\w/.+-]{1,200})/g,
	);
	for (const [, old, now] of entries) if (old === keyboard && now !== undefined) return qmkKeyboardName(now);
	return undefined;
}

/** Reads the files of one keyboard. Inner folders win over outer ones, rules.mk over JSON, defaults fill gaps. */
export function readQmkKeyboard(keyboard: string, files: ReadonlyMap<string, string>): QmkFinding {
	const order = qmkFilesOf(keyboard).filter(path => files.has(path));
	return readQmkFiles(
		order.map(path => ({path, text: files.get(path)!})),
		keyboard,
	);
}

/**
 * Reads any of QMK's files on their own: a rules.mk, info.json or keyboard.json that somebody has at hand.
 * @param files outermost first; what they are is told by their names
 */
export function readQmkFiles(
	files: readonly {readonly path: string; readonly text: string}[],
	keyboard?: string,
): QmkFinding {
	const notes: string[] = [];
	const said: {file: string; key: string; value: string}[] = [];
	const json = new Map<string, string>();
	let rules: ReadonlyMap<string, string> = new Map();
	for (const {path, text} of files) {
		if (/\.json$/i.test(path)) {
			const values = parseInfoJson(text);
			if (values === undefined) {
				notes.push(`${path} is no JSON that can be read.`);
				continue;
			}
			for (const [key, value] of values) {
				const before = json.get(key);
				if (before !== undefined && before !== value && key !== 'keyboard_name')
					notes.push(
						`${path} says ${key} ${value}, a folder above it ${before}. By QMK's reference the inner one counts, yet its builds have taken the outer one: look which of them the board has.`,
					);
				json.set(key, value);
				said.push({file: path, key, value});
			}
		} else {
			const before = rules;
			rules = parseRulesMk(text, before);
			for (const key of ['MCU', 'BOOTLOADER', 'BOOTLOADER_SIZE']) {
				const value = rules.get(key);
				if (value !== undefined && value !== before.get(key)) said.push({file: path, key, value});
			}
		}
	}
	const developmentBoard = json.get('development_board');
	const defaults =
		developmentBoard !== undefined && Object.hasOwn(developmentBoards, developmentBoard)
			? developmentBoards[developmentBoard]
			: undefined;
	if (developmentBoard !== undefined && defaults === undefined)
		notes.push(`The development board "${developmentBoard}" is not known here.`);
	const processor = rules.get('MCU') ?? json.get('processor') ?? defaults?.processor;
	const bootloader = rules.get('BOOTLOADER') ?? json.get('bootloader') ?? defaults?.bootloader;
	for (const [key, mine, other] of [
		['processor', rules.get('MCU'), json.get('processor')],
		['bootloader', rules.get('BOOTLOADER'), json.get('bootloader')],
	] as const) {
		if (mine !== undefined && other !== undefined && mine.toLowerCase() !== other.toLowerCase())
			notes.push(`rules.mk says ${key} ${mine}, the JSON ${other}; rules.mk counts, as in QMK.`);
	}

	const chip = processor === undefined ? undefined : findChip(processor);
	const elsewhere = processor === undefined || chip !== undefined ? undefined : elsewhereFor(processor);
	if (processor !== undefined && chip === undefined && elsewhere === undefined)
		notes.push(`The controller "${processor}" is not known here.`);
	const lower = bootloader?.toLowerCase();
	const its = lower === undefined ? undefined : findBootloader(bootloaderAliases.get(lower) ?? lower);
	if (bootloader !== undefined && its === undefined && elsewhere === undefined)
		notes.push(
			lower === 'custom'
				? 'The keyboard has a bootloader of its own that QMK does not know; its maker does.'
				: `The bootloader "${bootloader}" is not known here.`,
		);
	return {
		keyboard,
		name: json.get('keyboard_name'),
		processor,
		bootloader,
		developmentBoard,
		chip: chip?.id,
		bootloaderId: its?.id,
		boardIds: boardsFor(chip?.id, its?.id, defaults?.boardIds ?? []),
		elsewhere,
		said,
		notes,
	};
}

/**
 * The variables of a rules.mk. Conditions are not evaluated (QMK's own reader does not either); `+=` appends,
 * `?=` fills a gap, `=` and `:=` set.
 * @param before variables of the folders above
 */
export function parseRulesMk(
	text: string,
	before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
	const values = new Map(before);
	const whole = text.replace(/^\uFEFF/, '').replace(/\\\r?\n/g, ' ');
	for (const raw of whole.split(/\r\n|\n|\r/)) {
		const match = /^\s*([A-Za-z_]\w*)\s*(\+|\?|::?)?=\s*(.*)$/.exec(raw.replace(/#.*$/, ''));
		if (match === null) continue;
		const key = match[1]!;
		const value = match[3]!.trim();
		const known = values.get(key);
		if (match[2] === '+') values.set(key, known === undefined ? value : `${known} ${value}`);
		else if (match[2] !== '?' || known === undefined) values.set(key, value);
	}
	return values;
}

const jsonKeys = ['keyboard_name', 'processor', 'bootloader', 'development_board'] as const;

/** The four keys that matter, as far as they are text; undefined when it is no JSON object. */
function parseInfoJson(text: string): ReadonlyMap<string, string> | undefined {
	let json: unknown;
	try {
		json = JSON.parse(text.replace(/^\uFEFF/, ''));
	} catch {
		return undefined;
	}
	if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
	const values = new Map<string, string>();
	for (const key of jsonKeys) {
		const value = Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : undefined;
		if (typeof value === 'string' && value.trim() !== '') values.set(key, value.trim());
	}
	return values;
}

function boardsFor(
	chip: string | undefined,
	bootloader: string | undefined,
	first: readonly string[],
): readonly string[] {
	if (chip === undefined) return first;
	const fits = boards
		.filter(
			board => board.chip === chip && (bootloader === undefined || board.bootloaders.includes(bootloader)),
		)
		// The board's usual bootloader before one that it may have; a chip on the PCB before a board to plug in.
		.toSorted(
			(a, b) =>
				Number(b.bootloader === bootloader) - Number(a.bootloader === bootloader) ||
				Number(b.id.startsWith('bare_')) - Number(a.id.startsWith('bare_')),
		)
		.map(board => board.id);
	const named = first.filter(id => fits.includes(id));
	// A named development board leaves no other choice, unless its bootloader was changed to one it never has.
	return named.length > 0 ? named : fits;
}

/** Controllers that QMK builds for and that have no ISP (QMK docs/compatible_microcontrollers.md, flashing.md). */
const elsewhereRows: readonly {readonly pattern: RegExp; readonly what: string; readonly where: string}[] = [
	{
		pattern: /^rp20\d\d/i,
		what: 'a Raspberry Pi chip',
		where:
			'Hold its BOOT (BOOTSEL) button, or double-tap RESET, while plugging it in: a drive appears; copy the .uf2 file onto it.',
	},
	{
		pattern: /^mk\w*|^mkl\w*/i,
		what: 'an NXP Kinetis Arm chip',
		where: "Press the board's program button and use its own loader (Teensy Loader for a Teensy 3 or LC).",
	},
	{
		pattern: /^gd32vf/i,
		what: 'a RISC-V chip',
		where:
			'Start its ROM bootloader (hold BOOT0, tap RESET) and write the firmware with QMK Toolbox or dfu-util.',
	},
	{
		pattern: /^(stm32|apm32|gd32|at32|wb32|wbg|hk32|cortex)/i,
		what: 'an Arm chip',
		where:
			'Start its bootloader (RESET twice, or hold BOOT0 and tap RESET) and write the firmware with QMK Toolbox or dfu-util.',
	},
];

/** For a controller that has no ISP: what it is and where to go; undefined for one that is not known. */
export function elsewhereFor(processor: string): string | undefined {
	const row = elsewhereRows.find(each => each.pattern.test(processor));
	if (row === undefined) return undefined;
	return `Good news: ${processor} is ${row.what}. It has no ISP and no fuses, and its first bootloader is in ROM and cannot be lost, so there is nothing for this program to repair. ${row.where} The QMK documentation on flashing says how (docs.qmk.fm/flashing).`;
}
