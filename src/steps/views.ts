// The views of every step but the first, in one piece: loaded together once the first screen stands. One door keeps
// the bundle in few files, and each file costs the start of every command.
export {ArmView} from './arm.tsx';
export {BoardView} from './board.tsx';
export {ComebackView} from './comeback.tsx';
export {DiagnosisView} from './diagnosis.tsx';
export {FirstAidView} from './first-aid.tsx';
export {FlashView} from './flash.tsx';
export {FusesView} from './fuses.tsx';
export {IdentifyView} from './identify.tsx';
export {ImageView} from './image.tsx';
export {KeymapView} from './keymap.tsx';
export {ProgrammerView} from './programmer.tsx';
export {ResultView} from './result.tsx';
export {ReviewView} from './review.tsx';
export {WiringView} from './wiring.tsx';
