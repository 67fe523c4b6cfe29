// The Linux rules file that lets the person at the machine open what this program opens. Pure text.
import {openedIdentities} from './identities.ts';

/** Sorts before 73-seat-late.rules, or the tag comes too late to count. */
export const udevRulesName = '60-avr-unbrick.rules';

/** How to put the rules in force, line by line. */
export const udevSteps: readonly string[] = [
	`avr-unbrick devices --udev | sudo tee /etc/udev/rules.d/${udevRulesName}`,
	'sudo udevadm control --reload',
	'sudo udevadm trigger',
	'Unplug the device and plug it in again.',
];

/**
 * The whole file. `uaccess` gives the person at the seat access; ports that only this kind of device has are kept
 * from ModemManager, bridge chips (which modems use, too) are not.
 */
export function udevRules(): string {
	const lines = openedIdentities().map(({vidPid, name, serial, bridge}) => {
		const [vendor, product] = vidPid.split(':');
		const ignore = serial && !bridge ? ', ENV{ID_MM_DEVICE_IGNORE}="1"' : '';
		return `# ${name}\nSUBSYSTEMS=="usb", ATTRS{idVendor}=="${vendor}", ATTRS{idProduct}=="${product}", TAG+="uaccess"${ignore}`;
	});
	return [
		`# ${udevRulesName}: ISP programmers and keyboard bootloaders for the person at this machine.`,
		'# Put it into /etc/udev/rules.d, then: udevadm control --reload; udevadm trigger; plug in again.',
		...lines,
		'',
	].join('\n');
}
