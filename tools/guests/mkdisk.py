#!/usr/bin/env python3
"""mkdisk.py --grub DIR --tree DIR --out FILE [--size MIB] - a PC's disk that starts by GRUB.

The boot sector and the core image come from --grub (tools/guests/fetch.sh grub-amd64); the one partition is an ext2
made from --tree, where GRUB looks for /boot/grub/grub.cfg.
"""
import argparse
import pathlib
import struct
import subprocess

SECTOR = 512
START = 2048            # of the partition, in sectors: the core image is between it and the boot sector


def boot_sector(code, sectors):
    """GRUB's code with a partition table: one entry, bootable, type 0x83, by sector numbers alone."""
    entry = struct.pack('<B3sB3sII', 0x80, b'\xfe\xff\xff', 0x83, b'\xfe\xff\xff', START, sectors)
    return code[:440] + bytes(6) + entry + bytes(48) + b'\x55\xaa'


def main():
    p = argparse.ArgumentParser(description=__doc__)
    for name in ('grub', 'tree', 'out'):
        p.add_argument('--' + name, type=pathlib.Path, required=True)
    p.add_argument('--size', type=int, default=64, help='of the disk, in MiB')
    o = p.parse_args()
    core = (o.grub / 'core.img').read_bytes()
    if len(core) > (START - 1) * SECTOR:
        raise SystemExit(f'{o.grub}/core.img: {len(core)} bytes do not fit before the partition')
    with open(o.out, 'wb') as disk:
        disk.truncate(o.size << 20)
    offset = START * SECTOR
    subprocess.run(['mke2fs', '-q', '-F', '-t', 'ext2', '-E', f'offset={offset}', '-d', o.tree, o.out,
                    f'{((o.size << 20) - offset) >> 10}k'], check=True)
    with open(o.out, 'r+b') as disk:
        disk.write(boot_sector((o.grub / 'boot.img').read_bytes(), (o.size << 11) - START) + core)


main()
