# One pseudo terminal, raw, with what a program at its other end does told over stdout: opened, rate, bytes, closed.
# Frames both ways: one letter, four bytes of length (big endian), payload.
#   out: P path | O | B rate | D bytes | C        in: D bytes; end of input ends the relay
import os, select, struct, sys, termios, tty

rates = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[0] == 'B' and name[1:].isdigit()}
master, slave = os.openpty()
tty.setraw(slave)
path = os.ttyname(slave)
os.close(slave)


def tell(letter, payload=b''):
    frame = letter + struct.pack('>I', len(payload)) + payload
    while frame:
        frame = frame[os.write(1, frame):]


def hear():
    head = exactly(5)
    return head[:1], exactly(struct.unpack('>I', head[1:])[0])


def exactly(count):
    data = b''
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


tell(b'P', path.encode())
opened, rate = False, 0
poll = select.poll()
poll.register(0, select.POLLIN)
poll.register(master, select.POLLIN)
while True:
    # While nobody holds the far end the kernel says "hung up" all the time: look again in a moment.
    state = dict(poll.poll() if opened else poll.poll(0))
    hung = bool(state.get(master, 0) & select.POLLHUP)
    if state.get(0):
        letter, payload = hear()
        if letter == b'D' and opened:
            while payload:
                payload = payload[os.write(master, payload):]
    if state.get(master, 0) & select.POLLIN:
        data = os.read(master, 65536)
        if not opened:
            opened = True
            tell(b'O')
        now = rates.get(termios.tcgetattr(master)[5], 0)
        if now != rate:
            rate = now
            tell(b'B', str(rate).encode())
        tell(b'D', data)
    elif opened and hung:
        opened = False
        tell(b'C')
    elif not opened and not hung:
        opened = True
        tell(b'O')
    elif not opened:
        select.select([0], [], [], 0.002)
