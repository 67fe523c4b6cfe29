// What reads texts and bytes from outside, each with the inputs that are hardest on it.

import {createMemoryStore} from '../../src/bench/memory-store.ts';
import {
	qmkDefaultFolder,
	qmkFilesOf,
	qmkKeyboardName,
	qmkMovedTo,
	readQmkFiles,
	readQmkKeyboard,
} from '../../src/engine/boards/qmk.ts';
import {checkKnownImage} from '../../src/engine/bootloaders/catalogue.ts';
import {knownImages} from '../../src/engine/bootloaders/index.ts';
import {chips, findChip} from '../../src/engine/chips/index.ts';
import {diagnose} from '../../src/engine/diagnose/diagnose.ts';
import {parseBackup, printBackup} from '../../src/engine/image/backup-file.ts';
import {imageSha256, sha256OfText} from '../../src/engine/image/digest.ts';
import {checkWritable, inspectImage} from '../../src/engine/image/inspect.ts';
import {parseIntelHex, printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import {mergeImages} from '../../src/engine/image/merge.ts';
import {checkPlan} from '../../src/engine/procedures/check-plan.ts';
import {findInterrupted, parseJournal, printEntry, startEntry} from '../../src/engine/procedures/journal.ts';
import type {RecoveryPlan} from '../../src/engine/procedures/plan.ts';
import {parseRecipe, planRecipe, printRecipe, recipeOf} from '../../src/engine/procedures/recipe.ts';
import {planRestore} from '../../src/engine/procedures/restore.ts';
import {parseStatus} from '../../src/engine/protocols/atmel-dfu/codec.ts';
import {parseBlockSupport} from '../../src/engine/protocols/avr109/codec.ts';
import {connectionFaults, payload} from '../../src/engine/protocols/avrispmkii/codec.ts';
import {parseInfo} from '../../src/engine/protocols/bootloadhid/driver.ts';
import {parseReply, parseSignOn} from '../../src/engine/protocols/stk500v1/codec.ts';
import {parseCapabilities, sckTable} from '../../src/engine/protocols/usbasp/codec.ts';
import {avrdudeError} from '../../src/io/avrdude.ts';
import {firstUsage} from '../../src/io/hid.ts';
import {cleanPaste, printable, wrap} from '../../src/ui/text.ts';
import {createFuzzer} from '../corpus/fuzz.ts';
import {loadCorpus} from '../corpus/runner.ts';
import {
	type Chance,
	createChance,
	type FuzzTarget,
	mutateBytes,
	mutateJson,
	mutateText,
	nastyPieces,
	noise,
	obeyed,
	typed,
} from './fuzz.ts';

const latin = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0) & 0xff);
const ensure = (holds: boolean, what: string) => {
	if (!holds) throw new Error(what);
};
const program = (bytes: number) =>
	createImage([{byteAddress: 0, data: Uint8Array.from({length: bytes}, (_, index) => (index * 7) & 0xff)}]);

