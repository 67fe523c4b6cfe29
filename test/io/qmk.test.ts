// A qmk_firmware checkout on this machine and the qmk program. Both are made by the test: a folder tree and a
// script that answers to `qmk`.
import assert from 'node:assert/strict';
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {createCancel} from '../../src/engine/cancel.ts';
import {
	compileProduction,
	findQmkFirmware,
	lookUpQmk,
	qmkProgram,
	readQmkKeyboardAt,
} from '../../src/io/qmk.ts';

let home: string;
let checkout: string;
let bin: string;
let env: Record<string, string>;

const put = async (file: string, text: string) => {
	await mkdir(path.dirname(file), {recursive: true});
	await writeFile(file, text);
};

/** What stands on the PATH as `qmk`. */
async function program(script: string): Promise<void> {
	const file = path.join(bin, 'qmk');
	await put(file, `#!/bin/sh\n${script}\n`);
	await chmod(file, 0o755);
}

before(async () => {
	home = await mkdtemp(path.join(tmpdir(), 'qmk-'));
	checkout = path.join(home, 'code', 'my_qmk');
	bin = path.join(home, 'bin');
	env = {PATH: `${bin}${path.delimiter}${process.env.PATH}`};
	await mkdir(path.join(checkout, 'quantum'), {recursive: true});
	await put(path.join(checkout, 'keyboards', 'acme', 'info.json'), '{"processor": "atmega32u4"}');
	await put(path.join(checkout, 'keyboards', 'acme', 'two', 'rules.mk'), 'DEFAULT_FOLDER = acme/two/rev3\n');
	await put(
		path.join(checkout, 'keyboards', 'acme', 'two', 'rev3', 'keyboard.json'),
		'{"keyboard_name": "Two", "bootloader": "qmk-dfu"}',
	);
	await put(path.join(checkout, 'keyboards', 'loop', 'a', 'rules.mk'), 'DEFAULT_FOLDER = loop/b\n');
	await put(path.join(checkout, 'keyboards', 'loop', 'b', 'rules.mk'), 'DEFAULT_FOLDER = loop/a\n');
});
after(() => rm(home, {recursive: true, force: true}));

test('the checkout: QMK_HOME, the settings, the program, or not at all', async () => {
	const quiet = {home, env: {PATH: '/nowhere'}, askProgram: false};
	assert.equal(await findQmkFirmware(quiet), undefined);
	assert.deepEqual(await findQmkFirmware({...quiet, env: {QMK_HOME: '~/code/my_qmk'}}), {
		folder: checkout,
		by: 'QMK_HOME',
	});
	assert.equal(
		await findQmkFirmware({...quiet, env: {QMK_HOME: home}}),
		undefined,
		'a folder that is no checkout',
	);

	assert.equal(await findQmkFirmware({home, env: {PATH: '/nowhere'}}), undefined, 'no program either');
	await program(`[ "$*" = "config user.qmk_home" ] && echo user.qmk_home=${checkout}`);
	assert.deepEqual(await findQmkFirmware({home, env}), {folder: checkout, by: 'qmk config'});
	await program('echo user.qmk_home=None');
	assert.equal(await findQmkFirmware({home, env}), undefined);

	await put(path.join(home, 'conf', 'qmk', 'qmk.ini'), `[user]\nname = me\nqmk_home = ${checkout}\n`);
	const configured = {...quiet, env: {XDG_CONFIG_HOME: path.join(home, 'conf')}};
	assert.deepEqual(await findQmkFirmware(configured), {folder: checkout, by: 'qmk config'});
});

test('what the checkout says about a keyboard', async () => {
	const found = await readQmkKeyboardAt(checkout, 'acme/two');
	assert.deepEqual(
		[found?.keyboard, found?.name, found?.chip, found?.bootloaderId],
		['acme/two/rev3', 'Two', 'atmega32u4', 'qmk-dfu'],
	);
	await put(
		path.join(checkout, 'data', 'mappings', 'keyboard_aliases.hjson'),
		'{\n  "other": {\n    "target": "x/y"\n  },\n  old_two: { target: acme/two }\n  "gone": {"target": "gone"}\n}\n',
	);
	assert.equal((await readQmkKeyboardAt(checkout, 'old_two'))?.keyboard, 'acme/two/rev3');
	for (const name of ['nobody', 'other', 'gone'])
		assert.equal(await readQmkKeyboardAt(checkout, name), undefined, name);
	assert.equal(await readQmkKeyboardAt(checkout, '../../etc'), undefined);
	assert.equal(await readQmkKeyboardAt(checkout, 'loop/a'), undefined);
});

const firmware = () => ({folder: checkout, by: 'QMK_HOME'}) as const;

test('the qmk program: its version, or none', async () => {
	await program('echo 1.1.5');
	assert.equal(await qmkProgram(env), '1.1.5');
	assert.equal(await qmkProgram({PATH: '/nowhere'}), undefined);
});

