#!/usr/bin/env python3
"""test_determinism.py - one start, one run: Debian's kernel under --clock icount, to the instruction.

The guest, on the virt board and on the PC, boots Debian's kernel with a disk (snapshot=on) and the entropy device, mounts,
writes, syncs and reads the disk, reads random numbers, sleeps, and powers off. The state hash is compared at 20 counts spread
over the whole boot:

    - in two runs of pace=max, in one of pace=host, and in one on the interpreter;
    - in a run that is saved and loaded at 5 random counts on the way, each time by another engine, and in one that starts from
      the snapshot of each (MYNAH_FULL);
    - with another seed everything differs, or the comparison would be worth nothing.

The disk's contents are compared too: the guest prints their checksum, and the image file is left
alone. Normal mode: GICv3 and the PC; MYNAH_FULL: GICv2 too. The random counts come from the date, or from
MYNAH_DATE=YYYY-MM-DD to repeat a failure. With an argument: only boards whose names begin so.
"""
import datetime
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MYNAH = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build') / 'mynah'
FULL = bool(os.environ.get('MYNAH_FULL'))
# INITRDs are named so that tools/testrun.py fetches their parts too.
KERNEL, INITRD = os.environ.get('KERNEL'), os.environ.get('INITRD')
KERNEL_PC, INITRD_PC = os.environ.get('KERNEL_CLOUD'), os.environ.get('INITRD_CLOUD')
HASHES, SAVES = 20, 5

INIT = b'''#!/bin/sh
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
mount -t ext4 /dev/vda /mnt
head -c 300000 /dev/urandom > /mnt/random
head -c 64 /dev/hwrng | md5sum > /mnt/entropy
sync
sleep 0.2
date +%s.%N > /mnt/date
umount /mnt
echo "DISK $(md5sum < /dev/vda)"
poweroff -f
'''


class Failed(Exception):
    pass


class Board:
    """What the options say, and what the guest on it is made of."""

    def __init__(self, machine, kernel, busybox, console, bus, modules):
        self.machine, self.kernel, self.busybox, self.modules = machine, kernel, busybox, modules
        self.options = ['-M', machine, '-m', '256', '-nographic', '-serial', 'stdio', '-nic', 'none', '-kernel', kernel,
                        '-append', f'console={console} quiet', '-device', f'virtio-rng-{bus}']


def virt(gic):
    return Board(f'virt,gic-version={gic}', KERNEL, 'busybox-arm64', 'ttyAMA0', 'device',
                 ['virtio_mmio', 'virtio_blk', 'virtio-rng', 'crc32c_generic', 'ext4'])


def pc():
    return Board('pc', KERNEL_PC, 'busybox-amd64', 'ttyS0', 'pci', ['virtio_pci', 'virtio_blk', 'virtio-rng'])


def make_initrd(path, board):
    """An initrd of the same fetched parts as that of ./run, with another /init."""
    init, guests = path.with_suffix('.init'), pathlib.Path(board.kernel).parent.parent
    init.write_bytes(INIT)
    subprocess.run([sys.executable, '-B', ROOT / 'tools/guests/mkinitrd.py', '--init', init,
                    '--busybox', guests / board.busybox / 'busybox', '--out', path,
                    '--modules', pathlib.Path(board.kernel).parent / 'modules', *board.modules], check=True)


class Guest:
    def __init__(self, tmp, board):
        self.tmp, self.disk = tmp, tmp / 'disk'
        subprocess.run(['truncate', '-s', '16M', self.disk], check=True)
        subprocess.run(['mke2fs', '-q', '-F', '-t', 'ext4', self.disk], check=True)
        self.contents = self.disk.read_bytes()
        make_initrd(tmp / 'initrd', board)
        self.options = [*board.options, '-initrd', str(tmp / 'initrd'),
                        '-drive', f'if=virtio,format=raw,file={self.disk},snapshot=on']

    def run(self, *more, pace='max', before=('run',)):
        """(hashes by count, standard output, standard error)"""
        argv = [MYNAH, *before, *self.options, '--clock', f'icount,pace={pace}', *more]
        done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors='replace', timeout=600)
        if done.returncode:
            raise Failed(f'{" ".join(map(str, argv))}: status {done.returncode}: {done.stderr.strip()}')
        hashes = {int(n): h for n, h in re.findall(r'^hash (\d+) ([0-9a-f]{32})$', done.stderr, re.M)}
        return hashes, done.stdout, done.stderr


def at(counts):
    return ('--hash-at', ','.join(map(str, counts)))


def same(what, want, got, counts):
    for n in counts:
        if want.get(n) != got.get(n) or n not in want:
            raise Failed(f'{what}: at {n} the hash is {got.get(n)}, not {want.get(n)}')
    print(f'ok   {what}: {len(counts)} hashes', flush=True)


