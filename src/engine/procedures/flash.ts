// Writing an application through the board's own bootloader: check, erase, write, read back where the loader can,
// start. Nothing outside the application area is ever sent.
import {adviseBootloaderError} from '../bootloaders/advice.ts';
import type {BootloaderClient, BootloaderIdentity} from '../bootloaders/client.ts';
import {bootloaderOfIdentity, vidPidText} from '../bootloaders/open.ts';
import {type Place, placeOf, samePlace} from '../bootloaders/place.ts';
import type {Cancel} from '../cancel.ts';
import type {Chip} from '../chips/chip.ts';
import type {Clock} from '../clock.ts';
import {type ChipState, type ErrorKind, UnbrickError} from '../errors.ts';
import {findDescriptors} from '../image/inspect.ts';
import type {MemoryImage} from '../image/memory-image.ts';
import {checkApplication, checkSignature} from '../protocols/client-help.ts';
import type {World} from '../transports.ts';
import {appearedDevices, type SeenDevice, snapshot} from './comeback.ts';

export type FlashPlan = {
	readonly chip: Chip;
	/** First byte of the boot section of this bootloader on this chip. */
	readonly bootStart: number;
	readonly image: MemoryImage;
	/** Start the application at the end. */
	readonly start: boolean;
};

export type FlashPhase = 'connect' | 'erase' | 'write' | 'verify' | 'leave';

export type FlashEvent =
	| {readonly type: 'phase'; readonly phase: FlashPhase}
	| {
			readonly type: 'progress';
			readonly phase: FlashPhase;
			readonly doneBytes: number;
			readonly totalBytes: number;
	  }
	| {
			readonly type: 'bootloader';
			readonly protocol: string;
			readonly name: string;
			readonly signature?: string;
	  }
	| {readonly type: 'warning'; readonly code: string; readonly message: string}
	| FlashResult;

export type FlashResult =
	| {
			readonly type: 'result';
			readonly ok: true;
			readonly chip: string;
			readonly bootloader: string;
			readonly imageBytes: number;
			readonly writtenBytes: number;
			/** 0 where the bootloader cannot be read: then nothing has been proven yet, and `verified` is false. */
			readonly verifiedBytes: number;
			readonly verified: boolean;
			readonly started: boolean;
			/** The keyboard's own identity as it appeared afterwards; null: none did; absent: nobody looked. */
			readonly application?: {
				readonly vidPid: string;
				readonly product?: string;
				/** True: it is new on the bus, but neither its place nor its identity proves that it is this board. */
				readonly uncertain?: true;
			} | null;
			readonly seconds: number;
	  }
	| {
			readonly type: 'result';
			readonly ok: false;
			readonly error: {
				readonly kind: ErrorKind;
				readonly message: string;
				readonly likely: readonly string[];
				readonly next: readonly string[];
			};
			readonly chipState: ChipState;
			readonly seconds: number;
	  };

/** bootloadHID leaves after a second, others after 0.5 s; the host needs up to 2 s more. */
const ownIdentityMs = 6000;
const lookMs = 200;

/**
 * Flashes `plan.image` through `client`. Yields events and ends in exactly one result; never throws for anything
 * that a device or a person can cause. The client is closed at the end.
 */
