#!/usr/bin/env python3
"""test_bad_input_pc.py - what a user may get wrong with a PC, as test_bad_input.py has it for all boards; and how a
guest's resets end a run.

Bad bzImages, sizes, devices and options of another board: one sentence, status 1, nothing changed. A guest that
resets without end is ended by a signal; with -no-reboot the first reset ends the run with status 0.
"""
import gzip
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

import test_bad_input as base
from test_bad_input import BUILD, LIMIT, MYNAH, at, good_case, run

# ---- kernels: Linux, Documentation/arch/x86/boot.rst; the same code serves both entries ----

PRINT_A = bytes.fromhex('66baf803 b041 ee')                  # mov dx,0x3f8; mov al,'A'; out dx,al
OFF = bytes.fromhex('66ba0406 b800200000 66ef f4')           # mov dx,0x604; mov eax,0x2000; out dx,ax; hlt
LOOP = bytes.fromhex('ebfe')
RESET = bytes.fromhex('66baf90c b006 ee ebfe')               # mov dx,0xcf9; mov al,6; out dx,al
TRIPLE = bytes.fromhex('0f011c25000f1000 0f0b')              # lidt [0x100f00], which is zeros; ud2
FIELDS = {'sects': (0x1f1, 'B'), 'syssize': (0x1f4, 'I'), 'flag': (0x1fe, 'H'), 'jump': (0x200, 'H'),
          'magic': (0x202, '4s'), 'version': (0x206, 'H'), 'loadflags': (0x211, 'B'), 'initrd_max': (0x22c, 'I'),
          'alignment': (0x230, 'I'), 'relocatable': (0x234, 'B'), 'xloadflags': (0x236, 'H'),
          'cmdline_size': (0x238, 'I'), 'payload_offset': (0x248, 'I'), 'payload_length': (0x24c, 'I'),
          'pref': (0x258, 'Q'), 'init_size': (0x260, 'I')}


def bzimage(code=PRINT_A + OFF, setup=1024, **fields):
    """fields: what differs from a good header."""
    body = code.ljust(0x200, b'\0') + code.ljust(0xe00, b'\0')
    head = bytearray(setup)
    good = {'sects': 1, 'syssize': len(body) // 16, 'flag': 0xaa55, 'jump': 0x66eb, 'magic': b'HdrS',
            'version': 0x20f, 'loadflags': 1, 'initrd_max': 0x7fffffff, 'alignment': 0x200000, 'relocatable': 1,
            'xloadflags': 0, 'cmdline_size': 2047, 'payload_offset': 0, 'payload_length': 0, 'pref': 0x1000000,
            'init_size': 0x100000}
    for name, value in {**good, **fields}.items():
        struct.pack_into('<' + FIELDS[name][1], head, FIELDS[name][0], value)
    return bytes(head) + body


def rom(size):
    """A PC's firmware: it prints a letter and turns the power off (PIIX4: 0x40 PMBASE, 0x80 PMREGMISC)."""
    def out(port, width, value):
        return b'\xba' + struct.pack('<H', port) + (b'\xb0' + bytes([value]) + b'\xee' if width == 1 else
                                                   b'\x66\xb8' + struct.pack('<I', value) + b'\x66\xef')
    code = out(0x3f8, 1, 65) + out(0xcf8, 4, 0x80000b40) + out(0xcfc, 4, 0x601) + out(0xcf8, 4, 0x80000b80)
    code += out(0xcfc, 1, 1) + b'\xba\x04\x06\xb8\x00\x20\xef\xf4'
    return bytes(size - 0x10000) + code.ljust(0xfff0, b'\0') + b'\xea\0\0\0\xf0'.ljust(16, b'\0')


