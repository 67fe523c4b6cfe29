// Boards of the bench, each with its bootloader waiting: what the bootloader suites share.
import {type BoardBenchOptions, boardPort, createBoardBench} from '../../src/bench/boot/board-world.ts';
import {type BenchImage, type LoaderKind, loaderImage} from '../../src/bench/boot/images.ts';
import type {BootloaderClient, BootloaderProtocol} from '../../src/engine/bootloaders/client.ts';
import {bootStartOf, openBootloader} from '../../src/engine/bootloaders/open.ts';
import type {Chip, FuseName} from '../../src/engine/chips/chip.ts';
import {findChip} from '../../src/engine/chips/index.ts';
import {createImage, type MemoryImage} from '../../src/engine/image/memory-image.ts';

export type BoardKind = {
	readonly name: string;
	readonly loader: LoaderKind;
	readonly protocol: BootloaderProtocol;
	readonly chip: string;
	readonly fuses: Partial<Record<FuseName, number>>;
	readonly change?: Parameters<typeof loaderImage>[2];
	readonly more?: Partial<BoardBenchOptions>;
	readonly canRead: boolean;
};

const hwb = {low: 0x5e, high: 0x99, extended: 0xf3};
const byReset = {low: 0xff, high: 0xd8, extended: 0xcb};
const teensy = {low: 0x5f, high: 0xdf, extended: 0xf4};

export const boardKinds: readonly BoardKind[] = [
	{
		name: 'Atmel DFU',
		loader: 'atmel-dfu',
		protocol: 'atmel-dfu',
		chip: 'atmega32u4',
		fuses: hwb,
		canRead: true,
	},
	{
		name: 'Atmel DFU that says errNOTDONE meanwhile',
		loader: 'atmel-dfu',
		protocol: 'atmel-dfu',
		chip: 'atmega32u4',
		fuses: hwb,
		more: {dfu: {eraseStyle: 'busy'}},
		canRead: true,
	},
	{
		name: 'Atmel DFU of 128 KB',
		loader: 'atmel-dfu',
		protocol: 'atmel-dfu',
		chip: 'at90usb1286',
		fuses: {low: 0x5e, high: 0x99, extended: 0xf3},
		canRead: true,
	},
	{
		name: 'LUFA DFU',
		loader: 'lufa-dfu',
		protocol: 'atmel-dfu',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: true,
	},
	{
		name: 'QMK DFU',
		loader: 'qmk-dfu',
		protocol: 'atmel-dfu',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: true,
	},
	{
		name: 'Caterina',
		loader: 'caterina',
		protocol: 'caterina',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: true,
	},
	{
		name: 'HalfKay',
		loader: 'halfkay',
		protocol: 'halfkay',
		chip: 'atmega32u4',
		fuses: teensy,
		canRead: false,
	},
	{
		name: 'HalfKay that stalls while busy',
		loader: 'halfkay',
		protocol: 'halfkay',
		chip: 'atmega32u4',
		fuses: teensy,
		more: {halfkay: {whileBusy: 'stall'}},
		canRead: false,
	},
	{
		name: 'HalfKay of 128 KB',
		loader: 'halfkay',
		protocol: 'halfkay',
		chip: 'at90usb1286',
		fuses: {low: 0x5f, high: 0xdf, extended: 0xf4},
		canRead: false,
	},
	{
		name: 'bootloadHID',
		loader: 'bootloadhid',
		protocol: 'bootloadhid',
		chip: 'atmega32a',
		fuses: {low: 0x0f, high: 0xd0},
		canRead: false,
	},
	{
		name: 'USBaspLoader with a chip erase',
		loader: 'usbasploader',
		protocol: 'usbasploader',
		chip: 'atmega328p',
		fuses: {low: 0xd7, high: 0xd0, extended: 0x04},
		change: {chipErase: true},
		canRead: true,
	},
	{
		name: 'USBaspLoader that erases pages',
		loader: 'usbasploader',
		protocol: 'usbasploader',
		chip: 'atmega328p',
		fuses: {low: 0xd7, high: 0xd0, extended: 0x04},
		change: {chipErase: false},
		canRead: true,
	},
	{
		name: 'LUFA HID',
		loader: 'lufa-hid',
		protocol: 'lufa-hid',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: false,
	},
	{
		name: 'QMK HID',
		loader: 'qmk-hid',
		protocol: 'qmk-hid',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: false,
	},
	{
		name: 'LUFA mass storage',
		loader: 'lufa-ms',
		protocol: 'lufa-ms',
		chip: 'atmega32u4',
		fuses: byReset,
		canRead: true,
	},
];

export const boardKind = (name: string): BoardKind => boardKinds.find(kind => kind.name === name)!;

export function asImage(image: BenchImage): MemoryImage {
	return createImage([image]);
}

/** A board whose loader waits on the bus, with whatever application is given. */
export async function waitingBoard(kind: BoardKind, applications: readonly BenchImage[] = []) {
	const chip: Chip = findChip(kind.chip)!;
	const loader = loaderImage(kind.loader, chip, kind.change);
	const bench = createBoardBench({
		chip,
		fuses: kind.fuses,
		images: [loader, ...applications],
		...kind.more,
	});
	const {board, clock, world, usb} = bench;
	/** Plugs it in and enters the loader as a person would. */
	const enter = async () => {
		board.unplug(clock.nowMs());
		board.holdKey(true);
		board.plug(clock.nowMs());
		await clock.sleep(1000);
		if (board.state().what !== 'loader') board.pressReset(clock.nowMs());
		await clock.sleep(50);
		board.runTo(clock.nowMs());
		board.holdKey(false);
	};
	const open = async (): Promise<BootloaderClient> => {
		const [port] = await world.listSerialPorts();
		const [device] = await world.listUsbDevices();
		const flashFile = usb.flashFile();
		return openBootloader(world, {
			protocol: kind.protocol,
			chip,
			...(port === undefined ? {} : {port: boardPort}),
			...(device === undefined ? {} : {usbKey: device.key}),
			...(flashFile === undefined ? {} : {flashFile}),
		});
	};
	await enter();
	return {...bench, data: chip, loader, bootStart: bootStartOf(kind.protocol, chip), enter, open};
}
