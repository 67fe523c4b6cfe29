// The engine as a library: `import {…} from 'avr-unbrick'`. What is exported here keeps its names and shapes within
// a major version. The engine itself does no I/O: give it `createWorld()` and `createStore()`, the practice bench,
// or a World and a Store of your own.

export {type WiringTable, wiringTable} from '../wiring/index.ts';
export {type Bench, type BenchOptions, createBench, scenarioNames} from './bench/bench.ts';
export {type Advice, adviseError, describeChipState} from './engine/advice.ts';
export type {Board} from './engine/boards/board.ts';
export {boards, findBoard} from './engine/boards/index.ts';
export type {Bootloader} from './engine/bootloaders/bootloader.ts';
export type {BootloaderClient, BootloaderProtocol} from './engine/bootloaders/client.ts';
export {bootloaders, findBootloader} from './engine/bootloaders/index.ts';
export {findWaitingBootloaders, openBootloader} from './engine/bootloaders/open.ts';
export {type Cancel, createCancel, neverCancel} from './engine/cancel.ts';
export type {Chip, ChipPackage, FuseName, IspSignal} from './engine/chips/chip.ts';
export {chips, chipsBySignature, findChip} from './engine/chips/index.ts';
export type {Clock} from './engine/clock.ts';
export {listDevices} from './engine/devices/index.ts';
export type {ListedDevice} from './engine/devices/types.ts';
export {diagnose} from './engine/diagnose/diagnose.ts';
export type {Diagnosis} from './engine/diagnose/types.ts';
export {
	type ChipState,
	type ErrorFacts,
	type ErrorKind,
	isKind,
	type RiskName,
	riskNames,
	UnbrickError,
} from './engine/errors.ts';
export {assessFuses, assessLock} from './engine/fuses/assess.ts';
export {decodeFuses} from './engine/fuses/decode.ts';
export {fuseToWrite, sameFuse} from './engine/fuses/mask.ts';
export {type Recommendation, recommendedFuses} from './engine/fuses/recommendations.ts';
export type {DecodedFuses, FuseAssessment, FuseContext, FuseReason, Verdict} from './engine/fuses/types.ts';
export {type Backup, parseBackup, printBackup} from './engine/image/backup-file.ts';
export {type Inspection, inspectImage} from './engine/image/inspect.ts';
export {type ParsedHex, parseIntelHex, printIntelHex} from './engine/image/intel-hex.ts';
export {createImage, type MemoryImage} from './engine/image/memory-image.ts';
export {type MergeResult, mergeImages} from './engine/image/merge.ts';
export {createIspTarget, type IspTargetOptions} from './engine/isp/isp-target.ts';
export type {IspLink, LinkCapabilities, ProgrammerId} from './engine/isp/link.ts';
export {backup} from './engine/procedures/backup.ts';
export {checkPlan} from './engine/procedures/check-plan.ts';
export type {FlashLookEvent, Phase, RecoverEvent, RecoverResult} from './engine/procedures/events.ts';
export {type FlashEvent, type FlashPlan, flash} from './engine/procedures/flash.ts';
export type {RecoveryPlan} from './engine/procedures/plan.ts';
export {type PrepareEvent, prepare} from './engine/procedures/prepare.ts';
export {probe} from './engine/procedures/probe.ts';
export {type RecoverDeps, recover} from './engine/procedures/recover.ts';
export {planRestore} from './engine/procedures/restore.ts';
export {findProgrammer, type Programmer, programmers} from './engine/programmers/index.ts';
export {openProgrammer, type ProgrammerChoice} from './engine/programmers/open.ts';
export type {Receipt, Store} from './engine/store.ts';
export type {FuseBytes, Identity, Target} from './engine/target.ts';
export {type ByteStream, type HidPipe, TransferFault, type UsbPipe, type World} from './engine/transports.ts';
export {createStore} from './io/store.ts';
export {createWorld} from './io/world.ts';
