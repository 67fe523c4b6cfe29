// Which programmer, and where it is plugged in. Listing opens nothing.
import {useEffect, useState} from 'react';
import {findPinouts, type ProgrammerPinout, programmerPinouts} from '../../wiring/index.ts';
import {listDevices} from '../engine/devices/index.ts';
import type {ListedDevice} from '../engine/devices/types.ts';
import type {SpareBoard} from '../engine/procedures/prepare.ts';
import {rankDrawer} from '../engine/programmers/drawer.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {AvrdudeList} from './avrdude-list.tsx';
import {messageOf} from './message-of.ts';
import {PrepareView} from './prepare.tsx';
import type {Connection, StepProps} from './step.ts';

/** Drivers that talk through a serial port; the others are USB devices of their own. */
const serialDrivers: ReadonlySet<string> = new Set(['avrisp', 'arduino-isp', 'buspirate']);

/** Spare boards that `prepare` turns into programmers. */
const spareBoards: readonly SpareBoard[] = ['promicro_isp', 'teensy2_isp'];

function spareOf(pinout: ProgrammerPinout | undefined): SpareBoard | undefined {
	return spareBoards.find(board => board === pinout?.id);
}

/** More lines would push the question off a small screen. */
const shownDevices = 4;

/** Words that tell boards with the same driver apart, in a device's name and in ours. */
const boardWords = ['Uno', 'Nano', 'Mega', 'Leonardo', 'Pro Micro', 'Teensy'] as const;

/** False when the identity names another board than this one: an Uno is no Mega. */
function nameAgrees(pinout: ProgrammerPinout, device: ListedDevice): boolean {
	const named = boardWords.filter(word => device.name.includes(word));
	return named.length === 0 || named.some(word => pinout.name.includes(word));
}

/** Devices whose identity says that they are this programmer, or may be. */
export function devicesFor(
	pinout: ProgrammerPinout,
	devices: readonly ListedDevice[],
): readonly ListedDevice[] {
	return devices.filter(
		device =>
			(device.id === pinout.driver || device.mayBe.includes(pinout.driver)) && nameAgrees(pinout, device),
	);
}

/** What can be tried although its identity says nothing: a serial port for a serial programmer. */
function possibleFor(pinout: ProgrammerPinout, devices: readonly ListedDevice[]): readonly ListedDevice[] {
	const sure = devicesFor(pinout, devices);
	if (sure.length > 0 || !serialDrivers.has(pinout.driver)) return sure;
	return devices.filter(device => device.port !== null);
}

function connectionOf(device: ListedDevice): Connection | undefined {
	if (device.port !== null) return {kind: 'serial', path: device.port};
	return device.usbKey === null ? undefined : {kind: 'usb', key: device.usbKey};
}

function place(device: ListedDevice): string {
	return printable(device.port ?? device.vidPid ?? device.usbKey ?? '');
}

const accessWords: Readonly<Record<ListedDevice['access'], string>> = {
	ok: '',
	unknown: '',
	denied: ': no permission yet',
	busy: ': another program has it open',
	'no-driver': ': its driver is missing or the wrong one',
};

/** What is plugged in, in which state, and what to do about the first that cannot be opened. */
function pluggedLines(devices: readonly ListedDevice[], view: View): readonly Line[] {
	if (devices.length === 0) return [];
	const glyphs = glyphsFor(view);
	const shut = devices.find(({access}) => accessWords[access] !== '');
	const hidden = devices.length - shownDevices;
	return [
		gap,
		...devices
			.slice(0, shownDevices)
			.map(device =>
				item(
					`${accessWords[device.access] === '' ? glyphs.done : glyphs.warn} `,
					`Plugged in: ${printable(device.name)}${device.mustAsk ? ' (may be a programmer: the first contact shows it)' : ''}${accessWords[device.access]}`,
					accessWords[device.access] === '' ? 'good' : 'warn',
				),
			),
		...(hidden > 0 ? [say(`... and ${hidden} more.`, 'quiet')] : []),
		...(shut === undefined ? [] : shut.advice.slice(0, 1).map(text => say(text, 'quiet'))),
	];
}