test('qmk compile: lines as they come, the production file at the end', async () => {
	await program(
		'echo "args: $*"; echo "home: $QMK_HOME"; echo Compiling >&2; touch acme_two_rev3_default_production.hex',
	);
	const lines: string[] = [];
	const result = await compileProduction({
		firmware: firmware(),
		keyboard: 'acme/two/rev3',
		keymap: 'default',
		env,
		onLine: line => lines.push(line),
	});
	assert.deepEqual(result, {ok: true, file: path.join(checkout, 'acme_two_rev3_default_production.hex')});
	assert.deepEqual(lines.toSorted(), [
		'Compiling',
		'args: compile -kb acme/two/rev3 -km default -t production',
		`home: ${checkout}`,
	]);
});

test('qmk compile: failures are told apart, an old file is never taken for a result', async () => {
	const run = (more: Partial<Parameters<typeof compileProduction>[0]> = {}) =>
		compileProduction({firmware: firmware(), keyboard: 'acme/one', keymap: 'default', env, ...more});
	const why = async (more = {}) => {
		const result = await run(more);
		return result.ok ? 'ok' : result.why;
	};
	await program('echo error >&2; exit 2');
	assert.match(await why(), /build failed \(exit code 2\)/);
	await program('touch -d 2001-01-01 acme_one_default_production.hex');
	assert.match(await why(), /left no acme_one_default_production\.hex/);
	assert.match(await why({env: {PATH: '/nowhere'}}), /not installed/);
	assert.match(await why({keymap: '../x'}), /no keyboard and keymap/);
	assert.match(await why({keyboard: '; rm'}), /no keyboard and keymap/);
});

test('qmk compile: stopping ends the whole build', async () => {
	// The shell waits for a child of its own, which must go as well.
	await program('trap "exit 130" INT; echo "child started"; sleep 60; echo never');
	const {cancel, request} = createCancel();
	const lines: string[] = [];
	const began = process.hrtime.bigint();
	const result = await compileProduction({
		firmware: firmware(),
		keyboard: 'acme/one',
		keymap: 'default',
		env,
		cancel,
		onLine: line => {
			lines.push(line);
			request();
		},
	});
	assert.deepEqual(result, {ok: false, stopped: true, why: 'The build was stopped; nothing of it is used.'});
	assert.deepEqual(lines, ['child started']);
	assert.ok(process.hrtime.bigint() - began < 20_000_000_000n);
	const before = await compileProduction({firmware: firmware(), keyboard: 'a', keymap: 'b', env, cancel});
	assert.equal(!before.ok && before.stopped, true);
});

test('which board: by name, by one of its files, by their folder, with the folders above them', async () => {
	const at = {home, env: {PATH: '/nowhere', QMK_HOME: checkout}, askProgram: false};
	const keyboard = path.join(checkout, 'keyboards', 'acme', 'two', 'rev3');
	const byName = await lookUpQmk('acme/two', at);
	assert.deepEqual(
		[byName.keyboard, byName.chip, byName.bootloaderId],
		['acme/two/rev3', 'atmega32u4', 'qmk-dfu'],
	);
	for (const typed of [keyboard, `"${path.join(keyboard, 'keyboard.json')}"`]) {
		const found = await lookUpQmk(typed, {home, env: {PATH: '/nowhere'}, askProgram: false});
		assert.deepEqual([found.name, found.chip, found.bootloaderId], ['Two', 'atmega32u4', 'qmk-dfu'], typed);
	}

	const keymap = path.join(keyboard, 'keymaps', 'mine', 'rules.mk');
	await put(keymap, 'BOOTLOADER = caterina\n');
	const mine = await lookUpQmk(keymap, at);
	assert.deepEqual([mine.chip, mine.bootloaderId], ['atmega32u4', 'caterina']);

	const alone = path.join(home, 'downloads', 'rules.mk');
	await put(alone, 'MCU = at90usb1286\nBOOTLOADER = halfkay\n');
	assert.deepEqual((await lookUpQmk(alone, at)).boardIds, ['teensypp_2']);
	assert.deepEqual((await lookUpQmk(path.dirname(alone), at)).boardIds, ['teensypp_2']);
	await put(path.join(home, 'downloads', 'info.json'), '{"processor": "RP2040"}');
	assert.match((await lookUpQmk(path.join(home, 'downloads', 'info.json'), at)).elsewhere ?? '', /BOOTSEL/);

	await assert.rejects(lookUpQmk('acme/none', at), /no keyboard "acme\/none" in .*QMK_HOME/);
	await assert.rejects(
		lookUpQmk('acme/two', {home, env: {PATH: '/nowhere'}, askProgram: false}),
		/No qmk_firmware folder was found/,
	);
	await assert.rejects(lookUpQmk('../../etc/passwd', at), /none of QMK's files|neither a file/);
	await assert.rejects(lookUpQmk('no such thing', at), /neither a file/);
});