def files():
    for name, size in (('', 64), ('.128', 128), ('.256', 256), ('.odd', 192), ('.16m', 16384), ('.big', 16448)):
        yield 'rom' + name, rom(size << 10)
    for name, size in (('less', 65535), ('more', 65537), ('half', 98304)):
        yield f'rom.{name}', bytes(size)
    whole = bzimage()
    yield 'bz', whole
    yield 'bz64', bzimage(xloadflags=1)
    for name, code in (('loop', LOOP), ('reset', RESET), ('triple', TRIPLE)):
        yield f'bz.{name}', bzimage(code)
    yield 'bz64.triple', bzimage(TRIPLE, xloadflags=1)
    for n in (1, 0x1f0, 0x202, 0x205, 0x206, 0x250, 0x263, 0x3ff, 0x400, 0x401, 0x600, len(whole) - 166,
              len(whole) - 31):
        yield f'bz.cut{n}', whole[:n]
    yield 'bz.sects0', bzimage(setup=5 * 512, sects=0)
    yield 'bz.sects0-short', bzimage(sects=0)
    yield 'bz.sects255', bzimage(setup=256 * 512, sects=255)
    yield 'bz.sects255-short', bzimage(sects=255)
    yield 'bz.syssize0', bzimage(syssize=0)
    yield 'bz.syssize-huge', bzimage(syssize=0xffffffff)
    yield 'bz.syssize-more', bzimage(syssize=0x101)
    yield 'bz.payload', bzimage(payload_offset=0xffffffff, payload_length=0xffffffff)
    yield 'bz.flag', bzimage(flag=0x55aa)
    yield 'bz.magic', bzimage(magic=b'HdrX')
    yield 'bz.jump', bzimage(jump=0xffeb)
    yield 'bz.jump0', bzimage(jump=0)
    for version in (0, 0x100, 0x200, 0x201):
        yield f'bz.version{version:x}', bzimage(version=version)
    for version in (0x202, 0x203, 0x205, 0x209, 0x20b, 0xffff):
        yield f'bz.good{version:x}', bzimage(version=version)
    yield 'bz.low', bzimage(loadflags=0)
    for name, size in (('0', 0), ('31', 1 << 31), ('max', 0xffffffff)):
        yield f'bz.init{name}', bzimage(init_size=size)
    for name, to in (('0', 0), ('31', 1 << 31), ('63', 1 << 63), ('max', 2**64 - 1), ('wrap', 2**64 - 0x100000)):
        yield f'bz.pref{name}', bzimage(pref=to)
    for name, to in (('0', 0), ('3', 3), ('31', 1 << 31), ('max', 0xffffffff)):
        yield f'bz.align{name}', bzimage(alignment=to)
    yield 'bz.cmdline', bzimage(cmdline_size=8)
    yield 'bz.cmdline0', bzimage(cmdline_size=0)
    yield 'bz.cmdline-huge', bzimage(cmdline_size=0xffffffff)
    yield 'bz.initrd0', bzimage(initrd_max=0)
    yield 'bz.initrd17', bzimage(initrd_max=(17 << 20) - 1)
    yield 'bz.initrd-wrap', bzimage(initrd_max=0xffffffff)
    yield 'bz.gz', gzip.compress(whole)
    yield 'bz.pe', at(0, b'MZ', 1024) + bytes(0x1000)
    yield 'bz.zeros', bytes(8192)
    yield 'odd', bytes(5001)
    yield 'byte', b'x'


# ---- bad command lines: arguments, words that the sentence must have ----

