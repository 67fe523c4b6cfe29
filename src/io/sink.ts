// Where words of the program go. Into a file they go whole or with an error: Node's own stream takes a write that a full
// disk has cut short for a whole one.
import {fstatSync, writeSync} from 'node:fs';

export type Sink = {readonly write: (text: string) => unknown};

/**
 * A sink over stdout or stderr. Never throws.
 * @param onError told of each write into a file that failed; what other streams say, they say by their `error` event
 */
export function sinkOf(
	stream: NodeJS.WriteStream & {readonly fd: number},
	onError: (error: NodeJS.ErrnoException) => void,
): Sink {
	if (!isFile(stream.fd)) return stream;
	return {
		write(text) {
			const bytes = Buffer.from(text, 'utf8');
			try {
				for (let done = 0; done < bytes.length; ) done += writeSync(stream.fd, bytes, done);
			} catch (error) {
				onError(error as NodeJS.ErrnoException);
			}
		},
	};
}

function isFile(fd: number): boolean {
	try {
		return fstatSync(fd).isFile();
	} catch {
		return false;
	}
}
