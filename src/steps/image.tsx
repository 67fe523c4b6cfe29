// What is written: the bootloader alone (quickest), a file of the person's, or nothing but fuses.
import {useCallback, useEffect, useState} from 'react';
import type {Board} from '../engine/boards/board.ts';
import {chooseImage} from '../engine/bootloaders/catalogue.ts';
import {findBootloader} from '../engine/bootloaders/index.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {recommendedFuses} from '../engine/fuses/recommendations.ts';
import {looksLikeBackup} from '../engine/image/backup-file.ts';
import {imageSha256} from '../engine/image/digest.ts';
import {checkWritable, type Inspection, inspectImage} from '../engine/image/inspect.ts';
import {parseIntelHex} from '../engine/image/intel-hex.ts';
import type {MemoryImage} from '../engine/image/memory-image.ts';
import {checkFits, mergeImages} from '../engine/image/merge.ts';
import {gap, item, type Line, say} from '../ui/lines.ts';
import type {MenuItem} from '../ui/menu-state.ts';
import {barLines} from '../ui/progress.ts';
import {printable} from '../ui/text.ts';
import {glyphsFor} from '../ui/theme.ts';
import type {View} from '../ui/view.ts';
import {Ask} from './ask.tsx';
import {BuildView} from './build.tsx';
import {programmerIdOf} from './contact.ts';
import {fittingSet} from './fuse-choices.ts';
import {LookView} from './look.tsx';
import {memoryMapLines} from './memory-map.ts';
import {messageOf} from './message-of.ts';
import {isLocked} from './plan-of.ts';
import type {Answers, CatalogueImage, Known, StepProps} from './step.ts';

type Loaded = {
	readonly answer: Answers['image'];
	readonly lines: readonly Line[];
	/** Not to be written. */
	readonly bad: boolean;
	/** Firmware alone: a bootloader can be joined to it. */
	readonly application: {readonly image: MemoryImage; readonly complete: boolean} | undefined;
	/** Something about it should be seen before it is used. */
	readonly doubtful: boolean;
};

const kinds: Readonly<Record<string, string>> = {
	application: 'firmware without a bootloader',
	bootloader: 'a bootloader alone',
	combined: 'firmware and bootloader together',
	'isp-firmware': 'a program that makes a spare board into a programmer, not something for a keyboard',
	eeprom: 'settings (EEPROM), not a program',
	blank: 'blank: it would only erase the board',
	foreign: 'made for another kind of chip',
	unknown: 'of unknown kind',
};

/** Reads, checks and describes one hex file. Throws UnbrickError BadHex, ImageTooLarge. */
export function readImage(
	bytes: Uint8Array,
	name: string,
	chip: Chip,
	bootloader: string | undefined,
	view: View,
	programmer?: Answers['programmer'],
): Loaded {
	const glyphs = glyphsFor(view);
	if (looksLikeBackup(bytes)) throw new Error(backupText(name, programmer));
	const {image, notes, complete} = parseIntelHex(bytes, name);
	checkFits(image, chip, name);
	const found = inspectImage(image, {chip, file: name});
	const errors = found.notes.filter(note => note.severity === 'error').map(note => note.text);
	const refused = refusalOf(() => checkWritable(found, {name: printable(name), complete}));
	if (refused !== undefined && errors.length === 0) errors.push(refused);
	// The catalogue has checked its own; a file that is one of those byte for byte is as good.
	const own = bootloader === undefined && found.bootloader?.exact !== true;
	const foundId = found.bootloader?.id === 'unknown' ? undefined : found.bootloader?.id;
	const loader = bootloader ?? foundId;
	return {
		bad: errors.length > 0,
		application: found.kind === 'application' ? {image, complete} : undefined,
		doubtful: [...notes, ...found.notes].some(note => note.severity !== 'note'),
		answer: {
			image,
			name: printable(name),
			...shaOf(image),
			...(loader === undefined ? {} : {bootloader: loader}),
			...usbOf(found),
			...(own ? {own} : {}),
		},
		lines: [
			say(`${printable(name)}: ${kinds[found.kind] ?? found.kind}.`, 'strong'),
			...(found.bootloader === undefined ? [] : [say(sentence(found.bootloader.text))]),
			say(`${image.byteCount} bytes. This is where they go:`),
			...memoryMapLines(chip, image, found.bootloader?.startByteAddress, view),
			...(own
				? [
						item(
							`${glyphs.bullet} `,
							'Your own file: it is none of the published images, so nobody but you vouches for it.',
							'quiet',
						),
					]
				: []),
			...errors.map(text => item(`${glyphs.failed} `, text, 'bad')),
			...[...notes, ...found.notes]
				.filter(note => note.severity === 'warning')
				.map(note => item(`${glyphs.warn} `, note.text, 'warn')),
		],
	};
}

