#!/usr/bin/env python3
"""test_bad_input.py - what a user may get wrong: one sentence that names the thing and the fault.

Every bad command line ends within seconds with status 1, exactly one line on the standard error that
starts with "mynah: ", an empty standard output, and no file made or changed. Good ones that only ask
are silent on the standard error. Kernels are made here: no guest files are needed.
"""
import gzip
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from small_guests import bzimage, debug_exit

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 5
MIB = 1 << 20


# ---- files ----

def words(*code):
    return struct.pack(f'<{len(code)}I', *code)


PRINT_A = words(0xd2a12001, 0x52800822, 0x39000022)             # mov x1,#0x9000000; mov w2,'A'; strb w2,[x1]
SYSTEM_OFF = words(0xd2800100, 0xf2b08000, 0xd4000002)          # x0 = 0x84000008 (PSCI), hvc #0
FOREVER = words(0x14000000)


def image(code, size=None, text=0, flags=0, magic=0x644d5241, pe=0):
    """A Linux Image: its header jumps over itself (Linux: Documentation/arch/arm64/booting.rst)."""
    body = words(0x14000010, 0) + struct.pack('<QQQ', text, 64 + len(code) if size is None else size, flags)
    return body + bytes(24) + struct.pack('<II', magic, pe) + code


def pe_image():
    """An Image with a PE header, whose section table says how long the file has to be."""
    code = bytearray(4096)
    code[0:len(SYSTEM_OFF)] = SYSTEM_OFF
    code[192:196] = b'PE\0\0'
    code[196:216] = struct.pack('<HHIIIHH', 0xaa64, 1, 0, 0, 0, 0, 0)
    code[216:256] = struct.pack('<8sIIIIIIHHI', b'.text', 3904, 256, 3904, 256, 0, 0, 0, 0, 0x60000020)
    return image(bytes(code), pe=256)


def at(offset, data, size=4096):
    return bytes(offset) + data + bytes(size - offset - len(data))


def tree(totalsize=None, nodes=(1, 0, 2, 9)):
    """The smallest device tree: an empty root (Devicetree Specification 0.4, chapter 5)."""
    nodes = struct.pack(f'>{len(nodes)}I', *nodes)
    size = 56 + len(nodes) if totalsize is None else totalsize
    return struct.pack('>10I', 0xd00dfeed, size, 56, 56 + len(nodes), 40, 17, 16, 0, 0, len(nodes)) + bytes(16) + nodes


def files():
    whole = pe_image()
    packed = gzip.compress(whole)
    yield 'good', image(SYSTEM_OFF)
    yield 'hello', image(PRINT_A + SYSTEM_OFF)
    yield 'loop', image(FOREVER)
    yield 'whole', whole
    yield 'good.gz', packed
    for n in (1, 2, 10, 55, 59, 63, 64, 200, 300, 1000, len(whole) - 100):
        yield f'cut{n}', whole[:n]
    for n in (1, 5, 19, 40, len(packed) - 9, len(packed) - 1):
        yield f'cut{n}.gz', packed[:n]
    yield 'damaged.gz', packed[:30] + b'\xff\x00\xff' + packed[33:]
    yield 'bomb.gz', gzip.compress(bytes(300 * MIB), 1)
    yield 'gzipped-text.gz', gzip.compress(b'no kernel ' * 1000)
    yield 'empty', b''
    yield 'text', b'#!/bin/sh\necho I am no kernel\n' * 20
    yield 'elf', at(0, b'\x7fELF\x02\x01\x01' + bytes(9) + struct.pack('<HH', 2, 62))
    yield 'zimage', at(36, struct.pack('<I', 0x016f2818))
    yield 'bzimage', at(0x1fe, b'\x55\xaaHdrS'.replace(b'HdrS', b'\xeb\x6aHdrS'))
    yield 'uimage', at(0, b'\x27\x05\x19\x56')
    yield 'riscv', at(48, b'RISCV\0\0\0RSC\x05')
    yield 'x86.efi', at(0, b'MZ')
    yield 'big-endian', image(SYSTEM_OFF, flags=1)
    yield 'huge', image(SYSTEM_OFF, size=1 << 40)
    yield 'all-ones', image(SYSTEM_OFF, size=2**64 - 1, text=2**64 - 1)
    yield 'far-text', image(SYSTEM_OFF, text=1 << 62)
    yield 'wrap-text', image(SYSTEM_OFF, text=2**64 - 4096)
    yield 'longer', image(SYSTEM_OFF + bytes(4096), size=100)
    yield 'x86', bzimage(debug_exit(0))
    yield 'tree', tree()
    yield 'tree.huge', tree(0x7fffffff)
    yield 'tree.negative', tree(0xffffffff)
    yield 'tree.small', tree(8)
    yield 'tree.cut', tree()[:-4]
    yield 'tree.header', tree()[:20]
    yield 'tree.open', tree(nodes=(1, 0, 1, 0x61000000, 9))
    yield 'tree.token', tree(nodes=(1, 0, 77, 2, 9))
    yield 'tree.property', tree(nodes=(1, 0, 3, 0x7fffffff, 0, 2, 9))
    yield 'tree.garbage', at(0, b'\xd0\x0d\xfe\xed' + bytes(i * 37 % 256 for i in range(900)))
    yield 'tree.version', tree()[:20] + struct.pack('>II', 99, 99) + tree()[28:]
    yield 'garbage', bytes(i * i * 7 % 251 for i in range(5000))
    yield 'disk', bytes(i % 256 for i in range(MIB))
    yield 'disk2', bytes(MIB)
    yield 'odd-disk', bytes(1000)
    yield 'snap.text', b'this is no snapshot, whatever its name\n' * 100
    yield 'snap.short', b'M'


