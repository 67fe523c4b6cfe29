// A report is pasted in public: nothing of the pasted log tells who it was.
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {withoutPeople} from '../../src/steps/privacy.ts';

test('prompts, home folders, hosts and names go; what helps stays', () => {
	for (const [text, expected] of [
		[
			'anna@annas-macbook ~ % avrdude -p m32u4 -U flash:w:/Users/anna/My Stuff/anna v2.hex:i',
			'USER@HOST ~ % avrdude -p m32u4 -U flash:w:~/…/FILE.hex:i',
		],
		['anna@annas-macbook secret-thing % ls', 'USER@HOST ~ % ls'],
		['[anna@box secret]$ make', '[USER@HOST ~]$ make'],
		['anna@box:~/secret/x$ make', 'USER@HOST:~/…$ make'],
		['Annas-MacBook:secret anna$ make', 'HOST:~ USER$ make'],
		['PS C:\\Users\\Anna Maria\\Desk> dir', 'PS ~\\…> dir'],
		['"C:\\Users\\anna\\keymap (1).hex" -v', '"~\\FILE.hex" -v'],
		['/home/anna/.avrduderc does not exist', '~/.avrduderc does not exist'],
		['/home/anna: ANNA said Anna_left.hex', '~: NAME said NAME_left.hex'],
		['Nov 25 02:56:26 annas-pc kernel: usb 1-1', 'Nov 25 02:56:26 HOST kernel: usb 1-1'],
		['write to anna.b@example.org', 'write to NAME@MAIL'],
		['avrdude: device at /dev/ttyACM0, avr-gcc@8', 'avrdude: device at /dev/ttyACM0, avr-gcc@8'],
	] as const)
		assert.equal(withoutPeople(text), expected);
});

test('no name of a person, machine, folder or file is left, whichever way it is written', () => {
	const name = fc.stringMatching(/^[QXZqxz][a-z]{3,8}$/);
	fc.assert(
		fc.property(
			fc.record({user: name, host: name, folder: name, file: name}),
			fc.constantFrom('/Users/', '/home/', 'C:\\Users\\', 'C:/Users/', '/mnt/c/Users/', 'C:\\\\Users\\\\'),
			fc.constantFrom('', '"', "'"),
			({user, host, folder, file}, home, quote) => {
				const slash = home.includes('\\') ? '\\' : '/';
				const path = [`${home}${user}`, folder, `${file}.hex`].join(slash);
				const text = [
					`${user}@${host}-pc ${folder} % avrdude -C /etc/avrdude.conf -U ${quote}${path}${quote}`,
					`(base) ${user}@${host}-pc:~/${folder}$ cp ~/${folder}/${file}.hex x`,
					`avrdude: error: cannot open ${path}: for ${user.toUpperCase()} on ${host}-pc`,
				].join('\n');
				const clean = withoutPeople(text);
				for (const word of [user, `${host}-pc`, folder, file])
					assert.ok(!clean.toLowerCase().includes(word.toLowerCase()), `${word} in:\n${clean}`);
				assert.match(clean, /FILE\.hex/);
				assert.match(clean, /\/etc\/avrdude\.conf/);
				assert.equal(withoutPeople(clean), clean, 'clean text stays');
			},
		),
	);
});

test('a long line without an end is cheap', () => {
	const began = performance.now();
	withoutPeople(`/home/${'a '.repeat(200_000)} ${'/home/x'.repeat(20_000)} ${'a@'.repeat(100_000)}`);
	assert.ok(performance.now() - began < 5000);
});
