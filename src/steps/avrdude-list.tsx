// Everything else avrdude knows: the programmers of the avrdude that is installed, as it lists them itself.
import {useEffect, useState} from 'react';
import type {ListedDevice} from '../engine/devices/types.ts';
import {say} from '../ui/lines.ts';
import {printable} from '../ui/text.ts';
import {Ask} from './ask.tsx';
import {errorLines} from './error-text.ts';
import type {Answers, AvrdudeEngine, StepProps} from './step.ts';

type Props = {
	readonly step: StepProps<'programmer'>;
	readonly avrdude: AvrdudeEngine;
	readonly devices: readonly ListedDevice[];
	readonly onChosen: (answer: Answers['programmer']) => void;
	readonly onBack: () => void;
};

export function AvrdudeList({step, avrdude, devices, onChosen, onBack}: Props) {
	const {view} = step;
	const [found, setFound] = useState<Awaited<ReturnType<AvrdudeEngine['find']>> | undefined>(undefined);
	const [failed, setFailed] = useState<unknown>(undefined);
	const [chosen, setChosen] = useState<string | undefined>(undefined);
	const [typing, setTyping] = useState(false);
	useEffect(() => {
		let here = true;
		avrdude.find().then(
			list => {
				if (here) setFound(list);
			},
			(error: unknown) => {
				if (here) setFailed(error);
			},
		);
		return () => {
			here = false;
		};
	}, [avrdude]);

	if (failed !== undefined) {
		return (
			<Ask
				step={step}
				id="none"
				onBack={onBack}
				onAction={onBack}
				spec={{
					lines: errorLines(failed, view, [
						say('Without avrdude this program works with the programmers of its own list.'),
					]),
					control: {kind: 'go', does: 'back to the programmers'},
					terms: ['programmer'],
				}}
			/>
		);
	}
	if (found === undefined) {
		return (
			<Ask
				step={step}
				id="asking"
				onBack={onBack}
				onAction={() => {}}
				spec={{lines: [say('Asking the installed avrdude what it knows ...')], control: {kind: 'wait'}}}
			/>
		);
	}
	if (chosen === undefined) {
		return (
			<Ask
				step={step}
				id="list"
				onBack={onBack}
				onAction={action => {
					if (action.type === 'choose') setChosen(action.id);
				}}
				spec={{
					lines: [
						say(`Which programmer of avrdude ${found.version}?`, 'strong'),
						say(
							'avrdude then does the work, with the checks, the backup and the order of this program; every write is read back.',
							'quiet',
						),
					],
					control: {
						kind: 'menu',
						items: [...found.programmers].map(([id, about]) => ({
							id,
							label: printable(id),
							about: printable(about),
							also: about,
						})),
					},
					terms: ['programmer'],
				}}
			/>
		);
	}
	const finish = (port: string | undefined) =>
		onChosen({
			id: `avrdude:${chosen}`,
			name: `${chosen} through avrdude ${found.version}`,
			connection: {
				kind: 'avrdude',
				programmer: chosen,
				engine: `avrdude ${found.version} (${chosen})`,
				...(port === undefined ? {} : {port}),
			},
		});
	if (typing) {
		return (
			<Ask
				step={step}
				id="type"
				onBack={() => setTyping(false)}
				onAction={action => {
					if (action.type === 'field') finish(action.text);
				}}
				spec={{
					lines: [say(`What does avrdude take after -P for ${printable(chosen)}?`, 'strong')],
					control: {kind: 'field', ask: 'Port:'},
					terms: ['port'],
				}}
			/>
		);
	}
	const ports = devices.filter(device => device.port !== null);
	return (
		<Ask
			step={step}
			id="port"
			onBack={() => setChosen(undefined)}
			onAction={action => {
				if (action.type !== 'choose') return;
				if (action.id === 'usb') finish(undefined);
				else if (action.id === 'type') setTyping(true);
				else finish(ports[Number(action.id)]?.port ?? undefined);
			}}
			spec={{
				lines: [say(`Where does avrdude find ${printable(chosen)}?`, 'strong')],
				control: {
					kind: 'menu',
					items: [
						{id: 'usb', label: 'By itself: a USB device, or pins of this computer'},
						...ports.map((device, index) => ({
							id: String(index),
							label: `${printable(device.port ?? '')}  ${printable(device.name)}`,
						})),
						{id: 'type', label: 'Another port: I type its name', term: 'port' as const},
					],
				},
				terms: ['port', 'programmer'],
			}}
		/>
	);
}