def make_files(folder):
    for name, data in files():
        (folder / name).write_bytes(data)
    for name, size in (('flash.big', 64 * MIB + 1), ('bios.big', 64 * MIB + 1), ('initrd.big', 300 * MIB)):
        with open(folder / name, 'wb') as f:
            f.truncate(size)
    (folder / 'folder').mkdir()
    (folder / 'locked').write_bytes(bytes(MIB))
    (folder / 'locked').chmod(0o444)
    (folder / 'unreadable').write_bytes(image(SYSTEM_OFF))
    (folder / 'unreadable').chmod(0)
    os.mkfifo(folder / 'pipe')


def contents(folder):
    """Everything that an unwanted write would change."""
    seen = {}
    for path in sorted(folder.rglob('*')):
        st = path.lstat()
        seen[str(path)] = (st.st_mode, st.st_size, st.st_mtime_ns, st.st_ctime_ns)
    return seen


# ---- bad command lines: arguments, words that the sentence must have ----

def kernels():
    for kernel, *say in (
            ('missing', 'No such file'), ('empty', 'empty'), ('folder', 'not a regular file'), ('pipe', 'regular'),
            ('good/below', 'Not a directory'), ('text', 'not an arm64 Image'), ('elf', 'ELF'), ('zimage', 'zImage'),
            ('bzimage', 'bzImage'), ('uimage', 'uImage'), ('riscv', 'RISC-V'), ('x86.efi', 'not an arm64 Image'),
            ('tree', 'device tree'), ('big-endian', 'big-endian'), ('huge', 'memory'), ('all-ones', 'memory'),
            ('far-text', 'memory'), ('wrap-text', 'memory'), ('longer', 'header'), ('bomb.gz', 'larger than'),
            ('damaged.gz', 'gzip'), ('gzipped-text.gz', 'not an arm64 Image'), ('garbage', 'not an arm64 Image')):
        yield ['-kernel', kernel], [kernel] + say
    for name, _ in files():
        if name.startswith('cut'):
            yield ['-kernel', name], [name]
    yield ['-kernel', ''], ['-kernel']
    yield ['-kernel', 'x' * 1000], ['kernel', 'too long']
    yield ['-kernel', 'a/' * 500], ['kernel', 'a/a', 'No such file']
    yield ['-kernel', 'a/' * 5000], ['-kernel', 'too long']
    yield ['-kernel', 'new\nline'], ['kernel', 'No such file']


def other_files():
    k = ['-kernel', 'good']
    for initrd, say in (('missing', 'No such file'), ('empty', 'empty'), ('folder', 'regular'), ('initrd.big', 'fit')):
        yield k + ['-initrd', initrd], [initrd, say]
    with_initrd = k + ['-initrd', 'disk']
    yield with_initrd + ['-m', '1M'], ['memory', '-m']
    for name in ('missing', 'empty', 'folder', 'text', 'garbage', 'initrd.big'):
        yield k + ['-dtb', name], ['device tree', name]
    for name, _ in files():
        if name.startswith('tree.'):
            yield k + ['-dtb', name], ['device tree', name]
    for name in ('missing', 'empty', 'folder', 'bios.big'):
        yield ['-bios', name], ['firmware', name]
    yield ['-dtb', 'tree'], ['-dtb', '-kernel']
    yield ['-initrd', 'disk'], ['-initrd', '-kernel']
    yield ['-append', 'quiet'], ['-append', '-kernel']
    yield ['-M', 'virt'], ['-kernel', '-bios']
    yield ['-drive', 'file=disk'], ['-kernel', '-bios']


