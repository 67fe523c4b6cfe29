// The live wiring check: one look at the target, a few times a second while a person moves wires.
import type {Chip} from '../chips/chip.ts';
import * as ask from './instructions.ts';
import type {IspLink, LinkCapabilities} from './link.ts';
import {readWiring, type WiringReading} from './wiring-reading.ts';

/** Readings of the signature in one look: two agree or not. */
const readings = 2;

/** Harmless readings before the signature is asked for. */
const stepProbes = 4;

/**
 * Enters once, reads the signature twice, leaves, and says what is seen. Writes nothing. The link is opened already.
 * Throws what the link throws (DeviceGone, Timeout, NotInSync); leaves in any case.
 */
export async function observeWiring(
	link: IspLink,
	capabilities: LinkCapabilities,
	chip?: Chip,
): Promise<WiringReading> {
	try {
		const targetVolts = capabilities.measuresVolts ? ((await link.measureTargetVolts?.()) ?? null) : null;
		const reply = await link.enter();
		const signatures: Uint8Array[] = [];
		const steps: Uint8Array[] = [];
		for (let probe = 0; probe < stepProbes; probe++) steps.push(await link.exchange(ask.stepProbe));
		// A chip that is too slow for this SCK is not asked more: what it hears may be something else (stepProbe).
		const lostStep =
			reply.answered === 'yes' &&
			steps.some(
				got => got[3] !== steps[0]![3] || (capabilities.echo === 'all' && !ask.inStep(ask.stepProbe, got)),
			);
		for (let reading = 0; !lostStep && reading < readings; reading++) {
			const bytes = new Uint8Array(3);
			for (const index of [0, 1, 2]) bytes[index] = (await link.exchange(ask.readSignatureByte(index)))[3]!;
			signatures.push(bytes);
		}
		const markers: {sent: number; got: number}[] = [];
		for (const sent of lostStep ? [] : ask.bridgeMarkers) {
			markers.push({sent, got: (await link.exchange(ask.markedProbe(sent)))[3]!});
		}
		return readWiring({
			echo: capabilities.echo,
			enables: [reply.received],
			signatures,
			markers,
			targetVolts,
			sckHz: link.sckHz(),
			slowerPossible: capabilities.sckStepsHz.length > 1,
			...(chip === undefined ? {} : {chip}),
		});
	} finally {
		await link.leave();
	}
}
