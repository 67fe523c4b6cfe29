// What the received bytes say about the wires. Pure, and never more certain than the bytes: equal bytes give an
// equal answer, whatever the fault behind them was.
// Source: shared notes on serial programming, section 10 (what failure looks like), and seen ArduinoISP replies.
import {hexDump, sameBytes} from '../bytes.ts';
import type {Chip} from '../chips/chip.ts';
import {chipsBySignature} from '../chips/index.ts';
import type {Candidate} from '../errors.ts';

/** What one or several attempts to reach the chip brought back. */
export type WiringEvidence = {
	/** `all`: the enable replies are the four bytes received. `last`: only their fourth byte is real. */
	readonly echo: 'all' | 'last';
	/** Bytes received for AC 53 00 00, attempt by attempt. */
	readonly enables: readonly Uint8Array[];
	/** Signatures as read, attempt by attempt, three bytes each. */
	readonly signatures: readonly Uint8Array[];
	/** What two signature reads with a marker as their fourth byte sent got back as their fourth byte received. */
	readonly markers?: readonly {readonly sent: number; readonly got: number}[];
	/** Supply of the target, where the programmer measures it. */
	readonly targetVolts?: number | null;
	/** SCK at the slowest attempt, Hz, and whether a slower one is possible. */
	readonly sckHz?: number | null;
	readonly slowerPossible?: boolean;
	/** The chip had answered well before: then something gave way. */
	readonly answeredBefore?: boolean;
	/** The chip that is expected: only its own ways to be deaf are named. */
	readonly chip?: Chip;
};

export type WiringKind =
	| 'nothing'
	| 'stuck-low'
	| 'stuck-high'
	| 'echo'
	| 'unstable'
	| 'not-in-mode'
	| 'chip'
	| 'unknown-part';

export type WiringReading = {
	readonly kind: WiringKind;
	/** One line for a person: what is seen, not what is wrong. */
	readonly text: string;
	/** Ordered, most likely first; empty when a chip answers. */
	readonly candidates: readonly Candidate[];
	/** Where the kind is `chip` or `unknown-part`. */
	readonly signature?: Uint8Array;
	/** Every chip that has this signature. */
	readonly chips: readonly Chip[];
};

/** Below this no AVR of ours programs at all (the lowest supply of the families known is 1.8 V). */
const deadSupplyVolts = 1.8;

const candidateTexts = {
	'target-unpowered': {
		line: 'VCC',
		text: 'The target has no power: VCC is not connected, or nothing feeds it.',
	},
	'ground-open': {line: 'GND', text: 'GND is not connected between programmer and target.'},
	'reset-open': {
		line: 'RESET',
		text: 'RESET is open or on the wrong pin: the board then goes on running (its LEDs or USB stay alive).',
	},
	'sck-open': {line: 'SCK', text: 'SCK is open or on the wrong pin.'},
	'mosi-open': {line: 'MOSI', text: 'MOSI is open or on the wrong pin.'},
	'miso-open': {line: 'MISO', text: 'MISO is open or on the wrong pin.'},
	'mosi-miso-swapped': {
		line: 'MISO',
		text: 'MISO and MOSI are swapped: swap them and try again, no harm is done.',
	},
	'mosi-miso-bridged': {line: 'MISO', text: 'MISO and MOSI touch: what is sent comes straight back.'},
	'miso-held-low': {
		line: 'MISO',
		text: 'Something holds MISO low: a short to GND, or a circuit on the same pin.',
	},
	'miso-held-high': {
		line: 'MISO',
		text: 'Something holds MISO high: a short to VCC, or a circuit on the same pin.',
	},
	'clock-missing': {
		line: 'XTAL1',
		text: 'The chip has no clock: its fuses ask for a crystal or a clock signal that is not there.',
	},
	'below-brown-out': {
		line: 'VCC',
		text: 'The supply is below the brown-out level: a 5 V board on 3.3 V is held in reset and deaf.',
	},
	'sck-too-fast': {line: 'SCK', text: 'SCK is too fast for the clock that the chip runs on.'},
	'isp-disabled': {
		text: 'The chip has its RESET pin or its serial programming switched off by a fuse; a high-voltage programmer or a debugWIRE tool reaches it.',
	},
	'feeble-supply': {
		line: 'VCC',
		text: 'The chip lives off its signal lines: VCC is missing or weak.',
	},
	'long-wires': {text: 'The wires are long or loose: shorten them, press them home, keep GND beside SCK.'},
	'programmer-not-in-mode': {
		text: 'The programmer has not entered programming mode: reset the programmer and try again.',
	},
	'other-part': {text: 'This is a part that this program does not know, or the first answer of a bad link.'},
} as const satisfies Record<string, {readonly text: string; readonly line?: Candidate['line']}>;

export type CandidateId = keyof typeof candidateTexts;

/** The candidate of an id, in words. */
export function candidate(id: CandidateId): Candidate {
	return {id, ...candidateTexts[id]};
}

/** The chip has a fuse that ends serial programming (RSTDISBL or DWEN). Unknown chips may have one. */
function mayDisableIsp(chip: Chip | undefined): boolean {
	if (chip === undefined) return true;
	return Object.values(chip.fuses).some(byte =>
		byte.fields.some(field => field.name === 'RSTDISBL' || field.name === 'DWEN'),
	);
}

const every = (bytes: ArrayLike<number>, value: number) =>
	bytes.length > 0 && Array.from(bytes).every(byte => byte === value);

/** Echo of a bridge: each reading gives back the byte sent in the same place: 00 for 30 00 0n 00. */
const isBridge = (enable: Uint8Array) => enable[0] === 0xac && enable[1] === 0x53;