def drives():
    k = ['-kernel', 'good']
    for name, say in (('missing', 'No such file'), ('empty', 'empty'), ('folder', 'directory'), ('pipe', 'neither'),
                      ('/dev/null', 'neither')):
        yield k + ['-drive', f'file={name},format=raw'], ['disk image', name, say]
        yield k + ['-drive', f'file={name},format=raw,if=none,id=a', '-device', 'virtio-blk-device,drive=a'], [name, say]
        yield k + ['-drive', f'file={name},format=raw,if=pflash'], [name, say]
    yield k + ['-drive', 'file=flash.big,if=pflash,format=raw'], ['flash.big', '67108864']
    yield k + ['-drive', 'file=disk'] * 2, ['disk', 'in use']
    yield k + ['-drive', 'file=disk,if=none,id=a', '-drive', 'file=disk2,if=none,id=a'], ["'a'", 'twice']
    blk = ['-device', 'virtio-blk-device,drive=a']
    yield k + ['-drive', 'file=disk,if=none,id=a'] + blk * 2, ["'a'", 'in use']
    yield k + blk, ['-drive', 'a']
    yield k + ['-drive', 'file=disk,if=virtio,id=a'] + blk, ['a']
    yield k + ['-drive', 'file=missing,if=none,id=a'], ["'a'", '-device']
    yield k + ['-drive', 'file=disk,if=none'], ['-drive', 'id=']
    yield k + ['-device', 'virtio-rng-device,id=a'] * 2, ["'a'", 'twice']
    flash = ['-drive', 'file=disk,if=pflash,readonly=on']
    yield k + flash * 3, ['pflash', 'two']
    yield flash + ['-bios', 'disk'], ['-bios', 'pflash']
    for text, *say in (('file=disk,if=scsi', 'if=scsi'), ('file=disk,format=qcow2', 'qcow2'), ('if=none', 'file='),
                       ('file=disk,readonly=maybe', 'maybe'), ('file=disk,bogus=1', 'bogus'), ('file', 'file'),
                       ('file=disk,snapshot=2', 'snapshot'), ('disk', 'disk'), ('file=' + 'a/' * 5000, 'long')):
        yield k + ['-drive', text], ['-drive'] + say
    for text, say in (('virtio-blk-device', 'drive='), ('virtio-blk-device,drive=none', 'none'), ('e1000', 'e1000'),
                      ('virtio-net-device', 'virtio-net-device'), ('virtio-rng-device,bogus=1', 'bogus'),
                      ('virtio-blk-device,drive', 'drive'), ('=', 'modelled')):
        yield k + ['-device', text], ['-device', say]
    yield k + ['-device', 'virtio-rng-device'] * 33, ['-device', '32']
    pci = ['-device', 'virtio-blk-pci,drive=a']
    yield k + pci, ['virtio-blk-pci', 'if=none,id=a']
    for other in (pci, blk):
        yield k + ['-drive', 'file=disk,if=none,id=a'] + pci + other, ['-device virtio-blk-', "'a'", 'in use']
    yield k + ['-drive', 'file=disk,if=virtio,id=a'] + pci, ['virtio-blk-pci', 'if=none,id=a']
    yield k + ['-device', 'virtio-blk-pci'], ['-device virtio-blk-pci', 'drive=']
    yield k + ['-drive', 'file=missing,if=none,id=a'] + pci, ['missing', 'No such file']
    yield k + ['-device', 'virtio-rng-pci,bogus=1'], ['-device', 'bogus']
    for gpu in ('virtio-gpu-device', 'virtio-gpu-pci'):
        for side in ('xres=63', 'yres=4096', 'xres=', 'yres=-1', 'xres=1k', 'xres=99999999999999999999'):
            yield k + ['-device', f'{gpu},{side}'], [f'-device {gpu}', side, 'pixels from 64 to 4095']
    yield k + ['-device', 'virtio-tablet-pci,xres=640'], ['-device', "'xres'"]
    yield k + ['-device', 'ramfb'] * 2, ['-device ramfb', 'one']
    yield k + ['-device', 'virtio-gpu-pci'] * 20, ['memory', '16']
    yield k + ['-M', 'pc', '-device', 'virtio-gpu-device'], ['-device virtio-gpu-device', "'pc'", 'bus']
    yield k + ['-device', 'virtio-net-pci'], ['-device', 'virtio-net-pci']
    yield k + ['-device', 'virtio-rng-pci'] * 32, ['-device', "'virt'", '31', 'PCI']
    yield k + ['-device', 'isa-debug-exit'], ['-device isa-debug-exit', "'virt'", 'bus']
    yield k + ['-M', 'pc', '-device', 'virtio-rng-device'], ['-device virtio-rng-device', "'pc'", 'bus']


