#!/usr/bin/env python3
"""test_ports.py - the PC's second serial port and its parallel port: where their bytes go, whether they are there."""
import os
import pathlib
import subprocess
import sys
import tempfile

from small_guests import bzimage, copy8, debug_exit, out8

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 5


def printed(text):
    """Each byte with a strobe."""
    return b''.join(out8(0x378, c) + out8(0x37a, 0x0d) + out8(0x37a, 0x0c) for c in text)


# What the guest says; on the first port, the second's line status and the parallel port's control register.
GUEST = (b''.join(out8(0x2f8, c) for c in b'second\n') + printed(b'paper\n') + out8(0x3f8, ord('S'))
         + copy8(0x2fd, 0x3f8) + copy8(0x37a, 0x3f8))
NO_SECOND, SECOND, NO_PARALLEL, PARALLEL = b'\xff', b'\x60', b'\xff', b'\xec'


def cases():
    """Options behind the first -serial; standard output, the second port's file, the parallel port's, what is there."""
    yield [], b'', None, None, NO_SECOND + PARALLEL
    yield ['-serial', 'none', '-parallel', 'none'], b'', None, None, NO_SECOND + NO_PARALLEL
    yield ['-serial', 'null', '-parallel', 'null'], b'', None, None, SECOND + PARALLEL
    yield ['-serial', 'file:second', '-parallel', 'file:paper'], b'', b'second\n', b'paper\n', SECOND + PARALLEL
    yield ['-serial', 'stdio'], b'second\n', None, None, SECOND + PARALLEL
    yield ['-serial', 'mon:stdio', '-k', 'en-us'], b'second\n', None, None, SECOND + PARALLEL
    yield ['-parallel', 'stdio'], b'paper\n', None, None, NO_SECOND + PARALLEL


def run(folder, more, stdout, second, paper, there):
    for name in ('first', 'second', 'paper'):
        (folder / name).unlink(missing_ok=True)
    done = subprocess.run([MYNAH, '-M', 'pc', '-kernel', 'guest', '-device', 'isa-debug-exit', '-serial',
                           'file:first', *more], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    files = [(folder / name).read_bytes() if (folder / name).exists() else None
             for name in ('second', 'paper', 'first')]
    seen = [done.returncode, done.stderr, done.stdout, *files]
    want = [7, b'', stdout, second, paper, b'S' + there]
    return [] if seen == want else [f'{more}: {seen}, not {want}']


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-ports-') as name:
        folder = pathlib.Path(name)
        (folder / 'guest').write_bytes(bzimage(GUEST + debug_exit(3)))
        faults = [f for case in cases() for f in run(folder, *case)]
    print('\n'.join(faults) or 'the ports are there when they should be, and their bytes go where they should')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
