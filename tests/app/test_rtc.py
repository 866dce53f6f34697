#!/usr/bin/env python3
"""test_rtc.py - what the clocks of both boards show a guest at power-on, by -rtc, --clock and the host's time zone."""
import calendar
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

from small_guests import arm64_image, bzimage, copy8, debug_exit, out8

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 5
ZONE = 5 * 3600 + 1800      # east of Greenwich

# The PL031's seconds, byte by byte to the UART; PSCI SYSTEM_OFF.
VIRT = arm64_image(0xd2a12001, 0xd2a12023, 0xb9400062, *[0x39000022, 0x53087c42] * 4, 0xd2800100, 0xf2b08000, 0xd4000002)
# Century, year, month, day, hours, minutes, seconds of the CMOS clock to the serial port, in decimal digits (BCD).
REGISTERS = (0x32, 9, 8, 7, 4, 2, 0)
PC = bzimage(b''.join(out8(0x70, r) + copy8(0x71, 0x3f8) for r in REGISTERS) + debug_exit(0))


def seconds(text):
    return calendar.timegm(time.strptime(text, '%Y-%m-%dT%H:%M:%S'))


def of_virt(out):
    return struct.unpack('<I', out)[0]


def of_pc(out):
    return calendar.timegm(time.strptime(out.hex(), '%Y%m%d%H%M%S'))


BOARDS = (('virt', ['-kernel', 'arm'], of_virt, 0), ('pc', ['-M', 'pc', '-kernel', 'x86', '-device', 'isa-debug-exit'], of_pc, 1))


def cases():
    """Options, the time that is shown (or seconds to add to the host's)."""
    fixed, icount = seconds('2024-01-01T00:00:00'), ['--clock', 'icount']
    yield [], 0
    for base, shown in (('base=utc', 0), ('base=localtime', ZONE), ('clock=vm', 0), ('driftfix=none', 0),
                        ('base=localtime,clock=vm', ZONE), ('base=1970-01-01', seconds('1970-01-01T00:00:00')),
                        ('base=2006-06-17T16:01:21', seconds('2006-06-17T16:01:21')), ('base=2000-02-29', seconds('2000-02-29T00:00:00')),
                        ('clock=vm,base=2038-01-19T03:14:08', 1 << 31), ('base=2099-12-31T23:59:58', seconds('2099-12-31T23:59:58'))):
        yield ['-rtc', base], shown
        yield ['-rtc', base, *icount], shown if shown not in (0, ZONE) or '1970' in base else fixed
    yield ['-rtc', 'base=localtime', '-rtc', 'base=2006-06-17'], seconds('2006-06-17T00:00:00')
    yield ['-rtc', 'base=2006-06-17', '-rtc', 'base=utc'], 0
    yield ['-rtc', 'clock=rt'], 0 # as libvirt has it: base, clock, driftfix
    yield ['-rtc', 'base=localtime,clock=rt,driftfix=none'], ZONE
    yield ['-rtc', 'clock=rt', '-rtc', 'clock=vm', *icount], fixed
    yield icount, fixed


def run(folder, board, more, shown):
    name, args, decode, status = board
    before = int(time.time())
    done = subprocess.run([MYNAH, *args, '-serial', 'file:out', *more], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=LIMIT, env={**os.environ, 'TZ': 'MYN-5:30'})
    if done.returncode != status or done.stderr:
        return [f'{name} {more}: status {done.returncode}, {done.stderr}']
    now = decode((folder / 'out').read_bytes())
    host = shown in (0, ZONE) and not any('1970' in a for a in more)
    early, late = (before + shown, time.time() + shown) if host else (shown, shown + 1)
    return [] if early <= now <= late else [f'{name} {more}: {time.asctime(time.gmtime(now))}, not {early} to {late}']


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-rtc-') as name:
        folder = pathlib.Path(name)
        (folder / 'arm').write_bytes(VIRT)
        (folder / 'x86').write_bytes(PC)
        faults = [f for board in BOARDS for case in cases() for f in run(folder, board, *case)]
    print('\n'.join(faults) or 'both clocks show the time that -rtc says')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