def kernels():
    p = ['-M', 'pc', '-kernel']
    for kernel, *say in (
            ('missing', 'No such file'), ('empty', 'empty'), ('folder', 'not a regular file'), ('pipe', 'regular'),
            ('/dev/null', 'regular'), ('/dev/zero', 'regular'), ('bz/below', 'Not a directory'),
            ('text', 'not a bzImage'),
            ('good', 'arm64 Image'), ('good.gz', 'gzip'), ('bz.gz', 'gzip'), ('elf', 'ELF'), ('zimage', '32-bit Arm'),
            ('uimage', 'uImage'), ('riscv', 'RISC-V'), ('x86.efi', 'EFI'), ('bz.pe', 'EFI'), ('tree', 'device tree'),
            ('garbage', 'not a bzImage'), ('bz.zeros', 'not a bzImage'), ('bz.magic', 'not a bzImage'),
            ('bz.flag', 'boot flag'),
            ('bzimage', 'boot protocol'), ('bz.low', 'zImage'), ('initrd.big', 'at most'),
            ('bz.sects0-short', 'truncated'),
            ('bz.sects255-short', 'truncated'), ('bz.syssize-huge', 'truncated'), ('bz.syssize-more', 'truncated'),
            ('bz.init31', '-m'), ('bz.initmax', '-m'), ('bz.pref31', '-m'), ('bz.pref63', '-m'), ('bz.prefmax', '-m'),
            ('bz.prefwrap', '-m'), ('bz.align31', '-m')):
        yield p + [kernel], [kernel] + say
    for version in (0, 0x100, 0x200, 0x201):
        yield p + [f'bz.version{version:x}'], [f'bz.version{version:x}', f'{version >> 8}.{version & 255:02}', '2.02']
    for name, data in files():
        if name.startswith('bz.cut'):
            yield p + [name], [name, 'not a bzImage' if len(data) < 0x206 else 'truncated']
    for cpu in ('486', 'pentium', 'qemu32'):
        yield p + ['bz64', '-cpu', cpu], ['bz64', '64-bit', '-cpu']
    for more in ([], ['-initrd', 'disk']):
        yield p + ['bz.cmdline', '-append', 'x' * 9] + more, ['-append', '9 characters', 'takes 8']
    yield p + ['bz.cmdline0', '-append', 'x'], ['-append', 'takes 0']
    yield p + ['bz', '-append', 'x' * 2048], ['-append', '2048', '2047']
    yield p + ['bz.cmdline-huge', '-append', 'x' * 65536], ['-append', '65536']
    yield p + ['bz.good202', '-append', 'x' * 256], ['-append', '255']
    for kernel in ('bz.initrd0', 'bz.initrd17'):
        yield p + [kernel, '-initrd', 'disk'], [kernel, 'RAM disk', 'takes one']
    for initrd, say in (('missing', 'No such file'), ('empty', 'empty'), ('folder', 'regular'), ('pipe', 'regular'),
                        ('/dev/zero', 'regular'), ('initrd.big', 'fit')):
        yield p + ['bz', '-initrd', initrd], [initrd, say]
    yield p + ['bz', '-initrd', 'initrd.big', '-m', '301'], ['bz', 'RAM disk', '317 MiB', '-m']
    for size in ('1', '2', '16', '0', '3.5G', '256G', '8GG', '-8G'):
        yield p + ['bz', '-m', size], ['-m']
    yield p + ['bz', '-initrd', 'disk', '-m', '17'], ['bz', 'RAM disk', '18 MiB', '-m']