export function ProgrammerView(step: StepProps<'programmer'>) {
	const {deps, before, known, onDone, view} = step;
	const {world} = deps;
	const glyphs = glyphsFor(view);
	const [devices, setDevices] = useState<readonly ListedDevice[] | undefined>(undefined);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [[pageName, pageOf] = []] = useState(() => step.page?.split(' ') ?? []);
	const [chosen, setChosen] = useState<ProgrammerPinout | undefined>(
		pageOf === undefined ? undefined : findPinouts(pageOf)[0],
	);
	/** The one that was looked at last, for the pointer. */
	const [looked, setLooked] = useState(chosen?.id);
	const [typing, setTyping] = useState(pageName === 'type');
	const [borrowing, setBorrowing] = useState(pageName === 'borrow');
	const [other, setOther] = useState(pageName === 'avrdude');
	const [spare, setSpare] = useState<ProgrammerPinout | undefined>(undefined);
	const page = other
		? 'avrdude'
		: chosen !== undefined
			? `${typing ? 'type' : 'port'} ${chosen.id}`
			: borrowing
				? 'borrow'
				: undefined;
	const {onPage} = step;
	// biome-ignore lint/correctness/useExhaustiveDependencies: told when the page changes, not when the callback does
	useEffect(() => onPage(page), [page]);

	useEffect(() => {
		let here = true;
		const look = () => {
			listDevices(world).then(
				list => {
					if (here) setDevices(list);
				},
				(error: unknown) => {
					if (!here) return;
					setDevices([]);
					setProblem(messageOf(error));
				},
			);
		};
		look();
		const stop = world.onDevicesChanged(look);
		return () => {
			here = false;
			stop();
		};
	}, [world]);

	const finish = (pinout: ProgrammerPinout, connection: Connection) =>
		onDone({id: pinout.id, name: pinout.name, connection});
	const choose = (pinout: ProgrammerPinout) => {
		const sure = devicesFor(pinout, devices ?? []);
		const connection = sure.length === 1 ? connectionOf(sure[0]!) : undefined;
		if (connection !== undefined && sure[0]!.access !== 'denied' && sure[0]!.access !== 'busy') {
			finish(pinout, connection);
		} else {
			setLooked(pinout.id);
			setChosen(pinout);
		}
	};

	if (devices === undefined) {
		return (
			<Ask
				step={step}
				id="looking"
				onAction={() => {}}
				spec={{lines: [say('Looking at what is plugged in; nothing is opened.')], control: {kind: 'wait'}}}
			/>
		);
	}

	if (other && deps.avrdude !== undefined) {
		return (
			<AvrdudeList
				step={step}
				avrdude={deps.avrdude}
				devices={devices}
				onChosen={onDone}
				onBack={() => setOther(false)}
			/>
		);
	}

	// On the practice bench there is one board, and it is the broken one.
	const canPrepare = (pinout: ProgrammerPinout) =>
		spareOf(pinout) !== undefined && deps.practice === undefined;
	const spareBoard = spareOf(spare);
	if (spare !== undefined && spareBoard !== undefined) {
		return (
			<PrepareView
				step={step}
				board={spareBoard}
				onBack={() => setSpare(undefined)}
				onList={() => {
					setSpare(undefined);
					setChosen(undefined);
				}}
				onReady={path => finish(spare, {kind: 'serial', path})}
			/>
		);
	}

	if (chosen !== undefined && typing) {
		return (
			<Ask
				step={step}
				id="type"
				onBack={() => setTyping(false)}
				onAction={action => {
					if (action.type === 'field') finish(chosen, {kind: 'serial', path: action.text});
				}}
				spec={{
					lines: [
						say(`On which port is the ${chosen.name}?`, 'strong'),
						say(
							'Windows: COM3 or the like (Device Manager, Ports). Linux: /dev/ttyACM0 or /dev/ttyUSB0. macOS: /dev/cu.usbmodem...',
						),
					],
					control: {kind: 'field', ask: 'Port:'},
					terms: ['port'],
				}}
			/>
		);
	}

	if (chosen !== undefined) {
		const firmware: readonly Line[] =
			spareOf(chosen) === undefined
				? []
				: [
						item(
							`${glyphs.warn} `,
							canPrepare(chosen)
								? 'It must carry the ISP program first. If it does not yet, that is done here.'
								: `It must carry the ISP program first. If it does not yet: leave with Ctrl+C and run "avr-unbrick prepare ${chosen.id}".`,
							'warn',
						),
					];
		const possible = possibleFor(chosen, devices);
		const sure = devicesFor(chosen, devices);
		const items: readonly MenuItem[] = [
			...possible.map((device, index) => ({
				id: String(index),
				label: `${place(device)}  ${printable(device.name)}${device.access === 'denied' ? ' (no permission)' : device.access === 'busy' ? ' (in use)' : ''}`,
				...(device.advice.length === 0 ? {} : {about: device.advice.slice(0, 2).join(' ')}),
			})),
			...(serialDrivers.has(chosen.driver)
				? [{id: 'type', label: 'Another port: I type its name', term: 'port'}]
				: []),
			...(canPrepare(chosen)
				? [
						{
							id: 'prepare',
							label: 'A spare board: put the ISP program on it now',
							about: 'What it loses and how it gets that back is said first.',
							term: 'ISP' as const,
						},
					]
				: []),
			{id: 'again', label: 'Look again', about: 'A device that you plug in shows up here by itself.'},
		];
		return (
			<Ask
				step={step}
				id={`port ${possible.map(place).join(' ')}`}
				onBack={() => setChosen(undefined)}
				onAction={action => {
					if (action.type !== 'choose') return;
					if (action.id === 'type') setTyping(true);
					else if (action.id === 'prepare') setSpare(chosen);
					else if (action.id === 'again') {
						setDevices(undefined);
						listDevices(world).then(setDevices, () => setDevices([]));
					} else {
						const device = possible[Number(action.id)];
						const connection = device === undefined ? undefined : connectionOf(device);
						if (connection !== undefined) finish(chosen, connection);
					}
				}}
				spec={{
					lines: [
						...(possible.length === 0
							? [
									item(`${glyphs.warn} `, `No ${chosen.name} is to be seen.`, 'warn'),
									say(
										'Plug it into a USB port of this computer, best without a hub. This list follows by itself.',
									),
								]
							: [
									say(`Where is the ${chosen.name}?`, 'strong'),
									...(sure.length === 0
										? [
												say(
													'No port says that it is one. If you are not sure: unplug the programmer and see which line goes.',
													'quiet',
												),
											]
										: []),
								]),
						...firmware,
					],
					control: {kind: 'menu', items, initial: sure.length === 1 ? '0' : undefined},
					terms: ['port', 'programmer'],
				}}
			/>
		);
	}

	if (borrowing) {
		const ranked = rankDrawer();
		return (
			<Ask
				step={step}
				id="borrow"
				onBack={() => setBorrowing(false)}
				onAction={action => {
					const taken = action.type === 'choose' ? ranked.find(({id}) => id === action.id) : undefined;
					const pinout = programmerPinouts.find(({id}) => id === taken?.wiring);
					setBorrowing(false);
					// A Raspberry Pi's pins are driven by avrdude alone.
					if (taken?.id === 'raspberry-pi') setOther(true);
					if (pinout === undefined) return;
					choose(pinout);
					// What lies in a drawer is seldom a programmer yet.
					if (canPrepare(pinout) && devicesFor(pinout, devices).length === 0) setSpare(pinout);
				}}
				spec={{
					lines: [
						say('What is in your drawer? Best first.', 'strong'),
						say(
							'A borrowed board loses the firmware that it has; each line says how it gets that back.',
							'quiet',
						),
					],
					control: {
						kind: 'menu',
						items: ranked.map(({id, name, how, loses}) => ({
							id,
							label: name.charAt(0).toUpperCase() + name.slice(1),
							about: loses === '' ? how : `${loses} ${how}`,
						})),
					},
					terms: ['programmer', 'ISP'],
				}}
			/>
		);
	}

	const seen = new Map(programmerPinouts.map(pinout => [pinout.id, devicesFor(pinout, devices)]));
	const plugged = programmerPinouts.filter(pinout => (seen.get(pinout.id)?.length ?? 0) > 0);
	const hinted = findPinouts(known.start?.diagnosis?.facts.programmer ?? '');
	const only = plugged.length === 1 ? plugged[0]!.id : undefined;
	const lines: readonly Line[] = [
		say('Which programmer do you have?', 'strong'),
		say('That is the second small device between this computer and the board.', 'quiet'),
		...(problem === undefined ? [] : [item(`${glyphs.warn} `, problem, 'warn')]),
		...(plugged.length === 0
			? [
					gap,
					say(
						devices.length === 0
							? 'No programmer is plugged in yet. Choose yours; an Arduino or Pro Micro needs the ISP program on it first.'
							: 'What is plugged in does not say that it is a programmer, but it may be one. Choose yours; an Arduino or Pro Micro needs the ISP program on it first.',
						'quiet',
					),
				]
			: []),
		...pluggedLines(devices, view),
	];
	const shown = [...programmerPinouts].sort(
		(a, b) => Number((seen.get(b.id)?.length ?? 0) > 0) - Number((seen.get(a.id)?.length ?? 0) > 0),
	);
	return (
		<Ask
			step={step}
			id={`which ${plugged.map(pinout => pinout.id).join(' ')}`}
			onAction={action => {
				if (action.type === 'choose' && action.id === 'borrow') setBorrowing(true);
				if (action.type === 'choose' && action.id === 'avrdude') setOther(true);
				const pinout =
					action.type === 'choose' ? programmerPinouts.find(known => known.id === action.id) : undefined;
				if (pinout !== undefined) choose(pinout);
			}}
			spec={{
				lines,
				control: {
					kind: 'menu',
					items: [
						...shown.map(pinout => ({
							id: pinout.id,
							label: pinout.name,
							...((seen.get(pinout.id)?.length ?? 0) > 0 ? {mark: `${glyphs.done} perhaps plugged in`} : {}),
							about: pinout.power.note,
							also: `${pinout.aliases.join(' ')} ${pinout.avrdudeId}`,
							term: 'programmer',
						})),
						{
							id: 'borrow',
							label: 'None of these: what else can be one?',
							about: 'An Arduino, a second Pro Micro, a Teensy, half a split keyboard, a Raspberry Pi.',
						},
						...(deps.avrdude === undefined
							? []
							: [
									{
										id: 'avrdude',
										label: 'Another programmer, through the installed avrdude',
										about: 'Atmel-ICE, Dragon, JTAGICE, PICkit and whatever else it knows.',
									},
								]),
					],
					initial: looked ?? before?.id ?? only ?? (hinted.length === 1 ? hinted[0]!.id : undefined),
				},
				terms: ['programmer', 'ISP'],
			}}
		/>
	);
}
