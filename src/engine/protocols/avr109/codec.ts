// AVR109 as Caterina and LUFA's CDC loader speak it (AVR109 application note, section 4; Caterina.c, BootloaderCDC.c).

const ascii = (text: string) => Uint8Array.from(text, letter => letter.charCodeAt(0));

/** CR, the positive answer. */
export const ok = 0x0d;
/** `?`, the answer to what the loader does not know. */
export const unknown = 0x3f;
/** ESC: no answer, harmless; used to complete a block that was cut. */
export const esc = 0x1b;

export type Avr109Memory = 'flash' | 'eeprom';
const memoryLetter = (memory: Avr109Memory) => (memory === 'flash' ? 0x46 : 0x45);

export const command = {
	/** 7 letters back: `CATERIN`, `LUFACDC`. */
	identifier: () => ascii('S'),
	/** 2 digits back. */
	softwareVersion: () => ascii('V'),
	/** `Y` and the block size, high byte first. */
	blockSupport: () => ascii('b'),
	/** 3 bytes back, last one first. */
	signature: () => ascii('s'),
	/** CR back. */
	selectPart: () => Uint8Array.of(0x54, 0x44),
	enterProgramming: () => ascii('P'),
	leaveProgramming: () => ascii('L'),
	/** CR back after the application section is erased. */
	erase: () => ascii('e'),
	/** CR back, then the loader leaves. */
	exit: () => ascii('E'),
	/** One byte back: `F` low, `N` high, `Q` extended, `r` lock bits. */
	readFuse: (fuse: 'F' | 'N' | 'Q' | 'r') => ascii(fuse),
	/** Flash: word address; EEPROM: byte address. 0..0xffff. Throws RangeError. */
	setAddress(address: number): Uint8Array {
		if (!Number.isInteger(address) || address < 0 || address > 0xffff)
			throw new RangeError(`address ${address}`);
		return Uint8Array.of(0x41, address >> 8, address & 0xff);
	},
	/** CR back. Flash: even length, at most one page, on a page border. */
	writeBlock(memory: Avr109Memory, data: Uint8Array): Uint8Array {
		if (data.length < 1 || data.length > 0xffff || (memory === 'flash' && data.length % 2 !== 0)) {
			throw new RangeError(`a block of ${data.length} bytes`);
		}
		const message = new Uint8Array(4 + data.length);
		message.set([0x42, data.length >> 8, data.length & 0xff, memoryLetter(memory)]);
		message.set(data, 4);
		return message;
	},
	/** `bytes` bytes back, no CR. */
	readBlock(memory: Avr109Memory, bytes: number): Uint8Array {
		if (!Number.isInteger(bytes) || bytes < 1 || bytes > 0xffff)
			throw new RangeError(`a block of ${bytes} bytes`);
		return Uint8Array.of(0x67, bytes >> 8, bytes & 0xff, memoryLetter(memory));
	},
} as const;

/** The answer to `b`: block size in bytes, or undefined when blocks are not supported. */
export function parseBlockSupport(reply: Uint8Array): number | undefined {
	if (reply.length !== 3 || reply[0] !== 0x59) return undefined;
	return (reply[1]! << 8) | reply[2]!;
}