def options():
    p = ['-M', 'pc', '-kernel', 'bz']
    for option in (['-bios', 'disk'], ['-dtb', 'tree'], ['-drive', 'file=disk,if=pflash,readonly=on']):
        yield p + option, [option[0]]
    for option in ('-initrd', '-append', '-dtb'):
        yield ['-M', 'pc', option, 'tree'], [option]
    for machine in ('pc,gic-version=3', 'pc,acpi=off', 'pc-i440fx-7.2', 'q35', 'isapc', 'pc,accel=kvm'):
        yield ['-M', machine, '-kernel', 'bz'], ['-M']
    for cpu in ('cortex-a53', 'host', 'bogus', ''):
        yield p + ['-cpu', cpu], ['-cpu']
    for features in ('max,+avx2', 'qemu64,-sse3', 'Haswell,+x,-x', 'pentium,', 'max,lm=off', 'max,enforce'):
        yield p + ['-cpu', features], ['-cpu', features, 'features']
    yield ['-kernel', 'good', '-cpu', 'qemu64'], ['-cpu', 'qemu64', 'cortex-a53']
    for smp in ('2', '1,cores=2', 'cpus=255', '0'):
        yield p + ['-smp', smp], ['-smp']
    for device in ('virtio-blk-device', 'virtio-rng-device', 'e1000', 'VGA', 'isa-serial', 'pci-bridge',
                   'virtio-rng-pci,addr=3', 'virtio-rng-pci,addr=3.0', 'virtio-rng-pci,bus=pci.0', 'virtio-blk-pci',
                   'virtio-blk-pci,drive=none', 'isa-debug-exit,iobase=0x600', 'isa-debug-exit,iosize=0',
                   'isa-debug-exit,bogus=1'):
        yield p + ['-device', device], ['-device', device.split(',')[-1].split('=')[0]]
    yield ['-kernel', 'good', '-device', 'isa-debug-exit'], ['-device', 'isa-debug-exit', "'virt'"]
    yield ['-kernel', 'bz'], ['bz', 'not an arm64 Image', 'bzImage']
    yield p + ['-device', 'virtio-rng-pci,id=a'] * 2, ["'a'", 'twice']
    rng = ['-device', 'virtio-rng-pci']
    yield p + rng * 25, ['-device', "'pc'", '24']
    yield p + ['-drive', 'file=disk'] * 2, ['disk', 'in use']
    disks = [word for _ in range(16) for word in ('-drive', 'file=disk,if=virtio,readonly=on')]
    yield p + disks + rng * 9, ['-device', "'pc'", '24']
    blk = ['-device', 'virtio-blk-pci,drive=a']
    yield p + ['-drive', 'file=disk,if=none,id=a'] + blk * 2, ["'a'", 'in use']
    yield p + ['-drive', 'file=disk,if=none,id=a'], ["'a'", '-device']
    for drive in ('file=missing', 'file=folder', 'file=/dev/null'):
        yield p + ['-drive', drive], [drive.split(',')[-1].split('file=')[-1]]
    for option in ('-no-shutdown', '-usb', '-no-acpi', '-acpitable', '-smbios',
                   '-no-hpet'):
        yield p + [option], ['unknown option', option]
    for option in ('-serial', '-monitor'):
        yield p + [option, 'vc'], [option, 'vc']
    yield p + ['--loadvm', 'missing'], ['missing']
    yield p + ['--loadvm', 'snap.text'], ['snap.text']