/** A backup holds more than a program: who brings it back, in words that can be typed. */
function backupText(name: string, programmer: Answers['programmer'] | undefined): string {
	const file = printable(name);
	const {connection} = programmer ?? {};
	const port =
		connection?.kind === 'serial'
			? connection.path
			: connection?.kind === 'avrdude'
				? connection.port
				: undefined;
	const command = [
		`avr-unbrick restore ${/\s/.test(file) ? `"${file}"` : file}`,
		...(programmer === undefined ? [] : [`--programmer ${programmerIdOf(programmer)}`]),
		...(port === undefined ? [] : [`--port ${printable(port)}`]),
	].join(' ');
	return `${file} is a backup that this program has made: program, settings and fuses of a board in one. This page writes a .hex file only. To bring the whole backup back, leave with Ctrl+C and type: ${command}`;
}

/** Why something may not be done, or undefined. */
function refusalOf(check: () => void): string | undefined {
	try {
		check();
		return undefined;
	} catch (error) {
		return messageOf(error);
	}
}

/** Why the board's usual bootloader is not offered, and how it can be had; undefined when it is published. */
export function whyMissing(chip: Chip, board: Board | undefined): string | undefined {
	const usual = board?.bootloader === undefined ? undefined : findBootloader(board.bootloader);
	if (board === undefined || usual === undefined) return undefined;
	const choice = chooseImage(usual, chip, {board});
	return choice.kind === 'none' ? choice.text : undefined;
}

/** What a switch of loaders means for the fuses, by what the chip has: the same as the fuse step will say. */
export function fusesFollow({identify, board}: Known, bootloader: string): string {
	const wanted = board?.board === undefined ? undefined : recommendedFuses(board.board, bootloader);
	if (identify === undefined || wanted === undefined) return 'look at the fuses in the next step';
	return fittingSet(identify.chip, identify.identity.fuses, board?.board, bootloader) !== undefined
		? 'the fuses that the chip has fit it already'
		: 'the fuses have to follow, and the next step offers them';
}

function aboutOffer(offer: CatalogueImage, known: Known): string {
	const usual = known.board?.board?.bootloader;
	const origin = `From ${offer.origin}.`;
	if (usual !== undefined && offer.bootloader !== usual) {
		const name = findBootloader(usual)?.name ?? usual;
		return `${origin} Not the usual bootloader of your board (${name}): this switches it; ${fusesFollow(known, offer.bootloader)}.`;
	}
	return `${origin} With the bootloader back you flash your keymap over USB as usual.`;
}

function onlyOne<T>(list: readonly T[] | undefined): T | undefined {
	return list?.length === 1 ? list[0] : undefined;
}

