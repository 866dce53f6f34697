#!/usr/bin/env python3
"""test_regions.py - engines with regions of the LLVM tier, and --code-cache: the guest's run is the same whichever is used; what a
run kept is found by the next one; damage, two processes at once and folders that take nothing do no harm."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from small_guests import arm64_image, bzimage

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 60

# x0 counts down from 0x200000; x1, x2 mix; memory is read and written on the way. Then PSCI SYSTEM_OFF.
ARM = arm64_image(0xd2a00400, 0xd2a80203, 0x8b000021, 0xca010042, 0xf9000062, 0xf9400064, 0x8b040021, 0xf1000400, 0x54ffff41,
                  0xd2800100, 0xf2b08000, 0xd4000002)
# ecx counts down from 0x200000: add eax,ecx; xor ebx,eax; rol ebx,3; mov [0x200000],ebx; dec ecx; jnz. Then isa-debug-exit with 1.
PC = bzimage(b'\xb9\x00\x00\x20\x00' + b'\x01\xc8\x31\xc3\xc1\xc3\x03\x89\x1d\x00\x00\x20\x00\x49\x75\xf0'
             + b'\xb0\x01\x66\xba\x01\x05\xee\xf4')
GUESTS = {
    'arm': ['-M', 'virt', '-m', '64', '-kernel', 'arm'],
    'pc': ['-M', 'pc', '-m', '64', '-kernel', 'pc', '-device', 'isa-debug-exit'],
}
STATUS = {'arm': 0, 'pc': 3}
FEW = ['--clock', 'icount', '--hash-at', '100000,700001,5000000']
faults = []


def start(folder, guest, engine, *more, env=None):
    return subprocess.Popen([MYNAH, 'run', *GUESTS[guest], '-display', 'none', '-serial', 'null', '--engine', engine, '--stats',
                             *FEW, *more], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=os.environ | {'XDG_CACHE_HOME': str(folder / 'own'), 'MYNAH_REGIONS': '1'} | (env or {}))


class Run:
    def __init__(self, process, guest):
        self.out, self.err = process.communicate(timeout=LIMIT)
        self.good = process.returncode == STATUS[guest]
        self.hashes = re.findall(r'^hash .*$', self.out, re.M)

    def number(self, what):
        found = re.search(what, self.err)
        return int(found[1]) if found else -1

    made = property(lambda self: self.number(r'regions +(\d+), '))
    stored = property(lambda self: self.number(r'from the store (\d+)'))
    failed = property(lambda self: self.number(r'failed (\d+)'))
    skipped = property(lambda self: self.err.count('code_cache: '))


def run(folder, guest, engine, *more, env=None):
    return Run(start(folder, guest, engine, *more, env=env), guest)


def expect(name, good, *runs):
    if not good:
        faults.append(name + ''.join(f'\n{r.out}{r.err}' for r in runs))


def engines(folder, guest):
    """All engines agree, and no one but those with regions has a cache."""
    reference = run(folder, guest, 'interp')
    expect(f'{guest}: interp', reference.good and len(reference.hashes) == 3, reference)
    for engine in ('baseline', 'llvm', 'auto', 'auto'):
        r = run(folder, guest, engine)
        expect(f'{guest}: {engine} is like interp', r.good and r.hashes == reference.hashes, r, reference)
        expect(f'{guest}: {engine} has regions', (r.made > 0) if engine == 'llvm' else (r.made >= 0) == (engine == 'auto'), r)
        if engine == 'baseline':
            expect('a cache of nobody', not (folder / 'own').exists())
    expect('the own folder is used', (folder / 'own/mynah/code/CACHEDIR.TAG').exists())
    return reference


def until_made(folder):
    """In the background it takes as long as it takes: the guest runs until it was seen, or for a minute."""
    (folder / 'long').write_bytes(arm64_image(0x8b000021, 0xca010042, 0x91000400, 0x17fffffd))
    command = [MYNAH, 'run', '-M', 'virt', '-m', '64', '-kernel', 'long', '-display', 'none', '-serial', 'null', '--code-cache', 'off',
               '-d', 'jit']
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as p:
        try:
            line = p.stderr.readline()
        finally:
            p.terminate()
        expect('auto makes regions', re.match(r'jit: region at ram\+0x\w+: 1 blocks, 4 instructions, \d+ bytes, \d+\.\d ms$', line))


def kept(folder, guest, reference):
    """The second run compiles nothing; a third that finds damage compiles that alone."""
    cache = folder / 'cache'
    more = ['--code-cache', str(cache)]
    first, second = run(folder, guest, 'llvm', *more), run(folder, guest, 'llvm', *more)
    expect('first run', first.good and first.made > 0 and first.stored == 0 and not first.failed, first)
    expect('second run', second.made == first.made and second.stored == first.made, first, second)
    expect('the same hashes', first.hashes == second.hashes == reference.hashes, first, second)
    files = sorted(p for p in cache.glob('??/*'))
    expect('a file a region', len(files) == first.made, first)
    files[0].write_bytes(files[0].read_bytes()[:100])
    flipped = bytearray(files[-1].read_bytes())
    flipped[len(flipped) // 2] ^= 1
    files[-1].write_bytes(flipped)
    third = run(folder, guest, 'llvm', *more, '-d', 'code_cache')
    damaged = len({files[0], files[-1]})
    expect('damaged files are skipped, with a line each', third.stored == first.made - damaged and third.skipped == damaged, third)
    expect('damage does not show', third.good and third.made == first.made and third.hashes == reference.hashes, third)
    fourth = run(folder, guest, 'llvm', *more)
    expect('damage is mended', fourth.stored == first.made, fourth)
    foreign = run(folder, guest, 'llvm', *more, env={'MYNAH_HOST': '-bmi2'})
    expect('another host is another key', foreign.good and foreign.stored == 0 and foreign.hashes == reference.hashes, foreign)
    shutil.rmtree(cache)


def twice_at_once(folder, guest, reference):
    for _ in range(3):
        more = ['--code-cache', str(folder / 'both')]
        both = [start(folder, guest, e, *more) for e in ('llvm', 'llvm', 'auto')]
        both = [Run(p, guest) for p in both]
        expect('three processes, one folder', all(r.good and r.hashes == reference.hashes for r in both), *both)
    after = run(folder, guest, 'llvm', *more)
    expect('all that they kept is whole', after.stored == after.made > 0, after)
    shutil.rmtree(folder / 'both')


def without(folder, guest, reference):
    """off, not a cache, no home: it runs, and a folder that was asked for is told of."""
    off = run(folder, guest, 'llvm', '--code-cache', 'off')
    expect('off', off.good and off.stored == 0 and off.made > 0, off)
    (folder / 'documents').mkdir(mode=0o700)
    (folder / 'documents/letter').write_text('mine')
    wrong = run(folder, guest, 'llvm', '--code-cache', 'documents')
    expect('documents', wrong.good and wrong.hashes == reference.hashes and 'holds other things than a code cache; running without'
           in wrong.err and sorted(p.name for p in (folder / 'documents').iterdir()) == ['letter'], wrong)
    homeless = run(folder, guest, 'llvm', env={'XDG_CACHE_HOME': '', 'HOME': ''})
    expect('nobody asked for a folder that cannot be', homeless.good and homeless.made > 0 and 'mynah:' not in homeless.err, homeless)


def folders_that_take_nothing(folder, guest, reference):
    """A full one, and one that is read-only: file systems of their own, where this user may make them."""
    for name, mount in (('full', 'mount -t tmpfs -o size=4k,mode=700 none {0}; head -c 4096 /dev/zero > {0}/.new-0-0 || true'),
                        ('still', 'mount -t tmpfs -o mode=700 none {0}; mount -o remount,ro none {0}')):
        (folder / name).mkdir(mode=0o700)
        inside = ['unshare', '-rm', 'bash', '-ec', mount.format(name) + '; exec "$@"', 'sh']
        if subprocess.run([*inside, 'true'], cwd=folder, capture_output=True).returncode:
            print(f'no file system that is {name} can be made')
            continue
        command = [*inside, MYNAH, 'run', *GUESTS[guest], '-display', 'none', '-serial', 'null', '--engine', 'llvm', '--stats',
                   '--code-cache', name, *FEW]
        p = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        r = Run(p, guest)
        expect(name, r.good and r.made > 0 and r.stored == r.failed == 0 and r.hashes == reference.hashes and 'mynah:' not in r.err, r)


def without_tier(folder, guest, reference):
    """The program alone: auto is the baseline and says nothing, llvm is an error."""
    alone = folder / 'alone'
    alone.mkdir()
    shutil.copy2(MYNAH, alone)

    def start_alone(engine):
        return subprocess.run([alone / 'mynah', 'run', *GUESTS[guest], '-display', 'none', '-serial', 'null', *FEW, '-d', 'jit',
                               '--code-cache', 'off', '--engine', engine], cwd=folder, capture_output=True, text=True,
                              timeout=LIMIT, env=os.environ | {'MYNAH_REGIONS': '1'})
    llvm = start_alone('llvm')
    if llvm.returncode == STATUS[guest]:
        return                          # an installed one was found
    expect(f'llvm without the tier: {llvm}', llvm.returncode == 1 and llvm.stderr.startswith('mynah: engine llvm: ')
           and llvm.stderr.count('\n') == 1)
    auto = start_alone('auto')
    expect(f'auto without the tier: {auto}', auto.returncode == STATUS[guest]
           and re.findall(r'^hash .*$', auto.stdout, re.M) == reference.hashes and auto.stderr.count('\n') <= 1
           and all(line.startswith('jit: no regions are made: ') for line in auto.stderr.splitlines()))


def main():
    if not (BUILD / 'mynah-llvm.so').exists():
        print('the build is without LLVM')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-regions-') as name:
        folder = pathlib.Path(name)
        (folder / 'arm').write_bytes(ARM)
        (folder / 'pc').write_bytes(PC)
        until_made(folder)
        for guest in GUESTS:
            reference = engines(folder, guest)
            kept(folder, guest, reference)
            shutil.rmtree(folder / 'own')
        twice_at_once(folder, guest, reference)
        without(folder, guest, reference)
        folders_that_take_nothing(folder, guest, reference)
        without_tier(folder, guest, reference)
    print('\n'.join(faults) or 'regions and their cache do what they should')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
