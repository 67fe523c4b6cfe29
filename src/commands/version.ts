// What this program calls itself.
import packageFile from '../../package.json' with {type: 'json'};

export const {version} = packageFile;
/** `avr-unbrick 0.1.0` */
export const programName = `avr-unbrick ${packageFile.version}`;
