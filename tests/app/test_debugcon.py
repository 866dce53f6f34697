#!/usr/bin/env python3
"""test_debugcon.py - where the PC's debug console goes: -debugcon stdio, file:, null, none, or not given."""
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

# The guest writes to both ports, then what it reads there, to the serial port too; 'S' shows what is serial.
PRINT = b''.join(out8(0xe9, c) for c in b'debug\n') + out8(0x402, ord('4')) + copy8(0xe9, 0xe9) + copy8(0x402, 0x402)
SERIAL = out8(0x3f8, ord('S')) + copy8(0xe9, 0x3f8) + copy8(0x402, 0x3f8)
WANT = b'debug\n4\xe9\xe9'
PRESENT, ABSENT = b'S\xe9\xe9', b'S\xff\xff'


def cases():
    """Options; what comes to the standard output, to the file of the console, to that of the serial port."""
    yield [], b'', None, ABSENT
    yield ['-debugcon', 'none'], b'', None, ABSENT
    yield ['-debugcon', 'null'], b'', None, PRESENT
    yield ['-debugcon', 'file:out'], b'', WANT, PRESENT
    yield ['-debugcon', 'stdio'], WANT, None, PRESENT
    yield ['-debugcon', 'mon:stdio'], WANT, None, PRESENT
    yield ['-debugcon', 'stdio', '-nographic'], WANT, None, PRESENT
    yield ['-debugcon', 'file:out', '--clock', 'icount', '--engine', 'interp'], b'', WANT, PRESENT


def run(folder, more, stdout, console, serial):
    for name in ('out', 'serial'):
        (folder / name).unlink(missing_ok=True)
    if console is not None:
        (folder / 'out').write_bytes(b'what an earlier and longer run left here')
    done = subprocess.run([MYNAH, '-M', 'pc', '-kernel', 'guest', '-device', 'isa-debug-exit', '-serial', 'file:serial', *more],
                          cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    files = [(folder / name).read_bytes() if (folder / name).exists() else None for name in ('out', 'serial')]
    seen = [done.returncode, done.stderr, done.stdout, *files]
    want = [7, b'', stdout, console, serial]
    return [] if seen == want else [f'{more}: {seen}, not {want}']


def lockstep(folder):
    """Two machines may have one that goes nowhere."""
    done = subprocess.run([MYNAH, '-M', 'pc', '-kernel', 'guest', '-device', 'isa-debug-exit', '-debugcon', 'null', '-serial',
                           'file:serial', '--lockstep', 'interp,auto'], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=LIMIT)
    good = done.returncode == 0 and b'no difference' in done.stdout and (folder / 'serial').read_bytes() == PRESENT
    return [] if good else [f'--lockstep: {done}, {(folder / "serial").read_bytes()}']


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-debugcon-') as name:
        folder = pathlib.Path(name)
        (folder / 'guest').write_bytes(bzimage(PRINT + SERIAL + debug_exit(3)))
        faults = [f for case in cases() for f in run(folder, *case)] + lockstep(folder)
    print('\n'.join(faults) or 'the debug console goes where it is told to')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
