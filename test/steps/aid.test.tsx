// What the diagnosis shows in the wizard, and first aid as steps that the program takes itself, on two widths.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createBench} from '../../src/bench/bench.ts';
import {keyboardImage, loaderImage, practiceLoader, sketchImage} from '../../src/bench/boot/images.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {printIntelHex} from '../../src/engine/image/intel-hex.ts';
import {createImage} from '../../src/engine/image/memory-image.ts';
import type {UsbDeviceInfo, World} from '../../src/engine/transports.ts';
import type {WizardDeps} from '../../src/steps/step.ts';
import {type DriveOptions, type Driver, drive, practiceOn} from '../helpers/press.tsx';
import {caterina, dfuStalled} from './seed-logs.ts';

const list = 'Try this, in this order';
const offer = 'Let this program look';
const sees = 'What this computer sees';

async function withWizard(options: DriveOptions, body: (wizard: Driver) => Promise<void>): Promise<void> {
	const wizard = drive(options);
	try {
		await body(wizard);
	} finally {
		wizard.stop();
	}
}

/** One line of the screen, whatever its width wrapped. */
function flat(screen: string): string {
	return screen.replace(/\s+/g, ' ');
}

async function toDiagnosis(wizard: Driver, log: string): Promise<string> {
	await wizard.see('What happened');
	wizard.paste(log);
	return wizard.see('What happened: ');
}

/** A bench world in which other devices are plugged in than the bench's own. */
function worldWith(world: World, usb: readonly UsbDeviceInfo[], more: Partial<World> = {}): World {
	return {...world, listUsbDevices: async () => usb, listSerialPorts: async () => [], ...more};
}

function dfuDevice(access: UsbDeviceInfo['access']): UsbDeviceInfo {
	return {
		key: '1-4:7',
		vendorId: 0x03eb,
		productId: 0x2ff4,
		release: 0,
		product: 'ATm32U4DFU',
		access,
	};
}

function withWorld(change: (world: World) => World): (practice: WizardDeps) => WizardDeps {
	return ({practice: _, ...deps}) => ({...deps, world: change(deps.world)});
}

for (const columns of [80, 60]) {
	const size = {columns, rows: 24};

	test(`the log's own lines, what happened, what it means, the next step; at ${columns} columns`, async () => {
		await withWizard(size, async wizard => {
			const screen = flat(await toDiagnosis(wizard, caterina));
			assert.match(screen, /line \d │ avrdude: /);
			assert.match(screen, /What happened: The bootloader took the firmware/);
			assert.match(screen, /What it means: Its bootloader is damaged/);
			assert.match(screen, /Next: Press RESET twice/);
		});
	});

	test(`all candidates, one of them read as if it were the first; at ${columns} columns`, async () => {
		await withWizard(size, async wizard => {
			await toDiagnosis(wizard, dfuStalled);
			if (columns < 72) await wizard.choose('What happened: ', 'Answer a question');
			await wizard.choose(columns < 72 ? 'Was the flash erased' : 'What happened: ', 'candidates');
			const all = flat(await wizard.see('Everything that may be behind'));
			assert.match(all, /likely: The bootloader refused to write/);
			await wizard.choose('Everything that may be behind', 'refuses to write');
			const screen = flat(await wizard.see('What happened: The bootloader refuses to write before'));
			assert.match(screen, /wants erase and flash in one go/);
			wizard.key('escape');
			await wizard.see('What happened');
		});
	});

	test(`a question where two causes print the same, and its answer counts; at ${columns} columns`, async () => {
		await withWizard(size, async wizard => {
			await toDiagnosis(wizard, dfuStalled);
			await wizard.choose('What happened: ', 'Answer a question');
			await wizard.choose('Was the flash erased with --force', 'No, not in one go');
			const screen = flat(await wizard.see(/refuses to\s+write\s+before/));
			assert.match(screen, /The board is fine; it wants erase and flash in one go/);
			assert.match(screen, /Step 2: What the text says/);
		});
	});

	test(`first aid looks itself: the bootloader is there but may not be opened; at ${columns} columns`, async () => {
		const deps = withWorld(world =>
			worldWith(world, [dfuDevice('denied')], {
				system: 'linux',
				runningPrograms: async () => ['ModemManager'],
			}),
		);
		await withWizard({...size, deps}, async wizard => {
			await toDiagnosis(wizard, dfuStalled);
			await wizard.choose('What happened: ', 'first aid');
			await wizard.choose(list, offer);
			const screen = flat(await wizard.see('You may not open it yet'));
			assert.match(screen, /A bootloader is there: .*\(03eb:2ff4\)/);
			assert.match(screen, /Install the rules file/);
			// The DFU bootloader is no serial port: ModemManager has no part in it.
			assert.doesNotMatch(screen, /ModemManager runs/);
		});
	});

	test(`first aid looks itself: nothing there, ModemManager in the way; then it appears; at ${columns} columns`, async () => {
		let usb: readonly UsbDeviceInfo[] = [];
		let tell = () => {};
		const deps = withWorld(world =>
			worldWith(world, [], {
				system: 'linux',
				listUsbDevices: async () => usb,
				runningPrograms: async () => ['ModemManager'],
				onDevicesChanged: listener => {
					tell = listener;
					return () => {};
				},
			}),
		);
		await withWizard({...size, deps}, async wizard => {
			await toDiagnosis(wizard, caterina);
			await wizard.choose('What happened: ', 'first aid');
			await wizard.choose(list, offer);
			const screen = flat(await wizard.see('No bootloader of a keyboard'));
			assert.match(screen, /twice within half a/);
			assert.match(screen, /ModemManager runs and may disturb/);
			usb = [dfuDevice('ok')];
			tell();
			const now = flat(await wizard.see('This program may open it'));
			assert.match(now, /of another kind than the one your text speaks of/);
		});
	});
}

