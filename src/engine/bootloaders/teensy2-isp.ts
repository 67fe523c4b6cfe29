// ISP firmware for a Teensy 2.0: figures, see `source`.
import type {IspFirmware} from './bootloader.ts';

export const teensy2Isp = {
	id: 'teensy2_isp',
	name: 'ISP firmware for a Teensy 2.0',
	chip: 'atmega32u4',
	board: 'teensy_2',
	image: {
		file: 'teensy_2.0_ISP_B0.hex',
		chips: ['atmega32u4'],
		repository: 'qmk/qmk_firmware',
		path: 'util/teensy_2.0_ISP_B0.hex',
		gitBlobSha1: '39ef975e3cd56f7d594ab9cb654423ab2812eb99',
		fileBytes: 15768,
		lineEnding: 'lf',
		fileSha256: '0c3e6c58a3e51e15a7489e6f3446a73fd0957736319ea80570d8fb0eca5e3221',
		fileSha256OtherLineEnding: '5921b3cd828a15470c246e4d34a8ccb5f2b9f17b78a61677fbe114af901df56c',
		imageSha256: 'a11dfa1df49e316006154257562712ac9446dd17b7c34d89d0a1dfa81bff57b1',
		dataBytes: 5724,
		ranges: [[0x0000, 0x165b]],
		usbDescriptors: [
			{
				vendorId: 0x16c0,
				productId: 0x0483,
				bcdDevice: 0x0100,
				deviceClass: 0x02,
				bcdUsb: 0x0200,
				byteAddress: 0x015d,
			},
		],
		note: 'programmer firmware for Teensy Loader',
		source:
			'qmk/qmk_firmware util/ (blob identical in 3 forks: drashna 2024-10, vial-kb 2024-03, chipperdoodles 2024-05; length and closing records match qmk/qmk_firmware itself); checksums computed from the file',
	},
	source: 'QMK docs/isp_flashing_guide.md; image util/teensy_2.0_ISP_B0.hex of qmk/qmk_firmware',
} as const satisfies IspFirmware;
