// What to connect to what, the RESET trap on its row, and the question of the supply before the first contact.
import {useEffect, useState} from 'react';
import {NoWiring, type WiringTable, warningBefore, wiringTable} from '../../wiring/index.ts';
import {type SecondSupply, secondSupplies} from '../engine/devices/second-supply.ts';
import type {World} from '../engine/transports.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import {pinDrawingLines, pinTableLines} from '../ui/pin-table.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {AvrdudeWiring} from './avrdude-wiring.tsx';
import type {Known, StepProps} from './step.ts';

export function tableFor(known: Known): WiringTable | undefined {
	const {board, programmer} = known;
	if (board === undefined || programmer === undefined) return undefined;
	try {
		return wiringTable(programmer.id, board.board?.id ?? {chip: board.chip?.id ?? ''});
	} catch (error) {
		if (error instanceof NoWiring) return undefined;
		throw error;
	}
}

/** What a 3.3 V board's wires speak of. */
const shifterTerms = ['level shifter', 'HV', 'LV'] as const;

/** The one stands on its row, the other above the table. */
const shownAbove: ReadonlySet<string> = new Set(['reset-trap', 'five-volts-on-3v3']);

function dangers(table: WiringTable, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	return table.warnings
		.filter(({severity, code}) => (severity === 'danger' && !shownAbove.has(code)) || code === 'capacitor')
		.map(warning => item(`${glyphs.warn} `, warning.text, 'warn'));
}

function hints(table: WiringTable, view: View): readonly Line[] {
	const glyphs = glyphsFor(view);
	return [
		say('Power', 'strong'),
		...table.power.map(text => item(`${glyphs.bullet} `, text)),
		gap,
		say('Good to know', 'strong'),
		...table.warnings
			.filter(({severity, code}) => severity === 'care' && code !== 'capacitor')
			.map(warning => item(`${glyphs.bullet} `, warning.text)),
	];
}

/** What is plugged in and may be the board itself, fed by its own cable. Looks again whenever something changes. */
async function lookForSupplies(world: World, known: Known): Promise<readonly SecondSupply[]> {
	const {connection} = known.programmer ?? {};
	const devices = await world.listUsbDevices().catch(() => []);
	const ports = connection?.kind === 'serial' ? await world.listSerialPorts().catch(() => []) : [];
	const own = ports.find(port => connection?.kind === 'serial' && port.path === connection.path);
	const others = devices.filter(
		device => own?.vendorId !== device.vendorId || own?.productId !== device.productId,
	);
	const key = connection?.kind === 'usb' ? connection.key : undefined;
	return secondSupplies(others, known.board?.chip?.id, key).filter(({confidence}) => confidence === 'likely');
}

export function useSupplies(world: World, known: Known, asked: boolean): readonly SecondSupply[] {
	const [supplies, setSupplies] = useState<readonly SecondSupply[]>([]);
	useEffect(() => {
		if (!asked) return;
		let here = true;
		const look = () =>
			void lookForSupplies(world, known).then(found => {
				if (here) setSupplies(found);
			});
		look();
		const stop = world.onDevicesChanged(look);
		return () => {
			here = false;
			stop();
		};
	}, [world, known, asked]);
	return supplies;
}

type Page = 'table' | 'picture' | 'hints' | 'power';

export function WiringView(step: StepProps<'wiring'>) {
	return step.known.programmer?.connection.kind === 'avrdude' ? (
		<AvrdudeWiring step={step} />
	) : (
		<OwnWiring {...step} />
	);
}

