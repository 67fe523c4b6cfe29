// Which fuse bytes a log shows as written, and what such a value does to a chip. Pure.
// A value that was only asked for proves nothing: the tool must say that the byte was written or verified.

import type {Chip, FuseName} from '../chips/chip.ts';
import {chipsBySignature, findChip} from '../chips/index.ts';
import {clockDivider, clockRow} from '../fuses/decode.ts';
import type {FuseBytes} from '../target.ts';
import type {Known} from './derive.ts';
import type {Hit} from './scan.ts';

/**
 * - `ends-isp`: RSTDISBL or DWEN. SPIEN is not among them: ISP cannot write it (datasheets, serial programming).
 * - `crystal`: a crystal or resonator, on a chip that can do without one (those with USB cannot). `outside`: a clock signal, a watch crystal, an RC network, or a reserved code.
 * - `slow`: an internal clock below 2 MHz. `none`: neither clock nor reset changes. `unknown`: value or chip not told.
 */
export type FuseEffect = 'ends-isp' | 'crystal' | 'outside' | 'slow' | 'none' | 'unknown';

export type FuseWritten = {
	readonly fuse: string;
	readonly effect: FuseEffect;
	/** The command or file value, where the log shows it. */
	readonly asked: Hit | undefined;
	/** The line that says that it was written or verified. */
	readonly proof: Hit;
};

/** A fuse value stands so few lines above the word that it was written. */
const VALUE_LINES = 6;
/** Below this internal clock the usual SCK of a programmer is too fast: disagreements between sources, SCK rule, f/4. */
const SLOW_MHZ = 2;
/** Of a paste that repeats itself only the latest are looked at. */
const RECENT = 30;

const names: Readonly<Record<string, FuseName>> = {lfuse: 'low', hfuse: 'high', efuse: 'extended'};

/** `0x62` or `0b01100010`. */
export function fuseValue(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const value = /^0b/i.test(text) ? Number.parseInt(text.slice(2), 2) : Number.parseInt(text, 16);
	return Number.isFinite(value) ? value : undefined;
}

/** The chip by its name, else by the last signature that fits one part. */
export function chipOf(name: string | undefined, known: Known): Chip | undefined {
	const named = name === undefined ? undefined : findChip(name);
	if (named !== undefined) return named;
	const read = known.get('avr.signature')?.at(-1)?.groups[0]?.replaceAll(' ', '');
	if (read === undefined) return undefined;
	const bytes = [0, 2, 4].map(at => Number.parseInt(read.slice(at, at + 2), 16));
	return chipsBySignature(Uint8Array.from(bytes))[0];
}

/** What a fuse byte does to this chip. */
export function fuseEffect(chip: Chip | undefined, fuse: string, value: number | undefined): FuseEffect {
	const name = names[fuse];
	if (chip === undefined || name === undefined || value === undefined) return 'unknown';
	const fields = chip.fuses[name]?.fields ?? [];
	for (const field of fields) {
		if ((field.name === 'RSTDISBL' || field.name === 'DWEN') && (value & field.mask) === 0) return 'ends-isp';
	}
	if (!fields.some(field => field.name === 'SUT_CKSEL')) return 'none';
	const bytes: FuseBytes = {low: 0xff, [name]: value};
	const row = clockRow(chip, bytes);
	if (row === undefined) return 'outside';
	// A chip with USB has a crystal beside it: that code takes no clock away.
	const withUsb = chip.fuses.extended?.fields.some(field => field.name === 'HWBE') === true;
	switch (row.kind) {
		case 'xtal':
		case 'xtal_full_swing':
		case 'resonator':
			return withUsb ? 'none' : 'crystal';
		case 'ext_clock':
		case 'ext_rc':
		case 'lf_xtal_32k':
		case 'lf_xtal_32k_intcap':
			return 'outside';
		default:
			return (row.mhz ?? SLOW_MHZ) / clockDivider(chip, bytes) < SLOW_MHZ ? 'slow' : 'none';
	}
}

/** Every fuse byte that the log shows as written or verified, in order. */
export function fusesWritten(known: Known, chip: Chip | undefined): FuseWritten[] {
	const proofs = [...(known.get('avr.fuse.written') ?? []), ...(known.get('avr.fuse.ok') ?? [])]
		.filter(hit => !/changed/i.test(hit.text))
		.sort((a, b) => a.at - b.at)
		.slice(-RECENT);
	const asked = known.get('avr.opt.fuse') ?? [];
	const values = known.get('avr.fuse.value') ?? [];
	const written: FuseWritten[] = [];
	for (const proof of proofs) {
		const fuse = /[lhe]fuse/i.exec(proof.text)?.[0].toLowerCase();
		if (fuse === undefined) continue;
		const option = asked.findLast(hit => hit.at < proof.at && hit.groups[0]?.toLowerCase() === fuse);
		const file = values.findLast(hit => hit.at < proof.at && proof.line - hit.line <= VALUE_LINES);
		const source = option ?? file;
		const value = fuseValue(option === undefined ? file?.groups[0] : option.groups[1]);
		written.push({fuse, effect: fuseEffect(chip, fuse, value), asked: source, proof});
	}
	return written;
}