def ide():
    p = ['-M', 'pc', '-kernel', 'bz']
    for option in ('-hda', '-hdb', '-hdc', '-hdd', '-cdrom'):
        yield p + [option], [option, 'value']
        for name, say in (('missing', 'No such file'), ('empty', 'empty'), ('folder', 'directory'), ('pipe', 'neither'),
                          ('/dev/null', 'neither')):
            yield p + [option, name], ['disk image', name, say]
        yield ['-kernel', 'good', option, 'disk'], ["'virt'", 'no IDE']
    yield p + ['-hda', 'byte'], ['byte', 'no sector']
    yield p + ['-drive', 'file=disk,readonly=on'], ['disk', 'read-only', 'snapshot=on']
    yield p + ['-hda', 'disk', '-drive', 'file=disk2,index=0'], ['disk2', 'index 0']
    yield p + ['-cdrom', 'disk', '-hdc', 'disk2'], ['disk2', 'index 2']
    yield p + ['-hda', 'disk', '-hdb', 'disk'], ['disk', 'in use']
    for drive, say in (('index=4', '4 IDE drives'), ('bus=2', '4 IDE drives'), ('unit=2', 'unit=2'), ('bus=1,unit=9', 'unit=9'),
                       ('index=0,bus=0', 'index='), ('index=x', 'index=x'), ('bus=-1', 'bus=-1'), ('unit=', 'unit='),
                       ('media=tape', 'media=tape'), ('index', 'index')):
        yield p + ['-drive', f'file=disk,{drive}'], ['-drive', say]
    yield p + ['-drive', 'media=cdrom'] * 5, ['-drive', '4 IDE drives']
    yield p + ['-drive', 'if=virtio,media=cdrom'], ['-drive', 'file=']
    for device, say in (('ide-hd', 'drive='), ('ide-hd,drive=x', 'id=x'), ('ide-cd,bus=ide.2', 'ide.2'), ('ide-cd,unit=2', 'unit=2'),
                        ('ide-cd,bus=pci.0', 'pci.0'), ('ide-drive', 'ide-drive')):
        yield p + ['-device', device], ['-device', say]
    yield p + ['-device', 'ide-cd'] * 5, ['-device ide-cd', 'no place']
    yield p + ['-device', 'ide-cd,bus=ide.1,unit=0'] * 2, ['-device ide-cd', 'no place']
    yield p + ['-hda', 'disk', '-device', 'ide-cd,unit=0,bus=ide.0'], ['-device ide-cd', 'no place']
    hd = ['-device', 'ide-hd,drive=a']
    yield p + ['-drive', 'file=disk,if=none,id=a'] + hd * 2, ["'a'", 'in use']
    yield p + ['-drive', 'media=cdrom,if=none,id=a'] + hd, ["'a'", 'file=']
    yield p + ['-drive', 'file=disk,if=none,id=a,readonly=on'] + hd, ['disk', 'read-only']
    yield ['-kernel', 'good', '-device', 'ide-cd'], ['-device ide-cd', "'virt'", 'bus']
    yield p + ['-hda', 'disk', '--lockstep', 'interp,interp'], ['disk']


def firmware():
    p = ['-M', 'pc', '-bios']
    for bios, *say in (
            ('missing', 'No such file'), ('./missing', 'No such file'), ('/missing/bios.bin', 'No such file'),
            ('empty', 'empty'), ('folder', 'not a regular file'), ('pipe', 'regular'), ('/dev/zero', 'regular'),
            ('rom/below', 'Not a directory'), ('text', '600 bytes', '64 KiB'), ('garbage', '5000 bytes', '64 KiB'),
            ('rom.less', '65535 bytes', '64 KiB'), ('rom.more', '65537 bytes', '64 KiB'),
            ('rom.half', '98304 bytes', '64 KiB'), ('rom.big', '16842752 bytes', 'at most 16777216'),
            ('bios.big', 'at most 16777216')):
        yield p + [bios], [bios] + say
    yield p + ['x' * 300], ['firmware', 'too long']
    for more in (['-kernel', 'bz'], ['-initrd', 'disk'], ['-append', 'x'], ['-drive', 'file=disk,if=pflash'],
                 ['-dtb', 'tree']):
        yield p + ['rom'] + more, [more[0]]
    for order in ('', 'x', 'cc', 'acdn', 'order=', 'order=cx', 'order=aca', 'order', 'b', 'C', 'c,order=x', 'c d'):
        yield p + ['rom', '-boot', order], ['-boot']
    blk = lambda n: ['-drive', f'file=disk,if=none,readonly=on,id=d{n}',
                     '-device', f'virtio-blk-pci,drive=d{n},bootindex=1']
    yield p + ['rom'] + blk(0) + blk(1), ['-device', 'bootindex 1', 'twice']
    for index in ('', 'x', '-1', '1000000', '99999999999999999999'):
        yield p + ['rom', '-device', f'virtio-blk-pci,drive=d,bootindex={index}'], ['-device', f'bootindex={index}']
    yield ['-kernel', 'good'] + blk(0), ['bootindex', "'virt'"]
    for boot in ('once=e', 'once=', 'c,splash=x', 'c,menu', 'menu=maybe', 'strict=on', 'order=c,reboot-timeout=5'):
        yield p + ['rom', '-boot', boot], ['-boot', boot.split(',')[-1].split('=')[0]]


