// Commands that touch hardware, loaded together: fewer files to open than one chunk each.
export {backupCommand} from './backup.ts';
export {devicesCommand} from './devices.ts';
export {flashCommand} from './flash.ts';
export {practice} from './practice.ts';
export {prepareCommand} from './prepare.ts';
export {probeCommand} from './probe.ts';
export {recoverCommand} from './recover.ts';
export {restoreCommand} from './restore.ts';
