// Several boards of the bench on one computer, each in its own socket.
import {createBoard} from '../../src/bench/boot/board.ts';
import {createBoardWorld} from '../../src/bench/boot/board-world.ts';
import {type BenchImage, type LoaderKind, loaderImage} from '../../src/bench/boot/images.ts';
import {createChip} from '../../src/bench/chip-model.ts';
import type {createVirtualClock} from '../../src/bench/clock.ts';
import type {FuseName} from '../../src/engine/chips/chip.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import type {World} from '../../src/engine/transports.ts';

type Clock = ReturnType<typeof createVirtualClock>;

export type Socketed = ReturnType<typeof boardOn>;

/** A board that is not plugged in yet. */
export function boardOn(
	clock: Clock,
	chipId: string,
	loader: LoaderKind | undefined,
	fuses: Partial<Record<FuseName, number>>,
	application?: BenchImage,
) {
	const chip = findChip(chipId)!;
	const flash = new Uint8Array(chip.flash.bytes).fill(0xff);
	for (const image of [loader === undefined ? undefined : loaderImage(loader, chip), application]) {
		if (image !== undefined) flash.set(image.data, image.byteAddress);
	}
	const model = createChip({
		chip,
		nowMs: clock.nowMs,
		flash,
		surroundings: {volts: 5, crystalHz: 16e6},
		fuses,
	});
	const board = createBoard({chip: model});
	const usb = createBoardWorld(board, clock);
	/** Plugs it in and brings it into its loader. */
	const enter = async () => {
		board.holdKey(true);
		board.plug(clock.nowMs());
		await clock.sleep(1000);
		if (board.state().what !== 'loader') board.pressReset(clock.nowMs());
		await clock.sleep(50);
		board.runTo(clock.nowMs());
		board.holdKey(false);
	};
	return {chip, model, board, usb, enter, flash: () => model.self.flash(0, chip.flash.bytes).slice()};
}

/** One world of all of them: a board's socket is its name (`1-4`), its serial port `/dev/` and that name. */
export function oneWorld(clock: Clock, boards: Readonly<Record<string, Socketed>>): World {
	const entries = Object.entries(boards);
	const pick = (name: string) => {
		const [socket, board] = entries.find(
			([at]) => name === `/dev/${at}` || name.replace(/:\d+$/, '') === at,
		)!;
		const inner = name.startsWith('/dev/') ? 'practice:board' : name.replace(`${socket}:`, 'practice:board#');
		return {usb: board.usb, inner};
	};
	return {
		clock,
		system: 'bench',
		async listSerialPorts() {
			const lists = entries.map(async ([at, {usb}]) =>
				(await usb.listSerialPorts()).map(port => ({...port, path: `/dev/${at}`, usbPlace: at})),
			);
			return (await Promise.all(lists)).flat();
		},
		async listUsbDevices() {
			const lists = entries.map(async ([at, {usb}]) =>
				(await usb.listUsbDevices()).map(device => ({
					...device,
					key: `${at}:${/\d+$/.exec(device.key)![0]}`,
				})),
			);
			return (await Promise.all(lists)).flat();
		},
		openSerial: (path, options) => pick(path).usb.openSerial(pick(path).inner, options),
		openUsb: key => pick(key).usb.openUsb(pick(key).inner),
		openHid: key => pick(key).usb.openHid(pick(key).inner),
		onDevicesChanged: () => () => {},
	};
}