function OwnWiring(step: StepProps<'wiring'>) {
	const {known, view, deps, onDone} = step;
	const [page, setPage] = useState<Page>('table');
	const table = tableFor(known);
	const feeds = table !== undefined && table.programmer.power.supply !== 'never';
	const supplies = useSupplies(deps.world, known, page === 'power' && feeds);
	if (table === undefined) {
		return (
			<Ask
				step={step}
				id="none"
				onAction={() => {}}
				spec={{
					lines: [
						say('There is no wiring for this pair. Go back and choose another programmer or board.', 'bad'),
					],
					control: {kind: 'wait'},
				}}
			/>
		);
	}
	if (page === 'power' && table.shifter !== undefined) {
		return (
			<OwnSupply
				step={step}
				table={table}
				onBack={() => setPage('table')}
				onYes={() => onDone({unplugged: true, wired: true})}
			/>
		);
	}
	if (page === 'power') {
		const fed = !feeds;
		const switched = table.programmer.power.supply === 'software';
		return (
			<Ask
				step={step}
				id="power"
				onBack={() => setPage('table')}
				onAction={action => {
					if (action.type === 'choose' && action.id === 'yes') {
						onDone({unplugged: true, wired: true, ...(switched ? {powerTarget: true} : {})});
					}
					if (action.type === 'choose' && action.id === 'own') onDone({unplugged: true, wired: true});
					if (action.type === 'choose' && action.id === 'no') setPage('table');
				}}
				spec={{
					lines: fed
						? [
								say(
									'This programmer gives no power. Is the keyboard fed by its own USB cable, and by nothing else?',
									'strong',
								),
								say('The chip answers only with power, and two supplies at once can destroy both devices.'),
							]
						: [
								say("Is the keyboard's own USB cable unplugged?", 'strong'),
								say(
									'The keyboard gets its power from the programmer now. Two supplies at once, its own USB cable and the programmer, can destroy the board, the programmer or the USB port.',
								),
								...supplies.map(({name, vidPid: ids}) =>
									item(
										`${glyphsFor(view).warn} `,
										`${printable(name)} (${ids}) is plugged in. If that is this board, unplug it now.`,
										'warn',
									),
								),
							],
					control: {
						kind: 'menu',
						items: fed
							? [
									{
										id: 'yes',
										label: 'Yes: only by its own USB cable',
										about: 'Next: the first contact. It only reads.',
									},
									{id: 'no', label: 'Not yet: show me the wires again'},
								]
							: [
									{
										id: 'yes',
										label: 'Yes: only the programmer feeds it',
										about: switched
											? "Next: the programmer's supply is switched on, and the first contact, which only reads."
											: 'Next: the first contact. It only reads.',
									},
									...(switched
										? [
												{
													id: 'own',
													label: 'No: its own USB cable feeds it, and VCC is not connected',
													about: "The programmer's supply stays off.",
												},
											]
										: []),
									{id: 'no', label: 'Not yet: show me the wires again'},
								],
					},
					terms: ['programmer', 'VCC', 'GND'],
				}}
			/>
		);
	}
	const first = warningBefore(table);
	const lines =
		page === 'table'
			? [
					...(first === undefined ? [] : [item(`${glyphsFor(view).warn} `, first.text, 'bad'), gap]),
					say(
						table.shifter === undefined
							? 'Connect these six, with everything unplugged. Then plug in the programmer.'
							: 'Connect these five through a level shifter, with everything unplugged.',
						'strong',
					),
					gap,
					...pinTableLines(table, view),
					gap,
					...dangers(table, view),
				]
			: page === 'picture'
				? pinDrawingLines(table, view)
				: hints(table, view);
	const others = (
		[
			{key: 'p', does: 'picture', id: 'picture'},
			{key: 't', does: 'table', id: 'table'},
			{key: 'h', does: 'hints', id: 'hints'},
		] as const
	).filter(other => other.id !== page && !(view.screenReader && other.id === 'picture'));
	return (
		<Ask
			step={step}
			id={page}
			{...(page === 'table' ? {} : {onBack: () => setPage('table')})}
			onAction={action => {
				if (action.type === 'go') setPage('power');
				if (action.type === 'key') setPage(action.id as Page);
			}}
			spec={{
				lines,
				control: {kind: 'go', does: 'wired'},
				keys: others,
				terms: [
					...(table.shifter === undefined ? [] : shifterTerms),
					'RESET',
					'SCK',
					...(table.warnings.some(({code}) => code === 'capacitor') ? (['capacitor'] as const) : []),
					'ISP',
					'programmer',
				],
			}}
		/>
	);
}

/** A 3.3 V board behind a 5 V programmer: it is fed by itself, and nothing of the programmer reaches it straight. */
function OwnSupply({
	step,
	table,
	onYes,
	onBack,
}: {
	readonly step: StepProps<'wiring'>;
	readonly table: WiringTable;
	readonly onYes: () => void;
	readonly onBack: () => void;
}) {
	const volts = table.target.board?.vcc;
	return (
		<Ask
			step={step}
			id="own-supply"
			onBack={onBack}
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'yes') onYes();
				else onBack();
			}}
			spec={{
				lines: [
					say(
						`Is the board fed by its own ${volts} V, and is a level shifter between it and the programmer?`,
						'strong',
					),
					say(
						'Straight to 5 V the board can be destroyed. No wire goes from the programmer to its VCC.',
						'warn',
					),
					...table.power.slice(1).map((text, index) => item(`${index + 1}. `, text)),
				],
				control: {
					kind: 'menu',
					items: [
						{
							id: 'yes',
							label: `Yes: its own ${volts} V, and a level shifter between`,
							about: 'Next: the first contact. It only reads.',
						},
						{id: 'no', label: 'Not yet: show me the wires again'},
					],
				},
				terms: [...shifterTerms, 'VCC', 'programmer'],
			}}
		/>
	);
}