def numbers():
    k = ['-kernel', 'good']
    for size in ('0', '-1', 'lots', '', '1', '12x', '1Q', '4GG', '999999999', '99999999999999999999999', '256G', '1k', 'size=',
                 'size=x', '0x', ' 128', '1.5G', '16E', '100,slots=4'):
        if size != '1':
            yield k + ['-m', size], ['-m']
    for smp in ('2', '0', '-1', 'x', '', 'cpus=4', 'bogus=1', '1,cores=2'):
        yield k + ['-smp', smp], ['-smp']
    for clock in ('nonsense', 'icount,pace=slow', 'icount,shift=1', 'realtime,pace=host', '', 'icount=1', 'icount,'* 3 + 'x'):
        yield k + ['--clock', clock], ['--clock']
    for counts in ('20,10', '5,5', 'x', '', '1,,2', '-1', '1x', '99999999999999999999999', ','.join(map(str, range(99)))):
        yield k + ['--hash-at', counts], ['--hash-at']
    yield k + ['--hash-at', '20', '--hash-at', '10'], ['--hash-at', '10']
    for stop in ('x', '', '-5', '1e9', '18446744073709551616'):
        yield k + ['--stop-at', stop], ['--stop-at']
    for every in ('0', 'x', '', '-5', '1e9', '18446744073709551616'):
        yield k + ['--lockstep-every', every], ['--lockstep-every']
    for seed in ('x', ''):
        yield k + ['--seed', seed], ['--seed']
    for rtc, *say in (('yesterday', 'yesterday'), ('base', 'base', 'value'), ('',), ('bogus=1', 'bogus', 'known: base')):
        yield k + ['-rtc', rtc], ['-rtc', *say]
    for date in ('1', '', 'UTC', 'local', '2020-13-01', '2020-01-01x', '2021-02-29', '2020-06-31', '2020-01-01T25:00:00',
                 '2020-01-01T10:00', '2020-01-01 10:00:00', '1969-12-31', '1969-12-31T23:59:59', '06-17-2006'):
        yield k + ['-rtc', f'base={date}'], ['-rtc', f'base={date}', 'localtime']
    for more in ('clock=host', 'clock=', 'clock=bogus', 'driftfix=slew', 'driftfix=1', 'base=utc,clock=host'):
        yield k + ['-rtc', more], ['-rtc', more.split(',')[-1], 'known:']
    yield k + ['-rtc', 'clock=rt', '--clock', 'icount'], ['-rtc', 'clock=rt', 'icount']
    yield k + ['-rtc', 'base=2106-02-07T06:28:16'], ['-rtc', 'virt', '2106']


