// ISP firmware for a Pro Micro: figures, see `source`.
import type {IspFirmware} from './bootloader.ts';

export const promicroIsp = {
	id: 'promicro_isp',
	name: 'ISP firmware for a Pro Micro',
	chip: 'atmega32u4',
	board: 'promicro_5v',
	image: {
		file: 'pro_micro_ISP_B6_10.hex',
		chips: ['atmega32u4'],
		repository: 'qmk/qmk_firmware',
		path: 'util/pro_micro_ISP_B6_10.hex',
		gitBlobSha1: '34ccbd2aefaab5b3b5d0b7331f095f706227a3e8',
		fileBytes: 15856,
		lineEnding: 'lf',
		fileSha256: '5c53af539f5be6ff53a328a15548c841cc3f262ca9d3ed6ee3e41310240dfaa7',
		fileSha256OtherLineEnding: '34b9b3dce4a93853ba5c6786cbe53feeb170b7d46df90e27b878ed93f4123dac',
		imageSha256: 'e3a4bb582440ed04ebab0eb5aabbb1ebe309186cdd9a64fdf7fb5a4a28753645',
		dataBytes: 5756,
		ranges: [[0x0000, 0x167b]],
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
		note: 'programmer firmware, application at 0x0000, contains no bootloader: an older qmk commit holds it with CRLF endings (16218 bytes); flash it through the Pro Micro bootloader, do not ISP-write it with chip erase unless the loader is to be lost',
		source:
			'qmk/qmk_firmware util/ (blob identical in 3 forks: drashna 2024-10, vial-kb 2024-03, chipperdoodles 2024-05; length and closing records match qmk/qmk_firmware itself); checksums computed from the file',
	},
	source: 'QMK docs/isp_flashing_guide.md; image util/pro_micro_ISP_B6_10.hex of qmk/qmk_firmware',
} as const satisfies IspFirmware;