export async function* flash(
	plan: FlashPlan,
	opened: BootloaderClient,
	deps: {
		readonly clock: Clock;
		readonly cancel?: Cancel;
		/** Where the keyboard's own identity is looked for once it was started. */
		readonly world?: World;
		/** Where the loader is plugged in: what appears there afterwards is this board. */
		readonly place?: Place;
		/**
		 * Waits for the loader to come back and opens it: an erase may drop it off the bus where the supply is weak. Asked
		 * once at most.
		 */
		readonly reopen?: () => Promise<BootloaderClient>;
	},
): AsyncGenerator<FlashEvent, void> {
	const startMs = deps.clock.nowMs();
	const seconds = () => (deps.clock.nowMs() - startMs) / 1000;
	let chipState: ChipState = 'untouched';
	let client = opened;
	const stopIfAsked = (during: string) => {
		if (deps.cancel?.requested) throw new UnbrickError({kind: 'Cancelled', during});
	};
	try {
		checkApplication(plan.image, plan);
		yield {type: 'phase', phase: 'connect'};
		const identity: BootloaderIdentity = await client.connect();
		yield {
			type: 'bootloader',
			protocol: client.protocol,
			name: identity.name ?? client.protocol,
			...(identity.signature === undefined
				? {}
				: {signature: Array.from(identity.signature, byte => byte.toString(16).padStart(2, '0')).join('')}),
		};
		if (identity.signature !== undefined) checkSignature(plan.chip, identity.signature);
		if (identity.chip === undefined) {
			yield {
				type: 'warning',
				code: 'chip-not-told',
				message: `This bootloader does not say which chip it runs on: that it is an ${plan.chip.name} could not be checked.`,
			};
		}
		stopIfAsked('connect');
		yield {type: 'phase', phase: 'erase'};
		chipState = 'erased';
		try {
			await client.erase();
		} catch (error) {
			const dropped = error instanceof UnbrickError && error.kind === 'DeviceGone';
			if (!dropped || deps.reopen === undefined) throw error;
			await client.close();
			yield {
				type: 'warning',
				code: 'dropped',
				message: 'The board fell off USB during the erase: its supply is weak. Trying once more.',
			};
			client = await deps.reopen();
			try {
				await client.connect();
			} catch (again) {
				const another =
					again instanceof UnbrickError && ['WrongSignature', 'NotAProgrammer'].includes(again.kind);
				if (!another) throw again;
				// What answers is not the board that was being erased: the state to tell is that one's.
				throw new UnbrickError(
					{kind: 'DeviceGone', path: identity.name ?? client.protocol, during: 'erase'},
					{cause: again},
				);
			}
			await client.erase();
		}
		stopIfAsked('erase');

		yield {type: 'phase', phase: 'write'};
		chipState = 'partly-written';
		const queue = progressQueue<FlashEvent>();
		const written = yield* queue.drain(
			client.write(plan.image, {
				onProgress: (doneBytes, totalBytes) =>
					queue.push({type: 'progress', phase: 'write', doneBytes, totalBytes}),
				...(deps.cancel === undefined ? {} : {cancel: deps.cancel}),
			}),
		);
		chipState = 'written';

		let verifiedBytes = 0;
		if (client.read === undefined) {
			yield {
				type: 'warning',
				code: 'cannot-read-back',
				message:
					'What was written cannot be read back here. That the keyboard works afterwards is the only proof.',
			};
		} else {
			yield {type: 'phase', phase: 'verify'};
			const verifyQueue = progressQueue<FlashEvent>();
			const got = yield* verifyQueue.drain(
				client.read(0, plan.image.end, {
					onProgress: (doneBytes, totalBytes) =>
						verifyQueue.push({type: 'progress', phase: 'verify', doneBytes, totalBytes}),
				}),
			);
			verifiedBytes = compare(plan.image, got);
		}

		yield {type: 'phase', phase: 'leave'};
		const before = deps.world === undefined ? undefined : await snapshot(deps.world);
		if (plan.start) await client.start();
		await client.close();
		const look = plan.start && deps.world !== undefined && before !== undefined;
		const own = look
			? await awaitOwnIdentity(deps.world, {
					before,
					place: deps.place ?? {},
					image: plan.image,
					cancel: deps.cancel,
				})
			: undefined;
		if (own?.uncertain) {
			const {vendorId, productId} = own.device;
			yield {
				type: 'warning',
				code: 'maybe-seen',
				message: `A new device appeared (${vidPidText(vendorId, productId)}), it may be the board. Try its keys.`,
			};
		}
		if (look && own === undefined) {
			yield {
				type: 'warning',
				code: 'not-seen',
				message:
					'The keyboard has not shown itself on USB yet. Unplug it, plug it in again, and try its keys.',
			};
		}
		yield {
			type: 'result',
			ok: true,
			chip: plan.chip.id,
			bootloader: client.protocol,
			imageBytes: plan.image.byteCount,
			writtenBytes: written.writtenBytes,
			verifiedBytes,
			verified: client.read !== undefined,
			started: plan.start,
			...(look
				? {
						application:
							own === undefined
								? null
								: {
										vidPid: vidPidText(own.device.vendorId, own.device.productId),
										...(own.device.product === undefined ? {} : {product: own.device.product}),
										...(own.uncertain ? {uncertain: true as const} : {}),
									},
					}
				: {}),
			seconds: seconds(),
		};
	} catch (error) {
		const known =
			error instanceof UnbrickError
				? error
				: new UnbrickError(
						{kind: 'Bug', assumed: error instanceof Error ? error.message : String(error)},
						{cause: error},
					);
		const advice = adviseBootloaderError(known, {chipState, protocol: client.protocol});
		yield {
			type: 'result',
			ok: false,
			error: {
				kind: known.kind,
				message: known.message,
				likely: advice.likely,
				next: advice.next,
			},
			chipState,
			seconds: seconds(),
		};
	} finally {
		await client.close();
	}
}