def names():
    k = ['-kernel', 'good']
    for option in ('-bogus', '--bogus', '-', '--', '---', 'stray', '-kernelx', '-netdev',
                   '-enable-kvm', '-gdb', '-s', '-usb', '-object', '-chardev', '-numa', '', '-\n'):
        yield k + [option], ['unknown option', option.replace('\n', '?')]
    for option in ('-kernel', '-m', '-M', '-cpu', '-drive', '-device', '-serial', '-D', '-append', '--clock', '--loadvm'):
        yield [option], [option, 'needs a value']
    for cpu in ('bogus', 'host', 'cortex-a15', '', 'cortex-a53,bogus=1'):
        yield k + ['-cpu', cpu], ['-cpu'] + (['cortex-a53', 'cortex-a57', 'cortex-a72', 'max'] if cpu else [])
    for machine in ('bogus', 'virt-7.2', 'virt,bogus=1', 'virt,gic-version=4', 'virt,gic-version', 'virt,secure=on', '',
                    'virt,accel=kvm', 'type=q35', 'pc,gic-version=3', 'gic-version=9'):
        yield k + ['-M', machine], ['-M']
        yield k + ['-machine', machine], ['-M' if machine else '-machine']
    for option, bad in (('-accel', 'kvm'), ('-accel', 'tcg,bogus=1'), ('-serial', 'tcp::1234'), ('-serial', 'file:'),
                        ('-serial', 'pty'), ('-monitor', 'telnet:x'), ('-display', 'gtk'), ('-nic', 'user'), ('-net', 'user'),
                        ('-d', 'bogus'), ('-d', ''), ('--engine', 'jit9'), ('-display', ''), ('-serial', '')):
        yield k + [option, bad], [option]
    pc = ['-M', 'pc', '-kernel', 'good', '-debugcon']
    for chardev in ('tcp::1234', 'file:', 'pty', '', 'vc', 'stdio,x', 'chardev:a'):
        yield pc + [chardev], ['-debugcon']
    yield pc[-1:], ['-debugcon', 'needs a value']
    yield pc + ['null', '-debugcon', 'null'], ['-debugcon', 'one']
    yield pc + ['stdio', '-nographic'], ['-debugcon', '-nographic', 'terminal']
    yield pc + ['stdio', '-serial', 'stdio'], ['-debugcon', '-serial', 'terminal']
    yield pc + ['mon:stdio', '-serial', 'mon:stdio'], ['-debugcon', '-serial', 'terminal']
    yield pc + ['stdio', '-monitor', 'stdio'], ['-debugcon', '-monitor', 'terminal']
    yield pc + ['stdio', '--lockstep', 'interp,interp'], ['-debugcon', '--lockstep']
    yield k + ['-debugcon', 'null'], ['-debugcon', "'virt'", 'bus']
    pc = ['-M', 'pc', '-kernel', 'good']
    for chardev in ('tcp::1234', 'file:', 'pty', '', 'vc', 'mon:stdio', 'stdio,x'):
        yield pc + ['-parallel', chardev], ['-parallel']
    yield pc + ['-parallel', 'null', '-parallel', 'null'], ['-parallel', 'one']
    yield pc + ['-serial', 'null'] * 3, ['-serial', 'two']
    yield pc + ['-parallel', 'stdio', '-nographic'], ['-parallel', '-nographic', 'terminal']
    yield pc + ['-serial', 'stdio', '-serial', 'stdio'], ['-serial', 'terminal']
    yield pc + ['-serial', 'null', '-serial', 'stdio', '-parallel', 'stdio'], ['-parallel', '-serial', 'terminal']
    yield pc + ['-parallel', 'stdio', '-debugcon', 'stdio'], ['-debugcon', '-parallel', 'terminal']
    yield pc + ['-serial', 'null', '-serial', 'stdio', '-monitor', 'stdio'], ['-serial', '-monitor', 'terminal']
    yield pc + ['-parallel', 'file:out', '--lockstep', 'interp,interp'], ['-parallel', '--lockstep']
    yield pc + ['-serial', 'null', '-serial', 'file:out', '--lockstep', 'interp,interp'], ['-serial', '--lockstep']
    yield k + ['-parallel', 'null'], ['-parallel', "'virt'"]
    for vga in ('cirrus', 'Std', 'std,none'):
        yield pc + ['-vga', vga], ['-vga', 'known: std, none']
    yield k + ['-vga', 'std'], ['-vga', "'virt'"]
    for layout in ('de', 'en-gb', 'EN-US', ''):
        yield pc + ['-k', layout], ['-k'] + ([f"'{layout}'", 'known: en-us'] if layout else [])
    for engine in ('bogus', 'Interp', 'interp,auto', ' '):
        yield k + ['--engine', engine], ['--engine', f"'{engine}'", 'known: interp', 'auto)']
    for pair, *say in (('interp', 'missing'), ('interp,bogus', "'bogus'", 'known: interp'), ('bogus,interp', "'bogus'"),
                       ('interp,interp,interp', 'two'), ('interp,a=b', 'two'), ('interp,', 'missing'), (',', "''"), ('',)):
        yield k + ['--lockstep', pair], ['--lockstep', *say]
    two = k + ['--lockstep', 'interp,interp']
    for more in (['--engine', 'interp'], ['--hash-at', '5'], ['--savevm', 'new.snap'], ['-monitor', 'stdio'],
                 ['--clock', 'realtime'], ['--clock', 'icount,pace=host']):
        yield two + more, ['--lockstep', more[0]]
    for drive in ('file=disk', 'file=disk,if=pflash'):
        yield two + ['-drive', drive], ['--lockstep', 'disk', 'snapshot=on']
    yield ['snapshot', 'save', 'new.snap', '--at', '5', '--'] + two, ['--lockstep', '--savevm']
    yield k + ['-serial', 'null', '-serial', 'null'], ['-serial', "'virt'"]
    yield k + ['-serial', 'stdio', '-monitor', 'stdio'], ['-serial', '-monitor']
    for args, say in (([], 'usage'), (['save'], 'usage'), (['bogus', 'x'], 'usage'), (['save', 'new.snap', '--'] + k, '--at'),
                      (['save', 'new.snap', '--at', 'x', '--'] + k, 'instruction count'), (['info', 'missing'], 'missing'),
                      (['check', 'snap.text'], 'snap.text'), (['info', 'empty'], 'empty'), (['check', 'folder'], 'folder'),
                      (['load', 'missing', '--'] + k, 'missing'), (['save', 'new.snap', '--at'], '--at')):
        yield ['snapshot'] + args, [say]
    yield ['bogus', 'command'], ['bogus']
    yield ['run', 'stray'], ['stray']


