#!/usr/bin/env node
// The entry: what must be known before anything else is loaded (Node's version, colour, the terminal), then a
// dynamic import of what was asked for, so that a short answer never waits for the wizard.

/** Ink 8 and what ships with it were seen to run from here on (package.json, engines). */
const oldestNode = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
	process.stderr.write(
		`avr-unbrick needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.\n`,
	);
	process.exitCode = 2;
} else {
	// Ink does not know NO_COLOR; what it does know must be set before it is imported.
	if (process.env.NO_COLOR !== undefined && process.env.NO_COLOR !== '') process.env.FORCE_COLOR = '0';
	const {runCommandLine} = await import('./commands/program.ts');
	process.exitCode = await runCommandLine(process.argv.slice(2));
}