const chip = findChip('atmega32u4')!;

/** A board whose DFU bootloader lives and waits. */
function waitingBoard() {
	const loader = practiceLoader('atmel-dfu', chip)!;
	const old = keyboardImage();
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(loader.data, loader.byteAddress);
	flash.set(old.data, old.byteAddress);
	return createBench('dfu', {flash});
}

test('erase and flash in one go through the bootloader that waits: read back, and no ISP is needed', async () => {
	const bench = waitingBoard();
	bench.plugBoard();
	await bench.clock.sleep(1000);
	bench.pressReset();
	await bench.clock.sleep(100);
	const keymap = keyboardImage(9000, {productId: 0x6161});
	const files = {'keymap.hex': printIntelHex(createImage([keymap]))};
	await withWizard({deps: () => practiceOn(bench, files)}, async wizard => {
		await toDiagnosis(wizard, dfuStalled);
		await wizard.choose('What happened: ', 'first aid');
		await wizard.choose(list, offer);
		const look = flat(await wizard.see('A bootloader is there'));
		assert.match(look, /\(03eb:2ff4\)/);
		await wizard.choose(sees, 'Erase and flash a file');
		await wizard.see('Which .hex file');
		await wizard.typeWord('nothing.hex');
		wizard.key('enter');
		await wizard.see('There is no file');
		wizard.paste('keymap.hex');
		await wizard.see(/keymap\.hex/);
		wizard.key('enter');
		const done = flat(await wizard.see('Does the board work now?'));
		assert.match(done, /bytes were read back and are equal/);
		assert.match(done, /The keyboard is on USB as feed:6161/);
		assert.deepEqual(bench.chip.dump().flash.subarray(0, keymap.data.length), keymap.data);
		assert.deepEqual(bench.board.trespasses, []);
		await wizard.choose('Does the board work now?', 'The board works again');
		const {known} = await wizard.ended;
		assert.equal(known.firstAid?.outcome, 'helped');
		assert.equal(known.programmer, undefined);
	});
});

test('a bootloader that is not there is waited for; ISP is one choice away when it never comes', async () => {
	const bench = waitingBoard();
	const log = `dfu-programmer atmega32u4 flash x.hex\n${dfuStalled}`;
	await withWizard(
		{deps: () => practiceOn(bench, {'a.hex': printIntelHex(createImage([keyboardImage()]))})},
		async wizard => {
			await toDiagnosis(wizard, log);
			await wizard.choose('What happened: ', 'first aid');
			await wizard.choose(list, offer);
			await wizard.see('No bootloader of a keyboard');
			await wizard.choose(sees, 'Erase and flash a file');
			await wizard.see('Which .hex file');
			await wizard.typeWord('a.hex');
			wizard.key('enter');
			await wizard.see('bring the board into its bootloader');
			wizard.key('escape');
			await wizard.choose(sees, 'Back to the list');
			await wizard.choose(list, 'It did not help');
			await wizard.see('Which board is broken?');
			assert.equal(bench.touched(), false);
		},
	);
});

test('a running sketch is asked into its bootloader by the 1200-baud touch, and the page shows it there', async () => {
	const loader = loaderImage('caterina', chip);
	const sketch = sketchImage();
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	flash.set(loader.data, loader.byteAddress);
	flash.set(sketch.data, sketch.byteAddress);
	const bench = createBench('healthy', {flash});
	bench.plugBoard();
	// Caterina waits for its 8 seconds first.
	await bench.clock.sleep(10_000);
	await withWizard({deps: () => practiceOn(bench)}, async wizard => {
		await toDiagnosis(wizard, 'avrdude: butterfly_recv(): programmer is not responding');
		await wizard.choose('What happened: ', 'first aid');
		await wizard.choose(list, offer);
		await wizard.see('No bootloader of a keyboard');
		await wizard.choose(sees, 'into its bootloader');
		const screen = flat(await wizard.see('A bootloader is there'));
		assert.match(screen, /Asked the board on \S+ to restart into its bootloader/);
		assert.match(screen, /Caterina/);
		assert.equal(bench.touched(), false, 'nothing was written');
	});
});

test('first-aid entries had no visible effect and lost the pointer: each says what came of it, the pointer stays', async () => {
	await withWizard({scenario: 'dfu'}, async wizard => {
		await toDiagnosis(wizard, dfuStalled);
		await wizard.choose('What happened: ', 'first aid');
		await wizard.choose(list, offer);
		await wizard.see('No bootloader of a keyboard');
		await wizard.choose(sees, 'press RESET');
		const pressed = await wizard.see('RESET was pressed twice, but no bootloader has come');
		assert.match(pressed, /❯ Practice: press RESET/);
		await wizard.choose(sees, 'Look again');
		assert.match(await wizard.see('Looked once more: nothing has changed'), /❯ Look again/);
		wizard.key('enter');
		await wizard.see('Looked 2 times: nothing has changed');
		await wizard.choose(sees, 'Back to the list');
		await wizard.see(list);
	});
});

test('the bootloader that RESET brings is shown at once, under a pointer that stays', async () => {
	const bench = waitingBoard();
	bench.plugBoard();
	await bench.clock.sleep(1000);
	await withWizard({deps: () => practiceOn(bench)}, async wizard => {
		await toDiagnosis(wizard, dfuStalled);
		await wizard.choose('What happened: ', 'first aid');
		await wizard.choose(list, offer);
		await wizard.see('No bootloader of a keyboard');
		await wizard.choose(sees, 'press RESET');
		const there = await wizard.see('RESET was pressed twice. Its bootloader is there');
		assert.match(there, /❯ Practice: press RESET/);
		assert.match(there, /Erase and flash a file/);
	});
});
