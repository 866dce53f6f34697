#!/usr/bin/env python3
"""test_screenshot.py - `mynah screenshot`: the screen at an instruction count and of a snapshot, as PNG and PPM; what is refused."""
import os
import pathlib
import subprocess
import sys
import tempfile

from picture_guest import GUEST, PICTURE
from small_guests import bzimage
from test_vga import read_png, read_ppm

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 60
ICOUNT = ['-M', 'pc', '-m', '64', '-kernel', 'guest', '--clock', 'icount']
WHOLE, EARLY = '2000000', '400000'      # the guest's picture is there; is half done
SIZE = (640, 400)


def run(folder, *words):
    return subprocess.run([MYNAH, *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, text=True)


def works(folder, *words):
    done = run(folder, *words)
    return [] if done.returncode == 0 and not done.stdout + done.stderr else [f'{words}: {done}']


def at_a_count(folder):
    faults = works(folder, 'screenshot', '--at', WHOLE, 'whole.ppm', '--', *ICOUNT) \
        + works(folder, 'screenshot', '--at', WHOLE, 'whole.png', *ICOUNT) \
        + works(folder, 'screenshot', '--at', EARLY, 'early.ppm', '--', *ICOUNT)
    if read_ppm(folder / 'whole.ppm') != (SIZE, PICTURE) or read_png(folder / 'whole.png', 400) != (SIZE, PICTURE):
        faults.append('--at: another picture than the guest\'s')
    size, pixels = read_ppm(folder / 'early.ppm')
    half = len(os.path.commonprefix([pixels, PICTURE])) // 3
    if size != SIZE or not 1000 < half < 250000 or pixels[3 * half + 3:].strip(b'\0'):
        faults.append(f'--at {EARLY}: the first {half} pixels of {size} are the guest\'s')
    return faults


def of_a_snapshot(folder):
    """The picture of a machine that does not run: that of the run that was saved."""
    faults = []
    for clock in (ICOUNT, ICOUNT[:-2]):
        faults += works(folder, 'snapshot', 'save', 'snap', '--at', EARLY, '--', *clock) \
            + works(folder, 'screenshot', 'snap', 'loaded.ppm', '--', *clock)
        if read_ppm(folder / 'loaded.ppm') != read_ppm(folder / 'early.ppm'):
            faults.append(f'{clock}: a snapshot\'s picture is not that of the run')
    text = ['-M', 'pc', '--clock', 'icount']    # SeaBIOS, with a cursor that blinks
    for n in range(2):
        at = str(60000000 + n * 40000000)
        faults += works(folder, 'screenshot', '--at', at, 'there.ppm', '--', *text) + works(folder, 'snapshot', 'save', 'snap', '--at', at, *text) \
            + works(folder, 'screenshot', 'snap', 'loaded.ppm', *text)
        if read_ppm(folder / 'loaded.ppm') != read_ppm(folder / 'there.ppm'):
            faults.append(f'a text screen at {at} is not that of the snapshot')
    return faults


def refused(folder):
    cases = (
        ([], 'screenshot: usage is '), (['snap'], 'screenshot: usage is '), (['snap', '--', *ICOUNT], 'screenshot: usage is '),
        (['--at', 'x', 'out.png'], "--stop-at: 'x' is not an instruction count"), (['--at', '1'], 'screenshot: usage is '),
        (['nowhere', 'out.png', '--', *ICOUNT], "snapshot 'nowhere': "),
        (['--at', '5', 'out.png', '--', *ICOUNT, '-vga', 'none'], 'screenshot: the machine has no screen'),
        (['--at', '5', 'no/out.png', '--', *ICOUNT], "picture 'no/out.png': No such file or directory"),
        (['--at', '5', '.', '--', *ICOUNT], "picture '.': is a directory"),
        (['--at', '5', 'out.png', '--', *ICOUNT, '--lockstep', 'interp,auto'], 'screenshot and --lockstep do not go together'),
    )
    faults = []
    for words, want in cases:
        done = run(folder, 'screenshot', *words)
        if done.returncode != 1 or not done.stderr.startswith('mynah: ' + want) or done.stderr.count('\n') != 1 or done.stdout:
            faults.append(f'{words}: {done}')
    return faults + ['a refused picture was written'] * (folder / 'out.png').exists()


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-screenshot-') as name:
        folder = pathlib.Path(name)
        (folder / 'guest').write_bytes(bzimage(GUEST))
        faults = at_a_count(folder) + of_a_snapshot(folder) + refused(folder)
    print('\n'.join(faults) or 'screenshots are what the machine shows')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
