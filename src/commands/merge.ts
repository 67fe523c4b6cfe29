// `merge APP BOOTLOADER`: the production image, checked, in one file.
import {hexAddress} from '../engine/bytes.ts';
import {inspectImage, knownImageOf} from '../engine/image/inspect.ts';
import {printIntelHex} from '../engine/image/intel-hex.ts';
import {mergeImages} from '../engine/image/merge.ts';
import {type ExitCode, exitCodes} from './exit-codes.ts';
import {readHexFile, writeNamedFile} from './files.ts';
import type {MergeOptions} from './options.ts';
import type {Output} from './output.ts';
import {wrapped} from './paint.ts';
import {parseChip} from './parse.ts';

export async function mergeCommand(
	output: Output,
	applicationFile: string,
	bootloaderFile: string,
	options: MergeOptions,
): Promise<ExitCode> {
	const chip = parseChip(options.chip);
	const application = await readHexFile(applicationFile);
	const bootloader = await readHexFile(bootloaderFile);
	const looked = inspectImage(bootloader.image, {chip, file: bootloaderFile});
	const merged = mergeImages({
		chip,
		application: {name: applicationFile, image: application.image, complete: application.complete},
		bootloader: {
			name: bootloaderFile,
			image: bootloader.image,
			complete: bootloader.complete,
			// Only a published image is known to carry its maker's sketch; anything else below is a mistake.
			carriesSketch: looked.kind === 'combined' && knownImageOf(bootloader.image) !== undefined,
		},
		...(looked.bootloader === undefined ? {} : {bootStart: looked.bootloader.startByteAddress}),
	});
	await writeNamedFile(options.output, printIntelHex(merged.image));
	const notes = [...application.notes, ...bootloader.notes].map(note => note.text).concat(merged.notes);
	output.value({
		output: options.output,
		chip: chip.id,
		bootStart: hexAddress(merged.bootStart),
		imageBytes: merged.image.byteCount,
		applicationBytes: merged.applicationBytes,
		bootloaderBytes: merged.bootloaderBytes,
		notes,
	});
	output.say(
		`${options.output}: ${merged.applicationBytes} bytes of application, ${merged.bootloaderBytes} of bootloader from ${hexAddress(merged.bootStart)}`,
	);
	for (const note of notes) for (const line of wrapped(output, note, '  ')) output.say(line);
	return exitCodes.done;
}