def outputs():
    k = ['-kernel', 'good', '--clock', 'icount']
    yield k + ['-serial', 'file:missing/out'], ['missing/out', 'No such file']
    yield k + ['-serial', 'file:folder'], ['folder', 'directory']
    pc = ['-M', 'pc', '-kernel', 'x86', '-debugcon']
    yield pc + ['file:missing/out'], ['-debugcon', 'missing/out', 'No such file']
    yield pc + ['file:folder'], ['-debugcon', 'folder', 'directory']
    yield ['-M', 'pc', '-kernel', 'missing', '-debugcon', 'file:disk'], ['missing']
    yield pc[:-1] + ['-parallel', 'file:missing/out'], ['-parallel', 'missing/out', 'No such file']
    yield pc[:-1] + ['-serial', 'null', '-serial', 'file:folder'], ['-serial', 'folder', 'directory']
    yield k + ['-D', 'missing/log', '-d', 'int'], ['missing/log', 'No such file']
    yield k + ['-D', 'folder', '-d', 'int'], ['folder', 'directory']
    yield k + ['-serial', 'file:out', '-D', 'missing/log'], ['missing/log']
    yield ['-kernel', 'missing', '-serial', 'file:disk', '-D', 'disk2'], ['missing']
    yield ['-kernel', 'missing', '-serial', 'file:out', '-D', 'log'], ['missing']
    loop = ['-kernel', 'loop', '--clock', 'icount']
    yield loop + ['--stop-at', '1000', '--savevm', 'missing/x.snap'], ['missing/x.snap', 'No such file']
    yield loop + ['--stop-at', '1000', '--savevm', 'folder'], ['folder']
    yield loop + ['--savevm', 'missing/x.snap'], ['missing/x.snap', 'No such file']
    two = ['-kernel', 'good', '--lockstep', 'interp,interp']
    for option, file in (('-serial', 'missing/out'), ('-D', 'missing/log'), ('-serial', 'folder'), ('-D', 'folder')):
        yield two + [option, f'file:{file}' if option == '-serial' else file], [option, file]
    for name in ('missing', 'empty', 'folder', 'snap.text', 'snap.short', 'garbage', 'disk', 'initrd.big'):
        yield loop + ['--loadvm', name], [name]