function sentence(text: string): string {
	return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function shaOf(image: MemoryImage): {readonly sha256?: string} {
	const sha256 = imageSha256(image);
	return sha256 === undefined ? {} : {sha256};
}

/** What will show itself on USB, as far as the image says so; a sketch that only comes with a loader counts for nothing. */
function usbOf({descriptors, bootloader, notes}: Inspection): Pick<Answers['image'], 'usb'> {
	const start = bootloader?.startByteAddress ?? Number.POSITIVE_INFINITY;
	const only = (found: Inspection['descriptors']) => {
		const [first, ...more] = found;
		return first === undefined || more.length > 0
			? undefined
			: {vendorId: first.vendorId, productId: first.productId};
	};
	const exact = only(descriptors.filter(({byteAddress}) => byteAddress >= start));
	const sketch = notes.some(({code}) => code === 'carries-sketch');
	const application = sketch ? undefined : only(descriptors.filter(({byteAddress}) => byteAddress < start));
	if (exact === undefined && application === undefined) return {};
	return {
		usb: {
			...(exact === undefined ? {} : {exact}),
			...(application === undefined ? {} : {application}),
		},
	};
}

export function ImageView(step: StepProps<'image'>) {
	const {known, before, deps, view, onDone} = step;
	const chip = known.identify?.chip ?? known.board?.chip;
	const board = known.board?.board;
	const [offers, setOffers] = useState<readonly CatalogueImage[] | undefined>(undefined);
	const [typing, setTyping] = useState(false);
	const [looking, setLooking] = useState(false);
	const built = useCallback(() => setBuilding(false), []);
	const looked = useCallback(() => setLooking(false), []);
	const [busy, setBusy] = useState(false);
	const [fetched, setFetched] = useState<{readonly done: number; readonly total: number} | undefined>(
		undefined,
	);
	const [building, setBuilding] = useState(false);
	const [canBuild, setCanBuild] = useState(false);
	const onFetched = useCallback((done: number, total: number) => setFetched({done, total}), []);
	const [problem, setProblem] = useState<string | undefined>(undefined);
	const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);

	useEffect(() => {
		let here = true;
		if (chip === undefined || deps.catalogue === undefined) {
			setOffers([]);
			return;
		}
		deps.catalogue({chip, ...(board === undefined ? {} : {board})}).then(
			list => {
				if (here) setOffers(list);
			},
			(error: unknown) => {
				if (!here) return;
				setOffers([]);
				setProblem(messageOf(error));
			},
		);
		return () => {
			here = false;
		};
	}, [chip, board, deps]);

	useEffect(() => {
		let here = true;
		deps.build?.available().then(
			there => {
				if (here) setCanBuild(there);
			},
			() => {},
		);
		return () => {
			here = false;
		};
	}, [deps]);

	if (chip === undefined) return null;
	const load = (
		name: string,
		bootloader: string | undefined,
		read: () => Promise<Uint8Array>,
		show: 'always' | 'when-doubtful',
	) => {
		setBusy(true);
		setFetched(undefined);
		setProblem(undefined);
		read()
			.then(bytes => {
				const found = readImage(bytes, name, chip, bootloader, view, known.programmer);
				// A ready image of the catalogue is what the list said; a file of the person's is looked at first.
				if (show === 'always' || found.doubtful) setLoaded(found);
				else onDone(found.answer);
			})
			.catch((error: unknown) => setProblem(messageOf(error)))
			.finally(() => setBusy(false));
	};

	const joinOffer = offers?.find(offer => offer.bootloader === board?.bootloader) ?? onlyOne(offers);
	const merge = (own: Loaded, offer: CatalogueImage) => {
		setBusy(true);
		setFetched(undefined);
		setProblem(undefined);
		offer
			.load(onFetched)
			.then(bytes => {
				const loader = parseIntelHex(bytes, offer.name);
				const whole = mergeImages({
					chip,
					application: {name: own.answer.name, ...own.application!},
					bootloader: {name: offer.name, image: loader.image, complete: loader.complete, carriesSketch: true},
				});
				onDone({
					image: whole.image,
					name: `${own.answer.name} with ${offer.name}`,
					...shaOf(whole.image),
					...usbOf(inspectImage(whole.image, {chip})),
					bootloader: offer.bootloader,
				});
			})
			.catch((error: unknown) => setProblem(messageOf(error)))
			.finally(() => setBusy(false));
	};

	if (offers === undefined || busy) {
		return (
			<Ask
				step={step}
				id="busy"
				onAction={() => {}}
				spec={{
					lines: [
						say(
							busy ? 'Getting the image; this can take a moment ...' : 'Looking which images are at hand ...',
						),
						...(busy && fetched !== undefined
							? fetched.total > 0
								? barLines('Fetched', fetched.done, fetched.total, undefined, view)
								: [say(`${fetched.done} bytes have come.`)]
							: []),
					],
					control: {kind: 'wait'},
				}}
			/>
		);
	}
	if (loaded !== undefined) {
		const join = loaded.application === undefined || loaded.bad ? undefined : joinOffer;
		return (
			<Ask
				step={step}
				id={`loaded ${problem ?? ''}`}
				onBack={() => {
					setProblem(undefined);
					setLoaded(undefined);
				}}
				onAction={action => {
					if (action.type === 'go' || (action.type === 'choose' && action.id === 'alone'))
						onDone(loaded.answer);
					else if (action.type === 'choose' && join !== undefined) merge(loaded, join);
				}}
				spec={{
					lines: [
						...loaded.lines,
						...(loaded.bad
							? [gap, say('This file is not for this board. Go back and choose another.', 'bad')]
							: []),
						...(problem === undefined ? [] : [say(problem, 'bad')]),
					],
					control: loaded.bad
						? {kind: 'wait'}
						: join === undefined
							? {kind: 'go', does: 'use this'}
							: {
									kind: 'menu',
									items: [
										{
											id: 'join',
											label: `Write it together with the bootloader ${join.name}`,
											about: 'The board works at once, and can be flashed over USB later.',
											term: 'bootloader',
										},
										{
											id: 'alone',
											label: 'Write it alone',
											about: 'The board is then without a bootloader: every later change needs ISP again.',
											term: 'firmware',
										},
									],
									initial: 'join',
								},
					terms: ['hex', 'bootloader', 'firmware'],
				}}
			/>
		);
	}
	if (building && deps.build !== undefined)
		return (
			<BuildView
				step={step}
				build={deps.build}
				onBack={built}
				onBuilt={file => {
					setBuilding(false);
					load(file, undefined, () => deps.loadFile(file), 'always');
				}}
			/>
		);
	if (looking) return <LookView step={step} onBack={looked} />;
	if (typing) {
		return (
			<Ask
				step={step}
				id={`file ${problem ?? ''}`}
				onBack={() => {
					setProblem(undefined);
					setTyping(false);
				}}
				onAction={action => {
					if (action.type !== 'field') return;
					const path = action.text.replace(/^(['"])(.*)\1$/, '$2');
					load(path, undefined, () => deps.loadFile(path), 'always');
				}}
				spec={{
					lines: [
						say('Which .hex file is to be written?', 'strong'),
						say(
							'Type its name with the folder, or drag the file into this window. Blanks in the name are fine.',
						),
						say(
							'A bootloader, or firmware and bootloader together (QMK: the _production.hex). Firmware alone leaves the board without a bootloader.',
							'quiet',
						),
					],
					control: {kind: 'field', ask: 'File:', ...(problem === undefined ? {} : {problem})},
					terms: ['hex', 'bootloader'],
				}}
			/>
		);
	}

	const fitting = offers.filter(
		offer => board?.bootloader === undefined || offer.bootloader === board.bootloader,
	);
	// What was chosen before stands in the list once.
	const taken = offers.find(
		offer => before?.own !== true && offer.name === before?.name && offer.bootloader === before?.bootloader,
	);
	const missing = fitting.length > 0 ? undefined : whyMissing(chip, board);
	const items: readonly MenuItem[] = [
		...(before === undefined
			? []
			: [
					{
						id: 'keep',
						label: `As before: ${before.name}`,
						...(taken === undefined ? {} : {about: aboutOffer(taken, known), term: 'bootloader' as const}),
					},
				]),
		...offers
			.filter(offer => offer !== taken)
			.map(offer => ({
				id: `offer ${offer.id}`,
				label: offer.name,
				about: aboutOffer(offer, known),
				term: 'bootloader',
			})),
		{
			id: 'file',
			label: 'A .hex file of mine',
			about: 'A bootloader, or firmware and bootloader together.',
			term: 'hex',
		},
		...(canBuild
			? [
					{
						id: 'build',
						label: 'Build it with QMK now: firmware and bootloader together',
						about: 'Runs qmk compile here. The board then works at once, and can be flashed over USB later.',
						term: 'firmware',
					},
				]
			: []),
		...(isLocked(known) || known.identify === undefined
			? []
			: [
					{
						id: 'look',
						label: 'Look first what is on the chip',
						about: 'Reads it and says whether its bootloader is whole, damaged or gone. Changes nothing.',
						term: 'bootloader',
					},
				]),
		{
			id: 'fuses',
			label: 'Nothing: only look at the fuses',
			about: 'Program memory stays as it is; nothing is erased.',
			term: 'fuse',
		},
	];
	return (
		<Ask
			step={step}
			id="menu"
			onAction={action => {
				if (action.type !== 'choose') return;
				setProblem(undefined);
				if (action.id === 'keep' && before !== undefined) onDone(before);
				else if (action.id === 'file') setTyping(true);
				else if (action.id === 'build') setBuilding(true);
				else if (action.id === 'look') setLooking(true);
				else if (action.id === 'fuses')
					onDone({
						name: 'nothing',
						...(board?.bootloader === undefined ? {} : {bootloader: board.bootloader}),
					});
				else {
					const offer = offers.find(one => `offer ${one.id}` === action.id);
					if (offer !== undefined)
						load(offer.name, offer.bootloader, () => offer.load(onFetched), 'when-doubtful');
				}
			}}
			spec={{
				lines: [
					say('What shall be written onto the chip?', 'strong'),
					say(
						'The quickest way back is the bootloader alone. Afterwards you flash your keymap over USB as always.',
					),
					...(missing !== undefined
						? [say(`Your board's usual bootloader: ${missing}`, 'warn')]
						: offers.length === 0
							? [
									say(
										'No bootloader image is at hand. Get its .hex file and choose "A .hex file of mine".',
										'warn',
									),
								]
							: []),
					...(problem === undefined ? [] : [say(problem, 'bad')]),
				],
				control: {
					kind: 'menu',
					items,
					initial:
						before !== undefined ? 'keep' : fitting.length === 1 ? `offer ${fitting[0]!.id}` : undefined,
				},
				terms: ['bootloader', 'firmware', 'hex'],
			}}
		/>
	);
}
