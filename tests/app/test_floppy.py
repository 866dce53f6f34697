#!/usr/bin/env python3
"""test_floppy.py - floppy disks on the command line: which drives the guest finds in its CMOS memory for images of which
size, what is refused with one sentence, what is padded with one, snapshots, two machines in lockstep.

Kernels of a few instructions are made here: no guest files are needed.
"""
import pathlib
import sys
import tempfile

import test_bad_input as base
from small_guests import bzimage, copy8, out8
from test_bad_input import MYNAH, bad_case, good_case, run

OFF = bytes.fromhex('66ba0406 b800200000 66ef f4')                 # mov dx,0x604; mov eax,0x2000; out dx,ax; hlt
LOOP = b'\xeb\xfe'
# Drive types of CMOS byte 0x10 (Ralf Brown's CMOS list) for images of so many KiB
TYPES = {160: 1, 180: 1, 320: 1, 360: 1, 720: 4, 1200: 2, 1440: 4, 1600: 4, 1680: 4, 1722: 4, 2880: 5}
PC = ['-M', 'pc', '-nographic', '-kernel']


def files():
    yield 'cmos', bzimage(out8(0x70, 0x10) + copy8(0x71, 0x3f8) + out8(0x70, 0x14) + copy8(0x71, 0x3f8) + OFF)
    yield 'loop', bzimage(LOOP)
    for size in TYPES:
        yield f'fd{size}', bytes(size << 10)
    yield 'fd.one', b'x'
    yield 'fd.odd', bytes(100001)
    yield 'fd.over', bytes(1441 << 10)
    yield 'fd.more', bytes((2880 << 10) + 1)


def drives(count, folder, args, types, stderr=b''):
    """The CMOS bytes that the guest sees."""
    done = run(folder, PC + ['cmos'] + args)
    equipment = done.stdout[1] & 0xc1 if len(done.stdout) == 2 else -1
    want = 0x41 if types & 15 else 0x01 if types else 0
    faults = [f'status {done.returncode}'] * (done.returncode != 0)
    faults += [f'CMOS {done.stdout!r}, not {types:#x}'] * (done.stdout[:1] != bytes([types]) or equipment != want)
    faults += [f'stderr {done.stderr!r}'] * (stderr not in done.stderr or done.stderr.count(b'\n') != bool(stderr))
    count.check(args, faults)


def good_cases(count, folder):
    drives(count, folder, [], 0x50)
    drives(count, folder, ['-nodefaults'], 0)
    for size, kind in TYPES.items():
        drives(count, folder, ['-fda', f'fd{size}'], kind << 4)
        drives(count, folder, ['-fdb', f'fd{size}'], 0x50 | kind)
        drives(count, folder, ['-nodefaults', '-drive', f'if=floppy,file=fd{size},readonly=on'], kind << 4)
    drives(count, folder, ['-fda', 'fd1440', '-fdb', 'fd360'], 0x41)
    drives(count, folder, ['-drive', 'file=fd1440,if=floppy', '-drive', 'if=floppy,file=fd1200,format=raw'], 0x42)
    drives(count, folder, ['-drive', 'file=fd1440,if=floppy,index=1', '-drive', 'if=floppy,unit=0'], 0x54)
    drives(count, folder, ['-drive', 'if=floppy,index=1'], 0x55)
    drives(count, folder, ['-fda', 'fd720', '-snapshot', '-cpu', '486'], 0x40)
    drives(count, folder, ['-drive', 'if=floppy,file=fd2880,snapshot=on,id=floppy'], 0x50)
    for name, size, kind in (('fd.one', 1, 4), ('fd.odd', 100001, 4), ('fd.over', 1441 << 10, 5)):
        drives(count, folder, ['-fda', name], kind << 4, b"mynah: floppy image '%s': %d bytes are no format's, padded"
               % (name.encode(), size))
    lockstep = ['--lockstep', 'interp,interp', '-fda', 'fd1440']
    good_case(count, folder, PC + ['cmos', '-snapshot'] + lockstep, ['no difference'])
    good_case(count, folder, PC + ['cmos', '--lockstep', 'interp,interp', '-fda', 'fd.one', '-snapshot'], ['no difference'])


def bad_cases():
    p = ['-M', 'pc', '-kernel', 'cmos']
    for option in ('-fda', '-fdb'):
        for file, *say in (('missing', 'No such file'), ('empty', 'empty'), ('folder', 'is a directory'), ('/dev/null', 'neither'),
                           ('pipe', 'neither'), ('fd.more', '2949121 bytes', '2.88M'), ('initrd.big', 'more than 2.88M')):
            yield p + [option, file], [file] + say
        yield p + [option], [option, 'needs a value']
        yield p + [option, ''], [option, 'needs a value']
        yield ['-kernel', 'good', option, 'fd1440'], [option, "'virt'", 'no floppy drives']
    for drive, *say in (('index=2,file=fd360', 'index', "'2'"), ('index=x,file=fd360', 'index', "'x'"), ('unit=-1', 'unit', "'-1'"),
                        ('index', "'index'"), ('file', "'file'"), ('format=qcow2,file=fd360', 'qcow2'), ('media=cdrom', 'cdrom'),
                        ('bogus=1', 'bogus'), ('readonly=maybe,file=fd360', 'readonly', 'maybe'), ('file=missing', 'missing'),
                        ('file=fd.more', 'fd.more')):
        yield p + ['-drive', f'if=floppy,{drive}'], say
    yield p + ['-fda', 'fd360', '-fda', 'fd720'], ['-fda', 'twice']
    yield p + ['-fda', 'fd360', '-drive', 'if=floppy,index=0,file=fd720'], ['if=floppy', 'twice']
    yield p + ['-drive', 'if=floppy'] * 3, ['if=floppy', '2 floppy drives']
    yield p + ['-fda', 'fd360', '-fdb', 'fd360'], ['fd360', 'in use']
    yield ['-kernel', 'good', '-drive', 'if=floppy'], ["'virt'", 'no floppy drives']
    yield p + ['-fda', 'fd1440', '--lockstep', 'interp,interp'], ['fd1440', 'snapshot=on']


def snapshots(count, folder):
    loop = ['-M', 'pc', '-kernel', 'loop', '--clock', 'icount', '-m', '32', '-display', 'none']
    made = run(folder, loop + ['-fda', 'fd1440', '--stop-at', '5000', '--savevm', 'fd.snap'])
    count.check(['--savevm'], [f'status {made.returncode}, {made.stderr!r}'] * (made.returncode != 0))
    good_case(count, folder, loop + ['-fda', 'fd1440', '--loadvm', 'fd.snap', '--stop-at', '9000'])
    for other, say in (([], 'floppy0'), (['-fda', 'fd720'], 'fd720'), (['-fdb', 'fd1440'], 'floppy'),
                       (['-drive', 'if=floppy,file=fd1440,readonly=on'], 'read-only')):
        bad_case(count, folder, loop + other + ['--loadvm', 'fd.snap'], [say])


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    count = base.Count()
    with tempfile.TemporaryDirectory(prefix='mynah-floppy-') as name:
        folder = pathlib.Path(name)
        base.make_files(folder)
        for file, data in files():
            (folder / file).write_bytes(data)
        for args, say in bad_cases():
            bad_case(count, folder, args, say)
        good_cases(count, folder)
        snapshots(count, folder)
    print(f'{count.done} command lines, {count.bad} end badly')
    return 1 if count.bad else 0


if __name__ == '__main__':
    sys.exit(main())
