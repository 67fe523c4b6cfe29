// "I have no programmer": what else in the drawer can be one, best first, and what that costs its owner. Data and one
// function, pure.

export type DrawerItem = {
	readonly id: 'uno-nano' | 'pro-micro' | 'teensy-2' | 'split-half' | 'raspberry-pi' | 'buy';
	readonly name: string;
	/** Id of the wiring tables; absent where another engine or a shop is the way. */
	readonly wiring?: string;
	/** How it becomes a programmer. */
	readonly how: string;
	/** What it loses, and how it gets that back. Empty when nothing is lost. */
	readonly loses: string;
	readonly source: string;
};

/** Best first: least work, least loss, signals that fit. */
const drawer: readonly DrawerItem[] = [
	{
		id: 'uno-nano',
		name: 'an Arduino Uno or Nano',
		wiring: 'arduino_isp_uno',
		how: 'Upload the sketch ArduinoISP with the Arduino IDE (Examples, 11.ArduinoISP).',
		loses:
			'It loses the sketch that it has; its bootloader stays. It gets the sketch back by the same upload from the IDE.',
		source: 'QMK docs/isp_flashing_guide.md; ArduinoISP.ino',
	},
	{
		id: 'pro-micro',
		name: 'a second Pro Micro, Leonardo or Micro',
		wiring: 'promicro_isp',
		how: 'avr-unbrick prepare promicro_isp writes the ISP firmware through its own bootloader.',
		loses:
			'It loses the firmware that it has; its bootloader stays. prepare keeps a copy where it can be read, and avr-unbrick flash writes that, or a new keymap, back.',
		source: 'QMK docs/isp_flashing_guide.md',
	},
	{
		id: 'teensy-2',
		name: 'a Teensy 2.0',
		wiring: 'teensy2_isp',
		how: 'avr-unbrick prepare teensy2_isp writes the ISP firmware; press its button when you are asked.',
		loses:
			'It loses the firmware that it has, which nobody can read out: have its file at hand. Its bootloader stays, and avr-unbrick flash writes the file back.',
		source: 'QMK docs/isp_flashing_guide.md; PJRC HalfKay protocol',
	},
	{
		id: 'split-half',
		name: 'the good half of a split keyboard',
		wiring: 'promicro_isp',
		how: 'It is a Pro Micro on a carrier: avr-unbrick prepare promicro_isp, with the cable between the halves pulled out.',
		loses:
			'It loses its keymap until you flash it again (QMK, or avr-unbrick flash), and handedness may have to be set again.',
		source: 'QMK docs/isp_flashing_guide.md; QMK docs/feature_split_keyboard.md',
	},
	{
		id: 'raspberry-pi',
		name: 'a Raspberry Pi with free GPIO pins',
		how: 'Run this program on the Pi with avrdude installed: --programmer avrdude:raspberry_pi_gpio or avrdude:linuxspi (avr-unbrick devices --avrdude says which it knows). Its pins carry 3.3 V and no more: feed the board with 3.3 V from the Pi, or shift the levels.',
		loses: '',
		source: 'avrdude.conf.in, linuxgpio and linuxspi; Raspberry Pi GPIO documentation',
	},
];

const toBuy: DrawerItem = {
	id: 'buy',
	name: 'the cheapest to buy: a USBasp clone with a 3.3 V jumper',
	wiring: 'usbasp',
	how: 'A few euros, works at once and needs no firmware; an Arduino Nano clone costs the same and needs the ArduinoISP sketch.',
	loses: '',
	source: 'QMK docs/isp_flashing_guide.md',
};

/**
 * What can stand in for a programmer, best first; what to buy comes last, and alone when nothing is owned.
 * @param owned ids that are in the drawer; all are ranked without it
 */
export function rankDrawer(owned?: ReadonlySet<DrawerItem['id']>): readonly DrawerItem[] {
	return [...drawer.filter(({id}) => owned === undefined || owned.has(id)), toBuy];
}
