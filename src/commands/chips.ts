// `chips [CHIP]`: the chips known; one chip's memory, fuses and pins.
import {hexAddress, hexByte, hexString} from '../engine/bytes.ts';
import type {Chip} from '../engine/chips/chip.ts';
import {chips} from '../engine/chips/index.ts';
import {fuseNames} from '../engine/fuses/mask.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseChip} from './parse.ts';

export async function chipsCommand(output: Output, name: string | undefined): Promise<ExitCode> {
	if (name === undefined) {
		output.value({chips: chips.map(summary)});
		output.say('chip           avrdude   signature  flash    eeprom');
		for (const chip of chips) {
			output.say(
				`${chip.name.padEnd(14)} ${chip.avrdudeId.padEnd(9)} ${hexString(chip.signature).padEnd(10)} ${kb(chip.flash.bytes).padEnd(8)} ${kb(chip.eeprom.bytes)}`,
			);
		}
		return exitCodes.done;
	}
	const chip = parseChip(name);
	output.value(details(chip));
	sayChip(output, chip);
	return exitCodes.done;
}

function kb(bytes: number): string {
	return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KB`;
}

function summary(chip: Chip) {
	return {
		id: chip.id,
		name: chip.name,
		avrdude: chip.avrdudeId,
		signature: hexString(chip.signature),
		flashBytes: chip.flash.bytes,
		eepromBytes: chip.eeprom.bytes,
	};
}

function details(chip: Chip) {
	return {
		...summary(chip),
		signatureSharedWith: chip.signatureSharedWith,
		flash: chip.flash,
		eeprom: chip.eeprom,
		fuses: Object.fromEntries(
			fuseNames(chip).map(name => {
				const fuse = chip.fuses[name];
				return [
					name,
					fuse === undefined
						? null
						: {
								factory: hexByte(fuse.factory),
								mask: hexByte(fuse.mask),
								fields: fuse.fields.map(field => ({name: field.name, mask: hexByte(field.mask)})),
							},
				];
			}),
		),
		lock: {factory: hexByte(chip.lock.factory), mask: hexByte(chip.lock.mask)},
		bootSections: chip.bootSections.map(section => ({
			start: hexAddress(section.startByteAddress),
			bytes: section.bytes,
			bootsz: section.bootsz,
		})),
		volts: chip.vccRange,
		maxHz: chip.fmaxHz,
		factoryHz: chip.factoryFcpuHz,
		ispPorts: chip.ispPorts,
		packages: chip.packages.map(({name, pinCount, pins}) => ({name, pinCount, pins})),
		quirks: chip.quirks,
		source: chip.source,
	};
}

function sayChip(output: Output, chip: Chip): void {
	output.say(`${chip.name} (avrdude: ${chip.avrdudeId}), signature ${hexString(chip.signature)}`);
	if (chip.signatureSharedWith.length > 0) {
		output.say(`  the same signature as ${chip.signatureSharedWith.join(', ')}`);
	}
	output.say(`  flash   ${kb(chip.flash.bytes)} in pages of ${chip.flash.pageBytes} bytes`);
	output.say(`  eeprom  ${kb(chip.eeprom.bytes)}`);
	output.say(`  supply  ${chip.vccRange[0]} to ${chip.vccRange[1]} V, at most ${chip.fmaxHz / 1e6} MHz`);
	for (const name of fuseNames(chip)) {
		const fuse = chip.fuses[name];
		if (fuse === undefined) continue;
		output.say(
			`  ${name.padEnd(8)} fuse, as delivered ${hexByte(fuse.factory)}: ${fuse.fields.map(field => field.name).join(', ')}`,
		);
	}
	for (const variant of chip.factoryVariants) {
		const bytes = [variant.low, variant.high, variant.extended].filter(byte => byte !== undefined);
		output.say(
			`  delivered also as ${bytes.map(hexByte).join(' ')}${variant.lock === undefined ? '' : `, lock ${hexByte(variant.lock)}`} (${variant.name})`,
		);
	}
	for (const section of chip.bootSections) {
		output.say(`  boot section from ${hexAddress(section.startByteAddress)}, ${section.bytes} bytes`);
	}
	for (const found of chip.packages) {
		const pins = ['RESET', 'SCK', 'MOSI', 'MISO', 'VCC', 'GND']
			.map(signal => `${signal} ${(found.pins[signal] ?? []).join('/')}`)
			.join(', ');
		output.say(`  ${found.name.padEnd(8)} ${pins}`);
	}
	for (const quirk of chip.quirks) for (const line of wrapped(output, quirk, '  ')) output.say(line);
}
