#!/usr/bin/env python3
"""mkinitrd.py - make a small initramfs for a guest: busybox, an /init, some modules.

    mkinitrd.py --busybox FILE --init FILE --out FILE [--modules DIR NAME...]

The archive (cpio "newc", gzip) is written entry by entry, so that device nodes need no root and
the same inputs give the same bytes. Modules are taken from DIR (the kernel/ folder of an unpacked
kernel package) with what they depend on; /modules/order lists them in loading order. Nothing is
done when OUT is newer than all inputs.
Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
"""
import argparse
import gzip
import os
import pathlib
import stat
import sys

FOLDERS = ('bin', 'dev', 'etc', 'mnt', 'modules', 'proc', 'root', 'run', 'sys', 'tmp')


class Cpio:
    """A newc archive in memory."""

    def __init__(self):
        self.out = bytearray()
        self.inode = 0

    def add(self, name, mode, data=b'', device=(0, 0)):
        self.inode += 1
        name = name.encode() + b'\0'
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        self.out += b'070701' + b''.join(b'%08X' % f for f in fields) + name
        self.pad()
        self.out += data
        self.pad()

    def pad(self):
        self.out += bytes(-len(self.out) % 4)

    def finish(self):
        self.add('TRAILER!!!', 0)
        return bytes(self.out)


def module_info(path):
    """The key=value pairs of a module's .modinfo section, found without an ELF reader: the
    section is a run of NUL-ended strings, and these keys occur nowhere else in that form."""
    info = {}
    for text in path.read_bytes().split(b'\0'):
        key, equals, value = text.partition(b'=')
        if equals and key in (b'depends', b'name', b'softdep'):
            info[key.decode()] = value.decode()
    return info


def module_order(folder, wanted):
    """Paths of the wanted modules and all they depend on, dependencies first."""
    files = {p.stem.replace('-', '_'): p for p in sorted(folder.rglob('*.ko'))}
    order = []

    def visit(name, needed_by):
        name = name.replace('-', '_')
        if name not in files:
            sys.exit(f'mkinitrd: the kernel has no module {name} (wanted by {needed_by})')
        if files[name] in order:
            return
        for dep in filter(None, module_info(files[name]).get('depends', '').split(',')):
            visit(dep, name)
        order.append(files[name])

    for name in wanted:
        visit(name, 'the command line')
    return order


def build(o):
    archive = Cpio()
    for folder in FOLDERS:
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add('dev/null', stat.S_IFCHR | 0o666, device=(1, 3))
    archive.add('bin/busybox', stat.S_IFREG | 0o755, o.busybox.read_bytes())
    archive.add('bin/sh', stat.S_IFLNK | 0o777, b'busybox')
    archive.add('init', stat.S_IFREG | 0o755, o.init.read_bytes())
    if o.modules:
        order = module_order(pathlib.Path(o.modules[0]), o.modules[1:])
        for path in order:
            archive.add(f'modules/{path.name}', stat.S_IFREG | 0o644, path.read_bytes())
        text = ''.join(f'{path.name}\n' for path in order)
        archive.add('modules/order', stat.S_IFREG | 0o644, text.encode())
    return archive.finish()


def is_current(o):
    inputs = [o.busybox, o.init, pathlib.Path(__file__)]
    if o.modules:
        inputs.append(pathlib.Path(o.modules[0]))
    try:
        return o.out.stat().st_mtime > max(p.stat().st_mtime for p in inputs)
    except FileNotFoundError:
        return False


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--busybox', type=pathlib.Path, required=True)
    p.add_argument('--init', type=pathlib.Path, required=True)
    p.add_argument('--out', type=pathlib.Path, required=True)
    p.add_argument('--modules', nargs='+', metavar='DIR NAME')
    o = p.parse_args()
    if is_current(o):
        return
    o.out.parent.mkdir(parents=True, exist_ok=True)
    temp = o.out.with_name(f'{o.out.name}.{os.getpid()}')
    temp.write_bytes(gzip.compress(build(o), 9, mtime=0))
    temp.rename(o.out)      # two of these at once write the same bytes


if __name__ == '__main__':
    main()