/** The second byte sent comes back as the third: the chip is in step. */
const isInStep = (enable: Uint8Array) => enable[2] === 0x53;

/**
 * Reads the evidence. With `echo: 'last'` the enable replies say little (their fourth byte is 00 from a chip in
 * step, from a bridge, and from a dead line) and only the signature decides.
 */
export function readWiring(evidence: WiringEvidence): WiringReading {
	const {signatures, targetVolts} = evidence;
	const first = signatures[0];
	const last = signatures.at(-1);
	const lastTwoAgree = signatures.length >= 2 && last !== undefined && sameBytes(signatures.at(-2)!, last);
	if (lastTwoAgree && last[0] === 0x1e && !every(last, 0x1e)) {
		const chips = chipsBySignature(last);
		if (chips.length > 0) {
			return {
				kind: 'chip',
				text: `A chip: ${chips.map(chip => chip.name).join(' or ')} (${hexDump(last)}).`,
				candidates: [],
				signature: last,
				chips,
			};
		}
		return {
			kind: 'unknown-part',
			text: `Something answers with a signature that is not in the list: ${hexDump(last)}.`,
			candidates: list(evidence, ['sck-too-fast', 'long-wires', 'other-part']),
			signature: last,
			chips: [],
		};
	}
	const enables = evidence.echo === 'all' ? evidence.enables.filter(bytes => bytes.length === 4) : [];
	const silent = (reading: Omit<WiringReading, 'chips'>): WiringReading =>
		targetVolts !== undefined && targetVolts !== null && targetVolts < deadSupplyVolts
			? {
					...reading,
					kind: 'nothing',
					text: `The target has ${targetVolts.toFixed(1)} V. ${reading.text}`,
					candidates: [
						candidate('target-unpowered'),
						...reading.candidates.filter(other => other.id !== 'target-unpowered'),
					],
					chips: [],
				}
			: {...reading, chips: []};

	const markers = evidence.markers ?? [];
	const markersBack = markers.length >= 2 && markers.every(({sent, got}) => sent === got);
	if (enables.some(isBridge) || markersBack) {
		return silent({
			kind: 'echo',
			text: 'What is sent comes straight back in the same place.',
			candidates: list(evidence, ['mosi-miso-bridged', 'target-unpowered']),
		});
	}
	if (
		evidence.echo === 'last' &&
		first !== undefined &&
		signatures.every(bytes => sameBytes(bytes, [0, 1, 2]))
	) {
		// Seen with ArduinoISP: its own echo while it is not in programming mode. A late chip reads so, too.
		return silent({
			kind: 'not-in-mode',
			text: 'The signature reads 00 01 02, the numbers that were asked for.',
			candidates: list(evidence, [
				'programmer-not-in-mode',
				'sck-too-fast',
				'mosi-miso-bridged',
				'feeble-supply',
				...deaf,
			]),
		});
	}
	const bytes = [...enables.map(enable => enable.subarray(1)), ...signatures];
	if (bytes.length === 0) {
		return silent({
			kind: 'nothing',
			text: 'Nothing has come back at all.',
			candidates: list(evidence, deaf),
		});
	}
	if (bytes.every(part => every(part, 0xff))) {
		return silent({
			kind: 'stuck-high',
			text: 'MISO stays high: every bit reads 1.',
			candidates: list(evidence, [...deaf, 'miso-held-high']),
		});
	}
	if (bytes.every(part => every(part, 0x00))) {
		return silent({
			kind: 'stuck-low',
			text: 'MISO stays low: every bit reads 0.',
			candidates: list(evidence, [...deaf, 'miso-held-low']),
		});
	}
	if (bytes.every(part => every(part, 0x00) || every(part, 0xff))) {
		return silent({
			kind: 'nothing',
			text: 'Nobody drives MISO: it reads all 0 once and all 1 another time.',
			candidates: list(evidence, deaf),
		});
	}
	if (enables.some(isInStep) || signatures.some(part => part[0] === 0x1e)) {
		return silent({
			kind: 'unstable',
			text: `Something answers, but not twice the same${signatures.length === 0 ? '' : ` (${signatures.map(part => hexDump(part)).join(' / ')})`}.`,
			candidates: list(evidence, ['sck-too-fast', 'long-wires', 'feeble-supply', ...deaf]),
		});
	}
	return silent({
		kind: 'unstable',
		text: `The bytes are neither a chip nor silence (${bytes.map(part => hexDump(part)).join(' / ')}).`,
		candidates: list(evidence, [
			'miso-open',
			...deaf.filter(id => id !== 'miso-open'),
			'sck-too-fast',
			'long-wires',
		]),
	});
}

/**
 * Why a chip is silent, most likely first. One order for every kind of silence: MISO that nobody drives floats to
 * 00, to FF or to noise, so the level says nothing about the cause.
 */
const deaf: readonly CandidateId[] = [
	'target-unpowered',
	'mosi-miso-swapped',
	'reset-open',
	'miso-open',
	'sck-open',
	'mosi-open',
	'ground-open',
	'clock-missing',
	'below-brown-out',
	'isp-disabled',
];

function list(evidence: WiringEvidence, ids: readonly CandidateId[]): readonly Candidate[] {
	const ordered =
		evidence.answeredBefore === true
			? [...new Set<CandidateId>(['feeble-supply', 'long-wires', 'target-unpowered', 'sck-too-fast', ...ids])]
			: ids;
	const possible = ordered.filter(id => id !== 'isp-disabled' || mayDisableIsp(evidence.chip));
	const tooFast =
		evidence.slowerPossible === false && (evidence.sckHz ?? 0) > 0 && !possible.includes('sck-too-fast')
			? (['sck-too-fast'] as const)
			: [];
	return [...possible, ...tooFast].map(candidate);
}
