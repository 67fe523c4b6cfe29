// What a programmer calls its commands says nothing to a person. On screens they are said in words; reports, logs and
// the commands keep the names.

/** How a command is named to a person, and what is going on while it runs. */
const commandWords: Readonly<Record<string, readonly [call: string, during: string]>> = {
	GET_SYNC: ['the first call', 'the programmer was being called'],
	GET_SIGN_ON: ['the question who it is', 'the programmer was being asked who it is'],
	SIGN_ON: ['the question who it is', 'the programmer was being asked who it is'],
	GET_PARAMETER: ['a question about its settings', 'the programmer was being asked for its settings'],
	SET_DEVICE: ['the name of the chip', 'the programmer was being told the chip'],
	ENTER_PROGMODE: ['the start of programming', 'programming was being started'],
	LEAVE_PROGMODE: ['the end of programming', 'the chip was being let go'],
	LOAD_ADDRESS: ['an address', 'an address was being set'],
	POLL_BYTES: ['an address', 'an address was being set'],
	PROG_PAGE: ['the writing of a page', 'a page was being written'],
	PROGRAM_FLASH: ['the writing of a page', 'a page was being written'],
	PROGRAM_EEPROM: ['the writing of the EEPROM', 'the EEPROM was being written'],
	READ_PAGE: ['the reading of a page', 'memory was being read'],
	READ_FLASH: ['the reading of a page', 'memory was being read'],
	READ_EEPROM: ['the reading of the EEPROM', 'the EEPROM was being read'],
	FLASH_WRITE: ['the writing of a page', 'a page was being written'],
	FLASH_READ: ['the reading of a page', 'memory was being read'],
	EEPROM_WRITE: ['the writing of the EEPROM', 'the EEPROM was being written'],
	EEPROM_READ: ['the reading of the EEPROM', 'the EEPROM was being read'],
	UNIVERSAL: ['an instruction to the chip', 'the chip was being told something'],
	SPI: ['an instruction to the chip', 'the chip was being told something'],
	SPI_MULTI: ['an instruction to the chip', 'the chip was being told something'],
	ECHO: ['the first call', 'the programmer was being called'],
};

/** The message with every command in words: `... broke off while a page was being written.` */
export function plainMessage(message: string): string {
	return message.replace(/(during )?\b([A-Z][A-Z_]+?)(?:_ISP)?\b(?!_)/g, (whole, during, name) => {
		const words = commandWords[name as string];
		if (words === undefined) return whole as string;
		return during === undefined ? words[0] : `while ${words[1]}`;
	});
}
