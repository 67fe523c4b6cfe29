// Programmers that only an installed avrdude knows, in the wizard. The avrdude here is a part of the bench: what is
// tested is what the person is asked and told, and that it is the named engine that works.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {UnbrickError} from '../../src/engine/errors.ts';
import {createIspTarget} from '../../src/engine/isp/isp-target.ts';
import {openProgrammer} from '../../src/engine/programmers/open.ts';
import {resultLines} from '../../src/steps/result.tsx';
import type {AvrdudeEngine, WizardDeps} from '../../src/steps/step.ts';
import {type DriveOptions, type Driver, drive} from '../helpers/press.tsx';

const which = 'Which programmer do you have?';
const another = 'Another programmer, through';

const programmers = new Map([
	['atmelice_isp', 'Atmel-ICE (ARM/AVR) in ISP mode'],
	['dragon_isp', 'Atmel AVR Dragon in ISP mode'],
	...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(name => [`other_${name}`, 'Another one'] as const),
]);

/** One line of the screen, whatever its width wrapped. */
function flat(screen: string): string {
	return screen.replace(/\s+/g, ' ');
}

async function withAvrdude(
	options: DriveOptions,
	engineFor: (practice: WizardDeps) => AvrdudeEngine,
	body: (wizard: Driver) => Promise<void>,
): Promise<void> {
	const wizard = drive({...options, deps: practice => ({...practice, avrdude: engineFor(practice)})});
	try {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', 'Pro Micro 5 V');
		await body(wizard);
	} finally {
		wizard.stop();
	}
}

for (const columns of [80, 60]) {
	test(`a recovery through avrdude: it is asked only when wanted, and named wherever it works; at ${columns} columns`, async () => {
		let asked = 0;
		const opened: string[] = [];
		const engine = ({world}: WizardDeps): AvrdudeEngine => ({
			async find() {
				asked++;
				return {version: '7.1', programmers};
			},
			async open({programmer, port, board, chip}) {
				opened.push(programmer);
				assert.equal(port, undefined);
				const [device] = (await world.listSerialPorts()).map(({path}) => path);
				const link = await openProgrammer(world, {programmer: 'arduino-isp', port: device ?? ''});
				const target = createIspTarget(link, {
					clock: world.clock,
					...(board === undefined ? {} : {board}),
					...(chip === undefined ? {} : {chip}),
				});
				return {...target, engine: `avrdude 7.1 (${programmer})`};
			},
		});
		await withAvrdude({columns, rows: 24}, engine, async wizard => {
			await wizard.see(which);
			assert.equal(asked, 0);
			await wizard.choose(which, another);
			await wizard.see('Which programmer of avrdude 7.1?');
			wizard.key('escape');
			await wizard.choose(which, another);
			await wizard.see('Which programmer of avrdude 7.1?');
			wizard.send('dra');
			await wizard.see(/Filter: dra \(1 of 10\)/);
			await wizard.choose('Which programmer of avrdude 7.1?', 'dragon_isp');
			await wizard.choose('Where does avrdude find dragon_isp', 'By itself');
			const wires = flat(await wizard.see('Connect these six'));
			assert.match(wires, /MOSI board 16/);
			assert.match(wires, /RESET goes to the board's RESET/);
			wizard.key('enter');
			await wizard.choose('fed by one source only', 'only the programmer feeds it');
			await wizard.enterAt('The chip answers');
			await wizard.enterAt('What shall be written');
			await wizard.enterAt('settings of the chip apart');
			const review = flat(await wizard.see('This will be done'));
			assert.match(review, /Engine: the installed avrdude 7\.1 \(dragon_isp\)/);
			wizard.key('enter');
			await wizard.see(/Written and verified|Is it alive/);
			const working = wizard.frames().map(flat);
			assert.ok(
				working.some(
					frame => /Leave all cables as they are/.test(frame) && /Engine: the installed/.test(frame),
				),
			);
			assert.deepEqual([...new Set(opened)], ['dragon_isp']);
			wizard.key('interrupt');
			const {known} = await wizard.ended;
			assert.equal(known.programmer?.name, 'dragon_isp through avrdude 7.1');
			assert.equal(known.flash?.result.ok, true);
			const view = {columns, rows: 24, unicode: true, screenReader: false};
			const result = resultLines(known, false, view).map(line => line.text);
			assert.ok(result.some(text => text.includes('the installed avrdude 7.1 (dragon_isp)')));
		});
	});

	test(`no avrdude on this computer: said plainly, and back; at ${columns} columns`, async () => {
		const engine = (): AvrdudeEngine => ({
			async find() {
				throw new UnbrickError({
					kind: 'DeviceMissing',
					what: 'An installed avrdude',
					next: ['Install avrdude (Debian, Ubuntu: sudo apt install avrdude).'],
				});
			},
			open: () => assert.fail('there is none'),
		});
		await withAvrdude({columns, rows: 24}, engine, async wizard => {
			await wizard.choose(which, another);
			const screen = flat(await wizard.see('An installed avrdude'));
			assert.match(screen, /Install avrdude/);
			assert.match(screen, /works with the programmers of its own list/);
			wizard.key('enter');
			await wizard.see(which);
			assert.equal(wizard.bench.touched(), false);
		});
	});
}

test('a 3.3 V board behind a programmer that only avrdude knows: warned first, and asked about every line', async () => {
	const wizard = drive({
		rows: 50,
		deps: practice => ({
			...practice,
			avrdude: {
				find: async () => ({version: '7.1', programmers}),
				open: async () => {
					throw new UnbrickError({kind: 'DeviceMissing', what: 'The dragon'});
				},
			},
		}),
	});
	try {
		await wizard.choose('What happened', 'I have no error text');
		await wizard.choose('Which board is broken?', 'Pro Micro 3.3 V');
		await wizard.choose(which, another);
		await wizard.choose('Which programmer of avrdude 7.1?', 'dragon_isp');
		await wizard.choose('Where does avrdude find dragon_isp', 'By itself');
		const wires = await wizard.enterAt('Connect these six');
		assert.ok(wires.indexOf('This is a 3.3 V board') < wires.indexOf('Connect these six'));
		assert.match(flat(wires), /VCC +board VCC .*: never to 5 V/);
		const question = flat(await wizard.see('are all its lines at 3.3 V?'));
		assert.match(question, /Yes: only the programmer feeds it, with 3\.3 V Yes: its own 3\.3 V feeds it/);
	} finally {
		wizard.stop();
	}
});
