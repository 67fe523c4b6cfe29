// The physical floor of a whole job: what chip, SPI lines and bus need whatever program drives them. 
import type {MemoryImage} from '../src/engine/image/memory-image.ts';
export function floorOf(_subject: string, _image: MemoryImage, _sckHz: number | undefined): number {
	return 1;
}