/**
 * What appears that was not there before and is no bootloader: at the board's place, or where places cannot be
 * compared with the identity that the file itself carries. When time is up, anything else that is new, uncertain;
 * undefined when nothing is.
 */
async function awaitOwnIdentity(
	world: World,
	wanted: {
		readonly before: ReadonlySet<string>;
		readonly place: Place;
		readonly image: MemoryImage;
		readonly cancel: Cancel | undefined;
	},
): Promise<{readonly device: SeenDevice; readonly uncertain: boolean} | undefined> {
	const carried = findDescriptors(wanted.image);
	const isOwn = (device: SeenDevice) =>
		samePlace(placeOf(device), wanted.place) ??
		carried.some(({vendorId, productId}) => vendorId === device.vendorId && productId === device.productId);
	const endMs = world.clock.nowMs() + ownIdentityMs;
	for (;;) {
		const appeared = (await appearedDevices(world, wanted.before)).filter(
			device =>
				device.vendorId !== 0 &&
				bootloaderOfIdentity(device.vendorId, device.productId, device.release) === undefined,
		);
		const own = appeared.find(isOwn);
		if (own !== undefined) return {device: own, uncertain: false};
		if (wanted.cancel?.requested || world.clock.nowMs() >= endMs) {
			return appeared[0] === undefined ? undefined : {device: appeared[0], uncertain: true};
		}
		await world.clock.sleep(lookMs);
	}
}

/** Throws VerifyMismatch at the first byte of the image that differs; returns how many were compared. */
function compare(image: MemoryImage, got: Uint8Array): number {
	let first: {byteAddress: number; expected: number; got: number} | undefined;
	let differingBytes = 0;
	let compared = 0;
	for (const range of image.ranges) {
		for (let byteAddress = range.start; byteAddress < range.end; byteAddress++) {
			compared++;
			const expected = image.at(byteAddress)!;
			const found = got[byteAddress]!;
			if (found === expected) continue;
			differingBytes++;
			first ??= {byteAddress, expected, got: found};
		}
	}
	if (first !== undefined)
		throw new UnbrickError({kind: 'VerifyMismatch', memory: 'flash', ...first, differingBytes});
	return compared;
}

/** Lets a callback's progress out of a generator while the work behind it runs. */
export function progressQueue<E>(): {
	readonly push: (event: E) => void;
	readonly drain: <T>(work: Promise<T>) => AsyncGenerator<E, T>;
} {
	const events: E[] = [];
	let wake: (() => void) | undefined;
	return {
		push(event) {
			events.push(event);
			wake?.();
		},
		async *drain<T>(work: Promise<T>): AsyncGenerator<E, T> {
			let settled = false;
			const done = work.then(
				() => {
					settled = true;
					wake?.();
				},
				() => {
					settled = true;
					wake?.();
				},
			);
			for (;;) {
				while (events.length > 0) yield events.shift()!;
				if (settled) break;
				await new Promise<void>(resolve => {
					wake = resolve;
					if (events.length > 0 || settled) resolve();
				});
				wake = undefined;
			}
			await done;
			return work;
		},
	};
}