def disk_sum(output):
    found = re.search(r'^DISK ([0-9a-f]{32})', output, re.M)
    if not found:
        raise Failed(f'the guest did not get to its end: {output.strip()[-400:]!r}')
    return found[1]


def through_snapshots(guest, counts, stops, reference, checksum):
    """Boot to the first stop, save, load in a new process, on to the next, and so on to the end."""
    got, out, before, last = {}, '', ('run',), 0
    for i, stop in enumerate([*stops, None]):
        here = [n for n in counts if last < n and (stop is None or n <= stop)]
        snap = guest.tmp / f'snap{i}'
        # Both faces of the same thing: the options, and the subcommand.
        if stop and i % 2:
            more, start = ['--loadvm', before[1]], ('snapshot', 'save', snap, '--at', stop, '--')
        elif stop:
            more = [*(['--loadvm', before[1]] if i else []), '--stop-at', stop, '--savevm', snap]
            start = ('run',)
        else:
            more, start = [], ('snapshot', 'load', before[1], '--')
        more += ['--engine', 'interp' if i % 2 else 'baseline']
        hashes, text, _ = guest.run(*more, *(at(here) if here else ()), before=start)
        got |= hashes
        out += text
        if stop:
            subprocess.run([MYNAH, 'snapshot', 'check', snap], check=True)
            told = subprocess.run([MYNAH, 'snapshot', 'info', snap], check=True, capture_output=True,
                                  text=True).stdout
            if f'{stop} instructions' not in told or 'extra/virtio' not in told:
                raise Failed(f'snapshot info says {told!r}')
            before, last = ('', snap), stop
    same(f'saved and loaded at {", ".join(map(str, stops))}', reference, got, counts)
    if disk_sum(out) != checksum:
        raise Failed('the disk went another way through the snapshots')


def each_alone(guest, counts, stops, reference, checksum):
    """From each snapshot straight to the end, with the host's pace in between."""
    for i, stop in enumerate(stops):
        later = [n for n in counts if n > stop]
        hashes, out, _ = guest.run('--loadvm', guest.tmp / f'snap{i}', *at(later) if later else (),
                                   pace='host' if i % 2 else 'max')
        same(f'from the snapshot at {stop} to the end', reference, hashes, later)
        if disk_sum(out) != checksum:
            raise Failed('the disk went another way from the snapshot')


def check_board(board, tmp, draw):
    guest = Guest(tmp, board)
    _, out, errors = guest.run('--stats')
    total, checksum = int(re.search(r'^instructions +(\d+)', errors, re.M)[1]), disk_sum(out)
    counts = [total * (i + 1) // HASHES - (1 if i == HASHES - 1 else 0) for i in range(HASHES)]
    stops = sorted(draw.sample(range(1000, total), SAVES))
    print(f'{board.machine}: {total} instructions')
    reference, out, _ = guest.run(*at(counts))
    if len(set(reference.values())) != HASHES:
        raise Failed(f'{HASHES} counts give {len(set(reference.values()))} hashes')
    again, out2, _ = guest.run(*at(counts), pace='host')
    same('pace=max and pace=host', reference, again, counts)
    same('the interpreter', reference, guest.run(*at(counts), '--engine', 'interp')[0], counts)
    if FULL:
        same('two boots', reference, guest.run(*at(counts))[0], counts)
    if out != out2 or disk_sum(out) != checksum:
        raise Failed('the same run printed something else')
    through_snapshots(guest, counts, stops, reference, checksum)
    if FULL:
        each_alone(guest, counts, stops, reference, checksum)
    other = guest.run('--seed', '2', *at(counts[:3]), '--stop-at', counts[2])[0]
    if any(other[n] == reference[n] for n in counts[:3]):
        raise Failed('another seed gives the same hashes')
    if guest.disk.read_bytes() != guest.contents:
        raise Failed('snapshot=on wrote to the image')


def main():
    if not KERNEL or not INITRD or not KERNEL_PC or not INITRD_PC:
        print('run by ./test, which fetches the guests: KERNEL, INITRD, KERNEL_CLOUD and INITRD_CLOUD are not all set')
        return 77
    day = os.environ.get('MYNAH_DATE') or datetime.date.today().isoformat()
    print(f'counts drawn with MYNAH_DATE={day}')
    draw = random.Random(day)
    try:
        for board in [virt(3), pc()] + ([virt(2)] if FULL else []):
            if len(sys.argv) > 1 and not board.machine.startswith(sys.argv[1]):
                continue
            with tempfile.TemporaryDirectory(prefix='mynah-same-') as tmp:
                check_board(board, pathlib.Path(tmp), draw)
    except Failed as e:
        print(f'FAIL {e}')
        return 1
    return 0


sys.exit(main())