def snapshots(folder):
    """Snapshots of one machine, damaged or given to another one."""
    loop = ['-kernel', 'loop', '--clock', 'icount', '-m', '16']
    made = run(folder, loop + ['--stop-at', '5000', '--savevm', 'good.snap'])
    if made.returncode:
        raise SystemExit(f'cannot save a snapshot: {made.stderr!r}')
    whole = (folder / 'good.snap').read_bytes()
    for n in sorted({1, 7, 8, 16, 40, 100, len(whole) // 2, len(whole) - 1}):
        (folder / f'snap.cut{n}').write_bytes(whole[:n])
        yield loop + ['--loadvm', f'snap.cut{n}'], [f'snap.cut{n}']
        yield ['snapshot', 'check', f'snap.cut{n}'], [f'snap.cut{n}']
    for i in range(0, len(whole), max(1, len(whole) // 25)):
        (folder / f'snap.bad{i}').write_bytes(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1:])
        yield loop + ['--loadvm', f'snap.bad{i}'], [f'snap.bad{i}']
    (folder / 'snap.tail').write_bytes(whole + b'more')
    yield loop + ['--loadvm', 'snap.tail'], ['snap.tail']
    for other in (['-m', '32'], ['-cpu', 'max'], ['-M', 'virt,gic-version=3'], ['-device', 'virtio-rng-device'],
                  ['-drive', 'file=disk,readonly=on'], ['-device', 'virtio-rng-pci']):
        yield loop + other + ['--loadvm', 'good.snap'], ['good.snap']


# ---- running ----

def run(folder, args, program=MYNAH, **more):
    return subprocess.run([program, *args], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, **more)


class Count:
    def __init__(self):
        self.done = self.bad = 0

    def check(self, args, faults):
        self.done += 1
        if faults:
            self.bad += 1
            print(f'{" ".join(map(str, args))[:300]}: {"; ".join(faults)}')


def faults_of(done, say):
    """What is wrong with how a bad command line ended."""
    text = done.stderr.decode(errors='replace')
    if done.returncode != 1:
        yield f'status {done.returncode}'
    if done.stdout:
        yield f'stdout {done.stdout[:100]!r}'
    if text.count('\n') != 1 or not text.startswith('mynah: ') or not text.endswith('\n') or len(text) < 16:
        yield f'not one sentence: {text[:600]!r}'
    elif 'internal error' in text or text.rstrip().endswith((':', '.')):
        yield f'bad sentence: {text!r}'
    for word in say:
        if word not in text:
            yield f'{word!r} is not in {text[:400]!r}'


def bad_case(count, folder, args, say, **more):
    before = contents(folder)
    try:
        faults = list(faults_of(run(folder, args, **more), say))
    except subprocess.TimeoutExpired:
        faults = [f'not done after {LIMIT} s']
    after = contents(folder)
    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    count.check(args, faults + [f'changed {", ".join(changed)}'] * bool(changed))
    for name in changed:
        if name not in before:
            pathlib.Path(name).unlink(missing_ok=True)


def good_case(count, folder, args, say=(), program=MYNAH, silent=True, **more):
    try:
        done = run(folder, args, program, **more)
    except subprocess.TimeoutExpired:
        count.check(args, [f'not done after {LIMIT} s'])
        return
    out = done.stdout.decode(errors='replace')
    faults = [f'status {done.returncode}, {done.stderr!r}'] * (done.returncode != 0)
    faults += [f'stderr {done.stderr!r}'] * (silent and bool(done.stderr))
    faults += [f'{word!r} is not in {out!r}' for word in say if word not in out]
    count.check(args, faults)


def good_cases(count, folder):
    for args, *say in (
            (['--help'], '-kernel', "QEMU's default", 'cortex-a72', '--clock' if False else 'clock'), (['-h'], '-drive'),
            (['--version'], 'mynah version'), (['-version'], 'mynah version'), (['-M', '?'], 'virt'), (['-machine', 'help'], 'virt'),
            (['-cpu', '?'], 'cortex-a53', 'cortex-a57', 'cortex-a72', 'max'), (['-cpu', 'help'], 'cortex-a72'),
            (['-device', 'help'], 'virtio-blk-device', 'virtio-rng-device'), (['-d', 'help'],), (['run', '--help'], '-kernel'),
            (['--engine', 'help'], 'interp', 'auto')):
        good_case(count, folder, args, say)
    hello = ['-kernel', 'hello', '-nographic']
    for more in ([], ['-m', '4G'], ['-m', 'size=1G'], ['-m', '64'], ['-m', '65536K'], ['-smp', '1'], ['-accel', 'tcg'],
                 ['-machine', 'virt,accel=tcg'], ['-M', 'virt,gic-version=3'], ['-cpu', 'max'], ['-nic', 'none'],
                 ['-drive', 'file=disk,format=raw,readonly=on'], ['-drive', 'file=locked,format=raw,readonly=on,if=virtio'],
                 ['-drive', 'file=locked,snapshot=on'], ['-drive', 'if=none,file=disk,id=d', '-device', 'virtio-blk-device,drive=d'],
                 ['-drive', 'if=none,file=disk,id=d', '-device', 'virtio-blk-pci,drive=d', '-device', 'virtio-rng-pci'],
                 ['-device', 'virtio-rng-device'] + ['-device', 'virtio-rng-pci'] * 31, ['-debugcon', 'none'],
                 ['-drive', 'file=odd-disk,readonly'], ['-dtb', 'tree'], ['-append', 'x' * 100000], ['-initrd', 'disk'],
                 ['-no-reboot'], ['--clock', 'icount'], ['--clock', 'icount,pace=max'], ['-kernel', 'hello'], ['-nodefaults']):
        good_case(count, folder, hello + more, 'A')
        good_case(count, folder, ['run'] + hello + more, 'A')
    good_case(count, folder, ['-kernel', 'hello', '-display', 'none', '-serial', 'stdio'], 'A')
    good_case(count, folder, ['-kernel', 'hello', '-display', 'none', '-serial', 'mon:stdio'], 'A')
    good_case(count, folder, ['-kernel', 'good.gz'])
    good_case(count, folder, hello, 'A', program=BUILD / 'mynah-system-aarch64')
    two = ['--lockstep', 'interp,interp']
    for more in ([], ['--clock', 'icount'], ['--lockstep-every', '1'], ['-drive', 'file=disk,snapshot=on'],
                 ['-drive', 'file=disk,readonly=on'], ['-snapshot', '-drive', 'file=disk'], ['--stop-at', '1000']):
        good_case(count, folder, hello + two + more, ('A\n', 'instructions, ', ' checkpoints, no difference\n'))
    good_case(count, folder, ['-kernel', 'hello', '-serial', 'file:serial.out'] + two, ['lockstep: '])
    count.check(['-serial file: of two'], ['not written'] * ((folder / 'serial.out').read_bytes() != b'A'))
    good_case(count, folder, ['-kernel', 'hello', '-serial', 'file:serial.out'])
    count.check(['-serial file:'], ['not written'] * ((folder / 'serial.out').read_bytes() != b'A'))
    monitor_cases(count, folder)


def monitor_cases(count, folder):
    loop = ['-kernel', 'loop', '-display', 'none', '-monitor', 'stdio']
    commands = b'info registers\nbogus\nhelp\ninfo bogus\nsavevm missing/x\n' + b'y' * 2000 + b'\nquit\n'
    try:
        done = subprocess.run([MYNAH, *loop], cwd=folder, input=commands, capture_output=True, timeout=LIMIT)
        out = done.stdout.decode(errors='replace')
        faults = [f'status {done.returncode}'] * (done.returncode != 0)
        faults += [f'{w!r} is not in {out!r}' for w in ('x30', 'unknown command', 'savevm', 'missing/x', 'topic')
                   if w.lower() not in out.lower()]
    except subprocess.TimeoutExpired:
        faults = ['quit does not end it']
    count.check(loop, faults)


def unprivileged(count, folder):
    """Permissions bind everyone but root: as root, as another user."""
    more, start = {}, ()
    if os.geteuid() == 0:
        if not shutil.which('setpriv') or subprocess.run(
                ['setpriv', '--reuid=65534', '--clear-groups', MYNAH, '--version'], capture_output=True, cwd='/').returncode:
            print('(no unprivileged user here: permissions are not tested)')
            return
        start = ['setpriv', '--reuid=65534', '--clear-groups', str(MYNAH)]
    k = ['-kernel', 'good']
    for args, say in ((k + ['-drive', 'file=locked'], ['locked', 'not writable']),
                      (k + ['-drive', 'file=locked,if=pflash'], ['locked', 'not writable']),
                      (['-kernel', 'unreadable'], ['unreadable', 'Permission denied']),
                      (['-bios', 'unreadable'], ['unreadable', 'Permission denied']),
                      (k + ['-drive', 'file=unreadable,readonly=on'], ['unreadable', 'Permission denied']),
                      (['-M', 'pc', '-kernel', 'unreadable'], ['unreadable', 'Permission denied'])):
        if start:
            more = {'program': start[0]}
            args = [*start[1:], *args]
        bad_case(count, folder, args, say, **more)
    if start:
        for args in (['-serial', 'file:new.out'], ['-D', 'new.log'], ['--savevm', 'new.snap']):
            bad_case(count, folder, [*start[1:], *k, *args], [args[1].removeprefix('file:'), 'Permission'], program=start[0])


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    count = Count()
    with tempfile.TemporaryDirectory(prefix='mynah-bad-') as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        make_files(folder)
        for cases in (kernels(), other_files(), drives(), numbers(), names(), outputs(), snapshots(folder)):
            for args, say in cases:
                bad_case(count, folder, args, say)
        unprivileged(count, folder)
        good_cases(count, folder)
    print(f'{count.done} command lines, {count.bad} end badly')
    return 1 if count.bad else 0


if __name__ == '__main__':
    sys.exit(main())