def snapshots(folder):
    loop = ['-M', 'pc', '-kernel', 'bz.loop', '--clock', 'icount', '-m', '32', '-initrd', 'bz']
    made = run(folder, loop + ['--stop-at', '5000', '--savevm', 'pc.snap'])
    if made.returncode:
        raise SystemExit(f'cannot save a snapshot: {made.stderr!r}')
    whole = (folder / 'pc.snap').read_bytes()
    for i in range(0, len(whole), max(1, len(whole) // 12)):
        (folder / f'pc.bad{i}').write_bytes(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1:])
        yield loop + ['--loadvm', f'pc.bad{i}'], [f'pc.bad{i}']
    (folder / 'pc.cut').write_bytes(whole[:len(whole) // 2])
    yield loop + ['--loadvm', 'pc.cut'], ['pc.cut']
    rom = ['-M', 'pc', '-bios', 'rom.128', '--clock', 'icount', '-m', '32']
    made = run(folder, rom + ['--stop-at', '2', '--savevm', 'rom.snap'])
    if made.returncode:
        raise SystemExit(f'cannot save a snapshot: {made.stderr!r}')
    for other in (rom[:3] + ['rom'] + rom[4:], loop):
        yield other + ['--loadvm', 'rom.snap'], ['rom.snap']
    for other in (['-m', '64'], ['-cpu', 'qemu32'], ['-device', 'virtio-rng-pci'],
                  ['-drive', 'file=disk,if=virtio,readonly=on'], ['-hda', 'disk'], ['-cdrom', 'disk'], ['-nodefaults'],
                  ['-M', 'virt', '-kernel', 'loop']):
        yield loop + other + ['--loadvm', 'pc.snap'], ['pc.snap']


# ---- good ones ----

def good_cases(count, folder):
    p = ['-M', 'pc', '-nographic', '-kernel']
    for kernel in ('bz', 'bz64', 'bz.sects0', 'bz.sects255', 'bz.syssize0', 'bz.payload', 'bz.jump', 'bz.jump0',
                   'bz.good202', 'bz.good203', 'bz.good205', 'bz.good209', 'bz.good20b', 'bz.goodffff', 'bz.init0',
                   'bz.pref0', 'bz.align0', 'bz.align3', 'bz.alignmax', 'bz.initrd0', 'bz.initrd-wrap', 'bz.cmdline',
                   'bz.cmdline0'):
        good_case(count, folder, p + [kernel], 'A')
    for more in (['-m', '17'], ['-m', '3584M'], ['-m', '8G'], ['-m', '18', '-initrd', 'disk'],
                 ['-initrd', 'bz'], ['-cpu', '486'], ['-cpu', 'pentium'], ['-cpu', 'qemu32'], ['-cpu', 'max'],
                 ['-append', ''], ['-append', 'x' * 2047], ['-device', 'virtio-rng-pci'] * 24, ['-no-reboot'],
                 ['-drive', 'file=disk,if=virtio,readonly=on'], ['-device', 'isa-debug-exit'], ['--clock', 'icount'],
                 ['-drive', 'if=none,file=disk,id=d', '-device', 'virtio-blk-pci,drive=d'],
                 ['--lockstep', 'interp,interp'], ['-hda', 'disk'], ['-hda', 'disk', '-hdb', 'disk2', '-cdrom', 'odd'],
                 ['-cdrom', 'byte'], ['-hdd', 'odd'], ['-drive', 'file=disk'], ['-drive', 'media=cdrom,index=0'],
                 ['-drive', 'file=disk,bus=1,unit=1', '-drive', 'file=disk2'], ['-device', 'ide-cd', '-nodefaults'],
                 ['-drive', 'if=none,file=disk,id=d', '-device', 'ide-hd,drive=d,bus=ide.1,unit=0,serial=abc'],
                 ['-drive', 'if=none,file=disk,id=d,media=cdrom', '-device', 'ide-cd,drive=d'],
                 ['-hda', 'disk', '-snapshot', '--lockstep', 'interp,interp']):
        good_case(count, folder, p + ['bz'] + more, 'A')
    good_case(count, folder, p + ['bz64', '-cpu', 'qemu64'], 'A')
    p = ['-M', 'pc', '-nographic', '-bios']
    for bios in ('rom', 'rom.128', 'rom.256', 'rom.odd', 'rom.16m'):
        good_case(count, folder, p + [bios], 'A')
    for more in (['-cpu', '486'], ['-m', '2'], ['-m', '5G'], ['-boot', 'c'], ['-boot', 'dca'],
                 ['-boot', 'order=n,menu=on'], ['-boot', 'menu=off'], ['-boot', 'c,menu=on'], ['-boot', 'once=d'], ['--clock', 'icount'], ['--lockstep', 'interp,interp']):
        good_case(count, folder, p + ['rom'] + more, 'A')
    good_case(count, folder, p + ['rom', '-drive', 'file=disk,if=none,readonly=on,id=d', '-device',
                                  'virtio-blk-pci,drive=d,bootindex=0'], 'A')
    good_case(count, folder, p + ['rom.128', '--clock', 'icount', '-m', '32', '--loadvm', 'rom.snap'], 'A')
    good_case(count, folder, ['-nographic', '-kernel', 'bz'], 'A', program=BUILD / 'mynah-system-i386')
    good_case(count, folder, ['-nographic', '-kernel', 'bz64'], 'A', program=BUILD / 'mynah-system-x86_64')


def resets(count, folder):
    """A reset ends a run with -no-reboot, with a sentence when the guest did not mean it; else a signal ends it."""
    p = ['-M', 'pc', '-display', 'none', '-kernel']
    for engine in ('interp', 'auto'):
        for kernel, say in (('bz.reset', b''), ('bz.triple', b'triple fault at 0x100008'),
                            ('bz64.triple', b'triple fault at 0x100208')):
            args = p + [kernel, '--engine', engine, '-no-reboot']
            done = run(folder, args)
            sentence = done.stderr.count(b'\n') == 1 and done.stderr.startswith(b'mynah: ') and say in done.stderr
            count.check(args, [f'status {done.returncode}, {done.stderr!r}'] * (
                done.returncode != 0 or not (sentence if say else done.stderr == b'') or done.stdout != b''))
            for number in (signal.SIGINT, signal.SIGTERM):
                signal_case(count, folder, p + [kernel, '--engine', engine], number)


def catches(pid, number):
    """Whether the process has come so far that it has a handler of that signal."""
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(status.split('SigCgt:')[1].split()[0], 16) >> (number - 1) & 1


def signal_case(count, folder, args, number):
    child = subprocess.Popen([MYNAH, *args], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    end = time.monotonic() + LIMIT
    while child.poll() is None and not catches(child.pid, number) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1) # and some resets have been
    child.send_signal(number)
    try:
        out, _ = child.communicate(timeout=LIMIT)
        faults = [f'status {child.returncode}, {out!r}'] * (child.returncode != 128 + number or out != b'')
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        faults = [f'{number.name} does not end it']
    count.check(args, faults)


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    count = base.Count()
    with tempfile.TemporaryDirectory(prefix='mynah-bad-pc-') as name:
        folder = pathlib.Path(name)
        base.make_files(folder)
        for file, data in files():
            (folder / file).write_bytes(data)
        for cases in (kernels(), options(), ide(), firmware(), snapshots(folder)):
            for args, say in cases:
                base.bad_case(count, folder, args, say)
        good_cases(count, folder)
        resets(count, folder)
    print(f'{count.done} command lines, {count.bad} end badly')
    return 1 if count.bad else 0


if __name__ == '__main__':
    sys.exit(main())
