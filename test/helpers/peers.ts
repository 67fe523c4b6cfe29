// Suites that need other people's programs or firmware. A missing peer is reported as skipped, by name.
import {execFileSync} from 'node:child_process';
import {accessSync, appendFileSync, constants, existsSync} from 'node:fs';
import {test} from 'node:test';

export type PeerNeeds = {
	/** Programs on the PATH: `avrdude`, `dfu-programmer`, `teensy_loader_cli`, `avr-gcc` … */
	readonly programs?: readonly string[];
	/** Files that must exist. */
	readonly files?: readonly string[];
	/** The virtual USB rig: root, Linux, /dev/fuse. */
	readonly virtualUsb?: boolean;
};

/** Why a peer cannot be used here, or undefined when it can. */
export function missingPeer(needs: PeerNeeds): string | undefined {
	for (const program of needs.programs ?? []) {
		try {
			execFileSync('which', [program], {stdio: 'pipe'});
		} catch {
			return `${program} is not installed`;
		}
	}
	for (const file of needs.files ?? []) if (!existsSync(file)) return `${file} is not there`;
	if (needs.virtualUsb) {
		if (process.platform !== 'linux') return 'virtual USB needs Linux';
		if (process.getuid?.() !== 0) return 'virtual USB needs root';
		try {
			accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
		} catch {
			return '/dev/fuse cannot be opened';
		}
		try {
			execFileSync('which', ['python3'], {stdio: 'pipe'});
		} catch {
			return 'python3 is not installed';
		}
	}
	return undefined;
}

/** Options of a suite against a peer: skipped where it is missing, and `npm test` tells of it either way. */
export function peerOptions(name: string, needs: PeerNeeds): {readonly skip?: string} {
	const missing = missingPeer(needs);
	const log = process.env.AVR_UNBRICK_PEERS_LOG;
	if (log !== undefined) appendFileSync(log, `${JSON.stringify({name, missing})}\n`);
	return missing === undefined ? {} : {skip: missing};
}

/** A test against a peer: runs where the peer is, is skipped by name elsewhere. */
export function peerTest(name: string, needs: PeerNeeds, body: () => Promise<void>): void {
	test(name, peerOptions(name, needs), body);
}
