#!/usr/bin/env python3
"""test_escapes.py - Ctrl-A C among bytes typed at once: each byte goes where the keys before it say."""
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import tty

from small_guests import bzimage

BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or pathlib.Path(__file__).resolve().parents[2] / 'build')
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 20
# 1: mov dx,0x3fd; in al,dx; test al,1; jz 1b; mov dl,0xf8; in al,dx; inc al; out dx,al; jmp 1b: the next letter
ECHO = bzimage(b'\x66\xba\xfd\x03\xec\xa8\x01\x74\xf7\xb2\xf8\xec\xfe\xc0\xee\xeb\xef')
GREETING = r"type 'help' for more information\s+\(mynah\) "
IBM = r'I[\s\S]*B[\s\S]*M'
STATUS = r'VM status: running.*\s+\(mynah\) '

# What is typed in one piece, and what has to appear: both parties may speak at the same time.
CASES = (
    (b'HAL', [IBM]),
    (b'\x01c', [GREETING]),
    (b'info status\n\x01cHAL', [STATUS, IBM]),
    (b'HAL\x01cinfo status\n', [IBM, STATUS]),
    (b'\x01cH\x01cinfo status\n\x01cAL', [IBM, STATUS]),
    (b'\x01c\x01c\x01c', []),                        # the next one shows where that leads
    (b'info status\n\x01c', [STATUS]),
    (b'HAL', [IBM]),
)


class Terminal:
    def __init__(self, kernel):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.process = subprocess.Popen([BUILD / 'mynah', '-M', 'pc', '-m', '32', '-display', 'none', '-serial',
                                         'mon:stdio', '-kernel', kernel], stdin=slave, stdout=slave,
                                        start_new_session=True)
        os.close(slave)

    def read(self, patterns):
        text, until = '', time.monotonic() + LIMIT
        while not all(re.search(p, text) for p in patterns) and time.monotonic() < until:
            if select.select([self.master], [], [], 0.2)[0]:
                text += os.read(self.master, 65536).decode('latin-1')
        return text

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def main():
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        kernel = pathlib.Path(folder) / 'echo'
        kernel.write_bytes(ECHO)
        t = Terminal(kernel)
        for typed, patterns in CASES:
            os.write(t.master, typed)
            text = t.read(patterns)
            faults += [f'{typed!r}: {p!r} is not in {text!r}' for p in patterns if not re.search(p, text)]
            if faults:
                break
        t.close()
    print('\n'.join(faults) or f'{len(CASES)} pieces')
    return bool(faults)


if __name__ == '__main__':
    sys.exit(main())
