// The equal avrdude command of a plan: for whoever wants to see it done by the tool they know, or to do it elsewhere.
// avrdude judges no fuse and makes no backup by itself, so the command begins with one.
import {hexByte} from '../bytes.ts';
import {fuseToWrite, fuseWriteOrder, lockToWrite} from '../fuses/mask.ts';
import {findProgrammer} from '../programmers/index.ts';
import type {RecoveryPlan} from './plan.ts';

/** avrdude's memory names for the fuse bytes; parts with one byte call it `fuse`, which none of ours has. */
const fuseMemory = {low: 'lfuse', high: 'hfuse', extended: 'efuse'} as const;

export type AvrdudeConnection = {
	/** Serial port; left out for USB programmers. */
	readonly port?: string;
	readonly baud?: number;
};

/** What a POSIX shell takes as one word. */
function word(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const backupFiles = {flash: 'backup-flash.hex', eeprom: 'backup-eeprom.hex'} as const;

/** The plan brings the EEPROM back that the erase may take. */
function putsBack(plan: RecoveryPlan): boolean {
	return plan.image !== undefined && plan.erase && plan.restoreEeprom;
}

/** What the plan does and the commands do not, one sentence each; empty where they are equal. */
export function avrdudeLacks(plan: RecoveryPlan): readonly string[] {
	if (plan.eeprom !== undefined) {
		return [
			"avrdude cannot read this program's backup file: flash and EEPROM (eeprom.hex) must be there as .hex files.",
		];
	}
	return putsBack(plan) && plan.backup === 'none'
		? ['There is no backup: settings (EEPROM) that the erase takes are not put back by avrdude.']
		: [];
}

/**
 * The commands, one a line: first the backup (unless the plan has none), then the recovery in our order: erase and
 * flash, the EEPROM as the backup has it, then extended, high and low fuse, then the lock bits.
 * @param imageFile the file that holds the plan's image, as it is to be named
 */
export function avrdudeCommands(
	plan: RecoveryPlan,
	imageFile: string,
	connection: AvrdudeConnection = {},
): readonly string[] {
	const own = findProgrammer(plan.programmer);
	const id = own?.avrdudeIds[0] ?? plan.programmer.replace(/^avrdude:/, '');
	const baud = connection.baud ?? (own?.transport === 'serial' ? own.bauds[0] : undefined);
	const base = [
		'avrdude',
		'-c',
		id,
		...(connection.port === undefined ? [] : ['-P', connection.port]),
		...(baud === undefined ? [] : ['-b', String(baud)]),
		...(plan.sck === 'auto' ? [] : ['-B', `${Math.round(1e7 / plan.sck) / 10}`]),
		'-p',
		plan.chip.avrdudeId,
	];
	const memories: string[] = [];
	const write = (memory: string, what: string, format: string) =>
		memories.push('-U', `${memory}:w:${what}:${format}`);
	if (plan.image !== undefined) {
		memories.push(plan.erase ? '-e' : '-D');
		write('flash', imageFile, 'i');
	}
	if (plan.eeprom !== undefined) write('eeprom', 'eeprom.hex', 'i');
	else if (putsBack(plan) && plan.backup !== 'none') write('eeprom', backupFiles.eeprom, 'i');
	if (plan.fuses !== 'keep') {
		for (const fuse of fuseWriteOrder) {
			const value = plan.fuses[fuse];
			if (value === undefined || plan.chip.fuses[fuse] === undefined) continue;
			write(fuseMemory[fuse], hexByte(fuseToWrite(plan.chip, fuse, value)), 'm');
		}
	}
	if (plan.lock !== undefined) write('lock', hexByte(lockToWrite(plan.chip, plan.lock)), 'm');
	const backup = ['-U', `flash:r:${backupFiles.flash}:i`, '-U', `eeprom:r:${backupFiles.eeprom}:i`];
	return [
		...(plan.backup === 'none' ? [] : [[...base, ...backup]]),
		...(memories.length === 0 ? [] : [[...base, ...memories]]),
	].map(words => words.map(word).join(' '));
}