/** A record with a right checksum, whatever it says. */
function record(chance: Chance): string {
	const type = chance.pick([0, 0, 0, 0, 1, 2, 3, 4, 4, 5, 6, chance.below(256)]);
	const data = chance.bytes(type === 2 || type === 4 ? 2 : type === 0 ? chance.below(40) : chance.below(5));
	const bytes = [data.length, chance.below(256), chance.below(256), type, ...data];
	const sum = bytes.reduce((total, byte) => total + byte, 0);
	return `:${[...bytes, -sum & 0xff].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
}

function hexText(chance: Chance): string {
	const seeds = hexSeeds();
	const kind = chance.next();
	if (kind < 0.5) return mutateText(chance, chance.pick(seeds), seeds);
	if (kind < 0.9) {
		const lines = Array.from({length: 1 + chance.below(20)}, () => record(chance));
		if (chance.next() < 0.5) lines.push(':00000001FF');
		const text = lines.join(chance.pick(['\n', '\r\n', '\r', '\n\n']));
		return chance.next() < 0.3 ? mutateText(chance, text, seeds) : text;
	}
	return noise(chance, chance.below(200));
}

let hexSeedList: readonly string[] | undefined;
function hexSeeds(): readonly string[] {
	hexSeedList ??= [
		printIntelHex(program(100)),
		printIntelHex(createImage([{byteAddress: 0x7000, data: program(48).slice(0, 48)}])),
		printIntelHex(createImage([{byteAddress: 0x1_fff0, data: program(48).slice(0, 48)}])),
		':020000021000EC\n:020000000C949E\n:00000001FF\n',
		':0400000300003800C1\n:040000050000010CEA\n',
		'# comment\n;more\n:020000040081 79\n:0100000000FF\n:00000001FF\n\x1a\0\0',
	];
	return hexSeedList;
}

const hex: FuzzTarget = {
	name: 'hex',
	start(seed) {
		const chance = createChance(seed);
		const known = chips.map(chip => chip);
		return () => {
			const text = hexText(chance);
			const bytes =
				chance.next() < 0.05
					? Uint8Array.from(Buffer.from(`\ufeff${text}`, chance.pick(['utf16le', 'utf8'])))
					: latin(text);
			const contradictions = chance.pick(['refuse', 'note'] as const);
			const chip = chance.next() < 0.5 ? chance.pick(known) : undefined;
			return {
				shown: () => text,
				feed() {
					const parsed = typed(() => parseIntelHex(bytes, 'fuzz.hex', {contradictions}));
					if (parsed === undefined) return;
					const {image} = parsed;
					ensure(image.byteCount > 0 && image.end > image.start, 'an empty image');
					const printed = printIntelHex(image);
					const again = parseIntelHex(latin(printed), 'again').image;
					ensure(printIntelHex(again) === printed, 'printed and read, it is another image');
					imageSha256(image);
					const seen = typed(() => inspectImage(image, {chip, file: 'fuzz.hex'}));
					if (seen === undefined) return;
					typed(() => checkWritable(seen, {name: 'fuzz.hex', complete: parsed.complete}));
					if (chip !== undefined)
						typed(() =>
							mergeImages({
								chip,
								application: {name: 'a', image, complete: parsed.complete},
								bootloader: {name: 'b', image, complete: parsed.complete},
							}),
						);
				},
			};
		};
	},
};

const logs: FuzzTarget = {
	name: 'logs',
	start(seed) {
		const fuzzer = createFuzzer(
			loadCorpus().map(entry => entry.log),
			seed,
		);
		return () => {
			const text = fuzzer.next();
			return {
				shown: () => text,
				feed() {
					const problem = fuzzer.check(text, diagnose(text));
					if (problem !== undefined) throw new Error(problem);
				},
			};
		};
	},
};

function backupSeed() {
	const chip = findChip('attiny13a')!;
	return printBackup({
		takenAt: '2025-01-01T00:00:00.000Z',
		program: 'avr-unbrick 0.0.0',
		programmer: 'usbasp',
		chip: chip.id,
		signature: Uint8Array.from(chip.signature),
		fuses: {low: 0x6a, high: 0xff},
		lock: 0xff,
		flash: null,
		eeprom: Uint8Array.from({length: chip.eeprom.bytes}, (_, index) => index),
	});
}

const backups: FuzzTarget = {
	name: 'backups',
	start(seed) {
		const chance = createChance(seed);
		const good = backupSeed();
		const json = JSON.parse(good) as Record<string, unknown>;
		return () => {
			let text: string;
			if (chance.next() < 0.35) text = mutateText(chance, good, [good, ...nastyPieces]);
			else {
				// A forger puts a right checksum on it.
				let made: unknown = json;
				for (let round = chance.below(3); round >= 0; round--) made = mutateJson(chance, made);
				if (typeof made === 'object' && made !== null && !Array.isArray(made) && chance.next() < 0.9) {
					const {sha256: _, ...body} = made as Record<string, unknown>;
					made = {...body, sha256: sha256OfText(JSON.stringify(body))};
				}
				text = JSON.stringify(made) ?? '';
			}
			return {
				shown: () => text,
				feed() {
					const backup = typed(() => parseBackup(text, 'fuzz.json'));
					if (backup === undefined) return;
					const chip = findChip(backup.chip);
					ensure(chip !== undefined, 'a backup of no known chip');
					for (const shown of [backup.program, backup.programmer, backup.board ?? '', backup.engine ?? ''])
						ensure(!/\p{Cc}/u.test(shown), 'a control character');
					ensure((backup.eeprom?.length ?? chip!.eeprom.bytes) === chip!.eeprom.bytes, 'a wrong size');
					typed(() =>
						checkPlan(planRestore(backup, {programmer: 'usbasp', accepted: new Set(), sck: 'auto'})),
					);
				},
			};
		};
	},
};

function planSeed(): RecoveryPlan {
	return {
		programmer: 'usbasp',
		chip: findChip('atmega8u2')!,
		image: program(64),
		imageName: 'loader.hex',
		bootloader: 'atmel-dfu',
		fuses: {low: 0xff, high: 0xd9, extended: 0xf4},
		lock: 0xcf,
		backup: 'auto',
		erase: true,
		verify: 'written',
		restoreEeprom: true,
		accepted: new Set(['no-backup']),
		sck: 'auto',
	};
}

const journals: FuzzTarget = {
	name: 'journals',
	start(seed) {
		const chance = createChance(seed);
		const plan = planSeed();
		const identity = {
			signature: Uint8Array.from(plan.chip.signature),
			chip: plan.chip,
			fuses: {low: 0x5e, high: 0xd9, extended: 0xf4},
			lock: 0xff,
			sckHz: null,
			targetVolts: null,
		};
		const entries: readonly unknown[] = [
			startEntry(plan, identity, 'backup.json'),
			{did: 'erase'},
			{did: 'erased'},
			{did: 'pages', pages: 17},
			{did: 'verified'},
			{did: 'eeprom'},
			{did: 'fuse', fuse: 'low', value: 0xff},
			{did: 'lock', value: 0xcf},
		];
		const good = entries.map(entry => JSON.stringify(entry)).join('\n');
		const backup = backupSeed();
		const clock = {nowMs: () => 0, sleep: async () => {}};
		return () => {
			let text: string;
			if (chance.next() < 0.4) text = mutateText(chance, good, [good, ...nastyPieces]);
			else {
				const changed = entries.slice(0, 1 + chance.below(entries.length));
				const at = chance.next() < 0.6 ? 0 : chance.below(changed.length);
				text = changed
					.map((entry, index) => JSON.stringify(index === at ? mutateJson(chance, entry) : entry))
					.join('\n');
			}
			return {
				shown: () => text,
				async feed() {
					for (const entry of parseJournal(text)) printEntry(entry);
					const store = createMemoryStore(clock);
					await store.writeDurably('recovery-1.jsonl', text);
					await store.writeDurably('backup.json', backup);
					const found = await findInterrupted(store);
					if (found !== undefined) {
						ensure(!obeyed.test(found.stage), 'a control character');
						typed(() => checkPlan(found.plan));
					}
					return 1;
				},
			};
		};
	},
};

const recipes: FuzzTarget = {
	name: 'recipes',
	start(seed) {
		const chance = createChance(seed);
		const plan = planSeed();
		const good = printRecipe(recipeOf(plan));
		const json: unknown = JSON.parse(good);
		return () => {
			let text: string;
			if (chance.next() < 0.3) text = mutateText(chance, good, [good, ...nastyPieces]);
			else {
				let made = json;
				for (let round = chance.below(3); round >= 0; round--) made = mutateJson(chance, made);
				text = JSON.stringify(made) ?? '';
			}
			return {
				shown: () => text,
				feed() {
					const recipe = typed(() => parseRecipe(text, 'fuzz.json'));
					if (recipe === undefined) return;
					if (recipe.image !== undefined)
						ensure(!/[/\\]|^\.\.?$/.test(recipe.image.file), `a path out of a recipe: ${recipe.image.file}`);
					const made = typed(() => planRecipe(recipe, 'fuzz.json', plan.image, 'usbasp', 'auto'));
					if (made !== undefined) typed(() => checkPlan(made));
				},
			};
		};
	},
};

/** What a server, a mirror or a file in the cache gives in place of a published image. */
const catalogue: FuzzTarget = {
	name: 'catalogue',
	start(seed) {
		const chance = createChance(seed);
		const html = '<!DOCTYPE html><html><head><title>404</title></head><body>Not Found</body></html>\n';
		const git = '{"sha":"0","content":"OjAwMDAwMDAxRkY=","encoding":"base64"}';
		return () => {
			const text =
				chance.next() < 0.1 ? mutateText(chance, chance.pick([html, git]), hexSeeds()) : hexText(chance);
			const known = chance.pick(knownImages);
			return {
				shown: () => text,
				feed() {
					const parsed = typed(() => parseIntelHex(latin(text), 'https://mirror.example/x'));
					if (parsed === undefined) return;
					const taken = typed(() => {
						checkKnownImage(parsed.image, known, 'x');
						return true;
					});
					ensure(taken === undefined, 'an image that is not the published one was taken');
				},
			};
		};
	},
};

const qmk: FuzzTarget = {
	name: 'qmk',
	start(seed) {
		const chance = createChance(seed);
		const rules = [
			'# MCU name\nMCU = atmega32u4\nBOOTLOADER = atmel-dfu\nDEFAULT_FOLDER = planck/rev4\nOPT_DEFS += -DX \\\n -DY\nSRC ?= a.c\n',
			'MCU := at90usb1286\r\nBOOTLOADER ?= halfkay\r\n',
		];
		const info = [
			'{"keyboard_name": "Planck", "processor": "atmega32u4", "bootloader": "caterina"}',
			'{"development_board": "promicro", "processor": "RP2040"}',
		];
		const aliases = ['"old/name": {"target": "new/name"}\n other: { target: keyboards/x }\n'];
		const names = [
			'planck/rev4',
			'keyboards/planck/',
			'../../etc/passwd',
			'/etc/passwd',
			'a/../b',
			'..',
			'a\\..\\b',
		];
		const spoiled = (seeds: readonly string[]) =>
			chance.next() < 0.1 ? noise(chance, chance.below(200)) : mutateText(chance, chance.pick(seeds), seeds);
		return () => {
			const typedName = spoiled(names);
			const rulesText = spoiled(rules);
			const infoText =
				chance.next() < 0.5
					? spoiled(info)
					: (JSON.stringify(mutateJson(chance, JSON.parse(info[0]!))) ?? '');
			const aliasText = spoiled(aliases);
			return {
				shown: () => ({typedName, rulesText, infoText, aliasText}),
				feed() {
					const sound = (name: string | undefined) => {
						if (name === undefined) return;
						ensure(
							!/\.\.|[\\\0]|^\/|\p{Cc}/u.test(name.replace(/[\w+-]\.\.+/g, 'x')),
							`a path out of the folder: ${name}`,
						);
						for (const file of qmkFilesOf(name))
							ensure(file.startsWith('keyboards/') && !file.split('/').includes('..'), `outside: ${file}`);
					};
					const name = qmkKeyboardName(typedName);
					sound(name);
					sound(qmkMovedTo('old/name', aliasText));
					const keyboard = name ?? 'planck/rev4';
					const files = new Map([
						[`keyboards/${keyboard}/rules.mk`, rulesText],
						[`keyboards/${keyboard}/info.json`, infoText],
					]);
					sound(qmkDefaultFolder(keyboard, files));
					readQmkKeyboard(keyboard, files);
					readQmkFiles([
						{path: 'rules.mk', text: infoText},
						{path: 'info.json', text: rulesText},
					]);
				},
			};
		};
	},
};

const replies: FuzzTarget = {
	name: 'replies',
	start(seed) {
		const chance = createChance(seed);
		const seeds = [
			[0x14, 0x10],
			[0x14, 0x41, 0x56, 0x52, 0x20, 0x49, 0x53, 0x50, 0x10],
			[0x14, 0x1e, 0x95, 0x87, 0x10],
			[0, 0, 0, 0, 2, 0],
			[1, 0x80, 0, 0, 0x70, 0, 0],
			[0x59, 0, 0x80],
			[0x1c, 0, 1, 2, 3, 4, 0],
			[0x06, 0x9c, 0xff, 0x09, 0x1b, 0xa1, 0x01],
			[0x01, 0x10, 0x00, 0x20],
		].map(bytes => Uint8Array.from(bytes));
		return () => {
			const reply =
				chance.next() < 0.6 ? mutateBytes(chance, chance.pick(seeds)) : chance.bytes(chance.below(70));
			const wanted = chance.below(64);
			return {
				shown: () => Array.from(reply),
				feed() {
					const got = parseReply(reply, wanted);
					if (got.state === 'ok')
						ensure(got.data.length === wanted && got.consumed === wanted + 2, 'a wrong length');
					parseSignOn(reply);
					const body = typed(() => payload(reply, 'fuzz', wanted, chance.next() < 0.5));
					if (body !== undefined) ensure(body.length === wanted, 'a wrong length');
					connectionFaults(reply[0] ?? 0);
					const status = parseStatus(reply);
					if (status !== undefined)
						ensure(status.pollTimeoutMs >= 0 && status.pollTimeoutMs < 0x100_0000, 'a wait without end');
					parseBlockSupport(reply);
					const info = parseInfo(reply);
					if (info !== undefined) ensure(info.pageBytes >= 0 && info.flashBytes >= 0, 'a size below nothing');
					ensure(sckTable(parseCapabilities(reply)).length > 0, 'no speed');
					firstUsage(reply);
				},
			};
		};
	},
};

const avrdude: FuzzTarget = {
	name: 'avrdude',
	start(seed) {
		const chance = createChance(seed);
		const seeds = loadCorpus()
			.filter(entry => entry.tool === 'avrdude' && entry.log.length < 3000)
			.map(entry => entry.log);
		const part = findChip('atmega32u4')!;
		return () => {
			const text =
				chance.next() < 0.1
					? noise(chance, chance.below(300))
					: mutateText(chance, chance.pick(seeds), seeds);
			return {
				shown: () => text,
				feed() {
					const error = avrdudeError(text, {what: 'read flash', part, port: '/dev/ttyUSB0'});
					ensure(error.kind !== 'Bug', 'a fault of ours');
					ensure(error.message.length < 2000, 'a message without end');
				},
			};
		};
	},
};

/** Nothing that comes out of the sanitiser may move a cursor, and it must be quick. */
const screen: FuzzTarget = {
	name: 'screen',
	start(seed) {
		const chance = createChance(seed);
		return () => {
			let text = '';
			for (let round = chance.below(20); round >= 0; round--)
				text += chance.next() < 0.6 ? chance.pick(nastyPieces) : noise(chance, chance.below(20));
			return {
				shown: () => text,
				feed() {
					ensure(
						!/[\n\t]/.test(printable(text)) && !obeyed.test(printable(text)),
						'printable lets it through',
					);
					ensure(!obeyed.test(cleanPaste(text).text), 'cleanPaste lets it through');
					wrap(printable(text), 40);
				},
			};
		};
	},
};

export const readerTargets: readonly FuzzTarget[] = [
	hex,
	logs,
	backups,
	journals,
	recipes,
	catalogue,
	qmk,
	replies,
	avrdude,
	screen,
];
