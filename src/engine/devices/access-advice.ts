// What to do about a device that is there but may not, or may not yet, be opened. Pure.
import type {Access, World} from '../transports.ts';
import {brlttyBridges, systemOwnsBootloader} from './identities.ts';
import {udevRulesName, udevSteps} from './udev.ts';

export type AccessSituation = {
	readonly system: World['system'];
	readonly transport: 'usb' | 'serial';
	readonly access: Access;
	/** `16c0:05dc`, where known. */
	readonly vidPid?: string;
	/** Programmer or bootloader id, where known. */
	readonly id?: string;
	/** Group that owns the node. */
	readonly ownerGroup?: string;
	/** Which of the programs that interfere run now. */
	readonly running: readonly string[];
};

/** Programs that grab such devices, as `World.runningPrograms` is asked for them. */
export const interferingPrograms: readonly string[] = ['ModemManager', 'brltty'];

/** Advice for one device, most useful first; empty when it can simply be used. */
export function accessAdvice(situation: AccessSituation): readonly string[] {
	const {system, transport, access, running} = situation;
	const advice: string[] = [];
	if (access === 'denied') advice.push(...deniedAdvice(situation));
	if (access === 'busy') {
		advice.push(
			'Another program has it open: close avrdude, serial monitors and other copies of this program.',
		);
	}
	if (access === 'no-driver' || (system === 'windows' && transport === 'usb' && access !== 'busy')) {
		advice.push(...driverAdvice(situation));
	}
	const {vidPid} = situation;
	if (transport === 'serial' || access === 'no-driver') {
		if (running.includes('ModemManager') && (access === 'busy' || !isBridge(vidPid))) {
			advice.push(
				`ModemManager runs: it may talk to a new port for up to 30 seconds. Wait, install the rules file (${udevRulesName}), or stop it for now: sudo systemctl stop ModemManager`,
			);
		}
		if (running.includes('brltty') && isBridge(vidPid)) {
			advice.push(
				'brltty runs and takes this chip for a braille display: the port vanishes again. If nobody here uses one: sudo systemctl mask --now brltty-udev.service, then plug in again.',
			);
		}
	}
	return advice;
}

function isBridge(vidPid: string | undefined): boolean {
	return vidPid !== undefined && brlttyBridges.includes(vidPid);
}

function deniedAdvice({system, transport, ownerGroup}: AccessSituation): readonly string[] {
	if (system === 'macos') {
		return [
			'macOS keeps it back: answer "Allow accessory to connect", and close other programs that use it.',
		];
	}
	if (system === 'windows') return ['Another program has it open, or security software blocks it.'];
	if (transport === 'usb') {
		return [`You may not open it yet. Install the rules file: ${udevSteps[0]}`, ...udevSteps.slice(1)];
	}
	if (ownerGroup === undefined || ownerGroup === 'root') {
		return [
			'The port belongs to root alone, as in a container or without udev: pass the device through with its group, or use the host.',
		];
	}
	return [
		`The port belongs to the group ${ownerGroup}: those in it may use serial ports. Join it: sudo usermod -aG ${ownerGroup} $USER`,
		'Then log out of the whole session and in again (a new terminal is not enough).',
	];
}

function driverAdvice({system, transport, vidPid, id}: AccessSituation): readonly string[] {
	if (system !== 'windows') {
		return isBridge(vidPid)
			? [
					'It is plugged in but has no serial port: its driver did not take it, or another program took it away.',
				]
			: ['It is plugged in but has no serial port: load the driver (cdc_acm), or plug it in again.'];
	}
	if (transport === 'serial') {
		return isBridge(vidPid)
			? ["It has no COM port: install the bridge maker's driver (Windows Update has it)."]
			: ['It has no COM port: Windows 10 and 11 bring the driver (usbser). Never use Zadig on it.'];
	}
	if (id !== undefined && systemOwnsBootloader(id)) {
		return ["Windows' own driver is the right one here: do not replace it with Zadig."];
	}
	return [
		`If it does not open, it needs the WinUSB driver: Zadig, Options, List All Devices, choose it by its USB ID (${vidPid ?? 'see above'}), target WinUSB, Replace Driver, plug in again. If the list names a keyboard or mouse, stop.`,
		'Older tools that ask for libusb0 or libusbK will not see it afterwards.',
	];
}
